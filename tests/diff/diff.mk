# SPDX-License-Identifier: MIT
# The differential test over real drivers; its pairs are set up by tests/diff/diff.py.
check_PROGRAMS += tests/diff/odbcdiff
tests_diff_odbcdiff_SOURCES = tests/diff/arm.c tests/diff/cover.c tests/diff/diff.h tests/diff/log.c \
	tests/diff/main.c tests/diff/op_attr.c tests/diff/op_bind.c tests/diff/op_desc.c \
	tests/diff/op_meta.c tests/diff/op_rows.c tests/diff/op_run.c tests/diff/ops.c tests/diff/ops.h \
	tests/diff/ops.tbl.h tests/diff/script.c tests/diff/script.h tests/diff/texts.c \
	tests/diff/texts.tbl.h tests/diff/valid.tbl.h
tests_diff_odbcdiff_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS) -Wno-conversion
tests_diff_odbcdiff_LDADD = -ldl
EXTRA_DIST += tests/diff/diff.py

# Fresh seeds for SOAK_SECONDS over every pair and mode.
SOAK_SECONDS = 600
soak: all tests/diff/odbcdiff
	@OG_SRCDIR='$(abs_top_srcdir)' OG_BUILDDIR='$(abs_top_builddir)' /usr/bin/python3 \
		$(srcdir)/tests/diff/diff.py --fresh --seconds $(SOAK_SECONDS)
.PHONY: soak

# SPDX-License-Identifier: MIT
# What the guard costs: make bench (long), make bench-quick (minutes).
check_PROGRAMS += tests/bench/odbcbench
tests_bench_odbcbench_SOURCES = tests/bench/bench.h tests/bench/main.c tests/bench/tasks.c
tests_bench_odbcbench_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS) -Wno-conversion
tests_bench_odbcbench_LDADD = -lodbc
EXTRA_DIST += tests/bench/bench.py

bench: all tests/bench/odbcbench
	@OG_SRCDIR='$(abs_top_srcdir)' OG_BUILDDIR='$(abs_top_builddir)' /usr/bin/python3 \
		$(srcdir)/tests/bench/bench.py
bench-quick: all tests/bench/odbcbench
	@OG_SRCDIR='$(abs_top_srcdir)' OG_BUILDDIR='$(abs_top_builddir)' /usr/bin/python3 \
		$(srcdir)/tests/bench/bench.py --quick
.PHONY: bench bench-quick

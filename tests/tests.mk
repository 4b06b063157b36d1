# SPDX-License-Identifier: MIT
# Unit tests print TAP through tests/tap.h; automake's driver reads it.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
PY_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)
PY_LOG_COMPILER = python3
AM_TESTS_ENVIRONMENT = OG_SRCDIR='$(abs_top_srcdir)' OG_BUILDDIR='$(abs_top_builddir)'; \
	export OG_SRCDIR OG_BUILDDIR;
EXTRA_DIST += tests/tap.h
OG_UNIT_LIBS = $(OG_COMMON_LIBS) $(SQLITE_LIBS)

# One line per unit test: its name here, its source tests/unit/NAME.c below.
OG_UNIT_TESTS = \
	tests/unit/test_arena
check_PROGRAMS += $(OG_UNIT_TESTS)
TESTS += $(OG_UNIT_TESTS)

tests_unit_test_arena_SOURCES = tests/unit/test_arena.c
tests_unit_test_arena_LDADD = $(OG_UNIT_LIBS)

# SPDX-License-Identifier: MIT
# Unit tests print TAP through tests/tap.h; automake's driver reads it.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
PY_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)
PY_LOG_COMPILER = python3
AM_TESTS_ENVIRONMENT = OG_SRCDIR='$(abs_top_srcdir)' OG_BUILDDIR='$(abs_top_builddir)'; \
	export OG_SRCDIR OG_BUILDDIR;
EXTRA_DIST += tests/tap.h tests/sqlite
OG_UNIT_LIBS = $(OG_COMMON_LIBS) $(SQLITE_LIBS)

# One line per unit test: its name here, its source tests/unit/NAME.c below.
OG_UNIT_TESTS = \
	tests/unit/test_pg_analyse \
	tests/unit/test_sqlite_analyse \
	tests/unit/test_sqlite_differential \
	tests/unit/test_policy_parse \
	tests/unit/test_arena \
	tests/unit/test_cconv \
	tests/unit/test_client \
	tests/unit/test_decide \
	tests/unit/test_detect \
	tests/unit/test_ff1 \
	tests/unit/test_reply \
	tests/unit/test_config \
	tests/unit/test_peer \
	tests/unit/test_ledger \
	tests/unit/test_lookup \
	tests/unit/test_measured \
	tests/unit/test_mask \
	tests/unit/test_record \
	tests/unit/test_sql_escape \
	tests/unit/test_sql_lex \
	tests/unit/test_time_window \
	tests/unit/test_worker_sandbox
check_PROGRAMS += $(OG_UNIT_TESTS)
TESTS += $(OG_UNIT_TESTS)

# What a driver says of itself; tests/live/test_capabilities.py runs it on both sides.
check_PROGRAMS += tests/odbc/capabilities
tests_odbc_capabilities_SOURCES = tests/odbc/capabilities.c
tests_odbc_capabilities_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS)
tests_odbc_capabilities_LDADD = $(ODBC_LIBS) -ldl

# The setup library through odbcinst, as tools load it.
check_PROGRAMS += tests/odbc/test_setup
TESTS += tests/odbc/test_setup
tests_odbc_test_setup_SOURCES = tests/odbc/test_setup.c driver/key.tbl.h
tests_odbc_test_setup_LDADD = -lodbcinst

tests_unit_test_worker_sandbox_SOURCES = tests/unit/test_worker_sandbox.c driver/worker_sandbox.c
tests_unit_test_worker_sandbox_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS)
tests_unit_test_worker_sandbox_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_time_window_SOURCES = tests/unit/test_time_window.c
tests_unit_test_time_window_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_arena_SOURCES = tests/unit/test_arena.c
tests_unit_test_arena_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_measured_SOURCES = tests/unit/test_measured.c
tests_unit_test_measured_LDADD = $(OG_UNIT_LIBS)
tests_unit_test_lookup_SOURCES = tests/unit/test_lookup.c tests/unit/pg_fake_catalog.h
tests_unit_test_lookup_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_ledger_SOURCES = tests/unit/test_ledger.c $(OG_LEDGER_FILES) $(OG_VERIFY_FILES)
tests_unit_test_ledger_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_record_SOURCES = tests/unit/test_record.c fusefs/json.c fusefs/record.c
tests_unit_test_record_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_config_SOURCES = tests/unit/test_config.c $(OG_CONFIG_FILES)
tests_unit_test_config_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_peer_SOURCES = tests/unit/test_peer.c $(OG_CONFIG_FILES)
tests_unit_test_peer_LDADD = $(OG_UNIT_LIBS)

# The recipe of docs/ledger.md, on a ledger that test_ledger makes.
TESTS += tests/unit/test_ledger_shell.sh
EXTRA_DIST += tests/unit/test_ledger_shell.sh
tests/unit/test_ledger_shell.log: tests/unit/test_ledger$(EXEEXT)

tests_unit_test_ff1_SOURCES = tests/unit/test_ff1.c
tests_unit_test_ff1_LDADD = $(OG_UNIT_LIBS)
tests_unit_test_detect_SOURCES = tests/unit/test_detect.c
tests_unit_test_detect_LDADD = $(OG_UNIT_LIBS)

# Detectors: measured on texts that they were not tuned on, and timed.
check_PROGRAMS += tests/detect/measure
tests_detect_measure_SOURCES = tests/detect/measure.c
tests_detect_measure_LDADD = $(OG_UNIT_LIBS)
TESTS += tests/detect/test_apart.sh
EXTRA_DIST += tests/detect/apart.py tests/detect/test_apart.sh tests/detect/tune.py
tests/detect/test_apart.log: tests/detect/measure$(EXEEXT)
noinst_PROGRAMS += tests/bench/bench_detect
tests_bench_bench_detect_SOURCES = tests/bench/bench_detect.c
tests_bench_bench_detect_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_mask_SOURCES = tests/unit/test_mask.c
tests_unit_test_mask_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_sql_escape_SOURCES = tests/unit/test_sql_escape.c
tests_unit_test_sql_escape_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_sql_lex_SOURCES = tests/unit/test_sql_lex.c
tests_unit_test_sql_lex_LDADD = $(OG_UNIT_LIBS)

include tests/bench/bench.mk
include tests/diff/diff.mk

# Fuzz targets over their corpora, without a fuzzer: one line per target.
OG_FUZZ_REPLAYS = \
	tests/fuzz/replay_pg \
	tests/fuzz/replay_proto \
	tests/fuzz/replay_request_file \
	tests/fuzz/replay_token \
	tests/fuzz/replay_conf_string \
	tests/fuzz/replay_sqlite \
	tests/fuzz/replay_policy \
	tests/fuzz/replay_sql_lex
check_PROGRAMS += $(OG_FUZZ_REPLAYS)
TESTS += $(OG_FUZZ_REPLAYS)
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/dict

tests_fuzz_replay_sql_lex_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_sql_lex.c
tests_fuzz_replay_sql_lex_CPPFLAGS = $(AM_CPPFLAGS) -DOG_CORPUS='"sql_lex"'
tests_fuzz_replay_sql_lex_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_policy_parse_SOURCES = tests/unit/test_policy_parse.c
tests_unit_test_policy_parse_LDADD = $(OG_UNIT_LIBS)

tests_fuzz_replay_policy_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_policy.c
tests_fuzz_replay_policy_CPPFLAGS = $(AM_CPPFLAGS) -DOG_CORPUS='"policy"'
tests_fuzz_replay_policy_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_pg_analyse_SOURCES = tests/unit/test_pg_analyse.c tests/unit/pg_fake_catalog.h \
	tests/unit/pg_statements.tbl.h
tests_unit_test_pg_analyse_LDADD = $(OG_UNIT_LIBS)
tests_fuzz_replay_pg_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_pg.c tests/unit/pg_fake_catalog.h
tests_fuzz_replay_pg_CPPFLAGS = $(AM_CPPFLAGS) -DOG_CORPUS='"pg"'
tests_fuzz_replay_pg_LDADD = $(OG_UNIT_LIBS)

tests_fuzz_replay_proto_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_proto.c
tests_fuzz_replay_proto_CPPFLAGS = $(AM_CPPFLAGS) -DOG_CORPUS='"proto"'
tests_fuzz_replay_proto_LDADD = $(OG_UNIT_LIBS)

tests_fuzz_replay_request_file_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_request_file.c \
	fusefs/request_file.c fusefs/request_file_read.c
tests_fuzz_replay_request_file_CPPFLAGS = $(AM_CPPFLAGS) -DOG_CORPUS='"request_file"'
tests_fuzz_replay_request_file_LDADD = $(OG_UNIT_LIBS)

tests_fuzz_replay_token_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_token.c \
	fusefs/token.c fusefs/token_seen.c
tests_fuzz_replay_token_CPPFLAGS = $(AM_CPPFLAGS) $(JOSE_CFLAGS) -DOG_CORPUS='"token"'
tests_fuzz_replay_token_LDADD = $(OG_UNIT_LIBS) $(JOSE_LIBS) -lyder -lorcania -ljansson

tests_fuzz_replay_conf_string_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_conf_string.c \
	driver/conf_string.c
tests_fuzz_replay_conf_string_CPPFLAGS = $(AM_CPPFLAGS) -DOG_CORPUS='"conf_string"'
tests_fuzz_replay_conf_string_LDADD = $(OG_UNIT_LIBS)

OG_SQLITE_STATEMENTS = tests/unit/sqlite_statements.h tests/unit/sqlite_statements.tbl.h
tests_unit_test_sqlite_analyse_SOURCES = tests/unit/test_sqlite_analyse.c $(OG_SQLITE_STATEMENTS)
tests_unit_test_sqlite_analyse_LDADD = $(OG_UNIT_LIBS)
tests_unit_test_sqlite_differential_SOURCES = tests/unit/test_sqlite_differential.c \
	$(OG_SQLITE_STATEMENTS)
tests_unit_test_sqlite_differential_LDADD = $(OG_UNIT_LIBS)
tests_fuzz_replay_sqlite_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_sqlite.c \
	$(OG_SQLITE_STATEMENTS)
tests_fuzz_replay_sqlite_CPPFLAGS = $(AM_CPPFLAGS) -DOG_CORPUS='"sqlite"'
tests_fuzz_replay_sqlite_LDADD = $(OG_UNIT_LIBS)

# Random statements on databases that differ in masked values only; tests/truth/sqlite_truth N SEED
# runs as many as one likes.
check_PROGRAMS += tests/truth/sqlite_truth
TESTS += tests/truth/sqlite_truth
tests_truth_sqlite_truth_SOURCES = tests/truth/sqlite_truth.c tests/truth/sqlite_grammar.c \
	tests/truth/sqlite_grammar.h
tests_truth_sqlite_truth_LDADD = $(OG_UNIT_LIBS)

# The second placement: entry points over a worker process instead of the layer itself.
check_PROGRAMS += tests/placement/test_placement
TESTS += tests/placement/test_placement
tests_placement_test_placement_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS)
tests_placement_test_placement_LDADD = $(OG_UNIT_LIBS) -lodbcinst -ldl -lpthread
tests_placement_test_placement_SOURCES = \
	driver/call_log.c \
	driver/conf.c \
	driver/conf_string.c \
	driver/conf_target.c driver/conf_token.c \
	driver/diag.c \
	driver/entry_alloc.c \
	driver/entry_attr.c \
	driver/entry_connect.c \
	driver/entry_diag.c \
	driver/entry_env.c \
	driver/entry_forward.c \
	driver/entry_info.c \
	driver/handle.c \
	driver/target.c \
	driver/wide.c \
	tests/placement/remote.c \
	tests/placement/remote.h \
	tests/placement/remote_worker.c \
	tests/placement/test_placement.c

tests_unit_test_decide_SOURCES = tests/unit/test_decide.c
tests_unit_test_decide_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_reply_SOURCES = tests/unit/test_reply.c
tests_unit_test_reply_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_cconv_SOURCES = tests/unit/test_cconv.c driver/cconv.c driver/cconv_num.c \
	driver/cconv_text.c driver/cconv_time.c driver/diag.c driver/wide.c
tests_unit_test_cconv_LDADD = $(OG_UNIT_LIBS)

tests_unit_test_client_SOURCES = tests/unit/test_client.c driver/client.c driver/client_policy.c \
	driver/client_session.c driver/client_wire.c
tests_unit_test_client_LDADD = $(OG_UNIT_LIBS) -lpthread

# Run by test_pg_catalog.sh over a cluster of its own.
check_PROGRAMS += tests/live/test_pg_catalog
tests_live_test_pg_catalog_SOURCES = tests/live/test_pg_catalog.c driver/pg_catalog.c \
	driver/pg_catalog_query.c driver/pg_catalog_read.c driver/diag.c driver/wide.c
tests_live_test_pg_catalog_LDADD = $(OG_UNIT_LIBS) -ldl

# One a line.
EXTRA_DIST += \
	tests/bypass/honest.txt \
	tests/bypass/pg_race.py \
	tests/bypass/pg_session.py \
	tests/bypass/pg_session.txt \
	tests/bypass/run.py \
	tests/bypass/statements.txt \
	tests/corpus \
	tests/bindings.sh \
	tests/faces.sh \
	tests/features \
	tests/lint.sh \
	tests/live/mariadb.py \
	tests/live/rig.py \
	tests/live/asked.py \
	tests/live/test_advice.py \
	tests/live/test_again.py \
	tests/live/test_amend.py \
	tests/live/test_broker.py \
	tests/live/test_call_log.py \
	tests/live/test_capabilities.py \
	tests/live/test_described.py \
	tests/live/test_detect.py \
	tests/live/test_editors.py \
	tests/live/test_failures.py \
	tests/live/test_files.py \
	tests/live/test_handles.py \
	tests/live/test_identity.py \
	tests/live/test_keyed.py \
	tests/live/test_kill.py \
	tests/live/link_fuzz.py tests/live/test_limits.py tests/live/test_link.py \
	tests/live/test_main_job.py \
	tests/live/test_measured.py \
	tests/live/test_named.py \
	tests/live/test_observe.py \
	tests/live/test_pg_catalog.sh \
	tests/live/test_reel.py \
	tests/live/test_rehearse.py \
	tests/live/test_rehearse_quiet.py \
	tests/live/test_report.py \
	tests/live/test_sample.py \
	tests/live/test_service.py \
	tests/live/test_shell.py \
	tests/live/test_rows.py \
	tests/live/test_unmask.py \
	tests/live/test_undo.py tests/live/test_undo_bad.py tests/live/test_undo_files.py tests/live/test_undo_partly.py \
	tests/live/undo_schema.py \
	tests/odbc/capability_exceptions.txt \
	tests/odbc_raw.py \
	tests/transparency.py
EXTRA_DIST += tools/fuzz

# Reads by every way of fetching and stands still, so that its memory can be searched.
check_PROGRAMS += tests/live/broker_reader
tests_live_broker_reader_SOURCES = tests/live/broker_reader.c
tests_live_broker_reader_LDADD = -lodbc

# Run by test_doors.py.
check_PROGRAMS += tests/live/doors
tests_live_doors_SOURCES = tests/live/doors.c tests/live/doors.h tests/live/doors_bad.c tests/live/doors_desc.c \
	tests/live/doors_fetch.c tests/live/doors_getdata.c tests/live/doors_scroll.c
tests_live_doors_LDADD = -lodbc
check_PROGRAMS += tests/live/threads
tests_live_threads_SOURCES = tests/live/threads.c
tests_live_threads_LDADD = -lpthread
EXTRA_DIST += tests/ocsf/make_table.py tests/ocsf/run.py tests/ocsf/schema.tbl
EXTRA_DIST += tests/live/test_doors.py tests/live/test_driver_edges.py tests/live/test_positioned.py \
	tests/live/test_ways_in.py
EXTRA_DIST += tests/apps/data.py tests/apps/erlang_odbc.escript tests/apps/features \
	tests/apps/isql.sh tests/apps/iusql.sh tests/apps/libreoffice.py tests/apps/libreoffice_window.py \
	tests/apps/lua_odbc.lua \
	tests/apps/mcp.mjs tests/apps/mcp_server.mjs tests/apps/node_odbc.mjs tests/apps/ogr.sh \
	tests/apps/pandas_client.py tests/apps/perl_dbd.pl tests/apps/php_odbc.php \
	tests/apps/php_pdo.php tests/apps/pyodbc_client.py tests/apps/qt.py tests/apps/qt5.py \
	tests/apps/qt6.py tests/apps/rodbc.R tests/apps/ruby_odbc.rb tests/apps/run.py \
	tests/apps/sqlalchemy_client.py tests/apps/swipl_odbc.pro tests/apps/tdbc.tcl

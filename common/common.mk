# SPDX-License-Identifier: MIT
# libogcommon: SQL analysis, policy, verdict, masks, ledger format. No ODBC, no FUSE, no sockets.
noinst_LIBRARIES += common/libogcommon.a
OG_COMMON_LIBS = common/libogcommon.a $(PG_QUERY_LIBS) $(YAML_LIBS) $(CRYPTO_LIBS)

common_libogcommon_a_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS) $(CRYPTO_CFLAGS) $(PG_QUERY_CFLAGS)
common_libogcommon_a_SOURCES = \
	common/arena.c \
	common/arena.h \
	common/base.h \
	common/buf.c \
	common/buf.h \
	common/catalog.h \
	common/effect.tbl.h \
	common/err.c \
	common/err.h \
	common/err.tbl.h \
	common/facts.c \
	common/facts.h \
	common/hash.c \
	common/hash.h \
	common/id.c \
	common/id.h \
	common/limits.h \
	common/mask.c \
	common/mask.h \
	common/mask.tbl.h \
	common/msg.tbl.h \
	common/policy.c \
	common/policy.h \
	common/policy_parse.c \
	common/policy_parse.h \
	common/policy_parse_data.c \
	common/policy_parse_rule.c \
	common/policy_parse_test.c \
	common/policy_parse_value.c \
	common/policy_parts.h \
	common/policy_test.c \
	common/policy_test.h \
	common/principal.c \
	common/principal.h \
	common/proto.c \
	common/proto.h \
	common/sql_escape.c \
	common/sql_escape.h \
	common/sql_escape.tbl.h \
	common/sql_lex.c \
	common/sql_lex.h \
	common/sql_lex_parts.h \
	common/sql_lex_pg.c \
	common/sql_lex_sqlite.c \
	common/sql_lex_text.c \
	common/sqlite_analyse.c \
	common/sqlite_analyse.h \
	common/sqlite_api.c \
	common/sqlite_api.tbl.h \
	common/sqlite_check.c \
	common/sqlite_corpus.tbl.h \
	common/sqlite_cursor.c \
	common/sqlite_facts.c \
	common/sqlite_function.tbl.h \
	common/sqlite_live.c \
	common/sqlite_names.c \
	common/sqlite_opcode.tbl.h \
	common/sqlite_own.c \
	common/sqlite_parts.h \
	common/sqlite_plan.c \
	common/sqlite_record.c \
	common/sqlite_shadow.c \
	common/sqlite_step.c \
	common/sqlite_text.c \
	common/sqlite_value.c \
	common/use.tbl.h \
	common/utf.c \
	common/utf.h \
	common/yaml_tree.c \
	common/yaml_tree.h

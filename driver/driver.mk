# SPDX-License-Identifier: MIT
# The driver: one core library and thin, separately linked faces over it.
#   libodbcguardcore.so.0   everything; its own SONAME, never unloaded
#   libodbcguard.so          plain + W forms, no ODBC 2 (for psqlODBC and drivers of its shape)
#   libodbcguard-ansi.so     plain forms alone (for psqlODBC's ANSI driver)
#   libodbcguard-odbc2.so    plain + ODBC 2 functions, no W (for SQLite ODBC and drivers of its shape)
#   libodbcguard-mariadb.so  plain + W + ODBC 2 (for MariaDB ODBC)
#   libodbcguard-tds.so      plain + W + ODBC 2, other gaps (for FreeTDS)
#   odbcguard-worker         the process of one session, where guardfs holds the credentials
#   libodbcguardS.so         setup library: lists our keywords to odbcinst and GUI tools
# Shared objects are linked as programs: there is no version of them to be linked against, so
# libtool has nothing to add (docs/decisions/0001-build.md).
odbcdriver_PROGRAMS += driver/libodbcguardcore.so.0 driver/libodbcguard.so \
	driver/libodbcguard-ansi.so driver/libodbcguard-odbc2.so driver/libodbcguard-mariadb.so \
	driver/libodbcguard-tds.so driver/libodbcguardS.so

OG_LINK_SHARED = $(AM_LDFLAGS) -shared -Wl,-Bsymbolic -Wl,-z,nodelete $(OG_LINK_WHOLE)
if OG_ASAN
OG_LINK_WHOLE =
else
OG_LINK_WHOLE = -Wl,-z,defs
endif

driver_libodbcguardcore_so_0_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS) $(CRYPTO_CFLAGS) $(SQLITE_CFLAGS)
driver_libodbcguardcore_so_0_LDFLAGS = $(OG_LINK_SHARED) -Wl,-soname,libodbcguardcore.so.0 \
	-Wl,--exclude-libs,ALL
driver_libodbcguardcore_so_0_LDADD = common/libogcommon.a $(PG_QUERY_LIBS) $(YAML_LIBS) \
	$(CRYPTO_LIBS) $(PCRE2_LIBS) -lodbcinst -ldl -lpthread -lm
driver_libodbcguardcore_so_0_SOURCES = \
	driver/call_log.c \
	driver/call_log.h \
	driver/calls.h \
	driver/cconv.c \
	driver/cconv.h \
	driver/cconv_num.c \
	driver/cconv_parts.h \
	driver/cconv_text.c \
	driver/cconv_time.c \
	driver/client.c \
	driver/client.h \
	driver/client_parts.h \
	driver/client_policy.c \
	driver/client_session.c \
	driver/client_undo.c \
	driver/client_wire.c \
	driver/conf.c \
	driver/conf.h \
	driver/conf_string.c \
	driver/conf_string.h \
	driver/conf_target.c \
	driver/conf_target.h \
	driver/conf_token.c \
	driver/conf_token.h \
	driver/ctype.tbl.h \
	driver/diag.c \
	driver/diag.h \
	driver/entry.h \
	driver/entry.tbl.h \
	driver/entry_alloc.c \
	driver/entry_attr.c \
	driver/entry_connect.c \
	driver/entry_diag.c \
	driver/entry_env.c \
	driver/entry_forward.c \
	driver/entry_info.c \
	driver/face_env.tbl.h \
	driver/fault.c \
	driver/fault.h \
	driver/fault.tbl.h \
	driver/guard.c \
	driver/guard.h \
	driver/guard_attr.c \
	driver/guard_bind.c \
	driver/guard_block.c \
	driver/guard_block_plain.c \
	driver/guard_clock.c \
	driver/guard_clock.h \
	driver/guard_connect.c \
	driver/guard_count.c \
	driver/guard_desc.c \
	driver/guard_diag.c \
	driver/guard_fetch.c \
	driver/guard_gate.c \
	driver/guard_issued.c \
	driver/guard_issued.h \
	driver/guard_opaque.c \
	driver/guard_opaque.h \
	driver/guard_param.c \
	driver/guard_positioned.c \
	driver/guard_positioned.h \
	driver/cvalue.c \
	driver/cvalue.h \
	driver/guard_getdata.c \
	driver/guard_lists.c \
	driver/guard_measure.c \
	driver/guard_measure.h \
	driver/guard_meta.c \
	driver/guard_record.c \
	driver/guard_amend.c \
	driver/guard_amend.h \
	driver/guard_rehearse.c \
	driver/guard_rehearse.h \
	driver/guard_share.c \
	driver/guard_required.c \
	driver/guard_rows.c \
	driver/guard_rows.h \
	driver/guard_rowset.c \
	driver/guard_run.c \
	driver/guard_sample.c \
	driver/guard_session.c \
	driver/guard_setpos.c \
	driver/guard_sizes.c \
	driver/guard_sizes.h \
	driver/guard_shadow.c \
	driver/guard_text.c \
	driver/guard_undo.c \
	driver/guard_undo.h \
	driver/guard_undo_apply.c \
	driver/guard_undo_open.c \
	driver/guard_undo_past.c \
	driver/guard_undo_past.h \
	driver/guard_undo_pg.c \
	driver/guard_undo_pg.h \
	driver/guard_undo_pg_apply.c \
	driver/guard_undo_pg_parts.h \
	driver/guard_undo_pg_query.c \
	driver/guard_undo_pg_rows.c \
	driver/guard_undo_pg_sample.c \
	driver/guard_unmask.c \
	driver/guard_value.c \
	driver/guard_verdict.c \
	driver/handle.c \
	driver/handle.h \
	driver/key.tbl.h \
	driver/layer.c \
	driver/list.tbl.h \
	driver/odbc.h \
	driver/link.c \
	driver/link.h \
	driver/link.tbl.h \
	driver/params.c \
	driver/params.h \
	driver/pg_catalog.c \
	driver/pg_catalog.h \
	driver/pg_catalog_parts.h \
	driver/pg_catalog_query.c \
	driver/pg_catalog_read.c \
	driver/pg_catalog_sql.tbl.h \
	driver/remote.c \
	driver/remote_attr.c \
	driver/remote_calls.c \
	driver/remote_open.c \
	driver/remote_open.h \
	driver/remote_params.c \
	driver/remote_parts.h \
	driver/remote_rows.c \
	driver/sqlite_target.c \
	driver/sqlite_target.h \
	driver/target.c \
	driver/target.h \
	driver/target_attr.tbl.h \
	driver/target_key.tbl.h \
	driver/wide.c \
	driver/wide.h \
	driver/worker.c \
	driver/worker.h \
	driver/worker_attr.c \
	driver/worker_calls.c \
	driver/worker_params.c \
	driver/worker_parts.h \
	driver/worker_rows.c \
	driver/worker_sandbox.c \
	driver/worker_task.c

# One process per session of the broker placement; the guard that it runs is the core library's.
pkglibexec_PROGRAMS += driver/odbcguard-worker
driver_odbcguard_worker_SOURCES = driver/worker_main.c
driver_odbcguard_worker_LDFLAGS = $(AM_LDFLAGS) -Wl,-rpath,'$$ORIGIN' -Wl,-rpath,'$(odbcdriverdir)' \
	-Wl,--enable-new-dtags
driver_odbcguard_worker_LDADD = driver/libodbcguardcore.so.0
driver_odbcguard_worker_DEPENDENCIES = driver/libodbcguardcore.so.0

OG_LINK_FACE = $(OG_LINK_SHARED) -Wl,-rpath,'$$ORIGIN' -Wl,--enable-new-dtags

driver_libodbcguard_so_SOURCES = driver/face.h driver/face_w.c
driver_libodbcguard_so_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS)
driver_libodbcguard_so_LDFLAGS = $(OG_LINK_FACE)
driver_libodbcguard_so_LDADD = driver/libodbcguardcore.so.0
driver_libodbcguard_so_DEPENDENCIES = driver/libodbcguardcore.so.0

driver_libodbcguard_odbc2_so_SOURCES = driver/face.h driver/face_odbc2.c
driver_libodbcguard_odbc2_so_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS)
driver_libodbcguard_odbc2_so_LDFLAGS = $(OG_LINK_FACE)
driver_libodbcguard_odbc2_so_LDADD = driver/libodbcguardcore.so.0
driver_libodbcguard_odbc2_so_DEPENDENCIES = driver/libodbcguardcore.so.0

driver_libodbcguard_ansi_so_SOURCES = driver/face.h driver/face_ansi.c
driver_libodbcguard_ansi_so_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS)
driver_libodbcguard_ansi_so_LDFLAGS = $(OG_LINK_FACE)
driver_libodbcguard_ansi_so_LDADD = driver/libodbcguardcore.so.0
driver_libodbcguard_ansi_so_DEPENDENCIES = driver/libodbcguardcore.so.0

driver_libodbcguard_mariadb_so_SOURCES = driver/face.h driver/face_mariadb.c
driver_libodbcguard_mariadb_so_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS)
driver_libodbcguard_mariadb_so_LDFLAGS = $(OG_LINK_FACE)
driver_libodbcguard_mariadb_so_LDADD = driver/libodbcguardcore.so.0
driver_libodbcguard_mariadb_so_DEPENDENCIES = driver/libodbcguardcore.so.0

driver_libodbcguard_tds_so_SOURCES = driver/face.h driver/face_tds.c
driver_libodbcguard_tds_so_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS)
driver_libodbcguard_tds_so_LDFLAGS = $(OG_LINK_FACE)
driver_libodbcguard_tds_so_LDADD = driver/libodbcguardcore.so.0
driver_libodbcguard_tds_so_DEPENDENCIES = driver/libodbcguardcore.so.0

driver_libodbcguardS_so_SOURCES = driver/key.tbl.h driver/setup.c
driver_libodbcguardS_so_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS)
driver_libodbcguardS_so_LDFLAGS = $(OG_LINK_SHARED)
driver_libodbcguardS_so_LDADD = -lodbcinst

# Template of the registrations: odbcinst -i -d -f .../odbcinst.ini
nodist_pkgdata_DATA = driver/odbcinst.ini
CLEANFILES += driver/odbcinst.ini
EXTRA_DIST += driver/odbcinst.ini.in
driver/odbcinst.ini: $(srcdir)/driver/odbcinst.ini.in Makefile
	$(AM_V_GEN)$(MKDIR_P) driver && \
		sed 's|@odbcdriverdir[@]|$(odbcdriverdir)|' $(srcdir)/driver/odbcinst.ini.in >$@

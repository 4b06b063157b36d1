# SPDX-License-Identifier: MIT
# guardfs, the filesystem and trusted daemon; guardctl, the admin's tool.

# The ledger in parts: guardctl needs the checker, guardfs all of them.
OG_VERIFY_FILES = \
	fusefs/chain.c \
	fusefs/chain.h \
	fusefs/json.c \
	fusefs/json.h \
	fusefs/verify.c \
	fusefs/verify_copy.c \
	fusefs/verify_copy.h \
	fusefs/verify.h
OG_LEDGER_FILES = \
	fusefs/ledger.c \
	fusefs/ledger.h \
	fusefs/ledger_anchor.c \
	fusefs/ledger_key.c \
	fusefs/ledger_open.c \
	fusefs/ledger_parts.h \
	fusefs/record.c \
	fusefs/record.h
# Evidence from the ledger.
OG_REPORT_FILES = \
	fusefs/reel.c \
	fusefs/reel.h \
	fusefs/report.c \
	fusefs/report.h \
	fusefs/report_control.tbl.h \
	fusefs/report_parts.h \
	fusefs/report_render.c \
	fusefs/report_section.tbl.h
# Who is who.
OG_CONFIG_FILES = \
	fusefs/config.c \
	fusefs/config.h \
	fusefs/config_approvals.c \
	fusefs/config_connect.c \
	fusefs/config_issuer.c \
	fusefs/config_ledger.c \
	fusefs/config_parts.h \
	fusefs/peer.c \
	fusefs/peer.h

# The daemon itself: loop, socket, sessions, policies.
OG_GUARDFS_FILES = \
	fusefs/broker.c \
	fusefs/broker.h \
	fusefs/budget.c \
	fusefs/budget.h \
	fusefs/counter.c \
	fusefs/daemon.h \
	fusefs/guardfs.c \
	fusefs/identity.c \
	fusefs/identity.h \
	fusefs/journal.c \
	fusefs/limit.c \
	fusefs/loop.c \
	fusefs/loop.h \
	fusefs/policy_history.c \
	fusefs/policy_history.h \
	fusefs/policy_store.c \
	fusefs/policy_store.h \
	fusefs/anchor_copy.c \
	fusefs/anchor_copy.h \
	fusefs/ledger_keep.c \
	fusefs/ledger_keep.h \
	fusefs/sandbox.c \
	fusefs/sandbox.h \
	fusefs/server.c \
	fusefs/server_handle.c \
	fusefs/server_parts.h \
	fusefs/session.c \
	fusefs/service.c \
	fusefs/service.h \
	fusefs/session.h \
	fusefs/token.c \
	fusefs/token.h \
	fusefs/undo_meta.c \
	fusefs/undo_run.c \
	fusefs/undo_seal.c \
	fusefs/undo_serve.c \
	fusefs/undo_store.c \
	fusefs/undo_store.h \
	fusefs/undo_store_parts.h \
	fusefs/token_seen.c \
	fusefs/token_seen.h \
	fusefs/vault.c \
	fusefs/vault.h \
	fusefs/vault_start.c

# What the mount shows, and how people answer requests with it.
OG_TREE_FILES = \
	fusefs/approval.c \
	fusefs/approval.h \
	fusefs/approval_amend.c \
	fusefs/approval_grant.c \
	fusefs/approval_time.c \
	fusefs/approval_parts.h \
	fusefs/fs.c \
	fusefs/fs_inode.c \
	fusefs/fs_name.c \
	fusefs/fs_open.c \
	fusefs/fs_parts.h \
	fusefs/fs_rename.c \
	fusefs/fs_scratch.c \
	fusefs/fs_stream.c \
	fusefs/ledger_view.c \
	fusefs/ledger_view.h \
	fusefs/node.tbl.h \
	fusefs/policy_edit.c \
	fusefs/policy_edit.h \
	fusefs/refusal.c \
	fusefs/refusal.h \
	fusefs/report_daily.c \
	fusefs/report_daily.h \
	fusefs/request_file.c \
	fusefs/request_file.h \
	fusefs/request_file_read.c \
	fusefs/request_store.c \
	fusefs/request_store.h \
	fusefs/tree.c \
	fusefs/tree_grant.c fusefs/tree_part.c \
	fusefs/tree.h \
	fusefs/tree_list.c \
	fusefs/tree_parts.h \
	fusefs/tree_text.c \
	fusefs/tree_text_parts.c \
	fusefs/tree_write.c \
	fusefs/undo_tree.c

sbin_PROGRAMS += fusefs/guardfs
fusefs_guardfs_SOURCES = $(OG_GUARDFS_FILES) $(OG_TREE_FILES) $(OG_LEDGER_FILES) $(OG_CONFIG_FILES) \
	$(OG_REPORT_FILES) \
	fusefs/chain.c fusefs/chain.h fusefs/json.c fusefs/json.h
fusefs_guardfs_CPPFLAGS = $(AM_CPPFLAGS) -DOG_WORKER_PATH='"$(pkglibexecdir)/odbcguard-worker"'
fusefs_guardfs_CFLAGS = $(AM_CFLAGS) $(FUSE_CFLAGS) $(JANSSON_CFLAGS) $(JOSE_CFLAGS) $(YAML_CFLAGS) $(CRYPTO_CFLAGS) $(SQLITE_CFLAGS)
fusefs_guardfs_LDADD = $(OG_COMMON_LIBS) $(FUSE_LIBS) $(SQLITE_LIBS) $(JANSSON_LIBS) $(JOSE_LIBS)

bin_PROGRAMS += fusefs/guardctl
fusefs_guardctl_SOURCES = $(OG_VERIFY_FILES) $(OG_REPORT_FILES) $(OG_CONFIG_FILES) \
	fusefs/ctl.h \
	fusefs/ctl_approvals.c \
	fusefs/ctl_dsn.c \
	fusefs/ctl_dsn.h \
	fusefs/ctl_dsn_check.c \
	fusefs/ctl_engine.c \
	fusefs/ctl_engine.h \
	fusefs/ctl_explain.c \
	fusefs/ctl_explain.h \
	fusefs/ctl_explain_print.c \
	fusefs/ctl_face.c \
	fusefs/ctl_face.h \
	fusefs/ctl_edit.c \
	fusefs/ctl_files.c \
	fusefs/ctl_ini.c \
	fusefs/ctl_ini.h \
	fusefs/ctl_link.c \
	fusefs/ctl_link.h \
	fusefs/ctl_main.c \
	fusefs/ctl_out.c \
	fusefs/ctl_policies.c \
	fusefs/ctl_policies.h \
	fusefs/ctl_policy_lint.c \
	fusefs/ctl_policy_test.c \
	fusefs/ctl_replay.c \
	fusefs/ctl_policy_what_if.c \
	fusefs/ctl_suggest.c \
	fusefs/ctl_undo.c \
	fusefs/past.c \
	fusefs/past.h \
	fusefs/ctl_report.c \
	fusefs/ctl_verify.c
fusefs_guardctl_CPPFLAGS = $(AM_CPPFLAGS) -DOG_DRIVER_FOLDER='"$(odbcdriverdir)"'
fusefs_guardctl_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(ODBC_CFLAGS) $(YAML_CFLAGS) $(SQLITE_CFLAGS)
fusefs_guardctl_LDADD = $(OG_COMMON_LIBS) $(SQLITE_LIBS) $(JANSSON_LIBS) -lodbcinst -ldl

# For a service manager; without one guardfs runs from a shell the same.
EXTRA_DIST += fusefs/guardfs.service.in fusefs/guardfs.socket fusefs/odbcguard.sysusers fusefs/odbcguard.tmpfiles
CLEANFILES += fusefs/guardfs.service
fusefs/guardfs.service: $(srcdir)/fusefs/guardfs.service.in
	$(AM_V_GEN)$(MKDIR_P) fusefs && sed 's|@sbindir@|$(sbindir)|' $(srcdir)/fusefs/guardfs.service.in >$@
if OG_SYSTEMD
systemdsystemunitdir = $(OG_SYSTEMD_UNIT_DIR)
systemdsystemunit_DATA = fusefs/guardfs.service fusefs/guardfs.socket
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
install-data-hook:
	$(MKDIR_P) '$(DESTDIR)$(sysusersdir)' '$(DESTDIR)$(tmpfilesdir)'
	$(INSTALL_DATA) $(srcdir)/fusefs/odbcguard.sysusers '$(DESTDIR)$(sysusersdir)/odbcguard.conf'
	$(INSTALL_DATA) $(srcdir)/fusefs/odbcguard.tmpfiles '$(DESTDIR)$(tmpfilesdir)/odbcguard.conf'
uninstall-hook:
	rm -f '$(DESTDIR)$(sysusersdir)/odbcguard.conf' '$(DESTDIR)$(tmpfilesdir)/odbcguard.conf'
endif

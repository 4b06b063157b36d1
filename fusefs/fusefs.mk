# SPDX-License-Identifier: MIT
# guardfs, the filesystem and trusted daemon; guardctl, the admin's tool.

# The ledger in parts: guardctl needs the checker, guardfs all of them.
OG_VERIFY_FILES = \
	fusefs/chain.c \
	fusefs/chain.h \
	fusefs/json.c \
	fusefs/json.h \
	fusefs/verify.c \
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
# Who is who.
OG_CONFIG_FILES = \
	fusefs/config.c \
	fusefs/config.h \
	fusefs/peer.c \
	fusefs/peer.h

# The daemon itself: loop, socket, sessions, policies.
OG_GUARDFS_FILES = \
	fusefs/counter.c \
	fusefs/daemon.h \
	fusefs/guardfs.c \
	fusefs/journal.c \
	fusefs/loop.c \
	fusefs/loop.h \
	fusefs/policy_store.c \
	fusefs/policy_store.h \
	fusefs/sandbox.c \
	fusefs/sandbox.h \
	fusefs/server.c \
	fusefs/server_handle.c \
	fusefs/server_parts.h \
	fusefs/session.c \
	fusefs/session.h

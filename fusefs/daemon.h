/* SPDX-License-Identifier: MIT */
/* daemon.h - the parts of a running guardfs in one place; made by guardfs.c, handed to whoever needs more
 * than one of them. Is not: a place for logic. */
#ifndef OG_FUSEFS_DAEMON_H
#define OG_FUSEFS_DAEMON_H

#include "common/buf.h"
#include "fusefs/anchor_copy.h"
#include "fusefs/approval.h"
#include "fusefs/budget.h"
#include "fusefs/config.h"
#include "fusefs/ledger.h"
#include "fusefs/loop.h"
#include "fusefs/policy_store.h"
#include "fusefs/session.h"

struct og_server;
struct og_fs;
struct og_views;
struct og_tokens;
struct og_undo_store;

struct og_options {
    const char *mount, *state, *socket, *policies, *config; /* config NULL: defaults */
    bool is_foreground;
};

/* Ever-growing figures for metrics/ and status. */
struct og_counters {
    uint64_t sessions_opened, statements_allowed, statements_denied, statements_approved;
    uint64_t statements_rehearsed, emergencies;
    uint64_t requests, answers, rows, masked_cells, records, record_errors, frames_refused;
};

struct og_daemon {
    struct og_options options;
    struct og_config *config;
    struct og_loop *loop;
    struct og_ledger *ledger;
    struct og_policy_store *policies;
    struct og_approvals *approvals;
    struct og_budgets *budgets;
    struct og_undo_store *undo;
    struct og_server *server;
    struct og_fs *fs;
    struct og_tokens *tokens; /* who signs them, and the keys */
    struct og_views *views; /* of the ledger, for audit/mine and sessions */
    struct og_session *sessions; /* newest first */
    struct og_counters counters;
    struct og_anchor_copy *anchor_copy; /* NULL: anchors are in the state folder only */
    int vault_fd; /* to the process that opens targets; -1: none is needed, or it has ended */
    int64_t started_ms;
};

/* The next number of a kind (requests, sessions, statements in blocks): persisted ahead in
 * STATE/counters so that none is used twice after a crash. n: how many. Returns: 0 with the first in out;
 * -errno. (counter.c) */
OG_MUST int og_daemon_take_numbers(struct og_daemon *daemon, char kind, uint64_t n, uint64_t *out);

/* Appends an event record and flushes at the round's end. who NULL: guardfs itself. Failure is counted and
 * shows in health. Returns: 0; -errno. (journal.c) */
int og_daemon_event(struct og_daemon *daemon, const struct og_record_who *who, const char *record,
                    const char *what, const char *correlation, const char *message,
                    const struct og_record_pair *pairs, size_t n_pairs);

/* Makes what was appended durable now, for what must be in the ledger before it counts.
 * Returns: 0; -errno. */
OG_MUST int og_daemon_commit(struct og_daemon *daemon);

/* Session operations that files offer (session.c). Returns: 0; -ESRCH. */
OG_MUST int og_session_kill(struct og_daemon *daemon, const char *id, uint32_t by_uid);
OG_MUST int og_session_make_read_only(struct og_daemon *daemon, const char *id, uint32_t by_uid);
struct og_session *og_session_find(struct og_daemon *daemon, const char *id);

/* The tree's texts (tree*.c), shared by FUSE (fs.c) and the socket's FILE_GET/FILE_PUT (server.c):
 * path relative to the mount ("" the root), judged for the calling uid.
 * get: a file's whole text into out, or a folder's names one a line with is_folder. Returns: 0; -ENOENT,
 * -EACCES, -errno. put: one save of a whole file. why: a reason, "" if none; borrowed until the next call. */
OG_MUST int og_tree_get(struct og_daemon *daemon, const struct og_peer *who, const char *path,
                        struct og_buf *out, bool *is_folder);
OG_MUST int og_tree_put(struct og_daemon *daemon, const struct og_peer *who, const char *path,
                        const char *text, size_t n_bytes, const char **why);

/* fs.c: opens /dev/fuse and mounts (as root, or through fusermount3), takes over a dead mount of an
 * earlier guardfs; then serves on the loop. Returns: 0; -errno with why. */
OG_MUST int og_fs_mount(struct og_daemon *daemon, struct og_buf *why);
OG_MUST int og_fs_serve(struct og_daemon *daemon);
void og_fs_close(struct og_daemon *daemon);

/* server.c */
OG_MUST int og_server_open(struct og_daemon *daemon, struct og_buf *why);
void og_server_close(struct og_daemon *daemon);

#endif

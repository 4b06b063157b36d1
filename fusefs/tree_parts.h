/* SPDX-License-Identifier: MIT */
/* tree_parts.h - the functions that node.tbl.h names: tree_list.c lists folders, tree_text*.c make texts,
 * tree_write.c saves. */
#ifndef OG_FUSEFS_TREE_PARTS_H
#define OG_FUSEFS_TREE_PARTS_H

#include "fusefs/tree.h"

typedef void og_node_visit(void *context, const char *name);
typedef void og_node_list(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                          og_node_visit *visit, void *context);
typedef int og_node_text(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                         struct og_buf *out);

/* Who writes a node and what a save does. Each is an array of one, so that the table can name it. */
struct og_node_writer {
    /* Returns: 0; -EPERM, -EACCES with why (static). */
    int (*may)(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
               const char **why);
    /* Returns: 0; -errno with why (static, or og_tree_why's). */
    int (*save)(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                const char *text, size_t n_bytes, const char **why);
};

extern const struct og_node_writer og_writer_answer[1], og_writer_own_error[1],
    og_writer_daemon_ctl[1], og_writer_session_ctl[1], og_writer_edit[1], og_writer_edit_test[1],
    og_writer_edit_commit[1], og_writer_edit_abort[1], og_writer_undo_apply[1], og_writer_grant[1];
const struct og_node_writer *og_tree_writer(const struct og_found *found);

og_node_list list_root, list_audit, list_mine, list_approvals, list_pending, list_approved,
    list_denied, list_expired, list_own, list_drafts, list_own_drafts, list_requests, list_request,
    list_sessions, list_session, list_policies, list_active, list_edit, list_history, list_targets,
    list_target, list_reports, list_daily, list_metrics, list_undo, list_undo_set, list_grants;
og_node_text text_readme, text_version, text_status, text_health, text_error, text_nothing,
    text_current, text_request, text_answered, text_sql, text_state, text_digest, text_plan,
    text_history, text_last_error, text_grant, text_session, text_session_state, text_session_user,
    text_session_agent, text_session_dsn, text_session_cast, text_policy, text_problem, text_edit,
    text_edit_test,
    text_edit_commit, text_target_labels, text_target_sessions, text_metrics, text_undo_summary,
    text_undo_before, text_undo_sql, text_undo_conflicts, text_undo_apply;

/* An answered request stays at its pending path this long, with the bytes that were saved: editors look
 * at the path again after they saved. */
#define OG_PENDING_GRACE_MS 10000

/* Whether a request is still to be seen in pending/ (listed: while it waits; found: a grace longer). */
bool og_request_is_listed_pending(const struct og_request *request);
bool og_request_is_found_pending(const struct og_request *request);
/* Which of the answered folders holds it: "approved", "denied", "expired", or NULL while it waits. */
const char *og_request_folder(const struct og_request *request);
const char *og_tree_last_error(uint32_t uid);

bool og_tree_is_admin(struct og_daemon *daemon, uint32_t uid);
/* Remembers and records a refusal, keeps the text (if any) as a draft. Returns: r. */
int og_tree_refuse(struct og_daemon *daemon, const struct og_found *found, uint32_t uid, int r,
                   const char *reason, const char *text, size_t n_bytes, const char **why);

/* Whether answered_text is what this uid saved. */
bool og_tree_is_last_answer(const struct og_request *request, uint32_t uid);

/* tree_grant.c: the file of a grant; whether it is in force; takes it back for rm (returns -errno). */
bool og_tree_is_grant(const struct og_found *found);
bool og_request_is_granted(const struct og_request *request);
int og_tree_revoke(struct og_daemon *daemon, const struct og_found *found, uint32_t uid);

#endif

/* SPDX-License-Identifier: MIT */
/* tree_parts.h - the functions that node.tbl.h names: tree_list.c lists folders, tree_text.c makes texts. */
#ifndef OG_FUSEFS_TREE_PARTS_H
#define OG_FUSEFS_TREE_PARTS_H

#include "fusefs/tree.h"

typedef void og_node_visit(void *context, const char *name);
typedef void og_node_list(struct og_daemon *daemon, const struct og_found *found,
                          og_node_visit *visit, void *context);
typedef int og_node_text(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                         struct og_buf *out);

og_node_list list_root, list_audit, list_approvals, list_pending, list_approved, list_denied,
    list_expired, list_requests, list_request, list_sessions, list_session, list_policies,
    list_active, list_metrics;
og_node_text text_readme, text_status, text_health, text_error, text_current, text_request,
    text_answered, text_sql, text_state, text_digest, text_last_error, text_session,
    text_session_state, text_policy, text_problem, text_metrics;

/* An answered request stays at its pending path this long, with the bytes that were saved: editors look
 * at the path again after they saved. */
#define OG_PENDING_GRACE_MS 10000

/* Whether a request is still to be seen in pending/ (listed: while it waits; found: a grace longer). */
bool og_request_is_listed_pending(const struct og_request *request);
bool og_request_is_found_pending(const struct og_request *request);
/* Which of the answered folders holds it: "approved", "denied", "expired", or NULL while it waits. */
const char *og_request_folder(const struct og_request *request);
const char *og_tree_last_error(uint32_t uid);

/* Whether answered_text is what this uid saved. */
bool og_tree_is_last_answer(const struct og_request *request, uint32_t uid);

#endif

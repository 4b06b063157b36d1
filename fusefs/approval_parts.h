/* SPDX-License-Identifier: MIT */
/* approval_parts.h - what the files of the approvals share: approval.c (life, asking, answering),
 * approval_grant.c (what a grant is good for) and approval_amend.c (an approver's own statement).
 * Is not: for anybody else, see approval.h. */
#ifndef OG_FUSEFS_APPROVAL_PARTS_H
#define OG_FUSEFS_APPROVAL_PARTS_H

#include "fusefs/approval.h"

struct og_approvals {
    struct og_daemon *daemon;
    struct og_request *requests; /* newest first */
    void (*changed)(void *context, const struct og_request *request);
    void *context;
    char answered_by[256]; /* for the last answer handed out */
};

/* Tells who waits for it that a request is another one now. */
void og_approvals_tell(struct og_approvals *approvals, const struct og_request *request);
/* As persons are compared: the configuration's person of a uid, else the uid itself. */
const char *og_approvals_person(struct og_approvals *approvals, uint32_t uid,
                                struct og_arena *arena);
/* Returns: 0 when the ledger took it, to be written at the round's end; -errno. */
int og_approvals_record(struct og_approvals *approvals, const struct og_request *request,
                        const struct og_record_who *who, const char *kind, const char *what,
                        const char *by, const char *reason);
/* Stores a new state first; in memory it changes only when the disk has it. Returns: 0; -errno. */
OG_MUST int og_approvals_change(struct og_approvals *approvals, struct og_request *request,
                                enum og_request_state state, int64_t now_ms);
/* guardfs itself makes it void. */
void og_approvals_withdraw_for(struct og_approvals *approvals, struct og_request *request,
                               const char *why);
void og_approvals_fill(struct og_approvals *approvals, const struct og_request *request,
                       struct og_msg_requested *out);
bool og_approvals_is_requester(const struct og_request *request, const struct og_session *session);
OG_MUST int og_approvals_take_needs(struct og_request *request, const struct og_list *needs,
                                    uint32_t *within_s);
OG_MUST int og_approvals_take_effect(struct og_request *request,
                                     const struct og_msg_request *message);
/* Of the fixed part of request->text. Returns: 0; -errno. */
OG_MUST int og_approvals_digest(struct og_request *request);
/* Whether that answer would be taken. Returns as og_approvals_answer. */
OG_MUST int og_approvals_check(struct og_approvals *approvals, const struct og_request *request,
                               uint32_t uid, const char *decision, const char *reason,
                               const char *digest8, const char **why);

void og_approvals_free_request(struct og_request *request);

/* approval_time.c: has requests run out, and people reminded of them. Returns: 0; -ENOMEM. */
OG_MUST int og_approvals_start_clock(struct og_approvals *approvals);
/* When a request that is made then has run out: quiet hours do not count. Unix milliseconds. */
int64_t og_approvals_expiry(const struct og_approvals *approvals, int64_t from_ms, uint32_t within_s);
/* What became of the same statement in the requests that are kept; NULL: it was never asked for. In the
 * request's arena. */
const char *og_approvals_history(const struct og_approvals *approvals, struct og_request *request);
/* Whether the target's maintenance window is open; why: when it is, with retry_after (borrowed until the
 * next call). */
bool og_grant_is_in_window(const struct og_approvals *approvals, const struct og_request *request,
                           int64_t now_ms, const char **why);
/* From when on a grant given now can be used, and when that window closes (0: there is none). */
int64_t og_grant_begins(const struct og_request *request, int64_t now_ms);
int64_t og_grant_window_end(const struct og_request *request, int64_t now_ms);
/* Whether an approver said anything of them. */
bool og_grant_has_terms(const struct og_grant_terms *terms);

/* approval_grant.c: sets what the grant is good for from the answers that made it: the least of what
 * each approver said. */
void og_grant_settle(struct og_request *request, int64_t now_ms);
/* Whether what was measured anew is still what is asked for or granted. */
bool og_grant_bears(const struct og_request *request, const struct og_msg_request *message);
/* Whether a statement with these digests is the granted one. */
bool og_grant_is_for(const struct og_request *request, const struct og_bytes *binding,
                     const struct og_bytes *shape);

#endif

/* SPDX-License-Identifier: MIT */
/* approval.h - requests: statements parked for approval, their answers and grants; kept in
 * STATE/requests/r-....json (written whole, fsynced, renamed) so that they survive a restart. guardfs is
 * the only judge: who may answer is resolved at the moment of the answer, from the uid that wrote it.
 * The file that people edit is request_file.h's; how editors save is save.h's.
 * Grants are bound (og_msg_request.binding), single use, and expire. A crash leaves a request pending or
 * expired, never approved. */
#ifndef OG_FUSEFS_APPROVAL_H
#define OG_FUSEFS_APPROVAL_H

#include "common/arena.h"
#include "common/id.h"
#include "common/measured.h"
#include "common/proto.h"
#include "fusefs/session.h"

struct og_approvals;

enum og_request_state {
    OG_REQUEST_PENDING = 0,
    OG_REQUEST_APPROVED, /* a grant that was not spent yet */
    OG_REQUEST_DENIED,
    OG_REQUEST_EXPIRED,
    OG_REQUEST_VOID,
    OG_REQUEST_SPENT
};

/* One approve rule to satisfy: who of which group, how many. */
struct og_request_need {
    const char *policy, *rule, *group;
    uint32_t count;
};

/* What an approver lets a grant be good for, beside the one execution that it is by default. */
struct og_grant_terms {
    uint64_t uses;   /* 0: not said */
    uint32_t for_s;  /* 0: not said */
    bool has_rows_max;
    uint64_t rows_max;
    bool is_shape;   /* with any parameters */
};

struct og_request_answer {
    uint32_t uid;
    const char *person;   /* as persons are compared: "user:alice" or "uid:1001" */
    const char *decision; /* approve, deny, break-glass */
    const char *reason;
    int64_t unix_ms;
    struct og_grant_terms terms;
};

/* What an approver's own statement stands in the place of. */
struct og_request_asked {
    uint8_t binding[32], shape[32]; /* as the request's, which are the same unless it was amended */
    const char *text;               /* NULL: never amended */
    bool is_measured;
    struct og_drift drift;
    struct og_list effect;
};

struct og_request {
    struct og_request *next; /* newest first */
    struct og_arena arena;
    char id[OG_ID_BYTES];
    enum og_request_state state;
    uint32_t revision; /* raised by every amendment, and when that was measured */
    char digest[65];   /* of the request file's immutable part */
    const char *text;  /* the request file as shown while pending (request_file.c makes it) */
    const char *answered_text; /* the bytes saved with the last answer, or NULL */
    uint8_t binding[32];       /* of what the grant is good for */
    struct og_request_asked asked;
    /* An approver's own statement in its place; NULL: none. Approved only once it was measured. */
    const char *amended_sql, *amended_by;
    bool is_amendment_measured;
    /* Of the grant: 0 uses: any number until it expires. */
    uint64_t max_uses, n_uses;
    bool has_rows_max;
    uint64_t rows_max;
    bool is_told;      /* its requester knows the answer */
    bool is_shape;     /* for any parameters: */
    uint8_t shape[32]; /* the binding without them; all zero where the driver sent none */
    uint32_t requester_uid;
    const char *requester_person; /* persons are compared: "user:alice", else "uid:N" */
    const char *requester_display;
    const char *target, *kind, *sql, *reason_asked;
    const struct og_request_need *needs;
    size_t n_needs;
    struct og_request_answer answers[16];
    size_t n_answers;
    int64_t created_ms, expires_ms, decided_ms; /* unix milliseconds */
    bool is_measured;      /* a grant is for this effect, as og_measured_to_list has it */
    struct og_list effect;
    struct og_drift drift; /* how far what runs may be from it */
    const struct og_time_window *window; /* its target's, for the grant; NULL: any time. Borrowed */
    const char *asked_before; /* what became of the same statement earlier; NULL: nothing. While it is made */
    int64_t reminded_ms;      /* when people were reminded of it last; 0: never since guardfs' start */
    const char *error; /* last refused save: line, column, reason; "" */
};

OG_MUST int og_approvals_open(struct og_daemon *daemon, struct og_approvals **out,
                              struct og_buf *why);
struct og_approvals *og_approvals_close(struct og_approvals *approvals);

/* A driver's REQUEST: finds a pending request or unspent grant with the same binding and requester, or
 * makes one (a probe: state "none"). One that was measured anew with another effect takes the place of
 * the old one, which is void. Answers into out (strings borrowed until the next call). Returns: 0;
 * -EDQUOT (too many pending for this requester, 64); -errno when it could not be stored. */
OG_MUST int og_approvals_ask(struct og_approvals *approvals, struct og_session *session,
                             const struct og_msg_request *message, struct og_msg_requested *out);
/* Whether asking would find one that is there already. */
bool og_approvals_has(struct og_approvals *approvals, const struct og_session *session,
                      const struct og_msg_request *message);
/* State now, for WAIT. Returns: 0; -ENOENT. */
OG_MUST int og_approvals_state(struct og_approvals *approvals, const char *id,
                               struct og_msg_requested *out);
/* Spends the grant for an intent: same binding, same requester, approved, not expired, policy set still
 * the one it was asked under (binding covers it). Stored as spent BEFORE the intent is acknowledged.
 * Returns: 0; -EPERM with why (static text). */
OG_MUST int og_approvals_spend(struct og_approvals *approvals, const struct og_session *session,
                               const char *id, const uint8_t binding[static 32],
                               const char **why);
/* What ran under the session's grant was not what was approved, and was taken back: it is void. */
void og_approvals_void(struct og_approvals *approvals, const struct og_session *session,
                       const char *id, const char *why);
/* The decision as a static word: approve, deny, break-glass. NULL: it is none. */
const char *og_request_decision(const char *word);
/* An answer by file or guardctl. decision approve|deny|break-glass (one person of the role break-glass for
 * all that the rules ask for, never the requester). digest8: first 8 of the digest or NULL (the whole
 * file was compared). Returns: 0 and the state may have changed; -EPERM (own request, or not in a needed
 * group), -EKEYEXPIRED, -ENOENT (decided), -EINVAL, -EBADMSG (a denial without reason), -ESTALE;
 * why: text. */
OG_MUST int og_approvals_answer(struct og_approvals *approvals, struct og_request *request,
                                uint32_t uid, const char *decision, const char *reason,
                                const char *digest8, const char *saved_text,
                                const struct og_grant_terms *terms, const char **why);
/* An approver puts another statement in the place of the one that was asked: a new revision, which the
 * requester's driver measures before it can be approved. Returns as og_approvals_answer. */
OG_MUST int og_approvals_amend(struct og_approvals *approvals, struct og_request *request,
                               uint32_t uid, const char *sql, const char **why);
/* A driver's REQUEST that names an amended one: measured, or why it cannot run. Answers as ask.
 * Returns: 0; -ENOENT; -errno when it could not be stored. */
OG_MUST int og_approvals_measured(struct og_approvals *approvals, struct og_session *session,
                                  const struct og_msg_request *message,
                                  struct og_msg_requested *out);
/* Whether an amendment waits to be measured. */
bool og_approvals_is_amended(const struct og_request *request);
/* Whether this uid could answer at all, for the check at open(2). Returns: 0; -EPERM (own request),
 * -EACCES (in none of the groups), with why. */
OG_MUST int og_approvals_may_answer(struct og_approvals *approvals, const struct og_request *request,
                                    uint32_t uid, const char **why);
/* The requester takes a pending request (or an unspent grant) back: it is void. Returns: 0; -EPERM
 * (somebody else's), -ENOENT (decided already), -EIO. */
OG_MUST int og_approvals_withdraw(struct og_approvals *approvals, struct og_request *request,
                                  uint32_t uid);
/* Makes a grant good for less, or takes it back (terms NULL), by who may answer such a request or an
 * admin. Returns: 0; -EPERM, -EACCES, -ENOENT (no grant any more), -EINVAL (not less), -EIO; why: text. */
OG_MUST int og_approvals_shorten(struct og_approvals *approvals, struct og_request *request,
                                 uint32_t uid, const struct og_grant_terms *terms,
                                 const char *reason, const char **why);
/* Whether this uid may do that. Returns: 0; -EPERM, -EACCES with why. */
OG_MUST int og_approvals_may_shorten(struct og_approvals *approvals,
                                     const struct og_request *request, uint32_t uid,
                                     const char **why);
/* What a grant is good for, as lines that a save of an answer takes, and how much of it is used. */
void og_grant_write(const struct og_request *request, struct og_buf *out);
/* Warnings for health: the glass was broken, requests wait for long. */
void og_approvals_health(struct og_approvals *approvals, struct og_buf *out);
/* Expires what is due, reminds of what waits; called by a timer. */
void og_approvals_expire(struct og_approvals *approvals, int64_t now_ms);

struct og_request *og_approvals_first(struct og_approvals *approvals);
struct og_request *og_approvals_find(struct og_approvals *approvals, const char *id);
const char *og_request_state_word(enum og_request_state state);
/* The daemon calls this to learn of every state change (to answer parked WAITs). */
void og_approvals_on_change(struct og_approvals *approvals,
                            void (*changed)(void *context, const struct og_request *request),
                            void *context);

#endif

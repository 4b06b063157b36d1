/* SPDX-License-Identifier: MIT */
/* client.h - one session's connection to guardfs: a SOCK_SEQPACKET socket, deadlines on every
 * wait, answers matched by correlation, so that one thread may wait for an approval while another
 * records statements. Fails closed: a lost daemon is an error until the session is opened again
 * (og_client_open also reopens: sessions go on when guardfs comes back, under a new session id).
 * Is not: ODBC. It knows messages (common/proto.h) and nothing of statements.
 * Threads: any; fork: a child that uses its parent's session is refused. */
#ifndef OG_DRIVER_CLIENT_H
#define OG_DRIVER_CLIENT_H

#include "common/decide.h"
#include "common/err.h"
#include "common/measured.h"
#include "common/policy.h"
#include "common/proto.h"

struct og_client;

/* What guardfs said at WELCOME; owned by the client, replaced as a whole at a reopen. */
struct og_client_session {
    const char *id;
    const struct og_principal_chain *chain;
    const char *const *target_labels;
    size_t n_target_labels;
    enum og_ack ack_read, ack_write;
    bool is_read_only;
};

/* Why a call failed: code, text and what to do, ready for a diagnostic record. */
struct og_client_error {
    enum og_err code;
    uint32_t retry_after_s;
    bool use_broker; /* guardfs holds the target's credentials */
    char text[512];
};

/* Connects, sends hello and waits for welcome; then fetches the policy set.
 * hello: borrowed for the call (the client keeps a copy for reopening).
 * Returns: 0 and a client in out; < 0 with error filled. */
OG_MUST int og_client_open(const char *socket_path, const struct og_msg_hello *hello,
                           struct og_client **out, struct og_client_error *error);
/* A process that guardfs started has its socket already: the next connection is that one, and there is no
 * other. Call before the first og_client_open. fd: non-blocking. */
void og_client_pass_socket(int fd);
/* Says bye and frees; NULL-safe, returns NULL. */
struct og_client *og_client_close(struct og_client *client);

/* Checks that the session is alive, takes pushed events, reopens after a lost daemon, and fetches
 * the policy set when a newer generation was announced. Call at the start of every statement.
 * out_session, out_set: borrowed until the next begin on this client (the set may be ref'd).
 * out_set NULL: guardfs has no good set: deny everything. is_killed sessions fail.
 * Returns: 0; < 0 with error filled. */
OG_MUST int og_client_begin(struct og_client *client, const struct og_client_session **out_session,
                            struct og_policy_set **out_set, uint64_t *out_generation,
                            struct og_client_error *error);

/* The next statement id, "q-...", from the session's block. Returns: 0; < 0 with error. */
OG_MUST int og_client_statement_id(struct og_client *client, char out[static 13],
                                   struct og_client_error *error);

/* Sends an intent and waits as its ack asks: ACCEPTED returns once the kernel has it; WRITTEN and
 * DURABLE wait for the acknowledgement, and so does ACCEPTED after guardfs refused a record, until one
 * is written again. Returns: 0; < 0 with error (nothing may run then). */
OG_MUST int og_client_intent(struct og_client *client, const struct og_msg_intent *intent,
                             struct og_client_error *error);
/* Outcome and note: sent, not waited for. A failure is remembered and shows at the next begin. */
void og_client_outcome(struct og_client *client, const struct og_msg_outcome *outcome);
void og_client_note(struct og_client *client, const char *kind, const char *detail);
/* Whether the daemon is known lost: no row is handed out any more then. Cheap, no system call
 * unless something arrived (one non-blocking receive). */
bool og_client_is_lost(struct og_client *client);
/* Counts the sessions this client has had (1: the first). A statement whose intent went to an
 * earlier one hands out no more rows, even when a later statement opened the session again. */
uint64_t og_client_epoch(struct og_client *client);

struct og_client_answer {
    char request[13];
    char state[12]; /* pending, approved, denied, expired, void, spent; none, amended */
    char reason[256];
    char answered_by[128];
    bool is_measured;            /* the grant is for the effect in granted */
    struct og_measured *granted; /* the caller's; NULL: not wanted */
    struct og_drift drift;
    bool has_rows_max; /* the grant is for so many rows at most, whatever was measured */
    uint64_t rows_max;
    bool is_shape;     /* it is for any parameters */
    uint32_t revision;
    struct og_buf *text; /* the caller's; the approver's own statement, or nothing; NULL: not wanted */
    char amended_by[128];
};

/* Asks for an approval (made, merged or found granted). Returns: 0 with answer; < 0 with error. */
OG_MUST int og_client_request(struct og_client *client, const struct og_msg_request *request,
                              struct og_client_answer *answer, struct og_client_error *error);
/* Waits until the request is answered, deadline_ms at most, or until *is_cancelled turns true
 * (looked at every 50 ms at least). Returns: 0 with answer (state may still be pending); < 0. */
OG_MUST int og_client_wait(struct og_client *client, const char *request, uint32_t deadline_ms,
                           const volatile bool *is_cancelled, struct og_client_answer *answer,
                           struct og_client_error *error);

/* Undo sets (client_undo.c). */
struct og_client_undo {
    const char *statement, *summary, *policy, *takes_back;
    const char *const *partly; /* "main.log: a table that it changes has no key": what is not in it */
    size_t n_partly;
    uint64_t n_rows, keep_s;
    const void *bytes;
    size_t n_bytes;
};
/* Sends a set and waits until guardfs has it on disk; out: "u-...". Returns: 0; < 0 with error: it has
 * not, or that is not known. */
OG_MUST int og_client_undo_put(struct og_client *client, const struct og_client_undo *undo,
                               char out[static 13], struct og_client_error *error);
/* What became of a set: sent, not waited for. report: lines, "" for none. */
void og_client_undo_end(struct og_client *client, const char *undo, const char *state,
                        const char *by, const char *report);
/* Fetches a set whole. state: as its summary has it. Returns: 0; < 0 with error. */
OG_MUST int og_client_undo_get(struct og_client *client, const char *undo, struct og_buf *out,
                               char state[static 24], struct og_client_error *error);

#endif

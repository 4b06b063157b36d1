/* SPDX-License-Identifier: MIT */
/* client_parts.h - the inside of client.c, shared by client*.c and by nothing else.
 *
 * client_wire.c    the socket: connect, send, receive, and who reads for whom
 * client_session.c hello and welcome; opening again after a loss
 * client_policy.c  the policy set: fetched in parts, parsed once per process
 * client.c         what a statement asks for
 *
 * One lock guards everything. Whoever waits for an answer and finds nobody reading reads for all
 * (outside the lock only while it sleeps in poll); the others sleep on a condition. */
#ifndef OG_DRIVER_CLIENT_PARTS_H
#define OG_DRIVER_CLIENT_PARTS_H

#include <pthread.h>
#include <sys/types.h>

#include "driver/client.h"

/* Intents that guardfs has not acknowledged yet and that an ACK may name by statement. */
#define OG_WIRE_OUTSTANDING 256u
/* How often a wait looks at its cancel flag. */
#define OG_WIRE_CANCEL_NS (50 * 1000000LL)

/* One thread's wait for the answer to one message. Lives on its stack. */
struct og_wire_wait {
    uint32_t correlation; /* set by og_wire_send */
    uint64_t epoch;       /* of the connection it was sent on */
    bool is_for_ack;      /* done when an ACK covers the correlation */
    bool is_done;
    bool is_refused;      /* error says why */
    /* Gets every other message with its correlation, under the lock; copies what it needs (the
     * message dies after the call). Returns true when that was the last one. */
    bool (*take)(void *context, const struct og_msg *msg);
    void *context;
    struct og_client_error error;
    struct og_wire_wait *next;
};

/* One WELCOME. Kept until the client is closed: a statement may still look at an older one. */
struct og_session_slot {
    struct og_session_slot *next;
    struct og_arena arena;
    struct og_client_session session;
    struct og_principal_chain chain;
    uint64_t statement_base, statement_count;
    uint64_t policy_generation;
};

/* Policy sets a client holds on to, so that a statement of another thread that still decides by
 * the last one does not lose it. */
#define OG_CLIENT_KEPT_SETS 8u

struct og_client {
    pid_t owner_pid;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* CLOCK_MONOTONIC */
    char *socket_path;
    struct og_buf hello; /* the encoded frame, token included: wiped at the end */

    /* wire */
    int fd;
    uint64_t epoch;  /* connections made so far; 0: none yet */
    pid_t peer_pid;
    bool is_lost;
    bool is_in_session; /* welcomed on this connection */
    bool is_reading;
    unsigned n_polling;
    const char *lost_why;
    uint32_t last_correlation; /* of the last message sent; intents are acknowledged in this order */
    uint32_t acked;
    struct og_wire_wait *waits;
    struct og_buf send_buf;
    unsigned char *receive_buf; /* OG_MAX_FRAME_BYTES + 1 */
    struct og_arena receive_arena;
    struct {
        char statement[13];
        uint32_t correlation;
    } outstanding[OG_WIRE_OUTSTANDING];
    size_t n_outstanding; /* ever; the newest lies at (n - 1) % OG_WIRE_OUTSTANDING */
    int64_t looked_ns;

    /* session */
    bool is_opening;
    bool is_killed;
    char kill_reason[256];
    bool has_late_error; /* something that was not waited for went wrong */
    struct og_client_error late_error;
    bool is_careful; /* a record was refused: every intent waits until one is written again */
    struct og_session_slot *slots; /* newest first */
    uint64_t next_statement, last_statement; /* numbers left: next < last */

    /* policy */
    bool has_policy; /* set and generation are those of this connection */
    uint64_t generation, announced_generation;
    struct og_policy_set *sets[OG_CLIENT_KEPT_SETS]; /* [0] is in force; NULL: deny everything */
};

/* client_wire.c. All want the lock held and may let go of it while they sleep. */
int64_t og_wire_now_ns(void);
/* Connects within the deadline. Returns: 0; < 0 with error. */
OG_MUST int og_wire_connect(struct og_client *client, int64_t deadline_ns,
                            struct og_client_error *error);
/* Closes the connection and wakes everybody; og_wire_connect may follow. */
void og_wire_close(struct og_client *client);
/* Marks the connection as lost: why is static text ("guardfs closed the connection"). */
void og_wire_lose(struct og_client *client, const char *why);
/* Sends body as one frame, waiting for room until the deadline. wait: NULL when no answer is
 * wanted, else it gets correlation and is put on the list. Returns: 0; < 0 with error. */
OG_MUST int og_wire_send(struct og_client *client, enum og_msg_kind kind, const void *body,
                         struct og_wire_wait *wait, int64_t deadline_ns,
                         struct og_client_error *error);
/* The same with the frame that was encoded before (hello). */
OG_MUST int og_wire_send_frame(struct og_client *client, const void *frame, size_t n_bytes,
                               struct og_wire_wait *wait, int64_t deadline_ns,
                               struct og_client_error *error);
/* Waits until wait is done, and takes it off the list whatever happens.
 * Returns: 0; -ECANCELED when *is_cancelled turned true (NULL: never) and -ETIMEDOUT with error
 * filled; other < 0 with error: refused, lost, killed. */
OG_MUST int og_wire_await(struct og_client *client, struct og_wire_wait *wait,
                          int64_t deadline_ns, const volatile bool *is_cancelled,
                          struct og_client_error *error);
/* Takes whatever has arrived; never waits. */
void og_wire_drain(struct og_client *client);
/* Whether statements may use the connection. Returns: 0; < 0 with error: killed, lost, or not
 * welcomed yet. */
OG_MUST int og_wire_check(const struct og_client *client, struct og_client_error *error);
/* Fills error: UNREACHABLE with socket and reason. Returns -ECONNRESET. */
int og_wire_unreachable(const struct og_client *client, const char *why,
                        struct og_client_error *error);

/* client_session.c */
/* Connects, says hello, takes the welcome. Returns: 0; < 0 with error; *is_final: trying again
 * is of no use (refused by guardfs, not lost). */
OG_MUST int og_session_open(struct og_client *client, int64_t deadline_ns, bool *is_final,
                            struct og_client_error *error);
/* Tries again and again until the deadline. */
OG_MUST int og_session_reopen(struct og_client *client, int64_t deadline_ns,
                              struct og_client_error *error);
void og_session_release(struct og_session_slot *slot);
void og_client_error_from(const struct og_msg_refused *refused, struct og_client_error *error);

/* client.c: the lock, and that this is the process that opened the session. Returns: 0 with the lock
 * held; < 0 with error, without it. */
OG_MUST int og_client_enter(struct og_client *client, struct og_client_error *error);
void og_client_leave(struct og_client *client);
/* Sends what is not waited for: a failure is remembered and shows at the next begin. */
void og_client_tell(struct og_client *client, enum og_msg_kind kind, const void *body);

/* client_policy.c: brings the set in force into sets[0]. Returns: 0; < 0 with error. */
OG_MUST int og_client_policy_fetch(struct og_client *client, int64_t deadline_ns,
                                   struct og_client_error *error);

#endif

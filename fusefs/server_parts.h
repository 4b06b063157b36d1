/* SPDX-License-Identifier: MIT */
/* server_parts.h - the inside of the socket's side of guardfs, shared by server*.c, session.c and
 * journal.c. One connection holds at most one session; a connection that is dropped stays valid until
 * the end of the round. */
#ifndef OG_FUSEFS_SERVER_PARTS_H
#define OG_FUSEFS_SERVER_PARTS_H

#include "common/err.h"
#include "fusefs/daemon.h"

#define OG_MAX_CONNECTIONS 1024u
#define OG_MAX_CONNECTIONS_PER_UID 512u
/* Statement numbers of one block, and blocks that one session may hold. */
#define OG_BLOCK_NUMBERS 256u
#define OG_MAX_BLOCKS 65536u
/* What may wait for a reader that is slow: a whole policy set and some. */
#define OG_MAX_QUEUED_BYTES (2u * OG_MAX_POLICY_SET_BYTES)
#define OG_MAX_PARKED 64u
#define OG_MAX_WAIT_MS (3600u * 1000u)

struct og_block {
    uint64_t base; /* ascending from block to block */
    uint8_t intents[OG_BLOCK_NUMBERS / 8];  /* numbers that an intent has used */
    uint8_t outcomes[OG_BLOCK_NUMBERS / 8]; /* numbers whose outcome was told */
};

struct og_queued; /* a frame that waits for room */

/* An intent that is not acknowledged yet. */
struct og_unacked {
    struct og_unacked *next; /* in order of arrival */
    uint64_t sequence;
    uint32_t correlation;
    uint32_t ack;
    char statement[OG_ID_BYTES];
};

/* A WAIT that is not answered yet. */
struct og_parked {
    struct og_parked *next;
    struct og_connection *connection;
    uint32_t correlation;
    uint64_t timer;
    char request[OG_ID_BYTES];
};

struct og_connection {
    struct og_connection *next;
    struct og_daemon *daemon;
    int fd;
    bool is_dropped, is_admin, is_over, is_greeted;
    const char *drop_why; /* static text */
    uint64_t hello_timer;
    struct og_arena arena; /* of peer */
    struct og_peer peer;
    struct og_session *session; /* NULL before HELLO and for guardctl */
    struct og_block *blocks;
    size_t n_blocks, blocks_capacity;
    struct og_unacked *unacked, **unacked_end;
    struct og_parked *parked;
    size_t n_parked;
    struct og_queued *queue, **queue_end;
    size_t n_queued_bytes;
    bool is_worker; /* of a brokered session: the peer is its client, as it was when it asked */
    int asker_fd;   /* of the client, while its session is opened */
    struct og_msg_welcome welcome; /* for the worker's hello */
    struct og_undo_upload *upload; /* an undo set that arrives */
    int upload_error;              /* of one that was given up: its last part is told */
    struct og_buf undo_bytes;      /* the set that is being asked for in parts */
    char undo_asked[OG_ID_BYTES];
    char file_path[1024]; /* guardctl: what file_text is, "" for nothing */
    struct og_buf file_text;
};

/* What a limit refuses has a text and says when to come again. */
struct og_limit_refusal {
    char reason[320];
    uint32_t retry_after_s;
};

/* server.c */
struct og_connection *og_server_connections(struct og_daemon *daemon);
/* Sends or queues one message; drops the connection when that fails. */
void og_connection_send(struct og_connection *connection, enum og_msg_kind kind,
                        uint32_t correlation, const void *body);
void og_connection_refuse(struct og_connection *connection, uint32_t correlation, enum og_err error,
                          const char *reason, const char *instead);
/* The same for a limit. */
void og_connection_refuse_limit(struct og_connection *connection, uint32_t correlation,
                                const struct og_limit_refusal *refusal);
/* Closes it at the end of the round; nothing more is read. why: static text. */
void og_connection_drop(struct og_connection *connection, const char *why);

/* A connection over a socket of guardfs' own making, for a worker. Takes fd in any case; NULL: no room. */
struct og_connection *og_server_adopt(struct og_daemon *daemon, int fd, const struct og_peer *peer);

/* server_handle.c: one whole frame that was decoded. */
void og_server_handle(struct og_connection *connection, const struct og_msg *msg);
/* Counts and records a frame that is not handled. why: static text. */
void og_server_record_refused(struct og_connection *connection, const char *why);
/* Answers the WAITs on a request that is no longer pending. */
void og_server_request_changed(void *context, const struct og_request *request);
void og_server_forget_parked(struct og_connection *connection);

/* session.c */
/* Opens the session that HELLO asks for, or fills refused. Strings of welcome hang in arena.
 * Returns: 0; -EACCES with refused filled. */
OG_MUST int og_session_open(struct og_connection *connection, const struct og_msg_hello *hello,
                            struct og_arena *arena, struct og_msg_welcome *welcome,
                            struct og_msg_refused *refused);
/* Gives the connection one more block. Returns: 0; -errno. */
OG_MUST int og_session_take_block(struct og_connection *connection, struct og_msg_block *out);
/* state: closed, lost, killed (static). Records the end with its figures. */
void og_session_end(struct og_daemon *daemon, struct og_session *session, const char *state,
                    const char *why, const char *by);
/* Forgets sessions that ended long ago. */
void og_session_sweep(struct og_daemon *daemon, int64_t now_ms);
void og_session_free_all(struct og_daemon *daemon);

/* limit.c: each charges what it lets pass. Returns: 0; 1 refused; -errno not stored, so refused. */
OG_MUST int og_limit_connection(struct og_daemon *daemon, const struct og_session *session,
                                struct og_limit_refusal *refusal);
OG_MUST int og_limit_statement(struct og_daemon *daemon, struct og_session *session,
                               const struct og_msg_intent *intent,
                               struct og_limit_refusal *refusal);
OG_MUST int og_limit_request(struct og_daemon *daemon, const struct og_session *session,
                             struct og_limit_refusal *refusal);
/* Counts what a statement has read, and the duplicates it ran into. */
void og_limit_outcome(struct og_daemon *daemon, struct og_session *session,
                      const struct og_msg_outcome *outcome);

/* journal.c */
OG_MUST int og_journal_open(struct og_daemon *daemon);
void og_journal_close(struct og_daemon *daemon);
/* Queues the record of an intent, to be acknowledged at the end of the round. Returns: 0; -errno. */
OG_MUST int og_journal_intent(struct og_connection *connection, uint32_t correlation,
                              const struct og_msg_intent *intent);
OG_MUST int og_journal_outcome(struct og_connection *connection,
                               const struct og_msg_outcome *outcome);
/* The refusal for a record that could not be written. */
void og_journal_refuse(struct og_connection *connection, uint32_t correlation, int error);

#endif

/* SPDX-License-Identifier: MIT */
/* session.h - one guarded connection as guardfs knows it. Lives in the daemon's list from HELLO until
 * its end has been recorded; ended ones stay listed for a while (sessions/ shows them). */
#ifndef OG_FUSEFS_SESSION_H
#define OG_FUSEFS_SESSION_H

#include "common/arena.h"
#include "common/id.h"
#include "common/proto.h"
#include "fusefs/peer.h"
#include "fusefs/record.h"

struct og_daemon;
struct og_connection; /* server.c's socket side; NULL once it is gone */

struct og_session {
    struct og_session *next; /* newest first */
    struct og_arena arena;   /* everything below hangs here */
    char id[OG_ID_BYTES];
    struct og_peer peer;
    struct og_principal_chain chain;
    struct og_record_who who; /* for every record of this session */
    const char *state;        /* open, closed, killed, lost */
    int64_t opened_ms, ended_ms; /* unix milliseconds; ended 0 while open */
    uint64_t n_running; /* statements that began and did not end */
    uint64_t n_statements, n_denied, n_rows, n_masked_cells;
    const char *last_kind; /* of the last statement; static or arena text */
    uint64_t last_ms;
    int64_t token_expires_s; /* 0: there is no token */
    uint64_t token_timer;    /* of the loop, 0: none */
    bool is_read_only; /* no statement that changes anything is taken from it any more */
    struct og_connection *connection;
};

#endif

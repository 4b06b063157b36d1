/* SPDX-License-Identifier: MIT */
/* guard_undo.h - undo sets: what a write changes is kept by guardfs before the write is committed
 * (guard_undo.c), and taken back by a statement of the guard's own, `odbcguard undo u-...`
 * (guard_undo_apply.c). docs/undo.md; docs/decisions/0021-undo.md.
 * Is not: the transaction around a write, which is guard_measure.h's: it calls begin before the real
 * driver runs the statement, keep after it did and before anything is committed, and settled or drop.
 * Threads: the caller holds the statement's lock, and the connection's turn alone. */
#ifndef OG_DRIVER_GUARD_UNDO_H
#define OG_DRIVER_GUARD_UNDO_H

#include "common/undo.h"
#include "driver/odbc.h"

struct og_guard_stmt;
struct og_guard_dbc;
struct og_undo_command; /* guard_undo_apply.c */
struct og_undo_pg;      /* guard_undo_pg.c */

struct og_guard_undo {
    bool is_wanted; /* this execution's changes are to be kept */
    bool is_on;     /* they are being captured */
    bool is_kept;   /* guardfs has them, under id */
    bool is_done;   /* the last execution was a command: the real driver knows of none */
    char id[13];
    struct og_undo_writer writer;
    const char *why;                 /* static: what cannot be kept; NULL: nothing is in the way */
    struct og_undo_pg *pg;           /* PostgreSQL: while is_on */
    struct og_undo_command *command; /* the statement takes a set back; NULL: an ordinary one */
};

/* Whether the verdict wants this statement's changes kept; sets is_wanted. What loses data that cannot be
 * kept (DROP, some ALTER) is refused where undo is required. Returns: SQL_SUCCESS; SQL_ERROR with a
 * record, and the refusal in the ledger. */
SQLRETURN og_undo_ask(struct og_guard_stmt *stmt);
/* The transaction is open, nothing ran yet; dbc->lock is held. Returns: SQL_SUCCESS; SQL_ERROR with a
 * record. */
SQLRETURN og_undo_begin(struct og_guard_stmt *stmt);
/* It ran; dbc->lock is held. Returns: SQL_SUCCESS: go on and commit; SQL_ERROR with a record: take the
 * write back. */
SQLRETURN og_undo_keep(struct og_guard_stmt *stmt);
/* How it ended. is_open: a transaction of the application's decides later. */
void og_undo_settled(struct og_guard_stmt *stmt, bool is_open);
/* It was taken back, or never ran. */
void og_undo_drop(struct og_guard_stmt *stmt);
void og_undo_release(struct og_guard_stmt *stmt);
/* Tokens of the statement's text. */
bool og_undo_is_word(const struct og_guard_stmt *stmt, size_t i, const char *word);
size_t og_undo_next_token(const struct og_guard_stmt *stmt, size_t i);

/* ---- guard_undo_open.c: sets of a transaction that has not ended ---- */

/* Returns false without memory. */
OG_MUST bool og_undo_remember(struct og_guard_dbc *dbc, const char *id);
/* Whether the statement that ran has ended the transaction; a ROLLBACK TO has not. */
bool og_undo_ends_transaction(const struct og_guard_stmt *stmt);
/* A statement was carried out: it may have ended the application's transaction, or a part of it. */
void og_undo_follow(struct og_guard_stmt *stmt, bool is_success);
/* The application's transaction ended. state: committed, rolled-back, unclear. */
void og_undo_ended(struct og_guard_dbc *dbc, const char *state);
void og_undo_forget_open(struct og_guard_dbc *dbc);

/* ---- guard_undo_apply.c ---- */

/* Whether the text is a command of ours: it never goes down. */
bool og_undo_is_command(const struct og_guard_stmt *stmt);
SQLRETURN og_undo_run_command(struct og_guard_stmt *stmt);
/* The facts of what the command would do. Returns: 0; -ENOMEM. */
OG_MUST int og_undo_facts(struct og_guard_stmt *stmt);
/* "u-..." that the statement takes back, or "". */
const char *og_undo_takes_back(const struct og_guard_stmt *stmt);
void og_undo_command_free(struct og_guard_stmt *stmt);

#endif

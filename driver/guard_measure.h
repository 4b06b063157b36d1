/* SPDX-License-Identifier: MIT */
/* guard_measure.h - rules with `rows`: a write is counted by running it, and stays only where the
 * count is within what the rules allow; else it is taken back before anybody is asked
 * (docs/decisions/0015-rows.md).
 * Where a transaction is open the write runs under a savepoint, else in a transaction that the guard
 * opens and ends itself.
 * Threads: the caller holds the statement's lock; og_turn_take keeps the connection's other
 * statements out of a transaction that is the guard's. */
#ifndef OG_DRIVER_GUARD_MEASURE_H
#define OG_DRIVER_GUARD_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/sqlite_analyse.h"
#include "driver/odbc.h"

struct og_guard_stmt;
struct og_guard_dbc;

struct og_guard_measure {
    bool is_on;        /* this execution is being counted */
    bool is_inside;    /* under a savepoint of a transaction that was open before */
    bool is_switched;  /* autocommit is off below, though not for the application */
    bool is_taken_back; /* more rows than the rules allow: judge again, now knowing the count */
    bool is_known;     /* rows holds the count of an execution that was taken back */
    uint64_t rows;
    bool is_rehearsal; /* it is taken back whatever it changes */
    bool has_before;   /* it is being counted table by table */
    uint64_t before;   /* SQLite: the engine's own count when the write began */
    int64_t last_row;  /* SQLite: what last_insert_rowid() was then */
    struct og_sqlite_watch watch;
    SQLHSTMT helper;   /* PostgreSQL: of ours, on the application's connection */
};

/* Before a new execution (not before the repetition of one). */
void og_measure_reset(struct og_guard_stmt *stmt);
/* Right before the real driver is called. Takes the turn; settle or drop gives it back.
 * Returns: SQL_SUCCESS; SQL_ERROR with a record, the turn given back. */
OG_MUST SQLRETURN og_measure_begin(struct og_guard_stmt *stmt);
/* After the real driver ran the statement with that code: keeps or takes back what it did.
 * Returns: the code to go on with; SQL_ERROR where the write was taken back. */
SQLRETURN og_measure_settle(struct og_guard_stmt *stmt, SQLRETURN code);
/* The real driver wants data first: nothing ran. */
void og_measure_drop(struct og_guard_stmt *stmt);
/* Whether the statement was taken back and is to be judged again, knowing its rows. */
bool og_measure_again(struct og_guard_stmt *stmt);

/* For calls that end or begin a transaction: waits until no statement is being counted. */
void og_turn_take(struct og_guard_dbc *dbc);
void og_turn_give(struct og_guard_dbc *dbc);

#endif

/* SPDX-License-Identifier: MIT */
/* guard_rehearse.h - a write that needs an approval is tried before anybody is asked: it runs in a
 * transaction of the guard's own, or under a savepoint, is counted table by table and is taken back
 * (docs/decisions/0022-rehearsal.md). What it would change stands in the request; the grant is for that
 * effect, and what runs under it is counted again before it stays.
 * Is not: the counting (guard_count.c), nor what is kept and taken back (guard_measure.c).
 * Threads: the caller holds the statement's lock. */
#ifndef OG_DRIVER_GUARD_REHEARSE_H
#define OG_DRIVER_GUARD_REHEARSE_H

#include "common/measured.h"
#include "common/undo.h"
#include "driver/odbc.h"

struct og_guard_stmt;
struct og_guard_dbc;

struct og_guard_rehearsal {
    struct og_measured measured; /* what the last counted execution changed */
    bool has_tables;             /* and that is known table by table */
    struct og_measured earlier;  /* PostgreSQL: the same counters when it began */
    bool is_running;
    bool is_done;                /* of this execution: measured is what it would change */
    bool is_hidden;              /* the requester may not read all of those tables: the rest of the
                                  * figures is for the approver alone */
    struct og_measured told;     /* what the requester is told */
    char why_not[256];           /* why it was not rehearsed; "": no reason yet */
    char detail[512];            /* of its outcome in the ledger */
    uint64_t duration_us;
    struct og_buf notes;         /* for the request, a line each */
    bool is_sampling;
    bool has_written; /* PostgreSQL: the open transaction had changed something before */
    struct og_undo_writer sample; /* a few of the rows */
    /* What the grant is for. */
    bool has_granted;
    struct og_measured granted;
    struct og_drift drift;
    bool has_rows_max; /* so many rows at most, whatever was measured */
    uint64_t rows_max;
    bool is_shape; /* with any parameters */
    bool is_void; /* what ran was not what was granted */
};

void og_rehearsal_init(struct og_guard_rehearsal *rehearsal);
/* Before a new execution. */
void og_rehearsal_reset(struct og_guard_rehearsal *rehearsal);
void og_rehearsal_release(struct og_guard_rehearsal *rehearsal);

/* Rehearses where the verdict asks for an approval and nothing is asked or granted yet, and judges
 * again with the figures. below runs the statement.
 * Returns: SQL_SUCCESS to go on (rehearsed or not); SQL_ERROR with records. */
SQLRETURN og_rehearse(struct og_guard_stmt *stmt, SQLRETURN (*below)(struct og_guard_stmt *stmt));
/* The request's text of it, in arena. */
const char *og_rehearsal_text(const struct og_guard_stmt *stmt, struct og_arena *arena);
/* Puts figures where the verdict's texts take them from, or takes them away. */
void og_rehearsal_tell(struct og_guard_stmt *stmt);

/* Adds to an outcome what is known of the effect. */
void og_rehearsal_record(struct og_guard_stmt *stmt, struct og_msg_outcome *outcome);
/* What a rehearsal leaves behind, into notes; before it is taken back. */
void og_rehearsal_note(struct og_guard_stmt *stmt);

/* guard_share.c: how much of each table it meets, into notes; as og_rehearsal_note, and after it. */
void og_rehearsal_shares(struct og_guard_stmt *stmt);

/* guard_sample.c: a few of the rows, before and after, into notes. begin: before it runs; end: before it is
 * taken back, and the last that is asked; drop: instead of it. */
void og_sample_begin(struct og_guard_stmt *stmt);
void og_sample_end(struct og_guard_stmt *stmt);
void og_sample_drop(struct og_guard_stmt *stmt);

/* guard_count.c: what one execution changes. start: right before it; end fills rehearsal.measured and
 * has_tables and returns all rows, or OG_UNKNOWN_ROWS; drop forgets a count. The connection's lock is
 * held. */
#define OG_UNKNOWN_ROWS UINT64_MAX
void og_count_start(struct og_guard_stmt *stmt);
uint64_t og_count_end(struct og_guard_stmt *stmt);
void og_count_drop(struct og_guard_stmt *stmt);
/* PostgreSQL, by the measuring helper's statement: runs a command; hands every row's one text, which
 * is ASCII, to take. Returns whether it went well. */
bool og_helper_run(struct og_guard_stmt *stmt, const char *sql);
bool og_helper_rows(struct og_guard_stmt *stmt, const char *sql,
                    void (*take)(void *context, const char *text), void *context);
/* Reads hexadecimal digits of UTF-8 as text into out (cut where it is too long). */
void og_helper_unhex(const char *hex, char *out, size_t max_bytes);

#endif

/* SPDX-License-Identifier: MIT */
/* guard_positioned.h - writes without SQL text: SQLSetPos and SQLBulkOperations that update, delete
 * or add rows through a result. Each is judged as the statement that it stands for, on the one table
 * that the result comes from, and is in the ledger before it runs.
 * What cannot be attributed to one table, what needs an approval (which is bound to one statement and
 * its values) and what would store masked values is refused (docs/decisions/0026).
 * Threads: the caller holds the statement's lock. Source: ODBC 3.8, "SQLSetPos",
 * "SQLBulkOperations". */
#ifndef OG_DRIVER_GUARD_POSITIONED_H
#define OG_DRIVER_GUARD_POSITIONED_H

#include "driver/guard_rows.h"

enum og_positioned_kind { OG_POSITIONED_UPDATE, OG_POSITIONED_DELETE, OG_POSITIONED_INSERT };

struct og_positioned_write {
    enum og_positioned_kind kind;
    const char *api; /* for the ledger */
    bool is_extended; /* the rowset came through SQLExtendedFetch */
    SQLULEN first, n_rows; /* rows of the rowset that are written, or written from */
    og_block_call *call;
    void *context;
};

struct og_positioned;

/* Judges the write, and runs it where it is allowed. Returns: what the call returned; SQL_ERROR with
 * a record. */
SQLRETURN og_positioned_run(struct og_guard_stmt *stmt, const struct og_positioned_write *write);
/* SQLParamData for a write that asked for data. */
SQLRETURN og_positioned_go_on(struct og_guard_stmt *stmt, SQLPOINTER *token);
/* A write that asked for data will get none: records its end. Nothing to do where there is none. */
void og_positioned_drop(struct og_guard_stmt *stmt);

#endif

/* SPDX-License-Identifier: MIT */
/* guard_issued.h - what masks have shown must never be stored as if it were the value: a tool that
 * reads a row and writes it back would destroy what it was not allowed to see.
 * Masked text is known by its look: the mask gives it back unchanged. Rounded numbers, cut dates, NULL
 * and text in which something was detected look like any other, so those that were shown in this
 * session are remembered, per column.
 * Threads: its own lock; the caller holds the statement's. */
#ifndef OG_DRIVER_GUARD_ISSUED_H
#define OG_DRIVER_GUARD_ISSUED_H

#include <pthread.h>

#include "common/facts.h"
#include "common/mask.h"
#include "driver/guard_rows.h"

/* A set of hashes. full: more was shown than is remembered; everything counts as shown then. */
struct og_issued {
    uint64_t *slots;
    size_t n_slots, n_used;
    bool is_full;
    pthread_mutex_t lock;
};

void og_issued_init(struct og_issued *issued);
void og_issued_release(struct og_issued *issued);

/* Names a column of the facts for the set: a hash of schema, table and name. */
uint64_t og_issued_column_key(const struct og_facts *facts, size_t column);
/* Names a source of a result column for the set; 0 where it has none. */
uint64_t og_issued_key(const struct og_facts *facts, size_t result, size_t source);
/* Notes what a mask showed for a result column (0-based). text NULL: it was NULL. */
void og_issued_add(struct og_guard_stmt *stmt, size_t result, const char *text);

/* Whether a cell of the application's rowset may be stored in its masked column.
 * is_new: in a row that is added. */
bool og_masked_may_store(struct og_guard_stmt *stmt, const struct og_rowset *rowset,
                         const struct og_guard_binding *binding, SQLULEN row, bool is_new);
/* The column (index into the facts) with the mask `handle` that a marker (1-based) writes its whole value
 * into; SIZE_MAX: none that is known. */
size_t og_masked_target(struct og_guard_stmt *stmt, size_t marker);
/* Looks at the parameters of a statement that writes masked columns.
 * Returns: SQL_SUCCESS; SQL_ERROR with a record and a denial in the ledger. */
SQLRETURN og_masked_check_params(struct og_guard_stmt *stmt);

#endif

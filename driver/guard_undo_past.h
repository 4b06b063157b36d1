/* SPDX-License-Identifier: MIT */
/* guard_undo_past.h - PostgreSQL: what the open transaction has changed so far, row by row, as its undo
 * sets told. Where a row was changed before in the same transaction, this is how it was before the next
 * change: no connection sees that any more.
 * Is not: for a transaction with changes that were not kept; the server's counters tell those. */
#ifndef OG_DRIVER_GUARD_UNDO_PAST_H
#define OG_DRIVER_GUARD_UNDO_PAST_H

#include "common/undo.h"

struct og_undo_past;

/* A row by its key, as bytes. values NULL: there is none. */
struct og_undo_past_row {
    const char *key;
    size_t n_key;
    const struct og_undo_value *values;
};

/* first_xid: every transaction number of this transaction is that or later. NULL without memory. */
struct og_undo_past *og_undo_past_new(uint64_t first_xid, size_t max_bytes);
struct og_undo_past *og_undo_past_free(struct og_undo_past *past);
uint64_t og_undo_past_first(const struct og_undo_past *past);
/* From here on nothing is known: a change was not kept, or memory ran out. */
void og_undo_past_lose(struct og_undo_past *past);
/* The rows as they are now, to go back to; borrows from past. NULL without memory. */
struct og_undo_past *og_undo_past_copy(const struct og_undo_past *past);
/* A savepoint was gone back to. copy NULL: nothing was changed before it. */
void og_undo_past_go_back(struct og_undo_past *past, const struct og_undo_past *copy);
/* A statement was taken back: the server goes on counting what it did. */
void og_undo_past_recount(struct og_undo_past *past);
/* Whether the table is as the past has it, the server having counted that much. */
bool og_undo_past_holds(const struct og_undo_past *past, uint64_t oid, uint64_t total);
/* Whether a row is known; *out is borrowed. */
bool og_undo_past_find(const struct og_undo_past *past, uint64_t oid, const char *key, size_t n_key,
                       struct og_undo_past_row *out);
/* All rows of a table, in any order. */
const struct og_undo_past_row *og_undo_past_rows(const struct og_undo_past *past, uint64_t oid,
                                                 size_t *n);
/* A row as it is now; copied. */
void og_undo_past_set(struct og_undo_past *past, uint64_t oid, const char *key, size_t n_key,
                      const struct og_undo_value *values, size_t n_values);
/* What the server has counted of a table. */
void og_undo_past_count(struct og_undo_past *past, uint64_t oid, uint64_t total);

#endif

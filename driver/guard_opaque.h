/* SPDX-License-Identifier: MIT */
/* guard_opaque.h - the handles that the mask `handle` shows (mask.h): which value each stands for, and
 * putting that value back where a handle comes as a parameter.
 * A handle may stand in two places: compared for being equal with the column that it was read from (facts.h,
 * n_equalities), and written into that column. Anywhere else its value would leave the column and its mask,
 * so the statement is refused there.
 * The table is the session's own: bounded, wiped at its end. Is not: persistent; a handle means nothing in
 * another session.
 * Threads: the table has its own lock; calls on a statement come with the statement's. */
#ifndef OG_DRIVER_GUARD_OPAQUE_H
#define OG_DRIVER_GUARD_OPAQUE_H

#include <pthread.h>

#include "common/buf.h"
#include "driver/odbc.h"

struct og_guard_stmt;
struct og_opaque_generation;

/* Two generations: where the young one is full, the old one is forgotten and the young one grows old. */
struct og_opaque {
    struct og_opaque_generation *young, *old;
    pthread_mutex_t lock;
};

void og_opaque_init(struct og_opaque *opaque);
void og_opaque_release(struct og_opaque *opaque);

/* Remembers the value of a column (og_issued_key) under the handle that was shown for it.
 * Returns: whether it could be; otherwise the handle must not be shown. */
OG_MUST bool og_opaque_add(struct og_opaque *opaque, uint64_t column, const char *handle,
                           const char *value, size_t n_bytes);
/* Appends the value behind a handle of that column to out (NULL: only asks); column 0: of any.
 * Returns: whether there is one. */
bool og_opaque_find(struct og_opaque *opaque, uint64_t column, const char *handle, size_t n_handle,
                    struct og_buf *out);

/* The parameters of a statement in whose place the real driver has buffers of ours. */
struct og_swapped {
    struct og_swapped *next;
    SQLUSMALLINT number;
    SQLLEN n_bytes;
    SQLLEN max_bytes;
    void *data;
};

/* Looks at the parameters of a statement that touches masked columns, right before it runs.
 * Returns: SQL_SUCCESS; SQL_ERROR with a record and a denial in the ledger. */
SQLRETURN og_opaque_check(struct og_guard_stmt *stmt);
/* Whether every parameter that must be a handle is one, for every way of running a statement; og_opaque_check
 * asks it too. Returns: as above. */
SQLRETURN og_opaque_need(struct og_guard_stmt *stmt);
/* Whether og_opaque_check found a handle at that marker (1-based) that may stand there. */
bool og_opaque_is_taken(const struct og_guard_stmt *stmt, size_t marker);
/* Binds the values of those handles below. Returns: SQL_SUCCESS; SQL_ERROR with a record. */
SQLRETURN og_opaque_swap(struct og_guard_stmt *stmt);
/* The real driver has read them: wipes the values. Its bindings stay, as calling it would cost its
 * records. */
void og_opaque_wipe(struct og_guard_stmt *stmt);
/* Before the next execution: the application's own bindings again. */
void og_opaque_restore(struct og_guard_stmt *stmt);
/* The application has bound that marker anew (0: has reset all): the real driver knows. */
void og_opaque_forget(struct og_guard_stmt *stmt, SQLUSMALLINT number);

#endif

/* SPDX-License-Identifier: MIT */
/* sqlite_undo.h - undo sets on SQLite: what a write changes, from the engine's preupdate hook on the
 * driver's own handle, row by row with triggers, foreign keys and REPLACE; and taking it back there.
 * Is not: the transaction around it, which is the caller's.
 * Source: https://sqlite.org/c3ref/preupdate_count.html; docs/undo.md. */
#ifndef OG_COMMON_SQLITE_UNDO_H
#define OG_COMMON_SQLITE_UNDO_H

#include "common/sqlite_analyse.h"
#include "common/undo.h"

/* From here on changes go into writer (borrowed until the end). Call before the statement is compiled
 * or permitted, since a statement that is compiled already may empty a table without telling.
 * Returns: 0; -ENOTSUP where the engine has no such hook; -ENOMEM. */
OG_MUST int og_sqlite_undo_begin(struct og_sqlite_analyser *analyser, struct og_undo_writer *writer);
/* The statement ran: reads how the rows are now. Returns: 0; -EIO with *why (static, or "" where the
 * writer is full) when the set is not whole. */
OG_MUST int og_sqlite_undo_finish(struct og_sqlite_analyser *analyser, const char **why);
/* Ends it; nothing is captured any more. After finish, or instead of it. */
void og_sqlite_undo_end(struct og_sqlite_analyser *analyser);

/* What stands in the way of taking rows back. */
struct og_undo_conflict {
    size_t row;
    const char *reason; /* static */
};
struct og_undo_conflicts {
    struct og_undo_conflict *items; /* owned; free() */
    size_t n_items, max_items;
    bool is_already; /* every row is as it was before: there is nothing to take back */
    const char *why; /* what failed as a whole; static */
};

/* Takes the picked rows (NULL: all) back, newest first, without triggers and foreign key actions, once
 * every one of them is found as the write left it and nothing would break a foreign key. The caller
 * has opened a transaction or savepoint and ends it: on anything but 0 by taking it back.
 * Returns: 0; 1 with conflicts; -errno with why. */
OG_MUST int og_sqlite_undo_apply(struct og_sqlite_analyser *analyser, const struct og_undo_set *set,
                                 const bool *picked, struct og_undo_conflicts *out);
void og_undo_conflicts_add(struct og_undo_conflicts *conflicts, size_t row, const char *reason);

#endif

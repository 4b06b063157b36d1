/* SPDX-License-Identifier: MIT */
/* sqlite_undo_parts.h - the inside of sqlite_undo.c, shared by sqlite_undo*.c. */
#ifndef OG_COMMON_SQLITE_UNDO_PARTS_H
#define OG_COMMON_SQLITE_UNDO_PARTS_H

#include "common/sqlite_parts.h"
#include "common/sqlite_undo.h"
#include "common/undo_map.h"

/* Where a key column of a table without rowid stands. */
struct og_sq_undo_key {
    size_t column;   /* in the undo table */
    size_t position; /* in the table, generated columns too */
    size_t storage;  /* among the columns that records hold */
};

struct og_sq_undo_table {
    struct og_undo_table table;
    bool has_rowid;
    size_t integer_key; /* has_rowid: the column that is the rowid */
    size_t n_pk;
    struct og_sq_undo_key *keys; /* without rowid */
    size_t n_keys;
    sqlite3_stmt *select; /* one row by key */
    const char *why;      /* static: its rows cannot be kept */
    uint32_t number;      /* in the writer */
    uint64_t n_rows;      /* changed so far, where only some are kept */
};

void og_sq_undo_quote(struct og_buf *out, const char *name);
void og_sq_undo_name(struct og_buf *out, const struct og_undo_table *table);
/* Releases sql. */
OG_MUST int og_sq_undo_prepare(const struct og_sqlite_analyser *analyser, struct og_buf *sql,
                               sqlite3_stmt **out);
/* The caller has permitted the handle for our own statements. Returns: 0; -ENOTSUP with out->why;
 * -ENOMEM. */
OG_MUST int og_sq_undo_describe(const struct og_sqlite_analyser *analyser, struct og_arena *arena,
                                const char *schema, const char *name, struct og_sq_undo_table *out);
void og_sq_undo_forget(const struct og_sqlite_analyser *analyser, struct og_sq_undo_table *table);
/* Returns SQLite's code. */
int og_sq_undo_bind(const struct og_sqlite_analyser *analyser, sqlite3_stmt *stmt, int number,
                    const struct og_undo_value *value);
/* The row with the key columns of `key`; values are borrowed until og_sq_undo_select_end.
 * Returns: 0; 1 there is none; -EIO. */
OG_MUST int og_sq_undo_select(const struct og_sqlite_analyser *analyser,
                              struct og_sq_undo_table *table, const struct og_undo_value *key,
                              struct og_undo_value *values);
void og_sq_undo_select_end(const struct og_sqlite_analyser *analyser,
                           struct og_sq_undo_table *table);

#endif

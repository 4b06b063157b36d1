/* SPDX-License-Identifier: MIT */
/* guard_undo_pg_parts.h - what the files of undo sets on PostgreSQL share: guard_undo_pg.c (the set of a
 * statement), guard_undo_pg_rows.c (rows of one table, before and after), guard_undo_pg_sample.c (a few of
 * them, for a request).
 * Is not: an interface for anyone else (that is guard_undo_pg.h). */
#ifndef OG_DRIVER_GUARD_UNDO_PG_PARTS_H
#define OG_DRIVER_GUARD_UNDO_PG_PARTS_H

#include "driver/guard.h"
#include "driver/guard_undo_pg.h"

struct og_undo_pg_count {
    uint64_t oid, inserted, updated, deleted, is_temporary;
};

struct og_undo_pg_counts {
    struct og_undo_pg_count *items;
    size_t n_items, max_items;
};

struct og_undo_pg {
    struct og_guard_stmt *stmt;
    struct og_undo_query own, other;
    struct og_arena arena;
    uint64_t first_xid; /* transactions from here on began after the statement did */
    bool has_written;   /* the application's transaction has changed something before */
    const char *settings;
    struct og_undo_pg_counts before;
    const char *why;
};

struct og_undo_pg_row {
    const struct og_undo_value *values;
    const char *key, *rest; /* as bytes, for sorting */
    size_t n_key, n_rest;
    bool is_matched;
    bool is_past; /* from what the transaction did before */
};

struct og_undo_pg_rows {
    struct og_undo_pg_row *items;
    size_t n_items, max_items;
};

/* Of one table: what goes where. */
struct og_undo_pg_putting {
    struct og_undo_writer *writer;
    uint32_t number;
    const struct og_undo_table *table;
    struct og_undo_past *past; /* NULL: nothing follows in the same transaction */
};

/* Keeps the first reason (static; "" where the writer is full). Returns: -EIO. */
int og_undo_pg_stop(struct og_undo_pg *pg, const char *why);
/* Opens both questions and reads the server's state. max_bytes: for what is worked on. Returns: 0; -EIO
 * with *why (static). */
OG_MUST int og_undo_pg_new(struct og_guard_stmt *stmt, size_t max_bytes, struct og_undo_pg **out,
                           const char **why);
/* The server's counters of the open transaction, by table. Returns: 0; < 0. */
OG_MUST int og_undo_pg_read_counts(struct og_undo_pg *pg, struct og_undo_pg_counts *out);

/* ---- guard_undo_pg_rows.c; all return 0 or < 0 ---- */

/* The rest of a query's rows, whose first column is column `first`. */
OG_MUST int og_undo_pg_take_rows(struct og_undo_pg *pg, struct og_undo_query *query,
                                 const struct og_undo_table *table, struct og_undo_pg_rows *out);
/* Begins a question for rows that the transaction made; more conditions may follow. */
void og_undo_pg_ask_new(struct og_undo_pg *pg, const struct og_undo_table *table);
OG_MUST int og_undo_pg_take_new(struct og_undo_pg *pg, const struct og_undo_table *table,
                                struct og_undo_pg_rows *out);
/* Those under the keys that old rows had. */
OG_MUST int og_undo_pg_read_by_keys(struct og_undo_pg *pg, const struct og_undo_pg_table *table,
                                    const struct og_undo_pg_rows *old, struct og_undo_pg_rows *out);
/* Appends the places ('{"(0,1)",...}') that the other connection sees a row at which somebody has locked or
 * changed, and this one does not. max: so many places are looked at; 0: all. */
OG_MUST int og_undo_pg_find_gone(struct og_undo_pg *pg, const struct og_undo_table *table, size_t max,
                                 struct og_buf *places, size_t *n);
/* All rows that the statement changed or took away, as they were. */
OG_MUST int og_undo_pg_read_old(struct og_undo_pg *pg, const struct og_undo_pg_table *of,
                                const struct og_undo_pg_count *delta, struct og_undo_pg_rows *out);
/* All rows that it changed or made, as they are. */
OG_MUST int og_undo_pg_read_new(struct og_undo_pg *pg, const struct og_undo_pg_table *table,
                                const struct og_undo_pg_count *delta, const struct og_undo_pg_rows *old,
                                struct og_undo_pg_rows *out);
/* The rows as they were before this statement: what the transaction changed before stands over what the
 * other connection sees. */
OG_MUST int og_undo_pg_apply_past(struct og_undo_pg *pg, const struct og_undo_table *table,
                                  struct og_undo_pg_rows *old);
/* Puts old and new rows together into the set. is_all_updates: none came or went. */
void og_undo_pg_put_rows(const struct og_undo_pg_putting *p, struct og_undo_pg_rows *old,
                         struct og_undo_pg_rows *new, bool is_all_updates);

#endif

/* SPDX-License-Identifier: MIT */
/* guard_undo_pg.h - undo sets on PostgreSQL, without installing anything in the database. Two connections
 * see the write at once: the application's own has the rows as they are now, and the guard's second one,
 * from outside of the uncommitted transaction, still has them as they were (docs/decisions/0021-undo.md).
 * Callers hold dbc->lock. */
#ifndef OG_DRIVER_GUARD_UNDO_PG_H
#define OG_DRIVER_GUARD_UNDO_PG_H

#include "common/undo.h"
#include "common/sqlite_undo.h" /* struct og_undo_conflicts */
#include "driver/calls.h"
#include "driver/guard_undo_past.h"

struct og_guard_stmt;
struct og_guard_dbc;
struct og_undo_pg;

/* The transaction or savepoint is open. What a TRUNCATE empties is copied now. Returns: 0; -EIO with *why
 * ("" where the writer is full). */
OG_MUST int og_undo_pg_begin(struct og_guard_stmt *stmt, struct og_undo_writer *writer,
                             struct og_undo_pg **out, const char **why);
/* The statement ran. Returns: 0; -EIO with *why ("" where the writer is full). */
OG_MUST int og_undo_pg_finish(struct og_undo_pg *pg, struct og_undo_writer *writer,
                              const char **why);
/* The statement ran, as the first that wrote in its transaction, and is about to be taken back: writer gets
 * writer->max_rows_each rows of the tables that it changed. Returns: 0; -EIO with *why (static). */
OG_MUST int og_undo_pg_sample(struct og_guard_stmt *stmt, struct og_undo_writer *writer,
                              const char **why);
/* NULL-safe, returns NULL. */
struct og_undo_pg *og_undo_pg_free(struct og_undo_pg *pg);
/* The transaction ended: what was touched in it is forgotten. */
void og_undo_pg_ended(struct og_guard_dbc *dbc);
/* What it did before is not known any more. */
void og_undo_pg_lost(struct og_guard_dbc *dbc);
/* A statement of it failed or was taken back. */
void og_undo_pg_taken_back(struct og_guard_dbc *dbc);

/* As og_sqlite_undo_apply; the transaction is the guard's own. */
OG_MUST int og_undo_pg_apply(struct og_guard_stmt *stmt, const struct og_undo_set *set,
                             const bool *picked, struct og_undo_conflicts *out);

/* ---- guard_undo_pg_query.c: questions in plain text, answers in ASCII ---- */

struct og_undo_query {
    const struct og_calls *calls;
    SQLHSTMT stmt;
    struct og_buf sql, field;
    bool is_null;     /* of the field read last */
    char sqlstate[6]; /* of the last failure */
};

/* Returns: 0; -EIO. */
OG_MUST int og_undo_query_open(struct og_undo_query *query, const struct og_calls *calls,
                               SQLHDBC dbc);
void og_undo_query_close(struct og_undo_query *query);
/* Begins a new text in query->sql. */
void og_undo_query_begin(struct og_undo_query *query);
/* Runs query->sql. Returns: 0; -EIO with sqlstate. */
OG_MUST int og_undo_query_run(struct og_undo_query *query);
OG_MUST int og_undo_query_run_text(struct og_undo_query *query, const char *sql);
/* Returns: 0 with a row; 1 after the last; -EIO. */
OG_MUST int og_undo_query_next(struct og_undo_query *query);
/* Reads a column, from 0, into query->field. Returns: 0; -EIO. */
OG_MUST int og_undo_query_field(struct og_undo_query *query, size_t column);
OG_MUST int og_undo_query_number(struct og_undo_query *query, size_t column, uint64_t *out);
/* A column that is hexadecimal, as bytes in the arena. Returns: 0; -EIO; -ENOMEM. */
OG_MUST int og_undo_query_bytes(struct og_undo_query *query, size_t column, struct og_arena *arena,
                                struct og_undo_value *out);
OG_MUST int og_undo_query_text(struct og_undo_query *query, size_t column, struct og_arena *arena,
                               const char **out);
/* Appends '...' hexadecimal of bytes as an expression that gives them back as text. */
void og_undo_put_text(struct og_buf *out, const void *bytes, size_t n_bytes);
/* Appends "column" = value of that type, NULLs apart. */
void og_undo_put_value(struct og_buf *out, const struct og_undo_column *column,
                       const struct og_undo_value *value);
/* Appends a condition on o: its version was made by a transaction that is in progress and began with
 * number first or later. What this connection sees of those is its own. */
void og_undo_put_is_own(struct og_buf *out, uint64_t first);
/* A condition on o: a snapshot sees the transaction that made its version. */
void og_undo_put_is_older(struct og_buf *out, const char *snapshot);
void og_undo_put_ident(struct og_buf *out, const char *name);
void og_undo_put_name(struct og_buf *out, const struct og_undo_table *table);
/* The values of the table's columns as hexadecimal, separated by commas. */
void og_undo_put_columns(struct og_buf *out, const struct og_undo_table *table);
/* A condition on o: it has that key, whose values stand at their columns' places. */
void og_undo_put_key_is(struct og_buf *out, const struct og_undo_table *table,
                        const struct og_undo_value *key);
/* WHERE of the row with that key. */
void og_undo_put_where(struct og_buf *out, const struct og_undo_table *table,
                       const struct og_undo_value *key);

/* A table as it is now. Returns: 0; -EIO with *why. */
struct og_undo_pg_table {
    struct og_undo_table table;
    uint64_t n_disk_bytes, n_block_bytes;
    bool has_triggers; /* of users */
    bool has_late_triggers; /* of these, deferred to the commit */
};
OG_MUST int og_undo_pg_describe(struct og_undo_query *query, uint64_t oid, struct og_arena *arena,
                                struct og_undo_pg_table *out, const char **why);
/* Settings that values' texts depend on, as one text; and their use. */
extern const char og_undo_settings_sql[];
void og_undo_put_settings(struct og_buf *out, const char *settings, bool is_local);

#endif

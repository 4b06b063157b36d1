/* SPDX-License-Identifier: MIT */
/* undo.h - an undo set: what one write changed, as bytes. Made by the driver while the write runs, kept
 * by guardfs, read by both.
 * Is not: encrypted (fusefs/undo_store.h does that), nor a text that is ever run.
 *
 * Shape: a line "odbcguard-undo 1\n", then records of a letter, a length (u32) and that many bytes,
 * little endian, texts and values with their length before them:
 *   H dialect, time zone, transaction number   once, first
 *   T a table with its columns                 before its first row
 *   R table, what happened, values before      one per changed row, in the order of the changes
 *   A row, values after                        where the row is there after the write and this change
 *                                              was the last one to it
 *   P a text: what of the write is not in here
 * A row's values are those of the table's columns in order; generated columns are none of them. An insert
 * has nothing before; an insert and an update name the key that the row had afterwards in any case (K: row,
 * values of the key columns). */
#ifndef OG_COMMON_UNDO_H
#define OG_COMMON_UNDO_H

#include "common/arena.h"
#include "common/buf.h"
#include "common/facts.h"

enum og_undo_change { OG_UNDO_INSERTED = 'I', OG_UNDO_UPDATED = 'U', OG_UNDO_DELETED = 'D' };

enum og_undo_kind {
    OG_UNDO_NULL = 0,
    OG_UNDO_INTEGER,
    OG_UNDO_REAL,
    OG_UNDO_TEXT, /* PostgreSQL: every value, as the server writes it */
    OG_UNDO_BLOB
};

struct og_undo_value {
    enum og_undo_kind kind;
    int64_t integer;
    double real;
    const char *bytes; /* TEXT, BLOB; borrowed */
    size_t n_bytes;
};

/* What stands in a column's flags. */
#define OG_UNDO_KEY 1u       /* part of the key that rows are found by */
#define OG_UNDO_ROWID 2u     /* SQLite's rowid under a name of its own: no column of the table */
#define OG_UNDO_ALWAYS 4u    /* GENERATED ALWAYS AS IDENTITY */
/* Its broad type, for masks. */
#define OG_UNDO_CLASS_FLAGS(type) ((uint32_t)(type) << 8)
#define OG_UNDO_CLASS(flags) ((enum og_type_class)((flags) >> 8 & 0xFF))

struct og_undo_column {
    const char *name;
    const char *type; /* PostgreSQL: with its modifier; "" where it does not matter */
    uint32_t flags;
};

struct og_undo_table {
    const char *schema, *name;
    uint64_t id; /* PostgreSQL: oid */
    const struct og_undo_column *columns;
    size_t n_columns;
};

/* ---- making ---- */

struct og_undo_writer {
    struct og_buf out;
    uint32_t n_tables, n_rows, n_partly;
    struct og_undo_counts *counts; /* per table; owned */
    size_t max_counts;
    bool takes_parts; /* tables whose rows cannot be kept are named instead (put_partly) */
    char **partly;    /* n_partly; owned */
    uint64_t max_rows_each; /* 0: every change; else this is a sample: so many changes of each table at
                             * most, and of what cannot be kept nothing */
};

struct og_undo_counts {
    uint64_t inserted, updated, deleted;
    char name[132]; /* "main.items" */
};

/* max_bytes: the budget; what does not fit makes out fail. */
void og_undo_writer_init(struct og_undo_writer *writer, size_t max_bytes);
/* Wipes and frees. */
void og_undo_writer_release(struct og_undo_writer *writer);
void og_undo_put_head(struct og_undo_writer *writer, enum og_dialect dialect, const char *time_zone,
                      const char *transaction);
/* Returns: the table's number. */
uint32_t og_undo_put_table(struct og_undo_writer *writer, const struct og_undo_table *table);
/* before: one per column, NULL for an insert. Returns: the row's number, from 0. */
uint32_t og_undo_put_row(struct og_undo_writer *writer, uint32_t table, enum og_undo_change change,
                         const struct og_undo_value *before, size_t n_columns);
void og_undo_put_key(struct og_undo_writer *writer, uint32_t row, const struct og_undo_value *key,
                     size_t n_key);
void og_undo_put_after(struct og_undo_writer *writer, uint32_t row,
                       const struct og_undo_value *after, size_t n_columns);
/* "main.log: a table that it changes has no key": each table once. */
void og_undo_put_partly(struct og_undo_writer *writer, const struct og_undo_table *table, const char *why);
bool og_undo_writer_is_failed(const struct og_undo_writer *writer);
/* "2 rows of main.items updated, 1 row of main.notes deleted". */
void og_undo_summary(const struct og_undo_writer *writer, struct og_buf *out);
/* One value, as it stands in a record; used for keys of maps too. */
void og_undo_append_value(struct og_buf *out, const struct og_undo_value *value);
/* Takes one value at *at, which moves on. Returns whether there was one before end. */
bool og_undo_take_value(const uint8_t **at, const uint8_t *end, struct og_undo_value *out);

/* ---- reading ---- */

struct og_undo_row {
    uint32_t table;
    enum og_undo_change change;
    bool has_key, has_after;
    const uint8_t *before, *key, *after; /* private; NULL: none */
};

struct og_undo_set {
    enum og_dialect dialect;
    const char *time_zone, *transaction;
    const struct og_undo_table *tables;
    size_t n_tables;
    const struct og_undo_row *rows;
    size_t n_rows;
    const char *const *partly;
    size_t n_partly;
    /* private */
    const uint8_t *end;
};

#define OG_UNDO_E_BROKEN 1

/* Reads a whole set; everything hangs in arena and borrows from bytes.
 * Returns: 0; OG_UNDO_E_BROKEN; -ENOMEM. */
OG_MUST int og_undo_read(const void *bytes, size_t n_bytes, struct og_arena *arena,
                         struct og_undo_set *out);
/* One value per column of the row's table, into values (n_columns). Returns false where the row has
 * none. */
bool og_undo_before(const struct og_undo_set *set, const struct og_undo_row *row,
                    struct og_undo_value *values);
bool og_undo_after(const struct og_undo_set *set, const struct og_undo_row *row,
                   struct og_undo_value *values);
/* The key columns' values, others untouched: before the change, and after it. */
bool og_undo_key_before(const struct og_undo_set *set, const struct og_undo_row *row,
                        struct og_undo_value *values);
bool og_undo_key_after(const struct og_undo_set *set, const struct og_undo_row *row,
                       struct og_undo_value *values);
bool og_undo_is_same(const struct og_undo_value *a, const struct og_undo_value *b);
/* The largest number of columns of a table. */
size_t og_undo_max_columns(const struct og_undo_set *set);

/* ---- for people (undo_text.c) ---- */

/* Whether a reader must not see that column's values. */
typedef bool og_undo_is_hidden(void *context, const struct og_undo_table *table,
                               const struct og_undo_column *column);

/* undo.sql: a line per row, what would be done first comes first; keys that are whole numbers are
 * shown, every other value is a reference such as {3.note}. */
void og_undo_render_sql(const struct og_undo_set *set, const char *id, og_undo_is_hidden *is_hidden,
                        void *context, struct og_buf *out);
/* before.jsonl: a line per row. */
void og_undo_render_before(const struct og_undo_set *set, og_undo_is_hidden *is_hidden,
                           void *context, struct og_buf *out);
/* One row's line of undo.sql, without a line feed. */
void og_undo_render_row(const struct og_undo_set *set, size_t row, og_undo_is_hidden *is_hidden,
                        void *context, struct og_buf *out);
/* `"id" = 7 and "tag" = {3.tag}`: the row's key, before the change where there was one. */
void og_undo_render_key(const struct og_undo_set *set, size_t row, og_undo_is_hidden *is_hidden,
                        void *context, struct og_buf *out);

/* "1,3-5": row numbers from 1, as undo.sql counts them. picked: n_rows flags, set where named.
 * Returns: 0; -EINVAL. */
OG_MUST int og_undo_pick(const char *text, bool *picked, size_t n_rows);

#endif

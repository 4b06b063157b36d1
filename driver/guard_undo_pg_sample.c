/* SPDX-License-Identifier: MIT */
/* guard_undo_pg_sample.c - a few of the rows that a write on PostgreSQL changed, of each table the first ones
 * that are found. The write's transaction is still open, and will be taken back. */
#include "driver/guard_undo_pg_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define MAX_TABLES 4u
/* Places that are looked at for each row that is wanted: others may hold locks there. */
#define LOOKS_EACH 8u
#define MAX_PLACES_BYTES (64u * 1024u)
#define MAX_DISK_BYTES (UINT64_C(4096) * 1024 * 1024)
#define WORK_BYTES (8u * 1024u * 1024u)

/* The transaction's number: everything that it did bears this one or a later one. */
static int read_own_number(struct og_undo_pg *pg)
{
    struct og_undo_query *query = &pg->own;
    int r = og_undo_query_run_text(
        query, "SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text");

    if (r == 0)
        r = og_undo_query_next(query);
    return r == 0 ? og_undo_query_number(query, 0, &pg->first_xid) : -EIO;
}

static int read_old(struct og_undo_pg *pg, const struct og_undo_table *table, size_t n_wanted,
                    struct og_undo_pg_rows *out)
{
    struct og_undo_query *query = &pg->other;
    struct og_buf places;
    size_t n = 0;
    int r;

    og_buf_init(&places, MAX_PLACES_BYTES);
    r = og_undo_pg_find_gone(pg, table, n_wanted * LOOKS_EACH, &places, &n);
    if (r == 0 && n) {
        og_undo_query_begin(query);
        og_buf_append_str(&query->sql, "SELECT ");
        og_undo_put_columns(&query->sql, table);
        og_buf_append_str(&query->sql, " FROM ONLY ");
        og_undo_put_name(&query->sql, table);
        og_buf_printf(&query->sql, " o WHERE o.ctid = ANY (%s) LIMIT %zu", og_buf_str(&places), n_wanted);
        r = og_undo_query_run(query);
        if (r == 0)
            r = og_undo_pg_take_rows(pg, query, table, out);
    }
    og_buf_release(&places);
    return r;
}

static int read_inserted(struct og_undo_pg *pg, const struct og_undo_table *table, size_t n_wanted,
                         struct og_undo_pg_rows *out)
{
    og_undo_pg_ask_new(pg, table);
    og_buf_printf(&pg->own.sql, " LIMIT %zu", n_wanted);
    return og_undo_pg_take_new(pg, table, out);
}

/* Where none went, an old row without a new one of its key has another key now, which is not looked for. */
static void keep_found(struct og_undo_pg_rows *old, const struct og_undo_pg_rows *new)
{
    size_t n = 0;

    for (size_t i = 0; i < old->n_items; i++)
        for (size_t k = 0; k < new->n_items; k++)
            if (old->items[i].n_key == new->items[k].n_key &&
                memcmp(old->items[i].key, new->items[k].key, new->items[k].n_key) == 0) {
                old->items[n++] = old->items[i];
                break;
            }
    old->n_items = n;
}

/* What the rehearsed write did to it; the server's own counters may still hold what earlier transactions of
 * this session did. Returns false where it did nothing. */
static bool find_delta(const struct og_undo_pg *pg, const struct og_undo_table *table,
                       struct og_undo_pg_count *out)
{
    const struct og_measured *measured = &pg->stmt->rehearsal.measured;
    size_t n = strlen(table->schema);

    for (size_t i = 0; i < measured->n_tables; i++) {
        const struct og_measured_table *one = &measured->tables[i];

        if (strncmp(one->name, table->schema, n) == 0 && one->name[n] == '.' &&
            strcmp(one->name + n + 1, table->name) == 0) {
            *out = (struct og_undo_pg_count){
                .inserted = one->inserted, .updated = one->updated, .deleted = one->deleted};
            return true;
        }
    }
    return false;
}

/* Returns: 1 where it has a place in the sample; 0; < 0. */
static int sample_table(struct og_undo_pg *pg, struct og_undo_writer *writer, uint64_t oid)
{
    struct og_undo_pg_table table;
    struct og_undo_pg_count delta;
    struct og_undo_pg_rows old = {.items = NULL}, new = {.items = NULL};
    struct og_undo_pg_putting p = {.writer = writer, .table = &table.table};
    size_t n_wanted = (size_t)writer->max_rows_each;
    const char *why;
    int r = 0;

    if (og_undo_pg_describe(&pg->own, oid, &pg->arena, &table, &why) < 0)
        return table.table.n_columns ? 0 : og_undo_pg_stop(pg, why); /* without a key none is shown */
    if (!find_delta(pg, &table.table, &delta))
        return 0;
    if (table.n_disk_bytes > MAX_DISK_BYTES)
        return og_undo_pg_stop(pg, "a table that it changes is too large to be looked through");
    if (delta.updated || delta.deleted)
        r = read_old(pg, &table.table, n_wanted, &old);
    if (r == 0 && delta.updated && old.n_items)
        r = og_undo_pg_read_by_keys(pg, &table, &old, &new);
    if (r == 0 && !delta.deleted)
        keep_found(&old, &new);
    if (r == 0 && delta.inserted && !delta.updated)
        r = read_inserted(pg, &table.table, n_wanted, &new);
    if (r < 0)
        return og_undo_pg_stop(pg, "rows that it changed could not be read, or not in time");
    p.number = og_undo_put_table(writer, &table.table);
    og_undo_pg_put_rows(&p, &old, &new, false);
    return 1;
}

static int sample_tables(struct og_undo_pg *pg, struct og_undo_writer *writer)
{
    struct og_undo_pg_counts counts = {.items = NULL};
    size_t n = 0;
    int r = 0;

    og_undo_query_begin(&pg->other);
    og_undo_put_settings(&pg->other.sql, pg->settings, false);
    if (og_undo_query_run(&pg->other) < 0)
        return og_undo_pg_stop(pg, "the second connection to the database cannot be used");
    if (read_own_number(pg) < 0 || og_undo_pg_read_counts(pg, &counts) < 0)
        return og_undo_pg_stop(pg, "the server's counters cannot be read");
    og_undo_put_head(writer, OG_DIALECT_POSTGRESQL, pg->settings, "");
    for (size_t i = 0; i < counts.n_items && n < MAX_TABLES && r >= 0; i++) {
        r = counts.items[i].is_temporary ? 0 : sample_table(pg, writer, counts.items[i].oid);
        n += r > 0;
    }
    return r < 0 ? r : 0;
}

int og_undo_pg_sample(struct og_guard_stmt *stmt, struct og_undo_writer *writer, const char **why)
{
    struct og_undo_pg *pg = NULL;
    int r;

    *why = "the open transaction has changed rows before";
    if (stmt->rehearsal.has_written)
        return -EIO;
    r = og_undo_pg_new(stmt, WORK_BYTES, &pg, why);
    if (r == 0)
        r = sample_tables(pg, writer);
    if (r < 0 && pg && pg->why)
        *why = pg->why;
    (void)og_undo_pg_free(pg);
    return r;
}

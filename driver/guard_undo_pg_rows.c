/* SPDX-License-Identifier: MIT */
/* guard_undo_pg_rows.c - the rows of one table that a write on PostgreSQL changed: as they were, as they
 * are, and which became which. */
#include "driver/guard_undo_pg_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Tables that are larger are not read from end to end; the second connection has a limit of time besides. */
#define MAX_SCAN_BYTES (UINT64_C(4096) * 1024 * 1024)
/* The end of a table, where rows go that are inserted. */
#define TAIL_BYTES (UINT64_C(512) * 1024)
/* Rows that are looked up by their keys. */
#define MAX_LOOKUPS 200u
#define MAX_CANDIDATE_BYTES (64u * 1024u * 1024u)
/* Of an index, at most. */
#define MAX_KEY_COLUMNS 32

static const char too_large[] = "a table that it changes is too large to be looked through";

static const char *as_bytes(struct og_arena *arena, const struct og_undo_table *table,
                            const struct og_undo_value *values, bool of_key, size_t *n_bytes)
{
    struct og_buf buf;
    char *bytes;

    og_buf_init(&buf, OG_MAX_UNDO_BYTES);
    for (size_t i = 0; i < table->n_columns; i++)
        if (((table->columns[i].flags & OG_UNDO_KEY) != 0) == of_key)
            og_undo_append_value(&buf, &values[i]);
    bytes = og_buf_is_failed(&buf) ? NULL : og_arena_strndup(arena, og_buf_str(&buf), buf.n_bytes);
    *n_bytes = buf.n_bytes;
    og_buf_wipe(&buf);
    return bytes;
}

/* The rest of a query's rows, whose first column is column `first`. */
int og_undo_pg_take_rows(struct og_undo_pg *pg, struct og_undo_query *query,
                     const struct og_undo_table *table, struct og_undo_pg_rows *out)
{
    int r = 0;

    while ((r = og_undo_query_next(query)) == 0) {
        struct og_undo_pg_row *row = og_arena_push(&pg->arena, &out->items, &out->n_items, &out->max_items,
                                           sizeof(*row));
        struct og_undo_value *values =
            row ? og_arena_array(&pg->arena, table->n_columns, sizeof(*values)) : NULL;

        if (!values)
            return -ENOMEM;
        for (size_t i = 0; r == 0 && i < table->n_columns; i++)
            r = og_undo_query_bytes(query, i, &pg->arena, &values[i]);
        if (r < 0)
            return r;
        row->values = values;
        row->key = as_bytes(&pg->arena, table, values, true, &row->n_key);
        row->rest = as_bytes(&pg->arena, table, values, false, &row->n_rest);
        if (!row->key || !row->rest)
            return -ENOMEM;
    }
    return r < 0 ? r : 0;
}

/* Of everything that the transaction has changed so far, this statement included. */
static uint64_t first_xid(const struct og_undo_pg *pg)
{
    const struct og_undo_past *past = pg->stmt->dbc->undo_past;

    return past ? og_undo_past_first(past) : pg->first_xid;
}

/* Begins a question for rows that the transaction made; more conditions may follow. */
void og_undo_pg_ask_new(struct og_undo_pg *pg, const struct og_undo_table *table)
{
    struct og_undo_query *query = &pg->own;

    og_undo_query_begin(query);
    og_buf_append_str(&query->sql, "SELECT ");
    og_undo_put_columns(&query->sql, table);
    og_buf_append_str(&query->sql, " FROM ONLY ");
    og_undo_put_name(&query->sql, table);
    og_buf_append_str(&query->sql, " o WHERE ");
    og_undo_put_is_own(&query->sql, first_xid(pg));
}

int og_undo_pg_take_new(struct og_undo_pg *pg, const struct og_undo_table *table, struct og_undo_pg_rows *out)
{
    int r = og_undo_query_run(&pg->own);

    return r == 0 ? og_undo_pg_take_rows(pg, &pg->own, table, out) : r;
}

/* From end to end. */
static int scan_new(struct og_undo_pg *pg, const struct og_undo_pg_table *table, struct og_undo_pg_rows *out)
{
    if (table->n_disk_bytes > MAX_SCAN_BYTES)
        return og_undo_pg_stop(pg, too_large);
    og_undo_pg_ask_new(pg, &table->table);
    return og_undo_pg_take_new(pg, &table->table, out);
}

/* Those at the end of the table. */
static int read_tail(struct og_undo_pg *pg, const struct og_undo_pg_table *table, struct og_undo_pg_rows *out)
{
    uint64_t skipped = table->n_disk_bytes > TAIL_BYTES ? table->n_disk_bytes - TAIL_BYTES : 0;

    og_undo_pg_ask_new(pg, &table->table);
    og_buf_printf(&pg->own.sql, " AND o.ctid >= '(%" PRIu64 ",0)'::pg_catalog.tid",
                  table->n_block_bytes ? skipped / table->n_block_bytes : 0);
    return og_undo_pg_take_new(pg, &table->table, out);
}

/* Those under the keys that old rows had. */
int og_undo_pg_read_by_keys(struct og_undo_pg *pg, const struct og_undo_pg_table *table,
                        const struct og_undo_pg_rows *old, struct og_undo_pg_rows *out)
{
    const char *joint = " AND (";

    og_undo_pg_ask_new(pg, &table->table);
    for (size_t i = 0; i < old->n_items; i++, joint = " OR ") {
        og_buf_append_str(&pg->own.sql, joint);
        og_undo_put_key_is(&pg->own.sql, &table->table, old->items[i].values);
    }
    og_buf_append_char(&pg->own.sql, ')');
    return og_undo_pg_take_new(pg, &table->table, out);
}

/* What the statement alone did to a table by the server's counters, which never count too little: where as
 * many rows are found by a short way, those are all. */
int og_undo_pg_read_new(struct og_undo_pg *pg, const struct og_undo_pg_table *table,
                    const struct og_undo_pg_count *delta, const struct og_undo_pg_rows *old,
                     struct og_undo_pg_rows *out)
{
    int r = 0;

    if (pg->has_written)
        return scan_new(pg, table, out);
    if (!delta->inserted && !delta->updated)
        return 0;
    if (!delta->inserted && old->n_items && old->n_items <= MAX_LOOKUPS) {
        r = og_undo_pg_read_by_keys(pg, table, old, out);
        if (r < 0 || out->n_items == delta->updated)
            return r;
    } else if (!delta->updated) {
        r = read_tail(pg, table, out);
        if (r < 0 || out->n_items == delta->inserted)
            return r;
    }
    out->n_items = 0;
    return scan_new(pg, table, out);
}

/* Appends '{"(0,1)",...}' from the rows' first column; *n: how many. */
static int list_places(struct og_undo_query *query, struct og_buf *out, size_t *n)
{
    int r;

    *n = 0;
    og_buf_append_str(out, "'{");
    while ((r = og_undo_query_next(query)) == 0) {
        r = og_undo_query_field(query, 0);
        if (r < 0)
            return r;
        og_buf_printf(out, "%s\"%s\"", (*n)++ ? "," : "", og_buf_str(&query->field));
    }
    og_buf_append_str(out, "}'::pg_catalog.tid[]");
    return r < 0 || og_buf_is_failed(out) ? -EIO : 0;
}

/* "xmin:xmax:..." of this connection, as the server writes it: digits, colons and commas. */
static int read_snapshot(struct og_undo_pg *pg, const char **out)
{
    int r = og_undo_query_run_text(&pg->own,
                                   "SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text");

    if (r == 0)
        r = og_undo_query_next(&pg->own) == 0 ? og_undo_query_field(&pg->own, 0) : -EIO;
    *out = r == 0 ? og_arena_strdup(&pg->arena, og_buf_str(&pg->own.field)) : NULL;
    if (*out && strspn(*out, "0123456789:,") != strlen(*out))
        *out = NULL;
    return *out ? 0 : -EIO;
}

/* Places that the other connection sees a row at which somebody has locked or changed, and this one
 * does not. */
int og_undo_pg_find_gone(struct og_undo_pg *pg, const struct og_undo_table *table, size_t max,
                         struct og_buf *places, size_t *n)
{
    struct og_undo_query *query = &pg->other;
    const char *snapshot = NULL;
    struct og_buf candidates;
    int r = read_snapshot(pg, &snapshot);

    og_buf_init(&candidates, MAX_CANDIDATE_BYTES);
    og_undo_query_begin(query);
    og_buf_append_str(&query->sql, "SELECT o.ctid::pg_catalog.text FROM ONLY ");
    og_undo_put_name(&query->sql, table);
    og_buf_append_str(&query->sql, " o WHERE o.xmax <> '0'::pg_catalog.xid AND ");
    og_undo_put_is_older(&query->sql, snapshot ? snapshot : "0:0:");
    if (max)
        og_buf_printf(&query->sql, " LIMIT %zu", max);
    if (r == 0)
        r = og_undo_query_run(query);
    if (r == 0)
        r = list_places(query, &candidates, n);
    query = &pg->own;
    if (r == 0 && *n) {
        og_undo_query_begin(query);
        og_buf_printf(&query->sql, "SELECT p.p::pg_catalog.text FROM pg_catalog.unnest(%s) p(p)"
                                   " WHERE NOT EXISTS (SELECT 1 FROM ONLY ",
                      og_buf_str(&candidates));
        og_undo_put_name(&query->sql, table);
        og_buf_append_str(&query->sql, " o WHERE o.ctid = p.p)");
        r = og_undo_query_run(query);
        if (r == 0)
            r = list_places(query, places, n);
    }
    og_buf_release(&candidates);
    return r;
}

/* Read last from outside: what somebody else deleted and committed meanwhile is not seen there any more. */
int og_undo_pg_read_old(struct og_undo_pg *pg, const struct og_undo_pg_table *of,
                    const struct og_undo_pg_count *delta, struct og_undo_pg_rows *out)
{
    const struct og_undo_table *table = &of->table;
    struct og_undo_query *query = &pg->other;
    struct og_buf places;
    size_t n = 0;
    int r;

    if (!pg->has_written && !delta->updated && !delta->deleted)
        return 0;
    if (of->n_disk_bytes > MAX_SCAN_BYTES)
        return og_undo_pg_stop(pg, too_large);
    og_buf_init(&places, MAX_CANDIDATE_BYTES);
    r = og_undo_pg_find_gone(pg, table, 0, &places, &n);
    if (r == 0 && n) {
        og_undo_query_begin(query);
        og_buf_append_str(&query->sql, "SELECT ");
        og_undo_put_columns(&query->sql, table);
        og_buf_append_str(&query->sql, " FROM ONLY ");
        og_undo_put_name(&query->sql, table);
        og_buf_printf(&query->sql, " o WHERE o.ctid = ANY (%s)", og_buf_str(&places));
        r = og_undo_query_run(query);
        if (r == 0)
            r = og_undo_pg_take_rows(pg, query, table, out);
    }
    og_buf_release(&places);
    return r;
}

/* ---- old and new together ---- */

static int compare(const char *a, size_t n_a, const char *b, size_t n_b)
{
    int r = memcmp(a, b, n_a < n_b ? n_a : n_b);

    return r ? r : n_a < n_b ? -1 : n_a > n_b;
}

static int by_key(const void *left, const void *right)
{
    const struct og_undo_pg_row *a = left, *b = right;

    return compare(a->key, a->n_key, b->key, b->n_key);
}

static int by_rest(const void *left, const void *right)
{
    const struct og_undo_pg_row *a = left, *b = right;

    if (a->is_matched != b->is_matched)
        return a->is_matched - b->is_matched;
    return compare(a->rest, a->n_rest, b->rest, b->n_rest);
}

static void sort(struct og_undo_pg_rows *rows, int (*how)(const void *, const void *))
{
    if (rows->n_items)
        qsort(rows->items, rows->n_items, sizeof(*rows->items), how);
}

static void put_after(const struct og_undo_pg_putting *p, uint32_t row, const struct og_undo_pg_row *new)
{
    struct og_undo_value key[MAX_KEY_COLUMNS];
    size_t n = 0;

    for (size_t i = 0; i < p->table->n_columns && n < OG_COUNT(key); i++)
        if (p->table->columns[i].flags & OG_UNDO_KEY)
            key[n++] = new->values[i];
    og_undo_put_key(p->writer, row, key, n);
    og_undo_put_after(p->writer, row, new->values, p->table->n_columns);
    if (p->past)
        og_undo_past_set(p->past, p->table->id, new->key, new->n_key, new->values,
                         p->table->n_columns);
}

static void put_gone(const struct og_undo_pg_putting *p, const struct og_undo_pg_row *old)
{
    if (p->past)
        og_undo_past_set(p->past, p->table->id, old->key, old->n_key, NULL, 0);
}

static bool is_same_key(const struct og_undo_pg_row *a, const struct og_undo_pg_row *b)
{
    return compare(a->key, a->n_key, b->key, b->n_key) == 0;
}

static void put_update(const struct og_undo_pg_putting *p, struct og_undo_pg_row *old,
                       struct og_undo_pg_row *new)
{
    uint32_t row;

    old->is_matched = new->is_matched = true;
    if (old->is_past && is_same_key(old, new) &&
        compare(old->rest, old->n_rest, new->rest, new->n_rest) == 0)
        return; /* changed before in the transaction, and not by this statement */
    row = og_undo_put_row(p->writer, p->number, OG_UNDO_UPDATED, old->values, p->table->n_columns);
    if (!is_same_key(old, new))
        put_gone(p, old);
    put_after(p, row, new);
}

void og_undo_pg_put_rows(const struct og_undo_pg_putting *p, struct og_undo_pg_rows *old,
                         struct og_undo_pg_rows *new, bool is_all_updates)
{
    size_t i = 0, k = 0;

    sort(old, by_key);
    sort(new, by_key);
    while (i < old->n_items && k < new->n_items) {
        int order = by_key(&old->items[i], &new->items[k]);

        if (order == 0)
            put_update(p, &old->items[i++], &new->items[k++]);
        else
            i += order < 0, k += order > 0;
    }
    /* Rows whose keys were changed: which was which shows by the rest of them, and makes no difference
     * to what comes back. */
    sort(old, by_rest);
    sort(new, by_rest);
    for (i = k = 0; i < old->n_items && k < new->n_items && !old->items[i].is_matched &&
                    !new->items[k].is_matched;) {
        int order = is_all_updates ? 0 : by_rest(&old->items[i], &new->items[k]);

        if (order == 0)
            put_update(p, &old->items[i++], &new->items[k++]);
        else
            i += order < 0, k += order > 0;
    }
    for (i = 0; i < old->n_items; i++)
        if (!old->items[i].is_matched) {
            (void)og_undo_put_row(p->writer, p->number, OG_UNDO_DELETED, old->items[i].values,
                                  p->table->n_columns);
            put_gone(p, &old->items[i]);
        }
    for (k = 0; k < new->n_items; k++)
        if (!new->items[k].is_matched)
            put_after(p, og_undo_put_row(p->writer, p->number, OG_UNDO_INSERTED, NULL, 0),
                      &new->items[k]);
}

/* The rows as they were before this statement: what the transaction changed before stands over what the
 * other connection sees. */
int og_undo_pg_apply_past(struct og_undo_pg *pg, const struct og_undo_table *table,
                          struct og_undo_pg_rows *old)
{
    const struct og_undo_past *past = pg->stmt->dbc->undo_past;
    const struct og_undo_past_row *rows;
    struct og_undo_past_row found;
    size_t n = 0, n_kept = 0;

    rows = past && pg->has_written ? og_undo_past_rows(past, table->id, &n) : NULL;
    for (size_t i = 0; n && i < old->n_items; i++)
        if (!og_undo_past_find(past, table->id, old->items[i].key, old->items[i].n_key, &found))
            old->items[n_kept++] = old->items[i];
    if (n)
        old->n_items = n_kept;
    for (size_t i = 0; i < n; i++) {
        struct og_undo_pg_row *row;

        if (!rows[i].values)
            continue;
        row = og_arena_push(&pg->arena, &old->items, &old->n_items, &old->max_items, sizeof(*row));
        if (!row)
            return -ENOMEM;
        *row = (struct og_undo_pg_row){.values = rows[i].values,
                               .key = rows[i].key,
                               .n_key = rows[i].n_key,
                               .is_past = true};
        row->rest = as_bytes(&pg->arena, table, row->values, false, &row->n_rest);
        if (!row->rest)
            return -ENOMEM;
    }
    return 0;
}


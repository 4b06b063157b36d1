/* SPDX-License-Identifier: MIT */
/* guard_undo_pg.c - what a write on PostgreSQL changed. The server's own counters say in which tables
 * (pg_stat_xact_user_tables: triggers and cascades too). In each of them the rows as they are now are those
 * whose version a transaction in progress made that this connection can see, which is its own; the rows as
 * they were are those that the guard's second connection, outside of the uncommitted transaction, still sees
 * and this one does not. Nobody else can change either before the commit: the write holds their locks. */
#include "driver/guard_undo_pg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "driver/guard.h"

/* Tables that are larger are not read from end to end; the second connection has a limit of time besides. */
#define MAX_SCAN_BYTES (UINT64_C(4096) * 1024 * 1024)
/* The end of a table, where rows go that are inserted. */
#define TAIL_BYTES (UINT64_C(512) * 1024)
/* Rows that are looked up by their keys. */
#define MAX_LOOKUPS 200u
#define MAX_CANDIDATE_BYTES (64u * 1024u * 1024u)
#define OVERHEAD_BYTES ((size_t)16 * 1024 * 1024)
/* Of an index, at most. */
#define MAX_KEY_COLUMNS 32

struct og_undo_pg_count {
    uint64_t oid, inserted, updated, deleted, is_temporary;
};

struct counts {
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
    struct counts before;
    const char *why;
};

static const char too_large[] = "a table that it changes is too large to be looked through";

static int stop(struct og_undo_pg *pg, const char *why)
{
    if (!pg->why)
        pg->why = why;
    return -EIO;
}

/* ---- the server's counters ---- */

static int read_counts(struct og_undo_pg *pg, struct counts *out)
{
    struct og_undo_query *query = &pg->own;
    int r = og_undo_query_run_text(
        query, "SELECT s.relid::pg_catalog.int8,s.n_tup_ins,s.n_tup_upd,s.n_tup_del,"
               "(c.relpersistence = 't')::pg_catalog.int4 FROM"
               " pg_catalog.pg_stat_xact_user_tables s JOIN pg_catalog.pg_class c ON c.oid = s.relid"
               " WHERE s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0");

    out->n_items = 0;
    while (r == 0 && (r = og_undo_query_next(query)) == 0) {
        struct og_undo_pg_count *count = og_arena_push(&pg->arena, &out->items, &out->n_items,
                                                       &out->max_items, sizeof(*count));

        r = count ? og_undo_query_number(query, 0, &count->oid) : -ENOMEM;
        if (r == 0)
            r = og_undo_query_number(query, 1, &count->inserted);
        if (r == 0)
            r = og_undo_query_number(query, 2, &count->updated);
        if (r == 0)
            r = og_undo_query_number(query, 3, &count->deleted);
        if (r == 0)
            r = og_undo_query_number(query, 4, &count->is_temporary);
    }
    return r < 0 ? r : 0;
}

static struct og_undo_pg_count count_of(const struct counts *counts, uint64_t oid)
{
    for (size_t i = 0; i < counts->n_items; i++)
        if (counts->items[i].oid == oid)
            return counts->items[i];
    return (struct og_undo_pg_count){.oid = oid};
}

/* ---- what the transaction did before ---- */

static uint64_t total_of(const struct og_undo_pg_count *count)
{
    return count->inserted + count->updated + count->deleted;
}

/* Whether every change of the open transaction so far was kept, so that the past is known. */
static bool is_followed(const struct og_undo_pg *pg, uint64_t oid)
{
    const struct og_undo_past *past = pg->stmt->dbc->undo_past;
    struct og_undo_pg_count before = count_of(&pg->before, oid);

    if (!pg->has_written)
        return true;
    return past && og_undo_past_holds(past, oid, total_of(&before));
}

void og_undo_pg_ended(struct og_guard_dbc *dbc)
{
    dbc->undo_past = og_undo_past_free(dbc->undo_past);
}

void og_undo_pg_lost(struct og_guard_dbc *dbc)
{
    if (dbc->undo_past)
        og_undo_past_lose(dbc->undo_past);
}

void og_undo_pg_taken_back(struct og_guard_dbc *dbc)
{
    if (dbc->undo_past)
        og_undo_past_recount(dbc->undo_past);
}

/* Where more changes of the same transaction may follow: what is known of those before. */
static void open_past(struct og_undo_pg *pg)
{
    struct og_guard_dbc *dbc = pg->stmt->dbc;

    if (pg->has_written)
        return;
    dbc->undo_past = og_undo_past_free(dbc->undo_past);
    if (!dbc->is_autocommit || dbc->is_explicit_transaction)
        dbc->undo_past = og_undo_past_new(pg->first_xid, 4 * (size_t)pg->stmt->verdict.undo_bytes);
}

/* What this statement leaves behind for the next one. A table with changes that were not kept is never
 * known again. */
static void count_past(struct og_undo_pg *pg, const struct counts *after)
{
    struct og_undo_past *past = pg->stmt->dbc->undo_past;
    uint64_t *totals = og_arena_array(&pg->arena, after->n_items + 1, sizeof(*totals));

    if (past && !totals)
        og_undo_past_lose(past);
    for (size_t i = 0; past && totals && i < after->n_items; i++)
        totals[i] = is_followed(pg, after->items[i].oid) ? total_of(&after->items[i]) : UINT64_MAX;
    for (size_t i = 0; past && totals && i < after->n_items; i++)
        og_undo_past_count(past, after->items[i].oid, totals[i]);
}

/* ---- beginning ---- */

static int read_state(struct og_undo_pg *pg)
{
    struct og_undo_query *query = &pg->own;
    int r;

    og_undo_query_begin(query);
    og_buf_printf(&query->sql,
                  "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())"
                  "::pg_catalog.text,(pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL)"
                  "::pg_catalog.int4,pg_catalog.current_setting('track_counts'),%s",
                  og_undo_settings_sql);
    r = og_undo_query_run(query);
    if (r == 0)
        r = og_undo_query_next(query);
    if (r == 0) {
        uint64_t has_written;

        r = og_undo_query_number(query, 0, &pg->first_xid);
        if (r == 0)
            r = og_undo_query_number(query, 1, &has_written);
        pg->has_written = r != 0 || has_written;
        if (r == 0)
            r = og_undo_query_field(query, 2);
        if (r == 0 && strcmp(og_buf_str(&query->field), "on") != 0)
            return stop(pg, "the server counts no rows: have it set track_counts = on");
        if (r == 0)
            r = og_undo_query_text(query, 3, &pg->arena, &pg->settings);
    }
    return r ? stop(pg, "the server's state cannot be read") : 0;
}

struct og_undo_pg *og_undo_pg_free(struct og_undo_pg *pg)
{
    if (!pg)
        return NULL;
    og_undo_query_close(&pg->own);
    og_undo_query_close(&pg->other);
    og_arena_release(&pg->arena);
    free(pg);
    return NULL;
}

/* ---- the rows of one table ---- */

struct pg_row {
    const struct og_undo_value *values;
    const char *key, *rest; /* as bytes, for sorting */
    size_t n_key, n_rest;
    bool is_matched;
    bool is_past; /* from what the transaction did before */
};

struct pg_rows {
    struct pg_row *items;
    size_t n_items, max_items;
};

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
static int take_rows(struct og_undo_pg *pg, struct og_undo_query *query,
                     const struct og_undo_table *table, struct pg_rows *out)
{
    int r = 0;

    while ((r = og_undo_query_next(query)) == 0) {
        struct pg_row *row = og_arena_push(&pg->arena, &out->items, &out->n_items, &out->max_items,
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
static void ask_new(struct og_undo_pg *pg, const struct og_undo_table *table)
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

static int take_new(struct og_undo_pg *pg, const struct og_undo_table *table, struct pg_rows *out)
{
    int r = og_undo_query_run(&pg->own);

    return r == 0 ? take_rows(pg, &pg->own, table, out) : r;
}

/* From end to end. */
static int scan_new(struct og_undo_pg *pg, const struct og_undo_pg_table *table, struct pg_rows *out)
{
    if (table->n_disk_bytes > MAX_SCAN_BYTES)
        return stop(pg, too_large);
    ask_new(pg, &table->table);
    return take_new(pg, &table->table, out);
}

/* Those at the end of the table. */
static int read_tail(struct og_undo_pg *pg, const struct og_undo_pg_table *table, struct pg_rows *out)
{
    uint64_t skipped = table->n_disk_bytes > TAIL_BYTES ? table->n_disk_bytes - TAIL_BYTES : 0;

    ask_new(pg, &table->table);
    og_buf_printf(&pg->own.sql, " AND o.ctid >= '(%" PRIu64 ",0)'::pg_catalog.tid",
                  table->n_block_bytes ? skipped / table->n_block_bytes : 0);
    return take_new(pg, &table->table, out);
}

/* Those under the keys that old rows had. */
static int read_by_keys(struct og_undo_pg *pg, const struct og_undo_pg_table *table,
                        const struct pg_rows *old, struct pg_rows *out)
{
    const char *joint = " AND (";

    ask_new(pg, &table->table);
    for (size_t i = 0; i < old->n_items; i++, joint = " OR ") {
        og_buf_append_str(&pg->own.sql, joint);
        og_undo_put_key_is(&pg->own.sql, &table->table, old->items[i].values);
    }
    og_buf_append_char(&pg->own.sql, ')');
    return take_new(pg, &table->table, out);
}

/* What the statement alone did to a table by the server's counters, which never count too little: where as
 * many rows are found by a short way, those are all. */
static int read_new(struct og_undo_pg *pg, const struct og_undo_pg_table *table,
                    const struct og_undo_pg_count *delta, const struct pg_rows *old, struct pg_rows *out)
{
    int r = 0;

    if (pg->has_written)
        return scan_new(pg, table, out);
    if (!delta->inserted && !delta->updated)
        return 0;
    if (!delta->inserted && old->n_items && old->n_items <= MAX_LOOKUPS) {
        r = read_by_keys(pg, table, old, out);
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
static int find_gone(struct og_undo_pg *pg, const struct og_undo_table *table, struct og_buf *places,
                     size_t *n)
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
static int read_old(struct og_undo_pg *pg, const struct og_undo_pg_table *of,
                    const struct og_undo_pg_count *delta, struct pg_rows *out)
{
    const struct og_undo_table *table = &of->table;
    struct og_undo_query *query = &pg->other;
    struct og_buf places;
    size_t n = 0;
    int r;

    if (!pg->has_written && !delta->updated && !delta->deleted)
        return 0;
    if (of->n_disk_bytes > MAX_SCAN_BYTES)
        return stop(pg, too_large);
    og_buf_init(&places, MAX_CANDIDATE_BYTES);
    r = find_gone(pg, table, &places, &n);
    if (r == 0 && n) {
        og_undo_query_begin(query);
        og_buf_append_str(&query->sql, "SELECT ");
        og_undo_put_columns(&query->sql, table);
        og_buf_append_str(&query->sql, " FROM ONLY ");
        og_undo_put_name(&query->sql, table);
        og_buf_printf(&query->sql, " o WHERE o.ctid = ANY (%s)", og_buf_str(&places));
        r = og_undo_query_run(query);
        if (r == 0)
            r = take_rows(pg, query, table, out);
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
    const struct pg_row *a = left, *b = right;

    return compare(a->key, a->n_key, b->key, b->n_key);
}

static int by_rest(const void *left, const void *right)
{
    const struct pg_row *a = left, *b = right;

    if (a->is_matched != b->is_matched)
        return a->is_matched - b->is_matched;
    return compare(a->rest, a->n_rest, b->rest, b->n_rest);
}

static void sort(struct pg_rows *rows, int (*how)(const void *, const void *))
{
    if (rows->n_items)
        qsort(rows->items, rows->n_items, sizeof(*rows->items), how);
}

/* Of one table: what goes where. */
struct putting {
    struct og_undo_writer *writer;
    uint32_t number;
    const struct og_undo_table *table;
    struct og_undo_past *past; /* NULL: nothing follows in the same transaction */
};

static void put_after(const struct putting *p, uint32_t row, const struct pg_row *new)
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

static void put_gone(const struct putting *p, const struct pg_row *old)
{
    if (p->past)
        og_undo_past_set(p->past, p->table->id, old->key, old->n_key, NULL, 0);
}

static bool is_same_key(const struct pg_row *a, const struct pg_row *b)
{
    return compare(a->key, a->n_key, b->key, b->n_key) == 0;
}

static void put_update(const struct putting *p, struct pg_row *old, struct pg_row *new)
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

static void put_rows(const struct putting *p, struct pg_rows *old, struct pg_rows *new,
                     bool is_all_updates)
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
static int apply_past(struct og_undo_pg *pg, const struct og_undo_table *table, struct pg_rows *old)
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
        struct pg_row *row;

        if (!rows[i].values)
            continue;
        row = og_arena_push(&pg->arena, &old->items, &old->n_items, &old->max_items, sizeof(*row));
        if (!row)
            return -ENOMEM;
        *row = (struct pg_row){.values = rows[i].values,
                               .key = rows[i].key,
                               .n_key = rows[i].n_key,
                               .is_past = true};
        row->rest = as_bytes(&pg->arena, table, row->values, false, &row->n_rest);
        if (!row->rest)
            return -ENOMEM;
    }
    return 0;
}

/* The guard has run what was deferred by now (guard_measure.c). */
static bool is_committed_at_once(const struct og_undo_pg *pg)
{
    return pg->stmt->dbc->is_autocommit && !pg->stmt->measure.is_inside;
}

static int stop_reading(struct og_undo_pg *pg)
{
    if (og_arena_is_failed(&pg->arena))
        return stop(pg, "");
    if (memcmp(pg->other.sqlstate, "57014", 5) == 0 || memcmp(pg->own.sqlstate, "57014", 5) == 0)
        return stop(pg, "a table that it changes could not be looked through in time");
    return stop(pg, "rows that it changed cannot be read by this role");
}

static int capture_table(struct og_undo_pg *pg, struct og_undo_writer *writer,
                         const struct og_undo_pg_count *after)
{
    struct og_undo_pg_count before = count_of(&pg->before, after->oid);
    struct og_undo_pg_table table;
    struct pg_rows old = {.items = NULL}, new = {.items = NULL};
    struct putting p = {.writer = writer, .table = &table.table, .past = pg->stmt->dbc->undo_past};
    const struct og_undo_pg_count delta = {.inserted = after->inserted - before.inserted,
                                           .updated = after->updated - before.updated,
                                           .deleted = after->deleted - before.deleted};
    const char *why;
    int r = og_undo_pg_describe(&pg->own, after->oid, &pg->arena, &table, &why);

    if (r < 0)
        return stop(pg, why);
    if (!is_followed(pg, after->oid))
        return stop(pg, "its transaction has changes that were not kept, or went back to a savepoint: "
                        "commit first");
    if (table.has_late_triggers && !is_committed_at_once(pg))
        return stop(pg, "a table that it changes has a trigger that runs at the commit (DEFERRABLE INITIALLY "
                        "DEFERRED), which may change more rows then: write it with autocommit on");
    r = read_old(pg, &table, &delta, &old);
    if (r == 0)
        r = read_new(pg, &table, &delta, &old, &new);
    if (r == 0)
        r = apply_past(pg, &table.table, &old);
    if (r < 0)
        return stop_reading(pg);
    p.number = og_undo_put_table(writer, &table.table);
    put_rows(&p, &old, &new, !delta.inserted && !delta.deleted);
    return 0;
}

/* ---- TRUNCATE ---- */

static bool is_truncated(const struct og_undo_pg *pg, uint64_t oid)
{
    const struct og_facts *facts = &pg->stmt->facts;

    for (size_t i = 0; i < facts->n_effects; i++)
        if (facts->effects[i].effect == OG_EFFECT_TRUNCATE &&
            facts->effects[i].object != OG_NO_OBJECT &&
            facts->objects[facts->effects[i].object].id == oid)
            return true;
    return false;
}

static bool is_cascade(const struct og_guard_stmt *stmt)
{
    for (size_t i = 0; i < stmt->lex.n_tokens; i++)
        if (og_undo_is_word(stmt, i, "CASCADE"))
            return true;
    return false;
}

static int has_heirs(struct og_undo_pg *pg, uint64_t oid)
{
    struct og_undo_query *query = &pg->own;
    int r;

    og_undo_query_begin(query);
    og_buf_printf(&query->sql, "SELECT 1 FROM pg_catalog.pg_inherits WHERE inhparent = %" PRIu64
                               " LIMIT 1", oid);
    r = og_undo_query_run(query);
    return r == 0 ? og_undo_query_next(query) == 0 : r;
}

/* Every row, under the lock that the statement takes itself. */
static int copy_table(struct og_undo_pg *pg, struct og_undo_writer *writer, uint64_t oid)
{
    struct og_undo_query *query = &pg->own;
    struct og_undo_pg_table table;
    struct pg_rows rows = {.items = NULL};
    struct putting p = {.writer = writer, .table = &table.table, .past = pg->stmt->dbc->undo_past};
    const char *why;
    int r;

    if (og_undo_pg_describe(query, oid, &pg->arena, &table, &why) < 0)
        return stop(pg, why);
    if (has_heirs(pg, oid) != 0)
        return stop(pg, "TRUNCATE of a table with heirs empties those too: empty them one by one");
    og_undo_query_begin(query);
    og_buf_append_str(&query->sql, "LOCK TABLE ONLY ");
    og_undo_put_name(&query->sql, &table.table);
    og_buf_append_str(&query->sql, " IN ACCESS EXCLUSIVE MODE");
    r = og_undo_query_run(query);
    if (r == 0) {
        og_undo_query_begin(query);
        og_buf_append_str(&query->sql, "SELECT ");
        og_undo_put_columns(&query->sql, &table.table);
        og_buf_append_str(&query->sql, " FROM ONLY ");
        og_undo_put_name(&query->sql, &table.table);
        og_buf_append_str(&query->sql, " o");
        r = og_undo_query_run(query);
    }
    if (r == 0)
        r = take_rows(pg, query, &table.table, &rows);
    if (r < 0)
        return stop(pg, og_arena_is_failed(&pg->arena) ? ""
                                                       : "the table's rows cannot be read or locked");
    p.number = og_undo_put_table(writer, &table.table);
    put_rows(&p, &rows, &(struct pg_rows){.items = NULL}, false);
    return og_undo_writer_is_failed(writer) ? stop(pg, "") : 0;
}

static int copy_truncated(struct og_undo_pg *pg, struct og_undo_writer *writer)
{
    const struct og_facts *facts = &pg->stmt->facts;
    int r = 0;

    for (size_t i = 0; r == 0 && i < facts->n_effects; i++) {
        size_t object = facts->effects[i].object;

        if (facts->effects[i].effect != OG_EFFECT_TRUNCATE ||
            (object != OG_NO_OBJECT && facts->objects[object].is_temporary))
            continue;
        if (is_cascade(pg->stmt))
            return stop(pg, "TRUNCATE ... CASCADE empties tables that it does not name: name them all");
        if (object == OG_NO_OBJECT || !facts->objects[object].id)
            return stop(pg, "which table TRUNCATE empties is not known");
        r = copy_table(pg, writer, facts->objects[object].id);
    }
    return r;
}

int og_undo_pg_begin(struct og_guard_stmt *stmt, struct og_undo_writer *writer,
                     struct og_undo_pg **out, const char **why)
{
    struct og_undo_pg *pg = calloc(1, sizeof(*pg));
    const struct og_layer *other = og_pg_catalog_layer(stmt->dbc->catalog);
    int r;

    *out = NULL;
    *why = "memory is short";
    if (!pg)
        return -EIO;
    pg->stmt = stmt;
    og_arena_init(&pg->arena, 3 * (size_t)stmt->verdict.undo_bytes + OVERHEAD_BYTES);
    r = og_undo_query_open(&pg->own, stmt->object.calls, stmt->dbc->object.below);
    if (r == 0)
        r = og_undo_query_open(&pg->other, other->calls, other->dbc);
    if (r == 0)
        r = read_state(pg);
    if (r == 0 && read_counts(pg, &pg->before) < 0)
        r = stop(pg, "the server's counters cannot be read");
    if (r == 0) {
        open_past(pg);
        og_undo_put_head(writer, OG_DIALECT_POSTGRESQL, pg->settings, "");
        r = copy_truncated(pg, writer);
    }
    if (r < 0) {
        *why = pg->why ? pg->why : *why;
        (void)og_undo_pg_free(pg);
        return -EIO;
    }
    *out = pg;
    return 0;
}

/* Whether the open transaction made the table: then it was empty before, and nobody else knows of it. */
static bool is_made_here(struct og_undo_pg *pg, uint64_t oid)
{
    struct og_undo_query *query = &pg->other;

    if (!pg->stmt->facts.changes_catalog && !pg->stmt->dbc->has_open_ddl)
        return false;
    og_undo_query_begin(query);
    og_buf_printf(&query->sql, "SELECT 1 FROM pg_catalog.pg_class WHERE oid = %" PRIu64, oid);
    return og_undo_query_run(query) == 0 && og_undo_query_next(query) == 1;
}

static int capture(struct og_undo_pg *pg, struct og_undo_writer *writer, struct counts *after)
{
    bool is_any = false;
    int r = 0;

    og_undo_query_begin(&pg->other);
    og_undo_put_settings(&pg->other.sql, pg->settings, false);
    if (og_undo_query_run(&pg->other) < 0)
        return stop(pg, "the second connection to the database cannot be used");
    for (size_t i = 0; r == 0 && i < after->n_items; i++) {
        struct og_undo_pg_count before = count_of(&pg->before, after->items[i].oid);

        if (total_of(&before) == total_of(&after->items[i]) ||
            is_truncated(pg, after->items[i].oid))
            continue;
        is_any = true;
        /* What ends with its session nobody could take back; of what is made here no row was before. */
        if (after->items[i].is_temporary || is_made_here(pg, after->items[i].oid))
            continue;
        r = capture_table(pg, writer, &after->items[i]);
    }
    if (r == 0 && !is_any) {
        SQLLEN rows = 0;

        (void)pg->stmt->object.calls->SQLRowCount(pg->stmt->object.below, &rows);
        if (rows > 0 && !pg->stmt->undo.command && !pg->stmt->facts.returns_rows)
            return stop(pg, "the server does not count the rows of what it changes (a foreign table)");
    }
    return r;
}

int og_undo_pg_finish(struct og_undo_pg *pg, struct og_undo_writer *writer, const char **why)
{
    struct counts after = {.items = NULL};
    int r = read_counts(pg, &after);

    if (r < 0)
        r = stop(pg, "the server's counters cannot be read");
    if (r == 0)
        r = capture(pg, writer, &after);
    if (r == 0 && og_undo_writer_is_failed(writer))
        r = stop(pg, "");
    if (r == 0)
        count_past(pg, &after);
    else
        og_undo_pg_lost(pg->stmt->dbc); /* the write may stay all the same */
    *why = pg->why ? pg->why : "";
    return r;
}

/* SPDX-License-Identifier: MIT */
/* guard_undo_pg.c - what a write on PostgreSQL changed. The server's own counters say in which tables
 * (pg_stat_xact_user_tables: triggers and cascades too). In each of them the rows as they are now are those
 * whose version a transaction in progress made that this connection can see, which is its own; the rows as
 * they were are those that the guard's second connection, outside of the uncommitted transaction, still sees
 * and this one does not. Nobody else can change either before the commit: the write holds their locks. */
#include "driver/guard_undo_pg_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OVERHEAD_BYTES ((size_t)16 * 1024 * 1024)

int og_undo_pg_stop(struct og_undo_pg *pg, const char *why)
{
    if (!pg->why)
        pg->why = why;
    return -EIO;
}

/* ---- the server's counters ---- */

int og_undo_pg_read_counts(struct og_undo_pg *pg, struct og_undo_pg_counts *out)
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

static struct og_undo_pg_count count_of(const struct og_undo_pg_counts *counts, uint64_t oid)
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
static void count_past(struct og_undo_pg *pg, const struct og_undo_pg_counts *after)
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
            return og_undo_pg_stop(pg, "the server counts no rows: have it set track_counts = on");
        if (r == 0)
            r = og_undo_query_text(query, 3, &pg->arena, &pg->settings);
    }
    return r ? og_undo_pg_stop(pg, "the server's state cannot be read") : 0;
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

/* The guard has run what was deferred by now (guard_measure.c). */
static bool is_committed_at_once(const struct og_undo_pg *pg)
{
    return pg->stmt->dbc->is_autocommit && !pg->stmt->measure.is_inside;
}

static int stop_reading(struct og_undo_pg *pg)
{
    if (og_arena_is_failed(&pg->arena))
        return og_undo_pg_stop(pg, "");
    if (memcmp(pg->other.sqlstate, "57014", 5) == 0 || memcmp(pg->own.sqlstate, "57014", 5) == 0)
        return og_undo_pg_stop(pg, "a table that it changes could not be looked through in time");
    return og_undo_pg_stop(pg, "rows that it changed cannot be read by this role");
}

static int capture_table(struct og_undo_pg *pg, struct og_undo_writer *writer,
                         const struct og_undo_pg_count *after)
{
    struct og_undo_pg_count before = count_of(&pg->before, after->oid);
    struct og_undo_pg_table table;
    struct og_undo_pg_rows old = {.items = NULL}, new = {.items = NULL};
    struct og_undo_pg_putting p = {.writer = writer, .table = &table.table, .past = pg->stmt->dbc->undo_past};
    const struct og_undo_pg_count delta = {.inserted = after->inserted - before.inserted,
                                           .updated = after->updated - before.updated,
                                           .deleted = after->deleted - before.deleted};
    const char *why;
    int r = og_undo_pg_describe(&pg->own, after->oid, &pg->arena, &table, &why);

    if (r < 0 && writer->takes_parts && table.table.n_columns) {
        og_undo_put_partly(writer, &table.table, why);
        return 0;
    }
    if (r < 0)
        return og_undo_pg_stop(pg, why);
    if (!is_followed(pg, after->oid))
        return og_undo_pg_stop(pg, "its transaction has changes that were not kept, or went back to a "
                                   "savepoint: commit first");
    if (table.has_late_triggers && !is_committed_at_once(pg))
        return og_undo_pg_stop(pg, "a table that it changes has a trigger that runs at the commit "
                                   "(DEFERRABLE INITIALLY DEFERRED), which may change more rows then: write "
                                   "it with autocommit on");
    r = og_undo_pg_read_old(pg, &table, &delta, &old);
    if (r == 0)
        r = og_undo_pg_read_new(pg, &table, &delta, &old, &new);
    if (r == 0)
        r = og_undo_pg_apply_past(pg, &table.table, &old);
    if (r < 0)
        return stop_reading(pg);
    p.number = og_undo_put_table(writer, &table.table);
    og_undo_pg_put_rows(&p, &old, &new, !delta.inserted && !delta.deleted);
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
    struct og_undo_pg_rows rows = {.items = NULL};
    struct og_undo_pg_putting p = {.writer = writer, .table = &table.table, .past = pg->stmt->dbc->undo_past};
    const char *why;
    int r;

    if (og_undo_pg_describe(query, oid, &pg->arena, &table, &why) < 0)
        return og_undo_pg_stop(pg, why);
    if (has_heirs(pg, oid) != 0)
        return og_undo_pg_stop(pg, "TRUNCATE of a table with heirs empties those too: empty them one by one");
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
        r = og_undo_pg_take_rows(pg, query, &table.table, &rows);
    if (r < 0)
        return og_undo_pg_stop(pg, og_arena_is_failed(&pg->arena) ? ""
                                                       : "the table's rows cannot be read or locked");
    p.number = og_undo_put_table(writer, &table.table);
    og_undo_pg_put_rows(&p, &rows, &(struct og_undo_pg_rows){.items = NULL}, false);
    return og_undo_writer_is_failed(writer) ? og_undo_pg_stop(pg, "") : 0;
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
            return og_undo_pg_stop(pg, "TRUNCATE ... CASCADE empties tables that it does not name: name "
                                       "them all");
        if (object == OG_NO_OBJECT || !facts->objects[object].id)
            return og_undo_pg_stop(pg, "which table TRUNCATE empties is not known");
        r = copy_table(pg, writer, facts->objects[object].id);
    }
    return r;
}

int og_undo_pg_new(struct og_guard_stmt *stmt, size_t max_bytes, struct og_undo_pg **out, const char **why)
{
    struct og_undo_pg *pg = calloc(1, sizeof(*pg));
    const struct og_layer *other = og_pg_catalog_layer(stmt->dbc->catalog);
    int r;

    *out = NULL;
    *why = "memory is short";
    if (!pg)
        return -EIO;
    pg->stmt = stmt;
    og_arena_init(&pg->arena, max_bytes);
    r = og_undo_query_open(&pg->own, stmt->object.calls, stmt->dbc->object.below);
    if (r == 0)
        r = og_undo_query_open(&pg->other, other->calls, other->dbc);
    if (r == 0)
        r = read_state(pg);
    if (r == 0) {
        *out = pg;
        return 0;
    }
    *why = pg->why ? pg->why : *why;
    (void)og_undo_pg_free(pg);
    return -EIO;
}

int og_undo_pg_begin(struct og_guard_stmt *stmt, struct og_undo_writer *writer,
                     struct og_undo_pg **out, const char **why)
{
    struct og_undo_pg *pg;
    int r = og_undo_pg_new(stmt, 3 * (size_t)stmt->verdict.undo_bytes + OVERHEAD_BYTES, out, why);

    if (r < 0)
        return r;
    pg = *out;
    if (og_undo_pg_read_counts(pg, &pg->before) < 0)
        r = og_undo_pg_stop(pg, "the server's counters cannot be read");
    if (r == 0) {
        open_past(pg);
        og_undo_put_head(writer, OG_DIALECT_POSTGRESQL, pg->settings, "");
        r = copy_truncated(pg, writer);
    }
    if (r == 0)
        return 0;
    *why = pg->why ? pg->why : "memory is short";
    *out = og_undo_pg_free(pg);
    return -EIO;
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

static int capture(struct og_undo_pg *pg, struct og_undo_writer *writer, struct og_undo_pg_counts *after)
{
    bool is_any = false;
    int r = 0;

    og_undo_query_begin(&pg->other);
    og_undo_put_settings(&pg->other.sql, pg->settings, false);
    if (og_undo_query_run(&pg->other) < 0)
        return og_undo_pg_stop(pg, "the second connection to the database cannot be used");
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
            return og_undo_pg_stop(pg, "the server does not count the rows of what it changes (a foreign "
                                       "table)");
    }
    return r;
}

int og_undo_pg_finish(struct og_undo_pg *pg, struct og_undo_writer *writer, const char **why)
{
    struct og_undo_pg_counts after = {.items = NULL};
    int r = og_undo_pg_read_counts(pg, &after);

    if (r < 0)
        r = og_undo_pg_stop(pg, "the server's counters cannot be read");
    if (r == 0)
        r = capture(pg, writer, &after);
    if (r == 0 && og_undo_writer_is_failed(writer))
        r = og_undo_pg_stop(pg, "");
    if (r == 0)
        count_past(pg, &after);
    else
        og_undo_pg_lost(pg->stmt->dbc); /* the write may stay all the same */
    *why = pg->why ? pg->why : "";
    return r;
}

/* SPDX-License-Identifier: MIT */
/* sqlite_undo_apply.c - taking the rows of an undo set back on the live handle. */
#include "common/sqlite_undo_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DESCRIPTION_BYTES (16u * 1024u * 1024u)
#define MAX_CONFLICTS 10000u

struct applying {
    struct og_sqlite_analyser *analyser;
    const struct og_undo_set *set;
    const bool *picked; /* by whoever asks; NULL: all */
    bool *rows;         /* of these, what is taken back */
    struct og_undo_conflicts *out;
    struct og_arena arena;
    struct og_sq_undo_table *tables; /* as they are now, one per table of the set */
    struct og_undo_value *now, *key, *was; /* of one row */
    struct og_undo_map map;
};

void og_undo_conflicts_add(struct og_undo_conflicts *conflicts, size_t row, const char *reason)
{
    struct og_undo_conflict *items;

    if (conflicts->n_items >= MAX_CONFLICTS)
        return;
    if (conflicts->n_items == conflicts->max_items) {
        size_t max = conflicts->max_items ? 2 * conflicts->max_items : 16;

        items = realloc(conflicts->items, max * sizeof(*items));
        if (!items)
            return; /* the count is short by one; that there is a conflict is known from the others */
        conflicts->items = items;
        conflicts->max_items = max;
    }
    conflicts->items[conflicts->n_items++] = (struct og_undo_conflict){row, reason};
}

static int stop(struct applying *applying, int r, const char *why)
{
    if (!applying->out->why)
        applying->out->why = why;
    return r;
}

/* ---- the tables ---- */

static bool is_same_shape(const struct og_undo_table *a, const struct og_undo_table *b)
{
    if (a->n_columns != b->n_columns)
        return false;
    for (size_t i = 0; i < a->n_columns; i++)
        if (strcmp(a->columns[i].name, b->columns[i].name) != 0 ||
            a->columns[i].flags != b->columns[i].flags)
            return false;
    return true;
}

static int open_tables(struct applying *applying)
{
    const struct og_undo_set *set = applying->set;

    applying->tables = og_arena_array(&applying->arena, set->n_tables + 1, sizeof(*applying->tables));
    if (!applying->tables)
        return stop(applying, -ENOMEM, "memory is short");
    for (size_t i = 0; i < set->n_tables; i++) {
        if (og_sq_undo_describe(applying->analyser, &applying->arena, set->tables[i].schema,
                                set->tables[i].name, &applying->tables[i]) < 0 ||
            !is_same_shape(&applying->tables[i].table, &set->tables[i]))
            return stop(applying, -ESTALE, "a table of this set is gone or has other columns now: a "
                                           "migration has to take it back");
    }
    return 0;
}

/* ---- are the rows as the write left them? ---- */

static bool is_same_row(const struct applying *applying, const struct og_undo_table *table)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (!og_undo_is_same(&applying->now[i], &applying->was[i]))
            return false;
    return true;
}

static const char *compare_after(struct applying *applying, const struct og_undo_map_entry *entry,
                                 bool is_there)
{
    const struct og_undo_row *row = &applying->set->rows[entry->row];

    if (!entry->is_present)
        return is_there ? "a row with this key was inserted since" : NULL;
    if (!og_undo_after(applying->set, row, applying->was))
        return "the same write changed this row again: pick that line too";
    if (!is_there)
        return "the row was deleted since";
    return is_same_row(applying, &applying->set->tables[row->table])
               ? NULL
               : "the row was changed since";
}

static bool is_before(struct applying *applying, const struct og_undo_map_entry *entry, bool is_there)
{
    const struct og_undo_row *row = &applying->set->rows[entry->first_row];

    if (is_there != entry->was_present)
        return false;
    return !is_there || (og_undo_before(applying->set, row, applying->was) &&
                         is_same_row(applying, &applying->set->tables[row->table]));
}

static int choose_rows(struct applying *applying)
{
    size_t n = applying->set->n_rows;

    applying->rows = og_arena_array(&applying->arena, n + 1, sizeof(*applying->rows));
    for (size_t i = 0; applying->rows && i < n; i++)
        applying->rows[i] = !applying->picked || applying->picked[i];
    if (!applying->rows || og_undo_map_fill(&applying->map, applying->set, applying->picked) != 0 ||
        og_undo_map_skip_idle(&applying->map, applying->set, applying->rows) != 0)
        return stop(applying, -EBADMSG, "the set is broken, or memory is short");
    return 0;
}

static int check_rows(struct applying *applying)
{
    bool is_already = true;

    for (size_t i = 0; i < applying->map.n_slots; i++) {
        const struct og_undo_map_entry *entry = &applying->map.entries[i];
        struct og_sq_undo_table *table;
        const char *reason;
        int r;

        if (!entry->is_used || entry->is_idle)
            continue;
        table = &applying->tables[entry->table];
        if (!og_undo_map_key(&applying->map, entry, &table->table, applying->key))
            return stop(applying, -EBADMSG, "the set is broken");
        r = og_sq_undo_select(applying->analyser, table, applying->key, applying->now);
        if (r < 0)
            return stop(applying, r, "a table of this set cannot be read now");
        reason = compare_after(applying, entry, r == 0);
        if (reason)
            og_undo_conflicts_add(applying->out, entry->row, reason);
        is_already = is_already && is_before(applying, entry, r == 0);
        og_sq_undo_select_end(applying->analyser, table);
    }
    applying->out->is_already = is_already;
    return is_already || applying->out->n_items ? 1 : 0;
}

/* ---- taking back ---- */

static void put_columns(struct og_buf *sql, const struct og_undo_table *table, const char *after)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        og_buf_append_str(sql, i ? ", " : "");
        og_sq_undo_quote(sql, table->columns[i].name);
        og_buf_append_str(sql, after);
        if (*after)
            og_buf_printf(sql, "%zu", i + 1);
    }
}

/* Parameters: the values before by their columns' numbers, then the key. */
static void put_text(struct og_buf *sql, const struct og_undo_table *table,
                     enum og_undo_change change)
{
    const char *joint = " WHERE ";

    og_buf_append_str(sql, change == OG_UNDO_INSERTED  ? "DELETE FROM "
                           : change == OG_UNDO_UPDATED ? "UPDATE "
                                                       : "INSERT INTO ");
    og_sq_undo_name(sql, table);
    if (change == OG_UNDO_UPDATED) {
        og_buf_append_str(sql, " SET ");
        put_columns(sql, table, " = ?");
    }
    if (change == OG_UNDO_DELETED) {
        og_buf_append_str(sql, " (");
        put_columns(sql, table, "");
        og_buf_append_str(sql, ") VALUES (");
        for (size_t i = 0; i < table->n_columns; i++)
            og_buf_printf(sql, "%s?%zu", i ? ", " : "", i + 1);
        og_buf_append_char(sql, ')');
        return;
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        if (!(table->columns[i].flags & OG_UNDO_KEY))
            continue;
        og_buf_append_str(sql, joint);
        og_sq_undo_quote(sql, table->columns[i].name);
        og_buf_printf(sql, " = ?%zu", table->n_columns + i + 1);
        joint = " AND ";
    }
}

static int bind_row(struct applying *applying, sqlite3_stmt *stmt, const struct og_undo_row *row)
{
    const struct og_undo_table *table = &applying->set->tables[row->table];
    int rc = SQLITE_OK;

    for (size_t i = 0; row->change != OG_UNDO_INSERTED && i < table->n_columns && rc == SQLITE_OK; i++)
        rc = og_sq_undo_bind(applying->analyser, stmt, (int)i + 1, &applying->was[i]);
    for (size_t i = 0; row->change != OG_UNDO_DELETED && i < table->n_columns && rc == SQLITE_OK; i++)
        if (table->columns[i].flags & OG_UNDO_KEY)
            rc = og_sq_undo_bind(applying->analyser, stmt, (int)(table->n_columns + i) + 1,
                                 &applying->key[i]);
    return rc;
}

static int take_back(struct applying *applying, size_t number)
{
    const struct og_sqlite_api *api = &applying->analyser->api;
    const struct og_undo_row *row = &applying->set->rows[number];
    sqlite3_stmt *stmt = NULL;
    struct og_buf sql;
    int rc;

    og_buf_init(&sql, OG_MAX_SQL_BYTES);
    put_text(&sql, &applying->set->tables[row->table], row->change);
    if (og_sq_undo_prepare(applying->analyser, &sql, &stmt) < 0)
        return stop(applying, -EIO, "a table of this set cannot be written now");
    (void)og_undo_before(applying->set, row, applying->was);
    (void)og_undo_key_after(applying->set, row, applying->key);
    rc = bind_row(applying, stmt, row);
    if (rc == SQLITE_OK)
        rc = api->sqlite3_step(stmt);
    (void)api->sqlite3_finalize(stmt);
    if ((rc & 0xFF) == SQLITE_CONSTRAINT) {
        og_undo_conflicts_add(applying->out, number,
                              "a constraint stands against it: other rows changed since");
        return 1;
    }
    if (rc == SQLITE_DONE && api->sqlite3_changes(applying->analyser->live) == 1)
        return 0;
    return stop(applying, (rc & 0xFF) == SQLITE_BUSY ? -EBUSY : -EIO,
                (rc & 0xFF) == SQLITE_BUSY ? "the database is locked: try again"
                                           : "a row could not be written");
}

/* ---- foreign keys: how many rows break one ---- */

static int64_t count_broken(struct applying *applying)
{
    const struct og_sqlite_api *api = &applying->analyser->api;
    sqlite3_stmt *stmt = NULL;
    int64_t n = 0;
    int rc = api->sqlite3_prepare_v2(applying->analyser->live, "PRAGMA foreign_key_check", -1, &stmt,
                                     NULL);

    while (rc == SQLITE_OK && (rc = api->sqlite3_step(stmt)) == SQLITE_ROW) {
        n++;
        rc = SQLITE_OK;
    }
    (void)api->sqlite3_finalize(stmt);
    return rc == SQLITE_DONE ? n : -1;
}

/* Switches one of the connection's. Returns what it was; -1. */
static int switch_config(struct applying *applying, int option, int value)
{
    const struct og_sqlite_api *api = &applying->analyser->api;
    int was = -1, is = -1;

    if (api->sqlite3_db_config(applying->analyser->live, option, -1, &was) != SQLITE_OK ||
        api->sqlite3_db_config(applying->analyser->live, option, value, &is) != SQLITE_OK ||
        is != value)
        return -1;
    return was;
}

static int take_all_back(struct applying *applying, bool has_foreign_keys)
{
    int64_t broken = has_foreign_keys ? count_broken(applying) : 0;
    size_t last = 0;
    int r = 0;

    for (size_t i = applying->set->n_rows; r == 0 && i-- > 0;) {
        if (!applying->rows[i])
            continue;
        last = i;
        r = take_back(applying, i);
    }
    if (r == 0 && has_foreign_keys && (broken < 0 || count_broken(applying) > broken)) {
        og_undo_conflicts_add(applying->out, last,
                              "it would break a foreign key: other rows refer to what would go, or what "
                              "these refer to is gone");
        return 1;
    }
    return r;
}

static int write_rows(struct applying *applying)
{
    int triggers = switch_config(applying, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0);
    int keys = switch_config(applying, SQLITE_DBCONFIG_ENABLE_FKEY, 0);
    int r = triggers < 0 || keys < 0
                ? stop(applying, -ENOTSUP, "the engine does not let triggers be switched off")
                : take_all_back(applying, keys > 0);

    if (triggers > 0)
        (void)switch_config(applying, SQLITE_DBCONFIG_ENABLE_TRIGGER, triggers);
    if (keys > 0)
        (void)switch_config(applying, SQLITE_DBCONFIG_ENABLE_FKEY, keys);
    return r;
}

int og_sqlite_undo_apply(struct og_sqlite_analyser *analyser, const struct og_undo_set *set,
                         const bool *picked, struct og_undo_conflicts *out)
{
    struct applying applying = {.analyser = analyser, .set = set, .picked = picked, .out = out};
    size_t n_columns = og_undo_max_columns(set) + 1;
    enum og_sq_permit permit = analyser->permit;
    int r;

    *out = (struct og_undo_conflicts){.items = NULL};
    og_arena_init(&applying.arena, MAX_DESCRIPTION_BYTES);
    og_undo_map_init(&applying.map);
    applying.now = calloc(3 * n_columns, sizeof(*applying.now));
    analyser->permit = OG_SQ_PERMIT_OWN;
    if (!applying.now) {
        r = stop(&applying, -ENOMEM, "memory is short");
    } else {
        applying.key = applying.now + n_columns;
        applying.was = applying.key + n_columns;
        r = open_tables(&applying);
        if (r == 0)
            r = choose_rows(&applying);
        if (r == 0)
            r = check_rows(&applying);
        if (r == 0)
            r = write_rows(&applying);
    }
    for (size_t i = 0; applying.tables && i < set->n_tables; i++)
        og_sq_undo_forget(analyser, &applying.tables[i]);
    analyser->permit = permit;
    og_undo_map_release(&applying.map);
    og_arena_release(&applying.arena);
    free(applying.now);
    return r;
}

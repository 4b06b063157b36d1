/* SPDX-License-Identifier: MIT */
/* The hook tells which row is about to change; the row itself is read by a statement of our own, because
 * what the hook hands out lacks the defaults of columns that were added later and takes columns for one
 * another where some are generated. */
#include "common/sqlite_undo_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct og_sq_capture {
    struct og_sqlite_analyser *analyser;
    struct og_undo_writer *writer;
    struct og_sqlite_watch watch;
    struct og_arena arena;
    struct og_sq_undo_table *tables;
    size_t n_tables, max_tables;
    struct og_undo_map map;
    struct og_undo_value *values, *key; /* max_columns each */
    size_t max_columns;
    const char *why; /* static; NULL: whole so far */
};

#define MAX_DESCRIPTION_BYTES (16u * 1024u * 1024u)

static void fail(struct og_sq_capture *capture, const char *why)
{
    if (!capture->why)
        capture->why = why;
}

/* Room for the columns of any table seen so far. */
static bool make_room(struct og_sq_capture *capture, size_t n_columns)
{
    struct og_undo_value *values;

    if (n_columns <= capture->max_columns)
        return true;
    values = calloc(2 * n_columns, sizeof(*values));
    if (!values)
        return false;
    free(capture->values);
    capture->values = values;
    capture->key = values + n_columns;
    capture->max_columns = n_columns;
    return true;
}

static struct og_sq_undo_table *find_table(struct og_sq_capture *capture, const char *schema,
                                           const char *name)
{
    struct og_sq_undo_table *table;

    for (size_t i = 0; i < capture->n_tables; i++)
        if (strcmp(capture->tables[i].table.name, name) == 0 &&
            strcmp(capture->tables[i].table.schema, schema) == 0)
            return &capture->tables[i];
    table = og_arena_push(&capture->arena, &capture->tables, &capture->n_tables,
                          &capture->max_tables, sizeof(*table));
    if (!table)
        return NULL;
    if (og_sq_undo_describe(capture->analyser, &capture->arena, schema, name, table) < 0) {
        if (!table->why)
            table->why = "memory is short";
        return table;
    }
    if (!make_room(capture, table->table.n_columns))
        return NULL;
    table->number = og_undo_put_table(capture->writer, &table->table);
    return table;
}

/* The key of the row before or after the change, from the hook. */
static bool read_key(struct og_sq_capture *capture, const struct og_sq_undo_table *table, int op,
                     bool is_new, sqlite3_int64 rowid)
{
    const struct og_sqlite_api *api = &capture->analyser->api;

    if (table->has_rowid) {
        capture->key[table->integer_key] =
            (struct og_undo_value){.kind = OG_UNDO_INTEGER, .integer = rowid};
        return true;
    }
    for (size_t i = 0; i < table->n_keys; i++) {
        const struct og_sq_undo_key *key = &table->keys[i];
        struct og_undo_value *out = &capture->key[key->column];
        sqlite3_value *value = NULL;
        int rc = !is_new ? api->sqlite3_preupdate_old(capture->analyser->live, (int)key->position,
                                                      &value)
                         : api->sqlite3_preupdate_new(
                               capture->analyser->live,
                               (int)(op == SQLITE_INSERT ? key->position : key->storage), &value);

        if (rc != SQLITE_OK || !value)
            return false;
        *out = (struct og_undo_value){.kind = OG_UNDO_NULL};
        switch (api->sqlite3_value_type(value)) {
        case SQLITE_INTEGER:
            out->kind = OG_UNDO_INTEGER;
            out->integer = api->sqlite3_value_int64(value);
            break;
        case SQLITE_FLOAT:
            out->kind = OG_UNDO_REAL;
            out->real = api->sqlite3_value_double(value);
            break;
        case SQLITE_TEXT:
            out->kind = OG_UNDO_TEXT;
            out->bytes = (const char *)api->sqlite3_value_text(value);
            out->n_bytes = (size_t)api->sqlite3_value_bytes(value);
            break;
        case SQLITE_BLOB:
            out->kind = OG_UNDO_BLOB;
            out->bytes = api->sqlite3_value_blob(value);
            out->n_bytes = (size_t)api->sqlite3_value_bytes(value);
            break;
        default:
            return false; /* a key is never NULL */
        }
    }
    return true;
}

static void note(struct og_sq_capture *capture, const struct og_sq_undo_table *table, uint32_t row,
                 bool is_present)
{
    if (!og_undo_map_note(&capture->map, table->number, &table->table, capture->key, row, is_present))
        fail(capture, "memory is short");
}

static void put_new_key(struct og_sq_capture *capture, const struct og_sq_undo_table *table,
                        uint32_t row)
{
    struct og_undo_value *key = capture->values; /* the row's are written by now */
    size_t n = 0;

    for (size_t i = 0; i < table->table.n_columns; i++)
        if (table->table.columns[i].flags & OG_UNDO_KEY)
            key[n++] = capture->key[i];
    og_undo_put_key(capture->writer, row, key, n);
}

/* capture->key is the row's key before the change. Returns its number; UINT32_MAX. */
static uint32_t put_before(struct og_sq_capture *capture, struct og_sq_undo_table *table, int op)
{
    uint32_t row = UINT32_MAX;

    /* The key is read from the row itself: what it compares equal to need not be the same value. */
    if (og_sq_undo_select(capture->analyser, table, capture->key, capture->values) != 0) {
        fail(capture, "a row could not be read before it changed");
    } else {
        row = og_undo_put_row(capture->writer, table->number,
                              op == SQLITE_UPDATE ? OG_UNDO_UPDATED : OG_UNDO_DELETED,
                              capture->values, table->table.n_columns);
        for (size_t i = 0; i < table->table.n_columns; i++)
            if (table->table.columns[i].flags & OG_UNDO_KEY)
                capture->key[i] = capture->values[i];
        note(capture, table, row, false);
    }
    og_sq_undo_select_end(capture->analyser, table);
    return row;
}

static void capture_row(struct og_sq_capture *capture, struct og_sq_undo_table *table, int op,
                        sqlite3_int64 old_rowid, sqlite3_int64 new_rowid)
{
    uint32_t row;

    if (op == SQLITE_INSERT)
        row = og_undo_put_row(capture->writer, table->number, OG_UNDO_INSERTED, NULL, 0);
    else if (!read_key(capture, table, op, false, old_rowid))
        row = UINT32_MAX;
    else
        row = put_before(capture, table, op);
    if (row == UINT32_MAX ||
        (op != SQLITE_DELETE && !read_key(capture, table, op, true, new_rowid))) {
        fail(capture, "the engine did not tell a row's key");
        return;
    }
    if (op == SQLITE_DELETE)
        return;
    note(capture, table, row, true);
    put_new_key(capture, table, row);
}

static void on_change(void *context, sqlite3 *db, int op, const char *schema, const char *name,
                 sqlite3_int64 old_rowid, sqlite3_int64 new_rowid)
{
    struct og_sq_capture *capture = context;
    struct og_sqlite_analyser *analyser = capture->analyser;
    enum og_sq_permit permit = analyser->permit;
    struct og_sq_undo_table *table;

    if (strcmp(schema, "temp") == 0) /* ends with its session: nobody could take it back */
        return;
    if (capture->why || og_undo_writer_is_failed(capture->writer) || db != analyser->live)
        return;
    analyser->permit = OG_SQ_PERMIT_OWN;
    table = find_table(capture, schema, name);
    if (!table)
        fail(capture, "memory is short");
    else if (capture->writer->max_rows_each &&
             (table->why || table->n_rows++ >= capture->writer->max_rows_each))
        ; /* a sample goes without it */
    else if (table->why && capture->writer->takes_parts)
        og_undo_put_partly(capture->writer, &table->table, table->why);
    else if (table->why)
        fail(capture, table->why);
    else
        capture_row(capture, table, op, old_rowid, new_rowid);
    analyser->permit = permit;
}

int og_sqlite_undo_begin(struct og_sqlite_analyser *analyser, struct og_undo_writer *writer)
{
    struct og_sq_capture *capture;

    if (!analyser->api.sqlite3_preupdate_old || !analyser->api.sqlite3_preupdate_new)
        return -ENOTSUP;
    capture = calloc(1, sizeof(*capture));
    if (!capture)
        return -ENOMEM;
    capture->watch = (struct og_sqlite_watch){.changed = on_change, .context = capture};
    if (og_sqlite_watch_add(analyser, &capture->watch) < 0) {
        free(capture);
        return -ENOTSUP;
    }
    capture->analyser = analyser;
    capture->writer = writer;
    og_arena_init(&capture->arena, MAX_DESCRIPTION_BYTES);
    og_undo_map_init(&capture->map);
    og_undo_put_head(writer, OG_DIALECT_SQLITE, "", "");
    analyser->capture = capture;
    return 0;
}

static struct og_sq_undo_table *table_of(struct og_sq_capture *capture, uint32_t number)
{
    for (size_t i = 0; i < capture->n_tables; i++)
        if (!capture->tables[i].why && capture->tables[i].number == number)
            return &capture->tables[i];
    return NULL;
}

/* The rows as they are now, each under the last change that left it there. */
static void put_afters(struct og_sq_capture *capture)
{
    for (size_t i = 0; i < capture->map.n_slots && !capture->why; i++) {
        const struct og_undo_map_entry *entry = &capture->map.entries[i];
        struct og_sq_undo_table *table;

        if (!entry->is_used || !entry->is_present)
            continue;
        table = table_of(capture, entry->table);
        if (!table || !og_undo_map_key(&capture->map, entry, &table->table, capture->key) ||
            og_sq_undo_select(capture->analyser, table, capture->key, capture->values) != 0) {
            fail(capture, "a row could not be read after it changed");
            continue;
        }
        og_undo_put_after(capture->writer, (uint32_t)entry->row, capture->values,
                          table->table.n_columns);
        og_sq_undo_select_end(capture->analyser, table);
    }
}

int og_sqlite_undo_finish(struct og_sqlite_analyser *analyser, const char **why)
{
    struct og_sq_capture *capture = analyser->capture;
    enum og_sq_permit permit = analyser->permit;

    og_sqlite_watch_remove(analyser, &capture->watch);
    analyser->permit = OG_SQ_PERMIT_OWN;
    if (!og_undo_writer_is_failed(capture->writer))
        put_afters(capture);
    analyser->permit = permit;
    *why = capture->why ? capture->why : "";
    return capture->why || og_undo_writer_is_failed(capture->writer) ? -EIO : 0;
}

void og_sqlite_undo_end(struct og_sqlite_analyser *analyser)
{
    struct og_sq_capture *capture = analyser->capture;

    if (!capture)
        return;
    og_sqlite_watch_remove(analyser, &capture->watch);
    for (size_t i = 0; i < capture->n_tables; i++)
        og_sq_undo_forget(analyser, &capture->tables[i]);
    og_undo_map_release(&capture->map);
    og_arena_release(&capture->arena);
    free(capture->values);
    free(capture);
    analyser->capture = NULL;
}

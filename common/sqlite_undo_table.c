/* SPDX-License-Identifier: MIT */
/* sqlite_undo_table.c - a table as an undo set knows it, read from the live handle; its rows by key. */
#include "common/sqlite_undo_parts.h"

#include <errno.h>
#include <string.h>

void og_sq_undo_quote(struct og_buf *out, const char *name)
{
    og_buf_append_char(out, '"');
    for (; *name; name++) {
        if (*name == '"')
            og_buf_append_char(out, '"');
        og_buf_append_char(out, *name);
    }
    og_buf_append_char(out, '"');
}

void og_sq_undo_name(struct og_buf *out, const struct og_undo_table *table)
{
    og_sq_undo_quote(out, table->schema);
    og_buf_append_char(out, '.');
    og_sq_undo_quote(out, table->name);
}

int og_sq_undo_prepare(const struct og_sqlite_analyser *analyser, struct og_buf *sql,
                       sqlite3_stmt **out)
{
    int rc = og_buf_is_failed(sql)
                 ? SQLITE_NOMEM
                 : analyser->api.sqlite3_prepare_v2(analyser->live, og_buf_str(sql), -1, out, NULL);

    og_buf_release(sql);
    return rc == SQLITE_OK ? 0 : -EIO;
}

/* Whether it is a plain table, and has a rowid. Virtual tables tell the hook nothing, and the tables
 * that they keep are theirs. */
static const char *read_kind(const struct og_sqlite_analyser *analyser,
                             const struct og_undo_table *table, bool *has_rowid)
{
    const struct og_sqlite_api *api = &analyser->api;
    const char *why = "its table cannot be described";
    sqlite3_stmt *stmt = NULL;

    if (api->sqlite3_prepare_v2(analyser->live,
                                "SELECT type, wr FROM pragma_table_list WHERE schema = ?1 AND name = ?2",
                                -1, &stmt, NULL) == SQLITE_OK &&
        api->sqlite3_bind_text(stmt, 1, table->schema, -1, SQLITE_STATIC) == SQLITE_OK &&
        api->sqlite3_bind_text(stmt, 2, table->name, -1, SQLITE_STATIC) == SQLITE_OK &&
        api->sqlite3_step(stmt) == SQLITE_ROW) {
        const char *type = (const char *)api->sqlite3_column_text(stmt, 0);

        *has_rowid = !api->sqlite3_column_int(stmt, 1);
        why = type && strcmp(type, "table") == 0 ? NULL : "it writes a virtual table";
    }
    (void)api->sqlite3_finalize(stmt);
    return why;
}

static const char *rowid_name(const struct og_undo_column *columns, size_t n)
{
    static const char *const names[] = {"rowid", "_rowid_", "oid"};

    for (size_t k = 0; k < OG_COUNT(names); k++) {
        bool is_taken = false;

        for (size_t i = 0; i < n; i++)
            is_taken = is_taken || og_sq_is_same(columns[i].name, names[k]);
        if (!is_taken)
            return names[k];
    }
    return NULL;
}

/* Columns in order; out->storage: each one's place in the record. */
static const char *read_columns(const struct og_sqlite_analyser *analyser, struct og_arena *arena,
                                struct og_sq_undo_table *out)
{
    const struct og_sqlite_api *api = &analyser->api;
    struct og_undo_column *columns = NULL;
    size_t n = 0, max = 0, max_keys = 0, position = 0, storage = 0;
    sqlite3_stmt *stmt = NULL;
    int rc = api->sqlite3_prepare_v2(
        analyser->live,
        "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?2, ?1) ORDER BY cid", -1, &stmt, NULL);

    if (rc == SQLITE_OK)
        rc = api->sqlite3_bind_text(stmt, 1, out->table.schema, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = api->sqlite3_bind_text(stmt, 2, out->table.name, -1, SQLITE_STATIC);
    while (rc == SQLITE_OK && (rc = api->sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *name = (const char *)api->sqlite3_column_text(stmt, 0);
        const char *type = (const char *)api->sqlite3_column_text(stmt, 1);
        bool is_key = api->sqlite3_column_int(stmt, 2) > 0;
        int hidden = api->sqlite3_column_int(stmt, 3);
        struct og_undo_column *column;
        struct og_sq_undo_key *key;

        rc = SQLITE_OK;
        if (!hidden) {
            column = og_arena_push(arena, &columns, &n, &max, sizeof(*column));
            if (!column)
                break;
            *column = (struct og_undo_column){og_arena_strdup(arena, name ? name : ""),
                                              og_arena_strdup(arena, type ? type : ""),
                                              OG_UNDO_CLASS_FLAGS(og_sq_type_class(type ? type : ""))};
            if (is_key && !out->has_rowid) {
                column->flags |= OG_UNDO_KEY;
                key = og_arena_push(arena, &out->keys, &out->n_keys, &max_keys, sizeof(*key));
                if (key)
                    *key = (struct og_sq_undo_key){n - 1, position, storage};
            } else if (is_key && type && og_sq_is_same(type, "INTEGER")) {
                out->integer_key = out->n_pk++ ? SIZE_MAX : n - 1;
            } else if (is_key) {
                out->n_pk++;
                out->integer_key = SIZE_MAX;
            }
        }
        position++;
        storage += hidden != 2;
    }
    (void)api->sqlite3_finalize(stmt);
    out->table.columns = columns;
    out->table.n_columns = n;
    return rc == SQLITE_DONE && n && !og_arena_is_failed(arena) ? NULL
                                                                : "its table cannot be described";
}

/* The rowid is the key: under a column's name, or as a column of its own before the others. */
static const char *add_rowid(struct og_arena *arena, struct og_sq_undo_table *out)
{
    const char *name = rowid_name(out->table.columns, out->table.n_columns);
    struct og_undo_column *columns;
    size_t n = out->table.n_columns;

    if (out->n_pk == 1 && out->integer_key != SIZE_MAX) {
        columns = og_arena_array(arena, n, sizeof(*columns));
        if (!columns)
            return "memory is short";
        memcpy(columns, out->table.columns, n * sizeof(*columns));
        columns[out->integer_key].flags |= OG_UNDO_KEY;
    } else {
        if (!name)
            return "its table has columns of all of the rowid's names";
        columns = og_arena_array(arena, n + 1, sizeof(*columns));
        if (!columns)
            return "memory is short";
        columns[0] = (struct og_undo_column){name, "", OG_UNDO_KEY | OG_UNDO_ROWID};
        memcpy(columns + 1, out->table.columns, n * sizeof(*columns));
        out->integer_key = 0;
        n++;
    }
    out->table.columns = columns;
    out->table.n_columns = n;
    return NULL;
}

static int prepare_select(const struct og_sqlite_analyser *analyser, struct og_sq_undo_table *table)
{
    const struct og_undo_table *t = &table->table;
    struct og_buf sql;
    int n = 0;

    og_buf_init(&sql, OG_MAX_SQL_BYTES);
    for (size_t i = 0; i < t->n_columns; i++) {
        og_buf_append_str(&sql, i ? ", " : "SELECT ");
        og_sq_undo_quote(&sql, t->columns[i].name);
    }
    og_buf_append_str(&sql, " FROM ");
    og_sq_undo_name(&sql, t);
    for (size_t i = 0; i < t->n_columns; i++) {
        if (!(t->columns[i].flags & OG_UNDO_KEY))
            continue;
        og_buf_append_str(&sql, n++ ? " AND " : " WHERE ");
        og_sq_undo_quote(&sql, t->columns[i].name);
        og_buf_printf(&sql, " = ?%d", n);
    }
    return og_sq_undo_prepare(analyser, &sql, &table->select);
}

int og_sq_undo_describe(const struct og_sqlite_analyser *analyser, struct og_arena *arena,
                        const char *schema, const char *name, struct og_sq_undo_table *out)
{
    *out = (struct og_sq_undo_table){.integer_key = SIZE_MAX};
    out->table.schema = og_arena_strdup(arena, schema);
    out->table.name = og_arena_strdup(arena, name);
    if (!out->table.schema || !out->table.name)
        return -ENOMEM;
    out->why = read_kind(analyser, &out->table, &out->has_rowid);
    if (!out->why)
        out->why = read_columns(analyser, arena, out);
    if (!out->why && out->has_rowid)
        out->why = add_rowid(arena, out);
    if (!out->why && prepare_select(analyser, out) < 0)
        out->why = "its table cannot be read";
    return out->why ? -ENOTSUP : 0;
}

void og_sq_undo_forget(const struct og_sqlite_analyser *analyser, struct og_sq_undo_table *table)
{
    (void)analyser->api.sqlite3_finalize(table->select);
    table->select = NULL;
}

/* ---- values ---- */

int og_sq_undo_bind(const struct og_sqlite_analyser *analyser, sqlite3_stmt *stmt, int number,
                    const struct og_undo_value *value)
{
    const struct og_sqlite_api *api = &analyser->api;

    switch (value->kind) {
    case OG_UNDO_NULL:
        return api->sqlite3_bind_null(stmt, number);
    case OG_UNDO_INTEGER:
        return api->sqlite3_bind_int64(stmt, number, value->integer);
    case OG_UNDO_REAL:
        return api->sqlite3_bind_double(stmt, number, value->real);
    case OG_UNDO_TEXT:
        return api->sqlite3_bind_text(stmt, number, value->bytes, (int)value->n_bytes,
                                      SQLITE_TRANSIENT);
    case OG_UNDO_BLOB:
        return api->sqlite3_bind_blob(stmt, number, value->n_bytes ? value->bytes : "",
                                      (int)value->n_bytes, SQLITE_TRANSIENT);
    }
    return SQLITE_MISUSE;
}

static void read_column(const struct og_sqlite_api *api, sqlite3_stmt *stmt, int i,
                        struct og_undo_value *out)
{
    *out = (struct og_undo_value){.kind = OG_UNDO_NULL};
    switch (api->sqlite3_column_type(stmt, i)) {
    case SQLITE_INTEGER:
        out->kind = OG_UNDO_INTEGER;
        out->integer = api->sqlite3_column_int64(stmt, i);
        break;
    case SQLITE_FLOAT:
        out->kind = OG_UNDO_REAL;
        out->real = api->sqlite3_column_double(stmt, i);
        break;
    case SQLITE_TEXT:
        out->kind = OG_UNDO_TEXT;
        out->bytes = (const char *)api->sqlite3_column_text(stmt, i);
        out->n_bytes = (size_t)api->sqlite3_column_bytes(stmt, i);
        break;
    case SQLITE_BLOB:
        out->kind = OG_UNDO_BLOB;
        out->bytes = api->sqlite3_column_blob(stmt, i);
        out->n_bytes = (size_t)api->sqlite3_column_bytes(stmt, i);
        break;
    default:
        break;
    }
}

int og_sq_undo_select(const struct og_sqlite_analyser *analyser, struct og_sq_undo_table *table,
                      const struct og_undo_value *key, struct og_undo_value *values)
{
    int n = 0, rc = SQLITE_OK;

    (void)analyser->api.sqlite3_reset(table->select);
    for (size_t i = 0; i < table->table.n_columns && rc == SQLITE_OK; i++)
        if (table->table.columns[i].flags & OG_UNDO_KEY)
            rc = og_sq_undo_bind(analyser, table->select, ++n, &key[i]);
    if (rc == SQLITE_OK)
        rc = analyser->api.sqlite3_step(table->select);
    if (rc == SQLITE_DONE)
        return 1;
    if (rc != SQLITE_ROW)
        return -EIO;
    for (size_t i = 0; i < table->table.n_columns; i++)
        read_column(&analyser->api, table->select, (int)i, &values[i]);
    return 0;
}

void og_sq_undo_select_end(const struct og_sqlite_analyser *analyser, struct og_sq_undo_table *table)
{
    (void)analyser->api.sqlite3_reset(table->select);
}

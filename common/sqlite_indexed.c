/* SPDX-License-Identifier: MIT */
/* sqlite_indexed.c - the shadow with the indexes of the live schema, for what does not compile without
 * them: INDEXED BY, and ON CONFLICT over a key that is not the row's own. */
#include "common/sqlite_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_TEXT_BYTES (1024u * 1024u)

static int run_text(struct og_sqlite_analyser *analyser, sqlite3 *copy, struct og_buf *sql)
{
    int rc = og_buf_is_failed(sql)
                 ? SQLITE_NOMEM
                 : analyser->api.sqlite3_exec(copy, og_buf_str(sql), NULL, NULL, NULL);

    og_buf_release(sql);
    return rc == SQLITE_OK ? 0 : 1;
}

/* Objects of one type as the shadow itself has them. */
static int copy_texts(struct og_sqlite_analyser *analyser, sqlite3 *copy, const char *schema,
                      const char *type)
{
    const struct og_sqlite_api *api = &analyser->api;
    sqlite3_stmt *list = NULL;
    struct og_buf sql;
    int failed = 0;
    int rc;

    og_buf_init(&sql, 4096);
    og_buf_printf(&sql,
                  "SELECT sql, name FROM %s.sqlite_master WHERE type = '%s' AND sql IS NOT NULL"
                  " AND name NOT LIKE 'sqlite!_%%' ESCAPE '!' ORDER BY rowid",
                  schema, type);
    rc = api->sqlite3_prepare_v2(analyser->shadow, og_buf_str(&sql), -1, &list, NULL);
    og_buf_release(&sql);
    while (rc == SQLITE_OK && !failed && (rc = api->sqlite3_step(list)) == SQLITE_ROW) {
        const char *text = (const char *)api->sqlite3_column_text(list, 0);
        const char *name = (const char *)api->sqlite3_column_text(list, 1);

        rc = SQLITE_OK;
        if (og_sq_is_closed(&analyser->schema, name))
            continue; /* made by its virtual table */
        og_buf_init(&sql, MAX_TEXT_BYTES);
        if (text && strlen(text) > 6 && strcmp(schema, "temp") == 0)
            og_buf_printf(&sql, "CREATE TEMP%s", text + 6);
        else if (text)
            og_buf_append_str(&sql, text);
        failed = run_text(analyser, copy, &sql);
    }
    (void)api->sqlite3_finalize(list);
    return failed || rc != SQLITE_DONE;
}

/* An index by its fields; one over a condition or an expression by its own text. */
static int copy_index(struct og_sqlite_analyser *analyser, sqlite3 *copy, size_t number)
{
    const struct og_sq_index *index = &analyser->schema.indexes[number];
    const struct og_sq_table *table = &analyser->schema.tables[index->table];
    struct og_buf sql;
    bool is_first = true;

    if (index->root == 0)
        return 0; /* the table itself */
    og_buf_init(&sql, MAX_TEXT_BYTES);
    if (!index->is_whole) {
        og_buf_append_str(&sql, index->sql ? index->sql : "?");
        return strcmp(index->schema, "main") == 0 ? run_text(analyser, copy, &sql)
                                                  : (og_buf_release(&sql), 0);
    }
    og_buf_printf(&sql, "CREATE %sINDEX %s.", index->is_unique ? "UNIQUE " : "", index->schema);
    if (index->sql)
        og_sq_quote(&sql, index->name);
    else
        og_buf_printf(&sql, "og_index_%zu", number);
    og_buf_append_str(&sql, " ON ");
    og_sq_quote(&sql, table->name);
    for (size_t i = 0; i < index->n_columns; i++) {
        int column = index->columns[i];

        /* the row's key behind the fields comes by itself */
        if (column < 0 || !index->has_column[column])
            continue;
        og_buf_append_str(&sql, is_first ? " (" : ", ");
        og_sq_quote(&sql, table->columns[column].name);
        if (og_sq_is_same(index->collations[i], "NOCASE") ||
            og_sq_is_same(index->collations[i], "RTRIM") ||
            og_sq_is_same(index->collations[i], "BINARY"))
            og_buf_printf(&sql, " COLLATE %s", index->collations[i]);
        is_first = false;
    }
    og_buf_append_char(&sql, ')');
    return run_text(analyser, copy, &sql);
}

static int read_pages(struct og_sqlite_analyser *analyser, sqlite3 *copy, const char *schema)
{
    const struct og_sqlite_api *api = &analyser->api;
    sqlite3_stmt *list = NULL;
    struct og_buf sql;
    int rc;

    og_buf_init(&sql, 4096);
    og_buf_printf(&sql, "SELECT type, name, rootpage FROM %s.sqlite_master", schema);
    rc = api->sqlite3_prepare_v2(copy, og_buf_str(&sql), -1, &list, NULL);
    og_buf_release(&sql);
    while (rc == SQLITE_OK && (rc = api->sqlite3_step(list)) == SQLITE_ROW) {
        const char *type = (const char *)api->sqlite3_column_text(list, 0);
        const char *name = (const char *)api->sqlite3_column_text(list, 1);
        int page = api->sqlite3_column_int(list, 2);
        size_t table = og_sq_table_find(&analyser->schema, schema, name);

        if (strcmp(type, "table") == 0 && table != SIZE_MAX)
            analyser->schema.tables[table].copy_root = page;
        if (table != SIZE_MAX && analyser->schema.tables[table].is_virtual &&
            og_sq_name_virtual(api, copy, &analyser->schema, table, OG_SQ_INDEXED))
            break;
        for (size_t i = 0; strcmp(type, "index") == 0 && i < analyser->schema.n_indexes; i++) {
            struct og_sq_index *index = &analyser->schema.indexes[i];
            char made[32];

            (void)snprintf(made, sizeof(made), "og_index_%zu", i);
            if (og_sq_is_same(name, index->sql ? index->name : made) &&
                strcmp(index->schema, schema) == 0)
                index->copy_root = page;
        }
        rc = SQLITE_OK;
    }
    (void)api->sqlite3_finalize(list);
    return rc != SQLITE_DONE;
}

static int make(struct og_sqlite_analyser *analyser, sqlite3 *copy)
{
    static const char *const schemas[] = {"main", "temp"};
    static const char *const types[] = {"view", "trigger"};

    for (size_t s = 0; s < OG_COUNT(schemas); s++) {
        if (analyser->api.sqlite3_exec(copy, s ? "CREATE TEMP TABLE og_made(x INTEGER PRIMARY KEY"
                                                 " AUTOINCREMENT); DROP TABLE temp.og_made"
                                               : "CREATE TABLE og_made(x INTEGER PRIMARY KEY"
                                                 " AUTOINCREMENT); DROP TABLE og_made",
                                       NULL, NULL, NULL) != SQLITE_OK ||
            copy_texts(analyser, copy, schemas[s], "table"))
            return 1;
    }
    for (size_t i = 0; i < analyser->schema.n_indexes; i++)
        if (copy_index(analyser, copy, i))
            return 1;
    for (size_t t = 0; t < OG_COUNT(types); t++)
        for (size_t s = 0; s < OG_COUNT(schemas); s++)
            if (copy_texts(analyser, copy, schemas[s], types[t]))
                return 1;
    for (size_t s = 0; s < OG_COUNT(schemas); s++)
        if (read_pages(analyser, copy, schemas[s]))
            return 1;
    return 0;
}

int og_sq_exchange_shadow(struct og_sqlite_analyser *analyser)
{
    sqlite3 *other = analyser->indexed;

    if (!other) {
        if (og_sq_shadow_open(&analyser->api, &other))
            return 1;
        if (make(analyser, other)) {
            (void)analyser->api.sqlite3_close(other);
            return 1;
        }
    }
    analyser->indexed = analyser->shadow;
    analyser->shadow = other;
    analyser->place = analyser->place == OG_SQ_SHADOW ? OG_SQ_INDEXED : OG_SQ_SHADOW;
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* sqlite_virtual.c - full text search and R*Tree: their tables in the shadow, what they show of other
 * tables, and the tables that they keep, which no statement may read by itself. */
#include "common/sqlite_parts.h"

#include <errno.h>
#include <string.h>

#define MAX_TEXT_BYTES (1024u * 1024u)

static bool is_known_module(const char *name)
{
    static const char *const names[] = {"fts5", "fts4", "fts3", "rtree", "rtree_i32"};

    for (size_t i = 0; i < OG_COUNT(names); i++)
        if (og_sq_is_same(names[i], name))
            return true;
    return false;
}

/* The text that made the table, in the schema's arena; NULL: not found. */
static char *made_by(const struct og_sq_builder *b, const char *name)
{
    sqlite3_stmt *list = NULL;
    char *sql = NULL;

    if (b->api->sqlite3_prepare_v2(b->live, "SELECT sql FROM main.sqlite_master WHERE name = ?1", -1,
                                   &list, NULL) == SQLITE_OK &&
        b->api->sqlite3_bind_text(list, 1, name, -1, SQLITE_TRANSIENT) == SQLITE_OK &&
        b->api->sqlite3_step(list) == SQLITE_ROW)
        sql = og_arena_strdup(&b->schema->arena, og_sq_text_of(b, list, 0));
    (void)b->api->sqlite3_finalize(list);
    return sql;
}

int og_sq_name_virtual(const struct og_sqlite_api *api, sqlite3 *db, struct og_sq_schema *schema,
                       size_t table, enum og_sq_place place)
{
    sqlite3_stmt *list = NULL;
    struct og_buf sql;
    int rc;

    og_buf_init(&sql, MAX_TEXT_BYTES);
    og_buf_append_str(&sql, "EXPLAIN SELECT * FROM main.");
    og_sq_quote(&sql, schema->tables[table].name);
    rc = api->sqlite3_prepare_v2(db, og_buf_str(&sql), -1, &list, NULL);
    og_buf_release(&sql);
    while (rc == SQLITE_OK && api->sqlite3_step(list) == SQLITE_ROW)
        if (strcmp((const char *)api->sqlite3_column_text(list, 1), "VOpen") == 0)
            schema->tables[table].vtab[place] = og_arena_strdup(
                &schema->arena, (const char *)api->sqlite3_column_text(list, 5));
    (void)api->sqlite3_finalize(list);
    return schema->tables[table].vtab[place] ? 0 : -EIO;
}

size_t og_sq_virtual_find(const struct og_sq_schema *schema, const char *vtab,
                          enum og_sq_place place)
{
    for (size_t i = 0; schema->n_virtual && i < schema->n_tables; i++)
        if (schema->tables[i].vtab[place] && strcmp(schema->tables[i].vtab[place], vtab) == 0)
            return i;
    return SIZE_MAX;
}

/* Hidden columns (the table's own name, rank) tell of every other one. */
static int link_hidden(const struct og_sq_builder *b, struct og_sq_table *table)
{
    for (size_t c = 0; c < table->n_columns; c++) {
        struct og_sq_column *column = &table->columns[c];

        if (!column->is_hidden)
            continue;
        column->lineage = og_arena_array(&b->schema->arena, table->n_columns, sizeof(int));
        if (!column->lineage)
            return -ENOMEM;
        column->is_generated = column->is_lineage_known = true;
        for (size_t i = 0; i < table->n_columns; i++)
            if (!table->columns[i].is_hidden)
                column->lineage[column->n_lineage++] = (int)i;
    }
    return 0;
}

int og_sq_build_virtual(const struct og_sq_builder *b, const char *name)
{
    const char *sql = made_by(b, name);
    const char *module =
        sql ? og_sq_text_after(&b->schema->arena, sql, "USING", false) : NULL;
    struct og_sq_table *table;
    size_t index;

    if (!is_known_module(module) ||
        b->api->sqlite3_exec(b->shadow, sql, NULL, NULL, NULL) != SQLITE_OK)
        return og_sq_close_name(b, name);
    table = og_sq_add_table(b, "main", name);
    if (!table)
        return -ENOMEM;
    table->is_virtual = true;
    table->is_tree = strncmp(module, "rtree", 5) == 0 || strncmp(module, "RTREE", 5) == 0;
    b->schema->n_virtual++;
    index = (size_t)(table - b->schema->tables);
    if (og_sq_read_columns(b, table) || link_hidden(b, table) ||
        og_sq_name_virtual(b->api, b->shadow, b->schema, index, OG_SQ_SHADOW))
        return -EIO;
    return 0;
}

static int inherit(const struct og_sq_builder *b, struct og_sq_column *column, size_t table,
                   int from)
{
    struct og_sq_inherited *added =
        og_arena_push(&b->schema->arena, &column->inherits, &column->n_inherits,
                      &column->max_inherits, sizeof(*added));

    if (!added)
        return -ENOMEM;
    *added = (struct og_sq_inherited){.table = table, .column = from};
    return 0;
}

/* Columns of the same name; where one has none there, each column shows all that the text names. */
static int inherit_from(const struct og_sq_builder *b, struct og_sq_table *table, size_t from,
                        const char *sql)
{
    const struct og_sq_table *shown = &b->schema->tables[from];
    bool is_same = true;

    for (size_t c = 0; c < table->n_columns; c++)
        is_same = is_same && (table->columns[c].is_hidden ||
                              og_sq_column_find(shown, table->columns[c].name) >= 0);
    for (size_t c = 0; c < table->n_columns; c++) {
        struct og_sq_column *column = &table->columns[c];

        for (size_t i = 0; !column->is_hidden && i < shown->n_columns; i++) {
            const char *name = shown->columns[i].name;

            if (is_same ? og_sq_is_same(name, column->name)
                        : !sql || og_sq_text_names(&b->schema->arena, sql, name))
                if (inherit(b, column, from, (int)i))
                    return -ENOMEM;
        }
    }
    return 0;
}

/* content='docs': the rows are another table's. */
static int link_content(const struct og_sq_builder *b, struct og_sq_table *table)
{
    const char *sql = made_by(b, table->name);
    const char *content = sql ? og_sq_text_after(&b->schema->arena, sql, "content", true) : NULL;
    size_t from;

    if (!content || !content[0])
        return 0;
    from = og_sq_table_find(b->schema, "main", content);
    if (from == SIZE_MAX || b->schema->tables[from].is_view) {
        table->vtab[OG_SQ_SHADOW] = NULL; /* a view's columns are not told here */
        return og_sq_close_name(b, table->name);
    }
    table->content = from + 1;
    return inherit_from(b, table, from, NULL);
}

static int link_triggers(const struct og_sq_builder *b, struct og_sq_table *table)
{
    sqlite3_stmt *list = NULL;
    int rc = b->api->sqlite3_prepare_v2(
        b->live, "SELECT tbl_name, sql FROM main.sqlite_master WHERE type = 'trigger'", -1, &list,
        NULL);

    if (rc != SQLITE_OK)
        return -EIO;
    while ((rc = b->api->sqlite3_step(list)) == SQLITE_ROW) {
        size_t from = og_sq_table_find(b->schema, "main", og_sq_text_of(b, list, 0));
        const char *sql = og_sq_text_of(b, list, 1);

        if (from == SIZE_MAX || from + 1 == table->content ||
            !og_sq_text_names(&b->schema->arena, sql, table->name))
            continue;
        if (inherit_from(b, table, from, sql))
            break;
    }
    return og_sq_finish(b, list, rc);
}

int og_sq_link_virtual(const struct og_sq_builder *b)
{
    for (size_t i = 0; i < b->schema->n_tables; i++)
        if (b->schema->tables[i].is_virtual && (link_content(b, &b->schema->tables[i]) ||
                                                link_triggers(b, &b->schema->tables[i])))
            return -EIO;
    return 0;
}

/* docs_data of docs, and the like. */
static bool is_kept_by(const struct og_sq_table *table, const char *name)
{
    size_t n = strlen(table->name);
    char start[256];

    if (strlen(name) <= n || name[n] != '_' || n >= sizeof(start))
        return false;
    memcpy(start, name, n);
    start[n] = '\0';
    return og_sq_is_same(start, table->name);
}

bool og_sq_is_behind_virtual(const struct og_sq_schema *schema, const struct og_facts *facts,
                             const char *name, const char *column)
{
    for (size_t i = 0; schema->n_virtual && i < schema->n_tables; i++) {
        const struct og_sq_table *table = &schema->tables[i];
        bool is_named = false;

        for (size_t k = 0; table->is_virtual && k < facts->n_objects; k++)
            is_named = is_named || og_sq_is_same(facts->objects[k].name, table->name);
        if (!is_named)
            continue;
        if (is_kept_by(table, name) && og_sq_is_closed(schema, name))
            return true;
        if (column && table->content &&
            og_sq_is_same(schema->tables[table->content - 1].name, name) &&
            (og_sq_is_same(column, "ROWID") || og_sq_column_find(table, column) >= 0 ||
             og_sq_column_find(&schema->tables[table->content - 1], column) ==
                 schema->tables[table->content - 1].rowid_alias))
            return true;
    }
    return false;
}

/* ---- in a program ---- */

void og_sq_virtual_filter(struct og_sq_run *run, int number, int n_arguments)
{
    const struct og_sq_cursor *cursor = og_sq_cursor(run, number);

    for (size_t i = 0; cursor && i < cursor->n_tables; i++) {
        const struct og_sq_table *table = &run->schema->tables[cursor->tables[i]];
        enum og_use use = n_arguments > 0 ? OG_USE_FILTER : OG_USE_ORDER;

        for (size_t c = 0; (n_arguments > 0 || table->is_tree) && c < table->n_columns; c++) {
            uint32_t base = og_sq_base(run, number, cursor->tables[i], (int)c);

            if (base != UINT32_MAX && run->is_final)
                og_sq_note_use(run, base, use, false);
        }
    }
}

/* VUpdate: the old row's key, the new one's, then every column. */
void og_sq_virtual_update(struct og_sq_run *run, const struct og_sq_op *op)
{
    size_t table = og_sq_virtual_find(run->schema, op->p4, run->place);

    for (int i = 0; i < op->p2; i++) {
        uint32_t value = og_sq_get(run, op->p3 + i);

        if (run->is_measuring || !run->is_final || i < 1)
            continue;
        if (table == SIZE_MAX)
            og_sq_use_value(run, value, OG_USE_STORE);
        else if (i == 1)
            og_sq_store_column(run, table, -1, value);
        else if ((size_t)(i - 2) < run->schema->tables[table].n_columns)
            og_sq_store_column(run, table, i - 2, value);
    }
}

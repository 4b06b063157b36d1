/* SPDX-License-Identifier: MIT */
/* sqlite_shadow.c - an empty database in memory with the schema of the live handle: tables as
 * names, types and row keys only, views and triggers as they are. An index would hide a sort or a
 * comparison from the program, so there is none. */
#include "common/sqlite_parts.h"

#include <errno.h>
#include <string.h>

#define MAX_SCHEMA_BYTES (64u * 1024u * 1024u)
#define MAX_TABLES 20000u

static void no_function(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)context;
    (void)n;
    (void)values;
}

/* The listing of a program does not tell how many arguments a call of a variadic function has;
 * a function with a fixed number is preferred by the engine, and says so. */
static int fix_arguments(const struct og_sqlite_api *api, sqlite3 *shadow)
{
    sqlite3_stmt *list = NULL;
    char names[64][64];
    size_t n_names = 0;
    int rc = api->sqlite3_prepare_v2(shadow,
                                     "SELECT DISTINCT name FROM pragma_function_list "
                                     "WHERE narg < 0 AND type = 's'",
                                     -1, &list, NULL);

    while (rc == SQLITE_OK && api->sqlite3_step(list) == SQLITE_ROW) {
        const char *name = (const char *)api->sqlite3_column_text(list, 0);

        if (name && strlen(name) < sizeof(names[0]) && n_names < OG_COUNT(names) &&
            !og_sq_is_same(name, "coalesce"))
            strcpy(names[n_names++], name);
    }
    (void)api->sqlite3_finalize(list);
    if (rc != SQLITE_OK)
        return -EIO;
    for (size_t i = 0; i < n_names; i++) {
        bool is_extreme = og_sq_is_same(names[i], "min") || og_sq_is_same(names[i], "max");

        for (int n = is_extreme ? 2 : 0; n <= OG_SQ_MAX_ARGUMENTS; n++)
            if (api->sqlite3_create_function_v2(
                    shadow, names[i], n,
                    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, no_function, NULL,
                    NULL, NULL) != SQLITE_OK)
                return -EIO;
    }
    return 0;
}

bool og_sq_has_temp(const struct og_sqlite_api *api, sqlite3 *db)
{
    /* -1: it was never opened, as PRAGMA database_list would not list it */
    return api->sqlite3_db_readonly(db, "temp") != -1;
}

void og_sq_warm(const struct og_sqlite_api *api, sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;

    if (api->sqlite3_prepare_v2(db, "SELECT 1 FROM json_each('1'), json_tree('1')", -1, &statement,
                                NULL) == SQLITE_OK)
        (void)api->sqlite3_finalize(statement);
}

int og_sq_shadow_open(const struct og_sqlite_api *api, sqlite3 **out)
{
    sqlite3 *shadow = NULL;
    int is_on;

    *out = NULL;
    if (api->sqlite3_open_v2(":memory:", &shadow, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                             NULL) != SQLITE_OK ||
        api->sqlite3_db_config(shadow, SQLITE_DBCONFIG_DQS_DML, 0, &is_on) != SQLITE_OK ||
        api->sqlite3_db_config(shadow, SQLITE_DBCONFIG_DQS_DDL, 0, &is_on) != SQLITE_OK ||
        api->sqlite3_exec(shadow, "PRAGMA automatic_index = OFF", NULL, NULL, NULL) != SQLITE_OK ||
        fix_arguments(api, shadow) != 0) {
        (void)api->sqlite3_close(shadow);
        return -EIO;
    }
    (void)api->sqlite3_db_config(shadow, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, &is_on);
    og_sq_warm(api, shadow);
    *out = shadow;
    return 0;
}


static bool is_plain_integer_key(const struct og_sq_table *table, size_t column)
{
    return table->rowid_alias == (int)column;
}

static void write_table(const struct og_sq_table *table, struct og_buf *sql)
{
    int n_keys = 0;

    og_buf_printf(sql, "CREATE TABLE %s.", table->schema);
    og_sq_quote(sql, table->name);
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct og_sq_column *column = &table->columns[i];

        og_buf_append_str(sql, i ? ", " : " (");
        og_sq_quote(sql, column->name);
        og_buf_append_char(sql, ' ');
        if (is_plain_integer_key(table, i))
            og_buf_append_str(sql, "INTEGER PRIMARY KEY");
        else if (column->type[0])
            og_sq_quote(sql, column->type);
        if (column->collation[0])
            og_buf_printf(sql, " COLLATE %s", column->collation);
        if (column->is_generated)
            og_buf_append_str(sql, " GENERATED ALWAYS AS (0) STORED");
        if (column->key > n_keys)
            n_keys = column->key;
    }
    if (table->is_without_rowid) {
        for (int k = 1; k <= n_keys; k++) {
            for (size_t i = 0; i < table->n_columns; i++) {
                if (table->columns[i].key != k)
                    continue;
                og_buf_append_str(sql, k == 1 ? ", PRIMARY KEY (" : ", ");
                og_sq_quote(sql, table->columns[i].name);
            }
        }
        og_buf_append_str(sql, "))");
        og_buf_append_str(sql, " WITHOUT ROWID");
        return;
    }
    og_buf_append_char(sql, ')');
}

static int run_sql(const struct og_sq_builder *b, struct og_buf *sql)
{
    int rc = og_buf_is_failed(sql)
                 ? SQLITE_NOMEM
                 : b->api->sqlite3_exec(b->shadow, og_buf_str(sql), NULL, NULL, NULL);

    og_buf_release(sql);
    return rc == SQLITE_OK ? 0 : -EIO;
}

struct og_sq_table *og_sq_add_table(const struct og_sq_builder *b, const char *schema,
                                    const char *name)
{
    struct og_sq_schema *all = b->schema;
    struct og_sq_table *table =
        og_arena_push(&all->arena, &all->tables, &all->n_tables, &all->max_tables, sizeof(*table));

    if (!table)
        return NULL;
    table->schema = strcmp(schema, "temp") == 0 ? "temp" : "main";
    table->name = og_arena_strdup(&all->arena, name);
    table->rowid_alias = -1;
    return table->name ? table : NULL;
}

int og_sq_close_name(const struct og_sq_builder *b, const char *name)
{
    const char **slot = og_arena_push(&b->schema->arena, &b->schema->closed, &b->schema->n_closed,
                                      &b->schema->max_closed, sizeof(*slot));

    if (!slot)
        return -ENOMEM;
    *slot = og_arena_strdup(&b->schema->arena, name);
    return *slot ? 0 : -ENOMEM;
}

/* sqlite_sequence cannot be made by its name: a table with AUTOINCREMENT makes it. */
static int make_sequence(const struct og_sq_builder *b, const char *schema)
{
    struct og_buf sql;

    og_buf_init(&sql, 4096);
    og_buf_printf(&sql,
                  "CREATE TABLE %s.og_made(x INTEGER PRIMARY KEY AUTOINCREMENT);"
                  "DROP TABLE %s.og_made",
                  schema, schema);
    return run_sql(b, &sql);
}

static int build_table(const struct og_sq_builder *b, const char *schema, sqlite3_stmt *list)
{
    const char *name = og_sq_text_of(b, list, 0);
    const char *type = og_sq_text_of(b, list, 1);
    struct og_sq_table *table;
    struct og_buf sql;

    if (og_sq_is_same(name, "sqlite_schema") || og_sq_is_same(name, "sqlite_temp_schema"))
        return 0;
    if (strcmp(type, "virtual") == 0 && strcmp(schema, "main") == 0)
        return og_sq_build_virtual(b, name);
    if (strcmp(type, "view") != 0 && strcmp(type, "table") != 0)
        return og_sq_close_name(b, name);
    if (strncmp(name, "sqlite_", 7) == 0 && !og_sq_is_same(name, "sqlite_sequence"))
        return og_sq_close_name(b, name);
    table = og_sq_add_table(b, schema, name);
    if (!table || b->schema->n_tables > MAX_TABLES)
        return -ENOMEM;
    table->is_view = strcmp(type, "view") == 0;
    if (table->is_view)
        return 0;
    table->is_without_rowid = b->api->sqlite3_column_int(list, 2) != 0;
    if (og_sq_read_columns(b, table) || og_sq_read_indexes(b, table) || og_sq_read_foreign_keys(b, table))
        return -EIO;
    if (og_sq_is_same(name, "sqlite_sequence")) {
        table->is_catalog = true;
        return make_sequence(b, schema);
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        struct og_sq_constraint *constraint;

        if (!table->columns[i].is_not_null || table->columns[i].key)
            continue;
        constraint = og_sq_add_constraint(b->schema, table, false);
        if (!constraint)
            return -ENOMEM;
        constraint->is_not_null = true;
        constraint->has_column[i] = true;
    }
    og_buf_init(&sql, MAX_SCHEMA_BYTES);
    write_table(table, &sql);
    return run_sql(b, &sql);
}

static int build_tables(const struct og_sq_builder *b, const char *schema)
{
    sqlite3_stmt *list = NULL;
    struct og_buf sql;
    int rc;

    og_buf_init(&sql, 4096);
    og_buf_printf(&sql, "SELECT name, type, wr FROM pragma_table_list WHERE schema = '%s'", schema);
    rc = b->api->sqlite3_prepare_v2(b->live, og_buf_str(&sql), -1, &list, NULL);
    og_buf_release(&sql);
    if (rc != SQLITE_OK)
        return -EIO;
    while ((rc = b->api->sqlite3_step(list)) == SQLITE_ROW)
        if (build_table(b, schema, list))
            break;
    return og_sq_finish(b, list, rc);
}

static int read_text(const struct og_sq_builder *b, const char *schema, const char *type,
                     const char *name, const char *sql)
{
    size_t table;
    struct og_buf text;

    if (strcmp(type, "table") == 0) {
        table = og_sq_table_find(b->schema, schema, name);
        if (table != SIZE_MAX && !b->schema->tables[table].is_virtual)
            og_sq_read_table_text(b->schema, &b->schema->tables[table], sql);
        return 0;
    }
    if (strlen(sql) < 7)
        return -EIO;
    og_buf_init(&text, MAX_SCHEMA_BYTES);
    /* the stored text always begins with CREATE, and has lost TEMP */
    if (strcmp(schema, "temp") == 0)
        og_buf_printf(&text, "CREATE TEMP%s", sql + 6);
    else
        og_buf_append_str(&text, sql);
    return run_sql(b, &text);
}

static int build_texts(const struct og_sq_builder *b, const char *schema, const char *type)
{
    sqlite3_stmt *list = NULL;
    struct og_buf sql;
    int rc;

    og_buf_init(&sql, 4096);
    og_buf_printf(&sql,
                  "SELECT type, name, sql FROM %s.sqlite_master"
                  " WHERE type = '%s' AND sql IS NOT NULL ORDER BY rowid",
                  schema, type);
    rc = b->api->sqlite3_prepare_v2(b->live, og_buf_str(&sql), -1, &list, NULL);
    og_buf_release(&sql);
    if (rc != SQLITE_OK)
        return -EIO;
    while ((rc = b->api->sqlite3_step(list)) == SQLITE_ROW)
        if (read_text(b, schema, og_sq_text_of(b, list, 0),
                      og_sq_text_of(b, list, 1), og_sq_text_of(b, list, 2)))
            break;
    return og_sq_finish(b, list, rc);
}

static int read_storage(const struct og_sq_builder *b, struct og_sq_table *table)
{
    sqlite3_stmt *list = og_sq_pragma_list(b, b->shadow, table->schema, "index_list", table->name);
    char index[512] = "";
    size_t n = 0;
    int rc;

    if (!list)
        return -EIO;
    while ((rc = b->api->sqlite3_step(list)) == SQLITE_ROW)
        if (strcmp(og_sq_text_of(b, list, 3), "pk") == 0 &&
            strlen(og_sq_text_of(b, list, 1)) < sizeof(index))
            strcpy(index, og_sq_text_of(b, list, 1));
    if (og_sq_finish(b, list, rc) || !index[0])
        return -EIO;
    table->storage = og_arena_array(&b->schema->arena, table->n_columns, sizeof(int));
    list = og_sq_pragma_list(b, b->shadow, table->schema, "index_xinfo", index);
    if (!list || !table->storage)
        return og_sq_finish(b, list, SQLITE_ERROR);
    while ((rc = b->api->sqlite3_step(list)) == SQLITE_ROW)
        if (n < table->n_columns)
            table->storage[n++] = b->api->sqlite3_column_int(list, 1);
    if (n != table->n_columns)
        rc = SQLITE_ERROR;
    return og_sq_finish(b, list, rc);
}

static int read_roots(const struct og_sq_builder *b, const char *schema)
{
    sqlite3_stmt *list = NULL;
    struct og_buf sql;
    int rc;

    og_buf_init(&sql, 4096);
    og_buf_printf(&sql, "SELECT name, rootpage FROM %s.sqlite_master WHERE type = 'table'", schema);
    rc = b->api->sqlite3_prepare_v2(b->shadow, og_buf_str(&sql), -1, &list, NULL);
    og_buf_release(&sql);
    if (rc != SQLITE_OK)
        return -EIO;
    while ((rc = b->api->sqlite3_step(list)) == SQLITE_ROW) {
        size_t i = og_sq_table_find(b->schema, schema, og_sq_text_of(b, list, 0));

        if (i == SIZE_MAX)
            continue;
        b->schema->tables[i].root = b->api->sqlite3_column_int(list, 1);
        if (b->schema->tables[i].is_without_rowid && read_storage(b, &b->schema->tables[i]))
            break;
    }
    return og_sq_finish(b, list, rc);
}

/* The schema table itself: root page 1 of every database. */
static int add_catalog(const struct og_sq_builder *b, const char *schema, const char *name)
{
    static const char *const columns[] = {"type", "name", "tbl_name", "rootpage", "sql"};
    struct og_sq_table *table = og_sq_add_table(b, schema, name);
    size_t capacity = 0;

    if (!table)
        return -ENOMEM;
    table->is_catalog = true;
    table->root = 1;
    table->live_root = 1;
    for (size_t i = 0; i < OG_COUNT(columns); i++) {
        struct og_sq_column *column = og_arena_push(&b->schema->arena, &table->columns,
                                                    &table->n_columns, &capacity, sizeof(*column));

        if (!column)
            return -ENOMEM;
        column->name = columns[i];
        column->type = i == 3 ? "INT" : "TEXT";
    }
    return 0;
}

int og_sq_shadow_build(const struct og_sqlite_api *api, sqlite3 *live, sqlite3 *shadow,
                       struct og_sq_schema *schema, const char **why)
{
    static const char *const schemas[] = {"main", "temp"};
    static const char *const types[] = {"table", "view", "trigger"};
    const struct og_sq_builder b = {.api = api, .live = live, .shadow = shadow, .schema = schema};
    const size_t n_schemas = og_sq_has_temp(api, live) ? 2 : 1;

    *why = "the database's schema could not be read, or holds what this engine cannot rebuild";
    og_sq_schema_release(schema);
    if (add_catalog(&b, "main", "sqlite_master") || add_catalog(&b, "temp", "sqlite_temp_master"))
        return 1;
    for (size_t s = 0; s < n_schemas; s++)
        if (build_tables(&b, schemas[s]))
            return 1;
    for (size_t t = 0; t < OG_COUNT(types); t++)
        for (size_t s = 0; s < n_schemas; s++)
            if (build_texts(&b, schemas[s], types[t]))
                return 1;
    for (size_t s = 0; s < n_schemas; s++)
        if (read_roots(&b, schemas[s]) || og_sq_read_live_roots(&b, schemas[s]))
            return 1;
    if (og_sq_link_virtual(&b))
        return 1;
    *why = NULL;
    return 0;
}

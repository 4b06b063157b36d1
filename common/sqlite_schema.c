/* SPDX-License-Identifier: MIT */
/* sqlite_schema.c - reads the live schema by its pragmas: columns, indexes, constraints, foreign keys,
 * and where rows lie. */
#include "common/sqlite_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_SCHEMA_BYTES (64u * 1024u * 1024u)

void og_sq_schema_release(struct og_sq_schema *schema)
{
    og_arena_release(&schema->arena);
    *schema = (struct og_sq_schema){.n_tables = 0};
    og_arena_init(&schema->arena, MAX_SCHEMA_BYTES);
}

struct og_sq_constraint *og_sq_add_constraint(struct og_sq_schema *schema,
                                              struct og_sq_table *table, bool is_unique)
{
    struct og_sq_constraint *added =
        og_arena_push(&schema->arena, &table->constraints, &table->n_constraints,
                      &table->max_constraints, sizeof(*added));

    if (!added)
        return NULL;
    added->is_unique = is_unique;
    added->has_column =
        og_arena_array(&schema->arena, table->n_columns + 1, sizeof(*added->has_column));
    if (added->has_column)
        return added;
    table->n_constraints--;
    return NULL;
}

/* A prepared "PRAGMA schema.name("argument")", or NULL. */
sqlite3_stmt *og_sq_pragma_list(const struct og_sq_builder *b, sqlite3 *db, const char *schema,
                            const char *name, const char *argument)
{
    sqlite3_stmt *statement = NULL;
    struct og_buf sql;

    og_buf_init(&sql, OG_MAX_SQL_BYTES);
    og_buf_printf(&sql, "PRAGMA %s.%s(", schema, name);
    og_sq_quote(&sql, argument);
    og_buf_append_char(&sql, ')');
    if (og_buf_is_failed(&sql) ||
        b->api->sqlite3_prepare_v2(db, og_buf_str(&sql), -1, &statement, NULL) != SQLITE_OK)
        statement = NULL;
    og_buf_release(&sql);
    return statement;
}

const char *og_sq_text_of(const struct og_sq_builder *b, sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)b->api->sqlite3_column_text(statement, column);

    return text ? text : "";
}

int og_sq_finish(const struct og_sq_builder *b, sqlite3_stmt *statement, int rc)
{
    (void)b->api->sqlite3_finalize(statement);
    return rc == SQLITE_DONE && !b->schema->arena.is_failed ? 0 : -EIO;
}

/* The collations that every engine has; another one stands for comparing otherwise than by bytes. */
static const char *column_collation(const struct og_sq_builder *b, const struct og_sq_table *table,
                                    const char *column)
{
    const char *collation = NULL;

    if (b->api->sqlite3_table_column_metadata(b->live, table->schema, table->name, column, NULL,
                                              &collation, NULL, NULL, NULL) != SQLITE_OK ||
        !collation || og_sq_is_same(collation, "BINARY"))
        return "";
    return og_sq_is_same(collation, "RTRIM") ? "RTRIM" : "NOCASE";
}

int og_sq_read_columns(const struct og_sq_builder *b, struct og_sq_table *table)
{
    sqlite3_stmt *list = og_sq_pragma_list(b, b->live, table->schema, "table_xinfo", table->name);
    size_t capacity = 0;
    int rc;

    if (!list)
        return -EIO;
    while ((rc = b->api->sqlite3_step(list)) == SQLITE_ROW) {
        struct og_sq_column *column = og_arena_push(&b->schema->arena, &table->columns,
                                                    &table->n_columns, &capacity, sizeof(*column));
        int hidden = b->api->sqlite3_column_int(list, 6);

        if (!column)
            break;
        *column = (struct og_sq_column){
            .name = og_arena_strdup(&b->schema->arena, og_sq_text_of(b, list, 1)),
            .type = og_arena_strdup(&b->schema->arena, og_sq_text_of(b, list, 2)),
            .is_not_null = b->api->sqlite3_column_int(list, 3) != 0,
            .key = b->api->sqlite3_column_int(list, 5),
            .is_generated = hidden == 2 || hidden == 3,
            .is_virtual = hidden == 2,
            .is_hidden = hidden == 1,
            .collation = column_collation(b, table, og_sq_text_of(b, list, 1)),
        };
    }
    return og_sq_finish(b, list, rc);
}

static int add_index(const struct og_sq_builder *b, const struct og_sq_table *table, const char *name,
                     bool *has_column)
{
    struct og_sq_schema *all = b->schema;
    sqlite3_stmt *list = NULL;
    struct og_sq_index *index;
    struct og_buf sql;
    int rc;

    index = og_arena_push(&all->arena, &all->indexes, &all->n_indexes, &all->max_indexes,
                          sizeof(*index));
    if (!index)
        return -ENOMEM;
    *index = (struct og_sq_index){.table = (size_t)(table - all->tables),
                                  .schema = table->schema,
                                  .name = og_arena_strdup(&all->arena, name),
                                  .has_column = has_column};
    og_buf_init(&sql, 4096);
    og_buf_printf(&sql, "SELECT rootpage, sql FROM %s.sqlite_master WHERE type = 'index' AND name = ?",
                  table->schema);
    rc = b->api->sqlite3_prepare_v2(b->live, og_buf_str(&sql), -1, &list, NULL);
    og_buf_release(&sql);
    if (rc == SQLITE_OK)
        rc = b->api->sqlite3_bind_text(list, 1, name, -1, SQLITE_TRANSIENT);
    if (rc == SQLITE_OK && b->api->sqlite3_step(list) == SQLITE_ROW)
        index->root = b->api->sqlite3_column_int(list, 0); /* 0: the table itself */
    if (index->root && b->api->sqlite3_column_text(list, 1))
        index->sql = og_arena_strdup(&all->arena, og_sq_text_of(b, list, 1));
    return og_sq_finish(b, list, rc == SQLITE_OK ? SQLITE_DONE : rc);
}

/* Every field of the index that was just added, in order. */
static int read_fields(const struct og_sq_builder *b, const struct og_sq_table *table, const char *name)
{
    struct og_sq_schema *all = b->schema;
    struct og_sq_index *index = &all->indexes[all->n_indexes - 1];
    sqlite3_stmt *list = og_sq_pragma_list(b, b->live, table->schema, "index_xinfo", name);
    size_t n_collations = 0;
    int rc = SQLITE_ERROR;

    while (list && (rc = b->api->sqlite3_step(list)) == SQLITE_ROW) {
        int *field = og_arena_push(&all->arena, &index->columns, &index->n_columns,
                                   &index->max_columns, sizeof(*field));

        const char **collation =
            og_arena_push(&all->arena, &index->collations, &n_collations, &index->max_collations,
                          sizeof(*collation));

        if (!field || !collation)
            break;
        *field = b->api->sqlite3_column_int(list, 1);
        *collation = og_arena_strdup(&all->arena, og_sq_text_of(b, list, 4));
    }
    return og_sq_finish(b, list, rc);
}

static int read_index(const struct og_sq_builder *b, struct og_sq_table *table, const char *name,
                      bool is_unique, bool is_partial)
{
    bool *has_column =
        og_arena_array(&b->schema->arena, table->n_columns + 1, sizeof(*has_column));
    sqlite3_stmt *list = og_sq_pragma_list(b, b->live, table->schema, "index_info", name);
    struct og_sq_constraint *constraint;
    int rc;

    if (!list || !has_column)
        return og_sq_finish(b, list, SQLITE_ERROR);
    while ((rc = b->api->sqlite3_step(list)) == SQLITE_ROW) {
        int column = b->api->sqlite3_column_int(list, 1);

        if (column >= 0 && (size_t)column < table->n_columns)
            has_column[column] = true;
        else if (column < -1)
            is_partial = true; /* an expression: any column */
    }
    for (size_t i = 0; i < table->n_columns && is_partial; i++)
        has_column[i] = true;
    if (is_unique) {
        constraint = og_sq_add_constraint(b->schema, table, true);
        if (!constraint)
            return og_sq_finish(b, list, SQLITE_ERROR);
        constraint->has_column = has_column;
        constraint->is_key = !is_partial;
        for (size_t i = 0; i < table->n_columns; i++)
            if (has_column[i] && !table->columns[i].is_not_null)
                constraint->is_key = false;
    }
    if (add_index(b, table, name, has_column) || read_fields(b, table, name))
        return og_sq_finish(b, list, SQLITE_ERROR);
    b->schema->indexes[b->schema->n_indexes - 1].is_unique = is_unique;
    b->schema->indexes[b->schema->n_indexes - 1].is_whole = !is_partial;
    return og_sq_finish(b, list, rc);
}

/* Unique indexes, and whether the primary key is one: else a single key column is the rowid. */
int og_sq_read_indexes(const struct og_sq_builder *b, struct og_sq_table *table)
{
    sqlite3_stmt *list = og_sq_pragma_list(b, b->live, table->schema, "index_list", table->name);
    bool has_key_index = false;
    int n_keys = 0;
    int key = -1;
    int rc;

    if (!list)
        return -EIO;
    while ((rc = b->api->sqlite3_step(list)) == SQLITE_ROW) {
        has_key_index = has_key_index || strcmp(og_sq_text_of(b, list, 3), "pk") == 0;
        if (read_index(b, table, og_sq_text_of(b, list, 1), b->api->sqlite3_column_int(list, 2) != 0,
                       b->api->sqlite3_column_int(list, 4) != 0))
            return og_sq_finish(b, list, SQLITE_ERROR);
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        if (table->columns[i].key) {
            n_keys++;
            key = (int)i;
        }
    }
    table->rowid_alias = n_keys == 1 && !has_key_index && !table->is_without_rowid ? key : -1;
    return og_sq_finish(b, list, rc);
}

static bool is_action(const struct og_sq_builder *b, sqlite3_stmt *list, int column, const char *word)
{
    return strcmp(og_sq_text_of(b, list, column), word) == 0;
}

/* Whether the table's definition speaks of deferring: no pragma tells which foreign key is. */
static bool has_deferring(const struct og_sq_builder *b, const struct og_sq_table *table)
{
    sqlite3_stmt *statement = NULL;
    bool is_found = true; /* where it cannot be told */
    char sql[96];

    (void)snprintf(sql, sizeof(sql),
                   "SELECT sql LIKE '%%defer%%' FROM %s.sqlite_master WHERE type = 'table' AND "
                   "name = ?",
                   table->schema);
    if (b->api->sqlite3_prepare_v2(b->live, sql, -1, &statement, NULL) == SQLITE_OK &&
        b->api->sqlite3_bind_text(statement, 1, table->name, -1, SQLITE_TRANSIENT) == SQLITE_OK &&
        b->api->sqlite3_step(statement) == SQLITE_ROW)
        is_found = b->api->sqlite3_column_int(statement, 0) != 0;
    (void)b->api->sqlite3_finalize(statement);
    return is_found;
}

static void add_reference(const struct og_sq_builder *b, const struct og_sq_table *table, int column,
                          sqlite3_stmt *list)
{
    struct og_sq_schema *all = b->schema;
    struct og_sq_reference *added =
        og_arena_push(&all->arena, &all->references, &all->n_references, &all->max_references,
                      sizeof(*added));

    if (!added)
        return;
    *added = (struct og_sq_reference){
        .child = (size_t)(table - all->tables),
        .column = column,
        .parent = og_arena_strdup(&all->arena, og_sq_text_of(b, list, 2)),
        .key = og_arena_strdup(&all->arena, og_sq_text_of(b, list, 4)),
        .deletes = is_action(b, list, 6, "CASCADE"),
        .updates = is_action(b, list, 5, "CASCADE") || is_action(b, list, 5, "SET NULL") ||
                   is_action(b, list, 5, "SET DEFAULT") || is_action(b, list, 6, "SET NULL") ||
                   is_action(b, list, 6, "SET DEFAULT"),
        .is_deferred = has_deferring(b, table),
    };
}

int og_sq_read_foreign_keys(const struct og_sq_builder *b, struct og_sq_table *table)
{
    sqlite3_stmt *list = og_sq_pragma_list(b, b->live, table->schema, "foreign_key_list", table->name);
    struct og_sq_constraint *constraint = NULL;
    int rc;

    if (!list)
        return -EIO;
    while ((rc = b->api->sqlite3_step(list)) == SQLITE_ROW) {
        int column = og_sq_column_find(table, og_sq_text_of(b, list, 3));

        if (!constraint)
            constraint = og_sq_add_constraint(b->schema, table, false);
        if (constraint && column >= 0)
            constraint->has_column[column] = true;
        if (column >= 0)
            add_reference(b, table, column, list);
    }
    return og_sq_finish(b, list, rc);
}

/* Where the columns of a row lie in the live database: generated ones take no place there. */
static int read_live_storage(const struct og_sq_builder *b, struct og_sq_table *table)
{
    bool has_virtual = false;

    for (size_t c = 0; c < table->n_columns; c++)
        has_virtual = has_virtual || table->columns[c].is_virtual;
    if (!table->is_without_rowid && !has_virtual)
        return 0;
    table->live_storage = og_arena_array(&b->schema->arena, table->n_columns, sizeof(int));
    if (!table->live_storage)
        return -ENOMEM;
    for (size_t c = 0; !table->is_without_rowid && c < table->n_columns; c++)
        if (!table->columns[c].is_virtual)
            table->live_storage[table->n_live_storage++] = (int)c;
    for (size_t i = 0; table->is_without_rowid && i < b->schema->n_indexes; i++) {
        const struct og_sq_index *index = &b->schema->indexes[i];

        if (&b->schema->tables[index->table] != table || index->root)
            continue; /* the key's own index has no page of its own */
        for (size_t k = 0; k < index->n_columns && k < table->n_columns; k++)
            table->live_storage[table->n_live_storage++] = index->columns[k];
        break;
    }
    return 0;
}

int og_sq_read_live_roots(const struct og_sq_builder *b, const char *schema)
{
    sqlite3_stmt *list = NULL;
    struct og_buf sql;
    int rc;

    og_buf_init(&sql, 4096);
    og_buf_printf(&sql, "SELECT name, rootpage FROM %s.sqlite_master WHERE type = 'table'", schema);
    rc = b->api->sqlite3_prepare_v2(b->live, og_buf_str(&sql), -1, &list, NULL);
    og_buf_release(&sql);
    if (rc != SQLITE_OK)
        return -EIO;
    while ((rc = b->api->sqlite3_step(list)) == SQLITE_ROW) {
        size_t i = og_sq_table_find(b->schema, schema, og_sq_text_of(b, list, 0));

        if (i == SIZE_MAX)
            continue;
        b->schema->tables[i].live_root = b->api->sqlite3_column_int(list, 1);
        if (read_live_storage(b, &b->schema->tables[i]))
            break;
    }
    return og_sq_finish(b, list, rc);
}

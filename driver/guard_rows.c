/* SPDX-License-Identifier: MIT */
/* The plan of masks laid on a result: what its columns are, and whether the driver agrees. */
#include <string.h>

#include "common/pg_analyse.h"
#include "driver/guard.h"

static bool is_text_type(SQLSMALLINT sql_type)
{
    switch (sql_type) {
    case SQL_CHAR:
    case SQL_VARCHAR:
    case SQL_LONGVARCHAR:
    case SQL_WCHAR:
    case SQL_WVARCHAR:
    case SQL_WLONGVARCHAR:
        return true;
    default:
        return false;
    }
}

static void plan(struct og_guard_stmt *stmt, size_t index)
{
    struct og_guard_column *column = &stmt->columns[index];

    column->type = stmt->facts.results[index].type;
    column->mask = stmt->verdict.masks[index];
    column->mask.key = stmt->dbc->mask_key;
    column->key = og_issued_key(&stmt->facts, index, 0);
    if (column->mask.kind == OG_MASK_SQL_NULL)
        og_issued_add(stmt, index, NULL);
}

static SQLRETURN describe(struct og_guard_stmt *stmt, size_t index)
{
    struct og_guard_column *column = &stmt->columns[index];
    SQLUSMALLINT number = (SQLUSMALLINT)(index + 1);
    SQLSMALLINT digits, nullable;
    SQLULEN size = 0;
    SQLLEN is_unsigned = SQL_FALSE;
    SQLRETURN code = stmt->object.calls->SQLDescribeCol(stmt->object.below, number, NULL, 0, NULL,
                                                        &column->sql_type, &size, &digits,
                                                        &nullable);

    if (!SQL_SUCCEEDED(code))
        return og_guard_below(stmt, code);
    if (stmt->object.calls->SQLColAttribute)
        (void)stmt->object.calls->SQLColAttribute(stmt->object.below, number, SQL_DESC_UNSIGNED,
                                                  NULL, 0, NULL, &is_unsigned);
    column->is_unsigned = is_unsigned == SQL_TRUE;
    column->max_chars = is_text_type(column->sql_type) ? (size_t)size : 0;
    if (column->mask.kind == OG_MASK_DETECT && !is_text_type(column->sql_type))
        column->mask.kind = OG_MASK_NONE; /* a number, a date: nothing to look through */
    return SQL_SUCCESS;
}

static SQLRETURN disagree(struct og_guard_stmt *stmt, const char *what)
{
    (void)stmt->object.calls->SQLFreeStmt(stmt->object.below, SQL_CLOSE);
    og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false,
                "[plan] the database's answer does not fit the plan of masks (%s): the catalog may "
                "have changed; prepare the statement again", what);
    return SQL_ERROR;
}

static bool has_source(const struct og_facts *facts, size_t index, const char *table,
                       const char *column)
{
    const struct og_fact_result *result = &facts->results[index];

    for (size_t i = 0; i < result->n_sources; i++) {
        const struct og_fact_column *source = &facts->columns[result->sources[i].column];

        if (strcmp(facts->objects[source->object].name, table) == 0 &&
            strcmp(source->name, column) == 0)
            return true;
    }
    return false;
}

/* Where the driver names a base column, the plan must know it as a source: two analyses that
 * disagree are none. Silence proves nothing. */
static bool agrees_with_driver(struct og_guard_stmt *stmt, size_t index)
{
    char table[256], column[256];
    SQLUSMALLINT number = (SQLUSMALLINT)(index + 1);

    if (stmt->dbc->dialect != OG_DIALECT_POSTGRESQL)
        return true; /* the SQLite analysis has asked the engine itself */
    og_meta_text(stmt, number, SQL_DESC_BASE_TABLE_NAME, table);
    if (!table[0])
        return true;
    og_meta_text(stmt, number, SQL_DESC_BASE_COLUMN_NAME, column);
    return !column[0] || og_pg_is_system_column(column) ||
           has_source(&stmt->facts, index, table, column);
}

bool og_rows_is_base(struct og_guard_stmt *stmt, SQLUSMALLINT number, const char *table,
                     const char *column)
{
    char table_below[256], column_below[256];

    og_meta_text(stmt, number, SQL_DESC_BASE_TABLE_NAME, table_below);
    og_meta_text(stmt, number, SQL_DESC_BASE_COLUMN_NAME, column_below);
    return column && strcmp(table_below, table) == 0 && strcmp(column_below, column) == 0;
}

SQLRETURN og_rows_open(struct og_guard_stmt *stmt)
{
    SQLSMALLINT n_columns = 0;
    SQLRETURN code;

    if (!stmt->verdict.masks_any && !stmt->verdict.touches_masked)
        return SQL_SUCCESS;
    stmt->columns = NULL;
    stmt->n_columns = 0;
    stmt->rows.read_version = stmt->rows.own_version = 0;
    stmt->rows.has_row_count = false;
    stmt->rows.is_agreed = stmt->rows.is_described = false;
    stmt->rows.ran_with = stmt->explicit_ard;
    code = stmt->object.calls->SQLNumResultCols(stmt->object.below, &n_columns);
    if (!SQL_SUCCEEDED(code))
        return og_guard_below(stmt, code);
    if (n_columns <= 0)
        return SQL_SUCCESS;
    if ((size_t)n_columns != stmt->facts.n_results || stmt->verdict.n_masks != (size_t)n_columns)
        return disagree(stmt, "another number of columns");
    stmt->columns = og_arena_array(&stmt->verdict_arena, (size_t)n_columns,
                                   sizeof(*stmt->columns));
    if (!stmt->columns)
        return disagree(stmt, "out of memory");
    stmt->n_columns = (size_t)n_columns;
    for (size_t i = 0; i < stmt->n_columns; i++)
        plan(stmt, i);
    return SQL_SUCCESS;
}

void og_rows_close(struct og_guard_stmt *stmt)
{
    og_get_forget(stmt);
    stmt->rows.app_current = 0;
}

/* Before the first row. Not sooner: psqlODBC describes columns otherwise (LENGTH, COUNT, CATALOG_NAME)
 * once it was asked about them, so what the application asks of a fresh result comes first. */
static SQLRETURN agree(struct og_guard_stmt *stmt)
{
    SQLRETURN code = SQL_SUCCESS;

    if (stmt->rows.is_agreed)
        return SQL_SUCCESS;
    for (size_t i = 0; code == SQL_SUCCESS && i < stmt->n_columns; i++) {
        if (stmt->verdict.touches_masked && !agrees_with_driver(stmt, i))
            return disagree(stmt, "another base column");
        code = describe(stmt, i);
    }
    stmt->rows.is_agreed = code == SQL_SUCCESS;
    return code;
}

SQLRETURN og_rows_check(struct og_guard_stmt *stmt)
{
    if (!stmt->verdict.masks_any || stmt->n_columns)
        return agree(stmt);
    /* Nothing that a plan was laid on is handed out, whatever the real driver holds. */
    if (stmt->state == OG_STMT_OPEN)
        og_diag_add_state(&stmt->object.diag, "24000", "[odbcguard] there is no result to read");
    else
        og_diag_add_state(&stmt->object.diag, "HY010", "[odbcguard] function sequence error");
    return SQL_ERROR;
}

void og_cursor_drop(struct og_guard_stmt *stmt)
{
    if (stmt->state == OG_STMT_OPEN && stmt->verdict.masks_any)
        (void)stmt->object.calls->SQLFreeStmt(stmt->object.below, SQL_CLOSE);
    stmt->columns = NULL;
    stmt->n_columns = 0;
    stmt->rows.has_row_count = false;
    og_rows_close(stmt);
}

/* SPDX-License-Identifier: MIT */
/* SQLBindCol goes straight down. Where the real driver cannot be asked for its bindings later, they
 * are recorded. */
#include "driver/guard.h"

/* Where they are recorded; NULL: nowhere. */
static struct og_bindings *record_of(struct og_guard_stmt *stmt)
{
    if (!og_rowset_has_descriptors(stmt))
        return &stmt->rows.recorded;
    return stmt->explicit_ard ? &stmt->explicit_ard->recorded : NULL;
}

/* SQLite's driver looks the default type up in the result's columns, and crashes where there are none
 * yet, or not so many. Source: SQLite ODBC 0.9998, drvbindcol. */
static bool has_default(const struct og_guard_stmt *stmt, SQLUSMALLINT column, SQLSMALLINT c_type)
{
    SQLSMALLINT n_columns = 0;

    if (stmt->dbc->dialect != OG_DIALECT_SQLITE || c_type != SQL_C_DEFAULT || column == 0)
        return true;
    return SQL_SUCCEEDED(stmt->object.calls->SQLNumResultCols(stmt->object.below, &n_columns)) &&
           column <= n_columns;
}

static SQLRETURN SQL_API guard_SQLBindCol(SQLHSTMT handle, SQLUSMALLINT column, SQLSMALLINT c_type,
                                          SQLPOINTER data, SQLLEN max_bytes, SQLLEN *indicator)
{
    struct og_guard_stmt *stmt = handle;
    struct og_guard_binding wanted = {
        .column = column,
        .c_type = c_type,
        .data = data,
        .max_bytes = max_bytes,
        .length = data ? indicator : NULL, /* no buffer: SQLite's driver forgets both */
        .indicator = data ? indicator : NULL,
    };
    struct og_bindings *record = record_of(stmt);
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    if (!has_default(stmt, column, c_type)) {
        og_diag_add_state(&stmt->object.diag, "HYC00",
                          "[odbcguard] this driver knows no default type before the statement has a "
                          "result with that column: name a type, or bind after SQLPrepare");
        return SQL_ERROR;
    }
    og_rowset_touch(stmt->dbc);
    code = og_guard_below(stmt, stmt->object.calls->SQLBindCol(stmt->object.below, column, c_type,
                                                               data, max_bytes, indicator));
    if (!SQL_SUCCEEDED(code) || !record || og_bindings_set(record, &wanted))
        return code;
    /* What is not recorded must not be bound below either. */
    (void)stmt->object.calls->SQLBindCol(stmt->object.below, column, SQL_C_CHAR, NULL, 0, NULL);
    og_diag_add_state(&stmt->object.diag, "HY001", "[odbcguard] memory allocation error");
    return SQL_ERROR;
}

void og_bindings_clear(struct og_guard_stmt *stmt)
{
    struct og_bindings *record = record_of(stmt);

    if (record)
        record->n_items = 0;
    og_rowset_touch(stmt->dbc);
}

void og_guard_install_bind(struct og_calls *calls)
{
    calls->SQLBindCol = guard_SQLBindCol;
}

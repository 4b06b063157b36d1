/* SPDX-License-Identifier: MIT */
/* What result columns look like: as the real driver says, with one change. A column that a mask
 * turns into NULL may be NULL, whatever the table says. */
#include <string.h>

#include "driver/guard.h"

bool og_meta_becomes_null(const struct og_guard_stmt *stmt, SQLUSMALLINT column)
{
    return column >= 1 && column <= stmt->verdict.n_masks && stmt->verdict.masks &&
           stmt->verdict.masks[column - 1].kind == OG_MASK_SQL_NULL;
}

static SQLRETURN SQL_API guard_SQLDescribeCol(SQLHSTMT handle, SQLUSMALLINT column, SQLCHAR *name,
                                              SQLSMALLINT max_chars, SQLSMALLINT *n_chars,
                                              SQLSMALLINT *type, SQLULEN *size,
                                              SQLSMALLINT *digits, SQLSMALLINT *nullable)
{
    struct og_guard_stmt *stmt = handle;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    code = og_guard_below(stmt, stmt->object.calls->SQLDescribeCol(stmt->object.below, column, name,
                                                                   max_chars, n_chars, type, size,
                                                                   digits, nullable));
    if (SQL_SUCCEEDED(code) && nullable && og_meta_becomes_null(stmt, column))
        *nullable = SQL_NULLABLE;
    return code;
}

static SQLRETURN SQL_API guard_SQLDescribeColW(SQLHSTMT handle, SQLUSMALLINT column,
                                               SQLWCHAR *name, SQLSMALLINT max_chars,
                                               SQLSMALLINT *n_chars, SQLSMALLINT *type,
                                               SQLULEN *size, SQLSMALLINT *digits,
                                               SQLSMALLINT *nullable)
{
    struct og_guard_stmt *stmt = handle;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    code = og_guard_below(stmt, stmt->object.calls->SQLDescribeColW(stmt->object.below, column,
                                                                    name, max_chars, n_chars, type,
                                                                    size, digits, nullable));
    if (SQL_SUCCEEDED(code) && nullable && og_meta_becomes_null(stmt, column))
        *nullable = SQL_NULLABLE;
    return code;
}

static void patch(struct og_guard_stmt *stmt, SQLRETURN code, SQLUSMALLINT column,
                  SQLUSMALLINT field, SQLLEN *number)
{
    bool asks_nullable = field == SQL_DESC_NULLABLE || field == SQL_COLUMN_NULLABLE;

    if (SQL_SUCCEEDED(code) && number && asks_nullable && og_meta_becomes_null(stmt, column))
        *number = SQL_NULLABLE;
}

/* psqlODBC that was asked for a base column once, as before masked rows are handed out, does not count
 * columns any more. */
static bool is_counted_here(const struct og_guard_stmt *stmt, SQLUSMALLINT field)
{
    return (field == SQL_DESC_COUNT || field == SQL_COLUMN_COUNT) && stmt->rows.is_agreed &&
           stmt->n_columns && stmt->dbc->dialect == OG_DIALECT_POSTGRESQL && !stmt->dbc->conf->is_broker;
}

static SQLRETURN count_here(struct og_guard_stmt *stmt, SQLSMALLINT *n_bytes, SQLLEN *number)
{
    if (n_bytes)
        *n_bytes = 0;
    if (number)
        *number = (SQLLEN)stmt->n_columns;
    return SQL_SUCCESS;
}

static SQLRETURN SQL_API guard_SQLColAttribute(SQLHSTMT handle, SQLUSMALLINT column,
                                               SQLUSMALLINT field, SQLPOINTER text,
                                               SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes,
                                               SQLLEN *number)
{
    struct og_guard_stmt *stmt = handle;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    if (is_counted_here(stmt, field))
        return count_here(stmt, n_bytes, number);
    code = og_guard_below(stmt, stmt->object.calls->SQLColAttribute(
                                    stmt->object.below, column, field, text, max_bytes, n_bytes,
                                    number));
    patch(stmt, code, column, field, number);
    return code;
}

static SQLRETURN SQL_API guard_SQLColAttributeW(SQLHSTMT handle, SQLUSMALLINT column,
                                                SQLUSMALLINT field, SQLPOINTER text,
                                                SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes,
                                                SQLLEN *number)
{
    struct og_guard_stmt *stmt = handle;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    if (is_counted_here(stmt, field))
        return count_here(stmt, n_bytes, number);
    code = og_guard_below(stmt, stmt->object.calls->SQLColAttributeW(
                                    stmt->object.below, column, field, text, max_bytes, n_bytes,
                                    number));
    patch(stmt, code, column, field, number);
    return code;
}

static SQLRETURN SQL_API guard_SQLColAttributes(SQLHSTMT handle, SQLUSMALLINT column,
                                                SQLUSMALLINT field, SQLPOINTER text,
                                                SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes,
                                                SQLLEN *number)
{
    struct og_guard_stmt *stmt = handle;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    if (is_counted_here(stmt, field))
        return count_here(stmt, n_bytes, number);
    code = og_guard_below(stmt, stmt->object.calls->SQLColAttributes(
                                    stmt->object.below, column, field, text, max_bytes, n_bytes,
                                    number));
    patch(stmt, code, column, field, number);
    return code;
}

static SQLRETURN SQL_API guard_SQLColAttributesW(SQLHSTMT handle, SQLUSMALLINT column,
                                                 SQLUSMALLINT field, SQLPOINTER text,
                                                 SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes,
                                                 SQLLEN *number)
{
    struct og_guard_stmt *stmt = handle;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    if (is_counted_here(stmt, field))
        return count_here(stmt, n_bytes, number);
    code = og_guard_below(stmt, stmt->object.calls->SQLColAttributesW(
                                    stmt->object.below, column, field, text, max_bytes, n_bytes,
                                    number));
    patch(stmt, code, column, field, number);
    return code;
}

void og_guard_install_meta(struct og_calls *calls)
{
    calls->SQLDescribeCol = guard_SQLDescribeCol;
    calls->SQLDescribeColW = guard_SQLDescribeColW;
    calls->SQLColAttribute = guard_SQLColAttribute;
    calls->SQLColAttributeW = guard_SQLColAttributeW;
    calls->SQLColAttributes = guard_SQLColAttributes;
    calls->SQLColAttributesW = guard_SQLColAttributesW;
}

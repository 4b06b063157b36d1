/* SPDX-License-Identifier: MIT */
/* What result columns look like: as the real driver says, with two changes. A column that a mask
 * turns into NULL may be NULL, whatever the table says; and no masked column is described by its
 * values (guard_sizes.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/guard.h"
#include "driver/guard_sizes.h"
#include "driver/wide.h"

bool og_meta_becomes_null(const struct og_guard_stmt *stmt, SQLUSMALLINT column)
{
    return column >= 1 && column <= stmt->verdict.n_masks && stmt->verdict.masks &&
           stmt->verdict.masks[column - 1].kind == OG_MASK_SQL_NULL;
}

void og_meta_text(struct og_guard_stmt *stmt, SQLUSMALLINT number, SQLUSMALLINT field,
                  char out[static 256])
{
    const struct og_calls *calls = stmt->object.calls;
    SQLWCHAR wide[256] = {0};
    SQLSMALLINT n = 0;
    char *name;

    out[0] = '\0';
    if (stmt->dbc->is_wide && calls->SQLColAttributeW) {
        if (!SQL_SUCCEEDED(calls->SQLColAttributeW(stmt->object.below, number, field, wide,
                                                   sizeof(wide), &n, NULL)))
            return;
        name = og_wide_to_utf8(wide, SQL_NTS);
        (void)snprintf(out, 256, "%s", name ? name : "?");
        free(name);
        return;
    }
    if (!calls->SQLColAttribute ||
        !SQL_SUCCEEDED(calls->SQLColAttribute(stmt->object.below, number, field, out, 256, &n, NULL)))
        out[0] = '\0';
}

static SQLRETURN SQL_API guard_SQLDescribeCol(SQLHSTMT handle, SQLUSMALLINT column, SQLCHAR *name,
                                              SQLSMALLINT max_chars, SQLSMALLINT *n_chars,
                                              SQLSMALLINT *type, SQLULEN *size,
                                              SQLSMALLINT *digits, SQLSMALLINT *nullable)
{
    struct og_guard_stmt *stmt = handle;
    struct og_sizes sizes;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    og_sizes_begin(stmt, column, &sizes);
    code = og_guard_below(stmt, stmt->object.calls->SQLDescribeCol(stmt->object.below, column, name,
                                                                   max_chars, n_chars, type, size,
                                                                   digits, nullable));
    og_sizes_end(stmt, &sizes);
    if (!SQL_SUCCEEDED(code))
        return code;
    og_sizes_describe(&sizes, type, size, digits);
    if (nullable && og_meta_becomes_null(stmt, column))
        *nullable = SQL_NULLABLE;
    return code;
}

static SQLRETURN SQL_API guard_SQLDescribeColW(SQLHSTMT handle, SQLUSMALLINT column, SQLWCHAR *name,
                                              SQLSMALLINT max_chars, SQLSMALLINT *n_chars,
                                              SQLSMALLINT *type, SQLULEN *size,
                                              SQLSMALLINT *digits, SQLSMALLINT *nullable)
{
    struct og_guard_stmt *stmt = handle;
    struct og_sizes sizes;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    og_sizes_begin(stmt, column, &sizes);
    code = og_guard_below(stmt, stmt->object.calls->SQLDescribeColW(stmt->object.below, column, name,
                                                                   max_chars, n_chars, type, size,
                                                                   digits, nullable));
    og_sizes_end(stmt, &sizes);
    if (!SQL_SUCCEEDED(code))
        return code;
    og_sizes_describe(&sizes, type, size, digits);
    if (nullable && og_meta_becomes_null(stmt, column))
        *nullable = SQL_NULLABLE;
    return code;
}

/* psqlODBC that was asked for a base column once, as before masked rows are handed out, does not count
 * columns any more. */
static bool is_counted_here(const struct og_guard_stmt *stmt, SQLUSMALLINT field)
{
    return (field == SQL_DESC_COUNT || field == SQL_COLUMN_COUNT) &&
           (stmt->rows.is_agreed || stmt->rows.is_described) && stmt->n_columns &&
           stmt->dbc->dialect == OG_DIALECT_POSTGRESQL && !stmt->dbc->conf->is_broker;
}

static SQLRETURN count_here(struct og_guard_stmt *stmt, SQLSMALLINT *n_bytes, SQLLEN *number)
{
    if (n_bytes)
        *n_bytes = 0;
    if (number)
        *number = (SQLLEN)stmt->n_columns;
    return SQL_SUCCESS;
}

/* A call for one field of a column, by whichever of its names. */
struct ask {
    SQLUSMALLINT column, field;
    SQLPOINTER text;
    SQLSMALLINT max_bytes;
    SQLSMALLINT *n_bytes;
    SQLLEN *number;
    bool is_wide;
};

static SQLRETURN tell_text(const struct ask *ask, const char *text)
{
    size_t width = ask->is_wide ? sizeof(SQLWCHAR) : 1, n = 0;
    bool is_cut = og_text_put(text, ask->is_wide, ask->text,
                              ask->max_bytes > 0 ? (size_t)ask->max_bytes / width : 0, &n);

    if (ask->n_bytes)
        *ask->n_bytes = (SQLSMALLINT)(n * width);
    return is_cut ? SQL_SUCCESS_WITH_INFO : SQL_SUCCESS;
}

static SQLRETURN ask_field(struct og_guard_stmt *stmt, __typeof__(SQLColAttribute) *below,
                           const struct ask *ask)
{
    bool asks_nullable = ask->field == SQL_DESC_NULLABLE || ask->field == SQL_COLUMN_NULLABLE;
    struct og_sizes sizes;
    const char *text;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    if (is_counted_here(stmt, ask->field))
        return count_here(stmt, ask->n_bytes, ask->number);
    og_sizes_begin(stmt, og_sizes_concern((SQLSMALLINT)ask->field) ? ask->column : 0, &sizes);
    code = og_guard_below(stmt, below(stmt->object.below, ask->column, ask->field, ask->text,
                                      ask->max_bytes, ask->n_bytes, ask->number));
    og_sizes_end(stmt, &sizes);
    text = og_sizes_text(&sizes, (SQLSMALLINT)ask->field);
    if (!SQL_SUCCEEDED(code))
        return code;
    if (text)
        return tell_text(ask, text);
    if (ask->number) {
        (void)og_sizes_number(&sizes, (SQLSMALLINT)ask->field, ask->number);
        if (asks_nullable && og_meta_becomes_null(stmt, ask->column))
            *ask->number = SQL_NULLABLE;
    }
    return code;
}

static SQLRETURN SQL_API guard_SQLColAttribute(SQLHSTMT handle, SQLUSMALLINT column,
                                               SQLUSMALLINT field, SQLPOINTER text,
                                               SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes,
                                               SQLLEN *number)
{
    struct og_guard_stmt *stmt = handle;
    struct ask ask = {column, field, text, max_bytes, n_bytes, number, false};

    return ask_field(stmt, stmt->object.calls->SQLColAttribute, &ask);
}

static SQLRETURN SQL_API guard_SQLColAttributeW(SQLHSTMT handle, SQLUSMALLINT column,
                                               SQLUSMALLINT field, SQLPOINTER text,
                                               SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes,
                                               SQLLEN *number)
{
    struct og_guard_stmt *stmt = handle;
    struct ask ask = {column, field, text, max_bytes, n_bytes, number, true};

    return ask_field(stmt, stmt->object.calls->SQLColAttributeW, &ask);
}

static SQLRETURN SQL_API guard_SQLColAttributes(SQLHSTMT handle, SQLUSMALLINT column,
                                               SQLUSMALLINT field, SQLPOINTER text,
                                               SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes,
                                               SQLLEN *number)
{
    struct og_guard_stmt *stmt = handle;
    struct ask ask = {column, field, text, max_bytes, n_bytes, number, false};

    return ask_field(stmt, stmt->object.calls->SQLColAttributes, &ask);
}

static SQLRETURN SQL_API guard_SQLColAttributesW(SQLHSTMT handle, SQLUSMALLINT column,
                                               SQLUSMALLINT field, SQLPOINTER text,
                                               SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes,
                                               SQLLEN *number)
{
    struct og_guard_stmt *stmt = handle;
    struct ask ask = {column, field, text, max_bytes, n_bytes, number, true};

    return ask_field(stmt, stmt->object.calls->SQLColAttributesW, &ask);
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

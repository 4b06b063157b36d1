/* SPDX-License-Identifier: MIT */
/* Descriptors. They are the real driver's and everything written to them goes straight down; the
 * guard only notes that bindings may have changed, and which ones a statement has attached. */
#include <stdlib.h>

#include "driver/guard.h"
#include "driver/guard_sizes.h"
#include "driver/wide.h"

/* ---- those of a statement ---- */

SQLRETURN og_desc_get(struct og_guard_stmt *stmt, SQLINTEGER attribute, SQLPOINTER value)
{
    struct og_guard_desc *desc = &stmt->descriptors[attribute - SQL_ATTR_APP_ROW_DESC];
    SQLRETURN code = SQL_SUCCESS;

    if (attribute == SQL_ATTR_APP_ROW_DESC && stmt->explicit_ard)
        desc = stmt->explicit_ard;
    else if (attribute == SQL_ATTR_APP_PARAM_DESC && stmt->explicit_apd)
        desc = stmt->explicit_apd;
    if (!desc->object.below) {
        code = stmt->object.calls->SQLGetStmtAttr(stmt->object.below, attribute,
                                                  &desc->object.below, SQL_IS_POINTER, NULL);
        desc->object.kind = OG_GUARD_DESC;
        desc->object.calls = stmt->object.calls;
        desc->dbc = stmt->dbc;
        desc->stmt = stmt;
        desc->role = attribute;
    }
    if (SQL_SUCCEEDED(code))
        *(SQLPOINTER *)value = desc;
    return code;
}

SQLRETURN og_desc_attach(struct og_guard_stmt *stmt, __typeof__(SQLSetStmtAttr) *below,
                         SQLINTEGER attribute, struct og_guard_desc *desc)
{
    struct og_guard_desc *wanted = desc && !desc->stmt ? desc : NULL;
    SQLRETURN code = below(stmt->object.below, attribute, desc ? desc->object.below : NULL,
                           SQL_IS_POINTER);

    if (!SQL_SUCCEEDED(code))
        return og_guard_below(stmt, code);
    if (attribute == SQL_ATTR_APP_ROW_DESC) {
        stmt->explicit_ard = wanted;
    } else {
        stmt->explicit_apd = wanted;
        stmt->params.is_foreign = wanted != NULL;
    }
    return og_guard_below(stmt, code);
}

/* A descriptor that goes away gives its statements their implicit ones back (ODBC 3.8, "Freeing a
 * Descriptor"); psqlODBC would keep a pointer to it. */
static void detach(struct og_guard_desc *desc)
{
    const struct og_calls *calls = desc->object.calls;

    (void)pthread_mutex_lock(&desc->dbc->lock);
    for (struct og_guard_stmt *stmt = desc->dbc->statements; stmt; stmt = stmt->next) {
        if (stmt->explicit_ard == desc) {
            (void)calls->SQLSetStmtAttr(stmt->object.below, SQL_ATTR_APP_ROW_DESC, NULL,
                                        SQL_IS_POINTER);
            stmt->explicit_ard = NULL;
        }
        if (stmt->explicit_apd == desc) {
            (void)calls->SQLSetStmtAttr(stmt->object.below, SQL_ATTR_APP_PARAM_DESC, NULL,
                                        SQL_IS_POINTER);
            stmt->explicit_apd = NULL;
            stmt->params.is_foreign = false;
        }
    }
    (void)pthread_mutex_unlock(&desc->dbc->lock);
    og_rowset_touch(desc->dbc);
}

SQLRETURN og_desc_free(struct og_guard_desc *desc)
{
    SQLRETURN code;

    og_guard_enter(&desc->object);
    if (desc->stmt)
        return SQL_ERROR;
    detach(desc);
    code = desc->object.calls->SQLFreeHandle(SQL_HANDLE_DESC, desc->object.below);
    if (!SQL_SUCCEEDED(code)) {
        desc->object.shows_below = true;
        return code;
    }
    og_diag_release(&desc->object.diag);
    free(desc->recorded.items);
    free(desc);
    return code;
}

/* ---- fields ---- */

static void begin_write(struct og_guard_desc *desc)
{
    og_guard_enter(&desc->object);
    desc->object.shows_below = true;
    og_rowset_touch(desc->dbc);
    if (desc->stmt && desc->role == SQL_ATTR_APP_PARAM_DESC)
        desc->stmt->params.is_foreign = true;
}

/* Where a statement counts its rows is the guard's, who tells the application's counter. */
static bool is_row_counter(const struct og_guard_desc *desc, SQLSMALLINT field)
{
    return desc->stmt && desc->role == SQL_ATTR_IMP_ROW_DESC &&
           field == SQL_DESC_ROWS_PROCESSED_PTR;
}

static SQLRETURN set_field(struct og_guard_desc *desc, __typeof__(SQLSetDescField) *below,
                           SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER value,
                           SQLINTEGER n_bytes)
{
    begin_write(desc);
    if (!is_row_counter(desc, field))
        return below(desc->object.below, number, field, value, n_bytes);
    desc->object.shows_below = false;
    desc->stmt->rows_fetched = value;
    return SQL_SUCCESS;
}

static SQLRETURN SQL_API guard_SQLSetDescField(SQLHDESC handle, SQLSMALLINT number,
                                               SQLSMALLINT field, SQLPOINTER value,
                                               SQLINTEGER n_bytes)
{
    struct og_guard_desc *desc = handle;

    return set_field(desc, desc->object.calls->SQLSetDescField, number, field, value, n_bytes);
}

static SQLRETURN SQL_API guard_SQLSetDescFieldW(SQLHDESC handle, SQLSMALLINT number,
                                                SQLSMALLINT field, SQLPOINTER value,
                                                SQLINTEGER n_bytes)
{
    struct og_guard_desc *desc = handle;

    return set_field(desc, desc->object.calls->SQLSetDescFieldW, number, field, value, n_bytes);
}

static SQLRETURN SQL_API guard_SQLSetDescRec(SQLHDESC handle, SQLSMALLINT number, SQLSMALLINT type,
                                             SQLSMALLINT subtype, SQLLEN length,
                                             SQLSMALLINT precision, SQLSMALLINT scale,
                                             SQLPOINTER data, SQLLEN *string_length,
                                             SQLLEN *indicator)
{
    struct og_guard_desc *desc = handle;

    begin_write(desc);
    return desc->object.calls->SQLSetDescRec(desc->object.below, number, type, subtype, length,
                                             precision, scale, data, string_length, indicator);
}

static SQLRETURN SQL_API guard_SQLSetDescRecW(SQLHDESC handle, SQLSMALLINT number,
                                              SQLSMALLINT type, SQLSMALLINT subtype, SQLLEN length,
                                              SQLSMALLINT precision, SQLSMALLINT scale,
                                              SQLPOINTER data, SQLLEN *string_length,
                                              SQLLEN *indicator)
{
    struct og_guard_desc *desc = handle;

    begin_write(desc);
    return desc->object.calls->SQLSetDescRecW(desc->object.below, number, type, subtype, length,
                                              precision, scale, data, string_length, indicator);
}

static SQLRETURN SQL_API guard_SQLCopyDesc(SQLHDESC source, SQLHDESC target)
{
    struct og_guard_desc *from = source, *to = target;

    begin_write(to);
    return to->object.calls->SQLCopyDesc(from->object.below, to->object.below);
}

/* A column that a mask turns into NULL may be NULL, whatever the table says. */
static bool becomes_null(const struct og_guard_desc *desc, SQLSMALLINT number)
{
    return desc->stmt && desc->role == SQL_ATTR_IMP_ROW_DESC && number > 0 &&
           og_meta_becomes_null(desc->stmt, (SQLUSMALLINT)number);
}

static void begin_sizes(struct og_guard_desc *desc, SQLSMALLINT number, struct og_sizes *out)
{
    *out = (struct og_sizes){.kind = OG_SIZES_AS_IS};
    if (desc->stmt && desc->role == SQL_ATTR_IMP_ROW_DESC && number > 0)
        og_sizes_begin(desc->stmt, (SQLUSMALLINT)number, out);
}

static void end_sizes(struct og_guard_desc *desc, struct og_sizes *sizes)
{
    if (desc->stmt)
        og_sizes_end(desc->stmt, sizes);
}

/* Fields of a row's descriptor are of different widths (ODBC 3.8, "SQLSetDescField"); of types psqlODBC
 * writes four bytes. */
static void put_number(SQLSMALLINT field, SQLLEN number, SQLPOINTER value)
{
    switch (field) {
    case SQL_DESC_LENGTH:
    case SQL_DESC_DISPLAY_SIZE:
    case SQL_DESC_OCTET_LENGTH:
        *(SQLLEN *)value = number;
        return;
    case SQL_DESC_NUM_PREC_RADIX:
    case SQL_DESC_TYPE:
    case SQL_DESC_CONCISE_TYPE:
        *(SQLINTEGER *)value = (SQLINTEGER)number;
        return;
    default:
        *(SQLSMALLINT *)value = (SQLSMALLINT)number;
    }
}

static SQLRETURN put_text(const char *text, bool is_wide, SQLPOINTER value, SQLINTEGER max_bytes,
                          SQLINTEGER *n_bytes)
{
    size_t width = is_wide ? sizeof(SQLWCHAR) : 1, n = 0;
    bool is_cut = og_text_put(text, is_wide, value, max_bytes > 0 ? (size_t)max_bytes / width : 0, &n);

    if (n_bytes)
        *n_bytes = (SQLINTEGER)(n * width);
    return is_cut ? SQL_SUCCESS_WITH_INFO : SQL_SUCCESS;
}

static SQLRETURN get_field(struct og_guard_desc *desc, __typeof__(SQLGetDescField) *below,
                           SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER value,
                           SQLINTEGER max_bytes, SQLINTEGER *n_bytes)
{
    struct og_sizes sizes;
    SQLLEN told;
    SQLRETURN code;

    og_guard_enter(&desc->object);
    desc->object.shows_below = true;
    begin_sizes(desc, number, &sizes);
    code = below(desc->object.below, number, field, value, max_bytes, n_bytes);
    end_sizes(desc, &sizes);
    if (!SQL_SUCCEEDED(code) || !value)
        return code;
    if (is_row_counter(desc, field))
        *(SQLPOINTER *)value = desc->stmt->rows_fetched;
    if (field == SQL_DESC_NULLABLE && becomes_null(desc, number))
        *(SQLSMALLINT *)value = SQL_NULLABLE;
    if (og_sizes_number(&sizes, field, &told))
        put_number(field, told, value);
    if (og_sizes_text(&sizes, field))
        return put_text(og_sizes_text(&sizes, field), below == desc->object.calls->SQLGetDescFieldW,
                        value, max_bytes, n_bytes);
    return code;
}

static SQLRETURN SQL_API guard_SQLGetDescField(SQLHDESC handle, SQLSMALLINT number,
                                               SQLSMALLINT field, SQLPOINTER value,
                                               SQLINTEGER max_bytes, SQLINTEGER *n_bytes)
{
    struct og_guard_desc *desc = handle;

    return get_field(desc, desc->object.calls->SQLGetDescField, number, field, value, max_bytes,
                     n_bytes);
}

static SQLRETURN SQL_API guard_SQLGetDescFieldW(SQLHDESC handle, SQLSMALLINT number,
                                                SQLSMALLINT field, SQLPOINTER value,
                                                SQLINTEGER max_bytes, SQLINTEGER *n_bytes)
{
    struct og_guard_desc *desc = handle;

    return get_field(desc, desc->object.calls->SQLGetDescFieldW, number, field, value, max_bytes,
                     n_bytes);
}

static void put_record(struct og_guard_desc *desc, SQLSMALLINT number, const struct og_sizes *sizes,
                       SQLSMALLINT *type, SQLLEN *length, SQLSMALLINT *precision,
                       SQLSMALLINT *scale, SQLSMALLINT *nullable)
{
    const struct {
        SQLSMALLINT field;
        SQLPOINTER value;
    } parts[] = {{SQL_DESC_OCTET_LENGTH, length}, {SQL_DESC_PRECISION, precision},
                 {SQL_DESC_SCALE, scale}};
    SQLLEN told;

    if (type && og_sizes_number(sizes, SQL_DESC_TYPE, &told))
        *type = (SQLSMALLINT)told;
    for (size_t i = 0; i < OG_COUNT(parts); i++)
        if (parts[i].value && og_sizes_number(sizes, parts[i].field, &told))
            put_number(parts[i].field, told, parts[i].value);
    if (nullable && becomes_null(desc, number))
        *nullable = SQL_NULLABLE;
}

static SQLRETURN SQL_API guard_SQLGetDescRec(SQLHDESC handle, SQLSMALLINT number, SQLCHAR *name,
                                             SQLSMALLINT max_name, SQLSMALLINT *n_name,
                                             SQLSMALLINT *type, SQLSMALLINT *subtype,
                                             SQLLEN *length, SQLSMALLINT *precision,
                                             SQLSMALLINT *scale, SQLSMALLINT *nullable)
{
    struct og_guard_desc *desc = handle;
    struct og_sizes sizes;
    SQLRETURN code;

    og_guard_enter(&desc->object);
    desc->object.shows_below = true;
    begin_sizes(desc, number, &sizes);
    code = desc->object.calls->SQLGetDescRec(desc->object.below, number, name, max_name, n_name,
                                             type, subtype, length, precision, scale, nullable);
    end_sizes(desc, &sizes);
    if (SQL_SUCCEEDED(code))
        put_record(desc, number, &sizes, type, length, precision, scale, nullable);
    return code;
}

static SQLRETURN SQL_API guard_SQLGetDescRecW(SQLHDESC handle, SQLSMALLINT number, SQLWCHAR *name,
                                              SQLSMALLINT max_name, SQLSMALLINT *n_name,
                                              SQLSMALLINT *type, SQLSMALLINT *subtype,
                                              SQLLEN *length, SQLSMALLINT *precision,
                                              SQLSMALLINT *scale, SQLSMALLINT *nullable)
{
    struct og_guard_desc *desc = handle;
    struct og_sizes sizes;
    SQLRETURN code;

    og_guard_enter(&desc->object);
    desc->object.shows_below = true;
    begin_sizes(desc, number, &sizes);
    code = desc->object.calls->SQLGetDescRecW(desc->object.below, number, name, max_name, n_name,
                                              type, subtype, length, precision, scale, nullable);
    end_sizes(desc, &sizes);
    if (SQL_SUCCEEDED(code))
        put_record(desc, number, &sizes, type, length, precision, scale, nullable);
    return code;
}

void og_guard_install_desc(struct og_calls *calls)
{
    calls->SQLSetDescField = guard_SQLSetDescField;
    calls->SQLSetDescFieldW = guard_SQLSetDescFieldW;
    calls->SQLSetDescRec = guard_SQLSetDescRec;
    calls->SQLSetDescRecW = guard_SQLSetDescRecW;
    calls->SQLCopyDesc = guard_SQLCopyDesc;
    calls->SQLGetDescField = guard_SQLGetDescField;
    calls->SQLGetDescFieldW = guard_SQLGetDescFieldW;
    calls->SQLGetDescRec = guard_SQLGetDescRec;
    calls->SQLGetDescRecW = guard_SQLGetDescRecW;
}

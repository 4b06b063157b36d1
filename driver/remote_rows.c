/* SPDX-License-Identifier: MIT */
/* Bound columns, fetching and SQLGetData over the link: a block of rows is one message. */
#include "driver/remote_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- bindings ---- */

struct og_remote_binding *og_remote_binding(struct og_remote_bindings *bindings, size_t number)
{
    if (number >= OG_LINK_MAX_NUMBER)
        return NULL;
    if (number >= bindings->n_items) {
        size_t n = number + 8;
        struct og_remote_binding *items = realloc(bindings->items, n * sizeof(*items));

        if (!items)
            return NULL;
        memset(items + bindings->n_items, 0, (n - bindings->n_items) * sizeof(*items));
        bindings->items = items;
        bindings->n_items = n;
    }
    return &bindings->items[number];
}

void og_remote_bindings_release(struct og_remote_bindings *bindings)
{
    free(bindings->items);
    *bindings = (struct og_remote_bindings){.n_items = 0};
}

void *og_remote_at(const struct og_remote_rows *rows, void *base, size_t row, size_t step)
{
    if (!base)
        return NULL;
    return (char *)base + (rows->offset ? *rows->offset : 0) +
           row * (rows->bind_type ? rows->bind_type : step);
}

static SQLRETURN SQL_API remote_SQLBindCol(SQLHSTMT handle, SQLUSMALLINT column, SQLSMALLINT c_type,
                                           SQLPOINTER values, SQLLEN max_bytes, SQLLEN *lengths)
{
    struct og_remote_object *stmt = handle;
    struct og_buf *ask = og_remote_begin(stmt);
    struct og_remote_binding *binding = og_remote_binding(&stmt->columns, column);
    int64_t length;
    SQLRETURN code;

    if (!binding)
        return og_remote_end(stmt, og_remote_refuse(stmt, "07009", "there is no such column"));
    og_link_put(ask, column);
    og_link_put(ask, c_type);
    og_link_put(ask, max_bytes);
    og_link_put(ask, (values ? OG_LINK_HAS_VALUE : 0) | (lengths ? OG_LINK_HAS_LENGTH : 0));
    code = og_remote_call(stmt, OG_LINK_OWN_bind_column);
    length = stmt->remote->reader.n_left ? og_link_get(&stmt->remote->reader) : OG_LINK_UNWRITTEN;
    if (SQL_SUCCEEDED(code) && lengths && length != OG_LINK_UNWRITTEN)
        *lengths = (SQLLEN)length;
    if (SQL_SUCCEEDED(code))
        *binding = (struct og_remote_binding){
            .is_bound = values || lengths, .c_type = c_type, .max_bytes = max_bytes,
            .values = values, .lengths = lengths, .indicators = lengths};
    return og_remote_end(stmt, code);
}

/* ---- a block ---- */

static void put_length(const struct og_remote_object *stmt, const struct og_remote_binding *binding,
                       size_t row, int64_t indicator)
{
    SQLLEN *length = og_remote_at(&stmt->rows, binding->lengths, row, sizeof(SQLLEN));
    SQLLEN *null = og_remote_at(&stmt->rows, binding->indicators, row, sizeof(SQLLEN));

    if (indicator == OG_LINK_UNWRITTEN)
        return;
    if (null && (indicator == SQL_NULL_DATA || null != length))
        *null = indicator == SQL_NULL_DATA ? SQL_NULL_DATA : 0;
    if (length && indicator != SQL_NULL_DATA)
        *length = indicator;
}

/* Applications count on lengths: one that ODBC has not would move their pointers. */
static bool is_length(int64_t length)
{
    return length >= 0 || length == SQL_NULL_DATA || length == SQL_NO_TOTAL || length == OG_LINK_UNWRITTEN;
}

/* A worker may not choose how large a cell of the application's is. */
static bool is_type(SQLSMALLINT asked, SQLSMALLINT answered)
{
    return asked == answered || asked == SQL_C_DEFAULT;
}

/* One column of the block: indicators, lengths of cells, cells. */
static void take_column(struct og_remote_object *stmt, size_t n_rows)
{
    struct og_link_reader *reader = &stmt->remote->reader;
    uint64_t column = (uint64_t)og_link_get(reader);
    SQLSMALLINT c_type = (SQLSMALLINT)og_link_get(reader);
    size_t n_indicators, n_lengths, n_cells, at = 0;
    const uint8_t *indicators = og_link_get_bytes(reader, &n_indicators);
    const uint8_t *lengths = og_link_get_bytes(reader, &n_lengths);
    const uint8_t *cells = og_link_get_bytes(reader, &n_cells);
    struct og_remote_binding *binding =
        column < stmt->columns.n_items ? &stmt->columns.items[column] : NULL;
    int64_t room = binding ? og_link_cell(c_type, binding->max_bytes) : -1;

    if (reader->is_bad || !binding || !binding->is_bound || room < 0 ||
        !is_type(binding->c_type, c_type) || !lengths || n_lengths != n_rows * sizeof(uint32_t) ||
        (indicators && n_indicators != n_rows * sizeof(int64_t))) {
        reader->is_bad = true;
        return;
    }
    for (size_t row = 0; row < n_rows; row++) {
        void *cell = og_remote_at(&stmt->rows, binding->values, row, (size_t)room);
        int64_t indicator = OG_LINK_UNWRITTEN;
        uint32_t n;

        memcpy(&n, lengths + row * sizeof(n), sizeof(n));
        if (n > (uint64_t)room || n > n_cells - at) {
            reader->is_bad = true;
            return;
        }
        if (cell && n)
            memcpy(cell, cells + at, n);
        at += n;
        if (indicators) {
            memcpy(&indicator, indicators + row * sizeof(indicator), sizeof(indicator));
            reader->is_bad = reader->is_bad || !is_length(indicator);
            put_length(stmt, binding, row, indicator);
        }
    }
}

void og_remote_take_rows(struct og_remote_object *stmt, SQLRETURN code, size_t max_rows, SQLULEN *n_done,
                         SQLUSMALLINT *status)
{
    struct og_remote *remote = stmt->remote;
    uint64_t n_rows = (uint64_t)og_link_get(&remote->reader), n_columns;
    int64_t done;
    size_t n_status;
    const uint8_t *written;

    done = og_link_get(&remote->reader);
    /* More rows than the application has room for would be written, or read by it, behind its arrays. */
    if (n_rows > max_rows ||
        (SQL_SUCCEEDED(code) && done != OG_LINK_UNWRITTEN && (uint64_t)done > max_rows))
        remote->reader.is_bad = true;
    else if (n_done && done != OG_LINK_UNWRITTEN)
        *n_done = (SQLULEN)done;
    written = og_link_get_bytes(&remote->reader, &n_status);
    n_columns = (uint64_t)og_link_get(&remote->reader);
    if (n_rows > OG_LINK_MAX_ROWS || (written && n_status != n_rows * sizeof(*status)))
        remote->reader.is_bad = true;
    for (size_t row = 0; status && written && !remote->reader.is_bad && row < n_rows; row++) {
        SQLUSMALLINT one;

        memcpy(&one, written + row * sizeof(one), sizeof(one));
        if (one != (SQLUSMALLINT)OG_LINK_UNWRITTEN)
            status[row] = one;
    }
    for (uint64_t i = 0; i < n_columns && !remote->reader.is_bad; i++)
        take_column(stmt, (size_t)n_rows);
}

/* ---- fetching ---- */

enum { PLAIN, SCROLL, EXTENDED };

static SQLRETURN fetch(struct og_remote_object *stmt, int how, int64_t orientation, int64_t offset,
                       SQLULEN *n_done, SQLUSMALLINT *status)
{
    struct og_buf *ask = og_remote_begin(stmt);
    SQLRETURN code;

    og_link_put(ask, how);
    og_link_put(ask, orientation);
    og_link_put(ask, offset);
    code = og_remote_call(stmt, OG_LINK_OWN_fetch);
    if (!stmt->remote->reader.is_bad)
        og_remote_take_rows(stmt, code, how == EXTENDED ? stmt->n_rowset : stmt->rows.n_rows, n_done,
                            status);
    return og_remote_end(stmt, code);
}

static SQLRETURN SQL_API remote_SQLFetch(SQLHSTMT handle)
{
    struct og_remote_object *stmt = handle;

    return fetch(stmt, PLAIN, 0, 0, stmt->rows.n_done, stmt->rows.status);
}

static SQLRETURN SQL_API remote_SQLFetchScroll(SQLHSTMT handle, SQLSMALLINT orientation, SQLLEN offset)
{
    struct og_remote_object *stmt = handle;

    return fetch(stmt, SCROLL, orientation, offset, stmt->rows.n_done, stmt->rows.status);
}

static SQLRETURN SQL_API remote_SQLExtendedFetch(SQLHSTMT handle, SQLUSMALLINT orientation,
                                                 SQLLEN offset, SQLULEN *n_done, SQLUSMALLINT *status)
{
    return fetch(handle, EXTENDED, orientation, offset, n_done, status);
}

/* POSITION and REFRESH, and DELETE, which sends no values. */
static SQLRETURN SQL_API remote_SQLSetPos(SQLHSTMT handle, SQLSETPOSIROW row, SQLUSMALLINT operation,
                                          SQLUSMALLINT lock)
{
    struct og_remote_object *stmt = handle;
    struct og_buf *ask = og_remote_begin(stmt);
    SQLRETURN code;

    if (operation != SQL_POSITION && operation != SQL_REFRESH && operation != SQL_DELETE)
        return og_remote_end(stmt, og_remote_refuse(stmt, "HYC00",
                                                    "the broker placement does not carry writes from "
                                                    "bound columns: write with a statement"));
    og_link_put(ask, (int64_t)row);
    og_link_put(ask, operation);
    og_link_put(ask, lock);
    code = og_remote_call(stmt, OG_LINK_OWN_set_pos);
    if (!stmt->remote->reader.is_bad)
        og_remote_take_rows(stmt, code, stmt->rows.n_rows, NULL, stmt->rows.status);
    return og_remote_end(stmt, code);
}

static SQLRETURN SQL_API remote_SQLBulkOperations(SQLHSTMT handle, SQLSMALLINT operation)
{
    struct og_remote_object *stmt = handle;

    (void)operation;
    (void)og_remote_begin(stmt);
    return og_remote_end(stmt, og_remote_refuse(stmt, "HYC00",
                                                "the broker placement does not carry bulk operations: "
                                                "use a statement with arrays of parameters"));
}

static SQLRETURN SQL_API remote_SQLGetData(SQLHSTMT handle, SQLUSMALLINT column, SQLSMALLINT c_type,
                                           SQLPOINTER value, SQLLEN max_bytes, SQLLEN *length)
{
    struct og_remote_object *stmt = handle;
    struct og_remote *remote = stmt->remote;
    struct og_buf *ask = og_remote_begin(stmt);
    SQLSMALLINT type;
    SQLRETURN code;
    int64_t room, given;

    og_link_put(ask, column);
    og_link_put(ask, c_type);
    og_link_put(ask, max_bytes);
    og_link_put(ask, (value ? OG_LINK_HAS_VALUE : 0) | (length ? OG_LINK_HAS_LENGTH : 0));
    code = og_remote_call(stmt, OG_LINK_OWN_get_data);
    type = (SQLSMALLINT)og_link_get(&remote->reader);
    room = is_type(c_type, type) ? og_link_cell(type, max_bytes) : -1;
    given = og_link_get(&remote->reader);
    if (!is_length(given))
        remote->reader.is_bad = true;
    else if (length && given != OG_LINK_UNWRITTEN)
        *length = (SQLLEN)given;
    og_remote_take_bytes(remote, value, room > 0 ? (size_t)room : 0);
    return og_remote_end(stmt, code);
}

void og_remote_install_rows(struct og_calls *calls)
{
    calls->SQLBindCol = remote_SQLBindCol;
    calls->SQLFetch = remote_SQLFetch;
    calls->SQLFetchScroll = remote_SQLFetchScroll;
    calls->SQLExtendedFetch = remote_SQLExtendedFetch;
    calls->SQLSetPos = remote_SQLSetPos;
    calls->SQLBulkOperations = remote_SQLBulkOperations;
    calls->SQLGetData = remote_SQLGetData;
}

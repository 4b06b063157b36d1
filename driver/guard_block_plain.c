/* SPDX-License-Identifier: MIT */
/* Blocks of rows while a plan masks, for a driver without descriptors (SQLite's): its own bindings
 * are changed for the length of the call and put back. Masked columns are not bound while rows
 * arrive; then they are read
 *   - by SQLGetData, where the rowset is one row;
 *   - row by row, where the cursor only goes forward: rows are fetched alone;
 *   - by SQLSetPos(SQL_REFRESH), one row at a time into memory of the guard, where it scrolls: that
 *     driver has all rows in memory, and its SQLGetData does not follow SQLSetPos. */
#include <string.h>

#include "driver/cconv.h"
#include "driver/guard.h"

#define FIRST_CELL_BYTES 256u

static void set_below(struct og_guard_stmt *stmt, SQLINTEGER attribute, SQLPOINTER value)
{
    (void)stmt->object.calls->SQLSetStmtAttr(stmt->object.below, attribute, value, SQL_IS_POINTER);
}

static SQLRETURN bind(struct og_guard_stmt *stmt, SQLUSMALLINT column, SQLSMALLINT c_type,
                      SQLPOINTER data, SQLLEN max_bytes, SQLLEN *length)
{
    SQLLEN kept = length ? *length : 0;
    SQLRETURN code = stmt->object.calls->SQLBindCol(stmt->object.below, column, c_type, data,
                                                    max_bytes, length);

    if (length) /* the driver clears it, but the application did not ask */
        *length = kept;
    if (!SQL_SUCCEEDED(code))
        og_guard_absorb(stmt);
    return code;
}

static SQLRETURN unbind(struct og_guard_stmt *stmt, SQLUSMALLINT column)
{
    return bind(stmt, column, SQL_C_CHAR, NULL, 0, NULL);
}

/* Binds the masked or the clear columns as the application has them, or leaves them unbound. */
static SQLRETURN place(struct og_guard_stmt *stmt, const struct og_rowset *rowset, bool is_masked,
                       bool is_bound)
{
    SQLRETURN code = SQL_SUCCESS;

    for (size_t i = 0; i < rowset->bindings->n_items && SQL_SUCCEEDED(code); i++) {
        const struct og_guard_binding *b = &rowset->bindings->items[i];

        if (b->column == 0 || og_is_masked_column(stmt, b->column) != is_masked)
            continue;
        code = is_bound ? bind(stmt, b->column, b->c_type, b->data, b->max_bytes, b->length)
                        : unbind(stmt, b->column);
    }
    return code;
}

static SQLRETURN call_below(struct og_guard_stmt *stmt, struct og_block *block)
{
    SQLRETURN code = block->call(stmt, block->context);

    if (code == SQL_SUCCESS_WITH_INFO || code == SQL_ERROR)
        og_guard_absorb(stmt);
    return code;
}

static SQLULEN rows_of(const struct og_block *block, const struct og_rowset *rowset)
{
    SQLULEN n = og_block_rows(block);

    return n > rowset->n_rows ? rowset->n_rows : n;
}

/* ---- a rowset of one row ---- */

static SQLRETURN run_one(struct og_guard_stmt *stmt, struct og_block *block,
                         const struct og_rowset *rowset)
{
    SQLRETURN code = place(stmt, rowset, true, false);

    if (SQL_SUCCEEDED(code))
        code = call_below(stmt, block);
    if (SQL_SUCCEEDED(code) && !stmt->rows.is_data_off && rows_of(block, rowset))
        og_block_put_row(stmt, block, rowset, 0, OG_NO_SHADOW);
    if (!SQL_SUCCEEDED(place(stmt, rowset, true, true)))
        return SQL_ERROR;
    return og_block_code(block, code);
}

/* ---- a forward-only cursor ---- */

/* Binds the clear columns to their cells of one row of the application's rowset. */
static SQLRETURN bind_row(struct og_guard_stmt *stmt, const struct og_rowset *rowset, SQLULEN row)
{
    SQLRETURN code = SQL_SUCCESS;

    for (size_t i = 0; i < rowset->bindings->n_items && SQL_SUCCEEDED(code); i++) {
        const struct og_guard_binding *b = &rowset->bindings->items[i];
        SQLLEN n_fixed = og_cconv_fixed_size(b->c_type);

        if (b->column == 0 || og_is_masked_column(stmt, b->column))
            continue;
        code = bind(stmt, b->column, b->c_type,
                    og_rowset_cell(rowset, b->data, row, n_fixed ? n_fixed : b->max_bytes),
                    b->max_bytes, og_rowset_cell(rowset, b->length, row, sizeof(SQLLEN)));
    }
    return code;
}

static void set_header(struct og_guard_stmt *stmt, SQLULEN n_rows, SQLULEN bind_type,
                       const SQLULEN *offset, SQLUSMALLINT *status)
{
    set_below(stmt, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)(uintptr_t)n_rows);
    set_below(stmt, SQL_ATTR_ROW_BIND_TYPE, (SQLPOINTER)(uintptr_t)bind_type);
    set_below(stmt, SQL_ATTR_ROW_BIND_OFFSET_PTR, (SQLPOINTER)(uintptr_t)offset);
    set_below(stmt, SQL_ATTR_ROW_STATUS_PTR, status);
}

/* One row of a rowset that is fetched row by row. */
static SQLRETURN fetch_row(struct og_guard_stmt *stmt, struct og_block *block,
                           const struct og_rowset *rowset, SQLULEN row)
{
    SQLRETURN code = bind_row(stmt, rowset, row);

    og_get_forget(stmt);
    if (!SQL_SUCCEEDED(code))
        return code;
    code = stmt->object.calls->SQLFetch(stmt->object.below);
    if (code == SQL_SUCCESS_WITH_INFO || code == SQL_ERROR)
        og_guard_absorb(stmt);
    if (!SQL_SUCCEEDED(code))
        return code;
    block->is_info |= code == SQL_SUCCESS_WITH_INFO;
    if (block->status)
        block->status[row] =
            code == SQL_SUCCESS ? SQL_ROW_SUCCESS : SQL_ROW_SUCCESS_WITH_INFO;
    if (!stmt->rows.is_data_off)
        og_block_put_row(stmt, block, rowset, row, OG_NO_SHADOW);
    return code;
}

static SQLRETURN run_rows(struct og_guard_stmt *stmt, struct og_block *block,
                          const struct og_rowset *rowset)
{
    struct og_rowset one = *rowset;
    SQLRETURN code = place(stmt, rowset, true, false);
    SQLULEN n_rows = 0;

    one.is_single = true; /* each row is the current one when its masked columns are read */
    if (block->status)
        for (SQLULEN row = 0; row < rowset->n_rows; row++)
            block->status[row] = SQL_ROW_NOROW;
    set_header(stmt, 1, SQL_BIND_BY_COLUMN, NULL, NULL);
    while (SQL_SUCCEEDED(code) && n_rows < rowset->n_rows) {
        code = fetch_row(stmt, block, &one, n_rows);
        n_rows += SQL_SUCCEEDED(code);
    }
    set_header(stmt, rowset->n_rows, rowset->bind_type, stmt->rows.bind_offset, rowset->status);
    *block->n_fetched = n_rows;
    if (!SQL_SUCCEEDED(place(stmt, rowset, true, true)) ||
        !SQL_SUCCEEDED(place(stmt, rowset, false, true)))
        return SQL_ERROR;
    if (n_rows == 0)
        return code;
    if (code == SQL_ERROR && block->status && n_rows < rowset->n_rows)
        block->status[n_rows] = SQL_ROW_ERROR;
    return og_block_code(block, code == SQL_ERROR ? SQL_SUCCESS_WITH_INFO : SQL_SUCCESS);
}

/* ---- a cursor that scrolls ---- */

/* Each shadow has one cell, where every row arrives: rows lie one byte apart for the driver, and the
 * offset takes that back. */
#define ONE_PLACE 1u

static SQLRETURN bind_shadows(struct og_guard_stmt *stmt, const struct og_rowset *rowset)
{
    SQLRETURN code = SQL_SUCCESS;

    for (size_t i = 0; i < stmt->rows.n_shadows && SQL_SUCCEEDED(code); i++) {
        const struct og_shadow *shadow = &stmt->rows.shadows[i];

        code = bind(stmt, rowset->bindings->items[shadow->binding].column, SQL_C_CHAR,
                    shadow->cells, (SQLLEN)shadow->cell_bytes, shadow->lengths);
    }
    return code;
}

static SQLRETURN take_shadows(struct og_guard_stmt *stmt, const struct og_rowset *rowset)
{
    stmt->rows.n_shadows = 0;
    for (size_t i = 0; i < rowset->bindings->n_items; i++) {
        if (!og_is_masked_column(stmt, rowset->bindings->items[i].column) ||
            og_shadow_take(&stmt->rows, i, FIRST_CELL_BYTES, 1))
            continue;
        og_diag_add_state(&stmt->object.diag, "HY001", "[odbcguard] memory allocation error");
        return SQL_ERROR;
    }
    return SQL_SUCCESS;
}

/* Makes room for a value of n_bytes. */
static bool grow(struct og_guard_stmt *stmt, struct og_shadow *shadow, SQLLEN n_bytes)
{
    if (n_bytes < 0 || n_bytes > (SQLLEN)OG_MAX_MASKED_VALUE_BYTES ||
        !og_shadow_size(shadow, (size_t)n_bytes + 1, 1)) {
        og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false,
                    "[mask] a value is too large to be masked: leave its column out");
        return false;
    }
    return true;
}

/* Makes room for what did not fit. Returns whether there was something. */
static bool grow_shadows(struct og_guard_stmt *stmt, SQLRETURN *code)
{
    bool has_grown = false;

    for (size_t i = 0; i < stmt->rows.n_shadows && *code == SQL_SUCCESS; i++) {
        struct og_shadow *shadow = &stmt->rows.shadows[i];
        SQLLEN length = shadow->lengths[0];

        if (length == SQL_NULL_DATA || (length >= 0 && (size_t)length < shadow->cell_bytes))
            continue;
        has_grown = true;
        if (!grow(stmt, shadow, length))
            *code = SQL_ERROR;
    }
    return has_grown;
}

/* Reads the masked columns of one row into the shadows, whole. */
static SQLRETURN refresh_row(struct og_guard_stmt *stmt, const struct og_rowset *rowset,
                             SQLULEN row)
{
    SQLRETURN code;

    for (;;) {
        code = stmt->object.calls->SQLSetPos(stmt->object.below, (SQLSETPOSIROW)(row + 1),
                                             SQL_REFRESH, SQL_LOCK_NO_CHANGE);
        if (!SQL_SUCCEEDED(code)) {
            og_guard_absorb(stmt);
            return code;
        }
        code = SQL_SUCCESS;
        if (!grow_shadows(stmt, &code) || code != SQL_SUCCESS)
            return code;
        code = bind_shadows(stmt, rowset);
        if (!SQL_SUCCEEDED(code))
            return code;
    }
}

static SQLRETURN put_refreshed(struct og_guard_stmt *stmt, struct og_block *block,
                               const struct og_rowset *rowset)
{
    SQLULEN n_rows = rows_of(block, rowset), offset = 0;
    SQLRETURN code = take_shadows(stmt, rowset);

    if (code == SQL_SUCCESS)
        code = place(stmt, rowset, false, false);
    if (SQL_SUCCEEDED(code))
        code = bind_shadows(stmt, rowset);
    set_below(stmt, SQL_ATTR_ROW_BIND_TYPE, (SQLPOINTER)(uintptr_t)ONE_PLACE);
    set_below(stmt, SQL_ATTR_ROW_BIND_OFFSET_PTR, &offset);
    for (SQLULEN row = block->first; row < block->first + n_rows && SQL_SUCCEEDED(code); row++) {
        offset = 0 - row * ONE_PLACE;
        code = refresh_row(stmt, rowset, row);
        if (SQL_SUCCEEDED(code))
            og_block_put_row(stmt, block, rowset, row, 0);
    }
    set_below(stmt, SQL_ATTR_ROW_BIND_TYPE, (SQLPOINTER)(uintptr_t)rowset->bind_type);
    set_below(stmt, SQL_ATTR_ROW_BIND_OFFSET_PTR, (SQLPOINTER)(uintptr_t)stmt->rows.bind_offset);
    if (!SQL_SUCCEEDED(place(stmt, rowset, true, false)) ||
        !SQL_SUCCEEDED(place(stmt, rowset, false, true)))
        return SQL_ERROR;
    return code;
}

static SQLRETURN run_refresh(struct og_guard_stmt *stmt, struct og_block *block,
                             const struct og_rowset *rowset)
{
    SQLRETURN code = place(stmt, rowset, true, false);

    if (SQL_SUCCEEDED(code))
        code = call_below(stmt, block);
    if (SQL_SUCCEEDED(code) && !stmt->rows.is_data_off) {
        SQLRETURN put = put_refreshed(stmt, block, rowset);

        if (!SQL_SUCCEEDED(put))
            code = put;
    }
    if (!SQL_SUCCEEDED(place(stmt, rowset, true, true)))
        return SQL_ERROR;
    return og_block_code(block, code);
}

SQLRETURN og_block_run_plain(struct og_guard_stmt *stmt, struct og_block *block,
                             const struct og_rowset *rowset)
{
    SQLULEN cursor_type = SQL_CURSOR_FORWARD_ONLY;

    if (rowset->n_rows == 1)
        return run_one(stmt, block, rowset);
    (void)stmt->object.calls->SQLGetStmtAttr(stmt->object.below, SQL_ATTR_CURSOR_TYPE,
                                             &cursor_type, SQL_IS_UINTEGER, NULL);
    if (cursor_type != SQL_CURSOR_FORWARD_ONLY)
        return run_refresh(stmt, block, rowset);
    if (block->is_forward)
        return run_rows(stmt, block, rowset);
    return run_one(stmt, block, rowset); /* the driver says why it cannot */
}

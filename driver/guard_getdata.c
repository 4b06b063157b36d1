/* SPDX-License-Identifier: MIT */
/* SQLGetData. A clear column goes straight to the real driver; of a masked one the value is read
 * whole, masked once, kept while its row is the current one, and handed out in pieces. */
#include <stdlib.h>
#include <string.h>

#include "driver/cconv.h"
#include "driver/guard.h"

void og_get_forget(struct og_guard_stmt *stmt)
{
    for (size_t i = 0; i < stmt->rows.n_gets; i++) {
        struct og_get *get = &stmt->rows.gets[i];

        if (!get->is_read)
            continue;
        og_buf_wipe(&get->value);
        *get = (struct og_get){.value = get->value};
    }
}

void og_get_release(struct og_guard_stmt *stmt)
{
    og_get_forget(stmt);
    free(stmt->rows.gets);
    stmt->rows.gets = NULL;
    stmt->rows.n_gets = 0;
}

static struct og_get *get_of(struct og_guard_stmt *stmt, SQLUSMALLINT column)
{
    struct og_guard_rows *rows = &stmt->rows;

    if (rows->n_gets != stmt->n_columns) {
        og_get_release(stmt);
        rows->gets = calloc(stmt->n_columns, sizeof(*rows->gets));
        if (!rows->gets)
            return NULL;
        rows->n_gets = stmt->n_columns;
        for (size_t i = 0; i < rows->n_gets; i++)
            og_buf_init(&rows->gets[i].value, OG_MAX_MASKED_VALUE_BYTES);
    }
    return &rows->gets[column - 1];
}

SQLRETURN og_get_read(struct og_guard_stmt *stmt, SQLUSMALLINT column, struct og_get **out)
{
    struct og_get *get = get_of(stmt, column);
    SQLRETURN code = SQL_SUCCESS;

    if (!get) {
        og_diag_add_state(&stmt->object.diag, "HY001", "[odbcguard] memory allocation error");
        return SQL_ERROR;
    }
    if (!get->is_read) {
        code = og_value_read(stmt, column, &get->value, &get->is_null);
        get->is_read = code == SQL_SUCCESS;
    }
    *out = get;
    return code;
}

/* The C type that stands for "as bound" and "by default". */
static SQLSMALLINT concrete_type(struct og_guard_stmt *stmt, SQLUSMALLINT column,
                                 SQLSMALLINT c_type, struct og_cconv_cell *cell)
{
    const struct og_guard_column *plan = &stmt->columns[column - 1];
    struct og_rowset rowset;

    if (c_type == SQL_ARD_TYPE && og_rowset_read(stmt, false, &rowset) == SQL_SUCCESS)
        for (size_t i = 0; i < rowset.bindings->n_items; i++)
            if (rowset.bindings->items[i].column == column) {
                c_type = rowset.bindings->items[i].c_type;
                cell->precision = rowset.bindings->items[i].precision;
                cell->scale = rowset.bindings->items[i].scale;
            }
    return c_type == SQL_C_DEFAULT ? og_cconv_default(plan->sql_type, plan->is_unsigned) : c_type;
}

/* SQLite's driver begins anew behind the end, and tells what was left of a cut value to the column's bound
 * length as well. */
static void end_piece(struct og_guard_stmt *stmt, SQLUSMALLINT column, struct og_get *get,
                      const struct og_cconv_cell *cell, SQLRETURN code)
{
    const struct og_bindings *bindings = &stmt->rows.recorded;

    if (code == SQL_NO_DATA) {
        *cell->length = 0;
        get->offset = get->n_pieces = 0;
    }
    for (size_t i = 0; code == SQL_SUCCESS_WITH_INFO && i < bindings->n_items; i++)
        if (bindings->items[i].column == column && bindings->items[i].length)
            *bindings->items[i].length = *cell->length;
}

static SQLRETURN get_masked(struct og_guard_stmt *stmt, SQLUSMALLINT column, SQLSMALLINT c_type,
                            SQLPOINTER data, SQLLEN max_bytes, SQLLEN *indicator)
{
    struct og_cconv_cell cell = {
        .buffer = data,
        .max_bytes = max_bytes,
        .length = indicator,
        .indicator = indicator,
    };
    struct og_get *get;
    SQLLEN unread;
    SQLRETURN code = og_get_read(stmt, column, &get);

    if (code == SQL_NO_DATA && indicator && stmt->dbc->dialect == OG_DIALECT_SQLITE)
        *indicator = SQL_NULL_DATA; /* as its driver says of a row that is not there */
    if (code != SQL_SUCCESS)
        return code;
    og_value_quiet(stmt, &cell, &unread);
    cell.c_type = concrete_type(stmt, column, c_type, &cell);
    /* psqlODBC hands a value that comes whole out once, SQLite's driver as often as asked. */
    if (!get->is_null && !og_value_fits(stmt, &cell))
        return SQL_ERROR;
    if (get->n_pieces && !get->is_null && og_cconv_fixed_size(cell.c_type) &&
        stmt->dbc->dialect == OG_DIALECT_POSTGRESQL)
        return SQL_NO_DATA;
    if (get->n_pieces++ == 0)
        stmt->n_bytes += get->value.n_bytes;
    code = og_value_put(stmt, get->is_null ? NULL : og_buf_str(&get->value), get->value.n_bytes, &cell,
                        &get->offset);
    if (stmt->dbc->dialect == OG_DIALECT_SQLITE)
        end_piece(stmt, column, get, &cell, code);
    if ((code == SQL_NO_DATA && cell.c_type != SQL_C_BINARY) || code == SQL_SUCCESS)
        og_value_blank(stmt, &cell, code == SQL_NO_DATA || get->is_null);
    return code;
}

static SQLRETURN SQL_API guard_SQLGetData(SQLHSTMT handle, SQLUSMALLINT column, SQLSMALLINT c_type,
                                          SQLPOINTER data, SQLLEN max_bytes, SQLLEN *indicator)
{
    struct og_guard_stmt *stmt = handle;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    code = og_rows_check(stmt);
    if (code != SQL_SUCCESS)
        return code;
    if (og_is_masked_column(stmt, column))
        return get_masked(stmt, column, c_type, data, max_bytes, indicator);
    code = stmt->object.calls->SQLGetData(stmt->object.below, column, c_type, data, max_bytes,
                                          indicator);
    return og_guard_below(stmt, code);
}

void og_guard_install_getdata(struct og_calls *calls)
{
    calls->SQLGetData = guard_SQLGetData;
}

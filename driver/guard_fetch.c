/* SPDX-License-Identifier: MIT */
/* Rows. A statement without masks fetches straight into the application's buffers; one with masks
 * fetches row by row with nothing bound below, and every cell is put into the application's rowset
 * here: clear ones by the real driver's SQLGetData, masked ones after masking
 * (docs/decisions/0007). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/cconv.h"
#include "driver/guard.h"
#include "driver/wide.h"

/* ---- what the result looks like ---- */

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
    column->type = stmt->facts.results[index].type;
    column->mask = stmt->verdict.masks[index];
    column->max_chars = is_text_type(column->sql_type) ? (size_t)size : 0;
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

/* Asks the driver which base column it names for a result column; "" where it names none. */
static void base_name(struct og_guard_stmt *stmt, SQLUSMALLINT number, SQLUSMALLINT field,
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
    base_name(stmt, number, SQL_DESC_BASE_TABLE_NAME, table);
    if (!table[0])
        return true;
    base_name(stmt, number, SQL_DESC_BASE_COLUMN_NAME, column);
    return !column[0] || has_source(&stmt->facts, index, table, column);
}

SQLRETURN og_rows_open(struct og_guard_stmt *stmt)
{
    SQLSMALLINT n_columns = 0;
    SQLRETURN code;

    if (!stmt->verdict.masks_any && !stmt->verdict.touches_masked)
        return SQL_SUCCESS;
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
    for (size_t i = 0; i < stmt->n_columns; i++) {
        if (!agrees_with_driver(stmt, i))
            return disagree(stmt, "another base column");
        code = describe(stmt, i);
        if (code != SQL_SUCCESS)
            return code;
    }
    return SQL_SUCCESS;
}

void og_rows_close(struct og_guard_stmt *stmt)
{
    stmt->get_column = 0;
    og_buf_wipe(&stmt->get_value);
    stmt->get_pieces = 0;
}

/* ---- cells ---- */

/* Address of a row's cell. stride 0: column-wise. */
static void *cell_at(const struct og_guard_stmt *stmt, void *base, SQLULEN row, SQLLEN n_bytes)
{
    SQLULEN offset = stmt->bind_offset ? *stmt->bind_offset : 0;
    SQLULEN stride = stmt->bind_type == SQL_BIND_BY_COLUMN ? (SQLULEN)n_bytes : stmt->bind_type;

    return base ? (char *)base + offset + row * stride : NULL;
}

static SQLRETURN put_masked(struct og_guard_stmt *stmt, const struct og_guard_binding *binding,
                            struct og_cconv_cell *cell)
{
    struct og_buf masked;
    bool is_null;
    SQLRETURN code;

    og_buf_init(&masked, OG_MAX_MASKED_VALUE_BYTES);
    code = og_value_read(stmt, binding->column, &masked, &is_null);
    if (code == SQL_SUCCESS)
        code = og_cconv_put(is_null ? NULL : og_buf_str(&masked), masked.n_bytes, cell, NULL,
                            &stmt->object.diag);
    stmt->n_bytes += masked.n_bytes;
    og_buf_wipe(&masked);
    return code;
}

static SQLRETURN put_cell(struct og_guard_stmt *stmt, const struct og_guard_binding *binding,
                          SQLULEN row)
{
    const struct og_guard_column *column;
    struct og_cconv_cell cell = {.c_type = binding->c_type, .max_bytes = binding->max_bytes};
    SQLLEN n_fixed;
    SQLRETURN code;

    if (binding->column > stmt->n_columns)
        return SQL_SUCCESS; /* bound beyond the result: drivers leave such columns alone */
    column = &stmt->columns[binding->column - 1];
    if (cell.c_type == SQL_C_DEFAULT)
        cell.c_type = og_cconv_default(column->sql_type, column->is_unsigned);
    n_fixed = og_cconv_fixed_size(cell.c_type);
    cell.buffer = cell_at(stmt, binding->data, row, n_fixed ? n_fixed : binding->max_bytes);
    cell.length = cell_at(stmt, binding->indicator, row, (SQLLEN)sizeof(SQLLEN));
    cell.indicator = cell.length;
    if (column->mask.kind != OG_MASK_NONE)
        return put_masked(stmt, binding, &cell);
    code = stmt->object.calls->SQLGetData(stmt->object.below, binding->column, cell.c_type,
                                          cell.buffer, cell.max_bytes, cell.length);
    if (code == SQL_SUCCESS_WITH_INFO || code == SQL_ERROR)
        og_guard_absorb(stmt);
    return code == SQL_NO_DATA ? SQL_SUCCESS : code;
}

/* Puts one fetched row into the application's rowset. Returns its row status. */
static SQLUSMALLINT put_row(struct og_guard_stmt *stmt, SQLULEN row)
{
    SQLUSMALLINT status = SQL_ROW_SUCCESS;
    size_t n_before = stmt->object.diag.n_records;

    for (size_t i = 0; i < stmt->n_bindings; i++) {
        SQLRETURN code = put_cell(stmt, &stmt->bindings[i], row);

        if (code == SQL_ERROR)
            status = SQL_ROW_ERROR;
        else if (code == SQL_SUCCESS_WITH_INFO && status == SQL_ROW_SUCCESS)
            status = SQL_ROW_SUCCESS_WITH_INFO;
    }
    for (size_t i = n_before; i < stmt->object.diag.n_records; i++)
        stmt->object.diag.records[i].row_number = (SQLLEN)row + 1;
    return status;
}

/* ---- fetching ---- */

static SQLRETURN check_alive(struct og_guard_stmt *stmt)
{
    if (!og_client_is_lost(stmt->dbc->client))
        return SQL_SUCCESS;
    (void)stmt->object.calls->SQLFreeStmt(stmt->object.below, SQL_CLOSE);
    og_diag_add(&stmt->object.diag, OG_ERR_UNREACHABLE, false,
                "[guardfs] guardfs is gone, so no more rows are handed out: run the statement again "
                "once it is back");
    og_gate_finish(stmt, SQL_ERROR);
    return SQL_ERROR;
}

static SQLRETURN check_limit(struct og_guard_stmt *stmt)
{
    uint64_t max_rows = stmt->dbc->conf->max_rows, by_policy = stmt->verdict.max_rows;
    bool is_policy = by_policy && (!max_rows || by_policy < max_rows);

    if (is_policy)
        max_rows = by_policy;
    if (!max_rows || stmt->n_rows <= max_rows)
        return SQL_SUCCESS;
    (void)stmt->object.calls->SQLFreeStmt(stmt->object.below, SQL_CLOSE);
    og_diag_add(&stmt->object.diag, OG_ERR_LIMIT, false,
                "[%s%s] the limit of %llu rows of one statement%s is reached: ask for fewer rows, by "
                "a filter or LIMIT\nlimit=rows rows_allowed=%llu",
                is_policy ? stmt->verdict.max_rows_policy : "", is_policy ? "/limits" : "rows",
                (unsigned long long)max_rows, is_policy ? "" : " (GuardMaxRows)",
                (unsigned long long)max_rows);
    og_gate_finish(stmt, SQL_ERROR);
    return SQL_ERROR;
}

typedef SQLRETURN fetch_one(struct og_guard_stmt *stmt, SQLSMALLINT orientation, SQLLEN offset);

static SQLRETURN fetch_next(struct og_guard_stmt *stmt, SQLSMALLINT orientation, SQLLEN offset)
{
    (void)orientation;
    (void)offset;
    return stmt->object.calls->SQLFetch(stmt->object.below);
}

static SQLRETURN fetch_scroll(struct og_guard_stmt *stmt, SQLSMALLINT orientation, SQLLEN offset)
{
    if (!stmt->object.calls->SQLFetchScroll)
        return fetch_next(stmt, orientation, offset);
    return stmt->object.calls->SQLFetchScroll(stmt->object.below, orientation, offset);
}

static void set_status(struct og_guard_stmt *stmt, SQLULEN row, SQLUSMALLINT status)
{
    if (stmt->row_status)
        stmt->row_status[row] = status;
}

/* A rowset of a statement that masks. */
static SQLRETURN fetch_masked(struct og_guard_stmt *stmt, fetch_one *first,
                              SQLSMALLINT orientation, SQLLEN offset)
{
    SQLRETURN code = SQL_SUCCESS, result = SQL_SUCCESS;
    SQLULEN n_rows = 0, n_errors = 0;

    while (n_rows < stmt->rowset_size) {
        SQLUSMALLINT status;

        code = n_rows ? fetch_next(stmt, SQL_FETCH_NEXT, 0) : first(stmt, orientation, offset);
        if (!SQL_SUCCEEDED(code))
            break;
        if (code == SQL_SUCCESS_WITH_INFO) {
            og_guard_absorb(stmt);
            result = SQL_SUCCESS_WITH_INFO;
        }
        status = put_row(stmt, n_rows);
        set_status(stmt, n_rows++, status);
        if (status != SQL_ROW_SUCCESS)
            result = SQL_SUCCESS_WITH_INFO;
        n_errors += status == SQL_ROW_ERROR;
    }
    if (code == SQL_ERROR || code == SQL_INVALID_HANDLE) {
        og_guard_absorb(stmt);
        if (n_rows == 0)
            return code;
        result = SQL_SUCCESS_WITH_INFO;
    }
    for (SQLULEN row = n_rows; row < stmt->rowset_size; row++)
        set_status(stmt, row, SQL_ROW_NOROW);
    if (stmt->rows_fetched)
        *stmt->rows_fetched = n_rows;
    stmt->n_rows += n_rows;
    if (n_rows == 0)
        return SQL_NO_DATA;
    return n_errors == n_rows ? SQL_ERROR : result;
}

static SQLRETURN fetch(struct og_guard_stmt *stmt, fetch_one *first, SQLSMALLINT orientation,
                       SQLLEN offset)
{
    SQLRETURN code = check_alive(stmt);

    if (code != SQL_SUCCESS)
        return code;
    og_rows_close(stmt);
    if (stmt->is_masking && orientation != SQL_FETCH_NEXT && stmt->rowset_size > 1) {
        og_diag_add_state(&stmt->object.diag, "HYC00",
                          "[odbcguard] scrolling by rowsets of several rows is closed for a "
                          "statement with masked columns: fetch forward, or one row at a time");
        return SQL_ERROR;
    }
    if (stmt->is_masking) {
        code = fetch_masked(stmt, first, orientation, offset);
    } else {
        stmt->n_below_fetched = 0;
        code = first(stmt, orientation, offset);
        if (SQL_SUCCEEDED(code))
            stmt->n_rows += stmt->n_below_fetched ? stmt->n_below_fetched : 1;
        if (stmt->rows_fetched && (SQL_SUCCEEDED(code) || code == SQL_NO_DATA))
            *stmt->rows_fetched = stmt->n_below_fetched;
        code = og_guard_below(stmt, code);
    }
    if (code == SQL_NO_DATA && orientation == SQL_FETCH_NEXT)
        og_gate_finish(stmt, SQL_SUCCESS);
    return SQL_SUCCEEDED(code) && check_limit(stmt) != SQL_SUCCESS ? SQL_ERROR : code;
}

static SQLRETURN SQL_API guard_SQLFetch(SQLHSTMT handle)
{
    struct og_guard_stmt *stmt = handle;

    og_guard_enter(&stmt->object);
    return fetch(stmt, fetch_next, SQL_FETCH_NEXT, 0);
}

static SQLRETURN SQL_API guard_SQLFetchScroll(SQLHSTMT handle, SQLSMALLINT orientation,
                                              SQLLEN offset)
{
    struct og_guard_stmt *stmt = handle;

    og_guard_enter(&stmt->object);
    return fetch(stmt, fetch_scroll, orientation, offset);
}

/* ---- SQLGetData ---- */

static SQLRETURN get_masked(struct og_guard_stmt *stmt, SQLUSMALLINT column, SQLSMALLINT c_type,
                            SQLPOINTER data, SQLLEN max_bytes, SQLLEN *indicator)
{
    const struct og_guard_column *plan = &stmt->columns[column - 1];
    struct og_cconv_cell cell = {
        .c_type = c_type == SQL_C_DEFAULT || c_type == SQL_ARD_TYPE
                      ? og_cconv_default(plan->sql_type, plan->is_unsigned)
                      : c_type,
        .buffer = data,
        .max_bytes = max_bytes,
        .length = indicator,
        .indicator = indicator,
    };

    if (stmt->get_column != column) {
        SQLRETURN code;

        og_rows_close(stmt);
        code = og_value_read(stmt, column, &stmt->get_value, &stmt->get_is_null);
        if (code != SQL_SUCCESS)
            return code;
        stmt->get_column = column;
        stmt->get_offset = 0;
        stmt->n_bytes += stmt->get_value.n_bytes;
    } else if (stmt->get_pieces && (stmt->get_is_null || og_cconv_fixed_size(cell.c_type))) {
        return SQL_NO_DATA; /* handed out whole before */
    }
    stmt->get_pieces++;
    return og_cconv_put(stmt->get_is_null ? NULL : og_buf_str(&stmt->get_value),
                        stmt->get_value.n_bytes, &cell, &stmt->get_offset, &stmt->object.diag);
}

static SQLRETURN SQL_API guard_SQLGetData(SQLHSTMT handle, SQLUSMALLINT column, SQLSMALLINT c_type,
                                          SQLPOINTER data, SQLLEN max_bytes, SQLLEN *indicator)
{
    struct og_guard_stmt *stmt = handle;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    if (stmt->is_masking) {
        if (stmt->rowset_size > 1) {
            og_diag_add_state(&stmt->object.diag, "HYC00",
                              "[odbcguard] SQLGetData after a fetch of several rows is closed for a "
                              "statement with masked columns: bind the column, or fetch one row");
            return SQL_ERROR;
        }
        if (column >= 1 && column <= stmt->n_columns &&
            stmt->columns[column - 1].mask.kind != OG_MASK_NONE)
            return get_masked(stmt, column, c_type, data, max_bytes, indicator);
    }
    code = stmt->object.calls->SQLGetData(stmt->object.below, column, c_type, data, max_bytes,
                                          indicator);
    return og_guard_below(stmt, code);
}

/* ---- doors that are closed while a statement masks ---- */

static SQLRETURN closed(struct og_guard_stmt *stmt, const char *name)
{
    og_diag_add_state(&stmt->object.diag, "HYC00",
                      "[odbcguard] %s is closed for a statement with masked columns in this "
                      "version: use SQLFetch, SQLFetchScroll or SQLGetData", name);
    return SQL_ERROR;
}

static SQLRETURN SQL_API guard_SQLExtendedFetch(SQLHSTMT handle, SQLUSMALLINT orientation,
                                                SQLLEN offset, SQLULEN *n_rows,
                                                SQLUSMALLINT *row_status)
{
    struct og_guard_stmt *stmt = handle;
    SQLULEN n_fetched = 0;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    if (stmt->is_masking)
        return closed(stmt, "SQLExtendedFetch");
    code = check_alive(stmt);
    if (code != SQL_SUCCESS)
        return code;
    code = stmt->object.calls->SQLExtendedFetch(stmt->object.below, orientation, offset,
                                                n_rows ? n_rows : &n_fetched, row_status);
    if (SQL_SUCCEEDED(code))
        stmt->n_rows += n_rows ? *n_rows : n_fetched;
    if (code == SQL_NO_DATA && orientation == SQL_FETCH_NEXT)
        og_gate_finish(stmt, SQL_SUCCESS);
    code = og_guard_below(stmt, code);
    return SQL_SUCCEEDED(code) && check_limit(stmt) != SQL_SUCCESS ? SQL_ERROR : code;
}

/* Positioned operations write without SQL text, so nothing could decide on them yet: only moving
 * the cursor is open. */
static SQLRETURN SQL_API guard_SQLSetPos(SQLHSTMT handle, SQLSETPOSIROW row,
                                         SQLUSMALLINT operation, SQLUSMALLINT lock)
{
    struct og_guard_stmt *stmt = handle;

    og_guard_enter(&stmt->object);
    if (stmt->is_masking)
        return closed(stmt, "SQLSetPos");
    if (operation != SQL_POSITION && operation != SQL_REFRESH) {
        og_diag_add_state(&stmt->object.diag, "HYC00",
                          "[odbcguard] writing with SQLSetPos is closed in this version: send an "
                          "UPDATE, DELETE or INSERT statement");
        return SQL_ERROR;
    }
    return og_guard_below(stmt, stmt->object.calls->SQLSetPos(stmt->object.below, row, operation,
                                                              lock));
}

static SQLRETURN SQL_API guard_SQLBulkOperations(SQLHSTMT handle, SQLSMALLINT operation)
{
    struct og_guard_stmt *stmt = handle;

    og_guard_enter(&stmt->object);
    if (stmt->is_masking)
        return closed(stmt, "SQLBulkOperations");
    if (operation != SQL_FETCH_BY_BOOKMARK) {
        og_diag_add_state(&stmt->object.diag, "HYC00",
                          "[odbcguard] writing with SQLBulkOperations is closed in this version: "
                          "send an INSERT, UPDATE or DELETE statement");
        return SQL_ERROR;
    }
    return og_guard_below(stmt, stmt->object.calls->SQLBulkOperations(stmt->object.below,
                                                                      operation));
}

void og_guard_install_rows(struct og_calls *calls)
{
    calls->SQLFetch = guard_SQLFetch;
    calls->SQLFetchScroll = guard_SQLFetchScroll;
    calls->SQLGetData = guard_SQLGetData;
    calls->SQLExtendedFetch = guard_SQLExtendedFetch;
    calls->SQLSetPos = guard_SQLSetPos;
    calls->SQLBulkOperations = guard_SQLBulkOperations;
}

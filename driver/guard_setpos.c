/* SPDX-License-Identifier: MIT */
/* SQLSetPos and SQLBulkOperations. Both can put rows into the application's buffers (SQL_REFRESH,
 * SQL_FETCH_BY_BOOKMARK): while a plan masks these come through guard_block.c. What they write is
 * judged by guard_positioned.c. */
#include "driver/guard.h"

struct set_pos {
    SQLSETPOSIROW row;
    SQLUSMALLINT operation, lock;
};

static SQLRETURN call_set_pos(struct og_guard_stmt *stmt, void *context)
{
    const struct set_pos *call = context;

    return stmt->object.calls->SQLSetPos(stmt->object.below, call->row, call->operation,
                                         call->lock);
}

static SQLUSMALLINT *status_of(struct og_guard_stmt *stmt)
{
    struct og_rowset rowset;

    /* SQLExtendedFetch's array was an argument, and may be gone. */
    if (stmt->rows.is_extended || og_rowset_read(stmt, false, &rowset) != SQL_SUCCESS)
        return NULL;
    return rowset.status;
}

static SQLRETURN refresh(struct og_guard_stmt *stmt, struct set_pos *call)
{
    struct og_block block = {
        .call = call_set_pos,
        .context = call,
        .is_extended = stmt->rows.is_extended,
        .current = call->row ? call->row - 1 : stmt->rows.app_current,
        .first = call->row ? call->row - 1 : 0,
        .n_rows = call->row ? 1 : stmt->rows.n_fetched,
        .n_fetched = &stmt->rows.n_fetched,
        .status = status_of(stmt),
    };

    return og_block_run(stmt, &block);
}

/* psqlODBC refuses every write through a result that is read only, in words of its own; SQLite's driver
 * tells no concurrency that it would keep to. Source: psqlODBC 13.02, PGAPI_SetPos. */
static bool is_read_only(const struct og_guard_stmt *stmt)
{
    SQLULEN value = 0;

    return stmt->dbc->dialect == OG_DIALECT_POSTGRESQL &&
           SQL_SUCCEEDED(stmt->object.calls->SQLGetStmtAttr(
               stmt->object.below, SQL_ATTR_CONCURRENCY, &value, SQL_IS_UINTEGER, NULL)) &&
           value == SQL_CONCUR_READ_ONLY;
}

/* Rows of the rowset that the write goes over: one, or all that were fetched. */
static SQLRETURN write_at(struct og_guard_stmt *stmt, struct set_pos *call)
{
    static const struct {
        SQLUSMALLINT operation;
        enum og_positioned_kind kind;
        const char *api;
    } kinds[] = {
        {SQL_UPDATE, OG_POSITIONED_UPDATE, "SQLSetPos(SQL_UPDATE)"},
        {SQL_DELETE, OG_POSITIONED_DELETE, "SQLSetPos(SQL_DELETE)"},
        {SQL_ADD, OG_POSITIONED_INSERT, "SQLSetPos(SQL_ADD)"},
    };

    for (size_t i = 0; i < OG_COUNT(kinds); i++)
        if (kinds[i].operation == call->operation) {
            struct og_positioned_write write = {
                .kind = kinds[i].kind,
                .api = kinds[i].api,
                .is_extended = stmt->rows.is_extended,
                .first = call->row ? call->row - 1 : 0,
                .n_rows = call->row ? 1 : stmt->rows.n_fetched,
                .call = call_set_pos,
                .context = call,
            };

            return og_positioned_run(stmt, &write);
        }
    return og_guard_below(stmt, call_set_pos(stmt, call)); /* the driver knows no such operation */
}

static SQLRETURN SQL_API guard_SQLSetPos(SQLHSTMT handle, SQLSETPOSIROW row,
                                         SQLUSMALLINT operation, SQLUSMALLINT lock)
{
    struct og_guard_stmt *stmt = handle;
    struct set_pos call = {row, operation, lock};
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    code = og_rows_check(stmt);
    if (code != SQL_SUCCESS)
        return code;
    og_positioned_drop(stmt);
    stmt->n_below_fetched = OG_UNCOUNTED;
    if (operation == SQL_REFRESH && stmt->verdict.masks_any)
        code = refresh(stmt, &call);
    else if (operation == SQL_POSITION || operation == SQL_REFRESH || is_read_only(stmt))
        code = og_guard_below(stmt, call_set_pos(stmt, &call));
    else
        code = write_at(stmt, &call);
    og_rows_tell_count(stmt);
    og_get_forget(stmt);
    stmt->rows.has_row_count = false;
    if (SQL_SUCCEEDED(code) && row)
        stmt->rows.app_current = row - 1;
    return code;
}

static SQLRETURN call_bulk(struct og_guard_stmt *stmt, void *context)
{
    const SQLSMALLINT *operation = context;

    return stmt->object.calls->SQLBulkOperations(stmt->object.below, *operation);
}

static SQLRETURN fetch_by_bookmark(struct og_guard_stmt *stmt)
{
    struct og_rowset rowset;
    SQLSMALLINT operation = SQL_FETCH_BY_BOOKMARK;
    struct og_block block = {.call = call_bulk, .context = &operation};

    if (og_rowset_read(stmt, false, &rowset) != SQL_SUCCESS)
        return SQL_ERROR;
    block.n_rows = rowset.n_rows;
    block.status = rowset.status;
    return og_block_run(stmt, &block);
}

static SQLRETURN write_many(struct og_guard_stmt *stmt, SQLSMALLINT operation)
{
    struct og_rowset rowset;
    struct og_positioned_write write = {.call = call_bulk, .context = &operation};

    if (og_rowset_read(stmt, false, &rowset) != SQL_SUCCESS)
        return SQL_ERROR;
    write.n_rows = rowset.n_rows;
    switch (operation) {
    case SQL_ADD:
        write.kind = OG_POSITIONED_INSERT;
        write.api = "SQLBulkOperations(SQL_ADD)";
        break;
    case SQL_UPDATE_BY_BOOKMARK:
        write.kind = OG_POSITIONED_UPDATE;
        write.api = "SQLBulkOperations(SQL_UPDATE_BY_BOOKMARK)";
        break;
    case SQL_DELETE_BY_BOOKMARK:
        write.kind = OG_POSITIONED_DELETE;
        write.api = "SQLBulkOperations(SQL_DELETE_BY_BOOKMARK)";
        break;
    default:
        return og_guard_below(stmt, call_bulk(stmt, &operation));
    }
    return og_positioned_run(stmt, &write);
}

static SQLRETURN SQL_API guard_SQLBulkOperations(SQLHSTMT handle, SQLSMALLINT operation)
{
    struct og_guard_stmt *stmt = handle;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    code = og_rows_check(stmt);
    if (code != SQL_SUCCESS)
        return code;
    og_positioned_drop(stmt);
    stmt->n_below_fetched = OG_UNCOUNTED;
    if (operation != SQL_FETCH_BY_BOOKMARK)
        code = write_many(stmt, operation);
    else
        code = stmt->verdict.masks_any ? fetch_by_bookmark(stmt)
                                       : og_guard_below(stmt, call_bulk(stmt, &operation));
    og_rows_tell_count(stmt);
    og_get_forget(stmt);
    stmt->rows.has_row_count = false;
    return code;
}

/* What the driver says of the application's last call, not of the guard's own moves. */
static SQLRETURN SQL_API guard_SQLRowCount(SQLHSTMT handle, SQLLEN *n_rows)
{
    struct og_guard_stmt *stmt = handle;

    og_guard_enter(&stmt->object);
    og_gate_settle(stmt);
    if (stmt->rows.has_row_count && n_rows) {
        *n_rows = stmt->rows.row_count;
        return SQL_SUCCESS;
    }
    return og_guard_below(stmt, stmt->object.calls->SQLRowCount(stmt->object.below, n_rows));
}

void og_guard_install_setpos(struct og_calls *calls)
{
    calls->SQLSetPos = guard_SQLSetPos;
    calls->SQLBulkOperations = guard_SQLBulkOperations;
    calls->SQLRowCount = guard_SQLRowCount;
}

/* SPDX-License-Identifier: MIT */
/* Column bindings: passed straight down, and recorded, so that the guard can take the rowset over
 * while a plan masks and hand it back afterwards. */
#include <stdlib.h>

#include "driver/guard.h"

#define MAX_BINDINGS 32767u

static struct og_guard_binding *find(struct og_guard_stmt *stmt, SQLUSMALLINT column)
{
    for (size_t i = 0; i < stmt->n_bindings; i++)
        if (stmt->bindings[i].column == column)
            return &stmt->bindings[i];
    return NULL;
}

static void forget(struct og_guard_stmt *stmt, SQLUSMALLINT column)
{
    struct og_guard_binding *binding = find(stmt, column);

    if (binding)
        *binding = stmt->bindings[--stmt->n_bindings];
}

static struct og_guard_binding *add(struct og_guard_stmt *stmt)
{
    if (stmt->n_bindings == stmt->max_bindings) {
        size_t more = stmt->max_bindings ? stmt->max_bindings * 2 : 16;
        struct og_guard_binding *bigger;

        if (more > MAX_BINDINGS)
            return NULL;
        bigger = realloc(stmt->bindings, more * sizeof(*bigger));
        if (!bigger)
            return NULL;
        stmt->bindings = bigger;
        stmt->max_bindings = more;
    }
    return &stmt->bindings[stmt->n_bindings++];
}

static bool record(struct og_guard_stmt *stmt, const struct og_guard_binding *wanted)
{
    struct og_guard_binding *binding = find(stmt, wanted->column);

    if (!wanted->data && !wanted->indicator) {
        forget(stmt, wanted->column);
        return true;
    }
    if (!binding)
        binding = add(stmt);
    if (binding)
        *binding = *wanted;
    return binding != NULL;
}

static SQLRETURN SQL_API guard_SQLBindCol(SQLHSTMT handle, SQLUSMALLINT column, SQLSMALLINT c_type,
                                          SQLPOINTER data, SQLLEN max_bytes, SQLLEN *indicator)
{
    struct og_guard_stmt *stmt = handle;
    struct og_guard_binding wanted = {column, c_type, data, max_bytes, indicator};
    SQLRETURN code = SQL_SUCCESS;

    og_guard_enter(&stmt->object);
    if (column == 0) {
        /* Bookmarks are the real driver's own; a statement that masks is closed to them. */
        stmt->is_ard_foreign = data != NULL;
        if (stmt->is_masking) {
            og_diag_add_state(&stmt->object.diag, "HYC00",
                              "[odbcguard] bookmarks are closed for a statement with masked columns");
            return SQL_ERROR;
        }
    }
    if (!stmt->is_masking) {
        code = og_guard_below(stmt, stmt->object.calls->SQLBindCol(stmt->object.below, column,
                                                                   c_type, data, max_bytes,
                                                                   indicator));
        if (!SQL_SUCCEEDED(code))
            return code;
    }
    if (column && !record(stmt, &wanted)) {
        og_diag_add_state(&stmt->object.diag, "HY001", "[odbcguard] memory allocation error");
        return SQL_ERROR;
    }
    return code;
}

static void set_below(struct og_guard_stmt *stmt, SQLINTEGER attribute, SQLPOINTER value)
{
    /* A driver without one of these attributes has the default, which is what is wanted. */
    (void)stmt->object.calls->SQLSetStmtAttr(stmt->object.below, attribute, value, SQL_IS_POINTER);
}

SQLRETURN og_rows_take_over(struct og_guard_stmt *stmt)
{
    if (stmt->is_ard_foreign) {
        og_diag_add_state(&stmt->object.diag, "HYC00",
                          "[odbcguard] a statement with masked columns takes its bindings from "
                          "SQLBindCol only, not from descriptors: use SQLBindCol or SQLGetData");
        return SQL_ERROR;
    }
    if (stmt->is_masking)
        return SQL_SUCCESS;
    (void)stmt->object.calls->SQLFreeStmt(stmt->object.below, SQL_UNBIND);
    set_below(stmt, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)(uintptr_t)1);
    set_below(stmt, SQL_ATTR_ROW_BIND_TYPE, (SQLPOINTER)(uintptr_t)SQL_BIND_BY_COLUMN);
    set_below(stmt, SQL_ATTR_ROW_BIND_OFFSET_PTR, NULL);
    set_below(stmt, SQL_ATTR_ROW_STATUS_PTR, NULL);
    /* A value that is cut before it is masked would be masked wrongly. */
    if (stmt->max_length)
        set_below(stmt, SQL_ATTR_MAX_LENGTH, NULL);
    stmt->is_masking = true;
    return SQL_SUCCESS;
}

SQLRETURN og_rows_hand_back(struct og_guard_stmt *stmt)
{
    SQLRETURN code = SQL_SUCCESS;

    if (!stmt->is_masking)
        return SQL_SUCCESS;
    stmt->is_masking = false;
    set_below(stmt, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)(uintptr_t)stmt->rowset_size);
    set_below(stmt, SQL_ATTR_ROW_BIND_TYPE, (SQLPOINTER)(uintptr_t)stmt->bind_type);
    set_below(stmt, SQL_ATTR_ROW_BIND_OFFSET_PTR, stmt->bind_offset);
    set_below(stmt, SQL_ATTR_ROW_STATUS_PTR, stmt->row_status);
    if (stmt->max_length)
        set_below(stmt, SQL_ATTR_MAX_LENGTH, (SQLPOINTER)(uintptr_t)stmt->max_length);
    for (size_t i = 0; i < stmt->n_bindings && SQL_SUCCEEDED(code); i++) {
        const struct og_guard_binding *b = &stmt->bindings[i];

        code = stmt->object.calls->SQLBindCol(stmt->object.below, b->column, b->c_type, b->data,
                                              b->max_bytes, b->indicator);
    }
    return SQL_SUCCEEDED(code) ? SQL_SUCCESS : og_guard_below(stmt, code);
}

void og_bindings_clear(struct og_guard_stmt *stmt)
{
    stmt->n_bindings = 0;
    stmt->is_ard_foreign = stmt->has_explicit_ard;
}

void og_guard_install_bind(struct og_calls *calls)
{
    calls->SQLBindCol = guard_SQLBindCol;
}

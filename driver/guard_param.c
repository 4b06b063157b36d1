/* SPDX-License-Identifier: MIT */
/* Parameters: bound in the real driver as they come, and remembered for digests, requests and the
 * check of values that are written. */
#include "driver/guard.h"

static SQLRETURN bind_parameter(struct og_guard_stmt *stmt, const struct og_param *param)
{
    SQLRETURN code = SQL_SUCCESS;

    og_opaque_forget(stmt, param->number);
    if (og_params_bind(&stmt->params, param) < 0) {
        og_diag_add_state(&stmt->object.diag, "HY001", "[odbcguard] memory allocation error");
        code = SQL_ERROR;
    }
    return code;
}

static SQLRETURN SQL_API guard_SQLBindParameter(SQLHSTMT handle, SQLUSMALLINT number,
                                                SQLSMALLINT io_type, SQLSMALLINT c_type,
                                                SQLSMALLINT sql_type, SQLULEN column_size,
                                                SQLSMALLINT scale, SQLPOINTER data,
                                                SQLLEN max_bytes, SQLLEN *indicator)
{
    struct og_guard_stmt *stmt = handle;
    struct og_param param = {number, io_type, c_type,    sql_type, column_size,
                             scale,  data,    max_bytes, indicator};
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    code = og_guard_below(stmt, stmt->object.calls->SQLBindParameter(
                                    stmt->object.below, number, io_type, c_type, sql_type,
                                    column_size, scale, data, max_bytes, indicator));
    return SQL_SUCCEEDED(code) && bind_parameter(stmt, &param) != SQL_SUCCESS ? SQL_ERROR : code;
}

static SQLRETURN SQL_API guard_SQLBindParam(SQLHSTMT handle, SQLUSMALLINT number,
                                            SQLSMALLINT c_type, SQLSMALLINT sql_type,
                                            SQLULEN column_size, SQLSMALLINT scale,
                                            SQLPOINTER data, SQLLEN *indicator)
{
    struct og_guard_stmt *stmt = handle;
    struct og_param param = {number, SQL_PARAM_INPUT, c_type, sql_type, column_size,
                             scale,  data,            0,      indicator};
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    code = og_guard_below(stmt, stmt->object.calls->SQLBindParam(stmt->object.below, number, c_type,
                                                                 sql_type, column_size, scale,
                                                                 data, indicator));
    return SQL_SUCCEEDED(code) && bind_parameter(stmt, &param) != SQL_SUCCESS ? SQL_ERROR : code;
}

static SQLRETURN SQL_API guard_SQLSetParam(SQLHSTMT handle, SQLUSMALLINT number,
                                           SQLSMALLINT c_type, SQLSMALLINT sql_type,
                                           SQLULEN column_size, SQLSMALLINT scale, SQLPOINTER data,
                                           SQLLEN *indicator)
{
    struct og_guard_stmt *stmt = handle;
    struct og_param param = {number, SQL_PARAM_INPUT, c_type, sql_type, column_size,
                             scale,  data,            0,      indicator};
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    code = og_guard_below(stmt, stmt->object.calls->SQLSetParam(stmt->object.below, number, c_type,
                                                                sql_type, column_size, scale, data,
                                                                indicator));
    return SQL_SUCCEEDED(code) && bind_parameter(stmt, &param) != SQL_SUCCESS ? SQL_ERROR : code;
}

static SQLRETURN SQL_API guard_SQLParamOptions(SQLHSTMT handle, SQLULEN n_sets, SQLULEN *row)
{
    struct og_guard_stmt *stmt = handle;

    og_guard_enter(&stmt->object);
    stmt->params.n_sets = n_sets;
    return og_guard_below(stmt,
                          stmt->object.calls->SQLParamOptions(stmt->object.below, n_sets, row));
}

void og_guard_install_param(struct og_calls *calls)
{
    calls->SQLBindParameter = guard_SQLBindParameter;
    calls->SQLBindParam = guard_SQLBindParam;
    calls->SQLSetParam = guard_SQLSetParam;
    calls->SQLParamOptions = guard_SQLParamOptions;
}

/* SPDX-License-Identifier: MIT */
/* Calls of a connection or environment that are no attribute: information, functions, transactions,
 * cancelling. What is asked about the driver itself must not hand out a real handle. */
#include <stdlib.h>
#include <string.h>

#include "driver/entry.h"
#include "driver/handle.h"
#include "driver/wide.h"

/* ---- SQLGetInfo ---- */

/* Our own answers; true when there was one. */
static bool own_info(struct og_handle *dbc, SQLUSMALLINT type, SQLPOINTER value)
{
    SQLHANDLE *handle = value;

    switch (type) {
    case SQL_DRIVER_HENV:
        *handle = dbc->parent;
        return true;
    case SQL_DRIVER_HDBC:
        *handle = dbc;
        return true;
    case SQL_DRIVER_HSTMT:
        if (!og_handle_check(*handle, OG_HANDLE_STMT))
            *handle = NULL;
        return true;
    case SQL_DRIVER_HDESC:
        if (!og_handle_check(*handle, OG_HANDLE_DESC))
            *handle = NULL;
        return true;
    case SQL_DRIVER_HLIB:
        *handle = NULL;
        return true;
    default:
        return false;
    }
}

static SQLRETURN put_dsn(struct og_handle *dbc, bool is_wide, SQLPOINTER value,
                         SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes)
{
    size_t width = is_wide ? sizeof(SQLWCHAR) : 1, n = 0;
    bool is_cut = og_text_put(dbc->conf->dsn, is_wide, value,
                              max_bytes > 0 ? (size_t)max_bytes / width : 0, &n);

    if (n_bytes)
        *n_bytes = (SQLSMALLINT)(n * width);
    if (!is_cut)
        return SQL_SUCCESS;
    og_diag_add_state(&dbc->diag, "01004", "[odbcguard] the text was cut");
    return SQL_SUCCESS_WITH_INFO;
}

static SQLRETURN get_info(SQLHDBC handle, bool is_wide, SQLUSMALLINT type, SQLPOINTER value,
                          SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes)
{
    struct og_handle *dbc = og_handle_enter_as(handle, OG_HANDLE_DBC, "SQLGetInfo");
    __typeof__(SQLGetInfo) *below;

    if (!dbc)
        return SQL_INVALID_HANDLE;
    if (value && own_info(dbc, type, value))
        return og_handle_leave(dbc, SQL_SUCCESS);
    if (!dbc->is_connected)
        return og_handle_leave(dbc, og_handle_missing(dbc, "SQLGetInfo"));
    below = is_wide ? dbc->calls->SQLGetInfoW : dbc->calls->SQLGetInfo;
    if (!below)
        return og_handle_leave(dbc, og_handle_missing(dbc, "SQLGetInfo"));
    if (type == SQL_DATA_SOURCE_NAME)
        return og_handle_leave(dbc, put_dsn(dbc, is_wide, value, max_bytes, n_bytes));
    return og_handle_leave_below(dbc, below(dbc->below, type, value, max_bytes, n_bytes));
}

SQLRETURN og_entry_SQLGetInfo(SQLHDBC handle, SQLUSMALLINT type, SQLPOINTER value,
                              SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes)
{
    return get_info(handle, false, type, value, max_bytes, n_bytes);
}

SQLRETURN og_entry_SQLGetInfoW(SQLHDBC handle, SQLUSMALLINT type, SQLPOINTER value,
                               SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes)
{
    return get_info(handle, true, type, value, max_bytes, n_bytes);
}

SQLRETURN og_entry_SQLGetFunctions(SQLHDBC handle, SQLUSMALLINT function, SQLUSMALLINT *supported)
{
    struct og_handle *dbc = og_handle_enter(handle, OG_HANDLE_DBC);

    if (!dbc)
        return SQL_INVALID_HANDLE;
    if (!dbc->is_connected || !dbc->calls->SQLGetFunctions)
        return og_handle_leave(dbc, og_handle_missing(dbc, "SQLGetFunctions"));
    return og_handle_leave_below(dbc,
                                 dbc->calls->SQLGetFunctions(dbc->below, function, supported));
}

/* ---- SQLNativeSql: SQLite ODBC ends its input, not its output, where the output's room ends, so it
 * gets a copy with that much room ---- */

#define ROOM_BYTES 64u

SQLRETURN og_entry_SQLNativeSql(SQLHDBC handle, SQLCHAR *in, SQLINTEGER n_in, SQLCHAR *out,
                                SQLINTEGER max_out, SQLINTEGER *n_out)
{
    struct og_handle *dbc = og_handle_enter(handle, OG_HANDLE_DBC);
    size_t n_bytes;
    SQLCHAR *copy;
    SQLRETURN code;

    if (!dbc)
        return SQL_INVALID_HANDLE;
    if (!dbc->is_connected || !dbc->calls->SQLNativeSql)
        return og_handle_leave(dbc, og_handle_missing(dbc, "SQLNativeSql"));
    if (!in || (n_in < 0 && n_in != SQL_NTS))
        return og_handle_leave_below(
            dbc, dbc->calls->SQLNativeSql(dbc->below, in, n_in, out, max_out, n_out));
    n_bytes = n_in == SQL_NTS ? strlen((const char *)in) : (size_t)n_in;
    copy = calloc(1, (max_out > 0 && (size_t)max_out > n_bytes ? (size_t)max_out : n_bytes) + ROOM_BYTES);
    if (!copy)
        return og_handle_leave(dbc, SQL_ERROR);
    memcpy(copy, in, n_bytes);
    code = dbc->calls->SQLNativeSql(dbc->below, copy, n_in, out, max_out, n_out);
    free(copy);
    return og_handle_leave_below(dbc, code);
}

SQLRETURN og_entry_SQLNativeSqlW(SQLHDBC handle, SQLWCHAR *in, SQLINTEGER n_in, SQLWCHAR *out,
                                 SQLINTEGER max_out, SQLINTEGER *n_out)
{
    struct og_handle *dbc = og_handle_enter(handle, OG_HANDLE_DBC);

    if (!dbc)
        return SQL_INVALID_HANDLE;
    if (!dbc->is_connected || !dbc->calls->SQLNativeSqlW)
        return og_handle_leave(dbc, og_handle_missing(dbc, "SQLNativeSql"));
    return og_handle_leave_below(
        dbc, dbc->calls->SQLNativeSqlW(dbc->below, in, n_in, out, max_out, n_out));
}

/* ---- transactions ---- */

static SQLRETURN end_connection(struct og_handle *dbc, SQLSMALLINT how)
{
    if (!dbc->is_connected)
        return og_handle_missing(dbc, "SQLEndTran");
    dbc->shows_below = true;
    if (dbc->calls->SQLEndTran)
        return dbc->calls->SQLEndTran(SQL_HANDLE_DBC, dbc->below, how);
    if (dbc->calls->SQLTransact)
        return dbc->calls->SQLTransact(NULL, dbc->below, (SQLUSMALLINT)how);
    return og_handle_missing(dbc, "SQLEndTran");
}

static SQLRETURN end_environment(struct og_handle *env, SQLSMALLINT how)
{
    SQLRETURN worst = SQL_SUCCESS;

    (void)pthread_mutex_lock(&env->child_lock);
    for (struct og_handle *dbc = env->children; dbc; dbc = dbc->next) {
        SQLRETURN code;

        if (!dbc->is_connected)
            continue;
        (void)pthread_mutex_lock(&dbc->lock);
        code = end_connection(dbc, how);
        (void)pthread_mutex_unlock(&dbc->lock);
        if (code == SQL_ERROR || (code != SQL_SUCCESS && worst == SQL_SUCCESS))
            worst = code;
    }
    (void)pthread_mutex_unlock(&env->child_lock);
    if (worst == SQL_ERROR)
        og_diag_add_state(&env->diag, "25S01",
                          "[odbcguard] a connection of this environment could not end its "
                          "transaction: its own records say why");
    return worst;
}

SQLRETURN og_entry_SQLEndTran(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT how)
{
    struct og_handle *h;

    if (type != SQL_HANDLE_ENV && type != SQL_HANDLE_DBC)
        return SQL_ERROR;
    h = og_handle_enter(handle, og_handle_type_of(type));
    if (!h)
        return SQL_INVALID_HANDLE;
    return og_handle_leave(h, type == SQL_HANDLE_ENV ? end_environment(h, how)
                                                     : end_connection(h, how));
}

SQLRETURN og_entry_SQLTransact(SQLHENV env, SQLHDBC dbc, SQLUSMALLINT how)
{
    return dbc ? og_entry_SQLEndTran(SQL_HANDLE_DBC, dbc, (SQLSMALLINT)how)
               : og_entry_SQLEndTran(SQL_HANDLE_ENV, env, (SQLSMALLINT)how);
}

/* ---- cancelling: from any thread, so without waiting for the statement's lock ---- */

static SQLRETURN cancel(struct og_handle *stmt)
{
    SQLRETURN code;

    if (pthread_mutex_trylock(&stmt->lock) != 0) /* a call is inside */
        return og_calls_interrupt(stmt->calls, stmt->below);
    code = stmt->calls->SQLCancel(stmt->below);
    (void)pthread_mutex_unlock(&stmt->lock);
    return code;
}

SQLRETURN og_entry_SQLCancel(SQLHSTMT handle)
{
    struct og_handle *stmt = og_handle_check(handle, OG_HANDLE_STMT);
    struct og_call_log *log;
    uint64_t started_ns = 0;
    SQLRETURN code = SQL_ERROR;

    if (!stmt)
        return SQL_INVALID_HANDLE;
    log = og_handle_log(stmt);
    if (log) {
        started_ns = og_call_log_now();
        og_call_log_begin(log, __func__, stmt);
    }
    if (stmt->calls->SQLCancel)
        code = cancel(stmt);
    if (log)
        og_call_log_end(log, __func__, stmt, code, started_ns);
    return code;
}

/* ---- lists of data sources are the driver manager's ---- */

static SQLRETURN managers_business(SQLHENV handle)
{
    struct og_handle *env = og_handle_enter(handle, OG_HANDLE_ENV);

    if (!env)
        return SQL_INVALID_HANDLE;
    og_diag_add_state(&env->diag, "HYC00",
                      "[odbcguard] the driver manager lists data sources and drivers");
    return og_handle_leave(env, SQL_ERROR);
}

SQLRETURN og_entry_SQLDataSources(SQLHENV env, SQLUSMALLINT direction, SQLCHAR *name,
                                  SQLSMALLINT max_name, SQLSMALLINT *n_name, SQLCHAR *text,
                                  SQLSMALLINT max_text, SQLSMALLINT *n_text)
{
    (void)direction, (void)name, (void)max_name, (void)n_name, (void)text, (void)max_text;
    (void)n_text;
    return managers_business(env);
}

SQLRETURN og_entry_SQLDataSourcesW(SQLHENV env, SQLUSMALLINT direction, SQLWCHAR *name,
                                   SQLSMALLINT max_name, SQLSMALLINT *n_name, SQLWCHAR *text,
                                   SQLSMALLINT max_text, SQLSMALLINT *n_text)
{
    (void)direction, (void)name, (void)max_name, (void)n_name, (void)text, (void)max_text;
    (void)n_text;
    return managers_business(env);
}

SQLRETURN og_entry_SQLDrivers(SQLHENV env, SQLUSMALLINT direction, SQLCHAR *name,
                              SQLSMALLINT max_name, SQLSMALLINT *n_name, SQLCHAR *text,
                              SQLSMALLINT max_text, SQLSMALLINT *n_text)
{
    (void)direction, (void)name, (void)max_name, (void)n_name, (void)text, (void)max_text;
    (void)n_text;
    return managers_business(env);
}

/* SPDX-License-Identifier: MIT */
/* Parameters and executing over the link: values are read from the application's buffers when the
 * statement runs, and go over with it. */
#include "driver/remote_parts.h"

#include <string.h>

static bool is_at_execution(int64_t length)
{
    return length == SQL_DATA_AT_EXEC || length <= SQL_LEN_DATA_AT_EXEC_OFFSET;
}

static SQLSMALLINT type_of(const struct og_remote_binding *binding)
{
    return binding->c_type == SQL_C_DEFAULT ? og_link_default_type(binding->sql_type) : binding->c_type;
}

/* ---- binding ---- */

static SQLRETURN SQL_API remote_SQLBindParameter(SQLHSTMT handle, SQLUSMALLINT number,
                                                 SQLSMALLINT direction, SQLSMALLINT c_type,
                                                 SQLSMALLINT sql_type, SQLULEN size, SQLSMALLINT digits,
                                                 SQLPOINTER values, SQLLEN max_bytes, SQLLEN *lengths)
{
    struct og_remote_object *stmt = handle;
    struct og_buf *ask = og_remote_begin(stmt);
    struct og_remote_binding *binding = og_remote_binding(&stmt->parameters, number);
    struct og_remote_binding new = {.is_bound = true, .c_type = c_type, .sql_type = sql_type,
                                    .direction = direction, .max_bytes = max_bytes, .values = values,
                                    .lengths = lengths, .indicators = lengths};
    int64_t n_cell = og_link_cell(type_of(&new), max_bytes);
    SQLRETURN code;

    if (!binding || number == 0)
        return og_remote_end(stmt, og_remote_refuse(stmt, "07009", "there is no such parameter"));
    if (direction != SQL_PARAM_INPUT && direction != SQL_PARAM_INPUT_OUTPUT &&
        direction != SQL_PARAM_OUTPUT)
        return og_remote_end(stmt, og_remote_refuse(stmt, "HYC00",
                                                    "the broker placement does not carry streamed "
                                                    "output parameters"));
    new.n_cell = n_cell > 0 ? (size_t)n_cell : 0;
    og_link_put(ask, number);
    og_link_put(ask, direction);
    og_link_put(ask, c_type);
    og_link_put(ask, sql_type);
    og_link_put(ask, (int64_t)size);
    og_link_put(ask, digits);
    og_link_put(ask, max_bytes);
    og_link_put(ask, (values ? OG_LINK_HAS_VALUE : 0) | (lengths ? OG_LINK_HAS_LENGTH : 0));
    code = og_remote_call(stmt, OG_LINK_OWN_bind_parameter);
    if (SQL_SUCCEEDED(code))
        *binding = new;
    return og_remote_end(stmt, code);
}

static SQLRETURN SQL_API remote_SQLBindParam(SQLHSTMT handle, SQLUSMALLINT number, SQLSMALLINT c_type,
                                             SQLSMALLINT sql_type, SQLULEN size, SQLSMALLINT digits,
                                             SQLPOINTER values, SQLLEN *lengths)
{
    return remote_SQLBindParameter(handle, number, SQL_PARAM_INPUT, c_type, sql_type, size, digits,
                                   values, SQL_SETPARAM_VALUE_MAX, lengths);
}

static SQLRETURN SQL_API remote_SQLSetParam(SQLHSTMT handle, SQLUSMALLINT number, SQLSMALLINT c_type,
                                            SQLSMALLINT sql_type, SQLULEN size, SQLSMALLINT digits,
                                            SQLPOINTER values, SQLLEN *lengths)
{
    return remote_SQLBindParameter(handle, number, SQL_PARAM_INPUT_OUTPUT, c_type, sql_type, size,
                                   digits, values, SQL_SETPARAM_VALUE_MAX, lengths);
}

static SQLRETURN SQL_API remote_SQLParamOptions(SQLHSTMT handle, SQLULEN n_sets, SQLULEN *n_done)
{
    struct og_remote_object *stmt = handle;
    SQLRETURN code = stmt->remote->calls.SQLSetStmtAttr(stmt, SQL_ATTR_PARAMSET_SIZE,
                                                        (SQLPOINTER)(uintptr_t)n_sets, SQL_IS_UINTEGER);

    if (SQL_SUCCEEDED(code))
        stmt->sets.n_done = n_done;
    return code;
}

/* ---- values of this run ---- */

static size_t terminated(SQLSMALLINT c_type, const void *value)
{
    const SQLWCHAR *wide = value;
    size_t n = 0;

    if (c_type == SQL_C_CHAR)
        return strlen(value);
    if (c_type == SQL_C_WCHAR)
        while (wide[n])
            n++;
    return n * sizeof(SQLWCHAR);
}

/* Bytes of one value that has to be there. Returns: false for what cannot be read. */
static bool value_bytes(const struct og_remote_binding *binding, const void *value, int64_t length,
                        size_t *n_bytes)
{
    SQLSMALLINT c_type = type_of(binding);
    bool is_piece = og_link_is_text(c_type) || c_type == SQL_C_BINARY;

    if (!is_piece)
        *n_bytes = binding->n_cell;
    else if (length == SQL_NTS && og_link_is_text(c_type))
        *n_bytes = terminated(c_type, value);
    else if (length >= 0)
        *n_bytes = (size_t)length;
    else
        return false;
    return *n_bytes <= OG_LINK_MAX_OUT;
}

static void put_value(const struct og_remote_object *stmt, const struct og_remote_binding *binding,
                      size_t set, struct og_buf *ask)
{
    const SQLLEN *length = og_remote_at(&stmt->sets, binding->lengths, set, sizeof(SQLLEN));
    const SQLLEN *null = og_remote_at(&stmt->sets, binding->indicators, set, sizeof(SQLLEN));
    const void *value = og_remote_at(&stmt->sets, binding->values, set, binding->n_cell);
    int64_t n = null && *null == SQL_NULL_DATA ? SQL_NULL_DATA
                : length                       ? *length
                : og_link_is_text(type_of(binding)) ? SQL_NTS
                                               : (int64_t)binding->max_bytes;
    size_t n_bytes = 0;

    og_link_put(ask, n);
    if (binding->direction == SQL_PARAM_OUTPUT || n == SQL_NULL_DATA || n == SQL_DEFAULT_PARAM ||
        is_at_execution(n) || !value || !value_bytes(binding, value, n, &n_bytes))
        og_link_put_bytes(ask, NULL, 0); /* the worker's driver says what is wrong with it */
    else
        og_link_put_bytes(ask, value, n_bytes);
}

static void put_values(const struct og_remote_object *stmt, struct og_buf *ask)
{
    int64_t n_bound = 0;

    for (size_t i = 1; i < stmt->parameters.n_items; i++)
        n_bound += stmt->parameters.items[i].is_bound;
    og_link_put(ask, (int64_t)stmt->sets.n_rows);
    og_link_put_bytes(ask, stmt->sets.operation, stmt->sets.n_rows * sizeof(SQLUSMALLINT));
    og_link_put(ask, n_bound);
    for (size_t i = 1; i < stmt->parameters.n_items; i++) {
        if (!stmt->parameters.items[i].is_bound)
            continue;
        og_link_put(ask, (int64_t)i);
        for (size_t set = 0; set < stmt->sets.n_rows; set++)
            put_value(stmt, &stmt->parameters.items[i], set, ask);
    }
}

/* What the run wrote for this side: figures, statuses, output parameters. */
static void take_results(struct og_remote_object *stmt)
{
    struct og_remote *remote = stmt->remote;
    uint64_t n_outputs;

    og_remote_take(remote, stmt->sets.n_done, sizeof(SQLULEN));
    og_remote_take_bytes(remote, stmt->sets.status, stmt->sets.n_rows * sizeof(SQLUSMALLINT));
    n_outputs = (uint64_t)og_link_get(&remote->reader);
    for (uint64_t i = 0; i < n_outputs && !remote->reader.is_bad; i++) {
        uint64_t number = (uint64_t)og_link_get(&remote->reader);
        struct og_remote_binding *binding =
            number < stmt->parameters.n_items ? &stmt->parameters.items[number] : NULL;

        if (!binding || !binding->is_bound || binding->direction == SQL_PARAM_INPUT) {
            remote->reader.is_bad = true;
            return;
        }
        og_remote_take(remote, og_remote_at(&stmt->sets, binding->lengths, 0, sizeof(SQLLEN)),
                       sizeof(SQLLEN));
        og_remote_take_bytes(remote, og_remote_at(&stmt->sets, binding->values, 0, binding->n_cell),
                             binding->n_cell);
    }
}

/* text NULL and how EXECUTE: SQLExecute. */
enum { EXECUTE, DIRECT, DIRECT_WIDE };

static SQLRETURN execute(struct og_remote_object *stmt, int how, const void *text, SQLINTEGER n)
{
    struct og_buf *ask = og_remote_begin(stmt);
    SQLRETURN code;

    if (stmt->sets.n_rows > OG_LINK_MAX_ROWS)
        return og_remote_end(stmt, og_remote_refuse(stmt, "HYC00", "too many sets of parameters"));
    og_link_put(ask, how);
    if (how != EXECUTE)
        og_link_put_text(ask, text, n, how == DIRECT ? 1 : 2);
    put_values(stmt, ask);
    code = og_remote_call(stmt, OG_LINK_OWN_execute);
    stmt->needed = 0;
    if (!stmt->remote->reader.is_bad)
        take_results(stmt);
    return og_remote_end(stmt, code);
}

static SQLRETURN SQL_API remote_SQLExecute(SQLHSTMT handle)
{
    return execute(handle, EXECUTE, NULL, 0);
}

static SQLRETURN SQL_API remote_SQLExecDirect(SQLHSTMT handle, SQLCHAR *text, SQLINTEGER n)
{
    return execute(handle, DIRECT, text, n);
}

static SQLRETURN SQL_API remote_SQLExecDirectW(SQLHSTMT handle, SQLWCHAR *text, SQLINTEGER n)
{
    return execute(handle, DIRECT_WIDE, text, n);
}

static SQLRETURN SQL_API remote_SQLMoreResults(SQLHSTMT handle)
{
    struct og_remote_object *stmt = handle;
    SQLRETURN code;

    (void)og_remote_begin(stmt);
    code = og_remote_call(stmt, OG_LINK_OWN_more_results);
    if (!stmt->remote->reader.is_bad)
        take_results(stmt);
    return og_remote_end(stmt, code);
}

/* ---- data at execution ---- */

/* The application's own token: the address that it bound, moved by offset and set. */
static SQLRETURN SQL_API remote_SQLParamData(SQLHSTMT handle, SQLPOINTER *token)
{
    struct og_remote_object *stmt = handle;
    struct og_remote *remote = stmt->remote;
    uint64_t number, set;
    SQLRETURN code;

    (void)og_remote_begin(stmt);
    code = og_remote_call(stmt, OG_LINK_OWN_param_data);
    number = (uint64_t)og_link_get(&remote->reader);
    set = (uint64_t)og_link_get(&remote->reader);
    stmt->needed = 0;
    if (code == SQL_NEED_DATA && !remote->reader.is_bad) {
        if (number >= stmt->parameters.n_items || set >= stmt->sets.n_rows) {
            remote->reader.is_bad = true;
            return og_remote_end(stmt, code);
        }
        stmt->needed = (size_t)number;
        if (token)
            *token = og_remote_at(&stmt->sets, stmt->parameters.items[number].values, (size_t)set,
                                  stmt->parameters.items[number].n_cell);
    }
    if (!remote->reader.is_bad)
        take_results(stmt);
    return og_remote_end(stmt, code);
}

static SQLRETURN SQL_API remote_SQLPutData(SQLHSTMT handle, SQLPOINTER data, SQLLEN n)
{
    struct og_remote_object *stmt = handle;
    struct og_buf *ask = og_remote_begin(stmt);
    struct og_remote_binding as = {.c_type = SQL_C_CHAR};
    size_t n_bytes = 0;

    if (stmt->needed)
        as = stmt->parameters.items[stmt->needed];
    og_link_put(ask, n);
    if (!data || n == SQL_NULL_DATA || n == SQL_DEFAULT_PARAM || !value_bytes(&as, data, n, &n_bytes))
        og_link_put_bytes(ask, NULL, 0);
    else
        og_link_put_bytes(ask, data, n_bytes);
    return og_remote_end(stmt, og_remote_call(stmt, OG_LINK_OWN_put_data));
}

void og_remote_install_params(struct og_calls *calls)
{
    calls->SQLBindParameter = remote_SQLBindParameter;
    calls->SQLBindParam = remote_SQLBindParam;
    calls->SQLSetParam = remote_SQLSetParam;
    calls->SQLParamOptions = remote_SQLParamOptions;
    calls->SQLExecute = remote_SQLExecute;
    calls->SQLExecDirect = remote_SQLExecDirect;
    calls->SQLExecDirectW = remote_SQLExecDirectW;
    calls->SQLMoreResults = remote_SQLMoreResults;
    calls->SQLParamData = remote_SQLParamData;
    calls->SQLPutData = remote_SQLPutData;
}

/* SPDX-License-Identifier: MIT */
/* Attributes. Those that the guard needs itself are kept; those that change what statements mean or
 * load code are closed. Everything else goes straight through. */
#include "driver/conf_target.h"
#include "driver/guard.h"

/* Driver-private attributes begin here (ODBC 3.8, "Driver-Specific Attributes", and what drivers
 * did before there was a range): they can load code, trace rows or change what text means. */
#define FIRST_PRIVATE 1000
#define PSQLODBC_MSJET 65549 /* pgapifunc.h: SQL_ATTR_PGOPT_MSJET */

static bool is_private(SQLINTEGER attribute)
{
    return attribute >= FIRST_PRIVATE &&
           (attribute < SQL_ATTR_APP_ROW_DESC || attribute > SQL_ATTR_METADATA_ID);
}

static SQLRETURN close_attribute(struct og_guard_object *object, SQLINTEGER attribute,
                                 const char *why)
{
    og_diag_add_state(&object->diag, "HYC00", "[odbcguard] attribute %d is closed: %s",
                      (int)attribute, why);
    return SQL_ERROR;
}

/* ---- statement ---- */

/* Remembers what the attribute says. Returns whether the layer below hears of it. */
static bool remember(struct og_guard_stmt *stmt, SQLINTEGER attribute, SQLPOINTER value)
{
    SQLULEN number = (SQLULEN)(uintptr_t)value;

    switch (attribute) {
    case SQL_ATTR_ROWS_FETCHED_PTR:
        stmt->rows_fetched = value;
        return false;
    case SQL_ATTR_RETRIEVE_DATA:
        stmt->rows.is_data_off = number == SQL_RD_OFF;
        return true;
    case SQL_ATTR_NOSCAN:
        stmt->noscan = number;
        return true;
    case SQL_ATTR_QUERY_TIMEOUT:
        stmt->query_timeout_s = number;
        return true;
    case SQL_ATTR_PARAMSET_SIZE:
        stmt->params.n_sets = number;
        return true;
    case SQL_ATTR_PARAM_BIND_TYPE:
        stmt->params.bind_type = number;
        return true;
    case SQL_ATTR_PARAM_BIND_OFFSET_PTR:
        stmt->params.bind_offset = value;
        return true;
    case SQL_ATTR_PARAM_OPERATION_PTR:
        stmt->params.operation = value;
        return true;
    default:
        return true;
    }
}

typedef __typeof__(SQLSetStmtAttr) set_attribute;

static SQLRETURN set_stmt(struct og_guard_stmt *stmt, set_attribute *below, SQLINTEGER attribute,
                          SQLPOINTER value, SQLINTEGER n_bytes)
{
    og_guard_enter(&stmt->object);
    if (is_private(attribute) && !og_conf_may_set(stmt->dbc->conf, attribute))
        return close_attribute(&stmt->object, attribute, "it is the real driver's own");
    og_rowset_touch(stmt->dbc);
    if (attribute == SQL_ATTR_APP_ROW_DESC || attribute == SQL_ATTR_APP_PARAM_DESC)
        return og_desc_attach(stmt, below, attribute, value);
    if (!remember(stmt, attribute, value))
        value = &stmt->n_below_fetched; /* the driver counts in ours, which is copied */
    return og_guard_below(stmt, below(stmt->object.below, attribute, value, n_bytes));
}

static SQLRETURN SQL_API guard_SQLSetStmtAttr(SQLHSTMT handle, SQLINTEGER attribute,
                                              SQLPOINTER value, SQLINTEGER n_bytes)
{
    struct og_guard_stmt *stmt = handle;

    return set_stmt(stmt, stmt->object.calls->SQLSetStmtAttr, attribute, value, n_bytes);
}

static SQLRETURN SQL_API guard_SQLSetStmtAttrW(SQLHSTMT handle, SQLINTEGER attribute,
                                               SQLPOINTER value, SQLINTEGER n_bytes)
{
    struct og_guard_stmt *stmt = handle;

    return set_stmt(stmt, stmt->object.calls->SQLSetStmtAttrW, attribute, value, n_bytes);
}

static SQLRETURN SQL_API guard_SQLSetStmtOption(SQLHSTMT handle, SQLUSMALLINT option,
                                                SQLULEN value)
{
    struct og_guard_stmt *stmt = handle;

    og_guard_enter(&stmt->object);
    if (is_private(option) && !og_conf_may_set(stmt->dbc->conf, option))
        return close_attribute(&stmt->object, option, "it is the real driver's own");
    og_rowset_touch(stmt->dbc);
    if (!remember(stmt, option, (SQLPOINTER)(uintptr_t)value))
        return SQL_SUCCESS;
    return og_guard_below(stmt,
                          stmt->object.calls->SQLSetStmtOption(stmt->object.below, option, value));
}

/* ODBC 2: concurrency, cursor type and rowset size in one call. */
static SQLRETURN SQL_API guard_SQLSetScrollOptions(SQLHSTMT handle, SQLUSMALLINT concurrency,
                                                   SQLLEN keyset_size, SQLUSMALLINT rowset_size)
{
    struct og_guard_stmt *stmt = handle;

    og_guard_enter(&stmt->object);
    og_rowset_touch(stmt->dbc);
    return og_guard_below(stmt, stmt->object.calls->SQLSetScrollOptions(
                                    stmt->object.below, concurrency, keyset_size, rowset_size));
}

typedef __typeof__(SQLGetStmtAttr) get_attribute;

static SQLRETURN get_stmt(struct og_guard_stmt *stmt, get_attribute *below, SQLINTEGER attribute,
                          SQLPOINTER value, SQLINTEGER max_bytes, SQLINTEGER *n_bytes)
{
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    if (value && attribute >= SQL_ATTR_APP_ROW_DESC && attribute <= SQL_ATTR_IMP_PARAM_DESC)
        return og_guard_below(stmt, og_desc_get(stmt, attribute, value));
    code = og_guard_below(stmt, below(stmt->object.below, attribute, value, max_bytes, n_bytes));
    /* The layer below has the guard's own counter there. */
    if (value && attribute == SQL_ATTR_ROWS_FETCHED_PTR && SQL_SUCCEEDED(code))
        *(SQLPOINTER *)value = stmt->rows_fetched;
    return code;
}

static SQLRETURN SQL_API guard_SQLGetStmtAttr(SQLHSTMT handle, SQLINTEGER attribute,
                                              SQLPOINTER value, SQLINTEGER max_bytes,
                                              SQLINTEGER *n_bytes)
{
    struct og_guard_stmt *stmt = handle;

    return get_stmt(stmt, stmt->object.calls->SQLGetStmtAttr, attribute, value, max_bytes,
                    n_bytes);
}

static SQLRETURN SQL_API guard_SQLGetStmtAttrW(SQLHSTMT handle, SQLINTEGER attribute,
                                               SQLPOINTER value, SQLINTEGER max_bytes,
                                               SQLINTEGER *n_bytes)
{
    struct og_guard_stmt *stmt = handle;

    return get_stmt(stmt, stmt->object.calls->SQLGetStmtAttrW, attribute, value, max_bytes,
                    n_bytes);
}

/* ---- connection ---- */

static SQLRETURN check_connection_attribute(struct og_guard_dbc *dbc, SQLINTEGER attribute)
{

    if (attribute == SQL_ATTR_TRANSLATE_LIB)
        return close_attribute(&dbc->object, attribute, "it loads code");
    /* psqlODBC and SQLite ODBC take it for nothing */
    if (attribute == SQL_ATTR_CURRENT_CATALOG && dbc->is_connected &&
        dbc->dialect == OG_DIALECT_NONE)
        return close_attribute(&dbc->object, attribute,
                               "it changes what names mean; connect to the database you need");
    if (is_private(attribute) && !og_conf_may_set(dbc->conf, attribute))
        return close_attribute(&dbc->object, attribute, "it is the real driver's own");
    return SQL_SUCCESS;
}

static void follow_connection_attribute(struct og_guard_dbc *dbc, SQLINTEGER attribute,
                                        SQLPOINTER value)
{
    if (attribute == SQL_ATTR_RESET_CONNECTION) /* a pool hands it to somebody else */
        dbc->catalog_version++;
    if (attribute == PSQLODBC_MSJET)
        dbc->rewrites_ones = value != NULL;
    if (attribute != SQL_ATTR_AUTOCOMMIT)
        return;
    dbc->is_autocommit = (SQLULEN)(uintptr_t)value == SQL_AUTOCOMMIT_ON;
    if (dbc->is_autocommit) { /* switching it on commits */
        dbc->is_in_transaction = false;
        dbc->n_transactions++;
        dbc->has_open_ddl = false;
        dbc->catalog_version++;
        og_undo_ended(dbc, "committed");
        og_guard_session_ended(dbc);
    }
    if (dbc->client)
        og_client_note(dbc->client, "autocommit", dbc->is_autocommit ? "on" : "off");
}

/* Switching autocommit on commits: the real driver's own statement, not the application's. What could
 * not be permitted the engine refuses. */
static void permit_transaction(struct og_guard_dbc *dbc, SQLINTEGER attribute)
{
    if (attribute != SQL_ATTR_AUTOCOMMIT || !dbc->analyser)
        return;
    (void)pthread_mutex_lock(&dbc->lock);
    if (og_sqlite_permit_transaction(dbc->analyser) != 0)
        dbc->is_resolution_lost = true;
    (void)pthread_mutex_unlock(&dbc->lock);
}

typedef __typeof__(SQLSetConnectAttr) set_connection_attribute;

static SQLRETURN set_connection(struct og_guard_dbc *dbc, set_connection_attribute *below,
                                SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER n_bytes)
{
    SQLRETURN code;

    og_guard_enter(&dbc->object);
    code = check_connection_attribute(dbc, attribute);
    if (code != SQL_SUCCESS)
        return code;
    og_turn_take(dbc);
    permit_transaction(dbc, attribute);
    code = og_guard_below_dbc(dbc, below(dbc->object.below, attribute, value, n_bytes));
    og_turn_give(dbc);
    if (SQL_SUCCEEDED(code))
        follow_connection_attribute(dbc, attribute, value);
    return code;
}

static SQLRETURN SQL_API guard_SQLSetConnectAttr(SQLHDBC handle, SQLINTEGER attribute,
                                                 SQLPOINTER value, SQLINTEGER n_bytes)
{
    struct og_guard_dbc *dbc = handle;

    return set_connection(dbc, dbc->object.calls->SQLSetConnectAttr, attribute, value, n_bytes);
}

static SQLRETURN SQL_API guard_SQLSetConnectAttrW(SQLHDBC handle, SQLINTEGER attribute,
                                                  SQLPOINTER value, SQLINTEGER n_bytes)
{
    struct og_guard_dbc *dbc = handle;

    return set_connection(dbc, dbc->object.calls->SQLSetConnectAttrW, attribute, value, n_bytes);
}

typedef __typeof__(SQLSetConnectOption) set_connection_option;

static SQLRETURN set_option(struct og_guard_dbc *dbc, set_connection_option *below,
                            SQLUSMALLINT option, SQLULEN value)
{
    SQLRETURN code;

    og_guard_enter(&dbc->object);
    code = check_connection_attribute(dbc, option);
    if (code != SQL_SUCCESS)
        return code;
    permit_transaction(dbc, option);
    code = og_guard_below_dbc(dbc, below(dbc->object.below, option, value));
    if (SQL_SUCCEEDED(code))
        follow_connection_attribute(dbc, option, (SQLPOINTER)(uintptr_t)value);
    return code;
}

static SQLRETURN SQL_API guard_SQLSetConnectOption(SQLHDBC handle, SQLUSMALLINT option,
                                                   SQLULEN value)
{
    struct og_guard_dbc *dbc = handle;

    return set_option(dbc, dbc->object.calls->SQLSetConnectOption, option, value);
}

static SQLRETURN SQL_API guard_SQLSetConnectOptionW(SQLHDBC handle, SQLUSMALLINT option,
                                                    SQLULEN value)
{
    struct og_guard_dbc *dbc = handle;

    return set_option(dbc, dbc->object.calls->SQLSetConnectOptionW, option, value);
}

void og_guard_install_attr(struct og_calls *calls)
{
    calls->SQLSetStmtAttr = guard_SQLSetStmtAttr;
    calls->SQLSetStmtAttrW = guard_SQLSetStmtAttrW;
    calls->SQLSetStmtOption = guard_SQLSetStmtOption;
    calls->SQLSetScrollOptions = guard_SQLSetScrollOptions;
    calls->SQLGetStmtAttr = guard_SQLGetStmtAttr;
    calls->SQLGetStmtAttrW = guard_SQLGetStmtAttrW;
    calls->SQLSetConnectAttr = guard_SQLSetConnectAttr;
    calls->SQLSetConnectAttrW = guard_SQLSetConnectAttrW;
    calls->SQLSetConnectOption = guard_SQLSetConnectOption;
    calls->SQLSetConnectOptionW = guard_SQLSetConnectOptionW;
}

/* SPDX-License-Identifier: MIT */
/* Operations: attributes, transactions, connections. */
#include <stdio.h>
#include <string.h>

#include "tests/diff/ops.h"

struct attribute { SQLINTEGER id; const char *name; unsigned n_values; SQLULEN values[4]; };

static const struct attribute statement_attributes[] = {
    {SQL_ATTR_CURSOR_TYPE, "CURSOR_TYPE", 4, {0, 3, 1, 2}},
    {SQL_ATTR_CURSOR_TYPE, "CURSOR_TYPE", 4, {3, 3, 1, 0}},
    {SQL_ATTR_CONCURRENCY, "CONCURRENCY", 4, {1, 2, 3, 4}},
    {SQL_ATTR_CURSOR_SCROLLABLE, "CURSOR_SCROLLABLE", 2, {0, 1}},
    {SQL_ATTR_CURSOR_SENSITIVITY, "CURSOR_SENSITIVITY", 3, {0, 1, 2}},
    {SQL_ATTR_ENABLE_AUTO_IPD, "ENABLE_AUTO_IPD", 2, {0, 1}},
    {SQL_ATTR_KEYSET_SIZE, "KEYSET_SIZE", 2, {0, 10}},
    {SQL_ATTR_MAX_LENGTH, "MAX_LENGTH", 4, {0, 0, 5, 100}},
    {SQL_ATTR_MAX_ROWS, "MAX_ROWS", 3, {0, 0, 3}},
    {SQL_ATTR_METADATA_ID, "METADATA_ID", 2, {0, 1}},
    {SQL_ATTR_NOSCAN, "NOSCAN", 2, {0, 1}},
    {SQL_ATTR_QUERY_TIMEOUT, "QUERY_TIMEOUT", 2, {0, 30}},
    {SQL_ATTR_RETRIEVE_DATA, "RETRIEVE_DATA", 4, {1, 1, 1, 0}},
    {SQL_ATTR_SIMULATE_CURSOR, "SIMULATE_CURSOR", 2, {0, 1}},
    {SQL_ATTR_USE_BOOKMARKS, "USE_BOOKMARKS", 2, {0, 2}},
    {SQL_ATTR_ASYNC_ENABLE, "ASYNC_ENABLE", 1, {0}},
    {SQL_ATTR_ROW_OPERATION_PTR, "ROW_OPERATION_PTR", 1, {0}},
    {990, "990 (no such attribute)", 1, {1}},
    /* read only */
    {SQL_ATTR_ROW_NUMBER, "ROW_NUMBER", 1, {0}},
    {SQL_ATTR_ROW_ARRAY_SIZE, "ROW_ARRAY_SIZE", 0, {0}},
    {SQL_ROWSET_SIZE, "ROWSET_SIZE", 0, {0}},
    {SQL_ATTR_ROW_STATUS_PTR, "ROW_STATUS_PTR", 0, {0}},
    {SQL_ATTR_ROW_BIND_OFFSET_PTR, "ROW_BIND_OFFSET_PTR", 0, {0}},
    {SQL_ATTR_PARAMSET_SIZE, "PARAMSET_SIZE", 0, {0}},
    {SQL_ATTR_PARAM_BIND_TYPE, "PARAM_BIND_TYPE", 0, {0}},
    {SQL_ATTR_PARAM_STATUS_PTR, "PARAM_STATUS_PTR", 0, {0}},
    {SQL_ATTR_PARAMS_PROCESSED_PTR, "PARAMS_PROCESSED_PTR", 0, {0}},
    {SQL_ATTR_PARAM_OPERATION_PTR, "PARAM_OPERATION_PTR", 0, {0}},
    {SQL_ATTR_FETCH_BOOKMARK_PTR, "FETCH_BOOKMARK_PTR", 0, {0}},
    {SQL_ATTR_APP_ROW_DESC, "APP_ROW_DESC", 0, {0}},
    {SQL_ATTR_IMP_PARAM_DESC, "IMP_PARAM_DESC", 0, {0}}};
#define N_STATEMENT (sizeof(statement_attributes) / sizeof(statement_attributes[0]))
#define N_SETTABLE 19u

void op_set_stmt_attr(struct arm *arm, const uint32_t *a)
{
    const struct attribute *at = &statement_attributes[a[0] % N_SETTABLE];
    SQLPOINTER value = (SQLPOINTER)(uintptr_t)at->values[a[1] % at->n_values];
    bool is_wide = a[2] % 2 && HAS(arm, SQLSetStmtAttrW);

    if (at->id == SQL_ATTR_MAX_ROWS && options.dialect == LITE)
        value = NULL; /* see SQLCancel */

    say(arm, "SQLSetStmtAttr%s %s %d", is_wide ? "W" : "", at->name, (int)(uintptr_t)value);
    arm->code = is_wide ? CALL(arm, SQLSetStmtAttrW)(arm->slot->handle, at->id, value, SQL_IS_UINTEGER)
                        : CALL(arm, SQLSetStmtAttr)(arm->slot->handle, at->id, value, SQL_IS_UINTEGER);
    on_stmt(arm);
}

static void get_attribute(struct arm *arm, const uint32_t *a, const struct attribute *at)
{
    bool is_wide = a[2] % 2 && HAS(arm, SQLGetStmtAttrW);
    SQLPOINTER *value = (SQLPOINTER *)(void *)arm->scratch;
    SQLPOINTER before = *value;

    say(arm, "SQLGetStmtAttr%s %s", is_wide ? "W" : "", at->name);
    arm->code = is_wide ? CALL(arm, SQLGetStmtAttrW)(arm->slot->handle, at->id, value, SQL_IS_POINTER,
                                                     SMALL(arm, 0))
                        : CALL(arm, SQLGetStmtAttr)(arm->slot->handle, at->id, value, SQL_IS_POINTER,
                                                    SMALL(arm, 0));
    if (*value != before && SQL_SUCCEEDED(arm->code) && strstr(at->name, "_PTR") != NULL)
        tame_pointer(arm, value);
    if (*value != before && SQL_SUCCEEDED(arm->code) && strstr(at->name, "_DESC") != NULL)
        tame_pointer(arm, value);
    on_stmt(arm);
}

void op_get_stmt_attr(struct arm *arm, const uint32_t *a)
{
    get_attribute(arm, a, &statement_attributes[a[0] % N_STATEMENT]);
}

void op_get_fetched_attr(struct arm *arm, const uint32_t *a)
{
    static const struct attribute all[] = {{SQL_ATTR_ROWS_FETCHED_PTR, "ROWS_FETCHED_PTR", 0, {0}},
                                           {SQL_ATTR_ROW_BIND_TYPE, "ROW_BIND_TYPE", 0, {0}}};

    get_attribute(arm, a, &all[a[0] % 2]);
}

void op_set_stmt_option(struct arm *arm, const uint32_t *a)
{
    static const struct { SQLUSMALLINT id; const char *name; SQLULEN values[2]; } all[] = {
        {SQL_CURSOR_TYPE, "CURSOR_TYPE", {0, 3}}, {SQL_CONCURRENCY, "CONCURRENCY", {1, 3}},
        {SQL_MAX_ROWS, "MAX_ROWS", {0, 4}}, {SQL_NOSCAN, "NOSCAN", {0, 1}},
        {SQL_QUERY_TIMEOUT, "QUERY_TIMEOUT", {0, 20}}, {SQL_ROWSET_SIZE, "ROWSET_SIZE", {1, 3}},
        {SQL_BIND_TYPE, "BIND_TYPE", {0, ROW_STRIDE}}, {SQL_RETRIEVE_DATA, "RETRIEVE_DATA", {1, 1}},
        {SQL_MAX_LENGTH, "MAX_LENGTH", {0, 50}}, {SQL_ASYNC_ENABLE, "ASYNC_ENABLE", {0, 0}}};
    unsigned i = a[0] % 10;
    SQLULEN value = all[i].id == SQL_MAX_ROWS && options.dialect == LITE ? 0 : all[i].values[a[1] % 2];

    if (!HAS(arm, SQLSetStmtOption))
        return;
    say(arm, "SQLSetStmtOption %s %d", all[i].name, (int)value);
    arm->code = CALL(arm, SQLSetStmtOption)(arm->slot->handle, all[i].id, value);
    on_stmt(arm);
    if (SQL_SUCCEEDED(arm->code) && all[i].id == SQL_BIND_TYPE)
        arm->slot->is_row_wise = value != 0;
}

void op_get_stmt_option(struct arm *arm, const uint32_t *a)
{
    static const SQLUSMALLINT all[] = {SQL_CURSOR_TYPE, SQL_CONCURRENCY, SQL_MAX_ROWS, SQL_NOSCAN,
                                       SQL_QUERY_TIMEOUT, SQL_ROWSET_SIZE, SQL_ROW_NUMBER};
    SQLUSMALLINT id = all[a[0] % 7];

    if (!HAS(arm, SQLGetStmtOption))
        return;
    say(arm, "SQLGetStmtOption %d", id);
    arm->code = CALL(arm, SQLGetStmtOption)(arm->slot->handle, id, arm->scratch);
    on_stmt(arm);
}

void op_set_scroll_options(struct arm *arm, const uint32_t *a)
{
    static const SQLUSMALLINT concurrencies[] = {1, 2, 3, 4};
    static const SQLLEN keysets[] = {0, -1, -3, 10};

    if (!HAS(arm, SQLSetScrollOptions))
        return;
    say(arm, "SQLSetScrollOptions %d %d", concurrencies[a[0] % 4], (int)keysets[a[1] % 4]);
    arm->code = CALL(arm, SQLSetScrollOptions)(arm->slot->handle, concurrencies[a[0] % 4], keysets[a[1] % 4],
                                               (SQLUSMALLINT)(a[2] % 3 + 1));
    on_stmt(arm);
}

/* ---- connection ---- */

static const struct attribute connection_attributes[] = {
    {SQL_ATTR_AUTOCOMMIT, "AUTOCOMMIT", 2, {0, 1}},
    {SQL_ATTR_ACCESS_MODE, "ACCESS_MODE", 2, {0, 1}},
    {SQL_ATTR_TXN_ISOLATION, "TXN_ISOLATION", 4, {2, 8, 4, 1}},
    {SQL_ATTR_CONNECTION_TIMEOUT, "CONNECTION_TIMEOUT", 2, {0, 30}},
    {SQL_ATTR_LOGIN_TIMEOUT, "LOGIN_TIMEOUT", 2, {0, 20}},
    {SQL_ATTR_METADATA_ID, "METADATA_ID", 2, {0, 1}},
    {990, "990 (no such attribute)", 1, {1}},
    /* read only */
    {SQL_ATTR_CONNECTION_DEAD, "CONNECTION_DEAD", 0, {0}},
    {SQL_ATTR_PACKET_SIZE, "PACKET_SIZE", 0, {0}},
    {SQL_ATTR_AUTO_IPD, "AUTO_IPD", 0, {0}},
    {SQL_ATTR_QUIET_MODE, "QUIET_MODE", 0, {0}},
    {SQL_ATTR_CURRENT_CATALOG, "CURRENT_CATALOG", 0, {0}}};
#define N_CONNECTION (sizeof(connection_attributes) / sizeof(connection_attributes[0]))

void op_set_connect_attr(struct arm *arm, const uint32_t *a)
{
    const struct attribute *at = &connection_attributes[a[0] % 7];
    SQLPOINTER value = (SQLPOINTER)(uintptr_t)at->values[a[1] % at->n_values];
    bool is_wide = a[2] % 2 && HAS(arm, SQLSetConnectAttrW);

    say(arm, "SQLSetConnectAttr%s %s %d", is_wide ? "W" : "", at->name, (int)(uintptr_t)value);
    arm->code = is_wide ? CALL(arm, SQLSetConnectAttrW)(arm->dbc, at->id, value, SQL_IS_UINTEGER)
                        : CALL(arm, SQLSetConnectAttr)(arm->dbc, at->id, value, SQL_IS_UINTEGER);
    on_dbc(arm);
}

void op_get_connect_attr(struct arm *arm, const uint32_t *a)
{
    const struct attribute *at = &connection_attributes[a[0] % N_CONNECTION];
    bool is_wide = a[2] % 2 && HAS(arm, SQLGetConnectAttrW);
    static const SQLINTEGER sizes[] = {256, 256, 8, 2, 0};
    SQLINTEGER max = at->id == SQL_ATTR_CURRENT_CATALOG ? sizes[a[1] % 5] : SQL_IS_UINTEGER;

    say(arm, "SQLGetConnectAttr%s %s", is_wide ? "W" : "", at->name);
    arm->code = is_wide ? CALL(arm, SQLGetConnectAttrW)(arm->dbc, at->id, arm->scratch, max, SMALL(arm, 0))
                        : CALL(arm, SQLGetConnectAttr)(arm->dbc, at->id, arm->scratch, max, SMALL(arm, 0));
    if (at->id == SQL_ATTR_CURRENT_CATALOG)
        tame_text(arm, is_wide, max);
    on_dbc(arm);
}

void op_set_connect_option(struct arm *arm, const uint32_t *a)
{
    const struct attribute *at = &connection_attributes[a[0] % 3];
    SQLULEN value = at->values[a[1] % at->n_values];

    if (!HAS(arm, SQLSetConnectOption))
        return;
    say(arm, "SQLSetConnectOption %s %d", at->name, (int)value);
    arm->code = CALL(arm, SQLSetConnectOption)(arm->dbc, (SQLUSMALLINT)at->id, value);
    on_dbc(arm);
}

void op_get_connect_option(struct arm *arm, const uint32_t *a)
{
    const struct attribute *at = &connection_attributes[a[0] % 3];

    if (!HAS(arm, SQLGetConnectOption))
        return;
    say(arm, "SQLGetConnectOption %s", at->name);
    arm->code = CALL(arm, SQLGetConnectOption)(arm->dbc, (SQLUSMALLINT)at->id, arm->scratch);
    on_dbc(arm);
}

/* ---- transactions ---- */

/* What a transaction's end does to cursors is asked of the driver, as an application would. */
static void after_end(struct arm *arm, SQLSMALLINT how)
{
    SQLUSMALLINT behaviour = SQL_CB_PRESERVE;

    (void)CALL(arm, SQLGetInfo)(arm->dbc, how == SQL_COMMIT ? SQL_CURSOR_COMMIT_BEHAVIOR
                                                            : SQL_CURSOR_ROLLBACK_BEHAVIOR,
                                &behaviour, sizeof(behaviour), NULL);
    if (behaviour == SQL_CB_PRESERVE)
        return;
    for (unsigned i = 0; i < N_SLOTS; i++) {
        struct slot *slot = &arm->slots[i];

        if (behaviour == SQL_CB_DELETE)
            slot->is_prepared = false;
        if (slot->handle && slot->state < ST_NEED)
            slot->state = slot->is_prepared ? ST_PREP : ST_ALLOC;
    }
}

void op_end_tran(struct arm *arm, const uint32_t *a)
{
    SQLSMALLINT how = a[0] % 2 ? SQL_COMMIT : SQL_ROLLBACK;
    bool is_env = a[1] % 3 == 0;

    say(arm, "SQLEndTran %s %s", is_env ? "environment" : "connection", a[0] % 2 ? "COMMIT" : "ROLLBACK");
    arm->code = is_env ? CALL(arm, SQLEndTran)(SQL_HANDLE_ENV, arm->env, how)
                       : CALL(arm, SQLEndTran)(SQL_HANDLE_DBC, arm->dbc, how);
    arm->diag_type = is_env ? SQL_HANDLE_ENV : SQL_HANDLE_DBC;
    arm->diag_handle = is_env ? arm->env : arm->dbc;
    if (SQL_SUCCEEDED(arm->code))
        after_end(arm, how);
}

void op_transact(struct arm *arm, const uint32_t *a)
{
    SQLUSMALLINT how = a[0] % 2 ? SQL_COMMIT : SQL_ROLLBACK;

    if (!HAS(arm, SQLTransact))
        return;
    say(arm, "SQLTransact %s", a[0] % 2 ? "COMMIT" : "ROLLBACK");
    arm->code = CALL(arm, SQLTransact)(arm->env, arm->dbc, how);
    on_dbc(arm);
    if (SQL_SUCCEEDED(arm->code))
        after_end(arm, (SQLSMALLINT)how);
}

/* ---- environment, and the connection anew ---- */

void op_env_attr(struct arm *arm, const uint32_t *a)
{
    static const SQLINTEGER all[] = {SQL_ATTR_ODBC_VERSION, SQL_ATTR_OUTPUT_NTS, SQL_ATTR_CONNECTION_POOLING,
                                     SQL_ATTR_CP_MATCH, 4711};
    SQLINTEGER id = all[a[0] % 5];

    arm->diag_type = SQL_HANDLE_ENV;
    arm->diag_handle = arm->env;
    if (a[1] % 3 == 0 && id != SQL_ATTR_ODBC_VERSION) {
        say(arm, "SQLSetEnvAttr %d", (int)id);
        arm->code = CALL(arm, SQLSetEnvAttr)(arm->env, id, (SQLPOINTER)(uintptr_t)(a[2] % 2), SQL_IS_UINTEGER);
        return;
    }
    say(arm, "SQLGetEnvAttr %d", (int)id);
    arm->code = CALL(arm, SQLGetEnvAttr)(arm->env, id, arm->scratch, SQL_IS_UINTEGER, SMALL(arm, 0));
}

void op_reconnect(struct arm *arm, const uint32_t *a)
{
    if (a[0] % 8)
        return; /* seldom */
    say(arm, "SQLDisconnect");
    arm->code = CALL(arm, SQLDisconnect)(arm->dbc);
    on_dbc(arm);
    log_number(arm, "disconnect", arm->code);
    if (!SQL_SUCCEEDED(arm->code))
        return;
    memset(arm->attached, 0, sizeof(arm->attached));
    memset(arm->descs, 0, sizeof(arm->descs));
    for (unsigned i = 0; i < N_SLOTS; i++)
        slot_reset(&arm->slots[i]);
    arm->code = connect_arm(arm);
    log_number(arm, "connect", arm->code);
    arm->is_connected = SQL_SUCCEEDED(arm->code);
    for (unsigned i = 0; i < N_SLOTS && arm->is_connected; i++)
        log_number(arm, "statement", CALL(arm, SQLAllocHandle)(SQL_HANDLE_STMT, arm->dbc,
                                                               &arm->slots[i].handle));
}

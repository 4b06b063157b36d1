/* SPDX-License-Identifier: MIT */
/* Making and freeing handles. The environment is ours alone: which driver is behind it is known only
 * when a connection is opened, so its version is kept and handed to each connection's layer. */
#include "driver/entry.h"
#include "driver/handle.h"

static SQLRETURN alloc_env(enum og_face face, SQLHANDLE *out)
{
    struct og_handle *env = og_handle_new(OG_HANDLE_ENV, NULL);

    *out = env;
    if (!env)
        return SQL_ERROR;
    og_env_init(env, face);
    return SQL_SUCCESS;
}

static SQLRETURN alloc_dbc(SQLHANDLE parent, SQLHANDLE *out)
{
    struct og_handle *env = og_handle_enter_as(parent, OG_HANDLE_ENV, "SQLAllocHandle");

    if (!env)
        return SQL_INVALID_HANDLE;
    *out = og_handle_new(OG_HANDLE_DBC, env);
    if (!*out)
        og_diag_add_state(&env->diag, "HY001", "[odbcguard] memory allocation error");
    return og_handle_leave(env, *out ? SQL_SUCCESS : SQL_ERROR);
}

/* A statement or descriptor: ours, round the layer's. */
static SQLRETURN alloc_child(SQLHANDLE parent, enum og_handle_type type, SQLHANDLE *out)
{
    struct og_handle *dbc = og_handle_enter_as(parent, OG_HANDLE_DBC, "SQLAllocHandle");
    struct og_handle *handle;
    SQLRETURN code;

    if (!dbc)
        return SQL_INVALID_HANDLE;
    if (!dbc->is_connected)
        return og_handle_leave(dbc, og_handle_missing(dbc, "SQLAllocHandle"));
    handle = og_handle_new(type, dbc);
    if (!handle) {
        og_diag_add_state(&dbc->diag, "HY001", "[odbcguard] memory allocation error");
        return og_handle_leave(dbc, SQL_ERROR);
    }
    handle->calls = dbc->calls;
    if (dbc->calls->SQLAllocHandle)
        code = dbc->calls->SQLAllocHandle(og_handle_odbc_type(handle), dbc->below, &handle->below);
    else if (type == OG_HANDLE_STMT && dbc->calls->SQLAllocStmt)
        code = dbc->calls->SQLAllocStmt(dbc->below, &handle->below);
    else
        code = og_handle_missing(dbc, "SQLAllocHandle");
    if (!SQL_SUCCEEDED(code)) {
        og_handle_free(handle);
        return og_handle_leave_below(dbc, code);
    }
    *out = handle;
    return og_handle_leave_below(dbc, code);
}

SQLRETURN og_entry_SQLAllocHandle(enum og_face face, SQLSMALLINT type, SQLHANDLE parent,
                                  SQLHANDLE *out)
{
    if (!out)
        return SQL_ERROR;
    *out = NULL;
    switch (og_handle_type_of(type)) {
    case OG_HANDLE_ENV:
        return alloc_env(face, out);
    case OG_HANDLE_DBC:
        return alloc_dbc(parent, out);
    case OG_HANDLE_STMT:
        return alloc_child(parent, OG_HANDLE_STMT, out);
    case OG_HANDLE_DESC:
        return alloc_child(parent, OG_HANDLE_DESC, out);
    case OG_HANDLE_NONE:
        break;
    }
    return SQL_ERROR;
}

SQLRETURN og_entry_SQLAllocEnv(enum og_face face, SQLHENV *out)
{
    SQLRETURN code;

    if (!out)
        return SQL_ERROR;
    code = alloc_env(face, out);
    if (SQL_SUCCEEDED(code)) /* who allocates this way is an ODBC 2 application */
        ((struct og_handle *)*out)->odbc_version = SQL_OV_ODBC2;
    return code;
}

SQLRETURN og_entry_SQLAllocConnect(SQLHENV env, SQLHDBC *out)
{
    if (!out)
        return SQL_ERROR;
    *out = NULL;
    return alloc_dbc(env, out);
}

SQLRETURN og_entry_SQLAllocStmt(SQLHDBC dbc, SQLHSTMT *out)
{
    if (!out)
        return SQL_ERROR;
    *out = NULL;
    return alloc_child(dbc, OG_HANDLE_STMT, out);
}

/* ---- freeing ---- */

static SQLRETURN free_top(SQLHANDLE handle, enum og_handle_type type)
{
    struct og_handle *h = og_handle_enter_as(handle, type, "SQLFreeHandle");

    if (!h)
        return SQL_INVALID_HANDLE;
    if (type == OG_HANDLE_ENV ? h->children != NULL : h->is_connected) {
        og_diag_add_state(&h->diag, "HY010", "[odbcguard] %s first",
                          type == OG_HANDLE_ENV ? "free the connections" : "disconnect");
        return og_handle_leave(h, SQL_ERROR);
    }
    (void)og_handle_leave(h, SQL_SUCCESS);
    og_handle_free(h);
    return SQL_SUCCESS;
}

/* An explicit descriptor that goes away gives its statements their implicit ones back. */
static void detach(struct og_handle *desc)
{
    struct og_handle *dbc = desc->parent;

    (void)pthread_mutex_lock(&dbc->child_lock);
    for (struct og_handle *child = dbc->children; child; child = child->next)
        for (size_t i = 0; i < OG_COUNT(child->explicit_descriptors); i++)
            if (child->explicit_descriptors[i] == desc)
                child->explicit_descriptors[i] = NULL;
    (void)pthread_mutex_unlock(&dbc->child_lock);
}

static SQLRETURN free_child(SQLHANDLE handle, enum og_handle_type type)
{
    struct og_handle *h = og_handle_enter_as(handle, type, "SQLFreeHandle");
    SQLRETURN code = SQL_SUCCESS;

    if (!h)
        return SQL_INVALID_HANDLE;
    if (h->owner) {
        og_diag_add_state(&h->diag, "HY017",
                          "[odbcguard] an implicitly allocated descriptor is not freed by itself");
        return og_handle_leave(h, SQL_ERROR);
    }
    if (h->calls && h->below) {
        code = h->calls->SQLFreeHandle
                   ? h->calls->SQLFreeHandle(og_handle_odbc_type(h), h->below)
                   : h->calls->SQLFreeStmt(h->below, SQL_DROP);
        if (!SQL_SUCCEEDED(code))
            return og_handle_leave_below(h, code);
    }
    if (type == OG_HANDLE_DESC)
        detach(h);
    (void)og_handle_leave(h, code);
    og_handle_free(h);
    return code;
}

SQLRETURN og_entry_SQLFreeHandle(SQLSMALLINT type, SQLHANDLE handle)
{
    switch (og_handle_type_of(type)) {
    case OG_HANDLE_ENV:
        return free_top(handle, OG_HANDLE_ENV);
    case OG_HANDLE_DBC:
        return free_top(handle, OG_HANDLE_DBC);
    case OG_HANDLE_STMT:
        return free_child(handle, OG_HANDLE_STMT);
    case OG_HANDLE_DESC:
        return free_child(handle, OG_HANDLE_DESC);
    case OG_HANDLE_NONE:
        break;
    }
    return SQL_ERROR;
}

SQLRETURN og_entry_SQLFreeEnv(SQLHENV env)
{
    return free_top(env, OG_HANDLE_ENV);
}

SQLRETURN og_entry_SQLFreeConnect(SQLHDBC dbc)
{
    return free_top(dbc, OG_HANDLE_DBC);
}

SQLRETURN og_entry_SQLFreeStmt(SQLHSTMT stmt, SQLUSMALLINT option)
{
    struct og_handle *h;

    if (option == SQL_DROP)
        return free_child(stmt, OG_HANDLE_STMT);
    h = og_handle_enter(stmt, OG_HANDLE_STMT);
    if (!h)
        return SQL_INVALID_HANDLE;
    return og_handle_leave_below(h, h->calls->SQLFreeStmt(h->below, option));
}

/* SPDX-License-Identifier: MIT */
#include "driver/handle.h"

#include <stdlib.h>
#include <string.h>

#define OG_HANDLE_TAG 0x6f67686eu

enum og_handle_type og_handle_type_of(SQLSMALLINT odbc_type)
{
    static const enum og_handle_type types[] = {
        [SQL_HANDLE_ENV] = OG_HANDLE_ENV,
        [SQL_HANDLE_DBC] = OG_HANDLE_DBC,
        [SQL_HANDLE_STMT] = OG_HANDLE_STMT,
        [SQL_HANDLE_DESC] = OG_HANDLE_DESC,
    };

    return odbc_type > 0 && (size_t)odbc_type < OG_COUNT(types) ? types[odbc_type] : OG_HANDLE_NONE;
}

SQLSMALLINT og_handle_odbc_type(const struct og_handle *handle)
{
    static const SQLSMALLINT types[] = {
        [OG_HANDLE_NONE] = 0,
        [OG_HANDLE_ENV] = SQL_HANDLE_ENV,
        [OG_HANDLE_DBC] = SQL_HANDLE_DBC,
        [OG_HANDLE_STMT] = SQL_HANDLE_STMT,
        [OG_HANDLE_DESC] = SQL_HANDLE_DESC,
    };

    return types[handle->type];
}

struct og_handle *og_handle_check(SQLHANDLE handle, enum og_handle_type type)
{
    struct og_handle *h = handle;

    if (!h || (uintptr_t)h % _Alignof(struct og_handle) || h->tag != OG_HANDLE_TAG)
        return NULL;
    return h->type == type ? h : NULL;
}

struct og_call_log *og_handle_log(const struct og_handle *handle)
{
    const struct og_handle *dbc = handle->type == OG_HANDLE_DBC ? handle : handle->parent;

    return dbc && dbc->conf ? dbc->conf->log : NULL;
}

static void note_begin(struct og_handle *handle, const char *function)
{
    struct og_call_log *log = og_handle_log(handle);

    /* Whether a connect is logged is known only within it. */
    handle->called = function;
    handle->started_ns = log || handle->type == OG_HANDLE_DBC ? og_call_log_now() : 0;
    if (log)
        og_call_log_begin(log, function, handle);
}

static void note_end(const struct og_handle *handle, SQLRETURN code)
{
    struct og_call_log *log = og_handle_log(handle);

    if (log)
        og_call_log_end(log, handle->called, handle, code, handle->started_ns);
}

struct og_handle *og_handle_enter_as(SQLHANDLE handle, enum og_handle_type type, const char *function)
{
    struct og_handle *h = og_handle_check(handle, type);

    if (!h)
        return NULL;
    (void)pthread_mutex_lock(&h->lock);
    og_diag_clear(&h->diag);
    h->shows_below = false;
    note_begin(h, function);
    return h;
}

SQLRETURN og_handle_leave(struct og_handle *handle, SQLRETURN code)
{
    handle->diag.return_code = code;
    note_end(handle, code);
    (void)pthread_mutex_unlock(&handle->lock);
    return code;
}

SQLRETURN og_handle_leave_below(struct og_handle *handle, SQLRETURN code)
{
    handle->shows_below = true;
    return og_handle_leave(handle, code);
}

SQLRETURN og_handle_missing(struct og_handle *handle, const char *function)
{
    if (!handle->calls)
        og_diag_add_state(&handle->diag, "08003", "[odbcguard] %s: the connection is not open",
                          function);
    else
        og_diag_add_state(&handle->diag, "IM001",
                          "[odbcguard] the real driver does not support %s", function);
    return SQL_ERROR;
}

struct og_handle *og_handle_new(enum og_handle_type type, struct og_handle *parent)
{
    struct og_handle *handle = calloc(1, sizeof(*handle));
    pthread_mutexattr_t attributes;

    if (!handle)
        return NULL;
    /* A driver manager may call back into diagnostics of the same handle on the same thread. */
    (void)pthread_mutexattr_init(&attributes);
    (void)pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    (void)pthread_mutex_init(&handle->lock, &attributes);
    (void)pthread_mutex_init(&handle->child_lock, &attributes);
    (void)pthread_mutexattr_destroy(&attributes);
    handle->type = type;
    handle->parent = parent;
    if (parent) {
        (void)pthread_mutex_lock(&parent->child_lock);
        handle->next = parent->children;
        parent->children = handle;
        (void)pthread_mutex_unlock(&parent->child_lock);
    }
    handle->tag = OG_HANDLE_TAG;
    return handle;
}

static void unlink_from_parent(struct og_handle *handle)
{
    struct og_handle *parent = handle->parent;

    if (!parent)
        return;
    (void)pthread_mutex_lock(&parent->child_lock);
    for (struct og_handle **at = &parent->children; *at; at = &(*at)->next)
        if (*at == handle) {
            *at = handle->next;
            break;
        }
    (void)pthread_mutex_unlock(&parent->child_lock);
}

void og_handle_drop_layer(struct og_handle *dbc)
{
    if (dbc->has_layer)
        dbc->layer.close(&dbc->layer);
    dbc->has_layer = false;
    dbc->is_connected = false;
    dbc->calls = NULL;
    dbc->below = NULL;
    dbc->shows_below = false;
    dbc->conf = og_conf_free(dbc->conf);
}

static void free_saved(struct og_handle *dbc)
{
    for (size_t i = 0; i < dbc->n_saved; i++)
        if (dbc->saved[i].is_text)
            free(dbc->saved[i].value);
    free(dbc->saved);
    if (dbc->browsed)
        explicit_bzero(dbc->browsed, strlen(dbc->browsed));
    free(dbc->browsed);
}

void og_handle_free(struct og_handle *handle)
{
    if (!handle)
        return;
    while (handle->children)
        og_handle_free(handle->children);
    unlink_from_parent(handle);
    for (size_t i = 0; i < OG_COUNT(handle->implicit); i++)
        og_handle_free(handle->implicit[i]);
    if (handle->type == OG_HANDLE_DBC) {
        og_handle_drop_layer(handle);
        free_saved(handle);
    }
    og_diag_release(&handle->diag);
    handle->tag = 0;
    (void)pthread_mutex_destroy(&handle->lock);
    (void)pthread_mutex_destroy(&handle->child_lock);
    free(handle);
}

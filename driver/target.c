/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "driver/target.h"

#include <dlfcn.h>
#include <odbcinst.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/conf.h"

/* One loaded driver; kept for good. */
struct library {
    struct library *next;
    char *path;
    void *handle;
    struct og_calls calls;
};

static pthread_mutex_t libraries_lock = PTHREAD_MUTEX_INITIALIZER;
static struct library *libraries;

/* A function of the library itself: dlsym also looks into what it depends on, and a function found
 * there (in the driver manager, in us) would be a loop. */
static void *own_symbol(void *handle, const char *name, const void *base)
{
    void *symbol = dlsym(handle, name);
    Dl_info info;

    if (!symbol || !dladdr(symbol, &info) || (base && info.dli_fbase != base))
        return NULL;
    return symbol;
}

static const void *base_of(void *handle)
{
    static const char *const always[] = {"SQLDriverConnect", "SQLConnect", "SQLFetch"};
    Dl_info info;

    for (size_t i = 0; i < OG_COUNT(always); i++) {
        void *symbol = dlsym(handle, always[i]);

        if (symbol && dladdr(symbol, &info))
            return info.dli_fbase;
    }
    return NULL;
}

static void fill_calls(struct library *library)
{
    const void *base = base_of(library->handle);

#define ROW(name, ...)                                                 \
    do {                                                               \
        void *symbol = own_symbol(library->handle, #name, base);       \
        memcpy(&library->calls.name, &symbol, sizeof(symbol));         \
    } while (0);
#include "driver/entry.tbl.h"
#undef ROW
}

/* A bare file name is looked for where the driver manager does first: in odbc/ beside its libraries. */
static void *open_by_name(const char *name)
{
    __typeof__(SQLGetPrivateProfileString) *function = SQLGetPrivateProfileString;
    char path[4096];
    const char *slash;
    Dl_info info;
    void *address;
    int n;

    memcpy(&address, &function, sizeof(address));
    if (!dladdr(address, &info) || !info.dli_fname || !(slash = strrchr(info.dli_fname, '/')))
        return NULL;
    n = snprintf(path, sizeof(path), "%.*s/odbc/%s", (int)(slash - info.dli_fname),
                 info.dli_fname, name);
    return n > 0 && (size_t)n < sizeof(path) ? dlopen(path, RTLD_LAZY | RTLD_LOCAL) : NULL;
}

static struct library *open_library(const char *path, struct og_diag *diag)
{
    struct library *library = calloc(1, sizeof(*library));
    const char *why;

    if (!library)
        return NULL;
    library->path = strdup(path);
    /* As the driver manager loads it: local, so that its own names bind as in a direct run. */
    library->handle = strchr(path, '/') ? NULL : open_by_name(path);
    if (!library->handle)
        library->handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (!library->path || !library->handle) {
        why = dlerror();
        og_diag_add(diag, OG_ERR_CONFIG, true, "[target] the real driver cannot be loaded: %s",
                    why ? why : "no memory");
        free(library->path);
        free(library);
        return NULL;
    }
    fill_calls(library);
    return library;
}

static struct library *get_library(const char *path, struct og_diag *diag)
{
    struct library *library;

    (void)pthread_mutex_lock(&libraries_lock);
    for (library = libraries; library; library = library->next)
        if (strcmp(library->path, path) == 0)
            break;
    if (!library) {
        library = open_library(path, diag);
        if (library) {
            library->next = libraries;
            libraries = library;
        }
    }
    (void)pthread_mutex_unlock(&libraries_lock);
    return library;
}

void *og_target_library(const struct og_layer *layer)
{
    const struct library *library = layer->context;

    return library->handle;
}

static void free_handle(const struct og_calls *calls, SQLSMALLINT type, SQLHANDLE handle)
{
    if (!handle)
        return;
    if (calls->SQLFreeHandle)
        (void)calls->SQLFreeHandle(type, handle);
    else if (type == SQL_HANDLE_ENV && calls->SQLFreeEnv)
        (void)calls->SQLFreeEnv(handle);
    else if (type == SQL_HANDLE_DBC && calls->SQLFreeConnect)
        (void)calls->SQLFreeConnect(handle);
}

static void close_layer(struct og_layer *layer)
{
    free_handle(layer->calls, SQL_HANDLE_DBC, layer->dbc);
    free_handle(layer->calls, SQL_HANDLE_ENV, layer->env);
    layer->dbc = NULL;
    layer->env = NULL;
}

static SQLRETURN alloc(const struct og_calls *calls, SQLINTEGER odbc_version, struct og_layer *out)
{
    SQLRETURN code = SQL_ERROR;

    if (calls->SQLAllocHandle)
        code = calls->SQLAllocHandle(SQL_HANDLE_ENV, NULL, &out->env);
    else if (calls->SQLAllocEnv)
        code = calls->SQLAllocEnv(&out->env);
    if (!SQL_SUCCEEDED(code))
        return SQL_ERROR;
    if (calls->SQLSetEnvAttr)
        (void)calls->SQLSetEnvAttr(out->env, SQL_ATTR_ODBC_VERSION,
                                   (SQLPOINTER)(intptr_t)odbc_version, 0);
    if (calls->SQLAllocHandle)
        code = calls->SQLAllocHandle(SQL_HANDLE_DBC, out->env, &out->dbc);
    else
        code = calls->SQLAllocConnect(out->env, &out->dbc);
    return SQL_SUCCEEDED(code) ? SQL_SUCCESS : SQL_ERROR;
}

SQLRETURN og_target_open(const struct og_conf *conf, SQLINTEGER odbc_version, struct og_diag *diag,
                         struct og_layer *out)
{
    struct library *library = get_library(conf->driver_path, diag);

    memset(out, 0, sizeof(*out));
    if (!library) {
        if (!diag->n_records)
            og_diag_add_state(diag, "HY001", "[odbcguard] memory allocation error");
        return SQL_ERROR;
    }
    out->calls = &library->calls;
    out->close = close_layer;
    out->context = library;
    if (alloc(out->calls, odbc_version, out) == SQL_SUCCESS)
        return SQL_SUCCESS;
    close_layer(out);
    og_diag_add(diag, OG_ERR_CONFIG, true,
                "[target] the real driver gave no environment or connection handle");
    return SQL_ERROR;
}

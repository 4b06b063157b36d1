/* SPDX-License-Identifier: MIT */
#include "driver/sqlite_target.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#define MAX_LIBRARIES 16

struct sqlite3_api_routines;

static _Thread_local bool is_armed;
static _Thread_local unsigned n_opened;
static _Thread_local sqlite3 *opened;

/* Copies of SQLite that call us; several drivers may bring several. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *registered[MAX_LIBRARIES];
static size_t n_registered;

static void *lookup(void *context, const char *name)
{
    return dlsym(context, name);
}

int og_sqlite_target_load(void *library, struct og_sqlite_api *api)
{
    return og_sqlite_api_load(api, lookup, library);
}

/* SQLite calls it for every database that is opened in the process, the application's own too:
 * only those of an armed thread count. */
static int on_open(sqlite3 *db, const char **error, const struct sqlite3_api_routines *routines)
{
    (void)error;
    (void)routines;
    if (is_armed) {
        opened = db;
        n_opened++;
    }
    return SQLITE_OK;
}

static int register_once(struct og_sqlite_api *api)
{
    void (*entry)(void);
    int (*function)(sqlite3 *, const char **, const struct sqlite3_api_routines *) = on_open;
    void *key;
    int rc = 0;

    memcpy(&key, &api->sqlite3_auto_extension, sizeof(key));
    memcpy(&entry, &function, sizeof(entry));
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n_registered; i++)
        if (registered[i] == key)
            goto out;
    if (n_registered == MAX_LIBRARIES || api->sqlite3_auto_extension(entry) != SQLITE_OK)
        rc = -ENOMEM;
    else
        registered[n_registered++] = key;
out:
    (void)pthread_mutex_unlock(&lock);
    return rc;
}

int og_sqlite_capture_begin(void *library)
{
    struct og_sqlite_api api;
    int rc = og_sqlite_target_load(library, &api);

    is_armed = false;
    n_opened = 0;
    opened = NULL;
    if (rc == 0)
        rc = register_once(&api);
    is_armed = rc == 0;
    return rc;
}

sqlite3 *og_sqlite_capture_end(void)
{
    sqlite3 *db = is_armed && n_opened == 1 ? opened : NULL;

    is_armed = false;
    n_opened = 0;
    opened = NULL;
    return db;
}

int og_sqlite_target_check(const struct og_sqlite_api *api, struct og_buf *why)
{
    static pthread_mutex_t check_lock = PTHREAD_MUTEX_INITIALIZER;
    static uintptr_t good;
    uintptr_t engine = (uintptr_t)api->sqlite3_prepare_v2;
    int r = 0;

    (void)pthread_mutex_lock(&check_lock);
    if (good != engine) {
        r = og_sqlite_self_check(api, why);
        good = r == 0 ? engine : 0;
    }
    (void)pthread_mutex_unlock(&check_lock);
    return r;
}

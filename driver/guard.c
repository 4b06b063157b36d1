/* SPDX-License-Identifier: MIT */
/* The guard layer's objects and its call table: what guard_*.c install stands over the plain forwards
 * made here from entry.tbl.h; what neither knows is closed. */
#include "driver/guard.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- forwards ---- */

/* The layer below was called on this handle: its records follow ours. */
static SQLRETURN passed(struct og_guard_object *object, SQLRETURN code)
{
    if (object->kind == OG_GUARD_STMT)
        return og_guard_below((struct og_guard_stmt *)object, code);
    if (object->kind == OG_GUARD_DBC)
        return og_guard_below_dbc((struct og_guard_dbc *)object, code);
    object->shows_below = true;
    return code;
}

static SQLRETURN denied(struct og_guard_object *object, const char *function)
{
    og_guard_enter(object);
    og_diag_add_state(&object->diag, "HYC00", "[odbcguard] %s is closed in this version", function);
    return SQL_ERROR;
}

#define OG_PASS(name, first, params, args)                                  \
    static SQLRETURN SQL_API pass_##name params                             \
    {                                                                       \
        struct og_guard_object *object = first;                             \
        SQLHANDLE below = object->below;                                    \
                                                                            \
        og_guard_enter(object);                                             \
        return passed(object, object->calls->name args);                    \
    }
#define OG_DENY(name, first, params, args)                                  \
    static SQLRETURN SQL_API pass_##name params                             \
    {                                                                       \
        return denied(first, #name);                                        \
    }

/* Handles of several kinds or none: guard_*.c or nobody. */
#define OG_FORWARD_NONE(GUARD, name, first, params, args)
#define OG_FORWARD_ENV(GUARD, name, first, params, args)
#define OG_FORWARD_DBC(GUARD, name, first, params, args) OG_##GUARD(name, first, params, args)
#define OG_FORWARD_STMT(GUARD, name, first, params, args) OG_##GUARD(name, first, params, args)
#define OG_FORWARD_DESC(GUARD, name, first, params, args) OG_##GUARD(name, first, params, args)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define ROW(name, HANDLE, FACES, BODY, GUARD, first, params, args) \
    OG_FORWARD_##HANDLE(GUARD, name, first, params, args)
#include "driver/entry.tbl.h"
#undef ROW
#pragma GCC diagnostic pop

/* ---- statements and descriptors ---- */

bool og_guard_pause(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return true;
}

void og_guard_stmt_release(struct og_guard_stmt *stmt)
{
    og_guard_text_release(&stmt->text);
    og_arena_release(&stmt->facts_arena);
    og_verdict_forget(stmt);
    og_arena_release(&stmt->verdict_arena);
    og_opaque_forget(stmt, 0);
    og_params_release(&stmt->params);
    og_rehearsal_release(&stmt->rehearsal);
    og_undo_release(stmt);
    og_amend_release(&stmt->amend);
    og_get_release(stmt);
    og_block_release(stmt);
    for (size_t i = 0; i < OG_COUNT(stmt->descriptors); i++)
        og_diag_release(&stmt->descriptors[i].object.diag);
    og_diag_release(&stmt->object.diag);
}

static void release_stmt(struct og_guard_stmt *stmt)
{
    for (struct og_guard_stmt **at = &stmt->dbc->statements; *at; at = &(*at)->next)
        if (*at == stmt) {
            *at = stmt->next;
            break;
        }
    og_positioned_drop(stmt);
    og_guard_stmt_release(stmt);
    free(stmt);
}

/* psqlODBC: STMT_TRUNCATED (statement.h); SQLite ODBC: -1 for every warning of its own. */
static SQLINTEGER native_of_cut(enum og_dialect dialect)
{
    if (dialect == OG_DIALECT_POSTGRESQL)
        return -2;
    return dialect == OG_DIALECT_SQLITE ? -1 : 0;
}

void og_guard_stmt_init(struct og_guard_stmt *stmt, struct og_guard_dbc *dbc, SQLHSTMT below)
{
    *stmt = (struct og_guard_stmt){.dbc = dbc};
    stmt->object = (struct og_guard_object){
        .kind = OG_GUARD_STMT, .below = below, .calls = dbc->object.calls};
    og_arena_init(&stmt->facts_arena, OG_MAX_FACTS_BYTES);
    og_arena_init(&stmt->verdict_arena, OG_MAX_FACTS_BYTES);
    og_buf_init(&stmt->rows.text, OG_MAX_MASKED_VALUE_BYTES);
    og_buf_init(&stmt->rows.masked, OG_MAX_MASKED_VALUE_BYTES);
    og_facts_init(&stmt->facts, &stmt->facts_arena, dbc->dialect);
    og_params_reset(&stmt->params);
    stmt->object.diag.native_of_cut = native_of_cut(dbc->dialect);
    og_rehearsal_init(&stmt->rehearsal);
    og_amend_init(&stmt->amend);
}

static struct og_guard_stmt *new_stmt(struct og_guard_dbc *dbc, SQLHSTMT below)
{
    struct og_guard_stmt *stmt = malloc(sizeof(*stmt));

    if (!stmt)
        return NULL;
    og_guard_stmt_init(stmt, dbc, below);
    stmt->next = dbc->statements;
    dbc->statements = stmt;
    /* How many rows each fetch brought is counted for the record, so the guard owns the counter and
     * copies it to the application's. */
    if (dbc->object.calls->SQLSetStmtAttr)
        (void)dbc->object.calls->SQLSetStmtAttr(below, SQL_ATTR_ROWS_FETCHED_PTR,
                                                &stmt->n_below_fetched, SQL_IS_POINTER);
    return stmt;
}

static SQLRETURN alloc_stmt(struct og_guard_dbc *dbc, SQLHANDLE *out)
{
    struct og_guard_stmt *stmt;
    SQLHSTMT below = NULL;
    SQLRETURN code;

    (void)pthread_mutex_lock(&dbc->lock);
    code = dbc->object.calls->SQLAllocHandle(SQL_HANDLE_STMT, dbc->object.below, &below);
    stmt = SQL_SUCCEEDED(code) ? new_stmt(dbc, below) : NULL;
    (void)pthread_mutex_unlock(&dbc->lock);
    if (!SQL_SUCCEEDED(code))
        return og_guard_below_dbc(dbc, code);
    if (!stmt) {
        (void)dbc->object.calls->SQLFreeHandle(SQL_HANDLE_STMT, below);
        og_diag_add_state(&dbc->object.diag, "HY001", "[odbcguard] memory allocation error");
        return SQL_ERROR;
    }
    *out = stmt;
    return og_guard_below_dbc(dbc, code);
}

static SQLRETURN alloc_desc(struct og_guard_dbc *dbc, SQLHANDLE *out)
{
    struct og_guard_desc *desc;
    SQLHDESC below = NULL;
    SQLRETURN code =
        dbc->object.calls->SQLAllocHandle(SQL_HANDLE_DESC, dbc->object.below, &below);

    if (!SQL_SUCCEEDED(code))
        return og_guard_below_dbc(dbc, code);
    desc = calloc(1, sizeof(*desc));
    if (!desc) {
        (void)dbc->object.calls->SQLFreeHandle(SQL_HANDLE_DESC, below);
        return SQL_ERROR;
    }
    desc->object = (struct og_guard_object){
        .kind = OG_GUARD_DESC, .below = below, .calls = dbc->object.calls};
    desc->dbc = dbc;
    *out = desc;
    return og_guard_below_dbc(dbc, code);
}

static SQLRETURN SQL_API guard_SQLAllocHandle(SQLSMALLINT type, SQLHANDLE parent, SQLHANDLE *out)
{
    struct og_guard_dbc *dbc = parent;

    og_guard_enter(&dbc->object);
    if (type == SQL_HANDLE_STMT)
        return alloc_stmt(dbc, out);
    if (type == SQL_HANDLE_DESC)
        return alloc_desc(dbc, out);
    return SQL_ERROR;
}

static SQLRETURN free_stmt(struct og_guard_stmt *stmt)
{
    struct og_guard_dbc *dbc = stmt->dbc;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    og_rows_close(stmt);
    og_gate_settle(stmt);
    og_gate_finish(stmt, SQL_SUCCESS);
    og_block_drop_descriptor(stmt);
    (void)pthread_mutex_lock(&dbc->lock);
    code = stmt->object.calls->SQLFreeHandle(SQL_HANDLE_STMT, stmt->object.below);
    if (SQL_SUCCEEDED(code))
        release_stmt(stmt);
    (void)pthread_mutex_unlock(&dbc->lock);
    return SQL_SUCCEEDED(code) ? code : og_guard_below(stmt, code);
}

static SQLRETURN SQL_API guard_SQLFreeHandle(SQLSMALLINT type, SQLHANDLE handle)
{
    if (type == SQL_HANDLE_STMT)
        return free_stmt(handle);
    return type == SQL_HANDLE_DESC ? og_desc_free(handle) : SQL_ERROR;
}

/* ---- the table ---- */

/* Ours where the target has the function, nothing where it has not, so that what an application can
 * find out about the driver stays true. */
static void fill_calls(struct og_calls *calls, const struct og_calls *target)
{
#define OG_SET_NONE(name)
#define OG_SET_ENV(name)
#define OG_SET_DBC(name) calls->name = pass_##name;
#define OG_SET_STMT(name) calls->name = pass_##name;
#define OG_SET_DESC(name) calls->name = pass_##name;
#define ROW(name, HANDLE, FACES, BODY, GUARD, first, params, args) OG_SET_##HANDLE(name)
#include "driver/entry.tbl.h"
#undef ROW
    calls->SQLAllocHandle = guard_SQLAllocHandle;
    calls->SQLFreeHandle = guard_SQLFreeHandle;
    og_guard_install_bind(calls);
    og_guard_install_run(calls);
    og_guard_install_param(calls);
    og_guard_install_fetch(calls);
    og_guard_install_getdata(calls);
    og_guard_install_setpos(calls);
    og_guard_install_undo(calls);
    og_guard_install_meta(calls);
    og_guard_install_attr(calls);
    og_guard_install_desc(calls);
    og_guard_install_diag(calls);
    og_guard_install_connect(calls);
    og_guard_install_lists(calls);
#define ROW(name, ...)   \
    if (!target->name)   \
        calls->name = NULL;
#include "driver/entry.tbl.h"
#undef ROW
}

static void close_layer(struct og_layer *layer)
{
    struct og_guard_dbc *dbc = layer->context;

    while (dbc->statements)
        release_stmt(dbc->statements);
    dbc->analyser = og_sqlite_analyser_free(dbc->analyser);
    og_guard_session_release(dbc);
    dbc->catalog = og_pg_catalog_free(dbc->catalog);
    dbc->client = og_client_close(dbc->client);
    if (dbc->target.close)
        dbc->target.close(&dbc->target);
    og_diag_release(&dbc->object.diag);
    og_diag_release(&dbc->env->object.diag);
    (void)pthread_mutex_destroy(&dbc->lock);
    (void)pthread_rwlock_destroy(&dbc->turn);
    og_issued_release(&dbc->issued);
    og_opaque_release(&dbc->opaque);
    explicit_bzero(dbc->mask_key, sizeof(dbc->mask_key));
    free(dbc->search_path_setting);
    free(dbc->database);
    free(dbc->env);
    free(dbc);
    layer->context = NULL;
}

static bool wants_broker(const struct og_layer *layer)
{
    const struct og_guard_dbc *dbc = layer->context;

    return dbc->wants_broker;
}

static void init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;

    (void)pthread_mutexattr_init(&attributes);
    (void)pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    (void)pthread_mutex_init(lock, &attributes);
    (void)pthread_mutexattr_destroy(&attributes);
}

SQLRETURN og_guard_open(const struct og_conf *conf, SQLINTEGER odbc_version, struct og_diag *diag,
                        struct og_layer *out)
{
    struct og_guard_env *env = calloc(1, sizeof(*env));
    struct og_guard_dbc *dbc = calloc(1, sizeof(*dbc));

    memset(out, 0, sizeof(*out));
    if (!env || !dbc) {
        free(env);
        free(dbc);
        og_diag_add_state(diag, "HY001", "[odbcguard] memory allocation error");
        return SQL_ERROR;
    }
    if (og_target_open(conf, odbc_version, diag, &dbc->target) != SQL_SUCCESS) {
        free(env);
        free(dbc);
        return SQL_ERROR;
    }
    env->object = (struct og_guard_object){
        .kind = OG_GUARD_ENV, .below = dbc->target.env, .calls = dbc->target.calls};
    dbc->object = (struct og_guard_object){
        .kind = OG_GUARD_DBC, .below = dbc->target.dbc, .calls = dbc->target.calls};
    dbc->env = env;
    dbc->conf = conf;
    dbc->is_autocommit = true;
    /* Without randomness there is no key, and no session. */
    if (getentropy(dbc->mask_key, sizeof(dbc->mask_key)) < 0) {
        if (dbc->target.close)
            dbc->target.close(&dbc->target);
        free(env);
        free(dbc);
        og_diag_add_state(diag, "HY000", "[odbcguard] the system gives no random numbers");
        return SQL_ERROR;
    }
    init_lock(&dbc->lock);
    og_issued_init(&dbc->issued);
    og_opaque_init(&dbc->opaque);
    (void)pthread_rwlock_init(&dbc->turn, NULL);
    fill_calls(&dbc->calls, dbc->target.calls);
    *out = (struct og_layer){
        .calls = &dbc->calls, .env = env, .dbc = dbc, .close = close_layer, .context = dbc,
        .wants_broker = wants_broker};
    return SQL_SUCCESS;
}

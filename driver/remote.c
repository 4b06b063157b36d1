/* SPDX-License-Identifier: MIT */
/* The remote as a layer: opened through guardfs, one call at a time, closed with its worker. */
#define _GNU_SOURCE 1
#include "driver/remote_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver/remote_open.h"

#define HELLO_MS 30000 /* a command may fetch the credential first */
#define CLOSE_MS 5000
#define CANCEL_MS 5000

/* ---- one call ---- */

struct og_buf *og_remote_begin(struct og_remote_object *object)
{
    struct og_remote *remote = object->remote;

    (void)pthread_mutex_lock(&remote->lock);
    og_diag_clear(&object->diag);
    og_buf_clear(&remote->ask);
    return &remote->ask;
}

SQLRETURN og_remote_refuse(struct og_remote_object *object, const char *state, const char *why)
{
    og_diag_clear(&object->diag);
    og_diag_add_state(&object->diag, state, "[odbcguard] %s", why);
    object->remote->reader = (struct og_link_reader){.is_bad = true};
    return SQL_ERROR;
}

/* A link that failed once is out of step for good. */
SQLRETURN og_remote_lose(struct og_remote_object *object)
{
    struct og_remote *remote = object->remote;

    if (!remote->is_lost && remote->owner_pid == getpid()) {
        (void)shutdown(remote->fd, SHUT_RDWR);
        (void)shutdown(remote->cancel_fd, SHUT_RDWR);
    }
    remote->is_lost = true;
    return og_remote_refuse(object, "08S01",
                            "the worker of this connection is gone or broke off: what was not "
                            "committed is rolled back; disconnect and connect again");
}

static bool is_odbc(int32_t code)
{
    return code == SQL_SUCCESS || code == SQL_SUCCESS_WITH_INFO || code == SQL_ERROR ||
           code == SQL_NO_DATA || code == SQL_NEED_DATA || code == SQL_STILL_EXECUTING ||
           code == SQL_INVALID_HANDLE || code == SQL_PARAM_DATA_AVAILABLE;
}

SQLRETURN og_remote_call(struct og_remote_object *object, int call)
{
    struct og_remote *remote = object->remote;
    struct og_link_head head = {
        .handle = object->handle, .what = call, .sequence = ++remote->sequence};

    remote->reader = (struct og_link_reader){.is_bad = true};
    if (remote->owner_pid != getpid())
        return og_remote_refuse(object, "08S01",
                                "the connection belongs to the process that opened it: a child "
                                "connects by itself");
    if (og_buf_is_failed(&remote->ask))
        return og_remote_refuse(object, "HY001", "the call's values are too large for one message");
    if (remote->is_lost || og_link_send(remote->fd, &head, &remote->ask, -1) != 0 ||
        og_link_receive(remote->fd, &head, &remote->answer, -1) != 0 ||
        head.sequence != remote->sequence)
        return og_remote_lose(object);
    if (head.what == OG_LINK_REFUSED)
        return og_remote_refuse(object, "HYC00",
                                "the broker placement does not carry this call with these values");
    if (!is_odbc(head.what))
        return og_remote_lose(object);
    remote->reader = (struct og_link_reader){(const uint8_t *)og_buf_str(&remote->answer),
                                             remote->answer.n_bytes, false};
    return (SQLRETURN)head.what;
}

SQLRETURN og_remote_end(struct og_remote_object *object, SQLRETURN code)
{
    struct og_remote *remote = object->remote;

    if (!object->diag.n_records && remote->reader.is_bad)
        code = og_remote_lose(object);
    (void)pthread_mutex_unlock(&remote->lock);
    return code;
}

SQLRETURN og_remote_simple(struct og_remote_object *object, int call, const int64_t *numbers, size_t n)
{
    struct og_buf *ask = og_remote_begin(object);

    for (size_t i = 0; i < n; i++)
        og_link_put(ask, numbers[i]);
    return og_remote_end(object, og_remote_call(object, call));
}

/* ---- reading replies ---- */

void og_remote_take(struct og_remote *remote, void *out, size_t width)
{
    int64_t number = og_link_get(&remote->reader), unwritten = OG_LINK_UNWRITTEN;

    if (out && !remote->reader.is_bad && memcmp(&number, &unwritten, width) != 0)
        memcpy(out, &number, width);
}

void og_remote_take_bytes(struct og_remote *remote, void *out, size_t max_bytes)
{
    size_t n;
    const uint8_t *bytes = og_link_get_bytes(&remote->reader, &n);

    if (!out || !bytes)
        return;
    if (n > max_bytes)
        remote->reader.is_bad = true;
    else
        memcpy(out, bytes, n);
}

/* ---- handles ---- */

static struct og_remote_object *new_object(struct og_remote *remote, SQLSMALLINT type)
{
    struct og_remote_object *object = calloc(1, sizeof(*object));

    if (object) {
        object->remote = remote;
        object->type = type;
        object->rows.n_rows = object->sets.n_rows = object->n_rowset = 1;
    }
    return object;
}

static void free_object(struct og_remote_object *object)
{
    if (!object)
        return;
    for (size_t i = 0; i < OG_COUNT(object->descriptors); i++)
        free_object(object->descriptors[i]);
    og_remote_bindings_release(&object->columns);
    og_remote_bindings_release(&object->parameters);
    og_diag_release(&object->diag);
    free(object);
}

static SQLRETURN SQL_API remote_SQLAllocHandle(SQLSMALLINT type, SQLHANDLE parent, SQLHANDLE *out)
{
    struct og_remote_object *dbc = parent, *stmt;
    struct og_remote *remote = dbc->remote;
    SQLRETURN code;

    og_link_put(og_remote_begin(dbc), type);
    if (type != SQL_HANDLE_STMT)
        return og_remote_end(dbc, og_remote_refuse(dbc, "HYC00",
                                                   "the broker placement has no descriptors of their "
                                                   "own: use those of the statement"));
    stmt = new_object(remote, type);
    if (!stmt)
        return og_remote_end(dbc, og_remote_refuse(dbc, "HY001", "memory allocation error"));
    code = og_remote_call(dbc, OG_LINK_OWN_alloc);
    stmt->handle = (uint32_t)og_link_get(&remote->reader);
    if (SQL_SUCCEEDED(code) && !remote->reader.is_bad) {
        stmt->next = remote->statements;
        remote->statements = stmt;
        *out = stmt;
    } else {
        free_object(stmt);
    }
    return og_remote_end(dbc, code);
}

static void forget(struct og_remote_object *stmt)
{
    for (struct og_remote_object **at = &stmt->remote->statements; *at; at = &(*at)->next)
        if (*at == stmt) {
            *at = stmt->next;
            break;
        }
    free_object(stmt);
}

static SQLRETURN SQL_API remote_SQLFreeHandle(SQLSMALLINT type, SQLHANDLE handle)
{
    struct og_remote_object *stmt = handle;
    struct og_remote *remote = stmt->remote;
    SQLRETURN code;

    if (type != SQL_HANDLE_STMT)
        return SQL_ERROR; /* the connection's goes with the layer */
    (void)og_remote_begin(stmt);
    code = og_remote_call(stmt, OG_LINK_OWN_free);
    if (!SQL_SUCCEEDED(code) && !remote->is_lost && remote->owner_pid == getpid())
        return og_remote_end(stmt, code);
    forget(stmt); /* nothing is left over there */
    (void)pthread_mutex_unlock(&remote->lock);
    return SQL_SUCCESS;
}

static SQLRETURN SQL_API remote_SQLAllocStmt(SQLHDBC dbc, SQLHSTMT *out)
{
    return remote_SQLAllocHandle(SQL_HANDLE_STMT, dbc, out);
}

static SQLRETURN SQL_API remote_SQLFreeStmt(SQLHSTMT handle, SQLUSMALLINT option)
{
    struct og_remote_object *stmt = handle;
    SQLRETURN code;

    if (option == SQL_DROP)
        return remote_SQLFreeHandle(SQL_HANDLE_STMT, handle);
    code = og_remote_simple(stmt, OG_LINK_OWN_free_stmt, (const int64_t[]){option}, 1);
    if (SQL_SUCCEEDED(code) && option == SQL_UNBIND)
        og_remote_bindings_release(&stmt->columns);
    if (SQL_SUCCEEDED(code) && option == SQL_RESET_PARAMS)
        og_remote_bindings_release(&stmt->parameters);
    return code;
}

/* ---- the connection ---- */

/* What opens the target is guardfs' own: nothing of the string goes over, and none comes back. */
static SQLRETURN connect_worker(SQLHDBC handle, bool is_wide)
{
    return og_remote_simple(handle, OG_LINK_OWN_connect, (const int64_t[]){is_wide}, 1);
}

static SQLRETURN SQL_API remote_SQLDriverConnect(SQLHDBC handle, SQLHWND window, SQLCHAR *in,
                                                 SQLSMALLINT n_in, SQLCHAR *out, SQLSMALLINT max_out,
                                                 SQLSMALLINT *n_out, SQLUSMALLINT completion)
{
    (void)window, (void)in, (void)n_in, (void)out, (void)max_out, (void)n_out, (void)completion;
    return connect_worker(handle, false);
}

static SQLRETURN SQL_API remote_SQLDriverConnectW(SQLHDBC handle, SQLHWND window, SQLWCHAR *in,
                                                  SQLSMALLINT n_in, SQLWCHAR *out,
                                                  SQLSMALLINT max_out, SQLSMALLINT *n_out,
                                                  SQLUSMALLINT completion)
{
    (void)window, (void)in, (void)n_in, (void)out, (void)max_out, (void)n_out, (void)completion;
    return connect_worker(handle, true);
}

static SQLRETURN SQL_API remote_SQLDisconnect(SQLHDBC handle)
{
    struct og_remote_object *dbc = handle;
    SQLRETURN code = og_remote_simple(dbc, OG_LINK_OWN_disconnect, NULL, 0);

    return dbc->remote->is_lost ? SQL_SUCCESS : code; /* a dead worker's connection is closed */
}

static SQLRETURN SQL_API remote_SQLEndTran(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT how)
{
    return type == SQL_HANDLE_DBC
               ? og_remote_simple(handle, OG_LINK_OWN_end, (const int64_t[]){how}, 1)
               : SQL_ERROR;
}

static SQLRETURN SQL_API remote_SQLTransact(SQLHENV env, SQLHDBC handle, SQLUSMALLINT how)
{
    (void)env;
    return remote_SQLEndTran(SQL_HANDLE_DBC, handle, (SQLSMALLINT)how);
}

static SQLRETURN SQL_API remote_SQLGetFunctions(SQLHDBC handle, SQLUSMALLINT function,
                                                SQLUSMALLINT *supported)
{
    struct og_remote_object *dbc = handle;
    size_t n = function == SQL_API_ODBC3_ALL_FUNCTIONS ? SQL_API_ODBC3_ALL_FUNCTIONS_SIZE
               : function == SQL_API_ALL_FUNCTIONS     ? 100
                                                       : 1;
    SQLRETURN code;

    og_link_put(og_remote_begin(dbc), function);
    code = og_remote_call(dbc, OG_LINK_OWN_functions);
    og_remote_take_bytes(dbc->remote, supported, n * sizeof(*supported));
    return og_remote_end(dbc, code);
}

/* From any thread, beside the call that it is for. */
static SQLRETURN SQL_API remote_SQLCancel(SQLHSTMT handle)
{
    struct og_remote_object *stmt = handle;
    struct og_remote *remote = stmt->remote;
    struct og_link_head head = {.handle = stmt->handle, .what = OG_LINK_OWN_cancel};
    struct og_buf nothing;
    SQLRETURN code = SQL_ERROR;

    og_buf_init(&nothing, 1);
    (void)pthread_mutex_lock(&remote->cancel_lock);
    head.sequence = ++remote->cancel_sequence;
    if (remote->owner_pid == getpid() &&
        og_link_send(remote->cancel_fd, &head, NULL, CANCEL_MS) == 0 &&
        og_link_receive(remote->cancel_fd, &head, &nothing, CANCEL_MS) == 0 &&
        head.sequence == remote->cancel_sequence && is_odbc(head.what))
        code = (SQLRETURN)head.what;
    (void)pthread_mutex_unlock(&remote->cancel_lock);
    og_buf_release(&nothing);
    return code;
}

/* ---- records: ours alone where there are any, else the worker's ---- */

static bool is_own(const struct og_remote_object *object)
{
    return object->diag.n_records || object->remote->is_lost;
}

#define DIAG_REC(name, character, wide)                                                          \
    static SQLRETURN SQL_API remote_##name(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT number, \
                                           character *state, SQLINTEGER *native, character *text, \
                                           SQLSMALLINT max, SQLSMALLINT *n)                      \
    {                                                                                            \
        struct og_remote_object *object = handle;                                                \
                                                                                                 \
        if (!is_own(object))                                                                     \
            return og_far_##name(type, handle, number, state, native, text, max, n);             \
        if (number > 0 && (size_t)number > object->diag.n_records)                               \
            return SQL_NO_DATA;                                                                  \
        return og_diag_get_rec(&object->diag, wide, number, state, native, text, max, n);        \
    }
DIAG_REC(SQLGetDiagRec, SQLCHAR, false)
DIAG_REC(SQLGetDiagRecW, SQLWCHAR, true)

static SQLRETURN own_field(const struct og_remote_object *object, bool is_wide, SQLSMALLINT number,
                           SQLSMALLINT field, SQLPOINTER value, SQLSMALLINT max, SQLSMALLINT *n)
{
    if (number == 0) {
        if (field == SQL_DIAG_NUMBER && value)
            *(SQLINTEGER *)value = (SQLINTEGER)object->diag.n_records;
        else if (field == SQL_DIAG_RETURNCODE && value)
            *(SQLRETURN *)value = SQL_ERROR;
        else
            return SQL_ERROR;
        return SQL_SUCCESS;
    }
    if (number > 0 && (size_t)number > object->diag.n_records)
        return SQL_NO_DATA;
    return og_diag_get_field(&object->diag, is_wide, number, field, value, max, n);
}

#define DIAG_FIELD(name, wide)                                                                     \
    static SQLRETURN SQL_API remote_##name(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT number, \
                                           SQLSMALLINT field, SQLPOINTER value, SQLSMALLINT max,   \
                                           SQLSMALLINT *n)                                         \
    {                                                                                              \
        return is_own(handle) ? own_field(handle, wide, number, field, value, max, n)              \
                              : og_far_##name(type, handle, number, field, value, max, n);         \
    }
DIAG_FIELD(SQLGetDiagField, false)
DIAG_FIELD(SQLGetDiagFieldW, true)

/* ODBC 2: each record is handed out once, by whoever keeps it. */
static SQLRETURN error(struct og_remote_object *object, bool is_wide, void *state, SQLINTEGER *native,
                       void *text, SQLSMALLINT max, SQLSMALLINT *n)
{
    struct og_remote *remote = object->remote;
    size_t width = is_wide ? sizeof(SQLWCHAR) : 1;
    struct og_buf *ask;
    SQLRETURN code;

    if (is_own(object)) {
        if (!object->diag.n_records)
            return SQL_NO_DATA;
        code = og_diag_get_rec(&object->diag, is_wide, 1, state, native, text, max, n);
        og_diag_drop_first(&object->diag);
        return code;
    }
    ask = og_remote_begin(object);
    og_link_put(ask, is_wide);
    og_link_put(ask, max);
    og_link_put(ask, (text ? OG_LINK_HAS_VALUE : 0) | (n ? OG_LINK_HAS_LENGTH : 0));
    code = og_remote_call(object, OG_LINK_OWN_error);
    og_remote_take_bytes(remote, state, 6 * width);
    og_remote_take(remote, native, sizeof(*native));
    og_remote_take_bytes(remote, text, max > 0 ? (size_t)max * width : 0);
    og_remote_take(remote, n, sizeof(*n));
    return og_remote_end(object, code);
}

static SQLRETURN SQL_API remote_SQLError(SQLHENV env, SQLHDBC dbc, SQLHSTMT stmt, SQLCHAR *state,
                                         SQLINTEGER *native, SQLCHAR *text, SQLSMALLINT max,
                                         SQLSMALLINT *n)
{
    (void)env;
    return dbc || stmt ? error(stmt ? stmt : dbc, false, state, native, text, max, n) : SQL_NO_DATA;
}

static SQLRETURN SQL_API remote_SQLErrorW(SQLHENV env, SQLHDBC dbc, SQLHSTMT stmt, SQLWCHAR *state,
                                          SQLINTEGER *native, SQLWCHAR *text, SQLSMALLINT max,
                                          SQLSMALLINT *n)
{
    (void)env;
    return dbc || stmt ? error(stmt ? stmt : dbc, true, state, native, text, max, n) : SQL_NO_DATA;
}

/* ---- the layer ---- */

static void close_layer(struct og_layer *layer)
{
    struct og_remote *remote = layer->context;

    if (!remote)
        return;
    if (remote->fd >= 0)
        (void)close(remote->fd);
    if (remote->cancel_fd >= 0)
        (void)close(remote->cancel_fd);
    while (remote->statements)
        forget(remote->statements);
    og_diag_release(&remote->dbc.diag);
    og_buf_wipe(&remote->ask);
    og_buf_wipe(&remote->answer);
    (void)pthread_mutex_destroy(&remote->lock);
    (void)pthread_mutex_destroy(&remote->cancel_lock);
    free(remote);
    *layer = (struct og_layer){.calls = NULL};
}

static void install(struct og_calls *calls)
{
    og_remote_install_calls(calls);
    og_remote_install_attr(calls);
    og_remote_install_rows(calls);
    og_remote_install_params(calls);
    calls->SQLAllocHandle = remote_SQLAllocHandle;
    calls->SQLAllocStmt = remote_SQLAllocStmt;
    calls->SQLFreeHandle = remote_SQLFreeHandle;
    calls->SQLFreeStmt = remote_SQLFreeStmt;
    calls->SQLDriverConnect = remote_SQLDriverConnect;
    calls->SQLDriverConnectW = remote_SQLDriverConnectW;
    calls->SQLDisconnect = remote_SQLDisconnect;
    calls->SQLEndTran = remote_SQLEndTran;
    calls->SQLTransact = remote_SQLTransact;
    calls->SQLGetFunctions = remote_SQLGetFunctions;
    calls->SQLCancel = remote_SQLCancel;
    calls->SQLError = remote_SQLError;
    calls->SQLErrorW = remote_SQLErrorW;
    calls->SQLGetDiagRec = remote_SQLGetDiagRec;
    calls->SQLGetDiagRecW = remote_SQLGetDiagRecW;
    calls->SQLGetDiagField = remote_SQLGetDiagField;
    calls->SQLGetDiagFieldW = remote_SQLGetDiagFieldW;
}

/* What the real driver does not have, the remote does not have: names by the worker, one a byte string. */
static void keep_known(struct og_remote *remote)
{
    size_t n;
    const uint8_t *names = og_link_get_bytes(&remote->reader, &n);

    if (!names || !n || names[n - 1]) {
        remote->reader.is_bad = true;
        return;
    }
#define ROW(name, ...)                                                            \
    if (remote->calls.name && !og_remote_has((const char *)names, n, #name))      \
        remote->calls.name = NULL;
#include "driver/entry.tbl.h"
#undef ROW
}

/* What the client's data source tightens, and how long it waits. */
static void put_settings(struct og_buf *ask, const struct og_conf *conf)
{
    og_link_put(ask, conf->approval_waits);
    og_link_put(ask, conf->approval_timeout_s);
    og_link_put(ask, (int64_t)conf->max_rows);
    og_link_put(ask, conf->is_read_only);
    og_link_put(ask, conf->shows_masks);
    og_link_put(ask, conf->threading_level);
}

static SQLRETURN hello(struct og_remote *remote, const struct og_conf *conf, SQLINTEGER odbc_version)
{
    struct og_link_head head = {.what = OG_LINK_OWN_hello, .sequence = ++remote->sequence};

    og_link_put(&remote->ask, OG_LINK_VERSION);
    og_link_put(&remote->ask, odbc_version);
    put_settings(&remote->ask, conf);
    if (og_link_send(remote->fd, &head, &remote->ask, HELLO_MS) != 0 ||
        og_link_receive(remote->fd, &head, &remote->answer, HELLO_MS) != 0 ||
        head.sequence != remote->sequence || head.what != SQL_SUCCESS)
        return SQL_ERROR;
    remote->reader = (struct og_link_reader){(const uint8_t *)og_buf_str(&remote->answer),
                                             remote->answer.n_bytes, false};
    if (og_link_get(&remote->reader) < 1)
        return SQL_ERROR;
    keep_known(remote);
    return remote->reader.is_bad ? SQL_ERROR : SQL_SUCCESS;
}

SQLRETURN og_remote_open(const struct og_conf *conf, SQLINTEGER odbc_version, struct og_diag *diag,
                         struct og_layer *out)
{
    struct og_remote *remote = calloc(1, sizeof(*remote));

    memset(out, 0, sizeof(*out));
    if (!remote) {
        og_diag_add_state(diag, "HY001", "[odbcguard] memory allocation error");
        return SQL_ERROR;
    }
    remote->fd = remote->cancel_fd = -1;
    remote->owner_pid = getpid();
    (void)pthread_mutex_init(&remote->lock, NULL);
    (void)pthread_mutex_init(&remote->cancel_lock, NULL);
    og_buf_init(&remote->ask, OG_LINK_MAX_BYTES);
    og_buf_init(&remote->answer, OG_LINK_MAX_BYTES);
    install(&remote->calls);
    remote->dbc = (struct og_remote_object){
        .remote = remote, .handle = OG_LINK_DBC, .type = SQL_HANDLE_DBC};
    out->calls = &remote->calls;
    out->dbc = &remote->dbc;
    out->close = close_layer;
    out->context = remote;
    if (og_remote_ask_worker(conf, diag, &remote->fd, &remote->cancel_fd) == 0) {
        if (hello(remote, conf, odbc_version) == SQL_SUCCESS)
            return SQL_SUCCESS;
        og_diag_add(diag, OG_ERR_CONFIG, true,
                    "[broker] the worker of target %s did not start: health and the ledger of guardfs "
                    "say why", conf->target_name);
    }
    close_layer(out);
    return SQL_ERROR;
}

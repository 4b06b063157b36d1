/* SPDX-License-Identifier: MIT */
/* odbcguard-worker: one session of a brokered target. Started by guardfs alone, with four descriptors: the
 * client's link and its socket for cancel, the session's own socket to guardfs, and a pipe with what to
 * connect to. Nothing secret is in its arguments or its environment.
 *
 * The main thread serves one call after another. A second one cancels: when the client asks, and when it is
 * gone, so that nobody's statement goes on. Whatever ends the link rolls back and disconnects. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "driver/client.h"
#include "driver/wide.h"
#include "common/worker_fd.h"
#include "driver/worker_parts.h"
#include "driver/worker.h"

#define MAX_CONFIG_BYTES 65536u
#define HELLO_MS 30000
#define ENDED_S 60u /* until a worker leaves whose session guardfs ended */
#define GONE_MS 10000 /* for a statement to end once its client is gone */
#define MAX_CALL_BYTES (256u * 1024u * 1024u)

/* ---- what to connect to ---- */

/* Values that the pipe gives, by name. */
static char **place_of(struct og_worker *worker, const char *name)
{
    struct og_conf *conf = worker->conf;
    const struct {
        const char *name;
        char **at;
    } places[] = {{"target", &conf->target_name},
                  {"driver", &conf->driver_path},
                  {"string", &conf->target_string},
                  {"socket", &conf->socket_path},
                  {"statement", &worker->statement}};

    for (size_t i = 0; i < OG_COUNT(places); i++)
        if (strcmp(places[i].name, name) == 0)
            return places[i].at;
    return NULL;
}

static bool fill_rest(struct og_conf *conf)
{
    char **all[] = {&conf->dsn,         &conf->target_dsn,  &conf->target_driver, &conf->driver_section,
                    &conf->shown_string, &conf->app,        &conf->purpose,       &conf->ticket,
                    &conf->traceparent, &conf->token,       &conf->log_folder};

    for (size_t i = 0; i < OG_COUNT(all); i++) {
        *all[i] = strdup("");
        if (!*all[i])
            return false;
    }
    conf->is_broker = true;
    conf->approval_waits = true;
    return conf->target_name && conf->driver_path && conf->target_string && conf->socket_path;
}

/* Pairs of texts, each with its NUL, to the end of the pipe. Returns: 0; -errno. */
static int read_config(struct og_worker *worker)
{
    char *bytes = malloc(MAX_CONFIG_BYTES + 1);
    size_t n = 0;
    ssize_t moved = 1;
    int r = 0;

    while (bytes && moved > 0 && n < MAX_CONFIG_BYTES) {
        moved = read(OG_WORKER_FD_CONFIG, bytes + n, MAX_CONFIG_BYTES - n);
        if (moved < 0 && errno == EINTR)
            moved = 1;
        else if (moved > 0)
            n += (size_t)moved;
    }
    (void)close(OG_WORKER_FD_CONFIG);
    if (!bytes || moved < 0 || n == 0 || bytes[n - 1])
        r = -EINVAL;
    for (size_t at = 0; r == 0 && at < n;) {
        const char *name = bytes + at, *value = name + strlen(name) + 1;
        char **place;

        if (value >= bytes + n)
            return -EINVAL;
        place = place_of(worker, name);
        if (place) {
            free(*place);
            *place = strdup(value);
        }
        at = (size_t)(value - bytes) + strlen(value) + 1;
    }
    if (bytes)
        explicit_bzero(bytes, MAX_CONFIG_BYTES);
    free(bytes);
    return r == 0 && !fill_rest(worker->conf) ? -EINVAL : r;
}

/* ---- handles ---- */

uint32_t og_worker_add(struct og_worker *worker, SQLSMALLINT type, SQLHANDLE handle)
{
    struct og_worker_object *object = calloc(1, sizeof(*object));
    uint32_t slot = 0;

    if (!object)
        return 0;
    object->type = type;
    object->handle = handle;
    object->n_rows = object->n_rowset = object->n_sets = 1;
    (void)pthread_mutex_lock(&worker->lock);
    for (uint32_t i = OG_LINK_DBC; i < OG_LINK_MAX_HANDLES && !slot; i++)
        if (!worker->objects[i])
            slot = i;
    if (slot)
        worker->objects[slot] = object;
    (void)pthread_mutex_unlock(&worker->lock);
    if (!slot)
        free(object);
    return slot;
}

void og_worker_drop(struct og_worker *worker, uint32_t slot)
{
    struct og_worker_object *object = worker->objects[slot];

    for (size_t i = 0; i < OG_COUNT(object->descriptors); i++)
        if (object->descriptors[i])
            og_worker_drop(worker, object->descriptors[i]);
    (void)pthread_mutex_lock(&worker->lock);
    worker->objects[slot] = NULL;
    (void)pthread_mutex_unlock(&worker->lock);
    og_worker_list_release(&object->columns);
    og_worker_list_release(&object->parameters);
    free(object->status);
    free(object->set_status);
    free(object->operation);
    free(object);
}

/* ---- calls of the connection ---- */

static bool take_settings(struct og_conf *conf, struct og_link_reader *ask)
{
    int64_t wait = og_link_get(ask), timeout_s = og_link_get(ask), max_rows = og_link_get(ask);
    int64_t is_read_only = og_link_get(ask), shows_masks = og_link_get(ask);
    int64_t threading_level = og_link_get(ask);

    if (ask->is_bad)
        return false;
    /* All of them only tighten, or say how long the client itself waits. */
    conf->approval_waits = wait != 0;
    conf->approval_timeout_s = timeout_s >= 0 && timeout_s <= 86400 ? (uint32_t)timeout_s : 0;
    conf->max_rows = (uint64_t)max_rows;
    conf->is_read_only = is_read_only != 0;
    conf->shows_masks = shows_masks != 0;
    conf->threading_level = threading_level > 0 ? (uint32_t)threading_level : 0;
    return true;
}

/* Names of what the guard has for this real driver, each with its NUL. */
static void put_functions(struct og_worker *worker)
{
    struct og_buf names;

    og_buf_init(&names, 65536);
#define ROW(name, ...)                              \
    if (worker->layer.calls->name)                  \
        og_buf_append(&names, #name, sizeof(#name));
#include "driver/entry.tbl.h"
#undef ROW
    og_link_put_bytes(&worker->out, og_buf_str(&names), names.n_bytes);
    og_buf_release(&names);
}

static int hello(struct og_worker *worker)
{
    int64_t version = og_link_get(&worker->ask), odbc_version = og_link_get(&worker->ask);
    struct og_diag diag = {.n_records = 0};
    SQLRETURN code;

    if (worker->has_layer || worker->ask.is_bad || version < 1 || !take_settings(worker->conf, &worker->ask))
        return OG_WORKER_BROKEN;
    code = og_guard_open(worker->conf, (SQLINTEGER)odbc_version, &diag, &worker->layer);
    if (code != SQL_SUCCESS)
        (void)fprintf(stderr, "odbcguard-worker: target %s: %s\n", worker->conf->target_name,
                      diag.n_records ? diag.records[0].text : "no memory");
    og_diag_release(&diag);
    if (code != SQL_SUCCESS)
        return OG_WORKER_BROKEN;
    worker->has_layer = true;
    if (og_worker_add(worker, SQL_HANDLE_DBC, worker->layer.dbc) != OG_LINK_DBC)
        return OG_WORKER_BROKEN;
    og_link_put(&worker->out, OG_LINK_VERSION);
    put_functions(worker);
    return SQL_SUCCESS;
}

int og_worker_connect(struct og_worker *worker, bool is_wide)
{
    const struct og_calls *calls = worker->layer.calls;
    SQLWCHAR *wide, wide_out[4096];
    SQLCHAR out[4096];
    SQLSMALLINT n_out;
    SQLRETURN code = SQL_ERROR;

    if (is_wide ? !calls->SQLDriverConnectW : !calls->SQLDriverConnect)
        return OG_LINK_REFUSED;
    if (is_wide) {
        wide = og_utf8_to_wide(worker->conf->target_string);
        if (wide)
            code = calls->SQLDriverConnectW(worker->layer.dbc, NULL, wide, SQL_NTS, wide_out,
                                            (SQLSMALLINT)OG_COUNT(wide_out), &n_out,
                                            SQL_DRIVER_NOPROMPT);
        free(wide);
    } else {
        code = calls->SQLDriverConnect(worker->layer.dbc, NULL, (SQLCHAR *)worker->conf->target_string,
                                       SQL_NTS, out, (SQLSMALLINT)sizeof(out), &n_out,
                                       SQL_DRIVER_NOPROMPT);
    }
    explicit_bzero(out, sizeof(out));
    explicit_bzero(wide_out, sizeof(wide_out));
    worker->is_connected = SQL_SUCCEEDED(code);
    return code;
}

static int connect_target(struct og_worker *worker)
{
    bool is_wide = og_link_get(&worker->ask) != 0;

    return worker->ask.is_bad || worker->is_connected ? OG_WORKER_BROKEN
                                                      : og_worker_connect(worker, is_wide);
}

static int disconnect(struct og_worker *worker)
{
    SQLRETURN code;

    code = worker->layer.calls->SQLDisconnect(worker->layer.dbc);
    if (!SQL_SUCCEEDED(code))
        return code;
    worker->is_connected = false;
    for (uint32_t i = OG_LINK_DBC + 1; i < OG_LINK_MAX_HANDLES; i++)
        if (worker->objects[i] && worker->objects[i]->type == SQL_HANDLE_STMT)
            og_worker_drop(worker, i); /* the driver has freed them */
    worker->is_over = true;
    return code;
}

static int end_transaction(struct og_worker *worker)
{
    int64_t how = og_link_get(&worker->ask);

    if (worker->ask.is_bad)
        return OG_WORKER_BROKEN;
    if (worker->layer.calls->SQLEndTran)
        return worker->layer.calls->SQLEndTran(SQL_HANDLE_DBC, worker->layer.dbc, (SQLSMALLINT)how);
    return worker->layer.calls->SQLTransact
               ? worker->layer.calls->SQLTransact(NULL, worker->layer.dbc, (SQLUSMALLINT)how)
               : OG_LINK_REFUSED;
}

static int alloc_statement(struct og_worker *worker)
{
    const struct og_calls *calls = worker->layer.calls;
    SQLHSTMT handle = NULL;
    SQLRETURN code = SQL_ERROR;
    uint32_t slot = 0;

    if (og_link_get(&worker->ask) != SQL_HANDLE_STMT)
        return OG_LINK_REFUSED;
    if (calls->SQLAllocHandle)
        code = calls->SQLAllocHandle(SQL_HANDLE_STMT, worker->layer.dbc, &handle);
    else if (calls->SQLAllocStmt)
        code = calls->SQLAllocStmt(worker->layer.dbc, &handle);
    if (SQL_SUCCEEDED(code)) {
        slot = og_worker_add(worker, SQL_HANDLE_STMT, handle);
        if (!slot) {
            (void)(calls->SQLFreeHandle ? calls->SQLFreeHandle(SQL_HANDLE_STMT, handle)
                                        : calls->SQLFreeStmt(handle, SQL_DROP));
            return OG_LINK_REFUSED;
        }
    }
    og_link_put(&worker->out, slot);
    return code;
}

static int free_statement(struct og_worker *worker, uint32_t slot)
{
    const struct og_calls *calls = worker->layer.calls;
    SQLHSTMT handle = worker->objects[slot]->handle;
    SQLRETURN code;

    if (worker->objects[slot]->type != SQL_HANDLE_STMT)
        return OG_LINK_REFUSED;
    (void)pthread_mutex_lock(&worker->lock); /* nobody cancels what is going */
    code = calls->SQLFreeHandle ? calls->SQLFreeHandle(SQL_HANDLE_STMT, handle)
                                : calls->SQLFreeStmt(handle, SQL_DROP);
    if (SQL_SUCCEEDED(code))
        worker->objects[slot]->handle = NULL;
    (void)pthread_mutex_unlock(&worker->lock);
    if (SQL_SUCCEEDED(code))
        og_worker_drop(worker, slot);
    return code;
}

static int free_part(struct og_worker *worker, struct og_worker_object *stmt)
{
    int64_t option = og_link_get(&worker->ask);
    SQLRETURN code;

    if (worker->ask.is_bad)
        return OG_WORKER_BROKEN;
    if (option != SQL_CLOSE && option != SQL_UNBIND && option != SQL_RESET_PARAMS)
        return OG_LINK_REFUSED;
    code = worker->layer.calls->SQLFreeStmt(stmt->handle, (SQLUSMALLINT)option);
    if (SQL_SUCCEEDED(code) && option == SQL_UNBIND)
        og_worker_list_release(&stmt->columns);
    if (SQL_SUCCEEDED(code) && option == SQL_RESET_PARAMS)
        og_worker_list_release(&stmt->parameters);
    return code;
}

static int functions(struct og_worker *worker)
{
    SQLUSMALLINT supported[SQL_API_ODBC3_ALL_FUNCTIONS_SIZE] = {0};
    int64_t function = og_link_get(&worker->ask);
    size_t n = function == SQL_API_ODBC3_ALL_FUNCTIONS ? SQL_API_ODBC3_ALL_FUNCTIONS_SIZE
               : function == SQL_API_ALL_FUNCTIONS     ? 100
                                                       : 1;
    SQLRETURN code;

    if (worker->ask.is_bad)
        return OG_WORKER_BROKEN;
    if (!worker->layer.calls->SQLGetFunctions)
        return OG_LINK_REFUSED;
    code = worker->layer.calls->SQLGetFunctions(worker->layer.dbc, (SQLUSMALLINT)function, supported);
    og_link_put_bytes(&worker->out, supported, n * sizeof(*supported));
    return code;
}

/* ---- one call ---- */

/* The object of a call, if there is one of its kind. */
static struct og_worker_object *object_of(const struct og_worker *worker, char kind, uint32_t handle)
{
    struct og_worker_object *object = handle < OG_LINK_MAX_HANDLES ? worker->objects[handle] : NULL;

    if (!object)
        return NULL;
    switch (kind) {
    case 'D':
        return object->type == SQL_HANDLE_DBC ? object : NULL;
    case 'S':
        return object->type == SQL_HANDLE_STMT ? object : NULL;
    case 'F':
        return object->type == SQL_HANDLE_DESC ? object : NULL;
    case 'C':
        return object->type != SQL_HANDLE_DBC ? object : NULL;
    default:
        return object;
    }
}

static int serve_own(struct og_worker *worker, int call, uint32_t slot, struct og_worker_object *object)
{
    switch (call) {
    case OG_LINK_OWN_disconnect: return disconnect(worker);
    case OG_LINK_OWN_end: return end_transaction(worker);
    case OG_LINK_OWN_alloc: return alloc_statement(worker);
    case OG_LINK_OWN_free: return free_statement(worker, slot);
    case OG_LINK_OWN_free_stmt: return free_part(worker, object);
    case OG_LINK_OWN_functions: return functions(worker);
    case OG_LINK_OWN_bind_column: return og_worker_bind_column(worker, object);
    case OG_LINK_OWN_fetch: return og_worker_fetch(worker, object);
    case OG_LINK_OWN_get_data: return og_worker_get_data(worker, object);
    case OG_LINK_OWN_bind_parameter: return og_worker_bind_parameter(worker, object);
    case OG_LINK_OWN_execute: return og_worker_execute(worker, object);
    case OG_LINK_OWN_param_data: return og_worker_param_data(worker, object);
    case OG_LINK_OWN_put_data: return og_worker_put_data(worker, object);
    case OG_LINK_OWN_more_results: return og_worker_more_results(worker, object);
    case OG_LINK_OWN_set_stmt: return og_worker_set_stmt(worker, object);
    case OG_LINK_OWN_set_desc: return og_worker_set_desc(worker, object);
    case OG_LINK_OWN_descriptor: return og_worker_descriptor(worker, object);
    case OG_LINK_OWN_error: return og_worker_error(worker, object);
    case OG_LINK_OWN_set_pos: return og_worker_set_pos(worker, object);
    default: return og_worker_call(worker, call, object);
    }
}

static int serve(struct og_worker *worker, const struct og_link_head *head)
{
    char kind = og_worker_kind(head->what);
    struct og_worker_object *object;
    int code;

    if (head->what == OG_LINK_OWN_hello)
        return hello(worker);
    if (!worker->has_layer)
        return OG_WORKER_BROKEN;
    if (!kind || head->what == OG_LINK_OWN_cancel)
        return OG_LINK_REFUSED;
    object = object_of(worker, kind, head->handle);
    if (!object)
        return SQL_INVALID_HANDLE;
    if (head->what == OG_LINK_OWN_connect)
        return connect_target(worker);
    if (head->what == OG_LINK_OWN_set_connect)
        return og_worker_set_connect(worker, object);
    if (!worker->is_connected && kind != 'A')
        return OG_LINK_REFUSED;
    (void)pthread_mutex_lock(&worker->lock);
    worker->busy = object->type == SQL_HANDLE_STMT ? object->handle : NULL;
    (void)pthread_mutex_unlock(&worker->lock);
    if (head->what == OG_LINK_OWN_free)
        worker->busy = NULL;
    code = serve_own(worker, head->what, head->handle, object);
    (void)pthread_mutex_lock(&worker->lock);
    worker->busy = NULL;
    (void)pthread_mutex_unlock(&worker->lock);
    return code;
}

static void run(struct og_worker *worker)
{
    struct og_link_head head;

    while (!worker->is_over &&
           og_link_receive(worker->fd, &head, &worker->in, worker->has_layer ? -1 : HELLO_MS) == 0) {
        int code;

        og_buf_clear(&worker->out);
        og_arena_reset(&worker->arena);
        worker->ask = (struct og_link_reader){(const uint8_t *)og_buf_str(&worker->in),
                                              worker->in.n_bytes, false};
        code = serve(worker, &head);
        if (code == OG_WORKER_BROKEN)
            return;
        if (code == OG_LINK_REFUSED || og_buf_is_failed(&worker->out))
            og_buf_clear(&worker->out);
        head.what = og_buf_is_failed(&worker->out) ? OG_LINK_REFUSED : code;
        if (og_link_send(worker->fd, &head, &worker->out, -1) != 0)
            return;
        if (worker->out.n_bytes > 1024u * 1024u)
            og_buf_wipe(&worker->out);
    }
}

/* ---- cancel ---- */

/* Returns: the reply's code. */
static int cancel(struct og_worker *worker, uint32_t handle)
{
    const struct og_worker_object *stmt;
    int code = SQL_INVALID_HANDLE;

    (void)pthread_mutex_lock(&worker->lock);
    stmt = object_of(worker, 'S', handle);
    if (stmt && stmt->handle && worker->layer.calls->SQLCancel)
        code = stmt->handle == worker->busy ? og_calls_interrupt(worker->layer.calls, stmt->handle)
                                            : worker->layer.calls->SQLCancel(stmt->handle);
    (void)pthread_mutex_unlock(&worker->lock);
    return code;
}

/* The client is gone: what runs for it is cancelled until it has ended, or the process ends for it. */
OG_NORETURN static void client_gone(struct og_worker *worker)
{
    for (int ms = 0; ms < GONE_MS; ms += 100) {
        (void)pthread_mutex_lock(&worker->lock);
        if (worker->busy && worker->layer.calls->SQLCancel)
            (void)og_calls_interrupt(worker->layer.calls, worker->busy);
        (void)pthread_mutex_unlock(&worker->lock);
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    _exit(3);
}

/* guardfs has ended the session: nothing runs on, and whoever is there may hear why for a while. */
static void session_ended(struct og_worker *worker)
{
    worker->watch_fd = -1;
    if (!worker->is_connected)
        _exit(2);
    (void)pthread_mutex_lock(&worker->lock);
    if (worker->busy && worker->layer.calls->SQLCancel)
        (void)worker->layer.calls->SQLCancel(worker->busy);
    (void)pthread_mutex_unlock(&worker->lock);
    (void)alarm(ENDED_S);
}

/* Waits for a word of the client, or its end. */
static void wait_for_word(struct og_worker *worker)
{
    for (;;) {
        struct pollfd wait[2] = {{.fd = worker->cancel_fd, .events = POLLIN},
                                 {.fd = worker->watch_fd, .events = POLLRDHUP}};

        if (poll(wait, 2, -1) < 0 && errno != EINTR)
            return;
        if (wait[1].revents)
            session_ended(worker);
        if (wait[0].revents)
            return;
    }
}

static void *watch_client(void *context)
{
    struct og_worker *worker = context;
    struct og_link_head head;
    struct og_buf nothing;

    og_buf_init(&nothing, 64);
    for (;;) {
        wait_for_word(worker);
        if (og_link_receive(worker->cancel_fd, &head, &nothing, GONE_MS) != 0 ||
            head.what != OG_LINK_OWN_cancel)
            break;
        head.what = cancel(worker, head.handle);
        if (og_link_send(worker->cancel_fd, &head, NULL, GONE_MS) != 0)
            break;
    }
    (void)shutdown(worker->fd, SHUT_RDWR);
    client_gone(worker);
}

/* ---- the process ---- */

static void finish(struct og_worker *worker)
{
    const struct og_calls *calls = worker->layer.calls;

    if (worker->is_connected) {
        if (calls->SQLEndTran)
            (void)calls->SQLEndTran(SQL_HANDLE_DBC, worker->layer.dbc, SQL_ROLLBACK);
        else if (calls->SQLTransact)
            (void)calls->SQLTransact(NULL, worker->layer.dbc, SQL_ROLLBACK);
        (void)calls->SQLDisconnect(worker->layer.dbc);
    }
    /* Wiped, though the kernel hands no page on unwiped: what is left is what a crash would show. */
    worker->conf = og_conf_free(worker->conf);
}

static void leave(int number OG_UNUSED)
{
    _exit(2);
}

int og_worker_main(void)
{
    static struct og_worker worker = {.fd = OG_WORKER_FD_LINK, .cancel_fd = OG_WORKER_FD_CANCEL};
    pthread_t thread;
    struct stat info;
    int r = og_worker_close_up();

    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGALRM, leave);
    if (fstat(OG_WORKER_FD_LINK, &info) < 0 || !S_ISSOCK(info.st_mode)) {
        (void)fputs("odbcguard-worker is started by guardfs, which gives it what it needs\n", stderr);
        return 64;
    }
    for (int fd = OG_WORKER_FD_LINK; fd <= OG_WORKER_FD_CONFIG; fd++)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    worker.conf = calloc(1, sizeof(*worker.conf));
    if (r == 0)
        r = worker.conf ? read_config(&worker) : -ENOMEM;
    if (r == 0)
        r = og_worker_sandbox();
    if (r < 0) {
        (void)fprintf(stderr, "odbcguard-worker: cannot start: %s\n", strerror(-r));
        return 70;
    }
    og_client_pass_socket(OG_WORKER_FD_GUARDFS);
    worker.watch_fd = fcntl(OG_WORKER_FD_GUARDFS, F_DUPFD_CLOEXEC, OG_WORKER_FD_CONFIG + 1);
    (void)pthread_mutex_init(&worker.lock, NULL);
    og_buf_init(&worker.in, OG_LINK_MAX_BYTES);
    og_buf_init(&worker.out, OG_LINK_MAX_BYTES);
    og_arena_init(&worker.arena, MAX_CALL_BYTES);
    if (pthread_create(&thread, NULL, watch_client, &worker) != 0)
        return 70;
    if (worker.statement)
        og_worker_run_task(&worker);
    else
        run(&worker);
    finish(&worker);
    _exit(worker.is_over ? 0 : 2);
}

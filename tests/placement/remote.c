/* SPDX-License-Identifier: MIT */
/* The near side: a call table whose every function is a request and its reply. */
#include "tests/placement/remote.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLOSE_MS 2000

struct og_remote_config og_remote_config = {og_target_open, -1};

/* What the layer above holds as its handle: the connection (wire handle 0) or a statement. */
struct object {
    struct remote *remote;
    uint32_t handle;
    struct og_diag diag; /* what went wrong on this side */
    size_t n_rows;
    SQLULEN bind_type;
    SQLULEN *offset, *n_fetched;
    SQLUSMALLINT *status;
    struct og_remote_binding bindings[OG_REMOTE_MAX_COLUMNS];
};

struct remote {
    struct og_calls calls;
    struct object dbc;
    pthread_mutex_t lock, cancel_lock; /* one call at a time on each socket */
    int fd, cancel_fd, deadline_ms;
    bool is_lost;
    pid_t pid;
    struct og_remote_reply reply;
    uint8_t bytes[OG_REMOTE_MAX_BYTES]; /* of the reply */
};

/* ---- both sides ---- */

int64_t og_remote_cell(SQLSMALLINT c_type, int64_t max_bytes)
{
    static const struct {
        SQLSMALLINT c_type;
        size_t n;
    } types[] = {
#define CTYPE(code, n, writer, lowest, highest) {code, n},
#include "driver/ctype.tbl.h"
#undef CTYPE
    };

    for (size_t i = 0; i < OG_COUNT(types); i++)
        if (types[i].c_type == c_type)
            return types[i].n ? (int64_t)types[i].n
                              : max_bytes > OG_REMOTE_MAX_BYTES ? -1 : max_bytes;
    return -1;
}

size_t og_remote_n_used(SQLSMALLINT c_type, const uint8_t *cell, size_t n_cell, bool has_indicator,
                        int64_t indicator)
{
    size_t width = c_type == SQL_C_WCHAR ? 2 : c_type == SQL_C_CHAR ? 1 : 0, n = 0;
    bool is_piece = width || c_type == SQL_C_BINARY;

    if (has_indicator && (indicator == SQL_NULL_DATA || indicator == OG_REMOTE_UNWRITTEN))
        return 0;
    if (!is_piece || (has_indicator && (indicator < 0 || (uint64_t)indicator > n_cell)))
        return n_cell;
    if (has_indicator)
        n = (size_t)indicator;
    else if (width) /* text without a length: up to its terminator */
        while (n + width <= n_cell && (cell[n] || cell[n + width - 1]))
            n += width;
    else
        n = n_cell;
    return n + width <= n_cell ? n + width : n_cell;
}

size_t og_remote_block(const struct og_remote_binding *bindings, size_t n_rows)
{
    size_t n = sizeof(uint16_t);

    for (size_t i = 0; i < OG_REMOTE_MAX_COLUMNS; i++)
        n += bindings[i].is_bound ? sizeof(int64_t) + bindings[i].n_cell : 0;
    return n * n_rows;
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int transfer(int fd, short event, char *at, size_t n, int deadline_ms)
{
    int64_t end = now_ms() + deadline_ms;

    while (n) {
        struct pollfd wait = {.fd = fd, .events = event};
        int64_t left = deadline_ms < 0 ? -1 : end > now_ms() ? end - now_ms() : 0;
        int r = poll(&wait, 1, (int)left);
        ssize_t moved;

        if (r == 0)
            return -ETIMEDOUT;
        if (r < 0 && errno == EINTR)
            continue;
        moved = event == POLLIN ? recv(fd, at, n, MSG_DONTWAIT)
                                : send(fd, at, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (moved < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (moved <= 0)
            return -ECONNRESET;
        at += moved;
        n -= (size_t)moved;
    }
    return 0;
}

int og_remote_send(int fd, const void *bytes, size_t n, int deadline_ms)
{
    return transfer(fd, POLLOUT, (char *)(uintptr_t)bytes, n, deadline_ms);
}

int og_remote_receive(int fd, void *bytes, size_t n, int deadline_ms)
{
    return transfer(fd, POLLIN, bytes, n, deadline_ms);
}

/* ---- one call ---- */

static int exchange(struct remote *remote, const struct og_remote_request *ask, const void *payload,
                    size_t n_payload)
{
    int r = og_remote_send(remote->fd, ask, sizeof(*ask), remote->deadline_ms);

    if (r == 0)
        r = og_remote_send(remote->fd, payload, n_payload, remote->deadline_ms);
    if (r == 0)
        r = og_remote_receive(remote->fd, &remote->reply, sizeof(remote->reply),
                              remote->deadline_ms);
    if (r == 0 && remote->reply.n_bytes > sizeof(remote->bytes))
        r = -EPROTO;
    if (r == 0)
        r = og_remote_receive(remote->fd, remote->bytes, remote->reply.n_bytes,
                              remote->deadline_ms);
    return r;
}

/* A link that failed once is out of step for good. */
static SQLRETURN lost(struct object *object)
{
    object->remote->is_lost = true;
    og_diag_add_state(&object->diag, "08S01",
                      "[odbcguard] the worker of this connection is gone or does not answer: "
                      "disconnect and connect again");
    return SQL_ERROR;
}

static SQLRETURN refuse(struct object *object, const char *state, const char *why)
{
    og_diag_clear(&object->diag);
    og_diag_add_state(&object->diag, state, "[odbcguard] %s", why);
    return SQL_ERROR;
}

/* Asks and waits. The caller holds remote->lock, so that the reply's bytes are its own. */
static SQLRETURN call(struct object *object, enum og_remote_call number, const int64_t args[4],
                      const void *payload, size_t n_payload)
{
    struct remote *remote = object->remote;
    struct og_remote_request ask = {
        .n_bytes = (uint32_t)n_payload, .call = number, .handle = object->handle};

    if (args)
        memcpy(ask.args, args, sizeof(ask.args));
    og_diag_clear(&object->diag);
    if (remote->is_lost || exchange(remote, &ask, payload, n_payload) != 0)
        return lost(object);
    switch (remote->reply.code) {
    case SQL_SUCCESS:
    case SQL_SUCCESS_WITH_INFO:
    case SQL_ERROR:
    case SQL_NO_DATA:
    case SQL_INVALID_HANDLE:
        return (SQLRETURN)remote->reply.code;
    case OG_REMOTE_REFUSED:
        return refuse(object, "HYC00", "the worker does not serve this call with these values");
    default:
        return lost(object);
    }
}

static void enter(struct object *object)
{
    (void)pthread_mutex_lock(&object->remote->lock);
}

static SQLRETURN leave(struct object *object, SQLRETURN code)
{
    (void)pthread_mutex_unlock(&object->remote->lock);
    return code;
}

/* A call whose reply is its code alone. */
static SQLRETURN simple(SQLHANDLE handle, enum og_remote_call number, int64_t first, int64_t second)
{
    struct object *object = handle;

    enter(object);
    return leave(object, call(object, number, (const int64_t[4]){first, second}, NULL, 0));
}

static SQLRETURN with_text(SQLHANDLE handle, enum og_remote_call number, const SQLCHAR *text,
                           SQLINTEGER n)
{
    struct object *object = handle;
    size_t n_bytes;

    enter(object);
    if (!text)
        return leave(object, refuse(object, "HY009", "invalid use of null pointer"));
    if (n < 0 && n != SQL_NTS)
        return leave(object, refuse(object, "HY090", "invalid string or buffer length"));
    n_bytes = n == SQL_NTS ? strlen((const char *)text) : (size_t)n;
    if (n_bytes > OG_REMOTE_MAX_TEXT_BYTES)
        return leave(object, refuse(object, "HY090", "the text is longer than a request may be"));
    return leave(object, call(object, number, NULL, text, n_bytes));
}

/* Copies a text that came over into a buffer of max bytes. */
static void put_text(void *out, size_t max, const uint8_t *text, size_t n)
{
    if (!out || !max)
        return;
    n = n < max - 1 ? n : max - 1;
    memcpy(out, text, n);
    ((char *)out)[n] = 0;
}

/* ---- the table ---- */

#define REMOTE(name) static SQLRETURN SQL_API remote_##name

REMOTE(SQLAllocHandle)(SQLSMALLINT type, SQLHANDLE parent, SQLHANDLE *out)
{
    struct object *dbc = parent, *stmt = calloc(1, sizeof(*stmt));
    SQLRETURN code;

    enter(dbc);
    if (type != SQL_HANDLE_STMT || !stmt)
        code = refuse(dbc, stmt ? "HYC00" : "HY001", "only statements can be allocated");
    else
        code = call(dbc, OG_REMOTE_SQLAllocHandle, NULL, NULL, 0);
    if (!SQL_SUCCEEDED(code)) {
        free(stmt);
        return leave(dbc, code);
    }
    stmt->remote = dbc->remote;
    stmt->handle = (uint32_t)dbc->remote->reply.outs[0];
    stmt->n_rows = 1;
    *out = stmt;
    return leave(dbc, code);
}

REMOTE(SQLFreeHandle)(SQLSMALLINT type, SQLHANDLE handle)
{
    struct object *stmt = handle, *dbc = &stmt->remote->dbc;
    SQLRETURN code;

    if (type != SQL_HANDLE_STMT)
        return SQL_ERROR;
    enter(dbc);
    code = call(stmt, OG_REMOTE_SQLFreeHandle, NULL, NULL, 0);
    if (SQL_SUCCEEDED(code) || dbc->remote->is_lost) { /* nothing is left over there */
        og_diag_release(&stmt->diag);
        free(stmt);
        code = SQL_SUCCESS;
    }
    return leave(dbc, code);
}

REMOTE(SQLFreeStmt)(SQLHSTMT handle, SQLUSMALLINT option)
{
    SQLRETURN code = simple(handle, OG_REMOTE_SQLFreeStmt, option, 0);
    struct object *stmt = handle;

    if (SQL_SUCCEEDED(code) && option == SQL_UNBIND)
        memset(stmt->bindings, 0, sizeof(stmt->bindings));
    return code;
}

REMOTE(SQLDriverConnect)(SQLHDBC handle, SQLHWND window, SQLCHAR *in, SQLSMALLINT n_in,
                         SQLCHAR *out, SQLSMALLINT max_out, SQLSMALLINT *n_out, SQLUSMALLINT how)
{
    (void)window, (void)how; /* what comes back is shown to nobody: the entry layer has its own */
    if (out && max_out > 0)
        out[0] = 0;
    if (n_out)
        *n_out = 0;
    return with_text(handle, OG_REMOTE_SQLDriverConnect, in, n_in);
}

REMOTE(SQLDisconnect)(SQLHDBC handle)
{
    struct object *dbc = handle;
    SQLRETURN code = simple(handle, OG_REMOTE_SQLDisconnect, 0, 0);

    return dbc->remote->is_lost ? SQL_SUCCESS : code; /* a dead worker's connection is closed */
}

REMOTE(SQLSetConnectAttr)(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER n)
{
    (void)n;
    if (attribute != SQL_ATTR_AUTOCOMMIT)
        return refuse(handle, "HYC00", "this connection attribute does not travel");
    return simple(handle, OG_REMOTE_SQLSetConnectAttr, attribute, (int64_t)(intptr_t)value);
}

REMOTE(SQLEndTran)(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT how)
{
    return type == SQL_HANDLE_DBC ? simple(handle, OG_REMOTE_SQLEndTran, how, 0) : SQL_ERROR;
}

REMOTE(SQLExecDirect)(SQLHSTMT handle, SQLCHAR *text, SQLINTEGER n)
{
    return with_text(handle, OG_REMOTE_SQLExecDirect, text, n);
}

REMOTE(SQLPrepare)(SQLHSTMT handle, SQLCHAR *text, SQLINTEGER n)
{
    return with_text(handle, OG_REMOTE_SQLPrepare, text, n);
}

REMOTE(SQLExecute)(SQLHSTMT handle)
{
    return simple(handle, OG_REMOTE_SQLExecute, 0, 0);
}

static int64_t buffers(const void *value, const void *indicator)
{
    return (value ? 1 : 0) | (indicator ? 2 : 0);
}

REMOTE(SQLBindCol)(SQLHSTMT handle, SQLUSMALLINT column, SQLSMALLINT c_type, SQLPOINTER value,
                   SQLLEN max_bytes, SQLLEN *indicator)
{
    struct object *stmt = handle;
    int64_t n_cell = og_remote_cell(c_type, max_bytes);
    SQLRETURN code;

    enter(stmt);
    if (column >= OG_REMOTE_MAX_COLUMNS || n_cell < 0)
        return leave(stmt, refuse(stmt, "HYC00", "this column, type or length does not travel"));
    code = call(stmt, OG_REMOTE_SQLBindCol,
                (const int64_t[4]){column, c_type, max_bytes, buffers(value, indicator)}, NULL, 0);
    if (SQL_SUCCEEDED(code))
        stmt->bindings[column] = (struct og_remote_binding){
            value != NULL, indicator != NULL, c_type, (size_t)n_cell, value, indicator};
    return leave(stmt, code);
}

REMOTE(SQLSetStmtAttr)(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER n)
{
    struct object *stmt = handle;
    SQLRETURN code;

    (void)n;
    enter(stmt);
    og_diag_clear(&stmt->diag);
    switch (attribute) {
    case SQL_ATTR_ROW_STATUS_PTR: /* pointers and layout of our side stay here */
        stmt->status = value;
        return leave(stmt, SQL_SUCCESS);
    case SQL_ATTR_ROWS_FETCHED_PTR:
        stmt->n_fetched = value;
        return leave(stmt, SQL_SUCCESS);
    case SQL_ATTR_ROW_BIND_OFFSET_PTR:
        stmt->offset = value;
        return leave(stmt, SQL_SUCCESS);
    case SQL_ATTR_ROW_BIND_TYPE:
        stmt->bind_type = (SQLULEN)(uintptr_t)value;
        return leave(stmt, SQL_SUCCESS);
    case SQL_ATTR_PARAM_STATUS_PTR: /* the worker would refuse them; not even their value leaves */
    case SQL_ATTR_PARAMS_PROCESSED_PTR:
    case SQL_ATTR_PARAM_BIND_OFFSET_PTR:
        return leave(stmt, refuse(stmt, "HYC00", "this statement attribute does not travel"));
    default:
        break;
    }
    code = call(stmt, OG_REMOTE_SQLSetStmtAttr,
                (const int64_t[4]){attribute, (int64_t)(intptr_t)value}, NULL, 0);
    if (SQL_SUCCEEDED(code) && attribute == SQL_ATTR_ROW_ARRAY_SIZE)
        stmt->n_rows = (size_t)stmt->remote->reply.outs[0];
    return leave(stmt, code);
}

/* Hands one bound column of the block out; what the driver did not write stays as it is. */
static const uint8_t *take_column(const struct object *stmt,
                                  const struct og_remote_binding *binding, const uint8_t *at)
{
    const uint8_t *cells = at + stmt->n_rows * sizeof(int64_t);
    size_t offset = stmt->offset ? *stmt->offset : 0;

    for (size_t row = 0; row < stmt->n_rows; row++) {
        const uint8_t *cell = cells + row * binding->n_cell;
        size_t step = stmt->bind_type ? stmt->bind_type : binding->n_cell;
        size_t indicator_step = stmt->bind_type ? stmt->bind_type : sizeof(SQLLEN);
        uint16_t status;
        int64_t indicator;

        memcpy(&status, stmt->remote->bytes + row * sizeof(status), sizeof(status));
        memcpy(&indicator, at + row * sizeof(indicator), sizeof(indicator));
        if (binding->has_indicator && indicator != OG_REMOTE_UNWRITTEN)
            *(SQLLEN *)(void *)((char *)binding->indicators + offset + row * indicator_step) =
                indicator;
        if (status == SQL_ROW_SUCCESS || status == SQL_ROW_SUCCESS_WITH_INFO)
            memcpy((char *)binding->values + offset + row * step, cell,
                   og_remote_n_used(binding->c_type, cell, binding->n_cell, binding->has_indicator,
                                    indicator));
    }
    return cells + stmt->n_rows * binding->n_cell;
}

static SQLRETURN fetch(struct object *stmt, enum og_remote_call number, SQLSMALLINT orientation)
{
    const struct remote *remote = stmt->remote;
    const uint8_t *at = remote->bytes;
    SQLRETURN code;

    enter(stmt);
    code = call(stmt, number, (const int64_t[4]){orientation}, NULL, 0);
    if (remote->is_lost || !remote->reply.n_bytes)
        return leave(stmt, SQL_SUCCEEDED(code) ? lost(stmt) : code);
    if (remote->reply.n_bytes != og_remote_block(stmt->bindings, stmt->n_rows))
        return leave(stmt, lost(stmt));
    if (stmt->n_fetched && remote->reply.outs[0] != OG_REMOTE_UNWRITTEN)
        *stmt->n_fetched = (SQLULEN)remote->reply.outs[0];
    for (size_t row = 0; row < stmt->n_rows; row++, at += sizeof(uint16_t)) {
        uint16_t status;

        memcpy(&status, at, sizeof(status));
        if (stmt->status && status != OG_REMOTE_STATUS_UNWRITTEN)
            stmt->status[row] = status;
    }
    for (size_t i = 0; i < OG_REMOTE_MAX_COLUMNS; i++)
        if (stmt->bindings[i].is_bound)
            at = take_column(stmt, &stmt->bindings[i], at);
    return leave(stmt, code);
}

REMOTE(SQLFetch)(SQLHSTMT handle)
{
    return fetch(handle, OG_REMOTE_SQLFetch, 0);
}

REMOTE(SQLFetchScroll)(SQLHSTMT handle, SQLSMALLINT orientation, SQLLEN offset)
{
    (void)offset;
    return fetch(handle, OG_REMOTE_SQLFetchScroll, orientation);
}

REMOTE(SQLGetData)(SQLHSTMT handle, SQLUSMALLINT column, SQLSMALLINT c_type, SQLPOINTER value,
                   SQLLEN max_bytes, SQLLEN *indicator)
{
    struct object *stmt = handle;
    const struct og_remote_reply *reply = &stmt->remote->reply;
    int64_t n_cell = og_remote_cell(c_type, max_bytes);
    SQLRETURN code;

    enter(stmt);
    if (n_cell < 0)
        return leave(stmt, refuse(stmt, "HYC00", "this type or length does not travel"));
    code = call(stmt, OG_REMOTE_SQLGetData,
                (const int64_t[4]){column, c_type, max_bytes, buffers(value, indicator)}, NULL, 0);
    if (stmt->remote->is_lost || code == SQL_INVALID_HANDLE)
        return leave(stmt, code);
    if (reply->n_bytes > (uint64_t)n_cell)
        return leave(stmt, lost(stmt));
    if (value)
        memcpy(value, stmt->remote->bytes, reply->n_bytes);
    if (indicator && reply->outs[0] != OG_REMOTE_UNWRITTEN)
        *indicator = (SQLLEN)reply->outs[0];
    return leave(stmt, code);
}

REMOTE(SQLNumResultCols)(SQLHSTMT handle, SQLSMALLINT *n)
{
    struct object *stmt = handle;
    SQLRETURN code;

    enter(stmt);
    code = call(stmt, OG_REMOTE_SQLNumResultCols, NULL, NULL, 0);
    if (SQL_SUCCEEDED(code) && n)
        *n = (SQLSMALLINT)stmt->remote->reply.outs[0];
    return leave(stmt, code);
}

REMOTE(SQLRowCount)(SQLHSTMT handle, SQLLEN *n)
{
    struct object *stmt = handle;
    SQLRETURN code;

    enter(stmt);
    code = call(stmt, OG_REMOTE_SQLRowCount, NULL, NULL, 0);
    if (SQL_SUCCEEDED(code) && n)
        *n = (SQLLEN)stmt->remote->reply.outs[0];
    return leave(stmt, code);
}

REMOTE(SQLDescribeCol)(SQLHSTMT handle, SQLUSMALLINT column, SQLCHAR *name, SQLSMALLINT max_name,
                       SQLSMALLINT *n_name, SQLSMALLINT *type, SQLULEN *size, SQLSMALLINT *digits,
                       SQLSMALLINT *nullable)
{
    struct object *stmt = handle;
    const struct og_remote_reply *reply = &stmt->remote->reply;
    SQLRETURN code;

    enter(stmt);
    if (max_name < 0)
        return leave(stmt, refuse(stmt, "HY090", "invalid string or buffer length"));
    code = call(stmt, OG_REMOTE_SQLDescribeCol, (const int64_t[4]){column, max_name, name != NULL},
                NULL, 0);
    if (!SQL_SUCCEEDED(code))
        return leave(stmt, code);
    put_text(name, (size_t)max_name, stmt->remote->bytes, reply->n_bytes);
    if (n_name)
        *n_name = (SQLSMALLINT)reply->outs[0];
    if (type)
        *type = (SQLSMALLINT)reply->outs[1];
    if (size)
        *size = (SQLULEN)reply->outs[2];
    if (digits)
        *digits = (SQLSMALLINT)reply->outs[3];
    if (nullable)
        *nullable = (SQLSMALLINT)reply->outs[4];
    return leave(stmt, code);
}

REMOTE(SQLGetDiagRec)(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT number, SQLCHAR *state,
                      SQLINTEGER *native, SQLCHAR *text, SQLSMALLINT max_text, SQLSMALLINT *n_text)
{
    struct object *object = handle;
    const struct remote *remote = object->remote;
    SQLRETURN code;

    (void)type;
    enter(object);
    if (object->diag.n_records) /* the call never reached the worker, or was refused there */
        return leave(object, og_diag_get_rec(&object->diag, false, number, state, native, text,
                                             max_text, n_text));
    if (remote->is_lost)
        return leave(object, SQL_NO_DATA);
    if (max_text < 0)
        return leave(object, SQL_ERROR);
    code = call(object, OG_REMOTE_SQLGetDiagRec, (const int64_t[4]){number, max_text, text != NULL},
                NULL, 0);
    if (!SQL_SUCCEEDED(code) || remote->reply.n_bytes < 6)
        return leave(object, code);
    put_text(state, 6, remote->bytes, 5);
    if (native)
        *native = (SQLINTEGER)remote->reply.outs[0];
    put_text(text, (size_t)max_text, remote->bytes + 6, remote->reply.n_bytes - 6);
    if (n_text)
        *n_text = (SQLSMALLINT)remote->reply.outs[1];
    return leave(object, code);
}

/* From any thread, while another call runs: the second socket, and no record but the code. */
REMOTE(SQLCancel)(SQLHSTMT handle)
{
    struct object *stmt = handle;
    struct remote *remote = stmt->remote;
    struct og_remote_request ask = {.call = OG_REMOTE_SQLCancel, .handle = stmt->handle};
    struct og_remote_reply reply = {.code = SQL_ERROR};

    (void)pthread_mutex_lock(&remote->cancel_lock);
    if (og_remote_send(remote->cancel_fd, &ask, sizeof(ask), CLOSE_MS) != 0 ||
        og_remote_receive(remote->cancel_fd, &reply, sizeof(reply), CLOSE_MS) != 0)
        (void)shutdown(remote->cancel_fd, SHUT_RDWR); /* out of step: no later cancel either */
    (void)pthread_mutex_unlock(&remote->cancel_lock);
    return reply.code == SQL_SUCCESS || reply.code == SQL_SUCCESS_WITH_INFO ? SQL_SUCCESS
                                                                            : SQL_ERROR;
}

/* ---- opening and closing ---- */

static void close_layer(struct og_layer *layer)
{
    struct remote *remote = layer->context;
    int64_t end = now_ms() + CLOSE_MS;
    bool is_gone;

    /* Workers forked later hold copies of our ends, so closing alone would not be the end. */
    (void)shutdown(remote->fd, SHUT_RDWR);
    (void)shutdown(remote->cancel_fd, SHUT_RDWR);
    while (!(is_gone = waitpid(remote->pid, NULL, WNOHANG) != 0) && now_ms() < end)
        (void)usleep(2000);
    if (!is_gone) {
        (void)kill(remote->pid, SIGKILL);
        (void)waitpid(remote->pid, NULL, 0);
    }
    (void)close(remote->fd);
    (void)close(remote->cancel_fd);
    (void)pthread_mutex_destroy(&remote->lock);
    (void)pthread_mutex_destroy(&remote->cancel_lock);
    og_diag_release(&remote->dbc.diag);
    free(remote);
    layer->context = NULL;
}

/* Returns: whether the worker runs. */
static bool start(struct remote *remote, const struct og_conf *conf)
{
    int calls[2], cancels[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, calls) != 0)
        return false;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, cancels) != 0) {
        (void)close(calls[0]);
        (void)close(calls[1]);
        return false;
    }
    remote->fd = calls[0];
    remote->cancel_fd = cancels[0];
    remote->pid = fork();
    if (remote->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)close(calls[0]);
        (void)close(cancels[0]);
        og_remote_serve(calls[1], cancels[1], conf, og_remote_config.worker_opens);
        _exit(0);
    }
    (void)close(calls[1]);
    (void)close(cancels[1]);
    if (remote->pid > 0)
        return true;
    (void)close(calls[0]);
    (void)close(cancels[0]);
    return false;
}

SQLRETURN og_remote_open(const struct og_conf *conf, SQLINTEGER odbc_version, struct og_diag *diag,
                         struct og_layer *out)
{
    struct remote *remote = calloc(1, sizeof(*remote));

    memset(out, 0, sizeof(*out));
    if (!remote || !start(remote, conf)) {
        free(remote);
        og_diag_add_state(diag, "HY000", "[odbcguard] no worker could be started");
        return SQL_ERROR;
    }
    (void)pthread_mutex_init(&remote->lock, NULL);
    (void)pthread_mutex_init(&remote->cancel_lock, NULL);
    remote->deadline_ms = og_remote_config.deadline_ms;
    remote->dbc.remote = remote;
    *out = (struct og_layer){
        .calls = &remote->calls, .dbc = &remote->dbc, .close = close_layer, .context = remote};
    if (call(&remote->dbc, OG_REMOTE_HELLO, (const int64_t[4]){odbc_version}, NULL, 0) !=
        SQL_SUCCESS) {
        remote->bytes[5] = 0;
        remote->bytes[remote->reply.n_bytes < 4096 ? remote->reply.n_bytes : 4096] = 0;
        if (remote->is_lost || remote->reply.n_bytes < 6)
            og_diag_add_state(diag, "08001", "[odbcguard] the worker opened no layer");
        else
            og_diag_add_raw(diag, (const char *)remote->bytes, (SQLINTEGER)remote->reply.outs[0],
                            (const char *)remote->bytes + 6);
        close_layer(out);
        return SQL_ERROR;
    }
    /* What the layer over there has not, this one has not. */
#define FILL(name)                                                      \
    if (remote->reply.outs[0] & INT64_C(1) << OG_REMOTE_##name)         \
        remote->calls.name = remote_##name;
    OG_REMOTE_CALLS(FILL)
#undef FILL
    return SQL_SUCCESS;
}

pid_t og_remote_pid(const struct og_layer *layer)
{
    const struct remote *remote = layer->context;

    return remote->pid;
}

SQLRETURN og_remote_raw(const struct og_layer *layer, const struct og_remote_request *request)
{
    struct remote *remote = layer->context;

    if (exchange(remote, request, NULL, 0) != 0)
        return lost(&remote->dbc);
    return (SQLRETURN)remote->reply.code;
}

/* SPDX-License-Identifier: MIT */
/* The far side: checks every number that came over the wire, then calls the layer. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/placement/remote.h"

struct slot {
    SQLHSTMT below; /* NULL: free */
    size_t n_rows;
    SQLULEN n_fetched;
    SQLUSMALLINT *status; /* n_rows of them */
    struct og_remote_binding bindings[OG_REMOTE_MAX_COLUMNS];
};

static struct worker {
    struct og_layer layer;
    const struct og_conf *conf;
    og_layer_open *open;
    int cancel_fd;
    bool is_open;
    pthread_mutex_t lock; /* of slots' below, against the canceller */
    struct slot slots[OG_REMOTE_MAX_STATEMENTS];
    uint8_t in[OG_REMOTE_MAX_BYTES + 1], out[OG_REMOTE_MAX_BYTES];
} worker = {.lock = PTHREAD_MUTEX_INITIALIZER};

#define SERVE(name)                                                                       \
    static SQLRETURN serve_##name(struct slot *slot, const struct og_remote_request *ask, \
                                  struct og_remote_reply *reply)
#define BELOW(name) worker.layer.calls->name

static void release_bindings(struct slot *slot)
{
    for (size_t i = 0; i < OG_REMOTE_MAX_COLUMNS; i++) {
        free(slot->bindings[i].values);
        free(slot->bindings[i].indicators);
        slot->bindings[i] = (struct og_remote_binding){.is_bound = false};
    }
}

static void release_slot(struct slot *slot)
{
    release_bindings(slot);
    free(slot->status);
    *slot = (struct slot){.below = NULL};
}

/* ---- connection ---- */

SERVE(HELLO)
{
    struct og_diag diag = {0};
    SQLRETURN code;

    (void)slot;
    if (worker.is_open)
        return OG_REMOTE_REFUSED;
    code = worker.open(worker.conf, (SQLINTEGER)ask->args[0], &diag, &worker.layer);
    worker.is_open = code == SQL_SUCCESS;
    if (!worker.is_open) {
        if (!diag.n_records)
            return SQL_ERROR;
        memcpy(worker.out, diag.records[0].sqlstate, 6);
        reply->outs[0] = diag.records[0].native;
        reply->n_bytes = 6 + (uint32_t)strnlen(diag.records[0].text, 4000);
        memcpy(worker.out + 6, diag.records[0].text, reply->n_bytes - 6);
        return SQL_ERROR;
    }
#define HAS(name)                      \
    if (BELOW(name))                   \
        reply->outs[0] |= INT64_C(1) << OG_REMOTE_##name;
    OG_REMOTE_CALLS(HAS)
#undef HAS
    return code;
}

SERVE(SQLDriverConnect)
{
    SQLCHAR shown[1024];
    SQLSMALLINT n_shown;

    (void)slot, (void)reply;
    if (ask->n_bytes > INT16_MAX)
        return OG_REMOTE_REFUSED;
    return BELOW(SQLDriverConnect)(worker.layer.dbc, NULL, worker.in, (SQLSMALLINT)ask->n_bytes,
                                   shown, (SQLSMALLINT)sizeof(shown), &n_shown,
                                   SQL_DRIVER_NOPROMPT);
}

SERVE(SQLDisconnect)
{
    SQLRETURN code;

    (void)slot, (void)ask, (void)reply;
    (void)pthread_mutex_lock(&worker.lock);
    code = BELOW(SQLDisconnect)(worker.layer.dbc);
    for (size_t i = 0; SQL_SUCCEEDED(code) && i < OG_REMOTE_MAX_STATEMENTS; i++)
        release_slot(&worker.slots[i]);
    (void)pthread_mutex_unlock(&worker.lock);
    return code;
}

SERVE(SQLSetConnectAttr)
{
    (void)slot, (void)reply;
    if (ask->args[0] != SQL_ATTR_AUTOCOMMIT)
        return OG_REMOTE_REFUSED;
    return BELOW(SQLSetConnectAttr)(worker.layer.dbc, SQL_ATTR_AUTOCOMMIT,
                                    (SQLPOINTER)(uintptr_t)(ask->args[1] != 0), SQL_IS_UINTEGER);
}

SERVE(SQLEndTran)
{
    (void)slot, (void)reply;
    if (ask->args[0] != SQL_COMMIT && ask->args[0] != SQL_ROLLBACK)
        return OG_REMOTE_REFUSED;
    return BELOW(SQLEndTran)(SQL_HANDLE_DBC, worker.layer.dbc, (SQLSMALLINT)ask->args[0]);
}

/* ---- statements ---- */

static SQLRETURN own_counters(struct slot *slot)
{
    SQLRETURN code = BELOW(SQLSetStmtAttr)(slot->below, SQL_ATTR_ROWS_FETCHED_PTR,
                                           &slot->n_fetched, SQL_IS_POINTER);

    if (SQL_SUCCEEDED(code))
        code = BELOW(SQLSetStmtAttr)(slot->below, SQL_ATTR_ROW_STATUS_PTR, slot->status,
                                     SQL_IS_POINTER);
    return SQL_SUCCEEDED(code) ? SQL_SUCCESS : code;
}

SERVE(SQLAllocHandle)
{
    SQLRETURN code;
    SQLHSTMT below = NULL;
    size_t at = 0;

    (void)slot, (void)ask;
    while (at < OG_REMOTE_MAX_STATEMENTS && worker.slots[at].below)
        at++;
    if (at == OG_REMOTE_MAX_STATEMENTS)
        return OG_REMOTE_REFUSED;
    code = BELOW(SQLAllocHandle)(SQL_HANDLE_STMT, worker.layer.dbc, &below);
    if (!SQL_SUCCEEDED(code))
        return code;
    (void)pthread_mutex_lock(&worker.lock);
    worker.slots[at] = (struct slot){
        .below = below, .n_rows = 1, .status = calloc(1, sizeof(SQLUSMALLINT))};
    (void)pthread_mutex_unlock(&worker.lock);
    reply->outs[0] = (int64_t)at + 1;
    return worker.slots[at].status ? own_counters(&worker.slots[at]) : OG_REMOTE_REFUSED;
}

SERVE(SQLFreeHandle)
{
    SQLRETURN code;

    (void)ask, (void)reply;
    (void)pthread_mutex_lock(&worker.lock);
    code = BELOW(SQLFreeHandle)(SQL_HANDLE_STMT, slot->below);
    if (SQL_SUCCEEDED(code))
        release_slot(slot);
    (void)pthread_mutex_unlock(&worker.lock);
    return code;
}

SERVE(SQLFreeStmt)
{
    SQLRETURN code;

    (void)reply;
    if (ask->args[0] != SQL_CLOSE && ask->args[0] != SQL_UNBIND && ask->args[0] != SQL_RESET_PARAMS)
        return OG_REMOTE_REFUSED;
    code = BELOW(SQLFreeStmt)(slot->below, (SQLUSMALLINT)ask->args[0]);
    if (SQL_SUCCEEDED(code) && ask->args[0] == SQL_UNBIND)
        release_bindings(slot);
    return code;
}

SERVE(SQLExecDirect)
{
    (void)reply;
    if (ask->n_bytes > OG_REMOTE_MAX_TEXT_BYTES)
        return OG_REMOTE_REFUSED;
    return BELOW(SQLExecDirect)(slot->below, worker.in, (SQLINTEGER)ask->n_bytes);
}

SERVE(SQLPrepare)
{
    (void)reply;
    if (ask->n_bytes > OG_REMOTE_MAX_TEXT_BYTES)
        return OG_REMOTE_REFUSED;
    return BELOW(SQLPrepare)(slot->below, worker.in, (SQLINTEGER)ask->n_bytes);
}

SERVE(SQLExecute)
{
    (void)ask, (void)reply;
    return BELOW(SQLExecute)(slot->below);
}

SERVE(SQLNumResultCols)
{
    SQLSMALLINT n = 0;
    SQLRETURN code = BELOW(SQLNumResultCols)(slot->below, &n);

    (void)ask;
    reply->outs[0] = n;
    return code;
}

SERVE(SQLRowCount)
{
    SQLLEN n = 0;
    SQLRETURN code = BELOW(SQLRowCount)(slot->below, &n);

    (void)ask;
    reply->outs[0] = n;
    return code;
}

/* args: column, room for the name, whether there is any */
SERVE(SQLDescribeCol)
{
    SQLSMALLINT n_name = 0, type = 0, digits = 0, nullable = 0;
    SQLULEN size = 0;
    SQLRETURN code;

    if (ask->args[0] < 0 || ask->args[0] > UINT16_MAX || ask->args[1] < 0 ||
        ask->args[1] > INT16_MAX)
        return OG_REMOTE_REFUSED;
    worker.out[0] = 0;
    code = BELOW(SQLDescribeCol)(slot->below, (SQLUSMALLINT)ask->args[0],
                                 ask->args[2] ? worker.out : NULL, (SQLSMALLINT)ask->args[1],
                                 &n_name, &type, &size, &digits, &nullable);
    memcpy(reply->outs, (const int64_t[]){n_name, type, (int64_t)size, digits, nullable},
           sizeof(reply->outs));
    if (ask->args[2])
        reply->n_bytes = (uint32_t)strnlen((const char *)worker.out, (size_t)ask->args[1]);
    return code;
}

/* args: number, room for the text, whether there is any. Answers the state, then the text. */
SERVE(SQLGetDiagRec)
{
    SQLINTEGER native = 0;
    SQLSMALLINT n_text = 0;
    SQLRETURN code;

    if (ask->args[0] < INT16_MIN || ask->args[0] > INT16_MAX || ask->args[1] < 0 ||
        ask->args[1] > INT16_MAX)
        return OG_REMOTE_REFUSED;
    memset(worker.out, 0, 7);
    code = BELOW(SQLGetDiagRec)(slot ? SQL_HANDLE_STMT : SQL_HANDLE_DBC,
                                slot ? slot->below : worker.layer.dbc, (SQLSMALLINT)ask->args[0],
                                worker.out, &native, ask->args[2] ? worker.out + 6 : NULL,
                                (SQLSMALLINT)ask->args[1], &n_text);
    reply->outs[0] = native;
    reply->outs[1] = n_text;
    reply->n_bytes = 6;
    if (ask->args[2])
        reply->n_bytes += (uint32_t)strnlen((const char *)worker.out + 6, (size_t)ask->args[1]);
    return code;
}

/* ---- rows ---- */

/* Binds a column to new buffers for slot->n_rows rows; what was bound stays if it fails. */
static SQLRETURN bind_new(struct slot *slot, size_t column, struct og_remote_binding binding,
                          int64_t max_bytes)
{
    SQLRETURN code;

    binding.values = binding.is_bound ? calloc(slot->n_rows, binding.n_cell + 1) : NULL;
    binding.indicators = binding.has_indicator ? calloc(slot->n_rows, sizeof(SQLLEN)) : NULL;
    if ((binding.is_bound && !binding.values) || (binding.has_indicator && !binding.indicators))
        _exit(1);
    code = BELOW(SQLBindCol)(slot->below, (SQLUSMALLINT)column, binding.c_type, binding.values,
                             (SQLLEN)max_bytes, binding.indicators);
    if (SQL_SUCCEEDED(code)) {
        struct og_remote_binding old = slot->bindings[column];

        slot->bindings[column] = binding;
        binding = old;
    }
    free(binding.values);
    free(binding.indicators);
    return code;
}

/* args: column, C type, room, 1: a buffer + 2: an indicator */
SERVE(SQLBindCol)
{
    struct og_remote_binding all[OG_REMOTE_MAX_COLUMNS], binding = {.is_bound = false};
    int64_t n_cell;

    (void)reply;
    if (ask->args[0] < 0 || ask->args[0] >= OG_REMOTE_MAX_COLUMNS || ask->args[1] < INT16_MIN ||
        ask->args[1] > INT16_MAX)
        return OG_REMOTE_REFUSED;
    n_cell = og_remote_cell((SQLSMALLINT)ask->args[1], ask->args[2]);
    if (n_cell < 0)
        return OG_REMOTE_REFUSED;
    binding = (struct og_remote_binding){.is_bound = ask->args[3] & 1,
                                         .has_indicator = (ask->args[3] & 2) != 0,
                                         .c_type = (SQLSMALLINT)ask->args[1],
                                         .n_cell = (size_t)n_cell};
    memcpy(all, slot->bindings, sizeof(all));
    all[ask->args[0]] = binding;
    if (og_remote_block(all, slot->n_rows) > OG_REMOTE_MAX_BYTES)
        return OG_REMOTE_REFUSED;
    return bind_new(slot, (size_t)ask->args[0], binding, ask->args[2]);
}

static SQLRETURN set_n_rows(struct slot *slot, int64_t n, struct og_remote_reply *reply)
{
    SQLULEN n_rows = (SQLULEN)n;
    SQLUSMALLINT *status;
    SQLRETURN code;

    if (n < 0 || n > OG_REMOTE_MAX_ROWS ||
        og_remote_block(slot->bindings, (size_t)n) > OG_REMOTE_MAX_BYTES)
        return OG_REMOTE_REFUSED;
    code = BELOW(SQLSetStmtAttr)(slot->below, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)n_rows,
                                 SQL_IS_UINTEGER);
    if (!SQL_SUCCEEDED(code))
        return code;
    /* A driver may take another size (01S02), so it is asked. */
    if (BELOW(SQLGetStmtAttr))
        (void)BELOW(SQLGetStmtAttr)(slot->below, SQL_ATTR_ROW_ARRAY_SIZE, &n_rows,
                                    SQL_IS_UINTEGER, NULL);
    status = calloc(n_rows, sizeof(*status));
    if (!n_rows || n_rows > OG_REMOTE_MAX_ROWS || !status)
        _exit(1);
    free(slot->status);
    slot->status = status;
    slot->n_rows = n_rows;
    reply->outs[0] = (int64_t)n_rows;
    if (own_counters(slot) != SQL_SUCCESS)
        _exit(1);
    for (size_t i = 0; i < OG_REMOTE_MAX_COLUMNS; i++) {
        struct og_remote_binding binding = slot->bindings[i];

        if (binding.is_bound && !SQL_SUCCEEDED(bind_new(slot, i, binding, (int64_t)binding.n_cell)))
            _exit(1); /* the driver would write through the smaller buffer */
    }
    return code;
}

SERVE(SQLSetStmtAttr)
{
    switch (ask->args[0]) {
    case SQL_ATTR_ROW_ARRAY_SIZE:
        return set_n_rows(slot, ask->args[1], reply);
    case SQL_ATTR_QUERY_TIMEOUT:
    case SQL_ATTR_MAX_ROWS:
    case SQL_ATTR_MAX_LENGTH:
    case SQL_ATTR_NOSCAN:
    case SQL_ATTR_CURSOR_TYPE:
    case SQL_ATTR_CONCURRENCY:
        return BELOW(SQLSetStmtAttr)(slot->below, (SQLINTEGER)ask->args[0],
                                     (SQLPOINTER)(uintptr_t)ask->args[1], SQL_IS_UINTEGER);
    default:
        return OG_REMOTE_REFUSED; /* numbers only: a pointer of the other side is never set */
    }
}

static SQLRETURN put_block(struct slot *slot, SQLRETURN code, struct og_remote_reply *reply)
{
    uint8_t *at = worker.out;

    reply->n_bytes = (uint32_t)og_remote_block(slot->bindings, slot->n_rows);
    reply->outs[0] = (int64_t)slot->n_fetched;
    memcpy(at, slot->status, slot->n_rows * sizeof(uint16_t));
    at += slot->n_rows * sizeof(uint16_t);
    for (size_t i = 0; i < OG_REMOTE_MAX_COLUMNS; i++) {
        const struct og_remote_binding *binding = &slot->bindings[i];

        if (!binding->is_bound)
            continue;
        for (size_t row = 0; row < slot->n_rows; row++, at += sizeof(int64_t)) {
            int64_t indicator = binding->has_indicator ? (int64_t)binding->indicators[row] : 0;

            memcpy(at, &indicator, sizeof(indicator));
        }
        memcpy(at, binding->values, slot->n_rows * binding->n_cell);
        at += slot->n_rows * binding->n_cell;
    }
    return code;
}

static void prepare_block(struct slot *slot)
{
    slot->n_fetched = (SQLULEN)OG_REMOTE_UNWRITTEN;
    memset(slot->status, 0xff, slot->n_rows * sizeof(*slot->status));
    for (size_t i = 0; i < OG_REMOTE_MAX_COLUMNS; i++) {
        struct og_remote_binding *binding = &slot->bindings[i];

        if (binding->is_bound)
            memset(binding->values, 0, slot->n_rows * binding->n_cell);
        for (size_t row = 0; binding->has_indicator && row < slot->n_rows; row++)
            binding->indicators[row] = OG_REMOTE_UNWRITTEN;
    }
}

SERVE(SQLFetch)
{
    (void)ask;
    prepare_block(slot);
    return put_block(slot, BELOW(SQLFetch)(slot->below), reply);
}

SERVE(SQLFetchScroll)
{
    if (ask->args[0] != SQL_FETCH_NEXT)
        return OG_REMOTE_REFUSED;
    prepare_block(slot);
    return put_block(slot, BELOW(SQLFetchScroll)(slot->below, SQL_FETCH_NEXT, 0), reply);
}

/* args: column, C type, room, 1: a buffer + 2: an indicator */
SERVE(SQLGetData)
{
    bool has_value = ask->args[3] & 1, has_indicator = (ask->args[3] & 2) != 0;
    SQLLEN indicator = OG_REMOTE_UNWRITTEN;
    int64_t n_cell = -1;
    SQLRETURN code;

    if (ask->args[0] >= 0 && ask->args[0] <= UINT16_MAX && ask->args[1] >= INT16_MIN &&
        ask->args[1] <= INT16_MAX)
        n_cell = og_remote_cell((SQLSMALLINT)ask->args[1], ask->args[2]);
    if (n_cell < 0 || n_cell > OG_REMOTE_MAX_BYTES)
        return OG_REMOTE_REFUSED;
    memset(worker.out, 0, (size_t)n_cell);
    code = BELOW(SQLGetData)(slot->below, (SQLUSMALLINT)ask->args[0], (SQLSMALLINT)ask->args[1],
                             has_value ? worker.out : NULL, (SQLLEN)ask->args[2],
                             has_indicator ? &indicator : NULL);
    reply->outs[0] = indicator;
    /* At the end of a value a driver may leave an empty text and say so in the indicator. */
    if (has_value && (SQL_SUCCEEDED(code) || (code == SQL_NO_DATA && has_indicator)))
        reply->n_bytes = (uint32_t)og_remote_n_used((SQLSMALLINT)ask->args[1], worker.out,
                                                    (size_t)n_cell, has_indicator, indicator);
    return code;
}

/* ---- the loops ---- */

SERVE(SQLCancel) /* has its own way: served here it would come after what it should stop */
{
    (void)slot, (void)ask, (void)reply;
    return OG_REMOTE_REFUSED;
}

static const struct {
    SQLRETURN (*serve)(struct slot *, const struct og_remote_request *, struct og_remote_reply *);
} table[OG_REMOTE_N_CALLS] = {
    [OG_REMOTE_HELLO] = {serve_HELLO},
#define SERVED(name) [OG_REMOTE_##name] = {serve_##name},
    OG_REMOTE_CALLS(SERVED)
#undef SERVED
};

static bool is_for_connection(uint32_t call)
{
    return call == OG_REMOTE_HELLO || call == OG_REMOTE_SQLAllocHandle ||
           call == OG_REMOTE_SQLDriverConnect || call == OG_REMOTE_SQLDisconnect ||
           call == OG_REMOTE_SQLSetConnectAttr || call == OG_REMOTE_SQLEndTran;
}

/* Whether the layer has the function; an absent one is never called, whatever a client asks. */
static bool is_there(uint32_t call)
{
    switch (call) {
#define THERE(name)          \
    case OG_REMOTE_##name:   \
        return BELOW(name) != NULL;
        OG_REMOTE_CALLS(THERE)
#undef THERE
    default:
        return false;
    }
}

static SQLRETURN answer(const struct og_remote_request *ask, struct og_remote_reply *reply)
{
    struct slot *slot = NULL;

    if (ask->call >= OG_REMOTE_N_CALLS || worker.is_open != (ask->call != OG_REMOTE_HELLO) ||
        (worker.is_open && !is_there(ask->call)))
        return OG_REMOTE_REFUSED;
    if (ask->handle > OG_REMOTE_MAX_STATEMENTS)
        return SQL_INVALID_HANDLE;
    if (ask->handle) {
        slot = &worker.slots[ask->handle - 1];
        if (!slot->below)
            return SQL_INVALID_HANDLE;
    }
    if (ask->call != OG_REMOTE_SQLGetDiagRec && is_for_connection(ask->call) != !slot)
        return SQL_INVALID_HANDLE;
    return table[ask->call].serve(slot, ask, reply);
}

static void *cancel_loop(void *unused)
{
    struct og_remote_request ask;
    struct og_remote_reply reply;

    while (og_remote_receive(worker.cancel_fd, &ask, sizeof(ask), -1) == 0) {
        reply = (struct og_remote_reply){.code = SQL_INVALID_HANDLE};
        if (ask.call != OG_REMOTE_SQLCancel || ask.n_bytes)
            break;
        (void)pthread_mutex_lock(&worker.lock);
        if (ask.handle && ask.handle <= OG_REMOTE_MAX_STATEMENTS &&
            worker.slots[ask.handle - 1].below && is_there(ask.call))
            reply.code = BELOW(SQLCancel)(worker.slots[ask.handle - 1].below);
        (void)pthread_mutex_unlock(&worker.lock);
        if (og_remote_send(worker.cancel_fd, &reply, sizeof(reply), -1) != 0)
            break;
    }
    return unused;
}

void og_remote_serve(int fd, int cancel_fd, const struct og_conf *conf, og_layer_open *open)
{
    struct og_remote_request ask;
    struct og_remote_reply reply;
    pthread_t canceller;

    worker.conf = conf;
    worker.open = open;
    worker.cancel_fd = cancel_fd;
    if (pthread_create(&canceller, NULL, cancel_loop, NULL) != 0)
        return;
    while (og_remote_receive(fd, &ask, sizeof(ask), -1) == 0) {
        if (ask.n_bytes > OG_REMOTE_MAX_BYTES || ask.zero)
            return;
        if (og_remote_receive(fd, worker.in, ask.n_bytes, -1) != 0)
            return;
        worker.in[ask.n_bytes] = 0;
        memset(&reply, 0, sizeof(reply));
        reply.code = answer(&ask, &reply);
        if (og_remote_send(fd, &reply, sizeof(reply), -1) != 0 ||
            og_remote_send(fd, worker.out, reply.n_bytes, -1) != 0)
            return;
    }
}

/* SPDX-License-Identifier: MIT */
/* remote.h - a second placement of the layers, kept as a test: the call table over socket pairs to a
 * worker process that runs the layer below. Proves that entry points and guard need not know on
 * which side they are. Is not: a broker. It serves what OG_REMOTE_CALLS lists, the worker is
 * forked and not authenticated, and both ends are one build, so structs travel as they are.
 *
 * One socket pair carries calls, one at a time; a second one carries SQLCancel, so that it does not
 * wait for the running call. No pointer travels: a handle is 0 for the connection or 1 + a slot of
 * the worker's table, buffers are the worker's own and their bytes are sent. */
#ifndef OG_TESTS_PLACEMENT_REMOTE_H
#define OG_TESTS_PLACEMENT_REMOTE_H

#include <sys/types.h>

#include "driver/calls.h"

#define OG_REMOTE_MAX_BYTES (1024u * 1024u) /* what follows one request or reply */
#define OG_REMOTE_MAX_STATEMENTS 64u
#define OG_REMOTE_MAX_COLUMNS 64u
#define OG_REMOTE_MAX_ROWS 4096u
#define OG_REMOTE_MAX_TEXT_BYTES (64u * 1024u) /* SQL or connection string */

#define OG_REMOTE_CALLS(X)                                                                      \
    X(SQLAllocHandle) X(SQLFreeHandle) X(SQLFreeStmt) X(SQLDriverConnect) X(SQLDisconnect)      \
    X(SQLSetConnectAttr) X(SQLEndTran) X(SQLExecDirect) X(SQLPrepare) X(SQLExecute)             \
    X(SQLBindCol) X(SQLFetch) X(SQLFetchScroll) X(SQLGetData) X(SQLNumResultCols)               \
    X(SQLDescribeCol) X(SQLRowCount) X(SQLGetDiagRec) X(SQLSetStmtAttr) X(SQLCancel)

enum og_remote_call {
    OG_REMOTE_HELLO = 0, /* args: ODBC version. Answers with a bit per call that the layer has */
#define OG_REMOTE_ENUM(name) OG_REMOTE_##name,
    OG_REMOTE_CALLS(OG_REMOTE_ENUM)
#undef OG_REMOTE_ENUM
        OG_REMOTE_N_CALLS
};

struct og_remote_request {
    uint32_t n_bytes; /* that follow */
    uint32_t call;
    uint32_t handle;
    uint32_t zero;
    int64_t args[4];
};

#define OG_REMOTE_REFUSED (-1000)      /* a code of no ODBC call: not served, or out of bounds */
#define OG_REMOTE_UNWRITTEN INT64_MIN  /* the driver did not write this number */
#define OG_REMOTE_STATUS_UNWRITTEN 0xffffu

struct og_remote_reply {
    uint32_t n_bytes;
    int32_t code;
    int64_t outs[5];
};

/* One bound column. After SQLFetch a reply holds a uint16_t status per row, then for each bound column
 * in order an int64_t indicator per row and n_cell bytes per row. */
struct og_remote_binding {
    bool is_bound;
    bool has_indicator;
    SQLSMALLINT c_type;
    size_t n_cell;
    void *values;      /* client: the application's; worker: its own */
    SQLLEN *indicators;
};

/* Bytes of one cell of c_type in a buffer of max_bytes. Returns: < 0 for types that are not served. */
int64_t og_remote_cell(SQLSMALLINT c_type, int64_t max_bytes);
/* Bytes of a cell that ODBC defines, given what the driver wrote as its indicator. */
size_t og_remote_n_used(SQLSMALLINT c_type, const uint8_t *cell, size_t n_cell, bool has_indicator,
                        int64_t indicator);
/* Bytes of the reply to a fetch of n_rows. */
size_t og_remote_block(const struct og_remote_binding *bindings, size_t n_rows);

/* Sends or receives exactly n bytes. deadline_ms < 0: none. Returns: 0; -ETIMEDOUT, -ECONNRESET. */
OG_MUST int og_remote_send(int fd, const void *bytes, size_t n, int deadline_ms);
OG_MUST int og_remote_receive(int fd, void *bytes, size_t n, int deadline_ms);

/* What the next og_remote_open does. worker_opens: the layer that runs in the worker;
 * og_guard_open here puts the guard on the far side. deadline_ms: for every reply, < 0: none. */
struct og_remote_config {
    og_layer_open *worker_opens;
    int deadline_ms;
};
extern struct og_remote_config og_remote_config;

/* Forks a worker and opens its layer. The caller is single-threaded. See og_layer_open. */
og_layer_open og_remote_open;
pid_t og_remote_pid(const struct og_layer *layer);
/* For tests of the worker's own checks: sends a request as it is. Returns: the reply's code, or
 * SQL_ERROR with the link lost. */
SQLRETURN og_remote_raw(const struct og_layer *layer, const struct og_remote_request *request);

/* The worker: serves until the client is gone. */
void og_remote_serve(int fd, int cancel_fd, const struct og_conf *conf, og_layer_open *open);

#endif

/* SPDX-License-Identifier: MIT */
/* worker_task.c - one statement of the guard's own for guardfs itself: an undo set is taken back over the
 * credentials that guardfs holds, as whoever saved it to undo/u-.../apply. The same guard decides and
 * records it as over any connection. The answer is text on the link: "done" or "not done", and messages. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "driver/wide.h"
#include "driver/worker_parts.h"

#define MAX_ANSWER_BYTES (64u * 1024u)
#define MAX_MESSAGES 50

static void put_message(struct og_buf *out, const char *text)
{
    static const char product[] = "[odbcguard] ";

    if (strncmp(text, product, sizeof(product) - 1) == 0)
        text += sizeof(product) - 1;
    og_buf_append_str(out, text);
    og_buf_append_char(out, '\n');
}

static void gather(const struct og_worker *worker, SQLSMALLINT kind, SQLHANDLE handle, struct og_buf *out)
{
    const struct og_calls *calls = worker->layer.calls;
    SQLWCHAR wide[4096], wide_state[6];
    SQLCHAR text[4096], state[6];
    SQLINTEGER native;
    SQLSMALLINT n;

    for (SQLSMALLINT i = 1; i <= MAX_MESSAGES; i++) {
        if (calls->SQLGetDiagRec) {
            if (!SQL_SUCCEEDED(calls->SQLGetDiagRec(kind, handle, i, state, &native, text,
                                                    (SQLSMALLINT)sizeof(text), &n)))
                return;
            put_message(out, (const char *)text);
        } else {
            char *narrow;

            if (!calls->SQLGetDiagRecW ||
                !SQL_SUCCEEDED(calls->SQLGetDiagRecW(kind, handle, i, wide_state, &native, wide,
                                                     (SQLSMALLINT)OG_COUNT(wide), &n)))
                return;
            narrow = og_wide_to_utf8(wide, n < (SQLSMALLINT)OG_COUNT(wide) ? n : SQL_NTS);
            if (narrow)
                put_message(out, narrow);
            free(narrow);
        }
    }
}

static bool execute(const struct og_worker *worker, SQLHSTMT stmt)
{
    const struct og_calls *calls = worker->layer.calls;
    SQLWCHAR *wide;
    SQLRETURN code;

    if (calls->SQLExecDirect)
        return SQL_SUCCEEDED(calls->SQLExecDirect(stmt, (SQLCHAR *)worker->statement, SQL_NTS));
    wide = og_utf8_to_wide(worker->statement);
    code = wide && calls->SQLExecDirectW ? calls->SQLExecDirectW(stmt, wide, SQL_NTS) : SQL_ERROR;
    free(wide);
    return SQL_SUCCEEDED(code);
}

static bool run_statement(struct og_worker *worker, struct og_buf *out)
{
    const struct og_calls *calls = worker->layer.calls;
    SQLHSTMT stmt = NULL;
    bool is_done;

    if (!SQL_SUCCEEDED(calls->SQLAllocHandle
                           ? calls->SQLAllocHandle(SQL_HANDLE_STMT, worker->layer.dbc, &stmt)
                           : calls->SQLAllocStmt(worker->layer.dbc, &stmt))) {
        gather(worker, SQL_HANDLE_DBC, worker->layer.dbc, out);
        return false;
    }
    is_done = execute(worker, stmt);
    gather(worker, SQL_HANDLE_STMT, stmt, out);
    (void)(calls->SQLFreeHandle ? calls->SQLFreeHandle(SQL_HANDLE_STMT, stmt)
                                : calls->SQLFreeStmt(stmt, SQL_DROP));
    return is_done;
}

static bool run(struct og_worker *worker, struct og_buf *out)
{
    struct og_diag diag = {.n_records = 0};
    SQLRETURN code;

    worker->conf->approval_waits = false; /* nobody waits here: the request says how to go on */
    code = og_guard_open(worker->conf, SQL_OV_ODBC3, &diag, &worker->layer);
    if (code != SQL_SUCCESS && diag.n_records)
        put_message(out, diag.records[0].text);
    og_diag_release(&diag);
    if (code != SQL_SUCCESS)
        return false;
    worker->has_layer = true;
    if (!SQL_SUCCEEDED(og_worker_connect(worker, worker->layer.calls->SQLDriverConnectW != NULL))) {
        gather(worker, SQL_HANDLE_DBC, worker->layer.dbc, out);
        return false;
    }
    return run_statement(worker, out);
}

static void send_all(int fd, const char *at, size_t n_bytes)
{
    while (n_bytes) {
        ssize_t n = send(fd, at, n_bytes, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        at += n;
        n_bytes -= (size_t)n;
    }
}

void og_worker_run_task(struct og_worker *worker)
{
    struct og_buf text;
    bool is_done;

    og_buf_init(&text, MAX_ANSWER_BYTES);
    is_done = run(worker, &text);
    send_all(worker->fd, is_done ? "done\n" : "not done\n", is_done ? 5 : 9);
    send_all(worker->fd, og_buf_str(&text), text.n_bytes);
    og_buf_wipe(&text);
    worker->is_over = true;
}

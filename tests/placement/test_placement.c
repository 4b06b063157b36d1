/* SPDX-License-Identifier: MIT */
/* The second placement, as a proof: one script of calls goes through the entry points once with the
 * layer below in this process and once with it in a worker, and every return code, buffer,
 * indicator and diagnostic record is compared. Then what only a worker can do wrong: dying,
 * not answering, being asked for what it does not serve. */
#include <glob.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "driver/entry.h"
#include "driver/handle.h"
#include "tests/placement/remote.h"
#include "tests/tap.h"

#define FAR_COUNT                                                                              \
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 100000000000) " \
    "SELECT count(*) FROM c"
#define N_BLOCK 4
#define UNTOUCHED 0xa5

static og_layer_open *placement; /* what the entry layer opens next */
static char folder[] = "/tmp/og-placement-XXXXXX";

og_layer_open *og_layer_for(const struct og_conf *conf)
{
    (void)conf;
    return placement;
}

struct run {
    SQLHENV env;
    SQLHDBC dbc;
    SQLHSTMT stmt;
    struct og_buf seen; /* the transcript: one line per call */
};

/* ---- the transcript ---- */

static void note_diags(struct run *run, SQLSMALLINT type, SQLHANDLE handle)
{
    for (SQLSMALLINT i = 1; i < 10; i++) {
        SQLCHAR state[6] = "", text[512] = "";
        SQLINTEGER native = -1;
        SQLSMALLINT n = -1;
        SQLRETURN code = og_entry_SQLGetDiagRec(type, handle, i, state, &native, text,
                                                (SQLSMALLINT)sizeof(text), &n);

        og_buf_printf(&run->seen, " [%d", code);
        if (SQL_SUCCEEDED(code)) /* else what is in the buffers is the driver's business */
            og_buf_printf(&run->seen, " %s %d %d %s", state, (int)native, n, text);
        og_buf_append_char(&run->seen, ']');
        if (!SQL_SUCCEEDED(code))
            return;
    }
}

static SQLRETURN note(struct run *run, SQLSMALLINT type, SQLHANDLE handle, const char *what,
                      SQLRETURN code)
{
    og_buf_printf(&run->seen, "%s: %d", what, code);
    note_diags(run, type, handle);
    og_buf_append_char(&run->seen, '\n');
    return code;
}

static void note_bytes(struct run *run, const char *what, const void *bytes, size_t n)
{
    og_buf_printf(&run->seen, "  %s", what);
    for (size_t i = 0; i < n; i++)
        og_buf_printf(&run->seen, " %02x", ((const uint8_t *)bytes)[i]);
    og_buf_append_char(&run->seen, '\n');
}

/* ODBC defines a text up to its end and nothing of a NULL, and drivers differ from themselves in what
 * else they write (SQLite's clears both), so that is no result. What is behind max is. */
static void note_text(struct run *run, const char *what, void *text, size_t max, size_t n)
{
    size_t n_used = strnlen(text, max);

    if (n_used < max)
        memset((char *)text + n_used + 1, UNTOUCHED, max - n_used - 1);
    note_bytes(run, what, text, n);
}

static void note_cell(struct run *run, void *cell, size_t max, size_t n, SQLLEN indicator)
{
    if (indicator == SQL_NULL_DATA)
        memset(cell, UNTOUCHED, max);
    note_text(run, "cell", cell, max, n);
}

#define ON_DBC(call) note(run, SQL_HANDLE_DBC, run->dbc, #call, og_entry_##call)
#define ON_STMT(call) note(run, SQL_HANDLE_STMT, run->stmt, #call, og_entry_##call)
#define TEXT(text) (SQLCHAR *)(uintptr_t)(text), SQL_NTS
#define NUMBER(n) (SQLPOINTER)(uintptr_t)(n)

/* ---- the script ---- */

static void connect_with(struct run *run, const char *text)
{
    SQLCHAR shown[64];
    SQLSMALLINT n = 0;

    memset(shown, UNTOUCHED, sizeof(shown));
    (void)og_entry_SQLAllocHandle(OG_FACE_S, SQL_HANDLE_ENV, NULL, &run->env);
    (void)og_entry_SQLSetEnvAttr(run->env, SQL_ATTR_ODBC_VERSION, NUMBER(SQL_OV_ODBC3), 0);
    (void)og_entry_SQLAllocHandle(OG_FACE_S, SQL_HANDLE_DBC, run->env, &run->dbc);
    (void)note(run, SQL_HANDLE_DBC, run->dbc, "SQLDriverConnect",
               og_entry_SQLDriverConnect(run->dbc, NULL, TEXT(text), shown,
                                         (SQLSMALLINT)sizeof(shown), &n, SQL_DRIVER_NOPROMPT));
    note_bytes(run, "shown", shown, sizeof(shown));
}

static void begin(struct run *run, og_layer_open *open)
{
    *run = (struct run){.env = NULL};
    og_buf_init(&run->seen, 1u << 20);
    placement = open;
    connect_with(run, "GuardTargetDSN=placement");
    ON_DBC(SQLAllocHandle(OG_FACE_S, SQL_HANDLE_STMT, run->dbc, &run->stmt));
}

static void finish(struct run *run)
{
    if (run->stmt)
        (void)note(run, SQL_HANDLE_DBC, run->dbc, "SQLFreeHandle",
                   og_entry_SQLFreeHandle(SQL_HANDLE_STMT, run->stmt));
    ON_DBC(SQLDisconnect(run->dbc));
    (void)og_entry_SQLFreeHandle(SQL_HANDLE_DBC, run->dbc);
    (void)og_entry_SQLFreeHandle(SQL_HANDLE_ENV, run->env);
}

static void script_changes(struct run *run)
{
    SQLLEN n = -7;

    ON_STMT(SQLExecDirect(run->stmt, TEXT("DROP TABLE IF EXISTS t")));
    ON_STMT(SQLExecDirect(run->stmt, TEXT("CREATE TABLE t (id INTEGER, name VARCHAR(20), "
                                          "ratio DOUBLE, raw BLOB)")));
    ON_DBC(SQLSetConnectAttr(run->dbc, SQL_ATTR_AUTOCOMMIT, NUMBER(SQL_AUTOCOMMIT_OFF), 0));
    ON_STMT(SQLExecDirect(run->stmt, TEXT("INSERT INTO t VALUES (99, 'gone', 1, x'00')")));
    ON_DBC(SQLEndTran(SQL_HANDLE_DBC, run->dbc, SQL_ROLLBACK));
    ON_STMT(SQLExecDirect(
        run->stmt, TEXT("INSERT INTO t WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 "
                        "FROM c WHERE x < 10) SELECT x, CASE WHEN x = 3 THEN NULL WHEN x = 6 THEN "
                        "'a name too long' ELSE 'n' || x END, x / 4.0, x'0001ff' FROM c")));
    ON_STMT(SQLRowCount(run->stmt, &n));
    og_buf_printf(&run->seen, "  rows %lld\n", (long long)n);
    ON_DBC(SQLEndTran(SQL_HANDLE_DBC, run->dbc, SQL_COMMIT));
    ON_DBC(SQLSetConnectAttr(run->dbc, SQL_ATTR_AUTOCOMMIT, NUMBER(SQL_AUTOCOMMIT_ON), 0));
}

static void script_columns(struct run *run)
{
    SQLSMALLINT n = -1;

    ON_STMT(SQLPrepare(run->stmt, TEXT("SELECT id, name, ratio, raw FROM t ORDER BY id")));
    ON_STMT(SQLNumResultCols(run->stmt, &n));
    og_buf_printf(&run->seen, "  columns %d\n", n);
    for (SQLUSMALLINT i = 1; i <= 5; i++) {
        SQLSMALLINT n_name = -1, type = -1, digits = -1, nullable = -1;
        SQLULEN size = 77;
        SQLCHAR name[12];

        memset(name, UNTOUCHED, sizeof(name));
        ON_STMT(SQLDescribeCol(run->stmt, i, name, i == 3 ? 4 : 8, &n_name, &type, &size,
                               &digits, &nullable));
        og_buf_printf(&run->seen, "  %d %d %llu %d %d\n", n_name, type, (unsigned long long)size,
                      digits, nullable);
        note_text(run, "name", name, i == 3 ? 4 : 8, sizeof(name));
    }
}

struct row {
    SQLBIGINT id;
    SQLLEN id_indicator;
    SQLCHAR name[8];
    SQLLEN name_indicator;
};

/* Fetches everything in blocks: by row with an offset, or by column. */
static void script_block(struct run *run, bool is_by_row)
{
    SQLBIGINT ids[N_BLOCK];
    SQLCHAR names[N_BLOCK][8];
    SQLLEN name_indicators[N_BLOCK];
    struct row rows[N_BLOCK + 1];
    SQLUSMALLINT status[N_BLOCK];
    SQLULEN n_fetched = 0, offset = sizeof(struct row);
    SQLRETURN code = SQL_SUCCESS;

    ON_STMT(SQLSetStmtAttr(run->stmt, SQL_ATTR_ROW_STATUS_PTR, status, SQL_IS_POINTER));
    ON_STMT(SQLSetStmtAttr(run->stmt, SQL_ATTR_ROWS_FETCHED_PTR, &n_fetched, SQL_IS_POINTER));
    ON_STMT(SQLSetStmtAttr(run->stmt, SQL_ATTR_ROW_BIND_TYPE,
                           NUMBER(is_by_row ? sizeof(struct row) : SQL_BIND_BY_COLUMN), 0));
    ON_STMT(SQLSetStmtAttr(run->stmt, SQL_ATTR_ROW_BIND_OFFSET_PTR, is_by_row ? &offset : NULL,
                           SQL_IS_POINTER));
    ON_STMT(SQLExecute(run->stmt));
    if (is_by_row) {
        ON_STMT(SQLBindCol(run->stmt, 1, SQL_C_SBIGINT, &rows[0].id, 0, &rows[0].id_indicator));
        ON_STMT(SQLBindCol(run->stmt, 2, SQL_C_CHAR, rows[0].name, 8, &rows[0].name_indicator));
    } else {
        ON_STMT(SQLBindCol(run->stmt, 1, SQL_C_SBIGINT, ids, 0, NULL));
        ON_STMT(SQLBindCol(run->stmt, 2, SQL_C_CHAR, names, 8, name_indicators));
    }
    ON_STMT(SQLSetStmtAttr(run->stmt, SQL_ATTR_ROW_ARRAY_SIZE, NUMBER(N_BLOCK), 0));
    for (size_t i = 0; i < 5 && SQL_SUCCEEDED(code); i++) {
        memset(ids, UNTOUCHED, sizeof(ids));
        memset(names, UNTOUCHED, sizeof(names));
        memset(rows, UNTOUCHED, sizeof(rows));
        memset(status, UNTOUCHED, sizeof(status));
        memset(name_indicators, UNTOUCHED, sizeof(name_indicators));
        code = i % 2 ? ON_STMT(SQLFetch(run->stmt))
                     : ON_STMT(SQLFetchScroll(run->stmt, SQL_FETCH_NEXT, 0));
        og_buf_printf(&run->seen, "  fetched %llu\n", (unsigned long long)n_fetched);
        note_bytes(run, "status", status, sizeof(status));
        note_bytes(run, "ids", ids, sizeof(ids));
        note_bytes(run, "indicators", name_indicators, sizeof(name_indicators));
        for (size_t row = 0; row < N_BLOCK; row++)
            note_cell(run, names[row], 8, 8, name_indicators[row]);
        for (size_t row = 0; row <= N_BLOCK; row++) {
            note_bytes(run, "id", &rows[row].id, 2 * sizeof(SQLBIGINT));
            note_bytes(run, "indicator", &rows[row].name_indicator, sizeof(SQLLEN));
            note_cell(run, rows[row].name, 8, 8, rows[row].name_indicator);
        }
    }
    ON_STMT(SQLFreeStmt(run->stmt, SQL_CLOSE));
    ON_STMT(SQLFreeStmt(run->stmt, SQL_UNBIND));
    ON_STMT(SQLSetStmtAttr(run->stmt, SQL_ATTR_ROW_ARRAY_SIZE, NUMBER(1), 0));
    ON_STMT(SQLSetStmtAttr(run->stmt, SQL_ATTR_ROW_STATUS_PTR, NULL, SQL_IS_POINTER));
    ON_STMT(SQLSetStmtAttr(run->stmt, SQL_ATTR_ROWS_FETCHED_PTR, NULL, SQL_IS_POINTER));
}

static void script_pieces(struct run *run)
{
    static const struct {
        SQLUSMALLINT column;
        SQLSMALLINT type;
        SQLLEN max;
    } asks[] = {{1, SQL_C_LONG, 0},     {2, SQL_C_CHAR, 16},   {3, SQL_C_BINARY, 3},
                {4, SQL_C_CHAR, 16},    {5, SQL_C_DOUBLE, 0},  {2, SQL_C_CHAR, 0},
                {9, SQL_C_CHAR, 16}};
    SQLCHAR bytes[24];

    ON_STMT(SQLExecDirect(run->stmt, TEXT("SELECT 7, 'a text that needs to be read in pieces', "
                                          "x'00010203040506', NULL, 2.5")));
    ON_STMT(SQLFetch(run->stmt));
    for (size_t i = 0; i < OG_COUNT(asks); i++)
        for (size_t piece = 0; piece < 5; piece++) {
            SQLLEN n = -99;

            memset(bytes, UNTOUCHED, sizeof(bytes));
            ON_STMT(SQLGetData(run->stmt, asks[i].column, asks[i].type, bytes, asks[i].max, &n));
            if (asks[i].type == SQL_C_CHAR)
                note_cell(run, bytes, (size_t)asks[i].max, sizeof(bytes), n);
            else
                note_bytes(run, "bytes", bytes, sizeof(bytes));
            og_buf_printf(&run->seen, "  indicator %lld\n", (long long)n);
        }
    memset(bytes, UNTOUCHED, sizeof(bytes));
    ON_STMT(SQLGetData(run->stmt, 2, SQL_C_CHAR, bytes, 16, NULL));
    note_text(run, "without indicator", bytes, 16, sizeof(bytes));
    ON_STMT(SQLFetch(run->stmt));
    ON_STMT(SQLFreeStmt(run->stmt, SQL_CLOSE));
}

static void script_errors(struct run *run)
{
    SQLHSTMT other = NULL;
    SQLLEN n = -99;

    ON_STMT(SQLExecDirect(run->stmt, TEXT("SELECT * FROM no_such_table")));
    ON_STMT(SQLPrepare(run->stmt, TEXT("SELEC 1")));
    ON_STMT(SQLExecute(run->stmt));
    ON_STMT(SQLFetch(run->stmt));
    ON_STMT(SQLRowCount(run->stmt, &n));
    ON_STMT(SQLExecDirect(run->stmt, TEXT("INSERT INTO t (nothing) VALUES (1)")));
    ON_STMT(SQLSetStmtAttr(run->stmt, SQL_ATTR_MAX_ROWS, NUMBER(2), 0));
    ON_STMT(SQLExecDirect(run->stmt, TEXT("SELECT id FROM t")));
    for (size_t i = 0; i < 4; i++)
        ON_STMT(SQLFetch(run->stmt));
    ON_DBC(SQLAllocHandle(OG_FACE_S, SQL_HANDLE_STMT, run->dbc, &other));
    (void)note(run, SQL_HANDLE_STMT, other, "second statement",
               og_entry_SQLExecDirect(other, TEXT("SELECT 'second'")));
    (void)note(run, SQL_HANDLE_STMT, other, "its fetch", og_entry_SQLFetch(other));
    ON_DBC(SQLFreeHandle(SQL_HANDLE_STMT, other));
    ON_STMT(SQLCancel(run->stmt));
}

static void script(struct run *run, og_layer_open *open)
{
    begin(run, open);
    script_changes(run);
    script_columns(run);
    script_block(run, false);
    script_block(run, true);
    script_pieces(run);
    script_errors(run);
    finish(run);
}

/* ---- comparing ---- */

/* Says where two transcripts part. */
static bool is_same(const struct og_buf *a, const struct og_buf *b)
{
    const char *at_a = og_buf_str(a), *at_b = og_buf_str(b), *line_a = at_a, *line_b = at_b;

    if (og_buf_is_failed(a) || og_buf_is_failed(b) || !*at_a)
        return false;
    for (; *at_a && *at_a == *at_b; at_a++, at_b++)
        if (*at_a == '\n') {
            line_a = at_a + 1;
            line_b = at_b + 1;
        }
    if (!*at_a && !*at_b)
        return true;
    tap_note("in this process: %.*s", (int)strcspn(line_a, "\n"), line_a);
    tap_note("in a worker:     %.*s", (int)strcspn(line_b, "\n"), line_b);
    return false;
}

static bool says(const struct run *run, const char *text)
{
    return strstr(og_buf_str(&run->seen), text) != NULL;
}

static void test_script(void)
{
    struct run here, there;
    bool is_equal;

    script(&here, og_target_open);
    script(&there, og_remote_open);
    is_equal = is_same(&here.seen, &there.seen);
    tap_ok(is_equal, "the_script_sees_the_same_in_both_placements");
    if (!is_equal && getenv("OG_PLACEMENT_SHOW"))
        fputs(og_buf_str(&there.seen), stderr);
    /* Not equal because nothing worked: */
    tap_ok(says(&there, "  rows 10\n") && says(&there, "  columns 4\n") &&
               says(&there, "  fetched 4\n") && says(&there, "  fetched 2\n"),
           "rows_came_in_blocks");
    tap_ok(says(&there, "01004") && says(&there, "  indicator -1\n") &&
               says(&there, "no such table"),
           "truncation_null_and_driver_errors_came");
    /* The comparison can fail: */
    og_buf_append_str(&there.seen, "x");
    tap_ok(!is_same(&here.seen, &there.seen), "a_difference_is_seen");
    og_buf_release(&here.seen);
    og_buf_release(&there.seen);
}

static void test_failed_open(void)
{
    struct run here = {.env = NULL}, there = {.env = NULL};

    og_buf_init(&here.seen, 65536);
    og_buf_init(&there.seen, 65536);
    placement = og_target_open;
    connect_with(&here, "GuardTargetDriver=/nonexistent/libsqlite3odbc.so;Database=x");
    finish(&here);
    placement = og_remote_open;
    connect_with(&there, "GuardTargetDriver=/nonexistent/libsqlite3odbc.so;Database=x");
    finish(&there);
    tap_ok(is_same(&here.seen, &there.seen) && says(&there, "cannot be loaded"),
           "a_layer_that_does_not_open_says_the_same");
    og_buf_release(&here.seen);
    og_buf_release(&there.seen);
}

/* ---- cancelling ---- */

struct long_call {
    SQLHSTMT stmt;
    SQLRETURN code;
    volatile bool is_done;
};

static void *run_long(void *context)
{
    struct long_call *call = context;

    call->code = og_entry_SQLExecDirect(call->stmt, TEXT(FAR_COUNT));
    if (SQL_SUCCEEDED(call->code)) /* a driver that steps runs it at the fetch */
        call->code = og_entry_SQLFetch(call->stmt);
    call->is_done = true;
    return NULL;
}

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void cancel_in(struct run *run, og_layer_open *open, const char *name)
{
    struct long_call call = {.code = SQL_SUCCESS};
    pthread_t thread;
    double start;

    begin(run, open);
    call.stmt = run->stmt;
    if (pthread_create(&thread, NULL, run_long, &call) != 0)
        exit(1);
    (void)usleep(300000);
    tap_ok(!call.is_done, "%s_the_long_statement_runs", name);
    start = seconds();
    tap_ok(og_entry_SQLCancel(run->stmt) == SQL_SUCCESS, "%s_cancel_returns_success", name);
    (void)pthread_join(thread, NULL);
    tap_ok(seconds() - start < 5, "%s_cancel_ends_it_at_once", name);
    (void)note(run, SQL_HANDLE_STMT, run->stmt, "cancelled", call.code);
    ON_STMT(SQLExecDirect(run->stmt, TEXT("SELECT 1")));
    ON_STMT(SQLFetch(run->stmt));
    finish(run);
}

static void test_cancel(void)
{
    struct run here, there;

    cancel_in(&here, og_target_open, "in_this_process");
    cancel_in(&there, og_remote_open, "in_a_worker");
    tap_ok(is_same(&here.seen, &there.seen), "cancel_looks_the_same_in_both_placements");
    tap_ok(says(&there, "cancelled: -1"), "a_cancelled_statement_fails");
    og_buf_release(&here.seen);
    og_buf_release(&there.seen);
}

/* ---- what only a worker can do wrong ---- */

static pid_t worker_of(const struct run *run)
{
    return og_remote_pid(&((const struct og_handle *)run->dbc)->layer);
}

/* Fetches some rows, has the worker signalled, and fetches on. */
static void lose(int signal_number, int deadline_ms, const char *name)
{
    struct run run_here, *run = &run_here;
    double start;

    og_remote_config.deadline_ms = deadline_ms;
    begin(run, og_remote_open);
    ON_STMT(SQLExecDirect(run->stmt, TEXT("SELECT id FROM t")));
    tap_ok(ON_STMT(SQLFetch(run->stmt)) == SQL_SUCCESS, "%s_rows_come_before", name);
    og_buf_clear(&run->seen);
    (void)kill(worker_of(run), signal_number);
    start = seconds();
    tap_ok(ON_STMT(SQLFetch(run->stmt)) == SQL_ERROR && says(run, " 08S01 "),
           "%s_fetch_says_08S01", name);
    tap_ok(ON_STMT(SQLExecDirect(run->stmt, TEXT("SELECT 1"))) == SQL_ERROR,
           "%s_nothing_works_afterwards", name);
    if (signal_number == SIGKILL)
        tap_ok(og_entry_SQLCancel(run->stmt) == SQL_ERROR, "%s_cancel_fails", name);
    finish(run);
    tap_ok(seconds() - start < 6, "%s_nothing_hangs", name);
    og_buf_release(&run->seen);
    og_remote_config.deadline_ms = -1;
    begin(run, og_remote_open);
    tap_ok(ON_STMT(SQLExecDirect(run->stmt, TEXT("SELECT 1"))) == SQL_SUCCESS,
           "%s_a_new_connection_works", name);
    finish(run);
    og_buf_release(&run->seen);
}

static void test_refusals(void)
{
    static const struct {
        const char *name;
        struct og_remote_request ask;
        SQLRETURN code;
    } cases[] = {
        {"control_execute_is_served", {.call = OG_REMOTE_SQLNumResultCols, .handle = 1}, SQL_SUCCESS},
        {"unknown_call", {.call = 9999, .handle = 1}, OG_REMOTE_REFUSED},
        {"second_hello", {.call = OG_REMOTE_HELLO, .args = {3}}, OG_REMOTE_REFUSED},
        {"cancel_on_the_wrong_socket",
         {.call = OG_REMOTE_SQLCancel, .handle = 1},
         OG_REMOTE_REFUSED},
        {"free_slot", {.call = OG_REMOTE_SQLExecute, .handle = 2}, SQL_INVALID_HANDLE},
        {"handle_out_of_the_table",
         {.call = OG_REMOTE_SQLExecute, .handle = 0xffffffff},
         SQL_INVALID_HANDLE},
        {"statement_call_on_the_connection",
         {.call = OG_REMOTE_SQLFetch, .handle = 0},
         SQL_INVALID_HANDLE},
        {"connection_call_on_a_statement",
         {.call = OG_REMOTE_SQLDisconnect, .handle = 1},
         SQL_INVALID_HANDLE},
        {"pointer_attribute",
         {.call = OG_REMOTE_SQLSetStmtAttr,
          .handle = 1,
          .args = {SQL_ATTR_ROWS_FETCHED_PTR, 0x1000}},
         OG_REMOTE_REFUSED},
        {"too_many_rows",
         {.call = OG_REMOTE_SQLSetStmtAttr,
          .handle = 1,
          .args = {SQL_ATTR_ROW_ARRAY_SIZE, INT64_MAX}},
         OG_REMOTE_REFUSED},
        {"column_out_of_the_table",
         {.call = OG_REMOTE_SQLBindCol, .handle = 1, .args = {65535, SQL_C_CHAR, 8, 3}},
         OG_REMOTE_REFUSED},
        {"block_over_the_ceiling",
         {.call = OG_REMOTE_SQLBindCol,
          .handle = 1,
          .args = {1, SQL_C_CHAR, OG_REMOTE_MAX_BYTES, 3}},
         OG_REMOTE_REFUSED},
        {"buffer_over_the_ceiling",
         {.call = OG_REMOTE_SQLGetData, .handle = 1, .args = {1, SQL_C_CHAR, INT64_C(1) << 40, 3}},
         OG_REMOTE_REFUSED},
        {"negative_buffer",
         {.call = OG_REMOTE_SQLGetData, .handle = 1, .args = {1, SQL_C_CHAR, -5, 3}},
         OG_REMOTE_REFUSED},
        {"length_over_the_ceiling",
         {.call = OG_REMOTE_SQLExecDirect, .handle = 1, .n_bytes = OG_REMOTE_MAX_BYTES + 1},
         SQL_ERROR},
        {"and_the_link_is_gone", {.call = OG_REMOTE_SQLNumResultCols, .handle = 1}, SQL_ERROR},
    };
    struct run run_here, *run = &run_here;

    begin(run, og_remote_open);
    for (size_t i = 0; i < OG_COUNT(cases); i++) {
        SQLRETURN code =
            og_remote_raw(&((const struct og_handle *)run->dbc)->layer, &cases[i].ask);

        if (!tap_ok(code == cases[i].code, "refused_%s", cases[i].name))
            tap_note("code %d", code);
    }
    finish(run);
    og_buf_release(&run->seen);
}

/* ---- the data source ---- */

static void write_file(const char *name, const char *before, const char *value)
{
    char path[sizeof(folder) + 32];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    if (!file || fprintf(file, "%s%s\n", before, value) < 0 || fclose(file) != 0)
        exit(1);
}

static void remove_folder(void)
{
    static const char *const names[] = {"odbc.ini", "odbcinst.ini", "placement.db"};

    for (size_t i = 0; i < OG_COUNT(names); i++) {
        char path[sizeof(folder) + 32];

        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

/* Returns: whether there is a real driver. */
static bool make_data_source(void)
{
    char path[sizeof(folder) + 32];
    glob_t found = {0};
    bool is_there = glob("/usr/lib/*/odbc/libsqlite3odbc.so", 0, NULL, &found) == 0;

    if (is_there && !mkdtemp(folder))
        exit(1);
    if (is_there) {
        (void)snprintf(path, sizeof(path), "%s/placement.db", folder);
        write_file("odbc.ini", "[placement]\nDriver=SQLite3\nDatabase=", path);
        write_file("odbcinst.ini", "[SQLite3]\nDriver=", found.gl_pathv[0]);
        (void)snprintf(path, sizeof(path), "%s/odbc.ini", folder);
        (void)setenv("ODBCINI", path, 1);
        (void)setenv("ODBCSYSINI", folder, 1);
    }
    globfree(&found);
    return is_there;
}

int main(void)
{
    if (!make_data_source()) {
        tap_skip("placement", "the SQLite ODBC driver is not installed");
        return tap_done();
    }
    (void)alarm(100); /* nothing here may hang, not even the test */
    test_script();
    test_failed_open();
    test_cancel();
    lose(SIGKILL, -1, "killed");
    lose(SIGSTOP, 500, "stopped");
    test_refusals();
    remove_folder();
    return tap_done();
}

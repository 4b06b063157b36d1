/* SPDX-License-Identifier: MIT */
/* broker_reader DSN QUERY: reads every column of the query's rows by every way of fetching, keeps what it can
 * open, and then stands still until it is told to go on, so that its memory can be searched: once with its
 * buffers and cursors ("holding"), once after all of it was freed ("freed"). Prints one line for each way and
 * for each stop. Leaves with 1 when a way did not read what the first one did. */
#define SQL_NOUNICODEMAP 1
#include <sql.h>
#include <sqlext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_COLUMNS 16
#define MAX_STATEMENTS 16
#define BLOCK 7
#define CELL 400

static SQLHENV env;
static SQLHDBC dbc;
static SQLHSTMT kept[MAX_STATEMENTS];
static size_t n_kept;
static int n_failed;

static void die(SQLSMALLINT type, SQLHANDLE handle, const char *what)
{
    SQLCHAR state[6] = "", text[512] = "";

    (void)SQLGetDiagRec(type, handle, 1, state, NULL, text, sizeof(text), NULL);
    printf("failed %s %s %s\n", what, state, text);
    exit(2);
}

static SQLHSTMT run(const char *query, SQLULEN cursor)
{
    SQLHSTMT stmt;

    if (SQLAllocHandle(SQL_HANDLE_STMT, dbc, &stmt) != SQL_SUCCESS)
        die(SQL_HANDLE_DBC, dbc, "statement");
    if (cursor != SQL_CURSOR_FORWARD_ONLY)
        (void)SQLSetStmtAttr(stmt, SQL_ATTR_CURSOR_TYPE, (SQLPOINTER)cursor, 0);
    if (!SQL_SUCCEEDED(SQLExecDirect(stmt, (SQLCHAR *)query, SQL_NTS)))
        die(SQL_HANDLE_STMT, stmt, "query");
    kept[n_kept++] = stmt; /* open until all is freed */
    return stmt;
}

static void told(const char *way, long n_rows, long expected)
{
    printf("way %s %ld\n", way, n_rows);
    if (n_rows != expected)
        n_failed++;
}

/* SQLGetData in pieces of n bytes, as a C type. */
static long by_getdata(const char *query, SQLSMALLINT c_type, size_t n, const char *way, long expected)
{
    SQLHSTMT stmt = run(query, SQL_CURSOR_FORWARD_ONLY);
    char *piece = malloc(n);
    SQLSMALLINT n_columns = 0;
    long n_rows = 0;
    SQLLEN length;

    (void)SQLNumResultCols(stmt, &n_columns);
    while (SQL_SUCCEEDED(SQLFetch(stmt))) {
        for (SQLUSMALLINT column = 1; column <= n_columns; column++) {
            SQLRETURN code;

            do
                code = SQLGetData(stmt, column, c_type, piece, (SQLLEN)n, &length);
            while (code == SQL_SUCCESS_WITH_INFO);
        }
        n_rows++;
    }
    if (expected >= 0)
        told(way, n_rows, expected);
    return n_rows; /* piece stays: it is searched too */
}

enum how { PLAIN, SCROLL, EXTENDED };

static void by_block(const char *query, SQLSMALLINT c_type, SQLULEN n_rows, int is_by_row, enum how how,
                     const char *way, long expected)
{
    SQLHSTMT stmt = run(query, how == PLAIN ? SQL_CURSOR_FORWARD_ONLY : SQL_CURSOR_STATIC);
    size_t stride = is_by_row ? MAX_COLUMNS * (CELL + sizeof(SQLLEN)) : CELL;
    char *cells = calloc(n_rows, MAX_COLUMNS * (CELL + sizeof(SQLLEN)));
    SQLLEN *lengths = calloc(n_rows, MAX_COLUMNS * sizeof(SQLLEN));
    SQLUSMALLINT *status = calloc(n_rows, sizeof(*status));
    SQLSMALLINT n_columns = 0;
    SQLULEN n_done = 0, n_extended = 0;
    long n_all = 0;

    (void)SQLNumResultCols(stmt, &n_columns);
    (void)SQLSetStmtAttr(stmt, how == EXTENDED ? SQL_ROWSET_SIZE : SQL_ATTR_ROW_ARRAY_SIZE,
                         (SQLPOINTER)n_rows, 0);
    (void)SQLSetStmtAttr(stmt, SQL_ATTR_ROWS_FETCHED_PTR, &n_done, 0);
    if (is_by_row)
        (void)SQLSetStmtAttr(stmt, SQL_ATTR_ROW_BIND_TYPE, (SQLPOINTER)stride, 0);
    for (SQLUSMALLINT column = 1; column <= n_columns && column <= MAX_COLUMNS; column++) {
        size_t at = (size_t)(column - 1) * (is_by_row ? CELL + sizeof(SQLLEN) : CELL * n_rows);

        if (SQLBindCol(stmt, column, c_type, cells + at, CELL,
                       is_by_row ? (SQLLEN *)(void *)(cells + at + CELL)
                                 : lengths + (size_t)(column - 1) * n_rows) != SQL_SUCCESS)
            die(SQL_HANDLE_STMT, stmt, way);
    }
    for (;;) {
        SQLRETURN code = how == PLAIN ? SQLFetch(stmt)
                         : how == SCROLL
                             ? SQLFetchScroll(stmt, SQL_FETCH_NEXT, 0)
                             : SQLExtendedFetch(stmt, SQL_FETCH_NEXT, 0, &n_extended, status);

        if (!SQL_SUCCEEDED(code))
            break;
        n_all += (long)(how == EXTENDED ? n_extended : n_done);
        if (how == SCROLL)
            (void)SQLSetPos(stmt, 1, SQL_REFRESH, SQL_LOCK_NO_CHANGE);
    }
    told(way, n_all, expected);
}

static void stop(const char *why)
{
    char line[16];

    printf("%s\n", why);
    (void)fflush(stdout);
    if (!fgets(line, sizeof(line), stdin))
        exit(3);
}

int main(int argc, char **argv)
{
    char string[512];
    long n;

    if (argc != 3)
        return 64;
    (void)snprintf(string, sizeof(string), "DSN=%s", argv[1]);
    (void)SQLAllocHandle(SQL_HANDLE_ENV, NULL, &env);
    (void)SQLSetEnvAttr(env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    (void)SQLAllocHandle(SQL_HANDLE_DBC, env, &dbc);
    if (!SQL_SUCCEEDED(SQLDriverConnect(dbc, NULL, (SQLCHAR *)string, SQL_NTS, NULL, 0, NULL, 0)))
        die(SQL_HANDLE_DBC, dbc, "connect");
    n = by_getdata(argv[2], SQL_C_CHAR, 4096, "", -1);
    told("getdata", n, n);
    (void)by_getdata(argv[2], SQL_C_CHAR, 9, "getdata in pieces", n);
    (void)by_getdata(argv[2], SQL_C_WCHAR, 512, "getdata wide", n);
    by_block(argv[2], SQL_C_CHAR, 1, 0, PLAIN, "bound", n);
    by_block(argv[2], SQL_C_CHAR, BLOCK, 0, PLAIN, "block by column", n);
    by_block(argv[2], SQL_C_CHAR, BLOCK, 1, PLAIN, "block by row", n);
    by_block(argv[2], SQL_C_WCHAR, BLOCK, 0, PLAIN, "block wide", n);
    by_block(argv[2], SQL_C_CHAR, BLOCK, 0, SCROLL, "scroll and refresh", n);
    by_block(argv[2], SQL_C_CHAR, BLOCK, 0, EXTENDED, "extended", n);
    stop("holding");
    for (size_t i = 0; i < n_kept; i++)
        (void)SQLFreeHandle(SQL_HANDLE_STMT, kept[i]);
    (void)SQLDisconnect(dbc);
    (void)SQLFreeHandle(SQL_HANDLE_DBC, dbc);
    (void)SQLFreeHandle(SQL_HANDLE_ENV, env);
    stop("freed");
    return n_failed ? 1 : 0;
}

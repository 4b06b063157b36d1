/* SPDX-License-Identifier: MIT */
/* Threads that use one statement at the same time, on a driver that is loaded without a manager between:
 * no lock but the driver's own keeps them apart. Nothing may break, no clear value may show in any buffer,
 * and the statement must work afterwards. The real drivers and unixODBC without its locks do break, so
 * this runs over the guard alone; with one thread, over a real driver, it shows that the search finds.
 * Arguments: driver file, connection string, query of 7 columns, threads, then what must not be seen. */
#include <dlfcn.h>
#include <pthread.h>
#include <sql.h>
#include <sqlext.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_COLUMNS 7
#define N_ROWS 4
#define CELL_BYTES 60
#define MAX_THREADS 8
#define N_ROUNDS 60

/* Types of the calls are those of the header. */
#define CALLS(X)                                                                                  \
    X(SQLAllocHandle) X(SQLSetEnvAttr) X(SQLDriverConnect) X(SQLSetStmtAttr) X(SQLBindCol)        \
    X(SQLExecDirect) X(SQLFetch) X(SQLGetData) X(SQLCloseCursor) X(SQLFreeStmt) X(SQLCancel)      \
    X(SQLNumResultCols) X(SQLDescribeCol) X(SQLGetDiagRec) X(SQLFreeHandle) X(SQLDisconnect)

static struct {
#define DECLARE(name) __typeof__(&(name)) name;
    CALLS(DECLARE)
#undef DECLARE
} odbc;

struct buffers {
    char cells[N_COLUMNS][N_ROWS][CELL_BYTES];
    SQLLEN lengths[N_COLUMNS][N_ROWS];
};

/* What one thread alone is given. */
struct own {
    SQLCHAR piece[300], text[300], name[64];
    SQLCHAR state[8];
};

static struct buffers bound;
static struct own own[MAX_THREADS];
static SQLHSTMT stmt;
static const char *query;
static char **secrets;
static int n_secrets;
static long n_calls, n_rows, n_seen;

static void *load(const char *file)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return NULL;
    }
#define FIND(name)                                                          \
    *(void **)&odbc.name = dlsym(library, #name);                           \
    if (!odbc.name) {                                                       \
        fprintf(stderr, "the driver has no " #name "\n");                   \
        return NULL;                                                        \
    }
    CALLS(FIND)
#undef FIND
    return library;
}

static void search(const void *memory, size_t n_bytes)
{
    for (int i = 0; i < n_secrets; i++)
        if (memmem(memory, n_bytes, secrets[i], strlen(secrets[i])))
            __atomic_fetch_add(&n_seen, 1, __ATOMIC_RELAXED);
}

static SQLRETURN did(struct own *mine, SQLRETURN code)
{
    SQLINTEGER native;
    SQLSMALLINT n;

    __atomic_fetch_add(&n_calls, 1, __ATOMIC_RELAXED);
    if (code == SQL_ERROR)
        (void)odbc.SQLGetDiagRec(SQL_HANDLE_STMT, stmt, 1, mine->state, &native, mine->text,
                                 sizeof(mine->text), &n);
    search(mine, sizeof(*mine));
    search(&bound, sizeof(bound));
    return code;
}

static void bind(struct own *mine)
{
    for (int c = 0; c < N_COLUMNS; c++)
        if (c != 3) /* one is left for SQLGetData */
            did(mine, odbc.SQLBindCol(stmt, (SQLUSMALLINT)(c + 1), SQL_C_CHAR, bound.cells[c],
                                      CELL_BYTES, bound.lengths[c]));
}

static void step(struct own *mine, int i)
{
    SQLSMALLINT n, type, digits, nullable;
    SQLULEN size;
    SQLLEN length;

    switch (i % 11) {
    case 2:
        did(mine, odbc.SQLGetData(stmt, 4, SQL_C_CHAR, mine->piece, 10, &length));
        break;
    case 4:
        did(mine, odbc.SQLNumResultCols(stmt, &n));
        did(mine, odbc.SQLDescribeCol(stmt, 3, mine->name, sizeof(mine->name), &n, &type, &size,
                                      &digits, &nullable));
        break;
    case 6:
        did(mine, odbc.SQLCloseCursor(stmt));
        break;
    case 8:
        did(mine, odbc.SQLFreeStmt(stmt, SQL_UNBIND));
        bind(mine);
        break;
    case 10:
        did(mine, odbc.SQLCancel(stmt));
        break;
    default:
        if (SQL_SUCCEEDED(did(mine, odbc.SQLFetch(stmt))))
            __atomic_fetch_add(&n_rows, 1, __ATOMIC_RELAXED);
        break;
    }
}

static void *run(void *context)
{
    struct own *mine = context;

    for (int i = (int)(mine - own); i < N_ROUNDS * 11; i++) {
        if (i % 5 == 0)
            did(mine, odbc.SQLExecDirect(stmt, (SQLCHAR *)(uintptr_t)query, SQL_NTS));
        step(mine, i);
    }
    return NULL;
}

static bool open_statement(const char *text, SQLHDBC *dbc)
{
    SQLHENV env = NULL;
    SQLCHAR out[512];
    SQLSMALLINT n;

    odbc.SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &env);
    odbc.SQLSetEnvAttr(env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    odbc.SQLAllocHandle(SQL_HANDLE_DBC, env, dbc);
    if (!SQL_SUCCEEDED(odbc.SQLDriverConnect(*dbc, NULL, (SQLCHAR *)(uintptr_t)text, SQL_NTS, out,
                                             sizeof(out), &n, SQL_DRIVER_NOPROMPT)))
        return false;
    odbc.SQLAllocHandle(SQL_HANDLE_STMT, *dbc, &stmt);
    odbc.SQLSetStmtAttr(stmt, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)N_ROWS, 0);
    bind(&own[0]);
    return true;
}

/* The statement is still good: the first rows come as they would have. */
static int show_rows(void)
{
    odbc.SQLFreeStmt(stmt, SQL_CLOSE);
    bind(&own[0]);
    if (!SQL_SUCCEEDED(odbc.SQLExecDirect(stmt, (SQLCHAR *)(uintptr_t)query, SQL_NTS)) ||
        !SQL_SUCCEEDED(odbc.SQLFetch(stmt))) {
        did(&own[0], SQL_ERROR);
        printf("%s %s\n", own[0].state, own[0].text);
        return 1;
    }
    for (int row = 0; row < N_ROWS; row++)
        printf("row %s %s\n", bound.cells[0][row],
               bound.lengths[2][row] == SQL_NULL_DATA ? "NULL" : bound.cells[2][row]);
    return 0;
}

int main(int argc, char **argv)
{
    pthread_t threads[MAX_THREADS];
    SQLHDBC dbc = NULL;
    int n, r;

    if (argc < 5 || (n = atoi(argv[4])) < 1 || n > MAX_THREADS || !load(argv[1]))
        return 2;
    query = argv[3];
    secrets = argv + 5;
    n_secrets = argc - 5;
    if (!open_statement(argv[2], &dbc))
        return 1;
    for (int i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, run, &own[i]) != 0)
            return 2;
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    r = show_rows();
    printf("calls %ld fetched %ld seen %ld\n", n_calls, n_rows, n_seen);
    odbc.SQLFreeHandle(SQL_HANDLE_STMT, stmt);
    odbc.SQLDisconnect(dbc);
    return r;
}

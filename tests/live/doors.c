/* SPDX-License-Identifier: MIT */
/* See doors.h. Arguments: connection string, query, then the clear parts that must never be seen. */
#include "tests/live/doors.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGION_BYTES (24u * 1024u * 1024u)
#define FILL 0x5A

static char *region;
static size_t n_taken;
static char **secrets;
static int n_secrets;

void *take(size_t n_bytes)
{
    char *memory = region + n_taken;

    /* Room between two pieces shows what is written behind one. */
    n_taken += (n_bytes + 64 + 15) & ~(size_t)15;
    if (n_taken > REGION_BYTES) {
        say("the region is full");
        exit(2);
    }
    return memory;
}

void forget_region(void)
{
    memset(region, FILL, n_taken);
    n_taken = 0;
}

void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static bool holds(const char *what, size_t n_bytes)
{
    return memmem(region, n_taken, what, n_bytes) != NULL;
}

static void search(const struct doors *d, const char *call)
{
    for (int i = 0; i < n_secrets; i++) {
        char wide[512];
        size_t n = strlen(secrets[i]);

        for (size_t c = 0; c < n && c < sizeof(wide) / 2; c++) {
            wide[2 * c] = secrets[i][c];
            wide[2 * c + 1] = '\0';
        }
        if (holds(secrets[i], n) || holds(wide, 2 * n))
            say("SECRET %d in a buffer after %s at %s", i + 1, call, d->door);
    }
}

static void state_of(SQLHSTMT stmt, char state[6])
{
    SQLCHAR text[512];
    SQLINTEGER native;
    SQLSMALLINT n;

    strcpy(state, "-----");
    if (!SQL_SUCCEEDED(SQLGetDiagRec(SQL_HANDLE_STMT, stmt, 1, (SQLCHAR *)state, &native, text,
                                     sizeof(text), &n)))
        strcpy(state, "none!");
    else if (getenv("DOORS_TEXT"))
        say("  # %s", text);
}

SQLRETURN said(struct doors *d, const char *call, SQLRETURN code)
{
    char state[6] = "";

    d->n_calls++;
    search(d, call);
    if (code == SQL_ERROR || code == SQL_SUCCESS_WITH_INFO)
        state_of(d->stmt, state);
    say("  %s = %d%s%s", call, code, state[0] ? " " : "", state);
    return code;
}

void begin_door(struct doors *d, const char *name)
{
    d->door = name;
    if (d->stmt)
        SQLFreeHandle(SQL_HANDLE_STMT, d->stmt);
    d->stmt = NULL;
    forget_region();
    say("%s", name);
    said(d, "alloc", SQLAllocHandle(SQL_HANDLE_STMT, d->dbc, &d->stmt));
    d->status = take(MAX_ROWS * 8 * sizeof(*d->status));
    d->n_fetched = take(sizeof(*d->n_fetched));
    d->offset = take(sizeof(*d->offset));
    *d->offset = 0;
}

static size_t fixed_bytes(SQLSMALLINT c_type)
{
    switch (c_type) {
    case SQL_C_SLONG:
        return sizeof(SQLINTEGER);
    case SQL_C_SBIGINT:
        return sizeof(SQLBIGINT);
    case SQL_C_DOUBLE:
        return sizeof(double);
    case SQL_C_NUMERIC:
        return sizeof(SQL_NUMERIC_STRUCT);
    case SQL_C_TYPE_DATE:
        return sizeof(SQL_DATE_STRUCT);
    case SQL_C_TYPE_TIMESTAMP:
        return sizeof(SQL_TIMESTAMP_STRUCT);
    default:
        return 0;
    }
}

void show_value(const char *what, SQLSMALLINT c_type, const char *data, SQLLEN n_bytes,
                SQLLEN length)
{
    size_t n = fixed_bytes(c_type), n_end = c_type == SQL_C_WCHAR ? 2 : c_type == SQL_C_CHAR;

    printf("    %s: %lld ", what, (long long)length);
    if (length == 0x5A5A5A5A5A5A5A5All || length == SQL_NULL_DATA) {
        putchar('\n');
        return;
    }
    if (!n && length >= 0 && n_bytes >= (SQLLEN)n_end)
        n = (size_t)length < (size_t)n_bytes - n_end ? (size_t)length : (size_t)n_bytes - n_end;
    if (n > 40) { /* long ones by their ends */
        printf("%02x%02x...", (unsigned char)data[0], (unsigned char)data[n / 2]);
        data += n - 8;
        n = 8;
    }
    for (size_t i = 0; i < n; i++)
        printf("%02x", (unsigned char)data[i]);
    if (n_end && n_bytes >= (SQLLEN)n_end)
        printf(" %s", memcmp(data + n, "\0\0", n_end) == 0 ? "ended" : "not ended");
    putchar('\n');
}

void show_rows(struct doors *d, SQLULEN n_rows, SQLULEN stride)
{
    for (SQLULEN row = 0; row < n_rows; row++)
        for (int c = 0; c < d->n_columns; c++) {
            struct column *column = &d->columns[c];
            char what[32];

            if (!column->c_type)
                continue;
            snprintf(what, sizeof(what), "%lu.%d", (unsigned long)row + 1, c + 1);
            show_value(what, column->c_type,
                       column->data + row * (stride ? stride : (SQLULEN)column->n_bytes),
                       column->n_bytes,
                       *(SQLLEN *)((char *)column->length + row * (stride ? stride : 8)));
        }
}

void take_cells(struct doors *d, SQLULEN n_rows, SQLULEN *stride)
{
    size_t n_record = 0;
    char *memory;

    for (int c = 0; c < d->n_columns; c++)
        n_record += (size_t)((d->columns[c].n_bytes + 15) & ~(SQLLEN)15) + 2 * sizeof(SQLLEN);
    if (stride) {
        memory = take(n_rows * n_record);
        for (int c = 0; c < d->n_columns; c++) {
            d->columns[c].length = (SQLLEN *)(void *)memory;
            d->columns[c].indicator = d->columns[c].length;
            d->columns[c].data = memory + 2 * sizeof(SQLLEN);
            memory += (size_t)((d->columns[c].n_bytes + 15) & ~(SQLLEN)15) + 2 * sizeof(SQLLEN);
        }
        *stride = n_record;
        return;
    }
    for (int c = 0; c < d->n_columns; c++) {
        d->columns[c].data = take(n_rows * (size_t)d->columns[c].n_bytes);
        d->columns[c].length = take(n_rows * sizeof(SQLLEN));
        d->columns[c].indicator = d->columns[c].length;
    }
}

void bind_all(struct doors *d)
{
    for (int c = 0; c < d->n_columns; c++)
        if (d->columns[c].c_type)
            said(d, "bind", SQLBindCol(d->stmt, (SQLUSMALLINT)(c + 1), d->columns[c].c_type,
                                       d->columns[c].data, d->columns[c].n_bytes,
                                       d->columns[c].length));
}

void execute(struct doors *d)
{
    said(d, "execute", SQLExecDirect(d->stmt, (SQLCHAR *)(uintptr_t)d->sql, SQL_NTS));
}

void set_attr(struct doors *d, SQLINTEGER attribute, SQLPOINTER value)
{
    said(d, "set attribute", SQLSetStmtAttr(d->stmt, attribute, value, SQL_IS_POINTER));
}

static bool connect_to(struct doors *d, const char *text)
{
    SQLCHAR state[6], message[512];
    SQLINTEGER native;
    SQLSMALLINT n;
    SQLRETURN code;
    char name[64] = "";

    SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &d->env);
    SQLSetEnvAttr(d->env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    SQLAllocHandle(SQL_HANDLE_DBC, d->env, &d->dbc);
    code = SQLDriverConnect(d->dbc, NULL, (SQLCHAR *)(uintptr_t)text, SQL_NTS, NULL, 0, NULL,
                            SQL_DRIVER_NOPROMPT);
    if (!SQL_SUCCEEDED(code)) {
        if (SQL_SUCCEEDED(SQLGetDiagRec(SQL_HANDLE_DBC, d->dbc, 1, state, &native, message,
                                        sizeof(message), &n)))
            fprintf(stderr, "%s %s\n", state, message);
        return false;
    }
    SQLGetInfo(d->dbc, SQL_DBMS_NAME, name, sizeof(name), &n);
    d->is_sqlite = strncmp(name, "SQLite", 6) == 0;
    d->is_narrow = strstr(text, "ansi") != NULL;
    return true;
}

/* The query's shape: 5 columns of text, a date and a number; 7 rows. */
int main(int argc, char **argv)
{
    struct doors d = {.door = "connect"};

    if (argc < 4) {
        fprintf(stderr, "usage: doors CONNECTION-STRING QUERY N-COLUMNS [SECRET...]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    region = malloc(REGION_BYTES);
    memset(region, FILL, REGION_BYTES);
    secrets = argv + 4;
    n_secrets = argc - 4;
    d.sql = argv[2];
    d.n_columns = atoi(argv[3]);
    if (!connect_to(&d, argv[1]))
        return 1;
    fetch_doors(&d);
    getdata_doors(&d);
    scroll_doors(&d);
    descriptor_doors(&d);
    bad_doors(&d);
    if (d.stmt)
        SQLFreeHandle(SQL_HANDLE_STMT, d.stmt);
    SQLDisconnect(d.dbc);
    SQLFreeHandle(SQL_HANDLE_DBC, d.dbc);
    SQLFreeHandle(SQL_HANDLE_ENV, d.env);
    say("%ld calls", d.n_calls);
    return 0;
}

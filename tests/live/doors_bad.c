/* SPDX-License-Identifier: MIT */
/* Calls that are wrong or strange: the guard answers them as the real driver does. */
#include "tests/live/doors.h"

#include <stdint.h>
#include <stdio.h>

static void gets(struct doors *d)
{
    static const struct {
        int column;
        SQLSMALLINT c_type;
        SQLLEN n_bytes;
        bool has_data, has_length;
    } bad[] = {
        {0, SQL_C_CHAR, 40, true, true},    {99, SQL_C_CHAR, 40, true, true},
        {3, SQL_C_CHAR, -5, true, true},    {3, 9999, 40, true, true},
        {3, SQL_C_CHAR, 40, true, false},   {4, SQL_C_WCHAR, 40, true, false},
        {3, SQL_C_CHAR, 0, false, true},
    };

    begin_door(d, "bad calls of SQLGetData");
    execute(d);
    said(d, "fetch", SQLFetch(d->stmt));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *data = take(64);
        SQLLEN *length = take(sizeof(*length));
        SQLRETURN code =
            said(d, "get", SQLGetData(d->stmt, (SQLUSMALLINT)bad[i].column, bad[i].c_type,
                                      bad[i].has_data ? data : NULL, bad[i].n_bytes,
                                      bad[i].has_length ? length : NULL));

        if (SQL_SUCCEEDED(code) && bad[i].has_length && bad[i].c_type == SQL_C_CHAR)
            show_value("value", SQL_C_CHAR, data, bad[i].n_bytes, *length);
    }
}

/* Buffers whose length is no whole number of wide characters. */
static void odd_lengths(struct doors *d)
{
    if (d->is_narrow)
        return;
    begin_door(d, "wide text into an odd number of bytes");
    for (int c = 0; c < d->n_columns; c++)
        d->columns[c] = (struct column){.c_type = SQL_C_WCHAR, .n_bytes = 13};
    take_cells(d, 1, NULL);
    bind_all(d);
    execute(d);
    for (int i = 0; i < 3; i++)
        if (SQL_SUCCEEDED(said(d, "fetch", SQLFetch(d->stmt))))
            for (int c = 0; c < d->n_columns; c++)
                say("    length %lld", (long long)*d->columns[c].length);
}

static void out_of_turn(struct doors *d)
{
    SQLUSMALLINT *status;
    SQLULEN *n;

    begin_door(d, "calls out of turn");
    status = take(16 * sizeof(*status));
    n = take(sizeof(*n));
    said(d, "fetch", SQLFetch(d->stmt));
    said(d, "position", SQLSetPos(d->stmt, 1, SQL_POSITION, SQL_LOCK_NO_CHANGE));
    said(d, "prepare", SQLPrepare(d->stmt, (SQLCHAR *)(uintptr_t)d->sql, SQL_NTS));
    said(d, "fetch", SQLFetch(d->stmt));
    said(d, "execute", SQLExecute(d->stmt));
    said(d, "refresh", SQLSetPos(d->stmt, 1, SQL_REFRESH, SQL_LOCK_NO_CHANGE));
    said(d, "fetch", SQLFetch(d->stmt));
    said(d, "extended fetch", SQLExtendedFetch(d->stmt, SQL_FETCH_NEXT, 0, n, status));
    said(d, "refresh", SQLSetPos(d->stmt, 99, SQL_REFRESH, SQL_LOCK_NO_CHANGE));
    said(d, "scroll", SQLFetchScroll(d->stmt, 77, 0));
    said(d, "close", SQLCloseCursor(d->stmt));
    said(d, "fetch", SQLFetch(d->stmt));
    said(d, "close", SQLCloseCursor(d->stmt));
}

static void bad_bindings(struct doors *d)
{
    begin_door(d, "bad bindings");
    said(d, "bind", SQLBindCol(d->stmt, 3, SQL_C_CHAR, take(64), -1, NULL));
    said(d, "bind", SQLBindCol(d->stmt, 3, 9999, take(64), 64, NULL));
    said(d, "bind", SQLBindCol(d->stmt, 0, SQL_C_CHAR, take(64), 64, NULL));
    said(d, "bind", SQLBindCol(d->stmt, 40, SQL_C_CHAR, take(64), 64, NULL));
    said(d, "bind", SQLBindCol(d->stmt, 2, SQL_C_CHAR, take(64), 64, NULL));
    execute(d);
    said(d, "fetch", SQLFetch(d->stmt));
}

void bad_doors(struct doors *d)
{
    gets(d);
    odd_lengths(d);
    out_of_turn(d);
    bad_bindings(d);
}

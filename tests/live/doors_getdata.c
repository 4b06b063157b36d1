/* SPDX-License-Identifier: MIT */
/* SQLGetData: pieces of every size, every type, any order, beside bound columns, in blocks. */
#include "tests/live/doors.h"

#include <stdint.h>
#include <stdio.h>

#define MAX_PIECES 400

/* Reads one column of the current row in pieces of n_bytes to its end. */
static void read_pieces(struct doors *d, int column, SQLSMALLINT c_type, SQLLEN n_bytes)
{
    char *data = take((size_t)(n_bytes > 0 ? n_bytes : 0) + 8);
    SQLLEN *length = take(sizeof(*length));
    SQLRETURN code;
    int n = 0;

    do {
        *length = 0x5A5A5A5A5A5A5A5All;
        code = said(d, "get", SQLGetData(d->stmt, (SQLUSMALLINT)column, c_type, data, n_bytes,
                                         length));
        if (SQL_SUCCEEDED(code))
            show_value("piece", c_type, data, n_bytes, *length);
    } while (SQL_SUCCEEDED(code) && *length != SQL_NULL_DATA && n_bytes > 2 && ++n < MAX_PIECES);
}

static void every_size(struct doors *d, SQLSMALLINT c_type, const char *word)
{
    static const SQLLEN sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 16, 17, 64, 100, 4096, 4097, 8192, 32000};
    char name[80];

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (c_type == SQL_C_WCHAR && sizes[i] % 2)
            continue;
        snprintf(name, sizeof(name), "read as %s in pieces of %d", word, (int)sizes[i]);
        begin_door(d, name);
        execute(d);
        while (SQL_SUCCEEDED(said(d, "fetch", SQLFetch(d->stmt))))
            for (int c = 2; c <= 7; c++)
                read_pieces(d, c, c_type, sizes[i]);
    }
}

static void null_buffer(struct doors *d)
{
    SQLLEN *length;

    begin_door(d, "read with no buffer, then whole");
    execute(d);
    while (SQL_SUCCEEDED(said(d, "fetch", SQLFetch(d->stmt))))
        for (int c = 2; c <= 5; c++) {
            char *data = take(MAX_CELL);
            SQLRETURN code;

            length = take(sizeof(*length));
            code = said(d, "get", SQLGetData(d->stmt, (SQLUSMALLINT)c, SQL_C_CHAR, data, 1,
                                             length));
            say("    length %lld", (long long)(SQL_SUCCEEDED(code) ? *length : 0));
            code = said(d, "get", SQLGetData(d->stmt, (SQLUSMALLINT)c, SQL_C_CHAR, data, MAX_CELL,
                                             length));
            if (SQL_SUCCEEDED(code))
                show_value("whole", SQL_C_CHAR, data, MAX_CELL, *length);
        }
}

static void typed(struct doors *d)
{
    static const struct {
        int column;
        SQLSMALLINT c_type;
    } reads[] = {
        {6, SQL_C_TYPE_DATE}, {6, SQL_C_TYPE_TIMESTAMP}, {7, SQL_C_SBIGINT}, {7, SQL_C_DOUBLE},
        {7, SQL_C_SLONG},
    };

    begin_door(d, "read as dates and numbers");
    execute(d);
    while (SQL_SUCCEEDED(said(d, "fetch", SQLFetch(d->stmt))))
        for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
            char *data = take(64);
            SQLLEN *length = take(sizeof(*length));

            if (SQL_SUCCEEDED(said(d, "get", SQLGetData(d->stmt, (SQLUSMALLINT)reads[i].column,
                                                        reads[i].c_type, data, 64, length))))
                show_value("value", reads[i].c_type, data, 64, *length);
        }
}

static void any_order(struct doors *d)
{
    static const int order[] = {5, 2, 7, 3, 3, 1, 4, 6, 2};

    begin_door(d, "read in any order, some twice");
    execute(d);
    while (SQL_SUCCEEDED(said(d, "fetch", SQLFetch(d->stmt))))
        for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
            char *data = take(64);
            SQLLEN *length = take(sizeof(*length));
            SQLRETURN code = said(d, "get", SQLGetData(d->stmt, (SQLUSMALLINT)order[i], SQL_C_CHAR,
                                                       data, 20, length));

            if (SQL_SUCCEEDED(code))
                show_value("value", SQL_C_CHAR, data, 20, *length);
        }
}

static void bound_too(struct doors *d)
{
    begin_door(d, "read although it is bound");
    for (int c = 0; c < d->n_columns; c++)
        d->columns[c] = (struct column){.c_type = SQL_C_CHAR, .n_bytes = 30};
    take_cells(d, 1, NULL);
    bind_all(d);
    execute(d);
    while (SQL_SUCCEEDED(said(d, "fetch", SQLFetch(d->stmt)))) {
        show_rows(d, 1, 0);
        for (int c = 2; c <= 5; c++)
            read_pieces(d, c, SQL_C_CHAR, 48);
    }
}

/* The row of a block that SQLSetPos chose. */
static void in_block(struct doors *d)
{
    if (d->is_sqlite) /* that driver reads another row than the one chosen */
        return;
    begin_door(d, "read in a block after SQLSetPos");
    for (int c = 0; c < d->n_columns; c++)
        d->columns[c] = (struct column){.c_type = c % 2 ? SQL_C_CHAR : 0, .n_bytes = 30};
    take_cells(d, 4, NULL);
    set_attr(d, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)4);
    set_attr(d, SQL_ATTR_ROWS_FETCHED_PTR, d->n_fetched);
    bind_all(d);
    execute(d);
    while (SQL_SUCCEEDED(said(d, "fetch", SQLFetch(d->stmt)))) {
        show_rows(d, *d->n_fetched, 0);
        for (int c = 2; c <= 5; c++) /* where the cursor is without SQLSetPos */
            read_pieces(d, c, SQL_C_CHAR, 48);
        for (SQLULEN row = *d->n_fetched; row >= 1; row--) {
            said(d, "position", SQLSetPos(d->stmt, (SQLSETPOSIROW)row, SQL_POSITION,
                                          SQL_LOCK_NO_CHANGE));
            for (int c = 1; c <= 7; c++)
                read_pieces(d, c, SQL_C_CHAR, 48);
        }
    }
}

static void out_of_turn(struct doors *d)
{
    char *data;
    SQLLEN *length;

    begin_door(d, "read before the first row and after the last");
    data = take(64);
    length = take(sizeof(*length));
    execute(d);
    said(d, "get", SQLGetData(d->stmt, 2, SQL_C_CHAR, data, 64, length));
    while (SQL_SUCCEEDED(SQLFetch(d->stmt)))
        ;
    said(d, "get", SQLGetData(d->stmt, 2, SQL_C_CHAR, data, 64, length));
    said(d, "get", SQLGetData(d->stmt, 99, SQL_C_CHAR, data, 64, length));
}

void getdata_doors(struct doors *d)
{
    every_size(d, SQL_C_CHAR, "char");
    every_size(d, SQL_C_WCHAR, "wide");
    null_buffer(d);
    typed(d);
    any_order(d);
    bound_too(d);
    in_block(d);
    out_of_turn(d);
}

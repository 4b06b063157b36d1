/* SPDX-License-Identifier: MIT */
/* Bound columns: one row, blocks by column and by row, offsets, small buffers, all C types. */
#include "tests/live/doors.h"

#include <stdint.h>
#include <stdio.h>

static void all_columns(struct doors *d, SQLSMALLINT c_type, SQLLEN n_bytes)
{
    for (int c = 0; c < d->n_columns; c++) {
        d->columns[c].c_type = c_type;
        d->columns[c].n_bytes = n_bytes;
    }
}

static void set_rows(struct doors *d, SQLULEN n_rows)
{
    set_attr(d, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)n_rows);
    set_attr(d, SQL_ATTR_ROW_STATUS_PTR, d->status);
    set_attr(d, SQL_ATTR_ROWS_FETCHED_PTR, d->n_fetched);
}

static void show_block(struct doors *d, SQLRETURN code, SQLULEN n_rows, SQLULEN stride)
{
    if (!SQL_SUCCEEDED(code))
        return;
    say("    fetched %lu", (unsigned long)*d->n_fetched);
    for (SQLULEN i = 0; i < n_rows; i++)
        say("    status %lu: %u", (unsigned long)i + 1, d->status[i]);
    show_rows(d, *d->n_fetched, stride);
}

/* Fetches to the end. has_rebind: binds anew between two blocks. */
static void fetch_all(struct doors *d, SQLULEN n_rows, SQLULEN stride)
{
    SQLRETURN code;
    SQLLEN n_all = 0;

    do {
        code = said(d, "fetch", SQLFetch(d->stmt));
        show_block(d, code, n_rows, stride);
    } while (SQL_SUCCEEDED(code));
    said(d, "row count", SQLRowCount(d->stmt, &n_all));
    say("    row count %lld", (long long)n_all);
}

static void blocks(struct doors *d, const char *name, SQLSMALLINT c_type, SQLLEN n_bytes,
                   SQLULEN n_rows)
{
    begin_door(d, name);
    all_columns(d, c_type, n_bytes);
    take_cells(d, n_rows, NULL);
    set_rows(d, n_rows);
    bind_all(d);
    execute(d);
    fetch_all(d, n_rows, 0);
}

static void rows_by_record(struct doors *d, const char *name, SQLULEN n_rows, bool has_offset)
{
    SQLULEN stride = 0;

    begin_door(d, name);
    all_columns(d, SQL_C_CHAR, 200);
    take_cells(d, 2 * n_rows, &stride);
    set_rows(d, n_rows);
    set_attr(d, SQL_ATTR_ROW_BIND_TYPE, (SQLPOINTER)stride);
    if (has_offset)
        set_attr(d, SQL_ATTR_ROW_BIND_OFFSET_PTR, d->offset);
    execute(d);
    bind_all(d);
    if (has_offset) {
        *d->offset = n_rows * stride;
        for (int c = 0; c < d->n_columns; c++) {
            d->columns[c].data += *d->offset;
            d->columns[c].length = (SQLLEN *)(void *)((char *)d->columns[c].length + *d->offset);
        }
    }
    fetch_all(d, n_rows, stride);
}

/* After execution: SQLite's driver looks for the column's type when it is bound. */
static void by_default(struct doors *d)
{
    begin_door(d, "bound by default");
    all_columns(d, SQL_C_DEFAULT, 200);
    take_cells(d, 1, NULL);
    set_rows(d, 1);
    execute(d);
    bind_all(d);
    fetch_all(d, 1, 0);
}

/* By column, with an offset that moves between blocks. */
static void moving_offset(struct doors *d)
{
    SQLRETURN code;

    begin_door(d, "bound by column, an offset that moves");
    all_columns(d, SQL_C_CHAR, 160);
    take_cells(d, 8, NULL);
    set_rows(d, 2);
    set_attr(d, SQL_ATTR_ROW_BIND_OFFSET_PTR, d->offset);
    bind_all(d);
    execute(d);
    for (int i = 0; i < 4; i++) {
        *d->offset = (i % 2) ? 2 * 160u : 0;
        code = said(d, "fetch", SQLFetch(d->stmt));
        if (!SQL_SUCCEEDED(code))
            break;
        for (int c = 0; c < d->n_columns; c++)
            for (SQLULEN row = 0; row < *d->n_fetched; row++) {
                char *data = d->columns[c].data + *d->offset + row * 160;
                SQLLEN *length =
                    (SQLLEN *)(void *)((char *)(d->columns[c].length + row) + *d->offset);

                show_value("cell", SQL_C_CHAR, data, 160, *length);
            }
    }
}

static void rebound(struct doors *d)
{
    begin_door(d, "bound anew between blocks, unbound, of another size");
    all_columns(d, SQL_C_CHAR, 120);
    take_cells(d, 4, NULL);
    set_rows(d, 2);
    bind_all(d);
    execute(d);
    show_block(d, said(d, "fetch", SQLFetch(d->stmt)), 2, 0);
    said(d, "unbind", SQLFreeStmt(d->stmt, SQL_UNBIND));
    all_columns(d, SQL_C_WCHAR, 60);
    d->columns[0].c_type = 0;
    take_cells(d, 4, NULL);
    bind_all(d);
    set_rows(d, 1);
    show_block(d, said(d, "fetch", SQLFetch(d->stmt)), 1, 0);
    set_rows(d, 3);
    show_block(d, said(d, "fetch", SQLFetch(d->stmt)), 3, 0);
}

static void no_data(struct doors *d)
{
    begin_door(d, "bound, but rows are not retrieved");
    all_columns(d, SQL_C_CHAR, 120);
    take_cells(d, 2, NULL);
    set_rows(d, 2);
    set_attr(d, SQL_ATTR_RETRIEVE_DATA, (SQLPOINTER)SQL_RD_OFF);
    bind_all(d);
    execute(d);
    show_block(d, said(d, "fetch", SQLFetch(d->stmt)), 2, 0);
}

static void typed(struct doors *d)
{
    static const SQLSMALLINT types[] = {SQL_C_SLONG, SQL_C_SBIGINT, SQL_C_DOUBLE};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        begin_door(d, "numbers bound as numbers");
        all_columns(d, 0, 0);
        d->columns[0] = (struct column){.c_type = SQL_C_SLONG, .n_bytes = sizeof(SQLINTEGER)};
        d->columns[6] = (struct column){.c_type = types[i], .n_bytes = 8};
        take_cells(d, 3, NULL);
        set_rows(d, types[i] == SQL_C_SLONG ? 1 : 3);
        /* a cell of a number is as wide as the number */
        if (types[i] == SQL_C_SLONG)
            d->columns[6].n_bytes = sizeof(SQLINTEGER);
        bind_all(d);
        execute(d);
        fetch_all(d, 1, 0);
    }
    for (int is_stamp = 0; is_stamp < 2; is_stamp++) {
        begin_door(d, "dates bound as dates");
        all_columns(d, 0, 0);
        d->columns[5] = (struct column){
            .c_type = is_stamp ? SQL_C_TYPE_TIMESTAMP : SQL_C_TYPE_DATE,
            .n_bytes = is_stamp ? sizeof(SQL_TIMESTAMP_STRUCT) : sizeof(SQL_DATE_STRUCT)};
        take_cells(d, 4, NULL);
        set_rows(d, 4);
        bind_all(d);
        execute(d);
        fetch_all(d, 4, 0);
    }
}

/* What cannot be converted: only searched, for the two ways differ (docs/decisions/0007). */
static void unfit(struct doors *d)
{
    begin_door(d, "text bound as numbers (codes are not compared)");
    all_columns(d, 0, 0);
    for (int c = 1; c < 5; c++)
        d->columns[c] = (struct column){.c_type = SQL_C_DOUBLE, .n_bytes = 8};
    take_cells(d, 4, NULL);
    SQLSetStmtAttr(d->stmt, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)4, 0);
    for (int c = 1; c < 5; c++)
        SQLBindCol(d->stmt, (SQLUSMALLINT)(c + 1), SQL_C_DOUBLE, d->columns[c].data, 8,
                   d->columns[c].length);
    execute(d);
    (void)SQLFetch(d->stmt);
    said(d, "close", SQLCloseCursor(d->stmt));
}

static void again(struct doors *d)
{
    begin_door(d, "prepared, executed twice");
    all_columns(d, SQL_C_CHAR, 100);
    take_cells(d, 2, NULL);
    set_rows(d, 2);
    said(d, "prepare", SQLPrepare(d->stmt, (SQLCHAR *)(uintptr_t)d->sql, SQL_NTS));
    bind_all(d);
    for (int i = 0; i < 2; i++) {
        said(d, "execute", SQLExecute(d->stmt));
        show_block(d, said(d, "fetch", SQLFetch(d->stmt)), 2, 0);
        said(d, "more", SQLMoreResults(d->stmt));
    }
}

void fetch_doors(struct doors *d)
{
    static const SQLSMALLINT types[] = {SQL_C_CHAR, SQL_C_WCHAR};
    static const char *const names[] = {"char", "wide"};
    char name[80];

    for (size_t t = 0; t < 2; t++) {
        SQLLEN width = (SQLLEN)t + 1;

        snprintf(name, sizeof(name), "bound as %s, row by row", names[t]);
        blocks(d, name, types[t], MAX_CELL, 1);
        snprintf(name, sizeof(name), "bound as %s, blocks of 3", names[t]);
        blocks(d, name, types[t], 400 * width, 3);
        snprintf(name, sizeof(name), "bound as %s, one large block", names[t]);
        blocks(d, name, types[t], MAX_CELL, 10);
        for (SQLLEN n = 1; n < 14; n += 3) {
            snprintf(name, sizeof(name), "bound as %s, %d bytes", names[t], (int)(n * width));
            blocks(d, name, types[t], n * width, n % 2 ? 2 : 1);
        }
    }
    by_default(d);
    rows_by_record(d, "bound by row", 3, false);
    rows_by_record(d, "bound by row with an offset", 3, true);
    moving_offset(d);
    rebound(d);
    no_data(d);
    typed(d);
    unfit(d);
    again(d);
}

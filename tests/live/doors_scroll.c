/* SPDX-License-Identifier: MIT */
/* Cursors that scroll: every orientation, SQLExtendedFetch, refreshing, bookmarks. */
#include "tests/live/doors.h"

#include <stdint.h>
#include <stdio.h>

static void begin_scrolling(struct doors *d, const char *name, SQLULEN n_rows)
{
    begin_door(d, name);
    for (int c = 0; c < d->n_columns; c++)
        d->columns[c] = (struct column){
            .c_type = c % 2 || d->is_narrow ? SQL_C_CHAR : SQL_C_WCHAR, .n_bytes = 90};
    take_cells(d, n_rows, NULL);
    set_attr(d, SQL_ATTR_CURSOR_TYPE, (SQLPOINTER)SQL_CURSOR_STATIC);
    set_attr(d, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)n_rows);
    set_attr(d, SQL_ATTR_ROW_STATUS_PTR, d->status);
    set_attr(d, SQL_ATTR_ROWS_FETCHED_PTR, d->n_fetched);
    bind_all(d);
}

static void show_scrolled(struct doors *d, SQLRETURN code, SQLULEN n_rows)
{
    SQLULEN number = 0;

    if (!SQL_SUCCEEDED(code))
        return;
    say("    fetched %lu", (unsigned long)*d->n_fetched);
    for (SQLULEN i = 0; i < n_rows; i++)
        say("    status %lu: %u", (unsigned long)i + 1, d->status[i]);
    SQLGetStmtAttr(d->stmt, SQL_ATTR_ROW_NUMBER, &number, 0, NULL);
    say("    row number %lu", (unsigned long)number);
    show_rows(d, *d->n_fetched, 0);
}

static const struct {
    SQLSMALLINT orientation;
    SQLLEN offset;
} moves[] = {
    {SQL_FETCH_FIRST, 0},    {SQL_FETCH_NEXT, 0},      {SQL_FETCH_NEXT, 0},
    {SQL_FETCH_PRIOR, 0},    {SQL_FETCH_LAST, 0},      {SQL_FETCH_NEXT, 0},
    {SQL_FETCH_PRIOR, 0},    {SQL_FETCH_ABSOLUTE, 2},  {SQL_FETCH_RELATIVE, 1},
    {SQL_FETCH_RELATIVE, 0}, {SQL_FETCH_ABSOLUTE, -2}, {SQL_FETCH_RELATIVE, -1},
    {SQL_FETCH_ABSOLUTE, 0}, {SQL_FETCH_NEXT, 0},      {SQL_FETCH_ABSOLUTE, 99},
    {SQL_FETCH_PRIOR, 0},    {SQL_FETCH_ABSOLUTE, 3},
};

static void scroll(struct doors *d, SQLULEN n_rows)
{
    char name[64];

    snprintf(name, sizeof(name), "scrolled by %lu", (unsigned long)n_rows);
    begin_scrolling(d, name, n_rows);
    execute(d);
    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
        show_scrolled(d, said(d, "scroll", SQLFetchScroll(d->stmt, moves[i].orientation,
                                                          moves[i].offset)), n_rows);
}

static void extended(struct doors *d, SQLULEN n_rows)
{
    SQLULEN *n = NULL;
    SQLUSMALLINT *status = NULL;
    char name[64];

    snprintf(name, sizeof(name), "SQLExtendedFetch by %lu", (unsigned long)n_rows);
    begin_scrolling(d, name, n_rows);
    n = take(sizeof(*n));
    status = take(n_rows * sizeof(*status));
    set_attr(d, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)1);
    set_attr(d, SQL_ROWSET_SIZE, (SQLPOINTER)n_rows);
    execute(d);
    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
        SQLRETURN code = said(d, "extended fetch",
                              SQLExtendedFetch(d->stmt, (SQLUSMALLINT)moves[i].orientation,
                                               moves[i].offset, n, status));

        if (!SQL_SUCCEEDED(code))
            continue;
        say("    fetched %lu", (unsigned long)*n);
        for (SQLULEN s = 0; s < n_rows; s++)
            say("    status %u", status[s]);
        show_rows(d, *n, 0);
    }
}

static void refreshed(struct doors *d)
{
    begin_scrolling(d, "refreshed", 3);
    if (d->is_sqlite) { /* whose code of refreshing all rows is that of the last one alone */
        for (int c = 0; c < d->n_columns; c++)
            d->columns[c].n_bytes = MAX_CELL;
        take_cells(d, 3, NULL);
        bind_all(d);
    }
    execute(d);
    show_scrolled(d, said(d, "scroll", SQLFetchScroll(d->stmt, SQL_FETCH_ABSOLUTE, 2)), 3);
    for (SQLUSMALLINT row = 0; row <= 4; row++) {
        said(d, "refresh", SQLSetPos(d->stmt, row, SQL_REFRESH, SQL_LOCK_NO_CHANGE));
        show_rows(d, 3, 0);
    }
    /* into other buffers */
    take_cells(d, 3, NULL);
    bind_all(d);
    said(d, "refresh", SQLSetPos(d->stmt, 2, SQL_REFRESH, SQL_LOCK_NO_CHANGE));
    show_rows(d, 3, 0);
    show_scrolled(d, said(d, "scroll", SQLFetchScroll(d->stmt, SQL_FETCH_NEXT, 0)), 3);
}

static void bookmarked(struct doors *d)
{
    char *marks;
    SQLLEN *lengths;
    size_t n_mark = 8;

    begin_scrolling(d, "by bookmark", 3);
    marks = take(3 * n_mark);
    lengths = take(3 * sizeof(*lengths));
    set_attr(d, SQL_ATTR_USE_BOOKMARKS, (SQLPOINTER)SQL_UB_VARIABLE);
    said(d, "bind bookmark", SQLBindCol(d->stmt, 0, SQL_C_VARBOOKMARK, marks, (SQLLEN)n_mark,
                                        lengths));
    execute(d);
    show_scrolled(d, said(d, "scroll", SQLFetchScroll(d->stmt, SQL_FETCH_ABSOLUTE, 2)), 3);
    for (int i = 0; i < 3; i++)
        show_value("bookmark", SQL_C_BINARY, marks + i * (int)n_mark, (SQLLEN)n_mark, lengths[i]);
    set_attr(d, SQL_ATTR_FETCH_BOOKMARK_PTR, marks + n_mark);
    show_scrolled(d, said(d, "scroll", SQLFetchScroll(d->stmt, SQL_FETCH_BOOKMARK, 0)), 3);
    show_scrolled(d, said(d, "scroll", SQLFetchScroll(d->stmt, SQL_FETCH_BOOKMARK, -1)), 3);
    said(d, "bulk fetch", SQLBulkOperations(d->stmt, SQL_FETCH_BY_BOOKMARK));
    show_rows(d, 3, 0);
}

/* Rows that need a second look because a value is long. */
static void long_values(struct doors *d)
{
    begin_scrolling(d, "scrolled over long values", 3);
    for (int c = 0; c < d->n_columns; c++)
        d->columns[c] = (struct column){.c_type = SQL_C_CHAR, .n_bytes = MAX_CELL};
    take_cells(d, 3, NULL);
    bind_all(d);
    execute(d);
    for (size_t i = 0; i < 8; i++)
        show_scrolled(d, said(d, "scroll", SQLFetchScroll(d->stmt, moves[i].orientation,
                                                          moves[i].offset)), 3);
    if (SQL_SUCCEEDED(said(d, "position", SQLSetPos(d->stmt, 2, SQL_POSITION,
                                                    SQL_LOCK_NO_CHANGE)))) {
        said(d, "refresh", SQLSetPos(d->stmt, 1, SQL_REFRESH, SQL_LOCK_NO_CHANGE));
        show_rows(d, 3, 0);
    }
}

void scroll_doors(struct doors *d)
{
    for (SQLULEN n = 1; n <= 4; n++)
        scroll(d, n);
    for (SQLULEN n = 1; n <= 3; n++)
        extended(d, n);
    refreshed(d);
    bookmarked(d);
    long_values(d);
}

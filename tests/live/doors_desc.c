/* SPDX-License-Identifier: MIT */
/* Bindings that are made through descriptors: by field, by record, copied, shared, freed. */
#include "tests/live/doors.h"

#include <stdint.h>
#include <string.h>

static void plan_cells(struct doors *d, SQLULEN n_rows)
{
    for (int c = 0; c < d->n_columns; c++)
        d->columns[c] = (struct column){
            .c_type = c % 2 || d->is_narrow ? SQL_C_CHAR : SQL_C_WCHAR, .n_bytes = 80};
    take_cells(d, n_rows, NULL);
}

static void set_field(struct doors *d, SQLHDESC desc, int number, SQLSMALLINT field,
                      SQLPOINTER value)
{
    said(d, "set field", SQLSetDescField(desc, (SQLSMALLINT)number, field, value, 0));
}

static void bind_fields(struct doors *d, SQLHDESC desc)
{
    for (int c = 0; c < d->n_columns; c++) {
        struct column *column = &d->columns[c];

        set_field(d, desc, c + 1, SQL_DESC_CONCISE_TYPE, (SQLPOINTER)(intptr_t)column->c_type);
        set_field(d, desc, c + 1, SQL_DESC_OCTET_LENGTH, (SQLPOINTER)column->n_bytes);
        set_field(d, desc, c + 1, SQL_DESC_OCTET_LENGTH_PTR, column->length);
        set_field(d, desc, c + 1, SQL_DESC_INDICATOR_PTR, column->indicator);
        set_field(d, desc, c + 1, SQL_DESC_DATA_PTR, column->data);
    }
}

static SQLHDESC row_descriptor(struct doors *d)
{
    SQLHDESC desc = NULL;

    said(d, "get descriptor",
         SQLGetStmtAttr(d->stmt, SQL_ATTR_APP_ROW_DESC, &desc, SQL_IS_POINTER, NULL));
    return desc;
}

static void fetch_all(struct doors *d)
{
    SQLRETURN code;

    do {
        code = said(d, "fetch", SQLFetch(d->stmt));
        if (SQL_SUCCEEDED(code)) {
            say("    fetched %lu", (unsigned long)*d->n_fetched);
            show_rows(d, *d->n_fetched, 0);
        }
    } while (SQL_SUCCEEDED(code));
}

static void by_field(struct doors *d, bool is_split)
{
    SQLHDESC desc;

    begin_door(d, is_split ? "bound by fields, length and indicator apart" : "bound by fields");
    plan_cells(d, 2);
    for (int c = 0; is_split && c < d->n_columns; c++)
        d->columns[c].indicator = take(2 * sizeof(SQLLEN));
    desc = row_descriptor(d);
    set_field(d, desc, 0, SQL_DESC_ARRAY_SIZE, (SQLPOINTER)2);
    set_attr(d, SQL_ATTR_ROWS_FETCHED_PTR, d->n_fetched);
    bind_fields(d, desc);
    execute(d);
    fetch_all(d);
    for (int c = 0; is_split && c < d->n_columns; c++)
        say("    indicator %d: %lld", c + 1, (long long)d->columns[c].indicator[0]);
}

static void by_record(struct doors *d)
{
    SQLHDESC desc;

    begin_door(d, "bound by records");
    plan_cells(d, 1);
    desc = row_descriptor(d);
    set_attr(d, SQL_ATTR_ROWS_FETCHED_PTR, d->n_fetched);
    execute(d);
    for (int c = 0; c < d->n_columns; c++) {
        struct column *column = &d->columns[c];

        said(d, "set record",
             SQLSetDescRec(desc, (SQLSMALLINT)(c + 1), column->c_type, 0, column->n_bytes, 0, 0,
                           column->data, column->length, column->indicator));
    }
    fetch_all(d);
}

/* One descriptor for two statements, one of which binds; then it is freed. */
static void shared(struct doors *d)
{
    SQLHDESC desc = NULL;
    SQLHSTMT first;

    begin_door(d, "a shared descriptor, freed while attached");
    plan_cells(d, 2);
    first = d->stmt;
    said(d, "alloc descriptor", SQLAllocHandle(SQL_HANDLE_DESC, d->dbc, &desc));
    said(d, "alloc", SQLAllocHandle(SQL_HANDLE_STMT, d->dbc, &d->stmt));
    set_attr(d, SQL_ATTR_APP_ROW_DESC, desc);
    bind_all(d);
    set_field(d, desc, 0, SQL_DESC_ARRAY_SIZE, (SQLPOINTER)2);
    SQLFreeHandle(SQL_HANDLE_STMT, d->stmt);
    d->stmt = first;
    set_attr(d, SQL_ATTR_APP_ROW_DESC, desc);
    set_attr(d, SQL_ATTR_ROWS_FETCHED_PTR, d->n_fetched);
    execute(d);
    if (SQL_SUCCEEDED(said(d, "fetch", SQLFetch(d->stmt))))
        show_rows(d, *d->n_fetched, 0);
    said(d, "back", SQLSetStmtAttr(d->stmt, SQL_ATTR_APP_ROW_DESC, SQL_NULL_HDESC,
                                   SQL_IS_POINTER));
    memset(d->columns[1].data, 0x5A, 80);
    said(d, "fetch", SQLFetch(d->stmt));
    show_value("not bound any more", SQL_C_BINARY, d->columns[1].data, 20, 20);
    set_attr(d, SQL_ATTR_APP_ROW_DESC, desc);
    if (SQL_SUCCEEDED(said(d, "fetch", SQLFetch(d->stmt))))
        show_rows(d, *d->n_fetched, 0);
    said(d, "back", SQLSetStmtAttr(d->stmt, SQL_ATTR_APP_ROW_DESC, SQL_NULL_HDESC,
                                   SQL_IS_POINTER));
    said(d, "free descriptor", SQLFreeHandle(SQL_HANDLE_DESC, desc));
    said(d, "fetch", SQLFetch(d->stmt));
}

static void copied(struct doors *d)
{
    SQLHDESC from = NULL, to;

    begin_door(d, "a copied descriptor");
    plan_cells(d, 2);
    said(d, "alloc descriptor", SQLAllocHandle(SQL_HANDLE_DESC, d->dbc, &from));
    set_attr(d, SQL_ATTR_APP_ROW_DESC, from);
    bind_all(d);
    set_attr(d, SQL_ATTR_APP_ROW_DESC, SQL_NULL_HDESC);
    set_attr(d, SQL_ATTR_ROWS_FETCHED_PTR, d->n_fetched);
    to = row_descriptor(d);
    execute(d);
    said(d, "fetch", SQLFetch(d->stmt));
    said(d, "copy", SQLCopyDesc(from, to));
    fetch_all(d);
    said(d, "free descriptor", SQLFreeHandle(SQL_HANDLE_DESC, from));
}

/* Nothing is bound, all is read by SQLGetData. */
static void without_records(struct doors *d)
{
    SQLHDESC desc = NULL;
    SQLLEN *length = take(sizeof(*length));
    char *data = take(80);

    begin_door(d, "a descriptor without records");
    said(d, "alloc descriptor", SQLAllocHandle(SQL_HANDLE_DESC, d->dbc, &desc));
    set_attr(d, SQL_ATTR_APP_ROW_DESC, desc);
    execute(d);
    for (int row = 0; row < 3 && SQL_SUCCEEDED(said(d, "fetch", SQLFetch(d->stmt))); row++)
        for (int c = 1; c <= d->n_columns; c++)
            if (SQL_SUCCEEDED(said(d, "get", SQLGetData(d->stmt, (SQLUSMALLINT)c, SQL_C_CHAR, data, 80,
                                                        length))))
                show_value("value", SQL_C_CHAR, data, 80, *length);
    SQLFreeStmt(d->stmt, SQL_CLOSE);
    said(d, "back", SQLSetStmtAttr(d->stmt, SQL_ATTR_APP_ROW_DESC, SQL_NULL_HDESC, SQL_IS_POINTER));
    said(d, "free descriptor", SQLFreeHandle(SQL_HANDLE_DESC, desc));
}

void descriptor_doors(struct doors *d)
{
    if (d->is_sqlite) /* has none */
        return;
    by_field(d, false);
    by_field(d, true);
    by_record(d);
    shared(d);
    copied(d);
    without_records(d);
}

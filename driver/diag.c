/* SPDX-License-Identifier: MIT */
#include "driver/diag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "driver/wide.h"

#define MAX_RECORDS 64u
#define MAX_TEXT_BYTES (16u * 1024u)

void og_diag_clear(struct og_diag *diag)
{
    for (size_t i = 0; i < diag->n_records; i++)
        free(diag->records[i].text);
    diag->n_records = 0;
}

void og_diag_release(struct og_diag *diag)
{
    og_diag_clear(diag);
    free(diag->records);
    memset(diag, 0, sizeof(*diag));
}

void og_diag_drop_first(struct og_diag *diag)
{
    if (!diag->n_records)
        return;
    free(diag->records[0].text);
    diag->n_records--;
    memmove(diag->records, diag->records + 1, diag->n_records * sizeof(diag->records[0]));
}

void og_diag_drop_state(struct og_diag *diag, const char *sqlstate)
{
    size_t n_kept = 0;

    for (size_t i = 0; i < diag->n_records; i++)
        if (strcmp(diag->records[i].sqlstate, sqlstate) == 0)
            free(diag->records[i].text);
        else
            diag->records[n_kept++] = diag->records[i];
    diag->n_records = n_kept;
}

void og_diag_cut(struct og_diag *diag, size_t n_records)
{
    while (diag->n_records > n_records)
        free(diag->records[--diag->n_records].text);
}

/* Takes text over. */
static void push(struct og_diag *diag, const char *sqlstate, SQLINTEGER native, char *text)
{
    struct og_diag_record *record;

    if (diag->n_records == diag->max_records && diag->max_records < MAX_RECORDS) {
        size_t max = diag->max_records ? diag->max_records * 2 : 4;
        struct og_diag_record *records = realloc(diag->records, max * sizeof(*records));

        if (records) {
            diag->records = records;
            diag->max_records = max;
        }
    }
    if (diag->n_records == diag->max_records || !text) {
        free(text);
        return;
    }
    record = &diag->records[diag->n_records++];
    *record = (struct og_diag_record){
        .native = native,
        .text = text,
        .row_number = SQL_NO_ROW_NUMBER,
        .column_number = SQL_NO_COLUMN_NUMBER,
    };
    (void)snprintf(record->sqlstate, sizeof(record->sqlstate), "%s", sqlstate);
}

static void push_formatted(struct og_diag *diag, const char *sqlstate, SQLINTEGER native,
                           const char *prefix, const char *format, va_list args)
    __attribute__((__format__(__printf__, 5, 0)));

static void push_formatted(struct og_diag *diag, const char *sqlstate, SQLINTEGER native,
                           const char *prefix, const char *format, va_list args)
{
    struct og_buf text;

    og_buf_init(&text, MAX_TEXT_BYTES);
    og_buf_append_str(&text, prefix);
    og_buf_vprintf(&text, format, args);
    push(diag, sqlstate, native, og_buf_take(&text));
    og_buf_release(&text);
}

static const char *state_of(enum og_err code, bool is_at_connect)
{
    const struct og_err_info *info = og_err_info(code);

    return is_at_connect ? info->sqlstate_at_connect : info->sqlstate;
}

void og_diag_add(struct og_diag *diag, enum og_err code, bool is_at_connect, const char *format,
                 ...)
{
    va_list args;

    va_start(args, format);
    push_formatted(diag, state_of(code, is_at_connect), og_err_info(code)->native,
                   format[0] == '[' ? "[odbcguard]" : "[odbcguard] ", format, args);
    va_end(args);
}

void og_diag_add_complete(struct og_diag *diag, enum og_err code, bool is_at_connect,
                          const char *text)
{
    push(diag, state_of(code, is_at_connect), og_err_info(code)->native, strdup(text));
}

void og_diag_add_state(struct og_diag *diag, const char *sqlstate, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    push_formatted(diag, sqlstate, 0, "", format, args);
    va_end(args);
}

void og_diag_add_raw(struct og_diag *diag, const char *sqlstate, SQLINTEGER native,
                     const char *text)
{
    push(diag, sqlstate, native, strdup(text));
}

/* ---- handing out ---- */

SQLRETURN og_diag_get_rec(const struct og_diag *diag, bool is_wide, SQLSMALLINT number,
                          void *sqlstate, SQLINTEGER *native, void *text, SQLSMALLINT max_chars,
                          SQLSMALLINT *n_chars)
{
    const struct og_diag_record *record;
    size_t n_text, n_state;
    bool is_cut;

    if (number < 1 || max_chars < 0)
        return SQL_ERROR;
    if ((size_t)number > diag->n_records)
        return SQL_NO_DATA;
    record = &diag->records[number - 1];
    if (sqlstate)
        (void)og_text_put(record->sqlstate, is_wide, sqlstate, 6, &n_state);
    if (native)
        *native = record->native;
    is_cut = og_text_put(record->text, is_wide, text, (size_t)max_chars, &n_text);
    if (n_chars)
        *n_chars = (SQLSMALLINT)n_text;
    return is_cut ? SQL_SUCCESS_WITH_INFO : SQL_SUCCESS;
}

static SQLRETURN put_field(const char *text, bool is_wide, void *value, SQLSMALLINT max_bytes,
                           SQLSMALLINT *n_bytes)
{
    size_t width = is_wide ? sizeof(SQLWCHAR) : 1;
    size_t n_text;
    bool is_cut;

    if (max_bytes < 0)
        return SQL_ERROR;
    is_cut = og_text_put(text, is_wide, value, (size_t)max_bytes / width, &n_text);
    if (n_bytes)
        *n_bytes = (SQLSMALLINT)(n_text * width);
    return is_cut ? SQL_SUCCESS_WITH_INFO : SQL_SUCCESS;
}

/* Class and subclass origin: states whose class or subclass ODBC adds to the ISO ones. */
static const char *origin(const char *sqlstate, bool is_subclass)
{
    bool is_odbc = strncmp(sqlstate, "IM", 2) == 0 ||
                   (is_subclass && strncmp(sqlstate, "HY", 2) == 0);

    return is_odbc ? "ODBC 3.0" : "ISO 9075";
}

/* psqlODBC tells the length of every number as this one. */
static SQLRETURN put_number(const void *number, size_t size, void *value, SQLSMALLINT *n_bytes)
{
    if (value)
        memcpy(value, number, size);
    if (n_bytes)
        *n_bytes = (SQLSMALLINT)sizeof(SQLINTEGER);
    return SQL_SUCCESS;
}

SQLRETURN og_diag_get_field(const struct og_diag *diag, bool is_wide, SQLSMALLINT number,
                            SQLSMALLINT field, void *value, SQLSMALLINT max_bytes,
                            SQLSMALLINT *n_bytes)
{
    const struct og_diag_record *record;

    if (number < 1)
        return SQL_ERROR;
    if ((size_t)number > diag->n_records)
        return SQL_NO_DATA;
    record = &diag->records[number - 1];
    switch (field) {
    case SQL_DIAG_SQLSTATE:
        return put_field(record->sqlstate, is_wide, value, max_bytes, n_bytes);
    case SQL_DIAG_MESSAGE_TEXT:
        return put_field(record->text, is_wide, value, max_bytes, n_bytes);
    case SQL_DIAG_CLASS_ORIGIN:
        return put_field(origin(record->sqlstate, false), is_wide, value, max_bytes, n_bytes);
    case SQL_DIAG_SUBCLASS_ORIGIN:
        return put_field(origin(record->sqlstate, true), is_wide, value, max_bytes, n_bytes);
    case SQL_DIAG_CONNECTION_NAME:
    case SQL_DIAG_SERVER_NAME:
        return put_field("", is_wide, value, max_bytes, n_bytes);
    case SQL_DIAG_NATIVE:
        return put_number(&record->native, sizeof(record->native), value, n_bytes);
    case SQL_DIAG_ROW_NUMBER:
        return put_number(&record->row_number, sizeof(record->row_number), value, n_bytes);
    case SQL_DIAG_COLUMN_NUMBER:
        return put_number(&record->column_number, sizeof(record->column_number), value, n_bytes);
    default:
        return SQL_ERROR;
    }
}

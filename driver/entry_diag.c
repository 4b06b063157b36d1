/* SPDX-License-Identifier: MIT */
/* Diagnostics: the entry layer's own records (of calls that reached nothing
 * below) first, then the layer's, with the caller's own buffers and sizes. */
#include <stdlib.h>
#include <string.h>

#include "driver/conf.h"
#include "driver/entry.h"
#include "driver/handle.h"
#include "driver/wide.h"

static bool has_below(const struct og_handle *h)
{
    return h->shows_below && h->calls && h->below;
}

/* Number of the record for the layer below: ours come first. */
static SQLSMALLINT below_number(const struct og_handle *h, SQLSMALLINT number)
{
    SQLSMALLINT n_own = (SQLSMALLINT)h->diag.n_records;

    return number > n_own ? (SQLSMALLINT)(number - n_own) : number;
}

static bool is_own(const struct og_handle *h, SQLSMALLINT number)
{
    return number >= 1 && (size_t)number <= h->diag.n_records;
}

/* What a handle with nothing below says to a number that is not ours. */
static SQLRETURN nothing(SQLSMALLINT number)
{
    return number < 1 ? SQL_ERROR : SQL_NO_DATA;
}

/* A record that is handed out, in the log; returns code. */
static SQLRETURN note_record(const struct og_handle *h, SQLRETURN code, const SQLCHAR *sqlstate,
                             const SQLINTEGER *native)
{
    if (og_handle_log(h) && SQL_SUCCEEDED(code) && sqlstate && native)
        og_call_log_record(og_handle_log(h), h, (const char *)sqlstate, *native);
    return code;
}

static SQLRETURN note_wide_record(const struct og_handle *h, SQLRETURN code,
                                  const SQLWCHAR *sqlstate, const SQLINTEGER *native)
{
    SQLCHAR state[SQL_SQLSTATE_SIZE + 1] = "";

    for (size_t i = 0; sqlstate && SQL_SUCCEEDED(code) && i < SQL_SQLSTATE_SIZE; i++)
        state[i] = (SQLCHAR)sqlstate[i];
    return note_record(h, code, sqlstate ? state : NULL, native);
}

static SQLRETURN narrow_record(struct og_handle *h, SQLSMALLINT type, SQLSMALLINT number,
                               SQLCHAR *sqlstate, SQLINTEGER *native, SQLCHAR *text,
                               SQLSMALLINT max_chars, SQLSMALLINT *n_chars)
{
    if (is_own(h, number))
        return og_diag_get_rec(&h->diag, false, number, sqlstate, native, text, max_chars, n_chars);
    if (!has_below(h) || !h->calls->SQLGetDiagRec)
        return nothing(number);
    return h->calls->SQLGetDiagRec(type, h->below, below_number(h, number), sqlstate, native, text,
                                   max_chars, n_chars);
}

SQLRETURN og_entry_SQLGetDiagRec(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT number,
                                 SQLCHAR *sqlstate, SQLINTEGER *native, SQLCHAR *text,
                                 SQLSMALLINT max_chars, SQLSMALLINT *n_chars)
{
    struct og_handle *h = og_handle_check(handle, og_handle_type_of(type));
    SQLRETURN code;

    if (!h)
        return SQL_INVALID_HANDLE;
    code = narrow_record(h, type, number, sqlstate, native, text, max_chars, n_chars);
    return note_record(h, code, sqlstate, native);
}

static SQLRETURN wide_record(struct og_handle *h, SQLSMALLINT type, SQLSMALLINT number,
                             SQLWCHAR *sqlstate, SQLINTEGER *native, SQLWCHAR *text,
                             SQLSMALLINT max_chars, SQLSMALLINT *n_chars)
{
    if (is_own(h, number))
        return og_diag_get_rec(&h->diag, true, number, sqlstate, native, text, max_chars, n_chars);
    if (!has_below(h) || !h->calls->SQLGetDiagRecW)
        return nothing(number);
    return h->calls->SQLGetDiagRecW(type, h->below, below_number(h, number), sqlstate, native, text,
                                    max_chars, n_chars);
}

SQLRETURN og_entry_SQLGetDiagRecW(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT number,
                                  SQLWCHAR *sqlstate, SQLINTEGER *native, SQLWCHAR *text,
                                  SQLSMALLINT max_chars, SQLSMALLINT *n_chars)
{
    struct og_handle *h = og_handle_check(handle, og_handle_type_of(type));
    SQLRETURN code;

    if (!h)
        return SQL_INVALID_HANDLE;
    code = wide_record(h, type, number, sqlstate, native, text, max_chars, n_chars);
    return note_wide_record(h, code, sqlstate, native);
}

typedef __typeof__(SQLGetDiagField) get_field;

static SQLRETURN count_records(struct og_handle *h, get_field *below, SQLSMALLINT type,
                               SQLPOINTER value)
{
    SQLINTEGER n_below = 0;

    if (has_below(h) && below)
        (void)below(type, h->below, 0, SQL_DIAG_NUMBER, &n_below, 0, NULL);
    if (value)
        *(SQLINTEGER *)value = (SQLINTEGER)h->diag.n_records + n_below;
    return SQL_SUCCESS;
}

/* Whether the driver hands out a name that does not fit without a word, and
 * with the length that fitted. */
static bool cuts_in_silence(struct og_handle *h, get_field *below, bool is_wide, SQLSMALLINT type,
                            SQLSMALLINT number, SQLSMALLINT field)
{
    SQLWCHAR two[2] = {0};
    SQLSMALLINT n_bytes = 0;

    return below(type, h->below, number, field, two, is_wide ? sizeof(two) : 2, &n_bytes) ==
           SQL_SUCCESS;
}

/* A driver that names the data source here names the target: the application
 * knows the guarded one. */
static SQLRETURN name_field(struct og_handle *h, get_field *below, bool is_wide, SQLSMALLINT type,
                            SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER value,
                            SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes)
{
    const struct og_handle *dbc = h->type == OG_HANDLE_DBC ? h : h->parent;
    SQLWCHAR wide[SQL_MAX_DSN_LENGTH + 2] = {0};
    SQLCHAR name[4 * SQL_MAX_DSN_LENGTH + 2] = {0};
    size_t width = is_wide ? sizeof(SQLWCHAR) : 1u, n = 0;
    SQLRETURN code;
    char *utf8;
    bool is_target, is_cut, is_silent;

    code = is_wide
               ? below(type, h->below, number, field, wide, sizeof(wide) - sizeof(SQLWCHAR), NULL)
               : below(type, h->below, number, field, name, sizeof(name) - 1, NULL);
    utf8 = is_wide ? og_wide_to_utf8(wide, SQL_NTS) : og_narrow_copy(name, SQL_NTS);
    is_target = code == SQL_SUCCESS && utf8 && dbc && dbc->conf && dbc->conf->dsn[0] && utf8[0] &&
                strcmp(utf8, dbc->conf->target_dsn) == 0;
    free(utf8);
    if (!is_target)
        return below(type, h->below, number, field, value, max_bytes, n_bytes);
    is_silent = cuts_in_silence(h, below, is_wide, type, number, field);
    is_cut = og_text_put(dbc->conf->dsn, is_wide, value,
                         max_bytes > 0 ? (size_t)max_bytes / width : 0, &n);
    if (is_cut && is_silent)
        n = max_bytes >= (SQLSMALLINT)width ? (size_t)max_bytes / width - 1 : 0;
    if (n_bytes)
        *n_bytes = (SQLSMALLINT)(n * width);
    return is_cut && !is_silent ? SQL_SUCCESS_WITH_INFO : SQL_SUCCESS;
}

static SQLRETURN diag_field(struct og_handle *h, get_field *below, bool is_wide, SQLSMALLINT type,
                            SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER value,
                            SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes)
{
    if (number == 0 && field == SQL_DIAG_NUMBER)
        return count_records(h, below, type, value);
    if (number == 0 && field == SQL_DIAG_RETURNCODE) { /* of the call that the application made */
        if (value)
            *(SQLRETURN *)value = h->diag.return_code;
        return SQL_SUCCESS;
    }
    if (is_own(h, number))
        return og_diag_get_field(&h->diag, is_wide, number, field, value, max_bytes, n_bytes);
    if (!has_below(h) || !below)
        return number == 0 ? SQL_ERROR : nothing(number);
    if (field == SQL_DIAG_SERVER_NAME || field == SQL_DIAG_CONNECTION_NAME)
        return name_field(h, below, is_wide, type, below_number(h, number), field, value, max_bytes,
                          n_bytes);
    return below(type, h->below, below_number(h, number), field, value, max_bytes, n_bytes);
}

SQLRETURN og_entry_SQLGetDiagField(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT number,
                                   SQLSMALLINT field, SQLPOINTER value, SQLSMALLINT max_bytes,
                                   SQLSMALLINT *n_bytes)
{
    struct og_handle *h = og_handle_check(handle, og_handle_type_of(type));

    if (!h)
        return SQL_INVALID_HANDLE;
    return diag_field(h, h->calls ? h->calls->SQLGetDiagField : NULL, false, type, number, field,
                      value, max_bytes, n_bytes);
}

SQLRETURN og_entry_SQLGetDiagFieldW(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT number,
                                    SQLSMALLINT field, SQLPOINTER value, SQLSMALLINT max_bytes,
                                    SQLSMALLINT *n_bytes)
{
    struct og_handle *h = og_handle_check(handle, og_handle_type_of(type));

    if (!h)
        return SQL_INVALID_HANDLE;
    return diag_field(h, h->calls ? h->calls->SQLGetDiagFieldW : NULL, true, type, number, field,
                      value, max_bytes, n_bytes);
}

/* ODBC 2: hands each record out once. The handle it is about, by the innermost
 * that is given. */
static struct og_handle *about(SQLHENV env, SQLHDBC dbc, SQLHSTMT stmt)
{
    return stmt  ? og_handle_check(stmt, OG_HANDLE_STMT)
           : dbc ? og_handle_check(dbc, OG_HANDLE_DBC)
                 : og_handle_check(env, OG_HANDLE_ENV);
}

static SQLRETURN drop_own(struct og_handle *h, bool is_wide, void *sqlstate, SQLINTEGER *native,
                          void *text, SQLSMALLINT max_chars, SQLSMALLINT *n_chars)
{
    SQLRETURN code =
        og_diag_get_rec(&h->diag, is_wide, 1, sqlstate, native, text, max_chars, n_chars);

    og_diag_drop_first(&h->diag);
    return code;
}

static SQLRETURN narrow_error(struct og_handle *h, SQLCHAR *sqlstate, SQLINTEGER *native,
                              SQLCHAR *text, SQLSMALLINT max_chars, SQLSMALLINT *n_chars)
{
    if (h->diag.n_records)
        return drop_own(h, false, sqlstate, native, text, max_chars, n_chars);
    if (!has_below(h) || !h->calls->SQLError)
        return SQL_NO_DATA;
    return h->calls->SQLError(NULL, h->type == OG_HANDLE_DBC ? h->below : NULL,
                              h->type == OG_HANDLE_STMT ? h->below : NULL, sqlstate, native, text,
                              max_chars, n_chars);
}

SQLRETURN og_entry_SQLError(SQLHENV env, SQLHDBC dbc, SQLHSTMT stmt, SQLCHAR *sqlstate,
                            SQLINTEGER *native, SQLCHAR *text, SQLSMALLINT max_chars,
                            SQLSMALLINT *n_chars)
{
    struct og_handle *h = about(env, dbc, stmt);

    if (!h)
        return SQL_INVALID_HANDLE;
    return note_record(h, narrow_error(h, sqlstate, native, text, max_chars, n_chars), sqlstate,
                       native);
}

static SQLRETURN wide_error(struct og_handle *h, SQLWCHAR *sqlstate, SQLINTEGER *native,
                            SQLWCHAR *text, SQLSMALLINT max_chars, SQLSMALLINT *n_chars)
{
    if (h->diag.n_records)
        return drop_own(h, true, sqlstate, native, text, max_chars, n_chars);
    if (!has_below(h) || !h->calls->SQLErrorW)
        return SQL_NO_DATA;
    return h->calls->SQLErrorW(NULL, h->type == OG_HANDLE_DBC ? h->below : NULL,
                               h->type == OG_HANDLE_STMT ? h->below : NULL, sqlstate, native, text,
                               max_chars, n_chars);
}

SQLRETURN og_entry_SQLErrorW(SQLHENV env, SQLHDBC dbc, SQLHSTMT stmt, SQLWCHAR *sqlstate,
                             SQLINTEGER *native, SQLWCHAR *text, SQLSMALLINT max_chars,
                             SQLSMALLINT *n_chars)
{
    struct og_handle *h = about(env, dbc, stmt);

    if (!h)
        return SQL_INVALID_HANDLE;
    return note_wide_record(h, wide_error(h, sqlstate, native, text, max_chars, n_chars), sqlstate,
                            native);
}

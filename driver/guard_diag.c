/* SPDX-License-Identifier: MIT */
/* Diagnostics of the guard layer: our records first, the real driver's behind them, with the
 * caller's own buffers. Where a record could carry a masked value (a constraint message prints
 * whole rows), it is reduced to its SQLSTATE and the names of the objects. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/detect.h"
#include "driver/guard.h"

/* Many enough for any statement; a driver that never says SQL_NO_DATA must not hold us. */
#define MAX_ABSORBED 64

void og_guard_enter(struct og_guard_object *object)
{
    og_diag_clear(&object->diag);
    object->shows_below = false;
}

/* States that the driver itself makes from lengths, states and types, never from row values. */
static bool is_valueless(const char *sqlstate)
{
    static const char *const states[] = {"01004", "01S02", "01S00", "07009", "07006", "08003",
                                         "08S01", "24000", "25000", "HY001", "HY003",
                                         "HY008", "HY009", "HY010", "HY024", "HY090", "HY092",
                                         "HYC00", "HYT00", "HYT01", "IM001"};

    for (size_t i = 0; i < OG_COUNT(states); i++)
        if (strcmp(states[i], sqlstate) == 0)
            return true;
    return false;
}

static void name_objects(const struct og_guard_stmt *stmt, struct og_buf *out)
{
    for (size_t i = 0; i < stmt->facts.n_objects && i < 8; i++) {
        const struct og_object *object = &stmt->facts.objects[i];

        if (object->kind != OG_OBJECT_TABLE && object->kind != OG_OBJECT_VIEW)
            continue;
        og_buf_printf(out, "%s%s%s%s", out->n_bytes ? ", " : "", object->schema,
                      object->schema[0] ? "." : "", object->name);
    }
}

static void add_reduced(struct og_guard_object *object, const struct og_guard_stmt *stmt,
                        const char *sqlstate, SQLINTEGER native)
{
    struct og_buf names, text;

    og_buf_init(&names, 1024);
    og_buf_init(&text, 2048);
    if (stmt)
        name_objects(stmt, &names);
    og_buf_printf(&text,
                  "[odbcguard] the database reported SQLSTATE %s%s%s. The text is left out because "
                  "masked data is involved",
                  sqlstate, names.n_bytes ? " on " : "", og_buf_str(&names));
    og_diag_add_raw(&object->diag, sqlstate, native, og_buf_str(&text));
    og_buf_release(&names);
    og_buf_release(&text);
}

/* The form that the driver manager would take: where there is SQLError, texts may read otherwise
 * there (SQLite ODBC), and each record is handed out once. */
static SQLRETURN read_record(struct og_guard_object *object, SQLSMALLINT handle_type,
                             SQLSMALLINT number, SQLCHAR *sqlstate, SQLINTEGER *native,
                             SQLCHAR text[static SQL_MAX_MESSAGE_LENGTH + 1])
{
    const struct og_calls *calls = object->calls;
    SQLSMALLINT n, max = SQL_MAX_MESSAGE_LENGTH + 1;

    if (calls->SQLError)
        return calls->SQLError(NULL, handle_type == SQL_HANDLE_DBC ? object->below : NULL,
                               handle_type == SQL_HANDLE_STMT ? object->below : NULL, sqlstate,
                               native, text, max, &n);
    return calls->SQLGetDiagRec ? calls->SQLGetDiagRec(handle_type, object->below, number,
                                                       sqlstate, native, text, max, &n)
                                : SQL_NO_DATA;
}

/* ---- detectors over the real driver's texts ---- */

static bool is_scanning(const struct og_guard_stmt *stmt)
{
    return stmt && stmt->verdict.detect.kind == OG_MASK_DETECT;
}

/* The text with what was found masked; nothing of it where it could not be looked through. */
static void scan_text(const struct og_guard_stmt *stmt, const char *text, struct og_buf *out,
                      size_t *n_found)
{
    const struct og_mask *detect = &stmt->verdict.detect;

    if (og_detect_mask(detect->detect_kinds,
                       detect->detect_as == OG_MASK_PARTIAL ? OG_MASK_PARTIAL : OG_MASK_FIXED,
                       detect->fixed_text, text, strlen(text), out, n_found) == 0)
        return;
    *n_found = 1;
    og_buf_clear(out);
    og_buf_append_str(out, "[odbcguard] the text could not be looked through and is left out");
}

/* Whether anything is found in records that can be read more than once. */
static bool has_find(struct og_guard_stmt *stmt)
{
    size_t n_found = 0;
    struct og_buf masked;

    og_buf_init(&masked, 8192);
    for (SQLSMALLINT number = 1; number <= MAX_ABSORBED && !n_found; number++) {
        SQLCHAR sqlstate[6] = "", text[SQL_MAX_MESSAGE_LENGTH + 1] = "";
        SQLINTEGER native = 0;

        if (!SQL_SUCCEEDED(read_record(&stmt->object, SQL_HANDLE_STMT, number, sqlstate, &native,
                                       text)))
            break;
        scan_text(stmt, (const char *)text, &masked, &n_found);
    }
    og_buf_release(&masked);
    return n_found > 0;
}

static void add_scanned(struct og_guard_object *object, const struct og_guard_stmt *stmt,
                        const char *sqlstate, SQLINTEGER native, const char *text)
{
    struct og_buf masked;
    size_t n_found = 0;

    og_buf_init(&masked, 8192);
    if (is_scanning(stmt))
        scan_text(stmt, text, &masked, &n_found);
    og_diag_add_raw(&object->diag, sqlstate, native, n_found ? og_buf_str(&masked) : text);
    og_buf_release(&masked);
}

/* stmt NULL: records of a connection. */
static void absorb(struct og_guard_object *object, SQLSMALLINT handle_type,
                   const struct og_guard_stmt *stmt, bool is_reduced)
{
    for (SQLSMALLINT number = 1; number <= MAX_ABSORBED; number++) {
        SQLCHAR sqlstate[6] = "";
        SQLCHAR text[SQL_MAX_MESSAGE_LENGTH + 1] = "";
        SQLINTEGER native = 0;

        if (!SQL_SUCCEEDED(read_record(object, handle_type, number, sqlstate, &native, text)))
            return;
        if (is_reduced && !is_valueless((const char *)sqlstate)) {
            add_reduced(object, stmt, (const char *)sqlstate, native);
            explicit_bzero(text, sizeof(text));
            /* psqlODBC splits one long text into several records: one reduced record says it all. */
            if (handle_type == SQL_HANDLE_STMT)
                return;
        } else {
            add_scanned(object, stmt, (const char *)sqlstate, native, (const char *)text);
        }
    }
}

static bool is_reducing(const struct og_guard_stmt *stmt)
{
    return stmt->verdict.touches_masked && !stmt->verdict.is_data_observed;
}

void og_guard_absorb(struct og_guard_stmt *stmt)
{
    absorb(&stmt->object, SQL_HANDLE_STMT, stmt, is_reducing(stmt));
}

SQLRETURN og_guard_below(struct og_guard_stmt *stmt, SQLRETURN code)
{
    stmt->object.shows_below = true;
    if (code != SQL_ERROR && code != SQL_SUCCESS_WITH_INFO)
        return code;
    if (is_reducing(stmt)) {
        absorb(&stmt->object, SQL_HANDLE_STMT, stmt, true);
        stmt->object.shows_below = false;
        stmt->dbc->has_touched_masked = true;
    } else if (is_scanning(stmt) && (stmt->object.calls->SQLError || has_find(stmt))) {
        absorb(&stmt->object, SQL_HANDLE_STMT, stmt, false);
        stmt->object.shows_below = false;
    }
    return code;
}

SQLRETURN og_guard_below_dbc(struct og_guard_dbc *dbc, SQLRETURN code)
{
    dbc->object.shows_below = true;
    if ((code == SQL_ERROR || code == SQL_SUCCESS_WITH_INFO) && dbc->has_touched_masked) {
        absorb(&dbc->object, SQL_HANDLE_DBC, NULL, true);
        dbc->object.shows_below = false;
    }
    return code;
}

void og_guard_sqlstate(const struct og_guard_stmt *stmt, char sqlstate[static 6])
{
    const struct og_calls *calls = stmt->object.calls;
    SQLCHAR text[SQL_MAX_MESSAGE_LENGTH + 1], state[6] = "";
    SQLINTEGER native;
    SQLSMALLINT n;
    SQLRETURN code = SQL_ERROR;

    if (stmt->object.diag.n_records) {
        (void)snprintf(sqlstate, 6, "%s", stmt->object.diag.records[0].sqlstate);
        return;
    }
    if (stmt->dbc->dialect != OG_DIALECT_POSTGRESQL && calls->SQLGetDiagField)
        code = calls->SQLGetDiagField(SQL_HANDLE_STMT, stmt->object.below, 1, SQL_DIAG_SQLSTATE,
                                      state, sizeof(state), &n);
    else if (calls->SQLGetDiagRec)
        code = calls->SQLGetDiagRec(SQL_HANDLE_STMT, stmt->object.below, 1, state, &native, text,
                                    sizeof(text), &n);
    if (SQL_SUCCEEDED(code))
        (void)memcpy(sqlstate, state, sizeof(state));
}

/* ---- reading records ---- */

static SQLRETURN SQL_API guard_SQLGetDiagRec(SQLSMALLINT type, SQLHANDLE handle,
                                             SQLSMALLINT number, SQLCHAR *sqlstate,
                                             SQLINTEGER *native, SQLCHAR *text,
                                             SQLSMALLINT max_chars, SQLSMALLINT *n_chars)
{
    struct og_guard_object *object = handle;
    SQLSMALLINT n_own = (SQLSMALLINT)object->diag.n_records;

    if (number >= 1 && number <= n_own)
        return og_diag_get_rec(&object->diag, false, number, sqlstate, native, text, max_chars,
                               n_chars);
    if (number > n_own && !object->shows_below)
        return SQL_NO_DATA;
    return object->calls->SQLGetDiagRec(type, object->below,
                                        number > n_own ? (SQLSMALLINT)(number - n_own) : number,
                                        sqlstate, native, text, max_chars, n_chars);
}

static SQLRETURN SQL_API guard_SQLGetDiagRecW(SQLSMALLINT type, SQLHANDLE handle,
                                              SQLSMALLINT number, SQLWCHAR *sqlstate,
                                              SQLINTEGER *native, SQLWCHAR *text,
                                              SQLSMALLINT max_chars, SQLSMALLINT *n_chars)
{
    struct og_guard_object *object = handle;
    SQLSMALLINT n_own = (SQLSMALLINT)object->diag.n_records;

    if (number >= 1 && number <= n_own)
        return og_diag_get_rec(&object->diag, true, number, sqlstate, native, text, max_chars,
                               n_chars);
    if (number > n_own && !object->shows_below)
        return SQL_NO_DATA;
    return object->calls->SQLGetDiagRecW(type, object->below,
                                         number > n_own ? (SQLSMALLINT)(number - n_own) : number,
                                         sqlstate, native, text, max_chars, n_chars);
}

typedef __typeof__(SQLGetDiagField) get_diag_field;

static SQLRETURN get_number(struct og_guard_object *object, get_diag_field *below,
                            SQLSMALLINT type, SQLPOINTER value)
{
    SQLINTEGER n_below = 0;

    if (object->shows_below && below)
        (void)below(type, object->below, 0, SQL_DIAG_NUMBER, &n_below, 0, NULL);
    if (value)
        *(SQLINTEGER *)value = (SQLINTEGER)object->diag.n_records + n_below;
    return SQL_SUCCESS;
}

static SQLRETURN get_field(struct og_guard_object *object, get_diag_field *below, bool is_wide,
                           SQLSMALLINT type, SQLSMALLINT number, SQLSMALLINT field,
                           SQLPOINTER value, SQLSMALLINT max_bytes, SQLSMALLINT *n_bytes)
{
    SQLSMALLINT n_own = (SQLSMALLINT)object->diag.n_records;

    if (number == 0 && field == SQL_DIAG_NUMBER)
        return get_number(object, below, type, value);
    if (number >= 1 && number <= n_own)
        return og_diag_get_field(&object->diag, is_wide, number, field, value, max_bytes, n_bytes);
    if (number > n_own && !object->shows_below)
        return SQL_NO_DATA;
    return below(type, object->below, number > n_own ? (SQLSMALLINT)(number - n_own) : number,
                 field, value, max_bytes, n_bytes);
}

static SQLRETURN SQL_API guard_SQLGetDiagField(SQLSMALLINT type, SQLHANDLE handle,
                                               SQLSMALLINT number, SQLSMALLINT field,
                                               SQLPOINTER value, SQLSMALLINT max_bytes,
                                               SQLSMALLINT *n_bytes)
{
    struct og_guard_object *object = handle;

    return get_field(object, object->calls->SQLGetDiagField, false, type, number, field, value,
                     max_bytes, n_bytes);
}

static SQLRETURN SQL_API guard_SQLGetDiagFieldW(SQLSMALLINT type, SQLHANDLE handle,
                                                SQLSMALLINT number, SQLSMALLINT field,
                                                SQLPOINTER value, SQLSMALLINT max_bytes,
                                                SQLSMALLINT *n_bytes)
{
    struct og_guard_object *object = handle;

    return get_field(object, object->calls->SQLGetDiagFieldW, true, type, number, field, value,
                     max_bytes, n_bytes);
}

/* SQLError hands each record out once: ours are taken off the front of the list. */
static SQLRETURN drop_own(struct og_diag *diag, bool is_wide, void *sqlstate, SQLINTEGER *native,
                          void *text, SQLSMALLINT max_chars, SQLSMALLINT *n_chars)
{
    SQLRETURN code = og_diag_get_rec(diag, is_wide, 1, sqlstate, native, text, max_chars, n_chars);

    og_diag_drop_first(diag);
    return code;
}

static SQLRETURN SQL_API guard_SQLError(SQLHENV env, SQLHDBC dbc, SQLHSTMT stmt,
                                        SQLCHAR *sqlstate, SQLINTEGER *native, SQLCHAR *text,
                                        SQLSMALLINT max_chars, SQLSMALLINT *n_chars)
{
    struct og_guard_object *object = stmt ? stmt : dbc ? dbc : env;

    if (object->diag.n_records)
        return drop_own(&object->diag, false, sqlstate, native, text, max_chars, n_chars);
    if (!object->shows_below)
        return SQL_NO_DATA;
    return object->calls->SQLError(env && !dbc && !stmt ? object->below : NULL,
                                   dbc && !stmt ? object->below : NULL,
                                   stmt ? object->below : NULL, sqlstate, native, text, max_chars,
                                   n_chars);
}

static SQLRETURN SQL_API guard_SQLErrorW(SQLHENV env, SQLHDBC dbc, SQLHSTMT stmt,
                                         SQLWCHAR *sqlstate, SQLINTEGER *native, SQLWCHAR *text,
                                         SQLSMALLINT max_chars, SQLSMALLINT *n_chars)
{
    struct og_guard_object *object = stmt ? stmt : dbc ? dbc : env;

    if (object->diag.n_records)
        return drop_own(&object->diag, true, sqlstate, native, text, max_chars, n_chars);
    if (!object->shows_below)
        return SQL_NO_DATA;
    return object->calls->SQLErrorW(env && !dbc && !stmt ? object->below : NULL,
                                    dbc && !stmt ? object->below : NULL,
                                    stmt ? object->below : NULL, sqlstate, native, text, max_chars,
                                    n_chars);
}

void og_guard_install_diag(struct og_calls *calls)
{
    calls->SQLGetDiagRec = guard_SQLGetDiagRec;
    calls->SQLGetDiagRecW = guard_SQLGetDiagRecW;
    calls->SQLGetDiagField = guard_SQLGetDiagField;
    calls->SQLGetDiagFieldW = guard_SQLGetDiagFieldW;
    calls->SQLError = guard_SQLError;
    calls->SQLErrorW = guard_SQLErrorW;
}

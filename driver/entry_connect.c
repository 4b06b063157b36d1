/* SPDX-License-Identifier: MIT */
/* Connecting: what is asked for is checked (conf.h), the layer for it opened, the attributes set
 * before are replayed, and the layer connects. A failed connect keeps its layer for its diagnostics
 * until the next attempt or until the handle is freed. */
#include <stdlib.h>
#include <string.h>

#include "driver/conf_string.h"
#include "driver/entry.h"
#include "driver/handle.h"
#include "driver/wide.h"

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* Whether the layer's first record is a refusal of the guard's own. */
static bool is_closed_by_guard(const struct og_handle *dbc)
{
    SQLCHAR state[6] = "", text[512] = "";
    SQLRETURN code = SQL_ERROR;

    if (dbc->calls->SQLGetDiagRec)
        code = dbc->calls->SQLGetDiagRec(SQL_HANDLE_DBC, dbc->below, 1, state, NULL, text,
                                         (SQLSMALLINT)sizeof(text), NULL);
    return SQL_SUCCEEDED(code) && strncmp((const char *)text, "[odbcguard]", 11) == 0;
}

/* Sets what was asked for before the connect. What the real driver refuses is dropped, as unixODBC drops
 * it (DriverManager/SQLConnect.c replays what it saved and goes on whatever the driver says: Erlang sets a
 * connection timeout that psqlODBC does not have); whatever the guard closes fails the connect. */
static SQLRETURN replay(struct og_handle *dbc)
{
    for (size_t i = 0; i < dbc->n_saved; i++) {
        const struct og_saved_attribute *saved = &dbc->saved[i];
        __typeof__(SQLSetConnectAttr) *set =
            saved->is_wide && dbc->calls->SQLSetConnectAttrW ? dbc->calls->SQLSetConnectAttrW
                                                             : dbc->calls->SQLSetConnectAttr;
        SQLRETURN code;

        if (set)
            code = set(dbc->below, saved->attribute, saved->value, saved->n_bytes);
        else if (dbc->calls->SQLSetConnectOption)
            code = dbc->calls->SQLSetConnectOption(dbc->below, (SQLUSMALLINT)saved->attribute,
                                                   (SQLULEN)(uintptr_t)saved->value);
        else
            code = SQL_ERROR;
        if (!SQL_SUCCEEDED(code) && is_closed_by_guard(dbc)) {
            dbc->shows_below = true;
            return code;
        }
    }
    return SQL_SUCCESS;
}

/* A Unicode application on a driver without W functions: this face promises what cannot be kept, and every
 * later call would fail one by one. With the right face the driver manager converts. */
static SQLRETURN wrong_face(struct og_handle *dbc)
{
    og_diag_add(&dbc->diag, OG_ERR_CONFIG, true,
                "[connect] the real driver has no Unicode functions, and this driver name of odbcguard "
                "promises them: say Driver={%s}, or let guardctl dsn add write the data source",
                dbc->calls->SQLParamOptions ? "ODBCGuard ODBC2" : "ODBCGuard ANSI");
    return SQL_ERROR;
}

/* User and password of SQLConnect, as the application gave them. */
struct credentials {
    const void *user, *password;
    SQLSMALLINT n_user, n_password;
};

/* SQLConnect on the target's own DSN, where nothing else goes down: drivers differ in what an empty user
 * or password means to it, and from their own SQLDriverConnect. */
static SQLRETURN connect_plainly(struct og_handle *dbc, bool is_wide,
                                 const struct credentials *given)
{
    SQLPOINTER user = (SQLPOINTER)(uintptr_t)given->user;
    SQLPOINTER password = (SQLPOINTER)(uintptr_t)given->password;
    SQLWCHAR *wide;
    SQLRETURN code;

    if (!is_wide)
        return dbc->calls->SQLConnect(dbc->below, (SQLCHAR *)dbc->conf->target_dsn, SQL_NTS, user,
                                      given->n_user, password, given->n_password);
    wide = og_utf8_to_wide(dbc->conf->target_dsn);
    if (!wide)
        return SQL_ERROR;
    code = dbc->calls->SQLConnectW(dbc->below, wide, SQL_NTS, user, given->n_user, password,
                                   given->n_password);
    free(wide);
    return code;
}

static SQLRETURN connect_by_string(struct og_handle *dbc, bool is_wide, SQLUSMALLINT completion)
{
    SQLWCHAR wide_out[4096]; /* as much as any driver says: a cut would be a warning of its own */
    SQLCHAR out[4096];
    SQLSMALLINT n_out;
    SQLWCHAR *wide;
    SQLRETURN code;

    if (!is_wide) {
        code = dbc->calls->SQLDriverConnect(dbc->below, NULL, (SQLCHAR *)dbc->conf->target_string,
                                            SQL_NTS, out, (SQLSMALLINT)sizeof(out), &n_out,
                                            completion);
        explicit_bzero(out, sizeof(out));
        return code;
    }
    wide = og_utf8_to_wide(dbc->conf->target_string);
    if (!wide)
        return SQL_ERROR;
    code = dbc->calls->SQLDriverConnectW(dbc->below, NULL, wide, SQL_NTS, wide_out,
                                         (SQLSMALLINT)OG_COUNT(wide_out), &n_out, completion);
    free(wide);
    explicit_bzero(wide_out, sizeof(wide_out));
    return code;
}

/* Opens the layer for dbc->conf and connects it in the form that the application used. given: NULL but
 * for SQLConnect. */
static SQLRETURN connect_layer(struct og_handle *dbc, bool is_wide, SQLUSMALLINT completion,
                               const struct credentials *given)
{
    SQLRETURN code;

    code = og_layer_for(dbc->conf)(dbc->conf, dbc->parent->odbc_version, &dbc->diag, &dbc->layer);
    if (code != SQL_SUCCESS)
        return code;
    dbc->has_layer = true;
    dbc->calls = dbc->layer.calls;
    dbc->below = dbc->layer.dbc;
    if (is_wide && !dbc->calls->SQLDriverConnectW)
        return wrong_face(dbc);
    code = replay(dbc);
    if (!SQL_SUCCEEDED(code))
        return code;
    dbc->shows_below = true;
    if (given && dbc->conf->is_dsn_alone &&
        (is_wide ? dbc->calls->SQLConnectW != NULL : dbc->calls->SQLConnect != NULL))
        code = connect_plainly(dbc, is_wide, given);
    else
        code = connect_by_string(dbc, is_wide, completion);
    dbc->is_connected = SQL_SUCCEEDED(code);
    return code;
}

/* Where no placement was asked for, guardfs may hold the target's credentials: then a worker connects, and
 * what was meant for the real driver goes nowhere. */
static SQLRETURN connect_somewhere(struct og_handle *dbc, bool is_wide, SQLUSMALLINT completion,
                                   const struct credentials *given)
{
    SQLRETURN code = connect_layer(dbc, is_wide, completion, given);
    const struct og_layer *layer = &dbc->layer;

    if (SQL_SUCCEEDED(code) || !dbc->has_layer || !dbc->conf->may_broker || dbc->conf->is_broker ||
        !layer->wants_broker || !layer->wants_broker(layer))
        return code;
    if (dbc->conf->sends_keys) {
        dbc->shows_below = false;
        return og_conf_refuse_key("user, password or other key", &dbc->diag);
    }
    dbc->layer.close(&dbc->layer);
    dbc->has_layer = dbc->shows_below = false;
    dbc->calls = NULL;
    dbc->below = NULL;
    dbc->conf->is_broker = true;
    return connect_layer(dbc, is_wide, completion, given);
}

/* The text that an application gave, or a record why not. */
static char *take_text(struct og_handle *dbc, const void *text, SQLSMALLINT n, bool is_wide)
{
    char *utf8 = is_wide ? og_wide_to_utf8(text, n) : og_narrow_copy(text, n);

    if (!utf8)
        og_diag_add(&dbc->diag, OG_ERR_CONFIG, true,
                    "[connect] the connection string is not valid Unicode text or has a wrong "
                    "length: correct it");
    return utf8;
}

static bool begin(struct og_handle *dbc)
{
    if (dbc->is_connected) {
        og_diag_add_state(&dbc->diag, "08002", "[odbcguard] the connection is open already");
        return false;
    }
    og_handle_drop_layer(dbc);
    return true;
}

/* Puts the string that opens the same connection again. */
static SQLRETURN put_shown(struct og_handle *dbc, SQLRETURN code, bool is_wide, void *out,
                           SQLSMALLINT max_chars, SQLSMALLINT *n_chars)
{
    size_t n = 0;
    bool is_cut;

    if (!SQL_SUCCEEDED(code))
        return code;
    is_cut = og_text_put(dbc->conf->shown_string, is_wide, out, max_chars > 0 ? (size_t)max_chars : 0,
                         &n);
    if (n_chars)
        *n_chars = (SQLSMALLINT)n;
    if (!is_cut)
        return code;
    og_diag_add_state(&dbc->diag, "01004", "[odbcguard] the connection string was cut");
    return SQL_SUCCESS_WITH_INFO;
}

static SQLRETURN driver_connect(SQLHDBC handle, bool is_wide, const void *in, SQLSMALLINT n_in,
                                void *out, SQLSMALLINT max_out, SQLSMALLINT *n_out,
                                SQLUSMALLINT completion)
{
    struct og_handle *dbc = og_handle_enter_as(handle, OG_HANDLE_DBC, "SQLDriverConnect");
    SQLRETURN code = SQL_ERROR;
    char *text;

    if (!dbc)
        return SQL_INVALID_HANDLE;
    if (!begin(dbc))
        return og_handle_leave(dbc, SQL_ERROR);
    if (completion == SQL_DRIVER_PROMPT) {
        og_diag_add_state(&dbc->diag, "HYC00",
                          "[odbcguard] there is no dialog: give a complete connection string");
        return og_handle_leave(dbc, SQL_ERROR);
    }
    text = take_text(dbc, in, n_in, is_wide);
    if (text)
        code = og_conf_from_string(text, &dbc->diag, &dbc->conf);
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
    if (code == SQL_SUCCESS)
        code = connect_somewhere(dbc, is_wide, SQL_DRIVER_NOPROMPT, NULL);
    return og_handle_leave(dbc, put_shown(dbc, code, is_wide, out, max_out, n_out));
}

SQLRETURN og_entry_SQLDriverConnect(SQLHDBC handle, SQLHWND window, SQLCHAR *in, SQLSMALLINT n_in,
                                    SQLCHAR *out, SQLSMALLINT max_out, SQLSMALLINT *n_out,
                                    SQLUSMALLINT completion)
{
    (void)window;
    return driver_connect(handle, false, in, n_in, out, max_out, n_out, completion);
}

SQLRETURN og_entry_SQLDriverConnectW(SQLHDBC handle, SQLHWND window, SQLWCHAR *in,
                                     SQLSMALLINT n_in, SQLWCHAR *out, SQLSMALLINT max_out,
                                     SQLSMALLINT *n_out, SQLUSMALLINT completion)
{
    (void)window;
    return driver_connect(handle, true, in, n_in, out, max_out, n_out, completion);
}

static SQLRETURN plain_connect(SQLHDBC handle, bool is_wide, const void *const texts[3],
                               const SQLSMALLINT lengths[3])
{
    struct og_handle *dbc = og_handle_enter_as(handle, OG_HANDLE_DBC, "SQLConnect");
    char *utf8[3] = {NULL, NULL, NULL};
    SQLRETURN code = SQL_SUCCESS;

    if (!dbc)
        return SQL_INVALID_HANDLE;
    if (!begin(dbc))
        return og_handle_leave(dbc, SQL_ERROR);
    for (size_t i = 0; i < 3; i++) {
        if (i > 0 && (!texts[i] || !lengths[i]))
            continue;
        utf8[i] = take_text(dbc, texts[i], lengths[i], is_wide);
        if (!utf8[i])
            code = SQL_ERROR;
    }
    /* In a connection string, an empty user or password would take the place of the data source's own. */
    if (code == SQL_SUCCESS)
        code = og_conf_from_dsn(utf8[0], utf8[1] && *utf8[1] ? utf8[1] : NULL,
                                utf8[2] && *utf8[2] ? utf8[2] : NULL, &dbc->diag, &dbc->conf);
    for (size_t i = 0; i < 3; i++)
        wipe(utf8[i]);
    if (code == SQL_SUCCESS)
        code = connect_somewhere(dbc, is_wide, SQL_DRIVER_NOPROMPT,
                             &(struct credentials){texts[1], texts[2], lengths[1], lengths[2]});
    return og_handle_leave(dbc, code);
}

SQLRETURN og_entry_SQLConnect(SQLHDBC handle, SQLCHAR *dsn, SQLSMALLINT n_dsn, SQLCHAR *user,
                              SQLSMALLINT n_user, SQLCHAR *password, SQLSMALLINT n_password)
{
    return plain_connect(handle, false, (const void *const[]){dsn, user, password},
                         (const SQLSMALLINT[]){n_dsn, n_user, n_password});
}

SQLRETURN og_entry_SQLConnectW(SQLHDBC handle, SQLWCHAR *dsn, SQLSMALLINT n_dsn, SQLWCHAR *user,
                               SQLSMALLINT n_user, SQLWCHAR *password, SQLSMALLINT n_password)
{
    return plain_connect(handle, true, (const void *const[]){dsn, user, password},
                         (const SQLSMALLINT[]){n_dsn, n_user, n_password});
}

/* ---- browsing: what is missing is asked for in our own words, never the target's keys ---- */

#define MISSING_TARGET "GuardTargetDSN:Target DSN=?;*UID:User=?;*PWD:Password=?"

/* What was given so far: a later call's keys come first, for the first of two counts. */
static bool add_browsed(struct og_handle *dbc, const char *text)
{
    struct og_buf all;

    og_buf_init(&all, 64u * 1024u);
    og_buf_printf(&all, "%s%s%s", text, *text ? ";" : "", dbc->browsed ? dbc->browsed : "");
    wipe(dbc->browsed);
    dbc->browsed = og_buf_take(&all);
    og_buf_wipe(&all);
    return dbc->browsed != NULL;
}

static bool has_target(const char *text)
{
    static const char *const keys[] = {"DSN", "GuardTargetDSN", "GuardTargetDriver"};
    struct og_pairs pairs = {0};
    const char *what;
    bool has = og_pairs_parse(text, &pairs, &what) != 0; /* connecting says what is wrong */

    for (size_t i = 0; i < OG_COUNT(keys) && !has; i++)
        has = og_pairs_get(&pairs, keys[i]) && *og_pairs_get(&pairs, keys[i]);
    og_pairs_release(&pairs);
    return has;
}

static SQLRETURN ask(struct og_handle *dbc, bool is_wide, void *out, SQLSMALLINT max_out,
                     SQLSMALLINT *n_out)
{
    size_t n = 0;

    if (og_text_put(MISSING_TARGET, is_wide, out, max_out > 0 ? (size_t)max_out : 0, &n))
        og_diag_add_state(&dbc->diag, "01004", "[odbcguard] the connection string was cut");
    if (n_out)
        *n_out = (SQLSMALLINT)n;
    return SQL_NEED_DATA;
}

static SQLRETURN browse(SQLHDBC handle, bool is_wide, const void *in, SQLSMALLINT n_in, void *out,
                        SQLSMALLINT max_out, SQLSMALLINT *n_out)
{
    struct og_handle *dbc = og_handle_enter_as(handle, OG_HANDLE_DBC, "SQLBrowseConnect");
    SQLRETURN code = SQL_ERROR;
    char *text;

    if (!dbc)
        return SQL_INVALID_HANDLE;
    if (!begin(dbc))
        return og_handle_leave(dbc, SQL_ERROR);
    text = take_text(dbc, in, n_in, is_wide);
    if (text && add_browsed(dbc, text))
        code = SQL_SUCCESS;
    wipe(text);
    if (code == SQL_SUCCESS && !has_target(dbc->browsed))
        return og_handle_leave(dbc, ask(dbc, is_wide, out, max_out, n_out));
    if (code == SQL_SUCCESS)
        code = og_conf_from_string(dbc->browsed, &dbc->diag, &dbc->conf);
    wipe(dbc->browsed);
    dbc->browsed = NULL;
    if (code == SQL_SUCCESS)
        code = connect_somewhere(dbc, is_wide, SQL_DRIVER_NOPROMPT, NULL);
    return og_handle_leave(dbc, put_shown(dbc, code, is_wide, out, max_out, n_out));
}

SQLRETURN og_entry_SQLBrowseConnect(SQLHDBC handle, SQLCHAR *in, SQLSMALLINT n_in, SQLCHAR *out,
                                    SQLSMALLINT max_out, SQLSMALLINT *n_out)
{
    return browse(handle, false, in, n_in, out, max_out, n_out);
}

SQLRETURN og_entry_SQLBrowseConnectW(SQLHDBC handle, SQLWCHAR *in, SQLSMALLINT n_in, SQLWCHAR *out,
                                     SQLSMALLINT max_out, SQLSMALLINT *n_out)
{
    return browse(handle, true, in, n_in, out, max_out, n_out);
}

/* Statements and descriptors end with the connection: the layer below frees its own, as a driver must. */
static void forget_children(struct og_handle *dbc)
{
    (void)pthread_mutex_lock(&dbc->child_lock);
    for (struct og_handle *child = dbc->children; child; child = child->next)
        child->below = NULL;
    (void)pthread_mutex_unlock(&dbc->child_lock);
    while (dbc->children)
        og_handle_free(dbc->children);
}

SQLRETURN og_entry_SQLDisconnect(SQLHDBC handle)
{
    struct og_handle *dbc = og_handle_enter(handle, OG_HANDLE_DBC);
    SQLRETURN code;

    if (!dbc)
        return SQL_INVALID_HANDLE;
    if (dbc->browsed) { /* ends the browsing */
        wipe(dbc->browsed);
        dbc->browsed = NULL;
        return og_handle_leave(dbc, SQL_SUCCESS);
    }
    if (!dbc->is_connected)
        return og_handle_leave(dbc, og_handle_missing(dbc, "SQLDisconnect"));
    /* Refused within a transaction: then everything of the connection must still be there. */
    code = dbc->calls->SQLDisconnect(dbc->below);
    if (!SQL_SUCCEEDED(code))
        return og_handle_leave_below(dbc, code);
    forget_children(dbc);
    if (og_handle_log(dbc))
        og_call_log_end(og_handle_log(dbc), __func__, dbc, code, dbc->started_ns);
    og_handle_drop_layer(dbc); /* and with it the log */
    return og_handle_leave(dbc, code);
}

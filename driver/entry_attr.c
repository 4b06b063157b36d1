/* SPDX-License-Identifier: MIT */
/* Attributes where the entry layer has a part: a connection's before it is connected, and statement
 * attributes whose value is a handle. The environment's: entry_env.c. */
#include <stdlib.h>
#include <string.h>

#include "driver/entry.h"
#include "driver/handle.h"
#include "driver/wide.h"

/* ---- connection ---- */

static bool is_text_attribute(SQLINTEGER attribute)
{
    return attribute == SQL_ATTR_CURRENT_CATALOG || attribute == SQL_ATTR_TRACEFILE ||
           attribute == SQL_ATTR_TRANSLATE_LIB;
}

static struct og_saved_attribute *find_saved(struct og_handle *dbc, SQLINTEGER attribute)
{
    for (size_t i = 0; i < dbc->n_saved; i++)
        if (dbc->saved[i].attribute == attribute)
            return &dbc->saved[i];
    return NULL;
}

static bool copy_text(struct og_saved_attribute *saved, SQLPOINTER value, SQLINTEGER n_bytes)
{
    char *utf8;

    if (saved->is_wide) /* lengths of W attributes are bytes */
        utf8 = og_wide_to_utf8(value, n_bytes == SQL_NTS ? SQL_NTS : n_bytes / 2);
    else
        utf8 = og_narrow_copy(value, n_bytes);
    saved->value = saved->is_wide && utf8 ? (void *)og_utf8_to_wide(utf8) : utf8;
    if (saved->is_wide)
        free(utf8);
    saved->n_bytes = SQL_NTS;
    return saved->value != NULL;
}

/* Keeps an attribute for the connect to come. */
static SQLRETURN save(struct og_handle *dbc, bool is_wide, SQLINTEGER attribute, SQLPOINTER value,
                      SQLINTEGER n_bytes)
{
    struct og_saved_attribute *saved = find_saved(dbc, attribute);

    if (!saved) {
        struct og_saved_attribute *all =
            realloc(dbc->saved, (dbc->n_saved + 1) * sizeof(*dbc->saved));

        if (!all) {
            og_diag_add_state(&dbc->diag, "HY001", "[odbcguard] memory allocation error");
            return SQL_ERROR;
        }
        dbc->saved = all;
        saved = &all[dbc->n_saved++];
    } else if (saved->is_text) {
        free(saved->value);
    }
    *saved = (struct og_saved_attribute){.attribute = attribute, .is_wide = is_wide,
                                         .value = value, .n_bytes = n_bytes};
    if (!is_text_attribute(attribute))
        return SQL_SUCCESS;
    saved->is_text = true;
    if (copy_text(saved, value, n_bytes))
        return SQL_SUCCESS;
    dbc->n_saved--;
    og_diag_add_state(&dbc->diag, "HY024", "[odbcguard] the attribute's text is not valid");
    return SQL_ERROR;
}

static SQLRETURN set_connect(SQLHDBC handle, bool is_wide, SQLINTEGER attribute, SQLPOINTER value,
                             SQLINTEGER n_bytes)
{
    struct og_handle *dbc = og_handle_enter_as(handle, OG_HANDLE_DBC, "SQLSetConnectAttr");

    if (!dbc)
        return SQL_INVALID_HANDLE;
    if (!dbc->is_connected)
        return og_handle_leave(dbc, save(dbc, is_wide, attribute, value, n_bytes));
    if (is_wide ? !dbc->calls->SQLSetConnectAttrW : !dbc->calls->SQLSetConnectAttr)
        return og_handle_leave(dbc, og_handle_missing(dbc, "SQLSetConnectAttr"));
    return og_handle_leave_below(
        dbc, is_wide ? dbc->calls->SQLSetConnectAttrW(dbc->below, attribute, value, n_bytes)
                     : dbc->calls->SQLSetConnectAttr(dbc->below, attribute, value, n_bytes));
}

SQLRETURN og_entry_SQLSetConnectAttr(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                     SQLINTEGER n_bytes)
{
    return set_connect(handle, false, attribute, value, n_bytes);
}

SQLRETURN og_entry_SQLSetConnectAttrW(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                      SQLINTEGER n_bytes)
{
    return set_connect(handle, true, attribute, value, n_bytes);
}

static SQLRETURN set_option(SQLHDBC handle, bool is_wide, SQLUSMALLINT option, SQLULEN value)
{
    struct og_handle *dbc = og_handle_enter_as(handle, OG_HANDLE_DBC, "SQLSetConnectOption");
    __typeof__(SQLSetConnectOption) *below;

    if (!dbc)
        return SQL_INVALID_HANDLE;
    if (!dbc->is_connected)
        return og_handle_leave(dbc,
                               save(dbc, is_wide, option, (SQLPOINTER)(uintptr_t)value, SQL_NTS));
    below = is_wide ? dbc->calls->SQLSetConnectOptionW : dbc->calls->SQLSetConnectOption;
    if (!below)
        return og_handle_leave(dbc, og_handle_missing(dbc, "SQLSetConnectOption"));
    return og_handle_leave_below(dbc, below(dbc->below, option, value));
}

SQLRETURN og_entry_SQLSetConnectOption(SQLHDBC handle, SQLUSMALLINT option, SQLULEN value)
{
    return set_option(handle, false, option, value);
}

SQLRETURN og_entry_SQLSetConnectOptionW(SQLHDBC handle, SQLUSMALLINT option, SQLULEN value)
{
    return set_option(handle, true, option, value);
}

/* Numbers that ODBC has as SQLULEN or pointers; all other attributes of a connection are SQLUINTEGER. */
static bool is_long_attribute(SQLINTEGER attribute)
{
    return attribute == SQL_ATTR_ASYNC_ENABLE || attribute == SQL_ATTR_ODBC_CURSORS ||
           attribute == SQL_ATTR_QUIET_MODE || attribute < SQL_ATTR_ACCESS_MODE;
}

static void put_number(SQLINTEGER attribute, SQLULEN number, SQLPOINTER value, SQLINTEGER *n_bytes)
{
    SQLINTEGER n = is_long_attribute(attribute) ? sizeof(SQLULEN) : sizeof(SQLUINTEGER);

    if (is_long_attribute(attribute))
        *(SQLULEN *)value = number;
    else
        *(SQLUINTEGER *)value = (SQLUINTEGER)number;
    if (n_bytes)
        *n_bytes = n;
}

/* What is known of an attribute before the connect. */
static SQLRETURN get_saved(struct og_handle *dbc, SQLINTEGER attribute, SQLPOINTER value,
                           SQLINTEGER *n_bytes)
{
    const struct og_saved_attribute *saved = find_saved(dbc, attribute);
    SQLULEN number;

    if (saved && !saved->is_text)
        number = (SQLULEN)(uintptr_t)saved->value;
    else if (attribute == SQL_ATTR_AUTOCOMMIT)
        number = SQL_AUTOCOMMIT_ON;
    else if (attribute == SQL_ATTR_LOGIN_TIMEOUT)
        number = 0;
    else
        return og_handle_missing(dbc, "SQLGetConnectAttr");
    if (value)
        put_number(attribute, number, value, n_bytes);
    return SQL_SUCCESS;
}

static SQLRETURN get_connect(SQLHDBC handle, bool is_wide, SQLINTEGER attribute, SQLPOINTER value,
                             SQLINTEGER max_bytes, SQLINTEGER *n_bytes)
{
    struct og_handle *dbc = og_handle_enter_as(handle, OG_HANDLE_DBC, "SQLGetConnectAttr");
    __typeof__(SQLGetConnectAttr) *below;

    if (!dbc)
        return SQL_INVALID_HANDLE;
    if (!dbc->is_connected)
        return og_handle_leave(dbc, get_saved(dbc, attribute, value, n_bytes));
    below = is_wide ? dbc->calls->SQLGetConnectAttrW : dbc->calls->SQLGetConnectAttr;
    if (!below)
        return og_handle_leave(dbc, og_handle_missing(dbc, "SQLGetConnectAttr"));
    return og_handle_leave_below(dbc, below(dbc->below, attribute, value, max_bytes, n_bytes));
}

SQLRETURN og_entry_SQLGetConnectAttr(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                     SQLINTEGER max_bytes, SQLINTEGER *n_bytes)
{
    return get_connect(handle, false, attribute, value, max_bytes, n_bytes);
}

SQLRETURN og_entry_SQLGetConnectAttrW(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                      SQLINTEGER max_bytes, SQLINTEGER *n_bytes)
{
    return get_connect(handle, true, attribute, value, max_bytes, n_bytes);
}

static SQLRETURN get_option(SQLHDBC handle, bool is_wide, SQLUSMALLINT option, SQLPOINTER value)
{
    struct og_handle *dbc = og_handle_enter_as(handle, OG_HANDLE_DBC, "SQLGetConnectOption");
    __typeof__(SQLGetConnectOption) *below;

    if (!dbc)
        return SQL_INVALID_HANDLE;
    if (!dbc->is_connected)
        return og_handle_leave(dbc, get_saved(dbc, option, value, NULL));
    below = is_wide ? dbc->calls->SQLGetConnectOptionW : dbc->calls->SQLGetConnectOption;
    if (!below)
        return og_handle_leave(dbc, og_handle_missing(dbc, "SQLGetConnectOption"));
    return og_handle_leave_below(dbc, below(dbc->below, option, value));
}

SQLRETURN og_entry_SQLGetConnectOption(SQLHDBC handle, SQLUSMALLINT option, SQLPOINTER value)
{
    return get_option(handle, false, option, value);
}

SQLRETURN og_entry_SQLGetConnectOptionW(SQLHDBC handle, SQLUSMALLINT option, SQLPOINTER value)
{
    return get_option(handle, true, option, value);
}

/* ---- statement attributes whose value is a descriptor ---- */

static bool is_descriptor_attribute(SQLINTEGER attribute)
{
    return attribute >= SQL_ATTR_APP_ROW_DESC && attribute <= SQL_ATTR_IMP_PARAM_DESC;
}

static SQLRETURN bad_descriptor(struct og_handle *stmt)
{
    og_diag_add_state(&stmt->diag, "HY024",
                      "[odbcguard] that is not a descriptor of this connection");
    return og_handle_leave(stmt, SQL_ERROR);
}

static SQLRETURN set_descriptor(struct og_handle *stmt, SQLINTEGER attribute, SQLPOINTER value)
{
    struct og_handle *desc = og_handle_check(value, OG_HANDLE_DESC);
    SQLRETURN code;

    if (attribute > SQL_ATTR_APP_PARAM_DESC || (value && !desc) ||
        (desc && (desc->parent != stmt->parent || (desc->owner && desc->owner != stmt))))
        return bad_descriptor(stmt);
    code = stmt->calls->SQLSetStmtAttr(stmt->below, attribute, desc ? desc->below : NULL,
                                       SQL_IS_POINTER);
    if (SQL_SUCCEEDED(code))
        stmt->explicit_descriptors[attribute - SQL_ATTR_APP_ROW_DESC] =
            desc && !desc->owner ? desc : NULL;
    return og_handle_leave_below(stmt, code);
}

static SQLRETURN set_stmt(SQLHSTMT handle, __typeof__(SQLSetStmtAttr) *(*pick)(const struct og_calls *),
                          SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER n_bytes)
{
    struct og_handle *stmt = og_handle_enter_as(handle, OG_HANDLE_STMT, "SQLSetStmtAttr");
    __typeof__(SQLSetStmtAttr) *below;

    if (!stmt)
        return SQL_INVALID_HANDLE;
    below = pick(stmt->calls);
    if (!below)
        return og_handle_leave(stmt, og_handle_missing(stmt, "SQLSetStmtAttr"));
    if (is_descriptor_attribute(attribute))
        return set_descriptor(stmt, attribute, value);
    return og_handle_leave_below(stmt, below(stmt->below, attribute, value, n_bytes));
}

static __typeof__(SQLSetStmtAttr) *pick_set(const struct og_calls *calls)
{
    return calls->SQLSetStmtAttr;
}

static __typeof__(SQLSetStmtAttr) *pick_set_wide(const struct og_calls *calls)
{
    return calls->SQLSetStmtAttrW;
}

SQLRETURN og_entry_SQLSetStmtAttr(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                  SQLINTEGER n_bytes)
{
    return set_stmt(handle, pick_set, attribute, value, n_bytes);
}

SQLRETURN og_entry_SQLSetStmtAttrW(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                   SQLINTEGER n_bytes)
{
    return set_stmt(handle, pick_set_wide, attribute, value, n_bytes);
}

/* Our handle for an implicit descriptor of the layer below. */
static SQLRETURN get_descriptor(struct og_handle *stmt, SQLINTEGER attribute, SQLPOINTER value,
                                SQLINTEGER *n_bytes)
{
    size_t index = (size_t)(attribute - SQL_ATTR_APP_ROW_DESC);
    SQLHDESC below = NULL;
    SQLRETURN code;

    if (n_bytes)
        *n_bytes = sizeof(SQLHDESC);
    if (index < OG_COUNT(stmt->explicit_descriptors) && stmt->explicit_descriptors[index]) {
        *(SQLHDESC *)value = stmt->explicit_descriptors[index];
        return og_handle_leave(stmt, SQL_SUCCESS);
    }
    code = stmt->calls->SQLGetStmtAttr(stmt->below, attribute, &below, SQL_IS_POINTER, NULL);
    if (!SQL_SUCCEEDED(code))
        return og_handle_leave_below(stmt, code);
    if (!stmt->implicit[index]) {
        struct og_handle *desc = og_handle_new(OG_HANDLE_DESC, NULL);

        if (!desc) {
            og_diag_add_state(&stmt->diag, "HY001", "[odbcguard] memory allocation error");
            return og_handle_leave(stmt, SQL_ERROR);
        }
        desc->calls = stmt->calls;
        desc->parent = stmt->parent;
        desc->owner = stmt;
        stmt->implicit[index] = desc;
    }
    stmt->implicit[index]->below = below;
    *(SQLHDESC *)value = stmt->implicit[index];
    return og_handle_leave_below(stmt, code);
}

static SQLRETURN get_stmt(SQLHSTMT handle, bool is_wide, SQLINTEGER attribute, SQLPOINTER value,
                          SQLINTEGER max_bytes, SQLINTEGER *n_bytes)
{
    struct og_handle *stmt = og_handle_enter_as(handle, OG_HANDLE_STMT, "SQLGetStmtAttr");
    __typeof__(SQLGetStmtAttr) *below;

    if (!stmt)
        return SQL_INVALID_HANDLE;
    below = is_wide ? stmt->calls->SQLGetStmtAttrW : stmt->calls->SQLGetStmtAttr;
    if (!below)
        return og_handle_leave(stmt, og_handle_missing(stmt, "SQLGetStmtAttr"));
    if (value && is_descriptor_attribute(attribute))
        return get_descriptor(stmt, attribute, value, n_bytes);
    return og_handle_leave_below(stmt, below(stmt->below, attribute, value, max_bytes, n_bytes));
}

SQLRETURN og_entry_SQLGetStmtAttr(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                  SQLINTEGER max_bytes, SQLINTEGER *n_bytes)
{
    return get_stmt(handle, false, attribute, value, max_bytes, n_bytes);
}

SQLRETURN og_entry_SQLGetStmtAttrW(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                   SQLINTEGER max_bytes, SQLINTEGER *n_bytes)
{
    return get_stmt(handle, true, attribute, value, max_bytes, n_bytes);
}

SQLRETURN og_entry_SQLCopyDesc(SQLHDESC source, SQLHDESC target)
{
    struct og_handle *from = og_handle_check(source, OG_HANDLE_DESC);
    struct og_handle *to = og_handle_enter(target, OG_HANDLE_DESC);

    if (!to)
        return SQL_INVALID_HANDLE;
    if (!from || from->calls != to->calls) {
        og_diag_add_state(&to->diag, "HY024", "[odbcguard] the source is not a descriptor of the "
                                              "same driver");
        return og_handle_leave(to, from ? SQL_ERROR : SQL_INVALID_HANDLE);
    }
    if (!to->calls->SQLCopyDesc)
        return og_handle_leave(to, og_handle_missing(to, "SQLCopyDesc"));
    return og_handle_leave_below(to, to->calls->SQLCopyDesc(from->below, to->below));
}

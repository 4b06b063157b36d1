/* SPDX-License-Identifier: MIT */
/* Attributes and descriptors over the link. Pointers are of this process: they stay here, and the worker
 * has buffers of its own in their place. */
#include "driver/remote_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- connection ---- */

static bool is_text_attribute(SQLINTEGER attribute)
{
    return attribute == SQL_ATTR_CURRENT_CATALOG || attribute == SQL_ATTR_TRACEFILE ||
           attribute == SQL_ATTR_TRANSLATE_LIB;
}

static SQLRETURN set_connect(struct og_remote_object *dbc, bool is_wide, SQLINTEGER attribute,
                             SQLPOINTER value, SQLINTEGER n)
{
    struct og_buf *ask = og_remote_begin(dbc);

    og_link_put(ask, is_wide);
    og_link_put(ask, attribute);
    og_link_put(ask, is_text_attribute(attribute));
    if (attribute == SQL_ATTR_QUIET_MODE && value)
        return og_remote_end(dbc, og_remote_refuse(dbc, "HYC00", "there is no window at the worker"));
    if (!is_text_attribute(attribute)) {
        og_link_put(ask, (int64_t)(intptr_t)value);
        og_link_put(ask, n);
    } else if (is_wide) { /* lengths of W attributes are bytes */
        og_link_put_text(ask, value, n == SQL_NTS ? SQL_NTS : n / (SQLINTEGER)sizeof(SQLWCHAR),
                         sizeof(SQLWCHAR));
    } else {
        og_link_put_text(ask, value, n, 1);
    }
    return og_remote_end(dbc, og_remote_call(dbc, OG_LINK_OWN_set_connect));
}

static SQLRETURN SQL_API remote_SQLSetConnectAttr(SQLHDBC handle, SQLINTEGER attribute,
                                                  SQLPOINTER value, SQLINTEGER n)
{
    return set_connect(handle, false, attribute, value, n);
}

static SQLRETURN SQL_API remote_SQLSetConnectAttrW(SQLHDBC handle, SQLINTEGER attribute,
                                                   SQLPOINTER value, SQLINTEGER n)
{
    return set_connect(handle, true, attribute, value, n);
}

/* ---- statement attributes that are pointers or layout of this side ---- */

#define LAYOUT(attribute, member) {attribute, offsetof(struct og_remote_object, member)}
static const struct layout {
    SQLINTEGER attribute;
    size_t at; /* of a pointer or SQLULEN, which are of one size */
} layouts[] = {
    LAYOUT(SQL_ATTR_ROW_STATUS_PTR, rows.status),
    LAYOUT(SQL_ATTR_ROWS_FETCHED_PTR, rows.n_done),
    LAYOUT(SQL_ATTR_ROW_BIND_OFFSET_PTR, rows.offset),
    LAYOUT(SQL_ATTR_ROW_BIND_TYPE, rows.bind_type),
    LAYOUT(SQL_ATTR_PARAM_STATUS_PTR, sets.status),
    LAYOUT(SQL_ATTR_PARAMS_PROCESSED_PTR, sets.n_done),
    LAYOUT(SQL_ATTR_PARAM_BIND_OFFSET_PTR, sets.offset),
    LAYOUT(SQL_ATTR_PARAM_BIND_TYPE, sets.bind_type),
    LAYOUT(SQL_ATTR_PARAM_OPERATION_PTR, sets.operation),
};
_Static_assert(sizeof(SQLULEN) == sizeof(void *), "layout members are of one size");

static void *layout_of(struct og_remote_object *stmt, SQLINTEGER attribute)
{
    for (size_t i = 0; i < OG_COUNT(layouts); i++)
        if (layouts[i].attribute == attribute)
            return (char *)stmt + layouts[i].at;
    return NULL;
}

/* Pointers that have no place of their own over there. */
static bool is_foreign_pointer(SQLINTEGER attribute)
{
    return attribute == SQL_ATTR_ROW_OPERATION_PTR || attribute == SQL_ATTR_FETCH_BOOKMARK_PTR ||
           attribute == SQL_ATTR_ASYNC_STMT_EVENT;
}

static SQLRETURN set_layout(struct og_remote_object *stmt, void *at, SQLPOINTER value)
{
    (void)og_remote_begin(stmt);
    memcpy(at, &value, sizeof(value));
    stmt->remote->reader = (struct og_link_reader){.is_bad = false};
    return og_remote_end(stmt, SQL_SUCCESS);
}

/* What was answered may be less than was asked for, never more: the application's arrays end there. */
static void note_number(struct og_remote_object *stmt, SQLINTEGER attribute, SQLULEN asked, SQLULEN value)
{
    if (value > asked)
        value = asked ? asked : 1;
    if (attribute == SQL_ATTR_ROW_ARRAY_SIZE)
        stmt->rows.n_rows = value;
    else if (attribute == SQL_ROWSET_SIZE)
        stmt->n_rowset = value;
    else if (attribute == SQL_ATTR_PARAMSET_SIZE)
        stmt->sets.n_rows = value;
}

/* The statement's own descriptor, or none for the implicit one. Returns: whether value is one. */
static bool own_descriptor(const struct og_remote_object *stmt, SQLINTEGER attribute, SQLPOINTER value)
{
    size_t index = (size_t)(attribute - SQL_ATTR_APP_ROW_DESC);

    return !value || (index < OG_COUNT(stmt->descriptors) && value == stmt->descriptors[index]);
}

static SQLRETURN set_stmt(struct og_remote_object *stmt, bool is_wide, SQLINTEGER attribute,
                          SQLPOINTER value, SQLINTEGER n)
{
    void *at = layout_of(stmt, attribute);
    bool is_descriptor =
        attribute >= SQL_ATTR_APP_ROW_DESC && attribute <= SQL_ATTR_IMP_PARAM_DESC;
    struct og_buf *ask;
    SQLRETURN code;

    if (at)
        return set_layout(stmt, at, value);
    ask = og_remote_begin(stmt);
    if ((is_foreign_pointer(attribute) && value) ||
        (is_descriptor && !own_descriptor(stmt, attribute, value)))
        return og_remote_end(stmt, og_remote_refuse(stmt, "HYC00",
                                                    "the broker placement does not carry this "
                                                    "statement attribute"));
    og_link_put(ask, is_wide);
    og_link_put(ask, attribute);
    og_link_put(ask, is_descriptor ? 0 : (int64_t)(intptr_t)value);
    og_link_put(ask, n);
    code = og_remote_call(stmt, OG_LINK_OWN_set_stmt);
    if (SQL_SUCCEEDED(code))
        note_number(stmt, attribute, (SQLULEN)(intptr_t)value,
                    (SQLULEN)og_link_get(&stmt->remote->reader));
    return og_remote_end(stmt, code);
}

static SQLRETURN SQL_API remote_SQLSetStmtAttr(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                               SQLINTEGER n)
{
    return set_stmt(handle, false, attribute, value, n);
}

static SQLRETURN SQL_API remote_SQLSetStmtAttrW(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                                SQLINTEGER n)
{
    return set_stmt(handle, true, attribute, value, n);
}

static SQLRETURN SQL_API remote_SQLSetStmtOption(SQLHSTMT handle, SQLUSMALLINT option, SQLULEN value)
{
    struct og_remote_object *stmt = handle;
    struct og_buf *ask = og_remote_begin(stmt);
    SQLRETURN code;

    og_link_put(ask, -1); /* by SQLSetStmtOption */
    og_link_put(ask, option);
    og_link_put(ask, (int64_t)value);
    og_link_put(ask, 0);
    code = og_remote_call(stmt, OG_LINK_OWN_set_stmt);
    if (SQL_SUCCEEDED(code))
        note_number(stmt, option, value, (SQLULEN)og_link_get(&stmt->remote->reader));
    return og_remote_end(stmt, code);
}

/* ---- the four descriptors of a statement ---- */

static SQLRETURN get_descriptor(struct og_remote_object *stmt, SQLINTEGER attribute, SQLPOINTER value)
{
    size_t index = (size_t)(attribute - SQL_ATTR_APP_ROW_DESC);
    struct og_remote_object *desc = stmt->descriptors[index];
    SQLRETURN code;

    og_link_put(og_remote_begin(stmt), attribute);
    code = og_remote_call(stmt, OG_LINK_OWN_descriptor);
    if (SQL_SUCCEEDED(code) && !desc) {
        desc = calloc(1, sizeof(*desc));
        if (!desc)
            return og_remote_end(stmt, og_remote_refuse(stmt, "HY001", "memory allocation error"));
        desc->remote = stmt->remote;
        desc->type = SQL_HANDLE_DESC;
        desc->owner = stmt;
        desc->index = index;
        desc->handle = (uint32_t)og_link_get(&stmt->remote->reader);
        stmt->descriptors[index] = desc;
    }
    if (SQL_SUCCEEDED(code))
        *(SQLHANDLE *)value = desc;
    return og_remote_end(stmt, code);
}

/* The layout is this side's, but how wide an answer is, is the real driver's. An address comes as zeros. */
static SQLRETURN get_layout(struct og_remote_object *stmt, __typeof__(SQLGetStmtAttr) *far,
                            SQLINTEGER attribute, const void *at, void *value, SQLINTEGER *n)
{
    bool is_number = attribute == SQL_ATTR_ROW_BIND_TYPE || attribute == SQL_ATTR_PARAM_BIND_TYPE;
    int64_t unwritten = OG_LINK_UNWRITTEN, answer = unwritten;
    SQLRETURN code = far(stmt, attribute, &answer, is_number ? SQL_IS_UINTEGER : SQL_IS_POINTER, n);

    if (!SQL_SUCCEEDED(code))
        return code;
    if (value) /* little endian, as the link is */
        memcpy(value, at,
               is_number && (answer ^ unwritten) >> 32 == 0 ? sizeof(SQLUINTEGER) : sizeof(SQLULEN));
    return SQL_SUCCESS;
}

static SQLRETURN get_stmt(struct og_remote_object *stmt, __typeof__(SQLGetStmtAttr) *far,
                          SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER max, SQLINTEGER *n)
{
    const void *at = layout_of(stmt, attribute);

    if (value && attribute >= SQL_ATTR_APP_ROW_DESC && attribute <= SQL_ATTR_IMP_PARAM_DESC)
        return get_descriptor(stmt, attribute, value);
    if (at)
        return get_layout(stmt, far, attribute, at, value, n);
    return far(stmt, attribute, value, max, n);
}

static SQLRETURN SQL_API remote_SQLGetStmtAttr(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                               SQLINTEGER max, SQLINTEGER *n)
{
    return get_stmt(handle, og_far_SQLGetStmtAttr, attribute, value, max, n);
}

static SQLRETURN SQL_API remote_SQLGetStmtAttrW(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                                SQLINTEGER max, SQLINTEGER *n)
{
    return get_stmt(handle, og_far_SQLGetStmtAttrW, attribute, value, max, n);
}

/* ---- fields ---- */

static bool is_pointer_field(SQLSMALLINT field)
{
    return field == SQL_DESC_DATA_PTR || field == SQL_DESC_INDICATOR_PTR ||
           field == SQL_DESC_OCTET_LENGTH_PTR || field == SQL_DESC_ARRAY_STATUS_PTR ||
           field == SQL_DESC_BIND_OFFSET_PTR || field == SQL_DESC_ROWS_PROCESSED_PTR;
}

/* The statement's attribute that a pointer in a descriptor's header is: 0 for none. */
static SQLINTEGER attribute_of(const struct og_remote_object *desc, SQLSMALLINT field)
{
    static const struct {
        SQLSMALLINT field;
        SQLINTEGER attributes[4]; /* of ARD, APD, IRD, IPD */
    } headers[] = {
        {SQL_DESC_ARRAY_STATUS_PTR, {SQL_ATTR_ROW_OPERATION_PTR, SQL_ATTR_PARAM_OPERATION_PTR,
                                     SQL_ATTR_ROW_STATUS_PTR, SQL_ATTR_PARAM_STATUS_PTR}},
        {SQL_DESC_BIND_OFFSET_PTR, {SQL_ATTR_ROW_BIND_OFFSET_PTR, SQL_ATTR_PARAM_BIND_OFFSET_PTR, 0, 0}},
        {SQL_DESC_ROWS_PROCESSED_PTR, {0, 0, SQL_ATTR_ROWS_FETCHED_PTR, SQL_ATTR_PARAMS_PROCESSED_PTR}},
    };

    for (size_t i = 0; i < OG_COUNT(headers); i++)
        if (headers[i].field == field && desc->owner && desc->index < 4)
            return headers[i].attributes[desc->index];
    return 0;
}

/* The binding that a record of an application's descriptor is. */
static struct og_remote_binding *binding_of(const struct og_remote_object *desc, SQLSMALLINT record)
{
    struct og_remote_bindings *bindings =
        desc->index == 0 ? &desc->owner->columns : &desc->owner->parameters;

    return desc->index < 2 && record >= 0 && (size_t)record < bindings->n_items
               ? &bindings->items[record]
               : NULL;
}

/* Pointers of a record that SQLBindCol or SQLBindParameter made may move. */
static SQLRETURN set_pointer(struct og_remote_object *desc, SQLSMALLINT record, SQLSMALLINT field,
                             SQLPOINTER value)
{
    struct og_remote_binding *binding = binding_of(desc, record);
    void *at = attribute_of(desc, field) ? layout_of(desc->owner, attribute_of(desc, field)) : NULL;
    struct og_buf *ask;
    SQLRETURN code;

    if (at)
        return set_layout(desc, at, value);
    ask = og_remote_begin(desc);
    if (!binding || !binding->is_bound || !value || field == SQL_DESC_ARRAY_STATUS_PTR ||
        field == SQL_DESC_BIND_OFFSET_PTR || field == SQL_DESC_ROWS_PROCESSED_PTR)
        return og_remote_end(desc, og_remote_refuse(desc, "HYC00",
                                                    "the broker placement binds with SQLBindCol and "
                                                    "SQLBindParameter, and moves what they bound"));
    og_link_put(ask, 0);
    og_link_put(ask, record);
    og_link_put(ask, field);
    og_link_put(ask, 1);
    og_link_put(ask, 0);
    code = og_remote_call(desc, OG_LINK_OWN_set_desc);
    if (SQL_SUCCEEDED(code) && field == SQL_DESC_DATA_PTR)
        binding->values = value;
    else if (SQL_SUCCEEDED(code) && field == SQL_DESC_INDICATOR_PTR)
        binding->indicators = value;
    else if (SQL_SUCCEEDED(code))
        binding->lengths = value;
    return og_remote_end(desc, code);
}

static SQLRETURN set_field(struct og_remote_object *desc, bool is_wide, SQLSMALLINT record,
                           SQLSMALLINT field, SQLPOINTER value, SQLINTEGER n)
{
    struct og_remote_binding *binding = binding_of(desc, record);
    struct og_buf *ask;
    SQLRETURN code;

    if (is_pointer_field(field))
        return set_pointer(desc, record, field, value);
    ask = og_remote_begin(desc);
    if (field == SQL_DESC_NAME || (desc->index < 2 && (field == SQL_DESC_COUNT ||
                                                       field == SQL_DESC_OCTET_LENGTH ||
                                                       field == SQL_DESC_ARRAY_SIZE ||
                                                       field == SQL_DESC_BIND_TYPE)))
        return og_remote_end(desc, og_remote_refuse(desc, "HYC00",
                                                    "the broker placement does not carry this "
                                                    "descriptor field"));
    og_link_put(ask, is_wide);
    og_link_put(ask, record);
    og_link_put(ask, field);
    og_link_put(ask, (int64_t)(intptr_t)value);
    og_link_put(ask, n);
    code = og_remote_call(desc, OG_LINK_OWN_set_desc);
    if (SQL_SUCCEEDED(code) && binding && (field == SQL_DESC_TYPE || field == SQL_DESC_CONCISE_TYPE)) {
        binding->c_type = (SQLSMALLINT)(intptr_t)value;
        binding->n_cell = (size_t)og_link_get(&desc->remote->reader);
    }
    return og_remote_end(desc, code);
}

static SQLRETURN SQL_API remote_SQLSetDescField(SQLHDESC handle, SQLSMALLINT record, SQLSMALLINT field,
                                                SQLPOINTER value, SQLINTEGER n)
{
    return set_field(handle, false, record, field, value, n);
}

static SQLRETURN SQL_API remote_SQLSetDescFieldW(SQLHDESC handle, SQLSMALLINT record,
                                                 SQLSMALLINT field, SQLPOINTER value, SQLINTEGER n)
{
    return set_field(handle, true, record, field, value, n);
}

static SQLRETURN closed(struct og_remote_object *object, const char *why)
{
    (void)og_remote_begin(object);
    return og_remote_end(object, og_remote_refuse(object, "HYC00", why));
}

static SQLRETURN SQL_API remote_SQLSetDescRec(SQLHDESC handle, SQLSMALLINT record, SQLSMALLINT type,
                                              SQLSMALLINT subtype, SQLLEN length, SQLSMALLINT precision,
                                              SQLSMALLINT scale, SQLPOINTER data, SQLLEN *n,
                                              SQLLEN *indicator)
{
    (void)record, (void)type, (void)subtype, (void)length, (void)precision, (void)scale, (void)data;
    (void)n, (void)indicator;
    return closed(handle, "the broker placement binds with SQLBindCol and SQLBindParameter");
}

static SQLRETURN SQL_API remote_SQLCopyDesc(SQLHDESC source, SQLHDESC target)
{
    (void)source;
    return closed(target, "the broker placement does not copy descriptors");
}

/* Pointers are answered from this side. */
static SQLRETURN get_field(struct og_remote_object *desc, __typeof__(SQLGetDescField) *far,
                           SQLSMALLINT record, SQLSMALLINT field, SQLPOINTER value, SQLINTEGER max,
                           SQLINTEGER *n)
{
    const struct og_remote_binding *binding = binding_of(desc, record);
    const void *pointer = NULL; /* what a row operation's stays: it is closed */
    const void *at = attribute_of(desc, field) ? layout_of(desc->owner, attribute_of(desc, field)) : NULL;
    int64_t hidden;
    SQLRETURN code;

    if (!is_pointer_field(field))
        return far(desc, record, field, value, max, n);
    if (at)
        memcpy(&pointer, at, sizeof(pointer));
    else if (!attribute_of(desc, field) && !binding)
        return closed(desc, "the broker placement keeps this pointer with the statement's attributes");
    if (!attribute_of(desc, field) && binding->is_bound)
        pointer = field == SQL_DESC_DATA_PTR        ? binding->values
                  : field == SQL_DESC_INDICATOR_PTR ? (const void *)binding->indicators
                                                    : (const void *)binding->lengths;
    code = far(desc, record, field, &hidden, SQL_IS_POINTER, n); /* its address comes as zeros */
    if (SQL_SUCCEEDED(code) && value)
        memcpy(value, &pointer, sizeof(pointer));
    return code;
}

static SQLRETURN SQL_API remote_SQLGetDescField(SQLHDESC handle, SQLSMALLINT record, SQLSMALLINT field,
                                                SQLPOINTER value, SQLINTEGER max, SQLINTEGER *n)
{
    return get_field(handle, og_far_SQLGetDescField, record, field, value, max, n);
}

static SQLRETURN SQL_API remote_SQLGetDescFieldW(SQLHDESC handle, SQLSMALLINT record,
                                                 SQLSMALLINT field, SQLPOINTER value, SQLINTEGER max,
                                                 SQLINTEGER *n)
{
    return get_field(handle, og_far_SQLGetDescFieldW, record, field, value, max, n);
}

void og_remote_install_attr(struct og_calls *calls)
{
    calls->SQLSetConnectAttr = remote_SQLSetConnectAttr;
    calls->SQLSetConnectAttrW = remote_SQLSetConnectAttrW;
    calls->SQLSetStmtAttr = remote_SQLSetStmtAttr;
    calls->SQLSetStmtAttrW = remote_SQLSetStmtAttrW;
    calls->SQLSetStmtOption = remote_SQLSetStmtOption;
    calls->SQLGetStmtAttr = remote_SQLGetStmtAttr;
    calls->SQLGetStmtAttrW = remote_SQLGetStmtAttrW;
    calls->SQLSetDescField = remote_SQLSetDescField;
    calls->SQLSetDescFieldW = remote_SQLSetDescFieldW;
    calls->SQLSetDescRec = remote_SQLSetDescRec;
    calls->SQLSetDescRecW = remote_SQLSetDescRec;
    calls->SQLCopyDesc = remote_SQLCopyDesc;
    calls->SQLGetDescField = remote_SQLGetDescField;
    calls->SQLGetDescFieldW = remote_SQLGetDescFieldW;
}

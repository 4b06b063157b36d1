/* SPDX-License-Identifier: MIT */
/* Attributes and descriptors: numbers and texts of the client go to the layer, addresses never. */
#include "driver/worker_parts.h"

#include <string.h>

/* Which attributes are texts is this side's knowledge: a number in a text's place would be an address. */
static bool is_text_attribute(SQLINTEGER attribute)
{
    return attribute == SQL_ATTR_CURRENT_CATALOG || attribute == SQL_ATTR_TRACEFILE ||
           attribute == SQL_ATTR_TRANSLATE_LIB;
}

static bool is_address_attribute(SQLINTEGER attribute)
{
    /* From 118 on: information tokens and callbacks of ODBC 3.8 driver managers. */
    return attribute == SQL_ATTR_QUIET_MODE || attribute == SQL_ATTR_ENLIST_IN_DTC ||
           (attribute >= 118 && attribute <= 121);
}

static void *copy_text(struct og_worker *worker, size_t width, int64_t *n)
{
    size_t n_bytes;
    const uint8_t *bytes;
    void *text;

    *n = og_link_get(&worker->ask);
    bytes = og_link_get_bytes(&worker->ask, &n_bytes);
    if (!bytes || n_bytes % width || (*n >= 0 && (uint64_t)*n * width != n_bytes)) {
        worker->ask.is_bad = worker->ask.is_bad || bytes;
        return NULL;
    }
    text = og_arena_alloc(&worker->arena, n_bytes + 64);
    if (text)
        memcpy(text, bytes, n_bytes);
    return text;
}

int og_worker_set_connect(struct og_worker *worker, struct og_worker_object *object)
{
    const struct og_calls *calls = worker->layer.calls;
    bool is_wide = og_link_get(&worker->ask) != 0;
    int64_t attribute = og_link_get(&worker->ask);
    bool is_text = og_link_get(&worker->ask) != 0;
    __typeof__(SQLSetConnectAttr) *set = is_wide ? calls->SQLSetConnectAttrW : calls->SQLSetConnectAttr;
    void *value;
    int64_t n;

    if (attribute != (SQLINTEGER)attribute || is_text != is_text_attribute((SQLINTEGER)attribute))
        return OG_WORKER_BROKEN;
    if (is_text) {
        value = copy_text(worker, is_wide ? sizeof(SQLWCHAR) : 1, &n);
        if (!value)
            return worker->ask.is_bad ? OG_WORKER_BROKEN : OG_LINK_REFUSED;
        n = SQL_NTS; /* it ends with a terminator */
    } else {
        value = (void *)(intptr_t)og_link_get(&worker->ask);
        n = og_link_get(&worker->ask);
    }
    if (worker->ask.is_bad)
        return OG_WORKER_BROKEN;
    if (is_address_attribute((SQLINTEGER)attribute) || (!set && !calls->SQLSetConnectOption))
        return OG_LINK_REFUSED;
    return set ? set(object->handle, (SQLINTEGER)attribute, value, (SQLINTEGER)n)
               : calls->SQLSetConnectOption(object->handle, (SQLUSMALLINT)attribute,
                                            (SQLULEN)(uintptr_t)value);
}

/* ---- statement ---- */

bool og_worker_is_address(int64_t attribute)
{
    static const SQLINTEGER addresses[] = {
        SQL_ATTR_ROW_STATUS_PTR,        SQL_ATTR_ROWS_FETCHED_PTR,      SQL_ATTR_ROW_BIND_OFFSET_PTR,
        SQL_ATTR_ROW_OPERATION_PTR,     SQL_ATTR_PARAM_STATUS_PTR,      SQL_ATTR_PARAMS_PROCESSED_PTR,
        SQL_ATTR_PARAM_BIND_OFFSET_PTR, SQL_ATTR_PARAM_OPERATION_PTR,   SQL_ATTR_FETCH_BOOKMARK_PTR,
        SQL_ATTR_ROW_BIND_TYPE,         SQL_ATTR_PARAM_BIND_TYPE,       SQL_ATTR_ASYNC_STMT_EVENT,
        30, 31, /* callbacks of ODBC 3.8 driver managers */
    };

    for (size_t i = 0; i < OG_COUNT(addresses); i++)
        if (addresses[i] == attribute)
            return true;
    return attribute != (SQLINTEGER)attribute;
}

/* What the layer made of a count. */
static SQLULEN *count_of(struct og_worker_object *stmt, int64_t attribute)
{
    return attribute == SQL_ATTR_ROW_ARRAY_SIZE  ? &stmt->n_rows
           : attribute == SQL_ROWSET_SIZE        ? &stmt->n_rowset
           : attribute == SQL_ATTR_PARAMSET_SIZE ? &stmt->n_sets
                                                 : NULL;
}

static SQLULEN set_count(const struct og_calls *calls, struct og_worker_object *stmt, SQLINTEGER attribute,
                         SQLULEN wanted)
{
    SQLULEN *count = count_of(stmt, attribute), is = wanted;

    if (!count)
        return wanted;
    if (calls->SQLGetStmtAttr)
        (void)calls->SQLGetStmtAttr(stmt->handle, attribute, &is, SQL_IS_UINTEGER, NULL);
    *count = is > 0 && is <= OG_LINK_MAX_ROWS ? is : 1;
    return *count;
}

int og_worker_set_stmt(struct og_worker *worker, struct og_worker_object *stmt)
{
    const struct og_calls *calls = worker->layer.calls;
    int64_t form = og_link_get(&worker->ask), attribute = og_link_get(&worker->ask);
    int64_t value = og_link_get(&worker->ask), n = og_link_get(&worker->ask);
    __typeof__(SQLSetStmtAttr) *set = form == 1 ? calls->SQLSetStmtAttrW : calls->SQLSetStmtAttr;
    bool is_descriptor = attribute >= SQL_ATTR_APP_ROW_DESC && attribute <= SQL_ATTR_IMP_PARAM_DESC;
    SQLRETURN code;

    if (worker->ask.is_bad)
        return OG_WORKER_BROKEN;
    if (og_worker_is_address(attribute) || (is_descriptor && value) ||
        (count_of(stmt, attribute) && ((uint64_t)value > OG_LINK_MAX_ROWS)))
        return OG_LINK_REFUSED;
    if (form < 0) {
        if (!calls->SQLSetStmtOption)
            return OG_LINK_REFUSED;
        code = calls->SQLSetStmtOption(stmt->handle, (SQLUSMALLINT)attribute, (SQLULEN)value);
    } else if (set) {
        code = set(stmt->handle, (SQLINTEGER)attribute, (SQLPOINTER)(intptr_t)value, (SQLINTEGER)n);
    } else {
        return OG_LINK_REFUSED;
    }
    if (SQL_SUCCEEDED(code) && attribute == SQL_ATTR_RETRIEVE_DATA)
        stmt->is_data_off = value == SQL_RD_OFF;
    og_link_put(&worker->out, SQL_SUCCEEDED(code)
                                  ? (int64_t)set_count(calls, stmt, (SQLINTEGER)attribute, (SQLULEN)value)
                                  : value);
    return code;
}

/* ---- descriptors ---- */

int og_worker_descriptor(struct og_worker *worker, struct og_worker_object *stmt)
{
    int64_t attribute = og_link_get(&worker->ask);
    size_t index = (size_t)(attribute - SQL_ATTR_APP_ROW_DESC);
    SQLHDESC handle = NULL;
    uint32_t slot;
    SQLRETURN code;

    if (worker->ask.is_bad || index >= OG_COUNT(stmt->descriptors))
        return OG_WORKER_BROKEN;
    if (!worker->layer.calls->SQLGetStmtAttr)
        return OG_LINK_REFUSED;
    code = worker->layer.calls->SQLGetStmtAttr(stmt->handle, (SQLINTEGER)attribute, &handle,
                                               SQL_IS_POINTER, NULL);
    if (!SQL_SUCCEEDED(code)) {
        og_link_put(&worker->out, 0);
        return code;
    }
    slot = stmt->descriptors[index];
    if (!slot) {
        slot = og_worker_add(worker, SQL_HANDLE_DESC, handle);
        if (!slot)
            return OG_LINK_REFUSED;
        worker->objects[slot]->owner = stmt;
        worker->objects[slot]->index = index;
        stmt->descriptors[index] = slot;
    }
    worker->objects[slot]->handle = handle;
    og_link_put(&worker->out, slot);
    return code;
}

/* A pointer of a record that was bound: set again, to this side's memory. */
static int point(struct og_worker *worker, struct og_worker_object *desc, SQLSMALLINT record,
                 SQLSMALLINT field)
{
    struct og_worker_list *list = desc->index == 0 ? &desc->owner->columns : &desc->owner->parameters;
    struct og_worker_cells *cells =
        desc->index < 2 && record >= 0 && (size_t)record < list->n_items ? &list->items[record] : NULL;
    SQLPOINTER value;

    if (!cells || !cells->is_bound)
        return OG_LINK_REFUSED;
    if (field == SQL_DESC_DATA_PTR)
        cells->has_value = true;
    else
        cells->has_length = true;
    value = field == SQL_DESC_DATA_PTR ? (SQLPOINTER)cells->cells : (SQLPOINTER)cells->lengths;
    return worker->layer.calls->SQLSetDescField(desc->handle, record, field, value, SQL_IS_POINTER);
}

static bool is_open_field(SQLSMALLINT field)
{
    static const SQLSMALLINT numbers[] = {
        SQL_DESC_TYPE,      SQL_DESC_CONCISE_TYPE,            SQL_DESC_DATETIME_INTERVAL_CODE,
        SQL_DESC_PRECISION, SQL_DESC_SCALE,                   SQL_DESC_LENGTH,
        SQL_DESC_UNNAMED,   SQL_DESC_DATETIME_INTERVAL_PRECISION, SQL_DESC_NUM_PREC_RADIX,
        SQL_DESC_PARAMETER_TYPE};

    for (size_t i = 0; i < OG_COUNT(numbers); i++)
        if (numbers[i] == field)
            return true;
    return false;
}

int og_worker_set_desc(struct og_worker *worker, struct og_worker_object *desc)
{
    const struct og_calls *calls = worker->layer.calls;
    bool is_wide = og_link_get(&worker->ask) != 0;
    int64_t record = og_link_get(&worker->ask), field = og_link_get(&worker->ask);
    int64_t value = og_link_get(&worker->ask), n = og_link_get(&worker->ask);
    __typeof__(SQLSetDescField) *set = is_wide ? calls->SQLSetDescFieldW : calls->SQLSetDescField;
    struct og_worker_list *list = desc->index == 0 ? &desc->owner->columns : &desc->owner->parameters;
    SQLRETURN code;
    int64_t n_cell;

    if (worker->ask.is_bad || record != (SQLSMALLINT)record || field != (SQLSMALLINT)field)
        return OG_WORKER_BROKEN;
    if (!set)
        return OG_LINK_REFUSED;
    if (field == SQL_DESC_DATA_PTR || field == SQL_DESC_INDICATOR_PTR || field == SQL_DESC_OCTET_LENGTH_PTR)
        return point(worker, desc, (SQLSMALLINT)record, (SQLSMALLINT)field);
    if (!is_open_field((SQLSMALLINT)field))
        return OG_LINK_REFUSED;
    n_cell = og_link_cell((SQLSMALLINT)value, SQL_MAX_OPTION_STRING_LENGTH);
    if (desc->index < 2 && (field == SQL_DESC_TYPE || field == SQL_DESC_CONCISE_TYPE) &&
        record > 0 && (size_t)record < list->n_items && list->items[record].is_bound) {
        struct og_worker_cells *cells = &list->items[record];

        /* Cells keep their place, so that the new type has to fit it. */
        if (n_cell < 0 || (size_t)n_cell > cells->n_cell)
            return OG_LINK_REFUSED;
        n_cell = og_link_cell((SQLSMALLINT)value, (int64_t)cells->n_cell);
        cells->c_type = (SQLSMALLINT)value;
        cells->n_cell = (size_t)n_cell;
    }
    code = set(desc->handle, (SQLSMALLINT)record, (SQLSMALLINT)field, (SQLPOINTER)(intptr_t)value,
               (SQLINTEGER)n);
    og_link_put(&worker->out, n_cell > 0 ? n_cell : 0);
    return code;
}

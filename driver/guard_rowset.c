/* SPDX-License-Identifier: MIT */
/* The row descriptor in force, read when rows are fetched: bound by SQLBindCol, by descriptor
 * fields or records, copied, explicit or shared, it is the real driver's own that counts. What was
 * read is kept until a call could have changed it. */
#include <stdlib.h>

#include "driver/guard.h"

#define MAX_BINDINGS 32767u

bool og_rowset_has_descriptors(const struct og_guard_stmt *stmt)
{
    const struct og_calls *calls = stmt->object.calls;

    return stmt->dbc->dialect == OG_DIALECT_POSTGRESQL && calls->SQLGetDescField &&
           calls->SQLSetDescField && calls->SQLCopyDesc;
}

void og_rowset_touch(struct og_guard_dbc *dbc)
{
    (void)__atomic_add_fetch(&dbc->rowset_version, 1, __ATOMIC_RELAXED);
}

static uint64_t version_of(const struct og_guard_stmt *stmt)
{
    return 1 + __atomic_load_n(&stmt->dbc->rowset_version, __ATOMIC_RELAXED);
}

/* ---- lists of bindings ---- */

static struct og_guard_binding *find(struct og_bindings *bindings, SQLUSMALLINT column)
{
    for (size_t i = 0; i < bindings->n_items; i++)
        if (bindings->items[i].column == column)
            return &bindings->items[i];
    return NULL;
}

static struct og_guard_binding *add(struct og_bindings *bindings)
{
    if (bindings->n_items == bindings->max_items) {
        size_t more = bindings->max_items ? bindings->max_items * 2 : 16;
        struct og_guard_binding *bigger;

        if (more > MAX_BINDINGS)
            return NULL;
        bigger = reallocarray(bindings->items, more, sizeof(*bigger));
        if (!bigger)
            return NULL;
        bindings->items = bigger;
        bindings->max_items = more;
    }
    return &bindings->items[bindings->n_items++];
}

bool og_bindings_set(struct og_bindings *bindings, const struct og_guard_binding *wanted)
{
    struct og_guard_binding *binding = find(bindings, wanted->column);

    if (!wanted->data && !wanted->length) {
        if (binding)
            *binding = bindings->items[--bindings->n_items];
        return true;
    }
    if (!binding)
        binding = add(bindings);
    if (binding)
        *binding = *wanted;
    return binding != NULL;
}

/* ---- the descriptor ---- */

static SQLPOINTER pointer_field(struct og_guard_stmt *stmt, SQLSMALLINT number, SQLSMALLINT field)
{
    SQLPOINTER value = NULL;

    if (!SQL_SUCCEEDED(stmt->object.calls->SQLGetDescField(stmt->rows.ard, number, field, &value,
                                                           SQL_IS_POINTER, NULL)))
        return NULL;
    return value;
}

/* Whether the descriptor tells its fields. */
static bool is_open(struct og_guard_stmt *stmt)
{
    SQLSMALLINT value[4] = {0};

    return SQL_SUCCEEDED(stmt->object.calls->SQLGetDescField(
        stmt->rows.ard, 0, SQL_DESC_COUNT, value, SQL_IS_SMALLINT, NULL));
}

/* psqlODBC writes its small fields in their own width. */
static SQLSMALLINT small_field(struct og_guard_stmt *stmt, SQLSMALLINT number, SQLSMALLINT field)
{
    SQLSMALLINT value[4] = {0};

    (void)stmt->object.calls->SQLGetDescField(stmt->rows.ard, number, field, value,
                                              SQL_IS_SMALLINT, NULL);
    return value[0];
}

static SQLLEN long_field(struct og_guard_stmt *stmt, SQLSMALLINT number, SQLSMALLINT field)
{
    SQLLEN value = 0;

    (void)stmt->object.calls->SQLGetDescField(stmt->rows.ard, number, field, &value,
                                              SQL_IS_INTEGER, NULL);
    return value;
}

static bool read_record(struct og_guard_stmt *stmt, SQLSMALLINT number)
{
    struct og_guard_binding binding = {
        .column = (SQLUSMALLINT)number,
        .data = pointer_field(stmt, number, SQL_DESC_DATA_PTR),
    };

    if (!binding.data) /* psqlODBC leaves such columns alone */
        return true;
    binding.c_type = small_field(stmt, number, SQL_DESC_CONCISE_TYPE);
    binding.max_bytes = long_field(stmt, number, SQL_DESC_OCTET_LENGTH);
    binding.length = pointer_field(stmt, number, SQL_DESC_OCTET_LENGTH_PTR);
    binding.indicator = pointer_field(stmt, number, SQL_DESC_INDICATOR_PTR);
    if (binding.c_type == SQL_C_NUMERIC) {
        binding.precision = small_field(stmt, number, SQL_DESC_PRECISION);
        binding.scale = small_field(stmt, number, SQL_DESC_SCALE);
    }
    return og_bindings_set(&stmt->rows.read, &binding);
}

static SQLRETURN no_memory(struct og_guard_stmt *stmt)
{
    og_diag_add_state(&stmt->object.diag, "HY001", "[odbcguard] memory allocation error");
    return SQL_ERROR;
}

static SQLRETURN read_descriptor(struct og_guard_stmt *stmt)
{
    SQLSMALLINT n;

    stmt->rows.ard = NULL;
    stmt->rows.read.n_items = 0;
    (void)stmt->object.calls->SQLGetStmtAttr(stmt->object.below, SQL_ATTR_APP_ROW_DESC,
                                             &stmt->rows.ard, SQL_IS_POINTER, NULL);
    if (!stmt->rows.ard) {
        og_diag_add_state(&stmt->object.diag, "HY000",
                          "[odbcguard] the real driver does not tell its row descriptor");
        return SQL_ERROR;
    }
    stmt->rows.is_recorded = stmt->explicit_ard && !is_open(stmt);
    n = stmt->rows.is_recorded ? 0 : small_field(stmt, 0, SQL_DESC_COUNT);
    for (SQLSMALLINT number = 1; number <= n; number++)
        if (!read_record(stmt, number))
            return no_memory(stmt);
    return SQL_SUCCESS;
}

static SQLULEN number_attribute(struct og_guard_stmt *stmt, SQLINTEGER attribute)
{
    SQLULEN value = 0;

    (void)stmt->object.calls->SQLGetStmtAttr(stmt->object.below, attribute, &value,
                                             SQL_IS_UINTEGER, NULL);
    return value;
}

static SQLRETURN read_header(struct og_guard_stmt *stmt)
{
    struct og_guard_rows *rows = &stmt->rows;
    SQLPOINTER pointer = NULL;

    rows->sizes[0] = number_attribute(stmt, SQL_ATTR_ROW_ARRAY_SIZE);
    rows->sizes[1] = number_attribute(stmt, SQL_ROWSET_SIZE);
    rows->bind_type = number_attribute(stmt, SQL_ATTR_ROW_BIND_TYPE);
    (void)stmt->object.calls->SQLGetStmtAttr(stmt->object.below, SQL_ATTR_ROW_BIND_OFFSET_PTR,
                                             &pointer, SQL_IS_POINTER, NULL);
    rows->bind_offset = pointer;
    pointer = NULL;
    (void)stmt->object.calls->SQLGetStmtAttr(stmt->object.below, SQL_ATTR_ROW_STATUS_PTR, &pointer,
                                             SQL_IS_POINTER, NULL);
    rows->status = pointer;
    pointer = NULL;
    /* SQLite's driver has none, and would keep a record of having been asked. */
    if (stmt->dbc->dialect != OG_DIALECT_SQLITE)
        (void)stmt->object.calls->SQLGetStmtAttr(stmt->object.below, SQL_ATTR_ROW_OPERATION_PTR,
                                                 &pointer, SQL_IS_POINTER, NULL);
    rows->operation = pointer;
    return og_rowset_has_descriptors(stmt) ? read_descriptor(stmt) : SQL_SUCCESS;
}

static const struct og_bindings *bindings_of(const struct og_guard_stmt *stmt)
{
    if (!og_rowset_has_descriptors(stmt))
        return &stmt->rows.recorded;
    return stmt->rows.is_recorded ? &stmt->explicit_ard->recorded : &stmt->rows.read;
}

SQLRETURN og_rowset_read(struct og_guard_stmt *stmt, bool is_extended, struct og_rowset *out)
{
    struct og_guard_rows *rows = &stmt->rows;
    uint64_t version = version_of(stmt);

    if (rows->read_version != version) {
        rows->read_version = 0;
        if (read_header(stmt) != SQL_SUCCESS)
            return SQL_ERROR;
        rows->read_version = version;
    }
    *out = (struct og_rowset){
        .n_rows = rows->sizes[is_extended] ? rows->sizes[is_extended] : 1,
        .bind_type = rows->bind_type,
        .offset = rows->bind_offset ? *rows->bind_offset : 0,
        .status = rows->status,
        .bindings = bindings_of(stmt),
    };
    return SQL_SUCCESS;
}

void *og_rowset_cell(const struct og_rowset *rowset, void *base, SQLULEN row, SQLLEN n_bytes)
{
    SQLULEN stride = rowset->bind_type == SQL_BIND_BY_COLUMN ? (SQLULEN)n_bytes
                                                             : rowset->bind_type;

    return base ? (char *)base + rowset->offset + row * stride : NULL;
}

/* SPDX-License-Identifier: MIT */
/* Blocks of rows while a plan masks. For the length of one call a row descriptor of the guard stands
 * in the place of the application's: a copy of it in which masked columns are bound to memory of
 * the guard. Clear columns arrive where the application bound them (docs/decisions/0007). */
#include <stdlib.h>
#include <string.h>

#include "driver/cconv.h"
#include "driver/guard.h"

/* A cell of a shadow: enough for most values; a longer one is read again, whole. */
#define MIN_CELL_BYTES 64u
#define MAX_CELL_BYTES 4096u
/* All cells of one column together. */
#define MAX_COLUMN_BYTES (4u * 1024u * 1024u)
#define MAX_SHADOW_ROWS (MAX_COLUMN_BYTES / MIN_CELL_BYTES)

bool og_is_masked_column(const struct og_guard_stmt *stmt, SQLUSMALLINT column)
{
    return column >= 1 && column <= stmt->n_columns &&
           stmt->columns[column - 1].mask.kind != OG_MASK_NONE;
}

/* ---- shadows ---- */

static struct og_shadow *find_shadow(struct og_guard_rows *rows, size_t binding)
{
    for (size_t i = 0; i < rows->n_shadows; i++)
        if (rows->shadows[i].binding == binding)
            return &rows->shadows[i];
    return NULL;
}

/* ---- the guard's own row descriptor ---- */

static SQLRETURN attach(struct og_guard_stmt *stmt, SQLHDESC ard)
{
    return stmt->object.calls->SQLSetStmtAttr(stmt->object.below, SQL_ATTR_APP_ROW_DESC, ard,
                                              SQL_IS_POINTER);
}

static SQLRETURN no_memory(struct og_guard_stmt *stmt)
{
    og_diag_add_state(&stmt->object.diag, "HY001", "[odbcguard] memory allocation error");
    return SQL_ERROR;
}

static size_t cell_bytes(const struct og_guard_stmt *stmt, const struct og_guard_binding *binding,
                         size_t n_cells)
{
    const struct og_guard_column *plan = &stmt->columns[binding->column - 1];
    size_t n = plan->max_chars ? 4 * plan->max_chars + 4 : MIN_CELL_BYTES;

    if (n < stmt->rows.longest_bytes)
        n = stmt->rows.longest_bytes;
    if (n > MAX_COLUMN_BYTES / n_cells)
        n = MAX_COLUMN_BYTES / n_cells;
    if (n > 1024 && n > stmt->rows.longest_bytes)
        n = 1024;
    return n < MIN_CELL_BYTES ? MIN_CELL_BYTES : (n + 7) & ~(size_t)7;
}

/* Binds one masked column in the descriptor that is attached. */
static SQLRETURN bind_masked(struct og_guard_stmt *stmt, const struct og_bindings *bindings,
                             size_t index, size_t n_cells)
{
    const struct og_guard_binding *binding = &bindings->items[index];
    const struct og_guard_column *plan = &stmt->columns[binding->column - 1];
    struct og_shadow *shadow;

    if (!stmt->rows.has_shadows || plan->mask.kind == OG_MASK_SQL_NULL)
        return stmt->object.calls->SQLBindCol(stmt->object.below, binding->column, SQL_C_CHAR,
                                              NULL, 0, NULL);
    shadow = og_shadow_take(&stmt->rows, index, cell_bytes(stmt, binding, n_cells), n_cells);
    if (!shadow)
        return no_memory(stmt);
    return stmt->object.calls->SQLBindCol(stmt->object.below, binding->column,
                                          og_value_is_wide(stmt) ? SQL_C_WCHAR : SQL_C_CHAR,
                                          shadow->cells, (SQLLEN)shadow->cell_bytes,
                                          shadow->lengths);
}

/* psqlODBC makes room for all columns in the descriptor that is attached while a statement runs, and fetches
 * into no other. Unbinding the last column makes room for those before it. */
static SQLRETURN make_room(struct og_guard_stmt *stmt)
{
    if (stmt->explicit_ard != stmt->rows.ran_with)
        return SQL_SUCCESS;
    return stmt->object.calls->SQLBindCol(stmt->object.below, (SQLUSMALLINT)stmt->n_columns,
                                          SQL_C_CHAR, NULL, 0, NULL);
}

/* The attached descriptor of the guard like one that cannot be copied. */
static SQLRETURN fill_own(struct og_guard_stmt *stmt, const struct og_rowset *rowset)
{
    const struct og_calls *calls = stmt->object.calls;
    const struct og_guard_rows *rows = &stmt->rows;
    const struct {
        SQLINTEGER attribute;
        SQLPOINTER value;
    } attributes[] = {
        {SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)(uintptr_t)rows->sizes[0]},
        {SQL_ROWSET_SIZE, (SQLPOINTER)(uintptr_t)rows->sizes[1]},
        {SQL_ATTR_ROW_BIND_TYPE, (SQLPOINTER)(uintptr_t)rows->bind_type},
        {SQL_ATTR_ROW_BIND_OFFSET_PTR, (SQLPOINTER)(uintptr_t)rows->bind_offset},
        {SQL_ATTR_ROW_OPERATION_PTR, rows->operation},
    };
    SQLRETURN code = calls->SQLFreeStmt(stmt->object.below, SQL_UNBIND);

    for (size_t i = 0; i < OG_COUNT(attributes) && SQL_SUCCEEDED(code); i++)
        code = calls->SQLSetStmtAttr(stmt->object.below, attributes[i].attribute,
                                     attributes[i].value, SQL_IS_POINTER);
    if (SQL_SUCCEEDED(code))
        code = make_room(stmt);
    for (size_t i = 0; i < rowset->bindings->n_items && SQL_SUCCEEDED(code); i++) {
        const struct og_guard_binding *b = &rowset->bindings->items[i];

        if (!og_is_masked_column(stmt, b->column))
            code = calls->SQLBindCol(stmt->object.below, b->column, b->c_type, b->data,
                                     b->max_bytes, b->length);
    }
    return code;
}

static SQLRETURN make_own(struct og_guard_stmt *stmt, const struct og_rowset *rowset,
                          bool has_shadows)
{
    const struct og_calls *calls = stmt->object.calls;
    struct og_guard_rows *rows = &stmt->rows;
    SQLRETURN code = SQL_SUCCESS;

    rows->own_version = 0;
    rows->n_shadows = 0;
    rows->has_shadows = has_shadows;
    if (!rows->own_ard)
        code = calls->SQLAllocHandle(SQL_HANDLE_DESC, stmt->dbc->object.below, &rows->own_ard);
    if (!SQL_SUCCEEDED(code))
        return no_memory(stmt);
    if (!rows->is_recorded)
        code = calls->SQLCopyDesc(rows->ard, rows->own_ard);
    if (SQL_SUCCEEDED(code))
        code = attach(stmt, rows->own_ard);
    if (!SQL_SUCCEEDED(code)) {
        og_diag_add_state(&stmt->object.diag, "HY000",
                          "[odbcguard] the real driver refuses a copy of its row descriptor");
        return SQL_ERROR;
    }
    if (rows->is_recorded)
        code = fill_own(stmt, rowset);
    for (size_t i = 0; i < rowset->bindings->n_items && SQL_SUCCEEDED(code); i++)
        if (og_is_masked_column(stmt, rowset->bindings->items[i].column))
            code = bind_masked(stmt, rowset->bindings, i, rowset->n_rows);
    if (!SQL_SUCCEEDED(code)) {
        if (!stmt->object.diag.n_records)
            og_guard_absorb(stmt);
        (void)attach(stmt, rows->ard);
        return SQL_ERROR;
    }
    rows->own_version = rows->read_version;
    rows->own_size = rowset->n_rows;
    return SQL_SUCCESS;
}

static SQLRETURN attach_own(struct og_guard_stmt *stmt, const struct og_rowset *rowset)
{
    struct og_guard_rows *rows = &stmt->rows;
    /* One stride and one offset are in force for all columns: where they are the application's,
     * masked columns cannot lie elsewhere, and are read cell by cell. */
    bool has_shadows = rowset->bind_type == SQL_BIND_BY_COLUMN && rowset->offset == 0 &&
                       rowset->n_rows <= MAX_SHADOW_ROWS;

    if (rows->own_version == rows->read_version && rows->has_shadows == has_shadows &&
        rows->own_size == rowset->n_rows)
        return SQL_SUCCEEDED(attach(stmt, rows->own_ard)) ? SQL_SUCCESS : SQL_ERROR;
    return make_own(stmt, rowset, has_shadows);
}

static void mark_unwritten(struct og_guard_rows *rows, SQLULEN n_rows)
{
    for (size_t i = 0; i < rows->n_shadows; i++)
        for (SQLULEN row = 0; row < n_rows; row++)
            rows->shadows[i].lengths[row] = OG_SHADOW_UNWRITTEN;
}

/* ---- putting ---- */

static bool is_cut(const struct og_guard_stmt *stmt, const struct og_shadow *shadow, SQLLEN length)
{
    size_t n_terminator = og_value_is_wide(stmt) ? sizeof(SQLWCHAR) : 1u;

    if (length == SQL_NULL_DATA || length == OG_SHADOW_UNWRITTEN)
        return false;
    return length < 0 || (size_t)length > shadow->cell_bytes - n_terminator;
}

/* Makes row (0-based) the current one. What SQLRowCount says is the application's to keep. */
static SQLRETURN move_to(struct og_guard_stmt *stmt, SQLULEN row)
{
    struct og_guard_rows *rows = &stmt->rows;

    if (!rows->has_row_count && stmt->object.calls->SQLRowCount)
        rows->has_row_count =
            SQL_SUCCEEDED(stmt->object.calls->SQLRowCount(stmt->object.below, &rows->row_count));
    og_get_forget(stmt);
    return stmt->object.calls->SQLSetPos(stmt->object.below, (SQLSETPOSIROW)(row + 1),
                                         SQL_POSITION, SQL_LOCK_NO_CHANGE);
}

/* The masked value of a cell that is in no shadow, or not whole in it. */
static SQLRETURN read_cell(struct og_guard_stmt *stmt, const struct og_rowset *rowset, SQLULEN row,
                           SQLUSMALLINT column, struct og_buf *out, bool *is_null)
{
    struct og_get *get;
    SQLRETURN code;

    if (stmt->columns[column - 1].mask.kind == OG_MASK_SQL_NULL) {
        *is_null = true;
        og_buf_clear(out);
        return SQL_SUCCESS;
    }
    if (!rowset->is_single && stmt->rows.current != row) {
        code = move_to(stmt, row);
        if (!SQL_SUCCEEDED(code)) {
            og_guard_absorb(stmt);
            return SQL_ERROR;
        }
        stmt->rows.current = row;
    }
    code = og_get_read(stmt, column, &get);
    if (code != SQL_SUCCESS)
        return code;
    *is_null = get->is_null;
    og_buf_clear(out);
    og_buf_append(out, og_buf_str(&get->value), get->value.n_bytes);
    return og_buf_is_failed(out) ? no_memory(stmt) : SQL_SUCCESS;
}

static void wipe_cell(struct og_shadow *shadow, size_t at)
{
    SQLLEN length = shadow->lengths[at];
    bool is_part = length >= 0 && (size_t)length < shadow->cell_bytes;

    if (length != SQL_NULL_DATA)
        explicit_bzero(shadow->cells + at * shadow->cell_bytes,
                       is_part ? (size_t)length : shadow->cell_bytes);
}

static SQLRETURN take_value(struct og_guard_stmt *stmt, const struct og_rowset *rowset, SQLULEN row,
                            size_t index, size_t at, bool *is_null)
{
    SQLUSMALLINT column = rowset->bindings->items[index].column;
    struct og_buf *masked = &stmt->rows.masked;
    struct og_shadow *shadow = at == OG_NO_SHADOW ? NULL : find_shadow(&stmt->rows, index);
    SQLLEN length;
    SQLRETURN code;

    if (!shadow)
        return read_cell(stmt, rowset, row, column, masked, is_null);
    length = shadow->lengths[at];
    *is_null = true;
    og_buf_clear(masked);
    if (length == OG_SHADOW_UNWRITTEN)
        return SQL_NO_DATA;
    if (stmt->columns[column - 1].mask.kind == OG_MASK_FIXED && length >= 0)
        length = 0; /* the value itself does not matter */
    if (is_cut(stmt, shadow, length)) {
        if (length > 0 && (size_t)length < MAX_CELL_BYTES - 2 &&
            (size_t)length + 2 > stmt->rows.longest_bytes) {
            stmt->rows.longest_bytes = (size_t)length + 2;
            stmt->rows.own_version = 0; /* larger cells for the rows to come */
        }
        code = read_cell(stmt, rowset, row, column, masked, is_null);
    } else {
        stmt->n_masked_cells += stmt->columns[column - 1].mask.kind != OG_MASK_DETECT;
        code = length == SQL_NULL_DATA
                   ? SQL_SUCCESS
                   : og_value_mask(stmt, column, shadow->cells + at * shadow->cell_bytes,
                                   (size_t)length, og_value_is_wide(stmt), masked, is_null);
    }
    wipe_cell(shadow, at);
    return code;
}

static SQLRETURN put_cell(struct og_guard_stmt *stmt, const struct og_rowset *rowset, SQLULEN row,
                          size_t index, size_t at)
{
    const struct og_guard_binding *binding = &rowset->bindings->items[index];
    const struct og_guard_column *plan = &stmt->columns[binding->column - 1];
    struct og_cconv_cell cell = {
        .c_type = binding->c_type,
        .max_bytes = binding->max_bytes,
        .precision = binding->precision,
        .scale = binding->scale,
    };
    struct og_buf *masked = &stmt->rows.masked;
    SQLLEN n_fixed, unread;
    bool is_null;
    SQLRETURN code = take_value(stmt, rowset, row, index, at, &is_null);

    if (code != SQL_SUCCESS)
        return code == SQL_NO_DATA ? SQL_SUCCESS : SQL_ERROR;
    if (cell.c_type == SQL_C_DEFAULT)
        cell.c_type = og_cconv_default(plan->sql_type, plan->is_unsigned);
    n_fixed = og_cconv_fixed_size(cell.c_type);
    cell.buffer = og_rowset_cell(rowset, binding->data, row, n_fixed ? n_fixed : cell.max_bytes);
    cell.length = og_rowset_cell(rowset, binding->length, row, (SQLLEN)sizeof(SQLLEN));
    cell.indicator = og_rowset_cell(rowset, binding->indicator, row, (SQLLEN)sizeof(SQLLEN));
    og_value_quiet(stmt, &cell, &unread);
    if (!is_null && !og_value_fits(stmt, &cell))
        return SQL_ERROR;
    code = og_value_put(stmt, is_null ? NULL : og_buf_str(masked), masked->n_bytes, &cell, NULL);
    if (code == SQL_SUCCESS)
        og_value_blank(stmt, &cell, is_null);
    stmt->n_bytes += masked->n_bytes;
    if (masked->n_bytes)
        explicit_bzero(masked->bytes, masked->n_bytes);
    return code;
}

static bool has_row(const struct og_block *block, SQLULEN row)
{
    SQLUSMALLINT status = block->status ? block->status[row] : SQL_ROW_SUCCESS;

    return status != SQL_ROW_NOROW && status != SQL_ROW_DELETED && status != SQL_ROW_ERROR;
}

void og_block_put_row(struct og_guard_stmt *stmt, struct og_block *block,
                      const struct og_rowset *rowset, SQLULEN row, size_t at)
{
    size_t n_before = stmt->object.diag.n_records;
    bool is_bad = false, is_info = false;

    if (!has_row(block, row))
        return;
    for (size_t i = 0; i < rowset->bindings->n_items; i++) {
        size_t n_cell = stmt->object.diag.n_records;
        SQLRETURN code;

        if (!og_is_masked_column(stmt, rowset->bindings->items[i].column))
            continue;
        code = put_cell(stmt, rowset, row, i, at);
        is_bad |= code == SQL_ERROR;
        is_info |= code == SQL_SUCCESS_WITH_INFO;
        for (size_t r = n_cell; r < stmt->object.diag.n_records; r++)
            stmt->object.diag.records[r].column_number = rowset->bindings->items[i].column;
    }
    for (size_t r = n_before; r < stmt->object.diag.n_records; r++)
        stmt->object.diag.records[r].row_number = (SQLLEN)row + 1;
    block->n_put++;
    block->n_bad += is_bad;
    block->is_info |= is_info;
    if (!block->status)
        return;
    if (is_bad)
        block->status[row] = SQL_ROW_ERROR;
    else if (is_info && stmt->dbc->dialect == OG_DIALECT_SQLITE)
        block->status[row] = SQL_ROW_SUCCESS_WITH_INFO; /* psqlODBC never says so of a row */
}

SQLRETURN og_block_code(const struct og_block *block, SQLRETURN code)
{
    if (!SQL_SUCCEEDED(code))
        return code;
    if (block->n_bad && block->n_bad == block->n_put)
        return SQL_ERROR;
    return block->n_bad || block->is_info ? SQL_SUCCESS_WITH_INFO : code;
}

/* ---- the call ---- */

/* Whether a clear column of the rows was cut. Without a length to look at, a full buffer counts. */
static bool is_clear_cut(const struct og_guard_stmt *stmt, const struct og_rowset *rowset,
                         SQLULEN n_rows)
{
    for (size_t i = 0; i < rowset->bindings->n_items; i++) {
        const struct og_guard_binding *b = &rowset->bindings->items[i];
        SQLLEN n_end = b->c_type == SQL_C_WCHAR ? 2 : b->c_type == SQL_C_CHAR ? 1 : 0;

        if (og_is_masked_column(stmt, b->column))
            continue;
        if (og_cconv_fixed_size(b->c_type))
            continue;
        if (!b->length)
            return true;
        for (SQLULEN row = 0; row < n_rows; row++) {
            SQLLEN length = *(SQLLEN *)og_rowset_cell(rowset, b->length, row, sizeof(SQLLEN));

            if (length == SQL_NO_TOTAL || length > b->max_bytes - n_end)
                return true;
        }
    }
    return false;
}

/* The driver's records, which the calls to come would lose; a cut shadow is nobody's business. */
static SQLRETURN take_records(struct og_guard_stmt *stmt, const struct og_rowset *rowset,
                              SQLULEN n_rows, SQLRETURN code)
{
    bool is_shadow_cut = false;

    if (code != SQL_SUCCESS_WITH_INFO && code != SQL_ERROR)
        return code;
    if (code == SQL_SUCCESS_WITH_INFO)
        for (size_t i = 0; i < stmt->rows.n_shadows; i++)
            for (SQLULEN row = 0; row < n_rows; row++)
                is_shadow_cut |= is_cut(stmt, &stmt->rows.shadows[i],
                                        stmt->rows.shadows[i].lengths[row]);
    og_guard_absorb(stmt);
    if (!is_shadow_cut || is_clear_cut(stmt, rowset, n_rows))
        return code;
    og_diag_drop_state(&stmt->object.diag, "01004");
    return stmt->object.diag.n_records ? code : SQL_SUCCESS;
}

static SQLULEN rows_of(const struct og_block *block, const struct og_rowset *rowset)
{
    SQLULEN n = og_block_rows(block);

    return n > rowset->n_rows ? rowset->n_rows : n;
}

static SQLRETURN run_with_own(struct og_guard_stmt *stmt, struct og_block *block,
                              const struct og_rowset *rowset)
{
    struct og_guard_rows *rows = &stmt->rows;
    SQLULEN n_rows;
    SQLRETURN code = attach_own(stmt, rowset);

    if (code != SQL_SUCCESS)
        return code;
    mark_unwritten(rows, rowset->n_rows);
    code = block->call(stmt, block->context);
    n_rows = rows_of(block, rowset);
    code = take_records(stmt, rowset, block->first + n_rows, code);
    if (!SQL_SUCCEEDED(attach(stmt, rows->ard))) {
        og_diag_add_state(&stmt->object.diag, "HY000",
                          "[odbcguard] the real driver refuses its own row descriptor");
        return SQL_ERROR;
    }
    if (!SQL_SUCCEEDED(code) || rows->is_data_off)
        return code;
    rows->current = block->current;
    for (SQLULEN row = block->first; row < block->first + n_rows; row++)
        og_block_put_row(stmt, block, rowset, row, rows->has_shadows ? row : OG_NO_SHADOW);
    if (rows->current != block->current)
        (void)move_to(stmt, block->current);
    return og_block_code(block, code);
}

SQLRETURN og_block_run(struct og_guard_stmt *stmt, struct og_block *block)
{
    struct og_rowset rowset;

    og_get_forget(stmt);
    if (og_rowset_read(stmt, block->is_extended, &rowset) != SQL_SUCCESS)
        return SQL_ERROR;
    if (!og_rowset_has_descriptors(stmt))
        return og_block_run_plain(stmt, block, &rowset);
    /* The rowset that is open may be larger than the next one: psqlODBC refreshes any row of it. */
    if (rowset.n_rows < block->first + block->n_rows)
        rowset.n_rows = block->first + block->n_rows;
    return run_with_own(stmt, block, &rowset);
}

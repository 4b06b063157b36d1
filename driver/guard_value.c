/* SPDX-License-Identifier: MIT */
/* One value of the current row, read whole from the real driver and masked before anyone sees it.
 * The clear value lives in a buffer of ours that is wiped. */
#include <errno.h>
#include <string.h>

#include "common/utf.h"
#include "driver/cconv.h"
#include "driver/guard.h"

#define CHUNK_BYTES 4096u
#define PSQLODBC_RESTRICTED_TYPE 14 /* statement.h: STMT_RESTRICTED_DATA_TYPE_ERROR */

/* Reads one piece. Returns SQL_SUCCESS with the last piece, SQL_SUCCESS_WITH_INFO when more
 * follows, SQL_NO_DATA, SQL_ERROR. */
static SQLRETURN read_piece(struct og_guard_stmt *stmt, SQLUSMALLINT column, bool is_wide,
                            struct og_buf *raw, bool *is_null)
{
    char piece[CHUNK_BYTES];
    size_t n_terminator = is_wide ? sizeof(SQLWCHAR) : 1u;
    SQLLEN indicator = 0;
    SQLRETURN code = stmt->object.calls->SQLGetData(
        stmt->object.below, column, is_wide ? SQL_C_WCHAR : SQL_C_CHAR, piece, sizeof(piece),
        &indicator);

    if (SQL_SUCCEEDED(code) && indicator == SQL_NULL_DATA) {
        *is_null = true;
        return SQL_SUCCESS;
    }
    if (SQL_SUCCEEDED(code)) {
        /* Less than the room: that is all. Otherwise the room is full, apart from the NUL. */
        bool is_whole = indicator >= 0 && (size_t)indicator <= sizeof(piece) - n_terminator;

        og_buf_append(raw, piece, is_whole ? (size_t)indicator : sizeof(piece) - n_terminator);
        code = is_whole ? SQL_SUCCESS : SQL_SUCCESS_WITH_INFO;
    }
    explicit_bzero(piece, sizeof(piece));
    return code;
}

/* SQLite's driver keeps its place in a column until the column was read to its end, and even when the
 * row changes: each read begins and ends at the front. */
static void rewind_column(struct og_guard_stmt *stmt, SQLUSMALLINT column, bool is_wide,
                          struct og_buf *raw)
{
    bool is_null;

    if (stmt->dbc->dialect == OG_DIALECT_SQLITE &&
        read_piece(stmt, column, is_wide, raw, &is_null) != SQL_NO_DATA)
        raw->is_failed = true; /* not what was taken for its end */
}

/* The whole value as the driver's text. needs_all: false where only its being NULL matters. */
static SQLRETURN read_raw(struct og_guard_stmt *stmt, SQLUSMALLINT column, bool is_wide,
                          bool needs_all, struct og_buf *raw, bool *is_null)
{
    SQLRETURN code;

    *is_null = false;
    code = read_piece(stmt, column, is_wide, raw, is_null);
    if (code == SQL_NO_DATA) /* read to its end before */
        code = read_piece(stmt, column, is_wide, raw, is_null);
    if (code == SQL_NO_DATA) /* there is no row to read it from */
        return SQL_NO_DATA;
    while (code == SQL_SUCCESS_WITH_INFO && needs_all && !og_buf_is_failed(raw))
        code = read_piece(stmt, column, is_wide, raw, is_null);
    if (code == SQL_NO_DATA || code == SQL_SUCCESS_WITH_INFO)
        code = SQL_SUCCESS;
    if (code == SQL_SUCCESS && needs_all && !*is_null && !og_buf_is_failed(raw))
        rewind_column(stmt, column, is_wide, raw);
    if (code == SQL_SUCCESS && og_buf_is_failed(raw)) {
        og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false,
                    "[mask] a value of column %u is too large to be masked: leave the column out",
                    column);
        return SQL_ERROR;
    }
    return code;
}

bool og_value_is_wide(const struct og_guard_stmt *stmt)
{
    /* psqlODBC's wide text is lossless whatever the locale is; its ANSI form has UTF-8 only. */
    return stmt->dbc->dialect == OG_DIALECT_POSTGRESQL && stmt->object.calls->SQLExecDirectW &&
           !stmt->dbc->has_plain_utf8;
}

bool og_value_fits(struct og_guard_stmt *stmt, const struct og_cconv_cell *cell)
{
    if (cell->c_type != SQL_C_WCHAR || stmt->dbc->dialect != OG_DIALECT_POSTGRESQL ||
        stmt->object.calls->SQLExecDirectW)
        return true;
    if (cell->length)
        memset(cell->length, 0, sizeof(*cell->length)); /* as psqlODBC does where it converts nothing */
    og_diag_add_raw(&stmt->object.diag, "07006", PSQLODBC_RESTRICTED_TYPE,
                    "[odbcguard] the real driver gives no wide text: read it as SQL_C_CHAR");
    return false;
}

/* What strncpy does with the room behind a text, and behind one that is read as bytes. */
static void pad(const struct og_cconv_cell *cell)
{
    bool is_text = cell->c_type == SQL_C_CHAR;
    size_t n_max = cell->max_bytes > 0 ? (size_t)cell->max_bytes - is_text : 0;
    char *bytes = cell->buffer;
    size_t n = n_max;

    if (is_text)
        n = strnlen(bytes, n_max);
    else if (cell->c_type == SQL_C_BINARY && *cell->length >= 0 && (size_t)*cell->length < n_max)
        n = (size_t)*cell->length;
    memset(bytes + n, 0, n_max - n);
}

void og_value_quiet(const struct og_guard_stmt *stmt, struct og_cconv_cell *cell, SQLLEN *unread)
{
    if (stmt->dbc->dialect != OG_DIALECT_SQLITE)
        return;
    cell->length = cell->length ? cell->length : unread;
    cell->indicator = cell->indicator ? cell->indicator : unread;
}

void og_value_blank(const struct og_guard_stmt *stmt, const struct og_cconv_cell *cell, bool is_empty)
{
    SQLLEN n = og_cconv_fixed_size(cell->c_type);

    if (stmt->dbc->dialect != OG_DIALECT_SQLITE || !cell->buffer)
        return;
    if (!is_empty) {
        pad(cell);
        return;
    }
    if (cell->c_type == SQL_C_CHAR || cell->c_type == SQL_C_WCHAR || cell->c_type == SQL_C_BINARY) {
        n = cell->c_type == SQL_C_WCHAR ? (SQLLEN)sizeof(SQLWCHAR) : 1;
        if (cell->max_bytes < n)
            return;
    }
    memset(cell->buffer, 0, (size_t)n);
}

SQLRETURN og_value_put(struct og_guard_stmt *stmt, const char *text, size_t n_bytes,
                       struct og_cconv_cell *cell, size_t *offset)
{
    struct og_diag *diag = &stmt->object.diag;
    size_t n_records = diag->n_records;
    SQLRETURN code;

    if (cell->max_bytes || og_cconv_fixed_size(cell->c_type) || stmt->dbc->dialect != OG_DIALECT_SQLITE)
        return og_cconv_put(text, n_bytes, cell, offset, diag);
    code = og_cconv_put(text, n_bytes, cell, NULL, diag); /* of all of it, whatever was read already */
    og_diag_cut(diag, n_records);
    return code == SQL_SUCCESS_WITH_INFO ? SQL_SUCCESS : code;
}

/* What a mask needs of the value beyond its being NULL or not. */
static bool needs_all(const struct og_guard_column *plan)
{
    return plan->mask.kind != OG_MASK_FIXED && plan->mask.kind != OG_MASK_SQL_NULL;
}

/* So that the handle can be bound back. */
static bool keep_value(struct og_guard_stmt *stmt, const struct og_guard_column *plan,
                       const char *text, size_t n_bytes, const struct og_buf *handle)
{
    size_t result = (size_t)(plan - stmt->columns);
    bool is_kept = true;

    for (size_t i = 0; i < stmt->facts.results[result].n_sources && is_kept; i++)
        is_kept = og_opaque_add(&stmt->dbc->opaque, og_issued_key(&stmt->facts, result, i),
                                og_buf_str(handle), text, n_bytes);
    return is_kept;
}

/* Counts a cell that was only looked through where something was found in it; remembers what is shown
 * in the place of a value. */
static int mask(struct og_guard_stmt *stmt, const struct og_guard_column *plan, const char *text,
                size_t n_bytes, struct og_buf *out, bool *out_is_null)
{
    int r = og_mask_apply(&plan->mask, plan->type, text, n_bytes, plan->max_chars, out, out_is_null);
    bool is_looked_through = plan->mask.kind == OG_MASK_DETECT;
    bool is_same = is_looked_through && r == 0 && !*out_is_null && out->n_bytes == n_bytes &&
                   memcmp(og_buf_str(out), text, n_bytes) == 0;

    if (r != 0 || is_same)
        return r;
    stmt->n_masked_cells += is_looked_through;
    if (plan->mask.kind == OG_MASK_HANDLE && !*out_is_null)
        *out_is_null = !keep_value(stmt, plan, text, n_bytes, out);
    if (!*out_is_null)
        og_issued_add(stmt, (size_t)(plan - stmt->columns), og_buf_str(out));
    return r;
}

SQLRETURN og_value_mask(struct og_guard_stmt *stmt, SQLUSMALLINT column, const void *raw,
                        size_t n_bytes, bool is_wide, struct og_buf *out, bool *out_is_null)
{
    const struct og_guard_column *plan = &stmt->columns[column - 1];
    struct og_buf *text = &stmt->rows.text;
    bool is_plain = !is_wide || !needs_all(plan);
    int r = 0;

    og_buf_clear(out);
    *out_is_null = true;
    if (plan->mask.kind == OG_MASK_SQL_NULL)
        return SQL_SUCCESS;
    og_buf_clear(text);
    /* Text that is not valid cannot be masked by characters: it is shown as NULL. og_mask_apply does the
     * same with narrow text, which is UTF-8 already. */
    if (needs_all(plan) && is_wide &&
        og_utf16_to_utf8(raw, n_bytes / sizeof(uint16_t), text) != 0)
        return SQL_SUCCESS;
    if (og_buf_is_failed(text))
        r = -ENOMEM;
    else
        r = mask(stmt, plan, is_plain ? raw : og_buf_str(text),
                 is_plain ? n_bytes : text->n_bytes, out, out_is_null);
    if (text->n_bytes)
        explicit_bzero(text->bytes, text->n_bytes);
    if (r >= 0)
        return SQL_SUCCESS;
    if (r == -EMSGSIZE || r == -ENOSYS) {
        og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false,
                    r == -ENOSYS ? "[detect] the detectors could not be made ready, so the value of "
                                   "column %u does not leave: connect again"
                                 : "[detect] a value of column %u is longer than 1 MiB and cannot be "
                                   "looked through: leave the column out, or have the policy say "
                                   "class: none of it", column);
        return SQL_ERROR;
    }
    og_diag_add_state(&stmt->object.diag, "HY001", "[odbcguard] memory allocation error");
    return SQL_ERROR;
}

SQLRETURN og_value_read(struct og_guard_stmt *stmt, SQLUSMALLINT column, struct og_buf *out,
                        bool *out_is_null)
{
    bool is_wide = og_value_is_wide(stmt);
    struct og_buf raw;
    SQLRETURN code;

    og_buf_clear(out);
    og_buf_init(&raw, OG_MAX_MASKED_VALUE_BYTES);
    code = read_raw(stmt, column, is_wide, needs_all(&stmt->columns[column - 1]), &raw, out_is_null);
    if (code != SQL_SUCCESS && !stmt->object.diag.n_records)
        code = og_guard_below(stmt, code);
    if (code == SQL_SUCCESS && stmt->columns[column - 1].mask.kind != OG_MASK_DETECT)
        stmt->n_masked_cells++;
    if (code == SQL_SUCCESS && !*out_is_null)
        code = og_value_mask(stmt, column, og_buf_str(&raw), raw.n_bytes, is_wide, out,
                             out_is_null);
    og_buf_wipe(&raw);
    return code;
}

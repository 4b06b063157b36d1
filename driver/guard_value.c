/* SPDX-License-Identifier: MIT */
/* One value of the current row, read whole from the real driver and masked before anyone sees it.
 * The clear value lives in a buffer of ours that is wiped. */
#include <string.h>

#include "common/utf.h"
#include "driver/guard.h"

#define CHUNK_BYTES 4096u

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

/* The whole value as the driver's text. needs_all: false where only its being NULL matters. */
static SQLRETURN read_raw(struct og_guard_stmt *stmt, SQLUSMALLINT column, bool is_wide,
                          bool needs_all, struct og_buf *raw, bool *is_null)
{
    SQLRETURN code;

    *is_null = false;
    do {
        code = read_piece(stmt, column, is_wide, raw, is_null);
    } while (code == SQL_SUCCESS_WITH_INFO && needs_all && !og_buf_is_failed(raw));
    if (code == SQL_NO_DATA || code == SQL_SUCCESS_WITH_INFO)
        code = SQL_SUCCESS;
    if (code == SQL_SUCCESS && og_buf_is_failed(raw)) {
        og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false,
                    "[mask] a value of column %u is too large to be masked: leave the column out",
                    column);
        return SQL_ERROR;
    }
    return code;
}

static int to_utf8(const struct og_buf *raw, bool is_wide, struct og_buf *out)
{
    if (is_wide)
        return og_utf16_to_utf8((const uint16_t *)(const void *)raw->bytes,
                                raw->n_bytes / sizeof(uint16_t), out);
    if (og_utf8_valid_prefix(og_buf_str(raw), raw->n_bytes) != raw->n_bytes)
        return OG_UTF_E_TEXT;
    og_buf_append(out, og_buf_str(raw), raw->n_bytes);
    return 0;
}

SQLRETURN og_value_read(struct og_guard_stmt *stmt, SQLUSMALLINT column, struct og_buf *out,
                        bool *out_is_null)
{
    const struct og_guard_column *plan = &stmt->columns[column - 1];
    bool is_wide = stmt->dbc->dialect == OG_DIALECT_POSTGRESQL;
    bool needs_all = plan->mask.kind != OG_MASK_FIXED;
    struct og_buf raw, text;
    SQLRETURN code;
    int r = 0;

    og_buf_clear(out);
    *out_is_null = true;
    stmt->n_masked_cells++;
    if (plan->mask.kind == OG_MASK_SQL_NULL)
        return SQL_SUCCESS;
    og_buf_init(&raw, OG_MAX_MASKED_VALUE_BYTES);
    og_buf_init(&text, OG_MAX_MASKED_VALUE_BYTES);
    code = read_raw(stmt, column, is_wide, needs_all, &raw, out_is_null);
    if (code != SQL_SUCCESS && !stmt->object.diag.n_records)
        code = og_guard_below(stmt, code);
    if (code == SQL_SUCCESS && !*out_is_null) {
        /* Text that is not valid cannot be masked by characters: it is shown as NULL. */
        if (needs_all && to_utf8(&raw, is_wide, &text) != 0)
            *out_is_null = true;
        else
            r = og_mask_apply(&plan->mask, plan->type, og_buf_str(&text), text.n_bytes,
                              plan->max_chars, out, out_is_null);
    }
    og_buf_wipe(&raw);
    og_buf_wipe(&text);
    if (r < 0) {
        og_diag_add_state(&stmt->object.diag, "HY001", "[odbcguard] memory allocation error");
        code = SQL_ERROR;
    }
    return code;
}

/* SPDX-License-Identifier: MIT */
/* The application's SQL text: copied once, so that what is analysed is what goes down even if the
 * application writes into its buffer meanwhile. */
#include <stdlib.h>
#include <string.h>

#include "common/sql_escape.h"
#include "common/utf.h"
#include "driver/guard.h"

/* SQLite ODBC writes a NUL behind the given length; give it room of its own. */
#define SLACK_BYTES 16u

void og_guard_text_release(struct og_guard_text *text)
{
    free(text->utf8);
    free(text->sent);
    *text = (struct og_guard_text){0};
}

const void *og_guard_text_bytes(const struct og_guard_text *text, size_t *n_bytes)
{
    if (text->utf8) {
        *n_bytes = text->n_utf8;
        return text->utf8;
    }
    *n_bytes = text->sent ? (size_t)text->n_sent * (text->is_wide ? sizeof(SQLWCHAR) : 1u) : 0;
    return text->sent ? text->sent : "";
}

static SQLRETURN fail_memory(struct og_guard_stmt *stmt)
{
    og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false, "[text] out of memory");
    return SQL_ERROR;
}

SQLRETURN og_guard_text_refuse(struct og_guard_stmt *stmt, const char *what, size_t position,
                               const char *instead)
{
    stmt->text.refusal = what;
    stmt->text.instead = instead;
    stmt->text.refusal_at = position;
    stmt->lex = (struct og_lex){0};
    return SQL_SUCCESS;
}

static SQLRETURN refuse_length(struct og_guard_stmt *stmt)
{
    return og_guard_text_refuse(stmt, "a statement longer than the guard analyses (1 MiB)", SIZE_MAX,
                  "send it in smaller statements");
}

/* Length in units, or -1 for a length that is not allowed. */
static int64_t count_units(const void *text, SQLINTEGER n_units, bool is_wide)
{
    const SQLWCHAR *wide = text;
    int64_t n = 0;

    if (n_units >= 0)
        return n_units;
    if (n_units != SQL_NTS)
        return -1;
    if (!is_wide)
        return (int64_t)strnlen(text, INT32_MAX);
    while (n < INT32_MAX && wide[n])
        n++;
    return n;
}

/* A copy of n_bytes with zeroed room behind. */
static void *copy_with_slack(const void *bytes, size_t n_bytes)
{
    char *copy = calloc(1, n_bytes + SLACK_BYTES);

    if (copy && n_bytes)
        memcpy(copy, bytes, n_bytes);
    return copy;
}

static SQLRETURN decode(struct og_guard_stmt *stmt, size_t n_units)
{
    struct og_guard_text *text = &stmt->text;
    struct og_buf utf8;
    size_t n_valid;

    og_buf_init(&utf8, OG_MAX_SQL_BYTES);
    if (text->is_wide) {
        if (og_utf16_to_utf8(text->sent, n_units, &utf8) != 0) {
            og_buf_release(&utf8);
            return og_guard_text_refuse(stmt, "text that is not valid UTF-16", SIZE_MAX, "send valid text");
        }
    } else {
        n_valid = og_utf8_valid_prefix(text->sent, n_units);
        if (n_valid != n_units)
            return og_guard_text_refuse(stmt, "text that is not valid UTF-8", n_valid,
                          "set the client's character set to UTF-8, or use the wide functions");
        og_buf_append(&utf8, text->sent, n_units);
    }
    text->n_utf8 = utf8.n_bytes;
    text->utf8 = og_buf_take(&utf8);
    return text->utf8 ? SQL_SUCCESS : refuse_length(stmt);
}

/* Replaces what goes down by the expanded text, in the form the application used. */
static SQLRETURN send_expanded(struct og_guard_stmt *stmt, const struct og_buf *expanded)
{
    struct og_guard_text *text = &stmt->text;
    struct og_buf wide;

    free(text->sent);
    text->sent = NULL;
    free(text->utf8);
    text->utf8 = copy_with_slack(og_buf_str(expanded), expanded->n_bytes);
    text->n_utf8 = expanded->n_bytes;
    if (!text->is_wide) {
        text->sent = copy_with_slack(og_buf_str(expanded), expanded->n_bytes);
        text->n_sent = (SQLINTEGER)expanded->n_bytes;
    } else {
        og_buf_init(&wide, 2u * OG_MAX_SQL_BYTES);
        if (og_utf8_to_utf16(og_buf_str(expanded), expanded->n_bytes, &wide) == 0 &&
            !og_buf_is_failed(&wide)) {
            text->sent = copy_with_slack(og_buf_str(&wide), wide.n_bytes);
            text->n_sent = (SQLINTEGER)(wide.n_bytes / sizeof(SQLWCHAR));
        }
        og_buf_release(&wide);
    }
    text->is_expanded = true;
    if (!text->utf8 || !text->sent)
        return fail_memory(stmt);
    return SQL_SUCCESS;
}

SQLRETURN og_guard_text_split(struct og_guard_stmt *stmt)
{
    struct og_lex_options options = {
        .dialect = stmt->dbc->dialect,
        .backslash_escapes = stmt->dbc->dialect == OG_DIALECT_POSTGRESQL &&
                             !stmt->dbc->has_conforming_strings,
    };
    int r;

    if (stmt->text.refusal)
        return SQL_SUCCESS;
    r = og_lex_split(&options, stmt->text.utf8, stmt->text.n_utf8, &stmt->facts_arena, &stmt->lex);

    if (r == OG_LEX_E_TEXT)
        return og_guard_text_refuse(stmt, stmt->lex.what, stmt->lex.position, "correct the text");
    return r == 0 ? SQL_SUCCESS : fail_memory(stmt);
}

SQLRETURN og_guard_text_replace(struct og_guard_stmt *stmt, const struct og_buf *text)
{
    SQLRETURN code = og_buf_is_failed(text) ? fail_memory(stmt) : send_expanded(stmt, text);

    return code == SQL_SUCCESS ? og_guard_text_split(stmt) : code;
}

static SQLRETURN expand(struct og_guard_stmt *stmt)
{
    struct og_escape_error error = {0};
    struct og_buf expanded;
    SQLRETURN code = SQL_ERROR;
    int r;

    og_buf_init(&expanded, OG_MAX_SQL_BYTES);
    r = og_escape_expand(stmt->dbc->dialect, &stmt->lex, stmt->text.utf8, &expanded, &error);
    if (r == 0 && !og_buf_is_failed(&expanded)) {
        code = send_expanded(stmt, &expanded);
        if (code == SQL_SUCCESS)
            code = og_guard_text_split(stmt);
    } else if (r > 0) {
        code = og_guard_text_refuse(stmt, error.what, error.position, "write it without the ODBC escape");
    } else {
        code = fail_memory(stmt);
    }
    og_buf_release(&expanded);
    return code;
}

/* Without the NULs at its end: some applications count the terminator (Qt 6), and the real drivers of these
 * dialects read up to the first. One within the text is refused by the lexer. */
static int64_t without_terminators(const struct og_guard_stmt *stmt, const void *text, int64_t n,
                                   bool is_wide)
{
    if (stmt->dbc->dialect == OG_DIALECT_NONE)
        return n;
    while (n > 0 && (is_wide ? ((const SQLWCHAR *)text)[n - 1] : ((const SQLCHAR *)text)[n - 1]) == 0)
        n--;
    return n;
}

/* An application that sends the same text again is answered from what is known of it, as an execution of
 * a prepared statement is: facts that have become stale are made anew then, too. */
static bool is_same(const struct og_guard_stmt *stmt, const void *sent, size_t n, bool is_wide)
{
    const struct og_guard_text *text = &stmt->text;

    return stmt->has_facts && !stmt->undo.command && text->sent && text->is_wide == is_wide &&
           !text->is_expanded && !text->refusal && (size_t)text->n_sent == n &&
           memcmp(text->sent, sent, n * (is_wide ? sizeof(SQLWCHAR) : 1u)) == 0;
}

static void forget(struct og_guard_stmt *stmt)
{
    og_guard_text_release(&stmt->text);
    og_arena_reset(&stmt->facts_arena);
    stmt->has_facts = false;
}

SQLRETURN og_guard_text_take(struct og_guard_stmt *stmt, const void *text, SQLINTEGER n_units,
                             bool is_wide)
{
    int64_t n = text ? count_units(text, n_units, is_wide) : 0;

    if (text && n >= 0)
        n = without_terminators(stmt, text, n, is_wide);
    if (text && n >= 0 && is_same(stmt, text, (size_t)n, is_wide))
        return SQL_SUCCESS;
    forget(stmt);
    if (!text) {
        og_diag_add_state(&stmt->object.diag, "HY009", "invalid use of null pointer");
        return SQL_ERROR;
    }
    if (n < 0) {
        og_diag_add_state(&stmt->object.diag, "HY090", "invalid string or buffer length");
        return SQL_ERROR;
    }
    stmt->text.is_wide = is_wide;
    stmt->text.n_sent = (SQLINTEGER)n;
    stmt->text.sent = copy_with_slack(text, (size_t)n * (is_wide ? sizeof(SQLWCHAR) : 1u));
    if (!stmt->text.sent)
        return fail_memory(stmt);
    if (n > (int64_t)OG_MAX_SQL_BYTES)
        return refuse_length(stmt);
    if (decode(stmt, (size_t)n) != SQL_SUCCESS || og_guard_text_split(stmt) != SQL_SUCCESS)
        return SQL_ERROR;
    if (stmt->text.refusal)
        return SQL_SUCCESS;
    if (og_unmask_take(stmt) != SQL_SUCCESS)
        return SQL_ERROR;
    if (stmt->text.refusal || stmt->text.is_unmask)
        return SQL_SUCCESS;
    /* psqlODBC and SQLite ODBC expand whatever SQL_ATTR_NOSCAN says. */
    return stmt->lex.has_braces ? expand(stmt) : SQL_SUCCESS;
}

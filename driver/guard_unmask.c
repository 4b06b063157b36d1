/* SPDX-License-Identifier: MIT */
/* `odbcguard unmask SELECT columns FROM table WHERE key = value`: the real values of named columns of named
 * rows, for who was granted them (docs/approvals.md). Only this form is taken: what the approver reads is all
 * that can come out. The SELECT behind the two words goes down, is analysed and recorded as any other. */
#include "config.h"

#include <string.h>

#include "driver/guard.h"

#define FORM "write odbcguard unmask SELECT columns FROM table WHERE key = value"

/* The next token that is no gap, from i on; n_tokens after the last. */
static size_t token_at(const struct og_guard_stmt *stmt, size_t i)
{
    while (i < stmt->lex.n_tokens && (stmt->lex.tokens[i].kind == OG_TOKEN_SPACE ||
                                      stmt->lex.tokens[i].kind == OG_TOKEN_COMMENT))
        i++;
    return i;
}

/* ---- the form ---- */

struct form {
    const struct og_guard_stmt *stmt;
    size_t i; /* a token that is no gap, or the end */
};

static void next(struct form *form)
{
    form->i = token_at(form->stmt, form->i + 1);
}

static bool take_word(struct form *form, const char *word)
{
    if (!og_undo_is_word(form->stmt, form->i, word))
        return false;
    next(form);
    return true;
}

static bool is_kind(const struct form *form, enum og_token_kind kind)
{
    return form->i < form->stmt->lex.n_tokens && form->stmt->lex.tokens[form->i].kind == kind;
}

static bool take_sign(struct form *form, const char *sign)
{
    const struct og_token *token = &form->stmt->lex.tokens[form->i];

    if (!is_kind(form, OG_TOKEN_OPERATOR) || token->n_bytes != strlen(sign) ||
        memcmp(form->stmt->text.utf8 + token->position, sign, token->n_bytes) != 0)
        return false;
    next(form);
    return true;
}

static bool take_name(struct form *form)
{
    if (!is_kind(form, OG_TOKEN_WORD) && !is_kind(form, OG_TOKEN_QUOTED))
        return false;
    next(form);
    return true;
}

static bool take_value(struct form *form)
{
    if (!is_kind(form, OG_TOKEN_STRING) && !is_kind(form, OG_TOKEN_NUMBER) &&
        !is_kind(form, OG_TOKEN_MARKER))
        return false;
    next(form);
    return true;
}

/* name = value, or name IN (value, value) */
static bool take_condition(struct form *form)
{
    if (!take_name(form))
        return false;
    if (take_sign(form, "="))
        return take_value(form);
    if (!take_word(form, "IN") || !take_sign(form, "("))
        return false;
    do {
        if (!take_value(form))
            return false;
    } while (take_sign(form, ","));
    return take_sign(form, ")");
}

static bool take_select(struct form *form)
{
    if (!take_word(form, "SELECT"))
        return false;
    do {
        if (!take_name(form))
            return false;
    } while (take_sign(form, ","));
    if (!take_word(form, "FROM") || !take_name(form) || (take_sign(form, ".") && !take_name(form)))
        return false;
    if (!take_word(form, "WHERE"))
        return false;
    do {
        if (!take_condition(form))
            return false;
    } while (take_word(form, "AND"));
    return form->i == form->stmt->lex.n_tokens;
}

/* ---- the text ---- */

SQLRETURN og_unmask_take(struct og_guard_stmt *stmt)
{
    struct form form = {.stmt = stmt, .i = token_at(stmt, 0)};
    struct og_buf text;
    SQLRETURN code;
    size_t begin;

    if (!take_word(&form, "odbcguard") || !take_word(&form, "unmask"))
        return SQL_SUCCESS;
    begin = form.i < stmt->lex.n_tokens ? stmt->lex.tokens[form.i].position : stmt->text.n_utf8;
    if (!take_select(&form))
        return og_guard_text_refuse(stmt, "an unmask statement of this form", begin, FORM);
    og_buf_init(&text, OG_MAX_SQL_BYTES);
    og_buf_append(&text, stmt->text.utf8 + begin, stmt->text.n_utf8 - begin);
    code = og_guard_text_replace(stmt, &text);
    stmt->text.is_unmask = code == SQL_SUCCESS;
    og_buf_release(&text);
    return code;
}

/* ---- the values ---- */

static void open_masks(struct og_guard_stmt *stmt)
{
    struct og_verdict *verdict = &stmt->verdict;
    struct og_mask *masks;

    masks = og_arena_array(&stmt->verdict_arena, verdict->n_masks, sizeof(*masks));
    if (!masks)
        return;
    stmt->unmasked = og_record_unmasked(stmt, &stmt->verdict_arena);
    verdict->masks_any = false;
    for (size_t i = 0; i < verdict->n_masks; i++) {
        if (!og_mask_is_plan(&verdict->masks[i]))
            masks[i] = verdict->masks[i];
        verdict->masks_any = verdict->masks_any || masks[i].kind != OG_MASK_NONE;
    }
    verdict->masks = masks;
}

void og_unmask_open(struct og_guard_stmt *stmt)
{
    if (stmt->text.is_unmask && stmt->verdict.unmasks && stmt->grant[0])
        open_masks(stmt);
}

void og_unmask_fault(struct og_guard_stmt *stmt)
{
#ifdef OG_TEST_FAULT
    if (strcmp(OG_TEST_FAULT, "unmask") != 0 || !stmt->text.is_unmask)
        return;
    stmt->verdict.kind = OG_VERDICT_ALLOW;
    open_masks(stmt);
#else
    (void)stmt;
#endif
}

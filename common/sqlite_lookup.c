/* SPDX-License-Identifier: MIT */
/* sqlite_lookup.c - the second look at a comparison that the program makes once between a column and
 * something that no row brings: only where the text has it as `column = constant`, in a statement
 * whose rows all come from tables, is it a search for one exact value. */
#include "common/sqlite_parts.h"

#include <string.h>
#include <strings.h>

/* Tokens but for white space and comments. */
struct words {
    const char *sql;
    const struct og_token **items;
    size_t n;
};

static bool is_word(const struct words *words, size_t i, const char *word)
{
    const struct og_token *token = i < words->n ? words->items[i] : NULL;

    return token && token->kind != OG_TOKEN_STRING && token->n_bytes == strlen(word) &&
           strncasecmp(words->sql + token->position, word, token->n_bytes) == 0;
}

static bool is_name(const struct words *words, size_t i, const char *name)
{
    const struct og_token *token = i < words->n ? words->items[i] : NULL;
    size_t n = strlen(name);

    if (token && token->kind == OG_TOKEN_QUOTED)
        return token->n_bytes == n + 2 &&
               strncasecmp(words->sql + token->position + 1, name, n) == 0;
    return token && token->kind == OG_TOKEN_WORD && is_word(words, i, name);
}

static bool is_constant(const struct words *words, size_t i)
{
    const struct og_token *token = i < words->n ? words->items[i] : NULL;

    return token && (token->kind == OG_TOKEN_STRING || token->kind == OG_TOKEN_NUMBER ||
                     token->kind == OG_TOKEN_MARKER || token->kind == OG_TOKEN_PARAMETER);
}

/* Where a condition may end. */
static bool is_end(const struct words *words, size_t i)
{
    static const char *const ends[] = {"AND", ")", ";", "GROUP", "ORDER", "LIMIT", "RETURNING"};

    for (size_t k = 0; k < OG_COUNT(ends); k++)
        if (is_word(words, i, ends[k]))
            return true;
    return i >= words->n;
}

static bool is_begin(const struct words *words, size_t i)
{
    return is_word(words, i, "WHERE") || is_word(words, i, "AND") || is_word(words, i, "(");
}

/* The comparison whose column's name is token i: [alias.]column = constant, or turned round.
 * Returns: the constant's token, or 0. */
static size_t comparison(const struct words *words, size_t i)
{
    bool is_one;
    size_t first = i >= 2 && is_word(words, i - 1, ".") ? i - 2 : i;

    if (is_word(words, i + 1, "=") || is_word(words, i + 1, "==")) {
        is_one = first > 0 && is_begin(words, first - 1) && is_constant(words, i + 2) &&
                 is_end(words, i + 3);
        return is_one ? i + 2 : 0;
    }
    if (first >= 3 && (is_word(words, first - 1, "=") || is_word(words, first - 1, "=="))) {
        is_one = is_constant(words, first - 2) && is_begin(words, first - 3) &&
                 is_end(words, i + 1);
        return is_one ? first - 2 : 0;
    }
    return 0;
}

/* The parameter that a token is, counted from 1; 0: another token. */
static size_t marker_of(const struct words *words, size_t at)
{
    size_t n = 0;

    if (words->items[at]->kind != OG_TOKEN_MARKER)
        return 0;
    for (size_t i = 0; i <= at; i++)
        n += words->items[i]->kind == OG_TOKEN_MARKER;
    return n;
}

/* One query or write over tables alone: nothing in it makes rows of constants. */
static bool is_plain(const struct words *words)
{
    static const char *const closed[] = {"WITH",  "VALUES", "UNION", "EXCEPT", "INTERSECT",
                                         "OR",    "NOT",    "CASE",  "EXISTS", "OVER"};
    size_t n_select = 0;
    bool is_in_from = false;

    for (size_t i = 0; i < words->n; i++) {
        n_select += is_word(words, i, "SELECT");
        for (size_t k = 0; k < OG_COUNT(closed); k++)
            if (is_word(words, i, closed[k]))
                return false;
        if (is_word(words, i, "FROM") || is_word(words, i, "UPDATE"))
            is_in_from = true;
        else if (is_word(words, i, "WHERE") || is_word(words, i, "SET"))
            is_in_from = false;
        if (is_in_from && is_word(words, i, "(") && !is_word(words, i - 1, "ON") &&
            !is_word(words, i - 1, "USING") && !is_word(words, i - 1, "("))
            return false;
    }
    return n_select == 1 || (n_select == 0 && (is_word(words, 0, "UPDATE") ||
                                               is_word(words, 0, "DELETE")));
}

static bool has_view(const struct og_facts *facts)
{
    for (size_t i = 0; i < facts->n_objects; i++)
        if (facts->objects[i].kind == OG_OBJECT_VIEW)
            return true;
    return false;
}

/* Whether another plain use of the same kind says the same. */
static bool has_plain(const struct og_facts *facts, size_t i)
{
    for (size_t k = 0; k < facts->n_uses; k++)
        if (k != i && facts->uses[k].column == facts->uses[i].column &&
            facts->uses[k].use == facts->uses[i].use && !facts->uses[k].n_equalities &&
            !facts->uses[k].is_beside_full_key)
            return true;
    return false;
}

void og_sq_lookup_check(const struct og_sq_text *text, struct og_facts *facts)
{
    struct words words = {.sql = text->sql};
    bool is_good;

    words.items = og_arena_array(facts->arena, text->lex.n_tokens + 1, sizeof(*words.items));
    for (size_t i = 0; words.items && i < text->lex.n_tokens; i++)
        if (text->lex.tokens[i].kind != OG_TOKEN_SPACE &&
            text->lex.tokens[i].kind != OG_TOKEN_COMMENT)
            words.items[words.n++] = &text->lex.tokens[i];
    is_good = words.items && !has_view(facts) && is_plain(&words);
    for (size_t i = 0; i < facts->n_uses; i++) {
        struct og_fact_use *use = &facts->uses[i];
        const char *name = facts->columns[use->column].name;
        size_t n = 0;

        if (!use->n_equalities)
            continue;
        for (size_t k = 0; is_good && k < words.n; k++) {
            size_t at = is_name(&words, k, name) ? comparison(&words, k) : 0;

            n += at != 0;
            use->marker = at ? marker_of(&words, at) : use->marker;
        }
        if (n == 1)
            continue;
        use->n_equalities = 0;
        use->marker = 0;
        use->position = og_sq_text_position(text, name);
        if (has_plain(facts, i)) {
            *use = facts->uses[--facts->n_uses];
            i--;
        }
    }
}

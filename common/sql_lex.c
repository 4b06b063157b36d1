/* SPDX-License-Identifier: MIT */
#include "common/sql_lex.h"

#include <errno.h>
#include <string.h>

#include "common/limits.h"
#include "common/sql_lex_parts.h"
#include "common/utf.h"

int og_scan_fail(struct og_scan *scan, size_t position, const char *what)
{
    scan->position = position;
    scan->what = what;
    return OG_LEX_E_TEXT;
}

int og_scan_spaces(struct og_scan *scan)
{
    size_t i = scan->start;

    while (og_scan_is_space(og_scan_at(scan, i)))
        i++;
    return og_scan_take(scan, OG_TOKEN_SPACE, i);
}

int og_scan_word(struct og_scan *scan)
{
    size_t i = scan->start;

    while (og_scan_is_inner(og_scan_at(scan, i)))
        i++;
    return og_scan_take(scan, OG_TOKEN_WORD, i);
}

size_t og_scan_quoted(const struct og_scan *scan, size_t i, bool has_backslash)
{
    unsigned char quote = scan->s[i];

    for (i++; i < scan->n_bytes; i++) {
        if (scan->s[i] == '\\' && has_backslash)
            i++;
        else if (scan->s[i] != quote)
            continue;
        else if (og_scan_at(scan, i + 1) == quote)
            i++;
        else
            return i + 1;
    }
    return 0;
}

static size_t skip_digits(const struct og_scan *scan, size_t i)
{
    while (og_scan_is_digit(og_scan_at(scan, i)))
        i++;
    return i;
}

int og_scan_number(struct og_scan *scan)
{
    size_t i = skip_digits(scan, scan->start);
    unsigned char c;

    /* "1..2" is a range of PL/pgSQL, where the first point does not belong to the number. */
    if (og_scan_at(scan, i) == '.' && (og_scan_at(scan, i + 1) != '.' || i == scan->start))
        i = skip_digits(scan, i + 1);
    c = og_scan_at(scan, i);
    if (c == 'e' || c == 'E') {
        size_t sign = og_scan_at(scan, i + 1) == '+' || og_scan_at(scan, i + 1) == '-';

        if (og_scan_is_digit(og_scan_at(scan, i + 1 + sign)))
            i = skip_digits(scan, i + 1 + sign);
    }
    /* Versions of the engines disagree on 0x1F, 1_000 and 1abc. */
    if (og_scan_is_inner(og_scan_at(scan, i)))
        return og_scan_fail(scan, scan->start, "a number that runs into a word");
    return og_scan_take(scan, OG_TOKEN_NUMBER, i);
}

static int scan_one(enum og_dialect dialect, struct og_scan *scan)
{
    unsigned char c = scan->s[scan->start];

    if (og_scan_is_space(c))
        return og_scan_spaces(scan);
    if (c < 0x20 || c == 0x7F)
        return og_scan_fail(scan, scan->start, "a control character");
    if (c == '{' || c == '}')
        return og_scan_take(scan, OG_TOKEN_BRACE, scan->start + 1);
    return dialect == OG_DIALECT_POSTGRESQL ? og_scan_pg(scan) : og_scan_sqlite(scan);
}

/* A text of so many tokens is read once, a longer one twice. */
#define FEW_TOKENS 200u

/* Reads all tokens; stores the first max of them. Fills the counts of out. */
static int scan_all(const struct og_lex_options *options, const char *text, size_t n_bytes,
                    struct og_token *tokens, size_t max, struct og_lex *out)
{
    struct og_scan scan = {
        .s = (const unsigned char *)text,
        .n_bytes = n_bytes,
        .backslash_escapes = options->backslash_escapes,
    };
    size_t n = 0;

    out->n_markers = 0;
    out->has_braces = false;
    for (; scan.start < n_bytes; scan.start = scan.end) {
        if (scan_one(options->dialect, &scan) != 0) {
            out->position = scan.position;
            out->what = scan.what;
            return OG_LEX_E_TEXT;
        }
        out->n_markers += scan.kind == OG_TOKEN_MARKER;
        out->has_braces = out->has_braces || scan.kind == OG_TOKEN_BRACE;
        if (n < max)
            tokens[n] = (struct og_token){.kind = scan.kind,
                                          .position = (uint32_t)scan.start,
                                          .n_bytes = (uint32_t)(scan.end - scan.start)};
        n++;
    }
    out->n_tokens = n;
    return 0;
}

static int fail_text(struct og_lex *out, size_t position, const char *what)
{
    out->position = position;
    out->what = what;
    return OG_LEX_E_TEXT;
}

int og_lex_split(const struct og_lex_options *options, const char *text, size_t n_bytes,
                 struct og_arena *arena, struct og_lex *out)
{
    struct og_token few[FEW_TOKENS], *tokens;
    size_t n_valid;
    const char *nul;
    int r;

    *out = (struct og_lex){0};
    if (options->dialect != OG_DIALECT_POSTGRESQL && options->dialect != OG_DIALECT_SQLITE)
        return fail_text(out, 0, "SQL of an engine that is not known");
    if (n_bytes > OG_MAX_SQL_BYTES)
        return fail_text(out, OG_MAX_SQL_BYTES, "a statement longer than 1 MiB");
    n_valid = og_utf8_valid_prefix(text, n_bytes);
    if (n_valid != n_bytes)
        return fail_text(out, n_valid, "text that is not valid UTF-8");
    nul = n_bytes ? memchr(text, '\0', n_bytes) : NULL;
    if (nul)
        return fail_text(out, (size_t)(nul - text), "a NUL byte");
    /* Counting first keeps the arena's use exact: a token takes more memory than its shortest
     * text. */
    r = scan_all(options, text, n_bytes, few, FEW_TOKENS, out);
    if (r != 0)
        return r;
    tokens = og_arena_array(arena, out->n_tokens, sizeof(*tokens));
    if (!tokens) {
        *out = (struct og_lex){0};
        return -ENOMEM;
    }
    if (out->n_tokens <= FEW_TOKENS)
        memcpy(tokens, few, out->n_tokens * sizeof(*tokens));
    else
        r = scan_all(options, text, n_bytes, tokens, out->n_tokens, out);
    out->tokens = tokens;
    return r;
}

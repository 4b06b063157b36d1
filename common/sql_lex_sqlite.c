/* SPDX-License-Identifier: MIT */
/* SQLite's tokens. Source: sqlite.org/lang.html (comments, expressions, key words) and the
 * behaviour of SQLite 3.40. */
#include <string.h>

#include "common/sql_lex_parts.h"

static int scan_comment(struct og_scan *scan)
{
    size_t i = scan->start + 2;

    if (scan->s[scan->start] == '-') {
        while (i < scan->n_bytes && scan->s[i] != '\n')
            i++;
        return og_scan_take(scan, OG_TOKEN_COMMENT, i);
    }
    for (; i + 1 < scan->n_bytes; i++) {
        if (scan->s[i] == '*' && scan->s[i + 1] == '/')
            return og_scan_take(scan, OG_TOKEN_COMMENT, i + 2);
    }
    /* Legal at the end of the text, but never meant. */
    return og_scan_fail(scan, scan->start, "an unterminated comment");
}

static int scan_quoted(struct og_scan *scan, enum og_token_kind kind)
{
    size_t end = og_scan_quoted(scan, scan->start, false);

    if (!end)
        return og_scan_fail(scan, scan->start,
                            kind == OG_TOKEN_STRING ? "an unterminated string constant"
                                                    : "an unterminated quoted identifier");
    return og_scan_take(scan, kind, end);
}

static int scan_bracketed(struct og_scan *scan)
{
    const unsigned char *end =
        memchr(scan->s + scan->start, ']', scan->n_bytes - scan->start);

    if (!end)
        return og_scan_fail(scan, scan->start, "an unterminated quoted identifier");
    return og_scan_take(scan, OG_TOKEN_QUOTED, (size_t)(end - scan->s) + 1);
}

static bool is_hex(unsigned char c)
{
    unsigned char lower = c | 0x20;

    return og_scan_is_digit(c) || (lower >= 'a' && lower <= 'f');
}

static int scan_blob(struct og_scan *scan)
{
    size_t i = scan->start + 2;

    while (is_hex(og_scan_at(scan, i)))
        i++;
    if (og_scan_at(scan, i) != '\'' || (i - scan->start) % 2 != 0)
        return og_scan_fail(scan, scan->start, "a blob constant that is not hexadecimal");
    return og_scan_take(scan, OG_TOKEN_STRING, i + 1);
}

/* 0x1F; other numbers as in every engine. */
static int scan_number(struct og_scan *scan)
{
    size_t i = scan->start;

    if (scan->s[i] != '0' || (og_scan_at(scan, i + 1) | 0x20) != 'x')
        return og_scan_number(scan);
    for (i += 2; is_hex(og_scan_at(scan, i)); i++)
        ;
    if (i == scan->start + 2 || og_scan_is_inner(og_scan_at(scan, i)))
        return og_scan_fail(scan, scan->start, "a number that runs into a word");
    return og_scan_take(scan, OG_TOKEN_NUMBER, i);
}

/* :name, @name, $name, where the name may begin with $. Tcl's forms with :: and (..) are refused:
 * text inside them is free. */
static int scan_parameter(struct og_scan *scan)
{
    size_t i = scan->start + 1;

    while (og_scan_is_inner(og_scan_at(scan, i)))
        i++;
    if (i == scan->start + 1)
        return og_scan_fail(scan, scan->start, "a parameter without a name");
    if (og_scan_at(scan, i) == '(' ||
        (og_scan_at(scan, i) == ':' && og_scan_at(scan, i + 1) == ':'))
        return og_scan_fail(scan, scan->start, "a parameter name in Tcl's form");
    return og_scan_take(scan, OG_TOKEN_PARAMETER, i);
}

static int scan_marker(struct og_scan *scan)
{
    size_t i = scan->start + 1;

    while (og_scan_is_digit(og_scan_at(scan, i)))
        i++;
    return og_scan_take(scan, i > scan->start + 1 ? OG_TOKEN_PARAMETER : OG_TOKEN_MARKER, i);
}

static int scan_operator(struct og_scan *scan)
{
    static const char *const longest_first[] = {"->>", "->", "||", "<=", "<>", "<<",
                                                ">=",  ">>", "==", "!="};
    const char *s = (const char *)scan->s + scan->start;
    size_t n_left = scan->n_bytes - scan->start;

    for (size_t i = 0; i < OG_COUNT(longest_first); i++) {
        size_t n = strlen(longest_first[i]);

        if (n <= n_left && memcmp(s, longest_first[i], n) == 0)
            return og_scan_take(scan, OG_TOKEN_OPERATOR, scan->start + n);
    }
    if (!strchr("()+-*/%=<>|,&~.;", s[0]))
        return og_scan_fail(scan, scan->start, "a character that is no part of SQL");
    return og_scan_take(scan, OG_TOKEN_OPERATOR, scan->start + 1);
}

int og_scan_sqlite(struct og_scan *scan)
{
    unsigned char c = scan->s[scan->start];
    unsigned char next = og_scan_at(scan, scan->start + 1);

    if ((c == 'x' || c == 'X') && next == '\'')
        return scan_blob(scan);
    /* Space to SQLite at the start of a token, part of the word inside one. */
    if (c == 0xEF && next == 0xBB && og_scan_at(scan, scan->start + 2) == 0xBF)
        return og_scan_fail(scan, scan->start, "a byte order mark");
    if (og_scan_is_start(c))
        return og_scan_word(scan);
    if (og_scan_is_digit(c) || (c == '.' && og_scan_is_digit(next)))
        return scan_number(scan);
    if (c == '\'')
        return scan_quoted(scan, OG_TOKEN_STRING);
    if (c == '"' || c == '`')
        return scan_quoted(scan, OG_TOKEN_QUOTED);
    if (c == '[')
        return scan_bracketed(scan);
    if ((c == '-' && next == '-') || (c == '/' && next == '*'))
        return scan_comment(scan);
    if (c == '?')
        return scan_marker(scan);
    if (c == ':' || c == '@' || c == '$')
        return scan_parameter(scan);
    return scan_operator(scan);
}

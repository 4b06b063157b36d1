/* SPDX-License-Identifier: MIT */
/* PostgreSQL's tokens. Source: PostgreSQL 15 manual, chapter 4.1 (lexical structure). */
#include <string.h>

#include "common/sql_lex_parts.h"

static bool is_operator_char(unsigned char c)
{
    /* ? is an operator character of the engine, but always the marker in ODBC. */
    return c && strchr("~!@#^&|`+-*/%<>=", c);
}

static int scan_line_comment(struct og_scan *scan)
{
    size_t i = scan->start;

    while (i < scan->n_bytes && scan->s[i] != '\n' && scan->s[i] != '\r')
        i++;
    return og_scan_take(scan, OG_TOKEN_COMMENT, i);
}

static int scan_block_comment(struct og_scan *scan)
{
    size_t i = scan->start + 2;
    size_t n_open = 1;

    while (i < scan->n_bytes && n_open > 0) {
        if (scan->s[i] == '/' && og_scan_at(scan, i + 1) == '*') {
            n_open++;
            i += 2;
        } else if (scan->s[i] == '*' && og_scan_at(scan, i + 1) == '/') {
            n_open--;
            i += 2;
        } else {
            i++;
        }
    }
    if (n_open)
        return og_scan_fail(scan, scan->start, "an unterminated comment");
    return og_scan_take(scan, OG_TOKEN_COMMENT, i);
}

/* Where the next part of a constant begins: white space with a newline in it, line comments
 * allowed, then a quote. Returns: the index of the quote, or 0. */
static size_t find_continuation(const struct og_scan *scan, size_t i)
{
    bool has_newline = false;

    for (;;) {
        unsigned char c = og_scan_at(scan, i);

        if (c == '\n' || c == '\r') {
            has_newline = true;
            i++;
        } else if (og_scan_is_space(c)) {
            i++;
        } else if (c == '-' && og_scan_at(scan, i + 1) == '-') {
            while (i < scan->n_bytes && scan->s[i] != '\n' && scan->s[i] != '\r')
                i++;
        } else {
            return c == '\'' && has_newline ? i : 0;
        }
    }
}

/* A constant whose opening quote is at quote, with all its continued parts in one token: each part
 * keeps the escapes of the first. */
static int scan_string(struct og_scan *scan, size_t quote, bool has_backslash)
{
    size_t end = og_scan_quoted(scan, quote, has_backslash);
    size_t next;

    while (end && (next = find_continuation(scan, end)) != 0) {
        /* Drivers read the second part as a constant of its own, with other escapes. */
        if (quote != scan->start && (has_backslash || scan->backslash_escapes))
            return og_scan_fail(scan, next, "a string constant with escapes that is continued on "
                                            "another line");
        end = og_scan_quoted(scan, next, has_backslash);
    }
    if (!end)
        return og_scan_fail(scan, scan->start, "an unterminated string constant");
    return og_scan_take(scan, OG_TOKEN_STRING, end);
}

static int scan_identifier(struct og_scan *scan, size_t quote)
{
    size_t end = og_scan_quoted(scan, quote, false);

    if (!end)
        return og_scan_fail(scan, scan->start, "an unterminated quoted identifier");
    return og_scan_take(scan, OG_TOKEN_QUOTED, end);
}

/* A word, or a constant with a letter before its quote. */
static int scan_word_or_prefix(struct og_scan *scan)
{
    unsigned char c = scan->s[scan->start] | 0x20;
    unsigned char next = og_scan_at(scan, scan->start + 1);

    if (next == '\'' && c == 'e')
        return scan_string(scan, scan->start + 1, true);
    if (next == '\'' && (c == 'b' || c == 'x'))
        return scan_string(scan, scan->start + 1, false);
    if (next == '\'' && c == 'n')
        return scan_string(scan, scan->start + 1, scan->backslash_escapes);
    if (c != 'u' || next != '&')
        return og_scan_word(scan);
    next = og_scan_at(scan, scan->start + 2);
    if (next == '"')
        return scan_identifier(scan, scan->start + 2);
    if (next != '\'')
        return og_scan_word(scan);
    if (scan->backslash_escapes)
        return og_scan_fail(scan, scan->start, "U&'..' while standard_conforming_strings is off");
    return scan_string(scan, scan->start + 2, false);
}

/* $1, or $tag$..$tag$. */
static int scan_dollar(struct og_scan *scan)
{
    size_t i = scan->start + 1;
    size_t n_tag;

    if (og_scan_is_digit(og_scan_at(scan, i))) {
        while (og_scan_is_digit(og_scan_at(scan, i)))
            i++;
        if (og_scan_is_start(og_scan_at(scan, i)))
            return og_scan_fail(scan, scan->start, "a parameter that runs into a word");
        return og_scan_take(scan, OG_TOKEN_PARAMETER, i);
    }
    while (og_scan_is_inner(og_scan_at(scan, i)) && scan->s[i] != '$')
        i++;
    if (og_scan_at(scan, i) != '$')
        return og_scan_fail(scan, scan->start, "a dollar sign that starts nothing");
    n_tag = i + 1 - scan->start;
    for (i++; i + n_tag <= scan->n_bytes; i++) {
        if (memcmp(scan->s + i, scan->s + scan->start, n_tag) == 0)
            return og_scan_take(scan, OG_TOKEN_STRING, i + n_tag);
    }
    return og_scan_fail(scan, scan->start, "an unterminated dollar-quoted constant");
}

/* The longest run of operator characters, cut before a comment; a run of several does not end in
 * + or - unless a character that SQL's own operators never have is in it. */
static int scan_operator(struct og_scan *scan)
{
    const unsigned char *s = scan->s + scan->start;
    size_t n = 0;
    bool has_special = false;

    while (is_operator_char(og_scan_at(scan, scan->start + n))) {
        unsigned char next = og_scan_at(scan, scan->start + n + 1);

        if ((s[n] == '-' && next == '-') || (s[n] == '/' && next == '*'))
            break;
        n++;
    }
    for (size_t i = 0; i + 1 < n; i++)
        has_special = has_special || strchr("~!@#^&|`%", s[i]);
    while (n > 1 && !has_special && (s[n - 1] == '+' || s[n - 1] == '-'))
        n--;
    return og_scan_take(scan, OG_TOKEN_OPERATOR, scan->start + n);
}

static int scan_mark(struct og_scan *scan, unsigned char c, unsigned char next)
{
    size_t n = 1;

    if ((c == ':' && (next == ':' || next == '=')) || (c == '.' && next == '.'))
        n = 2;
    else if (!strchr(",()[].;:", c))
        return og_scan_fail(scan, scan->start, "a character that is no part of SQL");
    return og_scan_take(scan, OG_TOKEN_OPERATOR, scan->start + n);
}

int og_scan_pg(struct og_scan *scan)
{
    unsigned char c = scan->s[scan->start];
    unsigned char next = og_scan_at(scan, scan->start + 1);

    if (og_scan_is_start(c))
        return scan_word_or_prefix(scan);
    if (og_scan_is_digit(c) || (c == '.' && og_scan_is_digit(next)))
        return og_scan_number(scan);
    if (c == '\'')
        return scan_string(scan, scan->start, scan->backslash_escapes);
    if (c == '"')
        return scan_identifier(scan, scan->start);
    if (c == '$')
        return scan_dollar(scan);
    if (c == '?')
        return og_scan_take(scan, OG_TOKEN_MARKER, scan->start + 1);
    if (c == '-' && next == '-')
        return scan_line_comment(scan);
    if (c == '/' && next == '*')
        return scan_block_comment(scan);
    if (is_operator_char(c))
        return scan_operator(scan);
    return scan_mark(scan, c, next);
}

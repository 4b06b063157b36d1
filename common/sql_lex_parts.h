/* SPDX-License-Identifier: MIT */
/* sql_lex_parts.h - what the parts of the lexer share: sql_lex.c drives, one file per engine knows
 * its tokens. Is not: for anyone else. */
#ifndef OG_COMMON_SQL_LEX_PARTS_H
#define OG_COMMON_SQL_LEX_PARTS_H

#include "common/sql_lex.h"

/* One token being read. The text has no NUL and is valid UTF-8 by then. */
struct og_scan {
    const unsigned char *s;
    size_t n_bytes;
    size_t start;
    size_t end;
    enum og_token_kind kind;
    bool backslash_escapes;
    size_t position; /* of a failure */
    const char *what;
};

/* The byte at i, 0 behind the end. */
static inline unsigned char og_scan_at(const struct og_scan *scan, size_t i)
{
    return i < scan->n_bytes ? scan->s[i] : 0;
}

static inline bool og_scan_is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

/* Bytes that may start an identifier in both engines. */
static inline bool og_scan_is_start(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

/* Bytes that may follow in an identifier, in both engines. */
static inline bool og_scan_is_inner(unsigned char c)
{
    return og_scan_is_start(c) || og_scan_is_digit(c) || c == '$';
}

/* White space of both engines. A vertical tab is not: the engines and their versions differ. */
static inline bool og_scan_is_space(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static inline int og_scan_take(struct og_scan *scan, enum og_token_kind kind, size_t end)
{
    scan->kind = kind;
    scan->end = end;
    return 0;
}

int og_scan_fail(struct og_scan *scan, size_t position, const char *what);
int og_scan_spaces(struct og_scan *scan);
int og_scan_word(struct og_scan *scan);
/* From the opening quote at i to behind the closing one; the doubled quote stands for itself.
 * Returns: the index behind it, or 0 when it is unterminated. */
size_t og_scan_quoted(const struct og_scan *scan, size_t i, bool has_backslash);
/* Digits, point, exponent; what follows must not be part of a word. */
int og_scan_number(struct og_scan *scan);

/* Reads the token at scan->start. Returns: 0, OG_LEX_E_TEXT (position and what set). */
int og_scan_pg(struct og_scan *scan);
int og_scan_sqlite(struct og_scan *scan);

#endif

/* SPDX-License-Identifier: MIT */
/* sql_lex.h - the one lexer: splits SQL text into tokens with byte positions, for PostgreSQL and
 * SQLite. Marker rewriting, ODBC escapes, redaction, canonical text and the digest of a statement's
 * tokens all use it, so that they can never see different statements.
 * Is not: a grammar. Text it cannot split (unterminated anything, NUL bytes, invalid UTF-8) is
 * refused with the position. */
#ifndef OG_COMMON_SQL_LEX_H
#define OG_COMMON_SQL_LEX_H

#include "common/base.h"
#include "common/buf.h"
#include "common/facts.h"

enum og_token_kind {
    OG_TOKEN_WORD,       /* identifier or key word, unquoted */
    OG_TOKEN_QUOTED,     /* quoted identifier: "x", [x], `x`, U&"x" */
    OG_TOKEN_STRING,     /* string constant of any form: '..', E'..', $tag$..$tag$, x'..', b'..' */
    OG_TOKEN_NUMBER,
    OG_TOKEN_OPERATOR,   /* one operator or punctuation mark as the engine splits them */
    OG_TOKEN_MARKER,     /* the ODBC parameter marker ? */
    OG_TOKEN_PARAMETER,  /* the engine's own: $1, :name, @name, ?1 */
    OG_TOKEN_COMMENT,
    OG_TOKEN_SPACE,
    OG_TOKEN_BRACE       /* { or } outside everything: an ODBC escape */
};

struct og_token {
    enum og_token_kind kind;
    uint32_t position; /* byte offset */
    uint32_t n_bytes;
};

struct og_lex_options {
    enum og_dialect dialect;
    bool backslash_escapes; /* PostgreSQL with standard_conforming_strings off */
};

#define OG_LEX_E_TEXT 1 /* position and what say where and why */

struct og_lex {
    struct og_token *tokens; /* every byte of the text belongs to exactly one token */
    size_t n_tokens;
    size_t n_markers;
    bool has_braces;
    size_t position; /* of the failure */
    const char *what;
};

/* Splits text. tokens hang in arena. Returns: 0, OG_LEX_E_TEXT, -ENOMEM. */
OG_MUST int og_lex_split(const struct og_lex_options *options, const char *text, size_t n_bytes,
                         struct og_arena *arena, struct og_lex *out);

/* The text with every constant replaced by ? and white space and comments folded to one space:
 * what the ledger's main record shows. Appends to out. */
void og_lex_redact(const struct og_lex *lex, const char *text, struct og_buf *out);
/* The text as a person should read it: constants kept, comments dropped, white space folded,
 * control and bidirectional characters as \uXXXX. Appends to out. */
void og_lex_canonical(const struct og_lex *lex, const char *text, struct og_buf *out);
/* SHA-256 over the statement's tokens, whitespace and comments apart, each with kind and length:
 * two texts with the same digest mean the same to the engine. */
OG_MUST int og_lex_digest(const struct og_lex *lex, const char *text, uint8_t out[32]);

#endif

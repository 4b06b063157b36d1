/* SPDX-License-Identifier: MIT */
/* sql_escape.h - expands the ODBC escape sequences {..} over the lexer's tokens, so that what is
 * analysed and sent has none left.
 * Is not: complete. What is not in its tables is refused; a procedure call is always. */
#ifndef OG_COMMON_SQL_ESCAPE_H
#define OG_COMMON_SQL_ESCAPE_H

#include "common/base.h"
#include "common/buf.h"
#include "common/sql_lex.h"

#define OG_ESCAPE_E_TEXT 1 /* error says what and where */

struct og_escape_error {
    const char *what; /* static text, no values */
    size_t position;  /* byte offset into the text */
};

/* Appends text with every escape sequence expanded to out; markers keep their number and order.
 * lex: of exactly this text. error: filled for OG_ESCAPE_E_TEXT.
 * Returns: 0, OG_ESCAPE_E_TEXT, -ENOMEM (out's ceiling counts as memory).
 * Source: ODBC 3.8 reference, appendix C (escape sequences) and E (scalar functions). */
OG_MUST int og_escape_expand(enum og_dialect dialect, const struct og_lex *lex, const char *text,
                             struct og_buf *out, struct og_escape_error *error);

#endif

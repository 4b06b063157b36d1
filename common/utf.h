/* SPDX-License-Identifier: MIT */
/* utf.h - strict UTF-8 and UTF-16 (SQLWCHAR units of two bytes, native order): no repair, no
 * overlong forms, no lone surrogates. Source: Unicode 15, chapter 3.9, table 3-7. */
#ifndef OG_COMMON_UTF_H
#define OG_COMMON_UTF_H

#include "common/base.h"
#include "common/buf.h"

/* Length of the valid prefix of text; n_bytes means all of it is valid UTF-8. NUL is valid here. */
size_t og_utf8_valid_prefix(const char *text, size_t n_bytes);
/* Code points in valid UTF-8. */
size_t og_utf8_count(const char *text, size_t n_bytes);
/* Largest number of bytes that hold at most max_chars code points. text must be valid. */
size_t og_utf8_cut(const char *text, size_t n_bytes, size_t max_chars);

#define OG_UTF_E_TEXT 1 /* not valid */

/* UTF-16 -> UTF-8, appended to out. Returns: 0, OG_UTF_E_TEXT; out's own failure sticks in it. */
OG_MUST int og_utf16_to_utf8(const uint16_t *units, size_t n_units, struct og_buf *out);
/* UTF-8 -> UTF-16 units, appended to out as bytes. Returns: as above. */
OG_MUST int og_utf8_to_utf16(const char *text, size_t n_bytes, struct og_buf *out);

#endif

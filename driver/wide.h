/* SPDX-License-Identifier: MIT */
/* wide.h - text between ODBC's two forms and UTF-8. Strict: text that is no valid Unicode is refused. */
#ifndef OG_DRIVER_WIDE_H
#define OG_DRIVER_WIDE_H

#include "common/base.h"
#include "driver/odbc.h"

/* SQLWCHAR text of n_units (or SQL_NTS) as UTF-8. Returns: text for free(), or NULL (not valid, too
 * long, no memory). units NULL gives "". */
char *og_wide_to_utf8(const SQLWCHAR *units, SQLINTEGER n_units);
/* Bytes of n_bytes (or SQL_NTS) as a C string. Returns: text for free(), or NULL. */
char *og_narrow_copy(const SQLCHAR *text, SQLINTEGER n_bytes);
/* UTF-8 as SQLWCHAR units, terminated. Returns: units for free(), or NULL. */
SQLWCHAR *og_utf8_to_wide(const char *text);
/* Puts UTF-8 text into the application's buffer. max: characters of the form. n_out: whole length in
 * characters, may be NULL. Returns whether it was cut. */
bool og_text_put(const char *text, bool is_wide, void *out, size_t max, size_t *n_out);

#endif

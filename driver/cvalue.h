/* SPDX-License-Identifier: MIT */
/* cvalue.h - a value in an application's buffer as text: for comparing it with what masks show. The
 * other direction of cconv.h, for the types that masked values have.
 * Threads: none; the buffer stays the application's. */
#ifndef OG_DRIVER_CVALUE_H
#define OG_DRIVER_CVALUE_H

#include "common/buf.h"
#include "driver/odbc.h"

/* Bytes of one cell of a fixed C type; 0 for text and binary. */
SQLLEN og_cvalue_bytes(SQLSMALLINT c_type);

/* Appends the text of a value that is not NULL. length NULL: text ends at its terminator.
 * Returns: false for a C type or length that tells no text (data at execution among them). */
OG_MUST bool og_cvalue_text(SQLSMALLINT c_type, const void *data, SQLLEN max_bytes,
                            const SQLLEN *length, struct og_buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* cconv.h - a masked value (canonical UTF-8 text, or NULL) into the C type the application asked
 * for, with indicator, truncation and SQLSTATE as the ODBC specification says.
 * Only masked values come through here: clear values are converted by the real driver.
 * Source: ODBC 3.8, appendix D "Converting Data from SQL to C Data Types". */
#ifndef OG_DRIVER_CCONV_H
#define OG_DRIVER_CCONV_H

#include "common/facts.h"
#include "driver/diag.h"
#include "driver/odbc.h"

struct og_cconv_cell {
    SQLSMALLINT c_type;      /* concrete; SQL_C_DEFAULT is resolved by og_cconv_default */
    void *buffer;            /* may be NULL: only the indicator is written */
    SQLLEN max_bytes;
    SQLLEN *length;          /* octet length pointer, may be NULL */
    SQLLEN *indicator;       /* may be the same pointer as length; may be NULL */
    SQLSMALLINT precision, scale; /* SQL_C_NUMERIC, from the ARD; 0: defaults */
};

/* The C type that SQL_C_DEFAULT means for an SQL type. is_wide_ok: the real driver would give wide
 * text for SQL_WVARCHAR (as psqlODBC does). */
SQLSMALLINT og_cconv_default(SQLSMALLINT sql_type, bool is_unsigned);

/* Writes one whole value. text NULL: the value is NULL.
 * offset: bytes of the converted form already handed out by earlier SQLGetData calls, updated;
 *   NULL for bound columns (always from the start). Text and binary types come in pieces; others
 *   ignore it. Text is converted to the client's char set as is: SQL_C_CHAR gets UTF-8 bytes.
 * Returns: SQL_SUCCESS; SQL_SUCCESS_WITH_INFO with 01004/01S07 in diag; SQL_NO_DATA when all
 * pieces were handed out; SQL_ERROR with 22018, 22003, 22002, HY003... in diag. */
SQLRETURN og_cconv_put(const char *text, size_t n_bytes, struct og_cconv_cell *cell,
                       size_t *offset, struct og_diag *diag);

/* Size in bytes of one cell of a fixed C type; 0 for text and binary. */
SQLLEN og_cconv_fixed_size(SQLSMALLINT c_type);

#endif

/* SPDX-License-Identifier: MIT */
/* guard_sizes.h - what a masked column is described as where the real driver would look at its values.
 *
 * psqlODBC takes sizes of arrays, of types it does not know and of numbers without a declared
 * precision from the rows that it holds, with UnknownSizes=2 those of all text; SQLite's driver takes
 * the type of a column without a declared one from the first value. For a masked column each is as
 * it would be for a result without rows. Sources: psqlODBC 13.02, pgtypes.c (getCharColumnSizeX,
 * getNumericColumnSizeX, getAtttypmodEtc); SQLite ODBC 0.9998, sqlite3odbc.c (s3stmt_coltype, getmd). */
#ifndef OG_DRIVER_GUARD_SIZES_H
#define OG_DRIVER_GUARD_SIZES_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/odbc.h"

struct og_guard_stmt;

enum og_sizes_kind {
    OG_SIZES_AS_IS,
    OG_SIZES_NUMBER,  /* size and digits */
    OG_SIZES_DIGITS,  /* digits alone */
    OG_SIZES_TEXT,    /* size and type */
    OG_SIZES_UNTYPED, /* SQLite: all that depends on the type */
};

struct og_sizes {
    enum og_sizes_kind kind;
    SQLSMALLINT type; /* concise */
    SQLLEN size;
    SQLSMALLINT digits;
    bool is_set; /* UnknownSizes is another one until og_sizes_end */
    int32_t saved;
};

/* Finds what the column has to be described as; the real driver may be asked until og_sizes_end, which
 * has to follow. Where the driver's UnknownSizes has to change for that, the connection is locked. */
void og_sizes_begin(struct og_guard_stmt *stmt, SQLUSMALLINT column, struct og_sizes *out);
void og_sizes_end(struct og_guard_stmt *stmt, struct og_sizes *sizes);

/* Puts what SQLDescribeCol or SQLGetDescRec gave right; any of the pointers may be NULL. */
void og_sizes_describe(const struct og_sizes *sizes, SQLSMALLINT *type, SQLULEN *size,
                       SQLSMALLINT *digits);
/* Whether what a column's values say can show in that field at all. */
bool og_sizes_concern(SQLSMALLINT field);
/* A number of SQLColAttribute or SQLGetDescField. Returns whether *out is to be told. */
bool og_sizes_number(const struct og_sizes *sizes, SQLSMALLINT field, SQLLEN *out);
/* A text of theirs. Returns: what is to be told (static), or NULL: what the driver says. */
const char *og_sizes_text(const struct og_sizes *sizes, SQLSMALLINT field);

#endif

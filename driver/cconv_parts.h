/* SPDX-License-Identifier: MIT */
/* cconv_parts.h - the writers of cconv.c, one per family of C types. Private to cconv*.c.
 * Every writer gets a value that is not NULL, fills the cell's buffer (never NULL here but for the
 * families that come in pieces) and says how it went; cconv.c makes the diagnostics.
 * Cells may be unaligned: writers copy with memcpy. */
#ifndef OG_DRIVER_CCONV_PARTS_H
#define OG_DRIVER_CCONV_PARTS_H

#include "driver/cconv.h"

/* Outcomes of a writer; each is one SQLSTATE (cconv.c). */
enum og_cconv_outcome {
    OG_CCONV_OK = 0,
    OG_CCONV_E_TRUNCATED,   /* 01004: a piece, more is left */
    OG_CCONV_E_FRACTION,    /* 01S07 */
    OG_CCONV_E_RANGE,       /* 22003 */
    OG_CCONV_E_NOT_A_VALUE, /* 22018 */
    OG_CCONV_E_DONE         /* SQL_NO_DATA */
};

struct og_ctype {
    SQLSMALLINT code;
    SQLLEN n_bytes;
    int (*write)(const struct og_ctype *type, const char *text, size_t n_bytes,
                 struct og_cconv_cell *cell, size_t *offset, SQLLEN *out_length);
    __int128 lowest, highest;
};

typedef int og_cconv_writer(const struct og_ctype *type, const char *text, size_t n_bytes,
                            struct og_cconv_cell *cell, size_t *offset, SQLLEN *out_length);

og_cconv_writer og_cconv_text, og_cconv_wide, og_cconv_binary;
og_cconv_writer og_cconv_integer, og_cconv_real, og_cconv_numeric;
og_cconv_writer og_cconv_date, og_cconv_time, og_cconv_timestamp, og_cconv_guid;

/* Takes blanks off both ends. */
void og_cconv_trim(const char **text, size_t *n_bytes);

#endif

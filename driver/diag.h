/* SPDX-License-Identifier: MIT */
/* diag.h - our own diagnostic records of one handle. The real driver's records are never copied
 * here when they can be forwarded: a layer answers SQLGetDiagRec with its own records first and
 * then forwards the rest to the layer below, with the caller's own buffers and sizes.
 * Threads: the caller holds the handle's lock. */
#ifndef OG_DRIVER_DIAG_H
#define OG_DRIVER_DIAG_H

#include "common/base.h"
#include "common/err.h"
#include "driver/odbc.h"

struct og_diag_record {
    char sqlstate[6];
    SQLINTEGER native;
    char *text; /* UTF-8, with the bracketed prefix; owned by the record */
    SQLLEN row_number;       /* SQL_NO_ROW_NUMBER by default */
    SQLINTEGER column_number;
};

struct og_diag {
    struct og_diag_record *records;
    size_t n_records;
    size_t max_records;
    SQLRETURN return_code; /* of the last call, for SQL_DIAG_RETURNCODE */
    SQLINTEGER native_of_cut; /* what the real driver numbers its 01004 */
};

void og_diag_clear(struct og_diag *diag);
void og_diag_release(struct og_diag *diag);
/* Takes the first record off: for SQLError, which hands each out once. */
void og_diag_drop_first(struct og_diag *diag);

/* Takes back the records after the first n_records. */
void og_diag_cut(struct og_diag *diag, size_t n_records);
/* Takes all records of that SQLSTATE off. */
void og_diag_drop_state(struct og_diag *diag, const char *sqlstate);

/* Adds one of our errors: "[odbcguard] " and the text (no space after it where the text begins
 * with a second bracket of its own). og_diag_add_complete takes a text that is whole already, as
 * common/reply.h makes it.
 * A full or unallocatable list keeps what it has: the first record is the one that counts. */
void og_diag_add(struct og_diag *diag, enum og_err code, bool is_at_connect, const char *format,
                 ...) OG_PRINTF(4, 5);
void og_diag_add_complete(struct og_diag *diag, enum og_err code, bool is_at_connect,
                          const char *text);
/* The same with any SQLSTATE: ODBC's own codes (HY009, HYC00, 01004, 22018...), native 0. */
void og_diag_add_state(struct og_diag *diag, const char *sqlstate, const char *format, ...)
    OG_PRINTF(3, 4);
/* A record kept from elsewhere (the real driver's, reduced to names). Text as given. */
void og_diag_add_raw(struct og_diag *diag, const char *sqlstate, SQLINTEGER native,
                     const char *text);

/* SQLGetDiagRec over our records only. number: 1-based, <= n_records. is_wide: buffer of SQLWCHAR,
 * lengths in characters; else bytes. Returns the ODBC return code (SQL_SUCCESS_WITH_INFO on
 * truncation, SQL_ERROR for bad arguments). */
SQLRETURN og_diag_get_rec(const struct og_diag *diag, bool is_wide, SQLSMALLINT number,
                          void *sqlstate, SQLINTEGER *native, void *text, SQLSMALLINT max_chars,
                          SQLSMALLINT *n_chars);
/* SQLGetDiagField over our records (record fields only; header fields are the caller's).
 * Lengths in bytes. */
SQLRETURN og_diag_get_field(const struct og_diag *diag, bool is_wide, SQLSMALLINT number,
                            SQLSMALLINT field, void *value, SQLSMALLINT max_bytes,
                            SQLSMALLINT *n_bytes);

#endif

/* SPDX-License-Identifier: MIT */
/* mask.h - turns one value into what the principal may see.
 * Works on the canonical text of a value (UTF-8; numbers and dates as the server prints them), so
 * that every way of reading gives the same masked value.
 * No mask shows the length of the value, and none fails open: a value that a mask cannot handle
 * (a date that does not parse) comes out as NULL. */
#ifndef OG_COMMON_MASK_H
#define OG_COMMON_MASK_H

#include "common/base.h"
#include "common/buf.h"
#include "common/facts.h"

enum og_mask_kind {
    OG_MASK_NONE = 0,
#define MASK(name, word, is_enforced, fits, text) OG_MASK_##name,
#include "common/mask.tbl.h"
#undef MASK
    OG_MASK_COUNT
};

/* What kind of sensitive data a column holds; decides what `partial` keeps.
 * partial: email -> first letter and domain kept ("a***@example.com"), phone -> last two digits,
 * us-ssn and payment-card -> last four, iban -> country, name -> first letter, birth-date -> year, others
 * -> "***". */
enum og_class {
    OG_CLASS_NONE = 0,
    OG_CLASS_EMAIL,
    OG_CLASS_PHONE,
    OG_CLASS_US_SSN,
    OG_CLASS_PAYMENT_CARD,
    OG_CLASS_IBAN,
    OG_CLASS_NAME,
    OG_CLASS_ADDRESS,
    OG_CLASS_BIRTH_DATE,
    OG_CLASS_SECRET,
    OG_CLASS_OTHER,
    OG_CLASS_COUNT
};

#define OG_MASK_KEY_BYTES 32u

struct og_mask {
    enum og_mask_kind kind;
    enum og_class class;
    const char *fixed_text; /* FIXED: what is shown; "***" where the policy gives none */
    int32_t round_to;       /* ROUND: power of ten to round to (2: hundreds, 0: units); default 3 */
    uint32_t detect_kinds;      /* DETECT: bits of enum og_detect_kind */
    enum og_mask_kind detect_as; /* DETECT: FIXED, PARTIAL, or SQL_NULL for the whole value */
    const uint8_t *key; /* TOKEN, HANDLE, FORMAT_PRESERVING: OG_MASK_KEY_BYTES, of the session; set where
                         * values are masked, NULL before */
    char date_unit;         /* TRUNCATE_DATE: 'y' (default) or 'm' */
};

/* Whether the mask can be applied to a column of this type. UNKNOWN and OTHER take sql-null only. */
bool og_mask_fits(const struct og_mask *mask, enum og_type_class type);
/* Whether the column is masked as such, not only looked through. */
bool og_mask_is_plan(const struct og_mask *mask);
bool og_mask_is_same(const struct og_mask *a, const struct og_mask *b);

/* Masks one value that is not NULL.
 * text, n_bytes: the whole canonical value, UTF-8, never a truncated one.
 * max_chars: declared size of the column in characters, 0 when there is none; the result never
 *   exceeds it.
 * out: cleared, then filled; out_is_null says whether the masked value is NULL.
 * Returns: 0; -ENOMEM, or for DETECT as og_detect_find (the caller hands out nothing then). */
OG_MUST int og_mask_apply(const struct og_mask *mask, enum og_type_class type, const char *text,
                          size_t n_bytes, size_t max_chars, struct og_buf *out,
                          bool *out_is_null);

/* mask_keyed.c, for og_mask_apply. A token of a value; a value of the same form (is_null: it has too few
 * numerals, or signs that would stay). Return: 0; -ENOMEM, also without a key. */
OG_MUST int og_mask_token(const struct og_mask *mask, const char *text, size_t n_bytes,
                          struct og_buf *out);
size_t og_mask_token_chars(void);
/* A handle of a value: "hdl_" and 16 signs. A column with fewer characters shows NULL. */
#define OG_MASK_HANDLE_CHARS 20u
OG_MUST int og_mask_handle(const struct og_mask *mask, const char *text, size_t n_bytes,
                           struct og_buf *out);
/* Whether text has the form of one. */
bool og_mask_is_handle(const char *text, size_t n_bytes);
OG_MUST int og_mask_form(const struct og_mask *mask, enum og_type_class type, const char *text,
                         size_t n_bytes, struct og_buf *out, bool *is_null);

const char *og_mask_word(enum og_mask_kind kind);
/* Returns: the kind, or OG_MASK_NONE for an unknown word. */
enum og_mask_kind og_mask_from_word(const char *word);
bool og_mask_is_enforced(enum og_mask_kind kind);
const char *og_class_word(enum og_class class);
enum og_class og_class_from_word(const char *word); /* OG_CLASS_NONE: "none"; COUNT: unknown */

#endif

/* SPDX-License-Identifier: MIT */
/* conf_string.h - connection strings and DSN sections as lists of keys: Key=Value;Key={Va;l}}ue}
 * Strict where the ODBC grammar is: what does not parse is refused, and the first of two equal keys
 * counts, as in the driver manager. Source: ODBC 3.8, SQLDriverConnect, "Connection Strings". */
#ifndef OG_DRIVER_CONF_STRING_H
#define OG_DRIVER_CONF_STRING_H

#include "common/base.h"
#include "common/buf.h"

struct og_pair {
    char *key;
    char *value;
    bool is_from_section; /* of the guarded DSN's section, not of the connection string */
    bool is_braced;       /* written {value}: real drivers differ in what braces mean, so kept */
};

struct og_pairs {
    struct og_pair *items;
    size_t n_items;
};

#define OG_PAIRS_E_TEXT 1 /* what and position say where */

/* Appends the keys of a connection string. Returns: 0; OG_PAIRS_E_TEXT with a static what; -ENOMEM. */
OG_MUST int og_pairs_parse(const char *text, struct og_pairs *pairs, const char **what);
/* Appends one pair (copied). Returns: 0; -ENOMEM. */
OG_MUST int og_pairs_add(struct og_pairs *pairs, const char *key, const char *value,
                         bool is_from_section);
/* Value of a key (ASCII case apart), or NULL. */
const char *og_pairs_get(const struct og_pairs *pairs, const char *key);
/* Takes every pair of that key off. Returns whether there was one. */
bool og_pairs_drop(struct og_pairs *pairs, const char *key);
/* Appends "Key=Value;": in braces when is_braced or when it would not be read back otherwise. */
void og_pairs_write(struct og_buf *out, const char *key, const char *value, bool is_braced);
/* Wipes values and frees. */
void og_pairs_release(struct og_pairs *pairs);

#endif

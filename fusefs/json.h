/* SPDX-License-Identifier: MIT */
/* json.h - JSON written into a buffer in call order, and one value found in a text by its path.
 * Is not: a tree of values. Threads: any, one writer each. Source: RFC 8259. */
#ifndef OG_FUSEFS_JSON_H
#define OG_FUSEFS_JSON_H

#include "common/base.h"
#include "common/buf.h"

struct og_json {
    /* private */
    struct og_buf *out;
    bool has_item; /* the open bracket has an item before the next one */
};

/* Writes to out, whose failure sticks in it. out must outlive the writer. */
void og_json_init(struct og_json *json, struct og_buf *out);
/* key: NULL in a list and for the outermost value. bracket: '{' or '['. */
void og_json_open(struct og_json *json, const char *key, char bracket);
/* bracket: '}' or ']'. */
void og_json_close(struct og_json *json, char bracket);
/* Control characters are escaped, what is not UTF-8 becomes U+FFFD. NULL gives null. */
void og_json_text(struct og_json *json, const char *key, const char *text);
void og_json_text_n(struct og_json *json, const char *key, const char *text, size_t n_bytes);
void og_json_number(struct og_json *json, const char *key, uint64_t number);
void og_json_integer(struct og_json *json, const char *key, int64_t number);
void og_json_bool(struct og_json *json, const char *key, bool value);
/* The text alone with its quotation marks. */
void og_json_quote(struct og_buf *out, const char *text, size_t n_bytes);

#define OG_JSON_MAX_DEPTH 32u

enum og_json_kind { OG_JSON_NONE = 0, OG_JSON_TEXT, OG_JSON_NUMBER, OG_JSON_OTHER };

struct og_json_value {
    enum og_json_kind kind; /* NONE: there is nothing at the path */
    const char *bytes;      /* inside the text; a TEXT without its quotation marks, still escaped */
    size_t n_bytes;
};

#define OG_JSON_E_TEXT 1 /* not one JSON value, too deep, or a name on the path is there twice */

/* Checks that text is exactly one JSON value and finds the value at path: names and list positions
 * separated by slashes ("unmapped/attestation_list/0/uid"); no escapes in them.
 * Returns: 0; OG_JSON_E_TEXT. */
OG_MUST int og_json_find(const char *text, size_t n_bytes, const char *path,
                         struct og_json_value *out);
/* The same for several paths in one walk, out[i] for paths[i]. */
#define OG_JSON_MAX_PATHS 4u
OG_MUST int og_json_find_all(const char *text, size_t n_bytes, const char *const *paths,
                             size_t n_paths, struct og_json_value *out);
/* Whether the value is a whole number that fits; then *out is set. */
bool og_json_is_u64(const struct og_json_value *value, uint64_t *out);

#endif

/* SPDX-License-Identifier: MIT */
#include "driver/conf_string.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_PAIRS 256u

int og_pairs_add(struct og_pairs *pairs, const char *key, const char *value, bool is_from_section)
{
    struct og_pair *items;

    if (pairs->n_items == MAX_PAIRS)
        return -E2BIG;
    items = realloc(pairs->items, (pairs->n_items + 1) * sizeof(*items));
    if (!items)
        return -ENOMEM;
    pairs->items = items;
    items += pairs->n_items;
    *items = (struct og_pair){strdup(key), strdup(value), is_from_section, false};
    if (!items->key || !items->value) {
        free(items->key);
        free(items->value);
        return -ENOMEM;
    }
    pairs->n_items++;
    return 0;
}

const char *og_pairs_get(const struct og_pairs *pairs, const char *key)
{
    for (size_t i = 0; i < pairs->n_items; i++)
        if (strcasecmp(pairs->items[i].key, key) == 0)
            return pairs->items[i].value;
    return NULL;
}

bool og_pairs_drop(struct og_pairs *pairs, const char *key)
{
    size_t n_kept = 0;
    bool is_found;

    for (size_t i = 0; i < pairs->n_items; i++) {
        if (strcasecmp(pairs->items[i].key, key) != 0) {
            pairs->items[n_kept++] = pairs->items[i];
            continue;
        }
        free(pairs->items[i].key);
        free(pairs->items[i].value);
    }
    is_found = n_kept != pairs->n_items;
    pairs->n_items = n_kept;
    return is_found;
}

/* {value} with }} for }. Returns the position after the closing brace, or NULL. */
static const char *read_braced(const char *at, struct og_buf *value)
{
    for (at++; *at; at++) {
        if (*at != '}') {
            og_buf_append_char(value, *at);
        } else if (at[1] == '}') {
            og_buf_append_char(value, '}');
            at++;
        } else {
            return at + 1;
        }
    }
    return NULL;
}

static const char *skip_spaces(const char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

static void trim_end(struct og_buf *text)
{
    while (text->n_bytes && (text->bytes[text->n_bytes - 1] == ' ' ||
                             text->bytes[text->n_bytes - 1] == '\t'))
        text->bytes[--text->n_bytes] = '\0';
}

/* One pair from *at on; *at moves behind it. */
static int parse_pair(const char **at, struct og_pairs *pairs, struct og_buf *key,
                      struct og_buf *value, const char **what)
{
    const char *p = *at;
    bool is_braced = false;
    int r;

    og_buf_clear(key);
    og_buf_clear(value);
    while (*p && *p != '=' && *p != ';')
        og_buf_append_char(key, *p++);
    trim_end(key);
    if (*p != '=' || !key->n_bytes) {
        *what = "a part of the connection string has no \"Key=\"";
        return OG_PAIRS_E_TEXT;
    }
    p = skip_spaces(p + 1);
    if (*p == '{') {
        is_braced = true;
        p = read_braced(p, value);
        if (!p) {
            *what = "a value in braces has no end: write } twice where the value holds one";
            return OG_PAIRS_E_TEXT;
        }
        p = skip_spaces(p);
        if (*p && *p != ';') {
            *what = "there is text after a value in braces";
            return OG_PAIRS_E_TEXT;
        }
    } else {
        while (*p && *p != ';')
            og_buf_append_char(value, *p++);
        trim_end(value);
    }
    *at = p;
    if (og_buf_is_failed(key) || og_buf_is_failed(value)) {
        *what = "a key or value is too long";
        return OG_PAIRS_E_TEXT;
    }
    r = og_pairs_add(pairs, og_buf_str(key), og_buf_str(value), false);
    if (r == 0)
        pairs->items[pairs->n_items - 1].is_braced = is_braced;
    return r;
}

int og_pairs_parse(const char *text, struct og_pairs *pairs, const char **what)
{
    struct og_buf key, value;
    const char *at = text;
    int r = 0;

    og_buf_init(&key, 256);
    og_buf_init(&value, 64u * 1024u);
    while (r == 0) {
        while (*at == ';' || *at == ' ' || *at == '\t')
            at++;
        if (!*at)
            break;
        r = parse_pair(&at, pairs, &key, &value, what);
    }
    if (r == -E2BIG) {
        *what = "the connection string has too many keys";
        r = OG_PAIRS_E_TEXT;
    }
    og_buf_release(&key);
    og_buf_wipe(&value);
    return r;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

void og_pairs_write(struct og_buf *out, const char *key, const char *value, bool is_braced)
{
    size_t n = strlen(value);
    bool needs_braces = is_braced || strchr(value, ';') || value[0] == '{' ||
                        (n && (is_space(value[0]) || is_space(value[n - 1])));

    og_buf_printf(out, "%s=", key);
    if (needs_braces)
        og_buf_append_char(out, '{');
    for (const char *c = value; *c; c++) {
        if (*c == '}' && needs_braces)
            og_buf_append_char(out, '}');
        og_buf_append_char(out, *c);
    }
    og_buf_append_str(out, needs_braces ? "};" : ";");
}

void og_pairs_release(struct og_pairs *pairs)
{
    for (size_t i = 0; i < pairs->n_items; i++) {
        explicit_bzero(pairs->items[i].value, strlen(pairs->items[i].value));
        free(pairs->items[i].key);
        free(pairs->items[i].value);
    }
    free(pairs->items);
    memset(pairs, 0, sizeof(*pairs));
}

/* SPDX-License-Identifier: MIT */
#include "fusefs/json.h"

#include <inttypes.h>
#include <string.h>

#include "common/utf.h"

void og_json_init(struct og_json *json, struct og_buf *out)
{
    *json = (struct og_json){.out = out};
}

static void append_escaped(struct og_buf *out, const char *text, size_t n_bytes)
{
    size_t start = 0;

    for (size_t i = 0; i < n_bytes; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F)
            continue;
        og_buf_append(out, text + start, i - start);
        start = i + 1;
        if (c == '"' || c == '\\') {
            og_buf_append_char(out, '\\');
            og_buf_append_char(out, (char)c);
        } else if (c == '\n') {
            og_buf_append_str(out, "\\n");
        } else if (c == '\t') {
            og_buf_append_str(out, "\\t");
        } else {
            og_buf_printf(out, "\\u%04x", c);
        }
    }
    og_buf_append(out, text + start, n_bytes - start);
}

void og_json_quote(struct og_buf *out, const char *text, size_t n_bytes)
{
    og_buf_append_char(out, '"');
    while (n_bytes) {
        size_t n_good = og_utf8_valid_prefix(text, n_bytes);

        append_escaped(out, text, n_good);
        text += n_good;
        n_bytes -= n_good;
        if (n_bytes) {
            og_buf_append_str(out, "\xEF\xBF\xBD");
            text++;
            n_bytes--;
        }
    }
    og_buf_append_char(out, '"');
}

static void begin(struct og_json *json, const char *key)
{
    if (json->has_item)
        og_buf_append_char(json->out, ',');
    json->has_item = true;
    if (!key)
        return;
    og_json_quote(json->out, key, strlen(key));
    og_buf_append_char(json->out, ':');
}

void og_json_open(struct og_json *json, const char *key, char bracket)
{
    begin(json, key);
    og_buf_append_char(json->out, bracket);
    json->has_item = false;
}

void og_json_close(struct og_json *json, char bracket)
{
    og_buf_append_char(json->out, bracket);
    json->has_item = true;
}

void og_json_text_n(struct og_json *json, const char *key, const char *text, size_t n_bytes)
{
    begin(json, key);
    og_json_quote(json->out, text, n_bytes);
}

void og_json_text(struct og_json *json, const char *key, const char *text)
{
    if (text) {
        og_json_text_n(json, key, text, strlen(text));
        return;
    }
    begin(json, key);
    og_buf_append_str(json->out, "null");
}

void og_json_number(struct og_json *json, const char *key, uint64_t number)
{
    begin(json, key);
    og_buf_printf(json->out, "%" PRIu64, number);
}

void og_json_integer(struct og_json *json, const char *key, int64_t number)
{
    begin(json, key);
    og_buf_printf(json->out, "%" PRId64, number);
}

void og_json_bool(struct og_json *json, const char *key, bool value)
{
    begin(json, key);
    og_buf_append_str(json->out, value ? "true" : "false");
}

/* ---- reading ---- */

struct reader {
    const char *at, *end;
    unsigned depth;
    struct og_json_value *found; /* one per path */
    size_t n_paths;
};

/* What is left of each path on the way to a value: NULL when the value is not on it, "" when it is the
 * one. */
struct steps {
    const char *left[OG_JSON_MAX_PATHS];
};

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\r' || *r->at == '\n'))
        r->at++;
}

static bool take(struct reader *r, char c)
{
    skip_space(r);
    if (r->at >= r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* After a backslash. */
static bool read_escape(struct reader *r)
{
    if (r->at >= r->end || !*r->at || !strchr("\"\\/bfnrtu", *r->at))
        return false;
    if (*r->at++ != 'u')
        return true;
    for (int i = 0; i < 4; i++, r->at++)
        if (r->at >= r->end || !is_hex(*r->at))
            return false;
    return true;
}

/* After the opening quotation mark, to behind the closing one. */
static bool read_string(struct reader *r, const char **start, size_t *n_bytes)
{
    unsigned char all = 0;

    *start = r->at;
    while (r->at < r->end) {
        unsigned char c = (unsigned char)*r->at++;

        all |= c;
        if (c == '"') {
            *n_bytes = (size_t)(r->at - 1 - *start);
            return all < 0x80 || og_utf8_valid_prefix(*start, *n_bytes) == *n_bytes;
        }
        if (c < 0x20 || (c == '\\' && !read_escape(r)))
            return false;
    }
    return false;
}

static size_t digits(struct reader *r)
{
    size_t n = 0;

    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; n++)
        r->at++;
    return n;
}

static bool read_number(struct reader *r)
{
    const char *start;

    if (r->at < r->end && *r->at == '-')
        r->at++;
    start = r->at;
    if (!digits(r) || (*start == '0' && r->at - start > 1))
        return false;
    if (r->at < r->end && *r->at == '.') {
        r->at++;
        if (!digits(r))
            return false;
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
            r->at++;
        if (!digits(r))
            return false;
    }
    return true;
}

static bool read_word(struct reader *r)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < OG_COUNT(words); i++) {
        size_t n = strlen(words[i]);

        if ((size_t)(r->end - r->at) >= n && memcmp(r->at, words[i], n) == 0) {
            r->at += n;
            return true;
        }
    }
    return false;
}

/* The rest of path when its first step is name; else NULL. */
static const char *step(const char *path, const char *name, size_t n_bytes)
{
    if (!path || strncmp(path, name, n_bytes) != 0)
        return NULL;
    if (path[n_bytes] == '\0')
        return path + n_bytes;
    return path[n_bytes] == '/' && n_bytes ? path + n_bytes + 1 : NULL;
}

/* All steps that go on with that name. Returns false where a path has met it before. */
static bool step_all(const struct reader *r, const struct steps *steps, const char *name, size_t n_bytes,
                     struct steps *out, bool *were_there)
{
    for (size_t i = 0; i < r->n_paths; i++) {
        out->left[i] = step(steps->left[i], name, n_bytes);
        if (out->left[i] && were_there && were_there[i])
            return false;
        if (out->left[i] && were_there)
            were_there[i] = true;
    }
    return true;
}

static bool read_value(struct reader *r, const struct steps *steps);

static bool read_members(struct reader *r, const struct steps *steps)
{
    bool were_there[OG_JSON_MAX_PATHS] = {false};

    if (take(r, '}'))
        return true;
    do {
        struct steps rest;
        const char *name;
        size_t n_bytes;

        if (!take(r, '"') || !read_string(r, &name, &n_bytes) || !take(r, ':') ||
            !step_all(r, steps, name, n_bytes, &rest, were_there) || !read_value(r, &rest))
            return false;
    } while (take(r, ','));
    return take(r, '}');
}

static bool read_items(struct reader *r, const struct steps *steps)
{
    char number[24];

    if (take(r, ']'))
        return true;
    for (size_t i = 0;; i++) {
        size_t at = sizeof(number) - 1, left = i;
        struct steps rest;

        number[at] = '\0';
        do
            number[--at] = (char)('0' + left % 10);
        while (left /= 10);
        if (!step_all(r, steps, number + at, sizeof(number) - 1 - at, &rest, NULL) ||
            !read_value(r, &rest))
            return false;
        if (!take(r, ','))
            return take(r, ']');
    }
}

static bool read_value(struct reader *r, const struct steps *steps)
{
    enum og_json_kind kind = OG_JSON_OTHER;
    const char *start;
    size_t n_bytes = 0;
    bool is_good;

    skip_space(r);
    if (r->at >= r->end || r->depth >= OG_JSON_MAX_DEPTH)
        return false;
    start = r->at;
    r->depth++;
    if (take(r, '{')) {
        is_good = read_members(r, steps);
    } else if (take(r, '[')) {
        is_good = read_items(r, steps);
    } else if (take(r, '"')) {
        kind = OG_JSON_TEXT;
        is_good = read_string(r, &start, &n_bytes);
    } else if (*r->at == '-' || (*r->at >= '0' && *r->at <= '9')) {
        kind = OG_JSON_NUMBER;
        is_good = read_number(r);
    } else {
        is_good = read_word(r);
    }
    r->depth--;
    for (size_t i = 0; is_good && i < r->n_paths; i++)
        if (steps->left[i] && !*steps->left[i])
            r->found[i] = (struct og_json_value){
                kind, start, kind == OG_JSON_TEXT ? n_bytes : (size_t)(r->at - start)};
    return is_good;
}

int og_json_find_all(const char *text, size_t n_bytes, const char *const *paths, size_t n_paths,
                     struct og_json_value *out)
{
    struct reader r = {.at = text, .end = text + n_bytes, .found = out, .n_paths = n_paths};
    struct steps steps = {{NULL}};

    if (n_paths > OG_JSON_MAX_PATHS)
        return OG_JSON_E_TEXT;
    for (size_t i = 0; i < n_paths; i++) {
        steps.left[i] = paths[i];
        out[i] = (struct og_json_value){.kind = OG_JSON_NONE};
    }
    if (!read_value(&r, &steps))
        return OG_JSON_E_TEXT;
    skip_space(&r);
    return r.at == r.end ? 0 : OG_JSON_E_TEXT;
}

int og_json_find(const char *text, size_t n_bytes, const char *path, struct og_json_value *out)
{
    return og_json_find_all(text, n_bytes, &path, 1, out);
}

bool og_json_is_u64(const struct og_json_value *value, uint64_t *out)
{
    uint64_t number = 0;

    if (value->kind != OG_JSON_NUMBER)
        return false;
    for (size_t i = 0; i < value->n_bytes; i++) {
        char c = value->bytes[i];

        if (c < '0' || c > '9' || number > (UINT64_MAX - (uint64_t)(c - '0')) / 10)
            return false;
        number = number * 10 + (uint64_t)(c - '0');
    }
    *out = number;
    return true;
}

/* SPDX-License-Identifier: MIT */
#include "common/policy_parse.h"

#include <string.h>

#define MAX_TEXT_BYTES 65536u
#define MAX_WITHIN_S (30u * 86400u)
/* A set with this many mistakes is no policy; more messages help nobody. */
#define MAX_ERRORS 100u

void og_parse_error(struct og_parse *parse, const struct og_yaml_node *at, const char *format, ...)
{
    va_list args;

    if (++parse->n_errors > MAX_ERRORS)
        return;
    og_buf_printf(parse->errors, "%s:%u:%u: ", parse->file, (unsigned)at->line,
                  (unsigned)at->column);
    va_start(args, format);
    og_buf_vprintf(parse->errors, format, args);
    va_end(args);
    og_buf_append_char(parse->errors, '\n');
}

void og_parse_warn(struct og_parse *parse, size_t line, const char *format, ...)
{
    va_list args;

    og_buf_printf(parse->warnings, "%s:%zu:1: warning: ", parse->file, line);
    va_start(args, format);
    og_buf_vprintf(parse->warnings, format, args);
    va_end(args);
    og_buf_append_char(parse->warnings, '\n');
}

static void unknown_key(struct og_parse *parse, const struct og_yaml_node *key,
                        const struct og_parse_key *keys, size_t n_keys)
{
    char known[256];
    size_t n = 0;

    known[0] = '\0';
    for (size_t i = 0; i < n_keys; i++) {
        size_t n_word = strlen(keys[i].word);

        if (!keys[i].read || n + n_word + 3 > sizeof(known))
            continue;
        if (n) {
            memcpy(known + n, ", ", 2);
            n += 2;
        }
        memcpy(known + n, keys[i].word, n_word + 1);
        n += n_word;
    }
    og_parse_error(parse, key, "unknown key `%.64s`; known here: %s", key->text, known);
}

void og_parse_mapping(struct og_parse *parse, const struct og_yaml_node *node, const char *what,
                      const struct og_parse_key *keys, size_t n_keys, void *out)
{
    if (node->kind != OG_YAML_MAPPING) {
        og_parse_error(parse, node, "%s must be a mapping of keys to values, not a %s", what,
                       og_yaml_kind_word(node->kind));
        return;
    }
    for (size_t i = 0; i < node->n; i++) {
        const struct og_yaml_node *key = node->pairs[i].key;
        size_t k = 0;

        while (k < n_keys && strcmp(keys[k].word, key->text) != 0)
            k++;
        if (k == n_keys)
            unknown_key(parse, key, keys, n_keys);
        else if (!keys[k].read)
            og_parse_error(parse, key, "this build cannot enforce `%s`", keys[k].word);
        else
            keys[k].read(parse, node->pairs[i].value, out);
    }
    for (size_t k = 0; k < n_keys; k++) {
        if (keys[k].is_required && !og_yaml_get(node, keys[k].word))
            og_parse_error(parse, node, "%s needs the key `%s`", what, keys[k].word);
    }
}

static bool is_text(struct og_parse *parse, const struct og_yaml_node *node, const char *what)
{
    if (node->kind != OG_YAML_SCALAR)
        og_parse_error(parse, node, "%s must be a text, not a %s", what,
                       og_yaml_kind_word(node->kind));
    else if (og_yaml_is_null(node) || !node->text[0])
        og_parse_error(parse, node, "%s is empty", what);
    else if (strlen(node->text) > MAX_TEXT_BYTES)
        og_parse_error(parse, node, "%s is too long", what);
    else
        return true;
    return false;
}

const char *og_parse_text(struct og_parse *parse, const struct og_yaml_node *node,
                          const char *what)
{
    return is_text(parse, node, what) ? og_arena_strdup(parse->arena, node->text) : NULL;
}

bool og_parse_bool(struct og_parse *parse, const struct og_yaml_node *node, const char *what)
{
    bool value = false;

    if (!og_yaml_bool(node, &value))
        og_parse_error(parse, node, "%s must be yes or no", what);
    return value;
}

size_t og_parse_word(struct og_parse *parse, const struct og_yaml_node *node, const char *what,
                     const char *const *words, size_t n_words)
{
    struct og_buf known;
    size_t i = 0;

    if (!is_text(parse, node, what))
        return n_words;
    while (i < n_words && strcmp(words[i], node->text) != 0)
        i++;
    if (i < n_words)
        return i;
    og_buf_init(&known, 1024);
    for (size_t k = 0; k < n_words; k++)
        og_buf_printf(&known, "%s%s", k ? ", " : "", words[k]);
    og_parse_error(parse, node, "this build cannot enforce %s `%.64s`; known here: %s", what,
                   node->text, og_buf_str(&known));
    og_buf_release(&known);
    return n_words;
}

size_t og_parse_n_items(struct og_parse *parse, const struct og_yaml_node *node, const char *what)
{
    if (node->kind == OG_YAML_SCALAR)
        return 1;
    if (node->kind == OG_YAML_MAPPING)
        og_parse_error(parse, node, "%s must be a list, not a mapping", what);
    else if (node->n == 0)
        og_parse_error(parse, node, "%s is an empty list", what);
    else
        return node->n;
    return 0;
}

const struct og_yaml_node *og_parse_item(const struct og_yaml_node *node, size_t i)
{
    return node->kind == OG_YAML_SCALAR ? node : node->items[i];
}

const char *og_parse_principal(struct og_parse *parse, const struct og_yaml_node *node,
                               bool takes_glob)
{
    static const char *const prefixes[] = {"user:", "group:", "agent:", "act-for:",
                                           "uid:",  "exe:",   "cgroup:"};
    size_t i = 0, n = 0;

    if (!is_text(parse, node, "a principal"))
        return NULL;
    if (takes_glob && strcmp(node->text, "*") == 0)
        return og_arena_strdup(parse->arena, node->text);
    for (; i < OG_COUNT(prefixes); i++) {
        n = strlen(prefixes[i]);
        if (strncmp(node->text, prefixes[i], n) == 0)
            break;
    }
    if (i == OG_COUNT(prefixes) || !node->text[n]) {
        og_parse_error(parse, node, "principal `%.64s` is none of user: group: agent: act-for: "
                       "uid: exe: cgroup: with a name%s", node->text, takes_glob ? ", nor *" : "");
        return NULL;
    }
    if (strcmp(prefixes[i], "uid:") == 0 && node->text[n + strspn(node->text + n, "0123456789")]) {
        og_parse_error(parse, node, "`%.64s`: a uid is a number", node->text);
        return NULL;
    }
    if (!takes_glob && strchr(node->text, '*')) {
        og_parse_error(parse, node, "principal `%.64s` must be one name, without *", node->text);
        return NULL;
    }
    return og_arena_strdup(parse->arena, node->text);
}

/* One part of a name, from *at up to a dot or the end. Returns: an error's text, or NULL. */
static const char *read_part(struct og_arena *arena, const char **at, const char **part,
                             bool *is_quoted, bool *is_glob)
{
    const char *c = *at;
    char *text = og_arena_alloc(arena, strlen(c) + 1);
    size_t n = 0;

    if (!text)
        return "no memory";
    if (*c == '"') {
        *is_quoted = true;
        for (c++; *c && (*c != '"' || c[1] == '"'); c++) {
            if (*c == '"')
                c++;
            text[n++] = *c;
        }
        if (*c != '"')
            return "a quote is not closed";
        c++;
    } else {
        for (; *c && *c != '.'; c++) {
            if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                  (*c >= '0' && *c <= '9') || *c == '_' || *c == '$' || *c == '*' ||
                  ((unsigned char)*c & 0x80)))
                return "write names with other signs than letters, digits, _ and $ in double "
                       "quotes";
            *is_glob = *is_glob || *c == '*';
            text[n++] = *c;
        }
    }
    if (n == 0)
        return "a part is empty";
    if (*c && *c != '.')
        return "a dot must follow a quoted part";
    *part = text;
    *at = c;
    return NULL;
}

static void read_name(struct og_parse *parse, const struct og_yaml_node *node, const char *what,
                      size_t n_min, size_t n_max, struct og_name_pattern *name)
{
    const char *at, *problem = NULL;

    if (!is_text(parse, node, what))
        return;
    name->text = og_arena_strdup(parse->arena, node->text);
    name->line = node->line;
    for (at = node->text;; at++) {
        size_t i = name->n_parts;

        if (i == n_max) {
            og_parse_error(parse, node, "this build cannot enforce %s `%.128s` of more than %zu "
                           "parts", what, node->text, n_max);
            return;
        }
        problem = read_part(parse->arena, &at, &name->parts[i], &name->is_quoted[i],
                            &name->is_glob[i]);
        if (problem) {
            og_parse_error(parse, node, "%s `%.128s`: %s", what, node->text, problem);
            return;
        }
        name->n_parts++;
        if (!*at)
            break;
    }
    if (name->n_parts < n_min)
        og_parse_error(parse, node, "%s `%.128s` needs at least %zu parts, as in %s", what,
                       node->text, n_min, n_min == 2 && n_max == 3 ? "table.column" : "schema.name");
}

const struct og_name_pattern *og_parse_names(struct og_parse *parse,
                                             const struct og_yaml_node *node, const char *what,
                                             size_t n_min, size_t n_max, size_t *n_out)
{
    size_t n = og_parse_n_items(parse, node, what);
    struct og_name_pattern *names = og_arena_array(parse->arena, n, sizeof(*names));

    *n_out = 0;
    if (!names)
        return NULL;
    for (size_t i = 0; i < n; i++)
        read_name(parse, og_parse_item(node, i), what, n_min, n_max, &names[i]);
    *n_out = n;
    return names;
}

uint32_t og_parse_duration(struct og_parse *parse, const struct og_yaml_node *node)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    uint64_t value = 0;
    size_t n;

    if (!is_text(parse, node, "a duration"))
        return 0;
    n = strspn(node->text, "0123456789");
    if (n >= 1 && n <= 9 && node->text[n] && !node->text[n + 1]) {
        for (size_t i = 0; i < n; i++)
            value = value * 10 + (uint64_t)(node->text[i] - '0');
        for (size_t i = 0; i < OG_COUNT(units); i++) {
            if (units[i].unit == node->text[n] && value && value * units[i].seconds <= MAX_WITHIN_S)
                return (uint32_t)(value * units[i].seconds);
        }
    }
    og_parse_error(parse, node, "`%.64s` is no duration: write 90s, 30m or 2h, at most 30d",
                   node->text);
    return 0;
}

void og_parse_note_group(struct og_parse *parse, const char *name)
{
    const char **slot;

    if (!name || strncmp(name, "group:", 6) != 0 || strchr(name, '*'))
        return;
    slot = og_arena_push(parse->arena, &parse->groups, &parse->n_groups, &parse->max_groups,
                         sizeof(*slot));
    if (slot)
        *slot = name;
}

/* SPDX-License-Identifier: MIT */
#include "common/yaml_tree.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "common/limits.h"
#include "common/utf.h"

/* Keys of one mapping: duplicates are looked for by comparing each with each. */
#define MAX_KEYS 4096u

struct reader {
    yaml_parser_t parser;
    struct og_arena *arena;
    struct og_yaml_error *error;
};

static int read_node(struct reader *reader, yaml_event_t *event, unsigned depth,
                     struct og_yaml_node **out);

static uint32_t from_one(size_t value)
{
    return value < UINT32_MAX ? (uint32_t)value + 1 : UINT32_MAX;
}

static int fail(struct reader *reader, yaml_mark_t mark, const char *what)
{
    reader->error->line = from_one(mark.line);
    reader->error->column = from_one(mark.column);
    reader->error->what = what;
    return OG_YAML_E_INVALID;
}

static int next_event(struct reader *reader, yaml_event_t *event)
{
    yaml_parser_t *parser = &reader->parser;
    const char *what;

    if (yaml_parser_parse(parser, event))
        return 0;
    memset(event, 0, sizeof(*event));
    if (parser->error == YAML_MEMORY_ERROR)
        return -ENOMEM;
    what = og_arena_printf(reader->arena, "not YAML: %s",
                           parser->problem ? parser->problem : "cannot be read");
    if (!what)
        return -ENOMEM;
    return fail(reader, parser->error == YAML_READER_ERROR ? parser->mark : parser->problem_mark,
                what);
}

/* Terminal escapes and the like have no place in names, SQL of a test or texts for a person. */
static bool has_control(const char *text, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
            return true;
        if (c == 0xc2 && i + 1 < n_bytes && (unsigned char)text[i + 1] < 0xa0)
            return true; /* U+0080 to U+009F */
    }
    return false;
}

static int read_scalar(struct reader *reader, const yaml_event_t *event, struct og_yaml_node *node)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t n_bytes = event->data.scalar.length;

    if (event->data.scalar.anchor)
        return fail(reader, event->start_mark, "anchors (&name) are not allowed");
    if (event->data.scalar.tag)
        return fail(reader, event->start_mark, "tags (!name) are not allowed");
    if (has_control(value, n_bytes))
        return fail(reader, event->start_mark, "control characters are not allowed");
    if (og_utf8_valid_prefix(value, n_bytes) != n_bytes)
        return fail(reader, event->start_mark, "text is not valid UTF-8");
    node->kind = OG_YAML_SCALAR;
    node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = og_arena_strndup(reader->arena, value, n_bytes);
    return node->text ? 0 : -ENOMEM;
}

static int read_sequence(struct reader *reader, unsigned depth, struct og_yaml_node *node)
{
    size_t capacity = 0;

    node->kind = OG_YAML_SEQUENCE;
    for (;;) {
        yaml_event_t event;
        struct og_yaml_node *item = NULL;
        const struct og_yaml_node **slot;
        int result = next_event(reader, &event);

        if (result)
            return result;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return 0;
        }
        result = read_node(reader, &event, depth + 1, &item);
        if (result)
            return result;
        slot = og_arena_push(reader->arena, &node->items, &node->n, &capacity, sizeof(*slot));
        if (!slot)
            return -ENOMEM;
        *slot = item;
    }
}

static int check_key(struct reader *reader, const struct og_yaml_node *mapping,
                     const struct og_yaml_node *key, yaml_mark_t mark)
{
    const char *what;

    if (key->kind != OG_YAML_SCALAR)
        return fail(reader, mark, "a key must be a word");
    if (key->is_plain && strcmp(key->text, "<<") == 0)
        return fail(reader, mark, "merge keys (<<) are not allowed");
    if (mapping->n >= MAX_KEYS)
        return fail(reader, mark, "too many keys in one mapping");
    for (size_t i = 0; i < mapping->n; i++) {
        if (strcmp(mapping->pairs[i].key->text, key->text) != 0)
            continue;
        what = og_arena_printf(reader->arena, "duplicate key `%s`; it first stands in line %u",
                               key->text, (unsigned)mapping->pairs[i].key->line);
        return what ? fail(reader, mark, what) : -ENOMEM;
    }
    return 0;
}

static int read_mapping(struct reader *reader, unsigned depth, struct og_yaml_node *node)
{
    size_t capacity = 0;

    node->kind = OG_YAML_MAPPING;
    for (;;) {
        yaml_event_t event;
        yaml_mark_t mark;
        struct og_yaml_node *key = NULL, *value = NULL;
        struct og_yaml_pair *pair;
        int result = next_event(reader, &event);

        if (result)
            return result;
        mark = event.start_mark;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return 0;
        }
        result = read_node(reader, &event, depth + 1, &key);
        if (!result)
            result = check_key(reader, node, key, mark);
        if (!result)
            result = next_event(reader, &event);
        if (!result)
            result = read_node(reader, &event, depth + 1, &value);
        if (result)
            return result;
        pair = og_arena_push(reader->arena, &node->pairs, &node->n, &capacity, sizeof(*pair));
        if (!pair)
            return -ENOMEM;
        *pair = (struct og_yaml_pair){.key = key, .value = value};
    }
}

/* Reads the node that event begins; the event is deleted in any case. */
static int read_node(struct reader *reader, yaml_event_t *event, unsigned depth,
                     struct og_yaml_node **out)
{
    struct og_yaml_node *node = og_arena_alloc(reader->arena, sizeof(*node));
    int result = 0;

    if (!node) {
        yaml_event_delete(event);
        return -ENOMEM;
    }
    node->line = from_one(event->start_mark.line);
    node->column = from_one(event->start_mark.column);
    if (event->type == YAML_ALIAS_EVENT)
        result = fail(reader, event->start_mark, "aliases (*name) are not allowed");
    else if (depth > OG_MAX_YAML_DEPTH)
        result = fail(reader, event->start_mark, "nested too deeply");
    else if (event->type == YAML_SCALAR_EVENT)
        result = read_scalar(reader, event, node);
    else if (event->type == YAML_SEQUENCE_START_EVENT && event->data.sequence_start.anchor)
        result = fail(reader, event->start_mark, "anchors (&name) are not allowed");
    else if (event->type == YAML_SEQUENCE_START_EVENT && event->data.sequence_start.tag)
        result = fail(reader, event->start_mark, "tags (!name) are not allowed");
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        result = read_sequence(reader, depth, node);
    else if (event->type == YAML_MAPPING_START_EVENT && event->data.mapping_start.anchor)
        result = fail(reader, event->start_mark, "anchors (&name) are not allowed");
    else if (event->type == YAML_MAPPING_START_EVENT && event->data.mapping_start.tag)
        result = fail(reader, event->start_mark, "tags (!name) are not allowed");
    else if (event->type == YAML_MAPPING_START_EVENT)
        result = read_mapping(reader, depth, node);
    else
        result = fail(reader, event->start_mark, "a value is missing");
    yaml_event_delete(event);
    *out = node;
    return result;
}

/* Stream start, document start, the root, document end, stream end: nothing else. */
static int read_document(struct reader *reader, struct og_yaml_node **out)
{
    yaml_event_t event;
    yaml_mark_t mark;
    yaml_event_type_t type;
    bool has_directive;
    int result = next_event(reader, &event);

    if (result)
        return result;
    yaml_event_delete(&event);
    result = next_event(reader, &event);
    if (result)
        return result;
    mark = event.start_mark;
    type = event.type;
    has_directive = type == YAML_DOCUMENT_START_EVENT &&
                    (event.data.document_start.version_directive ||
                     event.data.document_start.tag_directives.start !=
                         event.data.document_start.tag_directives.end);
    yaml_event_delete(&event);
    if (type != YAML_DOCUMENT_START_EVENT)
        return fail(reader, mark, "the file is empty");
    if (has_directive)
        return fail(reader, mark, "directives (%YAML, %TAG) are not allowed");
    result = next_event(reader, &event);
    if (!result)
        result = read_node(reader, &event, 1, out);
    if (!result)
        result = next_event(reader, &event); /* the document's end */
    if (result)
        return result;
    yaml_event_delete(&event);
    result = next_event(reader, &event);
    if (result)
        return result;
    mark = event.start_mark;
    type = event.type;
    yaml_event_delete(&event);
    if (type != YAML_STREAM_END_EVENT)
        return fail(reader, mark, "more than one document in the file");
    return 0;
}

static void position_of(const char *bytes, size_t offset, yaml_mark_t *mark)
{
    *mark = (yaml_mark_t){0};
    for (size_t i = 0; i < offset; i++) {
        if (bytes[i] == '\n') {
            mark->line++;
            mark->column = 0;
        } else if (((unsigned char)bytes[i] & 0xc0) != 0x80) {
            mark->column++;
        }
    }
}

int og_yaml_read(struct og_arena *arena, const char *bytes, size_t n_bytes,
                 const struct og_yaml_node **out, struct og_yaml_error *error)
{
    struct reader reader = {.arena = arena, .error = error};
    struct og_yaml_node *root = NULL;
    yaml_mark_t mark = {0};
    size_t n_valid;
    int result;

    *out = NULL;
    *error = (struct og_yaml_error){.line = 1, .column = 1, .what = ""};
    if (n_bytes > OG_MAX_POLICY_BYTES)
        return fail(&reader, mark, "the file is too large");
    n_valid = og_utf8_valid_prefix(bytes, n_bytes);
    if (n_valid != n_bytes) {
        position_of(bytes, n_valid, &mark);
        return fail(&reader, mark, "text is not valid UTF-8");
    }
    if (!yaml_parser_initialize(&reader.parser))
        return -ENOMEM;
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)bytes, n_bytes);
    result = read_document(&reader, &root);
    yaml_parser_delete(&reader.parser);
    if (result == 0)
        *out = root;
    return result;
}

const struct og_yaml_node *og_yaml_get(const struct og_yaml_node *mapping, const char *key)
{
    if (!mapping || mapping->kind != OG_YAML_MAPPING)
        return NULL;
    for (size_t i = 0; i < mapping->n; i++) {
        if (strcmp(mapping->pairs[i].key->text, key) == 0)
            return mapping->pairs[i].value;
    }
    return NULL;
}

bool og_yaml_bool(const struct og_yaml_node *node, bool *out)
{
    if (!node || node->kind != OG_YAML_SCALAR || !node->is_plain)
        return false;
    *out = strcasecmp(node->text, "yes") == 0 || strcasecmp(node->text, "true") == 0;
    return *out || strcasecmp(node->text, "no") == 0 || strcasecmp(node->text, "false") == 0;
}

bool og_yaml_number(const struct og_yaml_node *node, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (!node || node->kind != OG_YAML_SCALAR || !node->is_plain || !node->text[0])
        return false;
    /* 010 is eight in YAML 1.1 and ten elsewhere: neither is taken. */
    if (node->text[0] == '0' && node->text[1])
        return false;
    for (const char *c = node->text; *c; c++) {
        if (*c < '0' || *c > '9' || __builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
            return false;
    }
    *out = value;
    return value <= max;
}

bool og_yaml_is_null(const struct og_yaml_node *node)
{
    return node->kind == OG_YAML_SCALAR && node->is_plain &&
           (!node->text[0] || strcmp(node->text, "~") == 0 ||
            strcasecmp(node->text, "null") == 0);
}

const char *og_yaml_kind_word(enum og_yaml_kind kind)
{
    return kind == OG_YAML_SCALAR ? "text" : kind == OG_YAML_SEQUENCE ? "list" : "mapping";
}

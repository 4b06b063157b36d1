/* SPDX-License-Identifier: MIT */
#include "common/proto.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "common/utf.h"

/* Type bytes on the wire: an interface, never renumbered. */
enum field_type {
    FIELD_NONE = 0,
    FIELD_U32 = 1,
    FIELD_U64 = 2,
    FIELD_STR = 3,
    FIELD_LIST = 4,
    FIELD_BYTES = 5
};

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
};

struct message {
    const char *word;
    const char *sender;
    const char *text;
    const struct field *fields;
    size_t n_fields;
};

#define FIELD_ROW(kind, message_name, field_name) \
    {#field_name, kind, offsetof(struct og_msg_##message_name, field_name)},

/* The field macros take only the field's name, so the message's name comes from this alias. */
#define ROWS(NAME, name)                                                              \
    static const struct field name##_fields[] = {OG_MSG_##NAME##_FIELDS(              \
        name##_U32, name##_U64, name##_STR, name##_LIST, name##_BYTES)};
#define hello_U32(f) FIELD_ROW(FIELD_U32, hello, f)
#define hello_STR(f) FIELD_ROW(FIELD_STR, hello, f)
#define welcome_U32(f) FIELD_ROW(FIELD_U32, welcome, f)
#define welcome_U64(f) FIELD_ROW(FIELD_U64, welcome, f)
#define welcome_STR(f) FIELD_ROW(FIELD_STR, welcome, f)
#define welcome_LIST(f) FIELD_ROW(FIELD_LIST, welcome, f)
#define refused_U32(f) FIELD_ROW(FIELD_U32, refused, f)
#define refused_STR(f) FIELD_ROW(FIELD_STR, refused, f)
#define policy_get_U64(f) FIELD_ROW(FIELD_U64, policy_get, f)
#define policy_U32(f) FIELD_ROW(FIELD_U32, policy, f)
#define policy_U64(f) FIELD_ROW(FIELD_U64, policy, f)
#define policy_STR(f) FIELD_ROW(FIELD_STR, policy, f)
#define policy_BYTES(f) FIELD_ROW(FIELD_BYTES, policy, f)
#define event_U64(f) FIELD_ROW(FIELD_U64, event, f)
#define event_STR(f) FIELD_ROW(FIELD_STR, event, f)
#define intent_U32(f) FIELD_ROW(FIELD_U32, intent, f)
#define intent_U64(f) FIELD_ROW(FIELD_U64, intent, f)
#define intent_STR(f) FIELD_ROW(FIELD_STR, intent, f)
#define intent_LIST(f) FIELD_ROW(FIELD_LIST, intent, f)
#define intent_BYTES(f) FIELD_ROW(FIELD_BYTES, intent, f)
#define ack_U64(f) FIELD_ROW(FIELD_U64, ack, f)
#define ack_STR(f) FIELD_ROW(FIELD_STR, ack, f)
#define outcome_U32(f) FIELD_ROW(FIELD_U32, outcome, f)
#define outcome_U64(f) FIELD_ROW(FIELD_U64, outcome, f)
#define outcome_STR(f) FIELD_ROW(FIELD_STR, outcome, f)
#define outcome_LIST(f) FIELD_ROW(FIELD_LIST, outcome, f)
#define request_U32(f) FIELD_ROW(FIELD_U32, request, f)
#define request_U64(f) FIELD_ROW(FIELD_U64, request, f)
#define request_STR(f) FIELD_ROW(FIELD_STR, request, f)
#define request_LIST(f) FIELD_ROW(FIELD_LIST, request, f)
#define request_BYTES(f) FIELD_ROW(FIELD_BYTES, request, f)
#define requested_U32(f) FIELD_ROW(FIELD_U32, requested, f)
#define requested_LIST(f) FIELD_ROW(FIELD_LIST, requested, f)
#define requested_U64(f) FIELD_ROW(FIELD_U64, requested, f)
#define requested_STR(f) FIELD_ROW(FIELD_STR, requested, f)
#define wait_U32(f) FIELD_ROW(FIELD_U32, wait, f)
#define wait_STR(f) FIELD_ROW(FIELD_STR, wait, f)
#define block_get_U32(f) FIELD_ROW(FIELD_U32, block_get, f)
#define block_U64(f) FIELD_ROW(FIELD_U64, block, f)
#define note_U32(f) FIELD_ROW(FIELD_U32, note, f)
#define note_STR(f) FIELD_ROW(FIELD_STR, note, f)
#define file_get_U64(f) FIELD_ROW(FIELD_U64, file_get, f)
#define file_get_STR(f) FIELD_ROW(FIELD_STR, file_get, f)
#define file_U32(f) FIELD_ROW(FIELD_U32, file, f)
#define file_U64(f) FIELD_ROW(FIELD_U64, file, f)
#define file_STR(f) FIELD_ROW(FIELD_STR, file, f)
#define file_BYTES(f) FIELD_ROW(FIELD_BYTES, file, f)
#define file_LIST(f) FIELD_ROW(FIELD_LIST, file, f)
#define file_put_STR(f) FIELD_ROW(FIELD_STR, file_put, f)
#define file_put_BYTES(f) FIELD_ROW(FIELD_BYTES, file_put, f)
#define bye_STR(f) FIELD_ROW(FIELD_STR, bye, f)
#define broker_U32(f) FIELD_ROW(FIELD_U32, broker, f)
#define broker_STR(f) FIELD_ROW(FIELD_STR, broker, f)
#define brokered_U32(f) FIELD_ROW(FIELD_U32, brokered, f)
#define brokered_STR(f) FIELD_ROW(FIELD_STR, brokered, f)
#define undo_put_STR(f) FIELD_ROW(FIELD_STR, undo_put, f)
#define undo_put_U32(f) FIELD_ROW(FIELD_U32, undo_put, f)
#define undo_put_U64(f) FIELD_ROW(FIELD_U64, undo_put, f)
#define undo_put_LIST(f) FIELD_ROW(FIELD_LIST, undo_put, f)
#define undo_put_BYTES(f) FIELD_ROW(FIELD_BYTES, undo_put, f)
#define undo_kept_STR(f) FIELD_ROW(FIELD_STR, undo_kept, f)
#define undo_end_STR(f) FIELD_ROW(FIELD_STR, undo_end, f)
#define undo_end_BYTES(f) FIELD_ROW(FIELD_BYTES, undo_end, f)
#define undo_get_STR(f) FIELD_ROW(FIELD_STR, undo_get, f)
#define undo_get_U64(f) FIELD_ROW(FIELD_U64, undo_get, f)
#define undo_part_STR(f) FIELD_ROW(FIELD_STR, undo_part, f)
#define undo_part_U64(f) FIELD_ROW(FIELD_U64, undo_part, f)
#define undo_part_BYTES(f) FIELD_ROW(FIELD_BYTES, undo_part, f)

#define MSG(NAME, name, number, sender, text) ROWS(NAME, name)
#include "common/msg.tbl.h"
#undef MSG

static const struct message messages[] = {
#define MSG(NAME, name, number, sender, text) \
    [number] = {#name, sender, text, name##_fields, OG_COUNT(name##_fields)},
#include "common/msg.tbl.h"
#undef MSG
};

#define HEADER_BYTES 10u

static char *store_u32(char *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof(value));
    return at + sizeof(value);
}

static char *store_u64(char *at, uint64_t value)
{
    value = htole64(value);
    memcpy(at, &value, sizeof(value));
    return at + sizeof(value);
}

/* The length of what follows, and room for that. The type byte goes before where there is one. */
static bool put_span(struct og_buf *out, enum field_type type, const void *bytes, size_t n_bytes)
{
    char *at;

    if (n_bytes > OG_MAX_FIELD_BYTES)
        return false;
    at = og_buf_extend(out, (type ? 5u : 4u) + n_bytes);
    if (!at)
        return true; /* the failure sticks in the buffer */
    if (type)
        *at++ = (char)type;
    at = store_u32(at, (uint32_t)n_bytes);
    if (n_bytes)
        memcpy(at, bytes, n_bytes);
    return true;
}

static bool put_text(struct og_buf *out, enum field_type type, const char *text)
{
    return put_span(out, type, text, text ? strlen(text) : 0);
}

static bool put_list(struct og_buf *out, const struct og_list *list)
{
    char *at;

    if (list->n_items > OG_MAX_LIST_ITEMS)
        return false;
    at = og_buf_extend(out, 5);
    if (at) {
        *at = (char)FIELD_LIST;
        store_u32(at + 1, (uint32_t)list->n_items);
    }
    for (size_t i = 0; i < list->n_items; i++)
        if (!put_text(out, FIELD_NONE, list->items[i]))
            return false;
    return true;
}

static bool put_number(struct og_buf *out, enum field_type type, const void *number)
{
    char *at = og_buf_extend(out, type == FIELD_U32 ? 5 : 9);

    if (!at)
        return true;
    *at++ = (char)type;
    if (type == FIELD_U32)
        (void)store_u32(at, *(const uint32_t *)number);
    else
        (void)store_u64(at, *(const uint64_t *)number);
    return true;
}

static bool put_field(struct og_buf *out, const struct field *field, const char *body)
{
    const void *at = body + field->offset;
    const struct og_bytes *bytes = at;

    switch (field->type) {
    case FIELD_U32:
    case FIELD_U64:
        return put_number(out, field->type, at);
    case FIELD_STR:
        return put_text(out, FIELD_STR, *(const char *const *)at);
    case FIELD_LIST:
        return put_list(out, at);
    case FIELD_BYTES:
        return put_span(out, FIELD_BYTES, bytes->bytes, bytes->n_bytes);
    case FIELD_NONE:
        break;
    }
    return false;
}

static void put_header(struct og_buf *out, enum og_msg_kind kind, uint32_t correlation, size_t n_fields)
{
    char *at = og_buf_extend(out, HEADER_BYTES);

    if (!at)
        return;
    *at++ = 'O';
    *at++ = 'G';
    *at++ = (char)OG_PROTO_VERSION;
    *at++ = (char)kind;
    at = store_u32(at, correlation);
    *at++ = (char)(n_fields & 0xFF);
    *at = (char)(n_fields >> 8);
}

static void cut_back(struct og_buf *out, size_t n_bytes)
{
    out->n_bytes = n_bytes;
    out->is_failed = false;
    if (out->bytes)
        out->bytes[n_bytes] = '\0';
}

int og_proto_encode(enum og_msg_kind kind, uint32_t correlation, const void *body,
                    struct og_buf *out)
{
    const struct message *message;
    size_t n_before = out->n_bytes;
    bool is_fitting = true;

    if ((size_t)kind >= OG_COUNT(messages) || !messages[kind].word)
        return OG_PROTO_E_FRAME;
    message = &messages[kind];
    put_header(out, kind, correlation, message->n_fields);
    for (size_t i = 0; i < message->n_fields && is_fitting; i++)
        is_fitting = put_field(out, &message->fields[i], body);
    if (!is_fitting || og_buf_is_failed(out) || out->n_bytes - n_before > OG_MAX_FRAME_BYTES) {
        cut_back(out, n_before);
        return OG_PROTO_E_FRAME;
    }
    return 0;
}

/* A reader over one frame: every get checks what is left, a failure sticks. */
struct reader {
    const unsigned char *at;
    size_t n_left;
    struct og_arena *arena;
    bool is_bad;
};

static uint64_t get_le(struct reader *r, size_t n_bytes)
{
    uint64_t value = 0;

    if (r->is_bad || r->n_left < n_bytes) {
        r->is_bad = true;
        return 0;
    }
    for (size_t i = 0; i < n_bytes; i++)
        value |= (uint64_t)r->at[i] << (8 * i);
    r->at += n_bytes;
    r->n_left -= n_bytes;
    return value;
}

static const unsigned char *get_span(struct reader *r, size_t *out_n_bytes)
{
    size_t n_bytes = (size_t)get_le(r, 4);
    const unsigned char *at = r->at;

    *out_n_bytes = 0;
    if (r->is_bad || n_bytes > OG_MAX_FIELD_BYTES || n_bytes > r->n_left) {
        r->is_bad = true;
        return NULL;
    }
    r->at += n_bytes;
    r->n_left -= n_bytes;
    *out_n_bytes = n_bytes;
    return at;
}

static const char *get_text(struct reader *r)
{
    size_t n_bytes;
    const unsigned char *at = get_span(r, &n_bytes);
    const char *text;

    if (!at || memchr(at, 0, n_bytes) ||
        og_utf8_valid_prefix((const char *)at, n_bytes) != n_bytes) {
        r->is_bad = true;
        return "";
    }
    text = og_arena_strndup(r->arena, (const char *)at, n_bytes);
    return text ? text : "";
}

static void get_list(struct reader *r, struct og_list *out)
{
    size_t n_items = (size_t)get_le(r, 4);
    const char **items;

    /* Each item takes four bytes at least: a count beyond that lies. */
    if (r->is_bad || n_items > OG_MAX_LIST_ITEMS || n_items > r->n_left / 4) {
        r->is_bad = true;
        return;
    }
    items = og_arena_array(r->arena, n_items + 1, sizeof(*items));
    if (!items)
        return;
    for (size_t i = 0; i < n_items; i++)
        items[i] = get_text(r);
    *out = (struct og_list){.items = items, .n_items = n_items};
}

static void get_bytes(struct reader *r, struct og_bytes *out)
{
    size_t n_bytes;
    const unsigned char *at = get_span(r, &n_bytes);
    char *copy = at ? og_arena_strndup(r->arena, (const char *)at, n_bytes) : NULL;

    if (copy)
        *out = (struct og_bytes){.bytes = (const uint8_t *)copy, .n_bytes = n_bytes};
}

/* Reads one field of the type on the wire into at, or over it when at is NULL. */
static void get_field(struct reader *r, enum field_type type, char *at)
{
    union {
        uint32_t u32;
        uint64_t u64;
        const char *str;
        struct og_list list;
        struct og_bytes bytes;
    } value = {.u64 = 0};
    size_t size = 0;

    switch (type) {
    case FIELD_U32:
        value.u32 = (uint32_t)get_le(r, 4);
        size = sizeof(value.u32);
        break;
    case FIELD_U64:
        value.u64 = get_le(r, 8);
        size = sizeof(value.u64);
        break;
    case FIELD_STR:
        value.str = get_text(r);
        size = sizeof(value.str);
        break;
    case FIELD_LIST:
        get_list(r, &value.list);
        size = sizeof(value.list);
        break;
    case FIELD_BYTES:
        get_bytes(r, &value.bytes);
        size = sizeof(value.bytes);
        break;
    default:
        r->is_bad = true;
    }
    if (at && !r->is_bad)
        memcpy(at, &value, size);
}

/* Text fields that were not sent must still read as "". */
static void fill_missing(const struct message *message, size_t n_known, char *body)
{
    static const char *const empty = "";

    for (size_t i = n_known; i < message->n_fields; i++)
        if (message->fields[i].type == FIELD_STR)
            memcpy(body + message->fields[i].offset, &empty, sizeof(empty));
}

int og_proto_decode(const void *frame, size_t n_bytes, struct og_arena *arena, struct og_msg *out)
{
    struct reader r = {.at = frame, .n_left = n_bytes, .arena = arena};
    const struct message *message;
    size_t n_fields, number;
    char *body = (char *)&out->as;

    memset(out, 0, sizeof(*out));
    if (n_bytes < HEADER_BYTES || n_bytes > OG_MAX_FRAME_BYTES || memcmp(frame, "OG", 2) != 0)
        return OG_PROTO_E_FRAME;
    (void)get_le(&r, 2);
    out->version = (uint8_t)get_le(&r, 1);
    number = (size_t)get_le(&r, 1);
    out->correlation = (uint32_t)get_le(&r, 4);
    n_fields = (size_t)get_le(&r, 2);
    if (number >= OG_COUNT(messages) || !messages[number].word)
        return OG_PROTO_E_FRAME;
    message = &messages[number];
    fill_missing(message, 0, body);
    for (size_t i = 0; i < n_fields && !r.is_bad; i++) {
        enum field_type type = (enum field_type)get_le(&r, 1);

        if (i >= message->n_fields)
            get_field(&r, type, NULL);
        else if (type == message->fields[i].type)
            get_field(&r, type, body + message->fields[i].offset);
        else
            r.is_bad = true;
    }
    if (og_arena_is_failed(arena))
        return -ENOMEM;
    if (r.is_bad || r.n_left)
        return OG_PROTO_E_FRAME;
    out->kind = (enum og_msg_kind)number;
    return 0;
}

const char *og_msg_word(enum og_msg_kind kind)
{
    if ((size_t)kind >= OG_COUNT(messages) || !messages[kind].word)
        return "unknown";
    return messages[kind].word;
}

void og_proto_describe(struct og_buf *out)
{
    static const char *const types[] = {"", "u32", "u64", "text", "list of text", "bytes"};

    for (size_t i = 1; i < OG_COUNT(messages); i++) {
        const struct message *message = &messages[i];

        if (!message->word)
            continue;
        og_buf_printf(out, "\n### %zu %s\n%s: %s.\n\n| field | type |\n|---|---|\n", i,
                      message->word, message->sender, message->text);
        for (size_t f = 0; f < message->n_fields; f++)
            og_buf_printf(out, "| %s | %s |\n", message->fields[f].name,
                          types[message->fields[f].type]);
    }
}

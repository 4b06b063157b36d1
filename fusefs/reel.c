/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/reel.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "fusefs/json.h"

#define MAX_REEL_BYTES (256u * 1024u * 1024u)
#define WIDTH 100
#define HEIGHT 30

struct og_reel {
    struct og_arena arena;
    const char *session;
    struct og_reel_event *events;
    size_t n_events, max_events;
    bool is_cut;
};

struct og_reel *og_reel_new(const char *session)
{
    struct og_reel *reel = calloc(1, sizeof(*reel));

    if (!reel)
        return NULL;
    og_arena_init(&reel->arena, MAX_REEL_BYTES);
    if (session) {
        reel->session = og_arena_strdup(&reel->arena, session);
        if (!reel->session)
            return og_reel_free(reel);
    }
    return reel;
}

struct og_reel *og_reel_free(struct og_reel *reel)
{
    if (reel)
        og_arena_release(&reel->arena);
    free(reel);
    return NULL;
}

/* ---- records to events ---- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value ? value : "";
}

static json_int_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

struct record {
    const json_t *whole, *guard;
};

/* What a terminal would obey is shown instead; lines stay lines. */
static void put_safe(struct og_buf *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '\n')
            og_buf_append_char(out, '\n');
        else if (c == '\t')
            og_buf_append_char(out, ' ');
        else if (c < 0x20 || c == 0x7f)
            og_buf_printf(out, "\\x%02x", c);
        else if (c == 0xc2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] < 0xa0) {
            og_buf_printf(out, "\\u%04x", (unsigned)(unsigned char)text[1]);
            text++;
        } else
            og_buf_append_char(out, *text);
    }
}

static void put_pair(struct og_buf *out, const char *before, const char *text)
{
    if (!*text)
        return;
    og_buf_append_str(out, before);
    put_safe(out, text);
}

static void add_event(struct og_reel *reel, const struct record *record, char colour,
                      struct og_buf *text)
{
    struct og_reel_event *event;

    if (reel->n_events >= OG_REEL_MAX_EVENTS || og_buf_is_failed(text)) {
        reel->is_cut = true;
        return;
    }
    event = og_arena_push(&reel->arena, &reel->events, &reel->n_events, &reel->max_events,
                          sizeof(*event));
    if (!event) {
        reel->is_cut = true;
        return;
    }
    *event = (struct og_reel_event){
        .unix_ms = (int64_t)number_of(record->whole, "time"),
        .text = og_arena_strdup(&reel->arena, og_buf_str(text)),
        .colour = colour,
        .sequence = (uint64_t)number_of(json_object_get(record->whole, "metadata"), "sequence"),
    };
    if (!event->text)
        event->text = "";
}

static void put_masked(struct og_buf *out, const json_t *guard)
{
    const json_t *item;
    size_t i;

    json_array_foreach(json_object_get(guard, "masked_columns"), i, item) {
        og_buf_append_str(out, i ? ", " : "; masked: ");
        put_safe(out, json_is_string(item) ? json_string_value(item) : "");
    }
}

static void take_intent(struct og_reel *reel, const struct record *record, struct og_buf *text)
{
    const char *sql = text_of(json_object_get(record->whole, "query_info"), "query_string");
    const char *verdict = text_of(record->guard, "verdict");
    bool is_denied = json_is_true(json_object_get(record->guard, "is_denied"));
    bool is_rehearsal = json_is_true(json_object_get(record->guard, "is_rehearsal"));
    bool waits = is_denied && strcmp(verdict, "approve") == 0;

    if (!*sql) /* no text is kept of what has none or was not understood */
        sql = text_of(json_object_get(record->whole, "unmapped"), "db.query.summary");
    put_pair(text, "> ", *sql ? sql : "(a statement that was not understood)");
    add_event(reel, record, 'b', text);
    og_buf_clear(text);
    og_buf_append_str(text, waits          ? "  waits for an approval"
                            : is_denied    ? "  denied"
                            : is_rehearsal ? "  rehearsed, to be taken back, for an approval"
                                           : "  allowed");
    if (*text_of(record->guard, "rule"))
        og_buf_printf(text, " by ");
    put_pair(text, "", text_of(record->guard, "policy"));
    put_pair(text, "/", text_of(record->guard, "rule"));
    put_pair(text, ": ", is_denied ? text_of(record->guard, "reason") : "");
    put_pair(text, ", grant ", text_of(record->guard, "grant"));
    put_masked(text, record->guard);
    add_event(reel, record, waits ? 'y' : is_denied ? 'r' : 'g', text);
}

static void take_outcome(struct og_reel *reel, const struct record *record, struct og_buf *text)
{
    bool is_error = json_is_true(json_object_get(record->guard, "is_error"));
    json_int_t cells = number_of(record->guard, "masked_cells"), rows = number_of(record->guard, "rows");

    if (is_error)
        og_buf_printf(text, "  failed");
    else
        og_buf_printf(text, "  %lld row%s", (long long)rows, rows == 1 ? "" : "s");
    if (cells)
        og_buf_printf(text, ", %lld cell%s masked", (long long)cells, cells == 1 ? "" : "s");
    og_buf_printf(text, ", %.1f ms", (double)number_of(record->guard, "duration_us") / 1000.0);
    put_pair(text, ", SQLSTATE ", is_error ? text_of(record->whole, "status_code") : "");
    add_event(reel, record, is_error ? 'r' : 0, text);
}

static void take_other(struct og_reel *reel, const struct record *record, const char *kind,
                       struct og_buf *text)
{
    og_buf_printf(text, "-- ");
    put_safe(text, kind);
    put_pair(text, " ", text_of(record->guard, "what"));
    put_pair(text, ": ", text_of(record->whole, "message"));
    if (strcmp(text_of(record->guard, "what"), "open") == 0) {
        put_pair(text, "; ", text_of(record->guard, "principal"));
        put_pair(text, " by ", text_of(record->guard, "evidence"));
        put_pair(text, " on ", text_of(record->guard, "target"));
    }
    add_event(reel, record, 0, text);
}

void og_reel_take(struct og_reel *reel, const char *line, size_t n_bytes)
{
    json_t *whole = json_loadb(line, n_bytes, 0, NULL);
    const json_t *actor = json_object_get(whole, "actor");
    struct record record = {
        .whole = whole,
        .guard = json_object_get(json_object_get(whole, "unmapped"), "guard"),
    };
    const char *kind = text_of(record.guard, "record");
    struct og_buf text;

    if (!record.guard ||
        (reel->session &&
         strcmp(text_of(json_object_get(actor, "session"), "uid"), reel->session) != 0)) {
        json_decref(whole);
        return;
    }
    og_buf_init(&text, 1024u * 1024u);
    if (strcmp(kind, "intent") == 0)
        take_intent(reel, &record, &text);
    else if (strcmp(kind, "outcome") == 0)
        take_outcome(reel, &record, &text);
    else
        take_other(reel, &record, kind, &text);
    og_buf_release(&text);
    json_decref(whole);
}

const struct og_reel_event *og_reel_events(const struct og_reel *reel, size_t *n_out)
{
    *n_out = reel->n_events;
    return reel->events;
}

bool og_reel_is_cut(const struct og_reel *reel)
{
    return reel->is_cut || og_arena_is_failed(&reel->arena);
}

/* ---- asciicast ---- */

static const char *escape_of(char colour)
{
    switch (colour) {
    case 'r':
        return "\033[31m";
    case 'g':
        return "\033[32m";
    case 'y':
        return "\033[33m";
    case 'b':
        return "\033[1m";
    default:
        return "";
    }
}

static void put_header(const struct og_reel *reel, struct og_buf *out)
{
    struct og_json json;
    char title[128];

    (void)snprintf(title, sizeof(title), "odbcguard session %s",
                   reel->session ? reel->session : "");
    og_json_init(&json, out);
    og_json_open(&json, NULL, '{');
    og_json_number(&json, "version", 2);
    og_json_number(&json, "width", WIDTH);
    og_json_number(&json, "height", HEIGHT);
    if (reel->n_events)
        og_json_integer(&json, "timestamp", reel->events[0].unix_ms / 1000);
    og_json_text(&json, "title", title);
    og_json_close(&json, '}');
    og_buf_append_char(out, '\n');
}

static void put_event(const struct og_reel_event *event, double at_s, struct og_buf *line,
                      struct og_buf *out)
{
    og_buf_clear(line);
    og_buf_append_str(line, escape_of(event->colour));
    for (const char *c = event->text; *c; c++)
        og_buf_append_str(line, *c == '\n' ? "\r\n  " : (char[2]){*c, '\0'});
    og_buf_append_str(line, event->colour ? "\033[0m\r\n" : "\r\n");
    /* A statement is a marker: players jump from one to the next. */
    if (event->colour == 'b')
        og_buf_printf(out, "[%.3f, \"m\", \"%" PRIu64 "\"]\n", at_s, event->sequence);
    og_buf_printf(out, "[%.3f, \"o\", ", at_s);
    og_json_quote(out, og_buf_str(line), line->n_bytes);
    og_buf_append_str(out, "]\n");
}

int og_reel_cast(const struct og_reel *reel, unsigned idle_s, struct og_buf *out)
{
    struct og_buf line;
    double at_s = 0;

    og_buf_init(&line, 2u * 1024u * 1024u);
    put_header(reel, out);
    for (size_t i = 0; i < reel->n_events; i++) {
        double pause = i ? (double)(reel->events[i].unix_ms - reel->events[i - 1].unix_ms) / 1000.0
                         : 0;

        at_s += pause < 0 ? 0 : pause > idle_s ? idle_s : pause;
        put_event(&reel->events[i], at_s, &line, out);
    }
    og_buf_release(&line);
    return og_buf_is_failed(out) || og_reel_is_cut(reel) ? -ENOMEM : 0;
}

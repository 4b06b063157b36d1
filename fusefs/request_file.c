/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/request_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/limits.h"

static const char decision_line[] = "\ndecision: ";

/* ---- writing ---- */

/* Control characters and the ones that turn text round are never shown raw. */
static bool is_hidden(uint32_t c)
{
    return c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* Decodes one code point of valid UTF-8. */
static uint32_t decode(const char *text, size_t *n_bytes)
{
    const unsigned char *p = (const unsigned char *)text;

    *n_bytes = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (*n_bytes == 1)
        return p[0];
    if (*n_bytes == 2)
        return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    if (*n_bytes == 3)
        return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
}

/* One line of text; line feeds become the separator given. */
static void put_escaped(struct og_buf *out, const char *text, const char *for_line_feed,
                        bool is_quoted)
{
    for (size_t n; *text; text += n) {
        uint32_t c = decode(text, &n);

        if (c == '\n' && for_line_feed)
            og_buf_append_str(out, for_line_feed);
        else if (is_hidden(c))
            og_buf_printf(out, "\\u%04x", c);
        else if (is_quoted && (c == '"' || c == '\\'))
            og_buf_printf(out, "\\%c", (char)c);
        else
            og_buf_append(out, text, n);
    }
}

/* key: "value" on one line. */
static void put_value(struct og_buf *out, const char *key, const char *value)
{
    og_buf_printf(out, "%s: \"", key);
    put_escaped(out, value, "\\n", true);
    og_buf_append_str(out, "\"\n");
}

static void put_list(struct og_buf *out, const char *key, const struct og_list *list)
{
    if (!list->n_items)
        return;
    og_buf_printf(out, "%s:\n", key);
    for (size_t i = 0; i < list->n_items; i++) {
        og_buf_append_str(out, "  - \"");
        put_escaped(out, list->items[i], "\\n", true);
        og_buf_append_str(out, "\"\n");
    }
}

static void put_block(struct og_buf *out, const char *key, const char *text)
{
    og_buf_printf(out, "%s: |2\n  ", key);
    put_escaped(out, text, "\n  ", false);
    og_buf_append_char(out, '\n');
}

static void put_time(struct og_buf *out, const char *key, int64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;
    char text[32];

    (void)gmtime_r(&seconds, &tm);
    (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    og_buf_printf(out, "%s: %s\n", key, text);
}

static void put_hex(struct og_buf *out, const char *key, const struct og_bytes *bytes)
{
    og_buf_printf(out, "%s: ", key);
    for (size_t i = 0; i < bytes->n_bytes; i++)
        og_buf_printf(out, "%02x", bytes->bytes[i]);
    og_buf_append_char(out, '\n');
}

static void put_needs(struct og_buf *out, const struct og_request *request)
{
    og_buf_append_str(out, "rules:\n");
    for (size_t i = 0; i < request->n_needs; i++) {
        const struct og_request_need *need = &request->needs[i];

        og_buf_printf(out, "  - {rule: %s/%s, group: %s, persons: %u}\n", need->policy, need->rule,
                      need->group, need->count);
    }
}

static void put_window(struct og_buf *out, const struct og_request *request)
{
    char when[OG_TIME_WINDOW_BYTES];

    if (!request->window)
        return;
    og_time_window_text(request->window, when);
    put_value(out, "runs-only", when);
}

void og_request_file_write(const struct og_request *request, const struct og_session *session,
                           const struct og_msg_request *message, struct og_buf *out)
{
    og_buf_append_str(out,
                      "---\n"
                      "# Change the last lines: decision is approve or deny; a denial needs a reason. "
                      "For more than\n"
                      "# one execution add lines above the end mark: for: 2h, uses: 10, "
                      "rows: \"<= 50\", parameters: any.\n"
                      "# The statement may be changed, too: that makes a new revision, to be measured "
                      "and confirmed.\n"
                      "# The file counts when it is saved with its end mark.\n");
    og_buf_printf(out, "request: %s\nrevision: %u\n", request->id, request->revision);
    put_time(out, "created", request->created_ms);
    put_time(out, "expires", request->expires_ms);
    put_value(out, "requester", request->requester_display);
    og_buf_printf(out, "uid: %u\nevidence: %s\nsession: %s\n", session->peer.uid,
                  session->who.evidence, session->id);
    put_value(out, "process", session->peer.cmd_line);
    if (session->who.app && *session->who.app)
        put_value(out, "app-asserted", session->who.app);
    if (session->who.purpose && *session->who.purpose)
        put_value(out, "purpose-asserted", session->who.purpose);
    if (session->who.ticket && *session->who.ticket)
        put_value(out, "ticket-asserted", session->who.ticket);
    put_value(out, "target", request->target);
    put_value(out, "reason-asked", message->reason);
    put_needs(out, request);
    put_window(out, request);
    if (request->asked_before)
        put_value(out, "asked-before", request->asked_before);
    og_buf_printf(out, "reported-by: %s\n", *message->reported_by ? message->reported_by : "client");
    put_hex(out, "sql-sha256", &message->text_sha256);
    put_block(out, "sql", request->amended_sql ? request->amended_sql : message->text);
    if (request->amended_sql) {
        put_value(out, "amended-by", request->amended_by);
        put_block(out, "sql-asked", request->sql);
    }
    put_list(out, "parameters", &message->parameters);
    put_list(out, "effects", &message->effects);
    put_list(out, "columns", &message->columns);
    put_list(out, "functions", &message->functions);
    put_list(out, "settings", &message->settings);
    put_block(out, "rehearsal",
              *message->rehearsal ? message->rehearsal : "not measured in this version");
    og_buf_append_str(out, "decision: pending\nreason:\n...\n");
}

size_t og_request_file_fixed_bytes(const char *text)
{
    const char *at = NULL;

    /* Blocks are indented, so the last such line at the margin is the answer's. */
    for (const char *p = text; (p = strstr(p, decision_line)); p++)
        at = p;
    return at ? (size_t)(at - text) + 1 : 0;
}

static void put_terms(const struct og_grant_terms *terms, struct og_buf *out)
{
    if (terms->for_s)
        og_buf_printf(out, "for: %us\n", terms->for_s);
    if (terms->uses)
        og_buf_printf(out, "uses: %" PRIu64 "\n", terms->uses);
    if (terms->has_rows_max)
        og_buf_printf(out, "rows: \"<= %" PRIu64 "\"\n", terms->rows_max);
    if (terms->is_shape)
        og_buf_append_str(out, "parameters: any\n");
}

void og_request_file_answered(const struct og_request *request, struct og_buf *out)
{
    const struct og_request_answer *last;

    if (!request->n_answers) {
        og_buf_append_str(out, request->text);
        return;
    }
    last = &request->answers[request->n_answers - 1];
    og_buf_append(out, request->text, og_request_file_fixed_bytes(request->text));
    og_buf_printf(out, "decision: %s\nreason: \"", last->decision);
    put_escaped(out, last->reason, " ", true);
    og_buf_append_str(out, "\"\n");
    put_terms(&last->terms, out);
    og_buf_append_str(out, "...\n");
}

bool og_request_file_is_plain(const char *sql)
{
    for (size_t n; *sql; sql += n)
        if (is_hidden(decode(sql, &n)) && *sql != '\n')
            return false;
    return true;
}

/* The end of the entry that begins here: its own line and the indented ones below. */
static const char *entry_end(const char *at)
{
    do {
        const char *feed = strchr(at, '\n');

        at = feed ? feed + 1 : at + strlen(at);
    } while (*at == ' ');
    return at;
}

static bool is_key(const char *at, const char *key)
{
    return strncmp(at, key, strlen(key)) == 0;
}

void og_request_file_revise(const char *text, uint32_t revision, const char *sql,
                            const char *rehearsal, const char *note, struct og_buf *out)
{
    const char *end;

    for (const char *at = text; *at; at = end) {
        end = entry_end(at);
        if (is_key(at, "rehearsal:") && note)
            put_value(out, "note", note);
        if (is_key(at, "revision:"))
            og_buf_printf(out, "revision: %u\n", revision);
        else if (is_key(at, "sql:") && sql)
            put_block(out, "sql", sql);
        else if (is_key(at, "rehearsal:") && rehearsal)
            put_block(out, "rehearsal", rehearsal);
        else
            og_buf_append(out, at, (size_t)(end - at));
    }
}

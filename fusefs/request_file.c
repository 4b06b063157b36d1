/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/request_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/limits.h"
#include "common/utf.h"

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

void og_request_file_write(const struct og_request *request, const struct og_session *session,
                           const struct og_msg_request *message, struct og_buf *out)
{
    og_buf_append_str(out,
                      "---\n"
                      "# Change only the last lines: decision is approve or deny; a denial needs a "
                      "reason.\n"
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
    og_buf_printf(out, "reported-by: %s\n", *message->reported_by ? message->reported_by : "client");
    put_hex(out, "sql-sha256", &message->text_sha256);
    put_block(out, "sql", message->text);
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

void og_request_file_answered(const struct og_request *request, const char *decision,
                              const char *reason, struct og_buf *out)
{
    og_buf_append(out, request->text, og_request_file_fixed_bytes(request->text));
    og_buf_printf(out, "decision: %s\nreason: \"", decision);
    put_escaped(out, reason, " ", true);
    og_buf_append_str(out, "\"\n...\n");
}

/* ---- reading ---- */

static int refuse(struct og_request_edit *out, size_t line, const char *format, ...)
    OG_PRINTF(3, 4);

static int refuse(struct og_request_edit *out, size_t line, const char *format, ...)
{
    int n = snprintf(out->problem, sizeof(out->problem), "line %zu: ", line);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(out->problem + n, sizeof(out->problem) - (size_t)n, format, args);
    va_end(args);
    return -EBADMSG;
}

static size_t count_lines(const char *text, size_t n_bytes)
{
    size_t n = 1;

    for (size_t i = 0; i < n_bytes; i++)
        n += text[i] == '\n';
    return n;
}

/* The next line without its end; carriage returns and trailing blanks taken off. */
static size_t next_line(const char **at, const char *end, const char **line)
{
    const char *feed = memchr(*at, '\n', (size_t)(end - *at));
    size_t n;

    *line = *at;
    n = (size_t)((feed ? feed : end) - *at);
    *at = feed ? feed + 1 : end;
    while (n && ((*line)[n - 1] == '\r' || (*line)[n - 1] == ' ' || (*line)[n - 1] == '\t'))
        n--;
    return n;
}

static bool is_word(const char *text, size_t n, const char *word)
{
    return n == strlen(word) && memcmp(text, word, n) == 0;
}

static const char *skip_blanks(const char *text, size_t *n)
{
    while (*n && (*text == ' ' || *text == '\t')) {
        text++;
        (*n)--;
    }
    return text;
}

static int read_decision(const char *line, size_t n, size_t number, struct og_request_edit *out)
{
    static const char *const words[] = {"pending", "approve", "deny"};
    size_t key = strlen("decision:");

    if (n < key || memcmp(line, "decision:", key) != 0)
        return refuse(out, number, "expected \"decision: approve\" or \"decision: deny\"");
    n -= key;
    line = skip_blanks(line + key, &n);
    for (size_t i = 0; i < OG_COUNT(words); i++)
        if (is_word(line, n, words[i])) {
            out->decision = words[i];
            return 0;
        }
    return refuse(out, number, "the decision is not one of: approve, deny, pending");
}

static int read_reason(const char *line, size_t n, size_t number, struct og_request_edit *out)
{
    size_t key = strlen("reason:");

    if (n < key || memcmp(line, "reason:", key) != 0)
        return refuse(out, number, "expected \"reason:\" after the decision");
    n -= key;
    line = skip_blanks(line + key, &n);
    if (n >= 2 && (line[0] == '"' || line[0] == '\'') && line[n - 1] == line[0]) {
        line++;
        n -= 2;
    }
    if (n >= sizeof(out->reason))
        return refuse(out, number, "the reason is longer than %zu bytes", sizeof(out->reason) - 1);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            return refuse(out, number, "the reason holds a control character");
    memcpy(out->reason, line, n);
    out->reason[n] = '\0';
    return 0;
}

/* Where the two texts part, as a line number. */
static int differs(const struct og_request *request, const char *text, size_t n_bytes,
                   struct og_request_edit *out)
{
    size_t i = 0;

    while (i < n_bytes && request->text[i] && text[i] == request->text[i])
        i++;
    return refuse(out, count_lines(text, i),
                  "this line must stay as it was; only decision and reason may change");
}

int og_request_file_read(const struct og_request *request, const char *text, size_t n_bytes,
                         struct og_request_edit *out)
{
    size_t n_fixed = og_request_file_fixed_bytes(request->text), n, number;
    const char *end = text + n_bytes, *at, *line;
    int r;

    memset(out, 0, sizeof(*out));
    if (n_bytes > OG_MAX_REQUEST_BYTES) {
        (void)snprintf(out->problem, sizeof(out->problem), "the file is larger than %u bytes",
                       OG_MAX_REQUEST_BYTES);
        return -EFBIG;
    }
    if (memchr(text, '\0', n_bytes) || og_utf8_valid_prefix(text, n_bytes) != n_bytes)
        return refuse(out, count_lines(text, og_utf8_valid_prefix(text, n_bytes)),
                      "the text is not valid UTF-8");
    if (n_bytes < n_fixed || memcmp(text, request->text, n_fixed) != 0)
        return differs(request, text, n_bytes, out);
    at = text + n_fixed;
    number = count_lines(text, n_fixed);
    n = next_line(&at, end, &line);
    r = read_decision(line, n, number, out);
    if (r)
        return r;
    n = next_line(&at, end, &line);
    r = read_reason(line, n, ++number, out);
    if (r)
        return r;
    if (at == end)
        return refuse(out, number + 1, "the end mark ... is missing: the file is not whole");
    n = next_line(&at, end, &line);
    if (!is_word(line, n, "..."))
        return refuse(out, number + 1, "expected the end mark ... after the reason");
    if (at != end)
        return refuse(out, number + 2, "there is text after the end mark");
    return 0;
}

/* SPDX-License-Identifier: MIT */
#include "common/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Length of the character at text if it must not be shown, 0 otherwise. */
static size_t find_hidden(const unsigned char *text, unsigned *point)
{
    *point = text[0];
    if (text[0] < 0x20 || text[0] == 0x7F)
        return 1;
    if (text[0] == 0xC2 && text[1] >= 0x80 && text[1] < 0xA0) {
        *point = text[1];
        return 2;
    }
    if (text[0] < 0xE0 || text[0] > 0xEF || !text[1] || !text[2])
        return 0;
    *point = (text[0] & 0x0Fu) << 12 | (text[1] & 0x3Fu) << 6 | (text[2] & 0x3Fu);
    if (*point == 0x061C || (*point >= 0x200B && *point <= 0x200F) ||
        (*point >= 0x2028 && *point <= 0x202E) || (*point >= 0x2060 && *point <= 0x206F) ||
        *point == 0xFEFF)
        return 3;
    return 0;
}

static void add_safe(struct og_buf *out, const char *text, bool is_quoted)
{
    const unsigned char *at = (const unsigned char *)text;

    while (*at) {
        unsigned point;
        size_t n = find_hidden(at, &point);

        if (n) {
            og_buf_printf(out, "\\u%04x", point);
            at += n;
            continue;
        }
        if (is_quoted && (*at == '"' || *at == '\\'))
            og_buf_append_char(out, '\\');
        og_buf_append_char(out, (char)*at++);
    }
}

/* A sentence with its full stop, after a space. */
static void add_sentence(struct og_buf *out, const char *text)
{
    size_t n = text ? strlen(text) : 0;

    if (!n)
        return;
    og_buf_append_char(out, ' ');
    add_safe(out, text, false);
    if (!strchr(".!?", text[n - 1]))
        og_buf_append_char(out, '.');
}

static bool needs_quotes(const char *value)
{
    unsigned point;

    for (const unsigned char *at = (const unsigned char *)value; *at; at++)
        if (strchr(" =\"\\", *at) || find_hidden(at, &point))
            return true;
    return false;
}

static void add_pair(struct og_buf *out, bool *is_first, const char *key, const char *value)
{
    if (!value || !*value)
        return;
    og_buf_printf(out, "%c%s=", *is_first ? '\n' : ' ', key);
    *is_first = false;
    if (!needs_quotes(value)) {
        og_buf_append_str(out, value);
        return;
    }
    og_buf_append_char(out, '"');
    add_safe(out, value, true);
    og_buf_append_char(out, '"');
}

static void add_rows(struct og_buf *out, bool *is_first, const struct og_verdict *verdict)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%" PRIu64, verdict->measured_rows);
    add_pair(out, is_first, "rows", text);
    if (!verdict->is_over_rows)
        return;
    (void)snprintf(text, sizeof(text), "%" PRIu64, verdict->rows_bound);
    add_pair(out, is_first, "rows_allowed", text);
}

static void add_rule(struct og_buf *out, const struct og_verdict *verdict)
{
    if (verdict->policy)
        og_buf_append_str(out, verdict->policy);
    if (verdict->policy && *verdict->policy && verdict->rule && *verdict->rule)
        og_buf_append_char(out, '/');
    if (verdict->rule)
        og_buf_append_str(out, verdict->rule);
}

/* What a waiting or an answered request means for the client; who answered says it better. */
static void add_request(struct og_buf *out, enum og_err code, const char *request, bool has_say)
{
    if (code == OG_ERR_ANSWERED && has_say)
        return;
    og_buf_append_str(out, " The request ");
    add_safe(out, request, false);
    if (code == OG_ERR_ANSWERED)
        og_buf_append_str(out, " was denied, has expired or is void.");
    else if (code == OG_ERR_WAIT_TIMEOUT)
        og_buf_append_str(out, " was not answered in time and still waits; run the same statement "
                               "again once it is approved.");
    else
        og_buf_append_str(out, " waits for an answer; run the same statement again once it is "
                               "approved.");
}

void og_reply_format(enum og_err code, const struct og_verdict *verdict, const char *request,
                     uint32_t retry_after_s, struct og_buf *out)
{
    struct og_buf rule;
    char seconds[16];
    bool is_first = true, has_reason = verdict && verdict->reason && *verdict->reason;

    og_buf_init(&rule, 64u * 1024u);
    if (verdict)
        add_rule(&rule, verdict);
    og_buf_append_str(out, "[odbcguard]");
    if (*og_buf_str(&rule)) {
        og_buf_append_char(out, '[');
        add_safe(out, og_buf_str(&rule), false);
        og_buf_append_char(out, ']');
    }
    add_sentence(out, has_reason ? verdict->reason : og_err_info(code)->meaning);
    if (verdict && verdict->effect && !verdict->is_over_rows) {
        og_buf_append_str(out, " It would change ");
        add_safe(out, verdict->effect, false);
        og_buf_append_char(out, '.');
    }
    if (request && *request)
        add_request(out, code, request, verdict && verdict->say && *verdict->say);
    if (verdict)
        add_sentence(out, verdict->say);
    if (retry_after_s)
        og_buf_printf(out, " Try again in %u seconds.", (unsigned)retry_after_s);
    add_pair(out, &is_first, "rule", og_buf_str(&rule));
    if (verdict) {
        add_pair(out, &is_first, "object", verdict->object);
        add_pair(out, &is_first, "column", verdict->column);
        if (verdict->is_over_rows || verdict->effect)
            add_rows(out, &is_first, verdict);
    }
    add_pair(out, &is_first, "request", request);
    (void)snprintf(seconds, sizeof(seconds), "%u", (unsigned)retry_after_s);
    add_pair(out, &is_first, "retry_after", retry_after_s ? seconds : NULL);
    if (og_buf_is_failed(&rule))
        out->is_failed = true;
    og_buf_release(&rule);
}

/* SPDX-License-Identifier: MIT */
#include "common/reply.h"

#include <string.h>

static void put_safe(struct og_buf *out, const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            og_buf_printf(out, "\\u%04x", (unsigned)(unsigned char)*text);
        else
            og_buf_append_char(out, *text);
}

/* A sentence: first letter large, one full stop at the end. */
static void put_sentence(struct og_buf *out, const char *text)
{
    size_t n = strlen(text);

    if (!n)
        return;
    if (*text >= 'a' && *text <= 'z') {
        og_buf_append_char(out, (char)(*text - 'a' + 'A'));
        text++;
        n--;
    }
    put_safe(out, text);
    if (!n || !strchr(".!?", text[n - 1]))
        og_buf_append_char(out, '.');
}

static void put_key(struct og_buf *out, bool *has_key, const char *key, const char *value)
{
    bool is_quoted = strpbrk(value, " \t\"=") != NULL;

    if (!*value)
        return;
    og_buf_printf(out, "%s%s=%s", *has_key ? " " : "\n", key, is_quoted ? "\"" : "");
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            og_buf_append_char(out, '\\');
        put_safe(out, (char[]){*value, '\0'});
    }
    if (is_quoted)
        og_buf_append_char(out, '"');
    *has_key = true;
}

static void put_rule(struct og_buf *out, const struct og_verdict *verdict)
{
    put_safe(out, verdict->policy);
    if (*verdict->rule) {
        og_buf_append_char(out, '/');
        put_safe(out, verdict->rule);
    }
}

static void put_keys(struct og_buf *out, const struct og_verdict *verdict, const char *request,
                     uint32_t retry_after_s)
{
    bool has_key = false;
    struct og_buf rule;

    if (verdict) {
        og_buf_init(&rule, 1024);
        put_rule(&rule, verdict);
        put_key(out, &has_key, "rule", og_buf_str(&rule));
        put_key(out, &has_key, "object", verdict->object);
        put_key(out, &has_key, "column", verdict->column);
        og_buf_release(&rule);
    }
    if (request)
        put_key(out, &has_key, "request", request);
    if (retry_after_s)
        og_buf_printf(out, "%sretry_after=%u", has_key ? " " : "\n", retry_after_s);
}

static const char *what_next(enum og_err code, const struct og_verdict *verdict)
{
    switch (code) {
    case OG_ERR_PENDING:
    case OG_ERR_WAIT_TIMEOUT:
        return "send the same statement again after the request is approved";
    case OG_ERR_ANSWERED:
        return "ask who answered, and change the statement before asking again";
    default:
        return verdict ? verdict->say : "";
    }
}

void og_reply_format(enum og_err code, const struct og_verdict *verdict, const char *request,
                     uint32_t retry_after_s, struct og_buf *out)
{
    bool is_waiting = code == OG_ERR_PENDING || code == OG_ERR_WAIT_TIMEOUT;
    const char *next = what_next(code, verdict);

    og_buf_append_str(out, "[odbcguard]");
    if (verdict && *verdict->policy) {
        og_buf_append_char(out, '[');
        put_rule(out, verdict);
        og_buf_append_char(out, ']');
    }
    og_buf_append_char(out, ' ');
    put_sentence(out, verdict && *verdict->reason ? verdict->reason : og_err_info(code)->meaning);
    if (request && *request && is_waiting)
        og_buf_printf(out, " Request %s is pending.", request);
    if (*next) {
        og_buf_append_char(out, ' ');
        put_sentence(out, next);
    }
    if (verdict && is_waiting && *verdict->say) {
        og_buf_append_char(out, ' ');
        put_sentence(out, verdict->say);
    }
    put_keys(out, verdict, request, retry_after_s);
}

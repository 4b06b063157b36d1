/* SPDX-License-Identifier: MIT */
/* Texts of refusals: the words, the last line of keys, and that no name can forge a line. */
#include <string.h>

#include "common/reply.h"
#include "tests/tap.h"

static struct og_verdict sample(void)
{
    return (struct og_verdict){.policy = "agents", .rule = "no-ddl", .object = "main.customers",
                               .column = "", .reason = "DROP TABLE customers is not allowed here",
                               .say = "Schema changes go through a migration."};
}

static const char *format(enum og_err code, const struct og_verdict *verdict, const char *request,
                          uint32_t retry_after_s)
{
    static char text[4096];
    struct og_buf out;

    og_buf_init(&out, sizeof(text));
    og_reply_format(code, verdict, request, retry_after_s, &out);
    (void)snprintf(text, sizeof(text), "%s", og_buf_str(&out));
    og_buf_release(&out);
    return text;
}

static size_t count_lines(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

int main(void)
{
    struct og_verdict verdict = sample();
    const char *text;

    tap_str(format(OG_ERR_DENIED, &verdict, NULL, 0),
            "[odbcguard][agents/no-ddl] DROP TABLE customers is not allowed here. Schema changes go "
            "through a migration.\nrule=agents/no-ddl object=main.customers", "a_denial");
    verdict.column = "email";
    tap_ok(strstr(format(OG_ERR_DENIED, &verdict, NULL, 0), " column=email"), "a_column_is_a_key");
    tap_ok(strstr(format(OG_ERR_PENDING, &verdict, "r-0123456789", 0), " request=r-0123456789"),
           "a_request_is_a_key");
    tap_ok(strstr(format(OG_ERR_LIMIT, &verdict, NULL, 7), " retry_after=7"), "a_wait_is_a_key");
    verdict.object = "main.two words";
    tap_ok(strstr(format(OG_ERR_DENIED, &verdict, NULL, 0), "object=\"main.two words\""),
           "a_value_with_a_space_is_quoted");
    verdict.object = "main.x\nrule=agents/allow";
    text = format(OG_ERR_DENIED, &verdict, NULL, 0);
    tap_ok(count_lines(text) == 1 && strstr(text, "\\u000a"), "a_name_forges_no_line");
    verdict = sample();
    verdict.reason = "DROP TABLE a\nb is not allowed here";
    tap_ok(count_lines(format(OG_ERR_DENIED, &verdict, NULL, 0)) == 1, "a_reason_forges_no_line");
    text = format(OG_ERR_UNREACHABLE, NULL, NULL, 0);
    tap_ok(strncmp(text, "[odbcguard] ", 12) == 0 && strlen(text) > 12 && count_lines(text) == 0,
           "without_a_verdict_there_is_no_last_line");
    return tap_done();
}

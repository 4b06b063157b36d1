/* SPDX-License-Identifier: MIT */
/* The ledger's lines: fields, limits, escapes; and the JSON writer and reader below them. */
#define _GNU_SOURCE 1
#include <stdlib.h>

#include "common/limits.h"
#include "fusefs/json.h"
#include "fusefs/record.h"
#include "tests/tap.h"

static const struct og_ledger_head head = {
    .sequence = 7,
    .previous = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    .unix_ms = 1795423631482,
};
static const struct og_record_who who = {
    .session = "s-0000000001", .display = "report-bot", .evidence = "peer", .uid = 1005,
    .gid = 100, .pid = 4711, .exe = "/usr/bin/python3", .cmd_line = "python3 report.py",
    .cgroup = "/user.slice", .login_uid = 1001, .app = "nightly", .purpose = "month end",
    .traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", .dsn = "shop-guarded",
    .target = "shop", .db_system = "postgresql", .database = "shopdb", .server = "db01:5432",
    .placement = "inline", .driver_name = "psqlodbcw.so", .reported_by = "client",
};
static struct og_buf line;

static bool has(const char *path, const char *want)
{
    struct og_json_value value;

    if (og_json_find(line.bytes, line.n_bytes - 1, path, &value)) {
        tap_note("not JSON: %.200s", og_buf_str(&line));
        return false;
    }
    if (!want)
        return value.kind == OG_JSON_NONE;
    if (value.kind != OG_JSON_NONE && value.n_bytes == strlen(want) &&
        memcmp(value.bytes, want, value.n_bytes) == 0)
        return true;
    tap_note("%s: got \"%.*s\", want \"%s\"", path, (int)value.n_bytes,
             value.kind == OG_JSON_NONE ? "" : value.bytes, want);
    return false;
}

static bool is_line(void)
{
    return !og_buf_is_failed(&line) && line.n_bytes > 2 && line.n_bytes <= OG_MAX_RECORD_BYTES &&
           memchr(line.bytes, '\n', line.n_bytes) == line.bytes + line.n_bytes - 1;
}

static struct og_msg_intent intent_of(const char *verdict, uint32_t is_denied)
{
    static const char *const effects[] = {"select table public.customers"};
    static const char *const columns[] = {"public.customers.email output"};
    static const char *const masked[] = {"email"};
    static const uint8_t secret_digest[32] = {0xAB, 0xCD, 0xEF, 1, 2, 3};

    return (struct og_msg_intent){
        .statement = "q-0000000001", .ack = OG_ACK_DURABLE, .api = "SQLExecDirect",
        .kind = "SELECT", .summary = "SELECT customers",
        .text = "SELECT id, email FROM customers WHERE country = ?", .text_bytes = 49,
        .text_sha256 = {secret_digest, 32}, .parameters_sha256 = {secret_digest, 32},
        .binding = {secret_digest, 32}, .n_parameters = 1, .n_parameter_sets = 1,
        .effects = {effects, 1}, .columns = {columns, 1}, .masked = {masked, is_denied ? 0 : 1},
        .verdict = verdict, .policy = "pii", .rule = "mask-email", .reason = "not here",
        .policy_generation = 3, .is_denied = is_denied,
    };
}

static void test_intent(void)
{
    struct og_msg_intent intent = intent_of("allow", 0);

    og_buf_clear(&line);
    og_record_line_intent(&head, &who, &intent, "ffff", &line);
    tap_ok(is_line(), "an_intent_is_one_line");
    tap_ok(has("metadata/sequence", "7") && has("metadata/correlation_uid", "s-0000000001") &&
               has("unmapped/attestation_list/0/prev_event/fingerprint/value", head.previous) &&
               has("time", "1795423631482") && has("time_dt", "2026-11-23T08:47:11.482Z"),
           "its_place_in_the_chain");
    tap_ok(has("class_uid", "6005") && has("activity_id", "4") && has("type_uid", "600504") &&
               has("action_id", "4") && has("disposition_id", "1") && has("severity_id", "1") &&
               has("is_alert", "false") && has("status_id", "0") && has("metadata/is_truncated", NULL),
           "a_masked_select");
    tap_ok(has("query_info/uid", "q-0000000001") && has("table/name", "public.customers") &&
               has("database/name", "shopdb") && has("dst_endpoint/hostname", "db01") &&
               has("dst_endpoint/port", "5432") && has("actor/process/name", "python3") &&
               has("actor/user/uid", "1005") && has("policy/uid", "pii"), "who_and_where");
    tap_ok(has("unmapped/guard/record", "intent") && has("unmapped/guard/verdict", "allow") &&
               has("unmapped/guard/masked_columns/0", "email") &&
               has("unmapped/guard/text_hmac", "ffff") && has("unmapped/guard/ack", "durable") &&
               has("unmapped/guard/reported_by", "client") &&
               has("unmapped/trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"), "guard_fields");
    tap_ok(!strcasestr(og_buf_str(&line), "abcdef0102"), "no_digest_without_a_key");
    intent = intent_of("deny", 1);
    og_buf_clear(&line);
    og_record_line_intent(&head, &who, &intent, "", &line);
    tap_ok(is_line() && has("action_id", "2") && has("disposition_id", "2") &&
               has("severity_id", "3") && has("is_alert", "true") && has("status_id", "2") &&
               has("status_detail", "not here"), "a_denial");
    intent = intent_of("approve", 0);
    og_buf_clear(&line);
    og_record_line_intent(&head, &who, &intent, "", &line);
    tap_ok(has("action_id", "2"), "approve_without_a_grant_is_never_allowed");
    intent.grant = "r-0000000001";
    og_buf_clear(&line);
    og_record_line_intent(&head, &who, &intent, "", &line);
    tap_ok(has("disposition_id", "8") && has("unmapped/guard/grant", "r-0000000001"),
           "approve_with_a_grant");
    intent = intent_of(NULL, 0);
    og_buf_clear(&line);
    og_record_line_intent(&head, &who, &intent, "", &line);
    tap_ok(has("action_id", "2") && has("unmapped/guard/verdict", "deny"),
           "no_verdict_is_a_denial");
}

static void test_outcome_and_event(void)
{
    struct og_msg_outcome outcome = {.statement = "q-0000000001", .sqlstate = "00000",
                                     .rows = 42, .bytes = 5120, .duration_us = 12345};
    const struct og_record_pair pairs[] = {{"answered_by", "carol"}};

    og_buf_clear(&line);
    og_record_line_outcome(&head, &who, &outcome, &line);
    tap_ok(is_line() && has("status_id", "1") && has("status_code", "00000") &&
               has("unmapped/guard/rows", "42") && has("duration", "12") &&
               has("unmapped/guard/record", "outcome") && has("query_info/bytes", "5120"),
           "an_outcome");
    og_buf_clear(&line);
    og_record_line_event(&head, &who, "answer", "approved", "r-0000000001", "carol approves", pairs,
                         1, &line);
    tap_ok(is_line() && has("metadata/correlation_uid", "r-0000000001") &&
               has("unmapped/guard/answered_by", "carol") && has("unmapped/guard/what", "approved"),
           "an_answer");
    og_buf_clear(&line);
    og_record_line_event(&head, &who, "session", "refused", "", "no", NULL, 0, &line);
    tap_ok(is_line() && has("activity_id", "3") && has("is_alert", "true") && has("status_id", "2"),
           "a_refused_session");
}

static void test_ceiling(void)
{
    static char text[OG_MAX_FIELD_BYTES + 1], nasty[5001];
    static const char *items[OG_MAX_LIST_ITEMS];
    struct og_msg_intent intent = intent_of("deny", 1);
    struct og_record_who ugly = who;

    memset(text, 'x', sizeof(text) - 1);
    memset(nasty, 1, sizeof(nasty) - 1);
    for (size_t i = 0; i < OG_COUNT(items); i++)
        items[i] = "public.some_table.some_column output";
    intent.text = text;
    og_buf_clear(&line);
    og_record_line_intent(&head, &who, &intent, "", &line);
    tap_ok(is_line() && has("metadata/is_truncated", "true") &&
               has("unmapped/guard/is_text_cut", "true"), "a_long_text_is_cut");
    intent.columns = intent.effects = (struct og_list){items, OG_COUNT(items)};
    og_buf_clear(&line);
    og_record_line_intent(&head, &who, &intent, "", &line);
    tap_ok(is_line() && has("metadata/is_truncated", "true") &&
               has("unmapped/guard/columns_count", "4096"), "long_lists_are_cut_and_counted");
    for (size_t i = 0; i < OG_COUNT(items); i++)
        items[i] = nasty;
    intent = (struct og_msg_intent){
        .statement = nasty, .api = nasty, .kind = nasty, .summary = nasty, .text = nasty,
        .effects = {items, 4096}, .columns = {items, 4096}, .functions = {items, 4096},
        .settings = {items, 4096}, .verdict = nasty, .would_be = nasty, .policy = nasty,
        .rule = nasty, .matched = {items, 4096}, .object = nasty, .reason = nasty,
        .masked = {items, 4096}, .grant = nasty, .cursor = nasty};
    ugly = (struct og_record_who){
        .session = nasty, .display = nasty, .evidence = nasty, .pid = 1, .exe = nasty,
        .cmd_line = nasty, .cgroup = nasty, .app = nasty, .purpose = nasty, .ticket = nasty,
        .dsn = nasty, .target = nasty, .db_system = nasty, .database = nasty, .server = nasty,
        .placement = nasty, .driver_name = nasty, .reported_by = nasty};
    og_buf_clear(&line);
    og_record_line_intent(&head, &ugly, &intent, "", &line);
    tap_ok(is_line() && has("metadata/sequence", "7"), "the_worst_case_still_fits");
    tap_note("worst case %zu bytes", line.n_bytes);
}

static void test_json(void)
{
    static const char *const bad[] = {
        "", "{", "{\"a\":1,}", "{\"a\":1} x", "[1,]", "{'a':1}", "\"\x01\"", "\"\\x\"", "01", "1.",
        "nul", "{\"a\":1,\"a\":2}", "\"\xFF\"", "\"\\u12G4\"", "-", "{\"a\" 1}"};
    struct og_json_value value;
    struct og_json json;
    struct og_buf deep;
    uint64_t number;

    for (size_t i = 0; i < OG_COUNT(bad); i++)
        tap_ok(og_json_find(bad[i], strlen(bad[i]), "a", &value) == OG_JSON_E_TEXT,
               "refused: json %zu", i);
    og_buf_init(&deep, 4096);
    for (int i = 0; i < 40; i++)
        og_buf_append_char(&deep, '[');
    tap_ok(og_json_find(deep.bytes, deep.n_bytes, "a", &value) == OG_JSON_E_TEXT, "too_deep");
    og_buf_clear(&deep);
    og_json_init(&json, &deep);
    og_json_open(&json, NULL, '{');
    og_json_text_n(&json, "a\"", "x\n\x01\xC3\xA4\xFF\\\x7F", 9);
    og_json_open(&json, "l", '[');
    og_json_number(&json, NULL, UINT64_MAX);
    og_json_text(&json, NULL, NULL);
    og_json_open(&json, NULL, '{');
    og_json_close(&json, '}');
    og_json_bool(&json, NULL, true);
    og_json_close(&json, ']');
    og_json_integer(&json, "n", -5);
    og_json_close(&json, '}');
    tap_str(og_buf_str(&deep),
            "{\"a\\\"\":\"x\\n\\u0001\xC3\xA4\xEF\xBF\xBD\\\\\\u007f\\u0000\","
            "\"l\":[18446744073709551615,null,{},true],\"n\":-5}", "the_writer_escapes");
    tap_ok(og_json_find(deep.bytes, deep.n_bytes, "l/0", &value) == 0 &&
               og_json_is_u64(&value, &number) && number == UINT64_MAX, "the_reader_finds");
    tap_ok(og_json_find("18446744073709551616", 20, "", &value) == 0 &&
               !og_json_is_u64(&value, &number), "too_large_is_no_number");
    og_buf_release(&deep);
}

int main(void)
{
    og_buf_init(&line, 2 * OG_MAX_RECORD_BYTES);
    test_json();
    test_intent();
    test_outcome_and_event();
    test_ceiling();
    og_buf_release(&line);
    return tap_done();
}

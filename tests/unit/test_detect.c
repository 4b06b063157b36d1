/* SPDX-License-Identifier: MIT */
/* Detectors: exact spans, what is left alone, the same places from every gate, limits. What looks like a
 * secret is put together here. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/detect.h"
#include "common/detect_gate.h"
#include "common/limits.h"
#include "tests/tap.h"

#define ALL ((1u << OG_DETECT_COUNT) - 1)

static const struct {
    const char *text, *want; /* each find as <kind:part> */
} rows[] = {
    {"", ""},
    {"write to anna.smith@example.com please", "<email:anna.smith@example.com>"},
    {"(a@b.co), \"c'd@e-f.example.org\"", "<email:a@b.co><email:c'd@e-f.example.org>"},
    {"m\u00fcller@f\u00fchrung.example", "<email:m\u00fcller@f\u00fchrung.example>"},
    {"\u00abx.y@example.com\u00bb", "<email:x.y@example.com>"},
    {"a@b, @c.d, e@.f", ""},
    {"card 4111 1111 1111 1111, thanks", "<payment-card:4111 1111 1111 1111>"},
    {"4111-1111-1111-1112", ""},
    {"378282246310005", "<payment-card:378282246310005>"},
    {"3782\u00a0822463\u00a010005", "<payment-card:3782\u00a0822463\u00a010005>"},
    {"ssn 078-05-1120.", "<us-ssn:078-05-1120>"},
    {"666-12-3456 000-12-3456 912-12-3456 123-00-4567", ""},
    {"ssn: 078051120", "<us-ssn:078051120>"},
    {"IBAN DE89 3704 0044 0532 0130 00 from today", "<iban:DE89 3704 0044 0532 0130 00>"},
    {"BE68539007547034", "<iban:BE68539007547034>"},
    {"BE68 5390 0754 7034 from", "<iban:BE68 5390 0754 7034>"},
    {"DE89370400440532013001", ""},
    {"call +49 (0)30 1234-567 now", "<phone:+49 (0)30 1234-567>"},
    {"(212) 555-0187", "<phone:(212) 555-0187>"},
    {"born 01.02.1980, 15:30", ""},
    {"tel. 5551234", "<phone:5551234>"},
    {"number 5551234", ""},
    {"192.168.0.1 and 999.1.1.1", "<ip-address:192.168.0.1>"},
    {"2001:db8::1, 10:30:15, std::string", "<ip-address:2001:db8::1>"},
    {"passport C01234567; quite another thing that is far away: C01234567",
     "<passport:C01234567>"},
    {"password = Hunter2hunter2", "<secret:Hunter2hunter2>"},
    {"password = required", ""},
    {"mysql://app:s3cretpw@db.example/shop?x=1.", "<secret:mysql://app:s3cretpw@db.example/shop?x=1>"},
    {"https://example.com/a@b/c", ""},
};

static void render(const char *text, size_t n_bytes, struct og_buf *out)
{
    struct og_buf found;
    const struct og_detect_span *spans;

    og_buf_init(&found, 1u << 20);
    if (og_detect_find(ALL, text, n_bytes, &found) != 0)
        og_buf_append_str(out, "(failed)");
    spans = (const struct og_detect_span *)(const void *)found.bytes;
    for (size_t i = 0; i < found.n_bytes / sizeof(*spans); i++)
        og_buf_printf(out, "<%s:%.*s>", og_detect_word(spans[i].kind),
                      (int)(spans[i].end - spans[i].start), text + spans[i].start);
    og_buf_release(&found);
}

static void test_rows(void)
{
    for (size_t i = 0; i < OG_COUNT(rows); i++) {
        struct og_buf got;

        og_buf_init(&got, 65536);
        render(rows[i].text, strlen(rows[i].text), &got);
        tap_str(og_buf_str(&got), rows[i].want, "finds_in_%s", rows[i].text);
        og_buf_release(&got);
    }
}

static void test_secrets(void)
{
    static const char *const parts[][2] = {
        {"AK", "IAIOSFODNN7EXAMPLQ"}, {"gh", "p_16C7e42F292c6912E7710c838347Ae178B4a"},
        {"glp", "at-A1b2C3d4E5f6G7h8I9j0"}, {"sk_", "live_4eC39HqLyjWDarjtT1zdp7dc"},
        {"xox", "b-123456789012-abcdefABCDEF"}, {"ey", "JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4fw"},
        {"-----BEGIN ", "EC PRIVATE KEY-----\nMHcCAQEEIB\n-----END EC PRIVATE KEY-----"}};

    for (size_t i = 0; i < OG_COUNT(parts); i++) {
        char text[512], want[512];
        struct og_buf got;

        (void)snprintf(text, sizeof(text), "x %s%s y", parts[i][0], parts[i][1]);
        (void)snprintf(want, sizeof(want), "<secret:%s%s>", parts[i][0], parts[i][1]);
        og_buf_init(&got, 65536);
        render(text, strlen(text), &got);
        tap_str(og_buf_str(&got), want, "finds_secret_%zu", i);
        og_buf_release(&got);
    }
}

/* Every gate says the same of random bytes, whatever the length. */
static void test_gates(void)
{
    char text[300];
    size_t n_wrong = 0, n_places = 0;

    srand(7);
    for (int round = 0; round < 3000; round++) {
        size_t n = (size_t)(rand() % (int)sizeof(text));

        for (size_t i = 0; i < n; i++)
            text[i] = round % 2 ? (char)rand() : "ab0@:. -eyJAKIA(9p"[rand() % 18];
        for (size_t at = 0; at < n;) {
            unsigned bits[3] = {0};
            size_t found[3];

            for (int level = 0; level < 3; level++) {
                og_gate_use(level);
                found[level] = og_gate_next(text, n, at, 0xFF, &bits[level]);
            }
            n_wrong += found[0] != found[1] || found[0] != found[2] ||
                       (found[0] < n && (bits[0] != bits[1] || bits[0] != bits[2]));
            n_places += found[0] < n;
            at = found[0] + 1;
        }
    }
    og_gate_use(2);
    tap_ok(n_places > 10000, "the_gates_are_tried_at_%zu_places", n_places);
    tap_ok(n_wrong == 0, "plain_ssse3_and_avx2_gates_agree");
}

static void test_limits(void)
{
    size_t n = OG_MAX_DETECT_BYTES;
    char *text = malloc(n + 1);
    struct og_buf found;

    og_buf_init(&found, 64u << 20);
    memset(text, '1', n + 1);
    tap_ok(og_detect_find(ALL, text, n + 1, &found) == -EMSGSIZE, "more_than_1_MiB_is_refused");
    tap_ok(og_detect_find(ALL, text, n, &found) == 0, "1_MiB_of_digits_ends");
    memset(text, '@', n);
    tap_ok(og_detect_find(ALL, text, n, &found) == 0, "1_MiB_of_at_signs_ends");
    memset(text, 'a', n);
    text[n - 1] = '@';
    tap_ok(og_detect_find(ALL, text, n, &found) == 0, "a_local_part_of_1_MiB_ends");
    for (size_t i = 0; i < n; i++)
        text[i] = ("-----BEGIN " "PRIVATE KEY-----")[i % 27];
    og_buf_clear(&found);
    tap_ok(og_detect_find(ALL, text, n, &found) == 0 && found.n_bytes, "keys_without_an_end_are_found");
    for (size_t i = 0; i < n; i++)
        text[i] = (char)(0x80 | (i * 7 & 0x7F));
    tap_ok(og_detect_find(ALL, text, n, &found) == 0, "what_is_no_utf8_is_passed_over");
    og_buf_release(&found);
    free(text);
}

static void test_masks(void)
{
    struct og_buf out;
    size_t n_found = 0;
    static const char text[] = "a@b.co or 4111111111111111";

    og_buf_init(&out, 1u << 20);
    tap_ok(og_detect_mask(ALL, OG_MASK_FIXED, "[gone]", text, strlen(text), &out, &n_found) == 0 &&
               n_found == 2 && strcmp(og_buf_str(&out), "[gone] or [gone]") == 0, "fixed");
    tap_ok(og_detect_mask(ALL, OG_MASK_PARTIAL, NULL, text, strlen(text), &out, &n_found) == 0 &&
               strcmp(og_buf_str(&out), "*** or ****1111") == 0, "partial_by_kind");
    tap_note("%s", og_buf_str(&out));
    tap_ok(og_detect_mask(1u << OG_DETECT_IBAN, OG_MASK_FIXED, NULL, text, strlen(text), &out,
                          &n_found) == 0 && n_found == 0 && strcmp(og_buf_str(&out), text) == 0,
           "kinds_that_are_not_wanted_stay");
    og_buf_release(&out);
}

int main(void)
{
    test_rows();
    test_secrets();
    test_gates();
    test_limits();
    test_masks();
    return tap_done();
}

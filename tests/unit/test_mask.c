/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "common/mask.h"
#include "common/principal.h"
#include "tests/tap.h"

/* want NULL: the masked value is NULL. */
static void check(const struct og_mask *mask, enum og_type_class type, const char *text,
                  size_t max_chars, const char *want)
{
    struct og_buf out;
    bool is_null = false;
    int r;

    og_buf_init(&out, 4096);
    og_buf_append_str(&out, "left from before");
    r = og_mask_apply(mask, type, text, strlen(text), max_chars, &out, &is_null);
    tap_ok(r == 0 && is_null == (want == NULL), "%s of \"%s\" in %zu is%s NULL",
           og_mask_word(mask->kind), text, max_chars, want ? " not" : "");
    tap_str(og_buf_str(&out), want ? want : "", "and this text");
    og_buf_release(&out);
}

static void check_partial(enum og_class class, const char *text, const char *want)
{
    struct og_mask mask = {.kind = OG_MASK_PARTIAL, .class = class};

    check(&mask, OG_TYPE_TEXT, text, 0, want);
}

static void test_partial(void)
{
    check_partial(OG_CLASS_EMAIL, "alice@example.com", "a***@example.com");
    check_partial(OG_CLASS_EMAIL, "\xc3\xa9ve@example.com", "\xc3\xa9***@example.com");
    check_partial(OG_CLASS_EMAIL, "a@example.com", "***");
    check_partial(OG_CLASS_EMAIL, "@example.com", "***");
    check_partial(OG_CLASS_EMAIL, "alice@", "***");
    check_partial(OG_CLASS_EMAIL, "alice", "***");
    check_partial(OG_CLASS_EMAIL, "", "***");
    check_partial(OG_CLASS_EMAIL, "a@b@example.com", "***");
    check_partial(OG_CLASS_EMAIL, "secret note @example", "***");
    check_partial(OG_CLASS_EMAIL, "al@x and more", "***");
    check_partial(OG_CLASS_PHONE, "+44 20 7946 0958", "***58");
    check_partial(OG_CLASS_PHONE, "12", "***");
    check_partial(OG_CLASS_PHONE, "12345", "***");
    check_partial(OG_CLASS_US_SSN, "078-05" "-1120", "****1120");
    check_partial(OG_CLASS_US_SSN, "1120", "****");
    check_partial(OG_CLASS_PAYMENT_CARD, "4111 1111" " 1111 1234", "****1234");
    check_partial(OG_CLASS_PAYMENT_CARD, "1234567", "****");
    check_partial(OG_CLASS_IBAN, "GB82 WEST" " 1234 5698 7654 32", "GB****");
    check_partial(OG_CLASS_IBAN, "GB82", "****");
    check_partial(OG_CLASS_IBAN, "hello world, this is text", "****");
    check_partial(OG_CLASS_NAME, "Bo", "B***");
    check_partial(OG_CLASS_SECRET, "hunter2", "***");
    check_partial(OG_CLASS_NONE, "x", "***");
    check_partial(OG_CLASS_NAME, "a\xff", NULL);
}

static void test_short_values_never_come_out_whole(void)
{
    static const char *const values[] = {"a",    "ab",  "1",    "12",  "123", "1234", "a@b",
                                         "@",    "a@",  "GB",   "G",   "+1",  "12-3", "x@y.z",
                                         "11-22", "GB82"};
    struct og_mask mask = {.kind = OG_MASK_PARTIAL};
    struct og_buf out;
    bool is_null, is_safe = true;

    og_buf_init(&out, 64);
    for (int class = 0; class < OG_CLASS_COUNT; class++) {
        mask.class = (enum og_class)class;
        for (size_t i = 0; i < OG_COUNT(values); i++) {
            for (size_t max = 0; max < 6; max++) {
                if (og_mask_apply(&mask, OG_TYPE_TEXT, values[i], strlen(values[i]), max, &out,
                                  &is_null) != 0 ||
                    is_null || strstr(og_buf_str(&out), values[i]) ||
                    (max && out.n_bytes > max))
                    is_safe = false;
            }
        }
    }
    tap_ok(is_safe, "no short value is in its masked form, and none is too long");
    og_buf_release(&out);
}

static void check_round(int32_t round_to, const char *text, const char *want)
{
    struct og_mask mask = {.kind = OG_MASK_ROUND, .round_to = round_to};

    check(&mask, OG_TYPE_NUMERIC, text, 0, want);
}

static void test_round(void)
{
    check_round(3, "1499", "1000");
    check_round(3, "1500", "2000");
    check_round(3, "-1500", "-2000");
    check_round(3, "-1499.99", "-1000");
    check_round(3, "499", "0");
    check_round(3, "-1", "0");
    check_round(3, "500", "1000");
    check_round(3, "999999", "1000000");
    check_round(3, "12345678901234567890123456789", "12345678901234567890123457000");
    check_round(0, "1.5", "2");
    check_round(0, "2.4999", "2");
    check_round(0, "0.5", "1");
    check_round(0, ".49", "0");
    check_round(-2, "1.005", "1.01");
    check_round(-2, "1.5", "1.5");
    check_round(-2, "0.0049", "0");
    check_round(-2, "-0.005", "-0.01");
    check_round(-2, "9.995", "10");
    check_round(3, "1.5e3", "2000");
    check_round(3, "1.2345678e+10", "12345678000");
    check_round(4, "1.2345678e+10", "12345680000");
    check_round(0, "5e-1", "1");
    check_round(0, "5e-7", "0");
    check_round(3, "0", "0");
    check_round(3, "00012000", "12000");
    check_round(3, "NaN", NULL);
    check_round(3, "Infinity", NULL);
    check_round(3, "", NULL);
    check_round(3, "-", NULL);
    check_round(3, ".", NULL);
    check_round(3, "12a", NULL);
    check_round(3, "1e", NULL);
    check_round(3, "1.2.3", NULL);
    check_round(3, " 1", NULL);
    check_round(3, "1e99999999999999999999", NULL);
    check(&(struct og_mask){.kind = OG_MASK_ROUND, .round_to = 3}, OG_TYPE_INTEGER, "999", 3, NULL);
}

static void check_date(char unit, const char *text, const char *want)
{
    struct og_mask mask = {.kind = OG_MASK_TRUNCATE_DATE, .date_unit = unit};

    check(&mask, OG_TYPE_TIMESTAMP, text, 0, want);
}

static void test_truncate_date(void)
{
    check_date('y', "1987-06-05", "1987-01-01");
    check_date(0, "1987-06-05", "1987-01-01");
    check_date('m', "1987-06-05", "1987-06-01");
    check_date('y', "12024-06-05", "12024-01-01");
    check_date('y', "1987-06-05 12:34:56.789", "1987-01-01 00:00:00");
    check_date('m', "1987-06-05 12:34:56+02", "1987-06-01 00:00:00");
    check_date('y', "1987-06-05T12:34:56+05:30", "1987-01-01T00:00:00");
    check_date('y', "0044-03-15 BC", NULL);
    check_date('y', "0044-03-15 10:00:00 BC", NULL);
    check_date('y', "infinity", NULL);
    check_date('y', "1987-13-05", NULL);
    check_date('y', "1987-00-05", NULL);
    check_date('y', "1987-06-32", NULL);
    check_date('y', "1987-06-05x", NULL);
    check_date('y', "1987-06-05 12:34", NULL);
    check_date('y', "1987-06-05 12:34:56.", NULL);
    check_date('y', "1987-06-05 12:34:56+2", NULL);
    check_date('y', "87-06-05", NULL);
    check_date('y', "", NULL);
    check_date('q', "1987-06-05", NULL);
}

static void test_fixed_and_null(void)
{
    struct og_mask fixed = {.kind = OG_MASK_FIXED, .fixed_text = "g\xc3\xa9heim"};
    struct og_mask plain = {.kind = OG_MASK_FIXED};
    struct og_mask null = {.kind = OG_MASK_SQL_NULL};
    struct og_mask none = {.kind = OG_MASK_NONE};
    struct og_mask token = {.kind = OG_MASK_TOKEN};

    check(&fixed, OG_TYPE_TEXT, "value", 0, "g\xc3\xa9heim");
    check(&fixed, OG_TYPE_TEXT, "value", 2, "g\xc3\xa9");
    check(&plain, OG_TYPE_TEXT, "", 0, "***");
    check(&plain, OG_TYPE_INTEGER, "1", 0, NULL);
    check(&null, OG_TYPE_OTHER, "value", 0, NULL);
    check(&none, OG_TYPE_TEXT, "value", 0, NULL);
    {
        struct og_buf out;
        bool is_null = false;

        og_buf_init(&out, 64);
        tap_ok(og_mask_apply(&token, OG_TYPE_TEXT, "value", 5, 0, &out, &is_null) < 0 && is_null,
               "a token without a key is none");
        og_buf_release(&out);
    }
    check(&(struct og_mask){.kind = OG_MASK_FIXED, .fixed_text = "0"}, OG_TYPE_INTEGER, "17", 0, "0");
    check(&(struct og_mask){.kind = OG_MASK_FIXED, .fixed_text = "1900-01-01"}, OG_TYPE_DATE,
          "1987-06-05", 0, "1900-01-01");
    check(&(struct og_mask){.kind = OG_MASK_PARTIAL, .class = OG_CLASS_NAME}, OG_TYPE_TEXT, "Ann Lee", 0,
          "A***");
    check(&(struct og_mask){.kind = OG_MASK_PARTIAL, .class = OG_CLASS_NAME}, OG_TYPE_TEXT, "A", 0, "***");
    check(&(struct og_mask){.kind = OG_MASK_PARTIAL, .class = OG_CLASS_BIRTH_DATE}, OG_TYPE_TEXT,
          "1987-06-05", 0, "1987");
    check(&(struct og_mask){.kind = OG_MASK_PARTIAL, .class = OG_CLASS_BIRTH_DATE}, OG_TYPE_DATE,
          "1987-06-05", 0, "1987-01-01");
    tap_ok(og_mask_is_same(&plain, &(struct og_mask){.kind = OG_MASK_FIXED, .fixed_text = "***"}),
           "the default word is the same as that word");
    tap_ok(!og_mask_is_same(&plain, &fixed) && !og_mask_is_same(&plain, &null),
           "other words and kinds are not the same");
}

static void test_words(void)
{
    bool is_good = true;

    for (int i = 1; i < OG_MASK_COUNT; i++)
        is_good = is_good && (int)og_mask_from_word(og_mask_word((enum og_mask_kind)i)) == i;
    for (int i = 0; i < OG_CLASS_COUNT; i++)
        is_good = is_good && (int)og_class_from_word(og_class_word((enum og_class)i)) == i;
    for (int i = 0; i < OG_EVIDENCE_COUNT; i++)
        is_good = is_good && (int)og_evidence_from_word(og_evidence_word((enum og_evidence)i)) == i;
    tap_ok(is_good, "words and kinds go both ways");
    tap_ok(og_mask_from_word("none") == OG_MASK_NONE && og_mask_from_word("x") == OG_MASK_NONE &&
               og_class_from_word("x") == OG_CLASS_COUNT &&
               og_evidence_from_word("x") == OG_EVIDENCE_COUNT,
           "unknown words are told");
    tap_ok(og_mask_is_enforced(OG_MASK_ROUND) && !og_mask_is_enforced(OG_MASK_DETECT) &&
               !og_mask_is_enforced(OG_MASK_NONE),
           "what is enforced");
    tap_ok(og_mask_fits(&(struct og_mask){.kind = OG_MASK_SQL_NULL}, OG_TYPE_UNKNOWN) &&
               !og_mask_fits(&(struct og_mask){.kind = OG_MASK_FIXED}, OG_TYPE_UNKNOWN) &&
               !og_mask_fits(&(struct og_mask){.kind = OG_MASK_ROUND}, OG_TYPE_TEXT) &&
               og_mask_fits(&(struct og_mask){.kind = OG_MASK_TRUNCATE_DATE}, OG_TYPE_DATE),
           "what fits");
}

static void test_principal(void)
{
    static const char *const names[] = {"user:alice", "group:dba"};
    struct og_principal principal = {.names = names, .n_names = 2};

    tap_ok(og_principal_has_name(&principal, "group:dba"), "a name it has");
    tap_ok(!og_principal_has_name(&principal, "group:db") &&
               !og_principal_has_name(&principal, "*") && !og_principal_has_name(&principal, ""),
           "names it has not");
}

int main(void)
{
    test_partial();
    test_short_values_never_come_out_whole();
    test_round();
    test_truncate_date();
    test_fixed_and_null();
    test_words();
    test_principal();
    return tap_done();
}

/* SPDX-License-Identifier: MIT */
/* FF1 against the samples that NIST publishes with SP 800-38G (Cryptographic Standards and Guidelines,
 * "Examples with Intermediate Values", FF1samples), and the masks that are made of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ff1.h"
#include "common/mask.h"
#include "tests/tap.h"

#define KEY16 "2b7e151628aed2a6abf7158809cf4f3c"
#define KEY24 KEY16 "ef4359d8d580aa4f"
#define KEY32 KEY24 "7f036d6f04fc6a94"
#define TWEAK10 "39383736353433323130"
#define TWEAK11 "3737373770717273373737"

static const struct {
    const char *key, *tweak;
    unsigned radix;
    const char *plain, *cipher;
} samples[] = {
    {KEY16, "", 10, "0123456789", "2433477484"},
    {KEY16, TWEAK10, 10, "0123456789", "6124200773"},
    {KEY16, TWEAK11, 36, "0123456789abcdefghi", "a9tv40mll9kdu509eum"},
    {KEY24, "", 10, "0123456789", "2830668132"},
    {KEY24, TWEAK10, 10, "0123456789", "2496655549"},
    {KEY24, TWEAK11, 36, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"},
    {KEY32, "", 10, "0123456789", "6657667009"},
    {KEY32, TWEAK10, 10, "0123456789", "1001623463"},
    {KEY32, TWEAK11, 36, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"},
};

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;

    for (size_t i = 0; i < n; i++) {
        char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        out[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return n;
}

static void test_samples(void)
{
    static const char signs[] = "0123456789abcdefghijklmnopqrstuvwxyz";

    for (size_t i = 0; i < OG_COUNT(samples); i++) {
        uint8_t key[32], tweak[16], numerals[32];
        char got[33] = "";
        size_t n_key = from_hex(samples[i].key, key), n_tweak = from_hex(samples[i].tweak, tweak);
        size_t n = strlen(samples[i].plain);

        for (size_t k = 0; k < n; k++)
            numerals[k] = (uint8_t)(strchr(signs, samples[i].plain[k]) - signs);
        if (og_ff1_encrypt(key, n_key, tweak, n_tweak, samples[i].radix, numerals, n) == 0)
            for (size_t k = 0; k < n; k++)
                got[k] = signs[numerals[k]];
        tap_str(got, samples[i].cipher, "nist_sample_%zu", i + 1);
    }
}

static void test_domains(void)
{
    uint8_t key[16] = {1}, numerals[300] = {0};

    tap_ok(og_ff1_encrypt(key, 16, key, 0, 10, numerals, 5) == OG_FF1_E_DOMAIN, "10^5_is_too_small");
    tap_ok(og_ff1_encrypt(key, 16, key, 0, 10, numerals, 6) == 0, "10^6_is_not");
    tap_ok(og_ff1_encrypt(key, 16, key, 0, 26, numerals, 4) == OG_FF1_E_DOMAIN, "26^4_is_too_small");
    memset(numerals, 0, sizeof(numerals));
    tap_ok(og_ff1_encrypt(key, 16, key, 0, 36, numerals, 256) == 0, "the_longest");
    tap_ok(og_ff1_encrypt(key, 16, key, 0, 36, numerals, 257) == OG_FF1_E_DOMAIN, "one_more");
    tap_ok(og_ff1_encrypt(key, 15, key, 0, 10, numerals, 6) == -EINVAL, "no_such_key");
}

/* ---- masks ---- */

static uint8_t session[OG_MASK_KEY_BYTES] = "a key of thirty-two bytes in all";

static void apply(enum og_mask_kind kind, enum og_type_class type, enum og_class class,
                  const char *text, size_t max_chars, char out[static 512])
{
    struct og_mask mask = {.kind = kind, .class = class, .key = session};
    struct og_buf buf;
    bool is_null = true;

    og_buf_init(&buf, 4096);
    if (og_mask_apply(&mask, type, text, strlen(text), max_chars, &buf, &is_null) != 0)
        (void)snprintf(out, 512, "(failed)");
    else
        (void)snprintf(out, 512, "%s", is_null ? "(null)" : og_buf_str(&buf));
    og_buf_release(&buf);
}

static bool has_form_of(const char *a, const char *b)
{
    if (strlen(a) != strlen(b) || strcmp(a, b) == 0)
        return false;
    for (; *a; a++, b++) {
        bool digit = *a >= '0' && *a <= '9', other = *b >= '0' && *b <= '9';
        bool large = *a >= 'A' && *a <= 'Z', other_large = *b >= 'A' && *b <= 'Z';
        bool small = *a >= 'a' && *a <= 'z', other_small = *b >= 'a' && *b <= 'z';

        if (digit != other || large != other_large || small != other_small ||
            (!digit && !large && !small && *a != *b))
            return false;
    }
    return true;
}

static void test_forms(void)
{
    static const char *const texts[] = {"4111 1111 1111 1111", "078-05-1120", "DE-Abcde-1234567", "abcdef"};
    char a[512], b[512];

    for (size_t i = 0; i < OG_COUNT(texts); i++) {
        apply(OG_MASK_FORMAT_PRESERVING, OG_TYPE_TEXT, OG_CLASS_OTHER, texts[i], 0, a);
        tap_ok(has_form_of(texts[i], a), "keeps_the_form_of_%s_as_%s", texts[i], a);
        apply(OG_MASK_FORMAT_PRESERVING, OG_TYPE_TEXT, OG_CLASS_OTHER, texts[i], 0, b);
        tap_str(b, a, "the_same_again");
    }
    apply(OG_MASK_FORMAT_PRESERVING, OG_TYPE_TEXT, OG_CLASS_OTHER, "AB-1234567", 0, a);
    tap_ok(strlen(a) == 10 && a[2] == '-' && strncmp(a, "AB-1234567", 10) != 0 &&
               (a[0] != 'A' || a[1] != 'B'), "few_letters_go_with_the_digits: %s", a);
    apply(OG_MASK_FORMAT_PRESERVING, OG_TYPE_TEXT, OG_CLASS_OTHER, "12345", 0, a);
    tap_ok(strlen(a) == 5 && strcmp(a, "12345") != 0, "five_digits_go_by_36: %s", a);
    apply(OG_MASK_FORMAT_PRESERVING, OG_TYPE_TEXT, OG_CLASS_OTHER, "abc", 0, a);
    tap_str(a, "(null)", "three_signs_are_too_few");
    apply(OG_MASK_FORMAT_PRESERVING, OG_TYPE_TEXT, OG_CLASS_OTHER, "M\u00fcller 1234567", 0, a);
    tap_str(a, "(null)", "a_sign_that_would_stay_is_not_let_through");
    for (int i = 0; i < 200; i++) {
        char text[16];

        (void)snprintf(text, sizeof(text), "%d", 1999999999 + i);
        apply(OG_MASK_FORMAT_PRESERVING, OG_TYPE_INTEGER, OG_CLASS_OTHER, text, 0, a);
        if (strtoll(a, NULL, 10) > 2147483647 || strlen(a) != 10)
            break;
        if (i == 199)
            tap_ok(true, "whole_numbers_stay_within_their_type");
    }
    apply(OG_MASK_FORMAT_PRESERVING, OG_TYPE_INTEGER, OG_CLASS_OTHER, "-123456", 0, a);
    tap_ok(strlen(a) == 7 && a[0] == '-' && strcmp(a, "-123456") != 0, "a_sign_stays: %s", a);
    apply(OG_MASK_FORMAT_PRESERVING, OG_TYPE_NUMERIC, OG_CLASS_OTHER, "1e9", 0, a);
    tap_str(a, "(null)", "an_exponent_is_no_number_of_this_form");
}

static void test_tokens(void)
{
    char a[512], b[512];

    apply(OG_MASK_TOKEN, OG_TYPE_TEXT, OG_CLASS_EMAIL, "ann@example.com", 0, a);
    apply(OG_MASK_TOKEN, OG_TYPE_TEXT, OG_CLASS_EMAIL, "ann@example.com", 80, b);
    tap_ok(strncmp(a, "tok_", 4) == 0 && strlen(a) == og_mask_token_chars(), "a_token: %s", a);
    tap_str(b, a, "one_value_has_one_token");
    apply(OG_MASK_TOKEN, OG_TYPE_TEXT, OG_CLASS_EMAIL, "a", 0, b);
    tap_ok(strlen(b) == strlen(a) && strcmp(a, b) != 0, "its_length_says_nothing");
    apply(OG_MASK_TOKEN, OG_TYPE_TEXT, OG_CLASS_OTHER, "ann@example.com", 0, b);
    tap_ok(strcmp(a, b) != 0, "another_class_has_another");
    session[0] ^= 1;
    apply(OG_MASK_TOKEN, OG_TYPE_TEXT, OG_CLASS_EMAIL, "ann@example.com", 0, b);
    tap_ok(strcmp(a, b) != 0, "another_session_has_another");
    session[0] ^= 1;
    apply(OG_MASK_TOKEN, OG_TYPE_TEXT, OG_CLASS_US_SSN, "078-05-1120", 11, a);
    tap_ok(has_form_of("078-05-1120", a), "a_short_column_takes_its_form: %s", a);
}

int main(void)
{
    test_samples();
    test_domains();
    test_forms();
    test_tokens();
    return tap_done();
}

/* SPDX-License-Identifier: MIT */
/* The masks with a key: tokens and handles (the same for the same value of a class, and nothing else) and
 * values of the same form. The key is the session's own where the guard runs inline, so that what comes
 * out means nothing anywhere else. */
#include "common/mask.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "common/ff1.h"

#define TOKEN_SIGNS 16u /* of 5 bits each */
#define HANDLE_PREFIX "hdl_"
#define MAC_BYTES 32u

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Returns: 0; -ENOMEM. */
static int mac(const struct og_mask *mask, const char *purpose, const char *text, size_t n_bytes,
               uint8_t out[static MAC_BYTES])
{
    uint8_t inner[MAC_BYTES];
    const char *class = og_class_word(mask->class);
    char label[64];
    size_t n = strlen(purpose), n_class = strlen(class);
    unsigned n_out = 0;

    if (!mask->key || n + n_class + 1 > sizeof(label))
        return -ENOMEM;
    memcpy(label, purpose, n + 1);
    memcpy(label + n + 1, class, n_class);
    if (!HMAC(EVP_sha256(), mask->key, OG_MASK_KEY_BYTES, (const uint8_t *)label, n + 1 + n_class,
              inner, &n_out) ||
        !HMAC(EVP_sha256(), inner, MAC_BYTES, (const uint8_t *)text, n_bytes, out, &n_out))
        return -ENOMEM;
    explicit_bzero(inner, sizeof(inner));
    return 0;
}

size_t og_mask_token_chars(void)
{
    return 4 + TOKEN_SIGNS;
}

static const char signs[] = "0123456789abcdefghjkmnpqrstvwxyz";

static int put_signs(const struct og_mask *mask, const char *purpose, const char *prefix,
                     const char *text, size_t n_bytes, struct og_buf *out)
{
    uint8_t bytes[MAC_BYTES];
    int r = mac(mask, purpose, text, n_bytes, bytes);

    if (r < 0)
        return r;
    og_buf_append_str(out, prefix);
    for (size_t i = 0; i < TOKEN_SIGNS; i++)
        og_buf_append_char(out, signs[bytes[i] & 31]);
    return 0;
}

int og_mask_token(const struct og_mask *mask, const char *text, size_t n_bytes, struct og_buf *out)
{
    return put_signs(mask, "token", "tok_", text, n_bytes, out);
}

int og_mask_handle(const struct og_mask *mask, const char *text, size_t n_bytes, struct og_buf *out)
{
    return put_signs(mask, "handle", HANDLE_PREFIX, text, n_bytes, out);
}

bool og_mask_is_handle(const char *text, size_t n_bytes)
{
    size_t n_prefix = sizeof(HANDLE_PREFIX) - 1;

    if (n_bytes != OG_MASK_HANDLE_CHARS || memcmp(text, HANDLE_PREFIX, n_prefix) != 0)
        return false;
    for (size_t i = n_prefix; i < n_bytes; i++)
        if (!text[i] || !strchr(signs, text[i]))
            return false;
    return true;
}

/* The places of text that are numerals, as numbers. */
struct form {
    uint8_t numerals[OG_FF1_MAX_NUMERALS];
    uint8_t places[OG_FF1_MAX_NUMERALS];
    size_t n;
    unsigned radix;
};

enum taking { TAKE_DIGITS, TAKE_LETTERS, TAKE_BOTH };

static bool is_taken(enum taking taking, char c)
{
    return (taking != TAKE_LETTERS && is_digit(c)) || (taking != TAKE_DIGITS && is_letter(c));
}

static void take(struct form *form, enum taking taking, const char *text, size_t n_bytes)
{
    form->n = 0;
    form->radix = taking == TAKE_DIGITS ? 10 : taking == TAKE_LETTERS ? 26 : 36;
    for (size_t i = 0; i < n_bytes; i++) {
        char c = text[i];

        if (!is_taken(taking, c))
            continue;
        form->places[form->n] = (uint8_t)i;
        if (is_digit(c))
            form->numerals[form->n++] = (uint8_t)(c - '0');
        else
            form->numerals[form->n++] =
                (uint8_t)((c | 0x20) - 'a' + (taking == TAKE_BOTH ? 10 : 0));
    }
}

/* Letters keep their case where letters stay letters. */
static void put(const struct form *form, enum taking taking, char *text)
{
    for (size_t i = 0; i < form->n; i++) {
        char *c = &text[form->places[i]];
        uint8_t numeral = form->numerals[i];
        bool is_large = *c >= 'A' && *c <= 'Z';

        if (taking == TAKE_LETTERS)
            *c = (char)((is_large ? 'A' : 'a') + numeral);
        else if (numeral < 10)
            *c = (char)('0' + numeral);
        else
            *c = (char)((is_large ? 'A' : 'a') + numeral - 10);
    }
}

/* Returns: 0; OG_FF1_E_DOMAIN; < 0. */
static int encrypt(const struct og_mask *mask, enum taking taking, char *text, size_t n_bytes)
{
    struct form form;
    uint8_t key[MAC_BYTES];
    int r = mac(mask, "format-preserving", taking == TAKE_DIGITS ? "0" : taking == TAKE_LETTERS ? "a"
                                                                                               : "0a",
                taking == TAKE_BOTH ? 2 : 1, key);

    take(&form, taking, text, n_bytes);
    if (r == 0 && form.n)
        r = og_ff1_encrypt(key, sizeof(key), (const uint8_t *)"", 0, form.radix, form.numerals,
                           form.n);
    if (r == 0)
        put(&form, taking, text);
    explicit_bzero(key, sizeof(key));
    explicit_bzero(&form, sizeof(form));
    return r;
}

/* Whether the digits are a number that the type can hold where the original was one. */
static bool is_in_range(const char *before, const char *after, size_t n_bytes)
{
    static const char *const bounds[] = {"2147483647", "9223372036854775807"};
    const char *a = before + (*before == '-'), *b = after + (*after == '-');
    size_t n = n_bytes - (size_t)(a - before);

    for (size_t i = 0; i < OG_COUNT(bounds); i++)
        if (n == strlen(bounds[i]) && memcmp(a, bounds[i], n) <= 0)
            return memcmp(b, bounds[i], n) <= 0;
    return true;
}

/* Walks on until the number fits its type: each step is a permutation of the same domain. */
static int encrypt_number(const struct og_mask *mask, const char *text, char *copy, size_t n_bytes)
{
    int r;

    for (size_t i = 0; i < n_bytes; i++)
        if (!is_digit(text[i]) && !(i == 0 && text[i] == '-') && text[i] != '.')
            return OG_FF1_E_DOMAIN;
    do {
        r = encrypt(mask, TAKE_DIGITS, copy, n_bytes);
    } while (r == 0 && !memchr(text, '.', n_bytes) && !is_in_range(text, copy, n_bytes));
    return r;
}

static int encrypt_text(const struct og_mask *mask, char *text, size_t n_bytes)
{
    size_t n_digits = 0, n_letters = 0;
    int r = 0;

    for (size_t i = 0; i < n_bytes; i++) {
        if ((unsigned char)text[i] >= 0x80)
            return OG_FF1_E_DOMAIN; /* it would stay as it is */
        n_digits += is_digit(text[i]);
        n_letters += is_letter(text[i]);
    }
    if (n_digits + n_letters == 0)
        return OG_FF1_E_DOMAIN;
    /* six digits, five letters: a million values each */
    if ((n_digits && n_digits < 6) || (n_letters && n_letters < 5))
        return encrypt(mask, TAKE_BOTH, text, n_bytes);
    if (n_digits)
        r = encrypt(mask, TAKE_DIGITS, text, n_bytes);
    if (r == 0 && n_letters)
        r = encrypt(mask, TAKE_LETTERS, text, n_bytes);
    return r;
}

int og_mask_form(const struct og_mask *mask, enum og_type_class type, const char *text,
                 size_t n_bytes, struct og_buf *out, bool *is_null)
{
    char copy[OG_FF1_MAX_NUMERALS];
    int r;

    *is_null = true;
    if (n_bytes == 0 || n_bytes > sizeof(copy) - 1)
        return 0;
    memcpy(copy, text, n_bytes);
    r = type == OG_TYPE_TEXT ? encrypt_text(mask, copy, n_bytes)
                             : encrypt_number(mask, text, copy, n_bytes);
    if (r == 0) {
        og_buf_append(out, copy, n_bytes);
        *is_null = false;
    }
    explicit_bzero(copy, sizeof(copy));
    return r < 0 ? r : 0;
}

/* SPDX-License-Identifier: MIT */
#include "common/ff1.h"

#include <errno.h>
#include <math.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <string.h>

#define BLOCK 16u
#define LEAST_DOMAIN 1e6
#define MAX_TWEAK 64u
/* Half the numerals of the largest radix take 6 bits each. */
#define MAX_B_BYTES (OG_FF1_MAX_NUMERALS * 6u / 8u)

struct ff1 {
    EVP_CIPHER_CTX *cipher; /* AES, one block at a time */
    BN_CTX *numbers;
    BIGNUM *a, *b, *c, *modulus;
    const uint8_t *tweak;
    size_t n_tweak, n, b_bytes, d_bytes;
    unsigned radix;
};

static const EVP_CIPHER *cipher_of(size_t n_key)
{
    return n_key == 16 ? EVP_aes_128_ecb() : n_key == 24 ? EVP_aes_192_ecb()
           : n_key == 32 ? EVP_aes_256_ecb() : NULL;
}

static bool encrypt_block(struct ff1 *ff1, uint8_t block[static BLOCK])
{
    uint8_t out[BLOCK];
    int n = 0;

    if (EVP_EncryptUpdate(ff1->cipher, out, &n, block, (int)BLOCK) != 1 || n != (int)BLOCK)
        return false;
    memcpy(block, out, BLOCK);
    return true;
}

/* CBC-MAC with a zero vector: PRF of the standard. */
static bool prf(struct ff1 *ff1, const uint8_t *bytes, size_t n, uint8_t out[static BLOCK])
{
    memset(out, 0, BLOCK);
    for (size_t at = 0; at < n; at += BLOCK) {
        for (size_t i = 0; i < BLOCK; i++)
            out[i] ^= bytes[at + i];
        if (!encrypt_block(ff1, out))
            return false;
    }
    return true;
}

static void make_p(const struct ff1 *ff1, size_t u, uint8_t out[static BLOCK])
{
    const uint8_t p[BLOCK] = {1, 2, 1, 0, (uint8_t)(ff1->radix >> 8), (uint8_t)ff1->radix, 10,
                              (uint8_t)u, (uint8_t)(ff1->n >> 24), (uint8_t)(ff1->n >> 16),
                              (uint8_t)(ff1->n >> 8), (uint8_t)ff1->n, 0, 0,
                              (uint8_t)(ff1->n_tweak >> 8), (uint8_t)ff1->n_tweak};

    memcpy(out, p, BLOCK);
}

/* S of one round as a number: d bytes from the blocks R, R xor 1, R xor 2... */
static bool make_y(struct ff1 *ff1, unsigned round, size_t u, BIGNUM *y)
{
    uint8_t text[BLOCK + MAX_TWEAK + MAX_B_BYTES + 2 * BLOCK] = {0};
    uint8_t s[MAX_B_BYTES + 2 * BLOCK], r[BLOCK];
    size_t n_pad = (BLOCK - (ff1->n_tweak + ff1->b_bytes + 1) % BLOCK) % BLOCK, n = BLOCK;

    make_p(ff1, u, text);
    memcpy(text + n, ff1->tweak, ff1->n_tweak);
    n += ff1->n_tweak + n_pad;
    text[n++] = (uint8_t)round;
    if (BN_bn2binpad(ff1->b, text + n, (int)ff1->b_bytes) < 0 || !prf(ff1, text, n + ff1->b_bytes, r))
        return false;
    for (size_t at = 0; at < ff1->d_bytes; at += BLOCK) {
        uint8_t block[BLOCK];

        memcpy(block, r, BLOCK);
        block[BLOCK - 1] = (uint8_t)(block[BLOCK - 1] ^ (at / BLOCK));
        if (at && !encrypt_block(ff1, block))
            return false;
        memcpy(s + at, block, BLOCK);
    }
    return BN_bin2bn(s, (int)ff1->d_bytes, y) != NULL;
}

static bool to_number(const struct ff1 *ff1, const uint8_t *numerals, size_t n, BIGNUM *out)
{
    BN_zero(out);
    for (size_t i = 0; i < n; i++)
        if (BN_mul_word(out, ff1->radix) != 1 || BN_add_word(out, numerals[i]) != 1)
            return false;
    return true;
}

static bool to_numerals(const struct ff1 *ff1, BIGNUM *number, size_t n, uint8_t *out)
{
    while (n-- > 0) {
        BN_ULONG rest = BN_div_word(number, ff1->radix);

        if (rest == (BN_ULONG)-1)
            return false;
        out[n] = (uint8_t)rest;
    }
    return true;
}

/* radix to the power of m. */
static bool power(struct ff1 *ff1, size_t m, BIGNUM *out)
{
    if (BN_one(out) != 1)
        return false;
    while (m-- > 0)
        if (BN_mul_word(out, ff1->radix) != 1)
            return false;
    return true;
}

static bool rounds(struct ff1 *ff1, size_t u, size_t v)
{
    for (unsigned i = 0; i < 10; i++) {
        BIGNUM *old = ff1->a;

        if (!make_y(ff1, i, u, ff1->c) || !power(ff1, i % 2 ? v : u, ff1->modulus) ||
            BN_mod_add(ff1->c, ff1->a, ff1->c, ff1->modulus, ff1->numbers) != 1)
            return false;
        ff1->a = ff1->b;
        ff1->b = ff1->c;
        ff1->c = old;
    }
    return true;
}

static int encrypt(struct ff1 *ff1, uint8_t *numerals)
{
    size_t u = ff1->n / 2, v = ff1->n - u;

    ff1->b_bytes = (size_t)(ceil(ceil((double)v * log2(ff1->radix)) / 8.0));
    ff1->d_bytes = 4 * ((ff1->b_bytes + 3) / 4) + 4;
    if (!to_number(ff1, numerals, u, ff1->a) || !to_number(ff1, numerals + u, v, ff1->b) ||
        !rounds(ff1, u, v) || !to_numerals(ff1, ff1->a, u, numerals) ||
        !to_numerals(ff1, ff1->b, v, numerals + u))
        return -ENOMEM;
    return 0;
}

int og_ff1_encrypt(const uint8_t *key, size_t n_key, const uint8_t *tweak, size_t n_tweak,
                   unsigned radix, uint8_t *numerals, size_t n)
{
    struct ff1 ff1 = {.tweak = tweak, .n_tweak = n_tweak, .n = n, .radix = radix};
    int r = -ENOMEM;

    if (radix < 2 || radix > 36 || n_tweak > MAX_TWEAK || !cipher_of(n_key))
        return -EINVAL;
    if (n < 2 || n > OG_FF1_MAX_NUMERALS || pow(radix, (double)n) < LEAST_DOMAIN)
        return OG_FF1_E_DOMAIN;
    ff1.cipher = EVP_CIPHER_CTX_new();
    ff1.numbers = BN_CTX_new();
    ff1.a = BN_secure_new();
    ff1.b = BN_secure_new();
    ff1.c = BN_secure_new();
    ff1.modulus = BN_new();
    if (ff1.cipher && ff1.numbers && ff1.a && ff1.b && ff1.c && ff1.modulus &&
        EVP_EncryptInit_ex(ff1.cipher, cipher_of(n_key), NULL, key, NULL) == 1 &&
        EVP_CIPHER_CTX_set_padding(ff1.cipher, 0) == 1)
        r = encrypt(&ff1, numerals);
    if (r != 0)
        memset(numerals, 0, n);
    EVP_CIPHER_CTX_free(ff1.cipher);
    BN_CTX_free(ff1.numbers);
    BN_clear_free(ff1.a);
    BN_clear_free(ff1.b);
    BN_clear_free(ff1.c);
    BN_free(ff1.modulus);
    return r;
}

/* SPDX-License-Identifier: MIT */
#include "common/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

/* Fetching by name costs three times a short hash, so it is done once per process. */
static EVP_MD *sha256;
static pthread_once_t is_fetched = PTHREAD_ONCE_INIT;

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

int og_hash_sha256(const void *bytes, size_t n_bytes, uint8_t out[static OG_SHA256_BYTES])
{
    (void)pthread_once(&is_fetched, fetch);
    memset(out, 0, OG_SHA256_BYTES);
    if (!sha256 || EVP_Digest(bytes, n_bytes, out, NULL, sha256, NULL) != 1)
        return -ENOMEM;
    return 0;
}

static bool add_part(EVP_MD_CTX *context, const struct og_hash_part *part)
{
    unsigned char length[8];

    for (size_t i = 0; i < sizeof(length); i++)
        length[i] = (unsigned char)((uint64_t)part->n_bytes >> (8 * i));
    return EVP_DigestUpdate(context, length, sizeof(length)) == 1 &&
           EVP_DigestUpdate(context, part->bytes, part->n_bytes) == 1;
}

int og_hash_parts(const struct og_hash_part *parts, size_t n_parts,
                  uint8_t out[static OG_SHA256_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good;

    (void)pthread_once(&is_fetched, fetch);
    memset(out, 0, OG_SHA256_BYTES);
    is_good = context && sha256 && EVP_DigestInit_ex2(context, sha256, NULL) == 1;
    for (size_t i = 0; i < n_parts && is_good; i++)
        is_good = add_part(context, &parts[i]);
    is_good = is_good && EVP_DigestFinal_ex(context, out, NULL) == 1;
    EVP_MD_CTX_free(context);
    return is_good ? 0 : -ENOMEM;
}

void og_hash_hex(const uint8_t digest[static OG_SHA256_BYTES], char out[static OG_SHA256_HEX_BYTES])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < OG_SHA256_BYTES; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[2 * OG_SHA256_BYTES] = '\0';
}

/* SPDX-License-Identifier: MIT */
/* undo_seal.c - AES-256-GCM over the parts of an undo set. A key seals one set only, so that the part's
 * number can be the nonce; id, number and whether it is the last are authenticated with each part, so
 * that parts cannot be moved, left out or taken from another set.
 * Source: NIST SP 800-38D. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "fusefs/undo_store.h"

#define NONCE_BYTES 12

static void make_nonce(uint64_t part, uint8_t out[static NONCE_BYTES])
{
    memset(out, 0, NONCE_BYTES);
    for (size_t i = 0; i < 8; i++)
        out[4 + i] = (uint8_t)(part >> (8 * i));
}

static size_t make_context(const char *id, uint64_t part, bool is_last, uint8_t out[static 32])
{
    size_t n = strnlen(id, OG_ID_CHARS);

    memset(out, 0, 32);
    memcpy(out, id, n);
    for (size_t i = 0; i < 8; i++)
        out[OG_ID_CHARS + i] = (uint8_t)(part >> (8 * i));
    out[OG_ID_CHARS + 8] = is_last;
    return OG_ID_CHARS + 9;
}

int og_seal_part(const uint8_t key[static OG_SEAL_KEY_BYTES], const char *id, uint64_t part,
                 bool is_last, const void *plain, size_t n_bytes, uint8_t *sealed,
                 uint8_t tag[static OG_SEAL_TAG_BYTES])
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    uint8_t nonce[NONCE_BYTES], context[32];
    size_t n_context = make_context(id, part, is_last, context);
    int n = 0, r = -ENOMEM;

    make_nonce(part, nonce);
    if (cipher && EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
        EVP_EncryptUpdate(cipher, NULL, &n, context, (int)n_context) == 1 &&
        (!n_bytes || EVP_EncryptUpdate(cipher, sealed, &n, plain, (int)n_bytes) == 1) &&
        EVP_EncryptFinal_ex(cipher, sealed + n_bytes, &n) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, OG_SEAL_TAG_BYTES, tag) == 1)
        r = 0;
    EVP_CIPHER_CTX_free(cipher);
    return r;
}

int og_unseal_part(const uint8_t key[static OG_SEAL_KEY_BYTES], const char *id, uint64_t part,
                   bool is_last, const void *sealed, size_t n_bytes,
                   const uint8_t tag[static OG_SEAL_TAG_BYTES], void *plain)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    uint8_t nonce[NONCE_BYTES], context[32];
    size_t n_context = make_context(id, part, is_last, context);
    int n = 0, r = -EBADMSG;

    make_nonce(part, nonce);
    if (cipher && EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
        EVP_DecryptUpdate(cipher, NULL, &n, context, (int)n_context) == 1 &&
        (!n_bytes || EVP_DecryptUpdate(cipher, plain, &n, sealed, (int)n_bytes) == 1) &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, OG_SEAL_TAG_BYTES,
                            (void *)(uintptr_t)tag) == 1 &&
        EVP_DecryptFinal_ex(cipher, (uint8_t *)plain + n_bytes, &n) == 1)
        r = 0;
    EVP_CIPHER_CTX_free(cipher);
    return r;
}

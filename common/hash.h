/* SPDX-License-Identifier: MIT */
/* hash.h - SHA-256 over bytes (FIPS 180-4), by OpenSSL with the algorithm fetched once.
 * Threads: any. */
#ifndef OG_COMMON_HASH_H
#define OG_COMMON_HASH_H

#include "common/base.h"

#define OG_SHA256_BYTES 32u
#define OG_SHA256_HEX_BYTES 65u /* with the NUL */

/* A part of what is hashed; each part counts with its length, so that parts cannot be shifted
 * against each other. */
struct og_hash_part {
    const void *bytes;
    size_t n_bytes;
};

/* Digest of exactly these bytes. Returns: 0; -ENOMEM (out is zero then). */
OG_MUST int og_hash_sha256(const void *bytes, size_t n_bytes, uint8_t out[static OG_SHA256_BYTES]);
/* Digest of parts, each preceded by its length as eight bytes, little endian. Returns: as above. */
OG_MUST int og_hash_parts(const struct og_hash_part *parts, size_t n_parts,
                          uint8_t out[static OG_SHA256_BYTES]);
/* Lower case hexadecimal with a NUL. */
void og_hash_hex(const uint8_t digest[static OG_SHA256_BYTES], char out[static OG_SHA256_HEX_BYTES]);

#endif

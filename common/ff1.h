/* SPDX-License-Identifier: MIT */
/* ff1.h - format-preserving encryption FF1: numerals of a radix to as many numerals of the same radix.
 * Source: NIST SP 800-38G, "Algorithm 7: FF1.Encrypt"; domains of less than a million values are refused
 * (SP 800-38G Revision 1). Is not: a mask (common/mask_keyed.c). */
#ifndef OG_COMMON_FF1_H
#define OG_COMMON_FF1_H

#include "common/base.h"

#define OG_FF1_MAX_NUMERALS 256u
#define OG_FF1_E_DOMAIN 1 /* too few numerals for the radix, or too many */

/* Encrypts numerals (each < radix) in place. key: 16, 24 or 32 bytes of AES. radix: 2 to 36.
 * Returns: 0; OG_FF1_E_DOMAIN; -EINVAL, -ENOMEM (numerals are then wiped). */
OG_MUST int og_ff1_encrypt(const uint8_t *key, size_t n_key, const uint8_t *tweak, size_t n_tweak,
                           unsigned radix, uint8_t *numerals, size_t n);

#endif

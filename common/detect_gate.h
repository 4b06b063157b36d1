/* SPDX-License-Identifier: MIT */
/* detect_gate.h - the first look: which places of a text could begin something, by three bytes each.
 * One vector pass (AVX2, SSSE3, or plain C with the same result); every text goes through it. */
#ifndef OG_COMMON_DETECT_GATE_H
#define OG_COMMON_DETECT_GATE_H

#include "common/base.h"

/* Bits of a place; what three bytes from it on must be stands in detect_gate.c. */
enum og_gate {
    OG_GATE_EMAIL = 1,   /* a byte, @ */
    OG_GATE_NUMBER = 2,  /* a digit and what may stand in a number */
    OG_GATE_COLON = 4,   /* hexadecimal, colon, hexadecimal or colon */
    OG_GATE_IBAN = 8,    /* two letters and a digit */
    OG_GATE_UPPER = 16,  /* tokens by their first letters */
    OG_GATE_LOWER = 32,
    OG_GATE_MARK = 64,
    OG_GATE_WORD = 128   /* words of secrets, and :// */
};

/* The next place at or after from with any of the wanted bits; n_bytes when there is none. */
size_t og_gate_next(const char *text, size_t n_bytes, size_t from, unsigned wanted, unsigned *bits);
/* For tests: 0 plain, 1 SSSE3, 2 AVX2; what the machine has not is plain. */
void og_gate_use(int level);

#endif

/* SPDX-License-Identifier: MIT */
#include "common/id.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
#define BITS 50
#define LOW_BITS ((UINT64_C(1) << BITS) - 1)

#define FIRST UINT64_C(0x2545F4914F6CD)
#define SECOND UINT64_C(0x1D8E4E27C47D1)

/* An odd multiplier and a xor-shift are both invertible modulo 2^50, so different numbers give
 * different ids. */
static uint64_t spread(uint64_t number)
{
    number = (number * FIRST) & LOW_BITS;
    number ^= number >> 27;
    return (number * SECOND) & LOW_BITS;
}

void og_id_format(enum og_id_kind kind, uint64_t number, char out[static OG_ID_BYTES])
{
    uint64_t bits = spread(number & LOW_BITS);

    out[0] = (char)kind;
    out[1] = '-';
    for (int i = OG_ID_CHARS - 1; i >= 2; i--) {
        out[i] = alphabet[bits & 31];
        bits >>= 5;
    }
    out[OG_ID_CHARS] = '\0';
}

/* What each character stands for, and one more; 0: none. */
static const unsigned char values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
    ['G'] = 17, ['H'] = 18, ['J'] = 19, ['K'] = 20, ['M'] = 21, ['N'] = 22, ['P'] = 23, ['Q'] = 24,
    ['R'] = 25, ['S'] = 26, ['T'] = 27, ['V'] = 28, ['W'] = 29, ['X'] = 30, ['Y'] = 31, ['Z'] = 32,
};

/* The number behind the dash, spread. */
static bool read_bits(enum og_id_kind kind, const char *text, uint64_t *out)
{
    uint64_t bits = 0;

    if (text[0] != (char)kind || text[1] != '-')
        return false;
    for (size_t i = 2; i < OG_ID_CHARS; i++) {
        unsigned value = values[(unsigned char)text[i]];

        if (value == 0) /* the end, too */
            return false;
        bits = bits << 5 | (value - 1);
    }
    *out = bits;
    return text[OG_ID_CHARS] == '\0';
}

bool og_id_is_valid(enum og_id_kind kind, const char *text)
{
    uint64_t bits;

    return read_bits(kind, text, &bits);
}

/* The inverse of an odd number modulo 2^64 by Newton's iteration: each step doubles the right bits. */
static uint64_t inverse(uint64_t odd)
{
    uint64_t x = odd;

    for (int i = 0; i < 6; i++)
        x *= 2 - odd * x;
    return x;
}

bool og_id_number(enum og_id_kind kind, const char *text, uint64_t *out)
{
    uint64_t bits;

    if (!read_bits(kind, text, &bits))
        return false;
    bits = (bits * inverse(SECOND)) & LOW_BITS;
    bits ^= bits >> 27; /* its own inverse: 2 * 27 bits are more than there are */
    *out = (bits * inverse(FIRST)) & LOW_BITS;
    return true;
}

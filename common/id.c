/* SPDX-License-Identifier: MIT */
#include "common/id.h"

#include <string.h>

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

bool og_id_is_valid(enum og_id_kind kind, const char *text)
{
    if (strlen(text) != OG_ID_CHARS || text[0] != (char)kind || text[1] != '-')
        return false;
    return strspn(text + 2, alphabet) == OG_ID_CHARS - 2;
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
    uint64_t bits = 0;

    if (!og_id_is_valid(kind, text))
        return false;
    for (size_t i = 2; i < OG_ID_CHARS; i++)
        bits = bits << 5 | (uint64_t)(strchr(alphabet, text[i]) - alphabet);
    bits = (bits * inverse(SECOND)) & LOW_BITS;
    bits ^= bits >> 27; /* its own inverse: 2 * 27 bits are more than there are */
    *out = (bits * inverse(FIRST)) & LOW_BITS;
    return true;
}

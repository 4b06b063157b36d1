/* SPDX-License-Identifier: MIT */
#include "common/id.h"

#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
#define BITS 50
#define LOW_BITS ((UINT64_C(1) << BITS) - 1)

/* An odd multiplier and a xor-shift are both invertible modulo 2^50, so different numbers give
 * different ids. */
static uint64_t spread(uint64_t number)
{
    number = (number * UINT64_C(0x2545F4914F6CD)) & LOW_BITS;
    number ^= number >> 27;
    return (number * UINT64_C(0x1D8E4E27C47D1)) & LOW_BITS;
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

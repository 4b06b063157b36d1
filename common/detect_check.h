/* SPDX-License-Identifier: MIT */
/* detect_check.h - what a pattern cannot say: check sums, ranges, lengths by country, words near by.
 * Inside of common/detect*.c. */
#ifndef OG_COMMON_DETECT_CHECK_H
#define OG_COMMON_DETECT_CHECK_H

#include "common/base.h"

struct og_candidate {
    const char *text; /* the whole */
    size_t n_bytes;
    size_t start, end; /* what matched; a check may move end towards start */
};

enum og_detect_check {
    OG_CHECK_NOTHING = 0,
    OG_CHECK_IBAN,
    OG_CHECK_CARD,
    OG_CHECK_SSN,
    OG_CHECK_SSN_PLAIN,
    OG_CHECK_IP4,
    OG_CHECK_IP6,
    OG_CHECK_PASSPORT,
    OG_CHECK_PHONE_WORLD,
    OG_CHECK_PHONE_00,
    OG_CHECK_PHONE_AREA,
    OG_CHECK_PHONE_NANP,
    OG_CHECK_PHONE_TRUNK,
    OG_CHECK_PHONE_PLAIN,
    OG_CHECK_PHONE_MOBILE,
    OG_CHECK_PHONE_NAMED,
    OG_CHECK_TOKEN,
    OG_CHECK_VALUE,
    OG_CHECK_COUNT
};

bool og_detect_check(enum og_detect_check check, struct og_candidate *candidate);

#endif

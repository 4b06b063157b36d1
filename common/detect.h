/* SPDX-License-Identifier: MIT */
/* detect.h - finds sensitive text inside of other text: a gate that looks at every byte once by SIMD and
 * says where something could begin, PCRE2 (JIT) anchored there, and a check of sums, ranges and lengths.
 * Spans are exact: whole characters, first to last of the value, separators inside.
 * Works on bytes that are meant to be UTF-8; what is not is passed over. Matching has limits; a match
 * that runs into one counts as found.
 * Threads: any; what is compiled once is never changed. Source: docs/decisions/0017-detectors.md. */
#ifndef OG_COMMON_DETECT_H
#define OG_COMMON_DETECT_H

#include "common/base.h"
#include "common/buf.h"
#include "common/mask.h"

enum og_detect_kind {
#define DETECT(name, word, class, is_default, text) OG_DETECT_##name,
#include "common/detect.tbl.h"
#undef DETECT
    OG_DETECT_COUNT
};

struct og_detect_span {
    size_t start, end; /* bytes */
    enum og_detect_kind kind;
};

/* Appends the spans (struct og_detect_span) in order, none of them overlapping. kinds: bit per kind.
 * Returns: 0; -EMSGSIZE: longer than OG_MAX_DETECT_BYTES; -ENOMEM, -ENOSYS: the patterns could not be
 * compiled. On an error nothing is known of the text, and it must not leave. */
OG_MUST int og_detect_find(uint32_t kinds, const char *text, size_t n_bytes, struct og_buf *out);

/* The text with each span masked: fixed (fixed_text), partial (by the kind's class). Returns: as above.
 * out is cleared first; *n_found: how many spans. */
OG_MUST int og_detect_mask(uint32_t kinds, enum og_mask_kind kind, const char *fixed_text,
                           const char *text, size_t n_bytes, struct og_buf *out, size_t *n_found);

const char *og_detect_word(enum og_detect_kind kind);
/* Returns: the kind, or OG_DETECT_COUNT. */
enum og_detect_kind og_detect_from_word(const char *word);
enum og_class og_detect_class(enum og_detect_kind kind);
uint32_t og_detect_default_kinds(void);

#endif

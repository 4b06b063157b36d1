/* SPDX-License-Identifier: MIT */
/* verify_copy.h - anchors of a second place, read beside the ledger's lines (verify.h). What is no anchor
 * there (a torn line) is counted and passed over: leaving lines out hides nothing, since any anchor vouches
 * for all lines before it. Is not: an interface for others than verify.c. */
#ifndef OG_FUSEFS_VERIFY_COPY_H
#define OG_FUSEFS_VERIFY_COPY_H

#include <openssl/types.h>

#include "fusefs/chain.h"

struct og_verify_copy {
    int fd; /* -1: there is no second place to check */
    struct og_lines lines;
    struct og_anchor next;
    bool has_next;
    uint64_t n_skipped;
    const char *name; /* borrowed */
};

#define OG_VERIFY_COPY_E_SIGNATURE 1
#define OG_VERIFY_COPY_E_ORDER 2 /* sequence or epoch falls */

/* Only what is in the file now counts: lines that its anchors name are there by the time they are read.
 * name NULL: none. Returns: 0; -errno. */
OG_MUST int og_verify_copy_open(struct og_verify_copy *copy, const char *name);
void og_verify_copy_close(struct og_verify_copy *copy);
/* Moves to the next anchor. Returns: 0, with has_next; an outcome above, about next; -errno. */
OG_MUST int og_verify_copy_next(struct og_verify_copy *copy, EVP_PKEY *key);

/* Whether the anchor's signature is this key's. key NULL: no. */
bool og_anchor_is_signed(EVP_PKEY *key, const struct og_anchor *anchor);

#endif

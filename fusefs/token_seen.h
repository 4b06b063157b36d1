/* SPDX-License-Identifier: MIT */
/* token_seen.h - numbers (jti) of tokens that count once, in STATE/tokens-seen, a line each: expiry and the
 * SHA-256 of issuer and number. Kept until the token has expired, over restarts too.
 * Is not: for tokens that may be used again. */
#ifndef OG_FUSEFS_TOKEN_SEEN_H
#define OG_FUSEFS_TOKEN_SEEN_H

#include "common/base.h"

#define OG_TOKEN_SEEN_MAX 100000u /* not expired yet; more are refused */

struct og_token_seen;

struct og_token_seen *og_token_seen_new(const char *state_folder);
struct og_token_seen *og_token_seen_free(struct og_token_seen *seen);
/* Takes a number; durable before it returns. Returns: 0; -EACCES with why: it was used before, or could not
 * be kept. */
OG_MUST int og_token_seen_take(struct og_token_seen *seen, const char *issuer, const char *jti,
                               int64_t expires_s, int64_t now_s, const char **why);

#endif

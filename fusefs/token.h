/* SPDX-License-Identifier: MIT */
/* token.h - signed tokens as evidence of who acts: JWT (RFC 7519) in JWS compact form, RS256, ES256 or EdDSA,
 * with keys from a local JWKS file per issuer (RFC 7517), which is read again when it changes; a file that is
 * no JWKS leaves the earlier keys in force. `sub` is whom the token is about; `act` (RFC 8693) says who acts
 * for them, outermost first. Never logged, never kept.
 * The signature is checked by librhonabwy; which algorithm, key, issuer, audience and time are acceptable is
 * checked here. Threads: one. */
#ifndef OG_FUSEFS_TOKEN_H
#define OG_FUSEFS_TOKEN_H

#include "common/arena.h"
#include "common/buf.h"
#include "fusefs/config.h"

#define OG_MAX_TOKEN_BYTES 16384u
#define OG_MAX_ACTORS 8u
#define OG_MAX_TOKEN_GROUPS 128u

struct og_token {
    const char *issuer, *subject;
    const char *actors[OG_MAX_ACTORS]; /* who acts now first */
    size_t n_actors;
    const char *groups[OG_MAX_TOKEN_GROUPS]; /* of the subject */
    size_t n_groups;
    int64_t expires_s; /* with the issuer's skew in it */
};

struct og_tokens;

/* state_folder: STATE/tokens-seen keeps each jti of issuers with `once`. Returns NULL without memory. */
struct og_tokens *og_tokens_new(const struct og_config *config, const char *state_folder);
struct og_tokens *og_tokens_free(struct og_tokens *tokens);

/* Checks a token that came from this uid. Strings of out hang in arena.
 * Returns: 0; -EACCES with why (static text that names no part of the token); -ENOMEM. */
OG_MUST int og_token_check(struct og_tokens *tokens, const char *text, uint32_t uid, int64_t now_s,
                           struct og_arena *arena, struct og_token *out, const char **why);
/* "" or what is wrong with the key files, lines. */
const char *og_tokens_problem(struct og_tokens *tokens);

#endif

/* SPDX-License-Identifier: MIT */
/* identity.h - from evidence to a principal chain. Without a token the peer alone is the chain (peer.h). A
 * token's chain is: who acts now, further actors, the subject they act for. Nothing is lost by a token: who
 * acts keeps the uid's own agent name, groups, uid, executable and cgroup, and where the uid is a person who
 * is not in the token, that person is judged as well.
 * Source: RFC 8693, section 4.1 (act). */
#ifndef OG_FUSEFS_IDENTITY_H
#define OG_FUSEFS_IDENTITY_H

#include "fusefs/peer.h"
#include "fusefs/token.h"

/* token NULL: the peer is all there is. out hangs in arena.
 * Returns: 0; -E2BIG (more groups than can be named); -ENOMEM. */
OG_MUST int og_identity_chain(const struct og_peer *peer, const struct og_token *token,
                              const struct og_config *config, struct og_arena *arena,
                              struct og_principal_chain *out);
/* The persons of a chain as requests compare them ("user:alice", "token:ISSUER/SUBJECT", "uid:1001"),
 * separated by spaces: nobody of them may answer what the chain asks. Returns: text; NULL without memory. */
const char *og_identity_persons(const struct og_principal_chain *chain, const struct og_peer *peer,
                                const struct og_config *config, struct og_arena *arena);
/* Whether a person is one of such a list. */
bool og_identity_has_person(const char *persons, const char *person);
/* "agent report-bot for alice": the chain in words, for records and requests. */
const char *og_identity_display(const struct og_principal_chain *chain, struct og_arena *arena);

#endif

/* SPDX-License-Identifier: MIT */
/* peer.h - what the kernel says of the process at the other end of a socket or behind a FUSE call,
 * and the principal chain that it counts as (product's identity rules: a uid is a person only where the
 * configuration says so; everyone else is an agent). */
#ifndef OG_FUSEFS_PEER_H
#define OG_FUSEFS_PEER_H

#include <sys/types.h>

#include "common/arena.h"
#include "common/principal.h"
#include "fusefs/config.h"

struct og_peer {
    uint32_t uid, gid;
    int32_t pid;
    uint32_t login_uid; /* UINT32_MAX: none */
    const char *exe;      /* "" where it cannot be read */
    const char *cmd_line; /* arguments joined by spaces, cut at 256 bytes, control bytes escaped */
    const char *cgroup;
};

/* From SO_PEERCRED and /proc, while a pidfd holds the process: nothing of a later process with its number.
 * Strings hang in arena. Returns: 0; -errno. */
OG_MUST int og_peer_from_socket(int fd, struct og_arena *arena, struct og_peer *out);
/* For a FUSE caller. */
void og_peer_from_ids(uint32_t uid, uint32_t gid, int32_t pid, struct og_arena *arena,
                      struct og_peer *out);
/* The chain: one member (this version accepts no tokens), names "user:alice" "group:dba" "agent:x"
 * "uid:1001" "exe:/usr/bin/python3" "cgroup:/..."; evidence PEER. Hangs in arena. */
OG_MUST int og_peer_chain(const struct og_peer *peer, const struct og_config *config,
                          struct og_arena *arena, struct og_principal_chain *out);

#endif

/* SPDX-License-Identifier: MIT */
/* sandbox.h - giving up root's rights, and the small process that keeps the one that is needed at the
 * end: unmounting. Source: capabilities(7), PR_SET_NO_NEW_PRIVS. */
#ifndef OG_FUSEFS_SANDBOX_H
#define OG_FUSEFS_SANDBOX_H

#include "common/base.h"
#include "common/buf.h"

/* As root: starts a process that unmounts when the caller ends, however it ends. Otherwise nothing.
 * out: what og_sandbox_end wants, -1 for nothing. Returns: 0; -errno. */
OG_MUST int og_sandbox_watch_mount(const char *mount, int *out);
/* Lets it unmount now, and waits for that. */
void og_sandbox_end(int watch);
/* As root: becomes user (who gets the state folder), or with NULL keeps uid 0 with the capabilities to
 * read what peers are and nothing else. Everybody: no new privileges. Returns: 0; -errno with why. */
OG_MUST int og_sandbox_drop(const char *user, const char *state_folder, struct og_buf *why);

#endif

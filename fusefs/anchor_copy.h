/* SPDX-License-Identifier: MIT */
/* anchor_copy.h - anchors in a second place (configuration: ledger), so that a ledger that was rewritten with
 * its own key, or cut together with its anchors, shows. A small process of its own writes them: a place that
 * hangs holds up no statement, and it is started before guardfs gives up root, so that guardfs' own account
 * need not be able to write there. What it could not deliver it tries again; a copy that lags or fails shows
 * in health and refuses nothing.
 * Is not: complete; one anchor vouches for everything before it. Threads: guardfs' one. */
#ifndef OG_FUSEFS_ANCHOR_COPY_H
#define OG_FUSEFS_ANCHOR_COPY_H

#include "fusefs/config.h"

struct og_loop;
struct og_anchor_copy;

/* Starts the process where the configuration names a place; out stays NULL where it does not.
 * Returns: 0; -errno. */
OG_MUST int og_anchor_copy_start(const struct og_config *config, struct og_loop *loop,
                                 struct og_anchor_copy **out);
/* Lets the process deliver what it has, for some seconds at most. NULL-safe, returns NULL. */
struct og_anchor_copy *og_anchor_copy_end(struct og_anchor_copy *copy);
/* The socket that takes an anchor's line a message (ledger.h); -1 for NULL. */
int og_anchor_copy_fd(const struct og_anchor_copy *copy);
/* What is wrong, one line, or "". NULL-safe. */
const char *og_anchor_copy_problem(const struct og_anchor_copy *copy);

#endif

/* SPDX-License-Identifier: MIT */
/* policy_store.h - the policy folder and the set in force. The folder loads as one set after a second of
 * quiet and with no .git lock file in it; a change takes force only when syntax and the policies' own
 * tests pass, else the last good set stays (kept in STATE/policies/, so that it survives a restart) and
 * `problem` says why. None yet: there is no set, and everything is denied. */
#ifndef OG_FUSEFS_POLICY_STORE_H
#define OG_FUSEFS_POLICY_STORE_H

#include "common/policy.h"

struct og_daemon;
struct og_policy_store;

OG_MUST int og_policy_store_open(struct og_daemon *daemon, const char *folder, const char *state_folder,
                                 struct og_policy_store **out, struct og_buf *why);
struct og_policy_store *og_policy_store_close(struct og_policy_store *store);
/* Looks at the folder now (startup, SIGHUP, timer) and loads it if it changed. */
void og_policy_store_poll(struct og_policy_store *store);
/* Files in force, borrowed until the generation changes; n_out 0: no good set. */
const struct og_policy_file *og_policy_store_files(const struct og_policy_store *store, size_t *n_out);
struct og_policy_set *og_policy_store_set(const struct og_policy_store *store); /* or NULL */
uint64_t og_policy_store_generation(const struct og_policy_store *store);
/* "" or why the folder's present content is not in force, lines; warnings (unknown groups). */
const char *og_policy_store_problem(const struct og_policy_store *store);
const char *og_policy_store_warnings(const struct og_policy_store *store);
/* The folder given by --policies, and STATE/policies. Borrowed. */
const char *og_policy_store_folder(const struct og_policy_store *store);
const char *og_policy_store_kept(const struct og_policy_store *store);
/* Loads the folder at once, in the name of who changed it through the mount. */
void og_policy_store_commit(struct og_policy_store *store, const char *by, const char *reason);

#endif

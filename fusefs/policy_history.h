/* SPDX-License-Identifier: MIT */
/* policy_history.h - every policy set that was in force, in STATE/policies/NUMBER/, with who brought it and
 * why in NUMBER/.info; STATE/policies/current names the one in force. The mount shows them flat, as
 * NUMBER-FILE and NUMBER.info. Is not: a judge of sets (policy_store.h). */
#ifndef OG_FUSEFS_POLICY_HISTORY_H
#define OG_FUSEFS_POLICY_HISTORY_H

#include "common/base.h"
#include "common/policy.h"

#define OG_POLICY_HISTORY_MAX 200u /* sets that are kept; the oldest goes first */

/* Keeps a set under this number, whole and durable, and makes it current. info: text of .info.
 * Returns: 0; -errno (then current is as it was). */
OG_MUST int og_policy_history_keep(const char *kept_folder, uint64_t number,
                                   const struct og_policy_file *files, size_t n_files,
                                   const char *info);
/* Calls visit for each name that the mount shows. */
void og_policy_history_list(const char *kept_folder,
                            void (*visit)(void *context, const char *name), void *context);
/* The real file behind a shown name. Returns: 0; -ENOENT. */
OG_MUST int og_policy_history_path(const char *kept_folder, const char *name, char *out,
                                   size_t max_bytes);
/* Writes a file whole and durable under a folder's descriptor. Returns: 0; -errno. */
OG_MUST int og_policy_write_file(int folder_fd, const char *name, const void *bytes, size_t n_bytes);

#endif

/* SPDX-License-Identifier: MIT */
/* ctl_policies.h - a policy set for guardctl: from a folder or a file, or the one in force from guardfs. */
#ifndef OG_FUSEFS_CTL_POLICIES_H
#define OG_FUSEFS_CTL_POLICIES_H

#include "common/policy.h"
#include "fusefs/ctl.h"

/* Reads a file, or every *.yaml of a folder, and parses that as one set. Messages (errors and warnings) go to
 * standard error. Returns: OG_CTL_OK and a set with one reference;
 * OG_CTL_ERROR after telling what is wrong. */
OG_MUST int og_ctl_policies_from(const struct og_ctl_call *call, const char *path,
                                 struct og_policy_set **out);
/* The set that guardfs has in force, from policies/active. Returns: as above. */
OG_MUST int og_ctl_policies_in_force(const struct og_ctl_call *call, struct og_policy_set **out);

/* Where the call's statements are read from (--ledger or --state), and --config or NULL, to be freed.
 * Tells its own errors. Returns: OG_CTL_OK; OG_CTL_ERROR. (ctl_policy_what_if.c) */
struct og_config;
OG_MUST int og_ctl_past_source(const struct og_ctl_call *call, const char **path,
                                 struct og_config **config);

#endif

/* SPDX-License-Identifier: MIT */
/* policy_test.h - runs the cases (`tests:`) of a policy set: schema file, analysis, decision.
 * guardfs runs them whenever the folder loads, guardctl policy test by hand. Pure but for the
 * files, which the caller reads. SQLite schemas go into a database in memory.
 * Is not: a test of a live target. Threads: one call at a time per set is enough; no state. */
#ifndef OG_COMMON_POLICY_TEST_H
#define OG_COMMON_POLICY_TEST_H

#include "common/policy.h"

/* Runs every case as a chain of one member, on the case's target, inline, with the evidence of a
 * peer, on a Monday at noon UTC. A statement that is observed only counts as what it is: allowed.
 * folder: for messages, or NULL.
 * read_file: appends the bytes of a file of the policy folder to out; returns 0 or -errno.
 * messages: a line per failure, file:line: text; never a value from a schema file.
 * n_passed, n_failed: set either way; a schema that cannot be used fails all its cases.
 * Returns: 0 (look at n_failed); -ENOMEM. */
OG_MUST int og_policy_test_run(const struct og_policy_set *set, const char *folder,
                               int (*read_file)(void *context, const char *name,
                                                struct og_buf *out),
                               void *context, struct og_buf *messages, size_t *n_passed,
                               size_t *n_failed);

#endif

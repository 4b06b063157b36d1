/* SPDX-License-Identifier: MIT */
/* budget.h - what a principal has used of its limits in the window of time that is going on: kept in
 * STATE/budgets, so that a restart gives nothing back. A window is a whole minute, hour or day of UTC.
 * Is not: which limits there are (common/decide.h). One thread. */
#ifndef OG_FUSEFS_BUDGET_H
#define OG_FUSEFS_BUDGET_H

#include "common/base.h"
#include "common/buf.h"

struct og_budgets;

/* Reads state_folder/budgets. Returns: 0; -EBADMSG with why for a file that cannot be understood (then
 * nobody knows what was used); -errno. */
OG_MUST int og_budgets_open(const char *state_folder, struct og_budgets **out, struct og_buf *why);
struct og_budgets *og_budgets_close(struct og_budgets *budgets);

/* One figure: what who used of it on a target. */
struct og_budget_key {
    const char *who, *target, *what; /* "user:alice", "shop", "lookup public.customers.email" */
    uint32_t window_s;
};

/* What is used in the window of now. */
uint64_t og_budget_used(struct og_budgets *budgets, const struct og_budget_key *key,
                        int64_t now_unix_s);
/* Seconds until the window of now ends, 1 at least. */
uint32_t og_budget_retry_after(const struct og_budget_key *key, int64_t now_unix_s);
/* Uses n more, stored before it returns. Returns: 0; -errno when it could not be stored: then nothing
 * may be let pass for it. */
OG_MUST int og_budget_add(struct og_budgets *budgets, const struct og_budget_key *key, uint64_t n,
                          int64_t now_unix_s);

#endif

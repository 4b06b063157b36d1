/* SPDX-License-Identifier: MIT */
/* policy_lint.h - what is right but does not do what it looks like: rules that never decide, names that a
 * target has not, masks that no column gets, columns that two entries mask differently.
 * Is not: the parser's errors and warnings (policy.h), nor tests. */
#ifndef OG_COMMON_POLICY_LINT_H
#define OG_COMMON_POLICY_LINT_H

#include "common/policy.h"

/* Every column of a target, views' too. */
struct og_lint_column {
    const char *schema, *table, *column;
};

struct og_lint_schema {
    enum og_dialect dialect;
    const struct og_lint_column *columns;
    size_t n_columns;
};

/* Appends findings, a line each: file:line: text. schema NULL: only what the set itself tells.
 * Returns: how many findings. */
size_t og_policy_lint(const struct og_policy_set *set, const struct og_lint_schema *schema,
                      struct og_buf *out);

#endif

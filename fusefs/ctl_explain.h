/* SPDX-License-Identifier: MIT */
/* ctl_explain.h - facts and verdict as guardctl explain shows them. */
#ifndef OG_FUSEFS_CTL_EXPLAIN_H
#define OG_FUSEFS_CTL_EXPLAIN_H

#include "common/decide.h"
#include "fusefs/ctl.h"

struct og_ctl_engine;
/* The engine that the call's --dsn, --target-schema and --dialect name. Tells its own errors.
 * Returns: OG_CTL_OK; OG_CTL_ERROR. */
OG_MUST int og_ctl_explain_engine(const struct og_ctl_call *call, const char **target_name,
                                  struct og_ctl_engine **out);

/* Prints to standard output, as text or JSON. */
void og_ctl_explain_print(const struct og_ctl_call *call, const struct og_decide_input *input,
                          const struct og_verdict *verdict);

#endif

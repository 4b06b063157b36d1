/* SPDX-License-Identifier: MIT */
/* decide_parts.h - the inside of a decision: which policies and rules match (decide_match.c), what is
 * masked (decide_mask.c), and their judgement for one member of the chain (decide.c). */
#ifndef OG_COMMON_DECIDE_PARTS_H
#define OG_COMMON_DECIDE_PARTS_H

#include "common/decide.h"
#include "common/policy_parts.h"

/* One member's view of a decision. */
struct og_judge {
    const struct og_decide_input *input;
    const struct og_principal *member;
    struct og_arena *arena;
    const struct og_policy **policies; /* those that apply */
    bool *is_weak; /* per policy: matched by exe: or cgroup: alone, so it can only deny */
    size_t n_policies;
    bool has_enforcing; /* one with mode enforce applies */
    bool has_data;      /* one with data and data-mode enforce applies */
};

/* Collects the policies that apply to the member. Returns: 0; -ENOMEM. */
OG_MUST int og_judge_init(struct og_judge *judge, const struct og_decide_input *input,
                          const struct og_principal *member, struct og_arena *arena);
bool og_policy_applies(const struct og_policy *policy, const struct og_decide_input *input,
                       const struct og_principal *member, bool *is_weak);
/* Whether a rule speaks of this effect on this object (object NULL: an effect on nothing named). */
bool og_rule_matches(const struct og_rule *rule, const struct og_decide_input *input,
                     enum og_effect effect, const struct og_object *object);
/* A table's pattern: one part in any schema, two schema and table. */
bool og_table_fits(const struct og_name_pattern *pattern, enum og_dialect dialect,
                   const char *schema, const char *name);
bool og_column_fits(const struct og_name_pattern *pattern, enum og_dialect dialect,
                    const char *schema, const char *table, const char *column);
/* Whether any applying policy vouches for the function. */
bool og_is_vouched(const struct og_judge *judge, const char *schema, const char *name);

/* What a column's values become for one member. */
struct og_column_mask {
    struct og_mask mask;             /* kind NONE: clear */
    const struct og_policy *policy;  /* the first that masks it */
    bool is_observed;                /* data-mode observe would have masked it */
};
void og_judge_column(const struct og_judge *judge, const char *schema, const char *table,
                     const char *column, struct og_column_mask *out);
/* The stricter of two masks: equal ones stay, different ones give sql-null; NONE gives way. */
struct og_mask og_mask_stricter(const struct og_mask *a, const struct og_mask *b);

#endif

/* SPDX-License-Identifier: MIT */
/* What trying a write beforehand may do and tell. */
#include "common/decide_parts.h"

bool og_decide_may_read(const struct og_decide_input *input, struct og_arena *arena,
                        const struct og_object *tables, size_t n_tables)
{
    struct og_decide_input reading = *input;
    struct og_verdict verdict;
    struct og_facts facts;

    og_facts_init(&facts, arena, input->target ? input->target->dialect : OG_DIALECT_NONE);
    facts.kind = "SELECT";
    for (size_t i = 0; i < n_tables; i++)
        og_facts_effect(&facts, OG_EFFECT_SELECT, og_facts_object(&facts, &tables[i]));
    reading.facts = &facts;
    reading.is_measured = false;
    return n_tables > 0 && og_decide(&reading, arena, &verdict) == 0 &&
           verdict.kind == OG_VERDICT_ALLOW && !verdict.is_observed;
}

static bool is_listed_for(const struct og_decide *decide, const struct og_principal *member,
                          const char *schema, const char *name)
{
    const struct og_policy_set *set = decide->input->set;

    for (size_t i = 0; set && i < set->n_policies; i++) {
        const struct og_policy *policy = &set->policies[i];

        if (!policy->is_observing &&
            og_decide_applies(policy, member, decide->input->target) == OG_APPLIES_FULLY &&
            og_decide_function_fits(decide, policy->rehearsed, policy->n_rehearsed, schema, name))
            return true;
    }
    return false;
}

bool og_decide_may_rehearse(const struct og_decide_input *input, const char *schema,
                            const char *name)
{
    const struct og_decide decide = og_decide_start(input, NULL);

    for (size_t i = 0; i < input->chain->n_members; i++)
        if (!is_listed_for(&decide, &input->chain->members[i], schema, name))
            return false;
    return input->chain->n_members > 0;
}

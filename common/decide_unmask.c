/* SPDX-License-Identifier: MIT */
/* Who may let somebody see the real values of masked columns: the verdict of a statement that asks for them
 * (docs/decisions/0025-unmasking.md). */
#include "common/decide_parts.h"

#include <string.h>

static void refuse_unmask(const struct og_decide *decide, const struct og_policy *policy,
                          const struct og_fact_column *column, const char *reason, const char *say,
                          struct og_verdict *verdict)
{
    const struct og_object *object = column ? og_decide_object_of(decide->facts, column) : NULL;

    og_decide_refuse(verdict, OG_ERR_DENIED, policy, og_decide_object_name(decide, object),
           column ? column->name : "", reason, say);
}

/* Adds what one entry asks for, once. */
static bool add_unmask_need(const struct og_decide *decide, const struct og_policy *policy,
                            const struct og_rule *unmask, struct og_verdict *verdict)
{
    struct og_approval_need *all;

    for (size_t i = 0; i < verdict->n_needs; i++)
        if (strcmp(verdict->needs[i].policy, policy->name) == 0 &&
            strcmp(verdict->needs[i].rule, OG_RULE_DATA) == 0 &&
            strcmp(verdict->needs[i].group, unmask->by_group) == 0)
            return true;
    all = og_arena_array(decide->arena, verdict->n_needs + 1, sizeof(*all));
    if (!all)
        return false;
    if (verdict->n_needs)
        memcpy(all, verdict->needs, verdict->n_needs * sizeof(*all));
    all[verdict->n_needs++] = (struct og_approval_need){
        .policy = policy->name,
        .rule = OG_RULE_DATA,
        .group = unmask->by_group,
        .count = unmask->by_count ? unmask->by_count : 1,
        .within_s = unmask->by_within_s ? unmask->by_within_s : 1800,
    };
    verdict->needs = all;
    return true;
}

/* Every entry of a policy that masks the column must say who may let somebody see it. */
static bool ask_policy(const struct og_decide *decide, const struct og_policy *policy,
                       const struct og_fact_column *column, struct og_verdict *verdict)
{
    const struct og_object *object = og_decide_object_of(decide->facts, column);

    for (size_t i = 0; i < policy->n_data; i++)
        if (policy->data[i].is_exempt &&
            og_decide_entry_fits(decide, &policy->data[i], object->schema, object->name, column->name))
            return true;
    for (size_t i = 0; i < policy->n_data; i++) {
        const struct og_data_entry *entry = &policy->data[i];

        if (!og_decide_entry_fits(decide, entry, object->schema, object->name, column->name))
            continue;
        if (entry->unmask && add_unmask_need(decide, policy, entry->unmask, verdict))
            continue;
        refuse_unmask(decide, policy, column,
                      og_arena_join(decide->arena, "policy ", policy->name,
                                    " lets nobody see the real values of ",
                                    og_decide_object_text(decide, object), ".", column->name, NULL),
                      "Ask whoever keeps the policies for an `unmask` at that entry, or leave the column "
                      "out", verdict);
        return false;
    }
    return true;
}

static bool ask_column(const struct og_decide *decide, const struct og_fact_column *column,
                       struct og_verdict *verdict)
{
    const struct og_policy_set *set = decide->input->set;

    for (size_t i = 0; set && i < set->n_policies; i++)
        if (set->policies[i].n_data && !set->policies[i].is_data_observing &&
            og_decide_applies_to_chain(decide, &set->policies[i]) != OG_APPLIES_NOT &&
            !ask_policy(decide, &set->policies[i], column, verdict))
            return false;
    return true;
}

/* The real values of masked columns are for who was granted them, row by row as the statement names them. */
void og_decide_unmask(const struct og_decide *decide, struct og_verdict *verdict)
{
    const struct og_facts *facts = decide->facts;
    const struct og_fact_column *asked = NULL;

    for (size_t i = 0; i < facts->n_results && i < verdict->n_masks; i++) {
        const struct og_fact_result *result = &facts->results[i];
        const struct og_fact_column *column;

        if (!og_mask_is_plan(&verdict->masks[i]))
            continue;
        column = result->n_sources == 1 ? &facts->columns[result->sources[0].column] : NULL;
        if (!column || !result->sources[0].is_copied || !og_decide_object_of(facts, column) ||
            og_decide_object_of(facts, column)->kind != OG_OBJECT_TABLE || facts->n_objects != 1) {
            refuse_unmask(decide, NULL, NULL, "only plain columns of one table can be unmasked",
                          "Name the columns of the table itself", verdict);
            return;
        }
        asked = column;
        if (!ask_column(decide, column, verdict))
            return;
    }
    if (!asked) {
        refuse_unmask(decide, NULL, NULL,
                      "no column of this statement is masked, so there is nothing to unmask",
                      "Send the SELECT itself", verdict);
        return;
    }
    verdict->kind = OG_VERDICT_APPROVE;
    verdict->would_be = OG_VERDICT_APPROVE;
    verdict->is_observed = false;
    verdict->policy = verdict->needs[verdict->n_needs - 1].policy;
    verdict->rule = verdict->needs[verdict->n_needs - 1].rule;
    verdict->object = og_decide_object_name(decide, og_decide_object_of(facts, asked));
    verdict->reason = og_arena_join(decide->arena, "seeing the real values of ",
                                    og_decide_object_text(decide, og_decide_object_of(facts, asked)), ".",
                                    asked->name,
                                    verdict->n_masks > 1 ? " and what else it reads" : "",
                                    " needs an approval", NULL);
    verdict->say = "";
    verdict->unmasks = true;
}

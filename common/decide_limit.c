/* SPDX-License-Identifier: MIT */
/* Limits: which ones hold for whom, and what a statement itself is held to. Counting over time is
 * guardfs' (fusefs/budget.h). */
#include "common/decide_parts.h"

#include <string.h>

const char *og_limit_word(enum og_limit_kind kind)
{
    static const char *const words[] = {
        [OG_LIMIT_CONNECTIONS] = "connections",     [OG_LIMIT_STATEMENTS] = "statements",
        [OG_LIMIT_REQUESTS] = "requests",           [OG_LIMIT_ROWS_PER_HOUR] = "rows",
        [OG_LIMIT_ROWS_PER_STATEMENT] = "rows of one statement", [OG_LIMIT_RUNTIME] = "seconds",
        [OG_LIMIT_PARALLEL] = "statements at once", [OG_LIMIT_LOOKUPS] = "lookups",
    };

    return (unsigned)kind < OG_COUNT(words) && words[kind] ? words[kind] : "unknown";
}

static bool visit_policy(const struct og_policy *policy, size_t member,
                         bool (*visit)(void *context, const struct og_limit *limit), void *context)
{
    const struct og_policy_limits *limits = &policy->limits;
    const struct og_limit all[] = {
        {OG_LIMIT_CONNECTIONS, policy->name, member, limits->connections.count,
         limits->connections.window_s},
        {OG_LIMIT_STATEMENTS, policy->name, member, limits->statements.count,
         limits->statements.window_s},
        {OG_LIMIT_REQUESTS, policy->name, member, limits->requests.count,
         limits->requests.window_s},
        {OG_LIMIT_ROWS_PER_HOUR, policy->name, member, limits->rows_per_hour, 3600},
        {OG_LIMIT_ROWS_PER_STATEMENT, policy->name, member, limits->rows_per_statement, 0},
        {OG_LIMIT_RUNTIME, policy->name, member, limits->runtime_s, 0},
        {OG_LIMIT_PARALLEL, policy->name, member, limits->parallel, 0},
    };

    for (size_t i = 0; i < OG_COUNT(all); i++)
        if (all[i].count && !visit(context, &all[i]))
            return false;
    return true;
}

void og_decide_each_limit(const struct og_decide_input *input,
                          bool (*visit)(void *context, const struct og_limit *limit),
                          void *context)
{
    const struct og_policy_set *set = input->set;

    for (size_t i = 0; set && i < set->n_policies; i++)
        for (size_t m = 0; input->chain && m < input->chain->n_members; m++) {
            if (set->policies[i].is_observing ||
                og_decide_applies(&set->policies[i], &input->chain->members[m], input->target) ==
                    OG_APPLIES_NOT)
                continue;
            if (!visit_policy(&set->policies[i], m, visit, context))
                return;
        }
}

static bool take(void *context, const struct og_limit *limit)
{
    struct og_verdict *verdict = context;

    switch (limit->kind) {
    case OG_LIMIT_ROWS_PER_STATEMENT:
        if (!verdict->max_rows || limit->count < verdict->max_rows) {
            verdict->max_rows = limit->count;
            verdict->max_rows_policy = limit->policy;
        }
        break;
    case OG_LIMIT_ROWS_PER_HOUR:
        verdict->is_counted = true;
        if (!verdict->max_rows || limit->count < verdict->max_rows) {
            verdict->max_rows = limit->count;
            verdict->max_rows_policy = limit->policy;
        }
        break;
    case OG_LIMIT_RUNTIME:
        if (!verdict->runtime_s || limit->count < verdict->runtime_s) {
            verdict->runtime_s = (uint32_t)limit->count;
            verdict->runtime_policy = limit->policy;
        }
        break;
    case OG_LIMIT_STATEMENTS:
    case OG_LIMIT_PARALLEL:
        verdict->is_counted = true;
        break;
    case OG_LIMIT_CONNECTIONS:
    case OG_LIMIT_REQUESTS:
    case OG_LIMIT_LOOKUPS:
        break;
    }
    return true;
}

static void take_writes(const struct og_policy *policy, struct og_verdict *verdict)
{
    const struct og_policy_writes *writes = &policy->writes;

    if (!writes->undo)
        return;
    if (!verdict->undo || writes->undo_bytes < verdict->undo_bytes)
        verdict->undo_bytes = writes->undo_bytes;
    if (!verdict->undo || writes->keep_s < verdict->undo_keep_s)
        verdict->undo_keep_s = writes->keep_s;
    if (writes->undo > verdict->undo) {
        verdict->undo = writes->undo;
        verdict->undo_policy = policy->name;
    }
}

/* Whether one member of the chain is under the policy. */
static bool applies(const struct og_decide_input *input, const struct og_policy *policy)
{
    for (size_t m = 0; input->chain && m < input->chain->n_members; m++)
        if (og_decide_applies(policy, &input->chain->members[m], input->target) != OG_APPLIES_NOT)
            return true;
    return false;
}

void og_decide_limits(const struct og_decide_input *input, struct og_verdict *verdict)
{
    const struct og_policy_set *set = input->set;

    og_decide_each_limit(input, take, verdict);
    for (size_t i = 0; set && i < set->n_policies; i++)
        if (!set->policies[i].is_observing && applies(input, &set->policies[i]))
            take_writes(&set->policies[i], verdict);
}

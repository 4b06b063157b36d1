/* SPDX-License-Identifier: MIT */
#include "common/decide_parts.h"
#include "common/limits.h"

#include <errno.h>
#include <string.h>

#define NO_RULE_SAY "Ask whoever keeps the policies for a rule that allows it"

/* Verdict under way for one member of the chain. */
struct judgement {
    struct og_verdict verdict;
    int rank;      /* how much it weighs against other pairs, see enum rank; 0: nothing yet */
    bool is_blind; /* not understood: what is masked could leave unseen */
};

/* What weighs more decides for the statement; an explicit denial is named before a missing rule. */
enum rank { RANK_NONE = 0, RANK_ALLOW, RANK_APPROVE, RANK_NO_RULE, RANK_DENY };

/* Rules and needs of the whole chain. */
struct lists {
    struct og_rule_ref *matched;
    size_t n_matched, max_matched;
    struct og_approval_need *needs;
    size_t n_needs, max_needs;
    bool needs_measure;
    uint64_t rows_bound;
};

struct rule_at {
    const struct og_policy *policy;
    const struct og_rule *rule;
};

/* The first rule of each kind that fits a pair. */
struct fitting {
    struct rule_at deny, approve, allow;
};

static const struct og_verdict plain_deny = {
    .kind = OG_VERDICT_DENY,
    .error = OG_ERR_REFUSED,
    .policy = "",
    .rule = "",
    .object = "",
    .column = "",
    .reason = "the statement could not be decided",
    .say = "Try again, or give a smaller statement",
    .would_be = OG_VERDICT_DENY,
};

const char *og_verdict_word(enum og_verdict_kind kind)
{
    switch (kind) {
    case OG_VERDICT_ALLOW:
        return "allow";
    case OG_VERDICT_APPROVE:
        return "approve";
    case OG_VERDICT_DENY:
    default:
        return "deny";
    }
}

/* ---- lists ---- */

static void add_matched(const struct og_decide *decide, struct lists *lists,
                        const struct og_policy *policy, const struct og_rule *rule)
{
    struct og_rule_ref *added;

    for (size_t i = 0; i < lists->n_matched; i++)
        if (strcmp(lists->matched[i].policy, policy->name) == 0 &&
            strcmp(lists->matched[i].rule, rule->id) == 0)
            return;
    added = og_arena_push(decide->arena, &lists->matched, &lists->n_matched, &lists->max_matched,
                          sizeof(*added));
    if (added)
        *added = (struct og_rule_ref){.policy = policy->name, .rule = rule->id};
}

static void add_need(const struct og_decide *decide, struct lists *lists,
                     const struct og_policy *policy, const struct og_rule *rule)
{
    struct og_approval_need *added;

    for (size_t i = 0; i < lists->n_needs; i++)
        if (strcmp(lists->needs[i].policy, policy->name) == 0 &&
            strcmp(lists->needs[i].rule, rule->id) == 0)
            return;
    added = og_arena_push(decide->arena, &lists->needs, &lists->n_needs, &lists->max_needs,
                          sizeof(*added));
    if (added)
        *added = (struct og_approval_need){
            .policy = policy->name,
            .rule = rule->id,
            .group = rule->by_group ? rule->by_group : "",
            .count = rule->by_count ? rule->by_count : 1,
            .within_s = rule->by_within_s ? rule->by_within_s : 1800,
            .drift_rows = rule->by_drift_rows,
            .drift_percent = rule->by_drift_percent,
            .n_sample = rule->by_group ? rule->by_sample : OG_DEFAULT_SAMPLE_ROWS,
            .say = rule->say && *rule->say ? rule->say : NULL,
        };
}

/* ---- one pair ---- */

static void take(struct rule_at *at, const struct og_policy *policy, const struct og_rule *rule)
{
    if (!at->rule)
        *at = (struct rule_at){policy, rule};
}

/* A rule that hangs on how many rows a write changes: the smallest bound holds the write. */
static void note_rows(const struct og_decide *decide, const struct og_rule *rule,
                      const struct og_pair *pair, struct lists *lists)
{
    if (!og_decide_rule_measures(decide, rule, pair))
        return;
    if (!lists->needs_measure || rule->rows_over < lists->rows_bound)
        lists->rows_bound = rule->rows_over;
    lists->needs_measure = true;
}

/* Walks the rules of one kind of policies. An approve rule of a policy that applies weakly makes
 * an allowance stricter but is none itself. */
static struct fitting find_rules(const struct og_decide *decide, const struct og_principal *member,
                                 bool is_observing, const struct og_pair *pair,
                                 struct lists *lists)
{
    const struct og_policy_set *set = decide->input->set;
    struct fitting found = {{NULL, NULL}, {NULL, NULL}, {NULL, NULL}};
    struct rule_at weak = {NULL, NULL};

    for (size_t i = 0; set && i < set->n_policies; i++) {
        const struct og_policy *policy = &set->policies[i];
        enum og_applies how = og_decide_applies(policy, member, decide->input->target);

        if (policy->is_observing != is_observing || how == OG_APPLIES_NOT)
            continue;
        for (size_t k = 0; k < policy->n_rules; k++) {
            const struct og_rule *rule = &policy->rules[k];

            if (!is_observing)
                note_rows(decide, rule, pair, lists);
            if (!og_decide_rule_fits(decide, rule, pair))
                continue;
            if (rule->then == OG_ACTION_DENY)
                take(&found.deny, policy, rule);
            else if (rule->then == OG_ACTION_APPROVE)
                take(how == OG_APPLIES_FULLY ? &found.approve : &weak, policy, rule);
            else if (rule->then == OG_ACTION_ALLOW && how == OG_APPLIES_FULLY)
                take(&found.allow, policy, rule);
            else
                continue; /* an allowance that does not count, or an unknown action */
            add_matched(decide, lists, policy, rule);
        }
    }
    if (!found.approve.rule && weak.rule && (found.allow.rule || pair->needs_no_rule))
        found.approve = weak;
    return found;
}

static void add_needs(const struct og_decide *decide, const struct og_principal *member,
                      const struct og_pair *pair, struct lists *lists)
{
    const struct og_policy_set *set = decide->input->set;

    for (size_t i = 0; i < set->n_policies; i++) {
        const struct og_policy *policy = &set->policies[i];

        if (policy->is_observing ||
            og_decide_applies(policy, member, decide->input->target) == OG_APPLIES_NOT)
            continue;
        for (size_t k = 0; k < policy->n_rules; k++)
            if (policy->rules[k].then == OG_ACTION_APPROVE &&
                og_decide_rule_fits(decide, &policy->rules[k], pair))
                add_need(decide, lists, policy, &policy->rules[k]);
    }
}

static void say_verdict(const struct og_decide *decide, struct judgement *judgement, enum rank rank,
                        const struct rule_at *at, const struct og_pair *pair)
{
    static const struct {
        const char *before, *after;
    } words[] = {
        [RANK_ALLOW] = {"", " is allowed"},
        [RANK_APPROVE] = {"", " needs an approval"},
        [RANK_NO_RULE] = {"no policy allows ", ""},
        [RANK_DENY] = {"", " is not allowed here"},
    };
    static const enum og_verdict_kind kinds[] = {
        [RANK_ALLOW] = OG_VERDICT_ALLOW,
        [RANK_APPROVE] = OG_VERDICT_APPROVE,
        [RANK_NO_RULE] = OG_VERDICT_DENY,
        [RANK_DENY] = OG_VERDICT_DENY,
    };

    if ((int)rank <= judgement->rank)
        return;
    judgement->rank = (int)rank;
    judgement->verdict = (struct og_verdict){
        .kind = kinds[rank],
        .error = kinds[rank] == OG_VERDICT_DENY ? OG_ERR_DENIED : OG_ERR_NONE,
        .policy = at ? at->policy->name : "",
        .rule = at ? at->rule->id : "",
        .object = og_decide_object_name(decide, pair->object),
        .column = "",
        .reason = at && at->rule->has_rows
                      ? og_decide_rows_text(decide, at->policy, at->rule, pair)
                      : og_arena_join(decide->arena, words[rank].before, og_decide_pair_text(decide, pair),
                                      words[rank].after, NULL),
        .rows_bound = at && at->rule->has_rows ? at->rule->rows_over : 0,
        .is_over_rows = at && at->rule->has_rows,
        .measured_rows = decide->input->measured_rows,
        .say = at && at->rule->say ? at->rule->say : rank == RANK_NO_RULE ? NO_RULE_SAY : "",
    };
}

static void judge_pair(const struct og_decide *decide, const struct og_principal *member,
                       bool is_observing, const struct og_pair *pair, struct lists *lists,
                       struct judgement *judgement)
{
    struct fitting found = find_rules(decide, member, is_observing, pair, lists);

    if (found.deny.rule) {
        say_verdict(decide, judgement, RANK_DENY, &found.deny, pair);
    } else if (found.approve.rule) {
        if (!is_observing)
            add_needs(decide, member, pair, lists);
        say_verdict(decide, judgement, RANK_APPROVE, &found.approve, pair);
    } else if (found.allow.rule || pair->needs_no_rule) {
        say_verdict(decide, judgement, RANK_ALLOW, found.allow.rule ? &found.allow : NULL, pair);
    } else {
        say_verdict(decide, judgement, RANK_NO_RULE, NULL, pair);
    }
}

/* ---- one member ---- */

static void refuse(struct judgement *judgement, const char *reason, const char *say)
{
    judgement->rank = RANK_DENY;
    judgement->is_blind = true;
    judgement->verdict = (struct og_verdict){
        .kind = OG_VERDICT_DENY,
        .error = OG_ERR_REFUSED,
        .policy = "",
        .rule = "",
        .object = "",
        .column = "",
        .reason = reason ? reason : "",
        .say = say,
    };
}

static bool is_vouched(const struct og_decide *decide, const struct og_principal *member,
                       bool is_observing, const struct og_fact_function *function)
{
    const struct og_policy_set *set = decide->input->set;

    for (size_t i = 0; set && i < set->n_policies; i++) {
        const struct og_policy *policy = &set->policies[i];

        if (policy->is_observing == is_observing &&
            og_decide_applies(policy, member, decide->input->target) == OG_APPLIES_FULLY &&
            og_decide_function_fits(decide, policy->vouched, policy->n_vouched, function->schema,
                                    function->name))
            return true;
    }
    return false;
}

static void check_functions(const struct og_decide *decide, const struct og_principal *member,
                            bool is_observing, struct judgement *judgement)
{
    const struct og_facts *facts = decide->facts;

    for (size_t i = 0; i < facts->n_functions; i++) {
        const struct og_fact_function *function = &facts->functions[i];
        const struct og_object named = {.kind = OG_OBJECT_FUNCTION,
                                        .schema = function->schema,
                                        .name = function->name};
        const char *name;

        if (function->is_harmless || is_vouched(decide, member, is_observing, function))
            continue;
        name = og_decide_object_name(decide, &named);
        /* An explicit denial keeps its words, but the function is unknown all the same. */
        if (judgement->verdict.kind == OG_VERDICT_DENY) {
            judgement->is_blind = true;
            return;
        }
        refuse(judgement,
               og_arena_printf(decide->arena, "the function %s is not vouched for", name),
               "Do without it, or have it listed under vouch: functions in a policy, with its "
               "schema");
        judgement->verdict.object = name;
        return;
    }
}

/* Transaction control and harmless settings need no rule, but can be named by one. */
static bool needs_no_rule(const struct og_facts *facts, enum og_effect effect)
{
    if ((facts->is_transaction_control || facts->is_bookkeeping) && effect == OG_EFFECT_SESSION)
        return true;
    return facts->is_harmless_setting &&
           (effect == OG_EFFECT_SET || effect == OG_EFFECT_PRAGMA);
}

static void judge_effects(const struct og_decide *decide, const struct og_principal *member,
                          bool is_observing, struct lists *lists, struct judgement *judgement)
{
    const struct og_facts *facts = decide->facts;

    for (size_t i = 0; i < facts->n_effects; i++) {
        const struct og_fact_effect *effect = &facts->effects[i];
        struct og_pair pair = {
            .effect = effect->effect,
            .object = effect->object < facts->n_objects ? &facts->objects[effect->object] : NULL,
            .needs_no_rule = needs_no_rule(facts, effect->effect),
        };

        judge_pair(decide, member, is_observing, &pair, lists, judgement);
    }
    if (!facts->n_effects && (facts->is_transaction_control || facts->is_harmless_setting)) {
        struct og_pair pair = {
            .effect = facts->is_transaction_control ? OG_EFFECT_SESSION : OG_EFFECT_SET,
            .needs_no_rule = true,
        };

        judge_pair(decide, member, is_observing, &pair, lists, judgement);
    }
}

static void judge(const struct og_decide *decide, const struct og_principal *member,
                  bool is_observing, struct lists *lists, struct judgement *judgement)
{
    const struct og_facts *facts = decide->facts;

    *judgement = (struct judgement){.rank = RANK_NONE};
    if (facts->refusal.what) {
        refuse(judgement, og_decide_refusal_text(decide),
               og_decide_sentence(decide, facts->refusal.instead));
        return;
    }
    if (decide->dialect == OG_DIALECT_NONE) {
        refuse(judgement, "statements on this kind of database are not understood yet",
               "Statements run on this target only under policies that observe");
        return;
    }
    judge_effects(decide, member, is_observing, lists, judgement);
    if (judgement->rank == RANK_NONE)
        refuse(judgement, "nothing is known about what this statement does",
               "Write it in a simpler form");
    check_functions(decide, member, is_observing, judgement);
}

/* Enforcing policies decide alone; observing ones only where there is no other. */
static void judge_member(const struct og_decide *decide, const struct og_principal *member,
                         struct lists *lists, struct judgement *judgement)
{
    const struct og_policy_set *set = decide->input->set;
    bool is_enforced = false, is_observed = false;

    for (size_t i = 0; set && i < set->n_policies; i++) {
        enum og_applies how =
            og_decide_applies(&set->policies[i], member, decide->input->target);

        if (!set->policies[i].is_observing && how != OG_APPLIES_NOT)
            is_enforced = true;
        if (set->policies[i].is_observing && how == OG_APPLIES_FULLY)
            is_observed = true;
    }
    is_observed = is_observed && !is_enforced;
    judge(decide, member, is_observed, lists, judgement);
    judgement->verdict.would_be = judgement->verdict.kind;
    /* What is not understood cannot be masked: it passes only where nothing is. */
    if (!is_observed || (judgement->is_blind && og_decide_has_masks(decide, false)))
        return;
    judgement->verdict.kind = OG_VERDICT_ALLOW;
    judgement->verdict.error = OG_ERR_NONE;
    judgement->verdict.is_observed = true;
}

/* ---- the chain ---- */

static void join(struct og_verdict *out, const struct og_verdict *next)
{
    bool is_observed = out->is_observed || next->is_observed;
    enum og_verdict_kind would_be =
        next->would_be < out->would_be ? next->would_be : out->would_be;

    if (next->kind < out->kind || (next->kind == out->kind && next->would_be < out->would_be))
        *out = *next;
    out->is_observed = is_observed;
    out->would_be = would_be;
}

static void judge_chain(const struct og_decide *decide, struct lists *lists,
                        struct og_verdict *out)
{
    const struct og_principal_chain *chain = decide->input->chain;
    bool is_all_observed = true;

    for (size_t i = 0; i < chain->n_members; i++) {
        struct judgement judgement;

        judge_member(decide, &chain->members[i], lists, &judgement);
        is_all_observed = is_all_observed && judgement.verdict.is_observed;
        if (i == 0)
            *out = judgement.verdict;
        else
            join(out, &judgement.verdict);
    }
    if (out->kind == OG_VERDICT_DENY) {
        out->is_observed = false;
        out->would_be = OG_VERDICT_DENY;
    }
    if (out->kind != OG_VERDICT_DENY && lists->needs_measure) {
        out->needs_measure = true;
        out->rows_bound = lists->rows_bound;
    }
    out->may_run_blind = is_all_observed && !og_decide_has_masks(decide, false);
    out->matched = lists->matched;
    out->n_matched = lists->n_matched;
    if (out->kind == OG_VERDICT_APPROVE) {
        out->needs = lists->needs;
        out->n_needs = lists->n_needs;
    }
}

int og_decide(const struct og_decide_input *input, struct og_arena *arena, struct og_verdict *out)
{
    struct og_decide decide = og_decide_start(input, arena);
    struct lists lists = {.matched = NULL};

    *out = plain_deny;
    if (!input->facts || !input->chain || !input->chain->n_members) {
        out->reason = "nobody is known to act here";
        return 0;
    }
    judge_chain(&decide, &lists, out);
    og_decide_plan(&decide, out);
    og_decide_limits(input, out);
    if (og_arena_is_failed(arena)) {
        *out = plain_deny;
        return -ENOMEM;
    }
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* A decision: each member of the chain is judged alone (rules, then what masks forbid, then functions),
 * and the least permissive verdict with the strictest masks is the chain's. */
#include "common/decide.h"

#include <errno.h>
#include <string.h>

#include "common/decide_parts.h"
#include "common/err.h"

const char *og_verdict_word(enum og_verdict_kind kind)
{
    static const char *const words[] = {"deny", "approve", "allow"};

    return (size_t)kind < OG_COUNT(words) ? words[kind] : "deny";
}

/* ---- texts ---- */

static const char *short_name(struct og_judge *judge, const struct og_object *object)
{
    if (!object)
        return "";
    if (!*object->schema || strcmp(object->schema, "public") == 0 ||
        strcmp(object->schema, "main") == 0)
        return object->name;
    return og_arena_printf(judge->arena, "%s.%s", object->schema, object->name);
}

static const char *full_name(struct og_judge *judge, const struct og_object *object)
{
    if (!object)
        return "";
    return *object->schema ? og_arena_printf(judge->arena, "%s.%s", object->schema, object->name)
                           : object->name;
}

/* "DROP TABLE customers", "UPDATE on payments", "SELECT". */
static const char *what_it_does(struct og_judge *judge, enum og_effect effect,
                                const struct og_object *object)
{
    const char *kind = judge->input->facts->kind ? judge->input->facts->kind : "the statement";
    bool names_it = effect == OG_EFFECT_DROP || effect == OG_EFFECT_CREATE ||
                    effect == OG_EFFECT_ALTER || effect == OG_EFFECT_TRUNCATE;

    if (!object || !*object->name)
        return kind;
    return og_arena_printf(judge->arena, "%s %s%s", kind, names_it ? "" : "on ",
                           short_name(judge, object));
}

/* ---- one effect on one object ---- */

struct finding {
    enum og_verdict_kind kind;
    const struct og_policy *policy;
    const struct og_rule *rule;
};

static void add_matched(struct og_judge *judge, struct og_verdict *out, size_t *max,
                        const struct og_policy *policy, const struct og_rule *rule)
{
    struct og_rule_ref *refs = (struct og_rule_ref *)(uintptr_t)out->matched, *ref;

    for (size_t i = 0; i < out->n_matched; i++)
        if (refs[i].policy == policy->name && refs[i].rule == rule->id)
            return;
    ref = og_arena_push(judge->arena, &refs, &out->n_matched, max, sizeof(*ref));
    out->matched = refs;
    if (ref)
        *ref = (struct og_rule_ref){policy->name, rule->id};
}

static void add_need(struct og_judge *judge, struct og_verdict *out, size_t *max,
                     const struct og_policy *policy, const struct og_rule *rule)
{
    struct og_approval_need *needs = (struct og_approval_need *)(uintptr_t)out->needs, *need;

    for (size_t i = 0; i < out->n_needs; i++)
        if (needs[i].policy == policy->name && needs[i].rule == rule->id)
            return;
    need = og_arena_push(judge->arena, &needs, &out->n_needs, max, sizeof(*need));
    out->needs = needs;
    if (need)
        *need = (struct og_approval_need){
            .policy = policy->name,
            .rule = rule->id,
            .group = rule->by_group,
            .count = rule->by_count,
            .within_s = rule->by_within_s,
            .say = rule->say && *rule->say ? rule->say : NULL,
        };
}

struct capacity {
    size_t matched, needs;
};

/* deny beats approve beats allow; what no rule speaks of is denied. Control and harmless settings are
 * allowed unless a rule names their effect. */
static struct finding judge_pair(struct og_judge *judge, bool is_observing, enum og_effect effect,
                                 const struct og_object *object, bool is_free,
                                 struct og_verdict *out, struct capacity *capacity)
{
    struct finding best = {.kind = is_free ? OG_VERDICT_ALLOW : OG_VERDICT_DENY};
    bool is_decided = false;

    for (size_t i = 0; i < judge->n_policies; i++) {
        const struct og_policy *policy = judge->policies[i];

        if (policy->is_observing != is_observing)
            continue;
        for (size_t k = 0; k < policy->n_rules; k++) {
            const struct og_rule *rule = &policy->rules[k];
            static const enum og_verdict_kind kinds[] = {OG_VERDICT_DENY, OG_VERDICT_APPROVE,
                                                         OG_VERDICT_ALLOW};
            enum og_verdict_kind kind = kinds[rule->then];

            if ((is_free && !rule->effects) ||
                !og_rule_matches(rule, judge->input, effect, object) ||
                (judge->is_weak[i] && kind != OG_VERDICT_DENY))
                continue;
            add_matched(judge, out, &capacity->matched, policy, rule);
            if (kind == OG_VERDICT_APPROVE)
                add_need(judge, out, &capacity->needs, policy, rule);
            if (!is_decided || kind < best.kind)
                best = (struct finding){kind, policy, rule};
            is_decided = true;
        }
    }
    return best;
}

static void tell_finding(struct og_judge *judge, const struct finding *finding,
                         enum og_effect effect, const struct og_object *object,
                         struct og_verdict *out)
{
    const char *what = what_it_does(judge, effect, object);

    out->kind = finding->kind;
    out->policy = finding->policy ? finding->policy->name : "";
    out->rule = finding->rule ? finding->rule->id : "";
    out->object = full_name(judge, object);
    out->say = finding->rule && finding->rule->say ? finding->rule->say : "";
    out->error = finding->kind == OG_VERDICT_DENY ? OG_ERR_DENIED : 0;
    if (finding->kind == OG_VERDICT_APPROVE) {
        out->reason = og_arena_printf(judge->arena, "%s needs an approval", what);
    } else if (finding->kind == OG_VERDICT_DENY && finding->rule) {
        out->reason = og_arena_printf(judge->arena, "%s is not allowed here", what);
    } else if (finding->kind == OG_VERDICT_DENY) {
        out->reason = og_arena_printf(judge->arena, "no policy allows %s", what);
        out->say = "ask for a rule that allows it";
    } else {
        out->reason = og_arena_printf(judge->arena, "%s is allowed", what);
    }
}

/* The verdict of the enforcing (or observing) policies' rules over every effect. */
static void judge_rules(struct og_judge *judge, bool is_observing, struct og_verdict *out)
{
    const struct og_facts *facts = judge->input->facts;
    bool is_free = facts->is_transaction_control || facts->is_harmless_setting;
    struct capacity capacity = {0, 0};
    bool is_first = true;

    for (size_t i = 0; i < facts->n_effects; i++) {
        const struct og_fact_effect *e = &facts->effects[i];
        const struct og_object *object =
            e->object == OG_NO_OBJECT ? NULL : &facts->objects[e->object];
        struct finding finding =
            judge_pair(judge, is_observing, e->effect, object, is_free, out, &capacity);

        if (is_first || finding.kind < out->kind)
            tell_finding(judge, &finding, e->effect, object, out);
        is_first = false;
    }
    if (!is_first)
        return;
    if (is_free) {
        tell_finding(judge, &(struct finding){.kind = OG_VERDICT_ALLOW}, OG_EFFECT_SESSION, NULL,
                     out);
        return;
    }
    /* A statement that reads and changes nothing at all (SELECT 1) counts as a select on nothing. */
    if (facts->kind && strcmp(facts->kind, "SELECT") == 0) {
        struct finding finding = judge_pair(judge, is_observing, OG_EFFECT_SELECT, NULL, false, out,
                                            &capacity);

        tell_finding(judge, &finding, OG_EFFECT_SELECT, NULL, out);
        return;
    }
    out->kind = OG_VERDICT_DENY;
    out->error = OG_ERR_REFUSED;
    out->reason = "what the statement does is not known";
}

/* ---- what masks forbid ---- */

static void deny(struct og_verdict *out, enum og_err error, const struct og_policy *policy,
                 const char *rule, const char *object, const char *column, const char *reason,
                 const char *say)
{
    out->kind = OG_VERDICT_DENY;
    out->error = error;
    out->policy = policy ? policy->name : "";
    out->rule = rule;
    out->object = object;
    out->column = column;
    out->reason = reason;
    out->say = say ? say : "";
}

static const struct og_object *object_of(const struct og_facts *facts, size_t column)
{
    return &facts->objects[facts->columns[column].object];
}

static bool is_harmless_use(const struct og_fact_use *use)
{
    return use->is_beside_full_key && (use->use == OG_USE_GROUP || use->use == OG_USE_DISTINCT);
}

/* Returns whether the verdict became a refusal. */
static bool judge_uses(struct og_judge *judge, const struct og_column_mask *masks,
                       struct og_verdict *out)
{
    const struct og_facts *facts = judge->input->facts;

    for (size_t i = 0; i < facts->n_uses; i++) {
        const struct og_fact_use *use = &facts->uses[i];
        const struct og_column_mask *mask = &masks[use->column];
        const char *name = facts->columns[use->column].name;

        if (mask->mask.kind == OG_MASK_NONE || is_harmless_use(use))
            continue;
        deny(out, OG_ERR_DENIED, mask->policy, "data",
             full_name(judge, object_of(facts, use->column)), name,
             og_arena_printf(judge->arena, "the column %s.%s is masked here and cannot be used so (%s)",
                             short_name(judge, object_of(facts, use->column)), name,
                             og_use_word(use->use)),
             og_use_instead(use->use));
        return true;
    }
    return false;
}

/* A mask that does not fit its column's type is the policy's mistake: it is not guessed around. */
static bool judge_types(struct og_judge *judge, const struct og_column_mask *masks,
                        struct og_verdict *out)
{
    const struct og_facts *facts = judge->input->facts;

    for (size_t i = 0; i < facts->n_columns; i++) {
        const char *name = facts->columns[i].name;

        if (masks[i].mask.kind == OG_MASK_NONE || og_mask_fits(&masks[i].mask, facts->columns[i].type))
            continue;
        deny(out, OG_ERR_CONFIG, masks[i].policy, "data", full_name(judge, object_of(facts, i)), name,
             og_arena_printf(judge->arena, "the mask %s does not fit the type of %s.%s",
                             og_mask_word(masks[i].mask.kind),
                             short_name(judge, object_of(facts, i)), name),
             "correct the policy: sql-null fits every type");
        return true;
    }
    return false;
}

static bool judge_functions(struct og_judge *judge, struct og_verdict *out)
{
    const struct og_facts *facts = judge->input->facts;

    for (size_t i = 0; i < facts->n_functions; i++) {
        const struct og_fact_function *f = &facts->functions[i];

        if (f->is_harmless || og_is_vouched(judge, f->schema, f->name))
            continue;
        deny(out, OG_ERR_REFUSED, NULL, "", f->name, "",
             og_arena_printf(judge->arena, "nobody vouches for the function %s%s%s", f->schema,
                             *f->schema ? "." : "", f->name),
             "an administrator can list it under vouch: functions in a policy");
        return true;
    }
    return false;
}

/* ---- masks of result columns ---- */

static struct og_mask result_mask(const struct og_fact_result *result,
                                  const struct og_column_mask *masks)
{
    static const struct og_mask null = {.kind = OG_MASK_SQL_NULL};
    struct og_mask mask = {.kind = OG_MASK_NONE};
    bool all_copied = true, is_masked = false;

    for (size_t i = 0; i < result->n_sources; i++) {
        const struct og_column_mask *source = &masks[result->sources[i].column];

        all_copied = all_copied && result->sources[i].is_copied;
        is_masked = is_masked || source->mask.kind != OG_MASK_NONE;
        mask = og_mask_stricter(&mask, &source->mask);
    }
    if (!is_masked)
        return mask;
    return all_copied && og_mask_fits(&mask, result->type) ? mask : null;
}

/* Whether some column of an object that the statement touches is masked: then the engine's messages
 * could carry it. */
static bool touches_masked(const struct og_judge *judge)
{
    const struct og_facts *facts = judge->input->facts;

    for (size_t o = 0; o < facts->n_objects; o++)
        for (size_t p = 0; p < judge->n_policies; p++) {
            const struct og_policy *policy = judge->policies[p];

            for (size_t d = 0; !policy->is_data_observing && d < policy->n_data; d++)
                for (size_t c = 0; !policy->data[d].is_exempt && c < policy->data[d].n_columns; c++) {
                    struct og_name_pattern table = policy->data[d].columns[c];

                    if (table.n_parts < 2)
                        continue;
                    table.n_parts--;
                    if (og_table_fits(&table, facts->dialect, facts->objects[o].schema,
                                      facts->objects[o].name))
                        return true;
                }
        }
    return false;
}

static int place_masks(struct og_judge *judge, const struct og_column_mask *masks,
                       struct og_verdict *out)
{
    const struct og_facts *facts = judge->input->facts;
    struct og_mask *all = og_arena_array(judge->arena, facts->n_results + 1, sizeof(*all));

    if (!all)
        return -ENOMEM;
    for (size_t i = 0; i < facts->n_results; i++) {
        all[i] = result_mask(&facts->results[i], masks);
        out->masks_any = out->masks_any || all[i].kind != OG_MASK_NONE;
    }
    for (size_t i = 0; i < facts->n_columns; i++)
        out->is_data_observed = out->is_data_observed || masks[i].is_observed;
    out->masks = all;
    out->n_masks = facts->n_results;
    out->touches_masked = judge->has_data && touches_masked(judge);
    return 0;
}

/* ---- one member ---- */

static struct og_column_mask *column_masks(struct og_judge *judge)
{
    const struct og_facts *facts = judge->input->facts;
    struct og_column_mask *masks =
        og_arena_array(judge->arena, facts->n_columns + 1, sizeof(*masks));

    for (size_t i = 0; masks && i < facts->n_columns; i++)
        og_judge_column(judge, object_of(facts, i)->schema, object_of(facts, i)->name,
                        facts->columns[i].name, &masks[i]);
    return masks;
}

static void blank(struct og_verdict *out)
{
    *out = (struct og_verdict){
        .policy = "", .rule = "", .object = "", .column = "", .reason = "", .say = ""};
}

/* Only observing policies apply: what they would have said is kept, and the statement passes. */
static void observe(struct og_verdict *out)
{
    out->would_be = out->kind;
    out->is_observed = true;
    out->kind = OG_VERDICT_ALLOW;
    out->error = 0;
    out->needs = NULL;
    out->n_needs = 0;
}

static int judge_refusal(struct og_judge *judge, struct og_verdict *out)
{
    const struct og_refusal *refusal = &judge->input->facts->refusal;

    deny(out, OG_ERR_REFUSED, NULL, "", "", "",
         og_arena_printf(judge->arena, "this statement is not understood: %s", refusal->what),
         refusal->instead ? refusal->instead : "write it another way");
    if (!judge->has_enforcing && judge->n_policies && !judge->has_data)
        observe(out);
    out->touches_masked = judge->has_data; /* what it touches is not known */
    return 0;
}

static int judge_member(struct og_judge *judge, struct og_verdict *out)
{
    struct og_column_mask *masks;
    bool is_observing = !judge->has_enforcing && judge->n_policies;
    int r;

    blank(out);
    if (judge->input->facts->refusal.what)
        return judge_refusal(judge, out);
    masks = column_masks(judge);
    if (!masks)
        return -ENOMEM;
    r = place_masks(judge, masks, out);
    if (r < 0)
        return r;
    judge_rules(judge, is_observing, out);
    if (is_observing)
        observe(out);
    if (out->kind == OG_VERDICT_DENY)
        return 0;
    if (judge_types(judge, masks, out) || judge_uses(judge, masks, out))
        return 0;
    if (is_observing && !judge->has_data) {
        struct og_verdict would = *out;

        if (judge_functions(judge, &would))
            out->would_be = OG_VERDICT_DENY;
        return 0;
    }
    (void)judge_functions(judge, out);
    return 0;
}

/* ---- the chain ---- */

static void merge_masks(struct og_judge *judge, const struct og_verdict *one,
                        struct og_verdict *out)
{
    struct og_mask *all = (struct og_mask *)(uintptr_t)out->masks;

    (void)judge;
    for (size_t i = 0; i < out->n_masks && i < one->n_masks; i++)
        all[i] = og_mask_stricter(&all[i], &one->masks[i]);
    out->masks_any = out->masks_any || one->masks_any;
    out->touches_masked = out->touches_masked || one->touches_masked;
    out->is_data_observed = out->is_data_observed || one->is_data_observed;
}

static int merge_needs(struct og_judge *judge, const struct og_verdict *one,
                       struct og_verdict *out)
{
    size_t n = out->n_needs + one->n_needs;
    struct og_approval_need *needs = og_arena_array(judge->arena, n + 1, sizeof(*needs));

    if (!needs)
        return -ENOMEM;
    if (out->n_needs)
        memcpy(needs, out->needs, out->n_needs * sizeof(*needs));
    n = out->n_needs;
    for (size_t i = 0; i < one->n_needs; i++) {
        bool is_new = true;

        for (size_t k = 0; k < n; k++)
            is_new = is_new && (strcmp(needs[k].policy, one->needs[i].policy) != 0 ||
                                strcmp(needs[k].rule, one->needs[i].rule) != 0);
        if (is_new)
            needs[n++] = one->needs[i];
    }
    out->needs = needs;
    out->n_needs = n;
    return 0;
}

/* Takes the less permissive of the two, with the masks of both. */
static int merge(struct og_judge *judge, const struct og_verdict *one, struct og_verdict *out)
{
    struct og_verdict before = *out;
    int r;

    if (one->kind < out->kind) {
        *out = *one;
        merge_masks(judge, &before, out);
        r = merge_needs(judge, &before, out);
    } else {
        merge_masks(judge, one, out);
        r = merge_needs(judge, one, out);
    }
    /* Observed only where every member is. */
    if (before.is_observed != one->is_observed && out->kind == OG_VERDICT_ALLOW) {
        out->is_observed = true;
        out->would_be = before.is_observed ? before.would_be : one->would_be;
    }
    return r;
}

int og_decide(const struct og_decide_input *input, struct og_arena *arena, struct og_verdict *out)
{
    struct og_judge judge;
    int r = 0;

    blank(out);
    out->error = OG_ERR_REFUSED;
    out->reason = "there is nobody to decide for";
    for (size_t i = 0; r == 0 && i < input->chain->n_members; i++) {
        struct og_verdict one;

        r = og_judge_init(&judge, input, &input->chain->members[i], arena);
        if (r == 0)
            r = judge_member(&judge, &one);
        if (r == 0 && i == 0)
            *out = one;
        else if (r == 0)
            r = merge(&judge, &one, out);
    }
    if (r == 0 && !og_arena_is_failed(arena))
        return 0;
    blank(out);
    out->error = OG_ERR_REFUSED;
    out->reason = "there is no memory to decide";
    return -ENOMEM;
}

/* SPDX-License-Identifier: MIT */
/* The plan: which result column is masked how, and which uses of masked columns are refused. */
#include "common/decide_parts.h"

#include <string.h>

/* What one column shows to the chain: the strictest of all that its members' policies say. */
struct column_mask {
    struct og_mask mask; /* kind NONE: clear */
    const struct og_policy *policy;
    bool has_no_lookup;  /* some entry that masks it lets nobody search it */
    uint64_t lookups_per_day;
};

static bool fits_column(const struct og_decide *decide, const struct og_name_pattern *pattern,
                        const char *schema, const char *table, const char *column)
{
    return pattern->n_parts >= 2 && pattern->n_parts <= 3 &&
           og_decide_part_fits(decide, pattern, pattern->n_parts - 1, column) &&
           og_decide_name_fits(decide, pattern, pattern->n_parts - 1, schema, table, true);
}

bool og_decide_entry_fits(const struct og_decide *decide, const struct og_data_entry *entry,
                          const char *schema, const char *table, const char *column)
{
    for (size_t i = 0; i < entry->n_columns; i++)
        if (fits_column(decide, &entry->columns[i], schema, table, column))
            return true;
    return false;
}

/* Two different masks on one value give NULL; an entry without a mask that is no exemption too. */
static void merge(struct column_mask *into, const struct og_mask *mask,
                  const struct og_policy *policy)
{
    const struct og_mask hidden = {.kind = OG_MASK_SQL_NULL};

    if (mask->kind == OG_MASK_NONE)
        mask = &hidden;
    if (into->mask.kind == OG_MASK_NONE) {
        into->mask = *mask;
        into->policy = policy;
    } else if (!og_mask_is_same(&into->mask, mask)) {
        into->mask = hidden;
    }
}

/* Every entry that masks the column must let it be searched; the smallest budget holds. */
static void merge_lookup(struct column_mask *into, bool is_lookup, uint64_t per_day)
{
    into->has_no_lookup = into->has_no_lookup || !is_lookup;
    if (is_lookup && (!into->lookups_per_day || per_day < into->lookups_per_day))
        into->lookups_per_day = per_day;
}

/* An exemption clears the column for its own policy only. */
static void merge_policy(const struct og_decide *decide, const struct og_policy *policy,
                         const char *schema, const char *table, const char *column,
                         struct column_mask *out)
{
    struct column_mask own = {.policy = policy};

    for (size_t i = 0; i < policy->n_data; i++) {
        if (!og_decide_entry_fits(decide, &policy->data[i], schema, table, column))
            continue;
        if (policy->data[i].is_exempt)
            return;
        merge(&own, &policy->data[i].mask, policy);
        merge_lookup(&own, policy->data[i].is_lookup, policy->data[i].lookups_per_day);
    }
    if (own.mask.kind == OG_MASK_NONE)
        return;
    merge(out, &own.mask, policy);
    merge_lookup(out, !own.has_no_lookup, own.lookups_per_day);
}

static struct column_mask find_mask(const struct og_decide *decide, bool is_observing,
                                    const char *schema, const char *table, const char *column)
{
    const struct og_policy_set *set = decide->input->set;
    struct column_mask found = {.policy = NULL};

    for (size_t i = 0; set && i < set->n_policies; i++) {
        const struct og_policy *policy = &set->policies[i];

        if (policy->n_data && policy->is_data_observing == is_observing &&
            og_decide_applies_to_chain(decide, policy) != OG_APPLIES_NOT)
            merge_policy(decide, policy, schema, table, column, &found);
    }
    return found;
}

bool og_decide_column_mask(const struct og_decide_input *input, const char *schema,
                           const char *table, const char *column, struct og_mask *out)
{
    struct og_decide decide = og_decide_start(input, NULL);
    struct column_mask found = find_mask(&decide, false, schema, table, column);

    *out = found.mask;
    return found.mask.kind != OG_MASK_NONE;
}

uint64_t og_decide_column_lookups(const struct og_decide_input *input, const char *schema,
                                  const char *table, const char *column)
{
    struct og_decide decide = og_decide_start(input, NULL);
    struct column_mask found = find_mask(&decide, false, schema, table, column);

    return found.mask.kind == OG_MASK_NONE || found.has_no_lookup ? 0 : found.lookups_per_day;
}

bool og_decide_has_masks(const struct og_decide *decide, bool is_observing)
{
    const struct og_policy_set *set = decide->input->set;

    for (size_t i = 0; set && i < set->n_policies; i++) {
        const struct og_policy *policy = &set->policies[i];

        if (policy->is_data_observing != is_observing ||
            og_decide_applies_to_chain(decide, policy) == OG_APPLIES_NOT)
            continue;
        for (size_t k = 0; k < policy->n_data; k++)
            if (!policy->data[k].is_exempt)
                return true;
    }
    return false;
}

static bool has_table_entry(const struct og_decide *decide, const struct og_policy *policy,
                            const struct og_object *object)
{
    for (size_t i = 0; i < policy->n_data; i++) {
        const struct og_data_entry *entry = &policy->data[i];

        for (size_t k = 0; !entry->is_exempt && k < entry->n_columns; k++)
            if (entry->columns[k].n_parts >= 2 &&
                og_decide_name_fits(decide, &entry->columns[k], entry->columns[k].n_parts - 1,
                                    object->schema, object->name, true))
                return true;
    }
    return false;
}

/* Whether the statement reaches an object for which a policy has entries. */
static bool is_touching(const struct og_decide *decide, bool is_observing)
{
    const struct og_policy_set *set = decide->input->set;
    const struct og_facts *facts = decide->facts;

    for (size_t i = 0; set && i < set->n_policies; i++) {
        const struct og_policy *policy = &set->policies[i];

        if (policy->is_data_observing != is_observing ||
            og_decide_applies_to_chain(decide, policy) == OG_APPLIES_NOT)
            continue;
        for (size_t k = 0; k < facts->n_objects; k++)
            if (og_decide_is_relation(&facts->objects[k]) &&
                has_table_entry(decide, policy, &facts->objects[k]))
                return true;
    }
    return false;
}

const struct og_object *og_decide_object_of(const struct og_facts *facts,
                                         const struct og_fact_column *column)
{
    return column->object < facts->n_objects ? &facts->objects[column->object] : NULL;
}

void og_decide_refuse(struct og_verdict *verdict, enum og_err error, const struct og_policy *policy,
                      const char *object, const char *column, const char *reason, const char *say)
{
    verdict->kind = OG_VERDICT_DENY;
    verdict->would_be = OG_VERDICT_DENY;
    verdict->is_observed = false;
    verdict->error = error;
    verdict->policy = policy ? policy->name : "";
    verdict->rule = policy ? OG_RULE_DATA : "";
    verdict->object = object;
    verdict->column = column;
    verdict->reason = reason ? reason : "";
    verdict->say = say ? say : "";
    verdict->needs = NULL;
    verdict->n_needs = 0;
}

/* The type of a view's column is often not known; its base columns stand beside it. */
static bool is_misfit(const struct og_facts *facts, const struct og_fact_column *column,
                      const struct column_mask *mask)
{
    const struct og_object *object = og_decide_object_of(facts, column);

    if (mask->mask.kind == OG_MASK_NONE || og_mask_fits(&mask->mask, column->type))
        return false;
    return column->type != OG_TYPE_UNKNOWN || !object || object->kind != OG_OBJECT_VIEW;
}

static void check_types(const struct og_decide *decide, const struct column_mask *masks,
                        struct og_verdict *verdict)
{
    const struct og_facts *facts = decide->facts;

    for (size_t i = 0; i < facts->n_columns; i++) {
        const struct og_fact_column *column = &facts->columns[i];
        const struct og_object *object = og_decide_object_of(facts, column);

        if (!is_misfit(facts, column, &masks[i]))
            continue;
        og_decide_refuse(verdict, OG_ERR_CONFIG, masks[i].policy, og_decide_object_name(decide, object),
               column->name,
               og_arena_printf(decide->arena,
                               "the mask %s of policy %s does not fit the type of %s.%s",
                               og_mask_word(masks[i].mask.kind), masks[i].policy->name,
                               og_decide_object_text(decide, object), column->name),
               "Leave the column out, or have the policy give it a mask that fits, such as "
               "sql-null");
        return;
    }
}

static bool is_free(const struct og_fact_use *use)
{
    return use->is_beside_full_key && (use->use == OG_USE_GROUP || use->use == OG_USE_DISTINCT);
}

/* One comparison with one exact value, and no second one in the statement. */
static bool is_search(const struct og_facts *facts, const struct og_fact_use *use)
{
    size_t n = 0;

    if (use->n_equalities != 1)
        return false;
    for (size_t i = 0; i < facts->n_uses; i++)
        n += facts->uses[i].column == use->column && !is_free(&facts->uses[i]);
    return n == 1;
}

static bool is_lookup(const struct og_facts *facts, const struct column_mask *masks,
                      const struct og_fact_use *use)
{
    return !masks[use->column].has_no_lookup && is_search(facts, use);
}

static bool is_handle_use(const struct og_facts *facts, const struct column_mask *masks,
                          const struct og_fact_use *use)
{
    return masks[use->column].mask.kind == OG_MASK_HANDLE && use->marker && is_search(facts, use);
}

static void note_handle_use(const struct og_decide *decide, const struct og_fact_use *use,
                            bool is_needed, struct og_verdict *verdict)
{
    struct og_handle_use *all =
        og_arena_array(decide->arena, verdict->n_handle_uses + 1, sizeof(*all));

    if (!all)
        return;
    if (verdict->n_handle_uses)
        memcpy(all, verdict->handle_uses, verdict->n_handle_uses * sizeof(*all));
    all[verdict->n_handle_uses++] =
        (struct og_handle_use){.column = use->column, .marker = use->marker, .is_needed = is_needed};
    verdict->handle_uses = all;
}

static void note_lookup(const struct og_decide *decide, const struct column_mask *masks,
                        const struct og_fact_use *use, struct og_verdict *verdict)
{
    const struct og_facts *facts = decide->facts;
    const struct og_fact_column *column = &facts->columns[use->column];
    struct og_lookup *all = og_arena_array(decide->arena, verdict->n_lookups + 1, sizeof(*all));

    if (!all)
        return;
    if (verdict->n_lookups)
        memcpy(all, verdict->lookups, verdict->n_lookups * sizeof(*all));
    all[verdict->n_lookups++] = (struct og_lookup){
        .column = og_arena_printf(decide->arena, "%s.%s",
                                  og_decide_object_name(decide, og_decide_object_of(facts, column)),
                                  column->name),
        .per_day = masks[use->column].lookups_per_day};
    verdict->lookups = all;
    verdict->is_counted = true;
}

static void check_uses(const struct og_decide *decide, const struct column_mask *masks,
                       struct og_verdict *verdict)
{
    const struct og_facts *facts = decide->facts;

    for (size_t i = 0; i < facts->n_uses; i++) {
        const struct og_fact_use *use = &facts->uses[i];
        const struct og_fact_column *column;
        const struct og_object *object;

        if (use->column >= facts->n_columns || masks[use->column].mask.kind == OG_MASK_NONE ||
            is_free(use))
            continue;
        if (is_handle_use(facts, masks, use))
            note_handle_use(decide, use, !is_lookup(facts, masks, use), verdict);
        if (is_lookup(facts, masks, use)) {
            note_lookup(decide, masks, use, verdict);
            continue;
        }
        if (is_handle_use(facts, masks, use))
            continue;
        column = &facts->columns[use->column];
        object = og_decide_object_of(facts, column);
        og_decide_refuse(verdict, OG_ERR_DENIED, masks[use->column].policy,
               og_decide_object_name(decide, object), column->name,
               og_arena_printf(decide->arena, "%s.%s is masked here and cannot be used %s",
                               og_decide_object_text(decide, object), column->name,
                               og_decide_use_text(use->use)),
               og_decide_sentence(decide, og_use_instead(use->use)));
        return;
    }
}

enum og_type_class og_decide_result_type(const struct og_facts *facts,
                                         const struct og_fact_result *result)
{
    enum og_type_class type = result->type;

    for (size_t i = 0; result->type == OG_TYPE_UNKNOWN && i < result->n_sources; i++) {
        enum og_type_class own = facts->columns[result->sources[i].column].type;

        if (own == OG_TYPE_UNKNOWN || (i > 0 && own != type))
            return OG_TYPE_UNKNOWN;
        type = own;
    }
    return type;
}

/* A value that was copied keeps its column's mask; what was computed from a masked value, or could
 * be one of two differently masked ones, is NULL. */
static struct og_mask plan_result(const struct og_facts *facts, const struct column_mask *masks,
                                  const struct og_fact_result *result)
{
    const struct og_mask hidden = {.kind = OG_MASK_SQL_NULL};
    struct og_mask plan = {.kind = OG_MASK_NONE};
    bool is_all_copied = true;

    for (size_t i = 0; i < result->n_sources; i++) {
        const struct og_fact_source *source = &result->sources[i];

        if (source->column >= facts->n_columns)
            return hidden;
        is_all_copied = is_all_copied && source->is_copied;
        if (masks[source->column].mask.kind == OG_MASK_NONE)
            continue;
        if (plan.kind == OG_MASK_NONE)
            plan = masks[source->column].mask;
        else if (!og_mask_is_same(&plan, &masks[source->column].mask))
            plan = hidden;
    }
    if (plan.kind == OG_MASK_NONE)
        return plan;
    return is_all_copied && og_mask_fits(&plan, og_decide_result_type(facts, result)) ? plan : hidden;
}

static void plan_results(const struct og_decide *decide, const struct column_mask *masks,
                         struct og_verdict *verdict)
{
    const struct og_facts *facts = decide->facts;
    struct og_mask *plan = og_arena_array(decide->arena, facts->n_results, sizeof(*plan));

    for (size_t i = 0; plan && i < facts->n_results; i++) {
        plan[i] = plan_result(facts, masks, &facts->results[i]);
        verdict->masks_any = verdict->masks_any || plan[i].kind != OG_MASK_NONE;
    }
    verdict->masks = plan;
    verdict->n_masks = plan ? facts->n_results : 0;
}

/* Rows whose columns are not known cannot be masked. */
static void check_results(const struct og_decide *decide, const struct column_mask *masks,
                          struct og_verdict *verdict)
{
    const struct og_facts *facts = decide->facts;

    for (size_t i = 0; facts->returns_rows && !facts->n_results && i < facts->n_columns; i++) {
        if (masks[i].mask.kind == OG_MASK_NONE)
            continue;
        og_decide_refuse(verdict, OG_ERR_REFUSED, NULL,
               og_decide_object_name(decide, og_decide_object_of(facts, &facts->columns[i])),
               facts->columns[i].name,
               "the result columns of this statement are not known, and it reads masked data",
               "Read the columns you need with a plain SELECT");
        return;
    }
}

void og_decide_plan(const struct og_decide *decide, struct og_verdict *verdict)
{
    const struct og_facts *facts = decide->facts;
    struct column_mask *masks = og_arena_array(decide->arena, facts->n_columns, sizeof(*masks));
    bool *masked = og_arena_array(decide->arena, facts->n_columns, sizeof(*masked));

    if (!masks || !masked)
        return;
    for (size_t i = 0; i < facts->n_columns; i++) {
        const struct og_object *object = og_decide_object_of(facts, &facts->columns[i]);

        if (object)
            masks[i] = find_mask(decide, false, object->schema, object->name,
                                 facts->columns[i].name);
        else
            masks[i].mask.kind = OG_MASK_SQL_NULL;
        masked[i] = masks[i].mask.kind != OG_MASK_NONE;
    }
    verdict->masked_columns = masked;
    plan_results(decide, masks, verdict);
    verdict->touches_masked = verdict->masks_any || is_touching(decide, false);
    /* Where another policy's masks are in force the statement is treated as a masked one. */
    verdict->is_data_observed =
        !verdict->touches_masked &&
        (is_touching(decide, true) || (facts->refusal.what && verdict->is_observed &&
                                       og_decide_has_masks(decide, true)));
    if (verdict->kind != OG_VERDICT_DENY)
        check_types(decide, masks, verdict);
    if (verdict->kind != OG_VERDICT_DENY)
        check_uses(decide, masks, verdict);
    if (verdict->kind != OG_VERDICT_DENY)
        check_results(decide, masks, verdict);
    if (verdict->kind != OG_VERDICT_DENY)
        og_decide_scans(decide, verdict);
    if (verdict->kind != OG_VERDICT_DENY && decide->input->is_unmask)
        og_decide_unmask(decide, verdict);
}

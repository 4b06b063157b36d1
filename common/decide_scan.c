/* SPDX-License-Identifier: MIT */
/* `detect`: which result columns are looked through for sensitive text on their way out. */
#include "common/decide_parts.h"

#include <string.h>

/* What is no text cannot hold any; what is not known may. */
static bool is_text(enum og_type_class type)
{
    return type == OG_TYPE_TEXT || type == OG_TYPE_UNKNOWN || type == OG_TYPE_OTHER;
}

static bool is_exempt(const struct og_decide *decide, const struct og_policy *policy,
                      const struct og_object *object, const char *column)
{
    for (size_t i = 0; i < policy->n_data; i++)
        if (policy->data[i].is_exempt &&
            og_decide_entry_fits(decide, &policy->data[i], object->schema, object->name, column))
            return true;
    return false;
}

/* Whether the policy says `class: none` of everything that the value comes from. A view's column
 * stands beside its base columns, which decide. */
static bool is_clear(const struct og_decide *decide, const struct og_policy *policy,
                     const struct og_fact_result *result)
{
    const struct og_facts *facts = decide->facts;
    size_t n = 0;

    for (size_t i = 0; i < result->n_sources; i++) {
        const struct og_fact_column *column = &facts->columns[result->sources[i].column];
        const struct og_object *object = &facts->objects[column->object];

        if (is_exempt(decide, policy, object, column->name))
            n++;
        else if (object->kind != OG_OBJECT_VIEW)
            return false;
    }
    return n > 0;
}

static struct og_mask scan_of(const struct og_decide *decide, const struct og_fact_result *result)
{
    const struct og_policy_set *set = decide->input->set;
    struct og_mask scan = {.kind = OG_MASK_NONE};

    for (size_t i = 0; set && i < set->n_policies; i++) {
        const struct og_policy *policy = &set->policies[i];
        const struct og_mask *own = &policy->detect;

        if (!own->detect_kinds || policy->is_data_observing ||
            og_decide_applies_to_chain(decide, policy) == OG_APPLIES_NOT ||
            (result && is_clear(decide, policy, result)))
            continue;
        if (scan.kind == OG_MASK_NONE) {
            scan = *own;
        } else {
            scan.detect_kinds |= own->detect_kinds;
            /* two ways to mask one thing: all of the value goes */
            if (scan.detect_as != own->detect_as ||
                strcmp(scan.fixed_text ? scan.fixed_text : "", own->fixed_text ? own->fixed_text : ""))
                scan.detect_as = OG_MASK_SQL_NULL;
        }
    }
    return scan;
}

void og_decide_scans(const struct og_decide *decide, struct og_verdict *verdict)
{
    const struct og_facts *facts = decide->facts;
    struct og_mask *plan;

    verdict->detect = scan_of(decide, NULL);
    if (verdict->detect.kind == OG_MASK_NONE || !verdict->n_masks)
        return;
    plan = og_arena_array(decide->arena, verdict->n_masks, sizeof(*plan));
    if (!plan)
        return;
    memcpy(plan, verdict->masks, verdict->n_masks * sizeof(*plan));
    for (size_t i = 0; i < verdict->n_masks && i < facts->n_results; i++) {
        if (plan[i].kind != OG_MASK_NONE ||
            !is_text(og_decide_result_type(facts, &facts->results[i])))
            continue;
        plan[i] = scan_of(decide, &facts->results[i]);
        verdict->masks_any = verdict->masks_any || plan[i].kind != OG_MASK_NONE;
    }
    verdict->masks = plan;
}

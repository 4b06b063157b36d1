/* SPDX-License-Identifier: MIT */
/* Whom a policy applies to and what a rule means. */
#include "common/decide_parts.h"

#include <string.h>

struct og_decide og_decide_start(const struct og_decide_input *input, struct og_arena *arena)
{
    struct og_decide decide = {.input = input, .facts = input->facts, .arena = arena};

    if (input->facts && input->facts->dialect != OG_DIALECT_NONE)
        decide.dialect = input->facts->dialect;
    else if (input->target)
        decide.dialect = input->target->dialect;
    return decide;
}

/* ---- whom ---- */

static bool is_weak_name(const char *name)
{
    return strncmp(name, "exe:", 4) == 0 || strncmp(name, "cgroup:", 7) == 0;
}

static enum og_applies find_principal(const struct og_strings *wanted,
                                      const struct og_principal *member)
{
    enum og_applies best = OG_APPLIES_NOT;

    for (size_t i = 0; i < wanted->n_items; i++) {
        const char *want = wanted->items[i];

        if (strcmp(want, "*") == 0)
            return OG_APPLIES_FULLY;
        for (size_t k = 0; k < member->n_names; k++) {
            if (!is_weak_name(want) && strcmp(want, member->names[k]) == 0)
                return OG_APPLIES_FULLY;
            if (is_weak_name(want) && og_pattern_fits(want, member->names[k], false))
                best = OG_APPLIES_WEAKLY;
        }
    }
    return best;
}

static bool is_target(const struct og_strings *wanted, const struct og_target *target)
{
    for (size_t i = 0; i < wanted->n_items; i++) {
        const char *want = wanted->items[i];

        if (strcmp(want, "*") == 0)
            return true;
        if (!target)
            continue;
        if (target->name && strcmp(want, target->name) == 0)
            return true;
        for (size_t k = 0; k < target->n_labels; k++)
            if (strcmp(want, target->labels[k]) == 0)
                return true;
    }
    return false;
}

/* An exception by exe: or cgroup: takes the policy's rights away and leaves its denials and masks:
 * such a name must gain nothing, and lifting a denial would be a gain. */
enum og_applies og_decide_applies(const struct og_policy *policy,
                                  const struct og_principal *member,
                                  const struct og_target *target)
{
    enum og_applies how = find_principal(&policy->principals, member);
    enum og_applies exception;

    if (how == OG_APPLIES_NOT || !is_target(&policy->targets, target))
        return OG_APPLIES_NOT;
    exception = find_principal(&policy->except, member);
    if (exception == OG_APPLIES_FULLY)
        return OG_APPLIES_NOT;
    return exception == OG_APPLIES_WEAKLY ? OG_APPLIES_WEAKLY : how;
}

enum og_applies og_decide_applies_to_chain(const struct og_decide *decide,
                                           const struct og_policy *policy)
{
    const struct og_principal_chain *chain = decide->input->chain;
    enum og_applies best = OG_APPLIES_NOT;

    for (size_t i = 0; chain && i < chain->n_members; i++) {
        enum og_applies how =
            og_decide_applies(policy, &chain->members[i], decide->input->target);

        if (how > best)
            best = how;
    }
    return best;
}

/* ---- names ---- */

enum folding { FOLD_NOT, FOLD_PATTERN, FOLD_BOTH };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_same_char(char pattern, char text, enum folding folding)
{
    if (folding == FOLD_NOT)
        return pattern == text;
    return lower(pattern) == (folding == FOLD_BOTH ? lower(text) : text);
}

/* A part was split off at its dots already, so a dot inside of a name is a letter like others: a
 * column "e.mail" must not slip through *.*mail. */
static bool fits(const char *pattern, bool is_glob, const char *text, enum folding folding)
{
    const char *star = NULL, *resume = NULL;

    while (*text) {
        if (is_glob && *pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern && is_same_char(*pattern, *text, folding)) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (is_glob && *pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* PostgreSQL folds what is not quoted to lower case. SQLite knows no two names that differ by case
 * only, quoted or not, so that an exact comparison could only miss the column that is meant. */
bool og_decide_part_fits(const struct og_decide *decide, const struct og_name_pattern *pattern,
                         size_t part, const char *text)
{
    enum folding folding = FOLD_BOTH;

    if (decide->dialect == OG_DIALECT_POSTGRESQL)
        folding = pattern->is_quoted[part] ? FOLD_NOT : FOLD_PATTERN;
    return fits(pattern->parts[part], pattern->is_glob[part], text ? text : "", folding);
}

bool og_decide_name_fits(const struct og_decide *decide, const struct og_name_pattern *pattern,
                         size_t n_parts, const char *schema, const char *name,
                         bool counts_unknown)
{
    if (n_parts < 1 || n_parts > 2 || !og_decide_part_fits(decide, pattern, n_parts - 1, name))
        return false;
    if (n_parts == 1)
        return true;
    if (!schema || !*schema)
        return counts_unknown;
    return og_decide_part_fits(decide, pattern, 0, schema);
}

bool og_decide_is_relation(const struct og_object *object)
{
    return object && (object->kind == OG_OBJECT_TABLE || object->kind == OG_OBJECT_VIEW ||
                      object->kind == OG_OBJECT_MATERIALISED_VIEW);
}

static bool is_listed(const struct og_decide *decide, const struct og_name_pattern *patterns,
                      size_t n_patterns, const struct og_object *object, bool counts_unknown)
{
    for (size_t i = 0; i < n_patterns; i++)
        if (og_decide_name_fits(decide, &patterns[i], patterns[i].n_parts, object->schema,
                                object->name, counts_unknown))
            return true;
    return false;
}

/* SQLite's functions have no schema; policies write main. */
bool og_decide_function_fits(const struct og_decide *decide, const struct og_name_pattern *patterns,
                             size_t n_patterns, const char *schema, const char *name)
{
    struct og_object function = {.schema = schema ? schema : "", .name = name};

    if (decide->dialect == OG_DIALECT_SQLITE && !*function.schema)
        function.schema = "main";
    return is_listed(decide, patterns, n_patterns, &function, false);
}

/* ---- conditions ---- */

/* A denial or an approval is asked for by any of the functions; an allowance must list every one
 * that is not harmless anyway, or one listed function would open the way for others. */
static bool has_functions(const struct og_decide *decide, const struct og_rule *rule,
                          const struct og_object *object)
{
    const struct og_facts *facts = decide->facts;
    bool is_any = object && object->kind == OG_OBJECT_FUNCTION &&
                  og_decide_function_fits(decide, rule->functions, rule->n_functions,
                                          object->schema, object->name);

    for (size_t i = 0; i < facts->n_functions; i++) {
        const struct og_fact_function *function = &facts->functions[i];

        if (og_decide_function_fits(decide, rule->functions, rule->n_functions, function->schema,
                                    function->name))
            is_any = true;
        else if (rule->then == OG_ACTION_ALLOW && !function->is_harmless)
            return false;
    }
    return is_any;
}

static bool has_statement(const struct og_strings *statements, const char *kind)
{
    for (size_t i = 0; i < statements->n_items; i++)
        if (strcmp(statements->items[i], kind) == 0)
            return true;
    return false;
}

static bool is_object_meant(const struct og_decide *decide, const struct og_rule *rule,
                            const struct og_object *object)
{
    bool is_relation = og_decide_is_relation(object), is_allowance = rule->then == OG_ACTION_ALLOW;

    if (rule->n_tables && (!is_relation || !is_listed(decide, rule->tables, rule->n_tables, object,
                                                      !is_allowance)))
        return false;
    if (rule->n_tables_except && is_relation &&
        is_listed(decide, rule->tables_except, rule->n_tables_except, object, is_allowance))
        return false;
    return !rule->wants_temporary || (object && object->is_temporary);
}

static bool fits_but_rows(const struct og_decide *decide, const struct og_rule *rule,
                          const struct og_pair *pair)
{
    const struct og_decide_input *input = decide->input;
    bool is_named = (rule->effects && rule->effects & UINT32_C(1) << pair->effect) ||
                    rule->statements.n_items;

    if (rule->effects && !(rule->effects & UINT32_C(1) << pair->effect))
        return false;
    if (pair->needs_no_rule && !is_named)
        return false;
    if (rule->statements.n_items && !has_statement(&rule->statements, decide->facts->kind))
        return false;
    if (rule->has_placement && rule->placement != (uint32_t)input->placement)
        return false;
    if (rule->has_evidence && (!input->chain || input->chain->evidence < rule->evidence))
        return false;
    if (rule->time.is_set && !og_time_window_holds(&rule->time, input->now_unix_s))
        return false;
    if (rule->n_functions && !has_functions(decide, rule, pair->object))
        return false;
    return is_object_meant(decide, rule, pair->object);
}

bool og_decide_rule_fits(const struct og_decide *decide, const struct og_rule *rule,
                         const struct og_pair *pair)
{
    const struct og_decide_input *input = decide->input;

    if (rule->has_rows && (!input->is_measured || input->measured_rows <= rule->rows_over))
        return false;
    return fits_but_rows(decide, rule, pair);
}

bool og_decide_rule_measures(const struct og_decide *decide, const struct og_rule *rule,
                             const struct og_pair *pair)
{
    return rule->has_rows && !decide->input->is_measured && fits_but_rows(decide, rule, pair);
}

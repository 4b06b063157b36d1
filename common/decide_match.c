/* SPDX-License-Identifier: MIT */
/* Which policies apply to whom, and which rules speak of what. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/decide_parts.h"

/* ---- policies ---- */

static bool is_weak_name(const char *name)
{
    return strncmp(name, "exe:", 4) == 0 || strncmp(name, "cgroup:", 7) == 0;
}

/* Stars in exe: and cgroup: stand for anything, dots and slashes too: paths hold both. */
static bool path_fits(const char *pattern, const char *text)
{
    const char *star = NULL, *again = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            again = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++again;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static bool name_fits(const char *pattern, const char *name)
{
    return is_weak_name(pattern) ? path_fits(pattern, name) : strcmp(pattern, name) == 0;
}

static bool has_name(const struct og_strings *patterns, const struct og_principal *member,
                     bool *is_strong)
{
    bool found = false;

    for (size_t i = 0; i < patterns->n_items; i++) {
        const char *pattern = patterns->items[i];

        if (strcmp(pattern, "*") == 0) {
            *is_strong = true;
            return true;
        }
        for (size_t k = 0; k < member->n_names; k++)
            if (name_fits(pattern, member->names[k])) {
                found = true;
                *is_strong = *is_strong || !is_weak_name(pattern);
            }
    }
    return found;
}

static bool has_target(const struct og_strings *patterns, const struct og_target *target)
{
    for (size_t i = 0; i < patterns->n_items; i++) {
        if (strcmp(patterns->items[i], "*") == 0 || strcmp(patterns->items[i], target->name) == 0)
            return true;
        for (size_t k = 0; k < target->n_labels; k++)
            if (strcmp(patterns->items[i], target->labels[k]) == 0)
                return true;
    }
    return false;
}

bool og_policy_applies(const struct og_policy *policy, const struct og_decide_input *input,
                       const struct og_principal *member, bool *is_weak)
{
    bool is_strong = false, ignored = false;

    if (!has_name(&policy->principals, member, &is_strong) ||
        has_name(&policy->except, member, &ignored) || !has_target(&policy->targets, input->target))
        return false;
    *is_weak = !is_strong;
    return true;
}

int og_judge_init(struct og_judge *judge, const struct og_decide_input *input,
                  const struct og_principal *member, struct og_arena *arena)
{
    const struct og_policy_set *set = input->set;

    *judge = (struct og_judge){.input = input, .member = member, .arena = arena};
    if (!set || !set->n_policies)
        return 0;
    judge->policies = og_arena_array(arena, set->n_policies, sizeof(*judge->policies));
    judge->is_weak = og_arena_array(arena, set->n_policies, sizeof(*judge->is_weak));
    if (!judge->policies || !judge->is_weak)
        return -ENOMEM;
    for (size_t i = 0; i < set->n_policies; i++) {
        const struct og_policy *policy = &set->policies[i];
        bool is_weak = false;

        if (!og_policy_applies(policy, input, member, &is_weak))
            continue;
        judge->policies[judge->n_policies] = policy;
        judge->is_weak[judge->n_policies++] = is_weak;
        judge->has_enforcing = judge->has_enforcing || !policy->is_observing;
        judge->has_data = judge->has_data || (!policy->is_data_observing && policy->n_data);
    }
    return 0;
}

/* ---- names ---- */

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* SQLite takes every name without regard to case; PostgreSQL folds what is not quoted. A mask's
 * pattern is read wider than that: a column that differs in case only is masked, not shown. */
static bool part_fits(const struct og_name_pattern *pattern, size_t part, enum og_dialect dialect,
                      const char *text, bool is_wide)
{
    const char *name = pattern->parts[part];
    char folded[256];
    size_t n = strlen(name);

    if (dialect == OG_DIALECT_SQLITE || (is_wide && !pattern->is_quoted[part]))
        return og_pattern_fits(name, text, true);
    if (pattern->is_quoted[part])
        return pattern->is_glob[part] ? og_pattern_fits(name, text, false) : strcmp(name, text) == 0;
    if (n >= sizeof(folded))
        return false;
    for (size_t i = 0; i <= n; i++)
        folded[i] = fold(name[i]);
    return og_pattern_fits(folded, text, false);
}

bool og_table_fits(const struct og_name_pattern *pattern, enum og_dialect dialect,
                   const char *schema, const char *name)
{
    if (pattern->n_parts == 1)
        return part_fits(pattern, 0, dialect, name, false);
    return pattern->n_parts == 2 && part_fits(pattern, 0, dialect, schema, false) &&
           part_fits(pattern, 1, dialect, name, false);
}

bool og_column_fits(const struct og_name_pattern *pattern, enum og_dialect dialect,
                    const char *schema, const char *table, const char *column)
{
    size_t first = pattern->n_parts == 3 ? 1 : 0;

    if (pattern->n_parts < 2 || (first && schema && *schema &&
                                 !part_fits(pattern, 0, dialect, schema, true)))
        return false;
    return part_fits(pattern, first, dialect, table, true) &&
           part_fits(pattern, first + 1, dialect, column, true);
}

bool og_is_vouched(const struct og_judge *judge, const char *schema, const char *name)
{
    for (size_t i = 0; i < judge->n_policies; i++) {
        const struct og_policy *policy = judge->policies[i];

        for (size_t k = 0; k < policy->n_vouched; k++)
            if (og_table_fits(&policy->vouched[k], judge->input->target->dialect, schema, name))
                return true;
    }
    return false;
}

/* ---- rules ---- */

static bool any_table(const struct og_name_pattern *patterns, size_t n, enum og_dialect dialect,
                      const struct og_object *object)
{
    for (size_t i = 0; object && i < n; i++)
        if (og_table_fits(&patterns[i], dialect, object->schema, object->name))
            return true;
    return false;
}

static bool calls_function(const struct og_rule *rule, const struct og_decide_input *input)
{
    const struct og_facts *facts = input->facts;

    for (size_t i = 0; i < facts->n_functions; i++)
        for (size_t k = 0; k < rule->n_functions; k++)
            if (og_table_fits(&rule->functions[k], facts->dialect, facts->functions[i].schema,
                              facts->functions[i].name))
                return true;
    return false;
}

static bool is_statement(const struct og_rule *rule, const char *kind)
{
    for (size_t i = 0; i < rule->statements.n_items; i++)
        if (strcasecmp(rule->statements.items[i], kind) == 0)
            return true;
    return false;
}

static bool is_in_window(const struct og_time_window *window, int64_t now_unix_s)
{
    int64_t day = now_unix_s / 86400;
    unsigned minute = (unsigned)(now_unix_s % 86400 / 60);
    unsigned weekday = (unsigned)((day + 3) % 7); /* 1970-01-01 was a Thursday; Monday is 0 */
    bool is_over_midnight = window->to_minute < window->from_minute;
    bool is_inside;

    if (is_over_midnight)
        is_inside = minute >= window->from_minute || minute < window->to_minute;
    else
        is_inside = minute >= window->from_minute && minute < window->to_minute;
    /* After midnight a window belongs to the day on which it began. */
    if (is_over_midnight && minute < window->to_minute)
        weekday = (weekday + 6) % 7;
    return is_inside && (!window->days || (window->days >> weekday & 1));
}

static bool conditions_hold(const struct og_rule *rule, const struct og_decide_input *input)
{
    if (rule->n_functions && !calls_function(rule, input))
        return false;
    if (rule->statements.n_items && !is_statement(rule, input->facts->kind))
        return false;
    if (rule->has_placement && rule->placement != (uint32_t)input->placement)
        return false;
    if (rule->has_evidence && input->chain->evidence < rule->evidence)
        return false;
    return !rule->time.is_set || is_in_window(&rule->time, input->now_unix_s);
}

bool og_rule_matches(const struct og_rule *rule, const struct og_decide_input *input,
                     enum og_effect effect, const struct og_object *object)
{
    enum og_dialect dialect = input->facts->dialect;

    if (rule->effects && !(rule->effects >> effect & 1))
        return false;
    if (rule->n_tables && !any_table(rule->tables, rule->n_tables, dialect, object))
        return false;
    if (rule->n_tables_except &&
        any_table(rule->tables_except, rule->n_tables_except, dialect, object))
        return false;
    if (rule->wants_temporary && !(object && object->is_temporary))
        return false;
    return conditions_hold(rule, input);
}

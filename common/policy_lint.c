/* SPDX-License-Identifier: MIT */
#include "common/policy_lint.h"

#include <string.h>

#include "common/decide_parts.h"

struct lint {
    const struct og_policy_set *set;
    const struct og_lint_schema *schema;
    struct og_decide decide; /* for names as the target folds them */
    struct og_buf *out;
    size_t n;
};

static void tell(struct lint *lint, const struct og_policy *policy, size_t line)
{
    lint->n++;
    og_buf_printf(lint->out, "%s:%zu: ", policy->file, line);
}

/* ---- rules that never decide ---- */

static bool has_text(const struct og_name_pattern *names, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (names[i].text && text && strcmp(names[i].text, text) == 0)
            return true;
    return false;
}

static bool is_within(const struct og_name_pattern *inner, size_t n_inner,
                      const struct og_name_pattern *outer, size_t n_outer)
{
    for (size_t i = 0; i < n_inner; i++)
        if (!has_text(outer, n_outer, inner[i].text))
            return false;
    return true;
}

static bool has_string(const struct og_strings *strings, const char *text)
{
    for (size_t i = 0; i < strings->n_items; i++)
        if (strcmp(strings->items[i], text) == 0)
            return true;
    return false;
}

static bool is_string_set_within(const struct og_strings *inner, const struct og_strings *outer)
{
    for (size_t i = 0; i < inner->n_items; i++)
        if (!has_string(outer, inner->items[i]))
            return false;
    return inner->n_items > 0;
}

/* Whether wide holds wherever narrow does; where that is not plain, it is said not to. */
static bool is_condition_within(const struct og_rule *narrow, const struct og_rule *wide)
{
    if (wide->effects && (!narrow->effects || narrow->effects & ~wide->effects))
        return false;
    if (wide->n_tables && (!narrow->n_tables || !is_within(narrow->tables, narrow->n_tables,
                                                           wide->tables, wide->n_tables)))
        return false;
    if (wide->n_tables_except &&
        !is_within(wide->tables_except, wide->n_tables_except, narrow->tables_except,
                   narrow->n_tables_except))
        return false;
    if (wide->statements.n_items && !is_string_set_within(&narrow->statements, &wide->statements))
        return false;
    if (wide->has_placement && (!narrow->has_placement || narrow->placement != wide->placement))
        return false;
    if (wide->has_evidence && (!narrow->has_evidence || narrow->evidence < wide->evidence))
        return false;
    if (wide->has_rows && (!narrow->has_rows || narrow->rows_over < wide->rows_over))
        return false;
    return !wide->time.is_set && !wide->n_functions && !wide->wants_temporary;
}

static bool is_everyone(const struct og_strings *strings)
{
    return has_string(strings, "*");
}

/* Whether the policy wide applies wherever narrow does. */
static bool is_scope_within(const struct og_policy *narrow, const struct og_policy *wide)
{
    if (narrow == wide)
        return true;
    if (narrow->is_observing != wide->is_observing || wide->except.n_items)
        return false;
    return (is_everyone(&wide->principals) ||
            is_string_set_within(&narrow->principals, &wide->principals)) &&
           (is_everyone(&wide->targets) || is_string_set_within(&narrow->targets, &wide->targets));
}

static bool is_stronger(enum og_action a, enum og_action b)
{
    return a != b && (a == OG_ACTION_DENY || (a == OG_ACTION_APPROVE && b == OG_ACTION_ALLOW));
}

static void lint_rule(struct lint *lint, const struct og_policy *policy, const struct og_rule *rule)
{
    static const char *const words[] = {
        [OG_ACTION_DENY] = "denies", [OG_ACTION_APPROVE] = "asks", [OG_ACTION_ALLOW] = "allows"};

    for (size_t i = 0; i < lint->set->n_policies; i++) {
        const struct og_policy *other = &lint->set->policies[i];

        for (size_t k = 0; k < other->n_rules && is_scope_within(policy, other); k++) {
            const struct og_rule *wide = &other->rules[k];

            if (wide == rule || !is_stronger(wide->then, rule->then) ||
                !is_condition_within(rule, wide))
                continue;
            tell(lint, policy, rule->line);
            og_buf_printf(lint->out, "rule %s/%s never decides: %s/%s %s all that it is for\n",
                          policy->name, rule->id, other->name, wide->id, words[wide->then]);
            return;
        }
    }
}

/* ---- names ---- */

static bool has_table(const struct lint *lint, const struct og_name_pattern *pattern)
{
    for (size_t i = 0; i < lint->schema->n_columns; i++)
        if (og_decide_name_fits(&lint->decide, pattern, pattern->n_parts,
                                lint->schema->columns[i].schema, lint->schema->columns[i].table,
                                true))
            return true;
    return false;
}

static void lint_tables(struct lint *lint, const struct og_policy *policy,
                        const struct og_rule *rule, const struct og_name_pattern *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (has_table(lint, &names[i]))
            continue;
        tell(lint, policy, names[i].line ? names[i].line : rule->line);
        og_buf_printf(lint->out, "rule %s/%s names the table %s, which the target does not have\n",
                      policy->name, rule->id, names[i].text);
    }
}

static bool fits_column(const struct lint *lint, const struct og_name_pattern *pattern,
                        const struct og_lint_column *column)
{
    return pattern->n_parts >= 2 &&
           og_decide_part_fits(&lint->decide, pattern, pattern->n_parts - 1, column->column) &&
           og_decide_name_fits(&lint->decide, pattern, pattern->n_parts - 1, column->schema,
                               column->table, true);
}

static void lint_entry(struct lint *lint, const struct og_policy *policy,
                       const struct og_data_entry *entry)
{
    for (size_t i = 0; i < entry->n_columns; i++) {
        bool is_found = false;

        for (size_t c = 0; c < lint->schema->n_columns && !is_found; c++)
            is_found = fits_column(lint, &entry->columns[i], &lint->schema->columns[c]);
        if (is_found)
            continue;
        tell(lint, policy, entry->columns[i].line ? entry->columns[i].line : entry->line);
        og_buf_printf(lint->out, "%s is no column of the target%s\n", entry->columns[i].text,
                      entry->is_optional ? ", so nothing is masked by it"
                                         : ": sessions there are refused without optional: yes");
    }
}

/* ---- overlaps ---- */

static void lint_column(struct lint *lint, const struct og_policy *policy,
                        const struct og_lint_column *column)
{
    const struct og_data_entry *first = NULL, *exempt = NULL;

    for (size_t i = 0; i < policy->n_data; i++) {
        const struct og_data_entry *entry = &policy->data[i];

        if (!og_decide_entry_fits(&lint->decide, entry, column->schema, column->table,
                                  column->column))
            continue;
        if (entry->is_exempt)
            exempt = entry;
        else if (!first)
            first = entry;
        else if (!og_mask_is_same(&first->mask, &entry->mask)) {
            tell(lint, policy, entry->line);
            og_buf_printf(lint->out, "%s.%s has the mask %s by line %zu and %s here, so it is NULL\n",
                          column->table, column->column, og_mask_word(first->mask.kind), first->line,
                          og_mask_word(entry->mask.kind));
            return;
        }
    }
    if (first && exempt) {
        tell(lint, policy, exempt->line);
        og_buf_printf(lint->out, "%s.%s is clear here, though line %zu masks it\n", column->table,
                      column->column, first->line);
    }
}

static void lint_policy(struct lint *lint, const struct og_policy *policy)
{
    for (size_t i = 0; i < policy->n_rules; i++) {
        const struct og_rule *rule = &policy->rules[i];

        lint_rule(lint, policy, rule);
        if (!lint->schema)
            continue;
        lint_tables(lint, policy, rule, rule->tables, rule->n_tables);
        lint_tables(lint, policy, rule, rule->tables_except, rule->n_tables_except);
    }
    for (size_t i = 0; lint->schema && i < policy->n_data; i++)
        lint_entry(lint, policy, &policy->data[i]);
    for (size_t i = 0; lint->schema && i < lint->schema->n_columns; i++)
        lint_column(lint, policy, &lint->schema->columns[i]);
}

size_t og_policy_lint(const struct og_policy_set *set, const struct og_lint_schema *schema,
                      struct og_buf *out)
{
    struct lint lint = {.set = set, .schema = schema, .out = out};

    if (schema)
        lint.decide.dialect = schema->dialect;
    for (size_t i = 0; set && i < set->n_policies; i++)
        lint_policy(&lint, &set->policies[i]);
    return lint.n;
}

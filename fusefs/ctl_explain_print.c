/* SPDX-License-Identifier: MIT */
#include "common/err.h"
#include "fusefs/ctl_explain.h"

/* "public.customers" or "customers". */
static void object_name(const struct og_facts *facts, size_t index, char *out, size_t n_out)
{
    const struct og_object *object;

    *out = '\0';
    if (index == OG_NO_OBJECT || index >= facts->n_objects)
        return;
    object = &facts->objects[index];
    (void)snprintf(out, n_out, "%s%s%s", object->schema ? object->schema : "",
                   object->schema && *object->schema ? "." : "", object->name);
}

static void column_name(const struct og_facts *facts, size_t index, char *out, size_t n_out)
{
    char object[512];

    *out = '\0';
    if (index >= facts->n_columns)
        return;
    object_name(facts, facts->columns[index].object, object, sizeof(object));
    (void)snprintf(out, n_out, "%s%s%s", object, *object ? "." : "", facts->columns[index].name);
}

static const char *mask_word(const struct og_verdict *verdict, size_t column)
{
    if (column >= verdict->n_masks || verdict->masks[column].kind == OG_MASK_NONE)
        return "clear";
    return og_mask_word(verdict->masks[column].kind);
}

static void text_effects(const struct og_facts *facts)
{
    char name[1024];

    for (size_t i = 0; i < facts->n_effects; i++) {
        size_t object = facts->effects[i].object;

        object_name(facts, object, name, sizeof(name));
        printf("  %s", og_effect_word(facts->effects[i].effect));
        if (*name)
            printf(" %s %s", og_object_kind_word(facts->objects[object].kind), name);
        putchar('\n');
    }
}

static void text_uses(const struct og_facts *facts)
{
    char name[1024];

    for (size_t i = 0; i < facts->n_uses; i++) {
        column_name(facts, facts->uses[i].column, name, sizeof(name));
        printf("  %s used in %s%s%s\n", name, og_use_word(facts->uses[i].use),
               facts->uses[i].is_beside_full_key ? ", beside the full key" : "",
               facts->uses[i].n_equalities == 1 ? ", once, for one exact value" : "");
    }
    for (size_t i = 0; i < facts->n_functions; i++)
        printf("  function %s%s%s%s\n", facts->functions[i].schema ? facts->functions[i].schema : "",
               facts->functions[i].schema && *facts->functions[i].schema ? "." : "",
               facts->functions[i].name,
               facts->functions[i].is_harmless ? ", harmless" : ", not known to be harmless");
}

static void text_plan(const struct og_facts *facts, const struct og_verdict *verdict)
{
    char name[1024];

    for (size_t i = 0; i < facts->n_results; i++) {
        const struct og_fact_result *result = &facts->results[i];

        printf("  %zu %s: %s\n", i + 1, result->label && *result->label ? result->label : "?",
               mask_word(verdict, i));
        for (size_t s = 0; s < result->n_sources; s++) {
            size_t column = result->sources[s].column;

            column_name(facts, column, name, sizeof(name));
            printf("    %s %s %s%s\n", s + 1 < result->n_sources ? "|-" : "`-",
                   result->sources[s].is_copied ? "is" : "computed from", name,
                   verdict->masked_columns && column < facts->n_columns &&
                           verdict->masked_columns[column] ? ", masked" : "");
        }
    }
}

static void text_verdict(const struct og_ctl_call *call, const struct og_verdict *verdict)
{
    char colour = 'r';

    if (verdict->kind != OG_VERDICT_DENY)
        colour = verdict->kind == OG_VERDICT_ALLOW ? 'g' : 'y';
    printf("verdict: %s%s%s", og_ctl_paint(call, colour), og_verdict_word(verdict->kind),
           og_ctl_paint(call, 0));
    if (verdict->policy && *verdict->policy)
        printf(" by %s/%s", verdict->policy, verdict->rule);
    if (verdict->kind == OG_VERDICT_DENY && verdict->error)
        printf(" (SQLSTATE %s, native %d)", og_err_info((enum og_err)verdict->error)->sqlstate,
               og_err_info((enum og_err)verdict->error)->native);
    putchar('\n');
    if (verdict->reason && *verdict->reason)
        printf("  %s.\n", verdict->reason);
    if (verdict->say && *verdict->say)
        printf("  %s\n", verdict->say);
    for (size_t i = 0; i < verdict->n_needs; i++)
        printf("  needs %u of %s within %u s (%s/%s)\n", verdict->needs[i].count,
               verdict->needs[i].group, verdict->needs[i].within_s, verdict->needs[i].policy,
               verdict->needs[i].rule);
    if (verdict->is_observed)
        printf("  observed only: enforcing would give %s\n", og_verdict_word(verdict->would_be));
    if (verdict->needs_measure)
        printf("  counted by running it: more than %llu rows are taken back and judged again\n",
               (unsigned long long)verdict->rows_bound);
    for (size_t i = 0; i < verdict->n_lookups; i++)
        printf("  looks %s up, of %llu lookups a day\n", verdict->lookups[i].column,
               (unsigned long long)verdict->lookups[i].per_day);
    if (verdict->max_rows)
        printf("  at most %llu rows (%s)\n", (unsigned long long)verdict->max_rows,
               verdict->max_rows_policy);
    if (verdict->runtime_s)
        printf("  at most %u s (%s)\n", (unsigned)verdict->runtime_s, verdict->runtime_policy);
    if (verdict->is_data_observed)
        puts("  masks are observed only: values come back as they are");
}

static void print_text(const struct og_ctl_call *call, const struct og_decide_input *input,
                       const struct og_verdict *verdict)
{
    const struct og_facts *facts = input->facts;

    printf("statement: %s\n", facts->kind ? facts->kind : "not understood");
    if (facts->refusal.what) {
        printf("  not understood: %s", facts->refusal.what);
        if (facts->refusal.position != SIZE_MAX)
            printf(", at byte %zu", facts->refusal.position);
        putchar('\n');
    }
    if (facts->n_effects || facts->n_uses || facts->n_functions)
        puts("facts:");
    text_effects(facts);
    text_uses(facts);
    if (facts->n_results)
        puts("columns:");
    text_plan(facts, verdict);
    if (verdict->n_matched)
        puts("rules that match, in order:");
    for (size_t i = 0; i < verdict->n_matched; i++)
        printf("  %s/%s\n", verdict->matched[i].policy, verdict->matched[i].rule);
    text_verdict(call, verdict);
}

static void json_facts(const struct og_facts *facts)
{
    char name[1024];

    og_ctl_json_text("kind", facts->kind);
    og_ctl_json_text("not_understood", facts->refusal.what);
    og_ctl_json_open("effects", '[');
    for (size_t i = 0; i < facts->n_effects; i++) {
        size_t object = facts->effects[i].object;

        object_name(facts, object, name, sizeof(name));
        og_ctl_json_open(NULL, '{');
        og_ctl_json_text("effect", og_effect_word(facts->effects[i].effect));
        og_ctl_json_text("object_kind",
                         *name ? og_object_kind_word(facts->objects[object].kind) : NULL);
        og_ctl_json_text("object", *name ? name : NULL);
        og_ctl_json_close('}');
    }
    og_ctl_json_close(']');
    og_ctl_json_open("uses", '[');
    for (size_t i = 0; i < facts->n_uses; i++) {
        column_name(facts, facts->uses[i].column, name, sizeof(name));
        og_ctl_json_open(NULL, '{');
        og_ctl_json_text("column", name);
        og_ctl_json_text("use", og_use_word(facts->uses[i].use));
        og_ctl_json_bool("beside_full_key", facts->uses[i].is_beside_full_key);
        og_ctl_json_close('}');
    }
    og_ctl_json_close(']');
    og_ctl_json_open("functions", '[');
    for (size_t i = 0; i < facts->n_functions; i++)
        og_ctl_json_text(NULL, facts->functions[i].name);
    og_ctl_json_close(']');
}

static void json_plan(const struct og_facts *facts, const struct og_verdict *verdict)
{
    char name[1024];

    og_ctl_json_open("columns", '[');
    for (size_t i = 0; i < facts->n_results; i++) {
        const struct og_fact_result *result = &facts->results[i];

        og_ctl_json_open(NULL, '{');
        og_ctl_json_text("label", result->label);
        og_ctl_json_text("mask", mask_word(verdict, i));
        og_ctl_json_open("sources", '[');
        for (size_t s = 0; s < result->n_sources; s++) {
            column_name(facts, result->sources[s].column, name, sizeof(name));
            og_ctl_json_open(NULL, '{');
            og_ctl_json_text("column", name);
            og_ctl_json_bool("copied", result->sources[s].is_copied);
            og_ctl_json_close('}');
        }
        og_ctl_json_close(']');
        og_ctl_json_close('}');
    }
    og_ctl_json_close(']');
}

static void json_verdict(const struct og_verdict *verdict)
{
    og_ctl_json_open("matched", '[');
    for (size_t i = 0; i < verdict->n_matched; i++) {
        char name[512];

        (void)snprintf(name, sizeof(name), "%s/%s", verdict->matched[i].policy,
                       verdict->matched[i].rule);
        og_ctl_json_text(NULL, name);
    }
    og_ctl_json_close(']');
    og_ctl_json_text("verdict", og_verdict_word(verdict->kind));
    og_ctl_json_text("policy", verdict->policy);
    og_ctl_json_text("rule", verdict->rule);
    og_ctl_json_text("object", verdict->object);
    og_ctl_json_text("column", verdict->column);
    og_ctl_json_text("reason", verdict->reason);
    og_ctl_json_text("say", verdict->say);
    if (verdict->kind == OG_VERDICT_DENY && verdict->error)
        og_ctl_json_number("native",
                           (uint64_t)og_err_info((enum og_err)verdict->error)->native);
    og_ctl_json_bool("counted", verdict->needs_measure);
    og_ctl_json_number("rows_bound", verdict->needs_measure ? verdict->rows_bound : 0);
    og_ctl_json_number("max_rows", verdict->max_rows);
    og_ctl_json_number("runtime_s", verdict->runtime_s);
    og_ctl_json_open("lookups", '[');
    for (size_t i = 0; i < verdict->n_lookups; i++)
        og_ctl_json_text(NULL, verdict->lookups[i].column);
    og_ctl_json_close(']');
    og_ctl_json_bool("observed", verdict->is_observed);
    og_ctl_json_text("would_be",
                     verdict->is_observed ? og_verdict_word(verdict->would_be) : NULL);
    og_ctl_json_open("needs", '[');
    for (size_t i = 0; i < verdict->n_needs; i++) {
        og_ctl_json_open(NULL, '{');
        og_ctl_json_text("group", verdict->needs[i].group);
        og_ctl_json_number("count", verdict->needs[i].count);
        og_ctl_json_number("within_s", verdict->needs[i].within_s);
        og_ctl_json_close('}');
    }
    og_ctl_json_close(']');
}

void og_ctl_explain_print(const struct og_ctl_call *call, const struct og_decide_input *input,
                          const struct og_verdict *verdict)
{
    if (!call->is_json) {
        print_text(call, input, verdict);
        return;
    }
    og_ctl_json_open(NULL, '{');
    json_facts(input->facts);
    json_plan(input->facts, verdict);
    json_verdict(verdict);
    og_ctl_json_close('}');
}

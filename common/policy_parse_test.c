/* SPDX-License-Identifier: MIT */
/* The key `tests`: cases that run whenever the policy loads. */
#include "common/policy_parse.h"

#include <string.h>

struct tests {
    const char *schema;
    enum og_dialect dialect;
    const struct og_yaml_node *cases;
};

static void read_schema(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    const char *text = og_parse_text(parse, node, "schema");

    if (text && (strchr(text, '/') || text[0] == '.'))
        og_parse_error(parse, node, "schema `%.64s` must be a file beside the policy", text);
    ((struct tests *)out)->schema = text;
}

static void read_dialect(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const char *const words[] = {"sqlite", "postgresql"};
    static const enum og_dialect dialects[] = {OG_DIALECT_SQLITE, OG_DIALECT_POSTGRESQL,
                                               OG_DIALECT_NONE};

    ((struct tests *)out)->dialect =
        dialects[og_parse_word(parse, node, "dialect", words, OG_COUNT(words))];
}

static void read_cases(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct tests *)out)->cases = node;
    if (node->kind != OG_YAML_SEQUENCE || node->n == 0)
        og_parse_error(parse, node, "cases must be a list with at least one case");
}

static void read_as(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_policy_case *)out)->as = og_parse_principal(parse, node, false);
}

static void read_sql(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_policy_case *)out)->sql = og_parse_text(parse, node, "sql");
}

/* "deny", or "deny no-ddl" where the rule matters too. */
static void read_expect(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const char *const words[] = {"allow", "deny", "approve"};
    struct og_policy_case *test = out;
    const char *text = og_parse_text(parse, node, "expect");
    size_t n, i = 0;

    if (!text)
        return;
    n = strcspn(text, " ");
    while (i < OG_COUNT(words) && (strlen(words[i]) != n || memcmp(words[i], text, n) != 0))
        i++;
    if (i == OG_COUNT(words) || (text[n] && (!text[n + 1] || strchr(text + n + 1, ' ')))) {
        og_parse_error(parse, node, "expect `%.64s` must be allow, deny or approve, with or "
                       "without a rule's id", text);
        return;
    }
    test->expect_verdict = words[i];
    test->expect_rule = text[n] ? text + n + 1 : NULL;
}

static void read_masked(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_policy_case *test = out;
    const char **items;

    test->has_masked = true;
    if (node->kind != OG_YAML_SEQUENCE) {
        og_parse_error(parse, node, "masked must be a list of column labels, [] for none");
        return;
    }
    items = og_arena_array(parse->arena, node->n, sizeof(*items));
    if (!items)
        return;
    for (size_t i = 0; i < node->n; i++) {
        const char *text = og_parse_text(parse, node->items[i], "a column's label");

        items[i] = text ? text : "";
    }
    test->masked = items;
    test->n_masked = node->n;
}

static void read_target(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_policy_case *)out)->target = og_parse_text(parse, node, "target");
}

static void read_rows(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_policy_case *test = out;

    test->is_measured = true;
    if (!og_yaml_number(node, UINT64_C(1000000000000000), &test->measured_rows))
        og_parse_error(parse, node, "rows must be a number: how many rows the write changes");
}

/* Without `target` a case pretends the first target that the policy names; "test" for "*". */
static const char *default_target(const struct og_policy *policy)
{
    for (size_t i = 0; i < policy->targets.n_items; i++) {
        if (!strchr(policy->targets.items[i], '*'))
            return policy->targets.items[i];
    }
    return "test";
}

void og_parse_tests(struct og_parse *parse, const struct og_yaml_node *node,
                    const struct og_policy *policy)
{
    static const struct og_parse_key keys[] = {{"schema", read_schema, true},
                                               {"dialect", read_dialect, true},
                                               {"cases", read_cases, true}};
    static const struct og_parse_key case_keys[] = {
        {"as", read_as, true},          {"sql", read_sql, true},
        {"expect", read_expect, true},  {"masked", read_masked, false},
        {"target", read_target, false}, {"rows", read_rows, false}};
    struct tests tests = {0};

    og_parse_mapping(parse, node, "tests", keys, OG_COUNT(keys), &tests);
    if (!tests.cases || tests.cases->kind != OG_YAML_SEQUENCE)
        return;
    for (size_t i = 0; i < tests.cases->n; i++) {
        struct og_policy_case *test = og_arena_push(parse->arena, &parse->cases, &parse->n_cases,
                                                    &parse->max_cases, sizeof(*test));

        if (!test)
            return;
        *test = (struct og_policy_case){.policy = policy->name,
                                        .line = tests.cases->items[i]->line,
                                        .schema_file = tests.schema,
                                        .dialect = tests.dialect,
                                        .target = default_target(policy)};
        og_parse_mapping(parse, tests.cases->items[i], "a case", case_keys, OG_COUNT(case_keys),
                         test);
    }
}

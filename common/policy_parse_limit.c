/* SPDX-License-Identifier: MIT */
/* The key `limits` of a policy, and `lookup` of an entry of data. */
#include "common/policy_parse.h"

#include <string.h>

#define MAX_COUNT UINT64_C(1000000000000)

/* "300/min", "20/h": how many in a window. */
static struct og_rate read_rate(struct og_parse *parse, const struct og_yaml_node *node)
{
    static const struct {
        const char *word;
        uint32_t seconds;
    } units[] = {{"/s", 1}, {"/min", 60}, {"/h", 3600}, {"/day", 86400}};
    const char *c = node->kind == OG_YAML_SCALAR ? node->text : "";
    size_t n = strspn(c, "0123456789");
    struct og_rate rate = {0, 0};

    for (size_t i = 0; i < n && n <= 12; i++)
        rate.count = rate.count * 10 + (uint64_t)(c[i] - '0');
    for (size_t i = 0; i < OG_COUNT(units); i++)
        if (strcmp(c + n, units[i].word) == 0)
            rate.window_s = units[i].seconds;
    if (n == 0 || n > 12 || rate.count == 0 || rate.window_s == 0) {
        og_parse_error(parse, node, "`%.64s` is no rate: write 300/min, with s, min, h or day", c);
        return (struct og_rate){0, 0};
    }
    return rate;
}

static uint64_t read_count(struct og_parse *parse, const struct og_yaml_node *node, const char *what)
{
    uint64_t count = 0;

    if (!og_yaml_number(node, MAX_COUNT, &count) || count == 0) {
        og_parse_error(parse, node, "%s must be a number from 1", what);
        return 0;
    }
    return count;
}

static void read_connections(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_policy_limits *)out)->connections = read_rate(parse, node);
}

static void read_statements(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_policy_limits *)out)->statements = read_rate(parse, node);
}

static void read_requests(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_policy_limits *)out)->requests = read_rate(parse, node);
}

static void read_per_statement(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_policy_limits *)out)->rows_per_statement =
        read_count(parse, node, "rows: per-statement");
}

static void read_per_hour(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_policy_limits *)out)->rows_per_hour = read_count(parse, node, "rows: per-hour");
}

static void read_rows(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const struct og_parse_key keys[] = {{"per-statement", read_per_statement, false},
                                               {"per-hour", read_per_hour, false}};

    og_parse_mapping(parse, node, "rows", keys, OG_COUNT(keys), out);
}

static void read_runtime(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_policy_limits *)out)->runtime_s = og_parse_duration(parse, node);
}

static void read_parallel(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_policy_limits *)out)->parallel = read_count(parse, node, "parallel");
}

void og_parse_limits(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const struct og_parse_key keys[] = {
        {"connections", read_connections, false}, {"statements", read_statements, false},
        {"rows", read_rows, false},               {"runtime", read_runtime, false},
        {"parallel", read_parallel, false},       {"requests", read_requests, false}};

    og_parse_mapping(parse, node, "limits", keys, OG_COUNT(keys),
                     &((struct og_policy *)out)->limits);
}

static void read_equality(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_data_entry *)out)->is_lookup = og_parse_bool(parse, node, "equality");
}

static void read_per_day(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_data_entry *)out)->lookups_per_day = read_count(parse, node, "per-day");
}

void og_parse_lookup(struct og_parse *parse, const struct og_yaml_node *node,
                     struct og_data_entry *entry)
{
    static const struct og_parse_key keys[] = {{"equality", read_equality, true},
                                               {"per-day", read_per_day, true}};

    og_parse_mapping(parse, node, "lookup", keys, OG_COUNT(keys), entry);
}

/* SPDX-License-Identifier: MIT */
#include "common/limits.h"
#include "common/policy_parse.h"

#include <stdlib.h>
#include <string.h>

#include "common/decide.h"

#define MAX_RULES 1000u /* of one policy; each is compared with each for duplicates */
#define MAX_BY_COUNT 100u
#define DEFAULT_WITHIN_S 1800u

static void read_id(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_rule *rule = out;

    rule->id = og_parse_text(parse, node, "a rule's id");
    if (!rule->id)
        return;
    if (strlen(rule->id) > 64 ||
        rule->id[strspn(rule->id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-")])
        og_parse_error(parse, node, "id `%.64s` must be letters, digits, - and _, at most 64",
                       node->text);
}

static void read_effect(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const char *const words[] = {
#define EFFECT(name, word, changes, text) word,
#include "common/effect.tbl.h"
#undef EFFECT
    };
    struct og_rule *rule = out;
    size_t n = og_parse_n_items(parse, node, "effect");

    for (size_t i = 0; i < n; i++) {
        size_t effect =
            og_parse_word(parse, og_parse_item(node, i), "effect", words, OG_COUNT(words));

        if (effect < OG_COUNT(words))
            rule->effects |= UINT32_C(1) << effect;
    }
}

static void read_tables(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_rule *rule = out;

    rule->tables = og_parse_names(parse, node, "table", 1, 2, &rule->n_tables);
}

static void read_tables_except(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_rule *rule = out;

    rule->tables_except = og_parse_names(parse, node, "table", 1, 2, &rule->n_tables_except);
}

static void read_function(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_rule *rule = out;

    rule->functions = og_parse_names(parse, node, "function", 1, 2, &rule->n_functions);
}

static void read_object(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const char *const words[] = {"temporary-table"};
    struct og_rule *rule = out;

    rule->wants_temporary = og_parse_word(parse, node, "object", words, 1) == 0;
}

static void read_statement(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_rule *rule = out;
    size_t n = og_parse_n_items(parse, node, "statement");
    const char **items = og_arena_array(parse->arena, n, sizeof(*items));

    if (!items)
        return;
    for (size_t i = 0; i < n; i++) {
        const struct og_yaml_node *item = og_parse_item(node, i);
        char *text = NULL;

        items[i] = "";
        if (og_parse_text(parse, item, "a statement's kind"))
            text = og_arena_strdup(parse->arena, item->text);
        if (!text)
            continue;
        for (char *c = text; *c; c++) {
            if (*c >= 'a' && *c <= 'z')
                *c = (char)(*c - 'a' + 'A');
        }
        if (text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ ")])
            og_parse_error(parse, item, "`%.64s` is no statement's kind, as in CREATE TABLE",
                           item->text);
        items[i] = text;
    }
    rule->statements = (struct og_strings){items, n};
}

/* Returns: minutes of the day, or UINT16_MAX after an error. */
static uint16_t read_clock(struct og_parse *parse, const struct og_yaml_node *node)
{
    const char *text = node->kind == OG_YAML_SCALAR ? node->text : "";
    uint16_t minute;

    if (og_time_read_clock(text, &minute))
        return minute;
    og_parse_error(parse, node, "`%.64s` is no time of day: write \"22:00\", in UTC", text);
    return UINT16_MAX;
}

static void read_from(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_time_window *)out)->from_minute = read_clock(parse, node);
}

static void read_to(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_time_window *)out)->to_minute = read_clock(parse, node);
}

static void read_days(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const char *const words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    struct og_time_window *window = out;
    size_t n = og_parse_n_items(parse, node, "days");

    for (size_t i = 0; i < n; i++) {
        size_t day = og_parse_word(parse, og_parse_item(node, i), "day", words, OG_COUNT(words));

        if (day < OG_COUNT(words))
            window->days = (uint8_t)(window->days | 1u << day);
    }
}

static void read_time(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const struct og_parse_key keys[] = {
        {"from", read_from, true}, {"to", read_to, true}, {"days", read_days, false}};
    struct og_rule *rule = out;
    size_t n_errors = parse->n_errors;

    rule->time.is_set = true;
    og_parse_mapping(parse, node, "time", keys, OG_COUNT(keys), &rule->time);
    if (parse->n_errors == n_errors && rule->time.from_minute == rule->time.to_minute)
        og_parse_error(parse, node, "time: from and to are the same");
}

static void read_placement(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const char *const words[] = {
        [OG_PLACEMENT_INLINE] = "inline", [OG_PLACEMENT_BROKER] = "broker"};
    struct og_rule *rule = out;

    rule->has_placement = true;
    rule->placement = (uint32_t)og_parse_word(parse, node, "placement", words, OG_COUNT(words));
}

static void read_evidence(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const char *const words[] = {"asserted", "process", "peer", "token"};
    static const enum og_evidence levels[] = {OG_EVIDENCE_ASSERTED, OG_EVIDENCE_PROCESS,
                                              OG_EVIDENCE_PEER, OG_EVIDENCE_TOKEN};
    struct og_rule *rule = out;
    size_t i = og_parse_word(parse, node, "evidence", words, OG_COUNT(words));

    rule->has_evidence = true;
    rule->evidence = i < OG_COUNT(words) ? levels[i] : OG_EVIDENCE_TOKEN;
}

/* "> 100" or ">= 100": nothing below a bound can be asked for, as only a write that ran is measured. */
static void read_rows(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_rule *rule = out;
    const char *c = node->kind == OG_YAML_SCALAR ? node->text : "";
    bool is_inclusive = strncmp(c, ">=", 2) == 0;
    uint64_t number = 0;
    size_t n_digits;

    c += is_inclusive ? 2 : *c == '>' ? 1 : strlen(c);
    c += strspn(c, " ");
    n_digits = strspn(c, "0123456789");
    for (size_t i = 0; i < n_digits && n_digits <= 15; i++)
        number = number * 10 + (uint64_t)(c[i] - '0');
    rule->has_rows = true;
    rule->rows_over = is_inclusive && number ? number - 1 : number;
    if (n_digits == 0 || n_digits > 15 || c[n_digits] || (is_inclusive && !number))
        og_parse_error(parse, node, "rows must be \"> N\" or \">= N\", as in rows: \"> 100\"");
}

static void read_when(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const struct og_parse_key keys[] = {
        {"effect", read_effect, false},       {"tables", read_tables, false},
        {"tables-except", read_tables_except, false}, {"object", read_object, false},
        {"function", read_function, false},   {"statement", read_statement, false},
        {"time", read_time, false},           {"placement", read_placement, false},
        {"evidence", read_evidence, false},   {"rows", read_rows, false}};

    if (node->kind == OG_YAML_MAPPING ? node->n == 0 : og_yaml_is_null(node)) {
        og_parse_error(parse, node, "`when` is empty: say what the rule is for, as in "
                       "effect: [select]");
        return;
    }
    og_parse_mapping(parse, node, "`when`", keys, OG_COUNT(keys), out);
}

static void read_then(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const char *const words[] = {
        [OG_ACTION_DENY] = "deny", [OG_ACTION_APPROVE] = "approve", [OG_ACTION_ALLOW] = "allow"};
    size_t i = og_parse_word(parse, node, "then", words, OG_COUNT(words));

    ((struct og_rule *)out)->then = i < OG_COUNT(words) ? (enum og_action)i : OG_ACTION_DENY;
}

static void read_by_group(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_rule *rule = out;
    const char *text = og_parse_text(parse, node, "by: group");

    if (!text)
        return;
    rule->by_group = text;
    if (strpbrk(text, ":*\n\t "))
        og_parse_error(parse, node, "by: group `%.64s` must be a group's name without prefix",
                       text);
    og_parse_note_group(parse, og_arena_printf(parse->arena, "group:%s", text));
}

static void read_by_count(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    uint64_t count = 0;

    if (!og_yaml_number(node, MAX_BY_COUNT, &count) || count == 0)
        og_parse_error(parse, node, "by: count must be a number from 1 to %u", MAX_BY_COUNT);
    else
        ((struct og_rule *)out)->by_count = (uint32_t)count;
}

static void read_by_within(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_rule *)out)->by_within_s = og_parse_duration(parse, node);
}

/* `drift: 5` rows, or `drift: "10%"` of those rehearsed. */
static void read_by_drift(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_rule *rule = out;
    uint64_t percent = 0;
    char *end = NULL;

    if (og_yaml_number(node, UINT32_MAX, &rule->by_drift_rows))
        return;
    if (node->kind == OG_YAML_SCALAR && node->text[0] >= '0' && node->text[0] <= '9')
        percent = strtoull(node->text, &end, 10);
    if (!end || strcmp(end, "%") != 0 || percent > 100)
        og_parse_error(parse, node, "by: drift must be a number of rows, or a percentage up to 100 as "
                       "in \"10%%\"");
    else
        rule->by_drift_percent = (uint32_t)percent;
}

static void read_by_sample(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    uint64_t rows = 0;

    if (!og_yaml_number(node, OG_MAX_SAMPLE_ROWS, &rows))
        og_parse_error(parse, node, "by: sample must be a number of rows from 0 to %u", OG_MAX_SAMPLE_ROWS);
    else
        ((struct og_rule *)out)->by_sample = (uint32_t)rows;
}

static void read_by(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const struct og_parse_key keys[] = {{"group", read_by_group, true},
                                               {"count", read_by_count, false},
                                               {"within", read_by_within, false},
                                               {"drift", read_by_drift, false},
                                               {"sample", read_by_sample, false}};

    ((struct og_rule *)out)->by_sample = OG_DEFAULT_SAMPLE_ROWS;

    og_parse_mapping(parse, node, "`by`", keys, OG_COUNT(keys), out);
}

const struct og_rule *og_parse_unmask(struct og_parse *parse, const struct og_yaml_node *node)
{
    static const struct og_parse_key keys[] = {{"group", read_by_group, true},
                                               {"count", read_by_count, false},
                                               {"within", read_by_within, false}};
    struct og_rule *rule = og_arena_alloc(parse->arena, sizeof(*rule));

    if (rule)
        og_parse_mapping(parse, node, "`unmask`", keys, OG_COUNT(keys), rule);
    return rule;
}

/* Goes into one line of an error and of a record. */
static void read_say(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    char *say;
    size_t n;

    if (!og_parse_text(parse, node, "say"))
        return;
    if (strlen(node->text) > 1000)
        og_parse_error(parse, node, "say is longer than 1000 bytes");
    say = og_arena_strdup(parse->arena, node->text);
    if (!say)
        return;
    for (char *c = say; *c; c++) {
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    }
    for (n = strlen(say); n && say[n - 1] == ' '; n--)
        say[n - 1] = '\0';
    ((struct og_rule *)out)->say = say;
}

/* A count is known of these only, and only after they ran; it can then take back, never permit. */
static void check_rows(struct og_parse *parse, const struct og_yaml_node *node,
                       const struct og_rule *rule)
{
    const uint32_t measurable = UINT32_C(1) << OG_EFFECT_INSERT | UINT32_C(1) << OG_EFFECT_UPDATE |
                                UINT32_C(1) << OG_EFFECT_DELETE | UINT32_C(1) << OG_EFFECT_MERGE;
    const struct og_yaml_node *when = og_yaml_get(node, "when");
    const struct og_yaml_node *at = when ? og_yaml_get(when, "rows") : NULL;

    if (!rule->has_rows || !at)
        return;
    if (!rule->effects || rule->effects & ~measurable)
        og_parse_error(parse, at, "rows goes with effect: insert, update, delete and merge only");
    if (rule->then == OG_ACTION_ALLOW)
        og_parse_error(parse, at, "rows goes with then: deny or approve: allow the writes by a "
                       "rule without it");
}

static void read_rule(struct og_parse *parse, const struct og_yaml_node *node, struct og_rule *rule)
{
    static const struct og_parse_key keys[] = {
        {"id", read_id, true},     {"when", read_when, true}, {"then", read_then, true},
        {"by", read_by, false},    {"say", read_say, false}};
    const struct og_yaml_node *by = og_yaml_get(node, "by");

    *rule = (struct og_rule){.by_group = "", .by_count = 1, .by_within_s = DEFAULT_WITHIN_S,
                             .say = "", .line = node->line};
    og_parse_mapping(parse, node, "a rule", keys, OG_COUNT(keys), rule);
    if (node->kind != OG_YAML_MAPPING || !og_yaml_get(node, "then"))
        return;
    if (rule->then == OG_ACTION_APPROVE && !by)
        og_parse_error(parse, node, "a rule that says approve needs `by`, as in by: {group: dba}");
    if (rule->then != OG_ACTION_APPROVE && by)
        og_parse_error(parse, by, "`by` goes with then: approve only");
    check_rows(parse, node, rule);
}

static bool is_same_names(const struct og_name_pattern *a, size_t n_a,
                          const struct og_name_pattern *b, size_t n_b)
{
    if (n_a != n_b)
        return false;
    for (size_t i = 0; i < n_a; i++) {
        if (strcmp(a[i].text ? a[i].text : "", b[i].text ? b[i].text : "") != 0)
            return false;
    }
    return true;
}

static bool is_same_condition(const struct og_rule *a, const struct og_rule *b)
{
    return a->effects == b->effects &&
           is_same_names(a->tables, a->n_tables, b->tables, b->n_tables) &&
           is_same_names(a->tables_except, a->n_tables_except, b->tables_except,
                         b->n_tables_except) &&
           is_same_names(a->functions, a->n_functions, b->functions, b->n_functions) &&
           a->statements.n_items == 0 && b->statements.n_items == 0 &&
           a->wants_temporary == b->wants_temporary && a->has_placement == b->has_placement &&
           a->placement == b->placement && a->has_evidence == b->has_evidence &&
           a->evidence == b->evidence && a->has_rows == b->has_rows &&
           a->rows_over == b->rows_over && !a->time.is_set && !b->time.is_set;
}

/* Two rules of one condition: the more permissive one never decides anything. */
static void lint_rule(struct og_parse *parse, const struct og_rule *rules, size_t i)
{
    const uint32_t dangerous = UINT32_C(1) << OG_EFFECT_DROP | UINT32_C(1) << OG_EFFECT_TRUNCATE |
                               UINT32_C(1) << OG_EFFECT_ALTER | UINT32_C(1) << OG_EFFECT_GRANT;

    for (size_t k = 0; k < i; k++) {
        if (is_same_condition(&rules[k], &rules[i]) &&
            (rules[k].then != OG_ACTION_APPROVE || rules[i].then != OG_ACTION_APPROVE)) {
            og_parse_warn(parse, rules[i].line, "rule `%s` has the same `when` as rule `%s`; deny "
                          "beats approve beats allow", rules[i].id ? rules[i].id : "",
                          rules[k].id ? rules[k].id : "");
            break;
        }
    }
    if (rules[i].then == OG_ACTION_ALLOW && (!rules[i].effects || rules[i].effects & dangerous))
        og_parse_warn(parse, rules[i].line, "rule `%s` allows dropping, altering or granting",
                      rules[i].id ? rules[i].id : "");
}

void og_parse_rules(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_policy *policy = out;
    struct og_rule *rules;

    if (node->kind != OG_YAML_SEQUENCE) {
        og_parse_error(parse, node, "rules must be a list");
        return;
    }
    if (node->n > MAX_RULES) {
        og_parse_error(parse, node, "more than %u rules in one policy", MAX_RULES);
        return;
    }
    rules = og_arena_array(parse->arena, node->n, sizeof(*rules));
    if (!rules)
        return;
    for (size_t i = 0; i < node->n; i++) {
        read_rule(parse, node->items[i], &rules[i]);
        for (size_t k = 0; k < i; k++) {
            if (rules[i].id && rules[k].id && strcmp(rules[i].id, rules[k].id) == 0)
                og_parse_error(parse, og_yaml_get(node->items[i], "id"),
                               "id `%s` is used twice; it first stands in line %zu", rules[i].id,
                               rules[k].line);
        }
        lint_rule(parse, rules, i);
    }
    policy->rules = rules;
    policy->n_rules = node->n;
}

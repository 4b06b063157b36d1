/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/decide.h"
#include "common/limits.h"
#include "common/policy_parts.h"
#include "common/yaml_tree.h"
#include "tests/tap.h"

#define HEAD "policy: p\napplies-to: {principals: \"*\", targets: \"*\"}\n"
#define RULE HEAD "rules:\n  - id: a\n"
#define DATA HEAD "data:\n  - "

static const struct {
    const char *text;
    const char *message; /* how the first line of messages goes on after "f.yaml:" */
} bad[] = {
    {"", "1:1: the file is empty"},
    {"[a]", "1:1: a policy must be a mapping of keys to values, not a list"},
    {"a: &x b\n", "1:4: anchors"},
    {"a: *x\n", "1:4: aliases"},
    {"a: !!str b\n", "1:4: tags"},
    {"a: !x {b: c}\n", "1:4: tags"},
    {"<<: {a: b}\n", "1:1: merge keys"},
    {"a: 1\nb: 2\na: 3\n", "3:1: duplicate key `a`; it first stands in line 1"},
    {"{a: 1, \"a\": 2}\n", "1:8: duplicate key `a`"},
    {"a: 1\n---\nb: 2\n", "2:1: more than one document"},
    {"%YAML 1.1\n---\na: 1\n", "1:1: directives"},
    {"? [a]\n: b\n", "1:3: a key must be a word"},
    {"a: \"\\0\"\n", "1:4: control characters"},
    {"a: \"\\e[1m\"\n", "1:4: control characters"},
    {"a: b\nc: \xff\n", "2:4: text is not valid UTF-8"},
    {"a: [b\n", "2:1: not YAML"},
    {"policy: p\n", "1:1: a policy needs the key `applies-to`"},
    {HEAD "moed: observe\n", "3:1: unknown key `moed`; known here: policy, applies-to, mode, "
                             "data-mode, data, rules, vouch, tests, detect, limits, writes"},
    {HEAD "detect: {}\n", "3:9: detect needs the key `kinds`"},
    {HEAD "detect: {kinds: []}\n", "3:17: kinds is an empty list"},
    {HEAD "detect: {kinds: [shoe]}\n", "3:18: this build cannot enforce kind `shoe`; known here: email"},
    {HEAD "detect: {kinds: email, mask: token}\n", "3:30: this build cannot enforce mask `token`"},
    {HEAD "detect: {kinds: email, mask: {kind: partial, text: x}}\n", "3:52: `text` goes with"},
    {HEAD "detect: {kinds: email, cut: yes}\n", "3:24: unknown key `cut`; known here: kinds, mask"},
    {DATA "{columns: [a.b], mask: detect}\n", "4:28: this build cannot enforce mask `detect`"},
    {HEAD "limits: {connections: 300}\n", "3:23: `300` is no rate: write 300/min"},
    {HEAD "limits: {connections: 0/min}\n", "3:23: `0/min` is no rate"},
    {HEAD "limits: {statements: 3/week}\n", "3:22: `3/week` is no rate"},
    {HEAD "limits: {rows: 100}\n", "3:16: rows must be a mapping"},
    {HEAD "limits: {rows: {per-day: 100}}\n", "3:17: unknown key `per-day`; known here: per-statement"},
    {HEAD "limits: {rows: {per-hour: 0}}\n", "3:27: rows: per-hour must be a number from 1"},
    {HEAD "limits: {runtime: 30}\n", "3:19: `30` is no duration"},
    {HEAD "limits: {parallel: many}\n", "3:20: parallel must be a number from 1"},
    {HEAD "limits: {queries: 1/s}\n", "3:10: unknown key `queries`"},
    {HEAD "writes: {undo: always}\n", "3:16: this build cannot enforce undo `always`"},
    {HEAD "writes: {undo: required, undo-size: 64}\n", "3:37: `64` is no size: write 64M"},
    {HEAD "writes: {undo: required, undo-size: 2G}\n", "3:37: `2G` is no size"},
    {HEAD "writes: {undo: required, undo-keep: 3}\n", "3:37: `3` is no duration"},
    {HEAD "writes: {}\n", "3:9: writes needs the key `undo`"},
    {HEAD "mode: watch\n", "3:7: this build cannot enforce mode `watch`; known here: enforce, "
                           "observe"},
    {HEAD "data-mode: off\n", "3:12: this build cannot enforce data-mode `off`"},
    {"policy: P_1\napplies-to: {principals: \"*\", targets: \"*\"}\n", "1:9: policy name `P_1`"},
    {"policy: p\napplies-to: {principals: [], targets: \"*\"}\n", "2:26: principals is an empty"},
    {"policy: p\napplies-to: {principals: alice, targets: \"*\"}\n", "2:26: principal `alice`"},
    {"policy: p\napplies-to: {principals: \"uid:al\", targets: \"*\"}\n", "2:26: `uid:al`"},
    {"policy: p\napplies-to: {principals: \"*\"}\n", "2:13: applies-to needs the key `targets`"},
    {DATA "columns: [a.b]\n    mask: partial\n    lookup: {}\n", "6:13: lookup needs the key `equ"},
    {DATA "columns: [a.b]\n    mask: partial\n    lookup: {equality: yes}\n",
     "6:13: lookup needs the key `per-day`"},
    {DATA "columns: [a.b]\n    mask: partial\n    lookup: {equality: yes, per-day: 0}\n",
     "6:38: per-day must be a number from 1"},
    {DATA "columns: [a.b]\n    mask: partial\n    lookup: {prefix: yes, equality: yes, per-day: 1}\n",
     "6:14: unknown key `prefix`; known here: equality, per-day"},
    {DATA "columns: [a.b]\n    class: none\n    lookup: {equality: yes, per-day: 1}\n",
     "6:13: class: none"},
    {DATA "columns: [a.b]\n    mask: partial\n    group: yes\n",
     "6:12: group goes with mask: token only"},
    {DATA "{columns: [a.b], mask: blur}\n", "4:28: this build cannot enforce mask `blur`"},
    {DATA "{columns: [a.b], class: shoe}\n", "4:29: this build cannot enforce class `shoe`"},
    {DATA "{columns: [a.b]}\n", "4:5: an entry of data needs `class` or `mask`"},
    {DATA "{columns: [a.b], class: none, mask: fixed}\n", "4:41: class: none"},
    {DATA "{columns: [b], mask: fixed}\n", "4:16: column `b` needs at least 2 parts"},
    {DATA "{columns: [a.b.c.d], mask: fixed}\n", "4:16: this build cannot enforce column"},
    {DATA "{columns: [a..b], mask: fixed}\n", "4:16: column `a..b`: a part is empty"},
    {DATA "{columns: ['\"a.b'], mask: fixed}\n", "4:16: column `\"a.b`: a quote is not closed"},
    {DATA "{columns: ['\"a\"b.c'], mask: fixed}\n", "4:16: column `\"a\"b.c`: a dot must follow"},
    {DATA "{columns: [a b.c], mask: fixed}\n", "4:16: column `a b.c`: write names"},
    {DATA "{columns: [a.b], mask: fixed, optional: \"yes\"}\n", "4:45: optional must be yes or no"},
    {DATA "{columns: [a.b], mask: {kind: round, to: 30}}\n", "4:46: round: `to` must be a power"},
    {DATA "{columns: [a.b], mask: {kind: partial, to: 10}}\n", "4:48: `to` goes with"},
    {RULE "    then: allow\n", "4:5: a rule needs the key `when`"},
    {RULE "    when: {}\n    then: allow\n", "5:11: `when` is empty"},
    {RULE "    when:\n    then: allow\n", "5:10: `when` is empty"},
    {RULE "    when: {effect: select}\n", "4:5: a rule needs the key `then`"},
    {RULE "    when: {effect: [selekt]}\n    then: deny\n",
     "5:21: this build cannot enforce effect `selekt`"},
    {RULE "    when: {effect: []}\n    then: allow\n", "5:20: effect is an empty list"},
    {RULE "    when: {rows: \"> 100\"}\n    then: deny\n", "5:18: rows goes with effect: insert"},
    {RULE "    when: {effect: [update, drop], rows: \"> 1\"}\n    then: deny\n",
     "5:42: rows goes with effect: insert, update, delete and merge only"},
    {RULE "    when: {effect: update, rows: \"> 1\"}\n    then: allow\n",
     "5:34: rows goes with then: deny or approve"},
    {RULE "    when: {effect: update, rows: \"< 1\"}\n    then: deny\n", "5:34: rows must be"},
    {RULE "    when: {effect: update, rows: 100}\n    then: deny\n", "5:34: rows must be"},
    {RULE "    when: {effect: update, rows: \"> 100x\"}\n    then: deny\n", "5:34: rows must be"},
    {RULE "    when: {effect: update, rows: \">= 0\"}\n    then: deny\n", "5:34: rows must be"},
    {RULE "    when: {effect: update, rows: \">\"}\n    then: deny\n", "5:34: rows must be"},
    {RULE "    when: {object: view}\n    then: deny\n", "5:20: this build cannot enforce object"},
    {RULE "    when: {colour: red}\n    then: deny\n",
     "5:12: unknown key `colour`; known here: effect, tables, tables-except, object, function, "
     "statement, time, placement, evidence, rows"},
    {RULE "    when: {time: {from: \"22:00\"}}\n    then: deny\n", "5:18: time needs the key `to`"},
    {RULE "    when: {time: {from: \"24:01\", to: \"01:00\"}}\n    then: deny\n", "5:25: `24:01`"},
    {RULE "    when: {placement: cloud}\n    then: deny\n", "5:23: this build cannot enforce pl"},
    {RULE "    when: {evidence: faith}\n    then: deny\n", "5:22: this build cannot enforce ev"},
    {RULE "    when: {effect: select}\n    then: permit\n", "6:11: this build cannot enforce then"},
    {RULE "    when: {effect: select}\n    then: approve\n", "4:5: a rule that says approve needs"},
    {RULE "    when: {effect: select}\n    then: deny\n    by: {group: x}\n", "7:9: `by` goes with"},
    {RULE "    when: {effect: select}\n    then: approve\n    by: {count: 1}\n",
     "7:9: `by` needs the key `group`"},
    {RULE "    when: {effect: select}\n    then: approve\n    by: {group: x, count: 0}\n",
     "7:27: by: count must"},
    {DATA "columns: [a.b]\n    class: email\n    unmask: {count: 1}\n",
     "6:13: `unmask` needs the key `group`"},
    {DATA "columns: [a.b]\n    class: none\n    unmask: {group: x}\n", "6:13: class: none"},
    {RULE "    when: {effect: select}\n    then: approve\n    by: {group: x, sample: 21}\n",
     "7:28: by: sample must"},
    {RULE "    when: {effect: select}\n    then: approve\n    by: {group: x, within: 30}\n",
     "7:28: `30` is no duration"},
    {RULE "    when: {effect: select}\n    then: deny\n  - id: a\n    when: {effect: drop}\n"
          "    then: deny\n", "7:9: id `a` is used twice; it first stands in line 4"},
    {HEAD "vouch: {functions: [f]}\n", "3:21: function `f` needs at least 2 parts"},
    {HEAD "vouch: {functions: [s.*]}\n", "3:21: vouch for functions one by one"},
    {HEAD "tests: {schema: ../x.sql, dialect: sqlite, cases: [{as: \"uid:1\", sql: x, expect: "
          "allow}]}\n", "3:17: schema `../x.sql`"},
    {HEAD "tests: {schema: x.sql, dialect: oracle, cases: [{as: \"uid:1\", sql: x, expect: "
          "allow}]}\n", "3:33: this build cannot enforce dialect `oracle`"},
    {HEAD "tests: {schema: x.sql, dialect: sqlite, cases: []}\n", "3:48: cases must be"},
    {HEAD "tests: {schema: x.sql, dialect: sqlite, cases: [{as: \"*\", sql: x, expect: allow}]}\n",
     "3:54: principal `*`"},
    {HEAD "tests: {schema: x.sql, dialect: sqlite, cases: [{as: \"uid:1\", sql: x, expect: may}]}\n",
     "3:79: expect `may`"},
};

static const char good[] =
    "policy: agents\n"
    "applies-to: {principals: [group:ai-agents, \"group:dba\"], targets: [shop], except: "
    "[user:oncall]}\n"
    "data-mode: observe\n"
    "data:\n"
    "  - {columns: ['\"Weird.Name\".email', 's.\"a\"\"*\".C*'], class: email, optional: Yes}\n"
    "  - {columns: \"*.key\", class: secret}\n"
    "  - {columns: a.b, class: none}\n"
    "  - {columns: a.n, mask: {kind: round, to: 100}}\n"
    "rules:\n"
    "  - {id: night, when: {time: {from: \"22:00\", to: \"06:00\", days: [mon, sun]},\n"
    "     tables: [payments, s.t], statement: create table, placement: broker, evidence: peer,\n"
    "     object: temporary-table}, then: deny, say: \"Not now.\\n\"}\n"
    "  - {id: pay, when: {effect: [insert, delete], tables-except: x}, then: approve,\n"
    "     by: {group: dba, count: 2, within: 2h}}\n"
    "  - {id: read, when: {effect: select, function: lower}, then: allow}\n"
    "vouch: {functions: [public.order_total]}\n"
    "tests:\n  schema: shop.sql\n  dialect: sqlite\n  cases:\n"
    "    - {as: \"group:ai-agents\", sql: \"DROP TABLE c\", expect: deny night}\n"
    "    - {as: \"user:a\", sql: \"SELECT 1\", expect: allow, masked: [email], target: t2}\n";

static int parse(const char *text, size_t n_bytes, struct og_buf *messages,
                 struct og_policy_set **set)
{
    struct og_policy_file file = {"f.yaml", text, n_bytes};

    og_buf_init(messages, 1u << 20);
    return og_policy_set_parse(&file, 1, messages, set);
}

static void test_bad(void)
{
    for (size_t i = 0; i < OG_COUNT(bad); i++) {
        struct og_policy_set *set = NULL;
        struct og_buf messages;
        char want[512];
        int result = parse(bad[i].text, strlen(bad[i].text), &messages, &set);
        bool is_as_said;

        (void)snprintf(want, sizeof(want), "f.yaml:%s", bad[i].message);
        is_as_said = strncmp(og_buf_str(&messages), want, strlen(want)) == 0;
        if (!is_as_said)
            printf("# want %s\n# have %s\n", want, og_buf_str(&messages));
        tap_ok(result == OG_POLICY_E_INVALID && !set && is_as_said, "%s", bad[i].message);
        og_policy_set_unref(set);
        og_buf_release(&messages);
    }
}

static bool count_group(void *context, const char *group)
{
    size_t *n = context;

    *n += strcmp(group, "group:ai-agents") == 0 ? 10 : strcmp(group, "group:dba") == 0 ? 1 : 100;
    return true;
}

static void check_data(const struct og_policy *p)
{
    const struct og_name_pattern *names = p->data[0].columns;

    tap_ok(p->n_data == 4 && p->data[0].n_columns == 2, "data entries");
    tap_ok(names[0].n_parts == 2 && strcmp(names[0].parts[0], "Weird.Name") == 0 &&
               names[0].is_quoted[0] && !names[0].is_quoted[1] &&
               strcmp(names[0].parts[1], "email") == 0, "a quoted part keeps its dot");
    tap_ok(names[1].n_parts == 3 && strcmp(names[1].parts[1], "a\"*") == 0 &&
               !names[1].is_glob[1] && names[1].is_glob[2], "a quoted star is no glob");
    tap_ok(p->data[0].mask.kind == OG_MASK_PARTIAL && p->data[0].mask.class == OG_CLASS_EMAIL &&
               p->data[0].is_optional, "email is partial, optional: Yes is a truth");
    tap_ok(p->data[1].mask.kind == OG_MASK_SQL_NULL && !p->data[1].is_optional &&
               p->data[1].columns[0].is_glob[0], "a secret is sql-null");
    tap_ok(p->data[2].is_exempt && p->data[2].mask.kind == OG_MASK_NONE && !p->data[1].is_exempt,
           "class: none exempts");
    tap_ok(p->data[3].mask.kind == OG_MASK_ROUND && p->data[3].mask.round_to == 2, "round to 100");
}

static void check_rules(const struct og_policy *p)
{
    const struct og_rule *r = p->rules;

    tap_ok(p->n_rules == 3 && r[0].effects == 0 && r[0].n_tables == 2 &&
               r[0].tables[1].n_parts == 2, "tables of a rule");
    tap_ok(r[0].time.is_set && r[0].time.from_minute == 1320 && r[0].time.to_minute == 360 &&
               r[0].time.days == 0x41, "time window");
    tap_ok(r[0].statements.n_items == 1 && strcmp(r[0].statements.items[0], "CREATE TABLE") == 0,
           "statement in capitals");
    tap_ok(r[0].wants_temporary && r[0].has_placement && r[0].placement == OG_PLACEMENT_BROKER &&
               r[0].has_evidence && r[0].evidence == OG_EVIDENCE_PEER, "other conditions");
    tap_ok(strcmp(r[0].say, "Not now.") == 0 && r[0].then == OG_ACTION_DENY, "say is one line");
    tap_ok(r[1].effects == (1u << OG_EFFECT_INSERT | 1u << OG_EFFECT_DELETE) &&
               r[1].n_tables_except == 1 && r[1].then == OG_ACTION_APPROVE &&
               strcmp(r[1].by_group, "dba") == 0 && r[1].by_count == 2 && r[1].by_within_s == 7200,
           "approve rule");
    tap_ok(r[2].effects == 1u << OG_EFFECT_SELECT && r[2].n_functions == 1 &&
               r[2].then == OG_ACTION_ALLOW && r[2].by_within_s == 1800, "allow rule");
}

static void test_good(void)
{
    struct og_policy_set *set = NULL, *again = NULL;
    const struct og_policy_case *cases;
    struct og_buf messages;
    size_t n = 0;
    int result = parse(good, strlen(good), &messages, &set);

    if (result)
        printf("# %s\n", og_buf_str(&messages));
    tap_ok(result == 0 && set && messages.n_bytes == 0, "a good policy loads without messages");
    og_buf_release(&messages);
    if (!set)
        return;
    tap_ok(og_policy_set_count(set) == 1 && set->policies[0].is_data_observing &&
               !set->policies[0].is_observing && set->policies[0].n_vouched == 1, "modes, vouch");
    check_data(&set->policies[0]);
    check_rules(&set->policies[0]);
    og_policy_set_each_group(set, count_group, &n);
    tap_ok(n == 11, "each group once");
    tap_ok(og_policy_set_cases(set, &cases) == 2 && strcmp(cases[0].expect_verdict, "deny") == 0 &&
               strcmp(cases[0].expect_rule, "night") == 0 && !cases[0].has_masked &&
               strcmp(cases[0].target, "shop") == 0, "first case");
    tap_ok(cases[1].has_masked && cases[1].n_masked == 1 && !cases[1].expect_rule &&
               strcmp(cases[1].target, "t2") == 0 && cases[1].dialect == OG_DIALECT_SQLITE,
           "second case");
    result = parse(good, strlen(good) - 1, &messages, &again);
    tap_ok(result == 0 && strlen(og_policy_set_digest(set)) == 64 &&
               strcmp(og_policy_set_digest(set), og_policy_set_digest(again)) != 0,
           "one byte changes the digest");
    og_buf_release(&messages);
    og_policy_set_unref(again);
    og_policy_set_unref(og_policy_set_ref(set));
    tap_ok(og_policy_set_unref(set) == NULL && og_policy_set_unref(NULL) == NULL, "references");
}

static void test_sets(void)
{
    struct og_policy_file files[2] = {{"b.yaml", HEAD, strlen(HEAD)}, {"a.yaml", HEAD, strlen(HEAD)}};
    struct og_policy_set *set = NULL;
    struct og_buf messages;
    char *deep = malloc(OG_MAX_POLICY_BYTES + 2);

    og_buf_init(&messages, 65536);
    tap_ok(og_policy_set_parse(files, 2, &messages, &set) == OG_POLICY_E_INVALID &&
               strstr(og_buf_str(&messages), "b.yaml:1:9: policy name `p` is used in a.yaml too"),
           "policy names are unique over the set");
    og_buf_clear(&messages);
    files[1].name = "b.yaml";
    tap_ok(og_policy_set_parse(files, 2, &messages, &set) == OG_POLICY_E_INVALID,
           "file names are unique");
    og_buf_clear(&messages);
    tap_ok(og_policy_set_parse(files, 0, &messages, &set) == 0 && og_policy_set_count(set) == 0,
           "no files: a set that allows nothing");
    og_policy_set_unref(set);
    og_buf_release(&messages);
    if (!deep)
        return;
    memset(deep, '[', 100);
    tap_ok(parse(deep, 100, &messages, &set) == OG_POLICY_E_INVALID &&
               strstr(og_buf_str(&messages), "nested too deeply"), "depth");
    og_buf_release(&messages);
    memset(deep, '#', OG_MAX_POLICY_BYTES + 1);
    tap_ok(parse(deep, OG_MAX_POLICY_BYTES + 1, &messages, &set) == OG_POLICY_E_INVALID &&
               strstr(og_buf_str(&messages), "too large"), "size");
    og_buf_release(&messages);
    free(deep);
}

static void test_pattern(void)
{
    tap_ok(og_pattern_fits("*", "email", false) && !og_pattern_fits("*", "a.b", false) &&
               og_pattern_fits("*.*", "a.b", false), "a star never crosses a dot");
    tap_ok(og_pattern_fits("a*b*c", "axbxbc", false) && !og_pattern_fits("a*b", "axbx", false) &&
               og_pattern_fits("e*", "e", false) && !og_pattern_fits("", "a", false), "runs");
    tap_ok(og_pattern_fits("EMAIL*", "email_2", true) && !og_pattern_fits("EMAIL*", "email", false),
           "case");
    tap_ok(!og_pattern_fits("a*.b", "a.x.b", false) && og_pattern_fits("a*.b", "ax.b", false),
           "dots");
}

static void test_lint(void)
{
    static const char text[] = RULE "    when: {effect: drop}\n    then: allow\n"
                                    "  - {id: b, when: {effect: drop}, then: deny}\n";
    struct og_policy_set *set = NULL;
    struct og_buf messages;

    tap_ok(parse(text, strlen(text), &messages, &set) == 0 &&
               strstr(og_buf_str(&messages), "f.yaml:4:1: warning: rule `a` allows dropping") &&
               strstr(og_buf_str(&messages), "f.yaml:7:1: warning: rule `b` has the same"),
           "warnings do not stop a load");
    og_policy_set_unref(set);
    og_buf_release(&messages);
}

static void test_shipped(void)
{
    static const char *const names[] = {"default", "agents", "observe"};
    const char *root = getenv("OG_SRCDIR");

    for (size_t i = 0; i < OG_COUNT(names); i++) {
        struct og_policy_set *set = NULL;
        const struct og_policy_case *cases;
        struct og_buf messages;
        static char bytes[65536];
        char path[1024];
        FILE *file;
        size_t n = 0;
        int result;

        (void)snprintf(path, sizeof(path), "%s/policies/%s/%s.yaml", root ? root : ".", names[i],
                       names[i]);
        file = fopen(path, "rb");
        if (file) {
            n = fread(bytes, 1, sizeof(bytes), file);
            (void)fclose(file);
        }
        result = parse(bytes, n, &messages, &set);
        if (result || messages.n_bytes)
            printf("# %s\n", og_buf_str(&messages));
        tap_ok(result == 0 && messages.n_bytes == 0 && og_policy_set_cases(set, &cases) >= 6, "%s",
               names[i]);
        og_policy_set_unref(set);
        og_buf_release(&messages);
    }
}

int main(void)
{
    test_bad();
    test_good();
    test_sets();
    test_pattern();
    test_lint();
    test_shipped();
    return tap_done();
}

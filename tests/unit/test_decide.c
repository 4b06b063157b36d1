/* SPDX-License-Identifier: MIT */
/* Decisions over written policies and written facts. Facts are words:
 *   e:EFFECT:SCHEMA.NAME (or e:EFFECT) effect   c:TABLE.COLUMN:TYPE column   v:NAME a view
 *   u:USE:TABLE.COLUMN (k: beside a key)        r:LABEL=SOURCE|SOURCE (~ derived)
 *   n:ROWS measured
 *   f:SCHEMA.NAME a function that is not harmless   x refused   t transaction control   h setting */
#include <stdlib.h>
#include <string.h>

#include "common/decide.h"
#include "common/err.h"
#include "common/policy.h"
#include "tests/tap.h"

#define HEAD(name, who) "policy: " name "\napplies-to: {principals: [" who "], targets: [shop]}\n"
#define READ "rules:\n  - {id: read, when: {effect: select}, then: allow}\n"
#define MAIL "data:\n  - {columns: [customers.email], class: email, mask: partial}\n"
#define MAIL_OBSERVED "data-mode: observe\n" MAIL
#define NOON INT64_C(1767614400) /* Monday 2026-01-05 12:00 UTC */
#define HOUR INT64_C(3600)
#define PG "pg"

struct row {
    const char *name;
    const char *policies[3];
    const char *members; /* names of one member divided by commas, members by | */
    const char *facts;
    const char *want; /* verdict[ policy/rule][ !error][ observed:would_be][ masks: kind...] */
    int64_t now;
    const char *dialect;
};

#define RULE(text) "rules:\n  - " text "\n"
#define DENY_ALL RULE("{id: no, when: {effect: select}, then: deny}")
#define SELECT_T "SELECT e:select:main.t"
#define MAILED "SELECT e:select:main.customers c:customers.email:text "
#define A "group:ai"

static const struct row rows[] = {
    /* rules */
    {"read_is_allowed", {HEAD("p", A) READ}, A, SELECT_T, "allow p/read", 0, NULL},
    {"nobody_elses_policy", {HEAD("p", A) READ}, "user:bob", SELECT_T, "deny !DENIED", 0, NULL},
    {"no_rule_denies", {HEAD("p", A) READ}, A, "DELETE e:delete:main.t", "deny !DENIED", 0, NULL},
    {"deny_beats_allow", {HEAD("p", A) READ, HEAD("q", A) RULE("{id: no, when: {effect: select, tables: [t]}, then: deny}")}, A, SELECT_T, "deny q/no !DENIED", 0, NULL},
    {"deny_beats_approve", {HEAD("p", A) RULE("{id: ask, when: {effect: select}, then: approve, by: {group: dba}}"), HEAD("q", A) RULE("{id: no, when: {effect: select}, then: deny}")}, A, SELECT_T, "deny q/no !DENIED", 0, NULL},
    {"approve_beats_allow", {HEAD("p", A) READ, HEAD("q", A) RULE("{id: ask, when: {effect: select}, then: approve, by: {group: dba}}")}, A, SELECT_T, "approve q/ask needs:1", 0, NULL},
    {"two_policies_need_both", {HEAD("p", A) RULE("{id: a, when: {effect: select}, then: approve, by: {group: dba}}"), HEAD("q", A) RULE("{id: b, when: {effect: select}, then: approve, by: {group: sec, count: 2}}")}, A, SELECT_T, "approve p/a needs:2", 0, NULL},
    {"need_is_listed_once", {HEAD("p", A) RULE("{id: a, when: {effect: select}, then: approve, by: {group: dba}}")}, A, SELECT_T " e:select:main.u", "approve p/a needs:1", 0, NULL},
    {"worst_pair_wins", {HEAD("p", A) READ}, A, SELECT_T " e:drop:main.t", "deny !DENIED", 0, NULL},
    {"explicit_denial_is_named", {HEAD("p", A) RULE("{id: no, when: {effect: drop}, then: deny}")}, A, "DROP e:delete:main.t e:drop:main.t", "deny p/no !DENIED", 0, NULL},
    {"other_target", {"policy: p\napplies-to: {principals: [\"*\"], targets: [else]}\n" READ}, A, SELECT_T, "deny !DENIED", 0, NULL},
    {"label_of_target", {"policy: p\napplies-to: {principals: [\"*\"], targets: [\"env:test\"]}\n" READ}, A, SELECT_T, "allow p/read", 0, NULL},
    {"star_target", {"policy: p\napplies-to: {principals: [\"*\"], targets: [\"*\"]}\n" READ}, A, SELECT_T, "allow p/read", 0, NULL},
    {"except_user", {"policy: p\napplies-to: {principals: [\"*\"], targets: [\"*\"], except: [user:x]}\n" READ}, "user:x", SELECT_T, "deny !DENIED", 0, NULL},
    {"except_other", {"policy: p\napplies-to: {principals: [\"*\"], targets: [\"*\"], except: [user:x]}\n" READ}, "user:y", SELECT_T, "allow p/read", 0, NULL},
    {"nobody", {HEAD("p", "\"*\"") READ}, "", SELECT_T, "deny !REFUSED", 0, NULL},
    /* tables */
    {"table_rule", {HEAD("p", A) RULE("{id: r, when: {effect: select, tables: [t]}, then: allow}")}, A, SELECT_T, "allow p/r", 0, NULL},
    {"table_rule_other", {HEAD("p", A) RULE("{id: r, when: {effect: select, tables: [u]}, then: allow}")}, A, SELECT_T, "deny !DENIED", 0, NULL},
    {"table_rule_schema", {HEAD("p", A) RULE("{id: r, when: {effect: select, tables: [main.t]}, then: allow}")}, A, SELECT_T, "allow p/r", 0, NULL},
    {"table_rule_other_schema", {HEAD("p", A) RULE("{id: r, when: {effect: select, tables: [temp.t]}, then: allow}")}, A, SELECT_T, "deny !DENIED", 0, NULL},
    {"table_except_hit", {HEAD("p", A) RULE("{id: r, when: {effect: select, tables-except: [t]}, then: allow}")}, A, SELECT_T, "deny !DENIED", 0, NULL},
    {"table_except_miss", {HEAD("p", A) RULE("{id: r, when: {effect: select, tables-except: [u]}, then: allow}")}, A, SELECT_T, "allow p/r", 0, NULL},
    {"sqlite_folds", {HEAD("p", A) RULE("{id: r, when: {effect: select, tables: [T]}, then: deny}") }, A, SELECT_T, "deny p/r !DENIED", 0, NULL},
    {"sqlite_quoted_means_the_same", {HEAD("p", A) RULE("{id: r, when: {effect: select, tables: ['\"T\"']}, then: deny}")}, A, SELECT_T, "deny p/r !DENIED", 0, NULL},
    {"pg_folds_pattern", {HEAD("p", A) RULE("{id: r, when: {effect: select, tables: [T]}, then: allow}")}, A, "SELECT e:select:public.t", "allow p/r", 0, PG},
    {"pg_quoted_is_exact", {HEAD("p", A) RULE("{id: r, when: {effect: select, tables: ['\"T\"']}, then: allow}")}, A, "SELECT e:select:public.t", "deny !DENIED", 0, PG},
    {"pg_unquoted_misses_upper", {HEAD("p", A) RULE("{id: r, when: {effect: select, tables: [t]}, then: allow}")}, A, "SELECT e:select:public.T", "deny !DENIED", 0, PG},
    {"deny_with_unknown_schema", {HEAD("p", A) READ "  - {id: no, when: {tables: [main.t]}, then: deny}\n"}, A, "SELECT e:select:.t", "deny p/no !DENIED", 0, NULL},
    {"base_table_through_view", {HEAD("p", A) READ "  - {id: no, when: {tables: [t]}, then: deny}\n"}, A, "SELECT v:w e:select:main.w e:select:main.t", "deny p/no !DENIED", 0, NULL},
    {"view_needs_its_own_rule", {HEAD("p", A) RULE("{id: r, when: {effect: select, tables: [t]}, then: allow}")}, A, "SELECT v:w e:select:main.w e:select:main.t", "deny !DENIED", 0, NULL},
    {"temporary_only", {HEAD("p", A) RULE("{id: r, when: {effect: create, object: temporary-table}, then: allow}")}, A, "CREATE e:create:main.t", "deny !DENIED", 0, NULL},
    {"temporary", {HEAD("p", A) RULE("{id: r, when: {effect: create, object: temporary-table}, then: allow}")}, A, "CREATE e:create:temp.t", "allow p/r", 0, NULL},
    /* weak names */
    {"exe_never_allows", {HEAD("p", "\"exe:/usr/bin/*\"") READ}, "exe:/usr/bin/psql", SELECT_T, "deny !DENIED", 0, NULL},
    {"exe_denies", {HEAD("p", "\"exe:/usr/bin/*\"") RULE("{id: no, when: {effect: select}, then: deny}"), HEAD("q", A) READ}, A ",exe:/usr/bin/psql", SELECT_T, "deny p/no !DENIED", 0, NULL},
    {"exe_does_not_observe", {HEAD("p", "\"exe:/usr/bin/*\"") "mode: observe\n" READ}, "exe:/usr/bin/psql", SELECT_T, "deny !DENIED", 0, NULL},
    {"exe_does_not_vouch", {HEAD("p", A) READ, HEAD("q", "\"exe:/usr/bin/*\"") "vouch: {functions: [public.f]}\n"}, A ",exe:/usr/bin/psql", "SELECT e:select f:public.f", "deny !REFUSED", 0, PG},
    {"exe_exception_lifts_no_denial", {HEAD("q", A) READ, "policy: p\napplies-to: {principals: [\"*\"], targets: [shop], except: [\"exe:/usr/bin/*\"]}\nrules:\n  - {id: no, when: {effect: select}, then: deny}\n"}, A ",exe:/usr/bin/psql", SELECT_T, "deny p/no !DENIED", 0, NULL},
    {"exe_masks", {HEAD("p", A) READ, HEAD("q", "\"exe:/usr/bin/*\"") MAIL}, A ",exe:/usr/bin/psql", MAILED "r:email=customers.email", "allow p/read masks:partial", 0, NULL},
    /* functions */
    {"unvouched", {HEAD("p", A) READ}, A, "SELECT e:select f:public.f", "deny !REFUSED", 0, PG},
    {"vouched", {HEAD("p", A) "vouch: {functions: [public.f]}\n" READ}, A, "SELECT e:select f:public.f", "allow p/read", 0, PG},
    {"vouched_elsewhere", {HEAD("p", A) "vouch: {functions: [public.f]}\n" READ}, A, "SELECT e:select f:pg_temp.f", "deny !REFUSED", 0, PG},
    {"observer_does_not_vouch", {HEAD("p", A) READ, HEAD("q", A) "mode: observe\nvouch: {functions: [public.f]}\n"}, A, "SELECT e:select f:public.f", "deny !REFUSED", 0, PG},
    {"function_denied", {HEAD("p", A) "vouch: {functions: [public.f]}\n" READ "  - {id: no, when: {function: [public.f]}, then: deny}\n"}, A, "SELECT e:select f:public.f", "deny p/no !DENIED", 0, PG},
    {"function_allowance_needs_all", {HEAD("p", A) "vouch: {functions: [public.f, public.g]}\n" RULE("{id: r, when: {effect: select, function: [public.f]}, then: allow}")}, A, "SELECT e:select f:public.f f:public.g", "deny !DENIED", 0, PG},
    /* not understood, free statements */
    {"refused", {HEAD("p", A) READ}, A, "SELECT x", "deny !REFUSED", 0, NULL},
    {"no_effects", {HEAD("p", A) READ}, A, "WHAT", "deny !REFUSED", 0, NULL},
    {"commit_needs_no_rule", {HEAD("p", A) READ}, A, "COMMIT t", "allow", 0, NULL},
    {"commit_named_is_denied", {HEAD("p", A) RULE("{id: no, when: {effect: session}, then: deny}")}, A, "COMMIT t", "deny p/no !DENIED", 0, NULL},
    {"commit_survives_unnamed_denial", {HEAD("p", A) RULE("{id: no, when: {evidence: asserted}, then: deny}")}, A, "COMMIT t", "allow", 0, NULL},
    {"setting_needs_no_rule", {HEAD("p", A) READ}, A, "SET h", "allow", 0, NULL},
    {"setting_named_is_denied", {HEAD("p", A) RULE("{id: no, when: {effect: set}, then: deny}")}, A, "SET h", "deny p/no !DENIED", 0, NULL},
    {"free_flag_frees_no_table", {HEAD("p", A) READ}, A, "SET h e:delete:main.t", "deny !DENIED", 0, NULL},
    /* conditions */
    {"statement_kind", {HEAD("p", A) RULE("{id: r, when: {statement: SELECT}, then: allow}")}, A, SELECT_T, "allow p/r", 0, NULL},
    {"evidence_reached", {HEAD("p", A) RULE("{id: r, when: {effect: select, evidence: peer}, then: allow}")}, A, SELECT_T, "allow p/r", 0, NULL},
    {"evidence_missed", {HEAD("p", A) RULE("{id: r, when: {effect: select, evidence: token}, then: allow}")}, A, SELECT_T, "deny !DENIED", 0, NULL},
    {"placement_other", {HEAD("p", A) RULE("{id: r, when: {effect: select, placement: broker}, then: allow}")}, A, SELECT_T, "deny !DENIED", 0, NULL},
#define NIGHT HEAD("p", A) RULE("{id: r, when: {effect: select, time: {from: \"22:00\", to: \"06:00\", days: [mon]}}, then: allow}")
    {"night_monday_noon", {NIGHT}, A, SELECT_T, "deny !DENIED", 0, NULL},
    {"night_monday_23", {NIGHT}, A, SELECT_T, "allow p/r", 11 * HOUR, NULL},
    {"night_tuesday_05", {NIGHT}, A, SELECT_T, "allow p/r", 17 * HOUR, NULL},
    {"night_tuesday_06", {NIGHT}, A, SELECT_T, "deny !DENIED", 18 * HOUR, NULL},
    {"night_monday_05", {NIGHT}, A, SELECT_T, "deny !DENIED", -7 * HOUR, NULL},
    {"night_tuesday_23", {NIGHT}, A, SELECT_T, "deny !DENIED", 35 * HOUR, NULL},
    /* rows */
#define BULK HEAD("p", A) "rules:\n  - {id: w, when: {effect: [update, insert]}, then: allow}\n" \
    "  - {id: bulk, when: {effect: update, rows: \"> 100\"}, then: approve, by: {group: dba}}\n" \
    "  - {id: huge, when: {effect: update, rows: \">= 1000\"}, then: deny}\n"
    {"rows_are_to_be_measured", {BULK}, A, "UPDATE e:update:main.t", "allow p/w measure:100", 0, NULL},
    {"rows_of_other_effects_are_not", {BULK}, A, "INSERT e:insert:main.t", "allow p/w", 0, NULL},
    {"rows_within", {BULK}, A, "UPDATE e:update:main.t n:100", "allow p/w", 0, NULL},
    {"rows_over", {BULK}, A, "UPDATE e:update:main.t n:101", "approve p/bulk needs:1 rows:101>100", 0, NULL},
    {"rows_inclusive", {BULK}, A, "UPDATE e:update:main.t n:1000", "deny p/huge !DENIED rows:1000>999", 0, NULL},
    {"rows_never_allow", {HEAD("p", A) RULE("{id: bulk, when: {effect: update, rows: \"> 1\"}, then: approve, by: {group: dba}}")}, A, "UPDATE e:update:main.t", "deny !DENIED", 0, NULL},
    {"rows_of_an_observer_are_not_measured", {HEAD("p", A) "mode: observe\n" RULE("{id: bulk, when: {effect: update, rows: \"> 1\"}, then: deny}")}, A, "UPDATE e:update:main.t", "allow observed:deny", 0, NULL},
    /* detect */
#define SCAN HEAD("p", A) "detect: {kinds: [email, secret]}\n" READ
    {"text_is_looked_through", {SCAN}, A, "SELECT e:select:main.t c:t.note:text c:t.id:integer r:note=t.note", "allow p/read masks:detect", 0, NULL},
    {"masked_stays_masked", {SCAN, HEAD("q", A) MAIL}, A, MAILED "c:customers.note:text r:email=customers.email r:note=customers.note", "allow p/read masks:partial,detect", 0, NULL},
    {"clear_column_is_not", {HEAD("p", A) "detect: {kinds: email}\ndata:\n  - {columns: [t.note], class: none}\n" READ}, A, "SELECT e:select:main.t c:t.note:text r:note=t.note", "allow p/read masks:none", 0, NULL},
    {"clear_in_one_policy_only", {HEAD("p", A) "detect: {kinds: email}\ndata:\n  - {columns: [t.note], class: none}\n" READ, HEAD("q", A) "detect: {kinds: email}\n"}, A, "SELECT e:select:main.t c:t.note:text r:note=t.note", "allow p/read masks:detect", 0, NULL},
    {"joined_with_another_is_not_clear", {HEAD("p", A) "detect: {kinds: email}\ndata:\n  - {columns: [t.note], class: none}\n" READ}, A, "SELECT e:select:main.t c:t.note:text c:t.more:text r:x=~t.note|~t.more", "allow p/read masks:detect", 0, NULL},
    {"observed_data_is_not", {HEAD("p", A) "data-mode: observe\ndetect: {kinds: email}\n" READ}, A, "SELECT e:select:main.t c:t.note:text r:note=t.note", "allow p/read masks:none", 0, NULL},
    {"others_are_not", {HEAD("p", A) READ, HEAD("q", "user:bob") "detect: {kinds: email}\n"}, A, "SELECT e:select:main.t c:t.note:text r:note=t.note", "allow p/read masks:none", 0, NULL},
    /* observation */
    {"observed_denial", {HEAD("p", A) "mode: observe\n" DENY_ALL}, A, SELECT_T, "allow p/no observed:deny", 0, NULL},
    {"observed_approval", {HEAD("p", A) "mode: observe\n" RULE("{id: a, when: {effect: select}, then: approve, by: {group: dba}}")}, A, SELECT_T, "allow p/a observed:approve", 0, NULL},
    {"observer_adds_no_allowance", {HEAD("p", A) RULE("{id: w, when: {effect: insert}, then: allow}"), HEAD("q", A) "mode: observe\n" READ}, A, SELECT_T, "deny !DENIED", 0, NULL},
    {"observer_adds_no_denial", {HEAD("p", A) READ, HEAD("q", A) "mode: observe\n" DENY_ALL}, A, SELECT_T, "allow p/read", 0, NULL},
    {"refusal_observed", {HEAD("p", A) "mode: observe\n" READ}, A, "SELECT x", "allow observed:deny", 0, NULL},
    {"refusal_observed_with_masks_in_force", {HEAD("p", A) "mode: observe\n" MAIL READ}, A, "SELECT x", "deny !REFUSED", 0, NULL},
    {"unknown_function_with_masks_in_force", {HEAD("p", A) "mode: observe\n" MAIL READ}, A, "SELECT e:select f:public.f", "deny !REFUSED", 0, PG},
    {"no_front_end_enforced", {HEAD("p", A) READ}, A, SELECT_T, "deny !REFUSED", 0, "none"},
    {"no_front_end_observed", {HEAD("p", A) "mode: observe\n" READ}, A, SELECT_T, "allow observed:deny", 0, "none"},
    {"chain_one_observed_one_denied", {HEAD("p", A) "mode: observe\n" DENY_ALL, HEAD("q", "user:bob") RULE("{id: no, when: {effect: select}, then: deny}")}, A "|user:bob", SELECT_T, "deny q/no !DENIED", 0, NULL},
    /* chains */
    {"chain_both_may", {HEAD("p", "\"*\"") READ}, A "|user:bob", SELECT_T, "allow p/read", 0, NULL},
    {"chain_weakest_counts", {HEAD("p", A) READ}, A "|user:bob", SELECT_T, "deny !DENIED", 0, NULL},
    {"chain_needs_united", {HEAD("p", A) RULE("{id: a, when: {effect: select}, then: approve, by: {group: dba}}"), HEAD("q", "user:bob") RULE("{id: b, when: {effect: select}, then: approve, by: {group: sec}}")}, A "|user:bob", SELECT_T, "approve p/a needs:2", 0, NULL},
    {"chain_strictest_mask", {HEAD("p", A) MAIL READ, HEAD("q", "user:bob") "data:\n  - {columns: [customers.email], mask: fixed}\n" READ}, A "|user:bob", MAILED "r:email=customers.email", "allow p/read masks:sql-null", 0, NULL},
    /* masks */
    {"masked", {HEAD("p", A) MAIL READ}, A, MAILED "r:email=customers.email", "allow p/read masks:partial", 0, NULL},
    {"clear_beside_masked", {HEAD("p", A) MAIL READ}, A, MAILED "c:customers.id:integer r:id=customers.id r:email=customers.email", "allow p/read masks:none,partial", 0, NULL},
    {"derived_is_null", {HEAD("p", A) MAIL READ}, A, MAILED "r:email=~customers.email", "allow p/read masks:sql-null", 0, NULL},
    {"union_of_same_mask", {HEAD("p", A) "data:\n  - {columns: [\"*.email\"], class: email, mask: partial}\n" READ}, A, MAILED "e:select:main.u c:u.email:text r:email=customers.email|u.email", "allow p/read masks:partial", 0, NULL},
    {"union_of_different_masks", {HEAD("p", A) MAIL "  - {columns: [u.email], mask: fixed}\n" READ}, A, MAILED "e:select:main.u c:u.email:text r:email=customers.email|u.email", "allow p/read masks:sql-null", 0, NULL},
    {"two_policies_differ", {HEAD("p", A) MAIL READ, HEAD("q", A) "data:\n  - {columns: [\"*.email\"], mask: fixed}\n"}, A, MAILED "r:email=customers.email", "allow p/read masks:sql-null", 0, NULL},
    {"exempt_in_own_policy", {HEAD("p", A) "data:\n  - {columns: [\"*.email\"], class: email}\n  - {columns: [customers.email], class: none}\n" READ}, A, MAILED "r:email=customers.email", "allow p/read masks:none", 0, NULL},
    {"exempt_not_in_others", {HEAD("p", A) MAIL READ, HEAD("q", A) "data:\n  - {columns: [customers.email], class: none}\n"}, A, MAILED "r:email=customers.email", "allow p/read masks:partial", 0, NULL},
    {"view_column_named", {HEAD("p", A) "data:\n  - {columns: [w.mail], class: email}\n" READ}, A, "SELECT v:w e:select:main.w e:select:main.customers c:w.mail:text c:customers.email:text r:mail=w.mail|customers.email", "allow p/read masks:partial", 0, NULL},
    {"base_of_view_named", {HEAD("p", A) MAIL READ}, A, "SELECT v:w e:select:main.w e:select:main.customers c:w.mail:text c:customers.email:text r:mail=w.mail|customers.email", "allow p/read masks:partial", 0, NULL},
    {"glob_covers_a_dotted_name", {HEAD("p", A) "data:\n  - {columns: [\"*.*mail\"], mask: fixed}\n" READ}, A, "SELECT e:select:main.t c:t.e/mail:text r:x=t.e/mail", "allow p/read masks:fixed", 0, NULL},
    {"observed_masks_show", {HEAD("p", A) MAIL_OBSERVED READ}, A, MAILED "r:email=customers.email", "allow p/read masks:none data-observed", 0, NULL},
    {"masks_hold_while_rules_observe", {HEAD("p", A) "mode: observe\n" MAIL READ}, A, MAILED "r:email=customers.email", "allow p/read observed:allow masks:partial", 0, NULL},
    {"misfit", {HEAD("p", A) "data:\n  - {columns: [customers.id], class: email}\n" READ}, A, "SELECT e:select:main.customers c:customers.id:integer r:id=customers.id", "deny p/data !CONFIG", 0, NULL},
    {"misfit_untouched", {HEAD("p", A) "data:\n  - {columns: [customers.id], class: email}\n" READ}, A, "SELECT e:select:main.customers c:customers.x:integer r:x=customers.x", "allow p/read masks:none", 0, NULL},
    {"masked_filter", {HEAD("p", A) MAIL READ}, A, MAILED "u:filter:customers.email", "deny p/data !DENIED", 0, NULL},
    {"masked_filter_while_rules_observe", {HEAD("p", A) "mode: observe\n" MAIL READ}, A, MAILED "u:filter:customers.email", "deny p/data !DENIED", 0, NULL},
    {"observed_mask_filters", {HEAD("p", A) MAIL_OBSERVED READ}, A, MAILED "u:filter:customers.email", "allow p/read data-observed", 0, NULL},
    {"clear_filter", {HEAD("p", A) MAIL READ}, A, MAILED "c:customers.id:integer u:filter:customers.id", "allow p/read", 0, NULL},
    {"group_beside_key", {HEAD("p", A) MAIL READ}, A, MAILED "k:group:customers.email", "allow p/read", 0, NULL},
    {"join_beside_key", {HEAD("p", A) MAIL READ}, A, MAILED "k:join:customers.email", "deny p/data !DENIED", 0, NULL},
};

/* ---- facts from words ---- */

static struct og_object object_from(const char *text, const char *views)
{
    static char names[8][64];
    static size_t turn;
    char *schema = names[turn++ % 8], *name = names[turn++ % 8];
    const char *dot = strchr(text, '.');

    (void)snprintf(schema, 64, "%.*s", dot ? (int)(dot - text) : 4, dot ? text : "main");
    (void)snprintf(name, 64, "%s", dot ? dot + 1 : text);
    return (struct og_object){.kind = strcmp(views, name) == 0 ? OG_OBJECT_VIEW : OG_OBJECT_TABLE,
                              .schema = schema,
                              .name = name,
                              .is_temporary = strcmp(schema, "temp") == 0};
}

/* "customers.email" -> column; / in the name stands for a dot. */
static size_t column_from(struct og_facts *facts, const char *text, const char *views,
                          enum og_type_class type)
{
    char table[64], name[64];
    struct og_object object;
    const char *dot = strchr(text, '.');

    (void)snprintf(table, sizeof(table), "%.*s", (int)(dot - text), text);
    (void)snprintf(name, sizeof(name), "%s", dot + 1);
    for (char *c = name; *c; c++)
        if (*c == '/')
            *c = '.';
    object = object_from(table, views);
    return og_facts_column(facts, &(struct og_fact_column){.object = og_facts_object(facts, &object),
                                                           .name = name,
                                                           .type = type});
}

static enum og_use use_from(const char *word)
{
    return strcmp(word, "filter") == 0 ? OG_USE_FILTER
           : strcmp(word, "group") == 0 ? OG_USE_GROUP
                                        : OG_USE_JOIN;
}

static void add_result(struct og_facts *facts, char *text, const char *views)
{
    struct og_fact_source sources[4];
    char *label = strtok_r(text, "=", &text), *source;
    struct og_fact_result result = {.label = label, .sources = sources, .type = OG_TYPE_TEXT};

    while ((source = strtok_r(NULL, "|", &text))) {
        size_t column = column_from(facts, source + (*source == '~'), views, OG_TYPE_TEXT);

        sources[result.n_sources++] = (struct og_fact_source){column, *source != '~'};
    }
    facts->returns_rows = true;
    og_facts_result(facts, &result);
}

static void add_effect(struct og_facts *facts, char *text, const char *views)
{
    char *colon = strchr(text, ':');
    struct og_object object;

    if (colon)
        *colon = '\0';
    if (colon)
        object = object_from(colon + 1, views);
    og_facts_effect(facts, og_effect_from_word(text),
                    colon ? og_facts_object(facts, &object) : OG_NO_OBJECT);
}

static void add_word(struct og_facts *facts, char *word, char *views)
{
    char *text = word + 2, *colon = strlen(word) > 2 ? strchr(text, ':') : NULL;

    if (*word == 'e')
        add_effect(facts, text, views);
    else if (*word == 'v')
        (void)snprintf(views, 64, "%s", text);
    else if (*word == 'c' && colon)
        *colon = '\0', (void)column_from(facts, text, views, strcmp(colon + 1, "text") == 0
                                                                 ? OG_TYPE_TEXT
                                                                 : OG_TYPE_INTEGER);
    else if ((*word == 'u' || *word == 'k') && colon)
        *colon = '\0', og_facts_use(facts, column_from(facts, colon + 1, views, OG_TYPE_TEXT),
                                    use_from(text), SIZE_MAX, *word == 'k');
    else if (*word == 'r')
        add_result(facts, text, views);
    else if (*word == 'f')
        *strchr(text, '.') = '\0', og_facts_function(facts, &(struct og_fact_function){
            .schema = text, .name = text + strlen(text) + 1, .position = SIZE_MAX});
    else if (*word == 'x')
        og_facts_refuse(facts, SIZE_MAX, "a strange operator", "write it another way");
    else if (*word == 't')
        facts->is_transaction_control = true;
    else if (*word == 'h')
        facts->is_harmless_setting = true;
}

static void fill(struct og_facts *facts, const char *text)
{
    char copy[512], views[64] = "", *at = copy, *word;

    (void)snprintf(copy, sizeof(copy), "%s", text);
    word = strtok_r(at, " ", &at);
    facts->kind = og_arena_strdup(facts->arena, word);
    while ((word = strtok_r(NULL, " ", &at)))
        add_word(facts, word, views);
}

/* ---- one row ---- */

static const char *error_word(uint32_t error)
{
    return error == OG_ERR_DENIED ? "DENIED" : error == OG_ERR_REFUSED ? "REFUSED" : "CONFIG";
}

static void describe(const struct og_verdict *verdict, bool tells_masks, struct og_buf *out)
{
    og_buf_append_str(out, og_verdict_word(verdict->kind));
    if (*verdict->rule)
        og_buf_printf(out, " %s/%s", verdict->policy, verdict->rule);
    if (verdict->error)
        og_buf_printf(out, " !%s", error_word(verdict->error));
    if (verdict->kind == OG_VERDICT_APPROVE)
        og_buf_printf(out, " needs:%zu", verdict->n_needs);
    if (verdict->is_observed)
        og_buf_printf(out, " observed:%s", og_verdict_word(verdict->would_be));
    if (verdict->needs_measure)
        og_buf_printf(out, " measure:%d", (int)verdict->rows_bound);
    if (verdict->is_over_rows)
        og_buf_printf(out, " rows:%d>%d", (int)verdict->measured_rows, (int)verdict->rows_bound);
    for (size_t i = 0; tells_masks && i < verdict->n_masks; i++)
        og_buf_printf(out, "%s%s", i ? "," : " masks:",
                      verdict->masks[i].kind ? og_mask_word(verdict->masks[i].kind) : "none");
    if (verdict->is_data_observed && verdict->kind != OG_VERDICT_DENY)
        og_buf_append_str(out, " data-observed");
}

static size_t split(char *text, const char *between, const char **out)
{
    size_t n = 0;
    char *at = text;

    for (char *word = strtok_r(text, between, &at); word && n < 4; word = strtok_r(NULL, between, &at))
        out[n++] = word;
    return n;
}

static void run(const struct row *row)
{
    static const char *const labels[] = {"env:test"};
    char members_text[128];
    const char *members_at[4], *names[4][4];
    struct og_policy_file files[3] = {{"a.yaml", NULL, 0}, {"b.yaml", NULL, 0}, {"c.yaml", NULL, 0}};
    struct og_principal members[4];
    struct og_principal_chain chain = {.members = members, .evidence = OG_EVIDENCE_PEER};
    struct og_target target = {.name = "shop", .labels = labels, .n_labels = 1,
                               .dialect = OG_DIALECT_SQLITE};
    struct og_policy_set *set = NULL;
    struct og_arena arena;
    struct og_facts facts;
    struct og_verdict verdict;
    struct og_buf messages, got;
    size_t n = 0;

    og_buf_init(&messages, 65536);
    og_buf_init(&got, 65536);
    og_arena_init(&arena, 1u << 20);
    for (; n < 3 && row->policies[n]; n++)
        files[n].bytes = row->policies[n], files[n].n_bytes = strlen(row->policies[n]);
    if (row->dialect)
        target.dialect = strcmp(row->dialect, PG) == 0 ? OG_DIALECT_POSTGRESQL : OG_DIALECT_NONE;
    (void)snprintf(members_text, sizeof(members_text), "%s", row->members);
    chain.n_members = split(members_text, "|", members_at);
    for (size_t i = 0; i < chain.n_members; i++)
        members[i] = (struct og_principal){.names = names[i], .display = members_at[i],
                                           .n_names = split((char *)(uintptr_t)members_at[i], ",",
                                                            names[i])};
    if (og_policy_set_parse(files, n, &messages, &set) != 0) {
        tap_ok(false, "%s: the policy does not parse", row->name);
        tap_note("%s", og_buf_str(&messages));
    } else {
        og_facts_init(&facts, &arena, target.dialect);
        fill(&facts, row->facts);
        const char *measured = strstr(row->facts, " n:");
        struct og_decide_input input = {.set = set, .chain = &chain, .target = &target,
                                        .facts = &facts, .now_unix_s = NOON + row->now,
                                        .is_measured = measured != NULL,
                                        .measured_rows = measured ? strtoull(measured + 3, NULL, 10) : 0};

        if (og_decide(&input, &arena, &verdict) < 0)
            og_buf_append_str(&got, "no memory");
        else
            describe(&verdict, strstr(row->want, "masks:") != NULL, &got);
        tap_str(og_buf_str(&got), row->want, "%s", row->name);
    }
    set = og_policy_set_unref(set);
    og_arena_release(&arena);
    og_buf_release(&messages);
    og_buf_release(&got);
}

int main(void)
{
    for (size_t i = 0; i < OG_COUNT(rows); i++)
        run(&rows[i]);
    return tap_done();
}

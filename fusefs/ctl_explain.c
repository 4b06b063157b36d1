/* SPDX-License-Identifier: MIT */
/* guardctl explain: what the guard knows of a statement and what it would decide, nothing run. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/decide.h"
#include "common/err.h"
#include "common/limits.h"
#include "fusefs/ctl_dsn.h"
#include "fusefs/ctl_engine.h"
#include "fusefs/ctl_explain.h"
#include "fusefs/ctl_policies.h"

const struct og_ctl_option og_ctl_explain_options[] = {
    {"as", "NAMES", "who acts: user:alice, group:ai-agents, uid:1001; several with commas"},
    {"dsn", "DSN", "a guarded DSN or its target (SQLite: its database is opened read-only)"},
    {"target-schema", "FILE", "DDL of the target instead of a database"},
    {"dialect", "WORD", "sqlite or postgresql, for --target-schema (default sqlite)"},
    {"target", "NAME", "the target's name as policies have it (default: the DSN's)"},
    {"label", "LABELS", "the target's labels, several with commas"},
    {"policies", "DIR", "a folder of policies (default: those in force, from guardfs)"},
    {.name = NULL},
};

#define MAX_NAMES 32u

/* Splits a copy of "a,b" in place. */
static size_t split_names(char *text, const char **out, size_t max_names)
{
    size_t n_names = 0;
    char *rest = NULL;

    for (char *name = strtok_r(text, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
        if (n_names < max_names)
            out[n_names++] = name;
    return n_names;
}

static int open_dsn(const struct og_ctl_call *call, const char *dsn, const char **target_name,
                    struct og_ctl_engine **out)
{
    static struct og_dsn_target target;
    char name[256];
    struct og_ini ini;
    const char *base;
    int r;

    if (og_dsn_load(NULL, dsn, &ini))
        return og_ctl_fail(call, "'odbcinst -q -s' lists the DSNs that there are",
                           "there is no DSN %s", dsn);
    if (!og_ini_value(&ini, dsn, "GuardTargetDSN", name, sizeof(name)))
        (void)snprintf(name, sizeof(name), "%s", dsn);
    og_ini_release(&ini);
    r = og_dsn_find_target(call, NULL, name, &target);
    if (r != OG_CTL_OK)
        return r;
    *target_name = target.name;
    base = strrchr(target.driver_path, '/');
    if (!base || !strstr(base, "sqlite"))
        return og_ctl_fail(call, "write its schema with pg_dump --schema-only and give "
                                 "--target-schema FILE --dialect postgresql",
                           "the live catalog of %s belongs to the driver", target.name);
    if (!*target.database)
        return og_ctl_fail(call, "give its schema with --target-schema FILE",
                           "DSN %s names no Database", target.name);
    return og_ctl_engine_from_sqlite(call, target.database, out);
}

int og_ctl_explain_engine(const struct og_ctl_call *call, const char **target_name,
                          struct og_ctl_engine **out)
{
    const char *dsn = og_ctl_option(call, "dsn");
    const char *schema = og_ctl_option(call, "target-schema");
    const char *word = og_ctl_option(call, "dialect");
    enum og_dialect dialect = OG_DIALECT_SQLITE;

    if (!dsn == !schema)
        return og_ctl_fail(call, "for example: guardctl explain --as group:ai-agents --dsn "
                                 "shop-guarded 'SELECT email FROM customers'",
                           "one of --dsn and --target-schema is needed");
    if (word && strcmp(word, "postgresql") == 0)
        dialect = OG_DIALECT_POSTGRESQL;
    else if (word && strcmp(word, "sqlite") != 0)
        return og_ctl_fail(call, NULL, "--dialect is sqlite or postgresql, not \"%s\"", word);
    *target_name = "target";
    if (dsn)
        return open_dsn(call, dsn, target_name, out);
    return og_ctl_engine_from_schema(call, schema, dialect, out);
}

static int decide_and_print(const struct og_ctl_call *call, struct og_ctl_engine *engine,
                            const struct og_decide_input *input, struct og_facts *facts,
                            struct og_arena *arena)
{
    struct og_verdict verdict;
    int r = og_ctl_engine_analyse(engine, call->args[0], facts);

    if (r < 0)
        return og_ctl_fail(call, NULL, "the analysis failed: %s", strerror(-r));
    if (og_decide(input, arena, &verdict))
        return og_ctl_fail(call, NULL, "no memory to decide");
    og_ctl_explain_print(call, input, &verdict);
    return verdict.kind == OG_VERDICT_ALLOW ? OG_CTL_OK : OG_CTL_NO;
}

static int explain(const struct og_ctl_call *call, struct og_ctl_engine *engine,
                   struct og_policy_set *set, const char *target_name)
{
    const char *as = og_ctl_option(call, "as");
    const char *label = og_ctl_option(call, "label");
    const char *names[MAX_NAMES], *labels[MAX_NAMES];
    char *as_copy = strdup(as), *label_copy = strdup(label ? label : "");
    size_t n_names = as_copy ? split_names(as_copy, names, MAX_NAMES) : 0;
    struct og_principal member = {
        .names = names,
        .n_names = n_names,
        .display = as,
        .is_person = strncmp(as, "user:", 5) == 0,
    };
    struct og_principal_chain chain = {
        .members = &member, .n_members = 1, .evidence = OG_EVIDENCE_PEER};
    struct og_target target = {
        .name = og_ctl_option(call, "target") ? og_ctl_option(call, "target") : target_name,
        .labels = labels,
        .n_labels = label_copy ? split_names(label_copy, labels, MAX_NAMES) : 0,
        .dialect = og_ctl_engine_dialect(engine),
    };
    struct og_arena arena;
    struct og_facts facts;
    struct og_decide_input input = {.set = set,
                                    .chain = &chain,
                                    .target = &target,
                                    .facts = &facts,
                                    .placement = OG_PLACEMENT_INLINE,
                                    .now_unix_s = (int64_t)time(NULL)};
    int r;

    og_arena_init(&arena, OG_MAX_FACTS_BYTES * 2);
    og_facts_init(&facts, &arena, target.dialect);
    r = decide_and_print(call, engine, &input, &facts, &arena);
    og_arena_release(&arena);
    free(as_copy);
    free(label_copy);
    return r;
}

int og_ctl_explain(const struct og_ctl_call *call)
{
    const char *folder = og_ctl_option(call, "policies");
    const char *as = og_ctl_option(call, "as");
    const char *target_name;
    struct og_ctl_engine *engine = NULL;
    struct og_policy_set *set = NULL;
    int r;

    if (!as || !strchr(as, ':'))
        return og_ctl_fail(call, "for example --as group:ai-agents, --as user:alice, --as uid:1001",
                           "explain needs --as with who acts");
    r = og_ctl_explain_engine(call, &target_name, &engine);
    if (r != OG_CTL_OK)
        return r;
    r = folder ? og_ctl_policies_from(call, folder, &set)
               : og_ctl_policies_in_force(call, &set);
    if (r == OG_CTL_OK)
        r = explain(call, engine, set, target_name);
    (void)og_policy_set_unref(set);
    (void)og_ctl_engine_free(engine);
    return r;
}

/* SPDX-License-Identifier: MIT */
/* guardctl policy lint: what is right but does not do what it looks like. */
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "common/policy_lint.h"
#include "fusefs/ctl_engine.h"
#include "fusefs/ctl_explain.h"
#include "fusefs/ctl_policies.h"

const struct og_ctl_option og_ctl_policy_lint_options[] = {
    {"dsn", "DSN", "a guarded DSN or its target (SQLite: its database is opened read-only)"},
    {"target-schema", "FILE", "DDL of the target instead of a database (SQLite)"},
    {.name = NULL},
};

struct list {
    struct og_arena *arena;
    struct og_lint_column *columns;
    size_t n, capacity;
};

static void add(void *context, const char *schema, const char *table, const char *column)
{
    struct list *list = context;
    struct og_lint_column *added = og_arena_push(list->arena, &list->columns, &list->n,
                                                 &list->capacity, sizeof(*added));

    if (added)
        *added = (struct og_lint_column){.schema = og_arena_strdup(list->arena, schema),
                                         .table = og_arena_strdup(list->arena, table),
                                         .column = og_arena_strdup(list->arena, column)};
}

static void print(const struct og_ctl_call *call, const struct og_buf *findings, size_t n)
{
    if (call->is_json) {
        og_ctl_json_open(NULL, '{');
        og_ctl_json_number("findings", n);
        og_ctl_json_text("text", og_buf_str(findings));
        og_ctl_json_close('}');
        return;
    }
    og_ctl_print_safe(og_buf_str(findings), findings->n_bytes, true);
    printf("%zu findings\n", n);
}

static int lint(const struct og_ctl_call *call, const struct og_policy_set *set,
                struct og_ctl_engine *engine)
{
    struct og_lint_schema schema = {.dialect = OG_DIALECT_SQLITE};
    struct og_buf findings;
    struct og_arena arena;
    struct list list = {.arena = &arena};
    size_t n;
    int r = 0;

    og_arena_init(&arena, OG_MAX_FACTS_BYTES * 4);
    og_buf_init(&findings, OG_MAX_POLICY_SET_BYTES);
    if (engine) {
        r = og_ctl_engine_each_column(engine, add, &list);
        schema.dialect = og_ctl_engine_dialect(engine);
    }
    schema.columns = list.columns;
    schema.n_columns = list.n;
    if (r < 0 || og_arena_is_failed(&arena)) {
        r = og_ctl_fail(call, "give a SQLite target, or its DDL with --target-schema",
                        "the target's columns cannot be listed");
    } else {
        n = og_policy_lint(set, engine ? &schema : NULL, &findings);
        print(call, &findings, n);
        r = n ? OG_CTL_NO : OG_CTL_OK;
    }
    og_buf_release(&findings);
    og_arena_release(&arena);
    return r;
}

int og_ctl_policy_lint(const struct og_ctl_call *call)
{
    const char *folder = call->n_args ? call->args[0] : ".", *target_name;
    struct og_ctl_engine *engine = NULL;
    struct og_policy_set *set = NULL;
    int r = og_ctl_policies_from(call, folder, &set);

    if (r == OG_CTL_OK && (og_ctl_option(call, "dsn") || og_ctl_option(call, "target-schema")))
        r = og_ctl_explain_engine(call, &target_name, &engine);
    if (r == OG_CTL_OK)
        r = lint(call, set, engine);
    (void)og_ctl_engine_free(engine);
    (void)og_policy_set_unref(set);
    return r;
}

/* SPDX-License-Identifier: MIT */
/* guardctl policy what-if: past statements judged again by other policies. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/limits.h"
#include "fusefs/ctl.h"
#include "fusefs/ctl_policies.h"
#include "fusefs/past.h"

const struct og_ctl_option og_ctl_policy_what_if_options[] = {
    {"ledger", "PATH", "a ledger's file, its folder, or - for standard input"},
    {"state", "DIR", "the ledger of that state folder (DIR/audit)"},
    {"config", "FILE", "guardfs' configuration: who is in which group"},
    {.name = NULL},
};

/* Statements that change alike, counted. */
struct change {
    const char *before, *after, *rule_before, *rule_after, *principal, *summary, *reason, *first;
    uint64_t n;
};

struct what_if {
    struct og_policy_set *set;
    const struct og_config *config;
    struct og_arena arena;
    struct change *changes;
    size_t n_changes, max_changes;
    uint64_t n_judged, n_changed, n_unknown;
};

static bool is_same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static void add_change(struct what_if *what_if, const struct change *change)
{
    struct change *added;

    for (size_t i = 0; i < what_if->n_changes; i++) {
        struct change *c = &what_if->changes[i];

        if (is_same(c->before, change->before) && is_same(c->after, change->after) &&
            is_same(c->rule_before, change->rule_before) &&
            is_same(c->rule_after, change->rule_after) &&
            is_same(c->principal, change->principal) && is_same(c->summary, change->summary)) {
            c->n++;
            return;
        }
    }
    added = og_arena_push(&what_if->arena, &what_if->changes, &what_if->n_changes,
                          &what_if->max_changes, sizeof(*added));
    if (!added)
        return;
    *added = (struct change){.before = og_arena_strdup(&what_if->arena, change->before),
                             .after = change->after,
                             .rule_before = og_arena_strdup(&what_if->arena, change->rule_before),
                             .rule_after = og_arena_strdup(&what_if->arena, change->rule_after),
                             .principal = og_arena_strdup(&what_if->arena, change->principal),
                             .summary = og_arena_strdup(&what_if->arena, change->summary),
                             .reason = og_arena_strdup(&what_if->arena, change->reason),
                             .first = og_arena_strdup(&what_if->arena, change->first),
                             .n = 1};
}

static bool judge(void *context, const struct og_past *past)
{
    struct what_if *what_if = context;
    size_t n_labels = 0;
    const char *const *labels =
        what_if->config ? og_config_labels(what_if->config, past->target, &n_labels) : NULL;
    struct og_target target = {.name = past->target,
                               .labels = labels,
                               .n_labels = n_labels,
                               .dialect = past->facts.dialect};
    struct og_decide_input input = {.set = what_if->set,
                                    .chain = &past->chain,
                                    .target = &target,
                                    .facts = &past->facts,
                                    .now_unix_s = (int64_t)time(NULL)};
    struct og_verdict verdict;
    struct og_arena arena;

    if (!past->is_understood) {
        what_if->n_unknown++;
        return true;
    }
    og_arena_init(&arena, OG_MAX_FACTS_BYTES);
    if (og_decide(&input, &arena, &verdict) == 0) {
        const char *after = og_verdict_word(verdict.kind);
        const char *rule = *verdict.rule ? og_arena_printf(&arena, "%s/%s", verdict.policy, verdict.rule)
                                         : "no rule";

        what_if->n_judged++;
        if (!is_same(after, past->verdict)) {
            what_if->n_changed++;
            add_change(what_if, &(struct change){.before = past->verdict,
                                                 .after = after,
                                                 .rule_before = past->rule,
                                                 .rule_after = rule ? rule : "",
                                                 .principal = past->principal,
                                                 .summary = past->summary,
                                                 .reason = verdict.reason,
                                                 .first = past->id});
        }
    }
    og_arena_release(&arena);
    return !og_arena_is_failed(&what_if->arena);
}

static int by_count(const void *a, const void *b)
{
    const struct change *x = a, *y = b;

    return x->n < y->n ? 1 : x->n > y->n ? -1 : strcmp(x->first, y->first);
}

static void print_json(const struct what_if *what_if)
{
    og_ctl_json_open(NULL, '{');
    og_ctl_json_number("judged", what_if->n_judged);
    og_ctl_json_number("changed", what_if->n_changed);
    og_ctl_json_number("not_understood", what_if->n_unknown);
    og_ctl_json_open("changes", '[');
    for (size_t i = 0; i < what_if->n_changes; i++) {
        const struct change *c = &what_if->changes[i];

        og_ctl_json_open(NULL, '{');
        og_ctl_json_number("statements", c->n);
        og_ctl_json_text("before", c->before);
        og_ctl_json_text("after", c->after);
        og_ctl_json_text("rule_before", c->rule_before);
        og_ctl_json_text("rule_after", c->rule_after);
        og_ctl_json_text("principal", c->principal);
        og_ctl_json_text("statement", c->summary);
        og_ctl_json_text("reason", c->reason);
        og_ctl_json_text("first", c->first);
        og_ctl_json_close('}');
    }
    og_ctl_json_close(']');
    og_ctl_json_close('}');
}

static void print(const struct og_ctl_call *call, const struct what_if *what_if)
{
    if (call->is_json) {
        print_json(what_if);
        return;
    }
    for (size_t i = 0; i < what_if->n_changes; i++) {
        const struct change *c = &what_if->changes[i];
        struct og_buf line;

        og_buf_init(&line, 65536);
        og_buf_printf(&line, "%6" PRIu64 "  %s -> %s (%s)  %s  %s: %s; first %s\n", c->n, c->before,
                      c->after, c->rule_after, c->principal, c->summary, c->reason, c->first);
        og_ctl_print_safe(og_buf_str(&line), line.n_bytes, true);
        og_buf_release(&line);
    }
    printf("%" PRIu64 " statements judged, %" PRIu64 " would change, %" PRIu64
           " not understood then and not judged now\n",
           what_if->n_judged, what_if->n_changed, what_if->n_unknown);
}

int og_ctl_past_source(const struct og_ctl_call *call, const char **path,
                         struct og_config **config)
{
    const char *ledger = og_ctl_option(call, "ledger"), *state = og_ctl_option(call, "state");
    const char *file = og_ctl_option(call, "config");
    struct og_buf messages;
    size_t n_bytes;
    char *bytes;
    int r;

    *config = NULL;
    if (!ledger == !state)
        return og_ctl_fail(call, "for example --state /var/lib/odbcguard, or --ledger current.jsonl",
                           "one of --ledger and --state is needed");
    *path = ledger ? ledger : state;
    if (!file)
        return OG_CTL_OK;
    r = og_ctl_read_file(file, 1024u * 1024u, &bytes, &n_bytes);
    if (r < 0)
        return og_ctl_fail(call, NULL, "%s cannot be read: %s", file, strerror(-r));
    og_buf_init(&messages, 65536);
    r = og_config_parse(file, bytes, n_bytes, &messages, config);
    fputs(og_buf_str(&messages), stderr);
    og_buf_release(&messages);
    free(bytes);
    return r ? og_ctl_fail(call, "odbcguard.conf(5) describes every key", "%s is not usable", file)
             : OG_CTL_OK;
}

int og_ctl_policy_what_if(const struct og_ctl_call *call)
{
    struct what_if what_if = {.n_judged = 0};
    struct og_config *config = NULL;
    const char *path = NULL;
    size_t n_lines = 0, n_bad = 0;
    int r = og_ctl_past_source(call, &path, &config);

    if (r == OG_CTL_OK)
        r = og_ctl_policies_from(call, call->args[0], &what_if.set);
    og_arena_init(&what_if.arena, (size_t)256 * 1024 * 1024);
    what_if.config = config;
    if (r == OG_CTL_OK) {
        r = og_past_each(path, config, judge, &what_if, &n_lines, &n_bad);
        if (r < 0) {
            r = og_ctl_fail(call, NULL, "the ledger %s cannot be read: %s", path, strerror(-r));
        } else if (og_arena_is_failed(&what_if.arena)) {
            r = og_ctl_fail(call, "give fewer days", "there are too many different changes");
        } else {
            if (what_if.n_changes)
                qsort(what_if.changes, what_if.n_changes, sizeof(*what_if.changes), by_count);
            print(call, &what_if);
            if (n_bad)
                fprintf(stderr, "guardctl: %zu of %zu lines are no records\n", n_bad, n_lines);
            r = what_if.n_changed ? OG_CTL_NO : OG_CTL_OK;
        }
    }
    (void)og_policy_set_unref(what_if.set);
    (void)og_config_free(config);
    og_arena_release(&what_if.arena);
    return r;
}

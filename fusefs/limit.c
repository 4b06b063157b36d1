/* SPDX-License-Identifier: MIT */
/* Limits of policies at the moments when they bind: a session opens, a statement is about to run, a
 * statement has run, a request is made. Everything is counted per member of the chain and target. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/decide.h"
#include "fusefs/server_parts.h"

#define DAY_S 86400u
/* Duplicates that may show in a masked column a day where its policy says nothing of lookups. */
#define DEFAULT_VIOLATIONS 20u

struct asking {
    struct og_daemon *daemon;
    const struct og_session *session;
    uint32_t kinds; /* bit per enum og_limit_kind */
    uint64_t n;     /* how much of them is asked for */
    int64_t now_s;
    bool is_charging; /* second round: everything has room */
    struct og_limit_refusal *refusal;
    int result;
};

static struct og_budget_key key_of(const struct asking *asking, size_t member, const char *what,
                                   uint32_t window_s)
{
    return (struct og_budget_key){.who = asking->session->chain.members[member].display,
                                  .target = asking->session->who.target,
                                  .what = what,
                                  .window_s = window_s};
}

static const char *window_word(uint32_t window_s)
{
    return window_s == 1 ? "second" : window_s == 60 ? "minute" : window_s == 3600 ? "hour" : "day";
}

static void refuse_by(struct asking *asking, const struct og_limit *limit, uint32_t retry_after_s)
{
    struct og_limit_refusal *refusal = asking->refusal;

    asking->result = 1;
    refusal->retry_after_s = retry_after_s;
    if (limit->window_s)
        (void)snprintf(refusal->reason, sizeof(refusal->reason),
                       "[%s/limits] the limit of %" PRIu64 " %s a %s is reached", limit->policy,
                       limit->count, og_limit_word(limit->kind), window_word(limit->window_s));
    else
        (void)snprintf(refusal->reason, sizeof(refusal->reason),
                       "[%s/limits] the limit of %" PRIu64 " %s is reached", limit->policy,
                       limit->count, og_limit_word(limit->kind));
}

/* Statements of the same member and target that have begun and not ended. */
static uint64_t count_running(const struct asking *asking, size_t member)
{
    const char *who = asking->session->chain.members[member].display;
    uint64_t n = 0;

    for (const struct og_session *s = asking->daemon->sessions; s; s = s->next) {
        if (s->ended_ms || strcmp(s->who.target, asking->session->who.target) != 0)
            continue;
        for (size_t i = 0; i < s->chain.n_members; i++)
            if (strcmp(s->chain.members[i].display, who) == 0) {
                n += s->n_running;
                break;
            }
    }
    return n;
}

static bool visit(void *context, const struct og_limit *limit)
{
    struct asking *asking = context;
    struct og_budgets *budgets = asking->daemon->budgets;
    struct og_budget_key key = key_of(asking, limit->member, og_limit_word(limit->kind),
                                      limit->window_s);
    uint64_t used;

    if (!(asking->kinds & 1u << limit->kind))
        return true;
    if (limit->kind == OG_LIMIT_PARALLEL) {
        if (!asking->is_charging && count_running(asking, limit->member) >= limit->count)
            refuse_by(asking, limit, 1);
        return asking->result == 0;
    }
    /* Rows are charged when they were read: a statement may begin while any are left. */
    used = og_budget_used(budgets, &key, asking->now_s);
    if (!asking->is_charging) {
        if (used >= limit->count || (limit->kind != OG_LIMIT_ROWS_PER_HOUR &&
                                     asking->n > limit->count - used))
            refuse_by(asking, limit, og_budget_retry_after(&key, asking->now_s));
    } else if (asking->n && og_budget_add(budgets, &key, asking->n, asking->now_s) < 0) {
        asking->result = -EIO;
    }
    return asking->result == 0;
}

static int ask(struct asking *asking)
{
    const struct og_session *session = asking->session;
    size_t n_labels = 0;
    const char *const *labels =
        og_config_labels(asking->daemon->config, session->who.target, &n_labels);
    struct og_target target = {.name = session->who.target, .labels = labels, .n_labels = n_labels};
    struct og_decide_input input = {.set = og_policy_store_set(asking->daemon->policies),
                                    .chain = &session->chain,
                                    .target = &target};

    og_decide_each_limit(&input, visit, asking);
    return asking->result;
}

/* Asks of every limit first, then charges them: what is refused is not used up. */
static int take(struct og_daemon *daemon, const struct og_session *session, uint32_t kinds, uint64_t n,
                struct og_limit_refusal *refusal)
{
    struct asking asking = {.daemon = daemon,
                            .session = session,
                            .kinds = kinds,
                            .n = n,
                            .now_s = og_now_unix_ms() / 1000,
                            .refusal = refusal};
    int r = ask(&asking);

    if (r == 0) {
        asking.is_charging = true;
        asking.kinds &= ~(1u << OG_LIMIT_ROWS_PER_HOUR);
        r = ask(&asking);
    }
    if (r < 0) {
        (void)snprintf(refusal->reason, sizeof(refusal->reason),
                       "what is used of a limit cannot be stored");
        refusal->retry_after_s = 1;
    }
    return r;
}

int og_limit_connection(struct og_daemon *daemon, const struct og_session *session,
                        struct og_limit_refusal *refusal)
{
    return take(daemon, session, 1u << OG_LIMIT_CONNECTIONS, 1, refusal);
}

int og_limit_request(struct og_daemon *daemon, const struct og_session *session,
                     struct og_limit_refusal *refusal)
{
    return take(daemon, session, 1u << OG_LIMIT_REQUESTS, 1, refusal);
}

/* ---- columns ---- */

/* "main.customers.email" into its parts; a name with a dot of its own splits wrongly and so finds no
 * entry that lets it be searched. */
static uint64_t column_budget(struct og_daemon *daemon, const struct og_session *session,
                              const char *name)
{
    const char *table = strchr(name, '.'), *column = strrchr(name, '.');
    size_t n_labels = 0;
    const char *const *labels = og_config_labels(daemon->config, session->who.target, &n_labels);
    struct og_target target = {.name = session->who.target,
                               .labels = labels,
                               .n_labels = n_labels,
                               .dialect = strcmp(session->who.db_system, "postgresql") == 0
                                              ? OG_DIALECT_POSTGRESQL
                                              : OG_DIALECT_SQLITE};
    struct og_decide_input input = {.set = og_policy_store_set(daemon->policies),
                                    .chain = &session->chain,
                                    .target = &target};
    char schema_text[256], table_text[256];

    if (!table || !column || table == column || (size_t)(table - name) >= sizeof(schema_text) ||
        (size_t)(column - table) > sizeof(table_text))
        return 0;
    (void)snprintf(schema_text, sizeof(schema_text), "%.*s", (int)(table - name), name);
    (void)snprintf(table_text, sizeof(table_text), "%.*s", (int)(column - table - 1), table + 1);
    return og_decide_column_lookups(&input, schema_text, table_text, column + 1);
}

static int refuse_column(struct og_limit_refusal *refusal, const struct og_budget_key *key,
                         const char *column, uint64_t allowed, const char *what, int64_t now_s)
{
    refusal->retry_after_s = og_budget_retry_after(key, now_s);
    (void)snprintf(refusal->reason, sizeof(refusal->reason),
                   "[data/lookup] the limit of %" PRIu64 " %s of %.200s a day is reached", allowed,
                   what, column);
    return 1;
}

static int check_column(struct asking *asking, size_t member, const char *item, uint64_t n_sets)
{
    bool is_write = strncmp(item, "write ", 6) == 0;
    const char *column = strchr(item, ' ') ? strchr(item, ' ') + 1 : item;
    char what[512];
    struct og_budget_key key = key_of(asking, member, what, DAY_S);
    uint64_t allowed = column_budget(asking->daemon, asking->session, column), used;

    if (is_write && !allowed)
        allowed = DEFAULT_VIOLATIONS;
    (void)snprintf(what, sizeof(what), "%s %.400s", is_write ? "violation" : "lookup", column);
    used = og_budget_used(asking->daemon->budgets, &key, asking->now_s);
    if (asking->is_charging)
        return is_write ? 0
                        : og_budget_add(asking->daemon->budgets, &key, n_sets, asking->now_s);
    if (used >= allowed || (!is_write && n_sets > allowed - used))
        return refuse_column(asking->refusal, &key, column, allowed,
                             is_write ? "duplicates in the masked column" : "lookups", asking->now_s);
    return 0;
}

static int columns(struct asking *asking, const struct og_list *items, uint64_t n_sets)
{
    int r = 0;

    for (size_t i = 0; i < items->n_items && r == 0; i++)
        for (size_t m = 0; m < asking->session->chain.n_members && r == 0; m++)
            r = check_column(asking, m, items->items[i], n_sets);
    return r;
}

int og_limit_statement(struct og_daemon *daemon, struct og_session *session,
                       const struct og_msg_intent *intent, struct og_limit_refusal *refusal)
{
    uint32_t kinds = 1u << OG_LIMIT_STATEMENTS;
    struct asking asking = {.daemon = daemon,
                            .session = session,
                            .now_s = og_now_unix_ms() / 1000,
                            .refusal = refusal};
    uint64_t n_sets = intent->n_parameter_sets ? intent->n_parameter_sets : 1;
    int r;

    /* A denial is recorded whatever was used up; it counts as a statement. */
    if (intent->is_denied) {
        struct og_limit_refusal ignored;

        (void)take(daemon, session, kinds, 1, &ignored);
        return 0;
    }
    r = columns(&asking, &intent->lookups, n_sets);
    if (r == 0)
        r = take(daemon, session,
                 kinds | 1u << OG_LIMIT_PARALLEL | 1u << OG_LIMIT_ROWS_PER_HOUR, 1, refusal);
    if (r != 0)
        return r;
    asking.is_charging = true;
    r = columns(&asking, &intent->lookups, n_sets);
    if (r < 0) {
        (void)snprintf(refusal->reason, sizeof(refusal->reason),
                       "what is used of a limit cannot be stored");
        refusal->retry_after_s = 1;
    }
    return r;
}

void og_limit_outcome(struct og_daemon *daemon, struct og_session *session,
                      const struct og_msg_outcome *outcome)
{
    struct og_limit_refusal ignored;
    struct asking asking = {.daemon = daemon,
                            .session = session,
                            .kinds = 1u << OG_LIMIT_ROWS_PER_HOUR,
                            .n = outcome->rows_read,
                            .now_s = og_now_unix_ms() / 1000,
                            .is_charging = true,
                            .refusal = &ignored};
    char what[512];

    (void)ask(&asking);
    for (size_t i = 0; i < outcome->violated.n_items; i++)
        for (size_t m = 0; m < session->chain.n_members; m++) {
            struct og_budget_key key = key_of(&asking, m, what, DAY_S);

            (void)snprintf(what, sizeof(what), "violation %.400s", outcome->violated.items[i]);
            if (og_budget_add(daemon->budgets, &key, 1, asking.now_s) < 0)
                daemon->counters.record_errors++;
        }
}

/* SPDX-License-Identifier: MIT */
/* What policies say of a statement, and for how long that holds. The only caller of og_decide in the
 * driver. */
#include "config.h"

#include <string.h>
#include <time.h>

#include "driver/guard.h"

static struct og_target target_of(const struct og_guard_stmt *stmt,
                                  const struct og_client_session *session)
{
    return (struct og_target){
        .name = stmt->dbc->conf->target_name,
        .labels = session->target_labels,
        .n_labels = session->n_target_labels,
        .dialect = stmt->dbc->dialect,
    };
}

/* Of the statement as it is known now. */
static struct og_decide_input input_of(const struct og_guard_stmt *stmt,
                                       const struct og_client_session *session,
                                       const struct og_policy_set *set,
                                       const struct og_target *target)
{
    return (struct og_decide_input){
        .set = set,
        .chain = session->chain,
        .target = target,
        .facts = &stmt->facts,
        .placement = stmt->dbc->conf->is_broker ? OG_PLACEMENT_BROKER : OG_PLACEMENT_INLINE,
        .now_unix_s = (int64_t)time(NULL),
        .is_measured = stmt->measure.is_known,
        .measured_rows = stmt->measure.rows,
        .is_unmask = stmt->text.is_unmask,
    };
}

void og_verdict_forget(struct og_guard_stmt *stmt)
{
    (void)og_policy_set_unref(stmt->kept.set);
    stmt->kept = (struct og_guard_kept){.set = NULL};
}

void og_verdict_drop(struct og_guard_stmt *stmt)
{
    og_verdict_forget(stmt);
    og_arena_reset(&stmt->verdict_arena);
    stmt->columns = NULL;
    stmt->n_columns = 0;
}

static bool is_kept_for(const struct og_guard_stmt *stmt, const struct og_client_session *session,
                        const struct og_policy_set *set)
{
#ifdef OG_TEST_FAULT
    if (strcmp(OG_TEST_FAULT, "stale-verdict") == 0)
        return stmt->kept.set;
#endif
    return set && stmt->kept.set == set && stmt->kept.session == session;
}

/* Takes the verdict that was found for the same facts, as it was before anything was added to it. */
static bool take_kept(struct og_guard_stmt *stmt, const struct og_client_session *session,
                      const struct og_policy_set *set)
{
    if (!is_kept_for(stmt, session, set) || stmt->measure.is_known)
        return false;
    og_arena_rewind(&stmt->verdict_arena, stmt->kept.end);
    stmt->columns = NULL;
    stmt->n_columns = 0;
    stmt->verdict = stmt->kept.verdict;
    return true;
}

static void keep_verdict(struct og_guard_stmt *stmt, const struct og_client_session *session,
                         struct og_policy_set *set)
{
    if (!set || stmt->measure.is_known || og_policy_set_watches_time(set))
        return;
    og_record_keep(stmt);
    if (og_arena_is_failed(&stmt->verdict_arena))
        return;
    stmt->kept.set = og_policy_set_ref(set);
    stmt->kept.session = session; /* lives as long as the client does, so no other one has its address */
    stmt->kept.verdict = stmt->verdict;
    stmt->kept.end = og_arena_mark(&stmt->verdict_arena);
}

static int decide_anew(struct og_guard_stmt *stmt, const struct og_client_session *session,
                       struct og_policy_set *set)
{
    struct og_target target = target_of(stmt, session);
    struct og_decide_input input = input_of(stmt, session, set, &target);
    int r;

    og_verdict_drop(stmt);
    stmt->verdict_number = ++stmt->dbc->n_verdicts;
    stmt->policy_digest[0] = '\0';
    if (set)
        (void)stpncpy(stmt->policy_digest, og_policy_set_digest(set), sizeof(stmt->policy_digest) - 1);
    r = og_decide(&input, &stmt->verdict_arena, &stmt->verdict);
    if (r == 0)
        keep_verdict(stmt, session, set);
    return r;
}

int og_verdict_find(struct og_guard_stmt *stmt, const struct og_client_session *session,
                    struct og_policy_set *set)
{
    int r;

    stmt->unmasked = (struct og_list){0};
    r = take_kept(stmt, session, set) ? 0 : decide_anew(stmt, session, set);

    if (r == 0)
        og_rehearsal_tell(stmt);
    return r;
}

/* What a question about the statement is asked with; the answer's memory is the caller's arena. */
struct asking {
    const struct og_client_session *session;
    struct og_policy_set *set;
    struct og_target target;
    struct og_decide_input input;
    struct og_arena arena;
};

static bool asking_open(struct asking *asking, const struct og_guard_stmt *stmt)
{
    struct og_client_error error;
    uint64_t generation;

    og_arena_init(&asking->arena, OG_MAX_FACTS_BYTES);
    if (og_client_begin(stmt->dbc->client, &asking->session, &asking->set, &generation, &error) < 0)
        return false;
    asking->target = target_of(stmt, asking->session);
    asking->input = input_of(stmt, asking->session, asking->set, &asking->target);
    return true;
}

bool og_verdict_may_read(struct og_guard_stmt *stmt, const struct og_measured *measured)
{
    struct asking asking;
    struct og_object *tables;
    bool may = false;

    if (!measured->n_tables)
        return true;
    if (asking_open(&asking, stmt)) {
        tables = og_arena_array(&asking.arena, measured->n_tables, sizeof(*tables));
        for (size_t i = 0; tables && i < measured->n_tables; i++) {
            const char *name = measured->tables[i].name, *dot = strchr(name, '.');

            tables[i].kind = OG_OBJECT_TABLE;
            tables[i].schema = dot ? og_arena_strndup(&asking.arena, name, (size_t)(dot - name)) : "";
            tables[i].name = dot ? dot + 1 : name;
        }
        may = tables && !og_arena_is_failed(&asking.arena) &&
              og_decide_may_read(&asking.input, &asking.arena, tables, measured->n_tables);
    }
    og_arena_release(&asking.arena);
    return may;
}

bool og_verdict_column_mask(struct og_guard_stmt *stmt, const char *schema, const char *table,
                            const char *column, struct og_mask *out)
{
    struct asking asking;
    bool is_masked = true;

    *out = (struct og_mask){.kind = OG_MASK_SQL_NULL};
    if (asking_open(&asking, stmt))
        is_masked = og_decide_column_mask(&asking.input, schema, table, column, out);
    og_arena_release(&asking.arena);
    return is_masked;
}

bool og_verdict_may_rehearse(struct og_guard_stmt *stmt, const char *schema, const char *name)
{
    struct asking asking;
    bool may = asking_open(&asking, stmt) && og_decide_may_rehearse(&asking.input, schema, name);

    og_arena_release(&asking.arena);
    return may;
}

bool og_verdict_asks_more(struct og_guard_stmt *stmt, uint64_t granted, uint64_t now)
{
    struct og_verdict then, verdict;
    struct asking asking;
    bool asks = true;

    if (asking_open(&asking, stmt)) {
        asking.input.is_measured = true;
        asking.input.measured_rows = granted;
        if (og_decide(&asking.input, &asking.arena, &then) == 0) {
            asking.input.measured_rows = now;
            if (og_decide(&asking.input, &asking.arena, &verdict) == 0)
                asks = verdict.kind < then.kind || verdict.n_needs > then.n_needs;
        }
    }
    og_arena_release(&asking.arena);
    return asks;
}

void og_verdict_limit_catalog(struct og_guard_stmt *stmt, const struct og_client_session *session,
                              const struct og_policy_set *set)
{
    struct og_target target = target_of(stmt, session);
    struct og_decide_input input = {.set = set, .chain = session->chain, .target = &target};

    og_decide_limits(&input, &stmt->verdict);
}

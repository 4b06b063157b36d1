/* SPDX-License-Identifier: MIT */
/* The gate: statement -> facts -> verdict -> intent in the ledger (and an approval, if it takes
 * one) before anything goes down; the outcome after. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/pg_analyse.h"
#include "common/reply.h"
#include "driver/guard.h"

/* How old a look at the catalog may be for statements that touch nothing masked. */
#define CATALOG_WATCH_MS 250

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static SQLRETURN fail_client(struct og_guard_stmt *stmt, const struct og_client_error *error)
{
    og_diag_add(&stmt->object.diag, error->code, false, "%s", error->text);
    return SQL_ERROR;
}

static SQLRETURN fail(struct og_guard_stmt *stmt, enum og_err code, const char *text)
{
    og_diag_add(&stmt->object.diag, code, false, "%s", text);
    return SQL_ERROR;
}

/* PostgreSQL: whatever others committed since the last look makes facts stale. */
static int look_at_catalog(struct og_guard_dbc *dbc, bool is_strict)
{
    int64_t now = now_ms();
    struct og_pg_catalog *catalog = dbc->catalog ? og_guard_session_catalog(dbc) : NULL;
    int r;

    if (!catalog || (!is_strict && now - dbc->catalog_checked_ms < CATALOG_WATCH_MS))
        return 0;
    r = og_pg_catalog_refresh(catalog);
    if (r < 0)
        return r;
    if (og_pg_catalog_has_changed(catalog)) {
        dbc->catalog_version++;
        dbc->has_lost_column = !og_guard_required_holds(dbc);
    }
    dbc->catalog_checked_ms = now;
    return 0;
}

static int analyse_postgresql(struct og_guard_stmt *stmt)
{
    struct og_pg_session session;

    if (og_guard_session_describe(stmt->dbc, &stmt->facts_arena, &session) < 0)
        return -ENOMEM;
    session.lex = &stmt->lex;
    return og_pg_analyse(stmt->text.utf8, stmt->text.n_utf8, &session,
                         og_pg_catalog_interface(og_guard_session_catalog(stmt->dbc)), &stmt->facts);
}

/* Makes facts from the text as it goes down. The lexer's tokens stay in the arena. */
static int analyse(struct og_guard_stmt *stmt)
{
    struct og_guard_dbc *dbc = stmt->dbc;
    int r = 0;

    og_verdict_forget(stmt);
    og_facts_init(&stmt->facts, &stmt->facts_arena, dbc->dialect);
    if (stmt->undo.command)
        r = og_undo_facts(stmt);
    else if (stmt->text.refusal)
        og_facts_refuse(&stmt->facts, stmt->text.refusal_at, stmt->text.refusal,
                        stmt->text.instead);
    else if (dbc->dialect == OG_DIALECT_POSTGRESQL)
        r = analyse_postgresql(stmt);
    else if (dbc->dialect == OG_DIALECT_SQLITE)
        r = og_sqlite_analyse(dbc->analyser, stmt->text.utf8, stmt->text.n_utf8, &stmt->facts);
    else
        og_facts_refuse(&stmt->facts, SIZE_MAX, "the SQL of this database",
                        "only policies in observe mode serve this target");
    if (r == 0 && og_arena_is_failed(&stmt->facts_arena))
        og_facts_refuse(&stmt->facts, SIZE_MAX, "a statement too large to analyse",
                        "send smaller statements");
    if (stmt->text.is_expanded)
        stmt->facts.refusal.position = SIZE_MAX; /* the application knows another text */
    stmt->has_facts = r == 0;
    stmt->facts_version = dbc->catalog_version;
    return r;
}

static bool changes_data(const struct og_facts *facts)
{
    if (facts->is_transaction_control)
        return false;
    for (size_t i = 0; i < facts->n_effects; i++) {
        enum og_effect effect = facts->effects[i].effect;

        if (facts->is_harmless_setting &&
            (effect == OG_EFFECT_PRAGMA || effect == OG_EFFECT_SET))
            continue;
        if (facts->is_bookkeeping && effect == OG_EFFECT_SESSION)
            continue;
        if (og_effect_changes(effect))
            return true;
    }
    return facts->refusal.what != NULL;
}

static bool is_read_only(const struct og_guard_stmt *stmt,
                         const struct og_client_session *session)
{
    return stmt->dbc->conf->is_read_only || session->is_read_only;
}

static bool has_effect(const struct og_facts *facts, enum og_effect effect)
{
    for (size_t i = 0; i < facts->n_effects; i++)
        if (facts->effects[i].effect == effect)
            return true;
    return false;
}

/* What this build cannot follow turns an allowance into a refusal, however it was reached: names
 * that may mean something else by now must never be masked by guesswork. */
static const char *find_uncertainty(const struct og_guard_stmt *stmt)
{
    const struct og_guard_dbc *dbc = stmt->dbc;

    if (stmt->verdict.may_run_blind)
        return NULL;
    if (dbc->is_resolution_lost && !stmt->facts.is_transaction_control &&
        !stmt->facts.is_harmless_setting)
        return "an earlier statement changed what names mean in this session; connect again";
    if (dbc->has_lost_column && !stmt->facts.is_transaction_control)
        return "a column that a policy masks was renamed or is gone since this session began; have "
               "the policy name it as it is now, and connect again";
    if (dbc->fetches_cursors && has_effect(&stmt->facts, OG_EFFECT_CALL))
        return "with FetchRefcursors=1 the real driver reads whatever cursors the procedure's "
               "answer names; FETCH from them instead, with FetchRefcursors=0";
    if (dbc->rewrites_ones && memmem(stmt->text.utf8, stmt->text.n_utf8, "\" = 1)", 6))
        return "psqlODBC's MS Access mode sends '1' for the 1 of `\" = 1)`, whatever it stands in; "
               "write ='1' or `= true` yourself";
    return NULL;
}

static void deny(struct og_guard_stmt *stmt, enum og_err code, const char *rule,
                 const char *reason)
{
    stmt->verdict.kind = OG_VERDICT_DENY;
    stmt->verdict.error = code;
    stmt->verdict.policy = "guard";
    stmt->verdict.rule = rule;
    stmt->verdict.object = "";
    stmt->verdict.column = "";
    stmt->verdict.reason = reason;
    stmt->verdict.say = "";
    stmt->verdict.masks_any = false;
    stmt->verdict.would_be = OG_VERDICT_DENY;
}

static void tighten(struct og_guard_stmt *stmt, const struct og_client_session *session)
{
    const char *uncertainty;

    if (stmt->verdict.kind == OG_VERDICT_DENY)
        return;
    if (is_read_only(stmt, session) && changes_data(&stmt->facts)) {
        deny(stmt, OG_ERR_DENIED, "read-only",
             "This connection is read only. Connect without GuardReadOnly to change anything");
        return;
    }
    uncertainty = find_uncertainty(stmt);
    if (uncertainty)
        deny(stmt, OG_ERR_REFUSED, "resolution", uncertainty);
}

/* The refusal as the client reads it. */
static SQLRETURN reply(struct og_guard_stmt *stmt, enum og_err code, const char *request)
{
    struct og_buf text;

    og_buf_init(&text, 16u * 1024u);
    og_reply_format(code, &stmt->verdict, request, 0, &text);
    og_diag_add_complete(&stmt->object.diag, code, false, og_buf_str(&text));
    og_buf_release(&text);
    return SQL_ERROR;
}

/* A denied statement is in the ledger before the client reads why. */
static SQLRETURN refuse(struct og_guard_stmt *stmt)
{
    struct og_client_error error;
    struct og_msg_intent intent;
    enum og_err code =
        stmt->verdict.error ? (enum og_err)stmt->verdict.error : OG_ERR_DENIED;

    if (og_client_statement_id(stmt->dbc->client, stmt->id, &error) < 0)
        return fail_client(stmt, &error);
    og_record_intent(stmt, &stmt->verdict_arena, true, &intent);
    intent.ack = OG_ACK_WRITTEN;
    if (og_client_intent(stmt->dbc->client, &intent, &error) < 0)
        return fail_client(stmt, &error);
    return reply(stmt, code, NULL);
}

SQLRETURN og_gate_refuse(struct og_guard_stmt *stmt, const char *rule, const char *reason)
{
    deny(stmt, OG_ERR_REFUSED, rule, reason);
    return refuse(stmt);
}

/* The engine answers every statement so at the moment: locked by somebody else, or interrupted while
 * another statement has not ended. */
static bool is_engine_busy(const struct og_guard_stmt *stmt)
{
    int code = stmt->facts.engine_code & 0xFF;

    return code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_INTERRUPT;
}

/* In the words in which the real driver would have handed the engine's answer up. */
static SQLRETURN fail_engine(struct og_guard_stmt *stmt)
{
    char text[256];

    stmt->has_facts = false;
    (void)snprintf(text, sizeof(text), "[SQLite]%s (%d)",
                   stmt->facts.engine_text ? stmt->facts.engine_text : "error",
                   stmt->facts.engine_code);
    og_diag_add_raw(&stmt->object.diag, "HY000", stmt->facts.engine_code, text);
    return SQL_ERROR;
}

/* A text that is no query the driver only keeps. */
bool og_gate_stop_reading(struct og_guard_stmt *stmt, int engine_code)
{
    if ((engine_code & 0xFF) != SQLITE_INTERRUPT || !stmt->reads_on || stmt->is_prepared)
        return false;
    stmt->reads_on = false;
    (void)stmt->object.calls->SQLPrepare(stmt->object.below, (SQLCHAR[]){"COMMIT"}, SQL_NTS);
    return true;
}

/* Returns: 0; < 0. */
static int analyse_text(struct og_guard_stmt *stmt)
{
    int r = analyse(stmt);

    if (r < 0 || !og_gate_stop_reading(stmt, stmt->facts.engine_code))
        return r;
    og_arena_reset(&stmt->facts_arena);
    return og_guard_text_split(stmt) == SQL_SUCCESS ? analyse(stmt) : -ENOMEM;
}

/* The tokens live in the arena of the facts: our own copy of the text is split again. */
static SQLRETURN drop_facts(struct og_guard_stmt *stmt)
{
    stmt->has_facts = false;
    og_arena_reset(&stmt->facts_arena);
    return og_guard_text_split(stmt);
}

static bool is_catalog_stale(struct og_guard_dbc *dbc)
{
    return dbc->catalog && og_pg_catalog_is_stale(og_guard_session_catalog(dbc));
}

/* Facts for this moment. What others change in the catalog while it is read is read again. */
static SQLRETURN find_facts(struct og_guard_stmt *stmt)
{
    struct og_guard_dbc *dbc = stmt->dbc;

    for (unsigned i = 0; i < OG_MAX_CATALOG_LOOKS; i++) {
        bool is_strict = is_catalog_stale(dbc) || (stmt->has_facts && stmt->verdict.touches_masked);
        int r;

        if (look_at_catalog(dbc, is_strict) < 0)
            return fail(stmt, OG_ERR_REFUSED, "[catalog] the database's catalog could not be read: "
                                              "try again, or connect again");
        if ((i || (stmt->has_facts && stmt->facts_version != dbc->catalog_version)) &&
            drop_facts(stmt) != SQL_SUCCESS)
            return SQL_ERROR;
        if (stmt->has_facts)
            return SQL_SUCCESS;
        r = analyse_text(stmt);
        if (!is_catalog_stale(dbc)) {
            if (r == 0)
                return SQL_SUCCESS;
            break;
        }
    }
    stmt->has_facts = false;
    return fail(stmt, OG_ERR_REFUSED, "[analysis] the statement could not be analysed: the catalog or "
                                      "memory failed; try again");
}

/* Facts and verdict, fresh for this moment; stmt->dbc->lock is held. */
static SQLRETURN judge_locked(struct og_guard_stmt *stmt)
{
    const struct og_client_session *session;
    struct og_policy_set *set;
    struct og_client_error error;
    uint64_t generation;

    if (og_client_begin(stmt->dbc->client, &session, &set, &generation, &error) < 0)
        return fail_client(stmt, &error);
    if (og_guard_session_look(stmt) != SQL_SUCCESS || find_facts(stmt) != SQL_SUCCESS)
        return SQL_ERROR;
    if (is_engine_busy(stmt))
        return fail_engine(stmt);
    if (og_verdict_find(stmt, session, set) < 0)
        return fail(stmt, OG_ERR_REFUSED, "[decision] out of memory");
    tighten(stmt, session);
    return SQL_SUCCESS;
}

SQLRETURN og_gate_judge(struct og_guard_stmt *stmt)
{
    SQLRETURN code;

    (void)pthread_mutex_lock(&stmt->dbc->lock);
    code = judge_locked(stmt);
    (void)pthread_mutex_unlock(&stmt->dbc->lock);
    if (code != SQL_SUCCESS)
        return code;
    return stmt->verdict.kind == OG_VERDICT_DENY ? refuse(stmt) : SQL_SUCCESS;
}

/* An answer that is not a grant, as the client reads it. */
static SQLRETURN reply_answer(struct og_guard_stmt *stmt, const struct og_client_answer *answer,
                              bool has_waited)
{
    const struct og_guard_dbc *dbc = stmt->dbc;
    struct og_verdict *verdict = &stmt->verdict;

    if (strcmp(answer->state, "pending") == 0) {
        if (dbc->is_in_transaction)
            verdict->say = "Nothing is parked inside a transaction: roll back first";
        return reply(stmt, has_waited ? OG_ERR_WAIT_TIMEOUT : OG_ERR_PENDING, answer->request);
    }
    verdict->say = og_arena_printf(&stmt->verdict_arena, "Request %s was %s%s%s%s%s",
                                   answer->request, answer->state,
                                   answer->answered_by[0] ? " by " : "", answer->answered_by,
                                   answer->reason[0] ? ": " : "", answer->reason);
    return reply(stmt, OG_ERR_ANSWERED, answer->request);
}

static uint32_t wait_ms(const struct og_guard_stmt *stmt)
{
    uint64_t seconds = stmt->dbc->conf->approval_timeout_s;

    if (stmt->query_timeout_s && stmt->query_timeout_s < seconds)
        seconds = stmt->query_timeout_s;
    return seconds > 86400 ? 86400000u : (uint32_t)(seconds * 1000);
}

/* Nothing is parked while a transaction may hold locks, nor where the driver manager would hold
 * its global lock meanwhile. */
static bool may_park(const struct og_guard_stmt *stmt)
{
    return stmt->dbc->conf->approval_waits && !stmt->dbc->is_in_transaction &&
           stmt->dbc->conf->threading_level < 3;
}

static SQLRETURN ask(struct og_guard_stmt *stmt, bool is_probe, struct og_client_answer *answer)
{
    struct og_client_error error;
    struct og_msg_request request;

    if (og_record_request(stmt, &stmt->verdict_arena, &request) < 0)
        return fail(stmt, OG_ERR_REFUSED,
                    "[approval] this statement's parameters cannot be bound to an approval (data "
                    "at execution); send them as plain parameters");
    request.is_probe = is_probe;
    og_amend_measured(stmt, &request);
    *answer = (struct og_client_answer){.granted = &stmt->rehearsal.granted,
                                        .text = &stmt->amend.text};
    if (og_client_request(stmt->dbc->client, &request, answer, &error) < 0)
        return fail_client(stmt, &error);
    return SQL_SUCCESS;
}

SQLRETURN og_gate_find(struct og_guard_stmt *stmt, bool *out_is_found)
{
    struct og_client_answer answer;
    struct og_client_error error;
    SQLRETURN code;

    if (og_client_statement_id(stmt->dbc->client, stmt->id, &error) < 0)
        return fail_client(stmt, &error);
    code = ask(stmt, true, &answer);
    *out_is_found = code == SQL_SUCCESS && answer.request[0];
    return code;
}

static SQLRETURN seek_approval(struct og_guard_stmt *stmt)
{
    struct og_client_answer answer;
    struct og_client_error error;
    bool has_waited = false;
    SQLRETURN code = ask(stmt, false, &answer);

    if (code != SQL_SUCCESS)
        return code;
    if (strcmp(answer.state, "pending") == 0 && may_park(stmt)) {
        char id[13];

        (void)memcpy(id, answer.request, sizeof(id));
        has_waited = true;
        if (og_client_wait(stmt->dbc->client, id, wait_ms(stmt), &stmt->is_cancelled, &answer,
                           &error) < 0)
            return fail_client(stmt, &error);
        if (stmt->is_cancelled) {
            og_diag_add_state(&stmt->object.diag, "HY008",
                              "[odbcguard] cancelled while waiting for approval; request %s stays "
                              "pending", id);
            return SQL_ERROR;
        }
    }
    if (og_amend_is_due(stmt, &answer))
        return SQL_ERROR; /* og_amend_take goes on with the approver's statement */
    if (strcmp(answer.state, "approved") != 0)
        return reply_answer(stmt, &answer, has_waited);
    (void)memcpy(stmt->grant, answer.request, sizeof(stmt->grant));
    stmt->rehearsal.has_granted = answer.is_measured || answer.has_rows_max;
    stmt->rehearsal.drift = answer.drift;
    stmt->rehearsal.has_rows_max = answer.has_rows_max;
    stmt->rehearsal.rows_max = answer.rows_max;
    stmt->rehearsal.is_shape = answer.is_shape;
    return SQL_SUCCESS;
}

/* The record before the run. A write waits for the disk where guardfs says so. */
static SQLRETURN record_intent(struct og_guard_stmt *stmt, bool is_rehearsal)
{
    const struct og_client_session *session;
    struct og_policy_set *set;
    struct og_client_error error;
    struct og_msg_intent intent;
    uint64_t generation;

    if (og_client_begin(stmt->dbc->client, &session, &set, &generation, &error) < 0)
        return fail_client(stmt, &error);
    og_record_intent(stmt, &stmt->verdict_arena, false, &intent);
    intent.ack = changes_data(&stmt->facts) ? session->ack_write : session->ack_read;
    intent.policy_generation = generation;
    intent.is_rehearsal = is_rehearsal;
    if (stmt->grant[0])
        intent.ack = OG_ACK_DURABLE;
    /* What guardfs counts it may refuse: its word comes before the statement runs. */
    if (stmt->verdict.is_counted && intent.ack == OG_ACK_ACCEPTED)
        intent.ack = OG_ACK_WRITTEN;
    if (og_client_intent(stmt->dbc->client, &intent, &error) < 0)
        return fail_client(stmt, &error);
    stmt->is_recorded = true;
    stmt->transaction = stmt->dbc->n_transactions;
    stmt->n_rows = stmt->n_bytes = stmt->n_masked_cells = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &stmt->started);
    return SQL_SUCCESS;
}

SQLRETURN og_gate_pass_rehearsal(struct og_guard_stmt *stmt)
{
    struct og_client_error error;

    stmt->grant[0] = '\0';
    if (og_client_statement_id(stmt->dbc->client, stmt->id, &error) < 0)
        return fail_client(stmt, &error);
    return record_intent(stmt, true);
}

SQLRETURN og_gate_pass(struct og_guard_stmt *stmt)
{
    struct og_client_error error;
    SQLRETURN code;

    stmt->grant[0] = '\0';
    if (og_client_statement_id(stmt->dbc->client, stmt->id, &error) < 0)
        return fail_client(stmt, &error);
    og_unmask_fault(stmt);
    if (stmt->verdict.kind == OG_VERDICT_APPROVE || stmt->amend.is_on) {
        code = seek_approval(stmt);
        if (code != SQL_SUCCESS)
            return code;
        /* The world may have moved while a person thought: judge again. The grant is bound to
         * what was asked; the daemon checks that when it is spent. */
        code = og_gate_judge(stmt);
        if (code != SQL_SUCCESS)
            return code;
        og_unmask_open(stmt);
    }
    code = og_opaque_need(stmt);
    return code == SQL_SUCCESS ? record_intent(stmt, false) : code;
}

SQLRETURN og_gate_pass_catalog(struct og_guard_stmt *stmt, const char *api)
{
    const struct og_client_session *session;
    struct og_policy_set *set;
    struct og_client_error error;
    uint64_t generation;

    if (og_client_begin(stmt->dbc->client, &session, &set, &generation, &error) < 0)
        return fail_client(stmt, &error);
    stmt->api = api;
    og_amend_forget(stmt);
    og_guard_text_release(&stmt->text);
    og_arena_reset(&stmt->facts_arena);
    og_verdict_drop(stmt);
    og_facts_init(&stmt->facts, &stmt->facts_arena, stmt->dbc->dialect);
    stmt->facts.kind = api;
    stmt->has_facts = false;
    stmt->is_prepared = false;
    stmt->verdict = (struct og_verdict){
        .kind = OG_VERDICT_ALLOW,
        .policy = "guard",
        .rule = "catalog-functions",
        .object = "",
        .column = "",
        .reason = "an ODBC catalog function",
        .say = "",
        .would_be = OG_VERDICT_ALLOW,
    };
    og_verdict_limit_catalog(stmt, session, set);
    if (!set) {
        deny(stmt, OG_ERR_DENIED, "no-policy",
             "guardfs has no good policy set, so nothing is allowed");
        return refuse(stmt);
    }
    return og_gate_pass(stmt);
}

/* What a finished statement means for the ones that follow on the same connection. */
static void follow(struct og_guard_stmt *stmt, bool is_success)
{
    struct og_guard_dbc *dbc = stmt->dbc;
    const struct og_facts *facts = &stmt->facts;
    bool begins = facts->is_transaction_control && strcmp(facts->kind, "BEGIN") == 0;
    bool ends = og_undo_ends_transaction(stmt);

    if (is_success && facts->changes_resolution && dbc->dialect != OG_DIALECT_POSTGRESQL)
        dbc->is_resolution_lost = true;
    if (is_success && facts->refusal.what)
        dbc->catalog_version++; /* observed, not understood: it may have been DDL */
    if (begins && is_success)
        dbc->is_explicit_transaction = true;
    if (facts->changes_catalog) {
        dbc->catalog_version++;
        dbc->catalog_checked_ms = 0;
        dbc->has_open_ddl = !dbc->is_autocommit || dbc->is_explicit_transaction;
    }
    og_undo_follow(stmt, is_success);
    og_guard_session_follow(stmt, is_success);
    if (ends) {
        og_guard_session_ended(dbc);
        dbc->is_explicit_transaction = false;
        dbc->is_in_transaction = false;
        dbc->n_transactions++;
        dbc->has_open_ddl = false;
        dbc->catalog_version++;
    } else if (stmt->transaction == dbc->n_transactions) { /* not a result that outlived its own */
        dbc->is_in_transaction = !dbc->is_autocommit || dbc->is_explicit_transaction;
    }
}

static uint64_t microseconds_since(const struct timespec *start)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)((now.tv_sec - start->tv_sec) * 1000000 +
                      (now.tv_nsec - start->tv_nsec) / 1000);
}

/* A constraint failed, which may tell that a value is there. SQLite's driver knows no class 23. */
static bool is_violation(const struct og_guard_stmt *stmt, const struct og_msg_outcome *outcome)
{
    const struct og_diag *diag = &stmt->object.diag;

    if (!outcome->is_error)
        return false;
    if (strncmp(outcome->sqlstate, "23", 2) == 0)
        return true;
    return stmt->dbc->dialect == OG_DIALECT_SQLITE && diag->n_records &&
           (diag->records[0].native & 0xFF) == SQLITE_CONSTRAINT;
}

static void follow_once(struct og_guard_stmt *stmt, bool is_success)
{
    if (stmt->has_followed)
        return;
    (void)pthread_mutex_lock(&stmt->dbc->lock);
    follow(stmt, is_success);
    (void)pthread_mutex_unlock(&stmt->dbc->lock);
}

void og_gate_owe(struct og_guard_stmt *stmt)
{
    follow_once(stmt, true);
    stmt->has_followed = true;
    stmt->owes_count = true;
}

void og_gate_settle(struct og_guard_stmt *stmt)
{
    SQLLEN n_rows = 0;

    if (!stmt->owes_count)
        return;
    if (SQL_SUCCEEDED(stmt->object.calls->SQLRowCount(stmt->object.below, &n_rows)) && n_rows > 0)
        stmt->n_rows = (uint64_t)n_rows;
    og_gate_finish(stmt, SQL_SUCCESS);
}

void og_gate_finish(struct og_guard_stmt *stmt, SQLRETURN code)
{
    struct og_msg_outcome outcome = {
        .statement = stmt->id,
        .sqlstate = "00000",
        .is_error = code == SQL_ERROR,
        .rows = stmt->n_rows,
        .bytes = stmt->n_bytes,
        .masked_cells = stmt->n_masked_cells,
        .detail = "",
    };
    bool is_write = changes_data(&stmt->facts);
    char sqlstate[6] = "HY000";
    char detail[64];

    if (!stmt->is_recorded)
        return;
    stmt->is_recorded = false;
    stmt->owes_count = false;
    outcome.duration_us = microseconds_since(&stmt->started);
    if (code == SQL_ERROR) {
        og_guard_sqlstate(stmt, sqlstate);
        outcome.sqlstate = sqlstate;
    }
    if (stmt->measure.is_taken_back || stmt->rehearsal.is_void) {
        (void)snprintf(detail, sizeof(detail), "taken back: it changed %" PRIu64 " rows",
                       stmt->rehearsal.is_void ? og_measured_total(&stmt->rehearsal.measured)
                                               : stmt->measure.rows);
        outcome.detail = detail;
        outcome.sqlstate = "42000";
    }
    if (stmt->rehearsal.is_void)
        outcome.voids = stmt->grant;
    og_rehearsal_record(stmt, &outcome);
    if (!is_write || stmt->facts.returns_rows)
        outcome.rows_read = stmt->n_rows;
    if (is_violation(stmt, &outcome))
        outcome.violated = og_record_masked_writes(stmt, &stmt->verdict_arena, "");
    og_client_outcome(stmt->dbc->client, &outcome);
    follow_once(stmt, code != SQL_ERROR);
    stmt->has_followed = false;
}

/* SPDX-License-Identifier: MIT */
#include "driver/guard.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What is tried waits for nobody longer than this, and is stopped after so long: production goes first. */
#define LOCK_MS 1000
#define RUN_S 10
#define MAX_NOTES_BYTES (16u * 1024u)

void og_rehearsal_init(struct og_guard_rehearsal *rehearsal)
{
    memset(rehearsal, 0, sizeof(*rehearsal));
    og_measured_init(&rehearsal->measured);
    og_measured_init(&rehearsal->earlier);
    og_measured_init(&rehearsal->granted);
    og_measured_init(&rehearsal->told);
    og_buf_init(&rehearsal->notes, MAX_NOTES_BYTES);
    og_undo_writer_init(&rehearsal->sample, 0);
}

void og_rehearsal_reset(struct og_guard_rehearsal *rehearsal)
{
    og_measured_reset(&rehearsal->measured);
    og_measured_reset(&rehearsal->earlier);
    og_measured_reset(&rehearsal->granted);
    og_measured_reset(&rehearsal->told);
    og_buf_clear(&rehearsal->notes);
    rehearsal->has_tables = rehearsal->is_running = rehearsal->is_done = rehearsal->is_hidden = false;
    rehearsal->has_granted = rehearsal->is_void = false;
    rehearsal->has_rows_max = rehearsal->is_shape = false;
    rehearsal->rows_max = 0;
    rehearsal->why_not[0] = rehearsal->detail[0] = '\0';
    rehearsal->duration_us = 0;
    rehearsal->drift = (struct og_drift){0};
}

void og_rehearsal_release(struct og_guard_rehearsal *rehearsal)
{
    og_measured_release(&rehearsal->measured);
    og_measured_release(&rehearsal->earlier);
    og_measured_release(&rehearsal->granted);
    og_measured_release(&rehearsal->told);
    og_buf_release(&rehearsal->notes);
    og_undo_writer_release(&rehearsal->sample);
}

static bool is_sqlite(const struct og_guard_stmt *stmt)
{
    return stmt->dbc->dialect == OG_DIALECT_SQLITE;
}

/* ---- what may be tried ---- */

static void set_why_not(struct og_guard_stmt *stmt, const char *format, ...) OG_PRINTF(2, 3);

static void set_why_not(struct og_guard_stmt *stmt, const char *format, ...)
{
    struct og_guard_rehearsal *rehearsal = &stmt->rehearsal;
    va_list args;

    if (rehearsal->why_not[0])
        return;
    va_start(args, format);
    (void)vsnprintf(rehearsal->why_not, sizeof(rehearsal->why_not), format, args);
    va_end(args);
}

static bool writes_rows(enum og_effect effect)
{
    return effect == OG_EFFECT_INSERT || effect == OG_EFFECT_UPDATE || effect == OG_EFFECT_DELETE ||
           effect == OG_EFFECT_MERGE;
}

static bool can_take_back_effects(struct og_guard_stmt *stmt)
{
    const struct og_facts *facts = &stmt->facts;
    bool writes = false;

    for (size_t i = 0; i < facts->n_effects; i++) {
        const struct og_fact_effect *effect = &facts->effects[i];

        if (writes_rows(effect->effect) &&
            (effect->object >= facts->n_objects ||
             facts->objects[effect->object].kind == OG_OBJECT_SEQUENCE)) {
            set_why_not(stmt, "it moves a sequence, which no transaction takes back");
            return false;
        }
        writes = writes || writes_rows(effect->effect);
        if (!writes_rows(effect->effect) && effect->effect != OG_EFFECT_SELECT) {
            set_why_not(stmt, "only rows that are written can be taken back for sure, and its effect is "
                              "%s", og_effect_word(effect->effect));
            return false;
        }
    }
    if (!writes)
        set_why_not(stmt, "it writes no rows");
    return writes;
}

static bool can_call(struct og_guard_stmt *stmt, const char *schema, const char *name)
{
    if (og_verdict_may_rehearse(stmt, schema, name))
        return true;
    set_why_not(stmt, "it calls %.80s%s%.80s, which could reach outside the transaction: no policy lists "
                      "it under vouch: rehearse", schema, *schema ? "." : "", name);
    return false;
}

/* By what the statement itself says. */
static bool can_try(struct og_guard_stmt *stmt)
{
    const struct og_facts *facts = &stmt->facts;

    if (stmt->dbc->dialect != OG_DIALECT_SQLITE && stmt->dbc->dialect != OG_DIALECT_POSTGRESQL)
        return false;
    if (!can_take_back_effects(stmt))
        return false;
    for (size_t i = 0; i < facts->n_functions; i++)
        if (!facts->functions[i].is_harmless &&
            !can_call(stmt, facts->functions[i].schema, facts->functions[i].name))
            return false;
    return true;
}

/* Functions that no built-in ones are, which a write of these tables calls by triggers, defaults,
 * constraints, indexes, row security and types, and those of tables that follow by foreign keys and
 * partitions: "f schema name" in hexadecimal; and "t" for a foreign table. Dependencies on built-in
 * functions are not recorded. */
#define CALLS_QUERY                                                                                \
    "WITH RECURSIVE t(oid) AS (SELECT pg_catalog.unnest('{%s}'::pg_catalog.oid[]) UNION "          \
    "SELECT x.oid FROM t, LATERAL (SELECT inhrelid FROM pg_catalog.pg_inherits "                   \
    "WHERE inhparent OPERATOR(pg_catalog.=) t.oid UNION ALL SELECT conrelid FROM "                 \
    "pg_catalog.pg_constraint WHERE confrelid OPERATOR(pg_catalog.=) t.oid "                       \
    "AND contype OPERATOR(pg_catalog.=) 'f') x(oid)), "                                            \
    "d(classid, objid) AS (SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass::pg_catalog.oid, a.oid " \
    "FROM pg_catalog.pg_attrdef a JOIN t ON a.adrelid OPERATOR(pg_catalog.=) t.oid UNION ALL "     \
    "SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid, c.oid "               \
    "FROM pg_catalog.pg_constraint c JOIN t ON c.conrelid OPERATOR(pg_catalog.=) t.oid UNION ALL " \
    "SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid, c.oid "               \
    "FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_attribute a ON c.contypid "                \
    "OPERATOR(pg_catalog.=) a.atttypid JOIN t ON a.attrelid OPERATOR(pg_catalog.=) t.oid "         \
    "WHERE c.contypid OPERATOR(pg_catalog.<>) 0 UNION ALL "                                        \
    "SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, i.indexrelid "             \
    "FROM pg_catalog.pg_index i JOIN t ON i.indrelid OPERATOR(pg_catalog.=) t.oid UNION ALL "      \
    "SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass::pg_catalog.oid, p.oid "                   \
    "FROM pg_catalog.pg_policy p JOIN t ON p.polrelid OPERATOR(pg_catalog.=) t.oid), "             \
    "f(oid) AS (SELECT g.tgfoid FROM pg_catalog.pg_trigger g JOIN t ON g.tgrelid "                 \
    "OPERATOR(pg_catalog.=) t.oid WHERE NOT g.tgisinternal UNION "                                 \
    "SELECT coalesce(o.oprcode::pg_catalog.oid, e.refobjid) FROM d JOIN pg_catalog.pg_depend e "   \
    "ON e.classid OPERATOR(pg_catalog.=) d.classid AND e.objid OPERATOR(pg_catalog.=) d.objid "    \
    "AND e.refclassid OPERATOR(pg_catalog.=) ANY (ARRAY['pg_catalog.pg_proc'::"                    \
    "pg_catalog.regclass::pg_catalog.oid, 'pg_catalog.pg_operator'::pg_catalog.regclass::"         \
    "pg_catalog.oid]) LEFT JOIN pg_catalog.pg_operator o ON e.refclassid OPERATOR(pg_catalog.=) "  \
    "'pg_catalog.pg_operator'::pg_catalog.regclass::pg_catalog.oid AND o.oid "                     \
    "OPERATOR(pg_catalog.=) e.refobjid) "                                                          \
    "SELECT pg_catalog.concat_ws(' ', 'f', "                                                       \
    "pg_catalog.encode(pg_catalog.convert_to(n.nspname::pg_catalog.text, 'UTF8'), 'hex'), "        \
    "pg_catalog.encode(pg_catalog.convert_to(p.proname::pg_catalog.text, 'UTF8'), 'hex')) "        \
    "FROM f JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) f.oid "                      \
    "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace "               \
    "WHERE NOT (n.nspname OPERATOR(pg_catalog.=) 'pg_catalog' AND p.oid "                          \
    "OPERATOR(pg_catalog.<) 16384::pg_catalog.oid) UNION ALL "                                     \
    "SELECT 't' FROM t JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) t.oid "          \
    "WHERE c.relkind OPERATOR(pg_catalog.=) 'f'"

struct called {
    struct og_guard_stmt *stmt;
    bool is_good;
};

static void take_called(void *context, const char *text)
{
    struct called *called = context;
    const char *space = text[0] == 'f' ? strchr(text + 2, ' ') : NULL;
    char schema[128], name[128];

    if (!space) {
        set_why_not(called->stmt, "it writes a foreign table, whose server may not take it back");
        called->is_good = false;
        return;
    }
    og_helper_unhex(text + 2, schema, sizeof(schema));
    og_helper_unhex(space + 1, name, sizeof(name));
    called->is_good = can_call(called->stmt, schema, name) && called->is_good;
}

/* By what the server calls besides. */
static bool can_try_tables(struct og_guard_stmt *stmt)
{
    const struct og_facts *facts = &stmt->facts;
    struct called called = {.stmt = stmt, .is_good = true};
    struct og_buf oids, query;

    if (is_sqlite(stmt))
        return true;
    og_buf_init(&oids, 16u * 1024u);
    og_buf_init(&query, 32u * 1024u);
    for (size_t i = 0; i < facts->n_effects; i++) {
        const struct og_fact_effect *effect = &facts->effects[i];

        if (!writes_rows(effect->effect))
            continue;
        if (!facts->objects[effect->object].id)
            called.is_good = false;
        og_buf_printf(&oids, "%s%" PRIu64, oids.n_bytes ? "," : "",
                      facts->objects[effect->object].id);
    }
    og_buf_printf(&query, CALLS_QUERY, og_buf_str(&oids));
    if (og_buf_is_failed(&oids) || og_buf_is_failed(&query) ||
        !og_helper_rows(stmt, og_buf_str(&query), take_called, &called))
        called.is_good = false;
    if (!called.is_good)
        set_why_not(stmt, "what the written tables call could not be looked up");
    og_buf_release(&oids);
    og_buf_release(&query);
    return called.is_good;
}

/* ---- trying ---- */

/* Gone with the savepoint or the transaction; what the session has for itself and is shorter stays. */
#define LIMIT_QUERY                                                                              \
    "SELECT pg_catalog.set_config(s.name, CASE WHEN s.setting::pg_catalog.int4 "                 \
    "OPERATOR(pg_catalog.>) 0 AND s.setting::pg_catalog.int4 OPERATOR(pg_catalog.<) %u"          \
    " THEN s.setting ELSE '%u' END, true) FROM pg_catalog.pg_settings s "                        \
    "WHERE s.name OPERATOR(pg_catalog.=) '%s'"

static bool set_limit(struct og_guard_stmt *stmt, const char *name, unsigned ms)
{
    char query[512];

    (void)snprintf(query, sizeof(query), LIMIT_QUERY, ms, ms, name);
    return og_helper_run(stmt, query);
}

/* Seconds that it may run: what policies give the statement itself is enough. */
static unsigned limit_of(const struct og_guard_stmt *stmt)
{
    uint32_t limit_s = stmt->verdict.runtime_s;

    return limit_s && limit_s < RUN_S ? limit_s : RUN_S;
}

static bool set_limits(struct og_guard_stmt *stmt)
{
    if (is_sqlite(stmt))
        return true;
    if (set_limit(stmt, "lock_timeout", LOCK_MS) &&
        set_limit(stmt, "statement_timeout", limit_of(stmt) * 1000))
        return true;
    set_why_not(stmt, "its time could not be limited");
    return false;
}

static uint64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* SQLite takes the whole transaction back where it is interrupted: inside of the application's own one
 * it is not. */
static SQLRETURN run_limited(struct og_guard_stmt *stmt, SQLRETURN (*below)(struct og_guard_stmt *stmt),
                             bool *is_over)
{
    bool is_timed = is_sqlite(stmt) && !stmt->measure.is_inside;
    uint64_t begin = now_us();
    SQLRETURN code;

    is_timed = is_timed && og_clock_set(stmt, limit_of(stmt)) == 0;
    do {
        code = below(stmt);
    } while (code == SQL_STILL_EXECUTING && og_guard_pause());
    *is_over = is_timed && og_clock_clear(stmt);
    stmt->rehearsal.duration_us = now_us() - begin;
    return code;
}

/* The engine was told to stop: by this limit, by a shorter one of the session, by an administrator. */
static void tell_stopped(struct og_guard_stmt *stmt)
{
    uint64_t ms = stmt->rehearsal.duration_us / 1000;
    unsigned limit_s = limit_of(stmt);

    if (stmt->is_cancelled)
        set_why_not(stmt, "it was cancelled");
    else if (ms + 50 >= limit_s * 1000u)
        set_why_not(stmt, "it ran longer than %u seconds and was stopped", limit_s);
    else
        set_why_not(stmt, "it was stopped after %" PRIu64 " ms, by a time limit of the session or by "
                          "somebody else", ms);
}

/* Failures that say nothing of the statement. Returns whether it is one. */
static bool is_passing(struct og_guard_stmt *stmt, bool is_over)
{
    static const struct {
        const char *sqlstate, *why;
    } rows[] = {
        {"55P03", "others hold locks on what it changes (waited 1 second)"},
        {"40P01", "it and others waited for each other"},
        {"40001", "others changed the same rows at that moment"},
        {"25P02", "the open transaction has failed"},
    };
    char sqlstate[6];

    if (is_sqlite(stmt)) {
        int code = og_sqlite_error_code(stmt->dbc->analyser);

        if (is_over || code == SQLITE_INTERRUPT)
            tell_stopped(stmt);
        else if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
            set_why_not(stmt, "others have the database locked");
        return stmt->rehearsal.why_not[0] != '\0';
    }
    og_guard_sqlstate(stmt, sqlstate);
    if (strcmp(sqlstate, "57014") == 0 || strcmp(sqlstate, "HY008") == 0)
        tell_stopped(stmt);
    for (size_t i = 0; i < OG_COUNT(rows); i++)
        if (strcmp(rows[i].sqlstate, sqlstate) == 0)
            set_why_not(stmt, "%s", rows[i].why);
    return stmt->rehearsal.why_not[0] != '\0';
}

/* Tables that the facts know to be written. */
static bool may_read_written(struct og_guard_stmt *stmt)
{
    const struct og_facts *facts = &stmt->facts;
    struct og_measured tables;
    char name[512];
    bool may;

    og_measured_init(&tables);
    for (size_t i = 0; i < facts->n_effects; i++) {
        const struct og_object *object;

        if (!writes_rows(facts->effects[i].effect))
            continue;
        object = &facts->objects[facts->effects[i].object];
        (void)snprintf(name, sizeof(name), "%s.%s", object->schema, object->name);
        og_measured_add(&tables, name, 1, 0, 0);
    }
    may = !og_measured_is_failed(&tables) && og_verdict_may_read(stmt, &tables);
    og_measured_release(&tables);
    return may;
}

/* Of the figures only those of tables that the requester may read are told to it: how many rows a
 * condition meets, and what cannot be written, would answer questions that nobody allowed. */
static void choose_told(struct og_guard_stmt *stmt)
{
    struct og_guard_rehearsal *rehearsal = &stmt->rehearsal;

    rehearsal->is_hidden = !may_read_written(stmt);
    og_measured_reset(&rehearsal->told);
    for (size_t i = 0; i < rehearsal->measured.n_tables; i++) {
        struct og_measured_table *table = &rehearsal->measured.tables[i];
        struct og_measured one = {.tables = table, .n_tables = 1};

        if (og_verdict_may_read(stmt, &one))
            og_measured_add(&rehearsal->told, table->name, table->inserted, table->updated,
                            table->deleted);
        else
            rehearsal->is_hidden = true;
    }
}

static void tell_detail(struct og_guard_stmt *stmt)
{
    struct og_guard_rehearsal *rehearsal = &stmt->rehearsal;
    struct og_buf words;

    og_buf_init(&words, 4096);
    if (rehearsal->is_done)
        og_measured_words(&rehearsal->measured, &words);
    (void)snprintf(rehearsal->detail, sizeof(rehearsal->detail), "%s%s",
                   rehearsal->is_done ? "rehearsed and taken back: " : "not rehearsed: ",
                   rehearsal->is_done ? og_buf_str(&words) : rehearsal->why_not);
    og_buf_release(&words);
}

/* The write was tried and failed for a reason of its own. */
static SQLRETURN end_failed(struct og_guard_stmt *stmt)
{
    struct og_guard_rehearsal *rehearsal = &stmt->rehearsal;
    char sqlstate[6] = "HY000";

    if (stmt->object.shows_below)
        og_guard_sqlstate(stmt, sqlstate);
    (void)snprintf(rehearsal->detail, sizeof(rehearsal->detail), "rehearsed: it fails");
    og_gate_finish(stmt, SQL_ERROR);
    if (may_read_written(stmt))
        return SQL_ERROR; /* its own error: nobody has to be asked */
    og_diag_clear(&stmt->object.diag);
    stmt->object.shows_below = false;
    set_why_not(stmt, "it failed with SQLSTATE %s when it was tried, which the requester is not told",
                sqlstate);
    return SQL_SUCCESS;
}

static SQLRETURN try(struct og_guard_stmt *stmt, SQLRETURN (*below)(struct og_guard_stmt *stmt))
{
    SQLRETURN code;
    bool is_over = false, is_ready;

    (void)pthread_mutex_lock(&stmt->dbc->lock);
    is_ready = stmt->measure.is_on && set_limits(stmt) && can_try_tables(stmt);
    (void)pthread_mutex_unlock(&stmt->dbc->lock);
    if (!is_ready || og_run_permit(stmt) != SQL_SUCCESS) {
        og_diag_clear(&stmt->object.diag);
        set_why_not(stmt, "the database was not ready for it");
        og_measure_drop(stmt);
        og_gate_finish(stmt, SQL_SUCCESS);
        return SQL_SUCCESS;
    }
    code = run_limited(stmt, below, &is_over);
    if (!SQL_SUCCEEDED(code) && code != SQL_NO_DATA && is_passing(stmt, is_over)) {
        og_run_permitted(stmt);
        (void)og_measure_settle(stmt, code);
        og_gate_finish(stmt, SQL_SUCCESS);
        return SQL_SUCCESS;
    }
    og_run_permitted(stmt);
    code = og_measure_settle(stmt, og_guard_below(stmt, code));
    if (code == SQL_ERROR)
        return end_failed(stmt);
    if (!stmt->rehearsal.is_done)
        set_why_not(stmt, "its rows cannot be counted table by table");
    tell_detail(stmt);
    stmt->object.shows_below = false;
    og_gate_finish(stmt, SQL_SUCCESS);
    return SQL_SUCCESS;
}

/* SQLCancel may come at any moment of it, between two calls of the real driver too. */
static SQLRETURN fail_cancelled(struct og_guard_stmt *stmt)
{
    og_diag_clear(&stmt->object.diag);
    stmt->object.shows_below = false;
    og_diag_add_state(&stmt->object.diag, "HY008",
                      "[odbcguard] cancelled while the write was tried: it was taken back, and nobody is "
                      "asked");
    return SQL_ERROR;
}

SQLRETURN og_rehearse(struct og_guard_stmt *stmt, SQLRETURN (*below)(struct og_guard_stmt *stmt))
{
    bool is_inside = stmt->dbc->is_in_transaction, is_found = false;
    SQLRETURN code;

    if ((stmt->verdict.kind != OG_VERDICT_APPROVE && !stmt->amend.is_measuring) ||
        stmt->rehearsal.is_done)
        return SQL_SUCCESS;
    code = stmt->amend.is_measuring ? SQL_SUCCESS : og_gate_find(stmt, &is_found);
    if (code != SQL_SUCCESS || is_found || !can_try(stmt))
        return code;
    code = og_gate_pass_rehearsal(stmt);
    if (code != SQL_SUCCESS)
        return code;
    stmt->measure.is_rehearsal = stmt->rehearsal.is_running = true;
    code = og_measure_begin(stmt);
    if (code == SQL_SUCCESS) {
        code = try(stmt, below);
    } else {
        og_diag_clear(&stmt->object.diag);
        set_why_not(stmt, "no savepoint or transaction could be opened");
        og_gate_finish(stmt, SQL_SUCCESS);
        code = SQL_SUCCESS;
    }
    stmt->rehearsal.is_running = false;
    (void)pthread_mutex_lock(&stmt->dbc->lock);
    stmt->dbc->is_in_transaction = is_inside;
    (void)pthread_mutex_unlock(&stmt->dbc->lock);
    if (stmt->is_cancelled)
        return fail_cancelled(stmt);
    if (code != SQL_SUCCESS)
        return code;
    if (stmt->rehearsal.is_done)
        choose_told(stmt);
    return og_gate_judge(stmt);
}

/* ---- telling ---- */

static void take_sequence(void *context, const char *text)
{
    char name[256];

    og_helper_unhex(text, name, sizeof(name));
    og_buf_printf(context, "sequence %s was moved by it and stays so\n", name);
}

void og_rehearsal_note(struct og_guard_stmt *stmt)
{
    if (is_sqlite(stmt))
        return;
    (void)og_helper_rows(
        stmt,
        "SELECT pg_catalog.encode(pg_catalog.convert_to(pg_catalog.concat(n.nspname, '.', c.relname), "
        "'UTF8'), 'hex') FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c "
        "ON c.oid OPERATOR(pg_catalog.=) l.relation JOIN pg_catalog.pg_namespace n "
        "ON n.oid OPERATOR(pg_catalog.=) c.relnamespace WHERE l.pid OPERATOR(pg_catalog.=) "
        "pg_catalog.pg_backend_pid() AND l.locktype OPERATOR(pg_catalog.=) 'relation' "
        "AND c.relkind OPERATOR(pg_catalog.=) 'S' GROUP BY 1 ORDER BY 1 LIMIT 20",
        take_sequence, &stmt->rehearsal.notes);
}

void og_rehearsal_record(struct og_guard_stmt *stmt, struct og_msg_outcome *outcome)
{
    const struct og_guard_rehearsal *rehearsal = &stmt->rehearsal;

    if (rehearsal->is_running) {
        outcome->detail = rehearsal->detail[0] ? rehearsal->detail : rehearsal->why_not;
        outcome->rows = 0;
    }
    if (rehearsal->has_tables)
        outcome->effect = og_measured_to_list(&rehearsal->measured, &stmt->verdict_arena);
}

void og_rehearsal_tell(struct og_guard_stmt *stmt)
{
    struct og_guard_rehearsal *rehearsal = &stmt->rehearsal;
    struct og_verdict *verdict = &stmt->verdict;
    /* what a rule let run tells its rows in any case */
    const struct og_measured *told = rehearsal->duration_us ? &rehearsal->told : &rehearsal->measured;
    struct og_buf words;

    if (!rehearsal->is_done)
        return;
    if (rehearsal->is_hidden && verdict->is_over_rows) {
        verdict->is_over_rows = false;
        verdict->reason = "this would change more rows than the rule allows";
    }
    if (rehearsal->is_hidden && !told->n_tables)
        return;
    og_buf_init(&words, 4096);
    og_measured_words(told, &words);
    verdict->effect = og_arena_strdup(&stmt->verdict_arena, og_buf_str(&words));
    verdict->measured_rows = og_measured_total(told);
    og_buf_release(&words);
}

static void put_tables(const struct og_measured *measured, struct og_buf *out)
{
    char inserted[32], updated[32], deleted[32];

    for (size_t i = 0; i < measured->n_tables; i++) {
        const struct og_measured_table *table = &measured->tables[i];

        og_buf_printf(out, "%s: %s inserted, %s updated, %s deleted\n", table->name,
                      og_measured_digits(table->inserted, inserted),
                      og_measured_digits(table->updated, updated),
                      og_measured_digits(table->deleted, deleted));
    }
}

const char *og_rehearsal_text(const struct og_guard_stmt *stmt, struct og_arena *arena)
{
    const struct og_guard_rehearsal *rehearsal = &stmt->rehearsal;
    struct og_buf out;
    const char *text;

    if (!rehearsal->is_done)
        return og_arena_printf(arena, "not rehearsed, because %s",
                               rehearsal->why_not[0] ? rehearsal->why_not
                               : stmt->undo.command
                                   ? "an undo set says row by row what would be taken back: see its undo.sql"
                                   : "this version cannot measure it");
    og_buf_init(&out, OG_MAX_REQUEST_BYTES / 4);
    og_buf_append_str(&out, "would change ");
    og_measured_words(&rehearsal->measured, &out);
    og_buf_printf(&out, ", counted by the write itself and taken back");
    if (rehearsal->duration_us)
        og_buf_printf(&out, " after %" PRIu64 " ms", (rehearsal->duration_us + 999) / 1000);
    og_buf_append_char(&out, '\n');
    put_tables(&rehearsal->measured, &out);
    og_buf_append_str(&out, og_buf_str(&rehearsal->notes));
    if (out.n_bytes && out.bytes[out.n_bytes - 1] == '\n')
        out.bytes[out.n_bytes - 1] = '\0';
    text = og_arena_strdup(arena, og_buf_str(&out));
    og_buf_release(&out);
    return text;
}

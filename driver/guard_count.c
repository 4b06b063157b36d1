/* SPDX-License-Identifier: MIT */
/* What one execution changes, counted by the engine itself, table by table. */
#include "driver/guard.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Rows of user tables that this backend changed and has not reported yet. The counters only grow inside
 * of a transaction, and what a savepoint took back stays counted: a difference is what one statement
 * did, by cascades and triggers too. Source: PostgreSQL 15, "The Cumulative Statistics System". */
#define COUNT_QUERY                                                                              \
    "SELECT '-' WHERE pg_catalog.current_setting('track_counts') OPERATOR(pg_catalog.<>) 'on' "  \
    "UNION ALL SELECT pg_catalog.concat_ws(' ', i, u, d, pg_catalog.encode("                     \
    "pg_catalog.convert_to(pg_catalog.concat(n.nspname, '.', c.relname), 'UTF8'), 'hex')) "      \
    "FROM pg_catalog.pg_class c "                                                                \
    "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace, "            \
    "LATERAL (SELECT pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) AS i, "                  \
    "pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) AS u, "                                   \
    "pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) AS d) s "                                 \
    "WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m}') AND n.nspname "                        \
    "OPERATOR(pg_catalog.<>) ALL ('{pg_catalog,information_schema,pg_toast}') "                  \
    "AND (i OPERATOR(pg_catalog.>) 0 OR u OPERATOR(pg_catalog.>) 0 "                             \
    "OR d OPERATOR(pg_catalog.>) 0)"

static bool is_sqlite(const struct og_guard_stmt *stmt)
{
    return stmt->dbc->dialect == OG_DIALECT_SQLITE;
}

/* ---- PostgreSQL: by a statement of ours on the application's connection ---- */

bool og_helper_run(struct og_guard_stmt *stmt, const char *sql)
{
    SQLHSTMT helper = stmt->measure.helper;
    bool is_good = helper && SQL_SUCCEEDED(stmt->object.calls->SQLExecDirect(
                                 helper, (SQLCHAR *)(uintptr_t)sql, SQL_NTS));

    if (is_good)
        (void)stmt->object.calls->SQLFreeStmt(helper, SQL_CLOSE);
    return is_good;
}

bool og_helper_rows(struct og_guard_stmt *stmt, const char *sql,
                    void (*take)(void *context, const char *text), void *context)
{
    const struct og_calls *calls = stmt->object.calls;
    SQLHSTMT helper = stmt->measure.helper;
    char text[1024];
    SQLLEN length;
    SQLRETURN code;

    if (!helper ||
        !SQL_SUCCEEDED(calls->SQLExecDirect(helper, (SQLCHAR *)(uintptr_t)sql, SQL_NTS)))
        return false;
    while (SQL_SUCCEEDED(code = calls->SQLFetch(helper))) {
        text[0] = '\0';
        length = 0;
        code = calls->SQLGetData(helper, 1, SQL_C_CHAR, text, sizeof(text), &length);
        if (code != SQL_SUCCESS || length < 0)
            break;
        take(context, text);
    }
    (void)calls->SQLFreeStmt(helper, SQL_CLOSE);
    return code == SQL_NO_DATA;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void og_helper_unhex(const char *hex, char *out, size_t max_bytes)
{
    size_t n = 0;

    for (; digit(hex[0]) >= 0 && digit(hex[1]) >= 0 && n + 1 < max_bytes; hex += 2)
        out[n++] = (char)(digit(hex[0]) << 4 | digit(hex[1]));
    out[n] = '\0';
}

struct counters {
    struct og_measured *out;
    bool is_unknown;
};

static void take_counter(void *context, const char *text)
{
    struct counters *counters = context;
    uint64_t inserted, updated, deleted;
    char name[256];
    int n_read = 0;

    if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %n", &inserted, &updated, &deleted,
               &n_read) != 3 || !n_read) {
        counters->is_unknown = true;
        return;
    }
    og_helper_unhex(text + n_read, name, sizeof(name));
    og_measured_add(counters->out, name, inserted, updated, deleted);
}

/* Returns whether out has every counter. */
static bool read_counters(struct og_guard_stmt *stmt, struct og_measured *out)
{
    struct counters counters = {.out = out};

    og_measured_reset(out);
    return og_helper_rows(stmt, COUNT_QUERY, take_counter, &counters) && !counters.is_unknown &&
           !og_measured_is_failed(out);
}

/* ---- SQLite: by the engine's hook on rows that change ---- */

static void row_changes(void *context, sqlite3 *db, int op, const char *schema, const char *table,
                        sqlite3_int64 before, sqlite3_int64 after)
{
    char name[512];

    (void)db, (void)before, (void)after;
    (void)snprintf(name, sizeof(name), "%s.%s", schema, table);
    og_measured_add(context, name, op == SQLITE_INSERT, op == SQLITE_UPDATE, op == SQLITE_DELETE);
}

/* ---- either ---- */

void og_count_start(struct og_guard_stmt *stmt)
{
    struct og_guard_measure *measure = &stmt->measure;
    struct og_guard_rehearsal *rehearsal = &stmt->rehearsal;

    og_measured_reset(&rehearsal->measured);
    rehearsal->has_tables = false;
    if (!is_sqlite(stmt)) {
        measure->has_before = read_counters(stmt, &rehearsal->earlier);
        return;
    }
    measure->before = og_sqlite_total_changes(stmt->dbc->analyser);
    measure->watch = (struct og_sqlite_watch){.changed = row_changes, .context = &rehearsal->measured};
    measure->has_before = og_sqlite_watch_add(stmt->dbc->analyser, &measure->watch) == 0;
}

void og_count_drop(struct og_guard_stmt *stmt)
{
    if (is_sqlite(stmt) && stmt->measure.has_before)
        og_sqlite_watch_remove(stmt->dbc->analyser, &stmt->measure.watch);
    stmt->measure.has_before = false;
}

/* The engine's own total does not know rows that REPLACE took away, the hook does not know those of
 * virtual tables: the larger one is told. */
static uint64_t count_sqlite(struct og_guard_stmt *stmt, bool has_hook)
{
    uint64_t now = og_sqlite_total_changes(stmt->dbc->analyser);
    uint64_t by_engine = now - stmt->measure.before;
    uint64_t by_hook = og_measured_total(&stmt->rehearsal.measured);

    if (now < stmt->measure.before)
        return has_hook ? by_hook : OG_UNKNOWN_ROWS;
    return by_hook > by_engine ? by_hook : by_engine;
}

/* Whether the driver's own count can stand for the whole write. */
static bool is_plain_write(const struct og_facts *facts, const struct og_fact_effect **out)
{
    size_t n = 0;

    for (size_t i = 0; i < facts->n_effects; i++)
        if (og_effect_changes(facts->effects[i].effect)) {
            *out = &facts->effects[i];
            n++;
        }
    return n == 1 && !facts->returns_rows && (*out)->object < facts->n_objects;
}

static uint64_t count_by_driver(struct og_guard_stmt *stmt, SQLLEN rows)
{
    const struct og_facts *facts = &stmt->facts;
    const struct og_fact_effect *effect = NULL;
    const struct og_object *object;
    char name[512];

    if (rows < 0 || !is_plain_write(facts, &effect))
        return OG_UNKNOWN_ROWS;
    object = &facts->objects[effect->object];
    (void)snprintf(name, sizeof(name), "%s.%s", object->schema, object->name);
    og_measured_reset(&stmt->rehearsal.measured);
    og_measured_add(&stmt->rehearsal.measured, name,
                    effect->effect == OG_EFFECT_INSERT ? (uint64_t)rows : 0,
                    effect->effect != OG_EFFECT_INSERT && effect->effect != OG_EFFECT_DELETE
                        ? (uint64_t)rows
                        : 0,
                    effect->effect == OG_EFFECT_DELETE ? (uint64_t)rows : 0);
    stmt->rehearsal.has_tables = true;
    return (uint64_t)rows;
}

uint64_t og_count_end(struct og_guard_stmt *stmt)
{
    struct og_guard_rehearsal *rehearsal = &stmt->rehearsal;
    bool has_before = stmt->measure.has_before;
    uint64_t by_engine;
    SQLLEN by_driver = -1;

    og_count_drop(stmt);
    if (!stmt->facts.returns_rows && !stmt->undo.command)
        (void)stmt->object.calls->SQLRowCount(stmt->object.below, &by_driver);
    if (is_sqlite(stmt)) {
        by_engine = count_sqlite(stmt, has_before);
    } else {
        has_before = has_before && read_counters(stmt, &rehearsal->measured);
        if (has_before)
            og_measured_subtract(&rehearsal->measured, &rehearsal->earlier);
        by_engine = has_before ? og_measured_total(&rehearsal->measured) : OG_UNKNOWN_ROWS;
    }
    rehearsal->has_tables = has_before && !og_measured_is_failed(&rehearsal->measured);
    if (by_engine == OG_UNKNOWN_ROWS)
        return count_by_driver(stmt, by_driver);
    return by_driver > 0 && (uint64_t)by_driver > by_engine ? (uint64_t)by_driver : by_engine;
}

/* SPDX-License-Identifier: MIT */
/* What a PostgreSQL session has that no other connection sees: where its path leads by now, the names
 * that it gave to statements and cursors, and what its open transaction did to the catalog. It is asked
 * on the application's own connection, and only when that leaves no trace: in autocommit, inside a
 * transaction that is open anyway, or in one that is ended at once
 * (docs/decisions/0019-session-of-postgresql.md). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/pg_analyse.h"
#include "driver/guard.h"

#define MAX_SCHEMAS 64u
#define MAX_NAMED 4096u

struct og_guard_named {
    struct og_guard_named *next;
    char *name;
    char *sql;
    bool is_cursor;
    uint64_t generation; /* of the catalog that a cursor's names were looked up in */
};

/* ---- names of statements and cursors ---- */

static void forget(struct og_guard_dbc *dbc, bool is_cursor, const char *name)
{
    for (struct og_guard_named **at = &dbc->named; *at;) {
        struct og_guard_named *one = *at;

        if (one->is_cursor != is_cursor || (name && strcmp(one->name, name) != 0)) {
            at = &one->next;
            continue;
        }
        dbc->catalog_version++; /* facts of statements that name it */
        *at = one->next;
        free(one->name);
        free(one->sql);
        free(one);
        dbc->n_named--;
    }
}

static uint64_t generation(struct og_guard_dbc *dbc)
{
    return og_pg_catalog_generation(og_guard_session_catalog(dbc)) * 2 + (dbc->overlay ? 1 : 0) +
           (dbc->overlay ? dbc->n_overlays << 32 : 0);
}

/* A name that cannot be remembered is not known later: its use is refused. */
static void remember(struct og_guard_stmt *stmt, bool is_cursor)
{
    struct og_guard_dbc *dbc = stmt->dbc;
    struct og_guard_named *one = NULL;

    forget(dbc, is_cursor, stmt->facts.session_name);
    dbc->catalog_version++;
    if (dbc->n_named < MAX_NAMED)
        one = calloc(1, sizeof(*one));
    if (!one)
        return;
    one->name = strdup(stmt->facts.session_name);
    one->sql = strdup(stmt->text.utf8);
    if (!one->name || !one->sql) {
        free(one->name);
        free(one->sql);
        free(one);
        return;
    }
    one->is_cursor = is_cursor;
    one->generation = generation(dbc);
    one->next = dbc->named;
    dbc->named = one;
    dbc->n_named++;
}

int og_guard_session_describe(struct og_guard_dbc *dbc, struct og_arena *arena,
                        struct og_pg_session *out)
{
    struct og_pg_named *items = og_arena_array(arena, dbc->n_named + 1, sizeof(*items));
    size_t n = 0;

    *out = (struct og_pg_session){.standard_conforming_strings = dbc->has_conforming_strings};
    if (!items)
        return -1;
    for (const struct og_guard_named *one = dbc->named; one; one = one->next)
        items[n++] = (struct og_pg_named){.name = one->name,
                                          .sql = one->sql,
                                          .is_cursor = one->is_cursor,
                                          .is_stale = one->is_cursor &&
                                                      one->generation != generation(dbc)};
    out->named = items;
    out->n_named = n;
    return 0;
}

/* ---- path and settings ---- */

size_t og_guard_session_split(char *text, const char **out, size_t max)
{
    size_t n = 0;

    for (char *save, *part = strtok_r(text, "\x1f", &save); part && n < max;
         part = strtok_r(NULL, "\x1f", &save))
        out[n++] = part;
    return n;
}

const char og_guard_session_query[] =
    "SELECT pg_catalog.array_to_string(pg_catalog.current_schemas(true), E'\\x1f'),"
    " pg_catalog.current_setting('standard_conforming_strings'),"
    " pg_catalog.current_setting('client_encoding'),"
    " pg_catalog.current_setting('search_path'),"
    " pg_catalog.current_setting('transaction_isolation')";

static SQLRETURN fail(struct og_guard_stmt *stmt, const char *text)
{
    og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false, "%s", text);
    return SQL_ERROR;
}

static int set_path(struct og_guard_dbc *dbc, char *text)
{
    const char *path[MAX_SCHEMAS];
    size_t n = og_guard_session_split(text, path, OG_COUNT(path)), first = 0;
    int r = og_pg_catalog_set_path(dbc->catalog, path, n);

    if (r == 0 && dbc->overlay)
        r = og_pg_catalog_set_path(dbc->overlay, path, n);
    while (first < n && strncmp(path[first], "pg_temp", 7) == 0)
        first++;
    /* Else an operator of somebody's could answer instead of the server's. */
    dbc->is_path_plain = first < n && strcmp(path[first], "pg_catalog") == 0;
    return r;
}

static SQLRETURN look(struct og_guard_stmt *stmt)
{
    struct og_guard_dbc *dbc = stmt->dbc;
    bool opens = !dbc->is_autocommit && !dbc->is_in_transaction;
    char row[OG_GUARD_SESSION_COLUMNS][1024];
    SQLRETURN code = og_guard_query_row(dbc, og_guard_session_query, row, OG_GUARD_SESSION_COLUMNS);

    if (opens)
        (void)dbc->object.calls->SQLEndTran(SQL_HANDLE_DBC, dbc->object.below, SQL_ROLLBACK);
    if (code != SQL_SUCCESS)
        return fail(stmt, "[session] the search path could not be read after it may have moved: if "
                          "the transaction has failed, roll it back, else connect again");
    dbc->has_conforming_strings = strcmp(row[1], "on") == 0;
    dbc->is_resolution_lost = strcmp(row[2], "UTF8") != 0;
    dbc->is_read_committed = strcmp(row[4], "read committed") == 0;
    if (set_path(dbc, row[0]) < 0)
        return fail(stmt, "[session] the search path cannot be followed: make it shorter");
    dbc->must_look = false;
    dbc->catalog_version++;
    dbc->catalog_checked_ms = 0;
    return SQL_SUCCESS;
}

/* ---- the catalog as the open transaction sees it ---- */

struct og_pg_catalog *og_guard_session_catalog(struct og_guard_dbc *dbc)
{
    return dbc->overlay ? dbc->overlay : dbc->catalog;
}

static void drop_overlay(struct og_guard_dbc *dbc)
{
    if (!dbc->overlay)
        return;
    dbc->overlay = og_pg_catalog_free(dbc->overlay);
    dbc->catalog_version++;
    dbc->catalog_checked_ms = 0;
}

/* Reads the path, and whether the overlay can be trusted under it. */
static SQLRETURN look_inside(struct og_guard_stmt *stmt)
{
    struct og_guard_dbc *dbc = stmt->dbc;

    if (look(stmt) != SQL_SUCCESS) {
        drop_overlay(dbc);
        return SQL_ERROR;
    }
    if (dbc->is_read_committed && dbc->is_path_plain && dbc->has_conforming_strings)
        return SQL_SUCCESS;
    drop_overlay(dbc);
    return fail(stmt, "[session] the open transaction changed the catalog, and its isolation level, "
                      "search path or strings keep the guard from following that: commit first");
}

static SQLRETURN open_overlay(struct og_guard_stmt *stmt)
{
    struct og_guard_dbc *dbc = stmt->dbc;
    struct og_layer own = {.calls = dbc->object.calls, .dbc = dbc->object.below};

    if (og_pg_catalog_new_inside(&own, &dbc->overlay) != 0)
        return fail(stmt, "[session] out of memory");
    dbc->n_overlays++;
    return look_inside(stmt);
}

/* Statements in which no name means a table or a function. */
static bool needs_names(const struct og_guard_stmt *stmt)
{
    static const char *const words[] = {"begin",  "start",    "commit",    "end",     "rollback",
                                        "abort",  "savepoint", "release",  "set",     "reset",
                                        "show",   "discard",  "deallocate", "close"};

    for (size_t i = 0; i < stmt->lex.n_tokens; i++) {
        const struct og_token *token = &stmt->lex.tokens[i];

        if (token->kind == OG_TOKEN_SPACE || token->kind == OG_TOKEN_COMMENT)
            continue;
        for (size_t k = 0; k < OG_COUNT(words); k++)
            if (token->n_bytes == strlen(words[k]) &&
                strncasecmp(stmt->text.utf8 + token->position, words[k], token->n_bytes) == 0)
                return false;
        return true;
    }
    return true;
}

SQLRETURN og_guard_session_look(struct og_guard_stmt *stmt)
{
    struct og_guard_dbc *dbc = stmt->dbc;

    if (dbc->dialect != OG_DIALECT_POSTGRESQL || !needs_names(stmt))
        return SQL_SUCCESS;
    if (dbc->has_open_ddl && !dbc->overlay)
        return open_overlay(stmt);
    if (!dbc->must_look)
        return SQL_SUCCESS;
    return dbc->overlay ? look_inside(stmt) : look(stmt);
}

/* ---- what a finished statement means ---- */

static bool calls_user_code(const struct og_facts *facts)
{
    for (size_t i = 0; i < facts->n_functions; i++)
        if (!facts->functions[i].is_harmless)
            return true;
    return false;
}

static bool makes_temporary(const struct og_facts *facts)
{
    for (size_t i = 0; i < facts->n_effects; i++)
        if (facts->effects[i].effect == OG_EFFECT_CREATE)
            return true;
    return false;
}

static void follow_names(struct og_guard_stmt *stmt, bool is_unknown)
{
    const struct og_facts *facts = &stmt->facts;
    bool is_all = strcmp(facts->kind, "DISCARD") == 0;

    if (strcmp(facts->kind, "PREPARE") == 0 && facts->session_name)
        remember(stmt, false);
    else if (strcmp(facts->kind, "DECLARE") == 0 && facts->session_name)
        remember(stmt, true);
    else if (is_all || strcmp(facts->kind, "DEALLOCATE") == 0)
        forget(stmt->dbc, false, is_all ? NULL : facts->session_name);
    /* Somebody's code may have closed a cursor and opened another of its name. */
    if (is_all || is_unknown || strcmp(facts->kind, "CLOSE") == 0)
        forget(stmt->dbc, true, is_all || is_unknown ? NULL : facts->session_name);
}

void og_guard_session_follow(struct og_guard_stmt *stmt, bool is_success)
{
    struct og_guard_dbc *dbc = stmt->dbc;
    const struct og_facts *facts = &stmt->facts;
    bool is_unknown = facts->refusal.what || calls_user_code(facts);
    bool goes_back = facts->is_transaction_control && strcmp(facts->kind, "ROLLBACK TO") == 0;

    if (dbc->dialect != OG_DIALECT_POSTGRESQL)
        return;
    if (is_success && (facts->changes_resolution || is_unknown || makes_temporary(facts)))
        dbc->must_look = dbc->has_moved = true;
    if (dbc->has_moved && (goes_back || !is_success))
        dbc->must_look = true;
    if (facts->changes_catalog || is_unknown || goes_back)
        drop_overlay(dbc);
    if (is_success)
        follow_names(stmt, is_unknown);
}

void og_guard_session_ended(struct og_guard_dbc *dbc)
{
    if (dbc->dialect != OG_DIALECT_POSTGRESQL)
        return;
    drop_overlay(dbc);
    dbc->must_look = dbc->must_look || dbc->has_moved;
    dbc->has_moved = false;
}

void og_guard_session_leave(struct og_guard_dbc *dbc)
{
    drop_overlay(dbc);
}

void og_guard_session_release(struct og_guard_dbc *dbc)
{
    forget(dbc, false, NULL);
    forget(dbc, true, NULL);
    dbc->overlay = og_pg_catalog_free(dbc->overlay);
}

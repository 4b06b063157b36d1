/* SPDX-License-Identifier: MIT */
#include "driver/guard.h"

#include <inttypes.h>
#include <string.h>

#define SAVEPOINT_NAME "odbcguard_rows"

/* Rows of user tables that this backend changed and has not reported yet. It only grows inside of a
 * transaction, and what a savepoint took back stays counted: a difference is what one statement did,
 * by cascades and triggers too. Source: PostgreSQL 15, "The Cumulative Statistics System". */
#define COUNT_QUERY                                                                        \
    "SELECT CASE WHEN pg_catalog.current_setting('track_counts') = 'on' "                  \
    "THEN coalesce(pg_catalog.sum(n_tup_ins + n_tup_upd + n_tup_del), 0) ELSE -1 END "     \
    "FROM pg_catalog.pg_stat_xact_user_tables"

#define UNKNOWN UINT64_MAX

static SQLRETURN fail(struct og_guard_stmt *stmt, const char *text)
{
    og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false, "%s", text);
    return SQL_ERROR;
}

/* ---- turns ---- */

void og_turn_take(struct og_guard_dbc *dbc)
{
    (void)pthread_rwlock_rdlock(&dbc->turn);
}

void og_turn_give(struct og_guard_dbc *dbc)
{
    (void)pthread_rwlock_unlock(&dbc->turn);
}

/* ---- PostgreSQL: by a statement of ours on the application's connection ---- */

static bool helper_run(struct og_guard_stmt *stmt, const char *sql)
{
    SQLHSTMT helper = stmt->measure.helper;

    return helper && SQL_SUCCEEDED(stmt->object.calls->SQLExecDirect(
                         helper, (SQLCHAR *)(uintptr_t)sql, SQL_NTS));
}

/* Whether the helper failed only because the transaction is broken already. */
static bool is_aborted(struct og_guard_stmt *stmt)
{
    SQLCHAR sqlstate[6] = "", text[SQL_MAX_MESSAGE_LENGTH + 1];
    SQLINTEGER native;
    SQLSMALLINT n;

    return stmt->measure.helper &&
           SQL_SUCCEEDED(stmt->object.calls->SQLGetDiagRec(SQL_HANDLE_STMT, stmt->measure.helper, 1,
                                                           sqlstate, &native, text, sizeof(text),
                                                           &n)) &&
           memcmp(sqlstate, "25P02", 5) == 0;
}

/* Returns: the count; UNKNOWN. */
static uint64_t helper_count(struct og_guard_stmt *stmt)
{
    const struct og_calls *calls = stmt->object.calls;
    SQLBIGINT count = -1;
    SQLLEN indicator = 0;

    if (!helper_run(stmt, COUNT_QUERY))
        return UNKNOWN;
    if (!SQL_SUCCEEDED(calls->SQLFetch(stmt->measure.helper)) ||
        !SQL_SUCCEEDED(calls->SQLGetData(stmt->measure.helper, 1, SQL_C_SBIGINT, &count,
                                         sizeof(count), &indicator)))
        count = -1;
    (void)calls->SQLFreeStmt(stmt->measure.helper, SQL_CLOSE);
    return count < 0 ? UNKNOWN : (uint64_t)count;
}

static void free_helper(struct og_guard_stmt *stmt)
{
    if (stmt->measure.helper)
        (void)stmt->object.calls->SQLFreeHandle(SQL_HANDLE_STMT, stmt->measure.helper);
    stmt->measure.helper = NULL;
}

static bool switch_autocommit(struct og_guard_dbc *dbc, bool is_on)
{
    SQLULEN value = is_on ? SQL_AUTOCOMMIT_ON : SQL_AUTOCOMMIT_OFF;

    return SQL_SUCCEEDED(dbc->object.calls->SQLSetConnectAttr(
        dbc->object.below, SQL_ATTR_AUTOCOMMIT, (SQLPOINTER)(uintptr_t)value, SQL_IS_UINTEGER));
}

static bool begin_postgresql(struct og_guard_stmt *stmt)
{
    struct og_guard_measure *measure = &stmt->measure;
    struct og_guard_dbc *dbc = stmt->dbc;

    if (!SQL_SUCCEEDED(dbc->object.calls->SQLAllocHandle(SQL_HANDLE_STMT, dbc->object.below,
                                                         &measure->helper))) {
        measure->helper = NULL;
        return false;
    }
    if (!measure->is_inside && dbc->is_autocommit) {
        measure->is_switched = switch_autocommit(dbc, false);
        if (!measure->is_switched)
            return false;
    }
    if (measure->is_inside && !helper_run(stmt, "SAVEPOINT " SAVEPOINT_NAME)) {
        /* Nothing can change rows in a broken transaction: the server says so itself. */
        measure->is_on = !is_aborted(stmt);
        if (!measure->is_on)
            free_helper(stmt);
        return !measure->is_on;
    }
    measure->before = helper_count(stmt);
    return true;
}

static bool end_postgresql(struct og_guard_stmt *stmt, bool is_kept)
{
    struct og_guard_dbc *dbc = stmt->dbc;

    if (stmt->measure.is_inside) {
        if (!is_kept && !helper_run(stmt, "ROLLBACK TO SAVEPOINT " SAVEPOINT_NAME))
            return false;
        return helper_run(stmt, "RELEASE SAVEPOINT " SAVEPOINT_NAME);
    }
    if (is_kept && !stmt->measure.is_switched)
        return true; /* the application's own transaction from now on */
    return SQL_SUCCEEDED(dbc->object.calls->SQLEndTran(SQL_HANDLE_DBC, dbc->object.below,
                                                       is_kept ? SQL_COMMIT : SQL_ROLLBACK));
}

/* ---- SQLite: by the engine's own handle ---- */

static bool begin_sqlite(struct og_guard_stmt *stmt)
{
    struct og_guard_dbc *dbc = stmt->dbc;

    stmt->measure.is_inside = og_sqlite_is_in_transaction(dbc->analyser);
    stmt->measure.before = og_sqlite_total_changes(dbc->analyser);
    /* With autocommit off the driver begins by itself, and fails where somebody did before. */
    if (!stmt->measure.is_inside && !dbc->is_autocommit)
        return true;
    return og_sqlite_savepoint(dbc->analyser, OG_SAVEPOINT_SET) == 0;
}

static bool end_sqlite(struct og_guard_stmt *stmt, bool is_kept)
{
    struct og_guard_dbc *dbc = stmt->dbc;
    SQLRETURN code;

    if (stmt->measure.is_inside || dbc->is_autocommit)
        return og_sqlite_savepoint(dbc->analyser,
                                   is_kept ? OG_SAVEPOINT_KEEP : OG_SAVEPOINT_BACK) == 0;
    if (is_kept)
        return true;
    if (og_sqlite_permit_transaction(dbc->analyser) != 0)
        return false;
    code = dbc->object.calls->SQLEndTran(SQL_HANDLE_DBC, dbc->object.below, SQL_ROLLBACK);
    return SQL_SUCCEEDED(code);
}

/* ---- either ---- */

static bool is_sqlite(const struct og_guard_stmt *stmt)
{
    return stmt->dbc->dialect == OG_DIALECT_SQLITE;
}

static void give_up(struct og_guard_stmt *stmt)
{
    struct og_guard_measure *measure = &stmt->measure;

    free_helper(stmt);
    if (measure->is_switched)
        (void)switch_autocommit(stmt->dbc, true);
    measure->is_switched = false;
    measure->is_on = false;
    og_turn_give(stmt->dbc);
}

void og_measure_reset(struct og_guard_stmt *stmt)
{
    stmt->measure = (struct og_guard_measure){.is_on = false};
}

SQLRETURN og_measure_begin(struct og_guard_stmt *stmt)
{
    struct og_guard_measure *measure = &stmt->measure;
    bool is_ready;

    if (!stmt->verdict.needs_measure && !measure->is_known) {
        og_turn_take(stmt->dbc);
        return SQL_SUCCESS;
    }
    (void)pthread_rwlock_wrlock(&stmt->dbc->turn);
    measure->is_on = true;
    measure->is_inside = stmt->dbc->is_in_transaction;
    (void)pthread_mutex_lock(&stmt->dbc->lock);
    is_ready = is_sqlite(stmt) ? begin_sqlite(stmt) : begin_postgresql(stmt);
    (void)pthread_mutex_unlock(&stmt->dbc->lock);
    if (is_ready)
        return SQL_SUCCESS;
    give_up(stmt);
    return fail(stmt, "[rows] the rows that this write changes cannot be counted (no savepoint or "
                      "transaction could be opened): close other cursors, or try again");
}

/* Whether the driver's own count can stand for the whole write. */
static bool is_plain_write(const struct og_facts *facts)
{
    size_t n = 0;

    for (size_t i = 0; i < facts->n_effects; i++)
        n += og_effect_changes(facts->effects[i].effect);
    return n == 1 && !facts->returns_rows;
}

/* Returns: rows changed, UNKNOWN. */
static uint64_t count(struct og_guard_stmt *stmt)
{
    struct og_guard_measure *measure = &stmt->measure;
    uint64_t now = is_sqlite(stmt) ? og_sqlite_total_changes(stmt->dbc->analyser)
                                   : helper_count(stmt);
    uint64_t by_engine = now == UNKNOWN || measure->before == UNKNOWN || now < measure->before
                             ? UNKNOWN
                             : now - measure->before;
    SQLLEN by_driver = -1;

    if (!stmt->facts.returns_rows)
        (void)stmt->object.calls->SQLRowCount(stmt->object.below, &by_driver);
    if (by_engine == UNKNOWN)
        return by_driver >= 0 && is_plain_write(&stmt->facts) ? (uint64_t)by_driver : UNKNOWN;
    return by_driver > 0 && (uint64_t)by_driver > by_engine ? (uint64_t)by_driver : by_engine;
}

/* A grant is for exactly the rows that were measured when it was asked for. */
static bool is_within(const struct og_guard_stmt *stmt, uint64_t rows)
{
    const struct og_guard_measure *measure = &stmt->measure;

    if (rows == UNKNOWN)
        return false;
    if (!measure->is_known)
        return rows <= stmt->verdict.rows_bound;
    return stmt->verdict.kind == OG_VERDICT_APPROVE ? rows == measure->rows : rows <= measure->rows;
}

static void add_commit_error(struct og_guard_stmt *stmt)
{
    struct og_guard_dbc *dbc = stmt->dbc;
    SQLCHAR sqlstate[6] = "HY000", text[SQL_MAX_MESSAGE_LENGTH + 1] = "";
    SQLINTEGER native = 0;
    SQLSMALLINT n;

    if (is_sqlite(stmt))
        og_sqlite_error(dbc->analyser, (char *)text, sizeof(text));
    else
        (void)dbc->object.calls->SQLGetDiagRec(SQL_HANDLE_DBC, dbc->object.below, 1, sqlstate,
                                               &native, text, sizeof(text), &n);
    og_diag_add_raw(&stmt->object.diag, (const char *)sqlstate, native,
                    stmt->verdict.touches_masked ? "[odbcguard] the write could not be committed"
                                                 : (const char *)text);
}

static SQLRETURN take_back(struct og_guard_stmt *stmt, uint64_t rows)
{
    struct og_guard_measure *measure = &stmt->measure;
    bool is_back;

    (void)stmt->object.calls->SQLFreeStmt(stmt->object.below, SQL_CLOSE);
    is_back = is_sqlite(stmt) ? end_sqlite(stmt, false) : end_postgresql(stmt, false);
    if (!is_back)
        return fail(stmt, "[rows] this write changed more rows than the rules allow and could not be "
                          "taken back by itself: roll the transaction back");
    if (rows == UNKNOWN)
        return fail(stmt, "[rows] the rows that this write changed cannot be counted, so it was "
                          "taken back: write one table by one plain statement, or have the server "
                          "set track_counts = on");
    if (measure->is_known) {
        og_diag_add(&stmt->object.diag, OG_ERR_ANSWERED, false,
                    "[rows] the write changed %" PRIu64 " rows now and not the %" PRIu64 " that were "
                    "measured when it was asked for, so it was taken back: send it again to have "
                    "it asked for again", rows, measure->rows);
        return SQL_ERROR;
    }
    measure->is_taken_back = true;
    measure->rows = rows;
    return SQL_ERROR;
}

static SQLRETURN settle_locked(struct og_guard_stmt *stmt, SQLRETURN code)
{
    uint64_t rows = 0;

    if (!SQL_SUCCEEDED(code) && code != SQL_NO_DATA) {
        /* A failed statement changed nothing. A savepoint stays with its transaction: the real
         * driver may have ended that already. */
        if (!stmt->measure.is_inside && stmt->dbc->is_autocommit)
            (void)(is_sqlite(stmt) ? end_sqlite(stmt, false) : end_postgresql(stmt, false));
        else if (is_sqlite(stmt) && stmt->measure.is_inside)
            (void)end_sqlite(stmt, true);
        return code;
    }
    if (code != SQL_NO_DATA || !is_plain_write(&stmt->facts))
        rows = count(stmt);
    if (!is_within(stmt, rows))
        return take_back(stmt, rows);
    if (is_sqlite(stmt) ? end_sqlite(stmt, true) : end_postgresql(stmt, true))
        return code;
    add_commit_error(stmt);
    (void)stmt->object.calls->SQLFreeStmt(stmt->object.below, SQL_CLOSE);
    (void)(is_sqlite(stmt) ? end_sqlite(stmt, false) : end_postgresql(stmt, false));
    return SQL_ERROR;
}

SQLRETURN og_measure_settle(struct og_guard_stmt *stmt, SQLRETURN code)
{
    if (!stmt->measure.is_on) {
        og_turn_give(stmt->dbc);
        return code;
    }
    (void)pthread_mutex_lock(&stmt->dbc->lock);
    code = settle_locked(stmt, code);
    (void)pthread_mutex_unlock(&stmt->dbc->lock);
    give_up(stmt);
    return code;
}

void og_measure_drop(struct og_guard_stmt *stmt)
{
    if (stmt->measure.is_on && stmt->measure.is_inside && !is_sqlite(stmt))
        (void)end_postgresql(stmt, true);
    (void)og_measure_settle(stmt, SQL_ERROR);
}

bool og_measure_again(struct og_guard_stmt *stmt)
{
    if (!stmt->measure.is_taken_back)
        return false;
    stmt->measure.is_taken_back = false;
    stmt->measure.is_known = true;
    (void)pthread_mutex_lock(&stmt->dbc->lock);
    if (!stmt->measure.is_inside)
        stmt->dbc->is_in_transaction = false; /* it was the write's own, and is over */
    (void)pthread_mutex_unlock(&stmt->dbc->lock);
    return true;
}

/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "driver/guard.h"

#include <inttypes.h>
#include <string.h>

#define SAVEPOINT_NAME "odbcguard_rows"

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
    if (measure->is_inside && !og_helper_run(stmt, "SAVEPOINT " SAVEPOINT_NAME)) {
        /* Nothing can change rows in a broken transaction: the server says so itself. */
        measure->is_on = !is_aborted(stmt);
        if (!measure->is_on)
            free_helper(stmt);
        return !measure->is_on;
    }
    og_count_start(stmt);
    return true;
}

static bool end_postgresql(struct og_guard_stmt *stmt, bool is_kept)
{
    struct og_guard_dbc *dbc = stmt->dbc;

    if (stmt->measure.is_inside) {
        if (!is_kept && !og_helper_run(stmt, "ROLLBACK TO SAVEPOINT " SAVEPOINT_NAME))
            return false;
        return og_helper_run(stmt, "RELEASE SAVEPOINT " SAVEPOINT_NAME);
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
    stmt->measure.last_row = og_sqlite_last_row(dbc->analyser);
    og_count_start(stmt);
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
        return og_sqlite_savepoint(dbc->analyser, is_kept                   ? OG_SAVEPOINT_KEEP
                                                  : stmt->measure.is_inside ? OG_SAVEPOINT_BACK
                                                                            : OG_SAVEPOINT_WHOLE) ==
               0;
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

    og_count_drop(stmt);
    og_sample_drop(stmt);
    free_helper(stmt);
    if (measure->is_switched)
        (void)switch_autocommit(stmt->dbc, true);
    measure->is_switched = false;
    measure->is_rehearsal = false;
    measure->is_on = false;
    og_turn_give(stmt->dbc);
}

void og_measure_reset(struct og_guard_stmt *stmt)
{
    og_rehearsal_reset(&stmt->rehearsal);
    stmt->measure = (struct og_guard_measure){.is_on = false};
}

/* A grant is for the effect that was measured when it was asked for, as far as its rules bear a
 * difference, or for as many rows as the approver said; and never for more than rules asked for. */
static bool is_granted(struct og_guard_stmt *stmt, uint64_t rows)
{
    const struct og_guard_rehearsal *rehearsal = &stmt->rehearsal;
    uint64_t granted = og_measured_total(&rehearsal->granted);

#ifdef OG_TEST_FAULT
    if (strcmp(OG_TEST_FAULT, "grant-effect") == 0)
        return true;
#endif
    return rehearsal->has_tables &&
           (rehearsal->has_rows_max
                ? rows <= rehearsal->rows_max
                : og_measured_is_same(&rehearsal->granted, &rehearsal->measured,
                                      &rehearsal->drift)) &&
           (rows <= granted || !og_verdict_asks_more(stmt, granted, rows));
}

static bool is_within(struct og_guard_stmt *stmt, uint64_t rows)
{
    const struct og_guard_measure *measure = &stmt->measure;

    if (rows == OG_UNKNOWN_ROWS) /* no matter where only an undo set is wanted */
        return !stmt->verdict.needs_measure && !measure->is_known && !stmt->rehearsal.has_granted;
    if (stmt->rehearsal.has_granted)
        return is_granted(stmt, rows);
    if (!measure->is_known)
        return !stmt->verdict.needs_measure || rows <= stmt->verdict.rows_bound;
    return stmt->verdict.kind == OG_VERDICT_APPROVE ? rows == measure->rows : rows <= measure->rows;
}

/* What failed when the write was to stay: the commit, or what it would have checked. helper: NULL for
 * the connection's own record. */
static void add_late_error(struct og_guard_stmt *stmt, SQLHSTMT helper)
{
    struct og_guard_dbc *dbc = stmt->dbc;
    SQLCHAR sqlstate[6] = "HY000", text[SQL_MAX_MESSAGE_LENGTH + 1] = "";
    SQLINTEGER native = 0;
    SQLSMALLINT n;

    if (is_sqlite(stmt))
        og_sqlite_error(dbc->analyser, (char *)text, sizeof(text));
    else
        (void)dbc->object.calls->SQLGetDiagRec(helper ? SQL_HANDLE_STMT : SQL_HANDLE_DBC,
                                               helper ? helper : dbc->object.below, 1, sqlstate,
                                               &native, text, sizeof(text), &n);
    og_diag_add_raw(&stmt->object.diag, (const char *)sqlstate, native,
                    stmt->verdict.touches_masked ? "[odbcguard] the write could not be committed"
                                                 : (const char *)text);
}

static bool end(struct og_guard_stmt *stmt, bool is_kept)
{
    return is_sqlite(stmt) ? end_sqlite(stmt, is_kept) : end_postgresql(stmt, is_kept);
}

/* What only the commit would do is done now where the commit follows at once: what deferred triggers
 * change is counted, what deferred constraints refuse is told. */
static bool check_deferred(struct og_guard_stmt *stmt)
{
    if (stmt->measure.is_inside || !stmt->dbc->is_autocommit)
        return true;
    if (is_sqlite(stmt)) {
        /* Keeping the write finds it too, and says it in the engine's words. */
        if (!stmt->measure.is_rehearsal || !og_sqlite_has_broken_keys(stmt->dbc->analyser))
            return true;
        og_diag_add_raw(&stmt->object.diag, "HY000", SQLITE_CONSTRAINT,
                        "[odbcguard] FOREIGN KEY constraint failed");
        return false;
    }
    if (og_helper_run(stmt, "SET CONSTRAINTS ALL IMMEDIATE"))
        return true;
    add_late_error(stmt, stmt->measure.helper);
    return false;
}

/* The error of a write that is another one than was approved. */
static SQLRETURN refuse_drift(struct og_guard_stmt *stmt)
{
    const struct og_guard_rehearsal *rehearsal = &stmt->rehearsal;
    bool is_told = og_verdict_may_read(stmt, &rehearsal->measured) &&
                   og_verdict_may_read(stmt, &rehearsal->granted);
    uint64_t approved = og_measured_total(&rehearsal->granted);
    char digits[32];
    struct og_buf now, then;

    og_buf_init(&now, 4096);
    og_buf_init(&then, 4096);
    if (is_told && rehearsal->has_tables) {
        og_measured_words(&rehearsal->measured, &now);
        if (rehearsal->has_rows_max) {
            approved = rehearsal->rows_max;
            og_buf_printf(&then, "at most %s rows", og_measured_digits(approved, digits));
        } else {
            og_measured_words(&rehearsal->granted, &then);
        }
        og_diag_add(&stmt->object.diag, OG_ERR_ANSWERED, false,
                    "[approval] the write changed %s now and not the %s that were approved, so it was "
                    "taken back and the approval is void: send it again to have it measured and asked "
                    "for again\nrequest=%s rows=%" PRIu64 " rows_approved=%" PRIu64,
                    og_buf_str(&now), og_buf_str(&then), stmt->grant,
                    og_measured_total(&rehearsal->measured), approved);
    } else {
        og_diag_add(&stmt->object.diag, OG_ERR_ANSWERED, false,
                    "[approval] the write changed other rows now than were approved, so it was taken "
                    "back and the approval is void: send it again to have it measured and asked for "
                    "again\nrequest=%s", stmt->grant);
    }
    og_buf_release(&now);
    og_buf_release(&then);
    return SQL_ERROR;
}

/* As if it had not run: what no transaction takes back, too. */
static bool end_untouched(struct og_guard_stmt *stmt)
{
    bool is_ended = end(stmt, false);

    if (is_sqlite(stmt))
        og_sqlite_set_last_row(stmt->dbc->analyser, stmt->measure.last_row);
    return is_ended;
}

static SQLRETURN take_back(struct og_guard_stmt *stmt, uint64_t rows)
{
    struct og_guard_measure *measure = &stmt->measure;

    og_undo_drop(stmt);
    (void)stmt->object.calls->SQLFreeStmt(stmt->object.below, SQL_CLOSE);
    if (!end_untouched(stmt))
        return fail(stmt, "[rows] this write was to be taken back and could not be by itself: roll the "
                          "transaction back");
    if (measure->is_rehearsal) {
        measure->is_known = stmt->rehearsal.is_done = rows != OG_UNKNOWN_ROWS &&
                                                      stmt->rehearsal.has_tables;
        measure->rows = rows;
        return SQL_SUCCESS;
    }
    if (stmt->rehearsal.has_granted) {
        stmt->rehearsal.is_void = true;
        return refuse_drift(stmt);
    }
    if (rows == OG_UNKNOWN_ROWS)
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

/* A failed statement changed nothing. A savepoint stays with its transaction: the real driver may have
 * ended that already. */
static void end_failed(struct og_guard_stmt *stmt)
{
    if (stmt->measure.is_rehearsal)
        (void)end_untouched(stmt);
    else if (!stmt->measure.is_inside && stmt->dbc->is_autocommit)
        (void)end(stmt, false);
    else if (is_sqlite(stmt) && stmt->measure.is_inside)
        (void)end(stmt, true);
}

/* Its undo set could not be kept, and the record says so. */
static SQLRETURN undo_unkept(struct og_guard_stmt *stmt)
{
    og_undo_drop(stmt);
    (void)stmt->object.calls->SQLFreeStmt(stmt->object.below, SQL_CLOSE);
    if (end(stmt, false))
        return SQL_ERROR;
    return fail(stmt, "[undo] the write could not be taken back by itself: roll the transaction back");
}

static SQLRETURN settle_locked(struct og_guard_stmt *stmt, SQLRETURN code)
{
    uint64_t rows;

    if (!SQL_SUCCEEDED(code) && code != SQL_NO_DATA) {
        og_undo_drop(stmt);
        end_failed(stmt);
        return code;
    }
    if (!check_deferred(stmt)) {
        og_undo_drop(stmt);
        (void)stmt->object.calls->SQLFreeStmt(stmt->object.below, SQL_CLOSE);
        stmt->object.shows_below = false;
        (void)end(stmt, false);
        return SQL_ERROR;
    }
    rows = og_count_end(stmt);
    if (stmt->measure.is_rehearsal) {
        og_rehearsal_note(stmt);
        og_rehearsal_shares(stmt);
        og_sample_end(stmt);
        return take_back(stmt, rows);
    }
    if (!is_within(stmt, rows))
        return take_back(stmt, rows);
    if (og_undo_keep(stmt) != SQL_SUCCESS)
        return undo_unkept(stmt);
    if (end(stmt, true)) {
        og_undo_settled(stmt, stmt->measure.is_inside || !stmt->dbc->is_autocommit);
        return code;
    }
    add_late_error(stmt, NULL);
    og_undo_drop(stmt);
    (void)stmt->object.calls->SQLFreeStmt(stmt->object.below, SQL_CLOSE);
    (void)end(stmt, false);
    return SQL_ERROR;
}

SQLRETURN og_measure_begin(struct og_guard_stmt *stmt)
{
    struct og_guard_measure *measure = &stmt->measure;
    SQLRETURN code = SQL_SUCCESS;
    bool is_ready;

    if (!stmt->verdict.needs_measure && !measure->is_known && !measure->is_rehearsal &&
        !stmt->rehearsal.has_granted && !stmt->undo.is_wanted && !stmt->undo.command) {
        og_turn_take(stmt->dbc);
        return SQL_SUCCESS;
    }
    (void)pthread_rwlock_wrlock(&stmt->dbc->turn);
    measure->is_on = true;
    measure->is_inside = stmt->dbc->is_in_transaction;
    (void)pthread_mutex_lock(&stmt->dbc->lock);
    is_ready = is_sqlite(stmt) ? begin_sqlite(stmt) : begin_postgresql(stmt);
    if (is_ready && measure->is_on && measure->is_rehearsal)
        og_sample_begin(stmt);
    else if (is_ready && measure->is_on)
        code = og_undo_begin(stmt);
    if (code != SQL_SUCCESS)
        (void)settle_locked(stmt, SQL_ERROR);
    (void)pthread_mutex_unlock(&stmt->dbc->lock);
    if (is_ready && code == SQL_SUCCESS)
        return SQL_SUCCESS;
    give_up(stmt);
    if (is_ready)
        return code;
    return fail(stmt, "[rows] the rows that this write changes cannot be counted (no savepoint or "
                      "transaction could be opened): close other cursors, or try again");
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
    stmt->rehearsal.is_done = stmt->rehearsal.has_tables;
    (void)pthread_mutex_lock(&stmt->dbc->lock);
    if (!stmt->measure.is_inside)
        stmt->dbc->is_in_transaction = false; /* it was the write's own, and is over */
    (void)pthread_mutex_unlock(&stmt->dbc->lock);
    return true;
}

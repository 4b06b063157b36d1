/* SPDX-License-Identifier: MIT */
/* SQL text in, execution: prepare, execute, and how an execution ends. Nothing goes down before
 * guard_gate.c let it pass. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "driver/guard.h"

/* Returns as og_sqlite_permit_again. */
static int permit(struct og_guard_stmt *stmt)
{
    struct og_guard_dbc *dbc = stmt->dbc;

    /* Observed, not understood: there are no facts to hold the engine to. */
    if (stmt->facts.refusal.what && stmt->verdict.is_observed)
        return og_sqlite_permit_all(dbc->analyser);
    return og_sqlite_permit_again(dbc->analyser, &stmt->facts, stmt->verdict.masked_columns,
                                  stmt->is_prepared ? stmt->verdict_number : 0);
}

/* On SQLite what compiles next may touch only what the facts list; the lock makes that and the
 * compile one step. PostgreSQL needs no lock while the server works. */
SQLRETURN og_run_permit(struct og_guard_stmt *stmt)
{
    struct og_guard_dbc *dbc = stmt->dbc;
    int r;

    if (dbc->dialect != OG_DIALECT_SQLITE)
        return SQL_SUCCESS;
    (void)pthread_mutex_lock(&dbc->lock);
    r = permit(stmt);
    if (r > 0 && og_gate_stop_reading(stmt, r))
        r = permit(stmt);
    if (r == 0)
        return SQL_SUCCESS;
    if (r > 0) { /* locked, interrupted: as the real driver hands it up */
        char engine[200], text[256];

        og_sqlite_error(dbc->analyser, engine, sizeof(engine));
        (void)snprintf(text, sizeof(text), "[SQLite]%s (%d)", engine, r);
        og_diag_add_raw(&stmt->object.diag, "HY000", r, text);
    }
    (void)pthread_mutex_unlock(&dbc->lock);
    if (r > 0)
        return SQL_ERROR;
    og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false,
                r == -ESTALE ? "[sqlite] the schema changed while the statement was decided: send "
                               "it again"
                             : "[sqlite] the engine's authorizer could not be set: connect again");
    return SQL_ERROR;
}

void og_run_permitted(struct og_guard_stmt *stmt)
{
    if (stmt->dbc->dialect == OG_DIALECT_SQLITE)
        (void)pthread_mutex_unlock(&stmt->dbc->lock);
}

static SQLRETURN note_masks(struct og_guard_stmt *stmt, SQLRETURN code)
{
    struct og_buf names;

    if (!stmt->dbc->conf->shows_masks || !stmt->verdict.masks_any || !SQL_SUCCEEDED(code))
        return code;
    og_buf_init(&names, 1024);
    for (size_t i = 0; i < stmt->verdict.n_masks && i < stmt->facts.n_results; i++)
        if (og_mask_is_plan(&stmt->verdict.masks[i]))
            og_buf_printf(&names, "%s%s", names.n_bytes ? ", " : "",
                          stmt->facts.results[i].label);
    og_diag_add_state(&stmt->object.diag, "01000", "[odbcguard] masked columns: %s",
                      og_buf_str(&names));
    og_buf_release(&names);
    return SQL_SUCCESS_WITH_INFO;
}

/* Whether running it once more changes nothing but what it reads. */
static bool is_plain_read(const struct og_facts *facts)
{
    for (size_t i = 0; i < facts->n_effects; i++)
        if (facts->effects[i].effect != OG_EFFECT_SELECT)
            return false;
    for (size_t i = 0; i < facts->n_functions; i++)
        if (!facts->functions[i].is_harmless)
            return false;
    return facts->n_effects && !facts->refusal.what;
}

/* Between execution and the first row: what the plan was made from must still be what the server
 * answered from. A plain read that can run again is let go of without a word. */
static SQLRETURN check_stamp(struct og_guard_stmt *stmt)
{
    uint8_t now[32];
    bool is_same;

    if (!stmt->has_stamp)
        return SQL_SUCCESS;
    (void)pthread_mutex_lock(&stmt->dbc->lock);
    is_same = og_pg_catalog_stamp(og_guard_session_catalog(stmt->dbc), now) == 0 &&
              memcmp(now, stmt->stamp, sizeof(now)) == 0;
    if (!is_same) {
        stmt->dbc->catalog_version++;
        stmt->dbc->catalog_checked_ms = 0;
    }
    (void)pthread_mutex_unlock(&stmt->dbc->lock);
    if (is_same)
        return SQL_SUCCESS;
    (void)stmt->object.calls->SQLFreeStmt(stmt->object.below, SQL_CLOSE);
    stmt->is_outdated = stmt->n_looks + 1 < OG_MAX_CATALOG_LOOKS && is_plain_read(&stmt->facts);
    if (!stmt->is_outdated)
        og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false,
                    "[catalog] the catalog changed while the statement ran, so its masks may not "
                    "fit: run the statement again");
    return SQL_ERROR;
}

/* What somebody changed the catalog under is run again, a few times. */
static bool is_run_again(struct og_guard_stmt *stmt)
{
    if (!stmt->is_outdated)
        return og_measure_again(stmt);
    stmt->is_outdated = false;
    stmt->n_looks++;
    return true;
}

/* After the layer below ran the statement. */
static SQLRETURN executed(struct og_guard_stmt *stmt, SQLRETURN code)
{
    SQLLEN n_rows = 0;

    if (code == SQL_NEED_DATA) {
        stmt->n_looks = OG_MAX_CATALOG_LOOKS; /* its data is gone when it ends: nothing to run again */
        og_measure_drop(stmt);
        stmt->state = OG_STMT_RUNNING;
        return og_guard_below(stmt, code);
    }
    code = og_measure_settle(stmt, og_guard_below(stmt, code));
    if (!SQL_SUCCEEDED(code)) {
        stmt->state = stmt->is_prepared ? OG_STMT_PREPARED : OG_STMT_EMPTY;
        og_gate_finish(stmt, code == SQL_NO_DATA ? SQL_SUCCESS : code);
        return code;
    }
    stmt->state = OG_STMT_OPEN;
    if (check_stamp(stmt) != SQL_SUCCESS || og_rows_open(stmt) != SQL_SUCCESS) {
        og_gate_finish(stmt, SQL_ERROR);
        stmt->state = stmt->is_prepared ? OG_STMT_PREPARED : OG_STMT_EMPTY;
        return SQL_ERROR;
    }
    if (!stmt->facts.returns_rows && !stmt->facts.refusal.what &&
        code == SQL_SUCCESS_WITH_INFO && stmt->object.shows_below) {
        og_gate_owe(stmt);
    } else if (!stmt->facts.returns_rows && !stmt->facts.refusal.what) {
        if (SQL_SUCCEEDED(stmt->object.calls->SQLRowCount(stmt->object.below, &n_rows)) &&
            n_rows > 0)
            stmt->n_rows = (uint64_t)n_rows;
        og_gate_finish(stmt, SQL_SUCCESS);
    }
    return note_masks(stmt, code);
}

/* A new text or execution ends what was open before. */
static void begin(struct og_guard_stmt *stmt, const char *api)
{
    og_guard_enter(&stmt->object);
    og_opaque_restore(stmt);
    og_positioned_drop(stmt);
    og_gate_settle(stmt);
    og_gate_finish(stmt, SQL_SUCCESS);
    og_measure_reset(stmt);
    og_cursor_drop(stmt);
    stmt->undo.is_done = false;
    stmt->api = api;
}

SQLRETURN og_run_prepare(struct og_guard_stmt *stmt, const void *text, SQLINTEGER n_units,
                         bool is_wide)
{
    SQLRETURN code;

    stmt->is_prepared = false;
    stmt->state = OG_STMT_EMPTY;
    code = og_guard_text_take(stmt, text, n_units, is_wide);
    if (code == SQL_SUCCESS && og_undo_is_command(stmt)) {
        og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false,
                    "[undo] `odbcguard undo` cannot be prepared: execute it directly");
        return SQL_ERROR;
    }
    if (code == SQL_SUCCESS)
        code = og_gate_judge(stmt);
    if (code == SQL_SUCCESS)
        code = og_run_permit(stmt);
    if (code != SQL_SUCCESS)
        return code;
    code = is_wide ? stmt->object.calls->SQLPrepareW(stmt->object.below, stmt->text.sent,
                                                     stmt->text.n_sent)
                   : stmt->object.calls->SQLPrepare(stmt->object.below, stmt->text.sent,
                                                    stmt->text.n_sent);
    og_run_permitted(stmt);
    if (SQL_SUCCEEDED(code)) {
        stmt->is_prepared = true;
        stmt->state = OG_STMT_PREPARED;
    }
    return og_guard_below(stmt, code);
}

static SQLRETURN SQL_API guard_SQLPrepare(SQLHSTMT handle, SQLCHAR *text, SQLINTEGER n_chars)
{
    struct og_guard_stmt *stmt = handle;

    begin(stmt, "SQLPrepare");
    og_amend_forget(stmt);
    return og_run_prepare(stmt, text, n_chars, false);
}

static SQLRETURN SQL_API guard_SQLPrepareW(SQLHSTMT handle, SQLWCHAR *text, SQLINTEGER n_chars)
{
    struct og_guard_stmt *stmt = handle;

    begin(stmt, "SQLPrepare");
    og_amend_forget(stmt);
    return og_run_prepare(stmt, text, n_chars, true);
}

/* What masks is checked against the catalog once more after it ran. Returns SQL_STILL_EXECUTING when the
 * catalog has moved on since the statement was judged. */
static SQLRETURN take_stamp(struct og_guard_stmt *stmt)
{
    struct og_pg_catalog *catalog;
    bool is_stale;
    int r;

    stmt->has_stamp = false;
    if (!stmt->dbc->catalog || !stmt->verdict.touches_masked || stmt->facts.changes_catalog)
        return SQL_SUCCESS;
    (void)pthread_mutex_lock(&stmt->dbc->lock);
    catalog = og_guard_session_catalog(stmt->dbc);
    r = og_pg_catalog_stamp(catalog, stmt->stamp);
    is_stale = og_pg_catalog_is_stale(catalog);
    (void)pthread_mutex_unlock(&stmt->dbc->lock);
    if (r < 0) {
        og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false,
                    "[catalog] the database's catalog could not be read: connect again");
        return SQL_ERROR;
    }
    stmt->has_stamp = true;
    return is_stale ? SQL_STILL_EXECUTING : SQL_SUCCESS;
}

/* A verdict over a catalog that holds. One that never rests is told after the run. */
static SQLRETURN judge(struct og_guard_stmt *stmt)
{
    SQLRETURN code = SQL_STILL_EXECUTING;

    for (unsigned i = 0; code == SQL_STILL_EXECUTING && i < OG_MAX_CATALOG_LOOKS; i++) {
        code = og_gate_judge(stmt);
        if (code == SQL_SUCCESS)
            code = take_stamp(stmt);
    }
    return code == SQL_STILL_EXECUTING ? SQL_SUCCESS : code;
}

/* An approval took its time, and the statement was judged again after it. */
static SQLRETURN stamp_granted(struct og_guard_stmt *stmt)
{
    SQLRETURN code = stmt->grant[0] ? take_stamp(stmt) : SQL_SUCCESS;

    return code == SQL_STILL_EXECUTING ? SQL_SUCCESS : code;
}

/* What is held from here on the end of the execution gives back. */
static SQLRETURN enter(struct og_guard_stmt *stmt)
{
    SQLRETURN code = og_measure_begin(stmt);

    if (code != SQL_SUCCESS)
        return code;
    code = og_run_permit(stmt);
    if (code != SQL_SUCCESS)
        og_measure_drop(stmt);
    return code;
}

typedef SQLRETURN run_below(struct og_guard_stmt *stmt);

/* Everything from the verdict to the moment before the real driver is called. */
static SQLRETURN clear_for_run(struct og_guard_stmt *stmt, run_below *below)
{
    SQLRETURN code = judge(stmt);

    if (code == SQL_SUCCESS)
        code = og_amend_check(stmt);
    if (code == SQL_SUCCESS)
        code = og_undo_ask(stmt);
    if (code == SQL_SUCCESS)
        code = og_opaque_check(stmt);
    if (code == SQL_SUCCESS)
        code = og_masked_check_params(stmt);
    if (code == SQL_SUCCESS)
        code = og_opaque_swap(stmt);
    if (code == SQL_SUCCESS)
        code = og_rehearse(stmt, below);
    if (code == SQL_SUCCESS)
        code = og_gate_pass(stmt);
    if (code == SQL_SUCCESS)
        code = stamp_granted(stmt);
    if (code == SQL_SUCCESS)
        code = enter(stmt);
    if (code != SQL_SUCCESS) {
        og_opaque_wipe(stmt);
        og_gate_finish(stmt, SQL_ERROR);
    }
    return code;
}

/* Calls the layer below under the limit of time. */
static SQLRETURN run_timed(struct og_guard_stmt *stmt, run_below *below)
{
    uint32_t limit_s = stmt->verdict.runtime_s;
    SQLRETURN code;

    if (limit_s && og_clock_set(stmt, limit_s) < 0) {
        og_diag_add(&stmt->object.diag, OG_ERR_LIMIT, false,
                    "[%s/limits] the limit of %u seconds cannot be kept here: connect again in this "
                    "process", stmt->verdict.runtime_policy, (unsigned)limit_s);
        return SQL_ERROR;
    }
    do {
        code = below(stmt);
    } while (code == SQL_STILL_EXECUTING && og_guard_pause());
    if (limit_s && og_clock_clear(stmt) && code == SQL_ERROR)
        og_diag_add(&stmt->object.diag, OG_ERR_LIMIT, false,
                    "[%s/limits] the statement ran longer than %u seconds and was cancelled: ask "
                    "for less at once\nlimit=runtime seconds_allowed=%u",
                    stmt->verdict.runtime_policy, (unsigned)limit_s, (unsigned)limit_s);
    return code;
}

/* A write that was taken back for its rows is judged again and, where somebody approves it, runs
 * again. What an approver changed runs in the place of what was sent. */
static SQLRETURN run(struct og_guard_stmt *stmt, run_below *below)
{
    SQLRETURN code;
    bool is_over;

    stmt->is_cancelled = stmt->is_outdated = false;
    stmt->n_looks = 0;
    do {
        do {
            code = clear_for_run(stmt, below);
        } while (code == SQL_ERROR && og_amend_take(stmt));
        if (code != SQL_SUCCESS)
            return code;
        stmt->reads_on = false;
        code = run_timed(stmt, below);
        if (code != SQL_NEED_DATA)
            og_opaque_wipe(stmt);
        og_run_permitted(stmt);
        is_over = code == SQL_ERROR && stmt->object.diag.n_records;
        code = executed(stmt, code);
        if (is_over) /* ours says why; the real driver knows only that it was cancelled */
            stmt->object.shows_below = false;
    } while (is_run_again(stmt));
    return og_amend_note(stmt, code);
}

static SQLRETURN exec_below(struct og_guard_stmt *stmt)
{
    const struct og_guard_text *text = &stmt->text;
    SQLRETURN code;

    code = text->is_wide
               ? stmt->object.calls->SQLExecDirectW(stmt->object.below, text->sent, text->n_sent)
               : stmt->object.calls->SQLExecDirect(stmt->object.below, text->sent, text->n_sent);
    return code;
}

static SQLRETURN execute_below(struct og_guard_stmt *stmt)
{
    return stmt->object.calls->SQLExecute(stmt->object.below);
}

static SQLRETURN exec_direct(struct og_guard_stmt *stmt, const void *text, SQLINTEGER n_units,
                             bool is_wide)
{
    SQLRETURN code = og_guard_text_take(stmt, text, n_units, is_wide);

    og_amend_forget(stmt);
    stmt->is_prepared = false;
    if (code == SQL_SUCCESS && og_undo_is_command(stmt))
        return og_undo_run_command(stmt);
    return code == SQL_SUCCESS ? run(stmt, exec_below) : code;
}

static SQLRETURN SQL_API guard_SQLExecDirect(SQLHSTMT handle, SQLCHAR *text, SQLINTEGER n_chars)
{
    struct og_guard_stmt *stmt = handle;

    begin(stmt, "SQLExecDirect");
    return exec_direct(stmt, text, n_chars, false);
}

static SQLRETURN SQL_API guard_SQLExecDirectW(SQLHSTMT handle, SQLWCHAR *text, SQLINTEGER n_chars)
{
    struct og_guard_stmt *stmt = handle;

    begin(stmt, "SQLExecDirect");
    return exec_direct(stmt, text, n_chars, true);
}

static SQLRETURN SQL_API guard_SQLExecute(SQLHSTMT handle)
{
    struct og_guard_stmt *stmt = handle;

    begin(stmt, "SQLExecute");
    if (og_amend_restore(stmt) != SQL_SUCCESS)
        return SQL_ERROR;
    if (!stmt->is_prepared) { /* the real driver knows the right answer to a call out of sequence */
        if (!stmt->text.sent)
            return og_guard_below(stmt, stmt->object.calls->SQLExecute(stmt->object.below));
        og_diag_add_state(&stmt->object.diag, "HY010", "[odbcguard] function sequence error");
        return SQL_ERROR;
    }
    return run(stmt, execute_below);
}

/* The rest of an execution that asked for data: decided and recorded when it began. */
static SQLRETURN SQL_API guard_SQLParamData(SQLHSTMT handle, SQLPOINTER *token)
{
    struct og_guard_stmt *stmt = handle;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    stmt->is_put_null = false;
    if (stmt->positioned)
        return og_positioned_go_on(stmt, token);
    if (stmt->state == OG_STMT_RUNNING) {
        code = enter(stmt);
        if (code != SQL_SUCCESS)
            return code;
    }
    code = stmt->object.calls->SQLParamData(stmt->object.below, token);
    if (stmt->state != OG_STMT_RUNNING)
        return og_guard_below(stmt, code);
    og_run_permitted(stmt);
    code = executed(stmt, code);
    /* Its data is gone with the execution: what would be asked for cannot be run again. */
    if (og_measure_again(stmt))
        og_diag_add(&stmt->object.diag, OG_ERR_DENIED, false,
                    "[rows] this write would change more rows than the rules allow without an "
                    "approval, and parameters sent at execution cannot be bound to one: send them "
                    "as plain parameters");
    return code;
}

static SQLRETURN SQL_API guard_SQLPutData(SQLHSTMT handle, SQLPOINTER data, SQLLEN n_bytes)
{
    struct og_guard_stmt *stmt = handle;

    og_guard_enter(&stmt->object);
    /* psqlODBC writes a piece that follows NULL into memory that it never took. */
    if (stmt->is_put_null && stmt->dbc->dialect == OG_DIALECT_POSTGRESQL) {
        og_diag_add_state(&stmt->object.diag, "HY020",
                          "[odbcguard] attempt to concatenate a null value");
        return SQL_ERROR;
    }
    stmt->is_put_null = n_bytes == SQL_NULL_DATA;
    return og_guard_below(stmt,
                          stmt->object.calls->SQLPutData(stmt->object.below, data, n_bytes));
}

/* Only one statement runs per execution, so a further result is one more parameter set's: the plan
 * is the same, and og_rows_open checks that the columns are. */
static SQLRETURN SQL_API guard_SQLMoreResults(SQLHSTMT handle)
{
    struct og_guard_stmt *stmt = handle;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    og_gate_settle(stmt);
    og_rows_close(stmt);
    code = og_guard_below(stmt, stmt->object.calls->SQLMoreResults(stmt->object.below));
    if (code == SQL_NO_DATA || code == SQL_ERROR)
        og_gate_finish(stmt, code == SQL_ERROR ? SQL_ERROR : SQL_SUCCESS);
    if (SQL_SUCCEEDED(code) && og_rows_open(stmt) != SQL_SUCCESS)
        return SQL_ERROR;
    return code;
}

/* The application closes its result. */
static void close_result(struct og_guard_stmt *stmt)
{
    og_gate_finish(stmt, SQL_SUCCESS);
    stmt->columns = NULL;
    stmt->n_columns = 0;
    stmt->rows.has_row_count = false;
    og_rows_close(stmt);
    if (stmt->state == OG_STMT_OPEN)
        stmt->state = stmt->is_prepared ? OG_STMT_PREPARED : OG_STMT_EMPTY;
}

static SQLRETURN SQL_API guard_SQLFreeStmt(SQLHSTMT handle, SQLUSMALLINT option)
{
    struct og_guard_stmt *stmt = handle;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    og_gate_settle(stmt);
    code = og_guard_below(stmt, stmt->object.calls->SQLFreeStmt(stmt->object.below, option));
    switch (option) {
    case SQL_CLOSE:
        close_result(stmt);
        break;
    case SQL_UNBIND:
        og_bindings_clear(stmt);
        break;
    case SQL_RESET_PARAMS:
        og_opaque_forget(stmt, 0);
        og_params_reset(&stmt->params);
        break;
    default:
        break;
    }
    return code;
}

static SQLRETURN SQL_API guard_SQLCloseCursor(SQLHSTMT handle)
{
    struct og_guard_stmt *stmt = handle;
    SQLRETURN code;

    og_guard_enter(&stmt->object);
    og_gate_settle(stmt);
    code = og_guard_below(stmt, stmt->object.calls->SQLCloseCursor(stmt->object.below));
    if (SQL_SUCCEEDED(code))
        close_result(stmt);
    return code;
}

/* Nobody is inside of a call with the statement. */
static SQLRETURN SQL_API guard_SQLCancel(SQLHSTMT handle)
{
    struct og_guard_stmt *stmt = handle;

    stmt->is_cancelled = true;
    stmt->reads_on = true;
    return stmt->object.calls->SQLCancel(stmt->object.below);
}

/* Another thread is: touches nothing but one flag. */
static SQLRETURN SQL_API guard_interrupt(SQLHSTMT handle)
{
    struct og_guard_stmt *stmt = handle;

    stmt->is_cancelled = true;
    return og_guard_interrupt_below(stmt);
}

SQLRETURN og_guard_interrupt_below(struct og_guard_stmt *stmt)
{
    if (stmt->dbc->dialect != OG_DIALECT_SQLITE)
        return stmt->object.calls->SQLCancel(stmt->object.below);
    og_sqlite_interrupt(stmt->dbc->analyser);
    return SQL_SUCCESS;
}

void og_guard_install_run(struct og_calls *calls)
{
    calls->SQLPrepare = guard_SQLPrepare;
    calls->SQLPrepareW = guard_SQLPrepareW;
    calls->SQLExecDirect = guard_SQLExecDirect;
    calls->SQLExecDirectW = guard_SQLExecDirectW;
    calls->SQLExecute = guard_SQLExecute;
    calls->SQLParamData = guard_SQLParamData;
    calls->SQLPutData = guard_SQLPutData;
    calls->SQLMoreResults = guard_SQLMoreResults;
    calls->SQLFreeStmt = guard_SQLFreeStmt;
    calls->SQLCloseCursor = guard_SQLCloseCursor;
    calls->SQLCancel = guard_SQLCancel;
    calls->interrupt = guard_interrupt;
}

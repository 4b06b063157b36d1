/* SPDX-License-Identifier: MIT */
/* Operations: text in, execution, results, cursors. */
#include <stdio.h>
#include <string.h>

#include "tests/diff/ops.h"

/* ---- what a statement became ---- */

static void to_idle(struct slot *slot)
{
    slot->state = slot->is_prepared ? ST_PREP : ST_ALLOC;
    slot->has_rows = slot->is_prepared && slot->has_rows;
}

void after_run(struct arm *arm, struct slot *slot, SQLRETURN code)
{
    SQLSMALLINT n = 0;

    if (code == SQL_NEED_DATA) {
        slot->state = ST_NEED;
        return;
    }
    if (!SQL_SUCCEEDED(code) && code != SQL_NO_DATA) {
        to_idle(slot);
        return;
    }
    slot->state = ST_DONE;
    if (code == SQL_NO_DATA || !SQL_SUCCEEDED(CALL(arm, SQLNumResultCols)(slot->handle, &n)))
        n = 0;
    log_number(arm, "columns", n);
    slot->n_columns = (unsigned)n;
    slot->has_rows = n > 0;
    if (n > 0)
        slot->state = ST_OPEN;
}

/* A text and its length as a call takes them: NUL-terminated or counted. */
static SQLINTEGER choose_text(struct arm *arm, const uint32_t *a, const char *function)
{
    struct slot *slot = arm->slot;
    const struct text *text = text_pick(a[0]);

    text_make(text, a[1], slot->text, sizeof(slot->text));
    slot->n_params = text->n_params;
    say(arm, "%s \"%s\"%s", function, slot->text, a[2] % 2 ? " counted" : "");
    return a[2] % 2 ? (SQLINTEGER)strlen(slot->text) : SQL_NTS;
}

/* Where a statement with open data would ask for it, nothing may be bound that is not there. */
static bool is_ready(const struct slot *slot)
{
    for (unsigned i = 0; i < slot->n_params; i++)
        if (!slot->params[i].is_bound)
            return false;
    return true;
}

static void run_direct(struct arm *arm, const uint32_t *a, bool is_wide)
{
    struct slot *slot = arm->slot;
    SQLINTEGER n = choose_text(arm, a, is_wide ? "SQLExecDirectW" : "SQLExecDirect");
    SQLWCHAR wide[4096];

    slot->is_prepared = false;
    if (!is_ready(slot)) {
        log_bytes(arm, "parameters are missing", NULL, 0);
        return;
    }
    if (is_wide) {
        SQLINTEGER units = (SQLINTEGER)widen(slot->text, wide, 4096);
        arm->code = CALL(arm, SQLExecDirectW)(slot->handle, wide, n == SQL_NTS ? n : units);
    } else {
        arm->code = CALL(arm, SQLExecDirect)(slot->handle, (SQLCHAR *)slot->text, n);
    }
    on_stmt(arm);
    after_run(arm, slot, arm->code);
}

void op_exec_direct(struct arm *arm, const uint32_t *a)
{
    run_direct(arm, a, false);
}

void op_exec_direct_w(struct arm *arm, const uint32_t *a)
{
    if (HAS(arm, SQLExecDirectW))
        run_direct(arm, a, true);
}

static void prepare(struct arm *arm, const uint32_t *a, bool is_wide)
{
    struct slot *slot = arm->slot;
    SQLINTEGER n = choose_text(arm, a, is_wide ? "SQLPrepareW" : "SQLPrepare");
    SQLWCHAR wide[4096];

    if (is_wide) {
        SQLINTEGER units = (SQLINTEGER)widen(slot->text, wide, 4096);
        arm->code = CALL(arm, SQLPrepareW)(slot->handle, wide, n == SQL_NTS ? n : units);
    } else {
        arm->code = CALL(arm, SQLPrepare)(slot->handle, (SQLCHAR *)slot->text, n);
    }
    on_stmt(arm);
    slot->is_prepared = SQL_SUCCEEDED(arm->code);
    slot->has_rows = (text_pick(a[0])->flags & T_ROWS) != 0;
    to_idle(slot);
}

void op_prepare(struct arm *arm, const uint32_t *a)
{
    prepare(arm, a, false);
}

void op_prepare_w(struct arm *arm, const uint32_t *a)
{
    if (HAS(arm, SQLPrepareW))
        prepare(arm, a, true);
}

void op_execute(struct arm *arm, const uint32_t *a)
{
    (void)a;
    say(arm, "SQLExecute (%s)", arm->slot->text);
    if (!arm->slot->is_prepared || !is_ready(arm->slot)) {
        log_bytes(arm, "not ready", NULL, 0);
        return;
    }
    arm->code = CALL(arm, SQLExecute)(arm->slot->handle);
    on_stmt(arm);
    after_run(arm, arm->slot, arm->code);
}

/* ---- data at execution ---- */

void op_param_data(struct arm *arm, const uint32_t *a)
{
    struct slot *slot = arm->slot;
    SQLPOINTER token = NULL;

    (void)a;
    say(arm, "SQLParamData");
    slot->is_put_null = false;
    arm->code = CALL(arm, SQLParamData)(slot->handle, &token);
    on_stmt(arm);
    if (arm->code == SQL_NEED_DATA) {
        tame_pointer(arm, &token);
        log_bytes(arm, "token", &token, sizeof(token));
        slot->state = ST_PUT;
    } else {
        after_run(arm, slot, arm->code);
    }
}

void op_put_data(struct arm *arm, const uint32_t *a)
{
    static const char piece[] = "A piece of text, \xc3\xb6 \xf0\x9f\x98\x80, and more of it.";
    static const SQLLEN lengths[] = {0, 1, 7, 16, SQL_NTS, SQL_NULL_DATA, 40};
    SQLLEN n = lengths[a[0] % 7];

    if (arm->slot->is_put_null) {
        say(arm, "nothing is sent after NULL");
        return;
    }
    arm->slot->is_put_null = n == SQL_NULL_DATA;
    say(arm, "SQLPutData %d", (int)n);
    arm->code = CALL(arm, SQLPutData)(arm->slot->handle, (SQLPOINTER)(uintptr_t)piece, n);
    on_stmt(arm);
}

/* ---- results ---- */

void op_num_result_cols(struct arm *arm, const uint32_t *a)
{
    (void)a;
    say(arm, "SQLNumResultCols");
    arm->code = CALL(arm, SQLNumResultCols)(arm->slot->handle, (SQLSMALLINT *)(void *)arm->scratch);
    on_stmt(arm);
}

void op_num_params(struct arm *arm, const uint32_t *a)
{
    (void)a;
    say(arm, "SQLNumParams");
    arm->code = CALL(arm, SQLNumParams)(arm->slot->handle, (SQLSMALLINT *)(void *)arm->scratch);
    on_stmt(arm);
}

void op_row_count(struct arm *arm, const uint32_t *a)
{
    (void)a;
    say(arm, "SQLRowCount");
    arm->code = CALL(arm, SQLRowCount)(arm->slot->handle, (SQLLEN *)(void *)arm->scratch);
    on_stmt(arm);
}

void op_more_results(struct arm *arm, const uint32_t *a)
{
    (void)a;
    say(arm, "SQLMoreResults");
    arm->code = CALL(arm, SQLMoreResults)(arm->slot->handle);
    on_stmt(arm);
    if (arm->code == SQL_NO_DATA) {
        if (arm->slot->state > ST_PREP)
            to_idle(arm->slot);
    } else {
        after_run(arm, arm->slot, arm->code);
    }
}

void op_close_cursor(struct arm *arm, const uint32_t *a)
{
    (void)a;
    say(arm, "SQLCloseCursor");
    arm->code = CALL(arm, SQLCloseCursor)(arm->slot->handle);
    on_stmt(arm);
    if (SQL_SUCCEEDED(arm->code))
        to_idle(arm->slot);
}

void op_free_stmt(struct arm *arm, const uint32_t *a)
{
    static const SQLUSMALLINT kinds[] = {SQL_CLOSE, SQL_CLOSE, SQL_UNBIND, SQL_RESET_PARAMS};
    static const char *const names[] = {"CLOSE", "CLOSE", "UNBIND", "RESET_PARAMS"};
    unsigned i = a[0] % 4;

    say(arm, "SQLFreeStmt %s", names[i]);
    arm->code = CALL(arm, SQLFreeStmt)(arm->slot->handle, kinds[i]);
    on_stmt(arm);
    if (!SQL_SUCCEEDED(arm->code))
        return;
    if (kinds[i] == SQL_CLOSE)
        to_idle(arm->slot);
    else if (kinds[i] == SQL_RESET_PARAMS)
        memset(arm->slot->params, 0, sizeof(arm->slot->params));
}

void op_cancel(struct arm *arm, const uint32_t *a)
{
    (void)a;
    say(arm, "SQLCancel");
    arm->code = CALL(arm, SQLCancel)(arm->slot->handle);
    on_stmt(arm);
    if (SQL_SUCCEEDED(arm->code) && arm->slot->state >= ST_NEED)
        to_idle(arm->slot);
}

/* ---- cursor names ---- */

static const char *const cursor_names[] = {"c1", "other cursor", "", "C\xc3\xb6", "c1", "SQL_CURx",
                                           "a_name_that_is_quite_long_for_a_cursor_and_goes_on"};

void op_set_cursor_name(struct arm *arm, const uint32_t *a)
{
    const char *name = cursor_names[a[0] % 7];
    SQLWCHAR wide[128];

    say(arm, "SQLSetCursorName%s \"%s\"", a[1] % 2 ? "W" : "", name);
    if (a[1] % 2 && HAS(arm, SQLSetCursorNameW)) {
        (void)widen(name, wide, 128);
        arm->code = CALL(arm, SQLSetCursorNameW)(arm->slot->handle, wide, SQL_NTS);
    } else {
        arm->code = CALL(arm, SQLSetCursorName)(arm->slot->handle, (SQLCHAR *)(uintptr_t)name,
                                                a[2] % 2 ? SQL_NTS : (SQLSMALLINT)strlen(name));
    }
    on_stmt(arm);
}

void op_get_cursor_name(struct arm *arm, const uint32_t *a)
{
    static const SQLSMALLINT sizes[] = {64, 64, 5, 0, 1};
    SQLSMALLINT max = sizes[a[0] % 5];
    SQLSMALLINT *n = (SQLSMALLINT *)(void *)(arm->scratch + 256);
    void *out = a[2] % 8 ? arm->scratch : NULL;

    say(arm, "SQLGetCursorName%s %d", a[1] % 2 ? "W" : "", max);
    if (a[1] % 2 && HAS(arm, SQLGetCursorNameW))
        arm->code = CALL(arm, SQLGetCursorNameW)(arm->slot->handle, out, max, n);
    else
        arm->code = CALL(arm, SQLGetCursorName)(arm->slot->handle, out, max, n);
    tame_text(arm, a[1] % 2, max);
    on_stmt(arm);
}

/* ---- a statement of its own ---- */

void op_statement(struct arm *arm, const uint32_t *a)
{
    struct slot *slot = arm->slot;
    bool is_old = a[0] % 2 && HAS(arm, SQLAllocStmt) && HAS(arm, SQLFreeStmt);

    say(arm, "free and allocate the statement%s", is_old ? ", as ODBC 2 does" : "");
    arm->code = is_old ? CALL(arm, SQLFreeStmt)(slot->handle, SQL_DROP)
                       : CALL(arm, SQLFreeHandle)(SQL_HANDLE_STMT, slot->handle);
    if (!SQL_SUCCEEDED(arm->code)) {
        on_stmt(arm);
        return;
    }
    forget_attached(arm, slot);
    slot_reset(slot);
    arm->slot = NULL;
    arm->code = is_old ? CALL(arm, SQLAllocStmt)(arm->dbc, &slot->handle)
                       : CALL(arm, SQLAllocHandle)(SQL_HANDLE_STMT, arm->dbc, &slot->handle);
    if (!SQL_SUCCEEDED(arm->code))
        slot->handle = NULL;
    on_dbc(arm);
}

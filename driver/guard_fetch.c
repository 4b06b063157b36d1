/* SPDX-License-Identifier: MIT */
/* SQLFetch, SQLFetchScroll and SQLExtendedFetch. Without masks rows arrive where the application
 * bound them; while a plan masks they come through guard_block.c. */
#include "driver/guard.h"

static SQLRETURN check_alive(struct og_guard_stmt *stmt)
{
    if (!og_client_is_lost(stmt->dbc->client))
        return SQL_SUCCESS;
    (void)stmt->object.calls->SQLFreeStmt(stmt->object.below, SQL_CLOSE);
    og_diag_add(&stmt->object.diag, OG_ERR_UNREACHABLE, false,
                "[guardfs] guardfs is gone, so no more rows are handed out: run the statement again "
                "once it is back");
    og_gate_finish(stmt, SQL_ERROR);
    return SQL_ERROR;
}

static SQLRETURN check_limit(struct og_guard_stmt *stmt)
{
    uint64_t max_rows = stmt->dbc->conf->max_rows, by_policy = stmt->verdict.max_rows;
    bool is_policy = by_policy && (!max_rows || by_policy < max_rows);

    if (is_policy)
        max_rows = by_policy;
    if (!max_rows || stmt->n_rows <= max_rows)
        return SQL_SUCCESS;
    (void)stmt->object.calls->SQLFreeStmt(stmt->object.below, SQL_CLOSE);
    og_diag_add(&stmt->object.diag, OG_ERR_LIMIT, false,
                "[%s%s] the limit of %llu rows of one statement%s is reached: ask for fewer rows, by "
                "a filter or LIMIT\nlimit=rows rows_allowed=%llu",
                is_policy ? stmt->verdict.max_rows_policy : "", is_policy ? "/limits" : "rows",
                (unsigned long long)max_rows, is_policy ? "" : " (GuardMaxRows)",
                (unsigned long long)max_rows);
    og_gate_finish(stmt, SQL_ERROR);
    return SQL_ERROR;
}

/* One of the three calls with its arguments. */
struct fetch {
    enum { FETCH_NEXT, FETCH_SCROLL, FETCH_EXTENDED } kind;
    SQLSMALLINT orientation;
    SQLLEN offset;
    SQLULEN *n_fetched;
    SQLUSMALLINT *status;
};

static SQLRETURN call_once(struct og_guard_stmt *stmt, void *context)
{
    const struct og_calls *calls = stmt->object.calls;
    struct fetch *fetch = context;

    switch (fetch->kind) {
    case FETCH_SCROLL:
        return calls->SQLFetchScroll(stmt->object.below, fetch->orientation, fetch->offset);
    case FETCH_EXTENDED:
        return calls->SQLExtendedFetch(stmt->object.below, (SQLUSMALLINT)fetch->orientation,
                                       fetch->offset, fetch->n_fetched, fetch->status);
    default:
        return calls->SQLFetch(stmt->object.below);
    }
}

/* While a plan masks, the buffers of one call are the guard's for that call alone. */
static SQLRETURN call_below(struct og_guard_stmt *stmt, void *context)
{
    SQLRETURN code;

    do {
        code = call_once(stmt, context);
    } while (code == SQL_STILL_EXECUTING && stmt->verdict.masks_any && og_guard_pause());
    return code;
}

static SQLRETURN run(struct og_guard_stmt *stmt, struct fetch *fetch)
{
    struct og_block block = {
        .call = call_below,
        .context = fetch,
        .is_extended = fetch->kind == FETCH_EXTENDED,
        .is_forward = fetch->orientation == SQL_FETCH_NEXT,
        .n_fetched = fetch->n_fetched,
        .status = fetch->status,
    };

    if (!stmt->verdict.masks_any)
        return og_guard_below(stmt, call_below(stmt, fetch));
    return og_block_run(stmt, &block);
}

/* Some drivers count only where they are asked to. */
static SQLULEN rows_of(const struct fetch *fetch, SQLRETURN code)
{
    SQLULEN n = *fetch->n_fetched;

    if (!SQL_SUCCEEDED(code))
        return 0;
    return n && n != OG_UNCOUNTED ? n : 1;
}

void og_rows_tell_count(const struct og_guard_stmt *stmt)
{
    if (stmt->rows_fetched && stmt->n_below_fetched != OG_UNCOUNTED)
        *stmt->rows_fetched = stmt->n_below_fetched;
}

static SQLRETURN fetch_rows(struct og_guard_stmt *stmt, struct fetch *fetch)
{
    SQLRETURN code = check_alive(stmt);

    if (code == SQL_SUCCESS)
        code = og_rows_check(stmt);
    if (code != SQL_SUCCESS)
        return code;
    og_rows_close(stmt);
    stmt->n_below_fetched = OG_UNCOUNTED;
    if (fetch->kind == FETCH_EXTENDED)
        *fetch->n_fetched = 0;
    code = run(stmt, fetch);
    if (code != SQL_ERROR || !stmt->verdict.masks_any || stmt->dbc->dialect == OG_DIALECT_SQLITE)
        og_rows_tell_count(stmt); /* some drivers count in it whichever function fetches */
    stmt->n_rows += rows_of(fetch, code);
    stmt->rows.n_fetched = rows_of(fetch, code);
    stmt->rows.is_extended = fetch->kind == FETCH_EXTENDED;
    if (code == SQL_NO_DATA && fetch->orientation == SQL_FETCH_NEXT) {
        if (stmt->rows.has_row_count && stmt->rows.row_count < 0)
            stmt->rows.row_count = (SQLLEN)stmt->n_rows; /* a cursor's is known at its end */
        og_gate_finish(stmt, SQL_SUCCESS);
    }
    return SQL_SUCCEEDED(code) && check_limit(stmt) != SQL_SUCCESS ? SQL_ERROR : code;
}

/* The row status array as the real driver has it; read only where masks need it. */
static SQLUSMALLINT *status_of(struct og_guard_stmt *stmt)
{
    struct og_rowset rowset;

    if (!stmt->verdict.masks_any || og_rowset_read(stmt, false, &rowset) != SQL_SUCCESS)
        return NULL;
    return rowset.status;
}

static SQLRETURN fetch_counted(struct og_guard_stmt *stmt, struct fetch *fetch)
{
    og_guard_enter(&stmt->object);
    fetch->n_fetched = &stmt->n_below_fetched;
    fetch->status = status_of(stmt);
    return fetch_rows(stmt, fetch);
}

static SQLRETURN SQL_API guard_SQLFetch(SQLHSTMT handle)
{
    struct fetch fetch = {.kind = FETCH_NEXT, .orientation = SQL_FETCH_NEXT};

    return fetch_counted(handle, &fetch);
}

static SQLRETURN SQL_API guard_SQLFetchScroll(SQLHSTMT handle, SQLSMALLINT orientation,
                                              SQLLEN offset)
{
    struct fetch fetch = {.kind = FETCH_SCROLL, .orientation = orientation, .offset = offset};

    return fetch_counted(handle, &fetch);
}

static SQLRETURN SQL_API guard_SQLExtendedFetch(SQLHSTMT handle, SQLUSMALLINT orientation,
                                                SQLLEN offset, SQLULEN *n_rows,
                                                SQLUSMALLINT *status)
{
    struct og_guard_stmt *stmt = handle;
    SQLULEN n_fetched = 0;
    struct fetch fetch = {
        .kind = FETCH_EXTENDED,
        .orientation = (SQLSMALLINT)orientation,
        .offset = offset,
        .n_fetched = n_rows ? n_rows : &n_fetched,
        .status = status,
    };

    og_guard_enter(&stmt->object);
    return fetch_rows(stmt, &fetch);
}

void og_guard_install_fetch(struct og_calls *calls)
{
    calls->SQLFetch = guard_SQLFetch;
    calls->SQLFetchScroll = guard_SQLFetchScroll;
    calls->SQLExtendedFetch = guard_SQLExtendedFetch;
}

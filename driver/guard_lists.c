/* SPDX-License-Identifier: MIT */
/* The ODBC catalog functions: names and types only, so no rule is needed; each is recorded like a
 * statement. One body for all, written once per form from list.tbl.h. */
#include "driver/guard.h"

static SQLRETURN begin(struct og_guard_stmt *stmt, const char *api)
{
    SQLRETURN code;
    int r = 0;

    og_guard_enter(&stmt->object);
    og_gate_finish(stmt, SQL_SUCCESS);
    og_cursor_drop(stmt);
    code = og_gate_pass_catalog(stmt, api);
    if (code != SQL_SUCCESS || stmt->dbc->dialect != OG_DIALECT_SQLITE)
        return code;
    (void)pthread_mutex_lock(&stmt->dbc->lock);
    r = og_sqlite_permit_catalog(stmt->dbc->analyser);
    if (r == 0)
        return SQL_SUCCESS;
    (void)pthread_mutex_unlock(&stmt->dbc->lock);
    og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false,
                "[sqlite] the engine's authorizer could not be set: connect again");
    return SQL_ERROR;
}

static SQLRETURN end(struct og_guard_stmt *stmt, SQLRETURN code)
{
    if (stmt->dbc->dialect == OG_DIALECT_SQLITE)
        (void)pthread_mutex_unlock(&stmt->dbc->lock);
    stmt->state = OG_STMT_OPEN;
    code = og_guard_below(stmt, code);
    if (!SQL_SUCCEEDED(code))
        og_gate_finish(stmt, code);
    return code;
}

/* LIST(function, name for the ledger, parameters, arguments) */
#define LIST(name, api, parameters, arguments)                                  \
    static SQLRETURN SQL_API guard_##name parameters                            \
    {                                                                           \
        struct og_guard_stmt *stmt = handle;                                    \
        SQLRETURN code = begin(stmt, api);                                      \
                                                                                \
        if (code != SQL_SUCCESS)                                                \
            return code;                                                        \
        return end(stmt, stmt->object.calls->name arguments);                   \
    }
#define BELOW stmt->object.below
#include "driver/list.tbl.h"
#undef LIST

void og_guard_install_lists(struct og_calls *calls)
{
#define LIST(name, api, parameters, arguments) calls->name = guard_##name;
#include "driver/list.tbl.h"
#undef LIST
}

/* SPDX-License-Identifier: MIT */
/* sqlite_measure.c - what counting a write needs of the live handle. */
#include <errno.h>
#include <stdio.h>

#include "common/sqlite_parts.h"

bool og_sqlite_is_in_transaction(struct og_sqlite_analyser *analyser)
{
    return !analyser->api.sqlite3_get_autocommit(analyser->live);
}

int64_t og_sqlite_last_row(struct og_sqlite_analyser *analyser)
{
    return analyser->api.sqlite3_last_insert_rowid(analyser->live);
}

void og_sqlite_set_last_row(struct og_sqlite_analyser *analyser, int64_t row)
{
    if (analyser->api.sqlite3_set_last_insert_rowid) /* since 3.18 */
        analyser->api.sqlite3_set_last_insert_rowid(analyser->live, row);
}

uint64_t og_sqlite_total_changes(struct og_sqlite_analyser *analyser)
{
    /* the engine's counter is 32 bits wide and goes round */
    return (uint32_t)analyser->api.sqlite3_total_changes(analyser->live);
}

bool og_sqlite_has_broken_keys(struct og_sqlite_analyser *analyser)
{
    int now = 0, highest = 0;

    return analyser->api.sqlite3_db_status(analyser->live, SQLITE_DBSTATUS_DEFERRED_FKS, &now,
                                           &highest, 0) == SQLITE_OK && now > 0;
}

int og_sqlite_number(struct og_sqlite_analyser *analyser, const char *sql, uint64_t *out)
{
    enum og_sq_permit permit = analyser->permit;
    sqlite3_stmt *query = NULL;
    int rc;

    analyser->permit = OG_SQ_PERMIT_OWN;
    rc = analyser->api.sqlite3_prepare_v2(analyser->live, sql, -1, &query, NULL);
    if (rc == SQLITE_OK)
        rc = analyser->api.sqlite3_step(query);
    if (rc == SQLITE_ROW)
        *out = (uint64_t)analyser->api.sqlite3_column_int64(query, 0);
    (void)analyser->api.sqlite3_finalize(query);
    analyser->permit = permit;
    return rc == SQLITE_ROW ? 0 : -EIO;
}

int og_sqlite_savepoint(struct og_sqlite_analyser *analyser, enum og_savepoint how)
{
    static const char *const texts[] = {
        [OG_SAVEPOINT_SET] = "SAVEPOINT odbcguard_rows",
        [OG_SAVEPOINT_KEEP] = "RELEASE odbcguard_rows",
        [OG_SAVEPOINT_BACK] = "ROLLBACK TO odbcguard_rows; RELEASE odbcguard_rows",
        [OG_SAVEPOINT_WHOLE] = "ROLLBACK",
    };
    enum og_sq_permit permit = analyser->permit;
    int rc;

    analyser->permit = OG_SQ_PERMIT_OWN;
    rc = analyser->api.sqlite3_exec(analyser->live, texts[how], NULL, NULL, NULL);
    analyser->permit = permit;
    return rc == SQLITE_OK ? 0 : (rc & 0xFF) == SQLITE_BUSY ? -EBUSY : -EIO;
}

void og_sqlite_interrupt(struct og_sqlite_analyser *analyser)
{
    analyser->api.sqlite3_interrupt(analyser->live);
}

int og_sqlite_error_code(struct og_sqlite_analyser *analyser)
{
    return analyser->api.sqlite3_errcode(analyser->live) & 0xFF;
}

void og_sqlite_error(struct og_sqlite_analyser *analyser, char *out, size_t max_bytes)
{
    (void)snprintf(out, max_bytes, "%s", analyser->api.sqlite3_errmsg(analyser->live));
}

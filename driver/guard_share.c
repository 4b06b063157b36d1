/* SPDX-License-Identifier: MIT */
/* How much of each table a rehearsed write meets, for who decides: "100 of its 100 rows, 100 %". Counted
 * to a bound, while the rehearsal's limits of time hold. */
#include "driver/guard.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ROWS 100000u
#define MAX_ROWS_TEXT "100000"
#define MAX_TABLES 8u

static void take_count(void *context, const char *text)
{
    *(uint64_t *)context = strtoull(text, NULL, 10);
}

static void put_quoted(struct og_buf *out, const char *name, size_t n_bytes)
{
    og_buf_append_char(out, '"');
    for (size_t i = 0; i < n_bytes; i++) {
        if (name[i] == '"')
            og_buf_append_char(out, '"');
        og_buf_append_char(out, name[i]);
    }
    og_buf_append_char(out, '"');
}

/* "schema.table" in quotes; a name that could be read otherwise, by the driver too, has none. */
static bool put_table(struct og_buf *out, const char *name)
{
    const char *dot = strchr(name, '.');

    if (!dot || strchr(dot + 1, '.') || strpbrk(name, "?{}\\:"))
        return false;
    put_quoted(out, name, (size_t)(dot - name));
    og_buf_append_char(out, '.');
    put_quoted(out, dot + 1, strlen(dot + 1));
    return true;
}

/* Rows of a table now, MAX_ROWS + 1 for more. Returns whether it is known. */
static bool count_rows(struct og_guard_stmt *stmt, const char *name, uint64_t *out)
{
    bool is_sqlite = stmt->dbc->dialect == OG_DIALECT_SQLITE, is_good;
    struct og_buf sql;

    *out = UINT64_MAX;
    og_buf_init(&sql, 4096);
    og_buf_append_str(&sql, is_sqlite ? "SELECT count(*) FROM (SELECT 1 FROM "
                                      : "SELECT pg_catalog.count(*) FROM (SELECT 1 FROM ONLY ");
    is_good = put_table(&sql, name);
    og_buf_printf(&sql, " LIMIT 1 + " MAX_ROWS_TEXT ") t");
    is_good = is_good && !og_buf_is_failed(&sql) &&
              (is_sqlite ? og_sqlite_number(stmt->dbc->analyser, og_buf_str(&sql), out) == 0
                         : og_helper_rows(stmt, og_buf_str(&sql), take_count, out));
    og_buf_release(&sql);
    return is_good && *out != UINT64_MAX;
}

static void put_share(struct og_buf *out, const struct og_measured_table *table, uint64_t now)
{
    uint64_t met = table->updated + table->deleted;
    uint64_t before = now + table->deleted - table->inserted;
    char met_digits[32], digits[32];

    if (now > MAX_ROWS && met > MAX_ROWS) {
        og_buf_printf(out, "%s: %s of its rows, which are not all counted\n", table->name,
                      og_measured_digits(met, met_digits));
        return;
    }
    if (now > MAX_ROWS) {
        og_buf_printf(out, "%s: %s of its more than %s rows\n", table->name,
                      og_measured_digits(met, met_digits), og_measured_digits(MAX_ROWS, digits));
        return;
    }
    if (now + table->deleted < table->inserted || met > before)
        return; /* rows that it met several times, or made itself */
    og_buf_printf(out, "%s: %s of its %s rows, %s%" PRIu64 " %%\n", table->name,
                  og_measured_digits(met, met_digits), og_measured_digits(before, digits),
                  met * 100 < before ? "less than " : "",
                  met * 100 < before ? (uint64_t)1 : met * 100 / before);
}

void og_rehearsal_shares(struct og_guard_stmt *stmt)
{
    const struct og_measured *measured = &stmt->rehearsal.measured;
    uint64_t now;

    for (size_t i = 0; i < measured->n_tables && i < MAX_TABLES; i++) {
        const struct og_measured_table *table = &measured->tables[i];

        if (table->updated + table->deleted && !count_rows(stmt, table->name, &now))
            return; /* PostgreSQL's transaction has failed by it, and is taken back */
        if (table->updated + table->deleted)
            put_share(&stmt->rehearsal.notes, table, now);
    }
}

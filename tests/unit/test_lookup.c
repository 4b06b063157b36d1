/* SPDX-License-Identifier: MIT */
/* Which comparisons both analyses take for a search of one exact value: everything else stays a
 * filter. want: how often the column ssn is looked up, -1: used otherwise too. */
#include <string.h>

#include "common/limits.h"
#include "common/pg_analyse.h"
#include "common/sqlite_analyse.h"
#include "tests/tap.h"
#include "tests/unit/pg_fake_catalog.h"

static const struct {
    const char *sql;
    int want_pg, want_sqlite;
} rows[] = {
    {"SELECT id FROM customers WHERE ssn = 'x'", 1, 1},
    {"SELECT id FROM customers WHERE 'x' = ssn", 1, 1},
    {"SELECT id FROM customers WHERE ssn = ?", 1, 1},
    {"SELECT c.id FROM customers c WHERE c.id > 3 AND c.ssn = ? ORDER BY c.id LIMIT 1", 1, 1},
    {"SELECT id, ssn FROM customers WHERE (ssn = 'x')", 1, 1},
    {"SELECT c.id FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.ssn = ?", 1, 1},
    {"DELETE FROM customers WHERE ssn = 'x'", 1, 1},
    {"UPDATE customers SET name = 'n' WHERE ssn = 'x'", 1, 1},
    {"SELECT id FROM customers WHERE ssn = 'x' AND ssn = 'y'", 2, -1},
    {"SELECT id FROM customers WHERE ssn = 'x' OR ssn = 'y'", -1, -1},
    {"SELECT id FROM customers WHERE ssn <> 'x'", -1, -1},
    {"SELECT id FROM customers WHERE NOT ssn = 'x'", -1, -1},
    {"SELECT id FROM customers WHERE ssn > 'x'", -1, -1},
    {"SELECT id FROM customers WHERE ssn LIKE 'x'", -1, -1},
    {"SELECT id FROM customers WHERE ssn IN ('x', 'y')", -1, -1},
    {"SELECT id FROM customers WHERE ssn = 'x' ORDER BY ssn", -1, 1}, /* one value has no order */
    {"SELECT id FROM customers WHERE ssn = name", -1, -1},
    {"SELECT id FROM customers WHERE lower(ssn) = 'x'", -1, -1},
    {"SELECT id FROM customers WHERE ssn = 'x' || name", -1, -1},
    {"SELECT id FROM customers WHERE ssn = lower('X')", -1, -1},
    {"SELECT id, ssn = 'x' FROM customers", -1, -1},
    {"SELECT count(*) FROM customers GROUP BY ssn = 'x'", -1, -1},
    {"SELECT id FROM customers WHERE CASE WHEN ssn = 'x' THEN 1 = 1 ELSE 1 = 0 END", -1, -1},
    {"SELECT c.id FROM customers c, (VALUES ('x'), ('y')) v(s) WHERE c.ssn = v.s", -1, -1},
    {"SELECT c.id FROM customers c JOIN (SELECT 'x' AS s UNION SELECT 'y') v ON c.ssn = v.s", -1, -1},
    {"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 9) "
     "SELECT c.id FROM customers c JOIN n ON c.ssn = n.x", -1, -1},
    {"SELECT id FROM customers WHERE ssn = (SELECT 'x')", -1, -1},
    {"SELECT id FROM customers WHERE ssn = 'x' UNION ALL SELECT id FROM customers WHERE ssn = 'y'", 2,
     -1},
};

static int count(const struct og_facts *facts)
{
    int n = 0;

    if (facts->refusal.what)
        return -2;
    for (size_t i = 0; i < facts->n_uses; i++) {
        const struct og_fact_use *use = &facts->uses[i];

        if (strcmp(facts->columns[use->column].name, "ssn") != 0)
            continue;
        if (!use->n_equalities)
            return -1;
        n += (int)use->n_equalities;
    }
    return n;
}

int main(void)
{
    struct og_sqlite_api api;
    struct og_sqlite_analyser *analyser = NULL;
    sqlite3 *db = NULL;
    const struct og_pg_session session = {.standard_conforming_strings = true};
    struct og_arena arena;
    struct og_facts facts;

    if (og_sqlite_api_own(&api) != 0 || sqlite3_open(":memory:", &db) != SQLITE_OK ||
        sqlite3_exec(db,
                     "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, ssn TEXT UNIQUE);"
                     "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER)",
                     NULL, NULL, NULL) != SQLITE_OK ||
        og_sqlite_analyser_new(&api, db, &analyser) != 0)
        return 1;
    for (size_t i = 0; i < OG_COUNT(rows); i++) {
        const char *sql = rows[i].sql;
        int got;

        og_arena_init(&arena, OG_MAX_FACTS_BYTES);
        og_facts_init(&facts, &arena, OG_DIALECT_POSTGRESQL);
        got = og_pg_analyse(sql, strlen(sql), &session, &fake_catalog, &facts) == 0
                  ? count(&facts)
                  : -9;
        tap_ok(got == rows[i].want_pg || (rows[i].want_pg < 0 && got < 0 && got > -9),
               "postgresql (%d): %s", got, sql);
        og_facts_init(&facts, &arena, OG_DIALECT_SQLITE);
        got = og_sqlite_analyse(analyser, sql, strlen(sql), &facts) == 0 ? count(&facts) : -9;
        tap_ok(got == rows[i].want_sqlite || (rows[i].want_sqlite < 0 && got < 0 && got > -9),
               "sqlite (%d): %s", got, sql);
        og_arena_release(&arena);
    }
    (void)og_sqlite_analyser_free(analyser);
    (void)sqlite3_close(db);
    return tap_done();
}

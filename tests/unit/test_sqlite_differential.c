/* SPDX-License-Identifier: MIT */
/* test_sqlite_differential.c - runs each statement on small databases that differ in ONE column
 * only. What is not that column's own output must come out equal, unless the facts report a use of
 * the column: no model of the engine is needed to see a leak. */
#include <stdlib.h>

#include "tests/tap.h"
#include "tests/unit/sqlite_statements.h"

#define N_DATABASES 12
#define MAX_TEXT (1024u * 1024u)

static struct og_sqlite_api api;

static const struct {
    const char *table, *column;
} masked[] = {{"customers", "ssn"},     {"customers", "balance"}, {"customers", "name"},
              {"orders", "note"},       {"orders", "customer_id"}, {"wr", "c"},
              {"gen", "email"},         {"tmp", "secret"},        {"checked", "a"},
              {"copy2", "s"},           {"customers", "email"}};

static const char *const statements[] = {
#define STATEMENT(sql, want) sql,
#include "tests/unit/sqlite_statements.tbl.h"
#undef STATEMENT
    /* with an index on the masked columns, so that the engine may walk it */
    "SELECT ssn, id FROM customers WHERE phone >= '1'",
    "SELECT note, id FROM orders WHERE customer_id = 2",
    "SELECT c.id, o.id, o.note FROM customers c LEFT JOIN orders o ON o.amount = c.balance",
    "SELECT id FROM orders WHERE customer_id > 0",
    "SELECT email FROM customers",
    "SELECT id, email FROM customers WHERE email >= ''",
};

static unsigned rng_state = 1;

static unsigned rng(unsigned n)
{
    rng_state = rng_state * 1103515245u + 12345u;
    return (rng_state >> 16) % n;
}

static const char *value_for(const char *column, unsigned row, char *space, size_t n)
{
    static const char *const texts[] = {"'a'", "'b'", "'A'", "'ab'", "NULL", "''", "'{\"a\":1}'", "'1'"};

    if (strcmp(column, "balance") == 0 || strcmp(column, "customer_id") == 0)
        snprintf(space, n, "%u", rng(4));
    else if (strcmp(column, "email") == 0) /* unique */
        snprintf(space, n, "'%c%u'", (char)('a' + (int)rng(20)), row);
    else if (strcmp(column, "name") == 0)
        snprintf(space, n, "'%c'", (char)('p' + (int)rng(5)));
    else
        snprintf(space, n, "%s", texts[rng(8)]);
    return space;
}

static void must(sqlite3 *db, const char *sql)
{
    char *error = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK) {
        tap_note("%s: %s", sql, error);
        exit(1);
    }
}

static sqlite3 *make_database(const char *table, const char *column, unsigned seed)
{
    static const char rows[] =
        "INSERT INTO customers VALUES (1,'x','e1','a',5,'3'),(2,'x','e2','b',7,'1'),"
        "(3,'y','e3','a',5,'1'),(4,'z','e4',NULL,1,'2'),(5,'q','e5','c',2,'1');"
        "INSERT INTO orders VALUES (1,1,10,'n'),(2,2,20,'m'),(3,2,5,'a'),(4,9,5,'b');"
        "INSERT INTO wr VALUES ('x','z','q','1'),('x','y','r','2'),('w','y','q','3');"
        "INSERT INTO gen(id,email) VALUES (1,'A'),(2,'X'),(3,'b');"
        "INSERT INTO copy2 VALUES (1,'s'),(2,'t');"
        "INSERT INTO secrets VALUES ('a','w'),('zz','v');"
        "INSERT INTO checked VALUES (1,'aa','bb','cc'),(2,'dd','ee','ff');"
        "INSERT INTO tmp VALUES (1,'t1'),(3,'t3');"
        "CREATE INDEX o_c ON orders(customer_id, note);";
    sqlite3 *db = NULL;

    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        exit(1);
    must(db, test_schema);
    must(db, rows);
    rng_state = seed * 7919u + 17u;
    for (unsigned row = 0; row < 5; row++) {
        char sql[256], space[32];

        /* OR IGNORE: a CHECK keeps the old value; name: without its trigger's trace */
        snprintf(sql, sizeof(sql),
                 "UPDATE OR IGNORE %s SET %s = %s WHERE %s IN (SELECT %s FROM %s ORDER BY %s LIMIT 1 OFFSET %u)",
                 table, column, value_for(column, row, space, sizeof(space)),
                 strcmp(table, "wr") == 0 ? "(a, b)" : "rowid",
                 strcmp(table, "wr") == 0 ? "a, b" : "rowid", table,
                 strcmp(table, "wr") == 0 ? "b, a" : "rowid", row);
        must(db, sql);
    }
    must(db, "DELETE FROM audit");
    return db;
}

static bool is_source(const struct og_facts *facts, size_t result, size_t column)
{
    for (size_t i = 0; i < facts->results[result].n_sources; i++)
        if (facts->results[result].sources[i].column == column)
            return true;
    return false;
}

static size_t find_column(const struct og_facts *facts, const char *table, const char *column)
{
    for (size_t i = 0; i < facts->n_columns; i++)
        if (strcmp(facts->objects[facts->columns[i].object].name, table) == 0 &&
            strcmp(facts->columns[i].name, column) == 0)
            return i;
    return SIZE_MAX;
}

/* Rows with the masked column's outputs left out, then the tables without it. */
static void run(sqlite3 *db, const char *sql, const struct og_facts *facts, size_t column,
                struct og_buf *out)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    if (rc != SQLITE_OK)
        og_buf_printf(out, "prepare: %d\n", rc);
    while (statement && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            if ((size_t)i < facts->n_results && is_source(facts, (size_t)i, column))
                og_buf_append_str(out, "*|");
            else
                og_buf_printf(out, "%d %s|", sqlite3_column_type(statement, i),
                              sqlite3_column_text(statement, i) ? (const char *)sqlite3_column_text(statement, i) : "");
        }
        og_buf_append_char(out, '\n');
    }
    og_buf_printf(out, "end %d\n", rc);
    sqlite3_finalize(statement);
    og_buf_printf(out, "changes %d\n", sqlite3_changes(db));
}

static void dump(sqlite3 *db, const char *masked_table, const char *masked_column,
                 struct og_buf *out)
{
    static const char *const tables[] = {"customers", "orders",  "wr",  "gen",
                                         "audit",     "copy",    "copy2", "secrets",
                                         "seq",       "checked", "tmp", "n"};

    for (size_t t = 0; t < OG_COUNT(tables); t++) {
        sqlite3_stmt *statement = NULL;
        char sql[128];

        snprintf(sql, sizeof(sql), "SELECT * FROM %s NOT INDEXED", tables[t]);
        if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
            continue;
        while (sqlite3_step(statement) == SQLITE_ROW) {
            og_buf_printf(out, "%s:", tables[t]);
            for (int i = 0; i < sqlite3_column_count(statement); i++) {
                const char *name = sqlite3_column_name(statement, i);
                bool is_masked =
                    strcmp(tables[t], masked_table) == 0 &&
                    (strcmp(name, masked_column) == 0 ||
                     (strcmp(tables[t], "gen") == 0 && strcmp(masked_column, "email") == 0 &&
                      (strcmp(name, "low") == 0 || strcmp(name, "up") == 0)));
                const char *text = (const char *)sqlite3_column_text(statement, i);

                og_buf_printf(out, "%s|", is_masked ? "*" : text ? text : "NULL");
            }
            og_buf_append_char(out, '\n');
        }
        sqlite3_finalize(statement);
    }
}

static bool has_use(const struct og_facts *facts, size_t column)
{
    for (size_t i = 0; i < facts->n_uses; i++)
        if (facts->uses[i].column == column && !facts->uses[i].is_beside_full_key)
            return true;
    return false;
}

static bool is_run(const char *sql, const struct og_facts *facts)
{
    return !facts->refusal.what && facts->n_parameters == 0 && !facts->is_transaction_control &&
           strstr(sql, "random()") == NULL && strcmp(facts->kind, "VACUUM") != 0 &&
           strcmp(facts->kind, "ATTACH") != 0 && strcmp(facts->kind, "DETACH") != 0 &&
           strcmp(facts->kind, "PRAGMA") != 0 && strcmp(facts->kind, "ALTER TABLE") != 0 &&
           strstr(sql, "sqlite_m") == NULL && strstr(sql, "load_ext") == NULL &&
           strcmp(facts->kind, "ANALYZE") != 0 && strcmp(facts->kind, "EXPLAIN") != 0 &&
           strstr(sql, "changes()") == NULL && strstr(sql, "FROM ft") == NULL;
}

struct pool {
    sqlite3 *db[N_DATABASES];
    struct og_sqlite_analyser *analyser[N_DATABASES];
};

static void open_pool(struct pool *pool, const char *table, const char *column)
{
    for (unsigned k = 0; k < N_DATABASES; k++) {
        pool->db[k] = make_database(table, column, k);
        if (og_sqlite_analyser_new(&api, pool->db[k], &pool->analyser[k]) != 0)
            exit(1);
    }
}

static void close_pool(struct pool *pool)
{
    for (unsigned k = 0; k < N_DATABASES; k++) {
        pool->analyser[k] = og_sqlite_analyser_free(pool->analyser[k]);
        sqlite3_close(pool->db[k]);
    }
}

/* One database's answer, rolled back afterwards. */
static void answer(struct pool *pool, unsigned k, const char *sql, const struct og_facts *facts,
                   size_t number, const char *table, const char *column, struct og_buf *out)
{
    struct og_sqlite_analyser *analyser = pool->analyser[k];

    if (og_sqlite_permit_all(analyser) != 0)
        exit(1);
    must(pool->db[k], "SAVEPOINT differential");
    if (og_sqlite_permit(analyser, facts, NULL) != 0)
        exit(1);
    run(pool->db[k], sql, facts, number, out);
    if (og_sqlite_permit_all(analyser) != 0)
        exit(1);
    dump(pool->db[k], table, column, out);
    must(pool->db[k], "ROLLBACK TO differential");
    must(pool->db[k], "RELEASE differential");
}

/* Whether a difference is seen in what the column must not shape. */
static bool differs(struct pool *pool, const char *sql, const char *table, const char *column,
                    bool *is_reported, char **seen)
{
    struct og_buf first, out;
    struct og_arena arena;
    struct og_facts facts;
    bool is_different = false;
    size_t number;

    *is_reported = false;
    og_buf_init(&first, MAX_TEXT);
    og_buf_init(&out, MAX_TEXT);
    og_arena_init(&arena, OG_MAX_FACTS_BYTES);
    og_facts_init(&facts, &arena, OG_DIALECT_SQLITE);
    if (og_sqlite_analyse(pool->analyser[0], sql, strlen(sql), &facts) != 0)
        exit(1);
    number = find_column(&facts, table, column);
    *is_reported = number != SIZE_MAX && has_use(&facts, number);
    for (unsigned k = 0; is_run(sql, &facts) && k < N_DATABASES && !is_different; k++) {
        og_buf_clear(&out);
        answer(pool, k, sql, &facts, number, table, column, k ? &out : &first);
        is_different = k > 0 && strcmp(og_buf_str(&first), og_buf_str(&out)) != 0;
    }
    if (is_different && seen)
        *seen = og_buf_take(&out);
    og_buf_release(&out);
    og_buf_release(&first);
    og_arena_release(&arena);
    return is_different;
}

int main(void)
{
    size_t n_run = 0, n_reported = 0, n_seen = 0;
    struct pool pool;
    bool is_reported;

    if (og_sqlite_api_own(&api))
        return 1;
    open_pool(&pool, "customers", "ssn");
    /* the harness itself sees a leak */
    tap_ok(differs(&pool, "SELECT id FROM customers ORDER BY ssn, id", "customers", "ssn", &is_reported,
                   NULL) && is_reported,
           "an_order_by_the_column_is_seen_and_reported");
    tap_ok(!differs(&pool, "SELECT id, ssn FROM customers ORDER BY id", "customers", "ssn", &is_reported,
                    NULL) && !is_reported,
           "the_column_itself_is_neither_seen_nor_reported");
    close_pool(&pool);
    for (size_t m = 0; m < OG_COUNT(masked); m++) {
        size_t n_leaks = 0;

        open_pool(&pool, masked[m].table, masked[m].column);
        for (size_t i = 0; i < OG_COUNT(statements); i++) {
            char *seen = NULL;
            bool is_different = differs(&pool, statements[i], masked[m].table, masked[m].column,
                                        &is_reported, &seen);

            n_run++;
            n_reported += is_reported;
            n_seen += is_reported && is_different;
            if (is_different && !is_reported) {
                n_leaks++;
                tap_note("%s.%s shapes %s\n%s", masked[m].table, masked[m].column, statements[i],
                         seen ? seen : "");
            }
            free(seen);
        }
        close_pool(&pool);
        tap_ok(n_leaks == 0, "no_statement_is_shaped_by_%s_%s_unreported", masked[m].table,
               masked[m].column);
    }
    tap_note("%zu runs, %zu reported, %zu of them with a difference", n_run, n_reported, n_seen);
    tap_ok(n_seen > 100, "many_reported_uses_are_real");
    return tap_done();
}

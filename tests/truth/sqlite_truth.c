/* SPDX-License-Identifier: MIT */
/* sqlite_truth.c - random statements on databases that differ in masked values only. What analysis
 * admits must answer the same on all of them, masked cells apart: rows, order, counts, errors, and
 * every unmasked value afterwards. No model of the engine is needed to see a leak.
 * Arguments: number of statements, first seed. With one kind of use left out of the judgement the
 * same loop must find leaks: the positive controls below. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/sqlite_parts.h"
#include "tests/tap.h"
#include "tests/truth/sqlite_grammar.h"

#define N_DATABASES 4
#define MAX_TEXT (4u * 1024u * 1024u)
#define MAX_STEPS 2000000
#define MAX_ROWS 20000

static struct og_sqlite_api api;

struct pool {
    sqlite3 *db[N_DATABASES];
    struct og_sqlite_analyser *analyser[N_DATABASES];
};

/* What the judgement leaves out, for the controls. */
struct blindness {
    const char *name;
    int use; /* enum og_use, or -1 */
    bool ignores_sources;
};

struct tally {
    unsigned n, n_admitted, n_reading, n_leaks, n_failed;
};

static int n_steps;

static int stop(void *context)
{
    (void)context;
    n_steps += 1000;
    return n_steps > MAX_STEPS;
}

static void must(sqlite3 *db, const char *sql)
{
    char *error = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK) {
        tap_note("%.200s: %s", sql, error);
        exit(1);
    }
}

static void open_pool(struct pool *pool, uint64_t seed)
{
    for (unsigned k = 0; k < N_DATABASES; k++) {
        struct og_buf rows;

        og_buf_init(&rows, MAX_TEXT);
        og_grammar_rows(seed, seed * 100 + k, &rows);
        if (sqlite3_open(":memory:", &pool->db[k]) != SQLITE_OK)
            exit(1);
        must(pool->db[k], og_grammar_schema);
        must(pool->db[k], og_buf_str(&rows));
        must(pool->db[k], "DELETE FROM log");
        if (og_sqlite_analyser_new(&api, pool->db[k], &pool->analyser[k]) != 0)
            exit(1);
        sqlite3_progress_handler(pool->db[k], 1000, stop, NULL);
        og_buf_release(&rows);
    }
}

static void close_pool(struct pool *pool)
{
    for (unsigned k = 0; k < N_DATABASES; k++) {
        (void)og_sqlite_analyser_free(pool->analyser[k]);
        sqlite3_close(pool->db[k]);
    }
}

/* ---- the judgement, as decide_mask.c makes it ---- */

static bool is_masked(const struct og_facts *facts, size_t column)
{
    return og_grammar_is_masked(facts->objects[facts->columns[column].object].name,
                                facts->columns[column].name);
}

static bool is_admitted(const struct og_facts *facts, const struct blindness *blind)
{
    if (facts->refusal.what)
        return false;
    for (size_t i = 0; i < facts->n_functions; i++)
        if (!facts->functions[i].is_harmless)
            return false;
    for (size_t i = 0; i < facts->n_uses; i++) {
        const struct og_fact_use *use = &facts->uses[i];
        bool is_free = use->is_beside_full_key &&
                       (use->use == OG_USE_GROUP || use->use == OG_USE_DISTINCT);

        if (is_masked(facts, use->column) && !is_free && (!blind || (int)use->use != blind->use))
            return false;
    }
    return true;
}

static bool is_result_masked(const struct og_facts *facts, size_t i, const struct blindness *blind)
{
    if (blind && blind->ignores_sources)
        return false;
    for (size_t k = 0; i < facts->n_results && k < facts->results[i].n_sources; k++)
        if (is_masked(facts, facts->results[i].sources[k].column))
            return true;
    return false;
}

/* ---- one answer ---- */

static void append_cell(sqlite3_stmt *statement, int i, bool is_hidden, struct og_buf *out)
{
    const char *text = (const char *)sqlite3_column_text(statement, i);

    if (is_hidden)
        og_buf_append_str(out, "*|");
    else
        og_buf_printf(out, "%d %s|", sqlite3_column_type(statement, i), text ? text : "");
}

static void dump(sqlite3 *db, struct og_buf *out)
{
    static const char *const tables[] = {"c", "o", "i", "p", "k", "q", "z", "log"};

    for (size_t t = 0; t < OG_COUNT(tables); t++) {
        sqlite3_stmt *statement = NULL;
        char sql[96];

        (void)snprintf(sql, sizeof(sql), "SELECT * FROM %s NOT INDEXED ORDER BY %s", tables[t],
                       strcmp(tables[t], "i") == 0 ? "oid, pid" : "rowid");
        if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
            exit(1);
        while (sqlite3_step(statement) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(statement); i++)
                append_cell(statement, i,
                            og_grammar_is_masked(tables[t], sqlite3_column_name(statement, i)), out);
            og_buf_append_char(out, '\n');
        }
        sqlite3_finalize(statement);
    }
}

/* Returns: whether it ran to its end. */
static bool answer(struct pool *pool, unsigned k, const char *sql, const struct og_facts *facts,
                   const struct blindness *blind, struct og_buf *out)
{
    bool *masked = calloc(facts->n_columns + 1, sizeof(*masked));
    sqlite3_stmt *statement = NULL;
    unsigned n_rows = 0;
    int n_changes, rc;

    for (size_t i = 0; masked && i < facts->n_columns; i++)
        masked[i] = is_masked(facts, i);
    if (!masked || og_sqlite_permit_all(pool->analyser[k]) != 0)
        exit(1);
    must(pool->db[k], "SAVEPOINT truth");
    if (og_sqlite_permit(pool->analyser[k], facts, masked) != 0)
        exit(1);
    n_steps = 0;
    /* what an earlier statement left behind is not this one's */
    sqlite3_set_last_insert_rowid(pool->db[k], 0);
    n_changes = sqlite3_total_changes(pool->db[k]);
    rc = sqlite3_prepare_v2(pool->db[k], sql, -1, &statement, NULL);
    if (rc != SQLITE_OK && !blind)
        tap_note("not compiled: %s\n%s", sqlite3_errmsg(pool->db[k]), sql);
    while (statement && (rc = sqlite3_step(statement)) == SQLITE_ROW && n_rows++ < MAX_ROWS) {
        for (int i = 0; i < sqlite3_column_count(statement); i++)
            append_cell(statement, i, is_result_masked(facts, (size_t)i, blind), out);
        og_buf_append_char(out, '\n');
    }
    sqlite3_finalize(statement);
    og_buf_printf(out, "end %d, %d changes, last %lld\n", rc,
                  sqlite3_total_changes(pool->db[k]) - n_changes,
                  (long long)sqlite3_last_insert_rowid(pool->db[k]));
    if (og_sqlite_permit_all(pool->analyser[k]) != 0)
        exit(1);
    n_steps = -1000000000;
    dump(pool->db[k], out);
    must(pool->db[k], "ROLLBACK TO truth; RELEASE truth");
    free(masked);
    return rc == SQLITE_DONE || (rc != SQLITE_INTERRUPT && rc != SQLITE_ROW);
}

/* The statement, and from where on the answers differ. */
static void show(const char *sql, const char *first, const char *other)
{
    size_t from = 0;

    for (size_t i = 0; first[i] && first[i] == other[i]; i++)
        if (first[i] == '\n')
            from = i + 1;
    tap_note("LEAK %s\n%.300s\n----\n%.300s", sql, first + from, other + from);
}

static void judge(struct pool *pool, const char *sql, const struct blindness *blind,
                  struct tally *tally)
{
    struct og_buf first, out;
    struct og_arena arena;
    struct og_facts facts;
    bool is_reading = false, is_different = false, is_whole = true;

    og_buf_init(&first, MAX_TEXT);
    og_buf_init(&out, MAX_TEXT);
    og_arena_init(&arena, OG_MAX_FACTS_BYTES);
    og_facts_init(&facts, &arena, OG_DIALECT_SQLITE);
    if (og_sqlite_analyse(pool->analyser[0], sql, strlen(sql), &facts) != 0)
        exit(1);
    if (facts.refusal.what && strstr(facts.refusal.what, "the engine says")) {
        tally->n_failed++; /* no statement at all: not counted */
    } else {
        tally->n++;
        for (size_t i = 0; i < facts.n_objects; i++)
            is_reading = is_reading || !og_sq_is_same(facts.objects[i].name, "z");
    }
    if (is_admitted(&facts, blind)) {
        tally->n_admitted++;
        tally->n_reading += is_reading;
        for (unsigned k = 0; k < N_DATABASES && !is_different && is_whole; k++) {
            og_buf_clear(&out);
            is_whole = answer(pool, k, sql, &facts, blind, k ? &out : &first);
            is_different = k && is_whole && strcmp(og_buf_str(&first), og_buf_str(&out)) != 0;
        }
    }
    if (is_different && !blind)
        show(sql, og_buf_str(&first), og_buf_str(&out));
    tally->n_leaks += is_different;
    og_buf_release(&first);
    og_buf_release(&out);
    og_arena_release(&arena);
}

/* Until n statements, so many seconds, or (looking for any) the first leak. */
static struct tally run(unsigned n, uint64_t seed, unsigned seconds, const struct blindness *blind)
{
    struct tally tally = {.n = 0};
    struct pool pool;
    time_t start = time(NULL);
    unsigned i;

    open_pool(&pool, seed);
    for (i = 0; i < n && time(NULL) - start < (time_t)seconds && !(blind && tally.n_leaks); i++) {
        struct og_grammar grammar = {.seed = seed * 1000003 + i};
        struct og_buf sql;

        if (i % 500 == 499) {
            close_pool(&pool);
            open_pool(&pool, seed + i);
        }
        og_buf_init(&sql, MAX_TEXT);
        grammar.out = &sql;
        og_grammar_statement(&grammar);
        judge(&pool, og_buf_str(&sql), blind, &tally);
        if (getenv("OG_TRUTH_SHOW"))
            tap_note("%u: %s", i, og_buf_str(&sql));
        og_buf_release(&sql);
    }
    close_pool(&pool);
    return tally;
}

int main(int argc, char **argv)
{
    static const struct blindness controls[] = {
        {"filter", OG_USE_FILTER, false}, {"order", OG_USE_ORDER, false},
        {"stored", OG_USE_STORE, false},
        {"set operation", OG_USE_SET_OP, false}, {"sources", -1, true},
    };
    unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 20000;
    uint64_t seed = argc > 2 ? (uint64_t)atoll(argv[2]) : 1;
    unsigned seconds = argc > 1 ? 1000000 : 25;
    struct tally tally;

    if (og_sqlite_api_own(&api))
        return 1;
    tap_note("seed %llu", (unsigned long long)seed);
    tally = run(n, seed, seconds, NULL);
    tap_ok(tally.n_leaks == 0, "what_is_admitted_answers_the_same");
    tap_ok(tally.n_admitted * 100 >= tally.n * 60, "most_statements_are_admitted");
    tap_ok(tally.n_reading * 100 >= tally.n * 40, "many_of_them_read_a_table_with_masked_columns");
    tap_note("%u statements (%u more did not compile), %u admitted, %u of them read masked tables, %u"
             " leaks", tally.n, tally.n_failed, tally.n_admitted, tally.n_reading, tally.n_leaks);
    for (size_t i = 0; i < OG_COUNT(controls) && argc <= 2; i++) {
        tally = run(50000, seed + 77, 60, &controls[i]);
        tap_ok(tally.n_leaks > 0, "without_%s_a_leak_is_found", controls[i].name);
        tap_note("%s: after %u statements", controls[i].name, tally.n);
    }
    return tap_done();
}

/* SPDX-License-Identifier: MIT */
#include "common/policy_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/decide.h"
#include "common/limits.h"
#include "common/pg_analyse.h"
#include "common/policy_parts.h"
#include "common/sqlite_analyse.h"

/* Monday, 2026-01-05 12:00:00 UTC. */
#define NOW INT64_C(1767614400)
/* A schema is a list of definitions; what runs longer is none. */
#define MAX_SCHEMA_STEPS 10000
#define STEP_OPCODES 10000

/* Analysis over one schema file; kept while the next case wants the same. */
struct engine {
    const char *schema_file;
    enum og_dialect dialect;
    bool is_ready;
    struct og_catalog *catalog;
    struct og_sqlite_api api;
    sqlite3 *db;
    struct og_sqlite_analyser *analyser;
    int n_steps;
};

struct run {
    const struct og_policy_set *set;
    int (*read_file)(void *context, const char *name, struct og_buf *out);
    void *context;
    struct og_buf *messages;
    struct engine engine;
};

static void engine_close(struct engine *engine)
{
    if (engine->analyser)
        (void)og_sqlite_analyser_free(engine->analyser);
    if (engine->db)
        (void)sqlite3_close(engine->db);
    if (engine->catalog)
        (void)og_pg_schema_free(engine->catalog);
    memset(engine, 0, sizeof(*engine));
}

static const char *file_of(const struct og_policy_set *set, const char *policy)
{
    for (size_t i = 0; i < set->n_policies; i++)
        if (strcmp(set->policies[i].name, policy) == 0)
            return set->policies[i].file;
    return policy;
}

static void begin_message(const struct run *run, const struct og_policy_case *test)
{
    og_buf_printf(run->messages, "%s:%zu: ", file_of(run->set, test->policy), test->line);
}

/* ---- schemas ---- */

/* A schema file reaches no other file. */
static int authorize(void *context, int action, const char *a, const char *b, const char *c,
                     const char *d)
{
    (void)context;
    (void)c;
    (void)d;
    if (action == SQLITE_ATTACH || action == SQLITE_DETACH || action == SQLITE_PRAGMA)
        return SQLITE_DENY;
    if (action == SQLITE_FUNCTION && (!b || sqlite3_stricmp(b, "load_extension") == 0))
        return SQLITE_DENY;
    (void)a;
    return SQLITE_OK;
}

static int count_steps(void *context)
{
    struct engine *engine = context;

    return ++engine->n_steps > MAX_SCHEMA_STEPS;
}

static int open_sqlite(const struct run *run, const struct og_policy_case *test,
                       struct engine *engine, const char *sql)
{
    struct og_buf why;
    int r;

    og_buf_init(&why, OG_MAX_FIELD_BYTES);
    r = og_sqlite_api_own(&engine->api);
    if (r == 0)
        r = og_sqlite_self_check(&engine->api, &why);
    if (r < 0) {
        begin_message(run, test);
        og_buf_printf(run->messages, "this SQLite cannot be analysed: %s\n", og_buf_str(&why));
        og_buf_release(&why);
        return 1;
    }
    og_buf_release(&why);
    if (sqlite3_open_v2(":memory:", &engine->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        NULL) != SQLITE_OK)
        return -ENOMEM;
    (void)sqlite3_set_authorizer(engine->db, authorize, NULL);
    sqlite3_progress_handler(engine->db, STEP_OPCODES, count_steps, engine);
    r = sqlite3_exec(engine->db, sql, NULL, NULL, NULL);
    sqlite3_progress_handler(engine->db, 0, NULL, NULL);
    (void)sqlite3_set_authorizer(engine->db, NULL, NULL);
    if (r != SQLITE_OK) {
        begin_message(run, test);
        og_buf_printf(run->messages, "the schema %s is not usable: %s\n", test->schema_file,
                      sqlite3_errmsg(engine->db));
        return 1;
    }
    return og_sqlite_analyser_new(&engine->api, engine->db, &engine->analyser);
}

static int open_pg(const struct run *run, const struct og_policy_case *test,
                   struct engine *engine, const char *sql, size_t n_bytes)
{
    struct og_buf messages;
    int r = og_pg_self_check();

    if (r < 0) {
        begin_message(run, test);
        og_buf_append_str(run->messages, "the installed PostgreSQL parser does not fit\n");
        return 1;
    }
    og_buf_init(&messages, OG_MAX_FIELD_BYTES);
    r = og_pg_schema_parse(sql, n_bytes, &messages, &engine->catalog);
    if (r > 0) {
        begin_message(run, test);
        og_buf_printf(run->messages, "the schema %s is not usable: %s\n", test->schema_file,
                      og_buf_str(&messages));
    }
    og_buf_release(&messages);
    return r;
}

/* Returns: 0; 1 after a message; < 0. */
static int engine_open(struct run *run, const struct og_policy_case *test)
{
    struct engine *engine = &run->engine;
    struct og_buf sql;
    int r;

    if (engine->schema_file && test->schema_file && engine->dialect == test->dialect &&
        strcmp(engine->schema_file, test->schema_file) == 0)
        return engine->is_ready ? 0 : 1;
    engine_close(engine);
    engine->schema_file = test->schema_file;
    engine->dialect = test->dialect;
    og_buf_init(&sql, OG_MAX_POLICY_SET_BYTES);
    r = test->schema_file ? run->read_file(run->context, test->schema_file, &sql) : -ENOENT;
    if (r != 0 || og_buf_is_failed(&sql) || memchr(og_buf_str(&sql), '\0', sql.n_bytes)) {
        begin_message(run, test);
        og_buf_printf(run->messages, "the schema %s cannot be read: %s\n",
                      test->schema_file ? test->schema_file : "",
                      r ? strerror(abs(r)) : "it is no text");
        r = 1;
    } else if (test->dialect == OG_DIALECT_POSTGRESQL) {
        r = open_pg(run, test, engine, og_buf_str(&sql), sql.n_bytes);
    } else {
        r = open_sqlite(run, test, engine, og_buf_str(&sql));
    }
    og_buf_release(&sql);
    engine->is_ready = r == 0;
    return r;
}

/* ---- cases ---- */

static bool is_expected_label(const struct og_policy_case *test, const char *label)
{
    for (size_t i = 0; i < test->n_masked; i++)
        if (strcmp(test->masked[i], label) == 0)
            return true;
    return false;
}

static bool is_masked_label(const struct og_facts *facts, const struct og_verdict *verdict,
                            const char *label)
{
    for (size_t i = 0; i < verdict->n_masks && i < facts->n_results; i++)
        if (og_mask_is_plan(&verdict->masks[i]) && strcmp(facts->results[i].label, label) == 0)
            return true;
    return false;
}

/* Both ways: what is masked was expected, what was expected is masked. */
static bool is_masked_as_expected(const struct og_policy_case *test, const struct og_facts *facts,
                                  const struct og_verdict *verdict)
{
    for (size_t i = 0; i < verdict->n_masks && i < facts->n_results; i++)
        if (og_mask_is_plan(&verdict->masks[i]) &&
            !is_expected_label(test, facts->results[i].label))
            return false;
    for (size_t i = 0; i < test->n_masked; i++)
        if (!is_masked_label(facts, verdict, test->masked[i]))
            return false;
    return true;
}

static void tell_masked(struct og_buf *out, const struct og_facts *facts,
                        const struct og_verdict *verdict)
{
    const char *between = "";

    og_buf_append_str(out, "the masked columns are [");
    for (size_t i = 0; i < verdict->n_masks && i < facts->n_results; i++) {
        if (!og_mask_is_plan(&verdict->masks[i]))
            continue;
        og_buf_printf(out, "%s%s", between, facts->results[i].label);
        between = ", ";
    }
    og_buf_append_str(out, "]");
}

static bool check(const struct run *run, const struct og_policy_case *test,
                  const struct og_facts *facts, const struct og_verdict *verdict)
{
    const char *word = og_verdict_word(verdict->kind);
    bool is_right = strcmp(word, test->expect_verdict) == 0 &&
                    (!test->expect_rule || strcmp(test->expect_rule, verdict->rule) == 0);

    if (!is_right) {
        begin_message(run, test);
        og_buf_printf(run->messages, "expected %s%s%s, got %s%s%s (%s): %s\n",
                      test->expect_verdict, test->expect_rule ? " " : "",
                      test->expect_rule ? test->expect_rule : "", word,
                      *verdict->rule ? " " : "", verdict->rule, verdict->reason, test->sql);
        return false;
    }
    if (!test->has_masked || is_masked_as_expected(test, facts, verdict))
        return true;
    begin_message(run, test);
    tell_masked(run->messages, facts, verdict);
    og_buf_printf(run->messages, ", which is not what `masked` says: %s\n", test->sql);
    return false;
}

static int analyse(struct engine *engine, const char *sql, struct og_facts *facts)
{
    static const struct og_pg_session session = {.standard_conforming_strings = true};

    if (engine->dialect == OG_DIALECT_POSTGRESQL)
        return og_pg_analyse(sql, strlen(sql), &session, engine->catalog, facts);
    return og_sqlite_analyse(engine->analyser, sql, strlen(sql), facts);
}

/* Returns: 0 passed; 1 failed, after a message; < 0. */
static int run_case(struct run *run, const struct og_policy_case *test)
{
    struct og_principal member = {.names = &test->as, .n_names = 1, .display = test->as};
    struct og_principal_chain chain = {
        .members = &member, .n_members = 1, .evidence = OG_EVIDENCE_PEER};
    struct og_target target = {.name = test->target ? test->target : "test",
                               .dialect = test->dialect};
    struct og_arena arena;
    struct og_facts facts;
    struct og_decide_input input = {.set = run->set,
                                    .chain = &chain,
                                    .target = &target,
                                    .facts = &facts,
                                    .placement = OG_PLACEMENT_INLINE,
                                    .now_unix_s = NOW,
                                    .is_measured = test->is_measured,
                                    .measured_rows = test->measured_rows};
    struct og_verdict verdict;
    int r = engine_open(run, test);

    if (r != 0)
        return r;
    og_arena_init(&arena, OG_MAX_FACTS_BYTES * 2);
    og_facts_init(&facts, &arena, test->dialect);
    if (analyse(&run->engine, test->sql, &facts) < 0) {
        begin_message(run, test);
        og_buf_printf(run->messages, "the analysis failed: %s\n", test->sql);
        r = 1;
    } else {
        r = og_decide(&input, &arena, &verdict);
        if (r == 0)
            r = check(run, test, &facts, &verdict) ? 0 : 1;
    }
    og_arena_release(&arena);
    return r;
}

int og_policy_test_run(const struct og_policy_set *set, const char *folder,
                       int (*read_file)(void *context, const char *name, struct og_buf *out),
                       void *context, struct og_buf *messages, size_t *n_passed, size_t *n_failed)
{
    struct run run = {
        .set = set, .read_file = read_file, .context = context, .messages = messages};
    const struct og_policy_case *cases;
    size_t n = og_policy_set_cases(set, &cases);
    int r = 0;

    (void)folder;
    *n_passed = 0;
    *n_failed = 0;
    for (size_t i = 0; i < n && r >= 0; i++) {
        r = run_case(&run, &cases[i]);
        if (r == 0)
            ++*n_passed;
        else
            ++*n_failed;
    }
    engine_close(&run.engine);
    return r < 0 ? r : 0;
}

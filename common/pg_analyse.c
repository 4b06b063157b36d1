/* SPDX-License-Identifier: MIT */
/* The analysis of one statement, and the thread that it runs on: libpg_query keeps a key per parsing thread
 * and sets no bound to its recursion, so one thread with a stack of known size does all parsing; callers
 * wait for it one after the other. */
#include "common/pg_walk.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "common/sql_lex.h"

/* Depth times the largest frame of the walk, and what the parser itself takes; touched only when used. */
#define STACK_BYTES (256u * 1024u * 1024u)

/* ---- the thread ---- */

struct job {
    const char *sql;
    struct og_pg_walk *walk;
    int (*run)(struct job *job);
    int result;
};

static struct {
    pthread_mutex_t caller; /* one caller at a time */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct job *job;
    bool is_done;
    bool is_running;
    bool has_fork_handler;
} parser = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
            NULL, false, false, false};

/* In a child there is one thread only: the parser has to be started again. */
static void after_fork(void)
{
    pthread_mutex_init(&parser.caller, NULL);
    pthread_mutex_init(&parser.lock, NULL);
    pthread_cond_init(&parser.changed, NULL);
    parser.job = NULL;
    parser.is_running = false;
}

static void *serve(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&parser.lock);
    for (;;) {
        while (!parser.job || parser.is_done)
            pthread_cond_wait(&parser.changed, &parser.lock);
        pthread_mutex_unlock(&parser.lock);
        parser.job->result = parser.job->run(parser.job);
        pthread_mutex_lock(&parser.lock);
        parser.is_done = true;
        pthread_cond_broadcast(&parser.changed);
    }
    return NULL;
}

static int start(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    int r;

    if (parser.is_running)
        return 0;
    if (!parser.has_fork_handler && pthread_atfork(NULL, NULL, after_fork) == 0)
        parser.has_fork_handler = true;
    if (pthread_attr_init(&attributes) != 0)
        return -ENOMEM;
    r = pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (r == 0)
        r = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all); /* signals are the application's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (r == 0)
        r = pthread_create(&thread, &attributes, serve, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    parser.is_running = r == 0;
    return r ? -r : 0;
}

static int run(struct job *job)
{
    int r;

    pthread_mutex_lock(&parser.caller);
    pthread_mutex_lock(&parser.lock);
    r = start();
    if (r == 0) {
        parser.is_done = false;
        parser.job = job;
        pthread_cond_broadcast(&parser.changed);
        while (!parser.is_done)
            pthread_cond_wait(&parser.changed, &parser.lock);
        parser.job = NULL;
        r = job->result;
    }
    pthread_mutex_unlock(&parser.lock);
    pthread_mutex_unlock(&parser.caller);
    return r;
}

int og_pg_on_parser_thread(int (*function)(void *context), void *context);

struct plain_job {
    struct job job;
    int (*function)(void *context);
    void *context;
};

static int run_plain(struct job *job)
{
    struct plain_job *plain = (struct plain_job *)job;

    return plain->function(plain->context);
}

int og_pg_on_parser_thread(int (*function)(void *context), void *context)
{
    struct plain_job plain = {.job = {.run = run_plain}, .function = function, .context = context};

    return run(&plain.job);
}

/* ---- one statement ---- */

static const char *kind_of(const Node *node)
{
    switch (nodeTag(node)) {
    case T_SelectStmt:
        return "SELECT";
    case T_InsertStmt:
        return "INSERT";
    case T_UpdateStmt:
        return "UPDATE";
    case T_MergeStmt:
        return "MERGE";
    default:
        return "DELETE";
    }
}

static void tell_results(struct og_pg_walk *w, const struct og_pg_columns *columns)
{
    for (size_t i = 0; i < columns->n_items && !og_pg_is_refused(w); i++) {
        struct og_pg_value value = og_pg_column_value(w, columns->items[i]);
        struct og_fact_source *sources =
            og_arena_array(w->facts->arena, value.n_sources + 1, sizeof(*sources));
        struct og_fact_result result = {.label = columns->items[i]->name,
                                        .sources = sources,
                                        .n_sources = value.n_sources,
                                        .type = value.type};

        if (!sources)
            return;
        for (size_t k = 0; k < value.n_sources; k++)
            sources[k] = (struct og_fact_source){value.sources[k].column, value.sources[k].is_copied};
        og_facts_result(w->facts, &result);
    }
}

void og_pg_tell_query(struct og_pg_walk *w, const struct og_pg_columns *columns)
{
    w->facts->returns_rows = columns->n_items > 0;
    tell_results(w, columns);
    if (!w->facts->n_effects)
        og_facts_effect(w->facts, OG_EFFECT_SELECT, OG_NO_OBJECT);
}

void og_pg_statement(struct og_pg_walk *w, Node *node)
{
    struct og_pg_columns columns = {0};

    if (og_pg_into(node) || !og_pg_query(w, NULL, node, &columns)) {
        og_pg_utility(w, node);
        return;
    }
    w->facts->kind = kind_of(node);
    og_pg_tell_query(w, &columns);
}

static void tell_error(struct og_pg_walk *w, const PgQueryError *error)
{
    int location = error->cursorpos > 0 ? error->cursorpos - 1 : -1;

    og_pg_refuse(w, location,
                 strstr(error->message, "memory") ? "it is nested too deeply"
                                                  : "it is not SQL that this PostgreSQL grammar (15) reads",
                 "correct it");
}

static int analyse(struct job *job)
{
    MemoryContext context = pg_query_enter_memory_context();
    PgQueryInternalParsetreeAndError parsed = pg_query_raw_parse(job->sql);
    int n;

    if (parsed.error) {
        tell_error(job->walk, parsed.error);
    } else {
        n = list_length(parsed.tree);
        if (n == 1)
            og_pg_statement(job->walk, linitial_node(RawStmt, parsed.tree)->stmt);
        else
            og_pg_refuse(job->walk, -1, n ? "more than one statement" : "there is no statement in it",
                         n ? "send them one by one" : "send one statement");
    }
    free(parsed.stderr_buffer);
    if (parsed.error)
        pg_query_free_error(parsed.error);
    pg_query_exit_memory_context(context);
    return job->walk->error;
}

/* ---- markers ---- */

static bool is_word(const char *sql, const struct og_lex *lex, const char *word)
{
    for (size_t i = 0; i < lex->n_tokens; i++) {
        const struct og_token *token = &lex->tokens[i];

        if (token->kind == OG_TOKEN_SPACE || token->kind == OG_TOKEN_COMMENT)
            continue;
        return token->n_bytes == strlen(word) &&
               strncasecmp(sql + token->position, word, token->n_bytes) == 0;
    }
    return false;
}

/* The text with each ? as $n, and where it grew. A text that brings $1 of its own is refused: the two
 * could mean the same parameter. */
static int number_markers(struct og_facts *facts, const struct og_lex *lex, const char *sql,
                          struct og_buf *out, size_t *marks, size_t *grown)
{
    size_t n = 0, total = 0;
    bool is_prepare = lex->n_tokens && is_word(sql, lex, "prepare");

    for (size_t i = 0; i < lex->n_tokens; i++) {
        const struct og_token *token = &lex->tokens[i];

        /* PREPARE has parameters of its own; it takes none from the driver. */
        if (token->kind == OG_TOKEN_PARAMETER && !(is_prepare && !lex->n_markers)) {
            og_facts_refuse(facts, token->position, "a numbered parameter", "use ? markers");
            return 0;
        }
        if (token->kind != OG_TOKEN_MARKER) {
            og_buf_append(out, sql + token->position, token->n_bytes);
            continue;
        }
        marks[n] = out->n_bytes;
        og_buf_printf(out, "$%zu", n + 1);
        total += out->n_bytes - marks[n] - 1;
        grown[n++] = total;
    }
    facts->n_parameters = n;
    return og_buf_is_failed(out) ? -ENOMEM : 0;
}

int og_pg_analyse(const char *sql, size_t n_bytes, const struct og_pg_session *session,
                  struct og_catalog *catalog, struct og_facts *facts)
{
    struct og_lex_options options = {.dialect = OG_DIALECT_POSTGRESQL,
                                     .backslash_escapes = !session->standard_conforming_strings};
    struct og_pg_walk walk = {.facts = facts,
                              .catalog = catalog,
                              .session = session,
                              .condition_use = OG_USE_CONDITION};
    struct job job = {.walk = &walk, .run = analyse};
    struct og_lex lex;
    struct og_buf text;
    size_t *marks, *grown;
    int r;

    /* The parser knows only conforming strings: with the other setting it would see another statement
     * wherever there is a backslash. */
    if (!session->standard_conforming_strings && memchr(sql, '\\', n_bytes)) {
        og_facts_refuse(facts, SIZE_MAX, "a backslash while standard_conforming_strings is off",
                        "set it on for this session");
        return 0;
    }
    if (session->lex)
        lex = *session->lex;
    r = session->lex ? 0 : og_lex_split(&options, sql, n_bytes, facts->arena, &lex);
    if (r > 0) {
        og_facts_refuse(facts, lex.position, lex.what, "correct it");
        return 0;
    }
    if (r < 0)
        return r;
    marks = og_arena_array(facts->arena, lex.n_markers + 1, sizeof(*marks));
    grown = og_arena_array(facts->arena, lex.n_markers + 1, sizeof(*grown));
    if (!marks || !grown)
        return -ENOMEM;
    og_buf_init(&text, n_bytes + 6 * lex.n_markers + 64);
    r = number_markers(facts, &lex, sql, &text, marks, grown);
    if (r == 0 && !facts->refusal.what) {
        walk.marks = marks;
        walk.grown = grown;
        walk.n_marks = lex.n_markers;
        job.sql = og_buf_str(&text);
        r = run(&job);
    }
    og_buf_release(&text);
    if (r == 0 && og_arena_is_failed(facts->arena))
        r = -ENOMEM;
    return r;
}

/* ---- self-check ---- */

static int check(struct job *job)
{
    static const struct {
        const char *sql;
        NodeTag tag;
    } cases[] = {
        {"SELECT a FROM t WHERE b = 1", T_SelectStmt}, {"INSERT INTO t VALUES (1)", T_InsertStmt},
        {"UPDATE t SET a = 1", T_UpdateStmt},          {"DELETE FROM t", T_DeleteStmt},
        {"DROP TABLE t", T_DropStmt},                  {"TRUNCATE t", T_TruncateStmt},
        {"COPY t TO STDOUT", T_CopyStmt},              {"DO 'x'", T_DoStmt},
        {"CALL p()", T_CallStmt},                      {"EXPLAIN SELECT 1", T_ExplainStmt},
        {"SET a = 1", T_VariableSetStmt},              {"COMMIT", T_TransactionStmt},
    };
    MemoryContext context = pg_query_enter_memory_context();
    int r = 0;

    (void)job;
    for (size_t i = 0; r == 0 && i < OG_COUNT(cases); i++) {
        PgQueryInternalParsetreeAndError parsed = pg_query_raw_parse(cases[i].sql);

        if (parsed.error || list_length(parsed.tree) != 1 ||
            nodeTag(linitial_node(RawStmt, parsed.tree)->stmt) != cases[i].tag)
            r = -ENOTSUP;
        /* A field from the middle of a large struct: its place must be where the headers say. */
        if (r == 0 && i == 0) {
            SelectStmt *select = (SelectStmt *)linitial_node(RawStmt, parsed.tree)->stmt;

            if (list_length(select->targetList) != 1 || list_length(select->fromClause) != 1 ||
                !select->whereClause || !IsA(select->whereClause, A_Expr) ||
                select->op != SETOP_NONE || select->larg)
                r = -ENOTSUP;
        }
        free(parsed.stderr_buffer);
        if (parsed.error)
            pg_query_free_error(parsed.error);
    }
    pg_query_exit_memory_context(context);
    return r;
}

int og_pg_self_check(void)
{
    static int result = 1;
    struct job job = {.run = check};

    if (result == 1)
        result = run(&job);
    return result;
}

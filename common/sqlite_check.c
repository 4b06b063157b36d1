/* SPDX-License-Identifier: MIT */
/* sqlite_check.c - the self-check: is this engine one whose programs are understood? */
#include "common/sqlite_parts.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Versions whose operations were read one by one. Another one may pass by the corpus alone. */
#define VOUCHED_FROM 3037000
#define MAX_CHECKED 8

static const char schema_text[] =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT, n INT);"
    "CREATE TABLE u(id INTEGER PRIMARY KEY, t_id INT, v TEXT, w TEXT);"
    "CREATE TABLE k(p TEXT, q TEXT, r TEXT, PRIMARY KEY(p, q)) WITHOUT ROWID;"
    "CREATE TABLE g(id INTEGER PRIMARY KEY, e TEXT, l TEXT AS (lower(e)), s TEXT AS (upper(e)) STORED);"
    "CREATE TABLE log(what TEXT, who TEXT);"
    "CREATE VIEW all_t AS SELECT * FROM t;"
    "CREATE VIEW some_t AS SELECT id, a FROM t WHERE b = 'x';"
    "CREATE TRIGGER u_log AFTER UPDATE OF v ON u BEGIN INSERT INTO log VALUES (new.w, old.v); END;";

static const struct {
    const char *sql;
    const char *want;
} corpus[] = {
#define CORPUS(sql, want) {sql, want},
#include "common/sqlite_corpus.tbl.h"
#undef CORPUS
};

static int compare_text(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;

    return strcmp(*x, *y);
}

static char *column_text(struct og_facts *facts, size_t column, const char *before,
                         const char *after)
{
    const struct og_fact_column *c = &facts->columns[column];

    return og_arena_printf(facts->arena, "%s%s.%s%s", before, facts->objects[c->object].name,
                           c->name, after);
}

static void append_sorted(struct og_buf *out, const char **texts, size_t n)
{
    qsort(texts, n, sizeof(*texts), compare_text);
    for (size_t i = 0; i < n; i++) {
        if (i)
            og_buf_append_char(out, ' ');
        og_buf_append_str(out, texts[i] ? texts[i] : "?");
    }
}

void og_sq_render(struct og_facts *facts, struct og_buf *out)
{
    const char **texts;

    if (facts->refusal.what) {
        og_buf_printf(out, "refused: %s", facts->refusal.what);
        return;
    }
    for (size_t i = 0; i < facts->n_results; i++) {
        const struct og_fact_result *result = &facts->results[i];

        texts = og_arena_array(facts->arena, result->n_sources + 1, sizeof(*texts));
        for (size_t k = 0; texts && k < result->n_sources; k++)
            texts[k] = column_text(facts, result->sources[k].column,
                                   result->sources[k].is_copied ? "" : "~", "");
        if (i)
            og_buf_append_str(out, ", ");
        if (texts && result->n_sources)
            append_sorted(out, texts, result->n_sources);
        else
            og_buf_append_char(out, '-');
    }
    og_buf_append_str(out, facts->n_results ? " |" : "|");
    texts = og_arena_array(facts->arena, facts->n_uses + 1, sizeof(*texts));
    for (size_t i = 0; texts && i < facts->n_uses; i++) {
        char *name = column_text(facts, facts->uses[i].column, "", ":");

        texts[i] = og_arena_printf(facts->arena, "%s%s%s", name ? name : "?",
                                   og_use_word(facts->uses[i].use),
                                   facts->uses[i].is_beside_full_key ? "(key)" : "");
    }
    if (texts && facts->n_uses) {
        og_buf_append_char(out, ' ');
        append_sorted(out, texts, facts->n_uses);
    }
}

static int check_one(struct og_sqlite_analyser *analyser, const char *sql, const char *want,
                     struct og_buf *why)
{
    struct og_arena arena;
    struct og_facts facts;
    struct og_buf got;
    bool is_same;

    og_arena_init(&arena, OG_MAX_FACTS_BYTES);
    og_facts_init(&facts, &arena, OG_DIALECT_SQLITE);
    og_buf_init(&got, OG_MAX_RECORD_BYTES);
    is_same = og_sqlite_analyse(analyser, sql, strlen(sql), &facts) == 0;
    og_sq_render(&facts, &got);
    is_same = is_same && strcmp(og_buf_str(&got), want) == 0;
    if (!is_same)
        og_buf_printf(why, "SQLite version not vouched: \"%s\" gives \"%s\", not \"%s\"; use a "
                           "version of SQLite that this release was tested with",
                      sql, og_buf_str(&got), want);
    og_buf_release(&got);
    og_arena_release(&arena);
    return is_same ? 0 : -ENOTSUP;
}

static int run_corpus(const struct og_sqlite_api *api, struct og_buf *why)
{
    struct og_sqlite_analyser *analyser = NULL;
    sqlite3 *db = NULL;
    int rc = -ENOTSUP;

    if (api->sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
            SQLITE_OK ||
        api->sqlite3_exec(db, schema_text, NULL, NULL, NULL) != SQLITE_OK ||
        og_sqlite_analyser_new(api, db, &analyser) != 0)
        og_buf_append_str(why, "SQLite cannot make a database in memory as analysis needs it; use "
                               "a version of SQLite that this release was tested with");
    else
        rc = 0;
    for (size_t i = 0; rc == 0 && i < OG_COUNT(corpus); i++)
        rc = check_one(analyser, corpus[i].sql, corpus[i].want, why);
    (void)og_sqlite_analyser_free(analyser);
    (void)api->sqlite3_close(db);
    return rc;
}

/* What was found for an engine, for the life of the process. */
static struct {
    char source[128];
    int rc;
} checked[MAX_CHECKED];
static size_t n_checked;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int og_sqlite_self_check(const struct og_sqlite_api *api, struct og_buf *why)
{
    const char *source = api->sqlite3_sourceid();
    int rc = -EAGAIN;

    if (api->sqlite3_libversion_number() < VOUCHED_FROM) {
        og_buf_append_str(why, "SQLite is older than 3.37; use a newer one");
        return -ENOTSUP;
    }
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n_checked; i++)
        if (strncmp(checked[i].source, source, sizeof(checked[i].source) - 1) == 0)
            rc = checked[i].rc;
    if (rc == -EAGAIN || rc != 0) {
        rc = run_corpus(api, why);
        if (n_checked < MAX_CHECKED && rc == 0) {
            strncpy(checked[n_checked].source, source, sizeof(checked[0].source) - 1);
            checked[n_checked++].rc = rc;
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return rc;
}

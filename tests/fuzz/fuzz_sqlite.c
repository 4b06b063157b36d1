/* SPDX-License-Identifier: MIT */
/* Analyses any bytes as one SQLite statement over a fixed schema: no fault, facts that point only
 * into themselves, and a live authorizer that takes them. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/sqlite_statements.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static struct og_sqlite_analyser *open_analyser(void)
{
    static struct og_sqlite_api api;
    static struct og_sqlite_analyser *analyser;
    sqlite3 *db = NULL;

    if (analyser)
        return analyser;
    if (og_sqlite_api_own(&api) || sqlite3_open(":memory:", &db) != SQLITE_OK ||
        sqlite3_exec(db, test_schema, NULL, NULL, NULL) != SQLITE_OK ||
        og_sqlite_analyser_new(&api, db, &analyser) != 0)
        abort();
    return analyser;
}

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void check(const struct og_facts *facts)
{
    for (size_t i = 0; i < facts->n_columns; i++)
        require(facts->columns[i].object < facts->n_objects);
    for (size_t i = 0; i < facts->n_uses; i++)
        require(facts->uses[i].column < facts->n_columns);
    for (size_t i = 0; i < facts->n_writes; i++)
        require(facts->writes[i].column < facts->n_columns);
    for (size_t i = 0; i < facts->n_effects; i++)
        require(facts->effects[i].object == OG_NO_OBJECT ||
                facts->effects[i].object < facts->n_objects);
    for (size_t i = 0; i < facts->n_results; i++)
        for (size_t k = 0; k < facts->results[i].n_sources; k++)
            require(facts->results[i].sources[k].column < facts->n_columns);
#ifdef OG_FUZZ_PLANTED
    for (size_t i = 0; i < facts->n_uses; i++)
        require(facts->uses[i].use != OG_USE_ORDER || facts->n_results < 3);
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    struct og_sqlite_analyser *analyser = open_analyser();
    struct og_arena arena;
    struct og_facts facts;
    char *text = malloc(n_bytes + 1);

    if (!text)
        return 0;
    memcpy(text, data, n_bytes);
    text[n_bytes] = '\0';
    og_arena_init(&arena, OG_MAX_FACTS_BYTES);
    og_facts_init(&facts, &arena, OG_DIALECT_SQLITE);
    if (og_sqlite_analyse(analyser, text, n_bytes, &facts) == 0 && !facts.refusal.what) {
        check(&facts);
        require(og_sqlite_permit(analyser, &facts, NULL) == 0);
    }
    og_arena_release(&arena);
    free(text);
    return 0;
}

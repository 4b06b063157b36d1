/* SPDX-License-Identifier: MIT */
/* Analyses any bytes as one PostgreSQL statement over a small catalog: no fault, and facts that
 * point only into themselves; what is understood has an effect. */
#include <stdlib.h>

#include "common/limits.h"
#include "common/pg_analyse.h"
#include "tests/unit/pg_fake_catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

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
    require(facts->kind && (facts->n_effects || facts->is_harmless_setting ||
                            facts->is_transaction_control));
#ifdef OG_FUZZ_PLANTED
    for (size_t i = 0; i < facts->n_uses; i++)
        require(facts->uses[i].use != OG_USE_ORDER || facts->n_results < 3);
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    struct og_pg_session session = {.standard_conforming_strings = true};
    struct og_arena arena;
    struct og_facts facts;
    char *text = malloc(n_bytes + 1);

    if (!text)
        return 0;
    if (n_bytes)
        memcpy(text, data, n_bytes);
    text[n_bytes] = '\0';
    og_arena_init(&arena, OG_MAX_FACTS_BYTES);
    og_facts_init(&facts, &arena, OG_DIALECT_POSTGRESQL);
    if (og_pg_analyse(text, n_bytes, &session, &fake_catalog, &facts) == 0 && !facts.refusal.what)
        check(&facts);
    og_arena_release(&arena);
    free(text);
    return 0;
}

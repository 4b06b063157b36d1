/* SPDX-License-Identifier: MIT */
/* What the analysis says of statements over a small catalog, as lines of text. Beside each statement
 * stand facts that must be there: "ssn>copied" a result's source, "ssn@filter" a use, "!" a refusal,
 * "+insert" an effect, "f()" a function that is not known to be harmless; with "~" in front a fact that must not be there. */
#include <stdlib.h>

#include "common/limits.h"
#include "common/pg_analyse.h"
#include "tests/tap.h"
#include "tests/unit/pg_fake_catalog.h"

static const struct {
    const char *sql, *want;
} statements[] = {
#define CASE(sql, want) {sql, want},
#include "tests/unit/pg_statements.tbl.h"
#undef CASE
};

static void render(const struct og_facts *facts, struct og_buf *out)
{
    if (facts->refusal.what)
        og_buf_append_str(out, "! ");
    for (size_t i = 0; i < facts->n_results; i++)
        for (size_t k = 0; k < facts->results[i].n_sources; k++)
            og_buf_printf(out, "%s>%s ", facts->columns[facts->results[i].sources[k].column].name,
                          facts->results[i].sources[k].is_copied ? "copied" : "derived");
    for (size_t i = 0; i < facts->n_uses; i++)
        og_buf_printf(out, "%s@%s%s ", facts->columns[facts->uses[i].column].name,
                      og_use_word(facts->uses[i].use),
                      facts->uses[i].is_beside_full_key ? "/key" : "");
    for (size_t i = 0; i < facts->n_functions; i++)
        if (!facts->functions[i].is_harmless)
            og_buf_printf(out, "%s() ", facts->functions[i].name);
    for (size_t i = 0; i < facts->n_effects; i++)
        og_buf_printf(out, "+%s ", og_effect_word(facts->effects[i].effect));
}

/* Facts are separated by '|', because words of uses hold spaces. */
static bool holds(const char *facts, const char *want)
{
    char one[128], needle[132];
    const char *end;

    for (; *want; want = *end ? end + 1 : end) {
        bool is_absent = *want == '~', is_there;

        want += is_absent;
        end = want + strcspn(want, "|");
        (void)snprintf(one, sizeof(one), "%.*s", (int)(end - want), want);
        (void)snprintf(needle, sizeof(needle), "%s ", one);
        is_there = strstr(facts, needle) != NULL;
        if (is_there == is_absent)
            return false;
        if (strcmp(one, "!") != 0 && strncmp(facts, "! ", 2) == 0)
            return false;
    }
    return true;
}

int main(void)
{
    struct og_pg_session session = {.standard_conforming_strings = true};

    for (size_t i = 0; i < OG_COUNT(statements); i++) {
        struct og_arena arena;
        struct og_facts facts;
        struct og_buf text;
        int r;

        og_arena_init(&arena, OG_MAX_FACTS_BYTES);
        og_facts_init(&facts, &arena, OG_DIALECT_POSTGRESQL);
        og_buf_init(&text, 1024u * 1024u);
        r = og_pg_analyse(statements[i].sql, strlen(statements[i].sql), &session, &fake_catalog,
                          &facts);
        render(&facts, &text);
        if (!tap_ok(r == 0 && holds(og_buf_str(&text), statements[i].want), "%s",
                    statements[i].sql)) {
            tap_note("got:  %s (%s)", og_buf_str(&text),
                     facts.refusal.what ? facts.refusal.what : "");
            tap_note("want: %s", statements[i].want);
        }
        og_buf_release(&text);
        og_arena_release(&arena);
    }
    return tap_done();
}

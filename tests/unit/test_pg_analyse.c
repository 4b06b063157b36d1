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

/* The same catalog as a file of DDL. */
static const char schema[] =
    "CREATE TYPE mood AS ENUM ('a', 'b');\n"
    "CREATE FUNCTION audit(text) RETURNS text LANGUAGE sql AS 'SELECT 1';\n"
    "CREATE FUNCTION peek(integer, integer) RETURNS text LANGUAGE sql AS 'SELECT 1';\n"
    "CREATE OPERATOR public.### (leftarg = integer, rightarg = integer, function = peek);\n"
    "CREATE DOMAIN tricky AS text CHECK (audit(VALUE) IS NOT NULL);\n"
    "CREATE DOMAIN plain AS text CHECK (length(VALUE) < 9);\n"
    "CREATE TABLE customers (id integer PRIMARY KEY, name text, email text, ssn text,\n"
    "  ssn_tail text GENERATED ALWAYS AS (right(ssn, 4)) STORED);\n"
    "CREATE TABLE ONLY orders (id integer NOT NULL, customer_id integer, total numeric,\n"
    "  placed date);\n"
    "ALTER TABLE ONLY orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id);\n"
    "-- a comment\n"
    "CREATE OR REPLACE VIEW secrets (id, secret) WITH (security_barrier) AS\n"
    "  SELECT c.id, c.ssn AS hidden FROM public.customers c WHERE c.name IS NOT NULL\n"
    "  WITH LOCAL CHECK OPTION;\n"
    "CREATE SEQUENCE s;\n";

static void check_all(struct og_catalog *catalog, const char *what)
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
        r = og_pg_analyse(statements[i].sql, strlen(statements[i].sql), &session, catalog, &facts);
        render(&facts, &text);
        if (!tap_ok(r == 0 && holds(og_buf_str(&text), statements[i].want), "%s: %s", what,
                    statements[i].sql)) {
            tap_note("got:  %s (%s)", og_buf_str(&text),
                     facts.refusal.what ? facts.refusal.what : "");
            tap_note("want: %s", statements[i].want);
        }
        og_buf_release(&text);
        og_arena_release(&arena);
    }
}

static void test_schema_in_a_file(void)
{
    struct og_catalog *catalog = NULL;
    const struct og_type *type = NULL;
    struct og_buf messages;

    og_buf_init(&messages, 65536);
    /* PostgreSQL has no CREATE TABLE ONLY; pg_dump writes ONLY in ALTER alone. */
    tap_ok(og_pg_schema_parse(schema, strlen(schema), &messages, &catalog) == 1 &&
               strstr(og_buf_str(&messages), "line 9:"),
           "an error is told with its line: %s", og_buf_str(&messages));
    og_buf_clear(&messages);
    {
        char *fixed = strdup(schema), *only = strstr(fixed, "TABLE ONLY orders (");

        memcpy(only, "TABLE      orders (", 19);
        if (!tap_ok(og_pg_schema_parse(fixed, strlen(fixed), &messages, &catalog) == 0 &&
                        !messages.n_bytes,
                    "a file of DDL is read whole: %s", og_buf_str(&messages))) {
            free(fixed);
            return;
        }
        free(fixed);
    }
    check_all(catalog, "file");
    tap_ok(catalog->type(catalog, NULL, "plain", &type) == 0 && !type->has_user_code &&
               type->type == OG_TYPE_TEXT,
           "a domain with a condition of the server's own");
    catalog = og_pg_schema_free(catalog);
    og_buf_clear(&messages);
    tap_ok(og_pg_schema_parse("DO 'x'; CREATE TABLE t (a int)", 30, &messages, &catalog) == 0 &&
               strstr(og_buf_str(&messages), "line 1: this statement is left out"),
           "what is left out is told");
    catalog = og_pg_schema_free(catalog);
    og_buf_release(&messages);
}

/* Half a million levels: looked for from each of them, the place of an error would take an hour. */
static void test_long_chain(void)
{
    struct og_pg_session session = {.standard_conforming_strings = true};
    struct og_arena arena;
    struct og_facts facts;
    size_t n = OG_MAX_SQL_BYTES - 16; /* even: it ends with a digit */
    char *sql = malloc(n + 1);

    if (!sql)
        return;
    memcpy(sql, "SELECT 1", 8);
    for (size_t i = 8; i < n; i++)
        sql[i] = i % 2 ? '1' : '+';
    sql[n] = '\0';
    og_arena_init(&arena, OG_MAX_FACTS_BYTES);
    og_facts_init(&facts, &arena, OG_DIALECT_POSTGRESQL);
    tap_ok(og_pg_analyse(sql, n, &session, &fake_catalog, &facts) == 0 && facts.refusal.what &&
               strstr(facts.refusal.what, "nested too deeply"),
           "a chain of half a million operators is refused");
    og_arena_release(&arena);
    free(sql);
}

int main(void)
{
    check_all(&fake_catalog, "memory");
    test_long_chain();
    test_schema_in_a_file();
    return tap_done();
}

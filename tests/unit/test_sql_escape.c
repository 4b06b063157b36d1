/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "common/sql_escape.h"
#include "tests/tap.h"

#define PG OG_DIALECT_POSTGRESQL
#define LITE OG_DIALECT_SQLITE

/* want NULL: refused at position with what. */
static void check(enum og_dialect dialect, const char *text, const char *want, size_t position,
                  const char *what)
{
    struct og_lex_options options = {.dialect = dialect};
    struct og_escape_error error = {0};
    struct og_arena arena;
    struct og_lex lex;
    struct og_buf out;
    int r;

    og_arena_init(&arena, 1 << 20);
    og_buf_init(&out, 4096);
    r = og_lex_split(&options, text, strlen(text), &arena, &lex);
    if (r == 0)
        r = og_escape_expand(dialect, &lex, text, &out, &error);
    if (want) {
        tap_ok(r == 0, "expands: %s", text);
        tap_str(og_buf_str(&out), want, "as it should");
    } else {
        tap_ok(r == OG_ESCAPE_E_TEXT && error.what && strstr(error.what, what) &&
                   error.position == position,
               "refused: %s", text);
        if (error.what)
            tap_note("%zu: %s", error.position, error.what);
    }
    og_buf_release(&out);
    og_arena_release(&arena);
}

static void test_literals(void)
{
    check(PG, "SELECT {d '2024-02-29'},{t'10:00:59'}", "SELECT DATE '2024-02-29',TIME '10:00:59'",
          0, NULL);
    check(PG, "a={ts '2024-01-01 10:00:00.123'}AND b",
          "a= TIMESTAMP '2024-01-01 10:00:00.123' AND b", 0, NULL);
    check(LITE, "SELECT a{ D '2024-02-29' }b", "SELECT a '2024-02-29' b", 0, NULL);
    check(PG, "c LIKE ? {escape '\\'}", "c LIKE ? ESCAPE '\\'", 0, NULL);
    check(LITE, "c LIKE ? {escape ''''}", "c LIKE ? ESCAPE ''''", 0, NULL);
    check(PG, "{d '2023-02-29'}", NULL, 3, "date escape");
    check(PG, "{d '2023-1-1'}", NULL, 3, "date escape");
    check(PG, "{d '2023-01-01 '}", NULL, 3, "date escape");
    check(PG, "{d E'2023-01-01'}", NULL, 3, "date escape");
    check(PG, "{d ?}", NULL, 3, "date escape");
    check(PG, "{d '2023-01-01' + 1}", NULL, 16, "date escape");
    check(PG, "{t '24:00:00'}", NULL, 3, "time escape");
    check(PG, "{ts '2023-01-01 00:00:00.'}", NULL, 4, "timestamp escape");
    check(PG, "{ts '2023-01-01'}", NULL, 4, "timestamp escape");
    check(PG, "{escape 'ab'}", NULL, 8, "escape clause");
    check(PG, "{escape ''}", NULL, 8, "escape clause");
    check(LITE, "{guid '00000000-0000-0000-0000-000000000000'}", NULL, 6, "GUID");
    check(PG, "{guid '00000000-0000-0000-0000-00000000000a'}",
          "UUID '00000000-0000-0000-0000-00000000000a'", 0, NULL);
}

static void test_functions(void)
{
    check(PG, "SELECT {fn UCASE({fn concat(?, 'b,)')})}x",
          "SELECT upper(concat((?)::text, ('b,)')::text)) x", 0, NULL);
    check(LITE, "SELECT {fn ifnull(f(a,b), ?)}", "SELECT ifnull(f(a,b), ?)", 0, NULL);
    check(PG, "SELECT {fn ifnull( a , ? ) }", "SELECT coalesce(a , ? )", 0, NULL);
    check(PG, "SELECT {fn now()}", "SELECT now()", 0, NULL);
    check(PG, "SELECT {fn CURRENT_DATE}", "SELECT CURRENT_DATE", 0, NULL);
    check(PG, "{fn locate(?, {fn left(a, 2)})}", "position(? in left(a, 2))", 0, NULL);
    check(PG, "{fn timestampadd( SQL_TSI_DAY , ?, d)}", "(make_interval(0, 0, 0, ?) + d)", 0, NULL);
    check(PG, "{fn TIMESTAMPDIFF(SQL_TSI_HOUR,a,b)}",
          "cast((- extract(epoch from a) + extract(epoch from b)) / 3600 as integer)", 0, NULL);
    check(PG, "{fn convert(? , SQL_INTEGER )}", "(? )::int4", 0, NULL);
    check(LITE, "{fn convert(a, sql_varchar)}", "CAST(a AS TEXT)", 0, NULL);
    check(PG, "{fn timestampadd(SQL_TSI_EON, 1, d)}", NULL, 4, "not known");
    check(PG, "{fn timestampadd SQL_TSI_DAY, 1, d)}", NULL, 17, "parentheses");
    check(PG, "{fn timestampadd(SQL_TSI_DAY)}", NULL, 28, "comma");
    check(PG, "{fn convert(a, SQL_INTEGER b)}", NULL, 4, "not known");
    check(PG, "{fn convert(a, int4)}", NULL, 4, "not known");
    check(PG, "{fn convert()}", NULL, 4, "not known");
    check(PG, "{fn convert}", NULL, 4, "not known");
    check(PG, "{fn abs}", NULL, 4, "another number");
    check(LITE, "SELECT {fn substring(a,1,2)}", "SELECT substr(a, 1, 2)", 0, NULL);
    check(PG, "{fn pg_sleep(1)}", NULL, 4, "not known");
    check(LITE, "{fn left(a,1)}", NULL, 4, "not known");
    check(PG, "{fn abs(1,2)}", NULL, 4, "another number");
    check(PG, "{fn now(1)}", NULL, 4, "another number");
    check(PG, "{fn round(1,2,3,4)}", NULL, 4, "another number");
    check(PG, "{fn round(1,2,3,4,5)}", NULL, 18, "too many");
    check(PG, "{fn round(1,)}", NULL, 12, "empty");
    check(PG, "{fn user}", "cast(CURRENT_USER as text)", 0, NULL);
    check(PG, "{fn user 1}", NULL, 9, "parentheses");
    check(PG, "{fn abs(1) + 1}", NULL, 11, "behind");
    check(PG, "{fn abs(1}", NULL, 9, "closes nothing");
    check(PG, "{fn abs(1", NULL, 9, "not closed");
}

static void test_structure(void)
{
    check(PG, "FROM {oj a JOIN b ON {fn abs(a.x)}=1}WHERE", "FROM  a JOIN b ON abs(a.x) =1 WHERE",
          0,
          NULL);
    check(PG, "1{oj 2}3", "1  2 3", 0, NULL);
    check(PG, "SELECT '{call f}', \"{\"", "SELECT '{call f}', \"{\"", 0, NULL);
    check(PG, "{call f(?)}", NULL, 0, "a procedure call");
    check(PG, " {? = call f(?)}", NULL, 1, "a procedure call");
    check(LITE, "{ CALL f}", NULL, 0, "a procedure call");
    check(PG, "{oj {call f}}", NULL, 4, "a procedure call");
    check(PG, "{interval '1' day}", NULL, 0, "not known");
    check(PG, "{}", NULL, 0, "not known");
    check(PG, "{", NULL, 0, "not known");
    check(PG, "a }", NULL, 2, "closes nothing");
    check(PG, "{oj a", NULL, 5, "not closed");
    check(PG, "{oj (a}", NULL, 6, "closes nothing");
    check(PG, "{d '2024-01-01'", NULL, 15, "date");
}

static void test_depth(void)
{
    char text[512];

    text[0] = '\0';
    for (int i = 0; i < 70; i++)
        strcat(text, "{oj ");
    check(PG, text, NULL, 63 * 4 + 3, "too deep");
}

int main(void)
{
    test_literals();
    test_functions();
    test_structure();
    test_depth();
    return tap_done();
}

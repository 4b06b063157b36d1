/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "common/sql_lex.h"
#include "tests/tap.h"

#define PG OG_DIALECT_POSTGRESQL
#define LITE OG_DIALECT_SQLITE

static struct og_arena arena;
static struct og_lex lex;

static int split(enum og_dialect dialect, bool has_backslash, const char *text)
{
    struct og_lex_options options = {.dialect = dialect, .backslash_escapes = has_backslash};

    og_arena_release(&arena);
    og_arena_init(&arena, 1 << 20);
    return og_lex_split(&options, text, strlen(text), &arena, &lex);
}

/* "W:select _: N:1": one letter per kind and the token's text, spaces and comments left out. */
static const char *show(enum og_dialect dialect, bool has_backslash, const char *text)
{
    static const char letters[] = "WQSNOMPC_B";
    static char out[2048];
    size_t n = 0;

    if (split(dialect, has_backslash, text) != 0) {
        (void)snprintf(out, sizeof(out), "%zu: %s", lex.position, lex.what);
        return out;
    }
    out[0] = '\0';
    for (size_t i = 0; i < lex.n_tokens; i++) {
        const struct og_token *token = &lex.tokens[i];

        if (token->kind == OG_TOKEN_SPACE)
            continue;
        n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%c:%.*s", n ? " " : "",
                              letters[token->kind], (int)token->n_bytes, text + token->position);
    }
    return out;
}

static void test_pg_words_and_constants(void)
{
    tap_str(show(PG, false, "a$1 \"x\"\"y\" U&\"d\" 'it''s' E'a\\'b' b'01' X'ff' U&'a' N'b'"),
            "W:a$1 Q:\"x\"\"y\" Q:U&\"d\" S:'it''s' S:E'a\\'b' S:b'01' S:X'ff' S:U&'a' S:N'b'",
            "pg: every form of constant and identifier");
    tap_str(show(PG, false, "$$a'?$$ $t$ $$ ; $u$ $t$ $1"), "S:$$a'?$$ S:$t$ $$ ; $u$ $t$ P:$1",
            "pg: dollar quotes by their tag");
    tap_str(show(PG, false, "'a\\' || ?"), "S:'a\\' O:|| M:?", "pg: a backslash is itself");
    tap_str(show(PG, true, "'a\\' || ?'"), "S:'a\\' || ?'",
            "pg: a backslash escapes with standard_conforming_strings off");
    tap_str(show(PG, false, "u & 'x' N 'y'"), "W:u O:& S:'x' W:N S:'y'",
            "pg: a prefix stands right before its quote");
    tap_str(show(PG, false, "'a' -- c\n 'b\\'"), "S:'a' -- c\n 'b\\'", "pg: a continued constant");
    tap_str(show(PG, false, "'a' 'b'"), "S:'a' S:'b'", "pg: not continued on the same line");
    tap_str(show(PG, false, "E'a'\n'b\\'; DROP TABLE t --'"),
            "5: a string constant with escapes that is continued on another line",
            "pg: a continued constant with escapes is refused");
    tap_str(show(PG, false, "\xc3\xa9t\xc3\xa9 1"), "W:\xc3\xa9t\xc3\xa9 N:1",
            "pg: high bytes in words");
}

static void test_pg_operators_and_numbers(void)
{
    tap_str(show(PG, false, "a*-b a@-b a<--c\n <-1 a+-+b"),
            "W:a O:* O:- W:b W:a O:@- W:b W:a O:< C:--c O:< O:- N:1 W:a O:+ O:- O:+ W:b",
            "pg: trailing signs and comments cut an operator");
    tap_str(show(PG, false, "a@>?::int[1:2] := => a?b"),
            "W:a O:@> M:? O::: W:int O:[ N:1 O:: N:2 O:] O::= O:=> W:a M:? W:b",
            "pg: ? is always the marker");
    tap_str(show(PG, false, "1..2 1.5.3 .5 1.e 2"), "14: a number that runs into a word",
            "pg: a number that runs into a word is refused");
    tap_str(show(PG, false, "1..2 1.5.3 .5 1e-3"), "N:1 O:.. N:2 N:1.5 N:.3 N:.5 N:1e-3",
            "pg: numbers");
    tap_str(show(PG, false, "a/*x/*?*/'*/b+/*c*/1--?"),
            "W:a C:/*x/*?*/'*/ W:b O:+ C:/*c*/ N:1 C:--?",
            "pg: nested comments");
    tap_str(show(PG, false, "1--?\r?"), "N:1 C:--? M:?", "pg: a carriage return ends a comment");
    tap_ok(lex.n_markers == 1, "pg: a marker in a comment is none");
    tap_str(show(PG, false, "{d '1'}"), "B:{ W:d S:'1' B:}", "pg: braces");
    tap_ok(lex.has_braces, "pg: braces are told");
    tap_ok(split(PG, false, "'{'") == 0 && !lex.has_braces, "pg: a brace in a constant is none");
}

static void test_sqlite_tokens(void)
{
    tap_str(show(LITE, false, "[a ' b] `c``d` \"e\"\"\" 'f\\' x'0a' ?1 ? :n @n $n"),
            "Q:[a ' b] Q:`c``d` Q:\"e\"\"\" S:'f\\' S:x'0a' P:?1 M:? P::n P:@n P:$n",
            "sqlite: quotes and parameters");
    tap_ok(lex.n_markers == 1, "sqlite: ?1 is no marker");
    tap_str(show(LITE, false, "a->>0x1F->b||c!=1.5e+3==.5"),
            "W:a O:->> N:0x1F O:-> W:b O:|| W:c O:!= N:1.5e+3 O:== N:.5", "sqlite: operators");
    tap_str(show(LITE, false, "a/*b/*c*/d--\r?\n?"), "W:a C:/*b/*c*/ W:d C:--\r? M:?",
            "sqlite: comments do not nest and end at a line feed only");
    tap_str(show(LITE, false, "$$a$$ 'b'"), "P:$$a$$ S:'b'", "sqlite: no dollar quotes");
    tap_str(show(LITE, false, "E'a\\' || 1"), "W:E S:'a\\' O:|| N:1", "sqlite: no E constants");
}

static void test_refusals(void)
{
    static const struct {
        enum og_dialect dialect;
        const char *text;
        size_t position;
    } cases[] = {
        {PG, "a 'b", 2},       {PG, "a \"b", 2},      {PG, "a /* /* */", 2}, {PG, "a $t$ $T$", 2},
        {PG, "E'a\\'", 0},     {PG, "a \\ b", 2},     {PG, "a $ b", 2},      {PG, "1abc", 0},
        {PG, "$1a", 0},        {PG, "a\x01", 1},      {PG, "a \xff", 2},     {PG, "a\vb", 1},
        {LITE, "a 'b", 2},     {LITE, "a [b", 2},     {LITE, "a `b", 2},     {LITE, "a /* b", 2},
        {LITE, "x'0'", 0},     {LITE, "x'0g'", 0},    {LITE, ":a(b'c)", 0},  {LITE, "$a::b", 0},
        {LITE, "a # b", 2},    {LITE, "a ! b", 2},    {LITE, "1a", 0},       {LITE, "0x", 0},
        {LITE, "\xef\xbb\xbf" "a", 0}, {LITE, "a /*", 2}, {OG_DIALECT_NONE, "a", 0},
    };
    struct og_lex_options options = {.dialect = PG};

    for (size_t i = 0; i < OG_COUNT(cases); i++)
        tap_ok(split(cases[i].dialect, false, cases[i].text) == OG_LEX_E_TEXT && lex.what &&
                   lex.position == cases[i].position,
               "refused: case %zu", i);
    tap_ok(og_lex_split(&options, "a\0b", 3, &arena, &lex) == OG_LEX_E_TEXT && lex.position == 1,
           "a NUL byte is refused");
    tap_ok(og_lex_split(&options, "", 0, &arena, &lex) == 0 && lex.n_tokens == 0, "empty text");
}

static void check_text(enum og_dialect dialect, bool is_redacted, const char *text,
                       const char *want, const char *name)
{
    struct og_buf out;

    og_buf_init(&out, 4096);
    if (split(dialect, false, text) == 0 && is_redacted)
        og_lex_redact(&lex, text, &out);
    else if (!lex.what)
        og_lex_canonical(&lex, text, &out);
    tap_str(og_buf_str(&out), want, "%s", name);
    og_buf_release(&out);
}

static void test_texts(void)
{
    check_text(PG, true, " SELECT\n'a', -1, $$x$$,E'b',?,$1,\"q\"/*c*/FROM t -- z",
               "SELECT ?, -?, ?,?,?,$1,\"q\" FROM t", "redacted: no constants, no comments");
    check_text(LITE, true, "SELECT x'00', 0x1F, [a]", "SELECT ?, ?, [a]", "redacted: sqlite");
    check_text(PG, false, "a\t/*c*/ 'x\ny\xe2\x80\xae'  b", "a 'x\\u000Ay\\u202E' b",
               "canonical: hidden characters are shown");
    check_text(PG, false, "\"\xf3\xa0\x81\x81\xc3\xa9\"", "\"\\uE0041\xc3\xa9\"",
               "canonical: tags are shown, letters stay");
}

static bool is_same_digest(enum og_dialect dialect, const char *a, const char *b)
{
    uint8_t x[32], y[32];

    if (split(dialect, false, a) != 0 || og_lex_digest(&lex, a, x) != 0)
        return false;
    if (split(dialect, false, b) != 0 || og_lex_digest(&lex, b, y) != 0)
        return false;
    return memcmp(x, y, sizeof(x)) == 0;
}

static void test_digest(void)
{
    tap_ok(is_same_digest(PG, "select 1", " select /* x */\n1 --"), "digest: space is nothing");
    tap_ok(!is_same_digest(PG, "select 1", "select 2"), "digest: a constant counts");
    tap_ok(!is_same_digest(PG, "a + - b", "a @- b"), "digest: operators count");
    tap_ok(!is_same_digest(PG, "N'x'", "N 'x'"), "digest: a prefix is no type name");
    tap_ok(!is_same_digest(LITE, "x'00'", "x '00'"), "digest: a blob is no word");
    tap_ok(!is_same_digest(LITE, "?1", "? 1"), "digest: a parameter is no marker");
    tap_ok(!is_same_digest(PG, "'a'\n'b'", "'a' 'b'"), "digest: a continued constant is one");
}

int main(void)
{
    test_pg_words_and_constants();
    test_pg_operators_and_numbers();
    test_sqlite_tokens();
    test_refusals();
    test_texts();
    test_digest();
    og_arena_release(&arena);
    return tap_done();
}

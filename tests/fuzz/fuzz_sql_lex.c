/* SPDX-License-Identifier: MIT */
/* Splits any bytes as both engines would and checks what every user of the lexer relies on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/limits.h"
#include "common/sql_escape.h"
#include "common/sql_lex.h"
#include "common/utf.h"

#define MAX_ARENA_BYTES (16u * OG_MAX_SQL_BYTES)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void check_tiles(const struct og_lex *lex, size_t n_bytes)
{
    size_t position = 0;
    size_t n_markers = 0;
    bool has_braces = false;

    for (size_t i = 0; i < lex->n_tokens; i++) {
        require(lex->tokens[i].position == position && lex->tokens[i].n_bytes > 0);
        position += lex->tokens[i].n_bytes;
        n_markers += lex->tokens[i].kind == OG_TOKEN_MARKER;
        has_braces = has_braces || lex->tokens[i].kind == OG_TOKEN_BRACE;
    }
    require(position == n_bytes && n_markers == lex->n_markers && has_braces == lex->has_braces);
}

static void check_texts(const struct og_lex *lex, const char *text)
{
    struct og_buf out;

    og_buf_init(&out, 10u * OG_MAX_SQL_BYTES);
    og_lex_redact(lex, text, &out);
    require(!og_buf_is_failed(&out));
    require(og_utf8_valid_prefix(og_buf_str(&out), out.n_bytes) == out.n_bytes);
    og_buf_clear(&out);
    og_lex_canonical(lex, text, &out);
    require(!og_buf_is_failed(&out));
    for (size_t i = 0; i < out.n_bytes; i++)
        require((unsigned char)out.bytes[i] >= 0x20 && out.bytes[i] != 0x7F);
    og_buf_release(&out);
}

/* What is expanded keeps its markers and has no escape left. */
static void check_expansion(const struct og_lex_options *options, const struct og_lex *lex,
                            const char *text)
{
    struct og_escape_error error;
    struct og_arena arena;
    struct og_lex again;
    struct og_buf out;
    int r;

    og_arena_init(&arena, MAX_ARENA_BYTES);
    og_buf_init(&out, OG_MAX_SQL_BYTES);
    r = og_escape_expand(options->dialect, lex, text, &out, &error);
    require(r == 0 || r == OG_ESCAPE_E_TEXT || r == -ENOMEM);
    require(r != OG_ESCAPE_E_TEXT || error.what);
    /* Splitting again may refuse: an escape can be all that kept two constants apart. */
    if (r == 0 && og_lex_split(options, og_buf_str(&out), out.n_bytes, &arena, &again) == 0)
        require(!again.has_braces && again.n_markers == lex->n_markers);
    og_buf_release(&out);
    og_arena_release(&arena);
}

static void check_split(const struct og_lex_options *options, const char *text, size_t n_bytes)
{
    uint8_t digest[OG_SHA256_BYTES];
    struct og_arena arena;
    struct og_lex lex;
    int r;

    og_arena_init(&arena, MAX_ARENA_BYTES);
    r = og_lex_split(options, text, n_bytes, &arena, &lex);
    if (r == 0) {
        check_tiles(&lex, n_bytes);
        check_texts(&lex, text);
        require(og_lex_digest(&lex, text, digest) == 0);
        check_expansion(options, &lex, text);
#ifdef OG_FUZZ_PLANTED
        require(!lex.has_braces || lex.n_markers != 3);
#endif
    } else {
        require(r == OG_LEX_E_TEXT && lex.what && lex.position <= n_bytes);
    }
    og_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    static const struct og_lex_options options[] = {
        {.dialect = OG_DIALECT_POSTGRESQL},
        {.dialect = OG_DIALECT_POSTGRESQL, .backslash_escapes = true},
        {.dialect = OG_DIALECT_SQLITE},
    };
    /* Of exactly this size, so that a read behind the end shows. */
    char *text = malloc(n_bytes + (n_bytes == 0));

    if (!text)
        return 0;
    if (n_bytes)
        memcpy(text, data, n_bytes);
    for (size_t i = 0; i < OG_COUNT(options); i++)
        check_split(&options[i], text, n_bytes);
    free(text);
    return 0;
}

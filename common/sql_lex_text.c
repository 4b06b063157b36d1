/* SPDX-License-Identifier: MIT */
/* Texts made from tokens: redacted, canonical, and the digest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/sql_lex.h"
#include "common/utf.h"

/* Characters that show nothing or move what is shown: controls, separators, marks of direction,
 * joiners, tags. Source: Unicode 15, UAX 9 (directional formatting) and category Cf. */
static bool is_hidden(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x34F, 0x34F},
        {0x61C, 0x61C},   {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F},
        {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F}, {0x3164, 0x3164},
        {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB},
        {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
    };

    for (size_t i = 0; i < OG_COUNT(ranges); i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return false;
}

/* The code point of n_bytes of valid UTF-8. */
static uint32_t decode(const unsigned char *s, size_t n_bytes)
{
    uint32_t code = n_bytes == 1 ? s[0] : s[0] & (0xFFu >> (n_bytes + 1));

    for (size_t i = 1; i < n_bytes; i++)
        code = code << 6 | (s[i] & 0x3Fu);
    return code;
}

/* How many printable characters of ASCII the text begins with. */
static size_t count_plain(const char *text, size_t n_bytes)
{
    size_t n = 0;

    while (n < n_bytes && text[n] >= 0x20 && text[n] < 0x7F)
        n++;
    return n;
}

static void append_shown(struct og_buf *out, const char *text, size_t n_bytes)
{
    size_t n;

    for (size_t i = 0; i < n_bytes; i += n) {
        uint32_t code;

        n = count_plain(text + i, n_bytes - i);
        og_buf_append(out, text + i, n);
        if (n)
            continue;
        n = og_utf8_cut(text + i, n_bytes - i, 1);
        code = decode((const unsigned char *)text + i, n);
        if (is_hidden(code))
            og_buf_printf(out, "\\u%04X", (unsigned)code);
        else
            og_buf_append(out, text + i, n);
    }
}

static bool is_constant(const struct og_token *token)
{
    return token->kind == OG_TOKEN_STRING || token->kind == OG_TOKEN_NUMBER;
}

static bool is_gap(const struct og_token *token)
{
    return token->kind == OG_TOKEN_SPACE || token->kind == OG_TOKEN_COMMENT;
}

static void append_tokens(const struct og_lex *lex, const char *text, bool hides_constants,
                          struct og_buf *out)
{
    bool has_any = false;
    bool has_gap = false;

    for (size_t i = 0; i < lex->n_tokens && !og_buf_is_failed(out); i++) {
        const struct og_token *token = &lex->tokens[i];

        if (is_gap(token)) {
            has_gap = true;
            continue;
        }
        if (has_gap && has_any)
            og_buf_append_char(out, ' ');
        if (hides_constants && is_constant(token))
            og_buf_append_char(out, '?');
        else
            append_shown(out, text + token->position, token->n_bytes);
        has_any = true;
        has_gap = false;
    }
}

void og_lex_redact(const struct og_lex *lex, const char *text, struct og_buf *out)
{
    append_tokens(lex, text, true, out);
}

void og_lex_canonical(const struct og_lex *lex, const char *text, struct og_buf *out)
{
    append_tokens(lex, text, false, out);
}

#define HEAD_BYTES 5u /* kind, then the length in four bytes, little endian */

int og_lex_digest(const struct og_lex *lex, const char *text, uint8_t out[32])
{
    size_t n_bytes = 0;
    unsigned char *bytes, *next;
    int r;

    for (size_t i = 0; i < lex->n_tokens; i++) {
        if (!is_gap(&lex->tokens[i]))
            n_bytes += HEAD_BYTES + lex->tokens[i].n_bytes;
    }
    bytes = next = malloc(n_bytes + 1);
    if (!bytes) {
        memset(out, 0, OG_SHA256_BYTES);
        return -ENOMEM;
    }
    for (size_t i = 0; i < lex->n_tokens; i++) {
        const struct og_token *token = &lex->tokens[i];

        if (is_gap(token))
            continue;
        *next++ = (unsigned char)token->kind;
        for (unsigned shift = 0; shift < 32; shift += 8)
            *next++ = (unsigned char)(token->n_bytes >> shift);
        memcpy(next, text + token->position, token->n_bytes);
        next += token->n_bytes;
    }
    r = og_hash_sha256(bytes, n_bytes, out);
    explicit_bzero(bytes, n_bytes);
    free(bytes);
    return r;
}

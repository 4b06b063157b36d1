/* SPDX-License-Identifier: MIT */
/* Checks any bytes as an identity token. First byte even: the rest is the token's text, and nobody signed it.
 * Odd: the rest are claims, which this target's own key signs: what a hostile holder of an issuer's key could
 * say. Only those are ever taken, only as what they say, and never with another account or a byte changed. */
#include <rhonabwy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fusefs/token.h"

#define MAX_ARENA_BYTES (4u * 1024u * 1024u)
#define NOW_S 2000000000
#define OURS 1005u
#define KID "k1"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static char jwks_path[64];
static jwk_t *private_key;
static struct og_tokens *tokens;

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

/* In the place of a parsed configuration. */
const struct og_config_issuer *og_config_issuer_at(const struct og_config *config, size_t i)
{
    static const char *const audiences[] = {"odbcguard", "other"};
    static const uint32_t uids[] = {OURS};
    static const struct og_config_issuer issuer = {
        .name = "https://idp.example", .jwks = jwks_path, .audiences = audiences, .n_audiences = 2,
        .uids = uids, .n_uids = 1, .has_uids = true, .skew_s = 60};

    (void)config;
    return i == 0 ? &issuer : NULL;
}

static void forget_keys(void)
{
    (void)unlink(jwks_path);
}

/* A key pair of this run alone, its public half in a file. */
static void make_keys(void)
{
    jwk_t *public_key = NULL;
    char *text;
    FILE *file;
    int fd;

    require(r_global_init() == RHN_OK && r_jwk_init(&private_key) == RHN_OK &&
            r_jwk_init(&public_key) == RHN_OK &&
            r_jwk_generate_key_pair(private_key, public_key, R_KEY_TYPE_EDDSA, 256, KID) == RHN_OK);
    text = r_jwk_export_to_json_str(public_key, 0);
    (void)snprintf(jwks_path, sizeof(jwks_path), "/tmp/odbcguard-fuzz-jwks.XXXXXX");
    fd = mkstemp(jwks_path);
    file = fd < 0 ? NULL : fdopen(fd, "w");
    require(text && file && fprintf(file, "{\"keys\":[%s]}", text) > 0 && fclose(file) == 0);
    (void)atexit(forget_keys);
    r_free(text);
    r_jwk_free(public_key);
    tokens = og_tokens_new(NULL, "/nonexistent");
    require(tokens != NULL);
}

static char *sign(const uint8_t *claims, size_t n_bytes)
{
    jws_t *jws = NULL;
    char *text;

    require(r_jws_init(&jws) == RHN_OK && r_jws_set_alg(jws, R_JWA_ALG_EDDSA) == RHN_OK &&
            r_jws_set_header_str_value(jws, "kid", KID) == RHN_OK &&
            r_jws_set_payload(jws, claims, n_bytes) == RHN_OK);
    text = r_jws_serialize(jws, private_key, 0);
    r_jws_free(jws);
    return text;
}

static bool is_name(const char *text)
{
    size_t n = 0;

    for (; text && text[n]; n++)
        if ((unsigned char)text[n] <= ' ' || text[n] == 0x7f)
            return false;
    return n > 0 && n <= 200;
}

static void check_taken(const struct og_token *token)
{
    require(strcmp(token->issuer, "https://idp.example") == 0 && is_name(token->subject));
    require(token->expires_s > NOW_S && token->n_actors <= OG_MAX_ACTORS &&
            token->n_groups <= OG_MAX_TOKEN_GROUPS);
    for (size_t i = 0; i < token->n_actors; i++)
        require(is_name(token->actors[i]));
    for (size_t i = 0; i < token->n_groups; i++)
        require(is_name(token->groups[i]));
#ifdef OG_FUZZ_PLANTED
    require(token->n_actors != 2);
#endif
}

/* Returns: whether it was taken. */
static bool check(const char *text, uint32_t uid, bool is_looked_at)
{
    struct og_arena arena;
    struct og_token token;
    const char *why = NULL;
    int r;

    og_arena_init(&arena, MAX_ARENA_BYTES);
    r = og_token_check(tokens, text, uid, NOW_S, &arena, &token, &why);
    require(r == 0 || (why && *why));
    if (r == 0 && is_looked_at)
        check_taken(&token);
    og_arena_release(&arena);
    return r == 0;
}

static void check_signed(char *text, size_t at)
{
    size_t n = strlen(text), signature = 0;

    if (n > OG_MAX_TOKEN_BYTES || !check(text, OURS, true))
        return;
    require(!check(text, OURS + 1, false));
    signature = (size_t)(strrchr(text, '.') - text) + 1;
    at %= n - 2; /* the last letter has bits that stand for nothing */
    if (text[at] == '.')
        at = signature;
    text[at] = text[at] == 'A' ? 'B' : 'A';
    require(!check(text, OURS, false));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    char *text;

    if (n_bytes < 2)
        return 0;
    if (!tokens)
        make_keys();
    if (data[0] & 1) {
        text = sign(data + 1, n_bytes - 1);
        if (text)
            check_signed(text, (size_t)data[0] * 7 + n_bytes);
        r_free(text);
        return 0;
    }
    text = calloc(1, n_bytes);
    require(text != NULL);
    memcpy(text, data + 1, n_bytes - 1);
    require(!check(text, OURS, false));
    free(text);
    return 0;
}

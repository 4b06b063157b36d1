/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#ifdef HAVE_CONFIG_H
#include <config.h> /* the build's, not the one beside this file */
#endif
#include "fusefs/token.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <rhonabwy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fusefs/token_seen.h"

#define MAX_JWKS_BYTES (1024u * 1024u)

/* The keys of one issuer. */
struct keys {
    const struct og_config_issuer *issuer;
    jwks_t *jwks; /* NULL: none could be read yet */
    struct timespec changed;
    off_t n_bytes;
    ino_t inode;
    bool was_looked_at, is_bad;
};

struct og_tokens {
    const struct og_config *config;
    struct keys *keys;
    size_t n_keys;
    struct og_token_seen *seen;
    struct og_buf problem;
};

struct og_tokens *og_tokens_new(const struct og_config *config, const char *state_folder)
{
    struct og_tokens *tokens = calloc(1, sizeof(*tokens));

    if (!tokens)
        return NULL;
    tokens->config = config;
    og_buf_init(&tokens->problem, 16384);
    while (og_config_issuer_at(config, tokens->n_keys))
        tokens->n_keys++;
    tokens->keys = calloc(tokens->n_keys + 1, sizeof(*tokens->keys));
    tokens->seen = og_token_seen_new(state_folder);
    if (!tokens->keys || !tokens->seen || (tokens->n_keys && r_global_init() != RHN_OK))
        return og_tokens_free(tokens);
    for (size_t i = 0; i < tokens->n_keys; i++)
        tokens->keys[i].issuer = og_config_issuer_at(config, i);
    return tokens;
}

struct og_tokens *og_tokens_free(struct og_tokens *tokens)
{
    if (!tokens)
        return NULL;
    for (size_t i = 0; tokens->keys && i < tokens->n_keys; i++)
        if (tokens->keys[i].jwks)
            r_jwks_free(tokens->keys[i].jwks);
    free(tokens->keys);
    og_token_seen_free(tokens->seen);
    og_buf_release(&tokens->problem);
    free(tokens);
    return NULL;
}

/* ---- keys ---- */

static char *read_file(const char *path, off_t n_bytes)
{
    FILE *file = n_bytes > 0 && n_bytes <= (off_t)MAX_JWKS_BYTES ? fopen(path, "re") : NULL;
    char *text = file ? calloc(1, (size_t)n_bytes + 1) : NULL;
    bool is_whole = text && fread(text, 1, (size_t)n_bytes, file) == (size_t)n_bytes &&
                    strlen(text) == (size_t)n_bytes;

    if (file)
        (void)fclose(file);
    if (!is_whole) {
        free(text);
        text = NULL;
    }
    return text;
}

/* Only public keys for signatures: a symmetric key in the file must never verify anything. */
static bool is_usable(jwk_t *key)
{
    const char *use = r_jwk_get_property_str(key, "use");
    int type = r_jwk_key_type(key, NULL, R_FLAG_IGNORE_REMOTE);

    return (type & R_KEY_TYPE_PUBLIC || type & R_KEY_TYPE_PRIVATE) &&
           !(type & R_KEY_TYPE_SYMMETRIC) && (!use || strcmp(use, "sig") == 0);
}

/* Looks at the file; what is no JWKS leaves the keys that are there. */
static void refresh(struct keys *keys)
{
    struct stat st;
    char *text;
    jwks_t *fresh = NULL;

    if (stat(keys->issuer->jwks, &st) < 0) {
        keys->is_bad = true;
        return;
    }
    if (keys->was_looked_at && !keys->is_bad && st.st_size == keys->n_bytes &&
        st.st_ino == keys->inode && st.st_mtim.tv_sec == keys->changed.tv_sec &&
        st.st_mtim.tv_nsec == keys->changed.tv_nsec)
        return;
    keys->was_looked_at = true;
    keys->changed = st.st_mtim;
    keys->n_bytes = st.st_size;
    keys->inode = st.st_ino;
    text = read_file(keys->issuer->jwks, st.st_size);
    keys->is_bad = !text || r_jwks_init(&fresh) != RHN_OK ||
                   r_jwks_import_from_json_str(fresh, text) != RHN_OK || !r_jwks_size(fresh);
    free(text);
    if (!keys->is_bad) {
        if (keys->jwks)
            r_jwks_free(keys->jwks);
        keys->jwks = fresh;
    } else if (fresh) {
        r_jwks_free(fresh);
    }
}

const char *og_tokens_problem(struct og_tokens *tokens)
{
    og_buf_clear(&tokens->problem);
    for (size_t i = 0; i < tokens->n_keys; i++) {
        refresh(&tokens->keys[i]);
        if (tokens->keys[i].is_bad)
            og_buf_printf(&tokens->problem, "the keys of %s cannot be read from %s%s\n",
                          tokens->keys[i].issuer->name, tokens->keys[i].issuer->jwks,
                          tokens->keys[i].jwks ? "; the earlier ones are in force" : "");
    }
    return og_buf_str(&tokens->problem);
}

/* ---- the token ---- */

static int refuse(const char **why, const char *text)
{
    *why = text;
    return -EACCES;
}

/* The kind of key that an algorithm takes, 0 for one that is not accepted: never the token's choice alone. */
static int key_kind(jwa_alg alg)
{
    switch (alg) {
    case R_JWA_ALG_RS256:
        return R_KEY_TYPE_RSA;
    case R_JWA_ALG_ES256:
        return R_KEY_TYPE_EC;
    case R_JWA_ALG_EDDSA:
        return R_KEY_TYPE_EDDSA;
    default:
        return 0;
    }
}

static bool is_for(jwk_t *key, const char *kid, jwa_alg alg)
{
    const char *its_kid = r_jwk_get_property_str(key, "kid");
    const char *its_alg = r_jwk_get_property_str(key, "alg");
    unsigned int bits = 0;
    int type = r_jwk_key_type(key, &bits, R_FLAG_IGNORE_REMOTE);

    if (!is_usable(key) || (kid && its_kid && strcmp(kid, its_kid) != 0) || (kid && !its_kid))
        return false;
    if (its_alg && r_str_to_jwa_alg(its_alg) != alg)
        return false;
    return (type & key_kind(alg)) && !(alg == R_JWA_ALG_RS256 && bits < 2048) &&
           !(alg == R_JWA_ALG_ES256 && bits != 256);
}

static bool verifies(jwt_t *jwt, const struct keys *keys)
{
    const char *kid = r_jwt_get_header_str_value(jwt, "kid");
    jwa_alg alg = r_jwt_get_sign_alg(jwt);
    bool is_good = false;

#ifdef OG_TEST_FAULT
    if (strcmp(OG_TEST_FAULT, "token-signature") == 0)
        return true;
#endif
    for (size_t i = 0; !is_good && i < r_jwks_size(keys->jwks); i++) {
        jwk_t *key = r_jwks_get_at(keys->jwks, i);

        is_good = key && is_for(key, kid, alg) &&
                  r_jwt_verify_signature(jwt, key, R_FLAG_IGNORE_REMOTE) == RHN_OK;
        r_jwk_free(key);
    }
    return is_good;
}

static bool is_audience(const struct og_config_issuer *issuer, const json_t *aud)
{
    const json_t *item;
    size_t k;

    for (size_t i = 0; i < issuer->n_audiences; i++) {
        if (json_is_string(aud) && strcmp(json_string_value(aud), issuer->audiences[i]) == 0)
            return true;
        json_array_foreach(aud, k, item) {
            if (json_is_string(item) && strcmp(json_string_value(item), issuer->audiences[i]) == 0)
                return true;
        }
    }
    return false;
}

static int check_time(const struct og_config_issuer *issuer, const json_t *claims, int64_t now_s,
                      struct og_token *out, const char **why)
{
    const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf");
    const json_t *iat = json_object_get(claims, "iat");

    if (!json_is_integer(exp) || (nbf && !json_is_integer(nbf)) || (iat && !json_is_integer(iat)))
        return refuse(why, "the token has no expiry (exp), or its times are no whole numbers");
    if (json_integer_value(exp) < 0 || json_integer_value(exp) > INT64_MAX / 2)
        return refuse(why, "the token's expiry (exp) is no time");
    out->expires_s = (int64_t)json_integer_value(exp) + issuer->skew_s;
    if (out->expires_s <= now_s)
        return refuse(why, "the token has expired: get a new one");
    if ((nbf && json_integer_value(nbf) > now_s + issuer->skew_s) ||
        (iat && json_integer_value(iat) > now_s + issuer->skew_s))
        return refuse(why, "the token is not valid yet: compare the clocks");
    return 0;
}

/* A name that goes into principals: 1 to 200 visible bytes. */
static const char *take_name(struct og_arena *arena, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t n = text ? strlen(text) : 0;

    if (!n || n > 200 || n != json_string_length(value))
        return NULL;
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == 0x1f)
            return NULL;
    return og_arena_strdup(arena, text);
}

static int take_actors(const json_t *claims, struct og_arena *arena, struct og_token *out,
                       const char **why)
{
    for (const json_t *act = json_object_get(claims, "act"); act; act = json_object_get(act, "act")) {
        const json_t *issuer = json_object_get(act, "iss");
        const char *name = take_name(arena, json_object_get(act, "sub"));

        if (!json_is_object(act) || !name || out->n_actors == OG_MAX_ACTORS)
            return refuse(why, "the token's chain of actors (act) is not one, or is too long");
        /* An actor of another issuer is that issuer's to vouch for. */
        if (issuer && (!json_is_string(issuer) ||
                       strcmp(json_string_value(issuer), out->issuer) != 0))
            return refuse(why, "an actor (act) of the token is of another issuer");
        out->actors[out->n_actors++] = name;
    }
    return 0;
}

static int take_groups(const json_t *claims, struct og_arena *arena, struct og_token *out,
                       const char **why)
{
    const json_t *groups = json_object_get(claims, "groups"), *item;
    size_t i;

    if (groups && !json_is_array(groups))
        return refuse(why, "the token's groups are no list");
    json_array_foreach(groups, i, item) {
        const char *name = take_name(arena, item);

        /* Leaving one out could leave out the one that a deny rule names. */
        if (!name || out->n_groups == OG_MAX_TOKEN_GROUPS)
            return refuse(why, "the token's groups are too many, or one is no name");
        out->groups[out->n_groups++] = name;
    }
    return 0;
}

static int check_claims(struct og_tokens *tokens, const struct og_config_issuer *issuer,
                        const json_t *claims, int64_t now_s, struct og_arena *arena,
                        struct og_token *out, const char **why)
{
    const json_t *jti = json_object_get(claims, "jti");
    int r = check_time(issuer, claims, now_s, out, why);

    if (r == 0 && !is_audience(issuer, json_object_get(claims, "aud")))
        return refuse(why, "the token is for another audience (aud)");
    out->subject = take_name(arena, json_object_get(claims, "sub"));
    if (r == 0 && !out->subject)
        return refuse(why, "the token has no subject (sub), or one that is no name");
    if (r == 0)
        r = take_actors(claims, arena, out, why);
    if (r == 0)
        r = take_groups(claims, arena, out, why);
    if (r == 0 && issuer->is_once && !json_is_string(jti))
        return refuse(why, "the token has no number (jti), which its issuer is configured to give");
    if (r == 0 && issuer->is_once)
        r = og_token_seen_take(tokens->seen, issuer->name, json_string_value(jti), out->expires_s,
                               now_s, why);
    return r < 0 ? r : og_arena_is_failed(arena) ? -ENOMEM : 0;
}

static bool is_from(const struct og_config_issuer *issuer, uint32_t uid)
{
    for (size_t i = 0; i < issuer->n_uids; i++)
        if (issuer->uids[i] == uid)
            return true;
    return !issuer->has_uids;
}

/* The issuer that the token names: only to choose keys; nothing is believed before they verify. */
static struct keys *find_keys(struct og_tokens *tokens, const json_t *claims)
{
    const char *name = json_string_value(json_object_get(claims, "iss"));

    for (size_t i = 0; name && i < tokens->n_keys; i++)
        if (strcmp(tokens->keys[i].issuer->name, name) == 0)
            return &tokens->keys[i];
    return NULL;
}

/* Extensions that have to be understood: none is. */
static bool is_critical(jwt_t *jwt)
{
    json_t *critical = r_jwt_get_header_json_t_value(jwt, "crit"); /* a reference of ours */

    json_decref(critical);
    return critical != NULL;
}

static int check_jwt(struct og_tokens *tokens, jwt_t *jwt, uint32_t uid, int64_t now_s,
                     struct og_arena *arena, struct og_token *out, const char **why)
{
    json_t *claims = r_jwt_get_full_claims_json_t(jwt);
    struct keys *keys = find_keys(tokens, claims);
    int r;

    if (!keys)
        r = refuse(why, "the token's issuer (iss) is not in guardfs' configuration");
    else if (!key_kind(r_jwt_get_sign_alg(jwt)))
        r = refuse(why, "the token's algorithm is not one of RS256, ES256 and EdDSA");
    else if (is_critical(jwt))
        r = refuse(why, "the token has critical extensions (crit), which nobody here knows");
    else if (refresh(keys), !keys->jwks)
        r = refuse(why, "the issuer's keys cannot be read: ask who runs guardfs");
    else if (!verifies(jwt, keys))
        r = refuse(why, "the token's signature does not verify with the issuer's keys");
    else if (!is_from(keys->issuer, uid))
        r = refuse(why, "this issuer's tokens are not accepted from this account");
    else
        r = (out->issuer = keys->issuer->name,
             check_claims(tokens, keys->issuer, claims, now_s, arena, out, why));
    json_decref(claims);
    return r;
}

int og_token_check(struct og_tokens *tokens, const char *text, uint32_t uid, int64_t now_s,
                   struct og_arena *arena, struct og_token *out, const char **why)
{
    jwt_t *jwt = NULL;
    int r;

    *out = (struct og_token){.issuer = ""};
    if (!tokens->n_keys)
        return refuse(why, "guardfs has no issuer of tokens in its configuration");
    if (strlen(text) > OG_MAX_TOKEN_BYTES)
        return refuse(why, "the token is too long");
    if (r_jwt_init(&jwt) != RHN_OK)
        return -ENOMEM;
    /* Nothing of the header is a source of keys, and nothing unsigned or encrypted is taken. */
    if (r_jwt_advanced_parse(jwt, text, R_PARSE_NONE, R_FLAG_IGNORE_REMOTE) != RHN_OK ||
        r_jwt_get_type(jwt) != R_JWT_TYPE_SIGN)
        r = refuse(why, "the token is no signed JWT");
    else
        r = check_jwt(tokens, jwt, uid, now_s, arena, out, why);
    r_jwt_free(jwt);
    return r;
}

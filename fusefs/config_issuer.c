/* SPDX-License-Identifier: MIT */
/* issuers:
 *   https://idp.example: {jwks: PATH, audience: [odbcguard], uids: [uid:1005], skew: 60, once: yes} */
#define _GNU_SOURCE 1
#include <stdlib.h>
#include <string.h>

#include "fusefs/config_parts.h"

#define DEFAULT_SKEW_S 60u
#define MAX_SKEW_S 600u

static const char *read_path(struct og_config_reader *reader, const yaml_node_t *node)
{
    const char *path = og_config_scalar(reader, node, "jwks takes the path of a file");

    if (path && path[0] != '/') {
        og_config_complain_at(reader, node, "jwks must be an absolute path");
        return NULL;
    }
    return path;
}

static uint32_t read_skew(struct og_config_reader *reader, const yaml_node_t *node)
{
    const char *text = og_config_scalar(reader, node, "skew takes a number of seconds");
    char *end = NULL;
    unsigned long number = text ? strtoul(text, &end, 10) : 0;

    if (text && (*end || text[0] < '0' || text[0] > '9' || number > MAX_SKEW_S))
        og_config_complain_at(reader, node, "skew is a number of seconds from 0 to 600");
    return (uint32_t)number;
}

static bool read_flag(struct og_config_reader *reader, const yaml_node_t *node)
{
    const char *text = og_config_scalar(reader, node, "once takes yes or no");

    if (text && strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
        og_config_complain_at(reader, node, "once takes yes or no");
    return text && strcmp(text, "yes") == 0;
}

static void read_list(struct og_config_reader *reader, const yaml_node_t *node,
                      const char *const **out, size_t *n_out)
{
    struct og_config_entry list = {.name = ""};
    const char **items;

    og_config_read_members(reader, node, &list);
    items = og_arena_array(&reader->config->arena, list.n_members, sizeof(*items));
    for (size_t i = 0; items && i < list.n_members; i++)
        items[i] = list.members[i].text;
    *out = items;
    *n_out = items ? list.n_members : 0;
}

static void read_uids(struct og_config_reader *reader, const yaml_node_t *node,
                      struct og_config_issuer *issuer)
{
    struct og_config_entry list = {.name = ""};
    uint32_t *uids;

    og_config_read_members(reader, node, &list);
    uids = og_arena_array(&reader->config->arena, list.n_members, sizeof(*uids));
    for (size_t i = 0; uids && i < list.n_members; i++)
        if (!og_config_parse_uid(list.members[i].text, &uids[i]))
            og_config_complain(reader, list.members[i].line, list.members[i].column,
                               "\"%s\" is no uid; write uid:N", list.members[i].text);
    issuer->uids = uids;
    issuer->n_uids = uids ? list.n_members : 0;
    issuer->has_uids = true;
}

static void read_key(struct og_config_reader *reader, struct og_config_issuer *issuer,
                     const yaml_node_t *key, const yaml_node_t *value)
{
    const char *name = og_config_scalar(reader, key, "keys must be plain text");

    if (!name)
        return;
    if (strcmp(name, "jwks") == 0 && !issuer->jwks)
        issuer->jwks = read_path(reader, value);
    else if (strcmp(name, "audience") == 0 && !issuer->n_audiences)
        read_list(reader, value, &issuer->audiences, &issuer->n_audiences);
    else if (strcmp(name, "uids") == 0 && !issuer->has_uids)
        read_uids(reader, value, issuer);
    else if (strcmp(name, "skew") == 0)
        issuer->skew_s = read_skew(reader, value);
    else if (strcmp(name, "once") == 0)
        issuer->is_once = read_flag(reader, value);
    else
        og_config_complain_at(reader, key, "an issuer has the keys jwks, audience, uids, skew, once, "
                                           "each one time");
}

/* A name that begins with another one's and a slash would make "token:ISSUER/SUBJECT" mean two things. */
static bool is_ambiguous(const struct og_config *config, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < config->n_issuers; i++) {
        const char *other = config->issuers[i].name;
        size_t n_other = strlen(other), shorter = n < n_other ? n : n_other;

        if (strncmp(name, other, shorter) == 0 &&
            (n == n_other || (n > n_other ? name : other)[shorter] == '/'))
            return true;
    }
    return false;
}

static void read_issuer(struct og_config_reader *reader, const yaml_node_t *key,
                        const yaml_node_t *node)
{
    struct og_config *config = reader->config;
    const char *name = og_config_scalar(reader, key, "an issuer is named as in its tokens (iss)");
    struct og_config_issuer *issuer;

    if (!name)
        return;
    if (is_ambiguous(config, name)) {
        og_config_complain_at(reader, key, "this issuer is there twice, or begins with another one's "
                                           "name and a slash");
        return;
    }
    if (node->type != YAML_MAPPING_NODE) {
        og_config_complain_at(reader, node, "an issuer takes a mapping, as in {jwks: PATH, audience: "
                                            "[odbcguard]}");
        return;
    }
    issuer = og_arena_push(&config->arena, &config->issuers, &config->n_issuers,
                           &config->issuers_capacity, sizeof(*issuer));
    if (!issuer)
        return;
    *issuer = (struct og_config_issuer){.name = name, .skew_s = DEFAULT_SKEW_S};
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++)
        read_key(reader, issuer, og_config_node_at(reader, pair->key),
                 og_config_node_at(reader, pair->value));
    if (!issuer->jwks || !issuer->n_audiences)
        og_config_complain_at(reader, key, "an issuer needs jwks and audience");
}

void og_config_read_issuers(struct og_config_reader *reader, const yaml_node_t *node)
{
    if (node->type != YAML_MAPPING_NODE) {
        og_config_complain_at(reader, node, "here a mapping of issuers is needed");
        return;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++)
        read_issuer(reader, og_config_node_at(reader, pair->key),
                    og_config_node_at(reader, pair->value));
}

bool og_config_is_token_name(const struct og_config *config, const char *text)
{
    const char *rest = strncmp(text, "token:", 6) == 0          ? text + 6
                       : strncmp(text, "token-group:", 12) == 0 ? text + 12
                                                                : NULL;

    for (size_t i = 0; rest && i < config->n_issuers; i++) {
        size_t n = strlen(config->issuers[i].name);

        if (strncmp(rest, config->issuers[i].name, n) == 0 && rest[n] == '/' && rest[n + 1])
            return true;
    }
    return false;
}

const struct og_config_issuer *og_config_issuer(const struct og_config *config, const char *name)
{
    for (size_t i = 0; i < config->n_issuers; i++)
        if (strcmp(config->issuers[i].name, name) == 0)
            return &config->issuers[i];
    return NULL;
}

const struct og_config_issuer *og_config_issuer_at(const struct og_config *config, size_t i)
{
    return i < config->n_issuers ? &config->issuers[i] : NULL;
}

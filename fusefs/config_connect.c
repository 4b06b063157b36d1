/* SPDX-License-Identifier: MIT */
/* targets: {shop: {connect: {driver: PATH, keys: {...}, password: {file: PATH}, run-as: ACCOUNT}}} */
#define _GNU_SOURCE 1
#include <string.h>
#include <strings.h>

#include "fusefs/config_parts.h"

static const char *text_of(struct og_config_reader *reader, int index, const char *what)
{
    return og_config_scalar(reader, og_config_node_at(reader, index), what);
}

/* Whether a key's value is a secret, which has no place in this file. */
static bool is_secret(const char *name)
{
    return strcasecmp(name, "PWD") == 0 || strcasecmp(name, "Password") == 0;
}

static void read_keys(struct og_config_reader *reader, const yaml_node_t *node,
                      struct og_config_connect *connect)
{
    struct og_config_key *keys = NULL;
    size_t capacity = 0;

    if (node->type != YAML_MAPPING_NODE) {
        og_config_complain_at(reader, node, "keys takes the real driver's own keys, as in {Database: shop}");
        return;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const char *name = text_of(reader, pair->key, "keys must be plain text");
        const char *value = text_of(reader, pair->value, "a key's value must be plain text");
        struct og_config_key *key;

        if (!name || !value)
            continue;
        if (is_secret(name) || !*name || strpbrk(name, "=;{}[]") || strcasecmp(name, "Driver") == 0 ||
            strcasecmp(name, "DSN") == 0 || strncasecmp(name, "Guard", 5) == 0) {
            og_config_complain_at(reader, og_config_node_at(reader, pair->key),
                                  is_secret(name) ? "a password stands in password, never in keys"
                                                  : "this is no key of a real driver's own");
            continue;
        }
        key = og_arena_push(&reader->config->arena, &keys, &connect->n_keys, &capacity, sizeof(*key));
        if (!key)
            return;
        *key = (struct og_config_key){name, value};
    }
    connect->keys = keys;
}

static const char *const *words_of(struct og_config_reader *reader, const yaml_node_t *node)
{
    struct og_config_entry list = {.name = ""};
    const char **words;

    if (node->type == YAML_SEQUENCE_NODE) {
        og_config_read_members(reader, node, &list);
    } else {
        const char *one = og_config_scalar(reader, node, "here plain text is needed");
        struct og_config_member *member =
            og_arena_push(&reader->config->arena, &list.members, &list.n_members,
                          &list.members_capacity, sizeof(*member));

        if (!one || !member)
            return NULL;
        member->text = one;
    }
    words = og_arena_array(&reader->config->arena, list.n_members + 1, sizeof(*words));
    for (size_t i = 0; words && i < list.n_members; i++)
        words[i] = list.members[i].text;
    return words;
}

static void read_password(struct og_config_reader *reader, const yaml_node_t *node,
                          struct og_config_connect *connect)
{
    static const char *const kinds[] = {
        [OG_CONFIG_SECRET_FILE] = "file",
        [OG_CONFIG_SECRET_COMMAND] = "command",
        [OG_CONFIG_SECRET_ENVIRONMENT] = "environment",
        [OG_CONFIG_SECRET_CREDENTIAL] = "credential",
    };
    const yaml_node_pair_t *pair;
    const char *name;

    if (node->type != YAML_MAPPING_NODE ||
        node->data.mapping.pairs.top - node->data.mapping.pairs.start != 1) {
        og_config_complain_at(reader, node, "password takes one of {file: PATH}, {command: [PATH, ...]}, "
                                            "{environment: NAME}, {credential: NAME}; never the password");
        return;
    }
    pair = node->data.mapping.pairs.start;
    name = text_of(reader, pair->key, "keys must be plain text");
    for (size_t i = 1; name && i < OG_COUNT(kinds); i++)
        if (strcmp(kinds[i], name) == 0)
            connect->secret = (enum og_config_secret)i;
    if (connect->secret == OG_CONFIG_NO_SECRET) {
        og_config_complain_at(reader, og_config_node_at(reader, pair->key),
                              "a password comes from file, command, environment or credential");
        return;
    }
    connect->secret_words = words_of(reader, og_config_node_at(reader, pair->value));
    if (!connect->secret_words || !connect->secret_words[0] || !*connect->secret_words[0] ||
        (connect->secret != OG_CONFIG_SECRET_COMMAND && connect->secret_words[1]) ||
        (connect->secret <= OG_CONFIG_SECRET_COMMAND && connect->secret_words[0][0] != '/') ||
        (connect->secret == OG_CONFIG_SECRET_CREDENTIAL && strchr(connect->secret_words[0], '/')))
        og_config_complain_at(reader, og_config_node_at(reader, pair->value),
                              "file and command begin with an absolute path; environment and credential "
                              "take one name");
}

static void read_key(struct og_config_reader *reader, struct og_config_connect *connect,
                     const yaml_node_pair_t *pair)
{
    const char *name = text_of(reader, pair->key, "keys must be plain text");
    const yaml_node_t *value = og_config_node_at(reader, pair->value);

    if (!name)
        return;
    if (strcmp(name, "driver") == 0 && !connect->driver) {
        connect->driver = og_config_scalar(reader, value, "driver takes the path of the real driver");
        if (connect->driver && connect->driver[0] != '/')
            og_config_complain_at(reader, value, "driver must be an absolute path");
    } else if (strcmp(name, "keys") == 0 && !connect->n_keys) {
        read_keys(reader, value, connect);
    } else if (strcmp(name, "password") == 0 && !connect->secret) {
        read_password(reader, value, connect);
    } else if (strcmp(name, "run-as") == 0 && !connect->run_as) {
        connect->run_as = og_config_scalar(reader, value, "run-as takes the name of an account");
    } else {
        og_config_complain_at(reader, og_config_node_at(reader, pair->key),
                              "connect has the keys driver, keys, password, run-as, each one time");
    }
}

void og_config_read_connect(struct og_config_reader *reader, const yaml_node_t *node,
                            struct og_config_entry *entry)
{
    struct og_config_connect *connect = og_arena_alloc(&reader->config->arena, sizeof(*connect));

    if (!connect)
        return;
    entry->connect = connect;
    if (node->type != YAML_MAPPING_NODE) {
        og_config_complain_at(reader, node, "connect takes a mapping, as in {driver: PATH, keys: {...}}");
        return;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++)
        read_key(reader, connect, pair);
    if (!connect->driver)
        og_config_complain_at(reader, node, "connect needs driver, the path of the real driver");
}

const struct og_config_connect *og_config_connect(const struct og_config *config, const char *target)
{
    const struct og_config_entry *entry = og_config_find(&config->targets, target);

    return entry ? entry->connect : NULL;
}

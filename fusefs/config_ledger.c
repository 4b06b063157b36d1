/* SPDX-License-Identifier: MIT */
/* The section `ledger` of the configuration: where anchors are copied to, how long days are kept. */
#include <stdlib.h>
#include <string.h>

#include "fusefs/config_parts.h"

#define MAX_KEEP_DAYS 36500u

static const char *read_path(struct og_config_reader *reader, const yaml_node_t *node)
{
    const char *path = og_config_scalar(reader, node, "anchors-file takes an absolute path");

    if (path && path[0] != '/') {
        og_config_complain_at(reader, node, "anchors-file takes an absolute path");
        return NULL;
    }
    return path;
}

static const char *const *read_command(struct og_config_reader *reader, const yaml_node_t *node)
{
    struct og_config_entry list = {.name = ""};
    const char **words;

    og_config_read_members(reader, node, &list);
    if (!list.n_members || list.members[0].text[0] != '/') {
        og_config_complain_at(reader, node, "anchors-command takes a list that begins with an absolute "
                                            "path");
        return NULL;
    }
    words = og_arena_array(&reader->config->arena, list.n_members + 1, sizeof(*words));
    for (size_t i = 0; words && i < list.n_members; i++)
        words[i] = list.members[i].text;
    return words;
}

static uint32_t read_days(struct og_config_reader *reader, const yaml_node_t *node)
{
    const char *text = og_config_scalar(reader, node, "keep-days takes a number of days");
    size_t n = text ? strspn(text, "0123456789") : 0;
    unsigned long days = n && n < 6 && !text[n] ? strtoul(text, NULL, 10) : 0;

    if (text && (!days || days > MAX_KEEP_DAYS))
        og_config_complain_at(reader, node, "keep-days takes a number of days, from 1");
    return (uint32_t)days;
}

void og_config_read_ledger(struct og_config_reader *reader, const yaml_node_t *node)
{
    struct og_config_ledger *ledger = &reader->config->ledger;

    if (node->type != YAML_MAPPING_NODE) {
        og_config_complain_at(reader, node, "ledger takes a mapping, as in {keep-days: 400}");
        return;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = og_config_node_at(reader, pair->key);
        const yaml_node_t *value = og_config_node_at(reader, pair->value);
        const char *name = og_config_scalar(reader, key, "keys must be plain text");

        if (!name)
            continue;
        if (strcmp(name, "anchors-file") == 0 && !ledger->anchors_file)
            ledger->anchors_file = read_path(reader, value);
        else if (strcmp(name, "anchors-command") == 0 && !ledger->anchors_command)
            ledger->anchors_command = read_command(reader, value);
        else if (strcmp(name, "keep-days") == 0 && !ledger->keep_days)
            ledger->keep_days = read_days(reader, value);
        else
            og_config_complain_at(reader, key, "ledger has the keys anchors-file, anchors-command, "
                                               "keep-days, each one time");
    }
}

const struct og_config_ledger *og_config_ledger(const struct og_config *config)
{
    return &config->ledger;
}

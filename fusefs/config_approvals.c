/* SPDX-License-Identifier: MIT */
/* The section `approvals` of the configuration, and a target's maintenance `window`. */
#include <stdlib.h>
#include <string.h>

#include "fusefs/config_parts.h"

#define MAX_REMIND_S 86400u

static void read_days(struct og_config_reader *reader, const yaml_node_t *node,
                      struct og_time_window *window)
{
    struct og_config_entry list = {.name = ""};

    og_config_read_members(reader, node, &list);
    for (size_t i = 0; i < list.n_members; i++) {
        const struct og_config_member *member = &list.members[i];
        unsigned day;

        if (og_time_read_day(member->text, &day))
            window->days = (uint8_t)(window->days | 1u << day);
        else
            og_config_complain(reader, member->line, member->column,
                               "there is no such day; there are: mon, tue, wed, thu, fri, sat, sun");
    }
}

static void read_clock(struct og_config_reader *reader, const yaml_node_t *node, uint16_t *out)
{
    const char *text = og_config_scalar(reader, node, "from and to take a time of day, as in \"22:00\"");

    if (text && !og_time_read_clock(text, out))
        og_config_complain_at(reader, node, "this is no time of day: write \"22:00\", in UTC");
}

void og_config_read_window(struct og_config_reader *reader, const yaml_node_t *node,
                           struct og_time_window *window)
{
    static const char needs[] = "a time has the keys from, to and days, as in {from: \"22:00\", to: "
                                "\"06:00\", days: [sat, sun]}, each one time";
    bool has_from = false, has_to = false, has_days = false;
    size_t n_before = reader->n_messages;

    window->is_set = true;
    if (node->type != YAML_MAPPING_NODE) {
        og_config_complain_at(reader, node, needs);
        return;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = og_config_node_at(reader, pair->key);
        const yaml_node_t *value = og_config_node_at(reader, pair->value);
        const char *name = og_config_scalar(reader, key, "keys must be plain text");

        if (!name)
            continue;
        if (strcmp(name, "from") == 0 && !has_from) {
            has_from = true;
            read_clock(reader, value, &window->from_minute);
        } else if (strcmp(name, "to") == 0 && !has_to) {
            has_to = true;
            read_clock(reader, value, &window->to_minute);
        } else if (strcmp(name, "days") == 0 && !has_days) {
            has_days = true;
            read_days(reader, value, window);
        } else {
            og_config_complain_at(reader, key, needs);
        }
    }
    if (reader->n_messages == n_before && (!has_from || !has_to))
        og_config_complain_at(reader, node, needs);
    else if (reader->n_messages == n_before && window->from_minute == window->to_minute)
        og_config_complain_at(reader, node, "from and to are the same");
}

/* "10m": a number and s, m or h. */
static uint32_t read_remind(struct og_config_reader *reader, const yaml_node_t *node)
{
    static const struct {
        char unit;
        uint32_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}};
    const char *text = og_config_scalar(reader, node, "remind-after takes a time, as in 10m");
    size_t n = text ? strspn(text, "0123456789") : 0;
    unsigned long number = n && n < 6 && strlen(text) == n + 1 ? strtoul(text, NULL, 10) : 0;

    for (size_t i = 0; number && i < OG_COUNT(units); i++)
        if (text[n] == units[i].unit && number * units[i].seconds <= MAX_REMIND_S)
            return (uint32_t)(number * units[i].seconds);
    if (text)
        og_config_complain_at(reader, node, "remind-after takes a time of up to a day: a number and s, m "
                                            "or h, as in 10m");
    return 0;
}

void og_config_read_approvals(struct og_config_reader *reader, const yaml_node_t *node)
{
    struct og_config_approvals *approvals = &reader->config->approvals;

    if (node->type != YAML_MAPPING_NODE) {
        og_config_complain_at(reader, node, "approvals takes a mapping, as in {remind-after: 10m}");
        return;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = og_config_node_at(reader, pair->key);
        const yaml_node_t *value = og_config_node_at(reader, pair->value);
        const char *name = og_config_scalar(reader, key, "keys must be plain text");

        if (!name)
            continue;
        if (strcmp(name, "quiet") == 0 && !approvals->quiet.is_set)
            og_config_read_window(reader, value, &approvals->quiet);
        else if (strcmp(name, "remind-after") == 0 && !approvals->remind_after_s)
            approvals->remind_after_s = read_remind(reader, value);
        else
            og_config_complain_at(reader, key, "approvals has the keys quiet, remind-after, each one time");
    }
}

const struct og_config_approvals *og_config_approvals(const struct og_config *config)
{
    return &config->approvals;
}

const struct og_time_window *og_config_window(const struct og_config *config, const char *target)
{
    const struct og_config_entry *entry = og_config_find(&config->targets, target);

    return entry && entry->window.is_set ? &entry->window : NULL;
}

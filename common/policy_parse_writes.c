/* SPDX-License-Identifier: MIT */
/* The key `writes` of a policy: whether what a write changes is kept, how much of it and how long. */
#include "common/policy_parse.h"

#include <string.h>

#include "common/limits.h"

#define DEFAULT_KEEP_S (30u * 86400u)

/* "64M": a whole number with K, M or G. */
static uint64_t read_size(struct og_parse *parse, const struct og_yaml_node *node)
{
    static const char units[] = "KMG";
    const char *c = node->kind == OG_YAML_SCALAR ? node->text : "";
    size_t n = strspn(c, "0123456789");
    const char *unit = c[n] ? strchr(units, c[n]) : NULL;
    uint64_t size = 0;

    for (size_t i = 0; i < n && n <= 4; i++)
        size = size * 10 + (uint64_t)(c[i] - '0');
    if (unit && !c[n + 1])
        size <<= 10 * (unit - units + 1);
    if (n == 0 || n > 4 || !unit || c[n + 1] || size == 0 || size > OG_MAX_UNDO_BYTES) {
        og_parse_error(parse, node, "`%.64s` is no size: write 64M, with K, M or G, at most 1G", c);
        return 0;
    }
    return size;
}

static void read_undo(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const char *const words[] = {"optional", "required"};
    struct og_policy_writes *writes = out;

    writes->undo = og_parse_word(parse, node, "undo", words, OG_COUNT(words)) == 1
                       ? OG_UNDO_REQUIRED
                       : OG_UNDO_OPTIONAL;
}

static void read_undo_size(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_policy_writes *)out)->undo_bytes = read_size(parse, node);
}

static void read_undo_keep(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_policy_writes *)out)->keep_s = og_parse_duration(parse, node);
}

void og_parse_writes(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const struct og_parse_key keys[] = {{"undo", read_undo, true},
                                               {"undo-size", read_undo_size, false},
                                               {"undo-keep", read_undo_keep, false}};
    struct og_policy_writes *writes = &((struct og_policy *)out)->writes;

    writes->undo_bytes = OG_DEFAULT_UNDO_BYTES;
    writes->keep_s = DEFAULT_KEEP_S;
    og_parse_mapping(parse, node, "writes", keys, OG_COUNT(keys), writes);
}

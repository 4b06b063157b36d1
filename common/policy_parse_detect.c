/* SPDX-License-Identifier: MIT */
/* The key `detect` of a policy. */
#include "common/policy_parse.h"

#include <string.h>

#include "common/detect.h"

static void read_kinds(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const char *const words[] = {
#define DETECT(name, word, class, is_default, text) word,
#include "common/detect.tbl.h"
#undef DETECT
    };
    struct og_mask *detect = out;
    size_t n = og_parse_n_items(parse, node, "kinds");

    for (size_t i = 0; i < n; i++) {
        size_t kind = og_parse_word(parse, og_parse_item(node, i), "kind", words, OG_COUNT(words));

        if (kind < OG_COUNT(words))
            detect->detect_kinds |= UINT32_C(1) << kind;
    }
}

static void read_kind(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const char *const words[] = {"fixed", "partial", "sql-null"};
    static const enum og_mask_kind kinds[] = {OG_MASK_FIXED, OG_MASK_PARTIAL, OG_MASK_SQL_NULL,
                                              OG_MASK_SQL_NULL};

    ((struct og_mask *)out)->detect_as =
        kinds[og_parse_word(parse, node, "mask", words, OG_COUNT(words))];
}

static void read_text(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    const char *text = og_parse_text(parse, node, "text");

    ((struct og_mask *)out)->fixed_text = text ? text : "***";
}

/* `mask: fixed`, or `mask: {kind: fixed, text: "[removed]"}`. */
static void read_mask(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const struct og_parse_key keys[] = {{"kind", read_kind, true}, {"text", read_text, false}};
    const struct og_mask *detect = out;

    if (node->kind != OG_YAML_MAPPING) {
        read_kind(parse, node, out);
        return;
    }
    og_parse_mapping(parse, node, "mask", keys, OG_COUNT(keys), out);
    if (og_yaml_get(node, "text") && detect->detect_as != OG_MASK_FIXED)
        og_parse_error(parse, og_yaml_get(node, "text"), "`text` goes with kind: fixed only");
}

void og_parse_detect(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const struct og_parse_key keys[] = {{"kinds", read_kinds, true}, {"mask", read_mask, false}};
    struct og_mask *detect = &((struct og_policy *)out)->detect;

    *detect = (struct og_mask){
        .kind = OG_MASK_DETECT, .detect_as = OG_MASK_FIXED, .fixed_text = "***"};
    og_parse_mapping(parse, node, "detect", keys, OG_COUNT(keys), detect);
}

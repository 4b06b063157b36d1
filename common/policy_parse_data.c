/* SPDX-License-Identifier: MIT */
#include "common/policy_parse.h"

#include <string.h>

/* What an entry says before class and mask are put together. */
struct entry_words {
    struct og_data_entry *entry;
    bool has_class, has_mask;
    enum og_class class;
    const struct og_yaml_node *to, *text;
};

static void read_columns(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_data_entry *entry = ((struct entry_words *)out)->entry;

    entry->columns = og_parse_names(parse, node, "column", 2, 3, &entry->n_columns);
}

static void read_class(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct entry_words *words = out;
    const char *text = og_parse_text(parse, node, "class");

    words->has_class = true;
    words->class = text ? og_class_from_word(text) : OG_CLASS_OTHER;
    if (words->class == OG_CLASS_COUNT)
        og_parse_error(parse, node, "this build cannot enforce class `%.64s`; known here: none, "
                       "email, phone, us-ssn, payment-card, iban, name, address, birth-date, "
                       "secret, other", text);
}

static void read_kind(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct entry_words *words = out;
    const char *text = og_parse_text(parse, node, "mask");
    enum og_mask_kind kind;

    words->has_mask = true;
    words->entry->mask.kind = OG_MASK_SQL_NULL;
    if (!text)
        return;
    kind = og_mask_from_word(text);
    if (kind == OG_MASK_NONE || !og_mask_is_enforced(kind))
        og_parse_error(parse, node, "this build cannot enforce mask `%.64s`; known here: "
                       "sql-null, fixed, partial, token, format-preserving, round, truncate-date",
                       text);
    else
        words->entry->mask.kind = kind;
}

static void read_mask_text(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    (void)parse;
    ((struct entry_words *)out)->text = node;
}

static void read_mask_to(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    (void)parse;
    ((struct entry_words *)out)->to = node;
}

static void read_round_to(struct og_parse *parse, const struct og_yaml_node *node,
                          struct og_mask *mask)
{
    uint64_t value = 0;

    if (og_yaml_number(node, UINT64_C(1000000000000000), &value)) {
        for (mask->round_to = 0; value && value % 10 == 0; value /= 10)
            mask->round_to++;
    }
    if (value != 1)
        og_parse_error(parse, node, "round: `to` must be a power of ten, as in to: 1000");
}

/* `mask: round` takes its defaults; `mask: {kind: round, to: 100}` says more. */
static void read_mask(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const struct og_parse_key keys[] = {{"kind", read_kind, true},
                                               {"text", read_mask_text, false},
                                               {"to", read_mask_to, false}};
    static const char *const units[] = {"year", "month"};
    struct entry_words *words = out;
    struct og_mask *mask = &words->entry->mask;

    if (node->kind != OG_YAML_MAPPING) {
        read_kind(parse, node, out);
        return;
    }
    words->has_mask = true;
    og_parse_mapping(parse, node, "mask", keys, OG_COUNT(keys), words);
    if (words->text && mask->kind != OG_MASK_FIXED) {
        og_parse_error(parse, words->text, "`text` goes with kind: fixed only");
    } else if (words->text) {
        const char *text = og_parse_text(parse, words->text, "text");

        mask->fixed_text = text ? text : "***";
    }
    if (words->to && mask->kind == OG_MASK_ROUND)
        read_round_to(parse, words->to, mask);
    else if (words->to && mask->kind == OG_MASK_TRUNCATE_DATE)
        mask->date_unit = og_parse_word(parse, words->to, "to", units, 2) == 1 ? 'm' : 'y';
    else if (words->to)
        og_parse_error(parse, words->to, "`to` goes with kind: round or truncate-date only");
}

static void read_lookup(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    og_parse_lookup(parse, node, ((struct entry_words *)out)->entry);
}

/* Grouping by tokens is for a broker's stable ones; inline it opens nothing, which is stricter. */
static void read_group(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_data_entry *entry = ((struct entry_words *)out)->entry;

    entry->is_group = og_parse_bool(parse, node, "group");
}

static void read_optional(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct entry_words *)out)->entry->is_optional = og_parse_bool(parse, node, "optional");
}

static void read_unmask(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct entry_words *)out)->entry->unmask = og_parse_unmask(parse, node);
}

/* Mask of a class without one. Where partial has something harmless to keep (the domain, the last
 * digits, the country) it is partial; a name, an address, a birth date, a secret or anything else
 * has no such part, so the whole value goes. */
static enum og_mask_kind default_mask(enum og_class class)
{
    switch (class) {
    case OG_CLASS_EMAIL:
    case OG_CLASS_PHONE:
    case OG_CLASS_US_SSN:
    case OG_CLASS_PAYMENT_CARD:
    case OG_CLASS_IBAN:
        return OG_MASK_PARTIAL;
    default:
        return OG_MASK_SQL_NULL;
    }
}

static void read_entry(struct og_parse *parse, const struct og_yaml_node *node,
                       struct og_data_entry *entry)
{
    static const struct og_parse_key keys[] = {
        {"columns", read_columns, true}, {"class", read_class, false},
        {"mask", read_mask, false},      {"optional", read_optional, false},
        {"lookup", read_lookup, false},  {"group", read_group, false},
        {"unmask", read_unmask, false}};
    struct entry_words words = {.entry = entry, .class = OG_CLASS_OTHER};

    entry->line = node->line;
    entry->mask = (struct og_mask){.fixed_text = "***", .round_to = 3, .date_unit = 'y'};
    og_parse_mapping(parse, node, "an entry of data", keys, OG_COUNT(keys), &words);
    if (node->kind != OG_YAML_MAPPING)
        return;
    if (!words.has_class && !words.has_mask)
        og_parse_error(parse, node, "an entry of data needs `class` or `mask`");
    entry->is_exempt = words.has_class && words.class == OG_CLASS_NONE;
    if (entry->is_exempt && words.has_mask)
        og_parse_error(parse, og_yaml_get(node, "mask"),
                       "class: none says that the column is clear; it takes no mask");
    if (entry->is_exempt && entry->is_lookup)
        og_parse_error(parse, og_yaml_get(node, "lookup"),
                       "class: none says that the column is clear; it needs no lookup");
    if (entry->is_exempt && entry->unmask)
        og_parse_error(parse, og_yaml_get(node, "unmask"),
                       "class: none says that the column is clear; there is nothing to unmask");
    entry->mask.class = words.class;
    if (entry->is_group && entry->mask.kind != OG_MASK_TOKEN)
        og_parse_error(parse, og_yaml_get(node, "group"), "group goes with mask: token only");
    if (entry->is_exempt)
        entry->mask.kind = OG_MASK_NONE;
    else if (!words.has_mask)
        entry->mask.kind = default_mask(words.class);
}

void og_parse_data(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_policy *policy = out;
    struct og_data_entry *entries;

    if (node->kind != OG_YAML_SEQUENCE) {
        og_parse_error(parse, node, "data must be a list");
        return;
    }
    entries = og_arena_array(parse->arena, node->n, sizeof(*entries));
    if (!entries)
        return;
    for (size_t i = 0; i < node->n; i++)
        read_entry(parse, node->items[i], &entries[i]);
    policy->data = entries;
    policy->n_data = node->n;
}

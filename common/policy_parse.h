/* SPDX-License-Identifier: MIT */
/* policy_parse.h - what the files policy_parse*.c share: messages with a place, tables of keys,
 * and readers of single values.
 * Every reader reports what is wrong and goes on, so that one load shows all mistakes; a set with
 * an error in it is thrown away as a whole. Is not: an interface for anything else. */
#ifndef OG_COMMON_POLICY_PARSE_H
#define OG_COMMON_POLICY_PARSE_H

#include "common/policy_parts.h"
#include "common/yaml_tree.h"

struct og_parse {
    struct og_arena *arena; /* of the set */
    const char *file;
    struct og_buf *errors;
    struct og_buf *warnings;
    size_t n_errors;
    struct og_policy_case *cases; /* of all files so far */
    size_t n_cases, max_cases;
    const char **groups; /* unsorted, with duplicates */
    size_t n_groups, max_groups;
};

/* One key that a mapping may have. */
struct og_parse_key {
    const char *word;
    /* NULL: the product knows the key and this build cannot enforce it. */
    void (*read)(struct og_parse *parse, const struct og_yaml_node *value, void *out);
    bool is_required;
};

void og_parse_error(struct og_parse *parse, const struct og_yaml_node *at, const char *format, ...)
    OG_PRINTF(3, 4);
void og_parse_warn(struct og_parse *parse, size_t line, const char *format, ...) OG_PRINTF(3, 4);

/* Reads a mapping by its table. what: the mapping's name in messages ("a rule"). */
void og_parse_mapping(struct og_parse *parse, const struct og_yaml_node *node, const char *what,
                      const struct og_parse_key *keys, size_t n_keys, void *out);

/* A text of 1 to 65536 bytes, copied. Returns: NULL after an error. */
const char *og_parse_text(struct og_parse *parse, const struct og_yaml_node *node,
                          const char *what);
bool og_parse_bool(struct og_parse *parse, const struct og_yaml_node *node, const char *what);
/* The position of a word among words; n_words after an error, which lists them. */
size_t og_parse_word(struct og_parse *parse, const struct og_yaml_node *node, const char *what,
                     const char *const *words, size_t n_words);

/* How many items a list has, where one item may stand without a list; 0 after an error (a mapping,
 * an empty list). Item i comes from og_parse_item. */
size_t og_parse_n_items(struct og_parse *parse, const struct og_yaml_node *node, const char *what);
const struct og_yaml_node *og_parse_item(const struct og_yaml_node *node, size_t i);

/* "user:alice" and the like. Globs are for applies-to only. */
const char *og_parse_principal(struct og_parse *parse, const struct og_yaml_node *node,
                               bool takes_glob);
/* Names split at dots outside quotes, with n_min to n_max parts each. Returns: the array. */
const struct og_name_pattern *og_parse_names(struct og_parse *parse,
                                             const struct og_yaml_node *node, const char *what,
                                             size_t n_min, size_t n_max, size_t *n_out);
/* "30m", "2h", "90s": seconds, 1 to 30 days; 0 after an error. */
uint32_t og_parse_duration(struct og_parse *parse, const struct og_yaml_node *node);
/* Remembers a group for og_policy_set_each_group. name: with its prefix. */
void og_parse_note_group(struct og_parse *parse, const char *name);

/* The parts of a policy; out is struct og_policy. */
void og_parse_data(struct og_parse *parse, const struct og_yaml_node *node, void *out);
void og_parse_rules(struct og_parse *parse, const struct og_yaml_node *node, void *out);
void og_parse_detect(struct og_parse *parse, const struct og_yaml_node *node, void *out);
void og_parse_limits(struct og_parse *parse, const struct og_yaml_node *node, void *out);
/* policy_parse_writes.c: the key `writes`; out: the struct og_policy. */
void og_parse_writes(struct og_parse *parse, const struct og_yaml_node *node, void *out);
/* `unmask: {group: privacy, count: 1, within: 30m}`. Returns: a rule of which only the `by` counts; NULL. */
const struct og_rule *og_parse_unmask(struct og_parse *parse, const struct og_yaml_node *node);
void og_parse_lookup(struct og_parse *parse, const struct og_yaml_node *node,
                     struct og_data_entry *entry);
/* After the rest of the policy, whose name and targets cases use. */
void og_parse_tests(struct og_parse *parse, const struct og_yaml_node *node,
                    const struct og_policy *policy);

#endif

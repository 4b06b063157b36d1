/* SPDX-License-Identifier: MIT */
/* yaml_tree.h - strict YAML as a tree in an arena, each node with its line and column.
 * Refused: anchors, aliases, tags, directives, merge keys, duplicate keys, keys that are no
 * scalars, more than one document, depth beyond OG_MAX_YAML_DEPTH, size beyond
 * OG_MAX_POLICY_BYTES, text that is not UTF-8, control characters in scalars.
 * Is not: a schema; who reads the tree says which keys it knows. Source: YAML 1.1 by libyaml. */
#ifndef OG_COMMON_YAML_TREE_H
#define OG_COMMON_YAML_TREE_H

#include "common/arena.h"
#include "common/base.h"

enum og_yaml_kind { OG_YAML_SCALAR = 0, OG_YAML_SEQUENCE, OG_YAML_MAPPING };

struct og_yaml_node;

struct og_yaml_pair {
    const struct og_yaml_node *key; /* always a scalar */
    const struct og_yaml_node *value;
};

struct og_yaml_node {
    enum og_yaml_kind kind;
    bool is_plain; /* SCALAR: written without quotes, so `yes`, `30` and `~` mean what they say */
    uint32_t line, column; /* from 1; columns in characters */
    const char *text;      /* SCALAR: without NUL inside, borrowed from the arena */
    const struct og_yaml_node **items; /* SEQUENCE */
    struct og_yaml_pair *pairs;        /* MAPPING, in order of the file */
    size_t n;                          /* items or pairs */
};

struct og_yaml_error {
    uint32_t line, column; /* from 1 */
    const char *what;      /* borrowed from the arena or static */
};

#define OG_YAML_E_INVALID 1 /* error says where and why */

/* Reads the one document in bytes. arena: owns the tree; give it a ceiling, a tree may take some
 * hundred bytes of memory per byte of text.
 * Returns: 0 and the root in out; OG_YAML_E_INVALID; -ENOMEM. */
OG_MUST int og_yaml_read(struct og_arena *arena, const char *bytes, size_t n_bytes,
                         const struct og_yaml_node **out, struct og_yaml_error *error);

/* The value of a key, or NULL; NULL too where the node is no mapping. */
const struct og_yaml_node *og_yaml_get(const struct og_yaml_node *mapping, const char *key);
/* yes, no, true, false without quotes. Returns: whether it is one of them. */
bool og_yaml_bool(const struct og_yaml_node *node, bool *out);
/* A decimal number without quotes, digits only, at most max. Returns: whether it is one. */
bool og_yaml_number(const struct og_yaml_node *node, uint64_t max, uint64_t *out);
/* Whether a plain scalar says nothing: empty, ~ or null. */
bool og_yaml_is_null(const struct og_yaml_node *node);
/* "text", "list", "mapping": for messages. */
const char *og_yaml_kind_word(enum og_yaml_kind kind);

#endif

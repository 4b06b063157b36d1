/* SPDX-License-Identifier: MIT */
/* config_parts.h - what config.c and config_issuer.c share: the parsed lists and the strict reader.
 * Is not: an interface for others. */
#ifndef OG_FUSEFS_CONFIG_PARTS_H
#define OG_FUSEFS_CONFIG_PARTS_H

#include <yaml.h>

#include "common/arena.h"
#include "common/limits.h"
#include "fusefs/config.h"

/* One member of a list, with where it stands. */
struct og_config_member {
    const char *text;
    size_t line, column;
};

/* A named list: a person, an agent, a group, a role, a target's labels. */
struct og_config_entry {
    const char *name;
    size_t line, column;
    struct og_config_member *members;
    size_t n_members, members_capacity;
    uint32_t *uids; /* sorted, each once */
    size_t n_uids, uids_capacity;
    const char **tokens; /* "token:ISSUER/SUBJECT" and "token-group:ISSUER/GROUP" */
    size_t n_tokens, tokens_capacity;
    bool requires_token; /* of a target */
    struct og_config_connect *connect; /* of a target; NULL: none */
    struct og_time_window window;      /* of a target, for grants */
    enum { OG_CONFIG_FRESH = 0, OG_CONFIG_OPEN, OG_CONFIG_DONE } state; /* of flattening */
};

struct og_config_section {
    struct og_config_entry *entries;
    size_t n_entries, capacity;
};

struct og_config {
    struct og_arena arena;
    const char *user;
    struct og_config_section people, agents, groups, roles, targets;
    const char ***target_labels; /* one array per target */
    struct og_config_issuer *issuers;
    size_t n_issuers, issuers_capacity;
    struct og_config_ledger ledger;
    struct og_config_approvals approvals;
};

struct og_config_reader {
    struct og_config *config;
    const char *name;
    struct og_buf *messages;
    size_t n_messages;
    yaml_document_t *document;
};

/* line and column count from 1. */
void og_config_complain(struct og_config_reader *reader, size_t line, size_t column,
                        const char *format, ...) OG_PRINTF(4, 5);
void og_config_complain_at(struct og_config_reader *reader, const yaml_node_t *node,
                           const char *text);
yaml_node_t *og_config_node_at(struct og_config_reader *reader, int index);
/* Text of a scalar, copied; NULL after a complaint. */
const char *og_config_scalar(struct og_config_reader *reader, const yaml_node_t *node,
                             const char *what);
void og_config_read_members(struct og_config_reader *reader, const yaml_node_t *node,
                            struct og_config_entry *entry);
struct og_config_entry *og_config_find(const struct og_config_section *section, const char *name);
/* Exactly "uid:N", without sign, spaces or leading zeros. */
bool og_config_parse_uid(const char *text, uint32_t *out);

/* config_connect.c: a target's key `connect`. */
void og_config_read_connect(struct og_config_reader *reader, const yaml_node_t *node,
                            struct og_config_entry *entry);

/* config_ledger.c: the section `ledger`. */
void og_config_read_ledger(struct og_config_reader *reader, const yaml_node_t *node);

/* config_approvals.c: the section `approvals`, and a target's key `window`. */
void og_config_read_approvals(struct og_config_reader *reader, const yaml_node_t *node);
void og_config_read_window(struct og_config_reader *reader, const yaml_node_t *node,
                           struct og_time_window *window);

/* config_issuer.c: the section `issuers`. */
void og_config_read_issuers(struct og_config_reader *reader, const yaml_node_t *node);
/* Whether text is "token:ISSUER/..." or "token-group:ISSUER/..." of an issuer of this file. */
bool og_config_is_token_name(const struct og_config *config, const char *text);

#endif

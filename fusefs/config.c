/* SPDX-License-Identifier: MIT */
/* The configuration file: read by libyaml, checked by a table of sections, and flattened: every group
 * and role ends up as a sorted list of uids, so that asking is a search and no walk. */
#define _GNU_SOURCE 1
#include "fusefs/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "fusefs/config_parts.h"

#define MAX_CONFIG_ARENA_BYTES (32u * 1024u * 1024u)
#define MAX_GROUP_DEPTH 32u
#define MAX_MESSAGES 50u
#define MAX_NAME_BYTES 256u

/* ---- messages ---- */

void og_config_complain(struct og_config_reader *reader, size_t line, size_t column, const char *format, ...)
{
    va_list args;

    if (reader->n_messages++ >= MAX_MESSAGES)
        return;
    og_buf_printf(reader->messages, "%s:%zu:%zu: ", reader->name, line, column);
    va_start(args, format);
    og_buf_vprintf(reader->messages, format, args);
    va_end(args);
    og_buf_append_char(reader->messages, '\n');
}

void og_config_complain_at(struct og_config_reader *reader, const yaml_node_t *node, const char *text)
{
    og_config_complain(reader, node->start_mark.line + 1, node->start_mark.column + 1, "%s", text);
}

/* ---- YAML without its surprises ---- */

static const char *event_fault(const yaml_event_t *event, size_t depth, size_t n_documents)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return "aliases (*name) are not allowed";
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    case YAML_DOCUMENT_START_EVENT:
        if (n_documents)
            return "only one document is allowed";
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
    default:
        break;
    }
    if (anchor)
        return "anchors (&name) are not allowed";
    if (tag)
        return "tags (!name) are not allowed";
    return depth > OG_MAX_YAML_DEPTH ? "this is nested too deeply" : NULL;
}

static void parser_fault(struct og_config_reader *reader, const yaml_parser_t *parser)
{
    og_config_complain(reader, parser->problem_mark.line + 1, parser->problem_mark.column + 1, "%s%s%s",
             parser->context ? parser->context : "", parser->context ? ": " : "",
             parser->problem ? parser->problem : "this is not YAML");
}

/* Looks at every event before a tree is made of them. Returns: whether all are plain. */
static bool is_plain(struct og_config_reader *reader, const char *bytes, size_t n_bytes)
{
    size_t depth = 0, n_documents = 0, n_before = reader->n_messages;
    yaml_parser_t parser;
    bool is_over = false;

    if (!yaml_parser_initialize(&parser)) {
        og_config_complain(reader, 1, 1, "no memory");
        return false;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, n_bytes);
    while (!is_over) {
        yaml_event_t event;
        const char *text;

        if (!yaml_parser_parse(&parser, &event)) {
            parser_fault(reader, &parser);
            break;
        }
        depth += event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT;
        depth -= event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
        text = event_fault(&event, depth, n_documents);
        if (text)
            og_config_complain(reader, event.start_mark.line + 1, event.start_mark.column + 1, "%s", text);
        n_documents += event.type == YAML_DOCUMENT_START_EVENT;
        is_over = text || event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return reader->n_messages == n_before;
}

yaml_node_t *og_config_node_at(struct og_config_reader *reader, int index)
{
    return yaml_document_get_node(reader->document, index);
}

/* Text of a scalar, copied; NULL after a complaint. */
const char *og_config_scalar(struct og_config_reader *reader, const yaml_node_t *node, const char *what)
{
    const char *text;

    if (node->type != YAML_SCALAR_NODE) {
        og_config_complain_at(reader, node, what);
        return NULL;
    }
    text = (const char *)node->data.scalar.value;
    if (!node->data.scalar.length || node->data.scalar.length > MAX_NAME_BYTES ||
        strlen(text) != node->data.scalar.length) {
        og_config_complain_at(reader, node, "this must have 1 to 256 characters");
        return NULL;
    }
    return og_arena_strndup(&reader->config->arena, text, node->data.scalar.length);
}

static bool is_name(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7F || strchr(":,[]{}*", *c))
            return false;
    return *text != '\0';
}

struct og_config_entry *og_config_find(const struct og_config_section *section, const char *name)
{
    for (size_t i = 0; i < section->n_entries; i++)
        if (strcmp(section->entries[i].name, name) == 0)
            return &section->entries[i];
    return NULL;
}

void og_config_read_members(struct og_config_reader *reader, const yaml_node_t *node,
                            struct og_config_entry *entry)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        og_config_complain_at(reader, node, "here a list is needed, as in [uid:1001]");
        return;
    }
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        const yaml_node_t *value = og_config_node_at(reader, *item);
        const char *text = og_config_scalar(reader, value, "list items must be plain text");
        struct og_config_member *member;

        if (!text)
            continue;
        member = og_arena_push(&reader->config->arena, &entry->members, &entry->n_members,
                               &entry->members_capacity, sizeof(*member));
        if (!member)
            return;
        *member = (struct og_config_member){text, value->start_mark.line + 1,
                                  value->start_mark.column + 1};
    }
}

/* targets: {shop: {labels: [env:production], require: token}} */
static void read_target(struct og_config_reader *reader, const yaml_node_t *node,
                        struct og_config_entry *entry)
{
    bool has_labels = false, has_require = false;

    if (node->type != YAML_MAPPING_NODE) {
        og_config_complain_at(reader, node, "a target takes a mapping, as in {labels: [env:production]}");
        return;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = og_config_node_at(reader, pair->key);
        const char *text = og_config_scalar(reader, key, "keys must be plain text");

        if (!text)
            continue;
        if (strcmp(text, "require") == 0 && !has_require) {
            const char *word = og_config_scalar(reader, og_config_node_at(reader, pair->value),
                                                "require takes: token");

            has_require = entry->requires_token = true;
            if (word && strcmp(word, "token") != 0)
                og_config_complain_at(reader, og_config_node_at(reader, pair->value),
                                      "require takes: token");
            continue;
        }
        if (strcmp(text, "connect") == 0 && !entry->connect) {
            og_config_read_connect(reader, og_config_node_at(reader, pair->value), entry);
            continue;
        }
        if (strcmp(text, "window") == 0 && !entry->window.is_set) {
            og_config_read_window(reader, og_config_node_at(reader, pair->value), &entry->window);
            continue;
        }
        if (strcmp(text, "labels") != 0 || has_labels) {
            bool is_known = strcmp(text, "labels") == 0 || strcmp(text, "require") == 0 ||
                            strcmp(text, "connect") == 0 || strcmp(text, "window") == 0;

            og_config_complain_at(reader, key,
                                  is_known ? "this key is there twice"
                                           : "a target has no such key; it has: labels, require, connect, "
                                             "window");
            continue;
        }
        has_labels = true;
        og_config_read_members(reader, og_config_node_at(reader, pair->value), entry);
    }
    for (size_t i = 0; i < entry->n_members; i++) {
        const struct og_config_member *label = &entry->members[i];
        const char *colon = strchr(label->text, ':');

        if (!colon || colon == label->text || !colon[1])
            og_config_complain(reader, label->line, label->column,
                     "a label has the form key:value, as in env:production");
    }
}

static void read_section(struct og_config_reader *reader, const yaml_node_t *node,
                         struct og_config_section *section, bool is_targets)
{
    if (node->type != YAML_MAPPING_NODE) {
        og_config_complain_at(reader, node, "here a mapping of names is needed");
        return;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = og_config_node_at(reader, pair->key);
        const char *name = og_config_scalar(reader, key, "names must be plain text");
        struct og_config_entry *entry;

        if (!name)
            continue;
        if (!is_name(name) || og_config_find(section, name)) {
            og_config_complain_at(reader, key, is_name(name) ? "this name is there twice"
                                                   : "a name has no spaces and none of :,[]{}*");
            continue;
        }
        entry = og_arena_push(&reader->config->arena, &section->entries, &section->n_entries,
                              &section->capacity, sizeof(*entry));
        if (!entry)
            return;
        *entry = (struct og_config_entry){.name = name, .line = key->start_mark.line + 1,
                                .column = key->start_mark.column + 1};
        if (is_targets)
            read_target(reader, og_config_node_at(reader, pair->value), entry);
        else
            og_config_read_members(reader, og_config_node_at(reader, pair->value), entry);
    }
}

static void read_root(struct og_config_reader *reader, const yaml_node_t *root)
{
    struct og_config *config = reader->config;
    const struct {
        const char *name;
        struct og_config_section *section;
    } rows[] = {{"user", NULL},
                {"people", &config->people},
                {"agents", &config->agents},
                {"groups", &config->groups},
                {"roles", &config->roles},
                {"targets", &config->targets},
                {"issuers", NULL},
                {"ledger", NULL},
                {"approvals", NULL}};
    bool was_there[OG_COUNT(rows)] = {false};

    if (root->type != YAML_MAPPING_NODE) {
        og_config_complain_at(reader, root, "the file must be a mapping: user, people, agents, groups, "
                                  "roles, targets, issuers, ledger, approvals");
        return;
    }
    for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = og_config_node_at(reader, pair->key);
        const yaml_node_t *value = og_config_node_at(reader, pair->value);
        const char *name = og_config_scalar(reader, key, "keys must be plain text");
        size_t i = 0;

        while (name && i < OG_COUNT(rows) && strcmp(rows[i].name, name) != 0)
            i++;
        if (!name)
            continue;
        if (i == OG_COUNT(rows) || was_there[i]) {
            og_config_complain_at(reader, key, i == OG_COUNT(rows)
                                         ? "there is no such key; there are: user, people, agents, "
                                           "groups, roles, targets, issuers, ledger, approvals"
                                         : "this key is there twice");
            continue;
        }
        was_there[i] = true;
        if (rows[i].section)
            read_section(reader, value, rows[i].section, strcmp(name, "targets") == 0);
        else if (strcmp(name, "issuers") == 0)
            og_config_read_issuers(reader, value);
        else if (strcmp(name, "ledger") == 0)
            og_config_read_ledger(reader, value);
        else if (strcmp(name, "approvals") == 0)
            og_config_read_approvals(reader, value);
        else
            config->user = og_config_scalar(reader, value, "user takes the name of an account");
    }
}

/* ---- meaning ---- */

/* Exactly "uid:N", without sign, spaces or leading zeros. */
bool og_config_parse_uid(const char *text, uint32_t *out)
{
    uint64_t number = 0;
    const char *digits = text + 4;

    if (strncmp(text, "uid:", 4) != 0 || !*digits || strlen(digits) > 10 ||
        (*digits == '0' && digits[1]))
        return false;
    for (; *digits; digits++) {
        if (*digits < '0' || *digits > '9')
            return false;
        number = number * 10 + (uint64_t)(*digits - '0');
    }
    *out = (uint32_t)number;
    return number < UINT32_MAX; /* the last one means "no uid" to the kernel */
}

static bool has_uid(const struct og_config_entry *entry, uint32_t uid)
{
    size_t low = 0, high = entry->n_uids;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (entry->uids[middle] < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < entry->n_uids && entry->uids[low] == uid;
}

static int compare_uids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void add_uid(struct og_config_reader *reader, struct og_config_entry *entry, uint32_t uid)
{
    uint32_t *slot = og_arena_push(&reader->config->arena, &entry->uids, &entry->n_uids,
                                   &entry->uids_capacity, sizeof(*slot));

    if (slot)
        *slot = uid;
}

static void sort_uids(struct og_config_entry *entry)
{
    size_t n = 0;

    if (!entry->n_uids)
        return;
    qsort(entry->uids, entry->n_uids, sizeof(*entry->uids), compare_uids);
    for (size_t i = 0; i < entry->n_uids; i++)
        if (!n || entry->uids[n - 1] != entry->uids[i])
            entry->uids[n++] = entry->uids[i];
    entry->n_uids = n;
}

static void add_token(struct og_config_reader *reader, struct og_config_entry *entry,
                      const char *name)
{
    const char **slot = og_arena_push(&reader->config->arena, &entry->tokens, &entry->n_tokens,
                                      &entry->tokens_capacity, sizeof(*slot));

    if (slot)
        *slot = name;
}

/* The person or agent that a piece of evidence belongs to already, or NULL. */
static const char *owner_of(const struct og_config *config, const char *token, uint32_t uid)
{
    const char *name = token ? og_config_token_person(config, token)
                             : og_config_person(config, uid);

    if (!name)
        name = token ? og_config_token_agent(config, token) : og_config_agent(config, uid);
    return name;
}

static void resolve_one(struct og_config_reader *reader, struct og_config_entry *entry,
                        const struct og_config_member *member, const char *what)
{
    bool is_token = strncmp(member->text, "token:", 6) == 0 &&
                    og_config_is_token_name(reader->config, member->text);
    const char *other;
    uint32_t uid = 0;

    if (!is_token && !og_config_parse_uid(member->text, &uid)) {
        og_config_complain(reader, member->line, member->column,
                           "\"%s\" is no evidence; write uid:N, or token:ISSUER/SUBJECT of an issuer "
                           "of this file",
                           member->text);
        return;
    }
    other = owner_of(reader->config, is_token ? member->text : NULL, uid);
    if (other)
        og_config_complain(reader, member->line, member->column,
                           "%s is \"%s\" already; %s needs evidence of its own", member->text, other,
                           what);
    else if (is_token)
        add_token(reader, entry, member->text);
    else
        add_uid(reader, entry, uid);
}

/* People and agents: each piece of evidence belongs to one of them only. */
static void resolve_evidence(struct og_config_reader *reader, struct og_config_section *section,
                             const char *what)
{
    for (size_t i = 0; i < section->n_entries; i++) {
        struct og_config_entry *entry = &section->entries[i];

        for (size_t j = 0; j < entry->n_members; j++)
            resolve_one(reader, entry, &entry->members[j], what);
        sort_uids(entry);
    }
}

static void add_all(struct og_config_reader *reader, struct og_config_entry *entry,
                    const struct og_config_entry *other)
{
    for (size_t i = 0; i < other->n_uids; i++)
        add_uid(reader, entry, other->uids[i]);
    for (size_t i = 0; i < other->n_tokens; i++)
        add_token(reader, entry, other->tokens[i]);
}

static void flatten(struct og_config_reader *reader, struct og_config_entry *entry, unsigned depth);

static void flatten_member(struct og_config_reader *reader, struct og_config_entry *entry,
                           const struct og_config_member *member, unsigned depth)
{
    struct og_config *config = reader->config;
    const struct {
        const char *prefix;
        const struct og_config_section *section;
    } rows[] = {{"user:", &config->people}, {"agent:", &config->agents}, {"group:", &config->groups}};
    uint32_t uid;

    if (og_config_parse_uid(member->text, &uid)) {
        add_uid(reader, entry, uid);
        return;
    }
    if (og_config_is_token_name(config, member->text)) {
        add_token(reader, entry, member->text);
        return;
    }
    for (size_t i = 0; i < OG_COUNT(rows); i++) {
        size_t n_bytes = strlen(rows[i].prefix);
        struct og_config_entry *other;

        if (strncmp(member->text, rows[i].prefix, n_bytes) != 0)
            continue;
        other = og_config_find(rows[i].section, member->text + n_bytes);
        if (!other) {
            og_config_complain(reader, member->line, member->column, "there is no \"%s\" in this file",
                     member->text);
            return;
        }
        if (rows[i].section == &config->groups) {
            if (other->state == OG_CONFIG_OPEN) {
                og_config_complain(reader, member->line, member->column,
                         "\"%s\" contains itself by this item", member->text);
                return;
            }
            flatten(reader, other, depth + 1);
        }
        add_all(reader, entry, other);
        return;
    }
    og_config_complain(reader, member->line, member->column,
             "\"%s\" is no member; write user:NAME, agent:NAME, group:NAME, uid:N, "
                       "token:ISSUER/SUBJECT or token-group:ISSUER/GROUP",
                       member->text);
}

static void flatten(struct og_config_reader *reader, struct og_config_entry *entry, unsigned depth)
{
    if (entry->state == OG_CONFIG_DONE)
        return;
    if (depth > MAX_GROUP_DEPTH) {
        og_config_complain(reader, entry->line, entry->column, "groups are nested more than %u deep",
                 MAX_GROUP_DEPTH);
        return;
    }
    entry->state = OG_CONFIG_OPEN;
    for (size_t i = 0; i < entry->n_members; i++)
        flatten_member(reader, entry, &entry->members[i], depth);
    sort_uids(entry);
    entry->state = OG_CONFIG_DONE;
}

static void resolve_targets(struct og_config_reader *reader)
{
    struct og_config *config = reader->config;
    struct og_config_section *targets = &config->targets;

    config->target_labels = og_arena_array(&config->arena, targets->n_entries,
                                           sizeof(*config->target_labels));
    for (size_t i = 0; i < targets->n_entries && config->target_labels; i++) {
        const struct og_config_entry *target = &targets->entries[i];
        const char **labels =
            og_arena_array(&config->arena, target->n_members, sizeof(*labels));

        for (size_t j = 0; j < target->n_members && labels; j++)
            labels[j] = target->members[j].text;
        config->target_labels[i] = labels;
    }
}

static void resolve(struct og_config_reader *reader)
{
    struct og_config *config = reader->config;

    resolve_evidence(reader, &config->people, "a person");
    resolve_evidence(reader, &config->agents, "an agent");
    for (size_t i = 0; i < config->groups.n_entries; i++)
        flatten(reader, &config->groups.entries[i], 0);
    for (size_t i = 0; i < config->roles.n_entries; i++) {
        struct og_config_entry *role = &config->roles.entries[i];

        if (strcmp(role->name, "admin") != 0 && strcmp(role->name, "approver") != 0 &&
            strcmp(role->name, "auditor") != 0 && strcmp(role->name, "break-glass") != 0)
            og_config_complain(reader, role->line, role->column,
                     "there is no such role; there are: admin, approver, auditor, break-glass");
        flatten(reader, role, 0);
    }
    resolve_targets(reader);
}

static void read_document(struct og_config_reader *reader, const char *bytes, size_t n_bytes)
{
    yaml_document_t document;
    yaml_parser_t parser;
    yaml_node_t *root;

    if (!is_plain(reader, bytes, n_bytes))
        return;
    if (!yaml_parser_initialize(&parser)) {
        og_config_complain(reader, 1, 1, "no memory");
        return;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, n_bytes);
    if (!yaml_parser_load(&parser, &document)) {
        parser_fault(reader, &parser);
        yaml_parser_delete(&parser);
        return;
    }
    reader->document = &document;
    root = yaml_document_get_root_node(&document);
    if (root) /* none: an empty file, which has the defaults */
        read_root(reader, root);
    if (!reader->n_messages)
        resolve(reader);
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
}

int og_config_parse(const char *name, const char *bytes, size_t n_bytes, struct og_buf *messages,
                    struct og_config **out)
{
    struct og_config *config = calloc(1, sizeof(*config));
    struct og_config_reader reader = {.config = config, .name = name, .messages = messages};

    *out = NULL;
    if (!config)
        return -ENOMEM;
    og_arena_init(&config->arena, MAX_CONFIG_ARENA_BYTES);
    if (bytes && n_bytes > OG_MAX_POLICY_BYTES)
        og_config_complain(&reader, 1, 1, "the file is larger than %u bytes", OG_MAX_POLICY_BYTES);
    else if (bytes)
        read_document(&reader, bytes, n_bytes);
    if (og_arena_is_failed(&config->arena)) {
        (void)og_config_free(config);
        return -ENOMEM;
    }
    if (reader.n_messages) {
        (void)og_config_free(config);
        return OG_CONFIG_E_INVALID;
    }
    *out = config;
    return 0;
}

struct og_config *og_config_free(struct og_config *config)
{
    if (config) {
        og_arena_release(&config->arena);
        free(config);
    }
    return NULL;
}

/* ---- asking ---- */

const char *og_config_user(const struct og_config *config)
{
    return config->user;
}

static const char *name_of(const struct og_config_section *section, uint32_t uid)
{
    for (size_t i = 0; i < section->n_entries; i++) {
        const struct og_config_entry *entry = &section->entries[i];

        /* Not a search: while the file is read, the lists are not sorted yet. */
        for (size_t j = 0; j < entry->n_uids; j++)
            if (entry->uids[j] == uid)
                return entry->name;
    }
    return NULL;
}

const char *og_config_person(const struct og_config *config, uint32_t uid)
{
    return name_of(&config->people, uid);
}

const char *og_config_agent(const struct og_config *config, uint32_t uid)
{
    return name_of(&config->agents, uid);
}

void og_config_name(const struct og_config *config, uint32_t uid,
                    char out[static OG_CONFIG_NAME_BYTES])
{
    const char *person = og_config_person(config, uid);

    if (person)
        (void)snprintf(out, OG_CONFIG_NAME_BYTES, "user:%s", person);
    else
        (void)snprintf(out, OG_CONFIG_NAME_BYTES, "uid:%u", uid);
}

static bool has_token(const struct og_config_entry *entry, const char *token)
{
    for (size_t i = 0; i < entry->n_tokens; i++)
        if (strcmp(entry->tokens[i], token) == 0)
            return true;
    return false;
}

static const char *name_of_token(const struct og_config_section *section, const char *token)
{
    for (size_t i = 0; i < section->n_entries; i++)
        if (has_token(&section->entries[i], token))
            return section->entries[i].name;
    return NULL;
}

const char *og_config_token_person(const struct og_config *config, const char *token)
{
    return name_of_token(&config->people, token);
}

const char *og_config_token_agent(const struct og_config *config, const char *token)
{
    return name_of_token(&config->agents, token);
}

size_t og_config_token_groups(const struct og_config *config, const char *token, const char **out,
                              size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < config->groups.n_entries && n < max; i++)
        if (has_token(&config->groups.entries[i], token))
            out[n++] = config->groups.entries[i].name;
    return n;
}

bool og_config_requires_token(const struct og_config *config, const char *target)
{
    const struct og_config_entry *entry = og_config_find(&config->targets, target);

    return entry && entry->requires_token;
}

bool og_config_has_group(const struct og_config *config, const char *group)
{
    return og_config_find(&config->groups, group) != NULL;
}

bool og_config_uid_in_group(const struct og_config *config, uint32_t uid, const char *group)
{
    const struct og_config_entry *entry = og_config_find(&config->groups, group);

    return entry && has_uid(entry, uid);
}

bool og_config_uid_has_role(const struct og_config *config, uint32_t uid, const char *role)
{
    const struct og_config_entry *entry = og_config_find(&config->roles, role);

    return entry && has_uid(entry, uid);
}

size_t og_config_groups(const struct og_config *config, uint32_t uid, const char **out, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < config->groups.n_entries && n < max; i++)
        if (has_uid(&config->groups.entries[i], uid))
            out[n++] = config->groups.entries[i].name;
    return n;
}

const char *og_config_target(const struct og_config *config, size_t i)
{
    return i < config->targets.n_entries ? config->targets.entries[i].name : NULL;
}

bool og_config_has_target(const struct og_config *config, const char *target)
{
    return og_config_find(&config->targets, target) != NULL;
}

const char *const *og_config_labels(const struct og_config *config, const char *target,
                                    size_t *n_out)
{
    const struct og_config_entry *entry = og_config_find(&config->targets, target);

    *n_out = entry ? entry->n_members : 0;
    return entry && entry->n_members
               ? config->target_labels[entry - config->targets.entries]
               : NULL;
}

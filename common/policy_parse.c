/* SPDX-License-Identifier: MIT */
#include "common/policy_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/limits.h"

/* A tree takes some hundred bytes per byte of the file at worst ("[a,a,a..."); the set less. */
#define MAX_TREE_BYTES ((size_t)256 * 1024 * 1024)
#define MAX_SET_BYTES ((size_t)256 * 1024 * 1024)
#define MAX_MESSAGE_BYTES (1024u * 1024u)

static void read_name(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_policy *policy = out;
    const char *name = og_parse_text(parse, node, "a policy's name");

    if (!name)
        return;
    policy->name = name;
    if (strlen(name) > 64 || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
        og_parse_error(parse, node, "policy name `%.64s` must be a-z, 0-9 and -, at most 64", name);
}

static void read_principal_list(struct og_parse *parse, const struct og_yaml_node *node,
                                const char *what, struct og_strings *out)
{
    size_t n = og_parse_n_items(parse, node, what);
    const char **items = og_arena_array(parse->arena, n, sizeof(*items));

    if (!items)
        return;
    for (size_t i = 0; i < n; i++) {
        const char *name = og_parse_principal(parse, og_parse_item(node, i), true);

        items[i] = name ? name : "";
        og_parse_note_group(parse, name);
    }
    *out = (struct og_strings){items, n};
}

static void read_principals(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    read_principal_list(parse, node, "principals", &((struct og_policy *)out)->principals);
}

static void read_except(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    read_principal_list(parse, node, "except", &((struct og_policy *)out)->except);
}

static void read_targets(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_policy *policy = out;
    size_t n = og_parse_n_items(parse, node, "targets");
    const char **items = og_arena_array(parse->arena, n, sizeof(*items));

    if (!items)
        return;
    for (size_t i = 0; i < n; i++) {
        const char *text = og_parse_text(parse, og_parse_item(node, i), "a target");

        items[i] = text ? text : "";
    }
    policy->targets = (struct og_strings){items, n};
}

static void read_applies_to(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const struct og_parse_key keys[] = {{"principals", read_principals, true},
                                               {"targets", read_targets, true},
                                               {"except", read_except, false}};

    og_parse_mapping(parse, node, "applies-to", keys, OG_COUNT(keys), out);
}

static bool is_observe(struct og_parse *parse, const struct og_yaml_node *node, const char *what)
{
    static const char *const words[] = {"enforce", "observe"};

    return og_parse_word(parse, node, what, words, OG_COUNT(words)) == 1;
}

static void read_mode(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_policy *)out)->is_observing = is_observe(parse, node, "mode");
}

static void read_data_mode(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    ((struct og_policy *)out)->is_data_observing = is_observe(parse, node, "data-mode");
}

/* With its schema and without *: else a temporary function of the same name would be vouched. */
static const struct og_name_pattern *read_functions(struct og_parse *parse,
                                                    const struct og_yaml_node *node, size_t *n)
{
    const struct og_name_pattern *functions = og_parse_names(parse, node, "function", 2, 2, n);

    for (size_t i = 0; i < *n; i++)
        if (functions[i].is_glob[0] || functions[i].is_glob[1])
            og_parse_error(parse, og_parse_item(node, i), "vouch for functions one by one, "
                           "without *");
    return functions;
}

static void read_vouched(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_policy *policy = out;

    policy->vouched = read_functions(parse, node, &policy->n_vouched);
}

/* What changes nothing outside of the transaction, so that it can be tried and taken back. */
static void read_rehearsed(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    struct og_policy *policy = out;

    policy->rehearsed = read_functions(parse, node, &policy->n_rehearsed);
}

static void read_vouch(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    static const struct og_parse_key keys[] = {{"functions", read_vouched, false},
                                               {"rehearse", read_rehearsed, false}};

    og_parse_mapping(parse, node, "vouch", keys, OG_COUNT(keys), out);
}

/* Read last, by og_parse_tests. */
static void skip_tests(struct og_parse *parse, const struct og_yaml_node *node, void *out)
{
    (void)parse, (void)node, (void)out;
}

static const struct og_parse_key policy_keys[] = {
    {"policy", read_name, true},          {"applies-to", read_applies_to, true},
    {"mode", read_mode, false},           {"data-mode", read_data_mode, false},
    {"data", og_parse_data, false},       {"rules", og_parse_rules, false},
    {"vouch", read_vouch, false},         {"tests", skip_tests, false},
    {"detect", og_parse_detect, false},              {"limits", og_parse_limits, false},
    {"writes", og_parse_writes, false}};

static int parse_file(struct og_parse *parse, const struct og_policy_file *file,
                      struct og_policy *policies, size_t i)
{
    struct og_policy *policy = &policies[i];
    const struct og_yaml_node *root = NULL, *tests;
    struct og_yaml_error error;
    struct og_arena tree;
    int result;

    parse->file = policy->file = og_arena_strdup(parse->arena, file->name);
    if (!parse->file)
        return -ENOMEM;
    policy->name = "";
    og_arena_init(&tree, MAX_TREE_BYTES);
    result = og_yaml_read(&tree, file->bytes, file->n_bytes, &root, &error);
    if (result == OG_YAML_E_INVALID) {
        const struct og_yaml_node at = {.line = error.line, .column = error.column};

        og_parse_error(parse, &at, "%s", error.what);
    }
    if (result == 0) {
        policy->line = root->line;
        og_parse_mapping(parse, root, "a policy", policy_keys, OG_COUNT(policy_keys), policy);
        for (size_t k = 0; k < i; k++) {
            if (policy->name[0] && strcmp(policies[k].name, policy->name) == 0)
                og_parse_error(parse, og_yaml_get(root, "policy"),
                               "policy name `%.64s` is used in %s too", policy->name,
                               policies[k].file);
        }
        tests = og_yaml_get(root, "tests");
        if (tests)
            og_parse_tests(parse, tests, policy);
    }
    og_arena_release(&tree);
    return result < 0 || og_arena_is_failed(parse->arena) ? -ENOMEM : 0;
}

static int compare_files(const void *a, const void *b)
{
    const struct og_policy_file *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

static int compare_texts(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

/* Order of file names, so that the digest and the verdict's order do not hang on readdir. */
static int sort_files(struct og_parse *parse, const struct og_policy_file *files, size_t n,
                      const struct og_policy_file **sorted)
{
    size_t n_bytes = 0;

    for (size_t i = 0; i < n; i++) {
        sorted[i] = &files[i];
        n_bytes += files[i].n_bytes > OG_MAX_POLICY_BYTES ? OG_MAX_POLICY_BYTES : files[i].n_bytes;
    }
    if (n)
        qsort(sorted, n, sizeof(*sorted), compare_files);
    for (size_t i = 0; i < n; i++) {
        const struct og_yaml_node at = {.line = 1, .column = 1};

        parse->file = sorted[i]->name;
        if (i && strcmp(sorted[i]->name, sorted[i - 1]->name) == 0)
            og_parse_error(parse, &at, "two files of one name");
        if (n_bytes > OG_MAX_POLICY_SET_BYTES && i + 1 == n)
            og_parse_error(parse, &at, "the policy files are too large together");
    }
    return parse->n_errors ? OG_POLICY_E_INVALID : 0;
}

static int make_digest(struct og_policy_set *set, const struct og_policy_file *const *files,
                       size_t n)
{
    struct og_hash_part *parts = og_arena_array(&set->arena, n * 2, sizeof(*parts));
    uint8_t digest[OG_SHA256_BYTES];
    int result;

    if (!parts)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        parts[i * 2] = (struct og_hash_part){files[i]->name, strlen(files[i]->name)};
        parts[i * 2 + 1] = (struct og_hash_part){files[i]->bytes, files[i]->n_bytes};
    }
    result = og_hash_parts(parts, n * 2, digest);
    if (result == 0)
        og_hash_hex(digest, set->digest);
    return result;
}

static void keep_groups(struct og_policy_set *set, struct og_parse *parse)
{
    size_t n = 0;

    if (parse->n_groups)
        qsort(parse->groups, parse->n_groups, sizeof(*parse->groups), compare_texts);
    for (size_t i = 0; i < parse->n_groups; i++) {
        if (n == 0 || strcmp(parse->groups[n - 1], parse->groups[i]) != 0)
            parse->groups[n++] = parse->groups[i];
    }
    set->groups = (struct og_strings){parse->groups, n};
}

static int parse_set(struct og_parse *parse, const struct og_policy_file *files, size_t n,
                     struct og_policy_set *set)
{
    const struct og_policy_file **sorted = og_arena_array(parse->arena, n, sizeof(*sorted));
    struct og_policy *policies = og_arena_array(parse->arena, n, sizeof(*policies));
    int result;

    if (!sorted || !policies)
        return -ENOMEM;
    result = sort_files(parse, files, n, sorted);
    for (size_t i = 0; i < n && result == 0; i++)
        result = parse_file(parse, sorted[i], policies, i);
    if (result)
        return result;
    set->policies = policies;
    set->n_policies = n;
    set->cases = parse->cases;
    set->n_cases = parse->n_cases;
    keep_groups(set, parse);
    result = make_digest(set, sorted, n);
    if (result)
        return result;
    return parse->n_errors ? OG_POLICY_E_INVALID : 0;
}

int og_policy_set_parse(const struct og_policy_file *files, size_t n_files,
                        struct og_buf *messages, struct og_policy_set **out)
{
    struct og_policy_set *set = calloc(1, sizeof(*set));
    struct og_buf warnings;
    struct og_parse parse = {.errors = messages, .warnings = &warnings, .file = "policies"};
    int result = OG_POLICY_E_INVALID;

    *out = NULL;
    if (!set)
        return -ENOMEM;
    og_buf_init(&warnings, MAX_MESSAGE_BYTES);
    og_arena_init(&set->arena, MAX_SET_BYTES);
    atomic_init(&set->n_references, 1);
    parse.arena = &set->arena;
    if (n_files > OG_MAX_POLICY_FILES)
        og_buf_printf(messages, "policies:1:1: more than %u policy files\n", OG_MAX_POLICY_FILES);
    else
        result = parse_set(&parse, files, n_files, set);
    if (result == 0 && og_arena_is_failed(&set->arena))
        result = -ENOMEM;
    if (warnings.n_bytes)
        og_buf_append(messages, warnings.bytes, warnings.n_bytes);
    og_buf_release(&warnings);
    if (result)
        og_policy_set_unref(set);
    else
        *out = set;
    return result;
}

/* SPDX-License-Identifier: MIT */
/* What a base column's values become for one member of the chain. */
#include <string.h>

#include "common/decide_parts.h"

struct og_mask og_mask_stricter(const struct og_mask *a, const struct og_mask *b)
{
    if (a->kind == OG_MASK_NONE)
        return *b;
    if (b->kind == OG_MASK_NONE || og_mask_is_same(a, b))
        return *a;
    return (struct og_mask){.kind = OG_MASK_SQL_NULL, .class = a->class};
}

/* One policy's mask of a column: an exemption counts for its own policy only, and there wins. */
static struct og_mask policy_mask(const struct og_policy *policy, enum og_dialect dialect,
                                  const char *schema, const char *table, const char *column)
{
    struct og_mask mask = {.kind = OG_MASK_NONE};

    for (size_t i = 0; i < policy->n_data; i++) {
        const struct og_data_entry *entry = &policy->data[i];

        for (size_t k = 0; k < entry->n_columns; k++) {
            if (!og_column_fits(&entry->columns[k], dialect, schema, table, column))
                continue;
            if (entry->is_exempt)
                return (struct og_mask){.kind = OG_MASK_NONE};
            mask = og_mask_stricter(&mask, &entry->mask);
        }
    }
    return mask;
}

void og_judge_column(const struct og_judge *judge, const char *schema, const char *table,
                     const char *column, struct og_column_mask *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < judge->n_policies; i++) {
        const struct og_policy *policy = judge->policies[i];
        struct og_mask mask =
            policy_mask(policy, judge->input->target->dialect, schema, table, column);

        if (mask.kind == OG_MASK_NONE)
            continue;
        if (policy->is_data_observing) {
            out->is_observed = true;
            continue;
        }
        if (!out->policy)
            out->policy = policy;
        out->mask = og_mask_stricter(&out->mask, &mask);
    }
}

bool og_decide_column_mask(const struct og_decide_input *input, const char *schema,
                           const char *table, const char *column, struct og_mask *out)
{
    struct og_arena arena;

    memset(out, 0, sizeof(*out));
    og_arena_init(&arena, 256u * 1024u);
    for (size_t i = 0; i < input->chain->n_members; i++) {
        struct og_judge judge;
        struct og_column_mask found;

        if (og_judge_init(&judge, input, &input->chain->members[i], &arena) != 0) {
            *out = (struct og_mask){.kind = OG_MASK_SQL_NULL};
            break;
        }
        og_judge_column(&judge, schema, table, column, &found);
        *out = og_mask_stricter(out, &found.mask);
    }
    og_arena_release(&arena);
    return out->kind != OG_MASK_NONE;
}

/* Names of a pattern as catalogs hold them: PostgreSQL folds what is not quoted. */
static void fold_part(const struct og_name_pattern *pattern, size_t part, enum og_dialect dialect,
                      char out[static 256])
{
    const char *text = pattern->parts[part];
    size_t i;

    for (i = 0; text[i] && i < 255; i++)
        out[i] = dialect == OG_DIALECT_POSTGRESQL && !pattern->is_quoted[part] && text[i] >= 'A' &&
                         text[i] <= 'Z'
                     ? (char)(text[i] - 'A' + 'a')
                     : text[i];
    out[i] = '\0';
}

static bool is_required(const struct og_data_entry *entry, const struct og_name_pattern *pattern)
{
    bool is_glob = false;

    for (size_t i = 0; i < pattern->n_parts; i++)
        is_glob = is_glob || pattern->is_glob[i];
    return !entry->is_optional && !is_glob && pattern->n_parts >= 2;
}

static bool each_of_policy(const struct og_policy *policy, enum og_dialect dialect,
                           bool (*visit)(void *context, const char *policy, const char *schema,
                                         const char *table, const char *column),
                           void *context)
{
    for (size_t i = 0; i < policy->n_data; i++)
        for (size_t k = 0; k < policy->data[i].n_columns; k++) {
            const struct og_name_pattern *pattern = &policy->data[i].columns[k];
            size_t first = pattern->n_parts == 3 ? 1 : 0;
            char parts[3][256] = {{0}};

            if (!is_required(&policy->data[i], pattern))
                continue;
            for (size_t p = 0; p < pattern->n_parts; p++)
                fold_part(pattern, p, dialect, parts[p]);
            if (!visit(context, policy->name, first ? parts[0] : NULL, parts[first],
                       parts[first + 1]))
                return false;
        }
    return true;
}

void og_decide_each_required_column(const struct og_decide_input *input,
                                    bool (*visit)(void *context, const char *policy,
                                                  const char *schema, const char *table,
                                                  const char *column),
                                    void *context)
{
    struct og_arena arena;
    bool goes_on = true;

    og_arena_init(&arena, 256u * 1024u);
    for (size_t i = 0; goes_on && i < input->chain->n_members; i++) {
        struct og_judge judge;

        if (og_judge_init(&judge, input, &input->chain->members[i], &arena) != 0)
            break;
        for (size_t k = 0; goes_on && k < judge.n_policies; k++)
            goes_on = each_of_policy(judge.policies[k], input->target->dialect, visit, context);
    }
    og_arena_release(&arena);
}

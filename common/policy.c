/* SPDX-License-Identifier: MIT */
/* A parsed set after its parse: references, digest, groups, cases, and the one glob. */
#include "common/policy_parts.h"

#include <stdlib.h>
#include <string.h>

struct og_policy_set *og_policy_set_ref(struct og_policy_set *set)
{
    if (set)
        atomic_fetch_add_explicit(&set->n_references, 1, memory_order_relaxed);
    return set;
}

struct og_policy_set *og_policy_set_unref(struct og_policy_set *set)
{
    if (set && atomic_fetch_sub_explicit(&set->n_references, 1, memory_order_acq_rel) == 1) {
        og_arena_release(&set->arena);
        free(set);
    }
    return NULL;
}

const char *og_policy_set_digest(const struct og_policy_set *set)
{
    return set->digest;
}

bool og_policy_set_watches_time(const struct og_policy_set *set)
{
    for (size_t i = 0; i < set->n_policies; i++)
        for (size_t k = 0; k < set->policies[i].n_rules; k++)
            if (set->policies[i].rules[k].time.is_set)
                return true;
    return false;
}

size_t og_policy_set_count(const struct og_policy_set *set)
{
    return set->n_policies;
}

void og_policy_set_each_group(const struct og_policy_set *set,
                              bool (*visit)(void *context, const char *group), void *context)
{
    for (size_t i = 0; i < set->groups.n_items; i++) {
        if (!visit(context, set->groups.items[i]))
            return;
    }
}

size_t og_policy_set_cases(const struct og_policy_set *set, const struct og_policy_case **out)
{
    *out = set->cases;
    return set->n_cases;
}

static char fold(char c, bool ignores_case)
{
    return ignores_case && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The last star is the only one worth going back to, and never past a dot. Between two dots that
 * is at worst the product of both lengths; names are short (files have a ceiling). */
bool og_pattern_fits(const char *pattern, const char *text, bool ignores_case)
{
    const char *star = NULL, *resume = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern && fold(*pattern, ignores_case) == fold(*text, ignores_case)) {
            /* What the star before a matched dot took can never be longer. */
            if (*text == '.')
                star = NULL;
            pattern++;
            text++;
        } else if (star && *resume != '.') {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

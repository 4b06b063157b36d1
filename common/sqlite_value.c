/* SPDX-License-Identifier: MIT */
#include "common/sqlite_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 1024u
/* Records inside records: a sorter of a sorter makes two. Deeper ones lose their structure, so that
 * a loop that wraps a row again and again ends. */
#define MAX_DEPTH 5u

static uint32_t hash_words(uint32_t hash, const uint32_t *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ words[i]) * UINT32_C(16777619);
    return hash ^ (hash >> 15);
}

int og_sq_values_init(struct og_sq_values *values, struct og_arena *arena)
{
    struct og_sq_value *none;

    *values = (struct og_sq_values){.arena = arena, .n_slots = FIRST_SLOTS};
    values->slots = og_arena_array(arena, FIRST_SLOTS, sizeof(*values->slots));
    none = og_arena_push(arena, &values->values, &values->n_values, &values->max_values,
                         sizeof(*none));
    return values->slots && none ? 0 : -ENOMEM;
}

static void grow_slots(struct og_sq_values *values)
{
    size_t n_slots = values->n_slots * 4;
    uint32_t *slots = og_arena_array(values->arena, n_slots, sizeof(*slots));

    if (!slots)
        return;
    for (size_t i = 1; i < values->n_values; i++) {
        size_t at = values->values[i].hash & (n_slots - 1);

        while (slots[at])
            at = (at + 1) & (n_slots - 1);
        slots[at] = (uint32_t)i;
    }
    values->slots = slots;
    values->n_slots = n_slots;
}

static const uint32_t *copy_words(struct og_arena *arena, const uint32_t *words, size_t n)
{
    uint32_t *copy = og_arena_array(arena, n, sizeof(*copy));

    if (copy && n)
        memcpy(copy, words, n * sizeof(*copy));
    return copy;
}

/* The number of the value with these parts; sources are sorted and without duplicates. */
static uint32_t intern(struct og_sq_values *values, const uint32_t *sources, size_t n_sources,
                       const uint32_t *items, size_t n_items)
{
    uint32_t hash = hash_words(hash_words(2166136261u, sources, n_sources) + 17u, items, n_items);
    size_t at = hash & (values->n_slots - 1);
    struct og_sq_value *value;
    uint32_t depth = 0;

    if (n_sources == 0 && n_items == 0)
        return 0;
    for (; values->slots[at]; at = (at + 1) & (values->n_slots - 1)) {
        value = &values->values[values->slots[at]];
        if (value->hash == hash && value->n_sources == n_sources && value->n_items == n_items &&
            (n_sources == 0 || memcmp(value->sources, sources, n_sources * sizeof(*sources)) == 0) &&
            (n_items == 0 || memcmp(value->items, items, n_items * sizeof(*items)) == 0))
            return values->slots[at];
    }
    for (size_t i = 0; i < n_items; i++)
        if (values->values[items[i]].depth >= depth)
            depth = values->values[items[i]].depth + 1;
    value = og_arena_push(values->arena, &values->values, &values->n_values, &values->max_values,
                          sizeof(*value));
    if (!value)
        return 0; /* the arena's failure sticks and refuses the statement */
    *value = (struct og_sq_value){.n_sources = (uint32_t)n_sources,
                                  .n_items = (uint32_t)n_items,
                                  .sources = copy_words(values->arena, sources, n_sources),
                                  .items = copy_words(values->arena, items, n_items),
                                  .hash = hash,
                                  .depth = depth};
    if (!value->sources || !value->items) {
        values->n_values--;
        return 0;
    }
    values->slots[at] = (uint32_t)(values->n_values - 1);
    at = values->n_values - 1;
    if (values->n_values * 2 > values->n_slots)
        grow_slots(values);
    return (uint32_t)at;
}

uint32_t og_sq_value_source(struct og_sq_values *values, uint32_t source)
{
    return intern(values, &source, 1, NULL, 0);
}

static int compare_words(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static size_t sort_words(uint32_t *words, size_t n)
{
    size_t n_kept = 0;

    qsort(words, n, sizeof(*words), compare_words);
    for (size_t i = 0; i < n; i++)
        if (n_kept == 0 || words[n_kept - 1] != words[i])
            words[n_kept++] = words[i];
    return n_kept;
}

static size_t count_sources(const struct og_sq_values *values, uint32_t a)
{
    const struct og_sq_value *value = &values->values[a];
    size_t n = value->n_sources;

    for (size_t i = 0; i < value->n_items; i++)
        n += count_sources(values, value->items[i]);
    return n;
}

static size_t take_sources(const struct og_sq_values *values, uint32_t a, uint32_t set,
                           uint32_t *out)
{
    const struct og_sq_value *value = &values->values[a];
    size_t n = 0;

    for (size_t i = 0; i < value->n_sources; i++)
        out[n++] = value->sources[i] | set;
    for (size_t i = 0; i < value->n_items; i++)
        n += take_sources(values, value->items[i], set, out + n);
    return n;
}

/* set: 1 turns every source into a computed one. */
static uint32_t gather(struct og_sq_values *values, uint32_t a, uint32_t set)
{
    size_t n = count_sources(values, a);
    uint32_t *sources;
    uint32_t result;

    if (n == 0)
        return 0;
    sources = malloc(n * sizeof(*sources));
    if (!sources) {
        values->arena->is_failed = true;
        return 0;
    }
    (void)take_sources(values, a, set, sources);
    result = intern(values, sources, sort_words(sources, n), NULL, 0);
    free(sources);
    return result;
}

uint32_t og_sq_value_derive(struct og_sq_values *values, uint32_t a)
{
    return gather(values, a, 1);
}

uint32_t og_sq_value_flat(struct og_sq_values *values, uint32_t a)
{
    return values->values[a].n_items ? gather(values, a, 0) : a;
}

uint32_t og_sq_value_union(struct og_sq_values *values, uint32_t a, uint32_t b)
{
    size_t n_sources, n_items, n = 0;
    uint32_t *words;
    uint32_t result;

    if (a == b || b == 0)
        return a;
    if (a == 0)
        return b;
    n_sources = (size_t)values->values[a].n_sources + values->values[b].n_sources;
    n_items = values->values[a].n_items;
    if (values->values[b].n_items > n_items)
        n_items = values->values[b].n_items;
    words = malloc((n_sources + n_items + 1) * sizeof(*words));
    if (!words) {
        values->arena->is_failed = true;
        return 0;
    }
    for (size_t k = 0; k < 2; k++) {
        const struct og_sq_value *value = &values->values[k ? b : a];

        for (size_t i = 0; i < value->n_sources; i++)
            words[n++] = value->sources[i];
    }
    n = sort_words(words, n);
    for (size_t i = 0; i < n_items; i++) {
        uint32_t left = i < values->values[a].n_items ? values->values[a].items[i] : 0;
        uint32_t right = i < values->values[b].n_items ? values->values[b].items[i] : 0;

        words[n + i] = og_sq_value_union(values, left, right);
    }
    result = intern(values, words, n, words + n, n_items);
    free(words);
    return result;
}

uint32_t og_sq_value_record(struct og_sq_values *values, const uint32_t *items, size_t n_items)
{
    uint32_t flat = 0;
    bool is_deep = false;

    for (size_t i = 0; i < n_items; i++)
        is_deep = is_deep || values->values[items[i]].depth + 1 >= MAX_DEPTH;
    if (!is_deep)
        return intern(values, NULL, 0, items, n_items);
    for (size_t i = 0; i < n_items; i++)
        flat = og_sq_value_union(values, flat, og_sq_value_flat(values, items[i]));
    return flat;
}

uint32_t og_sq_value_item(struct og_sq_values *values, uint32_t record, size_t i)
{
    const struct og_sq_value *value = &values->values[record];
    uint32_t item = i < value->n_items ? value->items[i] : 0;
    uint32_t own = value->n_sources ? intern(values, value->sources, value->n_sources, NULL, 0) : 0;

    return og_sq_value_union(values, item, own);
}

/* SPDX-License-Identifier: MIT */
#include "common/undo_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"

#define FIRST_SLOTS 64u
#define MAX_KEY_BYTES ((size_t)OG_MAX_UNDO_BYTES)

void og_undo_map_init(struct og_undo_map *map)
{
    *map = (struct og_undo_map){.entries = NULL};
    og_buf_init(&map->keys, MAX_KEY_BYTES);
}

void og_undo_map_release(struct og_undo_map *map)
{
    free(map->entries);
    og_buf_wipe(&map->keys);
    map->entries = NULL;
    map->n_slots = map->n_used = 0;
}

static uint64_t hash_of(const char *bytes, size_t n_bytes, uint32_t table)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ table;

    for (size_t i = 0; i < n_bytes; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 29;
}

/* The slot of the key that stands at the end of keys, or the free one where it belongs. */
static struct og_undo_map_entry *find(const struct og_undo_map *map, uint64_t hash, size_t at,
                                      size_t n_bytes, uint32_t table)
{
    size_t slot = (size_t)hash & (map->n_slots - 1);

    for (;; slot = (slot + 1) & (map->n_slots - 1)) {
        struct og_undo_map_entry *entry = &map->entries[slot];

        if (!entry->is_used ||
            (entry->hash == hash && entry->table == table && entry->n_bytes == n_bytes &&
             memcmp(map->keys.bytes + entry->at, map->keys.bytes + at, n_bytes) == 0))
            return entry;
    }
}

static bool grow(struct og_undo_map *map)
{
    size_t n = map->n_slots ? 2 * map->n_slots : FIRST_SLOTS;
    struct og_undo_map_entry *old = map->entries, *entries = calloc(n, sizeof(*entries));
    size_t n_old = map->n_slots;

    if (!entries)
        return false;
    map->entries = entries;
    map->n_slots = n;
    for (size_t i = 0; i < n_old; i++)
        if (old[i].is_used)
            *find(map, old[i].hash, old[i].at, old[i].n_bytes, old[i].table) = old[i];
    free(old);
    return true;
}

bool og_undo_map_note(struct og_undo_map *map, uint32_t table, const struct og_undo_table *shape,
                      const struct og_undo_value *key, size_t row, bool is_present)
{
    size_t at = map->keys.n_bytes, n_bytes;
    struct og_undo_map_entry *entry;
    uint64_t hash;

    if (2 * map->n_used >= map->n_slots && !grow(map))
        return false;
    for (size_t i = 0; i < shape->n_columns; i++)
        if (shape->columns[i].flags & OG_UNDO_KEY)
            og_undo_append_value(&map->keys, &key[i]);
    if (og_buf_is_failed(&map->keys))
        return false;
    n_bytes = map->keys.n_bytes - at;
    hash = hash_of(map->keys.bytes + at, n_bytes, table);
    entry = find(map, hash, at, n_bytes, table);
    if (entry->is_used) {
        map->keys.n_bytes = at;
    } else {
        *entry = (struct og_undo_map_entry){.hash = hash,
                                            .at = at,
                                            .n_bytes = n_bytes,
                                            .first_row = row,
                                            .table = table,
                                            .is_used = true,
                                            .was_present = !is_present};
        map->n_used++;
    }
    entry->row = row;
    entry->is_present = is_present;
    return true;
}

bool og_undo_map_key(const struct og_undo_map *map, const struct og_undo_map_entry *entry,
                     const struct og_undo_table *shape, struct og_undo_value *key)
{
    const uint8_t *at = (const uint8_t *)map->keys.bytes + entry->at, *end = at + entry->n_bytes;

    for (size_t i = 0; i < shape->n_columns; i++)
        if ((shape->columns[i].flags & OG_UNDO_KEY) && !og_undo_take_value(&at, end, &key[i]))
            return false;
    return true;
}

int og_undo_map_fill(struct og_undo_map *map, const struct og_undo_set *set, const bool *picked)
{
    struct og_undo_value *values = calloc(og_undo_max_columns(set) + 1, sizeof(*values));
    int r = values ? 0 : -ENOMEM;

    for (size_t i = 0; r == 0 && i < set->n_rows; i++) {
        const struct og_undo_row *row = &set->rows[i];
        const struct og_undo_table *table = &set->tables[row->table];

        if (picked && !picked[i])
            continue;
        if (og_undo_key_before(set, row, values) &&
            !og_undo_map_note(map, row->table, table, values, i, false))
            r = -ENOMEM;
        if (row->change == OG_UNDO_DELETED)
            continue;
        if (r == 0 && !og_undo_key_after(set, row, values))
            r = OG_UNDO_E_BROKEN;
        if (r == 0 && !og_undo_map_note(map, row->table, table, values, i, true))
            r = -ENOMEM;
    }
    free(values);
    return r;
}

/* ---- what was changed and changed back ---- */

struct idling {
    struct og_undo_map *map;
    const struct og_undo_set *set;
    struct og_undo_value *before, *after; /* of one row */
};

static bool is_same_in_the_end(const struct idling *idling, const struct og_undo_map_entry *entry)
{
    const struct og_undo_row *first = &idling->set->rows[entry->first_row];
    const struct og_undo_row *last = &idling->set->rows[entry->row];

    if (entry->was_present != entry->is_present)
        return false;
    if (!entry->is_present)
        return true;
    if (!og_undo_before(idling->set, first, idling->before) ||
        !og_undo_after(idling->set, last, idling->after))
        return false;
    for (size_t i = 0; i < idling->set->tables[entry->table].n_columns; i++)
        if (!og_undo_is_same(&idling->before[i], &idling->after[i]))
            return false;
    return true;
}

/* The entry of a key that was noted. */
static struct og_undo_map_entry *entry_of(const struct idling *idling, uint32_t table,
                                          const struct og_undo_value *key)
{
    const struct og_undo_table *shape = &idling->set->tables[table];
    struct og_undo_map *map = idling->map;
    size_t at = map->keys.n_bytes, n_bytes;
    struct og_undo_map_entry *entry;

    for (size_t i = 0; i < shape->n_columns; i++)
        if (shape->columns[i].flags & OG_UNDO_KEY)
            og_undo_append_value(&map->keys, &key[i]);
    if (og_buf_is_failed(&map->keys))
        return NULL;
    n_bytes = map->keys.n_bytes - at;
    entry = find(map, hash_of(map->keys.bytes + at, n_bytes, table), at, n_bytes, table);
    map->keys.n_bytes = at;
    return entry->is_used ? entry : NULL;
}

/* A row whose keys are not all idle keeps the others from being so. Returns: 1 when one changed; 0;
 * -ENOMEM. */
static int follow_row(const struct idling *idling, size_t number, bool *picked)
{
    const struct og_undo_row *row = &idling->set->rows[number];
    struct og_undo_map_entry *entries[2] = {NULL, NULL};
    bool is_idle = true;
    size_t n = 0;
    int r = 0;

    if (og_undo_key_before(idling->set, row, idling->before))
        entries[n++] = entry_of(idling, row->table, idling->before);
    if (row->change != OG_UNDO_DELETED && og_undo_key_after(idling->set, row, idling->after))
        entries[n++] = entry_of(idling, row->table, idling->after);
    for (size_t i = 0; i < n; i++) {
        if (!entries[i])
            return -ENOMEM;
        is_idle = is_idle && entries[i]->is_idle;
    }
    for (size_t i = 0; i < n && !is_idle; i++) {
        r = r || entries[i]->is_idle;
        entries[i]->is_idle = false;
    }
    *picked = !is_idle;
    return r;
}

int og_undo_map_skip_idle(struct og_undo_map *map, const struct og_undo_set *set, bool *picked)
{
    size_t n_columns = og_undo_max_columns(set) + 1;
    struct idling idling = {.map = map, .set = set,
                            .before = calloc(2 * n_columns, sizeof(struct og_undo_value))};
    bool *is_moved = calloc(set->n_rows + 1, sizeof(*is_moved));
    bool again = true;
    int r = idling.before && is_moved ? 0 : -ENOMEM;

    idling.after = idling.before ? idling.before + n_columns : NULL;
    for (size_t i = 0; r == 0 && i < map->n_slots; i++)
        if (map->entries[i].is_used)
            map->entries[i].is_idle = is_same_in_the_end(&idling, &map->entries[i]);
    while (r == 0 && again) {
        again = false;
        for (size_t i = 0; r >= 0 && i < set->n_rows; i++) {
            if (!picked[i] && !is_moved[i])
                continue;
            is_moved[i] = true; /* it was picked to begin with */
            r = follow_row(&idling, i, &picked[i]);
            again = again || r == 1;
        }
        r = r < 0 ? r : 0;
    }
    free(is_moved);
    free(idling.before);
    return r;
}

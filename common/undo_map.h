/* SPDX-License-Identifier: MIT */
/* undo_map.h - which rows a write touched, by key, and how it left each: for finding out whether they are
 * still so. */
#ifndef OG_COMMON_UNDO_MAP_H
#define OG_COMMON_UNDO_MAP_H

#include "common/undo.h"

struct og_undo_map_entry {
    uint64_t hash;
    size_t at, n_bytes; /* the key, in the map's keys */
    size_t row;         /* the last change of it */
    size_t first_row;   /* the first one */
    uint32_t table;
    bool is_used;
    bool is_present;  /* the last change left a row there */
    bool was_present; /* there was one before the first change */
    bool is_idle;     /* all changes together left it as it was (og_undo_map_skip_idle) */
};

struct og_undo_map {
    struct og_undo_map_entry *entries; /* n_slots of them, many unused */
    size_t n_slots, n_used;
    struct og_buf keys;
};

void og_undo_map_init(struct og_undo_map *map);
void og_undo_map_release(struct og_undo_map *map);
/* Notes that a change left a row under the key (is_present), or none: of a change that moves a row, the
 * key before comes first. key: one value per column, those of the key are read.
 * Returns false without memory. */
OG_MUST bool og_undo_map_note(struct og_undo_map *map, uint32_t table,
                              const struct og_undo_table *shape, const struct og_undo_value *key,
                              size_t row, bool is_present);
/* The key's values back, into the key columns of `key`; borrowed from the map. */
OG_MUST bool og_undo_map_key(const struct og_undo_map *map, const struct og_undo_map_entry *entry,
                             const struct og_undo_table *shape, struct og_undo_value *key);
/* All picked rows of a set (picked NULL: all). Returns: 0; -ENOMEM, OG_UNDO_E_BROKEN. */
OG_MUST int og_undo_map_fill(struct og_undo_map *map, const struct og_undo_set *set,
                             const bool *picked);
/* What a write changed and changed back (a trigger that caps a value, UPDATE ... SET a = a) neither has to be
 * as it was left nor is taken back: marks such entries of a filled map idle, and clears such rows in
 * `picked` (one per row of the set). Returns: 0; -ENOMEM, OG_UNDO_E_BROKEN. */
OG_MUST int og_undo_map_skip_idle(struct og_undo_map *map, const struct og_undo_set *set, bool *picked);

#endif

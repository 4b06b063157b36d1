/* SPDX-License-Identifier: MIT */
#include "driver/guard_undo_past.h"

#include <stdlib.h>
#include <string.h>

struct past_table {
    uint64_t oid, total;
    bool is_counted;
    struct og_undo_past_row *rows; /* sorted by key */
    size_t n_rows, max_rows;
};

struct og_undo_past {
    struct og_arena arena;
    uint64_t first_xid;
    bool is_lost;
    bool is_recounting; /* the counters may be higher than they were, for nothing */
    struct past_table *tables;
    size_t n_tables, max_tables;
};

struct og_undo_past *og_undo_past_new(uint64_t first_xid, size_t max_bytes)
{
    struct og_undo_past *past = calloc(1, sizeof(*past));

    if (!past)
        return NULL;
    past->first_xid = first_xid;
    og_arena_init(&past->arena, max_bytes);
    return past;
}

struct og_undo_past *og_undo_past_free(struct og_undo_past *past)
{
    if (past)
        og_arena_release(&past->arena);
    free(past);
    return NULL;
}

uint64_t og_undo_past_first(const struct og_undo_past *past)
{
    return past->first_xid;
}

void og_undo_past_lose(struct og_undo_past *past)
{
    past->is_lost = true;
}

void og_undo_past_recount(struct og_undo_past *past)
{
    past->is_recounting = true;
}

static struct past_table *find_table(const struct og_undo_past *past, uint64_t oid)
{
    for (size_t i = 0; i < past->n_tables; i++)
        if (past->tables[i].oid == oid)
            return &past->tables[i];
    return NULL;
}

static struct past_table *make_table(struct og_undo_past *past, uint64_t oid)
{
    struct past_table *table = find_table(past, oid);

    if (table)
        return table;
    table = og_arena_push(&past->arena, &past->tables, &past->n_tables, &past->max_tables,
                          sizeof(*table));
    if (table)
        table->oid = oid;
    else
        past->is_lost = true;
    return table;
}

bool og_undo_past_holds(const struct og_undo_past *past, uint64_t oid, uint64_t total)
{
    const struct past_table *table = find_table(past, oid);

    if (past->is_lost)
        return false;
    return past->is_recounting || (table && table->is_counted ? table->total == total : total == 0);
}

static int compare(const struct og_undo_past_row *row, const char *key, size_t n_key)
{
    int r = memcmp(row->key, key, row->n_key < n_key ? row->n_key : n_key);

    return r ? r : row->n_key < n_key ? -1 : row->n_key > n_key;
}

/* The row, or where it belongs. */
static size_t place_of(const struct past_table *table, const char *key, size_t n_key, bool *is_there)
{
    size_t low = 0, high = table->n_rows;

    *is_there = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(&table->rows[middle], key, n_key);

        if (order == 0) {
            *is_there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool og_undo_past_find(const struct og_undo_past *past, uint64_t oid, const char *key, size_t n_key,
                       struct og_undo_past_row *out)
{
    const struct past_table *table = find_table(past, oid);
    bool is_there = false;
    size_t at = table ? place_of(table, key, n_key, &is_there) : 0;

    if (is_there)
        *out = table->rows[at];
    return is_there;
}

const struct og_undo_past_row *og_undo_past_rows(const struct og_undo_past *past, uint64_t oid,
                                                 size_t *n)
{
    const struct past_table *table = find_table(past, oid);

    *n = table ? table->n_rows : 0;
    return table ? table->rows : NULL;
}

static const struct og_undo_value *copy_values(struct og_arena *arena,
                                               const struct og_undo_value *values, size_t n)
{
    struct og_undo_value *copy = values ? og_arena_array(arena, n, sizeof(*copy)) : NULL;

    for (size_t i = 0; copy && i < n; i++) {
        copy[i] = values[i];
        if (values[i].bytes)
            copy[i].bytes = og_arena_strndup(arena, values[i].bytes, values[i].n_bytes);
    }
    return copy;
}

void og_undo_past_set(struct og_undo_past *past, uint64_t oid, const char *key, size_t n_key,
                      const struct og_undo_value *values, size_t n_values)
{
    struct past_table *table = make_table(past, oid);
    bool is_there = false;
    size_t at;

    if (!table)
        return;
    at = place_of(table, key, n_key, &is_there);
    if (!is_there) {
        if (!og_arena_push(&past->arena, &table->rows, &table->n_rows, &table->max_rows,
                           sizeof(*table->rows))) {
            past->is_lost = true;
            return;
        }
        memmove(&table->rows[at + 1], &table->rows[at],
                (table->n_rows - 1 - at) * sizeof(*table->rows));
        table->rows[at] = (struct og_undo_past_row){
            .key = og_arena_strndup(&past->arena, key, n_key), .n_key = n_key};
    }
    table->rows[at].values = copy_values(&past->arena, values, n_values);
    past->is_lost = past->is_lost || og_arena_is_failed(&past->arena);
}

void og_undo_past_count(struct og_undo_past *past, uint64_t oid, uint64_t total)
{
    struct past_table *table = make_table(past, oid);

    if (!table)
        return;
    table->total = total;
    table->is_counted = true;
    past->is_recounting = false;
}

/* Rows are copied by address: a key or a value is never written over. Returns false without memory. */
static bool copy_rows(struct og_arena *arena, const struct past_table *from, struct past_table *to)
{
    to->rows = og_arena_array(arena, from->n_rows + 1, sizeof(*to->rows));
    if (!to->rows)
        return false;
    if (from->n_rows)
        memcpy(to->rows, from->rows, from->n_rows * sizeof(*to->rows));
    to->n_rows = from->n_rows;
    to->max_rows = from->n_rows + 1;
    return true;
}

struct og_undo_past *og_undo_past_copy(const struct og_undo_past *past)
{
    struct og_undo_past *copy = og_undo_past_new(past->first_xid, past->arena.max_bytes);
    bool is_good = copy != NULL;

    if (is_good)
        copy->is_lost = past->is_lost;
    for (size_t i = 0; is_good && i < past->n_tables; i++) {
        struct past_table *table = make_table(copy, past->tables[i].oid);

        is_good = table && copy_rows(&copy->arena, &past->tables[i], table);
    }
    return is_good ? copy : og_undo_past_free(copy);
}

void og_undo_past_go_back(struct og_undo_past *past, const struct og_undo_past *copy)
{
    past->is_lost = copy && copy->is_lost;
    past->is_recounting = true; /* the server goes on counting what was taken back */
    for (size_t i = 0; i < past->n_tables; i++) {
        const struct past_table *table = copy ? find_table(copy, past->tables[i].oid) : NULL;

        past->tables[i].n_rows = 0;
        if (table && !copy_rows(&past->arena, table, &past->tables[i]))
            past->is_lost = true;
    }
}

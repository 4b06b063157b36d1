/* SPDX-License-Identifier: MIT */
/* sqlite_use.c - the uses that a run finds, and whether a column stands beside a full key of its
 * own row, so that it tells nothing more about it. */
#include "common/sqlite_parts.h"

#include <string.h>

void og_sq_note_use(struct og_sq_run *run, uint32_t base, enum og_use use, bool is_beside)
{
    struct og_sq_use *added;
    struct og_sq_mark *mark =
        run->place == OG_SQ_LIVE ? og_arena_push(run->arena, &run->marks, &run->n_marks,
                                                 &run->max_marks, sizeof(*mark))
                                 : NULL;

    if (mark)
        *mark = (struct og_sq_mark){.program = run->program, .pc = run->pc, .base = base};
    for (size_t i = 0; i < run->n_uses; i++)
        if (run->uses[i].base == base && run->uses[i].use == use && !run->uses[i].equality &&
            run->uses[i].is_beside_full_key == is_beside)
            return;
    added =
        og_arena_push(run->arena, &run->uses, &run->n_uses, &run->max_uses, sizeof(*added));
    if (added)
        *added = (struct og_sq_use){.base = base, .use = use, .is_beside_full_key = is_beside};
}

/* The i-th collation of "k(2,B,-NOCASE)": whether values that are alike by it are the same bytes.
 * B is BINARY, and what has none is compared so too. */
static bool is_binary(const char *collations, size_t i)
{
    const char *at = collations && strncmp(collations, "k(", 2) == 0 ? strchr(collations, ',') : NULL;

    for (; at && i > 0; i--)
        at = strchr(at + 1, ',');
    if (!at)
        return false;
    at++;
    if (*at == '-')
        at++;
    if (strncmp(at, "N.", 2) == 0)
        at += 2;
    return *at == ',' || *at == ')' || (*at == 'B' && (at[1] == ',' || at[1] == ')'));
}

/* Whether the value is one column of that very row, copied. */
static bool is_key_part(struct og_sq_run *run, uint32_t value, const struct og_sq_base *row,
                        int column)
{
    const struct og_sq_value *v = &run->values.values[value];
    const struct og_sq_base *base;

    if (v->n_items || v->n_sources != 1 || (v->sources[0] & 1))
        return false;
    base = &run->bases[v->sources[0] / 2];
    return base->program == row->program && base->cursor == row->cursor &&
           base->table == row->table && base->column == column;
}

/* A row's number is compared as a number by any collation. */
static bool has_key_part(struct og_sq_run *run, const struct og_sq_keys *keys,
                         const struct og_sq_base *row, int column, bool is_number)
{
    for (size_t i = 0; i < keys->n; i++)
        if (is_key_part(run, keys->values[i], row, column) &&
            (is_number || is_binary(keys->collations, i)))
            return true;
    return false;
}

bool og_sq_is_beside_key(struct og_sq_run *run, const struct og_sq_keys *keys,
                         const struct og_sq_base *base)
{
    const struct og_sq_table *table = &run->schema->tables[base->table];

    if (run->has_dup || base->program != 0)
        return false;
    if (!table->is_without_rowid && has_key_part(run, keys, base, table->rowid_alias, true))
        return true;
    for (size_t k = 0; k < table->n_constraints; k++) {
        bool has_all = table->constraints[k].is_key;

        for (size_t c = 0; has_all && c < table->n_columns; c++)
            has_all = !table->constraints[k].has_column[c] ||
                      has_key_part(run, keys, base, (int)c, false);
        if (has_all)
            return true;
    }
    return false;
}

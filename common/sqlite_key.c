/* SPDX-License-Identifier: MIT */
/* sqlite_key.c - values that are compared with the rows of a cursor, and rows that are kept in an
 * order: where keys shape something. */
#include "common/sqlite_parts.h"

#include <stdlib.h>
#include <string.h>

void og_sq_use_value(struct og_sq_run *run, uint32_t value, enum og_use use)
{
    const struct og_sq_keys one = {.values = &value, .n = 1};

    og_sq_use_keys(run, &one, use, false);
}

void og_sq_use_keys(struct og_sq_run *run, const struct og_sq_keys *keys, enum og_use use,
                    bool may_be_beside_key)
{
    if (!run->is_final)
        return;
    for (size_t i = 0; i < keys->n; i++) {
        uint32_t flat = og_sq_value_flat(&run->values, keys->values[i]);

        for (size_t k = 0; k < run->values.values[flat].n_sources; k++) {
            uint32_t base = run->values.values[flat].sources[k] / 2;

            og_sq_note_use(run, base, use,
                           may_be_beside_key &&
                               og_sq_is_beside_key(run, keys, &run->bases[base]));
        }
    }
}

/* Keys that order rows, one after the other: what stands behind a full key of its own row orders
 * nothing any more, because rows that are alike up to there are that same row. */
static void use_ordered(struct og_sq_run *run, int cursor, const struct og_sq_keys *keys)
{
    struct og_sq_keys before = *keys;

    for (before.n = 0; before.n < keys->n; before.n++) {
        uint32_t flat = og_sq_value_flat(&run->values, keys->values[before.n]);

        for (size_t k = 0; k < run->values.values[flat].n_sources; k++) {
            uint32_t base = run->values.values[flat].sources[k] / 2;

            if (!og_sq_is_beside_key(run, &before, &run->bases[base]) &&
                !og_sq_is_order_hidden(run, cursor, base, SIZE_MAX))
                og_sq_note_use(run, base, OG_USE_ORDER, false);
        }
    }
}

void og_sq_use_range(struct og_sq_run *run, int first, int n, enum og_use use)
{
    for (int i = 0; i < n; i++)
        og_sq_use_value(run, og_sq_get(run, first + i), use);
}

/* Of a key range: so many registers, or the fields of one record when n is 0. */
static uint32_t key_part(struct og_sq_run *run, const struct og_sq_op *op, int n, int i)
{
    return n == 0 ? og_sq_get(run, op->p3) : og_sq_get(run, op->p3 + i);
}

int og_sq_count_of(const char *p4)
{
    int n = atoi(p4);

    return n > 0 && n < 10000 ? n : 0;
}

/* Whether both values are nothing but the same column of the same table: a row looked up by the
 * key that was just read from it. */
static bool is_own_column(struct og_sq_run *run, uint32_t a, uint32_t b)
{
    const struct og_sq_value *x = &run->values.values[a];
    const struct og_sq_value *y = &run->values.values[b];
    const struct og_sq_base *p, *q;

    if (x->n_items || y->n_items || x->n_sources != 1 || y->n_sources != 1 ||
        (x->sources[0] & 1) || (y->sources[0] & 1))
        return false;
    p = &run->bases[x->sources[0] / 2];
    q = &run->bases[y->sources[0] / 2];
    return p->table == q->table && p->column == q->column;
}

static bool is_across(struct og_sq_run *run, uint32_t a, uint32_t b)
{
    const struct og_sq_value *x = &run->values.values[og_sq_value_flat(&run->values, a)];
    const struct og_sq_value *y = &run->values.values[og_sq_value_flat(&run->values, b)];

    return x->n_sources && y->n_sources &&
           run->bases[x->sources[0] / 2].table != run->bases[y->sources[0] / 2].table;
}

void og_sq_use_pair(struct og_sq_run *run, uint32_t a, uint32_t b, enum og_use use)
{
    if (!run->is_final)
        return;
    if (use == OG_USE_FILTER && is_across(run, a, b))
        use = OG_USE_JOIN;
    og_sq_use_value(run, a, use);
    og_sq_use_value(run, b, use);
}

/* Whether one side is a column as its row has it, and the other comes from no row. */
static bool is_equality(struct og_sq_run *run, const struct og_sq_op *op, uint32_t a, uint32_t b,
                        uint32_t *base)
{
    const struct og_sq_value *v = &run->values.values[a ? a : b];

    if (!run->is_final || run->place == OG_SQ_LIVE || (a && b) || (!a && !b) ||
        (strcmp(op->name, "Eq") != 0 && strcmp(op->name, "Ne") != 0))
        return false;
    if (v->n_items || v->n_sources != 1 || (v->sources[0] & 1))
        return false;
    *base = v->sources[0] / 2;
    return true;
}

void og_sq_compare_jump(struct og_sq_run *run, const struct og_sq_op *op)
{
    uint32_t a = og_sq_get(run, op->p1), b = og_sq_get(run, op->p3), base = 0;
    size_t place = 1 + (run->program << 24) + run->pc;
    struct og_sq_use *added;

    if (run->is_measuring || !is_equality(run, op, a, b, &base)) {
        og_sq_use_pair(run, a, b, OG_USE_FILTER);
        return;
    }
    for (size_t i = 0; i < run->n_uses; i++)
        if (run->uses[i].base == base && run->uses[i].equality == place)
            return;
    added =
        og_arena_push(run->arena, &run->uses, &run->n_uses, &run->max_uses, sizeof(*added));
    if (added)
        *added = (struct og_sq_use){.base = base, .use = OG_USE_FILTER, .equality = place};
}

bool og_sq_is_table_cursor(struct og_sq_run *run, int number)
{
    struct og_sq_cursor *cursor = run->is_measuring ? NULL : og_sq_cursor(run, number);

    return cursor && (cursor->kinds & OG_SQ_CURSOR_TABLE);
}

bool og_sq_is_index_cursor(struct og_sq_run *run, int number)
{
    struct og_sq_cursor *cursor = run->is_measuring ? NULL : og_sq_cursor(run, number);

    return cursor && (cursor->kinds & OG_SQ_CURSOR_INDEX);
}

/* Registers compared with the leading columns of a cursor. */
void og_sq_use_key(struct og_sq_run *run, const struct og_sq_op *op, int n, enum og_use use)
{
    if (run->is_measuring) {
        for (int i = 0; i < (n ? n : 1); i++)
            (void)og_sq_get(run, op->p3 + i);
        return;
    }
    if (n == 0) {
        uint32_t record = og_sq_get(run, op->p3);

        og_sq_use_value(run, record, use);
        og_sq_use_value(run, og_sq_value_flat(&run->values, og_sq_cursor_row(run, op->p1)), use);
        return;
    }
    for (int i = 0; i < n; i++) {
        uint32_t wanted = key_part(run, op, n, i);
        uint32_t kept = og_sq_cursor_column(run, op->p1, i);

        if (og_sq_is_table_cursor(run, op->p1) && is_own_column(run, wanted, kept))
            continue;
        og_sq_use_pair(run, wanted, kept, use);
    }
}

static void use_distinct_key(struct og_sq_run *run, const struct og_sq_op *op, int n)
{
    uint32_t *keys;

    if (run->is_measuring || !run->is_final || n == 0) {
        og_sq_use_key(run, op, n, OG_USE_DISTINCT);
        return;
    }
    keys = og_arena_array(run->arena, (size_t)n, sizeof(*keys));
    for (int i = 0; keys && i < n; i++)
        keys[i] = og_sq_get(run, op->p3 + i);
    if (keys)
        og_sq_use_keys(run,
                       &(struct og_sq_keys){.values = keys,
                                            .n = (size_t)n,
                                            .collations = og_sq_cursor(run, op->p1)->collations},
                       OG_USE_DISTINCT, true);
}

/* Whether the statement ends where the key is there already. */
static bool is_failing_next(const struct og_sq_run *run)
{
    const struct og_sq_program *program = &run->programs[run->program];

    for (size_t i = run->pc + 1; i < program->n_ops && i < run->pc + 6; i++) {
        if (strcmp(program->ops[i].name, "Halt") == 0)
            return true;
        if (program->ops[i].flow == OG_SQ_GOTO || program->ops[i].flow == OG_SQ_RETURN)
            return false;
    }
    return false;
}

void og_sq_find(struct og_sq_run *run, const struct og_sq_op *op)
{
    struct og_sq_cursor *cursor = run->is_measuring ? NULL : og_sq_cursor(run, op->p1);
    int n = og_sq_count_of(op->p4);

    if (strcmp(op->name, "NoConflict") == 0 && cursor && (cursor->kinds & OG_SQ_CURSOR_INDEX) &&
        is_failing_next(run))
        ; /* the row is not taken: what store_constraints tells */
    else if (strcmp(op->name, "NoConflict") == 0)
        og_sq_use_key(run, op, n, OG_USE_CONFLICT);
    else if (cursor && cursor->is_distinct && !cursor->is_walked && !cursor->is_sorted &&
             !(cursor->kinds & OG_SQ_CURSOR_TABLE))
        use_distinct_key(run, op, n);
    else
        og_sq_use_key(run, op, n, OG_USE_FILTER);
}

void og_sq_seek(struct og_sq_run *run, const struct og_sq_op *op)
{
    struct og_sq_cursor *cursor = run->is_measuring ? NULL : og_sq_cursor(run, op->p1);
    int n = og_sq_count_of(op->p4);

    if (n == 0 && cursor) {
        uint32_t wanted = og_sq_get(run, op->p3);
        uint32_t key = og_sq_cursor_key(run, op->p1);

        if (!is_own_column(run, wanted, key))
            og_sq_use_pair(run, wanted, key, OG_USE_FILTER);
        return;
    }
    og_sq_use_key(run, op, n, OG_USE_FILTER);
}

void og_sq_seek_rowid(struct og_sq_run *run, const struct og_sq_op *op)
{
    uint32_t wanted = og_sq_get(run, op->p3);
    uint32_t key;

    if (run->is_measuring)
        return;
    key = og_sq_cursor_key(run, op->p1);
    if (is_own_column(run, wanted, key))
        return;
    og_sq_use_pair(run, wanted, key, OG_USE_FILTER);
}

static enum og_use key_use(const struct og_sq_cursor *cursor)
{
    if (cursor->is_sorter || cursor->is_sorted)
        return OG_USE_ORDER;
    if (cursor->is_distinct)
        return cursor->is_walked ? OG_USE_SET_OP : OG_USE_DISTINCT;
    return cursor->is_walked ? OG_USE_SET_OP : OG_USE_FILTER;
}

/* A row added to a sorter or an ephemeral index: its leading fields order or identify it. */
void og_sq_keep_row(struct og_sq_run *run, int number, uint32_t row)
{
    struct og_sq_cursor *cursor = og_sq_cursor(run, number);
    struct og_sq_keys parts;
    enum og_use use;
    uint32_t *keys;
    size_t n;

    if (!cursor)
        return;
    og_sq_cursor_add(run, number, row, 0);
    if (!run->is_final || cursor->n_keys <= 0)
        return;
    use = key_use(cursor);
    n = (size_t)cursor->n_keys;
    keys = og_arena_array(run->arena, n, sizeof(*keys));
    if (!keys)
        return;
    for (size_t i = 0; i < n; i++)
        keys[i] = og_sq_value_item(&run->values, row, i);
    parts = (struct og_sq_keys){.values = keys, .n = n, .collations = cursor->collations};
    if (use == OG_USE_ORDER)
        use_ordered(run, number, &parts);
    else
        og_sq_use_keys(run, &parts, use, use == OG_USE_DISTINCT);
}

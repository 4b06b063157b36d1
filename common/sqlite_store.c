/* SPDX-License-Identifier: MIT */
/* sqlite_store.c - writing rows: values that go to another column, and constraints that tell whether
 * a value was taken. */
#include "common/sqlite_parts.h"


static bool is_unchanged(struct og_sq_run *run, uint32_t item, size_t table, int column)
{
    const struct og_sq_value *v = &run->values.values[item];

    if (v->n_items || v->n_sources != 1 || (v->sources[0] & 1))
        return false;
    return run->bases[v->sources[0] / 2].table == table &&
           run->bases[v->sources[0] / 2].column == column;
}

void og_sq_use_unless_copied(struct og_sq_run *run, uint32_t value, enum og_use use)
{
    uint32_t flat = og_sq_value_flat(&run->values, value);

    for (size_t k = 0; run->is_final && k < run->values.values[flat].n_sources; k++)
        if (run->values.values[flat].sources[k] & 1)
            og_sq_note_use(run, run->values.values[flat].sources[k] / 2, use, false);
}

/* A column that shows another one's values takes its class over. */
static bool is_inherited(const struct og_sq_run *run, size_t table, int column,
                         const struct og_sq_base *base)
{
    const struct og_sq_column *into =
        column >= 0 ? &run->schema->tables[table].columns[column] : NULL;

    for (size_t i = 0; into && i < into->n_inherits; i++)
        if (into->inherits[i].table == base->table && into->inherits[i].column == base->column)
            return true;
    return false;
}

void og_sq_store_column(struct og_sq_run *run, size_t table, int column, uint32_t item)
{
    uint32_t flat = og_sq_value_flat(&run->values, item);

    for (size_t k = 0; k < run->values.values[flat].n_sources; k++) {
        uint32_t base = run->values.values[flat].sources[k] / 2;

        if (is_inherited(run, table, column, &run->bases[base]))
            og_facts_write(run->facts, og_sq_fact_column(run->schema, run->bases[base].table,
                                                         run->bases[base].column, run->facts));
        else if (run->bases[base].table != table || run->bases[base].column != column)
            og_sq_note_use(run, base, OG_USE_STORE, false);
    }
}

/* A constraint over a changed column tells whether the columns' values meet it. */
static void store_constraints(struct og_sq_run *run, size_t index, const uint32_t *items,
                              bool is_update)
{
    const struct og_sq_table *table = &run->schema->tables[index];

    for (size_t k = 0; k < table->n_constraints; k++) {
        const struct og_sq_constraint *constraint = &table->constraints[k];
        bool is_touched = false;

        for (size_t c = 0; c < table->n_columns; c++)
            if (constraint->has_column[c] &&
                (!is_update || !is_unchanged(run, items[c], index, (int)c)))
                is_touched = true;
        for (size_t c = 0; is_touched && c < table->n_columns; c++)
            if (constraint->has_column[c] && constraint->is_not_null)
                og_sq_use_unless_copied(run, items[c], OG_USE_FALLIBLE);
            else if (constraint->has_column[c])
                og_sq_use_value(run, items[c],
                                constraint->is_unique ? OG_USE_CONFLICT : OG_USE_FALLIBLE);
    }
}

static void store_row(struct og_sq_run *run, size_t index, uint32_t row, uint32_t key,
                      bool is_update)
{
    const struct og_sq_table *table = &run->schema->tables[index];
    uint32_t *items = og_arena_array(run->arena, table->n_columns, sizeof(*items));

    if (!items)
        return;
    for (size_t i = 0; i < table->n_columns; i++) {
        size_t c = table->is_without_rowid && table->storage ? (size_t)table->storage[i] : i;

        if (c < table->n_columns)
            items[c] = og_sq_value_item(&run->values, row, i);
    }
    if (table->rowid_alias >= 0)
        items[table->rowid_alias] = key;
    else
        og_sq_store_column(run, index, -1, key);
    for (size_t c = 0; c < table->n_columns; c++)
        og_sq_store_column(run, index, (int)c, items[c]);
    store_constraints(run, index, items, is_update);
}

void og_sq_insert(struct og_sq_run *run, const struct og_sq_op *op, uint32_t row, uint32_t key,
                      bool is_update)
{
    struct og_sq_cursor *cursor;

    if (run->is_measuring)
        return;
    cursor = og_sq_cursor(run, op->p1);
    if (!cursor)
        return;
    if (cursor->kinds & OG_SQ_CURSOR_KEPT)
        og_sq_cursor_add(run, op->p1, row, key);
    if (!run->is_final)
        return;
    if (cursor->kinds & OG_SQ_CURSOR_NEW_TABLE) {
        og_sq_use_value(run, row, OG_USE_STORE);
        og_sq_use_value(run, key, OG_USE_STORE);
    }
    for (size_t i = 0; i < cursor->n_tables; i++)
        store_row(run, cursor->tables[i], row, key, is_update);
}

void og_sq_index_insert(struct og_sq_run *run, const struct og_sq_op *op)
{
    uint32_t row = og_sq_get(run, op->p2);
    struct og_sq_cursor *cursor;

    if (run->is_measuring)
        return;
    cursor = og_sq_cursor(run, op->p1);
    if (cursor && (cursor->kinds & OG_SQ_CURSOR_KEPT))
        og_sq_keep_row(run, op->p1, row);
    if (cursor && (cursor->kinds & (OG_SQ_CURSOR_TABLE | OG_SQ_CURSOR_NEW_TABLE)))
        og_sq_insert(run, op, row, 0, false);
}

/* The whole row of another cursor is copied as it is. */
void og_sq_row_cell(struct og_sq_run *run, const struct og_sq_op *op)
{
    uint32_t key = og_sq_get(run, op->p3);
    uint32_t row;

    if (run->is_measuring)
        return;
    row = og_sq_cursor_row(run, op->p2);
    og_sq_insert(run, op, row, key, false);
}

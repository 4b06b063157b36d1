/* SPDX-License-Identifier: MIT */
/* sqlite_step.c - what each operation does to the sources of values, and where a value shapes
 * something. Source: https://sqlite.org/opcode.html. */
#include "common/sqlite_parts.h"

#include <stdlib.h>
#include <string.h>

#define IS_UPDATE 0x04       /* P5 of Insert */

static struct og_sq_values *values_of(struct og_sq_run *run)
{
    return &run->values;
}

static void note_use(struct og_sq_run *run, uint32_t base, enum og_use use, bool is_beside)
{
    struct og_sq_use *added;

    for (size_t i = 0; i < run->n_uses; i++)
        if (run->uses[i].base == base && run->uses[i].use == use && !run->uses[i].equality &&
            run->uses[i].is_beside_full_key == is_beside)
            return;
    added =
        og_arena_push(run->arena, &run->uses, &run->n_uses, &run->max_uses, sizeof(*added));
    if (added)
        *added = (struct og_sq_use){.base = base, .use = use, .is_beside_full_key = is_beside};
}

void og_sq_use_value(struct og_sq_run *run, uint32_t value, enum og_use use)
{
    og_sq_use_keys(run, &value, 1, use, false);
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

static bool has_key_part(struct og_sq_run *run, const uint32_t *keys, size_t n_keys,
                         const struct og_sq_base *row, int column)
{
    for (size_t i = 0; i < n_keys; i++)
        if (is_key_part(run, keys[i], row, column))
            return true;
    return false;
}

/* Whether keys name the row that base is read from, so that base tells nothing more about it. */
static bool is_beside_key(struct og_sq_run *run, const uint32_t *keys, size_t n_keys,
                          const struct og_sq_base *base)
{
    const struct og_sq_table *table = &run->schema->tables[base->table];

    if (run->has_dup || base->program != 0)
        return false;
    if (!table->is_without_rowid)
        return has_key_part(run, keys, n_keys, base, table->rowid_alias);
    for (size_t c = 0; c < table->n_columns; c++)
        if (table->columns[c].key && !has_key_part(run, keys, n_keys, base, (int)c))
            return false;
    return true;
}

void og_sq_use_keys(struct og_sq_run *run, const uint32_t *keys, size_t n_keys, enum og_use use,
                    bool may_be_beside_key)
{
    if (!run->is_final)
        return;
    for (size_t i = 0; i < n_keys; i++) {
        uint32_t flat = og_sq_value_flat(&run->values, keys[i]);

        for (size_t k = 0; k < run->values.values[flat].n_sources; k++) {
            uint32_t base = run->values.values[flat].sources[k] / 2;

            note_use(run, base, use,
                     may_be_beside_key &&
                         is_beside_key(run, keys, n_keys, &run->bases[base]));
        }
    }
}

/* Keys that order rows, one after the other: what stands behind a full key of its own row orders
 * nothing any more, because rows that are alike up to there are that same row. */
static void use_ordered(struct og_sq_run *run, const uint32_t *keys, size_t n_keys)
{
    for (size_t i = 0; i < n_keys; i++) {
        uint32_t flat = og_sq_value_flat(&run->values, keys[i]);

        for (size_t k = 0; k < run->values.values[flat].n_sources; k++) {
            uint32_t base = run->values.values[flat].sources[k] / 2;

            if (!is_beside_key(run, keys, i, &run->bases[base]))
                note_use(run, base, OG_USE_ORDER, false);
        }
    }
}

static void use_range(struct og_sq_run *run, int first, int n, enum og_use use)
{
    for (int i = 0; i < n; i++)
        og_sq_use_value(run, og_sq_get(run, first + i), use);
}

/* Of a key range: so many registers, or the fields of one record when n is 0. */
static uint32_t key_part(struct og_sq_run *run, const struct og_sq_op *op, int n, int i)
{
    return n == 0 ? og_sq_get(run, op->p3) : og_sq_get(run, op->p3 + i);
}

static int count_of(const char *p4)
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

static void use_pair(struct og_sq_run *run, uint32_t a, uint32_t b, enum og_use use)
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

    if (!run->is_final || (a && b) || (!a && !b) ||
        (strcmp(op->name, "Eq") != 0 && strcmp(op->name, "Ne") != 0))
        return false;
    if (v->n_items || v->n_sources != 1 || (v->sources[0] & 1))
        return false;
    *base = v->sources[0] / 2;
    return true;
}

static void compare_jump(struct og_sq_run *run, const struct og_sq_op *op)
{
    uint32_t a = og_sq_get(run, op->p1), b = og_sq_get(run, op->p3), base = 0;
    size_t place = 1 + (run->program << 24) + run->pc;
    struct og_sq_use *added;

    if (run->is_measuring || !is_equality(run, op, a, b, &base)) {
        use_pair(run, a, b, OG_USE_FILTER);
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

static bool is_table_cursor(struct og_sq_run *run, int number)
{
    struct og_sq_cursor *cursor = run->is_measuring ? NULL : og_sq_cursor(run, number);

    return cursor && (cursor->kinds & OG_SQ_CURSOR_TABLE);
}

/* Registers compared with the leading columns of a cursor. */
static void use_key(struct og_sq_run *run, const struct og_sq_op *op, int n, enum og_use use)
{
    if (run->is_measuring) {
        for (int i = 0; i < (n ? n : 1); i++)
            (void)og_sq_get(run, op->p3 + i);
        return;
    }
    if (n == 0) {
        uint32_t record = og_sq_get(run, op->p3);

        og_sq_use_value(run, record, use);
        og_sq_use_value(run, og_sq_value_flat(values_of(run), og_sq_cursor_row(run, op->p1)), use);
        return;
    }
    for (int i = 0; i < n; i++) {
        uint32_t wanted = key_part(run, op, n, i);
        uint32_t kept = og_sq_cursor_column(run, op->p1, i);

        if (is_table_cursor(run, op->p1) && is_own_column(run, wanted, kept))
            continue;
        use_pair(run, wanted, kept, use);
    }
}

static void use_distinct_key(struct og_sq_run *run, const struct og_sq_op *op, int n)
{
    uint32_t *keys;

    if (run->is_measuring || !run->is_final || n == 0) {
        use_key(run, op, n, OG_USE_DISTINCT);
        return;
    }
    keys = og_arena_array(run->arena, (size_t)n, sizeof(*keys));
    for (int i = 0; keys && i < n; i++)
        keys[i] = og_sq_get(run, op->p3 + i);
    if (keys)
        og_sq_use_keys(run, keys, (size_t)n, OG_USE_DISTINCT, true);
}

static void do_find(struct og_sq_run *run, const struct og_sq_op *op)
{
    struct og_sq_cursor *cursor = run->is_measuring ? NULL : og_sq_cursor(run, op->p1);
    int n = count_of(op->p4);

    if (strcmp(op->name, "NoConflict") == 0)
        use_key(run, op, n, OG_USE_CONFLICT);
    else if (cursor && cursor->is_distinct && !cursor->is_walked && !cursor->is_sorted &&
             !(cursor->kinds & OG_SQ_CURSOR_TABLE))
        use_distinct_key(run, op, n);
    else
        use_key(run, op, n, OG_USE_FILTER);
}

static void do_seek(struct og_sq_run *run, const struct og_sq_op *op)
{
    struct og_sq_cursor *cursor = run->is_measuring ? NULL : og_sq_cursor(run, op->p1);
    int n = count_of(op->p4);

    if (n == 0 && cursor) {
        uint32_t wanted = og_sq_get(run, op->p3);
        uint32_t key = og_sq_cursor_key(run, op->p1);

        if (!is_own_column(run, wanted, key))
            use_pair(run, wanted, key, OG_USE_FILTER);
        return;
    }
    use_key(run, op, n, OG_USE_FILTER);
}

static void do_seek_rowid(struct og_sq_run *run, const struct og_sq_op *op)
{
    uint32_t wanted = og_sq_get(run, op->p3);
    uint32_t key;

    if (run->is_measuring)
        return;
    key = og_sq_cursor_key(run, op->p1);
    if (is_own_column(run, wanted, key))
        return;
    use_pair(run, wanted, key, OG_USE_FILTER);
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
static void keep_row(struct og_sq_run *run, int number, uint32_t row)
{
    struct og_sq_cursor *cursor = og_sq_cursor(run, number);
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
        keys[i] = og_sq_value_item(values_of(run), row, i);
    if (use == OG_USE_ORDER)
        use_ordered(run, keys, n);
    else
        og_sq_use_keys(run, keys, n, use, use == OG_USE_DISTINCT);
}

static bool is_unchanged(struct og_sq_run *run, uint32_t item, size_t table, int column)
{
    const struct og_sq_value *v = &run->values.values[item];

    if (v->n_items || v->n_sources != 1 || (v->sources[0] & 1))
        return false;
    return run->bases[v->sources[0] / 2].table == table &&
           run->bases[v->sources[0] / 2].column == column;
}

static void use_unless_copied(struct og_sq_run *run, uint32_t value, enum og_use use)
{
    uint32_t flat = og_sq_value_flat(values_of(run), value);

    for (size_t k = 0; run->is_final && k < run->values.values[flat].n_sources; k++)
        if (run->values.values[flat].sources[k] & 1)
            note_use(run, run->values.values[flat].sources[k] / 2, use, false);
}

static void store_column(struct og_sq_run *run, size_t table, int column, uint32_t item)
{
    uint32_t flat = og_sq_value_flat(values_of(run), item);

    for (size_t k = 0; k < run->values.values[flat].n_sources; k++) {
        uint32_t base = run->values.values[flat].sources[k] / 2;

        if (run->bases[base].table != table || run->bases[base].column != column)
            note_use(run, base, OG_USE_STORE, false);
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
                use_unless_copied(run, items[c], OG_USE_FALLIBLE);
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
            items[c] = og_sq_value_item(values_of(run), row, i);
    }
    if (table->rowid_alias >= 0)
        items[table->rowid_alias] = key;
    else
        store_column(run, index, -1, key);
    for (size_t c = 0; c < table->n_columns; c++)
        store_column(run, index, (int)c, items[c]);
    store_constraints(run, index, items, is_update);
}

static void do_insert(struct og_sq_run *run, const struct og_sq_op *op, uint32_t row, uint32_t key,
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

static void do_index_insert(struct og_sq_run *run, const struct og_sq_op *op)
{
    uint32_t row = og_sq_get(run, op->p2);
    struct og_sq_cursor *cursor;

    if (run->is_measuring)
        return;
    cursor = og_sq_cursor(run, op->p1);
    if (cursor && (cursor->kinds & OG_SQ_CURSOR_KEPT))
        keep_row(run, op->p1, row);
    if (cursor && (cursor->kinds & (OG_SQ_CURSOR_TABLE | OG_SQ_CURSOR_NEW_TABLE)))
        do_insert(run, op, row, 0, false);
}

/* The whole row of another cursor is copied as it is. */
static void do_row_cell(struct og_sq_run *run, const struct og_sq_op *op)
{
    uint32_t key = og_sq_get(run, op->p3);
    uint32_t row;

    if (run->is_measuring)
        return;
    row = og_sq_cursor_row(run, op->p2);
    do_insert(run, op, row, key, false);
}

static void do_record(struct og_sq_run *run, const struct og_sq_op *op)
{
    uint32_t *items;

    if (run->is_measuring) {
        for (int i = 0; i < op->p2; i++)
            (void)og_sq_get(run, op->p1 + i);
        og_sq_set(run, op->p3, 0);
        return;
    }
    items = op->p2 < 0 ? NULL : malloc(((size_t)op->p2 + 1) * sizeof(*items));
    if (!items) {
        run->arena->is_failed = true;
        return;
    }
    for (int i = 0; i < op->p2; i++)
        items[i] = og_sq_get(run, op->p1 + i);
    og_sq_set(run, op->p3, og_sq_value_record(values_of(run), items, (size_t)op->p2));
    free(items);
}

/* "[2,0]" -> the i-th number; -1 when it is not there. */
static int permuted(const char *p4, int i)
{
    if (*p4++ != '[')
        return -1;
    for (; i > 0; i--) {
        p4 = strchr(p4, ',');
        if (!p4)
            return -1;
        p4++;
    }
    return *p4 >= '0' && *p4 <= '9' ? atoi(p4) : -1;
}

static void do_compare(struct og_sq_run *run, const struct og_sq_op *op)
{
    const struct og_sq_program *program = &run->programs[run->program];
    const char *order = NULL;
    uint32_t *keys;

    if ((op->p5 & 1) && run->pc > 0 &&
        strcmp(program->ops[run->pc - 1].name, "Permutation") == 0)
        order = program->ops[run->pc - 1].p4;
    if ((op->p5 & 1) && !order)
        og_facts_refuse(run->facts, SIZE_MAX, "a program of this engine that is not understood",
                        NULL);
    keys = op->p3 < 0 ? NULL : og_arena_array(run->arena, (size_t)op->p3, sizeof(*keys));
    for (int side = 0; keys && side < 2; side++) {
        for (int i = 0; i < op->p3; i++) {
            int at = order ? permuted(order, i) : i;

            if (at < 0) {
                og_facts_refuse(run->facts, SIZE_MAX,
                                "a program of this engine that is not understood", NULL);
                return;
            }
            keys[i] = og_sq_get(run, (side ? op->p2 : op->p1) + at);
        }
        if (!run->is_measuring)
            og_sq_use_keys(run, keys, (size_t)op->p3,
                           run->has_dup ? OG_USE_WINDOW
                           : order      ? OG_USE_ORDER
                                        : OG_USE_GROUP,
                           !order);
    }
}

/* "name(2)" -> 2; less than 0 when it is not fixed. */
static int argument_count(const char *p4)
{
    const char *open = strrchr(p4, '(');

    return open ? atoi(open + 1) : -1;
}

static void do_function(struct og_sq_run *run, const struct og_sq_op *op)
{
    const char *open = strrchr(op->p4, '(');
    int n = argument_count(op->p4);
    enum og_sq_function kind = OG_SQ_FUNCTION_UNKNOWN;
    uint32_t value = 0;
    char name[128];

    if (!open || n < 0 || n > 127) {
        og_facts_refusef(run->facts, SIZE_MAX, "give it fewer arguments",
                         "a call of %.*s with more arguments than are known here",
                         open ? (int)(open - op->p4) : 1, op->p4);
        return;
    }
    if ((size_t)(open - op->p4) < sizeof(name)) {
        memcpy(name, op->p4, (size_t)(open - op->p4));
        name[open - op->p4] = '\0';
        kind = og_sq_function_kind(name);
    }
    for (int i = 0; i < n; i++)
        value = og_sq_value_union(values_of(run), value, og_sq_get(run, op->p2 + i));
    if (!run->is_measuring && (kind == OG_SQ_FUNCTION_FALLIBLE || kind == OG_SQ_FUNCTION_UNKNOWN))
        og_sq_use_value(run, value, OG_USE_FALLIBLE);
    if (!run->is_measuring && kind == OG_SQ_FUNCTION_TEST)
        og_sq_use_value(run, value, OG_USE_CONDITION);
    if (kind == OG_SQ_FUNCTION_GROW)
        run->has_growth = true;
    og_sq_set(run, op->p3, run->is_measuring ? 0 : og_sq_value_derive(values_of(run), value));
}

static void do_agg_step(struct og_sq_run *run, const struct og_sq_op *op)
{
    uint32_t value = og_sq_get(run, op->p3);

    for (int i = 0; i < op->p5; i++) {
        uint32_t argument = og_sq_get(run, op->p2 + i);

        if (!run->is_measuring)
            og_sq_use_value(run, argument, OG_USE_AGGREGATE);
        value = og_sq_value_union(values_of(run), value, argument);
    }
    og_sq_set(run, op->p3, og_sq_value_derive(values_of(run), value));
}

static void do_result(struct og_sq_run *run, const struct og_sq_op *op)
{
    for (int i = 0; i < op->p2; i++) {
        uint32_t value = og_sq_get(run, op->p1 + i);

        if (!run->is_measuring && (size_t)i < run->n_results)
            run->results[i] = og_sq_value_union(values_of(run), run->results[i],
                                                og_sq_value_flat(values_of(run), value));
    }
    if (!run->is_measuring && (size_t)op->p2 != run->n_results && run->program == 0)
        og_facts_refuse(run->facts, SIZE_MAX, "a program of this engine that is not understood",
                        NULL);
}

/* Param: a register of whichever frame called. */
static void do_param(struct og_sq_run *run, const struct og_sq_op *op)
{
    uint32_t value = 0;

    if (run->is_measuring) {
        og_sq_set(run, op->p2, 0);
        return;
    }
    for (size_t k = 0; k < run->n_programs; k++) {
        const struct og_sq_program *program = &run->programs[k];

        for (size_t i = 0; i < program->n_ops; i++) {
            size_t called = program->call_programs[i];
            long at = (long)program->ops[i].p1 + op->p1;

            if (called == 0 || (called != SIZE_MAX && called != run->program) ||
                !program->states[i])
                continue;
            if (at < 0 || (size_t)at >= program->n_registers)
                continue; /* never written there: no source */
            value = og_sq_value_union(values_of(run), value, program->states[i][at]);
        }
    }
    og_sq_set(run, op->p2, value);
}

static void do_vfilter(struct og_sq_run *run, const struct og_sq_op *op)
{
    const struct og_sq_program *program = &run->programs[run->program];
    uint32_t value = 0;
    int n = -1;

    for (size_t i = run->pc; i-- > 0 && n < 0;)
        if (strcmp(program->ops[i].name, "Integer") == 0 && program->ops[i].p2 == op->p3 + 1)
            n = program->ops[i].p1;
    if (n < 0 || n > 1000) {
        og_facts_refuse(run->facts, SIZE_MAX, "a program of this engine that is not understood",
                        NULL);
        return;
    }
    for (int i = 0; i < n; i++)
        value = og_sq_value_union(values_of(run), value, og_sq_get(run, op->p3 + 2 + i));
    if (run->is_measuring)
        return;
    og_sq_use_value(run, value, OG_USE_ROW_COUNT);
    og_sq_use_value(run, value, OG_USE_FALLIBLE);
    og_sq_cursor_add(run, op->p1, og_sq_value_derive(values_of(run), value), 0);
}

static void do_filter(struct og_sq_run *run, const struct og_sq_op *op)
{
    use_range(run, op->p3, count_of(op->p4), OG_USE_JOIN);
}

static void do_sorter_compare(struct og_sq_run *run, const struct og_sq_op *op)
{
    uint32_t record = og_sq_get(run, op->p3);

    if (run->is_measuring)
        return;
    for (int i = 0; i < count_of(op->p4); i++)
        use_pair(run, og_sq_value_item(values_of(run), record, (size_t)i),
                 og_sq_cursor_column(run, op->p1, i), OG_USE_FALLIBLE);
}

static void do_copy(struct og_sq_run *run, const struct og_sq_op *op, int n, bool is_move)
{
    for (int i = 0; i < n; i++) {
        og_sq_set(run, op->p2 + i, og_sq_get(run, op->p1 + i));
        if (is_move)
            og_sq_set(run, op->p1 + i, 0);
    }
}

static void use_both(struct og_sq_run *run, const struct og_sq_op *op, enum og_use use)
{
    og_sq_use_value(run, og_sq_get(run, op->p1), use);
    og_sq_use_value(run, og_sq_get(run, op->p2), use);
}

static void do_index_compare(struct og_sq_run *run, const struct og_sq_op *op)
{
    struct og_sq_cursor *cursor = run->is_measuring ? NULL : og_sq_cursor(run, op->p1);

    use_key(run, op, count_of(op->p4),
            cursor && cursor->is_sorted ? OG_USE_ORDER : OG_USE_FILTER);
}

static void do_index_delete(struct og_sq_run *run, const struct og_sq_op *op)
{
    for (int i = 0; i < op->p3; i++) {
        uint32_t value = og_sq_get(run, op->p2 + i);

        if (!run->is_measuring && !is_table_cursor(run, op->p1))
            use_pair(run, value, og_sq_cursor_column(run, op->p1, i), OG_USE_SET_OP);
    }
}

/* Operations on values alone. Returns: whether it was one. */
static bool step_values(struct og_sq_run *run, const struct og_sq_op *op)
{
    struct og_sq_values *values = values_of(run);

    switch (op->handler) {
    case OG_SQ_DO_CLEAR_P1:
        og_sq_set(run, op->p1, 0);
        return true;
    case OG_SQ_DO_CLEAR_P2:
        og_sq_set(run, op->p2, 0);
        return true;
    case OG_SQ_DO_CLEAR_P3:
        og_sq_set(run, op->p3, 0);
        return true;
    case OG_SQ_DO_NULL_RANGE:
        for (int i = op->p2; i <= (op->p3 > op->p2 ? op->p3 : op->p2); i++)
            og_sq_set(run, i, 0);
        return true;
    case OG_SQ_DO_MOVE:
        do_copy(run, op, op->p3, true);
        return true;
    case OG_SQ_DO_COPY:
        do_copy(run, op, op->p3 + 1, false);
        return true;
    case OG_SQ_DO_COPY_ONE:
        do_copy(run, op, 1, false);
        return true;
    case OG_SQ_DO_DIVIDE:
    case OG_SQ_DO_CONCAT:
    case OG_SQ_DO_LOGIC:
        if (op->handler == OG_SQ_DO_LOGIC)
            use_both(run, op, OG_USE_CONDITION);
        else if (op->handler == OG_SQ_DO_DIVIDE)
            og_sq_use_value(run, og_sq_get(run, op->p1), OG_USE_FALLIBLE);
        else if (run->has_growth)
            use_both(run, op, OG_USE_FALLIBLE);
        /* fall through */
    case OG_SQ_DO_BINARY:
        og_sq_set(run, op->p3,
                  og_sq_value_derive(values, og_sq_value_union(values, og_sq_get(run, op->p1),
                                                               og_sq_get(run, op->p2))));
        return true;
    case OG_SQ_DO_UNARY:
        og_sq_set(run, op->p2, og_sq_value_derive(values, og_sq_get(run, op->p1)));
        return true;
    case OG_SQ_DO_ZERO_OR_NULL:
        og_sq_set(run, op->p2,
                  og_sq_value_derive(values, og_sq_value_union(values, og_sq_get(run, op->p1),
                                                               og_sq_get(run, op->p3))));
        return true;
    case OG_SQ_DO_DERIVE_P1:
    case OG_SQ_DO_CAST:
        og_sq_set(run, op->p1, og_sq_value_derive(values, og_sq_get(run, op->p1)));
        return true;
    case OG_SQ_DO_RECORD:
        do_record(run, op);
        return true;
    case OG_SQ_DO_FUNCTION:
        do_function(run, op);
        return true;
    case OG_SQ_DO_AGG_STEP:
        do_agg_step(run, op);
        return true;
    case OG_SQ_DO_AGG_VALUE:
        og_sq_set(run, op->p3, og_sq_value_derive(values, og_sq_get(run, op->p1)));
        return true;
    case OG_SQ_DO_MEM_MAX:
        og_sq_set(run, op->p1, og_sq_value_derive(values, og_sq_value_union(
                                                              values, og_sq_get(run, op->p1),
                                                              og_sq_get(run, op->p2))));
        return true;
    case OG_SQ_DO_PARAM:
        do_param(run, op);
        return true;
    default:
        return false;
    }
}

/* A rowid is NULL only where an outer join found no row: its value is not told. */
static bool is_rowid_null_test(struct og_sq_run *run, const struct og_sq_op *op)
{
    const struct og_sq_value *v;
    const struct og_sq_base *base;

    if (run->is_measuring ||
        (strcmp(op->name, "IsNull") != 0 && strcmp(op->name, "NotNull") != 0))
        return false;
    v = &run->values.values[og_sq_get(run, op->p1)];
    if (v->n_items || v->n_sources != 1 || (v->sources[0] & 1))
        return false;
    base = &run->bases[v->sources[0] / 2];
    return base->column == run->schema->tables[base->table].rowid_alias;
}

/* Operations where a value shapes something. */
static bool step_uses(struct og_sq_run *run, const struct og_sq_op *op)
{
    switch (op->handler) {
    case OG_SQ_DO_COMPARE_JUMP:
        compare_jump(run, op);
        return true;
    case OG_SQ_DO_TEST_P1:
        if (!is_rowid_null_test(run, op))
            og_sq_use_value(run, og_sq_get(run, op->p1), OG_USE_FILTER);
        return true;
    case OG_SQ_DO_COUNT_P1:
    case OG_SQ_DO_MUST_BE_INT:
        og_sq_use_value(run, og_sq_get(run, op->p1), OG_USE_LIMIT);
        return true;
    case OG_SQ_DO_OFFSET_LIMIT:
        og_sq_use_value(run, og_sq_get(run, op->p1), OG_USE_LIMIT);
        og_sq_use_value(run, og_sq_get(run, op->p3), OG_USE_LIMIT);
        og_sq_set(run, op->p2, 0);
        return true;
    case OG_SQ_DO_SEEK:
        do_seek(run, op);
        return true;
    case OG_SQ_DO_SEEK_ROWID:
        do_seek_rowid(run, op);
        return true;
    case OG_SQ_DO_FIND:
        do_find(run, op);
        return true;
    case OG_SQ_DO_INDEX_COMPARE:
        do_index_compare(run, op);
        return true;
    case OG_SQ_DO_INDEX_DELETE:
        do_index_delete(run, op);
        return true;
    case OG_SQ_DO_VFILTER:
        do_vfilter(run, op);
        return true;
    case OG_SQ_DO_COMPARE:
        do_compare(run, op);
        return true;
    case OG_SQ_DO_FILTER:
        do_filter(run, op);
        return true;
    case OG_SQ_DO_SORTER_COMPARE:
        do_sorter_compare(run, op);
        return true;
    case OG_SQ_DO_HALT_IF_NULL:
        use_unless_copied(run, og_sq_get(run, op->p3), OG_USE_FALLIBLE);
        return true;
    case OG_SQ_DO_TYPE_CHECK:
        for (int i = 0; i < op->p2; i++)
            use_unless_copied(run, og_sq_get(run, op->p1 + i), OG_USE_FALLIBLE);
        return true;
    case OG_SQ_DO_ROWSET_TEST:
        og_sq_use_value(run, og_sq_get(run, op->p3), OG_USE_FILTER);
        og_sq_set(run, op->p1, og_sq_value_union(values_of(run), og_sq_get(run, op->p1),
                                                 og_sq_get(run, op->p3)));
        return true;
    default:
        return false;
    }
}

void og_sq_step(struct og_sq_run *run, const struct og_sq_op *op)
{
    uint32_t value;

    if (step_values(run, op) || step_uses(run, op))
        return;
    switch (op->handler) {
    case OG_SQ_DO_COLUMN:
    case OG_SQ_DO_VCOLUMN:
        og_sq_set(run, op->p3, run->is_measuring ? 0 : og_sq_cursor_column(run, op->p1, op->p2));
        break;
    case OG_SQ_DO_ROWID:
        og_sq_set(run, op->p2, run->is_measuring ? 0 : og_sq_cursor_key(run, op->p1));
        break;
    case OG_SQ_DO_NEW_ROWID:
        og_sq_set(run, op->p2, 0);
        break;
    case OG_SQ_DO_SORTER_INSERT:
        value = og_sq_get(run, op->p2);
        if (!run->is_measuring)
            keep_row(run, op->p1, value);
        break;
    case OG_SQ_DO_INDEX_INSERT:
        do_index_insert(run, op);
        break;
    case OG_SQ_DO_INSERT:
        value = og_sq_get(run, op->p3);
        do_insert(run, op, og_sq_get(run, op->p2), value, op->p5 & IS_UPDATE);
        break;
    case OG_SQ_DO_ROW_CELL:
        do_row_cell(run, op);
        break;
    case OG_SQ_DO_ROW_DATA:
        og_sq_set(run, op->p2, run->is_measuring ? 0 : og_sq_cursor_row(run, op->p1));
        break;
    case OG_SQ_DO_RESULT_ROW:
        do_result(run, op);
        break;
    case OG_SQ_DO_ROWSET_ADD:
        og_sq_set(run, op->p1, og_sq_value_union(values_of(run), og_sq_get(run, op->p1),
                                                 og_sq_get(run, op->p2)));
        break;
    case OG_SQ_DO_ROWSET_READ:
        og_sq_set(run, op->p3, og_sq_get(run, op->p1));
        break;
    default:
        break;
    }
}

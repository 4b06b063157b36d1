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
            og_sq_use_keys(run,
                           &(struct og_sq_keys){.values = keys,
                                                .n = (size_t)op->p3,
                                                .collations = op->p4},
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
    og_sq_set(run, op->p3,
              run->drops_aggregates ? 0 : og_sq_value_derive(values_of(run), value));
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
    og_sq_virtual_filter(run, op->p1, n);
    og_sq_cursor_add(run, op->p1, og_sq_value_derive(values_of(run), value), 0);
}

static void do_filter(struct og_sq_run *run, const struct og_sq_op *op)
{
    og_sq_use_range(run, op->p3, og_sq_count_of(op->p4), OG_USE_JOIN);
}

static void do_sorter_compare(struct og_sq_run *run, const struct og_sq_op *op)
{
    uint32_t record = og_sq_get(run, op->p3);

    if (run->is_measuring)
        return;
    for (int i = 0; i < og_sq_count_of(op->p4); i++)
        og_sq_use_pair(run, og_sq_value_item(values_of(run), record, (size_t)i),
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

    og_sq_use_key(run, op, og_sq_count_of(op->p4),
            cursor && cursor->is_sorted ? OG_USE_ORDER : OG_USE_FILTER);
}

static void do_index_delete(struct og_sq_run *run, const struct og_sq_op *op)
{
    for (int i = 0; i < op->p3; i++) {
        uint32_t value = og_sq_get(run, op->p2 + i);

        if (!run->is_measuring && !og_sq_is_table_cursor(run, op->p1) && !og_sq_is_index_cursor(run, op->p1))
            og_sq_use_pair(run, value, og_sq_cursor_column(run, op->p1, i), OG_USE_SET_OP);
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
        og_sq_compare_jump(run, op);
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
        og_sq_seek(run, op);
        return true;
    case OG_SQ_DO_SEEK_ROWID:
        og_sq_seek_rowid(run, op);
        return true;
    case OG_SQ_DO_FIND:
        og_sq_find(run, op);
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
        og_sq_use_unless_copied(run, og_sq_get(run, op->p3), OG_USE_FALLIBLE);
        return true;
    case OG_SQ_DO_TYPE_CHECK:
        for (int i = 0; i < op->p2; i++)
            og_sq_use_unless_copied(run, og_sq_get(run, op->p1 + i), OG_USE_FALLIBLE);
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
            og_sq_keep_row(run, op->p1, value);
        break;
    case OG_SQ_DO_INDEX_INSERT:
        og_sq_index_insert(run, op);
        break;
    case OG_SQ_DO_INSERT:
        value = og_sq_get(run, op->p3);
        og_sq_insert(run, op, og_sq_get(run, op->p2), value, op->p5 & IS_UPDATE);
        break;
    case OG_SQ_DO_VUPDATE:
        og_sq_virtual_update(run, op);
        break;
    case OG_SQ_DO_ROW_CELL:
        og_sq_row_cell(run, op);
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

/* SPDX-License-Identifier: MIT */
/* sqlite_order.c - whether the order in which a cursor's rows come can be seen by the client: it
 * cannot where the rows are sorted again by a key of their own, or only counted and the like. */
#include "common/sqlite_parts.h"

#include <string.h>

#define MAX_KEEPERS 32

/* What the loop of one cursor does with its rows. */
struct body {
    const bool *is_inside;
    struct og_sq_keys kept[MAX_KEEPERS]; /* keys of what it fills */
    bool is_of_group[MAX_KEEPERS]; /* filled with groups, not with the rows themselves */
    bool is_filter[MAX_KEEPERS];   /* only the first row of each key goes on */
    size_t n_kept;
    struct og_sq_keys group; /* of rows that come grouped; n 0: none */
    bool is_seen;    /* rows leave as they come */
    bool has_row;    /* a group leaves from a subroutine */
    bool has_limit;   /* of rows as they come; a sorter with a limit keeps the first of its order */
    bool has_aggregate;
    bool is_delicate; /* an aggregate that depends on order */
};

static bool is_walk(const char *name)
{
    static const char *const names[] = {"Next", "Prev", "SorterNext"};

    for (size_t i = 0; i < OG_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* From where each Next of the cursor goes back to, and the subroutines called in between. */
static bool *find_loop(struct og_sq_run *run, struct og_sq_program *program, int cursor)
{
    bool *is_inside = og_arena_array(run->arena, program->n_ops, sizeof(*is_inside));
    bool is_found = false;

    for (size_t i = 0; is_inside && i < program->n_ops; i++) {
        const struct og_sq_op *op = &program->ops[i];

        if (!is_walk(op->name) || op->p1 != cursor)
            continue;
        if (op->p2 < 0 || (size_t)op->p2 > i)
            return NULL;
        is_found = true;
        for (size_t k = (size_t)op->p2; k <= i; k++)
            is_inside[k] = true;
    }
    for (size_t i = 0; is_found && i < program->n_ops; i++) {
        if (!is_inside[i] || strcmp(program->ops[i].name, "Gosub") != 0)
            continue;
        for (size_t r = 0; r < program->n_routines; r++) {
            const struct og_sq_routine *routine = &program->routines[r];

            if (routine->entry != program->ops[i].p2)
                continue;
            if (!routine->is_inside)
                return NULL;
            for (size_t k = 0; k < program->n_ops; k++)
                is_inside[k] = is_inside[k] || routine->is_inside[k];
        }
    }
    return is_found ? is_inside : NULL;
}

/* Whether the operation stands in the loop itself, not in a subroutine called from it. */
static bool is_in_range(const struct og_sq_program *program, int cursor, size_t at)
{
    for (size_t i = at; i < program->n_ops; i++)
        if (is_walk(program->ops[i].name) && program->ops[i].p1 == cursor &&
            program->ops[i].p2 >= 0 && (size_t)program->ops[i].p2 <= at)
            return true;
    return false;
}

static bool shows_rows(const char *name)
{
    static const char *const names[] = {"Yield",    "EndCoroutine", "Program",   "NewRowid",
                                        "VUpdate",  "Vacuum",       "AggInverse", "AggValue",
                                        "NoConflict"};

    for (size_t i = 0; i < OG_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Sums of numbers with fractions depend on their order in the last digits: only of columns as they
 * are, where nobody chose the numbers for it. */
static bool is_steady(struct og_sq_run *run, const struct og_sq_op *op, const uint32_t *state)
{
    static const char *const any[] = {"count(", "min(", "max("};
    static const char *const copied[] = {"sum(", "total(", "avg("};

    for (size_t i = 0; i < OG_COUNT(any); i++)
        if (strncmp(op->p4, any[i], strlen(any[i])) == 0)
            return true;
    for (size_t i = 0; i < OG_COUNT(copied); i++) {
        const struct og_sq_value *value = &run->values.values[state[op->p2]];

        if (strncmp(op->p4, copied[i], strlen(copied[i])) == 0)
            return value->n_sources == 1 && !value->n_items && !(value->sources[0] & 1);
    }
    return false;
}

static void add_kept(struct og_sq_run *run, const struct og_sq_op *op, const uint32_t *state,
                     bool is_of_group, struct body *body)
{
    const struct og_sq_cursor *cursor = og_sq_cursor(run, op->p1);
    uint32_t *keys;

    if (!cursor || !(cursor->kinds & OG_SQ_CURSOR_KEPT))
        return;
    keys = cursor->n_keys > 0
               ? og_arena_array(run->arena, (size_t)cursor->n_keys, sizeof(*keys))
               : NULL;
    if (!keys || body->n_kept == MAX_KEEPERS) {
        body->is_seen = true;
        return;
    }
    for (int i = 0; i < cursor->n_keys; i++)
        keys[i] = og_sq_value_item(&run->values, state[op->p2], (size_t)i);
    body->is_filter[body->n_kept] =
        !cursor->is_walked && !cursor->is_sorted && !cursor->is_sorter;
    body->is_of_group[body->n_kept] = is_of_group;
    body->kept[body->n_kept++] = (struct og_sq_keys){.values = keys,
                                                     .n = (size_t)cursor->n_keys,
                                                     .collations = cursor->collations};
}

static void add_group(struct og_sq_run *run, const struct og_sq_op *op, const uint32_t *state,
                      struct body *body)
{
    uint32_t *keys;

    if (body->group.n || (op->p5 & 1) || op->p3 <= 0) {
        body->is_seen = true;
        return;
    }
    keys = og_arena_array(run->arena, (size_t)op->p3, sizeof(*keys));
    for (int i = 0; keys && i < op->p3; i++)
        keys[i] = state[op->p2 + i];
    if (keys)
        body->group = (struct og_sq_keys){
            .values = keys, .n = (size_t)op->p3, .collations = op->p4};
}

/* A counter that begins anew for each row: the limit of a subquery inside the loop. */
static bool is_counted_inside(const struct og_sq_program *program, const struct body *body,
                              int number)
{
    for (size_t i = 0; i < program->n_ops; i++)
        if (body->is_inside[i] && strcmp(program->ops[i].name, "Integer") == 0 &&
            program->ops[i].p2 == number)
            return true;
    return false;
}

static void look_at(struct og_sq_run *run, struct og_sq_program *program, int cursor, size_t at,
                    struct body *body)
{
    const struct og_sq_op *op = &program->ops[at];
    const uint32_t *state = program->states[at];
    const struct og_sq_cursor *into;

    if (!state)
        return; /* never reached */
    if (shows_rows(op->name))
        body->is_seen = true;
    else if (strcmp(op->name, "ResultRow") == 0 && is_in_range(program, cursor, at))
        body->is_seen = true;
    else if (strcmp(op->name, "ResultRow") == 0)
        body->has_row = true;
    else if ((strcmp(op->name, "DecrJumpZero") == 0 ||
              (strcmp(op->name, "IfPos") == 0 && op->p3 > 0)) &&
             !is_counted_inside(program, body, op->p1))
        body->has_limit = true;
    else if (op->handler == OG_SQ_DO_AGG_STEP) {
        body->has_aggregate = true;
        body->is_delicate = body->is_delicate || !is_steady(run, op, state);
    } else if (op->handler == OG_SQ_DO_SORTER_INSERT || op->handler == OG_SQ_DO_INDEX_INSERT)
        add_kept(run, op, state, !is_in_range(program, cursor, at), body);
    else if (strcmp(op->name, "Compare") == 0)
        add_group(run, op, state, body);
    else if (op->handler == OG_SQ_DO_INSERT || op->handler == OG_SQ_DO_ROW_CELL) {
        into = og_sq_cursor(run, op->p1);
        if (!into || (into->kinds & (OG_SQ_CURSOR_KEPT | OG_SQ_CURSOR_NEW_TABLE)))
            body->is_seen = true; /* rows kept in the order in which they come */
    }
}

/* ---- what is shown must follow from the keys ---- */

static bool is_in(const struct og_sq_run *run, const struct og_sq_keys *keys, uint32_t base)
{
    for (size_t i = 0; i < keys->n; i++) {
        const struct og_sq_value *value = &run->values.values[keys->values[i]];

        if (!value->n_items && value->n_sources == 1 && value->sources[0] == base * 2)
            return true;
    }
    return false;
}

/* Whether the base's cursor is moved inside the loop. */
static bool is_moved(const struct og_sq_run *run, const struct og_sq_program *program,
                     const struct body *body, uint32_t base)
{
    for (size_t i = 0; i < program->n_ops; i++) {
        const struct og_sq_op *op = &program->ops[i];
        bool moves = is_walk(op->name) || strncmp(op->name, "Seek", 4) == 0 ||
                     strcmp(op->name, "NotExists") == 0 || strcmp(op->name, "NotFound") == 0 ||
                     strcmp(op->name, "Found") == 0 || strcmp(op->name, "VNext") == 0;

        if (!body->is_inside[i])
            continue;
        if (moves && (size_t)op->p1 == run->bases[base].cursor)
            return true;
        if (strcmp(op->name, "DeferredSeek") == 0 && (size_t)op->p3 == run->bases[base].cursor)
            return true;
    }
    return false;
}

static bool follows(const struct og_sq_run *run, const struct og_sq_program *program,
                    const struct body *body, uint32_t base)
{
    size_t n_rows = 0;

    if (body->group.n)
        return is_in(run, &body->group, base);
    for (size_t i = 0; i < body->n_kept; i++) {
        if (!body->is_filter[i] && !is_in(run, &body->kept[i], base))
            return false;
        n_rows += !body->is_filter[i];
    }
    return n_rows > 0 || !is_moved(run, program, body, base);
}

/* Whether groups are sorted again by what each of them has only one of. */
static bool group_follows(struct og_sq_run *run, const struct og_sq_program *program,
                          const struct body *body)
{
    for (size_t i = 0; i < body->n_kept; i++) {
        for (size_t k = 0; body->is_of_group[i] && k < body->kept[i].n; k++) {
            uint32_t flat = og_sq_value_flat(&run->values, body->kept[i].values[k]);

            for (size_t s = 0; s < run->values.values[flat].n_sources; s++)
                if (!follows(run, program, body, run->values.values[flat].sources[s] / 2))
                    return false;
        }
    }
    return true;
}

/* Results, and uses outside the loop. */
static bool all_follows(const struct og_sq_run *run, const struct og_sq_program *program,
                        const struct body *body)
{
    for (size_t i = 0; i < run->n_results; i++) {
        const struct og_sq_value *value = &run->values.values[run->results[i]];

        for (size_t k = 0; k < value->n_sources; k++)
            if (!follows(run, program, body, value->sources[k] / 2))
                return false;
    }
    for (size_t i = 0; i < run->n_marks; i++)
        if (run->marks[i].program == run->program && !body->is_inside[run->marks[i].pc] &&
            is_moved(run, program, body, run->marks[i].base) &&
            !follows(run, program, body, run->marks[i].base))
            return false;
    return true;
}

/* The last field of the index that the rows are grouped by. */
static bool is_behind_group(const struct og_sq_run *run, const struct body *body, uint32_t base,
                            int cursor, size_t position)
{
    const struct og_sq_cursor *read = &run->programs[run->program].cursors[cursor];
    const struct og_sq_index *index;

    if (!(read->kinds & OG_SQ_CURSOR_INDEX) || position == SIZE_MAX)
        return false;
    index = &run->schema->indexes[read->index - 1];
    for (size_t i = position; i < index->n_columns; i++) {
        for (size_t k = 0; k < body->group.n; k++) {
            uint32_t flat = body->group.values[k];
            const struct og_sq_value *value = &run->values.values[flat];

            for (size_t s = 0; s < value->n_sources; s++) {
                const struct og_sq_base *by = &run->bases[value->sources[s] / 2];

                if (by->cursor == run->bases[base].cursor && by->column == index->columns[i])
                    return false;
                if ((value->sources[s] & 1) && by->cursor == run->bases[base].cursor)
                    return false;
            }
        }
    }
    return true;
}

bool og_sq_is_order_hidden(struct og_sq_run *run, int cursor, uint32_t base, size_t position)
{
    struct og_sq_program *program = &run->programs[run->program];
    struct body body = {.is_seen = false};
    const bool has_dup = run->has_dup;
    size_t n_full = 0, n_sorted = 0;

    if (cursor < 0 || (size_t)cursor >= program->n_cursors || run->program != 0)
        return false;
    if (!program->loops[cursor])
        program->loops[cursor] = find_loop(run, program, cursor);
    body.is_inside = program->loops[cursor];
    for (size_t i = 0; body.is_inside && i < program->n_ops; i++)
        if (body.is_inside[i])
            look_at(run, program, cursor, i, &body);
    if (!body.is_inside || body.is_seen)
        return false;
    run->has_dup = false; /* inside its own loop a cursor has one row */
    for (size_t i = 0; i < body.n_kept; i++) {
        n_sorted += !body.is_filter[i];
        n_full += og_sq_is_beside_key(run, &body.kept[i], &run->bases[base]) &&
                  (!body.is_of_group[i] ||
                   og_sq_is_beside_key(run, &body.group, &run->bases[base]));
    }
    run->has_dup = has_dup;
    if (n_sorted && n_full == body.n_kept && !body.has_row && !body.has_limit)
        return true;
    /* sorted anew within each group of rows that the index brings together */
    if (n_sorted && n_full == body.n_kept && body.group.n && !body.has_aggregate &&
        !body.has_limit)
        return is_behind_group(run, &body, base, cursor, position);
    if (!run->drops_aggregates || has_dup || (body.has_limit && body.n_kept) ||
        body.is_delicate || (body.has_row && !body.group.n) ||
        !all_follows(run, program, &body) || !group_follows(run, program, &body))
        return false;
    if (body.group.n)
        return !body.has_limit && is_behind_group(run, &body, base, cursor, position);
    return true;
}

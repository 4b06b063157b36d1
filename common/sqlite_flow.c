/* SPDX-License-Identifier: MIT */
/* sqlite_flow.c - where a program goes on after each operation, and with which registers: what a
 * coroutine or a subroutine does not write comes back to its caller as that caller left it. */
#include "common/sqlite_parts.h"

#include <errno.h>
#include <string.h>

/* Operations looked at for all routines of a program; beyond it they count as writing everything. */
#define MAX_LOOKED 20000000u

/* Joins the state after the operation into the one before target. */
static void flow_state(struct og_sq_run *run, struct og_sq_program *program, long target,
                       const uint32_t *state)
{
    uint32_t *into;

    if (target < 0 || (size_t)target >= program->n_ops) {
        if ((size_t)target != program->n_ops)
            og_facts_refuse(run->facts, SIZE_MAX,
                            "a program of this engine that is not understood", NULL);
        return;
    }
    into = program->states[target];
    if (!into) {
        into = og_arena_array(run->arena, program->n_registers + 1, sizeof(*into));
        if (!into)
            return;
        program->states[target] = into;
        memcpy(into, state, program->n_registers * sizeof(*into));
        run->is_changed = true;
        return;
    }
    for (size_t i = 0; i < program->n_registers; i++) {
        uint32_t joined;

        if (into[i] == state[i] || state[i] == 0)
            continue;
        joined = og_sq_value_union(&run->values, into[i], state[i]);
        if (joined != into[i]) {
            into[i] = joined;
            run->is_changed = true;
        }
    }
}

static void flow_to(struct og_sq_run *run, struct og_sq_program *program, long target)
{
    flow_state(run, program, target, run->state);
}

/* ---- routines ---- */

struct walk {
    struct og_sq_program *program;
    size_t *pending;
    size_t n_pending;
    bool *is_inside;
    int number; /* the register of its return address */
};

static void walk_to(struct walk *walk, long target)
{
    if (target < 0 || (size_t)target >= walk->program->n_ops || walk->is_inside[target])
        return;
    walk->is_inside[target] = true;
    walk->pending[walk->n_pending++] = (size_t)target;
}

/* A call comes back behind itself, so that no Return has to be followed. */
static void walk_call(struct walk *walk, const struct og_sq_op *op, size_t at)
{
    walk_to(walk, (long)at + 1);
    if (op->p2)
        walk_to(walk, op->p2);
    for (size_t i = 0; op->flow == OG_SQ_YIELD && i < walk->program->n_ops; i++)
        if (walk->program->ops[i].flow == OG_SQ_INIT_COROUTINE &&
            walk->program->ops[i].p1 == op->p1)
            walk_to(walk, walk->program->ops[i].p3);
}

static void walk_on(struct walk *walk, size_t at)
{
    const struct og_sq_op *op = &walk->program->ops[at];

    switch (op->flow) {
    case OG_SQ_NEXT:
        walk_to(walk, (long)at + 1);
        break;
    case OG_SQ_GOTO:
        if (strcmp(op->name, "Gosub") == 0)
            walk_to(walk, (long)at + 1);
        walk_to(walk, op->p2 ? op->p2 : (long)at + 1);
        break;
    case OG_SQ_BRANCH:
    case OG_SQ_INIT_COROUTINE:
        walk_to(walk, (long)at + 1);
        if (op->p2)
            walk_to(walk, op->p2);
        break;
    case OG_SQ_JUMP3:
        walk_to(walk, op->p1);
        walk_to(walk, op->p2);
        walk_to(walk, op->p3);
        break;
    case OG_SQ_YIELD:
        walk_call(walk, op, at);
        break;
    case OG_SQ_RETURN:
        if (op->p3 == 1 && op->p1 != walk->number)
            walk_to(walk, (long)at + 1); /* of a subroutine that is entered from above too */
        break;
    case OG_SQ_HALT:
    case OG_SQ_END_COROUTINE:
        break;
    }
}

/* Everything that may run from entry on until control comes back to the caller. */
static int add_routine(struct og_sq_run *run, struct og_sq_program *program, long entry, int number)
{
    struct walk walk = {.program = program, .number = number};
    struct og_sq_routine *routine;

    for (size_t i = 0; i < program->n_routines; i++)
        if (program->routines[i].entry == entry)
            return 0;
    routine = og_arena_push(run->arena, &program->routines, &program->n_routines,
                            &program->max_routines, sizeof(*routine));
    if (!routine)
        return -ENOMEM;
    *routine = (struct og_sq_routine){.entry = entry};
    if (program->n_routines * program->n_ops > MAX_LOOKED)
        return 0;
    walk.is_inside = og_arena_array(run->arena, program->n_ops, sizeof(bool));
    walk.pending = og_arena_array(run->arena, program->n_ops, sizeof(size_t));
    routine->is_written = og_arena_array(run->arena, program->n_registers, sizeof(bool));
    if (!walk.is_inside || !walk.pending || !routine->is_written)
        return -ENOMEM;
    walk_to(&walk, entry);
    while (walk.n_pending) {
        size_t at = walk.pending[--walk.n_pending];
        const struct og_sq_op *op = &program->ops[at];

        for (size_t i = 0; i < op->n_written; i++)
            routine->is_written[op->written[i]] = true;
        walk_on(&walk, at);
    }
    routine->is_inside = walk.is_inside;
    return 0;
}

static const struct og_sq_routine *routine_at(const struct og_sq_program *program, long entry)
{
    for (size_t i = 0; i < program->n_routines; i++)
        if (program->routines[i].entry == entry)
            return &program->routines[i];
    return NULL;
}

bool og_sq_is_inside(const struct og_sq_coroutine *coroutine, const struct og_sq_routine *routine,
                     size_t at)
{
    return (long)at >= coroutine->from && (long)at < coroutine->to && routine->is_inside[at];
}

static int add_place(struct og_sq_run *run, struct og_sq_places *places, size_t at)
{
    size_t *slot = og_arena_push(run->arena, &places->at, &places->n, &places->max, sizeof(*slot));

    if (!slot)
        return -ENOMEM;
    *slot = at;
    return 0;
}

static struct og_sq_coroutine *coroutine_for(struct og_sq_run *run, struct og_sq_program *program,
                                             int number)
{
    struct og_sq_coroutine *added;

    for (size_t i = 0; i < program->n_coroutines; i++)
        if (program->coroutines[i].number == number)
            return &program->coroutines[i];
    added = og_arena_push(run->arena, &program->coroutines, &program->n_coroutines,
                          &program->max_coroutines, sizeof(*added));
    if (added)
        *added = (struct og_sq_coroutine){.number = number};
    return added;
}

/* Which Yield stands in the coroutine itself, and which calls it. */
static int find_coroutines(struct og_sq_run *run, struct og_sq_program *program)
{
    for (size_t i = 0; i < program->n_ops; i++) {
        const struct og_sq_op *op = &program->ops[i];
        struct og_sq_coroutine *coroutine;

        if (op->flow != OG_SQ_INIT_COROUTINE)
            continue;
        coroutine = coroutine_for(run, program, op->p1);
        if (!coroutine || add_place(run, &coroutine->starts, i))
            return -ENOMEM;
        coroutine->is_known = coroutine->starts.n == 1 && op->p2 > op->p3;
        coroutine->from = op->p3;
        coroutine->to = op->p2;
    }
    for (size_t i = 0; i < program->n_ops; i++) {
        const struct og_sq_op *op = &program->ops[i];
        struct og_sq_coroutine *coroutine;
        const struct og_sq_routine *routine;

        if (op->flow != OG_SQ_YIELD && op->flow != OG_SQ_END_COROUTINE)
            continue;
        coroutine = coroutine_for(run, program, op->p1);
        if (!coroutine)
            return -ENOMEM;
        routine = coroutine->is_known ? routine_at(program, coroutine->from) : NULL;
        coroutine->is_known = routine && routine->is_inside;
        if (op->flow == OG_SQ_YIELD &&
            add_place(run,
                      &coroutine->sides[coroutine->is_known &&
                                        og_sq_is_inside(coroutine, routine, i)],
                      i))
            return -ENOMEM;
    }
    return 0;
}

int og_sq_find_routines(struct og_sq_run *run)
{
    for (size_t k = 0; k < run->n_programs; k++) {
        struct og_sq_program *program = &run->programs[k];

        for (size_t i = 0; i < program->n_ops; i++) {
            const struct og_sq_op *op = &program->ops[i];
            int rc = 0;

            if (op->flow == OG_SQ_INIT_COROUTINE)
                rc = add_routine(run, program, op->p3, op->p1);
            else if (strcmp(op->name, "Gosub") == 0)
                rc = add_routine(run, program, op->p2, op->p1);
            if (rc)
                return rc;
        }
        if (find_coroutines(run, program))
            return -ENOMEM;
    }
    return 0;
}

/* Back from a routine to behind its caller. */
static void flow_back(struct og_sq_run *run, struct og_sq_program *program,
                      const struct og_sq_routine *routine, size_t caller, long target)
{
    const uint32_t *before = program->states[caller];

    if (!routine || !routine->is_inside || !routine->is_inside[run->pc]) {
        flow_to(run, program, target);
        return;
    }
    if (!before)
        return; /* never called from there */
    for (size_t i = 0; i < program->n_registers; i++)
        run->merged[i] = routine->is_written[i] ? run->state[i] : before[i];
    flow_state(run, program, target, run->merged);
}

static struct og_sq_coroutine *coroutine_at(struct og_sq_program *program, int number)
{
    for (size_t i = 0; i < program->n_coroutines; i++)
        if (program->coroutines[i].number == number)
            return &program->coroutines[i];
    return NULL;
}

/* A coroutine's register: every place where the other side may go on. */
static void flow_yield(struct og_sq_run *run, struct og_sq_program *program,
                       const struct og_sq_op *op, bool is_end)
{
    const struct og_sq_coroutine *coroutine = coroutine_at(program, op->p1);
    const struct og_sq_routine *routine =
        coroutine && coroutine->is_known ? routine_at(program, coroutine->from) : NULL;
    bool is_inside = routine && og_sq_is_inside(coroutine, routine, run->pc);

    if (!coroutine) {
        og_facts_refuse(run->facts, SIZE_MAX, "a program of this engine that is not understood",
                        NULL);
        return;
    }
    if (!is_end && op->p2 && !is_inside)
        flow_to(run, program, op->p2); /* the coroutine has ended before */
    /* from its own side to its callers, from theirs into it; to all where the sides are not known */
    for (int side = 0; side < 2; side++) {
        const struct og_sq_places *places = &coroutine->sides[side];

        for (size_t i = 0; (!routine || side == (is_inside ? 0 : 1)) && i < places->n; i++) {
            size_t at = places->at[i];

            if (!is_end)
                flow_back(run, program, is_inside ? routine : NULL, at, (long)at + 1);
            else if (program->ops[at].p2)
                flow_back(run, program, is_inside ? routine : NULL, at, program->ops[at].p2);
        }
    }
    for (size_t i = 0; !is_end && !is_inside && i < coroutine->starts.n; i++)
        flow_to(run, program, program->ops[coroutine->starts.at[i]].p3);
}

/* A return address comes from a Gosub, or from an Integer or InitCoroutine put into its register. */
static void flow_return(struct og_sq_run *run, struct og_sq_program *program,
                        const struct og_sq_op *op)
{
    if (op->p3 == 1)
        flow_to(run, program, (long)run->pc + 1); /* when the register holds no address */
    for (size_t i = 0; i < program->n_ops; i++) {
        const struct og_sq_op *other = &program->ops[i];

        if (strcmp(other->name, "Gosub") == 0 && other->p1 == op->p1)
            flow_back(run, program, routine_at(program, other->p2), i, (long)i + 1);
        else if (strcmp(other->name, "Integer") == 0 && other->p2 == op->p1 && other->p1 > 0)
            flow_to(run, program, (long)other->p1 + 1);
        else if (other->flow == OG_SQ_INIT_COROUTINE && other->p1 == op->p1)
            flow_to(run, program, other->p3);
    }
}

void og_sq_flow_on(struct og_sq_run *run, struct og_sq_program *program,
                   const struct og_sq_op *op)
{
    long next = (long)run->pc + 1;

    switch (op->flow) {
    case OG_SQ_NEXT:
        flow_to(run, program, next);
        break;
    case OG_SQ_GOTO:
        flow_to(run, program, op->p2 ? op->p2 : next);
        break;
    case OG_SQ_BRANCH:
        if (op->p2)
            flow_to(run, program, op->p2);
        flow_to(run, program, next);
        break;
    case OG_SQ_JUMP3:
        flow_to(run, program, op->p1);
        flow_to(run, program, op->p2);
        flow_to(run, program, op->p3);
        break;
    case OG_SQ_HALT:
        break;
    case OG_SQ_YIELD:
        flow_yield(run, program, op, false);
        break;
    case OG_SQ_END_COROUTINE:
        flow_yield(run, program, op, true);
        break;
    case OG_SQ_RETURN:
        flow_return(run, program, op);
        break;
    case OG_SQ_INIT_COROUTINE:
        flow_to(run, program, op->p2 ? op->p2 : next);
        break;
    }
}


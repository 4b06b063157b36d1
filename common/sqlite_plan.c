/* SPDX-License-Identifier: MIT */
/* sqlite_plan.c - reads the program that EXPLAIN lists and runs it over sets of sources until
 * nothing changes any more. */
#include "common/sqlite_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct og_sq_op opcodes[] = {
#define SQLITE_OPCODE(op, where, what) \
    {.name = #op, .flow = OG_SQ_##where, .handler = OG_SQ_DO_##what},
#include "common/sqlite_opcode.tbl.h"
#undef SQLITE_OPCODE
};

static int compare_opcode(const void *key, const void *row)
{
    const struct og_sq_op *const *op = row;

    return strcmp(key, (*op)->name);
}

static int compare_rows(const void *a, const void *b)
{
    const struct og_sq_op *const *x = a;
    const struct og_sq_op *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

const struct og_sq_op *og_sq_opcode(const char *name)
{
    static _Thread_local const struct og_sq_op *sorted[OG_COUNT(opcodes)];
    const struct og_sq_op *const *found;

    if (!sorted[0]) {
        for (size_t i = 0; i < OG_COUNT(opcodes); i++)
            sorted[i] = &opcodes[i];
        qsort(sorted, OG_COUNT(opcodes), sizeof(sorted[0]), compare_rows);
    }
    found = bsearch(name, sorted, OG_COUNT(opcodes), sizeof(sorted[0]), compare_opcode);
    return found ? *found : NULL;
}

static struct og_sq_program *add_program(struct og_sq_run *run)
{
    return og_arena_push(run->arena, &run->programs, &run->n_programs, &run->max_programs,
                         sizeof(struct og_sq_program));
}

static int add_op(const struct og_sqlite_api *api, struct og_sq_run *run, sqlite3_stmt *explain)
{
    const char *name = (const char *)api->sqlite3_column_text(explain, 1);
    const char *p4 = (const char *)api->sqlite3_column_text(explain, 5);
    const struct og_sq_op *known = name ? og_sq_opcode(name) : NULL;
    struct og_sq_program *program;
    struct og_sq_op *op;

    if (api->sqlite3_column_int(explain, 0) == 0 && !add_program(run))
        return -ENOMEM;
    if (run->n_programs == 0)
        return -EPROTO;
    program = &run->programs[run->n_programs - 1];
    if (program->n_ops != (size_t)api->sqlite3_column_int(explain, 0))
        return -EPROTO;
    op = og_arena_push(run->arena, &program->ops, &program->n_ops, &program->max_ops, sizeof(*op));
    if (!op)
        return -ENOMEM;
    if (!known) {
        og_facts_refusef(run->facts, SIZE_MAX, "write the statement in a simpler form",
                         "this engine's program holds the operation %s", name ? name : "?");
        return 0;
    }
    *op = *known;
    op->p1 = api->sqlite3_column_int(explain, 2);
    op->p2 = api->sqlite3_column_int(explain, 3);
    op->p3 = api->sqlite3_column_int(explain, 4);
    op->p5 = api->sqlite3_column_int(explain, 6);
    op->p4 = og_arena_strdup(run->arena, p4 ? p4 : "");
    return op->p4 ? 0 : -ENOMEM;
}

/* Which program each Program operation runs. The list names none; it holds every called program
 * once, in the order in which the calls are met. With as many calls as programs the order is the
 * answer; else every call may run every program. */
static int link_calls(struct og_sq_run *run)
{
    size_t n_calls = 0;

    for (size_t k = 0; k < run->n_programs; k++) {
        struct og_sq_program *program = &run->programs[k];

        program->call_programs =
            og_arena_array(run->arena, program->n_ops, sizeof(*program->call_programs));
        if (!program->call_programs)
            return -ENOMEM;
        for (size_t i = 0; i < program->n_ops; i++)
            if (strcmp(program->ops[i].name, "Program") == 0)
                program->call_programs[i] = ++n_calls;
    }
    for (size_t k = 0; k < run->n_programs && n_calls + 1 != run->n_programs; k++)
        for (size_t i = 0; i < run->programs[k].n_ops; i++)
            run->programs[k].call_programs[i] = SIZE_MAX;
    return 0;
}

int og_sq_program_read(const struct og_sqlite_api *api, struct og_sq_run *run,
                       sqlite3_stmt *explain)
{
    size_t n_ops = 0;
    int rc;

    while ((rc = api->sqlite3_step(explain)) == SQLITE_ROW) {
        int error;

        if (++n_ops > OG_SQ_MAX_OPS) {
            og_facts_refuse(run->facts, SIZE_MAX, "a statement too large to analyse",
                            "split it into smaller statements");
            return 0;
        }
        error = add_op(api, run, explain);
        if (error)
            return error;
        if (run->facts->refusal.what)
            return 0;
    }
    if (rc != SQLITE_DONE || run->n_programs == 0)
        return -EPROTO;
    return link_calls(run);
}

uint32_t og_sq_get(struct og_sq_run *run, int number)
{
    if (number < 0) {
        og_facts_refuse(run->facts, SIZE_MAX, "a program of this engine that is not understood",
                        NULL);
        return 0;
    }
    if ((size_t)number > run->max_register)
        run->max_register = (size_t)number;
    if (run->is_measuring)
        return 0;
    return (size_t)number < run->programs[run->program].n_registers ? run->state[number] : 0;
}

/* Measuring: what each operation writes. */
static void note_written(struct og_sq_run *run, int number)
{
    struct og_sq_op *op = &run->programs[run->program].ops[run->pc];
    int *slot = og_arena_push(run->arena, &op->written, &op->n_written, &op->max_written,
                              sizeof(*slot));

    if (slot)
        *slot = number;
}

void og_sq_set(struct og_sq_run *run, int number, uint32_t value)
{
    (void)og_sq_get(run, number);
    if (run->is_measuring && number >= 0)
        note_written(run, number);
    if (!run->is_measuring && number >= 0 &&
        (size_t)number < run->programs[run->program].n_registers)
        run->state[number] = value;
}

static int measure(struct og_sq_run *run)
{
    run->is_measuring = true;
    for (size_t k = 0; k < run->n_programs; k++) {
        struct og_sq_program *program = &run->programs[k];

        run->program = k;
        run->max_register = 0;
        for (run->pc = 0; run->pc < program->n_ops; run->pc++)
            og_sq_step(run, &program->ops[run->pc]);
        program->n_registers = run->max_register + 1;
        program->states =
            og_arena_array(run->arena, program->n_ops, sizeof(*program->states));
        if (!program->states)
            return -ENOMEM;
        program->states[0] =
            og_arena_array(run->arena, program->n_registers, sizeof(**program->states));
        if (!program->states[0])
            return -ENOMEM;
    }
    run->is_measuring = false;
    return 0;
}

static void pass(struct og_sq_run *run)
{
    run->is_changed = false;
    for (size_t k = 0; k < run->n_programs; k++) {
        struct og_sq_program *program = &run->programs[k];

        run->program = k;
        for (run->pc = 0; run->pc < program->n_ops; run->pc++) {
            if (!program->states[run->pc])
                continue;
            memcpy(run->state, program->states[run->pc],
                   program->n_registers * sizeof(*run->state));
            og_sq_step(run, &program->ops[run->pc]);
            og_sq_flow_on(run, program, &program->ops[run->pc]);
        }
    }
}

int og_sq_run_programs(struct og_sq_run *run)
{
    size_t n_passes = 0;
    size_t most = 0;
    int rc = measure(run);

    if (rc || run->facts->refusal.what)
        return rc;
    for (size_t k = 0; k < run->n_programs; k++)
        if (run->programs[k].n_registers > most)
            most = run->programs[k].n_registers;
    run->state = og_arena_array(run->arena, most, sizeof(*run->state));
    run->merged = og_arena_array(run->arena, most, sizeof(*run->merged));
    if (!run->state || !run->merged)
        return -ENOMEM;
    rc = og_sq_find_routines(run);
    if (rc)
        return rc;
    do {
        pass(run);
        if (++n_passes > OG_SQ_MAX_PASSES || run->arena->is_failed)
            og_facts_refuse(run->facts, SIZE_MAX, "a statement too large to analyse",
                            "split it into smaller statements");
    } while (run->is_changed && !run->facts->refusal.what);
    run->is_final = true;
    if (!run->facts->refusal.what)
        pass(run);
    return 0;
}

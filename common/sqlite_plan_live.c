/* SPDX-License-Identifier: MIT */
/* sqlite_plan_live.c - the program that the live database would run: the indexes that it walks decide
 * the order of rows, which the shadow, having none, cannot show; and what it hands out must be what
 * the shadow's program hands out. */
#include "common/sqlite_parts.h"

#include <errno.h>
#include <string.h>

/* Reading an index instead of its table only because it is smaller, and for the order of DISTINCT, of
 * joins, or of min and max. Numbers of sqliteInt.h, SQLITE_CoverIdxScan, DistinctOpt, OrderByIdxJoin
 * and MinMaxOpt. */
#define INDEX_SCANS (0x20u | 0x10u | 0x40u | 0x10000u)

int og_sq_set_plan(struct og_sqlite_analyser *analyser, bool is_plain)
{
    static const char *const sql[] = {"PRAGMA automatic_index = ON", "PRAGMA automatic_index = OFF"};

    if (analyser->is_plain_plan == is_plain)
        return 0;
    /* an index made for one join hands its rows out in the order of every column it holds */
    if (analyser->api.sqlite3_exec(analyser->live, sql[is_plain], NULL, NULL, NULL) != SQLITE_OK)
        return -ENOTSUP;
    (void)analyser->api.sqlite3_test_control(SQLITE_TESTCTRL_OPTIMIZATIONS, analyser->live,
                                             is_plain ? INDEX_SCANS : 0u);
    analyser->is_plain_plan = is_plain;
    return 0;
}

static sqlite3_stmt *prepare_live(struct og_sqlite_analyser *analyser, const char *sql,
                                  size_t n_bytes, bool is_plain)
{
    sqlite3_stmt *explain = NULL;
    struct og_buf buf;

    if (og_sq_set_plan(analyser, is_plain) != 0)
        return NULL;
    og_buf_init(&buf, OG_MAX_SQL_BYTES + 64);
    og_buf_append_str(&buf, "EXPLAIN ");
    og_buf_append(&buf, sql, n_bytes);
    if (og_buf_is_failed(&buf) ||
        analyser->api.sqlite3_prepare_v2(analyser->live, og_buf_str(&buf), -1, &explain, NULL) !=
            SQLITE_OK)
        explain = NULL;
    og_buf_release(&buf);
    return explain;
}

/* ---- what a plan walks ---- */

static bool is_walk(const char *name)
{
    static const char *const names[] = {"Rewind", "Last",   "Next",   "Prev",
                                        "SeekGE", "SeekGT", "SeekLE", "SeekLT"};

    for (size_t i = 0; i < OG_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n_bytes)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < n_bytes; i++)
        hash = (hash ^ at[i]) * UINT64_C(1099511628211);
    return hash;
}

/* Cursors opened and moved, in order: what decides which rows come when. */
static uint64_t hash_walks(const struct og_sq_run *run)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t k = 0; k < run->n_programs; k++) {
        for (size_t i = 0; i < run->programs[k].n_ops; i++) {
            const struct og_sq_op *op = &run->programs[k].ops[i];

            if (op->handler == OG_SQ_DO_OPEN) {
                hash = hash_bytes(hash, op->name, strlen(op->name));
                hash = hash_bytes(hash, &op->p2, sizeof(op->p2));
                hash = hash_bytes(hash, &op->p3, sizeof(op->p3));
            } else if (is_walk(op->name) || strncmp(op->name, "Sorter", 6) == 0) {
                hash = hash_bytes(hash, op->name, strlen(op->name));
                hash = hash_bytes(hash, &op->p1, sizeof(op->p1));
            }
        }
    }
    return hash;
}

bool og_sq_walks_as_read(struct og_sqlite_analyser *analyser, const struct og_facts *facts)
{
    bool is_plain = analyser->is_plain_plan;
    sqlite3_stmt *explain = facts->plan_text ? prepare_live(analyser, facts->plan_text,
                                                            strlen(facts->plan_text), is_plain)
                                             : NULL;
    struct og_arena arena;
    struct og_facts aside;
    struct og_sq_run run = {.schema = &analyser->schema,
                            .arena = &arena,
                            .facts = &aside,
                            .place = OG_SQ_LIVE};
    bool is_same = false;

    og_arena_init(&arena, OG_SQ_WORK_BYTES);
    og_facts_init(&aside, &arena, OG_DIALECT_SQLITE);
    if (explain && og_sq_program_read(&analyser->api, &run, explain) == 0 && !aside.refusal.what)
        is_same = hash_walks(&run) == facts->plan_walks[is_plain];
    (void)analyser->api.sqlite3_finalize(explain);
    og_arena_release(&arena);
    return is_same;
}

/* ---- one plan ---- */

/* Columns that order rows for all to see; told to the caller one by one. */
struct order {
    struct og_sqlite_analyser *analyser;
    struct og_facts *facts;
    bool is_plain;
    bool is_refused;
};

static void add_column(struct order *order, size_t table, int column)
{
    struct og_facts *facts = order->facts;
    size_t number = og_sq_fact_column(&order->analyser->schema, table, column, facts);
    size_t *slot;

    if (order->is_plain) {
        og_facts_use(facts, number, OG_USE_ORDER, SIZE_MAX, false);
        return;
    }
    slot = og_arena_push(facts->arena, &facts->plan_columns, &facts->n_plan_columns,
                         &facts->max_plan_columns, sizeof(*slot));
    if (slot)
        *slot = number;
}

static void add_field(struct order *order, struct og_sq_run *run, int cursor, size_t table,
                      int column, size_t position, bool is_understood)
{
    uint32_t base = is_understood ? og_sq_base(run, cursor, table, column) : UINT32_MAX;

    if (base == UINT32_MAX || !og_sq_is_order_hidden(run, cursor, base, position))
        add_column(order, table, column);
}

/* Fields that are equal in all rows of the walk: SeekGE and IdxGT over the same registers walk the
 * rows that are equal in them, and no others. */
static size_t count_equal(const struct og_sq_program *program, int cursor)
{
    const struct og_sq_op *seek = NULL, *end = NULL;

    for (size_t i = 0; i < program->n_ops; i++) {
        const struct og_sq_op *op = &program->ops[i];

        if (op->p1 != cursor)
            continue;
        if (strcmp(op->name, "SeekGE") == 0 && !seek)
            seek = op;
        else if (strcmp(op->name, "IdxGT") == 0 && !end)
            end = op;
        else if (strcmp(op->name, "IdxGT") == 0 ||
                 (is_walk(op->name) && strcmp(op->name, "Next") != 0))
            return 0;
    }
    return seek && end && seek->p3 == end->p3 &&
                   og_sq_count_of(seek->p4) == og_sq_count_of(end->p4)
               ? (size_t)og_sq_count_of(seek->p4)
               : 0;
}

static void add_index(struct order *order, struct og_sq_run *run, int cursor, size_t number,
                      bool is_understood)
{
    const struct og_sq_index *index = &order->analyser->schema.indexes[number];
    size_t n_columns = order->analyser->schema.tables[index->table].n_columns;

    for (size_t i = count_equal(&run->programs[run->program], cursor); i < index->n_columns; i++) {
        if (index->columns[i] >= 0)
            add_field(order, run, cursor, index->table, index->columns[i], i, is_understood);
        /* an expression may be over any column */
        for (size_t c = 0; index->columns[i] < -1 && c < n_columns; c++)
            add_field(order, run, cursor, index->table, (int)c, i, is_understood);
    }
}

static size_t walked_index(const struct og_sq_run *run, const struct og_sq_program *program,
                           int cursor)
{
    const struct og_sq_cursor *c = &program->cursors[cursor];
    bool is_walked = false;

    (void)run;
    for (size_t i = 0; i < program->n_ops; i++)
        is_walked = is_walked ||
                    (program->ops[i].p1 == cursor && is_walk(program->ops[i].name));
    return is_walked && (c->kinds & OG_SQ_CURSOR_INDEX) ? c->index : 0;
}

static bool has_walk(const struct og_sq_run *run)
{
    for (size_t k = 0; k < run->n_programs; k++)
        for (size_t c = 0; c < run->programs[k].n_cursors; c++)
            if (walked_index(run, &run->programs[k], (int)c))
                return true;
    return false;
}

/* Every column that stands in an index made for this statement alone. */
static void add_automatic(struct order *order, struct og_sq_run *run)
{
    for (size_t k = 0; k < run->n_programs; k++) {
        for (size_t i = 0; i < run->programs[k].n_ops; i++) {
            const struct og_sq_op *op = &run->programs[k].ops[i];
            const struct og_sq_value *value;
            uint32_t flat;

            if (strcmp(op->name, "OpenAutoindex") != 0)
                continue;
            order->is_refused = order->is_refused || order->is_plain;
            run->program = k;
            flat = og_sq_value_flat(&run->values, run->programs[k].cursors[op->p1].row);
            value = &run->values.values[flat];
            for (size_t s = 0; s < value->n_sources; s++)
                add_column(order, run->bases[value->sources[s] / 2].table,
                           run->bases[value->sources[s] / 2].column);
        }
    }
}

/* What the live program sorts by: it may sort where the shadow walks in the order of keys. */
static void add_sorts(struct order *order, const struct og_sq_run *run)
{
    for (size_t i = 0; i < run->n_uses; i++) {
        const struct og_sq_base *base = &run->bases[run->uses[i].base];

        if (run->uses[i].use == OG_USE_ORDER)
            add_column(order, base->table, base->column);
    }
}

static bool has_sort(const struct og_sq_run *run)
{
    for (size_t k = 0; k < run->n_programs; k++)
        for (size_t c = 0; c < run->programs[k].n_cursors; c++)
            if (run->programs[k].cursors[c].n_keys > 0)
                return true;
    return false;
}

static void add_orders(struct order *order, struct og_sq_run *run, bool is_understood)
{
    for (size_t k = 0; k < run->n_programs; k++) {
        run->program = k;
        for (size_t c = 0; c < run->programs[k].n_cursors; c++) {
            size_t index = walked_index(run, &run->programs[k], (int)c);

            if (index)
                add_index(order, run, (int)c, index - 1, is_understood);
        }
    }
    if (!is_understood)
        return;
    add_automatic(order, run);
    add_sorts(order, run);
}

/* A virtual table has another name here than in the shadow. */
static bool has_virtual(const struct og_sq_run *run)
{
    for (size_t k = 0; run->schema->n_virtual && k < run->n_programs; k++)
        for (size_t i = 0; i < run->programs[k].n_ops; i++)
            if (strcmp(run->programs[k].ops[i].name, "VOpen") == 0)
                return true;
    return false;
}

static bool has_automatic(const struct og_sq_run *run)
{
    for (size_t k = 0; k < run->n_programs; k++)
        for (size_t i = 0; i < run->programs[k].n_ops; i++)
            if (strcmp(run->programs[k].ops[i].name, "OpenAutoindex") == 0)
                return true;
    return false;
}

/* Returns: 0, also when the program is not understood, which refuses nothing here. */
static int look_at_plan(struct order *order, const char *sql, size_t n_bytes, size_t n_results)
{
    struct og_sqlite_analyser *analyser = order->analyser;
    sqlite3_stmt *explain = prepare_live(analyser, sql, n_bytes, order->is_plain);
    struct og_arena arena;
    struct og_facts aside;
    struct og_sq_run run = {.schema = &analyser->schema,
                            .arena = &arena,
                            .facts = &aside,
                            .place = OG_SQ_LIVE,
                            .drops_aggregates = true,
                            .n_results = n_results};
    bool is_understood;
    int rc = explain ? 0 : -EIO;

    og_arena_init(&arena, OG_SQ_WORK_BYTES);
    og_facts_init(&aside, &arena, OG_DIALECT_SQLITE);
    if (rc == 0)
        rc = og_sq_values_init(&run.values, &arena);
    run.results = og_arena_array(&arena, n_results, sizeof(*run.results));
    if (rc == 0)
        rc = og_sq_program_read(&analyser->api, &run, explain);
    if (rc == 0 && !aside.refusal.what)
        og_sq_open_cursors(&run);
    order->is_refused = aside.refusal.what != NULL;
    if (rc == 0)
        order->facts->plan_walks[order->is_plain] = hash_walks(&run);
    if (rc == 0 && !order->is_refused &&
        (has_walk(&run) || has_automatic(&run) || has_sort(&run))) {
        rc = og_sq_run_programs(&run);
        is_understood = rc == 0 && !aside.refusal.what && !has_virtual(&run);
        order->is_refused = !is_understood && has_automatic(&run);
        add_orders(order, &run, is_understood);
    }
    (void)analyser->api.sqlite3_finalize(explain);
    if (arena.is_failed)
        rc = -ENOMEM;
    og_arena_release(&arena);
    return rc;
}

static bool is_maintenance(const struct og_facts *facts)
{
    for (size_t i = 0; i < facts->n_effects; i++)
        if (facts->effects[i].effect == OG_EFFECT_MAINTENANCE)
            return true;
    return false;
}

int og_sq_live_order(struct og_sqlite_analyser *analyser, const char *sql, size_t n_bytes,
                     struct og_facts *facts)
{
    enum og_sq_permit permit = analyser->permit;
    struct order order = {.analyser = analyser, .facts = facts};
    int rc;

    if (facts->n_columns == 0 || is_maintenance(facts))
        return 0;
    analyser->permit = OG_SQ_PERMIT_OWN;
    facts->plan_text = sql;
    rc = look_at_plan(&order, sql, n_bytes, facts->n_results);
    if (rc == 0 && (facts->n_plan_columns || order.is_refused)) {
        facts->needs_plain_plan = order.is_refused;
        order.is_plain = true;
        order.is_refused = false;
        rc = look_at_plan(&order, sql, n_bytes, facts->n_results);
    }
    analyser->permit = permit;
    if (rc != 0 || order.is_refused)
        og_facts_refuse(facts, SIZE_MAX, "a statement that the database itself does not take",
                        "correct the statement");
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* sqlite_facts.c - facts from a finished run: result columns with their sources, uses, and the
 * columns that generated columns are made of. */
#include "common/sqlite_parts.h"

#include <string.h>

#define MAX_GENERATED_DEPTH 16u

static void take_lineage(struct og_sqlite_analyser *analyser, size_t table,
                         struct og_sq_column *column, const struct og_facts *facts)
{
    const struct og_sq_table *t = &analyser->schema.tables[table];

    column->lineage = og_arena_array(&analyser->schema.arena, t->n_columns, sizeof(int));
    column->is_lineage_known = column->lineage != NULL;
    if (!column->lineage)
        return;
    if (facts->refusal.what || facts->n_results != 1) {
        column->is_lineage_fallible = true;
        for (size_t i = 0; i < t->n_columns; i++)
            if (&t->columns[i] != column)
                column->lineage[column->n_lineage++] = (int)i;
        return;
    }
    column->is_lineage_fallible = facts->n_uses > 0;
    for (size_t i = 0; i < facts->n_columns; i++) {
        int number = og_sq_column_find(t, facts->columns[i].name);

        if (number >= 0 && column->n_lineage < t->n_columns)
            column->lineage[column->n_lineage++] = number;
    }
}

const struct og_sq_column *og_sq_generated(struct og_sqlite_analyser *analyser, size_t table,
                                           int column)
{
    const struct og_sq_table *t = &analyser->schema.tables[table];
    struct og_sq_column *c = &t->columns[column];
    struct og_sq_authorizer saved = analyser->authorizer;
    struct og_facts facts;
    struct og_arena arena;
    struct og_buf sql;

    if (c->is_lineage_known)
        return c;
    og_arena_init(&arena, OG_MAX_FACTS_BYTES);
    og_facts_init(&facts, &arena, OG_DIALECT_SQLITE);
    og_buf_init(&sql, OG_MAX_SQL_BYTES);
    og_buf_printf(&sql, "SELECT %s FROM %s.", c->expression ? c->expression : "?", t->schema);
    og_sq_quote(&sql, t->name);
    if (!c->expression || og_buf_is_failed(&sql) || analyser->depth >= MAX_GENERATED_DEPTH) {
        og_facts_refuse(&facts, SIZE_MAX, "a generated column that is not understood", NULL);
    } else {
        analyser->depth++;
        if (og_sq_analyse_text(analyser, og_buf_str(&sql), sql.n_bytes, &facts) < 0)
            og_facts_refuse(&facts, SIZE_MAX, "a generated column that is not understood", NULL);
        analyser->depth--;
    }
    take_lineage(analyser, table, c, &facts);
    analyser->authorizer = saved;
    og_buf_release(&sql);
    og_arena_release(&arena);
    return c;
}

/* FILTER where nothing in the text can be one is a CASE, a coalesce or a comparison as value. */
static enum og_use use_name(const struct og_sq_text *text, const struct og_facts *facts,
                            enum og_use use)
{
    if (use != OG_USE_FILTER && use != OG_USE_JOIN && use != OG_USE_SET_OP)
        return use;
    for (size_t i = 0; i < facts->n_objects; i++)
        if (facts->objects[i].kind != OG_OBJECT_TABLE)
            return use;
    if (use == OG_USE_SET_OP)
        return text->has_set_word ? use : OG_USE_FILTER;
    if (text->has_set_word && !text->has_condition_word)
        return OG_USE_SET_OP;
    return text->has_condition_word || strcmp(text->kind, "SELECT") != 0 ? use : OG_USE_CONDITION;
}

/* The columns that one stands for: those it is generated from, and those of other tables that it
 * shows. visit: is_fallible as of the expression it comes from. */
struct behind {
    size_t tables[64];
    int columns[64];
    bool is_fallible[64];
    size_t n;
};

static void add_behind(struct behind *behind, size_t table, int column, bool is_fallible)
{
    for (size_t i = 0; i < behind->n; i++)
        if (behind->tables[i] == table && behind->columns[i] == column)
            return;
    if (behind->n == OG_COUNT(behind->tables))
        return;
    behind->tables[behind->n] = table;
    behind->columns[behind->n] = column;
    behind->is_fallible[behind->n++] = is_fallible;
}

/* The first of them is the column itself. */
static void find_behind(struct og_sqlite_analyser *analyser, const struct og_sq_base *base,
                        struct behind *behind)
{
    behind->n = 0;
    add_behind(behind, base->table, base->column, false);
    for (size_t i = 0; i < behind->n; i++) {
        size_t table = behind->tables[i];
        int column = behind->columns[i];
        const struct og_sq_column *c;

        if (column < 0)
            continue;
        c = &analyser->schema.tables[table].columns[column];
        if (c->is_generated)
            c = og_sq_generated(analyser, table, column);
        for (size_t k = 0; k < c->n_lineage; k++)
            add_behind(behind, table, c->lineage[k], c->is_lineage_fallible);
        for (size_t k = 0; k < c->n_inherits; k++)
            add_behind(behind, c->inherits[k].table, c->inherits[k].column, false);
    }
}

static const struct og_sq_column *generated_of(struct og_sqlite_analyser *analyser,
                                               const struct og_sq_base *base)
{
    const struct og_sq_table *t = &analyser->schema.tables[base->table];

    if (base->column < 0 || !t->columns[base->column].is_generated)
        return NULL;
    return og_sq_generated(analyser, base->table, base->column);
}

static void add_use(struct og_sqlite_analyser *analyser, const struct og_sq_text *text,
                    const struct og_sq_base *base, enum og_use use, bool is_beside,
                    struct og_facts *facts)
{
    size_t column = og_sq_fact_column(&analyser->schema, base->table, base->column, facts);
    struct behind behind;

    if (column == SIZE_MAX)
        return;
    og_facts_use(facts, column, use, og_sq_text_position(text, facts->columns[column].name),
                 is_beside);
    find_behind(analyser, base, &behind);
    for (size_t i = 1; i < behind.n; i++)
        og_facts_use(facts,
                     og_sq_fact_column(&analyser->schema, behind.tables[i], behind.columns[i],
                                       facts),
                     use, SIZE_MAX, is_beside);
}

/* Whether the column behind is the very value: shown, not computed. */
static bool is_shown(const struct og_sqlite_analyser *analyser, const struct og_sq_base *base,
                     const struct behind *behind, size_t i)
{
    const struct og_sq_column *c = &analyser->schema.tables[base->table].columns[base->column];

    return c->n_inherits == 1 && c->inherits[0].table == behind->tables[i] &&
           c->inherits[0].column == behind->columns[i];
}

struct source_list {
    struct og_fact_source *sources;
    size_t n, capacity;
    bool is_failed;
};

static void add_source(struct og_arena *arena, struct source_list *list, size_t column,
                       bool is_copied)
{
    struct og_fact_source *source;

    for (size_t i = 0; i < list->n; i++) {
        if (list->sources[i].column == column) {
            list->sources[i].is_copied = list->sources[i].is_copied && is_copied;
            return;
        }
    }
    source = og_arena_push(arena, &list->sources, &list->n, &list->capacity, sizeof(*source));
    if (source)
        *source = (struct og_fact_source){.column = column, .is_copied = is_copied};
}

static void add_result(struct og_sqlite_analyser *analyser, const struct og_sq_text *text,
                       const struct og_sq_run *run, uint32_t value, const char *label,
                       struct og_facts *facts)
{
    const struct og_sq_value *v = &run->values.values[value];
    struct source_list list = {.n = 0};
    enum og_type_class type = OG_TYPE_UNKNOWN;

    for (size_t k = 0; k < v->n_sources; k++) {
        const struct og_sq_base *base = &run->bases[v->sources[k] / 2];
        struct behind behind;

        add_source(facts->arena, &list,
                   og_sq_fact_column(&analyser->schema, base->table, base->column, facts),
                   !(v->sources[k] & 1));
        find_behind(analyser, base, &behind);
        for (size_t i = 1; i < behind.n; i++) {
            size_t column = og_sq_fact_column(&analyser->schema, behind.tables[i],
                                              behind.columns[i], facts);

            add_source(facts->arena, &list, column,
                       !(v->sources[k] & 1) && is_shown(analyser, base, &behind, i));
            if (behind.is_fallible[i])
                og_facts_use(facts, column, OG_USE_FALLIBLE, SIZE_MAX, false);
        }
    }
    for (size_t i = 0; i < list.n && list.sources[i].column < facts->n_columns; i++) {
        if (!list.sources[i].is_copied ||
            (i > 0 && facts->columns[list.sources[i].column].type != type)) {
            type = OG_TYPE_UNKNOWN;
            break;
        }
        type = facts->columns[list.sources[i].column].type;
    }
    (void)text;
    og_facts_result(facts, &(struct og_fact_result){.label = label ? label : "",
                                                    .sources = list.sources,
                                                    .n_sources = list.n,
                                                    .type = type});
}

static void add_returned(struct og_facts *facts, struct og_fact_result *result, size_t column)
{
    struct og_fact_source *sources =
        og_arena_array(facts->arena, result->n_sources + 1, sizeof(*sources));

    if (!sources || column == SIZE_MAX)
        return;
    if (result->n_sources)
        memcpy(sources, result->sources, result->n_sources * sizeof(*sources));
    sources[result->n_sources++] = (struct og_fact_source){.column = column, .is_copied = true};
    result->sources = sources;
    if (result->n_sources == 1)
        result->type = facts->columns[column].type;
}

/* Whether the programs can come to a row at all: those of LIMIT 0 cannot. */
static bool shows_a_row(const struct og_sq_run *run)
{
    for (size_t i = 0; i < run->n_programs; i++) {
        const struct og_sq_program *program = &run->programs[i];

        for (size_t k = 0; k < program->n_ops; k++)
            if (program->states[k] && program->ops[k].handler == OG_SQ_DO_RESULT_ROW)
                return true;
    }
    return false;
}

/* The engine's own word about where a result column comes from must be among the sources. */
static void check_origin(struct og_sqlite_analyser *analyser, const struct og_sq_text *text,
                         const struct og_sq_run *run, sqlite3_stmt *statement, int i,
                         struct og_facts *facts)
{
    const struct og_sqlite_api *api = &analyser->api;
    const char *column = api->sqlite3_column_origin_name(statement, i);
    const char *table = api->sqlite3_column_table_name(statement, i);
    const char *schema = api->sqlite3_column_database_name(statement, i);
    struct og_fact_result *result = &facts->results[facts->n_results - 1];
    size_t index;
    int number;

    if (!column || !table)
        return;
    index = og_sq_table_find(&analyser->schema, schema, table);
    if (index == SIZE_MAX)
        return;
    number = og_sq_column_find(&analyser->schema.tables[index], column);
    for (size_t k = 0; k < result->n_sources; k++)
        if (result->sources[k].column ==
            og_sq_fact_column(&analyser->schema, index, number, facts))
            return;
    if (strcmp(text->kind, "SELECT") != 0 || !shows_a_row(run)) {
        /* RETURNING: what was just written into the column; without any row, a mask all the same */
        add_returned(facts, result, og_sq_fact_column(&analyser->schema, index, number, facts));
        return;
    }
    og_facts_refuse(facts, SIZE_MAX, "a result column whose source is not certain",
                    "write the statement in a simpler form");
}

void og_sq_run_facts(struct og_sqlite_analyser *analyser, const struct og_sq_text *text,
                     struct og_sq_run *run, sqlite3_stmt *statement, struct og_facts *facts)
{
    for (size_t i = 0; i < run->n_results && !facts->refusal.what; i++) {
        add_result(analyser, text, run, run->results[i],
                   analyser->api.sqlite3_column_name(statement, (int)i), facts);
        if (facts->n_results == 0)
            return;
        facts->results[facts->n_results - 1].is_untyped =
            !analyser->api.sqlite3_column_decltype(statement, (int)i);
        check_origin(analyser, text, run, statement, (int)i, facts);
    }
    /* NATURAL and USING read columns that the authorizer does not name */
    for (size_t i = 0; i < run->n_bases; i++)
        og_facts_effect(facts, OG_EFFECT_SELECT,
                        og_sq_fact_table(&analyser->schema, run->bases[i].table, facts));
    for (size_t i = 0; i < run->n_uses; i++) {
        const struct og_sq_base *base = &run->bases[run->uses[i].base];

        if (run->uses[i].equality && !generated_of(analyser, base) &&
            use_name(text, facts, OG_USE_FILTER) == OG_USE_FILTER) {
            og_facts_equality(facts, og_sq_fact_column(&analyser->schema, base->table,
                                                       base->column, facts), 0);
            continue;
        }
        add_use(analyser, text, &run->bases[run->uses[i].base],
                use_name(text, facts, run->uses[i].use), run->uses[i].is_beside_full_key, facts);
    }
    og_sq_lookup_check(text, facts);
}

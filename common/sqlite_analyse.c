/* SPDX-License-Identifier: MIT */
#include "common/sqlite_analyse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/sqlite_parts.h"

/* The engine's own message; it names tables and columns of the text. */
static void refuse_engine(struct og_sqlite_analyser *analyser, const struct og_sq_text *text,
                          struct og_facts *facts)
{
    const char *message = analyser->api.sqlite3_errmsg(analyser->shadow);
    static const char no_table[] = "no such table: ";

    (void)text;
    for (size_t i = 0; i < analyser->authorizer.n_records; i++)
        if (analyser->authorizer.records[i].action == SQLITE_CREATE_VTABLE ||
            analyser->authorizer.records[i].action == SQLITE_DROP_VTABLE) {
            og_facts_refuse(facts, SIZE_MAX, "making or removing a virtual table",
                            "have it done by whoever keeps the database, not over a guarded connection");
            return;
        }
    if (strncmp(message, no_table, sizeof(no_table) - 1) == 0) {
        const char *name = message + sizeof(no_table) - 1;
        const char *dot = strchr(name, '.');

        if (og_sq_is_closed(&analyser->schema, dot ? dot + 1 : name)) {
            og_facts_refusef(facts, SIZE_MAX, "read ordinary tables and views",
                             "the virtual or internal table %s", name);
            return;
        }
    }
    og_facts_refusef(facts, SIZE_MAX, "correct the statement", "the engine says: %s", message);
}

static bool has_switch(const struct og_sqlite_analyser *analyser)
{
    for (size_t i = 0; i < analyser->authorizer.n_records; i++) {
        int action = analyser->authorizer.records[i].action;

        if (action == SQLITE_PRAGMA || action == SQLITE_ATTACH || action == SQLITE_DETACH)
            return true;
    }
    return false;
}

/* Whether nothing but space and comments follows: the engine finds no statement there. */
static bool is_at_end(struct og_sqlite_analyser *analyser, const char *tail, const char *end)
{
    while (tail < end) {
        sqlite3_stmt *more = NULL;
        const char *next = NULL;
        int rc = analyser->api.sqlite3_prepare_v2(analyser->shadow, tail, (int)(end - tail), &more,
                                                  &next);

        if (rc != SQLITE_OK || more) {
            (void)analyser->api.sqlite3_finalize(more);
            return false;
        }
        if (!next || next <= tail)
            return true;
        tail = next;
    }
    return true;
}

static void count_statement(struct og_sqlite_analyser *analyser, sqlite3_stmt *statement,
                            struct og_facts *facts)
{
    int n_parameters = analyser->api.sqlite3_bind_parameter_count(statement);
    int n_columns = analyser->api.sqlite3_column_count(statement);

    facts->n_parameters = (size_t)n_parameters;
    facts->returns_rows = n_columns > 0;
    if ((size_t)n_parameters > OG_MAX_PARAMETERS)
        og_facts_refuse(facts, SIZE_MAX, "too many parameters", "bind fewer parameters");
    if ((size_t)n_columns > OG_MAX_RESULT_COLUMNS)
        og_facts_refuse(facts, SIZE_MAX, "too many result columns", "name fewer columns");
}

/* Result columns without sources: what pragmas and plans tell. */
static void plain_results(struct og_sqlite_analyser *analyser, sqlite3_stmt *statement,
                          struct og_facts *facts)
{
    int n = analyser->api.sqlite3_column_count(statement);

    for (int i = 0; i < n; i++)
        og_facts_result(facts, &(struct og_fact_result){
                                   .label = analyser->api.sqlite3_column_name(statement, i)});
}

static bool has_growing_function(const struct og_facts *facts)
{
    for (size_t i = 0; i < facts->n_functions; i++)
        if (og_sq_function_kind(facts->functions[i].name) == OG_SQ_FUNCTION_GROW)
            return true;
    return false;
}

/* Turns what a statement would do into what explaining it tells. */
static void explain_facts(struct og_sqlite_analyser *analyser, sqlite3_stmt *explain,
                          struct og_facts *facts)
{
    size_t n_columns = facts->n_columns;

    facts->kind = "EXPLAIN";
    facts->n_results = 0;
    facts->n_uses = 0;
    facts->n_writes = 0;
    facts->n_effects = 0;
    facts->is_transaction_control = false;
    facts->changes_catalog = false;
    for (size_t i = 0; i < facts->n_objects; i++)
        og_facts_effect(facts, OG_EFFECT_EXPLAIN, i);
    if (facts->n_objects == 0)
        og_facts_effect(facts, OG_EFFECT_EXPLAIN, OG_NO_OBJECT);
    for (size_t i = 0; i < n_columns; i++)
        og_facts_use(facts, i, OG_USE_EXPLAIN, SIZE_MAX, false);
    facts->returns_rows = true;
    plain_results(analyser, explain, facts);
}

/* Of rows without columns only the program tells whether they are a virtual table's. */
static void refuse_unnamed_virtual(struct og_sqlite_analyser *analyser,
                                   const struct og_sq_run *run, struct og_facts *facts)
{
    bool has_virtual = false;

    for (size_t k = 0; k < run->n_programs; k++)
        for (size_t i = 0; i < run->programs[k].n_ops; i++)
            has_virtual = has_virtual || strcmp(run->programs[k].ops[i].name, "VOpen") == 0;
    for (size_t i = 0; has_virtual && i < analyser->authorizer.n_records; i++) {
        const struct og_sq_record *record = &analyser->authorizer.records[i];

        if (og_sq_is_named_alone(record) &&
            og_sq_table_find(&analyser->schema, NULL, record->a) == SIZE_MAX &&
            !og_sq_is_same(record->a, "json_each") && !og_sq_is_same(record->a, "json_tree"))
            og_facts_refusef(facts, SIZE_MAX, "read ordinary tables and views",
                             "the virtual table %s", record->a);
    }
}

static int run_explain(struct og_sqlite_analyser *analyser, const struct og_sq_text *text,
                       sqlite3_stmt *statement, sqlite3_stmt *explain, struct og_facts *facts)
{
    struct og_arena arena;
    struct og_sq_run run = {.schema = &analyser->schema,
                            .arena = &arena,
                            .facts = facts,
                            .place = analyser->place,
                            .ignores_catalog = text->changes_catalog || text->is_maintenance,
                            .has_growth = has_growing_function(facts),
                            .n_results =
                                (size_t)analyser->api.sqlite3_column_count(statement)};
    int rc;

    og_arena_init(&arena, OG_SQ_WORK_BYTES);
    rc = og_sq_values_init(&run.values, &arena);
    run.results = og_arena_array(&arena, run.n_results, sizeof(*run.results));
    if (rc == 0 && !run.results)
        rc = -ENOMEM;
    if (rc == 0)
        rc = og_sq_program_read(&analyser->api, &run, explain);
    if (rc == 0 && !facts->refusal.what)
        refuse_unnamed_virtual(analyser, &run, facts);
    if (rc == 0 && !facts->refusal.what)
        og_sq_open_cursors(&run);
    if (rc == 0 && !facts->refusal.what)
        rc = og_sq_run_programs(&run);
    if (rc == -ENOMEM || arena.is_failed) {
        og_facts_refuse(facts, SIZE_MAX, "a statement too large to analyse",
                        "split it into smaller statements");
        rc = 0;
    }
    if (rc == 0 && !facts->refusal.what)
        og_sq_run_facts(analyser, text, &run, statement, facts);
    og_arena_release(&arena);
    return rc;
}

static sqlite3_stmt *prepare_explain(struct og_sqlite_analyser *analyser, const char *sql,
                                     size_t n_bytes)
{
    sqlite3_stmt *statement = NULL;
    struct og_buf buf;

    og_buf_init(&buf, OG_MAX_SQL_BYTES + 64);
    og_buf_append_str(&buf, "EXPLAIN ");
    og_buf_append(&buf, sql, n_bytes);
    if (og_buf_is_failed(&buf) ||
        analyser->api.sqlite3_prepare_v2(analyser->shadow, og_buf_str(&buf), -1, &statement,
                                         NULL) != SQLITE_OK)
        statement = NULL;
    og_buf_release(&buf);
    return statement;
}

/* The shadow has no indexes: what dropping one does is told from the schema. */
static void drop_index(struct og_sqlite_analyser *analyser, const struct og_sq_text *text,
                       struct og_facts *facts)
{
    const struct og_sq_schema *schema = &analyser->schema;

    facts->changes_catalog = true;
    for (size_t i = 0; i < schema->n_indexes; i++) {
        const struct og_sq_index *index = &schema->indexes[i];

        if (!og_sq_is_same(index->name, text->dropped))
            continue;
        og_facts_effect(facts, OG_EFFECT_DROP,
                        og_facts_object(facts, &(struct og_object){
                                                   .kind = OG_OBJECT_INDEX,
                                                   .schema = index->schema,
                                                   .name = index->name,
                                                   .is_temporary =
                                                       strcmp(index->schema, "temp") == 0}));
        og_facts_effect(facts, OG_EFFECT_ALTER, og_sq_fact_table(schema, index->table, facts));
    }
    if (facts->n_effects == 0)
        og_facts_refusef(facts, SIZE_MAX, "correct the statement", "the unknown index %s",
                         text->dropped);
}

static bool has_record(const struct og_sqlite_analyser *analyser, int action, const char *name)
{
    for (size_t i = 0; i < analyser->authorizer.n_records; i++) {
        const struct og_sq_record *record = &analyser->authorizer.records[i];

        if (record->action == action && (!name || og_sq_is_same(record->a, name)))
            return true;
    }
    return false;
}

/* The engine's programs for ALTER TABLE rewrite the schema by functions of its own. What can show
 * a row's value is a condition over columns, which then stand in the text. */
static void alter_uses(struct og_sqlite_analyser *analyser, const struct og_sq_text *text,
                       struct og_facts *facts)
{
    const struct og_sq_schema *schema = &analyser->schema;
    bool checks_rows = has_record(analyser, SQLITE_READ, OG_SQ_CHECK_OF_ROWS);

    for (size_t i = 0; i < facts->n_effects; i++) {
        size_t table;

        if (facts->effects[i].effect != OG_EFFECT_ALTER ||
            facts->effects[i].object == OG_NO_OBJECT)
            continue;
        table = og_sq_table_find(schema, facts->objects[facts->effects[i].object].schema,
                                 facts->objects[facts->effects[i].object].name);
        for (size_t c = 0; table != SIZE_MAX && c < schema->tables[table].n_columns; c++)
            if (checks_rows || og_sq_text_has(text, schema->tables[table].columns[c].name))
                og_facts_use(facts, og_sq_fact_column(schema, table, (int)c, facts),
                             OG_USE_FALLIBLE, SIZE_MAX, false);
        /* policies name columns: under another name the table's would be clear */
        for (size_t c = 0; table != SIZE_MAX && og_sq_text_renames(text) &&
                           c < schema->tables[table].n_columns; c++)
            og_facts_use(facts, og_sq_fact_column(schema, table, (int)c, facts), OG_USE_STORE,
                         SIZE_MAX, false);
    }
}

static int analyse_prepared(struct og_sqlite_analyser *analyser, const struct og_sq_text *text,
                            const char *sql, size_t n_bytes, sqlite3_stmt *statement,
                            struct og_facts *facts)
{
    sqlite3_stmt *explain;
    int rc = 0;

    count_statement(analyser, statement, facts);
    if (has_switch(analyser)) {
        og_sq_record_facts(analyser, text, facts);
        plain_results(analyser, statement, facts);
        return 0;
    }
    explain = prepare_explain(analyser, sql, n_bytes);
    if (!explain) {
        refuse_engine(analyser, text, facts);
        return 0;
    }
    og_sq_record_facts(analyser, text, facts);
    og_sq_reference_facts(analyser, facts);
    if (strcmp(text->kind, "ALTER TABLE") == 0)
        alter_uses(analyser, text, facts);
    else if (!facts->refusal.what)
        rc = run_explain(analyser, text, statement, explain, facts);
    (void)analyser->api.sqlite3_finalize(explain);
    if (rc == 0 && text->explain_bytes && !facts->refusal.what) {
        sqlite3_stmt *whole = NULL;

        if (analyser->api.sqlite3_prepare_v2(analyser->shadow, text->sql,
                                             (int)(text->explain_bytes + n_bytes), &whole,
                                             NULL) != SQLITE_OK)
            refuse_engine(analyser, text, facts);
        else
            explain_facts(analyser, whole, facts);
        (void)analyser->api.sqlite3_finalize(whole);
    }
    return rc;
}

int og_sq_analyse_text(struct og_sqlite_analyser *analyser, const char *sql, size_t n_bytes,
                       struct og_facts *facts)
{
    struct og_sq_text text;
    sqlite3_stmt *statement = NULL;
    const char *tail = NULL;
    int rc = og_sq_text_read(facts, sql, n_bytes, &text);

    facts->kind = text.kind;
    if (rc || facts->refusal.what)
        return rc;
    if (strcmp(text.kind, "VACUUM") == 0 && text.has_into) {
        og_facts_refuse(facts, SIZE_MAX, "VACUUM INTO, which writes a copy of the whole database",
                        NULL);
        return 0;
    }
    if (text.dropped && !text.explain_bytes) {
        drop_index(analyser, &text, facts);
        return 0;
    }
    analyser->authorizer = (struct og_sq_authorizer){.arena = facts->arena};
    (void)analyser->api.sqlite3_set_authorizer(analyser->shadow, og_sq_shadow_authorizer,
                                               &analyser->authorizer);
    sql += text.explain_bytes;
    n_bytes -= text.explain_bytes;
    rc = analyser->api.sqlite3_prepare_v2(analyser->shadow, sql, (int)n_bytes, &statement, &tail);
    if (rc != SQLITE_OK && has_switch(analyser)) {
        og_sq_record_facts(analyser, &text, facts);
        rc = 0;
    } else if (rc != SQLITE_OK) {
        refuse_engine(analyser, &text, facts);
        rc = 0;
    } else if (!statement) {
        og_facts_refuse(facts, SIZE_MAX, "a text without a statement", "give one statement");
    } else if (!is_at_end(analyser, tail, sql + n_bytes)) {
        og_facts_refuse(facts, (size_t)(tail - sql) + text.explain_bytes,
                        "more than one statement in one text", "send them one by one");
    } else {
        rc = analyse_prepared(analyser, &text, sql, n_bytes, statement, facts);
    }
    (void)analyser->api.sqlite3_finalize(statement);
    (void)analyser->api.sqlite3_set_authorizer(analyser->shadow, NULL, NULL);
    return rc;
}

/* What names an index, or a key that only an index holds, does not compile without it. */
static bool needs_index(const struct og_facts *facts)
{
    static const char *const texts[] = {
        "the engine says: ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint",
        "the engine says: no such index: ",
    };

    for (size_t i = 0; facts->refusal.what && i < OG_COUNT(texts); i++)
        if (strncmp(facts->refusal.what, texts[i], strlen(texts[i])) == 0)
            return true;
    return false;
}

/* On the shadow with indexes. What their order hides there, the live program shows. */
static int analyse_indexed(struct og_sqlite_analyser *analyser, const char *sql, size_t n_bytes,
                           struct og_facts *facts)
{
    struct og_arena *arena = facts->arena;
    uint64_t stamp = facts->catalog_stamp;
    int rc = og_sq_exchange_shadow(analyser);

    if (rc)
        return rc < 0 ? rc : 0; /* the refusal stays */
    og_facts_init(facts, arena, OG_DIALECT_SQLITE);
    facts->catalog_stamp = stamp;
    rc = og_sq_analyse_text(analyser, sql, n_bytes, facts);
    if (og_sq_exchange_shadow(analyser) && rc == 0)
        rc = -EIO;
    return rc;
}

int og_sqlite_analyse(struct og_sqlite_analyser *analyser, const char *sql, size_t n_bytes,
                      struct og_facts *facts)
{
    char *copy;
    int rc;

    if (n_bytes > OG_MAX_SQL_BYTES) {
        og_facts_refuse(facts, SIZE_MAX, "a text too long to analyse", "bind long values");
        return 0;
    }
    if (memchr(sql, '\0', n_bytes)) {
        og_facts_refuse(facts, SIZE_MAX, "a NUL byte in the text", "bind the value");
        return 0;
    }
    rc = og_sq_refresh(analyser, facts);
    if (rc || facts->refusal.what)
        return rc;
    copy = og_arena_strndup(facts->arena, sql, n_bytes); /* with a NUL behind it */
    if (!copy)
        return -ENOMEM;
    rc = og_sq_analyse_text(analyser, copy, n_bytes, facts);
    if (rc == 0 && needs_index(facts))
        rc = analyse_indexed(analyser, copy, n_bytes, facts);
    if (rc == 0 && !facts->refusal.what && strcmp(facts->kind, "EXPLAIN") != 0 &&
        !facts->is_transaction_control && !facts->changes_catalog && !has_switch(analyser))
        rc = og_sq_live_order(analyser, copy, n_bytes, facts);
    if (rc == -ENOMEM && og_arena_is_failed(facts->arena))
        rc = 0; /* refused below */
    /* SELECT 1 reads no table, and is a select all the same. */
    if (rc == 0 && !facts->refusal.what && !facts->n_effects && facts->kind &&
        strcmp(facts->kind, "SELECT") == 0)
        og_facts_effect(facts, OG_EFFECT_SELECT, OG_NO_OBJECT);
    if (rc == 0 && og_arena_is_failed(facts->arena))
        og_facts_refuse(facts, SIZE_MAX, "a statement too large to analyse",
                        "split it into smaller statements");
    return rc;
}

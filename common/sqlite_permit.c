/* SPDX-License-Identifier: MIT */
/* sqlite_permit.c - the authorizer on the live handle, which holds what compiles there to the facts of
 * the current statement. */
#include "common/sqlite_parts.h"

#include <string.h>

static bool has_view(const struct og_facts *facts, const char *schema, const char *name)
{
    for (size_t i = 0; i < facts->n_objects; i++)
        if (facts->objects[i].kind == OG_OBJECT_VIEW &&
            og_sq_is_same(facts->objects[i].name, name) &&
            (!schema || og_sq_is_same(facts->objects[i].schema, schema)))
            return true;
    return false;
}

static bool has_object(const struct og_facts *facts, const char *schema, const char *name)
{
    for (size_t i = 0; i < facts->n_objects; i++)
        if (og_sq_is_same(facts->objects[i].name, name) &&
            (!schema || !facts->objects[i].schema[0] ||
             og_sq_is_same(facts->objects[i].schema, schema)))
            return true;
    return false;
}

/* A column that is named but flows nowhere reads as NULL: should a view change under a prepared
 * statement, the column cannot come out by it. */
static int read_column(const struct og_sqlite_analyser *analyser, const char *schema,
                       const char *table, const char *column)
{
    const struct og_facts *facts = &analyser->permitted;

    if (!column[0] || og_sq_is_same(column, "ROWID"))
        return has_object(facts, schema, table) ? SQLITE_OK : SQLITE_DENY;
    for (size_t i = 0; i < facts->n_columns; i++) {
        const struct og_object *object = &facts->objects[facts->columns[i].object];

        if (og_sq_is_same(facts->columns[i].name, column) &&
            og_sq_is_same(object->name, table) &&
            (!schema || og_sq_is_same(object->schema, schema)))
            return analyser->needed[i] ? SQLITE_OK : SQLITE_IGNORE;
    }
    return SQLITE_DENY;
}

static bool has_effect(const struct og_facts *facts, enum og_effect effect, const char *name)
{
    for (size_t i = 0; i < facts->n_effects; i++) {
        if (facts->effects[i].effect != effect)
            continue;
        if (!name || facts->effects[i].object == OG_NO_OBJECT ||
            og_sq_is_same(facts->objects[facts->effects[i].object].name, name))
            return true;
    }
    return false;
}

static bool has_function(const struct og_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->n_functions; i++)
        if (og_sq_is_same(facts->functions[i].name, name))
            return true;
    return false;
}

static bool is_schema_table(const char *name)
{
    return og_sq_is_same(name, "sqlite_master") || og_sq_is_same(name, "sqlite_schema") ||
           og_sq_is_same(name, "sqlite_temp_master") || og_sq_is_same(name, "sqlite_temp_schema");
}

static bool is_engines_table(const char *name)
{
    return is_schema_table(name) || og_sq_is_same(name, "sqlite_sequence") ||
           (name && strncmp(name, "sqlite_stat", 11) == 0);
}

/* A table that the engine makes up from its arguments, not from the database. */
static bool is_made_up(const char *name)
{
    return og_sq_is_same(name, "json_each") || og_sq_is_same(name, "json_tree") ||
           og_sq_is_same(name, "generate_series");
}

static bool is_made_up_elsewhere(const char *name)
{
    return og_sq_is_same(name, "dbstat") || og_sq_is_same(name, "sqlite_stmt") ||
           og_sq_is_same(name, "sqlite_dbpage") || og_sq_is_same(name, "bytecode");
}

static bool allows_change(const struct og_facts *facts, int action, const char *table,
                          const char *column, const char *schema)
{
    enum og_effect effect = action == SQLITE_INSERT   ? OG_EFFECT_INSERT
                            : action == SQLITE_UPDATE ? OG_EFFECT_UPDATE
                                                      : OG_EFFECT_DELETE;

    (void)column;
    /* the engine declares its made-up tables so; the switch DEFENSIVE keeps statements from it */
    if (action == SQLITE_UPDATE && is_schema_table(table))
        return true;
    if (is_engines_table(table) &&
        (facts->changes_catalog || has_effect(facts, OG_EFFECT_MAINTENANCE, NULL)))
        return true;
    if (has_effect(facts, OG_EFFECT_EXPLAIN, table))
        return true;
    return has_effect(facts, effect, table) && has_object(facts, schema, table);
}

static bool allows_definition(const struct og_facts *facts, int action, const char *name)
{
    switch (action) {
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_VIEW:
        return has_effect(facts, OG_EFFECT_CREATE, name) ||
               (strncmp(name, "sqlite_", 7) == 0 &&
                (facts->changes_catalog || has_effect(facts, OG_EFFECT_MAINTENANCE, NULL)));
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_TEMP_INDEX:
    case SQLITE_DROP_TEMP_TABLE:
    case SQLITE_DROP_TEMP_TRIGGER:
    case SQLITE_DROP_TEMP_VIEW:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_DROP_VIEW:
        return has_effect(facts, OG_EFFECT_DROP, NULL);
    default:
        return false;
    }
}

/* With autocommit off the driver itself begins, and takes back what failed. */
static bool is_drivers_transaction(const char *word)
{
    return og_sq_is_same(word, "BEGIN") || og_sq_is_same(word, "ROLLBACK");
}

/* What a virtual table does to the tables that it keeps. */
static bool allows_virtual(const struct og_sqlite_analyser *analyser, int action, const char *a)
{
    const struct og_facts *facts = &analyser->permitted;

    if (action == SQLITE_PRAGMA)
        return analyser->schema.n_virtual > 0 &&
               (og_sq_is_same(a, "data_version") || og_sq_is_same(a, "page_size"));
    return (action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE) &&
           og_sq_is_behind_virtual(&analyser->schema, facts, a, NULL);
}

static bool reaches_out(const char *function)
{
    static const char *const names[] = {"load_extension", "blob_import",    "blob_export",
                                        "readfile",       "writefile",      "edit",
                                        "fts3_tokenizer", "fsdir",          "lsdir"};

    for (size_t i = 0; i < OG_COUNT(names); i++)
        if (og_sq_is_same(names[i], function))
            return true;
    return false;
}

/* VACUUM writes all of the database anew into a file of its own, by statements that the engine makes from the
 * schema. VACUUM INTO, which leaves that file to somebody, never gets here. */
static bool allows_vacuum(const struct og_facts *facts, int action, const char *a, const char *b,
                          const char *schema)
{
    if (!facts->kind || strcmp(facts->kind, "VACUUM") != 0)
        return false;
    if (action == SQLITE_ATTACH)
        return !a[0]; /* a temporary file */
    if (action == SQLITE_FUNCTION)
        return !reaches_out(b);
    return action != SQLITE_DETACH && schema && strcmp(schema, "vacuum_db") == 0;
}

/* A condition that ALTER TABLE adds is held against all rows. */
static bool checks_altered(const struct og_facts *facts, const char *a, const char *b)
{
    return og_sq_is_same(a, "quick_check") && b[0] && has_effect(facts, OG_EFFECT_ALTER, b) &&
           facts->kind && strcmp(facts->kind, "ALTER TABLE") == 0;
}

static bool allows_by_facts(const struct og_facts *facts, int action, const char *a, const char *b,
                            const char *schema)
{
    if (allows_vacuum(facts, action, a, b, schema))
        return true;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return true;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        return allows_change(facts, action, a, b, schema);
    case SQLITE_FUNCTION:
        return has_function(facts, b);
    case SQLITE_TRANSACTION:
        return facts->is_transaction_control || is_drivers_transaction(a);
    case SQLITE_SAVEPOINT:
        return facts->is_transaction_control;
    case SQLITE_PRAGMA:
        return has_effect(facts, OG_EFFECT_PRAGMA, a) || checks_altered(facts, a, b);
    case SQLITE_ALTER_TABLE:
        return has_effect(facts, OG_EFFECT_ALTER, b);
    case SQLITE_ANALYZE:
    case SQLITE_REINDEX:
        return has_effect(facts, OG_EFFECT_MAINTENANCE, NULL) || facts->changes_catalog;
    default:
        return allows_definition(facts, action, a);
    }
}

/* A table that the statement makes has no rows to read. */
static bool makes_table(const struct og_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->n_effects; i++) {
        const struct og_fact_effect *effect = &facts->effects[i];

        if (effect->effect == OG_EFFECT_CREATE && effect->object != OG_NO_OBJECT &&
            facts->objects[effect->object].kind == OG_OBJECT_TABLE &&
            og_sq_is_same(facts->objects[effect->object].name, name))
            return true;
    }
    return false;
}

/* Returns: what the authorizer answers to a read. */
static int read_by_facts(const struct og_sqlite_analyser *analyser, const char *a, const char *b,
                         const char *schema)
{
    const struct og_facts *facts = &analyser->permitted;
    bool is_maintenance = has_effect(facts, OG_EFFECT_MAINTENANCE, NULL);

    if (is_engines_table(a) && (facts->changes_catalog || is_maintenance))
        return SQLITE_OK;
    if (is_maintenance && !is_schema_table(a))
        return SQLITE_OK;
    if (og_sq_is_behind_virtual(&analyser->schema, facts, a, b))
        return SQLITE_OK;
    if (is_made_up(a) ||
        (strncmp(a, "pragma_", 7) == 0 && has_effect(facts, OG_EFFECT_PRAGMA, a + 7)))
        return SQLITE_OK;
    if (og_sq_is_same(a, OG_SQ_CHECK_OF_ROWS) && facts->kind && strcmp(facts->kind, "ALTER TABLE") == 0)
        return SQLITE_OK;
    if (is_schema_table(a))
        return og_sq_is_same(b, "ROWID") || has_object(facts, NULL, "sqlite_master") ||
                       has_object(facts, NULL, "sqlite_temp_master")
                   ? SQLITE_OK
                   : SQLITE_DENY;
    /* rows without a column: a table that is read by no column, or a common table expression */
    if (!b[0] && !schema && !is_made_up_elsewhere(a))
        return SQLITE_OK;
    if (makes_table(facts, a))
        return SQLITE_OK;
    /* what a view reads is held by its base tables' columns */
    return has_view(facts, schema, a) ? SQLITE_OK : read_column(analyser, schema, a, b);
}

static bool allows_all(int action, const char *b)
{
    if (action == SQLITE_ATTACH || action == SQLITE_DETACH || action == SQLITE_CREATE_VTABLE ||
        action == SQLITE_DROP_VTABLE)
        return false;
    return action != SQLITE_FUNCTION || !reaches_out(b);
}

static bool allows_catalog(int action, const char *a, const char *b)
{
    switch (action) {
    case SQLITE_SELECT:
        return true;
    case SQLITE_READ:
        return is_schema_table(a);
    case SQLITE_FUNCTION:
        return og_sq_function_kind(b) != OG_SQ_FUNCTION_UNKNOWN;
    case SQLITE_TRANSACTION:
        return is_drivers_transaction(a);
    default:
        return false;
    }
}

int og_sq_live_authorizer(void *context, int action, const char *a, const char *b,
                          const char *schema, const char *origin)
{
    const struct og_sqlite_analyser *analyser = context;
    bool is_allowed = false;

    (void)origin;
    /* drivers ask for the types of columns while they prepare anything */
    if (action == SQLITE_PRAGMA && og_sq_pragma_kind(a, b) == OG_SQ_PRAGMA_SCHEMA)
        return SQLITE_OK;
    switch (analyser->permit) {
    case OG_SQ_PERMIT_NOTHING:
        break;
    case OG_SQ_PERMIT_FACTS:
        if (action == SQLITE_READ)
            return read_by_facts(analyser, a ? a : "", b ? b : "", schema);
        is_allowed = allows_by_facts(&analyser->permitted, action, a ? a : "", b ? b : "",
                                     schema) ||
                     allows_virtual(analyser, action, a ? a : "");
        break;
    case OG_SQ_PERMIT_CATALOG:
        is_allowed = allows_catalog(action, a, b);
        break;
    case OG_SQ_PERMIT_TRANSACTION:
        is_allowed = action == SQLITE_TRANSACTION || action == SQLITE_SAVEPOINT;
        break;
    case OG_SQ_PERMIT_ALL:
        is_allowed = allows_all(action, b);
        break;
    case OG_SQ_PERMIT_OWN:
        is_allowed = true;
        break;
    }
    return is_allowed ? SQLITE_OK : SQLITE_DENY;
}

/* SPDX-License-Identifier: MIT */
/* Statements that are no query, by a table: their name, their effect, and where their objects stand. What
 * is not in the table is refused by number. */
#include "common/pg_walk.h"

typedef void utility(struct og_pg_walk *w, Node *node);

void og_pg_set_kind(struct og_pg_walk *w, const char *kind)
{
    w->facts->kind = og_arena_strdup(w->facts->arena, kind);
}

/* An object that need not exist yet, or is none of the catalog's relations. */
static size_t named_object(struct og_pg_walk *w, enum og_object_kind kind, const char *schema,
                           const char *name, bool is_temporary)
{
    struct og_object object = {.kind = kind,
                               .schema = schema ? schema : "",
                               .name = name ? name : "",
                               .is_temporary = is_temporary};

    return og_facts_object(w->facts, &object);
}

size_t og_pg_named_relation(struct og_pg_walk *w, const RangeVar *var, enum og_object_kind kind)
{
    const struct og_relation *relation = NULL;
    int r;

    if (!var)
        return OG_NO_OBJECT;
    r = w->catalog->relation(w->catalog, var->schemaname, var->relname, &relation);
    if (r < 0)
        w->error = r;
    if (r == 0)
        return og_pg_object(w, relation);
    return named_object(w, kind, var->schemaname, var->relname,
                        var->relpersistence == RELPERSISTENCE_TEMP);
}

static void effect_on(struct og_pg_walk *w, enum og_effect effect, size_t object)
{
    og_facts_effect(w->facts, effect, object);
}

/* A name as a list of strings. */
static size_t listed_object(struct og_pg_walk *w, Node *node, ObjectType type)
{
    RangeVar var = {.type = T_RangeVar, .relpersistence = RELPERSISTENCE_PERMANENT};
    enum og_object_kind kind = type == OBJECT_VIEW       ? OG_OBJECT_VIEW
                               : type == OBJECT_MATVIEW  ? OG_OBJECT_MATERIALISED_VIEW
                               : type == OBJECT_INDEX    ? OG_OBJECT_INDEX
                               : type == OBJECT_SEQUENCE ? OG_OBJECT_SEQUENCE
                               : type == OBJECT_SCHEMA   ? OG_OBJECT_SCHEMA
                               : type == OBJECT_FUNCTION ? OG_OBJECT_FUNCTION
                                                         : OG_OBJECT_OTHER;
    List *names = NIL;
    int n;

    if (IsA(node, String))
        return named_object(w, kind, NULL, strVal(node), false);
    if (IsA(node, ObjectWithArgs))
        names = ((ObjectWithArgs *)node)->objname;
    else if (IsA(node, TypeName))
        names = ((TypeName *)node)->names;
    else if (IsA(node, List))
        names = (List *)node;
    if (names == NIL || !og_pg_str(llast(names)))
        return OG_NO_OBJECT;
    n = list_length(names);
    /* A trigger's own name stands behind its table's. */
    if (n > 1 && (type == OBJECT_TRIGGER || type == OBJECT_RULE || type == OBJECT_POLICY))
        n--;
    var.relname = (char *)(uintptr_t)og_pg_str(list_nth(names, n - 1));
    var.schemaname = n > 1 ? (char *)(uintptr_t)og_pg_str(list_nth(names, n - 2)) : NULL;
    if (type == OBJECT_TABLE || type == OBJECT_VIEW || type == OBJECT_MATVIEW ||
        type == OBJECT_INDEX || type == OBJECT_SEQUENCE || type == OBJECT_FOREIGN_TABLE ||
        type == OBJECT_TRIGGER || type == OBJECT_RULE || type == OBJECT_POLICY)
        return og_pg_named_relation(w, &var, type == OBJECT_TABLE || type == OBJECT_FOREIGN_TABLE
                                            ? OG_OBJECT_TABLE
                                            : kind);
    return named_object(w, kind, var.schemaname, var.relname, false);
}

static const char *type_word(ObjectType type)
{
    switch (type) {
    case OBJECT_TABLE:
        return "TABLE";
    case OBJECT_VIEW:
        return "VIEW";
    case OBJECT_MATVIEW:
        return "MATERIALIZED VIEW";
    case OBJECT_INDEX:
        return "INDEX";
    case OBJECT_SEQUENCE:
        return "SEQUENCE";
    case OBJECT_SCHEMA:
        return "SCHEMA";
    case OBJECT_FUNCTION:
        return "FUNCTION";
    case OBJECT_TRIGGER:
        return "TRIGGER";
    default:
        return "OBJECT";
    }
}

static void set_kind_of(struct og_pg_walk *w, const char *verb, ObjectType type)
{
    w->facts->kind = og_arena_printf(w->facts->arena, "%s %s", verb, type_word(type));
}

/* ---- transactions and settings ---- */

static void transaction(struct og_pg_walk *w, Node *node)
{
    static const char *const kinds[] = {
        [TRANS_STMT_BEGIN] = "BEGIN",
        [TRANS_STMT_START] = "BEGIN",
        [TRANS_STMT_COMMIT] = "COMMIT",
        [TRANS_STMT_ROLLBACK] = "ROLLBACK",
        [TRANS_STMT_SAVEPOINT] = "SAVEPOINT",
        [TRANS_STMT_RELEASE] = "RELEASE",
        [TRANS_STMT_ROLLBACK_TO] = "ROLLBACK TO",
    };
    TransactionStmt *stmt = (TransactionStmt *)node;

    if ((size_t)stmt->kind >= OG_COUNT(kinds) || !kinds[stmt->kind]) {
        og_pg_refuse(w, -1, "a two-phase commit", "commit the transaction plainly");
        return;
    }
    og_pg_set_kind(w, kinds[stmt->kind]);
    w->facts->is_transaction_control = true;
    effect_on(w, OG_EFFECT_SESSION, OG_NO_OBJECT);
}

/* Settings that change how results look or how long things may take, and nothing else. */
bool og_pg_is_harmless_setting(const char *name)
{
    static const char *const names[] = {
#define SETTING(name) name,
#include "common/pg_setting.tbl.h"
#undef SETTING
    };

    for (size_t i = 0; i < OG_COUNT(names); i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

/* The one value of a setting that the guard itself relies on. */
static bool is_pinned_value(const char *name, const List *args)
{
    const char *value = list_length(args) == 1 ? og_pg_literal(linitial(args)) : NULL;

    if (!value)
        return false;
    if (strcasecmp(name, "client_encoding") == 0)
        return strcasecmp(value, "utf8") == 0 || strcasecmp(value, "utf-8") == 0 ||
               strcasecmp(value, "unicode") == 0;
    return strcasecmp(name, "standard_conforming_strings") == 0 &&
           (strcasecmp(value, "on") == 0 || strcasecmp(value, "t") == 0 ||
            strcasecmp(value, "true") == 0);
}

static void variable_set(struct og_pg_walk *w, Node *node)
{
    VariableSetStmt *stmt = (VariableSetStmt *)node;
    const char *name = stmt->name ? stmt->name : "all";

    og_pg_set_kind(w, stmt->kind == VAR_RESET || stmt->kind == VAR_RESET_ALL ? "RESET" : "SET");
    effect_on(w, OG_EFFECT_SET, named_object(w, OG_OBJECT_SETTING, NULL, name, false));
    /* SET TRANSACTION ... and SET SESSION CHARACTERISTICS: modes of transactions only. */
    w->facts->is_harmless_setting = stmt->kind == VAR_SET_MULTI ||
                                    og_pg_is_harmless_setting(name) ||
                                    is_pinned_value(name, stmt->args);
    if (strcasecmp(name, "client_encoding") == 0 && stmt->kind == VAR_SET_VALUE &&
        !w->facts->is_harmless_setting) {
        og_pg_refuse(w, -1, "a client encoding other than UTF8", "leave it at UTF8");
        return;
    }
    /* Back to what the session began with: nobody gains by that, but names are looked up anew. */
    if (stmt->kind == VAR_RESET_ALL ||
        (stmt->kind == VAR_RESET && strcasecmp(name, "search_path") == 0)) {
        w->facts->is_harmless_setting = true;
        w->facts->changes_resolution = true;
        return;
    }
    w->facts->changes_resolution = !w->facts->is_harmless_setting;
}

static void variable_show(struct og_pg_walk *w, Node *node)
{
    VariableShowStmt *stmt = (VariableShowStmt *)node;
    struct og_fact_result result = {.label = stmt->name, .type = OG_TYPE_TEXT};

    og_pg_set_kind(w, "SHOW");
    effect_on(w, OG_EFFECT_SET, named_object(w, OG_OBJECT_SETTING, NULL, stmt->name, false));
    /* Of all settings the server leaves out those of applications by itself. */
    if (strcasecmp(stmt->name, "all") == 0) {
        static const char *const labels[] = {"name", "setting", "description"};

        w->facts->is_harmless_setting = true;
        w->facts->returns_rows = true;
        for (size_t i = 0; i < OG_COUNT(labels); i++) {
            result.label = labels[i];
            og_facts_result(w->facts, &result);
        }
        return;
    }
    /* A setting of an application's own could hold anything. */
    if (strchr(stmt->name, '.')) {
        og_pg_refuse(w, -1, "SHOW of a setting that is not the server's own", NULL);
        return;
    }
    w->facts->is_harmless_setting = true;
    w->facts->returns_rows = true;
    og_facts_result(w->facts, &result);
}

static void discard(struct og_pg_walk *w, Node *node)
{
    (void)node;
    og_pg_set_kind(w, "DISCARD");
    effect_on(w, OG_EFFECT_SET, OG_NO_OBJECT);
    w->facts->is_harmless_setting = true; /* back to what the session began with */
    w->facts->changes_resolution = true;
    w->facts->changes_catalog = true; /* its temporary tables go */
}

/* ---- definitions ---- */

IntoClause *og_pg_into(const Node *node)
{
    const SelectStmt *select = (const SelectStmt *)node;

    if (!IsA(node, SelectStmt))
        return NULL;
    while (select->op != SETOP_NONE && select->larg)
        select = select->larg;
    return select->intoClause;
}

static void stores_all(struct og_pg_walk *w, const struct og_pg_columns *columns)
{
    for (size_t i = 0; i < columns->n_items; i++) {
        struct og_pg_value value = og_pg_column_value(w, columns->items[i]);

        og_pg_use(w, &value, OG_USE_STORE, -1);
    }
}

static void new_relation(struct og_pg_walk *w, const RangeVar *rel, enum og_object_kind kind)
{
    effect_on(w, OG_EFFECT_CREATE,
              named_object(w, kind, rel->schemaname, rel->relname,
                           rel->relpersistence == RELPERSISTENCE_TEMP ||
                               (rel->schemaname && strcmp(rel->schemaname, "pg_temp") == 0)));
    w->facts->changes_catalog = true;
}

static void select_into(struct og_pg_walk *w, Node *node)
{
    SelectStmt *select = (SelectStmt *)node;
    struct og_pg_columns columns = {0};

    while (select->op != SETOP_NONE && select->larg)
        select = select->larg;
    og_pg_set_kind(w, "SELECT INTO");
    new_relation(w, select->intoClause->rel, OG_OBJECT_TABLE);
    select->intoClause = NULL;
    if (og_pg_query(w, NULL, node, &columns))
        stores_all(w, &columns);
}

static void create_as(struct og_pg_walk *w, Node *node)
{
    CreateTableAsStmt *stmt = (CreateTableAsStmt *)node;
    struct og_pg_columns columns = {0};

    og_pg_set_kind(w, stmt->objtype == OBJECT_MATVIEW ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS");
    new_relation(w, stmt->into->rel,
                 stmt->objtype == OBJECT_MATVIEW ? OG_OBJECT_MATERIALISED_VIEW : OG_OBJECT_TABLE);
    if (!og_pg_query(w, NULL, stmt->query, &columns)) {
        og_pg_refuse(w, -1, "CREATE TABLE AS over something that is no query", NULL);
        return;
    }
    stores_all(w, &columns);
}

static void create_view(struct og_pg_walk *w, Node *node)
{
    ViewStmt *stmt = (ViewStmt *)node;
    struct og_pg_columns columns = {0};

    og_pg_set_kind(w, "CREATE VIEW");
    new_relation(w, stmt->view, OG_OBJECT_VIEW);
    if (!og_pg_query(w, NULL, stmt->query, &columns))
        og_pg_refuse(w, -1, "CREATE VIEW over something that is no query", NULL);
    for (size_t i = 0; i < columns.n_items && !og_pg_is_refused(w); i++)
        (void)og_pg_column_value(w, columns.items[i]);
}

static void drop(struct og_pg_walk *w, Node *node)
{
    DropStmt *stmt = (DropStmt *)node;
    ListCell *cell;

    set_kind_of(w, "DROP", stmt->removeType);
    foreach (cell, stmt->objects)
        effect_on(w, OG_EFFECT_DROP, listed_object(w, lfirst(cell), stmt->removeType));
    if (stmt->behavior == DROP_CASCADE) /* and whatever hangs on them */
        effect_on(w, OG_EFFECT_DROP, OG_NO_OBJECT);
    w->facts->changes_catalog = true;
}

static void create_schema(struct og_pg_walk *w, Node *node)
{
    CreateSchemaStmt *stmt = (CreateSchemaStmt *)node;

    og_pg_set_kind(w, "CREATE SCHEMA");
    if (stmt->schemaElts != NIL) {
        og_pg_refuse(w, -1, "CREATE SCHEMA with other statements inside", "send them one by one");
        return;
    }
    effect_on(w, OG_EFFECT_CREATE,
              named_object(w, OG_OBJECT_SCHEMA, NULL, stmt->schemaname, false));
    w->facts->changes_catalog = true;
}

static void truncate_it(struct og_pg_walk *w, Node *node)
{
    TruncateStmt *stmt = (TruncateStmt *)node;
    ListCell *cell;

    og_pg_set_kind(w, "TRUNCATE");
    foreach (cell, stmt->relations)
        effect_on(w, OG_EFFECT_TRUNCATE, og_pg_named_relation(w, lfirst(cell), OG_OBJECT_TABLE));
    if (stmt->behavior == DROP_CASCADE) /* and every table with a foreign key to them */
        effect_on(w, OG_EFFECT_TRUNCATE, OG_NO_OBJECT);
}

static void grant(struct og_pg_walk *w, Node *node)
{
    GrantStmt *stmt = (GrantStmt *)node;
    ListCell *cell;

    og_pg_set_kind(w, stmt->is_grant ? "GRANT" : "REVOKE");
    if (stmt->targtype == ACL_TARGET_OBJECT && stmt->objtype == OBJECT_TABLE)
        foreach (cell, stmt->objects)
            effect_on(w, OG_EFFECT_GRANT, og_pg_named_relation(w, lfirst(cell), OG_OBJECT_TABLE));
    if (!w->facts->n_effects)
        effect_on(w, OG_EFFECT_GRANT, OG_NO_OBJECT);
    w->facts->changes_catalog = true;
}

/* ---- others ---- */

static void copy(struct og_pg_walk *w, Node *node)
{
    CopyStmt *stmt = (CopyStmt *)node;
    struct og_pg_columns columns = {0};

    og_pg_set_kind(w, "COPY");
    if (stmt->relation)
        effect_on(w, OG_EFFECT_COPY, og_pg_named_relation(w, stmt->relation, OG_OBJECT_TABLE));
    else
        effect_on(w, OG_EFFECT_COPY, OG_NO_OBJECT);
    if (stmt->query && !og_pg_query(w, NULL, stmt->query, &columns))
        og_pg_refuse(w, -1, "COPY of something that is no query", NULL);
    if (!og_pg_is_refused(w))
        og_pg_refuse(w, -1, "COPY, whose rows do not come back through the driver",
                     "select the rows, or insert them");
}

static void lock(struct og_pg_walk *w, Node *node)
{
    ListCell *cell;

    og_pg_set_kind(w, "LOCK TABLE");
    foreach (cell, ((LockStmt *)node)->relations)
        effect_on(w, OG_EFFECT_LOCK, og_pg_named_relation(w, lfirst(cell), OG_OBJECT_TABLE));
}

static void call(struct og_pg_walk *w, Node *node)
{
    struct og_pg_scope scope = {0};

    og_pg_set_kind(w, "CALL");
    (void)og_pg_call(w, &scope, ((CallStmt *)node)->funccall, false, NULL);
    effect_on(w, OG_EFFECT_CALL,
              named_object(w, OG_OBJECT_FUNCTION, NULL,
                           og_pg_str(llast(((CallStmt *)node)->funccall->funcname)), false));
}

/* Of CREATE TABLE AS and DECLARE it is the query that is planned; CREATE TABLE AS may run too. */
static Node *explained(const ExplainStmt *stmt, bool is_run)
{
    if (IsA(stmt->query, DeclareCursorStmt))
        return ((DeclareCursorStmt *)stmt->query)->query;
    if (IsA(stmt->query, CreateTableAsStmt) && !is_run)
        return ((CreateTableAsStmt *)stmt->query)->query;
    return stmt->query;
}

/* What a plan is asked for is not run (but for ANALYZE), yet its estimates tell of the columns' values. */
static void explain(struct og_pg_walk *w, Node *node)
{
    ExplainStmt *stmt = (ExplainStmt *)node;
    struct og_fact_result result = {.label = "QUERY PLAN", .type = OG_TYPE_TEXT};
    struct og_pg_columns columns = {0};
    bool is_run = false;
    size_t kept = 0;
    ListCell *cell;

    foreach (cell, stmt->options)
        if (strcmp(((DefElem *)lfirst(cell))->defname, "analyze") == 0)
            is_run = true;
    if (og_pg_into(stmt->query) || !og_pg_query(w, NULL, explained(stmt, is_run), &columns)) {
        og_pg_refuse(w, -1, "EXPLAIN of this kind of statement", "explain the query inside it");
        return;
    }
    for (size_t i = 0; i < columns.n_items && !og_pg_is_refused(w); i++)
        (void)og_pg_column_value(w, columns.items[i]);
    og_pg_set_kind(w, is_run ? "EXPLAIN ANALYZE" : "EXPLAIN");
    for (size_t i = 0; i < w->facts->n_columns; i++)
        og_facts_use(w->facts, i, OG_USE_EXPLAIN, OG_PG_NOWHERE, false);
    for (size_t i = 0; !is_run && i < w->facts->n_effects; i++) {
        struct og_fact_effect effect = w->facts->effects[i];

        if (og_effect_changes(effect.effect))
            effect.effect = OG_EFFECT_SELECT;
        w->facts->effects[kept++] = effect;
    }
    if (!is_run)
        w->facts->n_effects = kept;
    effect_on(w, OG_EFFECT_EXPLAIN, OG_NO_OBJECT);
    w->facts->returns_rows = true;
    og_facts_result(w->facts, &result);
}

/* ---- the table ---- */

struct utility_row {
    NodeTag tag;
    const char *kind;
    enum og_effect effect;
    bool changes_catalog;
    utility *run;        /* NULL: the effect on nothing named is all there is */
    const char *refusal; /* not NULL: closed */
};

static const struct utility_row rows[] = {
#define UTILITY(tag, kind, effect, changes_catalog, run, refusal) \
    {T_##tag, kind, OG_EFFECT_##effect, changes_catalog, run, refusal},
#include "common/pg_statement.tbl.h"
#undef UTILITY
};

void og_pg_utility(struct og_pg_walk *w, Node *node)
{
    if (IsA(node, SelectStmt)) {
        select_into(w, node);
        return;
    }
    for (size_t i = 0; i < OG_COUNT(rows); i++) {
        if (rows[i].tag != nodeTag(node))
            continue;
        if (rows[i].run) {
            rows[i].run(w, node);
            return;
        }
        og_pg_set_kind(w, rows[i].kind);
        og_facts_effect(w->facts, rows[i].effect, OG_NO_OBJECT);
        w->facts->changes_catalog = rows[i].changes_catalog;
        if (rows[i].refusal)
            og_pg_refuse(w, -1, rows[i].kind, rows[i].refusal);
        return;
    }
    og_facts_refusef(w->facts, OG_PG_NOWHERE, "ask for it to be supported",
                     "a statement of kind %d", (int)nodeTag(node));
}

/* SPDX-License-Identifier: MIT */
/* Definitions: what they change, and the expressions inside them. A default, a condition or an index may
 * call a function and be run later without naming it, so each is judged like a query's; and a masked
 * column that is renamed or moved away would leave its policy behind. */
#include "common/pg_walk.h"

static void changes(struct og_pg_walk *w, const char *kind, enum og_effect effect, size_t object)
{
    og_pg_set_kind(w, kind);
    og_facts_effect(w->facts, effect, object);
    w->facts->changes_catalog = true;
}

static bool is_temporary(const RangeVar *var)
{
    return var->relpersistence == RELPERSISTENCE_TEMP ||
           (var->schemaname && strcmp(var->schemaname, "pg_temp") == 0);
}

/* A table that is being made, as an object. */
static size_t new_table(struct og_pg_walk *w, const RangeVar *var)
{
    struct og_object object = {.kind = OG_OBJECT_TABLE,
                               .schema = var->schemaname ? var->schemaname : "",
                               .name = var->relname,
                               .is_temporary = is_temporary(var)};

    return og_facts_object(w->facts, &object);
}

/* ---- constraints and columns ---- */

static void constraint(struct og_pg_walk *w, struct og_pg_scope *scope, const Constraint *node)
{
    (void)og_pg_expr_used(w, scope, node->raw_expr,
                          node->contype == CONSTR_GENERATED ? OG_USE_STORE : OG_USE_FILTER);
    (void)og_pg_expr_used(w, scope, node->where_clause, OG_USE_FILTER);
    /* A foreign key asks of each value whether the other table has it. */
    if (node->contype == CONSTR_FOREIGN && node->pktable)
        (void)og_pg_relation(w, node->pktable);
}

static void column(struct og_pg_walk *w, struct og_pg_scope *scope, const ColumnDef *def)
{
    ListCell *cell;

    if (def->typeName) {
        const char *name = og_pg_str(llast(def->typeName->names));

        if (name && strncmp(name, "serial", 6) != 0 && strcmp(name, "bigserial") != 0 &&
            strcmp(name, "smallserial") != 0) {
            const struct og_type *type = og_pg_type(w, def->typeName);
            struct og_routine code = {.kind = 'f'};

            if (type && type->has_user_code) {
                code.schema = type->schema;
                code.name = type->name;
                og_pg_user_code(w, &code, def->location);
            }
        }
    }
    (void)og_pg_expr_used(w, scope, def->raw_default, OG_USE_STORE);
    foreach (cell, def->constraints)
        constraint(w, scope, lfirst(cell));
}

static void partitioning(struct og_pg_walk *w, struct og_pg_scope *scope, const CreateStmt *stmt)
{
    ListCell *cell, *inner;

    if (stmt->partspec)
        foreach (cell, stmt->partspec->partParams)
            (void)og_pg_expr_used(w, scope, ((PartitionElem *)lfirst(cell))->expr, OG_USE_FILTER);
    if (!stmt->partbound)
        return;
    foreach (cell, stmt->partbound->listdatums)
        (void)og_pg_expr_used(w, scope, lfirst(cell), OG_USE_FILTER);
    foreach (cell, stmt->partbound->lowerdatums)
        if (!IsA(lfirst(cell), ColumnRef))
            (void)og_pg_expr_used(w, scope, lfirst(cell), OG_USE_FILTER);
    foreach (inner, stmt->partbound->upperdatums)
        if (!IsA(lfirst(inner), ColumnRef))
            (void)og_pg_expr_used(w, scope, lfirst(inner), OG_USE_FILTER);
}

/* The columns of the table that is made, without sources: it holds nothing yet. */
static void push_elements(struct og_pg_walk *w, struct og_pg_item *item, const CreateStmt *stmt)
{
    ListCell *cell;

    foreach (cell, stmt->tableElts) {
        Node *node = lfirst(cell);

        if (IsA(node, ColumnDef))
            (void)og_pg_push(w, &item->columns, ((ColumnDef *)node)->colname);
        else if (IsA(node, TableLikeClause))
            item->is_open = true;
    }
    if (stmt->inhRelations != NIL || stmt->ofTypename)
        item->is_open = true;
}

void og_pg_create_table(struct og_pg_walk *w, Node *node)
{
    CreateStmt *stmt = (CreateStmt *)node;
    struct og_pg_scope scope = {0};
    struct og_pg_item *item;
    ListCell *cell;

    changes(w, "CREATE TABLE", OG_EFFECT_CREATE, new_table(w, stmt->relation));
    item = og_pg_add_item(w, &scope, NULL, stmt->relation->relname);
    if (!item)
        return;
    push_elements(w, item, stmt);
    foreach (cell, stmt->inhRelations)
        (void)og_pg_relation(w, lfirst(cell));
    foreach (cell, stmt->tableElts) {
        Node *element = lfirst(cell);

        if (og_pg_is_refused(w))
            return;
        if (IsA(element, ColumnDef))
            column(w, &scope, (ColumnDef *)element);
        else if (IsA(element, Constraint))
            constraint(w, &scope, (Constraint *)element);
        else if (IsA(element, TableLikeClause))
            (void)og_pg_relation(w, ((TableLikeClause *)element)->relation);
    }
    foreach (cell, stmt->constraints)
        constraint(w, &scope, lfirst(cell));
    partitioning(w, &scope, stmt);
}

void og_pg_create_domain(struct og_pg_walk *w, Node *node)
{
    CreateDomainStmt *stmt = (CreateDomainStmt *)node;
    struct og_pg_scope scope = {0};
    struct og_pg_item *item = og_pg_add_item(w, &scope, NULL, "");
    ListCell *cell;

    changes(w, "CREATE DOMAIN", OG_EFFECT_CREATE, OG_NO_OBJECT);
    if (!item)
        return;
    (void)og_pg_push(w, &item->columns, "value");
    (void)og_pg_type(w, stmt->typeName);
    foreach (cell, stmt->constraints)
        constraint(w, &scope, lfirst(cell));
}

/* ---- alterations ---- */

static void moves_from(struct og_pg_walk *w, const struct og_relation *relation, const char *name)
{
    size_t object = og_pg_object(w, relation);

    for (size_t i = 0; i < relation->n_columns; i++) {
        struct og_fact_column fact = {.object = object,
                                      .name = relation->columns[i].name,
                                      .number = relation->columns[i].number,
                                      .type = relation->columns[i].type};

        if (!name || strcmp(name, fact.name) == 0)
            og_facts_use(w->facts, og_facts_column(w->facts, &fact), OG_USE_STORE, OG_PG_NOWHERE,
                         false);
    }
}

/* All columns of a relation, or the one of that name, leave what their policy, or that of the tables
 * above, is written for. */
static void moves_away(struct og_pg_walk *w, const struct og_relation *relation, const char *name)
{
    moves_from(w, relation, name);
    for (size_t i = 0; i < relation->n_ancestors; i++)
        moves_from(w, relation->ancestors[i], name);
}

/* The relation if it is known; its name alone is an object all the same. */
static const struct og_relation *altered(struct og_pg_walk *w, const RangeVar *var,
                                         enum og_effect effect, const char *kind)
{
    const struct og_relation *relation = NULL;

    changes(w, kind, effect, og_pg_named_relation(w, var, OG_OBJECT_TABLE));
    if (w->error == 0)
        (void)w->catalog->relation(w->catalog, var->schemaname, var->relname, &relation);
    return relation;
}

static void command(struct og_pg_walk *w, struct og_pg_scope *scope,
                    const struct og_relation *relation, const AlterTableCmd *cmd)
{
    const RangeVar *other = cmd->def && IsA(cmd->def, PartitionCmd)
                                ? ((PartitionCmd *)cmd->def)->name
                                : cmd->def && IsA(cmd->def, RangeVar) ? (RangeVar *)cmd->def : NULL;
    const struct og_relation *part = other ? og_pg_relation(w, other) : NULL;

    switch (cmd->subtype) {
    case AT_AddColumn:
    case AT_AlterColumnType:
        column(w, scope, (ColumnDef *)cmd->def);
        break;
    case AT_ColumnDefault:
        (void)og_pg_expr_used(w, scope, cmd->def, OG_USE_STORE);
        break;
    case AT_AddConstraint:
        constraint(w, scope, (Constraint *)cmd->def);
        break;
    case AT_DetachPartition:
        if (part)
            moves_away(w, part, NULL);
        break;
    case AT_DropInherit:
        if (relation)
            moves_away(w, relation, NULL);
        break;
    case AT_AttachPartition:
    case AT_AddInherit:
        break;
    default:
        break;
    }
    if (part)
        og_facts_effect(w->facts, OG_EFFECT_ALTER, og_pg_object(w, part));
}

void og_pg_alter_table(struct og_pg_walk *w, Node *node)
{
    AlterTableStmt *stmt = (AlterTableStmt *)node;
    const char *kind = stmt->objtype == OBJECT_VIEW       ? "ALTER VIEW"
                       : stmt->objtype == OBJECT_MATVIEW  ? "ALTER MATERIALIZED VIEW"
                       : stmt->objtype == OBJECT_INDEX    ? "ALTER INDEX"
                       : stmt->objtype == OBJECT_SEQUENCE ? "ALTER SEQUENCE"
                                                          : "ALTER TABLE";
    const struct og_relation *relation = altered(w, stmt->relation, OG_EFFECT_ALTER, kind);
    struct og_pg_scope scope = {0};
    struct og_pg_columns ignored = {0};
    ListCell *cell;

    if (relation && strchr("rpf", relation->kind) &&
        !og_pg_from_relation(w, &scope, stmt->relation, &ignored, true))
        return;
    foreach (cell, stmt->cmds)
        if (!og_pg_is_refused(w))
            command(w, &scope, relation, lfirst(cell));
}

void og_pg_rename(struct og_pg_walk *w, Node *node)
{
    RenameStmt *stmt = (RenameStmt *)node;
    const struct og_relation *relation;
    struct og_object object = {.kind = stmt->renameType == OBJECT_SCHEMA ? OG_OBJECT_SCHEMA
                                                                         : OG_OBJECT_OTHER,
                               .schema = "",
                               .name = stmt->subname ? stmt->subname : ""};

    if (!stmt->relation) {
        changes(w, stmt->renameType == OBJECT_SCHEMA ? "ALTER SCHEMA" : "ALTER OBJECT",
                OG_EFFECT_ALTER, og_facts_object(w->facts, &object));
        return;
    }
    relation = altered(w, stmt->relation, OG_EFFECT_ALTER,
                       stmt->relationType == OBJECT_VIEW || stmt->renameType == OBJECT_VIEW
                           ? "ALTER VIEW"
                           : "ALTER TABLE");
    if (!relation)
        return;
    if (stmt->renameType == OBJECT_COLUMN)
        moves_away(w, relation, stmt->subname);
    else if (stmt->renameType == OBJECT_TABLE || stmt->renameType == OBJECT_VIEW ||
             stmt->renameType == OBJECT_MATVIEW || stmt->renameType == OBJECT_FOREIGN_TABLE)
        moves_away(w, relation, NULL);
}

void og_pg_alter_schema(struct og_pg_walk *w, Node *node)
{
    AlterObjectSchemaStmt *stmt = (AlterObjectSchemaStmt *)node;
    const struct og_relation *relation;

    if (!stmt->relation) {
        changes(w, "ALTER OBJECT", OG_EFFECT_ALTER, OG_NO_OBJECT);
        return;
    }
    relation = altered(w, stmt->relation, OG_EFFECT_ALTER, "ALTER TABLE");
    if (relation)
        moves_away(w, relation, NULL);
}

/* ---- indexes and row security ---- */

/* How many rows a partial index holds can be read, and a unique one tells of equal values. */
void og_pg_create_index(struct og_pg_walk *w, Node *node)
{
    IndexStmt *stmt = (IndexStmt *)node;
    const struct og_relation *relation =
        altered(w, stmt->relation, OG_EFFECT_CREATE, "CREATE INDEX");
    struct og_pg_scope scope = {0};
    struct og_pg_columns ignored = {0};
    ListCell *cell;

    if (!relation || !og_pg_from_relation(w, &scope, stmt->relation, &ignored, true))
        return;
    foreach (cell, stmt->indexParams)
        (void)og_pg_expr_used(w, &scope, ((IndexElem *)lfirst(cell))->expr, OG_USE_FALLIBLE);
    (void)og_pg_expr_used(w, &scope, stmt->whereClause, OG_USE_FILTER);
}

void og_pg_create_policy(struct og_pg_walk *w, Node *node)
{
    CreatePolicyStmt *stmt = (CreatePolicyStmt *)node;
    const struct og_relation *relation = altered(w, stmt->table, OG_EFFECT_GRANT, "CREATE POLICY");
    struct og_pg_scope scope = {0};
    struct og_pg_columns ignored = {0};

    if (!relation || !og_pg_from_relation(w, &scope, stmt->table, &ignored, true))
        return;
    (void)og_pg_expr_used(w, &scope, stmt->qual, OG_USE_FILTER);
    (void)og_pg_expr_used(w, &scope, stmt->with_check, OG_USE_FILTER);
}

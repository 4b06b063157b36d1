/* SPDX-License-Identifier: MIT */
/* Statements of a file of DDL, as relations, types and functions of a catalog. */
#include "common/pg_schema.h"

/* ---- types ---- */

static const struct og_type *type_of(struct og_pg_schema *schema, const TypeName *name)
{
    int n = list_length(name->names);
    const struct og_type *type = NULL;

    if (n < 1 || !og_pg_str(llast(name->names)))
        return NULL;
    (void)schema->interface.type(&schema->interface, n > 1 ? og_pg_str(linitial(name->names)) : NULL,
                                 og_pg_str(llast(name->names)), &type);
    return type;
}

static void add_type(struct og_pg_schema *schema, const List *names, char kind,
                     const struct og_type *base)
{
    struct og_type *added = og_arena_alloc(&schema->arena, sizeof(*added));
    struct og_type **slot = og_arena_push(&schema->arena, &schema->types, &schema->n_types,
                                          &schema->max_types, sizeof(*slot));
    int n = list_length(names);

    if (!added || !slot || n < 1)
        return;
    added->schema = og_arena_strdup(&schema->arena, n > 1 ? og_pg_str(linitial(names)) : "public");
    added->name = og_arena_strdup(&schema->arena, og_pg_str(llast(names)));
    added->kind = kind;
    added->type = base ? base->type : OG_TYPE_OTHER;
    *slot = added;
}

/* Whether an expression calls what is not the server's own. */
static bool calls_user_code(struct og_pg_schema *schema, Node *expr)
{
    struct og_facts facts;
    struct og_pg_session session = {.standard_conforming_strings = true};
    struct og_pg_walk walk = {.facts = &facts,
                              .catalog = &schema->interface,
                              .session = &session,
                              .condition_use = OG_USE_CONDITION};
    struct og_pg_scope scope = {0};
    struct og_pg_item *item;

    og_facts_init(&facts, &schema->arena, OG_DIALECT_POSTGRESQL);
    item = og_pg_add_item(&walk, &scope, NULL, "");
    if (!item || !og_pg_push(&walk, &item->columns, "value"))
        return true;
    (void)og_pg_expr(&walk, &scope, expr);
    for (size_t i = 0; i < facts.n_functions; i++)
        if (!facts.functions[i].is_harmless)
            return true;
    return og_pg_is_refused(&walk);
}

static void domain(struct og_pg_schema *schema, const CreateDomainStmt *stmt)
{
    ListCell *cell;

    add_type(schema, stmt->domainname, 'd', type_of(schema, stmt->typeName));
    foreach (cell, stmt->constraints)
        if (((Constraint *)lfirst(cell))->raw_expr && schema->n_types &&
            calls_user_code(schema, ((Constraint *)lfirst(cell))->raw_expr))
            schema->types[schema->n_types - 1]->has_user_code = true;
}

/* ---- relations ---- */

struct og_relation *og_pg_schema_add(struct og_pg_schema *schema, const RangeVar *var, char kind)
{
    struct og_relation *added = og_arena_alloc(&schema->arena, sizeof(*added));
    struct og_relation **slot = og_arena_push(&schema->arena, &schema->relations,
                                              &schema->n_relations, &schema->max_relations,
                                              sizeof(*slot));

    if (!added || !slot)
        return NULL;
    added->oid = 20000 + schema->n_relations;
    added->schema = og_arena_strdup(&schema->arena, var->schemaname ? var->schemaname : "public");
    added->name = og_arena_strdup(&schema->arena, var->relname);
    added->kind = kind;
    added->is_temporary = var->relpersistence == RELPERSISTENCE_TEMP;
    *slot = added;
    if (kind != 'S')
        add_type(schema, list_make2(makeString((char *)(uintptr_t)added->schema),
                                    makeString((char *)(uintptr_t)added->name)),
                 'c', NULL);
    return added;
}

/* The array grows by copies: few columns, read once. */
struct og_relation_column *og_pg_schema_add_column(struct og_pg_schema *schema,
                                                   struct og_relation *relation,
                                                   const char *name)
{
    struct og_relation_column *columns =
        og_arena_array(&schema->arena, relation->n_columns + 1, sizeof(*columns));

    if (!columns)
        return NULL;
    if (relation->n_columns)
        memcpy(columns, relation->columns, relation->n_columns * sizeof(*columns));
    columns[relation->n_columns].name = og_arena_strdup(&schema->arena, name);
    columns[relation->n_columns].number = (int32_t)relation->n_columns + 1;
    relation->columns = columns;
    return &columns[relation->n_columns++];
}

static struct og_relation_column *find_column(const struct og_relation *relation, const char *name)
{
    for (size_t i = 0; i < relation->n_columns; i++)
        if (strcmp(relation->columns[i].name, name) == 0)
            return (struct og_relation_column *)(uintptr_t)&relation->columns[i];
    return NULL;
}

static void copy_columns(struct og_pg_schema *schema, struct og_relation *to,
                         const struct og_relation *from)
{
    for (size_t i = 0; i < from->n_columns; i++) {
        struct og_relation_column *column;

        if (find_column(to, from->columns[i].name))
            continue;
        column = og_pg_schema_add_column(schema, to, from->columns[i].name);
        if (column) {
            int32_t number = column->number;

            *column = from->columns[i];
            column->number = number;
        }
    }
}

/* ---- keys ---- */

static void add_key(struct og_pg_schema *schema, struct og_relation *relation, const List *names,
                    bool is_primary)
{
    size_t n = (size_t)list_length(names), i = 0;
    int32_t *numbers = og_arena_array(&schema->arena, n + 1, sizeof(*numbers));
    struct og_relation_key *keys =
        og_arena_array(&schema->arena, relation->n_keys + 1, sizeof(*keys));
    ListCell *cell;

    if (!numbers || !keys || !n)
        return;
    foreach (cell, names) {
        struct og_relation_column *column = find_column(relation, og_pg_str(lfirst(cell)));

        if (!column || (!is_primary && !column->is_not_null))
            return;
        column->is_not_null = true;
        numbers[i++] = column->number;
    }
    if (relation->n_keys)
        memcpy(keys, relation->keys, relation->n_keys * sizeof(*keys));
    keys[relation->n_keys] = (struct og_relation_key){numbers, n};
    relation->keys = keys;
    relation->n_keys++;
}

static bool acts(char action)
{
    return action == FKCONSTR_ACTION_CASCADE || action == FKCONSTR_ACTION_SETNULL ||
           action == FKCONSTR_ACTION_SETDEFAULT;
}

static void foreign_key(struct og_pg_schema *schema, struct og_relation *relation,
                        const Constraint *node)
{
    struct og_relation *parent =
        og_pg_schema_relation(schema, node->pktable->schemaname, node->pktable->relname);
    struct og_relation_cascade *list;

    if (!parent || (!acts(node->fk_del_action) && !acts(node->fk_upd_action)))
        return;
    list = og_arena_array(&schema->arena, parent->n_cascades + 1, sizeof(*list));
    if (!list)
        return;
    if (parent->n_cascades)
        memcpy(list, parent->cascades, parent->n_cascades * sizeof(*list));
    list[parent->n_cascades] = (struct og_relation_cascade){
        .oid = relation->oid,
        .schema = relation->schema,
        .name = relation->name,
        .on_delete = acts(node->fk_del_action),
        .deletes = node->fk_del_action == FKCONSTR_ACTION_CASCADE,
        .on_update = acts(node->fk_upd_action),
    };
    parent->cascades = list;
    parent->n_cascades++;
}

static void constraint(struct og_pg_schema *schema, struct og_relation *relation,
                       const Constraint *node, const char *column)
{
    List *keys = column ? list_make1(makeString(pstrdup(column))) : node->keys;

    if (node->contype == CONSTR_PRIMARY)
        add_key(schema, relation, keys, true);
    else if (node->contype == CONSTR_UNIQUE && !node->deferrable)
        add_key(schema, relation, keys, false);
    else if (node->contype == CONSTR_FOREIGN && node->pktable)
        foreign_key(schema, relation, node);
}

/* ---- columns ---- */

/* The text between the parentheses behind GENERATED ALWAYS AS. */
static const char *generated_text(struct og_pg_schema *schema, const Constraint *node)
{
    const char *start = strchr(schema->text + (node->location < 0 ? 0 : node->location), '(');
    size_t depth = 0, i = 0;

    if (!start)
        return NULL;
    for (; start[i]; i++) {
        depth += start[i] == '(';
        depth -= start[i] == ')';
        if (!depth)
            break;
    }
    return start[i] ? og_arena_strndup(&schema->arena, start + 1, i - 1) : NULL;
}

static void column_of(struct og_pg_schema *schema, struct og_relation *relation,
                      const ColumnDef *def)
{
    const struct og_type *type = def->typeName ? type_of(schema, def->typeName) : NULL;
    struct og_relation_column *column = find_column(relation, def->colname);
    ListCell *cell;

    if (!column)
        column = og_pg_schema_add_column(schema, relation, def->colname);
    if (!column)
        return;
    if (def->typeName) {
        column->type_name = type ? type->name : "unknown";
        column->type = !type || def->typeName->arrayBounds ? OG_TYPE_OTHER : type->type;
        column->is_composite = type && type->kind == 'c';
    }
    column->is_not_null = column->is_not_null || def->is_not_null;
    foreach (cell, def->constraints) {
        const Constraint *node = lfirst(cell);

        if (node->contype == CONSTR_NOTNULL)
            column->is_not_null = true;
        else if (node->contype == CONSTR_GENERATED)
            column->generated_sql = generated_text(schema, node);
    }
    foreach (cell, def->constraints)
        constraint(schema, relation, lfirst(cell), def->colname);
}

static void add_parent(struct og_pg_schema *schema, struct og_relation *child, const RangeVar *var)
{
    struct og_relation *parent = og_pg_schema_relation(schema, var->schemaname, var->relname);
    struct og_pg_schema_parent *slot;

    if (!parent) {
        og_pg_schema_tell(schema, "the table above is not known");
        return;
    }
    slot = og_arena_push(&schema->arena, &schema->parents, &schema->n_parents,
                         &schema->max_parents, sizeof(*slot));
    if (slot)
        *slot = (struct og_pg_schema_parent){child, parent};
    copy_columns(schema, child, parent);
}

static void table(struct og_pg_schema *schema, const CreateStmt *stmt)
{
    struct og_relation *relation = og_pg_schema_add(schema, stmt->relation, stmt->partspec ? 'p' : 'r');
    const struct og_relation *like;
    ListCell *cell;

    if (!relation)
        return;
    foreach (cell, stmt->inhRelations)
        add_parent(schema, relation, lfirst(cell));
    foreach (cell, stmt->tableElts) {
        Node *node = lfirst(cell);

        if (IsA(node, ColumnDef))
            column_of(schema, relation, (ColumnDef *)node);
        if (!IsA(node, TableLikeClause))
            continue;
        like = og_pg_schema_relation(schema, ((TableLikeClause *)node)->relation->schemaname,
                                     ((TableLikeClause *)node)->relation->relname);
        if (like)
            copy_columns(schema, relation, like);
    }
    foreach (cell, stmt->tableElts)
        if (IsA(lfirst(cell), Constraint))
            constraint(schema, relation, lfirst(cell), NULL);
}

static void alter(struct og_pg_schema *schema, const AlterTableStmt *stmt)
{
    struct og_relation *relation =
        og_pg_schema_relation(schema, stmt->relation->schemaname, stmt->relation->relname);
    ListCell *cell;

    foreach (cell, stmt->cmds) {
        const AlterTableCmd *cmd = lfirst(cell);
        struct og_relation_column *column =
            relation && cmd->name ? find_column(relation, cmd->name) : NULL;

        if (!relation)
            return; /* a sequence, or what was told already */
        if (cmd->subtype == AT_AddConstraint)
            constraint(schema, relation, (Constraint *)cmd->def, NULL);
        else if (cmd->subtype == AT_AddColumn)
            column_of(schema, relation, (ColumnDef *)cmd->def);
        else if (cmd->subtype == AT_SetNotNull && column)
            column->is_not_null = true;
        else if (cmd->subtype == AT_AttachPartition)
            add_parent(schema,
                       og_pg_schema_relation(schema, ((PartitionCmd *)cmd->def)->name->schemaname,
                                             ((PartitionCmd *)cmd->def)->name->relname),
                       stmt->relation);
        else if (cmd->subtype == AT_EnableRowSecurity)
            relation->has_row_security = true;
        else if (cmd->subtype == AT_DropColumn || cmd->subtype == AT_AlterColumnType ||
                 cmd->subtype == AT_AddInherit || cmd->subtype == AT_DropInherit)
            og_pg_schema_tell(schema, "this ALTER TABLE is left out: write the final definition");
    }
}

static void unique_index(struct og_pg_schema *schema, const IndexStmt *stmt)
{
    struct og_relation *relation =
        og_pg_schema_relation(schema, stmt->relation->schemaname, stmt->relation->relname);
    List *names = NIL;
    ListCell *cell;

    if (!relation || !stmt->unique || stmt->whereClause)
        return;
    foreach (cell, stmt->indexParams) {
        if (!((IndexElem *)lfirst(cell))->name)
            return;
        names = lappend(names, makeString(((IndexElem *)lfirst(cell))->name));
    }
    add_key(schema, relation, names, false);
}

/* ---- all of them ---- */

void og_pg_schema_statement(struct og_pg_schema *schema, Node *node)
{
    switch (nodeTag(node)) {
    case T_CreateStmt:
        table(schema, (CreateStmt *)node);
        break;
    case T_AlterTableStmt:
        alter(schema, (AlterTableStmt *)node);
        break;
    case T_IndexStmt:
        unique_index(schema, (IndexStmt *)node);
        break;
    case T_ViewStmt:
        og_pg_schema_view(schema, ((ViewStmt *)node)->view, 'v', ((ViewStmt *)node)->aliases,
             ((ViewStmt *)node)->query,
             og_pg_schema_query_text(schema, ((ViewStmt *)node)->withCheckOption != NO_CHECK_OPTION));
        break;
    case T_CreateTableAsStmt:
        if (((CreateTableAsStmt *)node)->objtype == OBJECT_MATVIEW)
            og_pg_schema_view(schema, ((CreateTableAsStmt *)node)->into->rel, 'm',
                 ((CreateTableAsStmt *)node)->into->colNames, ((CreateTableAsStmt *)node)->query,
                 og_pg_schema_query_text(schema, ((CreateTableAsStmt *)node)->into->skipData));
        else
            og_pg_schema_tell(schema, "CREATE TABLE AS is left out: write CREATE TABLE");
        break;
    case T_CreateSeqStmt:
        (void)og_pg_schema_add(schema, ((CreateSeqStmt *)node)->sequence, 'S');
        break;
    case T_CreateFunctionStmt:
        og_pg_schema_function(schema, (CreateFunctionStmt *)node);
        break;
    case T_DefineStmt:
        if (((DefineStmt *)node)->kind == OBJECT_OPERATOR)
            og_pg_schema_operator(schema, (DefineStmt *)node);
        break;
    case T_CreateTrigStmt:
        og_pg_schema_trigger(schema, (CreateTrigStmt *)node);
        break;
    case T_CreateEnumStmt:
        add_type(schema, ((CreateEnumStmt *)node)->typeName, 'e', NULL);
        break;
    case T_CreateDomainStmt:
        domain(schema, (CreateDomainStmt *)node);
        break;
    case T_CompositeTypeStmt:
        add_type(schema,
                 list_make2(makeString(((CompositeTypeStmt *)node)->typevar->schemaname
                                           ? ((CompositeTypeStmt *)node)->typevar->schemaname
                                           : pstrdup("public")),
                            makeString(((CompositeTypeStmt *)node)->typevar->relname)),
                 'c', NULL);
        break;
    case T_InsertStmt: /* what makes no name */
    case T_VariableSetStmt:
    case T_SelectStmt:
    case T_CommentStmt:
    case T_GrantStmt:
    case T_AlterOwnerStmt:
    case T_CreateSchemaStmt:
    case T_CreateExtensionStmt:
    case T_AlterSeqStmt:
    case T_TransactionStmt:
    case T_CreatePolicyStmt:
    case T_CreateRoleStmt:
        break;
    default:
        og_pg_schema_tell(schema, "this statement is left out");
    }
}

/* ---- who is above whom ---- */

static void climb(struct og_pg_schema *schema, const struct og_relation *from, bool is_upward,
                  const struct og_relation ***out, size_t *n_out, size_t *max)
{
    for (size_t i = 0; i < schema->n_parents; i++) {
        const struct og_pg_schema_parent *edge = &schema->parents[i];
        const struct og_relation *here = is_upward ? edge->child : edge->parent;
        const struct og_relation *there = is_upward ? edge->parent : edge->child;
        const struct og_relation **slot;

        if (here != from || *n_out > schema->n_relations)
            continue;
        slot = og_arena_push(&schema->arena, out, n_out, max, sizeof(*slot));
        if (!slot)
            return;
        *slot = there;
        climb(schema, there, is_upward, out, n_out, max);
    }
}

void og_pg_schema_link(struct og_pg_schema *schema)
{
    for (size_t i = 0; i < schema->n_relations; i++) {
        struct og_relation *relation = schema->relations[i];
        const struct og_relation **found = NULL;
        size_t max = 0;

        climb(schema, relation, true, &found, &relation->n_ancestors, &max);
        relation->ancestors = found;
        found = NULL;
        max = 0;
        climb(schema, relation, false, &found, &relation->n_descendants, &max);
        relation->descendants = found;
        /* A key of a plain parent says nothing about its children's rows, which are read with it. */
        if (relation->n_descendants && relation->kind != 'p')
            relation->n_keys = 0;
    }
}

/* SPDX-License-Identifier: MIT */
/* INSERT, UPDATE, DELETE, MERGE: what flows where, what decides which rows, what comes back. */
#include "common/pg_walk.h"

/* What of a table's triggers an effect calls. An UPDATE may move rows among partitions. */
static unsigned events_of(const struct og_relation *relation, enum og_effect effect)
{
    switch (effect) {
    case OG_EFFECT_INSERT:
        return OG_TRIGGER_INSERT;
    case OG_EFFECT_DELETE:
        return OG_TRIGGER_DELETE;
    case OG_EFFECT_UPDATE:
        return relation->kind == 'p'
                   ? OG_TRIGGER_UPDATE | OG_TRIGGER_DELETE | OG_TRIGGER_INSERT
                   : OG_TRIGGER_UPDATE;
    case OG_EFFECT_MERGE:
        return 0; /* its actions are told one by one */
    default:
        return ~0u;
    }
}

static void trigger_code(struct og_pg_walk *w, const struct og_relation *relation, unsigned events,
                         int location)
{
    for (size_t i = 0; i < relation->n_triggers; i++)
        if (events && (!relation->triggers[i]->trigger_events ||
                       (relation->triggers[i]->trigger_events & events)))
            og_pg_user_code(w, relation->triggers[i], location);
}

/* Functions that triggers of the table and of its partitions call on a write. */
static void triggers(struct og_pg_walk *w, const struct og_relation *relation, enum og_effect effect,
                     int location)
{
    unsigned events = events_of(relation, effect);

    trigger_code(w, relation, events, location);
    for (size_t k = 0; k < relation->n_descendants; k++)
        trigger_code(w, relation->descendants[k], events, location);
}

static void cascade(struct og_pg_walk *w, const struct og_relation_cascade *to,
                    enum og_effect effect, int location)
{
    struct og_object object = {
        .kind = OG_OBJECT_TABLE, .schema = to->schema, .name = to->name, .id = to->oid};
    const struct og_relation *relation = NULL;
    int r = w->error ? 0 : w->catalog->relation(w->catalog, to->schema, to->name, &relation);

    og_facts_effect(w->facts, effect, og_facts_object(w->facts, &object));
    if (r < 0)
        w->error = r;
    if (r == 0 && relation)
        triggers(w, relation, effect, location);
}

void og_pg_write_effect(struct og_pg_walk *w, const struct og_relation *relation,
                        enum og_effect effect, int location)
{
    og_facts_effect(w->facts, effect, og_pg_object(w, relation));
    triggers(w, relation, effect, location);
    for (size_t i = 0; i < relation->n_cascades; i++) {
        const struct og_relation_cascade *to = &relation->cascades[i];

        if (effect == OG_EFFECT_DELETE && to->on_delete)
            cascade(w, to, to->deletes ? OG_EFFECT_DELETE : OG_EFFECT_UPDATE, location);
        if (effect == OG_EFFECT_UPDATE && to->on_update)
            cascade(w, to, OG_EFFECT_UPDATE, location);
    }
}

/* A view that the server writes through: every table that the view reads may be the one. */
static bool is_writable_view(const struct og_relation *relation)
{
    return relation->kind == 'v' && !relation->is_catalog && !relation->has_user_rules &&
           !relation->has_triggers;
}

static struct og_pg_item *view_target(struct og_pg_walk *w, struct og_pg_scope *scope,
                                      const RangeVar *var, enum og_effect effect)
{
    struct og_pg_columns ignored = {0};
    struct og_pg_item *item = og_pg_from_relation(w, scope, var, &ignored, false);

    for (size_t i = 0; item && i < w->facts->n_objects && w->error == 0; i++) {
        const struct og_object object = w->facts->objects[i];
        const struct og_relation *relation = NULL;
        int r;

        if (object.is_catalog || (object.kind != OG_OBJECT_TABLE && object.kind != OG_OBJECT_VIEW))
            continue;
        r = w->catalog->relation(w->catalog, object.schema, object.name, &relation);
        if (r < 0)
            w->error = r;
        if (r == 0)
            og_pg_write_effect(w, relation, effect, var->location);
    }
    return item;
}

/* The target of a write, as an item of the scope. */
static struct og_pg_item *target_of(struct og_pg_walk *w, struct og_pg_scope *scope,
                                    const RangeVar *var, enum og_effect effect)
{
    struct og_pg_columns ignored = {0};
    const struct og_relation *relation = og_pg_relation(w, var);
    struct og_pg_item *item;

    if (!relation)
        return NULL;
    if (is_writable_view(relation))
        return view_target(w, scope, var, effect);
    if (!strchr("rpf", relation->kind) || relation->has_user_rules || relation->is_catalog) {
        og_facts_refusef(w->facts, og_pg_position(w, var->location), "write to the table itself",
                         "a write to %s, which is no plain table or has rewrite rules",
                         relation->name);
        return NULL;
    }
    item = og_pg_from_relation(w, scope, var, &ignored, true);
    if (item)
        og_pg_write_effect(w, relation, effect, var->location);
    return item;
}

static struct og_pg_column *column_of(struct og_pg_walk *w, struct og_pg_item *item,
                                      const char *name, int location)
{
    for (size_t i = 0; i < item->columns.n_items; i++)
        if (strcmp(item->columns.items[i]->name, name) == 0)
            return item->columns.items[i];
    og_facts_refusef(w->facts, og_pg_position(w, location), "correct the name",
                     "the column %s is not known in %s", name, item->name);
    return NULL;
}

/* A value flows into a column: into its own it stays masked there; elsewhere it would be laundered. */
static void store(struct og_pg_walk *w, struct og_pg_column *to, const struct og_pg_value *value,
                  int location)
{
    struct og_pg_value own = og_pg_column_value(w, to);

    for (size_t i = 0; i < own.n_sources; i++)
        if (own.sources[i].relation)
            og_facts_write(w->facts, own.sources[i].column);
    for (size_t i = 0; i < value->n_sources; i++) {
        bool is_own = false;

        for (size_t k = 0; k < own.n_sources; k++)
            is_own = is_own || own.sources[k].column == value->sources[i].column;
        if (!is_own)
            og_facts_use(w->facts, value->sources[i].column, OG_USE_STORE,
                         og_pg_position(w, location), false);
    }
}

static void returning(struct og_pg_walk *w, struct og_pg_scope *scope, List *list,
                      struct og_pg_item *target, struct og_pg_columns *out)
{
    if (!list)
        return;
    if (!scope->star.n_items)
        for (size_t i = 0; i < target->columns.n_items; i++)
            og_pg_push_shared(w, &scope->star, target->columns.items[i]);
    og_pg_targets(w, scope, list, out);
}

/* One value of (a, b) = ROW(x, y) or (a, b) = (SELECT x, y). */
static struct og_pg_value one_of_several(struct og_pg_walk *w, struct og_pg_scope *scope,
                                         const MultiAssignRef *ref)
{
    struct og_pg_columns columns = {0};
    struct og_pg_value value = {0};
    int i = ref->colno - 1;

    if (IsA(ref->source, RowExpr) && i < list_length(((RowExpr *)ref->source)->args))
        return og_pg_expr(w, scope, list_nth(((RowExpr *)ref->source)->args, i));
    if (!IsA(ref->source, SubLink) ||
        !og_pg_query(w, scope, ((SubLink *)ref->source)->subselect, &columns) ||
        (size_t)i >= columns.n_items) {
        og_pg_refuse(w, -1, "an assignment to several columns from something that is no row",
                     "assign each column by itself");
        return value;
    }
    value = og_pg_column_value(w, columns.items[i]);
    return og_pg_detached(w, &value);
}

/* What stands between a column and the part that is assigned: subscripts may hold columns. */
static void subscripts(struct og_pg_walk *w, struct og_pg_scope *scope, List *steps)
{
    ListCell *cell;

    foreach (cell, steps) {
        A_Indices *step = lfirst(cell);

        if (!IsA(step, A_Indices))
            continue;
        (void)og_pg_expr_used(w, scope, step->lidx, OG_USE_FALLIBLE);
        (void)og_pg_expr_used(w, scope, step->uidx, OG_USE_FALLIBLE);
    }
}

/* SET a = expr, b[1] = expr, (c, d) = ROW(...) */
static void assignments(struct og_pg_walk *w, struct og_pg_scope *scope, struct og_pg_item *target,
                        List *list)
{
    ListCell *cell;

    foreach (cell, list) {
        ResTarget *set = lfirst(cell);
        struct og_pg_column *column = column_of(w, target, set->name, set->location);
        struct og_pg_value value;

        if (!column)
            return;
        subscripts(w, scope, set->indirection);
        value = IsA(set->val, MultiAssignRef)
                    ? one_of_several(w, scope, (MultiAssignRef *)set->val)
                    : og_pg_expr(w, scope, set->val);
        store(w, column, &value, set->location);
    }
}

/* ---- INSERT ---- */

static void on_conflict(struct og_pg_walk *w, struct og_pg_scope *scope, struct og_pg_item *target,
                        OnConflictClause *clause)
{
    struct og_pg_item *excluded;
    ListCell *cell;

    if (!clause)
        return;
    if (clause->infer) {
        foreach (cell, clause->infer->indexElems) {
            IndexElem *elem = lfirst(cell);

            if (elem->name) {
                struct og_pg_column *column = column_of(w, target, elem->name, -1);
                struct og_pg_value value = {0};

                if (column)
                    value = og_pg_column_value(w, column);
                og_pg_use(w, &value, OG_USE_CONFLICT, clause->location);
            } else {
                (void)og_pg_expr_used(w, scope, elem->expr, OG_USE_CONFLICT);
            }
        }
        (void)og_pg_expr_used(w, scope, clause->infer->whereClause, OG_USE_CONFLICT);
    }
    if (clause->action != ONCONFLICT_UPDATE)
        return;
    og_pg_write_effect(w, target->relation, OG_EFFECT_UPDATE, clause->location);
    excluded = og_pg_add_item(w, scope, NULL, "excluded");
    if (!excluded)
        return;
    excluded->columns = target->columns;
    assignments(w, scope, target, clause->targetList);
    (void)og_pg_expr_used(w, scope, clause->whereClause, OG_USE_FILTER);
    scope->items = excluded->next; /* RETURNING does not see it */
}

static void insert_values(struct og_pg_walk *w, struct og_pg_scope *scope,
                          struct og_pg_item *target, InsertStmt *insert)
{
    struct og_pg_columns values = {0};
    size_t i = 0, n = (size_t)list_length(insert->cols);
    ListCell *cell;

    if (!insert->selectStmt)
        return; /* DEFAULT VALUES */
    og_pg_select(w, scope, (SelectStmt *)insert->selectStmt, &values);
    if (og_pg_is_refused(w))
        return;
    if (!n) {
        for (i = 0; i < values.n_items && i < target->columns.n_items; i++) {
            struct og_pg_value value = og_pg_column_value(w, values.items[i]);

            store(w, target->columns.items[i], &value, -1);
        }
        return;
    }
    foreach (cell, insert->cols) {
        ResTarget *to = lfirst(cell);
        struct og_pg_column *column = column_of(w, target, to->name, to->location);
        struct og_pg_value value = {0};

        if (!column)
            return;
        subscripts(w, scope, to->indirection);
        if (i < values.n_items)
            value = og_pg_column_value(w, values.items[i]);
        store(w, column, &value, to->location);
        i++;
    }
}

void og_pg_insert(struct og_pg_walk *w, struct og_pg_scope *parent, InsertStmt *insert,
                  struct og_pg_columns *out)
{
    struct og_pg_scope source = {.parent = parent}, scope = {.parent = &source};
    struct og_pg_item *target;

    og_pg_with(w, &source, insert->withClause);
    target = target_of(w, &scope, insert->relation, OG_EFFECT_INSERT);
    if (!target)
        return;
    insert_values(w, &source, target, insert);
    on_conflict(w, &scope, target, insert->onConflictClause);
    returning(w, &scope, insert->returningList, target, out);
}

/* ---- UPDATE and DELETE ---- */

void og_pg_update(struct og_pg_walk *w, struct og_pg_scope *parent, UpdateStmt *update,
                  struct og_pg_columns *out)
{
    struct og_pg_scope scope = {.parent = parent};
    struct og_pg_item *target;

    og_pg_with(w, &scope, update->withClause);
    target = target_of(w, &scope, update->relation, OG_EFFECT_UPDATE);
    if (!target)
        return;
    for (size_t i = 0; i < target->columns.n_items; i++)
        og_pg_push_shared(w, &scope.star, target->columns.items[i]);
    og_pg_from(w, &scope, update->fromClause);
    assignments(w, &scope, target, update->targetList);
    og_pg_where(w, &scope, update->whereClause);
    returning(w, &scope, update->returningList, target, out);
}

void og_pg_delete(struct og_pg_walk *w, struct og_pg_scope *parent, DeleteStmt *delete,
                  struct og_pg_columns *out)
{
    struct og_pg_scope scope = {.parent = parent};
    struct og_pg_item *target;

    og_pg_with(w, &scope, delete->withClause);
    target = target_of(w, &scope, delete->relation, OG_EFFECT_DELETE);
    if (!target)
        return;
    for (size_t i = 0; i < target->columns.n_items; i++)
        og_pg_push_shared(w, &scope.star, target->columns.items[i]);
    og_pg_from(w, &scope, delete->usingClause);
    og_pg_where(w, &scope, delete->whereClause);
    returning(w, &scope, delete->returningList, target, out);
}

/* ---- MERGE ---- */

static void merge_action(struct og_pg_walk *w, struct og_pg_scope *both, struct og_pg_scope *source,
                         struct og_pg_item *target, MergeWhenClause *when)
{
    struct og_pg_scope *sees = when->matched ? both : source;
    size_t i = 0;
    ListCell *cell;

    (void)og_pg_expr_used(w, sees, when->condition, OG_USE_FILTER);
    switch (when->commandType) {
    case CMD_UPDATE:
        og_pg_write_effect(w, target->relation, OG_EFFECT_UPDATE, -1);
        assignments(w, both, target, when->targetList);
        break;
    case CMD_DELETE:
        og_pg_write_effect(w, target->relation, OG_EFFECT_DELETE, -1);
        break;
    case CMD_INSERT:
        og_pg_write_effect(w, target->relation, OG_EFFECT_INSERT, -1);
        foreach (cell, when->values) {
            struct og_pg_value value = og_pg_expr(w, sees, lfirst(cell));
            ResTarget *to = i < (size_t)list_length(when->targetList)
                                ? list_nth(when->targetList, (int)i)
                                : NULL;
            struct og_pg_column *column = to ? column_of(w, target, to->name, to->location)
                                          : i < target->columns.n_items ? target->columns.items[i]
                                                                        : NULL;

            if (column)
                store(w, column, &value, to ? to->location : -1);
            i++;
        }
        break;
    default:
        break; /* DO NOTHING */
    }
}

static void merge(struct og_pg_walk *w, struct og_pg_scope *parent, MergeStmt *stmt)
{
    struct og_pg_scope source = {.parent = parent}, both;
    struct og_pg_item *target;
    ListCell *cell;

    og_pg_with(w, &source, stmt->withClause);
    og_pg_from(w, &source, list_make1(stmt->sourceRelation));
    both = source;
    target = og_pg_is_refused(w) ? NULL
                                 : target_of(w, &both, stmt->relation, OG_EFFECT_MERGE);
    if (!target)
        return;
    if (!target->relation || target->relation->kind == 'v') {
        og_pg_refuse(w, -1, "MERGE into a view", "merge into the table itself");
        return;
    }
    (void)og_pg_expr_used(w, &both, stmt->joinCondition, OG_USE_JOIN);
    foreach (cell, stmt->mergeWhenClauses)
        merge_action(w, &both, &source, target, lfirst(cell));
}

bool og_pg_query(struct og_pg_walk *w, struct og_pg_scope *parent, Node *node,
                 struct og_pg_columns *out)
{
    switch (nodeTag(node)) {
    case T_SelectStmt:
        og_pg_select(w, parent, (SelectStmt *)node, out);
        return true;
    case T_InsertStmt:
        og_pg_insert(w, parent, (InsertStmt *)node, out);
        return true;
    case T_UpdateStmt:
        og_pg_update(w, parent, (UpdateStmt *)node, out);
        return true;
    case T_DeleteStmt:
        og_pg_delete(w, parent, (DeleteStmt *)node, out);
        return true;
    case T_MergeStmt:
        merge(w, parent, (MergeStmt *)node);
        return true;
    case T_ExecuteStmt:
        return og_pg_execute_query(w, (ExecuteStmt *)node, out) || og_pg_is_refused(w);
    default:
        return false;
    }
}

/* SPDX-License-Identifier: MIT */
/* INSERT, UPDATE, DELETE: what flows where, what decides which rows, what comes back. */
#include "common/pg_walk.h"

/* The target of a write, as an item of the scope. */
static struct og_pg_item *target_of(struct og_pg_walk *w, struct og_pg_scope *scope,
                                    const RangeVar *var, enum og_effect effect)
{
    struct og_pg_columns ignored = {0};
    struct og_pg_item *item = og_pg_from_relation(w, scope, var, &ignored, true);

    if (!item)
        return NULL;
    if (!strchr("rpf", item->relation->kind) || item->relation->has_user_rules) {
        og_facts_refusef(w->facts, og_pg_position(w, var->location), "write to the table itself",
                         "a write to %s, which is a view or has rewrite rules",
                         item->relation->name);
        return NULL;
    }
    og_facts_effect(w->facts, effect, og_pg_object(w, item->relation));
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

/* SET a = expr, (b, c) = ROW(...) */
static void assignments(struct og_pg_walk *w, struct og_pg_scope *scope, struct og_pg_item *target,
                        List *list)
{
    ListCell *cell;

    foreach (cell, list) {
        ResTarget *set = lfirst(cell);
        struct og_pg_column *column;
        struct og_pg_value value;

        if (set->indirection || IsA(set->val, MultiAssignRef)) {
            og_pg_refuse(w, set->location, "an assignment to several columns or to a part of one",
                         "assign each column by itself");
            return;
        }
        column = column_of(w, target, set->name, set->location);
        if (!column)
            return;
        value = og_pg_expr(w, scope, set->val);
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
    og_facts_effect(w->facts, OG_EFFECT_UPDATE, og_pg_object(w, target->relation));
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

        if (!column || to->indirection) {
            og_pg_refuse(w, to->location, "an insert into a part of a column", NULL);
            return;
        }
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
    struct og_pg_columns own = {0};

    og_pg_with(w, &scope, update->withClause);
    target = target_of(w, &scope, update->relation, OG_EFFECT_UPDATE);
    if (!target)
        return;
    for (size_t i = 0; i < target->columns.n_items; i++)
        og_pg_push_shared(w, &scope.star, target->columns.items[i]);
    (void)own;
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
    default:
        return false;
    }
}

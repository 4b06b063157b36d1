/* SPDX-License-Identifier: MIT */
/* SELECT in all its clauses. */
#include "common/pg_walk.h"

/* ---- select lists ---- */

static void push_star(struct og_pg_walk *w, struct og_pg_scope *scope, const ColumnRef *ref,
                      struct og_pg_columns *out)
{
    int n = list_length(ref->fields);
    const char *table = n >= 2 ? og_pg_str(list_nth(ref->fields, n - 2)) : NULL;
    const char *schema = n >= 3 ? og_pg_str(list_nth(ref->fields, n - 3)) : NULL;

    if (n == 1) {
        if (!scope->star.n_items)
            og_pg_refuse(w, ref->location, "a star without a table", NULL);
        for (size_t i = 0; i < scope->star.n_items; i++)
            og_pg_push_shared(w, out, scope->star.items[i]);
        return;
    }
    for (const struct og_pg_scope *s = scope; s; s = s->parent)
        for (const struct og_pg_item *item = s->items; item; item = item->next)
            if (strcmp(item->name, table) == 0 &&
                (!schema || (item->schema && strcmp(item->schema, schema) == 0))) {
                if (item->is_open)
                    og_pg_refuse(w, ref->location, "all columns of a function's rows",
                                 "name the columns in an alias");
                for (size_t i = 0; i < item->columns.n_items; i++)
                    og_pg_push_shared(w, out, item->columns.items[i]);
                return;
            }
    og_facts_refusef(w->facts, og_pg_position(w, ref->location), "correct the name",
                     "the table %s is not in FROM", table ? table : "");
}

/* (f(x)).*: the columns that the function declares. */
static bool push_call(struct og_pg_walk *w, struct og_pg_scope *scope, FuncCall *call,
                      struct og_pg_columns *out)
{
    const struct og_routine *shape = NULL;
    struct og_pg_value value = og_pg_call(w, scope, call, false, &shape);

    if (!shape || !shape->n_columns)
        og_pg_refuse(w, call->location, "all fields of a function's row",
                     "call it in FROM, with names for its columns");
    for (size_t i = 0; !og_pg_is_refused(w) && i < shape->n_columns; i++) {
        struct og_pg_column *column = og_pg_push(w, out, shape->columns[i]);

        if (column)
            column->value = value;
    }
    return true;
}

/* (c).* where c is a table's row: the same as c.* */
static bool push_row(struct og_pg_walk *w, struct og_pg_scope *scope, const A_Indirection *node,
                     struct og_pg_columns *out)
{
    struct og_pg_item *item;

    if (list_length(node->indirection) != 1 || !IsA(linitial(node->indirection), A_Star))
        return false;
    if (IsA(node->arg, FuncCall))
        return push_call(w, scope, (FuncCall *)node->arg, out);
    item = og_pg_row_item(scope, node->arg);
    if (!item || item->is_open)
        return false;
    for (size_t i = 0; i < item->columns.n_items; i++)
        og_pg_push_shared(w, out, item->columns.items[i]);
    return true;
}

void og_pg_targets(struct og_pg_walk *w, struct og_pg_scope *scope, List *targets,
                   struct og_pg_columns *out)
{
    ListCell *cell;

    foreach (cell, targets) {
        ResTarget *target = lfirst(cell);
        struct og_pg_column *column;

        if (og_pg_is_refused(w))
            return;
        if (IsA(target->val, ColumnRef) && IsA(llast(((ColumnRef *)target->val)->fields), A_Star)) {
            push_star(w, scope, (ColumnRef *)target->val, out);
            continue;
        }
        if (IsA(target->val, A_Indirection) && push_row(w, scope, (A_Indirection *)target->val, out))
            continue;
        if (IsA(target->val, A_Indirection) &&
            IsA(llast(((A_Indirection *)target->val)->indirection), A_Star)) {
            og_pg_refuse(w, target->location, "all fields of a row", "name the columns you need");
            return;
        }
        column = og_pg_push(w, out, target->name ? target->name : og_pg_label(target->val));
        if (column)
            column->value = og_pg_expr(w, scope, target->val);
    }
}

/* ---- what groups, orders and makes distinct ---- */

/* The output column that a bare number means; NULL: it is no number. */
static struct og_pg_column *by_number(struct og_pg_walk *w, Node *node, struct og_pg_columns *out)
{
    A_Const *constant = (A_Const *)node;
    int number;

    if (!IsA(node, A_Const) || constant->isnull || nodeTag(&constant->val) != T_Integer)
        return NULL;
    number = intVal(&constant->val);
    if (number < 1 || (size_t)number > out->n_items) {
        og_pg_refuse(w, constant->location, "a position that is not in the select list", NULL);
        return NULL;
    }
    return out->items[number - 1];
}

static struct og_pg_column *by_label(Node *node, struct og_pg_columns *out)
{
    const char *name;

    if (!IsA(node, ColumnRef) || list_length(((ColumnRef *)node)->fields) != 1)
        return NULL;
    name = og_pg_str(linitial(((ColumnRef *)node)->fields));
    for (size_t i = 0; name && i < out->n_items; i++)
        if (strcmp(out->items[i]->name, name) == 0)
            return out->items[i];
    return NULL;
}

static bool is_input_column(struct og_pg_scope *scope, Node *node)
{
    const char *name;

    if (!IsA(node, ColumnRef) || list_length(((ColumnRef *)node)->fields) != 1)
        return false;
    name = og_pg_str(linitial(((ColumnRef *)node)->fields));
    for (const struct og_pg_item *item = scope->items; name && item; item = item->next)
        for (size_t i = 0; i < item->columns.n_items; i++)
            if (strcmp(item->columns.items[i]->name, name) == 0)
                return true;
    return false;
}

/* Value of an item of ORDER BY, GROUP BY or DISTINCT ON: a number, an output label, or an expression.
 * prefers_input: GROUP BY takes an input column before a label. */
static struct og_pg_value item_value(struct og_pg_walk *w, struct og_pg_scope *scope, Node *node,
                                     struct og_pg_columns *out, bool prefers_input, enum og_use use)
{
    struct og_pg_column *column = by_number(w, node, out);
    struct og_pg_value value;
    enum og_use before = w->condition_use;

    if (!column && !(prefers_input && is_input_column(scope, node)))
        column = by_label(node, out);
    if (column)
        return og_pg_column_value(w, column);
    w->condition_use = use;
    value = og_pg_expr(w, scope, node);
    w->condition_use = before;
    return value;
}

/* Whether the copied columns of one FROM item in the values hold a full key of its relation. */
static bool has_full_key(const struct og_pg_value *values, size_t n_values, unsigned item,
                         const struct og_relation *relation)
{
    for (size_t k = 0; relation && k < relation->n_keys; k++) {
        size_t n_found = 0;

        for (size_t c = 0; c < relation->keys[k].n_numbers; c++) {
            bool found = false;

            for (size_t i = 0; i < n_values && !found; i++)
                for (size_t s = 0; s < values[i].n_sources && !found; s++)
                    found = values[i].sources[s].item == item && item &&
                            values[i].sources[s].is_copied &&
                            values[i].sources[s].relation == relation &&
                            values[i].sources[s].number == relation->keys[k].numbers[c];
            n_found += found;
        }
        if (relation->keys[k].n_numbers && n_found == relation->keys[k].n_numbers)
            return true;
    }
    return false;
}

static const struct og_relation *relation_of(const struct og_pg_value *values, size_t n_values,
                                             unsigned item)
{
    for (size_t i = 0; i < n_values; i++)
        for (size_t s = 0; s < values[i].n_sources; s++)
            if (values[i].sources[s].item == item && values[i].sources[s].relation)
                return values[i].sources[s].relation;
    return NULL;
}

/* Uses of all values; those beside a full key of their own FROM item shape nothing. */
static void use_as_key(struct og_pg_walk *w, const struct og_pg_value *values, size_t n_values,
                       enum og_use use, bool may_be_beside_key)
{
    for (size_t i = 0; i < n_values; i++)
        for (size_t s = 0; s < values[i].n_sources; s++) {
            const struct og_pg_source *source = &values[i].sources[s];
            bool is_beside =
                may_be_beside_key && source->is_copied && source->item &&
                has_full_key(values, n_values, source->item,
                             relation_of(values, n_values, source->item));

            og_facts_use(w->facts, source->column, use, OG_PG_NOWHERE, is_beside);
        }
}

/* The elements of grouping sets and of GROUP BY (a, b): each a number, a column, or an expression. */
static void group_element(struct og_pg_walk *w, struct og_pg_scope *scope, Node *node,
                          struct og_pg_columns *out)
{
    List *list = IsA(node, GroupingSet) ? ((GroupingSet *)node)->content
                 : IsA(node, RowExpr)   ? ((RowExpr *)node)->args
                 : IsA(node, List)      ? (List *)node
                                        : NIL;
    struct og_pg_value value;
    ListCell *cell;

    if (og_pg_is_refused(w) || !og_pg_enter(w, og_pg_location(node))) {
        og_pg_leave(w);
        return;
    }
    if (IsA(node, GroupingSet) || IsA(node, RowExpr) || IsA(node, List)) {
        foreach (cell, list)
            group_element(w, scope, lfirst(cell), out);
    } else {
        value = item_value(w, scope, node, out, true, OG_USE_GROUP);
        og_pg_use(w, &value, OG_USE_GROUP, og_pg_location(node));
    }
    og_pg_leave(w);
}

static void group(struct og_pg_walk *w, struct og_pg_scope *scope, SelectStmt *select,
                  struct og_pg_columns *out)
{
    size_t n = (size_t)list_length(select->groupClause), i = 0;
    struct og_pg_value *values = og_arena_array(w->facts->arena, n + 1, sizeof(*values));
    bool is_plain = true;
    ListCell *cell;

    if (!values)
        return;
    foreach (cell, select->groupClause) {
        Node *node = lfirst(cell);

        if (IsA(node, GroupingSet) || IsA(node, RowExpr)) {
            group_element(w, scope, node, out);
            i++;
            is_plain = false;
        } else {
            values[i++] = item_value(w, scope, node, out, true, OG_USE_GROUP);
        }
    }
    use_as_key(w, values, n, OG_USE_GROUP, is_plain);
}

static void distinct(struct og_pg_walk *w, struct og_pg_scope *scope, SelectStmt *select,
                     struct og_pg_columns *out)
{
    bool is_on = linitial(select->distinctClause) != NULL;
    size_t n = is_on ? (size_t)list_length(select->distinctClause) : out->n_items, i = 0;
    struct og_pg_value *values = og_arena_array(w->facts->arena, n + 1, sizeof(*values));
    ListCell *cell;

    if (!values)
        return;
    if (is_on) {
        foreach (cell, select->distinctClause)
            values[i++] = item_value(w, scope, lfirst(cell), out, false, OG_USE_DISTINCT);
    } else {
        for (; i < n; i++)
            values[i] = og_pg_column_value(w, out->items[i]);
    }
    use_as_key(w, values, n, OG_USE_DISTINCT, true);
}

static void order_and_limit(struct og_pg_walk *w, struct og_pg_scope *scope, SelectStmt *select,
                            struct og_pg_columns *out)
{
    ListCell *cell;

    foreach (cell, select->sortClause) {
        SortBy *by = lfirst(cell);
        struct og_pg_value value = item_value(w, scope, by->node, out, false, OG_USE_ORDER);

        if (by->useOp && !og_pg_operator(w, by->useOp, by->location))
            return;
        og_pg_use(w, &value, OG_USE_ORDER, og_pg_location(by->node));
    }
    (void)og_pg_expr_used(w, scope, select->limitOffset, OG_USE_LIMIT);
    (void)og_pg_expr_used(w, scope, select->limitCount, OG_USE_LIMIT);
}

static void windows(struct og_pg_walk *w, struct og_pg_scope *scope, SelectStmt *select)
{
    ListCell *cell, *inner;

    foreach (cell, select->windowClause) {
        WindowDef *def = lfirst(cell);

        foreach (inner, def->partitionClause)
            (void)og_pg_expr_used(w, scope, lfirst(inner), OG_USE_WINDOW);
        foreach (inner, def->orderClause)
            (void)og_pg_expr_used(w, scope, ((SortBy *)lfirst(inner))->node, OG_USE_WINDOW);
        (void)og_pg_expr_used(w, scope, def->startOffset, OG_USE_WINDOW);
        (void)og_pg_expr_used(w, scope, def->endOffset, OG_USE_WINDOW);
    }
}

/* FOR UPDATE and the like: the named tables, or all of this level. */
static void locks(struct og_pg_walk *w, struct og_pg_scope *scope, SelectStmt *select)
{
    ListCell *cell, *inner;

    foreach (cell, select->lockingClause) {
        LockingClause *clause = lfirst(cell);

        foreach (inner, clause->lockedRels) {
            struct og_pg_item *item =
                og_pg_find_item(scope, NULL, ((RangeVar *)lfirst(inner))->relname);

            og_facts_effect(w->facts, OG_EFFECT_LOCK,
                            item && item->relation ? og_pg_object(w, item->relation)
                                                   : OG_NO_OBJECT);
        }
        for (const struct og_pg_item *item = scope->items;
             clause->lockedRels == NIL && item; item = item->next)
            og_facts_effect(w->facts, OG_EFFECT_LOCK,
                            item->relation ? og_pg_object(w, item->relation) : OG_NO_OBJECT);
    }
}

/* ---- kinds of select ---- */

static void values_lists(struct og_pg_walk *w, struct og_pg_scope *scope, SelectStmt *select,
                         struct og_pg_columns *out)
{
    ListCell *row_cell, *cell;

    foreach (row_cell, select->valuesLists) {
        size_t i = 0;

        foreach (cell, (List *)lfirst(row_cell)) {
            struct og_pg_value value = og_pg_expr(w, scope, lfirst(cell));
            char name[32];

            if (i == out->n_items) {
                struct og_pg_column *column;

                (void)og_pg_is_refused(w);
                snprintf(name, sizeof(name), "column%zu", i + 1);
                column = og_pg_push(w, out, name);
                if (!column)
                    return;
                column->value.type = value.type;
            } else if (out->items[i]->value.type != value.type)
                out->items[i]->value.type = OG_TYPE_UNKNOWN; /* the server chooses one for all */
            value = og_pg_detached(w, &value);
            og_pg_add(w, &out->items[i]->value, &value, true);
            i++;
        }
    }
}

static void set_operation(struct og_pg_walk *w, struct og_pg_scope *scope, SelectStmt *select,
                          struct og_pg_columns *out)
{
    struct og_pg_columns left = {0}, right = {0};
    bool is_union_all = select->op == SETOP_UNION && select->all;

    og_pg_select(w, scope, select->larg, &left);
    og_pg_select(w, scope, select->rarg, &right);
    if (og_pg_is_refused(w))
        return;
    if (left.n_items != right.n_items) {
        og_pg_refuse(w, -1, "a set operation over different numbers of columns", NULL);
        return;
    }
    for (size_t i = 0; i < left.n_items; i++) {
        struct og_pg_value l = og_pg_column_value(w, left.items[i]);
        struct og_pg_value r = og_pg_column_value(w, right.items[i]);
        struct og_pg_column *column = og_pg_push(w, out, left.items[i]->name);

        if (!column)
            return;
        column->value.type = l.type;
        /* Rows of the other branch stand between: a key of one branch is none of the whole. */
        l = og_pg_detached(w, &l);
        r = og_pg_detached(w, &r);
        og_pg_add(w, &column->value, &l, true);
        og_pg_add(w, &column->value, &r, true);
        if (!is_union_all) {
            og_pg_use(w, &l, OG_USE_SET_OP, -1);
            og_pg_use(w, &r, OG_USE_SET_OP, -1);
        }
    }
}

static void plain_select(struct og_pg_walk *w, struct og_pg_scope *scope, SelectStmt *select,
                         struct og_pg_columns *out)
{
    og_pg_from(w, scope, select->fromClause);
    og_pg_where(w, scope, select->whereClause);
    og_pg_targets(w, scope, select->targetList, out);
    windows(w, scope, select);
    group(w, scope, select, out);
    (void)og_pg_expr_used(w, scope, select->havingClause, OG_USE_HAVING);
    if (select->distinctClause)
        distinct(w, scope, select, out);
}

void og_pg_select(struct og_pg_walk *w, struct og_pg_scope *parent, SelectStmt *select,
                  struct og_pg_columns *out)
{
    struct og_pg_scope scope = {.parent = parent};
    enum og_use before = w->condition_use;

    if (!og_pg_enter(w, -1) || og_pg_is_refused(w)) {
        og_pg_leave(w);
        return;
    }
    w->condition_use = OG_USE_CONDITION;
    og_pg_with(w, &scope, select->withClause);
    if (select->intoClause)
        og_pg_refuse(w, -1, "SELECT INTO in this place", "use CREATE TABLE ... AS");
    if (select->valuesLists)
        values_lists(w, &scope, select, out);
    else if (select->op != SETOP_NONE)
        set_operation(w, &scope, select, out);
    else
        plain_select(w, &scope, select, out);
    if (!og_pg_is_refused(w))
        order_and_limit(w, &scope, select, out);
    if (!og_pg_is_refused(w))
        locks(w, &scope, select);
    w->condition_use = before;
    og_pg_leave(w);
}

/* SPDX-License-Identifier: MIT */
/* FROM items: tables, views (expanded), subqueries, functions, joins; and common table expressions. */
#include "common/pg_walk.h"

static void join_columns(struct og_pg_walk *w, struct og_pg_columns *to,
                         const struct og_pg_columns *from)
{
    for (size_t i = 0; i < from->n_items; i++)
        og_pg_push_shared(w, to, from->items[i]);
}

/* Copies of columns under the names that an alias gives them. */
static void rename_columns(struct og_pg_walk *w, struct og_pg_columns *columns, const Alias *alias)
{
    size_t i = 0;
    ListCell *cell;

    if (!alias)
        return;
    foreach (cell, alias->colnames) {
        struct og_pg_column *copy;

        if (i == columns->n_items) {
            og_pg_refuse(w, -1, "an alias with more names than columns", NULL);
            return;
        }
        copy = og_arena_alloc(w->facts->arena, sizeof(*copy));
        if (!copy)
            return;
        *copy = *columns->items[i];
        copy->name = og_arena_strdup(w->facts->arena, og_pg_str(lfirst(cell)));
        columns->items[i++] = copy;
    }
}

/* ---- relations ---- */

bool og_pg_is_telling(const char *relation, const char *column)
{
    static const struct {
        const char *relation, *column;
    } rows[] = {
#define TELLING(relation, column) {relation, column},
#include "common/pg_telling.tbl.h"
#undef TELLING
    };

    for (size_t i = 0; i < OG_COUNT(rows); i++)
        if (strcmp(rows[i].relation, relation) == 0 &&
            (!rows[i].column || (column && strcmp(rows[i].column, column) == 0)))
            return true;
    return strncmp(relation, "pg_toast_", 9) == 0;
}

static bool is_readable(struct og_pg_walk *w, const struct og_relation *relation,
                        const RangeVar *var)
{
    if (!strchr("rpvmfS", relation->kind)) {
        og_pg_refuse(w, var->location, "reading something that is no table or view", NULL);
        return false;
    }
    if (relation->is_catalog && og_pg_is_telling(relation->name, NULL)) {
        og_facts_refusef(w->facts, og_pg_position(w, var->location),
                         "ask an administrator for what you need of it",
                         "the catalog %s shows other people's data or texts", relation->name);
        return false;
    }
    return true;
}

static void base_columns(struct og_pg_walk *w, struct og_pg_item *item)
{
    size_t object = og_pg_object(w, item->relation);
    unsigned number = ++w->n_items;

    for (size_t i = 0; i < item->relation->n_columns; i++) {
        struct og_pg_column *column =
            og_pg_push(w, &item->columns, item->relation->columns[i].name);

        if (!column)
            return;
        column->is_resolved = false;
        column->relation = item->relation;
        column->index = i;
        column->object = object;
        column->item = number;
    }
}

static SelectStmt *parse_view(struct og_pg_walk *w, const struct og_relation *view)
{
    PgQueryInternalParsetreeAndError parsed = pg_query_raw_parse(view->view_sql);
    SelectStmt *select = NULL;

    if (!parsed.error && list_length(parsed.tree) == 1) {
        Node *node = linitial_node(RawStmt, parsed.tree)->stmt;

        if (IsA(node, SelectStmt))
            select = (SelectStmt *)node;
    }
    free(parsed.stderr_buffer);
    if (parsed.error)
        pg_query_free_error(parsed.error);
    if (!select)
        og_facts_refusef(w->facts, OG_PG_NOWHERE, "read its base tables",
                         "the definition of the view %s", view->name);
    return select;
}

/* A view: what its query reads, with the view's own columns as further names of the same values. */
static void view_columns(struct og_pg_walk *w, struct og_pg_item *item)
{
    const struct og_relation *view = item->relation;
    struct og_pg_columns inner = {0};
    SelectStmt *select = view->view_sql ? parse_view(w, view) : NULL;
    size_t object = og_pg_object(w, view);
    enum og_use before = w->condition_use;

    if (!select || ++w->view_depth > OG_MAX_VIEW_DEPTH) {
        if (select)
            og_pg_refuse(w, -1, "views inside views, too many", NULL);
        return;
    }
    w->condition_use = OG_USE_CONDITION;
    og_pg_select(w, NULL, select, &inner);
    w->condition_use = before;
    w->view_depth--;
    if (!og_pg_is_refused(w) && inner.n_items != view->n_columns) {
        og_facts_refusef(w->facts, OG_PG_NOWHERE, "read its base tables",
                         "the columns of the view %s", view->name);
        return;
    }
    for (size_t i = 0; i < inner.n_items && i < view->n_columns; i++) {
        struct og_pg_column *column = og_pg_push(w, &item->columns, view->columns[i].name);
        struct og_fact_column fact = {.object = object, .name = view->columns[i].name,
                                      .number = view->columns[i].number,
                                      .type = view->columns[i].type};
        struct og_pg_value value = og_pg_column_value(w, inner.items[i]);
        struct og_pg_source *own;

        if (!column)
            return;
        column->value.type = view->columns[i].type;
        og_pg_add(w, &column->value, &value, true);
        own = og_arena_push(w->facts->arena, &column->value.sources, &column->value.n_sources,
                            &column->value.max_sources, sizeof(*own));
        if (own)
            *own = (struct og_pg_source){.column = og_facts_column(w->facts, &fact),
                                         .is_copied = true};
    }
}

static void from_cte(struct og_pg_walk *w, struct og_pg_scope *scope, const RangeVar *var,
                     const struct og_pg_cte *cte, struct og_pg_columns *out)
{
    struct og_pg_item *item =
        og_pg_add_item(w, scope, NULL, var->alias ? var->alias->aliasname : var->relname);

    if (!item)
        return;
    if (cte->is_pending) {
        og_pg_refuse(w, var->location, "a WITH query that is named before it is defined",
                     "define it first");
        return;
    }
    /* Each reference has rows of its own: no column of one determines a column of the other. */
    for (size_t i = 0; i < cte->columns.n_items; i++) {
        struct og_pg_value value = og_pg_column_value(w, cte->columns.items[i]);
        struct og_pg_column *column =
            og_pg_push(w, &item->columns, cte->columns.items[i]->name);

        if (!column)
            return;
        column->value = og_pg_detached(w, &value);
    }
    rename_columns(w, &item->columns, var->alias);
    join_columns(w, out, &item->columns);
}

struct og_pg_item *og_pg_from_relation(struct og_pg_walk *w, struct og_pg_scope *scope,
                                       const RangeVar *var, struct og_pg_columns *out,
                                       bool is_target)
{
    const struct og_relation *relation = og_pg_relation(w, var);
    struct og_pg_item *item;

    if (!relation || !is_readable(w, relation, var))
        return NULL;
    item = og_pg_add_item(w, scope, var->alias ? NULL : relation->schema,
                          var->alias ? var->alias->aliasname : relation->name);
    if (!item)
        return NULL;
    item->relation = relation;
    if (!is_target)
        og_facts_effect(w->facts, OG_EFFECT_SELECT, og_pg_object(w, relation));
    if ((relation->kind == 'v' || relation->kind == 'm') && !is_target && !relation->is_catalog)
        view_columns(w, item);
    else
        base_columns(w, item);
    rename_columns(w, &item->columns, var->alias);
    join_columns(w, out, &item->columns);
    return item;
}

/* ---- other items ---- */

static void from_subselect(struct og_pg_walk *w, struct og_pg_scope *scope, RangeSubselect *range,
                           struct og_pg_columns *out)
{
    /* Without LATERAL it sees the WITH queries of its own level, but not the tables beside it. */
    struct og_pg_scope plain = {.parent = scope->parent, .ctes = scope->ctes};
    struct og_pg_columns columns = {0};
    struct og_pg_item *item;

    if (!og_pg_query(w, range->lateral ? scope : &plain, range->subquery, &columns)) {
        og_pg_refuse(w, -1, "this kind of subquery in FROM", NULL);
        return;
    }
    item = og_pg_add_item(w, scope, NULL, range->alias ? range->alias->aliasname : "");
    if (!item)
        return;
    join_columns(w, &item->columns, &columns);
    rename_columns(w, &item->columns, range->alias);
    join_columns(w, out, &item->columns);
}

/* A function's rows: their columns are all made of its arguments. */
static void push_named(struct og_pg_walk *w, struct og_pg_item *item, const char *name,
                       const struct og_pg_value *value)
{
    struct og_pg_column *column = og_pg_push(w, &item->columns, name);

    if (column)
        column->value = *value;
}

/* The columns of one function: as the statement lists them, else as the function declares them. */
static void function_columns(struct og_pg_walk *w, struct og_pg_item *item, Node *node,
                             const struct og_routine *shape, List *definitions,
                             const struct og_pg_value *value)
{
    const char *name = IsA(node, FuncCall) ? og_pg_str(llast(((FuncCall *)node)->funcname)) : "";
    int n_arguments = IsA(node, FuncCall) ? list_length(((FuncCall *)node)->args) : 1;
    ListCell *cell;

    foreach (cell, definitions)
        push_named(w, item, ((ColumnDef *)lfirst(cell))->colname, value);
    if (definitions != NIL)
        return;
    if (shape && shape->n_columns) {
        for (size_t i = 0; i < shape->n_columns; i++)
            push_named(w, item, shape->columns[i], value);
        return;
    }
    /* FROM unnest(a, b) is one function for each. */
    if (strcmp(name, "unnest") == 0 && n_arguments > 1) {
        for (int i = 0; i < n_arguments; i++)
            push_named(w, item, name, value);
        return;
    }
    /* One column of the item's name stands for the rows of a function of one value; where there are
     * more, the server's count disagrees and the guard refuses the rows. */
    push_named(w, item, item->has_one_function ? item->name : name, value);
    if (IsA(node, FuncCall) && (!shape || shape->returns_record)) {
        item->is_open = true;
        og_pg_add(w, &item->open_value, value, false);
    }
}

static void from_function(struct og_pg_walk *w, struct og_pg_scope *scope, RangeFunction *range,
                          struct og_pg_columns *out)
{
    List *first = linitial(range->functions);
    const char *name = IsA(linitial(first), FuncCall)
                           ? og_pg_str(llast(((FuncCall *)linitial(first))->funcname))
                           : "";
    /* Without LATERAL functions see the tables beside them all the same. */
    struct og_pg_item made = {.is_function = true}, *item;
    ListCell *cell;

    made.name = range->alias ? range->alias->aliasname : name;
    made.has_one_function = list_length(range->functions) == 1;
    foreach (cell, range->functions) {
        List *pair = lfirst(cell);
        Node *node = linitial(pair);
        List *definitions = list_length(pair) > 1 ? lsecond(pair) : NIL;
        const struct og_routine *shape = NULL;
        struct og_pg_value one, value = {0};

        if (IsA(node, FuncCall))
            one = og_pg_call(w, scope, (FuncCall *)node, true, &shape);
        else
            one = og_pg_expr_used(w, scope, node, OG_USE_ROW_COUNT);
        og_pg_add(w, &value, &one, false);
        function_columns(w, &made, node, shape,
                         made.has_one_function && range->coldeflist ? range->coldeflist
                                                                    : definitions,
                         &value);
    }
    if (range->ordinality)
        (void)og_pg_push(w, &made.columns, "ordinality");
    item = og_pg_add_item(w, scope, NULL, made.name);
    if (!item)
        return;
    made.name = item->name;
    made.next = item->next;
    *item = made;
    /* An alias names the columns of a row whose own names are not known. */
    while (item->is_open && range->alias && !og_pg_is_refused(w) &&
           (size_t)list_length(range->alias->colnames) > item->columns.n_items)
        push_named(w, item, "", &item->open_value);
    if (item->is_open && range->alias && range->alias->colnames != NIL)
        item->is_open = false;
    rename_columns(w, &item->columns, range->alias);
    join_columns(w, out, &item->columns);
}

/* XMLTABLE: its rows and their columns are made of the document. */
static void from_xml(struct og_pg_walk *w, struct og_pg_scope *scope, RangeTableFunc *range,
                     struct og_pg_columns *out)
{
    struct og_pg_value value = {0}, one;
    struct og_pg_item *item;
    ListCell *cell;

    one = og_pg_expr_used(w, scope, range->docexpr, OG_USE_ROW_COUNT);
    og_pg_add(w, &value, &one, false);
    one = og_pg_expr_used(w, scope, range->rowexpr, OG_USE_ROW_COUNT);
    og_pg_add(w, &value, &one, false);
    foreach (cell, range->namespaces)
        (void)og_pg_expr_used(w, scope, ((ResTarget *)lfirst(cell))->val, OG_USE_ROW_COUNT);
    item = og_pg_add_item(w, scope, NULL, range->alias ? range->alias->aliasname : "xmltable");
    if (!item)
        return;
    item->is_function = true;
    foreach (cell, range->columns) {
        RangeTableFuncCol *column = lfirst(cell);
        struct og_pg_value own = value;

        one = og_pg_expr_used(w, scope, column->colexpr, OG_USE_FALLIBLE);
        og_pg_add(w, &own, &one, false);
        one = og_pg_expr_used(w, scope, column->coldefexpr, OG_USE_FALLIBLE);
        og_pg_add(w, &own, &one, false);
        if (column->typeName)
            (void)og_pg_type(w, column->typeName);
        push_named(w, item, column->colname, &own);
    }
    rename_columns(w, &item->columns, range->alias);
    join_columns(w, out, &item->columns);
}

static void from_one(struct og_pg_walk *w, struct og_pg_scope *scope, Node *node,
                     struct og_pg_columns *out);

static struct og_pg_column *find_column(const struct og_pg_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->n_items; i++)
        if (strcmp(columns->items[i]->name, name) == 0)
            return columns->items[i];
    return NULL;
}

static bool is_in(const struct og_pg_columns *columns, const char *name)
{
    return find_column(columns, name) != NULL;
}

/* One merged column of USING or NATURAL: made of both sides, and a join use of both. */
static void merge_column(struct og_pg_walk *w, const struct og_pg_columns *left,
                         const struct og_pg_columns *right, const char *name,
                         struct og_pg_columns *out)
{
    struct og_pg_column *l = find_column(left, name), *r = find_column(right, name), *merged;
    struct og_pg_value one;

    if (!l || !r) {
        og_facts_refusef(w->facts, OG_PG_NOWHERE, "correct the name", "the join column %s", name);
        return;
    }
    merged = og_pg_push(w, out, name);
    if (!merged)
        return;
    one = og_pg_column_value(w, l);
    merged->value.type = one.type;
    og_pg_use(w, &one, OG_USE_JOIN, -1);
    og_pg_add(w, &merged->value, &one, true);
    one = og_pg_column_value(w, r);
    og_pg_use(w, &one, OG_USE_JOIN, -1);
    og_pg_add(w, &merged->value, &one, true);
}

static void from_join(struct og_pg_walk *w, struct og_pg_scope *scope, JoinExpr *join,
                      struct og_pg_columns *out)
{
    struct og_pg_columns left = {0}, right = {0}, merged = {0}, all = {0};
    struct og_pg_item *before = scope->items, *last;
    ListCell *cell;

    from_one(w, scope, join->larg, &left);
    from_one(w, scope, join->rarg, &right);
    if (join->isNatural || join->usingClause != NIL)
        og_pg_operator_word(w, "=", -1);
    if (join->isNatural) {
        for (size_t i = 0; i < left.n_items; i++)
            if (is_in(&right, left.items[i]->name))
                merge_column(w, &left, &right, left.items[i]->name, &merged);
    }
    foreach (cell, join->usingClause)
        merge_column(w, &left, &right, og_pg_str(lfirst(cell)), &merged);
    /* ON sees the tables of this join alone, then what lies outside the query. */
    for (last = scope->items; last && last != before && last->next != before;)
        last = last->next;
    if (last && last != before)
        last->next = NULL;
    (void)og_pg_expr_used(w, scope, join->quals, OG_USE_JOIN);
    if (last && last != before)
        last->next = before;
    join_columns(w, &all, &merged);
    for (size_t i = 0; i < left.n_items; i++)
        if (!is_in(&merged, left.items[i]->name))
            og_pg_push_shared(w, &all, left.items[i]);
    for (size_t i = 0; i < right.n_items; i++)
        if (!is_in(&merged, right.items[i]->name))
            og_pg_push_shared(w, &all, right.items[i]);
    if (join->join_using_alias && !og_pg_is_refused(w)) {
        last = og_pg_add_item(w, scope, NULL, join->join_using_alias->aliasname);
        if (last)
            join_columns(w, &last->columns, &merged);
    }
    /* An alias for the whole join hides the tables in it. */
    if (join->alias && !og_pg_is_refused(w)) {
        scope->items = before;
        last = og_pg_add_item(w, scope, NULL, join->alias->aliasname);
        if (!last)
            return;
        join_columns(w, &last->columns, &all);
        rename_columns(w, &last->columns, join->alias);
        all = last->columns;
    }
    join_columns(w, out, &all);
}

static void from_one(struct og_pg_walk *w, struct og_pg_scope *scope, Node *node,
                     struct og_pg_columns *out)
{
    const struct og_pg_cte *cte;

    if (og_pg_is_refused(w) || !og_pg_enter(w, -1)) {
        og_pg_leave(w);
        return;
    }
    switch (nodeTag(node)) {
    case T_RangeVar:
        cte = ((RangeVar *)node)->schemaname ? NULL
                                             : og_pg_find_cte(scope, ((RangeVar *)node)->relname);
        if (cte)
            from_cte(w, scope, (RangeVar *)node, cte, out);
        else
            (void)og_pg_from_relation(w, scope, (RangeVar *)node, out, false);
        break;
    case T_RangeSubselect:
        from_subselect(w, scope, (RangeSubselect *)node, out);
        break;
    case T_RangeFunction:
        from_function(w, scope, (RangeFunction *)node, out);
        break;
    case T_JoinExpr:
        from_join(w, scope, (JoinExpr *)node, out);
        break;
    case T_RangeTableSample:
        from_one(w, scope, ((RangeTableSample *)node)->relation, out);
        (void)og_pg_expr_used(w, scope, (Node *)((RangeTableSample *)node)->args,
                              OG_USE_ROW_COUNT);
        (void)og_pg_expr_used(w, scope, ((RangeTableSample *)node)->repeatable,
                              OG_USE_ROW_COUNT);
        break;
    case T_RangeTableFunc:
        from_xml(w, scope, (RangeTableFunc *)node, out);
        break;
    default:
        og_pg_refuse(w, -1, "this kind of table in FROM", "use tables, subqueries and joins");
    }
    og_pg_leave(w);
}

void og_pg_from(struct og_pg_walk *w, struct og_pg_scope *scope, List *from)
{
    ListCell *cell;

    foreach (cell, from)
        from_one(w, scope, lfirst(cell), &scope->star);
}

/* ---- common table expressions ---- */

static void name_cte(struct og_pg_walk *w, struct og_pg_cte *cte, const CommonTableExpr *expr)
{
    Alias alias = {.type = T_Alias, .colnames = expr->aliascolnames};

    rename_columns(w, &cte->columns, &alias);
}

/* A recursive one is walked until no column gains a source: first its columns are empty, then what the
 * last walk found. */
static void recursive_cte(struct og_pg_walk *w, struct og_pg_scope *scope, struct og_pg_cte *cte,
                          const CommonTableExpr *expr)
{
    size_t n_before = 0, n_now = 0;
    SelectStmt *select = (SelectStmt *)expr->ctequery;

    if (!IsA(expr->ctequery, SelectStmt) || select->op == SETOP_NONE) {
        if (!og_pg_query(w, scope, expr->ctequery, &cte->columns))
            og_pg_refuse(w, expr->location, "this kind of WITH query", NULL);
        name_cte(w, cte, expr);
        return;
    }
    og_pg_select(w, scope, select->larg, &cte->columns);
    name_cte(w, cte, expr);
    for (int round = 0; round < 16 && !og_pg_is_refused(w); round++) {
        struct og_pg_columns again = {0};

        og_pg_select(w, scope, select, &again);
        n_before = n_now;
        n_now = 0;
        for (size_t i = 0; i < cte->columns.n_items && i < again.n_items; i++) {
            struct og_pg_value value = og_pg_column_value(w, again.items[i]);
            struct og_pg_value own = og_pg_column_value(w, cte->columns.items[i]);

            og_pg_add(w, &own, &value, true);
            cte->columns.items[i]->value = own;
            for (size_t k = 0; k < own.n_sources; k++)
                n_now += own.sources[k].is_copied ? 1 : 2;
        }
        if (round && n_now == n_before)
            return;
    }
    if (!og_pg_is_refused(w))
        og_pg_refuse(w, expr->location, "a recursive query that does not settle", NULL);
}

/* The columns that SEARCH and CYCLE add: made of the columns that they list. */
static void add_made_column(struct og_pg_walk *w, struct og_pg_cte *cte, List *names,
                            const char *name, enum og_use use)
{
    struct og_pg_value all = {0};
    struct og_pg_column *column;
    ListCell *cell;

    foreach (cell, names) {
        struct og_pg_column *one = find_column(&cte->columns, og_pg_str(lfirst(cell)));
        struct og_pg_value value = {0};

        if (one)
            value = og_pg_column_value(w, one);
        og_pg_use(w, &value, use, -1);
        og_pg_add(w, &all, &value, false);
    }
    column = og_pg_push(w, &cte->columns, name);
    if (column)
        column->value = all;
}

static void search_and_cycle(struct og_pg_walk *w, struct og_pg_cte *cte,
                             const CommonTableExpr *expr)
{
    const CTESearchClause *search = expr->search_clause;
    const CTECycleClause *cycle = expr->cycle_clause;

    if (search)
        add_made_column(w, cte, search->search_col_list, search->search_seq_column, OG_USE_ORDER);
    if (!cycle)
        return;
    add_made_column(w, cte, cycle->cycle_col_list, cycle->cycle_mark_column, OG_USE_CONDITION);
    add_made_column(w, cte, cycle->cycle_col_list, cycle->cycle_path_column, OG_USE_CONDITION);
}

/* In WITH RECURSIVE every name counts from the start, also in front of its definition. */
static void announce(struct og_pg_walk *w, struct og_pg_scope *scope, const char *name)
{
    struct og_pg_cte *cte = og_arena_alloc(w->facts->arena, sizeof(*cte));

    if (!cte)
        return;
    cte->name = og_arena_strdup(w->facts->arena, name);
    cte->is_pending = true;
    cte->next = scope->ctes;
    scope->ctes = cte;
}

void og_pg_with(struct og_pg_walk *w, struct og_pg_scope *scope, WithClause *with)
{
    ListCell *cell;

    if (!with)
        return;
    if (with->recursive)
        foreach (cell, with->ctes)
            announce(w, scope, ((CommonTableExpr *)lfirst(cell))->ctename);
    foreach (cell, with->ctes) {
        CommonTableExpr *expr = lfirst(cell);
        struct og_pg_cte *cte = og_arena_alloc(w->facts->arena, sizeof(*cte));

        if (!cte)
            return;
        cte->name = og_arena_strdup(w->facts->arena, expr->ctename);
        if (with->recursive) {
            cte->next = scope->ctes;
            scope->ctes = cte;
            recursive_cte(w, scope, cte, expr);
            search_and_cycle(w, cte, expr);
            continue;
        }
        if (!og_pg_query(w, scope, expr->ctequery, &cte->columns))
            og_pg_refuse(w, expr->location, "this kind of WITH query", NULL);
        name_cte(w, cte, expr);
        cte->next = scope->ctes;
        scope->ctes = cte;
    }
}

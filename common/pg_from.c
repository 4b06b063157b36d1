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

/* What shows other people's rows, texts or secrets although it is a catalog. */
static bool is_telling(const char *name)
{
    static const char *const names[] = {
        "pg_stats", "pg_stats_ext", "pg_stats_ext_exprs", "pg_statistic", "pg_statistic_ext_data",
        "pg_stat_activity", "pg_stat_statements", "pg_authid", "pg_shadow", "pg_user_mapping",
        "pg_user_mappings", "pg_largeobject", "pg_hba_file_rules", "pg_ident_file_mappings",
        "pg_file_settings", "pg_cursors", "pg_prepared_statements", "pg_prepared_xacts",
        "pg_subscription", "pg_replication_slots", "pg_stat_replication", "pg_stat_wal_receiver",
        "pg_stat_progress_copy", "pg_locks", "pg_seclabel", "pg_seclabels", "pg_foreign_server",
        "user_mapping_options", "foreign_server_options", "pg_stat_ssl", "pg_stat_gssapi",
        "pg_toast"};

    for (size_t i = 0; i < OG_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return strncmp(name, "pg_toast_", 9) == 0;
}

static bool is_readable(struct og_pg_walk *w, const struct og_relation *relation,
                        const RangeVar *var)
{
    if (!strchr("rpvmfS", relation->kind)) {
        og_pg_refuse(w, var->location, "reading something that is no table or view", NULL);
        return false;
    }
    if (relation->is_catalog && is_telling(relation->name)) {
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
static void from_function(struct og_pg_walk *w, struct og_pg_scope *scope, RangeFunction *range,
                          struct og_pg_columns *out)
{
    struct og_pg_value value = {0};
    const char *name = "";
    struct og_pg_item *item;
    size_t n_known = 0;
    ListCell *cell;

    foreach (cell, range->functions) {
        List *pair = lfirst(cell);
        Node *node = linitial(pair);
        struct og_pg_value one;

        if (IsA(node, FuncCall)) {
            one = og_pg_call(w, scope, (FuncCall *)node, true);
            name = og_pg_str(llast(((FuncCall *)node)->funcname));
        } else {
            one = og_pg_expr_used(w, scope, node, OG_USE_ROW_COUNT);
        }
        og_pg_add(w, &value, &one, false);
    }
    item = og_pg_add_item(w, scope, NULL, range->alias ? range->alias->aliasname : name);
    if (!item)
        return;
    item->open_value = value;
    item->is_function = true;
    if (range->alias)
        foreach (cell, range->alias->colnames) {
            struct og_pg_column *column = og_pg_push(w, &item->columns, og_pg_str(lfirst(cell)));

            if (column)
                column->value = value;
            n_known++;
        }
    foreach (cell, range->coldeflist) {
        struct og_pg_column *column =
            og_pg_push(w, &item->columns, ((ColumnDef *)lfirst(cell))->colname);

        if (column)
            column->value = value;
        n_known++;
    }
    if (!n_known) {
        /* One column of the item's name stands for the rows of a function of one value; where there are
         * more, the server's count disagrees and the guard refuses the rows. */
        struct og_pg_column *column = og_pg_push(w, &item->columns, item->name);

        if (column)
            column->value = value;
        item->is_open = true;
    }
    if (range->ordinality)
        (void)og_pg_push(w, &item->columns, "ordinality");
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
    struct og_pg_columns left = {0}, right = {0}, merged = {0};
    struct og_pg_item *before = scope->items, *last;
    ListCell *cell;

    from_one(w, scope, join->larg, &left);
    from_one(w, scope, join->rarg, &right);
    if (join->alias) {
        og_pg_refuse(w, -1, "an alias for a whole join", "give each table its own alias");
        return;
    }
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
    join_columns(w, out, &merged);
    for (size_t i = 0; i < left.n_items; i++)
        if (!is_in(&merged, left.items[i]->name))
            og_pg_push_shared(w, out, left.items[i]);
    for (size_t i = 0; i < right.n_items; i++)
        if (!is_in(&merged, right.items[i]->name))
            og_pg_push_shared(w, out, right.items[i]);
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

        if (!cte || expr->search_clause || expr->cycle_clause) {
            og_pg_refuse(w, expr->location, "a SEARCH or CYCLE clause", NULL);
            return;
        }
        cte->name = og_arena_strdup(w->facts->arena, expr->ctename);
        if (with->recursive) {
            cte->next = scope->ctes;
            scope->ctes = cte;
            recursive_cte(w, scope, cte, expr);
            continue;
        }
        if (!og_pg_query(w, scope, expr->ctequery, &cte->columns))
            og_pg_refuse(w, expr->location, "this kind of WITH query", NULL);
        name_cte(w, cte, expr);
        cte->next = scope->ctes;
        scope->ctes = cte;
    }
}

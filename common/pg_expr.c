/* SPDX-License-Identifier: MIT */
/* Expressions: what a value is made of, and how its columns are used on the way. */
#include "common/pg_walk.h"

typedef struct og_pg_value value_t;

static value_t nothing(void)
{
    return (value_t){0};
}

value_t og_pg_each(struct og_pg_walk *w, struct og_pg_scope *scope, List *list)
{
    value_t all = nothing();
    ListCell *cell;

    foreach (cell, list) {
        value_t one = og_pg_expr(w, scope, lfirst(cell));

        og_pg_add(w, &all, &one, false);
    }
    return all;
}

value_t og_pg_expr_used(struct og_pg_walk *w, struct og_pg_scope *scope, Node *node, enum og_use use)
{
    enum og_use before = w->condition_use;
    value_t value;

    if (!node)
        return nothing();
    w->condition_use = use;
    value = og_pg_expr(w, scope, node);
    w->condition_use = before;
    og_pg_use(w, &value, use, og_pg_location(node));
    return value;
}

value_t og_pg_condition(struct og_pg_walk *w, const value_t *value, int location)
{
    value_t out = nothing();

    og_pg_use(w, value, w->condition_use, location);
    og_pg_add(w, &out, value, false);
    return out;
}

value_t og_pg_fallible(struct og_pg_walk *w, const value_t *value, int location)
{
    value_t out = nothing();

    og_pg_use(w, value, OG_USE_FALLIBLE, location);
    og_pg_add(w, &out, value, false);
    return out;
}

/* ---- operators ---- */

static value_t a_expr(struct og_pg_walk *w, struct og_pg_scope *scope, A_Expr *expr)
{
    value_t both = nothing(), left, right;

    if (!og_pg_operator(w, expr->name, expr->location))
        return nothing();
    switch (expr->kind) {
    case AEXPR_OP:
        return og_pg_operation(w, scope, expr);
    case AEXPR_OP_ANY:
    case AEXPR_OP_ALL:
    case AEXPR_DISTINCT:
    case AEXPR_NOT_DISTINCT:
    case AEXPR_NULLIF:
    case AEXPR_IN:
    case AEXPR_LIKE:
    case AEXPR_ILIKE:
    case AEXPR_SIMILAR:
    case AEXPR_BETWEEN:
    case AEXPR_NOT_BETWEEN:
    case AEXPR_BETWEEN_SYM:
    case AEXPR_NOT_BETWEEN_SYM:
        if (expr->kind >= AEXPR_BETWEEN) {
            og_pg_operator_word(w, "<=", expr->location);
            og_pg_operator_word(w, ">=", expr->location);
        }
        left = og_pg_expr(w, scope, expr->lexpr);
        right = IsA(expr->rexpr, List) ? og_pg_each(w, scope, (List *)expr->rexpr)
                                       : og_pg_expr(w, scope, expr->rexpr);
        og_pg_add(w, &both, &left, false);
        og_pg_add(w, &both, &right, false);
        return og_pg_condition(w, &both, expr->location);
    default:
        og_pg_refuse(w, expr->location, "an operator of an unknown kind", NULL);
        return nothing();
    }
}

/* ---- subqueries ---- */

static value_t sublink(struct og_pg_walk *w, struct og_pg_scope *scope, SubLink *link)
{
    struct og_pg_columns columns = {0};
    value_t out = nothing(), test;

    if (!og_pg_query(w, scope, link->subselect, &columns)) {
        og_pg_refuse(w, link->location, "this kind of subquery", NULL);
        return out;
    }
    for (size_t i = 0; i < columns.n_items; i++) {
        value_t one = og_pg_column_value(w, columns.items[i]);

        if (link->subLinkType == EXPR_SUBLINK)
            out.type = one.type;
        one = og_pg_detached(w, &one);
        if (link->subLinkType != EXISTS_SUBLINK)
            og_pg_add(w, &out, &one, link->subLinkType == EXPR_SUBLINK);
    }
    switch (link->subLinkType) {
    case EXISTS_SUBLINK:
    case EXPR_SUBLINK:
    case ARRAY_SUBLINK:
        return out;
    case ANY_SUBLINK:
    case ALL_SUBLINK:
        if (link->operName == NIL)
            og_pg_operator_word(w, "=", link->location);
        else if (!og_pg_operator(w, link->operName, link->location))
            return nothing();
        test = og_pg_expr(w, scope, link->testexpr);
        og_pg_add(w, &out, &test, false);
        return og_pg_condition(w, &out, link->location);
    default:
        og_pg_refuse(w, link->location, "this kind of subquery", NULL);
        return nothing();
    }
}

/* One branch's value comes out as it is. */
static void branch(struct og_pg_walk *w, struct og_pg_scope *scope, Node *node, value_t *out)
{
    value_t one = og_pg_expr(w, scope, node);

    if (!out->n_sources)
        out->type = one.type;
    one = og_pg_detached(w, &one);
    og_pg_add(w, out, &one, true);
}

static value_t case_expr(struct og_pg_walk *w, struct og_pg_scope *scope, CaseExpr *expr)
{
    value_t out = nothing(), one;
    ListCell *cell;

    one = og_pg_expr_used(w, scope, (Node *)expr->arg, w->condition_use);
    og_pg_add(w, &out, &one, false);
    if (expr->arg)
        og_pg_operator_word(w, "=", expr->location);
    foreach (cell, expr->args) {
        CaseWhen *when = lfirst(cell);

        one = og_pg_expr_used(w, scope, (Node *)when->expr, w->condition_use);
        og_pg_add(w, &out, &one, false);
        branch(w, scope, (Node *)when->result, &out);
    }
    if (expr->defresult)
        branch(w, scope, (Node *)expr->defresult, &out);
    return out;
}

bool og_pg_is_infallible(const Node *node)
{
    ListCell *cell;

    if (!node)
        return true;
    switch (nodeTag(node)) {
    case T_A_Const:
    case T_ColumnRef:
    case T_ParamRef:
    case T_SQLValueFunction:
        return true;
    case T_TypeCast: /* of a literal it fails, if at all, before any row is read */
        return ((const TypeCast *)node)->arg && IsA(((const TypeCast *)node)->arg, A_Const);
    case T_CoalesceExpr:
        foreach (cell, ((const CoalesceExpr *)node)->args)
            if (!og_pg_is_infallible(lfirst(cell)))
                return false;
        return true;
    case T_FuncCall:
        foreach (cell, ((const FuncCall *)node)->args)
            if (!og_pg_is_infallible(lfirst(cell)))
                return false;
        return og_pg_function_kind(strVal(llast(((const FuncCall *)node)->funcname))) ==
               OG_PG_FUNCTION_TOTAL;
    default:
        return false;
    }
}

/* The first value that is not NULL. Whether a later one was looked at must not show by an error. */
static value_t coalesce(struct og_pg_walk *w, struct og_pg_scope *scope, CoalesceExpr *expr)
{
    value_t out = nothing();
    bool is_telling = false;
    ListCell *cell;

    foreach (cell, expr->args) {
        if (cell != list_head(expr->args))
            is_telling = is_telling || !og_pg_is_infallible(lfirst(cell));
        branch(w, scope, lfirst(cell), &out);
    }
    return is_telling ? og_pg_condition(w, &out, expr->location) : out;
}

/* (x).field and x[1]. A field may be a column of the row that the name stands for. */
static value_t indirection(struct og_pg_walk *w, struct og_pg_scope *scope, A_Indirection *node)
{
    int location = og_pg_location((Node *)node), i = 0;
    value_t value = nothing(), out = nothing();
    ListCell *cell;

    if (og_pg_row_field(w, scope, node, &value))
        i = 1;
    else
        value = og_pg_expr(w, scope, node->arg);
    if (i == list_length(node->indirection))
        return value;
    for_each_from(cell, node->indirection, i) {
        Node *step = lfirst(cell);

        if (IsA(step, A_Indices)) {
            value_t at;

            at = og_pg_expr(w, scope, ((A_Indices *)step)->lidx);
            og_pg_add(w, &out, &at, false);
            at = og_pg_expr(w, scope, ((A_Indices *)step)->uidx);
            og_pg_add(w, &out, &at, false);
        } else if (!IsA(step, String)) {
            og_pg_refuse(w, location, "all fields of a row", "name the columns you need");
        }
    }
    /* A subscript may be no number, or a key that is no subscript. */
    if (og_pg_has_columns(&out))
        out = og_pg_fallible(w, &out, location);
    og_pg_add(w, &out, &value, false);
    return out;
}

/* ---- XML ---- */

static value_t xml(struct og_pg_walk *w, struct og_pg_scope *scope, XmlExpr *expr)
{
    value_t value = og_pg_each(w, scope, expr->args), one;
    ListCell *cell;

    foreach (cell, expr->named_args) {
        one = og_pg_expr(w, scope, ((ResTarget *)lfirst(cell))->val);
        og_pg_add(w, &value, &one, false);
    }
    switch (expr->op) {
    case IS_XMLELEMENT:
    case IS_XMLFOREST:
    case IS_XMLCONCAT:
        return value;
    case IS_DOCUMENT:
        value = og_pg_condition(w, &value, expr->location);
        return og_pg_fallible(w, &value, expr->location);
    default:
        return og_pg_fallible(w, &value, expr->location);
    }
}

/* ---- every node ---- */

static value_t node_value(struct og_pg_walk *w, struct og_pg_scope *scope, Node *node)
{
    value_t value = nothing(), out = nothing();

    switch (nodeTag(node)) {
    case T_ColumnRef:
        return og_pg_resolve(w, scope, (ColumnRef *)node);
    case T_A_Const:
    case T_ParamRef:
    case T_SQLValueFunction:
    case T_SetToDefault:
    case T_CurrentOfExpr: /* the row that a cursor stands on, whose query was judged */
        return value;
    case T_A_Expr:
        return a_expr(w, scope, (A_Expr *)node);
    case T_BoolExpr:
        value = og_pg_each(w, scope, ((BoolExpr *)node)->args);
        return og_pg_condition(w, &value, ((BoolExpr *)node)->location);
    case T_NullTest:
        value = og_pg_expr(w, scope, (Node *)((NullTest *)node)->arg);
        return og_pg_condition(w, &value, ((NullTest *)node)->location);
    case T_BooleanTest:
        value = og_pg_expr(w, scope, (Node *)((BooleanTest *)node)->arg);
        return og_pg_condition(w, &value, ((BooleanTest *)node)->location);
    case T_CoalesceExpr:
        return coalesce(w, scope, (CoalesceExpr *)node);
    case T_MinMaxExpr:
        og_pg_operator_word(w, "<", ((MinMaxExpr *)node)->location);
        return og_pg_each(w, scope, ((MinMaxExpr *)node)->args);
    case T_CaseExpr:
        return case_expr(w, scope, (CaseExpr *)node);
    case T_FuncCall:
        return og_pg_call(w, scope, (FuncCall *)node, false, NULL);
    case T_TypeCast:
        return og_pg_cast(w, scope, (TypeCast *)node);
    case T_SubLink:
        return sublink(w, scope, (SubLink *)node);
    case T_A_ArrayExpr:
        return og_pg_each(w, scope, ((A_ArrayExpr *)node)->elements);
    case T_RowExpr:
        return og_pg_each(w, scope, ((RowExpr *)node)->args);
    case T_A_Indirection:
        return indirection(w, scope, (A_Indirection *)node);
    case T_CollateClause:
        value = og_pg_expr(w, scope, ((CollateClause *)node)->arg);
        og_pg_add(w, &out, &value, false);
        return out;
    case T_NamedArgExpr:
        return og_pg_expr(w, scope, (Node *)((NamedArgExpr *)node)->arg);
    case T_GroupingFunc:
        return og_pg_each(w, scope, ((GroupingFunc *)node)->args);
    case T_List:
        return og_pg_each(w, scope, (List *)node);
    case T_XmlExpr:
        return xml(w, scope, (XmlExpr *)node);
    case T_XmlSerialize:
        value = og_pg_expr(w, scope, ((XmlSerialize *)node)->expr);
        return og_pg_fallible(w, &value, ((XmlSerialize *)node)->location);
    default:
        og_facts_refusef(w->facts, og_pg_position(w, og_pg_location(node)),
                         "write it another way", "an expression of kind %d", (int)nodeTag(node));
        return value;
    }
}

value_t og_pg_expr(struct og_pg_walk *w, struct og_pg_scope *scope, Node *node)
{
    value_t value = nothing();

    if (!node || og_pg_is_refused(w))
        return value;
    if (og_pg_enter(w, og_pg_location(node)))
        value = node_value(w, scope, node);
    og_pg_leave(w);
    return value;
}

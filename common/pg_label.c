/* SPDX-License-Identifier: MIT */
/* Labels of result columns, as the server makes them. */
#include "common/pg_walk.h"

static const char *label_of(Node *node, int *strength);

/* As the server: the one column that a scalar subquery hands out gives the name. */
static const char *sublink_label(const SubLink *link, int *strength)
{
    const SelectStmt *select = (const SelectStmt *)link->subselect;
    const ResTarget *target;

    *strength = 2;
    if (link->subLinkType == EXISTS_SUBLINK)
        return "exists";
    if (link->subLinkType == ARRAY_SUBLINK)
        return "array";
    *strength = 0;
    if (link->subLinkType != EXPR_SUBLINK || !IsA(select, SelectStmt))
        return NULL;
    while (select->op != SETOP_NONE)
        select = select->larg;
    *strength = 2;
    if (select->valuesLists != NIL)
        return "column1";
    *strength = 0;
    if (select->targetList == NIL)
        return NULL;
    target = linitial(select->targetList);
    *strength = 2;
    return target->name ? target->name : og_pg_label(target->val);
}

static const char *last_name(List *names, int *strength)
{
    const char *name = NULL;
    ListCell *cell;

    foreach (cell, names)
        if (og_pg_str(lfirst(cell)))
            name = og_pg_str(lfirst(cell));
    *strength = name ? 2 : 0;
    return name;
}

static const char *value_function_label(const SQLValueFunction *node)
{
    switch (node->op) {
    case SVFOP_CURRENT_DATE:
        return "current_date";
    case SVFOP_CURRENT_TIME:
    case SVFOP_CURRENT_TIME_N:
        return "current_time";
    case SVFOP_CURRENT_TIMESTAMP:
    case SVFOP_CURRENT_TIMESTAMP_N:
        return "current_timestamp";
    case SVFOP_LOCALTIME:
    case SVFOP_LOCALTIME_N:
        return "localtime";
    case SVFOP_LOCALTIMESTAMP:
    case SVFOP_LOCALTIMESTAMP_N:
        return "localtimestamp";
    case SVFOP_CURRENT_ROLE:
        return "current_role";
    case SVFOP_CURRENT_USER:
        return "current_user";
    case SVFOP_USER:
        return "user";
    case SVFOP_SESSION_USER:
        return "session_user";
    case SVFOP_CURRENT_CATALOG:
        return "current_catalog";
    case SVFOP_CURRENT_SCHEMA:
        return "current_schema";
    default:
        return NULL;
    }
}

/* strength: 2 a name that nothing outside replaces, 1 one that a cast or CASE may, 0 none. */
static const char *label_of(Node *node, int *strength)
{
    const char *inner;

    *strength = 2;
    switch (nodeTag(node)) {
    case T_ColumnRef:
        return last_name(((ColumnRef *)node)->fields, strength);
    case T_A_Indirection:
        inner = last_name(((A_Indirection *)node)->indirection, strength);
        return inner ? inner : label_of(((A_Indirection *)node)->arg, strength);
    case T_FuncCall:
        return og_pg_str(llast(((FuncCall *)node)->funcname));
    case T_A_Expr:
        *strength = ((A_Expr *)node)->kind == AEXPR_NULLIF ? 2 : 0;
        return *strength ? "nullif" : NULL;
    case T_TypeCast:
        inner = label_of(((TypeCast *)node)->arg, strength);
        if (*strength > 1)
            return inner;
        *strength = 1;
        return og_pg_str(llast(((TypeCast *)node)->typeName->names));
    case T_CollateClause:
        return label_of(((CollateClause *)node)->arg, strength);
    case T_CaseExpr:
        *strength = 0;
        inner = ((CaseExpr *)node)->defresult
                    ? label_of((Node *)((CaseExpr *)node)->defresult, strength)
                    : NULL;
        if (*strength > 1)
            return inner;
        *strength = 1;
        return "case";
    case T_SubLink:
        return sublink_label((SubLink *)node, strength);
    case T_GroupingFunc:
        return "grouping";
    case T_CoalesceExpr:
        return "coalesce";
    case T_MinMaxExpr:
        return ((MinMaxExpr *)node)->op == IS_GREATEST ? "greatest" : "least";
    case T_SQLValueFunction:
        return value_function_label((SQLValueFunction *)node);
    case T_A_ArrayExpr:
        return "array";
    case T_RowExpr:
        return "row";
    default:
        *strength = 0;
        return NULL;
    }
}

const char *og_pg_label(Node *node)
{
    int strength = 0;
    const char *label = node ? label_of(node, &strength) : NULL;

    return label ? label : "?column?";
}

/* SPDX-License-Identifier: MIT */
/* pg_lookup.c - the condition of a WHERE clause, with those parts told apart that compare one column
 * with one constant or parameter: policies may let a masked column be searched so. */
#include "common/pg_walk.h"

#include <string.h>

/* Casts of a constant that are nothing but its type. */
static bool is_plain_type(const TypeName *type)
{
    static const char *const names[] = {"text", "varchar", "bpchar", "char", "name", "int2", "int4",
                                        "int8", "numeric", "float4", "float8", "bool", "date",
                                        "timestamp", "timestamptz", "uuid"};
    const char *name;

    if (!type || type->setof || type->arrayBounds || list_length(type->names) == 0)
        return false;
    if (list_length(type->names) > 1 &&
        (!og_pg_str(linitial(type->names)) ||
         strcmp(og_pg_str(linitial(type->names)), "pg_catalog") != 0))
        return false;
    name = og_pg_str(llast(type->names));
    for (size_t i = 0; name && i < OG_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* The parameter that the constant is, 1-based; 0: written out. */
static size_t marker_of(const Node *node)
{
    while (node && IsA(node, TypeCast))
        node = ((const TypeCast *)node)->arg;
    return node && IsA(node, ParamRef) ? (size_t)((const ParamRef *)node)->number : 0;
}

static bool is_constant(const Node *node)
{
    while (node && IsA(node, TypeCast) && is_plain_type(((const TypeCast *)node)->typeName))
        node = ((const TypeCast *)node)->arg;
    return node && (IsA(node, A_Const) || IsA(node, ParamRef));
}

static bool is_equals(const A_Expr *expr)
{
    const char *name = list_length(expr->name) ? og_pg_str(llast(expr->name)) : NULL;

    return expr->kind == AEXPR_OP && list_length(expr->name) == 1 && name &&
           strcmp(name, "=") == 0 && expr->lexpr && expr->rexpr;
}

/* Returns: whether the node is such a comparison; it is walked then. */
static bool lookup(struct og_pg_walk *w, struct og_pg_scope *scope, const A_Expr *expr)
{
    Node *column = expr->lexpr, *constant = expr->rexpr;
    struct og_pg_value value;

    if (!is_equals(expr))
        return false;
    if (IsA(constant, ColumnRef)) {
        column = expr->rexpr;
        constant = expr->lexpr;
    }
    if (!IsA(column, ColumnRef) || !is_constant(constant))
        return false;
    if (!og_pg_operator(w, expr->name, expr->location))
        return true;
    value = og_pg_expr(w, scope, column);
    for (size_t i = 0; i < value.n_sources; i++)
        if (!value.sources[i].is_copied || value.type == OG_TYPE_OTHER) {
            og_pg_use(w, &value, OG_USE_FILTER, expr->location);
            value.n_sources = 0;
        }
    for (size_t i = 0; i < value.n_sources; i++)
        og_facts_equality(w->facts, value.sources[i].column, marker_of(constant));
    (void)og_pg_expr(w, scope, constant);
    return true;
}

void og_pg_where(struct og_pg_walk *w, struct og_pg_scope *scope, Node *node)
{
    ListCell *cell;

    if (!node)
        return;
    if (IsA(node, BoolExpr) && ((BoolExpr *)node)->boolop == AND_EXPR) {
        if (!og_pg_enter(w, ((BoolExpr *)node)->location))
            return;
        foreach (cell, ((BoolExpr *)node)->args)
            og_pg_where(w, scope, lfirst(cell));
        og_pg_leave(w);
        return;
    }
    if (!IsA(node, A_Expr) || !lookup(w, scope, (A_Expr *)node))
        (void)og_pg_expr_used(w, scope, node, OG_USE_FILTER);
}

/* SPDX-License-Identifier: MIT */
/* Where an expression begins in the text. */
#include "common/pg_walk.h"

/* More than people write; beyond it a place further right is told. */
#define MAX_LOCATION_STEPS 64u

/* The operand with which an expression begins; NULL: it begins with itself. */
static const Node *first_operand(const Node *node)
{
    switch (nodeTag(node)) {
    case T_A_Expr:
        return ((const A_Expr *)node)->lexpr;
    case T_BoolExpr:
        return ((const BoolExpr *)node)->boolop == NOT_EXPR
                   ? NULL
                   : (const Node *)linitial(((const BoolExpr *)node)->args);
    case T_TypeCast:
        return ((const TypeCast *)node)->arg;
    case T_CollateClause:
        return ((const CollateClause *)node)->arg;
    case T_A_Indirection:
        return ((const A_Indirection *)node)->arg;
    case T_NullTest:
        return (const Node *)((const NullTest *)node)->arg;
    case T_BooleanTest:
        return (const Node *)((const BooleanTest *)node)->arg;
    default:
        return NULL;
    }
}

static int own_location(const Node *node)
{
    switch (nodeTag(node)) {
    case T_A_Expr:
        return ((const A_Expr *)node)->location;
    case T_BoolExpr:
        return ((const BoolExpr *)node)->location;
    case T_TypeCast:
        return ((const TypeCast *)node)->location;
    case T_CollateClause:
        return ((const CollateClause *)node)->location;
    case T_NullTest:
        return ((const NullTest *)node)->location;
    case T_BooleanTest:
        return ((const BooleanTest *)node)->location;
    case T_FuncCall: /* its name stands before its arguments */
        return ((const FuncCall *)node)->location;
    case T_XmlExpr:
        return ((const XmlExpr *)node)->location;
    case T_NamedArgExpr:
        return ((const NamedArgExpr *)node)->location;
    case T_A_Indirection:
        return -1;
    default:
        return exprLocation(node);
    }
}

int og_pg_location(const Node *node)
{
    int found = -1;

    /* The library's own goes all the way down, from every level again and on the stack. */
    for (unsigned i = 0; node && i < MAX_LOCATION_STEPS; i++, node = first_operand(node)) {
        int own = own_location(node);

        if (own >= 0 && (found < 0 || own < found))
            found = own;
    }
    return found;
}

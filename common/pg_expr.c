/* SPDX-License-Identifier: MIT */
/* Expressions: what a value is made of, and how its columns are used on the way. */
#include "common/pg_walk.h"

typedef struct og_pg_value value_t;

static value_t nothing(void)
{
    return (value_t){0};
}

/* Values of a list, merged as derived. */
static value_t each(struct og_pg_walk *w, struct og_pg_scope *scope, List *list)
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
    og_pg_use(w, &value, use, exprLocation(node));
    return value;
}

/* A condition: its columns decide something here. */
static value_t condition(struct og_pg_walk *w, const value_t *value, int location)
{
    value_t out = nothing();

    og_pg_use(w, value, w->condition_use, location);
    og_pg_add(w, &out, value, false);
    return out;
}

static value_t fallible(struct og_pg_walk *w, const value_t *value, int location)
{
    value_t out = nothing();

    og_pg_use(w, value, OG_USE_FALLIBLE, location);
    og_pg_add(w, &out, value, false);
    return out;
}

/* ---- operators ---- */

static bool is_one_of(const char *word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

static value_t operation(struct og_pg_walk *w, struct og_pg_scope *scope, A_Expr *expr)
{
    static const char *const total[] = {"||", "->", "->>", "#>", "#>>"};
    static const char *const compares[] = {"=",  "<>", "!=", "<",  ">",   "<=",   ">=", "~~", "!~~",
                                           "~~*", "!~~*", "@>", "<@", "?",  "&&"};
    const char *op = expr->name != NIL ? og_pg_str(llast(expr->name)) : NULL;
    value_t both = nothing(), left, right;

    left = expr->lexpr ? og_pg_expr(w, scope, expr->lexpr) : nothing();
    right = expr->rexpr ? og_pg_expr(w, scope, expr->rexpr) : nothing();
    og_pg_add(w, &both, &left, false);
    og_pg_add(w, &both, &right, false);
    if (op && is_one_of(op, total, OG_COUNT(total)))
        return both;
    if (op && is_one_of(op, compares, OG_COUNT(compares)))
        return condition(w, &both, expr->location);
    both = condition(w, &both, expr->location); /* regular expressions may fail as well */
    return fallible(w, &both, expr->location);
}

/* Refuses OPERATOR(schema.op), which may be anybody's function. */
static bool is_plain_operator(struct og_pg_walk *w, List *name, int location)
{
    const char *schema = list_length(name) > 1 ? og_pg_str(linitial(name)) : "pg_catalog";

    if (schema && strcmp(schema, "pg_catalog") == 0)
        return true;
    og_pg_refuse(w, location, "an operator of another schema", "use a built-in operator");
    return false;
}

static value_t a_expr(struct og_pg_walk *w, struct og_pg_scope *scope, A_Expr *expr)
{
    value_t both = nothing(), left, right;

    if (!is_plain_operator(w, expr->name, expr->location))
        return nothing();
    switch (expr->kind) {
    case AEXPR_OP:
        return operation(w, scope, expr);
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
        left = og_pg_expr(w, scope, expr->lexpr);
        right = IsA(expr->rexpr, List) ? each(w, scope, (List *)expr->rexpr)
                                       : og_pg_expr(w, scope, expr->rexpr);
        og_pg_add(w, &both, &left, false);
        og_pg_add(w, &both, &right, false);
        return condition(w, &both, expr->location);
    default:
        og_pg_refuse(w, expr->location, "an operator of an unknown kind", NULL);
        return nothing();
    }
}

/* ---- casts ---- */

static bool is_builtin_type(const TypeName *type, const char **name)
{
    static const char *const types[] = {
        "text", "varchar", "bpchar", "char", "name", "int2", "int4", "int8", "float4", "float8",
        "numeric", "bool", "date", "time", "timetz", "timestamp", "timestamptz", "interval", "uuid",
        "json", "jsonb", "bytea", "oid", "regclass", "regtype", "regproc", "inet", "cidr", "macaddr",
        "money", "bit", "varbit", "xml", "point", "int4range", "int8range", "numrange", "daterange",
        "tsrange", "tstzrange", "tsvector", "tsquery", "regnamespace", "regrole", "xid", "tid", "cid",
        "unknown", "oidvector", "int2vector", "refcursor", "jsonpath", "smallint", "integer",
        "bigint", "real", "decimal", "boolean", "character", "regprocedure", "regoper"};
    int n = list_length(type->names);

    *name = n ? og_pg_str(llast(type->names)) : NULL;
    if (!*name || type->setof || type->pct_type || n > 2 ||
        (n == 2 && strcmp(og_pg_str(linitial(type->names)), "pg_catalog") != 0))
        return false;
    return is_one_of(*name, types, OG_COUNT(types));
}

static value_t cast(struct og_pg_walk *w, struct og_pg_scope *scope, TypeCast *node)
{
    static const char *const texts[] = {"text", "varchar", "bpchar", "name"};
    value_t value = og_pg_expr(w, scope, node->arg), out = nothing();
    const char *name;

    if (!is_builtin_type(node->typeName, &name)) {
        og_facts_refusef(w->facts, og_pg_position(w, node->location),
                         "cast to a built-in type", "a cast to the type %s", name ? name : "?");
        return nothing();
    }
    if (!og_pg_has_columns(&value))
        return value;
    if (is_one_of(name, texts, OG_COUNT(texts)) && node->typeName->arrayBounds == NIL) {
        og_pg_add(w, &out, &value, false);
        out.type = OG_TYPE_TEXT;
        return out;
    }
    return fallible(w, &value, node->location);
}

/* ---- functions ---- */

enum function_kind { KIND_NONE = 0, KIND_TOTAL, KIND_FALLIBLE, KIND_AGGREGATE, KIND_WINDOW, KIND_SET,
                     KIND_STATE };

static enum function_kind kind_of(const char *name)
{
    static const struct {
        const char *name;
        enum function_kind kind;
    } functions[] = {
#define FUNCTION(name, kind) {name, KIND_##kind},
#include "common/pg_function.tbl.h"
#undef FUNCTION
    };

    for (size_t i = 0; i < OG_COUNT(functions); i++)
        if (strcmp(functions[i].name, name) == 0)
            return functions[i].kind;
    return KIND_NONE;
}

/* Registers the function; KIND_NONE: nobody knows it to be harmless. */
static enum function_kind look_up(struct og_pg_walk *w, const FuncCall *call)
{
    int n = list_length(call->funcname);
    const char *schema = n == 2 ? og_pg_str(linitial(call->funcname)) : NULL;
    const char *name = n ? og_pg_str(llast(call->funcname)) : NULL;
    const struct og_routine *const *routines = NULL;
    struct og_fact_function fact = {.position = og_pg_position(w, call->location)};
    enum function_kind kind = KIND_NONE;
    size_t n_routines = 0;
    int r;

    if (!name || n > 2 || (n == 2 && !schema)) {
        og_pg_refuse(w, call->location, "a function's name with more than two parts", NULL);
        return KIND_NONE;
    }
    r = w->catalog->routines(w->catalog, schema, name, &routines, &n_routines);
    if (r < 0)
        w->error = r;
    if (r != 0 || !n_routines) {
        og_facts_refusef(w->facts, og_pg_position(w, call->location), "correct its name",
                         "the function %s is not known", name);
        return KIND_NONE;
    }
    fact.name = name;
    fact.schema = routines[0]->schema;
    fact.is_builtin = true;
    for (size_t i = 0; i < n_routines; i++)
        if (!routines[i]->is_builtin) {
            fact.is_builtin = false;
            fact.schema = routines[i]->schema;
        }
    if (fact.is_builtin)
        kind = kind_of(name);
    fact.is_harmless = kind != KIND_NONE;
    og_facts_function(w->facts, &fact);
    return kind;
}

static void window(struct og_pg_walk *w, struct og_pg_scope *scope, WindowDef *over)
{
    ListCell *cell;

    if (!over)
        return;
    foreach (cell, over->partitionClause)
        (void)og_pg_expr_used(w, scope, lfirst(cell), OG_USE_WINDOW);
    foreach (cell, over->orderClause)
        (void)og_pg_expr_used(w, scope, ((SortBy *)lfirst(cell))->node, OG_USE_WINDOW);
    (void)og_pg_expr_used(w, scope, over->startOffset, OG_USE_WINDOW);
    (void)og_pg_expr_used(w, scope, over->endOffset, OG_USE_WINDOW);
}

value_t og_pg_call(struct og_pg_walk *w, struct og_pg_scope *scope, FuncCall *call, bool is_in_from)
{
    enum function_kind kind = look_up(w, call);
    value_t args = each(w, scope, call->args), out = nothing();
    ListCell *cell;

    foreach (cell, call->agg_order) {
        value_t order =
            og_pg_expr_used(w, scope, ((SortBy *)lfirst(cell))->node, OG_USE_AGGREGATE);

        og_pg_add(w, &args, &order, false);
    }
    (void)og_pg_expr_used(w, scope, call->agg_filter, OG_USE_FILTER);
    window(w, scope, call->over);
    og_pg_add(w, &out, &args, false);
    switch (kind) {
    case KIND_TOTAL:
        break;
    case KIND_FALLIBLE:
        og_pg_use(w, &args, OG_USE_FALLIBLE, call->location);
        break;
    case KIND_AGGREGATE:
        og_pg_use(w, &args, OG_USE_AGGREGATE, call->location);
        break;
    case KIND_WINDOW:
        og_pg_use(w, &args, OG_USE_WINDOW, call->location);
        break;
    case KIND_SET:
        og_pg_use(w, &args, OG_USE_ROW_COUNT, call->location);
        break;
    case KIND_STATE:
    case KIND_NONE:
        og_pg_use(w, &args, OG_USE_ARGUMENT, call->location);
        break;
    }
    if (is_in_from)
        og_pg_use(w, &args, OG_USE_ROW_COUNT, call->location);
    return out;
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
        if (!is_plain_operator(w, link->operName, link->location))
            return nothing();
        test = og_pg_expr(w, scope, link->testexpr);
        og_pg_add(w, &out, &test, false);
        return condition(w, &out, link->location);
    default:
        og_pg_refuse(w, link->location, "this kind of subquery", NULL);
        return nothing();
    }
}

static value_t case_expr(struct og_pg_walk *w, struct og_pg_scope *scope, CaseExpr *expr)
{
    value_t out = nothing(), one;
    ListCell *cell;

    one = og_pg_expr_used(w, scope, (Node *)expr->arg, w->condition_use);
    og_pg_add(w, &out, &one, false);
    foreach (cell, expr->args) {
        CaseWhen *when = lfirst(cell);

        one = og_pg_expr_used(w, scope, (Node *)when->expr, w->condition_use);
        og_pg_add(w, &out, &one, false);
        one = og_pg_expr(w, scope, (Node *)when->result);
        og_pg_add(w, &out, &one, false);
    }
    if (expr->defresult) {
        one = og_pg_expr(w, scope, (Node *)expr->defresult);
        og_pg_add(w, &out, &one, false);
    }
    return out;
}

/* (x).field and x[1]. A field may be the column that its row's name hides. */
static value_t indirection(struct og_pg_walk *w, struct og_pg_scope *scope, A_Indirection *node)
{
    value_t value = og_pg_expr(w, scope, node->arg), out = nothing();
    ListCell *cell;

    foreach (cell, node->indirection) {
        Node *step = lfirst(cell);

        if (IsA(step, A_Indices)) {
            value_t at;

            if (((A_Indices *)step)->lidx) {
                at = og_pg_expr(w, scope, ((A_Indices *)step)->lidx);
                og_pg_add(w, &out, &at, false);
            }
            if (((A_Indices *)step)->uidx) {
                at = og_pg_expr(w, scope, ((A_Indices *)step)->uidx);
                og_pg_add(w, &out, &at, false);
            }
        } else if (og_pg_has_columns(&value)) {
            og_pg_use(w, &value, OG_USE_WHOLE_ROW, exprLocation((Node *)node));
        } else if (!IsA(step, String)) {
            og_pg_refuse(w, exprLocation((Node *)node), "all fields of a row",
                         "name the columns you need");
        }
    }
    og_pg_add(w, &out, &value, false);
    return out;
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
        return value;
    case T_A_Expr:
        return a_expr(w, scope, (A_Expr *)node);
    case T_BoolExpr:
        value = each(w, scope, ((BoolExpr *)node)->args);
        return condition(w, &value, ((BoolExpr *)node)->location);
    case T_NullTest:
        value = og_pg_expr(w, scope, (Node *)((NullTest *)node)->arg);
        return condition(w, &value, ((NullTest *)node)->location);
    case T_BooleanTest:
        value = og_pg_expr(w, scope, (Node *)((BooleanTest *)node)->arg);
        return condition(w, &value, ((BooleanTest *)node)->location);
    case T_CoalesceExpr:
        value = each(w, scope, ((CoalesceExpr *)node)->args);
        return condition(w, &value, ((CoalesceExpr *)node)->location);
    case T_MinMaxExpr:
        value = each(w, scope, ((MinMaxExpr *)node)->args);
        return condition(w, &value, ((MinMaxExpr *)node)->location);
    case T_CaseExpr:
        return case_expr(w, scope, (CaseExpr *)node);
    case T_FuncCall:
        return og_pg_call(w, scope, (FuncCall *)node, false);
    case T_TypeCast:
        return cast(w, scope, (TypeCast *)node);
    case T_SubLink:
        return sublink(w, scope, (SubLink *)node);
    case T_A_ArrayExpr:
        return each(w, scope, ((A_ArrayExpr *)node)->elements);
    case T_RowExpr:
        return each(w, scope, ((RowExpr *)node)->args);
    case T_A_Indirection:
        return indirection(w, scope, (A_Indirection *)node);
    case T_CollateClause:
        value = og_pg_expr(w, scope, ((CollateClause *)node)->arg);
        og_pg_add(w, &out, &value, false);
        return out;
    case T_NamedArgExpr:
        return og_pg_expr(w, scope, (Node *)((NamedArgExpr *)node)->arg);
    case T_GroupingFunc:
        return each(w, scope, ((GroupingFunc *)node)->args);
    case T_List:
        return each(w, scope, (List *)node);
    default:
        og_facts_refusef(w->facts, og_pg_position(w, exprLocation(node)),
                         "write it another way", "an expression of kind %d", (int)nodeTag(node));
        return value;
    }
}

value_t og_pg_expr(struct og_pg_walk *w, struct og_pg_scope *scope, Node *node)
{
    value_t value = nothing();

    if (!node || og_pg_is_refused(w))
        return value;
    if (og_pg_enter(w, exprLocation(node)))
        value = node_value(w, scope, node);
    og_pg_leave(w);
    return value;
}

/* ---- labels, as the server makes them ---- */

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

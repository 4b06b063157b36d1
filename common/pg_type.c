/* SPDX-License-Identifier: MIT */
/* Types and operators: casts, and what an operator makes of its operands. */
#include "common/pg_walk.h"

typedef struct og_pg_value value_t;

static bool is_one_of(const char *word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

/* ---- types ---- */

const struct og_type *og_pg_type(struct og_pg_walk *w, const TypeName *name)
{
    int n = list_length(name->names);
    const char *schema = n == 2 ? og_pg_str(linitial(name->names)) : NULL;
    const char *own = n ? og_pg_str(llast(name->names)) : NULL;
    const struct og_type *type = NULL;
    int r;

    if (!own || n > 2 || name->setof || name->pct_type) {
        og_pg_refuse(w, name->location, "a type that is named this way", "name the type plainly");
        return NULL;
    }
    if (!schema && og_pg_is_in_view(w))
        schema = "pg_catalog";
    r = w->catalog->type(w->catalog, schema, own, &type);
    if (r < 0)
        w->error = r;
    if (r == 0 && type)
        return type;
    og_facts_refusef(w->facts, og_pg_position(w, name->location), "correct the name",
                     "the type %s is not known", own);
    return NULL;
}

/* ---- casts ---- */

/* Casts of a column's own values that cannot fail. */
static bool is_total_cast(enum og_type_class from, const char *to)
{
    static const struct {
        enum og_type_class from;
        const char *to;
    } rows[] = {
        {OG_TYPE_INTEGER, "int8"},       {OG_TYPE_INTEGER, "numeric"},
        {OG_TYPE_INTEGER, "float8"},     {OG_TYPE_DATE, "date"},
        {OG_TYPE_NUMERIC, "numeric"},    {OG_TYPE_DATE, "timestamp"},
        {OG_TYPE_DATE, "timestamptz"},   {OG_TYPE_TIMESTAMP, "date"},
        {OG_TYPE_TIMESTAMP, "timestamp"}, {OG_TYPE_TIMESTAMP, "timestamptz"},
        {OG_TYPE_TIMESTAMP, "time"},     {OG_TYPE_BOOLEAN, "bool"},
        {OG_TYPE_BOOLEAN, "int4"},
    };

    for (size_t i = 0; i < OG_COUNT(rows); i++)
        if (rows[i].from == from && strcmp(rows[i].to, to) == 0)
            return true;
    return false;
}

static bool is_all_copied(const value_t *value)
{
    for (size_t i = 0; i < value->n_sources; i++)
        if (!value->sources[i].is_copied)
            return false;
    return value->n_sources > 0;
}

value_t og_pg_cast(struct og_pg_walk *w, struct og_pg_scope *scope, TypeCast *node)
{
    static const char *const texts[] = {"text", "varchar", "bpchar", "name"};
    value_t value = og_pg_expr(w, scope, node->arg), out = {.is_large = value.is_large};
    const struct og_type *type = og_pg_is_refused(w) ? NULL : og_pg_type(w, node->typeName);
    bool is_plain = node->typeName->typmods == NIL && node->typeName->arrayBounds == NIL;
    struct og_routine cast = {.kind = 'f'};

    if (!type)
        return out;
    if (type->has_user_code) {
        cast.schema = type->schema;
        cast.name = type->name;
        og_pg_user_code(w, &cast, node->location);
    }
    out.type = node->typeName->arrayBounds == NIL ? type->type : OG_TYPE_OTHER;
    if (!og_pg_has_columns(&value))
        return out;
    if (type->is_builtin && node->typeName->arrayBounds == NIL &&
        is_one_of(type->name, texts, OG_COUNT(texts))) {
        bool is_same = is_plain && value.type == OG_TYPE_TEXT && strcmp(type->name, "name") != 0 &&
                       strcmp(type->name, "bpchar") != 0;

        og_pg_add(w, &out, &value, is_same);
        return out;
    }
    if (type->is_builtin && is_plain && is_all_copied(&value) &&
        is_total_cast(value.type, type->name)) {
        og_pg_add(w, &out, &value, false);
        return out;
    }
    return og_pg_fallible(w, &value, node->location);
}

/* ---- operators that are somebody's function ---- */

void og_pg_operator_word(struct og_pg_walk *w, const char *word, int location)
{
    const struct og_routine *const *routines = NULL;
    size_t n = 0;
    int r = og_pg_is_in_view(w) ? 0 : w->catalog->user_operators(w->catalog, NULL, word, &routines, &n);

    if (r < 0)
        w->error = r;
    for (size_t i = 0; r == 0 && i < n; i++)
        og_pg_user_code(w, routines[i], location);
}

bool og_pg_operator(struct og_pg_walk *w, List *name, int location)
{
    const char *schema = list_length(name) > 1 ? og_pg_str(linitial(name)) : NULL;
    const char *word = name != NIL ? og_pg_str(llast(name)) : NULL;
    const struct og_routine *const *routines = NULL;
    size_t n = 0;
    int r;

    if (!word) {
        og_pg_refuse(w, location, "an operator without a name", NULL);
        return false;
    }
    if (!schema) {
        og_pg_operator_word(w, word, location);
        return true;
    }
    if (strcmp(schema, "pg_catalog") == 0)
        return true;
    r = w->catalog->user_operators(w->catalog, schema, word, &routines, &n);
    if (r < 0)
        w->error = r;
    if (r != 0 || !n) {
        og_pg_refuse(w, location, "an operator that this schema does not have",
                     "use a built-in operator");
        return false;
    }
    for (size_t i = 0; i < n; i++)
        og_pg_user_code(w, routines[i], location);
    return true;
}

/* ---- arithmetic that cannot fail ---- */

/* A decimal literal between tiny and huge. */
static bool is_moderate_decimal(const Node *node)
{
    const char *text;

    if (og_pg_is_number(node, -1000000000, 1000000000))
        return !og_pg_is_number(node, 0, 0);
    text = og_pg_literal(node);
    return text && *text && strlen(text) <= 12 && strspn(text, "0123456789.") == strlen(text) &&
           strpbrk(text, "123456789");
}

/* "30 days": a number of at most three digits and one small unit. */
static bool is_short_interval(const Node *node)
{
    static const char *const units[] = {"second", "minute", "hour", "day", "week", "month", "year"};
    const char *text = og_pg_literal(node);
    size_t n = text ? strspn(text, "0123456789") : 0;

    if (!n || n > 3 || text[n] != ' ')
        return false;
    text += n + 1;
    for (size_t i = 0; i < OG_COUNT(units); i++)
        if (strncmp(units[i], text, strlen(units[i])) == 0) {
            text += strlen(units[i]);
            return !*text || strcmp(text, "s") == 0;
        }
    return false;
}

static bool is_clock(const Node *node)
{
    if (IsA(node, SQLValueFunction))
        return true;
    return IsA(node, FuncCall) && ((const FuncCall *)node)->args == NIL &&
           strcmp(strVal(llast(((const FuncCall *)node)->funcname)), "now") == 0;
}

static bool is_time(enum og_type_class type)
{
    return type == OG_TYPE_DATE || type == OG_TYPE_TIMESTAMP;
}

/* One operand is a column's own value, the other a constant that keeps clear of every limit. */
static bool is_total_arithmetic(const char *op, const A_Expr *expr, const value_t *left,
                                const value_t *right)
{
    const value_t *value = og_pg_has_columns(left) ? left : right;
    const Node *other = value == left ? expr->rexpr : expr->lexpr;
    bool is_left = value == left;

    if (!expr->lexpr || !is_all_copied(value))
        return false;
    if (og_pg_has_columns(left) && og_pg_has_columns(right))
        return strcmp(op, "-") == 0 && is_time(left->type) && left->type == right->type &&
               is_all_copied(right);
    if (is_time(value->type))
        return (strcmp(op, "-") == 0 && is_clock(other)) ||
               (is_left && is_short_interval(other) && strpbrk(op, "+-")) ||
               (is_left && value->type == OG_TYPE_DATE && og_pg_is_number(other, 0, 36500));
    if (value->type == OG_TYPE_INTEGER)
        return is_left && ((strpbrk(op, "+-") && og_pg_is_number(other, 0, 1000)) ||
                           (strpbrk(op, "/%") && og_pg_is_number(other, 1, 1000000000)));
    return value->type == OG_TYPE_NUMERIC && is_moderate_decimal(other) &&
           (is_left ? strpbrk(op, "+-*/%") : strpbrk(op, "+-*")) && !op[1];
}

value_t og_pg_operation(struct og_pg_walk *w, struct og_pg_scope *scope, A_Expr *expr)
{
    static const char *const total[] = {"||", "->", "->>", "#>", "#>>"};
    static const char *const compares[] = {"=",  "<>", "!=", "<",  ">",    "<=",  ">=",
                                           "~~", "!~~", "~~*", "!~~*", "@>", "<@", "?",
                                           "?|", "?&", "&&", "^@", "&<", "&>", "-|-"};
    static const char *const patterns[] = {"~", "~*", "!~", "!~*", "@@", "@?", "@@@"};
    const char *op = og_pg_str(llast(expr->name));
    value_t both = {0}, left = {0}, right = {0};

    if (expr->lexpr)
        left = og_pg_expr(w, scope, expr->lexpr);
    if (expr->rexpr)
        right = og_pg_expr(w, scope, expr->rexpr);
    og_pg_add(w, &both, &left, false);
    og_pg_add(w, &both, &right, false);
    if (is_one_of(op, compares, OG_COUNT(compares)))
        return og_pg_condition(w, &both, expr->location);
    if (is_one_of(op, total, OG_COUNT(total)))
        return both.is_large ? og_pg_fallible(w, &both, expr->location) : both;
    if (is_one_of(op, patterns, OG_COUNT(patterns)))
        both = og_pg_condition(w, &both, expr->location);
    else if (is_total_arithmetic(op, expr, &left, &right))
        return both;
    return og_pg_fallible(w, &both, expr->location);
}

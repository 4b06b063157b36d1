/* SPDX-License-Identifier: MIT */
/* Calls of functions: who they are in the catalog, and what they do with their arguments. */
#include "common/pg_walk.h"

typedef struct og_pg_value value_t;

/* ---- who ---- */

static const struct {
    const char *name;
    enum og_pg_function kind;
} functions[] = {
#define FUNCTION(name, kind) {name, OG_PG_FUNCTION_##kind},
#include "common/pg_function.tbl.h"
#undef FUNCTION
};

enum og_pg_function og_pg_function_kind(const char *name)
{
    size_t from = 0, to = OG_COUNT(functions);

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = strcmp(name, functions[middle].name);

        if (order == 0)
            return functions[middle].kind;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return OG_PG_FUNCTION_NONE;
}

/* Extensions whose functions read nothing but their arguments. */
static bool is_known_extension(const char *name)
{
    static const char *const names[] = {
        "btree_gin", "btree_gist", "citext",  "cube",     "earthdistance", "fuzzystrmatch",
        "hstore",    "intarray",   "isn",     "ltree",    "pg_trgm",       "pgcrypto",
        "seg",       "unaccent",   "uuid-ossp"};

    for (size_t i = 0; name && i < OG_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* What no vouching opens: other connections, files, SQL text, pages of tables. */
static bool is_reaching_out(const char *name)
{
    static const char *const starts[] = {
        "dblink", "crosstab", "connectby", "xpath_table", "pg_file_", "pg_read_", "pg_ls_", "lo_",
        "get_raw_page", "heap_page_item", "bt_page_item", "tuple_data_", "postgres_fdw_", "http_"};

    for (size_t i = 0; i < OG_COUNT(starts); i++)
        if (strncmp(starts[i], name, strlen(starts[i])) == 0)
            return true;
    return false;
}

void og_pg_user_code(struct og_pg_walk *w, const struct og_routine *routine, int location)
{
    struct og_fact_function fact = {
        .schema = routine->schema,
        .name = routine->name,
        .position = og_pg_position(w, location),
        .is_harmless = is_known_extension(routine->extension),
    };

    if (routine->is_builtin)
        return;
    if (!fact.is_harmless && is_reaching_out(routine->name))
        og_facts_refusef(w->facts, fact.position, "do without it",
                         "the function %s reaches outside of this database or runs SQL text",
                         routine->name);
    og_facts_function(w->facts, &fact);
}

/* The kind of an extension's function, by what the catalog says of it. */
static enum og_pg_function kind_of_routine(const struct og_routine *routine)
{
    if (routine->kind == 'a')
        return OG_PG_FUNCTION_AGGREGATE;
    if (routine->kind == 'w')
        return OG_PG_FUNCTION_WINDOW;
    return routine->returns_set ? OG_PG_FUNCTION_SET : OG_PG_FUNCTION_FALLIBLE;
}

struct overloads {
    const struct og_routine *const *items;
    size_t n_items;
};

/* Every overload counts, since arguments are not typed here: the most dangerous one speaks. */
static enum og_pg_function judge(struct og_pg_walk *w, const struct overloads *all, int location)
{
    enum og_pg_function kind = OG_PG_FUNCTION_NONE;
    const struct og_routine *builtin = NULL;
    bool is_known = true;

    for (size_t i = 0; i < all->n_items; i++) {
        if (all->items[i]->is_builtin) {
            builtin = all->items[i];
            continue;
        }
        og_pg_user_code(w, all->items[i], location);
        is_known = is_known && is_known_extension(all->items[i]->extension);
        kind = kind_of_routine(all->items[i]);
    }
    if (!builtin)
        return is_known ? kind : OG_PG_FUNCTION_NONE;
    if (og_pg_function_kind(builtin->name) == OG_PG_FUNCTION_NONE) {
        og_facts_refusef(w->facts, og_pg_position(w, location), "do without it",
                         "the function %s runs SQL text, waits, administers or reaches outside",
                         builtin->name);
        return OG_PG_FUNCTION_NONE;
    }
    if (kind == OG_PG_FUNCTION_NONE)
        kind = og_pg_function_kind(builtin->name);
    else if (kind == OG_PG_FUNCTION_FALLIBLE &&
             og_pg_function_kind(builtin->name) > OG_PG_FUNCTION_FALLIBLE)
        kind = og_pg_function_kind(builtin->name);
    return is_known ? kind : OG_PG_FUNCTION_NONE;
}

static bool fits_call(const struct og_routine *routine, unsigned n_arguments)
{
    if (routine->is_variadic)
        return n_arguments + 1 >= routine->n_arguments - routine->n_defaults;
    return n_arguments <= routine->n_arguments &&
           n_arguments + routine->n_defaults >= routine->n_arguments;
}

static bool has_same_columns(const struct og_routine *a, const struct og_routine *b)
{
    if (a->n_columns != b->n_columns || a->returns_record != b->returns_record)
        return false;
    for (size_t i = 0; i < a->n_columns; i++)
        if (strcmp(a->columns[i], b->columns[i]) != 0)
            return false;
    return true;
}

/* The columns that the call brings, if all overloads that fit agree. */
static const struct og_routine *shape_of(const struct overloads *all, const FuncCall *call)
{
    unsigned n_arguments = (unsigned)list_length(call->args);
    const struct og_routine *found = NULL;

    for (size_t i = 0; i < all->n_items; i++) {
        if (!fits_call(all->items[i], n_arguments))
            continue;
        if (found && !has_same_columns(found, all->items[i]))
            return NULL;
        found = all->items[i];
    }
    return found;
}

static enum og_pg_function look_up(struct og_pg_walk *w, const FuncCall *call,
                                   const struct og_routine **shape)
{
    int n = list_length(call->funcname);
    const char *schema = n == 2 ? og_pg_str(linitial(call->funcname)) : NULL;
    const char *name = n ? og_pg_str(llast(call->funcname)) : NULL;
    struct og_fact_function fact = {.position = og_pg_position(w, call->location),
                                    .is_builtin = true,
                                    .is_harmless = true};
    struct overloads all = {NULL, 0};
    enum og_pg_function kind;
    int r;

    if (!name || n > 2 || (n == 2 && !schema)) {
        og_pg_refuse(w, call->location, "a function's name with more than two parts", NULL);
        return OG_PG_FUNCTION_NONE;
    }
    /* The text of a view names everything that is not the server's own with its schema. */
    if (!schema && og_pg_is_in_view(w))
        schema = "pg_catalog";
    r = w->catalog->routines(w->catalog, schema, name, &all.items, &all.n_items);
    if (r < 0)
        w->error = r;
    if (r != 0 || !all.n_items) {
        og_facts_refusef(w->facts, og_pg_position(w, call->location), "correct its name",
                         "the function %s is not known", name);
        return OG_PG_FUNCTION_NONE;
    }
    kind = judge(w, &all, call->location);
    *shape = shape_of(&all, call);
    if (all.n_items == 1 || kind != OG_PG_FUNCTION_NONE) {
        fact.name = name;
        fact.schema = all.items[0]->schema;
        if (kind != OG_PG_FUNCTION_NONE)
            og_facts_function(w->facts, &fact);
    }
    return kind;
}

/* ---- literals ---- */

const char *og_pg_literal(const Node *node)
{
    const A_Const *constant;

    while (node && IsA(node, TypeCast))
        node = ((const TypeCast *)node)->arg;
    if (!node || !IsA(node, A_Const))
        return NULL;
    constant = (const A_Const *)node;
    if (constant->isnull)
        return "";
    switch (nodeTag(&constant->val)) {
    case T_String:
        return strVal(&constant->val);
    case T_Float:
        return ((const Float *)&constant->val)->fval;
    case T_Boolean:
        return "t";
    default:
        return NULL;
    }
}

bool og_pg_is_number(const Node *node, long from, long to)
{
    const A_Expr *minus = (const A_Expr *)node;
    long sign = 1;

    if (node && IsA(node, A_Expr) && minus->kind == AEXPR_OP && !minus->lexpr &&
        strcmp(strVal(llast(minus->name)), "-") == 0) {
        sign = -1;
        node = minus->rexpr;
    }
    if (!node || !IsA(node, A_Const) || ((const A_Const *)node)->isnull ||
        nodeTag(&((const A_Const *)node)->val) != T_Integer)
        return false;
    sign *= intVal(&((const A_Const *)node)->val);
    return sign >= from && sign <= to;
}

/* Constants with which a CONST function never fails, whatever its other argument holds. */
static bool is_field(const char *word)
{
    static const char *const fields[] = {
        "microseconds", "milliseconds", "second", "minute", "hour",  "day",     "week",  "month",
        "quarter",      "year",         "decade", "century", "millennium", "dow", "doy", "isodow",
        "isoyear",      "epoch"};

    for (size_t i = 0; i < OG_COUNT(fields); i++)
        if (strcasecmp(fields[i], word) == 0)
            return true;
    return false;
}

/* A picture for to_char of a number that is surely well formed. */
static bool is_picture(const char *text)
{
    text += strspn(text, "90,FM$ ");
    return !*text || (*text == '.' && strspn(text + 1, "90 ") == strlen(text + 1));
}

/* A pattern without anything that could be malformed. */
static bool is_plain_pattern(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 @_-") ==
           strlen(text);
}

static bool is_sound(const char *function, const Node *node, const value_t *value)
{
    const char *text;

    if (og_pg_is_number(node, 1, 10000))
        return true;
    if (strcmp(function, "round") == 0 || strcmp(function, "trunc") == 0)
        return og_pg_is_number(node, -1000, 1000);
    if (strncmp(function, "substr", 6) == 0 && og_pg_is_number(node, 0, 0))
        return true;
    text = og_pg_literal(node);
    if (!text || !*text)
        return false;
    if (strncmp(function, "date_", 5) == 0 || strcmp(function, "extract") == 0)
        return is_field(text);
    if (strcmp(function, "timezone") == 0)
        return strcasecmp(text, "utc") == 0 || strcasecmp(text, "gmt") == 0;
    if (strcmp(function, "encode") == 0)
        return strcmp(text, "hex") == 0 || strcmp(text, "base64") == 0;
    if (strncmp(function, "regexp_", 7) == 0)
        return is_plain_pattern(text);
    if (strcmp(function, "to_char") == 0)
        return value->type == OG_TYPE_DATE || value->type == OG_TYPE_TIMESTAMP || is_picture(text);
    return strcmp(function, "lpad") == 0 || strcmp(function, "rpad") == 0 ||
           strcmp(function, "split_part") == 0;
}

/* ---- arguments ---- */

struct arguments {
    const char *name;
    value_t *values; /* one per argument */
    Node **nodes;
    size_t n_items;
    value_t all; /* merged, as derived */
};

static bool read_arguments(struct og_pg_walk *w, struct og_pg_scope *scope, const FuncCall *call,
                           struct arguments *out)
{
    size_t n = (size_t)list_length(call->args);
    ListCell *cell;

    *out = (struct arguments){.name = og_pg_str(llast(call->funcname))};
    out->values = og_arena_array(w->facts->arena, n + 1, sizeof(*out->values));
    out->nodes = og_arena_array(w->facts->arena, n + 1, sizeof(*out->nodes));
    if (!out->values || !out->nodes)
        return false;
    foreach (cell, call->args) {
        Node *node = lfirst(cell);

        out->nodes[out->n_items] =
            IsA(node, NamedArgExpr) ? (Node *)((NamedArgExpr *)node)->arg : node;
        out->values[out->n_items] = og_pg_expr(w, scope, node);
        og_pg_add(w, &out->all, &out->values[out->n_items], false);
        out->n_items++;
    }
    return true;
}

/* At most one argument with columns, and every other one a constant that is sound for it. */
static bool is_total_here(const struct arguments *arguments)
{
    const value_t *value = NULL;

    for (size_t i = 0; i < arguments->n_items; i++)
        if (og_pg_has_columns(&arguments->values[i])) {
            if (value)
                return false;
            value = &arguments->values[i];
        }
    for (size_t i = 0; value && i < arguments->n_items; i++)
        if (value != &arguments->values[i] &&
            !is_sound(arguments->name, arguments->nodes[i], value))
            return false;
    return true;
}

static bool has_constant_keys(const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->n_items; i += 2) {
        const char *text = og_pg_literal(arguments->nodes[i]);

        if (!text || !*text)
            return false;
    }
    return arguments->n_items % 2 == 0;
}

/* Whether it may make a value of any length from short arguments. */
static bool makes_large(const struct arguments *arguments, enum og_pg_function kind)
{
    static const char *const growing[] = {"repeat", "lpad", "rpad", "array_fill", "format"};

    if (kind == OG_PG_FUNCTION_AGGREGATE && strstr(arguments->name, "agg"))
        return true;
    for (size_t i = 0; i < OG_COUNT(growing); i++)
        if (strcmp(growing[i], arguments->name) == 0)
            return arguments->n_items < 2 || !og_pg_is_number(arguments->nodes[1], 0, 10000);
    return false;
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

/* ---- those that are judged by their arguments ---- */

/* A setting of an application's own could hold anything. */
static void setting(struct og_pg_walk *w, const struct arguments *arguments, int location)
{
    const char *name = arguments->n_items ? og_pg_literal(arguments->nodes[0]) : NULL;

    if (!w->view_depth && (!name || strchr(name, '.')))
        og_pg_refuse(w, location, "current_setting of a setting that is not the server's own",
                     "name a setting of the server as a literal");
}

static void config(struct og_pg_walk *w, const struct arguments *arguments, int location)
{
    const char *name = arguments->n_items ? og_pg_literal(arguments->nodes[0]) : NULL;
    struct og_object object = {.kind = OG_OBJECT_SETTING, .schema = "", .name = name};

    if (!name || arguments->n_items != 3 || !og_pg_literal(arguments->nodes[1])) {
        og_pg_refuse(w, location, "set_config with anything but literals", "use SET");
        return;
    }
    if (og_pg_is_harmless_setting(name))
        return;
    og_facts_effect(w->facts, OG_EFFECT_SET, og_facts_object(w->facts, &object));
    w->facts->changes_resolution = true;
}

/* The sequence that a literal names, as an object that changes. */
static void sequence(struct og_pg_walk *w, const struct arguments *arguments)
{
    const char *text = arguments->n_items ? og_pg_literal(arguments->nodes[0]) : NULL;
    RangeVar var = {.type = T_RangeVar, .relpersistence = RELPERSISTENCE_PERMANENT};
    size_t object = OG_NO_OBJECT;

    if (text && *text && !strpbrk(text, "\"' ")) {
        const char *dot = strchr(text, '.');

        if (dot)
            var.schemaname = og_arena_printf(w->facts->arena, "%.*s", (int)(dot - text), text);
        var.relname = og_arena_strdup(w->facts->arena, dot ? dot + 1 : text);
        object = og_pg_named_relation(w, &var, OG_OBJECT_SEQUENCE);
    }
    og_facts_effect(w->facts, OG_EFFECT_UPDATE, object);
}

static value_t with_arguments(struct og_pg_walk *w, const struct arguments *arguments,
                              enum og_pg_function kind, const FuncCall *call)
{
    enum og_use use = OG_USE_ARGUMENT;
    value_t out = {0};

    og_pg_add(w, &out, &arguments->all, false);
    out.is_large = makes_large(arguments, kind);
    switch (kind) {
    case OG_PG_FUNCTION_TOTAL:
        if (arguments->all.is_large)
            break;
        return out;
    case OG_PG_FUNCTION_CONST:
        if (!arguments->all.is_large && is_total_here(arguments))
            return out;
        break;
    case OG_PG_FUNCTION_PAIRS:
        if (!arguments->all.is_large && has_constant_keys(arguments))
            return out;
        break;
    case OG_PG_FUNCTION_FALLIBLE:
        break;
    case OG_PG_FUNCTION_TYPE:
        return (value_t){0};
    case OG_PG_FUNCTION_VALUE:
        out = (value_t){0};
        for (size_t i = 1; i < arguments->n_items && i < 2; i++)
            og_pg_use(w, &arguments->values[i], OG_USE_WINDOW, call->location);
        for (size_t i = 0; i < arguments->n_items; i++) {
            value_t one = og_pg_detached(w, &arguments->values[i]);

            out.type = i ? out.type : one.type;
            og_pg_add(w, &out, &one, i != 1);
        }
        return out;
    case OG_PG_FUNCTION_AGGREGATE:
        og_pg_use(w, &arguments->all, OG_USE_AGGREGATE, call->location);
        return out;
    case OG_PG_FUNCTION_WINDOW:
        og_pg_use(w, &arguments->all, OG_USE_WINDOW, call->location);
        return out;
    case OG_PG_FUNCTION_SET:
        og_pg_use(w, &arguments->all, OG_USE_ROW_COUNT, call->location);
        return out;
    case OG_PG_FUNCTION_SETTING:
        setting(w, arguments, call->location);
        og_pg_use(w, &arguments->all, use, call->location);
        return out;
    case OG_PG_FUNCTION_CONFIG:
        config(w, arguments, call->location);
        og_pg_use(w, &arguments->all, OG_USE_STORE, call->location);
        return out;
    case OG_PG_FUNCTION_SEQUENCE:
        sequence(w, arguments);
        og_pg_use(w, &arguments->all, OG_USE_STORE, call->location);
        return out;
    case OG_PG_FUNCTION_LOCKS:
        og_facts_effect(w->facts, OG_EFFECT_LOCK, OG_NO_OBJECT);
        og_pg_use(w, &arguments->all, OG_USE_STORE, call->location);
        return out;
    case OG_PG_FUNCTION_NOTIFY:
        og_facts_effect(w->facts, OG_EFFECT_LISTEN, OG_NO_OBJECT);
        og_pg_use(w, &arguments->all, OG_USE_STORE, call->location);
        return out;
    case OG_PG_FUNCTION_STATE:
    case OG_PG_FUNCTION_NONE:
        og_pg_use(w, &arguments->all, use, call->location);
        return out;
    }
    og_pg_use(w, &out, OG_USE_FALLIBLE, call->location);
    return out;
}

value_t og_pg_call(struct og_pg_walk *w, struct og_pg_scope *scope, FuncCall *call, bool is_in_from,
                   const struct og_routine **shape)
{
    const struct og_routine *known = NULL;
    enum og_pg_function kind = look_up(w, call, &known);
    struct arguments arguments;
    value_t out = {0};
    ListCell *cell;

    if (shape)
        *shape = known;
    if (og_pg_is_refused(w) || !read_arguments(w, scope, call, &arguments))
        return out;
    foreach (cell, call->agg_order) {
        value_t order =
            og_pg_expr_used(w, scope, ((SortBy *)lfirst(cell))->node, OG_USE_AGGREGATE);

        og_pg_add(w, &arguments.all, &order, false);
    }
    (void)og_pg_expr_used(w, scope, call->agg_filter, OG_USE_FILTER);
    window(w, scope, call->over);
    out = with_arguments(w, &arguments, kind, call);
    if (is_in_from)
        og_pg_use(w, &arguments.all, OG_USE_ROW_COUNT, call->location);
    return out;
}

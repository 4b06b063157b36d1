/* SPDX-License-Identifier: MIT */
/* Values with their sources, and what names mean inside a statement. */
#include "common/pg_walk.h"

bool og_pg_is_refused(const struct og_pg_walk *w)
{
    return w->facts->refusal.what != NULL || w->error < 0;
}

bool og_pg_is_in_view(const struct og_pg_walk *w)
{
    return w->view_depth && !w->catalog->is_printed_by_path;
}

size_t og_pg_position(const struct og_pg_walk *w, int location)
{
    size_t position = location < 0 ? OG_PG_NOWHERE : (size_t)location, taken = 0;

    if (location < 0 || w->view_depth)
        return OG_PG_NOWHERE;
    for (size_t i = 0; i < w->n_marks && w->marks[i] < position; i++)
        taken = w->grown[i];
    return position - taken;
}

void og_pg_refuse(struct og_pg_walk *w, int location, const char *what, const char *instead)
{
    og_facts_refuse(w->facts, og_pg_position(w, location), what, instead);
}

bool og_pg_enter(struct og_pg_walk *w, int location)
{
    if (++w->depth <= OG_MAX_SQL_DEPTH)
        return true;
    og_pg_refuse(w, location, "it is nested too deeply", "write it flatter");
    return false;
}

void og_pg_leave(struct og_pg_walk *w)
{
    w->depth--;
}

const char *og_pg_str(const Node *node)
{
    return node && IsA(node, String) ? strVal(node) : NULL;
}

/* ---- values ---- */

bool og_pg_has_columns(const struct og_pg_value *value)
{
    return value->n_sources > 0;
}

static void add_source(struct og_pg_walk *w, struct og_pg_value *to,
                       const struct og_pg_source *source)
{
    struct og_pg_source *slot;

    for (size_t i = 0; i < to->n_sources; i++)
        if (to->sources[i].column == source->column && to->sources[i].item == source->item) {
            to->sources[i].is_copied = to->sources[i].is_copied && source->is_copied;
            return;
        }
    slot = og_arena_push(w->facts->arena, &to->sources, &to->n_sources, &to->max_sources,
                         sizeof(*slot));
    if (slot)
        *slot = *source;
}

void og_pg_add(struct og_pg_walk *w, struct og_pg_value *to, const struct og_pg_value *from,
               bool is_copied)
{
    to->is_large = to->is_large || from->is_large;
    for (size_t i = 0; i < from->n_sources; i++) {
        struct og_pg_source source = from->sources[i];

        source.is_copied = source.is_copied && is_copied;
        add_source(w, to, &source);
    }
}

struct og_pg_value og_pg_detached(struct og_pg_walk *w, const struct og_pg_value *value)
{
    struct og_pg_value out = {.type = value->type, .is_large = value->is_large};

    for (size_t i = 0; i < value->n_sources; i++) {
        struct og_pg_source source = value->sources[i];

        source.item = 0;
        add_source(w, &out, &source);
    }
    return out;
}

void og_pg_use(struct og_pg_walk *w, const struct og_pg_value *value, enum og_use use, int position)
{
    for (size_t i = 0; i < value->n_sources; i++)
        og_facts_use(w->facts, value->sources[i].column, use, og_pg_position(w, position), false);
}

/* ---- columns ---- */

struct og_pg_column *og_pg_push(struct og_pg_walk *w, struct og_pg_columns *to, const char *name)
{
    struct og_pg_column *column = og_arena_alloc(w->facts->arena, sizeof(*column));

    if (!column)
        return NULL;
    column->name = og_arena_strdup(w->facts->arena, name ? name : "");
    column->is_resolved = true;
    og_pg_push_shared(w, to, column);
    return column;
}

void og_pg_push_shared(struct og_pg_walk *w, struct og_pg_columns *to, struct og_pg_column *column)
{
    struct og_pg_column **slot =
        og_arena_push(w->facts->arena, &to->items, &to->n_items, &to->max_items, sizeof(*slot));

    if (slot)
        *slot = column;
}

/* The same-named column of another relation whose rows are these (parents, children). */
static void add_relative(struct og_pg_walk *w, const struct og_pg_column *column,
                         const struct og_relation *relative, struct og_pg_value *to)
{
    for (size_t i = 0; i < relative->n_columns; i++) {
        struct og_fact_column fact = {
            .object = og_pg_object(w, relative),
            .name = relative->columns[i].name,
            .number = relative->columns[i].number,
            .type = relative->columns[i].type,
        };
        struct og_pg_source source = {.item = column->item, .is_copied = true};

        if (strcmp(relative->columns[i].name,
                   column->relation->columns[column->index].name) != 0)
            continue;
        source.column = og_facts_column(w->facts, &fact);
        add_source(w, to, &source);
    }
}

/* A generated column hands out what the columns of its expression hold. */
static void add_generated(struct og_pg_walk *w, const struct og_pg_column *column,
                          struct og_pg_value *to)
{
    char *sql = og_arena_printf(w->facts->arena, "SELECT %s",
                                column->relation->columns[column->index].generated_sql);
    RangeVar var = {.type = T_RangeVar, .location = -1};
    struct og_pg_scope scope = {0};
    struct og_pg_columns columns = {0}, ignored = {0};
    PgQueryInternalParsetreeAndError parsed;

    if (!sql)
        return;
    var.schemaname = (char *)(uintptr_t)column->relation->schema;
    var.relname = (char *)(uintptr_t)column->relation->name;
    parsed = pg_query_raw_parse(sql);
    w->view_depth++;
    if (parsed.error || list_length(parsed.tree) != 1 || w->view_depth > OG_MAX_VIEW_DEPTH ||
        !IsA(linitial_node(RawStmt, parsed.tree)->stmt, SelectStmt)) {
        og_pg_refuse(w, -1, "a generated column's expression", "leave the column out");
    } else if (og_pg_from_relation(w, &scope, &var, &ignored, true)) {
        SelectStmt *select = (SelectStmt *)linitial_node(RawStmt, parsed.tree)->stmt;

        og_pg_targets(w, &scope, select->targetList, &columns);
        for (size_t i = 0; i < columns.n_items; i++) {
            struct og_pg_value value = og_pg_column_value(w, columns.items[i]);

            value = og_pg_detached(w, &value);
            og_pg_add(w, to, &value, false);
        }
    }
    w->view_depth--;
    free(parsed.stderr_buffer);
    if (parsed.error)
        pg_query_free_error(parsed.error);
}

struct og_pg_value og_pg_column_value(struct og_pg_walk *w, struct og_pg_column *column)
{
    const struct og_relation *relation = column->relation;
    const struct og_relation_column *base;
    struct og_pg_source source = {.item = column->item, .relation = relation, .is_copied = true};
    struct og_fact_column fact;

    if (column->is_resolved)
        return column->value;
    column->is_resolved = true;
    base = &relation->columns[column->index];
    if (relation->is_catalog && og_pg_is_telling(relation->name, base->name)) {
        og_facts_refusef(w->facts, OG_PG_NOWHERE, "leave that column out and name the others",
                         "%s.%s shows other people's data, texts or secrets", relation->name,
                         base->name);
        return column->value;
    }
    if (base->has_user_cast) {
        struct og_routine cast = {.kind = 'f', .schema = "", .name = base->type_name};

        og_pg_user_code(w, &cast, -1);
    }
    fact = (struct og_fact_column){
        .object = column->object, .name = base->name, .number = base->number, .type = base->type};
    source.column = og_facts_column(w->facts, &fact);
    source.number = base->number;
    column->value.type = base->type;
    add_source(w, &column->value, &source);
    if (base->generated_sql)
        add_generated(w, column, &column->value);
    for (size_t i = 0; i < relation->n_ancestors; i++)
        add_relative(w, column, relation->ancestors[i], &column->value);
    for (size_t i = 0; i < relation->n_descendants; i++)
        add_relative(w, column, relation->descendants[i], &column->value);
    return column->value;
}

/* ---- scopes ---- */

struct og_pg_item *og_pg_add_item(struct og_pg_walk *w, struct og_pg_scope *scope,
                                  const char *schema, const char *name)
{
    struct og_pg_item *item = og_arena_alloc(w->facts->arena, sizeof(*item));

    if (!item)
        return NULL;
    item->schema = schema;
    item->name = og_arena_strdup(w->facts->arena, name);
    item->next = scope->items;
    scope->items = item;
    return item;
}

const struct og_pg_cte *og_pg_find_cte(const struct og_pg_scope *scope, const char *name)
{
    for (; scope; scope = scope->parent)
        for (const struct og_pg_cte *cte = scope->ctes; cte; cte = cte->next)
            if (strcmp(cte->name, name) == 0)
                return cte;
    return NULL;
}

bool og_pg_is_system_column(const char *name)
{
    static const char *const names[] = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"};

    for (size_t i = 0; i < OG_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool has_column(const struct og_pg_item *item, const char *name)
{
    for (size_t i = 0; i < item->columns.n_items; i++)
        if (strcmp(item->columns.items[i]->name, name) == 0)
            return true;
    return item->relation && og_pg_is_system_column(name);
}

/* All columns of that name in an item, merged. Returns whether there was one. */
static bool from_item(struct og_pg_walk *w, struct og_pg_item *item, const char *name,
                      struct og_pg_value *out)
{
    bool found = false;

    for (size_t i = 0; i < item->columns.n_items; i++) {
        struct og_pg_value value;

        if (strcmp(item->columns.items[i]->name, name) != 0)
            continue;
        value = og_pg_column_value(w, item->columns.items[i]);
        out->type = value.type;
        og_pg_add(w, out, &value, true);
        found = true;
    }
    if (!found && item->is_open) {
        og_pg_add(w, out, &item->open_value, false);
        found = true;
    }
    return found || (item->relation && og_pg_is_system_column(name));
}

/* A whole row as a value: every column of it, and a use that says so. */
static void whole_row(struct og_pg_walk *w, struct og_pg_item *item, int location,
                      struct og_pg_value *out)
{
    struct og_pg_value all = {0};

    for (size_t i = 0; i < item->columns.n_items; i++) {
        struct og_pg_value value = og_pg_column_value(w, item->columns.items[i]);

        og_pg_add(w, &all, &value, false);
    }
    og_pg_add(w, &all, &item->open_value, false);
    if (item->columns.n_items > 1 || !item->is_function)
        og_pg_use(w, &all, OG_USE_WHOLE_ROW, location);
    og_pg_add(w, out, &all, false);
}

static bool is_named(const struct og_pg_item *item, const char *schema, const char *name)
{
    return strcmp(item->name, name) == 0 &&
           (!schema || (item->schema && strcmp(item->schema, schema) == 0));
}

struct og_pg_item *og_pg_find_item(struct og_pg_scope *scope, const char *schema, const char *name)
{
    for (; scope; scope = scope->parent)
        for (struct og_pg_item *item = scope->items; item; item = item->next)
            if (is_named(item, schema, name))
                return item;
    return NULL;
}

/* The FROM item that a bare name or t.* means as a row; NULL: it is a column, or nothing. */
static struct og_pg_item *row_of(struct og_pg_scope *scope, const Node *node)
{
    const ColumnRef *ref = (const ColumnRef *)node;
    const char *name;

    if (!IsA(node, ColumnRef) || list_length(ref->fields) > 2)
        return NULL;
    name = og_pg_str(linitial(ref->fields));
    if (!name)
        return NULL;
    if (list_length(ref->fields) == 2)
        return IsA(llast(ref->fields), A_Star) ? og_pg_find_item(scope, NULL, name) : NULL;
    for (const struct og_pg_scope *s = scope; s; s = s->parent)
        for (const struct og_pg_item *item = s->items; item; item = item->next)
            if (item->is_open || has_column(item, name))
                return NULL;
    return og_pg_find_item(scope, NULL, name);
}

struct og_pg_item *og_pg_row_item(struct og_pg_scope *scope, const Node *node)
{
    return row_of(scope, node);
}

bool og_pg_row_field(struct og_pg_walk *w, struct og_pg_scope *scope, const A_Indirection *node,
                     struct og_pg_value *out)
{
    struct og_pg_item *item = row_of(scope, node->arg);
    const char *field = og_pg_str(linitial(node->indirection));

    if (!item || !field || !from_item(w, item, field, out))
        return false;
    *out = og_pg_detached(w, out);
    return true;
}

static bool resolve_qualified(struct og_pg_walk *w, struct og_pg_scope *scope, const char *schema,
                              const char *table, const char *column, struct og_pg_value *out)
{
    const struct og_pg_scope *start = scope;

    for (; scope; scope = scope->parent)
        for (struct og_pg_item *item = scope->items; item; item = item->next)
            if (is_named(item, schema, table)) {
                bool found = from_item(w, item, column, out);

                if (scope != start)
                    *out = og_pg_detached(w, out);
                return found;
            }
    return false;
}

static bool resolve_plain(struct og_pg_walk *w, struct og_pg_scope *scope, const char *name,
                          int location, struct og_pg_value *out)
{
    struct og_pg_scope *start = scope;
    bool maybe = false;

    for (; scope; scope = scope->parent) {
        bool is_sure = false;

        /* More than one is a merged join column, or an error of the server's own. A function's row of
         * unknown columns may or may not have this one: then what lies outside counts as well. */
        for (struct og_pg_item *item = scope->items; item; item = item->next) {
            is_sure = has_column(item, name) || is_sure;
            maybe = from_item(w, item, name, out) || maybe;
        }
        if (maybe && scope != start)
            *out = og_pg_detached(w, out);
        if (is_sure)
            return true;
    }
    if (maybe)
        return true;
    /* As the server: a row's name counts only where no level has a column of that name. */
    for (scope = start; scope; scope = scope->parent)
        for (struct og_pg_item *item = scope->items; item; item = item->next)
            if (strcmp(item->name, name) == 0) {
                whole_row(w, item, location, out);
                return true;
            }
    return false;
}

struct og_pg_value og_pg_resolve(struct og_pg_walk *w, struct og_pg_scope *scope,
                                 const ColumnRef *ref)
{
    struct og_pg_value value = {0};
    const char *parts[4] = {NULL, NULL, NULL, NULL};
    int n = list_length(ref->fields);
    bool found = false;

    if (n > 3) {
        og_pg_refuse(w, ref->location, "a column's name with more than three parts",
                     "write schema.table.column");
        return value;
    }
    for (int i = 0; i < n; i++)
        parts[i] = og_pg_str(list_nth(ref->fields, i));
    if (n > 1 && !parts[n - 1]) { /* t.*: its row as one value */
        struct og_pg_item *item =
            og_pg_find_item(scope, n > 2 ? parts[0] : NULL, parts[n - 2]);

        if (item)
            whole_row(w, item, ref->location, &value);
        else
            og_pg_refuse(w, ref->location, "a star over a table that is not in FROM",
                         "correct the name");
        return value;
    }
    if (n == 1 && !parts[0]) {
        og_pg_refuse(w, ref->location, "a star in this place", "name the columns you need");
        return value;
    }
    if (n == 1)
        found = resolve_plain(w, scope, parts[0], ref->location, &value);
    else if (n == 2)
        found = resolve_qualified(w, scope, NULL, parts[0], parts[1], &value);
    else if (n == 3)
        found = resolve_qualified(w, scope, parts[0], parts[1], parts[2], &value);
    if (!found)
        og_facts_refusef(w->facts, og_pg_position(w, ref->location),
                         "correct the name, or name a column of a table in FROM",
                         "the column %s%s%s is not known here", n > 1 ? parts[n - 2] : "",
                         n > 1 ? "." : "", n >= 1 ? parts[n - 1] : "");
    return value;
}

/* ---- relations ---- */

size_t og_pg_object(struct og_pg_walk *w, const struct og_relation *relation)
{
    struct og_object object = {
        .kind = relation->kind == 'v'   ? OG_OBJECT_VIEW
                : relation->kind == 'm' ? OG_OBJECT_MATERIALISED_VIEW
                : relation->kind == 'S' ? OG_OBJECT_SEQUENCE
                : relation->kind == 'i' ? OG_OBJECT_INDEX
                                        : OG_OBJECT_TABLE,
        .schema = relation->schema,
        .name = relation->name,
        .id = relation->oid,
        .is_temporary = relation->is_temporary,
        .is_catalog = relation->is_catalog,
    };

    return og_facts_object(w->facts, &object);
}

const struct og_relation *og_pg_relation(struct og_pg_walk *w, const RangeVar *var)
{
    const struct og_relation *relation = NULL;
    int r;

    if (var->catalogname) {
        og_pg_refuse(w, var->location, "a name with a database in front",
                     "leave the database's name out");
        return NULL;
    }
    /* The text of a view names everything that is not the server's own with its schema. */
    r = w->catalog->relation(w->catalog,
                             !var->schemaname && og_pg_is_in_view(w) ? "pg_catalog" : var->schemaname,
                             var->relname, &relation);
    if (r < 0)
        w->error = r;
    if (r == 0)
        return relation;
    og_facts_refusef(w->facts, og_pg_position(w, var->location),
                     "correct the name; a table of this session alone must be committed first",
                     "the table %s%s%s is not known", var->schemaname ? var->schemaname : "",
                     var->schemaname ? "." : "", var->relname);
    return NULL;
}

/* SPDX-License-Identifier: MIT */
/* Views, functions, operators and triggers of a file of DDL. */
#include "common/pg_schema.h"
#include "common/sql_lex.h"

/* ---- views ---- */

/* The query's own text: behind the first AS outside of parentheses, without the clause at the end. */
const char *og_pg_schema_query_text(struct og_pg_schema *schema, bool has_tail)
{
    struct og_lex_options options = {.dialect = OG_DIALECT_POSTGRESQL};
    const char *text = schema->text + schema->location;
    size_t depth = 0, from = 0, to = schema->n_bytes;
    struct og_lex lex;

    if (og_lex_split(&options, text, schema->n_bytes, &schema->arena, &lex) != 0)
        return NULL;
    for (size_t i = 0; i < lex.n_tokens; i++) {
        const struct og_token *token = &lex.tokens[i];
        const char *word = text + token->position;

        depth += token->kind == OG_TOKEN_OPERATOR && *word == '(';
        depth -= token->kind == OG_TOKEN_OPERATOR && *word == ')' && depth;
        if (depth || token->kind != OG_TOKEN_WORD)
            continue;
        if (!from && token->n_bytes == 2 && strncasecmp(word, "as", 2) == 0)
            from = token->position + 2;
        else if (from && has_tail && token->n_bytes == 4 && strncasecmp(word, "with", 4) == 0)
            to = token->position;
    }
    return from ? og_arena_strndup(&schema->arena, text + from, to - from) : NULL;
}

/* Columns as the analysis finds them; names from the view's own list come first. */
void og_pg_schema_view(struct og_pg_schema *schema, const RangeVar *var, char kind, List *aliases,
                 Node *query, const char *sql)
{
    struct og_relation *added;
    struct og_pg_columns columns = {0};
    struct og_facts facts;
    struct og_pg_session session = {.standard_conforming_strings = true};
    struct og_pg_walk walk = {.facts = &facts,
                              .catalog = &schema->interface,
                              .session = &session,
                              .condition_use = OG_USE_CONDITION};
    size_t i = 0;
    ListCell *cell;

    og_facts_init(&facts, &schema->arena, OG_DIALECT_POSTGRESQL);
    if (!sql || !og_pg_query(&walk, NULL, query, &columns) || og_pg_is_refused(&walk)) {
        og_pg_schema_tell(schema, facts.refusal.what ? facts.refusal.what : "the view's query");
        return;
    }
    added = og_pg_schema_add(schema, var, kind);
    if (!added)
        return;
    added->view_sql = sql;
    for (i = 0; i < columns.n_items; i++) {
        struct og_pg_value value = og_pg_column_value(&walk, columns.items[i]);
        struct og_relation_column *column = og_pg_schema_add_column(schema, added, columns.items[i]->name);

        if (column) {
            column->type = value.type;
            column->type_name = "unknown";
        }
    }
    i = 0;
    foreach (cell, aliases) {
        if (i < added->n_columns)
            ((struct og_relation_column *)(uintptr_t)added->columns)[i].name =
                og_arena_strdup(&schema->arena, og_pg_str(lfirst(cell)));
        i++;
    }
}

/* ---- functions ---- */

static struct og_routine *new_routine(struct og_pg_schema *schema, const List *names)
{
    struct og_routine *added = og_arena_alloc(&schema->arena, sizeof(*added));
    int n = list_length(names);

    if (!added || n < 1)
        return NULL;
    *added = (struct og_routine){
        .oid = 30000 + schema->n_routines,
        .schema = og_arena_strdup(&schema->arena, n > 1 ? og_pg_str(linitial(names)) : "public"),
        .name = og_arena_strdup(&schema->arena, og_pg_str(llast(names))),
        .kind = 'f',
        .volatility = 'v',
        .is_variadic = true,
    };
    return added;
}

void og_pg_schema_function(struct og_pg_schema *schema, const CreateFunctionStmt *stmt)
{
    struct og_routine *added = new_routine(schema, stmt->funcname);
    struct og_routine **slot = og_arena_push(&schema->arena, &schema->routines, &schema->n_routines,
                                             &schema->max_routines, sizeof(*slot));

    if (!added || !slot)
        return;
    added->returns_set = stmt->returnType && stmt->returnType->setof;
    added->returns_record = added->returns_set;
    *slot = added;
}

/* An operator counts by the function that it calls. */
void og_pg_schema_operator(struct og_pg_schema *schema, const DefineStmt *stmt)
{
    struct og_pg_schema_operator *slot =
        og_arena_push(&schema->arena, &schema->operators, &schema->n_operators,
                      &schema->max_operators, sizeof(*slot));
    const List *names = stmt->defnames;
    ListCell *cell;

    foreach (cell, stmt->definition) {
        const DefElem *item = lfirst(cell);

        if ((strcmp(item->defname, "function") == 0 || strcmp(item->defname, "procedure") == 0) &&
            item->arg && IsA(item->arg, TypeName))
            names = ((const TypeName *)item->arg)->names;
    }
    if (!slot)
        return;
    slot->name = og_arena_strdup(&schema->arena, og_pg_str(llast(stmt->defnames)));
    slot->routine = new_routine(schema, names);
    if (!slot->name || !slot->routine)
        schema->n_operators--;
}

void og_pg_schema_trigger(struct og_pg_schema *schema, const CreateTrigStmt *stmt)
{
    struct og_relation *relation =
        og_pg_schema_relation(schema, stmt->relation->schemaname, stmt->relation->relname);
    const struct og_routine *const *found = NULL;
    size_t n = 0;
    int n_names = list_length(stmt->funcname);

    if (!relation)
        return;
    relation->has_triggers = true;
    if (schema->interface.routines(&schema->interface,
                                   n_names > 1 ? og_pg_str(linitial(stmt->funcname)) : NULL,
                                   og_pg_str(llast(stmt->funcname)), &found, &n) == 0) {
        relation->triggers = found;
        relation->n_triggers = n;
    }
}

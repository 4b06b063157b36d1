/* SPDX-License-Identifier: MIT */
/* Statements that the session keeps under a name: PREPARE and DECLARE. What a name stands for comes from
 * the caller, who remembers each text that succeeded; it is analysed anew whenever the name is used. */
#include "common/pg_walk.h"

static void bookkeeping(struct og_pg_walk *w, const char *kind, const char *name)
{
    og_pg_set_kind(w, kind);
    og_facts_effect(w->facts, OG_EFFECT_SESSION, OG_NO_OBJECT);
    w->facts->is_bookkeeping = true;
    w->facts->session_name = og_arena_strdup(w->facts->arena, name);
}

static const struct og_pg_named *find(const struct og_pg_walk *w, const char *name, bool is_cursor)
{
    for (size_t i = 0; i < w->session->n_named; i++)
        if (w->session->named[i].is_cursor == is_cursor &&
            strcmp(w->session->named[i].name, name) == 0)
            return &w->session->named[i];
    return NULL;
}

/* The one statement of a remembered text; NULL: refused. */
static Node *parse(struct og_pg_walk *w, const char *sql, NodeTag tag)
{
    PgQueryInternalParsetreeAndError parsed = pg_query_raw_parse(sql);
    Node *node = NULL;

    if (!parsed.error && list_length(parsed.tree) == 1)
        node = linitial_node(RawStmt, parsed.tree)->stmt;
    free(parsed.stderr_buffer);
    if (parsed.error)
        pg_query_free_error(parsed.error);
    if (node && nodeTag(node) == tag)
        return node;
    og_pg_refuse(w, -1, "a name whose statement is not known", "prepare or declare it again");
    return NULL;
}

void og_pg_prepare(struct og_pg_walk *w, Node *node)
{
    PrepareStmt *stmt = (PrepareStmt *)node;
    struct og_pg_columns columns = {0};
    ListCell *cell;

    bookkeeping(w, "PREPARE", stmt->name);
    foreach (cell, stmt->argtypes)
        (void)og_pg_type(w, lfirst(cell));
    if (!og_pg_query(w, NULL, stmt->query, &columns))
        og_pg_refuse(w, -1, "PREPARE of something that is no query", NULL);
    for (size_t i = 0; i < columns.n_items && !og_pg_is_refused(w); i++)
        (void)og_pg_column_value(w, columns.items[i]);
}

bool og_pg_execute_query(struct og_pg_walk *w, ExecuteStmt *stmt, struct og_pg_columns *out)
{
    const struct og_pg_named *named = find(w, stmt->name, false);
    struct og_pg_scope scope = {0};
    Node *node;
    ListCell *cell;

    if (!named) {
        og_facts_refusef(w->facts, OG_PG_NOWHERE, "prepare it first, on this connection",
                         "the prepared statement %s, which the guard has not seen", stmt->name);
        return false;
    }
    foreach (cell, stmt->params)
        (void)og_pg_expr_used(w, &scope, lfirst(cell), OG_USE_FILTER);
    node = parse(w, named->sql, T_PrepareStmt);
    return node && og_pg_query(w, NULL, ((PrepareStmt *)node)->query, out);
}

void og_pg_execute(struct og_pg_walk *w, Node *node)
{
    struct og_pg_columns columns = {0};

    og_pg_set_kind(w, "EXECUTE");
    if (og_pg_execute_query(w, (ExecuteStmt *)node, &columns))
        og_pg_tell_query(w, &columns);
}

void og_pg_deallocate(struct og_pg_walk *w, Node *node)
{
    bookkeeping(w, "DEALLOCATE", ((DeallocateStmt *)node)->name);
}

/* The cursor's query. Results are told only where rows come back. */
static void cursor_query(struct og_pg_walk *w, Node *query, bool returns_rows)
{
    struct og_pg_columns columns = {0};

    if (!IsA(query, SelectStmt) || og_pg_into(query) ||
        !og_pg_query(w, NULL, query, &columns)) {
        og_pg_refuse(w, -1, "a cursor over something that is no SELECT", NULL);
        return;
    }
    if (returns_rows)
        og_pg_tell_query(w, &columns);
    for (size_t i = 0; i < columns.n_items && !og_pg_is_refused(w); i++)
        (void)og_pg_column_value(w, columns.items[i]);
}

void og_pg_declare(struct og_pg_walk *w, Node *node)
{
    bookkeeping(w, "DECLARE", ((DeclareCursorStmt *)node)->portalname);
    cursor_query(w, ((DeclareCursorStmt *)node)->query, false);
}

void og_pg_fetch(struct og_pg_walk *w, Node *node)
{
    FetchStmt *stmt = (FetchStmt *)node;
    const struct og_pg_named *named = find(w, stmt->portalname, true);

    bookkeeping(w, stmt->ismove ? "MOVE" : "FETCH", NULL);
    if (!named) {
        og_facts_refusef(w->facts, OG_PG_NOWHERE, "declare it first, on this connection",
                         "the cursor %s, which the guard has not seen", stmt->portalname);
        return;
    }
    if (named->is_stale) {
        og_facts_refusef(w->facts, OG_PG_NOWHERE, "close it and declare it again",
                         "the cursor %s, since names may mean something else by now",
                         stmt->portalname);
        return;
    }
    node = parse(w, named->sql, T_DeclareCursorStmt);
    if (node)
        cursor_query(w, ((DeclareCursorStmt *)node)->query, !stmt->ismove);
}

void og_pg_close(struct og_pg_walk *w, Node *node)
{
    bookkeeping(w, "CLOSE", ((ClosePortalStmt *)node)->portalname);
}

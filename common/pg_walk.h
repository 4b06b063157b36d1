/* SPDX-License-Identifier: MIT */
/* pg_walk.h - the inside of the PostgreSQL analysis: values with their sources, scopes of names, and the
 * walkers over libpg_query's raw tree. Only pg_*.c include it: postgres.h redefines much of libc.
 * Every node is understood or refused by name. Depth is counted, and the walk runs on the parser thread,
 * whose stack fits it. */
#ifndef OG_COMMON_PG_WALK_H
#define OG_COMMON_PG_WALK_H

#include "postgres.h"

#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

#include "pg_query.h"
#include "pg_query/pg_query_internal.h"

#include "common/catalog.h"
#include "common/limits.h"
#include "common/pg_analyse.h"

#define OG_PG_NOWHERE SIZE_MAX

/* One source of a value: a base column as one FROM item brought it. */
struct og_pg_source {
    size_t column;    /* in facts */
    unsigned item;    /* number of the FROM item; 0: none */
    const struct og_relation *relation; /* where is_key_candidate: the item's own relation */
    int32_t number;
    bool is_copied;
};

/* What an expression's value is made of. */
struct og_pg_value {
    struct og_pg_source *sources;
    size_t n_sources, max_sources;
    enum og_type_class type;
    bool is_large; /* made by what can make any length: beside it even joining texts can fail */
};

struct og_pg_column {
    const char *name;
    struct og_pg_value value;
    /* A column of a relation, resolved when it is first named: */
    const struct og_relation *relation;
    size_t index;
    size_t object;
    unsigned item;
    bool is_resolved;
};

/* What a FROM item, a common table expression or a query hands out. */
struct og_pg_columns {
    struct og_pg_column **items;
    size_t n_items, max_items;
};

struct og_pg_item {
    struct og_pg_item *next;
    const char *schema; /* NULL: an alias or a made-up name */
    const char *name;
    struct og_pg_columns columns;
    const struct og_relation *relation; /* NULL: none */
    bool is_open; /* a function's row: any column name is one of its values */
    bool is_function;
    bool has_one_function;
    struct og_pg_value open_value;
};

struct og_pg_cte {
    struct og_pg_cte *next;
    const char *name;
    bool is_pending; /* of WITH RECURSIVE, named already but not walked yet */
    struct og_pg_columns columns;
};

struct og_pg_scope {
    struct og_pg_scope *parent;
    struct og_pg_item *items;
    struct og_pg_columns star; /* what * stands for, in order */
    struct og_pg_cte *ctes;
};

struct og_pg_walk {
    struct og_facts *facts;
    struct og_catalog *catalog;
    const struct og_pg_session *session;
    const size_t *marks; /* byte positions of the markers that became longer */
    const size_t *grown; /* how much was added up to and with each */
    size_t n_marks;
    unsigned depth, view_depth, n_items;
    enum og_use condition_use; /* what a comparison here is */
    int error;                 /* < 0: the catalog or memory failed */
};

/* pg_scope.c: values */
void og_pg_add(struct og_pg_walk *w, struct og_pg_value *to, const struct og_pg_value *from,
               bool is_copied);
void og_pg_use(struct og_pg_walk *w, const struct og_pg_value *value, enum og_use use, int position);
/* The value without its FROM items: it may stand in other rows than the item's other columns. */
struct og_pg_value og_pg_detached(struct og_pg_walk *w, const struct og_pg_value *value);
bool og_pg_has_columns(const struct og_pg_value *value);
/* pg_scope.c: names */
struct og_pg_value og_pg_column_value(struct og_pg_walk *w, struct og_pg_column *column);
struct og_pg_value og_pg_resolve(struct og_pg_walk *w, struct og_pg_scope *scope,
                                 const ColumnRef *ref);
struct og_pg_column *og_pg_push(struct og_pg_walk *w, struct og_pg_columns *to, const char *name);
void og_pg_push_shared(struct og_pg_walk *w, struct og_pg_columns *to, struct og_pg_column *column);
struct og_pg_item *og_pg_add_item(struct og_pg_walk *w, struct og_pg_scope *scope,
                                  const char *schema, const char *name);
/* The FROM item of that name, this level or an outer one; NULL: none. */
struct og_pg_item *og_pg_find_item(struct og_pg_scope *scope, const char *schema, const char *name);
/* The FROM item whose row an expression names as one value: c, or c.*; NULL: none. */
struct og_pg_item *og_pg_row_item(struct og_pg_scope *scope, const Node *node);
/* (c).field where c is a FROM item's row: that column. False: it is nothing of the kind. */
bool og_pg_row_field(struct og_pg_walk *w, struct og_pg_scope *scope, const A_Indirection *node,
                     struct og_pg_value *out);
/* Whether a column of the engine's catalog shows what no one should read (pg_telling.tbl.h).
 * column NULL: the whole relation. */
bool og_pg_is_telling(const char *relation, const char *column);
size_t og_pg_object(struct og_pg_walk *w, const struct og_relation *relation);
/* A relation by name with its object registered; refuses unknown ones. NULL: refused. */
const struct og_relation *og_pg_relation(struct og_pg_walk *w, const RangeVar *var);
const struct og_pg_cte *og_pg_find_cte(const struct og_pg_scope *scope, const char *name);
/* Whether a name without a schema is the server's own here: in the text of a view. */
bool og_pg_is_in_view(const struct og_pg_walk *w);
size_t og_pg_position(const struct og_pg_walk *w, int location);
bool og_pg_is_refused(const struct og_pg_walk *w);
void og_pg_refuse(struct og_pg_walk *w, int location, const char *what, const char *instead);
/* Where the expression begins in the text, found in a bounded number of steps; -1: nowhere. */
int og_pg_location(const Node *node);
/* Counts one level down; false (and refused) when it is too deep. */
bool og_pg_enter(struct og_pg_walk *w, int location);
void og_pg_leave(struct og_pg_walk *w);
const char *og_pg_str(const Node *node);

/* pg_expr.c */
struct og_pg_value og_pg_each(struct og_pg_walk *w, struct og_pg_scope *scope, List *list);
/* Its columns decide something here (a condition), or could make an expression fail. */
struct og_pg_value og_pg_condition(struct og_pg_walk *w, const struct og_pg_value *value,
                                   int location);
struct og_pg_value og_pg_fallible(struct og_pg_walk *w, const struct og_pg_value *value,
                                  int location);
/* Whether evaluating it can never fail, so that nobody learns whether it was evaluated. */
bool og_pg_is_infallible(const Node *node);
struct og_pg_value og_pg_expr(struct og_pg_walk *w, struct og_pg_scope *scope, Node *node);
/* The same where every column in it is a use of that kind. */
struct og_pg_value og_pg_expr_used(struct og_pg_walk *w, struct og_pg_scope *scope, Node *node,
                                   enum og_use use);

/* pg_call.c */
enum og_pg_function {
    OG_PG_FUNCTION_NONE = 0,
    OG_PG_FUNCTION_TOTAL,
    OG_PG_FUNCTION_CONST,
    OG_PG_FUNCTION_PAIRS,
    OG_PG_FUNCTION_FALLIBLE,
    OG_PG_FUNCTION_AGGREGATE,
    OG_PG_FUNCTION_WINDOW,
    OG_PG_FUNCTION_VALUE,
    OG_PG_FUNCTION_SET,
    OG_PG_FUNCTION_STATE,
    OG_PG_FUNCTION_TYPE,
    OG_PG_FUNCTION_SETTING,
    OG_PG_FUNCTION_CONFIG,
    OG_PG_FUNCTION_SEQUENCE,
    OG_PG_FUNCTION_LOCKS,
    OG_PG_FUNCTION_NOTIFY
};
enum og_pg_function og_pg_function_kind(const char *name);
/* What the call brings to FROM is told in shape (NULL: not known). */
struct og_pg_value og_pg_call(struct og_pg_walk *w, struct og_pg_scope *scope, FuncCall *call,
                              bool is_in_from, const struct og_routine **shape);
/* Records a function that is not the server's own: harmless when its extension is known. */
void og_pg_user_code(struct og_pg_walk *w, const struct og_routine *routine, int location);
/* A literal, perhaps cast: NULL for anything else. A string's or number's text; "" for NULL. */
const char *og_pg_literal(const Node *node);
/* A whole literal number within the bounds. */
bool og_pg_is_number(const Node *node, long from, long to);

/* pg_type.c */
struct og_pg_value og_pg_cast(struct og_pg_walk *w, struct og_pg_scope *scope, TypeCast *node);
struct og_pg_value og_pg_operation(struct og_pg_walk *w, struct og_pg_scope *scope, A_Expr *expr);
/* An operator of that name may be somebody's function: then it is recorded as one. name: as the
 * grammar has it, or a plain word. False: refused. */
bool og_pg_operator(struct og_pg_walk *w, List *name, int location);
void og_pg_operator_word(struct og_pg_walk *w, const char *word, int location);
/* The type as the catalog knows it; refuses unknown ones. NULL: refused. */
const struct og_type *og_pg_type(struct og_pg_walk *w, const TypeName *name);

/* pg_label.c */
const char *og_pg_label(Node *node);

/* pg_lookup.c: a WHERE clause. */
void og_pg_where(struct og_pg_walk *w, struct og_pg_scope *scope, Node *node);

/* pg_from.c */
void og_pg_from(struct og_pg_walk *w, struct og_pg_scope *scope, List *from);
/* A relation as FROM item; is_target: of a write, which is no select. */
struct og_pg_item *og_pg_from_relation(struct og_pg_walk *w, struct og_pg_scope *scope,
                                       const RangeVar *var, struct og_pg_columns *out,
                                       bool is_target);
void og_pg_with(struct og_pg_walk *w, struct og_pg_scope *scope, WithClause *with);

/* pg_query.c */
void og_pg_select(struct og_pg_walk *w, struct og_pg_scope *parent, SelectStmt *select,
                  struct og_pg_columns *out);
void og_pg_targets(struct og_pg_walk *w, struct og_pg_scope *scope, List *targets,
                   struct og_pg_columns *out);

/* pg_write.c */
void og_pg_insert(struct og_pg_walk *w, struct og_pg_scope *parent, InsertStmt *insert,
                  struct og_pg_columns *out);
void og_pg_update(struct og_pg_walk *w, struct og_pg_scope *parent, UpdateStmt *update,
                  struct og_pg_columns *out);
void og_pg_delete(struct og_pg_walk *w, struct og_pg_scope *parent, DeleteStmt *delete,
                  struct og_pg_columns *out);
/* A write and what it brings: triggers' functions, tables that foreign keys change with it. */
void og_pg_write_effect(struct og_pg_walk *w, const struct og_relation *relation,
                        enum og_effect effect, int location);
/* Any of the five as a query; false for other nodes. */
bool og_pg_query(struct og_pg_walk *w, struct og_pg_scope *parent, Node *node,
                 struct og_pg_columns *out);

/* pg_utility.c: everything that is no query. */
bool og_pg_is_harmless_setting(const char *name);
/* The relation if it is known, else its name alone as an object of that kind. */
size_t og_pg_named_relation(struct og_pg_walk *w, const RangeVar *var, enum og_object_kind kind);
void og_pg_utility(struct og_pg_walk *w, Node *node);
/* pg_define.c: definitions, whose expressions may call and read what a query may not. */
void og_pg_create_table(struct og_pg_walk *w, Node *node);
void og_pg_alter_table(struct og_pg_walk *w, Node *node);
void og_pg_rename(struct og_pg_walk *w, Node *node);
void og_pg_alter_schema(struct og_pg_walk *w, Node *node);
void og_pg_create_index(struct og_pg_walk *w, Node *node);
void og_pg_create_domain(struct og_pg_walk *w, Node *node);
void og_pg_create_policy(struct og_pg_walk *w, Node *node);
/* pg_named.c: names of prepared statements and cursors. */
void og_pg_prepare(struct og_pg_walk *w, Node *node);
void og_pg_execute(struct og_pg_walk *w, Node *node);
void og_pg_deallocate(struct og_pg_walk *w, Node *node);
void og_pg_declare(struct og_pg_walk *w, Node *node);
void og_pg_fetch(struct og_pg_walk *w, Node *node);
void og_pg_close(struct og_pg_walk *w, Node *node);
/* EXECUTE as the query of another statement. False: refused. */
bool og_pg_execute_query(struct og_pg_walk *w, ExecuteStmt *stmt, struct og_pg_columns *out);
/* pg_analyse.c: what a query hands out, as the facts' results. */
void og_pg_tell_query(struct og_pg_walk *w, const struct og_pg_columns *columns);
/* SELECT INTO: the clause, else NULL. */
IntoClause *og_pg_into(const Node *node);
void og_pg_set_kind(struct og_pg_walk *w, const char *kind);
void og_pg_statement(struct og_pg_walk *w, Node *node);

#endif

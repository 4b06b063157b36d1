/* SPDX-License-Identifier: MIT */
/* pg_schema.h - the inside of the catalog that is read from a file of DDL: pg_schema.c answers from it,
 * pg_schema_read.c and pg_schema_view.c fill it. Only those include it. Everything hangs in its arena. */
#ifndef OG_COMMON_PG_SCHEMA_H
#define OG_COMMON_PG_SCHEMA_H

#include "common/pg_walk.h"

#include <errno.h>

struct og_pg_schema_operator {
    const char *name;
    const struct og_routine *routine;
};

struct og_pg_schema_parent {
    struct og_relation *child, *parent;
};

struct og_pg_schema {
    struct og_catalog interface; /* first: the callbacks cast back */
    struct og_arena arena;
    struct og_relation **relations;
    size_t n_relations, max_relations;
    struct og_routine **routines;
    size_t n_routines, max_routines;
    struct og_pg_schema_operator *operators;
    size_t n_operators, max_operators;
    struct og_type **types;
    size_t n_types, max_types;
    struct og_pg_schema_parent *parents;
    size_t n_parents, max_parents;
    struct og_buf *messages;
    /* The file, and the statement that is read: where it begins, and how long it is. */
    const char *text;
    int location;
    size_t n_bytes;
};

struct og_relation *og_pg_schema_relation(const struct og_pg_schema *schema, const char *in,
                                          const char *name);
/* A line about the statement that is read. */
void og_pg_schema_tell(struct og_pg_schema *schema, const char *what);
/* One statement of the file. */
void og_pg_schema_statement(struct og_pg_schema *schema, Node *node);
struct og_relation *og_pg_schema_add(struct og_pg_schema *schema, const RangeVar *var, char kind);
struct og_relation_column *og_pg_schema_add_column(struct og_pg_schema *schema,
                                                   struct og_relation *relation,
                                                   const char *name);
/* The query's own text in a CREATE VIEW; has_tail: a WITH clause ends the statement. */
const char *og_pg_schema_query_text(struct og_pg_schema *schema, bool has_tail);
void og_pg_schema_view(struct og_pg_schema *schema, const RangeVar *var, char kind, List *aliases,
                       Node *query, const char *sql);
void og_pg_schema_function(struct og_pg_schema *schema, const CreateFunctionStmt *stmt);
void og_pg_schema_operator(struct og_pg_schema *schema, const DefineStmt *stmt);
void og_pg_schema_trigger(struct og_pg_schema *schema, const CreateTrigStmt *stmt);
/* After the last one: who is above whom, and whom foreign keys change. */
void og_pg_schema_link(struct og_pg_schema *schema);

#endif

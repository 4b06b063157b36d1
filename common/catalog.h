/* SPDX-License-Identifier: MIT */
/* catalog.h - how the PostgreSQL analysis asks what a name means, without knowing where the answer
 * comes from: driver/pg_catalog.c asks a live server, common/pg_schema.c reads a file of DDL.
 * (SQLite needs none: there the engine itself resolves, see common/sqlite_analyse.h.)
 * Memory: every pointer handed out is borrowed from the catalog and stays valid until its
 * generation changes, which never happens during one analysis. Threads: one analysis at a time. */
#ifndef OG_COMMON_CATALOG_H
#define OG_COMMON_CATALOG_H

#include "common/facts.h"

struct og_relation_column {
    const char *name;
    int32_t number; /* attnum, 1-based; dropped columns are left out */
    const char *type_name; /* format_type() without modifiers: "text", "numeric", "public.addr" */
    enum og_type_class type;
    bool is_composite;       /* its type is a row type: fields could be taken from it */
    bool is_not_null;
    /* A generated column's expression as SQL over the same table; NULL: an ordinary column. */
    const char *generated_sql;
};

/* A unique, not null set of columns (a full key): numbers of its columns. */
struct og_relation_key {
    const int32_t *numbers;
    size_t n_numbers;
};

struct og_relation {
    uint64_t oid;
    const char *schema;
    const char *name;
    char kind; /* pg_class.relkind: r p f v m S c t i */
    bool is_temporary;
    bool is_catalog;      /* pg_catalog, information_schema, pg_toast */
    bool has_user_rules;  /* rewrite rules other than a view's _RETURN */
    bool has_triggers;    /* user triggers on writes */
    bool has_row_security;
    const struct og_relation_column *columns;
    size_t n_columns;
    const struct og_relation_key *keys;
    size_t n_keys;
    /* v, m: the stored query as pg_get_viewdef() prints it with an empty search_path; NULL otherwise. */
    const char *view_sql;
    /* Inheritance parents and partitioned tables above it, nearest first, transitively. */
    const struct og_relation *const *ancestors;
    size_t n_ancestors;
    /* Children and partitions below (their rows are read through this one), transitively. */
    const struct og_relation *const *descendants;
    size_t n_descendants;
};

/* All functions of one name, in the order of the search path. */
struct og_routine {
    uint64_t oid;
    const char *schema;
    const char *name;
    char kind;       /* pg_proc.prokind: f a w p */
    char volatility; /* pg_proc.provolatile: i s v */
    bool returns_set;
    bool is_builtin; /* oid below 16384 in pg_catalog */
};

#define OG_CATALOG_E_UNKNOWN 1 /* nothing of that name can be seen */

struct og_catalog {
    /* schema: NULL resolves through the session's path (temporary schema first, pg_catalog where
     * the path has it). Names are already folded: compare exactly.
     * Returns: 0, OG_CATALOG_E_UNKNOWN, or < 0 when the catalog cannot be read. */
    int (*relation)(struct og_catalog *self, const char *schema, const char *name,
                    const struct og_relation **out);
    /* Every overload that a call of that name could mean. out: array of n_out pointers.
     * Returns: as above. */
    int (*routines)(struct og_catalog *self, const char *schema, const char *name,
                    const struct og_routine *const **out, size_t *n_out);
    /* A type name that is a relation's row type or a composite: 0 and its relation;
     * OG_CATALOG_E_UNKNOWN for any other type. */
    int (*row_type)(struct og_catalog *self, const char *schema, const char *name,
                    const struct og_relation **out);
};

#endif

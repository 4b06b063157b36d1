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
    bool has_user_cast; /* somebody's function casts from or to its type (see og_type) */
    /* A generated column's expression as SQL over the same table; NULL: an ordinary column. */
    const char *generated_sql;
};

struct og_relation;

/* A table that a write elsewhere changes by the action of a foreign key. */
struct og_relation_cascade {
    uint64_t oid;
    const char *schema;
    const char *name;
    bool on_delete; /* when rows go there, its own go (deletes) or change */
    bool deletes;
    bool on_update; /* when a key changes there, its rows change */
};

/* A unique, not null set of columns (a full key): numbers of its columns. */
struct og_relation_key {
    const int32_t *numbers;
    size_t n_numbers;
};

/* One function; of one name they come in the order of the search path. */
struct og_routine {
    uint64_t oid;
    const char *schema;
    const char *name;
    char kind;       /* pg_proc.prokind: f a w p */
    char volatility; /* pg_proc.provolatile: i s v */
    bool returns_set;
    bool is_builtin; /* oid below 16384 in pg_catalog or information_schema */
    /* Names of the columns it brings to FROM, where its declaration tells them: OUT and TABLE
     * parameters, or the fields of the row type that it returns. NULL: one value, or whatever the
     * statement's own column list says. */
    const char *const *columns;
    size_t n_columns;
    bool returns_record; /* a row without a declared shape */
    unsigned n_arguments, n_defaults;
    bool is_variadic;
    const char *extension; /* the extension that brought it, or NULL */
    unsigned trigger_events; /* of a trigger's: on what it is called, enum og_trigger_event; 0: on all */
};

/* The bits of pg_trigger.tgtype that name events. */
enum og_trigger_event {
    OG_TRIGGER_INSERT = 4,
    OG_TRIGGER_DELETE = 8,
    OG_TRIGGER_UPDATE = 16,
    OG_TRIGGER_TRUNCATE = 32
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
    const struct og_routine *const *triggers; /* the functions that those call */
    size_t n_triggers;
    const struct og_relation_cascade *cascades; /* whom foreign keys to here change, transitively */
    size_t n_cascades;
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

/* What a type's name means, arrays left aside. */
struct og_type {
    const char *schema;
    const char *name;
    char kind; /* pg_type.typtype: b c d e r m p */
    enum og_type_class type; /* of a domain: its base type's */
    bool is_builtin;         /* the server's own */
    bool has_user_code;      /* a domain's condition, or a cast from or to it, calls a function that is
                              * not the server's own */
    const struct og_relation *relation; /* c: the relation whose rows it describes, or NULL */
};

#define OG_CATALOG_E_UNKNOWN 1 /* nothing of that name can be seen */

struct og_catalog {
    /* The texts of views name what their session's path finds without its schema, so that the path
     * is followed in them; else such a name is the server's own. */
    bool is_printed_by_path;
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
    /* Returns: as above. */
    int (*type)(struct og_catalog *self, const char *schema, const char *name,
                const struct og_type **out);
    /* The functions behind every operator of that name that is not the server's own, in whatever
     * schema (schema not NULL: in that one). None: 0 and n_out 0. Returns: 0; < 0 as above. */
    int (*user_operators)(struct og_catalog *self, const char *schema, const char *name,
                          const struct og_routine *const **out, size_t *n_out);
};

#endif

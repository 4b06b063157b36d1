/* SPDX-License-Identifier: MIT */
/* facts.h - what analysis knows about one statement; the only thing decisions are made from.
 * Filled by common/pg_analyse.c (PostgreSQL) and common/sqlite_analyse.c (SQLite), read by
 * common/decide.c, the ledger and guardctl explain.
 * Is not: a judgement. Facts know no policy and no mask; they name EVERY base column that shapes
 * the statement, masked or not.
 * Memory: everything hangs in one arena, given by the caller; all strings are borrowed from it. */
#ifndef OG_COMMON_FACTS_H
#define OG_COMMON_FACTS_H

#include "common/arena.h"
#include "common/base.h"

enum og_dialect { OG_DIALECT_NONE = 0, OG_DIALECT_POSTGRESQL, OG_DIALECT_SQLITE };

enum og_effect {
#define EFFECT(name, word, changes, text) OG_EFFECT_##name,
#include "common/effect.tbl.h"
#undef EFFECT
    OG_EFFECT_COUNT
};

enum og_use {
#define USE(name, word, instead) OG_USE_##name,
#include "common/use.tbl.h"
#undef USE
    OG_USE_COUNT
};

enum og_object_kind {
    OG_OBJECT_TABLE = 0, /* also partitioned and foreign tables and virtual tables */
    OG_OBJECT_VIEW,
    OG_OBJECT_MATERIALISED_VIEW,
    OG_OBJECT_SEQUENCE,
    OG_OBJECT_INDEX,
    OG_OBJECT_FUNCTION,
    OG_OBJECT_SCHEMA,
    OG_OBJECT_TRIGGER,
    OG_OBJECT_SETTING,  /* a session setting or pragma; name is its name */
    OG_OBJECT_DATABASE, /* an attached file, an extension, a role: anything wider than a relation */
    OG_OBJECT_OTHER,
    OG_OBJECT_KIND_COUNT
};

/* An object of the target that the statement names or reaches. */
struct og_object {
    enum og_object_kind kind;
    const char *schema; /* "" where the kind has none (settings, roles) or it is not known */
    const char *name;
    uint64_t id;       /* PostgreSQL: oid, 0 when unknown; SQLite: 0 */
    bool is_temporary;
    bool is_catalog; /* the engine's own catalog (pg_catalog, information_schema, sqlite_schema) */
};

#define OG_NO_OBJECT SIZE_MAX

struct og_fact_effect {
    enum og_effect effect;
    size_t object; /* index into objects, or OG_NO_OBJECT */
};

/* Broad type of a column, for the check whether a mask fits. */
enum og_type_class {
    OG_TYPE_UNKNOWN = 0,
    OG_TYPE_TEXT,
    OG_TYPE_INTEGER,
    OG_TYPE_NUMERIC, /* decimal and floating point */
    OG_TYPE_DATE,
    OG_TYPE_TIMESTAMP,
    OG_TYPE_TIME,
    OG_TYPE_BOOLEAN,
    OG_TYPE_BINARY,
    OG_TYPE_OTHER /* json, arrays, composites, uuid, ... */
};

/* A base column (or a view's column, listed beside its base columns so that policies can name it;
 * or the same column of an inheritance parent, so that children inherit their parent's policy). */
struct og_fact_column {
    size_t object; /* index into objects */
    const char *name;
    int32_t number; /* attnum on PostgreSQL (negative: system column), 0-based index on SQLite */
    enum og_type_class type;
};

/* The column's value shapes something. */
struct og_fact_use {
    size_t column; /* index into columns */
    enum og_use use;
    size_t position; /* byte offset into the statement's text, or SIZE_MAX when not known */
    /* GROUP BY or DISTINCT beside a full key of the same relation, so that the column shapes
     * nothing: such a use is allowed for a masked column. */
    bool is_beside_full_key;
    /* FILTER: how many times the column is compared for being equal to one constant or parameter, where
     * that is all that the use consists of; 0: something else. */
    unsigned n_equalities;
    size_t marker; /* n_equalities 1: the parameter (1-based) that it is compared with; 0: a constant */
};

/* One source of a result column's value. */
struct og_fact_source {
    size_t column;
    bool is_copied; /* the value itself; false: computed from it by total functions only (what may
                     * fault is a use FALLIBLE besides) */
};

struct og_fact_result {
    const char *label; /* as the server will name it; may be "" when not known */
    struct og_fact_source *sources;
    size_t n_sources;
    enum og_type_class type;
    bool is_untyped; /* SQLite: no declared type stands behind it, each value has its own */
};

struct og_fact_function {
    const char *schema;
    const char *name;
    size_t position;
    bool is_builtin;  /* the engine's own */
    bool is_harmless; /* on the allowlist: reads nothing but its arguments, changes nothing */
};

/* A write to a column of a table (INSERT list, UPDATE SET): recorded, and the reason why a value of
 * the same column may flow into it. */
struct og_fact_write {
    size_t column;
};

/* Why a statement was not understood. */
struct og_refusal {
    const char *what;    /* NULL: understood. Lower case, no values: `operator "~~" over rows` */
    const char *instead; /* what to do next, or NULL */
    size_t position;     /* byte offset into the text, or SIZE_MAX */
};

struct og_facts {
    struct og_arena *arena;
    enum og_dialect dialect;
    const void *record; /* what a caller made of these facts, in the same arena; NULL: nothing yet */
    const char *kind; /* the command's name in capitals: SELECT, UPDATE, CREATE TABLE, BEGIN... */
    struct og_refusal refusal;

    struct og_object *objects;
    size_t n_objects, max_objects;
    struct og_fact_effect *effects; /* no duplicates */
    size_t n_effects, max_effects;
    struct og_fact_column *columns; /* no duplicates */
    size_t n_columns, max_columns;
    struct og_fact_use *uses;
    size_t n_uses, max_uses;
    struct og_fact_result *results;
    size_t n_results, max_results;
    struct og_fact_function *functions;
    size_t n_functions, max_functions;
    struct og_fact_write *writes;
    size_t n_writes, max_writes;
    /* SQLite: columns (indexes into columns) that order the rows of the plan that the engine would
     * choose by itself; where one of them is masked, another plan is asked for. */
    size_t *plan_columns;
    size_t n_plan_columns, max_plan_columns;
    uint64_t plan_walks[2]; /* the engine's plan and the other one: what they walk */
    const char *plan_text;  /* the statement, NULL: no plan was read */
    bool needs_plain_plan; /* that plan could not be read: the other one in any case */

    size_t n_parameters;
    bool returns_rows;           /* results describe its columns */
    bool is_transaction_control; /* BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE and nothing else */
    bool is_bookkeeping;         /* its effect `session` needs no rule: names of prepared statements and
                                  * cursors; what those do is judged by the other effects */
    const char *session_name;    /* PREPARE, DECLARE, DEALLOCATE, CLOSE: the name; NULL: none, or all */
    bool is_harmless_setting;    /* SET of a listed setting, SHOW of one: needs no rule */
    bool changes_catalog;        /* DDL: resolved names must be looked up again afterwards */
    bool changes_resolution;     /* SET search_path, SET ROLE and the like: refused unless tracked */
    int engine_code;              /* SQLite: what the engine itself answers to any statement now */
    const char *engine_text;
    uint64_t catalog_stamp;       /* SQLite: the schema that names were looked up in; its own use */
};

/* Empties and prepares facts that allocate from arena. */
void og_facts_init(struct og_facts *facts, struct og_arena *arena, enum og_dialect dialect);

/* The adders deduplicate and return the index, or SIZE_MAX when the arena is full (the arena's
 * failure sticks: a caller may go on and check once). Strings are copied into the arena. */
size_t og_facts_object(struct og_facts *facts, const struct og_object *object);
size_t og_facts_column(struct og_facts *facts, const struct og_fact_column *column);
void og_facts_effect(struct og_facts *facts, enum og_effect effect, size_t object);
void og_facts_use(struct og_facts *facts, size_t column, enum og_use use, size_t position,
                  bool is_beside_full_key);
/* A use FILTER that is `column = constant` and nothing else, without a position. A second one of the
 * same column is counted. marker: the parameter (1-based) in the constant's place, or 0. */
void og_facts_equality(struct og_facts *facts, size_t column, size_t marker);
void og_facts_write(struct og_facts *facts, size_t column);
void og_facts_function(struct og_facts *facts, const struct og_fact_function *function);
/* Appends one result column; sources are copied. */
void og_facts_result(struct og_facts *facts, const struct og_fact_result *result);

/* Marks the statement as not understood; the first refusal stays. what and instead are copied. */
void og_facts_refuse(struct og_facts *facts, size_t position, const char *what,
                     const char *instead);
void og_facts_refusef(struct og_facts *facts, size_t position, const char *instead,
                      const char *format, ...) OG_PRINTF(4, 5);

/* The words of the tables, borrowed static text; "unknown" out of range. */
const char *og_effect_word(enum og_effect effect);
bool og_effect_changes(enum og_effect effect);
/* Returns: the effect of that word, or OG_EFFECT_COUNT. */
enum og_effect og_effect_from_word(const char *word);
const char *og_use_word(enum og_use use);
const char *og_use_instead(enum og_use use);
const char *og_object_kind_word(enum og_object_kind kind);
const char *og_dialect_word(enum og_dialect dialect);

#endif

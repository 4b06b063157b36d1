/* SPDX-License-Identifier: MIT */
/* sqlite_parts.h - what the files of SQLite analysis share: schema, program, values.
 * Is not: an interface; only common/sqlite_*.c includes it.
 * Source: https://sqlite.org/opcode.html; docs/analysis-sqlite.md. */
#ifndef OG_COMMON_SQLITE_PARTS_H
#define OG_COMMON_SQLITE_PARTS_H

#include "common/sqlite_analyse.h"

#include "common/buf.h"
#include "common/limits.h"
#include "common/sql_lex.h"

/* Ceilings of one analysis: memory of its states, operations of all its programs, passes. */
#define OG_SQ_WORK_BYTES (64u * 1024u * 1024u)
#define OG_SQ_MAX_OPS 100000u
#define OG_SQ_MAX_PASSES 1000u
/* A function with a variable number of arguments is known up to so many. */
#define OG_SQ_MAX_ARGUMENTS 32

/* ---- schema ---- */

/* A column of another table whose values stand in this one too. */
struct og_sq_inherited {
    size_t table;
    int column;
};

struct og_sq_column {
    const char *name;
    const char *type;       /* declared, "" for none */
    bool is_not_null;
    bool is_generated;
    bool is_virtual;          /* generated when it is read: takes no place in a row */
    const char *collation;
    bool is_hidden;
    struct og_sq_inherited *inherits;
    size_t n_inherits, max_inherits;
    bool is_lineage_known;    /* of a generated column: the columns it is made of */
    bool is_lineage_fallible; /* or compares them, or could not be understood */
    int *lineage;
    size_t n_lineage;
    const char *expression; /* of a generated column, NULL when it was not found in the text */
    int key;                /* 1-based place in the primary key, 0: none */
};

/* Columns whose values together decide whether a write is taken: UNIQUE, CHECK, foreign key. */
struct og_sq_constraint {
    bool is_unique;
    bool is_key;      /* unique over columns that are never NULL: names one row */
    bool is_not_null; /* met by any value that was in the column before */
    bool *has_column; /* per column */
};

struct og_sq_table {
    const char *schema; /* main, temp */
    const char *name;
    bool is_view;
    bool is_catalog;
    bool is_without_rowid;
    bool is_virtual;        /* full text search or R*Tree */
    bool is_tree;           /* R*Tree: its rows come in an order made from their values */
    const char *vtab[3];    /* as programs name it, by enum og_sq_place; NULL: not known */
    size_t content;         /* the table that it shows, + 1; 0: its own */
    struct og_sq_column *columns;
    size_t n_columns;
    int rowid_alias; /* column that is the rowid, or -1 */
    int root;        /* first page in the shadow, 0: none */
    int *storage;    /* WITHOUT ROWID: column by place in the stored record */
    int copy_root;   /* first page in the indexed shadow */
    int live_root;   /* first page in the live database, 0: not known */
    int *live_storage; /* column by place in a stored record there; NULL: as they are declared */
    size_t n_live_storage;
    struct og_sq_constraint *constraints;
    size_t n_constraints, max_constraints;
};

/* An index of the live database, by its first page there. */
struct og_sq_index {
    size_t table;
    int root;
    int copy_root; /* first page in the indexed shadow */
    const char *schema;
    const char *name;
    bool *has_column; /* per column of the table */
    bool is_unique;
    bool is_whole;    /* of all rows, over columns alone */
    const char *sql;  /* NULL: made by a constraint of the table */
    const char **collations; /* per field */
    int *columns;     /* in order, with the row's key behind them: -1 rowid, -2 an expression */
    size_t n_columns, max_columns, max_collations;
};

/* A foreign key, one column of it. */
struct og_sq_reference {
    size_t child;
    int column;         /* of the child */
    const char *parent; /* table name, in the child's schema */
    const char *key;    /* its column, "" for the primary key */
    bool deletes;       /* ON DELETE CASCADE */
    bool updates;       /* SET NULL, SET DEFAULT, or ON UPDATE CASCADE */
    bool is_deferred;   /* perhaps: the child's definition says so somewhere */
};

struct og_sq_schema {
    struct og_sq_reference *references;
    size_t n_references, max_references;
    bool has_foreign_keys; /* PRAGMA foreign_keys of the handle */
    struct og_sq_index *indexes;
    size_t n_indexes, max_indexes;
    struct og_arena arena;
    struct og_sq_table *tables;
    size_t n_tables, max_tables;
    size_t n_virtual;
    /* names that exist in the database and not in the shadow: virtual tables and what they keep */
    const char **closed;
    size_t n_closed, max_closed;
};

/* ---- values: interned, so that equal numbers mean equal values ---- */

/* A source is 2 * base + is_derived; base numbers a (program, cursor, table, column). */
struct og_sq_value {
    uint32_t n_sources;
    uint32_t n_items; /* a record's fields */
    const uint32_t *sources;
    const uint32_t *items;
    uint32_t hash;
    uint32_t depth;
};

struct og_sq_values {
    struct og_arena *arena;
    struct og_sq_value *values; /* 0: nothing at all */
    size_t n_values, max_values;
    uint32_t *slots;
    size_t n_slots;
};

OG_MUST int og_sq_values_init(struct og_sq_values *values, struct og_arena *arena);
uint32_t og_sq_value_source(struct og_sq_values *values, uint32_t source);
uint32_t og_sq_value_union(struct og_sq_values *values, uint32_t a, uint32_t b);
/* Everything in it, fields too, as computed from. */
uint32_t og_sq_value_derive(struct og_sq_values *values, uint32_t a);
/* Everything in it, fields too, without the structure. */
uint32_t og_sq_value_flat(struct og_sq_values *values, uint32_t a);
uint32_t og_sq_value_record(struct og_sq_values *values, const uint32_t *items, size_t n_items);
uint32_t og_sq_value_item(struct og_sq_values *values, uint32_t record, size_t i);

/* ---- program ---- */

enum og_sq_flow {
    OG_SQ_NEXT = 0,
    OG_SQ_GOTO,
    OG_SQ_BRANCH, /* P2 when it is not 0, and the next */
    OG_SQ_JUMP3,
    OG_SQ_HALT,
    OG_SQ_YIELD,
    OG_SQ_END_COROUTINE,
    OG_SQ_RETURN,
    OG_SQ_INIT_COROUTINE
};

enum og_sq_handler {
#define SQLITE_HANDLER(name) OG_SQ_DO_##name,
#include "common/sqlite_opcode.tbl.h"
#undef SQLITE_HANDLER
    OG_SQ_DO_COUNT
};

struct og_sq_op {
    const char *name;
    enum og_sq_flow flow;
    enum og_sq_handler handler;
    int p1, p2, p3, p5;
    const char *p4;
    int *written; /* registers */
    size_t n_written, max_written;
};

/* A subroutine or a coroutine. */
struct og_sq_routine {
    long entry;
    bool *is_inside;  /* per operation; NULL: not known, so everything may be written */
    bool *is_written; /* per register */
};

enum og_sq_cursor_kind {
    OG_SQ_CURSOR_NONE = 0,
    OG_SQ_CURSOR_TABLE = 1,
    OG_SQ_CURSOR_NEW_TABLE = 2, /* a table that this statement makes */
    OG_SQ_CURSOR_KEPT = 4,      /* sorter or ephemeral table */
    OG_SQ_CURSOR_PSEUDO = 8,
    OG_SQ_CURSOR_VIRTUAL = 16,
    OG_SQ_CURSOR_INDEX = 32
};

struct og_sq_cursor {
    unsigned kinds; /* a number may be opened as several things: all of them count */
    size_t *tables;
    size_t n_tables, max_tables;
    uint32_t row;        /* value of what it keeps, a record */
    uint32_t key;        /* its rowid */
    int pseudo_register;
    const char *collations; /* k(n,...) of its keys */
    int n_keys;          /* leading fields that order or identify the rows */
    bool is_sorter;
    bool is_sorted;      /* walked in the order of its keys */
    bool is_walked;
    bool is_distinct;    /* asked for membership before each row is added */
    size_t index;        /* an index of the schema + 1, 0: none */
    int row_of;          /* an index's cursor: the cursor of the table's row, or -1 */
    int same_as;         /* OpenDup: the cursor it shares the rows with, or -1 */
};

/* Places in a program. */
struct og_sq_places {
    size_t *at;
    size_t n, max;
};

/* The coroutine of one register. */
struct og_sq_coroutine {
    int number;
    bool is_known;                 /* from, to: where its own operations stand */
    long from, to;
    struct og_sq_places starts;    /* InitCoroutine */
    struct og_sq_places sides[2];  /* Yield: of its callers (all, when not known), its own */
};

struct og_sq_program {
    struct og_sq_op *ops;
    size_t n_ops, max_ops;
    size_t n_registers;
    struct og_sq_cursor *cursors;
    size_t n_cursors;
    bool **loops; /* per cursor: operations of its loop, NULL: not looked for yet */
    uint32_t **states; /* per op, n_registers values; NULL: not reached */
    struct og_sq_routine *routines;
    size_t n_routines, max_routines;
    struct og_sq_coroutine *coroutines;
    size_t n_coroutines, max_coroutines;
    size_t *call_programs; /* per op: program that a Program op runs, or SIZE_MAX for any */
};

struct og_sq_base {
    size_t program;
    size_t cursor;
    size_t table;
    int column; /* -1: the rowid of a table without an alias for it */
};

struct og_sq_use {
    uint32_t base;
    enum og_use use;
    bool is_beside_full_key;
    size_t equality; /* compared once for being equal with what no row brings: 1 + the operation's
                      * place, by program and number; 0: any other use */
};

/* Where a program was compiled. */
enum og_sq_place { OG_SQ_SHADOW = 0, OG_SQ_LIVE, OG_SQ_INDEXED };

/* A use with its place, of a run that looks at order. */
struct og_sq_mark {
    size_t program, pc;
    uint32_t base;
};

/* One run of the fixpoint over a statement's programs. */
struct og_sq_run {
    const struct og_sq_schema *schema;
    struct og_arena *arena;
    struct og_facts *facts; /* for refusals */
    struct og_sq_values values;
    struct og_sq_program *programs;
    size_t n_programs, max_programs;
    struct og_sq_base *bases;
    size_t n_bases, max_bases;
    struct og_sq_use *uses;
    size_t n_uses, max_uses;
    struct og_sq_mark *marks;
    size_t n_marks, max_marks;
    uint32_t *results;
    size_t n_results;
    enum og_sq_place place;
    bool drops_aggregates; /* what aggregates make of their arguments is left out */
    bool has_growth; /* a function in it makes values of any length: joining may fail */
    bool has_dup; /* some rows are read twice: a key beside a column may be another row's */
    bool ignores_catalog; /* a statement that changes the schema reads the schema table itself */
    bool is_measuring;
    bool is_final; /* nothing changes any more: uses are noted in this pass */
    bool is_changed;
    size_t max_register;
    size_t program; /* where it is */
    size_t pc;
    uint32_t *state;
    uint32_t *merged; /* room for one state */
};

/* Reads the program of "EXPLAIN ..." that statement holds. Returns: 0 (a refusal is in facts), <0 */
OG_MUST int og_sq_program_read(const struct og_sqlite_api *api, struct og_sq_run *run,
                               sqlite3_stmt *explain);
/* What the table of operations says of a name, or NULL. */
const struct og_sq_op *og_sq_opcode(const char *name);
/* Runs the programs to a fixpoint. Refusals go to facts. Returns: 0; < 0. */
OG_MUST int og_sq_run_programs(struct og_sq_run *run);
OG_MUST int og_sq_find_routines(struct og_sq_run *run);
bool og_sq_is_inside(const struct og_sq_coroutine *coroutine, const struct og_sq_routine *routine,
                     size_t at);
/* Joins the state after the operation into those of the operations that may come next. */
void og_sq_flow_on(struct og_sq_run *run, struct og_sq_program *program,
                   const struct og_sq_op *op);
/* One operation on run->state. */
void og_sq_step(struct og_sq_run *run, const struct og_sq_op *op);
void og_sq_open_cursors(struct og_sq_run *run);
void og_sq_use_value(struct og_sq_run *run, uint32_t value, enum og_use use);
void og_sq_note_use(struct og_sq_run *run, uint32_t base, enum og_use use, bool is_beside);
/* Values by which rows are compared together; collations: k(n,...) of the comparison. */
struct og_sq_keys {
    const uint32_t *values;
    size_t n;
    const char *collations;
};
void og_sq_use_keys(struct og_sq_run *run, const struct og_sq_keys *keys, enum og_use use,
                    bool may_be_beside_key);
/* Whether keys name the row that base is read from. */
bool og_sq_is_beside_key(struct og_sq_run *run, const struct og_sq_keys *keys,
                         const struct og_sq_base *base);
/* k of "k(3,...)" or of a plain number: how many registers or fields are compared; 0: none told. */
int og_sq_count_of(const char *p4);
bool og_sq_is_table_cursor(struct og_sq_run *run, int number);
bool og_sq_is_index_cursor(struct og_sq_run *run, int number);
void og_sq_use_range(struct og_sq_run *run, int first, int n, enum og_use use);
/* Two values compared with each other. */
void og_sq_use_pair(struct og_sq_run *run, uint32_t a, uint32_t b, enum og_use use);
void og_sq_compare_jump(struct og_sq_run *run, const struct og_sq_op *op);
/* Uses of what is computed in value, not of what is copied. */
void og_sq_use_unless_copied(struct og_sq_run *run, uint32_t value, enum og_use use);
/* Registers compared with the leading columns of a cursor. */
void og_sq_use_key(struct og_sq_run *run, const struct og_sq_op *op, int n, enum og_use use);
/* Operations that look for a key, keep a row, or write one. */
void og_sq_find(struct og_sq_run *run, const struct og_sq_op *op);
void og_sq_seek(struct og_sq_run *run, const struct og_sq_op *op);
void og_sq_seek_rowid(struct og_sq_run *run, const struct og_sq_op *op);
void og_sq_keep_row(struct og_sq_run *run, int number, uint32_t row);
void og_sq_insert(struct og_sq_run *run, const struct og_sq_op *op, uint32_t row, uint32_t key,
                  bool is_update);
void og_sq_index_insert(struct og_sq_run *run, const struct og_sq_op *op);
void og_sq_row_cell(struct og_sq_run *run, const struct og_sq_op *op);
/* A look-up with so many arguments: any column may decide about the rows. */
void og_sq_virtual_filter(struct og_sq_run *run, int cursor, int n_arguments);
void og_sq_virtual_update(struct og_sq_run *run, const struct og_sq_op *op);
/* The virtual table that a program's name stands for, or SIZE_MAX. */
size_t og_sq_virtual_find(const struct og_sq_schema *schema, const char *vtab,
                          enum og_sq_place place);
void og_sq_store_column(struct og_sq_run *run, size_t table, int column, uint32_t item);
/* Registers with bounds; a register out of bounds refuses. */
uint32_t og_sq_get(struct og_sq_run *run, int number);
void og_sq_set(struct og_sq_run *run, int number, uint32_t value);
/* A cursor's column, key and whole row. */
struct og_sq_cursor *og_sq_cursor(struct og_sq_run *run, int number);
uint32_t og_sq_cursor_column(struct og_sq_run *run, int number, int column);
uint32_t og_sq_cursor_key(struct og_sq_run *run, int number);
uint32_t og_sq_cursor_row(struct og_sq_run *run, int number);
/* The source of one column of the cursor's row. Returns: its number in bases, or UINT32_MAX. */
uint32_t og_sq_base(struct og_sq_run *run, int cursor, size_t table, int column);
void og_sq_cursor_add(struct og_sq_run *run, int number, uint32_t row, uint32_t key);

/* ---- shadow ---- */

/* Whether the handle has a temporary database: asking it for one would make it. */
bool og_sq_has_temp(const struct og_sqlite_api *api, sqlite3 *db);
/* Makes the engine declare json_each and json_tree on the handle, which it does at first use. */
void og_sq_warm(const struct og_sqlite_api *api, sqlite3 *db);
OG_MUST int og_sq_shadow_open(const struct og_sqlite_api *api, sqlite3 **out);
/* Builds schema and shadow from the live handle. why: a refusal's text when the answer is > 0. */
OG_MUST int og_sq_shadow_build(const struct og_sqlite_api *api, sqlite3 *live, sqlite3 *shadow,
                               struct og_sq_schema *schema, const char **why);
void og_sq_schema_release(struct og_sq_schema *schema);
/* Returns: index or SIZE_MAX. schema NULL: any, temp first. */
size_t og_sq_table_find(const struct og_sq_schema *schema, const char *in, const char *name);
int og_sq_column_find(const struct og_sq_table *table, const char *name);
bool og_sq_is_closed(const struct og_sq_schema *schema, const char *name);
enum og_type_class og_sq_type_class(const char *declared);
/* Appends "name" with quotes doubled. */
void og_sq_quote(struct og_buf *buf, const char *name);
struct og_sq_constraint *og_sq_add_constraint(struct og_sq_schema *schema,
                                              struct og_sq_table *table, bool is_unique);
/* Fills expressions of generated columns and the constraints from the table's own text. */
void og_sq_read_table_text(struct og_sq_schema *schema, struct og_sq_table *table,
                           const char *sql);

/* Reading the live schema (sqlite_schema.c) into a shadow (sqlite_shadow.c). */
struct og_sq_builder {
    const struct og_sqlite_api *api;
    sqlite3 *live;
    sqlite3 *shadow;
    struct og_sq_schema *schema;
};
/* A prepared "PRAGMA schema.name("argument")", or NULL. */
sqlite3_stmt *og_sq_pragma_list(const struct og_sq_builder *b, sqlite3 *db, const char *schema,
                                const char *name, const char *argument);
const char *og_sq_text_of(const struct og_sq_builder *b, sqlite3_stmt *statement, int column);
/* Finalizes. Returns: 0 when rc says that all was read; < 0. */
OG_MUST int og_sq_finish(const struct og_sq_builder *b, sqlite3_stmt *statement, int rc);
OG_MUST int og_sq_read_columns(const struct og_sq_builder *b, struct og_sq_table *table);
/* Indexes, unique constraints, and which column is the rowid. */
OG_MUST int og_sq_read_indexes(const struct og_sq_builder *b, struct og_sq_table *table);
OG_MUST int og_sq_read_foreign_keys(const struct og_sq_builder *b, struct og_sq_table *table);
OG_MUST int og_sq_read_live_roots(const struct og_sq_builder *b, const char *schema);

/* Makes a virtual table in the shadow. Returns: 0 (done, or it is closed); < 0. */
OG_MUST int og_sq_build_virtual(const struct og_sq_builder *b, const char *name);
/* Its name in programs compiled on db. */
OG_MUST int og_sq_name_virtual(const struct og_sqlite_api *api, sqlite3 *db,
                               struct og_sq_schema *schema, size_t table, enum og_sq_place place);
/* What virtual tables show of others: by content= and by triggers that write to them. */
OG_MUST int og_sq_link_virtual(const struct og_sq_builder *b);
struct og_sq_table *og_sq_add_table(const struct og_sq_builder *b, const char *schema,
                                    const char *name);
OG_MUST int og_sq_close_name(const struct og_sq_builder *b, const char *name);
/* Whether the name is a table kept by a virtual one that the facts name; or the one it shows. */
bool og_sq_is_behind_virtual(const struct og_sq_schema *schema, const struct og_facts *facts,
                             const char *name, const char *column);
/* Where a virtual table's first token behind a word stands; NULL: not there. */
char *og_sq_text_after(struct og_arena *arena, const char *sql, const char *word, bool is_assigned);
bool og_sq_text_names(struct og_arena *arena, const char *sql, const char *name);

/* ---- functions and pragmas ---- */

enum og_sq_function {
    OG_SQ_FUNCTION_UNKNOWN = 0,
    OG_SQ_FUNCTION_TOTAL,
    OG_SQ_FUNCTION_FALLIBLE,
    OG_SQ_FUNCTION_TEST,
    OG_SQ_FUNCTION_GROW
};
enum og_sq_function og_sq_function_kind(const char *name);
enum og_sq_pragma {
    OG_SQ_PRAGMA_NEVER = 0,
    OG_SQ_PRAGMA_SCHEMA,
    OG_SQ_PRAGMA_READ,
    OG_SQ_PRAGMA_SET,
    OG_SQ_PRAGMA_QUIET,
    OG_SQ_PRAGMA_RULE,
    OG_SQ_PRAGMA_LATE
};
/* value: NULL for none. See sqlite_pragma.tbl.h. */
enum og_sq_pragma og_sq_pragma_kind(const char *name, const char *value);
bool og_sq_is_same(const char *a, const char *b); /* as SQLite folds: ASCII only */

/* ---- text ---- */

struct og_sq_text {
    const char *sql;
    struct og_lex lex;
    const char *kind;
    const char *pragma;      /* its name, or NULL */
    bool pragma_has_value;   /* = or ( after the name */
    size_t explain_bytes;    /* length of a leading EXPLAIN [QUERY PLAN], 0: none */
    bool is_query_plan;
    bool has_condition_word; /* WHERE, ON, HAVING...: a comparison may stand there */
    bool has_set_word;       /* UNION, INTERSECT, EXCEPT */
    bool is_transaction;
    bool changes_catalog;
    bool is_temporary;       /* CREATE TEMP */
    bool has_replace;        /* INSERT OR REPLACE and the like: rows may go */
    bool is_maintenance;
    const char *dropped;     /* DROP INDEX: its name */
    bool has_into;
    size_t into_columns;     /* INSERT INTO t (: first token of the list; SIZE_MAX: no list */
};

/* Returns: 0 (a refusal is in facts); < 0. */
OG_MUST int og_sq_text_read(struct og_facts *facts, const char *sql, size_t n_bytes,
                            struct og_sq_text *out);
/* Where the name stands as a word, if exactly once; else SIZE_MAX. */
size_t og_sq_text_position(const struct og_sq_text *text, const char *name);
bool og_sq_text_has(const struct og_sq_text *text, const char *name);
/* ALTER TABLE t RENAME TO another name. */
bool og_sq_text_renames(const struct og_sq_text *text);
bool og_sq_text_has_into(const struct og_sq_text *text, const char *name);

/* ---- statement: what the authorizer saw ---- */

struct og_sq_record {
    int action;
    const char *a, *b, *schema, *origin;
};

struct og_sq_authorizer {
    struct og_arena *arena;
    struct og_sq_record *records;
    size_t n_records, max_records;
    bool denies_switches; /* PRAGMA, ATTACH: recorded, never compiled */
};

enum og_sq_permit {
    OG_SQ_PERMIT_NOTHING = 0,
    OG_SQ_PERMIT_FACTS,
    OG_SQ_PERMIT_CATALOG,
    OG_SQ_PERMIT_TRANSACTION,
    OG_SQ_PERMIT_ALL,
    OG_SQ_PERMIT_OWN /* our own few reads */
};

struct og_sqlite_analyser {
    struct og_sqlite_api api;
    sqlite3 *live;
    sqlite3 *shadow;
    struct og_sq_schema schema;
    sqlite3 *indexed; /* the shadow with its indexes, made when it is needed */
    enum og_sq_place place; /* which of the two is in shadow */
    bool is_built;
    const char *why_not; /* static: the shadow could not be built */
    int schema_version;
    uint64_t temp_hash;
    struct og_sq_authorizer authorizer;
    unsigned depth; /* generated columns inside generated columns */
    enum og_sq_permit permit;
    struct og_arena permit_arena;
    struct og_facts permitted;
    uint64_t token; /* of what permitted was made from; 0: of nothing that could come again */
    sqlite3_stmt *version; /* on the live handle: PRAGMA schema_version; or NULL */
    bool is_plain_plan;
    struct og_sq_capture *capture; /* sqlite_undo.c: of the write that runs */
    bool *needed; /* per permitted column: its value flows or shapes somewhere */
    struct og_sqlite_watch *watches; /* told of every row that changes; NULL: no hook is set */
};

/* How ALTER TABLE holds a new condition against the rows that are there. */
#define OG_SQ_CHECK_OF_ROWS "pragma_quick_check"

int og_sq_live_authorizer(void *context, int action, const char *a, const char *b,
                          const char *schema, const char *origin);
int og_sq_shadow_authorizer(void *context, int action, const char *a, const char *b,
                            const char *schema, const char *origin);
/* Analysis on the shadow as it is. */
OG_MUST int og_sq_analyse_text(struct og_sqlite_analyser *analyser, const char *sql,
                               size_t n_bytes, struct og_facts *facts);
/* Builds the shadow again if the schema changed. A refusal goes to facts. */
/* Exchanges the shadow for the one with indexes, and back. Returns: 0; > 0: it cannot be made. */
OG_MUST int og_sq_exchange_shadow(struct og_sqlite_analyser *analyser);
/* Whether the order in which the cursor's rows come, where base's value decides it, can be seen.
 * position: of base in the index that the cursor reads, SIZE_MAX for a sorter's key. */
bool og_sq_is_order_hidden(struct og_sq_run *run, int cursor, uint32_t base, size_t position);
/* The engine's own plan for the live database, or one that walks no index and makes none unless it
 * must. */
OG_MUST int og_sq_set_plan(struct og_sqlite_analyser *analyser, bool is_plain);
/* Whether the statement, compiled as it is permitted now, walks what was read in its plan. */
bool og_sq_walks_as_read(struct og_sqlite_analyser *analyser, const struct og_facts *facts);
/* An index that the live program reads decides the order of rows: its columns are used. */
OG_MUST int og_sq_live_order(struct og_sqlite_analyser *analyser, const char *sql, size_t n_bytes,
                             struct og_facts *facts);
OG_MUST int og_sq_refresh(struct og_sqlite_analyser *analyser, struct og_facts *facts);
bool og_sq_is_named_alone(const struct og_sq_record *record);
/* Effects, objects, functions and reads from the recorded callbacks. */
void og_sq_record_facts(const struct og_sqlite_analyser *analyser, const struct og_sq_text *text,
                        struct og_facts *facts);
/* What writing to a table makes the engine read and change by foreign keys. */
void og_sq_reference_facts(const struct og_sqlite_analyser *analyser, struct og_facts *facts);
/* Results and uses from a finished run. */
void og_sq_run_facts(struct og_sqlite_analyser *analyser, const struct og_sq_text *text,
                     struct og_sq_run *run, sqlite3_stmt *statement, struct og_facts *facts);
/* sqlite_lookup.c: takes comparisons for plain uses where the text does not bear them out. */
void og_sq_lookup_check(const struct og_sq_text *text, struct og_facts *facts);
/* The columns that a generated column is made of, computed once per schema. */
const struct og_sq_column *og_sq_generated(struct og_sqlite_analyser *analyser, size_t table,
                                           int column);
/* One line for tests and the self-check: result sources, then uses, each sorted. */
void og_sq_render(struct og_facts *facts, struct og_buf *out);
/* Adds a column of the schema to facts. */
size_t og_sq_fact_column(const struct og_sq_schema *schema, size_t table, int column,
                         struct og_facts *facts);
size_t og_sq_fact_table(const struct og_sq_schema *schema, size_t table, struct og_facts *facts);

#endif

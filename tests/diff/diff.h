/* SPDX-License-Identifier: MIT */
/* diff.h - the differential test: one script of ODBC calls, run over a direct and over a guarded
 * data source, must show the application the same thing.
 *
 * A script is a list of steps: an operation's name, a statement slot and plain numbers; what a number
 * means is the operation's own affair. The first arm makes the script while it runs it (random from
 * a seed, only what is valid in the state at hand), the other repeats it. Each arm is a process of its
 * own over a freshly filled database and writes down all that the application can see: return
 * codes, every byte changed in its buffers (which lie between filled borders), records. Pointers are
 * written as offsets, so that the two logs must be equal byte for byte.
 * Threads: one per arm. */
#ifndef OG_TESTS_DIFF_H
#define OG_TESTS_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/odbc.h"

/* Entry points, from the driver's own table. */
struct calls {
#define ROW(name, ...) __typeof__(name) *name;
#include "driver/entry.tbl.h"
#undef ROW
};
enum entry {
#define ROW(name, ...) E_##name,
#include "driver/entry.tbl.h"
#undef ROW
    N_ENTRIES
};

/* What a statement is in the middle of. */
enum state {
    ST_ALLOC,  /* nothing prepared or run */
    ST_PREP,   /* prepared */
    ST_DONE,   /* run, no rows */
    ST_OPEN,   /* rows, before the first fetch */
    ST_ROW,    /* after SQLFetch or SQLFetchScroll */
    ST_XROW,   /* after SQLExtendedFetch */
    ST_NEED,   /* SQL_NEED_DATA was answered */
    ST_PUT,    /* SQLParamData named a parameter */
    ST_NONE,   /* no statement takes part (connection, environment, descriptor calls) */
    N_STATES
};
#define IN(state) (1u << ST_##state)
#define ANY_IDLE (IN(ALLOC) | IN(PREP) | IN(DONE))
#define ANY_ROWS (IN(OPEN) | IN(ROW) | IN(XROW))
#define ANY_QUIET (ANY_IDLE | ANY_ROWS)
#define ANY_STATE (ANY_QUIET | IN(NEED) | IN(PUT))

#define N_SLOTS 3
#define N_COLS 6
#define N_PARAMS 4
#define N_DESCS 2
#define N_ARGS 6
#define MAX_STEPS 2000
#define MAX_ROWS 10

/* The application's memory of one statement. Where rows are bound:
 * column c's cells from COL_AT(c), its indicators from IND_AT(c); row-wise rows are ROW_STRIDE apart. */
#define OUT_BYTES 24576
#define COL_AT(c) (512u + (c) * 2304u)
#define IND_AT(c) (15872u + (c) * 128u)
#define ROW_STRIDE 208u
#define MAX_CELL 200u
#define STATUS_AT 20480u
#define FETCHED_AT 20608u
#define PSTATUS_AT 20736u
#define PDONE_AT 20864u
#define CELL_AT 21504u /* SQLGetData */
#define SCRATCH_BYTES 8192
#define SCRATCH_BORDER 512
#define IN_BYTES 16384

struct ctype {
    SQLSMALLINT code;
    const char *name;
    SQLLEN n_bytes; /* 0: as long as the buffer */
};

struct param {
    bool is_bound;
    bool is_late; /* data at execution */
};

struct slot {
    SQLHSTMT handle;
    enum state state;
    bool is_prepared;
    bool has_rows;    /* the prepared or open statement returns rows */
    unsigned n_columns;
    unsigned n_params; /* markers of the text */
    bool is_row_wise;
    bool has_blocks; /* a rowset of more than one row */
    bool is_put_null;  /* NULL was sent for the parameter: psqlODBC writes a further piece into the wild */
    bool is_described; /* bound through a descriptor: what is where is not followed any more */
    struct param params[N_PARAMS];
    struct bound { const struct ctype *type; SQLLEN max_bytes; } bound[N_COLS + 1];
    unsigned char *out; /* OUT_BYTES */
    unsigned char *in;  /* IN_BYTES: parameters' values, the bind offset */
    char text[4096];    /* of the last prepare or execution */
};

struct config {
    unsigned version; /* SQL_OV_ODBC2 ... */
    bool is_wide;     /* connects by a W function */
    bool is_plain_connect; /* SQLConnect rather than SQLDriverConnect */
    bool is_manual;   /* autocommit off before the connect */
};

struct step {
    uint16_t op;
    uint16_t slot;
    uint32_t a[N_ARGS];
};

struct script {
    struct config config;
    size_t n_steps;
    struct step steps[MAX_STEPS];
};

/* One entry of a log; bytes follow. */
struct entry_head {
    uint32_t step;
    uint32_t n_bytes;
    char name[24];
};

#define LOG_BYTES (48u << 20)
struct log {
    size_t n;
    bool is_full;
    uint32_t step;      /* that is being done */
    bool is_done;       /* the script ran to its end */
    bool is_closed;     /* odbcguard said HYC00: closed in this version */
    bool is_broken;     /* the arm could not be set up */
    char closed[160];   /* its text */
    char at[240];       /* the call that is being made */
    unsigned char bytes[LOG_BYTES];
};

enum dialect { PG, LITE };

/* What main() read from the command line. */
struct options {
    enum dialect dialect;
    const char *dsn, *plain_dsn; /* of both arms; of the real database, for filling and checking */
    const char *ini[2];          /* odbc.ini of the direct and of the guarded arm */
    const char *database;        /* SQLite: the file that both arms use */
    const char *template[2];     /* SQLite: what it is filled from */
    const char *reset[2];        /* PostgreSQL: the statement that fills it */
    const char *check;           /* the statement whose answer must be the same at the end */
    const char *library;         /* NULL: the driver manager; else a driver called directly */
    const char *guard_library;
    bool is_observed;            /* statements that the analysis refuses are in the pool too */
    bool is_masked;              /* only what a masked table serves is in the pool */
    const char *without;         /* names of operations that are left out, with commas */
    bool is_ansi_driver;         /* the real driver has no W functions */
};
extern struct options options;

struct arm {
    bool is_guarded;
    struct calls calls;
    SQLHENV env;
    SQLHDBC dbc;
    bool is_connected;
    bool is_manual;
    struct slot slots[N_SLOTS];
    struct slot *slot; /* the step's */
    SQLHDESC descs[N_DESCS];
    unsigned attached[N_DESCS]; /* a bit per slot and role */
    unsigned char *scratch; /* SCRATCH_BYTES between two borders */
    struct script *script;
    struct log *log;
    uint64_t random;
    SQLRETURN code;         /* of the step's call */
    SQLSMALLINT diag_type;  /* where its records are */
    SQLHANDLE diag_handle;
};

/* How often each entry point was called in each state, by the guarded arm. */
extern uint64_t (*coverage)[N_STATES];
void cover_print(uint64_t floor);
/* Returns: how many entry points were called less often than floor in a state where they are valid. */
unsigned cover_missing(uint64_t floor, bool is_shown);
unsigned cover_mask(enum entry entry); /* states where it is valid */

/* The call, counted. */
#define CALL(arm, name) \
    (coverage[E_##name][(arm)->slot ? (arm)->slot->state : ST_NONE] += (arm)->is_guarded, \
     (arm)->calls.name)
#define HAS(arm, name) ((arm)->calls.name != NULL)

/* log.c */
void log_bytes(struct arm *arm, const char *name, const void *bytes, size_t n);
void log_number(struct arm *arm, const char *name, int64_t number);
/* Writes down the runs of bytes that differ from the filling. */
void log_changes(struct arm *arm, const char *name, const unsigned char *bytes, size_t n);
/* The call about to be made, as text: for the report, compared too. */
void say(struct arm *arm, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));
/* A pointer that a call gave back, as something that is the same in both arms. */
void tame_pointer(struct arm *arm, SQLPOINTER *pointer);
void tame_text(struct arm *arm, bool is_wide_call, SQLINTEGER max);
void fill(unsigned char *bytes, size_t n);
/* Returns: whether the logs are equal; *step: where they part. show: writes the difference. */
bool log_compare(const struct log *one, const struct log *two, uint32_t *step, bool is_shown);

/* random.c */
uint64_t next_random(uint64_t *state);
static inline uint32_t pick(struct arm *arm, uint32_t n) { return (uint32_t)(next_random(&arm->random) % n); }

/* ops.c */
struct op {
    const char *name;
    void (*run)(struct arm *arm, const uint32_t *a);
    unsigned states; /* where it is valid; 0: needs no statement */
    unsigned weight;
    unsigned flags;
};
#define OP_KEEP 1u  /* the rows' memory is not filled again before: it is read */
extern const struct op ops[];
extern const size_t n_ops;
size_t op_find(const char *name);

/* arm.c: runs a script in a process of its own. n_wanted: steps to make; 0: repeat what is there.
 * Returns: 0, or the signal that ended it. */
int arm_run(struct script *script, struct log *log, bool is_guarded, uint64_t seed, size_t n_wanted);

/* texts.c: the statements. */
struct text {
    const char *sql;
    unsigned n_params;
    unsigned flags;
};
#define T_ROWS 1u
#define T_WRITE 2u
#define T_BAD 4u      /* answered with an error */
#define T_OBSERVED 8u /* the analysis refuses it: only under an observing policy */
#define T_NO_MASK 16u /* uses a masked column in a way that is refused */
#define T_LATE 32u    /* good for data at execution */
const struct text *text_pick(uint32_t number);
/* Fills in the numbers of a text ("%d"). */
void text_make(const struct text *text, uint32_t number, char *out, size_t max);
/* UTF-16 of UTF-8; returns units. */
size_t widen(const char *utf8, SQLWCHAR *out, size_t max_units);

/* Types of C variables, and which of them fit a cell. */
const struct ctype *ctype_pick(uint32_t number);
const struct ctype *ctype_find(SQLSMALLINT code);
/* With masks, whole characters: SQLite's driver writes half a one behind an odd end. */
SQLLEN whole_size(const struct ctype *type, SQLLEN n_bytes);
/* Writes a value of that type; returns its length or SQL_NTS. */
SQLLEN put_value(const struct ctype *type, uint32_t number, unsigned char *out);

/* What a slot's statement became after a call that runs it. */
void after_run(struct arm *arm, struct slot *slot, SQLRETURN code);
void read_records(struct arm *arm, SQLSMALLINT type, SQLHANDLE handle, const uint32_t *a);
/* After an expected success of allocating: a fresh slot. */
void slot_reset(struct slot *slot);
SQLRETURN connect_arm(struct arm *arm);
/* The implicit or attached descriptor of a slot. */
SQLHDESC desc_of(struct arm *arm, struct slot *slot, SQLINTEGER which);

#endif

/* SPDX-License-Identifier: MIT */
/* guard.h - the guard layer's own objects, shared by driver/guard_*.c and by nothing else.
 *
 * The guard stands between the entry layer (or a broker's worker) and the target. Its handles are
 * these structs; each carries the real driver's handle in `below`. What the guard does to a
 * statement is told by file name: guard_text (copy and escapes), guard_gate (facts, verdict,
 * intent, approval), guard_run (prepare and execute), guard_bind, guard_rows, guard_rowset,
 * guard_block, guard_fetch, guard_getdata, guard_setpos (rows), guard_desc, guard_meta (what columns
 * look like), guard_attr, guard_diag, guard_connect.
 * Threads: the entry layer holds the statement's lock round every call but SQLCancel; what the
 * statements of one connection share is under struct og_guard_dbc's lock. */
#ifndef OG_DRIVER_GUARD_H
#define OG_DRIVER_GUARD_H

#include <pthread.h>

#include "common/decide.h"
#include "common/limits.h"
#include "common/sql_lex.h"
#include "common/sqlite_analyse.h"
#include "driver/calls.h"
#include "driver/client.h"
#include "driver/conf.h"
#include "driver/guard_amend.h"
#include "driver/guard_clock.h"
#include "driver/guard_issued.h"
#include "driver/guard_opaque.h"
#include "driver/guard_measure.h"
#include "driver/guard_positioned.h"
#include "driver/guard_rehearse.h"
#include "driver/guard_rows.h"
#include "driver/guard_undo.h"
#include "driver/params.h"
#include "driver/pg_catalog.h"

enum og_guard_kind { OG_GUARD_ENV = 1, OG_GUARD_DBC, OG_GUARD_STMT, OG_GUARD_DESC };

/* What every guard handle begins with. */
struct og_guard_object {
    enum og_guard_kind kind;
    SQLHANDLE below;
    const struct og_calls *calls; /* the layer below's */
    struct og_diag diag;          /* our records of the last call */
    bool shows_below;             /* the layer below was called: its records follow ours */
};

struct og_guard_env {
    struct og_guard_object object;
};

struct og_guard_stmt;
struct og_guard_dbc;
struct og_guard_named;
struct og_guard_pin;
struct og_pg_session;

struct og_guard_desc {
    struct og_guard_object object;
    struct og_guard_dbc *dbc;
    struct og_guard_stmt *stmt; /* NULL: explicitly allocated */
    SQLINTEGER role;            /* SQL_ATTR_APP_ROW_DESC ... for implicit ones */
    /* Of an explicit one, by SQLBindCol of a statement: psqlODBC tells no fields of a descriptor
     * that was never copied to, and takes none. */
    struct og_bindings recorded;
};

struct og_cconv_cell;

struct og_guard_dbc {
    struct og_guard_object object;
    struct og_guard_env *env;
    struct og_layer target;
    struct og_calls calls; /* ours for this target: NULL where the target has nothing */
    const struct og_conf *conf;
    pthread_mutex_t lock; /* analysis, catalog, and for SQLite the compile that follows */
    pthread_rwlock_t turn; /* held while a statement runs; alone by one that is counted. Taken before
                            * lock */

    struct og_client *client;
    enum og_dialect dialect;
    bool is_connected;
    bool wants_broker; /* guardfs holds the target's credentials: connecting here is refused */
    bool is_wide; /* connected by a W function: some drivers then answer plain calls in UTF-16 too */
    bool has_plain_utf8; /* PostgreSQL: SQL_C_CHAR is UTF-8, whatever the locale */
    bool is_autocommit;
    bool is_in_transaction;    /* something ran since the transaction began, and it may hold locks */
    uint64_t n_transactions;   /* that have ended */
    bool is_explicit_transaction; /* begun by a statement's text */
    bool is_resolution_lost;   /* a setting changed what names mean and nobody followed it */
    bool has_open_ddl;         /* the open transaction changed the catalog */
    uint64_t catalog_version;  /* raised whenever facts may have become stale */
    int64_t catalog_checked_ms;
    struct og_issued issued; /* what masks have shown in this session */
    struct og_opaque opaque; /* what its handles stand for */
    uint64_t rowset_version; /* raised whenever a row descriptor may have changed; atomic */
    bool has_touched_masked; /* a statement here touched masked data: messages are reduced */

    /* SQLite */
    struct og_sqlite_api sqlite;
    struct og_sqlite_analyser *analyser;
    /* PostgreSQL */
    struct og_pg_catalog *catalog;
    struct og_pg_catalog *overlay; /* the open transaction's own view of it; NULL: none is needed */
    uint64_t n_overlays;
    bool has_conforming_strings;
    bool must_look; /* path or settings may have moved: guard_session.c asks before names matter */
    bool has_moved; /* they did in the open transaction, so that its end may move them back */
    bool is_path_plain, is_read_committed;
    bool fetches_cursors; /* FetchRefcursors: a procedure's answer names cursors that psqlODBC reads */
    bool rewrites_ones;   /* psqlODBC's MS Access mode: it sends another text than it is given */
    struct og_guard_pin *pins; /* masked columns as they were when the session began */
    bool has_lost_column;      /* one of them is another now, or gone */
    struct og_guard_named *named; /* prepared statements and cursors */
    size_t n_named;

    char (*undo_open)[13]; /* sets of the application's transaction, which has not ended */
    size_t n_undo_open, max_undo_open;
    struct og_undo_mark *undo_marks; /* its savepoints, newest first (guard_undo_open.c) */
    size_t n_undo_marks;

    struct og_undo_past *undo_past; /* PostgreSQL: what its open transaction has changed; or NULL */

    struct og_guard_stmt *statements;
    uint64_t n_verdicts; /* found so far, of all statements */
    uint8_t mask_key[OG_MASK_KEY_BYTES]; /* of this session alone: for tokens and values of a form */
    char *search_path_setting; /* "search_path=..." as the session had it when it began, for records; NULL
                                * where there is none */
    char *database;    /* for records */
};

/* What the guard knows of one result column of a statement that masks. */
struct og_guard_column {
    struct og_mask mask; /* kind NONE: clear */
    enum og_type_class type;
    SQLSMALLINT sql_type;
    bool is_unsigned;
    size_t max_chars; /* declared size of a text column; 0: none */
    uint64_t key;     /* og_issued_key of its first source */
};

/* The text of a statement in the form it came and as the analysis reads it. */
struct og_guard_text {
    char *utf8; /* NUL-terminated copy; what is analysed */
    size_t n_utf8;
    void *sent; /* what goes down: SQLCHAR or SQLWCHAR units, NUL-terminated with room behind */
    SQLINTEGER n_sent;
    bool is_wide;
    bool is_expanded; /* escapes were expanded: goes down with NOSCAN */
    bool is_unmask;   /* it was sent as `odbcguard unmask`: real values are asked for */
    /* Why it cannot be analysed (static texts), or NULL: a refusal that the verdict takes up, so
     * that it is recorded, and passes where policies only observe. */
    const char *refusal, *instead;
    size_t refusal_at; /* byte offset, or SIZE_MAX */
};

/* A verdict hangs on nothing but the policy set, the session and the facts, unless a rule looks at the time
 * or at a count of rows: a statement that is executed again is decided by what was found before. */
struct og_guard_kept {
    struct og_policy_set *set; /* its own reference; NULL: nothing is kept */
    const struct og_client_session *session;
    struct og_verdict verdict;
    struct og_arena_mark end; /* of what it hangs in, in verdict_arena */
    struct og_list matched, masked; /* as records say them */
};

enum og_guard_state {
    OG_STMT_EMPTY = 0,
    OG_STMT_PREPARED,
    OG_STMT_RUNNING, /* data at execution is still wanted */
    OG_STMT_OPEN     /* executed: rows may be fetched, outcome not yet recorded */
};

struct og_guard_stmt {
    struct og_guard_object object;
    struct og_guard_dbc *dbc;
    struct og_guard_stmt *next;
    enum og_guard_state state;
    bool is_prepared;
    const char *api; /* name of the ODBC function, for the ledger */

    struct og_guard_text text;
    struct og_arena facts_arena;
    struct og_lex lex;
    struct og_facts facts;
    uint64_t facts_version; /* dbc->catalog_version the facts were made at */
    bool has_facts;
    bool is_put_null; /* of the parameter that is sent now a piece said NULL */
    bool has_stamp;
    bool is_outdated; /* the catalog changed under a plain read: it runs again */
    unsigned n_looks; /* how often it did so */
    uint8_t stamp[32];
    struct og_arena verdict_arena;
    struct og_verdict verdict;
    struct og_guard_kept kept;
    struct og_list unmasked; /* columns whose real values this execution hands out, by a grant */
    uint64_t verdict_number; /* of the connection's verdicts: another whenever facts or masks may be */

    char id[13]; /* q-... of the execution that is going on */
    char grant[13];
    char policy_digest[65]; /* of the set that the verdict came from */
    struct timespec started;
    uint64_t transaction; /* dbc->n_transactions when it ran */
    bool is_recorded; /* an intent without an outcome yet */
    bool owes_count;  /* the outcome waits for the count of rows: asking would lose the records */
    bool has_followed; /* the session follows the statement already, its outcome is still to come */
    uint64_t n_rows, n_bytes, n_masked_cells;

    struct og_guard_measure measure;
    struct og_guard_rehearsal rehearsal;
    struct og_guard_undo undo;
    struct og_guard_amend amend;
    struct og_guard_clock clock;
    struct og_params params;
    struct og_swapped *swapped; /* parameters whose handles have given way to their values */
    struct og_guard_desc descriptors[4]; /* implicit: ARD, APD, IRD, IPD */
    volatile bool is_cancelled;
    volatile bool reads_on; /* SQLCancel came between calls: the real driver's result may run on behind it */

    struct og_guard_column *columns; /* n_columns, in verdict_arena: the plan of the open result */
    size_t n_columns;
    struct og_guard_rows rows;
    SQLULEN *rows_fetched;   /* the application's */
    SQLULEN n_below_fetched; /* the layer below counts here */
    SQLULEN query_timeout_s;
    SQLULEN noscan;
    struct og_positioned *positioned; /* a write by SQLSetPos that wants data; or NULL */
    /* Descriptors that the application allocated and attached; NULL: the implicit one. */
    struct og_guard_desc *explicit_ard, *explicit_apd;
};

/* A statement's own part, without a place among the connection's. */
void og_guard_stmt_init(struct og_guard_stmt *stmt, struct og_guard_dbc *dbc, SQLHSTMT below);
void og_guard_stmt_release(struct og_guard_stmt *stmt);

/* Ends what another thread runs with the statement in the real driver. From any thread. */
SQLRETURN og_guard_interrupt_below(struct og_guard_stmt *stmt);
/* A moment, before an asynchronous call is made again: the guard has to be there when it ends, so it
 * waits for it; SQLCancel goes past it. Returns true. */
bool og_guard_pause(void);

/* Clears our records at the start of a call. */
void og_guard_enter(struct og_guard_object *object);
/* Notes that the layer below was called, reduces its records where they could carry a masked
 * value, and returns the code to hand up. */
SQLRETURN og_guard_below(struct og_guard_stmt *stmt, SQLRETURN code);
/* Takes the layer below's records of its last call over into ours (reduced where they could carry a
 * masked value): for calls of our own between which the records would be lost. */
void og_guard_absorb(struct og_guard_stmt *stmt);
/* The SQLSTATE of what failed, without a trace: SQLite ODBC hands each record out once, but a field of
 * it as often as one likes; psqlODBC splits texts by the first reader's buffer, so that has to be as
 * large as the driver manager's own. */
void og_guard_sqlstate(const struct og_guard_stmt *stmt, char sqlstate[static 6]);
/* As og_guard_below, for calls on a connection. */
SQLRETURN og_guard_below_dbc(struct og_guard_dbc *dbc, SQLRETURN code);

/* guard_text.c: takes a copy of the application's text. Returns SQL_SUCCESS or SQL_ERROR with a
 * record. n_units: characters of the form, or SQL_NTS. */
SQLRETURN og_guard_text_take(struct og_guard_stmt *stmt, const void *text, SQLINTEGER n_units,
                             bool is_wide);
/* Splits stmt->text.utf8 into stmt->lex (in facts_arena). */
SQLRETURN og_guard_text_split(struct og_guard_stmt *stmt);
void og_guard_text_release(struct og_guard_text *text);
/* The bytes that the ledger's digest speaks of: the analysed text, or what goes down where that
 * is no text. Borrowed. */
const void *og_guard_text_bytes(const struct og_guard_text *text, size_t *n_bytes);

/* guard_verdict.c: stmt->verdict from the facts, or as it was found for the same ones before.
 * Returns: 0; -ENOMEM. */
OG_MUST int og_verdict_find(struct og_guard_stmt *stmt, const struct og_client_session *session,
                            struct og_policy_set *set);
/* What was found for the statement's facts no longer counts: they change, or the statement goes. */
void og_verdict_forget(struct og_guard_stmt *stmt);
/* The same, and gives up the memory that the verdict hangs in. */
void og_verdict_drop(struct og_guard_stmt *stmt);
/* Limits hold for catalog functions too, which have no facts. */
void og_verdict_limit_catalog(struct og_guard_stmt *stmt, const struct og_client_session *session,
                              const struct og_policy_set *set);
/* The mask of one base column for who acts. Returns false where it is clear; what cannot be told is
 * hidden. */
bool og_verdict_column_mask(struct og_guard_stmt *stmt, const char *schema, const char *table,
                            const char *column, struct og_mask *out);
/* Whether the requester may read every table of measured. */
bool og_verdict_may_read(struct og_guard_stmt *stmt, const struct og_measured *measured);
/* Whether policies say that a function changes nothing outside the transaction. */
bool og_verdict_may_rehearse(struct og_guard_stmt *stmt, const char *schema, const char *name);
/* Whether rules ask for more, or forbid it, where so many rows change instead of the granted ones. */
bool og_verdict_asks_more(struct og_guard_stmt *stmt, uint64_t granted, uint64_t now);

/* guard_unmask.c: of a text that begins with `odbcguard unmask` only the SELECT behind it stays. Returns:
 * SQL_SUCCESS, also with a refusal in the text; SQL_ERROR with a record. */
SQLRETURN og_unmask_take(struct og_guard_stmt *stmt);
/* A grant is there: the masks that it is for are not applied to this execution. */
void og_unmask_open(struct og_guard_stmt *stmt);
/* In a test build: as if everybody were granted what they ask for. */
void og_unmask_fault(struct og_guard_stmt *stmt);
/* guard_text.c: another text in the place of the one that was taken; its tokens are made anew. */
SQLRETURN og_guard_text_replace(struct og_guard_stmt *stmt, const struct og_buf *text);
/* The text is not understood: what (static) and what to write instead. Returns: SQL_SUCCESS. */
SQLRETURN og_guard_text_refuse(struct og_guard_stmt *stmt, const char *what, size_t position,
                               const char *instead);

/* guard_gate.c */
SQLRETURN og_gate_judge(struct og_guard_stmt *stmt);
SQLRETURN og_gate_pass(struct og_guard_stmt *stmt);
SQLRETURN og_gate_pass_catalog(struct og_guard_stmt *stmt, const char *api);
void og_gate_finish(struct og_guard_stmt *stmt, SQLRETURN code);
/* A write that succeeded with records of the driver's: they are gone once the driver is asked for the
 * count of rows (psqlODBC), so the outcome waits for the statement's next call. */
void og_gate_owe(struct og_guard_stmt *stmt);
/* Records an outcome that waited, before the layer below forgets the count. */
void og_gate_settle(struct og_guard_stmt *stmt);

/* A result that SQLite's driver reads row by row runs on behind SQLCancel until the statement is given
 * another text, which it is about to be; the engine answers "interrupted" meanwhile. Gives it one. Returns
 * whether that was so, and the engine may be asked again. */
bool og_gate_stop_reading(struct og_guard_stmt *stmt, int engine_code);
/* Whether the very same is asked or granted already. */
SQLRETURN og_gate_find(struct og_guard_stmt *stmt, bool *out_is_found);
/* Records that a rehearsal begins; og_gate_finish records how it ended. */
SQLRETURN og_gate_pass_rehearsal(struct og_guard_stmt *stmt);
/* Refuses what was decided to be allowed, for a reason of the guard's own, and records that. */
SQLRETURN og_gate_refuse(struct og_guard_stmt *stmt, const char *rule, const char *reason);

/* guard_run.c: what the real driver compiles from here to og_run_permitted may touch only what the
 * facts list (SQLite; a lock is held between the two). */
SQLRETURN og_run_permit(struct og_guard_stmt *stmt);
/* Takes a text and has the real driver prepare it. */
SQLRETURN og_run_prepare(struct og_guard_stmt *stmt, const void *text, SQLINTEGER n_units,
                         bool is_wide);
void og_run_permitted(struct og_guard_stmt *stmt);

/* guard_required.c: columns that policies mask by name. */
SQLRETURN og_guard_required_check(struct og_guard_dbc *dbc);
/* Whether they still are what they were. */
bool og_guard_required_holds(struct og_guard_dbc *dbc);
void og_guard_required_release(struct og_guard_dbc *dbc);

/* guard_session.c: what only this session knows. Callers hold dbc->lock. */
#define OG_GUARD_SESSION_COLUMNS 5
extern const char og_guard_session_query[];
/* Splits the query's first column in place. */
size_t og_guard_session_split(char *text, const char **out, size_t max);
SQLRETURN og_guard_session_look(struct og_guard_stmt *stmt);
/* Returns: 0; -1 when memory ran out. */
int og_guard_session_describe(struct og_guard_dbc *dbc, struct og_arena *arena,
                              struct og_pg_session *out);
/* The catalog in which names are looked up now. */
struct og_pg_catalog *og_guard_session_catalog(struct og_guard_dbc *dbc);
void og_guard_session_follow(struct og_guard_stmt *stmt, bool is_success);
void og_guard_session_ended(struct og_guard_dbc *dbc);
/* Before the real driver disconnects, which frees every statement of the connection. */
void og_guard_session_leave(struct og_guard_dbc *dbc);
void og_guard_session_release(struct og_guard_dbc *dbc);
/* guard_connect.c: one row of texts from a query on the application's own connection. */
SQLRETURN og_guard_query_row(struct og_guard_dbc *dbc, const char *sql, char (*out)[1024],
                             size_t n_columns);

/* guard_record.c: messages for guardfs from facts and verdict; everything hangs in the arena. */
/* "public.customers.email": the masked columns of the result. */
struct og_list og_record_unmasked(const struct og_guard_stmt *stmt, struct og_arena *arena);
/* Makes what records say of a fresh verdict, for as long as it is kept. */
void og_record_keep(struct og_guard_stmt *stmt);
void og_record_intent(struct og_guard_stmt *stmt, struct og_arena *arena, bool is_denied,
                      struct og_msg_intent *out);
/* Masked columns that the statement writes, each behind prefix. */
struct og_list og_record_masked_writes(const struct og_guard_stmt *stmt, struct og_arena *arena,
                                       const char *prefix);
int og_record_request(struct og_guard_stmt *stmt, struct og_arena *arena,
                      struct og_msg_request *out);
/* is_shape: of the statement without its parameters. */
int og_record_binding(struct og_guard_stmt *stmt, bool is_shape, uint8_t out[32]);

/* Whether the driver names that table and column as the base of a result column. */
bool og_rows_is_base(struct og_guard_stmt *stmt, SQLUSMALLINT number, const char *table,
                     const char *column);
/* guard_rows.c: lays the plan on the result that is open now. */
SQLRETURN og_rows_open(struct og_guard_stmt *stmt);
/* The current row is gone. */
void og_rows_close(struct og_guard_stmt *stmt);
/* Whether rows may be read: a plan that masks must lie on the result. */
SQLRETURN og_rows_check(struct og_guard_stmt *stmt);
/* Closes a result whose plan is about to be forgotten. */
void og_cursor_drop(struct og_guard_stmt *stmt);
void og_bindings_clear(struct og_guard_stmt *stmt);

/* guard_desc.c: the statement's descriptor of that attribute; attaches one (NULL: the implicit one
 * again); frees an explicit one. */
SQLRETURN og_desc_get(struct og_guard_stmt *stmt, SQLINTEGER attribute, SQLPOINTER value);
SQLRETURN og_desc_attach(struct og_guard_stmt *stmt, __typeof__(SQLSetStmtAttr) *below,
                         SQLINTEGER attribute, struct og_guard_desc *desc);
SQLRETURN og_desc_free(struct og_guard_desc *desc);
/* guard_meta.c: whether a mask turns the column into NULL. */
bool og_meta_becomes_null(const struct og_guard_stmt *stmt, SQLUSMALLINT column);
/* A text that the real driver tells of a result column, as UTF-8; "" where it tells none. */
void og_meta_text(struct og_guard_stmt *stmt, SQLUSMALLINT number, SQLUSMALLINT field,
                  char out[static 256]);

/* guard_value.c: one masked value of the current row, whole. */
SQLRETURN og_value_read(struct og_guard_stmt *stmt, SQLUSMALLINT column, struct og_buf *out,
                        bool *out_is_null);
/* Masks one value that is not NULL, as it came from the driver. */
SQLRETURN og_value_mask(struct og_guard_stmt *stmt, SQLUSMALLINT column, const void *raw,
                        size_t n_bytes, bool is_wide, struct og_buf *out, bool *out_is_null);
/* Whether the real driver could give a clear value as that C type; adds a record where not. */
bool og_value_fits(struct og_guard_stmt *stmt, const struct og_cconv_cell *cell);
/* SQLite's driver says nothing of a NULL without an indicator: then *unread takes it. Before
 * og_value_blank. */
void og_value_quiet(const struct og_guard_stmt *stmt, struct og_cconv_cell *cell, SQLLEN *unread);
/* og_cconv_put with the records of the statement, but that SQLite's driver tells the length to a cell
 * without room without a word about what was cut. */
SQLRETURN og_value_put(struct og_guard_stmt *stmt, const char *text, size_t n_bytes,
                       struct og_cconv_cell *cell, size_t *offset);
/* SQLite's driver empties the buffer of what is NULL and of an empty last piece (is_empty), and clears
 * the room behind a text. */
void og_value_blank(const struct og_guard_stmt *stmt, const struct og_cconv_cell *cell,
                    bool is_empty);
/* Whether values are read as UTF-16. */
bool og_value_is_wide(const struct og_guard_stmt *stmt);

/* guard_catalog.c, guard_session.c ... fill their part of a connection's call table. */
void og_guard_install_bind(struct og_calls *calls);
void og_guard_install_param(struct og_calls *calls);
void og_guard_install_run(struct og_calls *calls);
void og_guard_install_fetch(struct og_calls *calls);
void og_guard_install_getdata(struct og_calls *calls);
void og_guard_install_setpos(struct og_calls *calls);
void og_guard_install_undo(struct og_calls *calls);
void og_guard_install_meta(struct og_calls *calls);
void og_guard_install_attr(struct og_calls *calls);
void og_guard_install_desc(struct og_calls *calls);
void og_guard_install_diag(struct og_calls *calls);
void og_guard_install_connect(struct og_calls *calls);
void og_guard_install_lists(struct og_calls *calls);

/* Tells the application's counter of fetched rows, where the driver counted. */
void og_rows_tell_count(const struct og_guard_stmt *stmt);

#endif

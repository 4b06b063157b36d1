/* SPDX-License-Identifier: MIT */
/* sqlite_analyse.h - SQLite SQL text -> facts, by the engine's own compiled program on a shadow of
 * the schema and its authorizer; and the live authorizer for the driver's own handle.
 * Is not: PostgreSQL's (pg_analyse.h). Knows no ODBC: the caller gives the engine's functions and
 * an open sqlite3 handle.
 * Source: docs/analysis-sqlite.md; https://sqlite.org/opcode.html, https://sqlite.org/c3ref. */
#ifndef OG_COMMON_SQLITE_ANALYSE_H
#define OG_COMMON_SQLITE_ANALYSE_H

#include <sqlite3.h>

#include "common/buf.h"
#include "common/facts.h"

/* The engine's functions, taken from the very library that the wrapped driver uses (a second copy
 * of SQLite in the process would see other handles). sqlite_api.tbl.h lists them. */
struct og_sqlite_api {
#define SQLITE_CALL(name) __typeof__(name) *name;
#include "common/sqlite_api.tbl.h"
#undef SQLITE_CALL
};

/* Fills api through lookup (dlsym with the driver's handle, or a table of this process).
 * Returns: 0; -ENOSYS when a function is missing. */
OG_MUST int og_sqlite_api_load(struct og_sqlite_api *api,
                               void *(*lookup)(void *context, const char *name), void *context);
/* The functions of the library this program itself is linked with (guardfs, guardctl, tests). */
OG_MUST int og_sqlite_api_own(struct og_sqlite_api *api);

struct og_sqlite_analyser;

/* Start-up self-check: version vouched for, every opcode known, a corpus of statements with known
 * lineage gives it. Cached per process by the engine's source id.
 * why: what to do when it fails. Returns: 0; -ENOTSUP. */
OG_MUST int og_sqlite_self_check(const struct og_sqlite_api *api, struct og_buf *why);

/* An analyser over one handle (the driver's own, or an in-memory database with a schema). Takes
 * nothing over; the handle must outlive it. Sets the handle's authorizer, limits and switches as
 * docs/analysis-sqlite.md lists them (ATTACH, load_extension, file functions, double-quoted strings
 * closed).
 * Returns: 0; < 0. */
OG_MUST int og_sqlite_analyser_new(const struct og_sqlite_api *api, sqlite3 *db,
                                   struct og_sqlite_analyser **out);
struct og_sqlite_analyser *og_sqlite_analyser_free(struct og_sqlite_analyser *analyser);
/* The same where the handle is closed already. */
struct og_sqlite_analyser *og_sqlite_analyser_drop(struct og_sqlite_analyser *analyser);

/* Analyses one statement. As og_pg_analyse. Works while the application steps its own statements
 * on the handle, inside its transaction and with its uncommitted and temporary tables; leaves no
 * trace in changes(), the transaction or the error state. */
OG_MUST int og_sqlite_analyse(struct og_sqlite_analyser *analyser, const char *sql,
                              size_t n_bytes, struct og_facts *facts);

/* The live authorizer on the handle: what the driver prepares from now on may only read the tables
 * and columns and run the functions that facts list; NULL facts: nothing at all. Statements that
 * are already prepared are expired, so that they pass it too at their next step. Call before each
 * SQLPrepare, SQLExecDirect and SQLExecute of the driver, and again with the driver's own catalog
 * statements admitted (og_sqlite_permit_catalog) around catalog functions.
 * Returns: 0; -ESTALE when the schema is another one than facts were told from (nothing is
 * admitted: analyse again); the engine's code (> 0) when the schema cannot be read now; < 0. */
/* masked: one per column of the facts; a masked column that the facts name but give no use or source
 * reads as NULL, any other as it is. NULL: all are taken as masked. */
OG_MUST int og_sqlite_permit(struct og_sqlite_analyser *analyser, const struct og_facts *facts,
                             const bool *masked);
/* The same for an execution that may be one of many. token, not 0: stands for the statement, its facts and
 * masks together. Where it was permitted last, what the engine compiled under it stays compiled: the
 * schema is the one of then, or the answer is -ESTALE. */
OG_MUST int og_sqlite_permit_again(struct og_sqlite_analyser *analyser, const struct og_facts *facts,
                                   const bool *masked, uint64_t token);
/* Leaves nothing prepared on the live handle: it can be closed. */
void og_sqlite_analyser_rest(struct og_sqlite_analyser *analyser);
OG_MUST int og_sqlite_permit_catalog(struct og_sqlite_analyser *analyser);
/* For a policy that only observes, when a statement was not understood: everything but ATTACH,
 * load_extension, functions that reach files and virtual tables' making. */
OG_MUST int og_sqlite_permit_all(struct og_sqlite_analyser *analyser);
/* Only BEGIN, COMMIT, ROLLBACK and savepoints, which the driver itself sends when a transaction
 * starts or ends. */
OG_MUST int og_sqlite_permit_transaction(struct og_sqlite_analyser *analyser);
/* For counting a write on the live handle (sqlite_measure.c): rows changed since it was opened, by
 * triggers and foreign keys too; one savepoint of our own, which is a transaction where none is open.
 * KEEP and BACK end it; WHOLE takes back the transaction that it is, so that nothing is written (BACK would
 * commit the same pages again). Returns: 0; -EBUSY, -EIO: it is still open. */
enum og_savepoint { OG_SAVEPOINT_SET, OG_SAVEPOINT_KEEP, OG_SAVEPOINT_BACK, OG_SAVEPOINT_WHOLE };
bool og_sqlite_is_in_transaction(struct og_sqlite_analyser *analyser);
/* What last_insert_rowid() answers on the handle: no transaction takes it back. */
int64_t og_sqlite_last_row(struct og_sqlite_analyser *analyser);
void og_sqlite_set_last_row(struct og_sqlite_analyser *analyser, int64_t row);
uint64_t og_sqlite_total_changes(struct og_sqlite_analyser *analyser);
/* Whether the open transaction has rows whose foreign key is checked at its end and would fail. */
bool og_sqlite_has_broken_keys(struct og_sqlite_analyser *analyser);
/* The one number that a query of ours answers. Returns: 0; -EIO. */
OG_MUST int og_sqlite_number(struct og_sqlite_analyser *analyser, const char *sql, uint64_t *out);
OG_MUST int og_sqlite_savepoint(struct og_sqlite_analyser *analyser, enum og_savepoint how);
/* One that sees every row before it changes on the live handle, by whatever changes it: triggers,
 * foreign keys and REPLACE too. Not told: rows of virtual tables (those of the tables that keep them
 * are) and of the engine's own tables. op: SQLITE_INSERT, SQLITE_UPDATE, SQLITE_DELETE. The values can
 * be asked for with sqlite3_preupdate_old and its like while it is told.
 * The struct is the caller's and stays where it is until it is removed. */
struct og_sqlite_watch {
    void (*changed)(void *context, sqlite3 *db, int op, const char *schema, const char *table,
                    sqlite3_int64 before, sqlite3_int64 after);
    void *context;
    struct og_sqlite_watch *next;
};
/* Returns: 0; -ENOTSUP: the engine was built without the hook. */
OG_MUST int og_sqlite_watch_add(struct og_sqlite_analyser *analyser, struct og_sqlite_watch *watch);
void og_sqlite_watch_remove(struct og_sqlite_analyser *analyser, struct og_sqlite_watch *watch);
/* What runs on the handle ends with SQLITE_INTERRUPT. From any thread. */
void og_sqlite_interrupt(struct og_sqlite_analyser *analyser);
/* The handle's last error: SQLITE_BUSY, ... */
int og_sqlite_error_code(struct og_sqlite_analyser *analyser);
/* The text of the handle's last error; holds no values where RELEASE failed. */
void og_sqlite_error(struct og_sqlite_analyser *analyser, char *out, size_t max_bytes);

/* Whether the text last compiled on the handle is byte for byte this one. */
bool og_sqlite_compiled_is(struct og_sqlite_analyser *analyser, const char *sql, size_t n_bytes);
/* Whether the column exists (case as SQLite folds it). schema NULL: main, then temp. */
bool og_sqlite_has_column(struct og_sqlite_analyser *analyser, const char *schema,
                          const char *table, const char *column);

#endif

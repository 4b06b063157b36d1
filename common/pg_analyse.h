/* SPDX-License-Identifier: MIT */
/* pg_analyse.h - PostgreSQL SQL text -> facts, by libpg_query's raw tree and our own resolver over
 * a catalog. Is not: SQLite's (sqlite_analyse.h). No network, no ODBC.
 * Every node type is either understood or refused by name; walking keeps an explicit stack or a
 * depth limit (limits.h), and parsing runs on the module's own thread (the library leaks a thread
 * key per parsing thread and has no stack limit: docs/decisions). Threads: any; calls serialise on
 * the parser thread. After fork the child starts a new one.
 * Source: docs/analysis-postgresql.md. */
#ifndef OG_COMMON_PG_ANALYSE_H
#define OG_COMMON_PG_ANALYSE_H

#include "common/buf.h"
#include "common/catalog.h"
#include "common/facts.h"

/* A name that the session gave to a statement: PREPARE or DECLARE. Everything is borrowed. */
struct og_pg_named {
    const char *name;
    const char *sql; /* the whole PREPARE or DECLARE statement */
    bool is_cursor;
    bool is_stale; /* a cursor whose names may mean something else by now: FETCH is refused */
};

struct og_pg_session {
    bool standard_conforming_strings; /* as the session has it */
    const struct og_pg_named *named;
    size_t n_named;
    const struct og_lex *lex; /* the text's tokens, split as the session has it; NULL: it is split here */
};

/* Analyses one execution's text (? markers allowed; one statement: a batch is refused).
 * facts: initialised by the caller with dialect POSTGRESQL; filled. Text that is not understood
 *   sets facts->refusal and still returns 0.
 * Returns: 0; < 0 when memory, the parser thread or the catalog failed (the caller refuses). */
OG_MUST int og_pg_analyse(const char *sql, size_t n_bytes, const struct og_pg_session *session,
                          struct og_catalog *catalog, struct og_facts *facts);

/* ctid, xmin and the like: the server's own columns of every table, which hold no data. */
bool og_pg_is_system_column(const char *name);

/* Start-up self-check of the parser (tree layout against the headers this was built with).
 * Returns: 0; -ENOTSUP when the installed parser does not fit: no PostgreSQL target is served. */
OG_MUST int og_pg_self_check(void);

/* A catalog from a file of DDL (CREATE TABLE, VIEW, SCHEMA, SEQUENCE, FUNCTION, ...), for policy
 * tests and guardctl explain without a server. Built-in functions are the allowlist's.
 * messages: what could not be read, a line each. Returns: 0; 1 when the text is not usable;
 * -ENOMEM. */
OG_MUST int og_pg_schema_parse(const char *sql, size_t n_bytes, struct og_buf *messages,
                               struct og_catalog **out);
struct og_catalog *og_pg_schema_free(struct og_catalog *catalog);

#endif

/* SPDX-License-Identifier: MIT */
#include "fusefs/ctl_engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "common/limits.h"
#include "common/pg_analyse.h"
#include "common/sqlite_analyse.h"

struct og_ctl_engine {
    enum og_dialect dialect;
    /* PostgreSQL */
    struct og_catalog *catalog;
    /* SQLite */
    struct og_sqlite_api api;
    sqlite3 *db;
    struct og_sqlite_analyser *analyser;
};

static struct og_ctl_engine *engine_new(enum og_dialect dialect)
{
    struct og_ctl_engine *engine = calloc(1, sizeof(*engine));

    if (engine)
        engine->dialect = dialect;
    return engine;
}

struct og_ctl_engine *og_ctl_engine_free(struct og_ctl_engine *engine)
{
    if (!engine)
        return NULL;
    (void)og_sqlite_analyser_free(engine->analyser);
    if (engine->db)
        (void)sqlite3_close(engine->db);
    (void)og_pg_schema_free(engine->catalog);
    free(engine);
    return NULL;
}

/* The analyser over an open handle, after the engine proved that it is understood. */
static int attach_analyser(const struct og_ctl_call *call, struct og_ctl_engine *engine)
{
    struct og_buf why;
    int r = og_sqlite_api_own(&engine->api);

    og_buf_init(&why, OG_MAX_FIELD_BYTES);
    if (r == 0)
        r = og_sqlite_self_check(&engine->api, &why);
    if (r == 0)
        r = og_sqlite_analyser_new(&engine->api, engine->db, &engine->analyser);
    if (r)
        r = og_ctl_fail(call, *og_buf_str(&why) ? og_buf_str(&why) : NULL,
                        "this SQLite (%s) cannot be analysed", sqlite3_libversion());
    og_buf_release(&why);
    return r;
}

static int open_sqlite(const struct og_ctl_call *call, struct og_ctl_engine *engine,
                       const char *path, int flags)
{
    if (sqlite3_open_v2(path, &engine->db, flags, NULL) == SQLITE_OK &&
        sqlite3_exec(engine->db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) ==
            SQLITE_OK)
        return OG_CTL_OK;
    return og_ctl_fail(call, "is it a SQLite database, and may you read it?",
                       "%s cannot be opened: %s", path,
                       engine->db ? sqlite3_errmsg(engine->db) : "no memory");
}

static int load_sqlite_schema(const struct og_ctl_call *call, struct og_ctl_engine *engine,
                              const char *path, const char *sql)
{
    char *message = NULL;
    int r = open_sqlite(call, engine, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

    if (r == OG_CTL_OK && sqlite3_exec(engine->db, sql, NULL, NULL, &message) != SQLITE_OK)
        r = og_ctl_fail(call, "the file must hold DDL for SQLite", "%s: %s", path,
                        message ? message : "not understood");
    sqlite3_free(message);
    return r == OG_CTL_OK ? attach_analyser(call, engine) : r;
}

static int load_pg_schema(const struct og_ctl_call *call, struct og_ctl_engine *engine,
                          const char *path, const char *sql, size_t n_bytes)
{
    struct og_buf messages;
    int r;

    if (og_pg_self_check())
        return og_ctl_fail(call, NULL, "the installed libpg_query does not fit this build");
    og_buf_init(&messages, OG_MAX_POLICY_SET_BYTES);
    r = og_pg_schema_parse(sql, n_bytes, &messages, &engine->catalog);
    if (*og_buf_str(&messages))
        fprintf(stderr, "%s", og_buf_str(&messages));
    og_buf_release(&messages);
    if (r)
        return og_ctl_fail(call, "the file must hold DDL, as pg_dump --schema-only writes it",
                           "%s cannot be read as a PostgreSQL schema", path);
    return OG_CTL_OK;
}

int og_ctl_engine_from_schema(const struct og_ctl_call *call, const char *path,
                              enum og_dialect dialect, struct og_ctl_engine **out)
{
    struct og_ctl_engine *engine;
    char *sql;
    size_t n_bytes;
    int r = og_ctl_read_file(path, OG_MAX_POLICY_SET_BYTES, &sql, &n_bytes);

    if (r)
        return og_ctl_fail(call, NULL, "%s: %s", path, strerror(-r));
    engine = engine_new(dialect);
    if (!engine)
        r = og_ctl_fail(call, NULL, "no memory");
    else if (dialect == OG_DIALECT_SQLITE)
        r = load_sqlite_schema(call, engine, path, sql);
    else
        r = load_pg_schema(call, engine, path, sql, n_bytes);
    free(sql);
    if (r != OG_CTL_OK) {
        (void)og_ctl_engine_free(engine);
        return r;
    }
    *out = engine;
    return OG_CTL_OK;
}

int og_ctl_engine_from_sqlite(const struct og_ctl_call *call, const char *path,
                              struct og_ctl_engine **out)
{
    struct og_ctl_engine *engine = engine_new(OG_DIALECT_SQLITE);
    int r;

    if (!engine)
        return og_ctl_fail(call, NULL, "no memory");
    r = open_sqlite(call, engine, path, SQLITE_OPEN_READONLY);
    if (r == OG_CTL_OK)
        r = attach_analyser(call, engine);
    if (r != OG_CTL_OK) {
        (void)og_ctl_engine_free(engine);
        return r;
    }
    *out = engine;
    return OG_CTL_OK;
}

enum og_dialect og_ctl_engine_dialect(const struct og_ctl_engine *engine)
{
    return engine->dialect;
}

int og_ctl_engine_analyse(struct og_ctl_engine *engine, const char *sql, struct og_facts *facts)
{
    static const struct og_pg_session session = {.standard_conforming_strings = true};

    if (engine->dialect == OG_DIALECT_SQLITE)
        return og_sqlite_analyse(engine->analyser, sql, strlen(sql), facts);
    return og_pg_analyse(sql, strlen(sql), &session, engine->catalog, facts);
}

bool og_ctl_engine_has_column(struct og_ctl_engine *engine, const char *schema, const char *table,
                              const char *column)
{
    const struct og_relation *relation;

    if (engine->dialect == OG_DIALECT_SQLITE)
        return og_sqlite_has_column(engine->analyser, schema, table, column);
    if (engine->catalog->relation(engine->catalog, schema, table, &relation))
        return false;
    for (size_t i = 0; i < relation->n_columns; i++)
        if (strcmp(relation->columns[i].name, column) == 0)
            return true;
    return false;
}

int og_ctl_engine_each_column(struct og_ctl_engine *engine,
                              void (*visit)(void *context, const char *schema, const char *table,
                                            const char *column),
                              void *context)
{
    static const char sql[] = "SELECT m.name, c.name FROM main.sqlite_master AS m, "
                              "pragma_table_xinfo(m.name) AS c WHERE m.type IN ('table', 'view') "
                              "AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1, c.cid";
    sqlite3_stmt *statement = NULL;
    int rc;

    if (engine->dialect != OG_DIALECT_SQLITE)
        return -ENOTSUP;
    if (og_sqlite_permit_all(engine->analyser) != 0)
        return -EIO;
    rc = sqlite3_prepare_v2(engine->db, sql, -1, &statement, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        visit(context, "main", (const char *)sqlite3_column_text(statement, 0),
              (const char *)sqlite3_column_text(statement, 1));
        rc = SQLITE_OK;
    }
    (void)sqlite3_finalize(statement);
    if (og_sqlite_permit(engine->analyser, NULL, NULL) != 0)
        return -EIO;
    return rc == SQLITE_DONE ? 0 : -EIO;
}

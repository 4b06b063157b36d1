/* SPDX-License-Identifier: MIT */
/* A guarded connection's life: guardfs is asked first, then the real driver connects, then the
 * guard learns what it needs to judge statements there. Anything missing fails the connect. */
#include "config.h"

#include <odbcinst.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pg_analyse.h"
#include "driver/conf_target.h"
#include "driver/guard.h"
#include "driver/sqlite_target.h"
#include "driver/target.h"
#include "driver/wide.h"

static SQLRETURN fail(struct og_guard_dbc *dbc, enum og_err code, const char *text)
{
    og_diag_add(&dbc->object.diag, code, true, "%s", text);
    return SQL_ERROR;
}

/* ---- guardfs ---- */

/* A key of the target's own DSN section; "" where it has none. */
static const char *target_key(const struct og_conf *conf, const char *key, char out[static 512])
{
    out[0] = '\0';
    if (conf->target_dsn && conf->target_dsn[0])
        (void)SQLGetPrivateProfileString(conf->target_dsn, key, "", out, 512, "odbc.ini");
    return out;
}

static bool fetches_cursors(const struct og_conf *conf)
{
    char value[512];

    return strtol(target_key(conf, "FetchRefcursors", value), NULL, 10) != 0 ||
           og_conf_fetches_cursors(conf);
}

static const char *driver_file(const struct og_conf *conf)
{
    const char *slash = strrchr(conf->driver_path, '/');

    return slash ? slash + 1 : conf->driver_path;
}

/* By the driver's file name: only for the record until the connection tells for sure. */
static const char *guess_system(const struct og_conf *conf)
{
    if (strstr(driver_file(conf), "psqlodbc"))
        return "postgresql";
    if (strstr(driver_file(conf), "sqlite"))
        return "sqlite";
    return "other_sql";
}

static SQLRETURN open_session(struct og_guard_dbc *dbc)
{
    const struct og_conf *conf = dbc->conf;
    char database[512], server[512], server_name[512], port[512];
    char address[1100];
    struct og_client_error error = {0};
    struct og_msg_hello hello = {
        .version_min = OG_PROTO_VERSION_MIN,
        .version_max = OG_PROTO_VERSION,
        .product = "odbcguard " PACKAGE_VERSION,
        .placement = conf->is_broker ? "broker" : "inline",
        .target = conf->target_name,
        .dsn = conf->dsn,
        .db_system = guess_system(conf),
        .app = conf->app,
        .purpose = conf->purpose,
        .ticket = conf->ticket,
        .token = conf->token,
        .traceparent = conf->traceparent,
        .driver_name = driver_file(conf),
    };

    dbc->fetches_cursors = fetches_cursors(conf);
    hello.database = target_key(conf, "Database", database);
    (void)target_key(conf, "Servername", server_name);
    (void)target_key(conf, "Server", server);
    (void)target_key(conf, "Port", port);
    (void)snprintf(address, sizeof(address), "%s%s%s", server_name[0] ? server_name : server,
                   port[0] ? ":" : "", port);
    hello.server = address;
    if (og_client_open(conf->socket_path, &hello, &dbc->client, &error) < 0) {
        og_diag_add(&dbc->object.diag, error.code, true, "%s", error.text);
        dbc->wants_broker = error.use_broker;
        return SQL_ERROR;
    }
    return SQL_SUCCESS;
}

/* ---- what the target is ---- */

/* Name of the database's product; in the form that the connection was made in. */
static bool product_name(struct og_guard_dbc *dbc, char out[static 64])
{
    const struct og_calls *calls = dbc->object.calls;
    SQLWCHAR wide[64] = {0};
    SQLSMALLINT n;
    char *name;

    out[0] = '\0';
    if (!dbc->is_wide || !calls->SQLGetInfoW)
        return SQL_SUCCEEDED(calls->SQLGetInfo(dbc->object.below, SQL_DBMS_NAME, out, 64, &n));
    if (!SQL_SUCCEEDED(calls->SQLGetInfoW(dbc->object.below, SQL_DBMS_NAME, wide, sizeof(wide), &n)))
        return false;
    name = og_wide_to_utf8(wide, SQL_NTS);
    (void)snprintf(out, 64, "%s", name ? name : "");
    free(name);
    return true;
}

static enum og_dialect dialect_of(struct og_guard_dbc *dbc)
{
    char name[64];

    if (!product_name(dbc, name))
        return OG_DIALECT_NONE;
    if (strcmp(name, "PostgreSQL") == 0)
        return OG_DIALECT_POSTGRESQL;
    if (strncmp(name, "SQLite", 6) == 0)
        return OG_DIALECT_SQLITE;
    return OG_DIALECT_NONE;
}

static SQLRETURN set_up_sqlite(struct og_guard_dbc *dbc, sqlite3 *db, const char *why_not)
{
    struct og_buf why;
    SQLRETURN code = SQL_SUCCESS;

    if (!db) {
        og_diag_add(&dbc->object.diag, OG_ERR_CONFIG, true,
                    "[sqlite] the SQLite driver's own database handle could not be reached (%s): "
                    "use the SQLite ODBC driver that links libsqlite3 dynamically", why_not);
        return SQL_ERROR;
    }
    og_buf_init(&why, 2048);
    if (og_sqlite_target_check(&dbc->sqlite, &why) != 0) {
        og_diag_add(&dbc->object.diag, OG_ERR_CONFIG, true, "[sqlite] %s", og_buf_str(&why));
        code = SQL_ERROR;
    } else if (og_sqlite_analyser_new(&dbc->sqlite, db, &dbc->analyser) != 0) {
        code = fail(dbc, OG_ERR_CONFIG,
                    "[sqlite] the analysis could not be set up on this database: see "
                    "docs/analysis-sqlite.md");
    }
    og_buf_release(&why);
    return code;
}

/* One row of text columns from a query of ours on the application's own connection, before the
 * application has it. */
SQLRETURN og_guard_query_row(struct og_guard_dbc *dbc, const char *sql, char (*out)[1024],
                             size_t n_columns)
{
    const struct og_calls *calls = dbc->object.calls;
    SQLHSTMT stmt = NULL;
    SQLRETURN code = calls->SQLAllocHandle(SQL_HANDLE_STMT, dbc->object.below, &stmt);

    if (!SQL_SUCCEEDED(code))
        return SQL_ERROR;
    code = calls->SQLExecDirect(stmt, (SQLCHAR *)(uintptr_t)sql, SQL_NTS);
    if (SQL_SUCCEEDED(code))
        code = calls->SQLFetch(stmt);
    for (size_t i = 0; i < n_columns && SQL_SUCCEEDED(code); i++) {
        SQLLEN indicator = 0;

        code = calls->SQLGetData(stmt, (SQLUSMALLINT)(i + 1), SQL_C_CHAR, out[i],
                                 (SQLLEN)sizeof(out[i]), &indicator);
        if (code == SQL_SUCCESS_WITH_INFO || indicator < 0)
            code = SQL_ERROR; /* cut or NULL: not what was asked */
    }
    (void)calls->SQLFreeHandle(SQL_HANDLE_STMT, stmt);
    return SQL_SUCCEEDED(code) ? SQL_SUCCESS : SQL_ERROR;
}

#define MAX_SCHEMAS 64u

static SQLRETURN open_catalog(struct og_guard_dbc *dbc, char *schemas)
{
    const char *path[MAX_SCHEMAS];
    struct og_layer helper = {0};
    size_t n_path;
    SQLRETURN code = og_target_open(dbc->conf, SQL_OV_ODBC3, &dbc->object.diag, &helper);

    if (code != SQL_SUCCESS)
        return code;
    code = helper.calls->SQLDriverConnect(helper.dbc, NULL, (SQLCHAR *)dbc->conf->target_string,
                                          SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT);
    if (!SQL_SUCCEEDED(code)) {
        helper.close(&helper);
        return fail(dbc, OG_ERR_CONFIG,
                    "[catalog] the second connection that reads the catalog was refused by the "
                    "database: allow one more connection for this role");
    }
    if (og_pg_catalog_new(&helper, &dbc->object.diag, &dbc->catalog) != 0)
        return dbc->object.diag.n_records ? SQL_ERROR
                                          : fail(dbc, OG_ERR_CONFIG,
                                                 "[catalog] the catalog cannot be read");
    n_path = og_guard_session_split(schemas, path, OG_COUNT(path));
    if (og_pg_catalog_set_path(dbc->catalog, path, n_path) != 0)
        return fail(dbc, OG_ERR_CONFIG, "[catalog] the search path cannot be followed");
    return SQL_SUCCESS;
}

static SQLRETURN set_up_postgresql(struct og_guard_dbc *dbc)
{
    char row[OG_GUARD_SESSION_COLUMNS][1024], probe[1][1024];

    if (og_pg_self_check() != 0)
        return fail(dbc, OG_ERR_CONFIG,
                    "[parser] the installed libpg_query does not fit this build: install the "
                    "version it was built with, or rebuild");
    if (og_guard_query_row(dbc, og_guard_session_query, row, OG_COUNT(row)) != SQL_SUCCESS)
        return fail(dbc, OG_ERR_CONFIG, "[session] the session's settings could not be read");
    dbc->has_conforming_strings = strcmp(row[1], "on") == 0;
    if (strcmp(row[2], "UTF8") != 0)
        return fail(dbc, OG_ERR_CONFIG,
                    "[session] the client encoding is not UTF8: set it to UTF8 for this target");
    if (asprintf(&dbc->search_path_setting, "search_path=%s", row[3]) < 0)
        dbc->search_path_setting = NULL;
    /* psqlODBC converts SQL_C_CHAR to the locale's character set, as that was when it connected: where
     * that is UTF-8, values are read as they came from the server. */
    dbc->has_plain_utf8 =
        og_guard_query_row(dbc, "SELECT pg_catalog.chr(8364) || pg_catalog.chr(128512)", probe, 1) ==
            SQL_SUCCESS &&
        strcmp(probe[0], "\xe2\x82\xac\xf0\x9f\x98\x80") == 0;
    if (!dbc->is_autocommit)
        (void)dbc->object.calls->SQLEndTran(SQL_HANDLE_DBC, dbc->object.below, SQL_ROLLBACK);
    return open_catalog(dbc, row[0]);
}

/* ---- connecting ---- */

struct attempt {
    bool is_sqlite;
    bool is_armed;
};

static SQLRETURN before_connect(struct og_guard_dbc *dbc, struct attempt *attempt)
{
    void *library = og_target_library(&dbc->target);

    og_guard_enter(&dbc->object);
    if (open_session(dbc) != SQL_SUCCESS)
        return SQL_ERROR;
    attempt->is_sqlite = strcmp(guess_system(dbc->conf), "sqlite") == 0;
    if (attempt->is_sqlite && og_sqlite_target_load(library, &dbc->sqlite) == 0)
        attempt->is_armed = og_sqlite_capture_begin(library) == 0;
    return SQL_SUCCESS;
}

static void undo_connect(struct og_guard_dbc *dbc)
{
    dbc->analyser = og_sqlite_analyser_free(dbc->analyser);
    og_guard_session_release(dbc);
    og_guard_required_release(dbc);
    dbc->catalog = og_pg_catalog_free(dbc->catalog);
    og_undo_forget_open(dbc);
    dbc->client = og_client_close(dbc->client);
}

/* After the real driver answered: everything the guard needs, or no connection at all. */
static SQLRETURN after_connect(struct og_guard_dbc *dbc, const struct attempt *attempt,
                               SQLRETURN code)
{
    sqlite3 *db = attempt->is_armed ? og_sqlite_capture_end() : NULL;
    SQLRETURN set_up = SQL_SUCCESS;

    if (!SQL_SUCCEEDED(code)) {
        dbc->object.shows_below = true;
        og_client_note(dbc->client, "connect-failed", "the real driver refused");
        undo_connect(dbc);
        return code;
    }
    dbc->dialect = dialect_of(dbc);
    if (dbc->dialect == OG_DIALECT_SQLITE)
        set_up = set_up_sqlite(dbc, db, "none or several were opened");
    else if (dbc->dialect == OG_DIALECT_POSTGRESQL)
        set_up = set_up_postgresql(dbc);
    if (set_up == SQL_SUCCESS)
        set_up = og_guard_required_check(dbc);
    if (set_up != SQL_SUCCESS) {
        undo_connect(dbc);
        (void)dbc->object.calls->SQLDisconnect(dbc->object.below);
        return SQL_ERROR;
    }
    dbc->is_connected = true;
    dbc->object.shows_below = true;
    return code;
}

static SQLRETURN SQL_API guard_SQLConnect(SQLHDBC handle, SQLCHAR *dsn, SQLSMALLINT n_dsn,
                                          SQLCHAR *user, SQLSMALLINT n_user, SQLCHAR *password,
                                          SQLSMALLINT n_password)
{
    struct og_guard_dbc *dbc = handle;
    struct attempt attempt = {0};

    if (before_connect(dbc, &attempt) != SQL_SUCCESS)
        return SQL_ERROR;
    return after_connect(dbc, &attempt,
                         dbc->object.calls->SQLConnect(dbc->object.below, dsn, n_dsn, user, n_user,
                                                       password, n_password));
}

static SQLRETURN SQL_API guard_SQLConnectW(SQLHDBC handle, SQLWCHAR *dsn, SQLSMALLINT n_dsn,
                                           SQLWCHAR *user, SQLSMALLINT n_user, SQLWCHAR *password,
                                           SQLSMALLINT n_password)
{
    struct og_guard_dbc *dbc = handle;
    struct attempt attempt = {0};

    dbc->is_wide = true;
    if (before_connect(dbc, &attempt) != SQL_SUCCESS)
        return SQL_ERROR;
    return after_connect(dbc, &attempt,
                         dbc->object.calls->SQLConnectW(dbc->object.below, dsn, n_dsn, user, n_user,
                                                        password, n_password));
}

static SQLRETURN SQL_API guard_SQLDriverConnect(SQLHDBC handle, SQLHWND window, SQLCHAR *in,
                                                SQLSMALLINT n_in, SQLCHAR *out,
                                                SQLSMALLINT max_out, SQLSMALLINT *n_out,
                                                SQLUSMALLINT completion)
{
    struct og_guard_dbc *dbc = handle;
    struct attempt attempt = {0};

    if (before_connect(dbc, &attempt) != SQL_SUCCESS)
        return SQL_ERROR;
    return after_connect(dbc, &attempt,
                         dbc->object.calls->SQLDriverConnect(dbc->object.below, window, in, n_in,
                                                             out, max_out, n_out, completion));
}

static SQLRETURN SQL_API guard_SQLDriverConnectW(SQLHDBC handle, SQLHWND window, SQLWCHAR *in,
                                                 SQLSMALLINT n_in, SQLWCHAR *out,
                                                 SQLSMALLINT max_out, SQLSMALLINT *n_out,
                                                 SQLUSMALLINT completion)
{
    struct og_guard_dbc *dbc = handle;
    struct attempt attempt = {0};

    dbc->is_wide = true;
    if (before_connect(dbc, &attempt) != SQL_SUCCESS)
        return SQL_ERROR;
    return after_connect(dbc, &attempt,
                         dbc->object.calls->SQLDriverConnectW(dbc->object.below, window, in, n_in,
                                                              out, max_out, n_out, completion));
}

static SQLRETURN SQL_API guard_SQLDisconnect(SQLHDBC handle)
{
    struct og_guard_dbc *dbc = handle;
    SQLRETURN code;

    og_guard_enter(&dbc->object);
    for (struct og_guard_stmt *stmt = dbc->statements; stmt; stmt = stmt->next)
        og_gate_finish(stmt, SQL_SUCCESS);
    /* The real driver may refuse (an open transaction): then the connection lives on, guarded. */
    if (dbc->analyser && og_sqlite_permit_transaction(dbc->analyser) != 0)
        dbc->is_resolution_lost = true;
    og_guard_session_leave(dbc);
    og_sqlite_analyser_rest(dbc->analyser);
    code = og_guard_below_dbc(dbc, dbc->object.calls->SQLDisconnect(dbc->object.below));
    if (!SQL_SUCCEEDED(code))
        return code;
    dbc->analyser = og_sqlite_analyser_drop(dbc->analyser);
    undo_connect(dbc);
    dbc->is_connected = false;
    return code;
}

/* ---- transactions ---- */

static SQLRETURN ended(struct og_guard_dbc *dbc, SQLRETURN code, bool is_commit)
{
    if (SQL_SUCCEEDED(code)) {
        (void)pthread_mutex_lock(&dbc->lock);
        dbc->is_in_transaction = false;
        dbc->n_transactions++;
        dbc->is_explicit_transaction = false;
        dbc->has_open_ddl = false;
        dbc->catalog_version++;
        og_guard_session_ended(dbc);
        (void)pthread_mutex_unlock(&dbc->lock);
    }
    og_undo_ended(dbc, !SQL_SUCCEEDED(code) ? "unclear" : is_commit ? "committed" : "rolled-back");
    if (dbc->client)
        og_client_note(dbc->client, is_commit ? "commit" : "rollback",
                       SQL_SUCCEEDED(code) ? "" : "failed");
    return og_guard_below_dbc(dbc, code);
}

static SQLRETURN SQL_API guard_SQLEndTran(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT how)
{
    struct og_guard_dbc *dbc = handle;
    SQLRETURN code;

    og_guard_enter(&dbc->object);
    og_turn_take(dbc);
    if (dbc->dialect == OG_DIALECT_SQLITE && dbc->analyser) {
        (void)pthread_mutex_lock(&dbc->lock);
        if (og_sqlite_permit_transaction(dbc->analyser) == 0)
            code = dbc->object.calls->SQLEndTran(type, dbc->object.below, how);
        else
            code = SQL_ERROR;
        (void)pthread_mutex_unlock(&dbc->lock);
    } else {
        code = dbc->object.calls->SQLEndTran(type, dbc->object.below, how);
    }
    og_turn_give(dbc);
    return ended(dbc, code, how == SQL_COMMIT);
}

static SQLRETURN SQL_API guard_SQLTransact(SQLHENV env, SQLHDBC handle, SQLUSMALLINT how)
{
    struct og_guard_dbc *dbc = handle;

    (void)env;
    og_guard_enter(&dbc->object);
    return ended(dbc,
                 dbc->object.calls->SQLTransact(NULL, dbc->object.below, how),
                 how == SQL_COMMIT);
}

void og_guard_install_connect(struct og_calls *calls)
{
    calls->SQLConnect = guard_SQLConnect;
    calls->SQLConnectW = guard_SQLConnectW;
    calls->SQLDriverConnect = guard_SQLDriverConnect;
    calls->SQLDriverConnectW = guard_SQLDriverConnectW;
    calls->SQLDisconnect = guard_SQLDisconnect;
    calls->SQLEndTran = guard_SQLEndTran;
    calls->SQLTransact = guard_SQLTransact;
}

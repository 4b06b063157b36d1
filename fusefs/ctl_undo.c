/* SPDX-License-Identifier: MIT */
/* guardctl undo: takes an undo set back over a guarded DSN of the caller's. The driver does it; this only
 * connects, says which, and tells the answer. */
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <sql.h>
#include <sqlext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "fusefs/ctl.h"
#include "fusefs/ctl_link.h"

const struct og_ctl_option og_ctl_undo_options[] = {
    {"dsn", "NAME", "the guarded DSN to do it over (default: the one that the write came by)"},
    {"rows", "ROWS", "only these rows, by their numbers in undo.sql: 1,3-5"},
    {"check", NULL, "only look whether it can be taken back"},
    {"user", "NAME", "the database's user, where the DSN names none"},
    {.name = NULL},
};

/* The driver manager's functions, loaded when they are needed: guardctl runs without one. */
struct manager {
    void *library;
    __typeof__(SQLAllocHandle) *alloc;
    __typeof__(SQLSetEnvAttr) *set_env;
    __typeof__(SQLDriverConnect) *connect;
    __typeof__(SQLExecDirect) *exec;
    __typeof__(SQLGetDiagRec) *diag;
    __typeof__(SQLDisconnect) *disconnect;
    __typeof__(SQLFreeHandle) *release;
};

static bool load(struct manager *out)
{
    const struct {
        const char *name;
        void *at;
    } rows[] = {{"SQLAllocHandle", &out->alloc},     {"SQLSetEnvAttr", &out->set_env},
                {"SQLDriverConnect", &out->connect}, {"SQLExecDirect", &out->exec},
                {"SQLGetDiagRec", &out->diag},       {"SQLDisconnect", &out->disconnect},
                {"SQLFreeHandle", &out->release}};

    out->library = dlopen("libodbc.so.2", RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; out->library && i < OG_COUNT(rows); i++) {
        void *function = dlsym(out->library, rows[i].name);

        if (!function)
            return false;
        memcpy(rows[i].at, &function, sizeof(function));
    }
    return out->library != NULL;
}

/* All records of a handle, one line each, without what the driver manager puts before them. */
static void gather(const struct manager *manager, SQLSMALLINT kind, SQLHANDLE handle,
                   struct og_buf *out)
{
    SQLCHAR state[6], text[SQL_MAX_MESSAGE_LENGTH * 16];
    SQLINTEGER native;
    SQLSMALLINT n;

    for (SQLSMALLINT i = 1;
         SQL_SUCCEEDED(manager->diag(kind, handle, i, state, &native, text, sizeof(text), &n)); i++) {
        const char *at = (const char *)text;

        og_buf_append_str(out, strncmp(at, "[odbcguard] ", 12) == 0 ? at + 12 : at);
        og_buf_append_char(out, '\n');
    }
}

/* Returns the line's value in a summary (free()); NULL. */
static char *summary_value(const char *summary, const char *key)
{
    size_t n = strlen(key);

    for (const char *line = summary; line && *line; line = strchr(line, '\n'), line += line != NULL)
        if (strncmp(line, key, n) == 0 && line[n] == ':' && line[n + 1] == ' ')
            return strndup(line + n + 2, strcspn(line + n + 2, "\n"));
    return NULL;
}

/* The DSN that the write came by. Returns: OG_CTL_OK with free() text; else told. */
static int find_dsn(const struct og_ctl_call *call, const char *id, char **out)
{
    struct og_ctl_link link;
    struct og_ctl_file file = {.text = NULL};
    struct og_arena arena;
    char path[64];
    int r = og_ctl_link_open(call, &link);

    if (r != OG_CTL_OK)
        return r;
    og_arena_init(&arena, 1024u * 1024u);
    (void)snprintf(path, sizeof(path), "undo/%s/summary", id);
    r = og_ctl_link_get(call, &link, path, 0, &arena, &file);
    if (r > 0)
        r = og_ctl_link_tell(call, path, r, file.reason);
    else if (r < 0)
        r = OG_CTL_ERROR;
    else if (!(*out = summary_value(file.text, "dsn")))
        r = og_ctl_fail(call, "name one with --dsn", "the write came by no DSN");
    free(file.text);
    og_arena_release(&arena);
    og_ctl_link_close(&link);
    return r;
}

static int tell(const struct og_ctl_call *call, bool is_done, const struct og_buf *text)
{
    const char *line = og_buf_str(text);

    if (call->is_json) {
        og_ctl_json_open(NULL, '{');
        og_ctl_json_bool("done", is_done);
        og_ctl_json_text("text", line);
        og_ctl_json_close('}');
    } else if (is_done) {
        og_ctl_print_safe(line, text->n_bytes, true);
    } else {
        fprintf(stderr, "guardctl: %s", line);
    }
    return is_done ? OG_CTL_OK : OG_CTL_NO;
}

static int run(const struct og_ctl_call *call, const struct manager *manager, SQLHDBC dbc,
               const char *statement)
{
    SQLHSTMT stmt = NULL;
    struct og_buf text;
    SQLRETURN code;
    int r;

    og_buf_init(&text, 256u * 1024u);
    if (!SQL_SUCCEEDED(manager->alloc(SQL_HANDLE_STMT, dbc, &stmt)))
        return og_ctl_fail(call, NULL, "no statement could be made");
    code = manager->exec(stmt, (SQLCHAR *)(uintptr_t)statement, SQL_NTS);
    gather(manager, SQL_HANDLE_STMT, stmt, &text);
    r = tell(call, SQL_SUCCEEDED(code), &text);
    (void)manager->release(SQL_HANDLE_STMT, stmt);
    og_buf_release(&text);
    return r;
}

static int connect_and_run(const struct og_ctl_call *call, const struct manager *manager,
                           const char *string, const char *statement)
{
    SQLHENV env = NULL;
    SQLHDBC dbc = NULL;
    struct og_buf text;
    int r = OG_CTL_ERROR;

    og_buf_init(&text, 256u * 1024u);
    if (!SQL_SUCCEEDED(manager->alloc(SQL_HANDLE_ENV, NULL, &env)) ||
        !SQL_SUCCEEDED(manager->set_env(env, SQL_ATTR_ODBC_VERSION,
                                        (SQLPOINTER)(uintptr_t)SQL_OV_ODBC3, 0)) ||
        !SQL_SUCCEEDED(manager->alloc(SQL_HANDLE_DBC, env, &dbc))) {
        r = og_ctl_fail(call, NULL, "the driver manager cannot be used");
    } else if (!SQL_SUCCEEDED(manager->connect(dbc, NULL, (SQLCHAR *)(uintptr_t)string, SQL_NTS, NULL,
                                               0, NULL, SQL_DRIVER_NOPROMPT))) {
        gather(manager, SQL_HANDLE_DBC, dbc, &text);
        r = og_ctl_fail(call, "'guardctl dsn check' tells what is wrong with a guarded DSN", "%s",
                        og_buf_str(&text));
    } else {
        r = run(call, manager, dbc, statement);
        (void)manager->disconnect(dbc);
    }
    if (dbc)
        (void)manager->release(SQL_HANDLE_DBC, dbc);
    if (env)
        (void)manager->release(SQL_HANDLE_ENV, env);
    og_buf_release(&text);
    return r;
}

/* Nothing in it may end the key that it stands in. */
static bool is_plain(const char *text)
{
    return text[0] && !strpbrk(text, ";{}=\n") && strlen(text) < 200;
}

int og_ctl_undo(const struct og_ctl_call *call)
{
    const char *dsn = og_ctl_option(call, "dsn"), *rows = og_ctl_option(call, "rows");
    const char *user = og_ctl_option(call, "user");
    char string[640], statement[320], *found = NULL;
    struct manager manager = {.library = NULL};
    int r = OG_CTL_OK;

    if (!og_id_is_valid(OG_ID_UNDO, call->args[0]))
        return og_ctl_fail(call, "'guardctl ls undo' lists them", "\"%s\" is no undo set",
                           call->args[0]);
    if (rows && strspn(rows, "0123456789,-") != strlen(rows))
        return og_ctl_fail(call, NULL, "--rows takes numbers, as in 1,3-5");
    if (!dsn)
        r = find_dsn(call, call->args[0], &found);
    if (r != OG_CTL_OK)
        return r;
    dsn = dsn ? dsn : found;
    if (!is_plain(dsn) || (user && !is_plain(user)) || (rows && strlen(rows) > 190)) {
        r = og_ctl_fail(call, NULL, "a name is empty, too long, or has one of ; { } = in it");
    } else if (!load(&manager)) {
        r = og_ctl_fail(call, "install the package unixodbc", "libodbc.so.2 cannot be loaded");
    } else {
        (void)snprintf(string, sizeof(string), "DSN=%s%s%s", dsn, user ? ";UID=" : "",
                       user ? user : "");
        (void)snprintf(statement, sizeof(statement), "odbcguard undo %s%s%s%s", call->args[0],
                       rows ? " rows " : "", rows ? rows : "",
                       og_ctl_option(call, "check") ? " check" : "");
        r = connect_and_run(call, &manager, string, statement);
    }
    free(found);
    return r;
}

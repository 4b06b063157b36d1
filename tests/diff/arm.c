/* SPDX-License-Identifier: MIT */
/* One arm: a process that fills the database, connects, does the script's steps and writes down what it
 * saw. */
#include <dlfcn.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/diff/diff.h"

#define MANAGER "libodbc.so.2"
#define MAX_SECONDS 120u

static void broken(struct arm *arm, const char *what, const char *detail)
{
    arm->log->is_broken = true;
    (void)snprintf(arm->log->at, sizeof(arm->log->at), "%s: %s", what, detail);
    _exit(3);
}

static void load(struct arm *arm, const char *library, struct calls *out)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);

    if (!handle)
        broken(arm, "dlopen", dlerror());
#define ROW(name, ...)                                     \
    do {                                                   \
        void *symbol = dlsym(handle, #name);               \
        memcpy(&out->name, &symbol, sizeof(symbol));       \
    } while (0);
#include "driver/entry.tbl.h"
#undef ROW
}

/* ---- the database ---- */

static void copy_file(struct arm *arm, const char *from, const char *to)
{
    char bytes[65536], journal[512];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    ssize_t n;

    (void)snprintf(journal, sizeof(journal), "%s-journal", to);
    (void)unlink(journal);
    if (in < 0 || out < 0)
        broken(arm, "cannot copy", from);
    while ((n = read(in, bytes, sizeof(bytes))) > 0)
        if (write(out, bytes, (size_t)n) != n)
            broken(arm, "cannot write", to);
    (void)close(in);
    (void)close(out);
}

/* Runs a statement over the real database's own data source, through the driver manager; its first
 * column goes to the log. */
static void run_plain(struct arm *arm, const char *sql, const char *name)
{
    struct calls c;
    SQLHENV env = NULL;
    SQLHDBC dbc = NULL;
    SQLHSTMT stmt = NULL;
    SQLCHAR dsn[128];
    char *cell = calloc(1, 65536);
    SQLLEN n;

    load(arm, MANAGER, &c);
    (void)snprintf((char *)dsn, sizeof(dsn), "%s", options.plain_dsn);
    (void)c.SQLAllocHandle(SQL_HANDLE_ENV, NULL, &env);
    (void)c.SQLSetEnvAttr(env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)(uintptr_t)SQL_OV_ODBC3, 0);
    (void)c.SQLAllocHandle(SQL_HANDLE_DBC, env, &dbc);
    if (!SQL_SUCCEEDED(c.SQLConnect(dbc, dsn, SQL_NTS, NULL, 0, NULL, 0)))
        broken(arm, "cannot connect to", options.plain_dsn);
    (void)c.SQLAllocHandle(SQL_HANDLE_STMT, dbc, &stmt);
    if (!SQL_SUCCEEDED(c.SQLExecDirect(stmt, (SQLCHAR *)(uintptr_t)sql, SQL_NTS))) {
        SQLCHAR state[6] = "", text[400] = "";
        (void)c.SQLGetDiagRec(SQL_HANDLE_STMT, stmt, 1, state, NULL, text, sizeof(text), NULL);
        broken(arm, "cannot run", (char *)text);
    }
    while (name && cell && SQL_SUCCEEDED(c.SQLFetch(stmt)))
        if (SQL_SUCCEEDED(c.SQLGetData(stmt, 1, SQL_C_CHAR, cell, 65536, &n)))
            log_bytes(arm, name, cell, strlen(cell));
    (void)c.SQLFreeHandle(SQL_HANDLE_STMT, stmt);
    (void)c.SQLDisconnect(dbc);
    (void)c.SQLFreeHandle(SQL_HANDLE_DBC, dbc);
    (void)c.SQLFreeHandle(SQL_HANDLE_ENV, env);
    free(cell);
}

static void fill_database(struct arm *arm)
{
    if (options.dialect == LITE)
        copy_file(arm, options.template[arm->is_guarded], options.database);
    else
        run_plain(arm, options.reset[arm->is_guarded], NULL);
}

/* ---- connection ---- */

void slot_reset(struct slot *slot)
{
    unsigned char *out = slot->out, *in = slot->in;

    memset(slot, 0, sizeof(*slot));
    slot->out = out;
    slot->in = in;
    memset(in, 0, IN_BYTES);
    fill(out, OUT_BYTES);
}

SQLRETURN connect_arm(struct arm *arm)
{
    const struct config *config = &arm->script->config;
    SQLCHAR text[256], out[1024];
    SQLWCHAR wide[256], wide_out[1024];
    SQLSMALLINT n;

    (void)snprintf((char *)text, sizeof(text), config->is_plain_connect ? "%s" : "DSN=%s;",
                   options.dsn);
    (void)widen((char *)text, wide, 256);
    if (config->is_wide && HAS(arm, SQLConnectW) && config->is_plain_connect)
        return CALL(arm, SQLConnectW)(arm->dbc, wide, SQL_NTS, NULL, 0, NULL, 0);
    if (config->is_wide && HAS(arm, SQLDriverConnectW))
        return CALL(arm, SQLDriverConnectW)(arm->dbc, NULL, wide, SQL_NTS, wide_out, 1024, &n,
                                            SQL_DRIVER_NOPROMPT);
    if (config->is_plain_connect)
        return CALL(arm, SQLConnect)(arm->dbc, text, SQL_NTS, NULL, 0, NULL, 0);
    return CALL(arm, SQLDriverConnect)(arm->dbc, NULL, text, SQL_NTS, out, sizeof(out), &n,
                                       SQL_DRIVER_NOPROMPT);
}

/* The guard asks a new session for its settings, and psqlODBC makes no savepoint before the first command
 * of a transaction once it has seen a query that only read. */
static void begin_alike(struct arm *arm)
{
    SQLHSTMT stmt = arm->slots[0].handle;

    arm->code = CALL(arm, SQLExecDirect)(stmt, (SQLCHAR *)(uintptr_t)"SELECT 1", SQL_NTS);
    log_number(arm, "first query", arm->code);
    (void)CALL(arm, SQLFreeStmt)(stmt, SQL_CLOSE);
    (void)CALL(arm, SQLEndTran)(SQL_HANDLE_DBC, arm->dbc, SQL_ROLLBACK);
}

static void open_arm(struct arm *arm)
{
    const struct config *config = &arm->script->config;

    arm->slot = NULL;
    (void)CALL(arm, SQLAllocHandle)(SQL_HANDLE_ENV, NULL, &arm->env);
    arm->code = CALL(arm, SQLSetEnvAttr)(arm->env, SQL_ATTR_ODBC_VERSION,
                                         (SQLPOINTER)(uintptr_t)config->version, 0);
    log_number(arm, "version", arm->code);
    (void)CALL(arm, SQLAllocHandle)(SQL_HANDLE_DBC, arm->env, &arm->dbc);
    if (config->is_manual) {
        arm->code = CALL(arm, SQLSetConnectAttr)(arm->dbc, SQL_ATTR_AUTOCOMMIT,
                                                 (SQLPOINTER)(uintptr_t)SQL_AUTOCOMMIT_OFF, 0);
        log_number(arm, "autocommit", arm->code);
    }
    arm->code = connect_arm(arm);
    log_number(arm, "connect", arm->code);
    read_records(arm, SQL_HANDLE_DBC, arm->dbc, (const uint32_t[N_ARGS]){0});
    if (!SQL_SUCCEEDED(arm->code))
        broken(arm, "cannot connect to", options.dsn);
    arm->is_connected = true;
    arm->is_manual = config->is_manual;
    for (unsigned i = 0; i < N_SLOTS; i++) {
        arm->code = CALL(arm, SQLAllocHandle)(SQL_HANDLE_STMT, arm->dbc, &arm->slots[i].handle);
        log_number(arm, "statement", arm->code);
    }
    if (options.dialect == PG)
        begin_alike(arm);
}

static void close_arm(struct arm *arm)
{
    arm->slot = NULL;
    for (unsigned i = 0; i < N_SLOTS; i++)
        if (arm->slots[i].handle)
            (void)CALL(arm, SQLFreeHandle)(SQL_HANDLE_STMT, arm->slots[i].handle);
    for (unsigned i = 0; i < N_DESCS; i++)
        if (arm->descs[i])
            (void)CALL(arm, SQLFreeHandle)(SQL_HANDLE_DESC, arm->descs[i]);
    if (arm->is_connected) {
        (void)CALL(arm, SQLEndTran)(SQL_HANDLE_DBC, arm->dbc, SQL_ROLLBACK);
        log_number(arm, "disconnect", CALL(arm, SQLDisconnect)(arm->dbc));
    }
    log_number(arm, "free dbc", CALL(arm, SQLFreeHandle)(SQL_HANDLE_DBC, arm->dbc));
    log_number(arm, "free env", CALL(arm, SQLFreeHandle)(SQL_HANDLE_ENV, arm->env));
}

/* ---- steps ---- */

/* Each script likes some operations more than others, so that scripts differ from each other. */
static bool is_left_out(const struct op *op)
{
    const char *at = options.without ? strstr(options.without, op->name) : NULL;
    size_t n = strlen(op->name);

    return at && (at == options.without || at[-1] == ',') && (at[n] == ',' || at[n] == '\0');
}

static unsigned weigh(const struct op *op, size_t index, uint64_t liking)
{
    uint64_t state = liking + index * 7919;
    unsigned n = (unsigned)(next_random(&state) % 8);

    if (is_left_out(op))
        return 0;
    if (n == 0)
        return op->weight > 8 ? op->weight : 0;
    return op->weight * (n == 6 ? 3u : n == 7 ? 8u : 1u);
}

static bool is_valid(const struct arm *arm, const struct op *op, const struct slot *slot)
{
    if (!arm->is_connected)
        return false;
    if (!slot->handle)
        return op->states == IN(NONE);
    return (op->states & IN(NONE)) || (op->states & (1u << slot->state)) != 0;
}

static void choose(struct arm *arm, struct step *step, uint64_t liking)
{
    unsigned total = 0, at;

    step->slot = (uint16_t)pick(arm, pick(arm, 3) ? 1 : N_SLOTS);
    for (size_t i = 0; i < n_ops; i++)
        if (is_valid(arm, &ops[i], &arm->slots[step->slot]))
            total += weigh(&ops[i], i, liking);
    at = total ? pick(arm, total) : 0;
    for (size_t i = 0; i < n_ops; i++) {
        unsigned weight = is_valid(arm, &ops[i], &arm->slots[step->slot])
                              ? weigh(&ops[i], i, liking) : 0;
        if (at < weight) {
            step->op = (uint16_t)i;
            break;
        }
        at -= weight;
    }
    for (size_t i = 0; i < N_ARGS; i++)
        step->a[i] = (uint32_t)next_random(&arm->random);
}

static void do_step(struct arm *arm, const struct step *step)
{
    static const char *const names[N_SLOTS] = {"rows 0", "rows 1", "rows 2"};
    const struct op *op = &ops[step->op];
    struct slot *slot = &arm->slots[step->slot];

    if (!is_valid(arm, op, slot)) {
        log_bytes(arm, "not valid", NULL, 0);
        return;
    }
    arm->slot = op->states & IN(NONE) ? NULL : slot;
    arm->code = SQL_SUCCESS;
    arm->diag_handle = NULL;
    fill(arm->scratch - SCRATCH_BORDER, SCRATCH_BYTES + 2 * SCRATCH_BORDER);
    for (unsigned i = 0; i < N_SLOTS && !(op->flags & OP_KEEP); i++)
        fill(arm->slots[i].out, OUT_BYTES);
    op->run(arm, step->a);
    log_number(arm, "returned", arm->code);
    log_changes(arm, "scratch", arm->scratch - SCRATCH_BORDER, SCRATCH_BYTES + 2 * SCRATCH_BORDER);
    for (unsigned i = 0; i < N_SLOTS; i++)
        log_changes(arm, names[i], arm->slots[i].out, OUT_BYTES);
    if (arm->diag_handle && (arm->code != SQL_SUCCESS || step->a[5] % 8 == 0))
        read_records(arm, arm->diag_type, arm->diag_handle, step->a);
    if (arm->slot && !(op->states & IN(NONE)))
        log_number(arm, "state", slot->state);
}

static void do_steps(struct arm *arm, uint64_t seed, size_t n_wanted)
{
    uint64_t liking = seed;

    (void)next_random(&liking);
    for (size_t i = 0; !arm->log->is_closed && !arm->log->is_full; i++) {
        if (n_wanted && i == n_wanted)
            break;
        if (!n_wanted && i == arm->script->n_steps)
            break;
        arm->log->step = (uint32_t)i + 1;
        if (n_wanted) {
            choose(arm, &arm->script->steps[i], liking);
            arm->script->n_steps = i + 1;
        }
        do_step(arm, &arm->script->steps[i]);
    }
}

/* ---- the process ---- */

static unsigned char *memory(struct arm *arm, size_t n)
{
    unsigned char *bytes = calloc(1, n);

    if (!bytes)
        broken(arm, "memory", "none left");
    return bytes;
}

static void run(struct arm *arm, uint64_t seed, size_t n_wanted)
{
    (void)alarm(MAX_SECONDS);
    (void)setlocale(LC_ALL, "C.UTF-8");
    (void)setenv("ODBCINI", options.ini[arm->is_guarded], 1);
    arm->random = seed;
    arm->scratch = memory(arm, SCRATCH_BYTES + 2 * SCRATCH_BORDER) + SCRATCH_BORDER;
    for (unsigned i = 0; i < N_SLOTS; i++) {
        arm->slots[i].out = memory(arm, OUT_BYTES);
        arm->slots[i].in = memory(arm, IN_BYTES);
        slot_reset(&arm->slots[i]);
    }
    fill_database(arm);
    load(arm, !options.library ? MANAGER : arm->is_guarded ? options.guard_library
                                                           : options.library, &arm->calls);
    open_arm(arm);
    do_steps(arm, seed, n_wanted);
    if (arm->log->is_closed) { /* at this step, which is not compared */
        arm->log->is_done = true;
        _exit(0);
    }
    arm->log->step++;
    close_arm(arm);
    if (options.check)
        run_plain(arm, options.check, "tables");
    arm->log->is_done = true;
    exit(0);
}

int arm_run(struct script *script, struct log *log, bool is_guarded, uint64_t seed, size_t n_wanted)
{
    struct arm arm = {.is_guarded = is_guarded, .script = script, .log = log};
    pid_t pid;
    int status;

    memset(log, 0, offsetof(struct log, bytes));
    (void)fflush(stdout);
    pid = fork();
    if (pid == 0)
        run(&arm, seed, n_wanted);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    if (WIFSIGNALED(status))
        return WTERMSIG(status);
    /* A sanitizer ends the process by itself. */
    return WEXITSTATUS(status) && !log->is_broken ? 1000 + WEXITSTATUS(status) : 0;
}

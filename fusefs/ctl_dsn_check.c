/* SPDX-License-Identifier: MIT */
/* guardctl dsn check: whether a guarded DSN can work, a line for each thing it needs. */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/decide.h"
#include "fusefs/ctl_dsn.h"
#include "fusefs/ctl_engine.h"
#include "fusefs/ctl_link.h"
#include "fusefs/ctl_policies.h"

const struct og_ctl_option og_ctl_dsn_check_options[] = {
    {"file", "ODBCINI", "the odbc.ini to look in first"},
    {"as", "NAME", "whose policies must fit (default: uid of the caller)"},
    {.name = NULL},
};

struct checks {
    const struct og_ctl_call *call;
    unsigned n_bad;
};

static void result(struct checks *checks, bool is_good, const char *name, const char *format, ...)
    OG_PRINTF(4, 5);

static void result(struct checks *checks, bool is_good, const char *name, const char *format, ...)
{
    const struct og_ctl_call *call = checks->call;
    char text[PATH_MAX + 512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    checks->n_bad += !is_good;
    if (call->is_json) {
        og_ctl_json_open(NULL, '{');
        og_ctl_json_text("check", name);
        og_ctl_json_bool("ok", is_good);
        og_ctl_json_text("text", text);
        og_ctl_json_close('}');
    } else {
        printf("%s%-4s%s %-9s %s\n", og_ctl_paint(call, is_good ? 'g' : 'r'),
               is_good ? "ok" : "BAD", og_ctl_paint(call, 0), name, text);
    }
}

/* Loads a driver in a child, so that what its constructors do stays there; why: its last line. */
static bool loads(const char *path, char *why, size_t n_why)
{
    int ends[2], status = -1;
    ssize_t n = 0;
    pid_t child;

    *why = '\0';
    if (pipe(ends))
        return false;
    fflush(stdout);
    child = fork();
    if (child == 0) {
        const char *error = dlopen(path, RTLD_LAZY | RTLD_LOCAL) ? NULL : dlerror();

        if (error && write(ends[1], error, strlen(error)) < 0)
            _exit(2);
        _exit(error ? 1 : 0);
    }
    (void)close(ends[1]);
    if (child > 0) {
        n = read(ends[0], why, n_why - 1);
        (void)waitpid(child, &status, 0);
    }
    why[n > 0 ? n : 0] = '\0';
    (void)close(ends[0]);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void check_driver(struct checks *checks, const char *name, const char *path)
{
    char why[512];

    if (loads(path, why, sizeof(why)))
        result(checks, true, name, "%s loads", path);
    else
        result(checks, false, name, "%s does not load: %s", path, why);
}

static void check_face(struct checks *checks, const struct og_ini *ini, const char *dsn,
                       const struct og_dsn_target *target)
{
    char face[PATH_MAX] = "", named[PATH_MAX], file[PATH_MAX], ini_path[PATH_MAX], words[256];
    struct og_shape shape;
    size_t n;

    (void)og_ini_value(ini, dsn, "Driver", face, sizeof(face));
    if (!og_dsn_driver_file(face, ini_path, named) || !og_face_driver_file(named, file) ||
        og_face_shape(file, &shape)) {
        result(checks, false, "face", "the guard's driver file \"%s\" is not there or no driver",
               face);
        return;
    }
    check_driver(checks, "face", file);
    n = og_face_differences(&shape, &target->shape, words, sizeof(words));
    if (shape.has_wide != target->shape.has_wide || shape.has_odbc2 != target->shape.has_odbc2)
        result(checks, false, "shape", "the face has %s, the target's driver %s: run dsn add again",
               og_face_words(&shape), og_face_words(&target->shape));
    else if (n)
        result(checks, true, "shape", "%s; %zu functions differ (%s)", og_face_words(&shape), n,
               words);
    else
        result(checks, true, "shape", "%s", og_face_words(&shape));
}

/* Whether guardfs answers at the DSN's own socket and calls itself healthy. */
static bool check_guardfs(struct checks *checks, const char *socket_path)
{
    struct og_ctl_call call = *checks->call;
    struct og_ctl_file health = {.text = NULL};
    struct og_ctl_link link;
    struct og_arena arena;
    bool is_good = false;
    int r;

    call.socket_path = socket_path;
    call.is_json = false; /* the errors on standard error are enough; the list goes on */
    if (og_ctl_link_open(&call, &link) != OG_CTL_OK) {
        result(checks, false, "guardfs", "does not answer at %s", socket_path);
        return false;
    }
    og_arena_init(&arena, OG_MAX_FRAME_BYTES * 4);
    r = og_ctl_link_get(&call, &link, "health", 0, &arena, &health);
    if (r == 0) {
        is_good = strncmp(health.text, "ok", 2) == 0;
        result(checks, is_good, "guardfs", "%s: %.*s", socket_path,
               (int)strcspn(health.text, "\n"), health.text);
    } else {
        result(checks, false, "guardfs", "its health cannot be read: %s", strerror(r));
    }
    free(health.text);
    og_arena_release(&arena);
    og_ctl_link_close(&link);
    return is_good;
}

struct fitting {
    struct checks *checks;
    struct og_ctl_engine *engine;
    size_t n_entries, n_missing;
};

static bool fit_one(void *context, const char *policy, const char *schema, const char *table,
                    const char *column)
{
    struct fitting *fitting = context;

    fitting->n_entries++;
    if (!og_ctl_engine_has_column(fitting->engine, schema, table, column)) {
        fitting->n_missing++;
        result(fitting->checks, false, "policies",
               "policy %s names %s%s%s.%s, which the target does not have: mend the name or add "
               "optional: yes", policy, schema ? schema : "", schema ? "." : "", table, column);
    }
    return true;
}

static void check_policies(struct checks *checks, const struct og_dsn_target *target,
                           const char *socket_path)
{
    struct og_ctl_call call = *checks->call;
    const char *as = og_ctl_option(&call, "as");
    char uid[32];
    const char *names[1] = {as ? as : uid};
    struct og_principal member = {.names = names, .n_names = 1, .display = names[0]};
    struct og_principal_chain chain = {.members = &member, .n_members = 1};
    struct og_target described = {.name = target->name, .dialect = OG_DIALECT_SQLITE};
    struct og_decide_input input = {.chain = &chain, .target = &described};
    struct fitting fitting = {.checks = checks};
    struct og_policy_set *set = NULL;

    (void)snprintf(uid, sizeof(uid), "uid:%u", (unsigned)getuid());
    call.socket_path = socket_path;
    call.is_json = false;
    if (og_ctl_policies_in_force(&call, &set) != OG_CTL_OK) {
        result(checks, false, "policies", "those in force cannot be read");
    } else if (!strstr(target->driver_path, "sqlite")) {
        result(checks, true, "policies", "%zu in force; their columns are checked at connect",
               og_policy_set_count(set));
    } else if (og_ctl_engine_from_sqlite(&call, target->database, &fitting.engine) != OG_CTL_OK) {
        result(checks, false, "policies", "the target's database cannot be read");
    } else {
        input.set = set;
        og_decide_each_required_column(&input, fit_one, &fitting);
        if (!fitting.n_missing)
            result(checks, true, "policies", "%zu in force, %zu named columns found",
                   og_policy_set_count(set), fitting.n_entries);
    }
    (void)og_ctl_engine_free(fitting.engine);
    (void)og_policy_set_unref(set);
}

static int check(const struct og_ctl_call *call, const struct og_ini *ini, const char *dsn)
{
    struct checks checks = {.call = call};
    struct og_dsn_target target;
    char name[256], socket_path[PATH_MAX];

    if (!og_ini_value(ini, dsn, "GuardTargetDSN", name, sizeof(name)))
        return og_ctl_fail(call, "'guardctl dsn list' lists the guarded DSNs",
                           "%s in %s is not a guarded DSN with a target DSN", dsn, ini->path);
    if (!og_ini_value(ini, dsn, "GuardSocket", socket_path, sizeof(socket_path)))
        (void)snprintf(socket_path, sizeof(socket_path), "%s", call->socket_path);
    if (og_dsn_find_target(call, ini->path, name, &target) != OG_CTL_OK)
        return OG_CTL_NO;
    if (call->is_json)
        og_ctl_json_open(NULL, '[');
    result(&checks, true, "target", "%s in %s", target.name, target.ini_path);
    check_driver(&checks, "driver", target.driver_path);
    check_face(&checks, ini, dsn, &target);
    if (check_guardfs(&checks, socket_path))
        check_policies(&checks, &target, socket_path);
    if (call->is_json)
        og_ctl_json_close(']');
    return checks.n_bad ? OG_CTL_NO : OG_CTL_OK;
}

int og_ctl_dsn_check(const struct og_ctl_call *call)
{
    const char *dsn = call->args[0];
    struct og_ini ini;
    int r;

    if (og_dsn_load(og_ctl_option(call, "file"), dsn, &ini))
        return og_ctl_fail(call, "'guardctl dsn add' makes one", "there is no DSN %s", dsn);
    r = check(call, &ini, dsn);
    og_ini_release(&ini);
    return r;
}

/* SPDX-License-Identifier: MIT */
/* guardfs: options, set-up in order, the run, the end in good order. */
#include <config.h> /* the build's, not fusefs/config.h */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "fusefs/broker.h"
#include "fusefs/daemon.h"
#include "fusefs/ledger_keep.h"
#include "fusefs/ledger_view.h"
#include "fusefs/report_daily.h"
#include "fusefs/service.h"
#include "fusefs/token.h"
#include "fusefs/sandbox.h"
#include "fusefs/vault.h"
#include "fusefs/undo_store.h"

#define MAX_CONFIG_BYTES (1024u * 1024u)

static const char usage[] =
    "guardfs --mount DIR --state DIR --socket PATH --policies DIR [--config FILE] [--foreground]\n"
    "guardfs --help | --version\n"
    "  --mount DIR      an empty folder, in which the files appear\n"
    "  --state DIR      ledger, requests and keys; made where it is missing\n"
    "  --socket PATH    where drivers and guardctl connect\n"
    "  --policies DIR   *.yaml, owned and writable by trusted accounts only\n"
    "  --config FILE    who is who, who approves; without it every peer is uid:N\n"
    "  --foreground     stay in this process and write to standard error\n"
    "It is ready when the socket accepts and DIR/health begins with ok; SIGTERM stops it.\n"
    "guardfs(8) and docs/config.md say more.\n";

struct run {
    struct og_daemon daemon;
    int signal_fd, ready_fd, watch_fd; /* -1: none */
};

static int fail(int code, const struct og_buf *why, const char *what)
{
    (void)fprintf(stderr, "guardfs: %s\n", why && why->n_bytes ? og_buf_str(why) : what);
    return code;
}

/* Paths are made absolute, since a daemon works in /. Returns: text to keep; NULL on failure. */
static const char *absolute(const char *path)
{
    char *folder, *out = NULL;

    if (path[0] == '/')
        return path;
    folder = getcwd(NULL, 0);
    if (folder && asprintf(&out, "%s/%s", folder, path) < 0)
        out = NULL;
    free(folder);
    return out;
}

/* Returns: -1 to go on; else the exit code. */
static int read_options(int argc, char **argv, struct og_options *out)
{
    static const struct option known[] = {
        {"mount", required_argument, NULL, 'm'},    {"state", required_argument, NULL, 's'},
        {"socket", required_argument, NULL, 'S'},   {"policies", required_argument, NULL, 'p'},
        {"config", required_argument, NULL, 'c'},   {"foreground", no_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},           {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (c) {
        case 'm': out->mount = absolute(optarg); break;
        case 's': out->state = absolute(optarg); break;
        case 'S': out->socket = absolute(optarg); break;
        case 'p': out->policies = absolute(optarg); break;
        case 'c': out->config = absolute(optarg); break;
        case 'f': out->is_foreground = true; break;
        case 'h': (void)fputs(usage, stdout); return 0;
        case 'V': (void)puts("guardfs (odbcguard) " PACKAGE_VERSION); return 0;
        default: (void)fputs("see guardfs --help\n", stderr); return EX_USAGE;
        }
    }
    if (optind == argc && out->mount && out->state && out->socket && out->policies)
        return -1;
    (void)fprintf(stderr, "guardfs: --mount, --state, --socket and --policies are needed (see --help)\n");
    return EX_USAGE;
}

static int read_config(struct og_daemon *daemon)
{
    const char *path = daemon->options.config;
    struct og_buf messages;
    char *bytes = NULL;
    size_t n_bytes = 0;
    int r;

    if (path) {
        FILE *file = fopen(path, "re");

        bytes = file ? malloc(MAX_CONFIG_BYTES + 1) : NULL;
        n_bytes = bytes ? fread(bytes, 1, MAX_CONFIG_BYTES + 1, file) : 0;
        if (!bytes || ferror(file) || n_bytes > MAX_CONFIG_BYTES) {
            (void)fprintf(stderr, "guardfs: %s cannot be read: %s\n", path,
                          n_bytes > MAX_CONFIG_BYTES ? "it is too large" : strerror(errno));
            if (file)
                (void)fclose(file);
            free(bytes);
            return EX_CONFIG;
        }
        (void)fclose(file);
    }
    og_buf_init(&messages, 64u * 1024u);
    r = og_config_parse(path ? path : "", bytes, n_bytes, &messages, &daemon->config);
    if (r != 0)
        (void)fail(0, &messages, "memory is short");
    og_buf_release(&messages);
    free(bytes);
    return r == 0 ? 0 : r < 0 ? EX_TEMPFAIL : EX_CONFIG;
}

static void on_signal(void *context, uint32_t events OG_UNUSED)
{
    struct run *run = context;
    struct signalfd_siginfo info;

    while (read(run->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGHUP)
            og_policy_store_poll(run->daemon.policies);
        else
            og_loop_stop(run->daemon.loop);
    }
}

static int catch_signals(struct run *run)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    run->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return run->signal_fd < 0 ? -errno
                              : og_loop_add(run->daemon.loop, run->signal_fd, EPOLLIN, on_signal, run);
}

static int open_ledger(struct og_daemon *daemon, struct og_buf *why)
{
    int r;

    if (mkdir(daemon->options.state, 0700) < 0 && errno != EEXIST) {
        og_buf_printf(why, "the state folder %s cannot be made: %s", daemon->options.state,
                      strerror(errno));
        return EX_UNAVAILABLE;
    }
    r = og_ledger_open(daemon->options.state, &daemon->ledger, why);
    if (r == OG_LEDGER_E_BUSY && !why->n_bytes)
        og_buf_printf(why, "another guardfs runs on the state folder %s", daemon->options.state);
    return r == 0 ? 0 : r < 0 ? EX_TEMPFAIL : EX_UNAVAILABLE;
}

static int record_start(struct og_daemon *daemon)
{
    char cut[24];
    struct og_record_pair pair = {"cut_bytes", cut};
    uint64_t n_cut = og_ledger_cut_bytes(daemon->ledger);

    (void)snprintf(cut, sizeof(cut), "%" PRIu64, n_cut);
    if (n_cut)
        (void)og_daemon_event(daemon, NULL, "daemon", "cut", "",
                              "a torn last line was cut off the ledger", &pair, 1);
    if (og_daemon_event(daemon, NULL, "daemon", "start", "", "guardfs " PACKAGE_VERSION, NULL, 0) != 0)
        return -EIO;
    return og_ledger_flush(daemon->ledger);
}

/* Everything in order. Returns: 0; an exit code with why. */
static int set_up(struct run *run, struct og_buf *why)
{
    struct og_daemon *daemon = &run->daemon;
    const struct og_options *options = &daemon->options;
    int code = read_config(daemon);

    if (code)
        return code;
    if (og_loop_new(&daemon->loop) < 0 || catch_signals(run) < 0)
        return EX_TEMPFAIL;
    code = open_ledger(daemon, why);
    if (code)
        return code;
    if (og_anchor_copy_start(daemon->config, daemon->loop, &daemon->anchor_copy) < 0) {
        og_buf_append_str(why, "the process that copies anchors cannot be started");
        return EX_TEMPFAIL;
    }
    og_ledger_copy_anchors(daemon->ledger, og_anchor_copy_fd(daemon->anchor_copy));
    daemon->tokens = og_tokens_new(daemon->config, options->state);
    if (!daemon->tokens)
        return EX_TEMPFAIL;
    daemon->views = og_views_new(og_ledger_folder(daemon->ledger));
    if (!daemon->views)
        return EX_TEMPFAIL;
    if (og_policy_store_open(daemon, options->policies, options->state, &daemon->policies, why) < 0 ||
        og_approvals_open(daemon, &daemon->approvals, why) < 0)
        return EX_UNAVAILABLE;
    if (og_budgets_open(options->state, &daemon->budgets, why) < 0)
        return EX_UNAVAILABLE;
    if (og_vault_start(daemon->config, options->socket, &daemon->vault_fd, why) < 0)
        return EX_UNAVAILABLE;
    if (og_undo_store_open(daemon, options->state, &daemon->undo) < 0) {
        og_buf_append_str(why, "the undo folder of the state folder cannot be read");
        return EX_UNAVAILABLE;
    }
    if (og_fs_mount(daemon, why) < 0)
        return EX_UNAVAILABLE;
    if (og_sandbox_watch_mount(options->mount, &run->watch_fd) < 0)
        return EX_TEMPFAIL;
    if (og_sandbox_drop(og_config_user(daemon->config), options->state, why) < 0)
        return EX_CONFIG;
    if (og_server_open(daemon, why) < 0 || og_broker_open(daemon) < 0)
        return EX_UNAVAILABLE;
    if (og_fs_serve(daemon) < 0)
        return EX_UNAVAILABLE;
    if (og_report_daily_open(daemon) < 0 || og_ledger_keep_open(daemon) < 0 || og_service_watch(daemon) < 0)
        return EX_TEMPFAIL;
    if (record_start(daemon) < 0) {
        og_buf_append_str(why, "the ledger cannot be written");
        return EX_UNAVAILABLE;
    }
    return 0;
}

static void tear_down(struct run *run)
{
    struct og_daemon *daemon = &run->daemon;

    og_service_tell("STOPPING=1");
    if (daemon->ledger && daemon->server)
        (void)og_daemon_event(daemon, NULL, "daemon", "stop", "", "guardfs stops", NULL, 0);
    og_server_close(daemon);
    if (daemon->fs)
        og_fs_close(daemon);
    og_vault_end(daemon->vault_fd);
    og_sandbox_end(run->watch_fd);
    daemon->approvals = og_approvals_close(daemon->approvals);
    daemon->budgets = og_budgets_close(daemon->budgets);
    daemon->undo = og_undo_store_close(daemon->undo);
    daemon->policies = og_policy_store_close(daemon->policies);
    daemon->views = og_views_free(daemon->views);
    daemon->tokens = og_tokens_free(daemon->tokens);
    daemon->ledger = og_ledger_close(daemon->ledger);
    daemon->loop = og_loop_free(daemon->loop);
    daemon->anchor_copy = og_anchor_copy_end(daemon->anchor_copy);
    daemon->config = og_config_free(daemon->config);
}

/* Forks; the parent leaves with 0 once the child is ready, else with the child's code. */
static int go_background(struct run *run)
{
    int ends[2], status = 0;
    char byte;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) < 0 || (child = fork()) < 0)
        return EX_TEMPFAIL;
    if (child == 0) {
        (void)close(ends[0]);
        run->ready_fd = ends[1];
        return setsid() < 0 || chdir("/") < 0 ? EX_TEMPFAIL : 0;
    }
    (void)close(ends[1]);
    if (read(ends[0], &byte, 1) == 1)
        _exit(0);
    (void)waitpid(child, &status, 0);
    _exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EX_TEMPFAIL);
}

static void tell_ready(const struct run *run)
{
    int null_fd;

    if (run->ready_fd < 0) {
        (void)puts("guardfs is ready");
        (void)fflush(stdout);
        return;
    }
    null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null_fd >= 0 && fd <= STDERR_FILENO; fd++)
        (void)dup2(null_fd, fd);
    if (write(run->ready_fd, "r", 1) == 1)
        (void)close(run->ready_fd);
}

int main(int argc, char **argv)
{
    static struct run run = {
        .signal_fd = -1, .ready_fd = -1, .watch_fd = -1, .daemon.vault_fd = -1};
    struct rlimit files;
    struct og_buf why;
    int code = read_options(argc, argv, &run.daemon.options);

    if (code >= 0)
        return code;
    (void)umask(0077);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    run.daemon.started_ms = (int64_t)og_now_unix_ms();
    og_buf_init(&why, 64u * 1024u);
    code = run.daemon.options.is_foreground ? 0 : go_background(&run);
    if (code == 0)
        code = set_up(&run, &why);
    if (code != 0) {
        if (why.n_bytes || code != EX_CONFIG)
            (void)fail(code, &why, "cannot start");
    } else {
        tell_ready(&run);
        og_service_tell("READY=1\nSTATUS=serving");
        if (og_loop_run(run.daemon.loop) < 0)
            code = EX_SOFTWARE;
    }
    tear_down(&run);
    og_buf_release(&why);
    return code;
}

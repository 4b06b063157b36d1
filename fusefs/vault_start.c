/* SPDX-License-Identifier: MIT */
/* One worker's way into the world. The password goes from where it is kept into a pipe, and from there into
 * the worker's memory: no file, no argument, no environment. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/worker_fd.h"
#include "fusefs/vault.h"

#define MAX_SECRET_BYTES 4096u
#define MAX_CONFIG_BYTES 32768u /* fits a pipe that nobody reads yet */
#define COMMAND_S 20u
#define UNINSTALLED "/../driver/odbcguard-worker"

/* ---- the password ---- */

static void read_all(int fd, struct og_buf *out)
{
    char part[512];
    ssize_t n;

    while ((n = read(fd, part, sizeof(part))) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            og_buf_append(out, part, (size_t)n);
    explicit_bzero(part, sizeof(part));
    if (n < 0)
        out->is_failed = true;
}

/* A file of a trusted account that nobody else reads. */
static int read_file(const char *path, struct og_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat info;
    int r = fd < 0 ? -errno : 0;

    if (r == 0 && (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) || (info.st_mode & 077) ||
                   (info.st_uid != 0 && info.st_uid != geteuid())))
        r = -EPERM;
    if (r == 0)
        read_all(fd, out);
    if (r == -EPERM)
        (void)fprintf(stderr, "guardfs: the password's file %s must belong to root or to guardfs, and be "
                              "readable by its owner alone\n", path);
    if (fd >= 0)
        (void)close(fd);
    return r;
}

static int run_command(const char *const *words, struct og_buf *out)
{
    int ends[2], status = 0;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    child = fork();
    if (child == 0) {
        int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

        (void)alarm(COMMAND_S); /* kept over the exec */
        if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(ends[1], STDOUT_FILENO) < 0)
            _exit(127);
        (void)close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
        (void)execv(words[0], (char *const *)(uintptr_t)words);
        _exit(127);
    }
    (void)close(ends[1]);
    if (child > 0)
        read_all(ends[0], out);
    (void)close(ends[0]);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && status == 0 ? 0 : -EIO;
}

static int read_credential(const char *name, struct og_buf *out)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char path[4096];
    int n = folder ? snprintf(path, sizeof(path), "%s/%s", folder, name) : -1;

    return n > 0 && (size_t)n < sizeof(path) ? read_file(path, out) : -ENOENT;
}

/* The first line. Returns: 0; -errno. */
static int read_secret(const struct og_config_connect *connect, struct og_buf *out)
{
    const char *value;
    int r = 0;

    switch (connect->secret) {
    case OG_CONFIG_NO_SECRET:
        return 0;
    case OG_CONFIG_SECRET_FILE:
        r = read_file(connect->secret_words[0], out);
        break;
    case OG_CONFIG_SECRET_COMMAND:
        r = run_command(connect->secret_words, out);
        break;
    case OG_CONFIG_SECRET_ENVIRONMENT:
        value = getenv(connect->secret_words[0]);
        og_buf_append_str(out, value ? value : "");
        break;
    case OG_CONFIG_SECRET_CREDENTIAL:
        r = read_credential(connect->secret_words[0], out);
        break;
    }
    if (r == 0 && (og_buf_is_failed(out) || memchr(og_buf_str(out), 0, out->n_bytes)))
        r = -EINVAL;
    if (r == 0 && out->n_bytes)
        out->bytes[strcspn(out->bytes, "\r\n")] = '\0';
    return r == 0 && !*og_buf_str(out) ? -ENODATA : r;
}

/* ---- what the worker is told ---- */

static void append_value(struct og_buf *out, const char *name, const char *value)
{
    og_buf_printf(out, "%s={", name);
    for (; *value; value++) {
        og_buf_append_char(out, *value);
        if (*value == '}') /* doubled within braces */
            og_buf_append_char(out, '}');
    }
    og_buf_append_str(out, "};");
}

static void append_pair(struct og_buf *out, const char *name, const char *value)
{
    og_buf_append(out, name, strlen(name) + 1);
    og_buf_append(out, value, strlen(value) + 1);
}

/* The real driver's connection string. Plain where plain means the same: some drivers know no braces. */
static void make_string(const struct og_config_connect *connect, const char *secret, struct og_buf *out)
{
    og_buf_printf(out, "Driver=%s;", connect->driver);
    for (size_t i = 0; i < connect->n_keys; i++) {
        if (strpbrk(connect->keys[i].value, ";{}"))
            append_value(out, connect->keys[i].name, connect->keys[i].value);
        else
            og_buf_printf(out, "%s=%s;", connect->keys[i].name, connect->keys[i].value);
    }
    if (*secret)
        append_value(out, "PWD", secret);
}

static int write_config(const struct og_config_connect *connect, const struct og_vault_ask *ask,
                        const char *socket_path, int fd)
{
    struct og_buf secret, string, all;
    int r;

    og_buf_init(&secret, MAX_SECRET_BYTES);
    og_buf_init(&string, MAX_CONFIG_BYTES);
    og_buf_init(&all, MAX_CONFIG_BYTES);
    r = read_secret(connect, &secret);
    if (r == 0) {
        make_string(connect, og_buf_str(&secret), &string);
        append_pair(&all, "target", ask->target);
        append_pair(&all, "driver", connect->driver);
        append_pair(&all, "string", og_buf_str(&string));
        append_pair(&all, "socket", socket_path);
        if (*ask->statement)
            append_pair(&all, "statement", ask->statement);
        if (og_buf_is_failed(&string) || og_buf_is_failed(&all) ||
            write(fd, all.bytes, all.n_bytes) != (ssize_t)all.n_bytes)
            r = -EIO;
    } else {
        (void)fprintf(stderr, "guardfs: the password of target %s cannot be read: %s\n", ask->target,
                      strerror(-r));
    }
    og_buf_wipe(&secret);
    og_buf_wipe(&string);
    og_buf_wipe(&all);
    return r;
}

/* ---- the account ---- */

static int become(const char *account)
{
    const struct passwd *entry;

    if (!account)
        return 0;
    entry = getpwnam(account);
    if (!entry || entry->pw_uid == 0)
        return -EINVAL;
    if (geteuid() != 0)
        return entry->pw_uid == geteuid() ? 0 : -EPERM;
    if (initgroups(account, entry->pw_gid) < 0 ||
        setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
        setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0)
        return -errno;
    return setuid(0) == 0 ? -EPERM : 0;
}

bool og_vault_find_worker(char *out, size_t max_bytes)
{
    char self[2048];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    struct stat info;

    if (n > 0) {
        self[n] = '\0';
        (void)snprintf(out, max_bytes, "%s%s", dirname(self), UNINSTALLED);
        if (stat(out, &info) == 0 && S_ISREG(info.st_mode))
            return true;
    }
    (void)snprintf(out, max_bytes, "%s", OG_WORKER_PATH);
    return stat(out, &info) == 0 && S_ISREG(info.st_mode);
}

/* The descriptors to their numbers, and nothing else of guardfs'. */
static int place_fds(const int fds[3], int config_fd)
{
    const int wanted[] = {OG_WORKER_FD_LINK, OG_WORKER_FD_CANCEL, OG_WORKER_FD_GUARDFS,
                          OG_WORKER_FD_CONFIG};
    int high[4];

    for (size_t i = 0; i < 4; i++) {
        high[i] = fcntl(i < 3 ? fds[i] : config_fd, F_DUPFD_CLOEXEC, 64);
        if (high[i] < 0)
            return -errno;
    }
    for (size_t i = 0; i < 4; i++)
        if (dup2(high[i], wanted[i]) < 0)
            return -errno;
    return close_range(OG_WORKER_FD_CONFIG + 1, ~0u, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

/* What real drivers need of an environment, and what finds their registrations; no more. */
static char *const *make_environment(void)
{
    static const char *const kept[] = {"ODBCINI", "ODBCSYSINI", "TZ", "KRB5_CONFIG", "SSL_CERT_FILE"};
    static char *all[OG_COUNT(kept) + 5];
    size_t n = 0;

    all[n++] = (char *)(uintptr_t)"PATH=/usr/bin:/bin";
    all[n++] = (char *)(uintptr_t)"LANG=C.UTF-8";
    all[n++] = (char *)(uintptr_t)"LC_ALL=C.UTF-8";
    all[n++] = (char *)(uintptr_t)"HOME=/nonexistent";
    for (size_t i = 0; i < OG_COUNT(kept); i++) {
        const char *value = getenv(kept[i]);

        if (value && asprintf(&all[n], "%s=%s", kept[i], value) > 0)
            n++;
    }
    all[n] = NULL;
    return all;
}

static void reset_signals(void)
{
    sigset_t none;

    (void)sigemptyset(&none);
    for (int number = 1; number < 32; number++)
        (void)signal(number, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void og_vault_become_worker(const struct og_config_connect *connect, const struct og_vault_ask *ask,
                            const char *socket_path, const int fds[3])
{
    char path[4096];
    char *const arguments[] = {(char *)(uintptr_t)"odbcguard-worker", NULL};
    int ends[2];

    reset_signals();
    if (pipe2(ends, O_CLOEXEC) < 0)
        _exit(OG_VAULT_EXIT_SYSTEM);
    if (write_config(connect, ask, socket_path, ends[1]) < 0)
        _exit(OG_VAULT_EXIT_SECRET);
    (void)close(ends[1]);
    if (!og_vault_find_worker(path, sizeof(path)))
        _exit(OG_VAULT_EXIT_START);
    if (become(connect->run_as) < 0)
        _exit(OG_VAULT_EXIT_ACCOUNT);
    (void)umask(0077);
    if (chdir("/") < 0 || place_fds(fds, ends[0]) < 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        _exit(OG_VAULT_EXIT_SYSTEM);
    (void)execve(path, arguments, make_environment());
    _exit(OG_VAULT_EXIT_START);
}

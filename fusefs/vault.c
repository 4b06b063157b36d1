/* SPDX-License-Identifier: MIT */
/* The vault's process: waits for what guardfs asks, and for workers that end. It reads nothing else. */
#define _GNU_SOURCE 1
#include "fusefs/vault.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORKERS 1024u
#define ASK_FD 3
#define SIGNAL_FD 4

struct worker {
    pid_t pid; /* 0: free */
    char session[OG_ID_BYTES];
};

struct vault {
    const struct og_config *config;
    const char *socket_path;
    struct worker workers[MAX_WORKERS];
};

static pid_t vault_pid;

static void tell(const char *session, int status)
{
    struct og_vault_told told = {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                                 .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0};

    memcpy(told.session, session, sizeof(told.session));
    (void)send(ASK_FD, &told, sizeof(told), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void reap(struct vault *vault)
{
    struct signalfd_siginfo info;
    pid_t pid;
    int status;

    (void)!read(SIGNAL_FD, &info, sizeof(info));
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < MAX_WORKERS; i++)
            if (vault->workers[i].pid == pid) {
                tell(vault->workers[i].session, status);
                vault->workers[i].pid = 0;
            }
}

/* Three descriptors, or none. */
static bool take_fds(struct msghdr *msg, int fds[3])
{
    const struct cmsghdr *part = CMSG_FIRSTHDR(msg);

    if (!part || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS ||
        part->cmsg_len != CMSG_LEN(3 * sizeof(int)))
        return false;
    memcpy(fds, CMSG_DATA(part), 3 * sizeof(int));
    return true;
}

static void start(struct vault *vault, const struct og_vault_ask *ask, const int fds[3])
{
    const struct og_config_connect *connect = og_config_connect(vault->config, ask->target);
    struct worker *slot = NULL;
    pid_t pid = -1;

    for (size_t i = 0; i < MAX_WORKERS && !slot; i++)
        if (!vault->workers[i].pid)
            slot = &vault->workers[i];
    if (connect && slot)
        pid = fork();
    if (pid == 0)
        og_vault_become_worker(connect, ask, vault->socket_path, fds);
    if (pid < 0) {
        tell(ask->session, OG_VAULT_EXIT_SYSTEM << 8); /* as a process that left with it */
        return;
    }
    slot->pid = pid;
    memcpy(slot->session, ask->session, sizeof(slot->session));
}

/* Returns: whether there may be more to come. */
static bool take_ask(struct vault *vault)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(3 * sizeof(int))];
    } control;
    struct og_vault_ask ask;
    struct iovec part = {&ask, sizeof(ask)};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    ssize_t n = recvmsg(ASK_FD, &msg, MSG_CMSG_CLOEXEC);
    int fds[3];

    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0)
        return false; /* guardfs is gone */
    if (!take_fds(&msg, fds))
        return true;
    if (n == (ssize_t)sizeof(ask)) {
        ask.session[sizeof(ask.session) - 1] = '\0';
        ask.target[sizeof(ask.target) - 1] = '\0';
        ask.statement[sizeof(ask.statement) - 1] = '\0';
        start(vault, &ask, fds);
    }
    for (size_t i = 0; i < 3; i++)
        (void)close(fds[i]);
    return true;
}

/* Nothing of guardfs but its own end of the socket: a copy of another descriptor would keep it open. */
static int settle(int fd)
{
    static const struct rlimit no_core = {0, 0};
    sigset_t set;
    int signal_fd;

    (void)setsid();
    if (chdir("/") < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
        setrlimit(RLIMIT_CORE, &no_core) < 0 || dup2(fd, ASK_FD) < 0)
        return -errno;
    (void)prctl(PR_SET_NAME, "guardfs-vault", 0, 0, 0);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigaddset(&set, SIGTERM); /* guardfs says when to end, by closing */
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)close_range(ASK_FD + 1, ~0u, 0);
    if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
        return -errno;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return signal_fd == SIGNAL_FD ? 0 : -EBADF;
}

OG_NORETURN static void run(const struct og_config *config, const char *socket_path, int fd)
{
    static struct vault vault;

    vault.config = config;
    vault.socket_path = socket_path;
    if (settle(fd) < 0)
        _exit(1);
    for (;;) {
        struct pollfd wait[2] = {{.fd = ASK_FD, .events = POLLIN}, {.fd = SIGNAL_FD, .events = POLLIN}};

        if (poll(wait, 2, -1) < 0 && errno != EINTR)
            _exit(1);
        if (wait[1].revents)
            reap(&vault);
        if (wait[0].revents && !take_ask(&vault))
            break;
    }
    /* Workers end with their parent; a statement that runs is rolled back by the server. */
    _exit(0);
}

static bool has_secrets(const struct og_config *config)
{
    for (size_t i = 0; og_config_target(config, i); i++)
        if (og_config_connect(config, og_config_target(config, i)))
            return true;
    return false;
}

/* What came in the environment stays with the vault. */
static void forget_environment(const struct og_config *config)
{
    for (size_t i = 0; og_config_target(config, i); i++) {
        const struct og_config_connect *connect = og_config_connect(config, og_config_target(config, i));
        char *value;

        if (!connect || connect->secret != OG_CONFIG_SECRET_ENVIRONMENT)
            continue;
        value = getenv(connect->secret_words[0]);
        if (value)
            explicit_bzero(value, strlen(value)); /* /proc/PID/environ shows this memory */
        (void)unsetenv(connect->secret_words[0]);
    }
}

int og_vault_start(const struct og_config *config, const char *socket_path, int *out_fd,
                   struct og_buf *why)
{
    char path[4096];
    int ends[2];

    *out_fd = -1;
    if (!has_secrets(config))
        return 0;
    if (!og_vault_find_worker(path, sizeof(path))) {
        og_buf_printf(why, "the program %s is missing, which opens the targets that have connect in the "
                           "configuration; install it", path);
        return -ENOENT;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    vault_pid = fork();
    if (vault_pid == 0)
        run(config, socket_path, ends[1]);
    (void)close(ends[1]);
    if (vault_pid < 0) {
        (void)close(ends[0]);
        return -EAGAIN;
    }
    forget_environment(config);
    *out_fd = ends[0];
    return 0;
}

void og_vault_end(int fd)
{
    if (fd < 0)
        return;
    (void)close(fd);
    while (waitpid(vault_pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/anchor_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fusefs/chain.h"
#include "fusefs/loop.h"

#define MAX_PENDING_BYTES (64u * 1024u)
#define AGAIN_MS 2000
#define COMMAND_MS 20000
#define END_MS 5000
#define TOLD_BYTES 400u

struct og_anchor_copy {
    struct og_loop *loop;
    int fd;
    pid_t pid;
    char problem[TOLD_BYTES];
};

/* ---- in the child ---- */

/* Lines that a place has not got yet. */
struct place {
    const char *name; /* NULL: it is not configured */
    struct og_buf pending;
    int fd;
    bool is_torn; /* the last write ended within a line */
};

struct child {
    const struct og_config_ledger *ledger;
    struct place file, command;
    int fd;
    char told[TOLD_BYTES];
};

static void add_pending(struct place *place, const char *line, size_t n_bytes)
{
    if (!place->name)
        return;
    og_buf_append(&place->pending, line, n_bytes);
    if (og_buf_is_failed(&place->pending)) { /* the newest says more than all before it */
        og_buf_clear(&place->pending);
        place->pending.is_failed = false;
        og_buf_append(&place->pending, line, n_bytes);
    }
}

/* Whether the open file is still the one of that name: somebody may rotate it. */
static bool is_in_place(const struct place *place)
{
    struct stat ours, there;

    return fstat(place->fd, &ours) == 0 && lstat(place->name, &there) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* Returns: 0 when all of it is in the place; -errno. */
static int write_file(struct place *place)
{
    ssize_t n;

    if (place->fd >= 0 && !is_in_place(place)) {
        (void)close(place->fd);
        place->fd = -1;
        place->is_torn = false;
    }
    if (place->fd < 0)
        place->fd = open(place->name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                         0640);
    if (place->fd < 0)
        return -errno;
    if (place->is_torn && write(place->fd, "\n", 1) != 1)
        return errno ? -errno : -EIO;
    place->is_torn = false;
    n = write(place->fd, place->pending.bytes, place->pending.n_bytes);
    if (n < 0)
        return -errno;
    if ((size_t)n < place->pending.n_bytes) {
        place->is_torn = n > 0;
        return -ENOSPC;
    }
    return fdatasync(place->fd) == 0 || errno == EINVAL ? 0 : -errno;
}

/* Waits for a command, but not for ever. */
static int wait_for(pid_t pid)
{
    static const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    int status = 0;

    for (int waited_ms = 0; waited_ms < COMMAND_MS; waited_ms += 20) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
        (void)nanosleep(&pause, NULL);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, &status, 0);
    return -ETIMEDOUT;
}

/* The command gets the lines on its standard input. MAX_PENDING_BYTES fit a pipe that nobody reads yet. */
static int run_command(struct child *child)
{
    struct place *place = &child->command;
    int ends[2];
    pid_t pid;
    ssize_t n;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    (void)fcntl(ends[1], F_SETFL, O_NONBLOCK); /* a pipe that is smaller than we think fails, not waits */
    n = write(ends[1], place->pending.bytes, place->pending.n_bytes);
    (void)close(ends[1]);
    pid = n == (ssize_t)place->pending.n_bytes ? fork() : -1;
    if (pid == 0) {
        (void)dup2(ends[0], STDIN_FILENO);
        (void)close_range(3, ~0u, 0);
        (void)execv(child->ledger->anchors_command[0],
                    (char *const *)(uintptr_t)child->ledger->anchors_command);
        _exit(127);
    }
    (void)close(ends[0]);
    return pid < 0 ? -EAGAIN : wait_for(pid);
}

static void tell(struct child *child, const char *text)
{
    if (strcmp(child->told, text) == 0)
        return;
    (void)snprintf(child->told, sizeof(child->told), "%s", text);
    /* an empty message would read as the end */
    (void)send(child->fd, *text ? text : "\n", *text ? strlen(text) : 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Returns: whether nothing is left to deliver. */
static bool deliver(struct child *child)
{
    char text[TOLD_BYTES];
    int file = 0, command = 0;

    if (child->file.name && child->file.pending.n_bytes)
        file = write_file(&child->file);
    if (file == 0)
        og_buf_clear(&child->file.pending);
    if (child->command.name && child->command.pending.n_bytes)
        command = run_command(child);
    if (command == 0)
        og_buf_clear(&child->command.pending);
    if (file < 0)
        (void)snprintf(text, sizeof(text), "anchors are not copied to %.200s: %s", child->file.name,
                       strerror(-file));
    else if (command < 0)
        (void)snprintf(text, sizeof(text), "anchors are not copied by %.200s: %s", child->command.name,
                       command == -EIO ? "it failed" : strerror(-command));
    tell(child, file < 0 || command < 0 ? text : "");
    return file == 0 && command == 0;
}

OG_NORETURN static void copy_lines(struct child *child)
{
    char line[OG_ANCHOR_LINE_BYTES];
    bool is_done = true;

    for (;;) {
        struct pollfd ready = {.fd = child->fd, .events = POLLIN};
        ssize_t n;

        if (poll(&ready, 1, is_done ? -1 : AGAIN_MS) < 0 && errno != EINTR)
            _exit(1);
        while ((n = recv(child->fd, line, sizeof(line), MSG_DONTWAIT)) > 0) {
            add_pending(&child->file, line, (size_t)n);
            add_pending(&child->command, line, (size_t)n);
        }
        is_done = deliver(child);
        if (n == 0)
            _exit(0);
    }
}

OG_NORETURN static void be_child(const struct og_config_ledger *ledger, int fd)
{
    struct child child = {.ledger = ledger, .fd = 3, .file = {.fd = -1}, .command = {.fd = -1}};
    sigset_t none;
    int null_fd;

    (void)setsid();
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGTERM, SIG_IGN); /* guardfs' last anchor comes after it */
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (chdir("/") != 0 || null_fd < 0)
        _exit(1);
    for (int i = 0; i < 3; i++)
        (void)dup2(null_fd, i);
    if (dup2(fd, 3) < 0)
        _exit(1);
    /* A copy of another descriptor would keep a dead mount or a session alive. */
    (void)close_range(4, ~0u, 0);
    child.file.name = ledger->anchors_file;
    child.command.name = ledger->anchors_command ? ledger->anchors_command[0] : NULL;
    og_buf_init(&child.file.pending, MAX_PENDING_BYTES);
    og_buf_init(&child.command.pending, MAX_PENDING_BYTES);
    copy_lines(&child);
}

/* ---- in guardfs ---- */

static void on_told(void *context, uint32_t events OG_UNUSED)
{
    struct og_anchor_copy *copy = context;
    char text[TOLD_BYTES];
    ssize_t n;

    while ((n = recv(copy->fd, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
        text[n] = '\0';
        text[strcspn(text, "\n")] = '\0';
        memcpy(copy->problem, text, sizeof(copy->problem));
    }
    if (n == 0) {
        og_loop_remove(copy->loop, copy->fd);
        (void)snprintf(copy->problem, sizeof(copy->problem),
                       "anchors are not copied: the process that copies them has ended; restart guardfs");
    }
}

int og_anchor_copy_start(const struct og_config *config, struct og_loop *loop,
                         struct og_anchor_copy **out)
{
    const struct og_config_ledger *ledger = og_config_ledger(config);
    struct og_anchor_copy *copy;
    int ends[2], r;

    *out = NULL;
    if (!ledger->anchors_file && !ledger->anchors_command)
        return 0;
    copy = calloc(1, sizeof(*copy));
    if (!copy)
        return -ENOMEM;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        r = -errno;
        free(copy);
        return r;
    }
    copy->loop = loop;
    copy->fd = ends[0];
    copy->pid = fork();
    if (copy->pid == 0)
        be_child(ledger, ends[1]);
    (void)close(ends[1]);
    r = copy->pid < 0 ? -EAGAIN : og_loop_add(loop, copy->fd, EPOLLIN, on_told, copy);
    if (r < 0) {
        (void)close(copy->fd);
        free(copy);
        return r;
    }
    *out = copy;
    return 0;
}

struct og_anchor_copy *og_anchor_copy_end(struct og_anchor_copy *copy)
{
    static const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};

    if (!copy)
        return NULL;
    (void)close(copy->fd); /* the loop is gone */
    for (int waited_ms = 0; waited_ms < END_MS; waited_ms += 10) {
        if (waitpid(copy->pid, NULL, WNOHANG) != 0)
            break;
        (void)nanosleep(&pause, NULL);
    }
    free(copy);
    return NULL;
}

int og_anchor_copy_fd(const struct og_anchor_copy *copy)
{
    return copy ? copy->fd : -1;
}

const char *og_anchor_copy_problem(const struct og_anchor_copy *copy)
{
    return copy ? copy->problem : "";
}

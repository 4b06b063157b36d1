/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fusefs/daemon.h"

#define FIRST_PASSED_FD 3

static bool is_number(const char *text, unsigned long *out)
{
    char *end;

    if (!text || *text < '0' || *text > '9')
        return false;
    *out = strtoul(text, &end, 10);
    return !*end;
}

int og_service_socket(const char *path, struct og_buf *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNSPEC};
    socklen_t n_address = sizeof(address), n = sizeof(int);
    int type = 0, is_listening = 0, flags, fd = FIRST_PASSED_FD;
    unsigned long pid, count;

    if (!is_number(getenv("LISTEN_PID"), &pid) || (pid_t)pid != getpid() ||
        !is_number(getenv("LISTEN_FDS"), &count) || count == 0)
        return -ENOENT;
    (void)unsetenv("LISTEN_PID"); /* not for children */
    (void)unsetenv("LISTEN_FDS");
    if (count != 1 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &n) < 0 ||
        type != SOCK_SEQPACKET || !is_listening ||
        getsockname(fd, (struct sockaddr *)&address, &n_address) < 0 ||
        address.sun_family != AF_UNIX ||
        strncmp(address.sun_path, path, sizeof(address.sun_path)) != 0) {
        og_buf_printf(why, "the socket that was passed is not %s (one, SOCK_SEQPACKET, listening): "
                           "see ListenSequentialPacket of the socket unit",
                      path);
        return -EINVAL;
    }
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    return fd;
}

void og_service_tell(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = path ? strlen(path) : 0;
    int fd;

    if (!n || n >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(address.sun_path, path, n);
    if (path[0] == '@') /* the abstract name space */
        address.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    (void)close(fd);
}

static uint32_t watchdog_ms;

static void alive(void *context)
{
    struct og_daemon *daemon = context;

    og_service_tell("WATCHDOG=1");
    (void)og_loop_after(daemon->loop, watchdog_ms, alive, daemon);
}

int og_service_watch(struct og_daemon *daemon)
{
    unsigned long us, pid;

    if (!is_number(getenv("WATCHDOG_USEC"), &us) || us < 2000 ||
        (is_number(getenv("WATCHDOG_PID"), &pid) && (pid_t)pid != getpid()))
        return 0;
    watchdog_ms = us / 2000 < 3600000 ? (uint32_t)(us / 2000) : 3600000;
    return og_loop_after(daemon->loop, watchdog_ms, alive, daemon) ? 0 : -ENOMEM;
}

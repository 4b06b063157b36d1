/* SPDX-License-Identifier: MIT */
/* One question on a connection of its own: who asks is what the kernel says, the token, and the target. The
 * answer brings the worker's two sockets (unix(7), SCM_RIGHTS). */
#define _GNU_SOURCE 1
#include "config.h"

#include "driver/remote_open.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/proto.h"
#include "driver/client_parts.h"

#define ASK_MS 10000

bool og_remote_has(const char *names, size_t n_bytes, const char *name)
{
    for (size_t at = 0; at < n_bytes; at += strlen(names + at) + 1)
        if (strcmp(names + at, name) == 0)
            return true;
    return false;
}

static int unreachable(const struct og_conf *conf, struct og_diag *diag, const char *why)
{
    og_diag_add(diag, OG_ERR_UNREACHABLE, true,
                "guardfs at %.300s does not answer (%s), so nothing was run; is it running? See "
                "`guardctl status`", conf->socket_path, why);
    return -1;
}

static int open_socket(const struct og_conf *conf, struct og_diag *diag)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval time = {.tv_sec = ASK_MS / 1000};
    int fd;

    if (strlen(conf->socket_path) >= sizeof(address.sun_path))
        return unreachable(conf, diag, "the socket's path is too long");
    memcpy(address.sun_path, conf->socket_path, strlen(conf->socket_path) + 1);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    /* Both ways have a deadline: a full queue of callers, and a guardfs that hangs. */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        int error = errno;

        if (fd >= 0)
            (void)close(fd);
        return unreachable(conf, diag, strerrordesc_np(error));
    }
    return fd;
}

static int ask(int fd, const struct og_conf *conf, struct og_diag *diag)
{
    const struct og_msg_broker body = {
        .version_min = OG_PROTO_VERSION_MIN,
        .version_max = OG_PROTO_VERSION,
        .product = "odbcguard " PACKAGE_VERSION,
        .target = conf->target_name,
        .dsn = conf->dsn,
        .app = conf->app,
        .purpose = conf->purpose,
        .ticket = conf->ticket,
        .token = conf->token,
        .traceparent = conf->traceparent,
    };
    struct og_buf frame;
    bool is_sent;

    og_buf_init(&frame, OG_MAX_FRAME_BYTES);
    is_sent = og_proto_encode(OG_MSG_BROKER, 1, &body, &frame) == 0 &&
              send(fd, frame.bytes, frame.n_bytes, MSG_NOSIGNAL) == (ssize_t)frame.n_bytes;
    og_buf_wipe(&frame); /* the token */
    return is_sent ? 0 : unreachable(conf, diag, "the question could not be sent");
}

/* Descriptors of a message; more than two are closed. Returns how many there were. */
static size_t take_fds(struct msghdr *msg, int fds[2])
{
    size_t n = 0;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(msg); part; part = CMSG_NXTHDR(msg, part)) {
        const unsigned char *at = CMSG_DATA(part);

        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t left = part->cmsg_len - CMSG_LEN(0); left >= sizeof(int); left -= sizeof(int)) {
            int fd;

            memcpy(&fd, at, sizeof(fd));
            at += sizeof(fd);
            if (n < 2)
                fds[n] = fd;
            else
                (void)close(fd);
            n++;
        }
    }
    return n;
}

static int understand(const struct og_conf *conf, struct og_diag *diag, const void *frame, size_t n_bytes,
                      size_t n_fds)
{
    struct og_client_error error;
    struct og_arena arena;
    struct og_msg msg;
    int r = -1;

    og_arena_init(&arena, 4u * OG_MAX_FRAME_BYTES);
    if (og_proto_decode(frame, n_bytes, &arena, &msg) != 0) {
        (void)unreachable(conf, diag, "its answer cannot be read");
    } else if (msg.kind == OG_MSG_BROKERED && n_fds == 2) {
        r = 0;
    } else if (msg.kind == OG_MSG_REFUSED) {
        og_client_error_from(&msg.as.refused, &error);
        og_diag_add(diag, error.code, true, "[broker] target %s: %s", conf->target_name, error.text);
    } else {
        (void)unreachable(conf, diag, "it has no broker: bring driver and guardfs to one version");
    }
    og_arena_release(&arena);
    return r;
}

static int take_answer(int fd, const struct og_conf *conf, struct og_diag *diag, int fds[2])
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(4 * sizeof(int))];
    } control;
    char *frame = malloc(OG_MAX_FRAME_BYTES);
    struct iovec part = {frame, OG_MAX_FRAME_BYTES};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    ssize_t n = frame ? recvmsg(fd, &msg, MSG_CMSG_CLOEXEC) : -1;
    size_t n_fds = n > 0 ? take_fds(&msg, fds) : 0;
    int r = n > 0 ? understand(conf, diag, frame, (size_t)n, n_fds)
                  : unreachable(conf, diag, n == 0 ? "it closed the connection" : "no answer in time");

    free(frame);
    for (size_t i = 0; r < 0 && i < 2 && i < n_fds; i++)
        (void)close(fds[i]);
    return r;
}

int og_remote_ask_worker(const struct og_conf *conf, struct og_diag *diag, int *fd, int *cancel_fd)
{
    int socket_fd = open_socket(conf, diag), fds[2], r;

    if (socket_fd < 0)
        return -1;
    r = ask(socket_fd, conf, diag);
    if (r == 0)
        r = take_answer(socket_fd, conf, diag, fds);
    (void)close(socket_fd);
    if (r == 0) {
        *fd = fds[0];
        *cancel_fd = fds[1];
    }
    return r;
}

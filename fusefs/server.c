/* SPDX-License-Identifier: MIT */
/* The socket: who may connect, frames in and out, and the end of a connection. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fusefs/server_parts.h"
#include "fusefs/undo_store.h"
#include "fusefs/service.h"

#define HELLO_MS 5000u
#define WORKER_HELLO_MS 60000u /* it reads its password first, which may be a command's */
/* Connections beyond the ceiling that are kept until they were told so. */
#define EXTRA_CONNECTIONS 64u
/* Frames of one connection in a row, so that one talker does not starve the others. */
#define FRAMES_AT_ONCE 64
#define MAX_PEER_BYTES (64u * 1024u)
#define MAX_FILE_BYTES (256u * 1024u * 1024u)

struct og_queued {
    struct og_queued *next;
    size_t n_bytes;
    char bytes[];
};

struct og_server {
    struct og_daemon *daemon;
    int fd;
    struct og_connection *connections;
    size_t n_connections;
    uint64_t generation; /* of the policies that was announced */
    struct og_arena arena; /* of the frame that is being handled */
    struct og_buf out;
    char *in; /* OG_MAX_FRAME_BYTES + 1 */
    bool is_passed; /* the socket came from a service manager */
};

struct og_connection *og_server_connections(struct og_daemon *daemon)
{
    return daemon->server ? daemon->server->connections : NULL;
}

void og_connection_drop(struct og_connection *connection, const char *why)
{
    if (connection->is_dropped)
        return;
    connection->is_dropped = true;
    connection->drop_why = why;
    og_loop_remove(connection->daemon->loop, connection->fd);
}

/* Returns: 0 sent; -EAGAIN; -errno. */
static int send_once(const struct og_connection *connection, const char *bytes, size_t n_bytes)
{
    ssize_t n;

    do
        n = send(connection->fd, bytes, n_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)n_bytes)
        return 0;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS))
        return -EAGAIN;
    return n < 0 ? -errno : -EMSGSIZE;
}

static void send_queue(struct og_connection *connection)
{
    int r = 0;

    while (connection->queue && r == 0) {
        struct og_queued *first = connection->queue;

        r = send_once(connection, first->bytes, first->n_bytes);
        if (r != 0)
            break;
        connection->queue = first->next;
        connection->n_queued_bytes -= first->n_bytes;
        free(first);
    }
    if (!connection->queue) {
        connection->queue_end = &connection->queue;
        r = og_loop_change(connection->daemon->loop, connection->fd, EPOLLIN);
    }
    if (r < 0 && r != -EAGAIN)
        og_connection_drop(connection, "the connection broke");
}

static void enqueue(struct og_connection *connection, const char *bytes, size_t n_bytes)
{
    struct og_queued *frame;

    if (connection->n_queued_bytes + n_bytes > OG_MAX_QUEUED_BYTES) {
        og_connection_drop(connection, "it does not read what it is sent");
        return;
    }
    frame = malloc(sizeof(*frame) + n_bytes);
    if (!frame || og_loop_change(connection->daemon->loop, connection->fd, EPOLLIN | EPOLLOUT) < 0) {
        free(frame);
        og_connection_drop(connection, "memory is short");
        return;
    }
    frame->next = NULL;
    frame->n_bytes = n_bytes;
    memcpy(frame->bytes, bytes, n_bytes);
    *connection->queue_end = frame;
    connection->queue_end = &frame->next;
    connection->n_queued_bytes += n_bytes;
}

void og_connection_send(struct og_connection *connection, enum og_msg_kind kind,
                        uint32_t correlation, const void *body)
{
    struct og_buf *out = &connection->daemon->server->out;
    int r = -EAGAIN;

    if (connection->is_dropped)
        return;
    og_buf_clear(out);
    if (og_proto_encode(kind, correlation, body, out) != 0) {
        og_connection_drop(connection, "an answer does not fit a message");
        return;
    }
    if (!connection->queue)
        r = send_once(connection, out->bytes, out->n_bytes);
    if (r == -EAGAIN)
        enqueue(connection, out->bytes, out->n_bytes);
    else if (r < 0)
        og_connection_drop(connection, "the connection broke");
}

void og_connection_refuse(struct og_connection *connection, uint32_t correlation, enum og_err error,
                          const char *reason, const char *instead)
{
    struct og_msg_refused refused = {
        .error = (uint32_t)error, .reason = reason, .instead = instead};

    if (error == OG_ERR_LIMIT)
        refused.retry_after_s = 1;
    og_connection_send(connection, OG_MSG_REFUSED, correlation, &refused);
}

void og_connection_refuse_limit(struct og_connection *connection, uint32_t correlation,
                                const struct og_limit_refusal *refusal)
{
    char instead[80];
    struct og_msg_refused refused = {.error = (uint32_t)OG_ERR_LIMIT,
                                     .reason = refusal->reason,
                                     .instead = instead,
                                     .retry_after_s = refusal->retry_after_s};

    (void)snprintf(instead, sizeof(instead), "try again in %u seconds",
                   (unsigned)refusal->retry_after_s);
    og_connection_send(connection, OG_MSG_REFUSED, correlation, &refused);
}

static void refuse_frame(struct og_connection *connection, const char *why)
{
    og_server_record_refused(connection, why);
    og_connection_refuse(connection, 0, OG_ERR_REFUSED, why,
                         "bring driver and guardfs to the same version");
    og_connection_drop(connection, why);
}

/* Returns false when there is nothing more to read now. */
static bool receive(struct og_connection *connection)
{
    struct og_server *server = connection->daemon->server;
    struct og_msg msg;
    ssize_t n = recv(connection->fd, server->in, OG_MAX_FRAME_BYTES + 1,
                     MSG_DONTWAIT | MSG_TRUNC);

    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    if (n <= 0) {
        og_connection_drop(connection, "the connection was lost");
        return false;
    }
    if (n > (ssize_t)OG_MAX_FRAME_BYTES) {
        refuse_frame(connection, "a message is too large");
        return false;
    }
    og_arena_reset(&server->arena);
    if (og_proto_decode(server->in, (size_t)n, &server->arena, &msg) != 0) {
        refuse_frame(connection, "a message cannot be read");
        return false;
    }
    if (connection->is_over) {
        og_connection_refuse(connection, msg.correlation, OG_ERR_LIMIT,
                             "too many connections to guardfs", "close some, then try again");
        og_connection_drop(connection, "too many connections");
        return false;
    }
    og_server_handle(connection, &msg);
    return true;
}

static void ready(void *context, uint32_t events)
{
    struct og_connection *connection = context;
    int n = 0;

    if (events & EPOLLOUT)
        send_queue(connection);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    while (!connection->is_dropped && n++ < FRAMES_AT_ONCE && receive(connection))
        ;
}

static void no_hello(void *context)
{
    struct og_connection *connection = context;

    connection->hello_timer = 0;
    if (!connection->is_greeted)
        og_connection_drop(connection, "it did not say hello");
}

static size_t count_uid(const struct og_server *server, uint32_t uid)
{
    size_t n = 0;

    for (const struct og_connection *c = server->connections; c; c = c->next)
        n += c->peer.uid == uid;
    return n;
}

static void release(struct og_connection *connection)
{
    og_loop_cancel(connection->daemon->loop, connection->hello_timer);
    og_loop_remove(connection->daemon->loop, connection->fd);
    og_server_forget_parked(connection);
    og_undo_connection_gone(connection);
    while (connection->queue) {
        struct og_queued *next = connection->queue->next;

        free(connection->queue);
        connection->queue = next;
    }
    while (connection->unacked) {
        struct og_unacked *next = connection->unacked->next;

        free(connection->unacked);
        connection->unacked = next;
    }
    (void)close(connection->fd);
    og_buf_release(&connection->file_text);
    og_arena_release(&connection->arena);
    free(connection->blocks);
    free(connection);
}

/* asker: NULL for a peer of its own; else who the socket speaks for. Returns: the connection, or NULL. */
static struct og_connection *welcome_peer(struct og_server *server, int fd, const struct og_peer *asker)
{
    struct og_connection *connection = calloc(1, sizeof(*connection));
    int r;

    if (!connection) {
        (void)close(fd);
        return NULL;
    }
    connection->daemon = server->daemon;
    connection->fd = fd;
    connection->queue_end = &connection->queue;
    connection->unacked_end = &connection->unacked;
    og_buf_init(&connection->file_text, MAX_FILE_BYTES);
    og_arena_init(&connection->arena, MAX_PEER_BYTES);
    connection->asker_fd = -1;
    connection->is_worker = asker != NULL;
    if (asker)
        og_peer_from_ids(asker->uid, asker->gid, asker->pid, &connection->arena, &connection->peer);
    r = asker ? 0 : og_peer_from_socket(fd, &connection->arena, &connection->peer);
    if (r == 0) {
        connection->is_over =
            server->n_connections >= OG_MAX_CONNECTIONS ||
            count_uid(server, connection->peer.uid) >= OG_MAX_CONNECTIONS_PER_UID;
        connection->hello_timer =
            og_loop_after(server->daemon->loop, asker ? WORKER_HELLO_MS : HELLO_MS, no_hello, connection);
        r = connection->hello_timer ? 0 : -ENOMEM;
    }
    if (r == 0)
        r = og_loop_add(server->daemon->loop, fd, EPOLLIN, ready, connection);
    if (r < 0 || (asker && connection->is_over)) {
        release(connection);
        return NULL;
    }
    connection->next = server->connections;
    server->connections = connection;
    server->n_connections++;
    return connection;
}

struct og_connection *og_server_adopt(struct og_daemon *daemon, int fd, const struct og_peer *peer)
{
    return welcome_peer(daemon->server, fd, peer);
}

static void accept_peers(void *context, uint32_t events OG_UNUSED)
{
    struct og_server *server = context;

    for (int i = 0; i < FRAMES_AT_ONCE; i++) {
        int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0)
            return;
        if (server->n_connections >= OG_MAX_CONNECTIONS + EXTRA_CONNECTIONS)
            (void)close(fd);
        else
            (void)welcome_peer(server, fd, NULL);
    }
}

/* The end of a round: drops what is to be dropped, and tells of new policies. */
static void end_round(void *context)
{
    struct og_server *server = context;
    struct og_daemon *daemon = server->daemon;
    uint64_t generation = og_policy_store_generation(daemon->policies);
    struct og_connection **at = &server->connections;

    if (generation != server->generation) {
        struct og_msg_event event = {.kind = "policy", .policy_generation = generation};

        server->generation = generation;
        for (struct og_connection *c = server->connections; c; c = c->next)
            if (c->session)
                og_connection_send(c, OG_MSG_EVENT, 0, &event);
    }
    while (*at) {
        struct og_connection *connection = *at;

        if (!connection->is_dropped) {
            at = &connection->next;
            continue;
        }
        if (connection->session)
            og_session_end(daemon, connection->session, "lost", connection->drop_why, NULL);
        *at = connection->next;
        server->n_connections--;
        release(connection);
    }
}

/* Whether somebody answers at the address. */
static bool is_answered(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_alive;

    if (fd < 0)
        return true;
    is_alive = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
               errno == EAGAIN || errno == EPROTOTYPE;
    (void)close(fd);
    return is_alive;
}

/* Takes a socket away that an earlier guardfs left. Returns: 0; -errno with why. */
static int clear_path(const struct sockaddr_un *address, struct og_buf *why)
{
    const char *path = address->sun_path;
    char folder[sizeof(address->sun_path)];
    struct stat info;

    memcpy(folder, path, sizeof(folder));
    if (stat(dirname(folder), &info) < 0 || !S_ISDIR(info.st_mode)) {
        og_buf_printf(why, "the folder of the socket %s does not exist; make it", path);
        return -ENOENT;
    }
    if ((info.st_mode & S_IWOTH) && !(info.st_mode & S_ISVTX)) {
        og_buf_printf(why, "anybody may replace the socket %s; take the right to write its folder "
                           "away from others", path);
        return -EPERM;
    }
    if (lstat(path, &info) < 0)
        return 0;
    if (!S_ISSOCK(info.st_mode)) {
        og_buf_printf(why, "%s is in the way of the socket; move it or choose another path", path);
        return -EEXIST;
    }
    if (is_answered(address)) {
        og_buf_printf(why, "another program answers at %s; stop it or choose another socket", path);
        return -EADDRINUSE;
    }
    return unlink(path) < 0 ? -errno : 0;
}

/* A service manager may have opened the socket: then it is its own to remove. */
static int listen_at(struct og_server *server, const char *path, struct og_buf *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int r = og_service_socket(path, why);

    if (r != -ENOENT) {
        server->fd = r < 0 ? -1 : r;
        server->is_passed = r >= 0;
        return r < 0 ? r
                     : og_loop_add(server->daemon->loop, server->fd, EPOLLIN, accept_peers, server);
    }
    if (strlen(path) >= sizeof(address.sun_path)) {
        og_buf_printf(why, "the path of the socket %s is too long (107 bytes at most)", path);
        return -ENAMETOOLONG;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    r = clear_path(&address, why);
    if (r < 0)
        return r;
    server->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Everybody may connect: peers are told apart by their credentials. */
    if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        chmod(path, 0666) < 0 || listen(server->fd, 1024) < 0)
        return -errno;
    return og_loop_add(server->daemon->loop, server->fd, EPOLLIN, accept_peers, server);
}

int og_server_open(struct og_daemon *daemon, struct og_buf *why)
{
    struct og_server *server = calloc(1, sizeof(*server));
    int r;

    if (!server)
        return -ENOMEM;
    server->daemon = daemon;
    server->fd = -1;
    server->generation = og_policy_store_generation(daemon->policies);
    og_arena_init(&server->arena, 8u * OG_MAX_FRAME_BYTES);
    og_buf_init(&server->out, OG_MAX_FRAME_BYTES);
    server->in = malloc(OG_MAX_FRAME_BYTES + 1);
    daemon->server = server;
    r = server->in ? 0 : -ENOMEM;
    /* Before the journal's call, so that the ends of sessions are in its commit. */
    if (r == 0)
        r = og_loop_at_round_end(daemon->loop, end_round, server);
    if (r == 0)
        r = og_journal_open(daemon);
    if (r == 0)
        r = listen_at(server, daemon->options.socket, why);
    if (r < 0 && !why->n_bytes)
        og_buf_printf(why, "the socket %s cannot be opened: %s", daemon->options.socket,
                      strerror(-r));
    if (r == 0)
        og_approvals_on_change(daemon->approvals, og_server_request_changed, daemon);
    return r;
}

/* Only after the loop has ended for good. */
void og_server_close(struct og_daemon *daemon)
{
    static const struct og_msg_bye bye = {.reason = "guardfs is stopping"};
    struct og_server *server = daemon->server;

    if (!server)
        return;
    if (server->fd >= 0) {
        og_loop_remove(daemon->loop, server->fd);
        (void)close(server->fd);
        if (!server->is_passed)
            (void)unlink(daemon->options.socket);
    }
    while (server->connections) {
        struct og_connection *connection = server->connections;

        if (connection->session)
            og_session_end(daemon, connection->session, "closed", "guardfs is stopping", NULL);
        og_connection_send(connection, OG_MSG_BYE, 0, &bye);
        server->connections = connection->next;
        release(connection);
    }
    og_journal_close(daemon);
    og_arena_release(&server->arena);
    og_buf_release(&server->out);
    free(server->in);
    free(server);
    daemon->server = NULL;
}

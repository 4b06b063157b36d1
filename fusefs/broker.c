/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fusefs/vault.h"

/* The ends of one session's sockets: [0] stays or goes to the client, [1] is the worker's. */
struct ends {
    int link[2], cancel[2], guardfs[2];
};

static void close_pair(int pair[2])
{
    for (size_t i = 0; i < 2; i++)
        if (pair[i] >= 0)
            (void)close(pair[i]);
}

static void close_ends(struct ends *ends)
{
    close_pair(ends->link);
    close_pair(ends->cancel);
    close_pair(ends->guardfs);
}

static int make_ends(struct ends *ends)
{
    *ends = (struct ends){{-1, -1}, {-1, -1}, {-1, -1}};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->link) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->cancel) < 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends->guardfs) < 0) {
        int error = errno;

        close_ends(ends);
        return -error;
    }
    return 0;
}

/* One packet with descriptors. Returns: 0; -errno. */
static int send_fds(int fd, const void *bytes, size_t n_bytes, const int *fds, size_t n_fds)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(3 * sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec part = {(void *)(uintptr_t)bytes, n_bytes};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                         .msg_controllen = CMSG_SPACE(n_fds * sizeof(int))};
    struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
    memcpy(CMSG_DATA(head), fds, n_fds * sizeof(int));
    if (sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n_bytes)
        return 0;
    return errno ? -errno : -EIO;
}

/* ---- the question ---- */

static const char *key_of(const struct og_config_connect *connect, const char *name)
{
    for (size_t i = 0; i < connect->n_keys; i++)
        if (strcasecmp(connect->keys[i].name, name) == 0)
            return connect->keys[i].value;
    return "";
}

static const char *system_of(const struct og_config_connect *connect)
{
    const char *file = strrchr(connect->driver, '/');

    if (strstr(file ? file : connect->driver, "psqlodbc"))
        return "postgresql";
    return strstr(file ? file : connect->driver, "sqlite") ? "sqlite" : "other_sql";
}

/* The hello of the session, with what guardfs itself knows of the target. */
static struct og_msg_hello hello_of(const struct og_msg_broker *ask,
                                    const struct og_config_connect *connect, char *server, size_t max)
{
    const char *host = key_of(connect, "Servername"), *port = key_of(connect, "Port");
    const char *file = strrchr(connect->driver, '/');

    if (!*host)
        host = key_of(connect, "Server");
    (void)snprintf(server, max, "%s%s%s", host, *port ? ":" : "", port);
    return (struct og_msg_hello){
        .version_min = ask->version_min, .version_max = ask->version_max,
        .product = ask->product, .flavour = "", .placement = "broker",
        .target = ask->target, .dsn = ask->dsn, .db_system = system_of(connect),
        .database = key_of(connect, "Database"), .server = server,
        .app = ask->app, .purpose = ask->purpose, .ticket = ask->ticket, .token = ask->token,
        .traceparent = ask->traceparent, .driver_name = file ? file + 1 : connect->driver,
        .driver_version = ""};
}

static void refuse(struct og_connection *connection, uint32_t correlation, const char *reason,
                   const char *instead)
{
    og_connection_refuse(connection, correlation, OG_ERR_CONFIG, reason, instead);
    og_connection_drop(connection, "refused");
}

/* Tells the client where its worker is. */
static int send_brokered(const struct og_connection *asker, uint32_t correlation, const char *session,
                         const struct ends *ends)
{
    const struct og_msg_brokered body = {.version = OG_PROTO_VERSION, .session = session};
    struct og_buf frame;
    int r;

    og_buf_init(&frame, OG_MAX_FRAME_BYTES);
    r = og_proto_encode(OG_MSG_BROKERED, correlation, &body, &frame);
    if (r == 0)
        r = send_fds(asker->fd, frame.bytes, frame.n_bytes,
                     (const int[]){ends->link[0], ends->cancel[0]}, 2);
    og_buf_release(&frame);
    return r == 0 ? 0 : -EIO;
}

static int ask_vault(const struct og_daemon *daemon, const char *session, const char *target,
                     const char *statement, const struct ends *ends)
{
    struct og_vault_ask ask = {.session = ""};

    (void)snprintf(ask.session, sizeof(ask.session), "%s", session);
    (void)snprintf(ask.target, sizeof(ask.target), "%s", target);
    if (snprintf(ask.statement, sizeof(ask.statement), "%s", statement) >= (int)sizeof(ask.statement))
        return -E2BIG;
    return send_fds(daemon->vault_fd, &ask, sizeof(ask),
                    (const int[]){ends->link[1], ends->cancel[1], ends->guardfs[1]}, 3);
}

/* The worker's own connection to guardfs, with its session in force before it says a word. */
static struct og_connection *open_worker_side(struct og_connection *asker, const struct og_msg *msg,
                                              const struct og_config_connect *connect, int fd)
{
    struct og_connection *side = og_server_adopt(asker->daemon, fd, &asker->peer);
    struct og_msg_refused refused;
    struct og_msg_hello hello;
    char server[1100];

    if (!side) {
        refuse(asker, msg->correlation, "guardfs has no room for another session", "try again later");
        return NULL;
    }
    hello = hello_of(&msg->as.broker, connect, server, sizeof(server));
    side->asker_fd = asker->fd;
    if (og_session_open(side, &hello, &side->arena, &side->welcome, &refused) != 0) {
        og_connection_send(asker, OG_MSG_REFUSED, msg->correlation, &refused);
        og_connection_drop(asker, "refused");
        og_connection_drop(side, "refused");
        side = NULL;
    } else {
        side->asker_fd = -1;
    }
    return side;
}

void og_broker_handle(struct og_connection *connection, const struct og_msg *msg)
{
    struct og_daemon *daemon = connection->daemon;
    const char *target = msg->as.broker.target;
    const struct og_config_connect *connect = og_config_connect(daemon->config, target);
    struct og_connection *side;
    struct ends ends;

    if (connection->is_greeted || connection->is_worker) {
        og_server_record_refused(connection, "a worker is asked for on a connection in use");
        refuse(connection, msg->correlation, "the connection is in use", "open a new connection");
        return;
    }
    connection->is_greeted = true;
    og_loop_cancel(daemon->loop, connection->hello_timer);
    connection->hello_timer = 0;
    if (!connect || daemon->vault_fd < 0) {
        refuse(connection, msg->correlation,
               "it is no data source here, and guardfs holds no credentials of it",
               "correct GuardTargetDSN, have connect of it added to guardfs' configuration (guardfs(8)), "
               "or set GuardPlacement=inline for a data source of your own");
        return;
    }
    if (make_ends(&ends) < 0) {
        refuse(connection, msg->correlation, "guardfs has no room for another session", "try again later");
        return;
    }
    side = open_worker_side(connection, msg, connect, ends.guardfs[0]);
    ends.guardfs[0] = -1; /* the connection's, or closed */
    if (side && (ask_vault(daemon, side->session->id, target, "", &ends) < 0 ||
                 send_brokered(connection, msg->correlation, side->session->id, &ends) < 0)) {
        refuse(connection, msg->correlation, "the worker of this target cannot be started",
               "try again, and see `guardctl status`");
        og_connection_drop(side, "its worker could not be started");
    }
    close_ends(&ends);
}

/* Its session, as of whoever the kernel said wrote the file. */
static struct og_connection *open_for_file(struct og_daemon *daemon, uint32_t uid,
                                           const struct og_msg_broker *ask,
                                           const struct og_config_connect *connect, int fd,
                                           const char **why)
{
    const struct og_peer peer = {.uid = uid, .gid = uid, .login_uid = uid,
                                 .exe = "", .cmd_line = "", .cgroup = ""};
    struct og_connection *side = og_server_adopt(daemon, fd, &peer);
    static char reason[512];
    struct og_msg_refused refused;
    struct og_msg_hello hello;
    char server[1100];

    *why = "guardfs has no room for another session: try again later";
    if (!side)
        return NULL;
    hello = hello_of(ask, connect, server, sizeof(server));
    if (og_session_open(side, &hello, &side->arena, &side->welcome, &refused) == 0)
        return side;
    (void)snprintf(reason, sizeof(reason), "%s", refused.reason);
    *why = reason;
    og_connection_drop(side, "refused");
    return NULL;
}

int og_broker_run(struct og_daemon *daemon, uint32_t uid, const struct og_msg_broker *ask,
                  const char *statement, int *out_link, int *out_cancel, const char **why)
{
    const struct og_config_connect *connect = og_config_connect(daemon->config, ask->target);
    struct og_connection *side;
    struct ends ends;
    int r;

    *why = "guardfs holds no credentials of this target";
    if (!connect || daemon->vault_fd < 0)
        return -EPERM;
    *why = "guardfs has no room for another session: try again later";
    r = make_ends(&ends);
    if (r < 0)
        return r;
    side = open_for_file(daemon, uid, ask, connect, ends.guardfs[0], why);
    ends.guardfs[0] = -1; /* the connection's, or closed */
    r = side ? ask_vault(daemon, side->session->id, ask->target, statement, &ends) : -EACCES;
    if (side && r < 0) {
        *why = "the worker of this target cannot be started: see `guardctl status`";
        og_connection_drop(side, "its worker could not be started");
    }
    if (r == 0) {
        *out_link = ends.link[0];
        *out_cancel = ends.cancel[0];
        ends.link[0] = ends.cancel[0] = -1;
    }
    close_ends(&ends);
    return r;
}

void og_broker_welcome(struct og_connection *connection, const struct og_msg *msg)
{
    if (connection->is_greeted || msg->as.hello.is_admin) {
        og_server_record_refused(connection, "a worker's second hello");
        og_connection_drop(connection, "a second hello");
        return;
    }
    connection->is_greeted = true;
    og_connection_send(connection, OG_MSG_WELCOME, msg->correlation, &connection->welcome);
}

/* ---- ends ---- */

static void record_end(struct og_daemon *daemon, const struct og_vault_told *told)
{
    static const struct {
        int exit_code;
        const char *text;
    } reasons[] = {
        {OG_VAULT_EXIT_SECRET, "the target's password could not be read"},
        {OG_VAULT_EXIT_ACCOUNT, "the account of run-as could not be become"},
        {OG_VAULT_EXIT_START, "the worker's program could not be started"},
        {OG_VAULT_EXIT_SYSTEM, "the system has no room for a worker"},
        {3, "its client was gone and the statement did not end in time"},
    };
    struct og_session *session = og_session_find(daemon, told->session);
    char text[128];

    if (told->exit_code == 0 || told->exit_code == 2) /* disconnected; its client went */
        return;
    (void)snprintf(text, sizeof(text), told->signal ? "the worker was ended by signal %d"
                                                    : "the worker left with code %d",
                   told->signal ? told->signal : told->exit_code);
    for (size_t i = 0; i < OG_COUNT(reasons); i++)
        if (told->exit_code == reasons[i].exit_code)
            (void)snprintf(text, sizeof(text), "%s", reasons[i].text);
    (void)og_daemon_event(daemon, session ? &session->who : NULL, "session", "worker", told->session, text,
                          NULL, 0);
    if (session && session->connection)
        og_connection_drop(session->connection, "its worker ended");
}

static void vault_ready(void *context, uint32_t events)
{
    struct og_daemon *daemon = context;
    struct og_vault_told told;
    ssize_t n;

    while ((n = recv(daemon->vault_fd, &told, sizeof(told), MSG_DONTWAIT)) == (ssize_t)sizeof(told)) {
        told.session[sizeof(told.session) - 1] = '\0';
        record_end(daemon, &told);
    }
    if (n == 0 || (events & (EPOLLHUP | EPOLLERR))) {
        (void)og_daemon_event(daemon, NULL, "daemon", "vault", "",
                              "the vault has ended: targets that guardfs opens are closed until a restart",
                              NULL, 0);
        og_loop_remove(daemon->loop, daemon->vault_fd);
        (void)close(daemon->vault_fd);
        daemon->vault_fd = -1;
    }
}

int og_broker_open(struct og_daemon *daemon)
{
    return daemon->vault_fd < 0
               ? 0
               : og_loop_add(daemon->loop, daemon->vault_fd, EPOLLIN, vault_ready, daemon);
}

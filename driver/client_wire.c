/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "driver/client_parts.h"

#define NS_PER_MS 1000000LL
#define MAX_POLL_NS (60000 * NS_PER_MS)

int64_t og_wire_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000LL + now.tv_nsec;
}

int og_wire_unreachable(const struct og_client *client, const char *why,
                        struct og_client_error *error)
{
    *error = (struct og_client_error){.code = OG_ERR_UNREACHABLE};
    (void)snprintf(error->text, sizeof(error->text),
                   "guardfs at %.300s does not answer (%s), so nothing was run; "
                   "is it running? See `guardctl status`",
                   client->socket_path, why);
    return -ECONNRESET;
}

void og_wire_lose(struct og_client *client, const char *why)
{
    if (client->is_lost)
        return;
    client->is_lost = true;
    client->is_in_session = false;
    client->lost_why = why;
    /* The number stays taken until nobody polls on it any more: og_wire_close. */
    if (client->fd >= 0)
        (void)shutdown(client->fd, SHUT_RDWR);
    (void)pthread_cond_broadcast(&client->changed);
}

void og_wire_close(struct og_client *client)
{
    og_wire_lose(client, "the connection was closed");
    while (client->n_polling > 0)
        (void)pthread_cond_wait(&client->changed, &client->lock);
    if (client->fd >= 0)
        (void)close(client->fd);
    client->fd = -1;
}

/* A non-blocking socket above the standard streams, whatever the application closed. */
static int make_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int high;

    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    (void)close(fd);
    return high;
}

static void sleep_ns(int64_t ns)
{
    struct timespec time = {.tv_sec = ns / 1000000000LL, .tv_nsec = ns % 1000000000LL};

    (void)nanosleep(&time, NULL);
}

/* A socket to guardfs that the process was started with; -1: none, or taken. */
static int passed_fd = -1;
static bool is_passed;

void og_client_pass_socket(int fd)
{
    passed_fd = fd;
    is_passed = true;
}

/* A connection that is new: nothing of an earlier one counts. */
static void adopt_socket(struct og_client *client, int fd)
{
    struct ucred peer;
    socklen_t n_peer = sizeof(peer);

    client->peer_pid = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n_peer) == 0 ? peer.pid : 0;
    client->fd = fd;
    client->epoch++;
    client->is_lost = false;
    client->n_outstanding = 0;
    client->last_correlation = 0;
    client->acked = 0;
}

int og_wire_connect(struct og_client *client, int64_t deadline_ns, struct og_client_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, e;

    og_wire_close(client);
    if (is_passed) {
        fd = passed_fd;
        passed_fd = -1;
        if (fd < 0) /* a worker's session does not outlive its guardfs */
            return og_wire_unreachable(client, "the session has ended", error);
        adopt_socket(client, fd);
        return 0;
    }
    if (strlen(client->socket_path) >= sizeof(address.sun_path))
        return og_wire_unreachable(client, "the socket's path is too long", error);
    memcpy(address.sun_path, client->socket_path, strlen(client->socket_path) + 1);
    fd = make_socket();
    if (fd < 0)
        return og_wire_unreachable(client, strerrordesc_np(errno), error);
    for (;;) {
        e = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
        /* EAGAIN: its queue of callers is full. */
        if ((e != EAGAIN && e != EINTR) || og_wire_now_ns() >= deadline_ns)
            break;
        (void)pthread_mutex_unlock(&client->lock);
        sleep_ns(5 * NS_PER_MS);
        (void)pthread_mutex_lock(&client->lock);
    }
    if (e != 0) {
        (void)close(fd);
        return og_wire_unreachable(client, strerrordesc_np(e), error);
    }
    adopt_socket(client, fd);
    return 0;
}

/* Sleeps in poll without the lock, until something happens on the socket or the time is up. */
static void poll_unlocked(struct og_client *client, short events, int64_t until_ns)
{
    struct pollfd poll_fd = {.fd = client->fd, .events = events};
    int64_t left_ns = until_ns - og_wire_now_ns();
    int timeout_ms = left_ns <= 0 ? 0
                     : left_ns > MAX_POLL_NS
                         ? (int)(MAX_POLL_NS / NS_PER_MS)
                         : (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS);

    client->n_polling++;
    (void)pthread_mutex_unlock(&client->lock);
    (void)poll(&poll_fd, 1, timeout_ms);
    (void)pthread_mutex_lock(&client->lock);
    client->n_polling--;
    (void)pthread_cond_broadcast(&client->changed);
}

/* Writes the correlation into a frame's header (common/proto.h: the kind is byte 3, the correlation
 * bytes 4 to 7). */
static void set_correlation(char *frame, uint32_t correlation)
{
    for (size_t i = 0; i < 4; i++)
        frame[4 + i] = (char)(unsigned char)(correlation >> (8 * i));
}

/* Correlations count on with every message that may be answered, over 0; intents are acknowledged
 * in their order. Outcomes and notes carry 0, so that no ACK of theirs could cover an intent. */
static uint32_t next_correlation(const struct og_client *client)
{
    uint32_t next = client->last_correlation + 1;

    return next ? next : 1;
}

static bool is_answered(const char *frame)
{
    unsigned char kind = (unsigned char)frame[3];

    return kind != OG_MSG_OUTCOME && kind != OG_MSG_NOTE && kind != OG_MSG_BYE;
}

static void note_sent(struct og_client *client, uint32_t correlation, struct og_wire_wait *wait)
{
    if (correlation)
        client->last_correlation = correlation;
    if (!wait)
        return;
    wait->correlation = correlation;
    wait->epoch = client->epoch;
    wait->next = client->waits;
    client->waits = wait;
}

/* One try. Returns: 0 sent; -EAGAIN no room; -ECONNRESET with error. */
static int send_once(struct og_client *client, const char *frame, size_t n_bytes,
                     struct og_client_error *error)
{
    ssize_t n;

    if (client->is_lost)
        return og_wire_unreachable(client, client->lost_why, error);
    do
        n = send(client->fd, frame, n_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)n_bytes)
        return 0;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS))
        return -EAGAIN;
    og_wire_lose(client, "the connection broke");
    return og_wire_unreachable(client, client->lost_why, error);
}

int og_wire_send_frame(struct og_client *client, const void *frame, size_t n_bytes,
                       struct og_wire_wait *wait, int64_t deadline_ns,
                       struct og_client_error *error)
{
    char *copy = malloc(n_bytes);
    uint64_t epoch = client->epoch;
    int r = -ENOMEM;

    if (!copy)
        return og_wire_unreachable(client, "out of memory", error);
    memcpy(copy, frame, n_bytes);
    for (;;) {
        uint32_t correlation = is_answered(copy) ? next_correlation(client) : 0;

        if (epoch != client->epoch) {
            r = og_wire_unreachable(client, "the connection broke", error);
            break;
        }
        set_correlation(copy, correlation);
        r = send_once(client, copy, n_bytes, error);
        if (r == 0)
            note_sent(client, correlation, wait);
        if (r != -EAGAIN)
            break;
        if (og_wire_now_ns() >= deadline_ns) {
            r = og_wire_unreachable(client, "it takes no more messages", error);
            break;
        }
        poll_unlocked(client, POLLOUT, deadline_ns);
        og_wire_drain(client);
    }
    explicit_bzero(copy, n_bytes);
    free(copy);
    return r;
}

int og_wire_send(struct og_client *client, enum og_msg_kind kind, const void *body,
                 struct og_wire_wait *wait, int64_t deadline_ns, struct og_client_error *error)
{
    uint32_t correlation;
    int r;

    /* The buffer is shared, so it is only used while the lock is held throughout: a queue without
     * room takes the slower way with a copy of its own. */
    og_buf_clear(&client->send_buf);
    if (og_proto_encode(kind, 0, body, &client->send_buf) != 0) {
        *error = (struct og_client_error){.code = OG_ERR_LIMIT};
        (void)snprintf(error->text, sizeof(error->text),
                       "the record of this statement does not fit a message to guardfs; "
                       "send a smaller statement");
        return -EMSGSIZE;
    }
    correlation = is_answered(client->send_buf.bytes) ? next_correlation(client) : 0;
    set_correlation(client->send_buf.bytes, correlation);
    r = send_once(client, client->send_buf.bytes, client->send_buf.n_bytes, error);
    if (r == -EAGAIN) {
        size_t n_bytes = client->send_buf.n_bytes;
        char *frame = og_buf_take(&client->send_buf);

        if (!frame)
            return og_wire_unreachable(client, "out of memory", error);
        r = og_wire_send_frame(client, frame, n_bytes, wait, deadline_ns, error);
        free(frame);
        return r;
    }
    if (r == 0)
        note_sent(client, correlation, wait);
    return r;
}

/* The order of the last intent that an ACK covers; false: it names none of ours. */
static bool covered_by(const struct og_client *client, const struct og_msg *msg, uint32_t *out)
{
    size_t n = client->n_outstanding;

    if (msg->correlation != 0) {
        *out = msg->correlation;
        return (int32_t)(client->last_correlation - msg->correlation) >= 0;
    }
    for (size_t i = 0; i < n && i < OG_WIRE_OUTSTANDING; i++) {
        size_t at = (n - 1 - i) % OG_WIRE_OUTSTANDING;

        if (strcmp(client->outstanding[at].statement, msg->as.ack.statement) == 0) {
            *out = client->outstanding[at].correlation;
            return true;
        }
    }
    return false;
}

static void take_ack(struct og_client *client, const struct og_msg *msg)
{
    uint32_t covered;

    if (!covered_by(client, msg, &covered))
        return;
    if ((int32_t)(covered - client->acked) > 0)
        client->acked = covered;
    for (struct og_wire_wait *w = client->waits; w; w = w->next)
        if (w->is_for_ack && w->epoch == client->epoch &&
            (int32_t)(client->acked - w->correlation) >= 0)
            w->is_done = true;
}

static void take_event(struct og_client *client, const struct og_msg_event *event)
{
    if (strcmp(event->kind, "policy") == 0) {
        if (event->policy_generation > client->announced_generation)
            client->announced_generation = event->policy_generation;
    } else if (strcmp(event->kind, "kill") == 0) {
        client->is_killed = true;
        (void)snprintf(client->kill_reason, sizeof(client->kill_reason), "%s", event->reason);
    } else if (strcmp(event->kind, "read-only") == 0 && client->slots) {
        client->slots->session.is_read_only = true;
    }
}

static void take_refused(struct og_client *client, const struct og_msg *msg)
{
    client->is_careful = true;
    for (struct og_wire_wait *w = client->waits; w; w = w->next)
        if (msg->correlation != 0 && w->correlation == msg->correlation &&
            w->epoch == client->epoch) {
            og_client_error_from(&msg->as.refused, &w->error);
            w->is_refused = true;
            w->is_done = true;
            return;
        }
    /* What nobody waits for was not recorded: the next statement says so instead of running. */
    if (!client->has_late_error) {
        og_client_error_from(&msg->as.refused, &client->late_error);
        client->has_late_error = true;
    }
}

static void dispatch(struct og_client *client, const struct og_msg *msg)
{
    switch (msg->kind) {
    case OG_MSG_ACK:
        take_ack(client, msg);
        break;
    case OG_MSG_EVENT:
        take_event(client, &msg->as.event);
        break;
    case OG_MSG_REFUSED:
        take_refused(client, msg);
        break;
    case OG_MSG_BYE:
        og_wire_lose(client, "guardfs is stopping");
        break;
    default:
        for (struct og_wire_wait *w = client->waits; w; w = w->next)
            if (!w->is_done && !w->is_for_ack && msg->correlation != 0 &&
                w->correlation == msg->correlation && w->epoch == client->epoch)
                w->is_done = w->take(w->context, msg);
    }
    (void)pthread_cond_broadcast(&client->changed);
}

void og_wire_drain(struct og_client *client)
{
    while (!client->is_lost) {
        struct og_msg msg;
        ssize_t n = recv(client->fd, client->receive_buf, OG_MAX_FRAME_BYTES + 1,
                         MSG_DONTWAIT | MSG_TRUNC);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n <= 0) {
            og_wire_lose(client, n == 0 ? "it closed the connection" : "the connection broke");
            return;
        }
        if (n > (ssize_t)OG_MAX_FRAME_BYTES) {
            og_wire_lose(client, "it sent a message that is too large");
            return;
        }
        og_arena_reset(&client->receive_arena);
        if (og_proto_decode(client->receive_buf, (size_t)n, &client->receive_arena, &msg) != 0) {
            og_wire_lose(client, "it sent a message that cannot be read");
            return;
        }
        dispatch(client, &msg);
    }
}

static void take_off(struct og_client *client, const struct og_wire_wait *wait)
{
    struct og_wire_wait **at = &client->waits;

    while (*at && *at != wait)
        at = &(*at)->next;
    if (*at)
        *at = wait->next;
}

static void sleep_on_condition(struct og_client *client, int64_t until_ns)
{
    struct timespec until = {.tv_sec = until_ns / 1000000000LL,
                             .tv_nsec = until_ns % 1000000000LL};

    (void)pthread_cond_timedwait(&client->changed, &client->lock, &until);
}

static int fail_killed(const struct og_client *client, struct og_client_error *error)
{
    *error = (struct og_client_error){.code = OG_ERR_DENIED};
    (void)snprintf(error->text, sizeof(error->text),
                   "this session was ended by an administrator%s%.200s; connect again if you may",
                   client->kill_reason[0] ? ": " : "", client->kill_reason);
    return -ECONNABORTED;
}

int og_wire_check(const struct og_client *client, struct og_client_error *error)
{
    if (client->is_killed)
        return fail_killed(client, error);
    if (client->is_in_session)
        return 0;
    return og_wire_unreachable(
        client, client->is_lost ? client->lost_why : "the session is being opened again", error);
}

/* Whether the wait is over, and how. Returns 1 while it is not. */
static int look(struct og_client *client, struct og_wire_wait *wait, int64_t now_ns,
                int64_t deadline_ns, const volatile bool *is_cancelled,
                struct og_client_error *error)
{
    if (wait->is_done && wait->is_refused) {
        *error = wait->error;
        return -EACCES;
    }
    if (wait->is_done)
        return 0;
    if (client->is_killed)
        return fail_killed(client, error);
    if (client->is_lost || client->epoch != wait->epoch)
        return og_wire_unreachable(
            client, client->is_lost ? client->lost_why : "the connection broke", error);
    if (is_cancelled && *is_cancelled)
        return -ECANCELED;
    if (now_ns >= deadline_ns) {
        (void)og_wire_unreachable(client, "no answer in time", error);
        return -ETIMEDOUT;
    }
    return 1;
}

int og_wire_await(struct og_client *client, struct og_wire_wait *wait, int64_t deadline_ns,
                  const volatile bool *is_cancelled, struct og_client_error *error)
{
    int r;

    for (;;) {
        int64_t now_ns = og_wire_now_ns(), until_ns = deadline_ns;

        og_wire_drain(client);
        r = look(client, wait, now_ns, deadline_ns, is_cancelled, error);
        if (r <= 0)
            break;
        if (is_cancelled && until_ns > now_ns + OG_WIRE_CANCEL_NS)
            until_ns = now_ns + OG_WIRE_CANCEL_NS;
        if (client->is_reading) {
            sleep_on_condition(client, until_ns);
        } else {
            client->is_reading = true;
            poll_unlocked(client, POLLIN, until_ns);
            client->is_reading = false;
        }
    }
    take_off(client, wait);
    /* Somebody else may have to read from now on. */
    (void)pthread_cond_broadcast(&client->changed);
    return r;
}

/* SPDX-License-Identifier: MIT */
#include "fusefs/ctl_link.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/limits.h"
#include <config.h> /* the build's, not fusefs/config.h */

#define MAX_FILE_BYTES (256u * 1024u * 1024u)

static int unreachable(const struct og_ctl_call *call, int error)
{
    const char *instead = "start guardfs, or give its socket with --socket PATH";

    if (error == EACCES || error == EPERM)
        instead = "this user may not open the socket: ask the one who runs guardfs";
    return og_ctl_fail(call, instead, "guardfs does not answer at %s: %s", call->socket_path,
                       strerror(error));
}

static int connect_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval deadline = {.tv_sec = OG_GUARD_DEADLINE_MS / 1000};
    size_t n_bytes = strlen(path);
    int fd, error;

    if (n_bytes >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, n_bytes + 1);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    error = errno;
    (void)close(fd);
    return -error;
}

static int send_frame(struct og_ctl_link *link, enum og_msg_kind kind, const void *body)
{
    struct og_buf frame;
    ssize_t n;
    int r;

    og_buf_init(&frame, OG_MAX_FRAME_BYTES);
    r = og_proto_encode(kind, ++link->correlation, body, &frame);
    if (r == 0) {
        n = send(link->fd, frame.bytes, frame.n_bytes, MSG_NOSIGNAL);
        r = n < 0 ? -errno : 0;
    } else {
        r = -EMSGSIZE;
    }
    og_buf_release(&frame);
    return r;
}

/* Waits for the frame that answers ours; what guardfs pushes unasked is passed over. */
static int receive_frame(struct og_ctl_link *link, struct og_arena *arena, struct og_msg *out)
{
    char *frame = malloc(OG_MAX_FRAME_BYTES);
    int r = frame ? 0 : -ENOMEM;

    while (r == 0) {
        struct pollfd ready = {.fd = link->fd, .events = POLLIN};
        ssize_t n;

        r = poll(&ready, 1, OG_GUARD_DEADLINE_MS);
        if (r < 0 && errno == EINTR) {
            r = 0;
            continue;
        }
        if (r <= 0) {
            r = r < 0 ? -errno : -ETIMEDOUT;
            break;
        }
        n = recv(link->fd, frame, OG_MAX_FRAME_BYTES, 0);
        if (n <= 0) {
            r = n < 0 ? -errno : -ECONNRESET;
            break;
        }
        r = og_proto_decode(frame, (size_t)n, arena, out);
        if (r > 0)
            r = -EPROTO;
        if (r == 0 && out->correlation == link->correlation)
            break;
    }
    free(frame);
    return r;
}

int og_ctl_link_ask(const struct og_ctl_call *call, struct og_ctl_link *link,
                    enum og_msg_kind kind, const void *body, struct og_arena *arena,
                    struct og_msg *out)
{
    int r = send_frame(link, kind, body);

    if (r == 0)
        r = receive_frame(link, arena, out);
    if (r < 0)
        return unreachable(call, -r);
    if (out->kind == OG_MSG_REFUSED) {
        const struct og_msg_refused *refused = &out->as.refused;

        return og_ctl_fail(call, *refused->instead ? refused->instead : NULL,
                           "guardfs refuses: %s", refused->reason);
    }
    return OG_CTL_OK;
}

int og_ctl_link_open(const struct og_ctl_call *call, struct og_ctl_link *out)
{
    struct og_msg_hello hello = {
        .version_min = OG_PROTO_VERSION_MIN,
        .version_max = OG_PROTO_VERSION,
        .is_admin = 1,
        .product = "odbcguard " PACKAGE_VERSION,
        .app = "guardctl",
    };
    struct og_arena arena;
    struct og_msg answer;
    int r;

    out->correlation = 0;
    out->fd = connect_socket(call->socket_path);
    if (out->fd < 0)
        return unreachable(call, -out->fd);
    og_arena_init(&arena, OG_MAX_FRAME_BYTES * 4);
    r = og_ctl_link_ask(call, out, OG_MSG_HELLO, &hello, &arena, &answer);
    if (r == OG_CTL_OK && answer.kind != OG_MSG_WELCOME)
        r = og_ctl_fail(call, "is another program listening there?",
                        "%s answered hello with %s", call->socket_path,
                        og_msg_word(answer.kind));
    og_arena_release(&arena);
    if (r != OG_CTL_OK)
        og_ctl_link_close(out);
    return r;
}

void og_ctl_link_close(struct og_ctl_link *link)
{
    static const struct og_msg_bye bye = {.reason = "done"};

    if (link->fd < 0)
        return;
    (void)send_frame(link, OG_MSG_BYE, &bye);
    (void)close(link->fd);
    link->fd = -1;
}

/* One part of a file; the answer hangs in arena. */
static int get_part(const struct og_ctl_call *call, struct og_ctl_link *link, const char *path,
                    uint64_t offset, struct og_arena *arena, struct og_msg *answer)
{
    struct og_msg_file_get get = {.path = path, .offset = offset};
    int r = og_ctl_link_ask(call, link, OG_MSG_FILE_GET, &get, arena, answer);

    if (r != OG_CTL_OK)
        return -EIO;
    if (answer->kind != OG_MSG_FILE) {
        (void)og_ctl_fail(call, NULL, "guardfs answered file_get with %s",
                          og_msg_word(answer->kind));
        return -EPROTO;
    }
    return (int)answer->as.file.errno_value;
}

static void take_names(const struct og_list *names, struct og_arena *arena, struct og_ctl_file *out)
{
    const char **items = og_arena_array(arena, names->n_items + 1, sizeof(*items));

    for (size_t i = 0; items && i < names->n_items; i++)
        items[i] = og_arena_strdup(arena, names->items[i]);
    out->is_folder = true;
    out->names = (struct og_list){.items = items, .n_items = items ? names->n_items : 0};
}

int og_ctl_link_read(const struct og_ctl_call *call, struct og_ctl_link *link, const char *path,
                     uint64_t offset, struct og_arena *arena, og_ctl_take *take, void *context,
                     struct og_ctl_file *out)
{
    struct og_arena part_arena;
    struct og_msg answer;
    int r;

    memset(out, 0, sizeof(*out));
    out->reason = "";
    while (*path == '/')
        path++;
    og_arena_init(&part_arena, OG_MAX_FRAME_BYTES * 4);
    for (;;) {
        const struct og_bytes *text = &answer.as.file.text;

        og_arena_reset(&part_arena);
        r = get_part(call, link, path, offset, &part_arena, &answer);
        if (r > 0)
            out->reason = og_arena_strdup(arena, answer.as.file.reason);
        if (r)
            break;
        if (answer.as.file.is_folder) {
            take_names(&answer.as.file.names, arena, out);
            break;
        }
        out->size = answer.as.file.size;
        r = take(context, text);
        offset += text->n_bytes;
        if (r || text->n_bytes == 0 || offset >= answer.as.file.size)
            break;
    }
    og_arena_release(&part_arena);
    return r;
}

static int append_part(void *context, const struct og_bytes *part)
{
    struct og_ctl_file *out = context;
    char *larger;

    if (out->n_bytes + part->n_bytes > MAX_FILE_BYTES)
        return EFBIG;
    larger = realloc(out->text, out->n_bytes + part->n_bytes + 1);
    if (!larger)
        return ENOMEM;
    if (part->n_bytes)
        memcpy(larger + out->n_bytes, part->bytes, part->n_bytes);
    out->text = larger;
    out->n_bytes += part->n_bytes;
    out->text[out->n_bytes] = '\0';
    return 0;
}

int og_ctl_link_get(const struct og_ctl_call *call, struct og_ctl_link *link, const char *path,
                    uint64_t offset, struct og_arena *arena, struct og_ctl_file *out)
{
    struct og_ctl_file whole = {.text = NULL};
    int r = og_ctl_link_read(call, link, path, offset, arena, append_part, &whole, out);

    if (r) {
        free(whole.text);
        return r;
    }
    out->text = whole.text;
    out->n_bytes = whole.n_bytes;
    return 0;
}

int og_ctl_link_put(const struct og_ctl_call *call, struct og_ctl_link *link, const char *path,
                    const char *text, size_t n_bytes, struct og_arena *arena, const char **reason)
{
    struct og_msg_file_put put = {
        .path = path, .text = {.bytes = (const uint8_t *)text, .n_bytes = n_bytes}};
    struct og_msg answer;

    *reason = "";
    if (og_ctl_link_ask(call, link, OG_MSG_FILE_PUT, &put, arena, &answer) != OG_CTL_OK)
        return -EIO;
    if (answer.kind != OG_MSG_FILE) {
        (void)og_ctl_fail(call, NULL, "guardfs answered file_put with %s",
                          og_msg_word(answer.kind));
        return -EPROTO;
    }
    *reason = answer.as.file.reason;
    return (int)answer.as.file.errno_value;
}

int og_ctl_link_tell(const struct og_ctl_call *call, const char *path, int error,
                     const char *reason)
{
    const char *instead = NULL;
    bool is_answer = error == EACCES || error == EPERM || error == ENOENT;

    if (error < 0)
        return OG_CTL_ERROR; /* told where it happened */
    if (error == ENOENT)
        instead = "'guardctl ls' shows what there is";
    else if (error == EACCES)
        instead = "another uid may: guardfs' configuration says who";
    (void)og_ctl_fail(call, instead, "%s: %s%s%s", path, strerror(error),
                      reason && *reason ? ": " : "", reason ? reason : "");
    return is_answer ? OG_CTL_NO : OG_CTL_ERROR;
}

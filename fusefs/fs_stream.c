/* SPDX-License-Identifier: MIT */
/* audit/stream: the ledger's new lines as they come, for many readers. Each reader has a place in the
 * ledger's own files, so a slow one costs nothing and loses nothing; it may only fall behind. A read waits
 * until there is a line; it can be interrupted, and O_NONBLOCK and poll(2) work. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fusefs/chain.h"
#include "fusefs/fs_parts.h"

/* One read hands out at most this much. */
#define MAX_READ_BYTES (128u * 1024u)

struct og_stream {
    struct og_stream *next;
    struct og_fs *fs;
    char day[OG_DAY_BYTES]; /* "" before the ledger's first line */
    uint64_t offset;
    int fd;            /* of the day's file, -1: not open yet */
    fuse_req_t waiting; /* a read that waits, or NULL */
    size_t n_wanted;
    struct fuse_pollhandle *poll;
};

static void open_day(struct og_stream *stream, const char *day)
{
    char path[4200];

    if (stream->fd >= 0)
        (void)close(stream->fd);
    (void)snprintf(stream->day, sizeof(stream->day), "%s", day);
    (void)snprintf(path, sizeof(path), "%s/%s.jsonl", og_ledger_folder(stream->fs->daemon->ledger),
                   day);
    stream->fd = *day ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    stream->offset = 0;
}

struct og_stream *og_stream_open(struct og_fs *fs)
{
    struct og_stream *stream = calloc(1, sizeof(*stream));
    struct stat st;

    if (!stream)
        return NULL;
    stream->fs = fs;
    stream->fd = -1;
    open_day(stream, og_ledger_day(fs->daemon->ledger));
    if (stream->fd >= 0 && fstat(stream->fd, &st) == 0)
        stream->offset = (uint64_t)st.st_size;
    stream->next = fs->streams;
    fs->streams = stream;
    return stream;
}

void og_stream_close(struct og_stream *stream)
{
    struct og_stream **at = &stream->fs->streams;

    while (*at != stream)
        at = &(*at)->next;
    *at = stream->next;
    if (stream->waiting)
        (void)fuse_reply_err(stream->waiting, EINTR);
    if (stream->poll)
        fuse_pollhandle_destroy(stream->poll);
    if (stream->fd >= 0)
        (void)close(stream->fd);
    free(stream);
}

/* Bytes of whole lines after the stream's place. Returns how many were read. */
static size_t read_lines(struct og_stream *stream, char *bytes, size_t max_bytes)
{
    const char *today = og_ledger_day(stream->fs->daemon->ledger);
    const char *last;
    ssize_t n;

    for (;;) {
        if (stream->fd < 0 && strcmp(stream->day, today) <= 0)
            open_day(stream, today);
        n = stream->fd >= 0 ? pread(stream->fd, bytes, max_bytes, (off_t)stream->offset) : 0;
        if (n > 0 || strcmp(stream->day, today) == 0)
            break;
        open_day(stream, today); /* that day is over */
        if (stream->fd < 0)
            break;
    }
    last = n > 0 ? memrchr(bytes, '\n', (size_t)n) : NULL;
    return last ? (size_t)(last - bytes) + 1 : n > 0 ? (size_t)n : 0;
}

/* Answers a read that waits, if there is something. */
static void answer(struct og_stream *stream)
{
    size_t max = stream->n_wanted < MAX_READ_BYTES ? stream->n_wanted : MAX_READ_BYTES;
    char *bytes = malloc(max ? max : 1);
    size_t n = bytes ? read_lines(stream, bytes, max) : 0;
    fuse_req_t req = stream->waiting;

    if (n) {
        stream->waiting = NULL;
        fuse_req_interrupt_func(req, NULL, NULL);
        if (fuse_reply_buf(req, bytes, n) == 0)
            stream->offset += n;
    }
    free(bytes);
}

static void interrupted(fuse_req_t req, void *data)
{
    struct og_stream *stream = data;

    if (stream->waiting == req) {
        stream->waiting = NULL;
        (void)fuse_reply_err(req, EINTR);
    }
}

void og_stream_read(struct og_stream *stream, fuse_req_t req, size_t size, bool is_nonblocking)
{
    if (stream->waiting) { /* two readers of one descriptor */
        (void)fuse_reply_err(req, EBUSY);
        return;
    }
    stream->waiting = req;
    stream->n_wanted = size;
    answer(stream);
    if (!stream->waiting)
        return;
    if (is_nonblocking) {
        stream->waiting = NULL;
        (void)fuse_reply_err(req, EAGAIN);
        return;
    }
    fuse_req_interrupt_func(req, interrupted, stream);
}

static bool has_lines(struct og_stream *stream)
{
    char byte;
    const char *today = og_ledger_day(stream->fs->daemon->ledger);

    return (stream->fd >= 0 && pread(stream->fd, &byte, 1, (off_t)stream->offset) == 1) ||
           strcmp(stream->day, today) != 0;
}

void og_stream_poll(struct og_stream *stream, fuse_req_t req, struct fuse_pollhandle *handle)
{
    if (handle) {
        if (stream->poll)
            fuse_pollhandle_destroy(stream->poll);
        stream->poll = handle;
    }
    (void)fuse_reply_poll(req, has_lines(stream) ? POLLIN | POLLRDNORM : 0);
}

void og_streams_wake(struct og_fs *fs)
{
    for (struct og_stream *stream = fs->streams; stream; stream = stream->next) {
        if (stream->waiting)
            answer(stream);
        if (stream->poll && has_lines(stream)) {
            (void)fuse_lowlevel_notify_poll(stream->poll);
            fuse_pollhandle_destroy(stream->poll);
            stream->poll = NULL;
        }
    }
}

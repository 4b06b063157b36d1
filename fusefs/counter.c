/* SPDX-License-Identifier: MIT */
/* STATE/counters: for each kind the first number that was never promised, as "r 1000\n". What is written
 * is always ahead of what is handed out, so a crash loses numbers and repeats none. */
#define _GNU_SOURCE 1
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fusefs/daemon.h"

#define AHEAD 1000u
#define MAX_NUMBER (UINT64_C(1) << 50) /* ids repeat beyond it */

static const char kinds[] = {OG_ID_REQUEST, OG_ID_SESSION, OG_ID_STATEMENT, OG_ID_UNDO};

/* The one counter file of this process: guardfs holds one state folder. */
static struct {
    bool is_loaded;
    uint64_t next[OG_COUNT(kinds)];     /* to hand out */
    uint64_t reserved[OG_COUNT(kinds)]; /* as the file says */
} counters;

static int read_text(const char *path, char *out, size_t max_bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = read(fd, out, max_bytes - 1);
    (void)close(fd);
    if (n < 0)
        return -EIO;
    out[n] = '\0';
    return 0;
}

/* A file that cannot be understood is an error: starting again at 1 would repeat numbers. */
static int load(const char *path)
{
    char text[256];
    int r = read_text(path, text, sizeof(text));

    for (size_t k = 0; k < OG_COUNT(kinds); k++)
        counters.reserved[k] = 1;
    if (r == 0) {
        const char *at = text;

        for (size_t k = 0; k < OG_COUNT(kinds); k++) {
            char *end;

            if (!*at && kinds[k] == OG_ID_UNDO) /* written before there were any */
                break;
            if (at[0] != kinds[k] || at[1] != ' ' || !isdigit((unsigned char)at[2]))
                return -EBADMSG;
            counters.reserved[k] = strtoull(at + 2, &end, 10);
            if (*end != '\n' || counters.reserved[k] == 0 || counters.reserved[k] > MAX_NUMBER)
                return -EBADMSG;
            at = end + 1;
        }
    } else if (r != -ENOENT) {
        return r;
    }
    memcpy(counters.next, counters.reserved, sizeof(counters.next));
    counters.is_loaded = true;
    return 0;
}

static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

    if (fd < 0)
        return -errno;
    r = fsync(fd) < 0 ? -errno : 0;
    (void)close(fd);
    return r;
}

static int store(const char *folder, const char *path, const uint64_t *reserved)
{
    char temporary[4200], text[256];
    size_t n = 0;
    int fd, r = 0;

    for (size_t k = 0; k < OG_COUNT(kinds); k++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%c %" PRIu64 "\n", kinds[k],
                              reserved[k]);
    (void)snprintf(temporary, sizeof(temporary), "%s.new", path);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    if (write(fd, text, n) != (ssize_t)n)
        r = errno ? -errno : -EIO;
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && rename(temporary, path) < 0)
        r = -errno;
    if (r < 0) {
        (void)unlink(temporary);
        return r;
    }
    return sync_folder(folder);
}

int og_daemon_take_numbers(struct og_daemon *daemon, char kind, uint64_t n, uint64_t *out)
{
    char path[4096];
    size_t k = 0;
    int r;

    while (k < OG_COUNT(kinds) && kinds[k] != kind)
        k++;
    if (k == OG_COUNT(kinds) || n == 0 || n > MAX_NUMBER)
        return -EINVAL;
    if ((size_t)snprintf(path, sizeof(path), "%s/counters", daemon->options.state) >= sizeof(path))
        return -ENAMETOOLONG;
    r = counters.is_loaded ? 0 : load(path);
    if (r < 0)
        return r;
    if (counters.next[k] > MAX_NUMBER - n)
        return -EOVERFLOW;
    if (counters.next[k] + n > counters.reserved[k]) {
        uint64_t reserved[OG_COUNT(kinds)];

        memcpy(reserved, counters.reserved, sizeof(reserved));
        /* Statements go in blocks of many: a hundred thousand ahead. */
        reserved[k] = counters.next[k] + n + (kind == OG_ID_STATEMENT ? 100u : 1u) * AHEAD;
        if (reserved[k] > MAX_NUMBER)
            reserved[k] = MAX_NUMBER;
        r = store(daemon->options.state, path, reserved);
        if (r < 0)
            return r;
        memcpy(counters.reserved, reserved, sizeof(reserved));
    }
    *out = counters.next[k];
    counters.next[k] += n;
    return 0;
}

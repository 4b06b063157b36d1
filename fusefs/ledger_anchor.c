/* SPDX-License-Identifier: MIT */
/* Signed anchors beside the day's ledger file. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fusefs/ledger_parts.h"

#define NAME_BYTES 32u

static void anchors_name(const char *day, char out[static NAME_BYTES])
{
    (void)snprintf(out, NAME_BYTES, "%.10s.anchors", day);
}

int og_ledger_open_anchors(struct og_ledger *ledger)
{
    char name[NAME_BYTES];
    int fd;

    if (ledger->anchors_fd >= 0)
        return 0;
    anchors_name(ledger->day, name);
    fd = openat(ledger->audit_fd, name,
                O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return -errno;
    ledger->anchors_fd = fd;
    return fsync(ledger->audit_fd) == 0 ? 0 : -errno;
}

int og_ledger_last_anchor(const struct og_ledger *ledger, const char *day, bool is_cut,
                          struct og_anchor *out)
{
    char name[NAME_BYTES], block[2 * OG_ANCHOR_LINE_BYTES];
    struct stat info;
    const char *end, *start;
    ssize_t n;
    off_t from;
    int fd, r = 1;

    anchors_name(day, name);
    fd = openat(ledger->audit_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? 1 : -errno;
    from = fstat(fd, &info) == 0 && info.st_size > (off_t)sizeof(block)
               ? info.st_size - (off_t)sizeof(block)
               : 0;
    n = pread(fd, block, sizeof(block), from);
    if (n < 0)
        r = -errno;
    end = n > 0 ? memrchr(block, '\n', (size_t)n) : NULL;
    if (end) {
        start = memrchr(block, '\n', (size_t)(end - block));
        start = start ? start + 1 : block;
        r = og_anchor_parse(start, (size_t)(end - start) + 1, out) ? 0 : 2;
    } else if (n > 0 && from > 0) {
        r = 2;
    }
    if (r >= 0 && r < 2 && n > 0 && is_cut) {
        off_t good = end ? from + (end - block) + 1 : 0;

        if (good != from + n && (ftruncate(fd, good) != 0 || fsync(fd) != 0))
            r = -errno;
    }
    (void)close(fd);
    return r;
}

/* Anchors that outlive their lines would make an honest ledger look cut, so the lines are made
 * durable first. */
int og_ledger_anchor(struct og_ledger *ledger, int64_t min_age_ms)
{
    int64_t now = og_ledger_now_ms();
    struct og_anchor anchor = {.unix_ms = now, .epoch = ledger->epoch};
    char line[OG_ANCHOR_LINE_BYTES];
    struct stat info;
    size_t n_bytes;
    int64_t age = now - ledger->anchored_ms;
    int r;

    if (!ledger->disk.is_begun || ledger->disk.sequence == ledger->anchored || !ledger->day[0] ||
        (age >= 0 && age < min_age_ms))
        return 0;
    r = og_ledger_sync(ledger);
    if (r)
        return r;
    anchor.sequence = ledger->disk.sequence;
    memcpy(anchor.hash, ledger->disk.hash, sizeof(anchor.hash));
    r = og_ledger_sign(ledger, &anchor);
    if (r == 0)
        r = og_ledger_open_anchors(ledger);
    if (r)
        return r;
    if (fstat(ledger->anchors_fd, &info) != 0)
        return -errno;
    n_bytes = og_anchor_line(&anchor, line);
    r = og_ledger_write_all(ledger->anchors_fd, line, n_bytes);
    if (r) {
        if (ftruncate(ledger->anchors_fd, info.st_size) != 0)
            ledger->is_dead = true;
        return r;
    }
    if (ledger->copy_fd >= 0)
        (void)send(ledger->copy_fd, line, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    ledger->anchored = anchor.sequence;
    ledger->anchored_ms = now;
    return 0;
}

void og_ledger_copy_anchors(struct og_ledger *ledger, int fd)
{
    ledger->copy_fd = fd;
}

/* SPDX-License-Identifier: MIT */
/* The ledger's writer: queue, files by day, what to do when the disk refuses. */
#define _GNU_SOURCE 1
#include "fusefs/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/limits.h"
#include "fusefs/ledger_parts.h"

int64_t og_ledger_now_ms(void)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The line that the next one follows: the last queued, else the last on disk. */
static const char *last_hash(const struct og_ledger *ledger)
{
    if (ledger->n_queued)
        return ledger->queued[ledger->n_queued - 1].hash;
    return ledger->disk.is_begun ? ledger->disk.hash : OG_CHAIN_ZERO;
}

static const char *last_day(const struct og_ledger *ledger)
{
    return ledger->n_queued ? ledger->queued[ledger->n_queued - 1].day : ledger->day;
}

void og_ledger_next(struct og_ledger *ledger, struct og_ledger_head *out)
{
    ledger->head.sequence = ledger->disk.sequence + ledger->n_queued + 1;
    memcpy(ledger->head.previous, last_hash(ledger), sizeof(ledger->head.previous));
    ledger->head.unix_ms = og_ledger_now_ms();
    *out = ledger->head;
}

static bool is_for_head(const struct og_ledger *ledger, const char *line, size_t n_bytes)
{
    char sequence[48];
    int n = snprintf(sequence, sizeof(sequence), "\"sequence\":%llu,",
                     (unsigned long long)(ledger->disk.sequence + ledger->n_queued + 1));

    return n_bytes > 1 && memchr(line, '\n', n_bytes) == line + n_bytes - 1 &&
           !memchr(line, '\0', n_bytes) && memmem(line, n_bytes, sequence, (size_t)n) &&
           memmem(line, n_bytes, last_hash(ledger), OG_SHA256_HEX_BYTES - 1);
}

static int add_queued(struct og_ledger *ledger, const char *line, size_t n_bytes)
{
    struct og_queued *item;
    uint8_t digest[OG_SHA256_BYTES];
    char day[OG_DAY_BYTES];
    int r = og_hash_sha256(line, n_bytes, digest);

    if (r)
        return r;
    if (ledger->n_queued == ledger->max_queued) {
        size_t more = ledger->max_queued ? ledger->max_queued * 2 : 64;
        void *items = realloc(ledger->queued, more * sizeof(*item));

        if (!items)
            return -ENOMEM;
        ledger->queued = items;
        ledger->max_queued = more;
    }
    /* A clock that is set back must not reopen an older file: days only go forward. */
    og_day_format(ledger->head.unix_ms, day);
    if (strcmp(day, last_day(ledger)) < 0)
        memcpy(day, last_day(ledger), sizeof(day));
    og_buf_append(&ledger->queue, line, n_bytes);
    if (og_buf_is_failed(&ledger->queue)) {
        ledger->queue.is_failed = false; /* a failed append leaves the bytes as they were */
        return -ENOBUFS;
    }
    item = &ledger->queued[ledger->n_queued++];
    item->n_bytes = n_bytes;
    memcpy(item->day, day, sizeof(item->day));
    og_hash_hex(digest, item->hash);
    return 0;
}

int og_ledger_append(struct og_ledger *ledger, const char *line, size_t n_bytes)
{
    int r;

    if (ledger->is_dead)
        return ledger->error ? ledger->error : -EIO;
    if (n_bytes > OG_MAX_RECORD_BYTES)
        return -EMSGSIZE;
    if (!is_for_head(ledger, line, n_bytes))
        return -EINVAL;
    r = add_queued(ledger, line, n_bytes);
    /* After a refusal each record is its own attempt, so that nobody is told yes too early. */
    if (r == 0 && ledger->error)
        r = og_ledger_flush(ledger);
    return r;
}

/* Makes the file of a new day and leaves the old one complete, durable and anchored. */
static int open_day(struct og_ledger *ledger, const char *day)
{
    char name[32];
    int fd, r;

    if (ledger->file_fd >= 0 && strcmp(ledger->day, day) == 0)
        return 0;
    if (ledger->file_fd >= 0) {
        r = og_ledger_anchor(ledger, 0);
        if (r == 0)
            r = og_ledger_sync(ledger);
        if (r)
            return r;
    }
    (void)snprintf(name, sizeof(name), "%.10s.jsonl", day);
    fd = openat(ledger->audit_fd, name,
                O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return -errno;
    if (ledger->file_fd >= 0)
        (void)close(ledger->file_fd);
    if (ledger->anchors_fd >= 0) {
        (void)fsync(ledger->anchors_fd);
        (void)close(ledger->anchors_fd);
    }
    ledger->file_fd = fd;
    ledger->anchors_fd = -1;
    ledger->file_bytes = 0;
    memcpy(ledger->day, day, sizeof(ledger->day));
    if (fchmod(fd, 0640) != 0 || fsync(ledger->audit_fd) != 0)
        return -errno;
    return 0;
}

/* Somebody else's hand in the file: going on would bury it. */
static int check_file(struct og_ledger *ledger)
{
    struct stat info;

    if (fstat(ledger->file_fd, &info) != 0)
        return -errno;
    if (info.st_nlink && (uint64_t)info.st_size == ledger->file_bytes)
        return 0;
    ledger->is_dead = true;
    return -ESTALE;
}

/* Takes n lines as written. */
static void count_written(struct og_ledger *ledger, const struct og_queued *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ledger->file_bytes += items[i].n_bytes;
        ledger->disk.sequence++;
        ledger->disk.is_begun = true;
        memcpy(ledger->disk.hash, items[i].hash, sizeof(ledger->disk.hash));
    }
}

/* Lines of one day. On failure whole lines that were written count, a torn one is cut off. */
static int write_lines(struct og_ledger *ledger, const char *bytes, const struct og_queued *items,
                       size_t n_items, size_t n_bytes)
{
    size_t n_done = 0, n_whole = 0, n_lines = 0;
    int r = 0;

    while (n_done < n_bytes && r == 0) {
        ssize_t n = write(ledger->file_fd, bytes + n_done, n_bytes - n_done);

        if (n > 0)
            n_done += (size_t)n;
        else if (n == 0)
            r = -EIO;
        else if (errno != EINTR)
            r = -errno;
    }
    while (n_lines < n_items && n_whole + items[n_lines].n_bytes <= n_done)
        n_whole += items[n_lines++].n_bytes;
    count_written(ledger, items, n_lines);
    if (n_whole != n_done && ftruncate(ledger->file_fd, (off_t)ledger->file_bytes) != 0)
        ledger->is_dead = true;
    return r;
}

int og_ledger_flush(struct og_ledger *ledger)
{
    size_t i = 0, at = 0;
    int r = 0;

    if (ledger->is_dead && !ledger->n_queued)
        return ledger->error ? ledger->error : -EIO;
    if (!ledger->n_queued)
        return 0;
    if (ledger->is_dead)
        r = ledger->error ? ledger->error : -EIO;
    while (i < ledger->n_queued && r == 0) {
        size_t n_items = 0, n_bytes = 0;

        while (i + n_items < ledger->n_queued &&
               strcmp(ledger->queued[i + n_items].day, ledger->queued[i].day) == 0)
            n_bytes += ledger->queued[i + n_items++].n_bytes;
        r = open_day(ledger, ledger->queued[i].day);
        if (r == 0)
            r = check_file(ledger);
        if (r == 0)
            r = write_lines(ledger, ledger->queue.bytes + at, ledger->queued + i, n_items,
                            n_bytes);
        i += n_items;
        at += n_bytes;
    }
    ledger->n_queued = 0;
    og_buf_clear(&ledger->queue);
    ledger->error = r;
    if (r)
        ledger->failed_from = ledger->disk.sequence + 1;
    return r;
}

/* After a failed fdatasync the kernel may have forgotten the pages: nothing after it can be trusted
 * until the file was read again. */
int og_ledger_sync(struct og_ledger *ledger)
{
    if (ledger->is_dead)
        return ledger->error ? ledger->error : -EIO;
    if (ledger->file_fd < 0 || ledger->durable == ledger->disk.sequence)
        return 0;
    if (fdatasync(ledger->file_fd) != 0) {
        ledger->error = -errno;
        ledger->is_dead = true;
        return ledger->error;
    }
    ledger->durable = ledger->disk.sequence;
    return 0;
}

struct og_ledger *og_ledger_close(struct og_ledger *ledger)
{
    if (!ledger)
        return NULL;
    if (ledger->key) { /* it was opened whole */
        int r = og_ledger_flush(ledger);

        if (r == 0)
            r = og_ledger_sync(ledger);
        if (r == 0)
            r = og_ledger_anchor(ledger, 0);
        if (r == 0 && ledger->anchors_fd >= 0)
            (void)fsync(ledger->anchors_fd);
    }
    EVP_PKEY_free(ledger->key);
    if (ledger->anchors_fd >= 0)
        (void)close(ledger->anchors_fd);
    if (ledger->file_fd >= 0)
        (void)close(ledger->file_fd);
    if (ledger->audit_fd >= 0)
        (void)close(ledger->audit_fd);
    if (ledger->state_fd >= 0)
        (void)close(ledger->state_fd);
    if (ledger->lock_fd >= 0)
        (void)close(ledger->lock_fd);
    og_buf_release(&ledger->queue);
    free(ledger->queued);
    free(ledger->folder);
    explicit_bzero(ledger, sizeof(*ledger));
    free(ledger);
    return NULL;
}

uint64_t og_ledger_written(const struct og_ledger *ledger)
{
    return ledger->disk.sequence;
}

uint64_t og_ledger_durable(const struct og_ledger *ledger)
{
    return ledger->durable;
}

int og_ledger_error(const struct og_ledger *ledger)
{
    return ledger->error;
}

uint64_t og_ledger_failed_from(const struct og_ledger *ledger)
{
    return ledger->failed_from;
}

uint64_t og_ledger_cut_bytes(const struct og_ledger *ledger)
{
    return ledger->n_cut_bytes;
}

uint64_t og_ledger_epoch(const struct og_ledger *ledger)
{
    return ledger->epoch;
}

const char *og_ledger_last_hash(const struct og_ledger *ledger)
{
    return last_hash(ledger);
}

const char *og_ledger_day(const struct og_ledger *ledger)
{
    return last_day(ledger);
}

const char *og_ledger_folder(const struct og_ledger *ledger)
{
    return ledger->folder;
}

/* SPDX-License-Identifier: MIT */
/* Opening a ledger: the lock, the keys, the end of the chain, the epoch. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/limits.h"
#include "fusefs/ledger_parts.h"

/* How much of the last file is checked again at open; `guardctl verify` checks all. */
#define TAIL_BYTES (4u * 1024u * 1024u)

int og_ledger_write_all(int fd, const void *bytes, size_t n_bytes)
{
    const char *at = bytes;

    while (n_bytes) {
        ssize_t n = write(fd, at, n_bytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        at += n;
        n_bytes -= (size_t)n;
    }
    return 0;
}

int og_ledger_put_file(int folder_fd, const char *name, unsigned mode, const void *bytes,
                       size_t n_bytes)
{
    char other[64];
    int fd, r;

    (void)snprintf(other, sizeof(other), ".%.50s.new", name);
    if (unlinkat(folder_fd, other, 0) != 0 && errno != ENOENT)
        return -errno;
    fd = openat(folder_fd, other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return -errno;
    r = og_ledger_write_all(fd, bytes, n_bytes);
    if (r == 0 && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
        r = -errno;
    if (close(fd) != 0 && r == 0)
        r = -errno;
    if (r == 0 && renameat(folder_fd, other, folder_fd, name) != 0)
        r = -errno;
    if (r == 0 && fsync(folder_fd) != 0)
        r = -errno;
    if (r)
        (void)unlinkat(folder_fd, other, 0);
    return r;
}

int og_ledger_get_file(int folder_fd, const char *name, void *out, size_t max_bytes,
                       size_t *n_bytes)
{
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char more;
    int r = 0;

    *n_bytes = 0;
    if (fd < 0)
        return -errno;
    for (;;) {
        bool is_full = *n_bytes == max_bytes;
        ssize_t n = read(fd, is_full ? &more : (char *)out + *n_bytes,
                         is_full ? 1 : max_bytes - *n_bytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (n > 0 && is_full))
            r = n < 0 ? -errno : -EFBIG;
        if (n <= 0 || is_full)
            break;
        *n_bytes += (size_t)n;
    }
    (void)close(fd);
    return r;
}

static int broken(struct og_buf *why, const char *day, const char *suffix, const char *what)
{
    og_buf_printf(why, "audit/%s%s %s: nothing is appended to it. Run guardctl verify, keep a copy "
                       "of the audit folder, then restore it or move it away", day, suffix, what);
    return OG_LEDGER_E_BROKEN;
}

/* Takes the lines of one file from offset on. Sets *end to behind the last whole line. */
static int scan(struct og_ledger *ledger, int fd, const char *day, uint64_t offset,
                const struct og_anchor *anchor, uint64_t *end, struct og_buf *why)
{
    struct og_lines lines;
    const char *line;
    size_t n_bytes;
    int r = og_lines_open(fd, offset, UINT64_MAX, &lines);

    if (r == 0 && offset) { /* in the middle of a line */
        ledger->disk = (struct og_chain){.sequence = 0};
        r = og_lines_next(&lines, &line, &n_bytes);
    }
    while (r == 0) {
        enum og_chain_fault fault;
        uint64_t found;

        r = og_lines_next(&lines, &line, &n_bytes);
        if (r)
            break;
        r = og_chain_add(&ledger->disk, line, n_bytes, &fault, &found);
        if (r == 0 && fault)
            r = broken(why, day, ".jsonl", "does not hold together at its end");
        else if (r == 0 && found == anchor->sequence &&
                 strcmp(ledger->disk.hash, anchor->hash) != 0)
            r = broken(why, day, ".jsonl", "is not what the last anchor says");
        else if (r > 0)
            r = -EIO;
        if (r)
            goto out;
    }
    *end = lines.offset;
    if (r == OG_LINES_E_LONG)
        r = broken(why, day, ".jsonl", "has a line that is too long");
    else if (r == OG_LINES_E_END || r == OG_LINES_E_TORN)
        r = 0;
out:
    og_lines_close(&lines);
    return r;
}

/* One file of the days, oldest first; only the newest may have a torn end. */
static int take_day(struct og_ledger *ledger, const char *day, bool is_newest,
                    const struct og_anchor *anchor, struct og_buf *why)
{
    char name[32];
    struct stat info;
    uint64_t size, end = 0;
    int fd, r;

    (void)snprintf(name, sizeof(name), "%.10s.jsonl", day);
    fd = openat(ledger->audit_fd, name, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &info) != 0) {
        r = -errno;
        (void)close(fd);
        return r;
    }
    size = (uint64_t)info.st_size;
    r = scan(ledger, fd, day, size > TAIL_BYTES ? size - TAIL_BYTES : 0, anchor, &end, why);
    if (r == 0 && end != size && !is_newest)
        r = broken(why, day, ".jsonl", "ends in the middle of a line, and is not the last file");
    if (r == 0 && end != size) {
        ledger->n_cut_bytes = size - end;
        if (ftruncate(fd, (off_t)end) != 0)
            r = -errno;
    }
    if (r == 0 && is_newest && fdatasync(fd) != 0)
        r = -errno;
    if (r || !is_newest) {
        (void)close(fd);
        return r;
    }
    ledger->file_fd = fd;
    ledger->file_bytes = end;
    memcpy(ledger->day, day, sizeof(ledger->day));
    return 0;
}

/* The newest anchor there is. Returns: 0 (sequence 0: none); E_BROKEN; -errno. */
static int newest_anchor(struct og_ledger *ledger, struct og_anchor *out, struct og_buf *why)
{
    struct og_days days;
    int r = og_days_list(ledger->audit_fd, ".anchors", &days);

    *out = (struct og_anchor){.sequence = 0};
    if (r)
        return r;
    r = 1;
    for (size_t i = days.n_days; i-- > 0 && r == 1;) {
        r = og_ledger_last_anchor(ledger, days.days[i], i + 1 == days.n_days, out);
        if (r == 2)
            r = broken(why, days.days[i], ".anchors", "does not end in an anchor");
    }
    free(days.days);
    if (r == 1)
        *out = (struct og_anchor){.sequence = 0};
    return r == 1 ? 0 : r;
}

/* Whether the file has a whole line; -errno. Looks at its first record's room only. */
static int has_line(const struct og_ledger *ledger, const char *day)
{
    char name[32];
    const char *line;
    struct og_lines lines;
    size_t n_bytes;
    int fd, r;

    (void)snprintf(name, sizeof(name), "%.10s.jsonl", day);
    fd = openat(ledger->audit_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    r = og_lines_open(fd, 0, UINT64_MAX, &lines);
    if (r == 0)
        r = og_lines_next(&lines, &line, &n_bytes);
    og_lines_close(&lines);
    (void)close(fd);
    return r < 0 ? r : r == 0 || r == OG_LINES_E_LONG;
}

int og_ledger_recover(struct og_ledger *ledger, struct og_buf *why)
{
    struct og_days days;
    struct og_anchor anchor;
    size_t first;
    int r = newest_anchor(ledger, &anchor, why);

    if (r == 0)
        r = og_days_list(ledger->audit_fd, ".jsonl", &days);
    if (r)
        return r;
    /* Two files with lines are enough: the last one, and one whose end its first line must match. */
    first = days.n_days;
    for (size_t n_seen = 0; first > 0 && n_seen < 2 && r == 0;) {
        int has = has_line(ledger, days.days[--first]);

        if (has < 0)
            r = has;
        n_seen += has > 0;
    }
    for (size_t i = first; i < days.n_days && r == 0; i++)
        r = take_day(ledger, days.days[i], i + 1 == days.n_days, &anchor, why);
    free(days.days);
    if (r)
        return r;
    if (anchor.sequence > ledger->disk.sequence)
        return broken(why, ledger->day[0] ? ledger->day : "", ledger->day[0] ? ".jsonl" : "",
                      "ends before the line that the last anchor names");
    ledger->durable = ledger->disk.sequence;
    ledger->anchored = anchor.sequence;
    ledger->anchored_ms = anchor.unix_ms;
    ledger->epoch = anchor.epoch;
    return 0;
}

static int raise_epoch(struct og_ledger *ledger, struct og_buf *why)
{
    char text[32] = "";
    size_t n_bytes = 0;
    uint64_t there = 0;
    int r = og_ledger_get_file(ledger->state_fd, "epoch", text, sizeof(text) - 1, &n_bytes);

    if (r == 0) {
        char again[32];

        text[n_bytes] = '\0';
        there = strtoull(text, NULL, 10);
        (void)snprintf(again, sizeof(again), "%" PRIu64 "\n", there);
        if (strcmp(again, text) != 0 || there == UINT64_MAX)
            r = -EFBIG;
    }
    if (r == -EFBIG) {
        og_buf_append_str(why, "the file epoch in the state folder is not one number: restore it, or "
                               "delete it to go on from the last anchor");
        return OG_LEDGER_E_BROKEN;
    }
    if (r && r != -ENOENT)
        return r;
    ledger->epoch = (there > ledger->epoch ? there : ledger->epoch) + 1;
    (void)snprintf(text, sizeof(text), "%" PRIu64 "\n", ledger->epoch);
    return og_ledger_put_file(ledger->state_fd, "epoch", 0600, text, strlen(text));
}

static int open_folders(struct og_ledger *ledger, const char *state_folder, struct og_buf *why)
{
    if (asprintf(&ledger->folder, "%s/audit", state_folder) < 0) {
        ledger->folder = NULL;
        return -ENOMEM;
    }
    if (mkdir(state_folder, 0750) != 0 && errno != EEXIST)
        return -errno;
    ledger->state_fd = open(state_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ledger->state_fd < 0)
        return -errno;
    ledger->lock_fd = openat(ledger->state_fd, "ledger.lock",
                             O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (ledger->lock_fd < 0)
        return -errno;
    if (flock(ledger->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return -errno;
        og_buf_append_str(why, "another guardfs uses this state folder: stop it, or give --state "
                               "another folder");
        return OG_LEDGER_E_BUSY;
    }
    if (mkdirat(ledger->state_fd, "audit", 0750) != 0 && errno != EEXIST)
        return -errno;
    ledger->audit_fd = openat(ledger->state_fd, "audit",
                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return ledger->audit_fd < 0 || fsync(ledger->state_fd) != 0 ? -errno : 0;
}

int og_ledger_open(const char *state_folder, struct og_ledger **out, struct og_buf *why)
{
    struct og_ledger *ledger = calloc(1, sizeof(*ledger));
    int r;

    *out = NULL;
    if (!ledger)
        return -ENOMEM;
    ledger->state_fd = ledger->audit_fd = ledger->lock_fd = -1;
    ledger->file_fd = ledger->anchors_fd = ledger->copy_fd = -1;
    og_buf_init(&ledger->queue, OG_MAX_QUEUE_BYTES);
    r = open_folders(ledger, state_folder, why);
    if (r == 0)
        r = og_ledger_recover(ledger, why);
    if (r == 0)
        r = raise_epoch(ledger, why);
    /* Last: a ledger with a key is a whole one, and closing it writes. */
    if (r == 0)
        r = og_ledger_keys(ledger, why);
    if (r == 0) {
        *out = ledger;
        return 0;
    }
    if (r < 0)
        og_buf_printf(why, "the ledger in %s cannot be opened: %s", state_folder, strerror(-r));
    ledger->is_dead = true;
    (void)og_ledger_close(ledger);
    return r;
}

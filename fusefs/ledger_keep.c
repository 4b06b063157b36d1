/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/ledger_keep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/limits.h"
#include "fusefs/chain.h"

#define LOOK_MS (60u * 60u * 1000u)
#define DAY_MS (24 * 60 * 60 * INT64_C(1000))

/* What the record of a day that leaves says of it. */
struct leaving {
    uint64_t first, last;
    char hash[OG_SHA256_HEX_BYTES];
};

/* The last whole line from offset on. Returns: 0; -errno. */
static int chain_at(int fd, uint64_t offset, bool is_first_only, struct og_chain *out)
{
    struct og_lines lines;
    const char *line;
    size_t n_bytes;
    int r = og_lines_open(fd, offset, UINT64_MAX, &lines);

    *out = (struct og_chain){.sequence = 0};
    if (r == 0 && offset)
        r = og_lines_next(&lines, &line, &n_bytes); /* the rest of a line */
    while (r == 0 && (r = og_lines_next(&lines, &line, &n_bytes)) == 0) {
        enum og_chain_fault fault;
        uint64_t found;

        r = og_chain_add(out, line, n_bytes, &fault, &found);
        if (r == 0 && fault)
            r = -EBADMSG;
        if (is_first_only)
            break;
    }
    og_lines_close(&lines);
    return r < 0 ? r : out->is_begun ? 0 : -ENODATA;
}

static int look_at(int folder_fd, const char *name, struct leaving *out)
{
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct og_chain chain;
    struct stat info;
    int r = fd < 0 || fstat(fd, &info) != 0 ? -errno : 0;

    if (r == 0)
        r = chain_at(fd, 0, true, &chain);
    if (r == 0) {
        uint64_t size = (uint64_t)info.st_size, most = 2 * OG_MAX_RECORD_BYTES;

        out->first = chain.sequence;
        r = chain_at(fd, size > most ? size - most : 0, false, &chain);
    }
    if (r == 0) {
        out->last = chain.sequence;
        memcpy(out->hash, chain.hash, sizeof(out->hash));
    }
    if (fd >= 0)
        (void)close(fd);
    return r;
}

/* In hand before anything is removed. */
static int record(struct og_daemon *daemon, const char *day, const struct leaving *leaving)
{
    char first[24], last[24], text[160];
    struct og_record_pair pairs[] = {
        {"day", day}, {"first_sequence", first}, {"last_sequence", last}, {"last_sha256", leaving->hash}};
    int r;

    (void)snprintf(first, sizeof(first), "%" PRIu64, leaving->first);
    (void)snprintf(last, sizeof(last), "%" PRIu64, leaving->last);
    (void)snprintf(text, sizeof(text), "the day %s leaves the ledger: it is older than %u days", day,
                   og_config_ledger(daemon->config)->keep_days);
    r = og_daemon_event(daemon, NULL, "daemon", "retired", "", text, pairs, OG_COUNT(pairs));
    if (r == 0)
        r = og_ledger_flush(daemon->ledger);
    return r ? r : og_ledger_sync(daemon->ledger);
}

/* The anchors first: anchors without lines would read as lines that were taken away. */
static int retire(struct og_daemon *daemon, int folder_fd, const char *day)
{
    struct leaving leaving;
    char name[32];
    int r;

    (void)snprintf(name, sizeof(name), "%.10s.jsonl", day);
    r = look_at(folder_fd, name, &leaving);
    if (r == -ENODATA) /* an empty file has nothing to vouch for */
        r = 0;
    else if (r == 0)
        r = record(daemon, day, &leaving);
    if (r)
        return r;
    (void)snprintf(name, sizeof(name), "%.10s.anchors", day);
    if (unlinkat(folder_fd, name, 0) != 0 && errno != ENOENT)
        return -errno;
    (void)snprintf(name, sizeof(name), "%.10s.jsonl", day);
    if (unlinkat(folder_fd, name, 0) != 0)
        return -errno;
    return fsync(folder_fd) == 0 ? 0 : -errno;
}

static bool has_report(const struct og_daemon *daemon, const char *day)
{
    char path[4200];

    (void)snprintf(path, sizeof(path), "%s/reports/%s.json", daemon->options.state, day);
    return access(path, F_OK) == 0;
}

static void look(void *context)
{
    struct og_daemon *daemon = context;
    int64_t keep_ms = (int64_t)og_config_ledger(daemon->config)->keep_days * DAY_MS;
    int fd = open(og_ledger_folder(daemon->ledger), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct og_days days = {.n_days = 0};
    char oldest[OG_DAY_BYTES];
    uint32_t again_ms = LOOK_MS;

    og_day_format(og_now_unix_ms() - keep_ms, oldest);
    if (fd < 0 || og_days_list(fd, ".jsonl", &days) < 0)
        days.n_days = 0;
    /* Two days stay whatever their age: opening a ledger looks at two. Oldest first, without a gap. */
    for (size_t i = 0; i + 2 < days.n_days && strcmp(days.days[i], oldest) < 0; i++) {
        int r = has_report(daemon, days.days[i]) ? retire(daemon, fd, days.days[i]) : -EAGAIN;

        if (r == -EAGAIN)
            again_ms = 10000; /* its report is being made */
        else if (r < 0)
            (void)og_daemon_event(daemon, NULL, "daemon", "note", "",
                                  "a day that is too old could not be taken out of the ledger", NULL, 0);
        if (r)
            break;
    }
    free(days.days);
    if (fd >= 0)
        (void)close(fd);
    (void)og_loop_after(daemon->loop, again_ms, look, daemon);
}

int og_ledger_keep_open(struct og_daemon *daemon)
{
    if (!og_config_ledger(daemon->config)->keep_days)
        return 0;
    return og_loop_after(daemon->loop, 3000, look, daemon) ? 0 : -ENOMEM;
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/chain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/limits.h"
#include "fusefs/json.h"

#define BLOCK_BYTES (4u * OG_MAX_RECORD_BYTES)
#define MAX_DAYS 36525u

void og_day_format(int64_t unix_ms, char out[static OG_DAY_BYTES])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm day;

    memcpy(out, "1970-01-01", OG_DAY_BYTES);
    if (unix_ms >= 0 && gmtime_r(&seconds, &day) && day.tm_year < 8100)
        (void)strftime(out, OG_DAY_BYTES, "%Y-%m-%d", &day);
}

bool og_day_from_name(const char *name, const char *suffix, char out[static OG_DAY_BYTES])
{
    static const char form[] = "dddd-dd-dd";

    if (strlen(name) < OG_DAY_BYTES - 1 || strcmp(name + OG_DAY_BYTES - 1, suffix) != 0)
        return false;
    for (size_t i = 0; i < OG_DAY_BYTES - 1; i++)
        if (form[i] == '-' ? name[i] != '-' : name[i] < '0' || name[i] > '9')
            return false;
    memcpy(out, name, OG_DAY_BYTES - 1);
    out[OG_DAY_BYTES - 1] = '\0';
    return true;
}

static int compare_days(const void *a, const void *b)
{
    return memcmp(a, b, OG_DAY_BYTES);
}

static int add_day(struct og_days *days, size_t *capacity, const char *day)
{
    if (days->n_days == *capacity) {
        size_t more = *capacity ? *capacity * 2 : 64;
        void *items = more > 2 * MAX_DAYS ? NULL : realloc(days->days, more * OG_DAY_BYTES);

        if (!items)
            return -ENOMEM;
        days->days = items;
        *capacity = more;
    }
    memcpy(days->days[days->n_days++], day, OG_DAY_BYTES);
    return 0;
}

int og_days_list(int folder_fd, const char *suffix, struct og_days *out)
{
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    size_t capacity = 0;
    struct dirent *entry;
    int r = 0;

    *out = (struct og_days){.days = NULL};
    if (!folder) {
        r = -errno;
        if (fd >= 0)
            (void)close(fd);
        return r;
    }
    while (r == 0 && (errno = 0, entry = readdir(folder)) != NULL) {
        char day[OG_DAY_BYTES];

        if (og_day_from_name(entry->d_name, suffix, day))
            r = add_day(out, &capacity, day);
    }
    if (r == 0 && errno)
        r = -errno;
    (void)closedir(folder);
    if (r) {
        free(out->days);
        *out = (struct og_days){.days = NULL};
    } else if (out->n_days) {
        qsort(out->days, out->n_days, OG_DAY_BYTES, compare_days);
    }
    return r;
}

int og_lines_open(int fd, uint64_t offset, uint64_t max_offset, struct og_lines *out)
{
    *out = (struct og_lines){.fd = fd, .offset = offset, .max_offset = max_offset};
    out->block = malloc(BLOCK_BYTES);
    return out->block ? 0 : -ENOMEM;
}

void og_lines_close(struct og_lines *lines)
{
    free(lines->block);
    *lines = (struct og_lines){.fd = -1};
}

/* Reads more behind what is left. Returns: bytes read, 0 at the end; -errno. */
static ssize_t fill(struct og_lines *lines)
{
    uint64_t at;
    size_t room;
    ssize_t n;

    memmove(lines->block, lines->block + lines->n_taken, lines->n_bytes - lines->n_taken);
    lines->n_bytes -= lines->n_taken;
    lines->n_taken = 0;
    room = BLOCK_BYTES - lines->n_bytes;
    at = lines->offset + lines->n_bytes;
    if (at >= lines->max_offset)
        return 0;
    if (room > lines->max_offset - at)
        room = (size_t)(lines->max_offset - at);
    do
        n = pread(lines->fd, lines->block + lines->n_bytes, room, (off_t)at);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    lines->n_bytes += (size_t)n;
    return n;
}

int og_lines_next(struct og_lines *lines, const char **line, size_t *n_bytes)
{
    for (;;) {
        char *start = lines->block + lines->n_taken;
        size_t n_left = lines->n_bytes - lines->n_taken;
        char *end = memchr(start, '\n', n_left);
        ssize_t n;

        if ((end ? (size_t)(end - start) + 1 : n_left) > OG_MAX_RECORD_BYTES)
            return OG_LINES_E_LONG;
        if (end) {
            *line = start;
            *n_bytes = (size_t)(end - start) + 1;
            lines->n_taken += *n_bytes;
            lines->offset += *n_bytes;
            lines->n_read++;
            return 0;
        }
        n = fill(lines);
        if (n < 0)
            return (int)n;
        if (n == 0)
            return lines->n_bytes ? OG_LINES_E_TORN : OG_LINES_E_END;
    }
}

#define FINGERPRINT_PATH "unmapped/attestation_list/0/prev_event/fingerprint/value"

int og_chain_add(struct og_chain *chain, const char *line, size_t n_bytes,
                 enum og_chain_fault *fault, uint64_t *found)
{
    static const char *const paths[] = {"metadata/sequence", FINGERPRINT_PATH};
    struct og_json_value values[OG_COUNT(paths)];
    const struct og_json_value *sequence = &values[0], *previous = &values[1];
    const char *expected = chain->is_begun ? chain->hash : OG_CHAIN_ZERO;
    uint8_t digest[OG_SHA256_BYTES];
    int r;

    *found = 0;
    *fault = OG_CHAIN_UNREADABLE;
    if (!n_bytes || line[n_bytes - 1] != '\n' ||
        og_json_find_all(line, n_bytes - 1, paths, OG_COUNT(paths), values) ||
        !og_json_is_u64(sequence, found) || !*found || previous->kind != OG_JSON_TEXT ||
        previous->n_bytes != OG_SHA256_HEX_BYTES - 1)
        return 0;
    if (chain->is_begun && *found != chain->sequence + 1) {
        *fault = *found > chain->sequence ? OG_CHAIN_MISSING : OG_CHAIN_REORDERED;
        return 0;
    }
    if ((chain->is_begun || *found == 1) && memcmp(previous->bytes, expected, previous->n_bytes)) {
        *fault = OG_CHAIN_CHANGED;
        return 0;
    }
    r = og_hash_sha256(line, n_bytes, digest);
    if (r)
        return r;
    og_hash_hex(digest, chain->hash);
    chain->sequence = *found;
    chain->is_begun = true;
    *fault = OG_CHAIN_GOOD;
    return 0;
}

size_t og_anchor_text(const struct og_anchor *anchor, char out[static OG_ANCHOR_TEXT_BYTES])
{
    return (size_t)snprintf(out, OG_ANCHOR_TEXT_BYTES,
                            "odbcguard-anchor v1 %" PRIu64 " %s %" PRId64 " %" PRIu64 "\n",
                            anchor->sequence, anchor->hash, anchor->unix_ms, anchor->epoch);
}

size_t og_anchor_line(const struct og_anchor *anchor, char out[static OG_ANCHOR_LINE_BYTES])
{
    return (size_t)snprintf(out, OG_ANCHOR_LINE_BYTES, "%" PRIu64 " %s %" PRId64 " %" PRIu64 " %s\n",
                            anchor->sequence, anchor->hash, anchor->unix_ms, anchor->epoch,
                            anchor->signature);
}

/* Reading back what was printed and comparing makes every other spelling of the same line wrong. */
bool og_anchor_parse(const char *line, size_t n_bytes, struct og_anchor *out)
{
    char text[OG_ANCHOR_LINE_BYTES], again[OG_ANCHOR_LINE_BYTES];

    *out = (struct og_anchor){.sequence = 0};
    if (n_bytes >= sizeof(text))
        return false;
    memcpy(text, line, n_bytes);
    text[n_bytes] = '\0';
    if (sscanf(text, "%" SCNu64 " %64[0-9a-f] %" SCNd64 " %" SCNu64 " %88[A-Za-z0-9+/=]",
               &out->sequence, out->hash, &out->unix_ms, &out->epoch, out->signature) != 5)
        return false;
    return strlen(out->hash) == OG_SHA256_HEX_BYTES - 1 &&
           strlen(out->signature) == OG_SIGNATURE_CHARS &&
           og_anchor_line(out, again) == n_bytes && memcmp(again, line, n_bytes) == 0;
}

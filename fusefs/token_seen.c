/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/token_seen.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/hash.h"

struct seen {
    int64_t expires_s;
    uint8_t digest[OG_SHA256_BYTES];
};

struct og_token_seen {
    char path[PATH_MAX];
    struct seen *all; /* sorted by digest */
    size_t n, max;
    bool is_loaded;
};

struct og_token_seen *og_token_seen_new(const char *state_folder)
{
    struct og_token_seen *seen = calloc(1, sizeof(*seen));

    if (seen)
        (void)snprintf(seen->path, sizeof(seen->path), "%s/tokens-seen", state_folder);
    return seen;
}

struct og_token_seen *og_token_seen_free(struct og_token_seen *seen)
{
    if (seen)
        free(seen->all);
    free(seen);
    return NULL;
}

/* Where the digest is, or would be. */
static size_t place(const struct og_token_seen *seen, const uint8_t *digest)
{
    size_t low = 0, high = seen->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (memcmp(seen->all[middle].digest, digest, OG_SHA256_BYTES) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int insert(struct og_token_seen *seen, size_t at, const struct seen *one)
{
    if (seen->n == seen->max) {
        size_t max = seen->max ? seen->max * 2 : 256;
        struct seen *more = reallocarray(seen->all, max, sizeof(*more));

        if (!more)
            return -ENOMEM;
        seen->all = more;
        seen->max = max;
    }
    memmove(&seen->all[at + 1], &seen->all[at], (seen->n - at) * sizeof(*one));
    seen->all[at] = *one;
    seen->n++;
    return 0;
}

static bool parse_line(const char *line, struct seen *out)
{
    int n = 0;

    if (sscanf(line, "%" SCNd64 " %n", &out->expires_s, &n) != 1 || !n ||
        strspn(line + n, "0123456789abcdef") != 2 * OG_SHA256_BYTES)
        return false;
    for (size_t i = 0; i < OG_SHA256_BYTES; i++) {
        unsigned byte;

        if (sscanf(line + n + 2 * i, "%2x", &byte) != 1)
            return false;
        out->digest[i] = (uint8_t)byte;
    }
    return true;
}

static int load(struct og_token_seen *seen, int64_t now_s)
{
    FILE *file = fopen(seen->path, "re");
    char line[128];
    struct seen one;
    int r = 0;

    if (!file)
        return errno == ENOENT ? 0 : -errno;
    while (r == 0 && fgets(line, sizeof(line), file)) {
        if (!parse_line(line, &one)) {
            r = strchr(line, '\n') ? -EBADMSG : 0; /* a torn last line was never answered for */
            break;
        }
        if (one.expires_s > now_s)
            r = insert(seen, place(seen, one.digest), &one);
    }
    (void)fclose(file);
    return r;
}

static void put_line(const struct seen *one, char out[static 128])
{
    char hex[OG_SHA256_HEX_BYTES];

    og_hash_hex(one->digest, hex);
    (void)snprintf(out, 128, "%" PRId64 " %s\n", one->expires_s, hex);
}

/* Drops what has expired, here and in the file. */
static int shrink(struct og_token_seen *seen, int64_t now_s)
{
    char made[PATH_MAX + 8], line[128];
    size_t n = 0;
    FILE *file;
    int r = 0;

    for (size_t i = 0; i < seen->n; i++)
        if (seen->all[i].expires_s > now_s)
            seen->all[n++] = seen->all[i];
    seen->n = n;
    (void)snprintf(made, sizeof(made), "%s.new", seen->path);
    file = fopen(made, "we");
    if (!file)
        return -errno;
    for (size_t i = 0; r == 0 && i < seen->n; i++) {
        put_line(&seen->all[i], line);
        r = fputs(line, file) < 0 ? -EIO : 0;
    }
    if (fflush(file) != 0 || fsync(fileno(file)) < 0)
        r = -EIO;
    if (fclose(file) != 0)
        r = -EIO;
    return r == 0 && rename(made, seen->path) < 0 ? -errno : r;
}

static int append(struct og_token_seen *seen, const struct seen *one)
{
    int fd = open(seen->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), r = 0;
    char line[128];
    size_t n;

    if (fd < 0)
        return -errno;
    put_line(one, line);
    n = strlen(line);
    if (write(fd, line, n) != (ssize_t)n || fdatasync(fd) < 0)
        r = -EIO;
    (void)close(fd);
    return r;
}

int og_token_seen_take(struct og_token_seen *seen, const char *issuer, const char *jti,
                       int64_t expires_s, int64_t now_s, const char **why)
{
    const struct og_hash_part parts[] = {{issuer, strlen(issuer)}, {jti, strlen(jti)}};
    struct seen one = {.expires_s = expires_s};
    size_t at;
    int r = og_hash_parts(parts, OG_COUNT(parts), one.digest);

    if (r == 0 && !seen->is_loaded) {
        r = load(seen, now_s);
        if (r == 0)
            r = shrink(seen, now_s); /* a torn last line goes with what has expired */
        seen->is_loaded = r == 0;
    }
    if (r == 0 && seen->n >= OG_TOKEN_SEEN_MAX)
        r = shrink(seen, now_s);
    if (r == 0 && seen->n >= OG_TOKEN_SEEN_MAX)
        r = -ENOSPC;
    *why = "that the token is used could not be kept: ask who runs guardfs";
    if (r < 0)
        return -EACCES;
    at = place(seen, one.digest);
    if (at < seen->n && memcmp(seen->all[at].digest, one.digest, OG_SHA256_BYTES) == 0) {
        *why = "the token was used before, and its issuer's tokens count once: get a new one";
        return -EACCES;
    }
    if (append(seen, &one) < 0 || insert(seen, at, &one) < 0)
        return -EACCES;
    return 0;
}

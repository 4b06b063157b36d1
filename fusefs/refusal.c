/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/refusal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fusefs/json.h"

#define MAX_LINE_BYTES 4096u

void og_refusal_log(const char *state_folder, int64_t unix_ms, uint32_t uid, const char *path,
                    int error, const char *reason)
{
    char file[PATH_MAX], old[PATH_MAX];
    struct og_json json;
    struct og_buf line;
    struct stat st;
    int fd;

    (void)snprintf(file, sizeof(file), "%s/errors.jsonl", state_folder);
    (void)snprintf(old, sizeof(old), "%s/errors.jsonl.1", state_folder);
    if (stat(file, &st) == 0 && st.st_size > OG_REFUSAL_MAX_LOG_BYTES)
        (void)rename(file, old);
    og_buf_init(&line, MAX_LINE_BYTES);
    og_json_init(&json, &line);
    og_json_open(&json, NULL, '{');
    og_json_integer(&json, "time", unix_ms);
    og_json_number(&json, "uid", uid);
    og_json_text(&json, "path", path);
    og_json_text(&json, "error", strerrorname_np(error < 0 ? -error : error));
    og_json_text(&json, "reason", reason);
    og_json_close(&json, '}');
    og_buf_append_char(&line, '\n');
    fd = og_buf_is_failed(&line)
             ? -1
             : open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        if (write(fd, line.bytes, line.n_bytes) != (ssize_t)line.n_bytes)
            (void)0; /* best effort: the ledger has the refusal too */
        (void)close(fd);
    }
    og_buf_release(&line);
}

/* ---- drafts ---- */

/* Opens STATE/drafts or STATE/drafts/UID. Returns a descriptor or -errno. */
static int open_folder(const char *state_folder, uint32_t uid, bool is_made)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/drafts", state_folder), fd;

    if (is_made && mkdir(path, 0700) < 0 && errno != EEXIST)
        return -errno;
    if (uid != UINT32_MAX) {
        (void)snprintf(path + n, sizeof(path) - (size_t)n, "/%" PRIu32, uid);
        if (is_made && mkdir(path, 0700) < 0 && errno != EEXIST)
            return -errno;
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Calls each for every name of a folder but . and .., which it may remove. */
static void each_name(int fd, bool (*each)(void *context, int fd, const char *name), void *context)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;

    if (!stream && copy >= 0)
        (void)close(copy);
    while (stream && (entry = readdir(stream)))
        if (entry->d_name[0] != '.' && !each(context, fd, entry->d_name))
            break;
    if (stream)
        (void)closedir(stream);
}

struct oldest {
    char name[NAME_MAX + 1];
    struct timespec when;
    size_t n;
};

static bool find_oldest(void *context, int fd, const char *name)
{
    struct oldest *oldest = context;
    struct stat st;

    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return true;
    if (oldest->n++ == 0 || st.st_mtim.tv_sec < oldest->when.tv_sec ||
        (st.st_mtim.tv_sec == oldest->when.tv_sec && st.st_mtim.tv_nsec < oldest->when.tv_nsec)) {
        oldest->when = st.st_mtim;
        (void)snprintf(oldest->name, sizeof(oldest->name), "%s", name);
    }
    return true;
}

static void make_room(int fd)
{
    for (;;) {
        struct oldest oldest = {.n = 0};

        each_name(fd, find_oldest, &oldest);
        if (oldest.n < OG_REFUSAL_MAX_FILES || unlinkat(fd, oldest.name, 0) < 0)
            return;
    }
}

/* Letters, digits, dots and dashes of the path's last part, as the beginning of a name. */
static void name_draft(const char *path, int64_t unix_ms, char out[static 80])
{
    const char *slash = strrchr(path, '/');
    size_t n = 0;

    for (const char *c = slash ? slash + 1 : path; *c && n < 40; c++)
        if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
            ((*c == '.' || *c == '-' || *c == '_') && n))
            out[n++] = *c;
    (void)snprintf(out + n, 80 - n, "%s%" PRId64, n ? "." : "draft.", unix_ms);
}

int og_refusal_keep(const char *state_folder, int64_t unix_ms, uint32_t uid, const char *path,
                    const char *text, size_t n_bytes, char out[static 80])
{
    int folder = open_folder(state_folder, uid, true), fd, r = 0;

    if (folder < 0)
        return folder;
    make_room(folder);
    name_draft(path, unix_ms, out);
    fd = openat(folder, out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        r = -errno;
    else if (write(fd, text, n_bytes) != (ssize_t)n_bytes)
        r = -ENOSPC;
    if (fd >= 0)
        (void)close(fd);
    if (r < 0 && fd >= 0)
        (void)unlinkat(folder, out, 0);
    (void)close(folder);
    return r;
}

struct listing {
    void (*visit)(void *context, const char *name);
    void *context;
};

static bool visit_name(void *context, int fd OG_UNUSED, const char *name)
{
    const struct listing *listing = context;

    listing->visit(listing->context, name);
    return true;
}

void og_refusal_list(const char *state_folder, uint32_t uid,
                     void (*visit)(void *context, const char *name), void *context)
{
    struct listing listing = {visit, context};
    int folder = open_folder(state_folder, uid, false);

    if (folder < 0)
        return;
    each_name(folder, visit_name, &listing);
    (void)close(folder);
}

int og_refusal_remove(const char *state_folder, uint32_t uid, const char *name)
{
    int folder = open_folder(state_folder, uid, false), r;

    if (folder < 0)
        return folder;
    r = unlinkat(folder, name, 0) < 0 ? -errno : 0;
    (void)close(folder);
    return r;
}

static bool drop_old(void *context, int fd, const char *name)
{
    const int64_t *now_ms = context;
    struct stat st;

    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        *now_ms - (int64_t)st.st_mtim.tv_sec * 1000 > OG_REFUSAL_LIFE_MS)
        (void)unlinkat(fd, name, 0);
    return true;
}

static bool sweep_uid(void *context, int fd, const char *name)
{
    int folder = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (folder < 0)
        return true;
    each_name(folder, drop_old, context);
    (void)close(folder);
    (void)unlinkat(fd, name, AT_REMOVEDIR); /* only when it is empty */
    return true;
}

void og_refusal_sweep(const char *state_folder, int64_t unix_ms)
{
    int folder = open_folder(state_folder, UINT32_MAX, false);

    if (folder < 0)
        return;
    each_name(folder, sweep_uid, &unix_ms);
    (void)close(folder);
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fusefs/fs_parts.h"

struct og_scratch *og_scratch_find(struct og_fs *fs, const char *path, uint32_t uid)
{
    for (struct og_scratch *s = fs->scratch; s; s = s->next)
        if (!s->is_unlinked && strcmp(s->path, path) == 0)
            return s->uid == uid || uid == 0 ? s : NULL;
    return NULL;
}

static void touch(struct og_scratch *scratch)
{
    (void)clock_gettime(CLOCK_REALTIME, &scratch->changed);
    scratch->used_ms = og_now_unix_ms();
}

int og_scratch_new(struct og_fs *fs, const char *path, const struct fuse_ctx *who, uint32_t mode,
                   struct og_scratch **out)
{
    struct og_scratch *scratch;
    size_t n = 0;

    for (const struct og_scratch *s = fs->scratch; s; s = s->next) {
        n += s->uid == who->uid;
        if (!s->is_unlinked && strcmp(s->path, path) == 0)
            return -EACCES; /* somebody else's */
    }
    if (n >= OG_SCRATCH_MAX_FILES)
        return -EDQUOT;
    scratch = calloc(1, sizeof(*scratch));
    if (!scratch)
        return -ENOMEM;
    memcpy(scratch->path, path, strlen(path) + 1);
    scratch->uid = who->uid;
    scratch->gid = who->gid;
    scratch->mode = mode & 0777;
    og_buf_init(&scratch->bytes, OG_SCRATCH_MAX_BYTES);
    touch(scratch);
    scratch->next = fs->scratch;
    fs->scratch = scratch;
    *out = scratch;
    return 0;
}

/* Bytes that this uid's files may still grow by. */
static size_t room(const struct og_fs *fs, uint32_t uid)
{
    size_t used = 0;

    for (const struct og_scratch *s = fs->scratch; s; s = s->next)
        if (s->uid == uid)
            used += s->bytes.n_bytes;
    return used < OG_SCRATCH_MAX_BYTES ? OG_SCRATCH_MAX_BYTES - used : 0;
}

int og_scratch_resize(struct og_fs *fs, struct og_scratch *scratch, uint64_t n_bytes)
{
    static const char zeros[4096];

    if (n_bytes > scratch->bytes.n_bytes && n_bytes - scratch->bytes.n_bytes > room(fs, scratch->uid))
        return -EDQUOT;
    while (scratch->bytes.n_bytes < n_bytes) {
        size_t missing = n_bytes - scratch->bytes.n_bytes;

        og_buf_append(&scratch->bytes, zeros, missing < sizeof(zeros) ? missing : sizeof(zeros));
        if (og_buf_is_failed(&scratch->bytes))
            return -EDQUOT;
    }
    scratch->bytes.n_bytes = n_bytes;
    if (scratch->bytes.bytes)
        scratch->bytes.bytes[n_bytes] = '\0';
    touch(scratch);
    return 0;
}

int og_scratch_write(struct og_fs *fs, struct og_scratch *scratch, const char *bytes,
                     size_t n_bytes, uint64_t offset)
{
    int r = 0;

    if (offset > OG_SCRATCH_MAX_BYTES || n_bytes > OG_SCRATCH_MAX_BYTES)
        return -EDQUOT;
    if (offset + n_bytes > scratch->bytes.n_bytes)
        r = og_scratch_resize(fs, scratch, offset + n_bytes);
    if (r < 0)
        return r;
    if (n_bytes)
        memcpy(scratch->bytes.bytes + offset, bytes, n_bytes);
    touch(scratch);
    return 0;
}

static void drop(struct og_fs *fs, struct og_scratch *scratch)
{
    for (struct og_scratch **at = &fs->scratch; *at; at = &(*at)->next)
        if (*at == scratch) {
            *at = scratch->next;
            break;
        }
    og_buf_wipe(&scratch->bytes);
    free(scratch);
}

void og_scratch_unlink(struct og_fs *fs, struct og_scratch *scratch)
{
    scratch->is_unlinked = true;
    if (!scratch->n_open)
        drop(fs, scratch);
}

void og_scratch_close(struct og_fs *fs, struct og_scratch *scratch)
{
    scratch->n_open--;
    if (!scratch->n_open && scratch->is_unlinked)
        drop(fs, scratch);
}

void og_scratch_expire(struct og_fs *fs, int64_t now_ms)
{
    for (struct og_scratch *s = fs->scratch, *next; s; s = next) {
        next = s->next;
        if (!s->n_open && now_ms - s->used_ms > OG_SCRATCH_LIFE_MS)
            drop(fs, s);
    }
}

void og_scratch_free_all(struct og_fs *fs)
{
    while (fs->scratch)
        drop(fs, fs->scratch);
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/undo_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/limits.h"
#include "fusefs/undo_store_parts.h"

static const char magic[] = "odbcguard-sealed 1\n";

#define MAGIC_BYTES (sizeof(magic) - 1)
/* Names of what was forgotten stay so long. */
#define FORGOTTEN_MS (90LL * 86400 * 1000)

const char *og_undo_state_word(enum og_undo_state state)
{
    static const char *const words[OG_UNDO_STATE_COUNT] = {
        [OG_UNDO_OPEN] = "open",           [OG_UNDO_COMMITTED] = "committed",
        [OG_UNDO_ROLLED_BACK] = "rolled-back", [OG_UNDO_UNCLEAR] = "unclear",
        [OG_UNDO_UNDONE] = "undone",       [OG_UNDO_PARTLY_UNDONE] = "partly-undone",
        [OG_UNDO_FORGOTTEN] = "forgotten",
    };

    return (unsigned)state < OG_UNDO_STATE_COUNT ? words[state] : "unclear";
}

/* ---- files ---- */

int og_undo_write_whole(int fd, const void *bytes, size_t n_bytes)
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

static int name_of(const char *id, const char *suffix, char out[static 32])
{
    return snprintf(out, 32, "%s%s", id, suffix) < 32 ? 0 : -EINVAL;
}

static int open_folder(const char *state_folder, const char *name)
{
    char path[4200];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", state_folder, name);
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return -errno;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* A small file, whole after any crash: as it was or as it is; the latter for sure where is_last_word. */
int og_undo_write_file(int folder, const char *name, const void *bytes, size_t n_bytes,
                       bool is_last_word)
{
    char temporary[48];
    int fd, r;

    (void)snprintf(temporary, sizeof(temporary), "%s.new", name);
    fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    r = og_undo_write_whole(fd, bytes, n_bytes);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && renameat(folder, temporary, folder, name) < 0)
        r = -errno;
    if (r == 0 && is_last_word && fsync(folder) < 0)
        r = -errno;
    if (r < 0)
        (void)unlinkat(folder, temporary, 0);
    return r;
}

static int read_key(const struct og_undo_store *store, const char *id,
                    uint8_t key[static OG_SEAL_KEY_BYTES])
{
    char name[32];
    int fd, r = name_of(id, ".key", name);

    if (r < 0)
        return r;
    fd = openat(store->keys_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? -ENOKEY : -errno;
    r = read(fd, key, OG_SEAL_KEY_BYTES) == OG_SEAL_KEY_BYTES ? 0 : -ENOKEY;
    (void)close(fd);
    return r;
}

/* ---- a set while its parts arrive ---- */

struct og_undo_upload {
    struct og_undo_store *store;
    struct og_undo_kept *kept;
    uint8_t key[OG_SEAL_KEY_BYTES];
    int fd;
    uint64_t part;
    uint8_t *sealed; /* OG_MAX_FIELD_BYTES and a tag */
};

int og_undo_upload_begin(struct og_undo_store *store, struct og_undo_kept *kept,
                         struct og_undo_upload **out)
{
    struct og_undo_upload *upload = calloc(1, sizeof(*upload));
    char name[32];
    int r = -ENOMEM;

    if (!upload) {
        og_undo_kept_free(kept);
        return r;
    }
    upload->store = store;
    upload->kept = kept;
    upload->fd = -1;
    upload->sealed = malloc(OG_MAX_FIELD_BYTES + OG_SEAL_TAG_BYTES);
    if (upload->sealed && RAND_priv_bytes(upload->key, sizeof(upload->key)) == 1)
        r = name_of(kept->id, ".key", name);
    if (r == 0)
        r = og_undo_write_file(store->keys_fd, name, upload->key, sizeof(upload->key), true);
    if (r == 0)
        r = name_of(kept->id, ".set", name);
    if (r == 0) {
        upload->fd = openat(store->folder_fd, name,
                            O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        r = upload->fd < 0 ? -errno : og_undo_write_whole(upload->fd, magic, MAGIC_BYTES);
    }
    if (r < 0) {
        (void)og_undo_upload_drop(upload);
        return r;
    }
    *out = upload;
    return 0;
}

struct og_undo_kept *og_undo_upload_kept(const struct og_undo_upload *upload)
{
    return upload->kept;
}

int og_undo_upload_put(struct og_undo_upload *upload, const void *bytes, size_t n_bytes, bool is_last)
{
    uint8_t head[5] = {(uint8_t)n_bytes, (uint8_t)(n_bytes >> 8), (uint8_t)(n_bytes >> 16),
                       (uint8_t)(n_bytes >> 24), is_last};
    int r;

    if (n_bytes > OG_MAX_FIELD_BYTES || upload->kept->n_bytes + n_bytes > OG_MAX_UNDO_BYTES)
        return -EFBIG;
    r = og_seal_part(upload->key, upload->kept->id, upload->part, is_last, bytes, n_bytes,
                     upload->sealed, upload->sealed + n_bytes);
    if (r == 0)
        r = og_undo_write_whole(upload->fd, head, sizeof(head));
    if (r == 0)
        r = og_undo_write_whole(upload->fd, upload->sealed, n_bytes + OG_SEAL_TAG_BYTES);
    upload->part++;
    upload->kept->n_bytes += n_bytes;
    return r;
}

static void free_upload(struct og_undo_upload *upload)
{
    if (upload->fd >= 0)
        (void)close(upload->fd);
    OPENSSL_cleanse(upload->key, sizeof(upload->key));
    free(upload->sealed);
    free(upload);
}

int og_undo_upload_finish(struct og_undo_upload *upload, struct og_undo_kept **out)
{
    struct og_undo_store *store = upload->store;
    struct og_undo_kept *kept = upload->kept;
    int r = fsync(upload->fd) < 0 ? -errno : 0;

    if (r == 0)
        r = og_undo_store_save(store, kept); /* syncs the folder, with the set's name in it */
    if (r < 0) {
        (void)og_undo_upload_drop(upload);
        return r;
    }
    og_undo_store_add(store, kept);
    free_upload(upload);
    *out = kept;
    return 0;
}

static void remove_files(const struct og_undo_store *store, const char *id)
{
    char name[32];

    if (name_of(id, ".key", name) == 0)
        (void)unlinkat(store->keys_fd, name, 0);
    if (name_of(id, ".set", name) == 0)
        (void)unlinkat(store->folder_fd, name, 0);
}

struct og_undo_upload *og_undo_upload_drop(struct og_undo_upload *upload)
{
    if (!upload)
        return NULL;
    remove_files(upload->store, upload->kept->id);
    og_undo_kept_free(upload->kept);
    free_upload(upload);
    return NULL;
}

/* ---- reading and forgetting ---- */

static int read_whole(int fd, void *out, size_t n_bytes)
{
    char *at = out;

    while (n_bytes) {
        ssize_t n = read(fd, at, n_bytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EBADMSG; /* cut */
        at += n;
        n_bytes -= (size_t)n;
    }
    return 0;
}

static int read_parts(int fd, const uint8_t *key, const char *id, uint8_t *sealed, uint8_t *plain,
                      struct og_buf *out)
{
    char head[MAGIC_BYTES];
    bool is_last = false;
    int r = read_whole(fd, head, sizeof(head));

    if (r == 0 && memcmp(head, magic, MAGIC_BYTES) != 0)
        r = -EBADMSG;
    for (uint64_t part = 0; r == 0 && !is_last; part++) {
        uint8_t size[5];
        size_t n_bytes;

        r = read_whole(fd, size, sizeof(size));
        if (r < 0)
            break;
        n_bytes = (size_t)size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 |
                  (size_t)size[3] << 24;
        is_last = size[4] != 0;
        r = n_bytes > OG_MAX_FIELD_BYTES ? -EBADMSG
                                         : read_whole(fd, sealed, n_bytes + OG_SEAL_TAG_BYTES);
        if (r == 0)
            r = og_unseal_part(key, id, part, is_last, sealed, n_bytes, sealed + n_bytes, plain);
        if (r == 0)
            og_buf_append(out, plain, n_bytes);
    }
    return r == 0 && og_buf_is_failed(out) ? -ENOMEM : r;
}

int og_undo_store_read(struct og_undo_store *store, const struct og_undo_kept *kept,
                       struct og_buf *out)
{
    uint8_t key[OG_SEAL_KEY_BYTES];
    uint8_t *sealed, *plain;
    char name[32];
    int fd, r = read_key(store, kept->id, key);

    if (r == 0)
        r = name_of(kept->id, ".set", name);
    if (r < 0)
        return r;
    fd = openat(store->folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    sealed = malloc(OG_MAX_FIELD_BYTES + OG_SEAL_TAG_BYTES);
    plain = malloc(OG_MAX_FIELD_BYTES + OG_SEAL_TAG_BYTES);
    if (fd < 0)
        r = -errno;
    else
        r = sealed && plain ? read_parts(fd, key, kept->id, sealed, plain, out) : -ENOMEM;
    if (fd >= 0)
        (void)close(fd);
    if (plain)
        OPENSSL_cleanse(plain, OG_MAX_FIELD_BYTES);
    free(plain);
    free(sealed);
    OPENSSL_cleanse(key, sizeof(key));
    return r;
}

/* The key's bytes are written over first: what a journal or a copy of the disk keeps is out of reach. */
static int wipe_key(struct og_undo_store *store, const char *id)
{
    static const uint8_t zeros[OG_SEAL_KEY_BYTES];
    char name[32];
    int fd, r = name_of(id, ".key", name);

    if (r < 0)
        return r;
    fd = openat(store->keys_fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    r = og_undo_write_whole(fd, zeros, sizeof(zeros));
    if (r == 0 && fdatasync(fd) < 0)
        r = -errno;
    (void)close(fd);
    if (unlinkat(store->keys_fd, name, 0) < 0 || fsync(store->keys_fd) < 0)
        r = -errno;
    return r;
}

int og_undo_store_forget(struct og_undo_store *store, struct og_undo_kept *kept)
{
    int r = wipe_key(store, kept->id);

    if (r < 0)
        return r;
    remove_files(store, kept->id);
    kept->state = OG_UNDO_FORGOTTEN;
    kept->connection = NULL;
    if (kept->report)
        kept->report[0] = '\0'; /* it may name rows */
    return og_undo_store_save(store, kept);
}

void og_undo_store_sweep(struct og_undo_store *store, int64_t now_ms)
{
    struct og_undo_kept *next;

    for (struct og_undo_kept *kept = store->first; kept; kept = next) {
        next = kept->next;
        if (kept->state == OG_UNDO_OPEN)
            continue;
        if (kept->state != OG_UNDO_FORGOTTEN && now_ms >= kept->expires_ms) {
            if (og_undo_store_forget(store, kept) < 0)
                return; /* again in a second */
        } else if (kept->state == OG_UNDO_FORGOTTEN && now_ms - kept->expires_ms > FORGOTTEN_MS) {
            og_undo_store_remove(store, kept);
        }
    }
}

/* ---- life ---- */

int og_undo_store_open(struct og_daemon *daemon, const char *state_folder,
                       struct og_undo_store **out)
{
    struct og_undo_store *store = calloc(1, sizeof(*store));
    int r = store ? 0 : -ENOMEM;

    if (r < 0)
        return r;
    store->daemon = daemon;
    store->folder_fd = open_folder(state_folder, "undo");
    store->keys_fd = open_folder(state_folder, "undo-keys");
    if (store->folder_fd < 0)
        r = store->folder_fd;
    else if (store->keys_fd < 0)
        r = store->keys_fd;
    else
        r = og_undo_store_load(store);
    if (r < 0) {
        (void)og_undo_store_close(store);
        return r;
    }
    *out = store;
    return 0;
}

struct og_undo_store *og_undo_store_close(struct og_undo_store *store)
{
    if (!store)
        return NULL;
    while (store->first) {
        struct og_undo_kept *next = store->first->next;

        og_undo_kept_free(store->first);
        store->first = next;
    }
    if (store->folder_fd >= 0)
        (void)close(store->folder_fd);
    if (store->keys_fd >= 0)
        (void)close(store->keys_fd);
    free(store);
    return NULL;
}

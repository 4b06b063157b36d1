/* SPDX-License-Identifier: MIT */
/* The policy set in force, fetched from guardfs in parts and parsed once per process: connections
 * of one process to one guardfs share what was parsed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "driver/client_parts.h"

/* Sets of different guardfs processes and generations that a process keeps. */
#define MAX_CACHED 8u

/* A set by where it came from (socket, guardfs process, generation) and by its bytes. */
struct cached {
    char *socket_path;
    pid_t peer_pid;
    uint64_t generation;
    uint8_t digest[OG_SHA256_BYTES];
    struct og_policy_set *set;
    uint64_t used;
};

static struct {
    pthread_mutex_t lock;
    struct cached entries[MAX_CACHED];
    uint64_t clock;
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void cache_lock(void)
{
    (void)pthread_mutex_lock(&cache.lock);
}

static void cache_unlock(void)
{
    (void)pthread_mutex_unlock(&cache.lock);
}

/* A child must not inherit the lock from a thread that it does not have. */
static void watch_fork(void)
{
    (void)pthread_atfork(cache_lock, cache_unlock, cache_unlock);
}

static struct og_policy_set *use(struct cached *entry)
{
    entry->used = ++cache.clock;
    return og_policy_set_ref(entry->set);
}

/* With the lock held. Returns a reference or NULL. */
static struct og_policy_set *find_by_origin(const struct og_client *client, uint64_t generation)
{
    for (size_t i = 0; i < MAX_CACHED; i++) {
        struct cached *entry = &cache.entries[i];

        /* Process id 0: guardfs lives in another id space and cannot be told apart. */
        if (entry->set && client->peer_pid != 0 && entry->peer_pid == client->peer_pid &&
            entry->generation == generation &&
            strcmp(entry->socket_path, client->socket_path) == 0)
            return use(entry);
    }
    return NULL;
}

static struct og_policy_set *find_by_bytes(const uint8_t digest[static OG_SHA256_BYTES])
{
    for (size_t i = 0; i < MAX_CACHED; i++)
        if (cache.entries[i].set &&
            memcmp(cache.entries[i].digest, digest, OG_SHA256_BYTES) == 0)
            return use(&cache.entries[i]);
    return NULL;
}

static void remember(const struct og_client *client, uint64_t generation,
                     const uint8_t digest[static OG_SHA256_BYTES], struct og_policy_set *set)
{
    struct cached *oldest = &cache.entries[0];
    char *path = strdup(client->socket_path);

    if (!path)
        return;
    for (size_t i = 1; i < MAX_CACHED; i++)
        if (cache.entries[i].used < oldest->used)
            oldest = &cache.entries[i];
    free(oldest->socket_path);
    (void)og_policy_set_unref(oldest->set);
    *oldest = (struct cached){.socket_path = path,
                              .peer_pid = client->peer_pid,
                              .generation = generation,
                              .set = og_policy_set_ref(set),
                              .used = ++cache.clock};
    memcpy(oldest->digest, digest, OG_SHA256_BYTES);
}

/* The set while its parts arrive, strictly in order. */
struct assembly {
    uint64_t generation;
    struct {
        char *name;
        struct og_buf bytes;
    } files[OG_MAX_POLICY_FILES];
    size_t n_files; /* 0: there is no good set */
    size_t file;    /* of the next part */
    uint32_t part;
    size_t n_bytes;
    bool has_begun, is_bad;
};

/* Whether the part is the very next one and fits. */
static bool is_next(const struct assembly *all, const struct og_msg_policy *part)
{
    return part->generation == all->generation && part->n_files == all->n_files &&
           part->file == all->file && part->part == all->part && part->part < part->n_parts &&
           part->name[0] != '\0' &&
           all->n_bytes + part->text.n_bytes <= OG_MAX_POLICY_SET_BYTES &&
           (all->part == 0 || strcmp(all->files[all->file].name, part->name) == 0);
}

static bool take_policy(void *context, const struct og_msg *msg)
{
    struct assembly *all = context;
    const struct og_msg_policy *part = &msg->as.policy;

    if (msg->kind != OG_MSG_POLICY || part->n_files > OG_MAX_POLICY_FILES) {
        all->is_bad = true;
        return true;
    }
    if (!all->has_begun) {
        all->has_begun = true;
        all->generation = part->generation;
        all->n_files = part->n_files;
    }
    if (all->n_files == 0)
        return true;
    if (!is_next(all, part)) {
        all->is_bad = true;
        return true;
    }
    if (all->part == 0) {
        all->files[all->file].name = strdup(part->name);
        og_buf_init(&all->files[all->file].bytes, OG_MAX_POLICY_SET_BYTES);
        all->is_bad = !all->files[all->file].name;
    }
    og_buf_append(&all->files[all->file].bytes, part->text.bytes, part->text.n_bytes);
    all->n_bytes += part->text.n_bytes;
    all->is_bad |= og_buf_is_failed(&all->files[all->file].bytes);
    if (++all->part == part->n_parts) {
        all->part = 0;
        all->file++;
    }
    return all->is_bad || all->file == all->n_files;
}

static void release_assembly(struct assembly *all)
{
    for (size_t i = 0; i < OG_MAX_POLICY_FILES; i++) {
        free(all->files[i].name);
        og_buf_release(&all->files[i].bytes);
    }
    free(all);
}

/* Digest over names and bytes. */
static int digest_of(const struct assembly *all, uint8_t out[static OG_SHA256_BYTES])
{
    struct og_hash_part parts[2 * OG_MAX_POLICY_FILES];

    for (size_t i = 0; i < all->n_files; i++) {
        parts[2 * i] = (struct og_hash_part){all->files[i].name, strlen(all->files[i].name)};
        parts[2 * i + 1] = (struct og_hash_part){og_buf_str(&all->files[i].bytes),
                                                 all->files[i].bytes.n_bytes};
    }
    return og_hash_parts(parts, 2 * all->n_files, out);
}

static int fail_parse(const struct og_buf *messages, struct og_client_error *error)
{
    const char *text = og_buf_str(messages);

    *error = (struct og_client_error){.code = OG_ERR_CONFIG};
    (void)snprintf(error->text, sizeof(error->text),
                   "this driver cannot read the policies in force (%.*s); "
                   "bring driver and guardfs to the same version",
                   (int)strcspn(text, "\n") < 300 ? (int)strcspn(text, "\n") : 300, text);
    return -EINVAL;
}

/* Parses under the cache's lock, so that connections that open together parse once. */
static int parse(const struct og_client *client, const struct assembly *all,
                 struct og_policy_set **out, struct og_client_error *error)
{
    struct og_policy_file files[OG_MAX_POLICY_FILES];
    uint8_t digest[OG_SHA256_BYTES];
    struct og_buf messages;
    int r = digest_of(all, digest);

    if (r < 0)
        return og_wire_unreachable(client, "out of memory", error);
    for (size_t i = 0; i < all->n_files; i++)
        files[i] = (struct og_policy_file){all->files[i].name, og_buf_str(&all->files[i].bytes),
                                           all->files[i].bytes.n_bytes};
    og_buf_init(&messages, 64u * 1024u);
    cache_lock();
    *out = find_by_bytes(digest);
    if (!*out)
        r = og_policy_set_parse(files, all->n_files, &messages, out);
    if (r == 0)
        remember(client, all->generation, digest, *out);
    cache_unlock();
    if (r != 0)
        r = fail_parse(&messages, error);
    og_buf_release(&messages);
    return r;
}

/* Puts a reference in force; earlier sets stay for statements that still decide by them. */
static void adopt(struct og_client *client, struct og_policy_set *set, uint64_t generation)
{
    (void)og_policy_set_unref(client->sets[OG_CLIENT_KEPT_SETS - 1]);
    memmove(client->sets + 1, client->sets,
            (OG_CLIENT_KEPT_SETS - 1) * sizeof(struct og_policy_set *));
    client->sets[0] = set;
    client->generation = generation;
    if (client->announced_generation < generation)
        client->announced_generation = generation;
    client->has_policy = true;
}

int og_client_policy_fetch(struct og_client *client, int64_t deadline_ns,
                           struct og_client_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct og_msg_policy_get get = {.generation = client->announced_generation};
    struct og_policy_set *set;
    struct assembly *all;
    struct og_wire_wait wait = {.take = take_policy};
    int r;

    (void)pthread_once(&once, watch_fork);
    cache_lock();
    set = find_by_origin(client, get.generation);
    cache_unlock();
    if (set) {
        adopt(client, set, get.generation);
        return 0;
    }
    all = calloc(1, sizeof(*all));
    if (!all)
        return og_wire_unreachable(client, "out of memory", error);
    wait.context = all;
    r = og_wire_send(client, OG_MSG_POLICY_GET, &get, &wait, deadline_ns, error);
    if (r == 0)
        r = og_wire_await(client, &wait, deadline_ns, NULL, error);
    if (r == 0 && all->is_bad) {
        og_wire_lose(client, "it sent a policy set that cannot be put together");
        r = og_wire_unreachable(client, client->lost_why, error);
    }
    if (r == 0 && all->n_files > 0)
        r = parse(client, all, &set, error);
    if (r == 0)
        adopt(client, set, all->generation);
    release_assembly(all);
    return r;
}

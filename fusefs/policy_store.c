/* SPDX-License-Identifier: MIT */
/* The policy folder: polled by what stat says, loaded as one set, tested, kept. The set in force lies in
 * STATE/policies/<number>/; STATE/policies/current holds the number. */
#define _GNU_SOURCE 1
#include "fusefs/policy_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/policy_test.h"
#include "fusefs/daemon.h"
#include "fusefs/policy_history.h"

#define POLL_MS 1000u
#define MESSAGE_BYTES (64u * 1024u)

struct loaded {
    struct og_policy_file files[OG_MAX_POLICY_FILES];
    size_t n_files;
    size_t n_bytes;
};

struct og_policy_store {
    struct og_daemon *daemon;
    char *folder, *kept; /* kept: STATE/policies */
    uid_t starter;       /* guardfs' account once it has dropped rights, else who started it */
    struct loaded in_force;
    struct og_policy_set *set;
    uint64_t generation, kept_number;
    uint64_t seen, judged; /* fingerprints: of the last look, of what was last loaded or rejected */
    bool has_judged;
    uint64_t timer;
    struct og_buf problem, warnings;
    char by[160], by_reason[320]; /* who commits through the mount, while that goes on */
};

static void release_files(struct loaded *all)
{
    for (size_t i = 0; i < all->n_files; i++) {
        free((void *)(uintptr_t)all->files[i].name);
        free((void *)(uintptr_t)all->files[i].bytes);
    }
    *all = (struct loaded){.n_files = 0};
}

static bool is_policy_name(const char *name)
{
    size_t n = strlen(name);

    return n > 5 && name[0] != '.' && strcmp(name + n - 5, ".yaml") == 0;
}

static bool is_trusted(const struct og_policy_store *store, const struct stat *info)
{
    return !(info->st_mode & S_IWOTH) &&
           (info->st_uid == 0 || info->st_uid == geteuid() || info->st_uid == store->starter);
}

/* Reads a regular file whole, without following a link. Returns: bytes to free(); NULL with errno. */
static char *read_whole(int folder_fd, const char *name, size_t max_bytes, struct stat *info,
                        size_t *n_out)
{
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char *bytes = NULL;
    size_t n = 0;
    ssize_t got = 1;

    if (fd < 0)
        return NULL;
    if (fstat(fd, info) < 0 || !S_ISREG(info->st_mode) || info->st_size < 0)
        errno = EINVAL;
    else if ((size_t)info->st_size > max_bytes)
        errno = EFBIG;
    else
        bytes = malloc((size_t)info->st_size + 2);
    while (bytes && got > 0 && n <= (size_t)info->st_size) {
        got = read(fd, bytes + n, (size_t)info->st_size + 1 - n);
        n += got > 0 ? (size_t)got : 0;
    }
    if (bytes && (got < 0 || n != (size_t)info->st_size)) {
        free(bytes);
        bytes = NULL;
        errno = EAGAIN; /* it is being written */
    }
    if (bytes)
        bytes[n] = '\0';
    *n_out = n;
    (void)close(fd);
    return bytes;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct og_policy_file *)a)->name,
                  ((const struct og_policy_file *)b)->name);
}

static int read_one(const struct og_policy_store *store, int fd, const char *name, bool is_own,
                    struct loaded *out, struct og_buf *why)
{
    struct stat info;
    size_t n_bytes;
    char *bytes, *copy;

    if (out->n_files == OG_MAX_POLICY_FILES) {
        og_buf_printf(why, "more than %u policy files\n", OG_MAX_POLICY_FILES);
        return -E2BIG;
    }
    bytes = read_whole(fd, name, OG_MAX_POLICY_BYTES, &info, &n_bytes);
    copy = strdup(name);
    if (bytes && !is_own && !is_trusted(store, &info)) {
        og_buf_printf(why, "%s: others may change this file; it must belong to root or guardfs' "
                           "account and not be writable by everybody\n", name);
    } else if (bytes && copy && out->n_bytes + n_bytes <= OG_MAX_POLICY_SET_BYTES) {
        out->files[out->n_files++] = (struct og_policy_file){copy, bytes, n_bytes};
        out->n_bytes += n_bytes;
        return 0;
    } else {
        og_buf_printf(why, "%s: cannot be read: %s\n", name,
                      bytes ? "the policy set is too large" : strerror(errno));
    }
    free(bytes);
    free(copy);
    return -EACCES;
}

/* Reads all policy files of a folder. is_own: it is the kept one. Returns: 0; -errno with why. */
static int read_folder(const struct og_policy_store *store, const char *path, bool is_own,
                       struct loaded *out, struct og_buf *why)
{
    DIR *folder = opendir(path);
    struct stat info;
    struct dirent *entry;
    int r = 0;

    if (!folder) {
        og_buf_printf(why, "the policy folder %s cannot be read: %s\n", path, strerror(errno));
        return -errno;
    }
    if (!is_own && (fstat(dirfd(folder), &info) < 0 || !is_trusted(store, &info))) {
        og_buf_printf(why, "others may change the policy folder %s; it must belong to root or "
                           "guardfs' account and not be writable by everybody\n", path);
        r = -EPERM;
    }
    while (r == 0 && (entry = readdir(folder)))
        if (is_policy_name(entry->d_name))
            r = read_one(store, dirfd(folder), entry->d_name, is_own, out, why);
    (void)closedir(folder);
    if (r == 0)
        qsort(out->files, out->n_files, sizeof(out->files[0]), by_name);
    return r;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t n_bytes)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < n_bytes; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001B3);
    return hash;
}

/* What stat says of the folder and everything a load reads; order does not matter. */
static uint64_t fingerprint(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    uint64_t sum = 1;

    while (folder && (entry = readdir(folder))) {
        struct stat info = {.st_size = -1};
        uint64_t hash = mix(UINT64_C(0xCBF29CE484222325), entry->d_name, strlen(entry->d_name));

        if (strcmp(entry->d_name, ".git") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW);
        hash = mix(hash, &info.st_size, sizeof(info.st_size));
        hash = mix(hash, &info.st_mtim.tv_sec, sizeof(info.st_mtim.tv_sec));
        hash = mix(hash, &info.st_mtim.tv_nsec, sizeof(info.st_mtim.tv_nsec));
        hash = mix(hash, &info.st_ctim.tv_nsec, sizeof(info.st_ctim.tv_nsec));
        hash = mix(hash, &info.st_mode, sizeof(info.st_mode));
        hash = mix(hash, &info.st_uid, sizeof(info.st_uid));
        sum += mix(hash, &info.st_ino, sizeof(info.st_ino));
    }
    if (folder)
        (void)closedir(folder);
    return folder ? sum : 0;
}

static bool has_git_lock(const char *path)
{
    char git[4200];
    DIR *folder;
    struct dirent *entry;
    bool is_locked = false;

    (void)snprintf(git, sizeof(git), "%s/.git", path);
    folder = opendir(git);
    while (folder && !is_locked && (entry = readdir(folder))) {
        size_t n = strlen(entry->d_name);

        is_locked = n > 5 && strcmp(entry->d_name + n - 5, ".lock") == 0;
    }
    if (folder)
        (void)closedir(folder);
    return is_locked;
}

struct warn {
    struct og_policy_store *store;
    struct og_buf *out;
};

static bool warn_of_group(void *context, const char *group)
{
    struct warn *warn = context;
    const char *name = strncmp(group, "group:", 6) == 0 ? group + 6 : group;

    if (!og_config_has_group(warn->store->daemon->config, name))
        og_buf_printf(warn->out, "the group %s is not in guardfs' configuration: nobody is in it\n",
                      name);
    return true;
}

static int read_for_tests(void *context, const char *name, struct og_buf *out)
{
    const char *path = context;
    int folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat info;
    size_t n_bytes;
    char *bytes;
    int r;

    if (folder_fd < 0)
        return -errno;
    if (name[0] == '/' || strstr(name, "..")) {
        (void)close(folder_fd);
        return -EACCES;
    }
    bytes = read_whole(folder_fd, name, OG_MAX_POLICY_BYTES, &info, &n_bytes);
    r = bytes ? 0 : -errno;
    (void)close(folder_fd);
    if (bytes)
        og_buf_append(out, bytes, n_bytes);
    free(bytes);
    return r;
}

/* Parses and, for the folder, tests. Returns: 0 with a set; else messages says why. */
static int judge(struct og_policy_store *store, const struct loaded *all, bool is_tested,
                 struct og_buf *messages, struct og_policy_set **out)
{
    size_t n_passed = 0, n_failed = 0;
    int r = og_policy_set_parse(all->files, all->n_files, messages, out);

    if (r != 0 || !is_tested)
        return r;
    r = og_policy_test_run(*out, store->folder, read_for_tests, store->folder, messages, &n_passed,
                           &n_failed);
    if (r == 0 && n_failed > 0) {
        og_buf_printf(messages, "%zu of the policies' own tests failed\n", n_failed);
        r = 1;
    }
    if (r != 0)
        *out = og_policy_set_unref(*out);
    return r;
}

/* Keeps a good set under a new number, with who brought it. Returns: 0; -errno. */
static int keep(struct og_policy_store *store, const struct loaded *all,
                const struct og_policy_set *set)
{
    uint64_t number = store->kept_number + 1;
    struct og_buf info;
    char when[32];
    time_t now = time(NULL);
    struct tm tm;
    int r;

    (void)gmtime_r(&now, &tm);
    (void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    og_buf_init(&info, MESSAGE_BYTES);
    og_buf_printf(&info, "number: %06" PRIu64 "\nwhen: %s\nby: %s\nreason: %s\ndigest: %s\n", number,
                  when, store->by[0] ? store->by : "the policy folder", store->by_reason,
                  og_policy_set_digest(set));
    r = og_policy_history_keep(store->kept, number, all->files, all->n_files, og_buf_str(&info));
    og_buf_release(&info);
    if (r == 0)
        store->kept_number = number;
    return r;
}

static void adopt(struct og_policy_store *store, struct loaded *all, struct og_policy_set *set)
{
    struct warn warn = {store, &store->warnings};

    (void)og_policy_set_unref(store->set);
    release_files(&store->in_force);
    store->set = set;
    store->in_force = *all;
    store->generation++;
    og_buf_clear(&store->warnings);
    og_policy_set_each_group(set, warn_of_group, &warn);
}

static void record(struct og_policy_store *store, const char *what, const char *message)
{
    struct og_record_pair pairs[] = {
        {"digest", store->set ? og_policy_set_digest(store->set) : ""},
        {"by", store->by},
        {"reason", store->by_reason},
    };

    (void)og_daemon_event(store->daemon, NULL, "policy", what, "", message, pairs, OG_COUNT(pairs));
}

/* Loads the folder as it is now. */
static void load(struct og_policy_store *store)
{
    struct loaded *all = calloc(1, sizeof(*all));
    struct og_policy_set *set = NULL;
    struct og_buf messages;
    int r;

    og_buf_init(&messages, MESSAGE_BYTES);
    r = all ? read_folder(store, store->folder, false, all, &messages) : -ENOMEM;
    if (r == 0 && all->n_files == 0) {
        og_buf_append_str(&messages, "the policy folder holds no *.yaml file\n");
        r = -ENOENT;
    }
    if (r == 0)
        r = judge(store, all, true, &messages, &set);
    if (r == 0 && store->set &&
        strcmp(og_policy_set_digest(set), og_policy_set_digest(store->set)) == 0) {
        /* The content that is in force already. */
        set = og_policy_set_unref(set);
        release_files(all);
        og_buf_clear(&store->problem);
    } else if (r == 0 && (r = keep(store, all, set)) < 0) {
        og_buf_printf(&messages, "the set cannot be kept in the state folder: %s\n", strerror(-r));
        set = og_policy_set_unref(set);
    } else if (r == 0) {
        adopt(store, all, set);
        og_buf_clear(&store->problem);
        record(store, "loaded", "a policy set is in force");
    }
    if (r != 0) {
        if (all)
            release_files(all);
        og_buf_clear(&store->problem);
        og_buf_append_str(&store->problem, messages.n_bytes ? og_buf_str(&messages)
                                                            : "memory is short\n");
        record(store, "rejected", og_buf_str(&store->problem));
    }
    og_buf_release(&messages);
    free(all);
}

/* The set of an earlier run: the last that passed its tests. */
static void load_kept(struct og_policy_store *store)
{
    struct loaded *all = calloc(1, sizeof(*all));
    struct og_policy_set *set = NULL;
    struct og_buf messages;
    struct stat info;
    size_t n_bytes;
    char path[4200], *number;
    int fd = open(store->kept, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (!all || fd < 0) {
        free(all);
        return;
    }
    og_buf_init(&messages, MESSAGE_BYTES);
    number = read_whole(fd, "current", 32, &info, &n_bytes);
    (void)close(fd);
    if (number) {
        store->kept_number = strtoull(number, NULL, 10);
        (void)snprintf(path, sizeof(path), "%s/%06" PRIu64, store->kept, store->kept_number);
        if (read_folder(store, path, true, all, &messages) == 0 && all->n_files > 0 &&
            judge(store, all, false, &messages, &set) == 0)
            adopt(store, all, set);
        else
            release_files(all);
    }
    free(number);
    og_buf_release(&messages);
    free(all);
}

static void poll_later(void *context)
{
    struct og_policy_store *store = context;
    uint64_t now = fingerprint(store->folder);

    /* Twice the same, a second apart: quiet. */
    if (now == store->seen && (!store->has_judged || now != store->judged))
        og_policy_store_poll(store);
    store->seen = now;
    store->timer = og_loop_after(store->daemon->loop, POLL_MS, poll_later, store);
}

void og_policy_store_poll(struct og_policy_store *store)
{
    uint64_t before = fingerprint(store->folder);

    if (has_git_lock(store->folder) || (store->has_judged && before == store->judged))
        return;
    load(store);
    /* What changed while it was read is looked at again. */
    store->has_judged = fingerprint(store->folder) == before;
    store->judged = before;
}

/* The first load happens before rights are dropped: the account to come counts already. */
static uid_t account_to_be(const struct og_daemon *daemon)
{
    const char *user = og_config_user(daemon->config);
    const struct passwd *account = user && geteuid() == 0 ? getpwnam(user) : NULL;

    return account ? account->pw_uid : getuid();
}

int og_policy_store_open(struct og_daemon *daemon, const char *folder, const char *state_folder,
                         struct og_policy_store **out, struct og_buf *why)
{
    struct og_policy_store *store = calloc(1, sizeof(*store));

    if (!store)
        return -ENOMEM;
    *out = store;
    store->daemon = daemon;
    store->starter = account_to_be(daemon);
    /* Generations of a later run differ from those of an earlier one. */
    store->generation = og_ledger_epoch(daemon->ledger) << 20;
    og_buf_init(&store->problem, MESSAGE_BYTES);
    og_buf_init(&store->warnings, MESSAGE_BYTES);
    store->folder = strdup(folder);
    if (!store->folder || asprintf(&store->kept, "%s/policies", state_folder) < 0)
        return -ENOMEM;
    if (mkdir(store->kept, 0700) < 0 && errno != EEXIST) {
        og_buf_printf(why, "%s cannot be made: %s", store->kept, strerror(errno));
        return -errno;
    }
    load_kept(store);
    og_policy_store_poll(store);
    store->seen = fingerprint(store->folder);
    store->timer = og_loop_after(daemon->loop, POLL_MS, poll_later, store);
    return store->timer ? 0 : -ENOMEM;
}

struct og_policy_store *og_policy_store_close(struct og_policy_store *store)
{
    if (!store)
        return NULL;
    og_loop_cancel(store->daemon->loop, store->timer);
    (void)og_policy_set_unref(store->set);
    release_files(&store->in_force);
    og_buf_release(&store->problem);
    og_buf_release(&store->warnings);
    free(store->folder);
    free(store->kept);
    free(store);
    return NULL;
}

const struct og_policy_file *og_policy_store_files(const struct og_policy_store *store, size_t *n_out)
{
    *n_out = store->set ? store->in_force.n_files : 0;
    return store->in_force.files;
}

struct og_policy_set *og_policy_store_set(const struct og_policy_store *store)
{
    return store->set;
}

uint64_t og_policy_store_generation(const struct og_policy_store *store)
{
    return store->generation;
}

const char *og_policy_store_problem(const struct og_policy_store *store)
{
    return og_buf_str(&store->problem);
}

const char *og_policy_store_warnings(const struct og_policy_store *store)
{
    return og_buf_str(&store->warnings);
}

const char *og_policy_store_folder(const struct og_policy_store *store)
{
    return store->folder;
}

const char *og_policy_store_kept(const struct og_policy_store *store)
{
    return store->kept;
}

void og_policy_store_commit(struct og_policy_store *store, const char *by, const char *reason)
{
    (void)snprintf(store->by, sizeof(store->by), "%s", by);
    (void)snprintf(store->by_reason, sizeof(store->by_reason), "%s", reason);
    store->has_judged = false;
    og_policy_store_poll(store);
    store->seen = fingerprint(store->folder);
    store->by[0] = store->by_reason[0] = '\0';
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/policy_edit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/limits.h"
#include "common/policy_test.h"
#include "fusefs/daemon.h"
#include "fusefs/policy_history.h"

/* Files of a copy, with the schema files of its tests. */
#define MAX_FILES (2u * OG_MAX_POLICY_FILES)

struct copy {
    struct og_policy_file files[MAX_FILES];
    size_t n_files;
    size_t n_bytes;
};

/* ---- names and folders ---- */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), n_end = strlen(end);

    return n > n_end && strcmp(name + n - n_end, end) == 0;
}

static bool is_policy(const char *name)
{
    return ends_with(name, ".yaml");
}

bool og_policy_edit_is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    return name[0] != '.' && strlen(name) < 80 && name[strspn(name, letters)] == '\0' &&
           (is_policy(name) || ends_with(name, ".sql"));
}

static void edit_path(const struct og_daemon *daemon, char out[static PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s/edit", og_policy_store_kept(daemon->policies));
}

/* The folder that is read: the working copy, or the policy folder while there is none. */
static int open_source(const struct og_daemon *daemon)
{
    char path[PATH_MAX];
    int fd;

    edit_path(daemon, path);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        fd = open(og_policy_store_folder(daemon->policies), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int read_at(int folder, const char *name, struct og_buf *out)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char block[16384];
    struct stat st;
    ssize_t n = -1;
    int r = 0;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        r = -EINVAL;
    while (r == 0 && (n = read(fd, block, sizeof(block))) > 0)
        og_buf_append(out, block, (size_t)n);
    if (r == 0 && n < 0)
        r = -errno;
    (void)close(fd);
    return r < 0 ? r : og_buf_is_failed(out) ? -EFBIG : 0;
}

static void each_name(int folder, void (*visit)(void *context, const char *name), void *context)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;

    if (!stream && copy >= 0)
        (void)close(copy);
    while (stream && (entry = readdir(stream)))
        if (og_policy_edit_is_name(entry->d_name))
            visit(context, entry->d_name);
    if (stream)
        (void)closedir(stream);
}

void og_policy_edit_list(const struct og_daemon *daemon,
                         void (*visit)(void *context, const char *name), void *context)
{
    int folder = open_source(daemon);

    if (folder < 0)
        return;
    each_name(folder, visit, context);
    (void)close(folder);
}

bool og_policy_edit_exists(const struct og_daemon *daemon, const char *name)
{
    int folder = og_policy_edit_is_name(name) ? open_source(daemon) : -1;
    struct stat st;
    bool exists;

    if (folder < 0)
        return false;
    exists = fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
    (void)close(folder);
    return exists;
}

int og_policy_edit_read(const struct og_daemon *daemon, const char *name, struct og_buf *out)
{
    int folder = og_policy_edit_is_name(name) ? open_source(daemon) : -ENOENT, r;

    if (folder < 0)
        return folder;
    r = read_at(folder, name, out);
    (void)close(folder);
    return r;
}

/* ---- the copy in memory ---- */

static void release(struct copy *copy)
{
    for (size_t i = 0; i < copy->n_files; i++) {
        free((void *)(uintptr_t)copy->files[i].name);
        free((void *)(uintptr_t)copy->files[i].bytes);
    }
    free(copy);
}

struct loading {
    struct copy *copy;
    int folder, r;
};

static void load_one(void *context, const char *name)
{
    struct loading *loading = context;
    struct copy *copy = loading->copy;
    struct og_buf text;
    char *bytes, *key;

    if (loading->r < 0)
        return;
    og_buf_init(&text, OG_MAX_POLICY_BYTES);
    loading->r = copy->n_files == MAX_FILES ? -E2BIG : read_at(loading->folder, name, &text);
    bytes = loading->r == 0 ? strndup(og_buf_str(&text), text.n_bytes) : NULL;
    key = bytes ? strdup(name) : NULL;
    if (loading->r == 0 && !key)
        loading->r = -ENOMEM;
    if (loading->r == 0) {
        copy->files[copy->n_files++] = (struct og_policy_file){key, bytes, text.n_bytes};
        copy->n_bytes += text.n_bytes;
        if (copy->n_bytes > OG_MAX_POLICY_SET_BYTES)
            loading->r = -EFBIG;
    } else {
        free(bytes);
        free(key);
    }
    og_buf_release(&text);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct og_policy_file *)a)->name,
                  ((const struct og_policy_file *)b)->name);
}

/* Policies first, in order of name, then schemas. */
static int load(const struct og_daemon *daemon, struct copy **out, size_t *n_policies)
{
    struct copy *copy = calloc(1, sizeof(*copy));
    struct loading loading = {.copy = copy};
    size_t n = 0;

    if (!copy)
        return -ENOMEM;
    loading.folder = open_source(daemon);
    loading.r = loading.folder < 0 ? loading.folder : 0;
    if (loading.folder >= 0) {
        each_name(loading.folder, load_one, &loading);
        (void)close(loading.folder);
    }
    if (loading.r < 0) {
        release(copy);
        return loading.r;
    }
    for (size_t i = 0; i < copy->n_files; i++)
        if (is_policy(copy->files[i].name)) {
            struct og_policy_file file = copy->files[i];

            copy->files[i] = copy->files[n];
            copy->files[n++] = file;
        }
    qsort(copy->files, n, sizeof(copy->files[0]), by_name);
    *out = copy;
    *n_policies = n;
    return 0;
}

/* ---- changing ---- */

/* Makes the working copy. Returns a descriptor of its folder; -errno. */
static int open_edit(struct og_daemon *daemon)
{
    char path[PATH_MAX], made[PATH_MAX + 8];
    struct copy *copy = NULL;
    size_t n_policies;
    int fd, r;

    edit_path(daemon, path);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 || errno != ENOENT)
        return fd < 0 ? -errno : fd;
    r = load(daemon, &copy, &n_policies);
    if (r < 0)
        return r;
    (void)snprintf(made, sizeof(made), "%s.new", path);
    if (mkdir(made, 0700) < 0 && errno != EEXIST)
        r = -errno;
    fd = r == 0 ? open(made, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (r == 0 && fd < 0)
        r = -errno;
    for (size_t i = 0; r == 0 && i < copy->n_files; i++)
        r = og_policy_write_file(fd, copy->files[i].name, copy->files[i].bytes,
                                 copy->files[i].n_bytes);
    if (r == 0 && rename(made, path) < 0)
        r = -errno;
    release(copy);
    if (r < 0 && fd >= 0)
        (void)close(fd);
    return r < 0 ? r : fd;
}

/* Syntax of one policy alone: what it says of others is looked at by .test. A file that was just made is
 * empty; .test will say that of it. */
static int check(const char *name, const char *text, size_t n_bytes, struct og_buf *messages)
{
    struct og_policy_file file = {name, text, n_bytes};
    struct og_policy_set *set = NULL;
    int r;

    if (!n_bytes)
        return 0;
    if (!is_policy(name))
        return memchr(text, '\0', n_bytes) ? -EBADMSG : 0;
    r = og_policy_set_parse(&file, 1, messages, &set);
    (void)og_policy_set_unref(set);
    return r == 0 ? 0 : r < 0 ? r : -EBADMSG;
}

int og_policy_edit_save(struct og_daemon *daemon, const char *name, const char *text,
                        size_t n_bytes, struct og_buf *messages)
{
    char made[96];
    int folder, r;

    if (!og_policy_edit_is_name(name)) {
        og_buf_printf(messages, "a policy is named NAME.yaml, a schema NAME.sql\n");
        return -EINVAL;
    }
    r = check(name, text, n_bytes, messages);
    if (r < 0)
        return r;
    folder = open_edit(daemon);
    if (folder < 0)
        return folder;
    (void)snprintf(made, sizeof(made), ".%s.new", name);
    r = og_policy_write_file(folder, made, text, n_bytes);
    if (r == 0 && renameat(folder, made, folder, name) < 0)
        r = -errno;
    (void)close(folder);
    return r;
}

int og_policy_edit_remove(struct og_daemon *daemon, const char *name)
{
    int folder = og_policy_edit_is_name(name) ? open_edit(daemon) : -ENOENT, r;

    if (folder < 0)
        return folder;
    r = unlinkat(folder, name, 0) < 0 ? -errno : 0;
    (void)close(folder);
    return r;
}

int og_policy_edit_rename(struct og_daemon *daemon, const char *from, const char *to)
{
    int folder, r;

    if (!og_policy_edit_is_name(from) || !og_policy_edit_is_name(to))
        return -EINVAL;
    folder = open_edit(daemon);
    if (folder < 0)
        return folder;
    r = renameat(folder, from, folder, to) < 0 ? -errno : 0;
    (void)close(folder);
    return r;
}

int og_policy_edit_abort(struct og_daemon *daemon)
{
    char path[PATH_MAX];
    const struct dirent *entry;
    DIR *stream;
    int r = 0;

    edit_path(daemon, path);
    stream = opendir(path);
    if (!stream)
        return errno == ENOENT ? 0 : -errno;
    while ((entry = readdir(stream)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlinkat(dirfd(stream), entry->d_name, 0) < 0)
            r = -errno;
    (void)closedir(stream);
    return rmdir(path) < 0 && r == 0 ? -errno : r;
}

/* ---- testing and committing ---- */

static int read_schema(void *context, const char *name, struct og_buf *out)
{
    const struct copy *copy = context;

    for (size_t i = 0; i < copy->n_files; i++)
        if (strcmp(copy->files[i].name, name) == 0) {
            og_buf_append(out, copy->files[i].bytes, copy->files[i].n_bytes);
            return 0;
        }
    return -ENOENT;
}

static int judge(struct copy *copy, size_t n_policies, struct og_buf *messages)
{
    struct og_policy_set *set = NULL;
    size_t n_passed = 0, n_failed = 0;
    int r;

    if (!n_policies) {
        og_buf_append_str(messages, "there is no policy in the working copy\n");
        return -EBADMSG;
    }
    r = og_policy_set_parse(copy->files, n_policies, messages, &set);
    if (r == 0)
        r = og_policy_test_run(set, NULL, read_schema, copy, messages, &n_passed, &n_failed);
    (void)og_policy_set_unref(set);
    if (r < 0)
        return r;
    og_buf_printf(messages, "%zu tests passed, %zu failed\n", n_passed, n_failed);
    return r > 0 || n_failed ? -EBADMSG : 0;
}

int og_policy_edit_test(struct og_daemon *daemon, struct og_buf *messages)
{
    struct copy *copy;
    size_t n_policies;
    int r = load(daemon, &copy, &n_policies);

    if (r < 0)
        return r;
    r = judge(copy, n_policies, messages);
    release(copy);
    og_buf_append_str(messages, r == 0 ? "ok\n" : "not ok: nothing has changed\n");
    return r;
}

/* Written beside its place first, so that the second step is renames only. */
static int place(int folder, const struct copy *copy, struct og_buf *messages)
{
    char made[128];
    struct stat st;
    int r = 0;

    for (size_t i = 0; r == 0 && i < copy->n_files; i++) {
        (void)snprintf(made, sizeof(made), ".%s.new", copy->files[i].name);
        r = og_policy_write_file(folder, made, copy->files[i].bytes, copy->files[i].n_bytes);
        if (r == 0 && fchmodat(folder, made, 0644, 0) < 0)
            r = -errno;
        if (r == 0 && fstat(folder, &st) == 0) /* as the folder's other files, where we may */
            (void)!fchownat(folder, made, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW);
    }
    for (size_t i = 0; r == 0 && i < copy->n_files; i++) {
        (void)snprintf(made, sizeof(made), ".%s.new", copy->files[i].name);
        if (renameat(folder, made, folder, copy->files[i].name) < 0)
            r = -errno;
    }
    for (size_t i = 0; r < 0 && i < copy->n_files; i++) {
        (void)snprintf(made, sizeof(made), ".%s.new", copy->files[i].name);
        (void)unlinkat(folder, made, 0);
    }
    if (r < 0)
        og_buf_printf(messages, "the policy folder cannot be written (%s): change the files there by "
                                "hand, or give the folder to guardfs' account\n", strerror(-r));
    return r;
}

struct dropping {
    const struct copy *copy;
    int folder;
};

static void drop_if_gone(void *context, const char *name)
{
    const struct dropping *dropping = context;

    for (size_t i = 0; i < dropping->copy->n_files; i++)
        if (strcmp(dropping->copy->files[i].name, name) == 0)
            return;
    (void)unlinkat(dropping->folder, name, 0);
}

int og_policy_edit_commit(struct og_daemon *daemon, const char *by, const char *reason,
                          struct og_buf *messages)
{
    struct dropping dropping;
    struct copy *copy;
    size_t n_policies;
    char path[PATH_MAX];
    struct stat st;
    int r;

    edit_path(daemon, path);
    if (stat(path, &st) < 0) {
        og_buf_append_str(messages, "there is no working copy: save a file in policies/edit first\n");
        return -ENOENT;
    }
    r = load(daemon, &copy, &n_policies);
    if (r < 0)
        return r;
    r = judge(copy, n_policies, messages);
    dropping = (struct dropping){copy, -1};
    if (r == 0) {
        dropping.folder = open(og_policy_store_folder(daemon->policies),
                               O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = dropping.folder < 0 ? -errno : place(dropping.folder, copy, messages);
    }
    if (r == 0) {
        each_name(dropping.folder, drop_if_gone, &dropping);
        (void)fsync(dropping.folder);
        og_policy_store_commit(daemon->policies, by, reason);
        r = og_policy_edit_abort(daemon);
        og_buf_append_str(messages, "committed: the policy folder holds the working copy now\n");
        og_buf_append_str(messages, og_policy_store_problem(daemon->policies));
    }
    if (dropping.folder >= 0)
        (void)close(dropping.folder);
    release(copy);
    return r;
}

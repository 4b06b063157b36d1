/* SPDX-License-Identifier: MIT */
#include "fusefs/ctl_policies.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "fusefs/ctl_link.h"

/* Files collected for one parse; names and bytes are owned. */
struct collection {
    struct og_policy_file files[OG_MAX_POLICY_FILES];
    size_t n_files;
};

static void collection_release(struct collection *collection)
{
    for (size_t i = 0; i < collection->n_files; i++) {
        free((void *)(uintptr_t)collection->files[i].name);
        free((void *)(uintptr_t)collection->files[i].bytes);
    }
    free(collection);
}

/* Takes bytes over. Returns: 0; -E2BIG; -ENOMEM. */
static int collect(struct collection *collection, const char *name, char *bytes, size_t n_bytes)
{
    char *copy = strdup(name);

    if (!copy || collection->n_files == OG_MAX_POLICY_FILES) {
        free(bytes);
        free(copy);
        return copy ? -E2BIG : -ENOMEM;
    }
    collection->files[collection->n_files++] =
        (struct og_policy_file){.name = copy, .bytes = bytes, .n_bytes = n_bytes};
    return 0;
}

static bool is_policy_name(const char *name)
{
    size_t n_bytes = strlen(name);

    return n_bytes > 5 && *name != '.' && strcmp(name + n_bytes - 5, ".yaml") == 0;
}

static int by_name(const void *a, const void *b)
{
    const struct og_policy_file *left = a, *right = b;

    return strcmp(left->name, right->name);
}

/* The order of files is part of the set's digest, so it must not depend on where they came from. */
static int parse(const struct og_ctl_call *call, const char *from, struct collection *collection,
                 struct og_policy_set **out)
{
    struct og_buf messages;
    int r;

    if (!collection->n_files)
        return og_ctl_fail(call, "policies are files that end in .yaml", "there is no policy in %s",
                           from);
    qsort(collection->files, collection->n_files, sizeof(collection->files[0]), by_name);
    og_buf_init(&messages, OG_MAX_POLICY_SET_BYTES);
    r = og_policy_set_parse(collection->files, collection->n_files, &messages, out);
    fflush(stdout);
    fputs(og_buf_str(&messages), stderr);
    if (r)
        r = og_ctl_fail(call, "odbcguard-policy(5) describes every key",
                        "the policies in %s are not usable%s%s", from,
                        r < 0 ? ": " : "", r < 0 ? strerror(-r) : "");
    og_buf_release(&messages);
    return r;
}

static int read_folder(const char *folder, struct collection *collection)
{
    char path[PATH_MAX];
    const struct dirent *entry;
    DIR *stream = opendir(folder);
    int r = 0;

    if (!stream)
        return -errno;
    while (r == 0 && (entry = readdir(stream))) {
        char *bytes;
        size_t n_bytes;

        if (!is_policy_name(entry->d_name))
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        r = og_ctl_read_file(path, OG_MAX_POLICY_BYTES, &bytes, &n_bytes);
        if (r == 0)
            r = collect(collection, entry->d_name, bytes, n_bytes);
    }
    (void)closedir(stream);
    return r;
}

/* One file, whatever it is called: a draft may not be named as a policy yet. */
static int read_file(const char *path, struct collection *collection)
{
    const char *slash = strrchr(path, '/');
    size_t n_bytes;
    char *bytes;
    int r = og_ctl_read_file(path, OG_MAX_POLICY_BYTES, &bytes, &n_bytes);

    return r ? r : collect(collection, slash ? slash + 1 : path, bytes, n_bytes);
}

int og_ctl_policies_from(const struct og_ctl_call *call, const char *path,
                         struct og_policy_set **out)
{
    struct collection *collection = calloc(1, sizeof(*collection));
    int r;

    if (!collection)
        return og_ctl_fail(call, NULL, "no memory");
    r = read_folder(path, collection);
    if (r == -ENOTDIR)
        r = read_file(path, collection);
    if (r)
        r = og_ctl_fail(call, NULL, "the policies in %s cannot be read: %s", path, strerror(-r));
    else
        r = parse(call, path, collection, out);
    collection_release(collection);
    return r;
}

static int read_active(const struct og_ctl_call *call, struct collection *collection)
{
    struct og_ctl_link link;
    struct og_ctl_file listing, file;
    struct og_arena arena;
    char path[PATH_MAX];
    int r = og_ctl_link_open(call, &link);

    if (r != OG_CTL_OK)
        return r;
    og_arena_init(&arena, OG_MAX_POLICY_SET_BYTES);
    r = og_ctl_link_get(call, &link, "policies/active", 0, &arena, &listing);
    if (r)
        r = og_ctl_link_tell(call, "policies/active", r, listing.reason);
    for (size_t i = 0; r == OG_CTL_OK && i < listing.names.n_items; i++) {
        if (!is_policy_name(listing.names.items[i]))
            continue;
        (void)snprintf(path, sizeof(path), "policies/active/%s", listing.names.items[i]);
        r = og_ctl_link_get(call, &link, path, 0, &arena, &file);
        if (r)
            r = og_ctl_link_tell(call, path, r, file.reason);
        else if (collect(collection, listing.names.items[i], file.text, file.n_bytes))
            r = og_ctl_fail(call, NULL, "no memory for %s", path);
    }
    og_arena_release(&arena);
    og_ctl_link_close(&link);
    return r == OG_CTL_OK ? OG_CTL_OK : OG_CTL_ERROR;
}

int og_ctl_policies_in_force(const struct og_ctl_call *call, struct og_policy_set **out)
{
    struct collection *collection = calloc(1, sizeof(*collection));
    int r;

    if (!collection)
        return og_ctl_fail(call, NULL, "no memory");
    r = read_active(call, collection);
    if (r == OG_CTL_OK)
        r = parse(call, "guardfs", collection, out);
    collection_release(collection);
    return r;
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/policy_history.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NUMBER_CHARS 6u

int og_policy_write_file(int folder_fd, const char *name, const void *bytes, size_t n_bytes)
{
    int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    const char *at = bytes;
    int r = 0;

    if (fd < 0)
        return -errno;
    while (n_bytes > 0 && r == 0) {
        ssize_t n = write(fd, at, n_bytes);

        if (n < 0)
            r = -errno;
        else
            at += n, n_bytes -= (size_t)n;
    }
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (close(fd) < 0 && r == 0)
        r = -errno;
    return r;
}

static void remove_set(const char *kept, const char *number)
{
    char path[4200];
    DIR *folder;
    struct dirent *entry;

    (void)snprintf(path, sizeof(path), "%s/%s", kept, number);
    folder = opendir(path);
    while (folder && (entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        (void)closedir(folder);
    (void)rmdir(path);
}

static bool is_number(const char *name)
{
    return strspn(name, "0123456789") == NUMBER_CHARS && !name[NUMBER_CHARS];
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int pick_numbers(const struct dirent *entry)
{
    return is_number(entry->d_name);
}

static void prune(const char *kept)
{
    struct dirent **all = NULL;
    int n = scandir(kept, &all, pick_numbers, by_name);

    for (int i = 0; i < n; i++) {
        if (i + (int)OG_POLICY_HISTORY_MAX < n)
            remove_set(kept, all[i]->d_name);
        free(all[i]);
    }
    free(all);
}

static int write_set(const char *path, const struct og_policy_file *files, size_t n_files,
                     const char *info)
{
    int fd, r = 0;

    if (mkdir(path, 0700) < 0)
        return -errno;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    for (size_t i = 0; r == 0 && i < n_files; i++)
        r = og_policy_write_file(fd, files[i].name, files[i].bytes, files[i].n_bytes);
    if (r == 0)
        r = og_policy_write_file(fd, ".info", info, strlen(info));
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    (void)close(fd);
    return r;
}

int og_policy_history_keep(const char *kept_folder, uint64_t number,
                           const struct og_policy_file *files, size_t n_files, const char *info)
{
    char path[4200], text[32];
    int top_fd = open(kept_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

    if (top_fd < 0)
        return -errno;
    (void)snprintf(text, sizeof(text), "%06" PRIu64, number);
    remove_set(kept_folder, text); /* of a run that was killed in the middle of this */
    (void)snprintf(path, sizeof(path), "%s/%s", kept_folder, text);
    (void)snprintf(text, sizeof(text), "%06" PRIu64 "\n", number);
    r = write_set(path, files, n_files, info);
    if (r == 0)
        r = og_policy_write_file(top_fd, "current.new", text, strlen(text));
    if (r == 0 && (renameat(top_fd, "current.new", top_fd, "current") < 0 || fsync(top_fd) < 0))
        r = -errno;
    (void)close(top_fd);
    if (r == 0)
        prune(kept_folder);
    return r;
}

void og_policy_history_list(const char *kept_folder,
                            void (*visit)(void *context, const char *name), void *context)
{
    struct dirent **all = NULL;
    int n = scandir(kept_folder, &all, pick_numbers, by_name);

    for (int i = 0; i < n; i++) {
        char path[4200], name[300];
        const struct dirent *entry;
        DIR *folder;

        (void)snprintf(path, sizeof(path), "%s/%s", kept_folder, all[i]->d_name);
        folder = opendir(path);
        while (folder && (entry = readdir(folder))) {
            bool is_info = strcmp(entry->d_name, ".info") == 0;

            if (entry->d_name[0] == '.' && !is_info)
                continue;
            (void)snprintf(name, sizeof(name), is_info ? "%.6s%.255s" : "%.6s-%.255s",
                           all[i]->d_name, entry->d_name);
            visit(context, name);
        }
        if (folder)
            (void)closedir(folder);
        free(all[i]);
    }
    free(all);
}

int og_policy_history_path(const char *kept_folder, const char *name, char *out, size_t max_bytes)
{
    char number[NUMBER_CHARS + 1] = "";
    const char *rest = name + NUMBER_CHARS;
    struct stat st;

    if (strlen(name) <= NUMBER_CHARS || strchr(name, '/'))
        return -ENOENT;
    memcpy(number, name, NUMBER_CHARS);
    if (!is_number(number) || (*rest != '-' && strcmp(rest, ".info") != 0))
        return -ENOENT;
    if (*rest == '-' && (rest[1] == '.' || !rest[1]))
        return -ENOENT;
    (void)snprintf(out, max_bytes, "%s/%s/%s", kept_folder, number,
                   *rest == '-' ? rest + 1 : ".info");
    return lstat(out, &st) == 0 && S_ISREG(st.st_mode) ? 0 : -ENOENT;
}

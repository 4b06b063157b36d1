/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over files and folders without a fuzzer: those given as arguments, else the
 * target's own corpus (OG_CORPUS names its folder). A broken invariant aborts. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/tap.h"

#ifndef OG_CORPUS
#define OG_CORPUS ""
#endif
#define MAX_FILE_BYTES (8u * 1024u * 1024u)
#define MAX_DEPTH 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static unsigned n_files;

static void replay_file(const char *path)
{
    uint8_t *bytes = malloc(MAX_FILE_BYTES);
    FILE *file = fopen(path, "rb");

    if (!bytes || !file) {
        tap_ok(false, "read %s", path);
    } else {
        size_t n_bytes = fread(bytes, 1, MAX_FILE_BYTES, file);

        (void)LLVMFuzzerTestOneInput(bytes, n_bytes);
        n_files++;
    }
    if (file)
        (void)fclose(file);
    free(bytes);
}

static void replay(const char *path, int depth)
{
    struct stat info;
    struct dirent *entry;
    DIR *folder;
    char below[4096];

    if (stat(path, &info) != 0 || depth > MAX_DEPTH) {
        tap_ok(false, "find %s", path);
        return;
    }
    if (!S_ISDIR(info.st_mode)) {
        replay_file(path);
        return;
    }
    folder = opendir(path);
    while (folder && (entry = readdir(folder)) != NULL) {
        int n = snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);

        if (entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof(below))
            replay(below, depth + 1);
    }
    if (folder)
        (void)closedir(folder);
}

int main(int argc, char **argv)
{
    const char *root = getenv("OG_SRCDIR");
    char corpus[4096];

    for (int i = 1; i < argc; i++)
        replay(argv[i], 0);
    if (argc < 2) {
        (void)snprintf(corpus, sizeof(corpus), "%s/tests/fuzz/corpus/%s", root ? root : ".",
                       OG_CORPUS);
        replay(corpus, 0);
    }
    tap_ok(n_files > 0, "replayed %u files", n_files);
    return tap_done();
}

/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "fusefs/fs_parts.h"

#define N_BUCKETS 4096u

struct inode {
    struct inode *next;
    fuse_ino_t ino;
    uint64_t n_lookups;
    char path[];
};

struct og_inodes {
    struct inode *buckets[N_BUCKETS];
};

/* FNV-1a, 64 bits; 0 and 1 are taken (none, the root). */
static fuse_ino_t number_of(const char *path)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *path; path++)
        hash = (hash ^ (unsigned char)*path) * 0x100000001b3u;
    return hash < 16 ? hash + 16 : hash;
}

struct og_inodes *og_inodes_new(void)
{
    return calloc(1, sizeof(struct og_inodes));
}

struct og_inodes *og_inodes_free(struct og_inodes *inodes)
{
    for (size_t i = 0; inodes && i < N_BUCKETS; i++)
        while (inodes->buckets[i]) {
            struct inode *next = inodes->buckets[i]->next;

            free(inodes->buckets[i]);
            inodes->buckets[i] = next;
        }
    free(inodes);
    return NULL;
}

static struct inode **at(const struct og_inodes *inodes, fuse_ino_t ino)
{
    struct inode **link =
        (struct inode **)(uintptr_t)&inodes->buckets[ino % N_BUCKETS];

    while (*link && (*link)->ino != ino)
        link = &(*link)->next;
    return link;
}

fuse_ino_t og_inodes_take(struct og_inodes *inodes, const char *path)
{
    fuse_ino_t ino = number_of(path);
    struct inode **link;
    size_t n = strlen(path) + 1;

    if (n == 1)
        return FUSE_ROOT_ID;
    /* Another path may have the number by chance, or may have been moved there. */
    for (link = at(inodes, ino); *link && strcmp((*link)->path, path) != 0; link = at(inodes, ino))
        ino++;
    if (!*link) {
        struct inode *inode = calloc(1, sizeof(*inode) + n);

        if (!inode)
            return 0;
        inode->ino = ino;
        memcpy(inode->path, path, n);
        *link = inode;
    }
    (*link)->n_lookups++;
    return ino;
}

const char *og_inodes_path(const struct og_inodes *inodes, fuse_ino_t ino)
{
    const struct inode *inode;

    if (ino == FUSE_ROOT_ID)
        return "";
    inode = *at(inodes, ino);
    return inode ? inode->path : NULL;
}

void og_inodes_forget(struct og_inodes *inodes, fuse_ino_t ino, uint64_t n)
{
    struct inode **link = at(inodes, ino), *inode = *link;

    if (!inode)
        return;
    inode->n_lookups -= n < inode->n_lookups ? n : inode->n_lookups;
    if (inode->n_lookups)
        return;
    *link = inode->next;
    free(inode);
}

void og_inodes_move(struct og_inodes *inodes, const char *from, const char *to)
{
    size_t n = strlen(to) + 1;

    for (size_t i = 0; i < N_BUCKETS; i++)
        for (struct inode **link = &inodes->buckets[i]; *link; link = &(*link)->next) {
            struct inode *inode = *link, *moved;

            if (strcmp(inode->path, from) != 0)
                continue;
            moved = calloc(1, sizeof(*moved) + n);
            if (!moved)
                return;
            moved->next = inode->next;
            moved->ino = inode->ino;
            moved->n_lookups = inode->n_lookups;
            memcpy(moved->path, to, n);
            *link = moved;
            free(inode);
            return;
        }
}

/* SPDX-License-Identifier: MIT */
/* undo_store_parts.h - the inside of undo_store.c and undo_meta.c. */
#ifndef OG_FUSEFS_UNDO_STORE_PARTS_H
#define OG_FUSEFS_UNDO_STORE_PARTS_H

#include "fusefs/undo_store.h"

#define OG_UNDO_SLOTS 4096u

struct og_undo_store {
    struct og_daemon *daemon;
    struct og_undo_kept *first;
    struct og_undo_kept *slots[OG_UNDO_SLOTS];
    int folder_fd, keys_fd;
};

int og_undo_write_whole(int fd, const void *bytes, size_t n_bytes);
OG_MUST int og_undo_write_file(int folder, const char *name, const void *bytes, size_t n_bytes,
                               bool is_last_word);

/* undo_meta.c */
void og_undo_kept_free(struct og_undo_kept *kept);
void og_undo_store_add(struct og_undo_store *store, struct og_undo_kept *kept);
/* Unlists, deletes what is left on disk, frees. */
void og_undo_store_remove(struct og_undo_store *store, struct og_undo_kept *kept);
/* All sets of the folder. Sets without a description were never whole and are deleted. */
OG_MUST int og_undo_store_load(struct og_undo_store *store);

#endif

/* SPDX-License-Identifier: MIT */
/* ledger_parts.h - what ledger.c, ledger_open.c, ledger_key.c and ledger_anchor.c share.
 * Is not: an interface for others. */
#ifndef OG_FUSEFS_LEDGER_PARTS_H
#define OG_FUSEFS_LEDGER_PARTS_H

#include <openssl/types.h>

#include "fusefs/chain.h"
#include "fusefs/ledger.h"

#define OG_TEXT_KEY_BYTES 32u
#define OG_MAX_QUEUE_BYTES (16u * 1024u * 1024u)

/* A line that waits to be written. */
struct og_queued {
    size_t n_bytes;
    char day[OG_DAY_BYTES];
    char hash[OG_SHA256_HEX_BYTES];
};

struct og_ledger {
    int state_fd, audit_fd, lock_fd;
    int file_fd;    /* -1: the day has no open file yet */
    int anchors_fd; /* of the same day; -1: not open yet */
    int copy_fd;    /* takes each anchor's line as well; borrowed, -1: none */
    char *folder;
    char day[OG_DAY_BYTES]; /* of the file that is written; "" before the first line */
    uint64_t file_bytes;    /* what we know to be in it */
    uint64_t n_cut_bytes;

    struct og_chain disk; /* last line in the file */
    uint64_t durable;
    uint64_t anchored;
    int64_t anchored_ms;

    struct og_buf queue;
    struct og_queued *queued;
    size_t n_queued, max_queued;
    uint64_t failed_from;
    int error;    /* of the last failed write; cleared by the next good one */
    bool is_dead; /* what is on disk is not known: only a new open helps */

    struct og_ledger_head head; /* as last handed out */
    uint64_t epoch;
    EVP_PKEY *key;
    uint8_t text_key[OG_TEXT_KEY_BYTES];
};

int64_t og_ledger_now_ms(void);
/* All of bytes. Returns: 0; -errno. */
OG_MUST int og_ledger_write_all(int fd, const void *bytes, size_t n_bytes);
/* A small file in one step (temporary file, fsync, rename, fsync of the folder). */
OG_MUST int og_ledger_put_file(int folder_fd, const char *name, unsigned mode, const void *bytes,
                               size_t n_bytes);
/* At most max_bytes. Returns: 0; -EFBIG; -errno. */
OG_MUST int og_ledger_get_file(int folder_fd, const char *name, void *out, size_t max_bytes,
                               size_t *n_bytes);

/* ledger_key.c: loads or makes both keys. Returns: as og_ledger_open. */
OG_MUST int og_ledger_keys(struct og_ledger *ledger, struct og_buf *why);
/* Signs an anchor. Returns: 0; -EIO. */
OG_MUST int og_ledger_sign(const struct og_ledger *ledger, struct og_anchor *anchor);

/* ledger_open.c: finds the end of the chain. Returns: as og_ledger_open. */
OG_MUST int og_ledger_recover(struct og_ledger *ledger, struct og_buf *why);

/* ledger_anchor.c */
OG_MUST int og_ledger_open_anchors(struct og_ledger *ledger);
/* The last whole anchor of a day; cuts a torn one off when is_cut.
 * Returns: 0; 1 there is none; 2 the last line is no anchor; -errno. */
OG_MUST int og_ledger_last_anchor(const struct og_ledger *ledger, const char *day, bool is_cut,
                                  struct og_anchor *out);

#endif

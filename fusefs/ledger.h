/* SPDX-License-Identifier: MIT */
/* ledger.h - the audit log: one JSON object a line in STATE/audit/YYYY-MM-DD.jsonl (UTC), each with
 * a sequence without gaps and the SHA-256 of the previous line's exact bytes (newline included);
 * anchors signed with Ed25519 in YYYY-MM-DD.anchors; the public key in anchor.pub.pem. A new day's
 * file goes on with the chain. One writer (flock). Format: docs/ledger.md.
 * A line is either whole on disk or not there: a torn last line (power loss) is cut off at open, and
 * a record says how many bytes. Is not: thread-safe (guardfs has one thread).
 * Source: product's ledger promises; FIPS 180-4; RFC 8032. */
#ifndef OG_FUSEFS_LEDGER_H
#define OG_FUSEFS_LEDGER_H

#include "common/base.h"
#include "common/buf.h"

struct og_ledger;

#define OG_LEDGER_E_BUSY 1  /* another guardfs holds this state folder */
#define OG_LEDGER_E_BROKEN 2 /* the existing chain does not verify at its end: nothing is appended */

/* Opens or makes STATE/audit, its key pair (0600 private key) and epoch (raised at every open, kept in
 * STATE/epoch), and continues the chain after its last whole line.
 * why: what to do, on failure. Returns: 0; E_BUSY, E_BROKEN; -errno. */
OG_MUST int og_ledger_open(const char *state_folder, struct og_ledger **out, struct og_buf *why);
/* Writes what is queued, anchors, closes. NULL-safe, returns NULL. */
struct og_ledger *og_ledger_close(struct og_ledger *ledger);

/* What a record needs to be chained. */
struct og_ledger_head {
    uint64_t sequence; /* of the record to be made */
    char previous[65]; /* hexadecimal digest of the last line; 64 zeros for the very first */
    int64_t unix_ms;
};
/* The head for the next record. */
void og_ledger_next(struct og_ledger *ledger, struct og_ledger_head *out);
/* Queues the line made for that head (line ends with one newline, holds no other).
 * Returns: 0; -EMSGSIZE over OG_MAX_RECORD_BYTES; -EINVAL for a line that is not one, or was made for
 * another head; -ENOBUFS over 16 MiB unwritten; -ENOSPC and other -errno while the disk refuses (every
 * append then tries to write at once): then nothing was queued and the head is unchanged. */
OG_MUST int og_ledger_append(struct og_ledger *ledger, const char *line, size_t n_bytes);
/* Writes the queue with as few write(2) as possible; cuts a partial write off again and reports the
 * error, so that the file stays valid. Returns: 0; -errno (the queue's lines are then dropped and
 * og_ledger_failed_from says from which sequence on). */
OG_MUST int og_ledger_flush(struct og_ledger *ledger);
/* fdatasync of what is written. Returns: 0; -errno. */
OG_MUST int og_ledger_sync(struct og_ledger *ledger);
/* Appends a signed anchor when the last one is older than min_age_ms and something was written since;
 * what it covers is made durable first. Returns: 0; -errno. */
int og_ledger_anchor(struct og_ledger *ledger, int64_t min_age_ms);
/* A socket that gets each anchor's line as a message as well (anchor_copy.h); borrowed. One that takes no
 * more is passed over: the next anchor says more. */
void og_ledger_copy_anchors(struct og_ledger *ledger, int fd);

uint64_t og_ledger_written(const struct og_ledger *ledger); /* last sequence on disk */
uint64_t og_ledger_durable(const struct og_ledger *ledger); /* last sequence synced */
int og_ledger_error(const struct og_ledger *ledger);        /* 0, or -errno of the last failed write */
/* After a failed flush: the first sequence that is not on disk; the next record gets it again. */
uint64_t og_ledger_failed_from(const struct og_ledger *ledger);
/* Bytes of a torn last line that open cut off; a record should say so. */
uint64_t og_ledger_cut_bytes(const struct og_ledger *ledger);
uint64_t og_ledger_epoch(const struct og_ledger *ledger);
const char *og_ledger_last_hash(const struct og_ledger *ledger);
/* "2026-11-24": name of the file that is being written. */
const char *og_ledger_day(const struct og_ledger *ledger);
/* STATE/audit, borrowed. */
const char *og_ledger_folder(const struct og_ledger *ledger);
/* A keyed digest (HMAC-SHA-256 with a key of this state folder) for texts outside sealed data. */
OG_MUST int og_ledger_keyed(struct og_ledger *ledger, const void *bytes, size_t n_bytes,
                            char out_hex[static 65]);

#endif

/* SPDX-License-Identifier: MIT */
/* verify.h - checks a ledger: every line whole, sequence without gaps, each line's fingerprint of the
 * line before it, anchors (signature, and that they name the line that is there), epochs that never
 * fall. Finds the first bad line. Bounded memory. Is not: able to see lines that were cut off the end
 * together with their anchors, unless it is given the anchors of a second place (docs/ledger.md).
 * Threads: any, one result each. */
#ifndef OG_FUSEFS_VERIFY_H
#define OG_FUSEFS_VERIFY_H

#include "common/base.h"
#include "common/buf.h"
#include "common/hash.h"

struct og_verify_result {
    bool is_good;
    uint64_t n_files, n_lines, n_bytes;
    uint64_t n_anchors;      /* that were checked */
    uint64_t first_sequence; /* 0: there were no lines */
    uint64_t last_sequence;
    uint64_t last_anchored;  /* lines after it are chained but not signed */
    uint64_t first_epoch, last_epoch; /* of the anchors; 0: none */
    uint64_t n_copies;       /* anchors of a second place that held */
    uint64_t last_copied;
    bool is_retired; /* a record says that the days before the first line were retired */
    char last_hash[OG_SHA256_HEX_BYTES];
    /* The first fault, when not good. */
    char file[256];
    uint64_t line;     /* 1-based; 0: the file as a whole */
    uint64_t sequence; /* 0: unknown */
    const char *what;  /* changed, missing, reordered, truncated, unreadable, anchor */
};

/* Called now and then with what was done so far. */
typedef void og_verify_progress(void *context, const struct og_verify_result *so_far);

/* All days of STATE/audit, or of a copy of it. report: the finding in words, ended by a newline.
 * Returns: 0 with out->is_good; -errno when something could not be read (report says what). */
OG_MUST int og_verify_folder(const char *audit_folder, og_verify_progress *progress, void *context,
                             struct og_verify_result *out, struct og_buf *report);
/* What comes from elsewhere than the folder: copies of its anchors, a copy of its public key; each may be
 * NULL. A ledger that was rewritten with all its anchors, and cut or restored ones, differ from these. */
struct og_verify_with {
    const char *anchors, *key;
};
OG_MUST int og_verify_folder_with(const char *audit_folder, const struct og_verify_with *with,
                                  og_verify_progress *progress, void *context,
                                  struct og_verify_result *out, struct og_buf *report);
/* Single files, in the order of their days; anchors and the public key are looked for beside each.
 * Returns: as above; -EINVAL for a name that is not of the form YYYY-MM-DD.jsonl. */
OG_MUST int og_verify_files(const char *const *paths, size_t n_paths, og_verify_progress *progress,
                            void *context, struct og_verify_result *out, struct og_buf *report);

#endif

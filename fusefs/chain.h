/* SPDX-License-Identifier: MIT */
/* chain.h - the ledger's format as both its writer and its checker see it: names of files, lines,
 * the chain from line to line, anchors. Is not: writing (ledger.h) or a report (verify.h).
 * Threads: any, one object each. Source: docs/ledger.md. */
#ifndef OG_FUSEFS_CHAIN_H
#define OG_FUSEFS_CHAIN_H

#include <sys/types.h>

#include "common/base.h"
#include "common/hash.h"

#define OG_DAY_BYTES 11u /* "2026-11-24" with the NUL */

/* The UTC day of a time. */
void og_day_format(int64_t unix_ms, char out[static OG_DAY_BYTES]);
/* Whether name is a day followed by suffix; then out is the day. */
bool og_day_from_name(const char *name, const char *suffix, char out[static OG_DAY_BYTES]);

struct og_days {
    char (*days)[OG_DAY_BYTES]; /* oldest first; free() */
    size_t n_days;
};
/* Days that have a file "<day><suffix>" in the folder. Returns: 0; -errno. */
OG_MUST int og_days_list(int folder_fd, const char *suffix, struct og_days *out);

/* Lines of a file, whole ones only, in bounded memory. */
struct og_lines {
    int fd;         /* borrowed */
    uint64_t n_read; /* line ends so far */
    uint64_t offset; /* of the next line in the file */
    /* private */
    char *block;
    size_t n_bytes, n_taken;
    uint64_t max_offset;
};

#define OG_LINES_E_END 1  /* nothing is left */
#define OG_LINES_E_TORN 2 /* bytes without a newline are left, from offset on */
#define OG_LINES_E_LONG 3 /* a line over OG_MAX_RECORD_BYTES */

/* offset: where to begin; max_offset: where the file is taken to end (UINT64_MAX: where it ends).
 * Returns: 0; -ENOMEM. */
OG_MUST int og_lines_open(int fd, uint64_t offset, uint64_t max_offset, struct og_lines *out);
void og_lines_close(struct og_lines *lines);
/* The next line with its newline, borrowed until the next call. Returns: 0; E_END, E_TORN, E_LONG;
 * -errno. After E_END and E_TORN it may be called again: the file may have grown. */
OG_MUST int og_lines_next(struct og_lines *lines, const char **line, size_t *n_bytes);

/* Where a chain stands. Zeroed: nothing was seen yet, any first line is taken. */
struct og_chain {
    bool is_begun;
    uint64_t sequence;                /* of the last line */
    char hash[OG_SHA256_HEX_BYTES];   /* of the last line */
};

#define OG_CHAIN_ZERO "0000000000000000000000000000000000000000000000000000000000000000"

enum og_chain_fault {
    OG_CHAIN_GOOD = 0,
    OG_CHAIN_UNREADABLE, /* no JSON, or without sequence or fingerprint */
    OG_CHAIN_MISSING,    /* lines before it are missing */
    OG_CHAIN_REORDERED,  /* its sequence was there already */
    OG_CHAIN_CHANGED     /* the line before it, or its own fingerprint of that line, was changed */
};

/* Takes one whole line. found: its sequence, 0 when it has none. On a fault the chain stays as it was.
 * Returns: 0 with *fault; -ENOMEM. */
OG_MUST int og_chain_add(struct og_chain *chain, const char *line, size_t n_bytes,
                         enum og_chain_fault *fault, uint64_t *found);

#define OG_SIGNATURE_CHARS 88u /* base64 of 64 bytes */

struct og_anchor {
    uint64_t sequence;
    char hash[OG_SHA256_HEX_BYTES];
    int64_t unix_ms;
    uint64_t epoch;
    char signature[OG_SIGNATURE_CHARS + 1];
};

#define OG_ANCHOR_TEXT_BYTES 192u
/* The signed text: "odbcguard-anchor v1 SEQUENCE SHA256 UNIX_MS EPOCH\n". Returns: its bytes. */
size_t og_anchor_text(const struct og_anchor *anchor, char out[static OG_ANCHOR_TEXT_BYTES]);
/* One line "SEQUENCE SHA256 UNIX_MS EPOCH SIGNATURE\n", strictly. */
bool og_anchor_parse(const char *line, size_t n_bytes, struct og_anchor *out);
/* The line for an anchor. Returns: its bytes. */
#define OG_ANCHOR_LINE_BYTES 256u
size_t og_anchor_line(const struct og_anchor *anchor, char out[static OG_ANCHOR_LINE_BYTES]);

#endif

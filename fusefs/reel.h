/* SPDX-License-Identifier: MIT */
/* reel.h - the recording of a session, made from its records in the ledger: when it began, what was asked,
 * what was decided, how it ended, in the own time of the session. Forms: an asciicast v2, which any player
 * of it plays (https://docs.asciinema.org), and events for guardctl replay. Rows are not in it: the ledger
 * has none. Text comes from clients: control characters are shown, never sent to a terminal. */
#ifndef OG_FUSEFS_REEL_H
#define OG_FUSEFS_REEL_H

#include "common/base.h"
#include "common/buf.h"

#define OG_REEL_MAX_EVENTS 200000u

struct og_reel;

struct og_reel_event {
    int64_t unix_ms;
    const char *text;   /* one or more lines, no line end at the end; borrowed from the reel */
    char colour;        /* 'g' allowed, 'y' waits, 'r' denied or failed, 'b' a statement, 0 plain */
    uint64_t sequence;  /* of the record */
};

/* session: s-..., or NULL for whatever comes. NULL without memory. */
struct og_reel *og_reel_new(const char *session);
struct og_reel *og_reel_free(struct og_reel *reel);
/* One line of the ledger; lines of other sessions and of other kinds are left out. */
void og_reel_take(struct og_reel *reel, const char *line, size_t n_bytes);
/* In order of their records. Borrowed. */
const struct og_reel_event *og_reel_events(const struct og_reel *reel, size_t *n_out);
/* Whether more events came than a reel holds. */
bool og_reel_is_cut(const struct og_reel *reel);
/* An asciicast v2; pauses are cut to idle_s. Returns: 0; -ENOMEM. */
OG_MUST int og_reel_cast(const struct og_reel *reel, unsigned idle_s, struct og_buf *out);

#endif

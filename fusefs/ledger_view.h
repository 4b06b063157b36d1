/* SPDX-License-Identifier: MIT */
/* ledger_view.h - the lines of the ledger that belong to one account or one session, as one file of true
 * size. A view keeps only where its lines lie; the bytes are read from the ledger's own files, so that they
 * are the very bytes that verify.
 * Growing: each look goes on where the last one ended. Few views are kept (OG_VIEW_MAX), the one that was
 * not used for longest is forgotten first. Is not: a copy, nor a right to read (tree.h decides that). */
#ifndef OG_FUSEFS_LEDGER_VIEW_H
#define OG_FUSEFS_LEDGER_VIEW_H

#include "common/base.h"
#include "common/buf.h"

#define OG_VIEW_MAX 64u
#define OG_VIEW_MAX_DAYS 62u

struct og_view;
struct og_views;

enum og_view_kind { OG_VIEW_UID = 1, OG_VIEW_SESSION };

/* folder: STATE/audit. NULL without memory. */
struct og_views *og_views_new(const char *folder);
struct og_views *og_views_free(struct og_views *views);
/* The view of one key (decimal uid, or s-...) over the days from first to last ("2026-11-24", at most
 * OG_VIEW_MAX_DAYS, the earliest left out), brought up to date. Borrowed until the next call.
 * Returns: 0; -EINVAL for days that are none; -errno. */
OG_MUST int og_views_get(struct og_views *views, enum og_view_kind kind, const char *key,
                         const char *first_day, const char *last_day, struct og_view **out);
uint64_t og_view_bytes(const struct og_view *view);
/* Appends at most n_bytes from offset to out. Returns: 0; -errno. */
OG_MUST int og_view_read(const struct og_view *view, uint64_t offset, size_t n_bytes,
                         struct og_buf *out);
/* Whether a line is one of that key: for tests and for the stream. */
bool og_view_is_of(enum og_view_kind kind, const char *key, const char *line, size_t n_bytes);

#endif

/* SPDX-License-Identifier: MIT */
/* refusal.h - saves that were refused: the reason as a line of STATE/errors.jsonl, and the text that was
 * refused in STATE/drafts/UID/NAME, kept for a day, so that nothing a person wrote is lost.
 * Is not: the last error by uid (tree_text.c) nor the ledger's record of the refusal. */
#ifndef OG_FUSEFS_REFUSAL_H
#define OG_FUSEFS_REFUSAL_H

#include "common/base.h"
#include "common/buf.h"

#define OG_REFUSAL_MAX_FILES 16u             /* drafts of one uid; the oldest goes first */
#define OG_REFUSAL_LIFE_MS (24ll * 3600 * 1000)
#define OG_REFUSAL_MAX_LOG_BYTES (4u * 1024u * 1024u) /* then the file starts anew, beside errors.jsonl.1 */

/* Appends one line {"time","uid","path","error","reason"}. Best effort: a full disk refuses the save
 * anyway. */
void og_refusal_log(const char *state_folder, int64_t unix_ms, uint32_t uid, const char *path,
                    int error, const char *reason);
/* Keeps the text under a name made of the path's last part and the time.
 * Returns: 0 with the name in out; -errno (then nothing is kept). */
OG_MUST int og_refusal_keep(const char *state_folder, int64_t unix_ms, uint32_t uid,
                            const char *path, const char *text, size_t n_bytes,
                            char out[static 80]);
/* Calls visit for each kept name of uid; with uid UINT32_MAX for each uid that has some. */
void og_refusal_list(const char *state_folder, uint32_t uid,
                     void (*visit)(void *context, const char *name), void *context);
/* Returns: 0; -errno. */
OG_MUST int og_refusal_remove(const char *state_folder, uint32_t uid, const char *name);
/* Drops what is older than a day. */
void og_refusal_sweep(const char *state_folder, int64_t unix_ms);

#endif

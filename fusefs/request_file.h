/* SPDX-License-Identifier: MIT */
/* request_file.h - the text that approvers edit: made once per request, immutable but for its last
 * lines `decision:` and `reason:`, ended by `...` so that half a file can never answer.
 * Is not: the judgement who may answer (approval.h) nor how editors save (save.h).
 * Format: docs/approvals.md (frozen interface). */
#ifndef OG_FUSEFS_REQUEST_FILE_H
#define OG_FUSEFS_REQUEST_FILE_H

#include "common/buf.h"
#include "common/proto.h"
#include "fusefs/approval.h"

/* Writes the whole pending text of a request. message: what the driver sent. */
void og_request_file_write(const struct og_request *request, const struct og_session *session,
                           const struct og_msg_request *message, struct og_buf *out);

struct og_request_edit {
    const char *decision; /* "pending", "approve", "deny", "break-glass": static */
    char reason[512];
    struct og_grant_terms terms;
    char *sql; /* the statement, where it was changed; for free() */
    char problem[256]; /* why it was refused: "line 12: ..." */
};

/* Compares a saved text with what was shown and takes the answer out of it.
 * Returns: 0; -EBADMSG with problem set: anything but the answer and the statement differs, an unknown
 * word, text after the end mark, no end mark; -EFBIG. */
OG_MUST int og_request_file_read(const struct og_request *request, const char *text,
                                 size_t n_bytes, struct og_request_edit *out);
/* One line of a grant's terms. Returns: 0; -EBADMSG with problem. */
OG_MUST int og_request_file_read_term(const char *line, size_t n, size_t number,
                                      struct og_grant_terms *terms, char problem[static 256]);
/* A revision's text made from an earlier one: the entries of some keys replaced. note: an entry of its
 * own before the rehearsal's; NULL: none. */
void og_request_file_revise(const char *text, uint32_t revision, const char *sql,
                            const char *rehearsal, const char *note, struct og_buf *out);
/* Whether the statement stands in the file as it is, without a character that had to be hidden. */
bool og_request_file_is_plain(const char *sql);
/* Length of the immutable part: everything before the line `decision:`. */
size_t og_request_file_fixed_bytes(const char *text);
/* The text with the last answer put in, if there is one, for the folders of answered requests. */
void og_request_file_answered(const struct og_request *request, struct og_buf *out);

#endif

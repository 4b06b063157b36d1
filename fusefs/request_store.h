/* SPDX-License-Identifier: MIT */
/* request_store.h - requests on disk: STATE/requests/r-XXXXXXXXXX, one field a line, written whole,
 * fsynced and renamed, so that a crash leaves the request as it was before or as it is after. */
#ifndef OG_FUSEFS_REQUEST_STORE_H
#define OG_FUSEFS_REQUEST_STORE_H

#include "common/buf.h"
#include "fusefs/approval.h"

/* Returns: 0; -errno (what was stored before is still there). */
OG_MUST int og_request_store(const char *state_folder, const struct og_request *request);
void og_request_unstore(const char *state_folder, const struct og_request *request);
/* Reads all, newest first. A file that cannot be understood fails the start with its name in why: a
 * request must not vanish. Leftovers of an interrupted write are removed. Returns: 0; -errno. */
OG_MUST int og_request_load_all(const char *state_folder, struct og_request **out,
                                struct og_buf *why);

#endif

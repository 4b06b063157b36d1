/* SPDX-License-Identifier: MIT */
/* id.h - identifiers: a kind's letter, a dash, ten Crockford base-32 characters (50 bits), as in
 * "q-0H5T3K9ZWM". Made from counters that guardfs persists, so none is used twice; spread by a
 * bijection, so that neighbours do not look alike. Never an authority by themselves. */
#ifndef OG_COMMON_ID_H
#define OG_COMMON_ID_H

#include "common/base.h"

#define OG_ID_CHARS 12 /* without the NUL */
#define OG_ID_BYTES (OG_ID_CHARS + 1)

enum og_id_kind { OG_ID_REQUEST = 'r', OG_ID_SESSION = 's', OG_ID_STATEMENT = 'q', OG_ID_UNDO = 'u' };

/* Writes the id of the number'th thing of a kind; numbers from 2^50 on wrap (34 million years at a
 * thousand a second). */
void og_id_format(enum og_id_kind kind, uint64_t number, char out[static OG_ID_BYTES]);
/* Whether text has the form of an id of that kind (exactly, upper case). */
bool og_id_is_valid(enum og_id_kind kind, const char *text);
/* The number that og_id_format made the id from (below 2^50). Returns whether text is such an id. */
OG_MUST bool og_id_number(enum og_id_kind kind, const char *text, uint64_t *out);

#endif

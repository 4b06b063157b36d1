/* SPDX-License-Identifier: MIT */
/* buf.h - growable bytes with a ceiling and a sticky failure: append as often as you like, check
 * og_buf_is_failed once at the end. A failed buffer holds what fitted before the failure.
 * Is not: thread-safe. The bytes are always followed by a NUL that does not count. */
#ifndef OG_COMMON_BUF_H
#define OG_COMMON_BUF_H

#include <stdarg.h>

#include "common/base.h"

struct og_buf {
    char *bytes;    /* NULL while nothing was appended; NUL-terminated otherwise */
    size_t n_bytes; /* without the NUL */
    /* private */
    size_t n_capacity;
    size_t max_bytes;
    bool is_failed;
};

/* max_bytes: the ceiling; a buffer cannot be made without one. Allocates nothing. */
void og_buf_init(struct og_buf *buf, size_t max_bytes);
/* Frees the bytes; accepts a zeroed buffer; the buffer may be used again with its ceiling. */
void og_buf_release(struct og_buf *buf);
/* The same, overwriting the bytes first: for secrets and row values. */
void og_buf_wipe(struct og_buf *buf);
/* Empties without freeing, and clears a failure. */
void og_buf_clear(struct og_buf *buf);

void og_buf_append(struct og_buf *buf, const void *bytes, size_t n_bytes);
/* n_bytes more at the end, for the caller to fill. NULL on failure. */
char *og_buf_extend(struct og_buf *buf, size_t n_bytes);
void og_buf_append_str(struct og_buf *buf, const char *text);
void og_buf_append_char(struct og_buf *buf, char c);
void og_buf_printf(struct og_buf *buf, const char *format, ...) OG_PRINTF(2, 3);
void og_buf_vprintf(struct og_buf *buf, const char *format, va_list args);

/* The bytes as a C string: "" where nothing was appended. Borrowed until the next change. */
const char *og_buf_str(const struct og_buf *buf);
bool og_buf_is_failed(const struct og_buf *buf);
/* Gives the bytes to the caller (free()), leaving the buffer empty. NULL if failed or no memory;
 * an empty buffer gives "". */
char *og_buf_take(struct og_buf *buf);

#endif

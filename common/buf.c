/* SPDX-License-Identifier: MIT */
#include "common/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void og_buf_init(struct og_buf *buf, size_t max_bytes)
{
    *buf = (struct og_buf){.max_bytes = max_bytes};
}

void og_buf_release(struct og_buf *buf)
{
    free(buf->bytes);
    *buf = (struct og_buf){.max_bytes = buf->max_bytes};
}

void og_buf_wipe(struct og_buf *buf)
{
    if (buf->bytes)
        explicit_bzero(buf->bytes, buf->n_capacity);
    og_buf_release(buf);
}

void og_buf_clear(struct og_buf *buf)
{
    buf->n_bytes = 0;
    buf->is_failed = false;
    if (buf->bytes)
        buf->bytes[0] = '\0';
}

/* Room for n_more bytes and the NUL. Old bytes are wiped when they move: a buffer may hold row
 * values, and realloc would leave a copy behind. */
static bool make_room(struct og_buf *buf, size_t n_more)
{
    size_t n_needed;
    size_t n_capacity = buf->n_capacity ? buf->n_capacity : 64;
    char *bytes;

    if (buf->is_failed)
        return false;
    if (n_more > buf->max_bytes || buf->n_bytes > buf->max_bytes - n_more) {
        buf->is_failed = true;
        return false;
    }
    n_needed = buf->n_bytes + n_more + 1;
    if (n_needed <= buf->n_capacity)
        return true;
    while (n_capacity < n_needed)
        n_capacity *= 2;
    bytes = malloc(n_capacity);
    if (!bytes) {
        buf->is_failed = true;
        return false;
    }
    if (buf->bytes) {
        memcpy(bytes, buf->bytes, buf->n_bytes);
        explicit_bzero(buf->bytes, buf->n_capacity);
        free(buf->bytes);
    }
    buf->bytes = bytes;
    buf->n_capacity = n_capacity;
    return true;
}

void og_buf_append(struct og_buf *buf, const void *bytes, size_t n_bytes)
{
    if (!make_room(buf, n_bytes))
        return;
    if (n_bytes)
        memcpy(buf->bytes + buf->n_bytes, bytes, n_bytes);
    buf->n_bytes += n_bytes;
    buf->bytes[buf->n_bytes] = '\0';
}

char *og_buf_extend(struct og_buf *buf, size_t n_bytes)
{
    char *at;

    if (!make_room(buf, n_bytes))
        return NULL;
    at = buf->bytes + buf->n_bytes;
    buf->n_bytes += n_bytes;
    at[n_bytes] = '\0';
    return at;
}

void og_buf_append_str(struct og_buf *buf, const char *text)
{
    og_buf_append(buf, text, strlen(text));
}

void og_buf_append_char(struct og_buf *buf, char c)
{
    og_buf_append(buf, &c, 1);
}

void og_buf_vprintf(struct og_buf *buf, const char *format, va_list args)
{
    va_list again;
    int n_chars;

    va_copy(again, args);
    n_chars = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n_chars < 0) {
        buf->is_failed = true;
        return;
    }
    if (!make_room(buf, (size_t)n_chars))
        return;
    (void)vsnprintf(buf->bytes + buf->n_bytes, (size_t)n_chars + 1, format, args);
    buf->n_bytes += (size_t)n_chars;
}

void og_buf_printf(struct og_buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    og_buf_vprintf(buf, format, args);
    va_end(args);
}

const char *og_buf_str(const struct og_buf *buf)
{
    return buf->bytes ? buf->bytes : "";
}

bool og_buf_is_failed(const struct og_buf *buf)
{
    return buf->is_failed;
}

char *og_buf_take(struct og_buf *buf)
{
    char *bytes;

    if (buf->is_failed)
        return NULL;
    if (!buf->bytes)
        og_buf_append(buf, "", 0);
    bytes = buf->bytes;
    *buf = (struct og_buf){.max_bytes = buf->max_bytes};
    return bytes;
}

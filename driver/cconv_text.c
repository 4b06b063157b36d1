/* SPDX-License-Identifier: MIT */
/* The C types that come in pieces: text, wide text, binary. */
#include <string.h>

#include "common/utf.h"
#include "driver/cconv_parts.h"

static size_t given(const size_t *offset)
{
    return offset ? *offset : 0;
}

/* Length that is left, and whether the caller only wants to know it. Fills *out_length.
 * Returns: OG_CCONV_E_DONE when everything was handed out before; OK. */
static int start_piece(size_t n_total, const size_t *offset, SQLLEN *out_length)
{
    if (given(offset) > n_total)
        return OG_CCONV_E_DONE;
    *out_length = (SQLLEN)(n_total - given(offset));
    return OG_CCONV_OK;
}

static int finish_piece(size_t n_given, size_t n_left, size_t *offset)
{
    if (n_given == n_left)
        return OG_CCONV_OK;
    if (offset)
        *offset += n_given;
    return OG_CCONV_E_TRUNCATED;
}

int og_cconv_text(const struct og_ctype *type OG_UNUSED, const char *text, size_t n_bytes,
                  struct og_cconv_cell *cell, size_t *offset, SQLLEN *out_length)
{
    int r = start_piece(n_bytes, offset, out_length);
    size_t n_left = (size_t)*out_length, n;

    if (r != OG_CCONV_OK)
        return r;
    if (!cell->buffer)
        return offset ? OG_CCONV_E_TRUNCATED : OG_CCONV_OK;
    if (cell->max_bytes <= 0)
        return OG_CCONV_E_TRUNCATED;
    /* Cut by bytes, in the middle of a character too: that is what the real drivers do. */
    n = n_left < (size_t)cell->max_bytes ? n_left : (size_t)cell->max_bytes - 1;
    memcpy(cell->buffer, text + given(offset), n);
    ((char *)cell->buffer)[n] = '\0';
    return finish_piece(n, n_left, offset);
}

int og_cconv_binary(const struct og_ctype *type OG_UNUSED, const char *text, size_t n_bytes,
                    struct og_cconv_cell *cell, size_t *offset, SQLLEN *out_length)
{
    int r = start_piece(n_bytes, offset, out_length);
    size_t n_left = (size_t)*out_length, n = n_left;

    if (r != OG_CCONV_OK)
        return r;
    if (!cell->buffer)
        return offset && n_left ? OG_CCONV_E_TRUNCATED : OG_CCONV_OK;
    if (cell->max_bytes < 0 || n > (size_t)cell->max_bytes)
        n = cell->max_bytes < 0 ? 0 : (size_t)cell->max_bytes;
    memcpy(cell->buffer, text + given(offset), n);
    return finish_piece(n, n_left, offset);
}

/* One code point of valid UTF-8 as one or two UTF-16 units. Moves *at. */
static size_t next_units(const unsigned char **at, SQLWCHAR out[static 2])
{
    const unsigned char *s = *at;
    size_t length = s[0] < 0x80 ? 1 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    uint32_t code = length == 1 ? s[0] : s[0] & (0xFFu >> (length + 1));

    for (size_t i = 1; i < length; i++)
        code = code << 6 | (s[i] & 0x3Fu);
    *at = s + length;
    if (code < 0x10000) {
        out[0] = (SQLWCHAR)code;
        return 1;
    }
    code -= 0x10000;
    out[0] = (SQLWCHAR)(0xD800 + (code >> 10));
    out[1] = (SQLWCHAR)(0xDC00 + (code & 0x3FF));
    return 2;
}

static size_t count_units(const char *text, size_t n_bytes)
{
    size_t n = 0;

    /* Every lead byte is one unit, and a second one from four bytes on. */
    for (size_t i = 0; i < n_bytes; i++)
        n += (size_t)(((unsigned char)text[i] & 0xC0) != 0x80) +
             (size_t)((unsigned char)text[i] >= 0xF0);
    return n;
}

/* Copies whole code points from unit number first on, room units at most. Returns units copied. */
static size_t copy_units(const char *text, size_t n_bytes, size_t first, size_t room, bool must_move,
                         char *out)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + n_bytes;
    size_t position = 0, n = 0;

    while (at < end && n < room) {
        SQLWCHAR units[2];
        size_t n_units = next_units(&at, units), skip = first > position ? first - position : 0;

        position += n_units;
        if (skip >= n_units)
            continue;
        n_units -= skip;
        if (n_units > room - n) {
            if (n > 0 || !must_move)
                break;
            n_units = room - n;
        }
        memcpy(out + 2 * n, units + skip, 2 * n_units);
        n += n_units;
    }
    return n;
}

int og_cconv_wide(const struct og_ctype *type OG_UNUSED, const char *text, size_t n_bytes,
                  struct og_cconv_cell *cell, size_t *offset, SQLLEN *out_length)
{
    size_t n_left, n;
    int r;

    if (og_utf8_valid_prefix(text, n_bytes) != n_bytes)
        return OG_CCONV_E_NOT_A_VALUE;
    r = start_piece(2 * count_units(text, n_bytes), offset, out_length);
    if (r != OG_CCONV_OK)
        return r;
    if (!cell->buffer)
        return offset ? OG_CCONV_E_TRUNCATED : OG_CCONV_OK;
    if (cell->max_bytes < 2)
        return OG_CCONV_E_TRUNCATED;
    n_left = (size_t)*out_length / 2;
    n = copy_units(text, n_bytes, given(offset) / 2, (size_t)cell->max_bytes / 2 - 1,
                   offset != NULL, cell->buffer);
    memset((char *)cell->buffer + 2 * n, 0, 2);
    return finish_piece(2 * n, 2 * n_left, offset);
}

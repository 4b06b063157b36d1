/* SPDX-License-Identifier: MIT */
#include "driver/wide.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/limits.h"
#include "common/utf.h"

#define MAX_TEXT_BYTES (2u * OG_MAX_SQL_BYTES)

static size_t wide_length(const SQLWCHAR *units)
{
    size_t n = 0;

    while (units[n])
        n++;
    return n;
}

char *og_wide_to_utf8(const SQLWCHAR *units, SQLINTEGER n_units)
{
    struct og_buf out;
    char *text = NULL;

    if (!units)
        return strdup("");
    if (n_units < 0 && n_units != SQL_NTS)
        return NULL;
    og_buf_init(&out, MAX_TEXT_BYTES);
    if (og_utf16_to_utf8(units, n_units == SQL_NTS ? wide_length(units) : (size_t)n_units, &out) == 0)
        text = og_buf_take(&out);
    og_buf_release(&out);
    return text;
}

char *og_narrow_copy(const SQLCHAR *text, SQLINTEGER n_bytes)
{
    if (!text)
        return strdup("");
    if (n_bytes == SQL_NTS)
        return strdup((const char *)text);
    return n_bytes < 0 ? NULL : strndup((const char *)text, (size_t)n_bytes);
}

SQLWCHAR *og_utf8_to_wide(const char *text)
{
    struct og_buf out;
    SQLWCHAR *units = NULL;

    og_buf_init(&out, MAX_TEXT_BYTES);
    if (og_utf8_to_utf16(text, strlen(text), &out) == 0) {
        og_buf_append(&out, &(SQLWCHAR){0}, sizeof(SQLWCHAR));
        units = (SQLWCHAR *)(void *)og_buf_take(&out);
    }
    og_buf_release(&out);
    return units;
}

/* A driver's bytes in some other encoding: what is not ASCII is shown as a question mark. */
static SQLWCHAR *widen_lossily(const char *text)
{
    size_t n = strlen(text);
    SQLWCHAR *units = calloc(n + 1, sizeof(*units));

    for (size_t i = 0; units && i < n; i++)
        units[i] = (unsigned char)text[i] < 0x80 ? (SQLWCHAR)text[i] : '?';
    return units;
}

bool og_text_put(const char *text, bool is_wide, void *out, size_t max, size_t *n_out)
{
    size_t width = is_wide ? sizeof(SQLWCHAR) : 1;
    size_t n_chars, n_copied = 0;
    SQLWCHAR *wide = NULL;

    if (is_wide) {
        wide = og_utf8_to_wide(text);
        if (!wide)
            wide = widen_lossily(text);
        n_chars = wide ? wide_length(wide) : 0;
    } else {
        n_chars = strlen(text);
    }
    if (n_out)
        *n_out = n_chars;
    if (out && max) {
        n_copied = n_chars < max ? n_chars : max - 1;
        memcpy(out, is_wide ? (const void *)wide : text, n_copied * width);
        memset((char *)out + n_copied * width, 0, width);
    }
    free(wide);
    return out && n_copied < n_chars;
}

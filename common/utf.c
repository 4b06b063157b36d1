/* SPDX-License-Identifier: MIT */
#include "common/utf.h"

#include <string.h>

/* Decodes one code point; returns its length in bytes, 0 when the bytes are not valid UTF-8. */
static size_t decode_one(const unsigned char *s, size_t n, uint32_t *out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length;
    uint32_t code;

    if (s[0] < 0x80) {
        *out = s[0];
        return 1;
    }
    if (s[0] >= 0xC2 && s[0] <= 0xDF)
        length = 2;
    else if ((s[0] & 0xF0) == 0xE0)
        length = 3;
    else if (s[0] >= 0xF0 && s[0] <= 0xF4)
        length = 4;
    else
        return 0;
    if (n < length)
        return 0;
    code = s[0] & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3Fu);
    }
    if (code < least[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    *out = code;
    return length;
}

/* Bytes below 0x80 from the front on, by eights: most text is nothing else. */
static size_t ascii_prefix(const char *text, size_t n_bytes)
{
    size_t i = 0;
    uint64_t word;

    for (; i + sizeof(word) <= n_bytes; i += sizeof(word)) {
        memcpy(&word, text + i, sizeof(word));
        if (word & 0x8080808080808080u)
            return i;
    }
    if (i < n_bytes && n_bytes >= sizeof(word)) { /* the last eight, some of them again */
        memcpy(&word, text + n_bytes - sizeof(word), sizeof(word));
        if (!(word & 0x8080808080808080u))
            return n_bytes;
    }
    return i;
}

size_t og_utf8_valid_prefix(const char *text, size_t n_bytes)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t i = ascii_prefix(text, n_bytes);

    while (i < n_bytes) {
        uint32_t code;
        size_t length = decode_one(s + i, n_bytes - i, &code);

        if (length == 0)
            break;
        i += length;
    }
    return i;
}

size_t og_utf8_count(const char *text, size_t n_bytes)
{
    size_t n = 0;

    for (size_t i = 0; i < n_bytes; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

size_t og_utf8_cut(const char *text, size_t n_bytes, size_t max_chars)
{
    size_t n = 0;

    for (size_t i = 0; i < n_bytes; i++) {
        if (((unsigned char)text[i] & 0xC0) == 0x80)
            continue;
        if (n++ == max_chars)
            return i;
    }
    return n_bytes;
}

static void append_code(struct og_buf *out, uint32_t code)
{
    char bytes[4];
    size_t n;

    if (code < 0x80) {
        bytes[0] = (char)code;
        n = 1;
    } else if (code < 0x800) {
        bytes[0] = (char)(0xC0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3F));
        n = 2;
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xE0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (code & 0x3F));
        n = 3;
    } else {
        bytes[0] = (char)(0xF0 | code >> 18);
        bytes[1] = (char)(0x80 | (code >> 12 & 0x3F));
        bytes[2] = (char)(0x80 | (code >> 6 & 0x3F));
        bytes[3] = (char)(0x80 | (code & 0x3F));
        n = 4;
    }
    og_buf_append(out, bytes, n);
}

/* Appends units below 0x80 from the front on. Returns their number. */
static size_t append_ascii(const uint16_t *units, size_t n_units, struct og_buf *out)
{
    char bytes[256];
    size_t n = 0;

    if (n_units > sizeof(bytes))
        n_units = sizeof(bytes);
    for (; n < n_units && units[n] < 0x80; n++)
        bytes[n] = (char)units[n];
    if (n)
        og_buf_append(out, bytes, n);
    explicit_bzero(bytes, n); /* row values pass here */
    return n;
}

int og_utf16_to_utf8(const uint16_t *units, size_t n_units, struct og_buf *out)
{
    for (size_t i = append_ascii(units, n_units, out); i < n_units;
         i++, i += append_ascii(units + i, n_units - i, out)) {
        uint32_t code = units[i];

        if (code >= 0xDC00 && code <= 0xDFFF)
            return OG_UTF_E_TEXT;
        if (code >= 0xD800 && code <= 0xDBFF) {
            if (i + 1 == n_units || units[i + 1] < 0xDC00 || units[i + 1] > 0xDFFF)
                return OG_UTF_E_TEXT;
            code = 0x10000 + ((code - 0xD800) << 10) + (units[++i] - 0xDC00u);
        }
        append_code(out, code);
    }
    return 0;
}

int og_utf8_to_utf16(const char *text, size_t n_bytes, struct og_buf *out)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t i = 0;

    while (i < n_bytes) {
        uint16_t units[2];
        uint32_t code;
        size_t length = decode_one(s + i, n_bytes - i, &code);
        size_t n = 1;

        if (length == 0)
            return OG_UTF_E_TEXT;
        if (code < 0x10000) {
            units[0] = (uint16_t)code;
        } else {
            units[0] = (uint16_t)(0xD800 + ((code - 0x10000) >> 10));
            units[1] = (uint16_t)(0xDC00 + ((code - 0x10000) & 0x3FF));
            n = 2;
        }
        og_buf_append(out, units, n * sizeof(units[0]));
        i += length;
    }
    return 0;
}

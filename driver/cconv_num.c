/* SPDX-License-Identifier: MIT */
/* Whole numbers, floating point, SQL_C_NUMERIC and GUIDs from canonical text. */
#define _GNU_SOURCE 1
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/cconv_parts.h"

/* More digits than any C type can hold by far; what is beyond only matters for the fraction. */
#define MAX_DIGITS 64
#define MAX_EXPONENT 100000

/* A numeric literal: sign, significant digits, and a power of ten: digits * 10^exponent. */
struct decimal {
    bool is_negative;
    bool is_cut; /* digits beyond MAX_DIGITS were dropped, at least one of them not zero */
    unsigned char digits[MAX_DIGITS];
    int n_digits; /* without leading zeros; 0: the number is zero */
    int exponent;
};

void og_cconv_trim(const char **text, size_t *n_bytes)
{
    while (*n_bytes && **text == ' ') {
        (*text)++;
        (*n_bytes)--;
    }
    while (*n_bytes && (*text)[*n_bytes - 1] == ' ')
        (*n_bytes)--;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void add_digit(struct decimal *out, int digit, bool is_fraction)
{
    if (out->n_digits == 0 && digit == 0) {
        out->exponent -= is_fraction;
    } else if (out->n_digits < MAX_DIGITS) {
        out->digits[out->n_digits++] = (unsigned char)digit;
        out->exponent -= is_fraction;
    } else {
        out->is_cut |= digit != 0;
        out->exponent += !is_fraction;
    }
}

/* Reads "e+10" at text. Returns whether it is one up to the end. */
static bool parse_exponent(const char *text, size_t n_bytes, int *out)
{
    bool is_negative = n_bytes > 1 && text[1] == '-';
    size_t i = n_bytes > 1 && (text[1] == '-' || text[1] == '+') ? 2 : 1;
    int value = 0;

    if (i >= n_bytes)
        return false;
    for (; i < n_bytes; i++) {
        if (!is_digit(text[i]))
            return false;
        if (value < MAX_EXPONENT)
            value = 10 * value + (text[i] - '0');
    }
    *out = is_negative ? -value : value;
    return true;
}

static bool parse_decimal(const char *text, size_t n_bytes, struct decimal *out)
{
    bool is_fraction = false, has_digits = false;
    size_t i = 0;
    int exponent = 0;

    memset(out, 0, sizeof(*out));
    og_cconv_trim(&text, &n_bytes);
    if (n_bytes > MAX_EXPONENT)
        return false;
    if (n_bytes && (text[0] == '-' || text[0] == '+'))
        out->is_negative = text[i++] == '-';
    for (; i < n_bytes; i++) {
        if (is_digit(text[i])) {
            add_digit(out, text[i] - '0', is_fraction);
            has_digits = true;
        } else if (text[i] == '.' && !is_fraction) {
            is_fraction = true;
        } else {
            break;
        }
    }
    if (!has_digits)
        return false;
    if (i < n_bytes && ((text[i] != 'e' && text[i] != 'E') ||
                        !parse_exponent(text + i, n_bytes - i, &exponent)))
        return false;
    out->exponent += exponent;
    return true;
}

/* The number times 10^scale as a whole number, its fraction cut off.
 * Returns: OK, FRACTION, or RANGE when it has more than 39 digits or does not fit 128 bits. */
static int scale_decimal(const struct decimal *number, int scale, unsigned __int128 *out)
{
    int n_whole = number->n_digits + number->exponent + scale;
    unsigned __int128 value = 0;
    bool is_cut = number->is_cut;

    *out = 0;
    if (number->n_digits == 0)
        return OG_CCONV_OK;
    if (n_whole > 39)
        return OG_CCONV_E_RANGE;
    for (int i = 0; i < n_whole; i++) {
        unsigned digit = i < number->n_digits ? number->digits[i] : 0;

        if (value > (~(unsigned __int128)0 - digit) / 10)
            return OG_CCONV_E_RANGE;
        value = 10 * value + digit;
    }
    for (int i = n_whole < 0 ? 0 : n_whole; i < number->n_digits; i++)
        is_cut |= number->digits[i] != 0;
    *out = value;
    return is_cut ? OG_CCONV_E_FRACTION : OG_CCONV_OK;
}

int og_cconv_integer(const struct og_ctype *type, const char *text, size_t n_bytes,
                     struct og_cconv_cell *cell, size_t *offset OG_UNUSED,
                     SQLLEN *out_length OG_UNUSED)
{
    struct decimal number;
    unsigned __int128 magnitude;
    __int128 value;
    int r;

    if (!parse_decimal(text, n_bytes, &number))
        return OG_CCONV_E_NOT_A_VALUE;
    r = scale_decimal(&number, 0, &magnitude);
    if (r == OG_CCONV_E_RANGE || magnitude >> 65)
        return OG_CCONV_E_RANGE;
    value = number.is_negative ? -(__int128)magnitude : (__int128)magnitude;
    /* -0.5 is below a BIT's range although its whole part is not. */
    if (value < type->lowest || value > type->highest ||
        (type->code == SQL_C_BIT && number.is_negative && number.n_digits))
        return OG_CCONV_E_RANGE;
    /* Little and big endian: the value's own width is copied, from a variable of that width. */
    switch (type->n_bytes) {
    case 1:
        memcpy(cell->buffer, &(uint8_t){(uint8_t)value}, 1);
        break;
    case 2:
        memcpy(cell->buffer, &(uint16_t){(uint16_t)value}, 2);
        break;
    case 4:
        memcpy(cell->buffer, &(uint32_t){(uint32_t)value}, 4);
        break;
    default:
        memcpy(cell->buffer, &(uint64_t){(uint64_t)value}, 8);
    }
    return r;
}

/* Numbers are read with a point whatever the application's locale is. */
static locale_t plain_locale;

static void make_plain_locale(void)
{
    plain_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

int og_cconv_real(const struct og_ctype *type, const char *text, size_t n_bytes,
                  struct og_cconv_cell *cell, size_t *offset OG_UNUSED,
                  SQLLEN *out_length OG_UNUSED)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct decimal number;
    char copy[MAX_DIGITS + 32];
    size_t n = 0;
    double value;
    float narrow;

    if (!parse_decimal(text, n_bytes, &number))
        return OG_CCONV_E_NOT_A_VALUE;
    (void)pthread_once(&once, make_plain_locale);
    if (!plain_locale)
        return OG_CCONV_E_NOT_A_VALUE;
    copy[n++] = number.is_negative ? '-' : '+';
    copy[n++] = '0';
    for (int i = 0; i < number.n_digits; i++)
        copy[n++] = (char)('0' + number.digits[i]);
    (void)snprintf(copy + n, sizeof(copy) - n, "e%d", number.n_digits ? number.exponent : 0);
    value = strtod_l(copy, NULL, plain_locale);
    if (isinf(value))
        return OG_CCONV_E_RANGE;
    if (type->code == SQL_C_DOUBLE) {
        memcpy(cell->buffer, &value, sizeof(value));
        return OG_CCONV_OK;
    }
    narrow = strtof_l(copy, NULL, plain_locale);
    if (isinf(narrow))
        return OG_CCONV_E_RANGE;
    memcpy(cell->buffer, &narrow, sizeof(narrow));
    return OG_CCONV_OK;
}

int og_cconv_numeric(const struct og_ctype *type OG_UNUSED, const char *text, size_t n_bytes,
                     struct og_cconv_cell *cell, size_t *offset OG_UNUSED,
                     SQLLEN *out_length OG_UNUSED)
{
    SQL_NUMERIC_STRUCT out = {0};
    int precision = cell->precision > 0 && cell->precision <= 38 ? cell->precision : 38;
    unsigned __int128 magnitude, limit = 1;
    struct decimal number;
    int r;

    if (!parse_decimal(text, n_bytes, &number))
        return OG_CCONV_E_NOT_A_VALUE;
    r = scale_decimal(&number, cell->scale, &magnitude);
    for (int i = 0; i < precision; i++)
        limit *= 10;
    if (r == OG_CCONV_E_RANGE || magnitude >= limit)
        return OG_CCONV_E_RANGE;
    out.precision = (SQLCHAR)precision;
    out.scale = (SQLSCHAR)cell->scale;
    out.sign = !number.is_negative;
    for (size_t i = 0; i < SQL_MAX_NUMERIC_LEN; i++)
        out.val[i] = (SQLCHAR)(magnitude >> (8 * i));
    memcpy(cell->buffer, &out, sizeof(out));
    return r;
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int og_cconv_guid(const struct og_ctype *type OG_UNUSED, const char *text, size_t n_bytes,
                  struct og_cconv_cell *cell, size_t *offset OG_UNUSED,
                  SQLLEN *out_length OG_UNUSED)
{
    unsigned char bytes[16];
    size_t n_digits = 0;
    SQLGUID out;

    og_cconv_trim(&text, &n_bytes);
    if (n_bytes != 36)
        return OG_CCONV_E_NOT_A_VALUE;
    for (size_t i = 0; i < n_bytes; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        int value = is_dash ? 0 : hex_value(text[i]);

        if (is_dash ? text[i] != '-' : value < 0)
            return OG_CCONV_E_NOT_A_VALUE;
        if (is_dash)
            continue;
        bytes[n_digits / 2] =
            (unsigned char)(n_digits % 2 ? bytes[n_digits / 2] | value : value << 4);
        n_digits++;
    }
    out.Data1 = (unsigned)bytes[0] << 24 | (unsigned)bytes[1] << 16 | (unsigned)bytes[2] << 8 |
                bytes[3];
    out.Data2 = (unsigned short)(bytes[4] << 8 | bytes[5]);
    out.Data3 = (unsigned short)(bytes[6] << 8 | bytes[7]);
    memcpy(out.Data4, bytes + 8, sizeof(out.Data4));
    memcpy(cell->buffer, &out, sizeof(out));
    return OG_CCONV_OK;
}

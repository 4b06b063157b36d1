/* SPDX-License-Identifier: MIT */
/* Random numbers, statements and C types. */
#include <stdio.h>
#include <string.h>

#include "tests/diff/diff.h"

/* splitmix64, by Vigna: public domain. */
uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

#define BOTH 2
static const struct { int dialect; struct text text; } texts[] = {
#define TEXT(dialect, sql, n_params, flags) {dialect, {sql, n_params, flags}},
#include "tests/diff/texts.tbl.h"
#undef TEXT
};

static bool is_in_pool(size_t i)
{
    if (texts[i].dialect != BOTH && texts[i].dialect != (int)options.dialect)
        return false;
    if ((texts[i].text.flags & T_OBSERVED) && !options.is_observed)
        return false;
    return !((texts[i].text.flags & T_NO_MASK) && options.is_masked);
}

const struct text *text_pick(uint32_t number)
{
    size_t n = sizeof(texts) / sizeof(texts[0]);
    size_t i = number % n;

    while (!is_in_pool(i))
        i = (i + 1) % n;
    return &texts[i].text;
}

void text_make(const struct text *text, uint32_t number, char *out, size_t max)
{
    size_t n = 0;

    for (const char *p = text->sql; *p && n + 24 < max; p++) {
        if (p[0] == '%' && p[1] == 'd') {
            n += (size_t)snprintf(out + n, max - n, "%u", number % 12 + 1);
            p++;
        } else if (p[0] == '%' && p[1] == 'n') {
            n += (size_t)snprintf(out + n, max - n, "%u", number % 997 + 100);
            p++;
        } else {
            out[n++] = *p;
        }
    }
    out[n] = '\0';
}

size_t widen(const char *utf8, SQLWCHAR *out, size_t max_units)
{
    const unsigned char *p = (const unsigned char *)utf8;
    size_t n = 0;

    while (*p && n + 3 < max_units) {
        uint32_t c = *p++;
        int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

        c &= more ? 0x3fu >> more : 0x7fu;
        for (; more && *p; more--)
            c = c << 6 | (*p++ & 0x3fu);
        if (c >= 0x10000u) {
            out[n++] = (SQLWCHAR)(0xd800u + ((c - 0x10000u) >> 10));
            out[n++] = (SQLWCHAR)(0xdc00u + ((c - 0x10000u) & 0x3ffu));
        } else {
            out[n++] = (SQLWCHAR)c;
        }
    }
    out[n] = 0;
    return n;
}

static const struct ctype ctypes[] = {
    {SQL_C_CHAR, "CHAR", 0},
    {SQL_C_WCHAR, "WCHAR", 0},
    {SQL_C_BINARY, "BINARY", 0},
    {SQL_C_DEFAULT, "DEFAULT", 0},
    {SQL_C_CHAR, "CHAR", 0},
    {SQL_C_WCHAR, "WCHAR", 0},
    {SQL_C_SLONG, "SLONG", 4},
    {SQL_C_ULONG, "ULONG", 4},
    {SQL_C_SSHORT, "SSHORT", 2},
    {SQL_C_USHORT, "USHORT", 2},
    {SQL_C_STINYINT, "STINYINT", 1},
    {SQL_C_UTINYINT, "UTINYINT", 1},
    {SQL_C_SBIGINT, "SBIGINT", 8},
    {SQL_C_UBIGINT, "UBIGINT", 8},
    {SQL_C_FLOAT, "FLOAT", 4},
    {SQL_C_DOUBLE, "DOUBLE", 8},
    {SQL_C_BIT, "BIT", 1},
    {SQL_C_LONG, "LONG", 4},
    {SQL_C_SHORT, "SHORT", 2},
    {SQL_C_TINYINT, "TINYINT", 1},
    {SQL_C_TYPE_DATE, "TYPE_DATE", 6},
    {SQL_C_TYPE_TIME, "TYPE_TIME", 6},
    {SQL_C_TYPE_TIMESTAMP, "TYPE_TIMESTAMP", 16},
    {SQL_C_DATE, "DATE", 6},
    {SQL_C_TIMESTAMP, "TIMESTAMP", 16},
    {SQL_C_NUMERIC, "NUMERIC", 19},
    {SQL_C_GUID, "GUID", 16},
    {SQL_C_INTERVAL_DAY, "INTERVAL_DAY", 28},
    {SQL_C_INTERVAL_YEAR_TO_MONTH, "INTERVAL_YEAR_TO_MONTH", 28},
    {77, "77 (no such type)", 0},
};

const struct ctype *ctype_pick(uint32_t number)
{
    static const SQLSMALLINT readable[] = {SQL_C_CHAR, SQL_C_WCHAR, SQL_C_BINARY, SQL_C_CHAR};

    if (options.is_masked && number % 8)
        return ctype_find(readable[number / 8 % 4]); /* most masks show nothing else */
    return &ctypes[number / 8 % (sizeof(ctypes) / sizeof(ctypes[0]))];
}

SQLLEN whole_size(const struct ctype *type, SQLLEN n_bytes)
{
    return options.is_masked && type->code == SQL_C_WCHAR ? n_bytes & ~(SQLLEN)1 : n_bytes;
}

const struct ctype *ctype_find(SQLSMALLINT code)
{
    for (size_t i = 0; i < sizeof(ctypes) / sizeof(ctypes[0]); i++)
        if (ctypes[i].code == code)
            return &ctypes[i];
    return &ctypes[0];
}

static const char *const words[] = {"42", "7", "abc", "1999-12-31", "Zo\xc3\xab \xf0\x9f\x98\x80",
                                    "", "12.50", "it's", "2001-02-03 04:05:06", "Ann"};

static void put_struct(SQLSMALLINT code, uint32_t number, unsigned char *out)
{
    SQL_TIMESTAMP_STRUCT moment = {2001, 2, 3, 4, 5, 6, 789000000};
    SQL_DATE_STRUCT date = {1999, 12, 31};
    SQL_TIME_STRUCT time = {23, 59, 58};
    SQL_NUMERIC_STRUCT numeric = {.precision = 10, .scale = 2, .sign = 1, .val = {0x39, 0x30}};
    SQLGUID guid = {0x12345678, 0x1234, 0x5678, {1, 2, 3, 4, 5, 6, 7, 8}};

    date.day = (SQLUSMALLINT)(number % 28 + 1);
    if (code == SQL_C_TYPE_TIMESTAMP || code == SQL_C_TIMESTAMP)
        memcpy(out, &moment, sizeof(moment));
    else if (code == SQL_C_TYPE_DATE || code == SQL_C_DATE)
        memcpy(out, &date, sizeof(date));
    else if (code == SQL_C_TYPE_TIME)
        memcpy(out, &time, sizeof(time));
    else if (code == SQL_C_NUMERIC)
        memcpy(out, &numeric, sizeof(numeric));
    else if (code == SQL_C_GUID)
        memcpy(out, &guid, sizeof(guid));
}

SQLLEN put_value(const struct ctype *type, uint32_t number, unsigned char *out)
{
    const char *word = words[number % 10];
    uint64_t whole = number % 3 ? number % 12 + 1 : number % 900 + 100;
    float f = (float)whole + 0.5f;
    double d = (double)whole + 0.25;

    memset(out, 0, 64);
    switch (type->code) {
    case SQL_C_WCHAR:
        (void)widen(word, (SQLWCHAR *)(void *)out, 30);
        return SQL_NTS;
    case SQL_C_BINARY:
        memcpy(out, "\0\1\xff binary", 10);
        return 10;
    case SQL_C_FLOAT:
        memcpy(out, &f, sizeof(f));
        return sizeof(f);
    case SQL_C_DOUBLE:
        memcpy(out, &d, sizeof(d));
        return sizeof(d);
    case SQL_C_BIT:
        out[0] = number & 1;
        return 1;
    default:
        break;
    }
    if (type->n_bytes == 0) {
        memcpy(out, word, strlen(word) + 1);
        return SQL_NTS;
    }
    if (type->n_bytes > 8 || type->code == SQL_C_TYPE_DATE || type->code == SQL_C_DATE ||
        type->code == SQL_C_TYPE_TIME) {
        put_struct(type->code, number, out);
        return type->n_bytes;
    }
    if (type->n_bytes == 1)
        whole %= 100;
    memcpy(out, &whole, (size_t)type->n_bytes);
    return type->n_bytes;
}

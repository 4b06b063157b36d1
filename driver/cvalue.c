/* SPDX-License-Identifier: MIT */
#include "driver/cvalue.h"

#include <inttypes.h>
#include <string.h>

#include "common/limits.h"
#include "common/utf.h"
#include "driver/cconv.h"

SQLLEN og_cvalue_bytes(SQLSMALLINT c_type)
{
    return og_cconv_fixed_size(c_type);
}

/* Bytes of text or binary; -1: not known here. */
static SQLLEN text_bytes(const void *data, SQLLEN max_bytes, const SQLLEN *length, size_t width)
{
    const char *bytes = data;
    size_t n = 0, max = max_bytes > 0 ? (size_t)max_bytes : OG_MAX_MASKED_VALUE_BYTES;

    if (length && *length != SQL_NTS)
        return *length >= 0 && *length <= (SQLLEN)OG_MAX_MASKED_VALUE_BYTES ? *length : -1;
    while (n + width <= max && memcmp(bytes + n, "\0\0", width) != 0)
        n += width;
    return (SQLLEN)n;
}

static bool put_text(const void *data, SQLLEN max_bytes, const SQLLEN *length, bool is_wide,
                     struct og_buf *out)
{
    SQLLEN n = text_bytes(data, max_bytes, length, is_wide ? sizeof(SQLWCHAR) : 1u);

    if (n < 0)
        return false;
    if (is_wide)
        return og_utf16_to_utf8(data, (size_t)n / sizeof(SQLWCHAR), out) == 0;
    og_buf_append(out, data, (size_t)n);
    return true;
}

#define INTEGER(type, format)                    \
    do {                                         \
        type value;                              \
        memcpy(&value, data, sizeof(value));     \
        og_buf_printf(out, "%" format, value);   \
        return true;                             \
    } while (0)

static bool put_integer(SQLSMALLINT c_type, const void *data, struct og_buf *out)
{
    switch (c_type) {
    case SQL_C_TINYINT:
    case SQL_C_STINYINT:
        INTEGER(int8_t, PRId8);
    case SQL_C_UTINYINT:
    case SQL_C_BIT:
        INTEGER(uint8_t, PRIu8);
    case SQL_C_SHORT:
    case SQL_C_SSHORT:
        INTEGER(int16_t, PRId16);
    case SQL_C_USHORT:
        INTEGER(uint16_t, PRIu16);
    case SQL_C_LONG:
    case SQL_C_SLONG:
        INTEGER(int32_t, PRId32);
    case SQL_C_ULONG:
        INTEGER(uint32_t, PRIu32);
    case SQL_C_SBIGINT:
        INTEGER(int64_t, PRId64);
    case SQL_C_UBIGINT:
        INTEGER(uint64_t, PRIu64);
    default:
        return false;
    }
}

static bool put_numeric(const void *data, struct og_buf *out)
{
    SQL_NUMERIC_STRUCT number;
    double value = 0;

    memcpy(&number, data, sizeof(number));
    for (size_t i = SQL_MAX_NUMERIC_LEN; i-- > 0;)
        value = value * 256 + number.val[i];
    for (int i = 0; i < number.scale; i++)
        value /= 10;
    og_buf_printf(out, "%s%.15g", number.sign ? "" : "-", value);
    return true;
}

static bool put_day(const void *data, bool has_time, struct og_buf *out)
{
    SQL_TIMESTAMP_STRUCT at = {0};

    memcpy(&at, data, has_time ? sizeof(at) : sizeof(SQL_DATE_STRUCT));
    og_buf_printf(out, "%04d-%02u-%02u", at.year, at.month, at.day);
    if (has_time && (at.hour || at.minute || at.second || at.fraction))
        og_buf_printf(out, " %02u:%02u:%02u", at.hour, at.minute, at.second);
    return true;
}

bool og_cvalue_text(SQLSMALLINT c_type, const void *data, SQLLEN max_bytes, const SQLLEN *length,
                    struct og_buf *out)
{
    double value;
    float narrow;

    if (length && (*length == SQL_DATA_AT_EXEC || *length <= SQL_LEN_DATA_AT_EXEC_OFFSET))
        return false;
    switch (c_type) {
    case SQL_C_CHAR:
    case SQL_C_BINARY:
        return put_text(data, max_bytes, length, false, out);
    case SQL_C_WCHAR:
        return put_text(data, max_bytes, length, true, out);
    case SQL_C_DOUBLE:
        memcpy(&value, data, sizeof(value));
        og_buf_printf(out, "%.15g", value);
        return true;
    case SQL_C_FLOAT:
        memcpy(&narrow, data, sizeof(narrow));
        og_buf_printf(out, "%.7g", (double)narrow);
        return true;
    case SQL_C_NUMERIC:
        return put_numeric(data, out);
    case SQL_C_DATE:
    case SQL_C_TYPE_DATE:
        return put_day(data, false, out);
    case SQL_C_TIMESTAMP:
    case SQL_C_TYPE_TIMESTAMP:
        return put_day(data, true, out);
    default:
        return put_integer(c_type, data, out);
    }
}

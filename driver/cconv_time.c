/* SPDX-License-Identifier: MIT */
/* Dates, times and timestamps from canonical text: "2024-02-29", "10:20:30.5",
 * "2024-02-29 10:20:30.123456+01". A zone is read over, as psqlODBC does: the fields are those of
 * the session's zone. What the specification would fill with today's date is refused (22018). */
#include <string.h>

#include "driver/cconv_parts.h"

struct moment {
    bool has_date, has_time;
    SQL_TIMESTAMP_STRUCT at;
    bool is_cut; /* more than nine digits of fraction, not all zero */
};

/* Reads exactly n_min..n_max digits. Returns whether it could; moves *text. */
static bool take_number(const char **text, const char *end, int n_min, int n_max, int *out)
{
    int n = 0, value = 0;

    while (*text < end && n < n_max && **text >= '0' && **text <= '9') {
        value = 10 * value + (*(*text)++ - '0');
        n++;
    }
    *out = value;
    return n >= n_min;
}

static bool take_char(const char **text, const char *end, char c)
{
    if (*text >= end || **text != c)
        return false;
    (*text)++;
    return true;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && is_leap);
}

static bool take_date(const char **text, const char *end, struct moment *out)
{
    int year, month, day;

    if (!take_number(text, end, 4, 5, &year) || !take_char(text, end, '-') ||
        !take_number(text, end, 2, 2, &month) || !take_char(text, end, '-') ||
        !take_number(text, end, 2, 2, &day))
        return false;
    if (year > INT16_MAX || month < 1 || month > 12 || day < 1 || day > days_of(year, month))
        return false;
    out->at.year = (SQLSMALLINT)year;
    out->at.month = (SQLUSMALLINT)month;
    out->at.day = (SQLUSMALLINT)day;
    out->has_date = true;
    return true;
}

static bool take_fraction(const char **text, const char *end, struct moment *out)
{
    SQLUINTEGER unit = 100000000, value = 0;
    const char *start = *text;

    for (; *text < end && **text >= '0' && **text <= '9'; (*text)++) {
        SQLUINTEGER digit = (SQLUINTEGER)(**text - '0');

        value += digit * unit;
        out->is_cut |= unit == 0 && digit != 0;
        unit /= 10;
    }
    out->at.fraction = value;
    return *text > start;
}

static bool take_time(const char **text, const char *end, struct moment *out)
{
    int hour, minute, second = 0;

    if (!take_number(text, end, 2, 2, &hour) || !take_char(text, end, ':') ||
        !take_number(text, end, 2, 2, &minute))
        return false;
    if (take_char(text, end, ':')) {
        if (!take_number(text, end, 2, 2, &second))
            return false;
        if (take_char(text, end, '.') && !take_fraction(text, end, out))
            return false;
    }
    if (hour > 23 || minute > 59 || second > 61)
        return false;
    out->at.hour = (SQLUSMALLINT)hour;
    out->at.minute = (SQLUSMALLINT)minute;
    out->at.second = (SQLUSMALLINT)second;
    out->has_time = true;
    return true;
}

/* "Z", "+01", "-03:30", "+0530", "+01:00:00". */
static bool take_zone(const char **text, const char *end)
{
    int part;

    if (take_char(text, end, 'Z'))
        return true;
    if (!take_char(text, end, '+') && !take_char(text, end, '-'))
        return false;
    if (!take_number(text, end, 2, 2, &part))
        return false;
    while (*text < end) {
        (void)take_char(text, end, ':');
        if (!take_number(text, end, 2, 2, &part))
            return false;
    }
    return true;
}

static bool parse_moment(const char *text, size_t n_bytes, struct moment *out)
{
    const char *end, *at;

    memset(out, 0, sizeof(*out));
    og_cconv_trim(&text, &n_bytes);
    end = text + n_bytes;
    at = text;
    if (take_date(&at, end, out)) {
        if (at == end)
            return true;
        if (!take_char(&at, end, ' ') && !take_char(&at, end, 'T'))
            return false;
    } else {
        at = text;
    }
    if (!take_time(&at, end, out))
        return false;
    return at == end || (take_zone(&at, end) && at == end);
}

int og_cconv_date(const struct og_ctype *type OG_UNUSED, const char *text, size_t n_bytes,
                  struct og_cconv_cell *cell, size_t *offset OG_UNUSED,
                  SQLLEN *out_length OG_UNUSED)
{
    struct moment moment;
    SQL_DATE_STRUCT out;

    if (!parse_moment(text, n_bytes, &moment) || !moment.has_date)
        return OG_CCONV_E_NOT_A_VALUE;
    out.year = moment.at.year;
    out.month = moment.at.month;
    out.day = moment.at.day;
    memcpy(cell->buffer, &out, sizeof(out));
    return moment.at.hour || moment.at.minute || moment.at.second || moment.at.fraction ||
                   moment.is_cut
               ? OG_CCONV_E_FRACTION
               : OG_CCONV_OK;
}

int og_cconv_time(const struct og_ctype *type OG_UNUSED, const char *text, size_t n_bytes,
                  struct og_cconv_cell *cell, size_t *offset OG_UNUSED,
                  SQLLEN *out_length OG_UNUSED)
{
    struct moment moment;
    SQL_TIME_STRUCT out;

    if (!parse_moment(text, n_bytes, &moment) || !moment.has_time)
        return OG_CCONV_E_NOT_A_VALUE;
    out.hour = moment.at.hour;
    out.minute = moment.at.minute;
    out.second = moment.at.second;
    memcpy(cell->buffer, &out, sizeof(out));
    return moment.at.fraction || moment.is_cut ? OG_CCONV_E_FRACTION : OG_CCONV_OK;
}

int og_cconv_timestamp(const struct og_ctype *type OG_UNUSED, const char *text, size_t n_bytes,
                       struct og_cconv_cell *cell, size_t *offset OG_UNUSED,
                       SQLLEN *out_length OG_UNUSED)
{
    struct moment moment;

    if (!parse_moment(text, n_bytes, &moment) || !moment.has_date)
        return OG_CCONV_E_NOT_A_VALUE;
    memcpy(cell->buffer, &moment.at, sizeof(moment.at));
    return moment.is_cut ? OG_CCONV_E_FRACTION : OG_CCONV_OK;
}

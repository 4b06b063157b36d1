/* SPDX-License-Identifier: MIT */
#include "driver/cconv.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

static struct og_diag diag;

/* One cell with everything around it poisoned. */
struct shot {
    SQLRETURN r;
    SQLLEN length, indicator;
    unsigned char bytes[64];
    size_t offset;
};

static struct shot shoot(SQLSMALLINT c_type, const char *text, SQLLEN max_bytes)
{
    struct shot shot = {.length = -77, .indicator = -77};
    struct og_cconv_cell cell = {.c_type = c_type, .buffer = shot.bytes, .max_bytes = max_bytes,
                                 .length = &shot.length, .indicator = &shot.indicator};

    og_diag_clear(&diag);
    memset(shot.bytes, 0xEE, sizeof(shot.bytes));
    shot.r = og_cconv_put(text, text ? strlen(text) : 0, &cell, NULL, &diag);
    return shot;
}

static bool has_state(const char *sqlstate)
{
    bool is_same = diag.n_records == 1 && strcmp(diag.records[0].sqlstate, sqlstate) == 0;

    if (!is_same)
        tap_note("got %s", diag.n_records ? diag.records[0].sqlstate : "no record");
    return is_same;
}

static void test_text(void)
{
    struct shot s = shoot(SQL_C_CHAR, "a***@x.org", 64);

    tap_ok(s.r == SQL_SUCCESS && s.length == 10 && s.indicator == 0 &&
               memcmp(s.bytes, "a***@x.org", 11) == 0,
           "char_that_fits");
    s = shoot(SQL_C_CHAR, "a***@x.org", 5);
    tap_ok(s.r == SQL_SUCCESS_WITH_INFO && has_state("01004") && s.length == 10 &&
               memcmp(s.bytes, "a***", 5) == 0 && s.bytes[5] == 0xEE,
           "char_truncated_reports_the_masked_length");
    s = shoot(SQL_C_CHAR, "ab\xc3\xa9", 4);
    tap_ok(s.r == SQL_SUCCESS_WITH_INFO && strcmp((char *)s.bytes, "ab\xc3") == 0 && s.length == 4,
           "char_is_cut_by_bytes_as_the_drivers_do");
    s = shoot(SQL_C_CHAR, "abc", 0);
    tap_ok(s.r == SQL_SUCCESS_WITH_INFO && s.length == 3 && s.bytes[0] == 0xEE,
           "empty_buffer_probes_the_length");
    s = shoot(SQL_C_CHAR, "", 4);
    tap_ok(s.r == SQL_SUCCESS && s.length == 0 && s.bytes[0] == 0 && s.bytes[1] == 0xEE,
           "empty_text");
    s = shoot(SQL_C_BINARY, "abcdef", 4);
    tap_ok(s.r == SQL_SUCCESS_WITH_INFO && s.length == 6 && s.bytes[3] == 'd' &&
               s.bytes[4] == 0xEE,
           "binary_has_no_terminator");
}

static void test_wide(void)
{
    const uint16_t pair[] = {'a', 0xD83D, 0xDE00, 0};
    struct shot s = shoot(SQL_C_WCHAR, "a\xf0\x9f\x98\x80", 64);

    tap_ok(s.r == SQL_SUCCESS && s.length == 6 && memcmp(s.bytes, pair, 8) == 0,
           "wide_with_a_surrogate_pair");
    s = shoot(SQL_C_WCHAR, "a\xf0\x9f\x98\x80", 7);
    tap_ok(s.r == SQL_SUCCESS_WITH_INFO && s.length == 6 && s.bytes[0] == 'a' &&
               s.bytes[2] == 0 && s.bytes[3] == 0 && s.bytes[4] == 0xEE,
           "wide_never_splits_a_pair_and_rounds_an_odd_size_down");
    s = shoot(SQL_C_WCHAR, "\xff", 64);
    tap_ok(s.r == SQL_ERROR && has_state("22018") && s.length == -77, "wide_of_broken_text_fails");
}

/* Reads a value in pieces of max_bytes; returns the number of calls, -1 when it went wrong. */
static int read_pieces(SQLSMALLINT c_type, const char *text, SQLLEN max_bytes, char *out)
{
    size_t offset = 0, n_out = 0, n_end = c_type == SQL_C_CHAR ? 1 : c_type == SQL_C_WCHAR ? 2 : 0;
    SQLLEN last = SQL_NULL_DATA;

    for (int n = 1; n < 200; n++) {
        char piece[64];
        SQLLEN length = -77;
        struct og_cconv_cell cell = {.c_type = c_type, .buffer = piece, .max_bytes = max_bytes,
                                     .length = &length, .indicator = &length};
        SQLRETURN r;
        size_t n_got;

        og_diag_clear(&diag);
        r = og_cconv_put(text, strlen(text), &cell, &offset, &diag);
        if (r == SQL_NO_DATA)
            return length == -77 ? n - 1 : -1;
        if (!SQL_SUCCEEDED(r) || (last != SQL_NULL_DATA && length >= last))
            return -1;
        last = length;
        n_got = (size_t)length;
        if (r == SQL_SUCCESS_WITH_INFO) {
            n_got = (size_t)max_bytes - n_end;
            while (n_end == 1 && n_got > 0 && piece[n_got] != 0)
                n_got--;
            if (c_type == SQL_C_WCHAR)
                n_got = n_got / 2 * 2;
        }
        memcpy(out + n_out, piece, n_got);
        n_out += n_got;
        out[n_out] = 0;
    }
    return -1;
}

static void test_pieces(void)
{
    char out[256];

    for (SQLLEN size = 2; size < 12; size++) {
        int n = read_pieces(SQL_C_CHAR, "hello, masked world", size, out);

        tap_ok(n == (int)(19 + size - 2) / (int)(size - 1) &&
                   strcmp(out, "hello, masked world") == 0,
               "char_in_pieces_of_%d", (int)size);
    }
    tap_ok(read_pieces(SQL_C_CHAR, "", 8, out) == 1, "empty_text_is_one_piece_then_no_data");
    tap_ok(read_pieces(SQL_C_BINARY, "0123456789", 4, out) == 3 && strcmp(out, "0123456789") == 0,
           "binary_in_pieces");
    tap_ok(read_pieces(SQL_C_CHAR, "\xe2\x82\xac\xe2\x82\xac", 2, out) == 6,
           "a_buffer_below_one_character_still_ends");
    tap_ok(read_pieces(SQL_C_WCHAR, "abcdef", 6, out) == 3 && memcmp(out, "a\0b\0c\0d\0e\0f", 12) == 0,
           "wide_in_pieces");
    tap_ok(read_pieces(SQL_C_WCHAR, "\xf0\x9f\x98\x80x", 4, out) == 3,
           "a_wide_buffer_below_one_pair_still_ends");
}

static void test_probe_and_null(void)
{
    SQLLEN length = -77, other = -77;
    size_t offset = 0;
    struct og_cconv_cell cell = {.c_type = SQL_C_CHAR, .length = &length, .indicator = &length};

    og_diag_clear(&diag);
    tap_ok(og_cconv_put("abc", 3, &cell, &offset, &diag) == SQL_SUCCESS_WITH_INFO && length == 3 &&
               offset == 0,
           "no_buffer_probes_and_moves_nothing");
    tap_ok(og_cconv_put("abc", 3, &cell, NULL, &diag) == SQL_SUCCESS, "bound_without_buffer");
    tap_ok(og_cconv_put(NULL, 0, &cell, &offset, &diag) == SQL_SUCCESS && length == SQL_NULL_DATA,
           "null_sets_the_indicator");
    tap_ok(og_cconv_put(NULL, 0, &cell, &offset, &diag) == SQL_SUCCESS,
           "null_is_read_again");
    cell.indicator = NULL;
    og_diag_clear(&diag);
    tap_ok(og_cconv_put(NULL, 0, &cell, NULL, &diag) == SQL_ERROR && has_state("22002"),
           "null_without_indicator_fails");
    cell.indicator = &other;
    length = -77;
    tap_ok(og_cconv_put(NULL, 0, &cell, NULL, &diag) == SQL_SUCCESS && other == SQL_NULL_DATA &&
               length == -77,
           "null_with_apart_pointers_leaves_the_length");
}

static bool is_integer(SQLSMALLINT c_type, const char *text, const char *state, int64_t want,
                       size_t n_bytes)
{
    struct shot s = shoot(c_type, text, 0);

    if (state && s.r == SQL_ERROR)
        return has_state(state) && s.bytes[0] == 0xEE;
    if (state && !has_state(state))
        return false;
    return s.r == (state ? SQL_SUCCESS_WITH_INFO : SQL_SUCCESS) && s.length == (SQLLEN)n_bytes &&
           memcmp(s.bytes, &want, n_bytes) == 0 && s.bytes[n_bytes] == 0xEE;
}

static void test_integers(void)
{
    tap_ok(is_integer(SQL_C_SLONG, " -2000 ", NULL, -2000, 4), "long");
    tap_ok(is_integer(SQL_C_SLONG, "1e3", NULL, 1000, 4), "long_with_exponent");
    tap_ok(is_integer(SQL_C_SLONG, "12.75", "01S07", 12, 4), "long_cuts_the_fraction");
    tap_ok(is_integer(SQL_C_SLONG, "12.00", NULL, 12, 4), "long_of_a_zero_fraction");
    tap_ok(is_integer(SQL_C_SLONG, "2147483648", "22003", 0, 4), "long_out_of_range");
    tap_ok(is_integer(SQL_C_ULONG, "4294967295", NULL, 4294967295, 4), "ulong");
    tap_ok(is_integer(SQL_C_ULONG, "-1", "22003", 0, 4), "ulong_below_zero");
    tap_ok(is_integer(SQL_C_SBIGINT, "-9223372036854775808", NULL, INT64_MIN, 8), "bigint_least");
    tap_ok(is_integer(SQL_C_SBIGINT, "9223372036854775808", "22003", 0, 8), "bigint_over");
    tap_ok(is_integer(SQL_C_UBIGINT, "18446744073709551615", NULL, -1, 8), "ubigint_greatest");
    tap_ok(is_integer(SQL_C_UBIGINT, "1e400", "22003", 0, 8), "huge_exponent");
    tap_ok(is_integer(SQL_C_SBIGINT, "1e-400", "01S07", 0, 8), "tiny_exponent");
    tap_ok(is_integer(SQL_C_STINYINT, "-128", NULL, -128, 1), "tinyint");
    tap_ok(is_integer(SQL_C_UTINYINT, "256", "22003", 0, 1), "utinyint_over");
    tap_ok(is_integer(SQL_C_SHORT, "-32768", NULL, -32768, 2), "short");
    tap_ok(is_integer(SQL_C_USHORT, "65535", NULL, 65535, 2), "ushort");
    tap_ok(is_integer(SQL_C_BIT, "1", NULL, 1, 1), "bit");
    tap_ok(is_integer(SQL_C_BIT, "1.5", "01S07", 1, 1), "bit_cuts_the_fraction");
    tap_ok(is_integer(SQL_C_BIT, "2", "22003", 0, 1), "bit_over");
    tap_ok(is_integer(SQL_C_BIT, "-0.5", "22003", 0, 1), "bit_below_zero");
    tap_ok(is_integer(SQL_C_SLONG, "***", "22018", 0, 4), "a_mask_is_no_number");
    tap_ok(is_integer(SQL_C_SLONG, "", "22018", 0, 4), "empty_is_no_number");
    tap_ok(is_integer(SQL_C_SLONG, "1e", "22018", 0, 4), "half_an_exponent");
    tap_ok(is_integer(SQL_C_SLONG, "1.2.3", "22018", 0, 4), "two_points");
}

static void test_reals(void)
{
    struct shot s;
    double d;
    float f;

    (void)setlocale(LC_ALL, "de_DE.UTF-8");
    s = shoot(SQL_C_DOUBLE, "-1234.5", 0);
    memcpy(&d, s.bytes, sizeof(d));
    tap_ok(s.r == SQL_SUCCESS && d == -1234.5 && s.length == 8, "double");
    s = shoot(SQL_C_FLOAT, "0.1", 0);
    memcpy(&f, s.bytes, sizeof(f));
    tap_ok(s.r == SQL_SUCCESS && f == 0.1f && s.length == 4, "float");
    s = shoot(SQL_C_FLOAT, "1e39", 0);
    tap_ok(s.r == SQL_ERROR && has_state("22003"), "float_over");
    s = shoot(SQL_C_DOUBLE, "0.000", 0);
    memcpy(&d, s.bytes, sizeof(d));
    tap_ok(s.r == SQL_SUCCESS && d == 0, "double_zero");
    s = shoot(SQL_C_DOUBLE, "nan", 0);
    tap_ok(s.r == SQL_ERROR && has_state("22018"), "a_word_is_no_double");
}

static SQLRETURN numeric(const char *text, SQLSMALLINT precision, SQLSMALLINT scale,
                         SQL_NUMERIC_STRUCT *out)
{
    SQLLEN length;
    struct og_cconv_cell cell = {.c_type = SQL_C_NUMERIC, .buffer = out, .length = &length,
                                 .indicator = &length, .precision = precision, .scale = scale};

    og_diag_clear(&diag);
    return og_cconv_put(text, strlen(text), &cell, NULL, &diag);
}

static void test_numeric(void)
{
    SQL_NUMERIC_STRUCT n;

    tap_ok(numeric("-123.45", 10, 2, &n) == SQL_SUCCESS && n.sign == 0 && n.precision == 10 &&
               n.scale == 2 && n.val[0] == (12345 & 255) && n.val[1] == 12345 >> 8 && !n.val[2],
           "numeric_with_scale");
    tap_ok(numeric("123.45", 0, 0, &n) == SQL_SUCCESS_WITH_INFO && has_state("01S07") &&
               n.sign == 1 && n.val[0] == 123 && n.precision == 38,
           "numeric_with_defaults_cuts_the_fraction");
    tap_ok(numeric("12345", 4, 0, &n) == SQL_ERROR && has_state("22003"), "numeric_precision");
    tap_ok(numeric("99999999999999999999999999999999999999", 38, 0, &n) == SQL_SUCCESS,
           "numeric_greatest");
    tap_ok(numeric("100000000000000000000000000000000000000", 38, 0, &n) == SQL_ERROR,
           "numeric_over");
    tap_ok(numeric("1200", 10, -2, &n) == SQL_SUCCESS && n.val[0] == 12, "numeric_negative_scale");
}

static void test_times(void)
{
    SQL_DATE_STRUCT date;
    SQL_TIME_STRUCT t;
    SQL_TIMESTAMP_STRUCT stamp;
    struct shot s = shoot(SQL_C_TYPE_DATE, "2024-02-29", 0);

    memcpy(&date, s.bytes, sizeof(date));
    tap_ok(s.r == SQL_SUCCESS && date.year == 2024 && date.month == 2 && date.day == 29 &&
               s.length == sizeof(date),
           "date");
    tap_ok(shoot(SQL_C_DATE, "2024-01-01", 0).r == SQL_SUCCESS, "date_with_the_odbc_2_code");
    tap_ok(shoot(SQL_C_TYPE_DATE, "2023-02-29", 0).r == SQL_ERROR && has_state("22018"),
           "no_such_day");
    tap_ok(shoot(SQL_C_TYPE_DATE, "2023-02-01 00:00:01", 0).r == SQL_SUCCESS_WITH_INFO &&
               has_state("01S07"),
           "date_cuts_the_time");
    tap_ok(shoot(SQL_C_TYPE_DATE, "2023-02-01 00:00:00", 0).r == SQL_SUCCESS, "date_at_midnight");
    s = shoot(SQL_C_TYPE_TIME, "10:20:30", 0);
    memcpy(&t, s.bytes, sizeof(t));
    tap_ok(s.r == SQL_SUCCESS && t.hour == 10 && t.minute == 20 && t.second == 30, "time");
    tap_ok(shoot(SQL_C_TIME, "10:20:30.5", 0).r == SQL_SUCCESS_WITH_INFO && has_state("01S07"),
           "time_cuts_the_fraction");
    tap_ok(shoot(SQL_C_TYPE_TIME, "2024-01-01", 0).r == SQL_ERROR, "no_time_in_a_date");
    s = shoot(SQL_C_TYPE_TIMESTAMP, "2024-02-29 10:20:30.123456+01", 0);
    memcpy(&stamp, s.bytes, sizeof(stamp));
    tap_ok(s.r == SQL_SUCCESS && stamp.hour == 10 && stamp.fraction == 123456000 &&
               s.length == sizeof(stamp),
           "timestamp_with_zone");
    s = shoot(SQL_C_TIMESTAMP, "2024-01-01", 0);
    memcpy(&stamp, s.bytes, sizeof(stamp));
    tap_ok(s.r == SQL_SUCCESS && stamp.day == 1 && stamp.hour == 0 && stamp.fraction == 0,
           "timestamp_of_a_date");
    tap_ok(shoot(SQL_C_TYPE_TIMESTAMP, "2024-01-01 10:20 rubbish", 0).r == SQL_ERROR,
           "timestamp_with_rubbish");
    tap_ok(shoot(SQL_C_TYPE_TIMESTAMP, "10:20:30", 0).r == SQL_ERROR,
           "todays_date_is_never_put_in");
}

static void test_others(void)
{
    struct shot s = shoot(SQL_C_GUID, "6f9619ff-8b86-d011-b42d-00c04fc9" "64ff", 0);
    SQLGUID guid;

    memcpy(&guid, s.bytes, sizeof(guid));
    tap_ok(s.r == SQL_SUCCESS && guid.Data1 == 0x6f9619ff && guid.Data3 == 0xd011 &&
               guid.Data4[7] == 0xff && s.length == 16,
           "guid");
    tap_ok(shoot(SQL_C_GUID, "***", 0).r == SQL_ERROR && has_state("22018"), "a_mask_is_no_guid");
    tap_ok(shoot(SQL_C_INTERVAL_DAY, "1", 0).r == SQL_ERROR && has_state("HYC00"), "interval");
    tap_ok(shoot(4711, "1", 0).r == SQL_ERROR && has_state("HY003"), "unknown_c_type");
    tap_ok(shoot(SQL_C_DEFAULT, "1", 0).r == SQL_ERROR && has_state("HY003"),
           "default_must_be_resolved_before");
    tap_ok(og_cconv_default(SQL_INTEGER, false) == SQL_C_SLONG &&
               og_cconv_default(SQL_INTEGER, true) == SQL_C_ULONG &&
               og_cconv_default(SQL_WVARCHAR, false) == SQL_C_WCHAR &&
               og_cconv_default(SQL_TYPE_TIMESTAMP, false) == SQL_C_TYPE_TIMESTAMP &&
               og_cconv_default(SQL_TIMESTAMP, false) == SQL_C_TIMESTAMP &&
               og_cconv_default(-9999, false) == 0,
           "defaults");
    tap_ok(og_cconv_fixed_size(SQL_C_SLONG) == 4 && og_cconv_fixed_size(SQL_C_CHAR) == 0 &&
               og_cconv_fixed_size(SQL_C_TYPE_TIMESTAMP) == 16,
           "sizes");
}

int main(void)
{
    test_text();
    test_wide();
    test_pieces();
    test_probe_and_null();
    test_integers();
    test_reals();
    test_numeric();
    test_times();
    test_others();
    og_diag_release(&diag);
    return tap_done();
}

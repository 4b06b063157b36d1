/* SPDX-License-Identifier: MIT */
#include "common/mask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/detect.h"
#include "common/utf.h"

#define DEFAULT_TEXT "***"
/* Exponents beyond a double's are no number that a server prints. */
#define MAX_EXPONENT 5000

static const struct {
    const char *word;
    bool is_enforced;
} kinds[OG_MASK_COUNT] = {
    [OG_MASK_NONE] = {"none", false},
#define MASK(name, word, is_enforced, fits, text) [OG_MASK_##name] = {word, is_enforced},
#include "common/mask.tbl.h"
#undef MASK
};

static const char *const classes[OG_CLASS_COUNT] = {
    [OG_CLASS_NONE] = "none",
    [OG_CLASS_EMAIL] = "email",
    [OG_CLASS_PHONE] = "phone",
    [OG_CLASS_US_SSN] = "us-ssn",
    [OG_CLASS_PAYMENT_CARD] = "payment-card",
    [OG_CLASS_IBAN] = "iban",
    [OG_CLASS_NAME] = "name",
    [OG_CLASS_ADDRESS] = "address",
    [OG_CLASS_BIRTH_DATE] = "birth-date",
    [OG_CLASS_SECRET] = "secret",
    [OG_CLASS_OTHER] = "other",
};

const char *og_mask_word(enum og_mask_kind kind)
{
    return (unsigned)kind < OG_MASK_COUNT ? kinds[kind].word : "unknown";
}

enum og_mask_kind og_mask_from_word(const char *word)
{
    for (int i = OG_MASK_NONE + 1; i < OG_MASK_COUNT; i++) {
        if (word && strcmp(word, kinds[i].word) == 0)
            return (enum og_mask_kind)i;
    }
    return OG_MASK_NONE;
}

bool og_mask_is_enforced(enum og_mask_kind kind)
{
    return (unsigned)kind < OG_MASK_COUNT && kinds[kind].is_enforced;
}

const char *og_class_word(enum og_class class)
{
    return (unsigned)class < OG_CLASS_COUNT ? classes[class] : "unknown";
}

enum og_class og_class_from_word(const char *word)
{
    for (int i = 0; i < OG_CLASS_COUNT; i++) {
        if (word && strcmp(word, classes[i]) == 0)
            return (enum og_class)i;
    }
    return OG_CLASS_COUNT;
}

static bool is_form(const char *text, size_t n_bytes, const char *form);

static const char *fixed_text(const struct og_mask *mask)
{
    return mask->fixed_text ? mask->fixed_text : DEFAULT_TEXT;
}

/* A word can stand for a number or a date where it reads as one. */
static bool is_fixed_of(const struct og_mask *mask, enum og_type_class type)
{
    const char *text = fixed_text(mask);
    size_t n = strlen(text), n_number = strspn(text, "-0123456789.");

    if (type == OG_TYPE_INTEGER || type == OG_TYPE_NUMERIC)
        return n && n < 16 && n == n_number && strcspn(text, "0123456789") < n &&
               (type == OG_TYPE_NUMERIC || !strchr(text, '.')) && !strchr(text + 1, '-');
    return (type == OG_TYPE_DATE || type == OG_TYPE_TIMESTAMP) && is_form(text, n, "9999-99-99") &&
           n == 10;
}

bool og_mask_fits(const struct og_mask *mask, enum og_type_class type)
{
    switch (mask->kind) {
    case OG_MASK_SQL_NULL:
        return true;
    case OG_MASK_PARTIAL:
        return type == OG_TYPE_TEXT || (mask->class == OG_CLASS_BIRTH_DATE &&
                                        (type == OG_TYPE_DATE || type == OG_TYPE_TIMESTAMP));
    case OG_MASK_FIXED:
        return type == OG_TYPE_TEXT || is_fixed_of(mask, type);
    case OG_MASK_TOKEN:
    case OG_MASK_HANDLE:
        return type == OG_TYPE_TEXT;
    case OG_MASK_FORMAT_PRESERVING:
        return type == OG_TYPE_TEXT || type == OG_TYPE_INTEGER || type == OG_TYPE_NUMERIC;
    case OG_MASK_ROUND:
        return type == OG_TYPE_INTEGER || type == OG_TYPE_NUMERIC;
    case OG_MASK_TRUNCATE_DATE:
        return type == OG_TYPE_DATE || type == OG_TYPE_TIMESTAMP;
    default:
        return false;
    }
}

static char date_unit(const struct og_mask *mask)
{
    return mask->date_unit ? mask->date_unit : 'y';
}

bool og_mask_is_plan(const struct og_mask *mask)
{
    return mask->kind != OG_MASK_NONE && mask->kind != OG_MASK_DETECT;
}

bool og_mask_is_same(const struct og_mask *a, const struct og_mask *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case OG_MASK_NONE:
    case OG_MASK_SQL_NULL:
        return true;
    case OG_MASK_FIXED:
        return strcmp(fixed_text(a), fixed_text(b)) == 0;
    case OG_MASK_PARTIAL:
    case OG_MASK_TOKEN:
    case OG_MASK_HANDLE:
    case OG_MASK_FORMAT_PRESERVING:
        return a->class == b->class;
    case OG_MASK_ROUND:
        return a->round_to == b->round_to;
    case OG_MASK_TRUNCATE_DATE:
        return date_unit(a) == date_unit(b);
    case OG_MASK_DETECT:
        return a->detect_kinds == b->detect_kinds && a->detect_as == b->detect_as;
    default:
        return false;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_local_text(const char *text, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        if ((unsigned char)text[i] <= 0x20 || text[i] == 0x7F || text[i] == '@')
            return false;
    return true;
}

static bool is_domain_text(const char *text, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        if (!is_letter(text[i]) && !is_digit(text[i]) && text[i] != '-' && text[i] != '.' &&
            (unsigned char)text[i] < 0x80)
            return false;
    return true;
}

/* One letter of the local part, where more than one is there, and the domain. Text that is not one
 * address keeps nothing. */
static void mask_email(const char *text, size_t n_bytes, struct og_buf *out)
{
    const char *at = n_bytes ? memchr(text, '@', n_bytes) : NULL;
    size_t n_local = at ? (size_t)(at - text) : 0;
    size_t n_first = at ? og_utf8_cut(text, n_local, 1) : 0;

    if (n_local > n_first && is_local_text(text, n_local) && n_local + 1 < n_bytes &&
        is_domain_text(at + 1, n_bytes - n_local - 1)) {
        og_buf_append(out, text, n_first);
        og_buf_append_str(out, DEFAULT_TEXT);
        og_buf_append(out, at, n_bytes - n_local);
    } else {
        og_buf_append_str(out, DEFAULT_TEXT);
    }
}

/* The last n_keep digits (4 at most) behind prefix, where at least n_least digits are there. */
static void mask_digits(const char *text, size_t n_bytes, const char *prefix, size_t n_keep,
                        size_t n_least, struct og_buf *out)
{
    char last[4] = {0};
    size_t n = 0;

    for (size_t i = n_bytes; i > 0 && n < n_least; i--) {
        if (!is_digit(text[i - 1]))
            continue;
        if (n < sizeof(last))
            last[sizeof(last) - 1 - n] = text[i - 1];
        n++;
    }
    og_buf_append_str(out, prefix);
    if (n >= n_least)
        og_buf_append(out, last + sizeof(last) - n_keep, n_keep);
    explicit_bzero(last, sizeof(last));
}

/* The country of what looks like an IBAN: two letters, two digits, eleven or more others. Source:
 * ISO 13616-1. */
static void mask_iban(const char *text, size_t n_bytes, struct og_buf *out)
{
    size_t n = 0;

    for (size_t i = 0; i < n_bytes; i++)
        n += is_letter(text[i]) || is_digit(text[i]);
    if (n >= 15 && is_letter(text[0]) && is_letter(text[1]) && is_digit(text[2]) &&
        is_digit(text[3]))
        og_buf_append(out, text, 2);
    og_buf_append_str(out, "****");
}

static void mask_partial(enum og_class class, const char *text, size_t n_bytes, struct og_buf *out)
{
    switch (class) {
    case OG_CLASS_EMAIL:
        mask_email(text, n_bytes, out);
        break;
    case OG_CLASS_PHONE:
        mask_digits(text, n_bytes, DEFAULT_TEXT, 2, 6, out);
        break;
    case OG_CLASS_US_SSN:
    case OG_CLASS_PAYMENT_CARD:
        mask_digits(text, n_bytes, "****", 4, 8, out);
        break;
    case OG_CLASS_IBAN:
        mask_iban(text, n_bytes, out);
        break;
    case OG_CLASS_NAME:
        if (n_bytes > og_utf8_cut(text, n_bytes, 1))
            og_buf_append(out, text, og_utf8_cut(text, n_bytes, 1));
        og_buf_append_str(out, DEFAULT_TEXT);
        break;
    case OG_CLASS_BIRTH_DATE:
        if (is_form(text, n_bytes, "9999-99-99"))
            og_buf_append(out, text, 4);
        else
            og_buf_append_str(out, DEFAULT_TEXT);
        break;
    default:
        og_buf_append_str(out, DEFAULT_TEXT);
        break;
    }
}

/* A decimal number: 0.d1d2d3... times ten to the power of point. */
struct decimal {
    char *digits; /* '0' + value, no leading and no trailing zero; room for one more in front */
    int64_t n_digits;
    int64_t point;
    bool is_negative;
};

/* Reads e[+-]digits at i. Returns: whether it is one and nothing follows. */
static bool parse_exponent(const char *text, size_t n_bytes, size_t i, int64_t *out)
{
    bool is_negative = false;

    *out = 0;
    if (i == n_bytes)
        return true;
    if ((text[i] | 0x20) != 'e')
        return false;
    i++;
    if (i < n_bytes && (text[i] == '+' || text[i] == '-'))
        is_negative = text[i++] == '-';
    if (i == n_bytes)
        return false;
    for (; i < n_bytes; i++) {
        if (!is_digit(text[i]) || *out > MAX_EXPONENT)
            return false;
        *out = *out * 10 + (text[i] - '0');
    }
    *out = is_negative ? -*out : *out;
    return *out <= MAX_EXPONENT && *out >= -MAX_EXPONENT;
}

/* room: n_bytes + 1 bytes for the digits. */
static bool parse_decimal(const char *text, size_t n_bytes, char *room, struct decimal *out)
{
    size_t i = 0;
    int64_t exponent;
    size_t n_seen = 0;
    bool has_point = false;

    *out = (struct decimal){.digits = room + 1};
    if (n_bytes && (text[0] == '-' || text[0] == '+'))
        out->is_negative = text[i++] == '-';
    for (; i < n_bytes && (is_digit(text[i]) || (text[i] == '.' && !has_point)); i++) {
        if (text[i] == '.') {
            has_point = true;
            continue;
        }
        n_seen++;
        if (out->n_digits == 0 && text[i] == '0') {
            out->point -= has_point;
            continue;
        }
        out->digits[out->n_digits++] = text[i];
        out->point += !has_point;
    }
    if (n_seen == 0 || !parse_exponent(text, n_bytes, i, &exponent))
        return false;
    out->point += exponent;
    while (out->n_digits && out->digits[out->n_digits - 1] == '0')
        out->n_digits--;
    return true;
}

/* Keeps multiples of ten to the power of round_to, half away from zero. */
static void round_decimal(struct decimal *number, int64_t round_to)
{
    int64_t n_keep = number->point - round_to;
    int64_t i;

    if (n_keep >= number->n_digits)
        return;
    if (n_keep < 0 || (n_keep == 0 && number->digits[0] < '5')) {
        number->n_digits = 0;
        return;
    }
    if (number->digits[n_keep] < '5') {
        number->n_digits = n_keep;
    } else {
        for (i = n_keep - 1; i >= 0 && number->digits[i] == '9'; i--)
            ;
        if (i >= 0) {
            number->digits[i]++;
            number->n_digits = i + 1;
        } else {
            number->digits--;
            number->digits[0] = '1';
            number->n_digits = 1;
            number->point++;
        }
    }
    while (number->n_digits && number->digits[number->n_digits - 1] == '0')
        number->n_digits--;
}

static void append_zeros(struct og_buf *out, int64_t n)
{
    for (; n > 0 && !og_buf_is_failed(out); n--)
        og_buf_append_char(out, '0');
}

static void print_decimal(const struct decimal *number, struct og_buf *out)
{
    int64_t n_before = number->point < 0 ? 0 : number->point;

    if (number->n_digits == 0) {
        og_buf_append_char(out, '0');
        return;
    }
    if (number->is_negative)
        og_buf_append_char(out, '-');
    if (n_before > number->n_digits)
        n_before = number->n_digits;
    if (n_before == 0)
        og_buf_append_char(out, '0');
    og_buf_append(out, number->digits, (size_t)n_before);
    append_zeros(out, number->point - n_before);
    if (number->n_digits > n_before) {
        og_buf_append_char(out, '.');
        append_zeros(out, -number->point);
        og_buf_append(out, number->digits + n_before, (size_t)(number->n_digits - n_before));
    }
}

/* Returns: 0, -ENOMEM; *is_null where text is no number. */
static int mask_round(int32_t round_to, const char *text, size_t n_bytes, struct og_buf *out,
                      bool *is_null)
{
    struct decimal number;
    char *room = calloc(1, n_bytes + 2);

    if (!room)
        return -ENOMEM;
    *is_null = !parse_decimal(text, n_bytes, room, &number);
    if (!*is_null) {
        round_decimal(&number, round_to);
        print_decimal(&number, out);
    }
    explicit_bzero(room, n_bytes + 2);
    free(room);
    return 0;
}

/* Matches a form: 9 a digit, others themselves. */
static bool is_form(const char *text, size_t n_bytes, const char *form)
{
    size_t n = strlen(form);

    if (n_bytes < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (form[i] == '9' ? !is_digit(text[i]) : text[i] != form[i])
            return false;
    }
    return true;
}

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

/* HH:MM:SS[.f][+zz[:zz[:zz]]] or Z, nothing behind. */
static bool is_time(const char *text, size_t n_bytes)
{
    size_t i = 8;

    if (!is_form(text, n_bytes, "99:99:99") || two_digits(text) > 24 ||
        two_digits(text + 3) > 59 || two_digits(text + 6) > 60)
        return false;
    if (i < n_bytes && text[i] == '.') {
        if (++i == n_bytes || !is_digit(text[i]))
            return false;
        while (i < n_bytes && is_digit(text[i]))
            i++;
    }
    if (i == n_bytes || (text[i] == 'Z' && i + 1 == n_bytes))
        return true;
    if (!is_form(text + i + 1, n_bytes - i - 1, "99") || (text[i] != '+' && text[i] != '-'))
        return false;
    for (i += 3; i < n_bytes; i += 3) {
        if (!is_form(text + i, n_bytes - i, ":99"))
            return false;
    }
    return true;
}

/* The zone of a timestamp is dropped: with it summer time would show half of the year. Returns:
 * whether text is a date or timestamp; years before Christ and infinity are not. */
static bool mask_date(char unit, const char *text, size_t n_bytes, struct og_buf *out)
{
    static const char n_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    size_t n_year = 0;
    const char *rest;
    size_t n_rest;
    int month, day;

    while (n_year < n_bytes && is_digit(text[n_year]))
        n_year++;
    rest = text + n_year;
    n_rest = n_bytes - n_year;
    if (n_year < 4 || n_year > 6 || !is_form(rest, n_rest, "-99-99"))
        return false;
    month = two_digits(rest + 1);
    day = two_digits(rest + 4);
    if (month < 1 || month > 12 || day < 1 || day > n_days[month - 1])
        return false;
    if (n_rest > 6 && ((rest[6] != ' ' && rest[6] != 'T') || !is_time(rest + 7, n_rest - 7)))
        return false;
    if (unit != 'y' && unit != 'm')
        return false;
    og_buf_append(out, text, n_year);
    og_buf_append(out, unit == 'm' ? rest : "-01", 3);
    og_buf_append_str(out, "-01");
    if (n_rest > 6) {
        og_buf_append_char(out, rest[6]);
        og_buf_append_str(out, "00:00:00");
    }
    return true;
}

/* Holds out to the declared size: text is cut, a number or a date cannot be. */
static bool hold_size(const struct og_mask *mask, size_t max_chars, struct og_buf *out)
{
    size_t n_cut;

    if (max_chars == 0 || out->n_bytes <= max_chars)
        return true;
    n_cut = og_utf8_cut(og_buf_str(out), out->n_bytes, max_chars);
    if (n_cut == out->n_bytes)
        return true;
    if (mask->kind != OG_MASK_FIXED && mask->kind != OG_MASK_PARTIAL)
        return false;
    out->n_bytes = n_cut;
    out->bytes[n_cut] = '\0';
    return true;
}

/* A value without a find leaves as it is. What is put in may be longer than what was there, and is cut
 * to the column's size then. */
static int mask_found(const struct og_mask *mask, const char *text, size_t n_bytes, size_t max_chars,
                      struct og_buf *out, bool *out_is_null)
{
    size_t n_found = 0;
    int r = og_detect_mask(mask->detect_kinds, mask->detect_as, fixed_text(mask), text, n_bytes, out,
                           &n_found);

    *out_is_null = r < 0 || (n_found && mask->detect_as == OG_MASK_SQL_NULL);
    if (*out_is_null)
        og_buf_clear(out);
    else if (n_found && max_chars && out->n_bytes > n_bytes)
        out->n_bytes = og_utf8_cut(og_buf_str(out), out->n_bytes, max_chars);
    return r;
}

int og_mask_apply(const struct og_mask *mask, enum og_type_class type, const char *text,
                  size_t n_bytes, size_t max_chars, struct og_buf *out, bool *out_is_null)
{
    bool is_null = !og_mask_fits(mask, type) || mask->kind == OG_MASK_SQL_NULL;
    int r = 0;

    if (mask->kind == OG_MASK_DETECT)
        return mask_found(mask, text, n_bytes, max_chars, out, out_is_null);
    og_buf_clear(out);
    *out_is_null = true;
    if (!is_null && mask->kind != OG_MASK_FIXED)
        is_null = og_utf8_valid_prefix(text, n_bytes) != n_bytes;
    if (is_null)
        return 0;
    if (mask->kind == OG_MASK_FIXED)
        og_buf_append_str(out, fixed_text(mask));
    else if (mask->kind == OG_MASK_PARTIAL && type != OG_TYPE_TEXT)
        is_null = !mask_date('y', text, n_bytes, out);
    else if (mask->kind == OG_MASK_PARTIAL)
        mask_partial(mask->class, text, n_bytes, out);
    else if (mask->kind == OG_MASK_TOKEN && (!max_chars || max_chars >= og_mask_token_chars()))
        r = og_mask_token(mask, text, n_bytes, out);
    else if (mask->kind == OG_MASK_HANDLE && max_chars && max_chars < OG_MASK_HANDLE_CHARS)
        is_null = true;
    else if (mask->kind == OG_MASK_HANDLE)
        r = og_mask_handle(mask, text, n_bytes, out);
    else if (mask->kind == OG_MASK_TOKEN || mask->kind == OG_MASK_FORMAT_PRESERVING)
        r = og_mask_form(mask, type, text, n_bytes, out, &is_null);
    else if (mask->kind == OG_MASK_ROUND)
        r = mask_round(mask->round_to, text, n_bytes, out, &is_null);
    else
        is_null = !mask_date(date_unit(mask), text, n_bytes, out);
    if (r == 0 && og_buf_is_failed(out))
        r = -ENOMEM;
    if (r < 0 || is_null || !hold_size(mask, max_chars, out)) {
        og_buf_clear(out);
        return r;
    }
    *out_is_null = false;
    return 0;
}

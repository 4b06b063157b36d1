/* SPDX-License-Identifier: MIT */
#include "common/detect_check.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define MAX_DIGITS 40
#define NEAR_BYTES 28u

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
    return is_digit(c) || is_letter(c);
}

/* The digits of the candidate. Returns: how many; MAX_DIGITS for too many. */
static size_t digits_of(const struct og_candidate *c, char out[static MAX_DIGITS + 1])
{
    size_t n = 0;

    for (size_t i = c->start; i < c->end && n < MAX_DIGITS; i++)
        if (is_digit(c->text[i]))
            out[n++] = c->text[i];
    out[n] = '\0';
    return n;
}

static int number_of(const char *digits, size_t n)
{
    int value = 0;

    for (size_t i = 0; i < n; i++)
        value = value * 10 + (digits[i] - '0');
    return value;
}

/* Whether one of the words stands a few words before. words: NULL at the end, lower case. */
static bool is_near(const struct og_candidate *c, const char *const *words)
{
    size_t from = c->start > NEAR_BYTES ? c->start - NEAR_BYTES : 0;

    for (; *words; words++) {
        size_t n = strlen(*words);

        for (size_t i = from; i + n <= c->start; i++)
            if (strncasecmp(c->text + i, *words, n) == 0)
                return true;
    }
    return false;
}

/* Part of a longer word, number, path or amount: what stands before decides. */
static bool is_attached(const struct og_candidate *c)
{
    char before = c->start ? c->text[c->start - 1] : ' ';
    char further = c->start > 1 ? c->text[c->start - 2] : ' ';

    if (is_alnum(before) || before == '_' || before == '#' || before == '$' || before == '%')
        return true;
    if (before == '-' || before == '/' || before == '+' || before == ':' || before == '\\')
        return is_alnum(further);
    return (before == '.' || before == ',') && is_digit(further);
}

/* ---- sums ---- */

static bool has_luhn(const char *digits, size_t n)
{
    int sum = 0;

    for (size_t i = 0; i < n; i++) {
        int d = digits[n - 1 - i] - '0';

        if (i % 2)
            d = d > 4 ? d * 2 - 9 : d * 2;
        sum += d;
    }
    return sum % 10 == 0;
}

/* Issuers' ranges and lengths. Source: ISO/IEC 7812-1 and what the networks publish. */
static bool is_issued(const char *digits, size_t n)
{
    static const struct {
        int digits, first, last, shortest, longest;
    } ranges[] = {{1, 4, 4, 16, 19},       {2, 51, 55, 16, 16},     {4, 2221, 2720, 16, 16},
                  {2, 34, 34, 15, 15},     {2, 37, 37, 15, 15},     {4, 6011, 6011, 16, 19},
                  {3, 644, 649, 16, 19},   {2, 65, 65, 16, 19},     {4, 3528, 3589, 16, 19},
                  {2, 36, 36, 14, 19},     {3, 300, 305, 14, 19},   {2, 38, 39, 16, 19},
                  {2, 62, 62, 16, 19},     {2, 50, 50, 16, 19},     {2, 56, 58, 16, 19},
                  {2, 63, 63, 16, 19},     {2, 67, 67, 16, 19},     {4, 2200, 2204, 16, 19}};

    for (size_t i = 0; i < OG_COUNT(ranges); i++) {
        int prefix = number_of(digits, (size_t)ranges[i].digits);

        if (prefix >= ranges[i].first && prefix <= ranges[i].last &&
            n >= (size_t)ranges[i].shortest && n <= (size_t)ranges[i].longest)
            return true;
    }
    return false;
}

static bool is_card(struct og_candidate *c)
{
    char digits[MAX_DIGITS + 1];
    size_t n = digits_of(c, digits);

    return n >= 13 && n <= 19 && !is_attached(c) && is_issued(digits, n) && has_luhn(digits, n);
}

/* Lengths of IBANs. Source: the SWIFT IBAN registry. */
static size_t iban_length(const char *country)
{
    static const char lengths[] =
        "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18"
        "FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21"
        "LY25MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SD18SE24SI19SK24"
        "SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20";

    for (const char *at = lengths; *at; at += 4)
        if (strncasecmp(at, country, 2) == 0)
            return (size_t)number_of(at + 2, 2);
    return 0;
}

/* A value of a base-36 sign; -1. */
static int sign_of(char c)
{
    if (is_digit(c))
        return c - '0';
    c = (char)(c & ~0x20);
    return c >= 'A' && c <= 'Z' ? c - 'A' + 10 : -1;
}

static bool is_iban(struct og_candidate *c)
{
    size_t length = iban_length(c->text + c->start), n = 0, end = c->start;
    char signs[MAX_DIGITS + 1];
    unsigned rest = 0;

    if (!length || is_attached(c))
        return false;
    for (; end < c->end && n < length; end++)
        if (is_alnum(c->text[end]))
            signs[n++] = c->text[end];
    if (n < length || (end < c->n_bytes && is_alnum(c->text[end])))
        return false;
    for (size_t i = 0; i < n; i++) {
        int sign = sign_of(signs[(i + 4) % n]);

        if (sign < 0)
            return false;
        rest = (rest * (sign > 9 ? 100u : 10u) + (unsigned)sign) % 97;
    }
    c->end = end;
    return rest == 1;
}

/* Source: SSA, "Social Security Number Randomization". */
static bool is_ssn(struct og_candidate *c)
{
    char digits[MAX_DIGITS + 1];
    int area;

    if (digits_of(c, digits) != 9 || is_attached(c))
        return false;
    area = number_of(digits, 3);
    return area != 0 && area != 666 && area < 900 && number_of(digits + 3, 2) != 0 &&
           number_of(digits + 5, 4) != 0;
}

/* ---- addresses ---- */

static bool is_ip4(struct og_candidate *c)
{
    static const char *const others[] = {"version", "release", "build", "section", NULL};
    size_t n = 0;
    int part = -1;

    if (is_attached(c) || is_near(c, others))
        return false;
    for (size_t i = c->start; i <= c->end; i++) {
        if (i < c->end && is_digit(c->text[i])) {
            part = (part < 0 ? 0 : part * 10) + (c->text[i] - '0');
        } else {
            if (part < 0 || part > 255)
                return false;
            n++;
            part = -1;
        }
    }
    return n == 4;
}

static bool is_ip6(struct og_candidate *c)
{
    size_t n_groups = 0, n_pairs = 0, n_digits = 0, run = 0;

    for (size_t i = c->start; i < c->end; i++) {
        char at = c->text[i];

        if (at == ':') {
            run = 0;
            if (i > c->start && c->text[i - 1] == ':')
                n_pairs++;
        } else if (at == '.') {
            run = 0;
        } else if (++run > 4) {
            return false;
        } else {
            n_groups += run == 1;
            n_digits += is_digit(at);
        }
    }
    if (n_pairs > 1 || n_groups > 8 || !n_digits || c->text[c->end - 1] == ':')
        return false;
    return n_pairs == 1 ? n_groups >= 2 : n_groups == 8;
}

static bool is_passport(struct og_candidate *c)
{
    static const char *const words[] = {"passport", "pass no", "pass-no", "reisepass", "passeport",
                                        "pasaporte", NULL};

    while (c->start && is_letter(c->text[c->start - 1]))
        c->start--;
    return is_near(c, words);
}

/* ---- telephones ---- */

static size_t groups_of(const struct og_candidate *c, size_t sizes[static MAX_DIGITS])
{
    size_t n = 0;

    for (size_t i = c->start; i < c->end && n < MAX_DIGITS; i++) {
        if (!is_digit(c->text[i]))
            continue;
        if (i == c->start || !is_digit(c->text[i - 1]))
            sizes[n++] = 0;
        sizes[n - 1]++;
    }
    return n;
}

/* 01.02.2024, 01-02-24 10: a date, or one with a time. */
static bool is_date(const struct og_candidate *c, const char *digits)
{
    size_t sizes[MAX_DIGITS];
    size_t n = groups_of(c, sizes);
    int day = number_of(digits, 2), month = number_of(digits + 2, 2);

    if (n < 3 || sizes[0] != 2 || sizes[1] != 2 || day > 31 || month > 31 || (day > 12 && month > 12))
        return false;
    return (sizes[2] == 4 && (digits[4] == '1' || digits[4] == '2')) || (sizes[2] == 2 && n == 3);
}

/* A single last digit with a bracket behind it is the next item of a list: "... 2)". */
static void drop_item(struct og_candidate *c)
{
    size_t end = c->end;

    if (end >= c->n_bytes || c->text[end] != ')' || end < c->start + 3 ||
        c->text[end - 2] != ' ')
        return;
    for (end -= 2; end > c->start && !is_digit(c->text[end - 1]);)
        end--;
    c->end = end;
}

static bool is_phone_length(struct og_candidate *c, size_t least, size_t most, char *digits)
{
    size_t n;

    drop_item(c);
    n = digits_of(c, digits);
    return n >= least && n <= most && !is_attached(c);
}

static bool is_phone_world(struct og_candidate *c)
{
    char digits[MAX_DIGITS + 1];

    return is_phone_length(c, 8, 15, digits) && digits[0] != '0';
}

static bool is_phone_trunk(struct og_candidate *c)
{
    char digits[MAX_DIGITS + 1];
    size_t sizes[MAX_DIGITS];
    size_t n = groups_of(c, sizes);

    if (!is_phone_length(c, 9, 12, digits) || is_date(c, digits))
        return false;
    return n <= 6;
}

static bool is_phone_named(struct og_candidate *c)
{
    static const char *const words[] = {"tel", "phone", "mobil", "cell", "call", "fax", "handy",
                                        "whatsapp", "sms ", "rufnummer", "contact", NULL};
    char digits[MAX_DIGITS + 1];

    return is_phone_length(c, 7, 14, digits) && !is_date(c, digits) && is_near(c, words);
}

/* ---- secrets ---- */

static double entropy_of(const char *text, size_t n)
{
    size_t counts[256] = {0};
    double bits = 0;

    for (size_t i = 0; i < n; i++)
        counts[(unsigned char)text[i]]++;
    for (size_t i = 0; i < 256; i++)
        if (counts[i]) {
            double share = (double)counts[i] / (double)n;

            bits -= share * log2(share);
        }
    return bits;
}

/* What is assigned to a name of a secret: letters and digits mixed, or signs among them, and not the
 * same over and over. */
static bool is_value(struct og_candidate *c)
{
    bool has_digit = false, has_letter = false, has_sign = false;
    size_t n_turns = 0; /* a small letter before a large one: words have few */

    while (c->end > c->start && strchr(".!?:", c->text[c->end - 1]))
        c->end--;
    for (size_t i = c->start; i < c->end; i++) {
        has_digit = has_digit || is_digit(c->text[i]);
        has_letter = has_letter || is_letter(c->text[i]);
        has_sign = has_sign || strchr("!@#$%^*+=~|?", c->text[i]);
        n_turns += i > c->start && c->text[i] >= 'A' && c->text[i] <= 'Z' &&
                   c->text[i - 1] >= 'a' && c->text[i - 1] <= 'z';
    }
    if (c->end - c->start < 8 ||
        (has_digit + has_letter + has_sign < 2 && n_turns < 2 && c->end - c->start < 20))
        return false;
    return entropy_of(c->text + c->start, c->end - c->start) >= 2.6;
}

static bool is_token(struct og_candidate *c)
{
    char before = c->start ? c->text[c->start - 1] : ' ';

    return !is_alnum(before) && entropy_of(c->text + c->start, c->end - c->start) >= 2.6;
}

bool og_detect_check(enum og_detect_check check, struct og_candidate *c)
{
    static const char *const ssn_words[] = {"ssn", "social", NULL};
    /* numbers of other things are as long */
    static const char *const other_words[] = {"invoice", "order", "item", "article", "batch", "ticket",
                                              "case ", "ref", "account", "serial", "sku", " id", "nr",
                                              "no.", "ean", "isbn", "epoch", "tracking", NULL};
    char digits[MAX_DIGITS + 1];

    switch (check) {
    case OG_CHECK_NOTHING:
        return true;
    case OG_CHECK_IBAN:
        return is_iban(c);
    case OG_CHECK_CARD:
        return is_card(c);
    case OG_CHECK_SSN:
        return is_ssn(c);
    case OG_CHECK_SSN_PLAIN:
        return is_ssn(c) && is_near(c, ssn_words);
    case OG_CHECK_IP4:
        return is_ip4(c);
    case OG_CHECK_IP6:
        return is_ip6(c);
    case OG_CHECK_PASSPORT:
        return is_passport(c);
    case OG_CHECK_PHONE_WORLD:
        return is_phone_world(c);
    case OG_CHECK_PHONE_00:
        return is_phone_length(c, 10, 17, digits);
    case OG_CHECK_PHONE_AREA:
        return is_phone_length(c, 8, 12, digits);
    case OG_CHECK_PHONE_NANP:
        return is_phone_length(c, 10, 11, digits);
    case OG_CHECK_PHONE_TRUNK:
        return is_phone_trunk(c);
    case OG_CHECK_PHONE_PLAIN:
    case OG_CHECK_PHONE_MOBILE:
        return is_phone_length(c, 10, 11, digits) && !is_near(c, other_words);
    case OG_CHECK_PHONE_NAMED:
        return is_phone_named(c);
    case OG_CHECK_TOKEN:
        return is_token(c);
    case OG_CHECK_VALUE:
        return is_value(c);
    case OG_CHECK_COUNT:
    default:
        return false;
    }
}

/* SPDX-License-Identifier: MIT */
#include "common/detect.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "common/detect_check.h"
#include "common/detect_gate.h"
#include "common/limits.h"

#define MATCH_LIMIT 200000u
#define DEPTH_LIMIT 2000u
#define HEAP_LIMIT_KB 1024u
/* What is taken for found where a match ran into a limit. */
#define LIMIT_BYTES 256u
/* How far back the begin of a match may lie. */
#define BACK_BYTES 64u
/* A number has this many digits at least, within so many bytes. */
#define LEAST_DIGITS 7
#define NUMBER_BYTES 40u

enum where { AT, NUMBER, LOCAL, WORD, HEX };
#define WHERE_SCHEME WORD

static const struct {
    const char *word;
    enum og_class class;
    bool is_default;
} kinds_of[OG_DETECT_COUNT] = {
#define DETECT(name, word, class, is_default, text) \
    [OG_DETECT_##name] = {word, OG_CLASS_##class, is_default},
#include "common/detect.tbl.h"
#undef DETECT
};

static const struct {
    enum og_detect_kind kind;
    unsigned gate;
    enum where where;
    enum og_detect_check check;
    const char *expression;
} patterns[] = {
#define PATTERN(kind, gate, where, check, expression) \
    {OG_DETECT_##kind, OG_GATE_##gate, where, OG_CHECK_##check, expression},
#define SCHEME WORD
#include "common/detect_pattern.tbl.h"
#undef PATTERN
#undef SCHEME
};

static pcre2_code *codes[OG_COUNT(patterns)];
static pcre2_match_context *limits;
static bool is_compiled;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void compile(void)
{
    limits = pcre2_match_context_create(NULL);
    if (!limits)
        return;
    (void)pcre2_set_match_limit(limits, MATCH_LIMIT);
    (void)pcre2_set_depth_limit(limits, DEPTH_LIMIT);
    (void)pcre2_set_heap_limit(limits, HEAP_LIMIT_KB);
    for (size_t i = 0; i < OG_COUNT(patterns); i++) {
        int error;
        PCRE2_SIZE at;

        codes[i] = pcre2_compile((PCRE2_SPTR)patterns[i].expression, PCRE2_ZERO_TERMINATED,
                                 PCRE2_ANCHORED | PCRE2_NEVER_UTF | PCRE2_DOLLAR_ENDONLY, &error,
                                 &at, NULL);
        if (!codes[i])
            return;
        /* Without JIT the same answers come, later. */
        (void)pcre2_jit_compile(codes[i], PCRE2_JIT_COMPLETE);
    }
    is_compiled = true;
}

const char *og_detect_word(enum og_detect_kind kind)
{
    return (unsigned)kind < OG_DETECT_COUNT ? kinds_of[kind].word : "unknown";
}

enum og_detect_kind og_detect_from_word(const char *word)
{
    for (int i = 0; i < OG_DETECT_COUNT; i++)
        if (word && strcmp(word, kinds_of[i].word) == 0)
            return (enum og_detect_kind)i;
    return OG_DETECT_COUNT;
}

enum og_class og_detect_class(enum og_detect_kind kind)
{
    return (unsigned)kind < OG_DETECT_COUNT ? kinds_of[kind].class : OG_CLASS_OTHER;
}

uint32_t og_detect_default_kinds(void)
{
    uint32_t kinds = 0;

    for (int i = 0; i < OG_DETECT_COUNT; i++)
        kinds |= kinds_of[i].is_default ? UINT32_C(1) << i : 0;
    return kinds;
}

/* ---- one search ---- */

struct search {
    const char *text;
    size_t n_bytes;
    uint32_t kinds;
    unsigned gates; /* of the wanted kinds */
    pcre2_match_data *data;
    struct og_buf *out;
    size_t resume; /* behind the last span */
    int error;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool belongs(enum where where, char c)
{
    switch (where) {
    case LOCAL:
        return is_letter(c) || is_digit(c) || (unsigned char)c >= 0x80 || strchr("._%+-'", c);
    case WORD:
        return is_letter(c) || is_digit(c) || strchr("._-+", c);
    case HEX:
        return is_hex(c) || c == ':';
    case AT:
    case NUMBER:
    default:
        return false;
    }
}

/* Where a match for the gate's place may begin, at the earliest. */
static size_t begin_of(const struct search *search, enum where where, size_t at)
{
    size_t least = at > BACK_BYTES ? at - BACK_BYTES : 0;

    if (least < search->resume)
        least = search->resume;
    if (where == NUMBER) {
        while (at > least && strchr("+(", search->text[at - 1]))
            at--;
        return at;
    }
    while (at > least && search->text[at - 1] && belongs(where, search->text[at - 1]))
        at--;
    return at;
}

static bool add(struct search *search, size_t start, size_t end, enum og_detect_kind kind)
{
    struct og_detect_span span = {start, end, kind};

    if (start < search->resume || end <= start)
        return false;
    og_buf_append(search->out, (const char *)&span, sizeof(span));
    search->resume = end;
    return true;
}

/* One pattern anchored at one place. Returns: whether a span was added. */
static bool try_at(struct search *search, size_t pattern, size_t at)
{
    struct og_candidate candidate = {.text = search->text, .n_bytes = search->n_bytes};
    const PCRE2_SIZE *ends;
    int rc;

    if (!search->data)
        search->data = pcre2_match_data_create(4, NULL);
    if (!search->data) {
        search->error = -ENOMEM;
        return false;
    }
    rc = pcre2_match(codes[pattern], (PCRE2_SPTR)search->text, search->n_bytes, at, 0, search->data,
                     limits);
    if (rc == PCRE2_ERROR_NOMATCH)
        return false;
    if (rc < 0) {
        size_t left = search->n_bytes - at;

        return add(search, at, at + (left < LIMIT_BYTES ? left : LIMIT_BYTES),
                   patterns[pattern].kind);
    }
    ends = pcre2_get_ovector_pointer(search->data);
    candidate.start = ends[0];
    candidate.end = ends[1];
    if (rc > 1 && patterns[pattern].check == OG_CHECK_VALUE) {
        candidate.start = ends[2];
        candidate.end = ends[3];
    }
    return og_detect_check(patterns[pattern].check, &candidate) &&
           add(search, candidate.start, candidate.end, patterns[pattern].kind);
}

/* An address's local part may begin at any character of the run before @, a number at a bracket or not. */
static bool try_pattern(struct search *search, size_t pattern, size_t at)
{
    size_t begin = begin_of(search, patterns[pattern].where, at);

    if (patterns[pattern].where != LOCAL && patterns[pattern].where != NUMBER)
        return try_at(search, pattern, begin);
    for (size_t i = begin; i <= at && !search->error; i++)
        if (((unsigned char)search->text[i] & 0xC0) != 0x80 && try_at(search, pattern, i))
            return true;
    return false;
}

/* Enough digits from here on for any number, or an address of IP 4. */
static bool is_number(const struct search *search, size_t at)
{
    size_t end = at + NUMBER_BYTES < search->n_bytes ? at + NUMBER_BYTES : search->n_bytes;
    size_t n_digits = 0, n_points = 0;

    if (at && is_digit(search->text[at - 1]))
        return false;
    for (size_t i = at; i < end; i++) {
        char c = search->text[i];

        if (is_digit(c))
            n_digits++;
        else if (c == '.')
            n_points++;
        else if (!strchr(" -/()", c) && (unsigned char)c < 0x80)
            break;
    }
    return n_digits >= LEAST_DIGITS || (n_points >= 3 && n_digits >= 4);
}

/* The gate takes the three bytes one by one; these are the words that it is meant for. */
static bool is_secret_word(const char *text)
{
    static const char words[] = "paspwdsectokapikeyautaccprienccre";

    if (memcmp(text, "://", 3) == 0)
        return true;
    for (const char *c = words; *c; c += 3)
        if ((text[0] | 0x20) == c[0] && (text[1] | 0x20) == c[1] && (text[2] | 0x20) == c[2])
            return true;
    return false;
}

static void look(struct search *search, size_t at, unsigned bits)
{
    size_t place;

    if ((bits & OG_GATE_NUMBER) && !is_number(search, at))
        bits &= ~(unsigned)OG_GATE_NUMBER;
    if ((bits & OG_GATE_WORD) && !is_secret_word(search->text + at))
        bits &= ~(unsigned)OG_GATE_WORD;
    if ((bits & OG_GATE_IBAN) && at && (is_letter(search->text[at - 1]) || is_digit(search->text[at - 1])))
        bits &= ~(unsigned)OG_GATE_IBAN;
    for (size_t i = 0; bits && i < OG_COUNT(patterns) && !search->error; i++) {
        if (!(patterns[i].gate & bits) || !(search->kinds & UINT32_C(1) << patterns[i].kind))
            continue;
        /* the address gate stands one before the @ */
        place = patterns[i].gate == OG_GATE_EMAIL ? at + 1 : at;
        if (try_pattern(search, i, place))
            return;
    }
}

static unsigned gates_of(uint32_t kinds)
{
    unsigned gates = 0;

    for (size_t i = 0; i < OG_COUNT(patterns); i++)
        if (kinds & UINT32_C(1) << patterns[i].kind)
            gates |= patterns[i].gate;
    return gates;
}

int og_detect_find(uint32_t kinds, const char *text, size_t n_bytes, struct og_buf *out)
{
    struct search search = {.text = text, .n_bytes = n_bytes, .kinds = kinds, .out = out};
    size_t at = 0;
    unsigned bits = 0;

    if (n_bytes > OG_MAX_DETECT_BYTES)
        return -EMSGSIZE;
    (void)pthread_once(&once, compile);
    if (!is_compiled)
        return -ENOSYS;
    search.gates = gates_of(kinds);
    while (!search.error && (at = og_gate_next(text, n_bytes, at, search.gates, &bits)) < n_bytes) {
        look(&search, at, bits);
        at = search.resume > at ? search.resume : at + 1;
    }
    if (search.data)
        pcre2_match_data_free(search.data);
    if (search.error)
        return search.error;
    return og_buf_is_failed(out) ? -ENOMEM : 0;
}

static void append_masked(enum og_mask_kind kind, const char *fixed_text,
                          const struct og_detect_span *span, const char *text, struct og_buf *out)
{
    struct og_mask mask = {.kind = kind, .class = og_detect_class(span->kind)};
    struct og_buf masked;
    bool is_null = true;

    if (kind != OG_MASK_PARTIAL) {
        og_buf_append_str(out, fixed_text ? fixed_text : "***");
        return;
    }
    og_buf_init(&masked, 4096);
    if (og_mask_apply(&mask, OG_TYPE_TEXT, text + span->start, span->end - span->start, 0, &masked,
                      &is_null) != 0 || is_null)
        og_buf_append_str(out, "***");
    else
        og_buf_append(out, og_buf_str(&masked), masked.n_bytes);
    og_buf_release(&masked);
}

int og_detect_mask(uint32_t kinds, enum og_mask_kind kind, const char *fixed_text, const char *text,
                   size_t n_bytes, struct og_buf *out, size_t *n_found)
{
    const struct og_detect_span *spans;
    struct og_buf found;
    size_t at = 0;
    int r;

    og_buf_clear(out);
    *n_found = 0;
    og_buf_init(&found, OG_MAX_DETECT_BYTES * 8u);
    r = og_detect_find(kinds, text, n_bytes, &found);
    spans = (const struct og_detect_span *)(const void *)found.bytes;
    for (size_t i = 0; r == 0 && i < found.n_bytes / sizeof(*spans); i++) {
        og_buf_append(out, text + at, spans[i].start - at);
        append_masked(kind, fixed_text, &spans[i], text, out);
        at = spans[i].end;
        ++*n_found;
    }
    if (r == 0)
        og_buf_append(out, text + at, n_bytes - at);
    og_buf_release(&found);
    return r == 0 && og_buf_is_failed(out) ? -ENOMEM : r;
}

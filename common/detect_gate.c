/* SPDX-License-Identifier: MIT */
#include "common/detect_gate.h"

#include <pthread.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define N_BYTES 3

/* exact[k][b]: gates that take byte b at place k. The vector pass works on halves of bytes, takes a
 * little more, and is corrected by these. */
static uint8_t exact[N_BYTES][256];
static uint8_t low[N_BYTES][16], high[N_BYTES][16];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int level = -1;

static void allow(int place, int byte, unsigned gate)
{
    exact[place][byte] = (uint8_t)(exact[place][byte] | gate);
}

static void allow_all(int place, unsigned gate)
{
    for (int b = 0; b < 256; b++)
        allow(place, b, gate);
}

static void allow_set(int place, const char *bytes, unsigned gate)
{
    for (; *bytes; bytes++)
        allow(place, (unsigned char)*bytes, gate);
}

/* Beginnings of three bytes each, of one gate: places are independent, so others pass too. */
static void allow_words(const char *words, unsigned gate, bool any_case)
{
    for (const char *c = words; *c; c += N_BYTES)
        for (int k = 0; k < N_BYTES; k++) {
            allow(k, (unsigned char)c[k], gate);
            if (any_case && c[k] >= 'a' && c[k] <= 'z')
                allow(k, c[k] - 'a' + 'A', gate);
        }
}

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static void make_tables(void)
{
    allow_all(0, OG_GATE_EMAIL);
    allow_set(1, "@", OG_GATE_EMAIL);
    allow_all(2, OG_GATE_EMAIL);
    allow_set(0, DIGITS, OG_GATE_NUMBER);
    allow_set(1, DIGITS " -./()", OG_GATE_NUMBER);
    allow_set(2, DIGITS " -./()", OG_GATE_NUMBER);
    for (int b = 0x80; b < 0x100; b++) { /* typographic spaces and dashes */
        allow(1, b, OG_GATE_NUMBER);
        allow(2, b, OG_GATE_NUMBER);
    }
    allow_set(0, DIGITS "abcdefABCDEF:", OG_GATE_COLON);
    allow_set(1, ":", OG_GATE_COLON);
    allow_set(2, DIGITS "abcdefABCDEF:", OG_GATE_COLON);
    allow_set(0, LETTERS, OG_GATE_IBAN);
    allow_set(1, LETTERS, OG_GATE_IBAN);
    allow_set(2, DIGITS, OG_GATE_IBAN);
    allow_words("AKIASIAROAIDAIzeyJSG.", OG_GATE_UPPER, false);
    allow_words("ghpghoghsghrghugitglpxoxnpmpypdopshpya2xap", OG_GATE_LOWER, false);
    allow_words("sk_rk_pk_sk-hf_---", OG_GATE_MARK, false);
    allow_words("paspwdsectokapikeyautaccprienccre://", OG_GATE_WORD, true);
    for (int k = 0; k < N_BYTES; k++)
        for (int b = 0; b < 256; b++) {
            low[k][b & 15] = (uint8_t)(low[k][b & 15] | exact[k][b]);
            high[k][b >> 4] = (uint8_t)(high[k][b >> 4] | exact[k][b]);
        }
#if defined(__x86_64__)
    if (level < 0)
        level = __builtin_cpu_supports("avx2") ? 2 : __builtin_cpu_supports("ssse3") ? 1 : 0;
#endif
    if (level < 0)
        level = 0;
}

void og_gate_use(int wanted)
{
    (void)pthread_once(&once, make_tables);
    level = 0;
#if defined(__x86_64__)
    if (wanted >= 2 && __builtin_cpu_supports("avx2"))
        level = 2;
    else if (wanted >= 1 && __builtin_cpu_supports("ssse3"))
        level = 1;
#endif
}

static unsigned bits_at(const unsigned char *text, size_t n_bytes, size_t at)
{
    unsigned bits = exact[0][text[at]];

    if (at + 2 >= n_bytes)
        return 0; /* nothing that is looked for is so short */
    return bits & exact[1][text[at + 1]] & exact[2][text[at + 2]];
}

static size_t next_plain(const unsigned char *text, size_t n_bytes, size_t from, unsigned wanted,
                         unsigned *bits)
{
    for (size_t i = from; i < n_bytes; i++) {
        *bits = bits_at(text, n_bytes, i) & wanted;
        if (*bits)
            return i;
    }
    return n_bytes;
}

#if defined(__x86_64__)
__attribute__((target("ssse3"))) static __m128i look_128(const unsigned char *text, int place)
{
    const __m128i nibble = _mm_set1_epi8(15);
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(text + place));
    __m128i lo = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)low[place]),
                                  _mm_and_si128(bytes, nibble));
    __m128i hi = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)high[place]),
                                  _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble));

    return _mm_and_si128(lo, hi);
}

__attribute__((target("ssse3"))) static size_t next_128(const unsigned char *text, size_t n_bytes,
                                                        size_t from, unsigned wanted, unsigned *bits)
{
    const __m128i want = _mm_set1_epi8((char)wanted);

    for (; from + 16 + N_BYTES <= n_bytes; from += 16) {
        __m128i found = _mm_and_si128(_mm_and_si128(look_128(text + from, 0), look_128(text + from, 1)),
                                      _mm_and_si128(look_128(text + from, 2), want));
        unsigned mask = 0xFFFFu ^ (unsigned)_mm_movemask_epi8(
                                      _mm_cmpeq_epi8(found, _mm_setzero_si128()));

        for (; mask; mask &= mask - 1) {
            size_t at = from + (size_t)__builtin_ctz(mask);

            *bits = bits_at(text, n_bytes, at) & wanted;
            if (*bits)
                return at;
        }
    }
    return next_plain(text, n_bytes, from, wanted, bits);
}

__attribute__((target("avx2"))) static __m256i look_256(const unsigned char *text, int place)
{
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(text + place));
    __m256i lo_table =
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)low[place]));
    __m256i hi_table =
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)high[place]));

    return _mm256_and_si256(
        _mm256_shuffle_epi8(lo_table, _mm256_and_si256(bytes, nibble)),
        _mm256_shuffle_epi8(hi_table, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble)));
}

__attribute__((target("avx2"))) static size_t next_256(const unsigned char *text, size_t n_bytes,
                                                       size_t from, unsigned wanted, unsigned *bits)
{
    const __m256i want = _mm256_set1_epi8((char)wanted);

    for (; from + 32 + N_BYTES <= n_bytes; from += 32) {
        __m256i found = _mm256_and_si256(
            _mm256_and_si256(look_256(text + from, 0), look_256(text + from, 1)),
            _mm256_and_si256(look_256(text + from, 2), want));
        unsigned mask =
            ~(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(found, _mm256_setzero_si256()));

        for (; mask; mask &= mask - 1) {
            size_t at = from + (size_t)__builtin_ctz(mask);

            *bits = bits_at(text, n_bytes, at) & wanted;
            if (*bits)
                return at;
        }
    }
    return next_plain(text, n_bytes, from, wanted, bits);
}
#endif

size_t og_gate_next(const char *text, size_t n_bytes, size_t from, unsigned wanted, unsigned *bits)
{
    const unsigned char *bytes = (const unsigned char *)text;

    (void)pthread_once(&once, make_tables);
#if defined(__x86_64__)
    if (level == 2)
        return next_256(bytes, n_bytes, from, wanted, bits);
    if (level == 1)
        return next_128(bytes, n_bytes, from, wanted, bits);
#endif
    return next_plain(bytes, n_bytes, from, wanted, bits);
}

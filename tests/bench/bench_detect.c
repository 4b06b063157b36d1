/* SPDX-License-Identifier: MIT */
/* Time of the detectors on clean text, against a plain loop over the same patterns with the same
 * library: each one searched through the whole text by PCRE2 with JIT. Prints both and the ratio.
 * Usage: bench_detect [MAX_RATIO]; leaves with 1 where the ratio is higher. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "common/detect.h"

#define TEXT_BYTES 65536u
#define ROUNDS 15

static const char *const expressions[] = {
#define PATTERN(kind, gate, where, check, expression) expression,
#include "common/detect_pattern.tbl.h"
#undef PATTERN
};

static pcre2_code *codes[OG_COUNT(expressions)];

static double now(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* Prose with figures and dates as reports have them; nothing sensitive. */
static void make_text(char *text)
{
    static const char *const words[] = {
        "the",    "order",  "was",    "shipped", "on",      "time",   "and",   "customer", "asked",
        "about",  "terms,", "please", "check",   "account", "status", "12",    "2024",     "page",
        "review", "report", "next",   "week.",   "table",   "lamp",   "17.5%", "return",   "second"};
    unsigned seed = 7;
    size_t n = 0;

    while (n + 16 < TEXT_BYTES) {
        const char *word = words[(seed = seed * 1103515245u + 12345u) / 65536u % OG_COUNT(words)];

        n += (size_t)snprintf(text + n, 16, "%s ", word);
    }
    memset(text + n, ' ', TEXT_BYTES - n);
}

static double plain_loop(const char *text, pcre2_match_data *data)
{
    double began = now();

    for (size_t i = 0; i < OG_COUNT(codes); i++) {
        PCRE2_SIZE at = 0;

        while (at < TEXT_BYTES &&
               pcre2_match(codes[i], (PCRE2_SPTR)text, TEXT_BYTES, at, 0, data, NULL) > 0)
            at = pcre2_get_ovector_pointer(data)[1];
    }
    return now() - began;
}

static double gated(const char *text, size_t n_piece, size_t *n_found)
{
    struct og_buf found;
    double began;

    og_buf_init(&found, 1u << 20);
    began = now();
    for (size_t at = 0; at < TEXT_BYTES; at += n_piece)
        if (og_detect_find((1u << OG_DETECT_COUNT) - 1, text + at,
                           n_piece < TEXT_BYTES - at ? n_piece : TEXT_BYTES - at, &found) != 0)
            exit(2);
    began = now() - began;
    *n_found = found.n_bytes / sizeof(struct og_detect_span);
    og_buf_release(&found);
    return began;
}

int main(int argc, char **argv)
{
    static char text[TEXT_BYTES];
    double best_plain = 1e9, best_whole = 1e9, best_cells = 1e9, t;
    pcre2_match_data *data = pcre2_match_data_create(8, NULL);
    size_t n_found = 0, n_in_cells = 0;

    make_text(text);
    for (size_t i = 0; i < OG_COUNT(codes); i++) {
        int error;
        PCRE2_SIZE at;

        codes[i] = pcre2_compile((PCRE2_SPTR)expressions[i], PCRE2_ZERO_TERMINATED, PCRE2_NEVER_UTF,
                                 &error, &at, NULL);
        if (!codes[i] || pcre2_jit_compile(codes[i], PCRE2_JIT_COMPLETE) != 0)
            return 2;
    }
    for (int i = 0; i < ROUNDS; i++) {
        t = plain_loop(text, data);
        best_plain = t < best_plain ? t : best_plain;
        t = gated(text, TEXT_BYTES, &n_found);
        best_whole = t < best_whole ? t : best_whole;
        t = gated(text, 32, &n_in_cells);
        best_cells = t < best_cells ? t : best_cells;
    }
    printf("detectors on clean text, %u bytes, %zu patterns, best of %d\n", TEXT_BYTES,
           OG_COUNT(codes), ROUNDS);
    printf("  plain loop of PCRE2 (JIT)      %9.1f us  %8.1f MB/s\n", best_plain * 1e6,
           TEXT_BYTES / best_plain / 1e6);
    printf("  gate and detectors, whole      %9.1f us  %8.1f MB/s  ratio %.3f  found %zu\n",
           best_whole * 1e6, TEXT_BYTES / best_whole / 1e6, best_whole / best_plain, n_found);
    printf("  gate and detectors, 32 a cell  %9.1f us  %8.1f MB/s  ratio %.3f  found %zu\n",
           best_cells * 1e6, TEXT_BYTES / best_cells / 1e6, best_cells / best_plain, n_in_cells);
    return argc > 1 && (best_whole / best_plain > strtod(argv[1], NULL) || n_found);
}

/* SPDX-License-Identifier: MIT */
/* Reads lines KIND TAB TEXT with the sensitive part between U+2039 and U+203A (KIND "-": none), runs all
 * detectors over each text without the marks, and prints per kind how many were found with exactly that
 * span, how many in part, and how many clean texts had a find.
 * Usage: measure [--recall R] [--false F] [--show N]; leaves with 1 where a bar is missed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/detect.h"

#define MARK_BYTES 3
#define MAX_LINE 65536

struct figures {
    size_t n, exact, covered;
};

static struct figures kinds[OG_DETECT_COUNT], clean;
static size_t n_shown;

static void show(const char *why, const char *text, size_t n_show)
{
    if (n_shown++ < n_show)
        printf("# %s: %s\n", why, text);
}

/* Takes the marks out. Returns: whether both were there. */
static bool unmark(char *text, size_t *start, size_t *end)
{
    char *open = strstr(text, "\u2039"), *close;

    if (!open)
        return false;
    memmove(open, open + MARK_BYTES, strlen(open + MARK_BYTES) + 1);
    close = strstr(open, "\u203a");
    if (!close)
        return false;
    memmove(close, close + MARK_BYTES, strlen(close + MARK_BYTES) + 1);
    *start = (size_t)(open - text);
    *end = (size_t)(close - text);
    return true;
}

static void measure(char *line, size_t n_show)
{
    char *text = strchr(line, '\t');
    size_t start = 0, end = 0, n;
    const struct og_detect_span *spans;
    struct og_buf found;
    struct figures *figures;
    bool is_exact = false, is_covered = false;

    if (!text)
        return;
    *text++ = '\0';
    figures = strcmp(line, "-") == 0 ? &clean : &kinds[og_detect_from_word(line) % OG_DETECT_COUNT];
    figures->n++;
    if (figures != &clean && !unmark(text, &start, &end))
        return;
    og_buf_init(&found, 1u << 20);
    if (og_detect_find((1u << OG_DETECT_PASSPORT) - 1, text, strlen(text), &found) != 0)
        exit(2);
    spans = (const struct og_detect_span *)(const void *)found.bytes;
    n = found.n_bytes / sizeof(*spans);
    for (size_t i = 0; i < n && figures != &clean; i++) {
        is_exact = is_exact || (spans[i].start == start && spans[i].end == end);
        is_covered = is_covered || (spans[i].start <= start && spans[i].end >= end);
    }
    if (figures == &clean)
        figures->exact += n > 0;
    else
        figures->exact += is_exact;
    figures->covered += is_covered;
    if (figures == &clean && n)
        show(og_detect_word(spans[0].kind), text, n_show);
    else if (figures != &clean && !is_exact)
        show(is_covered ? "more than the span" : "missed", text, n_show);
    og_buf_release(&found);
}

int main(int argc, char **argv)
{
    static char line[MAX_LINE];
    double recall = 0, wrong = 1;
    size_t n_show = 20;
    bool is_bad = false;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--recall") == 0)
            recall = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--false") == 0)
            wrong = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--show") == 0)
            n_show = strtoul(argv[i + 1], NULL, 10);
    }
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        measure(line, n_show);
    }
    for (int i = 0; i < OG_DETECT_COUNT; i++) {
        double share = kinds[i].n ? (double)kinds[i].exact / (double)kinds[i].n : 1;

        if (!kinds[i].n)
            continue;
        printf("# %-13s %6zu texts, exact span %.4f, covered %.4f\n", og_detect_word((enum og_detect_kind)i),
               kinds[i].n, share, (double)kinds[i].covered / (double)kinds[i].n);
        is_bad = is_bad || share < recall;
    }
    if (clean.n) {
        double share = (double)clean.exact / (double)clean.n;

        printf("# clean         %6zu texts, with a find %.4f\n", clean.n, share);
        is_bad = is_bad || share > wrong;
    }
    return is_bad;
}

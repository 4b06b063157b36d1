/* SPDX-License-Identifier: MIT */
/* Coverage: entry point by state of the statement. */
#include <inttypes.h>
#include <stdio.h>

#include "tests/diff/diff.h"

uint64_t (*coverage)[N_STATES];

static const char *const entry_names[N_ENTRIES] = {
#define ROW(name, ...) #name,
#include "driver/entry.tbl.h"
#undef ROW
};
static const char *const state_names[N_STATES] = {"alloc", "prep", "done", "open",
                                                  "row", "xrow", "need", "put", "-"};

unsigned cover_mask(enum entry entry)
{
    switch ((int)entry) {
#define VALID(name, states) case E_##name: return states;
#define UNUSED(name, why) case E_##name: return 0;
#include "tests/diff/valid.tbl.h"
#undef VALID
#undef UNUSED
    default:
        return IN(NONE);
    }
}

/* A driver called directly may lack a function; through the manager all are there. */
static bool is_there(unsigned entry)
{
    for (unsigned s = 0; s < N_STATES; s++)
        if (coverage[entry][s])
            return true;
    return !options.library;
}

unsigned cover_missing(uint64_t floor, bool is_shown)
{
    unsigned n = 0;

    for (unsigned e = 0; e < N_ENTRIES; e++)
        for (unsigned s = 0; s < N_STATES && is_there(e); s++) {
            if (!(cover_mask((enum entry)e) & (1u << s)) || coverage[e][s] >= floor)
                continue;
            n++;
            if (is_shown)
                printf("# too seldom: %s in state %s: %" PRIu64 "\n", entry_names[e], state_names[s],
                       coverage[e][s]);
        }
    return n;
}

void cover_print(uint64_t floor)
{
    uint64_t total = 0;

    printf("# %-22s", "calls by state");
    for (unsigned s = 0; s < N_STATES; s++)
        printf("%8s", state_names[s]);
    puts("");
    for (unsigned e = 0; e < N_ENTRIES; e++) {
        uint64_t sum = 0;

        for (unsigned s = 0; s < N_STATES; s++)
            sum += coverage[e][s];
        total += sum;
        if (!sum)
            continue;
        printf("# %-22s", entry_names[e]);
        for (unsigned s = 0; s < N_STATES; s++) {
            bool is_valid = (cover_mask((enum entry)e) & (1u << s)) != 0;

            if (coverage[e][s] || is_valid)
                printf("%7" PRIu64 "%c", coverage[e][s], is_valid && coverage[e][s] < floor ? '!' : ' ');
            else
                printf("%8s", "");
        }
        puts("");
    }
    printf("# %" PRIu64 " calls of the guarded arm\n", total);
}

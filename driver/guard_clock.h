/* SPDX-License-Identifier: MIT */
/* guard_clock.h - the limit of time of a statement: cancels it below when it is over.
 * One thread for the process waits for the earliest deadline; it is made with the first one, blocks
 * all signals, and is gone in a child after fork (a statement with a limit is then refused).
 * Threads: any. */
#ifndef OG_DRIVER_GUARD_CLOCK_H
#define OG_DRIVER_GUARD_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base.h"

struct og_guard_stmt;

/* Part of a statement; zeroed is not set. */
struct og_guard_clock {
    struct og_guard_clock *next; /* private, under the clock's own lock */
    struct og_guard_stmt *stmt;
    int64_t deadline_ns;
    bool is_set;
    bool is_over; /* the statement was cancelled for its time */
};

/* From now on, seconds. Returns: 0; -EAGAIN no thread could be had. */
OG_MUST int og_clock_set(struct og_guard_stmt *stmt, uint32_t seconds);
/* After it, the statement is not cancelled any more. Returns: whether it was. */
bool og_clock_clear(struct og_guard_stmt *stmt);

#endif

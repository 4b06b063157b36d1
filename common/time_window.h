/* SPDX-License-Identifier: MIT */
/* time_window.h - a span of the day, in UTC, on some days of the week: `time` of a rule, quiet hours,
 * a target's maintenance window. Days are those on which it opens: 22:00 to 06:00 on Monday ends on
 * Tuesday. Threads: pure functions. */
#ifndef OG_COMMON_TIME_WINDOW_H
#define OG_COMMON_TIME_WINDOW_H

#include "common/base.h"

struct og_time_window {
    bool is_set;
    uint16_t from_minute, to_minute; /* 0..1440 */
    uint8_t days;                    /* bit 0: Monday; 0: every day */
};

#define OG_TIME_NEVER INT64_MAX
/* "mon tue wed thu fri sat sun 22:00-24:00 UTC" with its NUL. */
#define OG_TIME_WINDOW_BYTES 48u

/* "22:00" as minutes of the day; "24:00" is its end. Returns: whether it is one. */
bool og_time_read_clock(const char *text, uint16_t *out_minute);
/* "mon" to "sun" as 0 to 6. Returns: whether it is one. */
bool og_time_read_day(const char *text, unsigned *out_day);

/* Whether it is open at that moment (seconds since 1970). One that is not set never is. */
bool og_time_window_holds(const struct og_time_window *window, int64_t unix_s);
/* The first moment from then on at which it is open, and the first at which it is not; NEVER when there is
 * none within eight days. */
int64_t og_time_window_opens(const struct og_time_window *window, int64_t unix_s);
int64_t og_time_window_closes(const struct og_time_window *window, int64_t unix_s);
/* When so many seconds outside of the window have passed from then on. */
int64_t og_time_window_spend(const struct og_time_window *window, int64_t unix_s, int64_t seconds);
/* As people read it. */
void og_time_window_text(const struct og_time_window *window, char out[static OG_TIME_WINDOW_BYTES]);

#endif

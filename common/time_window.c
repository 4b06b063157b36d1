/* SPDX-License-Identifier: MIT */
#include "common/time_window.h"

#include <stdio.h>
#include <string.h>

#define DAY_S 86400
#define MINUTE_S 60
/* Every window opens and closes at least once in a week, so what does neither in eight days never does. */
#define LOOK_AHEAD_S (8 * DAY_S)

static const char *const day_words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

bool og_time_read_clock(const char *text, uint16_t *out_minute)
{
    static const char digits[] = "0123456789";
    unsigned hour, minute;

    if (strlen(text) != 5 || text[2] != ':' || strspn(text, digits) != 2 || strspn(text + 3, digits) != 2)
        return false;
    hour = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
    minute = (unsigned)(text[3] - '0') * 10 + (unsigned)(text[4] - '0');
    *out_minute = (uint16_t)(hour * 60 + minute);
    return minute < 60 && *out_minute <= 1440;
}

bool og_time_read_day(const char *text, unsigned *out_day)
{
    for (unsigned i = 0; i < OG_COUNT(day_words); i++)
        if (strcmp(text, day_words[i]) == 0) {
            *out_day = i;
            return true;
        }
    return false;
}

bool og_time_window_holds(const struct og_time_window *window, int64_t unix_s)
{
    int64_t day = unix_s / DAY_S, second = unix_s % DAY_S, minute;
    bool is_over_midnight = window->to_minute <= window->from_minute, is_in;
    unsigned weekday;

    if (!window->is_set)
        return false;
    if (second < 0) {
        second += DAY_S;
        day--;
    }
    minute = second / MINUTE_S;
    if (is_over_midnight)
        is_in = minute >= window->from_minute || minute < window->to_minute;
    else
        is_in = minute >= window->from_minute && minute < window->to_minute;
    if (is_over_midnight && minute < window->to_minute)
        day--;
    /* The first of January 1970 was a Thursday. */
    weekday = (unsigned)(((day + 3) % 7 + 7) % 7);
    return is_in && (!window->days || window->days & 1u << weekday);
}

/* Windows begin and end on full minutes, so those are looked at after the moment itself. */
static int64_t next_change(const struct og_time_window *window, int64_t unix_s, bool is_open)
{
    int64_t at = unix_s;

    while (at < unix_s + LOOK_AHEAD_S) {
        if (og_time_window_holds(window, at) == is_open)
            return at;
        at = (at / MINUTE_S + 1) * MINUTE_S;
    }
    return OG_TIME_NEVER;
}

int64_t og_time_window_opens(const struct og_time_window *window, int64_t unix_s)
{
    return window->is_set ? next_change(window, unix_s, true) : OG_TIME_NEVER;
}

int64_t og_time_window_closes(const struct og_time_window *window, int64_t unix_s)
{
    return window->is_set ? next_change(window, unix_s, false) : unix_s;
}

int64_t og_time_window_spend(const struct og_time_window *window, int64_t unix_s, int64_t seconds)
{
    int64_t at = unix_s;

    while (window->is_set) {
        int64_t opens;

        at = og_time_window_closes(window, at);
        if (at == OG_TIME_NEVER)
            return unix_s + seconds; /* it never closes, and an answer must be possible some time */
        opens = og_time_window_opens(window, at);
        if (opens == OG_TIME_NEVER || opens - at >= seconds)
            break;
        seconds -= opens - at;
        at = opens;
    }
    return at + seconds;
}

void og_time_window_text(const struct og_time_window *window, char out[static OG_TIME_WINDOW_BYTES])
{
    size_t n = 0;

    for (unsigned i = 0; i < OG_COUNT(day_words); i++)
        if (window->days & 1u << i)
            n += (size_t)snprintf(out + n, OG_TIME_WINDOW_BYTES - n, "%s ", day_words[i]);
    (void)snprintf(out + n, OG_TIME_WINDOW_BYTES - n, "%02u:%02u-%02u:%02u UTC", window->from_minute / 60u,
                   window->from_minute % 60u, window->to_minute / 60u, window->to_minute % 60u);
}

/* SPDX-License-Identifier: MIT */
/* Windows of the day: within, over midnight, on some days; and time that passes outside of one. */
#include <string.h>

#include "common/time_window.h"
#include "tests/tap.h"

/* Monday 2026-11-23 00:00:00 UTC. */
#define MONDAY 1795392000
#define AT(day, hour, minute) (MONDAY + (day)*86400 + (hour)*3600 + (minute)*60)

static struct og_time_window window(const char *from, const char *to, const char *const *days, size_t n_days)
{
    struct og_time_window made = {.is_set = true};

    tap_ok(og_time_read_clock(from, &made.from_minute) && og_time_read_clock(to, &made.to_minute), "%s to %s is read",
       from, to);
    for (size_t i = 0; i < n_days; i++) {
        unsigned day = 9;

        tap_ok(og_time_read_day(days[i], &day) && day < 7, "%s is a day", days[i]);
        made.days = (uint8_t)(made.days | 1u << day);
    }
    return made;
}

static void words(void)
{
    static const char *const bad[] = {"24:01", "7:00", "07:60", "0700", "", "aa:bb", "25:00", "-1:00"};
    uint16_t minute;
    unsigned day;

    for (size_t i = 0; i < OG_COUNT(bad); i++)
        tap_ok(!og_time_read_clock(bad[i], &minute), "\"%s\" is no time of day", bad[i]);
    tap_ok(og_time_read_clock("24:00", &minute) && minute == 1440, "24:00 is the end of the day");
    tap_ok(!og_time_read_day("Monday", &day) && !og_time_read_day("", &day), "days are three letters");
}

static void over_midnight(void)
{
    struct og_time_window night = window("22:00", "06:00", (const char *const[]){"mon", "fri"}, 2);
    char text[OG_TIME_WINDOW_BYTES];

    tap_ok(og_time_window_holds(&night, AT(0, 22, 0)), "Monday 22:00 is in it");
    tap_ok(og_time_window_holds(&night, AT(1, 5, 59)), "so is Tuesday before six");
    tap_ok(!og_time_window_holds(&night, AT(1, 6, 0)), "Tuesday at six is not");
    tap_ok(!og_time_window_holds(&night, AT(0, 3, 0)), "nor Monday at three: it opened on no Sunday");
    tap_ok(!og_time_window_holds(&night, AT(1, 23, 0)), "nor Tuesday night");
    tap_ok(og_time_window_opens(&night, AT(1, 7, 30) + 17) == AT(4, 22, 0), "it opens next on Friday");
    tap_ok(og_time_window_closes(&night, AT(0, 23, 0) + 5) == AT(1, 6, 0), "it closes on Tuesday at six");
    tap_ok(og_time_window_opens(&night, AT(0, 23, 0)) == AT(0, 23, 0), "an open one opens now");
    og_time_window_text(&night, text);
    tap_ok(strcmp(text, "mon fri 22:00-06:00 UTC") == 0, "as text: %s", text);
}

static void spending(void)
{
    struct og_time_window night = window("22:00", "06:00", NULL, 0);
    struct og_time_window none = {.is_set = false};
    struct og_time_window always = {.is_set = true, .from_minute = 0, .to_minute = 1440};

    tap_ok(og_time_window_spend(&night, AT(0, 12, 0), 1800) == AT(0, 12, 30), "half an hour by day is half an hour");
    tap_ok(og_time_window_spend(&night, AT(0, 21, 50), 1800) == AT(1, 6, 20), "over the night it goes on in the morning");
    tap_ok(og_time_window_spend(&night, AT(0, 23, 0), 1800) == AT(1, 6, 30), "from within it begins when it is over");
    tap_ok(og_time_window_spend(&night, AT(0, 6, 0), 16 * 3600) == AT(0, 22, 0), "a whole day ends when the night begins");
    tap_ok(og_time_window_spend(&night, AT(0, 6, 0), 16 * 3600 + 1) == AT(1, 6, 0) + 1, "a second more does not");
    tap_ok(og_time_window_spend(&none, AT(0, 6, 0), 10) == AT(0, 6, 0) + 10, "without a window time just passes");
    tap_ok(!og_time_window_holds(&none, AT(0, 6, 0)) && og_time_window_opens(&none, 0) == OG_TIME_NEVER,
       "one that is not set never opens");
    tap_ok(og_time_window_spend(&always, AT(0, 6, 0), 10) == AT(0, 6, 0) + 10, "one that never closes stops nothing");
}

int main(void)
{
    words();
    over_midnight();
    spending();
    return tap_done();
}

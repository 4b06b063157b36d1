/* SPDX-License-Identifier: MIT */
/* tap.h - the whole test harness: numbered results in the Test Anything Protocol.
 *     tap_ok(sum == 3, "add_two_ones_and_one_gives_three");
 *     return tap_done();
 * A failure prints where it is; tap_note adds what was seen. One thread per program. */
#ifndef OG_TESTS_TAP_H
#define OG_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_n_run;
static int tap_n_failed;

__attribute__((__unused__, __format__(__printf__, 1, 2))) static void tap_note(const char *format,
                                                                               ...)
{
    va_list args;

    va_start(args, format);
    fputs("# ", stdout);
    (void)vprintf(format, args);
    fputc('\n', stdout);
    va_end(args);
}

__attribute__((__unused__, __format__(__printf__, 4, 5))) static bool
tap_check(bool is_ok, const char *file, int line, const char *format, ...)
{
    va_list args;

    tap_n_run++;
    if (!is_ok)
        tap_n_failed++;
    printf("%s %d - ", is_ok ? "ok" : "not ok", tap_n_run);
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    fputc('\n', stdout);
    if (!is_ok)
        tap_note("failed at %s:%d", file, line);
    fflush(stdout);
    return is_ok;
}

#define tap_ok(condition, ...) tap_check((condition), __FILE__, __LINE__, __VA_ARGS__)

__attribute__((__unused__)) static bool tap_same_text(const char *got, const char *want)
{
    if (got && want && strcmp(got, want) == 0)
        return true;
    tap_note("got:  %s", got ? got : "(null)");
    tap_note("want: %s", want ? want : "(null)");
    return false;
}

#define tap_str(got, want, ...) \
    tap_check(tap_same_text((got), (want)), __FILE__, __LINE__, __VA_ARGS__)

__attribute__((__unused__)) static void tap_skip(const char *name, const char *reason)
{
    tap_n_run++;
    printf("ok %d - %s # SKIP %s\n", tap_n_run, name, reason);
}

/* Prints the plan; the value is the program's exit code. No test run is a failure. */
__attribute__((__unused__)) static int tap_done(void)
{
    printf("1..%d\n", tap_n_run);
    return tap_n_failed || tap_n_run == 0;
}

#endif

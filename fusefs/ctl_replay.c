/* SPDX-License-Identifier: MIT */
/* guardctl replay: a session once more, from the ledger where it lies. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fusefs/chain.h"
#include "fusefs/ctl.h"
#include "fusefs/reel.h"

const struct og_ctl_option og_ctl_replay_options[] = {
    {"state", "DIR", "the ledger of that state folder (DIR/audit)"},
    {"audit", "DIR", "a folder of ledger files"},
    {"speed", "N", "times as fast as it was; 0 (the default without a terminal): at once"},
    {"idle", "S", "pauses are cut to S seconds (default 2)"},
    {"search", "TEXT", "begin at the first event that holds TEXT"},
    {"from", "N", "begin at record N of the ledger"},
    {"cast", NULL, "print an asciicast v2, for asciinema and others"},
    {.name = NULL},
};

#define MAX_CAST_BYTES (512u * 1024u * 1024u)

static bool read_number(const char *text, double *out)
{
    char *end;

    if (!text)
        return true;
    *out = strtod(text, &end);
    return end != text && !*end && *out >= 0 && *out < 1e9;
}

static int take_file(struct og_reel *reel, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    if (!file)
        return -errno;
    while ((n = getline(&line, &room, file)) > 0)
        og_reel_take(reel, line, (size_t)n);
    n = ferror(file) ? -EIO : 0;
    free(line);
    (void)fclose(file);
    return (int)n;
}

static int take_folder(struct og_reel *reel, const char *folder)
{
    struct og_days days = {.n_days = 0};
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

    if (fd < 0)
        return -errno;
    r = og_days_list(fd, ".jsonl", &days);
    (void)close(fd);
    for (size_t i = 0; r == 0 && i < days.n_days; i++) {
        char path[PATH_MAX];

        if (snprintf(path, sizeof(path), "%s/%s.jsonl", folder, days.days[i]) >= (int)sizeof(path)) {
            r = -ENAMETOOLONG;
            break;
        }
        r = take_file(reel, path);
    }
    free(days.days);
    return r;
}

static void print_event(const struct og_ctl_call *call, const struct og_reel_event *event)
{
    if (call->is_json) {
        og_ctl_json_open(NULL, '{');
        og_ctl_json_number("time", (uint64_t)event->unix_ms);
        og_ctl_json_number("sequence", event->sequence);
        og_ctl_json_text("text", event->text);
        og_ctl_json_close('}');
        return;
    }
    fputs(event->colour ? og_ctl_paint(call, event->colour) : "", stdout);
    og_ctl_print_safe(event->text, strlen(event->text), true);
    fputs(event->colour ? og_ctl_paint(call, 0) : "", stdout);
    putchar('\n');
}

static void wait_ms(double ms)
{
    struct timespec pause = {.tv_sec = (time_t)(ms / 1000),
                             .tv_nsec = (long)(ms - 1000 * (double)(time_t)(ms / 1000)) * 1000000};

    (void)fflush(stdout);
    (void)nanosleep(&pause, NULL);
}

static size_t find_start(const struct og_ctl_call *call, const struct og_reel_event *events,
                         size_t n, double from)
{
    const char *search = og_ctl_option(call, "search");

    for (size_t i = 0; i < n; i++)
        if ((!search || strstr(events[i].text, search)) && (double)events[i].sequence >= from)
            return i;
    return n;
}

static int play(const struct og_ctl_call *call, const struct og_reel *reel, double speed,
                double idle_s, double from)
{
    size_t n;
    const struct og_reel_event *events = og_reel_events(reel, &n);
    size_t start = find_start(call, events, n, from);

    if (start == n && n)
        return og_ctl_fail(call, NULL, "nothing in this session fits --search or --from"), OG_CTL_NO;
    for (size_t i = start; i < n; i++) {
        double ms = i > start ? (double)(events[i].unix_ms - events[i - 1].unix_ms) : 0;

        if (speed > 0 && ms > 0)
            wait_ms((ms < idle_s * 1000 ? ms : idle_s * 1000) / speed);
        print_event(call, &events[i]);
    }
    return OG_CTL_OK;
}

static int print_cast(const struct og_ctl_call *call, const struct og_reel *reel, double idle_s)
{
    struct og_buf out;
    int r;

    og_buf_init(&out, MAX_CAST_BYTES);
    r = og_reel_cast(reel, (unsigned)idle_s, &out) < 0
            ? og_ctl_fail(call, NULL, "the session is too long for one recording")
            : OG_CTL_OK;
    if (r == OG_CTL_OK && fwrite(out.bytes, 1, out.n_bytes, stdout) != out.n_bytes)
        r = og_ctl_fail(call, NULL, "writing: %s", strerror(errno));
    og_buf_release(&out);
    return r;
}

int og_ctl_replay(const struct og_ctl_call *call)
{
    const char *state = og_ctl_option(call, "state"), *audit = og_ctl_option(call, "audit");
    double speed = isatty(STDOUT_FILENO) ? 1 : 0, idle_s = 2, from = 0;
    char folder[PATH_MAX];
    struct og_reel *reel;
    size_t n;
    int r;

    if (!state == !audit)
        return og_ctl_fail(call, "give --state DIR or --audit DIR", "which ledger?");
    if (!read_number(og_ctl_option(call, "speed"), &speed) ||
        !read_number(og_ctl_option(call, "idle"), &idle_s) ||
        !read_number(og_ctl_option(call, "from"), &from))
        return og_ctl_fail(call, NULL, "--speed, --idle and --from take a number");
    (void)snprintf(folder, sizeof(folder), state ? "%s/audit" : "%s", state ? state : audit);
    reel = og_reel_new(call->args[0]);
    if (!reel)
        return og_ctl_fail(call, NULL, "memory is short");
    r = take_folder(reel, folder);
    (void)og_reel_events(reel, &n);
    if (r < 0)
        r = og_ctl_fail(call, "give --state DIR or --audit DIR", "%s: %s", folder, strerror(-r));
    else if (!n)
        r = og_ctl_fail(call, "'guardctl ls sessions' lists them", "the ledger has no session %s",
                        call->args[0]);
    else
        r = og_ctl_option(call, "cast") ? print_cast(call, reel, idle_s)
                                        : play(call, reel, speed, idle_s, from);
    if (r == OG_CTL_OK && og_reel_is_cut(reel))
        fprintf(stderr, "guardctl: only the first %u events are shown\n", OG_REEL_MAX_EVENTS);
    og_reel_free(reel);
    return r;
}

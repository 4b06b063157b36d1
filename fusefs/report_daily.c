/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/report_daily.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fusefs/chain.h"
#include "fusefs/daemon.h"
#include "fusefs/report.h"

#define LOOK_MS 20000u
#define MAX_OUT_BYTES (512u * 1024u * 1024u)

static const struct {
    const char *suffix;
    enum og_report_form form;
} forms[] = {{".html", OG_REPORT_HTML}, {".md", OG_REPORT_MARKDOWN}, {".csv", OG_REPORT_CSV},
             {".json", OG_REPORT_JSON}}; /* the last one stands for all: it is written last */

static pid_t worker;

static void folder_of(const struct og_daemon *daemon, char out[static PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s/reports", daemon->options.state);
}

int og_report_daily_path(const struct og_daemon *daemon, const char *name, char *out,
                         size_t max_bytes)
{
    char day[OG_DAY_BYTES];

    for (size_t i = 0; i < OG_COUNT(forms); i++)
        if (og_day_from_name(name, forms[i].suffix, day)) {
            (void)snprintf(out, max_bytes, "%s/reports/%s", daemon->options.state, name);
            return access(out, F_OK) == 0 ? 0 : -ENOENT;
        }
    return -ENOENT;
}

void og_report_daily_list(const struct og_daemon *daemon,
                          void (*visit)(void *context, const char *name), void *context)
{
    char folder[PATH_MAX];
    const struct dirent *entry;
    DIR *stream;

    folder_of(daemon, folder);
    stream = opendir(folder);
    while (stream && (entry = readdir(stream)))
        if (entry->d_name[0] != '.')
            visit(context, entry->d_name);
    if (stream)
        (void)closedir(stream);
}

/* ---- in the child ---- */

static int write_form(struct og_report *report, const char *folder, const char *day, size_t i)
{
    char made[PATH_MAX + 32], path[PATH_MAX + 32];
    struct og_buf out;
    FILE *file;
    int r;

    (void)snprintf(path, sizeof(path), "%s/%s%s", folder, day, forms[i].suffix);
    (void)snprintf(made, sizeof(made), "%s/.%s.new", folder, day);
    og_buf_init(&out, MAX_OUT_BYTES);
    r = og_report_render(report, forms[i].form, &out);
    file = r == 0 ? fopen(made, "we") : NULL;
    if (r == 0 && (!file || fwrite(out.bytes, 1, out.n_bytes, file) != out.n_bytes))
        r = -EIO;
    if (file && fclose(file) != 0)
        r = -EIO;
    if (r == 0 && rename(made, path) < 0)
        r = -errno;
    og_buf_release(&out);
    return r;
}

static int make(const struct og_daemon *daemon, const char *day)
{
    struct og_report *report = og_report_new();
    char folder[PATH_MAX], path[PATH_MAX + 32];
    int r = report ? 0 : -ENOMEM;

    folder_of(daemon, folder);
    (void)snprintf(path, sizeof(path), "%s/%s.jsonl", og_ledger_folder(daemon->ledger), day);
    if (r == 0)
        r = og_report_take_file(report, path);
    for (size_t i = 0; r == 0 && i < OG_COUNT(forms); i++)
        r = write_form(report, folder, day, i);
    og_report_free(report);
    return r;
}

/* ---- in guardfs ---- */

/* The oldest closed day without a report; false: none. */
static bool find_day(const struct og_daemon *daemon, char out[static OG_DAY_BYTES])
{
    int fd = open(og_ledger_folder(daemon->ledger), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct og_days days = {.n_days = 0};
    char today[OG_DAY_BYTES], path[PATH_MAX];
    bool is_found = false;

    if (fd < 0)
        return false;
    og_day_format(og_now_unix_ms(), today);
    if (og_days_list(fd, ".jsonl", &days) < 0)
        days.n_days = 0;
    (void)close(fd);
    for (size_t i = 0; !is_found && i < days.n_days; i++) {
        (void)snprintf(path, sizeof(path), "%s/reports/%s%s", daemon->options.state, days.days[i],
                       forms[OG_COUNT(forms) - 1].suffix);
        is_found = strcmp(days.days[i], today) < 0 &&
                   strcmp(days.days[i], og_ledger_day(daemon->ledger)) < 0 &&
                   access(path, F_OK) != 0;
        if (is_found)
            memcpy(out, days.days[i], OG_DAY_BYTES);
    }
    free(days.days);
    return is_found;
}

static void begin(const struct og_daemon *daemon, const char *day)
{
    char folder[PATH_MAX];

    folder_of(daemon, folder);
    if (mkdir(folder, 0700) < 0 && errno != EEXIST)
        return;
    worker = fork();
    if (worker != 0)
        return;
    /* None of guardfs' descriptors: a copy of one would keep a dead mount or a session alive. */
    (void)close_range(3, ~0u, 0);
    (void)!nice(10);
    _exit(make(daemon, day) == 0 ? 0 : 1);
}

static void look(void *context)
{
    struct og_daemon *daemon = context;
    char day[OG_DAY_BYTES];
    int status;

    if (worker > 0 && waitpid(worker, &status, WNOHANG) == worker) {
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            (void)og_daemon_event(daemon, NULL, "daemon", "note", "",
                                  "the report of a closed day could not be made", NULL, 0);
        worker = 0;
    }
    if (worker <= 0 && find_day(daemon, day))
        begin(daemon, day);
    (void)og_loop_after(daemon->loop, LOOK_MS, look, daemon);
}

int og_report_daily_open(struct og_daemon *daemon)
{
    return og_loop_after(daemon->loop, 1000, look, daemon) ? 0 : -ENOMEM;
}

/* SPDX-License-Identifier: MIT */
/* guardctl status, cat, ls, tail: files of the tree over the socket. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/limits.h"
#include "fusefs/ctl_link.h"

const struct og_ctl_option og_ctl_tail_options[] = {
    {"lines", "N", "how many lines from the end (default 10)"},
    {"follow", NULL, "go on as the file grows, until interrupted"},
    {.name = NULL},
};

#define ARENA_BYTES (16u * 1024u * 1024u)

static void print_names(const struct og_ctl_call *call, const struct og_list *names)
{
    if (call->is_json) {
        og_ctl_json_open(NULL, '[');
        for (size_t i = 0; i < names->n_items; i++)
            og_ctl_json_text(NULL, names->items[i]);
        og_ctl_json_close(']');
        return;
    }
    for (size_t i = 0; i < names->n_items; i++) {
        og_ctl_print_safe(names->items[i], strlen(names->items[i]), false);
        putchar('\n');
    }
}

/* What a terminal gets is made safe; a pipe or a file gets the bytes. */
static void print_text(const struct og_ctl_call *call, const char *path, const char *text,
                       size_t n_bytes)
{
    if (call->is_json) {
        og_ctl_json_open(NULL, '{');
        og_ctl_json_text("path", path);
        og_ctl_json_text("text", text);
        og_ctl_json_close('}');
    } else if (call->has_colour) {
        og_ctl_print_safe(text, n_bytes, true);
    } else {
        (void)fwrite(text, 1, n_bytes, stdout);
    }
}

/* Bytes on their way to standard output, as parts come. */
struct output {
    const struct og_ctl_call *call;
    const char *path;
};

static int print_part(void *context, const struct og_bytes *part)
{
    const struct output *output = context;

    print_text(output->call, output->path, (const char *)part->bytes, part->n_bytes);
    return ferror(stdout) ? EPIPE : 0;
}

static int ignore_part(void *context OG_UNUSED, const struct og_bytes *part OG_UNUSED)
{
    return 0;
}

static int show(const struct og_ctl_call *call, const char *path, bool wants_folder)
{
    struct output output = {call, path};
    struct og_ctl_link link;
    struct og_ctl_file file;
    struct og_arena arena;
    int r = og_ctl_link_open(call, &link);

    if (r != OG_CTL_OK)
        return r;
    og_arena_init(&arena, ARENA_BYTES);
    if (call->is_json && !wants_folder)
        r = og_ctl_link_get(call, &link, path, 0, &arena, &file);
    else
        r = og_ctl_link_read(call, &link, path, 0, &arena, wants_folder ? ignore_part : print_part,
                             &output, &file);
    if (r)
        r = og_ctl_link_tell(call, path, r, file.reason);
    else if (file.is_folder && !wants_folder)
        r = og_ctl_fail(call, "'guardctl ls' lists it", "%s is a folder", path);
    else if (file.is_folder)
        print_names(call, &file.names);
    else if (wants_folder)
        print_names(call, &(struct og_list){.items = &path, .n_items = 1});
    else if (call->is_json)
        print_text(call, path, file.text, file.n_bytes);
    free(file.text);
    og_arena_release(&arena);
    og_ctl_link_close(&link);
    return r;
}

int og_ctl_cat(const struct og_ctl_call *call)
{
    return show(call, call->args[0], false);
}

int og_ctl_ls(const struct og_ctl_call *call)
{
    return show(call, call->n_args ? call->args[0] : "", true);
}

/* ---- tail ---- */

#define CURRENT "audit/current.jsonl"
#define TAIL_PART_BYTES (128u * 1024u)

struct tail {
    const struct og_ctl_call *call;
    struct og_ctl_link link;
    struct og_arena arena;
    const char *named;  /* as it was asked for */
    bool is_current;    /* the newest day's file, whichever that is */
    char path[256];
    uint64_t offset;
};

/* The newest day's file of the ledger. Returns: as og_ctl_link_get. */
static int newest_day(struct tail *tail, char *out, size_t max_bytes, const char **reason)
{
    struct og_ctl_file folder;
    const char *newest = "";
    int r = og_ctl_link_read(tail->call, &tail->link, "audit", 0, &tail->arena, ignore_part, NULL,
                             &folder);

    *reason = folder.reason;
    for (size_t i = 0; r == 0 && i < folder.names.n_items; i++)
        if (folder.names.items[i][0] >= '0' && folder.names.items[i][0] <= '9' &&
            strlen(folder.names.items[i]) == 16 && strstr(folder.names.items[i], ".jsonl") &&
            strcmp(folder.names.items[i], newest) > 0)
            newest = folder.names.items[i];
    if (r == 0)
        (void)snprintf(out, max_bytes, "audit/%s", *newest ? newest : "current.jsonl");
    return r;
}

/* Start of the last n_lines lines of text. */
static size_t last_lines(const char *text, size_t n_bytes, unsigned long n_lines)
{
    size_t at = n_bytes;

    if (at && text[at - 1] == '\n')
        at--;
    while (at > 0) {
        if (text[at - 1] == '\n' && --n_lines == 0)
            return at;
        at--;
    }
    return 0;
}

/* Where the last n_lines begin: steps back from the end until there are enough. */
static int find_start(struct tail *tail, unsigned long n_lines, struct og_ctl_file *file)
{
    uint64_t step = TAIL_PART_BYTES;
    int r = og_ctl_link_read(tail->call, &tail->link, tail->path, UINT64_MAX, &tail->arena,
                             ignore_part, NULL, file);

    while (r == 0 && !file->is_folder) {
        uint64_t size = file->size, from = size > step ? size - step : 0;
        size_t start;

        r = og_ctl_link_get(tail->call, &tail->link, tail->path, from, &tail->arena, file);
        if (r)
            break;
        start = last_lines(file->text, file->n_bytes, n_lines);
        if (start || !from) {
            print_text(tail->call, tail->named, file->text + start, file->n_bytes - start);
            tail->offset = from + file->n_bytes;
            break;
        }
        free(file->text);
        step *= 4;
    }
    return r;
}

/* What came since. A file that got shorter is another one, and is read from its start. */
static int follow_once(struct tail *tail, struct og_ctl_file *file)
{
    struct output output = {tail->call, tail->named};
    uint64_t before = tail->offset;
    int r = og_ctl_link_read(tail->call, &tail->link, tail->path, tail->offset, &tail->arena,
                             print_part, &output, file);

    if (r == 0)
        tail->offset = file->size;
    if (r == 0 && file->size < before)
        tail->offset = 0;
    return r;
}

static int follow(struct tail *tail)
{
    static const struct timespec pause = {.tv_nsec = 500 * 1000 * 1000};
    char day[sizeof(tail->path)];

    for (;;) {
        struct og_ctl_file file;
        const char *reason = "";
        int r = 0;

        if (fflush(stdout) != 0)
            return OG_CTL_OK; /* the reader has gone: the end of a pipe */
        (void)nanosleep(&pause, NULL);
        og_arena_reset(&tail->arena);
        /* first the name, then the rest of the old file: nothing is added to it once there is a new one */
        if (tail->is_current)
            r = newest_day(tail, day, sizeof(day), &reason);
        if (r == 0) {
            r = follow_once(tail, &file);
            reason = file.reason;
        }
        if (r == EPIPE)
            return OG_CTL_OK;
        if (r)
            return og_ctl_link_tell(tail->call, tail->named, r, reason);
        if (tail->is_current && strcmp(day, tail->path) != 0) {
            memcpy(tail->path, day, sizeof(day));
            tail->offset = 0;
        }
    }
}

static int print_tail(struct tail *tail, unsigned long n_lines)
{
    struct og_ctl_file file = {.text = NULL};
    const char *reason = "";
    int r = 0;

    (void)snprintf(tail->path, sizeof(tail->path), "%s", tail->named);
    if (tail->is_current)
        r = newest_day(tail, tail->path, sizeof(tail->path), &reason);
    if (r == 0) {
        r = find_start(tail, n_lines, &file);
        reason = file.reason;
    }
    if (r)
        r = og_ctl_link_tell(tail->call, tail->named, r, reason);
    else if (file.is_folder)
        r = og_ctl_fail(tail->call, "'guardctl ls' lists it", "%s is a folder", tail->named);
    free(file.text);
    return r;
}

int og_ctl_tail(const struct og_ctl_call *call)
{
    const char *lines = og_ctl_option(call, "lines");
    struct tail tail = {.call = call, .named = call->args[0]};
    unsigned long n_lines = 10;
    char *end;
    int r;

    if (lines) {
        n_lines = strtoul(lines, &end, 10);
        if (*end || !n_lines || *lines == '-')
            return og_ctl_fail(call, NULL, "--lines takes a number from 1, not \"%s\"", lines);
    }
    while (*tail.named == '/')
        tail.named++;
    tail.is_current = strcmp(tail.named, CURRENT) == 0;
    r = og_ctl_link_open(call, &tail.link);
    if (r != OG_CTL_OK)
        return r;
    og_arena_init(&tail.arena, ARENA_BYTES);
    r = print_tail(&tail, n_lines);
    if (r == OG_CTL_OK && og_ctl_option(call, "follow"))
        r = follow(&tail);
    og_arena_release(&tail.arena);
    og_ctl_link_close(&tail.link);
    return r;
}

/* "key: value" lines as JSON members. */
static void status_json(char *text)
{
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *colon = strstr(line, ": ");

        if (!colon)
            continue;
        *colon = '\0';
        og_ctl_json_text(line, colon + 2);
    }
}

static void print_status(const struct og_ctl_call *call, struct og_ctl_file *health,
                         struct og_ctl_file *status, bool is_ok)
{
    if (call->is_json) {
        og_ctl_json_open(NULL, '{');
        og_ctl_json_bool("ok", is_ok);
        og_ctl_json_text("health", health->text);
        og_ctl_json_open("status", '{');
        status_json(status->text);
        og_ctl_json_close('}');
        og_ctl_json_close('}');
        return;
    }
    printf("health: %s", og_ctl_paint(call, is_ok ? 'g' : 'r'));
    og_ctl_print_safe(health->text, health->n_bytes, true);
    fputs(og_ctl_paint(call, 0), stdout);
    if (health->n_bytes && health->text[health->n_bytes - 1] != '\n')
        putchar('\n');
    og_ctl_print_safe(status->text, status->n_bytes, true);
}

int og_ctl_status(const struct og_ctl_call *call)
{
    struct og_ctl_file health = {.text = NULL}, status = {.text = NULL};
    struct og_ctl_link link;
    struct og_arena arena;
    int r = og_ctl_link_open(call, &link);

    if (r != OG_CTL_OK)
        return r;
    og_arena_init(&arena, ARENA_BYTES);
    r = og_ctl_link_get(call, &link, "health", 0, &arena, &health);
    if (r) {
        r = og_ctl_link_tell(call, "health", r, health.reason);
    } else {
        r = og_ctl_link_get(call, &link, "status", 0, &arena, &status);
        if (r)
            r = og_ctl_link_tell(call, "status", r, status.reason);
    }
    if (r == OG_CTL_OK) {
        bool is_ok = strncmp(health.text, "ok", 2) == 0;

        print_status(call, &health, &status, is_ok);
        r = is_ok ? OG_CTL_OK : OG_CTL_NO;
    }
    free(health.text);
    free(status.text);
    og_arena_release(&arena);
    og_ctl_link_close(&link);
    return r;
}

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

static int show(const struct og_ctl_call *call, const char *path, bool wants_folder)
{
    struct og_ctl_link link;
    struct og_ctl_file file;
    struct og_arena arena;
    int r = og_ctl_link_open(call, &link);

    if (r != OG_CTL_OK)
        return r;
    og_arena_init(&arena, ARENA_BYTES);
    r = og_ctl_link_get(call, &link, path, 0, &arena, &file);
    if (r)
        r = og_ctl_link_tell(call, path, r, file.reason);
    else if (file.is_folder && !wants_folder)
        r = og_ctl_fail(call, "'guardctl ls' lists it", "%s is a folder", path);
    else if (file.is_folder)
        print_names(call, &file.names);
    else if (wants_folder)
        print_names(call, &(struct og_list){.items = &path, .n_items = 1});
    else
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

static int follow(const struct og_ctl_call *call, struct og_ctl_link *link, const char *path,
                  uint64_t offset, struct og_arena *arena)
{
    static const struct timespec pause = {.tv_nsec = 500 * 1000 * 1000};

    for (;;) {
        struct og_ctl_file file;
        int r;

        if (fflush(stdout) != 0)
            return OG_CTL_OK; /* the reader has gone: the end of a pipe */
        (void)nanosleep(&pause, NULL);
        og_arena_reset(arena);
        r = og_ctl_link_get(call, link, path, offset, arena, &file);
        if (r)
            return og_ctl_link_tell(call, path, r, file.reason);
        print_text(call, path, file.text, file.n_bytes);
        offset += file.n_bytes;
        free(file.text);
    }
}

int og_ctl_tail(const struct og_ctl_call *call)
{
    const char *lines = og_ctl_option(call, "lines");
    const char *path = call->args[0];
    struct og_ctl_link link;
    struct og_ctl_file file;
    struct og_arena arena;
    unsigned long n_lines = 10;
    char *end;
    int r;

    if (lines) {
        n_lines = strtoul(lines, &end, 10);
        if (*end || !n_lines || *lines == '-')
            return og_ctl_fail(call, NULL, "--lines takes a number from 1, not \"%s\"", lines);
    }
    r = og_ctl_link_open(call, &link);
    if (r != OG_CTL_OK)
        return r;
    og_arena_init(&arena, ARENA_BYTES);
    r = og_ctl_link_get(call, &link, path, 0, &arena, &file);
    if (r) {
        r = og_ctl_link_tell(call, path, r, file.reason);
    } else if (file.is_folder) {
        r = og_ctl_fail(call, "'guardctl ls' lists it", "%s is a folder", path);
    } else {
        size_t start = last_lines(file.text, file.n_bytes, n_lines);

        print_text(call, path, file.text + start, file.n_bytes - start);
        if (og_ctl_option(call, "follow"))
            r = follow(call, &link, path, file.n_bytes, &arena);
    }
    free(file.text);
    og_arena_release(&arena);
    og_ctl_link_close(&link);
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

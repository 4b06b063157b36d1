/* SPDX-License-Identifier: MIT */
/* What guardctl prints: errors with a next step, colour, JSON; and whole files read. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fusefs/ctl.h"

/* Where the JSON writer stands: does the current bracket have an item yet, and how deep is it. */
static unsigned json_depth;
static bool json_has_item;

const char *og_ctl_option(const struct og_ctl_call *call, const char *name)
{
    const struct og_ctl_option *options = call->command->options;

    for (size_t i = 0; options && options[i].name; i++)
        if (strcmp(options[i].name, name) == 0)
            return call->values[i];
    return NULL;
}

int og_ctl_fail(const struct og_ctl_call *call, const char *instead, const char *format, ...)
{
    char text[2048];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fflush(stdout);
    fprintf(stderr, "guardctl: %s\n", text);
    if (instead)
        fprintf(stderr, "  %s\n", instead);
    if (call->is_json && json_depth == 0) {
        og_ctl_json_open(NULL, '{');
        og_ctl_json_text("error", text);
        og_ctl_json_text("instead", instead);
        og_ctl_json_close('}');
    }
    return OG_CTL_ERROR;
}

const char *og_ctl_paint(const struct og_ctl_call *call, char colour)
{
    if (!call->has_colour)
        return "";
    switch (colour) {
    case 'r':
        return "\033[31m";
    case 'g':
        return "\033[32m";
    case 'y':
        return "\033[33m";
    case 'b':
        return "\033[1m";
    default:
        return "\033[0m";
    }
}

static void json_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c == '\n')
            fputs("\\n", stdout);
        else if (c < 0x20 || c == 0x7f)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void json_key(const char *key)
{
    if (json_has_item)
        putchar(',');
    json_has_item = true;
    if (key) {
        json_string(key);
        putchar(':');
    }
}

void og_ctl_json_open(const char *key, char bracket)
{
    json_key(key);
    putchar(bracket);
    json_has_item = false;
    json_depth++;
}

void og_ctl_json_close(char bracket)
{
    putchar(bracket);
    json_has_item = true;
    if (json_depth && --json_depth == 0) {
        putchar('\n');
        json_has_item = false;
    }
}

void og_ctl_json_text(const char *key, const char *text)
{
    json_key(key);
    if (text)
        json_string(text);
    else
        fputs("null", stdout);
}

void og_ctl_json_number(const char *key, uint64_t number)
{
    json_key(key);
    printf("%llu", (unsigned long long)number);
}

void og_ctl_json_bool(const char *key, bool value)
{
    json_key(key);
    fputs(value ? "true" : "false", stdout);
}

void og_ctl_print_safe(const char *text, size_t n_bytes, bool keeps_lines)
{
    for (size_t i = 0; i < n_bytes; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < 0x20 && c != '\t' && !(c == '\n' && keeps_lines)) || c == 0x7f)
            printf("\\x%02x", c);
        else
            putchar(c);
    }
}

static int read_all(int fd, size_t max_bytes, char **out, size_t *out_n_bytes)
{
    size_t n_bytes = 0, n_capacity = 64 * 1024;
    char *bytes = malloc(n_capacity);
    ssize_t n;

    if (!bytes)
        return -ENOMEM;
    while ((n = read(fd, bytes + n_bytes, n_capacity - n_bytes - 1)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || n_bytes + (size_t)n > max_bytes) {
            int r = n < 0 ? -errno : -EFBIG;

            free(bytes);
            return r;
        }
        n_bytes += (size_t)n;
        if (n_capacity - n_bytes < 2) {
            char *larger = realloc(bytes, n_capacity * 2);

            if (!larger) {
                free(bytes);
                return -ENOMEM;
            }
            bytes = larger;
            n_capacity *= 2;
        }
    }
    bytes[n_bytes] = '\0';
    *out = bytes;
    *out_n_bytes = n_bytes;
    return 0;
}

int og_ctl_read_file(const char *path, size_t max_bytes, char **out, size_t *out_n_bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int r;

    if (fd < 0)
        return -errno;
    r = read_all(fd, max_bytes, out, out_n_bytes);
    (void)close(fd);
    return r;
}

/* SPDX-License-Identifier: MIT */
/* What an arm saw, and where two arms saw different things. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/diff/diff.h"

#define FILLING 0xA5

void fill(unsigned char *bytes, size_t n)
{
    memset(bytes, FILLING, n);
}

/* Drivers name cursors by the address of their statement: the digits are not compared. */
static void tame_cursor_names(unsigned char *bytes, size_t n)
{
    static const char *const begins[] = {"SQL_CUR0x", "CUR_0000"};

    for (size_t k = 0; k < 4; k++) {
        const char *begin = begins[k / 2];
        size_t width = k % 2 + 1, n_begin = strlen(begin);

        for (size_t i = 0; i + n_begin * width <= n; i++) {
            size_t at = 0;

            while (at < n_begin && bytes[i + at * width] == (unsigned char)begin[at])
                at++;
            if (at < n_begin)
                continue;
            for (; i + at * width < n && isxdigit(bytes[i + at * width]); at++)
                bytes[i + at * width] = 'X';
        }
    }
}

/* Where the driver manager converts between the forms it may hand out memory of its own (behind a text
 * that was cut, or all of it where the driver wrote nothing). */
void tame_text(struct arm *arm, bool is_wide_call, SQLINTEGER max)
{
    bool is_wide_driver = arm->script->config.is_wide && !options.is_ansi_driver;
    bool is_converted = is_wide_call != is_wide_driver;
    SQLSMALLINT n_out;

    memcpy(&n_out, arm->scratch + 4096, sizeof(n_out));
    if (options.library)
        return;
    if (max < 20 || (is_converted && (arm->code != SQL_SUCCESS || n_out <= 0)))
        fill(arm->scratch - SCRATCH_BORDER, 4096 + SCRATCH_BORDER);
    if (is_converted && arm->code != SQL_SUCCESS)
        fill(arm->scratch + 4096, sizeof(n_out)); /* its length is that of what was converted so far */
}

void log_bytes(struct arm *arm, const char *name, const void *bytes, size_t n)
{
    struct log *log = arm->log;
    struct entry_head head = {.step = log->step, .n_bytes = (uint32_t)n};

    if (log->is_full || log->n + sizeof(head) + n > LOG_BYTES) {
        log->is_full = true;
        return;
    }
    (void)snprintf(head.name, sizeof(head.name), "%s", name);
    memcpy(log->bytes + log->n, &head, sizeof(head));
    if (n)
        memcpy(log->bytes + log->n + sizeof(head), bytes, n);
    tame_cursor_names(log->bytes + log->n + sizeof(head), n);
    log->n += sizeof(head) + n;
}

void log_number(struct arm *arm, const char *name, int64_t number)
{
    log_bytes(arm, name, &number, sizeof(number));
}

void log_changes(struct arm *arm, const char *name, const unsigned char *bytes, size_t n)
{
    size_t i = 0;

    while (i < n) {
        size_t from, quiet;
        char where[24];

        while (i < n && bytes[i] == FILLING)
            i++;
        if (i == n)
            break;
        /* A run ends where eight bytes are as they were filled. */
        from = i;
        for (quiet = 0; i < n && quiet < 8; i++)
            quiet = bytes[i] == FILLING ? quiet + 1 : 0;
        (void)snprintf(where, sizeof(where), "%s+%zu", name, from);
        log_bytes(arm, where, bytes + from, i - quiet - from);
    }
}

void say(struct arm *arm, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(arm->log->at, sizeof(arm->log->at), format, args);
    va_end(args);
    if (n > (int)sizeof(arm->log->at) - 1)
        n = (int)sizeof(arm->log->at) - 1;
    log_bytes(arm, "call", arm->log->at, (size_t)n);
}

void tame_pointer(struct arm *arm, SQLPOINTER *pointer)
{
    uintptr_t p = (uintptr_t)*pointer;

    for (unsigned i = 0; i < N_SLOTS; i++) {
        uintptr_t out = (uintptr_t)arm->slots[i].out, in = (uintptr_t)arm->slots[i].in;

        if (p >= out && p < out + OUT_BYTES) {
            *pointer = (SQLPOINTER)(0x10000000u * (i + 1) + (p - out));
            return;
        }
        if (p >= in && p < in + IN_BYTES) {
            *pointer = (SQLPOINTER)(0x50000000u + 0x1000000u * i + (p - in));
            return;
        }
    }
    for (unsigned i = 0; i < N_DESCS; i++)
        if (p && p == (uintptr_t)arm->descs[i]) {
            *pointer = (SQLPOINTER)(uintptr_t)(0x60000000u + i);
            return;
        }
    if (p > 0x10000u)
        *pointer = (SQLPOINTER)(uintptr_t)0x70000000u; /* somewhere of its own */
}

static void show_bytes(const char *label, const struct entry_head *head, const unsigned char *bytes)
{
    printf("#   %-8s %-18s", label, head ? head->name : "(nothing more)");
    if (!head) {
        puts("");
        return;
    }
    if (strcmp(head->name, "call") == 0) {
        printf(" %.*s\n", (int)head->n_bytes, (const char *)bytes);
        return;
    }
    for (uint32_t i = 0; i < head->n_bytes && i < 48; i++)
        printf("%s%02x", i % 8 ? "" : " ", bytes[i]);
    printf("%s  |", head->n_bytes > 48 ? "..." : "");
    for (uint32_t i = 0; i < head->n_bytes && i < 200; i++)
        if (bytes[i])
            putchar(isprint(bytes[i]) ? bytes[i] : '.');
    printf("| %u bytes\n", head->n_bytes);
}

static const struct entry_head *at(const struct log *log, size_t where, struct entry_head *out)
{
    if (where + sizeof(*out) > log->n)
        return NULL;
    memcpy(out, log->bytes + where, sizeof(*out));
    return out;
}

/* What the records of the step say. */
static void show_texts(const char *label, const struct log *log, size_t where, uint32_t step)
{
    struct entry_head head;

    for (; at(log, where, &head) && head.step == step; where += sizeof(head) + head.n_bytes)
        if (strncmp(head.name, "text", 4) == 0)
            show_bytes(label, &head, log->bytes + where + sizeof(head));
}

/* The entries of the step before the difference, then both versions of it. */
static void show(const struct log *one, const struct log *two, size_t where, uint32_t step)
{
    struct entry_head head, other;
    const struct entry_head *a, *b;

    for (size_t i = 0; i < where; i += sizeof(head) + head.n_bytes)
        if (at(one, i, &head) && head.step == step)
            show_bytes("both", &head, one->bytes + i + sizeof(head));
    a = at(one, where, &head);
    b = at(two, where, &other);
    show_bytes("direct", a, one->bytes + where + sizeof(head));
    show_bytes("guarded", b, two->bytes + where + sizeof(other));
    show_texts("direct", one, where, step);
    show_texts("guarded", two, where, step);
}

bool log_compare(const struct log *one, const struct log *two, uint32_t *step, bool is_shown)
{
    size_t n = one->n < two->n ? one->n : two->n, where = 0;
    struct entry_head a, b;

    *step = 0;
    if (one->n == two->n && memcmp(one->bytes, two->bytes, n) == 0)
        return true;
    while (at(one, where, &a) && at(two, where, &b)) {
        size_t length = sizeof(a) + a.n_bytes;

        *step = a.step < b.step ? a.step : b.step;
        if (a.n_bytes != b.n_bytes || memcmp(one->bytes + where, two->bytes + where, length) != 0)
            break;
        where += length;
    }
    if (at(one, where, &a) && !at(two, where, &b))
        *step = a.step;
    if (is_shown)
        show(one, two, where, *step);
    return false;
}

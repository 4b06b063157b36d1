/* SPDX-License-Identifier: MIT */
/* STATE/budgets: one line per change, "WINDOW START USED KEY\n", the last one of a key counts; written
 * anew when most of it is old. Signs in keys that are none of letters, digits and -_.:/ are %XX. */
#define _GNU_SOURCE 1
#include "fusefs/budget.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_ENTRIES 100000u
#define MAX_KEY_BYTES 2048u
#define MAX_FILE_BYTES (64u * 1024u * 1024u)
#define REWRITE_BYTES (1024u * 1024u)
#define N_SLOTS 16384u

struct entry {
    struct entry *next;
    uint32_t window_s;
    int64_t start_s;
    uint64_t used;
    char key[];
};

struct og_budgets {
    char *path, *temporary;
    int fd;
    uint64_t n_file_bytes;
    size_t n_entries;
    struct entry *slots[N_SLOTS];
};

static size_t slot_of(const char *key)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * UINT64_C(1099511628211);
    return (size_t)(hash % N_SLOTS);
}

static bool is_plain(unsigned char c)
{
    return isalnum(c) || strchr("-_.:/", c);
}

/* Returns: whether it fits. */
static bool make_key(const struct og_budget_key *key, char out[static MAX_KEY_BYTES])
{
    const char *const parts[] = {key->who, key->target, key->what};
    size_t n = 0;

    for (size_t i = 0; i < OG_COUNT(parts); i++) {
        if (i)
            out[n++] = '|';
        for (const char *c = parts[i]; *c; c++) {
            if (n + 8 > MAX_KEY_BYTES)
                return false;
            if (is_plain((unsigned char)*c))
                out[n++] = *c;
            else
                n += (size_t)snprintf(out + n, 4, "%%%02X", (unsigned char)*c);
        }
    }
    out[n] = '\0';
    return true;
}

static int64_t start_of(uint32_t window_s, int64_t now_s)
{
    return now_s - now_s % (int64_t)window_s;
}

static void drop_old(struct og_budgets *budgets, int64_t now_s)
{
    for (size_t i = 0; i < N_SLOTS; i++)
        for (struct entry **at = &budgets->slots[i]; *at;) {
            struct entry *entry = *at;

            if (entry->start_s + (int64_t)entry->window_s > now_s) {
                at = &entry->next;
                continue;
            }
            *at = entry->next;
            free(entry);
            budgets->n_entries--;
        }
}

static struct entry *find(struct og_budgets *budgets, uint32_t window_s, const char *key)
{
    for (struct entry *e = budgets->slots[slot_of(key)]; e; e = e->next)
        if (e->window_s == window_s && strcmp(e->key, key) == 0)
            return e;
    return NULL;
}

static struct entry *find_or_make(struct og_budgets *budgets, uint32_t window_s, const char *key,
                                  int64_t now_s)
{
    struct entry *entry = find(budgets, window_s, key);
    size_t n = strlen(key) + 1, slot = slot_of(key);

    if (entry)
        return entry;
    if (budgets->n_entries >= MAX_ENTRIES)
        drop_old(budgets, now_s);
    entry = budgets->n_entries < MAX_ENTRIES ? calloc(1, sizeof(*entry) + n) : NULL;
    if (!entry)
        return NULL;
    entry->window_s = window_s;
    memcpy(entry->key, key, n);
    entry->next = budgets->slots[slot];
    budgets->slots[slot] = entry;
    budgets->n_entries++;
    return entry;
}

/* ---- the file ---- */

static bool read_line(struct og_budgets *budgets, const char *line)
{
    char key[MAX_KEY_BYTES];
    uint32_t window_s;
    int64_t start_s;
    uint64_t used;
    struct entry *entry;

    if (sscanf(line, "%" SCNu32 " %" SCNd64 " %" SCNu64 " %2047s", &window_s, &start_s, &used, key) !=
            4 ||
        window_s == 0 || start_s < 0)
        return false;
    entry = find_or_make(budgets, window_s, key, start_s);
    if (!entry)
        return false;
    entry->start_s = start_s;
    entry->used = used;
    return true;
}

/* A last line without its end was never promised to anybody. */
static int read_file(struct og_budgets *budgets, struct og_buf *why)
{
    FILE *file = fopen(budgets->path, "re");
    char *line = NULL;
    size_t n = 0;
    ssize_t got;
    int r = 0;

    if (!file)
        return errno == ENOENT ? 0 : -errno;
    while (r == 0 && (got = getline(&line, &n, file)) > 0) {
        budgets->n_file_bytes += (uint64_t)got;
        if (line[got - 1] != '\n')
            break;
        if (!read_line(budgets, line) || budgets->n_file_bytes > MAX_FILE_BYTES)
            r = -EBADMSG;
    }
    if (r < 0)
        og_buf_printf(why, "%s cannot be understood, so nobody knows what is used of the limits; move it "
                           "away to give everybody all of them again", budgets->path);
    free(line);
    (void)fclose(file);
    return r;
}

static int print_entry(const struct entry *entry, char *out, size_t max_bytes)
{
    return snprintf(out, max_bytes, "%" PRIu32 " %" PRId64 " %" PRIu64 " %s\n", entry->window_s,
                    entry->start_s, entry->used, entry->key);
}

/* The file anew with what still counts; then goes on at its end. */
static int rewrite(struct og_budgets *budgets)
{
    char line[MAX_KEY_BYTES + 64];
    int fd = open(budgets->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    uint64_t n_bytes = 0;
    int r = fd < 0 ? -errno : 0;

    for (size_t i = 0; i < N_SLOTS && r == 0; i++)
        for (const struct entry *e = budgets->slots[i]; e && r == 0; e = e->next) {
            int n = print_entry(e, line, sizeof(line));

            if (write(fd, line, (size_t)n) != n)
                r = -EIO;
            n_bytes += (uint64_t)n;
        }
    if (r == 0 && (fdatasync(fd) < 0 || rename(budgets->temporary, budgets->path) < 0))
        r = -errno;
    if (r < 0) {
        if (fd >= 0)
            (void)close(fd);
        return r;
    }
    if (budgets->fd >= 0)
        (void)close(budgets->fd);
    budgets->fd = fd;
    budgets->n_file_bytes = n_bytes;
    return 0;
}

/* One line by one write: whole or, when the machine stops, torn at the very end. */
static int store(struct og_budgets *budgets, const struct entry *entry, int64_t now_s)
{
    char line[MAX_KEY_BYTES + 64];
    int n = print_entry(entry, line, sizeof(line));

    if (budgets->n_file_bytes > REWRITE_BYTES && budgets->n_file_bytes > 512u * budgets->n_entries) {
        drop_old(budgets, now_s);
        return rewrite(budgets);
    }
    /* What was written in part would spoil the next line: the file is made anew. */
    if (budgets->fd < 0 || write(budgets->fd, line, (size_t)n) != n)
        return rewrite(budgets);
    budgets->n_file_bytes += (uint64_t)n;
    return 0;
}

int og_budgets_open(const char *state_folder, struct og_budgets **out, struct og_buf *why)
{
    struct og_budgets *budgets = calloc(1, sizeof(*budgets));
    int r = -ENOMEM;

    *out = NULL;
    if (!budgets)
        return -ENOMEM;
    budgets->fd = -1;
    if (asprintf(&budgets->path, "%s/budgets", state_folder) >= 0 &&
        asprintf(&budgets->temporary, "%s/budgets.new", state_folder) >= 0)
        r = read_file(budgets, why);
    if (r == 0)
        *out = budgets;
    else
        (void)og_budgets_close(budgets);
    return r;
}

struct og_budgets *og_budgets_close(struct og_budgets *budgets)
{
    if (!budgets)
        return NULL;
    drop_old(budgets, INT64_MAX);
    if (budgets->fd >= 0)
        (void)close(budgets->fd);
    free(budgets->path);
    free(budgets->temporary);
    free(budgets);
    return NULL;
}

/* ---- figures ---- */

uint64_t og_budget_used(struct og_budgets *budgets, const struct og_budget_key *key,
                        int64_t now_unix_s)
{
    char text[MAX_KEY_BYTES];
    const struct entry *entry;

    if (!make_key(key, text))
        return UINT64_MAX;
    entry = find(budgets, key->window_s, text);
    /* a clock that was set back gives nothing back: what lies in the future counts now */
    return entry && entry->start_s >= start_of(key->window_s, now_unix_s) ? entry->used : 0;
}

uint32_t og_budget_retry_after(const struct og_budget_key *key, int64_t now_unix_s)
{
    return (uint32_t)(start_of(key->window_s, now_unix_s) + (int64_t)key->window_s - now_unix_s);
}

int og_budget_add(struct og_budgets *budgets, const struct og_budget_key *key, uint64_t n,
                  int64_t now_unix_s)
{
    char text[MAX_KEY_BYTES];
    struct entry *entry;
    int64_t start_s = start_of(key->window_s, now_unix_s);
    int r;

    if (!make_key(key, text))
        return -ENAMETOOLONG;
    entry = find_or_make(budgets, key->window_s, text, now_unix_s);
    if (!entry)
        return -ENOMEM;
    if (entry->start_s < start_s) {
        entry->start_s = start_s;
        entry->used = 0;
    }
    entry->used = n < UINT64_MAX - entry->used ? entry->used + n : UINT64_MAX;
    r = store(budgets, entry, now_unix_s);
    return r;
}

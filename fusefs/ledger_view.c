/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/ledger_view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fusefs/chain.h"

#define DAY_CHARS (OG_DAY_BYTES - 1)
#define SCAN_BYTES (1024u * 1024u)

struct piece {
    uint64_t start;  /* in the view */
    uint64_t offset; /* in its day's file */
    uint32_t n_bytes;
    uint32_t day;
};

struct day {
    char name[DAY_CHARS + 1];
    uint64_t n_seen; /* bytes of the file that were looked through: whole lines */
};

struct og_view {
    struct og_view *next; /* least lately used last */
    struct og_views *views;
    enum og_view_kind kind;
    char key[40], first_day[DAY_CHARS + 1];
    struct day *days;
    size_t n_days;
    struct piece *pieces;
    size_t n_pieces, max_pieces;
    uint64_t n_bytes;
};

struct og_views {
    char *folder;
    struct og_view *first;
};

struct og_views *og_views_new(const char *folder)
{
    struct og_views *views = calloc(1, sizeof(*views));

    if (views)
        views->folder = strdup(folder);
    if (views && !views->folder) {
        free(views);
        views = NULL;
    }
    return views;
}

static void free_view(struct og_view *view)
{
    free(view->days);
    free(view->pieces);
    free(view);
}

struct og_views *og_views_free(struct og_views *views)
{
    while (views && views->first) {
        struct og_view *next = views->first->next;

        free_view(views->first);
        views->first = next;
    }
    if (views)
        free(views->folder);
    free(views);
    return NULL;
}

/* ---- which lines ---- */

static const char *find(const char *from, const char *end, const char *what)
{
    return from ? memmem(from, (size_t)(end - from), what, strlen(what)) : NULL;
}

/* Quotation marks inside a JSON text are escaped, so these marks can only be the record's own. */
bool og_view_is_of(enum og_view_kind kind, const char *key, const char *line, size_t n_bytes)
{
    const char *end = line + n_bytes;
    const char *at = find(line, end, kind == OG_VIEW_UID ? "\"actor\":{\"user\":{"
                                                         : "\"session\":{\"uid\":\"");
    size_t n_key = strlen(key);

    if (at && kind == OG_VIEW_UID) {
        at = find(at, end, "\"uid\":\"");
        at = at ? at + strlen("\"uid\":\"") : NULL;
    } else if (at) {
        at += strlen("\"session\":{\"uid\":\"");
    }
    return at && (size_t)(end - at) > n_key && memcmp(at, key, n_key) == 0 && at[n_key] == '"';
}

/* ---- looking through ---- */

static int add_piece(struct og_view *view, uint32_t day, uint64_t offset, size_t n_bytes)
{
    if (view->n_pieces == view->max_pieces) {
        size_t max = view->max_pieces ? view->max_pieces * 2 : 64;
        struct piece *more = reallocarray(view->pieces, max, sizeof(*more));

        if (!more)
            return -ENOMEM;
        view->pieces = more;
        view->max_pieces = max;
    }
    view->pieces[view->n_pieces++] =
        (struct piece){view->n_bytes, offset, (uint32_t)n_bytes, day};
    view->n_bytes += n_bytes;
    return 0;
}

/* Takes the whole lines of a block. Returns how many bytes they are, or -errno. */
static ssize_t take_lines(struct og_view *view, uint32_t day, const char *block, size_t n_bytes)
{
    size_t at = 0;

    for (const char *feed; (feed = memchr(block + at, '\n', n_bytes - at)); ) {
        size_t n = (size_t)(feed - block) + 1 - at;
        int r = og_view_is_of(view->kind, view->key, block + at, n)
                    ? add_piece(view, day, view->days[day].n_seen + at, n)
                    : 0;

        if (r < 0)
            return r;
        at += n;
    }
    return (ssize_t)at;
}

static int open_day(const struct og_view *view, uint32_t day)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s.jsonl", view->views->folder, view->days[day].name);
    return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Lines are shorter than a block, so each block holds a whole one or the file ends inside it. */
static int look_through(struct og_view *view, uint32_t day)
{
    int fd = open_day(view, day), r = 0;
    char *block;
    ssize_t n;

    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    block = malloc(SCAN_BYTES);
    while (r == 0 && block &&
           (n = pread(fd, block, SCAN_BYTES, (off_t)view->days[day].n_seen)) > 0) {
        ssize_t taken = take_lines(view, day, block, (size_t)n);

        if (taken <= 0) {
            r = (int)taken;
            break;
        }
        view->days[day].n_seen += (uint64_t)taken;
    }
    free(block);
    (void)close(fd);
    return block ? r : -ENOMEM;
}

/* ---- days ---- */

static bool parse_day(const char *text, time_t *out)
{
    struct tm tm = {.tm_mon = 0};
    const char *end = strptime(text, "%Y-%m-%d", &tm);

    *out = end && !*end ? timegm(&tm) : -1;
    return *out >= 0;
}

/* Days from the view's last one on. */
static int extend(struct og_view *view, const char *last_day)
{
    time_t from, to;

    if (!parse_day(view->n_days ? view->days[view->n_days - 1].name : view->first_day, &from) ||
        !parse_day(last_day, &to))
        return -EINVAL;
    if (view->n_days)
        from += 86400;
    if (to - from > (time_t)OG_VIEW_MAX_DAYS * 86400)
        from = to - (time_t)(OG_VIEW_MAX_DAYS - 1) * 86400;
    for (; from <= to; from += 86400) {
        struct day *more = reallocarray(view->days, view->n_days + 1, sizeof(*more));

        if (!more)
            return -ENOMEM;
        view->days = more;
        view->days[view->n_days] = (struct day){.n_seen = 0};
        og_day_format((int64_t)from * 1000, view->days[view->n_days++].name);
    }
    return 0;
}

/* ---- the few that are kept ---- */

static struct og_view *take(struct og_views *views, enum og_view_kind kind, const char *key,
                            const char *first_day)
{
    struct og_view **at = &views->first, *view;
    size_t n = 0;

    while (*at && !((*at)->kind == kind && strcmp((*at)->key, key) == 0 &&
                    strcmp((*at)->first_day, first_day) == 0)) {
        if (++n >= OG_VIEW_MAX && !(*at)->next)
            break;
        at = &(*at)->next;
    }
    view = *at;
    if (view)
        *at = view->next;
    if (view && (view->kind != kind || strcmp(view->key, key) != 0 ||
                 strcmp(view->first_day, first_day) != 0)) {
        free_view(view); /* the last one of too many */
        view = NULL;
    }
    if (!view)
        view = calloc(1, sizeof(*view));
    if (!view)
        return NULL;
    view->views = views;
    view->kind = kind;
    (void)snprintf(view->key, sizeof(view->key), "%s", key);
    (void)snprintf(view->first_day, sizeof(view->first_day), "%s", first_day);
    view->next = views->first;
    views->first = view;
    return view;
}

int og_views_get(struct og_views *views, enum og_view_kind kind, const char *key,
                 const char *first_day, const char *last_day, struct og_view **out)
{
    struct og_view *view;
    time_t ignored;
    int r = 0;

    if (!*key || strlen(key) >= sizeof(view->key) || !parse_day(first_day, &ignored) ||
        strlen(first_day) != DAY_CHARS)
        return -EINVAL;
    view = take(views, kind, key, first_day);
    if (!view)
        return -ENOMEM;
    r = extend(view, last_day);
    /* Closed days do not grow: only the last two can hold something new. */
    for (size_t i = 0; r == 0 && i < view->n_days; i++)
        if (i + 2 >= view->n_days || view->days[i].n_seen == 0)
            r = look_through(view, (uint32_t)i);
    *out = view;
    return r;
}

uint64_t og_view_bytes(const struct og_view *view)
{
    return view->n_bytes;
}

/* ---- reading ---- */

static size_t first_piece(const struct og_view *view, uint64_t offset)
{
    size_t low = 0, high = view->n_pieces;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (view->pieces[middle].start + view->pieces[middle].n_bytes <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int copy_piece(int fd, const struct piece *piece, uint64_t skipped, size_t n_bytes,
                      struct og_buf *out)
{
    char *block = malloc(n_bytes ? n_bytes : 1);
    ssize_t n = block ? pread(fd, block, n_bytes, (off_t)(piece->offset + skipped)) : -1;
    int r = !block ? -ENOMEM : n < 0 ? -errno : (size_t)n < n_bytes ? -EIO : 0;

    if (r == 0)
        og_buf_append(out, block, n_bytes);
    free(block);
    return r;
}

int og_view_read(const struct og_view *view, uint64_t offset, size_t n_bytes, struct og_buf *out)
{
    uint32_t day = UINT32_MAX;
    int fd = -1, r = 0;

    for (size_t i = first_piece(view, offset); r == 0 && n_bytes && i < view->n_pieces; i++) {
        const struct piece *piece = &view->pieces[i];
        uint64_t skipped = offset - piece->start;
        size_t n = piece->n_bytes - (size_t)skipped;

        n = n < n_bytes ? n : n_bytes;
        if (piece->day != day) {
            if (fd >= 0)
                (void)close(fd);
            day = piece->day;
            fd = open_day(view, day);
        }
        r = fd < 0 ? -errno : copy_piece(fd, piece, skipped, n, out);
        offset += n;
        n_bytes -= n;
    }
    if (fd >= 0)
        (void)close(fd);
    return r < 0 ? r : og_buf_is_failed(out) ? -EFBIG : 0;
}

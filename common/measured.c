/* SPDX-License-Identifier: MIT */
#include "common/measured.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/limits.h"

/* Tables named in a text; the others are counted. */
#define MAX_WORDS 4u

void og_measured_init(struct og_measured *measured)
{
    memset(measured, 0, sizeof(*measured));
    og_arena_init(&measured->arena, OG_MAX_REQUEST_BYTES);
}

void og_measured_reset(struct og_measured *measured)
{
    og_arena_reset(&measured->arena);
    measured->tables = NULL;
    measured->n_tables = measured->max_tables = 0;
}

void og_measured_release(struct og_measured *measured)
{
    og_arena_release(&measured->arena);
    measured->tables = NULL;
    measured->n_tables = measured->max_tables = 0;
}

bool og_measured_is_failed(const struct og_measured *measured)
{
    return og_arena_is_failed(&measured->arena);
}

/* The table's place, or where it belongs. */
static size_t find(const struct og_measured *measured, const char *name, bool *is_there)
{
    size_t from = 0, to = measured->n_tables;

    *is_there = false;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = strcmp(measured->tables[middle].name, name);

        if (order == 0) {
            *is_there = true;
            return middle;
        }
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

void og_measured_add(struct og_measured *measured, const char *name, uint64_t inserted,
                     uint64_t updated, uint64_t deleted)
{
    struct og_measured_table *table;
    bool is_there;
    size_t at;

    if (!(inserted || updated || deleted) || og_measured_is_failed(measured))
        return;
    at = find(measured, name, &is_there);
    if (!is_there) {
        const char *copy = og_arena_strdup(&measured->arena, name);

        if (!copy || !og_arena_push(&measured->arena, &measured->tables, &measured->n_tables,
                                    &measured->max_tables, sizeof(*table)))
            return;
        memmove(measured->tables + at + 1, measured->tables + at,
                (measured->n_tables - 1 - at) * sizeof(*table));
        measured->tables[at] = (struct og_measured_table){.name = copy};
    }
    table = &measured->tables[at];
    table->inserted += inserted;
    table->updated += updated;
    table->deleted += deleted;
}

static uint64_t less(uint64_t now, uint64_t earlier)
{
    return now > earlier ? now - earlier : 0;
}

void og_measured_subtract(struct og_measured *measured, const struct og_measured *earlier)
{
    size_t n = 0;

    for (size_t i = 0; i < measured->n_tables; i++) {
        struct og_measured_table table = measured->tables[i];
        bool is_there;
        size_t at = find(earlier, table.name, &is_there);

        if (is_there) {
            table.inserted = less(table.inserted, earlier->tables[at].inserted);
            table.updated = less(table.updated, earlier->tables[at].updated);
            table.deleted = less(table.deleted, earlier->tables[at].deleted);
        }
        if (og_measured_rows(&table))
            measured->tables[n++] = table;
    }
    measured->n_tables = n;
}

uint64_t og_measured_rows(const struct og_measured_table *table)
{
    return table->inserted + table->updated + table->deleted;
}

uint64_t og_measured_total(const struct og_measured *measured)
{
    uint64_t total = 0;

    for (size_t i = 0; i < measured->n_tables; i++)
        total += og_measured_rows(&measured->tables[i]);
    return total;
}

struct og_list og_measured_to_list(const struct og_measured *measured, struct og_arena *arena)
{
    const char **items = og_arena_array(arena, measured->n_tables + 1, sizeof(*items));

    for (size_t i = 0; items && i < measured->n_tables; i++) {
        const struct og_measured_table *table = &measured->tables[i];

        items[i] = og_arena_printf(arena, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %s", table->inserted,
                                   table->updated, table->deleted, table->name);
    }
    return (struct og_list){.items = items, .n_items = items ? measured->n_tables : 0};
}

int og_measured_from_list(struct og_measured *measured, const struct og_list *list)
{
    og_measured_reset(measured);
    for (size_t i = 0; i < list->n_items; i++) {
        uint64_t inserted, updated, deleted;
        int n_read = 0;

        if (sscanf(list->items[i], "%" SCNu64 " %" SCNu64 " %" SCNu64 " %n", &inserted, &updated,
                   &deleted, &n_read) != 3 ||
            !n_read || !list->items[i][n_read])
            return -EBADMSG;
        og_measured_add(measured, list->items[i] + n_read, inserted, updated, deleted);
    }
    return og_measured_is_failed(measured) ? -ENOMEM : 0;
}

static bool is_near(uint64_t before, uint64_t now, const struct og_drift *drift)
{
    uint64_t distance = before > now ? before - now : now - before;
    /* rounded down: a percent of less than a hundred rows is nothing */
    uint64_t share = before / 100 * drift->percent + before % 100 * drift->percent / 100;

    return distance <= drift->rows || distance <= share;
}

static bool is_same_table(const struct og_measured_table *before,
                          const struct og_measured_table *now, const struct og_drift *drift)
{
    return is_near(before->inserted, now->inserted, drift) &&
           is_near(before->updated, now->updated, drift) &&
           is_near(before->deleted, now->deleted, drift);
}

bool og_measured_is_same(const struct og_measured *before, const struct og_measured *now,
                         const struct og_drift *drift)
{
    static const struct og_measured_table none = {.name = ""};
    bool is_there;

    for (size_t i = 0; i < before->n_tables; i++) {
        size_t at = find(now, before->tables[i].name, &is_there);

        if (!is_same_table(&before->tables[i], is_there ? &now->tables[at] : &none, drift))
            return false;
    }
    for (size_t i = 0; i < now->n_tables; i++) {
        (void)find(before, now->tables[i].name, &is_there);
        if (!is_there && !is_same_table(&none, &now->tables[i], drift))
            return false;
    }
    return true;
}

/* Names of the default schema stand alone. */
static const char *short_name(const char *name)
{
    if (strncmp(name, "main.", 5) == 0)
        return name + 5;
    return strncmp(name, "public.", 7) == 0 ? name + 7 : name;
}

void og_measured_words(const struct og_measured *measured, struct og_buf *out)
{
    size_t n = measured->n_tables < MAX_WORDS ? measured->n_tables : MAX_WORDS;
    char digits[32];
    uint64_t rest = 0;

    if (!measured->n_tables)
        og_buf_append_str(out, "no rows");
    for (size_t i = n; i < measured->n_tables; i++)
        rest += og_measured_rows(&measured->tables[i]);
    for (size_t i = 0; i < n; i++) {
        uint64_t rows = og_measured_rows(&measured->tables[i]);

        og_buf_printf(out, "%s%s %s of %s",
                      !i                         ? ""
                      : i + 1 == n && !rest ? " and "
                                                 : ", ",
                      og_measured_digits(rows, digits), rows == 1 ? "row" : "rows",
                      short_name(measured->tables[i].name));
    }
    if (rest)
        og_buf_printf(out, " and %s rows of %zu more tables", og_measured_digits(rest, digits),
                      measured->n_tables - n);
}

const char *og_measured_digits(uint64_t number, char out[static 32])
{
    char *at = out + 31;

    *at = '\0';
    for (int n = 0; n == 0 || number; n++) {
        if (n && n % 3 == 0)
            *--at = ',';
        *--at = (char)('0' + number % 10);
        number /= 10;
    }
    return at;
}

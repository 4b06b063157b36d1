/* SPDX-License-Identifier: MIT */
#include "common/undo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char magic[] = "odbcguard-undo 1\n";

#define MAGIC_BYTES (sizeof(magic) - 1)
#define MAX_COLUMNS 4096u

/* ---- making ---- */

static void put_u32(struct og_buf *out, uint32_t n)
{
    const uint8_t bytes[4] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16),
                              (uint8_t)(n >> 24)};

    og_buf_append(out, bytes, sizeof(bytes));
}

static void put_u64(struct og_buf *out, uint64_t n)
{
    put_u32(out, (uint32_t)n);
    put_u32(out, (uint32_t)(n >> 32));
}

static void put_bytes(struct og_buf *out, const void *bytes, size_t n_bytes)
{
    put_u32(out, (uint32_t)n_bytes);
    og_buf_append(out, bytes, n_bytes);
}

static void put_text(struct og_buf *out, const char *text)
{
    put_bytes(out, text ? text : "", text ? strlen(text) : 0);
}

void og_undo_append_value(struct og_buf *out, const struct og_undo_value *value)
{
    uint64_t bits = 0;

    og_buf_append_char(out, (char)value->kind);
    switch (value->kind) {
    case OG_UNDO_NULL:
        break;
    case OG_UNDO_INTEGER:
        put_u64(out, (uint64_t)value->integer);
        break;
    case OG_UNDO_REAL:
        memcpy(&bits, &value->real, sizeof(bits));
        put_u64(out, bits);
        break;
    case OG_UNDO_TEXT:
    case OG_UNDO_BLOB:
        put_bytes(out, value->bytes ? value->bytes : "", value->n_bytes);
        break;
    }
}

static size_t begin_record(struct og_buf *out, char letter)
{
    size_t at = out->n_bytes;

    og_buf_append_char(out, letter);
    put_u32(out, 0);
    return at;
}

static void end_record(struct og_buf *out, size_t at)
{
    size_t n_bytes = out->n_bytes - at - 5;

    if (og_buf_is_failed(out))
        return;
    for (size_t i = 0; i < 4; i++)
        out->bytes[at + 1 + i] = (char)(uint8_t)(n_bytes >> (8 * i));
}

static void put_values(struct og_buf *out, const struct og_undo_value *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        og_undo_append_value(out, &values[i]);
}

void og_undo_writer_init(struct og_undo_writer *writer, size_t max_bytes)
{
    *writer = (struct og_undo_writer){.n_tables = 0};
    og_buf_init(&writer->out, max_bytes);
}

void og_undo_writer_release(struct og_undo_writer *writer)
{
    og_buf_wipe(&writer->out);
    free(writer->counts);
    writer->counts = NULL;
    writer->max_counts = 0;
    for (size_t i = 0; i < writer->n_partly; i++)
        free(writer->partly[i]);
    free(writer->partly);
    writer->partly = NULL;
    writer->n_partly = 0;
}

void og_undo_put_head(struct og_undo_writer *writer, enum og_dialect dialect, const char *time_zone,
                      const char *transaction)
{
    size_t at;

    og_buf_append(&writer->out, magic, MAGIC_BYTES);
    at = begin_record(&writer->out, 'H');
    put_u32(&writer->out, (uint32_t)dialect);
    put_text(&writer->out, time_zone);
    put_text(&writer->out, transaction);
    end_record(&writer->out, at);
}

static void count_table(struct og_undo_writer *writer, const struct og_undo_table *table)
{
    struct og_undo_counts *counts;

    if (writer->n_tables >= writer->max_counts) {
        size_t max = writer->max_counts ? 2 * writer->max_counts : 8;

        counts = realloc(writer->counts, max * sizeof(*counts));
        if (!counts) {
            writer->out.is_failed = true;
            return;
        }
        writer->counts = counts;
        writer->max_counts = max;
    }
    counts = &writer->counts[writer->n_tables];
    *counts = (struct og_undo_counts){.inserted = 0};
    (void)snprintf(counts->name, sizeof(counts->name), "%.64s.%.64s", table->schema, table->name);
}

uint32_t og_undo_put_table(struct og_undo_writer *writer, const struct og_undo_table *table)
{
    size_t at = begin_record(&writer->out, 'T');

    put_text(&writer->out, table->schema);
    put_text(&writer->out, table->name);
    put_u64(&writer->out, table->id);
    put_u32(&writer->out, (uint32_t)table->n_columns);
    for (size_t i = 0; i < table->n_columns; i++) {
        put_text(&writer->out, table->columns[i].name);
        put_text(&writer->out, table->columns[i].type);
        put_u32(&writer->out, table->columns[i].flags);
    }
    end_record(&writer->out, at);
    count_table(writer, table);
    return writer->n_tables++;
}

static void count_row(struct og_undo_writer *writer, uint32_t table, enum og_undo_change change)
{
    struct og_undo_counts *counts = table < writer->max_counts ? &writer->counts[table] : NULL;

    if (!counts)
        return;
    counts->inserted += change == OG_UNDO_INSERTED;
    counts->updated += change == OG_UNDO_UPDATED;
    counts->deleted += change == OG_UNDO_DELETED;
}

uint32_t og_undo_put_row(struct og_undo_writer *writer, uint32_t table, enum og_undo_change change,
                         const struct og_undo_value *before, size_t n_columns)
{
    size_t at = begin_record(&writer->out, 'R');

    put_u32(&writer->out, table);
    og_buf_append_char(&writer->out, (char)change);
    if (before)
        put_values(&writer->out, before, n_columns);
    end_record(&writer->out, at);
    count_row(writer, table, change);
    return writer->n_rows++;
}

void og_undo_put_key(struct og_undo_writer *writer, uint32_t row, const struct og_undo_value *key,
                     size_t n_key)
{
    size_t at = begin_record(&writer->out, 'K');

    put_u32(&writer->out, row);
    put_values(&writer->out, key, n_key);
    end_record(&writer->out, at);
}

void og_undo_put_after(struct og_undo_writer *writer, uint32_t row,
                       const struct og_undo_value *after, size_t n_columns)
{
    size_t at = begin_record(&writer->out, 'A');

    put_u32(&writer->out, row);
    put_values(&writer->out, after, n_columns);
    end_record(&writer->out, at);
}

void og_undo_put_partly(struct og_undo_writer *writer, const struct og_undo_table *table, const char *why)
{
    char **partly = realloc(writer->partly, (writer->n_partly + 1) * sizeof(*partly));
    char *text = NULL;
    size_t at;

    if (partly)
        writer->partly = partly;
    if (!partly || asprintf(&text, "%s.%s: %s", table->schema, table->name, why) < 0) {
        writer->out.is_failed = true;
        return;
    }
    for (size_t i = 0; i < writer->n_partly; i++)
        if (strcmp(partly[i], text) == 0) {
            free(text);
            return;
        }
    partly[writer->n_partly++] = text;
    at = begin_record(&writer->out, 'P');
    put_text(&writer->out, text);
    end_record(&writer->out, at);
}

bool og_undo_writer_is_failed(const struct og_undo_writer *writer)
{
    return og_buf_is_failed(&writer->out);
}

static void summarise(struct og_buf *out, uint64_t n, const char *name, const char *what)
{
    if (n)
        og_buf_printf(out, "%s%" PRIu64 " row%s of %s %s", out->n_bytes ? ", " : "", n,
                      n == 1 ? "" : "s", name, what);
}

void og_undo_summary(const struct og_undo_writer *writer, struct og_buf *out)
{
    for (size_t i = 0; i < writer->n_tables && i < writer->max_counts; i++) {
        const struct og_undo_counts *counts = &writer->counts[i];

        summarise(out, counts->inserted, counts->name, "inserted");
        summarise(out, counts->updated, counts->name, "updated");
        summarise(out, counts->deleted, counts->name, "deleted");
    }
}

/* ---- reading ---- */

struct cursor {
    const uint8_t *at, *end;
    bool is_broken;
};

static uint32_t get_u32(struct cursor *c)
{
    uint32_t n;

    if (c->end - c->at < 4) {
        c->is_broken = true;
        return 0;
    }
    n = (uint32_t)c->at[0] | (uint32_t)c->at[1] << 8 | (uint32_t)c->at[2] << 16 |
        (uint32_t)c->at[3] << 24;
    c->at += 4;
    return n;
}

static uint64_t get_u64(struct cursor *c)
{
    uint64_t low = get_u32(c);

    return low | (uint64_t)get_u32(c) << 32;
}

static const char *get_bytes(struct cursor *c, size_t *n_bytes)
{
    const uint8_t *bytes;

    *n_bytes = get_u32(c);
    if (c->is_broken || *n_bytes > (size_t)(c->end - c->at)) {
        c->is_broken = true;
        *n_bytes = 0;
        return "";
    }
    bytes = c->at;
    c->at += *n_bytes;
    return (const char *)bytes;
}

static const char *get_text(struct cursor *c, struct og_arena *arena)
{
    size_t n_bytes;
    const char *bytes = get_bytes(c, &n_bytes);
    const char *text = og_arena_strndup(arena, bytes, n_bytes);

    return text ? text : "";
}

static void get_value(struct cursor *c, struct og_undo_value *out)
{
    uint64_t bits;

    *out = (struct og_undo_value){.kind = OG_UNDO_NULL};
    if (c->at >= c->end || *c->at > OG_UNDO_BLOB) {
        c->is_broken = true;
        return;
    }
    out->kind = (enum og_undo_kind)*c->at++;
    if (out->kind == OG_UNDO_INTEGER) {
        out->integer = (int64_t)get_u64(c);
    } else if (out->kind == OG_UNDO_REAL) {
        bits = get_u64(c);
        memcpy(&out->real, &bits, sizeof(bits));
    } else if (out->kind != OG_UNDO_NULL) {
        out->bytes = get_bytes(c, &out->n_bytes);
    }
}

bool og_undo_take_value(const uint8_t **at, const uint8_t *end, struct og_undo_value *out)
{
    struct cursor c = {*at, end, false};

    get_value(&c, out);
    *at = c.at;
    return !c.is_broken;
}

struct reading {
    struct og_arena *arena;
    struct og_undo_set *set;
    struct og_undo_table *tables;
    size_t n_tables, max_tables;
    struct og_undo_row *rows;
    size_t n_rows, max_rows;
    const char **partly;
    size_t n_partly, max_partly;
};

static bool read_table(struct reading *reading, struct cursor *c)
{
    struct og_undo_table *table = og_arena_push(reading->arena, &reading->tables, &reading->n_tables,
                                                &reading->max_tables, sizeof(*table));
    struct og_undo_column *columns;

    if (!table)
        return false;
    table->schema = get_text(c, reading->arena);
    table->name = get_text(c, reading->arena);
    table->id = get_u64(c);
    table->n_columns = get_u32(c);
    if (table->n_columns > MAX_COLUMNS)
        c->is_broken = true;
    columns = c->is_broken ? NULL
                           : og_arena_array(reading->arena, table->n_columns + 1, sizeof(*columns));
    if (!columns)
        return false;
    for (size_t i = 0; i < table->n_columns; i++) {
        columns[i].name = get_text(c, reading->arena);
        columns[i].type = get_text(c, reading->arena);
        columns[i].flags = get_u32(c);
    }
    table->columns = columns;
    return !c->is_broken;
}

static size_t n_keys(const struct og_undo_table *table)
{
    size_t n = 0;

    for (size_t i = 0; i < table->n_columns; i++)
        n += (table->columns[i].flags & OG_UNDO_KEY) != 0;
    return n;
}

/* Whether exactly n values stand there. */
static bool holds(struct cursor c, size_t n)
{
    struct og_undo_value value;

    for (size_t i = 0; i < n && !c.is_broken; i++)
        get_value(&c, &value);
    return !c.is_broken && c.at == c.end;
}

static bool read_row(struct reading *reading, struct cursor *c)
{
    struct og_undo_row *row = og_arena_push(reading->arena, &reading->rows, &reading->n_rows,
                                            &reading->max_rows, sizeof(*row));
    size_t n;

    if (!row)
        return false;
    row->table = get_u32(c);
    if (c->is_broken || c->at >= c->end || row->table >= reading->n_tables)
        return false;
    row->change = (enum og_undo_change)*c->at++;
    if (row->change != OG_UNDO_INSERTED && row->change != OG_UNDO_UPDATED &&
        row->change != OG_UNDO_DELETED)
        return false;
    n = row->change == OG_UNDO_INSERTED ? 0 : reading->tables[row->table].n_columns;
    row->before = n ? c->at : NULL;
    return holds(*c, n);
}

/* K and A: more about a row that came before. */
static bool read_more(struct reading *reading, struct cursor *c, char letter)
{
    uint32_t number = get_u32(c);
    const struct og_undo_table *table;
    struct og_undo_row *row;

    if (c->is_broken || number >= reading->n_rows)
        return false;
    row = &reading->rows[number];
    table = &reading->tables[row->table];
    if (letter == 'K') {
        row->key = c->at;
        row->has_key = true;
        return holds(*c, n_keys(table));
    }
    row->after = c->at;
    row->has_after = true;
    return holds(*c, table->n_columns);
}

static bool read_partly(struct reading *reading, struct cursor *c)
{
    const char **text = og_arena_push(reading->arena, &reading->partly, &reading->n_partly,
                                      &reading->max_partly, sizeof(*text));

    if (!text)
        return false;
    *text = get_text(c, reading->arena);
    return !c->is_broken;
}

static bool read_head(struct reading *reading, struct cursor *c)
{
    uint32_t dialect = get_u32(c);

    reading->set->time_zone = get_text(c, reading->arena);
    reading->set->transaction = get_text(c, reading->arena);
    if (c->is_broken || dialect > OG_DIALECT_SQLITE)
        return false;
    reading->set->dialect = (enum og_dialect)dialect;
    return true;
}

static bool read_record(struct reading *reading, char letter, struct cursor *c)
{
    switch (letter) {
    case 'H':
        return read_head(reading, c);
    case 'T':
        return read_table(reading, c);
    case 'R':
        return read_row(reading, c);
    case 'K':
    case 'A':
        return read_more(reading, c, letter);
    case 'P':
        return read_partly(reading, c);
    default:
        return false; /* of a later version: what it means is not known */
    }
}

int og_undo_read(const void *bytes, size_t n_bytes, struct og_arena *arena, struct og_undo_set *out)
{
    struct cursor c = {bytes, (const uint8_t *)bytes + n_bytes, false};
    struct reading reading = {.arena = arena, .set = out};

    *out = (struct og_undo_set){.dialect = OG_DIALECT_NONE, .time_zone = "", .transaction = ""};
    if (n_bytes < MAGIC_BYTES || memcmp(bytes, magic, MAGIC_BYTES) != 0)
        return OG_UNDO_E_BROKEN;
    c.at += MAGIC_BYTES;
    while (c.at < c.end) {
        char letter = (char)*c.at++;
        struct cursor record = c;
        size_t n;

        record.at = (const uint8_t *)get_bytes(&c, &n);
        record.end = record.at + n;
        if (c.is_broken || !read_record(&reading, letter, &record))
            return og_arena_is_failed(arena) ? -ENOMEM : OG_UNDO_E_BROKEN;
    }
    out->tables = reading.tables;
    out->n_tables = reading.n_tables;
    out->rows = reading.rows;
    out->n_rows = reading.n_rows;
    out->partly = reading.partly;
    out->n_partly = reading.n_partly;
    out->end = c.end;
    return og_arena_is_failed(arena) ? -ENOMEM : 0;
}

static bool fill(const struct og_undo_set *set, const struct og_undo_row *row, const uint8_t *at,
                 bool keys_only, bool is_key_record, struct og_undo_value *values)
{
    const struct og_undo_table *table = &set->tables[row->table];
    struct cursor c = {at, set->end, false};

    if (!at)
        return false;
    for (size_t i = 0; i < table->n_columns; i++) {
        bool is_key = (table->columns[i].flags & OG_UNDO_KEY) != 0;
        struct og_undo_value value;

        if (is_key_record && !is_key)
            continue;
        get_value(&c, &value);
        if (!keys_only || is_key)
            values[i] = value;
    }
    return !c.is_broken;
}

bool og_undo_before(const struct og_undo_set *set, const struct og_undo_row *row,
                    struct og_undo_value *values)
{
    return fill(set, row, row->before, false, false, values);
}

bool og_undo_after(const struct og_undo_set *set, const struct og_undo_row *row,
                   struct og_undo_value *values)
{
    return fill(set, row, row->after, false, false, values);
}

bool og_undo_key_before(const struct og_undo_set *set, const struct og_undo_row *row,
                        struct og_undo_value *values)
{
    return fill(set, row, row->before, true, false, values);
}

bool og_undo_key_after(const struct og_undo_set *set, const struct og_undo_row *row,
                       struct og_undo_value *values)
{
    if (row->change == OG_UNDO_DELETED)
        return false;
    if (row->key)
        return fill(set, row, row->key, true, true, values);
    return fill(set, row, row->after, true, false, values);
}

bool og_undo_is_same(const struct og_undo_value *a, const struct og_undo_value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case OG_UNDO_NULL:
        return true;
    case OG_UNDO_INTEGER:
        return a->integer == b->integer;
    case OG_UNDO_REAL: /* bit for bit: -0.0 is another value */
        return memcmp(&a->real, &b->real, sizeof(a->real)) == 0;
    case OG_UNDO_TEXT:
    case OG_UNDO_BLOB:
        return a->n_bytes == b->n_bytes && memcmp(a->bytes, b->bytes, a->n_bytes) == 0;
    }
    return false;
}

size_t og_undo_max_columns(const struct og_undo_set *set)
{
    size_t n = 0;

    for (size_t i = 0; i < set->n_tables; i++)
        n = set->tables[i].n_columns > n ? set->tables[i].n_columns : n;
    return n;
}

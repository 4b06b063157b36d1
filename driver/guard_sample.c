/* SPDX-License-Identifier: MIT */
/* A few of the rows that a rehearsed write changes, as lines of the request: before and after, through the
 * requester's masks. They come by the way that undo sets do (common/undo.h), kept to the first rows of each
 * table. Who asks may read the request too: of a table that it may not read as a whole nothing is shown. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/utf.h"
#include "driver/guard.h"
#include "driver/guard_undo_pg.h"

#define MAX_SET_BYTES (1024u * 1024u)
#define MAX_TEXT_BYTES (6u * 1024u)
#define MAX_VALUE_CHARS 48u
/* Columns of a row that comes or goes. */
#define MAX_ROW_COLUMNS 8u

static bool is_sqlite(const struct og_guard_stmt *stmt)
{
    return stmt->dbc->dialect == OG_DIALECT_SQLITE;
}

/* The least of what the rules that ask say. */
static uint32_t rows_wanted(const struct og_verdict *verdict)
{
    uint32_t n = OG_MAX_SAMPLE_ROWS;

    for (size_t i = 0; i < verdict->n_needs; i++)
        if (verdict->needs[i].n_sample < n)
            n = verdict->needs[i].n_sample;
    return verdict->n_needs ? n : OG_DEFAULT_SAMPLE_ROWS; /* an approver's statement is measured */
}

static void take_flag(void *context, const char *text)
{
    *(bool *)context = strcmp(text, "f") != 0;
}

/* Only where nothing was written before, every version that bears the transaction's number is the write's. */
static bool has_written(struct og_guard_stmt *stmt)
{
    bool has = true;

    if (!stmt->measure.is_inside)
        return false;
    return !og_helper_rows(stmt, "SELECT CASE WHEN pg_catalog.pg_current_xact_id_if_assigned() IS NULL THEN "
                                 "'f' ELSE 't' END", take_flag, &has) || has;
}

void og_sample_begin(struct og_guard_stmt *stmt)
{
    struct og_guard_rehearsal *rehearsal = &stmt->rehearsal;
    uint32_t n = rows_wanted(&stmt->verdict);

    og_sample_drop(stmt);
    if (!n)
        return;
    og_undo_writer_init(&rehearsal->sample, MAX_SET_BYTES);
    rehearsal->sample.max_rows_each = n;
    rehearsal->has_written = !is_sqlite(stmt) && has_written(stmt);
    rehearsal->is_sampling =
        !is_sqlite(stmt) || og_sqlite_undo_begin(stmt->dbc->analyser, &rehearsal->sample) == 0;
}

void og_sample_drop(struct og_guard_stmt *stmt)
{
    struct og_guard_rehearsal *rehearsal = &stmt->rehearsal;

    if (rehearsal->is_sampling && is_sqlite(stmt))
        og_sqlite_undo_end(stmt->dbc->analyser);
    rehearsal->is_sampling = false;
    og_undo_writer_release(&rehearsal->sample);
}

/* ---- values ---- */

struct sample {
    struct og_guard_stmt *stmt;
    struct og_arena arena;
    struct og_undo_set set;
    struct og_mask *masks; /* of the columns of the table at hand */
    struct og_buf *out;
};

static bool is_switched_off(void)
{
#ifdef OG_TEST_FAULT
    return strcmp(OG_TEST_FAULT, "sample-masks") == 0;
#else
    return false;
#endif
}

/* Whether the mask's own text says less than the value in any case, without anything that would have to be
 * remembered. */
static bool is_shown_masked(enum og_mask_kind kind)
{
    return kind == OG_MASK_FIXED || kind == OG_MASK_PARTIAL || kind == OG_MASK_ROUND ||
           kind == OG_MASK_TRUNCATE_DATE || kind == OG_MASK_DETECT;
}

/* The value's text, or a NUL-terminated form of a number in room. */
static const char *text_of(const struct og_undo_value *value, char *room, size_t n_room, size_t *n_bytes)
{
    if (value->kind == OG_UNDO_INTEGER)
        (void)snprintf(room, n_room, "%" PRId64, value->integer);
    else if (value->kind == OG_UNDO_REAL)
        (void)snprintf(room, n_room, "%.15g", value->real);
    else {
        *n_bytes = value->n_bytes;
        return value->bytes;
    }
    *n_bytes = strlen(room);
    return room;
}

/* In quotes and cut; what could end the line or hide is written as a number. */
static void put_quoted(struct og_buf *out, const char *text, size_t n_bytes)
{
    size_t n_shown = og_utf8_cut(text, n_bytes, MAX_VALUE_CHARS);

    og_buf_append_char(out, '"');
    for (size_t i = 0; i < n_shown; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < 0x20 || c == 0x7F || c == '"' || c == '\\')
            og_buf_printf(out, "\\u%04X", c);
        else
            og_buf_append_char(out, (char)c);
    }
    og_buf_append_str(out, n_shown < n_bytes ? "...\"" : "\"");
}

static void put_masked(const struct sample *sample, const struct og_mask *mask, enum og_type_class type,
                       const char *text, size_t n_bytes)
{
    struct og_buf masked;
    bool is_null = true;

    og_buf_init(&masked, MAX_SET_BYTES);
    if (!is_shown_masked(mask->kind) ||
        og_mask_apply(mask, type, text, n_bytes, 0, &masked, &is_null) != 0 || is_null)
        og_buf_append_str(sample->out, "(masked)");
    else
        put_quoted(sample->out, og_buf_str(&masked), masked.n_bytes);
    og_buf_wipe(&masked);
}

static void put_value(const struct sample *sample, const struct og_undo_table *table, size_t column,
                      const struct og_undo_value *value)
{
    const struct og_mask *mask = &sample->masks[column];
    enum og_type_class type = OG_UNDO_CLASS(table->columns[column].flags);
    char room[40];
    size_t n_bytes;
    const char *text;

    if (value->kind == OG_UNDO_NULL) {
        og_buf_append_str(sample->out, mask->kind == OG_MASK_SQL_NULL ? "(masked)" : "null");
        return;
    }
    text = text_of(value, room, sizeof(room), &n_bytes);
    if (mask->kind != OG_MASK_NONE && !is_switched_off())
        put_masked(sample, mask, type, text, n_bytes);
    else if (value->kind == OG_UNDO_BLOB || og_utf8_valid_prefix(text, n_bytes) != n_bytes)
        og_buf_printf(sample->out, "(%zu bytes)", n_bytes);
    else
        put_quoted(sample->out, text, n_bytes);
    explicit_bzero(room, sizeof(room));
}

/* ---- rows ---- */

static void put_column(const struct sample *sample, const struct og_undo_table *table, size_t column,
                       const struct og_undo_value *value)
{
    og_buf_append_str(sample->out, table->columns[column].name);
    og_buf_append_char(sample->out, '=');
    put_value(sample, table, column, value);
}

static void put_key(const struct sample *sample, const struct og_undo_table *table,
                    const struct og_undo_value *values)
{
    const char *joint = "";

    for (size_t i = 0; i < table->n_columns; i++) {
        if (!(table->columns[i].flags & OG_UNDO_KEY))
            continue;
        og_buf_append_str(sample->out, joint);
        put_column(sample, table, i, &values[i]);
        joint = ", ";
    }
}

static void put_change(const struct sample *sample, const struct og_undo_table *table,
                       const struct og_undo_value *before, const struct og_undo_value *after)
{
    const char *joint = " changes ";

    put_key(sample, table, before);
    for (size_t i = 0; i < table->n_columns; i++) {
        if (og_undo_is_same(&before[i], &after[i]))
            continue;
        og_buf_printf(sample->out, "%s%s from ", joint, table->columns[i].name);
        put_value(sample, table, i, &before[i]);
        og_buf_append_str(sample->out, " to ");
        put_value(sample, table, i, &after[i]);
        joint = ", ";
    }
    if (strcmp(joint, ", ") != 0)
        og_buf_append_str(sample->out, " stays as it is");
}

static void put_whole(const struct sample *sample, const struct og_undo_table *table,
                      const struct og_undo_value *values, const char *what)
{
    const char *joint = ": ";
    size_t n = 0;

    put_key(sample, table, values);
    og_buf_append_str(sample->out, what);
    for (size_t i = 0; i < table->n_columns && n < MAX_ROW_COLUMNS; i++) {
        if (table->columns[i].flags & OG_UNDO_KEY)
            continue;
        og_buf_append_str(sample->out, joint);
        put_column(sample, table, i, &values[i]);
        joint = ", ";
        n++;
    }
}

static void put_row(struct sample *sample, const struct og_undo_row *row)
{
    const struct og_undo_table *table = &sample->set.tables[row->table];
    struct og_undo_value *before = og_arena_array(&sample->arena, table->n_columns, sizeof(*before));
    struct og_undo_value *after = og_arena_array(&sample->arena, table->n_columns, sizeof(*after));
    bool has_before, has_after;

    if (!before || !after)
        return;
    has_before = og_undo_before(&sample->set, row, before);
    has_after = og_undo_after(&sample->set, row, after);
    if (!has_before && !has_after)
        return; /* came and went */
    og_buf_printf(sample->out, "%s.%s: ", table->schema, table->name);
    if (has_before && has_after)
        put_change(sample, table, before, after);
    else
        put_whole(sample, table, has_before ? before : after,
                  has_after ? " is new" : row->change == OG_UNDO_UPDATED ? " changes and goes" : " goes");
    og_buf_append_char(sample->out, '\n');
}

/* ---- tables ---- */

/* What is clear is looked through as everything else that leaves is. */
static bool read_masks(struct sample *sample, const struct og_undo_table *table)
{
    sample->masks = og_arena_array(&sample->arena, table->n_columns, sizeof(*sample->masks));
    for (size_t i = 0; sample->masks && i < table->n_columns; i++)
        if (!og_verdict_column_mask(sample->stmt, table->schema, table->name, table->columns[i].name,
                                    &sample->masks[i]))
            sample->masks[i] = sample->stmt->verdict.detect;
    return sample->masks;
}

static bool may_read(struct og_guard_stmt *stmt, const struct og_undo_table *table)
{
    struct og_measured_table named = {.inserted = 1};
    struct og_measured one = {.tables = &named, .n_tables = 1};
    char name[512];

    (void)snprintf(name, sizeof(name), "%s.%s", table->schema, table->name);
    named.name = name;
    return og_verdict_may_read(stmt, &one);
}

static void put_table(struct sample *sample, uint32_t number)
{
    const struct og_undo_table *table = &sample->set.tables[number];

    if (!may_read(sample->stmt, table)) {
        og_buf_printf(sample->out, "%s.%s: its rows are not shown, as the requester may not read all of it\n",
                      table->schema, table->name);
        return;
    }
    if (!read_masks(sample, table))
        return;
    for (size_t i = 0; i < sample->set.n_rows; i++)
        if (sample->set.rows[i].table == number)
            put_row(sample, &sample->set.rows[i]);
}

/* Whole lines of text, as many as there is room for. */
static void put_lines(struct og_buf *notes, const struct og_buf *lines)
{
    const char *text = og_buf_str(lines), *end = og_buf_is_failed(lines) ? strrchr(text, '\n') : NULL;

    og_buf_append(notes, text, end ? (size_t)(end + 1 - text) : lines->n_bytes);
    if (og_buf_is_failed(lines))
        og_buf_append_str(notes, "(more rows are not shown)\n");
}

static void tell(struct og_guard_stmt *stmt)
{
    struct og_undo_writer *writer = &stmt->rehearsal.sample;
    struct sample sample = {.stmt = stmt};
    struct og_buf lines;

    og_arena_init(&sample.arena, 4u * MAX_SET_BYTES);
    og_buf_init(&lines, MAX_TEXT_BYTES);
    sample.out = &lines;
    if (og_undo_read(writer->out.bytes, writer->out.n_bytes, &sample.arena, &sample.set) == 0)
        for (uint32_t i = 0; i < sample.set.n_tables; i++)
            put_table(&sample, i);
    put_lines(&stmt->rehearsal.notes, &lines);
    og_buf_wipe(&lines);
    og_arena_release(&sample.arena);
}

void og_sample_end(struct og_guard_stmt *stmt)
{
    struct og_guard_rehearsal *rehearsal = &stmt->rehearsal;
    const char *why;
    int r;

    if (!rehearsal->is_sampling)
        return;
    if (is_sqlite(stmt))
        r = og_sqlite_undo_finish(stmt->dbc->analyser, &why);
    else
        r = og_undo_pg_sample(stmt, &rehearsal->sample, &why);
    if (r == 0 && !og_undo_writer_is_failed(&rehearsal->sample))
        tell(stmt);
    else
        og_buf_printf(&rehearsal->notes, "no rows are shown, because %s\n",
                      *why ? why : "they are too large for a request");
    og_sample_drop(stmt);
}

/* SPDX-License-Identifier: MIT */
/* undo_text.c - an undo set as people read it. */
#include "common/undo.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void put_name(struct og_buf *out, const char *name)
{
    og_buf_append_char(out, '"');
    for (; *name; name++) {
        if (*name == '"')
            og_buf_append_char(out, '"');
        og_buf_append_char(out, *name == '\n' || *name == '\r' ? ' ' : *name);
    }
    og_buf_append_char(out, '"');
}

static void put_table(struct og_buf *out, const struct og_undo_table *table)
{
    put_name(out, table->schema);
    og_buf_append_char(out, '.');
    put_name(out, table->name);
}

static void put_reference(struct og_buf *out, size_t row, const char *column)
{
    og_buf_printf(out, "{%zu.", row + 1);
    for (; *column; column++)
        og_buf_append_char(out, *column == '}' || *column == '\n' || *column == '\r' ? '_' : *column);
    og_buf_append_char(out, '}');
}

/* A whole number of a size that keys have. */
static bool is_whole(const struct og_undo_value *value)
{
    size_t n = value->n_bytes;

    if (value->kind == OG_UNDO_INTEGER)
        return true;
    if (value->kind != OG_UNDO_TEXT || n == 0 || n > 19)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((value->bytes[i] < '0' || value->bytes[i] > '9') &&
            !(i == 0 && n > 1 && value->bytes[i] == '-'))
            return false;
    return true;
}

static void put_key_value(struct og_buf *out, size_t row, const struct og_undo_column *column,
                          const struct og_undo_value *value, bool is_hidden)
{
    if (is_hidden || !is_whole(value))
        put_reference(out, row, column->name);
    else if (value->kind == OG_UNDO_INTEGER)
        og_buf_printf(out, "%" PRId64, value->integer);
    else
        og_buf_append(out, value->bytes, value->n_bytes);
}

struct view {
    const struct og_undo_set *set;
    og_undo_is_hidden *is_hidden;
    void *context;
};

static bool hides(const struct view *view, const struct og_undo_table *table, size_t column)
{
    return view->is_hidden && view->is_hidden(view->context, table, &table->columns[column]);
}

static void put_where(const struct view *view, size_t number, const struct og_undo_value *values,
                      const char *joint, struct og_buf *out)
{
    const struct og_undo_table *table = &view->set->tables[view->set->rows[number].table];
    bool is_first = true;

    for (size_t i = 0; i < table->n_columns; i++) {
        if (!(table->columns[i].flags & OG_UNDO_KEY))
            continue;
        og_buf_append_str(out, is_first ? "" : joint);
        is_first = false;
        put_name(out, table->columns[i].name);
        og_buf_append_str(out, " = ");
        put_key_value(out, number, &table->columns[i], &values[i], hides(view, table, i));
    }
}

static void put_set(const struct og_undo_set *set, size_t number,
                    const struct og_undo_value *before, const struct og_undo_value *after,
                    struct og_buf *out)
{
    const struct og_undo_table *table = &set->tables[set->rows[number].table];
    bool is_first = true;

    for (size_t i = 0; i < table->n_columns; i++) {
        if (after && og_undo_is_same(&before[i], &after[i]))
            continue;
        og_buf_append_str(out, is_first ? " SET " : ", ");
        is_first = false;
        put_name(out, table->columns[i].name);
        og_buf_append_str(out, " = ");
        put_reference(out, number, table->columns[i].name);
    }
    if (is_first)
        og_buf_append_str(out, " SET nothing");
}

static void put_insert(const struct view *view, size_t number, const struct og_undo_value *before,
                       struct og_buf *out)
{
    const struct og_undo_table *table = &view->set->tables[view->set->rows[number].table];
    const char *joint = " (";

    for (size_t i = 0; i < table->n_columns; i++) {
        og_buf_append_str(out, joint);
        put_name(out, table->columns[i].name);
        joint = ", ";
    }
    og_buf_append_str(out, ") VALUES");
    joint = " (";
    for (size_t i = 0; i < table->n_columns; i++) {
        og_buf_append_str(out, joint);
        if (table->columns[i].flags & OG_UNDO_KEY)
            put_key_value(out, number, &table->columns[i], &before[i], hides(view, table, i));
        else
            put_reference(out, number, table->columns[i].name);
        joint = ", ";
    }
    og_buf_append_char(out, ')');
}

static void render_row(const struct view *view, size_t number, struct og_buf *out)
{
    const struct og_undo_row *row = &view->set->rows[number];
    const struct og_undo_table *table = &view->set->tables[row->table];
    struct og_undo_value *before = calloc(2 * table->n_columns + 1, sizeof(*before));
    struct og_undo_value *after = before ? before + table->n_columns : NULL;

    if (!before) {
        out->is_failed = true;
        return;
    }
    (void)og_undo_before(view->set, row, before);
    switch (row->change) {
    case OG_UNDO_INSERTED:
        og_buf_append_str(out, "DELETE FROM ");
        put_table(out, table);
        og_buf_append_str(out, " WHERE ");
        (void)og_undo_key_after(view->set, row, after);
        put_where(view, number, after, " AND ", out);
        break;
    case OG_UNDO_UPDATED:
        og_buf_append_str(out, "UPDATE ");
        put_table(out, table);
        put_set(view->set, number, before,
                og_undo_after(view->set, row, after) ? after : NULL, out);
        og_buf_append_str(out, " WHERE ");
        (void)og_undo_key_after(view->set, row, after);
        put_where(view, number, after, " AND ", out);
        break;
    case OG_UNDO_DELETED:
        og_buf_append_str(out, "INSERT INTO ");
        put_table(out, table);
        put_insert(view, number, before, out);
        break;
    }
    og_buf_printf(out, "; -- row %zu", number + 1);
    free(before);
}

void og_undo_render_row(const struct og_undo_set *set, size_t row, og_undo_is_hidden *is_hidden,
                        void *context, struct og_buf *out)
{
    const struct view view = {set, is_hidden, context};

    render_row(&view, row, out);
}

void og_undo_render_sql(const struct og_undo_set *set, const char *id, og_undo_is_hidden *is_hidden,
                        void *context, struct og_buf *out)
{
    const struct view view = {set, is_hidden, context};

    og_buf_printf(out, "-- %s: what taking it back would do. No text of this file is ever run: {n.column}\n"
                       "-- stands for a value of the sealed set. To take back some rows only, keep their\n"
                       "-- lines and copy that to `apply`.\n", id);
    for (size_t i = 0; i < set->n_partly; i++) {
        og_buf_append_str(out, "-- not in here: ");
        for (const char *c = set->partly[i]; *c; c++)
            og_buf_append_char(out, *c == '\n' ? ' ' : *c);
        og_buf_append_char(out, '\n');
    }
    for (size_t i = set->n_rows; i-- > 0 && !og_buf_is_failed(out);) {
        render_row(&view, i, out);
        og_buf_append_char(out, '\n');
    }
}

void og_undo_render_key(const struct og_undo_set *set, size_t number, og_undo_is_hidden *is_hidden,
                        void *context, struct og_buf *out)
{
    const struct view view = {set, is_hidden, context};
    const struct og_undo_row *row = &set->rows[number];
    struct og_undo_value *values =
        calloc(set->tables[row->table].n_columns + 1, sizeof(*values));

    if (!values) {
        out->is_failed = true;
        return;
    }
    if (og_undo_key_after(set, row, values) || og_undo_key_before(set, row, values))
        put_where(&view, number, values, " and ", out);
    free(values);
}

/* ---- before.jsonl ---- */

static void put_json_chars(struct og_buf *out, const char *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (c == '"' || c == '\\')
            og_buf_append_char(out, '\\');
        if (c < 0x20)
            og_buf_printf(out, "\\u%04x", c);
        else
            og_buf_append_char(out, (char)c);
    }
}

static void put_json_text(struct og_buf *out, const char *bytes, size_t n_bytes)
{
    og_buf_append_char(out, '"');
    put_json_chars(out, bytes, n_bytes);
    og_buf_append_char(out, '"');
}

static void put_json_str(struct og_buf *out, const char *text)
{
    put_json_text(out, text, strlen(text));
}

static void put_json_value(struct og_buf *out, const struct og_undo_value *value)
{
    switch (value->kind) {
    case OG_UNDO_NULL:
        og_buf_append_str(out, "null");
        break;
    case OG_UNDO_INTEGER:
        og_buf_printf(out, "%" PRId64, value->integer);
        break;
    case OG_UNDO_REAL:
        if (isfinite(value->real))
            og_buf_printf(out, "%.17g", value->real);
        else
            og_buf_append_str(out, value->real > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        break;
    case OG_UNDO_TEXT:
        put_json_text(out, value->bytes, value->n_bytes);
        break;
    case OG_UNDO_BLOB:
        og_buf_append_str(out, "{\"hex\":\"");
        for (size_t i = 0; i < value->n_bytes; i++)
            og_buf_printf(out, "%02x", (unsigned char)value->bytes[i]);
        og_buf_append_str(out, "\"}");
        break;
    }
}

static void put_json_values(const struct view *view, const struct og_undo_table *table,
                            const struct og_undo_value *values, bool keys_only, struct og_buf *out)
{
    const char *joint = "";

    og_buf_append_char(out, '{');
    for (size_t i = 0; i < table->n_columns; i++) {
        if (keys_only && !(table->columns[i].flags & OG_UNDO_KEY))
            continue;
        og_buf_append_str(out, joint);
        joint = ",";
        put_json_str(out, table->columns[i].name);
        og_buf_append_char(out, ':');
        if (hides(view, table, i) && values[i].kind != OG_UNDO_NULL)
            og_buf_append_str(out, "{\"masked\":true}");
        else
            put_json_value(out, &values[i]);
    }
    og_buf_append_char(out, '}');
}

static const char *change_word(enum og_undo_change change)
{
    return change == OG_UNDO_INSERTED ? "insert" : change == OG_UNDO_UPDATED ? "update" : "delete";
}

static void render_before(const struct view *view, size_t number, struct og_undo_value *values,
                          struct og_buf *out)
{
    const struct og_undo_row *row = &view->set->rows[number];
    const struct og_undo_table *table = &view->set->tables[row->table];

    og_buf_printf(out, "{\"row\":%zu,\"change\":\"%s\",\"table\":\"", number + 1,
                  change_word(row->change));
    put_json_chars(out, table->schema, strlen(table->schema));
    og_buf_append_char(out, '.');
    put_json_chars(out, table->name, strlen(table->name));
    og_buf_append_str(out, "\",\"key\":");
    if (og_undo_key_before(view->set, row, values) || og_undo_key_after(view->set, row, values))
        put_json_values(view, table, values, true, out);
    else
        og_buf_append_str(out, "{}");
    og_buf_append_str(out, ",\"before\":");
    if (og_undo_before(view->set, row, values))
        put_json_values(view, table, values, false, out);
    else
        og_buf_append_str(out, "null");
    og_buf_append_str(out, "}\n");
}

void og_undo_render_before(const struct og_undo_set *set, og_undo_is_hidden *is_hidden,
                           void *context, struct og_buf *out)
{
    const struct view view = {set, is_hidden, context};
    struct og_undo_value *values = calloc(og_undo_max_columns(set) + 1, sizeof(*values));

    if (!values)
        out->is_failed = true;
    for (size_t i = 0; values && i < set->n_rows && !og_buf_is_failed(out); i++)
        render_before(&view, i, values, out);
    free(values);
}

/* ---- picking rows ---- */

static bool read_number(const char **at, size_t *out)
{
    size_t n = strspn(*at, "0123456789");

    *out = 0;
    if (n == 0 || n > 9)
        return false;
    for (size_t i = 0; i < n; i++)
        *out = *out * 10 + (size_t)((*at)[i] - '0');
    *at += n;
    return true;
}

int og_undo_pick(const char *text, bool *picked, size_t n_rows)
{
    size_t first, last;

    do {
        if (!read_number(&text, &first))
            return -EINVAL;
        last = first;
        if (*text == '-' && (text++, !read_number(&text, &last)))
            return -EINVAL;
        if (first < 1 || last < first || last > n_rows)
            return -EINVAL;
        for (size_t i = first; i <= last; i++)
            picked[i - 1] = true;
    } while (*text == ',' && *++text);
    return *text ? -EINVAL : 0;
}

/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "driver/cconv.h"
#include "driver/guard.h"

struct og_positioned {
    struct og_guard_stmt judged; /* the statement that the write stands for */
    enum og_positioned_kind kind;
    SQLULEN n_rows;
};

static const char *const words[] = {
    [OG_POSITIONED_UPDATE] = "UPDATE",
    [OG_POSITIONED_DELETE] = "DELETE",
    [OG_POSITIONED_INSERT] = "INSERT",
};

/* What cannot be turned into a statement: said through the facts, so that it is decided and recorded
 * like any statement that was not understood. */
static bool give_up(struct og_guard_stmt *judged, const char *what, const char *instead)
{
    og_facts_refuse(&judged->facts, SIZE_MAX, what, instead);
    judged->has_facts = true;
    judged->facts_version = judged->dbc->catalog_version;
    return false;
}

#define SEND_IT "send it as a statement of its own"

/* ---- which table ---- */

/* The one table that the open result comes from. */
static const struct og_object *find_table(const struct og_guard_stmt *stmt, size_t *out_index)
{
    const struct og_object *table = NULL;

    for (size_t i = 0; i < stmt->facts.n_objects; i++) {
        const struct og_object *object = &stmt->facts.objects[i];

        if (object->kind != OG_OBJECT_TABLE && object->kind != OG_OBJECT_VIEW &&
            object->kind != OG_OBJECT_MATERIALISED_VIEW)
            continue;
        if (table || object->kind != OG_OBJECT_TABLE || object->is_catalog)
            return NULL;
        table = object;
        *out_index = i;
    }
    return table;
}

/* The base column of a result column; NULL where it is no plain column of that table. */
static const char *find_column(const struct og_guard_stmt *stmt, size_t table, size_t index)
{
    const struct og_fact_result *result;
    const struct og_fact_column *column;

    if (index >= stmt->facts.n_results)
        return NULL;
    result = &stmt->facts.results[index];
    if (result->n_sources != 1 || !result->sources[0].is_copied)
        return NULL;
    column = &stmt->facts.columns[result->sources[0].column];
    return column->object == table ? column->name : NULL;
}

/* ---- which columns ---- */

static SQLLEN length_at(const struct og_rowset *rowset, const struct og_guard_binding *binding,
                        SQLULEN row)
{
    const SQLLEN *length = og_rowset_cell(rowset, binding->length, row, sizeof(SQLLEN));

    return length ? *length : SQL_COLUMN_IGNORE;
}

/* Whether the driver writes this bound column for some row of the write. SQLite's driver knows no
 * columns to leave out. */
static bool is_written(const struct og_guard_stmt *stmt, const struct og_rowset *rowset,
                       const struct og_guard_binding *binding,
                       const struct og_positioned_write *write)
{
    if (binding->column == 0 || binding->column > stmt->facts.n_results)
        return false;
    if (!og_rowset_has_descriptors(stmt))
        return true;
    for (SQLULEN row = write->first; row < write->first + write->n_rows; row++)
        if (length_at(rowset, binding, row) != SQL_COLUMN_IGNORE)
            return true;
    return false;
}

static void quote(struct og_buf *out, const char *name)
{
    og_buf_append_char(out, '"');
    for (; *name; name++) {
        if (*name == '"')
            og_buf_append_char(out, '"');
        og_buf_append_char(out, *name);
    }
    og_buf_append_char(out, '"');
}

static void quote_table(struct og_buf *out, const struct og_object *table)
{
    if (table->schema[0]) {
        quote(out, table->schema);
        og_buf_append_char(out, '.');
    }
    quote(out, table->name);
}

/* The columns that are written, each with before and after round it.
 * Returns their number, or SIZE_MAX where one is no plain column of the table. */
static size_t list_written(const struct og_guard_stmt *stmt, const struct og_rowset *rowset,
                           const struct og_positioned_write *write, size_t table,
                           const char *after, struct og_buf *out)
{
    size_t n = 0;

    for (size_t i = 0; i < rowset->bindings->n_items; i++) {
        const struct og_guard_binding *binding = &rowset->bindings->items[i];
        const char *name;

        if (!is_written(stmt, rowset, binding, write))
            continue;
        name = find_column(stmt, table, binding->column - 1u);
        if (!name)
            return SIZE_MAX;
        og_buf_append_str(out, n++ ? ", " : "");
        quote(out, name);
        og_buf_append_str(out, after);
    }
    return n;
}

/* How the driver finds the row: psqlODBC by its place, SQLite's driver by the key's columns or the row
 * id, of which any that the result has may be one. */
static void add_place(const struct og_guard_stmt *stmt, size_t table, struct og_buf *out)
{
    size_t n = 0;

    if (og_rowset_has_descriptors(stmt)) {
        og_buf_append_str(out, " WHERE ctid = ?");
        return;
    }
    for (size_t i = 0; i < stmt->facts.n_results; i++) {
        const char *name = find_column(stmt, table, i);

        if (!name || og_is_masked_column(stmt, (SQLUSMALLINT)(i + 1)))
            continue;
        og_buf_append_str(out, n++ ? " AND " : " WHERE ");
        quote(out, name);
        og_buf_append_str(out, " = ?");
    }
}

/* The statement that the write stands for. Returns false where there is none. */
static bool make_text(struct og_guard_stmt *stmt, struct og_guard_stmt *judged,
                      const struct og_rowset *rowset, const struct og_positioned_write *write,
                      struct og_buf *out)
{
    size_t index = 0, n = 1;
    const struct og_object *table = find_table(stmt, &index);

    if (stmt->facts.refusal.what)
        return give_up(judged, "a write through a result that was not understood", SEND_IT);
    if (!table)
        return give_up(judged, "a write through a result that is not of one table alone", SEND_IT);
    switch (write->kind) {
    case OG_POSITIONED_DELETE:
        og_buf_append_str(out, "DELETE FROM ");
        quote_table(out, table);
        break;
    case OG_POSITIONED_UPDATE:
        og_buf_append_str(out, "UPDATE ");
        quote_table(out, table);
        og_buf_append_str(out, " SET ");
        n = list_written(stmt, rowset, write, index, " = ?", out);
        break;
    case OG_POSITIONED_INSERT:
        og_buf_append_str(out, "INSERT INTO ");
        quote_table(out, table);
        og_buf_append_str(out, " (");
        n = list_written(stmt, rowset, write, index, "", out);
        og_buf_append_str(out, ") VALUES (");
        for (size_t i = 0; n != SIZE_MAX && i < n; i++)
            og_buf_append_str(out, i ? ", ?" : "?");
        og_buf_append_char(out, ')');
        break;
    }
    if (n == SIZE_MAX)
        return give_up(judged, "a write to a result column that is not a plain column of the table",
                       "leave the column out (SQL_COLUMN_IGNORE), or " SEND_IT);
    if (write->kind != OG_POSITIONED_INSERT)
        add_place(stmt, index, out);
    return true;
}

/* psqlODBC says which table it will write to: it must be the one that was judged. */
static bool agrees(struct og_guard_stmt *stmt, const struct og_rowset *rowset,
                   const struct og_positioned_write *write)
{
    size_t index = 0;
    const struct og_object *table = find_table(stmt, &index);

    if (!og_rowset_has_descriptors(stmt) || !table)
        return true;
    for (size_t i = 0; i < rowset->bindings->n_items; i++) {
        const struct og_guard_binding *binding = &rowset->bindings->items[i];

        if (is_written(stmt, rowset, binding, write) &&
            !og_rows_is_base(stmt, binding->column, table->name,
                             find_column(stmt, index, binding->column - 1u)))
            return false;
    }
    return true;
}

/* ---- judging ---- */

static SQLRETURN judge(struct og_guard_stmt *stmt, struct og_guard_stmt *judged,
                       const struct og_rowset *rowset, const struct og_positioned_write *write)
{
    struct og_buf text;
    SQLRETURN code = SQL_SUCCESS;

    judged->api = write->api;
    judged->facts.kind = words[write->kind];
    og_buf_init(&text, OG_MAX_SQL_BYTES);
    if (make_text(stmt, judged, rowset, write, &text)) {
        if (agrees(stmt, rowset, write))
            code = og_guard_text_take(judged, og_buf_str(&text), (SQLINTEGER)text.n_bytes, false);
        else
            (void)give_up(judged, "a write to a table that the real driver names otherwise",
                          SEND_IT);
    }
    og_buf_release(&text);
    judged->api = write->api;
    if (code == SQL_SUCCESS)
        code = og_gate_judge(judged);
    return code == SQL_SUCCESS ? og_undo_ask(judged) : code;
}

static SQLRETURN refuse_approval(struct og_guard_stmt *judged)
{
    return og_gate_refuse(judged, "approval",
                          "This write needs an approval, which is bound to one statement and its "
                          "values. Send it as a statement of its own to have it asked for");
}

static SQLRETURN pass(struct og_guard_stmt *stmt, struct og_positioned *positioned,
                      const struct og_rowset *rowset, const struct og_positioned_write *write)
{
    struct og_guard_stmt *judged = &positioned->judged;
    SQLRETURN code = judge(stmt, judged, rowset, write);

    if (code != SQL_SUCCESS)
        return code;
    if (judged->verdict.kind == OG_VERDICT_APPROVE)
        return refuse_approval(judged);
    for (size_t i = 0; i < rowset->bindings->n_items; i++) {
        const struct og_guard_binding *binding = &rowset->bindings->items[i];

        if (write->kind == OG_POSITIONED_DELETE || !is_written(stmt, rowset, binding, write) ||
            !og_is_masked_column(stmt, binding->column))
            continue;
        for (SQLULEN row = write->first; row < write->first + write->n_rows; row++)
            if (!og_masked_may_store(stmt, rowset, binding, row,
                                     write->kind == OG_POSITIONED_INSERT))
                return og_gate_refuse(
                    judged, "masked",
                    "The write would store what a mask shows in the place of the value. Leave the "
                    "masked column out (SQL_COLUMN_IGNORE), or send the statement with a new value");
    }
    return og_gate_pass(judged);
}

/* ---- running ---- */

static void take_records(struct og_guard_stmt *stmt, struct og_guard_stmt *judged)
{
    for (size_t i = 0; i < judged->object.diag.n_records; i++) {
        const struct og_diag_record *record = &judged->object.diag.records[i];

        og_diag_add_raw(&stmt->object.diag, record->sqlstate, record->native, record->text);
    }
    og_diag_clear(&judged->object.diag);
}

static void free_positioned(struct og_positioned *positioned)
{
    og_guard_stmt_release(&positioned->judged);
    free(positioned);
}

/* It changed more rows than the rules allow and was taken back: says so as its rules do. The result
 * went with it. */
static SQLRETURN refuse_rows(struct og_guard_stmt *stmt, struct og_guard_stmt *judged)
{
    stmt->columns = NULL;
    stmt->n_columns = 0;
    if (og_gate_judge(judged) == SQL_SUCCESS && judged->verdict.kind == OG_VERDICT_APPROVE)
        return refuse_approval(judged);
    return SQL_ERROR;
}

/* After the real driver answered; frees the write unless it wants data. */
static SQLRETURN settle(struct og_guard_stmt *stmt, struct og_positioned *positioned,
                        SQLRETURN code)
{
    struct og_guard_stmt *judged = &positioned->judged;

    og_run_permitted(judged);
    if (code == SQL_NEED_DATA) {
        og_measure_drop(judged);
        stmt->positioned = positioned;
        return og_guard_below(stmt, code);
    }
    stmt->positioned = NULL;
    code = og_measure_settle(judged, og_guard_below(judged, code));
    if (SQL_SUCCEEDED(code))
        judged->n_rows = positioned->n_rows;
    og_gate_finish(judged, code);
    if (og_measure_again(judged)) {
        code = refuse_rows(stmt, judged);
        judged->object.shows_below = false; /* the real driver knows of no error */
    }
    stmt->object.shows_below = judged->object.shows_below;
    take_records(stmt, judged);
    free_positioned(positioned);
    return code;
}

static SQLRETURN enter(struct og_positioned *positioned)
{
    SQLRETURN code = og_measure_begin(&positioned->judged);

    if (code != SQL_SUCCESS)
        return code;
    code = og_run_permit(&positioned->judged);
    if (code != SQL_SUCCESS)
        og_measure_drop(&positioned->judged);
    return code;
}

SQLRETURN og_positioned_run(struct og_guard_stmt *stmt, const struct og_positioned_write *write)
{
    struct og_positioned *positioned = malloc(sizeof(*positioned));
    struct og_rowset rowset;
    SQLRETURN code;

    if (!positioned || og_rowset_read(stmt, write->is_extended, &rowset) != SQL_SUCCESS) {
        free(positioned);
        og_diag_add_state(&stmt->object.diag, "HY001", "[odbcguard] memory allocation error");
        return SQL_ERROR;
    }
    og_guard_stmt_init(&positioned->judged, stmt->dbc, stmt->object.below);
    positioned->kind = write->kind;
    positioned->n_rows = write->n_rows;
    code = pass(stmt, positioned, &rowset, write);
    if (code == SQL_SUCCESS)
        code = enter(positioned);
    if (code == SQL_SUCCESS)
        return settle(stmt, positioned, write->call(stmt, write->context));
    og_gate_finish(&positioned->judged, SQL_ERROR);
    take_records(stmt, &positioned->judged);
    free_positioned(positioned);
    return SQL_ERROR;
}

SQLRETURN og_positioned_go_on(struct og_guard_stmt *stmt, SQLPOINTER *token)
{
    struct og_positioned *positioned = stmt->positioned;

    if (enter(positioned) == SQL_SUCCESS)
        return settle(stmt, positioned,
                      stmt->object.calls->SQLParamData(stmt->object.below, token));
    take_records(stmt, &positioned->judged);
    return SQL_ERROR;
}

void og_positioned_drop(struct og_guard_stmt *stmt)
{
    if (!stmt->positioned)
        return;
    og_gate_finish(&stmt->positioned->judged, SQL_ERROR);
    free_positioned(stmt->positioned);
    stmt->positioned = NULL;
}

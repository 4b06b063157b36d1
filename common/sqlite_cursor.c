/* SPDX-License-Identifier: MIT */
/* sqlite_cursor.c - what the cursors of a program read and keep. A cursor number counts as
 * everything it is ever opened as. */
#include "common/sqlite_parts.h"

#include <stdlib.h>
#include <string.h>

#define P2_IS_REGISTER 0x10 /* of OpenRead and OpenWrite */
#define MAX_CURSORS 100000

static struct og_sq_cursor *cursor_of(struct og_sq_run *run, int number)
{
    struct og_sq_program *program = &run->programs[run->program];

    if (number >= 0 && (size_t)number < program->n_cursors)
        return &program->cursors[number];
    return NULL;
}

struct og_sq_cursor *og_sq_cursor(struct og_sq_run *run, int number)
{
    struct og_sq_cursor *cursor = cursor_of(run, number);

    for (unsigned i = 0; cursor && cursor->same_as >= 0 && i < 64; i++) {
        struct og_sq_cursor *shared = cursor_of(run, cursor->same_as);

        if (!shared || shared == cursor)
            break;
        cursor = shared;
    }
    if (!cursor || !cursor->kinds) {
        og_facts_refuse(run->facts, SIZE_MAX, "a program of this engine that is not understood",
                        NULL);
        return NULL;
    }
    return cursor;
}

static void add_table(struct og_sq_run *run, struct og_sq_cursor *cursor, size_t table)
{
    size_t *slot;

    for (size_t i = 0; i < cursor->n_tables; i++)
        if (cursor->tables[i] == table)
            return;
    slot = og_arena_push(run->arena, &cursor->tables, &cursor->n_tables, &cursor->max_tables,
                         sizeof(*slot));
    if (slot)
        *slot = table;
}

static bool open_index(struct og_sq_run *run, struct og_sq_cursor *cursor,
                       const struct og_sq_op *op, const char *schema)
{
    for (size_t i = 0; run->place != OG_SQ_SHADOW && i < run->schema->n_indexes; i++) {
        const struct og_sq_index *index = &run->schema->indexes[i];
        int root = run->place == OG_SQ_LIVE ? index->root : index->copy_root;

        if (root != op->p2 || root <= 0 || strcmp(index->schema, schema) != 0)
            continue;
        if (cursor->index && cursor->index != i + 1)
            return false;
        cursor->kinds |= OG_SQ_CURSOR_INDEX;
        cursor->index = i + 1;
        return true;
    }
    return false;
}

static void open_table(struct og_sq_run *run, struct og_sq_cursor *cursor,
                       const struct og_sq_op *op)
{
    const char *schema = op->p3 == 0 ? "main" : op->p3 == 1 ? "temp" : NULL;

    if (op->p5 & P2_IS_REGISTER) {
        cursor->kinds |= OG_SQ_CURSOR_NEW_TABLE;
        return;
    }
    for (size_t i = 0; schema && i < run->schema->n_tables; i++) {
        const struct og_sq_table *table = &run->schema->tables[i];
        int root = run->place == OG_SQ_LIVE      ? table->live_root
                   : run->place == OG_SQ_INDEXED ? table->copy_root
                                                 : table->root;

        if (root == op->p2 && root > 0 && strcmp(table->schema, schema) == 0) {
            cursor->kinds |= OG_SQ_CURSOR_TABLE;
            add_table(run, cursor, i);
            return;
        }
    }
    if (schema && open_index(run, cursor, op, schema))
        return;
    /* maintenance walks what virtual tables keep too; nobody else reads that unrefused */
    if (run->ignores_catalog && run->schema->n_virtual) {
        cursor->kinds |= OG_SQ_CURSOR_KEPT;
        return;
    }
    og_facts_refuse(run->facts, SIZE_MAX, "a table of this engine that cannot be named", NULL);
}

/* k(3,...) -> 3; anything else 0. */
static int key_count(const char *p4)
{
    return strncmp(p4, "k(", 2) == 0 ? atoi(p4 + 2) : 0;
}

static void open_one(struct og_sq_run *run, const struct og_sq_op *op)
{
    struct og_sq_cursor *cursor = cursor_of(run, op->p1);
    int n_keys = key_count(op->p4);

    if (!cursor)
        return;
    if (strcmp(op->name, "OpenRead") == 0 || strcmp(op->name, "OpenWrite") == 0 ||
        strcmp(op->name, "ReopenIdx") == 0) {
        open_table(run, cursor, op);
        return;
    }
    if (strcmp(op->name, "OpenDup") == 0) {
        cursor->kinds |= OG_SQ_CURSOR_KEPT;
        if (cursor->same_as >= 0 && cursor->same_as != op->p2)
            og_facts_refuse(run->facts, SIZE_MAX,
                            "a program of this engine that is not understood", NULL);
        cursor->same_as = op->p2;
        run->has_dup = true;
        return;
    }
    if (strcmp(op->name, "VOpen") == 0) {
        size_t table = og_sq_virtual_find(run->schema, op->p4, run->place);

        cursor->kinds |= OG_SQ_CURSOR_VIRTUAL;
        if (table != SIZE_MAX)
            add_table(run, cursor, table);
        return;
    }
    if (strcmp(op->name, "OpenPseudo") == 0) {
        if ((cursor->kinds & OG_SQ_CURSOR_PSEUDO) && cursor->pseudo_register != op->p2)
            og_facts_refuse(run->facts, SIZE_MAX,
                            "a program of this engine that is not understood", NULL);
        cursor->kinds |= OG_SQ_CURSOR_PSEUDO;
        cursor->pseudo_register = op->p2;
        return;
    }
    cursor->kinds |= OG_SQ_CURSOR_KEPT;
    cursor->is_sorter |= strcmp(op->name, "SorterOpen") == 0;
    if (n_keys > cursor->n_keys)
        cursor->n_keys = n_keys;
    if (n_keys)
        cursor->collations = cursor->collations && strcmp(cursor->collations, op->p4) != 0
                                 ? "k(0)" /* no key is told by it */
                                 : op->p4;
}

static void note_walk(struct og_sq_run *run, const struct og_sq_op *op)
{
    struct og_sq_cursor *cursor = cursor_of(run, op->p1);

    if (!cursor)
        return;
    if (strcmp(op->name, "DeferredSeek") == 0)
        cursor->row_of = op->p3;
    if (strcmp(op->name, "Sort") == 0 || strcmp(op->name, "SorterSort") == 0)
        cursor->is_sorted = true;
    if (strcmp(op->name, "Rewind") == 0 || strcmp(op->name, "Last") == 0 ||
        strcmp(op->name, "Next") == 0 || strcmp(op->name, "Prev") == 0 ||
        strncmp(op->name, "Seek", 4) == 0)
        cursor->is_walked = true;
    if (strcmp(op->name, "IdxInsert") == 0 && (op->p5 & 0x10))
        cursor->is_distinct = true;
}

void og_sq_open_cursors(struct og_sq_run *run)
{
    for (size_t k = 0; k < run->n_programs; k++) {
        struct og_sq_program *program = &run->programs[k];
        int most = -1;

        run->program = k;
        for (size_t i = 0; i < program->n_ops; i++)
            if (program->ops[i].handler == OG_SQ_DO_OPEN && program->ops[i].p1 > most)
                most = program->ops[i].p1;
        if (most >= MAX_CURSORS) {
            og_facts_refuse(run->facts, SIZE_MAX, "a statement too large to analyse", NULL);
            return;
        }
        program->n_cursors = (size_t)(most + 1);
        program->cursors =
            og_arena_array(run->arena, program->n_cursors, sizeof(*program->cursors));
        if (!program->cursors)
            return;
        program->loops = og_arena_array(run->arena, program->n_cursors, sizeof(bool *));
        for (size_t i = 0; i < program->n_cursors; i++) {
            program->cursors[i].same_as = -1;
            program->cursors[i].row_of = -1;
        }
        for (size_t i = 0; i < program->n_ops; i++) {
            if (program->ops[i].handler == OG_SQ_DO_OPEN)
                open_one(run, &program->ops[i]);
            else
                note_walk(run, &program->ops[i]);
        }
    }
}

uint32_t og_sq_base(struct og_sq_run *run, int cursor, size_t table, int column)
{
    const struct og_sq_cursor *read = cursor_of(run, cursor);
    struct og_sq_base wanted = {.program = run->program, .table = table, .column = column};
    struct og_sq_base *base;

    /* an index's row is the row of its table that is read beside it */
    wanted.cursor = (size_t)(read && read->row_of >= 0 ? read->row_of : cursor);
    for (size_t i = 0; i < run->n_bases; i++) {
        base = &run->bases[i];
        if (base->program == wanted.program && base->cursor == wanted.cursor &&
            base->table == table && base->column == column)
            return (uint32_t)i;
    }
    base = og_arena_push(run->arena, &run->bases, &run->n_bases, &run->max_bases, sizeof(*base));
    if (!base)
        return UINT32_MAX;
    *base = wanted;
    return (uint32_t)(run->n_bases - 1);
}

static uint32_t base_value(struct og_sq_run *run, int cursor, size_t table, int column)
{
    uint32_t base;

    if (run->ignores_catalog && run->schema->tables[table].is_catalog)
        return 0;
    base = og_sq_base(run, cursor, table, column);
    return base == UINT32_MAX ? 0 : og_sq_value_source(&run->values, base * 2);
}

/* One field of an index: a column, the row's key, or what is computed from some of them. */
static uint32_t index_field(struct og_sq_run *run, int number, const struct og_sq_index *index,
                            int field)
{
    const struct og_sq_table *table = &run->schema->tables[index->table];
    uint32_t value = 0;
    int column = field >= 0 && (size_t)field < index->n_columns ? index->columns[field] : -2;

    if (column == -1)
        return base_value(run, number, index->table, table->rowid_alias);
    if (column >= 0)
        return base_value(run, number, index->table, column);
    for (size_t c = 0; c < table->n_columns; c++)
        value = og_sq_value_union(&run->values, value,
                                  base_value(run, number, index->table, (int)c));
    return og_sq_value_derive(&run->values, value);
}

static uint32_t table_column(struct og_sq_run *run, int number, size_t index, int column)
{
    const struct og_sq_table *table = &run->schema->tables[index];

    const int *storage = run->place == OG_SQ_LIVE ? table->live_storage : table->storage;
    size_t n = run->place == OG_SQ_LIVE ? table->n_live_storage : table->n_columns;

    if (storage && column >= 0)
        column = (size_t)column < n ? storage[column] : -1;
    if (column < 0 || (size_t)column >= table->n_columns) {
        og_facts_refuse(run->facts, SIZE_MAX, "a column of this engine that cannot be named", NULL);
        return 0;
    }
    return base_value(run, number, index, column);
}

uint32_t og_sq_cursor_column(struct og_sq_run *run, int number, int column)
{
    const struct og_sq_cursor *cursor = og_sq_cursor(run, number);
    uint32_t value = 0;

    if (!cursor)
        return 0;
    for (size_t i = 0; i < cursor->n_tables; i++)
        value = og_sq_value_union(&run->values, value,
                                  table_column(run, number, cursor->tables[i], column));
    if (cursor->kinds & OG_SQ_CURSOR_INDEX)
        value = og_sq_value_union(
            &run->values, value,
            index_field(run, number, &run->schema->indexes[cursor->index - 1], column));
    if (cursor->kinds & (OG_SQ_CURSOR_KEPT | OG_SQ_CURSOR_VIRTUAL))
        value = og_sq_value_union(
            &run->values, value,
            og_sq_value_item(&run->values, cursor->row, column < 0 ? SIZE_MAX : (size_t)column));
    if (cursor->kinds & OG_SQ_CURSOR_PSEUDO)
        value = og_sq_value_union(
            &run->values, value,
            og_sq_value_item(&run->values, og_sq_get(run, cursor->pseudo_register),
                             column < 0 ? SIZE_MAX : (size_t)column));
    return value;
}

uint32_t og_sq_cursor_key(struct og_sq_run *run, int number)
{
    const struct og_sq_cursor *cursor = og_sq_cursor(run, number);
    uint32_t value;

    if (!cursor)
        return 0;
    value = cursor->key;
    if (cursor->kinds & OG_SQ_CURSOR_INDEX) {
        size_t table = run->schema->indexes[cursor->index - 1].table;

        value = og_sq_value_union(
            &run->values, value,
            base_value(run, number, table, run->schema->tables[table].rowid_alias));
    }
    for (size_t i = 0; i < cursor->n_tables; i++)
        if (!run->schema->tables[cursor->tables[i]].is_without_rowid)
            value = og_sq_value_union(
                &run->values, value,
                base_value(run, number, cursor->tables[i],
                           run->schema->tables[cursor->tables[i]].rowid_alias));
    return value;
}

uint32_t og_sq_cursor_row(struct og_sq_run *run, int number)
{
    const struct og_sq_cursor *cursor = og_sq_cursor(run, number);
    uint32_t row;

    if (!cursor)
        return 0;
    row = cursor->row;
    if (cursor->kinds & OG_SQ_CURSOR_INDEX) {
        const struct og_sq_index *index = &run->schema->indexes[cursor->index - 1];
        uint32_t *items = og_arena_array(run->arena, index->n_columns, sizeof(*items));

        for (size_t c = 0; items && c < index->n_columns; c++)
            items[c] = index_field(run, number, index, (int)c);
        if (items)
            row = og_sq_value_union(&run->values, row,
                                    og_sq_value_record(&run->values, items, index->n_columns));
    }
    for (size_t i = 0; i < cursor->n_tables; i++) {
        const struct og_sq_table *table = &run->schema->tables[cursor->tables[i]];
        uint32_t *items = og_arena_array(run->arena, table->n_columns, sizeof(*items));

        if (!items)
            return 0;
        for (size_t c = 0; c < table->n_columns; c++)
            items[c] = (int)c == table->rowid_alias
                           ? 0
                           : table_column(run, number, cursor->tables[i], (int)c);
        row = og_sq_value_union(&run->values, row,
                                og_sq_value_record(&run->values, items, table->n_columns));
    }
    if (cursor->kinds & OG_SQ_CURSOR_PSEUDO)
        row = og_sq_value_union(&run->values, row, og_sq_get(run, cursor->pseudo_register));
    return row;
}

void og_sq_cursor_add(struct og_sq_run *run, int number, uint32_t row, uint32_t key)
{
    struct og_sq_cursor *cursor = og_sq_cursor(run, number);
    uint32_t joined;

    if (!cursor)
        return;
    joined = og_sq_value_union(&run->values, cursor->row, row);
    if (joined != cursor->row) {
        cursor->row = joined;
        run->is_changed = true;
    }
    joined = og_sq_value_union(&run->values, cursor->key, key);
    if (joined != cursor->key) {
        cursor->key = joined;
        run->is_changed = true;
    }
}

/* SPDX-License-Identifier: MIT */
/* Operations: rows out, in blocks and in pieces, and positioned writes. */
#include <stdio.h>
#include <string.h>

#include "tests/diff/ops.h"

static const struct { SQLSMALLINT code; const char *name; } ways[] = {
    {SQL_FETCH_NEXT, "NEXT"}, {SQL_FETCH_NEXT, "NEXT"}, {SQL_FETCH_FIRST, "FIRST"},
    {SQL_FETCH_LAST, "LAST"}, {SQL_FETCH_PRIOR, "PRIOR"}, {SQL_FETCH_ABSOLUTE, "ABSOLUTE"},
    {SQL_FETCH_RELATIVE, "RELATIVE"}, {SQL_FETCH_NEXT, "NEXT"}};
static const SQLLEN offsets[] = {0, 1, 2, 3, 5, 11, 12, 13, -1, -2, -12, -13, 40};

/* What a fetch wrote lies in the rows' memory, which is written down after every step. */
static void fetched(struct arm *arm, enum state state)
{
    on_stmt(arm);
    if (SQL_SUCCEEDED(arm->code) || arm->code == SQL_NO_DATA)
        arm->slot->state = state;
}

void op_fetch(struct arm *arm, const uint32_t *a)
{
    (void)a;
    say(arm, "SQLFetch");
    arm->code = CALL(arm, SQLFetch)(arm->slot->handle);
    fetched(arm, ST_ROW);
}

void op_fetch_scroll(struct arm *arm, const uint32_t *a)
{
    unsigned way = a[0] % 8;
    SQLLEN offset = offsets[a[1] % 13];

    say(arm, "SQLFetchScroll %s %d", ways[way].name, (int)offset);
    arm->code = CALL(arm, SQLFetchScroll)(arm->slot->handle, ways[way].code, offset);
    fetched(arm, ST_ROW);
}

void op_extended_fetch(struct arm *arm, const uint32_t *a)
{
    struct slot *slot = arm->slot;
    unsigned way = a[0] % 8;
    SQLLEN offset = offsets[a[1] % 13];

    say(arm, "SQLExtendedFetch %s %d", ways[way].name, (int)offset);
    arm->code = CALL(arm, SQLExtendedFetch)(
        slot->handle, (SQLUSMALLINT)ways[way].code, offset, (SQLULEN *)(void *)(slot->out + FETCHED_AT + 64),
        (SQLUSMALLINT *)(void *)(slot->out + STATUS_AT + 64));
    /* psqlODBC hands out a count that it never set where there is none. */
    if (options.dialect == PG && !SQL_SUCCEEDED(arm->code))
        fill(slot->out + FETCHED_AT + 64, sizeof(SQLULEN));
    fetched(arm, ST_XROW);
}

/* ---- SQLGetData ---- */

/* SQLite's driver keeps its place in a value in bytes of whichever type was asked for last: a column is read as
 * one type there, where what is compared is masked. */
static const struct ctype *get_type(const struct ctype *type, unsigned column)
{
    static const SQLSMALLINT types[] = {SQL_C_CHAR, SQL_C_WCHAR, SQL_C_BINARY};

    return options.is_masked && options.dialect == LITE ? ctype_find(types[column % 3]) : type;
}

void op_get_data(struct arm *arm, const uint32_t *a)
{
    static const SQLLEN sizes[] = {2000, 2000, 200, 40, 16, 5, 2, 1, 0, 7};
    struct slot *slot = arm->slot;
    unsigned column = a[0] % (slot->n_columns + 2);
    const struct ctype *type = ctype_pick(a[1]);
    SQLLEN max = sizes[a[2] % 10];
    SQLLEN *length = (SQLLEN *)(void *)(slot->out + CELL_AT - 64);

    if (column == 0 && a[4] % 8)
        column = 1;
    type = get_type(type, column);
    max = whole_size(type, max);
    say(arm, "SQLGetData %u as %s, %d bytes%s", column, type->name, (int)max,
        a[3] % 8 ? "" : ", no indicator");
    arm->code = CALL(arm, SQLGetData)(slot->handle, (SQLUSMALLINT)column, type->code, slot->out + CELL_AT,
                                      max, a[3] % 8 ? length : NULL);
    on_stmt(arm);
}

void op_get_pieces(struct arm *arm, const uint32_t *a)
{
    static const SQLSMALLINT types[] = {SQL_C_CHAR, SQL_C_WCHAR, SQL_C_BINARY};
    struct slot *slot = arm->slot;
    unsigned column = a[0] % (slot->n_columns ? slot->n_columns : 1) + 1;
    SQLSMALLINT type = get_type(ctype_find(types[a[1] % 3]), column)->code;
    SQLLEN max = (SQLLEN)(a[2] % 60), length;

    max = whole_size(ctype_find(type), max);
    say(arm, "SQLGetData %u in pieces of %d, type %d", column, (int)max, type);
    for (unsigned i = 0; i < 12; i++) {
        fill(slot->out + CELL_AT, 128);
        length = 0x5a5a;
        arm->code = CALL(arm, SQLGetData)(slot->handle, (SQLUSMALLINT)column, type, slot->out + CELL_AT,
                                          max, &length);
        log_number(arm, "piece", arm->code);
        log_number(arm, "length", length);
        log_changes(arm, "cell", slot->out + CELL_AT, 128);
        if (!SQL_SUCCEEDED(arm->code))
            break;
        max = max ? max : (SQLLEN)(a[3] % 15 * 2);
    }
    on_stmt(arm);
}

/* ---- positions ---- */

void op_set_pos(struct arm *arm, const uint32_t *a)
{
    SQLSETPOSIROW row = a[0] % 4;
    SQLUSMALLINT what = a[1] % 3 ? SQL_POSITION : SQL_REFRESH;

    if (what == SQL_POSITION && row == 0)
        row = 1;
    say(arm, "SQLSetPos %d %s", (int)row, what == SQL_POSITION ? "POSITION" : "REFRESH");
    arm->code = CALL(arm, SQLSetPos)(arm->slot->handle, row, what, SQL_LOCK_NO_CHANGE);
    on_stmt(arm);
}

/* Good values in every bound cell of the rowset. Returns: whether all are known. */
static bool put_cells(struct slot *slot, uint32_t number)
{
    bool is_any = false;

    if (slot->is_described)
        return false;
    for (unsigned c = 0; c < N_COLS; c++) {
        const struct bound *bound = &slot->bound[c + 1];

        if (!bound->type)
            continue;
        if (bound->max_bytes < 16 && !bound->type->n_bytes)
            return false;
        is_any = true;
        for (unsigned r = 0; r < MAX_ROWS; r++) {
            unsigned stride = slot->is_row_wise ? ROW_STRIDE : (unsigned)bound->max_bytes;
            unsigned istride = slot->is_row_wise ? ROW_STRIDE : (unsigned)sizeof(SQLLEN);
            unsigned char value[64];
            SQLLEN n = put_value(bound->type, number + r * 3 + c, value);

            memcpy(slot->out + COL_AT(c) + r * stride, value, bound->type->n_bytes ? (size_t)bound->type->n_bytes
                                                                                   : 16);
            memcpy(slot->out + IND_AT(c) + r * istride, &n, sizeof(n));
        }
    }
    return is_any;
}

/* What cannot be written is refused on both sides; the guard, which judges the write first, says so in its
 * own words. */
static void wrote(struct arm *arm)
{
    SQLSMALLINT n;

    if (arm->code == SQL_NEED_DATA)
        (void)CALL(arm, SQLCancel)(arm->slot->handle);
    if (arm->code != SQL_ERROR) {
        on_stmt(arm);
        return;
    }
    fill(arm->slot->out, OUT_BYTES);
    /* What is said of this is said instead of what the write left behind: SQLite's driver shows an old
     * record where it has no new one. */
    (void)CALL(arm, SQLDescribeCol)(arm->slot->handle, 9999, NULL, 0, &n, NULL, NULL, NULL, NULL);
}

void op_write_pos(struct arm *arm, const uint32_t *a)
{
    static const SQLUSMALLINT whats[] = {SQL_UPDATE, SQL_DELETE, SQL_ADD};
    static const char *const names[] = {"UPDATE", "DELETE", "ADD"};
    unsigned i = a[0] % 3;

    fill(arm->slot->out, OUT_BYTES);
    if (!put_cells(arm->slot, a[2])) {
        log_bytes(arm, "not ready", NULL, 0);
        return;
    }
    say(arm, "SQLSetPos %u %s", a[1] % 3, names[i]);
    arm->code = CALL(arm, SQLSetPos)(arm->slot->handle, a[1] % 3, whats[i], SQL_LOCK_NO_CHANGE);
    wrote(arm);
}

/* By bookmark: what the fetch before it brought is what is asked for. */
void op_bulk_operations(struct arm *arm, const uint32_t *a)
{
    static const SQLSMALLINT whats[] = {SQL_FETCH_BY_BOOKMARK, SQL_ADD, SQL_UPDATE_BY_BOOKMARK,
                                        SQL_DELETE_BY_BOOKMARK};
    static const char *const names[] = {"FETCH_BY_BOOKMARK", "ADD", "UPDATE_BY_BOOKMARK",
                                        "DELETE_BY_BOOKMARK"};
    struct slot *slot = arm->slot;
    unsigned i = a[0] % 4;

    fill(slot->out, OUT_BYTES);
    if (slot->state == ST_XROW || !put_cells(slot, a[2])) {
        log_bytes(arm, "not ready", NULL, 0);
        return;
    }
    /* psqlODBC leaves the connection without autocommit when it finds no place for bookmarks. */
    if (whats[i] != SQL_ADD && options.dialect == PG && !slot->bound[0].type) {
        log_bytes(arm, "no bookmarks", NULL, 0);
        return;
    }
    if (whats[i] != SQL_ADD) {
        log_number(arm, "fetch", CALL(arm, SQLFetchScroll)(slot->handle, SQL_FETCH_FIRST, 0));
        slot->state = ST_ROW;
        (void)put_cells(slot, a[2]);
    }
    say(arm, "SQLBulkOperations %s", names[i]);
    arm->code = CALL(arm, SQLBulkOperations)(slot->handle, whats[i]);
    wrote(arm);
}

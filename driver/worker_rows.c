/* SPDX-License-Identifier: MIT */
/* Bound columns, fetching and SQLGetData: the layer writes into this process' cells, column by column, and
 * a block of rows goes over as one reply. */
#include "driver/worker_parts.h"

#include <stdlib.h>
#include <string.h>

#define FILL 0xa5
#define FILL_BYTES 8u /* of each cell; all of it in small blocks */
#define MAX_FILL_BYTES 65536u
#define MAX_CELLS_BYTES (64u * 1024u * 1024u)

/* ---- cells ---- */

struct og_worker_cells *og_worker_cell(struct og_worker_list *list, uint64_t number)
{
    if (number >= OG_LINK_MAX_NUMBER)
        return NULL;
    if (number >= list->n_items) {
        size_t n = (size_t)number + 8;
        struct og_worker_cells *items = realloc(list->items, n * sizeof(*items));

        if (!items)
            return NULL;
        memset(items + list->n_items, 0, (n - list->n_items) * sizeof(*items));
        list->items = items;
        list->n_items = n;
    }
    return &list->items[number];
}

bool og_worker_room(struct og_worker_cells *cells, size_t n_rows, size_t n_cell, bool *is_moved)
{
    uint8_t *bytes;
    int64_t *lengths;

    *is_moved = false;
    if (cells->cells && cells->n_rows >= n_rows && cells->n_cell == n_cell)
        return true;
    if (n_rows > OG_LINK_MAX_ROWS || n_cell > MAX_CELLS_BYTES / n_rows)
        return false;
    bytes = calloc(1, n_rows * n_cell + 64);
    lengths = calloc(n_rows, sizeof(*lengths));
    if (!bytes || !lengths) {
        free(bytes);
        free(lengths);
        return false;
    }
    free(cells->cells);
    free(cells->lengths);
    cells->cells = bytes;
    cells->lengths = lengths;
    cells->n_rows = n_rows;
    cells->n_cell = n_cell;
    *is_moved = true;
    return true;
}

void og_worker_list_release(struct og_worker_list *list)
{
    for (size_t i = 0; i < list->n_items; i++) {
        free(list->items[i].cells);
        free(list->items[i].lengths);
    }
    free(list->items);
    *list = (struct og_worker_list){.n_items = 0};
}

bool og_worker_statuses(SQLUSMALLINT **at, size_t *n_at, size_t n)
{
    SQLUSMALLINT *larger;

    if (*n_at >= n)
        return true;
    larger = calloc(n, sizeof(*larger));
    if (!larger)
        return false;
    free(*at);
    *at = larger;
    *n_at = n;
    return true;
}

/* ---- SQLBindCol ---- */

/* The type that SQL_C_DEFAULT means for a column of the result that is open, or SQL_C_DEFAULT. */
static SQLSMALLINT resolve(const struct og_worker *worker, const struct og_worker_object *stmt,
                           SQLUSMALLINT column, SQLSMALLINT c_type)
{
    SQLLEN type = 0;

    if (c_type != SQL_C_DEFAULT || !worker->layer.calls->SQLColAttribute ||
        !SQL_SUCCEEDED(worker->layer.calls->SQLColAttribute(stmt->handle, column, SQL_DESC_CONCISE_TYPE,
                                                            NULL, 0, NULL, &type)))
        return c_type;
    return og_link_default_type((SQLSMALLINT)type);
}

static SQLRETURN bind(const struct og_worker *worker, const struct og_worker_object *stmt,
                      size_t column, const struct og_worker_cells *cells)
{
    return worker->layer.calls->SQLBindCol(
        stmt->handle, (SQLUSMALLINT)column, cells->c_type,
        cells->has_value ? cells->cells : NULL, (SQLLEN)cells->max_bytes,
        cells->has_length ? (SQLLEN *)cells->lengths : NULL);
}

int og_worker_bind_column(struct og_worker *worker, struct og_worker_object *stmt)
{
    uint64_t column = (uint64_t)og_link_get(&worker->ask);
    int64_t c_type = og_link_get(&worker->ask), max_bytes = og_link_get(&worker->ask);
    int64_t flags = og_link_get(&worker->ask), n_cell;
    struct og_worker_cells *cells = og_worker_cell(&stmt->columns, column), was;
    size_t n_rows = stmt->n_rows > stmt->n_rowset ? stmt->n_rows : stmt->n_rowset;
    bool is_moved;
    SQLRETURN code;

    if (worker->ask.is_bad || c_type != (SQLSMALLINT)c_type)
        return OG_WORKER_BROKEN;
    if (!cells || !worker->layer.calls->SQLBindCol)
        return OG_LINK_REFUSED;
    c_type = resolve(worker, stmt, (SQLUSMALLINT)column, (SQLSMALLINT)c_type);
    n_cell = flags ? og_link_cell((SQLSMALLINT)c_type, max_bytes) : 0;
    if (n_cell < 0)
        return OG_LINK_REFUSED;
    was = *cells;
    *cells = (struct og_worker_cells){
        .is_bound = flags != 0, .has_value = (flags & OG_LINK_HAS_VALUE) != 0,
        .has_length = (flags & OG_LINK_HAS_LENGTH) != 0,
        .c_type = (SQLSMALLINT)c_type, .max_bytes = max_bytes};
    if (flags && !og_worker_room(cells, n_rows, (size_t)n_cell, &is_moved)) {
        *cells = was;
        return OG_LINK_REFUSED;
    }
    if (cells->has_length)
        cells->lengths[0] = OG_LINK_UNWRITTEN;
    code = bind(worker, stmt, (size_t)column, cells);
    /* SQLite's driver sets the length right here. */
    og_link_put(&worker->out,
                SQL_SUCCEEDED(code) && cells->has_length ? cells->lengths[0] : OG_LINK_UNWRITTEN);
    if (!SQL_SUCCEEDED(code)) { /* the layer keeps what was bound before */
        free(cells->cells);
        free(cells->lengths);
        *cells = was;
        return code;
    }
    free(was.cells);
    free(was.lengths);
    return code;
}

/* ---- a block ---- */

static bool has_data(const struct og_worker_object *stmt, SQLRETURN code, SQLULEN n_done, size_t row)
{
    SQLUSMALLINT status = stmt->status[row];

    if (status == (SQLUSMALLINT)OG_LINK_UNWRITTEN)
        return SQL_SUCCEEDED(code) &&
               (n_done == (SQLULEN)OG_LINK_UNWRITTEN ? row == 0 : row < n_done);
    return status == SQL_ROW_SUCCESS || status == SQL_ROW_SUCCESS_WITH_INFO ||
           status == SQL_ROW_UPDATED || status == SQL_ROW_ADDED;
}

/* Whether a refresh left a row of a column as it was. */
static bool is_untouched(const struct og_worker_cells *cells, size_t row)
{
    if (cells->has_length)
        return cells->lengths[row] == OG_LINK_UNWRITTEN;
    for (size_t i = 0; i < cells->n_cell; i++)
        if (cells->cells[row * cells->n_cell + i] != FILL)
            return false;
    return true;
}

/* Bytes of a cell that travel. Some drivers write more than the value, zeros behind a text or beside
 * SQL_NULL_DATA: seen against the first n_fill bytes, which were filled before. */
static size_t used_by(SQLSMALLINT c_type, const uint8_t *cell, size_t n_cell, size_t n_fill, bool has_length,
                      int64_t length)
{
    size_t used = og_link_used(c_type, cell, n_cell, has_length, length), n = n_fill;

    while (n > used && cell[n - 1] == FILL)
        n--;
    if (n <= used)
        return used;
    return og_link_is_text(c_type) || c_type == SQL_C_BINARY ? n : n_cell;
}

static size_t fill_of(size_t n_rows, size_t n_cell)
{
    return n_rows * n_cell <= MAX_FILL_BYTES || n_cell < FILL_BYTES ? n_cell : FILL_BYTES;
}

/* What the layer writes is seen against this. */
static void fill(struct og_worker_object *stmt, size_t n_rows)
{
    for (size_t i = 0; i < stmt->columns.n_items; i++) {
        struct og_worker_cells *cells = &stmt->columns.items[i];

        for (size_t row = 0; cells->is_bound && row < n_rows && row < cells->n_rows; row++) {
            memset(cells->cells + row * cells->n_cell, FILL, cells->n_cell);
            cells->lengths[row] = OG_LINK_UNWRITTEN;
        }
    }
}

static void put_column(struct og_worker *worker, const struct og_worker_object *stmt, size_t column,
                       SQLRETURN code, size_t n_rows, SQLULEN n_done)
{
    const struct og_worker_cells *cells = &stmt->columns.items[column];
    uint32_t *used = og_arena_array(&worker->arena, n_rows, sizeof(*used)), n_all = 0;

    og_link_put(&worker->out, (int64_t)column);
    og_link_put(&worker->out, cells->c_type);
    if (!used) {
        worker->out.is_failed = true;
        return;
    }
    for (size_t row = 0; row < n_rows; row++) {
        if (cells->has_value && !stmt->is_data_off && has_data(stmt, code, n_done, row) &&
            !(stmt->is_refresh && is_untouched(cells, row)))
            used[row] = (uint32_t)used_by(cells->c_type, cells->cells + row * cells->n_cell, cells->n_cell,
                                          fill_of(n_rows, cells->n_cell), cells->has_length,
                                          cells->lengths[row]);
        n_all += used[row];
    }
    og_link_put_bytes(&worker->out, cells->has_length ? cells->lengths : NULL,
                      n_rows * sizeof(int64_t));
    og_link_put_bytes(&worker->out, used, n_rows * sizeof(*used));
    og_buf_append(&worker->out, &n_all, sizeof(n_all));
    for (size_t row = 0; row < n_rows; row++)
        if (used[row])
            og_buf_append(&worker->out, cells->cells + row * cells->n_cell, used[row]);
}

static void put_block(struct og_worker *worker, const struct og_worker_object *stmt, SQLRETURN code,
                      size_t n_rows, SQLULEN n_done)
{
    int64_t n_bound = 0;
    bool is_empty = code == SQL_NO_DATA || code == SQL_INVALID_HANDLE || code == SQL_STILL_EXECUTING;

    for (size_t i = 0; i < stmt->columns.n_items && !is_empty; i++)
        n_bound += stmt->columns.items[i].is_bound;
    og_link_put(&worker->out, (int64_t)n_rows);
    og_link_put(&worker->out, (int64_t)n_done);
    og_link_put_bytes(&worker->out, stmt->status, n_rows * sizeof(*stmt->status));
    og_link_put(&worker->out, n_bound);
    for (size_t i = 0; i < stmt->columns.n_items && n_bound; i++)
        if (stmt->columns.items[i].is_bound)
            put_column(worker, stmt, i, code, n_rows, n_done);
}

/* Room for n_rows in every bound column, and statuses that nobody wrote yet. */
static bool get_ready(struct og_worker *worker, struct og_worker_object *stmt, size_t n_rows)
{
    for (size_t i = 0; i < stmt->columns.n_items; i++) {
        struct og_worker_cells *cells = &stmt->columns.items[i];
        bool is_moved;

        if (!cells->is_bound)
            continue;
        if (!og_worker_room(cells, n_rows, cells->n_cell, &is_moved) ||
            (is_moved && !SQL_SUCCEEDED(bind(worker, stmt, i, cells))))
            return false;
        for (size_t row = 0; row < n_rows; row++) {
            cells->lengths[row] = OG_LINK_UNWRITTEN;
            memset(cells->cells + row * cells->n_cell, FILL, fill_of(n_rows, cells->n_cell));
        }
    }
    if (!og_worker_statuses(&stmt->status, &stmt->n_status, n_rows))
        return false;
    for (size_t row = 0; row < n_rows; row++)
        stmt->status[row] = (SQLUSMALLINT)OG_LINK_UNWRITTEN;
    stmt->n_done = (SQLULEN)OG_LINK_UNWRITTEN;
    return true;
}

/* Where the layer counts and says how each row went. */
static void watch_rows(const struct og_worker *worker, struct og_worker_object *stmt)
{
    __typeof__(SQLSetStmtAttr) *set = worker->layer.calls->SQLSetStmtAttr;

    if (!set)
        return;
    (void)set(stmt->handle, SQL_ATTR_ROW_STATUS_PTR, stmt->status, SQL_IS_POINTER);
    (void)set(stmt->handle, SQL_ATTR_ROWS_FETCHED_PTR, &stmt->n_done, SQL_IS_POINTER);
}

enum { PLAIN, SCROLL, EXTENDED };

int og_worker_fetch(struct og_worker *worker, struct og_worker_object *stmt)
{
    const struct og_calls *calls = worker->layer.calls;
    int64_t how = og_link_get(&worker->ask), orientation = og_link_get(&worker->ask);
    int64_t offset = og_link_get(&worker->ask);
    size_t n_rows = how == EXTENDED ? stmt->n_rowset : stmt->n_rows;
    const SQLUSMALLINT *was = stmt->status;
    SQLULEN n_extended = (SQLULEN)OG_LINK_UNWRITTEN; /* not where SQLFetch counts */
    SQLRETURN code;

    if (worker->ask.is_bad || how < PLAIN || how > EXTENDED)
        return OG_WORKER_BROKEN;
    if ((how == PLAIN && !calls->SQLFetch) || (how == SCROLL && !calls->SQLFetchScroll) ||
        (how == EXTENDED && !calls->SQLExtendedFetch) || !get_ready(worker, stmt, n_rows))
        return OG_LINK_REFUSED;
    if (was != stmt->status)
        watch_rows(worker, stmt);
    if (how == PLAIN)
        code = calls->SQLFetch(stmt->handle);
    else if (how == SCROLL)
        code = calls->SQLFetchScroll(stmt->handle, (SQLSMALLINT)orientation, (SQLLEN)offset);
    else
        code = calls->SQLExtendedFetch(stmt->handle, (SQLUSMALLINT)orientation, (SQLLEN)offset,
                                       &n_extended, stmt->status);
    put_block(worker, stmt, code, n_rows, how == EXTENDED ? n_extended : stmt->n_done);
    return code;
}

int og_worker_set_pos(struct og_worker *worker, struct og_worker_object *stmt)
{
    int64_t row = og_link_get(&worker->ask), operation = og_link_get(&worker->ask);
    int64_t lock = og_link_get(&worker->ask);
    size_t n_rows = stmt->n_status < stmt->n_rows ? stmt->n_status : stmt->n_rows;
    SQLRETURN code;

    if (worker->ask.is_bad)
        return OG_WORKER_BROKEN;
    if ((operation != SQL_POSITION && operation != SQL_REFRESH && operation != SQL_DELETE) ||
        !worker->layer.calls->SQLSetPos || !stmt->status)
        return OG_LINK_REFUSED;
    stmt->is_refresh = operation == SQL_REFRESH;
    if (stmt->is_refresh)
        fill(stmt, n_rows);
    code = worker->layer.calls->SQLSetPos(stmt->handle, (SQLSETPOSIROW)row, (SQLUSMALLINT)operation,
                                          (SQLUSMALLINT)lock);
    put_block(worker, stmt, operation == SQL_REFRESH ? code : SQL_NO_DATA, n_rows,
              (SQLULEN)OG_LINK_UNWRITTEN);
    stmt->is_refresh = false;
    return code;
}

/* ---- SQLGetData ---- */

int og_worker_get_data(struct og_worker *worker, struct og_worker_object *stmt)
{
    int64_t column = og_link_get(&worker->ask), c_type = og_link_get(&worker->ask);
    int64_t max_bytes = og_link_get(&worker->ask), flags = og_link_get(&worker->ask), n_cell;
    bool has_length = (flags & OG_LINK_HAS_LENGTH) != 0;
    SQLLEN length = (SQLLEN)OG_LINK_UNWRITTEN;
    uint8_t *cell = NULL;
    SQLRETURN code;

    if (worker->ask.is_bad || c_type != (SQLSMALLINT)c_type || column != (SQLUSMALLINT)column)
        return OG_WORKER_BROKEN;
    c_type = resolve(worker, stmt, (SQLUSMALLINT)column, (SQLSMALLINT)c_type);
    n_cell = og_link_cell((SQLSMALLINT)c_type, max_bytes);
    if (!worker->layer.calls->SQLGetData || (n_cell < 0 && max_bytes >= 0) || n_cell < -1)
        return OG_LINK_REFUSED;
    if (flags & OG_LINK_HAS_VALUE) {
        cell = og_arena_alloc(&worker->arena, (n_cell > 0 ? (size_t)n_cell : 0) + 64);
        if (!cell)
            return OG_LINK_REFUSED;
        memset(cell, FILL, n_cell > 0 ? fill_of(1, (size_t)n_cell) : 0);
    }
    code = worker->layer.calls->SQLGetData(stmt->handle, (SQLUSMALLINT)column, (SQLSMALLINT)c_type, cell,
                                           (SQLLEN)max_bytes, has_length ? &length : NULL);
    og_link_put(&worker->out, c_type);
    og_link_put(&worker->out, length);
    if (code == SQL_NO_DATA) { /* only what was written */
        has_length = true;
        length = SQL_NULL_DATA;
    }
    if (cell && (SQL_SUCCEEDED(code) || code == SQL_NO_DATA) && n_cell > 0)
        og_link_put_bytes(&worker->out, cell,
                          used_by((SQLSMALLINT)c_type, cell, (size_t)n_cell, fill_of(1, (size_t)n_cell),
                                  has_length, length));
    else
        og_link_put_bytes(&worker->out, NULL, 0);
    return code;
}

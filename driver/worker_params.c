/* SPDX-License-Identifier: MIT */
/* Parameters and executing: values come with the run, lie in this process' cells, and results go back. */
#include "driver/worker_parts.h"

#include <stdlib.h>
#include <string.h>

#define SPARE_BYTES 64u

static SQLRETURN bind(const struct og_worker *worker, const struct og_worker_object *stmt, size_t number,
                      const struct og_worker_cells *cells)
{
    /* Behind the type's own size only the client's word for the distance of array elements counts, and
     * that distance is ours here. */
    bool is_piece = og_link_is_text(cells->c_type) || cells->c_type == SQL_C_BINARY ||
                    cells->c_type == SQL_C_DEFAULT;
    SQLLEN max_bytes = is_piece && cells->n_rows > 1 ? (SQLLEN)cells->n_cell : (SQLLEN)cells->max_bytes;

    return worker->layer.calls->SQLBindParameter(
        stmt->handle, (SQLUSMALLINT)number, cells->direction, cells->c_type, cells->sql_type, cells->size,
        cells->digits, cells->has_value || cells->has_length ? cells->cells : NULL, max_bytes,
        cells->has_length ? (SQLLEN *)cells->lengths : NULL);
}

static SQLSMALLINT type_of(const struct og_worker_cells *cells)
{
    return cells->c_type == SQL_C_DEFAULT ? og_link_default_type(cells->sql_type) : cells->c_type;
}

/* Bytes from one set to the next: the type's, or what the client said. */
static int64_t width_of(const struct og_worker_cells *cells)
{
    int64_t n = og_link_cell(type_of(cells), cells->max_bytes > 0 ? cells->max_bytes : 0);

    return n < 0 ? -1 : n;
}

int og_worker_bind_parameter(struct og_worker *worker, struct og_worker_object *stmt)
{
    uint64_t number = (uint64_t)og_link_get(&worker->ask);
    struct og_worker_cells *cells, was, new = {.is_bound = true};
    int64_t flags, n_cell;
    bool is_moved;
    SQLRETURN code;

    new.direction = (SQLSMALLINT)og_link_get(&worker->ask);
    new.c_type = (SQLSMALLINT)og_link_get(&worker->ask);
    new.sql_type = (SQLSMALLINT)og_link_get(&worker->ask);
    new.size = (SQLULEN)og_link_get(&worker->ask);
    new.digits = (SQLSMALLINT)og_link_get(&worker->ask);
    new.max_bytes = og_link_get(&worker->ask);
    flags = og_link_get(&worker->ask);
    new.has_value = (flags & OG_LINK_HAS_VALUE) != 0;
    new.has_length = (flags & OG_LINK_HAS_LENGTH) != 0;
    if (worker->ask.is_bad || number == 0)
        return OG_WORKER_BROKEN;
    n_cell = width_of(&new);
    cells = og_worker_cell(&stmt->parameters, number);
    if (!cells || n_cell < 0 || !worker->layer.calls->SQLBindParameter ||
        (new.direction != SQL_PARAM_INPUT && new.direction != SQL_PARAM_INPUT_OUTPUT &&
         new.direction != SQL_PARAM_OUTPUT) ||
        !og_worker_room(&new, stmt->n_sets, (size_t)n_cell + (stmt->n_sets == 1 ? SPARE_BYTES : 0),
                        &is_moved))
        return OG_LINK_REFUSED;
    was = *cells;
    *cells = new;
    code = bind(worker, stmt, (size_t)number, cells);
    if (SQL_SUCCEEDED(code)) {
        free(was.cells);
        free(was.lengths);
    } else {
        free(new.cells);
        free(new.lengths);
        *cells = was;
    }
    return code;
}

/* ---- values ---- */

/* One value into its cell, or no value. Returns: false for what does not fit. */
static bool put_cell(const struct og_worker_cells *cells, size_t set, const uint8_t *bytes, size_t n_bytes)
{
    uint8_t *cell = cells->cells + set * cells->n_cell;
    SQLSMALLINT type = type_of(cells);
    bool is_piece = og_link_is_text(type) || type == SQL_C_BINARY;

    if (!bytes)
        return true;
    if (n_bytes > cells->n_cell || (!is_piece && (int64_t)n_bytes != og_link_cell(type, 0)))
        return false;
    memcpy(cell, bytes, n_bytes);
    if (n_bytes + sizeof(SQLWCHAR) <= cells->n_cell) /* calloc ends the last one */
        memset(cell + n_bytes, 0, sizeof(SQLWCHAR));
    return true;
}

struct value {
    int64_t length;
    const uint8_t *bytes;
    size_t n_bytes;
};

/* Distance of the sets: the client's, or for one set alone whatever it takes. */
static bool make_room(struct og_worker *worker, struct og_worker_object *stmt, size_t number,
                      const struct value *values)
{
    struct og_worker_cells *cells = &stmt->parameters.items[number];
    int64_t width = width_of(cells);
    size_t n_cell = width > 0 ? (size_t)width : 0;
    bool is_moved;

    if (stmt->n_sets == 1)
        n_cell = values->n_bytes + SPARE_BYTES > cells->n_cell || cells->n_rows > 1
                     ? 2 * values->n_bytes + SPARE_BYTES
                     : cells->n_cell;
    if (cells->n_rows > stmt->n_sets && stmt->n_sets > 1 && cells->n_cell == n_cell)
        return true;
    if (!og_worker_room(cells, stmt->n_sets, n_cell, &is_moved))
        return false;
    return !is_moved || SQL_SUCCEEDED(bind(worker, stmt, number, cells));
}

/* Returns: 0; a reply's code. */
static int read_parameter(struct og_worker *worker, struct og_worker_object *stmt)
{
    uint64_t number = (uint64_t)og_link_get(&worker->ask);
    struct value *values = og_arena_array(&worker->arena, stmt->n_sets, sizeof(*values));
    struct og_worker_cells *cells;

    if (!values || number == 0 || number >= stmt->parameters.n_items ||
        !stmt->parameters.items[number].is_bound)
        return OG_WORKER_BROKEN;
    for (size_t set = 0; set < stmt->n_sets; set++) {
        values[set].length = og_link_get(&worker->ask);
        values[set].bytes = og_link_get_bytes(&worker->ask, &values[set].n_bytes);
    }
    cells = &stmt->parameters.items[number];
    if (worker->ask.is_bad)
        return OG_WORKER_BROKEN;
    if (!make_room(worker, stmt, (size_t)number, values))
        return OG_LINK_REFUSED;
    for (size_t set = 0; set < stmt->n_sets; set++) {
        const struct value *value = &values[set];

        /* A length that says more than came would make the driver read what is not there. */
        if (value->length > (int64_t)value->n_bytes &&
            (og_link_is_text(type_of(cells)) || type_of(cells) == SQL_C_BINARY) && value->bytes)
            return OG_WORKER_BROKEN;
        if ((value->length >= 0 || value->length == SQL_NTS) && !value->bytes &&
            cells->direction != SQL_PARAM_OUTPUT)
            return OG_LINK_REFUSED;
        if (!put_cell(cells, set, value->bytes, value->n_bytes))
            return OG_LINK_REFUSED;
        cells->lengths[set] = value->length;
    }
    return 0;
}

static void watch_sets(const struct og_worker *worker, struct og_worker_object *stmt)
{
    __typeof__(SQLSetStmtAttr) *set = worker->layer.calls->SQLSetStmtAttr;

    if (!set)
        return;
    (void)set(stmt->handle, SQL_ATTR_PARAM_STATUS_PTR, stmt->set_status, SQL_IS_POINTER);
    (void)set(stmt->handle, SQL_ATTR_PARAMS_PROCESSED_PTR, &stmt->n_sets_done, SQL_IS_POINTER);
}

/* Which sets the client leaves out. */
static bool read_operations(struct og_worker *worker, struct og_worker_object *stmt)
{
    size_t n_bytes;
    const uint8_t *bytes = og_link_get_bytes(&worker->ask, &n_bytes);

    if (!bytes && !stmt->has_operation)
        return true;
    if ((bytes && n_bytes != stmt->n_sets * sizeof(SQLUSMALLINT)) || !worker->layer.calls->SQLSetStmtAttr)
        return false;
    free(stmt->operation);
    stmt->operation = bytes ? malloc(n_bytes + sizeof(SQLUSMALLINT)) : NULL;
    if (bytes && stmt->operation)
        memcpy(stmt->operation, bytes, n_bytes);
    stmt->has_operation = stmt->operation != NULL;
    return SQL_SUCCEEDED(worker->layer.calls->SQLSetStmtAttr(
               stmt->handle, SQL_ATTR_PARAM_OPERATION_PTR, stmt->operation, SQL_IS_POINTER)) &&
           (stmt->operation || !bytes);
}

static int read_values(struct og_worker *worker, struct og_worker_object *stmt)
{
    uint64_t n_sets = (uint64_t)og_link_get(&worker->ask), n_bound;
    const SQLUSMALLINT *was = stmt->set_status;

    if (n_sets != stmt->n_sets)
        return OG_WORKER_BROKEN;
    if (!read_operations(worker, stmt) ||
        !og_worker_statuses(&stmt->set_status, &stmt->n_set_status, stmt->n_sets))
        return OG_LINK_REFUSED;
    if (was != stmt->set_status)
        watch_sets(worker, stmt);
    for (size_t i = 0; i < stmt->n_sets; i++)
        stmt->set_status[i] = SQL_PARAM_UNUSED;
    stmt->n_sets_done = (SQLULEN)OG_LINK_UNWRITTEN;
    n_bound = (uint64_t)og_link_get(&worker->ask);
    for (uint64_t i = 0; i < n_bound; i++) {
        int r = read_parameter(worker, stmt);

        if (r)
            return r;
    }
    return worker->ask.is_bad ? OG_WORKER_BROKEN : 0;
}

/* ---- results ---- */

static void put_results(struct og_worker *worker, const struct og_worker_object *stmt, SQLRETURN code)
{
    int64_t n_outputs = 0;

    og_link_put(&worker->out, (int64_t)stmt->n_sets_done);
    og_link_put_bytes(&worker->out, stmt->set_status,
                      stmt->set_status ? stmt->n_sets * sizeof(SQLUSMALLINT) : 0);
    for (size_t i = 1; SQL_SUCCEEDED(code) && i < stmt->parameters.n_items; i++)
        n_outputs += stmt->parameters.items[i].is_bound &&
                     stmt->parameters.items[i].direction != SQL_PARAM_INPUT;
    og_link_put(&worker->out, n_outputs);
    for (size_t i = 1; n_outputs && i < stmt->parameters.n_items; i++) {
        const struct og_worker_cells *cells = &stmt->parameters.items[i];
        int64_t width;

        if (!cells->is_bound || cells->direction == SQL_PARAM_INPUT)
            continue;
        width = width_of(cells);
        og_link_put(&worker->out, (int64_t)i);
        og_link_put(&worker->out, cells->lengths[0]);
        og_link_put_bytes(&worker->out, cells->cells,
                          og_link_used(type_of(cells), cells->cells, width > 0 ? (size_t)width : 0,
                                       cells->has_length, cells->lengths[0]));
    }
}

enum { EXECUTE, DIRECT, DIRECT_WIDE };

/* The text, with its terminator. */
static void *read_text(struct og_worker *worker, size_t width, int64_t *n)
{
    size_t n_bytes;
    const uint8_t *bytes;
    void *text;

    *n = og_link_get(&worker->ask);
    bytes = og_link_get_bytes(&worker->ask, &n_bytes);
    if (!bytes)
        return NULL;
    if (n_bytes % width || (*n >= 0 && (uint64_t)*n * width != n_bytes)) {
        worker->ask.is_bad = true;
        return NULL;
    }
    text = og_arena_alloc(&worker->arena, n_bytes + SPARE_BYTES);
    if (text)
        memcpy(text, bytes, n_bytes);
    else
        worker->ask.is_bad = true;
    return text;
}

int og_worker_execute(struct og_worker *worker, struct og_worker_object *stmt)
{
    const struct og_calls *calls = worker->layer.calls;
    int64_t how = og_link_get(&worker->ask), n = 0;
    void *text = NULL;
    SQLRETURN code;
    int r;

    if (how < EXECUTE || how > DIRECT_WIDE)
        return OG_WORKER_BROKEN;
    if (how != EXECUTE)
        text = read_text(worker, how == DIRECT ? 1 : sizeof(SQLWCHAR), &n);
    r = read_values(worker, stmt);
    if (r)
        return r;
    if ((how == EXECUTE && !calls->SQLExecute) || (how == DIRECT && !calls->SQLExecDirect) ||
        (how == DIRECT_WIDE && !calls->SQLExecDirectW))
        return OG_LINK_REFUSED;
    if (how == EXECUTE)
        code = calls->SQLExecute(stmt->handle);
    else if (how == DIRECT)
        code = calls->SQLExecDirect(stmt->handle, text, (SQLINTEGER)n);
    else
        code = calls->SQLExecDirectW(stmt->handle, text, (SQLINTEGER)n);
    put_results(worker, stmt, code);
    return code;
}

int og_worker_more_results(struct og_worker *worker, struct og_worker_object *stmt)
{
    SQLRETURN code;

    if (!worker->layer.calls->SQLMoreResults)
        return OG_LINK_REFUSED;
    stmt->n_sets_done = (SQLULEN)OG_LINK_UNWRITTEN;
    code = worker->layer.calls->SQLMoreResults(stmt->handle);
    put_results(worker, stmt, code);
    return code;
}

/* ---- data at execution ---- */

/* Which parameter and set the layer's token is: the address of its cell. */
static bool find_token(const struct og_worker_object *stmt, const uint8_t *token, size_t *number,
                       size_t *set)
{
    for (size_t i = 1; i < stmt->parameters.n_items; i++) {
        const struct og_worker_cells *cells = &stmt->parameters.items[i];
        uintptr_t at = (uintptr_t)token - (uintptr_t)cells->cells;

        if (!cells->is_bound || !cells->cells || (uintptr_t)token < (uintptr_t)cells->cells)
            continue;
        if (at == 0 || (cells->n_cell && at < cells->n_rows * cells->n_cell && at % cells->n_cell == 0)) {
            *number = i;
            *set = cells->n_cell ? at / cells->n_cell : 0;
            return true;
        }
    }
    return false;
}

int og_worker_param_data(struct og_worker *worker, struct og_worker_object *stmt)
{
    SQLPOINTER token = NULL;
    size_t number = 0, set = 0;
    SQLRETURN code;

    if (!worker->layer.calls->SQLParamData)
        return OG_LINK_REFUSED;
    code = worker->layer.calls->SQLParamData(stmt->handle, &token);
    if (code == SQL_NEED_DATA && !find_token(stmt, token, &number, &set))
        return OG_LINK_REFUSED;
    og_link_put(&worker->out, (int64_t)number);
    og_link_put(&worker->out, (int64_t)set);
    put_results(worker, stmt, code);
    return code;
}

int og_worker_put_data(struct og_worker *worker, struct og_worker_object *stmt)
{
    int64_t n = og_link_get(&worker->ask);
    size_t n_bytes;
    const uint8_t *bytes = og_link_get_bytes(&worker->ask, &n_bytes);
    uint8_t *copy;

    if (worker->ask.is_bad)
        return OG_WORKER_BROKEN;
    if (!worker->layer.calls->SQLPutData)
        return OG_LINK_REFUSED;
    if (!bytes && n != SQL_NULL_DATA && n != SQL_DEFAULT_PARAM && n != 0)
        return OG_LINK_REFUSED;
    /* Fixed types go by their own size, which is what came; a driver may read it whole. */
    if (bytes && n > (int64_t)n_bytes && n_bytes > sizeof(SQL_NUMERIC_STRUCT))
        return OG_WORKER_BROKEN;
    copy = bytes ? og_arena_alloc(&worker->arena, n_bytes + SPARE_BYTES) : NULL;
    if (bytes && !copy)
        return OG_LINK_REFUSED;
    if (copy)
        memcpy(copy, bytes, n_bytes);
    return worker->layer.calls->SQLPutData(stmt->handle, copy, (SQLLEN)(n > (int64_t)n_bytes && n_bytes
                                                                           ? (int64_t)n_bytes
                                                                           : n));
}

/* SPDX-License-Identifier: MIT */
/* guard_rows.h - how rows reach the application while a plan masks.
 *
 * The application's row descriptor stays the real driver's own; guard_rowset.c reads it when rows
 * are fetched. For the length of one call guard_block.c puts a row descriptor of the guard in its
 * place, in which clear columns are bound to the application's buffers and masked ones to memory of
 * the guard; what arrives there is masked, converted and put where the application asked for it.
 * A driver without descriptors (SQLite's) has its own bindings changed for the call instead.
 * Is not: a judge of anything. Threads: the caller holds the statement's lock.
 * Source: ODBC 3.8 "Binding Offsets", "Row-Wise Binding", "SQLFetchScroll", "SQLSetPos". */
#ifndef OG_DRIVER_GUARD_ROWS_H
#define OG_DRIVER_GUARD_ROWS_H

#include "common/buf.h"
#include "driver/odbc.h"

struct og_guard_stmt;
struct og_guard_dbc;

/* One bound column, as the row descriptor in force has it. */
struct og_guard_binding {
    SQLUSMALLINT column; /* 0: the bookmark */
    SQLSMALLINT c_type;
    SQLSMALLINT precision, scale;
    SQLPOINTER data;
    SQLLEN max_bytes;
    SQLLEN *length;    /* SQL_DESC_OCTET_LENGTH_PTR */
    SQLLEN *indicator; /* SQL_DESC_INDICATOR_PTR; mostly the same pointer */
};

struct og_bindings {
    struct og_guard_binding *items;
    size_t n_items, max_items;
};

/* The rowset that the next call fills. */
struct og_rowset {
    SQLULEN n_rows;
    SQLULEN bind_type;
    SQLULEN offset; /* what the bind offset pointer says at this call */
    SQLUSMALLINT *status; /* the application's row status array, or NULL */
    const struct og_bindings *bindings;
    bool is_single; /* each row is the current one when its masked columns are read */
};

/* Where a masked column's values arrive: one cell per row, column-wise. */
struct og_shadow {
    size_t binding; /* index into the bindings */
    char *cells;
    size_t cell_bytes;
    SQLLEN *lengths; /* OG_SHADOW_UNWRITTEN: nothing arrived */
    size_t max_cells;
};

#define OG_SHADOW_UNWRITTEN ((SQLLEN)-9999)

/* A masked column of the current row: the value is masked once, then handed out in pieces. */
struct og_get {
    struct og_buf value;
    bool is_read, is_null;
    size_t offset, n_pieces;
};

/* Of one statement. */
struct og_guard_rows {
    struct og_bindings recorded; /* SQLBindCol's, for a driver without descriptors */
    /* As read from the real driver when dbc->rowset_version was read_version - 1; 0: never. */
    uint64_t read_version;
    struct og_bindings read;
    SQLHDESC ard;
    SQLULEN sizes[2]; /* SQL_ATTR_ROW_ARRAY_SIZE; SQL_ROWSET_SIZE, for SQLExtendedFetch */
    SQLULEN bind_type;
    const SQLULEN *bind_offset;
    SQLUSMALLINT *status, *operation;
    const struct og_guard_desc *ran_with; /* the explicit descriptor while it ran, to compare only */
    bool is_recorded; /* the bindings are the explicit descriptor's record */

    SQLHDESC own_ard;     /* the guard's, below */
    uint64_t own_version; /* the read_version it was made from; 0: never */
    SQLULEN own_size;     /* rows */
    bool has_shadows;     /* masked columns are bound in it */
    size_t longest_bytes; /* of values that did not fit their cells */
    struct og_shadow *shadows;
    size_t n_shadows, max_shadows;
    struct og_buf text, masked; /* one value's, wiped after each use */

    struct og_get *gets; /* one per result column, or NULL */
    size_t n_gets;
    SQLULEN n_fetched; /* rows of the last rowset */
    bool is_extended;  /* which came through SQLExtendedFetch */
    bool is_data_off;  /* SQL_ATTR_RETRIEVE_DATA */
    SQLULEN current;   /* row of the rowset that is the current one below */
    SQLULEN app_current; /* and for the application */
    SQLLEN row_count;  /* what SQLRowCount said before the guard moved the cursor */
    bool has_row_count;
    bool is_described; /* it was asked about columns by the guard itself */
    bool is_agreed; /* the driver named the base columns that the plan knows */
};

/* No number of rows that a driver would count: what the counter holds before a call. */
#define OG_UNCOUNTED ((SQLULEN)-1)

/* A call that puts rows into bound buffers. context: the caller's own. */
typedef SQLRETURN og_block_call(struct og_guard_stmt *stmt, void *context);

/* guard_rowset.c */

/* Reads the rowset in force into *out. Returns: SQL_SUCCESS; SQL_ERROR with a record. */
SQLRETURN og_rowset_read(struct og_guard_stmt *stmt, bool is_extended, struct og_rowset *out);
/* Address of a row's cell; n_bytes: of one cell where binding is by column. NULL for NULL. */
void *og_rowset_cell(const struct og_rowset *rowset, void *base, SQLULEN row, SQLLEN n_bytes);
/* A row descriptor or attribute of the connection may have changed. */
void og_rowset_touch(struct og_guard_dbc *dbc);
/* Whether the real driver has descriptors to speak of. */
bool og_rowset_has_descriptors(const struct og_guard_stmt *stmt);
/* Sets one binding. Returns false without memory. */
bool og_bindings_set(struct og_bindings *bindings, const struct og_guard_binding *wanted);

/* guard_block.c */

/* A call that fills rows [first, first + n_rows) of the rowset; n_rows 0: as many as it fetched,
 * which *n_fetched says afterwards. */
struct og_block {
    og_block_call *call;
    void *context;
    bool is_extended;
    bool is_forward;      /* asks for the next rows */
    SQLULEN current;      /* row of the rowset that is the current one afterwards */
    SQLULEN first, n_rows;
    SQLULEN *n_fetched;
    SQLUSMALLINT *status; /* the row status array that the call writes, or NULL */
    size_t n_put, n_bad;  /* rows put into the application's buffers; of these, with an error */
    bool is_info;         /* some cell was cut */
};

/* How many rows the call filled, as far as the driver counted. */
static inline SQLULEN og_block_rows(const struct og_block *block)
{
    if (block->n_rows)
        return block->n_rows;
    return *block->n_fetched == OG_UNCOUNTED ? 0 : *block->n_fetched;
}

/* Runs the call with nothing of the application's bound to masked columns, then puts the masked
 * values there. Returns what the call returned, worse where putting was. */
SQLRETURN og_block_run(struct og_guard_stmt *stmt, struct og_block *block);

/* guard_shadow.c: frees what rows need. The descriptor only while the connection is open, whose
 * closing frees it as well. */
void og_block_release(struct og_guard_stmt *stmt);
void og_block_drop_descriptor(struct og_guard_stmt *stmt);

/* For guard_block_plain.c, a driver without descriptors. */
#define OG_NO_SHADOW SIZE_MAX
SQLRETURN og_block_run_plain(struct og_guard_stmt *stmt, struct og_block *block,
                             const struct og_rowset *rowset);
/* Puts one row's masked columns. at: the row's cells in the shadows, or OG_NO_SHADOW. */
void og_block_put_row(struct og_guard_stmt *stmt, struct og_block *block,
                      const struct og_rowset *rowset, SQLULEN row, size_t at);
/* The return code of the call as a whole. */
SQLRETURN og_block_code(const struct og_block *block, SQLRETURN code);
/* A shadow of at least n_cells cells of n_bytes each for a binding. NULL without memory. */
struct og_shadow *og_shadow_take(struct og_guard_rows *rows, size_t binding, size_t n_bytes,
                                 size_t n_cells);
/* Makes it at least that large; what it held is wiped. Returns false without memory. */
bool og_shadow_size(struct og_shadow *shadow, size_t n_bytes, size_t n_cells);
bool og_is_masked_column(const struct og_guard_stmt *stmt, SQLUSMALLINT column);

/* guard_getdata.c */

/* The masked value of the current row, read once. Returns: SQL_SUCCESS; else with a record. */
SQLRETURN og_get_read(struct og_guard_stmt *stmt, SQLUSMALLINT column, struct og_get **out);
/* The current row is another one. */
void og_get_forget(struct og_guard_stmt *stmt);
void og_get_release(struct og_guard_stmt *stmt);

#endif

/* SPDX-License-Identifier: MIT */
/* params.h - the application's parameter bindings of one statement, and what a grant and a request
 * file need of their values: a digest over all parameter sets, and a list without values.
 * Is not: a copy of the values. The buffers stay the application's and are read where they lie, at
 * the call: read them right before the statement runs.
 * Threads: the caller holds the statement's lock. Source: ODBC 3.8, "Binding Arrays of Parameters",
 * "Parameter Binding Offsets", "SQLBindParameter". */
#ifndef OG_DRIVER_PARAMS_H
#define OG_DRIVER_PARAMS_H

#include "common/arena.h"
#include "common/proto.h"
#include "driver/odbc.h"

/* One SQLBindParameter, its arguments as they came. */
struct og_param {
    SQLUSMALLINT number; /* 1-based */
    SQLSMALLINT io_type;
    SQLSMALLINT c_type;
    SQLSMALLINT sql_type;
    SQLULEN column_size;
    SQLSMALLINT scale;
    SQLPOINTER data;
    SQLLEN max_bytes;
    SQLLEN *indicator;
};

/* A zeroed struct is a statement with nothing bound. The caller sets the fields below `private`
 * from the statement attributes when they are set and read back. */
struct og_params {
    /* private */
    struct og_param *items;
    size_t n_items, max_items;
    /* the caller's */
    SQLULEN n_sets;              /* SQL_ATTR_PARAMSET_SIZE; 0 means 1 */
    SQLULEN bind_type;           /* SQL_ATTR_PARAM_BIND_TYPE: 0 by column, else bytes of a row */
    const SQLULEN *bind_offset;  /* SQL_ATTR_PARAM_BIND_OFFSET_PTR */
    const SQLUSMALLINT *operation; /* SQL_ATTR_PARAM_OPERATION_PTR */
    bool is_foreign;             /* bound through a descriptor: the bindings here are not the whole */
};

/* Records a binding, replacing one of the same number. Returns: 0; -ENOMEM. */
OG_MUST int og_params_bind(struct og_params *params, const struct og_param *param);
/* SQLFreeStmt(SQL_RESET_PARAMS): forgets the bindings, keeps the attributes. */
void og_params_reset(struct og_params *params);
/* Frees; accepts a zeroed struct. */
void og_params_release(struct og_params *params);

/* The binding of that number, borrowed; NULL: not bound. */
const struct og_param *og_params_find(const struct og_params *params, size_t number);
/* Number of parameter sets, 1 at least. */
SQLULEN og_params_sets(const struct og_params *params);

#define OG_PARAMS_E_UNREADABLE 1 /* *why says what and what to do, static text, lower case */

/* Whether every value can be read now: each of the markers bound, none sent at execution, no C type
 * we do not know. Returns: 0; OG_PARAMS_E_UNREADABLE. */
OG_MUST int og_params_check(const struct og_params *params, size_t n_markers, const char **why);

/* SHA-256 over number, direction, types, sizes, and of every set each value: NULL, default, or its
 * length and bytes. Sets that the operation array leaves out count as left out. Two executions with
 * the same digest send the same values. n_markers 0 gives the digest of nothing bound.
 * Returns: 0; OG_PARAMS_E_UNREADABLE; -ENOMEM. */
OG_MUST int og_params_digest(const struct og_params *params, size_t n_markers, uint8_t out[32],
                             const char **why);

/* Whether its values are characters or bytes, and not a number, a date or anything of a fixed form. */
bool og_params_is_text(const struct og_params *params, size_t number);
/* The text of one value (cvalue.h), appended to out. Returns false where it has none that can be read
 * now. */
OG_MUST bool og_params_text(const struct og_params *params, size_t number, SQLULEN set,
                            struct og_buf *out, bool *out_is_null);

/* One line per marker for people, no values but small whole numbers: "1: varchar, 5 characters",
 * "2: integer 3", "3: date", "4: NULL"; with several sets "set 2, 1: ...", the first ten sets and a
 * count of the rest. Values that cannot be read say so. Strings hang in arena.
 * Returns: 0; -ENOMEM. */
OG_MUST int og_params_describe(const struct og_params *params, size_t n_markers,
                               struct og_arena *arena, struct og_list *out);

#endif

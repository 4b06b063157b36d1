/* SPDX-License-Identifier: MIT */
/* Operations: where columns and parameters lie. */
#include <stdio.h>
#include <string.h>

#include "tests/diff/ops.h"

/* ---- columns ---- */

static const SQLLEN cell_sizes[] = {MAX_CELL, MAX_CELL, 40, 16, 5, 2, 1, 0, 64, 7};

void op_bind_col(struct arm *arm, const uint32_t *a)
{
    struct slot *slot = arm->slot;
    unsigned column = a[0] % (N_COLS + 1);
    const struct ctype *type = ctype_pick(a[1]);
    SQLLEN max;
    unsigned c = column ? column - 1 : N_COLS - 1;

    if (column == 0 && a[3] % 4)
        column = 1, c = 0;
    if (type->code == SQL_C_DEFAULT && options.dialect == LITE)
        type = ctype_find(SQL_C_CHAR); /* this driver crashes where it knows no columns yet */
    if (column == 0)
        type = ctype_find(SQL_C_BINARY);
    max = type->n_bytes ? type->n_bytes : column ? cell_sizes[a[2] % 10] : 16;
    max = whole_size(type, max);
    say(arm, "SQLBindCol %u as %s, %d bytes%s", column, type->name, (int)max,
        a[4] % 8 ? "" : ", no indicator");
    arm->code = CALL(arm, SQLBindCol)(slot->handle, (SQLUSMALLINT)column,
                                      column ? type->code : SQL_C_VARBOOKMARK,
                                      slot->out + COL_AT(c), max,
                                      a[4] % 8 ? (SQLLEN *)(void *)(slot->out + IND_AT(c)) : NULL);
    on_stmt(arm);
    if (SQL_SUCCEEDED(arm->code))
        slot->bound[column] = (struct bound){type, max};
}

void op_unbind_col(struct arm *arm, const uint32_t *a)
{
    unsigned column = a[0] % N_COLS + 1;

    say(arm, "SQLBindCol %u to nothing", column);
    arm->code = CALL(arm, SQLBindCol)(arm->slot->handle, (SQLUSMALLINT)column, SQL_C_CHAR, NULL, 0,
                                      NULL);
    on_stmt(arm);
    if (SQL_SUCCEEDED(arm->code))
        arm->slot->bound[column].type = NULL;
}

/* ---- parameters: values of set r lie r cells further, or r rows of 512 bytes ---- */

#define N_SETS 5
#define PARAM_CELL 64u
#define PARAM_ROW 512u
#define VALUE_AT(p) ((p) * 1024u)
#define LENGTH_AT(p) (8192u + (p) * 64u)
#define OFFSET_AT 12288u
#define OPERATION_AT 12304u

static const SQLSMALLINT sql_types[] = {SQL_INTEGER, SQL_VARCHAR, SQL_WVARCHAR, SQL_LONGVARCHAR,
                                        SQL_NUMERIC, SQL_DOUBLE, SQL_TYPE_DATE, SQL_TYPE_TIMESTAMP,
                                        SQL_BIT, SQL_VARBINARY, SQL_BIGINT, SQL_SMALLINT,
                                        SQL_WLONGVARCHAR, SQL_CHAR};

static void put_values(struct slot *slot, unsigned p, const struct ctype *type, uint32_t number,
                       bool is_late)
{
    SQLLEN n = 0, cell = type->n_bytes ? type->n_bytes : (SQLLEN)PARAM_CELL;

    memset(slot->in + VALUE_AT(p), 0, 1024);
    for (unsigned r = 0; r < 7; r++) {
        unsigned char value[64];
        SQLLEN length;

        n = put_value(type, number + r, value);
        length = is_late ? SQL_LEN_DATA_AT_EXEC(0) : number % 7 == 6 ? SQL_NULL_DATA : n;
        memcpy(slot->in + VALUE_AT(p) + r * (unsigned)cell, value, (size_t)cell);
        memcpy(slot->in + LENGTH_AT(p) + r * sizeof(SQLLEN), &length, sizeof(length));
        memcpy(slot->in + LENGTH_AT(p) + r * PARAM_ROW, &length, sizeof(length));
    }
    for (unsigned r = 1; r < 7; r++)
        if (slot->is_row_wise)
            memcpy(slot->in + VALUE_AT(p) + r * PARAM_ROW, slot->in + VALUE_AT(p), (size_t)cell);
}

static bool may_be_late(const struct ctype *type)
{
    return type->code == SQL_C_CHAR || type->code == SQL_C_BINARY;
}

static void bind(struct arm *arm, unsigned p, const struct ctype *type, SQLSMALLINT sql_type,
                 uint32_t number, uint32_t more)
{
    struct slot *slot = arm->slot;
    bool is_late = may_be_late(type) && more % 6 == 0;

    put_values(slot, p, type, number, is_late);
    say(arm, "SQLBindParameter %u %s as %d, value %u%s", p + 1, type->name, sql_type, number % 1000,
        is_late ? ", at execution" : "");
    arm->code = CALL(arm, SQLBindParameter)(
        slot->handle, (SQLUSMALLINT)(p + 1), SQL_PARAM_INPUT, type->code, sql_type,
        sql_type == SQL_NUMERIC ? 10 : 40, sql_type == SQL_NUMERIC ? 2 : 0,
        slot->in + VALUE_AT(p), type->n_bytes ? 0 : PARAM_CELL,
        (SQLLEN *)(void *)(slot->in + LENGTH_AT(p)));
    on_stmt(arm);
    if (SQL_SUCCEEDED(arm->code))
        slot->params[p] = (struct param){true, is_late};
}

void op_bind_parameter(struct arm *arm, const uint32_t *a)
{
    bind(arm, a[0] % N_PARAMS, ctype_pick(a[1]), sql_types[a[2] % 14], a[3], a[4]);
}

/* All markers of the prepared text, as an application would that knows it. */
void op_bind_ready(struct arm *arm, const uint32_t *a)
{
    unsigned n = arm->slot->n_params ? arm->slot->n_params : 1;

    for (unsigned p = 0; p < n && p < N_PARAMS; p++) {
        SQLRETURN code;

        if (p == 2 || (p == 0 && a[1] % 3 == 0))
            bind(arm, p, ctype_find(a[0] % 2 ? SQL_C_CHAR : SQL_C_WCHAR), SQL_VARCHAR, a[2] + p, a[3]);
        else
            bind(arm, p, ctype_find(SQL_C_SLONG), SQL_INTEGER, a[2] + p, 1);
        code = arm->code;
        log_number(arm, "bound", code);
    }
}

static void bind_old(struct arm *arm, const uint32_t *a, bool is_set_param)
{
    struct slot *slot = arm->slot;
    unsigned p = a[0] % N_PARAMS;
    const struct ctype *type = ctype_find(a[1] % 2 ? SQL_C_CHAR : SQL_C_SLONG);
    SQLSMALLINT sql_type = a[1] % 2 ? SQL_VARCHAR : SQL_INTEGER;
    SQLLEN *length = (SQLLEN *)(void *)(slot->in + LENGTH_AT(p));

    put_values(slot, p, type, a[2], false);
    say(arm, "%s %u %s", is_set_param ? "SQLSetParam" : "SQLBindParam", p + 1, type->name);
    if (is_set_param)
        arm->code = CALL(arm, SQLSetParam)(slot->handle, (SQLUSMALLINT)(p + 1), type->code, sql_type,
                                           40, 0, slot->in + VALUE_AT(p), length);
    else
        arm->code = CALL(arm, SQLBindParam)(slot->handle, (SQLUSMALLINT)(p + 1), type->code, sql_type,
                                            40, 0, slot->in + VALUE_AT(p), length);
    on_stmt(arm);
    if (SQL_SUCCEEDED(arm->code))
        slot->params[p] = (struct param){true, false};
}

void op_bind_param(struct arm *arm, const uint32_t *a)
{
    if (HAS(arm, SQLBindParam))
        bind_old(arm, a, false);
}

void op_set_param(struct arm *arm, const uint32_t *a)
{
    if (HAS(arm, SQLSetParam))
        bind_old(arm, a, true);
}

void op_param_options(struct arm *arm, const uint32_t *a)
{
    SQLULEN n = a[0] % 3 ? 1 : a[0] % N_SETS + 1;

    if (!HAS(arm, SQLParamOptions))
        return;
    say(arm, "SQLParamOptions %d", (int)n);
    arm->code = CALL(arm, SQLParamOptions)(arm->slot->handle, n,
                                           (SQLULEN *)(void *)(arm->slot->out + PDONE_AT));
    on_stmt(arm);
}

/* ---- layouts ---- */

static void set_attribute(struct arm *arm, SQLINTEGER attribute, SQLPOINTER value, bool is_wide,
                          const char *name)
{
    SQLPOINTER shown = value;

    tame_pointer(arm, &shown);
    is_wide = is_wide && HAS(arm, SQLSetStmtAttrW);
    say(arm, "SQLSetStmtAttr%s %s %p", is_wide ? "W" : "", name, shown);
    arm->code = is_wide ? CALL(arm, SQLSetStmtAttrW)(arm->slot->handle, attribute, value, SQL_IS_POINTER)
                        : CALL(arm, SQLSetStmtAttr)(arm->slot->handle, attribute, value, SQL_IS_POINTER);
    on_stmt(arm);
}

void op_rows_layout(struct arm *arm, const uint32_t *a)
{
    static const SQLULEN sizes[] = {1, 1, 2, 3, 5, MAX_ROWS};
    static const SQLULEN offsets[] = {0, 0, 16, ROW_STRIDE};
    struct slot *slot = arm->slot;
    bool is_wide = a[2] % 2;
    SQLULEN number = sizes[a[1] % 6];

    switch (a[0] % 5) {
    case 0:
        set_attribute(arm, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)(uintptr_t)number, is_wide,
                      "ROW_ARRAY_SIZE");
        slot->has_blocks = number > 1;
        break;
    case 1:
        slot->is_row_wise = a[1] % 2;
        number = slot->is_row_wise ? ROW_STRIDE : SQL_BIND_BY_COLUMN;
        set_attribute(arm, SQL_ATTR_ROW_BIND_TYPE, (SQLPOINTER)(uintptr_t)number, is_wide, "ROW_BIND_TYPE");
        break;
    case 2:
        memcpy(slot->in + OFFSET_AT, &offsets[a[3] % 4], sizeof(SQLULEN));
        set_attribute(arm, SQL_ATTR_ROW_BIND_OFFSET_PTR, a[1] % 3 ? slot->in + OFFSET_AT : NULL, is_wide,
                      "ROW_BIND_OFFSET_PTR");
        break;
    case 3:
        set_attribute(arm, SQL_ATTR_ROW_STATUS_PTR, a[1] % 3 ? slot->out + STATUS_AT : NULL, is_wide,
                      "ROW_STATUS_PTR");
        break;
    default:
        set_attribute(arm, SQL_ROWSET_SIZE, (SQLPOINTER)(uintptr_t)number, is_wide, "ROWSET_SIZE");
        break;
    }
}

void op_rows_fetched(struct arm *arm, const uint32_t *a)
{
    set_attribute(arm, SQL_ATTR_ROWS_FETCHED_PTR, a[1] % 3 ? arm->slot->out + FETCHED_AT : NULL, a[2] % 2,
                  "ROWS_FETCHED_PTR");
}

void op_params_layout(struct arm *arm, const uint32_t *a)
{
    struct slot *slot = arm->slot;
    SQLULEN number = a[1] % 2 ? 1 : a[1] % N_SETS + 1;
    bool is_wide = a[2] % 2;

    switch (a[0] % 6) {
    case 0:
        set_attribute(arm, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)(uintptr_t)number, is_wide, "PARAMSET_SIZE");
        break;
    case 1:
        number = a[1] % 2 ? PARAM_ROW : SQL_PARAM_BIND_BY_COLUMN;
        set_attribute(arm, SQL_ATTR_PARAM_BIND_TYPE, (SQLPOINTER)(uintptr_t)number, is_wide,
                      "PARAM_BIND_TYPE");
        break;
    case 2:
        set_attribute(arm, SQL_ATTR_PARAM_BIND_OFFSET_PTR, a[1] % 3 ? NULL : slot->in + OFFSET_AT + 8, is_wide,
                      "PARAM_BIND_OFFSET_PTR");
        break;
    case 3:
        set_attribute(arm, SQL_ATTR_PARAM_STATUS_PTR, a[1] % 3 ? slot->out + PSTATUS_AT : NULL, is_wide,
                      "PARAM_STATUS_PTR");
        break;
    case 4:
        set_attribute(arm, SQL_ATTR_PARAMS_PROCESSED_PTR, a[1] % 3 ? slot->out + PDONE_AT : NULL, is_wide,
                      "PARAMS_PROCESSED_PTR");
        break;
    default:
        for (unsigned r = 0; r < N_SETS; r++) {
            SQLUSMALLINT what = (a[3] >> r) % 4 ? SQL_PARAM_PROCEED : SQL_PARAM_IGNORE;
            memcpy(slot->in + OPERATION_AT + r * sizeof(what), &what, sizeof(what));
        }
        set_attribute(arm, SQL_ATTR_PARAM_OPERATION_PTR, a[1] % 3 ? slot->in + OPERATION_AT : NULL, is_wide,
                      "PARAM_OPERATION_PTR");
        break;
    }
}

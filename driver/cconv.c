/* SPDX-License-Identifier: MIT */
#include "driver/cconv.h"

#include <string.h>

#include "driver/cconv_parts.h"

/* What is put into *offset when the last piece was handed out: an empty value has no other way to
 * show that it was read. */
#define ALL_GIVEN SIZE_MAX

static const struct og_ctype types[] = {
#define CTYPE(code, bytes, writer, lowest, highest) \
    {code, bytes, og_cconv_##writer, lowest, highest},
#include "driver/ctype.tbl.h"
#undef CTYPE
};

static const struct og_ctype *find_type(SQLSMALLINT c_type)
{
    for (size_t i = 0; i < OG_COUNT(types); i++)
        if (types[i].code == c_type)
            return &types[i];
    return NULL;
}

static bool is_interval(SQLSMALLINT c_type)
{
    return c_type >= SQL_C_INTERVAL_YEAR && c_type <= SQL_C_INTERVAL_MINUTE_TO_SECOND;
}

SQLSMALLINT og_cconv_default(SQLSMALLINT sql_type, bool is_unsigned)
{
    switch (sql_type) {
    case SQL_CHAR:
    case SQL_VARCHAR:
    case SQL_LONGVARCHAR:
    case SQL_DECIMAL:
    case SQL_NUMERIC:
        return SQL_C_CHAR;
    case SQL_WCHAR:
    case SQL_WVARCHAR:
    case SQL_WLONGVARCHAR:
        return SQL_C_WCHAR;
    case SQL_BINARY:
    case SQL_VARBINARY:
    case SQL_LONGVARBINARY:
        return SQL_C_BINARY;
    case SQL_BIT:
        return SQL_C_BIT;
    case SQL_TINYINT:
        return is_unsigned ? SQL_C_UTINYINT : SQL_C_STINYINT;
    case SQL_SMALLINT:
        return is_unsigned ? SQL_C_USHORT : SQL_C_SSHORT;
    case SQL_INTEGER:
        return is_unsigned ? SQL_C_ULONG : SQL_C_SLONG;
    case SQL_BIGINT:
        return is_unsigned ? SQL_C_UBIGINT : SQL_C_SBIGINT;
    case SQL_REAL:
        return SQL_C_FLOAT;
    case SQL_FLOAT:
    case SQL_DOUBLE:
        return SQL_C_DOUBLE;
    case SQL_GUID:
        return SQL_C_GUID;
    default:
        /* Dates, times and intervals have one number as SQL and as C type, in ODBC 2 and 3. Any
         * other type has no default: og_cconv_put answers HY003. */
        return sql_type == SQL_DATE || sql_type == SQL_TIME || sql_type == SQL_TIMESTAMP ||
                       (sql_type >= SQL_TYPE_DATE && sql_type <= SQL_TYPE_TIMESTAMP) ||
                       is_interval(sql_type)
                   ? sql_type
                   : SQL_UNKNOWN_TYPE;
    }
}

SQLLEN og_cconv_fixed_size(SQLSMALLINT c_type)
{
    const struct og_ctype *type = find_type(c_type);

    return type ? type->n_bytes : 0;
}

/* As often as it is asked for: that is what the real drivers do. */
static SQLRETURN put_null(struct og_cconv_cell *cell, struct og_diag *diag)
{
    if (!cell->indicator) {
        og_diag_add_state(diag, "22002", "the value is NULL and no indicator is bound for it");
        return SQL_ERROR;
    }
    memcpy(cell->indicator, &(SQLLEN){SQL_NULL_DATA}, sizeof(SQLLEN));
    return SQL_SUCCESS;
}

/* Length and indicator of a value that is not NULL; both pointers may be the same one. */
static void put_lengths(const struct og_cconv_cell *cell, SQLLEN length)
{
    if (cell->indicator && cell->indicator != cell->length)
        memcpy(cell->indicator, &(SQLLEN){0}, sizeof(SQLLEN));
    if (cell->length)
        memcpy(cell->length, &length, sizeof(length));
}

static SQLRETURN report(int outcome, struct og_diag *diag)
{
    switch (outcome) {
    case OG_CCONV_OK:
        return SQL_SUCCESS;
    case OG_CCONV_E_DONE:
        return SQL_NO_DATA;
    case OG_CCONV_E_TRUNCATED:
        og_diag_add_raw(diag, "01004", diag->native_of_cut, "the value is longer than the buffer");
        return SQL_SUCCESS_WITH_INFO;
    case OG_CCONV_E_FRACTION:
        og_diag_add_state(diag, "01S07", "the fraction of the value was cut off");
        return SQL_SUCCESS_WITH_INFO;
    case OG_CCONV_E_RANGE:
        og_diag_add_state(diag, "22003", "the value is out of the range of the C type asked for");
        return SQL_ERROR;
    default:
        og_diag_add_state(diag, "22018",
                          "the masked value cannot be given as the C type asked for; "
                          "read it as SQL_C_CHAR");
        return SQL_ERROR;
    }
}

SQLRETURN og_cconv_put(const char *text, size_t n_bytes, struct og_cconv_cell *cell,
                       size_t *offset, struct og_diag *diag)
{
    const struct og_ctype *type = find_type(cell->c_type);
    SQLLEN length;
    int outcome;

    if (!type) {
        if (is_interval(cell->c_type))
            og_diag_add_state(diag, "HYC00", "masked values are not given as intervals; "
                                             "read them as SQL_C_CHAR");
        else
            og_diag_add_state(diag, "HY003", "there is no C type %d", cell->c_type);
        return SQL_ERROR;
    }
    if (!text)
        return put_null(cell, diag);
    length = type->n_bytes;
    if (type->n_bytes && !cell->buffer)
        outcome = OG_CCONV_OK;
    else
        outcome = type->write(type, text, n_bytes, cell, offset, &length);
    if (outcome == OG_CCONV_OK || outcome == OG_CCONV_E_TRUNCATED ||
        outcome == OG_CCONV_E_FRACTION)
        put_lengths(cell, length);
    if (outcome == OG_CCONV_OK && offset && !type->n_bytes)
        *offset = ALL_GIVEN;
    return report(outcome, diag);
}

/* SPDX-License-Identifier: MIT */
#include "driver/guard_sizes.h"

#include <string.h>

#include "driver/guard.h"

/* psqlODBC 13.02, pgapifunc.h */
#define PSQLODBC_UNKNOWN_SIZES 65542
#define PSQLODBC_UNKNOWNS_AS_LONG 65544
#define PSQLODBC_MAX_VARCHAR 65546
#define PSQLODBC_MAX_LONG 65547
#define UNKNOWNS_AS_MAX 0
#define UNKNOWNS_AS_NONE 1 /* "don't know" */

/* What they are without a connection that says otherwise. */
#define DEFAULT_VARCHAR 255
#define DEFAULT_NUMERIC 28
#define DEFAULT_DIGITS 6
#define UNTYPED_SIZE 255
#define UNTYPED_NAME "varchar"

static bool ask_option(struct og_guard_stmt *stmt, SQLINTEGER option, int32_t *out)
{
    const struct og_guard_object *dbc = &stmt->dbc->object;
    int32_t value = 0;

    if (!dbc->calls->SQLGetConnectAttr ||
        !SQL_SUCCEEDED(dbc->calls->SQLGetConnectAttr(dbc->below, option, &value, SQL_IS_INTEGER, NULL)))
        return false;
    *out = value;
    return true;
}

static void set_option(struct og_guard_stmt *stmt, SQLINTEGER option, int32_t value)
{
    const struct og_guard_object *dbc = &stmt->dbc->object;

    (void)dbc->calls->SQLSetConnectAttr(dbc->below, option, (SQLPOINTER)(intptr_t)value, SQL_IS_INTEGER);
}

static bool is_among(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

static SQLSMALLINT long_of(SQLSMALLINT type, bool is_long)
{
    return type == SQL_VARCHAR || type == SQL_LONGVARCHAR ? (is_long ? SQL_LONGVARCHAR : SQL_VARCHAR)
                                                         : type;
}

/* A type that psqlODBC knows no size of: an array, json, bytes, ... */
static void find_unknown(struct og_guard_stmt *stmt, const char *name, struct og_sizes *out)
{
    /* Sizes of the first depend on what is declared alone (with UnknownSizes=0), those of the second
     * are the same for all. */
    static const char *const declared[] = {"text", "varchar", "char", NULL};
    static const char *const fixed[] = {"name", "refcursor", "inet", "cidr", "macaddr", "bool", NULL};
    int32_t is_long = 0, size = DEFAULT_VARCHAR;

    if (is_among(name, declared) || is_among(name, fixed) || strncmp(name, "interval", 8) == 0)
        return;
    if (strcmp(name, "numeric") == 0) { /* NumericAs */
        out->kind = OG_SIZES_DIGITS;
        return;
    }
    if ((SQLLEN)out->size < 0)
        return;
    (void)ask_option(stmt, PSQLODBC_UNKNOWNS_AS_LONG, &is_long);
    (void)ask_option(stmt, is_long ? PSQLODBC_MAX_LONG : PSQLODBC_MAX_VARCHAR, &size);
    out->kind = OG_SIZES_TEXT;
    out->size = size;
    if (strcmp(name, "xml") != 0)
        out->type = long_of(out->type, is_long != 0);
}

/* With UnknownSizes=0, which tells most of what is declared from what is looked up in values. */
static void find_kind(struct og_guard_stmt *stmt, SQLUSMALLINT column, struct og_sizes *out)
{
    SQLULEN size = 0;
    SQLSMALLINT type = 0, digits = 0, nullable;
    char name[256];

    if (!SQL_SUCCEEDED(stmt->object.calls->SQLDescribeCol(stmt->object.below, column, NULL, 0, NULL,
                                                          &type, &size, &digits, &nullable)))
        return;
    out->type = type;
    out->size = (SQLLEN)size;
    out->digits = DEFAULT_DIGITS;
    switch (type) {
    case SQL_NUMERIC:
    case SQL_DECIMAL: /* without a declared precision it is never smaller */
        if (out->size >= DEFAULT_NUMERIC)
            out->kind = OG_SIZES_NUMBER;
        out->size = DEFAULT_NUMERIC;
        return;
    case SQL_CHAR:
    case SQL_VARCHAR:
    case SQL_LONGVARCHAR:
    case SQL_WCHAR:
    case SQL_WVARCHAR:
    case SQL_WLONGVARCHAR:
    case SQL_BINARY:
    case SQL_VARBINARY:
    case SQL_LONGVARBINARY:
    case SQL_DOUBLE:
        og_meta_text(stmt, column, SQL_DESC_TYPE_NAME, name);
        stmt->rows.is_described = true;
        if (type != SQL_DOUBLE || strcmp(name, "numeric") == 0)
            find_unknown(stmt, name, out);
        return;
    default:
        return;
    }
}

void og_sizes_end(struct og_guard_stmt *stmt, struct og_sizes *sizes)
{
    if (!sizes->is_set)
        return;
    set_option(stmt, PSQLODBC_UNKNOWN_SIZES, sizes->saved);
    (void)pthread_mutex_unlock(&stmt->dbc->lock);
    sizes->is_set = false;
}

static void find_postgresql(struct og_guard_stmt *stmt, SQLUSMALLINT column, struct og_sizes *out)
{
    out->saved = UNKNOWNS_AS_MAX;
    (void)ask_option(stmt, PSQLODBC_UNKNOWN_SIZES, &out->saved);
    out->is_set = out->saved != UNKNOWNS_AS_MAX;
    if (out->is_set) {
        (void)pthread_mutex_lock(&stmt->dbc->lock);
        set_option(stmt, PSQLODBC_UNKNOWN_SIZES, UNKNOWNS_AS_MAX);
    }
    find_kind(stmt, column, out);
    if (out->saved == UNKNOWNS_AS_NONE)
        og_sizes_end(stmt, out);
}

void og_sizes_begin(struct og_guard_stmt *stmt, SQLUSMALLINT column, struct og_sizes *out)
{
    const struct og_verdict *verdict = &stmt->verdict;

    *out = (struct og_sizes){.kind = OG_SIZES_AS_IS};
    if (!verdict->masks_any || column < 1 || column > verdict->n_masks || !verdict->masks ||
        verdict->masks[column - 1].kind == OG_MASK_NONE)
        return;
    if (stmt->dbc->dialect == OG_DIALECT_POSTGRESQL) {
        find_postgresql(stmt, column, out);
    } else if (column <= stmt->facts.n_results && stmt->facts.results[column - 1].is_untyped) {
        out->kind = OG_SIZES_UNTYPED;
        out->type = SQL_VARCHAR;
        out->size = UNTYPED_SIZE;
    }
}

void og_sizes_describe(const struct og_sizes *sizes, SQLSMALLINT *type, SQLULEN *size,
                       SQLSMALLINT *digits)
{
    bool has_size = sizes->kind != OG_SIZES_AS_IS && sizes->kind != OG_SIZES_DIGITS;

    if (type && (sizes->kind == OG_SIZES_TEXT || sizes->kind == OG_SIZES_UNTYPED))
        *type = sizes->type;
    if (size && has_size)
        *size = (SQLULEN)sizes->size;
    if (digits && sizes->kind != OG_SIZES_AS_IS && sizes->kind != OG_SIZES_TEXT)
        *digits = sizes->digits;
}

enum told { TOLD_NOT, TOLD_TYPE, TOLD_SIZE, TOLD_WIDTH, TOLD_DIGITS, TOLD_NOTHING };

/* Which of its fields depends on values, for a kind of column; TOLD_WIDTH is a number's size with its
 * sign and point. */
static enum told find_told(enum og_sizes_kind kind, SQLSMALLINT field)
{
    static const struct {
        SQLSMALLINT field;
        enum told number, text, untyped;
    } rows[] = {
        {SQL_DESC_CONCISE_TYPE, TOLD_NOT, TOLD_TYPE, TOLD_TYPE},
        {SQL_DESC_TYPE, TOLD_NOT, TOLD_TYPE, TOLD_TYPE},
        {SQL_DESC_LENGTH, TOLD_SIZE, TOLD_SIZE, TOLD_SIZE},
        {SQL_COLUMN_LENGTH, TOLD_WIDTH, TOLD_SIZE, TOLD_SIZE},
        {SQL_COLUMN_PRECISION, TOLD_SIZE, TOLD_SIZE, TOLD_NOTHING},
        {SQL_DESC_PRECISION, TOLD_SIZE, TOLD_NOT, TOLD_NOTHING},
        {SQL_COLUMN_SCALE, TOLD_DIGITS, TOLD_NOT, TOLD_NOTHING},
        {SQL_DESC_SCALE, TOLD_DIGITS, TOLD_NOT, TOLD_NOTHING},
        {SQL_DESC_DISPLAY_SIZE, TOLD_WIDTH, TOLD_SIZE, TOLD_SIZE},
        {SQL_DESC_OCTET_LENGTH, TOLD_NOT, TOLD_NOT, TOLD_SIZE},
        {SQL_DESC_NUM_PREC_RADIX, TOLD_NOT, TOLD_NOT, TOLD_NOTHING},
    };

    for (size_t i = 0; kind != OG_SIZES_AS_IS && i < OG_COUNT(rows); i++) {
        if (rows[i].field != field)
            continue;
        if (kind == OG_SIZES_DIGITS)
            return rows[i].number == TOLD_DIGITS ? TOLD_DIGITS : TOLD_NOT;
        return kind == OG_SIZES_NUMBER ? rows[i].number
               : kind == OG_SIZES_TEXT ? rows[i].text
                                       : rows[i].untyped;
    }
    return TOLD_NOT;
}

bool og_sizes_concern(SQLSMALLINT field)
{
    static const enum og_sizes_kind kinds[] = {OG_SIZES_NUMBER, OG_SIZES_TEXT, OG_SIZES_DIGITS,
                                               OG_SIZES_UNTYPED};

    for (size_t i = 0; i < OG_COUNT(kinds); i++)
        if (find_told(kinds[i], field) != TOLD_NOT)
            return true;
    return field == SQL_DESC_TYPE_NAME;
}

bool og_sizes_number(const struct og_sizes *sizes, SQLSMALLINT field, SQLLEN *out)
{
    switch (find_told(sizes->kind, field)) {
    case TOLD_TYPE:
        *out = sizes->type;
        return true;
    case TOLD_SIZE:
        *out = sizes->size;
        return true;
    case TOLD_WIDTH:
        *out = sizes->size + 2;
        return true;
    case TOLD_DIGITS:
        *out = sizes->digits;
        return true;
    case TOLD_NOTHING:
        *out = 0;
        return true;
    default:
        return false;
    }
}

const char *og_sizes_text(const struct og_sizes *sizes, SQLSMALLINT field)
{
    return sizes->kind == OG_SIZES_UNTYPED && field == SQL_DESC_TYPE_NAME ? UNTYPED_NAME : NULL;
}

/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "driver/fault.h"

#ifdef OG_TEST_FAULT
#include <stdlib.h>
#include <string.h>

static struct og_calls right, wrong; /* as the guard has them; with one of them wrong */

/* Numbers of the answer in each other's place. */
static SQLRETURN SQL_API bad_SQLDescribeCol(SQLHSTMT h, SQLUSMALLINT column, SQLCHAR *name,
                                            SQLSMALLINT max, SQLSMALLINT *n, SQLSMALLINT *type,
                                            SQLULEN *size, SQLSMALLINT *digits,
                                            SQLSMALLINT *nullable)
{
    return right.SQLDescribeCol(h, column, name, max, n, type, size, nullable, digits);
}

/* Bytes where characters are meant. */
static SQLRETURN SQL_API bad_SQLDescribeColW(SQLHSTMT h, SQLUSMALLINT column, SQLWCHAR *name,
                                             SQLSMALLINT max, SQLSMALLINT *n, SQLSMALLINT *type,
                                             SQLULEN *size, SQLSMALLINT *digits,
                                             SQLSMALLINT *nullable)
{
    SQLRETURN code = right.SQLDescribeColW(h, column, name, max, n, type, size, digits, nullable);

    if (SQL_SUCCEEDED(code) && n)
        *n = (SQLSMALLINT)(*n * 2);
    return code;
}

/* A column that is bound keeps its first binding. */
static SQLRETURN SQL_API bad_SQLBindCol(SQLHSTMT h, SQLUSMALLINT column, SQLSMALLINT type,
                                        SQLPOINTER data, SQLLEN max, SQLLEN *indicator)
{
    static SQLHSTMT seen[8];

    if (column < 8 && seen[column] == h && data)
        return SQL_SUCCESS;
    if (column < 8)
        seen[column] = h;
    return right.SQLBindCol(h, column, type, data, max, indicator);
}

static SQLRETURN SQL_API bad_SQLGetDiagRecW(SQLSMALLINT type, SQLHANDLE h, SQLSMALLINT number,
                                            SQLWCHAR *state, SQLINTEGER *native, SQLWCHAR *text,
                                            SQLSMALLINT max, SQLSMALLINT *n)
{
    if (number > 1)
        return SQL_NO_DATA;
    return right.SQLGetDiagRecW(type, h, number, state, native, text, max, n);
}

/* A value that was cut, as if it were whole. */
static SQLRETURN SQL_API bad_SQLGetData(SQLHSTMT h, SQLUSMALLINT column, SQLSMALLINT type,
                                        SQLPOINTER data, SQLLEN max, SQLLEN *indicator)
{
    SQLRETURN code = right.SQLGetData(h, column, type, data, max, indicator);

    return code == SQL_SUCCESS_WITH_INFO ? SQL_SUCCESS : code;
}

static SQLRETURN SQL_API bad_SQLFetchScroll(SQLHSTMT h, SQLSMALLINT way, SQLLEN offset)
{
    return right.SQLFetchScroll(h, way, way == SQL_FETCH_ABSOLUTE ? offset + 1 : offset);
}

static SQLRETURN SQL_API bad_SQLGetStmtAttr(SQLHSTMT h, SQLINTEGER attribute, SQLPOINTER value,
                                            SQLINTEGER max, SQLINTEGER *n)
{
    static SQLULEN kept;
    static bool is_kept;
    SQLRETURN code = right.SQLGetStmtAttr(h, attribute, value, max, n);

    if (attribute != SQL_ATTR_CURSOR_TYPE || !SQL_SUCCEEDED(code) || !value)
        return code;
    if (!is_kept)
        memcpy(&kept, value, sizeof(SQLUINTEGER));
    is_kept = true;
    memcpy(value, &kept, sizeof(SQLUINTEGER));
    return code;
}

static SQLRETURN SQL_API bad_SQLSetStmtAttr(SQLHSTMT h, SQLINTEGER attribute, SQLPOINTER value,
                                            SQLINTEGER n)
{
    SQLRETURN code = right.SQLSetStmtAttr(h, attribute, value, n);

    return code == SQL_SUCCESS_WITH_INFO ? SQL_SUCCESS : code;
}

static SQLRETURN SQL_API bad_SQLFreeStmt(SQLHSTMT h, SQLUSMALLINT option)
{
    return option == SQL_UNBIND ? SQL_SUCCESS : right.SQLFreeStmt(h, option);
}

static SQLRETURN SQL_API bad_SQLRowCount(SQLHSTMT h, SQLLEN *count)
{
    SQLRETURN code = right.SQLRowCount(h, count);

    if (SQL_SUCCEEDED(code) && *count > 1)
        --*count;
    return code;
}

static SQLRETURN SQL_API bad_SQLParamData(SQLHSTMT h, SQLPOINTER *token)
{
    SQLRETURN code = right.SQLParamData(h, token);

    if (code == SQL_NEED_DATA)
        *token = NULL;
    return code;
}

static SQLRETURN SQL_API bad_SQLGetDescField(SQLHDESC h, SQLSMALLINT number, SQLSMALLINT field,
                                             SQLPOINTER value, SQLINTEGER max, SQLINTEGER *n)
{
    return right.SQLGetDescField(h, (SQLSMALLINT)(number > 1 ? number - 1 : number), field, value, max,
                                 n);
}

SQLRETURN og_fault_open(const struct og_conf *conf, SQLINTEGER odbc_version, struct og_diag *diag,
                        struct og_layer *out)
{
    SQLRETURN code = og_guard_open(conf, odbc_version, diag, out);
    const char *name = getenv("OG_WRAPPER_FAULT");

    if (code != SQL_SUCCESS || !name)
        return code;
    right = wrong = *out->calls;
#define FAULT(word, function)                               \
    if (strcmp(name, word) == 0 && wrong.function)          \
        wrong.function = bad_##function;
#include "driver/fault.tbl.h"
#undef FAULT
    out->calls = &wrong;
    return code;
}
#else
typedef int og_fault_is_for_test_builds;
#endif

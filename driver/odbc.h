/* SPDX-License-Identifier: MIT */
/* odbc.h - the ODBC headers as the whole driver includes them: 3.80, 2-byte SQLWCHAR, and the
 * functions that drivers export although the headers do not declare them. */
#ifndef OG_DRIVER_ODBC_H
#define OG_DRIVER_ODBC_H

#define ODBCVER 0x0380
#define SQL_NOUNICODEMAP 1
#include <sql.h>
#include <sqlext.h>
#include <sqltypes.h>
#include <sqlucode.h>

/* Non-standard W form that psqlODBC exports; no header declares it. */
SQLRETURN SQL_API SQLSetDescRecW(SQLHDESC descriptor, SQLSMALLINT number, SQLSMALLINT type,
                                 SQLSMALLINT subtype, SQLLEN length, SQLSMALLINT precision,
                                 SQLSMALLINT scale, SQLPOINTER data, SQLLEN *string_length,
                                 SQLLEN *indicator);

#endif

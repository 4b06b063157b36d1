/* SPDX-License-Identifier: MIT */
/* link.tbl.h - the calls between a driver in an application's process (remote*.c) and the worker of its
 * session (worker*.c): the one description that both ends are made from, and docs/protocol.md too.
 *
 * CALL(number, function, kind of its handle): a call that travels as it is: its arguments are
 *     OG_LINK_<function>(K), in the function's own order, each one of
 *     N(type, name)             a number to the worker
 *     AI WI(type, text, n)      text to the worker, one or two bytes a character
 *     AO WO(type, out, max, n)  a buffer for text and where its length goes, from the worker; max in characters
 *     BO(type, out, max, n)     a buffer for text or a number, by what is asked; max in bytes
 *     P(out)                    the same of ODBC 2, which names no length
 *     O(type, name)             where a number goes, from the worker
 *     S WS(name)                where a SQLSTATE goes, from the worker
 * OWN(number, word, kind): a call with more to it, by hand on both ends: link.h says what it carries.
 * Kinds: NONE, DBC, STMT, DESC, ANY (with records), CHILD (STMT or DESC).
 * Rules: numbers are never used again; what a call carries never changes (a new number instead), so that
 * ends one version apart understand each other: the worker says at hello which numbers it serves. */
#ifndef OG_DRIVER_LINK_ARGUMENTS
#define OG_DRIVER_LINK_ARGUMENTS

#define OG_LINK_SQLPrepare(K) K##AI(SQLINTEGER, text, n_text)
#define OG_LINK_SQLColAttribute(K) K##N(SQLUSMALLINT, column) K##N(SQLUSMALLINT, field) \
    K##BO(SQLSMALLINT, text, max, n) K##O(SQLLEN, number)
#define OG_LINK_SQLColAttributes(K) K##N(SQLUSMALLINT, column) K##N(SQLUSMALLINT, field) \
    K##BO(SQLSMALLINT, text, max, n) K##O(SQLLEN, number)
#define OG_LINK_SQLDescribeCol(K) K##N(SQLUSMALLINT, column) K##AO(SQLSMALLINT, name, max, n) \
    K##O(SQLSMALLINT, type) K##O(SQLULEN, size) K##O(SQLSMALLINT, digits) K##O(SQLSMALLINT, nullable)
#define OG_LINK_SQLGetCursorName(K) K##AO(SQLSMALLINT, name, max, n)
#define OG_LINK_SQLSetCursorName(K) K##AI(SQLSMALLINT, name, n_name)
#define OG_LINK_SQLGetTypeInfo(K) K##N(SQLSMALLINT, type)
#define OG_LINK_SQLTables(K) K##AI(SQLSMALLINT, catalog, n_catalog) K##AI(SQLSMALLINT, schema, n_schema) \
    K##AI(SQLSMALLINT, table, n_table) K##AI(SQLSMALLINT, type, n_type)
#define OG_LINK_SQLColumns(K) K##AI(SQLSMALLINT, catalog, n_catalog) \
    K##AI(SQLSMALLINT, schema, n_schema) K##AI(SQLSMALLINT, table, n_table) \
    K##AI(SQLSMALLINT, column, n_column)
#define OG_LINK_SQLColumnPrivileges(K) K##AI(SQLSMALLINT, catalog, n_catalog) \
    K##AI(SQLSMALLINT, schema, n_schema) K##AI(SQLSMALLINT, table, n_table) \
    K##AI(SQLSMALLINT, column, n_column)
#define OG_LINK_SQLTablePrivileges(K) K##AI(SQLSMALLINT, catalog, n_catalog) \
    K##AI(SQLSMALLINT, schema, n_schema) K##AI(SQLSMALLINT, table, n_table)
#define OG_LINK_SQLPrimaryKeys(K) K##AI(SQLSMALLINT, catalog, n_catalog) \
    K##AI(SQLSMALLINT, schema, n_schema) K##AI(SQLSMALLINT, table, n_table)
#define OG_LINK_SQLForeignKeys(K) K##AI(SQLSMALLINT, pk_catalog, n_pk_catalog) \
    K##AI(SQLSMALLINT, pk_schema, n_pk_schema) K##AI(SQLSMALLINT, pk_table, n_pk_table) \
    K##AI(SQLSMALLINT, fk_catalog, n_fk_catalog) K##AI(SQLSMALLINT, fk_schema, n_fk_schema) \
    K##AI(SQLSMALLINT, fk_table, n_fk_table)
#define OG_LINK_SQLProcedures(K) K##AI(SQLSMALLINT, catalog, n_catalog) \
    K##AI(SQLSMALLINT, schema, n_schema) K##AI(SQLSMALLINT, routine, n_routine)
#define OG_LINK_SQLProcedureColumns(K) K##AI(SQLSMALLINT, catalog, n_catalog) \
    K##AI(SQLSMALLINT, schema, n_schema) K##AI(SQLSMALLINT, routine, n_routine) \
    K##AI(SQLSMALLINT, column, n_column)
#define OG_LINK_SQLSpecialColumns(K) K##N(SQLUSMALLINT, kind) K##AI(SQLSMALLINT, catalog, n_catalog) \
    K##AI(SQLSMALLINT, schema, n_schema) K##AI(SQLSMALLINT, table, n_table) K##N(SQLUSMALLINT, scope) \
    K##N(SQLUSMALLINT, nullable)
#define OG_LINK_SQLStatistics(K) K##AI(SQLSMALLINT, catalog, n_catalog) \
    K##AI(SQLSMALLINT, schema, n_schema) K##AI(SQLSMALLINT, table, n_table) K##N(SQLUSMALLINT, unique) \
    K##N(SQLUSMALLINT, accuracy)
#define OG_LINK_SQLGetInfo(K) K##N(SQLUSMALLINT, type) K##BO(SQLSMALLINT, value, max, n)
#define OG_LINK_SQLNativeSql(K) K##AI(SQLINTEGER, text, n_text) K##AO(SQLINTEGER, out, max, n)
#define OG_LINK_SQLGetConnectAttr(K) K##N(SQLINTEGER, attribute) K##BO(SQLINTEGER, value, max, n)
#define OG_LINK_SQLGetStmtAttr(K) K##N(SQLINTEGER, attribute) K##BO(SQLINTEGER, value, max, n)
#define OG_LINK_SQLGetDescField(K) K##N(SQLSMALLINT, record) K##N(SQLSMALLINT, field) \
    K##BO(SQLINTEGER, value, max, n)
#define OG_LINK_SQLGetDescRec(K) K##N(SQLSMALLINT, record) K##AO(SQLSMALLINT, name, max, n) \
    K##O(SQLSMALLINT, type) K##O(SQLSMALLINT, subtype) K##O(SQLLEN, length) K##O(SQLSMALLINT, precision) \
    K##O(SQLSMALLINT, scale) K##O(SQLSMALLINT, nullable)
#define OG_LINK_SQLGetDiagRec(K) K##N(SQLSMALLINT, record) K##S(state) K##O(SQLINTEGER, native) \
    K##AO(SQLSMALLINT, text, max, n)
#define OG_LINK_SQLGetDiagField(K) K##N(SQLSMALLINT, record) K##N(SQLSMALLINT, field) \
    K##BO(SQLSMALLINT, value, max, n)
#define OG_LINK_SQLPrepareW(K) K##WI(SQLINTEGER, text, n_text)
#define OG_LINK_SQLColAttributeW(K) K##N(SQLUSMALLINT, column) K##N(SQLUSMALLINT, field) \
    K##BO(SQLSMALLINT, text, max, n) K##O(SQLLEN, number)
#define OG_LINK_SQLColAttributesW(K) K##N(SQLUSMALLINT, column) K##N(SQLUSMALLINT, field) \
    K##BO(SQLSMALLINT, text, max, n) K##O(SQLLEN, number)
#define OG_LINK_SQLDescribeColW(K) K##N(SQLUSMALLINT, column) K##WO(SQLSMALLINT, name, max, n) \
    K##O(SQLSMALLINT, type) K##O(SQLULEN, size) K##O(SQLSMALLINT, digits) K##O(SQLSMALLINT, nullable)
#define OG_LINK_SQLGetCursorNameW(K) K##WO(SQLSMALLINT, name, max, n)
#define OG_LINK_SQLSetCursorNameW(K) K##WI(SQLSMALLINT, name, n_name)
#define OG_LINK_SQLGetTypeInfoW(K) K##N(SQLSMALLINT, type)
#define OG_LINK_SQLTablesW(K) K##WI(SQLSMALLINT, catalog, n_catalog) \
    K##WI(SQLSMALLINT, schema, n_schema) K##WI(SQLSMALLINT, table, n_table) \
    K##WI(SQLSMALLINT, type, n_type)
#define OG_LINK_SQLColumnsW(K) K##WI(SQLSMALLINT, catalog, n_catalog) \
    K##WI(SQLSMALLINT, schema, n_schema) K##WI(SQLSMALLINT, table, n_table) \
    K##WI(SQLSMALLINT, column, n_column)
#define OG_LINK_SQLColumnPrivilegesW(K) K##WI(SQLSMALLINT, catalog, n_catalog) \
    K##WI(SQLSMALLINT, schema, n_schema) K##WI(SQLSMALLINT, table, n_table) \
    K##WI(SQLSMALLINT, column, n_column)
#define OG_LINK_SQLTablePrivilegesW(K) K##WI(SQLSMALLINT, catalog, n_catalog) \
    K##WI(SQLSMALLINT, schema, n_schema) K##WI(SQLSMALLINT, table, n_table)
#define OG_LINK_SQLPrimaryKeysW(K) K##WI(SQLSMALLINT, catalog, n_catalog) \
    K##WI(SQLSMALLINT, schema, n_schema) K##WI(SQLSMALLINT, table, n_table)
#define OG_LINK_SQLForeignKeysW(K) K##WI(SQLSMALLINT, pk_catalog, n_pk_catalog) \
    K##WI(SQLSMALLINT, pk_schema, n_pk_schema) K##WI(SQLSMALLINT, pk_table, n_pk_table) \
    K##WI(SQLSMALLINT, fk_catalog, n_fk_catalog) K##WI(SQLSMALLINT, fk_schema, n_fk_schema) \
    K##WI(SQLSMALLINT, fk_table, n_fk_table)
#define OG_LINK_SQLProceduresW(K) K##WI(SQLSMALLINT, catalog, n_catalog) \
    K##WI(SQLSMALLINT, schema, n_schema) K##WI(SQLSMALLINT, routine, n_routine)
#define OG_LINK_SQLProcedureColumnsW(K) K##WI(SQLSMALLINT, catalog, n_catalog) \
    K##WI(SQLSMALLINT, schema, n_schema) K##WI(SQLSMALLINT, routine, n_routine) \
    K##WI(SQLSMALLINT, column, n_column)
#define OG_LINK_SQLSpecialColumnsW(K) K##N(SQLUSMALLINT, kind) K##WI(SQLSMALLINT, catalog, n_catalog) \
    K##WI(SQLSMALLINT, schema, n_schema) K##WI(SQLSMALLINT, table, n_table) K##N(SQLUSMALLINT, scope) \
    K##N(SQLUSMALLINT, nullable)
#define OG_LINK_SQLStatisticsW(K) K##WI(SQLSMALLINT, catalog, n_catalog) \
    K##WI(SQLSMALLINT, schema, n_schema) K##WI(SQLSMALLINT, table, n_table) K##N(SQLUSMALLINT, unique) \
    K##N(SQLUSMALLINT, accuracy)
#define OG_LINK_SQLGetInfoW(K) K##N(SQLUSMALLINT, type) K##BO(SQLSMALLINT, value, max, n)
#define OG_LINK_SQLNativeSqlW(K) K##WI(SQLINTEGER, text, n_text) K##WO(SQLINTEGER, out, max, n)
#define OG_LINK_SQLGetConnectAttrW(K) K##N(SQLINTEGER, attribute) K##BO(SQLINTEGER, value, max, n)
#define OG_LINK_SQLGetStmtAttrW(K) K##N(SQLINTEGER, attribute) K##BO(SQLINTEGER, value, max, n)
#define OG_LINK_SQLGetDescFieldW(K) K##N(SQLSMALLINT, record) K##N(SQLSMALLINT, field) \
    K##BO(SQLINTEGER, value, max, n)
#define OG_LINK_SQLGetDescRecW(K) K##N(SQLSMALLINT, record) K##WO(SQLSMALLINT, name, max, n) \
    K##O(SQLSMALLINT, type) K##O(SQLSMALLINT, subtype) K##O(SQLLEN, length) K##O(SQLSMALLINT, precision) \
    K##O(SQLSMALLINT, scale) K##O(SQLSMALLINT, nullable)
#define OG_LINK_SQLGetDiagRecW(K) K##N(SQLSMALLINT, record) K##WS(state) K##O(SQLINTEGER, native) \
    K##WO(SQLSMALLINT, text, max, n)
#define OG_LINK_SQLGetDiagFieldW(K) K##N(SQLSMALLINT, record) K##N(SQLSMALLINT, field) \
    K##BO(SQLSMALLINT, value, max, n)
#define OG_LINK_SQLCloseCursor(K)
#define OG_LINK_SQLDescribeParam(K) K##N(SQLUSMALLINT, parameter) K##O(SQLSMALLINT, type) \
    K##O(SQLULEN, size) K##O(SQLSMALLINT, digits) K##O(SQLSMALLINT, nullable)
#define OG_LINK_SQLNumParams(K) K##O(SQLSMALLINT, n)
#define OG_LINK_SQLNumResultCols(K) K##O(SQLSMALLINT, n)
#define OG_LINK_SQLRowCount(K) K##O(SQLLEN, n)
#define OG_LINK_SQLSetScrollOptions(K) K##N(SQLUSMALLINT, concurrency) K##N(SQLLEN, keyset) \
    K##N(SQLUSMALLINT, rowset)
#define OG_LINK_SQLGetConnectOption(K) K##N(SQLUSMALLINT, option) K##P(value)
#define OG_LINK_SQLGetStmtOption(K) K##N(SQLUSMALLINT, option) K##P(value)
#define OG_LINK_SQLSetConnectOption(K) K##N(SQLUSMALLINT, option) K##N(SQLULEN, value)

#endif

/* Included for its rows with CALL and OWN defined; included without them for the arguments alone. */
#ifdef CALL
CALL(32, SQLPrepare, STMT)
CALL(33, SQLColAttribute, STMT)
CALL(34, SQLColAttributes, STMT)
CALL(35, SQLDescribeCol, STMT)
CALL(36, SQLGetCursorName, STMT)
CALL(37, SQLSetCursorName, STMT)
CALL(38, SQLGetTypeInfo, STMT)
CALL(39, SQLTables, STMT)
CALL(40, SQLColumns, STMT)
CALL(41, SQLColumnPrivileges, STMT)
CALL(42, SQLTablePrivileges, STMT)
CALL(43, SQLPrimaryKeys, STMT)
CALL(44, SQLForeignKeys, STMT)
CALL(45, SQLProcedures, STMT)
CALL(46, SQLProcedureColumns, STMT)
CALL(47, SQLSpecialColumns, STMT)
CALL(48, SQLStatistics, STMT)
CALL(49, SQLGetInfo, DBC)
CALL(50, SQLNativeSql, DBC)
CALL(51, SQLGetConnectAttr, DBC)
CALL(52, SQLGetStmtAttr, STMT)
CALL(53, SQLGetDescField, DESC)
CALL(54, SQLGetDescRec, DESC)
CALL(55, SQLGetDiagRec, ANY)
CALL(56, SQLGetDiagField, ANY)
CALL(57, SQLPrepareW, STMT)
CALL(58, SQLColAttributeW, STMT)
CALL(59, SQLColAttributesW, STMT)
CALL(60, SQLDescribeColW, STMT)
CALL(61, SQLGetCursorNameW, STMT)
CALL(62, SQLSetCursorNameW, STMT)
CALL(63, SQLGetTypeInfoW, STMT)
CALL(64, SQLTablesW, STMT)
CALL(65, SQLColumnsW, STMT)
CALL(66, SQLColumnPrivilegesW, STMT)
CALL(67, SQLTablePrivilegesW, STMT)
CALL(68, SQLPrimaryKeysW, STMT)
CALL(69, SQLForeignKeysW, STMT)
CALL(70, SQLProceduresW, STMT)
CALL(71, SQLProcedureColumnsW, STMT)
CALL(72, SQLSpecialColumnsW, STMT)
CALL(73, SQLStatisticsW, STMT)
CALL(74, SQLGetInfoW, DBC)
CALL(75, SQLNativeSqlW, DBC)
CALL(76, SQLGetConnectAttrW, DBC)
CALL(77, SQLGetStmtAttrW, STMT)
CALL(78, SQLGetDescFieldW, DESC)
CALL(79, SQLGetDescRecW, DESC)
CALL(80, SQLGetDiagRecW, ANY)
CALL(81, SQLGetDiagFieldW, ANY)
CALL(82, SQLCloseCursor, STMT)
CALL(83, SQLDescribeParam, STMT)
CALL(84, SQLNumParams, STMT)
CALL(85, SQLNumResultCols, STMT)
CALL(86, SQLRowCount, STMT)
CALL(87, SQLSetScrollOptions, STMT)
CALL(88, SQLGetConnectOption, DBC)
CALL(89, SQLGetStmtOption, STMT)
CALL(90, SQLSetConnectOption, DBC)
OWN(1, hello, NONE)
OWN(2, connect, DBC)
OWN(3, disconnect, DBC)
OWN(4, end, DBC)
OWN(5, alloc, DBC)
OWN(6, free, CHILD)
OWN(7, free_stmt, STMT)
OWN(8, cancel, STMT)
OWN(9, functions, DBC)
OWN(10, bind_column, STMT)
OWN(11, fetch, STMT)
OWN(12, get_data, STMT)
OWN(13, bind_parameter, STMT)
OWN(14, execute, STMT)
OWN(15, param_data, STMT)
OWN(16, put_data, STMT)
OWN(17, more_results, STMT)
OWN(18, set_connect, DBC)
OWN(19, set_stmt, STMT)
OWN(20, set_desc, DESC)
OWN(21, descriptor, STMT)
OWN(22, set_pos, STMT)
OWN(23, error, ANY)
#endif

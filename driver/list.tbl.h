/* SPDX-License-Identifier: MIT */
/* list.tbl.h - the ODBC catalog functions in both forms.
 * LIST(function, name for the ledger, parameters, arguments to the layer below) */
LIST(SQLTables, "SQLTables", (SQLHSTMT handle, SQLCHAR *catalog, SQLSMALLINT n_catalog, SQLCHAR
     *schema, SQLSMALLINT n_schema, SQLCHAR *table, SQLSMALLINT n_table, SQLCHAR *type,
     SQLSMALLINT n_type),
     (BELOW, catalog, n_catalog, schema, n_schema, table, n_table, type, n_type))
LIST(SQLColumns, "SQLColumns", (SQLHSTMT handle, SQLCHAR *catalog, SQLSMALLINT n_catalog, SQLCHAR
     *schema, SQLSMALLINT n_schema, SQLCHAR *table, SQLSMALLINT n_table, SQLCHAR *column,
     SQLSMALLINT n_column),
     (BELOW, catalog, n_catalog, schema, n_schema, table, n_table, column, n_column))
LIST(SQLColumnPrivileges, "SQLColumnPrivileges", (SQLHSTMT handle, SQLCHAR *catalog, SQLSMALLINT
     n_catalog, SQLCHAR *schema, SQLSMALLINT n_schema, SQLCHAR *table, SQLSMALLINT n_table,
     SQLCHAR *column, SQLSMALLINT n_column),
     (BELOW, catalog, n_catalog, schema, n_schema, table, n_table, column, n_column))
LIST(SQLTablePrivileges, "SQLTablePrivileges", (SQLHSTMT handle, SQLCHAR *catalog, SQLSMALLINT
     n_catalog, SQLCHAR *schema, SQLSMALLINT n_schema, SQLCHAR *table, SQLSMALLINT n_table),
     (BELOW, catalog, n_catalog, schema, n_schema, table, n_table))
LIST(SQLPrimaryKeys, "SQLPrimaryKeys", (SQLHSTMT handle, SQLCHAR *catalog, SQLSMALLINT n_catalog,
     SQLCHAR *schema, SQLSMALLINT n_schema, SQLCHAR *table, SQLSMALLINT n_table),
     (BELOW, catalog, n_catalog, schema, n_schema, table, n_table))
LIST(SQLForeignKeys, "SQLForeignKeys", (SQLHSTMT handle, SQLCHAR *pk_catalog, SQLSMALLINT
     n_pk_catalog, SQLCHAR *pk_schema, SQLSMALLINT n_pk_schema, SQLCHAR *pk_table, SQLSMALLINT
     n_pk_table, SQLCHAR *fk_catalog, SQLSMALLINT n_fk_catalog, SQLCHAR *fk_schema, SQLSMALLINT
     n_fk_schema, SQLCHAR *fk_table, SQLSMALLINT n_fk_table),
     (BELOW, pk_catalog, n_pk_catalog, pk_schema, n_pk_schema, pk_table, n_pk_table, fk_catalog,
      n_fk_catalog, fk_schema, n_fk_schema, fk_table, n_fk_table))
LIST(SQLProcedures, "SQLProcedures", (SQLHSTMT handle, SQLCHAR *catalog, SQLSMALLINT n_catalog,
     SQLCHAR *schema, SQLSMALLINT n_schema, SQLCHAR *routine, SQLSMALLINT n_routine),
     (BELOW, catalog, n_catalog, schema, n_schema, routine, n_routine))
LIST(SQLProcedureColumns, "SQLProcedureColumns", (SQLHSTMT handle, SQLCHAR *catalog, SQLSMALLINT
     n_catalog, SQLCHAR *schema, SQLSMALLINT n_schema, SQLCHAR *routine, SQLSMALLINT n_routine,
     SQLCHAR *column, SQLSMALLINT n_column),
     (BELOW, catalog, n_catalog, schema, n_schema, routine, n_routine, column, n_column))
LIST(SQLStatistics, "SQLStatistics", (SQLHSTMT handle, SQLCHAR *catalog, SQLSMALLINT n_catalog,
     SQLCHAR *schema, SQLSMALLINT n_schema, SQLCHAR *table, SQLSMALLINT n_table, SQLUSMALLINT
     is_unique, SQLUSMALLINT reserved),
     (BELOW, catalog, n_catalog, schema, n_schema, table, n_table, is_unique, reserved))
LIST(SQLSpecialColumns, "SQLSpecialColumns", (SQLHSTMT handle, SQLUSMALLINT kind, SQLCHAR
     *catalog, SQLSMALLINT n_catalog, SQLCHAR *schema, SQLSMALLINT n_schema, SQLCHAR *table,
     SQLSMALLINT n_table, SQLUSMALLINT scope, SQLUSMALLINT nullable),
     (BELOW, kind, catalog, n_catalog, schema, n_schema, table, n_table, scope, nullable))
LIST(SQLGetTypeInfo, "SQLGetTypeInfo", (SQLHSTMT handle, SQLSMALLINT type),
     (BELOW, type))
LIST(SQLTablesW, "SQLTables", (SQLHSTMT handle, SQLWCHAR *catalog, SQLSMALLINT n_catalog, SQLWCHAR
     *schema, SQLSMALLINT n_schema, SQLWCHAR *table, SQLSMALLINT n_table, SQLWCHAR *type,
     SQLSMALLINT n_type),
     (BELOW, catalog, n_catalog, schema, n_schema, table, n_table, type, n_type))
LIST(SQLColumnsW, "SQLColumns", (SQLHSTMT handle, SQLWCHAR *catalog, SQLSMALLINT n_catalog,
     SQLWCHAR *schema, SQLSMALLINT n_schema, SQLWCHAR *table, SQLSMALLINT n_table, SQLWCHAR
     *column, SQLSMALLINT n_column),
     (BELOW, catalog, n_catalog, schema, n_schema, table, n_table, column, n_column))
LIST(SQLColumnPrivilegesW, "SQLColumnPrivileges", (SQLHSTMT handle, SQLWCHAR *catalog, SQLSMALLINT
     n_catalog, SQLWCHAR *schema, SQLSMALLINT n_schema, SQLWCHAR *table, SQLSMALLINT n_table,
     SQLWCHAR *column, SQLSMALLINT n_column),
     (BELOW, catalog, n_catalog, schema, n_schema, table, n_table, column, n_column))
LIST(SQLTablePrivilegesW, "SQLTablePrivileges", (SQLHSTMT handle, SQLWCHAR *catalog, SQLSMALLINT
     n_catalog, SQLWCHAR *schema, SQLSMALLINT n_schema, SQLWCHAR *table, SQLSMALLINT n_table),
     (BELOW, catalog, n_catalog, schema, n_schema, table, n_table))
LIST(SQLPrimaryKeysW, "SQLPrimaryKeys", (SQLHSTMT handle, SQLWCHAR *catalog, SQLSMALLINT
     n_catalog, SQLWCHAR *schema, SQLSMALLINT n_schema, SQLWCHAR *table, SQLSMALLINT n_table),
     (BELOW, catalog, n_catalog, schema, n_schema, table, n_table))
LIST(SQLForeignKeysW, "SQLForeignKeys", (SQLHSTMT handle, SQLWCHAR *pk_catalog, SQLSMALLINT
     n_pk_catalog, SQLWCHAR *pk_schema, SQLSMALLINT n_pk_schema, SQLWCHAR *pk_table, SQLSMALLINT
     n_pk_table, SQLWCHAR *fk_catalog, SQLSMALLINT n_fk_catalog, SQLWCHAR *fk_schema, SQLSMALLINT
     n_fk_schema, SQLWCHAR *fk_table, SQLSMALLINT n_fk_table),
     (BELOW, pk_catalog, n_pk_catalog, pk_schema, n_pk_schema, pk_table, n_pk_table, fk_catalog,
      n_fk_catalog, fk_schema, n_fk_schema, fk_table, n_fk_table))
LIST(SQLProceduresW, "SQLProcedures", (SQLHSTMT handle, SQLWCHAR *catalog, SQLSMALLINT n_catalog,
     SQLWCHAR *schema, SQLSMALLINT n_schema, SQLWCHAR *routine, SQLSMALLINT n_routine),
     (BELOW, catalog, n_catalog, schema, n_schema, routine, n_routine))
LIST(SQLProcedureColumnsW, "SQLProcedureColumns", (SQLHSTMT handle, SQLWCHAR *catalog, SQLSMALLINT
     n_catalog, SQLWCHAR *schema, SQLSMALLINT n_schema, SQLWCHAR *routine, SQLSMALLINT n_routine,
     SQLWCHAR *column, SQLSMALLINT n_column),
     (BELOW, catalog, n_catalog, schema, n_schema, routine, n_routine, column, n_column))
LIST(SQLStatisticsW, "SQLStatistics", (SQLHSTMT handle, SQLWCHAR *catalog, SQLSMALLINT n_catalog,
     SQLWCHAR *schema, SQLSMALLINT n_schema, SQLWCHAR *table, SQLSMALLINT n_table, SQLUSMALLINT
     is_unique, SQLUSMALLINT reserved),
     (BELOW, catalog, n_catalog, schema, n_schema, table, n_table, is_unique, reserved))
LIST(SQLSpecialColumnsW, "SQLSpecialColumns", (SQLHSTMT handle, SQLUSMALLINT kind, SQLWCHAR
     *catalog, SQLSMALLINT n_catalog, SQLWCHAR *schema, SQLSMALLINT n_schema, SQLWCHAR *table,
     SQLSMALLINT n_table, SQLUSMALLINT scope, SQLUSMALLINT nullable),
     (BELOW, kind, catalog, n_catalog, schema, n_schema, table, n_table, scope, nullable))
LIST(SQLGetTypeInfoW, "SQLGetTypeInfo", (SQLHSTMT handle, SQLSMALLINT type),
     (BELOW, type))

/* SPDX-License-Identifier: MIT */
/* entry.tbl.h - every ODBC function that any face of the driver exports: the one table that the call
 * table, the faces, the entry layer, the target and the guard are made from.
 * ROW(function, kind of its first handle, faces, who handles it in the entry layer, who in the
 *     guard, first parameter, (parameters), (arguments to the layer below))
 * Faces, each in the shape of a real driver: P (libodbcguard.so, psqlodbcw), A (libodbcguard-ansi.so,
 * psqlodbca), S (libodbcguard-odbc2.so, libsqlite3odbc), M (libodbcguard-mariadb.so, libmaodbc), T
 * (libodbcguard-tds.so, libtdsodbc). ALL: all five; W: P, M, T; ODBC2: S, M, T; else their letters.
 * Entry layer: FORWARD (check the handle, lock it, call the layer below), OWN (entry_*.c) or OPEN (makes an
 * environment, which keeps the face that it came by).
 * Guard: PASS (to the target as it is) or DENY (closed, HYC00: what the entry layer or the driver manager
 * answers itself); guard_*.c put their own functions over these. Parameters are as the ODBC headers declare them. */
ROW(SQLAllocConnect, ENV, ODBC2, OWN, PASS, EnvironmentHandle, (SQLHENV EnvironmentHandle, SQLHDBC
    *ConnectionHandle), (below, ConnectionHandle))
ROW(SQLAllocEnv, ENV, ODBC2, OPEN, PASS, EnvironmentHandle, (SQLHENV *EnvironmentHandle), (below))
ROW(SQLAllocHandle, NONE, ALL, OPEN, PASS, HandleType, (SQLSMALLINT HandleType, SQLHANDLE
    InputHandle, SQLHANDLE *OutputHandle), (below, InputHandle, OutputHandle))
ROW(SQLAllocStmt, DBC, ODBC2, OWN, PASS, ConnectionHandle, (SQLHDBC ConnectionHandle, SQLHSTMT
    *StatementHandle), (below, StatementHandle))
ROW(SQLBindCol, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLUSMALLINT ColumnNumber, SQLSMALLINT TargetType, SQLPOINTER TargetValue, SQLLEN
    BufferLength, SQLLEN *StrLen_or_Ind), (below, ColumnNumber, TargetType, TargetValue,
    BufferLength, StrLen_or_Ind))
ROW(SQLBindParam, STMT, PAST, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLUSMALLINT ParameterNumber, SQLSMALLINT ValueType, SQLSMALLINT ParameterType, SQLULEN
    LengthPrecision, SQLSMALLINT ParameterScale, SQLPOINTER ParameterValue, SQLLEN
    *StrLen_or_Ind), (below, ParameterNumber, ValueType, ParameterType, LengthPrecision,
    ParameterScale, ParameterValue, StrLen_or_Ind))
ROW(SQLBindParameter, STMT, ALL, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLUSMALLINT ipar,
    SQLSMALLINT fParamType, SQLSMALLINT fCType, SQLSMALLINT fSqlType, SQLULEN cbColDef,
    SQLSMALLINT ibScale, SQLPOINTER rgbValue, SQLLEN cbValueMax, SQLLEN *pcbValue), (below, ipar,
    fParamType, fCType, fSqlType, cbColDef, ibScale, rgbValue, cbValueMax, pcbValue))
ROW(SQLBrowseConnect, DBC, PASM, OWN, DENY, hdbc, (SQLHDBC hdbc, SQLCHAR *szConnStrIn, SQLSMALLINT
    cbConnStrIn, SQLCHAR *szConnStrOut, SQLSMALLINT cbConnStrOutMax, SQLSMALLINT *pcbConnStrOut),
    (below, szConnStrIn, cbConnStrIn, szConnStrOut, cbConnStrOutMax, pcbConnStrOut))
ROW(SQLBrowseConnectW, DBC, PM, OWN, DENY, hdbc, (SQLHDBC hdbc, SQLWCHAR *szConnStrIn, SQLSMALLINT
    cbConnStrIn, SQLWCHAR *szConnStrOut, SQLSMALLINT cbConnStrOutMax, SQLSMALLINT *pcbConnStrOut),
    (below, szConnStrIn, cbConnStrIn, szConnStrOut, cbConnStrOutMax, pcbConnStrOut))
ROW(SQLBulkOperations, STMT, PASM, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLSMALLINT Operation), (below, Operation))
ROW(SQLCancel, STMT, ALL, OWN, PASS, StatementHandle, (SQLHSTMT StatementHandle), (below))
ROW(SQLCloseCursor, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle),
    (below))
ROW(SQLColAttribute, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLUSMALLINT ColumnNumber, SQLUSMALLINT FieldIdentifier, SQLPOINTER CharacterAttribute,
    SQLSMALLINT BufferLength, SQLSMALLINT *StringLength, SQLLEN *NumericAttribute), (below,
    ColumnNumber, FieldIdentifier, CharacterAttribute, BufferLength, StringLength,
    NumericAttribute))
ROW(SQLColAttributeW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLUSMALLINT iCol,
    SQLUSMALLINT iField, SQLPOINTER pCharAttr, SQLSMALLINT cbCharAttrMax, SQLSMALLINT
    *pcbCharAttr, SQLLEN *pNumAttr), (below, iCol, iField, pCharAttr, cbCharAttrMax, pcbCharAttr,
    pNumAttr))
ROW(SQLColAttributes, STMT, ODBC2, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLUSMALLINT icol,
    SQLUSMALLINT fDescType, SQLPOINTER rgbDesc, SQLSMALLINT cbDescMax, SQLSMALLINT *pcbDesc,
    SQLLEN *pfDesc), (below, icol, fDescType, rgbDesc, cbDescMax, pcbDesc, pfDesc))
ROW(SQLColAttributesW, STMT, M, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLUSMALLINT icol,
    SQLUSMALLINT fDescType, SQLPOINTER rgbDesc, SQLSMALLINT cbDescMax, SQLSMALLINT *pcbDesc,
    SQLLEN *pfDesc), (below, icol, fDescType, rgbDesc, cbDescMax, pcbDesc, pfDesc))
ROW(SQLColumnPrivileges, STMT, ALL, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLCHAR
    *szCatalogName, SQLSMALLINT cbCatalogName, SQLCHAR *szSchemaName, SQLSMALLINT cbSchemaName,
    SQLCHAR *szTableName, SQLSMALLINT cbTableName, SQLCHAR *szColumnName, SQLSMALLINT
    cbColumnName), (below, szCatalogName, cbCatalogName, szSchemaName, cbSchemaName, szTableName,
    cbTableName, szColumnName, cbColumnName))
ROW(SQLColumnPrivilegesW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLWCHAR *szCatalogName,
    SQLSMALLINT cbCatalogName, SQLWCHAR *szSchemaName, SQLSMALLINT cbSchemaName, SQLWCHAR
    *szTableName, SQLSMALLINT cbTableName, SQLWCHAR *szColumnName, SQLSMALLINT cbColumnName),
    (below, szCatalogName, cbCatalogName, szSchemaName, cbSchemaName, szTableName, cbTableName,
    szColumnName, cbColumnName))
ROW(SQLColumns, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle, SQLCHAR
    *CatalogName, SQLSMALLINT NameLength1, SQLCHAR *SchemaName, SQLSMALLINT NameLength2, SQLCHAR
    *TableName, SQLSMALLINT NameLength3, SQLCHAR *ColumnName, SQLSMALLINT NameLength4), (below,
    CatalogName, NameLength1, SchemaName, NameLength2, TableName, NameLength3, ColumnName,
    NameLength4))
ROW(SQLColumnsW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLWCHAR *szCatalogName,
    SQLSMALLINT cbCatalogName, SQLWCHAR *szSchemaName, SQLSMALLINT cbSchemaName, SQLWCHAR
    *szTableName, SQLSMALLINT cbTableName, SQLWCHAR *szColumnName, SQLSMALLINT cbColumnName),
    (below, szCatalogName, cbCatalogName, szSchemaName, cbSchemaName, szTableName, cbTableName,
    szColumnName, cbColumnName))
ROW(SQLConnect, DBC, ALL, OWN, PASS, ConnectionHandle, (SQLHDBC ConnectionHandle, SQLCHAR
    *ServerName, SQLSMALLINT NameLength1, SQLCHAR *UserName, SQLSMALLINT NameLength2, SQLCHAR
    *Authentication, SQLSMALLINT NameLength3), (below, ServerName, NameLength1, UserName,
    NameLength2, Authentication, NameLength3))
ROW(SQLConnectW, DBC, W, OWN, PASS, hdbc, (SQLHDBC hdbc, SQLWCHAR *szDSN, SQLSMALLINT cbDSN,
    SQLWCHAR *szUID, SQLSMALLINT cbUID, SQLWCHAR *szAuthStr, SQLSMALLINT cbAuthStr), (below,
    szDSN, cbDSN, szUID, cbUID, szAuthStr, cbAuthStr))
ROW(SQLCopyDesc, DESC, ALL, OWN, PASS, SourceDescHandle, (SQLHDESC SourceDescHandle, SQLHDESC
    TargetDescHandle), (below, TargetDescHandle))
ROW(SQLDataSources, ENV, PAS, OWN, DENY, EnvironmentHandle, (SQLHENV EnvironmentHandle,
    SQLUSMALLINT Direction, SQLCHAR *ServerName, SQLSMALLINT BufferLength1, SQLSMALLINT
    *NameLength1, SQLCHAR *Description, SQLSMALLINT BufferLength2, SQLSMALLINT *NameLength2),
    (below, Direction, ServerName, BufferLength1, NameLength1, Description, BufferLength2,
    NameLength2))
ROW(SQLDataSourcesW, ENV, P, OWN, DENY, henv, (SQLHENV henv, SQLUSMALLINT fDirection, SQLWCHAR
    *szDSN, SQLSMALLINT cbDSNMax, SQLSMALLINT *pcbDSN, SQLWCHAR *szDescription, SQLSMALLINT
    cbDescriptionMax, SQLSMALLINT *pcbDescription), (below, fDirection, szDSN, cbDSNMax, pcbDSN,
    szDescription, cbDescriptionMax, pcbDescription))
ROW(SQLDescribeCol, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLUSMALLINT ColumnNumber, SQLCHAR *ColumnName, SQLSMALLINT BufferLength, SQLSMALLINT
    *NameLength, SQLSMALLINT *DataType, SQLULEN *ColumnSize, SQLSMALLINT *DecimalDigits,
    SQLSMALLINT *Nullable), (below, ColumnNumber, ColumnName, BufferLength, NameLength, DataType,
    ColumnSize, DecimalDigits, Nullable))
ROW(SQLDescribeColW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLUSMALLINT icol, SQLWCHAR
    *szColName, SQLSMALLINT cbColNameMax, SQLSMALLINT *pcbColName, SQLSMALLINT *pfSqlType, SQLULEN
    *pcbColDef, SQLSMALLINT *pibScale, SQLSMALLINT *pfNullable), (below, icol, szColName,
    cbColNameMax, pcbColName, pfSqlType, pcbColDef, pibScale, pfNullable))
ROW(SQLDescribeParam, STMT, PASM, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLUSMALLINT ipar,
    SQLSMALLINT *pfSqlType, SQLULEN *pcbParamDef, SQLSMALLINT *pibScale, SQLSMALLINT *pfNullable),
    (below, ipar, pfSqlType, pcbParamDef, pibScale, pfNullable))
ROW(SQLDisconnect, DBC, ALL, OWN, PASS, ConnectionHandle, (SQLHDBC ConnectionHandle), (below))
ROW(SQLDriverConnect, DBC, ALL, OWN, PASS, hdbc, (SQLHDBC hdbc, SQLHWND hwnd, SQLCHAR
    *szConnStrIn, SQLSMALLINT cbConnStrIn, SQLCHAR *szConnStrOut, SQLSMALLINT cbConnStrOutMax,
    SQLSMALLINT *pcbConnStrOut, SQLUSMALLINT fDriverCompletion), (below, hwnd, szConnStrIn,
    cbConnStrIn, szConnStrOut, cbConnStrOutMax, pcbConnStrOut, fDriverCompletion))
ROW(SQLDriverConnectW, DBC, W, OWN, PASS, hdbc, (SQLHDBC hdbc, SQLHWND hwnd, SQLWCHAR
    *szConnStrIn, SQLSMALLINT cbConnStrIn, SQLWCHAR *szConnStrOut, SQLSMALLINT cbConnStrOutMax,
    SQLSMALLINT *pcbConnStrOut, SQLUSMALLINT fDriverCompletion), (below, hwnd, szConnStrIn,
    cbConnStrIn, szConnStrOut, cbConnStrOutMax, pcbConnStrOut, fDriverCompletion))
ROW(SQLDrivers, ENV, S, OWN, DENY, henv, (SQLHENV henv, SQLUSMALLINT fDirection, SQLCHAR
    *szDriverDesc, SQLSMALLINT cbDriverDescMax, SQLSMALLINT *pcbDriverDesc, SQLCHAR
    *szDriverAttributes, SQLSMALLINT cbDrvrAttrMax, SQLSMALLINT *pcbDrvrAttr), (below, fDirection,
    szDriverDesc, cbDriverDescMax, pcbDriverDesc, szDriverAttributes, cbDrvrAttrMax, pcbDrvrAttr))
ROW(SQLEndTran, NONE, ALL, OWN, PASS, HandleType, (SQLSMALLINT HandleType, SQLHANDLE Handle,
    SQLSMALLINT CompletionType), (below, Handle, CompletionType))
ROW(SQLError, ENV, ODBC2, OWN, PASS, EnvironmentHandle, (SQLHENV EnvironmentHandle, SQLHDBC
    ConnectionHandle, SQLHSTMT StatementHandle, SQLCHAR *Sqlstate, SQLINTEGER *NativeError,
    SQLCHAR *MessageText, SQLSMALLINT BufferLength, SQLSMALLINT *TextLength), (below,
    ConnectionHandle, StatementHandle, Sqlstate, NativeError, MessageText, BufferLength,
    TextLength))
ROW(SQLErrorW, ENV, MT, OWN, PASS, henv, (SQLHENV henv, SQLHDBC hdbc, SQLHSTMT hstmt, SQLWCHAR
    *szSqlState, SQLINTEGER *pfNativeError, SQLWCHAR *szErrorMsg, SQLSMALLINT cbErrorMsgMax,
    SQLSMALLINT *pcbErrorMsg), (below, hdbc, hstmt, szSqlState, pfNativeError, szErrorMsg,
    cbErrorMsgMax, pcbErrorMsg))
ROW(SQLExecDirect, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle, SQLCHAR
    *StatementText, SQLINTEGER TextLength), (below, StatementText, TextLength))
ROW(SQLExecDirectW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLWCHAR *szSqlStr, SQLINTEGER
    cbSqlStr), (below, szSqlStr, cbSqlStr))
ROW(SQLExecute, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle), (below))
ROW(SQLExtendedFetch, STMT, ALL, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLUSMALLINT fFetchType,
    SQLLEN irow, SQLULEN *pcrow, SQLUSMALLINT *rgfRowStatus), (below, fFetchType, irow, pcrow,
    rgfRowStatus))
ROW(SQLFetch, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle), (below))
ROW(SQLFetchScroll, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLSMALLINT FetchOrientation, SQLLEN FetchOffset), (below, FetchOrientation, FetchOffset))
ROW(SQLForeignKeys, STMT, ALL, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLCHAR *szPkCatalogName,
    SQLSMALLINT cbPkCatalogName, SQLCHAR *szPkSchemaName, SQLSMALLINT cbPkSchemaName, SQLCHAR
    *szPkTableName, SQLSMALLINT cbPkTableName, SQLCHAR *szFkCatalogName, SQLSMALLINT
    cbFkCatalogName, SQLCHAR *szFkSchemaName, SQLSMALLINT cbFkSchemaName, SQLCHAR *szFkTableName,
    SQLSMALLINT cbFkTableName), (below, szPkCatalogName, cbPkCatalogName, szPkSchemaName,
    cbPkSchemaName, szPkTableName, cbPkTableName, szFkCatalogName, cbFkCatalogName,
    szFkSchemaName, cbFkSchemaName, szFkTableName, cbFkTableName))
ROW(SQLForeignKeysW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLWCHAR *szPkCatalogName,
    SQLSMALLINT cbPkCatalogName, SQLWCHAR *szPkSchemaName, SQLSMALLINT cbPkSchemaName, SQLWCHAR
    *szPkTableName, SQLSMALLINT cbPkTableName, SQLWCHAR *szFkCatalogName, SQLSMALLINT
    cbFkCatalogName, SQLWCHAR *szFkSchemaName, SQLSMALLINT cbFkSchemaName, SQLWCHAR
    *szFkTableName, SQLSMALLINT cbFkTableName), (below, szPkCatalogName, cbPkCatalogName,
    szPkSchemaName, cbPkSchemaName, szPkTableName, cbPkTableName, szFkCatalogName,
    cbFkCatalogName, szFkSchemaName, cbFkSchemaName, szFkTableName, cbFkTableName))
ROW(SQLFreeConnect, DBC, ODBC2, OWN, PASS, ConnectionHandle, (SQLHDBC ConnectionHandle), (below))
ROW(SQLFreeEnv, ENV, ODBC2, OWN, PASS, EnvironmentHandle, (SQLHENV EnvironmentHandle), (below))
ROW(SQLFreeHandle, NONE, ALL, OWN, PASS, HandleType, (SQLSMALLINT HandleType, SQLHANDLE Handle),
    (below, Handle))
ROW(SQLFreeStmt, STMT, ALL, OWN, PASS, StatementHandle, (SQLHSTMT StatementHandle, SQLUSMALLINT
    Option), (below, Option))
ROW(SQLGetConnectAttr, DBC, ALL, OWN, PASS, ConnectionHandle, (SQLHDBC ConnectionHandle,
    SQLINTEGER Attribute, SQLPOINTER Value, SQLINTEGER BufferLength, SQLINTEGER *StringLength),
    (below, Attribute, Value, BufferLength, StringLength))
ROW(SQLGetConnectAttrW, DBC, W, OWN, PASS, hdbc, (SQLHDBC hdbc, SQLINTEGER fAttribute, SQLPOINTER
    rgbValue, SQLINTEGER cbValueMax, SQLINTEGER *pcbValue), (below, fAttribute, rgbValue,
    cbValueMax, pcbValue))
ROW(SQLGetConnectOption, DBC, ODBC2, OWN, PASS, ConnectionHandle, (SQLHDBC ConnectionHandle,
    SQLUSMALLINT Option, SQLPOINTER Value), (below, Option, Value))
ROW(SQLGetConnectOptionW, DBC, MT, OWN, PASS, hdbc, (SQLHDBC hdbc, SQLUSMALLINT fOption, SQLPOINTER
    pvParam), (below, fOption, pvParam))
ROW(SQLGetCursorName, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLCHAR *CursorName, SQLSMALLINT BufferLength, SQLSMALLINT *NameLength), (below, CursorName,
    BufferLength, NameLength))
ROW(SQLGetCursorNameW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLWCHAR *szCursor,
    SQLSMALLINT cbCursorMax, SQLSMALLINT *pcbCursor), (below, szCursor, cbCursorMax, pcbCursor))
ROW(SQLGetData, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLUSMALLINT ColumnNumber, SQLSMALLINT TargetType, SQLPOINTER TargetValue, SQLLEN
    BufferLength, SQLLEN *StrLen_or_Ind), (below, ColumnNumber, TargetType, TargetValue,
    BufferLength, StrLen_or_Ind))
ROW(SQLGetDescField, DESC, ALL, FORWARD, PASS, DescriptorHandle, (SQLHDESC DescriptorHandle,
    SQLSMALLINT RecNumber, SQLSMALLINT FieldIdentifier, SQLPOINTER Value, SQLINTEGER BufferLength,
    SQLINTEGER *StringLength), (below, RecNumber, FieldIdentifier, Value, BufferLength,
    StringLength))
ROW(SQLGetDescFieldW, DESC, W, FORWARD, PASS, hdesc, (SQLHDESC hdesc, SQLSMALLINT iRecord,
    SQLSMALLINT iField, SQLPOINTER rgbValue, SQLINTEGER cbValueMax, SQLINTEGER *pcbValue), (below,
    iRecord, iField, rgbValue, cbValueMax, pcbValue))
ROW(SQLGetDescRec, DESC, ALL, FORWARD, PASS, DescriptorHandle, (SQLHDESC DescriptorHandle,
    SQLSMALLINT RecNumber, SQLCHAR *Name, SQLSMALLINT BufferLength, SQLSMALLINT *StringLength,
    SQLSMALLINT *Type, SQLSMALLINT *SubType, SQLLEN *Length, SQLSMALLINT *Precision, SQLSMALLINT
    *Scale, SQLSMALLINT *Nullable), (below, RecNumber, Name, BufferLength, StringLength, Type,
    SubType, Length, Precision, Scale, Nullable))
ROW(SQLGetDescRecW, DESC, W, FORWARD, PASS, hdesc, (SQLHDESC hdesc, SQLSMALLINT iRecord, SQLWCHAR
    *szName, SQLSMALLINT cbNameMax, SQLSMALLINT *pcbName, SQLSMALLINT *pfType, SQLSMALLINT
    *pfSubType, SQLLEN *pLength, SQLSMALLINT *pPrecision, SQLSMALLINT *pScale, SQLSMALLINT
    *pNullable), (below, iRecord, szName, cbNameMax, pcbName, pfType, pfSubType, pLength,
    pPrecision, pScale, pNullable))
ROW(SQLGetDiagField, NONE, ALL, OWN, PASS, HandleType, (SQLSMALLINT HandleType, SQLHANDLE Handle,
    SQLSMALLINT RecNumber, SQLSMALLINT DiagIdentifier, SQLPOINTER DiagInfo, SQLSMALLINT
    BufferLength, SQLSMALLINT *StringLength), (below, Handle, RecNumber, DiagIdentifier, DiagInfo,
    BufferLength, StringLength))
ROW(SQLGetDiagFieldW, NONE, W, OWN, PASS, fHandleType, (SQLSMALLINT fHandleType, SQLHANDLE handle,
    SQLSMALLINT iRecord, SQLSMALLINT fDiagField, SQLPOINTER rgbDiagInfo, SQLSMALLINT
    cbDiagInfoMax, SQLSMALLINT *pcbDiagInfo), (below, handle, iRecord, fDiagField, rgbDiagInfo,
    cbDiagInfoMax, pcbDiagInfo))
ROW(SQLGetDiagRec, NONE, ALL, OWN, PASS, HandleType, (SQLSMALLINT HandleType, SQLHANDLE Handle,
    SQLSMALLINT RecNumber, SQLCHAR *Sqlstate, SQLINTEGER *NativeError, SQLCHAR *MessageText,
    SQLSMALLINT BufferLength, SQLSMALLINT *TextLength), (below, Handle, RecNumber, Sqlstate,
    NativeError, MessageText, BufferLength, TextLength))
ROW(SQLGetDiagRecW, NONE, W, OWN, PASS, fHandleType, (SQLSMALLINT fHandleType, SQLHANDLE handle,
    SQLSMALLINT iRecord, SQLWCHAR *szSqlState, SQLINTEGER *pfNativeError, SQLWCHAR *szErrorMsg,
    SQLSMALLINT cbErrorMsgMax, SQLSMALLINT *pcbErrorMsg), (below, handle, iRecord, szSqlState,
    pfNativeError, szErrorMsg, cbErrorMsgMax, pcbErrorMsg))
ROW(SQLGetEnvAttr, ENV, ALL, OWN, PASS, EnvironmentHandle, (SQLHENV EnvironmentHandle, SQLINTEGER
    Attribute, SQLPOINTER Value, SQLINTEGER BufferLength, SQLINTEGER *StringLength), (below,
    Attribute, Value, BufferLength, StringLength))
ROW(SQLGetFunctions, DBC, ALL, OWN, PASS, ConnectionHandle, (SQLHDBC ConnectionHandle,
    SQLUSMALLINT FunctionId, SQLUSMALLINT *Supported), (below, FunctionId, Supported))
ROW(SQLGetInfo, DBC, ALL, OWN, PASS, ConnectionHandle, (SQLHDBC ConnectionHandle, SQLUSMALLINT
    InfoType, SQLPOINTER InfoValue, SQLSMALLINT BufferLength, SQLSMALLINT *StringLength), (below,
    InfoType, InfoValue, BufferLength, StringLength))
ROW(SQLGetInfoW, DBC, W, OWN, PASS, hdbc, (SQLHDBC hdbc, SQLUSMALLINT fInfoType, SQLPOINTER
    rgbInfoValue, SQLSMALLINT cbInfoValueMax, SQLSMALLINT *pcbInfoValue), (below, fInfoType,
    rgbInfoValue, cbInfoValueMax, pcbInfoValue))
ROW(SQLGetStmtAttr, STMT, ALL, OWN, PASS, StatementHandle, (SQLHSTMT StatementHandle, SQLINTEGER
    Attribute, SQLPOINTER Value, SQLINTEGER BufferLength, SQLINTEGER *StringLength), (below,
    Attribute, Value, BufferLength, StringLength))
ROW(SQLGetStmtAttrW, STMT, W, OWN, PASS, hstmt, (SQLHSTMT hstmt, SQLINTEGER fAttribute, SQLPOINTER
    rgbValue, SQLINTEGER cbValueMax, SQLINTEGER *pcbValue), (below, fAttribute, rgbValue,
    cbValueMax, pcbValue))
ROW(SQLGetStmtOption, STMT, ODBC2, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLUSMALLINT Option, SQLPOINTER Value), (below, Option, Value))
ROW(SQLGetTypeInfo, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLSMALLINT DataType), (below, DataType))
ROW(SQLGetTypeInfoW, STMT, W, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLSMALLINT DataType), (below, DataType))
ROW(SQLMoreResults, STMT, ALL, FORWARD, PASS, hstmt, (SQLHSTMT hstmt), (below))
ROW(SQLNativeSql, DBC, ALL, OWN, PASS, hdbc, (SQLHDBC hdbc, SQLCHAR *szSqlStrIn, SQLINTEGER
    cbSqlStrIn, SQLCHAR *szSqlStr, SQLINTEGER cbSqlStrMax, SQLINTEGER *pcbSqlStr), (below,
    szSqlStrIn, cbSqlStrIn, szSqlStr, cbSqlStrMax, pcbSqlStr))
ROW(SQLNativeSqlW, DBC, W, OWN, PASS, hdbc, (SQLHDBC hdbc, SQLWCHAR *szSqlStrIn, SQLINTEGER
    cbSqlStrIn, SQLWCHAR *szSqlStr, SQLINTEGER cbSqlStrMax, SQLINTEGER *pcbSqlStr), (below,
    szSqlStrIn, cbSqlStrIn, szSqlStr, cbSqlStrMax, pcbSqlStr))
ROW(SQLNumParams, STMT, ALL, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLSMALLINT *pcpar), (below,
    pcpar))
ROW(SQLNumResultCols, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLSMALLINT *ColumnCount), (below, ColumnCount))
ROW(SQLParamData, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLPOINTER *Value), (below, Value))
ROW(SQLParamOptions, STMT, ODBC2, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLULEN crow, SQLULEN
    *pirow), (below, crow, pirow))
ROW(SQLPrepare, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle, SQLCHAR
    *StatementText, SQLINTEGER TextLength), (below, StatementText, TextLength))
ROW(SQLPrepareW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLWCHAR *szSqlStr, SQLINTEGER
    cbSqlStr), (below, szSqlStr, cbSqlStr))
ROW(SQLPrimaryKeys, STMT, ALL, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLCHAR *szCatalogName,
    SQLSMALLINT cbCatalogName, SQLCHAR *szSchemaName, SQLSMALLINT cbSchemaName, SQLCHAR
    *szTableName, SQLSMALLINT cbTableName), (below, szCatalogName, cbCatalogName, szSchemaName,
    cbSchemaName, szTableName, cbTableName))
ROW(SQLPrimaryKeysW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLWCHAR *szCatalogName,
    SQLSMALLINT cbCatalogName, SQLWCHAR *szSchemaName, SQLSMALLINT cbSchemaName, SQLWCHAR
    *szTableName, SQLSMALLINT cbTableName), (below, szCatalogName, cbCatalogName, szSchemaName,
    cbSchemaName, szTableName, cbTableName))
ROW(SQLProcedureColumns, STMT, ALL, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLCHAR
    *szCatalogName, SQLSMALLINT cbCatalogName, SQLCHAR *szSchemaName, SQLSMALLINT cbSchemaName,
    SQLCHAR *szProcName, SQLSMALLINT cbProcName, SQLCHAR *szColumnName, SQLSMALLINT cbColumnName),
    (below, szCatalogName, cbCatalogName, szSchemaName, cbSchemaName, szProcName, cbProcName,
    szColumnName, cbColumnName))
ROW(SQLProcedureColumnsW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLWCHAR *szCatalogName,
    SQLSMALLINT cbCatalogName, SQLWCHAR *szSchemaName, SQLSMALLINT cbSchemaName, SQLWCHAR
    *szProcName, SQLSMALLINT cbProcName, SQLWCHAR *szColumnName, SQLSMALLINT cbColumnName),
    (below, szCatalogName, cbCatalogName, szSchemaName, cbSchemaName, szProcName, cbProcName,
    szColumnName, cbColumnName))
ROW(SQLProcedures, STMT, ALL, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLCHAR *szCatalogName,
    SQLSMALLINT cbCatalogName, SQLCHAR *szSchemaName, SQLSMALLINT cbSchemaName, SQLCHAR
    *szProcName, SQLSMALLINT cbProcName), (below, szCatalogName, cbCatalogName, szSchemaName,
    cbSchemaName, szProcName, cbProcName))
ROW(SQLProceduresW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLWCHAR *szCatalogName,
    SQLSMALLINT cbCatalogName, SQLWCHAR *szSchemaName, SQLSMALLINT cbSchemaName, SQLWCHAR
    *szProcName, SQLSMALLINT cbProcName), (below, szCatalogName, cbCatalogName, szSchemaName,
    cbSchemaName, szProcName, cbProcName))
ROW(SQLPutData, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle, SQLPOINTER
    Data, SQLLEN StrLen_or_Ind), (below, Data, StrLen_or_Ind))
ROW(SQLRowCount, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle, SQLLEN
    *RowCount), (below, RowCount))
ROW(SQLSetConnectAttr, DBC, ALL, OWN, PASS, ConnectionHandle, (SQLHDBC ConnectionHandle,
    SQLINTEGER Attribute, SQLPOINTER Value, SQLINTEGER StringLength), (below, Attribute, Value,
    StringLength))
ROW(SQLSetConnectAttrW, DBC, W, OWN, PASS, hdbc, (SQLHDBC hdbc, SQLINTEGER fAttribute, SQLPOINTER
    rgbValue, SQLINTEGER cbValue), (below, fAttribute, rgbValue, cbValue))
ROW(SQLSetConnectOption, DBC, ODBC2, OWN, PASS, ConnectionHandle, (SQLHDBC ConnectionHandle,
    SQLUSMALLINT Option, SQLULEN Value), (below, Option, Value))
ROW(SQLSetConnectOptionW, DBC, MT, OWN, PASS, hdbc, (SQLHDBC hdbc, SQLUSMALLINT fOption, SQLULEN
    vParam), (below, fOption, vParam))
ROW(SQLSetCursorName, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLCHAR *CursorName, SQLSMALLINT NameLength), (below, CursorName, NameLength))
ROW(SQLSetCursorNameW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLWCHAR *szCursor,
    SQLSMALLINT cbCursor), (below, szCursor, cbCursor))
ROW(SQLSetDescField, DESC, ALL, FORWARD, PASS, DescriptorHandle, (SQLHDESC DescriptorHandle,
    SQLSMALLINT RecNumber, SQLSMALLINT FieldIdentifier, SQLPOINTER Value, SQLINTEGER
    BufferLength), (below, RecNumber, FieldIdentifier, Value, BufferLength))
ROW(SQLSetDescFieldW, DESC, W, FORWARD, PASS, DescriptorHandle, (SQLHDESC DescriptorHandle,
    SQLSMALLINT RecNumber, SQLSMALLINT FieldIdentifier, SQLPOINTER Value, SQLINTEGER
    BufferLength), (below, RecNumber, FieldIdentifier, Value, BufferLength))
ROW(SQLSetDescRec, DESC, ALL, FORWARD, PASS, DescriptorHandle, (SQLHDESC DescriptorHandle,
    SQLSMALLINT RecNumber, SQLSMALLINT Type, SQLSMALLINT SubType, SQLLEN Length, SQLSMALLINT
    Precision, SQLSMALLINT Scale, SQLPOINTER Data, SQLLEN *StringLength, SQLLEN *Indicator),
    (below, RecNumber, Type, SubType, Length, Precision, Scale, Data, StringLength, Indicator))
ROW(SQLSetDescRecW, DESC, PM, FORWARD, PASS, descriptor, (SQLHDESC descriptor, SQLSMALLINT number,
    SQLSMALLINT type, SQLSMALLINT subtype, SQLLEN length, SQLSMALLINT precision, SQLSMALLINT
    scale, SQLPOINTER data, SQLLEN *string_length, SQLLEN *indicator), (below, number, type,
    subtype, length, precision, scale, data, string_length, indicator))
ROW(SQLSetEnvAttr, ENV, ALL, OWN, PASS, EnvironmentHandle, (SQLHENV EnvironmentHandle, SQLINTEGER
    Attribute, SQLPOINTER Value, SQLINTEGER StringLength), (below, Attribute, Value,
    StringLength))
ROW(SQLSetParam, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLUSMALLINT ParameterNumber, SQLSMALLINT ValueType, SQLSMALLINT ParameterType, SQLULEN
    LengthPrecision, SQLSMALLINT ParameterScale, SQLPOINTER ParameterValue, SQLLEN
    *StrLen_or_Ind), (below, ParameterNumber, ValueType, ParameterType, LengthPrecision,
    ParameterScale, ParameterValue, StrLen_or_Ind))
ROW(SQLSetPos, STMT, ALL, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLSETPOSIROW irow, SQLUSMALLINT
    fOption, SQLUSMALLINT fLock), (below, irow, fOption, fLock))
ROW(SQLSetScrollOptions, STMT, ODBC2, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLUSMALLINT
    fConcurrency, SQLLEN crowKeyset, SQLUSMALLINT crowRowset), (below, fConcurrency, crowKeyset,
    crowRowset))
ROW(SQLSetStmtAttr, STMT, ALL, OWN, PASS, StatementHandle, (SQLHSTMT StatementHandle, SQLINTEGER
    Attribute, SQLPOINTER Value, SQLINTEGER StringLength), (below, Attribute, Value,
    StringLength))
ROW(SQLSetStmtAttrW, STMT, W, OWN, PASS, hstmt, (SQLHSTMT hstmt, SQLINTEGER fAttribute, SQLPOINTER
    rgbValue, SQLINTEGER cbValueMax), (below, fAttribute, rgbValue, cbValueMax))
ROW(SQLSetStmtOption, STMT, ODBC2, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLUSMALLINT Option, SQLULEN Value), (below, Option, Value))
ROW(SQLSpecialColumns, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle,
    SQLUSMALLINT IdentifierType, SQLCHAR *CatalogName, SQLSMALLINT NameLength1, SQLCHAR
    *SchemaName, SQLSMALLINT NameLength2, SQLCHAR *TableName, SQLSMALLINT NameLength3,
    SQLUSMALLINT Scope, SQLUSMALLINT Nullable), (below, IdentifierType, CatalogName, NameLength1,
    SchemaName, NameLength2, TableName, NameLength3, Scope, Nullable))
ROW(SQLSpecialColumnsW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLUSMALLINT fColType,
    SQLWCHAR *szCatalogName, SQLSMALLINT cbCatalogName, SQLWCHAR *szSchemaName, SQLSMALLINT
    cbSchemaName, SQLWCHAR *szTableName, SQLSMALLINT cbTableName, SQLUSMALLINT fScope,
    SQLUSMALLINT fNullable), (below, fColType, szCatalogName, cbCatalogName, szSchemaName,
    cbSchemaName, szTableName, cbTableName, fScope, fNullable))
ROW(SQLStatistics, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle, SQLCHAR
    *CatalogName, SQLSMALLINT NameLength1, SQLCHAR *SchemaName, SQLSMALLINT NameLength2, SQLCHAR
    *TableName, SQLSMALLINT NameLength3, SQLUSMALLINT Unique, SQLUSMALLINT Reserved), (below,
    CatalogName, NameLength1, SchemaName, NameLength2, TableName, NameLength3, Unique, Reserved))
ROW(SQLStatisticsW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLWCHAR *szCatalogName,
    SQLSMALLINT cbCatalogName, SQLWCHAR *szSchemaName, SQLSMALLINT cbSchemaName, SQLWCHAR
    *szTableName, SQLSMALLINT cbTableName, SQLUSMALLINT fUnique, SQLUSMALLINT fAccuracy), (below,
    szCatalogName, cbCatalogName, szSchemaName, cbSchemaName, szTableName, cbTableName, fUnique,
    fAccuracy))
ROW(SQLTablePrivileges, STMT, ALL, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLCHAR *szCatalogName,
    SQLSMALLINT cbCatalogName, SQLCHAR *szSchemaName, SQLSMALLINT cbSchemaName, SQLCHAR
    *szTableName, SQLSMALLINT cbTableName), (below, szCatalogName, cbCatalogName, szSchemaName,
    cbSchemaName, szTableName, cbTableName))
ROW(SQLTablePrivilegesW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLWCHAR *szCatalogName,
    SQLSMALLINT cbCatalogName, SQLWCHAR *szSchemaName, SQLSMALLINT cbSchemaName, SQLWCHAR
    *szTableName, SQLSMALLINT cbTableName), (below, szCatalogName, cbCatalogName, szSchemaName,
    cbSchemaName, szTableName, cbTableName))
ROW(SQLTables, STMT, ALL, FORWARD, PASS, StatementHandle, (SQLHSTMT StatementHandle, SQLCHAR
    *CatalogName, SQLSMALLINT NameLength1, SQLCHAR *SchemaName, SQLSMALLINT NameLength2, SQLCHAR
    *TableName, SQLSMALLINT NameLength3, SQLCHAR *TableType, SQLSMALLINT NameLength4), (below,
    CatalogName, NameLength1, SchemaName, NameLength2, TableName, NameLength3, TableType,
    NameLength4))
ROW(SQLTablesW, STMT, W, FORWARD, PASS, hstmt, (SQLHSTMT hstmt, SQLWCHAR *szCatalogName,
    SQLSMALLINT cbCatalogName, SQLWCHAR *szSchemaName, SQLSMALLINT cbSchemaName, SQLWCHAR
    *szTableName, SQLSMALLINT cbTableName, SQLWCHAR *szTableType, SQLSMALLINT cbTableType),
    (below, szCatalogName, cbCatalogName, szSchemaName, cbSchemaName, szTableName, cbTableName,
    szTableType, cbTableType))
ROW(SQLTransact, ENV, ODBC2, OWN, PASS, EnvironmentHandle, (SQLHENV EnvironmentHandle, SQLHDBC
    ConnectionHandle, SQLUSMALLINT CompletionType), (below, ConnectionHandle, CompletionType))

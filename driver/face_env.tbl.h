/* SPDX-License-Identifier: MIT */
/* face_env.tbl.h - what environments say, for each face as the real driver of its shape says it.
 * ENV(face, attribute, value at first, lowest and highest value that is taken as given, what happens to
 *     others, the value then, SQLSTATE of its record)
 * TAKE: success; WARN: success with information; REFUSE: error, the value stays. No SQLSTATE: no record.
 * Source: measured on psqlODBC 13.02, SQLite ODBC 0.9998, MariaDB ODBC 3.1.15, FreeTDS 1.3.17 by
 * tests/odbc/capabilities.c, which compares them again in every full run. */
ENV(P, SQL_ATTR_ODBC_VERSION, 3, 2, 2, TAKE, 3, "")
ENV(P, SQL_ATTR_CONNECTION_POOLING, 0, 0, 1, WARN, 1, "HY000")
ENV(P, SQL_ATTR_CP_MATCH, 1, 1, 1, TAKE, 1, "")
ENV(P, SQL_ATTR_OUTPUT_NTS, 1, 1, 1, WARN, 1, "HY000")
ENV(A, SQL_ATTR_ODBC_VERSION, 3, 2, 2, TAKE, 3, "")
ENV(A, SQL_ATTR_CONNECTION_POOLING, 0, 0, 1, WARN, 1, "HY000")
ENV(A, SQL_ATTR_CP_MATCH, 1, 1, 1, TAKE, 1, "")
ENV(A, SQL_ATTR_OUTPUT_NTS, 1, 1, 1, WARN, 1, "HY000")
ENV(S, SQL_ATTR_ODBC_VERSION, 3, 2, 3, REFUSE, 0, "")
ENV(S, SQL_ATTR_CONNECTION_POOLING, 0, 0, 1, REFUSE, 0, "")
ENV(S, SQL_ATTR_CP_MATCH, 1, 1, 1, TAKE, 1, "")
ENV(S, SQL_ATTR_OUTPUT_NTS, 1, 1, 1, REFUSE, 0, "")
ENV(M, SQL_ATTR_ODBC_VERSION, 3, INT32_MIN, INT32_MAX, TAKE, 0, "")
ENV(M, SQL_ATTR_CONNECTION_POOLING, 0, 1, 0, REFUSE, 0, "HYC00")
ENV(M, SQL_ATTR_OUTPUT_NTS, 1, 1, 1, REFUSE, 0, "S1C00")
ENV(T, SQL_ATTR_ODBC_VERSION, 3, 2, 3, REFUSE, 0, "HY024")
ENV(T, SQL_ATTR_CONNECTION_POOLING, 0, 1, 0, REFUSE, 0, "HYC00")
ENV(T, SQL_ATTR_CP_MATCH, 0, 1, 0, REFUSE, 0, "HYC00")
ENV(T, SQL_ATTR_OUTPUT_NTS, 1, 1, 1, TAKE, 1, "")

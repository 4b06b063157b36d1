/* SPDX-License-Identifier: MIT */
/* fault.tbl.h - planted faults of the wrapper: FAULT(name, function that makes it). */
FAULT("swapped-lengths", SQLDescribeCol)
FAULT("wrong-unit", SQLDescribeColW)
FAULT("stale-binding", SQLBindCol)
FAULT("lost-record", SQLGetDiagRecW)
FAULT("wrong-truncation", SQLGetData)
FAULT("off-by-one-row", SQLFetchScroll)
FAULT("cached-attribute", SQLGetStmtAttr)
FAULT("lost-warning", SQLSetStmtAttr)
FAULT("not-reset", SQLFreeStmt)
FAULT("wrong-row-count", SQLRowCount)
FAULT("lost-token", SQLParamData)
FAULT("late-field", SQLGetDescField)

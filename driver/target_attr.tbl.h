/* SPDX-License-Identifier: MIT */
/* target_attr.tbl.h - connection and statement attributes of real drivers' own.
 * TARGET_RANGE(part of the driver's file name, first, last): where this driver has its own; they are
 *   closed unless listed. Outside it the driver knows none and says so itself. All are closed to a
 *   driver that has no row here.
 * TARGET_ATTR(part of the file name, number, the key in target_key.tbl.h that does the same): open.
 * Closed are those that write traces (debug, commlog).
 * Source: psqlODBC 13.02, pgapifunc.h; SQLite ODBC 0.9998 has none. */
TARGET_RANGE("sqlite", 1, 0)
TARGET_RANGE("psqlodbc", 65536, 66559)
TARGET_ATTR("psqlodbc", 65538, "Parse")
TARGET_ATTR("psqlodbc", 65539, "UseDeclareFetch")
TARGET_ATTR("psqlodbc", 65540, "UseServerSidePrepare")
TARGET_ATTR("psqlodbc", 65541, "Fetch")
TARGET_ATTR("psqlodbc", 65542, "UnknownSizes")
TARGET_ATTR("psqlodbc", 65543, "TextAsLongVarchar")
TARGET_ATTR("psqlodbc", 65544, "UnknownsAsLongVarchar")
TARGET_ATTR("psqlodbc", 65545, "BoolsAsChar")
TARGET_ATTR("psqlodbc", 65546, "MaxVarcharSize")
TARGET_ATTR("psqlodbc", 65547, "MaxLongVarcharSize")
TARGET_ATTR("psqlodbc", 65549, "") /* PSQLODBC_MSJET: the gate looks for what it would rewrite */
TARGET_ATTR("psqlodbc", 65550, "BatchSize")

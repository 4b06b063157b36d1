/* SPDX-License-Identifier: MIT */
/* sqlite_target.h - the way to the SQLite handle inside a wrapped ODBC driver: the functions of the
 * library that the driver itself uses, and the handle that it opens while it connects.
 * Is not: analysis (common/sqlite_analyse.h). A driver with SQLite built in gives no handle, and
 * the caller refuses the connection.
 * Source: https://sqlite.org/c3ref/auto_extension.html. */
#ifndef OG_DRIVER_SQLITE_TARGET_H
#define OG_DRIVER_SQLITE_TARGET_H

#include "common/sqlite_analyse.h"

/* Fills api from library, a dlopen handle of the driver (its dependencies are searched too).
 * Returns: 0; -ENOSYS when a function is missing. */
OG_MUST int og_sqlite_target_load(void *library, struct og_sqlite_api *api);

/* From here on a database that this thread opens through library's SQLite is remembered. Call just
 * before the driver's SQLDriverConnect; always followed by og_sqlite_capture_end.
 * Returns: 0; -ENOSYS, -ENOMEM. */
OG_MUST int og_sqlite_capture_begin(void *library);
/* Stops remembering. Returns: the one handle that this thread opened since the begin, borrowed from
 * the driver; NULL when it opened none or more than one. */
sqlite3 *og_sqlite_capture_end(void);

/* og_sqlite_self_check, once for each engine that this process has loaded: it asks the engine, not the
 * database. Returns as that does. */
OG_MUST int og_sqlite_target_check(const struct og_sqlite_api *api, struct og_buf *why);

#endif

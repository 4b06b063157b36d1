/* SPDX-License-Identifier: MIT */
/* sqlite_own.c - the SQLite this program is linked with; a driver must not link it, so it stands
 * alone. */
#include "common/sqlite_analyse.h"

int og_sqlite_api_own(struct og_sqlite_api *api)
{
    *api = (struct og_sqlite_api){
#define SQLITE_CALL(name) .name = name,
#include "common/sqlite_api.tbl.h"
#undef SQLITE_CALL
    };
    return 0;
}

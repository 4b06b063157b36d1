/* SPDX-License-Identifier: MIT */
#include "common/sqlite_analyse.h"

#include <errno.h>
#include <string.h>

int og_sqlite_api_load(struct og_sqlite_api *api, void *(*lookup)(void *context, const char *name),
                       void *context)
{
    static const struct {
        const char *name;
        size_t offset;
        bool is_optional;
    } rows[] = {
#define SQLITE_CALL(name) {#name, offsetof(struct og_sqlite_api, name), false},
#define SQLITE_OPTIONAL(name) {#name, offsetof(struct og_sqlite_api, name), true},
#include "common/sqlite_api.tbl.h"
#undef SQLITE_CALL
    };

    memset(api, 0, sizeof(*api));
    for (size_t i = 0; i < OG_COUNT(rows); i++) {
        void *function = lookup(context, rows[i].name);

        if (!function && !rows[i].is_optional)
            return -ENOSYS;
        memcpy((char *)api + rows[i].offset, &function, sizeof(function));
    }
    return 0;
}

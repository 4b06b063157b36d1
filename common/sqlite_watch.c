/* SPDX-License-Identifier: MIT */
/* sqlite_watch.c - the engine's one hook on rows that change, shared by those who want to see them.
 * It is set only while somebody does: with it the engine deletes row by row where it would empty a
 * table at once. Source: https://sqlite.org/c3ref/preupdate_blobwrite.html */
#include "common/sqlite_parts.h"

#include <errno.h>

static void on_change(void *context, sqlite3 *db, int op, const char *schema, const char *table,
                      sqlite3_int64 before, sqlite3_int64 after)
{
    const struct og_sqlite_analyser *analyser = context;

    for (struct og_sqlite_watch *watch = analyser->watches; watch; watch = watch->next)
        watch->changed(watch->context, db, op, schema, table, before, after);
}

int og_sqlite_watch_add(struct og_sqlite_analyser *analyser, struct og_sqlite_watch *watch)
{
    if (!analyser->api.sqlite3_preupdate_hook)
        return -ENOTSUP;
    og_sqlite_watch_remove(analyser, watch);
    if (!analyser->watches)
        (void)analyser->api.sqlite3_preupdate_hook(analyser->live, on_change, analyser);
    watch->next = analyser->watches;
    analyser->watches = watch;
    return 0;
}

void og_sqlite_watch_remove(struct og_sqlite_analyser *analyser, struct og_sqlite_watch *watch)
{
    struct og_sqlite_watch **at = &analyser->watches;

    while (*at && *at != watch)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = watch->next;
    if (!analyser->watches)
        (void)analyser->api.sqlite3_preupdate_hook(analyser->live, NULL, NULL);
}

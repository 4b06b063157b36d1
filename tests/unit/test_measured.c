/* SPDX-License-Identifier: MIT */
/* What a write did, counted: adding, carrying, comparing, telling; and the engine's own watch on rows. */
#include <sqlite3.h>

#include "common/measured.h"
#include "common/sqlite_analyse.h"
#include "tests/tap.h"

static bool says(const struct og_measured *measured, const char *wanted)
{
    struct og_buf text;
    bool is_same;

    og_buf_init(&text, 4096);
    og_measured_words(measured, &text);
    is_same = strcmp(og_buf_str(&text), wanted) == 0;
    if (!is_same)
        tap_note("got %s", og_buf_str(&text));
    og_buf_release(&text);
    return is_same;
}

static void test_words(void)
{
    struct og_measured measured;

    og_measured_init(&measured);
    tap_ok(says(&measured, "no rows"), "nothing changed says so");
    og_measured_add(&measured, "public.payments", 0, 48209, 0);
    og_measured_add(&measured, "audit.log", 1, 0, 0);
    og_measured_add(&measured, "public.payments", 0, 1, 0);
    og_measured_add(&measured, "public.orders", 0, 0, 0);
    tap_ok(measured.n_tables == 2 && og_measured_total(&measured) == 48211, "figures add up by table");
    tap_ok(says(&measured, "1 row of audit.log and 48,210 rows of payments"), "two tables are told");
    for (char i = 0; i < 4; i++) {
        char name[] = "z.tX";

        name[3] = (char)('a' + i);
        og_measured_add(&measured, name, 2, 0, 0);
    }
    tap_ok(says(&measured, "1 row of audit.log, 48,210 rows of payments, 2 rows of z.ta, 2 rows of z.tb "
                           "and 4 rows of 2 more tables"), "of many tables the rest is counted");
    og_measured_release(&measured);
}

static void test_list(void)
{
    static const char *const bad[] = {"1 2 3 ", "1 2 t", "-", ""};
    struct og_measured one, two;
    struct og_arena arena;
    struct og_list list;

    og_measured_init(&one);
    og_measured_init(&two);
    og_arena_init(&arena, 65536);
    og_measured_add(&one, "public.a table", 1, 2, 3);
    og_measured_add(&one, "b", 4, 0, 0);
    list = og_measured_to_list(&one, &arena);
    tap_ok(og_measured_from_list(&two, &list) == 0 && two.n_tables == 2 &&
               og_measured_is_same(&one, &two, &(struct og_drift){0}),
           "a list carries the figures");
    for (size_t i = 0; i < OG_COUNT(bad); i++) {
        list = (struct og_list){.items = &bad[i], .n_items = 1};
        tap_ok(og_measured_from_list(&two, &list) < 0, "a list that is none: '%s'", bad[i]);
    }
    og_arena_release(&arena);
    og_measured_release(&one);
    og_measured_release(&two);
}

static void test_compare(void)
{
    static const struct {
        uint64_t before, now;
        struct og_drift drift;
        bool is_same;
    } rows[] = {
        {100, 100, {0, 0}, true},  {100, 101, {0, 0}, false},  {100, 99, {0, 0}, false},
        {100, 105, {5, 0}, true},  {100, 106, {5, 0}, false},  {100, 110, {0, 10}, true},
        {100, 111, {0, 10}, false}, {9, 10, {0, 10}, false},   {0, 1, {0, 100}, false},
        {0, 1, {1, 0}, true},      {1, 0, {0, 0}, false},      {0, 0, {0, 0}, true},
    };

    for (size_t i = 0; i < OG_COUNT(rows); i++) {
        struct og_measured before, now;

        og_measured_init(&before);
        og_measured_init(&now);
        og_measured_add(&before, "t", 0, rows[i].before, 0);
        og_measured_add(&now, "t", 0, rows[i].now, 0);
        tap_ok(og_measured_is_same(&before, &now, &rows[i].drift) == rows[i].is_same,
               "%d rows and %d rows, %d or %d %% allowed", (int)rows[i].before, (int)rows[i].now,
               (int)rows[i].drift.rows, (int)rows[i].drift.percent);
        og_measured_reset(&now);
        og_measured_add(&now, "t", rows[i].now, 0, 0);
        tap_ok(og_measured_is_same(&before, &now, &(struct og_drift){0}) ==
                   (!rows[i].before && !rows[i].now),
               "inserted rows are no updated rows");
        og_measured_release(&before);
        og_measured_release(&now);
    }
}

static void note(void *context, sqlite3 *db, int op, const char *schema, const char *table,
                 sqlite3_int64 before, sqlite3_int64 after)
{
    (void)db, (void)schema, (void)before, (void)after;
    og_measured_add(context, table, op == SQLITE_INSERT, op == SQLITE_UPDATE, op == SQLITE_DELETE);
}

static void test_watch(void)
{
    struct og_sqlite_api api;
    struct og_sqlite_analyser *analyser = NULL;
    struct og_measured seen, also;
    struct og_sqlite_watch watch = {.changed = note, .context = &seen};
    struct og_sqlite_watch other = {.changed = note, .context = &also};
    sqlite3 *db = NULL;

    og_measured_init(&seen);
    og_measured_init(&also);
    if (og_sqlite_api_own(&api) || sqlite3_open(":memory:", &db) != SQLITE_OK ||
        sqlite3_exec(db,
                     "PRAGMA foreign_keys=ON; CREATE TABLE p (id INTEGER PRIMARY KEY, u TEXT UNIQUE);"
                     "CREATE TABLE c (id INTEGER PRIMARY KEY, p INT REFERENCES p ON DELETE CASCADE);"
                     "CREATE TABLE log (x); CREATE TRIGGER t AFTER INSERT ON p BEGIN INSERT INTO log "
                     "VALUES (new.id); END; INSERT INTO p VALUES (1,'a'),(2,'b'),(3,'c');"
                     "INSERT INTO c VALUES (1,1),(2,1),(3,2)", NULL, NULL, NULL) != SQLITE_OK ||
        og_sqlite_analyser_new(&api, db, &analyser) || og_sqlite_permit_all(analyser) ||
        og_sqlite_watch_add(analyser, &watch) || og_sqlite_watch_add(analyser, &other)) {
        tap_ok(false, "the watch is set");
        return;
    }
    (void)sqlite3_exec(db, "DELETE FROM p WHERE id = 1; INSERT INTO p VALUES (4,'d');"
                           "REPLACE INTO p VALUES (5,'c'); DELETE FROM log", NULL, NULL, NULL);
    tap_ok(says(&seen, "2 rows of c, 7 rows of log and 4 rows of p"),
           "rows of cascades, triggers, REPLACE and of an emptied table are seen");
    tap_ok(og_measured_is_same(&seen, &also, &(struct og_drift){0}), "by everybody who watches");
    og_sqlite_watch_remove(analyser, &watch);
    (void)sqlite3_exec(db, "DELETE FROM p", NULL, NULL, NULL);
    tap_ok(says(&seen, "2 rows of c, 7 rows of log and 4 rows of p") &&
               !og_measured_is_same(&seen, &also, &(struct og_drift){0}),
           "who is removed sees no more, the other still does");
    og_sqlite_watch_remove(analyser, &other);
    (void)og_sqlite_analyser_free(analyser);
    (void)sqlite3_close(db);
    og_measured_release(&seen);
    og_measured_release(&also);
}

int main(void)
{
    test_words();
    test_list();
    test_compare();
    test_watch();
    return tap_done();
}

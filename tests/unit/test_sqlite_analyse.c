/* SPDX-License-Identifier: MIT */
/* test_sqlite_analyse.c - facts of statements over one schema, and the live authorizer. */
#include <errno.h>
#include <stdlib.h>

#include "tests/tap.h"
#include "tests/unit/sqlite_statements.h"

static struct og_sqlite_api api;
static sqlite3 *db;
static struct og_sqlite_analyser *analyser;

static const struct {
    const char *sql;
    const char *want;
} statements[] = {
#define STATEMENT(sql, want) {sql, want},
#include "tests/unit/sqlite_statements.tbl.h"
#undef STATEMENT
};

static struct og_arena arena;
static struct og_facts facts;

static int analyse(const char *sql)
{
    og_arena_release(&arena);
    og_arena_init(&arena, OG_MAX_FACTS_BYTES);
    og_facts_init(&facts, &arena, OG_DIALECT_SQLITE);
    return og_sqlite_analyse(analyser, sql, strlen(sql), &facts);
}

static int prepare(const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    if (rc != SQLITE_OK)
        tap_note("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return rc;
}

static bool is_permitted(const char *sql)
{
    return og_sqlite_permit(analyser, &facts, NULL) == 0 && prepare(sql) == SQLITE_OK;
}

static void test_facts(void)
{
    for (size_t i = 0; i < OG_COUNT(statements); i++) {
        struct og_buf got;

        og_buf_init(&got, 65536);
        tap_ok(analyse(statements[i].sql) == 0, "analyses_%s", statements[i].sql);
        test_render(&facts, &got);
        tap_str(og_buf_str(&got), statements[i].want, "facts_of_%s", statements[i].sql);
        og_buf_release(&got);
        /* some pragmas act while they are prepared */
        if (!facts.refusal.what && strcmp(facts.kind, "ATTACH") && strcmp(facts.kind, "DETACH") &&
            strcmp(facts.kind, "PRAGMA"))
            tap_ok(is_permitted(statements[i].sql) || strstr(statements[i].sql, "load_extension"),
                   "the_engine_takes_%s", statements[i].sql);
    }
}

static void test_permit(void)
{
    tap_ok(analyse("SELECT name FROM customers") == 0, "analyse");
    tap_ok(is_permitted("SELECT name FROM customers"), "the_statement_itself_passes");
    tap_ok(prepare("SELECT ssn FROM customers") != SQLITE_OK, "another_column_does_not");
    tap_ok(prepare("SELECT upper(name) FROM customers") != SQLITE_OK, "a_function_does_not");
    tap_ok(prepare("DELETE FROM customers") != SQLITE_OK, "a_delete_does_not");
    tap_ok(prepare("BEGIN") == SQLITE_OK, "what_the_driver_sends_itself_passes");
    tap_ok(prepare("COMMIT") != SQLITE_OK, "a_commit_does_not");
    tap_ok(prepare("SELECT sql FROM sqlite_master") != SQLITE_OK, "the_schema_table_does_not");
    tap_ok(prepare("PRAGMA table_info(customers)") == SQLITE_OK, "a_schema_pragma_does");
    tap_ok(prepare("PRAGMA writable_schema = 1") != SQLITE_OK, "another_pragma_does_not");
    tap_ok(og_sqlite_permit_transaction(analyser) == 0 && prepare("BEGIN") == SQLITE_OK,
           "a_transaction_by_the_driver_passes");
    tap_ok(prepare("SELECT name FROM customers") != SQLITE_OK, "and_nothing_else_with_it");
    tap_ok(og_sqlite_permit_catalog(analyser) == 0 &&
               prepare("SELECT name, type FROM sqlite_master") == SQLITE_OK &&
               prepare("SELECT name FROM sqlite_temp_master") == SQLITE_OK &&
               prepare("PRAGMA index_list(customers)") == SQLITE_OK,
           "catalog_functions_read_the_schema");
    tap_ok(prepare("SELECT name FROM customers") != SQLITE_OK, "and_no_rows");
    tap_ok(og_sqlite_permit_all(analyser) == 0 && prepare("SELECT ssn FROM customers") == SQLITE_OK,
           "observing_lets_pass");
    tap_ok(prepare("SELECT load_extension('x')") != SQLITE_OK, "but_no_extension");
    tap_ok(prepare("ATTACH 'x' AS y") != SQLITE_OK, "and_no_other_file");
    tap_ok(og_sqlite_permit(analyser, NULL, NULL) == 0 && prepare("SELECT 1") != SQLITE_OK,
           "without_facts_nothing_passes");
    tap_ok(og_sqlite_permit_all(analyser) == 0 && prepare("SELECT \"nosuch\"") != SQLITE_OK,
           "a_quoted_name_is_no_string");
}

/* A view changed by another connection between prepare and execute. */
static void test_expiry(void)
{
    sqlite3_stmt *statement = NULL;

    tap_ok(analyse("SELECT name FROM deep") == 0 && og_sqlite_permit(analyser, &facts, NULL) == 0 &&
               sqlite3_prepare_v2(db, "SELECT name FROM deep", -1, &statement, NULL) == SQLITE_OK,
           "prepared");
    tap_ok(og_sqlite_compiled_is(analyser, "SELECT name FROM deep", 21), "the_text_is_the_same");
    tap_ok(!og_sqlite_compiled_is(analyser, "SELECT name FROM deeq", 21), "another_is_not");
    tap_ok(og_sqlite_permit_all(analyser) == 0 &&
               sqlite3_exec(db,
                            "DROP VIEW deep; CREATE VIEW deep AS SELECT ssn AS name FROM customers",
                            NULL, NULL, NULL) == SQLITE_OK,
           "the_view_is_changed");
    tap_ok(og_sqlite_permit(analyser, &facts, NULL) == -ESTALE && sqlite3_step(statement) == SQLITE_AUTH,
           "the_old_facts_do_not_admit_the_new_view");
    sqlite3_finalize(statement);
    tap_ok(analyse("SELECT name FROM deep") == 0 && facts.n_results == 1 &&
               facts.results[0].n_sources == 1 &&
               strcmp(facts.columns[facts.results[0].sources[0].column].name, "ssn") == 0,
           "the_new_view_is_seen");
}

static void test_own_schema(void)
{
    sqlite3_stmt *rows = NULL;
    int changes;

    tap_ok(og_sqlite_permit_all(analyser) == 0 &&
               sqlite3_exec(db,
                            "INSERT INTO copy VALUES (1, 'a'), (2, 'b'); BEGIN;"
                            "CREATE TABLE fresh(k TEXT); CREATE TEMP TABLE mine(z TEXT)",
                            NULL, NULL, NULL) == SQLITE_OK,
           "tables_in_a_transaction");
    changes = sqlite3_changes(db);
    tap_ok(sqlite3_prepare_v2(db, "SELECT n FROM copy", -1, &rows, NULL) == SQLITE_OK &&
               sqlite3_step(rows) == SQLITE_ROW,
           "rows_are_being_read");
    tap_ok(analyse("SELECT k, z FROM fresh, mine") == 0 && !facts.refusal.what &&
               facts.n_results == 2,
           "uncommitted_and_temporary_tables_are_seen");
    tap_ok(facts.n_objects == 2 && facts.objects[1].is_temporary != facts.objects[0].is_temporary,
           "the_temporary_one_is_marked");
    tap_ok(sqlite3_step(rows) == SQLITE_ROW && sqlite3_changes(db) == changes &&
               sqlite3_get_autocommit(db) == 0,
           "analysis_leaves_rows_changes_and_transaction");
    sqlite3_finalize(rows);
    tap_ok(og_sqlite_permit_all(analyser) == 0 &&
               sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK,
           "rolled_back");
    tap_ok(analyse("SELECT k FROM fresh") == 0 && facts.refusal.what, "and_gone_again");
    tap_ok(og_sqlite_has_column(analyser, NULL, "customers", "SSN"), "has_column_folds_case");
    tap_ok(!og_sqlite_has_column(analyser, NULL, "customers", "nosuch"), "has_no_other");
    tap_ok(og_sqlite_analyse(analyser, "SELECT 1\0x", 10, &facts) == 0 && facts.refusal.what,
           "a_nul_byte_is_refused");
}

int main(void)
{
    struct og_buf why;

    og_buf_init(&why, 65536);
    if (og_sqlite_api_own(&api) || sqlite3_open(":memory:", &db) != SQLITE_OK ||
        sqlite3_exec(db, test_schema, NULL, NULL, NULL) != SQLITE_OK ||
        og_sqlite_analyser_new(&api, db, &analyser) != 0)
        return 1;
    if (!tap_ok(og_sqlite_self_check(&api, &why) == 0, "self_check"))
        tap_note("%s", og_buf_str(&why));
    og_buf_release(&why);
    test_facts();
    test_permit();
    test_expiry();
    test_own_schema();
    og_arena_release(&arena);
    analyser = og_sqlite_analyser_free(analyser);
    sqlite3_close(db);
    return tap_done();
}

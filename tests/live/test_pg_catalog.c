/* SPDX-License-Identifier: MIT */
/* The live catalog over the real driver, without a driver manager. argv: driver's path, connection
 * string, and a second one as the owner who changes things in between. The database holds what
 * test_pg_catalog.sh made. */
#include <dlfcn.h>
#include <stdlib.h>

#include "driver/pg_catalog.h"
#include "tests/tap.h"

static struct og_calls calls;
static const char *owner_string;

static bool load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (!library)
        return false;
#define ROW(name, ...)                              \
    do {                                            \
        void *symbol = dlsym(library, #name);       \
        memcpy(&calls.name, &symbol, sizeof(symbol)); \
    } while (0);
#include "driver/entry.tbl.h"
#undef ROW
    return calls.SQLAllocHandle != NULL;
}

static void close_layer(struct og_layer *layer)
{
    (void)calls.SQLFreeHandle(SQL_HANDLE_DBC, layer->dbc);
    (void)calls.SQLFreeHandle(SQL_HANDLE_ENV, layer->env);
}

static bool open_layer(const char *string, struct og_layer *out)
{
    *out = (struct og_layer){.calls = &calls, .close = close_layer};
    (void)calls.SQLAllocHandle(SQL_HANDLE_ENV, NULL, &out->env);
    (void)calls.SQLSetEnvAttr(out->env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    (void)calls.SQLAllocHandle(SQL_HANDLE_DBC, out->env, &out->dbc);
    return SQL_SUCCEEDED(calls.SQLDriverConnect(out->dbc, NULL, (SQLCHAR *)(uintptr_t)string, SQL_NTS,
                                                NULL, 0, NULL, SQL_DRIVER_NOPROMPT));
}

static void run(const char *sql)
{
    static struct og_layer owner;
    SQLHSTMT statement;

    if (!owner.dbc && !open_layer(owner_string, &owner))
        tap_ok(false, "the owner connects");
    (void)calls.SQLAllocHandle(SQL_HANDLE_STMT, owner.dbc, &statement);
    if (!SQL_SUCCEEDED(calls.SQLExecDirect(statement, (SQLCHAR *)(uintptr_t)sql, SQL_NTS)))
        tap_ok(false, "runs: %s", sql);
    (void)calls.SQLFreeHandle(SQL_HANDLE_STMT, statement);
}

static const struct og_relation *get(struct og_catalog *c, const char *schema, const char *name)
{
    const struct og_relation *relation = NULL;

    return c->relation(c, schema, name, &relation) == 0 ? relation : NULL;
}

static const struct og_relation_column *column(const struct og_relation *relation, const char *name)
{
    for (size_t i = 0; relation && i < relation->n_columns; i++)
        if (strcmp(relation->columns[i].name, name) == 0)
            return &relation->columns[i];
    return NULL;
}

static void test_tables(struct og_catalog *c)
{
    const struct og_relation *t = get(c, NULL, "customers");
    const struct og_relation_column *col;
    const struct og_relation *type = NULL;

    if (!tap_ok(t != NULL, "a_table_is_found_by_the_path"))
        return;
    tap_str(t->schema, "public", "its_schema_is_told");
    tap_ok(t->kind == 'r' && !t->is_catalog && !t->is_temporary, "its_kind_is_told");
    tap_ok(t == get(c, "public", "customers"), "both_ways_give_one_relation");
    tap_ok(t->n_columns == 8, "a_dropped_column_is_left_out");
    tap_ok(t->n_keys == 2, "primary_and_unique_keys_count_but_no_partial_nullable_deferrable_one");
    tap_ok(t->n_keys == 2 && t->keys[0].n_numbers == 1 && t->keys[0].numbers[0] == 1, "key_numbers");
    tap_ok(t->has_triggers && !t->has_user_rules && t->has_row_security, "triggers_and_row_security");
    col = column(t, "email");
    tap_ok(col && col->type == OG_TYPE_TEXT && col->is_not_null, "a_text_column");
    col = column(t, "low");
    tap_ok(col && col->generated_sql && strstr(col->generated_sql, "lower"), "a_generated_column");
    col = column(t, "addr");
    tap_ok(col && col->is_composite && col->type == OG_TYPE_OTHER, "a_composite_column");
    tap_str(col ? col->type_name : NULL, "public.addr", "its_type_is_qualified");
    col = column(t, "code");
    tap_ok(col && col->type == OG_TYPE_TEXT, "a_domain_has_the_class_of_its_base");
    col = column(t, "balance");
    tap_ok(col && col->type == OG_TYPE_NUMERIC && col->number == 7, "numbers_skip_the_dropped_one");
    tap_ok(column(t, "größe") != NULL, "names_outside_ascii_are_whole");
    tap_ok(c->row_type(c, NULL, "addr", &type) == 0 && type->kind == 'c', "a_composite_type");
    tap_ok(c->row_type(c, NULL, "customers", &type) == 0 && type == t, "a_row_type");
    tap_ok(c->row_type(c, NULL, "addr_domain", &type) == 0 && type->kind == 'c', "domain_over_it");
    tap_ok(c->row_type(c, NULL, "text", &type) == OG_CATALOG_E_UNKNOWN, "text_is_no_row_type");
}

static void test_names(struct og_catalog *c)
{
    const struct og_relation *t;

    tap_ok(!get(c, NULL, "Customers"), "names_are_compared_exactly");
    tap_ok(!get(c, NULL, "hidden"), "a_schema_outside_the_path_is_not_searched");
    tap_ok(get(c, "other", "hidden") != NULL, "but_found_when_named");
    t = get(c, NULL, "pg_class");
    tap_ok(t && t->is_catalog, "the_catalog_is_found_and_told_apart");
    tap_ok(!get(c, "pg_temp", "mine"), "no_temporary_schema_without_one_in_the_path");
    tap_ok(!get(c, NULL, "') x"), "a_quote_in_a_name_is_a_name");
    tap_ok(!get(c, NULL, ""), "an_empty_name_is_unknown");
    t = get(c, NULL, "we\"ird, {na?me}");
    tap_ok(t != NULL, "a_name_of_punctuation_is_found");
}

static void test_views(struct og_catalog *c)
{
    const struct og_relation *v = get(c, NULL, "v");

    tap_ok(v && v->kind == 'v', "a_view");
    tap_ok(v && v->view_sql && strstr(v->view_sql, "public.customers"), "prints_qualified_names");
    tap_ok(v && !v->has_user_rules && column(v, "s") && column(v, "s")->number == 2, "view_columns");
    v = get(c, NULL, "ruled");
    tap_ok(v && v->has_user_rules, "a_rule_is_told");
    v = get(c, NULL, "mat");
    tap_ok(v && v->kind == 'm' && v->view_sql, "a_materialised_view");
    v = get(c, NULL, "seq");
    tap_ok(v && v->kind == 'S', "a_sequence");
    v = get(c, NULL, "long_view");
    tap_ok(v && v->view_sql && strlen(v->view_sql) > 50000, "a_long_view_is_whole");
}

static void test_families(struct og_catalog *c)
{
    const struct og_relation *p = get(c, NULL, "p");
    const struct og_relation *leaf = get(c, NULL, "p11");
    const struct og_relation *parent = get(c, NULL, "parent");

    tap_ok(p && p->kind == 'p' && p->n_descendants == 3 && !p->n_ancestors, "partitions_below");
    tap_ok(p && p->n_keys == 1, "a_partitioned_table_keeps_its_key");
    tap_ok(leaf && leaf->n_ancestors == 2, "partitioned_tables_above");
    tap_str(leaf && leaf->n_ancestors ? leaf->ancestors[0]->name : NULL, "p1", "nearest_first");
    tap_ok(leaf && leaf->n_ancestors == 2 && leaf->ancestors[1] == p, "one_object_for_one_oid");
    tap_ok(parent && parent->n_descendants == 1, "a_child_by_inheritance");
    tap_ok(parent && parent->n_keys == 0, "a_parents_key_does_not_cover_its_child");
}

static void test_routines(struct og_catalog *c)
{
    const struct og_routine *const *r;
    size_t n;
    int n_builtin = 0;

    tap_ok(c->routines(c, NULL, "lower", &r, &n) == 0 && n == 4, "overloads_of_both_schemas");
    for (size_t i = 0; i < n; i++)
        n_builtin += r[i]->is_builtin;
    tap_ok(n_builtin == 3 && !r[0]->is_builtin, "one_is_not_builtin_and_comes_first");
    tap_ok(c->routines(c, NULL, "sum", &r, &n) == 0 && r[0]->kind == 'a', "an_aggregate");
    tap_ok(c->routines(c, NULL, "rank", &r, &n) == 0 && n == 2, "a_window_function");
    tap_ok(c->routines(c, NULL, "generate_series", &r, &n) == 0 && r[0]->returns_set, "a_set");
    tap_ok(c->routines(c, "public", "mine", &r, &n) == 0 && r[0]->volatility == 'v', "an_own_one");
    tap_ok(c->routines(c, NULL, "nosuch", &r, &n) == OG_CATALOG_E_UNKNOWN && !n, "an_unknown_one");
}

static bool changes(struct og_pg_catalog *catalog, const char *sql)
{
    if (sql)
        run(sql);
    return og_pg_catalog_refresh(catalog) == 0 && og_pg_catalog_has_changed(catalog);
}

/* sql changes what a name means: the stamp and a refresh both show it. */
static void check_change(struct og_pg_catalog *catalog, const char *schema, const char *name,
                         const char *sql)
{
    struct og_catalog *c = og_pg_catalog_interface(catalog);
    uint8_t before[32];
    uint8_t same[32];
    uint8_t after[32];
    uint8_t again[32];
    bool is_ok;

    (void)changes(catalog, NULL);
    (void)get(c, schema, name);
    is_ok = og_pg_catalog_stamp(catalog, before) == 0 && og_pg_catalog_stamp(catalog, same) == 0;
    tap_ok(is_ok && memcmp(before, same, 32) == 0, "stays: before %s", sql);
    run(sql);
    is_ok = og_pg_catalog_stamp(catalog, after) == 0 && og_pg_catalog_stamp(catalog, again) == 0;
    tap_ok(is_ok && memcmp(before, after, 32) != 0 && memcmp(after, again, 32) != 0,
           "the stamp moves: %s", sql);
    tap_ok(changes(catalog, NULL), "a refresh sees: %s", sql);
    tap_ok(!changes(catalog, NULL), "and then rests: %s", sql);
}

static void test_refresh(struct og_pg_catalog *catalog)
{
    struct og_catalog *c = og_pg_catalog_interface(catalog);
    const struct og_relation *t;
    uint8_t before[32];
    uint8_t after[32];
    bool is_ok;

    (void)changes(catalog, NULL);
    tap_ok(!changes(catalog, NULL), "nothing_happened");
    (void)get(c, NULL, "customers");
    (void)get(c, NULL, "v");
    is_ok = og_pg_catalog_stamp(catalog, before) == 0;
    tap_ok(!changes(catalog, "INSERT INTO seen VALUES (1)"), "a_write_is_no_change");
    tap_ok(!changes(catalog, "ANALYZE seen"), "nor_is_analyze");
    tap_ok(!changes(catalog, "CREATE TABLE unrelated (a int)"), "nor_a_table_never_looked_up");
    is_ok = is_ok && og_pg_catalog_stamp(catalog, after) == 0;
    tap_ok(is_ok && memcmp(before, after, 32) == 0, "and_the_stamp_stays");
    tap_ok(get(c, NULL, "unrelated") != NULL, "it_is_found_when_asked_for");

    check_change(catalog, NULL, "customers", "ALTER TABLE customers RENAME email TO mail");
    t = get(c, NULL, "customers");
    tap_ok(t && column(t, "mail") && !column(t, "email"), "the_new_name_is_served");
    check_change(catalog, NULL, "v", "CREATE OR REPLACE VIEW v AS SELECT id, mail AS s FROM customers");
    /* A view's text names columns of its table: the view alone must notice. */
    check_change(catalog, NULL, "v", "ALTER TABLE customers RENAME mail TO email");
    check_change(catalog, NULL, "nosuch", "CREATE TABLE nosuch (a int)");
    check_change(catalog, NULL, "nosuch", "DROP TABLE nosuch");
    check_change(catalog, "other", "hidden", "ALTER SCHEMA other RENAME TO another");
    check_change(catalog, NULL, "p", "CREATE TABLE p3 PARTITION OF p FOR VALUES IN (3)");
    check_change(catalog, NULL, "p11", "CREATE TABLE p4 PARTITION OF p FOR VALUES IN (4)");
    check_change(catalog, NULL, "seen", "CREATE RULE r AS ON INSERT TO seen DO ALSO NOTHING");
    check_change(catalog, NULL, "seen", "ALTER TABLE seen ENABLE ROW LEVEL SECURITY");
    check_change(catalog, NULL, "customers", "ALTER TABLE customers DROP CONSTRAINT customers_pkey");
    run("CREATE SCHEMA first");
    check_change(catalog, NULL, "customers", "CREATE VIEW first.customers AS SELECT 1 AS id");
    t = get(c, NULL, "customers");
    tap_str(t ? t->schema : NULL, "first", "an_earlier_schema_wins");
}

static void test_routine_refresh(struct og_pg_catalog *catalog)
{
    struct og_catalog *c = og_pg_catalog_interface(catalog);
    const struct og_routine *const *r;
    size_t n;

    (void)changes(catalog, NULL);
    (void)c->routines(c, NULL, "upper", &r, &n);
    tap_ok(changes(catalog, "CREATE FUNCTION first.upper(text) RETURNS text LANGUAGE sql AS 'SELECT $1'"),
           "an_overload_earlier_in_the_path_is_a_change");
    tap_ok(c->routines(c, NULL, "upper", &r, &n) == 0 && n == 4 && !r[0]->is_builtin,
           "and_comes_first");
}

static void test_path(struct og_pg_catalog *catalog)
{
    struct og_catalog *c = og_pg_catalog_interface(catalog);
    const char *const narrow[] = {"pg_catalog", "another"};
    const struct og_relation *t;

    (void)changes(catalog, NULL);
    (void)get(c, NULL, "customers");
    tap_ok(og_pg_catalog_set_path(catalog, narrow, 2) == 0, "the_path_is_set");
    tap_ok(c->relation(c, NULL, "customers", &t) < 0, "nothing_is_served_before_a_refresh");
    tap_ok(changes(catalog, NULL), "a_new_path_is_a_change");
    tap_ok(!get(c, NULL, "customers") && get(c, NULL, "hidden"), "and_is_followed");
}

/* A lock that a transaction holds must not hang the catalog. */
static void test_lock(struct og_pg_catalog *catalog)
{
    struct og_catalog *c = og_pg_catalog_interface(catalog);
    const struct og_relation *t;

    run("BEGIN; ALTER TABLE customers ADD late int");
    tap_ok(c->relation(c, "public", "long_view", &t) < 0, "a_locked_table_fails_in_time");
    tap_ok(c->relation(c, "another", "hidden", &t) < 0, "and_nothing_is_served_then");
    run("ROLLBACK");
    tap_ok(changes(catalog, NULL), "until_a_refresh");
    tap_ok(get(c, "public", "long_view") != NULL, "and_then_it_is_read");
}

int main(int n_args, char **args)
{
    const char *const path[] = {"first", "public", "pg_catalog"};
    struct og_pg_catalog *catalog;
    struct og_diag diag = {0};
    struct og_layer layer;
    struct og_catalog *c;

    if (n_args != 4 || !load(args[1]))
        return 2;
    owner_string = args[3];
    if (!tap_ok(open_layer(args[2], &layer), "connects") ||
        !tap_ok(og_pg_catalog_new(&layer, &diag, &catalog) == 0, "opens"))
        return tap_done();
    c = og_pg_catalog_interface(catalog);
    tap_ok(!get(c, NULL, "customers"), "nothing_is_seen_without_a_path");
    tap_ok(og_pg_catalog_set_path(catalog, path, 3) == 0, "takes_a_path");
    tap_ok(og_pg_catalog_refresh(catalog) == 0, "refreshes");
    test_tables(c);
    test_names(c);
    test_views(c);
    test_families(c);
    test_routines(c);
    test_refresh(catalog);
    test_routine_refresh(catalog);
    test_path(catalog);
    test_lock(catalog);
    run("SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
        " WHERE pid <> pg_catalog.pg_backend_pid() AND datname = pg_catalog.current_database()");
    tap_ok(og_pg_catalog_refresh(catalog) < 0, "a_lost_connection_is_an_error");
    tap_ok(og_pg_catalog_free(catalog) == NULL, "is_freed");
    og_diag_release(&diag);
    return tap_done();
}

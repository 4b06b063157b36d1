/* SPDX-License-Identifier: MIT */
/* A small PostgreSQL catalog in memory for tests of the analysis: customers and orders with keys, a
 * table with a generated column, a view, and every routine of the allowlist. */
#ifndef OG_TESTS_PG_FAKE_CATALOG_H
#define OG_TESTS_PG_FAKE_CATALOG_H

#include <string.h>

#include "common/catalog.h"

static const struct og_relation_column fake_customers_columns[] = {
    {"id", 1, "integer", OG_TYPE_INTEGER, false, true, NULL},
    {"name", 2, "text", OG_TYPE_TEXT, false, false, NULL},
    {"email", 3, "text", OG_TYPE_TEXT, false, false, NULL},
    {"ssn", 4, "text", OG_TYPE_TEXT, false, false, NULL},
    {"ssn_tail", 5, "text", OG_TYPE_TEXT, false, false, "right(ssn, 4)"},
};
static const struct og_relation_column fake_orders_columns[] = {
    {"id", 1, "integer", OG_TYPE_INTEGER, false, true, NULL},
    {"customer_id", 2, "integer", OG_TYPE_INTEGER, false, false, NULL},
    {"total", 3, "numeric", OG_TYPE_NUMERIC, false, false, NULL},
    {"placed", 4, "date", OG_TYPE_DATE, false, false, NULL},
};
static const struct og_relation_column fake_view_columns[] = {
    {"id", 1, "integer", OG_TYPE_INTEGER, false, false, NULL},
    {"secret", 2, "text", OG_TYPE_TEXT, false, false, NULL},
};
static const int32_t fake_id[] = {1};
static const struct og_relation_key fake_key[] = {{fake_id, 1}};
static const struct og_relation fake_relations[] = {
    {.oid = 20001, .schema = "public", .name = "customers", .kind = 'r',
     .columns = fake_customers_columns, .n_columns = 5, .keys = fake_key, .n_keys = 1},
    {.oid = 20002, .schema = "public", .name = "orders", .kind = 'r',
     .columns = fake_orders_columns, .n_columns = 4, .keys = fake_key, .n_keys = 1},
    {.oid = 20003, .schema = "public", .name = "secrets", .kind = 'v',
     .columns = fake_view_columns, .n_columns = 2,
     .view_sql = "SELECT c.id, c.ssn AS secret FROM public.customers c WHERE c.name IS NOT NULL"},
};

static int fake_relation(struct og_catalog *self, const char *schema, const char *name,
                         const struct og_relation **out)
{
    (void)self;
    for (size_t i = 0; i < OG_COUNT(fake_relations); i++)
        if ((!schema || strcmp(schema, "public") == 0) &&
            strcmp(name, fake_relations[i].name) == 0) {
            *out = &fake_relations[i];
            return 0;
        }
    return OG_CATALOG_E_UNKNOWN;
}

static int fake_routines(struct og_catalog *self, const char *schema, const char *name,
                         const struct og_routine *const **out, size_t *n_out)
{
#define FUNCTION(name, kind) {1, "pg_catalog", name, 'f', 'i', false, true},
    static const struct og_routine routines[] = {
#include "common/pg_function.tbl.h"
        {30001, "public", "audit", 'f', 'v', false, false},
    };
#undef FUNCTION
    static const struct og_routine *pointers[OG_COUNT(routines)];

    (void)self;
    for (size_t i = 0; i < OG_COUNT(routines); i++)
        if (strcmp(name, routines[i].name) == 0 &&
            (!schema || strcmp(schema, routines[i].schema) == 0)) {
            pointers[i] = &routines[i];
            *out = &pointers[i];
            *n_out = 1;
            return 0;
        }
    return OG_CATALOG_E_UNKNOWN;
}

static int fake_row_type(struct og_catalog *self, const char *schema, const char *name,
                         const struct og_relation **out)
{
    return fake_relation(self, schema, name, out);
}

static struct og_catalog fake_catalog = {fake_relation, fake_routines, fake_row_type};

#endif

/* SPDX-License-Identifier: MIT */
/* A small PostgreSQL catalog in memory for tests of the analysis: customers and orders with keys, a
 * table with a generated column, a view, and every routine of the allowlist. */
#ifndef OG_TESTS_PG_FAKE_CATALOG_H
#define OG_TESTS_PG_FAKE_CATALOG_H

#include <string.h>

#include "common/catalog.h"

static const struct og_relation_column fake_customers_columns[] = {
    {"id", 1, "integer", OG_TYPE_INTEGER, false, true, false, NULL},
    {"name", 2, "text", OG_TYPE_TEXT, false, false, false, NULL},
    {"email", 3, "text", OG_TYPE_TEXT, false, false, false, NULL},
    {"ssn", 4, "text", OG_TYPE_TEXT, false, false, false, NULL},
    {"ssn_tail", 5, "text", OG_TYPE_TEXT, false, false, false, "right(ssn, 4)"},
};
static const struct og_relation_column fake_orders_columns[] = {
    {"id", 1, "integer", OG_TYPE_INTEGER, false, true, false, NULL},
    {"customer_id", 2, "integer", OG_TYPE_INTEGER, false, false, false, NULL},
    {"total", 3, "numeric", OG_TYPE_NUMERIC, false, false, false, NULL},
    {"placed", 4, "date", OG_TYPE_DATE, false, false, false, NULL},
};
static const struct og_relation_column fake_view_columns[] = {
    {"id", 1, "integer", OG_TYPE_INTEGER, false, false, false, NULL},
    {"secret", 2, "text", OG_TYPE_TEXT, false, false, false, NULL},
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
#define FUNCTION(word, what) \
    {.oid = 1, .schema = "pg_catalog", .name = word, .kind = 'f', .volatility = 'i', \
     .is_builtin = true, .n_arguments = 9, .n_defaults = 9},
    static const struct og_routine routines[] = {
#include "common/pg_function.tbl.h"
        {.oid = 30001, .schema = "public", .name = "audit", .kind = 'f', .volatility = 'v'},
        {.oid = 3, .schema = "pg_catalog", .name = "pg_read_file", .kind = 'f', .is_builtin = true},
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

static int fake_type(struct og_catalog *self, const char *schema, const char *name,
                     const struct og_type **out)
{
    static const struct og_type types[] = {
        {"pg_catalog", "text", 'b', OG_TYPE_TEXT, true, false, NULL},
        {"pg_catalog", "varchar", 'b', OG_TYPE_TEXT, true, false, NULL},
        {"pg_catalog", "int4", 'b', OG_TYPE_INTEGER, true, false, NULL},
        {"pg_catalog", "int8", 'b', OG_TYPE_INTEGER, true, false, NULL},
        {"pg_catalog", "numeric", 'b', OG_TYPE_NUMERIC, true, false, NULL},
        {"pg_catalog", "date", 'b', OG_TYPE_DATE, true, false, NULL},
        {"pg_catalog", "timestamp", 'b', OG_TYPE_TIMESTAMP, true, false, NULL},
        {"pg_catalog", "interval", 'b', OG_TYPE_OTHER, true, false, NULL},
        {"public", "mood", 'e', OG_TYPE_OTHER, false, false, NULL},
        {"public", "tricky", 'd', OG_TYPE_TEXT, false, true, NULL},
        {"public", "customers", 'c', OG_TYPE_OTHER, false, false, &fake_relations[0]},
    };

    (void)self;
    for (size_t i = 0; i < OG_COUNT(types); i++)
        if (strcmp(name, types[i].name) == 0 && (!schema || strcmp(schema, types[i].schema) == 0)) {
            *out = &types[i];
            return 0;
        }
    return OG_CATALOG_E_UNKNOWN;
}

static int fake_user_operators(struct og_catalog *self, const char *schema, const char *name,
                               const struct og_routine *const **out, size_t *n_out)
{
    static const struct og_routine routine = {
        .oid = 30002, .schema = "public", .name = "peek", .kind = 'f', .volatility = 'v'};
    static const struct og_routine *const pointers[] = {&routine};
    bool is_known = strcmp(name, "###") == 0 && (!schema || strcmp(schema, "public") == 0);

    (void)self;
    *out = is_known ? pointers : NULL;
    *n_out = is_known ? 1 : 0;
    return 0;
}

static struct og_catalog fake_catalog = {.relation = fake_relation,
                                         .routines = fake_routines,
                                         .row_type = fake_row_type,
                                         .type = fake_type,
                                         .user_operators = fake_user_operators};

#endif

/* SPDX-License-Identifier: MIT */
/* Columns that a policy masks by name: a target must have them, and on PostgreSQL a session remembers
 * which they are. When somebody renames one while the session lives, its name means another column, or
 * none, and the policy's words no longer say what its writer meant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/guard.h"

struct og_guard_pin {
    struct og_guard_pin *next;
    char *schema, *table, *column;
    uint64_t oid;
    int32_t number;
};

static struct og_guard_pin *pin_free(struct og_guard_pin *one)
{
    free(one->schema);
    free(one->table);
    free(one->column);
    free(one);
    return NULL;
}

static bool pin(struct og_guard_dbc *dbc, const struct og_relation *relation,
                const struct og_relation_column *column)
{
    struct og_guard_pin *one = calloc(1, sizeof(*one));

    if (!one)
        return false;
    one->schema = strdup(relation->schema);
    one->table = strdup(relation->name);
    one->column = strdup(column->name);
    one->oid = relation->oid;
    one->number = column->number;
    if (!one->schema || !one->table || !one->column) {
        (void)pin_free(one);
        return false;
    }
    one->next = dbc->pins;
    dbc->pins = one;
    return true;
}

static bool holds(struct og_catalog *catalog, const struct og_guard_pin *one)
{
    const struct og_relation *relation = NULL;

    if (catalog->relation(catalog, one->schema, one->table, &relation) != 0)
        return false;
    for (size_t i = 0; i < relation->n_columns; i++)
        if (strcmp(relation->columns[i].name, one->column) == 0)
            /* A table that was made anew is another one: there the name is all there is. */
            return relation->oid != one->oid || relation->columns[i].number == one->number;
    return false;
}

bool og_guard_required_holds(struct og_guard_dbc *dbc)
{
    struct og_catalog *catalog = og_pg_catalog_interface(og_guard_session_catalog(dbc));

    for (const struct og_guard_pin *one = dbc->pins; one; one = one->next)
        if (!holds(catalog, one))
            return false;
    return true;
}

void og_guard_required_release(struct og_guard_dbc *dbc)
{
    while (dbc->pins) {
        struct og_guard_pin *one = dbc->pins;

        dbc->pins = one->next;
        (void)pin_free(one);
    }
}

struct required {
    struct og_guard_dbc *dbc;
    char text[512];
};

static bool has_column(struct og_guard_dbc *dbc, const char *schema, const char *table,
                       const char *column)
{
    const struct og_relation *relation = NULL;
    struct og_catalog *catalog;

    if (dbc->dialect == OG_DIALECT_SQLITE)
        return og_sqlite_has_column(dbc->analyser, schema, table, column);
    if (dbc->dialect != OG_DIALECT_POSTGRESQL)
        return true;
    catalog = og_pg_catalog_interface(dbc->catalog);
    if (catalog->relation(catalog, schema, table, &relation) != 0)
        return false;
    for (size_t i = 0; i < relation->n_columns; i++)
        if (strcmp(relation->columns[i].name, column) == 0)
            return pin(dbc, relation, &relation->columns[i]);
    return false;
}

static bool visit_required(void *context, const char *policy, const char *schema,
                           const char *table, const char *column)
{
    struct required *required = context;

    if (has_column(required->dbc, schema, table, column))
        return true;
    (void)snprintf(required->text, sizeof(required->text),
                   "[%s] policy %s masks %s%s%s.%s, which this target does not have: correct the "
                   "policy, or say `optional: yes` there",
                   policy, policy, schema ? schema : "", schema ? "." : "", table, column);
    return false;
}

SQLRETURN og_guard_required_check(struct og_guard_dbc *dbc)
{
    const struct og_client_session *session;
    struct og_policy_set *set;
    struct og_client_error error = {0};
    struct required required = {.dbc = dbc};
    uint64_t generation;

    if (og_client_begin(dbc->client, &session, &set, &generation, &error) < 0) {
        og_diag_add(&dbc->object.diag, error.code, true, "%s", error.text);
        return SQL_ERROR;
    }
    if (set) {
        struct og_target target = {
            .name = dbc->conf->target_name,
            .labels = session->target_labels,
            .n_labels = session->n_target_labels,
            .dialect = dbc->dialect,
        };
        struct og_decide_input input = {
            .set = set,
            .chain = session->chain,
            .target = &target,
            .placement = dbc->conf->is_broker ? OG_PLACEMENT_BROKER : OG_PLACEMENT_INLINE,
        };

        og_decide_each_required_column(&input, visit_required, &required);
    }
    if (!required.text[0])
        return SQL_SUCCESS;
    og_diag_add(&dbc->object.diag, OG_ERR_CONFIG, true, "%s", required.text);
    return SQL_ERROR;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "driver/pg_catalog_parts.h"

#define MAX_CACHE_BYTES (64u * 1024u * 1024u)
/* More than this was looked up: begin anew, so that stamps stay cheap. */
#define MAX_UNITS 2048u
#define MAX_LIST_BYTES (4u * 1024u * 1024u)
#define MAX_NAME_BYTES 63u /* NAMEDATALEN - 1: the server has no longer name */
#define SNAPSHOT_BYTES 256u

/* Something that was looked up and can change by itself: a name, with what it means, or a family of
 * relations. Its digest is made of the versions of all the rows that the answer came from. */
struct unit {
    char kind; /* r relation, p routines, t row type, y type, q operators: a name; o: a family */
    const char *schema; /* of a name; NULL: the path */
    const char *name;
    const uint64_t *oids; /* of a family */
    size_t n_oids;
    char digest[OG_SHA256_HEX_BYTES]; /* "": no row at all */
    /* The answer of a name: all NULL when unknown. */
    const struct og_relation *relation;
    const struct og_routine *const *routines;
    size_t n_routines;
    const struct og_type *type;
};

struct og_pg_catalog {
    struct og_catalog interface; /* first: the callbacks cast back */
    struct og_pg_link link;
    char **path;
    size_t n_path;

    struct og_arena arena; /* the cache, all of it */
    struct unit **units;
    size_t n_units, max_units;
    const struct og_relation **relations; /* by oid, any order */
    size_t n_relations, max_relations;

    char snapshot[SNAPSHOT_BYTES]; /* when every unit was last known to hold */
    uint64_t generation;           /* of the cache */
    uint64_t n_mismatches;
    bool is_stale;    /* serves nothing until it is refreshed */
    bool has_changed; /* found by the last refresh */
};

/* ---- lists for the queries ---- */

static void append_item(struct og_buf *list, const char *text)
{
    if (list->n_bytes)
        og_buf_append_char(list, ',');
    og_buf_append_str(list, text);
}

static void append_number(struct og_buf *list, uint64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    append_item(list, text);
}

static void append_name(struct og_buf *list, const char *name)
{
    if (list->n_bytes)
        og_buf_append_char(list, ',');
    og_pg_hex(list, name);
}

static bool is_temporary_schema(const char *schema)
{
    return strncmp(schema, "pg_temp_", 8) == 0 || strncmp(schema, "pg_toast_temp_", 14) == 0;
}

/* The path entry of that name. "pg_temp" stands for the session's own temporary schema. */
static const char *in_path(const struct og_pg_catalog *catalog, const char *schema)
{
    bool is_own_temporary = strcmp(schema, "pg_temp") == 0;

    for (size_t i = 0; i < catalog->n_path; i++)
        if (strcmp(catalog->path[i], schema) == 0 ||
            (is_own_temporary && strncmp(catalog->path[i], "pg_temp_", 8) == 0))
            return catalog->path[i];
    return NULL;
}

/* Which schemas a lookup searches, in order; none when nothing can be seen there. */
static size_t schemas_of(const struct og_pg_catalog *catalog, char kind, const char *schema,
                         const char **out, size_t max)
{
    size_t n = 0;

    if (kind == 'q') { /* they are looked for everywhere */
        out[0] = "pg_catalog";
        return 1;
    }
    if (schema) {
        if (strcmp(schema, "pg_temp") == 0 || is_temporary_schema(schema))
            schema = in_path(catalog, schema);
        if (!schema || !*schema || strlen(schema) > MAX_NAME_BYTES)
            return 0;
        out[0] = schema;
        return 1;
    }
    for (size_t i = 0; i < catalog->n_path && n < max; i++)
        /* The server never looks for functions in a temporary schema unless it is named. */
        if (kind != 'p' || !is_temporary_schema(catalog->path[i]))
            out[n++] = catalog->path[i];
    return n;
}

#define MAX_PATH 256u

static void schema_list(const struct og_pg_catalog *catalog, char kind, const char *schema,
                        struct og_buf *list)
{
    const char *schemas[MAX_PATH];
    size_t n = schemas_of(catalog, kind, schema, schemas, OG_COUNT(schemas));

    for (size_t i = 0; i < n; i++)
        append_name(list, schemas[i]);
}

/* ---- stamps ---- */

enum list { OIDS, OID_UNITS, KINDS, SCHEMAS, NAMES, NAME_UNITS, N_LISTS };

static void append_unit(const struct og_pg_catalog *catalog, struct og_buf *lists, size_t i)
{
    const struct unit *unit = catalog->units[i];
    const char *schemas[MAX_PATH];
    size_t n;

    for (size_t j = 0; j < unit->n_oids; j++) {
        append_number(&lists[OIDS], unit->oids[j]);
        append_number(&lists[OID_UNITS], i);
    }
    if (unit->kind == 'o')
        return;
    n = schemas_of(catalog, unit->kind, unit->schema, schemas, OG_COUNT(schemas));
    for (size_t j = 0; j < n; j++) {
        append_item(&lists[KINDS], (const char[]){unit->kind, '\0'});
        append_name(&lists[SCHEMAS], schemas[j]);
        append_name(&lists[NAMES], unit->name);
        append_number(&lists[NAME_UNITS], i);
    }
}

typedef char digest_text[OG_SHA256_HEX_BYTES];

static int fetch_digests(struct og_pg_catalog *catalog, size_t first, digest_text *digests)
{
    struct og_pg_link *link = &catalog->link;
    int r;

    while ((r = og_pg_link_fetch(link, OG_PG_QUERY_STAMP)) == 0) {
        const struct og_buf *text = &link->fields[1];
        uint64_t i;

        r = og_pg_link_number(link, 0, &i);
        if (r == 0 && (i < first || i >= catalog->n_units || text->n_bytes != 64))
            r = -EIO;
        if (r < 0) {
            og_pg_link_close(link, OG_PG_QUERY_STAMP);
            return r;
        }
        memcpy(digests[i - first], og_buf_str(text), sizeof(digests[0]));
    }
    return r < 0 ? r : 0;
}

/* Digests of the units from first on, as the server has them now. */
static int read_digests(struct og_pg_catalog *catalog, size_t first, digest_text *digests)
{
    struct og_buf lists[N_LISTS];
    const char *parameters[N_LISTS];
    bool has_failed = false;
    int r;

    for (size_t i = 0; i < N_LISTS; i++)
        og_buf_init(&lists[i], MAX_LIST_BYTES);
    for (size_t i = first; i < catalog->n_units; i++)
        append_unit(catalog, lists, i);
    for (size_t i = 0; i < N_LISTS; i++) {
        parameters[i] = og_buf_str(&lists[i]);
        has_failed = has_failed || og_buf_is_failed(&lists[i]);
    }
    r = has_failed ? -ENOMEM : og_pg_link_ask(&catalog->link, OG_PG_QUERY_STAMP, parameters);
    if (r == 0)
        r = fetch_digests(catalog, first, digests);
    for (size_t i = 0; i < N_LISTS; i++)
        og_buf_release(&lists[i]);
    return r;
}

/* Whether the units from first on are as they were recorded. */
static int verify(struct og_pg_catalog *catalog, size_t first, bool *is_same)
{
    size_t n = catalog->n_units - first;
    digest_text *digests;
    int r;

    *is_same = true;
    if (!n)
        return 0;
    digests = calloc(n, sizeof(*digests));
    if (!digests)
        return -ENOMEM;
    r = read_digests(catalog, first, digests);
    for (size_t i = 0; r == 0 && i < n; i++)
        if (strcmp(digests[i], catalog->units[first + i]->digest) != 0)
            *is_same = false;
    free(digests);
    return r;
}

/* ---- the cache ---- */

static void drop_cache(struct og_pg_catalog *catalog)
{
    og_arena_reset(&catalog->arena);
    catalog->units = NULL;
    catalog->n_units = catalog->max_units = 0;
    catalog->relations = NULL;
    catalog->n_relations = catalog->max_relations = 0;
    catalog->snapshot[0] = '\0';
    catalog->generation++;
    catalog->is_stale = false;
}

/* A failure inside the cache: nothing more is served from it. */
static int spoil(struct og_pg_catalog *catalog, int r)
{
    catalog->is_stale = true;
    return r == -ENOMEM ? -ENOMEM : -EIO;
}

static const struct og_relation *cached_relation(const struct og_pg_catalog *catalog, uint64_t oid)
{
    for (size_t i = 0; i < catalog->n_relations; i++)
        if (catalog->relations[i]->oid == oid)
            return catalog->relations[i];
    return NULL;
}

static struct unit *find_unit(const struct og_pg_catalog *catalog, char kind, const char *schema,
                              const char *name)
{
    for (size_t i = 0; i < catalog->n_units; i++) {
        struct unit *unit = catalog->units[i];

        if (unit->kind == kind && !unit->schema == !schema &&
            (!schema || strcmp(unit->schema, schema) == 0) && strcmp(unit->name, name) == 0)
            return unit;
    }
    return NULL;
}

/* A new unit with its digest as it is before anything of it is read. */
static int add_unit(struct og_pg_catalog *catalog, const struct unit *template, struct unit **out)
{
    struct unit *unit = og_arena_alloc(&catalog->arena, sizeof(*unit));
    struct unit **slot = og_arena_push(&catalog->arena, &catalog->units, &catalog->n_units,
                                       &catalog->max_units, sizeof(*slot));
    digest_text digest = "";
    int r;

    if (!unit || !slot)
        return -ENOMEM;
    *unit = *template;
    unit->schema = og_arena_strdup(&catalog->arena, template->schema);
    unit->name = og_arena_strdup(&catalog->arena, template->name);
    *slot = unit;
    if (og_arena_is_failed(&catalog->arena))
        return -ENOMEM;
    r = read_digests(catalog, catalog->n_units - 1, &digest);
    if (r < 0)
        return r;
    memcpy(unit->digest, digest, sizeof(unit->digest));
    *out = unit;
    return 0;
}

static int read_whole_family(struct og_pg_catalog *catalog, uint64_t oid,
                             const struct og_relation **out)
{
    struct og_pg_family family = {0};
    struct unit *unit;
    uint64_t *oids;
    size_t n_oids;
    int r = og_pg_read_family(&catalog->link, &catalog->arena, oid, &oids, &n_oids);

    if (r == 0)
        r = add_unit(catalog, &(struct unit){.kind = 'o', .oids = oids, .n_oids = n_oids}, &unit);
    if (r == 0)
        r = og_pg_read_relations(&catalog->link, &catalog->arena, oids, n_oids, &family);
    for (size_t i = 0; r == 0 && i < family.n_members; i++) {
        const struct og_relation **slot =
            og_arena_push(&catalog->arena, &catalog->relations, &catalog->n_relations,
                          &catalog->max_relations, sizeof(*slot));

        if (!slot)
            return -ENOMEM;
        *slot = family.members[i];
        if (family.members[i]->oid == oid)
            *out = family.members[i];
    }
    if (r == 0 && !*out)
        r = -EIO;
    return r;
}

/* The oid that a name means, 0 for none. */
static int ask_oid(struct og_pg_catalog *catalog, enum og_pg_query query, const struct unit *unit,
                   uint64_t *oid)
{
    struct og_buf schemas;
    struct og_buf name;
    int r;

    *oid = 0;
    og_buf_init(&schemas, MAX_LIST_BYTES);
    og_buf_init(&name, MAX_LIST_BYTES);
    schema_list(catalog, unit->kind, unit->schema, &schemas);
    og_pg_hex(&name, unit->name);
    r = og_buf_is_failed(&schemas) || og_buf_is_failed(&name) ? -ENOMEM : 0;
    if (r == 0)
        r = og_pg_link_ask(&catalog->link, query,
                           (const char *[]){og_buf_str(&schemas), og_buf_str(&name)});
    if (r == 0) {
        r = og_pg_link_fetch(&catalog->link, query);
        if (r == 0)
            r = og_pg_link_number(&catalog->link, 0, oid);
        og_pg_link_close(&catalog->link, query);
    }
    og_buf_release(&schemas);
    og_buf_release(&name);
    return r < 0 ? r : 0;
}

static int answer_relation(struct og_pg_catalog *catalog, struct unit *unit)
{
    uint64_t oid;
    int r = ask_oid(catalog, unit->kind == 't' ? OG_PG_QUERY_FIND_TYPE : OG_PG_QUERY_FIND_RELATION,
                    unit, &oid);

    if (r < 0 || !oid)
        return r;
    unit->relation = cached_relation(catalog, oid);
    return unit->relation ? 0 : read_whole_family(catalog, oid, &unit->relation);
}

static int fetch_routines(struct og_pg_catalog *catalog, enum og_pg_query query,
                          struct unit *unit)
{
    const struct og_routine **routines = NULL;
    size_t max = 0;
    int r;

    while ((r = og_pg_link_fetch(&catalog->link, query)) == 0) {
        struct og_routine *routine = og_arena_alloc(&catalog->arena, sizeof(*routine));
        const struct og_routine **slot =
            og_arena_push(&catalog->arena, &routines, &unit->n_routines, &max, sizeof(*slot));

        r = routine && slot ? og_pg_read_routine(&catalog->link, &catalog->arena, 0, routine) : -ENOMEM;
        if (r < 0) {
            og_pg_link_close(&catalog->link, query);
            return r;
        }
        *slot = routine;
    }
    unit->routines = routines;
    return r < 0 ? r : 0;
}

static int answer_routines(struct og_pg_catalog *catalog, struct unit *unit)
{
    enum og_pg_query query = unit->kind == 'q' ? OG_PG_QUERY_OPERATORS : OG_PG_QUERY_ROUTINES;
    struct og_buf schemas;
    struct og_buf name;
    int r;

    og_buf_init(&schemas, MAX_LIST_BYTES);
    og_buf_init(&name, MAX_LIST_BYTES);
    if (unit->kind == 'q')
        og_pg_hex(&schemas, unit->schema ? unit->schema : "");
    else
        schema_list(catalog, unit->kind, unit->schema, &schemas);
    og_pg_hex(&name, unit->name);
    r = og_buf_is_failed(&schemas) || og_buf_is_failed(&name) ? -ENOMEM : 0;
    if (r == 0)
        r = og_pg_link_ask(&catalog->link, query,
                           (const char *[]){og_buf_str(&schemas), og_buf_str(&name)});
    if (r == 0)
        r = fetch_routines(catalog, query, unit);
    og_buf_release(&schemas);
    og_buf_release(&name);
    return r;
}

static int fetch_type(struct og_pg_catalog *catalog, struct unit *unit)
{
    struct og_type *type = og_arena_alloc(&catalog->arena, sizeof(*type));
    uint64_t oid = 0;
    int r = og_pg_link_fetch(&catalog->link, OG_PG_QUERY_TYPE);

    if (r != 0)
        return r < 0 ? r : 0;
    r = type ? og_pg_read_type(&catalog->link, &catalog->arena, type, &oid) : -ENOMEM;
    og_pg_link_close(&catalog->link, OG_PG_QUERY_TYPE);
    if (r == 0 && oid) {
        type->relation = cached_relation(catalog, oid);
        r = type->relation ? 0 : read_whole_family(catalog, oid, &type->relation);
    }
    if (r == 0)
        unit->type = type;
    return r;
}

static int answer_type(struct og_pg_catalog *catalog, struct unit *unit)
{
    struct og_buf schemas;
    struct og_buf name;
    int r;

    og_buf_init(&schemas, MAX_LIST_BYTES);
    og_buf_init(&name, MAX_LIST_BYTES);
    schema_list(catalog, unit->kind, unit->schema, &schemas);
    og_pg_hex(&name, unit->name);
    r = og_buf_is_failed(&schemas) || og_buf_is_failed(&name) ? -ENOMEM : 0;
    if (r == 0)
        r = og_pg_link_ask(&catalog->link, OG_PG_QUERY_TYPE,
                           (const char *[]){og_buf_str(&schemas), og_buf_str(&name)});
    if (r == 0)
        r = fetch_type(catalog, unit);
    og_buf_release(&schemas);
    og_buf_release(&name);
    return r;
}

/* Several queries make one answer, each with a snapshot of its own: digests taken before the first
 * and compared after the last show that nothing of it changed in between. */
static int look_up(struct og_pg_catalog *catalog, char kind, const char *schema, const char *name,
                   const struct unit **out)
{
    const char *schemas[MAX_PATH];
    size_t first = catalog->n_units;
    struct unit *unit;
    bool is_same;
    int r;

    if (catalog->is_stale)
        return -EIO;
    if (!*name || strlen(name) > MAX_NAME_BYTES)
        return OG_CATALOG_E_UNKNOWN;
    if (!schemas_of(catalog, kind, schema, schemas, OG_COUNT(schemas)))
        return OG_CATALOG_E_UNKNOWN;
    *out = find_unit(catalog, kind, schema, name);
    if (*out)
        return 0;
    r = add_unit(catalog, &(struct unit){.kind = kind, .schema = schema, .name = name}, &unit);
    if (r == 0)
        r = kind == 'p' || kind == 'q' ? answer_routines(catalog, unit)
            : kind == 'y'              ? answer_type(catalog, unit)
                                       : answer_relation(catalog, unit);
    if (r == 0)
        r = verify(catalog, first, &is_same);
    if (r < 0 || !is_same)
        return spoil(catalog, r);
    *out = unit;
    return 0;
}

static int find_relation(struct og_catalog *self, char kind, const char *schema, const char *name,
                         const struct og_relation **out)
{
    const struct unit *unit;
    int r = look_up((struct og_pg_catalog *)self, kind, schema, name, &unit);

    *out = NULL;
    if (r != 0)
        return r;
    *out = unit->relation;
    return unit->relation ? 0 : OG_CATALOG_E_UNKNOWN;
}

static int relation(struct og_catalog *self, const char *schema, const char *name,
                    const struct og_relation **out)
{
    return find_relation(self, 'r', schema, name, out);
}

static int row_type(struct og_catalog *self, const char *schema, const char *name,
                    const struct og_relation **out)
{
    return find_relation(self, 't', schema, name, out);
}

static int routines(struct og_catalog *self, const char *schema, const char *name,
                    const struct og_routine *const **out, size_t *n_out)
{
    const struct unit *unit;
    int r = look_up((struct og_pg_catalog *)self, 'p', schema, name, &unit);

    *out = NULL;
    *n_out = 0;
    if (r != 0)
        return r;
    *out = unit->routines;
    *n_out = unit->n_routines;
    return unit->n_routines ? 0 : OG_CATALOG_E_UNKNOWN;
}

static int type(struct og_catalog *self, const char *schema, const char *name,
                const struct og_type **out)
{
    const struct unit *unit;
    int r = look_up((struct og_pg_catalog *)self, 'y', schema, name, &unit);

    *out = NULL;
    if (r != 0)
        return r;
    *out = unit->type;
    return unit->type ? 0 : OG_CATALOG_E_UNKNOWN;
}

static int user_operators(struct og_catalog *self, const char *schema, const char *name,
                          const struct og_routine *const **out, size_t *n_out)
{
    const struct unit *unit;
    int r = look_up((struct og_pg_catalog *)self, 'q', schema, name, &unit);

    *out = NULL;
    *n_out = 0;
    if (r != 0)
        return r < 0 ? r : 0;
    *out = unit->routines;
    *n_out = unit->n_routines;
    return 0;
}

static const struct og_catalog callbacks = {.relation = relation,
                                            .routines = routines,
                                            .row_type = row_type,
                                            .type = type,
                                            .user_operators = user_operators};

/* ---- making, refreshing, stamping ---- */

static int set_up(struct og_pg_link *link)
{
    /* An empty path makes the server print every name with its schema. Waiting for a lock that the
     * application itself holds would never end. */
    static const char *const commands[] = {
        "SET search_path = ''",
        "SET standard_conforming_strings = on",
        "SET quote_all_identifiers = off",
        "SET default_transaction_read_only = on",
        "SET lock_timeout = '2s'",
        "SET statement_timeout = '10s'",
        /* A handful of rows by key out of catalogs of any size, and always the same plan. */
        "SET enable_seqscan = off",
        "SET enable_hashjoin = off",
        "SET enable_mergejoin = off",
        "SET jit = off",
        "SET plan_cache_mode = force_generic_plan",
    };

    for (size_t i = 0; i < OG_COUNT(commands); i++) {
        int r = og_pg_link_command(link, commands[i]);

        if (r < 0)
            return r;
    }
    return 0;
}

static bool has_calls(const struct og_calls *calls)
{
    return calls->SQLAllocHandle && calls->SQLFreeHandle && calls->SQLExecDirect &&
           calls->SQLPrepare && calls->SQLBindParameter && calls->SQLExecute && calls->SQLFetch &&
           calls->SQLGetData && calls->SQLFreeStmt && calls->SQLDisconnect;
}

int og_pg_catalog_new(const struct og_layer *layer, struct og_diag *diag, struct og_pg_catalog **out)
{
    struct og_pg_catalog *catalog = calloc(1, sizeof(*catalog));
    struct og_pg_link lone;

    *out = NULL;
    if (!catalog) {
        og_pg_link_init(&lone, layer);
        og_pg_link_release(&lone);
        og_diag_add_state(diag, "HY001", "[odbcguard] memory allocation error");
        return -EIO;
    }
    og_pg_link_init(&catalog->link, layer);
    og_arena_init(&catalog->arena, MAX_CACHE_BYTES);
    catalog->interface = callbacks;
    if (!has_calls(layer->calls) || set_up(&catalog->link) < 0) {
        og_diag_add(diag, OG_ERR_CONFIG, true,
                    "[catalog] the second connection cannot read the catalog (SQLSTATE %s): allow "
                    "this role to SET search_path and to read pg_catalog",
                    catalog->link.sqlstate[0] ? catalog->link.sqlstate : "IM001");
        (void)og_pg_catalog_free(catalog);
        return -EIO;
    }
    *out = catalog;
    return 0;
}

int og_pg_catalog_new_inside(const struct og_layer *layer, struct og_pg_catalog **out)
{
    struct og_pg_catalog *catalog = calloc(1, sizeof(*catalog));

    *out = NULL;
    if (!catalog)
        return -EIO;
    og_pg_link_init(&catalog->link, layer);
    catalog->link.is_borrowed = true;
    og_arena_init(&catalog->arena, MAX_CACHE_BYTES);
    catalog->interface = callbacks;
    catalog->interface.is_printed_by_path = true;
    *out = catalog;
    return 0;
}

uint64_t og_pg_catalog_generation(const struct og_pg_catalog *catalog)
{
    return catalog->generation + (catalog->is_stale ? 1 : 0);
}

static void free_path(char **path, size_t n_path)
{
    for (size_t i = 0; path && i < n_path; i++)
        free(path[i]);
    free(path);
}

struct og_pg_catalog *og_pg_catalog_free(struct og_pg_catalog *catalog)
{
    if (!catalog)
        return NULL;
    og_pg_link_release(&catalog->link);
    og_arena_release(&catalog->arena);
    free_path(catalog->path, catalog->n_path);
    free(catalog);
    return NULL;
}

const struct og_layer *og_pg_catalog_layer(const struct og_pg_catalog *catalog)
{
    return &catalog->link.layer;
}

struct og_catalog *og_pg_catalog_interface(struct og_pg_catalog *catalog)
{
    return &catalog->interface;
}

static bool is_path(const struct og_pg_catalog *catalog, const char *const *schemas, size_t n)
{
    if (!catalog->path || catalog->n_path != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(catalog->path[i], schemas[i]) != 0)
            return false;
    return true;
}

int og_pg_catalog_set_path(struct og_pg_catalog *catalog, const char *const *schemas,
                           size_t n_schemas)
{
    char **path;

    if (is_path(catalog, schemas, n_schemas))
        return 0;
    /* What was looked up may mean something else now. */
    catalog->is_stale = catalog->is_stale || catalog->n_units;
    if (n_schemas > MAX_PATH)
        return spoil(catalog, -EIO);
    path = calloc(n_schemas + 1, sizeof(*path));
    if (!path)
        return spoil(catalog, -ENOMEM);
    for (size_t i = 0; i < n_schemas; i++) {
        path[i] = strdup(schemas[i]);
        if (!path[i]) {
            free_path(path, n_schemas);
            return spoil(catalog, -ENOMEM);
        }
    }
    free_path(catalog->path, catalog->n_path);
    catalog->path = path;
    catalog->n_path = n_schemas;
    return 0;
}

static int read_snapshot(struct og_pg_catalog *catalog, char out[static SNAPSHOT_BYTES])
{
    struct og_pg_link *link = &catalog->link;
    int r = og_pg_link_ask(link, OG_PG_QUERY_SNAPSHOT, NULL);

    if (r < 0)
        return r;
    r = og_pg_link_fetch(link, OG_PG_QUERY_SNAPSHOT);
    if (r != 0)
        return r < 0 ? r : -EIO;
    /* A snapshot with too many transactions for the room reads as moved, which is always right. */
    out[0] = '\0';
    if (link->fields[0].n_bytes < SNAPSHOT_BYTES)
        memcpy(out, og_buf_str(&link->fields[0]), link->fields[0].n_bytes + 1);
    og_pg_link_close(link, OG_PG_QUERY_SNAPSHOT);
    return 0;
}

int og_pg_catalog_refresh(struct og_pg_catalog *catalog)
{
    char snapshot[SNAPSHOT_BYTES];
    bool is_same = true;
    int r;

    catalog->has_changed = catalog->is_stale || catalog->n_units > MAX_UNITS;
    if (catalog->has_changed)
        drop_cache(catalog);
    r = read_snapshot(catalog, snapshot);
    if (r == 0 && (!snapshot[0] || strcmp(snapshot, catalog->snapshot) != 0))
        r = verify(catalog, 0, &is_same);
    if (r < 0)
        return spoil(catalog, -EIO);
    if (!is_same) {
        drop_cache(catalog);
        catalog->has_changed = true;
    }
    memcpy(catalog->snapshot, snapshot, sizeof(catalog->snapshot));
    return 0;
}

bool og_pg_catalog_has_changed(const struct og_pg_catalog *catalog)
{
    return catalog->has_changed;
}

bool og_pg_catalog_is_stale(const struct og_pg_catalog *catalog)
{
    return catalog->is_stale;
}

/* Verifies everything the cache holds, so that the stamp can be the cache's generation: two equal
 * stamps say that the server answered from what was analysed, at both moments and in between. What
 * does not hold gets a stamp that equals no other. */
int og_pg_catalog_stamp(struct og_pg_catalog *catalog, uint8_t out[32])
{
    bool is_same = false;
    uint64_t words[2] = {0};

    if (!catalog->is_stale && verify(catalog, 0, &is_same) < 0)
        return spoil(catalog, -EIO);
    if (!is_same) {
        catalog->is_stale = true;
        words[0] = ++catalog->n_mismatches;
    }
    words[1] = catalog->generation;
    return og_hash_sha256(words, sizeof(words), out) < 0 ? -EIO : 0;
}

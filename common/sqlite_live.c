/* SPDX-License-Identifier: MIT */
/* sqlite_live.c - the analyser's life, the watch on the schema, and what is permitted next on the live
 * handle (sqlite_permit.c holds it to that). */
#include "common/sqlite_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the watch on the schema ---- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; text && *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return (hash ^ 0xff) * UINT64_C(1099511628211);
}

void og_sqlite_analyser_rest(struct og_sqlite_analyser *analyser)
{
    if (!analyser)
        return;
    (void)analyser->api.sqlite3_finalize(analyser->version);
    analyser->version = NULL;
}

/* Stays prepared: it is asked before each execution. Returns: 0; the engine's code. */
static int read_version(struct og_sqlite_analyser *analyser, int *out)
{
    const struct og_sqlite_api *api = &analyser->api;
    int rc = SQLITE_OK;

    if (!analyser->version)
        rc = api->sqlite3_prepare_v2(analyser->live, "PRAGMA main.schema_version", -1, &analyser->version,
                                     NULL);
    if (rc == SQLITE_OK)
        rc = api->sqlite3_step(analyser->version);
    if (rc == SQLITE_ROW)
        *out = api->sqlite3_column_int(analyser->version, 0);
    if (rc == SQLITE_ROW && api->sqlite3_reset(analyser->version) == SQLITE_OK)
        return 0;
    og_sqlite_analyser_rest(analyser);
    return rc > 0 && rc != SQLITE_ROW && rc != SQLITE_DONE ? rc : SQLITE_ERROR;
}

/* Returns: 0; the engine's code. */
static int read_versions(struct og_sqlite_analyser *analyser, int *version, uint64_t *temp_hash)
{
    const struct og_sqlite_api *api = &analyser->api;
    sqlite3_stmt *statement = NULL;
    int rc = read_version(analyser, version);

    if (rc)
        return rc;
    *temp_hash = UINT64_C(14695981039346656037);
    if (!og_sq_has_temp(api, analyser->live))
        return 0;
    rc = api->sqlite3_prepare_v2(analyser->live, "SELECT type, name, sql FROM sqlite_temp_master",
                                 -1, &statement, NULL);
    while (rc == SQLITE_OK && (rc = api->sqlite3_step(statement)) == SQLITE_ROW) {
        for (int i = 0; i < 3; i++)
            *temp_hash =
                hash_text(*temp_hash, (const char *)api->sqlite3_column_text(statement, i));
        rc = SQLITE_OK;
    }
    (void)api->sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? 0 : rc;
}

/* PRAGMA foreign_keys of the handle; on when it cannot be told. */
static bool has_foreign_keys(struct og_sqlite_analyser *analyser)
{
    int is_on = 1;

    return analyser->api.sqlite3_db_config(analyser->live, SQLITE_DBCONFIG_ENABLE_FKEY, -1,
                                           &is_on) != SQLITE_OK ||
           is_on != 0;
}

static uint64_t stamp_of(struct og_sqlite_analyser *analyser, int version, uint64_t temp_hash)
{
    return (temp_hash * UINT64_C(0x9E3779B97F4A7C15)) ^ (uint64_t)(unsigned)version ^
           (has_foreign_keys(analyser) ? UINT64_C(1) << 63 : 0);
}

/* Whether the schema is still the one that facts were told from. Returns: 0; -ESTALE; the engine's code
 * where it cannot be read. */
static int check_fresh(struct og_sqlite_analyser *analyser, const struct og_facts *facts)
{
    enum og_sq_permit permit = analyser->permit;
    uint64_t temp_hash = 0;
    int version = 0;
    int rc;

    analyser->permit = OG_SQ_PERMIT_OWN;
    rc = read_versions(analyser, &version, &temp_hash);
    analyser->permit = permit;
    if (rc)
        return rc;
    return facts->catalog_stamp == stamp_of(analyser, version, temp_hash) ? 0 : -ESTALE;
}

/* VACUUM attaches a temporary file; nothing else may attach anything. */
static void limit_attached(struct og_sqlite_analyser *analyser)
{
    const char *kind = analyser->permitted.kind;
    bool is_vacuum = analyser->permit == OG_SQ_PERMIT_FACTS && kind && strcmp(kind, "VACUUM") == 0;

    (void)analyser->api.sqlite3_limit(analyser->live, SQLITE_LIMIT_ATTACHED, is_vacuum);
}

static int set_permit(struct og_sqlite_analyser *analyser, enum og_sq_permit permit)
{
    analyser->permit = permit;
    limit_attached(analyser);
    /* setting it again expires what is prepared, so that it is asked again at its next step */
    return analyser->api.sqlite3_set_authorizer(analyser->live, og_sq_live_authorizer, analyser) ==
                   SQLITE_OK
               ? 0
               : -EIO;
}

static void copy_facts(struct og_sqlite_analyser *analyser, const struct og_facts *facts,
                       const bool *masked)
{
    struct og_facts *own = &analyser->permitted;

    analyser->token = 0;
    og_arena_reset(&analyser->permit_arena);
    og_facts_init(own, &analyser->permit_arena, OG_DIALECT_SQLITE);
    for (size_t i = 0; i < facts->n_objects; i++)
        (void)og_facts_object(own, &facts->objects[i]);
    for (size_t i = 0; i < facts->n_columns; i++)
        (void)og_facts_column(own, &facts->columns[i]);
    for (size_t i = 0; i < facts->n_effects; i++)
        og_facts_effect(own, facts->effects[i].effect, facts->effects[i].object);
    for (size_t i = 0; i < facts->n_functions; i++)
        og_facts_function(own, &facts->functions[i]);
    analyser->needed =
        og_arena_array(own->arena, facts->n_columns + 1, sizeof(*analyser->needed));
    for (size_t i = 0; analyser->needed && masked && i < facts->n_columns; i++)
        analyser->needed[i] = !masked[i]; /* NULL for a clear column would only be a wrong answer */
    for (size_t i = 0; analyser->needed && i < facts->n_results; i++)
        for (size_t k = 0; k < facts->results[i].n_sources; k++)
            analyser->needed[facts->results[i].sources[k].column] = true;
    for (size_t i = 0; analyser->needed && i < facts->n_uses; i++)
        analyser->needed[facts->uses[i].column] = true;
    for (size_t i = 0; analyser->needed && i < facts->n_writes; i++)
        analyser->needed[facts->writes[i].column] = true;
    own->is_transaction_control = facts->is_transaction_control;
    own->changes_catalog = facts->changes_catalog;
    own->kind = facts->kind ? og_arena_strdup(own->arena, facts->kind) : NULL;
}

/* The engine's own plan, unless it would show masked columns by the order of its rows. */
static int choose_plan(struct og_sqlite_analyser *analyser, const struct og_facts *facts,
                       const bool *masked)
{
    enum og_sq_permit permit = analyser->permit;
    bool is_plain = facts->needs_plain_plan;
    int rc;

    for (size_t i = 0; i < facts->n_plan_columns; i++)
        is_plain = is_plain || !masked || masked[facts->plan_columns[i]];
    analyser->permit = OG_SQ_PERMIT_OWN;
    rc = og_sq_set_plan(analyser, is_plain);
    analyser->permit = permit;
    return rc;
}

static bool has_unneeded(const struct og_sqlite_analyser *analyser, const struct og_facts *facts)
{
    for (size_t i = 0; i < facts->n_columns; i++)
        if (!analyser->needed[i])
            return facts->plan_text != NULL;
    return false;
}

int og_sqlite_permit(struct og_sqlite_analyser *analyser, const struct og_facts *facts,
                     const bool *masked)
{
    int rc;

    if (!facts || facts->refusal.what)
        return set_permit(analyser, OG_SQ_PERMIT_NOTHING);
    rc = check_fresh(analyser, facts);
    if (rc) {
        int r = set_permit(analyser, OG_SQ_PERMIT_NOTHING);

        return r ? r : rc;
    }
    copy_facts(analyser, facts, masked);
    rc = choose_plan(analyser, facts, masked);
    if (rc)
        return rc;
    if (og_arena_is_failed(&analyser->permit_arena)) {
        rc = set_permit(analyser, OG_SQ_PERMIT_NOTHING);
        return rc ? rc : -ENOMEM;
    }
    rc = set_permit(analyser, OG_SQ_PERMIT_FACTS);
    /* columns that read as NULL may change the plan: then they are read, and go nowhere */
    if (rc == 0 && has_unneeded(analyser, facts) && !og_sq_walks_as_read(analyser, facts)) {
        for (size_t i = 0; i < facts->n_columns; i++)
            analyser->needed[i] = true;
        rc = set_permit(analyser, OG_SQ_PERMIT_FACTS);
    }
    return rc;
}

/* The engine may have what it compiled for others between: that was expired with everything else. */
int og_sqlite_permit_again(struct og_sqlite_analyser *analyser, const struct og_facts *facts,
                           const bool *masked, uint64_t token)
{
    int rc;

    if (token && token == analyser->token && check_fresh(analyser, facts) == 0 &&
        choose_plan(analyser, facts, masked) == 0) {
        analyser->permit = OG_SQ_PERMIT_FACTS;
        limit_attached(analyser);
        return 0;
    }
    rc = og_sqlite_permit(analyser, facts, masked);
    if (rc == 0 && facts && !facts->refusal.what)
        analyser->token = token;
    return rc;
}

int og_sqlite_permit_catalog(struct og_sqlite_analyser *analyser)
{
    return set_permit(analyser, OG_SQ_PERMIT_CATALOG);
}

int og_sqlite_permit_all(struct og_sqlite_analyser *analyser)
{
    return set_permit(analyser, OG_SQ_PERMIT_ALL);
}

int og_sqlite_permit_transaction(struct og_sqlite_analyser *analyser)
{
    return set_permit(analyser, OG_SQ_PERMIT_TRANSACTION);
}

/* ---- the shadow's life ---- */

static int rebuild(struct og_sqlite_analyser *analyser)
{
    int is_on = 0;
    int rc;

    analyser->is_built = false;
    (void)analyser->api.sqlite3_close(analyser->shadow);
    (void)analyser->api.sqlite3_close(analyser->indexed);
    analyser->shadow = analyser->indexed = NULL;
    analyser->why_not = "the database's schema could not be read";
    if (og_sq_shadow_open(&analyser->api, &analyser->shadow))
        return 0;
    rc = og_sq_shadow_build(&analyser->api, analyser->live, analyser->shadow, &analyser->schema,
                            &analyser->why_not);
    analyser->is_built = rc == 0;
    /* triggers that keep an index of texts are the schema's own; what functions they may call the
     * authorizer says */
    if (rc == 0 && analyser->api.sqlite3_db_config(analyser->live, SQLITE_DBCONFIG_TRUSTED_SCHEMA,
                                                   analyser->schema.n_virtual > 0, &is_on) !=
                       SQLITE_OK)
        rc = -ENOTSUP;
    return rc < 0 ? rc : 0;
}

/* The engine's own word for why the schema cannot be read now. */
static void refuse_engine(const struct og_sqlite_analyser *analyser, struct og_facts *facts, int code)
{
    og_facts_refuse(facts, SIZE_MAX, "the database's schema could not be read",
                    "try again when the database is not locked");
    facts->engine_code = code;
    facts->engine_text = og_arena_strdup(facts->arena, analyser->api.sqlite3_errmsg(analyser->live));
}

/* Somebody else's lock came between two reads of the schema. */
static bool is_passing(int code)
{
    return (code & 0xFF) == SQLITE_BUSY || (code & 0xFF) == SQLITE_LOCKED ||
           (code & 0xFF) == SQLITE_INTERRUPT;
}

int og_sq_refresh(struct og_sqlite_analyser *analyser, struct og_facts *facts)
{
    enum og_sq_permit permit = analyser->permit;
    uint64_t temp_hash = 0;
    int version = 0;
    int rc;

    analyser->permit = OG_SQ_PERMIT_OWN;
    rc = read_versions(analyser, &version, &temp_hash);
    if (rc) {
        refuse_engine(analyser, facts, rc);
        rc = 0;
    } else if (!analyser->is_built || version != analyser->schema_version ||
               temp_hash != analyser->temp_hash) {
        int code;

        rc = rebuild(analyser);
        code = analyser->api.sqlite3_errcode(analyser->live);
        analyser->schema_version = version;
        analyser->temp_hash = temp_hash;
        if (!analyser->is_built && is_passing(code))
            refuse_engine(analyser, facts, code);
        else if (!analyser->is_built)
            og_facts_refuse(facts, SIZE_MAX, analyser->why_not, NULL);
    }
    analyser->schema.has_foreign_keys = has_foreign_keys(analyser);
    facts->catalog_stamp = stamp_of(analyser, version, temp_hash);
    analyser->permit = permit;
    return rc;
}

/* ---- life ---- */

static int close_doors(struct og_sqlite_analyser *analyser)
{
    static const struct {
        int option, value;
    } switches[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                    {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
                    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                    /* bound values must not choose another plan than the one that was read */
                    {SQLITE_DBCONFIG_ENABLE_QPSG, 1}};
    int rc;

    for (size_t i = 0; i < OG_COUNT(switches); i++) {
        int now = -1;

        if (analyser->api.sqlite3_db_config(analyser->live, switches[i].option, switches[i].value,
                                            &now) != SQLITE_OK ||
            now != switches[i].value)
            return -ENOTSUP;
    }
    rc = set_permit(analyser, OG_SQ_PERMIT_OWN);
    if (rc)
        return rc;
    analyser->is_plain_plan = true;
    rc = og_sq_set_plan(analyser, false);
    if (rc)
        return rc;
    og_sq_warm(&analyser->api, analyser->live);
    return set_permit(analyser, OG_SQ_PERMIT_NOTHING);
}

int og_sqlite_analyser_new(const struct og_sqlite_api *api, sqlite3 *db,
                           struct og_sqlite_analyser **out)
{
    struct og_sqlite_analyser *analyser = calloc(1, sizeof(*analyser));
    int rc;

    *out = NULL;
    if (!analyser)
        return -ENOMEM;
    analyser->api = *api;
    analyser->live = db;
    og_arena_init(&analyser->schema.arena, OG_SQ_WORK_BYTES);
    og_arena_init(&analyser->permit_arena, OG_MAX_FACTS_BYTES);
    rc = close_doors(analyser);
    if (rc) {
        (void)og_sqlite_analyser_free(analyser);
        return rc;
    }
    *out = analyser;
    return 0;
}

static int allow_transactions(void *context, int action, const char *a, const char *b,
                              const char *schema, const char *origin)
{
    (void)context;
    (void)a;
    (void)b;
    (void)schema;
    (void)origin;
    return action == SQLITE_TRANSACTION || action == SQLITE_SAVEPOINT ? SQLITE_OK : SQLITE_DENY;
}

struct og_sqlite_analyser *og_sqlite_analyser_drop(struct og_sqlite_analyser *analyser)
{
    if (!analyser)
        return NULL;
    og_sqlite_analyser_rest(analyser);
    (void)analyser->api.sqlite3_close(analyser->shadow);
    (void)analyser->api.sqlite3_close(analyser->indexed);
    og_sq_schema_release(&analyser->schema);
    og_arena_release(&analyser->permit_arena);
    free(analyser);
    return NULL;
}

struct og_sqlite_analyser *og_sqlite_analyser_free(struct og_sqlite_analyser *analyser)
{
    /* the handle must not call into freed memory, and stays closed without its analyser */
    if (analyser)
        (void)analyser->api.sqlite3_set_authorizer(analyser->live, allow_transactions, NULL);
    return og_sqlite_analyser_drop(analyser);
}

bool og_sqlite_compiled_is(struct og_sqlite_analyser *analyser, const char *sql, size_t n_bytes)
{
    /* the newest comes first */
    sqlite3_stmt *statement = analyser->api.sqlite3_next_stmt(analyser->live, NULL);
    const char *text = statement ? analyser->api.sqlite3_sql(statement) : NULL;

    return text && strlen(text) == n_bytes && memcmp(text, sql, n_bytes) == 0;
}

bool og_sqlite_has_column(struct og_sqlite_analyser *analyser, const char *schema,
                          const char *table, const char *column)
{
    static const char *const schemas[] = {"main", "temp"};
    enum og_sq_permit permit = analyser->permit;
    bool is_there = false;

    analyser->permit = OG_SQ_PERMIT_OWN;
    for (size_t i = 0; i < OG_COUNT(schemas) && !is_there; i++)
        if (!schema || og_sq_is_same(schema, schemas[i]))
            is_there = analyser->api.sqlite3_table_column_metadata(
                           analyser->live, schemas[i], table, column, NULL, NULL, NULL, NULL,
                           NULL) == SQLITE_OK;
    analyser->permit = permit;
    return is_there;
}

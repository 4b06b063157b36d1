/* SPDX-License-Identifier: MIT */
/* sqlite_live.c - the analyser's life, the watch on the schema, and the authorizer on the live
 * handle that holds the driver to what the facts of a statement list. */
#include "common/sqlite_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_COVERING_SCAN 0x20

static bool has_view(const struct og_facts *facts, const char *schema, const char *name)
{
    for (size_t i = 0; i < facts->n_objects; i++)
        if (facts->objects[i].kind == OG_OBJECT_VIEW &&
            og_sq_is_same(facts->objects[i].name, name) &&
            (!schema || og_sq_is_same(facts->objects[i].schema, schema)))
            return true;
    return false;
}

static bool has_object(const struct og_facts *facts, const char *schema, const char *name)
{
    for (size_t i = 0; i < facts->n_objects; i++)
        if (og_sq_is_same(facts->objects[i].name, name) &&
            (!schema || !facts->objects[i].schema[0] ||
             og_sq_is_same(facts->objects[i].schema, schema)))
            return true;
    return false;
}

/* A column that is named but flows nowhere reads as NULL: should a view change under a prepared
 * statement, the column cannot come out by it. */
static int read_column(const struct og_sqlite_analyser *analyser, const char *schema,
                       const char *table, const char *column)
{
    const struct og_facts *facts = &analyser->permitted;

    if (!column[0] || og_sq_is_same(column, "ROWID"))
        return has_object(facts, schema, table) ? SQLITE_OK : SQLITE_DENY;
    for (size_t i = 0; i < facts->n_columns; i++) {
        const struct og_object *object = &facts->objects[facts->columns[i].object];

        if (og_sq_is_same(facts->columns[i].name, column) &&
            og_sq_is_same(object->name, table) &&
            (!schema || og_sq_is_same(object->schema, schema)))
            return analyser->needed[i] ? SQLITE_OK : SQLITE_IGNORE;
    }
    return SQLITE_DENY;
}

static bool has_effect(const struct og_facts *facts, enum og_effect effect, const char *name)
{
    for (size_t i = 0; i < facts->n_effects; i++) {
        if (facts->effects[i].effect != effect)
            continue;
        if (!name || facts->effects[i].object == OG_NO_OBJECT ||
            og_sq_is_same(facts->objects[facts->effects[i].object].name, name))
            return true;
    }
    return false;
}

static bool has_function(const struct og_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->n_functions; i++)
        if (og_sq_is_same(facts->functions[i].name, name))
            return true;
    return false;
}

static bool is_schema_table(const char *name)
{
    return og_sq_is_same(name, "sqlite_master") || og_sq_is_same(name, "sqlite_schema") ||
           og_sq_is_same(name, "sqlite_temp_master") || og_sq_is_same(name, "sqlite_temp_schema");
}

static bool is_engines_table(const char *name)
{
    return is_schema_table(name) || og_sq_is_same(name, "sqlite_sequence") ||
           (name && strncmp(name, "sqlite_stat", 11) == 0);
}

/* A table that the engine makes up from its arguments, not from the database. */
static bool is_made_up(const char *name)
{
    return og_sq_is_same(name, "json_each") || og_sq_is_same(name, "json_tree") ||
           og_sq_is_same(name, "generate_series");
}

static bool is_made_up_elsewhere(const char *name)
{
    return og_sq_is_same(name, "dbstat") || og_sq_is_same(name, "sqlite_stmt") ||
           og_sq_is_same(name, "sqlite_dbpage") || og_sq_is_same(name, "bytecode");
}

static bool allows_change(const struct og_facts *facts, int action, const char *table,
                          const char *column, const char *schema)
{
    enum og_effect effect = action == SQLITE_INSERT   ? OG_EFFECT_INSERT
                            : action == SQLITE_UPDATE ? OG_EFFECT_UPDATE
                                                      : OG_EFFECT_DELETE;

    (void)column;
    /* the engine declares its made-up tables so; the switch DEFENSIVE keeps statements from it */
    if (action == SQLITE_UPDATE && is_schema_table(table))
        return true;
    if (is_engines_table(table) &&
        (facts->changes_catalog || has_effect(facts, OG_EFFECT_MAINTENANCE, NULL)))
        return true;
    if (has_effect(facts, OG_EFFECT_EXPLAIN, table))
        return true;
    return has_effect(facts, effect, table) && has_object(facts, schema, table);
}

static bool allows_definition(const struct og_facts *facts, int action, const char *name)
{
    switch (action) {
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_VIEW:
        return has_effect(facts, OG_EFFECT_CREATE, name) ||
               (strncmp(name, "sqlite_", 7) == 0 &&
                (facts->changes_catalog || has_effect(facts, OG_EFFECT_MAINTENANCE, NULL)));
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_TEMP_INDEX:
    case SQLITE_DROP_TEMP_TABLE:
    case SQLITE_DROP_TEMP_TRIGGER:
    case SQLITE_DROP_TEMP_VIEW:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_DROP_VIEW:
        return has_effect(facts, OG_EFFECT_DROP, NULL);
    default:
        return false;
    }
}

/* With autocommit off the driver itself begins, and takes back what failed. */
static bool is_drivers_transaction(const char *word)
{
    return og_sq_is_same(word, "BEGIN") || og_sq_is_same(word, "ROLLBACK");
}

static bool allows_by_facts(const struct og_facts *facts, int action, const char *a, const char *b,
                            const char *schema)
{
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return true;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        return allows_change(facts, action, a, b, schema);
    case SQLITE_FUNCTION:
        return has_function(facts, b);
    case SQLITE_TRANSACTION:
        return facts->is_transaction_control || is_drivers_transaction(a);
    case SQLITE_SAVEPOINT:
        return facts->is_transaction_control;
    case SQLITE_PRAGMA:
        return has_effect(facts, OG_EFFECT_PRAGMA, a);
    case SQLITE_ALTER_TABLE:
        return has_effect(facts, OG_EFFECT_ALTER, b);
    case SQLITE_ANALYZE:
    case SQLITE_REINDEX:
        return has_effect(facts, OG_EFFECT_MAINTENANCE, NULL) || facts->changes_catalog;
    default:
        return allows_definition(facts, action, a);
    }
}

/* Returns: what the authorizer answers to a read. */
static int read_by_facts(const struct og_sqlite_analyser *analyser, const char *a, const char *b,
                         const char *schema)
{
    const struct og_facts *facts = &analyser->permitted;
    bool is_maintenance = has_effect(facts, OG_EFFECT_MAINTENANCE, NULL);

    if (is_engines_table(a) && (facts->changes_catalog || is_maintenance))
        return SQLITE_OK;
    if (is_maintenance && !is_schema_table(a))
        return SQLITE_OK;
    if (is_made_up(a) ||
        (strncmp(a, "pragma_", 7) == 0 && has_effect(facts, OG_EFFECT_PRAGMA, a + 7)))
        return SQLITE_OK;
    if (is_schema_table(a))
        return og_sq_is_same(b, "ROWID") || has_object(facts, NULL, "sqlite_master") ||
                       has_object(facts, NULL, "sqlite_temp_master")
                   ? SQLITE_OK
                   : SQLITE_DENY;
    /* rows without a column: a table that is read by no column, or a common table expression */
    if (!b[0] && !schema && !is_made_up_elsewhere(a))
        return SQLITE_OK;
    /* what a view reads is held by its base tables' columns */
    return has_view(facts, schema, a) ? SQLITE_OK : read_column(analyser, schema, a, b);
}

static bool reaches_out(const char *function)
{
    static const char *const names[] = {"load_extension", "blob_import",    "blob_export",
                                        "readfile",       "writefile",      "edit",
                                        "fts3_tokenizer", "fsdir",          "lsdir"};

    for (size_t i = 0; i < OG_COUNT(names); i++)
        if (og_sq_is_same(names[i], function))
            return true;
    return false;
}

static bool allows_all(int action, const char *b)
{
    if (action == SQLITE_ATTACH || action == SQLITE_DETACH || action == SQLITE_CREATE_VTABLE ||
        action == SQLITE_DROP_VTABLE)
        return false;
    return action != SQLITE_FUNCTION || !reaches_out(b);
}

static bool allows_catalog(int action, const char *a, const char *b)
{
    switch (action) {
    case SQLITE_SELECT:
        return true;
    case SQLITE_READ:
        return is_schema_table(a);
    case SQLITE_FUNCTION:
        return og_sq_function_kind(b) != OG_SQ_FUNCTION_UNKNOWN;
    case SQLITE_TRANSACTION:
        return is_drivers_transaction(a);
    default:
        return false;
    }
}

int og_sq_live_authorizer(void *context, int action, const char *a, const char *b,
                          const char *schema, const char *origin)
{
    const struct og_sqlite_analyser *analyser = context;
    bool is_allowed = false;

    (void)origin;
    /* drivers ask for the types of columns while they prepare anything */
    if (action == SQLITE_PRAGMA && og_sq_is_schema_pragma(a))
        return SQLITE_OK;
    switch (analyser->permit) {
    case OG_SQ_PERMIT_NOTHING:
        break;
    case OG_SQ_PERMIT_FACTS:
        if (action == SQLITE_READ)
            return read_by_facts(analyser, a ? a : "", b ? b : "", schema);
        is_allowed = allows_by_facts(&analyser->permitted, action, a ? a : "", b ? b : "",
                                     schema);
        break;
    case OG_SQ_PERMIT_CATALOG:
        is_allowed = allows_catalog(action, a, b);
        break;
    case OG_SQ_PERMIT_TRANSACTION:
        is_allowed = action == SQLITE_TRANSACTION || action == SQLITE_SAVEPOINT;
        break;
    case OG_SQ_PERMIT_ALL:
        is_allowed = allows_all(action, b);
        break;
    case OG_SQ_PERMIT_OWN:
        is_allowed = true;
        break;
    }
    return is_allowed ? SQLITE_OK : SQLITE_DENY;
}

/* ---- the watch on the schema ---- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; text && *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return (hash ^ 0xff) * UINT64_C(1099511628211);
}

/* Prepared anew each time: a statement left on the handle would keep the driver from closing it. */
static int read_versions(struct og_sqlite_analyser *analyser, int *version, uint64_t *temp_hash)
{
    const struct og_sqlite_api *api = &analyser->api;
    sqlite3_stmt *statement = NULL;
    int rc = api->sqlite3_prepare_v2(analyser->live, "PRAGMA main.schema_version", -1, &statement,
                                     NULL);

    if (rc == SQLITE_OK)
        rc = api->sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *version = api->sqlite3_column_int(statement, 0);
    (void)api->sqlite3_finalize(statement);
    if (rc != SQLITE_ROW)
        return -EIO;
    statement = NULL;
    *temp_hash = UINT64_C(14695981039346656037);
    rc = api->sqlite3_prepare_v2(analyser->live, "SELECT type, name, sql FROM sqlite_temp_master",
                                 -1, &statement, NULL);
    while (rc == SQLITE_OK && (rc = api->sqlite3_step(statement)) == SQLITE_ROW) {
        for (int i = 0; i < 3; i++)
            *temp_hash =
                hash_text(*temp_hash, (const char *)api->sqlite3_column_text(statement, i));
        rc = SQLITE_OK;
    }
    (void)api->sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? 0 : -EIO;
}

static uint64_t stamp_of(int version, uint64_t temp_hash)
{
    return (temp_hash * UINT64_C(0x9E3779B97F4A7C15)) ^ (uint64_t)(unsigned)version;
}

/* Whether the schema is still the one that facts were told from. */
static bool is_fresh(struct og_sqlite_analyser *analyser, const struct og_facts *facts)
{
    enum og_sq_permit permit = analyser->permit;
    uint64_t temp_hash = 0;
    int version = 0;
    int rc;

    analyser->permit = OG_SQ_PERMIT_OWN;
    rc = read_versions(analyser, &version, &temp_hash);
    analyser->permit = permit;
    return rc == 0 && facts->catalog_stamp == stamp_of(version, temp_hash);
}

static int set_permit(struct og_sqlite_analyser *analyser, enum og_sq_permit permit)
{
    analyser->permit = permit;
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
}

int og_sqlite_permit(struct og_sqlite_analyser *analyser, const struct og_facts *facts,
                     const bool *masked)
{
    int rc;

    if (!facts || facts->refusal.what)
        return set_permit(analyser, OG_SQ_PERMIT_NOTHING);
    if (!is_fresh(analyser, facts)) {
        rc = set_permit(analyser, OG_SQ_PERMIT_NOTHING);
        return rc ? rc : -ESTALE;
    }
    copy_facts(analyser, facts, masked);
    if (og_arena_is_failed(&analyser->permit_arena)) {
        rc = set_permit(analyser, OG_SQ_PERMIT_NOTHING);
        return rc ? rc : -ENOMEM;
    }
    return set_permit(analyser, OG_SQ_PERMIT_FACTS);
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
    int rc;

    analyser->is_built = false;
    (void)analyser->api.sqlite3_close(analyser->shadow);
    analyser->shadow = NULL;
    analyser->why_not = "the database's schema could not be read";
    if (og_sq_shadow_open(&analyser->api, &analyser->shadow))
        return 0;
    rc = og_sq_shadow_build(&analyser->api, analyser->live, analyser->shadow, &analyser->schema,
                            &analyser->why_not);
    analyser->is_built = rc == 0;
    return rc < 0 ? rc : 0;
}

/* PRAGMA foreign_keys of the handle; on when it cannot be told. */
static bool has_foreign_keys(struct og_sqlite_analyser *analyser)
{
    int is_on = 1;

    return analyser->api.sqlite3_db_config(analyser->live, SQLITE_DBCONFIG_ENABLE_FKEY, -1,
                                           &is_on) != SQLITE_OK ||
           is_on != 0;
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
        og_facts_refuse(facts, SIZE_MAX, "the database's schema could not be read",
                        "try again when the database is not locked");
        rc = 0;
    } else if (!analyser->is_built || version != analyser->schema_version ||
               temp_hash != analyser->temp_hash) {
        rc = rebuild(analyser);
        analyser->schema_version = version;
        analyser->temp_hash = temp_hash;
        if (!analyser->is_built)
            og_facts_refuse(facts, SIZE_MAX, analyser->why_not, NULL);
    }
    analyser->schema.has_foreign_keys = has_foreign_keys(analyser);
    facts->catalog_stamp = stamp_of(version, temp_hash);
    analyser->permit = permit;
    return rc;
}

#define MAX_OPEN 256

/* Cursors of a live program: which index each one reads, and whether its rows are walked. */
struct open_index {
    int cursor, root, database;
    bool is_walked;
    int n_walks;         /* places where a walk begins */
    int n_ends;          /* places where it ends as its one key range does */
    int key, n_keys;     /* of the one SeekGE: first register, how many */
};

/* Whether the column is one of the index's first n, which are all equal in a walk that looks for
 * them. */
static bool is_leading(struct og_sqlite_analyser *analyser, const struct og_sq_index *index,
                       const char *column, int n)
{
    static const char sql[] =
        "SELECT 1 FROM pragma_index_info(?1, ?2) WHERE name = ?3 AND seqno < CAST(?4 AS INTEGER)";
    const struct og_sqlite_api *api = &analyser->api;
    sqlite3_stmt *statement = NULL;
    char number[16];
    bool is_found = false;

    if (n <= 0 || api->sqlite3_prepare_v2(analyser->live, sql, -1, &statement, NULL) != SQLITE_OK)
        return false;
    (void)snprintf(number, sizeof(number), "%d", n);
    if (api->sqlite3_bind_text(statement, 1, index->name, -1, SQLITE_STATIC) == SQLITE_OK &&
        api->sqlite3_bind_text(statement, 2, index->schema, -1, SQLITE_STATIC) == SQLITE_OK &&
        api->sqlite3_bind_text(statement, 3, column, -1, SQLITE_STATIC) == SQLITE_OK &&
        api->sqlite3_bind_text(statement, 4, number, -1, SQLITE_STATIC) == SQLITE_OK)
        is_found = api->sqlite3_step(statement) == SQLITE_ROW;
    (void)api->sqlite3_finalize(statement);
    return is_found;
}

static void use_index(struct og_sqlite_analyser *analyser, const struct open_index *open,
                      struct og_facts *facts)
{
    int root = open->root, database = open->database;
    int n_equal = open->n_walks == 1 && open->n_ends == 1 ? open->n_keys : 0;
    const struct og_sq_schema *schema = &analyser->schema;

    for (size_t i = 0; i < schema->n_indexes; i++) {
        const struct og_sq_index *index = &schema->indexes[i];

        if (index->root != root || root <= 0 ||
            strcmp(index->schema, database == 1 ? "temp" : "main") != 0)
            continue;
        for (size_t c = 0; c < schema->tables[index->table].n_columns; c++)
            if (index->has_column[c] &&
                !is_leading(analyser, index, schema->tables[index->table].columns[c].name,
                            n_equal))
                og_facts_use(facts, og_sq_fact_column(schema, index->table, (int)c, facts),
                             OG_USE_ORDER, SIZE_MAX, false);
    }
}

static bool is_walk(const char *name)
{
    static const char *const names[] = {"Rewind", "Last",   "Next",   "Prev",
                                        "SeekGE", "SeekGT", "SeekLE", "SeekLT"};

    for (size_t i = 0; i < OG_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* SeekGE and IdxGT over the same registers walk the rows that are equal in them, and no others. */
static void note_walk(struct open_index *open, const char *name, int p3, const char *p4)
{
    int n = p4 ? atoi(p4) : 0;

    if (strcmp(name, "IdxGT") == 0 && open->key == p3 && open->n_keys == n)
        open->n_ends++;
    if (!is_walk(name))
        return;
    open->is_walked = true;
    if (strcmp(name, "Next") == 0)
        return;
    open->n_walks++;
    open->key = p3;
    open->n_keys = strcmp(name, "SeekGE") == 0 ? n : -1;
}

static int note_op(struct og_sqlite_analyser *analyser, sqlite3_stmt *explain,
                   struct open_index *open, size_t *n_open, struct og_facts *facts)
{
    const struct og_sqlite_api *api = &analyser->api;
    const char *name = (const char *)api->sqlite3_column_text(explain, 1);
    int cursor = api->sqlite3_column_int(explain, 2);

    if (!name)
        return SQLITE_ERROR;
    if (strcmp(name, "OpenAutoindex") == 0)
        og_facts_refuse(facts, SIZE_MAX, "an automatic index, whose order would show",
                        "leave PRAGMA automatic_index off");
    if (strcmp(name, "OpenRead") == 0 || strcmp(name, "ReopenIdx") == 0 ||
        strcmp(name, "OpenWrite") == 0) {
        if (*n_open == MAX_OPEN)
            return SQLITE_ERROR;
        open[(*n_open)++] =
            (struct open_index){.cursor = cursor,
                                .root = api->sqlite3_column_int(explain, 3),
                                .database = api->sqlite3_column_int(explain, 4)};
    }
    for (size_t i = 0; i < *n_open; i++)
        if (open[i].cursor == cursor)
            note_walk(&open[i], name, api->sqlite3_column_int(explain, 4),
                      (const char *)api->sqlite3_column_text(explain, 5));
    return SQLITE_OK;
}

static void use_indexes(struct og_sqlite_analyser *analyser, const struct open_index *open,
                        size_t *n_open, struct og_facts *facts)
{
    for (size_t i = 0; i < *n_open; i++)
        if (open[i].is_walked)
            use_index(analyser, &open[i], facts);
    *n_open = 0;
}

int og_sq_live_order(struct og_sqlite_analyser *analyser, const char *sql, size_t n_bytes,
                     struct og_facts *facts)
{
    const struct og_sqlite_api *api = &analyser->api;
    enum og_sq_permit permit = analyser->permit;
    struct open_index open[MAX_OPEN];
    sqlite3_stmt *explain = NULL;
    struct og_buf buf;
    size_t n_open = 0;
    int rc;

    if (facts->n_columns == 0 || has_effect(facts, OG_EFFECT_MAINTENANCE, NULL) ||
        analyser->schema.n_indexes == 0)
        return 0;
    og_buf_init(&buf, OG_MAX_SQL_BYTES + 64);
    og_buf_append_str(&buf, "EXPLAIN ");
    og_buf_append(&buf, sql, n_bytes);
    analyser->permit = OG_SQ_PERMIT_OWN;
    rc = og_buf_is_failed(&buf) ? SQLITE_NOMEM
                                : api->sqlite3_prepare_v2(analyser->live, og_buf_str(&buf), -1,
                                                          &explain, NULL);
    while (rc == SQLITE_OK && (rc = api->sqlite3_step(explain)) == SQLITE_ROW) {
        /* a trigger's program begins: it has cursors of its own */
        if (api->sqlite3_column_int(explain, 0) == 0)
            use_indexes(analyser, open, &n_open, facts);
        rc = note_op(analyser, explain, open, &n_open, facts);
    }
    use_indexes(analyser, open, &n_open, facts);
    (void)api->sqlite3_finalize(explain);
    analyser->permit = permit;
    og_buf_release(&buf);
    if (rc != SQLITE_DONE)
        og_facts_refuse(facts, SIZE_MAX, "a statement that the database itself does not take",
                        "correct the statement");
    return 0;
}

/* ---- life ---- */

static int close_doors(struct og_sqlite_analyser *analyser)
{
    static const struct {
        int option, value;
    } switches[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                    {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
                    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}};
    int rc;

    for (size_t i = 0; i < OG_COUNT(switches); i++) {
        int now = -1;

        if (analyser->api.sqlite3_db_config(analyser->live, switches[i].option, switches[i].value,
                                            &now) != SQLITE_OK ||
            now != switches[i].value)
            return -ENOTSUP;
    }
    (void)analyser->api.sqlite3_limit(analyser->live, SQLITE_LIMIT_ATTACHED, 0);
    /* an index made for one join hands its rows out in the order of every column it holds */
    rc = set_permit(analyser, OG_SQ_PERMIT_OWN);
    if (rc || analyser->api.sqlite3_exec(analyser->live, "PRAGMA automatic_index = OFF", NULL, NULL,
                                         NULL) != SQLITE_OK)
        return rc ? rc : -ENOTSUP;
    /* nor is an index read instead of its table only because it is smaller; where the engine does
     * so all the same, og_sq_live_order sees it */
    (void)analyser->api.sqlite3_test_control(SQLITE_TESTCTRL_OPTIMIZATIONS, analyser->live,
                                             NO_COVERING_SCAN);
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
    (void)analyser->api.sqlite3_close(analyser->shadow);
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

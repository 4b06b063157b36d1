/* SPDX-License-Identifier: MIT */
/* sqlite_record.c - the authorizer on the shadow: what a statement reads, changes, makes and calls,
 * as the engine itself reports it while it compiles. */
#include "common/sqlite_parts.h"

#include <string.h>

static bool is_schema_table(const char *name)
{
    return og_sq_is_same(name, "sqlite_master") || og_sq_is_same(name, "sqlite_schema") ||
           og_sq_is_same(name, "sqlite_temp_master") || og_sq_is_same(name, "sqlite_temp_schema");
}

static bool is_compiled(enum og_sq_pragma kind)
{
    return kind == OG_SQ_PRAGMA_SCHEMA || kind == OG_SQ_PRAGMA_READ || kind == OG_SQ_PRAGMA_SET ||
           kind == OG_SQ_PRAGMA_RULE;
}

int og_sq_shadow_authorizer(void *context, int action, const char *a, const char *b,
                            const char *schema, const char *origin)
{
    struct og_sq_authorizer *authorizer = context;
    struct og_sq_record *record =
        og_arena_push(authorizer->arena, &authorizer->records, &authorizer->n_records,
                      &authorizer->max_records, sizeof(*record));

    if (!record)
        return SQLITE_DENY;
    *record = (struct og_sq_record){.action = action,
                                    .a = og_arena_strdup(authorizer->arena, a),
                                    .b = og_arena_strdup(authorizer->arena, b),
                                    .schema = og_arena_strdup(authorizer->arena, schema),
                                    .origin = og_arena_strdup(authorizer->arena, origin)};
    /* these would change the shadow itself, some while they compile */
    if (action == SQLITE_ATTACH || action == SQLITE_DETACH || action == SQLITE_CREATE_VTABLE ||
        action == SQLITE_DROP_VTABLE)
        return SQLITE_DENY;
    return action == SQLITE_PRAGMA && !is_compiled(og_sq_pragma_kind(a, b)) ? SQLITE_DENY
                                                                            : SQLITE_OK;
}

size_t og_sq_fact_table(const struct og_sq_schema *schema, size_t table, struct og_facts *facts)
{
    const struct og_sq_table *t = &schema->tables[table];

    return og_facts_object(facts, &(struct og_object){
                                      .kind = t->is_view ? OG_OBJECT_VIEW : OG_OBJECT_TABLE,
                                      .schema = t->schema,
                                      .name = t->name,
                                      .is_temporary = strcmp(t->schema, "temp") == 0,
                                      .is_catalog = t->is_catalog,
                                  });
}

size_t og_sq_fact_column(const struct og_sq_schema *schema, size_t table, int column,
                         struct og_facts *facts)
{
    const struct og_sq_table *t = &schema->tables[table];
    struct og_fact_column wanted = {.object = og_sq_fact_table(schema, table, facts),
                                    .name = "rowid",
                                    .number = -1,
                                    .type = OG_TYPE_INTEGER};

    if (column < 0)
        column = t->rowid_alias;
    if (column >= 0 && (size_t)column < t->n_columns) {
        wanted.name = t->columns[column].name;
        wanted.number = column;
        wanted.type = og_sq_type_class(t->columns[column].type);
    }
    return og_facts_column(facts, &wanted);
}

/* The first pragma of a statement says whether it needs a rule, each further one that it does. */
static void add_setting(struct og_facts *facts, const char *name, const char *value)
{
    enum og_sq_pragma kind = og_sq_pragma_kind(name, value);
    bool is_first = true;

    for (size_t i = 0; i < facts->n_effects; i++)
        is_first = is_first && facts->effects[i].effect != OG_EFFECT_PRAGMA;
    if (kind == OG_SQ_PRAGMA_NEVER)
        og_facts_refusef(facts, SIZE_MAX, "leave this setting to whoever keeps the database",
                         "PRAGMA %s%s", name, value ? " with a value" : "");
    og_facts_effect(facts, OG_EFFECT_PRAGMA,
                    og_facts_object(facts, &(struct og_object){.kind = OG_OBJECT_SETTING,
                                                               .schema = "",
                                                               .name = name}));
    facts->is_harmless_setting = (is_first || facts->is_harmless_setting) &&
                                 kind != OG_SQ_PRAGMA_RULE && kind != OG_SQ_PRAGMA_LATE;
}

/* Rows without columns, as of count(*): a common table expression is reported so too. */
bool og_sq_is_named_alone(const struct og_sq_record *record)
{
    return record->action == SQLITE_READ && record->b && !record->b[0];
}

/* Whether the pragma may stand as a table. */
static bool is_telling(const char *name)
{
    enum og_sq_pragma kind = og_sq_pragma_kind(name, NULL);

    return kind == OG_SQ_PRAGMA_SCHEMA || kind == OG_SQ_PRAGMA_READ;
}

/* A table that the engine makes up: its module is not named in the program. */
static void read_virtual(const struct og_sq_record *record, struct og_facts *facts)
{
    static const char *const known[] = {"json_each", "json_tree", "generate_series"};

    for (size_t i = 0; i < OG_COUNT(known); i++)
        if (og_sq_is_same(record->a, known[i]))
            return;
    if (strncmp(record->a, "pragma_", 7) == 0 && is_telling(record->a + 7)) {
        add_setting(facts, record->a + 7, NULL);
        return;
    }
    if (!og_sq_is_named_alone(record))
        og_facts_refusef(facts, SIZE_MAX, "read ordinary tables and views",
                         "the virtual table %s", record->a);
}

/* Keys and conditions of a table name its columns while this very statement makes it: there are no rows to
 * read yet. Where rows are selected as well, such a name may be another table's. */
static bool is_being_made(const struct og_sq_authorizer *authorizer, const char *name)
{
    bool is_made = false;

    for (size_t i = 0; i < authorizer->n_records; i++) {
        const struct og_sq_record *record = &authorizer->records[i];

        if (record->action == SQLITE_SELECT)
            return false;
        is_made = is_made || ((record->action == SQLITE_CREATE_TABLE ||
                               record->action == SQLITE_CREATE_TEMP_TABLE) &&
                              og_sq_is_same(record->a, name));
    }
    return is_made;
}

static void add_read(const struct og_sqlite_analyser *analyser, const struct og_sq_text *text,
                     const struct og_sq_record *record, struct og_facts *facts)
{
    const struct og_sq_schema *schema = &analyser->schema;
    size_t table = og_sq_table_find(schema, record->schema, record->a);
    const struct og_sq_table *t;
    int column;

    if (is_schema_table(record->a) &&
        (text->changes_catalog || text->is_maintenance || og_sq_is_same(record->b, "ROWID")))
        return;
    /* a condition that ALTER TABLE adds is held against all rows: see alter_uses */
    if (strcmp(text->kind, "ALTER TABLE") == 0 && og_sq_is_same(record->a, OG_SQ_CHECK_OF_ROWS))
        return;
    if (table == SIZE_MAX) {
        if (!is_being_made(&analyser->authorizer, record->a))
            read_virtual(record, facts);
        return;
    }
    if (text->changes_catalog && og_sq_is_same(record->a, "sqlite_sequence"))
        return;
    t = &schema->tables[table];
    og_facts_effect(facts, OG_EFFECT_SELECT, og_sq_fact_table(schema, table, facts));
    if (!record->b || !record->b[0] || t->is_view)
        return;
    column = og_sq_column_find(t, record->b);
    if (column >= 0 || og_sq_is_same(record->b, "ROWID"))
        (void)og_sq_fact_column(schema, table, column, facts);
}

static void add_view(const struct og_sq_schema *schema, const struct og_sq_record *record,
                     struct og_facts *facts)
{
    for (size_t i = 0; record->origin && i < schema->n_tables; i++)
        if (schema->tables[i].is_view && og_sq_is_same(schema->tables[i].name, record->origin))
            og_facts_effect(facts, OG_EFFECT_SELECT, og_sq_fact_table(schema, i, facts));
}

static void add_writes(const struct og_sq_schema *schema, const struct og_sq_text *text,
                       const struct og_sq_record *record, size_t table, struct og_facts *facts)
{
    const struct og_sq_table *t = &schema->tables[table];
    bool is_own = !record->origin;

    for (size_t c = 0; c < t->n_columns; c++) {
        bool is_written = record->action == SQLITE_UPDATE
                              ? og_sq_is_same(record->b, t->columns[c].name)
                              : !is_own || og_sq_text_has_into(text, t->columns[c].name);

        if (is_written)
            og_facts_write(facts, og_sq_fact_column(schema, table, (int)c, facts));
    }
    if (record->action == SQLITE_UPDATE && og_sq_is_same(record->b, "ROWID"))
        og_facts_write(facts, og_sq_fact_column(schema, table, -1, facts));
}

static void add_change(const struct og_sq_schema *schema, const struct og_sq_text *text,
                       const struct og_sq_record *record, struct og_facts *facts)
{
    enum og_effect effect = record->action == SQLITE_INSERT   ? OG_EFFECT_INSERT
                            : record->action == SQLITE_UPDATE ? OG_EFFECT_UPDATE
                                                              : OG_EFFECT_DELETE;
    size_t table;
    size_t object;

    /* the engine's own bookkeeping: no statement may change the schema table itself */
    if (is_schema_table(record->a) ||
        (text->changes_catalog && og_sq_is_same(record->a, "sqlite_sequence")))
        return;
    table = og_sq_table_find(schema, record->schema, record->a);
    if (table == SIZE_MAX) {
        /* a table that this very statement makes */
        if (!text->changes_catalog && !text->is_maintenance)
            og_facts_refusef(facts, SIZE_MAX, NULL, "a change to the unknown table %s", record->a);
        return;
    }
    object = og_sq_fact_table(schema, table, facts);
    og_facts_effect(facts, effect, object);
    if (text->has_replace && effect != OG_EFFECT_DELETE)
        og_facts_effect(facts, OG_EFFECT_DELETE, object);
    if (effect != OG_EFFECT_DELETE)
        add_writes(schema, text, record, table, facts);
}

static void add_object(const struct og_sq_schema *schema, const struct og_sq_record *record,
                       enum og_effect effect, enum og_object_kind kind, bool is_temporary,
                       struct og_facts *facts)
{
    const char *in = is_temporary ? "temp" : "main";
    size_t object = og_facts_object(facts, &(struct og_object){.kind = kind,
                                                               .schema = in,
                                                               .name = record->a,
                                                               .is_temporary = is_temporary});
    size_t table;

    og_facts_effect(facts, effect, object);
    /* an index or a trigger changes what its table does */
    if (kind != OG_OBJECT_INDEX && kind != OG_OBJECT_TRIGGER)
        return;
    table = og_sq_table_find(schema, NULL, record->b ? record->b : "");
    if (table != SIZE_MAX)
        og_facts_effect(facts, OG_EFFECT_ALTER, og_sq_fact_table(schema, table, facts));
}

static bool add_definition(const struct og_sq_schema *schema, const struct og_sq_record *record,
                           struct og_facts *facts)
{
    static const struct {
        int action;
        enum og_effect effect;
        enum og_object_kind kind;
        bool is_temporary;
    } rows[] = {
        {SQLITE_CREATE_TABLE, OG_EFFECT_CREATE, OG_OBJECT_TABLE, false},
        {SQLITE_CREATE_TEMP_TABLE, OG_EFFECT_CREATE, OG_OBJECT_TABLE, true},
        {SQLITE_CREATE_VIEW, OG_EFFECT_CREATE, OG_OBJECT_VIEW, false},
        {SQLITE_CREATE_TEMP_VIEW, OG_EFFECT_CREATE, OG_OBJECT_VIEW, true},
        {SQLITE_CREATE_INDEX, OG_EFFECT_CREATE, OG_OBJECT_INDEX, false},
        {SQLITE_CREATE_TEMP_INDEX, OG_EFFECT_CREATE, OG_OBJECT_INDEX, true},
        {SQLITE_CREATE_TRIGGER, OG_EFFECT_CREATE, OG_OBJECT_TRIGGER, false},
        {SQLITE_CREATE_TEMP_TRIGGER, OG_EFFECT_CREATE, OG_OBJECT_TRIGGER, true},
        {SQLITE_DROP_TABLE, OG_EFFECT_DROP, OG_OBJECT_TABLE, false},
        {SQLITE_DROP_TEMP_TABLE, OG_EFFECT_DROP, OG_OBJECT_TABLE, true},
        {SQLITE_DROP_VIEW, OG_EFFECT_DROP, OG_OBJECT_VIEW, false},
        {SQLITE_DROP_TEMP_VIEW, OG_EFFECT_DROP, OG_OBJECT_VIEW, true},
        {SQLITE_DROP_INDEX, OG_EFFECT_DROP, OG_OBJECT_INDEX, false},
        {SQLITE_DROP_TEMP_INDEX, OG_EFFECT_DROP, OG_OBJECT_INDEX, true},
        {SQLITE_DROP_TRIGGER, OG_EFFECT_DROP, OG_OBJECT_TRIGGER, false},
        {SQLITE_DROP_TEMP_TRIGGER, OG_EFFECT_DROP, OG_OBJECT_TRIGGER, true},
    };

    for (size_t i = 0; i < OG_COUNT(rows); i++) {
        if (rows[i].action != record->action)
            continue;
        /* sqlite_autoindex_... comes and goes with its table */
        if (strncmp(record->a, "sqlite_", 7) != 0)
            add_object(schema, record, rows[i].effect, rows[i].kind, rows[i].is_temporary, facts);
        return true;
    }
    return false;
}

static void add_database(struct og_facts *facts)
{
    size_t object = og_facts_object(
        facts, &(struct og_object){.kind = OG_OBJECT_DATABASE, .schema = "", .name = "attached"});

    og_facts_effect(facts, OG_EFFECT_ATTACH, object);
}

static void add_function(const struct og_sq_text *text, const struct og_sq_record *record,
                         struct og_facts *facts)
{
    bool is_engines = text->changes_catalog && strncmp(record->b, "sqlite_", 7) == 0;
    enum og_sq_function kind = og_sq_function_kind(record->b);

    og_facts_function(facts, &(struct og_fact_function){
                                 .schema = "",
                                 .name = record->b,
                                 .position = og_sq_text_position(text, record->b),
                                 .is_builtin = is_engines || kind != OG_SQ_FUNCTION_UNKNOWN,
                                 .is_harmless = is_engines || kind != OG_SQ_FUNCTION_UNKNOWN,
                             });
}

static void add_alter(const struct og_sq_schema *schema, const struct og_sq_record *record,
                      struct og_facts *facts)
{
    size_t table = og_sq_table_find(schema, record->a, record->b);

    if (table == SIZE_MAX)
        og_facts_refuse(facts, SIZE_MAX, "a change of an unknown table", NULL);
    else
        og_facts_effect(facts, OG_EFFECT_ALTER, og_sq_fact_table(schema, table, facts));
}

static void add_record(const struct og_sqlite_analyser *analyser, const struct og_sq_text *text,
                       const struct og_sq_record *record, struct og_facts *facts)
{
    const struct og_sq_schema *schema = &analyser->schema;

    add_view(schema, record, facts);
    switch (record->action) {
    case SQLITE_READ:
        add_read(analyser, text, record, facts);
        return;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        add_change(schema, text, record, facts);
        return;
    case SQLITE_FUNCTION:
        add_function(text, record, facts);
        return;
    case SQLITE_PRAGMA:
        add_setting(facts, record->a, record->b);
        return;
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
        add_database(facts);
        return;
    case SQLITE_ALTER_TABLE:
        add_alter(schema, record, facts);
        return;
    case SQLITE_ANALYZE:
    case SQLITE_REINDEX:
        if (!text->changes_catalog)
            og_facts_effect(facts, OG_EFFECT_MAINTENANCE, OG_NO_OBJECT);
        return;
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return;
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_VTABLE:
        og_facts_refuse(facts, SIZE_MAX, "making or removing a virtual table", NULL);
        return;
    default:
        if (!add_definition(schema, record, facts))
            og_facts_refuse(facts, SIZE_MAX, "an action of this engine that is not understood",
                            NULL);
    }
}

void og_sq_record_facts(const struct og_sqlite_analyser *analyser, const struct og_sq_text *text,
                        struct og_facts *facts)
{
    for (size_t i = 0; i < analyser->authorizer.n_records; i++)
        add_record(analyser, text, &analyser->authorizer.records[i], facts);
    if (text->is_maintenance)
        og_facts_effect(facts, OG_EFFECT_MAINTENANCE, OG_NO_OBJECT);
    if (text->is_transaction)
        facts->is_transaction_control = true;
    facts->changes_catalog = text->changes_catalog;
}

static bool has_effect_on(const struct og_facts *facts, size_t object, enum og_effect effect)
{
    for (size_t i = 0; i < facts->n_effects; i++)
        if (facts->effects[i].object == object && facts->effects[i].effect == effect)
            return true;
    return false;
}

static bool writes_column(const struct og_facts *facts, size_t object, const char *name)
{
    for (size_t i = 0; i < facts->n_writes; i++) {
        const struct og_fact_column *column = &facts->columns[facts->writes[i].column];

        if (column->object == object && og_sq_is_same(column->name, name))
            return true;
    }
    return false;
}

static size_t find_object(const struct og_facts *facts, const struct og_sq_table *table)
{
    for (size_t i = 0; i < facts->n_objects; i++)
        if (og_sq_is_same(facts->objects[i].name, table->name) &&
            strcmp(facts->objects[i].schema, table->schema) == 0)
            return i;
    return SIZE_MAX;
}

/* The parent's column or its whole key: whether a row with it exists decides about the write. */
static void use_parent(const struct og_sq_schema *schema, const struct og_sq_reference *reference,
                       size_t parent, struct og_facts *facts)
{
    const struct og_sq_table *table = &schema->tables[parent];

    for (size_t c = 0; c < table->n_columns; c++)
        if (reference->key[0] ? og_sq_is_same(table->columns[c].name, reference->key)
                              : table->columns[c].key > 0)
            og_facts_use(facts, og_sq_fact_column(schema, parent, (int)c, facts),
                         OG_USE_CONFLICT, SIZE_MAX, false);
    og_facts_effect(facts, OG_EFFECT_SELECT, og_sq_fact_table(schema, parent, facts));
}

/* Whether a child's row gets another reference. */
static bool is_child_written(const struct og_facts *facts, const struct og_sq_table *child,
                             const struct og_sq_reference *reference)
{
    size_t object = find_object(facts, child);

    return object != SIZE_MAX &&
           (has_effect_on(facts, object, OG_EFFECT_INSERT) ||
            has_effect_on(facts, object, OG_EFFECT_DELETE) || /* a deferred violation may end */
            writes_column(facts, object, child->columns[reference->column].name));
}

/* Whether a parent's row or its key may go. */
static bool is_parent_written(const struct og_facts *facts, const struct og_sq_table *parent,
                              const struct og_sq_reference *reference)
{
    size_t object = find_object(facts, parent);

    if (object == SIZE_MAX)
        return false;
    if (has_effect_on(facts, object, OG_EFFECT_DELETE))
        return true;
    for (size_t c = 0; c < parent->n_columns; c++)
        if ((reference->key[0] ? og_sq_is_same(parent->columns[c].name, reference->key)
                               : parent->columns[c].key > 0) &&
            has_effect_on(facts, object, OG_EFFECT_UPDATE) &&
            writes_column(facts, object, parent->columns[c].name))
            return true;
    return false;
}

/* Whether the engine takes the statement for one that adds a single row and does nothing else: then a new
 * parent cannot mend an immediate violation, and it does not look. Source: fkey.c, sqlite3FkCheck. */
static bool is_plain_insert(const struct og_sqlite_analyser *analyser, const struct og_facts *facts)
{
    for (size_t i = 0; i < analyser->authorizer.n_records; i++)
        if (analyser->authorizer.records[i].action == SQLITE_SELECT ||
            analyser->authorizer.records[i].origin)
            return false;
    for (size_t i = 0; i < facts->n_effects; i++)
        if (facts->effects[i].effect != OG_EFFECT_INSERT && facts->effects[i].effect != OG_EFFECT_SELECT)
            return false;
    return true;
}

/* Whether a new row of the parent makes the engine look for children that wait for it. */
static bool is_parent_sought(const struct og_facts *facts, const struct og_sq_table *parent,
                             const struct og_sq_reference *reference, bool is_plain)
{
    size_t object = find_object(facts, parent);

    return object != SIZE_MAX && has_effect_on(facts, object, OG_EFFECT_INSERT) &&
           (reference->is_deferred || !is_plain);
}

static void use_child(const struct og_sq_schema *schema, const struct og_sq_reference *reference,
                      bool is_changed, struct og_facts *facts)
{
    size_t object = og_sq_fact_table(schema, reference->child, facts);
    size_t column = og_sq_fact_column(schema, reference->child, reference->column, facts);

    og_facts_use(facts, column, OG_USE_CONFLICT, SIZE_MAX, false);
    if (!is_changed)
        return;
    og_facts_effect(facts, OG_EFFECT_SELECT, object);
    if (reference->deletes)
        og_facts_effect(facts, OG_EFFECT_DELETE, object);
    if (reference->updates) {
        og_facts_effect(facts, OG_EFFECT_UPDATE, object);
        og_facts_write(facts, column);
    }
}

/* One pass over the foreign keys. Returns: whether it found more. */
static bool follow(const struct og_sq_schema *schema, bool is_plain, struct og_facts *facts)
{
    size_t n_before = facts->n_effects + facts->n_writes;

    for (size_t i = 0; i < schema->n_references; i++) {
        const struct og_sq_reference *reference = &schema->references[i];
        const struct og_sq_table *child = &schema->tables[reference->child];
        size_t parent = og_sq_table_find(schema, child->schema, reference->parent);
        bool is_from_child = is_child_written(facts, child, reference);
        bool is_from_parent = parent != SIZE_MAX &&
                              is_parent_written(facts, &schema->tables[parent], reference);
        bool is_sought = parent != SIZE_MAX && is_parent_sought(facts, &schema->tables[parent],
                                                                reference, is_plain);

        if (is_from_child || is_from_parent || is_sought)
            use_child(schema, reference, is_from_parent, facts);
        if (parent != SIZE_MAX && (is_from_child || is_from_parent))
            use_parent(schema, reference, parent, facts);
    }
    return facts->n_effects + facts->n_writes > n_before;
}

void og_sq_reference_facts(const struct og_sqlite_analyser *analyser, struct og_facts *facts)
{
    const struct og_sq_schema *schema = &analyser->schema;
    bool is_plain = is_plain_insert(analyser, facts);

    while (schema->has_foreign_keys && follow(schema, is_plain, facts) &&
           !og_arena_is_failed(facts->arena))
        ;
}

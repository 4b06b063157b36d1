/* SPDX-License-Identifier: MIT */
/* A catalog from a file of DDL: what CREATE and ALTER statements say, in their order. Names without a
 * schema are in public. Of the server's own catalogs it knows the functions and types by name, and no
 * table. What it cannot use is told and left out. */
#include "common/pg_schema.h"

#include "common/sql_lex.h"

#define MAX_SCHEMA_BYTES (256u * 1024u * 1024u)

int og_pg_on_parser_thread(int (*function)(void *context), void *context);

/* ---- what the interface answers ---- */

static const char *or_public(const char *schema)
{
    return schema ? schema : "public";
}

struct og_relation *og_pg_schema_relation(const struct og_pg_schema *schema, const char *in,
                                          const char *name)
{
    for (size_t i = 0; i < schema->n_relations; i++)
        if (strcmp(schema->relations[i]->schema, or_public(in)) == 0 &&
            strcmp(schema->relations[i]->name, name) == 0)
            return schema->relations[i];
    return NULL;
}

static int relation(struct og_catalog *self, const char *in, const char *name,
                    const struct og_relation **out)
{
    *out = og_pg_schema_relation((struct og_pg_schema *)self, in, name);
    return *out ? 0 : OG_CATALOG_E_UNKNOWN;
}

static bool is_builtin_schema(const char *in)
{
    return !in || strcmp(in, "pg_catalog") == 0 || strcmp(in, "information_schema") == 0;
}

/* A built-in of the table; of its shape nothing is known. */
static struct og_routine *builtin(struct og_pg_schema *schema, const char *name)
{
    struct og_routine *routine;

    if (og_pg_function_kind(name) == OG_PG_FUNCTION_NONE)
        return NULL;
    routine = og_arena_alloc(&schema->arena, sizeof(*routine));
    if (!routine)
        return NULL;
    *routine = (struct og_routine){.oid = 1,
                                   .schema = "pg_catalog",
                                   .name = og_arena_strdup(&schema->arena, name),
                                   .kind = 'f',
                                   .volatility = 'v',
                                   .is_builtin = true,
                                   .is_variadic = true};
    return routine;
}

static int routines(struct og_catalog *self, const char *in, const char *name,
                    const struct og_routine *const **out, size_t *n_out)
{
    struct og_pg_schema *schema = (struct og_pg_schema *)self;
    const struct og_routine **found = NULL, **slot;
    struct og_routine *own = is_builtin_schema(in) ? builtin(schema, name) : NULL;
    size_t max = 0;

    *n_out = 0;
    if (own) {
        slot = og_arena_push(&schema->arena, &found, n_out, &max, sizeof(*slot));
        if (!slot)
            return -ENOMEM;
        *slot = own;
    }
    for (size_t i = 0; i < schema->n_routines; i++) {
        if (strcmp(schema->routines[i]->name, name) != 0 ||
            strcmp(schema->routines[i]->schema, or_public(in)) != 0)
            continue;
        slot = og_arena_push(&schema->arena, &found, n_out, &max, sizeof(*slot));
        if (!slot)
            return -ENOMEM;
        *slot = schema->routines[i];
    }
    *out = found;
    return *n_out ? 0 : OG_CATALOG_E_UNKNOWN;
}

static const struct {
    const char *name;
    enum og_type_class type;
} own_types[] = {
#define TYPE(name, type) {name, OG_TYPE_##type},
#include "common/pg_type_name.tbl.h"
#undef TYPE
};

static const struct og_type *builtin_type(struct og_pg_schema *schema, const char *name)
{
    for (size_t i = 0; i < OG_COUNT(own_types); i++) {
        struct og_type *type;

        if (strcmp(own_types[i].name, name) != 0)
            continue;
        type = og_arena_alloc(&schema->arena, sizeof(*type));
        if (type)
            *type = (struct og_type){.schema = "pg_catalog",
                                     .name = own_types[i].name,
                                     .kind = 'b',
                                     .type = own_types[i].type,
                                     .is_builtin = true};
        return type;
    }
    return NULL;
}

static int type(struct og_catalog *self, const char *in, const char *name,
                const struct og_type **out)
{
    struct og_pg_schema *schema = (struct og_pg_schema *)self;

    *out = is_builtin_schema(in) ? builtin_type(schema, name) : NULL;
    for (size_t i = 0; !*out && i < schema->n_types; i++)
        if (strcmp(schema->types[i]->name, name) == 0 &&
            strcmp(schema->types[i]->schema, or_public(in)) == 0)
            *out = schema->types[i];
    return *out ? 0 : OG_CATALOG_E_UNKNOWN;
}

static int row_type(struct og_catalog *self, const char *in, const char *name,
                    const struct og_relation **out)
{
    return relation(self, in, name, out);
}

static int user_operators(struct og_catalog *self, const char *in, const char *name,
                          const struct og_routine *const **out, size_t *n_out)
{
    const struct og_pg_schema *schema = (const struct og_pg_schema *)self;

    (void)in;
    *out = NULL;
    *n_out = 0;
    for (size_t i = 0; i < schema->n_operators; i++)
        if (strcmp(schema->operators[i].name, name) == 0) {
            *out = &schema->operators[i].routine;
            *n_out = 1;
        }
    return 0;
}

/* ---- reading ---- */

static size_t line_of(const struct og_pg_schema *schema, int location)
{
    size_t line = 1;

    for (int i = 0; i < location && schema->text[i]; i++)
        line += schema->text[i] == '\n';
    return line;
}

void og_pg_schema_tell(struct og_pg_schema *schema, const char *what)
{
    og_buf_printf(schema->messages, "line %zu: %s\n", line_of(schema, schema->location), what);
}

/* White space and comments stand between the end of one statement and the next one's first word. */
static int first_word(const struct og_pg_schema *schema, int location)
{
    static const char space[] = " \t\r\n";

    for (;;) {
        location += (int)strspn(schema->text + location, space);
        if (strncmp(schema->text + location, "--", 2) != 0)
            return location;
        location += (int)strcspn(schema->text + location, "\n");
    }
}

static int read_all(void *context)
{
    struct og_pg_schema *schema = context;
    MemoryContext memory = pg_query_enter_memory_context();
    PgQueryInternalParsetreeAndError parsed = pg_query_raw_parse(schema->text);
    int r = 0;
    ListCell *cell;

    if (parsed.error) {
        schema->location = parsed.error->cursorpos > 0 ? parsed.error->cursorpos - 1 : 0;
        og_pg_schema_tell(schema, "it is not SQL that this PostgreSQL grammar (15) reads");
        r = 1;
    } else {
        foreach (cell, parsed.tree) {
            RawStmt *raw = lfirst_node(RawStmt, cell);

            schema->location = first_word(schema, raw->stmt_location);
            schema->n_bytes =
                raw->stmt_len ? (size_t)(raw->stmt_location + raw->stmt_len - schema->location)
                              : strlen(schema->text + schema->location);
            og_pg_schema_statement(schema, raw->stmt);
        }
        og_pg_schema_link(schema);
    }
    free(parsed.stderr_buffer);
    if (parsed.error)
        pg_query_free_error(parsed.error);
    pg_query_exit_memory_context(memory);
    return og_arena_is_failed(&schema->arena) ? -ENOMEM : r;
}

int og_pg_schema_parse(const char *sql, size_t n_bytes, struct og_buf *messages,
                       struct og_catalog **out)
{
    struct og_pg_schema *schema = calloc(1, sizeof(*schema));
    int r;

    *out = NULL;
    if (!schema)
        return -ENOMEM;
    og_arena_init(&schema->arena, MAX_SCHEMA_BYTES);
    schema->interface = (struct og_catalog){.is_printed_by_path = true,
                                            .relation = relation,
                                            .routines = routines,
                                            .row_type = row_type,
                                            .type = type,
                                            .user_operators = user_operators};
    schema->messages = messages;
    schema->text = og_arena_strndup(&schema->arena, sql, n_bytes);
    if (schema->text && strlen(schema->text) != n_bytes) {
        og_buf_append_str(messages, "there is a NUL byte in it\n");
        (void)og_pg_schema_free(&schema->interface);
        return 1;
    }
    r = schema->text ? og_pg_on_parser_thread(read_all, schema) : -ENOMEM;
    if (r != 0) {
        (void)og_pg_schema_free(&schema->interface);
        return r;
    }
    *out = &schema->interface;
    return 0;
}

struct og_catalog *og_pg_schema_free(struct og_catalog *catalog)
{
    struct og_pg_schema *schema = (struct og_pg_schema *)catalog;

    if (!schema)
        return NULL;
    og_arena_release(&schema->arena);
    free(schema);
    return NULL;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "driver/pg_catalog_parts.h"

/* More members of one family than this are not followed: the relation cannot be used. */
#define MAX_FAMILY 4096u
#define MAX_OID_TEXT_BYTES (16u * MAX_FAMILY)

/* Text types that are told apart by their oid: those of the server itself never change. */
static const struct {
    uint64_t oid;
    enum og_type_class type;
} base_types[] = {
    {16, OG_TYPE_BOOLEAN},    {17, OG_TYPE_BINARY},      {18, OG_TYPE_TEXT},
    {19, OG_TYPE_TEXT},       {20, OG_TYPE_INTEGER},     {21, OG_TYPE_INTEGER},
    {23, OG_TYPE_INTEGER},    {25, OG_TYPE_TEXT},        {26, OG_TYPE_INTEGER},
    {700, OG_TYPE_NUMERIC},   {701, OG_TYPE_NUMERIC},    {1042, OG_TYPE_TEXT},
    {1043, OG_TYPE_TEXT},     {1082, OG_TYPE_DATE},      {1083, OG_TYPE_TIME},
    {1114, OG_TYPE_TIMESTAMP}, {1184, OG_TYPE_TIMESTAMP}, {1266, OG_TYPE_TIME},
    {1700, OG_TYPE_NUMERIC},
};

static enum og_type_class class_of(uint64_t oid, const char *category)
{
    for (size_t i = 0; i < OG_COUNT(base_types); i++)
        if (base_types[i].oid == oid)
            return base_types[i].type;
    /* An extension's string type, as citext. */
    return strcmp(category, "S") == 0 ? OG_TYPE_TEXT : OG_TYPE_OTHER;
}

static bool is_true(const struct og_pg_link *link, size_t field)
{
    return strcmp(og_buf_str(&link->fields[field]), "t") == 0;
}

static int compare_members(const void *left, const void *right)
{
    uint64_t a = (*(struct og_relation *const *)left)->oid;
    uint64_t b = (*(struct og_relation *const *)right)->oid;

    return a < b ? -1 : a > b;
}

static size_t index_of(const struct og_pg_family *family, uint64_t oid)
{
    struct og_relation wanted = {.oid = oid};
    const struct og_relation *key = &wanted;
    struct og_relation *const *found;

    if (!family->n_members)
        return SIZE_MAX;
    found = bsearch(&key, family->members, family->n_members, sizeof(*family->members),
                    compare_members);
    return found ? (size_t)(found - family->members) : SIZE_MAX;
}

static int next_member(const struct og_pg_link *link, const struct og_pg_family *family, size_t field,
                       size_t *out)
{
    uint64_t oid;
    int r = og_pg_link_number(link, field, &oid);

    if (r < 0)
        return r;
    *out = index_of(family, oid);
    return *out == SIZE_MAX ? -EIO : 0;
}

static int compare_oids(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return a < b ? -1 : a > b;
}

int og_pg_read_family(struct og_pg_link *link, struct og_arena *arena, uint64_t oid, uint64_t **oids,
                      size_t *n_oids)
{
    struct og_buf text;
    size_t max = 0;
    int r;

    *oids = NULL;
    *n_oids = 0;
    og_buf_init(&text, 32);
    og_buf_printf(&text, "%llu", (unsigned long long)oid);
    r = og_pg_link_ask(link, OG_PG_QUERY_FAMILY, (const char *[]){og_buf_str(&text)});
    og_buf_release(&text);
    if (r < 0)
        return r;
    while ((r = og_pg_link_fetch(link, OG_PG_QUERY_FAMILY)) == 0) {
        uint64_t *slot = og_arena_push(arena, oids, n_oids, &max, sizeof(**oids));

        r = slot ? og_pg_link_number(link, 0, slot) : -ENOMEM;
        if (r == 0 && *n_oids > MAX_FAMILY)
            r = -EIO;
        if (r < 0) {
            og_pg_link_close(link, OG_PG_QUERY_FAMILY);
            return r;
        }
    }
    if (*n_oids)
        qsort(*oids, *n_oids, sizeof(**oids), compare_oids);
    return r < 0 ? r : 0;
}

static int read_relation(const struct og_pg_link *link, struct og_arena *arena,
                         const struct og_pg_family *family)
{
    struct og_relation *relation;
    size_t i;
    int r = next_member(link, family, 0, &i);

    if (r < 0)
        return r;
    relation = family->members[i];
    r = og_pg_link_text(link, 1, arena, &relation->schema);
    if (r == 0)
        r = og_pg_link_text(link, 2, arena, &relation->name);
    if (r == 0)
        r = og_pg_link_text(link, 8, arena, &relation->view_sql);
    if (r < 0)
        return r;
    relation->kind = og_buf_str(&link->fields[3])[0];
    relation->is_temporary = strcmp(og_buf_str(&link->fields[4]), "t") == 0;
    relation->has_user_rules = is_true(link, 5);
    relation->has_triggers = is_true(link, 6);
    relation->has_row_security = is_true(link, 7);
    if (!relation->schema || !relation->name || !relation->kind)
        return -EIO;
    relation->is_catalog = strcmp(relation->schema, "pg_catalog") == 0 ||
                           strcmp(relation->schema, "information_schema") == 0 ||
                           strcmp(relation->schema, "pg_toast") == 0;
    if ((relation->kind == 'v' || relation->kind == 'm') && !relation->view_sql)
        return -EIO;
    return 0;
}

/* Rooms of growing arrays, one for each member. */
struct growing {
    size_t *max_columns;
    size_t *max_keys;
    size_t *max_triggers;
    size_t *max_cascades;
};

static int read_column(const struct og_pg_link *link, struct og_arena *arena,
                       const struct og_pg_family *family, const struct growing *growing)
{
    struct og_relation_column *column;
    struct og_relation *relation;
    uint64_t number;
    uint64_t type;
    size_t i;
    int r = next_member(link, family, 0, &i);

    if (r == 0)
        r = og_pg_link_number(link, 1, &number);
    if (r == 0)
        r = og_pg_link_number(link, 4, &type);
    if (r < 0)
        return r;
    relation = family->members[i];
    column = og_arena_push(arena, &relation->columns, &relation->n_columns, &growing->max_columns[i],
                           sizeof(*column));
    if (!column)
        return -ENOMEM;
    column->number = (int32_t)number;
    column->type = class_of(type, og_buf_str(&link->fields[5]));
    column->is_composite = is_true(link, 6);
    column->is_not_null = is_true(link, 7);
    column->has_user_cast = is_true(link, 9);
    r = og_pg_link_text(link, 2, arena, &column->name);
    if (r == 0)
        r = og_pg_link_text(link, 3, arena, &column->type_name);
    if (r == 0)
        r = og_pg_link_text(link, 8, arena, &column->generated_sql);
    return r == 0 && (!column->name || !column->type_name) ? -EIO : r;
}

static bool is_not_null(const struct og_relation *relation, long number)
{
    for (size_t i = 0; i < relation->n_columns; i++)
        if (relation->columns[i].number == number)
            return relation->columns[i].is_not_null;
    return false; /* a system column */
}

/* Numbers separated by spaces; n stays 0 when one may be null. */
static int key_numbers(struct og_arena *arena, const struct og_relation *relation, const char *text,
                       size_t n_wanted, struct og_relation_key *out)
{
    int32_t *numbers = og_arena_array(arena, n_wanted, sizeof(*numbers));
    char *end;

    *out = (struct og_relation_key){0};
    if (!numbers)
        return -ENOMEM;
    for (size_t i = 0; i < n_wanted; i++, text = end) {
        long number = strtol(text, &end, 10);

        if (end == text)
            return -EIO;
        if (!is_not_null(relation, number))
            return 0;
        numbers[i] = (int32_t)number;
    }
    out->numbers = numbers;
    out->n_numbers = n_wanted;
    return 0;
}

static int read_key(const struct og_pg_link *link, struct og_arena *arena,
                    const struct og_pg_family *family, const struct growing *growing)
{
    struct og_relation_key key;
    struct og_relation_key *slot;
    struct og_relation *relation;
    uint64_t n_numbers;
    size_t i;
    int r = next_member(link, family, 0, &i);

    if (r == 0)
        r = og_pg_link_number(link, 2, &n_numbers);
    if (r < 0)
        return r;
    relation = family->members[i];
    r = key_numbers(arena, relation, og_buf_str(&link->fields[1]), (size_t)n_numbers, &key);
    if (r < 0 || !key.n_numbers)
        return r;
    slot = og_arena_push(arena, &relation->keys, &relation->n_keys, &growing->max_keys[i],
                         sizeof(*slot));
    if (!slot)
        return -ENOMEM;
    *slot = key;
    return 0;
}

/* First oid that the server does not keep for itself: FirstNormalObjectId. */
#define FIRST_OWN_OID 16384u

/* Names in hexadecimal, separated by commas. */
static int read_names(const struct og_buf *field, struct og_arena *arena,
                      const char *const **out, size_t *n_out)
{
    const char **names = NULL, *text = og_buf_str(field);
    struct og_pg_link one = {0};
    size_t max = 0;
    int r = 0;

    *n_out = 0;
    og_buf_init(&one.fields[0], 1024);
    while (r == 0 && *text) {
        size_t n = strcspn(text, ",");
        const char **slot = og_arena_push(arena, &names, n_out, &max, sizeof(*slot));

        og_buf_clear(&one.fields[0]);
        og_buf_append(&one.fields[0], text, n);
        r = slot ? og_pg_link_text(&one, 0, arena, slot) : -ENOMEM;
        text += n + (text[n] == ',');
    }
    og_buf_release(&one.fields[0]);
    *out = names;
    return r;
}

int og_pg_read_routine(const struct og_pg_link *link, struct og_arena *arena, size_t first,
                       struct og_routine *out)
{
    uint64_t n_arguments, n_defaults;
    int r = og_pg_link_number(link, first, &out->oid);

    if (r == 0)
        r = og_pg_link_text(link, first + 1, arena, &out->schema);
    if (r == 0)
        r = og_pg_link_text(link, first + 2, arena, &out->name);
    if (r == 0)
        r = og_pg_link_number(link, first + 8, &n_arguments);
    if (r == 0)
        r = og_pg_link_number(link, first + 9, &n_defaults);
    if (r == 0)
        r = og_pg_link_text(link, first + 11, arena, &out->extension);
    if (r == 0 && !link->is_null[first + 6])
        r = read_names(&link->fields[first + 6], arena, &out->columns, &out->n_columns);
    if (r < 0)
        return r;
    out->kind = og_buf_str(&link->fields[first + 3])[0];
    out->volatility = og_buf_str(&link->fields[first + 4])[0];
    out->returns_set = strcmp(og_buf_str(&link->fields[first + 5]), "f") != 0;
    out->returns_record = is_true(link, first + 7) && !out->n_columns;
    out->n_arguments = (unsigned)n_arguments;
    out->n_defaults = (unsigned)n_defaults;
    out->is_variadic = is_true(link, first + 10);
    if (!out->schema || !out->name)
        return -EIO;
    out->is_builtin = out->oid < FIRST_OWN_OID &&
                      (strcmp(out->schema, "pg_catalog") == 0 ||
                       strcmp(out->schema, "information_schema") == 0);
    return 0;
}

int og_pg_read_type(const struct og_pg_link *link, struct og_arena *arena, struct og_type *out,
                    uint64_t *relation)
{
    uint64_t base;
    int r = og_pg_link_text(link, 0, arena, &out->schema);

    if (r == 0)
        r = og_pg_link_text(link, 1, arena, &out->name);
    if (r == 0)
        r = og_pg_link_number(link, 3, &base);
    if (r == 0)
        r = og_pg_link_number(link, 7, relation);
    if (r < 0)
        return r;
    out->kind = og_buf_str(&link->fields[2])[0];
    out->type = class_of(base, og_buf_str(&link->fields[4]));
    out->is_builtin = is_true(link, 5);
    out->has_user_code = is_true(link, 6);
    return out->schema && out->name ? 0 : -EIO;
}

static int read_trigger(const struct og_pg_link *link, struct og_arena *arena,
                        const struct og_pg_family *family, const struct growing *growing)
{
    struct og_routine *routine = og_arena_alloc(arena, sizeof(*routine));
    const struct og_routine **slot;
    uint64_t events = 0;
    size_t i;
    int r = next_member(link, family, 0, &i);

    if (r == 0)
        r = og_pg_link_number(link, 13, &events);
    if (r < 0)
        return r;
    slot = og_arena_push(arena, &family->members[i]->triggers, &family->members[i]->n_triggers,
                         &growing->max_triggers[i], sizeof(*slot));
    if (!routine || !slot)
        return -ENOMEM;
    *slot = routine;
    r = og_pg_read_routine(link, arena, 1, routine);
    routine->trigger_events = (unsigned)events;
    return r;
}

static int read_cascade(const struct og_pg_link *link, struct og_arena *arena,
                        const struct og_pg_family *family, const struct growing *growing)
{
    bool is_delete = strcmp(og_buf_str(&link->fields[1]), "D") == 0;
    struct og_relation_cascade *to;
    size_t i;
    int r = next_member(link, family, 0, &i);

    if (r < 0)
        return r;
    to = og_arena_push(arena, &family->members[i]->cascades, &family->members[i]->n_cascades,
                       &growing->max_cascades[i], sizeof(*to));
    if (!to)
        return -ENOMEM;
    to->on_delete = is_delete;
    to->on_update = !is_delete;
    to->deletes = is_delete && strcmp(og_buf_str(&link->fields[5]), "D") == 0;
    r = og_pg_link_number(link, 2, &to->oid);
    if (r == 0)
        r = og_pg_link_text(link, 3, arena, &to->schema);
    if (r == 0)
        r = og_pg_link_text(link, 4, arena, &to->name);
    return r == 0 && (!to->schema || !to->name) ? -EIO : r;
}

struct edge {
    size_t child;
    size_t parent;
};

struct tree {
    const struct og_pg_family *family;
    struct edge *edges;
    size_t n_edges, max_edges;
};

static int read_edge(const struct og_pg_link *link, struct og_arena *arena, struct tree *tree)
{
    struct edge *edge = og_arena_push(arena, &tree->edges, &tree->n_edges, &tree->max_edges,
                                      sizeof(*edge));
    int r;

    if (!edge)
        return -ENOMEM;
    r = next_member(link, tree->family, 0, &edge->child);
    return r < 0 ? r : next_member(link, tree->family, 1, &edge->parent);
}

/* Everything above (or below) one member, nearest first. seen: one mark a member, its own value. */
static int follow(struct og_arena *arena, const struct tree *tree, size_t from, bool is_upward,
                  size_t *seen, size_t mark, size_t *queue, const struct og_relation *const **out,
                  size_t *n_out)
{
    const struct og_relation **found;
    size_t n = 1;

    queue[0] = from;
    seen[from] = mark;
    for (size_t head = 0; head < n; head++)
        for (size_t i = 0; i < tree->n_edges; i++) {
            const struct edge *edge = &tree->edges[i];
            size_t here = is_upward ? edge->child : edge->parent;
            size_t there = is_upward ? edge->parent : edge->child;

            if (here != queue[head] || seen[there] == mark)
                continue;
            seen[there] = mark;
            queue[n++] = there;
        }
    if (n == 1)
        return 0;
    found = og_arena_array(arena, n - 1, sizeof(*found));
    if (!found)
        return -ENOMEM;
    for (size_t i = 1; i < n; i++)
        found[i - 1] = tree->family->members[queue[i]];
    *out = found;
    *n_out = n - 1;
    return 0;
}

static int link_family(struct og_arena *arena, const struct tree *tree)
{
    const struct og_pg_family *family = tree->family;
    size_t *seen;
    size_t *queue;
    int r = 0;

    if (!tree->n_edges)
        return 0;
    seen = calloc(family->n_members, sizeof(*seen));
    queue = calloc(family->n_members, sizeof(*queue));
    if (!seen || !queue)
        r = -ENOMEM;
    for (size_t i = 0; r == 0 && i < family->n_members; i++) {
        struct og_relation *relation = family->members[i];

        r = follow(arena, tree, i, true, seen, 2 * i + 1, queue, &relation->ancestors,
                   &relation->n_ancestors);
        if (r == 0)
            r = follow(arena, tree, i, false, seen, 2 * i + 2, queue, &relation->descendants,
                       &relation->n_descendants);
        /* A key of a plain parent says nothing about its children's rows, which are read with it. */
        if (relation->n_descendants && relation->kind != 'p')
            relation->n_keys = 0;
    }
    free(seen);
    free(queue);
    return r;
}

static int read_parts(struct og_pg_link *link, struct og_arena *arena, const char *oids,
                      const struct og_pg_family *family, const struct growing *growing,
                      struct tree *tree)
{
    static const enum og_pg_query order[] = {OG_PG_QUERY_RELATIONS, OG_PG_QUERY_COLUMNS,
                                             OG_PG_QUERY_KEYS,      OG_PG_QUERY_TRIGGERS,
                                             OG_PG_QUERY_CASCADES,  OG_PG_QUERY_PARENTS};
    const char *const parameters[] = {oids, oids};

    for (size_t i = 0; i < OG_COUNT(order); i++) {
        int r = og_pg_link_ask(link, order[i], parameters);

        if (r < 0)
            return r;
        while ((r = og_pg_link_fetch(link, order[i])) == 0) {
            if (order[i] == OG_PG_QUERY_RELATIONS)
                r = read_relation(link, arena, family);
            else if (order[i] == OG_PG_QUERY_COLUMNS)
                r = read_column(link, arena, family, growing);
            else if (order[i] == OG_PG_QUERY_KEYS)
                r = read_key(link, arena, family, growing);
            else if (order[i] == OG_PG_QUERY_TRIGGERS)
                r = read_trigger(link, arena, family, growing);
            else if (order[i] == OG_PG_QUERY_CASCADES)
                r = read_cascade(link, arena, family, growing);
            else
                r = read_edge(link, arena, tree);
            if (r < 0) {
                og_pg_link_close(link, order[i]);
                return r;
            }
        }
        if (r < 0)
            return r;
    }
    return link_family(arena, tree);
}

int og_pg_read_relations(struct og_pg_link *link, struct og_arena *arena, const uint64_t *oids,
                         size_t n_oids, struct og_pg_family *out)
{
    struct tree tree = {.family = out};
    struct growing growing;
    struct og_buf text;
    int r = 0;

    out->n_members = n_oids;
    out->members = og_arena_array(arena, n_oids, sizeof(*out->members));
    growing.max_columns = og_arena_array(arena, n_oids, sizeof(*growing.max_columns));
    growing.max_keys = og_arena_array(arena, n_oids, sizeof(*growing.max_keys));
    growing.max_triggers = og_arena_array(arena, n_oids, sizeof(*growing.max_triggers));
    growing.max_cascades = og_arena_array(arena, n_oids, sizeof(*growing.max_cascades));
    if (!out->members || !growing.max_columns || !growing.max_keys || !growing.max_triggers ||
        !growing.max_cascades)
        return -ENOMEM;
    og_buf_init(&text, MAX_OID_TEXT_BYTES);
    for (size_t i = 0; i < n_oids; i++) {
        out->members[i] = og_arena_alloc(arena, sizeof(**out->members));
        if (!out->members[i]) {
            og_buf_release(&text);
            return -ENOMEM;
        }
        out->members[i]->oid = oids[i];
        og_buf_printf(&text, "%s%llu", i ? "," : "", (unsigned long long)oids[i]);
    }
    r = og_buf_is_failed(&text) ? -ENOMEM
                                : read_parts(link, arena, og_buf_str(&text), out, &growing, &tree);
    og_buf_release(&text);
    for (size_t i = 0; r == 0 && i < n_oids; i++)
        if (!out->members[i]->name)
            r = -EIO; /* gone since the family was read */
    return r;
}

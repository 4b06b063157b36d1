/* SPDX-License-Identifier: MIT */
/* sqlite_names.c - lists of functions and pragmas, names as SQLite folds them, declared types. */
#include "common/sqlite_parts.h"

#include <string.h>

static const struct {
    const char *name;
    enum og_sq_function kind;
} functions[] = {
#define FUNCTION(name, kind) {name, OG_SQ_FUNCTION_##kind},
#include "common/sqlite_function.tbl.h"
#undef FUNCTION
};

static int fold(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

bool og_sq_is_same(const char *a, const char *b)
{
    if (!a || !b)
        return false;
    for (; *a && fold(*a) == fold(*b); a++, b++)
        ;
    return *a == *b;
}

enum og_sq_function og_sq_function_kind(const char *name)
{
    for (size_t i = 0; i < OG_COUNT(functions); i++)
        if (og_sq_is_same(functions[i].name, name))
            return functions[i].kind;
    return OG_SQ_FUNCTION_UNKNOWN;
}

static const struct {
    const char *name;
    enum og_sq_pragma without, with;
} pragmas[] = {
#define PRAGMA(name, without, with) {name, OG_SQ_PRAGMA_##without, OG_SQ_PRAGMA_##with},
#include "common/sqlite_pragma.tbl.h"
#undef PRAGMA
};

static bool is_on(const char *value)
{
    static const char *const words[] = {"1", "on", "yes", "true"};

    for (size_t i = 0; i < OG_COUNT(words); i++)
        if (og_sq_is_same(words[i], value))
            return true;
    return false;
}

enum og_sq_pragma og_sq_pragma_kind(const char *name, const char *value)
{
    for (size_t i = 0; i < OG_COUNT(pragmas); i++) {
        if (!og_sq_is_same(pragmas[i].name, name))
            continue;
        if (og_sq_is_same(name, "foreign_keys") && value && !is_on(value))
            return OG_SQ_PRAGMA_LATE;
        return value ? pragmas[i].with : pragmas[i].without;
    }
    return OG_SQ_PRAGMA_NEVER;
}

static bool has_part(const char *text, const char *part)
{
    size_t n = strlen(part);

    for (; *text; text++) {
        size_t i = 0;

        while (i < n && fold(text[i]) == fold(part[i]))
            i++;
        if (i == n)
            return true;
    }
    return false;
}

/* In the order in which SQLite finds affinities, with the words that mean more to a mask first. */
enum og_type_class og_sq_type_class(const char *declared)
{
    static const struct {
        const char *part;
        enum og_type_class type;
    } rows[] = {
        {"bool", OG_TYPE_BOOLEAN},   {"timestamp", OG_TYPE_TIMESTAMP},
        {"datetime", OG_TYPE_TIMESTAMP}, {"date", OG_TYPE_DATE},
        {"time", OG_TYPE_TIME},      {"json", OG_TYPE_OTHER},
        {"uuid", OG_TYPE_OTHER},     {"int", OG_TYPE_INTEGER},
        {"char", OG_TYPE_TEXT},      {"clob", OG_TYPE_TEXT},
        {"text", OG_TYPE_TEXT},      {"string", OG_TYPE_TEXT},
        {"blob", OG_TYPE_BINARY},    {"binary", OG_TYPE_BINARY},
        {"real", OG_TYPE_NUMERIC},   {"floa", OG_TYPE_NUMERIC},
        {"doub", OG_TYPE_NUMERIC},   {"num", OG_TYPE_NUMERIC},
        {"dec", OG_TYPE_NUMERIC},    {"money", OG_TYPE_NUMERIC},
    };

    for (size_t i = 0; i < OG_COUNT(rows); i++)
        if (has_part(declared, rows[i].part))
            return rows[i].type;
    return OG_TYPE_UNKNOWN;
}

void og_sq_quote(struct og_buf *buf, const char *name)
{
    og_buf_append_char(buf, '"');
    for (; *name; name++) {
        if (*name == '"')
            og_buf_append_char(buf, '"');
        og_buf_append_char(buf, *name);
    }
    og_buf_append_char(buf, '"');
}

size_t og_sq_table_find(const struct og_sq_schema *schema, const char *in, const char *name)
{
    size_t found = SIZE_MAX;

    for (size_t i = 0; i < schema->n_tables; i++) {
        const struct og_sq_table *table = &schema->tables[i];

        if (!og_sq_is_same(table->name, name) || (in && !og_sq_is_same(table->schema, in)))
            continue;
        if (found == SIZE_MAX || strcmp(table->schema, "temp") == 0)
            found = i;
    }
    return found;
}

int og_sq_column_find(const struct og_sq_table *table, const char *name)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (og_sq_is_same(table->columns[i].name, name))
            return (int)i;
    return -1;
}

bool og_sq_is_closed(const struct og_sq_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->n_closed; i++)
        if (og_sq_is_same(schema->closed[i], name))
            return true;
    return false;
}

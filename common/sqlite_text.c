/* SPDX-License-Identifier: MIT */
/* sqlite_text.c - the little that analysis takes from the text itself: the kind of statement,
 * positions of names for messages, and the parts of CREATE TABLE that no pragma tells. */
#include "common/sqlite_parts.h"

#include <errno.h>
#include <string.h>

static const struct og_lex_options options = {.dialect = OG_DIALECT_SQLITE};

static bool is_space(const struct og_token *token)
{
    return token->kind == OG_TOKEN_SPACE || token->kind == OG_TOKEN_COMMENT;
}

static size_t skip(const struct og_lex *lex, size_t i)
{
    while (i < lex->n_tokens && is_space(&lex->tokens[i]))
        i++;
    return i;
}

static bool is_word(const struct og_lex *lex, const char *sql, size_t i, const char *word)
{
    char text[32];

    if (i >= lex->n_tokens || lex->tokens[i].kind != OG_TOKEN_WORD ||
        lex->tokens[i].n_bytes >= sizeof(text))
        return false;
    memcpy(text, sql + lex->tokens[i].position, lex->tokens[i].n_bytes);
    text[lex->tokens[i].n_bytes] = '\0';
    return og_sq_is_same(text, word);
}

static bool is_mark(const struct og_lex *lex, const char *sql, size_t i, char c)
{
    return i < lex->n_tokens && lex->tokens[i].kind == OG_TOKEN_OPERATOR &&
           lex->tokens[i].n_bytes == 1 && sql[lex->tokens[i].position] == c;
}

/* The name that a token stands for, without its quotes; NULL when it is none. */
static char *name_of(struct og_arena *arena, const struct og_lex *lex, const char *sql, size_t i)
{
    const struct og_token *token;
    const char *from;
    char *name;
    size_t n = 0;

    if (i >= lex->n_tokens)
        return NULL;
    token = &lex->tokens[i];
    from = sql + token->position;
    if (token->kind == OG_TOKEN_WORD)
        return og_arena_strndup(arena, from, token->n_bytes);
    if ((token->kind != OG_TOKEN_QUOTED && token->kind != OG_TOKEN_STRING) || token->n_bytes < 2)
        return NULL;
    name = og_arena_alloc(arena, token->n_bytes + 1);
    for (size_t k = 1; name && k + 1 < token->n_bytes; k++) {
        name[n++] = from[k];
        if (from[k] == from[0] && from[k + 1] == from[0] && k + 2 < token->n_bytes)
            k++;
    }
    return name;
}

static const char *create_kind(struct og_sq_text *out, size_t i)
{
    static const struct {
        const char *word, *kind;
    } rows[] = {{"TABLE", "CREATE TABLE"},
                {"INDEX", "CREATE INDEX"},
                {"VIEW", "CREATE VIEW"},
                {"TRIGGER", "CREATE TRIGGER"}};

    i = skip(&out->lex, i);
    if (is_word(&out->lex, out->sql, i, "TEMP") || is_word(&out->lex, out->sql, i, "TEMPORARY")) {
        out->is_temporary = true;
        i = skip(&out->lex, i + 1);
    }
    if (is_word(&out->lex, out->sql, i, "VIRTUAL"))
        return "CREATE VIRTUAL TABLE";
    if (is_word(&out->lex, out->sql, i, "UNIQUE"))
        i = skip(&out->lex, i + 1);
    for (size_t k = 0; k < OG_COUNT(rows); k++)
        if (is_word(&out->lex, out->sql, i, rows[k].word))
            return rows[k].kind;
    return "CREATE";
}

static const char *drop_kind(const struct og_sq_text *out, size_t i)
{
    static const struct {
        const char *word, *kind;
    } rows[] = {{"TABLE", "DROP TABLE"},
                {"INDEX", "DROP INDEX"},
                {"VIEW", "DROP VIEW"},
                {"TRIGGER", "DROP TRIGGER"}};

    i = skip(&out->lex, i);
    for (size_t k = 0; k < OG_COUNT(rows); k++)
        if (is_word(&out->lex, out->sql, i, rows[k].word))
            return rows[k].kind;
    return "DROP";
}

static const char *with_kind(const struct og_sq_text *out, size_t i)
{
    static const char *const words[] = {"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE",
                                        "VALUES"};
    int depth = 0;

    for (; i < out->lex.n_tokens; i++) {
        if (is_mark(&out->lex, out->sql, i, '('))
            depth++;
        if (is_mark(&out->lex, out->sql, i, ')'))
            depth--;
        for (size_t k = 0; depth == 0 && k < OG_COUNT(words); k++)
            if (is_word(&out->lex, out->sql, i, words[k]))
                return k == 4 ? "INSERT" : k == 5 ? "SELECT" : words[k];
    }
    return "SELECT";
}

static void read_pragma(struct og_facts *facts, struct og_sq_text *out, size_t i)
{
    size_t next;

    i = skip(&out->lex, i);
    next = skip(&out->lex, i + 1);
    if (is_mark(&out->lex, out->sql, next, '.')) {
        i = skip(&out->lex, next + 1);
        next = skip(&out->lex, i + 1);
    }
    out->pragma = name_of(facts->arena, &out->lex, out->sql, i);
    out->pragma_has_value = is_mark(&out->lex, out->sql, next, '=') ||
                            is_mark(&out->lex, out->sql, next, '(');
}

/* DROP INDEX [IF EXISTS] [schema.]name */
static void read_dropped(struct og_facts *facts, struct og_sq_text *out, size_t i)
{
    const struct og_lex *lex = &out->lex;
    size_t next;

    i = skip(lex, skip(lex, i + 1) + 1);
    if (is_word(lex, out->sql, i, "IF"))
        i = skip(lex, skip(lex, i + 1) + 1);
    next = skip(lex, i + 1);
    if (is_mark(lex, out->sql, next, '.')) {
        i = skip(lex, next + 1);
        next = skip(lex, i + 1);
    }
    if (is_mark(lex, out->sql, next, ';'))
        next = skip(lex, next + 1);
    if (next >= lex->n_tokens)
        out->dropped = name_of(facts->arena, lex, out->sql, i);
}

static void read_kind(struct og_facts *facts, struct og_sq_text *out, size_t i)
{
    static const struct {
        const char *word, *kind;
        bool is_transaction, changes_catalog, is_maintenance;
    } rows[] = {
        {"SELECT", "SELECT", false, false, false},   {"VALUES", "SELECT", false, false, false},
        {"INSERT", "INSERT", false, false, false},   {"REPLACE", "INSERT", false, false, false},
        {"UPDATE", "UPDATE", false, false, false},   {"DELETE", "DELETE", false, false, false},
        {"BEGIN", "BEGIN", true, false, false},      {"COMMIT", "COMMIT", true, false, false},
        {"END", "COMMIT", true, false, false},       {"ROLLBACK", "ROLLBACK", true, false, false},
        {"SAVEPOINT", "SAVEPOINT", true, false, false}, {"RELEASE", "RELEASE", true, false, false},
        {"ALTER", "ALTER TABLE", false, true, false}, {"CREATE", NULL, false, true, false},
        {"DROP", NULL, false, true, false},          {"PRAGMA", "PRAGMA", false, false, false},
        {"ATTACH", "ATTACH", false, false, false},   {"DETACH", "DETACH", false, false, false},
        {"VACUUM", "VACUUM", false, false, true},    {"ANALYZE", "ANALYZE", false, false, true},
        {"REINDEX", "REINDEX", false, false, true},  {"WITH", NULL, false, false, false},
    };

    i = skip(&out->lex, i);
    out->kind = "UNKNOWN";
    for (size_t k = 0; k < OG_COUNT(rows); k++) {
        if (!is_word(&out->lex, out->sql, i, rows[k].word))
            continue;
        out->kind = rows[k].kind;
        out->is_transaction = rows[k].is_transaction;
        out->changes_catalog = rows[k].changes_catalog;
        out->is_maintenance = rows[k].is_maintenance;
        if (!out->kind)
            out->kind = rows[k].word[0] == 'C'   ? create_kind(out, i + 1)
                        : rows[k].word[0] == 'D' ? drop_kind(out, i + 1)
                                                 : with_kind(out, i + 1);
        if (strcmp(out->kind, "PRAGMA") == 0)
            read_pragma(facts, out, i + 1);
        if (strcmp(out->kind, "DROP INDEX") == 0)
            read_dropped(facts, out, i);
        return;
    }
}

static void read_explain(struct og_sq_text *out, size_t *i)
{
    *i = skip(&out->lex, 0);
    if (!is_word(&out->lex, out->sql, *i, "EXPLAIN"))
        return;
    *i = skip(&out->lex, *i + 1);
    if (is_word(&out->lex, out->sql, *i, "QUERY")) {
        *i = skip(&out->lex, *i + 1);
        if (is_word(&out->lex, out->sql, *i, "PLAN"))
            *i = skip(&out->lex, *i + 1);
        out->is_query_plan = true;
    }
    out->explain_bytes = *i < out->lex.n_tokens ? out->lex.tokens[*i].position : 0;
}

/* INSERT INTO [schema.]table [AS alias] (columns) */
static void read_into(struct og_sq_text *out)
{
    const struct og_lex *lex = &out->lex;

    out->into_columns = SIZE_MAX;
    for (size_t i = 0; i < lex->n_tokens; i++) {
        size_t at;

        if (!is_word(lex, out->sql, i, "INTO"))
            continue;
        at = skip(lex, skip(lex, i + 1) + 1);
        if (is_mark(lex, out->sql, at, '.'))
            at = skip(lex, skip(lex, at + 1) + 1);
        if (is_word(lex, out->sql, at, "AS"))
            at = skip(lex, skip(lex, at + 1) + 1);
        if (is_mark(lex, out->sql, at, '('))
            out->into_columns = at + 1;
        return;
    }
}

int og_sq_text_read(struct og_facts *facts, const char *sql, size_t n_bytes,
                    struct og_sq_text *out)
{
    static const char *const words[] = {"WHERE", "ON", "HAVING", "USING", "NATURAL", "FILTER"};
    size_t i;
    int rc;

    *out = (struct og_sq_text){.sql = sql, .kind = "UNKNOWN", .into_columns = SIZE_MAX};
    rc = og_lex_split(&options, sql, n_bytes, facts->arena, &out->lex);
    if (rc == OG_LEX_E_TEXT) {
        og_facts_refuse(facts, out->lex.position, out->lex.what ? out->lex.what : "text",
                        "correct the text");
        return 0;
    }
    if (rc)
        return rc;
    read_explain(out, &i);
    read_kind(facts, out, i);
    read_into(out);
    for (i = 0; i < out->lex.n_tokens; i++) {
        for (size_t k = 0; k < OG_COUNT(words); k++)
            out->has_condition_word = out->has_condition_word ||
                                      is_word(&out->lex, sql, i, words[k]);
        out->has_into = out->has_into || is_word(&out->lex, sql, i, "INTO");
        out->has_set_word = out->has_set_word || is_word(&out->lex, sql, i, "UNION") ||
                            is_word(&out->lex, sql, i, "INTERSECT") ||
                            is_word(&out->lex, sql, i, "EXCEPT");
        if (is_word(&out->lex, sql, i, "REPLACE") &&
            !is_mark(&out->lex, sql, skip(&out->lex, i + 1), '('))
            out->has_replace = true;
    }
    return 0;
}

static bool is_name(const struct og_sq_text *text, size_t i, const char *name)
{
    const struct og_token *token = &text->lex.tokens[i];
    size_t n = strlen(name);
    size_t from = token->position;
    size_t n_bytes = token->n_bytes;
    char copy[256];

    if (token->kind == OG_TOKEN_QUOTED && n_bytes >= 2) {
        from++;
        n_bytes -= 2;
    } else if (token->kind != OG_TOKEN_WORD) {
        return false;
    }
    if (n_bytes != n || n >= sizeof(copy))
        return false;
    memcpy(copy, text->sql + from, n);
    copy[n] = '\0';
    return og_sq_is_same(copy, name);
}

size_t og_sq_text_position(const struct og_sq_text *text, const char *name)
{
    size_t position = SIZE_MAX;

    for (size_t i = 0; i < text->lex.n_tokens; i++) {
        if (!is_name(text, i, name))
            continue;
        if (position != SIZE_MAX)
            return SIZE_MAX;
        position = text->lex.tokens[i].position;
    }
    return position;
}

bool og_sq_text_has(const struct og_sq_text *text, const char *name)
{
    for (size_t i = 0; i < text->lex.n_tokens; i++)
        if (is_name(text, i, name))
            return true;
    return false;
}

bool og_sq_text_has_into(const struct og_sq_text *text, const char *name)
{
    if (text->into_columns == SIZE_MAX)
        return true;
    for (size_t i = text->into_columns; i < text->lex.n_tokens; i++) {
        if (is_mark(&text->lex, text->sql, i, ')'))
            return false;
        if (is_name(text, i, name))
            return true;
    }
    return false;
}

struct span {
    size_t from, to; /* tokens */
};

static size_t closing(const struct og_lex *lex, const char *sql, size_t open)
{
    int depth = 0;

    for (size_t i = open; i < lex->n_tokens; i++) {
        if (is_mark(lex, sql, i, '('))
            depth++;
        if (is_mark(lex, sql, i, ')') && --depth == 0)
            return i;
    }
    return lex->n_tokens;
}

/* CHECK ( ... ): the columns it names decide together. */
static void read_check(struct og_sq_schema *schema, struct og_sq_table *table,
                       const struct og_sq_text *text, size_t open)
{
    struct og_sq_constraint *constraint = og_sq_add_constraint(schema, table, false);
    size_t end = closing(&text->lex, text->sql, open);

    for (size_t c = 0; constraint && c < table->n_columns; c++)
        for (size_t i = open; i < end; i++)
            if (is_name(text, i, table->columns[c].name))
                constraint->has_column[c] = true;
}

/* One definition between the outer commas: [AS (expression)] of a generated column. */
static void read_definition(struct og_sq_schema *schema, struct og_sq_table *table,
                            const struct og_sq_text *text, struct span part)
{
    const struct og_lex *lex = &text->lex;
    char *name = name_of(&schema->arena, lex, text->sql, skip(lex, part.from));
    int column = name ? og_sq_column_find(table, name) : -1;

    for (size_t i = part.from; i < part.to; i++) {
        size_t open = skip(lex, i + 1);

        if (is_mark(lex, text->sql, i, '(')) {
            i = closing(lex, text->sql, i);
            continue;
        }
        if (is_word(lex, text->sql, i, "CHECK") && is_mark(lex, text->sql, open, '('))
            read_check(schema, table, text, open);
        if (column >= 0 && table->columns[column].is_generated &&
            is_word(lex, text->sql, i, "AS") && is_mark(lex, text->sql, open, '(')) {
            size_t end = closing(lex, text->sql, open);

            if (end < lex->n_tokens)
                table->columns[column].expression = og_arena_strndup(
                    &schema->arena, text->sql + lex->tokens[open].position,
                    lex->tokens[end].position + 1 - lex->tokens[open].position);
        }
    }
}

void og_sq_read_table_text(struct og_sq_schema *schema, struct og_sq_table *table, const char *sql)
{
    struct og_sq_text text = {.sql = sql};
    struct span part;
    size_t end, i = 0;
    int depth = 0;

    if (og_lex_split(&options, sql, strlen(sql), &schema->arena, &text.lex) != 0) {
        struct og_sq_constraint *constraint = og_sq_add_constraint(schema, table, false);

        for (size_t c = 0; constraint && c < table->n_columns; c++)
            constraint->has_column[c] = true;
        return;
    }
    while (i < text.lex.n_tokens && !is_mark(&text.lex, sql, i, '('))
        i++;
    end = closing(&text.lex, sql, i);
    part.from = ++i;
    for (; i < end; i++) {
        if (is_mark(&text.lex, sql, i, '('))
            depth++;
        if (is_mark(&text.lex, sql, i, ')'))
            depth--;
        if (depth || !is_mark(&text.lex, sql, i, ','))
            continue;
        part.to = i;
        read_definition(schema, table, &text, part);
        part.from = i + 1;
    }
    part.to = end;
    read_definition(schema, table, &text, part);
}

char *og_sq_text_after(struct og_arena *arena, const char *sql, const char *word, bool is_assigned)
{
    struct og_lex lex;

    if (og_lex_split(&options, sql, strlen(sql), arena, &lex) != 0)
        return NULL;
    for (size_t i = 0; i < lex.n_tokens; i++) {
        size_t next = skip(&lex, i + 1);

        if (!is_word(&lex, sql, i, word) || (is_assigned && !is_mark(&lex, sql, next, '=')))
            continue;
        return name_of(arena, &lex, sql, is_assigned ? skip(&lex, next + 1) : next);
    }
    return NULL;
}

bool og_sq_text_names(struct og_arena *arena, const char *sql, const char *name)
{
    struct og_sq_text text = {.sql = sql};

    return og_lex_split(&options, sql, strlen(sql), arena, &text.lex) != 0 ||
           og_sq_text_has(&text, name);
}

bool og_sq_text_renames(const struct og_sq_text *text)
{
    for (size_t i = 0; i < text->lex.n_tokens; i++)
        if (is_word(&text->lex, text->sql, i, "RENAME") &&
            is_word(&text->lex, text->sql, skip(&text->lex, i + 1), "TO"))
            return true;
    return false;
}

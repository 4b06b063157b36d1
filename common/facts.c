/* SPDX-License-Identifier: MIT */
#include "common/facts.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *word;
    bool changes;
} effect_rows[OG_EFFECT_COUNT] = {
#define EFFECT(name, word, changes, text) [OG_EFFECT_##name] = {word, changes},
#include "common/effect.tbl.h"
#undef EFFECT
};

static const struct {
    const char *word;
    const char *instead;
} use_rows[OG_USE_COUNT] = {
#define USE(name, word, instead) [OG_USE_##name] = {word, instead},
#include "common/use.tbl.h"
#undef USE
};

static const char *const kind_words[OG_OBJECT_KIND_COUNT] = {
    [OG_OBJECT_TABLE] = "table",
    [OG_OBJECT_VIEW] = "view",
    [OG_OBJECT_MATERIALISED_VIEW] = "materialised view",
    [OG_OBJECT_SEQUENCE] = "sequence",
    [OG_OBJECT_INDEX] = "index",
    [OG_OBJECT_FUNCTION] = "function",
    [OG_OBJECT_SCHEMA] = "schema",
    [OG_OBJECT_TRIGGER] = "trigger",
    [OG_OBJECT_SETTING] = "setting",
    [OG_OBJECT_DATABASE] = "database",
    [OG_OBJECT_OTHER] = "object",
};

void og_facts_init(struct og_facts *facts, struct og_arena *arena, enum og_dialect dialect)
{
    *facts = (struct og_facts){
        .arena = arena,
        .dialect = dialect,
        .kind = "UNKNOWN",
        .refusal.position = SIZE_MAX,
    };
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static bool is_same_object(const struct og_object *a, const struct og_object *b)
{
    return a->kind == b->kind && a->is_temporary == b->is_temporary &&
           strcmp(a->schema, or_empty(b->schema)) == 0 && strcmp(a->name, or_empty(b->name)) == 0;
}

size_t og_facts_object(struct og_facts *facts, const struct og_object *object)
{
    struct og_object *added;

    for (size_t i = 0; i < facts->n_objects; i++)
        if (is_same_object(&facts->objects[i], object))
            return i;
    added = og_arena_push(facts->arena, &facts->objects, &facts->n_objects, &facts->max_objects,
                          sizeof(*added));
    if (!added)
        return SIZE_MAX;
    *added = *object;
    added->schema = og_arena_strdup(facts->arena, or_empty(object->schema));
    added->name = og_arena_strdup(facts->arena, or_empty(object->name));
    if (!added->schema || !added->name) {
        facts->n_objects--;
        return SIZE_MAX;
    }
    return facts->n_objects - 1;
}

size_t og_facts_column(struct og_facts *facts, const struct og_fact_column *column)
{
    struct og_fact_column *added;

    if (column->object >= facts->n_objects)
        return SIZE_MAX;
    for (size_t i = 0; i < facts->n_columns; i++)
        if (facts->columns[i].object == column->object &&
            strcmp(facts->columns[i].name, column->name) == 0)
            return i;
    added = og_arena_push(facts->arena, &facts->columns, &facts->n_columns, &facts->max_columns,
                          sizeof(*added));
    if (!added)
        return SIZE_MAX;
    *added = *column;
    added->name = og_arena_strdup(facts->arena, column->name);
    if (!added->name) {
        facts->n_columns--;
        return SIZE_MAX;
    }
    return facts->n_columns - 1;
}

void og_facts_effect(struct og_facts *facts, enum og_effect effect, size_t object)
{
    struct og_fact_effect *added;

    for (size_t i = 0; i < facts->n_effects; i++)
        if (facts->effects[i].effect == effect && facts->effects[i].object == object)
            return;
    added = og_arena_push(facts->arena, &facts->effects, &facts->n_effects, &facts->max_effects,
                          sizeof(*added));
    if (added)
        *added = (struct og_fact_effect){.effect = effect, .object = object};
}

void og_facts_use(struct og_facts *facts, size_t column, enum og_use use, size_t position,
                  bool is_beside_full_key)
{
    struct og_fact_use *added;

    if (column >= facts->n_columns)
        return;
    for (size_t i = 0; i < facts->n_uses; i++)
        if (facts->uses[i].column == column && facts->uses[i].use == use &&
            facts->uses[i].is_beside_full_key == is_beside_full_key &&
            !facts->uses[i].n_equalities)
            return;
    added = og_arena_push(facts->arena, &facts->uses, &facts->n_uses, &facts->max_uses,
                          sizeof(*added));
    if (added)
        *added = (struct og_fact_use){.column = column,
                                      .use = use,
                                      .position = position,
                                      .is_beside_full_key = is_beside_full_key};
}

void og_facts_equality(struct og_facts *facts, size_t column, size_t marker)
{
    struct og_fact_use *added;

    if (column >= facts->n_columns)
        return;
    for (size_t i = 0; i < facts->n_uses; i++)
        if (facts->uses[i].column == column && facts->uses[i].n_equalities) {
            facts->uses[i].n_equalities++;
            facts->uses[i].marker = 0;
            return;
        }
    added = og_arena_push(facts->arena, &facts->uses, &facts->n_uses, &facts->max_uses,
                          sizeof(*added));
    if (added)
        *added = (struct og_fact_use){
            .column = column, .use = OG_USE_FILTER, .position = SIZE_MAX, .n_equalities = 1,
            .marker = marker};
}

void og_facts_write(struct og_facts *facts, size_t column)
{
    struct og_fact_write *added;

    if (column >= facts->n_columns)
        return;
    for (size_t i = 0; i < facts->n_writes; i++)
        if (facts->writes[i].column == column)
            return;
    added = og_arena_push(facts->arena, &facts->writes, &facts->n_writes, &facts->max_writes,
                          sizeof(*added));
    if (added)
        added->column = column;
}

void og_facts_function(struct og_facts *facts, const struct og_fact_function *function)
{
    struct og_fact_function *added;

    for (size_t i = 0; i < facts->n_functions; i++)
        if (strcmp(facts->functions[i].name, function->name) == 0 &&
            strcmp(facts->functions[i].schema, or_empty(function->schema)) == 0)
            return;
    added = og_arena_push(facts->arena, &facts->functions, &facts->n_functions,
                          &facts->max_functions, sizeof(*added));
    if (!added)
        return;
    *added = *function;
    added->schema = og_arena_strdup(facts->arena, or_empty(function->schema));
    added->name = og_arena_strdup(facts->arena, function->name);
    if (!added->schema || !added->name)
        facts->n_functions--;
}

void og_facts_result(struct og_facts *facts, const struct og_fact_result *result)
{
    struct og_fact_result *added = og_arena_push(facts->arena, &facts->results, &facts->n_results,
                                                 &facts->max_results, sizeof(*added));

    if (!added)
        return;
    *added = *result;
    added->label = og_arena_strdup(facts->arena, or_empty(result->label));
    added->sources =
        og_arena_array(facts->arena, result->n_sources + 1, sizeof(*added->sources));
    if (!added->label || !added->sources) {
        facts->n_results--;
        return;
    }
    if (result->n_sources)
        memcpy(added->sources, result->sources, result->n_sources * sizeof(*added->sources));
}

void og_facts_refuse(struct og_facts *facts, size_t position, const char *what,
                     const char *instead)
{
    if (facts->refusal.what)
        return;
    facts->refusal.what = og_arena_strdup(facts->arena, what);
    facts->refusal.instead = og_arena_strdup(facts->arena, instead);
    facts->refusal.position = position;
    if (!facts->refusal.what)
        facts->refusal.what = "a statement too large to analyse";
}

void og_facts_refusef(struct og_facts *facts, size_t position, const char *instead,
                      const char *format, ...)
{
    va_list args;
    char *what;

    if (facts->refusal.what)
        return;
    va_start(args, format);
    what = og_arena_vprintf(facts->arena, format, args);
    va_end(args);
    og_facts_refuse(facts, position, what ? what : "a statement too large to analyse", instead);
}

const char *og_effect_word(enum og_effect effect)
{
    return effect < OG_EFFECT_COUNT ? effect_rows[effect].word : "unknown";
}

bool og_effect_changes(enum og_effect effect)
{
    return effect >= OG_EFFECT_COUNT || effect_rows[effect].changes;
}

enum og_effect og_effect_from_word(const char *word)
{
    for (size_t i = 0; i < OG_EFFECT_COUNT; i++)
        if (strcmp(effect_rows[i].word, word) == 0)
            return (enum og_effect)i;
    return OG_EFFECT_COUNT;
}

const char *og_use_word(enum og_use use)
{
    return use < OG_USE_COUNT ? use_rows[use].word : "unknown";
}

const char *og_use_instead(enum og_use use)
{
    return use < OG_USE_COUNT ? use_rows[use].instead : "leave the column out";
}

const char *og_object_kind_word(enum og_object_kind kind)
{
    return kind < OG_OBJECT_KIND_COUNT ? kind_words[kind] : "object";
}

const char *og_dialect_word(enum og_dialect dialect)
{
    static const char *const words[] = {"unknown", "postgresql", "sqlite"};

    return dialect <= OG_DIALECT_SQLITE ? words[dialect] : words[0];
}

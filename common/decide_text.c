/* SPDX-License-Identifier: MIT */
/* Sentences about a decision, for a person and for a model. */
#include "common/decide_parts.h"
#include "common/measured.h"

#include <string.h>

static const char *const use_texts[OG_USE_COUNT] = {
    [OG_USE_FILTER] = "to filter",
    [OG_USE_JOIN] = "to join",
    [OG_USE_GROUP] = "in GROUP BY",
    [OG_USE_HAVING] = "in HAVING",
    [OG_USE_ORDER] = "in ORDER BY",
    [OG_USE_DISTINCT] = "in DISTINCT",
    [OG_USE_LIMIT] = "in LIMIT",
    [OG_USE_WINDOW] = "in a window",
    [OG_USE_AGGREGATE] = "in an aggregate",
    [OG_USE_CONDITION] = "in a condition",
    [OG_USE_SET_OP] = "in a set operation that compares rows",
    [OG_USE_ARGUMENT] = "as an argument of a function",
    [OG_USE_FALLIBLE] = "in an expression that could fail",
    [OG_USE_ROW_COUNT] = "to decide how many rows there are",
    [OG_USE_WHOLE_ROW] = "as part of a whole row",
    [OG_USE_STORE] = "as a value stored elsewhere",
    [OG_USE_CONFLICT] = "as a conflict target",
    [OG_USE_EXPLAIN] = "in a statement that is explained",
};

const char *og_decide_use_text(enum og_use use)
{
    if ((unsigned)use < OG_USE_COUNT && use_texts[use])
        return use_texts[use];
    return og_use_word(use);
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

const char *og_decide_sentence(const struct og_decide *decide, const char *text)
{
    char *copy = og_arena_strdup(decide->arena, text ? text : "");

    if (!copy)
        return "";
    *copy = upper(*copy);
    return copy;
}

const char *og_decide_refusal_text(const struct og_decide *decide)
{
    const struct og_refusal *refusal = &decide->facts->refusal;

    if (refusal->position == SIZE_MAX)
        return og_arena_printf(decide->arena, "this statement is not understood: %s",
                               refusal->what);
    return og_arena_printf(decide->arena, "this statement is not understood: %s, at byte %zu",
                           refusal->what, refusal->position);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

const char *og_decide_object_name(const struct og_decide *decide, const struct og_object *object)
{
    if (!object)
        return "";
    if (!object->schema || !*object->schema)
        return or_empty(og_arena_strdup(decide->arena, or_empty(object->name)));
    return or_empty(og_arena_join(decide->arena, object->schema, ".", object->name, NULL));
}

const char *og_decide_object_text(const struct og_decide *decide, const struct og_object *object)
{
    if (object && object->schema && strcmp(object->schema, "main") != 0 &&
        strcmp(object->schema, "public") != 0)
        return og_decide_object_name(decide, object);
    return object ? or_empty(object->name) : "";
}

/* Effects that take their object without "on": SET search_path, CALL refresh. */
static bool is_direct(enum og_effect effect)
{
    return effect == OG_EFFECT_SET || effect == OG_EFFECT_PRAGMA || effect == OG_EFFECT_CALL ||
           effect == OG_EFFECT_ATTACH || effect == OG_EFFECT_LISTEN ||
           effect == OG_EFFECT_TRUNCATE;
}

const char *og_decide_pair_text(const struct og_decide *decide, const struct og_pair *pair)
{
    const char *kind = or_empty(decide->facts->kind), *text;
    const char *word = og_effect_word(pair->effect);
    const char *object = og_decide_object_text(decide, pair->object);
    char *effect = og_arena_strdup(decide->arena, word);
    size_t n = strlen(word);
    bool is_kind;

    if (!effect)
        return "this statement";
    for (char *c = effect; *c; c++)
        *c = upper(*c);
    is_kind = strncmp(kind, effect, n) == 0 && (!kind[n] || kind[n] == ' ');
    if (!*object)
        return *kind && (is_kind || pair->needs_no_rule) ? kind : effect;
    if (is_kind && (pair->effect == OG_EFFECT_DROP || pair->effect == OG_EFFECT_CREATE ||
                    pair->effect == OG_EFFECT_ALTER || is_direct(pair->effect)))
        text = og_arena_join(decide->arena, kind, " ", object, NULL);
    else
        text = og_arena_join(decide->arena, effect, is_direct(pair->effect) ? " " : " on ", object, NULL);
    return text ? text : "this statement";
}

/* Only where the statement writes one table are all its rows known to be of that one. */
static bool is_only_write(const struct og_decide *decide, const struct og_object *object)
{
    const struct og_facts *facts = decide->facts;

    for (size_t i = 0; i < facts->n_effects; i++)
        if (og_effect_changes(facts->effects[i].effect) &&
            facts->effects[i].object < facts->n_objects &&
            &facts->objects[facts->effects[i].object] != object)
            return false;
    return true;
}

const char *og_decide_rows_text(const struct og_decide *decide, const struct og_policy *policy,
                                const struct og_rule *rule, const struct og_pair *pair)
{
    char rows[32], bound[32];
    bool has_table = pair->object && is_only_write(decide, pair->object);

    return og_arena_printf(decide->arena, "would change %s %s%s%s; rule %s/%s allows %s",
                           og_measured_digits(decide->input->measured_rows, rows),
                           decide->input->measured_rows == 1 ? "row" : "rows",
                           has_table ? " of " : "",
                           has_table ? og_decide_object_text(decide, pair->object) : "",
                           policy->name, rule->id, og_measured_digits(rule->rows_over, bound));
}

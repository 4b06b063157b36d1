/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/cvalue.h"
#include "driver/guard.h"

/* 16 MiB of a session that reads millions of masked numbers. */
#define MAX_SLOTS (2u * 1024u * 1024u)
#define FIRST_SLOTS 1024u

/* FNV-1a, 64 bits. */
#define HASH_START 0xcbf29ce484222325u
#define HASH_PRIME 0x100000001b3u

static uint64_t hash(uint64_t state, const char *text)
{
    for (; *text; text++)
        state = (state ^ (unsigned char)*text) * HASH_PRIME;
    return (state ^ 0xffu) * HASH_PRIME;
}

void og_issued_init(struct og_issued *issued)
{
    *issued = (struct og_issued){.slots = NULL};
    (void)pthread_mutex_init(&issued->lock, NULL);
}

void og_issued_release(struct og_issued *issued)
{
    free(issued->slots);
    (void)pthread_mutex_destroy(&issued->lock);
}

uint64_t og_issued_column_key(const struct og_facts *facts, size_t column)
{
    const struct og_object *object = &facts->objects[facts->columns[column].object];

    return hash(hash(hash(HASH_START, object->schema), object->name), facts->columns[column].name);
}

uint64_t og_issued_key(const struct og_facts *facts, size_t result, size_t source)
{
    const struct og_fact_result *r = &facts->results[result];

    return source < r->n_sources ? og_issued_column_key(facts, r->sources[source].column) : 0;
}

/* ---- the set ---- */

static uint64_t *find_slot(uint64_t *slots, size_t n_slots, uint64_t value)
{
    size_t at = (size_t)value & (n_slots - 1);

    while (slots[at] && slots[at] != value)
        at = (at + 1) & (n_slots - 1);
    return &slots[at];
}

static bool grow(struct og_issued *issued)
{
    size_t n = issued->n_slots ? 2 * issued->n_slots : FIRST_SLOTS;
    uint64_t *slots = n > MAX_SLOTS ? NULL : calloc(n, sizeof(*slots));

    if (!slots)
        return false;
    for (size_t i = 0; i < issued->n_slots; i++)
        if (issued->slots[i])
            *find_slot(slots, n, issued->slots[i]) = issued->slots[i];
    free(issued->slots);
    issued->slots = slots;
    issued->n_slots = n;
    return true;
}

static void set_add(struct og_issued *issued, uint64_t value)
{
    uint64_t *slot;

    (void)pthread_mutex_lock(&issued->lock);
    if (!issued->is_full && 2 * issued->n_used >= issued->n_slots)
        issued->is_full = !grow(issued);
    if (!issued->is_full) {
        slot = find_slot(issued->slots, issued->n_slots, value);
        issued->n_used += *slot == 0;
        *slot = value;
    }
    (void)pthread_mutex_unlock(&issued->lock);
}

static bool set_has(struct og_issued *issued, uint64_t value)
{
    bool has;

    (void)pthread_mutex_lock(&issued->lock);
    has = issued->is_full ||
          (issued->n_slots && *find_slot(issued->slots, issued->n_slots, value) == value);
    (void)pthread_mutex_unlock(&issued->lock);
    return has;
}

/* ---- values ---- */

/* Whether the mask gives what it shows back unchanged, and hardly anything else. */
static bool is_text_mask(const struct og_mask *mask)
{
    return mask->kind == OG_MASK_FIXED || mask->kind == OG_MASK_PARTIAL;
}

/* One form for every way of writing the same number or day. text NULL: NULL. */
static uint64_t value_hash(uint64_t key, const struct og_mask *mask, const char *text)
{
    char plain[64];

    if (!text)
        return hash(key, "\x01null");
    if (mask->kind != OG_MASK_ROUND && mask->kind != OG_MASK_TRUNCATE_DATE)
        return hash(key, text);
    if (mask->kind == OG_MASK_ROUND)
        (void)snprintf(plain, sizeof(plain), "%.12g", strtod(text, NULL));
    else
        (void)snprintf(plain, sizeof(plain), "%.10s", text);
    return hash(key, plain);
}

void og_issued_add(struct og_guard_stmt *stmt, size_t result, const char *text)
{
    const struct og_guard_column *plan = &stmt->columns[result];

    if (is_text_mask(&plan->mask))
        return;
    for (size_t i = 0; i < stmt->facts.results[result].n_sources; i++)
        set_add(&stmt->dbc->issued,
                value_hash(i ? og_issued_key(&stmt->facts, result, i) : plan->key, &plan->mask,
                           text));
}

/* Whether the value is what the mask shows. text NULL: NULL. */
static bool is_shown(struct og_guard_dbc *dbc, const struct og_mask *mask, enum og_type_class type,
                     uint64_t key, const char *text, size_t n_bytes)
{
    struct og_buf masked;
    bool is_null = true, is_same;

    if (mask->kind == OG_MASK_SQL_NULL ? text != NULL : text == NULL)
        return false;
    if (!is_text_mask(mask))
        return set_has(&dbc->issued, value_hash(key, mask, text));
    og_buf_init(&masked, OG_MAX_MASKED_VALUE_BYTES);
    is_same = n_bytes && (og_mask_apply(mask, type, text, n_bytes, 0, &masked, &is_null) < 0 ||
                          (!is_null && masked.n_bytes == n_bytes &&
                           memcmp(og_buf_str(&masked), text, n_bytes) == 0));
    og_buf_wipe(&masked);
    return is_same;
}

bool og_masked_may_store(struct og_guard_stmt *stmt, const struct og_rowset *rowset,
                         const struct og_guard_binding *binding, SQLULEN row, bool is_new)
{
    const struct og_guard_column *plan = &stmt->columns[binding->column - 1];
    SQLLEN n_cell = og_cvalue_bytes(binding->c_type);
    const SQLLEN *length = og_rowset_cell(rowset, binding->length, row, sizeof(SQLLEN));
    const void *data =
        og_rowset_cell(rowset, binding->data, row, n_cell ? n_cell : binding->max_bytes);
    struct og_buf text;
    bool may = false;

    if (length && *length == SQL_COLUMN_IGNORE)
        return true;
    if (length && *length == SQL_NULL_DATA)
        return is_new || !is_shown(stmt->dbc, &plan->mask, plan->type, plan->key, NULL, 0);
    og_buf_init(&text, OG_MAX_MASKED_VALUE_BYTES);
    if (data && og_cvalue_text(binding->c_type, data, binding->max_bytes, length, &text))
        may = !is_shown(stmt->dbc, &plan->mask, plan->type, plan->key, og_buf_str(&text),
                        text.n_bytes);
    og_buf_wipe(&text);
    return may; /* what cannot be read beforehand may be anything */
}

/* ---- parameters of statements ---- */

/* The column that a marker is written to: known, none of the written ones, or not known. */
struct target {
    enum { TARGET_UNKNOWN = 0, TARGET_COLUMN, TARGET_OTHER } kind;
    const char *name;
    size_t n_bytes;
};

static bool is_word(const struct og_guard_stmt *stmt, const struct og_token *token,
                    const char *word)
{
    return token->kind == OG_TOKEN_WORD && strlen(word) == token->n_bytes &&
           strncasecmp(stmt->text.utf8 + token->position, word, token->n_bytes) == 0;
}

static bool is_mark(const struct og_guard_stmt *stmt, const struct og_token *token, char mark)
{
    return token->kind == OG_TOKEN_OPERATOR && token->n_bytes == 1 &&
           stmt->text.utf8[token->position] == mark;
}

static int depth_step(const struct og_guard_stmt *stmt, const struct og_token *token)
{
    return is_mark(stmt, token, '(') - is_mark(stmt, token, ')');
}

/* Markers of UPDATE: `column = ?` as a whole assignment between SET and WHERE. */
static void aim_update(const struct og_guard_stmt *stmt, const struct og_token *tokens, size_t n,
                       struct target *targets)
{
    bool is_set = false, is_over = false;
    size_t marker = 0;
    int depth = 0;

    for (size_t i = 0; i < n; i++) {
        depth += depth_step(stmt, &tokens[i]);
        is_set |= is_word(stmt, &tokens[i], "SET");
        is_over |= is_set && is_word(stmt, &tokens[i], "WHERE");
        if (tokens[i].kind != OG_TOKEN_MARKER)
            continue;
        if (is_over)
            targets[marker].kind = TARGET_OTHER;
        else if (is_set && depth == 0 && i >= 3 && is_mark(stmt, &tokens[i - 1], '=') &&
                 (is_word(stmt, &tokens[i - 3], "SET") || is_mark(stmt, &tokens[i - 3], ',')) &&
                 (i + 1 == n || is_mark(stmt, &tokens[i + 1], ',') ||
                  is_word(stmt, &tokens[i + 1], "WHERE")))
            targets[marker] = (struct target){TARGET_COLUMN,
                                              stmt->text.utf8 + tokens[i - 2].position,
                                              tokens[i - 2].n_bytes};
        marker++;
    }
}

/* The name at a place of the list of columns: names and commas take turns behind the parenthesis. */
static const struct og_token *listed(const struct og_guard_stmt *stmt, const struct og_token *tokens,
                                     size_t open, size_t values, size_t place)
{
    size_t at = open + 1 + 2 * place;

    return at < values && !is_mark(stmt, &tokens[at], ')') ? &tokens[at] : NULL;
}

/* Markers of INSERT INTO table (columns) VALUES (...), (...): each a value by itself. */
static void aim_insert(const struct og_guard_stmt *stmt, const struct og_token *tokens, size_t n,
                       struct target *targets)
{
    size_t open = 0, values = 0, marker = 0, place = 0;
    int depth = 0;

    while (open < n && !is_mark(stmt, &tokens[open], '('))
        open++;
    for (values = open; values < n && !is_word(stmt, &tokens[values], "VALUES"); values++)
        ;
    for (size_t i = 0; i < n; i++) {
        const struct og_token *name;

        depth += i > values ? depth_step(stmt, &tokens[i]) : 0;
        if (depth == 0)
            place = 0;
        else if (i > values && depth == 1 && is_mark(stmt, &tokens[i], ','))
            place++;
        if (tokens[i].kind != OG_TOKEN_MARKER)
            continue;
        name = i > values && depth == 1 ? listed(stmt, tokens, open, values, place) : NULL;
        if (name && i + 1 < n &&
            (is_mark(stmt, &tokens[i - 1], ',') || is_mark(stmt, &tokens[i - 1], '(')) &&
            (is_mark(stmt, &tokens[i + 1], ',') || is_mark(stmt, &tokens[i + 1], ')')))
            targets[marker] = (struct target){TARGET_COLUMN, stmt->text.utf8 + name->position,
                                              name->n_bytes};
        marker++;
    }
}

static void aim(struct og_guard_stmt *stmt, struct target *targets)
{
    struct og_token *tokens = og_arena_array(&stmt->verdict_arena, stmt->lex.n_tokens + 1,
                                             sizeof(*tokens));
    size_t n = 0;

    for (size_t i = 0; tokens && i < stmt->lex.n_tokens; i++)
        if (stmt->lex.tokens[i].kind != OG_TOKEN_SPACE &&
            stmt->lex.tokens[i].kind != OG_TOKEN_COMMENT)
            tokens[n++] = stmt->lex.tokens[i];
    if (n && is_word(stmt, &tokens[0], "UPDATE"))
        aim_update(stmt, tokens, n, targets);
    else if (n && is_word(stmt, &tokens[0], "INSERT"))
        aim_insert(stmt, tokens, n, targets);
}

static bool is_named(const struct target *target, const char *column)
{
    const char *name = target->name;
    size_t n = target->n_bytes;

    if (n >= 2 && (name[0] == '"' || name[0] == '`' || name[0] == '[')) {
        name++;
        n -= 2;
    }
    return strlen(column) == n && strncasecmp(name, column, n) == 0;
}

/* Whether some value of the parameter is what the column's mask shows. */
static bool is_param_shown(struct og_guard_stmt *stmt, size_t number, const struct og_mask *mask,
                           size_t column)
{
    bool is_found = false;

    for (SQLULEN set = 0; set < og_params_sets(&stmt->params) && !is_found; set++) {
        struct og_buf text;
        bool is_null = false;

        og_buf_init(&text, OG_MAX_MASKED_VALUE_BYTES);
        if (og_params_text(&stmt->params, number, set, &text, &is_null))
            is_found = is_shown(stmt->dbc, mask, stmt->facts.columns[column].type,
                                og_issued_column_key(&stmt->facts, column),
                                is_null ? NULL : og_buf_str(&text), text.n_bytes);
        og_buf_wipe(&text);
    }
    return is_found;
}

/* The mask of a base column that the statement names, as the policies in force have it. */
static bool column_mask(struct og_guard_stmt *stmt, size_t column, struct og_mask *out)
{
    const struct og_object *object = &stmt->facts.objects[stmt->facts.columns[column].object];
    const struct og_client_session *session;
    struct og_policy_set *set;
    struct og_client_error error;
    uint64_t generation;
    struct og_target target = {.name = stmt->dbc->conf->target_name, .dialect = stmt->dbc->dialect};
    struct og_decide_input input = {.target = &target, .facts = &stmt->facts};

    if (og_client_begin(stmt->dbc->client, &session, &set, &generation, &error) < 0)
        return false; /* the call itself fails next */
    target.labels = session->target_labels;
    target.n_labels = session->n_target_labels;
    input.set = set;
    input.chain = session->chain;
    input.placement = stmt->dbc->conf->is_broker ? OG_PLACEMENT_BROKER : OG_PLACEMENT_INLINE;
    return og_decide_column_mask(&input, object->schema, object->name,
                                 stmt->facts.columns[column].name, out);
}

/* A new row that leaves no old one behind may have any NULL. */
static bool only_adds(const struct og_facts *facts)
{
    for (size_t i = 0; i < facts->n_effects; i++)
        if (facts->effects[i].effect != OG_EFFECT_INSERT &&
            og_effect_changes(facts->effects[i].effect))
            return false;
    return true;
}

static bool is_column_shown(struct og_guard_stmt *stmt, size_t column, const struct target *targets)
{
    struct og_mask mask;

    if (!column_mask(stmt, column, &mask) ||
        (mask.kind == OG_MASK_SQL_NULL && only_adds(&stmt->facts)))
        return false;
    for (size_t i = 0; i < stmt->lex.n_markers; i++) {
        bool is_it = targets[i].kind == TARGET_COLUMN &&
                     is_named(&targets[i], stmt->facts.columns[column].name);

        /* Where a marker goes is not always known; masked text is known by its look anywhere. */
        if (!og_opaque_is_taken(stmt, i + 1) &&
            (is_it || (targets[i].kind == TARGET_UNKNOWN && is_text_mask(&mask))) &&
            is_param_shown(stmt, i + 1, &mask, column))
            return true;
    }
    return false;
}

static struct target *find_targets(struct og_guard_stmt *stmt)
{
    struct target *targets = og_arena_array(&stmt->verdict_arena, stmt->lex.n_markers,
                                            sizeof(*targets));

    if (!targets)
        return NULL;
    memset(targets, 0, stmt->lex.n_markers * sizeof(*targets));
    aim(stmt, targets);
    return targets;
}

size_t og_masked_target(struct og_guard_stmt *stmt, size_t marker)
{
    const struct target *targets = find_targets(stmt);
    struct og_mask mask;

    if (!targets || targets[marker - 1].kind != TARGET_COLUMN)
        return SIZE_MAX;
    for (size_t i = 0; i < stmt->facts.n_writes; i++) {
        size_t column = stmt->facts.writes[i].column;

        if (stmt->verdict.masked_columns[column] &&
            is_named(&targets[marker - 1], stmt->facts.columns[column].name) &&
            column_mask(stmt, column, &mask) && mask.kind == OG_MASK_HANDLE)
            return column;
    }
    return SIZE_MAX;
}

SQLRETURN og_masked_check_params(struct og_guard_stmt *stmt)
{
    struct target *targets;

    if (!stmt->verdict.masked_columns || !stmt->lex.n_markers || stmt->verdict.is_data_observed)
        return SQL_SUCCESS;
    targets = find_targets(stmt);
    if (!targets)
        return og_gate_refuse(stmt, "masked", "Out of memory");
    for (size_t i = 0; i < stmt->facts.n_writes; i++) {
        size_t column = stmt->facts.writes[i].column;

        if (stmt->verdict.masked_columns[column] && is_column_shown(stmt, column, targets))
            return og_gate_refuse(
                stmt, "masked",
                og_arena_printf(&stmt->verdict_arena,
                                "A parameter is what the mask of column %s shows, not a value of its "
                                "own. Leave the column out of the statement, or send a new value",
                                stmt->facts.columns[column].name));
    }
    return SQL_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/* What the guard tells guardfs about a statement: facts and verdict as lists of words, the text with
 * its constants redacted, digests of what must be bound. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/hash.h"
#include "driver/guard.h"

/* Items of one list in a record; what is beyond is counted in its last item. */
#define MAX_ITEMS 200u

/* An empty list takes no memory: most are. */
struct items {
    struct og_arena *arena;
    const char **list;
    size_t n, max, n_dropped;
};

static void items_init(struct items *items, struct og_arena *arena)
{
    *items = (struct items){.arena = arena};
}

static void items_push(struct items *items, const char *text)
{
    const char **at = text ? og_arena_push(items->arena, &items->list, &items->n, &items->max, sizeof(*at))
                           : NULL;

    if (at)
        *at = text;
}

static void items_add(struct items *items, const char *text)
{
    if (items->n == MAX_ITEMS)
        items->n_dropped++;
    else
        items_push(items, text);
}

static struct og_list items_done(struct items *items)
{
    if (items->n_dropped)
        items_push(items, og_arena_printf(items->arena, "(%zu more)", items->n_dropped));
    return (struct og_list){.items = items->list, .n_items = items->n};
}

static const char *object_name(const struct og_facts *facts, size_t index, struct og_arena *arena)
{
    const struct og_object *object = &facts->objects[index];

    if (!object->schema[0])
        return object->name;
    return og_arena_join(arena, object->schema, ".", object->name, NULL);
}

static struct og_list list_effects(const struct og_facts *facts, struct og_arena *arena)
{
    struct items items;

    items_init(&items, arena);
    for (size_t i = 0; i < facts->n_effects; i++) {
        const struct og_fact_effect *effect = &facts->effects[i];

        if (effect->object >= facts->n_objects)
            items_add(&items, og_effect_word(effect->effect));
        else
            items_add(&items,
                      og_arena_join(arena, og_effect_word(effect->effect), " ",
                                    og_object_kind_word(facts->objects[effect->object].kind), " ",
                                    object_name(facts, effect->object, arena), NULL));
    }
    return items_done(&items);
}

/* "write public.customers.email filter": with words before and behind, or "". */
static const char *column_text(const struct og_facts *facts, size_t index, const char *before,
                               const char *behind, struct og_arena *arena)
{
    const struct og_fact_column *column = &facts->columns[index];
    const struct og_object *object = &facts->objects[column->object];

    return og_arena_join(arena, before, object->schema, object->schema[0] ? "." : "", object->name, ".",
                         column->name, behind, NULL);
}

static const char *use_text(const struct og_facts *facts, const struct og_fact_use *use,
                            struct og_arena *arena)
{
    return og_arena_join(arena, column_text(facts, use->column, "", " ", arena), og_use_word(use->use), NULL);
}

static struct og_list list_columns(const struct og_facts *facts, struct og_arena *arena)
{
    struct items items;

    items_init(&items, arena);
    for (size_t i = 0; i < facts->n_results; i++)
        for (size_t s = 0; s < facts->results[i].n_sources; s++) {
            const struct og_fact_source *source = &facts->results[i].sources[s];

            items_add(&items, column_text(facts, source->column, "",
                                          source->is_copied ? " output" : " derived output", arena));
        }
    for (size_t i = 0; i < facts->n_uses; i++)
        items_add(&items, use_text(facts, &facts->uses[i], arena));
    for (size_t i = 0; i < facts->n_writes; i++)
        items_add(&items, column_text(facts, facts->writes[i].column, "", " write", arena));
    return items_done(&items);
}

static struct og_list list_functions(const struct og_facts *facts, struct og_arena *arena)
{
    struct items items;

    items_init(&items, arena);
    for (size_t i = 0; i < facts->n_functions; i++)
        items_add(&items,
                  facts->functions[i].schema[0]
                      ? og_arena_join(arena, facts->functions[i].schema, ".", facts->functions[i].name, NULL)
                      : facts->functions[i].name);
    return items_done(&items);
}

static struct og_list list_settings(const struct og_guard_stmt *stmt, struct og_arena *arena)
{
    struct items items;

    items_init(&items, arena);
    items_add(&items, stmt->dbc->is_autocommit ? "autocommit=on" : "autocommit=off");
    if (stmt->dbc->dialect == OG_DIALECT_POSTGRESQL)
        items_add(&items, stmt->dbc->has_conforming_strings ? "standard_conforming_strings=on"
                                                            : "standard_conforming_strings=off");
    if (stmt->dbc->search_path_setting)
        items_add(&items, stmt->dbc->search_path_setting);
    return items_done(&items);
}

static struct og_list list_matched(const struct og_verdict *verdict, struct og_arena *arena)
{
    struct items items;

    items_init(&items, arena);
    for (size_t i = 0; i < verdict->n_matched; i++)
        items_add(&items, og_arena_join(arena, verdict->matched[i].policy, "/", verdict->matched[i].rule,
                                        NULL));
    return items_done(&items);
}

static struct og_list list_masked(const struct og_guard_stmt *stmt, struct og_arena *arena)
{
    struct items items;

    items_init(&items, arena);
    for (size_t i = 0; i < stmt->verdict.n_masks && i < stmt->facts.n_results; i++)
        if (og_mask_is_plan(&stmt->verdict.masks[i]))
            items_add(&items, stmt->facts.results[i].label);
    return items_done(&items);
}

void og_record_keep(struct og_guard_stmt *stmt)
{
    stmt->kept.matched = list_matched(&stmt->verdict, &stmt->verdict_arena);
    stmt->kept.masked = list_masked(stmt, &stmt->verdict_arena);
}

struct og_list og_record_unmasked(const struct og_guard_stmt *stmt, struct og_arena *arena)
{
    const struct og_facts *facts = &stmt->facts;
    struct items items;

    items_init(&items, arena);
    for (size_t i = 0; i < stmt->verdict.n_masks && i < facts->n_results; i++)
        for (size_t s = 0; og_mask_is_plan(&stmt->verdict.masks[i]) && s < facts->results[i].n_sources; s++)
            items_add(&items, column_text(facts, facts->results[i].sources[s].column, "", "", arena));
    return items_done(&items);
}

static const char *summarise(const struct og_facts *facts, struct og_arena *arena)
{
    for (size_t i = 0; i < facts->n_effects; i++)
        if (facts->effects[i].object < facts->n_objects)
            return og_arena_join(arena, facts->kind, " ", facts->objects[facts->effects[i].object].name,
                                 NULL);
    return facts->kind;
}

/* The redacted text; nothing of a text that was not understood. */
static const char *redact(const struct og_guard_stmt *stmt, struct og_arena *arena, bool *is_cut)
{
    struct og_buf out;
    const char *text;

    *is_cut = false;
    if (!stmt->text.utf8 || stmt->facts.refusal.what)
        return "";
    og_buf_init(&out, 16u * 1024u);
    og_lex_redact(&stmt->lex, stmt->text.utf8, &out);
    *is_cut = og_buf_is_failed(&out);
    text = og_arena_strdup(arena, og_buf_str(&out));
    og_buf_release(&out);
    return text;
}

static struct og_bytes digest_text(const struct og_guard_stmt *stmt, struct og_arena *arena)
{
    uint8_t *digest = og_arena_alloc(arena, OG_SHA256_BYTES);
    size_t n_bytes;
    const void *bytes = og_guard_text_bytes(&stmt->text, &n_bytes);

    /* A catalog function has no text: it has the digest of nothing. */
    if (!digest || og_hash_sha256(bytes, n_bytes, digest) < 0)
        return (struct og_bytes){0};
    return (struct og_bytes){.bytes = digest, .n_bytes = OG_SHA256_BYTES};
}

int og_record_binding(struct og_guard_stmt *stmt, bool is_shape, uint8_t out[32])
{
    const struct og_guard_dbc *dbc = stmt->dbc;
    struct og_list settings = list_settings(stmt, &stmt->verdict_arena);
    uint8_t tokens[OG_SHA256_BYTES], parameters[OG_SHA256_BYTES];
    struct og_hash_part parts[16];
    const char *why;
    size_t n = 0;
    int r = og_lex_digest(&stmt->lex, stmt->text.utf8, tokens);

    if (r == 0)
        r = og_params_digest(&stmt->params, stmt->lex.n_markers, parameters, &why);
    if (r != 0)
        return r < 0 ? r : -EINVAL;
    parts[n++] = (struct og_hash_part){dbc->conf->target_name, strlen(dbc->conf->target_name)};
    parts[n++] = (struct og_hash_part){tokens, sizeof(tokens)};
    if (is_shape)
        parts[n++] = (struct og_hash_part){"shape", 5};
    else
        parts[n++] = (struct og_hash_part){parameters, sizeof(parameters)};
    parts[n++] = (struct og_hash_part){stmt->policy_digest, strlen(stmt->policy_digest)};
    if (stmt->text.is_unmask)
        parts[n++] = (struct og_hash_part){"unmask", 6};
    for (size_t i = 0; i < settings.n_items && n < OG_COUNT(parts); i++)
        parts[n++] = (struct og_hash_part){settings.items[i], strlen(settings.items[i])};
    return og_hash_parts(parts, n, out);
}

static struct og_bytes digest_parameters(struct og_guard_stmt *stmt, struct og_arena *arena)
{
    uint8_t *digest = og_arena_alloc(arena, OG_SHA256_BYTES);
    const char *why;

    if (!digest ||
        og_params_digest(&stmt->params, stmt->lex.n_markers, digest, &why) != 0)
        return (struct og_bytes){0};
    return (struct og_bytes){.bytes = digest, .n_bytes = OG_SHA256_BYTES};
}

static struct og_bytes bind_grant(struct og_guard_stmt *stmt, struct og_arena *arena)
{
    uint8_t *digest = og_arena_alloc(arena, OG_SHA256_BYTES);

    if (!stmt->grant[0] || !digest || og_record_binding(stmt, stmt->rehearsal.is_shape, digest) < 0)
        return (struct og_bytes){0};
    return (struct og_bytes){.bytes = digest, .n_bytes = OG_SHA256_BYTES};
}

struct og_list og_record_masked_writes(const struct og_guard_stmt *stmt, struct og_arena *arena,
                                       const char *prefix)
{
    const struct og_facts *facts = &stmt->facts;
    struct items items;

    items_init(&items, arena);
    for (size_t i = 0; stmt->verdict.masked_columns && i < facts->n_writes; i++)
        if (stmt->verdict.masked_columns[facts->writes[i].column])
            items_add(&items, column_text(facts, facts->writes[i].column, prefix, "", arena));
    return items_done(&items);
}

static struct og_list list_lookups(const struct og_guard_stmt *stmt, struct og_arena *arena)
{
    struct og_list writes = og_record_masked_writes(stmt, arena, "write ");
    struct items items;

    items_init(&items, arena);
    for (size_t i = 0; i < stmt->verdict.n_lookups; i++)
        items_add(&items,
                  og_arena_printf(arena, "lookup %s", stmt->verdict.lookups[i].column));
    for (size_t i = 0; i < writes.n_items; i++)
        items_add(&items, writes.items[i]);
    return items_done(&items);
}

/* What every record of one text with one set of facts says: made once, for a statement that is executed
 * many times. */
struct parts {
    const char *summary, *text;
    bool is_text_cut;
    struct og_bytes text_sha256;
    struct og_list effects, columns, functions;
};

/* Facts that grow after the first record (they do not, once judged) would make this wrong: it lives and
 * dies with them. Returns: the parts, in the facts' arena; NULL without memory. */
static const struct parts *parts_of(struct og_guard_stmt *stmt)
{
    struct og_arena *arena = &stmt->facts_arena;
    struct parts *parts;
    const char *text;
    bool is_cut;

    if (stmt->facts.record)
        return stmt->facts.record;
    parts = og_arena_alloc(arena, sizeof(*parts));
    if (!parts)
        return NULL;
    text = redact(stmt, arena, &is_cut);
    *parts = (struct parts){
        .summary = summarise(&stmt->facts, arena),
        .text = text,
        .is_text_cut = is_cut,
        .text_sha256 = digest_text(stmt, arena),
        .effects = list_effects(&stmt->facts, arena),
        .columns = list_columns(&stmt->facts, arena),
        .functions = list_functions(&stmt->facts, arena),
    };
    stmt->facts.record = parts;
    return parts;
}

void og_record_intent(struct og_guard_stmt *stmt, struct og_arena *arena, bool is_denied,
                      struct og_msg_intent *out)
{
    static const struct parts none = {.summary = "", .text = ""};
    const struct parts *parts = parts_of(stmt);
    const struct og_verdict *verdict = &stmt->verdict;
    const struct og_guard_kept *kept = stmt->kept.set ? &stmt->kept : NULL;
    size_t n_bytes;

    if (!parts)
        parts = &none;
    (void)og_guard_text_bytes(&stmt->text, &n_bytes);
    *out = (struct og_msg_intent){
        .statement = stmt->id,
        .api = stmt->api,
        .kind = stmt->facts.kind,
        .summary = parts->summary,
        .text = parts->text,
        .text_bytes = n_bytes,
        .text_sha256 = parts->text_sha256,
        .n_parameters = (uint32_t)stmt->lex.n_markers,
        .n_parameter_sets = (uint32_t)og_params_sets(&stmt->params),
        .parameters_sha256 = digest_parameters(stmt, arena),
        .effects = parts->effects,
        .columns = parts->columns,
        .functions = parts->functions,
        .settings = list_settings(stmt, arena),
        .verdict = og_verdict_word(verdict->kind),
        .would_be = verdict->is_observed ? og_verdict_word(verdict->would_be) : "",
        .policy = verdict->policy,
        .rule = verdict->rule,
        .matched = kept ? kept->matched : list_matched(verdict, arena),
        .object = verdict->object,
        .reason = verdict->reason,
        .masked = kept && !stmt->unmasked.n_items ? kept->masked : list_masked(stmt, arena),
        .grant = stmt->grant,
        .binding = bind_grant(stmt, arena),
        .is_denied = is_denied,
        .cursor = "",
        .lookups = list_lookups(stmt, arena),
        .unmasked = stmt->unmasked,
    };
    out->is_text_cut = parts->is_text_cut;
}

static struct og_list list_needs(const struct og_verdict *verdict, struct og_arena *arena)
{
    struct items items;

    items_init(&items, arena);
    for (size_t i = 0; i < verdict->n_needs; i++) {
        const struct og_approval_need *need = &verdict->needs[i];

        items_add(&items, og_arena_printf(arena, "%s/%s %s %u %u", need->policy, need->rule,
                                          need->group, need->count, need->within_s));
    }
    return items_done(&items);
}

static const char *canonical(const struct og_guard_stmt *stmt, struct og_arena *arena)
{
    struct og_buf out;
    const char *text;

    og_buf_init(&out, OG_MAX_REQUEST_BYTES / 2);
    if (stmt->text.is_unmask)
        og_buf_append_str(&out, "odbcguard unmask ");
    og_lex_canonical(&stmt->lex, stmt->text.utf8, &out);
    /* A request that a person cannot read whole is none. */
    text = og_buf_is_failed(&out) ? NULL : og_arena_strdup(arena, og_buf_str(&out));
    og_buf_release(&out);
    return text;
}

/* What every rule that asks bears. */
static struct og_drift drift_of(const struct og_verdict *verdict)
{
    struct og_drift drift = {0};

    for (size_t i = 0; i < verdict->n_needs; i++) {
        const struct og_approval_need *need = &verdict->needs[i];

        if (i == 0 || need->drift_rows < drift.rows)
            drift.rows = need->drift_rows;
        if (i == 0 || need->drift_percent < drift.percent)
            drift.percent = need->drift_percent;
    }
    return drift;
}

int og_record_request(struct og_guard_stmt *stmt, struct og_arena *arena,
                      struct og_msg_request *out)
{
    uint8_t *binding = og_arena_alloc(arena, 2 * OG_SHA256_BYTES);
    const char *text = canonical(stmt, arena);
    struct og_drift drift = drift_of(&stmt->verdict);
    struct og_list parameters = {0};
    int r = binding ? og_record_binding(stmt, false, binding) : -ENOMEM;

    if (r == 0)
        r = og_record_binding(stmt, true, binding + OG_SHA256_BYTES);

    if (r == 0)
        r = og_params_describe(&stmt->params, stmt->lex.n_markers, arena, &parameters);
    if (r < 0)
        return r;
    if (!text)
        return -EMSGSIZE;
    *out = (struct og_msg_request){
        .statement = stmt->id,
        .text = text,
        .kind = stmt->facts.kind,
        .text_sha256 = digest_text(stmt, arena),
        .binding = {.bytes = binding, .n_bytes = OG_SHA256_BYTES},
        .shape = {.bytes = binding + OG_SHA256_BYTES, .n_bytes = OG_SHA256_BYTES},
        .amends = "",
        .amend_refused = "",
        .parameters = parameters,
        .effects = list_effects(&stmt->facts, arena),
        .columns = list_columns(&stmt->facts, arena),
        .functions = list_functions(&stmt->facts, arena),
        .settings = list_settings(stmt, arena),
        .needs = list_needs(&stmt->verdict, arena),
        .reason = stmt->verdict.reason,
        .say = stmt->verdict.say,
        .object = stmt->verdict.object,
        .rehearsal = og_rehearsal_text(stmt, arena),
        .is_measured = stmt->rehearsal.is_done,
        .drift_rows = drift.rows,
        .drift_percent = drift.percent,
        .reported_by = stmt->dbc->conf->is_broker ? "worker" : "client",
    };
    if (stmt->rehearsal.is_done)
        out->effect = og_measured_to_list(&stmt->rehearsal.measured, arena);
    return 0;
}

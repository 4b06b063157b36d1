/* SPDX-License-Identifier: MIT */
/* guardctl suggest: a draft of a policy from what a ledger has seen. A person edits it: it says what was
 * done, not what should be. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fusefs/ctl.h"
#include "fusefs/ctl_policies.h"
#include "fusefs/past.h"

const struct og_ctl_option og_ctl_suggest_options[] = {
    {"from-ledger", NULL, "as it is always"},
    {"ledger", "PATH", "a ledger's file, its folder, or - for standard input"},
    {"state", "DIR", "the ledger of that state folder (DIR/audit)"},
    {"config", "FILE", "guardfs' configuration, not needed here"},
    {"principal", "NAME", "only what that principal did, as the ledger names it"},
    {"name", "NAME", "the policy's name (default: draft)"},
    {.name = NULL},
};

/* Names with how often they were seen. */
struct tally {
    struct seen {
        const char *name;
        uint64_t n;
    } *items;
    size_t n, capacity;
};

struct suggest {
    const char *principal; /* NULL: everybody */
    struct og_arena arena;
    struct tally principals, targets, functions, columns, effects[OG_EFFECT_COUNT];
    uint64_t n_statements, n_denied, n_unknown;
};

/* What names of columns say of what they hold. */
static const struct {
    const char *part, *class;
} sensitive[] = {
    {"email", "email"},       {"e_mail", "email"},        {"mail", "email"},      {"phone", "phone"},
    {"mobile", "phone"},      {"ssn", "us-ssn"},          {"social_sec", "us-ssn"}, {"iban", "iban"},
    {"card", "payment-card"}, {"birth", "birth-date"},    {"dob", "birth-date"},  {"passw", "secret"},
    {"secret", "secret"},     {"token", "secret"},        {"api_key", "secret"},  {"apikey", "secret"},
    {"private_key", "secret"}, {"last_name", "name"},     {"first_name", "name"}, {"full_name", "name"},
    {"surname", "name"},      {"street", "address"},      {"address", "address"}, {"postal", "address"},
    {"zip", "address"},       {"salary", "other"},        {"passport", "other"},
};

static void count(struct suggest *suggest, struct tally *tally, const char *name)
{
    struct seen *added;

    for (size_t i = 0; i < tally->n; i++)
        if (strcmp(tally->items[i].name, name) == 0) {
            tally->items[i].n++;
            return;
        }
    added = og_arena_push(&suggest->arena, &tally->items, &tally->n, &tally->capacity, sizeof(*added));
    if (added)
        *added = (struct seen){og_arena_strdup(&suggest->arena, name), 1};
}

static const char *class_of(const char *column)
{
    for (size_t i = 0; i < OG_COUNT(sensitive); i++)
        if (strcasestr(column, sensitive[i].part))
            return sensitive[i].class;
    return NULL;
}

static bool is_plain(const char *part)
{
    return *part && !part[strspn(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789_$")];
}

/* A part as policies write it: what has other signs, or is told apart by case, in double quotes. */
static void append_part(struct og_buf *out, const char *part, enum og_dialect dialect)
{
    bool has_upper = dialect == OG_DIALECT_POSTGRESQL && strpbrk(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    if (is_plain(part) && !has_upper) {
        og_buf_append_str(out, part);
        return;
    }
    og_buf_append_char(out, '"');
    for (; *part; part++) {
        if (*part == '"')
            og_buf_append_char(out, '"');
        og_buf_append_char(out, *part);
    }
    og_buf_append_char(out, '"');
}

static const char *name_of(struct suggest *suggest, const struct og_object *object, const char *column,
                           enum og_dialect dialect)
{
    struct og_buf out;
    const char *text;

    og_buf_init(&out, 4096);
    if (*object->schema) {
        append_part(&out, object->schema, dialect);
        og_buf_append_char(&out, '.');
    }
    append_part(&out, object->name, dialect);
    if (column) {
        og_buf_append_char(&out, '.');
        append_part(&out, column, dialect);
    }
    text = og_arena_strdup(&suggest->arena, og_buf_str(&out));
    og_buf_release(&out);
    return text ? text : "";
}

static bool is_relation(const struct og_object *object)
{
    return object->kind == OG_OBJECT_TABLE || object->kind == OG_OBJECT_VIEW ||
           object->kind == OG_OBJECT_MATERIALISED_VIEW;
}

static bool take(void *context, const struct og_past *past)
{
    struct suggest *suggest = context;
    const struct og_facts *facts = &past->facts;

    if (suggest->principal && strcmp(suggest->principal, past->principal) != 0)
        return true;
    suggest->n_statements++;
    suggest->n_denied += strcmp(past->verdict, "deny") == 0;
    suggest->n_unknown += !past->is_understood;
    if (strcmp(past->verdict, "deny") == 0 || !past->is_understood)
        return true;
    count(suggest, &suggest->principals, past->principal);
    count(suggest, &suggest->targets, past->target);
    for (size_t i = 0; i < facts->n_effects; i++) {
        size_t object = facts->effects[i].object;
        bool has_table = object < facts->n_objects && is_relation(&facts->objects[object]);

        count(suggest, &suggest->effects[facts->effects[i].effect],
              has_table ? name_of(suggest, &facts->objects[object], NULL, facts->dialect) : "");
    }
    for (size_t i = 0; i < facts->n_functions; i++)
        if (!facts->functions[i].is_harmless)
            count(suggest, &suggest->functions,
                  og_arena_printf(&suggest->arena, "%s.%s", facts->functions[i].schema,
                                  facts->functions[i].name));
    for (size_t i = 0; i < facts->n_columns; i++)
        if (facts->columns[i].object < facts->n_objects && class_of(facts->columns[i].name))
            count(suggest, &suggest->columns,
                  name_of(suggest, &facts->objects[facts->columns[i].object], facts->columns[i].name,
                          facts->dialect));
    return !og_arena_is_failed(&suggest->arena);
}

/* ---- printing ---- */

/* A YAML word in single quotes. */
static void print_word(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'')
            putchar('\'');
        if ((unsigned char)*text >= 0x20 && *text != 0x7F)
            putchar(*text);
    }
    putchar('\'');
}

static void print_list(const struct tally *tally)
{
    bool is_first = true;

    putchar('[');
    for (size_t i = 0; i < tally->n; i++) {
        if (!*tally->items[i].name)
            continue;
        fputs(is_first ? "" : ", ", stdout);
        print_word(tally->items[i].name);
        is_first = false;
    }
    putchar(']');
}

static uint64_t total(const struct tally *tally)
{
    uint64_t n = 0;

    for (size_t i = 0; i < tally->n; i++)
        n += tally->items[i].n;
    return n;
}

static void print_data(const struct suggest *suggest)
{
    if (!suggest->columns.n)
        return;
    puts("data:                                # by their names: see whether it is so");
    for (size_t i = 0; i < suggest->columns.n; i++) {
        const char *name = suggest->columns.items[i].name, *dot = strrchr(name, '.');

        printf("  - {columns: [");
        print_word(name);
        printf("], class: %s, optional: yes}\n", class_of(dot ? dot + 1 : name));
    }
}

static void print_rule(enum og_effect effect, const struct tally *tally)
{
    const char *word = og_effect_word(effect);
    bool is_read = effect == OG_EFFECT_SELECT || effect == OG_EFFECT_EXPLAIN;
    bool is_write = effect == OG_EFFECT_INSERT || effect == OG_EFFECT_UPDATE ||
                    effect == OG_EFFECT_DELETE || effect == OG_EFFECT_MERGE;
    bool has_tables = false;

    for (size_t i = 0; i < tally->n; i++)
        has_tables = has_tables || *tally->items[i].name;
    printf("  - id: seen-%s                     # %" PRIu64 " times\n    when: {effect: %s", word,
           total(tally), word);
    if (has_tables) {
        fputs(", tables: ", stdout);
        print_list(tally);
    }
    puts("}");
    if (is_read) {
        puts("    then: allow");
    } else if (is_write) {
        puts("    then: approve                    # or allow, where it is daily work");
        puts("    by: {group: dba}");
    } else {
        puts("    then: deny                       # it was done; decide whether it should be");
    }
}

static void print_draft(const struct suggest *suggest, const char *name)
{
    printf("# A draft from %" PRIu64 " statements (%" PRIu64 " denied, %" PRIu64
           " not understood). It says what was done; edit it to what should be.\n",
           suggest->n_statements, suggest->n_denied, suggest->n_unknown);
    printf("policy: %s\napplies-to: {principals: ", name);
    print_list(&suggest->principals);
    fputs(", targets: ", stdout);
    print_list(&suggest->targets);
    puts("}\nmode: enforce\ndata-mode: enforce");
    print_data(suggest);
    puts("rules:");
    for (int i = 0; i < OG_EFFECT_COUNT; i++)
        if (suggest->effects[i].n)
            print_rule((enum og_effect)i, &suggest->effects[i]);
    if (suggest->functions.n) {
        fputs("# vouch: {functions: ", stdout);
        print_list(&suggest->functions);
        puts("}   # only where their answers carry nothing that is masked");
    }
}

static void print_json(const struct suggest *suggest)
{
    og_ctl_json_open(NULL, '{');
    og_ctl_json_number("statements", suggest->n_statements);
    og_ctl_json_number("denied", suggest->n_denied);
    og_ctl_json_number("not_understood", suggest->n_unknown);
    og_ctl_json_open("effects", '[');
    for (int i = 0; i < OG_EFFECT_COUNT; i++)
        for (size_t k = 0; k < suggest->effects[i].n; k++) {
            og_ctl_json_open(NULL, '{');
            og_ctl_json_text("effect", og_effect_word((enum og_effect)i));
            og_ctl_json_text("table", suggest->effects[i].items[k].name);
            og_ctl_json_number("statements", suggest->effects[i].items[k].n);
            og_ctl_json_close('}');
        }
    og_ctl_json_close(']');
    og_ctl_json_open("columns", '[');
    for (size_t i = 0; i < suggest->columns.n; i++)
        og_ctl_json_text(NULL, suggest->columns.items[i].name);
    og_ctl_json_close(']');
    og_ctl_json_close('}');
}

int og_ctl_suggest(const struct og_ctl_call *call)
{
    struct suggest suggest = {.principal = og_ctl_option(call, "principal")};
    const char *name = og_ctl_option(call, "name"), *path = NULL;
    struct og_config *config = NULL;
    size_t n_lines = 0, n_bad = 0;
    int r = og_ctl_past_source(call, &path, &config);

    og_arena_init(&suggest.arena, (size_t)256 * 1024 * 1024);
    if (r == OG_CTL_OK) {
        r = og_past_each(path, config, take, &suggest, &n_lines, &n_bad);
        if (r < 0) {
            r = og_ctl_fail(call, NULL, "the ledger %s cannot be read: %s", path, strerror(-r));
        } else if (!suggest.targets.n) {
            r = og_ctl_fail(call, "let a policy observe for a while, then ask again",
                            "the ledger has no statement that was let run%s%s",
                            suggest.principal ? " for " : "",
                            suggest.principal ? suggest.principal : "");
        } else if (call->is_json) {
            print_json(&suggest);
        } else {
            print_draft(&suggest, name ? name : "draft");
        }
    }
    (void)og_config_free(config);
    og_arena_release(&suggest.arena);
    return r;
}

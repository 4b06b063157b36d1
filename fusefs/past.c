/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/past.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "common/limits.h"

#define MAX_NAMES 64u

struct past_run {
    const struct og_config *config;
    bool (*visit)(void *context, const struct og_past *past);
    void *context;
    size_t n_lines, n_bad;
    bool is_stopped;
};

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* ---- names ---- */

/* The last dot divides: "public.customers" and "email". */
static size_t add_object(struct og_facts *facts, enum og_object_kind kind, const char *name)
{
    const char *dot = strrchr(name, '.');
    struct og_object object = {.kind = kind,
                               .schema = dot ? og_arena_printf(facts->arena, "%.*s",
                                                               (int)(dot - name), name) : "",
                               .name = dot ? dot + 1 : name};

    if (!object.schema)
        return SIZE_MAX;
    object.is_temporary = strncmp(object.schema, "pg_temp", 7) == 0 ||
                          strcmp(object.schema, "temp") == 0;
    return og_facts_object(facts, &object);
}

static size_t add_column(struct og_facts *facts, const char *name, size_t n)
{
    char *copy = og_arena_printf(facts->arena, "%.*s", (int)n, name);
    char *dot = copy ? strrchr(copy, '.') : NULL;
    size_t object;

    if (!dot)
        return SIZE_MAX;
    *dot = '\0';
    /* a view's columns may be of any type: so may these, which a record does not tell */
    object = add_object(facts, OG_OBJECT_VIEW, copy);
    return og_facts_column(facts, &(struct og_fact_column){.object = object, .name = dot + 1});
}

/* "select table public.customers", "drop", "set setting search_path". */
static void add_effect(struct og_facts *facts, const char *item)
{
    char word[32];
    const char *space = strchr(item, ' ');
    size_t n = space ? (size_t)(space - item) : strlen(item);
    enum og_effect effect;
    size_t object = OG_NO_OBJECT;

    (void)snprintf(word, sizeof(word), "%.*s", (int)(n < 31 ? n : 31), item);
    effect = og_effect_from_word(word);
    for (int kind = 0; space && kind < OG_OBJECT_KIND_COUNT; kind++) {
        const char *kind_word = og_object_kind_word((enum og_object_kind)kind);
        size_t n_kind = strlen(kind_word);

        if (strncmp(space + 1, kind_word, n_kind) != 0 || space[1 + n_kind] != ' ')
            continue;
        object = add_object(facts, kind == OG_OBJECT_TABLE ? OG_OBJECT_VIEW
                                                           : (enum og_object_kind)kind,
                            space + 2 + n_kind);
    }
    if (effect < OG_EFFECT_COUNT)
        og_facts_effect(facts, effect, object);
}

static bool ends_with(const char *text, const char *end, size_t *n)
{
    size_t n_text = strlen(text), n_end = strlen(end);

    if (n_text <= n_end + 1 || strcmp(text + n_text - n_end, end) != 0 ||
        text[n_text - n_end - 1] != ' ')
        return false;
    *n = n_text - n_end - 1;
    return true;
}

/* "public.customers.email derived output", "... filter", "... write". */
static void add_column_item(struct og_facts *facts, const char *item)
{
    size_t n = 0, column;
    bool is_derived = ends_with(item, "derived output", &n);

    if (is_derived || ends_with(item, "output", &n)) {
        struct og_fact_source source = {.column = add_column(facts, item, n),
                                        .is_copied = !is_derived};

        if (source.column != SIZE_MAX)
            og_facts_result(facts, &(struct og_fact_result){
                                       .label = "", .sources = &source, .n_sources = 1});
        facts->returns_rows = true;
        return;
    }
    if (ends_with(item, "write", &n)) {
        column = add_column(facts, item, n);
        if (column != SIZE_MAX)
            og_facts_write(facts, column);
        return;
    }
    for (int use = 0; use < OG_USE_COUNT; use++) {
        if (!ends_with(item, og_use_word((enum og_use)use), &n))
            continue;
        column = add_column(facts, item, n);
        if (column != SIZE_MAX)
            og_facts_use(facts, column, (enum og_use)use, SIZE_MAX, false);
        return;
    }
}

static void add_function(struct og_facts *facts, const char *item)
{
    const char *dot = strrchr(item, '.');
    struct og_fact_function function = {
        .schema = dot ? og_arena_printf(facts->arena, "%.*s", (int)(dot - item), item) : "",
        .name = dot ? dot + 1 : item,
        .position = SIZE_MAX};

    /* A built-in one that was let run was harmless; a record of a user's names its schema. */
    function.is_harmless = !dot || strcmp(function.schema, "pg_catalog") == 0;
    og_facts_function(facts, &function);
}

static void each(const json_t *list, struct og_facts *facts,
                 void (*add)(struct og_facts *facts, const char *item))
{
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
        if (json_string_value(item))
            add(facts, json_string_value(item));
}

/* ---- who ---- */

static void add_name(struct og_arena *arena, const char **names, size_t *n, const char *prefix,
                     const char *name)
{
    const char *text = *n < MAX_NAMES && name && *name ? og_arena_printf(arena, "%s%s", prefix, name)
                                                       : NULL;

    for (size_t i = 0; text && i < *n; i++)
        if (strcmp(names[i], text) == 0)
            return;
    if (text)
        names[(*n)++] = text;
}

static void fill_member(const struct past_run *run, const json_t *record, const json_t *guard,
                        struct og_arena *arena, struct og_past *out)
{
    const json_t *user = json_object_get(json_object_get(record, "actor"), "user");
    const json_t *process = json_object_get(json_object_get(record, "actor"), "process");
    const char **names = og_arena_array(arena, MAX_NAMES, sizeof(*names)), *groups[MAX_NAMES];
    uint32_t uid = (uint32_t)strtoul(text_of(user, "uid"), NULL, 10);
    size_t n = 0;

    out->principal = text_of(guard, "principal");
    if (!names)
        return;
    add_name(arena, names, &n, "", out->principal);
    add_name(arena, names, &n, "uid:", text_of(user, "uid"));
    add_name(arena, names, &n, "exe:", text_of(json_object_get(process, "file"), "path"));
    add_name(arena, names, &n, "cgroup:", text_of(guard, "cgroup"));
    if (run->config && *text_of(user, "uid")) {
        size_t n_groups = og_config_groups(run->config, uid, groups, MAX_NAMES);

        add_name(arena, names, &n, "user:", og_config_person(run->config, uid));
        add_name(arena, names, &n, "agent:", og_config_agent(run->config, uid));
        for (size_t i = 0; i < n_groups; i++)
            add_name(arena, names, &n, "group:", groups[i]);
    }
    out->member = (struct og_principal){.names = names, .n_names = n, .display = out->principal};
    out->chain = (struct og_principal_chain){
        .members = &out->member,
        .n_members = 1,
        .evidence = og_evidence_from_word(text_of(guard, "evidence"))};
}

/* ---- records ---- */

static void take_record(struct past_run *run, const json_t *record, struct og_arena *arena)
{
    const json_t *unmapped = json_object_get(record, "unmapped");
    const json_t *guard = json_object_get(unmapped, "guard");
    struct og_past past = {.id = text_of(guard, "statement")};
    enum og_dialect dialect = strcmp(text_of(unmapped, "db.system.name"), "postgresql") == 0
                                  ? OG_DIALECT_POSTGRESQL
                                  : OG_DIALECT_SQLITE;

    /* a catalog function of ODBC is no statement that policies judge; what was rehearsed comes again
     * once it is approved */
    if (strcmp(text_of(guard, "record"), "intent") != 0 ||
        json_is_true(json_object_get(guard, "is_rehearsal")) ||
        strcmp(text_of(guard, "rule"), "catalog-functions") == 0)
        return;
    og_facts_init(&past.facts, arena, dialect);
    past.facts.kind = text_of(unmapped, "db.operation.name");
    past.summary = text_of(unmapped, "db.query.summary");
    past.target = text_of(guard, "target");
    past.verdict = text_of(guard, "verdict");
    past.rule = *text_of(guard, "rule")
                        ? og_arena_printf(arena, "%s/%s", text_of(guard, "policy"),
                                          text_of(guard, "rule"))
                        : "";
    each(json_object_get(guard, "effects"), &past.facts, add_effect);
    each(json_object_get(guard, "columns"), &past.facts, add_column_item);
    each(json_object_get(guard, "functions"), &past.facts, add_function);
    past.is_understood = past.facts.n_effects > 0;
    fill_member(run, record, guard, arena, &past);
    if (!og_arena_is_failed(arena) && !run->visit(run->context, &past))
        run->is_stopped = true;
}

static void take_line(struct past_run *run, const char *line, size_t n_bytes)
{
    json_t *record = json_loadb(line, n_bytes, JSON_REJECT_DUPLICATES, NULL);
    struct og_arena arena;

    run->n_lines++;
    if (!record) {
        run->n_bad++;
        return;
    }
    og_arena_init(&arena, OG_MAX_FACTS_BYTES);
    take_record(run, record, &arena);
    og_arena_release(&arena);
    json_decref(record);
}

static int take_stream(struct past_run *run, FILE *file)
{
    char *line = NULL;
    size_t n = 0;
    ssize_t got;
    int r;

    while (!run->is_stopped && (got = getline(&line, &n, file)) > 0)
        take_line(run, line, (size_t)got);
    r = ferror(file) ? -EIO : 0;
    free(line);
    return r;
}

static int take_file(struct past_run *run, const char *path)
{
    FILE *file = fopen(path, "re");
    int r;

    if (!file)
        return -errno;
    r = take_stream(run, file);
    (void)fclose(file);
    return r;
}

static int is_day(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);

    return n > 6 && entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
           strcmp(entry->d_name + n - 6, ".jsonl") == 0 && !strstr(entry->d_name, "anchor");
}

static int take_folder(struct past_run *run, const char *path)
{
    struct dirent **days = NULL;
    char name[PATH_MAX];
    int n, r = 0;

    (void)snprintf(name, sizeof(name), "%s/audit", path);
    n = scandir(name, &days, is_day, alphasort);
    if (n < 0) {
        (void)snprintf(name, sizeof(name), "%s", path);
        n = scandir(name, &days, is_day, alphasort);
    }
    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++) {
        char file[PATH_MAX];
        int n_file = snprintf(file, sizeof(file), "%s/%s", name, days[i]->d_name);

        if (r == 0 && !run->is_stopped)
            r = n_file > 0 && (size_t)n_file < sizeof(file) ? take_file(run, file) : -ENAMETOOLONG;
        free(days[i]);
    }
    free(days);
    return r == 0 && n == 0 ? -ENOENT : r;
}

int og_past_each(const char *path, const struct og_config *config,
              bool (*visit)(void *context, const struct og_past *past), void *context,
              size_t *n_lines, size_t *n_bad)
{
    struct past_run run = {.config = config, .visit = visit, .context = context};
    struct stat info;
    int r;

    if (strcmp(path, "-") == 0)
        r = take_stream(&run, stdin);
    else if (stat(path, &info) < 0)
        r = -errno;
    else
        r = S_ISDIR(info.st_mode) ? take_folder(&run, path) : take_file(&run, path);
    *n_lines = run.n_lines;
    *n_bad = run.n_bad;
    return r;
}

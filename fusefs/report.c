/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/limits.h"
#include "fusefs/chain.h"
#include "fusefs/report_parts.h"

void og_report_time(int64_t unix_ms, char out[static 32])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;

    out[0] = '\0';
    if (gmtime_r(&seconds, &tm))
        (void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

struct og_report *og_report_new(void)
{
    struct og_report *report = calloc(1, sizeof(*report));

    if (!report)
        return NULL;
    report->sections = json_object();
    report->open = json_object();
    if (!report->sections || !report->open)
        return og_report_free(report);
    return report;
}

struct og_report *og_report_free(struct og_report *report)
{
    if (report) {
        json_decref(report->sections);
        json_decref(report->open);
    }
    free(report);
    return NULL;
}

/* ---- lines of the report ---- */

struct field {
    const char *key, *value;
};

/* The line of a section whose fields are these; made when it is new. Borrowed; NULL without memory. */
static json_t *line_of(struct og_report *report, const char *section, const struct field *fields,
                       size_t n_fields, uint64_t sequence)
{
    json_t *lines = json_object_get(report->sections, section), *line;
    struct og_buf key;

    if (!lines) {
        lines = json_object();
        if (json_object_set_new(report->sections, section, lines) < 0)
            lines = NULL;
    }
    og_buf_init(&key, OG_MAX_RECORD_BYTES);
    for (size_t i = 0; i < n_fields; i++)
        og_buf_printf(&key, "%s\x1f", fields[i].value ? fields[i].value : "");
    line = lines ? json_object_get(lines, og_buf_str(&key)) : NULL;
    if (lines && !line) {
        line = json_object();
        for (size_t i = 0; line && i < n_fields; i++)
            (void)json_object_set_new(line, fields[i].key,
                                      json_string(fields[i].value ? fields[i].value : ""));
        (void)json_object_set_new(line, "first_sequence", json_integer((json_int_t)sequence));
        if (json_object_set_new(lines, og_buf_str(&key), line) < 0)
            line = NULL;
    }
    og_buf_release(&key);
    if (line)
        (void)json_object_set_new(line, "last_sequence", json_integer((json_int_t)sequence));
    else
        report->is_out_of_memory = true;
    return line;
}

static void add(json_t *line, const char *key, json_int_t more)
{
    json_int_t before = json_integer_value(json_object_get(line, key));

    if (line)
        (void)json_object_set_new(line, key, json_integer(before + more));
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value ? value : "";
}

/* ---- records ---- */

struct record {
    const json_t *whole, *guard;
    uint64_t sequence;
    char when[32];
};

/* "update table public.payments" -> effect and object */
static void split_effect(const char *item, char effect[static 32], const char **object)
{
    size_t n = strcspn(item, " ");

    (void)snprintf(effect, 32, "%.*s", (int)(n < 31 ? n : 31), item);
    *object = item[n] ? item + n + 1 : "";
}

static void take_effects(struct og_report *report, const struct record *record, json_t *waiting)
{
    const json_t *effects = json_object_get(record->guard, "effects");
    const json_t *item;
    size_t i;

    json_array_foreach(effects, i, item) {
        const char *object = "";
        char effect[32] = "";
        json_t *line;

        if (!json_is_string(item))
            continue;
        split_effect(json_string_value(item), effect, &object);
        struct field fields[] = {{"principal", text(record->guard, "principal")},
                                 {"evidence", text(record->guard, "evidence")},
                                 {"target", text(record->guard, "target")},
                                 {"effect", effect},
                                 {"object", object}};
        line = line_of(report, "touched", fields, OG_COUNT(fields), record->sequence);
        add(line, "statements", 1);
        add(line, "rows", 0);
        add(line, "failed", 0);
        (void)json_array_append(waiting, line);
    }
}

static void take_masked(struct og_report *report, const struct record *record)
{
    const json_t *item;
    size_t i;

    json_array_foreach(json_object_get(record->guard, "masked_columns"), i, item) {
        struct field fields[] = {{"principal", text(record->guard, "principal")},
                                 {"target", text(record->guard, "target")},
                                 {"column", json_string_value(item)}};

        add(line_of(report, "masked", fields, OG_COUNT(fields), record->sequence), "statements", 1);
    }
}

static void take_denial(struct og_report *report, const struct record *record, const char *section)
{
    const char *policy = text(record->guard, "policy"), *rule = text(record->guard, "rule");
    struct field fields[] = {{"principal", text(record->guard, "principal")},
                             {"target", text(record->guard, "target")},
                             {"policy", policy},
                             {"rule", rule},
                             {"object", text(record->guard, "object")},
                             {"reason", text(record->guard, "reason")}};

    add(line_of(report, section, fields, OG_COUNT(fields), record->sequence), "statements", 1);
}

/* Kept until the outcome comes: who and what, should it never come. Takes the list of lines. */
static void keep_open(struct og_report *report, const struct record *record, const char *statement,
                      json_t *lines)
{
    json_t *open = json_pack("{s:o, s:s, s:s, s:s, s:s, s:I}", "lines", lines, "statement", statement,
                             "principal", text(record->guard, "principal"), "target",
                             text(record->guard, "target"), "kind",
                             text(json_object_get(record->whole, "unmapped"), "db.operation.name"),
                             "first_sequence", (json_int_t)record->sequence);

    if (!open || json_object_set_new(report->open, statement, open) < 0)
        report->is_out_of_memory = true;
}

static void take_intent(struct og_report *report, const struct record *record)
{
    const char *would_be = text(record->guard, "would_be");
    const char *statement = text(record->guard, "statement");
    json_t *waiting;

    if (json_is_true(json_object_get(record->guard, "is_denied"))) {
        take_denial(report, record, "refused");
        return;
    }
    if (strcmp(text(record->guard, "verdict"), "allow") == 0 &&
        (strcmp(would_be, "deny") == 0 || strcmp(would_be, "approve") == 0))
        take_denial(report, record, "observed");
    waiting = json_array();
    take_effects(report, record, waiting);
    take_masked(report, record);
    if (!waiting || !*statement) {
        json_decref(waiting);
        return;
    }
    keep_open(report, record, statement, waiting);
}
static void take_outcome(struct og_report *report, const struct record *record)
{
    const char *statement = text(record->guard, "statement");
    json_t *lines = json_object_get(json_object_get(report->open, statement), "lines"), *line;
    json_int_t rows = json_integer_value(json_object_get(record->guard, "rows"));
    bool is_error = json_is_true(json_object_get(record->guard, "is_error"));
    size_t i;

    json_array_foreach(lines, i, line) {
        add(line, "rows", rows);
        add(line, "failed", is_error ? 1 : 0);
    }
    (void)json_object_del(report->open, statement);
}

static void take_session(struct og_report *report, const struct record *record)
{
    const char *what = text(record->guard, "what");
    bool is_open = strcmp(what, "open") == 0, is_refused = strcmp(what, "refused") == 0;
    struct field fields[] = {{"principal", text(record->guard, "principal")},
                             {"evidence", text(record->guard, "evidence")},
                             {"placement", text(record->guard, "placement")},
                             {"target", text(record->guard, "target")}};
    json_t *line;

    if (!is_open && !is_refused)
        return;
    line = line_of(report, "access", fields, OG_COUNT(fields), record->sequence);
    add(line, "sessions", is_open ? 1 : 0);
    add(line, "refused", is_refused ? 1 : 0);
}

/* Records that are a line each: their own number makes the line's key unique. */
static void take_single(struct og_report *report, const struct record *record, const char *section,
                        const char *const *keys, size_t n_keys)
{
    char number[24];
    struct field fields[OG_REPORT_MAX_COLUMNS] = {{"time", record->when}, {"number", number}};

    (void)snprintf(number, sizeof(number), "%" PRIu64, record->sequence);
    for (size_t i = 0; i < n_keys; i++)
        fields[i + 2] = (struct field){keys[i], text(record->guard, keys[i])};
    (void)line_of(report, section, fields, n_keys + 2, record->sequence);
}

static void take_administration(struct og_report *report, const struct record *record)
{
    char number[24];
    struct field fields[] = {{"time", record->when},
                             {"number", number},
                             {"what", text(record->guard, "what")},
                             {"by", text(record->guard, "by")},
                             {"path", text(record->guard, "path")},
                             {"message", text(record->whole, "message")}};

    (void)snprintf(number, sizeof(number), "%" PRIu64, record->sequence);
    (void)line_of(report, "administration", fields, OG_COUNT(fields), record->sequence);
}

static void take_record(struct og_report *report, const struct record *record)
{
    static const char *const approval[] = {"request", "what", "requester", "target",
                                           "kind",    "by",   "reason"};
    static const char *const policy[] = {"what", "by", "reason", "digest"};
    const char *kind = text(record->guard, "record");

    if (strcmp(kind, "intent") == 0)
        take_intent(report, record);
    else if (strcmp(kind, "outcome") == 0)
        take_outcome(report, record);
    else if (strcmp(kind, "session") == 0)
        take_session(report, record);
    else if (strcmp(kind, "request") == 0 || strcmp(kind, "answer") == 0)
        take_single(report, record, "approvals", approval, OG_COUNT(approval));
    else if (strcmp(kind, "policy") == 0)
        take_single(report, record, "policy", policy, OG_COUNT(policy));
    else
        take_administration(report, record);
}

void og_report_take(struct og_report *report, const char *line, size_t n_bytes)
{
    json_t *whole = json_loadb(line, n_bytes, JSON_REJECT_DUPLICATES, NULL);
    struct record record = {
        .whole = whole,
        .guard = json_object_get(json_object_get(whole, "unmapped"), "guard"),
        .sequence = (uint64_t)json_integer_value(
            json_object_get(json_object_get(whole, "metadata"), "sequence")),
    };
    int64_t ms = (int64_t)json_integer_value(json_object_get(whole, "time"));

    report->n_lines++;
    if (!record.guard || !record.sequence) {
        report->n_faults++;
        json_decref(whole);
        return;
    }
    if (!report->first_sequence) {
        report->first_sequence = record.sequence;
        report->first_ms = ms;
    }
    report->last_sequence = record.sequence;
    report->last_ms = ms;
    og_report_time(ms, record.when);
    take_record(report, &record);
    json_decref(whole);
}

/* ---- files ---- */

int og_report_take_file(struct og_report *report, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    int r = 0;

    if (!file)
        return -errno;
    while ((n = getline(&line, &room, file)) > 0)
        og_report_take(report, line, (size_t)n);
    if (ferror(file))
        r = -EIO;
    free(line);
    (void)fclose(file);
    return r < 0 ? r : report->is_out_of_memory ? -ENOMEM : 0;
}

int og_report_take_folder(struct og_report *report, const char *folder, const char *first_day,
                          const char *last_day)
{
    struct og_days days = {.n_days = 0};
    size_t n_taken = 0;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

    if (fd < 0)
        return -errno;
    r = og_days_list(fd, ".jsonl", &days);
    (void)close(fd);

    for (size_t i = 0; r == 0 && i < days.n_days; i++) {
        char path[PATH_MAX];

        if ((*first_day && strcmp(days.days[i], first_day) < 0) ||
            (*last_day && strcmp(days.days[i], last_day) > 0))
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s.jsonl", folder, days.days[i]);
        r = og_report_take_file(report, path);
        n_taken++;
    }
    free(days.days);
    return r < 0 ? r : n_taken ? 0 : -ENOENT;
}

void og_report_set_verified(struct og_report *report, bool is_good, const char *verified,
                            const char *command)
{
    report->has_verified = true;
    report->is_verified = is_good;
    (void)snprintf(report->verified, sizeof(report->verified), "%.*s", (int)strcspn(verified, "\n"),
                   verified);
    (void)snprintf(report->command, sizeof(report->command), "%s", command);
}

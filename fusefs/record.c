/* SPDX-License-Identifier: MIT */
/* The ledger's lines. Each is written by a table of steps; when it comes out too long it is written
 * again with tighter limits, so that a line always fits and says that it was cut. */
#define _GNU_SOURCE 1
#ifdef HAVE_CONFIG_H
#include <config.h> /* the build's, not the one beside this file */
#endif
#include "fusefs/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/limits.h"
#include "fusefs/json.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0.1.0"
#endif

struct limits {
    size_t max_text, max_string, max_items;
};

/* The last row fits whatever comes: 6 bytes of escape a byte, about 80 strings and 9 lists. */
static const struct limits levels[] = {
    {OG_MAX_RECORD_BYTES, OG_MAX_RECORD_BYTES, OG_MAX_LIST_ITEMS},
    {16384, 1024, 100},
    {2048, 256, 20},
    {256, 64, 4},
};

struct row {
    struct og_json json;
    const struct limits *limits;
    bool is_cut;
    const struct og_ledger_head *head;
    const struct og_record_who *who;
};

/* What a whole line is made from: all but the common parts differs by record. */
struct shape {
    const char *record;
    uint32_t activity;
    const char *activity_name;
    uint32_t status; /* 0 unknown, 1 success, 2 failure */
    const char *status_code, *status_detail;
    uint32_t action; /* 0: leave out */
    uint32_t disposition;
    bool is_alert;
    bool is_emergency; /* a person answered for all that should have */
    const char *message;
    const char *correlation;
    const char *text_hmac;
    const struct og_msg_intent *intent;
    const struct og_msg_outcome *outcome;
    const char *what;
    const struct og_record_pair *pairs;
    size_t n_pairs;
};

static bool is_there(const char *text)
{
    return text && *text;
}

/* Largest length of at most max_bytes that does not end inside a character. */
static size_t cut_length(const char *text, size_t max_bytes)
{
    size_t n_bytes = strnlen(text, max_bytes + 1);

    if (n_bytes <= max_bytes)
        return n_bytes;
    n_bytes = max_bytes;
    while (n_bytes && ((unsigned char)text[n_bytes] & 0xC0) == 0x80)
        n_bytes--;
    return n_bytes;
}

/* A string member; left out when there is nothing to say. */
static void text(struct row *row, const char *key, const char *value)
{
    if (is_there(value))
        og_json_text_n(&row->json, key, value, cut_length(value, row->limits->max_string));
}

static void list(struct row *row, const char *key, const struct og_list *values)
{
    size_t n_items = values->n_items < row->limits->max_items ? values->n_items
                                                              : row->limits->max_items;
    char count[64];

    if (!values->n_items)
        return;
    og_json_open(&row->json, key, '[');
    for (size_t i = 0; i < n_items; i++) {
        const char *item = values->items[i] ? values->items[i] : "";

        og_json_text_n(&row->json, NULL, item, cut_length(item, row->limits->max_string));
    }
    og_json_close(&row->json, ']');
    if (n_items == values->n_items)
        return;
    (void)snprintf(count, sizeof(count), "%s_count", key);
    og_json_number(&row->json, count, values->n_items);
}

static void time_text(int64_t unix_ms, char out[static 40])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm when;
    char day[24];

    out[0] = '\0';
    if (unix_ms >= 0 && gmtime_r(&seconds, &when) && when.tm_year < 8100 &&
        strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &when))
        (void)snprintf(out, 40, "%s.%03dZ", day, (int)(unix_ms % 1000));
}

static void put_class(struct row *row, const struct shape *shape)
{
    static const char *const status[] = {"Unknown", "Success", "Failure"};
    static const char *const action[] = {"Unknown", "Allowed", "Denied", "Observed", "Modified"};
    struct og_json *json = &row->json;
    char when[40];

    time_text(row->head->unix_ms, when);
    og_json_integer(json, "time", row->head->unix_ms);
    text(row, "time_dt", when);
    og_json_number(json, "category_uid", 6);
    og_json_text(json, "category_name", "Application Activity");
    og_json_number(json, "class_uid", 6005);
    og_json_text(json, "class_name", "Datastore Activity");
    og_json_number(json, "activity_id", shape->activity);
    og_json_text(json, "activity_name", shape->activity_name);
    og_json_number(json, "type_uid", 600500 + shape->activity);
    og_json_number(json, "type_id", 1);
    og_json_text(json, "type", "Database");
    og_json_number(json, "severity_id", shape->is_emergency ? 5 : shape->is_alert ? 3 : 1);
    og_json_text(json, "severity", shape->is_emergency ? "Critical"
                                   : shape->is_alert   ? "Medium"
                                                       : "Informational");
    og_json_number(json, "status_id", shape->status);
    og_json_text(json, "status", status[shape->status]);
    text(row, "status_code", shape->status_code);
    text(row, "status_detail", shape->status_detail);
    text(row, "message", shape->message);
    if (shape->action) {
        og_json_number(json, "action_id", shape->action);
        og_json_text(json, "action", action[shape->action]);
    }
    if (shape->disposition) {
        og_json_number(json, "disposition_id", shape->disposition);
        og_json_text(json, "disposition", shape->disposition == 1    ? "Allowed"
                                          : shape->disposition == 2  ? "Blocked"
                                          : shape->disposition == 8  ? "Approved"
                                                                     : "Delayed");
    }
    og_json_bool(json, "is_alert", shape->is_alert);
    if (shape->outcome)
        og_json_number(json, "duration", shape->outcome->duration_us / 1000);
}

static void put_metadata(struct row *row, const struct shape *shape)
{
    struct og_json *json = &row->json;

    og_json_open(json, "metadata", '{');
    og_json_text(json, "version", "1.8.0");
    og_json_number(json, "sequence", row->head->sequence);
    text(row, "correlation_uid", is_there(shape->correlation) ? shape->correlation
                                                              : row->who->session);
    og_json_text(json, "log_name", "audit");
    if (row->is_cut)
        og_json_bool(json, "is_truncated", true);
    og_json_open(json, "profiles", '[');
    og_json_text(json, NULL, "security_control");
    og_json_text(json, NULL, "datetime");
    og_json_close(json, ']');
    og_json_open(json, "product", '{');
    og_json_text(json, "name", "odbcguard");
    og_json_text(json, "vendor_name", "odbcguard");
    og_json_text(json, "version", PACKAGE_VERSION);
    og_json_close(json, '}');
    og_json_close(json, '}');
}

static void put_process(struct row *row, const char *uid)
{
    const struct og_record_who *who = row->who;
    const char *slash = is_there(who->exe) ? strrchr(who->exe, '/') : NULL;
    const char *name = slash && slash[1] ? slash + 1 : who->exe;
    struct og_json *json = &row->json;

    if (who->pid <= 0)
        return;
    og_json_open(json, "process", '{');
    og_json_integer(json, "pid", who->pid);
    text(row, "name", name);
    text(row, "cmd_line", who->cmd_line);
    if (is_there(who->exe)) {
        og_json_open(json, "file", '{');
        text(row, "name", name);
        text(row, "path", who->exe);
        og_json_number(json, "type_id", 1);
        og_json_close(json, '}');
    }
    og_json_open(json, "user", '{');
    og_json_text(json, "uid", uid);
    og_json_close(json, '}');
    og_json_close(json, '}');
}

static void put_actor(struct row *row)
{
    const struct og_record_who *who = row->who;
    struct og_json *json = &row->json;
    char uid[16];

    (void)snprintf(uid, sizeof(uid), "%" PRIu32, who->uid);
    og_json_open(json, "actor", '{');
    og_json_open(json, "user", '{');
    text(row, "name", who->display);
    og_json_text(json, "uid", uid);
    og_json_close(json, '}');
    if (is_there(who->session)) {
        og_json_open(json, "session", '{');
        text(row, "uid", who->session);
        og_json_bool(json, "is_remote", false);
        og_json_close(json, '}');
    }
    put_process(row, uid);
    text(row, "app_name", who->app);
    og_json_close(json, '}');
}

static void put_places(struct row *row)
{
    const struct og_record_who *who = row->who;
    struct og_json *json = &row->json;
    char host[256] = "";

    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = '\0';
    og_json_open(json, "src_endpoint", '{');
    text(row, "hostname", host);
    og_json_close(json, '}');
    if (is_there(who->server)) {
        const char *colon = strrchr(who->server, ':');
        size_t n_port = colon ? strspn(colon + 1, "0123456789") : 0;
        bool has_port = n_port && n_port < 6 && !colon[1 + n_port];
        size_t n_host = has_port ? (size_t)(colon - who->server) : strlen(who->server);
        uint64_t port = 0;

        for (size_t i = 0; has_port && i < n_port; i++)
            port = port * 10 + (uint64_t)(colon[1 + i] - '0');
        if (n_host > row->limits->max_string)
            n_host = cut_length(who->server, row->limits->max_string);
        og_json_open(json, "dst_endpoint", '{');
        og_json_text_n(json, "hostname", who->server, n_host);
        if (has_port)
            og_json_number(json, "port", port);
        og_json_close(json, '}');
    }
    if (is_there(who->database) || is_there(who->target)) {
        og_json_open(json, "database", '{');
        text(row, "name", is_there(who->database) ? who->database : who->target);
        og_json_number(json, "type_id", 1);
        og_json_text(json, "type", "Relational");
        og_json_close(json, '}');
    } else { /* OCSF wants to know what it was about: guardfs' own state */
        og_json_open(json, "database", '{');
        og_json_text(json, "name", "guardfs");
        og_json_number(json, "type_id", 99);
        og_json_text(json, "type", "Guard");
        og_json_close(json, '}');
    }
}

/* The first table among effects of the form "update table public.payments". */
static const char *first_table(const struct og_list *effects)
{
    for (size_t i = 0; i < effects->n_items; i++) {
        const char *item = effects->items[i];
        const char *found = item ? strstr(item, " table ") : NULL;

        if (found && found[7])
            return found + 7;
    }
    return NULL;
}

static void put_statement(struct row *row, const struct og_msg_intent *intent)
{
    struct og_json *json = &row->json;
    const char *table = first_table(&intent->effects);
    char generation[24];

    if (is_there(intent->policy)) {
        (void)snprintf(generation, sizeof(generation), "%" PRIu64, intent->policy_generation);
        og_json_open(json, "policy", '{');
        text(row, "uid", intent->policy);
        text(row, "name", intent->policy);
        og_json_text(json, "version", generation);
        og_json_bool(json, "is_applied", true);
        og_json_close(json, '}');
    }
    if (table) {
        og_json_open(json, "table", '{');
        text(row, "name", table);
        og_json_close(json, '}');
    }
    og_json_open(json, "query_info", '{');
    text(row, "uid", intent->statement);
    /* OCSF wants it there: empty for a text that is not kept (not understood) */
    og_json_text_n(json, "query_string", intent->text ? intent->text : "",
                   is_there(intent->text) ? cut_length(intent->text, row->limits->max_text) : 0);
    og_json_integer(json, "query_time", row->head->unix_ms);
    og_json_close(json, '}');
}

static void guard_intent(struct row *row, const struct og_msg_intent *intent,
                         const char *text_hmac)
{
    static const char *const acks[] = {"accepted", "written", "durable"};
    struct og_json *json = &row->json;
    bool is_cut = intent->is_text_cut ||
                  (intent->text && strlen(intent->text) > row->limits->max_text);

    text(row, "statement", intent->statement);
    text(row, "verdict", is_there(intent->verdict) ? intent->verdict : "deny");
    text(row, "would_be", intent->would_be);
    og_json_bool(json, "is_denied", intent->is_denied != 0);
    if (intent->is_rehearsal)
        og_json_bool(json, "is_rehearsal", true);
    text(row, "policy", intent->policy);
    text(row, "rule", intent->rule);
    list(row, "matched", &intent->matched);
    text(row, "object", intent->object);
    text(row, "reason", intent->reason);
    list(row, "effects", &intent->effects);
    list(row, "columns", &intent->columns);
    list(row, "functions", &intent->functions);
    list(row, "settings", &intent->settings);
    list(row, "masked_columns", &intent->masked);
    if (intent->unmasked.n_items)
        list(row, "unmasked_columns", &intent->unmasked);
    text(row, "grant", intent->grant);
    og_json_text(json, "ack", intent->ack < OG_COUNT(acks) ? acks[intent->ack] : "durable");
    og_json_bool(json, "is_text_cut", is_cut);
    og_json_number(json, "text_bytes", intent->text_bytes);
    text(row, "text_hmac", text_hmac);
    og_json_number(json, "policy_generation", intent->policy_generation);
}

static void guard_outcome(struct row *row, const struct og_msg_outcome *outcome)
{
    struct og_json *json = &row->json;

    text(row, "statement", outcome->statement);
    og_json_bool(json, "is_error", outcome->is_error != 0);
    og_json_number(json, "rows", outcome->rows);
    og_json_number(json, "bytes", outcome->bytes);
    og_json_number(json, "masked_cells", outcome->masked_cells);
    og_json_number(json, "duration_us", outcome->duration_us);
    list(row, "effect", &outcome->effect);
    text(row, "voids", outcome->voids);
}

/* One name, one member: what an event says itself stands before what is known of who it is of. */
static void text_unless_said(struct row *row, const struct shape *shape, const char *key,
                             const char *value)
{
    for (size_t i = 0; i < shape->n_pairs; i++)
        if (strcmp(shape->pairs[i].key, key) == 0 && is_there(shape->pairs[i].value))
            return;
    text(row, key, value);
}

static void put_guard(struct row *row, const struct shape *shape)
{
    const struct og_record_who *who = row->who;
    struct og_json *json = &row->json;

    og_json_open(json, "guard", '{');
    og_json_text(json, "record", shape->record);
    text(row, "what", shape->what);
    if (shape->intent)
        guard_intent(row, shape->intent, shape->text_hmac);
    if (shape->outcome)
        guard_outcome(row, shape->outcome);
    for (size_t i = 0; i < shape->n_pairs && i < row->limits->max_items; i++)
        text(row, shape->pairs[i].key, shape->pairs[i].value);
    text_unless_said(row, shape, "target", who->target);
    text_unless_said(row, shape, "placement", who->placement);
    text_unless_said(row, shape, "principal", who->display);
    text_unless_said(row, shape, "evidence", who->evidence);
    text_unless_said(row, shape, "reported_by", who->reported_by);
    og_json_number(json, "gid", who->gid);
    if (who->login_uid != UINT32_MAX)
        og_json_number(json, "loginuid", who->login_uid);
    text_unless_said(row, shape, "cgroup", who->cgroup);
    text_unless_said(row, shape, "purpose", who->purpose);
    text_unless_said(row, shape, "ticket", who->ticket);
    og_json_close(json, '}');
}

/* W3C trace context: 00-<32 hexadecimal>-<16>-<2>. */
static void put_trace(struct row *row)
{
    const char *trace = row->who->traceparent;
    static const char hex[] = "0123456789abcdef";

    if (!is_there(trace) || strlen(trace) != 55 || strncmp(trace, "00-", 3) != 0 ||
        strspn(trace + 3, hex) != 32 || trace[35] != '-' || strspn(trace + 36, hex) != 16 ||
        trace[52] != '-' || strspn(trace + 53, hex) != 2)
        return;
    og_json_text_n(&row->json, "trace_id", trace + 3, 32);
    og_json_text_n(&row->json, "span_id", trace + 36, 16);
}

static void put_attestation(struct row *row)
{
    struct og_json *json = &row->json;

    og_json_open(json, "attestation_list", '[');
    og_json_open(json, NULL, '{');
    og_json_text(json, "chain_uid", "audit");
    og_json_open(json, "prev_event", '{');
    og_json_open(json, "fingerprint", '{');
    og_json_number(json, "algorithm_id", 3);
    og_json_text(json, "algorithm", "SHA-256");
    og_json_text(json, "value", row->head->previous);
    og_json_close(json, '}');
    og_json_close(json, '}');
    og_json_close(json, '}');
    og_json_close(json, ']');
}

static void put_unmapped(struct row *row, const struct shape *shape)
{
    const struct og_record_who *who = row->who;
    const struct og_msg_intent *intent = shape->intent;
    struct og_json *json = &row->json;

    og_json_open(json, "unmapped", '{');
    text(row, "db.system.name", who->db_system);
    if (intent) {
        text(row, "db.operation.name", intent->kind);
        text(row, "db.query.summary", intent->summary);
    }
    if (shape->outcome) {
        og_json_number(json, "db.response.returned_rows", shape->outcome->rows);
        text(row, "db.response.status_code", shape->outcome->sqlstate);
    }
    if (is_there(who->dsn) || is_there(who->driver_name) || intent) {
        og_json_open(json, "odbc", '{');
        text(row, "dsn", who->dsn);
        text(row, "driver", who->driver_name);
        if (intent) {
            text(row, "api", intent->api);
            text(row, "cursor", intent->cursor);
            og_json_number(json, "parameters", intent->n_parameters);
            og_json_number(json, "parameter_sets", intent->n_parameter_sets);
        }
        og_json_close(json, '}');
    }
    put_guard(row, shape);
    put_trace(row);
    put_attestation(row);
    og_json_close(json, '}');
}

static void put_line(struct row *row, const struct shape *shape)
{
    struct og_json *json = &row->json;

    og_json_open(json, NULL, '{');
    put_class(row, shape);
    put_metadata(row, shape);
    put_actor(row);
    put_places(row);
    if (shape->intent)
        put_statement(row, shape->intent);
    if (shape->outcome) {
        og_json_open(json, "query_info", '{');
        text(row, "uid", shape->outcome->statement);
        og_json_text(json, "query_string", ""); /* it is in the intent's record */
        og_json_number(json, "bytes", shape->outcome->bytes);
        og_json_close(json, '}');
    }
    put_unmapped(row, shape);
    og_json_close(json, '}');
}

static void make_line(const struct og_ledger_head *head, const struct og_record_who *who,
                      const struct shape *shape, struct og_buf *out)
{
    struct og_buf line;

    og_buf_init(&line, OG_MAX_RECORD_BYTES);
    for (size_t i = 0; i < OG_COUNT(levels); i++) {
        struct row row = {.limits = &levels[i], .is_cut = i > 0, .head = head, .who = who};

        og_buf_clear(&line);
        og_json_init(&row.json, &line);
        put_line(&row, shape);
        og_buf_append_char(&line, '\n');
        if (!og_buf_is_failed(&line))
            break;
    }
    if (og_buf_is_failed(&line))
        out->is_failed = true; /* no memory: half a line must not pass for one */
    else
        og_buf_append(out, line.bytes, line.n_bytes);
    og_buf_release(&line);
}

static const struct activity {
    const char *word;
    uint32_t id;
    const char *name;
} activities[] = {
    {"SELECT", 4, "Query"},   {"VALUES", 4, "Query"},  {"TABLE", 4, "Query"},
    {"WITH", 4, "Query"},     {"SHOW", 4, "Query"},    {"EXPLAIN", 4, "Query"},
    {"FETCH", 4, "Query"},    {"UPDATE", 2, "Update"}, {"MERGE", 2, "Update"},
    {"ALTER", 2, "Update"},   {"INSERT", 5, "Write"},  {"REPLACE", 5, "Write"},
    {"COPY", 5, "Write"},     {"CREATE", 6, "Create"}, {"DELETE", 7, "Delete"},
    {"TRUNCATE", 7, "Delete"}, {"DROP", 7, "Delete"},  {"CATALOG", 8, "List"},
};

static void set_activity(struct shape *shape, const char *kind)
{
    size_t n_bytes = kind ? strcspn(kind, " \t\n(_") : 0;

    shape->activity = 99;
    shape->activity_name = "Other";
    for (size_t i = 0; i < OG_COUNT(activities); i++) {
        if (strlen(activities[i].word) != n_bytes ||
            strncasecmp(activities[i].word, kind, n_bytes) != 0)
            continue;
        shape->activity = activities[i].id;
        shape->activity_name = activities[i].name;
    }
}

void og_record_line_intent(const struct og_ledger_head *head, const struct og_record_who *who,
                           const struct og_msg_intent *intent, const char *text_hmac,
                           struct og_buf *out)
{
    bool is_approve = intent->verdict && strcmp(intent->verdict, "approve") == 0;
    bool is_allow = intent->verdict && strcmp(intent->verdict, "allow") == 0;
    bool is_denied = intent->is_denied || !(is_allow || (is_approve && (is_there(intent->grant) ||
                                                                      intent->is_rehearsal)));
    bool waits = is_denied && is_approve;
    struct shape shape = {
        .record = "intent",
        .status = is_denied ? 2 : 0,
        .status_detail = is_denied ? intent->reason : NULL,
        .action = is_denied ? 2 : intent->masked.n_items ? 4 : 1,
        .disposition = waits ? 14 : is_denied ? 2 : is_approve && !intent->is_rehearsal ? 8 : 1,
        .is_alert = is_denied,
        .text_hmac = text_hmac,
        .intent = intent,
    };
    struct og_buf message;

    set_activity(&shape, intent->kind);
    og_buf_init(&message, 4096);
    og_buf_printf(&message, "%.256s: %.1024s on %.256s %s", who->display ? who->display : "unknown",
                  is_there(intent->summary) ? intent->summary
                  : is_there(intent->kind)  ? intent->kind
                                            : "a statement",
                  who->target ? who->target : "an unknown target",
                  waits       ? "needs an approval"
                  : is_denied ? "denied"
                  : intent->is_rehearsal ? "rehearsed, to be taken back"
                  : is_approve ? "allowed by an approval"
                               : "allowed");
    if (!is_denied && intent->masked.n_items)
        og_buf_printf(&message, ", %zu column%s masked", intent->masked.n_items,
                      intent->masked.n_items == 1 ? "" : "s");
    if (!is_denied && intent->unmasked.n_items)
        og_buf_printf(&message, ", %zu column%s unmasked", intent->unmasked.n_items,
                      intent->unmasked.n_items == 1 ? "" : "s");
    shape.message = og_buf_str(&message);
    make_line(head, who, &shape, out);
    og_buf_release(&message);
}

void og_record_line_outcome(const struct og_ledger_head *head, const struct og_record_who *who,
                            const struct og_msg_outcome *outcome, struct og_buf *out)
{
    struct shape shape = {
        .record = "outcome",
        .activity = 99,
        .activity_name = "Outcome",
        .status = outcome->is_error ? 2 : 1,
        .status_code = outcome->sqlstate,
        .status_detail = outcome->detail,
        .outcome = outcome,
    };
    struct og_buf message;

    og_buf_init(&message, 1024);
    og_buf_printf(&message, "%.64s %s: %" PRIu64 " row%s",
                  outcome->statement ? outcome->statement : "",
                  outcome->is_error ? "failed" : "done", outcome->rows,
                  outcome->rows == 1 ? "" : "s");
    shape.message = og_buf_str(&message);
    make_line(head, who, &shape, out);
    og_buf_release(&message);
}

void og_record_line_event(const struct og_ledger_head *head, const struct og_record_who *who,
                          const char *record, const char *what, const char *correlation,
                          const char *message, const struct og_record_pair *pairs, size_t n_pairs,
                          struct og_buf *out)
{
    bool is_bad = strcmp(what, "refused") == 0 || strcmp(what, "rejected") == 0 ||
                  strcmp(what, "killed") == 0 || strcmp(what, "cut") == 0;
    bool is_connect = strcmp(record, "session") == 0 &&
                      (strcmp(what, "open") == 0 || strcmp(what, "refused") == 0);
    bool is_read = strcmp(record, "read") == 0;
    bool is_emergency = strcmp(what, "break-glass") == 0;
    struct shape shape = {
        .record = record,
        .is_emergency = is_emergency,
        .activity = is_connect ? 3 : is_read ? 1 : 99,
        .activity_name = is_connect ? "Connect" : is_read ? "Read" : what,
        .status = is_bad ? 2 : 1,
        .is_alert = is_bad || is_emergency,
        .message = message,
        .correlation = correlation,
        .what = what,
        .pairs = pairs,
        .n_pairs = n_pairs,
    };

    if (is_bad && is_connect) {
        shape.action = 2;
        shape.disposition = 2;
    }
    make_line(head, who, &shape, out);
}

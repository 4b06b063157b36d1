/* SPDX-License-Identifier: MIT */
/* The names in each folder of the mount. */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fusefs/policy_edit.h"
#include "fusefs/policy_history.h"
#include "fusefs/refusal.h"
#include "fusefs/report_daily.h"
#include "fusefs/tree_parts.h"

static void each(og_node_visit *visit, void *context, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        visit(context, names[i]);
}
#define EACH(...)                                                                \
    each(visit, context, (const char *const[]){__VA_ARGS__},                     \
         OG_COUNT(((const char *const[]){__VA_ARGS__})))
#define LIST(name)                                                                    \
    void name(struct og_daemon *daemon OG_UNUSED, const struct og_found *found OG_UNUSED, \
              uint32_t uid OG_UNUSED, og_node_visit *visit, void *context)

bool og_request_is_listed_pending(const struct og_request *request)
{
    return request->state == OG_REQUEST_PENDING;
}

bool og_request_is_found_pending(const struct og_request *request)
{
    return request->state == OG_REQUEST_PENDING ||
           og_now_unix_ms() - request->decided_ms < OG_PENDING_GRACE_MS;
}

const char *og_request_folder(const struct og_request *request)
{
    switch (request->state) {
    case OG_REQUEST_APPROVED:
    case OG_REQUEST_SPENT:
        return "approved";
    case OG_REQUEST_DENIED:
        return "denied";
    case OG_REQUEST_EXPIRED:
    case OG_REQUEST_VOID:
        return "expired";
    case OG_REQUEST_PENDING:
        break;
    }
    return NULL;
}

LIST(list_root)
{
    EACH("README", "version", "status", "health", ".error", "ctl", "audit", "approvals", "sessions",
         "undo", "policies", "targets", "reports", "metrics");
}

/* The file is there from the first refused save on. */
static bool access_errors(const struct og_daemon *daemon)
{
    char path[4200];

    (void)snprintf(path, sizeof(path), "%s/errors.jsonl", daemon->options.state);
    return access(path, F_OK) == 0;
}

LIST(list_approvals)
{
    EACH("pending", "approved", "denied", "expired", "grants", "mine", "requests", "drafts");
    if (access_errors(daemon))
        visit(context, "errors.jsonl");
}

LIST(list_request)
{
    EACH("request.yaml", "sql", "status", "digest", "decision", "plan.txt", "history.jsonl",
         "error");
}

LIST(list_session)
{
    EACH("info.json", "state", "user", "agent", "dsn", "queries.jsonl",
         "replay.cast", "ctl");
}

LIST(list_policies)
{
    EACH("active", "problem", "edit", "history");
}

LIST(list_metrics)
{
    EACH("odbcguard.prom");
}

LIST(list_audit)
{
    DIR *stream = opendir(og_ledger_folder(daemon->ledger));
    const struct dirent *entry;

    EACH("current.jsonl", "stream", "mine");
    while (stream && (entry = readdir(stream)))
        if (strstr(entry->d_name, ".jsonl") || strstr(entry->d_name, ".anchors") ||
            strcmp(entry->d_name, "anchor.pub.pem") == 0)
            visit(context, entry->d_name);
    if (stream)
        (void)closedir(stream);
}

LIST(list_mine)
{
    DIR *stream = opendir(og_ledger_folder(daemon->ledger));
    const struct dirent *entry;

    while (stream && (entry = readdir(stream)))
        if (strstr(entry->d_name, ".jsonl"))
            visit(context, entry->d_name);
    if (stream)
        (void)closedir(stream);
}

static void list_state(struct og_daemon *daemon, const char *folder, og_node_visit *visit,
                       void *context)
{
    for (const struct og_request *r = og_approvals_first(daemon->approvals); r; r = r->next) {
        const char *in = og_request_folder(r);
        char name[OG_ID_BYTES + 8];

        (void)snprintf(name, sizeof(name), "%s.yaml", r->id);
        if (folder ? in && strcmp(in, folder) == 0 : og_request_is_listed_pending(r))
            visit(context, name);
    }
}

LIST(list_pending)
{
    list_state(daemon, NULL, visit, context);
}

LIST(list_approved)
{
    list_state(daemon, "approved", visit, context);
}

LIST(list_denied)
{
    list_state(daemon, "denied", visit, context);
}

LIST(list_expired)
{
    list_state(daemon, "expired", visit, context);
}

LIST(list_own)
{
    for (const struct og_request *r = og_approvals_first(daemon->approvals); r; r = r->next) {
        char name[OG_ID_BYTES + 8];

        (void)snprintf(name, sizeof(name), "%s.yaml", r->id);
        if (r->requester_uid == uid)
            visit(context, name);
    }
}

LIST(list_drafts)
{
    og_refusal_list(daemon->options.state, UINT32_MAX, visit, context);
}

LIST(list_own_drafts)
{
    og_refusal_list(daemon->options.state, (uint32_t)strtoul(found->part[0], NULL, 10), visit,
                    context);
}

LIST(list_requests)
{
    for (const struct og_request *r = og_approvals_first(daemon->approvals); r; r = r->next)
        visit(context, r->id);
}

LIST(list_sessions)
{
    for (const struct og_session *s = daemon->sessions; s; s = s->next)
        visit(context, s->id);
}

LIST(list_active)
{
    size_t n;
    const struct og_policy_file *files = og_policy_store_files(daemon->policies, &n);

    for (size_t i = 0; i < n; i++)
        visit(context, files[i].name);
}

LIST(list_edit)
{
    EACH(".test", ".commit", ".abort");
    if (og_tree_is_admin(daemon, uid))
        og_policy_edit_list(daemon, visit, context);
}

LIST(list_history)
{
    og_policy_history_list(og_policy_store_kept(daemon->policies), visit, context);
}

LIST(list_targets)
{
    const char *name;

    for (size_t i = 0; (name = og_config_target(daemon->config, i)); i++)
        visit(context, name);
    for (const struct og_session *s = daemon->sessions; s; s = s->next) {
        bool is_new = s->who.target && !og_config_has_target(daemon->config, s->who.target);

        for (const struct og_session *t = daemon->sessions; is_new && t != s; t = t->next)
            is_new = !t->who.target || strcmp(t->who.target, s->who.target) != 0;
        if (is_new)
            visit(context, s->who.target);
    }
}

LIST(list_target)
{
    EACH("labels", "sessions");
}

LIST(list_reports)
{
    EACH("daily");
}

LIST(list_daily)
{
    og_report_daily_list(daemon, visit, context);
}

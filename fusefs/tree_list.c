/* SPDX-License-Identifier: MIT */
/* The names in each folder of the mount. */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <stdio.h>
#include <string.h>

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
              og_node_visit *visit, void *context)

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
    EACH("README", "status", "health", ".error", "audit", "approvals", "sessions", "policies",
         "metrics");
}

LIST(list_approvals)
{
    EACH("pending", "approved", "denied", "expired", "requests");
}

LIST(list_request)
{
    EACH("request.yaml", "sql", "status", "digest", "decision", "error");
}

LIST(list_session)
{
    EACH("info.json", "state");
}

LIST(list_policies)
{
    EACH("active", "problem");
}

LIST(list_metrics)
{
    EACH("odbcguard.prom");
}

LIST(list_audit)
{
    DIR *stream = opendir(og_ledger_folder(daemon->ledger));
    const struct dirent *entry;

    visit(context, "current.jsonl");
    while (stream && (entry = readdir(stream)))
        if (strstr(entry->d_name, ".jsonl") || strstr(entry->d_name, ".anchors") ||
            strcmp(entry->d_name, "anchor.pub.pem") == 0)
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

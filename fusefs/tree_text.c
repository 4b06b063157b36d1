/* SPDX-License-Identifier: MIT */
/* The text of each file of the mount that is made when it is opened. */
#include <config.h> /* the build's, not fusefs/config.h */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fusefs/policy_edit.h"
#include "fusefs/token.h"
#include "fusefs/tree_parts.h"

#define TEXT(name)                                                                        \
    int name(struct og_daemon *daemon OG_UNUSED, const struct og_found *found OG_UNUSED,  \
             uint32_t uid OG_UNUSED, struct og_buf *out OG_UNUSED)

/* ---- last errors, one per uid ---- */

#define MAX_ERRORS 256u

static struct {
    uint32_t uid;
    char text[700];
} errors[MAX_ERRORS];
static size_t n_errors;

void og_tree_note_error(uint32_t uid, const char *path, const char *why)
{
    size_t i = 0;

    while (i < n_errors && errors[i].uid != uid)
        i++;
    if (i == n_errors && n_errors < MAX_ERRORS)
        n_errors++;
    i %= MAX_ERRORS;
    errors[i].uid = uid;
    errors[i].text[0] = '\0';
    if (*why)
        (void)snprintf(errors[i].text, sizeof(errors[i].text), "%s: %s\n", path, why);
}

const char *og_tree_last_error(uint32_t uid)
{
    for (size_t i = 0; i < n_errors; i++)
        if (errors[i].uid == uid)
            return errors[i].text;
    return "";
}

TEXT(text_nothing)
{
    return 0;
}

TEXT(text_version)
{
    og_buf_append_str(out, PACKAGE_VERSION "\n");
    return 0;
}

TEXT(text_error)
{
    og_buf_append_str(out, og_tree_last_error(uid));
    return 0;
}

/* ---- about guardfs ---- */

TEXT(text_readme)
{
    og_buf_append_str(out,
                      "odbcguard " PACKAGE_VERSION "\n\n"
                      "This folder is guardfs: the ledger, approvals, sessions, policies and metrics\n"
                      "of guarded ODBC connections, as files.\n\n");
#define NODE(path, kind, mode, reader, function, writer, what) \
    if (what[0])                                               \
        og_buf_printf(out, "  %-36s %s\n", path, what);
#include "fusefs/node.tbl.h"
#undef NODE
    og_buf_append_str(out, "\nTo answer a request: edit approvals/pending/<request>.yaml, set decision to\n"
                           "approve or deny (with a reason), save. If the save is refused, `cat .error`\n"
                           "says why.\n");
    return 0;
}

static size_t count_open(const struct og_daemon *daemon)
{
    size_t n = 0;

    for (const struct og_session *s = daemon->sessions; s; s = s->next)
        n += s->ended_ms == 0;
    return n;
}

static size_t count_pending(const struct og_daemon *daemon)
{
    size_t n = 0;

    for (const struct og_request *r = og_approvals_first(daemon->approvals); r; r = r->next)
        n += r->state == OG_REQUEST_PENDING;
    return n;
}

TEXT(text_health)
{
    const char *problem = og_policy_store_problem(daemon->policies);
    const char *warnings = og_policy_store_warnings(daemon->policies);
    int error = og_ledger_error(daemon->ledger);

    if (error)
        og_buf_printf(out, "ledger: cannot be written: %s; statements are refused\n",
                      strerror(-error));
    else if (!og_policy_store_set(daemon->policies))
        og_buf_printf(out, "policies: there is no good set, so everything is denied\n%s", problem);
    else
        og_buf_printf(out, "ok\n%s%s",
                      *problem ? "the policy folder's present files are NOT in force:\n" : "",
                      problem);
    if (*warnings)
        og_buf_printf(out, "warning: %s\n", warnings);
    if (*og_tokens_problem(daemon->tokens))
        og_buf_printf(out, "warning: %s", og_tokens_problem(daemon->tokens));
    if (*og_anchor_copy_problem(daemon->anchor_copy))
        og_buf_printf(out, "warning: %s\n", og_anchor_copy_problem(daemon->anchor_copy));
    og_approvals_health(daemon->approvals, out);
    return 0;
}

TEXT(text_status)
{
    const struct og_counters *c = &daemon->counters;
    size_t n_files;

    (void)og_policy_store_files(daemon->policies, &n_files);
    og_buf_printf(out, "version: %s\n", PACKAGE_VERSION);
    og_buf_printf(out, "started_unix_ms: %" PRId64 "\n", daemon->started_ms);
    og_buf_printf(out, "epoch: %" PRIu64 "\n", og_ledger_epoch(daemon->ledger));
    og_buf_printf(out, "sessions_open: %zu\n", count_open(daemon));
    og_buf_printf(out, "requests_pending: %zu\n", count_pending(daemon));
    og_buf_printf(out, "policies: %zu\n", n_files);
    og_buf_printf(out, "policy_generation: %" PRIu64 "\n",
                  og_policy_store_generation(daemon->policies));
    og_buf_printf(out, "ledger_sequence: %" PRIu64 "\n", og_ledger_written(daemon->ledger));
    og_buf_printf(out, "ledger_last_sha256: %s\n", og_ledger_last_hash(daemon->ledger));
    og_buf_printf(out, "statements_allowed: %" PRIu64 "\n", c->statements_allowed);
    og_buf_printf(out, "statements_denied: %" PRIu64 "\n", c->statements_denied);
    og_buf_printf(out, "statements_approved: %" PRIu64 "\n", c->statements_approved);
    og_buf_printf(out, "statements_rehearsed: %" PRIu64 "\n", c->statements_rehearsed);
#ifdef OG_TEST_FAULT
    og_buf_append_str(out, "test_build: a defence is switched off\n");
#endif
    return 0;
}

TEXT(text_metrics)
{
    const struct og_counters *c = &daemon->counters;
    const struct {
        const char *name, *type, *help, *label;
        uint64_t value;
    } rows[] = {
        {"sessions_total", "counter", "Guarded connections opened", "", c->sessions_opened},
        {"sessions_open", "gauge", "Guarded connections now", "", count_open(daemon)},
        {"statements_total", "counter", "Statements by verdict", "{verdict=\"allow\"}",
         c->statements_allowed},
        {"statements_total", NULL, NULL, "{verdict=\"deny\"}", c->statements_denied},
        {"statements_total", NULL, NULL, "{verdict=\"approve\"}", c->statements_approved},
        {"requests_total", "counter", "Requests for approval", "", c->requests},
        {"requests_pending", "gauge", "Requests that wait now", "", count_pending(daemon)},
        {"answers_total", "counter", "Answers to requests", "", c->answers},
        {"emergencies_total", "counter", "Answers by break-glass", "", c->emergencies},
        {"rows_total", "counter", "Rows handed out or changed", "", c->rows},
        {"masked_cells_total", "counter", "Cells handed out masked", "", c->masked_cells},
        {"ledger_records_total", "counter", "Ledger records", "", c->records},
        {"ledger_errors_total", "counter", "Ledger writes that failed", "", c->record_errors},
        {"frames_refused_total", "counter", "Malformed frames on the socket", "", c->frames_refused},
    };

    for (size_t i = 0; i < OG_COUNT(rows); i++) {
        if (rows[i].help)
            og_buf_printf(out, "# HELP odbcguard_%s %s\n# TYPE odbcguard_%s %s\n", rows[i].name,
                          rows[i].help, rows[i].name, rows[i].type);
        og_buf_printf(out, "odbcguard_%s%s %" PRIu64 "\n", rows[i].name, rows[i].label,
                      rows[i].value);
    }
    return 0;
}

/* ---- ledger ---- */

TEXT(text_current)
{
    og_buf_printf(out, "%s.jsonl", og_ledger_day(daemon->ledger));
    return 0;
}

/* ---- policies ---- */

TEXT(text_policy)
{
    size_t n;
    const struct og_policy_file *files = og_policy_store_files(daemon->policies, &n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(files[i].name, found->part[0]) == 0) {
            og_buf_append(out, files[i].bytes, files[i].n_bytes);
            return 0;
        }
    return -ENOENT;
}

TEXT(text_problem)
{
    og_buf_append_str(out, og_policy_store_problem(daemon->policies));
    return 0;
}

TEXT(text_edit)
{
    return og_policy_edit_read(daemon, found->part[0], out);
}

/* ---- targets ---- */

TEXT(text_target_labels)
{
    size_t n;
    const char *const *labels = og_config_labels(daemon->config, found->part[0], &n);

    for (size_t i = 0; i < n; i++)
        og_buf_printf(out, "%s\n", labels[i]);
    return 0;
}

TEXT(text_target_sessions)
{
    for (const struct og_session *s = daemon->sessions; s; s = s->next)
        if (!s->ended_ms && s->who.target && strcmp(s->who.target, found->part[0]) == 0)
            og_buf_printf(out, "%s %s\n", s->id, s->who.display);
    return 0;
}

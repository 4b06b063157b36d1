/* SPDX-License-Identifier: MIT */
/* The text of each file of the mount that is made when it is opened. */
#include <config.h> /* the build's, not fusefs/config.h */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fusefs/json.h"
#include "fusefs/request_file.h"
#include "fusefs/tree_parts.h"

#define TEXT(name)                                                                        \
    int name(struct og_daemon *daemon OG_UNUSED, const struct og_found *found OG_UNUSED,  \
             uint32_t uid OG_UNUSED, struct og_buf *out)

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
    (void)snprintf(errors[i].text, sizeof(errors[i].text), "%s: %s\n", path, why);
}

const char *og_tree_last_error(uint32_t uid)
{
    for (size_t i = 0; i < n_errors; i++)
        if (errors[i].uid == uid)
            return errors[i].text;
    return "";
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
#define NODE(path, kind, mode, reader, function, what) \
    if (what[0])                                       \
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

/* ---- requests ---- */

/* Who answered finds what they saved, as editors expect; everybody else decides for themselves, from a
 * file that is undecided. */
TEXT(text_request)
{
    const struct og_request *r = found->request;

    og_buf_append_str(out, og_tree_is_last_answer(r, uid) ? r->answered_text : r->text);
    return 0;
}

static void put_answers(const struct og_request *r, struct og_buf *out)
{
    og_buf_printf(out, "# state: %s\n", og_request_state_word(r->state));
    for (size_t i = 0; i < r->n_answers; i++)
        og_buf_printf(out, "# %s: %s at %" PRId64 "\n", r->answers[i].decision, r->answers[i].person,
                      r->answers[i].unix_ms);
}

TEXT(text_answered)
{
    const struct og_request *r = found->request;

    if (r->n_answers)
        og_request_file_answered(r, r->answers[r->n_answers - 1].decision,
                                 r->answers[r->n_answers - 1].reason, out);
    else
        og_buf_append_str(out, r->text);
    put_answers(r, out);
    return 0;
}

TEXT(text_sql)
{
    og_buf_printf(out, "%s\n", found->request->sql);
    return 0;
}

TEXT(text_state)
{
    og_buf_printf(out, "%s\n", og_request_state_word(found->request->state));
    return 0;
}

TEXT(text_digest)
{
    og_buf_printf(out, "%s\n", found->request->digest);
    return 0;
}

TEXT(text_last_error)
{
    if (*found->request->error)
        og_buf_printf(out, "%s\n", found->request->error);
    return 0;
}

/* ---- sessions ---- */

TEXT(text_session)
{
    const struct og_session *s = found->session;
    struct og_json json;

    og_json_init(&json, out);
    og_json_open(&json, NULL, '{');
    og_json_text(&json, "session", s->id);
    og_json_text(&json, "state", s->state);
    og_json_text(&json, "principal", s->who.display);
    og_json_text(&json, "evidence", s->who.evidence);
    og_json_text(&json, "target", s->who.target);
    og_json_text(&json, "dsn", s->who.dsn);
    og_json_text(&json, "placement", s->who.placement);
    og_json_text(&json, "app_asserted", s->who.app);
    og_json_text(&json, "purpose_asserted", s->who.purpose);
    og_json_text(&json, "exe", s->peer.exe);
    og_json_text(&json, "cmd_line", s->peer.cmd_line);
    og_json_number(&json, "uid", s->peer.uid);
    og_json_integer(&json, "pid", s->peer.pid);
    og_json_integer(&json, "opened_unix_ms", s->opened_ms);
    og_json_integer(&json, "ended_unix_ms", s->ended_ms);
    og_json_number(&json, "statements", s->n_statements);
    og_json_number(&json, "denied", s->n_denied);
    og_json_number(&json, "rows", s->n_rows);
    og_json_number(&json, "masked_cells", s->n_masked_cells);
    og_json_close(&json, '}');
    og_buf_append_char(out, '\n');
    return 0;
}

TEXT(text_session_state)
{
    og_buf_printf(out, "%s\n", found->session->state);
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

/* SPDX-License-Identifier: MIT */
/* Saves: who may write a node and what the words or the document do. Every refusal is told in four places:
 * `.error` of the writer, errors.jsonl, the request's `error` and the ledger; what was refused is kept
 * under approvals/drafts/. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fusefs/policy_edit.h"
#include "fusefs/refusal.h"
#include "fusefs/request_file.h"
#include "fusefs/tree_parts.h"

#define MAX_WHY_BYTES 1024u

static char last_why[MAX_WHY_BYTES];

/* ---- refusing ---- */

int og_tree_refuse(struct og_daemon *daemon, const struct og_found *found, uint32_t uid, int r,
                   const char *reason, const char *text, size_t n_bytes, const char **why)
{
    char uid_text[16], draft[80] = "";
    struct og_record_pair pairs[] = {
        {"uid", uid_text}, {"path", found->path}, {"problem", last_why}, {"draft", draft}};
    int64_t now = og_now_unix_ms();

    if (reason != last_why)
        (void)snprintf(last_why, sizeof(last_why), "%s", reason);
    (void)snprintf(uid_text, sizeof(uid_text), "%u", uid);
    if (text && n_bytes &&
        og_refusal_keep(daemon->options.state, now, uid, found->path, text, n_bytes, draft) < 0)
        draft[0] = '\0';
    if (found->request) {
        found->request->error = og_arena_strdup(&found->request->arena, last_why);
        if (!found->request->error)
            found->request->error = "";
    }
    og_tree_note_error(uid, found->path, last_why);
    og_refusal_log(daemon->options.state, now, uid, found->path, r, last_why);
    (void)og_daemon_event(daemon, NULL, found->request ? "answer" : "write", "refused",
                          found->request ? found->request->id : "", "a save was refused", pairs,
                          OG_COUNT(pairs));
    *why = last_why;
    return r;
}

/* What an admin did through a file is an event of its own. */
static void record(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                   const char *what, const char *message)
{
    char by[OG_CONFIG_NAME_BYTES];
    struct og_record_pair pairs[] = {{"path", found->path}, {"by", by}};

    og_config_name(daemon->config, uid, by);
    (void)og_daemon_event(daemon, NULL, "write", what, "", message, pairs, OG_COUNT(pairs));
}

/* ---- answers to requests ---- */

static int may_answer(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                      const char **why)
{
    return og_approvals_may_answer(daemon->approvals, found->request, uid, why);
}

static int answer(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                  const char *decision, const char *reason, const char *digest8,
                  const char *saved_text, const struct og_grant_terms *terms, const char **why)
{
    int r = og_approvals_answer(daemon->approvals, found->request, uid, decision, reason, digest8,
                                saved_text, terms, why);

    if (r == 0)
        found->request->error = "";
    return r;
}

bool og_tree_is_last_answer(const struct og_request *request, uint32_t uid)
{
    return request->answered_text && request->n_answers &&
           request->answers[request->n_answers - 1].uid == uid;
}

/* Another statement in the place of the one that was asked. */
static int amend(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                 const char *sql, const char **why)
{
    int r = og_approvals_amend(daemon->approvals, found->request, uid, sql, why);

    if (r == 0)
        found->request->error = "";
    return r;
}

static int save_edit_of(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                        const struct og_request_edit *edit, const char *text, size_t n_bytes,
                        const char **why)
{
    char *copy;
    int r;

    if (edit->sql)
        return amend(daemon, found, uid, edit->sql, why);
    *why = "there is a reason but the decision is still pending";
    if (strcmp(edit->decision, "pending") == 0)
        return edit->reason[0] ? -EBADMSG : 0;
    copy = strndup(text, n_bytes);
    *why = "memory is short; nothing has changed";
    if (!copy)
        return -EIO;
    r = answer(daemon, found, uid, edit->decision, edit->reason, NULL, copy, &edit->terms, why);
    free(copy);
    return r;
}

static int save_request(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                        const char *text, size_t n_bytes, const char **why)
{
    struct og_request_edit edit;
    int r;

    /* Saving what is there already changes nothing and forgets no error. */
    if ((n_bytes == strlen(found->request->text) &&
         memcmp(text, found->request->text, n_bytes) == 0) ||
        (og_tree_is_last_answer(found->request, uid) &&
         n_bytes == strlen(found->request->answered_text) &&
         memcmp(text, found->request->answered_text, n_bytes) == 0))
        return 0;
    r = og_request_file_read(found->request, text, n_bytes, &edit);
    if (r < 0) {
        (void)snprintf(last_why, sizeof(last_why), "%s", edit.problem);
        *why = last_why;
        return r;
    }
    r = save_edit_of(daemon, found, uid, &edit, text, n_bytes, why);
    free(edit.sql);
    return r;
}

/* Takes the line of words that a CONTROL file is given. */
static int take_line(const char *text, size_t n_bytes, char *line, size_t max_bytes,
                     const char **why)
{
    *why = "the line is too long or not text";
    if (n_bytes >= max_bytes || memchr(text, '\0', n_bytes))
        return -EINVAL;
    memcpy(line, text, n_bytes);
    line[n_bytes] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    return 0;
}

/* "approve 1a2b3c4d [why]\n" */
static int save_decision(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                         const char *text, size_t n_bytes, const char **why)
{
    char line[600], *word, *digest, *rest = NULL;
    int r = take_line(text, n_bytes, line, sizeof(line), why);

    if (r < 0)
        return r;
    word = strtok_r(line, " ", &rest);
    digest = strtok_r(NULL, " ", &rest);
    *why = "write: approve DIGEST8 [reason], deny DIGEST8 reason, or break-glass DIGEST8 reason";
    if (!word || !digest || !og_request_decision(word))
        return -EINVAL;
    return answer(daemon, found, uid, word, rest ? rest : "", digest, NULL, NULL, why);
}

static int save_answer(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                       const char *text, size_t n_bytes, const char **why)
{
    return found->kind == OG_NODE_REQUEST ? save_request(daemon, found, uid, text, n_bytes, why)
                                          : save_decision(daemon, found, uid, text, n_bytes, why);
}

const struct og_node_writer og_writer_answer[1] = {{may_answer, save_answer}};

/* ---- .error ---- */

static int may_all(struct og_daemon *daemon OG_UNUSED, const struct og_found *found OG_UNUSED,
                   uint32_t uid OG_UNUSED, const char **why OG_UNUSED)
{
    return 0;
}

static int clear_error(struct og_daemon *daemon OG_UNUSED, const struct og_found *found,
                       uint32_t uid, const char *text, size_t n_bytes, const char **why)
{
    *why = "only an empty line may be written here; it clears the error";
    for (size_t i = 0; i < n_bytes; i++)
        if (text[i] != '\n' && text[i] != ' ')
            return -EINVAL;
    og_tree_note_error(uid, found->path, "");
    return 0;
}

const struct og_node_writer og_writer_own_error[1] = {{may_all, clear_error}};

/* ---- words for sessions and for guardfs itself ---- */

static int may_admin(struct og_daemon *daemon, const struct og_found *found OG_UNUSED, uint32_t uid,
                     const char **why)
{
    *why = "this takes the role admin";
    return og_tree_is_admin(daemon, uid) ? 0 : -EACCES;
}

static int may_session(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                       const char **why)
{
    *why = "this takes the role admin, or the session's own account";
    return found->session->peer.uid == uid || og_tree_is_admin(daemon, uid) ? 0 : -EACCES;
}

static int tell_session(struct og_daemon *daemon, const char *word, const char *id, uint32_t uid,
                        const char **why)
{
    int r = strcmp(word, "kill") == 0 ? og_session_kill(daemon, id, uid)
                                      : og_session_make_read_only(daemon, id, uid);

    if (r == -ESRCH)
        *why = "there is no such open session";
    return r;
}

static int save_session_ctl(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                            const char *text, size_t n_bytes, const char **why)
{
    char line[64];
    int r = take_line(text, n_bytes, line, sizeof(line), why);

    if (r < 0)
        return r;
    *why = "write: kill, or: read-only";
    if (strcmp(line, "kill") != 0 && strcmp(line, "read-only") != 0)
        return -EINVAL;
    return tell_session(daemon, line, found->session->id, uid, why);
}

const struct og_node_writer og_writer_session_ctl[1] = {{may_session, save_session_ctl}};

static int save_daemon_ctl(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                           const char *text, size_t n_bytes, const char **why)
{
    char line[64], *word, *id, *rest = NULL;
    int r = take_line(text, n_bytes, line, sizeof(line), why);

    if (r < 0)
        return r;
    word = strtok_r(line, " ", &rest);
    id = strtok_r(NULL, " ", &rest);
    *why = "write: reload, or: kill SESSION, or: read-only SESSION";
    if (word && !id && strcmp(word, "reload") == 0) {
        og_policy_store_poll(daemon->policies);
        record(daemon, found, uid, "reload", "the policy folder was looked at");
        return 0;
    }
    if (!word || !id || rest[0] || (strcmp(word, "kill") != 0 && strcmp(word, "read-only") != 0))
        return -EINVAL;
    return tell_session(daemon, word, id, uid, why);
}

const struct og_node_writer og_writer_daemon_ctl[1] = {{may_admin, save_daemon_ctl}};

/* ---- the working copy of the policies ---- */

/* Results of the last .test and .commit, shown until the next one. */
static struct og_buf test_result, commit_result;

static struct og_buf *fresh(struct og_buf *result)
{
    if (!result->max_bytes)
        og_buf_init(result, 256u * 1024u);
    og_buf_clear(result);
    return result;
}

/* The first lines of a result, as the reason of a refusal. */
static int from_result(int r, const struct og_buf *result, const char **why)
{
    if (r >= 0)
        return r;
    (void)snprintf(last_why, sizeof(last_why), "%s",
                   result->n_bytes ? og_buf_str((struct og_buf *)(uintptr_t)result) : strerror(-r));
    *why = last_why;
    return r;
}

static int save_edit(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                     const char *text, size_t n_bytes, const char **why)
{
    struct og_buf messages;
    int r;

    og_buf_init(&messages, 64u * 1024u);
    r = from_result(og_policy_edit_save(daemon, found->part[0], text, n_bytes, &messages), &messages,
                    why);
    og_buf_release(&messages);
    if (r == 0)
        record(daemon, found, uid, "policy saved", "a file of the policies' working copy was saved");
    return r;
}

static int save_edit_test(struct og_daemon *daemon, const struct og_found *found OG_UNUSED,
                          uint32_t uid OG_UNUSED, const char *text OG_UNUSED,
                          size_t n_bytes OG_UNUSED, const char **why)
{
    return from_result(og_policy_edit_test(daemon, fresh(&test_result)), &test_result, why);
}

static int save_edit_commit(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                            const char *text, size_t n_bytes, const char **why)
{
    char by[OG_CONFIG_NAME_BYTES], line[300];
    int r = take_line(text, n_bytes, line, sizeof(line), why);

    if (r < 0)
        return r;
    og_config_name(daemon->config, uid, by);
    r = from_result(og_policy_edit_commit(daemon, by, line, fresh(&commit_result)), &commit_result,
                    why);
    if (r == 0)
        record(daemon, found, uid, "policy committed", "the policies' working copy was committed");
    return r;
}

static int save_edit_abort(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                           const char *text OG_UNUSED, size_t n_bytes OG_UNUSED, const char **why)
{
    int r = og_policy_edit_abort(daemon);

    *why = "the working copy cannot be removed";
    if (r == 0)
        record(daemon, found, uid, "policy aborted", "the policies' working copy was dropped");
    return r;
}

const struct og_node_writer og_writer_edit[1] = {{may_admin, save_edit}};
const struct og_node_writer og_writer_edit_test[1] = {{may_admin, save_edit_test}};
const struct og_node_writer og_writer_edit_commit[1] = {{may_admin, save_edit_commit}};
const struct og_node_writer og_writer_edit_abort[1] = {{may_admin, save_edit_abort}};

int text_edit_test(struct og_daemon *daemon OG_UNUSED, const struct og_found *found OG_UNUSED,
                   uint32_t uid OG_UNUSED, struct og_buf *out)
{
    og_buf_append_str(out, test_result.n_bytes ? og_buf_str(&test_result)
                                               : "not tested yet: write anything to this file\n");
    return 0;
}

int text_edit_commit(struct og_daemon *daemon OG_UNUSED, const struct og_found *found OG_UNUSED,
                     uint32_t uid OG_UNUSED, struct og_buf *out)
{
    og_buf_append_str(out, commit_result.n_bytes ? og_buf_str(&commit_result)
                                                 : "nothing was committed since guardfs started\n");
    return 0;
}

bool og_tree_is_new_document(const struct og_found *found)
{
    return found->node && found->kind == OG_NODE_DOCUMENT &&
           og_policy_edit_is_name(found->part[0]);
}

/* ---- from outside ---- */

bool og_tree_is_writable(const struct og_found *found)
{
    return og_tree_writer(found) != NULL;
}

int og_tree_may_write(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                      const char **why)
{
    const struct og_node_writer *writer = og_tree_writer(found);

    *why = "this file is read-only";
    return writer ? writer->may(daemon, found, uid, why) : -EROFS;
}

int og_tree_save(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                 const char *text, size_t n_bytes, const char **why)
{
    const struct og_node_writer *writer = og_tree_writer(found);
    int r;

    *why = "";
    if (!writer)
        return -EROFS;
    r = writer->save(daemon, found, uid, text, n_bytes, why);
    return r < 0 ? og_tree_refuse(daemon, found, uid, r, *why, text, n_bytes, why) : 0;
}

int og_tree_remove(struct og_daemon *daemon, const struct og_found *found, uint32_t uid)
{
    const char *pattern_why;
    int r;

    if (found->kind == OG_NODE_DOCUMENT) {
        r = og_tree_may_write(daemon, found, uid, &pattern_why);
        return r < 0 ? r : og_policy_edit_remove(daemon, found->part[0]);
    }
    if (strncmp(found->path, "approvals/drafts/", 17) == 0 && found->part[1][0]) {
        r = og_tree_may_read(daemon, found, uid);
        return r < 0 ? r
                     : og_refusal_remove(daemon->options.state,
                                         (uint32_t)strtoul(found->part[0], NULL, 10),
                                         found->part[1]);
    }
    if (og_tree_is_grant(found))
        return og_tree_revoke(daemon, found, uid);
    if (strncmp(found->path, "approvals/mine/", 15) == 0)
        return og_approvals_withdraw(daemon->approvals, found->request, uid);
    return -EROFS;
}

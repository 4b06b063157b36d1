/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fusefs/request_file.h"
#include "fusefs/tree_parts.h"

struct og_node {
    const char *path;
    enum og_node_kind kind;
    uint32_t mode;
    enum og_node_reader reader;
    og_node_list *list;
    og_node_text *text;
    const char *what;
};

/* The table's one function is a list for folders and a text for everything else. */
#define LIST_FOLDER(function) function
#define LIST_TEXT(function) NULL
#define LIST_LEDGER(function) NULL
#define LIST_LINK(function) NULL
#define LIST_REQUEST(function) NULL
#define LIST_CONTROL(function) NULL
#define TEXT_FOLDER(function) NULL
#define TEXT_TEXT(function) function
#define TEXT_LEDGER(function) NULL
#define TEXT_LINK(function) function
#define TEXT_REQUEST(function) function
#define TEXT_CONTROL(function) function
static const struct og_node nodes[] = {
#define NODE(path, kind, mode, reader, function, what) \
    {path, OG_NODE_##kind, mode, OG_READ_##reader, LIST_##kind(function), TEXT_##kind(function), what},
#include "fusefs/node.tbl.h"
#undef NODE
};

/* ---- finding ---- */

/* Whether path fits the pattern; stars are copied to parts. */
static bool fits(const char *pattern, const char *path, char parts[2][80])
{
    size_t n_parts = 0;

    while (*pattern) {
        if (*pattern == '*') {
            size_t n = strcspn(path, "/");

            if (!n || n >= sizeof(parts[0]) || n_parts == 2)
                return false;
            memcpy(parts[n_parts], path, n);
            parts[n_parts++][n] = '\0';
            path += n;
            pattern++;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return !*path;
}

/* "r-0123456789.yaml" or "r-0123456789" -> its request. */
static struct og_request *find_request(struct og_daemon *daemon, const char *name, bool has_suffix)
{
    char id[OG_ID_BYTES];
    size_t n = strlen(name);

    if (has_suffix && (n != OG_ID_CHARS + 5 || strcmp(name + OG_ID_CHARS, ".yaml") != 0))
        return NULL;
    if (!has_suffix && n != OG_ID_CHARS)
        return NULL;
    memcpy(id, name, OG_ID_CHARS);
    id[OG_ID_CHARS] = '\0';
    return og_approvals_find(daemon->approvals, id);
}

static bool has_policy(struct og_daemon *daemon, const char *name)
{
    size_t n;
    const struct og_policy_file *files = og_policy_store_files(daemon->policies, &n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(files[i].name, name) == 0)
            return true;
    return false;
}

static bool is_ledger_name(const char *name)
{
    static const char shape[] = "dddd-dd-dd";
    const char *suffix = name + sizeof(shape) - 1;

    for (size_t i = 0; shape[i]; i++)
        if (shape[i] == 'd' ? !(name[i] >= '0' && name[i] <= '9') : name[i] != shape[i])
            return false;
    return strcmp(suffix, ".jsonl") == 0 || strcmp(suffix, ".anchors") == 0;
}

static int fill_ledger(struct og_daemon *daemon, struct og_found *found)
{
    struct stat st;
    char real[4096];

    if (strchr(found->node->path, '*') && !is_ledger_name(found->part[0]))
        return -ENOENT;
    og_tree_real_path(daemon, found, real, sizeof(real));
    return stat(real, &st) == 0 && S_ISREG(st.st_mode) ? 0 : -ENOENT;
}

/* What a path with stars means now. Returns: 0; -ENOENT. */
static int fill(struct og_daemon *daemon, struct og_found *found)
{
    const char *path = found->node->path;
    const char *folder;

    if (found->kind == OG_NODE_LEDGER)
        return fill_ledger(daemon, found);
    if (strncmp(path, "approvals/requests/*", 20) == 0)
        found->request = find_request(daemon, found->part[0], false);
    else if (strncmp(path, "approvals/", 10) == 0 && strchr(path, '*'))
        found->request = find_request(daemon, found->part[0], true);
    else if (strncmp(path, "sessions/*", 10) == 0)
        return (found->session = og_session_find(daemon, found->part[0])) ? 0 : -ENOENT;
    else if (strcmp(path, "policies/active/*") == 0)
        return has_policy(daemon, found->part[0]) ? 0 : -ENOENT;
    else
        return 0;
    if (!found->request)
        return -ENOENT;
    if (found->kind == OG_NODE_REQUEST)
        return og_request_is_found_pending(found->request) ? 0 : -ENOENT;
    folder = og_request_folder(found->request);
    if (strncmp(path, "approvals/requests/", 19) != 0)
        return folder && strncmp(path + 10, folder, strlen(folder)) == 0 ? 0 : -ENOENT;
    return 0;
}

int og_tree_find(struct og_daemon *daemon, const char *path, struct og_found *out)
{
    for (size_t i = 0; i < OG_COUNT(nodes); i++) {
        memset(out, 0, sizeof(*out));
        if (!fits(nodes[i].path, path, out->part))
            continue;
        out->node = &nodes[i];
        out->kind = nodes[i].kind;
        out->mode = nodes[i].mode;
        return fill(daemon, out);
    }
    return -ENOENT;
}

/* ---- rights ---- */

static bool is_auditor(struct og_daemon *daemon, uint32_t uid)
{
    return uid == 0 || uid == geteuid() || og_config_uid_has_role(daemon->config, uid, "auditor") ||
           og_config_uid_has_role(daemon->config, uid, "admin");
}

int og_tree_may_read(struct og_daemon *daemon, const struct og_found *found, uint32_t uid)
{
    const char *why;

    if (found->node->reader == OG_READ_ALL || is_auditor(daemon, uid))
        return 0;
    if (found->node->reader == OG_READ_SELF)
        return found->session && found->session->peer.uid == uid ? 0 : -EACCES;
    if (found->node->reader == OG_READ_APPROVER && found->request) {
        if (found->request->requester_uid == uid ||
            og_config_uid_has_role(daemon->config, uid, "approver") ||
            og_approvals_may_answer(daemon->approvals, found->request, uid, &why) == 0)
            return 0;
    }
    return -EACCES;
}

/* ---- reading ---- */

void og_tree_real_path(struct og_daemon *daemon, const struct og_found *found, char *out,
                       size_t max_bytes)
{
    const char *name = strchr(found->node->path, '*') ? found->part[0]
                                                       : strrchr(found->node->path, '/') + 1;

    (void)snprintf(out, max_bytes, "%s/%s", og_ledger_folder(daemon->ledger), name);
}

static int read_real(struct og_daemon *daemon, const struct og_found *found, struct og_buf *out)
{
    char real[4096], block[16384];
    size_t n;
    FILE *file;

    og_tree_real_path(daemon, found, real, sizeof(real));
    file = fopen(real, "re");
    if (!file)
        return -errno;
    while ((n = fread(block, 1, sizeof(block), file)) > 0)
        og_buf_append(out, block, n);
    (void)fclose(file);
    return og_buf_is_failed(out) ? -EFBIG : 0;
}

int og_tree_text(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                 struct og_buf *out)
{
    int r;

    if (found->kind == OG_NODE_FOLDER)
        return -EISDIR;
    if (found->kind == OG_NODE_LEDGER)
        return read_real(daemon, found, out);
    r = found->node->text(daemon, found, uid, out);
    return r < 0 ? r : og_buf_is_failed(out) ? -ENOMEM : 0;
}

int og_tree_list(struct og_daemon *daemon, const char *path,
                 void (*visit)(void *context, const char *name), void *context)
{
    struct og_found found;
    int r = og_tree_find(daemon, path, &found);

    if (r < 0)
        return r;
    if (found.kind != OG_NODE_FOLDER)
        return -ENOTDIR;
    found.node->list(daemon, &found, visit, context);
    return 0;
}

/* ---- saving ---- */

static char last_why[512];

static int refuse(struct og_daemon *daemon, const struct og_found *found, uint32_t uid, int r,
                  const char *text, const char **why)
{
    char path[128];
    struct og_record_pair pairs[] = {{"uid", ""}, {"problem", last_why}};
    char uid_text[16];

    if (text != last_why)
        (void)snprintf(last_why, sizeof(last_why), "%s", text);
    (void)snprintf(path, sizeof(path), "approvals/pending/%s.yaml", found->request->id);
    (void)snprintf(uid_text, sizeof(uid_text), "%u", uid);
    pairs[0].value = uid_text;
    found->request->error = og_arena_strdup(&found->request->arena, last_why);
    if (!found->request->error)
        found->request->error = "";
    og_tree_note_error(uid, path, last_why);
    (void)og_daemon_event(daemon, NULL, "answer", "refused", found->request->id,
                          "a save of a request was refused", pairs, OG_COUNT(pairs));
    *why = last_why;
    return r;
}

static int answer(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                  const char *decision, const char *reason, const char *digest8,
                  const char *saved_text, const char **why)
{
    int r = og_approvals_answer(daemon->approvals, found->request, uid, decision, reason, digest8,
                                saved_text, why);

    if (r < 0)
        return refuse(daemon, found, uid, r, *why, why);
    found->request->error = "";
    return 0;
}

bool og_tree_is_last_answer(const struct og_request *request, uint32_t uid)
{
    return request->answered_text && request->n_answers &&
           request->answers[request->n_answers - 1].uid == uid;
}

static int save_request(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                        const char *text, size_t n_bytes, const char **why)
{
    struct og_request_edit edit;
    char *copy;
    int r;

    /* Saving what is there already changes nothing and forgets no error. */
    if ((n_bytes == strlen(found->request->text) &&
         memcmp(text, found->request->text, n_bytes) == 0) ||
        (og_tree_is_last_answer(found->request, uid) &&
         n_bytes == strlen(found->request->answered_text) &&
         memcmp(text, found->request->answered_text, n_bytes) == 0))
        return 0;
    r = og_request_file_read(found->request, text, n_bytes, &edit);
    if (r < 0)
        return refuse(daemon, found, uid, r, edit.problem, why);
    if (strcmp(edit.decision, "pending") == 0)
        return edit.reason[0] ? refuse(daemon, found, uid, -EBADMSG,
                                       "there is a reason but the decision is still pending", why)
                              : 0;
    copy = strndup(text, n_bytes);
    if (!copy)
        return -EIO;
    r = answer(daemon, found, uid, edit.decision, edit.reason, NULL, copy, why);
    free(copy);
    return r;
}

/* "approve 1a2b3c4d [why]\n" */
static int save_decision(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                         const char *text, size_t n_bytes, const char **why)
{
    char line[600], *word, *digest, *reason, *rest = NULL;

    if (n_bytes >= sizeof(line) || memchr(text, '\0', n_bytes))
        return refuse(daemon, found, uid, -EINVAL, "the line is too long or not text", why);
    memcpy(line, text, n_bytes);
    line[n_bytes] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    word = strtok_r(line, " ", &rest);
    digest = strtok_r(NULL, " ", &rest);
    reason = rest ? rest : line + n_bytes;
    if (!word || !digest || (strcmp(word, "approve") != 0 && strcmp(word, "deny") != 0))
        return refuse(daemon, found, uid, -EINVAL,
                      "write: approve DIGEST8 [reason], or: deny DIGEST8 reason", why);
    return answer(daemon, found, uid, word, reason, digest, NULL, why);
}

int og_tree_save(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                 const char *text, size_t n_bytes, const char **why)
{
    *why = "";
    if (found->kind == OG_NODE_REQUEST)
        return save_request(daemon, found, uid, text, n_bytes, why);
    if (found->kind == OG_NODE_CONTROL)
        return save_decision(daemon, found, uid, text, n_bytes, why);
    return -EROFS;
}

/* ---- the socket's way ---- */

static void add_name(void *context, const char *name)
{
    og_buf_printf(context, "%s\n", name);
}

int og_tree_get(struct og_daemon *daemon, const struct og_peer *who, const char *path,
                struct og_buf *out, bool *is_folder)
{
    struct og_found found;
    int r = og_tree_find(daemon, path, &found);

    if (r < 0)
        return r;
    r = og_tree_may_read(daemon, &found, who->uid);
    if (r < 0)
        return r;
    *is_folder = found.kind == OG_NODE_FOLDER;
    if (*is_folder)
        return og_tree_list(daemon, path, add_name, out);
    return og_tree_text(daemon, &found, who->uid, out);
}

int og_tree_put(struct og_daemon *daemon, const struct og_peer *who, const char *path,
                const char *text, size_t n_bytes, const char **why)
{
    struct og_found found;
    int r = og_tree_find(daemon, path, &found);

    *why = "";
    if (r < 0)
        return r;
    if (found.kind != OG_NODE_REQUEST && found.kind != OG_NODE_CONTROL) {
        *why = "this file is read-only";
        return -EROFS;
    }
    r = og_approvals_may_answer(daemon->approvals, found.request, who->uid, why);
    if (r < 0)
        return refuse(daemon, &found, who->uid, r, *why, why);
    return og_tree_save(daemon, &found, who->uid, text, n_bytes, why);
}

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

#include "fusefs/chain.h"
#include "fusefs/ledger_view.h"
#include "fusefs/policy_edit.h"
#include "fusefs/policy_history.h"
#include "fusefs/report_daily.h"
#include "fusefs/tree_parts.h"
#include "fusefs/undo_store.h"

struct og_node {
    const char *path;
    enum og_node_kind kind;
    uint32_t mode;
    enum og_node_reader reader;
    og_node_list *list;
    og_node_text *text;
    const struct og_node_writer *writer; /* NULL: nobody writes it */
    const char *what;
};

/* The table's one function is a list for folders and a text for everything else. */
#define LIST_FOLDER(function) function
#define LIST_TEXT(function) NULL
#define LIST_LEDGER(function) NULL
#define LIST_LINK(function) NULL
#define LIST_REQUEST(function) NULL
#define LIST_CONTROL(function) NULL
#define LIST_VIEW(function) NULL
#define LIST_STREAM(function) NULL
#define LIST_DOCUMENT(function) NULL
#define TEXT_FOLDER(function) NULL
#define TEXT_TEXT(function) function
#define TEXT_LEDGER(function) NULL
#define TEXT_LINK(function) function
#define TEXT_REQUEST(function) function
#define TEXT_CONTROL(function) function
#define TEXT_VIEW(function) NULL
#define TEXT_STREAM(function) NULL
#define TEXT_DOCUMENT(function) function
#define og_writer_NONE NULL
#define WRITER(name) og_writer_##name
static const struct og_node nodes[] = {
#define NODE(path, kind, mode, reader, function, writer, what)                               \
    {path, OG_NODE_##kind, mode, OG_READ_##reader, LIST_##kind(function), TEXT_##kind(function), \
     WRITER(writer), what},
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

static bool is_day_name(const char *name, const char *suffix)
{
    char day[OG_DAY_BYTES];

    return og_day_from_name(name, suffix, day);
}

static bool is_ledger_name(const char *name)
{
    return is_day_name(name, ".jsonl") || is_day_name(name, ".anchors");
}

static bool is_there(const char *real)
{
    struct stat st;

    return lstat(real, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_uid(const char *text)
{
    size_t n = strspn(text, "0123456789");

    return n && n < 11 && !text[n] && (n == 1 || text[0] != '0');
}

static int fill_file(struct og_daemon *daemon, struct og_found *found)
{
    const char *pattern = found->node->path;
    char real[4096];

    if (strcmp(pattern, "audit/*") == 0 && !is_ledger_name(found->part[0]))
        return -ENOENT;
    if (strncmp(pattern, "approvals/drafts/", 17) == 0 &&
        (!is_uid(found->part[0]) || found->part[1][0] == '.'))
        return -ENOENT;
    og_tree_real_path(daemon, found, real, sizeof(real));
    return is_there(real) ? 0 : -ENOENT;
}

/* A request in the folder that its state puts it into. */
static int fill_request(struct og_daemon *daemon, struct og_found *found)
{
    const char *path = found->node->path, *folder;
    bool is_by_id = strncmp(path, "approvals/requests/", 19) == 0;

    found->request = find_request(daemon, found->part[0], !is_by_id);
    if (!found->request)
        return -ENOENT;
    if (found->kind == OG_NODE_REQUEST)
        return og_request_is_found_pending(found->request) ? 0 : -ENOENT;
    if (is_by_id || strcmp(path, "approvals/mine/*") == 0)
        return 0;
    if (og_tree_is_grant(found))
        return og_request_is_granted(found->request) ? 0 : -ENOENT;
    folder = og_request_folder(found->request);
    return folder && strncmp(path + 10, folder, strlen(folder)) == 0 ? 0 : -ENOENT;
}

static int fill_policy(struct og_daemon *daemon, struct og_found *found)
{
    if (found->kind == OG_NODE_DOCUMENT) /* one that is not there may be made: tree.h */
        return og_policy_edit_exists(daemon, found->part[0]) ? 0 : -ENOENT;
    return has_policy(daemon, found->part[0]) ? 0 : -ENOENT;
}

static bool has_target(struct og_daemon *daemon, const char *name)
{
    if (og_config_has_target(daemon->config, name))
        return true;
    for (const struct og_session *s = daemon->sessions; s; s = s->next)
        if (s->who.target && strcmp(s->who.target, name) == 0)
            return true;
    return false;
}

/* What a path with stars means now. Returns: 0; -ENOENT. */
static int fill(struct og_daemon *daemon, struct og_found *found)
{
    const char *path = found->node->path;

    if (found->kind == OG_NODE_LEDGER)
        return fill_file(daemon, found);
    if (!strchr(path, '*'))
        return 0;
    if (strcmp(path, "approvals/drafts/*") == 0)
        return is_uid(found->part[0]) ? 0 : -ENOENT;
    if (strncmp(path, "approvals/", 10) == 0)
        return fill_request(daemon, found);
    if (strncmp(path, "sessions/*", 10) == 0)
        return (found->session = og_session_find(daemon, found->part[0])) ? 0 : -ENOENT;
    if (strncmp(path, "undo/*", 6) == 0)
        return (found->undo = og_undo_store_find(daemon->undo, found->part[0])) ? 0 : -ENOENT;
    if (strncmp(path, "policies/", 9) == 0)
        return fill_policy(daemon, found);
    if (strncmp(path, "targets/", 8) == 0)
        return has_target(daemon, found->part[0]) ? 0 : -ENOENT;
    if (strcmp(path, "audit/mine/*") == 0) {
        struct og_found day = *found;
        char real[4096];

        if (!is_day_name(found->part[0], ".jsonl"))
            return -ENOENT;
        og_tree_real_path(daemon, &day, real, sizeof(real));
        return is_there(real) ? 0 : -ENOENT;
    }
    return -ENOENT;
}

int og_tree_find(struct og_daemon *daemon, const char *path, struct og_found *out)
{
    if (strlen(path) >= sizeof(out->path))
        return -ENOENT;
    for (size_t i = 0; i < OG_COUNT(nodes); i++) {
        memset(out, 0, sizeof(*out));
        if (!fits(nodes[i].path, path, out->part))
            continue;
        out->node = &nodes[i];
        out->kind = nodes[i].kind;
        out->mode = nodes[i].mode;
        (void)snprintf(out->path, sizeof(out->path), "%s", path);
        return fill(daemon, out);
    }
    return -ENOENT;
}

const struct og_node_writer *og_tree_writer(const struct og_found *found)
{
    return found->node->writer;
}

/* ---- rights ---- */

static bool is_auditor(struct og_daemon *daemon, uint32_t uid)
{
    return uid == 0 || uid == geteuid() || og_config_uid_has_role(daemon->config, uid, "auditor") ||
           og_config_uid_has_role(daemon->config, uid, "admin");
}

bool og_tree_is_admin(struct og_daemon *daemon, uint32_t uid)
{
    return uid == 0 || uid == geteuid() || og_config_uid_has_role(daemon->config, uid, "admin");
}

static bool may_read_request(struct og_daemon *daemon, const struct og_request *request,
                             uint32_t uid)
{
    const char *why;

    return request->requester_uid == uid ||
           og_config_uid_has_role(daemon->config, uid, "approver") ||
           og_approvals_may_answer(daemon->approvals, request, uid, &why) == 0;
}

int og_tree_may_read(struct og_daemon *daemon, const struct og_found *found, uint32_t uid)
{
    bool may = false;

    switch (found->node->reader) {
    case OG_READ_ALL:
        may = true;
        break;
    case OG_READ_AUDITOR:
        may = is_auditor(daemon, uid);
        break;
    case OG_READ_ADMIN:
        may = og_tree_is_admin(daemon, uid);
        break;
    case OG_READ_SELF:
        may = is_auditor(daemon, uid) || (found->session && found->session->peer.uid == uid);
        break;
    case OG_READ_APPROVER:
        may = is_auditor(daemon, uid) ||
              (found->request ? may_read_request(daemon, found->request, uid)
                              : og_config_uid_has_role(daemon->config, uid, "approver"));
        break;
    case OG_READ_REQUESTER:
        may = is_auditor(daemon, uid) || (found->request && found->request->requester_uid == uid);
        break;
    case OG_READ_UNDO:
        may = found->undo && og_undo_may_see(daemon, found->undo, uid);
        break;
    case OG_READ_DRAFT:
        may = uid == 0 || uid == geteuid() || strtoul(found->part[0], NULL, 10) == uid;
        break;
    }
    return may ? 0 : -EACCES;
}

/* ---- reading ---- */

void og_tree_real_path(struct og_daemon *daemon, const struct og_found *found, char *out,
                       size_t max_bytes)
{
    const char *pattern = found->node->path, *state = daemon->options.state;

    if (strncmp(pattern, "approvals/drafts/", 17) == 0)
        (void)snprintf(out, max_bytes, "%s/drafts/%s/%s", state, found->part[0], found->part[1]);
    else if (strcmp(pattern, "approvals/errors.jsonl") == 0)
        (void)snprintf(out, max_bytes, "%s/errors.jsonl", state);
    else if (strcmp(pattern, "policies/history/*") == 0) {
        if (og_policy_history_path(og_policy_store_kept(daemon->policies), found->part[0], out,
                                   max_bytes) < 0)
            out[0] = '\0';
    } else if (strcmp(pattern, "reports/daily/*") == 0) {
        if (og_report_daily_path(daemon, found->part[0], out, max_bytes) < 0)
            out[0] = '\0';
    } else
        (void)snprintf(out, max_bytes, "%s/%s", og_ledger_folder(daemon->ledger),
                       strchr(pattern, '*') ? found->part[0] : strrchr(pattern, '/') + 1);
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

int og_tree_view(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                 struct og_view **out)
{
    char key[16], first[OG_DAY_BYTES], last[OG_DAY_BYTES];

    if (found->session) {
        og_day_format(found->session->opened_ms, first);
        og_day_format(found->session->ended_ms ? found->session->ended_ms : og_now_unix_ms(),
                             last);
        return og_views_get(daemon->views, OG_VIEW_SESSION, found->session->id, first, last, out);
    }
    (void)snprintf(key, sizeof(key), "%u", uid);
    (void)snprintf(first, sizeof(first), "%.10s", found->part[0]);
    return og_views_get(daemon->views, OG_VIEW_UID, key, first, first, out);
}

static int read_view(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                     struct og_buf *out)
{
    struct og_view *view;
    int r = og_tree_view(daemon, found, uid, &view);

    return r < 0 ? r : og_view_read(view, 0, og_view_bytes(view), out);
}

int og_tree_text(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                 struct og_buf *out)
{
    int r;

    if (found->kind == OG_NODE_FOLDER)
        return -EISDIR;
    if (found->kind == OG_NODE_LEDGER)
        return read_real(daemon, found, out);
    if (found->kind == OG_NODE_STREAM)
        return -EOPNOTSUPP;
    if (found->kind == OG_NODE_VIEW)
        return read_view(daemon, found, uid, out);
    r = found->node->text(daemon, found, uid, out);
    return r < 0 ? r : og_buf_is_failed(out) ? -ENOMEM : 0;
}

int og_tree_list(struct og_daemon *daemon, const char *path, uint32_t uid,
                 void (*visit)(void *context, const char *name), void *context)
{
    struct og_found found;
    int r = og_tree_find(daemon, path, &found);

    if (r < 0)
        return r;
    if (found.kind != OG_NODE_FOLDER)
        return -ENOTDIR;
    found.node->list(daemon, &found, uid, visit, context);
    return 0;
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
    int r = og_tree_find_followed(daemon, path, who->uid, &found);

    if (r < 0)
        return r;
    r = og_tree_may_read(daemon, &found, who->uid);
    if (r < 0)
        return r;
    *is_folder = found.kind == OG_NODE_FOLDER;
    if (*is_folder)
        return og_tree_list(daemon, path, who->uid, add_name, out);
    return og_tree_text(daemon, &found, who->uid, out);
}

int og_tree_put(struct og_daemon *daemon, const struct og_peer *who, const char *path,
                const char *text, size_t n_bytes, const char **why)
{
    struct og_found found;
    int r = og_tree_find(daemon, path, &found);

    *why = "";
    if (r == -ENOENT && og_tree_is_new_document(&found))
        r = 0;
    if (r < 0)
        return r;
    r = og_tree_may_write(daemon, &found, who->uid, why);
    return r < 0 ? og_tree_refuse(daemon, &found, who->uid, r, *why, NULL, 0, why)
                 : og_tree_save(daemon, &found, who->uid, text, n_bytes, why);
}

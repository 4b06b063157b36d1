/* SPDX-License-Identifier: MIT */
/* Names: looking up, attributes, listing, and the renames and unlinks that editors save with. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fusefs/fs_parts.h"
#include "fusefs/ledger_view.h"

/* A name that an editor took away comes back after this time. */
#define HIDE_MS 2000

bool og_fs_join(const char *folder, const char *name, char out[static OG_MAX_PATH_BYTES])
{
    int n = snprintf(out, OG_MAX_PATH_BYTES, "%s%s%s", folder, *folder ? "/" : "", name);

    return n > 0 && (size_t)n < OG_MAX_PATH_BYTES;
}

static bool is_in(const char *path, const char *folder)
{
    size_t n = strlen(folder);

    return strncmp(path, folder, n) == 0 && path[n] == '/' && !strchr(path + n + 1, '/');
}

bool og_fs_is_pending_path(const char *path)
{
    return is_in(path, OG_PENDING_FOLDER);
}

bool og_fs_is_scratch_path(const char *path)
{
    return is_in(path, OG_PENDING_FOLDER) || is_in(path, OG_EDIT_FOLDER);
}

int og_fs_may_scratch(struct og_fs *fs, const char *path, uint32_t uid)
{
    struct og_found edit;
    const char *why;

    if (!is_in(path, OG_EDIT_FOLDER) ||
        og_tree_find(fs->daemon, OG_EDIT_FOLDER "/.test", &edit) < 0)
        return 0;
    return og_tree_may_write(fs->daemon, &edit, uid, &why);
}

/* ---- names that are gone for a moment ---- */

bool og_fs_is_hidden(struct og_fs *fs, const char *request)
{
    int64_t now = og_now_monotonic_ms();

    for (size_t i = 0; i < OG_COUNT(fs->hidden); i++)
        if (fs->hidden[i].until_ms > now && strcmp(fs->hidden[i].id, request) == 0)
            return true;
    return false;
}

void og_fs_hide(struct og_fs *fs, const char *request, bool is_hidden)
{
    int64_t now = og_now_monotonic_ms();

    for (size_t i = 0; i < OG_COUNT(fs->hidden); i++)
        if (strcmp(fs->hidden[i].id, request) == 0)
            fs->hidden[i].until_ms = 0;
    if (!is_hidden)
        return;
    for (size_t i = 0; i < OG_COUNT(fs->hidden); i++)
        if (fs->hidden[i].until_ms <= now) {
            (void)snprintf(fs->hidden[i].id, sizeof(fs->hidden[i].id), "%s", request);
            fs->hidden[i].until_ms = now + HIDE_MS;
            return;
        }
}

int og_fs_find(struct og_fs *fs, const char *path, uint32_t uid, struct og_scratch **scratch,
               struct og_found *found)
{
    int r;

    memset(found, 0, sizeof(*found));
    *scratch = og_scratch_find(fs, path, uid);
    if (*scratch)
        return 0;
    r = og_tree_find(fs->daemon, path, found);
    if (r == 0 && found->kind == OG_NODE_REQUEST && og_fs_is_hidden(fs, found->request->id))
        return -ENOENT;
    return r;
}

/* ---- attributes ---- */

static void set_times(struct stat *out, struct timespec when)
{
    out->st_atim = out->st_mtim = out->st_ctim = when;
}

static struct timespec from_ms(int64_t unix_ms)
{
    return (struct timespec){.tv_sec = unix_ms / 1000, .tv_nsec = (unix_ms % 1000) * 1000000};
}

/* The true size: tools that trust st_size would archive empty files. */
static int measure(struct og_fs *fs, const struct og_found *found, uint32_t uid, off_t *out)
{
    struct og_buf text;
    int r;

    og_buf_init(&text, 16u * 1024u * 1024u);
    r = og_tree_text(fs->daemon, found, uid, &text);
    *out = (off_t)text.n_bytes;
    og_buf_release(&text);
    return r;
}

/* What uid may not read has no size to be told. */
static int view_attributes(struct og_fs *fs, const struct og_found *found, uint32_t uid,
                           struct stat *out)
{
    struct og_view *view;
    int r = og_tree_may_read(fs->daemon, found, uid);

    if (r == 0 && (r = og_tree_view(fs->daemon, found, uid, &view)) == 0)
        out->st_size = (off_t)og_view_bytes(view);
    return r == -EACCES ? 0 : r;
}

static int node_attributes(struct og_fs *fs, const struct og_found *found,
                           const struct fuse_ctx *who, struct stat *out)
{
    char real[4096];
    struct stat st;

    out->st_mode = found->mode;
    out->st_nlink = 1;
    out->st_uid = geteuid();
    out->st_gid = getegid();
    set_times(out, from_ms(fs->daemon->started_ms));
    switch (found->kind) {
    case OG_NODE_FOLDER:
        out->st_mode |= S_IFDIR;
        out->st_nlink = 2;
        return 0;
    case OG_NODE_LEDGER:
        out->st_mode |= S_IFREG;
        og_tree_real_path(fs->daemon, found, real, sizeof(real));
        if (stat(real, &st) < 0)
            return -errno;
        out->st_size = st.st_size;
        set_times(out, st.st_mtim);
        return 0;
    case OG_NODE_LINK:
        out->st_mode |= S_IFLNK;
        break;
    case OG_NODE_REQUEST:
    case OG_NODE_CONTROL:
        /* Who may edit it sees it as their own, so that tools which copy owner and mode are content.
         * Authority never comes from this. */
        out->st_uid = who->uid;
        out->st_gid = who->gid;
        if (found->request)
            set_times(out, from_ms(found->request->decided_ms ? found->request->decided_ms
                                                              : found->request->created_ms));
        out->st_mode |= S_IFREG;
        break;
    case OG_NODE_DOCUMENT:
        out->st_uid = who->uid;
        out->st_gid = who->gid;
        out->st_mode |= S_IFREG;
        break;
    case OG_NODE_VIEW:
        out->st_mode |= S_IFREG;
        return view_attributes(fs, found, who->uid, out);
    case OG_NODE_STREAM:
        out->st_mode |= S_IFREG;
        return 0;
    case OG_NODE_TEXT:
        out->st_mode |= S_IFREG;
        break;
    }
    return measure(fs, found, who->uid, &out->st_size);
}

int og_fs_attributes(struct og_fs *fs, const char *path, const struct fuse_ctx *who,
                     struct stat *out)
{
    struct og_scratch *scratch;
    struct og_found found;
    int r = og_fs_find(fs, path, who->uid, &scratch, &found);

    memset(out, 0, sizeof(*out));
    out->st_blksize = 4096;
    if (r < 0)
        return r;
    if (!scratch) {
        r = node_attributes(fs, &found, who, out);
    } else {
        out->st_mode = S_IFREG | scratch->mode;
        out->st_nlink = 1;
        out->st_uid = scratch->uid;
        out->st_gid = scratch->gid;
        out->st_size = (off_t)scratch->bytes.n_bytes;
        set_times(out, scratch->changed);
    }
    out->st_blocks = (out->st_size + 511) / 512;
    return r;
}

static void reply_entry(fuse_req_t req, struct og_fs *fs, const char *path)
{
    struct fuse_entry_param entry = {0};
    int r = og_fs_attributes(fs, path, fuse_req_ctx(req), &entry.attr);

    if (r == 0) {
        entry.ino = og_inodes_take(fs->inodes, path);
        entry.attr.st_ino = entry.ino;
        r = entry.ino ? 0 : -ENOMEM;
    }
    if (r < 0)
        (void)fuse_reply_err(req, -r);
    else if (fuse_reply_entry(req, &entry) != 0)
        og_inodes_forget(fs->inodes, entry.ino, 1);
}

void og_fs_op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct og_fs *fs = fuse_req_userdata(req);
    const char *folder = og_inodes_path(fs->inodes, parent);
    char path[OG_MAX_PATH_BYTES];

    if (!folder || !og_fs_join(folder, name, path))
        (void)fuse_reply_err(req, folder ? ENAMETOOLONG : ENOENT);
    else
        reply_entry(req, fs, path);
}

void og_fs_op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
    struct og_fs *fs = fuse_req_userdata(req);

    og_inodes_forget(fs->inodes, ino, n);
    fuse_reply_none(req);
}

void og_fs_op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct og_fs *fs = fuse_req_userdata(req);
    const struct og_open_file *file = fi ? (struct og_open_file *)(uintptr_t)fi->fh : NULL;
    const char *path = og_inodes_path(fs->inodes, ino);
    struct stat st;
    int r = path ? og_fs_attributes(fs, path, fuse_req_ctx(req), &st) : -ENOENT;

    if (r < 0) {
        (void)fuse_reply_err(req, -r);
        return;
    }
    if (file && file->is_draft)
        st.st_size = (off_t)file->text.n_bytes;
    st.st_ino = ino;
    (void)fuse_reply_attr(req, &st, 0);
}

/* Editors ask before they open; without this they would call every file read-only or writable. */
void og_fs_op_access(fuse_req_t req, fuse_ino_t ino, int mask)
{
    struct og_fs *fs = fuse_req_userdata(req);
    const char *path = og_inodes_path(fs->inodes, ino), *why;
    uint32_t uid = fuse_req_ctx(req)->uid;
    struct og_scratch *scratch;
    struct og_found found;
    int r = path ? og_fs_find(fs, path, uid, &scratch, &found) : -ENOENT;

    if (r == 0 && !scratch) {
        if (mask & R_OK)
            r = og_tree_may_read(fs->daemon, &found, uid);
        if (r == 0 && (mask & W_OK) && og_tree_is_writable(&found))
            r = og_tree_may_write(fs->daemon, &found, uid, &why);
        else if (r == 0 && (mask & W_OK) && !(found.mode & 0222))
            r = -EACCES;
        if (r == 0 && (mask & X_OK) && found.kind != OG_NODE_FOLDER)
            r = -EACCES;
    }
    (void)fuse_reply_err(req, -r);
}

void og_fs_op_readlink(fuse_req_t req, fuse_ino_t ino)
{
    struct og_fs *fs = fuse_req_userdata(req);
    const char *path = og_inodes_path(fs->inodes, ino);
    struct og_found found;
    struct og_buf text;
    int r = path ? og_tree_find(fs->daemon, path, &found) : -ENOENT;

    og_buf_init(&text, 4096);
    if (r == 0)
        r = found.kind == OG_NODE_LINK ? og_tree_text(fs->daemon, &found, 0, &text) : -EINVAL;
    if (r < 0)
        (void)fuse_reply_err(req, -r);
    else
        (void)fuse_reply_readlink(req, og_buf_str(&text));
    og_buf_release(&text);
}

/* ---- listing: a snapshot of names at opendir ---- */

static void add_name(void *context, const char *name)
{
    og_buf_append(context, name, strlen(name) + 1);
}

void og_fs_op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct og_fs *fs = fuse_req_userdata(req);
    const char *path = og_inodes_path(fs->inodes, ino);
    uint32_t uid = fuse_req_ctx(req)->uid;
    struct og_found found;
    struct og_buf *names = calloc(1, sizeof(*names));
    int r = !names ? -ENOMEM : path ? og_tree_find(fs->daemon, path, &found) : -ENOENT;

    if (r == 0)
        r = og_tree_may_read(fs->daemon, &found, uid);
    if (r == 0) {
        og_buf_init(names, 4u * 1024u * 1024u);
        add_name(names, ".");
        add_name(names, "..");
        r = og_tree_list(fs->daemon, path, uid, add_name, names);
        for (const struct og_scratch *s = fs->scratch; r == 0 && s; s = s->next)
            if (is_in(s->path, path) && !s->is_unlinked && (s->uid == uid || uid == 0))
                add_name(names, strrchr(s->path, '/') + 1);
    }
    if (r < 0) {
        if (names)
            og_buf_release(names);
        free(names);
        (void)fuse_reply_err(req, -r);
        return;
    }
    fi->fh = (uint64_t)(uintptr_t)names;
    (void)fuse_reply_open(req, fi);
}

void og_fs_op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                      struct fuse_file_info *fi)
{
    struct og_fs *fs = fuse_req_userdata(req);
    const struct og_buf *names = (struct og_buf *)(uintptr_t)fi->fh;
    const char *folder = og_inodes_path(fs->inodes, ino);
    char *out = malloc(size ? size : 1), path[OG_MAX_PATH_BYTES];
    size_t used = 0, at = (size_t)offset;

    while (out && folder && at < names->n_bytes) {
        const char *name = names->bytes + at;
        size_t next = at + strlen(name) + 1, n;
        struct stat st = {.st_ino = 1};

        if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
            st.st_mode = S_IFDIR;
        else if (og_fs_join(folder, name, path) &&
                 og_fs_attributes(fs, path, fuse_req_ctx(req), &st) < 0) {
            at = next;
            continue;
        }
        st.st_ino = 2; /* known once it is looked up */
        n = fuse_add_direntry(req, out + used, size - used, name, &st, (off_t)next);
        if (n > size - used)
            break;
        used += n;
        at = next;
    }
    if (!out)
        (void)fuse_reply_err(req, ENOMEM);
    else
        (void)fuse_reply_buf(req, out, used);
    free(out);
}

void og_fs_op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct og_buf *names = (struct og_buf *)(uintptr_t)fi->fh;

    (void)ino;
    og_buf_release(names);
    free(names);
    (void)fuse_reply_err(req, 0);
}

/* ---- taking names away ---- */

int og_fs_may_take(struct og_fs *fs, const struct og_found *found, uint32_t uid)
{
    const char *why;
    int r = og_tree_may_write(fs->daemon, found, uid, &why);

    if (r < 0)
        og_tree_note_error(uid, found->path, why);
    return r;
}

void og_fs_op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct og_fs *fs = fuse_req_userdata(req);
    const char *folder = og_inodes_path(fs->inodes, parent);
    char path[OG_MAX_PATH_BYTES];
    struct og_scratch *scratch;
    struct og_found found;
    uint32_t uid = fuse_req_ctx(req)->uid;
    int r = folder && og_fs_join(folder, name, path)
                ? og_fs_find(fs, path, uid, &scratch, &found)
                : -ENOENT;

    if (r == 0 && scratch) {
        og_scratch_unlink(fs, scratch);
    } else if (r == 0 && found.kind == OG_NODE_REQUEST) {
        /* Removing decides nothing: the request is back in two seconds. */
        r = og_fs_may_take(fs, &found, uid);
        if (r == 0)
            og_fs_hide(fs, found.request->id, true);
    } else if (r == 0) {
        r = og_tree_remove(fs->daemon, &found, uid);
    }
    (void)fuse_reply_err(req, -r);
}

void og_fs_op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct og_fs *fs = fuse_req_userdata(req);
    const char *folder = og_inodes_path(fs->inodes, parent);
    uint32_t uid = fuse_req_ctx(req)->uid;
    struct og_session *session;
    int r = -EROFS;

    if (folder && strcmp(folder, "sessions") == 0) {
        session = og_session_find(fs->daemon, name);
        if (!session)
            r = -ENOENT;
        else if (uid != session->peer.uid && uid != 0 &&
                 !og_config_uid_has_role(fs->daemon->config, uid, "admin"))
            r = -EACCES;
        else
            r = og_session_kill(fs->daemon, name, uid);
    } else if (folder && strcmp(folder, "undo") == 0) {
        r = og_undo_tree_forget(fs->daemon, name, uid);
    }
    (void)fuse_reply_err(req, -r);
}

/* SPDX-License-Identifier: MIT */
/* Open files. Reading gives a snapshot taken at open (ledger files are read through). Writing a request
 * makes a draft of the handle's own; it is saved by the write that completes it, by fsync and by flush.
 * Release decides nothing: the kernel does not say there whose it is. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fusefs/fs_parts.h"
#include "fusefs/ledger_view.h"

static struct og_open_file *file_of(const struct fuse_file_info *fi)
{
    return (struct og_open_file *)(uintptr_t)fi->fh;
}

static struct og_open_file *new_file(struct og_fs *fs, const char *path, uint32_t uid)
{
    struct og_open_file *file = calloc(1, sizeof(*file));

    if (!file)
        return NULL;
    file->fs = fs;
    file->fd = -1;
    file->uid = uid;
    memcpy(file->path, path, strlen(path) + 1);
    og_buf_init(&file->text, 16u * 1024u * 1024u);
    return file;
}

static void free_file(struct og_open_file *file)
{
    if (file->stream)
        og_stream_close(file->stream);
    if (file->scratch)
        og_scratch_close(file->fs, file->scratch);
    if (file->fd >= 0)
        (void)close(file->fd);
    og_buf_wipe(&file->text);
    free(file);
}

static bool is_write(const struct fuse_file_info *fi)
{
    return (fi->flags & O_ACCMODE) != O_RDONLY;
}

/* ---- opening ---- */

static int open_scratch(struct og_open_file *file, struct og_scratch *scratch,
                        const struct fuse_file_info *fi)
{
    int r = fi->flags & O_TRUNC ? og_scratch_resize(file->fs, scratch, 0) : 0;

    if (r < 0)
        return r;
    file->scratch = scratch;
    scratch->n_open++;
    return 0;
}

static bool is_new_document(const struct og_fs *fs, const struct og_found *found)
{
    struct og_found again;

    return found->kind == OG_NODE_DOCUMENT && og_tree_find(fs->daemon, found->path, &again) < 0;
}

static int open_draft(struct og_open_file *file, const struct og_found *found,
                      const struct fuse_file_info *fi)
{
    struct og_daemon *daemon = file->fs->daemon;
    const char *why = "";
    int r = og_tree_may_write(daemon, found, file->uid, &why);

    if (r < 0) {
        og_tree_note_error(file->uid, file->path, why);
        return r;
    }
    file->is_draft = true;
    file->is_fresh = (fi->flags & O_TRUNC) != 0 || found->kind == OG_NODE_CONTROL ||
                     is_new_document(file->fs, found);
    return file->is_fresh ? 0 : og_tree_text(daemon, found, file->uid, &file->text);
}

static int open_node(struct og_open_file *file, const struct og_found *found,
                     const struct fuse_file_info *fi)
{
    struct og_daemon *daemon = file->fs->daemon;
    char real[4096];
    int r = og_tree_may_read(daemon, found, file->uid);

    if (r < 0)
        return r;
    if (found->kind == OG_NODE_FOLDER)
        return -EISDIR;
    if (is_write(fi))
        return open_draft(file, found, fi);
    if (found->kind == OG_NODE_STREAM) {
        file->stream = og_stream_open(file->fs);
        return file->stream ? 0 : -ENOMEM;
    }
    file->is_view = found->kind == OG_NODE_VIEW;
    if (file->is_view)
        return 0;
    if (found->kind != OG_NODE_LEDGER)
        return og_tree_text(daemon, found, file->uid, &file->text);
    og_tree_real_path(daemon, found, real, sizeof(real));
    file->fd = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return file->fd < 0 ? -errno : 0;
}

void og_fs_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct og_fs *fs = fuse_req_userdata(req);
    const char *path = og_inodes_path(fs->inodes, ino);
    uint32_t uid = fuse_req_ctx(req)->uid;
    struct og_open_file *file;
    struct og_scratch *scratch;
    struct og_found found;
    int r = path ? og_fs_find(fs, path, uid, &scratch, &found) : -ENOENT;

    file = r == 0 ? new_file(fs, path, uid) : NULL;
    if (r == 0 && !file)
        r = -ENOMEM;
    if (r == 0)
        r = scratch ? open_scratch(file, scratch, fi) : open_node(file, &found, fi);
    if (r < 0) {
        if (file)
            free_file(file);
        (void)fuse_reply_err(req, -r);
        return;
    }
    fi->fh = (uint64_t)(uintptr_t)file;
    /* No page cache: sizes change under readers, and a cached page could show zeros. */
    fi->direct_io = 1;
    fi->nonseekable = file->stream != NULL;
    if (fuse_reply_open(req, fi) != 0)
        free_file(file);
}

/* The name of a request that an editor took away is the same request again; a name of the working copy is
 * its file, new or not. */
static int create_node(struct og_open_file *file, const struct og_found *found, bool exists,
                       struct fuse_file_info *fi)
{
    bool is_request = found->kind == OG_NODE_REQUEST;
    int r = 0;

    if (exists && (fi->flags & O_EXCL))
        r = is_request && og_fs_is_hidden(file->fs, found->request->id) ? 0 : -EEXIST;
    fi->flags |= O_TRUNC;
    if (r == 0)
        r = open_draft(file, found, fi);
    if (r == 0 && is_request)
        og_fs_hide(file->fs, found->request->id, false);
    /* The name of a new file must be there at once. */
    if (r == 0 && !exists) {
        const char *why;

        r = og_tree_save(file->fs->daemon, found, file->uid, "", 0, &why);
    }
    return r;
}

static int create(struct og_fs *fs, const char *path, mode_t mode, const struct fuse_ctx *who,
                  struct fuse_file_info *fi, struct og_open_file **out)
{
    struct og_scratch *scratch = og_scratch_find(fs, path, who->uid);
    struct og_open_file *file;
    struct og_found found;
    bool exists;
    int r;

    if (!og_fs_is_scratch_path(path))
        return -EROFS;
    file = new_file(fs, path, who->uid);
    if (!file)
        return -ENOMEM;
    exists = og_tree_find(fs->daemon, path, &found) == 0;
    if (!scratch && (exists || og_tree_is_new_document(&found))) {
        r = create_node(file, &found, exists, fi);
    } else {
        r = og_fs_may_scratch(fs, path, who->uid);
        if (r == 0 && !scratch)
            r = og_scratch_new(fs, path, who, mode, &scratch);
        if (r == 0)
            r = open_scratch(file, scratch, fi);
    }
    if (r < 0)
        free_file(file);
    else
        *out = file;
    return r;
}

void og_fs_op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                     struct fuse_file_info *fi)
{
    struct og_fs *fs = fuse_req_userdata(req);
    const char *folder = og_inodes_path(fs->inodes, parent);
    struct fuse_entry_param entry = {0};
    struct og_open_file *file = NULL;
    char path[OG_MAX_PATH_BYTES];
    int r = folder && og_fs_join(folder, name, path)
                ? create(fs, path, mode, fuse_req_ctx(req), fi, &file)
                : -ENOENT;

    if (r == 0)
        r = og_fs_attributes(fs, path, fuse_req_ctx(req), &entry.attr);
    if (r == 0) {
        entry.ino = og_inodes_take(fs->inodes, path);
        entry.attr.st_ino = entry.ino;
        r = entry.ino ? 0 : -ENOMEM;
    }
    if (r < 0) {
        if (file)
            free_file(file);
        (void)fuse_reply_err(req, -r);
        return;
    }
    fi->fh = (uint64_t)(uintptr_t)file;
    fi->direct_io = 1;
    if (fuse_reply_create(req, &entry, fi) != 0) {
        og_inodes_forget(fs->inodes, entry.ino, 1);
        free_file(file);
    }
}

/* ---- reading ---- */

static void read_through(fuse_req_t req, int fd, size_t size, off_t offset)
{
    char *bytes = malloc(size ? size : 1);
    ssize_t n = bytes ? pread(fd, bytes, size, offset) : -1;

    if (n < 0)
        (void)fuse_reply_err(req, bytes ? errno : ENOMEM);
    else
        (void)fuse_reply_buf(req, bytes, (size_t)n);
    free(bytes);
}

/* Who may read is asked again: a role can end while a file is open. */
static void read_view(fuse_req_t req, const struct og_open_file *file, size_t size, off_t offset)
{
    struct og_daemon *daemon = file->fs->daemon;
    struct og_view *view;
    struct og_found found;
    struct og_buf bytes;
    int r = og_tree_find(daemon, file->path, &found);

    og_buf_init(&bytes, size + 1);
    if (r == 0)
        r = og_tree_may_read(daemon, &found, file->uid);
    if (r == 0)
        r = og_tree_view(daemon, &found, file->uid, &view);
    if (r == 0)
        r = og_view_read(view, (uint64_t)offset, size, &bytes);
    if (r < 0)
        (void)fuse_reply_err(req, -r);
    else
        (void)fuse_reply_buf(req, bytes.bytes, bytes.n_bytes);
    og_buf_release(&bytes);
}

void og_fs_op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
                   struct fuse_pollhandle *handle)
{
    const struct og_open_file *file = file_of(fi);

    (void)ino;
    if (file->stream) {
        og_stream_poll(file->stream, req, handle);
        return;
    }
    if (handle)
        fuse_pollhandle_destroy(handle);
    (void)fuse_reply_poll(req, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
}

void og_fs_op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                   struct fuse_file_info *fi)
{
    const struct og_open_file *file = file_of(fi);
    const struct og_buf *text = file->scratch ? &file->scratch->bytes : &file->text;
    size_t at = (size_t)offset;

    (void)ino;
    if (file->stream)
        og_stream_read(file->stream, req, size, (fi->flags & O_NONBLOCK) != 0);
    else if (file->is_view)
        read_view(req, file, size, offset);
    else if (file->fd >= 0)
        read_through(req, file->fd, size, offset);
    else if (at >= text->n_bytes)
        (void)fuse_reply_buf(req, NULL, 0);
    else
        (void)fuse_reply_buf(req, text->bytes + at,
                             size < text->n_bytes - at ? size : text->n_bytes - at);
}

/* ---- drafts ---- */

static int resize_draft(struct og_open_file *file, uint64_t n_bytes)
{
    static const char zeros[4096];

    if (n_bytes > OG_MAX_DRAFT_BYTES)
        return -EFBIG;
    while (file->text.n_bytes < n_bytes) {
        size_t missing = n_bytes - file->text.n_bytes;

        file->is_fresh = false;
        og_buf_append(&file->text, zeros, missing < sizeof(zeros) ? missing : sizeof(zeros));
        if (og_buf_is_failed(&file->text))
            return -ENOMEM;
    }
    if (n_bytes < file->text.n_bytes) {
        file->text.n_bytes = n_bytes;
        file->text.bytes[n_bytes] = '\0';
    }
    if (n_bytes == 0)
        file->is_fresh = true;
    else
        file->is_dirty = true;
    return 0;
}

static int write_draft(struct og_open_file *file, const char *bytes, size_t n_bytes,
                       uint64_t offset)
{
    if (offset > OG_MAX_DRAFT_BYTES || offset + n_bytes > OG_MAX_DRAFT_BYTES)
        return -EFBIG;
    if (offset != file->text.n_bytes)
        file->is_fresh = false;
    if (offset + n_bytes > file->text.n_bytes) {
        bool was_fresh = file->is_fresh;
        int r = resize_draft(file, offset + n_bytes);

        if (r < 0)
            return r;
        file->is_fresh = was_fresh;
    }
    memcpy(file->text.bytes + offset, bytes, n_bytes);
    file->is_dirty = true;
    return 0;
}

static bool ends_with(const struct og_buf *text, const char *end)
{
    size_t n = strlen(end);

    return text->n_bytes >= n && memcmp(text->bytes + text->n_bytes - n, end, n) == 0;
}

/* A document that is whole as it stands: most writers look at write(2)'s result, some at nothing else. */
static bool is_complete(const struct og_open_file *file, const struct og_found *found)
{
    return file->is_fresh && found->kind != OG_NODE_DOCUMENT &&
           ends_with(&file->text, found->kind == OG_NODE_CONTROL ? "\n" : "\n...\n");
}

static int save(struct og_open_file *file, uint32_t uid, bool only_complete)
{
    struct og_found found;
    const char *why;
    int r;

    /* An emptied file is no answer: shells close it once before the first byte. */
    if (!file->is_draft || !file->is_dirty || !file->text.n_bytes)
        return 0;
    if (uid != file->uid)
        return -EPERM;
    r = og_tree_find(file->fs->daemon, file->path, &found);
    if (r < 0 && !og_tree_is_new_document(&found))
        return r;
    if (only_complete && !is_complete(file, &found))
        return 0;
    r = og_tree_may_write(file->fs->daemon, &found, uid, &why);
    if (r < 0)
        return r;
    r = og_tree_save(file->fs->daemon, &found, uid, file->text.bytes, file->text.n_bytes, &why);
    if (r == 0)
        file->is_dirty = false;
    return r;
}

void og_fs_op_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
                    struct fuse_file_info *fi)
{
    struct og_open_file *file = file_of(fi);
    uint32_t uid = fuse_req_ctx(req)->uid;
    int r = -EROFS;

    (void)ino;
    if (file->scratch)
        r = og_scratch_write(file->fs, file->scratch, bytes, size, (uint64_t)offset);
    else if (file->is_draft)
        r = uid == file->uid ? write_draft(file, bytes, size, (uint64_t)offset) : -EPERM;
    if (r == 0)
        r = save(file, uid, true);
    if (r < 0)
        (void)fuse_reply_err(req, -r);
    else
        (void)fuse_reply_write(req, size);
}

void og_fs_op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    (void)fuse_reply_err(req, -save(file_of(fi), fuse_req_ctx(req)->uid, false));
}

void og_fs_op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
    (void)datasync;
    og_fs_op_flush(req, ino, fi);
}

void og_fs_op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    free_file(file_of(fi));
    (void)fuse_reply_err(req, 0);
}

/* ---- attributes that are set ---- */

static int resize(struct og_fs *fs, struct og_scratch *scratch, const struct og_found *found,
                  struct og_open_file *file, off_t size)
{
    if (size < 0)
        return -EINVAL;
    if (file && file->is_draft)
        return resize_draft(file, (uint64_t)size);
    if (scratch)
        return og_scratch_resize(fs, scratch, (uint64_t)size);
    /* truncate(2) by path has no draft: it changes nothing and decides nothing. */
    return og_tree_is_writable(found) ? 0 : -EROFS;
}

static int set_attributes(struct og_fs *fs, const char *path, const struct fuse_ctx *who,
                          const struct stat *attr, int to_set, struct og_open_file *file)
{
    struct og_scratch *scratch;
    struct og_found found;
    int r = og_fs_find(fs, path, who->uid, &scratch, &found);

    if (r < 0)
        return r;
    if (!scratch && !og_tree_is_writable(&found))
        return -EROFS;
    if ((to_set & FUSE_SET_ATTR_UID) && attr->st_uid != who->uid)
        return -EPERM;
    if (to_set & FUSE_SET_ATTR_SIZE)
        r = resize(fs, scratch, &found, file, attr->st_size);
    if (r == 0 && scratch && (to_set & FUSE_SET_ATTR_MODE))
        scratch->mode = attr->st_mode & 0777;
    if (r == 0 && scratch && (to_set & FUSE_SET_ATTR_MTIME))
        scratch->changed = attr->st_mtim;
    return r;
}

void og_fs_op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                      struct fuse_file_info *fi)
{
    struct og_fs *fs = fuse_req_userdata(req);
    const char *path = og_inodes_path(fs->inodes, ino);
    struct og_open_file *file = fi ? file_of(fi) : NULL;
    struct stat st;
    int r = path ? set_attributes(fs, path, fuse_req_ctx(req), attr, to_set, file) : -ENOENT;

    if (r == 0)
        r = og_fs_attributes(fs, path, fuse_req_ctx(req), &st);
    if (r < 0) {
        (void)fuse_reply_err(req, -r);
        return;
    }
    if (file && file->is_draft)
        st.st_size = (off_t)file->text.n_bytes;
    st.st_ino = ino;
    (void)fuse_reply_attr(req, &st, 0);
}

void og_fs_op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
    struct og_fs *fs = fuse_req_userdata(req);
    const char *path = og_inodes_path(fs->inodes, ino);
    struct og_found found;
    const char *text;
    size_t n;

    if (!path || og_tree_find(fs->daemon, path, &found) < 0 || !found.request ||
        strcmp(name, "user.guard.error") != 0 || !*found.request->error ||
        og_tree_may_read(fs->daemon, &found, fuse_req_ctx(req)->uid) < 0) {
        (void)fuse_reply_err(req, ENODATA);
        return;
    }
    text = found.request->error;
    n = strlen(text);
    if (!size)
        (void)fuse_reply_xattr(req, n);
    else if (size < n)
        (void)fuse_reply_err(req, ERANGE);
    else
        (void)fuse_reply_buf(req, text, n);
}

void og_fs_op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
    (void)ino;
    if (!size)
        (void)fuse_reply_xattr(req, 0);
    else
        (void)fuse_reply_buf(req, NULL, 0);
}

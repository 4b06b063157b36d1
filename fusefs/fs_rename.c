/* SPDX-License-Identifier: MIT */
/* Renames: how half of all editors and tools save, and how a request is approved by mv. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fusefs/fs_parts.h"
#include "fusefs/policy_edit.h"

/* A name given to something else (`X` -> `X~`): a copy for the editor. A request's name is gone for a moment
 * only; a file of the working copy is gone until the editor writes it again. */
static int set_aside(struct og_fs *fs, const struct og_found *found, const char *to,
                     const struct fuse_ctx *who)
{
    struct og_scratch *copy = og_scratch_find(fs, to, who->uid);
    struct og_buf text;
    int r = og_fs_may_take(fs, found, who->uid);

    if (r < 0)
        return r;
    if (copy)
        og_scratch_unlink(fs, copy);
    og_buf_init(&text, OG_MAX_DRAFT_BYTES);
    r = og_tree_text(fs->daemon, found, who->uid, &text);
    if (r == 0)
        r = og_scratch_new(fs, to, who, 0600, &copy);
    if (r == 0)
        r = og_scratch_write(fs, copy, text.bytes, text.n_bytes, 0);
    if (r == 0 && found->kind == OG_NODE_REQUEST)
        og_fs_hide(fs, found->request->id, true);
    else if (r == 0)
        r = og_tree_remove(fs->daemon, found, who->uid);
    og_buf_release(&text);
    return r;
}

/* `mv pending/X approved/`: only a first revision, which its name stands for. */
static int approve_by_move(struct og_fs *fs, const struct og_found *found, uint32_t uid)
{
    const char *why = "";
    int r;

    if (found->request->revision != 1)
        return -ESTALE;
    r = og_approvals_answer(fs->daemon->approvals, found->request, uid, "approve", "", NULL, NULL,
                            NULL, &why);
    if (r < 0)
        og_tree_note_error(uid, found->request->id, why);
    return r;
}

/* A scratch file takes the name of a request or of a file of the working copy: a save. */
static int save_over(struct og_fs *fs, struct og_scratch *scratch, const struct og_found *found,
                     uint32_t uid)
{
    const char *why;
    int r = og_fs_may_take(fs, found, uid);

    if (r == 0)
        r = og_tree_save(fs->daemon, found, uid, og_buf_str(&scratch->bytes),
                         scratch->bytes.n_bytes, &why);
    if (r < 0)
        return r;
    if (found->request)
        og_fs_hide(fs, found->request->id, false);
    og_scratch_unlink(fs, scratch);
    return 0;
}

static int move_scratch(struct og_fs *fs, struct og_scratch *scratch, const char *to, uint32_t uid)
{
    struct og_scratch *there = og_scratch_find(fs, to, uid);

    if (there && there != scratch)
        og_scratch_unlink(fs, there);
    og_inodes_move(fs->inodes, scratch->path, to);
    memcpy(scratch->path, to, strlen(to) + 1);
    return 0;
}

/* Whether a path is a request (also while its name is hidden) or a file that the working copy has or would
 * take. */
static bool names_file(struct og_fs *fs, const char *path, struct og_found *out)
{
    int r = og_tree_find(fs->daemon, path, out);

    return r == 0 ? out->kind == OG_NODE_REQUEST || out->kind == OG_NODE_DOCUMENT
                  : og_tree_is_new_document(out);
}

static bool is_same_folder(const char *a, const char *b)
{
    const char *slash_a = strrchr(a, '/'), *slash_b = strrchr(b, '/');

    return slash_a && slash_b && slash_a - a == slash_b - b &&
           memcmp(a, b, (size_t)(slash_a - a)) == 0;
}

/* What the new name is for something that is not scratch. */
static int rename_file(struct og_fs *fs, const struct og_found *found, const char *to,
                       const struct fuse_ctx *who)
{
    static const char approved[] = "approvals/approved/";
    struct og_found target;
    int r;

    if (found->kind == OG_NODE_REQUEST && strncmp(to, approved, sizeof(approved) - 1) == 0)
        return strcmp(strrchr(found->path, '/'), strrchr(to, '/')) == 0
                   ? approve_by_move(fs, found, who->uid)
                   : -EINVAL;
    if (!og_fs_is_scratch_path(to) || !is_same_folder(found->path, to))
        return -EPERM;
    if (!names_file(fs, to, &target))
        return set_aside(fs, found, to, who);
    if (found->kind == OG_NODE_REQUEST)
        return -EPERM;
    r = og_fs_may_take(fs, found, who->uid);
    return r < 0 ? r : og_policy_edit_rename(fs->daemon, found->part[0], target.part[0]);
}

static int rename_node(struct og_fs *fs, const char *from, const char *to, unsigned flags,
                       const struct fuse_ctx *who)
{
    struct og_scratch *scratch, *there;
    struct og_found found, target;
    int r = og_fs_find(fs, from, who->uid, &scratch, &found);

    if (r < 0)
        return r;
    if (flags & ~(unsigned)RENAME_NOREPLACE)
        return -EINVAL;
    if ((flags & RENAME_NOREPLACE) && og_fs_find(fs, to, who->uid, &there, &target) == 0)
        return -EEXIST;
    if (!scratch)
        return found.kind == OG_NODE_REQUEST || found.kind == OG_NODE_DOCUMENT
                   ? rename_file(fs, &found, to, who)
                   : -EROFS;
    if (!og_fs_is_scratch_path(to) || !is_same_folder(from, to))
        return -EPERM;
    return names_file(fs, to, &target) ? save_over(fs, scratch, &target, who->uid)
                                       : move_scratch(fs, scratch, to, who->uid);
}

void og_fs_op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
                     const char *new_name, unsigned flags)
{
    struct og_fs *fs = fuse_req_userdata(req);
    const char *folder = og_inodes_path(fs->inodes, parent);
    const char *new_folder = og_inodes_path(fs->inodes, new_parent);
    char from[OG_MAX_PATH_BYTES], to[OG_MAX_PATH_BYTES];
    int r = -ENOENT;

    if (folder && new_folder && og_fs_join(folder, name, from) &&
        og_fs_join(new_folder, new_name, to))
        r = rename_node(fs, from, to, flags, fuse_req_ctx(req));
    (void)fuse_reply_err(req, -r);
}

/* SPDX-License-Identifier: MIT */
/* fs_parts.h - what the FUSE side shares between its files: inodes by path (fs_inode.c), people's scratch
 * files beside requests (fs_scratch.c), open files and saving (fs_open.c), names (fs_name.c), mounting
 * (fs.c). Nothing here judges: rights and texts are tree.h's, answers approval.h's. */
#ifndef OG_FUSEFS_FS_PARTS_H
#define OG_FUSEFS_FS_PARTS_H

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

#include "common/limits.h"
#include "fusefs/daemon.h"
#include "fusefs/tree.h"

#define OG_MAX_PATH_BYTES 512u
#define OG_PENDING_FOLDER "approvals/pending"
#define OG_EDIT_FOLDER "policies/edit"
/* A save: the largest of what can be saved, a policy file. */
#define OG_MAX_DRAFT_BYTES OG_MAX_POLICY_BYTES

/* ---- inodes: numbers that the kernel holds, each for one path ---- */

struct og_inodes;
struct og_inodes *og_inodes_new(void);
struct og_inodes *og_inodes_free(struct og_inodes *inodes);
/* The number of a path, counted once more as looked up. 0 without memory. */
fuse_ino_t og_inodes_take(struct og_inodes *inodes, const char *path);
/* The path of a number, or NULL. Borrowed until the inode is forgotten or moved. */
const char *og_inodes_path(const struct og_inodes *inodes, fuse_ino_t ino);
void og_inodes_forget(struct og_inodes *inodes, fuse_ino_t ino, uint64_t n);
/* A name moved: the kernel keeps its number, so the number gets the new path. */
void og_inodes_move(struct og_inodes *inodes, const char *from, const char *to);

/* ---- scratch: what editors leave beside a file ---- */

#define OG_SCRATCH_MAX_BYTES (1024u * 1024u) /* of one uid, all files together */
#define OG_SCRATCH_MAX_FILES 64u
#define OG_SCRATCH_LIFE_MS (3600 * 1000)

struct og_scratch {
    struct og_scratch *next;
    char path[OG_MAX_PATH_BYTES];
    uint32_t uid, gid, mode;
    struct og_buf bytes;
    struct timespec changed;
    int64_t used_ms;
    unsigned n_open;
    bool is_unlinked;
};

struct og_stream;

struct og_fs {
    struct og_daemon *daemon;
    struct fuse_session *session;
    struct og_inodes *inodes;
    struct og_scratch *scratch;
    bool is_own_mount; /* mount(2) was ours, not fusermount3's */
    bool is_serving;
    struct fuse_buf buffer;
    struct og_stream *streams; /* readers of audit/stream */
    /* Requests whose name an editor took away for a moment. */
    struct og_hidden {
        char id[OG_ID_BYTES];
        int64_t until_ms;
    } hidden[64];
};

/* Private to its creator (and root). */
struct og_scratch *og_scratch_find(struct og_fs *fs, const char *path, uint32_t uid);
/* Returns: 0; -EDQUOT; -ENOMEM. */
OG_MUST int og_scratch_new(struct og_fs *fs, const char *path, const struct fuse_ctx *who,
                           uint32_t mode, struct og_scratch **out);
OG_MUST int og_scratch_write(struct og_fs *fs, struct og_scratch *scratch, const char *bytes,
                             size_t n_bytes, uint64_t offset);
OG_MUST int og_scratch_resize(struct og_fs *fs, struct og_scratch *scratch, uint64_t n_bytes);
/* Takes the name away; the bytes live until the last handle is closed. */
void og_scratch_unlink(struct og_fs *fs, struct og_scratch *scratch);
void og_scratch_close(struct og_fs *fs, struct og_scratch *scratch);
void og_scratch_expire(struct og_fs *fs, int64_t now_ms);
void og_scratch_free_all(struct og_fs *fs);

/* ---- names ---- */

/* Joins a folder's path and a name. Returns whether it fits. */
bool og_fs_join(const char *folder, const char *name, char out[static OG_MAX_PATH_BYTES]);
bool og_fs_is_pending_path(const char *path);
/* Whether editors may leave scratch files beside this path: where requests or policies are edited. */
bool og_fs_is_scratch_path(const char *path);
/* Whether this uid may have scratch files there. Returns: 0; -EACCES. */
OG_MUST int og_fs_may_scratch(struct og_fs *fs, const char *path, uint32_t uid);
void og_fs_hide(struct og_fs *fs, const char *request, bool is_hidden);
bool og_fs_is_hidden(struct og_fs *fs, const char *request);
/* What a path is for this caller: scratch or a node of the tree. Returns: 0; -ENOENT. */
OG_MUST int og_fs_find(struct og_fs *fs, const char *path, uint32_t uid,
                       struct og_scratch **scratch, struct og_found *found);
/* Returns: 0; -errno. */
OG_MUST int og_fs_attributes(struct og_fs *fs, const char *path, const struct fuse_ctx *who,
                             struct stat *out);

/* Whether uid may take a writable node's name away or over; notes why not. Returns: 0; -errno. */
OG_MUST int og_fs_may_take(struct og_fs *fs, const struct og_found *found, uint32_t uid);

void og_fs_op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void og_fs_op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n);
void og_fs_op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void og_fs_op_access(fuse_req_t req, fuse_ino_t ino, int mask);
void og_fs_op_readlink(fuse_req_t req, fuse_ino_t ino);
void og_fs_op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void og_fs_op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                      struct fuse_file_info *fi);
void og_fs_op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void og_fs_op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
                     const char *new_name, unsigned flags);
void og_fs_op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void og_fs_op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);

/* ---- open files ---- */

struct og_open_file {
    struct og_fs *fs;
    struct og_scratch *scratch; /* or NULL */
    char path[OG_MAX_PATH_BYTES];
    struct og_buf text;  /* what is read: a snapshot, or the draft */
    int fd;              /* of a ledger file, -1 else */
    bool is_view;        /* lines of the ledger, looked up at each read */
    struct og_stream *stream; /* or NULL */
    bool is_draft;       /* opened for writing a REQUEST or CONTROL */
    bool is_dirty;
    bool is_fresh;       /* emptied by this handle and written from the front without a gap */
    uint32_t uid;        /* who opened it; only that uid can save */
};

/* ---- audit/stream (fs_stream.c) ---- */

/* A reader from now on. NULL without memory. */
struct og_stream *og_stream_open(struct og_fs *fs);
void og_stream_close(struct og_stream *stream);
/* Answers now, or when there is a record. */
void og_stream_read(struct og_stream *stream, fuse_req_t req, size_t size, bool is_nonblocking);
/* poll(2): handle may be NULL. */
void og_stream_poll(struct og_stream *stream, fuse_req_t req, struct fuse_pollhandle *handle);
/* Wakes readers after records were written. */
void og_streams_wake(struct og_fs *fs);
void og_fs_op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
                   struct fuse_pollhandle *handle);

void og_fs_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void og_fs_op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                     struct fuse_file_info *fi);
void og_fs_op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                   struct fuse_file_info *fi);
void og_fs_op_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
                    struct fuse_file_info *fi);
void og_fs_op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void og_fs_op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void og_fs_op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void og_fs_op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                      struct fuse_file_info *fi);
void og_fs_op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void og_fs_op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);

#endif

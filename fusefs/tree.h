/* SPDX-License-Identifier: MIT */
/* tree.h - what the mount shows: a table of paths (node.tbl.h), each with who may read it and how its
 * text is made. FUSE (fs.c) and the socket (server.c) both ask here, so that rights cannot differ.
 * Is not: FUSE. Paths are relative to the mount, "" is the root, without a leading slash. */
#ifndef OG_FUSEFS_TREE_H
#define OG_FUSEFS_TREE_H

#include "fusefs/daemon.h"

enum og_node_kind {
    OG_NODE_FOLDER = 0,
    OG_NODE_TEXT,    /* rendered whole at open; true size */
    OG_NODE_LEDGER,  /* a file of the state folder that may grow; read through */
    OG_NODE_LINK,    /* symbolic link; the text is its target */
    OG_NODE_REQUEST, /* a request's file: readable text, saved whole with its end mark */
    OG_NODE_CONTROL, /* takes a line of words; reading gives its present value */
    OG_NODE_DOCUMENT, /* a file of a working copy: made, saved whole, removed, renamed */
    OG_NODE_VIEW,    /* lines of the ledger picked by a key (ledger_view.h) */
    OG_NODE_STREAM   /* the ledger's new lines, blocking (fs_stream.c) */
};

/* Who may read (and list) a node. */
enum og_node_reader {
    OG_READ_ALL = 0,
    OG_READ_AUDITOR,  /* auditors, admins, root, guardfs' own account */
    OG_READ_APPROVER, /* these, and who may answer, and the requester */
    OG_READ_SELF,     /* these, and whose session it is */
    OG_READ_ADMIN,    /* admins, guardfs' own account */
    OG_READ_REQUESTER, /* auditors, and who asked */
    OG_READ_UNDO,     /* auditors, approvers, and whose write it was */
    OG_READ_DRAFT     /* whose save it was, and guardfs' own account */
};

struct og_node;
struct og_undo_kept;
struct og_view;

#define OG_MAX_NODE_PATH 176u

struct og_found {
    const struct og_node *node;
    char path[OG_MAX_NODE_PATH];
    enum og_node_kind kind;
    uint32_t mode; /* permission bits */
    char part[2][80]; /* what the pattern's stars stood for */
    struct og_request *request; /* kinds REQUEST and CONTROL of a request */
    struct og_session *session;
    struct og_undo_kept *undo;
};

/* Returns: 0; -ENOENT. */
OG_MUST int og_tree_find(struct og_daemon *daemon, const char *path, struct og_found *out);
/* rmdir of an undo set: its key is deleted. Returns: 0; -ENOENT, -EACCES, -errno. (undo_tree.c) */
OG_MUST int og_undo_tree_forget(struct og_daemon *daemon, const char *id, uint32_t uid);
/* Whether who may read it. Returns: 0; -EACCES. */
OG_MUST int og_tree_may_read(struct og_daemon *daemon, const struct og_found *found, uint32_t uid);
/* The whole text of anything but a folder. Returns: 0; -errno. */
OG_MUST int og_tree_text(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                         struct og_buf *out);
/* og_tree_find, through links. Returns: 0; -ENOENT; -errno. (tree_part.c) */
OG_MUST int og_tree_find_followed(struct og_daemon *daemon, const char *path, uint32_t uid,
                                  struct og_found *out);
/* Appends at most max_bytes from offset on of a file that may be large, and says its size as of now.
 * Returns: 0; OG_TREE_E_WHOLE for what is rendered whole (or is not there); -errno. (tree_part.c) */
#define OG_TREE_E_WHOLE 1
OG_MUST int og_tree_part(struct og_daemon *daemon, uint32_t uid, const char *path, uint64_t offset,
                         size_t max_bytes, struct og_buf *out, uint64_t *size);
/* Absolute path of a LEDGER node's file. */
void og_tree_real_path(struct og_daemon *daemon, const struct og_found *found, char *out,
                       size_t max_bytes);
/* Calls visit for each name that uid finds in a folder. Returns: 0; -errno. */
OG_MUST int og_tree_list(struct og_daemon *daemon, const char *path, uint32_t uid,
                         void (*visit)(void *context, const char *name), void *context);
/* The lines behind a VIEW node, brought up to date; borrowed until the next call. Returns: 0; -errno. */
OG_MUST int og_tree_view(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                         struct og_view **out);
/* Whether uid may save this node at all; judged at open, at every save and at every rename. why: a reason,
 * static. Returns: 0; -EROFS (nobody writes it); -EPERM, -EACCES. */
OG_MUST int og_tree_may_write(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                              const char **why);
/* Whether anybody writes this node at all. */
bool og_tree_is_writable(const struct og_found *found);
/* Whether what og_tree_find did not find is a name that a working copy would take. */
bool og_tree_is_new_document(const struct og_found *found);
/* A save of a whole file by uid; commits or changes nothing. why: a reason, static or borrowed until the
 * next call. The reason is kept for `.error`, errors.jsonl and `error` files as well, and what was refused
 * for drafts/. Returns: 0; -errno. */
OG_MUST int og_tree_save(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                         const char *text, size_t n_bytes, const char **why);
/* Takes a name away: a working copy's file, one's own draft, one's own request (which withdraws it).
 * Returns: 0; -EROFS for what cannot be removed; -errno. */
OG_MUST int og_tree_remove(struct og_daemon *daemon, const struct og_found *found, uint32_t uid);
/* Remembers the last error of a uid for .error. why "": forgets it. */
void og_tree_note_error(uint32_t uid, const char *path, const char *why);

#endif

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
    OG_NODE_REQUEST, /* a request's file: readable text, saved through save.h */
    OG_NODE_CONTROL  /* takes words; reading gives its present value */
};

/* Who may read (and list) a node. */
enum og_node_reader {
    OG_READ_ALL = 0,
    OG_READ_AUDITOR,  /* auditors, admins, root, guardfs' own account */
    OG_READ_APPROVER, /* these, and who may answer, and the requester */
    OG_READ_SELF      /* these, and whose session it is */
};

struct og_node;

struct og_found {
    const struct og_node *node;
    enum og_node_kind kind;
    uint32_t mode; /* permission bits */
    char part[2][80]; /* what the pattern's stars stood for */
    struct og_request *request; /* kinds REQUEST and CONTROL of a request */
    struct og_session *session;
};

/* Returns: 0; -ENOENT. */
OG_MUST int og_tree_find(struct og_daemon *daemon, const char *path, struct og_found *out);
/* Whether who may read it. Returns: 0; -EACCES. */
OG_MUST int og_tree_may_read(struct og_daemon *daemon, const struct og_found *found, uint32_t uid);
/* The whole text of anything but a folder. Returns: 0; -errno. */
OG_MUST int og_tree_text(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                         struct og_buf *out);
/* Absolute path of a LEDGER node's file. */
void og_tree_real_path(struct og_daemon *daemon, const struct og_found *found, char *out,
                       size_t max_bytes);
/* Calls visit for each name in a folder. Returns: 0; -errno. */
OG_MUST int og_tree_list(struct og_daemon *daemon, const char *path,
                         void (*visit)(void *context, const char *name), void *context);
/* A save of a whole REQUEST or CONTROL file by uid; commits or changes nothing. why: a reason, static or
 * borrowed until the next call. The reason is kept for `error` files as well. Returns: 0; -errno. */
OG_MUST int og_tree_save(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                         const char *text, size_t n_bytes, const char **why);
/* Remembers the last error of a uid for .error; NULL reads it back ("" if none). */
void og_tree_note_error(uint32_t uid, const char *path, const char *why);

#endif

/* SPDX-License-Identifier: MIT */
/* ctl_link.h - guardctl's connection to guardfs: files of the tree over the socket, for when the
 * mount is not at hand. guardfs applies the same rules as through the mount, by the peer's uid.
 * Is not: a session; nothing runs through it. Threads: one. Every wait has a deadline. */
#ifndef OG_FUSEFS_CTL_LINK_H
#define OG_FUSEFS_CTL_LINK_H

#include "common/arena.h"
#include "common/proto.h"
#include "fusefs/ctl.h"

struct og_ctl_link {
    int fd;
    uint32_t correlation;
};

/* Connects and says hello as an admin tool. Tells its own errors.
 * Returns: OG_CTL_OK with an open link; OG_CTL_ERROR. */
OG_MUST int og_ctl_link_open(const struct og_ctl_call *call, struct og_ctl_link *out);
void og_ctl_link_close(struct og_ctl_link *link);

/* One request and its answer; the answer hangs in arena. Tells its own errors; REFUSED is one.
 * Returns: OG_CTL_OK; OG_CTL_ERROR. */
OG_MUST int og_ctl_link_ask(const struct og_ctl_call *call, struct og_ctl_link *link,
                            enum og_msg_kind kind, const void *body, struct og_arena *arena,
                            struct og_msg *out);

/* A whole file, in as many parts as it takes. path: inside the tree, leading slashes do not count.
 * text: free(); NUL-terminated. For a folder out_names lists its entries (in arena) and text is
 * NULL. offset: from there on; past the end it gives no bytes, and the size.
 * Returns: 0; the file's errno (positive) with reason in arena; < 0 after an error was told. */
struct og_ctl_file {
    char *text;
    size_t n_bytes;
    uint64_t size; /* of the whole file, as of the last part */
    bool is_folder;
    struct og_list names;
    const char *reason;
};
OG_MUST int og_ctl_link_get(const struct og_ctl_call *call, struct og_ctl_link *link,
                            const char *path, uint64_t offset, struct og_arena *arena,
                            struct og_ctl_file *out);
/* The same part by part, for files that may be large: take() gets each and may end it with an errno.
 * text stays NULL. */
typedef int og_ctl_take(void *context, const struct og_bytes *part);
OG_MUST int og_ctl_link_read(const struct og_ctl_call *call, struct og_ctl_link *link,
                             const char *path, uint64_t offset, struct og_arena *arena,
                             og_ctl_take *take, void *context, struct og_ctl_file *out);
/* Saves a whole file. Returns: as above. */
OG_MUST int og_ctl_link_put(const struct og_ctl_call *call, struct og_ctl_link *link,
                            const char *path, const char *text, size_t n_bytes,
                            struct og_arena *arena, const char **reason);

/* Tells a file's errno with its reason and what to do. Returns: OG_CTL_NO for EACCES, EPERM and
 * ENOENT, which answer the question that was asked; else OG_CTL_ERROR. */
int og_ctl_link_tell(const struct og_ctl_call *call, const char *path, int error,
                     const char *reason);

#endif

/* SPDX-License-Identifier: MIT */
/* Parts of files that may be large: what the socket's clients read is never rendered whole. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fusefs/ledger_view.h"
#include "fusefs/tree_parts.h"

/* A link leads to a name in its own folder. Returns: 0; -errno. */
static int follow_link(struct og_daemon *daemon, uint32_t uid, struct og_found *found)
{
    char path[OG_MAX_NODE_PATH];
    struct og_buf target;
    const char *slash = strrchr(found->path, '/');
    int r, n;

    og_buf_init(&target, OG_MAX_NODE_PATH);
    r = og_tree_text(daemon, found, uid, &target);
    n = snprintf(path, sizeof(path), "%.*s%s", slash ? (int)(slash + 1 - found->path) : 0,
                 found->path, og_buf_str(&target));
    og_buf_release(&target);
    if (r == 0 && (n < 0 || (size_t)n >= sizeof(path)))
        r = -ENAMETOOLONG;
    if (r == 0)
        r = og_tree_find(daemon, path, found);
    return r == 0 && found->kind == OG_NODE_LINK ? -ELOOP : r;
}

int og_tree_find_followed(struct og_daemon *daemon, const char *path, uint32_t uid,
                          struct og_found *out)
{
    int r = og_tree_find(daemon, path, out);

    return r == 0 && out->kind == OG_NODE_LINK ? follow_link(daemon, uid, out) : r;
}

static int read_at(const char *real, uint64_t offset, size_t max_bytes, struct og_buf *out,
                   uint64_t *size)
{
    char block[16384];
    struct stat info;
    int fd = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int r = 0;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &info) != 0)
        r = -errno;
    *size = r == 0 ? (uint64_t)info.st_size : 0;
    /* no further than the size that is told: a line that is being added is not seen in part */
    while (r == 0 && max_bytes && offset < *size) {
        size_t wanted = max_bytes < sizeof(block) ? max_bytes : sizeof(block);
        ssize_t n = pread(fd, block, wanted < *size - offset ? wanted : *size - offset,
                          (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            r = n < 0 ? -errno : 0;
            break;
        }
        og_buf_append(out, block, (size_t)n);
        offset += (uint64_t)n;
        max_bytes -= (size_t)n;
    }
    (void)close(fd);
    return r < 0 ? r : og_buf_is_failed(out) ? -ENOMEM : 0;
}

int og_tree_part(struct og_daemon *daemon, uint32_t uid, const char *path, uint64_t offset,
                 size_t max_bytes, struct og_buf *out, uint64_t *size)
{
    struct og_found found;
    struct og_view *view;
    char real[4096];
    int r = og_tree_find_followed(daemon, path, uid, &found);

    if (r < 0 || (found.kind != OG_NODE_LEDGER && found.kind != OG_NODE_VIEW))
        return OG_TREE_E_WHOLE;
    r = og_tree_may_read(daemon, &found, uid);
    if (r < 0)
        return r;
    if (found.kind == OG_NODE_LEDGER) {
        og_tree_real_path(daemon, &found, real, sizeof(real));
        return read_at(real, offset, max_bytes, out, size);
    }
    r = og_tree_view(daemon, &found, uid, &view);
    if (r < 0)
        return r;
    *size = og_view_bytes(view);
    return offset < *size ? og_view_read(view, offset, max_bytes, out) : 0;
}

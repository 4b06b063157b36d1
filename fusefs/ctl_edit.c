/* SPDX-License-Identifier: MIT */
/* guardctl edit: a file of the tree in the user's own editor, over the socket. What guardfs refuses is
 * not lost: the text stays where it was edited. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/limits.h"
#include "fusefs/ctl_link.h"

const struct og_ctl_option og_ctl_edit_options[] = {
    {"from", "FILE", "save FILE's text (- is standard input) instead of opening an editor"},
    {.name = NULL},
};

#define ARENA_BYTES (4u * 1024u * 1024u)

/* A text that is being edited: a file of the user's own in a folder of its own. */
struct copy {
    char folder[64];
    char path[320];
};

static int write_copy(const struct og_ctl_call *call, const char *named, const char *text,
                      size_t n_bytes, struct copy *out)
{
    const char *slash = strrchr(named, '/');
    size_t n_done = 0;
    int fd;

    (void)snprintf(out->folder, sizeof(out->folder), "/tmp/guardctl-XXXXXX");
    if (!mkdtemp(out->folder))
        return og_ctl_fail(call, NULL, "no folder for the copy in /tmp: %s", strerror(errno));
    /* the name's end tells editors what it is */
    (void)snprintf(out->path, sizeof(out->path), "%s/%.200s", out->folder,
                   slash && slash[1] ? slash + 1 : named);
    fd = open(out->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    while (fd >= 0 && n_done < n_bytes) {
        ssize_t n = write(fd, text + n_done, n_bytes - n_done);

        if (n <= 0 && errno != EINTR)
            break;
        n_done += n > 0 ? (size_t)n : 0;
    }
    if (fd < 0 || n_done < n_bytes || close(fd) != 0)
        return og_ctl_fail(call, NULL, "%s cannot be written: %s", out->path, strerror(errno));
    return OG_CTL_OK;
}

static void drop_copy(const struct copy *copy)
{
    (void)unlink(copy->path);
    (void)rmdir(copy->folder); /* stays where an editor left something in it */
}

/* $VISUAL or $EDITOR as a shell would run it: both may hold options. */
static int run_editor(const struct og_ctl_call *call, const char *path)
{
    const char *editor = getenv("VISUAL");
    char line[1024];
    int status = 0;
    pid_t pid;

    if (!editor || !*editor)
        editor = getenv("EDITOR");
    if (!editor || !*editor)
        editor = "vi";
    if (snprintf(line, sizeof(line), "%s \"$1\"", editor) >= (int)sizeof(line))
        return og_ctl_fail(call, NULL, "the name of the editor is too long");
    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        (void)execl("/bin/sh", "sh", "-c", line, "guardctl", path, (char *)NULL);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return og_ctl_fail(call, "set VISUAL or EDITOR to an editor that works",
                           "the editor \"%s\" failed; nothing was saved", editor);
    return OG_CTL_OK;
}

static int read_standard_input(struct og_buf *out)
{
    char block[4096];
    size_t n;

    while ((n = fread(block, 1, sizeof(block), stdin)) > 0)
        og_buf_append(out, block, n);
    return ferror(stdin) ? EIO : og_buf_is_failed(out) ? EFBIG : 0;
}

static int put(const struct og_ctl_call *call, struct og_ctl_link *link, const char *path,
               const char *text, size_t n_bytes)
{
    struct og_arena arena;
    const char *reason;
    int r;

    og_arena_init(&arena, ARENA_BYTES);
    r = og_ctl_link_put(call, link, path, text, n_bytes, &arena, &reason);
    if (r)
        r = og_ctl_link_tell(call, path, r, reason);
    og_arena_release(&arena);
    return r;
}

static int put_from(const struct og_ctl_call *call, struct og_ctl_link *link, const char *path,
                    const char *from)
{
    struct og_buf text;
    char *bytes = NULL;
    size_t n_bytes = 0;
    int r;

    og_buf_init(&text, OG_MAX_FIELD_BYTES);
    if (strcmp(from, "-") == 0) {
        r = read_standard_input(&text);
    } else {
        r = -og_ctl_read_file(from, OG_MAX_FIELD_BYTES, &bytes, &n_bytes);
        if (r == 0)
            og_buf_append(&text, bytes, n_bytes);
    }
    if (r)
        r = og_ctl_fail(call, NULL, "%s cannot be read: %s", from, strerror(r));
    else
        r = put(call, link, path, og_buf_str(&text), text.n_bytes);
    free(bytes);
    og_buf_release(&text);
    return r;
}

/* Edits the copy and saves it. The link is opened anew for the save: an editor may stay open for hours.
 * Returns: an exit code; what was refused stays at the copy's path. */
static int edit_copy(const struct og_ctl_call *call, const char *path, const struct copy *copy,
                     const struct og_ctl_file *before)
{
    struct og_ctl_link link;
    size_t n_bytes;
    char *text;
    int r = run_editor(call, copy->path);

    if (r != OG_CTL_OK)
        return r;
    r = og_ctl_read_file(copy->path, OG_MAX_FIELD_BYTES, &text, &n_bytes);
    if (r < 0)
        return og_ctl_fail(call, NULL, "%s cannot be read: %s", copy->path, strerror(-r));
    if (n_bytes == before->n_bytes && (!n_bytes || memcmp(text, before->text, n_bytes) == 0)) {
        fputs("unchanged: nothing was saved\n", stderr);
        free(text);
        drop_copy(copy);
        return OG_CTL_OK;
    }
    r = og_ctl_link_open(call, &link);
    if (r == OG_CTL_OK) {
        r = put(call, &link, path, text, n_bytes);
        og_ctl_link_close(&link);
    }
    free(text);
    if (r == OG_CTL_OK)
        drop_copy(copy);
    else
        fprintf(stderr, "guardctl: your text is in %s\n", copy->path);
    return r;
}

int og_ctl_edit(const struct og_ctl_call *call)
{
    const char *path = call->args[0], *from = og_ctl_option(call, "from");
    struct og_ctl_file file = {.text = NULL};
    struct og_ctl_link link;
    struct og_arena arena;
    struct copy copy;
    int r;

    while (*path == '/')
        path++;
    r = og_ctl_link_open(call, &link);
    if (r != OG_CTL_OK)
        return r;
    if (from) {
        r = put_from(call, &link, path, from);
        og_ctl_link_close(&link);
        return r;
    }
    og_arena_init(&arena, ARENA_BYTES);
    r = og_ctl_link_get(call, &link, path, 0, &arena, &file);
    og_ctl_link_close(&link);
    if (r && r != ENOENT) /* what is not there may be made, where the tree takes new files */
        r = og_ctl_link_tell(call, path, r, file.reason);
    else if (file.is_folder)
        r = og_ctl_fail(call, "'guardctl ls' lists it", "%s is a folder", path);
    else
        r = write_copy(call, path, file.text, file.n_bytes, &copy);
    if (r == OG_CTL_OK)
        r = edit_copy(call, path, &copy, &file);
    free(file.text);
    og_arena_release(&arena);
    return r;
}

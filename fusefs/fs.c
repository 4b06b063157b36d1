/* SPDX-License-Identifier: MIT */
/* Mounting and serving. As root guardfs opens /dev/fuse and calls mount(2) itself, so that no helper is
 * needed and privileges can be dropped right after; otherwise fusermount3 does it. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fusefs/fs_parts.h"
#include "fusefs/refusal.h"

/* Requests handled before the sockets get their turn again. */
#define MAX_PER_ROUND 64

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
    (void)userdata;
    conn->want |= conn->capable & FUSE_CAP_ATOMIC_O_TRUNC;
    conn->want &= ~(unsigned)FUSE_CAP_WRITEBACK_CACHE;
}

static void op_refuse_name(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
    (void)parent, (void)name, (void)mode;
    (void)fuse_reply_err(req, EPERM);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
    (void)device;
    op_refuse_name(req, parent, name, mode);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
    (void)target;
    op_refuse_name(req, parent, name, 0);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
    (void)ino;
    op_refuse_name(req, parent, name, 0);
}

static void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
                        size_t size, int flags)
{
    (void)ino, (void)name, (void)value, (void)size, (void)flags;
    (void)fuse_reply_err(req, ENOTSUP);
}

static void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
    (void)ino, (void)name;
    (void)fuse_reply_err(req, ENOTSUP);
}

static const struct fuse_lowlevel_ops operations = {
    .init = op_init,
    .lookup = og_fs_op_lookup,
    .forget = og_fs_op_forget,
    .getattr = og_fs_op_getattr,
    .setattr = og_fs_op_setattr,
    .access = og_fs_op_access,
    .readlink = og_fs_op_readlink,
    .opendir = og_fs_op_opendir,
    .readdir = og_fs_op_readdir,
    .releasedir = og_fs_op_releasedir,
    .open = og_fs_op_open,
    .create = og_fs_op_create,
    .read = og_fs_op_read,
    .poll = og_fs_op_poll,
    .write = og_fs_op_write,
    .flush = og_fs_op_flush,
    .fsync = og_fs_op_fsync,
    .release = og_fs_op_release,
    .rename = og_fs_op_rename,
    .unlink = og_fs_op_unlink,
    .rmdir = og_fs_op_rmdir,
    .mkdir = op_refuse_name,
    .mknod = op_mknod,
    .symlink = op_symlink,
    .link = op_link,
    .setxattr = op_setxattr,
    .getxattr = og_fs_op_getxattr,
    .listxattr = og_fs_op_listxattr,
    .removexattr = op_removexattr,
};

/* ---- mounting ---- */

/* fusermount3 with one option and the mount point. Returns its exit status. */
static int run_fusermount(const char *option, const char *mount_point)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        if (null >= 0)
            (void)dup2(null, STDERR_FILENO);
        execlp("fusermount3", "fusermount3", option, "--", mount_point, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A killed guardfs leaves its mount behind; every access says ENOTCONN. */
static int take_over(const char *mount_point, struct og_buf *why)
{
    struct stat st;

    if (stat(mount_point, &st) == 0)
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
    if (errno != ENOTCONN) {
        int error = errno;

        og_buf_printf(why, "the mount point %s: %s%s", mount_point, strerror(error),
                      error == ENOENT ? "; make the folder first" : "");
        return -error;
    }
    if (umount2(mount_point, MNT_DETACH) < 0 && run_fusermount("-uz", mount_point) != 0) {
        og_buf_printf(why, "a dead mount at %s cannot be removed: umount -l %s", mount_point,
                      mount_point);
        return -ENOTCONN;
    }
    return 0;
}

static int mount_as_root(struct og_fs *fs, const char *mount_point, struct og_buf *why)
{
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    char options[128], as_fd[32];

    if (fd < 0) {
        og_buf_printf(why, "/dev/fuse cannot be opened: %s: load the fuse module", strerror(errno));
        return -errno;
    }
    (void)snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
                   fd);
    if (mount("guardfs", mount_point, "fuse.guardfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) < 0) {
        int error = errno;

        og_buf_printf(why, "mounting at %s: %s", mount_point, strerror(error));
        (void)close(fd);
        return -error;
    }
    fs->is_own_mount = true;
    (void)snprintf(as_fd, sizeof(as_fd), "/dev/fd/%d", fd);
    if (fuse_session_mount(fs->session, as_fd) != 0) {
        og_buf_append_str(why, "the FUSE session could not be set up");
        return -EIO;
    }
    return 0;
}

/* Others may enter a plain user's mount only where the administrator lets them. */
static bool may_allow_other(void)
{
    FILE *file = fopen("/etc/fuse.conf", "re");
    char line[256];
    bool found = false;

    while (file && !found && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\r\n")] = '\0';
        found = strcmp(line + strspn(line, " \t"), "user_allow_other") == 0;
    }
    if (file)
        (void)fclose(file);
    return found;
}

static int mount_as_user(struct og_fs *fs, const char *mount_point, struct og_buf *why)
{
    if (fuse_session_mount(fs->session, mount_point) == 0)
        return 0;
    og_buf_printf(why, "fusermount3 cannot mount at %s: install fuse3, and see that /dev/fuse is "
                       "readable for this account", mount_point);
    return -EPERM;
}

static struct fuse_session *new_session(struct og_fs *fs, bool is_root)
{
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    struct fuse_session *session;

    (void)fuse_opt_add_arg(&args, "guardfs");
    if (!is_root)
        (void)fuse_opt_add_arg(&args, may_allow_other() ? "-ofsname=guardfs,subtype=guardfs,allow_other"
                                                        : "-ofsname=guardfs,subtype=guardfs");
    session = fuse_session_new(&args, &operations, sizeof(operations), fs);
    fuse_opt_free_args(&args);
    return session;
}

int og_fs_mount(struct og_daemon *daemon, struct og_buf *why)
{
    bool is_root = geteuid() == 0;
    struct og_fs *fs;
    int r = take_over(daemon->options.mount, why);

    if (r < 0)
        return r;
    fs = calloc(1, sizeof(*fs));
    if (!fs)
        return -ENOMEM;
    daemon->fs = fs;
    fs->daemon = daemon;
    fs->inodes = og_inodes_new();
    fs->session = new_session(fs, is_root);
    if (!fs->inodes || !fs->session) {
        og_buf_append_str(why, "the FUSE session could not be made");
        return -ENOMEM;
    }
    return is_root ? mount_as_root(fs, daemon->options.mount, why)
                   : mount_as_user(fs, daemon->options.mount, why);
}

/* ---- serving ---- */

static void ready(void *context, uint32_t events)
{
    struct og_fs *fs = context;

    (void)events;
    for (int i = 0; i < MAX_PER_ROUND && !fuse_session_exited(fs->session); i++) {
        int n = fuse_session_receive_buf(fs->session, &fs->buffer);

        if (n == -EINTR)
            continue;
        if (n == -EAGAIN)
            return;
        if (n <= 0)
            break;
        fuse_session_process_buf(fs->session, &fs->buffer);
    }
    if (fuse_session_exited(fs->session)) {
        /* Somebody unmounted: without its files guardfs cannot be administered. */
        og_loop_remove(fs->daemon->loop, fuse_session_fd(fs->session));
        fs->is_serving = false;
        og_loop_stop(fs->daemon->loop);
    }
}

static void expire(void *context)
{
    struct og_fs *fs = context;

    og_scratch_expire(fs, og_now_unix_ms());
    og_refusal_sweep(fs->daemon->options.state, og_now_unix_ms());
    (void)og_loop_after(fs->daemon->loop, 60000, expire, fs);
}

/* After the journal's commit of the same round: what readers get is written. */
static void wake(void *context)
{
    og_streams_wake(context);
}

int og_fs_serve(struct og_daemon *daemon)
{
    struct og_fs *fs = daemon->fs;
    int fd = fuse_session_fd(fs->session), flags = fcntl(fd, F_GETFL), r;

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    r = og_loop_at_round_end(daemon->loop, wake, fs);
    if (r < 0)
        return r;
    (void)og_loop_after(daemon->loop, 60000, expire, fs);
    fs->is_serving = true;
    return og_loop_add(daemon->loop, fd, EPOLLIN, ready, fs);
}

void og_fs_close(struct og_daemon *daemon)
{
    struct og_fs *fs = daemon->fs;

    if (!fs)
        return;
    if (fs->is_serving)
        og_loop_remove(daemon->loop, fuse_session_fd(fs->session));
    while (fs->streams)
        og_stream_close(fs->streams);
    if (fs->is_own_mount)
        (void)umount2(daemon->options.mount, MNT_DETACH); /* the stub does it where we may not */
    else if (fs->session)
        fuse_session_unmount(fs->session);
    if (fs->session)
        fuse_session_destroy(fs->session);
    free(fs->buffer.mem);
    og_scratch_free_all(fs);
    og_inodes_free(fs->inodes);
    free(fs);
    daemon->fs = NULL;
}

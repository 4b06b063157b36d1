/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/sandbox.h"

#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t watcher;

/* Holds nothing but its end of the pipe: a copy of the FUSE descriptor would keep a dead mount alive. */
OG_NORETURN static void watch(const char *mount, int fd)
{
    char ignored;

    (void)setsid();
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    if (chdir("/") != 0 || dup2(fd, 0) < 0)
        _exit(1);
    (void)close_range(1, ~0u, 0);
    while (read(0, &ignored, 1) < 0 && errno == EINTR)
        ;
    (void)umount2(mount, MNT_DETACH | UMOUNT_NOFOLLOW);
    _exit(0);
}

int og_sandbox_watch_mount(const char *mount, int *out)
{
    int ends[2];

    *out = -1;
    if (geteuid() != 0)
        return 0;
    if (pipe2(ends, 02000000 /* O_CLOEXEC */) < 0)
        return -errno;
    watcher = fork();
    if (watcher == 0) {
        (void)close(ends[1]);
        watch(mount, ends[0]);
    }
    (void)close(ends[0]);
    if (watcher < 0) {
        (void)close(ends[1]);
        return -EAGAIN;
    }
    *out = ends[1];
    return 0;
}

void og_sandbox_end(int watch_fd)
{
    if (watch_fd < 0)
        return;
    (void)close(watch_fd);
    while (waitpid(watcher, NULL, 0) < 0 && errno == EINTR)
        ;
}

static struct {
    uid_t uid;
    gid_t gid;
} owner; /* nftw has no context */

static int give(const char *path, const struct stat *info OG_UNUSED, int type OG_UNUSED,
                struct FTW *at OG_UNUSED)
{
    return lchown(path, owner.uid, owner.gid);
}

static int become(const char *user, const char *state_folder, struct og_buf *why)
{
    const struct passwd *account = getpwnam(user);

    if (!account || account->pw_uid == 0) {
        og_buf_printf(why, "the account %s of the configuration %s", user,
                      account ? "is root; choose another" : "does not exist; make it");
        return -EINVAL;
    }
    owner.uid = account->pw_uid;
    owner.gid = account->pw_gid;
    if (nftw(state_folder, give, 16, FTW_PHYS) != 0 || setgroups(0, NULL) < 0 ||
        setresgid(owner.gid, owner.gid, owner.gid) < 0 ||
        setresuid(owner.uid, owner.uid, owner.uid) < 0) {
        og_buf_printf(why, "cannot become %s: %s", user, strerror(errno));
        return -EPERM;
    }
    return setuid(0) == 0 ? -EPERM : 0;
}

static int keep_few(void)
{
    const uint32_t kept = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_SYS_PTRACE;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct now[2], data[2] = {{.effective = 0}};

    for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++)
        if (cap > 31 || !(kept & 1u << cap))
            (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    if (syscall(SYS_capget, &header, now) < 0)
        return -errno;
    data[0].effective = data[0].permitted = kept & now[0].permitted;
    return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int og_sandbox_drop(const char *user, const char *state_folder, struct og_buf *why)
{
    int r = 0;

    if (geteuid() == 0)
        r = user ? become(user, state_folder, why) : keep_few();
    if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        r = -errno;
    if (r < 0 && !why->n_bytes)
        og_buf_printf(why, "rights cannot be given up: %s", strerror(-r));
    return r;
}

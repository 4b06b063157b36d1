/* SPDX-License-Identifier: MIT */
/* What a worker gives up. A hostile client may find a flaw in a real driver: then it holds one process
 * under an account of its own that can start nothing, look into no other process and gain no right.
 * The filter lists what is closed, not what is open: real drivers load what they like (name services,
 * encryption, character sets), and one that cannot work would be run inline instead. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "driver/worker_parts.h"

#define MAX_DATA_BYTES (UINT64_C(4) << 30)
#define MAX_FILES 1024u

int og_worker_close_up(void)
{
    static const struct rlimit none = {0, 0};

    /* Not dumpable: no core file, no ptrace and no /proc/PID/mem, for the same account either. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
        return -errno;
    /* guardfs' starter is the parent: a worker without it has nobody to ask. */
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? -errno : 0;
}

#ifdef __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000u
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#define X32_BIT 0xffffffffu
#endif

static const unsigned closed[] = {
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
    SYS_pidfd_getfd, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns, SYS_unshare,
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_init_module, SYS_finit_module,
    SYS_delete_module, SYS_kexec_load, SYS_keyctl, SYS_add_key, SYS_request_key,
    SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_swapon, SYS_swapoff, SYS_reboot,
    SYS_settimeofday, SYS_clock_settime, SYS_sethostname, SYS_setdomainname, SYS_acct, SYS_quotactl,
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_kill, SYS_tkill,
    SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_pidfd_open, SYS_pidfd_send_signal,
    SYS_process_madvise, SYS_move_pages, SYS_migrate_pages, SYS_fanotify_init, SYS_personality,
#ifdef SYS_uselib
    SYS_uselib,
#endif
};

static int filter_calls(void)
{
#ifdef ARCHITECTURE
    struct sock_filter program[13 + 2 * OG_COUNT(closed)];
    struct sock_fprog whole = {.filter = program};
    unsigned short n = 0;

    program[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                offsetof(struct seccomp_data, arch));
    program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                offsetof(struct seccomp_data, nr));
    if (X32_BIT != 0xffffffffu) {
        program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
        program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    }
    for (size_t i = 0; i < OG_COUNT(closed); i++) {
        program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, closed[i], 0, 1);
        program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    }
    /* Signals to threads of its own alone: abort() and the C library need them. */
    program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 3);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                offsetof(struct seccomp_data, args[0]));
    program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)getpid(), 1, 0);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    whole.len = n;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole, 0, 0) < 0 ? -errno : 0;
#else
    return -ENOSYS; /* an architecture that nobody looked at */
#endif
}

int og_worker_sandbox(void)
{
    struct rlimit data = {MAX_DATA_BYTES, MAX_DATA_BYTES}, files = {MAX_FILES, MAX_FILES};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_NOFILE, &files) < 0)
        return -errno;
#ifndef __SANITIZE_ADDRESS__
    if (setrlimit(RLIMIT_DATA, &data) < 0)
        return -errno;
#else
    (void)data; /* its shadow is larger */
#endif
    return filter_calls();
}

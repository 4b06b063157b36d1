/* SPDX-License-Identifier: MIT */
/* What a worker cannot do once it is closed up. Every attempt is made twice: in a process like any other, where
 * the kernel takes it up, and in one that is closed up, where it is EPERM. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/worker_parts.h"
#include "tests/tap.h"

static pid_t parent;
static char byte;

static long run_program(void)
{
    return syscall(SYS_execve, "/nowhere", NULL, NULL);
}

static long run_program_at(void)
{
    return syscall(SYS_execveat, -1, "nowhere", NULL, NULL, 0);
}

static long trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long read_memory(void)
{
    struct iovec here = {&byte, 1}, there = {&byte, 1};

    return process_vm_readv(getpid(), &here, 1, &there, 1, 0);
}

static long signal_another(void)
{
    return kill(parent, 0);
}

static long signal_a_thread_of_another(void)
{
    return syscall(SYS_tgkill, parent, parent, 0);
}

static long open_a_process(void)
{
    return syscall(SYS_pidfd_open, parent, 0);
}

static long new_namespace(void)
{
    return unshare(CLONE_NEWUSER);
}

static long keys_of_the_kernel(void)
{
    return syscall(SYS_add_key, "user", "odbcguard-test", "x", 1, -4 /* a type of ring that is there */);
}

static long rings(void)
{
    return syscall(SYS_io_uring_setup, 0, NULL);
}

static const struct {
    const char *name;
    long (*try)(void);
} attempts[] = {
    {"start a program", run_program},
    {"start a program by descriptor", run_program_at},
    {"be traced", trace},
    {"read memory of a process", read_memory},
    {"signal a process", signal_another},
    {"signal a thread of a process", signal_a_thread_of_another},
    {"hold a process", open_a_process},
    {"make a namespace", new_namespace},
    {"reach the kernel's keys", keys_of_the_kernel},
    {"use rings that no filter sees", rings},
};

/* What the attempt said: an errno, 0 when it went through; 255 when the process ended another way. */
static int outcome(long (*try)(void), bool is_closed)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (is_closed && (og_worker_close_up() < 0 || og_worker_sandbox() < 0))
            _exit(254);
        errno = 0;
        _exit(try() < 0 ? errno : 0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static long own_thread(void)
{
    return syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), 0);
}

static long dumps_nothing(void)
{
    struct rlimit core;

    return getrlimit(RLIMIT_CORE, &core) == 0 && !core.rlim_max && !prctl(PR_GET_DUMPABLE) &&
                   prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_SECCOMP) == 2
               ? 0
               : -1;
}

static long too_much_memory(void)
{
    void *at = mmap(NULL, (size_t)8 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);

    return at == MAP_FAILED ? -1 : 0;
}

static void ends_by_abort(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (og_worker_close_up() < 0 || og_worker_sandbox() < 0)
            _exit(254);
        abort();
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "abort_still_ends_it");
}

int main(void)
{
    parent = getpid();
    for (size_t i = 0; i < OG_COUNT(attempts); i++) {
        int open_outcome = outcome(attempts[i].try, false);

        if (open_outcome == EPERM || open_outcome == ENOSYS)
            tap_note("not possible here in any process: %s", attempts[i].name);
        else
            tap_ok(open_outcome < 254, "any_process_may_try_to: %s", attempts[i].name);
        tap_ok(outcome(attempts[i].try, true) == EPERM, "a_worker_may_not: %s", attempts[i].name);
    }
    tap_ok(outcome(own_thread, true) == 0, "signals_to_its_own_threads_work");
    tap_ok(outcome(dumps_nothing, true) == 0, "no_core_no_trace_no_new_rights");
#ifndef __SANITIZE_ADDRESS__
    tap_ok(outcome(too_much_memory, false) == 0 && outcome(too_much_memory, true) == ENOMEM,
           "its_memory_has_a_ceiling");
#else
    (void)too_much_memory;
#endif
    ends_by_abort();
    return tap_done();
}

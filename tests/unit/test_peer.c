/* SPDX-License-Identifier: MIT */
/* Evidence of a process is that process' own: not of a later one with its number. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fusefs/peer.h"
#include "tests/tap.h"

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int listener;

/* A process that connects and stays; when told, goes. Returns: the accepted socket. */
static int make_peer(pid_t *out)
{
    *out = fork();
    if (*out == 0) {
        int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
            _exit(1);
        pause();
        _exit(0);
    }
    return accept(listener, NULL, NULL);
}

static void end(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* Another process with that number. Returns: whether there is one. */
static bool take_number(pid_t wanted)
{
    for (int i = 0; i < 200; i++) {
        FILE *last = fopen("/proc/sys/kernel/ns_last_pid", "w");
        bool is_set = last && fprintf(last, "%d", (int)wanted - 1) > 0;
        pid_t pid;

        if (last && fclose(last) != 0)
            is_set = false;
        if (!is_set)
            return false;
        pid = fork();
        if (pid == 0) {
            pause();
            _exit(0);
        }
        if (pid == wanted)
            return true;
        end(pid);
    }
    return false;
}

int main(void)
{
    struct og_arena arena;
    struct og_peer peer;
    pid_t pid;
    int fd;

    og_arena_init(&arena, 1 << 20);
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "odbcguard-test-%d", (int)getpid());
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 5) < 0)
        return 1;
    fd = make_peer(&pid);
    tap_ok(og_peer_from_socket(fd, &arena, &peer) == 0 && peer.pid == pid && peer.uid == getuid(),
           "a_peer_is_who_connected");
    tap_ok(strstr(peer.exe, "test_peer") && *peer.cmd_line, "its_program_and_arguments_are_known");
    end(pid);
    tap_ok(og_peer_from_socket(fd, &arena, &peer) == 0 && peer.uid == getuid() && !*peer.exe && !*peer.cmd_line,
           "of_a_peer_that_is_gone_the_account_is_left");
    if (take_number(pid)) {
        og_peer_from_ids(getuid(), getgid(), pid, &arena, &peer);
        tap_ok(*peer.exe, "control: by its number another process is found");
        tap_ok(og_peer_from_socket(fd, &arena, &peer) == 0 && !*peer.exe && !*peer.cmd_line && !*peer.cgroup &&
                   peer.login_uid == UINT32_MAX,
               "a_later_process_with_its_number_is_no_evidence");
        end(pid);
    } else {
        tap_note("numbers of processes cannot be chosen here: the later process was not tested");
    }
    (void)close(fd);
    og_arena_release(&arena);
    return tap_done();
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#define MAX_PROC_BYTES 4096u
#define MAX_CMD_LINE_BYTES 256u
#define MAX_GROUPS 256u

/* The beginning of a file under /proc/PID. Returns: its bytes; 0 where it cannot be read. */
static size_t read_proc(int32_t pid, const char *name, char *out, size_t max_bytes)
{
    char path[64];
    size_t n_bytes = 0;
    ssize_t n = 1;
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    while (n_bytes < max_bytes && n > 0) {
        n = read(fd, out + n_bytes, max_bytes - n_bytes);
        if (n > 0)
            n_bytes += (size_t)n;
    }
    (void)close(fd);
    return n_bytes;
}

/* Control bytes as \xNN: the text goes to terminals and into names that rules match. What is not
 * ASCII is escaped too, so that the result is always UTF-8. */
static char *escaped(struct og_arena *arena, const char *bytes, size_t n_bytes, size_t max_bytes)
{
    static const char digits[] = "0123456789abcdef";
    char out[MAX_PROC_BYTES + 8];
    size_t n = 0;

    if (max_bytes > MAX_PROC_BYTES)
        max_bytes = MAX_PROC_BYTES;
    for (size_t i = 0; i < n_bytes && n + 4 <= max_bytes; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (c >= 0x20 && c < 0x7F && c != '\\') {
            out[n++] = (char)c;
            continue;
        }
        out[n++] = '\\';
        out[n++] = 'x';
        out[n++] = digits[c >> 4];
        out[n++] = digits[c & 15];
    }
    return og_arena_strndup(arena, out, n);
}

static const char *read_cmd_line(int32_t pid, struct og_arena *arena)
{
    char bytes[MAX_CMD_LINE_BYTES];
    size_t n_bytes = read_proc(pid, "cmdline", bytes, sizeof(bytes));

    while (n_bytes && !bytes[n_bytes - 1])
        n_bytes--;
    for (size_t i = 0; i < n_bytes; i++)
        if (!bytes[i])
            bytes[i] = ' ';
    return escaped(arena, bytes, n_bytes, MAX_CMD_LINE_BYTES);
}

static const char *read_exe(int32_t pid, struct og_arena *arena)
{
    char path[64], bytes[MAX_PROC_BYTES];
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
    n = readlink(path, bytes, sizeof(bytes));
    /* A name cut short would be another program's. */
    return n <= 0 || n == (ssize_t)sizeof(bytes) ? og_arena_strdup(arena, "")
                                                 : escaped(arena, bytes, (size_t)n, MAX_PROC_BYTES);
}

/* The unified hierarchy's line, "0::/path"; else the first line's path. */
static const char *read_cgroup(int32_t pid, struct og_arena *arena)
{
    char bytes[MAX_PROC_BYTES + 1];
    size_t n_bytes = read_proc(pid, "cgroup", bytes, MAX_PROC_BYTES);
    const char *line = bytes, *path = NULL;

    bytes[n_bytes] = '\0';
    while (line && *line) {
        const char *first = strchr(line, ':');
        const char *second = first ? strchr(first + 1, ':') : NULL;

        if (second && (!path || strncmp(line, "0::", 3) == 0))
            path = second + 1;
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return path ? escaped(arena, path, strcspn(path, "\n"), MAX_PROC_BYTES)
                : og_arena_strdup(arena, "");
}

void og_peer_from_ids(uint32_t uid, uint32_t gid, int32_t pid, struct og_arena *arena,
                      struct og_peer *out)
{
    char login[32] = "";
    size_t n_bytes;

    *out = (struct og_peer){.uid = uid, .gid = gid, .pid = pid, .login_uid = UINT32_MAX,
                            .exe = "", .cmd_line = "", .cgroup = ""};
    if (pid <= 0) /* in another PID namespace: /proc/0 is nobody */
        return;
    out->exe = read_exe(pid, arena);
    out->cmd_line = read_cmd_line(pid, arena);
    out->cgroup = read_cgroup(pid, arena);
    out->exe = out->exe ? out->exe : "";
    out->cmd_line = out->cmd_line ? out->cmd_line : "";
    out->cgroup = out->cgroup ? out->cgroup : "";
    n_bytes = read_proc(pid, "loginuid", login, sizeof(login) - 1);
    if (n_bytes) {
        char *end;
        unsigned long number = strtoul(login, &end, 10);

        if (end != login && number < UINT32_MAX)
            out->login_uid = (uint32_t)number;
    }
}

/* A descriptor of the process that connected, or -1: kernels before 6.5 know the number alone. */
static int hold_peer(int fd, int32_t pid)
{
    int held = -1;
    socklen_t n_bytes = sizeof(held);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &held, &n_bytes) == 0)
        return held;
    return errno == ENOPROTOOPT && pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

/* Whether it still has its number. What was read of /proc before that is its own. */
static bool is_there(int held)
{
    return held >= 0 && (syscall(SYS_pidfd_send_signal, held, 0, NULL, 0) == 0 || errno == EPERM);
}

int og_peer_from_socket(int fd, struct og_arena *arena, struct og_peer *out)
{
    struct ucred peer;
    socklen_t n_bytes = sizeof(peer);
    int held;

    *out = (struct og_peer){.uid = UINT32_MAX, .gid = UINT32_MAX, .login_uid = UINT32_MAX,
                            .exe = "", .cmd_line = "", .cgroup = ""};
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n_bytes) != 0)
        return -errno;
    if (n_bytes != sizeof(peer) || peer.uid == (uid_t)-1)
        return -EACCES; /* a uid that is not mapped here is no evidence */
    held = hold_peer(fd, peer.pid);
    og_peer_from_ids(peer.uid, peer.gid, peer.pid, arena, out);
    if (!is_there(held)) { /* its number may be another process' by now */
        out->exe = out->cmd_line = out->cgroup = "";
        out->login_uid = UINT32_MAX;
    }
    if (held >= 0)
        (void)close(held);
    return og_arena_is_failed(arena) ? -ENOMEM : 0;
}

int og_peer_chain(const struct og_peer *peer, const struct og_config *config,
                  struct og_arena *arena, struct og_principal_chain *out)
{
    const char *person = og_config_person(config, peer->uid);
    const char *agent = og_config_agent(config, peer->uid);
    const char *groups[MAX_GROUPS];
    size_t n_groups = og_config_groups(config, peer->uid, groups, MAX_GROUPS);
    const char **names = og_arena_array(arena, n_groups + 5, sizeof(*names));
    struct og_principal *member = og_arena_alloc(arena, sizeof(*member));
    size_t n = 0;

    *out = (struct og_principal_chain){.evidence = OG_EVIDENCE_ASSERTED};
    if (!names || !member)
        return -ENOMEM;
    /* More groups than we can name could leave out the one that a deny rule names. */
    if (n_groups == MAX_GROUPS)
        return -E2BIG;
    if (person)
        names[n++] = og_arena_printf(arena, "user:%s", person);
    if (agent)
        names[n++] = og_arena_printf(arena, "agent:%s", agent);
    for (size_t i = 0; i < n_groups; i++)
        names[n++] = og_arena_printf(arena, "group:%s", groups[i]);
    names[n++] = og_arena_printf(arena, "uid:%u", peer->uid);
    member->display = person ? person : agent ? agent : names[n - 1];
    if (*peer->exe)
        names[n++] = og_arena_printf(arena, "exe:%s", peer->exe);
    if (*peer->cgroup)
        names[n++] = og_arena_printf(arena, "cgroup:%s", peer->cgroup);
    member->display = og_arena_strdup(arena, member->display);
    if (og_arena_is_failed(arena))
        return -ENOMEM;
    member->names = names;
    member->n_names = n;
    member->is_person = person != NULL;
    *out = (struct og_principal_chain){
        .members = member, .n_members = 1, .evidence = OG_EVIDENCE_PEER};
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* vault.h - the small process that alone opens targets: it reads their passwords and starts their workers.
 * guardfs itself, which reads what hostile peers send, never has a password in its memory; nor has a
 * worker's process any but its own target's. Made before guardfs gives up its rights, so that it can give
 * each target's workers an account of their own.
 * Source: docs/decisions/0020-broker.md. */
#ifndef OG_FUSEFS_VAULT_H
#define OG_FUSEFS_VAULT_H

#include <sys/types.h>

#include "common/base.h"
#include "common/buf.h"
#include "common/id.h"
#include "fusefs/config.h"

/* What guardfs asks for: three descriptors come with it (link, cancel, the session's own socket). */
struct og_vault_ask {
    char session[OG_ID_BYTES];
    char target[256];
    char statement[320]; /* all that the worker is to run, as one of the guard's own; "": a client says */
};

/* What became of a worker. */
struct og_vault_told {
    char session[OG_ID_BYTES];
    int32_t exit_code; /* -1: a signal ended it */
    int32_t signal;
};

/* Why a worker never ran: exit codes of its process before it is the worker. */
enum og_vault_exit {
    OG_VAULT_EXIT_SECRET = 101,  /* the password could not be read */
    OG_VAULT_EXIT_ACCOUNT = 102, /* run-as could not be become */
    OG_VAULT_EXIT_START = 103,   /* the program could not be started */
    OG_VAULT_EXIT_SYSTEM = 104
};

/* Starts the process, if any target has credentials here. socket_path: for the workers' texts.
 * out_fd: the caller's end, -1 where there is none to start. Returns: 0; -errno with why. */
OG_MUST int og_vault_start(const struct og_config *config, const char *socket_path, int *out_fd,
                           struct og_buf *why);
/* Lets it end, and waits for that. */
void og_vault_end(int fd);

/* vault_start.c, in a child of its own: reads the password, becomes the account, and is the worker.
 * fds: link, cancel, guardfs. Leaves with one of the exit codes above. */
OG_NORETURN void og_vault_become_worker(const struct og_config_connect *connect,
                                        const struct og_vault_ask *ask, const char *socket_path,
                                        const int fds[3]);
/* The program of the workers: beside an uninstalled guardfs, else the installed one. */
bool og_vault_find_worker(char *out, size_t max_bytes);

#endif

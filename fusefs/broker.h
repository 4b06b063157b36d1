/* SPDX-License-Identifier: MIT */
/* broker.h - sessions whose guard runs in a worker under guardfs: the question of a driver, the sockets of
 * both sides, and what became of workers. */
#ifndef OG_FUSEFS_BROKER_H
#define OG_FUSEFS_BROKER_H

#include "fusefs/server_parts.h"

/* Watches the vault. Returns: 0; -errno. */
OG_MUST int og_broker_open(struct og_daemon *daemon);
/* BROKER: opens the session, starts its worker, and sends its sockets. */
void og_broker_handle(struct og_connection *connection, const struct og_msg *msg);
/* A worker without a client: a session of uid's own on a target of guardfs' credentials, which runs one
 * statement of the guard's and writes what came of it to *out_link (worker_task.c). The worker ends when
 * *out_cancel is closed. Both are the caller's. Returns: 0; -errno with why (static). */
OG_MUST int og_broker_run(struct og_daemon *daemon, uint32_t uid, const struct og_msg_broker *ask,
                          const char *statement, int *out_link, int *out_cancel, const char **why);
/* A worker's HELLO: its session is open already. */
void og_broker_welcome(struct og_connection *connection, const struct og_msg *msg);

#endif

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
/* A worker's HELLO: its session is open already. */
void og_broker_welcome(struct og_connection *connection, const struct og_msg *msg);

#endif

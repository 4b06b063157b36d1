/* SPDX-License-Identifier: MIT */
/* service.h - what a service manager passes and wants to hear: a socket that is open already, that guardfs is
 * ready, that it is alive. Without one (a shell, cron) every call does nothing.
 * Is not: libsystemd; the two protocols are one datagram and one descriptor.
 * Source: sd_notify(3), sd_listen_fds(3), systemd.service(5). */
#ifndef OG_FUSEFS_SERVICE_H
#define OG_FUSEFS_SERVICE_H

#include "common/base.h"
#include "common/buf.h"

struct og_daemon;

/* The listening socket that was passed for this path. Returns: a descriptor; -ENOENT when none was; -EINVAL
 * with why when what was passed is not that socket. */
OG_MUST int og_service_socket(const char *path, struct og_buf *why);
/* "READY=1", "STOPPING=1", "STATUS=..." */
void og_service_tell(const char *text);
/* Tells at half the watchdog's time, from the loop, that the loop turns. Returns: 0; -ENOMEM. */
OG_MUST int og_service_watch(struct og_daemon *daemon);

#endif

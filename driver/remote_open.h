/* SPDX-License-Identifier: MIT */
/* remote_open.h - asking guardfs for a worker. */
#ifndef OG_DRIVER_REMOTE_OPEN_H
#define OG_DRIVER_REMOTE_OPEN_H

#include "driver/conf.h"
#include "driver/diag.h"

/* Returns: 0 with two sockets of the caller's (calls, cancel); -1 with a record in diag. */
OG_MUST int og_remote_ask_worker(const struct og_conf *conf, struct og_diag *diag, int *fd,
                                 int *cancel_fd);
/* Whether name stands among texts of n_bytes, each with its NUL. */
bool og_remote_has(const char *names, size_t n_bytes, const char *name);

#endif

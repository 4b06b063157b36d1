/* SPDX-License-Identifier: MIT */
/* ledger_keep.h - retention: days older than the configuration's keep-days leave the ledger. A record says so
 * first, with the first and last sequence and the SHA-256 of the last line, so that the chain goes on from a
 * line that is vouched for by a signed one. The newest days always stay. */
#ifndef OG_FUSEFS_LEDGER_KEEP_H
#define OG_FUSEFS_LEDGER_KEEP_H

#include "fusefs/daemon.h"

/* Looks now and every hour. Returns: 0; -ENOMEM. */
OG_MUST int og_ledger_keep_open(struct og_daemon *daemon);

#endif

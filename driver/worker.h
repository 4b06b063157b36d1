/* SPDX-License-Identifier: MIT */
/* worker.h - the program odbcguard-worker, whose code is the core library's. */
#ifndef OG_DRIVER_WORKER_H
#define OG_DRIVER_WORKER_H

#include "common/base.h"

/* Never returns to serve a second client. Returns: the exit code. */
OG_EXPORT int og_worker_main(void);

#endif

/* SPDX-License-Identifier: MIT */
/* worker_fd.h - the descriptors that guardfs gives a worker. Shared by fusefs/vault.c, which starts it. */
#ifndef OG_COMMON_WORKER_FD_H
#define OG_COMMON_WORKER_FD_H

#define OG_WORKER_FD_LINK 3    /* the client's calls */
#define OG_WORKER_FD_CANCEL 4  /* the client's cancels */
#define OG_WORKER_FD_GUARDFS 5 /* the session's own socket */
#define OG_WORKER_FD_CONFIG 6  /* pairs of texts, to be read to the end */

#endif

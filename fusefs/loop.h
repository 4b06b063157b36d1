/* SPDX-License-Identifier: MIT */
/* loop.h - guardfs' one thread: epoll over sockets and the FUSE descriptor, timers, and work at the
 * end of a round (the ledger's group commit). Every file of guardfs runs on it; nothing locks.
 * Is not: for blocking work. Source: epoll(7), timerfd_create(2). */
#ifndef OG_FUSEFS_LOOP_H
#define OG_FUSEFS_LOOP_H

#include "common/base.h"

struct og_loop;

typedef void og_loop_ready(void *context, uint32_t events); /* EPOLL... bits */
typedef void og_loop_call(void *context);

OG_MUST int og_loop_new(struct og_loop **out);
struct og_loop *og_loop_free(struct og_loop *loop);
/* Watches a descriptor (level-triggered); the descriptor stays the caller's. Returns: 0; -errno. */
OG_MUST int og_loop_add(struct og_loop *loop, int fd, uint32_t events, og_loop_ready *ready,
                        void *context);
OG_MUST int og_loop_change(struct og_loop *loop, int fd, uint32_t events);
/* Safe inside a callback, also for other descriptors of the same round. */
void og_loop_remove(struct og_loop *loop, int fd);
/* Calls once, delay_ms from now (monotonic). Returns a number to cancel with, 0 on failure. */
uint64_t og_loop_after(struct og_loop *loop, uint32_t delay_ms, og_loop_call *call, void *context);
void og_loop_cancel(struct og_loop *loop, uint64_t timer);
/* Called at the end of each round in which anything happened, in order of registration. */
OG_MUST int og_loop_at_round_end(struct og_loop *loop, og_loop_call *call, void *context);
/* Runs until og_loop_stop. Returns: 0; -errno. */
OG_MUST int og_loop_run(struct og_loop *loop);
void og_loop_stop(struct og_loop *loop);

int64_t og_now_unix_ms(void);
int64_t og_now_monotonic_ms(void);

#endif

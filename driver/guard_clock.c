/* SPDX-License-Identifier: MIT */
#include "driver/guard.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)
/* A cancel that came a moment too early finds nothing: it is said again. */
#define AGAIN_NS (NS_PER_S / 10)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static struct og_guard_clock *clocks;
static pid_t thread_of; /* the process that the thread belongs to; 0: there is none */

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Cancels what is over, under the lock, so that no statement is cancelled after its clock was
 * cleared. Returns: the earliest deadline, INT64_MAX. */
static int64_t cancel_due(int64_t now)
{
    int64_t earliest = INT64_MAX;

    for (struct og_guard_clock *clock = clocks; clock; clock = clock->next) {
        if (clock->deadline_ns <= now) {
            clock->is_over = true;
            clock->deadline_ns = now + AGAIN_NS;
            (void)og_guard_interrupt_below(clock->stmt);
        }
        if (clock->deadline_ns < earliest)
            earliest = clock->deadline_ns;
    }
    return earliest;
}

static void *watch(void *context)
{
    (void)context;
    (void)pthread_mutex_lock(&lock);
    for (;;) {
        int64_t earliest = cancel_due(now_ns());
        struct timespec at = {.tv_sec = (time_t)(earliest / NS_PER_S),
                              .tv_nsec = (long)(earliest % NS_PER_S)};

        if (earliest == INT64_MAX)
            (void)pthread_cond_wait(&changed, &lock);
        else
            (void)pthread_cond_timedwait(&changed, &lock, &at);
    }
    return NULL;
}

/* Under the lock. Returns: 0; -EAGAIN. */
static int start(void)
{
    pthread_condattr_t attributes;
    pthread_attr_t how;
    pthread_t thread;
    sigset_t all, before;
    int r;

    if (thread_of == getpid())
        return 0;
    if (thread_of)
        return -EAGAIN; /* the parent's thread did not come along, nor did the state of its lock */
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    (void)pthread_attr_init(&how);
    (void)pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
    r = pthread_create(&thread, &how, watch, NULL);
    (void)pthread_attr_destroy(&how);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0)
        return -EAGAIN;
    thread_of = getpid();
    return 0;
}

int og_clock_set(struct og_guard_stmt *stmt, uint32_t seconds)
{
    struct og_guard_clock *clock = &stmt->clock;
    int r = -EAGAIN;

    (void)og_clock_clear(stmt);
    (void)pthread_mutex_lock(&lock);
    if (stmt->object.calls->SQLCancel)
        r = start();
    if (r == 0) {
        *clock = (struct og_guard_clock){.next = clocks,
                                         .stmt = stmt,
                                         .deadline_ns = now_ns() + (int64_t)seconds * NS_PER_S,
                                         .is_set = true};
        clocks = clock;
        (void)pthread_cond_signal(&changed);
    }
    (void)pthread_mutex_unlock(&lock);
    return r;
}

bool og_clock_clear(struct og_guard_stmt *stmt)
{
    bool is_over;

    if (!stmt->clock.is_set)
        return false;
    (void)pthread_mutex_lock(&lock);
    for (struct og_guard_clock **at = &clocks; *at; at = &(*at)->next)
        if (*at == &stmt->clock) {
            *at = stmt->clock.next;
            break;
        }
    is_over = stmt->clock.is_over;
    stmt->clock = (struct og_guard_clock){.is_set = false};
    (void)pthread_mutex_unlock(&lock);
    return is_over;
}

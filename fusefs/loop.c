/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 64
#define MAX_ROUND_END 16u

struct watch {
    og_loop_ready *ready; /* NULL: the number is not watched */
    void *context;
    uint32_t serial; /* tells a descriptor from an earlier one with its number */
};

struct timer {
    struct timer *next; /* earliest first */
    uint64_t number;
    int64_t due_ms;
    og_loop_call *call;
    void *context;
};

struct og_loop {
    int epoll_fd;
    struct watch *watches; /* by descriptor */
    size_t n_watches;
    uint32_t last_serial;
    struct timer *timers;
    uint64_t last_timer;
    struct {
        og_loop_call *call;
        void *context;
    } round_end[MAX_ROUND_END];
    size_t n_round_end;
    bool is_stopped;
};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t og_now_unix_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t og_now_monotonic_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

int og_loop_new(struct og_loop **out)
{
    struct og_loop *loop = calloc(1, sizeof(*loop));
    int r;

    if (!loop)
        return -ENOMEM;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        r = -errno;
        free(loop);
        return r;
    }
    *out = loop;
    return 0;
}

struct og_loop *og_loop_free(struct og_loop *loop)
{
    if (!loop)
        return NULL;
    while (loop->timers) {
        struct timer *next = loop->timers->next;

        free(loop->timers);
        loop->timers = next;
    }
    (void)close(loop->epoll_fd);
    free(loop->watches);
    free(loop);
    return NULL;
}

static int make_room(struct og_loop *loop, size_t fd)
{
    size_t n = loop->n_watches ? loop->n_watches : 64;
    struct watch *larger;

    if (fd < loop->n_watches)
        return 0;
    while (n <= fd)
        n *= 2;
    larger = realloc(loop->watches, n * sizeof(*larger));
    if (!larger)
        return -ENOMEM;
    memset(larger + loop->n_watches, 0, (n - loop->n_watches) * sizeof(*larger));
    loop->watches = larger;
    loop->n_watches = n;
    return 0;
}

static struct epoll_event event_of(const struct og_loop *loop, int fd, uint32_t events)
{
    return (struct epoll_event){
        .events = events,
        .data.u64 = (uint64_t)loop->watches[fd].serial << 32 | (uint32_t)fd,
    };
}

int og_loop_add(struct og_loop *loop, int fd, uint32_t events, og_loop_ready *ready, void *context)
{
    struct epoll_event event;
    int r;

    if (fd < 0 || !ready)
        return -EBADF;
    r = make_room(loop, (size_t)fd);
    if (r < 0)
        return r;
    if (loop->watches[fd].ready)
        return -EEXIST;
    loop->watches[fd].serial = ++loop->last_serial;
    event = event_of(loop, fd, events);
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        return -errno;
    loop->watches[fd].ready = ready;
    loop->watches[fd].context = context;
    return 0;
}

int og_loop_change(struct og_loop *loop, int fd, uint32_t events)
{
    struct epoll_event event;

    if (fd < 0 || (size_t)fd >= loop->n_watches || !loop->watches[fd].ready)
        return -ENOENT;
    event = event_of(loop, fd, events);
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event) < 0 ? -errno : 0;
}

void og_loop_remove(struct og_loop *loop, int fd)
{
    if (fd < 0 || (size_t)fd >= loop->n_watches || !loop->watches[fd].ready)
        return;
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    loop->watches[fd].ready = NULL;
}

uint64_t og_loop_after(struct og_loop *loop, uint32_t delay_ms, og_loop_call *call, void *context)
{
    struct timer *timer = malloc(sizeof(*timer)), **at = &loop->timers;

    if (!timer)
        return 0;
    *timer = (struct timer){.number = ++loop->last_timer,
                            .due_ms = og_now_monotonic_ms() + delay_ms,
                            .call = call,
                            .context = context};
    while (*at && (*at)->due_ms <= timer->due_ms)
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
    return timer->number;
}

void og_loop_cancel(struct og_loop *loop, uint64_t number)
{
    for (struct timer **at = &loop->timers; number && *at; at = &(*at)->next) {
        struct timer *timer = *at;

        if (timer->number != number)
            continue;
        *at = timer->next;
        free(timer);
        return;
    }
}

int og_loop_at_round_end(struct og_loop *loop, og_loop_call *call, void *context)
{
    if (loop->n_round_end == MAX_ROUND_END)
        return -ENOSPC;
    loop->round_end[loop->n_round_end].call = call;
    loop->round_end[loop->n_round_end].context = context;
    loop->n_round_end++;
    return 0;
}

/* Calls what is due; what is set meanwhile waits for the next round. */
static bool run_timers(struct og_loop *loop)
{
    int64_t now_ms = og_now_monotonic_ms();
    uint64_t last = loop->last_timer;
    bool has_run = false;

    for (;;) {
        struct timer **at = &loop->timers, *timer;

        while (*at && (*at)->number > last)
            at = &(*at)->next;
        timer = *at;
        if (!timer || timer->due_ms > now_ms)
            return has_run;
        *at = timer->next;
        timer->call(timer->context);
        free(timer);
        has_run = true;
    }
}

static int timeout_ms(const struct og_loop *loop)
{
    int64_t left_ms;

    if (!loop->timers)
        return -1;
    left_ms = loop->timers->due_ms - og_now_monotonic_ms();
    return left_ms <= 0 ? 0 : left_ms > 60000 ? 60000 : (int)left_ms;
}

static void dispatch(struct og_loop *loop, const struct epoll_event *event)
{
    size_t fd = (uint32_t)event->data.u64;
    const struct watch *watch = &loop->watches[fd];

    /* Removed, or replaced by another with its number, since the round began. */
    if (!watch->ready || watch->serial != (uint32_t)(event->data.u64 >> 32))
        return;
    watch->ready(watch->context, event->events);
}

int og_loop_run(struct og_loop *loop)
{
    struct epoll_event events[MAX_EVENTS];

    while (!loop->is_stopped) {
        int n = epoll_wait(loop->epoll_fd, events, MAX_EVENTS, timeout_ms(loop));
        bool has_run;

        if (n < 0 && errno != EINTR)
            return -errno;
        has_run = n > 0;
        for (int i = 0; i < n; i++)
            dispatch(loop, &events[i]);
        has_run |= run_timers(loop);
        for (size_t i = 0; has_run && i < loop->n_round_end; i++)
            loop->round_end[i].call(loop->round_end[i].context);
    }
    loop->is_stopped = false;
    return 0;
}

void og_loop_stop(struct og_loop *loop)
{
    loop->is_stopped = true;
}

/* SPDX-License-Identifier: MIT */
/* Requests and time: when one runs out, when people are reminded of it, when its grant may be used, and
 * what became of the same statement before. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fusefs/approval_parts.h"
#include "fusefs/daemon.h"
#include "fusefs/request_store.h"

/* Answered requests stay listed this long. */
#define KEEP_MS (7ll * 86400 * 1000)
#define CLOCK_MS 1000
/* Breaking the glass is shown in health this long. */
#define EMERGENCY_MS (24ll * 3600 * 1000)

/* ---- running out ---- */

int64_t og_approvals_expiry(const struct og_approvals *approvals, int64_t from_ms, uint32_t within_s)
{
    const struct og_time_window *quiet = &og_config_approvals(approvals->daemon->config)->quiet;

    return og_time_window_spend(quiet, from_ms / 1000, within_s) * 1000 + from_ms % 1000;
}

/* Of one request that nobody answered. */
static void remind(struct og_approvals *approvals, struct og_request *request, int64_t now_ms)
{
    const struct og_config_approvals *config = og_config_approvals(approvals->daemon->config);
    int64_t last_ms = request->reminded_ms ? request->reminded_ms : request->created_ms;
    char text[96];

    if (!config->remind_after_s || request->state != OG_REQUEST_PENDING ||
        now_ms - last_ms < (int64_t)config->remind_after_s * 1000 ||
        og_time_window_holds(&config->quiet, now_ms / 1000))
        return;
    request->reminded_ms = now_ms;
    (void)snprintf(text, sizeof(text), "it has waited %" PRId64 " seconds and runs out in %" PRId64,
                   (now_ms - request->created_ms) / 1000, (request->expires_ms - now_ms) / 1000);
    (void)og_approvals_record(approvals, request, NULL, "request", "reminder", "", text);
}

void og_approvals_expire(struct og_approvals *approvals, int64_t now_ms)
{
    struct og_request **at = &approvals->requests;

    while (*at) {
        struct og_request *request = *at;
        bool is_open = request->state == OG_REQUEST_PENDING || request->state == OG_REQUEST_APPROVED;

        if (is_open && request->expires_ms <= now_ms &&
            og_approvals_change(approvals, request, OG_REQUEST_EXPIRED, now_ms) == 0) {
            (void)og_approvals_record(approvals, request, NULL, "answer", "expired", "", "");
            og_approvals_tell(approvals, request);
        } else if (!is_open && request->decided_ms + KEEP_MS < now_ms) {
            *at = request->next;
            og_request_unstore(approvals->daemon->options.state, request);
            og_approvals_free_request(request);
            continue;
        }
        remind(approvals, request, now_ms);
        at = &request->next;
    }
}

static void tick(void *context)
{
    struct og_approvals *approvals = context;

    og_approvals_expire(approvals, og_now_unix_ms());
    (void)og_loop_after(approvals->daemon->loop, CLOCK_MS, tick, approvals);
}

int og_approvals_start_clock(struct og_approvals *approvals)
{
    return og_loop_after(approvals->daemon->loop, CLOCK_MS, tick, approvals) ? 0 : -ENOMEM;
}

/* ---- maintenance windows ---- */

bool og_grant_is_in_window(const struct og_approvals *approvals, const struct og_request *request,
                           int64_t now_ms, const char **why)
{
    static char text[160];
    const struct og_time_window *window = og_config_window(approvals->daemon->config, request->target);
    char when[OG_TIME_WINDOW_BYTES];
    int64_t opens_s;

    if (!window || og_time_window_holds(window, now_ms / 1000))
        return true;
    opens_s = og_time_window_opens(window, now_ms / 1000);
    og_time_window_text(window, when);
    (void)snprintf(text, sizeof(text),
                   "it is approved, and runs only in the maintenance window of this target, %s. Run it "
                   "again then\nretry_after=%" PRId64, when,
                   opens_s == OG_TIME_NEVER ? (int64_t)0 : opens_s - now_ms / 1000);
    *why = text;
    return false;
}

/* From when on a grant that is given now can be used. */
int64_t og_grant_begins(const struct og_request *request, int64_t now_ms)
{
    int64_t opens_s = request->window ? og_time_window_opens(request->window, now_ms / 1000) : OG_TIME_NEVER;

    return opens_s == OG_TIME_NEVER || opens_s * 1000 < now_ms ? now_ms : opens_s * 1000;
}

int64_t og_grant_window_end(const struct og_request *request, int64_t now_ms)
{
    int64_t begins_ms = og_grant_begins(request, now_ms), closes_s;

    if (!request->window)
        return 0;
    closes_s = og_time_window_closes(request->window, begins_ms / 1000);
    return closes_s == OG_TIME_NEVER ? 0 : closes_s * 1000;
}

/* ---- what was before ---- */

static bool is_same_shape(const struct og_request *one, const struct og_request *other)
{
    static const uint8_t none[32];

    if (strcmp(one->target, other->target) != 0)
        return false;
    if (memcmp(one->shape, none, sizeof(none)) != 0 && memcmp(one->shape, other->shape, sizeof(none)) == 0)
        return true;
    return strcmp(one->sql, other->sql) == 0;
}

const char *og_approvals_history(const struct og_approvals *approvals, struct og_request *request)
{
    const struct og_request *last = NULL;
    size_t n_states[OG_REQUEST_SPENT + 1] = {0}, n = 0;
    struct tm tm;
    time_t seconds;
    char when[32];

    for (const struct og_request *r = approvals->requests; r; r = r->next) {
        if (!is_same_shape(request, r))
            continue;
        last = last ? last : r;
        n_states[r->state]++;
        n++;
    }
    if (!last)
        return NULL;
    seconds = (time_t)(last->created_ms / 1000);
    (void)gmtime_r(&seconds, &tm);
    (void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    return og_arena_printf(&request->arena,
                           "%zu time%s in 7 days: %zu approved, %zu denied, %zu without an answer; last "
                           "%s by %s, %s: %s", n, n == 1 ? "" : "s",
                           n_states[OG_REQUEST_APPROVED] + n_states[OG_REQUEST_SPENT],
                           n_states[OG_REQUEST_DENIED],
                           n - n_states[OG_REQUEST_APPROVED] - n_states[OG_REQUEST_SPENT] -
                               n_states[OG_REQUEST_DENIED],
                           when, last->requester_display, last->id, og_request_state_word(last->state));
}

/* ---- for health ---- */

void og_approvals_health(struct og_approvals *approvals, struct og_buf *out)
{
    int64_t now_ms = og_now_unix_ms();
    size_t n_late = 0;

    for (const struct og_request *r = approvals->requests; r; r = r->next) {
        n_late += r->state == OG_REQUEST_PENDING && r->reminded_ms;
        for (size_t i = 0; i < r->n_answers; i++)
            if (strcmp(r->answers[i].decision, "break-glass") == 0 &&
                r->answers[i].unix_ms + EMERGENCY_MS > now_ms)
                og_buf_printf(out, "warning: %s broke the glass for %s by %s: review it\n",
                              r->answers[i].person, r->id, r->requester_display);
    }
    if (n_late)
        og_buf_printf(out, "warning: %zu request%s longer than it should for an answer\n", n_late,
                      n_late == 1 ? " waits" : "s wait");
}

/* SPDX-License-Identifier: MIT */
/* Grants: what one is good for, its uses, and how it ends before it is used up. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fusefs/approval_parts.h"
#include "fusefs/daemon.h"
#include "fusefs/tree.h"

/* ---- what it is good for ---- */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a && (!b || a < b) ? a : b;
}

/* Of one approver. 0: any number until it expires. */
static uint64_t uses_of(const struct og_grant_terms *terms)
{
    return terms->uses ? terms->uses : terms->for_s ? 0 : 1;
}

bool og_grant_has_terms(const struct og_grant_terms *terms)
{
    return terms->uses || terms->for_s || terms->has_rows_max || terms->is_shape;
}

void og_grant_settle(struct og_request *request, int64_t now_ms)
{
    int64_t expires_ms = INT64_MAX, begins_ms = og_grant_begins(request, now_ms);
    int64_t window_end_ms = og_grant_window_end(request, now_ms);

    request->max_uses = request->n_uses = 0;
    request->has_rows_max = false;
    request->is_shape = request->n_answers > 0;
    for (size_t i = 0; i < request->n_answers; i++) {
        const struct og_grant_terms *terms = &request->answers[i].terms;
        int64_t until_ms = terms->for_s ? begins_ms + (int64_t)terms->for_s * 1000
                           : window_end_ms ? window_end_ms
                                           : request->expires_ms;

        request->max_uses = least(request->max_uses, uses_of(terms));
        expires_ms = until_ms < expires_ms ? until_ms : expires_ms;
        if (terms->has_rows_max && (!request->has_rows_max || terms->rows_max < request->rows_max))
            request->rows_max = terms->rows_max;
        request->has_rows_max = request->has_rows_max || terms->has_rows_max;
        request->is_shape = request->is_shape && terms->is_shape;
    }
    if (expires_ms != INT64_MAX)
        request->expires_ms = expires_ms;
}

static bool is_digest(const uint8_t digest[static 32], const struct og_bytes *bytes)
{
    static const uint8_t none[32];

    return bytes->n_bytes == 32 && memcmp(digest, bytes->bytes, 32) == 0 &&
           memcmp(digest, none, 32) != 0;
}

bool og_grant_is_for(const struct og_request *request, const struct og_bytes *binding,
                     const struct og_bytes *shape)
{
    return is_digest(request->binding, binding) || is_digest(request->asked.binding, binding) ||
           (request->state == OG_REQUEST_APPROVED && request->is_shape &&
            is_digest(request->shape, shape));
}

bool og_grant_bears(const struct og_request *request, const struct og_msg_request *message)
{
    struct og_measured before, now;
    bool bears;

    /* an approver's own statement has nothing to do with what the asked one changes */
    if (!message->is_measured || request->amended_sql ||
        (!request->is_measured && !request->has_rows_max))
        return true;
    og_measured_init(&before);
    og_measured_init(&now);
    bears = og_measured_from_list(&before, &request->effect) == 0 &&
            og_measured_from_list(&now, &message->effect) == 0;
    if (request->has_rows_max)
        bears = bears && og_measured_total(&now) <= request->rows_max;
    else
        bears = bears && og_measured_is_same(&before, &now, &request->drift);
    og_measured_release(&before);
    og_measured_release(&now);
    return bears;
}

void og_grant_write(const struct og_request *request, struct og_buf *out)
{
    int64_t left_s = (request->expires_ms - og_now_unix_ms() + 999) / 1000;

    og_buf_printf(out, "for: %" PRId64 "s\n", left_s > 0 ? left_s : 0);
    if (request->max_uses)
        og_buf_printf(out, "uses: %" PRIu64 "\n", request->max_uses);
    if (request->has_rows_max)
        og_buf_printf(out, "rows: \"<= %" PRIu64 "\"\n", request->rows_max);
    og_buf_printf(out, "parameters: %s\nused: %" PRIu64 "\n", request->is_shape ? "any" : "same",
                  request->n_uses);
}

/* ---- using it ---- */

/* Stores one more use, and that it was the last one where it was. */
static int use(struct og_approvals *approvals, struct og_request *request, int64_t now)
{
    bool is_last = request->max_uses && request->n_uses + 1 >= request->max_uses;
    int r;

    request->n_uses++;
    r = og_approvals_change(approvals, request,
                            is_last ? OG_REQUEST_SPENT : OG_REQUEST_APPROVED,
                            is_last ? now : request->decided_ms);
    if (r < 0)
        request->n_uses--;
    return r;
}

int og_approvals_spend(struct og_approvals *approvals, const struct og_session *session,
                       const char *id, const uint8_t binding[static 32], const char **why)
{
    struct og_request *request = og_approvals_find(approvals, id);
    struct og_bytes bytes = {.bytes = binding, .n_bytes = 32};
    int64_t now = og_now_unix_ms();

    *why = "there is no such grant";
    if (!request || !og_approvals_is_requester(request, session))
        return -EPERM;
    if (!is_digest(request->binding, &bytes) &&
        !(request->is_shape && is_digest(request->shape, &bytes))) {
        *why = "the statement, its parameters, settings or policies are not the ones that were "
               "approved";
        return -EPERM;
    }
    *why = "the request was not approved";
    if (request->state == OG_REQUEST_SPENT)
        *why = "the grant was used already";
    if (request->state == OG_REQUEST_VOID)
        *why = "the grant was taken back";
    if (request->state != OG_REQUEST_APPROVED)
        return -EPERM;
    if (request->expires_ms <= now) {
        *why = "the grant has expired";
        return -EPERM;
    }
    if (!og_grant_is_in_window(approvals, request, now, why))
        return -EPERM;
    *why = "that the grant is used could not be stored";
    return use(approvals, request, now) < 0 ? -EPERM : 0;
}

void og_approvals_void(struct og_approvals *approvals, const struct og_session *session,
                       const char *id, const char *why)
{
    struct og_request *request = og_approvals_find(approvals, id);

    if (!request || !og_approvals_is_requester(request, session) ||
        (request->state != OG_REQUEST_APPROVED && request->state != OG_REQUEST_SPENT))
        return;
    og_approvals_withdraw_for(approvals, request, why);
}

/* ---- less of it ---- */

int og_approvals_may_shorten(struct og_approvals *approvals, const struct og_request *request,
                             uint32_t uid, const char **why)
{
    int r = og_approvals_may_answer(approvals, request, uid, why);

    return r < 0 && og_config_uid_has_role(approvals->daemon->config, uid, "admin") ? 0 : r;
}

/* Takes what is less over. Returns whether all of it is. */
static bool lessen(struct og_request *request, const struct og_grant_terms *terms, int64_t now)
{
    int64_t until_ms = now + (int64_t)terms->for_s * 1000;

    if ((terms->for_s && until_ms >= request->expires_ms) ||
        (terms->uses && request->max_uses && terms->uses >= request->max_uses) ||
        (terms->has_rows_max && request->has_rows_max && terms->rows_max >= request->rows_max))
        return false;
    if (terms->for_s)
        request->expires_ms = until_ms;
    if (terms->uses)
        request->max_uses = terms->uses;
    if (terms->has_rows_max) {
        request->has_rows_max = true;
        request->rows_max = terms->rows_max;
    }
    return terms->for_s || terms->uses || terms->has_rows_max;
}

static int shorten(struct og_approvals *approvals, struct og_request *request,
                   const struct og_grant_terms *terms, int64_t now)
{
    bool had_rows_max = request->has_rows_max, is_over;
    uint64_t max_uses = request->max_uses, rows_max = request->rows_max;
    int64_t expires_ms = request->expires_ms;
    int r;

    if (!lessen(request, terms, now))
        return -EINVAL;
    is_over = request->max_uses && request->n_uses >= request->max_uses;
    r = og_approvals_change(approvals, request, is_over ? OG_REQUEST_SPENT : OG_REQUEST_APPROVED,
                            is_over ? now : request->decided_ms);
    if (r == 0)
        return 0;
    request->has_rows_max = had_rows_max;
    request->rows_max = rows_max;
    request->max_uses = max_uses;
    request->expires_ms = expires_ms;
    return -EIO;
}

int og_approvals_shorten(struct og_approvals *approvals, struct og_request *request, uint32_t uid,
                         const struct og_grant_terms *terms, const char *reason, const char **why)
{
    struct og_record_who who = {.uid = uid, .evidence = "peer", .login_uid = UINT32_MAX};
    int64_t now = og_now_unix_ms();
    struct og_arena arena;
    const char *by;
    int r = og_approvals_may_shorten(approvals, request, uid, why);

    if (r < 0)
        return r;
    *why = "this is no grant in force";
    if (request->state != OG_REQUEST_APPROVED)
        return -ENOENT;
    *why = "a grant in force can only be made good for less";
    r = terms ? shorten(approvals, request, terms, now)
              : og_approvals_change(approvals, request, OG_REQUEST_VOID, now);
    if (r < 0 && r != -EINVAL)
        *why = "it could not be stored; nothing has changed";
    if (r < 0)
        return r == -EINVAL ? r : -EIO;
    og_arena_init(&arena, 4096);
    by = og_approvals_person(approvals, uid, &arena);
    who.display = by ? by : "";
    (void)og_approvals_record(approvals, request, &who, "answer", terms ? "shortened" : "revoked",
                        who.display, reason);
    og_arena_release(&arena);
    og_approvals_tell(approvals, request);
    return 0;
}

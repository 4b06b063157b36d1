/* SPDX-License-Identifier: MIT */
/* Amending: an approver's own statement in the place of the one that was asked. It is the requester's
 * driver that analyses it, has it decided and measures it, as the requester; only then can it be approved.
 * Every step is a revision of its own. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/limits.h"
#include "fusefs/approval_parts.h"
#include "fusefs/daemon.h"
#include "fusefs/request_file.h"
#include "fusefs/request_store.h"

/* A request has its history in memory: it ends somewhere. */
#define MAX_REVISIONS 40u

static const char unmeasured[] =
    "not measured yet: it is measured when its requester, who waits or sends the statement again, has run it "
    "and taken it back. Then it can be approved.";

bool og_approvals_is_amended(const struct og_request *request)
{
    return request->state == OG_REQUEST_PENDING && request->amended_sql &&
           !request->is_amendment_measured;
}

/* ---- all or nothing ---- */

/* Stores the request as it is now; where that fails it becomes again what it was. */
static int keep(struct og_approvals *approvals, struct og_request *request,
                const struct og_request *before, int r)
{
    struct og_arena arena;

    if (r == 0)
        r = og_approvals_digest(request);
    if (r == 0 && og_arena_is_failed(&request->arena))
        r = -ENOMEM;
    if (r == 0)
        r = og_request_store(approvals->daemon->options.state, request);
    if (r == 0)
        return 0;
    arena = request->arena;
    *request = *before;
    request->arena = arena;
    return r;
}

static int set_text(struct og_request *request, struct og_buf *text)
{
    const char *copy = og_buf_is_failed(text) ? NULL
                                              : og_arena_strdup(&request->arena, og_buf_str(text));

    og_buf_release(text);
    if (!copy)
        return -EFBIG;
    request->text = copy;
    return 0;
}

/* The text as it was asked first, with what is another now. */
static int revise(struct og_request *request, const char *sql, const char *rehearsal,
                  const char *note)
{
    struct og_buf text;

    og_buf_init(&text, OG_MAX_REQUEST_BYTES);
    og_request_file_revise(request->asked.text, request->revision, sql, rehearsal, note, &text);
    return set_text(request, &text);
}

/* ---- by the approver ---- */

static int may_amend(const struct og_request *request, const char *sql, const char **why)
{
    *why = "the statement holds characters that the file cannot show: deny the request instead";
    if (!og_request_file_is_plain(request->sql) || !og_request_file_is_plain(sql))
        return -EBADMSG;
    *why = "this request was changed too often: deny it";
    return request->revision >= MAX_REVISIONS ? -EPERM : 0;
}

static void keep_asked(struct og_request *request)
{
    request->asked.text = request->text;
    memcpy(request->asked.shape, request->shape, sizeof(request->shape));
    request->asked.is_measured = request->is_measured;
    request->asked.drift = request->drift;
    request->asked.effect = request->effect;
}

static int put_amendment(struct og_request *request, const char *sql, const char *by)
{
    struct og_arena *arena = &request->arena;
    const char *note;

    if (!request->asked.text)
        keep_asked(request);
    note = og_arena_printf(arena, "the statement was changed by %s; asked for was: %s", by, request->sql);
    request->amended_sql = og_arena_strdup(arena, sql);
    request->amended_by = by;
    request->is_amendment_measured = request->is_measured = false;
    request->effect = (struct og_list){0};
    request->n_answers = 0; /* they were for another statement */
    request->answered_text = NULL;
    request->revision++;
    memcpy(request->binding, request->asked.binding, sizeof(request->binding));
    memset(request->shape, 0, sizeof(request->shape));
    return note && request->amended_sql ? revise(request, sql, unmeasured, note) : -ENOMEM;
}

int og_approvals_amend(struct og_approvals *approvals, struct og_request *request, uint32_t uid,
                       const char *sql, const char **why)
{
    struct og_record_who who = {.uid = uid, .evidence = "peer", .login_uid = UINT32_MAX};
    struct og_request before = *request;
    const char *by;
    int r = og_approvals_check(approvals, request, uid, "approve", "", NULL, why);

    if (r == 0)
        r = may_amend(request, sql, why);
    if (r < 0)
        return r;
    *why = "the changed statement could not be stored; nothing has changed";
    by = og_approvals_person(approvals, uid, &request->arena);
    if (!by || keep(approvals, request, &before, put_amendment(request, sql, by)) < 0)
        return -EIO;
    who.display = by;
    (void)og_approvals_record(approvals, request, &who, "answer", "amended", by, "");
    *why = "";
    og_approvals_tell(approvals, request);
    return 0;
}

/* ---- by the requester's driver ---- */

/* Rules that asked for what was asked go on asking; those of the new statement come to them. */
static int add_needs(struct og_request *request, const struct og_list *needs)
{
    const struct og_request_need *old = request->needs;
    size_t n_old = request->n_needs;
    struct og_request_need *all;
    uint32_t within_s;
    int r = needs->n_items ? og_approvals_take_needs(request, needs, &within_s) : -ENOENT;

    if (r < 0) {
        request->needs = old;
        request->n_needs = n_old;
        return r == -ENOENT ? 0 : r;
    }
    all = og_arena_array(&request->arena, n_old + request->n_needs, sizeof(*all));
    if (!all)
        return -ENOMEM;
    memcpy(all, old, n_old * sizeof(*all));
    for (size_t i = 0; i < request->n_needs; i++) {
        const struct og_request_need *need = &request->needs[i];
        bool is_known = false;

        for (size_t k = 0; k < n_old; k++)
            is_known = is_known || (strcmp(need->policy, all[k].policy) == 0 &&
                                    strcmp(need->rule, all[k].rule) == 0);
        if (!is_known)
            all[n_old++] = *need;
    }
    request->needs = all;
    request->n_needs = n_old;
    return 0;
}

static int take_measured(struct og_request *request, const struct og_session *session,
                         const struct og_msg_request *message)
{
    struct og_buf text;
    int r = add_needs(request, &message->needs);

    if (r == 0)
        r = og_approvals_take_effect(request, message);
    if (r < 0 || message->binding.n_bytes != sizeof(request->binding))
        return r < 0 ? r : -EBADMSG;
    memcpy(request->binding, message->binding.bytes, sizeof(request->binding));
    memset(request->shape, 0, sizeof(request->shape));
    if (message->shape.n_bytes == sizeof(request->shape))
        memcpy(request->shape, message->shape.bytes, sizeof(request->shape));
    request->is_amendment_measured = true;
    request->revision++;
    og_buf_init(&text, OG_MAX_REQUEST_BYTES);
    og_request_file_write(request, session, message, &text);
    return set_text(request, &text);
}

/* It is what was asked for again. */
static int take_refused(struct og_request *request, const char *why)
{
    const char *note = og_arena_printf(&request->arena,
                                       "the statement that %s put here cannot run: %s",
                                       request->amended_by, why);

    request->amended_sql = request->amended_by = NULL;
    request->revision++;
    memcpy(request->shape, request->asked.shape, sizeof(request->shape));
    request->is_measured = request->asked.is_measured;
    request->drift = request->asked.drift;
    request->effect = request->asked.effect;
    return note ? revise(request, NULL, NULL, note) : -ENOMEM;
}

int og_approvals_measured(struct og_approvals *approvals, struct og_session *session,
                          const struct og_msg_request *message, struct og_msg_requested *out)
{
    struct og_request *request = og_approvals_find(approvals, message->amends), before;
    bool is_refused = message->amend_refused[0] != '\0';
    int r;

    if (!request || !og_approvals_is_requester(request, session))
        return -ENOENT;
    if (!og_approvals_is_amended(request) || request->revision != message->revision) {
        og_approvals_fill(approvals, request, out);
        return 0;
    }
    before = *request;
    r = keep(approvals, request, &before,
             is_refused ? take_refused(request, message->amend_refused)
                        : take_measured(request, session, message));
    if (r < 0)
        return r;
    (void)og_approvals_record(approvals, request, &session->who, "request",
                        is_refused ? "amendment refused" : "amendment measured", "",
                        message->amend_refused);
    og_approvals_fill(approvals, request, out);
    return 0;
}

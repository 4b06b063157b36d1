/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include <config.h> /* the build's, not fusefs/config.h */

#include "fusefs/approval.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "fusefs/approval_parts.h"
#include "fusefs/daemon.h"
#include "fusefs/identity.h"
#include "fusefs/request_file.h"
#include "fusefs/request_store.h"

#define MAX_PENDING_PER_PERSON 64u
#define DEFAULT_WITHIN_S 1800u
#define MAX_WITHIN_S (7u * 86400u)
#define MIN_EMERGENCY_REASON 10u

const char *og_request_state_word(enum og_request_state state)
{
    static const char *const words[] = {"pending", "approved", "denied", "expired", "void", "spent"};

    return (size_t)state < OG_COUNT(words) ? words[state] : "void";
}

struct og_request *og_approvals_first(struct og_approvals *approvals)
{
    return approvals->requests;
}

struct og_request *og_approvals_find(struct og_approvals *approvals, const char *id)
{
    for (struct og_request *r = approvals->requests; r; r = r->next)
        if (strcmp(r->id, id) == 0)
            return r;
    return NULL;
}

void og_approvals_on_change(struct og_approvals *approvals,
                            void (*changed)(void *context, const struct og_request *request),
                            void *context)
{
    approvals->changed = changed;
    approvals->context = context;
}

void og_approvals_tell(struct og_approvals *approvals, const struct og_request *request)
{
    if (approvals->changed)
        approvals->changed(approvals->context, request);
}

void og_approvals_free_request(struct og_request *request)
{
    og_arena_release(&request->arena);
    free(request);
}

/* ---- persons ---- */

/* As persons are compared: the configuration's person of a uid, else the uid itself. */
const char *og_approvals_person(struct og_approvals *approvals, uint32_t uid,
                                struct og_arena *arena)
{
    const char *person = og_config_person(approvals->daemon->config, uid);

    return person ? og_arena_printf(arena, "user:%s", person) : og_arena_printf(arena, "uid:%u", uid);
}

/* ---- life ---- */

int og_approvals_record(struct og_approvals *approvals, const struct og_request *request,
                        const struct og_record_who *who, const char *kind, const char *what,
                        const char *by, const char *reason)
{
    struct og_record_pair pairs[] = {
        {"request", request->id},          {"target", request->target},
        {"requester", request->requester_display}, {"by", by},
        {"reason", reason},                {"digest", request->digest},
        {"kind", request->kind},
    };
    char message[256];

    (void)snprintf(message, sizeof(message), "request %s by %s: %s", request->id,
                   request->requester_display, what);
    return og_daemon_event(approvals->daemon, who, kind, what, request->id, message, pairs,
                           OG_COUNT(pairs));
}

/* Stores a new state first; in memory it changes only when the disk has it. */
int og_approvals_change(struct og_approvals *approvals, struct og_request *request,
                        enum og_request_state state, int64_t now_ms)
{
    enum og_request_state before = request->state;
    int64_t decided_before = request->decided_ms;
    int r;

    request->state = state;
    request->decided_ms = now_ms;
    r = og_request_store(approvals->daemon->options.state, request);
    if (r < 0) {
        request->state = before;
        request->decided_ms = decided_before;
        return r;
    }
    return 0;
}

int og_approvals_open(struct og_daemon *daemon, struct og_approvals **out, struct og_buf *why)
{
    struct og_approvals *approvals = calloc(1, sizeof(*approvals));
    int r;

    *out = NULL;
    if (!approvals)
        return -ENOMEM;
    approvals->daemon = daemon;
    r = og_request_load_all(daemon->options.state, &approvals->requests, why);
    if (r < 0) {
        og_approvals_close(approvals);
        return r;
    }
    for (struct og_request *request = approvals->requests; request; request = request->next)
        request->window = og_config_window(daemon->config, request->target);
    if (og_approvals_start_clock(approvals) < 0) {
        og_approvals_close(approvals);
        return -ENOMEM;
    }
    *out = approvals;
    return 0;
}

struct og_approvals *og_approvals_close(struct og_approvals *approvals)
{
    if (!approvals)
        return NULL;
    while (approvals->requests) {
        struct og_request *next = approvals->requests->next;

        og_approvals_free_request(approvals->requests);
        approvals->requests = next;
    }
    free(approvals);
    return NULL;
}

/* ---- asking ---- */

void og_approvals_fill(struct og_approvals *approvals, const struct og_request *request,
                       struct og_msg_requested *out)
{
    const struct og_request_answer *last =
        request->n_answers ? &request->answers[request->n_answers - 1] : NULL;
    bool is_amended = og_approvals_is_amended(request);

    approvals->answered_by[0] = '\0';
    for (size_t i = 0; i < request->n_answers; i++) {
        size_t used = strlen(approvals->answered_by);

        (void)snprintf(approvals->answered_by + used, sizeof(approvals->answered_by) - used, "%s%s",
                       used ? ", " : "", request->answers[i].person);
    }
    *out = (struct og_msg_requested){
        .request = request->id,
        .state = is_amended ? "amended" : og_request_state_word(request->state),
        .reason = last ? last->reason : "",
        .answered_by = approvals->answered_by,
        .expires_unix_s = (uint64_t)(request->expires_ms / 1000),
        .is_measured = request->is_measured,
        .effect = request->effect,
        .drift_rows = request->drift.rows,
        .drift_percent = request->drift.percent,
        .revision = request->revision,
        .text = is_amended || (request->state == OG_REQUEST_APPROVED && request->amended_sql)
                    ? request->amended_sql
                    : "",
        .amended_by = request->amended_sql ? request->amended_by : "",
        .has_rows_max = request->has_rows_max,
        .rows_max = request->rows_max,
        .is_shape = request->is_shape,
    };
}

/* One account can hold several principals, by tokens: both count. */
bool og_approvals_is_requester(const struct og_request *request, const struct og_session *session)
{
    return request->requester_uid == session->peer.uid &&
           strcmp(request->requester_display, session->who.display) == 0;
}

/* A denial is told once to who sends the statement again; after that it is asked for anew. */
static bool is_to_be_told(const struct og_request *request)
{
    return request->state == OG_REQUEST_DENIED && !request->is_told &&
           request->expires_ms > og_now_unix_ms();
}

/* A pending request, an unspent grant or an untold denial of the very same thing. */
static struct og_request *find_same(struct og_approvals *approvals,
                                    const struct og_session *session,
                                    const struct og_msg_request *message)
{
    for (struct og_request *r = approvals->requests; r; r = r->next)
        if ((r->state == OG_REQUEST_PENDING || r->state == OG_REQUEST_APPROVED ||
             is_to_be_told(r)) &&
            og_approvals_is_requester(r, session) &&
            og_grant_is_for(r, &message->binding, &message->shape))
            return r;
    return NULL;
}

void og_approvals_withdraw_for(struct og_approvals *approvals, struct og_request *request,
                               const char *why)
{
    if (og_approvals_change(approvals, request, OG_REQUEST_VOID, og_now_unix_ms()) < 0)
        return;
    (void)og_approvals_record(approvals, request, NULL, "answer", "void", "guardfs", why);
    og_approvals_tell(approvals, request);
}

static size_t count_pending(const struct og_approvals *approvals, uint32_t uid)
{
    size_t n = 0;

    for (const struct og_request *r = approvals->requests; r; r = r->next)
        n += r->state == OG_REQUEST_PENDING && r->requester_uid == uid;
    return n;
}

/* "policy/rule group count within_s", as the driver writes it. Returns: 0; -EBADMSG. */
static int parse_need(struct og_request *request, const char *text, struct og_request_need *out,
                      uint32_t *within_s)
{
    char policy[128], rule[128], group[128];
    unsigned count, within;

    if (sscanf(text, "%127[^/ ]/%127s %127s %u %u", policy, rule, group, &count, &within) != 5 ||
        count < 1 || count > OG_COUNT(request->answers))
        return -EBADMSG;
    *out = (struct og_request_need){
        .policy = og_arena_strdup(&request->arena, policy),
        .rule = og_arena_strdup(&request->arena, rule),
        .group = og_arena_strdup(&request->arena, group),
        .count = count,
    };
    if (within && within < *within_s)
        *within_s = within;
    return 0;
}

int og_approvals_take_needs(struct og_request *request, const struct og_list *needs,
                            uint32_t *within_s)
{
    struct og_request_need *all =
        og_arena_array(&request->arena, needs->n_items, sizeof(*all));

    if (!all || !needs->n_items)
        return all ? -EBADMSG : -ENOMEM;
    *within_s = MAX_WITHIN_S;
    for (size_t i = 0; i < needs->n_items; i++)
        if (parse_need(request, needs->items[i], &all[i], within_s) < 0)
            return -EBADMSG;
    if (*within_s == MAX_WITHIN_S)
        *within_s = DEFAULT_WITHIN_S;
    request->needs = all;
    request->n_needs = needs->n_items;
    return 0;
}

int og_approvals_digest(struct og_request *request)
{
    uint8_t digest[OG_SHA256_BYTES];
    int r = og_hash_sha256(request->text, og_request_file_fixed_bytes(request->text), digest);

    if (r == 0)
        og_hash_hex(digest, request->digest);
    return r;
}

static int write_text(struct og_request *request, const struct og_session *session,
                      const struct og_msg_request *message)
{
    struct og_buf text;
    int r = -EFBIG;

    og_buf_init(&text, OG_MAX_REQUEST_BYTES);
    og_request_file_write(request, session, message, &text);
    if (!og_buf_is_failed(&text)) {
        request->text = og_arena_strdup(&request->arena, og_buf_str(&text));
        r = request->text ? og_approvals_digest(request) : -ENOMEM;
    }
    og_buf_release(&text);
    return r;
}

/* What a rehearsal measured; what cannot be read is none. */
int og_approvals_take_effect(struct og_request *request, const struct og_msg_request *message)
{
    struct og_measured measured;
    int r;

    if (!message->is_measured)
        return 0;
    og_measured_init(&measured);
    r = og_measured_from_list(&measured, &message->effect);
    if (r == 0) {
        request->is_measured = true;
        request->effect = og_measured_to_list(&measured, &request->arena);
        request->drift = (struct og_drift){.rows = message->drift_rows,
                                           .percent = message->drift_percent};
    }
    og_measured_release(&measured);
    return r;
}

static int fill_request(struct og_approvals *approvals, struct og_request *request,
                        const struct og_session *session, const struct og_msg_request *message)
{
    struct og_arena *arena = &request->arena;
    uint32_t within_s;
    uint64_t number;
    int r = og_daemon_take_numbers(approvals->daemon, OG_ID_REQUEST, 1, &number);

    if (r < 0)
        return r;
    og_id_format(OG_ID_REQUEST, number, request->id);
    request->revision = 1;
    request->requester_uid = session->peer.uid;
    request->requester_person =
        og_identity_persons(&session->chain, &session->peer, approvals->daemon->config, arena);
    request->requester_display = og_arena_strdup(arena, session->who.display);
    request->target = og_arena_strdup(arena, session->who.target);
    request->kind = og_arena_strdup(arena, message->kind);
    request->sql = og_arena_strdup(arena, message->text);
    request->reason_asked = og_arena_strdup(arena, message->reason);
    request->error = "";
    memcpy(request->binding, message->binding.bytes, sizeof(request->binding));
    memcpy(request->asked.binding, request->binding, sizeof(request->binding));
    if (message->shape.n_bytes == sizeof(request->shape)) /* none before there were shapes */
        memcpy(request->shape, message->shape.bytes, sizeof(request->shape));
    r = og_approvals_take_needs(request, &message->needs, &within_s);
    if (r == 0)
        r = og_approvals_take_effect(request, message);
    if (r < 0)
        return r;
    request->created_ms = og_now_unix_ms();
    request->expires_ms = og_approvals_expiry(approvals, request->created_ms, within_s);
    request->window = og_config_window(approvals->daemon->config, request->target);
    request->asked_before = og_approvals_history(approvals, request);
    r = write_text(request, session, message);
    return r < 0 ? r : og_arena_is_failed(arena) ? -ENOMEM : 0;
}

int og_approvals_ask(struct og_approvals *approvals, struct og_session *session,
                     const struct og_msg_request *message, struct og_msg_requested *out)
{
    struct og_request *request;
    int r;

    if (message->amends[0])
        return og_approvals_measured(approvals, session, message, out);
    request = find_same(approvals, session, message);

    if (request && request->state != OG_REQUEST_DENIED && !og_grant_bears(request, message)) {
        og_approvals_withdraw_for(approvals, request,
                                  "superseded: the write would change something else by now");
        request = NULL;
    }
    if (request) {
        request->is_told = !message->is_probe && request->state == OG_REQUEST_DENIED;
        og_approvals_fill(approvals, request, out);
        return 0;
    }
    *out = (struct og_msg_requested){.request = "", .state = "none"};
    if (message->is_probe)
        return 0;
    if (message->binding.n_bytes != sizeof(request->binding))
        return -EBADMSG;
    if (count_pending(approvals, session->peer.uid) >= MAX_PENDING_PER_PERSON)
        return -EDQUOT;
    request = calloc(1, sizeof(*request));
    if (!request)
        return -ENOMEM;
    og_arena_init(&request->arena, 96u * OG_MAX_REQUEST_BYTES);
    r = fill_request(approvals, request, session, message);
    if (r == 0)
        r = og_request_store(approvals->daemon->options.state, request);
    if (r < 0) {
        og_approvals_free_request(request);
        return r;
    }
    request->next = approvals->requests;
    approvals->requests = request;
    approvals->daemon->counters.requests++;
    (void)og_approvals_record(approvals, request, &session->who, "request", "pending", "",
                        request->reason_asked);
    og_approvals_fill(approvals, request, out);
    return 0;
}

bool og_approvals_has(struct og_approvals *approvals, const struct og_session *session,
                      const struct og_msg_request *message)
{
    return message->amends[0] || find_same(approvals, session, message);
}

int og_approvals_state(struct og_approvals *approvals, const char *id, struct og_msg_requested *out)
{
    struct og_request *request = og_approvals_find(approvals, id);

    if (!request)
        return -ENOENT;
    request->is_told = request->state == OG_REQUEST_DENIED;
    og_approvals_fill(approvals, request, out);
    return 0;
}

/* ---- answering ---- */

static size_t count_in_group(const struct og_approvals *approvals, const struct og_request *request,
                             const char *group)
{
    size_t n = 0;

    for (size_t i = 0; i < request->n_answers; i++)
        n += strcmp(request->answers[i].decision, "approve") == 0 &&
             og_config_uid_in_group(approvals->daemon->config, request->answers[i].uid, group);
    return n;
}

static bool is_satisfied(const struct og_approvals *approvals, const struct og_request *request)
{
    for (size_t i = 0; i < request->n_needs; i++)
        if (count_in_group(approvals, request, request->needs[i].group) < request->needs[i].count)
            return false;
    return true;
}

static bool is_in_needed_group(const struct og_approvals *approvals, const struct og_request *request,
                               uint32_t uid)
{
    for (size_t i = 0; i < request->n_needs; i++)
        if (og_config_uid_in_group(approvals->daemon->config, uid, request->needs[i].group))
            return true;
    return false;
}

static bool may_break_glass(const struct og_approvals *approvals, uint32_t uid)
{
    return og_config_uid_has_role(approvals->daemon->config, uid, "break-glass");
}

int og_approvals_may_answer(struct og_approvals *approvals, const struct og_request *request,
                            uint32_t uid, const char **why)
{
    struct og_arena arena;
    const char *person;
    bool is_own;

    og_arena_init(&arena, 4096);
    person = og_approvals_person(approvals, uid, &arena);
    is_own = !person || uid == request->requester_uid ||
             og_identity_has_person(request->requester_person, person);
    og_arena_release(&arena);
    *why = "nobody answers their own request";
    if (is_own)
        return -EPERM;
    *why = "you are in none of the groups that may answer this request";
    return is_in_needed_group(approvals, request, uid) || may_break_glass(approvals, uid) ? 0 : -EACCES;
}

/* Distinct persons count, not accounts. */
static bool has_answered(struct og_approvals *approvals, const struct og_request *request,
                         uint32_t uid)
{
    struct og_arena arena;
    const char *person;
    bool found = false;

    og_arena_init(&arena, 4096);
    person = og_approvals_person(approvals, uid, &arena);
    for (size_t i = 0; i < request->n_answers && !found; i++)
        found = !person || strcmp(request->answers[i].person, person) == 0;
    og_arena_release(&arena);
    return found;
}

const char *og_request_decision(const char *word)
{
    static const char *const words[] = {"approve", "deny", "break-glass"};

    for (size_t i = 0; i < OG_COUNT(words); i++)
        if (strcmp(word, words[i]) == 0)
            return words[i];
    return NULL;
}

/* The word itself, its reason, and whether this uid may say it. */
static int check_decision(const struct og_approvals *approvals, const struct og_request *request,
                          uint32_t uid, const char *decision, const char *reason, const char **why)
{
    bool is_emergency = strcmp(decision, "break-glass") == 0;

    *why = "the decision is approve, deny or break-glass";
    if (!og_request_decision(decision))
        return -EINVAL;
    *why = "break-glass takes the role break-glass";
    if (is_emergency && !may_break_glass(approvals, uid))
        return -EACCES;
    *why = "you are in none of the groups that may answer this request; the role break-glass is for "
           "decision: break-glass alone";
    if (!is_emergency && !is_in_needed_group(approvals, request, uid))
        return -EACCES;
    *why = "a denial needs a reason";
    if (strcmp(decision, "deny") == 0 && !*reason)
        return -EBADMSG;
    *why = "break-glass needs a reason that others can review: a sentence";
    return is_emergency && strlen(reason) < MIN_EMERGENCY_REASON ? -EBADMSG : 0;
}

int og_approvals_check(struct og_approvals *approvals, const struct og_request *request,
                       uint32_t uid, const char *decision, const char *reason,
                       const char *digest8, const char **why)
{
    int r;

    *why = "this request is answered or expired already";
    if (request->state == OG_REQUEST_EXPIRED || request->expires_ms <= og_now_unix_ms())
        return -EKEYEXPIRED;
    if (request->state != OG_REQUEST_PENDING)
        return -ENOENT;
    r = og_approvals_may_answer(approvals, request, uid, why);
    if (r < 0)
        return r;
    r = check_decision(approvals, request, uid, decision, reason, why);
    if (r < 0)
        return r;
    *why = "the digest is not this request's: read it again";
    if (digest8 && (strlen(digest8) != 8 || strncmp(digest8, request->digest, 8) != 0))
        return -ESTALE;
    *why = "you have answered this request already";
    return has_answered(approvals, request, uid) || request->n_answers == OG_COUNT(request->answers)
               ? -EPERM
               : 0;
}

/* An answer is on the ledger's disk before it counts: what runs by it has its approval there, whatever ends
 * guardfs in between. Returns: 0; -EIO. */
static int record_answer(struct og_approvals *approvals, const struct og_request *request,
                         const struct og_request_answer *answer)
{
    const struct og_record_who who = {.display = answer->person, .uid = answer->uid, .evidence = "peer",
                                      .login_uid = UINT32_MAX};
    const char *what = strcmp(answer->decision, "deny") == 0      ? "denied"
                       : strcmp(answer->decision, "approve") == 0 ? "approved"
                                                                  : answer->decision;

#ifdef OG_TEST_FAULT
    if (strcmp(OG_TEST_FAULT, "answer-record") == 0)
        return 0;
#endif
    if (og_approvals_record(approvals, request, &who, "answer", what, answer->person, answer->reason) < 0)
        return -EIO;
    return og_daemon_commit(approvals->daemon) < 0 ? -EIO : 0;
}

int og_approvals_answer(struct og_approvals *approvals, struct og_request *request, uint32_t uid,
                        const char *decision, const char *reason, const char *digest8,
                        const char *saved_text, const struct og_grant_terms *terms,
                        const char **why)
{
    bool is_denial = strcmp(decision, "deny") == 0;
    bool is_emergency = strcmp(decision, "break-glass") == 0;
    const char *text_before = request->answered_text;
    int64_t expires_before = request->expires_ms;
    bool is_granted;
    struct og_request_answer *answer;
    int r = og_approvals_check(approvals, request, uid, decision, reason, digest8, why);

    if (r < 0)
        return r;
    *why = "the changed statement was not measured yet: wait until its requester runs it again";
    if (!is_denial && og_approvals_is_amended(request))
        return -EBUSY;
    *why = "break-glass is for one execution: leave for, uses, rows and parameters out";
    if (is_emergency && terms && og_grant_has_terms(terms))
        return -EINVAL;
    answer = &request->answers[request->n_answers];
    *answer = (struct og_request_answer){
        .uid = uid,
        .person = og_approvals_person(approvals, uid, &request->arena),
        .decision = og_request_decision(decision),
        .reason = og_arena_strdup(&request->arena, reason),
        .unix_ms = og_now_unix_ms(),
        .terms = terms ? *terms : (struct og_grant_terms){0},
    };
    *why = "the answer could not be stored; nothing has changed";
    if (!answer->person || !answer->reason || record_answer(approvals, request, answer) < 0)
        return -EIO;
    request->answered_text = saved_text ? og_arena_strdup(&request->arena, saved_text) : NULL;
    request->n_answers++;
    is_granted = !is_denial && (is_emergency || is_satisfied(approvals, request));
    if (is_granted)
        og_grant_settle(request, answer->unix_ms);
    r = og_approvals_change(approvals, request,
                            is_denial    ? OG_REQUEST_DENIED
                            : is_granted ? OG_REQUEST_APPROVED
                                         : OG_REQUEST_PENDING,
                            answer->unix_ms);
    if (r < 0) {
        request->n_answers--;
        request->expires_ms = expires_before;
        request->answered_text = text_before;
        (void)og_approvals_record(approvals, request, NULL, "answer", "not stored", answer->person, *why);
        return -EIO;
    }
    approvals->daemon->counters.answers++;
    approvals->daemon->counters.emergencies += is_emergency;
    *why = "";
    og_approvals_tell(approvals, request);
    return 0;
}

int og_approvals_withdraw(struct og_approvals *approvals, struct og_request *request, uint32_t uid)
{
    if (request->requester_uid != uid)
        return -EPERM;
    if (request->state != OG_REQUEST_PENDING && request->state != OG_REQUEST_APPROVED)
        return -ENOENT;
    if (og_approvals_change(approvals, request, OG_REQUEST_VOID, og_now_unix_ms()) < 0)
        return -EIO;
    (void)og_approvals_record(approvals, request, NULL, "answer", "withdrawn", request->requester_person,
                        "");
    og_approvals_tell(approvals, request);
    return 0;
}

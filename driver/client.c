/* SPDX-License-Identifier: MIT */
#include "driver/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/id.h"
#include "driver/client_parts.h"

#define NS_PER_MS 1000000LL
/* og_client_is_lost asks the socket this often at most. */
#define LOOK_NS (NS_PER_MS)
/* An answer to a wait may come this much after its deadline. */
#define WAIT_GRACE_MS 1000u

static int64_t deadline(void)
{
    return og_wire_now_ns() + OG_GUARD_DEADLINE_MS * NS_PER_MS;
}

/* Takes the lock, unless this process is a child of the one that opened the session: its socket
 * and its numbers belong to the parent. Returns: 0; -EPERM with error. */
int og_client_enter(struct og_client *client, struct og_client_error *error)
{
    if (client->owner_pid != getpid()) {
        *error = (struct og_client_error){.code = OG_ERR_UNREACHABLE};
        (void)snprintf(error->text, sizeof(error->text),
                       "this session belongs to the parent process, so nothing was run; "
                       "connect again after fork()");
        return -EPERM;
    }
    (void)pthread_mutex_lock(&client->lock);
    return 0;
}

void og_client_leave(struct og_client *client)
{
    (void)pthread_mutex_unlock(&client->lock);
}

static bool init_threads(struct og_client *client)
{
    pthread_condattr_t attr;
    bool is_ok;

    if (pthread_mutex_init(&client->lock, NULL) != 0)
        return false;
    if (pthread_condattr_init(&attr) != 0)
        return false;
    is_ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
            pthread_cond_init(&client->changed, &attr) == 0;
    (void)pthread_condattr_destroy(&attr);
    return is_ok;
}

static void release(struct og_client *client)
{
    while (client->slots) {
        struct og_session_slot *next = client->slots->next;

        og_session_release(client->slots);
        client->slots = next;
    }
    for (size_t i = 0; i < OG_CLIENT_KEPT_SETS; i++)
        (void)og_policy_set_unref(client->sets[i]);
    og_buf_wipe(&client->hello);
    og_buf_release(&client->send_buf);
    og_arena_release(&client->receive_arena);
    free(client->receive_buf);
    free(client->socket_path);
    free(client);
}

static struct og_client *make(const char *socket_path, const struct og_msg_hello *hello)
{
    struct og_client *client = calloc(1, sizeof(*client));
    struct og_msg_hello ours = *hello;

    if (!client)
        return NULL;
    ours.version_min = OG_PROTO_VERSION_MIN;
    ours.version_max = OG_PROTO_VERSION;
    client->owner_pid = getpid();
    client->fd = -1;
    client->is_lost = true;
    client->lost_why = "not connected yet";
    client->socket_path = strdup(socket_path);
    client->receive_buf = malloc(OG_MAX_FRAME_BYTES + 1);
    /* A frame of short list items grows when it is decoded: a pointer for each of them. */
    og_arena_init(&client->receive_arena, 4 * OG_MAX_FRAME_BYTES);
    og_buf_init(&client->send_buf, OG_MAX_FRAME_BYTES);
    og_buf_init(&client->hello, OG_MAX_FRAME_BYTES);
    if (!client->socket_path || !client->receive_buf ||
        og_proto_encode(OG_MSG_HELLO, 0, &ours, &client->hello) != 0 || !init_threads(client)) {
        release(client);
        return NULL;
    }
    return client;
}

int og_client_open(const char *socket_path, const struct og_msg_hello *hello,
                   struct og_client **out, struct og_client_error *error)
{
    struct og_client *client = make(socket_path, hello);
    int64_t deadline_ns = deadline();
    bool is_final;
    int r;

    if (!client) {
        *error = (struct og_client_error){
            .code = OG_ERR_CONFIG,
            .text = "the connection's own texts (GuardApp, GuardPurpose, token) are too long or "
                    "not UTF-8, or memory is short"};
        return -EINVAL;
    }
    (void)pthread_mutex_lock(&client->lock);
    r = og_session_open(client, deadline_ns, &is_final, error);
    if (r == 0)
        r = og_client_policy_fetch(client, deadline_ns, error);
    if (r < 0)
        og_wire_close(client);
    (void)pthread_mutex_unlock(&client->lock);
    if (r < 0) {
        release(client);
        return r;
    }
    *out = client;
    return 0;
}

struct og_client *og_client_close(struct og_client *client)
{
    struct og_msg_bye bye = {.reason = "disconnect"};
    struct og_client_error ignored;
    int r OG_UNUSED;

    if (!client)
        return NULL;
    if (client->owner_pid != getpid()) {
        /* The parent's connection is not ours to shut down; the lock may be held by nobody alive. */
        if (client->fd >= 0)
            (void)close(client->fd);
        release(client);
        return NULL;
    }
    (void)pthread_mutex_lock(&client->lock);
    if (!client->is_lost)
        r = og_wire_send(client, OG_MSG_BYE, &bye, NULL, og_wire_now_ns(), &ignored);
    og_wire_close(client);
    (void)pthread_mutex_unlock(&client->lock);
    (void)pthread_mutex_destroy(&client->lock);
    (void)pthread_cond_destroy(&client->changed);
    release(client);
    return NULL;
}

/* Opens the session again if it is lost; one thread does, the others wait for it. */
static int bring_back(struct og_client *client, int64_t deadline_ns,
                      struct og_client_error *error)
{
    int r = 0;

    while (client->is_opening)
        (void)pthread_cond_wait(&client->changed, &client->lock);
    if (!client->is_lost && client->has_policy &&
        client->announced_generation == client->generation)
        return 0;
    client->is_opening = true;
    if (client->is_lost)
        r = og_session_reopen(client, deadline_ns, error);
    if (r == 0 && (!client->has_policy || client->announced_generation != client->generation))
        r = og_client_policy_fetch(client, deadline_ns, error);
    client->is_opening = false;
    (void)pthread_cond_broadcast(&client->changed);
    return r;
}

static int take_late_error(struct og_client *client, struct og_client_error *error)
{
    if (!client->has_late_error)
        return 0;
    client->has_late_error = false;
    *error = client->late_error;
    return -EACCES;
}

int og_client_begin(struct og_client *client, const struct og_client_session **out_session,
                    struct og_policy_set **out_set, uint64_t *out_generation,
                    struct og_client_error *error)
{
    int r = og_client_enter(client, error);

    if (r < 0)
        return r;
    og_wire_drain(client);
    if (client->is_killed)
        r = og_wire_check(client, error);
    if (r == 0)
        r = take_late_error(client, error);
    if (r == 0)
        r = bring_back(client, deadline(), error);
    if (r == 0)
        r = og_wire_check(client, error);
    if (r == 0) {
        *out_session = &client->slots->session;
        *out_set = client->sets[0];
        *out_generation = client->generation;
    }
    og_client_leave(client);
    return r;
}

static bool take_block(void *context, const struct og_msg *msg)
{
    if (msg->kind == OG_MSG_BLOCK)
        *(struct og_msg_block *)context = msg->as.block;
    return true;
}

static int fetch_block(struct og_client *client, struct og_client_error *error)
{
    struct og_msg_block_get get = {0};
    struct og_msg_block block = {0};
    struct og_wire_wait wait = {.take = take_block, .context = &block};
    int64_t deadline_ns = deadline();
    int r = og_wire_check(client, error);

    if (r == 0)
        r = og_wire_send(client, OG_MSG_BLOCK_GET, &get, &wait, deadline_ns, error);
    if (r == 0)
        r = og_wire_await(client, &wait, deadline_ns, NULL, error);
    if (r < 0)
        return r;
    if (block.statement_count == 0 ||
        block.statement_base + block.statement_count < block.statement_base)
        return og_wire_unreachable(client, "it gave no statement numbers", error);
    client->next_statement = block.statement_base;
    client->last_statement = block.statement_base + block.statement_count;
    return 0;
}

int og_client_statement_id(struct og_client *client, char out[static 13],
                           struct og_client_error *error)
{
    int r = og_client_enter(client, error);

    if (r < 0)
        return r;
    /* While one thread asks for a block another may use it up. */
    while (r == 0 && client->next_statement >= client->last_statement)
        r = fetch_block(client, error);
    if (r == 0)
        og_id_format(OG_ID_STATEMENT, client->next_statement++, out);
    og_client_leave(client);
    return r;
}

static void note_outstanding(struct og_client *client, const char *statement)
{
    size_t at = client->n_outstanding++ % OG_WIRE_OUTSTANDING;

    (void)stpncpy(client->outstanding[at].statement, statement,
                  sizeof(client->outstanding[at].statement) - 1);
    client->outstanding[at].correlation = client->last_correlation;
}

static bool take_nothing(void *context OG_UNUSED, const struct og_msg *msg OG_UNUSED)
{
    return false;
}

/* Numbers ascend from session to session: one from an earlier session means that the session was opened
 * again since the statement began. */
static bool is_of_earlier_session(const struct og_client *client, const char *statement)
{
    uint64_t number;

    return statement && og_id_number(OG_ID_STATEMENT, statement, &number) &&
           number < client->slots->statement_base;
}

/* Returns: 0; -ECONNRESET with error. */
static int check_number(const struct og_client *client, const char *statement,
                        struct og_client_error *error)
{
    if (!is_of_earlier_session(client, statement))
        return 0;
    *error = (struct og_client_error){.code = OG_ERR_UNREACHABLE};
    (void)snprintf(error->text, sizeof(error->text),
                   "the connection to guardfs was lost and opened again while this statement was being "
                   "judged, so nothing was run; send it again");
    return -ECONNRESET;
}

int og_client_intent(struct og_client *client, const struct og_msg_intent *intent,
                     struct og_client_error *error)
{
    struct og_wire_wait wait = {.take = take_nothing, .is_for_ack = true};
    int64_t deadline_ns = deadline();
    bool is_waited;
    int r = og_client_enter(client, error);

    if (r < 0)
        return r;
    og_wire_drain(client);
    is_waited = intent->ack != OG_ACK_ACCEPTED || client->is_careful;
    r = og_wire_check(client, error);
    if (r == 0)
        r = take_late_error(client, error);
    if (r == 0)
        r = check_number(client, intent->statement, error);
    if (r == 0)
        r = og_wire_send(client, OG_MSG_INTENT, intent, is_waited ? &wait : NULL, deadline_ns,
                         error);
    if (r == 0)
        note_outstanding(client, intent->statement ? intent->statement : "");
    if (r == 0 && is_waited) {
        r = og_wire_await(client, &wait, deadline_ns, NULL, error);
        if (r == 0)
            client->is_careful = false;
    }
    og_client_leave(client);
    return r;
}

/* The client is entered. */
static void tell(struct og_client *client, enum og_msg_kind kind, const void *body)
{
    struct og_client_error error;
    int r;

    og_wire_drain(client);
    r = og_wire_check(client, &error);
    if (r == 0)
        r = og_wire_send(client, kind, body, NULL, deadline(), &error);
    if (r < 0 && client->is_in_session && !client->has_late_error) {
        client->has_late_error = true;
        client->late_error = error;
    }
}

/* What is not waited for: a broken connection is remembered by the wire, the rest here. */
void og_client_tell(struct og_client *client, enum og_msg_kind kind, const void *body)
{
    struct og_client_error ignored;

    if (og_client_enter(client, &ignored) < 0)
        return;
    tell(client, kind, body);
    og_client_leave(client);
}

/* The session that a statement of an earlier one belonged to was closed by guardfs as it found it. */
void og_client_outcome(struct og_client *client, const struct og_msg_outcome *outcome)
{
    struct og_client_error ignored;

    if (og_client_enter(client, &ignored) < 0)
        return;
    if (!is_of_earlier_session(client, outcome->statement))
        tell(client, OG_MSG_OUTCOME, outcome);
    og_client_leave(client);
}

void og_client_note(struct og_client *client, const char *kind, const char *detail)
{
    struct og_msg_note note = {.kind = kind, .detail = detail, .ack = OG_ACK_ACCEPTED};

    og_client_tell(client, OG_MSG_NOTE, &note);
}

bool og_client_is_lost(struct og_client *client)
{
    struct og_client_error ignored;
    int64_t now_ns;
    bool is_lost;

    if (og_client_enter(client, &ignored) < 0)
        return true;
    now_ns = og_wire_now_ns();
    if (now_ns - client->looked_ns >= LOOK_NS) {
        client->looked_ns = now_ns;
        og_wire_drain(client);
    }
    is_lost = client->is_lost || client->is_killed || client->has_late_error;
    og_client_leave(client);
    return is_lost;
}

uint64_t og_client_epoch(struct og_client *client)
{
    struct og_client_error ignored;
    uint64_t epoch;

    if (og_client_enter(client, &ignored) < 0)
        return 0;
    epoch = client->epoch;
    og_client_leave(client);
    return epoch;
}

struct answer {
    struct og_client_answer *out;
    bool is_good;
};

/* An effect that cannot be read is as good as no answer: its grant would be for anything. */
static void take_effect(const struct og_msg_requested *requested, struct answer *answer)
{
    answer->out->is_measured = requested->is_measured && answer->out->granted;
    answer->out->drift = (struct og_drift){.rows = requested->drift_rows,
                                           .percent = requested->drift_percent};
    if (answer->out->is_measured &&
        og_measured_from_list(answer->out->granted, &requested->effect) != 0)
        answer->is_good = false;
}

/* Where the approver has another statement in mind, the asked one must not run. */
static void take_text(const struct og_msg_requested *requested, struct answer *answer)
{
    if (answer->out->text) {
        og_buf_clear(answer->out->text);
        og_buf_append_str(answer->out->text, requested->text);
    }
    if (requested->text[0] && (!answer->out->text || og_buf_is_failed(answer->out->text)))
        answer->is_good = false;
}

static bool take_answer(void *context, const struct og_msg *msg)
{
    const struct og_msg_requested *requested = &msg->as.requested;
    struct answer *answer = context;

    if (msg->kind != OG_MSG_REQUESTED)
        return true;
    (void)snprintf(answer->out->request, sizeof(answer->out->request), "%s", requested->request);
    (void)snprintf(answer->out->state, sizeof(answer->out->state), "%s", requested->state);
    (void)snprintf(answer->out->reason, sizeof(answer->out->reason), "%s", requested->reason);
    (void)snprintf(answer->out->answered_by, sizeof(answer->out->answered_by), "%s",
                   requested->answered_by);
    (void)snprintf(answer->out->amended_by, sizeof(answer->out->amended_by), "%s",
                   requested->amended_by);
    answer->out->revision = requested->revision;
    answer->out->has_rows_max = requested->has_rows_max;
    answer->out->rows_max = requested->rows_max;
    answer->out->is_shape = requested->is_shape;
    answer->is_good = og_id_is_valid(OG_ID_REQUEST, requested->request) ||
                      (!requested->request[0] && strcmp(requested->state, "none") == 0);
    take_effect(requested, answer);
    take_text(requested, answer);
    return true;
}

/* Sends what is answered with REQUESTED and waits. Returns as og_wire_await. */
static int ask(struct og_client *client, enum og_msg_kind kind, const void *body,
               int64_t deadline_ns, const volatile bool *is_cancelled,
               struct og_client_answer *out, struct og_client_error *error)
{
    struct answer answer = {.out = out};
    struct og_wire_wait wait = {.take = take_answer, .context = &answer};
    int r = og_wire_check(client, error);

    if (r == 0)
        r = og_wire_send(client, kind, body, &wait,
                         og_wire_now_ns() + OG_GUARD_DEADLINE_MS * NS_PER_MS, error);
    if (r == 0)
        r = og_wire_await(client, &wait, deadline_ns, is_cancelled, error);
    if (r == 0 && !answer.is_good)
        r = og_wire_unreachable(client, "its answer cannot be read", error);
    return r;
}

int og_client_request(struct og_client *client, const struct og_msg_request *request,
                      struct og_client_answer *answer, struct og_client_error *error)
{
    int r = og_client_enter(client, error);

    if (r < 0)
        return r;
    *answer = (struct og_client_answer){.granted = answer->granted, .text = answer->text};
    r = ask(client, OG_MSG_REQUEST, request, deadline(), NULL, answer, error);
    og_client_leave(client);
    return r;
}

int og_client_wait(struct og_client *client, const char *request, uint32_t deadline_ms,
                   const volatile bool *is_cancelled, struct og_client_answer *answer,
                   struct og_client_error *error)
{
    struct og_msg_wait wait = {.request = request, .deadline_ms = deadline_ms};
    int64_t deadline_ns = og_wire_now_ns() + ((int64_t)deadline_ms + WAIT_GRACE_MS) * NS_PER_MS;
    int r = og_client_enter(client, error);

    if (r < 0)
        return r;
    *answer = (struct og_client_answer){
        .state = "pending", .granted = answer->granted, .text = answer->text};
    (void)snprintf(answer->request, sizeof(answer->request), "%s", request);
    r = ask(client, OG_MSG_WAIT, &wait, deadline_ns, is_cancelled, answer, error);
    og_client_leave(client);
    /* Cancelled, or no word in time: it is still pending. */
    return r == -ECANCELED || r == -ETIMEDOUT ? 0 : r;
}

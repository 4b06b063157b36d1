/* SPDX-License-Identifier: MIT */
/* What each message of a driver or of guardctl does. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fusefs/broker.h"
#include "fusefs/server_parts.h"
#include "fusefs/tree.h"
#include "fusefs/undo_store.h"

/* Text of a policy or file in one frame. */
#define PART_BYTES (64u * 1024u)
#define LAST_KIND_BYTES 32u

typedef void handle(struct og_connection *connection, const struct og_msg *msg);

/* Statement ids are checked by number: which of the session's blocks holds it. */
static struct og_block *block_of(struct og_connection *connection, const char *id, uint8_t *bit,
                                 size_t *byte)
{
    size_t low = 0, high = connection->n_blocks;
    uint64_t number;

    if (!og_id_number(OG_ID_STATEMENT, id, &number))
        return NULL;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct og_block *block = &connection->blocks[middle];

        if (number < block->base) {
            high = middle;
        } else if (number - block->base >= OG_BLOCK_NUMBERS) {
            low = middle + 1;
        } else {
            *byte = (size_t)(number - block->base) / 8;
            *bit = (uint8_t)(1u << ((number - block->base) % 8));
            return block;
        }
    }
    return NULL;
}

void og_server_record_refused(struct og_connection *connection, const char *why)
{
    const struct og_peer *peer = &connection->peer;
    const struct og_record_who who = {.display = "peer",
                                      .evidence = "peer",
                                      .uid = peer->uid,
                                      .gid = peer->gid,
                                      .pid = peer->pid,
                                      .exe = peer->exe,
                                      .cmd_line = peer->cmd_line,
                                      .cgroup = peer->cgroup,
                                      .login_uid = peer->login_uid};

    connection->daemon->counters.frames_refused++;
    (void)og_daemon_event(connection->daemon, connection->session ? &connection->session->who : &who,
                          "daemon", "frame refused", "", why, NULL, 0);
}

static void handle_hello(struct og_connection *connection, const struct og_msg *msg)
{
    const struct og_msg_hello *hello = &msg->as.hello;
    struct og_msg_welcome welcome = {.version = OG_PROTO_VERSION};
    struct og_msg_refused refused;
    struct og_arena arena;

    if (connection->is_worker) {
        og_broker_welcome(connection, msg);
        return;
    }
    if (connection->is_greeted) {
        og_server_record_refused(connection, "a second hello");
        og_connection_refuse(connection, msg->correlation, OG_ERR_REFUSED,
                             "the connection has said hello before", "open a new connection");
        og_connection_drop(connection, "a second hello");
        return;
    }
    connection->is_greeted = true;
    og_loop_cancel(connection->daemon->loop, connection->hello_timer);
    connection->hello_timer = 0;
    if (hello->is_admin) {
        connection->is_admin = true;
        welcome.policy_generation = og_policy_store_generation(connection->daemon->policies);
        og_connection_send(connection, OG_MSG_WELCOME, msg->correlation, &welcome);
        return;
    }
    og_arena_init(&arena, OG_MAX_FRAME_BYTES * 2);
    if (og_session_open(connection, hello, &arena, &welcome, &refused) == 0) {
        og_connection_send(connection, OG_MSG_WELCOME, msg->correlation, &welcome);
    } else {
        og_connection_send(connection, OG_MSG_REFUSED, msg->correlation, &refused);
        og_connection_drop(connection, "refused");
    }
    og_arena_release(&arena);
}

static void handle_policy_get(struct og_connection *connection, const struct og_msg *msg)
{
    struct og_policy_store *store = connection->daemon->policies;
    size_t n_files;
    const struct og_policy_file *files = og_policy_store_files(store, &n_files);
    struct og_msg_policy policy = {.generation = og_policy_store_generation(store),
                                   .n_files = (uint32_t)n_files,
                                   .n_parts = 1};

    if (n_files == 0)
        og_connection_send(connection, OG_MSG_POLICY, msg->correlation, &policy);
    for (size_t i = 0; i < n_files; i++) {
        size_t n_parts = (files[i].n_bytes + PART_BYTES - 1) / PART_BYTES;

        policy.file = (uint32_t)i;
        policy.name = files[i].name;
        policy.n_parts = n_parts ? (uint32_t)n_parts : 1;
        for (policy.part = 0; policy.part < policy.n_parts; policy.part++) {
            size_t at = (size_t)policy.part * PART_BYTES, left = files[i].n_bytes - at;

            policy.text = (struct og_bytes){(const uint8_t *)files[i].bytes + at,
                                            left < PART_BYTES ? left : PART_BYTES};
            og_connection_send(connection, OG_MSG_POLICY, msg->correlation, &policy);
        }
    }
}

/* Whether what the intent claims holds together. Returns NULL or why not (static text). */
static const char *check_intent(const struct og_connection *connection,
                                const struct og_msg_intent *intent)
{
    bool is_approve = strcmp(intent->verdict, "approve") == 0;

    if (intent->ack > OG_ACK_DURABLE)
        return "the mode of acknowledgement is not known";
    if (intent->text_sha256.n_bytes != 32)
        return "the digest of the statement is missing";
    if (intent->is_denied)
        return NULL;
    if (!is_approve && strcmp(intent->verdict, "allow") != 0)
        return "the verdict lets nothing run";
    if (intent->is_rehearsal && intent->grant[0])
        return "a rehearsal uses no grant";
    if (is_approve && !intent->grant[0] && !intent->is_rehearsal)
        return "the statement needs an approval and names none";
    if (!og_policy_store_set(connection->daemon->policies))
        return "there is no good policy set in force";
    return NULL;
}

static const char *spend(struct og_connection *connection, const struct og_msg_intent *intent)
{
    const char *why = "the approval cannot be used";

    if (!intent->grant[0] || intent->is_denied)
        return NULL;
    if (intent->binding.n_bytes != 32)
        return "the approval is bound to nothing";
    return og_approvals_spend(connection->daemon->approvals, connection->session, intent->grant,
                              intent->binding.bytes, &why) == 0
               ? NULL
               : why;
}

static void count_intent(struct og_connection *connection, const struct og_msg_intent *intent)
{
    struct og_session *session = connection->session;
    struct og_counters *counters = &connection->daemon->counters;

    session->n_statements++;
    session->last_ms = (uint64_t)og_now_unix_ms();
    (void)snprintf((char *)(uintptr_t)session->last_kind, LAST_KIND_BYTES, "%s", intent->kind);
    if (intent->is_denied) {
        session->n_denied++;
        counters->statements_denied++;
    } else if (intent->is_rehearsal) {
        counters->statements_rehearsed++;
    } else if (intent->grant[0]) {
        counters->statements_approved++;
    } else {
        counters->statements_allowed++;
    }
}

/* A refused statement did not run: its number is used, and no outcome comes. */
static bool pass_limits(struct og_connection *connection, uint32_t correlation,
                        const struct og_msg_intent *intent)
{
    struct og_limit_refusal refusal;

    if (og_limit_statement(connection->daemon, connection->session, intent, &refusal) == 0)
        return true;
    connection->session->n_denied++;
    connection->daemon->counters.statements_denied++;
    (void)og_daemon_event(connection->daemon, &connection->session->who, "session", "limit",
                          intent->statement, refusal.reason, NULL, 0);
    og_connection_refuse_limit(connection, correlation, &refusal);
    return false;
}

/* A session lives as long as the token that it was opened with. Returns whether it goes on. */
static bool has_identity(struct og_connection *connection, uint32_t correlation)
{
    int64_t expires_s = connection->session->token_expires_s;

    if (!expires_s || og_now_unix_ms() / 1000 < expires_s)
        return true;
    og_connection_refuse(connection, correlation, OG_ERR_IDENTITY, "the session's token has expired",
                         "get a new token and connect again");
    og_connection_drop(connection, "the token has expired");
    return false;
}

static void handle_intent(struct og_connection *connection, const struct og_msg *msg)
{
    const struct og_msg_intent *intent = &msg->as.intent;
    const char *why = check_intent(connection, intent);
    uint8_t bit = 0;
    size_t byte = 0;
    struct og_block *block = block_of(connection, intent->statement, &bit, &byte);
    int r;

    if (!has_identity(connection, msg->correlation))
        return;
    if (!why && !block)
        why = "the statement's number is not one of this session's";
    if (!why && (block->intents[byte] & bit))
        why = "the statement's number was used before";
    if (!why)
        block->intents[byte] |= bit;
    if (!why && !pass_limits(connection, msg->correlation, intent))
        return;
    if (!why)
        why = spend(connection, intent);
    if (why) {
        (void)og_daemon_event(connection->daemon, &connection->session->who, "session",
                              "refused", intent->statement, why, NULL, 0);
        og_connection_refuse(connection, msg->correlation, OG_ERR_REFUSED, why,
                             "nothing was run; send the statement again");
        return;
    }
    r = og_journal_intent(connection, msg->correlation, intent);
    if (r != 0) {
        og_journal_refuse(connection, msg->correlation, r);
        return;
    }
    count_intent(connection, intent);
    connection->session->n_running += !intent->is_denied;
}

static void handle_outcome(struct og_connection *connection, const struct og_msg *msg)
{
    const struct og_msg_outcome *outcome = &msg->as.outcome;
    struct og_session *session = connection->session;
    uint8_t bit = 0;
    size_t byte = 0;
    struct og_block *block = block_of(connection, outcome->statement, &bit, &byte);
    int r;

    if (!block || !(block->intents[byte] & bit) || (block->outcomes[byte] & bit)) {
        (void)og_daemon_event(connection->daemon, &session->who, "session", "refused",
                              outcome->statement,
                              "an outcome without an intent of its own", NULL, 0);
        og_connection_refuse(connection, msg->correlation, OG_ERR_REFUSED,
                             "the outcome belongs to no statement of this session",
                             "connect again");
        return;
    }
    block->outcomes[byte] |= bit;
    session->n_running -= session->n_running > 0;
    og_limit_outcome(connection->daemon, session, outcome);
    if (outcome->voids[0])
        og_approvals_void(connection->daemon->approvals, session, outcome->voids, outcome->detail);
    r = og_journal_outcome(connection, outcome);
    if (r != 0)
        og_journal_refuse(connection, msg->correlation, r);
    session->n_rows += outcome->rows;
    session->n_masked_cells += outcome->masked_cells;
    connection->daemon->counters.rows += outcome->rows;
    connection->daemon->counters.masked_cells += outcome->masked_cells;
}

static void handle_request(struct og_connection *connection, const struct og_msg *msg)
{
    struct og_msg_requested requested = {.request = ""};
    struct og_limit_refusal refusal;
    uint8_t bit;
    size_t byte;
    int r;

    if (!has_identity(connection, msg->correlation))
        return;
    if (msg->as.request.binding.n_bytes != 32 ||
        !block_of(connection, msg->as.request.statement, &bit, &byte)) {
        og_connection_refuse(connection, msg->correlation, OG_ERR_REFUSED,
                             "the request names no statement of this session",
                             "send the statement again");
        return;
    }
    if (!msg->as.request.is_probe &&
        !og_approvals_has(connection->daemon->approvals, connection->session, &msg->as.request) &&
        og_limit_request(connection->daemon, connection->session, &refusal) != 0) {
        (void)og_daemon_event(connection->daemon, &connection->session->who, "session", "limit", "",
                              refusal.reason, NULL, 0);
        og_connection_refuse_limit(connection, msg->correlation, &refusal);
        return;
    }
    r = og_approvals_ask(connection->daemon->approvals, connection->session, &msg->as.request,
                         &requested);
    if (r == 0)
        og_connection_send(connection, OG_MSG_REQUESTED, msg->correlation, &requested);
    else if (r == -EDQUOT)
        og_connection_refuse(connection, msg->correlation, OG_ERR_LIMIT,
                             "too many requests of this requester are pending",
                             "wait until some are answered or expire");
    else
        og_connection_refuse(connection, msg->correlation, OG_ERR_UNREACHABLE,
                             "the request cannot be stored",
                             "ask who runs guardfs to see to its state folder");
}

static void answer_wait(struct og_connection *connection, uint32_t correlation, const char *id)
{
    struct og_msg_requested requested = {.request = ""};

    if (og_approvals_state(connection->daemon->approvals, id, &requested) == 0)
        og_connection_send(connection, OG_MSG_REQUESTED, correlation, &requested);
    else
        og_connection_refuse(connection, correlation, OG_ERR_REFUSED, "there is no such request",
                             "send the statement again");
}

static void unpark(struct og_parked *parked)
{
    struct og_parked **at = &parked->connection->parked;

    while (*at != parked)
        at = &(*at)->next;
    *at = parked->next;
    parked->connection->n_parked--;
    og_loop_cancel(parked->connection->daemon->loop, parked->timer);
    free(parked);
}

static void wait_is_over(void *context)
{
    struct og_parked *parked = context;

    parked->timer = 0;
    answer_wait(parked->connection, parked->correlation, parked->request);
    unpark(parked);
}

void og_server_forget_parked(struct og_connection *connection)
{
    while (connection->parked)
        unpark(connection->parked);
}

void og_server_request_changed(void *context, const struct og_request *request)
{
    struct og_daemon *daemon = context;

    if (request->state == OG_REQUEST_PENDING && !og_approvals_is_amended(request))
        return;
    for (struct og_connection *c = og_server_connections(daemon); c; c = c->next) {
        struct og_parked *next;

        for (struct og_parked *p = c->parked; p; p = next) {
            next = p->next;
            if (strcmp(p->request, request->id) != 0)
                continue;
            answer_wait(c, p->correlation, p->request);
            unpark(p);
        }
    }
}

static void handle_wait(struct og_connection *connection, const struct og_msg *msg)
{
    const struct og_msg_wait *wait = &msg->as.wait;
    struct og_request *request = og_id_is_valid(OG_ID_REQUEST, wait->request)
                                     ? og_approvals_find(connection->daemon->approvals,
                                                         wait->request)
                                     : NULL;
    uint32_t ms = wait->deadline_ms < OG_MAX_WAIT_MS ? wait->deadline_ms : OG_MAX_WAIT_MS;
    struct og_parked *parked;

    if (!request || request->requester_uid != connection->session->peer.uid) {
        og_connection_refuse(connection, msg->correlation, OG_ERR_REFUSED,
                             "there is no such request", "send the statement again");
        return;
    }
    if (request->state != OG_REQUEST_PENDING || og_approvals_is_amended(request) || ms == 0) {
        answer_wait(connection, msg->correlation, request->id);
        return;
    }
    parked = connection->n_parked < OG_MAX_PARKED ? calloc(1, sizeof(*parked)) : NULL;
    if (parked) {
        parked->connection = connection;
        parked->correlation = msg->correlation;
        memcpy(parked->request, request->id, sizeof(parked->request));
        parked->timer = og_loop_after(connection->daemon->loop, ms, wait_is_over, parked);
    }
    if (!parked || !parked->timer) {
        free(parked);
        og_connection_refuse(connection, msg->correlation, OG_ERR_LIMIT,
                             "too many waits at once", "wait for fewer answers");
        return;
    }
    parked->next = connection->parked;
    connection->parked = parked;
    connection->n_parked++;
}

static void handle_block_get(struct og_connection *connection, const struct og_msg *msg)
{
    struct og_msg_block block;
    int r = og_session_take_block(connection, &block);

    if (r == 0)
        og_connection_send(connection, OG_MSG_BLOCK, msg->correlation, &block);
    else
        og_journal_refuse(connection, msg->correlation, r);
}

static void handle_note(struct og_connection *connection, const struct og_msg *msg)
{
    struct og_record_pair pair = {"note", msg->as.note.kind};
    int r = og_daemon_event(connection->daemon, &connection->session->who, "session", "note", "",
                            msg->as.note.detail, &pair, 1);

    if (r != 0)
        og_journal_refuse(connection, msg->correlation, r);
}

/* Names of a folder, as many as a frame takes. */
static void send_names(struct og_connection *connection, uint32_t correlation, struct og_buf *text)
{
    struct og_msg_file file = {.is_folder = 1, .reason = ""};
    const char **items = calloc(OG_MAX_LIST_ITEMS, sizeof(*items));
    char *at = text->bytes, *end = text->bytes ? text->bytes + text->n_bytes : NULL;

    while (items && at && at < end && file.names.n_items < OG_MAX_LIST_ITEMS &&
           (size_t)(at - text->bytes) + 5 * file.names.n_items < OG_MAX_FIELD_BYTES) {
        char *line_end = memchr(at, '\n', (size_t)(end - at));

        if (line_end)
            *line_end = '\0';
        items[file.names.n_items++] = at;
        at = line_end ? line_end + 1 : end;
    }
    file.names.items = items;
    file.size = file.names.n_items;
    if (!items)
        file.errno_value = ENOMEM;
    og_connection_send(connection, OG_MSG_FILE, correlation, &file);
    free(items);
}

/* A part of the ledger or of a view of it. Returns: 0 after it was sent; OG_TREE_E_WHOLE; -errno. */
static int send_part(struct og_connection *connection, const struct og_msg *msg)
{
    const struct og_msg_file_get *get = &msg->as.file_get;
    struct og_msg_file file = {.offset = get->offset, .reason = ""};
    struct og_buf part;
    int r;

    og_buf_init(&part, PART_BYTES);
    r = og_tree_part(connection->daemon, connection->peer.uid, get->path, get->offset, PART_BYTES,
                     &part, &file.size);
    file.text = (struct og_bytes){(const uint8_t *)og_buf_str(&part), part.n_bytes};
    if (r == 0)
        og_connection_send(connection, OG_MSG_FILE, msg->correlation, &file);
    og_buf_release(&part);
    return r;
}

/* The text stays as it was at offset 0 while later parts are asked for; the ledger, which only grows, is
 * read where it lies. */
static void handle_file_get(struct og_connection *connection, const struct og_msg *msg)
{
    const struct og_msg_file_get *get = &msg->as.file_get;
    struct og_buf *text = &connection->file_text;
    struct og_msg_file file = {.offset = get->offset, .reason = ""};
    bool is_folder = false;
    int r = 0;

    if (strlen(get->path) >= sizeof(connection->file_path))
        r = -ENAMETOOLONG;
    if (r == 0) {
        r = send_part(connection, msg);
        if (r == 0)
            return;
        r = r == OG_TREE_E_WHOLE ? 0 : r;
    }
    if (r == 0 && (get->offset == 0 || strcmp(connection->file_path, get->path) != 0)) {
        connection->file_path[0] = '\0';
        og_buf_clear(text);
        r = og_tree_get(connection->daemon, &connection->peer, get->path, text, &is_folder);
        if (r == 0 && og_buf_is_failed(text))
            r = -EFBIG;
        if (r == 0 && is_folder) {
            send_names(connection, msg->correlation, text);
            og_buf_release(text);
            return;
        }
        if (r == 0)
            memcpy(connection->file_path, get->path, strlen(get->path) + 1);
    }
    if (r < 0) {
        file.errno_value = (uint32_t)-r;
        file.reason = strerror(-r);
    } else {
        size_t at = get->offset < text->n_bytes ? (size_t)get->offset : text->n_bytes;
        size_t left = text->n_bytes - at;

        file.size = text->n_bytes;
        file.text = (struct og_bytes){(const uint8_t *)og_buf_str(text) + at,
                                      left < PART_BYTES ? left : PART_BYTES};
    }
    og_connection_send(connection, OG_MSG_FILE, msg->correlation, &file);
    if (r < 0 || file.text.n_bytes + get->offset >= file.size) {
        connection->file_path[0] = '\0';
        og_buf_release(text);
    }
}

static void handle_file_put(struct og_connection *connection, const struct og_msg *msg)
{
    const struct og_msg_file_put *put = &msg->as.file_put;
    struct og_msg_file file = {.reason = ""};
    const char *why = "";
    int r = og_tree_put(connection->daemon, &connection->peer, put->path,
                        put->text.bytes ? (const char *)put->text.bytes : "", put->text.n_bytes,
                        &why);

    file.errno_value = r < 0 ? (uint32_t)-r : 0;
    file.reason = r < 0 && why ? why : "";
    og_connection_send(connection, OG_MSG_FILE, msg->correlation, &file);
}

static void handle_bye(struct og_connection *connection, const struct og_msg *msg OG_UNUSED)
{
    if (connection->session)
        og_session_end(connection->daemon, connection->session, "closed", "session closed", NULL);
    og_connection_drop(connection, "bye");
}

/* Who may send what. */
enum side { NOBODY = 0, ANYBODY, DRIVER, ADMIN };

static const struct {
    enum side side;
    handle *handle;
} handlers[] = {
    [OG_MSG_HELLO] = {ANYBODY, handle_hello},
    [OG_MSG_POLICY_GET] = {DRIVER, handle_policy_get},
    [OG_MSG_INTENT] = {DRIVER, handle_intent},
    [OG_MSG_OUTCOME] = {DRIVER, handle_outcome},
    [OG_MSG_REQUEST] = {DRIVER, handle_request},
    [OG_MSG_WAIT] = {DRIVER, handle_wait},
    [OG_MSG_BLOCK_GET] = {DRIVER, handle_block_get},
    [OG_MSG_NOTE] = {DRIVER, handle_note},
    [OG_MSG_FILE_GET] = {ADMIN, handle_file_get},
    [OG_MSG_FILE_PUT] = {ADMIN, handle_file_put},
    [OG_MSG_UNDO_PUT] = {DRIVER, og_undo_handle_put},
    [OG_MSG_UNDO_END] = {DRIVER, og_undo_handle_end},
    [OG_MSG_UNDO_GET] = {DRIVER, og_undo_handle_get},
    [OG_MSG_BYE] = {ANYBODY, handle_bye},
    [OG_MSG_BROKER] = {ANYBODY, og_broker_handle},
};

void og_server_handle(struct og_connection *connection, const struct og_msg *msg)
{
    enum side side = (size_t)msg->kind < OG_COUNT(handlers) ? handlers[msg->kind].side : NOBODY;

    if (side == ANYBODY || (side == DRIVER && connection->session) ||
        (side == ADMIN && connection->is_admin)) {
        handlers[msg->kind].handle(connection, msg);
        return;
    }
    og_server_record_refused(connection, "a message that is not for this connection");
    og_connection_refuse(connection, msg->correlation, OG_ERR_REFUSED,
                         "this message is not for this connection", "say hello first");
    og_connection_drop(connection, "a message that is not for it");
}

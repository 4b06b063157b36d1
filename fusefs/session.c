/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fusefs/identity.h"
#include "fusefs/server_parts.h"

#define MAX_SESSION_BYTES (1024u * 1024u)
#define KEPT_MS (3600 * 1000)
#define MAX_ENDED 1000u
#define LAST_KIND_BYTES 32u
#define NAME_SEPARATOR "\x1f"

static int refuse(struct og_msg_refused *out, enum og_err error, const char *reason,
                  const char *instead)
{
    *out = (struct og_msg_refused){.error = (uint32_t)error, .reason = reason, .instead = instead};
    return -EACCES;
}

/* What HELLO asks for that cannot be given. */
static int check(const struct og_connection *connection, const struct og_msg_hello *hello,
                 struct og_msg_refused *refused)
{
    struct og_daemon *daemon = connection->daemon;

    if (hello->version_min > OG_PROTO_VERSION || hello->version_max < OG_PROTO_VERSION_MIN)
        return refuse(refused, OG_ERR_CONFIG,
                      "the driver and guardfs speak no common version of the protocol",
                      "bring both to the same version");
    if (!hello->token[0] && og_config_requires_token(daemon->config, hello->target))
        return refuse(refused, OG_ERR_IDENTITY, "this target takes no session without a token",
                      "set GuardAgentTokenFile");
    if (!connection->is_worker && hello->placement[0] && strcmp(hello->placement, "inline") != 0)
        return refuse(refused, OG_ERR_CONFIG, "a session of that placement is not opened this way",
                      "bring driver and guardfs to one version");
    if (!connection->is_worker && og_config_connect(daemon->config, hello->target)) {
        (void)refuse(refused, OG_ERR_CONFIG, "guardfs holds the credentials of this target, so that it is "
                                             "opened by guardfs alone",
                     "set GuardPlacement=broker or leave it out");
        refused->use_broker = 1;
        return -EACCES;
    }
    if (!hello->target[0])
        return refuse(refused, OG_ERR_CONFIG, "the connection names no target",
                      "set GuardTargetDSN");
    if (og_ledger_error(daemon->ledger))
        return refuse(refused, OG_ERR_UNREACHABLE, "the ledger cannot be written",
                      "see `guardctl status`, then try again");
    return 0;
}

static const char *copy(struct og_session *session, const char *text)
{
    return text[0] ? og_arena_strdup(&session->arena, text) : NULL;
}

static void fill_who(struct og_session *session, const struct og_msg_hello *hello, bool is_worker)
{
    const struct og_peer *peer = &session->peer;

    session->who = (struct og_record_who){
        .session = session->id,
        .display = og_identity_display(&session->chain, &session->arena),
        .evidence = og_evidence_word(session->chain.evidence),
        .uid = peer->uid,
        .gid = peer->gid,
        .pid = peer->pid,
        .exe = peer->exe,
        .cmd_line = peer->cmd_line,
        .cgroup = peer->cgroup,
        .login_uid = peer->login_uid,
        .app = copy(session, hello->app),
        .purpose = copy(session, hello->purpose),
        .ticket = copy(session, hello->ticket),
        .traceparent = copy(session, hello->traceparent),
        .dsn = copy(session, hello->dsn),
        .target = copy(session, hello->target),
        .db_system = copy(session, hello->db_system),
        .database = copy(session, hello->database),
        .server = copy(session, hello->server),
        .placement = is_worker ? "broker" : "inline",
        .driver_name = copy(session, hello->driver_name),
        .reported_by = is_worker ? "worker" : "client",
    };
}

/* The peer is looked up again, into the session's own arena, so that it outlives the connection. */
static int fill(struct og_session *session, struct og_connection *connection,
                const struct og_msg_hello *hello, const char **why)
{
    struct og_daemon *daemon = connection->daemon;
    struct og_token token;
    uint64_t number;
    const struct og_peer *peer = &connection->peer;
    int r = 0;

    if (connection->is_worker && connection->asker_fd < 0) /* somebody who wrote a file of the mount */
        og_peer_from_ids(peer->uid, peer->gid, peer->pid, &session->arena, &session->peer);
    else
        r = og_peer_from_socket(connection->is_worker ? connection->asker_fd : connection->fd,
                                &session->arena, &session->peer);

    if (r == 0 && hello->token[0]) {
        r = og_token_check(daemon->tokens, hello->token, session->peer.uid,
                           og_now_unix_ms() / 1000, &session->arena, &token, why);
        session->token_expires_s = r == 0 ? token.expires_s : 0;
    }
    if (r == 0)
        r = og_identity_chain(&session->peer, hello->token[0] ? &token : NULL, daemon->config,
                              &session->arena, &session->chain);
    if (r == 0 && session->chain.n_members == 0)
        r = -EACCES;
    if (r == 0)
        r = og_daemon_take_numbers(daemon, OG_ID_SESSION, 1, &number);
    if (r < 0)
        return r;
    og_id_format(OG_ID_SESSION, number, session->id);
    fill_who(session, hello, connection->is_worker);
    session->last_kind = og_arena_alloc(&session->arena, LAST_KIND_BYTES);
    session->state = "open";
    session->opened_ms = og_now_unix_ms();
    session->connection = connection;
    return og_arena_is_failed(&session->arena) ? -ENOMEM : 0;
}

static struct og_list members(const struct og_session *session, struct og_arena *arena)
{
    size_t n = session->chain.n_members;
    const char **items = og_arena_array(arena, n, sizeof(*items));

    for (size_t i = 0; items && i < n; i++) {
        const struct og_principal *member = &session->chain.members[i];
        struct og_buf text;

        og_buf_init(&text, OG_MAX_FIELD_BYTES);
        og_buf_append_str(&text, member->is_person ? "person" : "agent");
        for (size_t k = 0; k < member->n_names; k++) {
            og_buf_append_str(&text, NAME_SEPARATOR);
            og_buf_append_str(&text, member->names[k]);
        }
        /* A member whose names do not fit is none: the driver refuses an empty one. */
        items[i] = og_buf_is_failed(&text) ? "" : og_arena_strdup(arena, og_buf_str(&text));
        og_buf_release(&text);
    }
    return (struct og_list){items, items ? n : 0};
}

int og_session_take_block(struct og_connection *connection, struct og_msg_block *out)
{
    uint64_t base;
    int r = og_daemon_take_numbers(connection->daemon, OG_ID_STATEMENT, OG_BLOCK_NUMBERS, &base);

    if (r < 0)
        return r;
    if (connection->n_blocks == OG_MAX_BLOCKS) {
        connection->n_blocks--;
        memmove(connection->blocks, connection->blocks + 1,
                connection->n_blocks * sizeof(*connection->blocks));
    }
    if (connection->n_blocks == connection->blocks_capacity) {
        size_t n = connection->blocks_capacity ? 2 * connection->blocks_capacity : 4;
        struct og_block *larger = realloc(connection->blocks, n * sizeof(*larger));

        if (!larger)
            return -ENOMEM;
        connection->blocks = larger;
        connection->blocks_capacity = n;
    }
    connection->blocks[connection->n_blocks++] = (struct og_block){.base = base};
    *out = (struct og_msg_block){.statement_base = base, .statement_count = OG_BLOCK_NUMBERS};
    return 0;
}

static void record_refused(struct og_connection *connection, const struct og_msg_hello *hello,
                           const struct og_msg_refused *refused)
{
    const struct og_peer *peer = &connection->peer;
    char display[24];
    struct og_record_who who = {.display = display,
                                .evidence = "peer",
                                .uid = peer->uid,
                                .gid = peer->gid,
                                .pid = peer->pid,
                                .exe = peer->exe,
                                .cmd_line = peer->cmd_line,
                                .cgroup = peer->cgroup,
                                .login_uid = peer->login_uid,
                                .target = hello->target[0] ? hello->target : NULL};

    (void)snprintf(display, sizeof(display), "uid:%" PRIu32, peer->uid);
    (void)og_daemon_event(connection->daemon, &who, "session", "refused", "", refused->reason, NULL,
                          0);
}

static void welcome_of(struct og_connection *connection, const struct og_session *session,
                       const struct og_msg_block *block, struct og_arena *arena,
                       struct og_msg_welcome *out)
{
    struct og_daemon *daemon = connection->daemon;
    size_t n_labels = 0;
    const char *const *labels = og_config_labels(daemon->config, session->who.target, &n_labels);

    *out = (struct og_msg_welcome){
        .version = OG_PROTO_VERSION,
        .session = session->id,
        .display = session->who.display,
        .evidence = session->who.evidence,
        .members = members(session, arena),
        .target_labels = {labels, n_labels},
        .statement_base = block->statement_base,
        .statement_count = block->statement_count,
        .policy_generation = og_policy_store_generation(daemon->policies),
        .ack_read = "accepted",
        .ack_write = "durable",
    };
}

static int refuse_limit(struct og_connection *connection, const struct og_msg_hello *hello,
                        struct og_session *session, const struct og_limit_refusal *limit,
                        struct og_arena *arena, struct og_msg_refused *refused)
{
    const char *reason = og_arena_strdup(arena, limit->reason);
    const char *instead = og_arena_printf(arena, "connect again in %" PRIu32 " seconds, and keep "
                                                 "connections open", limit->retry_after_s);

    (void)refuse(refused, OG_ERR_LIMIT, reason ? reason : "a limit is reached",
                 instead ? instead : "connect again later");
    refused->retry_after_s = limit->retry_after_s;
    record_refused(connection, hello, refused);
    og_arena_release(&session->arena);
    free(session);
    return -EACCES;
}

/* Tells the driver and lets the connection go, once the end is recorded. */
static void hang_up(struct og_connection *connection, const char *reason)
{
    struct og_msg_event event = {.kind = "kill", .reason = reason};

    if (!connection)
        return;
    og_connection_send(connection, OG_MSG_EVENT, 0, &event);
    og_connection_drop(connection, reason);
}

/* Reads are not waited for, so the driver must know of the end before its next statement. */
static void token_expired(void *context)
{
    struct og_session *session = context;
    struct og_connection *connection = session->connection;

    session->token_timer = 0;
    if (!session->ended_ms && connection) {
        og_session_end(connection->daemon, session, "closed", "the session's token has expired", NULL);
        hang_up(connection, "the session's token has expired: get a new one and connect again");
    }
}

/* A timer is a few weeks at most; a longer life is looked at by each statement. */
static void watch_token(struct og_daemon *daemon, struct og_session *session)
{
    int64_t ms = session->token_expires_s * 1000 - og_now_unix_ms();

    if (session->token_expires_s && ms < INT32_MAX)
        session->token_timer =
            og_loop_after(daemon->loop, ms > 0 ? (uint32_t)ms : 0, token_expired, session);
}

int og_session_open(struct og_connection *connection, const struct og_msg_hello *hello,
                    struct og_arena *arena, struct og_msg_welcome *welcome,
                    struct og_msg_refused *refused)
{
    struct og_daemon *daemon = connection->daemon;
    struct og_msg_block block;
    struct og_limit_refusal limit;
    struct og_session *session;
    const char *why = NULL;
    int r = check(connection, hello, refused);

    if (r < 0) {
        record_refused(connection, hello, refused);
        return r;
    }
    session = calloc(1, sizeof(*session));
    if (!session)
        return refuse(refused, OG_ERR_UNREACHABLE, "guardfs is out of memory", "try again later");
    og_arena_init(&session->arena, MAX_SESSION_BYTES);
    r = fill(session, connection, hello, &why);
    if (r == 0 && og_limit_connection(daemon, session, &limit) != 0)
        return refuse_limit(connection, hello, session, &limit, arena, refused);
    if (r == 0)
        r = og_session_take_block(connection, &block);
    if (r == 0)
        r = og_daemon_event(daemon, &session->who, "session", "open", "", "session opened", NULL, 0);
    if (r != 0) {
        og_arena_release(&session->arena);
        free(session);
        if (why) {
            (void)refuse(refused, OG_ERR_IDENTITY, why,
                         "GuardAgentToken or GuardAgentTokenFile showed it; issuers stand in guardfs' "
                         "configuration");
            record_refused(connection, hello, refused);
            return -EACCES;
        }
        return refuse(refused, OG_ERR_UNREACHABLE,
                      "guardfs cannot open a session: its state folder or ledger cannot be written",
                      "see `guardctl status`, then try again");
    }
    session->next = daemon->sessions;
    daemon->sessions = session;
    connection->session = session;
    watch_token(daemon, session);
    daemon->counters.sessions_opened++;
    welcome_of(connection, session, &block, arena, welcome);
    return 0;
}

static const char *number_text(char out[static 24], uint64_t number)
{
    (void)snprintf(out, 24, "%" PRIu64, number);
    return out;
}

void og_session_end(struct og_daemon *daemon, struct og_session *session, const char *state,
                    const char *why, const char *by)
{
    char statements[24], denied[24], rows[24], cells[24], ms[24];
    bool is_killed = strcmp(state, "killed") == 0;

    if (session->ended_ms)
        return;
    session->state = state;
    session->ended_ms = og_now_unix_ms();
    if (session->token_timer)
        og_loop_cancel(daemon->loop, session->token_timer);
    session->token_timer = 0;
    if (session->connection)
        session->connection->session = NULL;
    session->connection = NULL;
    {
        struct og_record_pair pairs[] = {
            {"statements", number_text(statements, session->n_statements)},
            {"denied", number_text(denied, session->n_denied)},
            {"rows", number_text(rows, session->n_rows)},
            {"masked_cells", number_text(cells, session->n_masked_cells)},
            {"duration_ms",
             number_text(ms, session->ended_ms > session->opened_ms
                                 ? (uint64_t)(session->ended_ms - session->opened_ms)
                                 : 0)},
            {"end", state},
            {"by", by},
        };

        (void)og_daemon_event(daemon, &session->who, "session", is_killed ? "killed" : "close", "",
                              why, pairs, by ? OG_COUNT(pairs) : OG_COUNT(pairs) - 1);
    }
}

struct og_session *og_session_find(struct og_daemon *daemon, const char *id)
{
    for (struct og_session *s = daemon->sessions; s; s = s->next)
        if (strcmp(s->id, id) == 0)
            return s;
    return NULL;
}

int og_session_kill(struct og_daemon *daemon, const char *id, uint32_t by_uid)
{
    struct og_session *session = og_session_find(daemon, id);
    struct og_connection *connection;
    char by[OG_CONFIG_NAME_BYTES];

    if (!session || session->ended_ms)
        return -ESRCH;
    og_config_name(daemon->config, by_uid, by);
    connection = session->connection;
    og_session_end(daemon, session, "killed", "session killed", by);
    hang_up(connection, "ended through guardfs");
    return 0;
}

int og_session_make_read_only(struct og_daemon *daemon, const char *id, uint32_t by_uid)
{
    struct og_session *session = og_session_find(daemon, id);
    struct og_msg_event event = {.kind = "read-only", .reason = "made read-only through guardfs"};
    char by[OG_CONFIG_NAME_BYTES];
    struct og_record_pair pair = {"by", by};

    if (!session || session->ended_ms)
        return -ESRCH;
    og_config_name(daemon->config, by_uid, by);
    session->is_read_only = true;
    (void)og_daemon_event(daemon, &session->who, "session", "note", "", "session made read-only",
                          &pair, 1);
    if (session->connection)
        og_connection_send(session->connection, OG_MSG_EVENT, 0, &event);
    return 0;
}

static void release(struct og_session *session)
{
    og_arena_release(&session->arena);
    free(session);
}

void og_session_sweep(struct og_daemon *daemon, int64_t now_ms)
{
    struct og_session **at = &daemon->sessions;
    size_t n_ended = 0;

    while (*at) {
        struct og_session *session = *at;

        n_ended += session->ended_ms != 0;
        if (session->ended_ms && (n_ended > MAX_ENDED || now_ms - session->ended_ms > KEPT_MS)) {
            *at = session->next;
            release(session);
        } else {
            at = &session->next;
        }
    }
}

void og_session_free_all(struct og_daemon *daemon)
{
    while (daemon->sessions) {
        struct og_session *next = daemon->sessions->next;

        release(daemon->sessions);
        daemon->sessions = next;
    }
}

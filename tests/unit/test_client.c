/* SPDX-License-Identifier: MIT */
/* A guardfs of a few lines, in a thread of this process, that can be made to misbehave. */
#include "driver/client.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/id.h"
#include "tests/tap.h"

enum mode {
    MODE_GOOD,
    MODE_SLOW,      /* acknowledges after 200 ms */
    MODE_PUSHED,    /* acknowledges every second intent, by statement, unasked */
    MODE_SILENT,    /* acknowledges nothing */
    MODE_DEAF,      /* reads nothing any more */
    MODE_REFUSES,   /* refuses every intent */
    MODE_CLOSES,    /* closes at an intent */
    MODE_TRUNCATED, /* answers an intent with half a frame */
    MODE_OVERSIZED, /* ... with a frame beyond the ceiling */
    MODE_GARBAGE,
    MODE_NO_WELCOME, /* refuses hello */
    MODE_NO_POLICY,
    MODE_BAD_POLICY, /* parts out of order */
    MODE_OLD_PEER    /* another version of the protocol */
};

#define MAX_PEERS 8

static struct {
    char path[64];
    int listener;
    int peers[MAX_PEERS];
    pthread_t thread;
    _Atomic enum mode mode;
    atomic_int n_intents, n_outcomes, n_policy_gets, n_hellos, n_stop;
    atomic_int answer_after_ms; /* of a wait */
    atomic_ullong generation;
    struct og_buf out;
} fake;

static void pause_ms(int ms)
{
    (void)poll(NULL, 0, ms);
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void reply(int peer, enum og_msg_kind kind, uint32_t correlation, const void *body)
{
    og_buf_clear(&fake.out);
    if (og_proto_encode(kind, correlation, body, &fake.out) == 0)
        (void)send(peer, fake.out.bytes, fake.out.n_bytes, MSG_NOSIGNAL);
}

static void reply_welcome(int peer, uint32_t correlation)
{
    static const char *const members[] = {"agent\x1f" "agent:bot\x1fuid:1000",
                                          "person\x1fuser:alice\x1fgroup:sales"};
    static const char *const labels[] = {"env:test"};
    struct og_msg_welcome welcome = {
        .version = fake.mode == MODE_OLD_PEER ? 99 : 1,
        .session = "s-0000000001",
        .display = "bot",
        .evidence = "peer",
        .members = {members, 2},
        .target_labels = {labels, 1},
        .statement_base = 100,
        .statement_count = 3,
        .policy_generation = fake.generation,
        .ack_read = "accepted",
        .ack_write = "something new",
    };

    reply(peer, OG_MSG_WELCOME, correlation, &welcome);
}

static const char policy_a[] = "policy: all\n"
                               "applies-to: {principals: [\"*\"], targets: [\"*\"]}\n"
                               "rules:\n  - id: read\n    when: {effect: select}\n"
                               "    then: allow\n";

static void reply_policy(int peer, uint32_t correlation)
{
    size_t n = sizeof(policy_a) - 1, half = n / 2;
    bool is_bad = fake.mode == MODE_BAD_POLICY;
    struct og_msg_policy part = {.generation = fake.generation, .n_files = 1, .n_parts = 2,
                                 .name = "all.yaml"};

    fake.n_policy_gets++;
    if (fake.mode == MODE_NO_POLICY) {
        part = (struct og_msg_policy){.generation = fake.generation};
        reply(peer, OG_MSG_POLICY, correlation, &part);
        return;
    }
    part.part = is_bad ? 1 : 0;
    part.text = (struct og_bytes){(const uint8_t *)policy_a, half};
    reply(peer, OG_MSG_POLICY, correlation, &part);
    part.part = is_bad ? 0 : 1;
    part.text = (struct og_bytes){(const uint8_t *)policy_a + half, n - half};
    reply(peer, OG_MSG_POLICY, correlation, &part);
}

static void spoil(int peer, enum mode mode)
{
    static char large[OG_MAX_FRAME_BYTES + 4096];

    if (mode == MODE_TRUNCATED)
        (void)send(peer, "OG\x01\x08\0\0", 6, MSG_NOSIGNAL);
    else if (mode == MODE_OVERSIZED)
        (void)send(peer, large, sizeof(large), MSG_NOSIGNAL);
    else
        (void)send(peer, "GARBAGE GARBAGE GARBAGE", 23, MSG_NOSIGNAL);
}

static void take_intent(int peer, const struct og_msg *msg)
{
    struct og_msg_ack ack = {.sequence = 1, .statement = msg->as.intent.statement};
    struct og_msg_refused refused = {.error = OG_ERR_LIMIT, .reason = "too many statements",
                                     .instead = "wait", .retry_after_s = 7};
    enum mode mode = fake.mode;
    int n = ++fake.n_intents;

    if (mode == MODE_SLOW)
        pause_ms(200);
    if (mode == MODE_REFUSES)
        reply(peer, OG_MSG_REFUSED, msg->correlation, &refused);
    else if (mode == MODE_CLOSES)
        (void)shutdown(peer, SHUT_RDWR);
    else if (mode == MODE_TRUNCATED || mode == MODE_OVERSIZED || mode == MODE_GARBAGE)
        spoil(peer, mode);
    else if (mode == MODE_PUSHED && n % 2 == 0)
        reply(peer, OG_MSG_ACK, 0, &ack);
    else if (mode == MODE_GOOD || mode == MODE_SLOW)
        reply(peer, OG_MSG_ACK, msg->correlation, &ack);
}

/* The answer to a wait, given later so that other messages pass it by. */
static struct {
    int peer;
    uint32_t correlation;
    int64_t due_ms;
} owed;

static void take_message(int peer, const struct og_msg *msg)
{
    struct og_msg_requested requested = {.request = "r-0000000001", .state = "pending"};
    struct og_msg_block block = {.statement_base = 5000, .statement_count = 2};
    struct og_msg_refused refused = {.error = OG_ERR_IDENTITY, .reason = "nobody knows you"};

    switch (msg->kind) {
    case OG_MSG_HELLO:
        fake.n_hellos++;
        if (fake.mode == MODE_NO_WELCOME)
            reply(peer, OG_MSG_REFUSED, msg->correlation, &refused);
        else
            reply_welcome(peer, msg->correlation);
        break;
    case OG_MSG_POLICY_GET:
        reply_policy(peer, msg->correlation);
        break;
    case OG_MSG_INTENT:
        take_intent(peer, msg);
        break;
    case OG_MSG_OUTCOME:
        fake.n_outcomes++;
        break;
    case OG_MSG_REQUEST:
        reply(peer, OG_MSG_REQUESTED, msg->correlation, &requested);
        break;
    case OG_MSG_WAIT:
        owed.peer = peer;
        owed.correlation = msg->correlation;
        owed.due_ms = now_ms() + fake.answer_after_ms;
        break;
    case OG_MSG_BLOCK_GET:
        reply(peer, OG_MSG_BLOCK, msg->correlation, &block);
        break;
    default:
        break;
    }
}

static void serve_peer(size_t i)
{
    static char frame[OG_MAX_FRAME_BYTES + 1];
    struct og_arena arena;
    struct og_msg msg;
    ssize_t n = recv(fake.peers[i], frame, sizeof(frame), MSG_DONTWAIT);

    if (n <= 0) {
        (void)close(fake.peers[i]);
        fake.peers[i] = -1;
        return;
    }
    og_arena_init(&arena, 1u << 20);
    if (og_proto_decode(frame, (size_t)n, &arena, &msg) == 0)
        take_message(fake.peers[i], &msg);
    og_arena_release(&arena);
}

static void pay_owed(void)
{
    struct og_msg_requested answer = {.request = "r-0000000001", .state = "approved",
                                      .answered_by = "carol"};

    if (owed.due_ms && now_ms() >= owed.due_ms) {
        reply(owed.peer, OG_MSG_REQUESTED, owed.correlation, &answer);
        owed.due_ms = 0;
    }
}

static void accept_peer(void)
{
    int peer = accept(fake.listener, NULL, NULL);

    for (size_t i = 0; peer >= 0 && i < MAX_PEERS; i++)
        if (fake.peers[i] < 0) {
            fake.peers[i] = peer;
            return;
        }
    if (peer >= 0)
        (void)close(peer);
}

static void *serve(void *unused OG_UNUSED)
{
    while (!fake.n_stop) {
        struct pollfd fds[MAX_PEERS + 1];
        bool is_deaf = fake.mode == MODE_DEAF;

        for (size_t i = 0; i < MAX_PEERS; i++)
            fds[i] = (struct pollfd){.fd = is_deaf ? -1 : fake.peers[i], .events = POLLIN};
        fds[MAX_PEERS] = (struct pollfd){.fd = fake.listener, .events = POLLIN};
        (void)poll(fds, MAX_PEERS + 1, 10);
        pay_owed();
        for (size_t i = 0; i < MAX_PEERS; i++)
            if (fds[i].fd >= 0 && fds[i].revents)
                serve_peer(i);
        if (fds[MAX_PEERS].revents)
            accept_peer();
    }
    for (size_t i = 0; i < MAX_PEERS; i++)
        if (fake.peers[i] >= 0)
            (void)close(fake.peers[i]);
    return NULL;
}

static void start_fake(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", fake.path);
    fake.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    for (size_t i = 0; i < MAX_PEERS; i++)
        fake.peers[i] = -1;
    fake.n_stop = 0;
    owed.due_ms = 0;
    if (bind(fake.listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fake.listener, 8) != 0)
        abort();
    (void)pthread_create(&fake.thread, NULL, serve, NULL);
}

static void stop_fake(void)
{
    fake.n_stop = 1;
    (void)pthread_join(fake.thread, NULL);
    (void)close(fake.listener);
    (void)unlink(fake.path);
}

/* To every peer, unasked. */
static void push_event(const char *kind, uint64_t generation, const char *reason)
{
    struct og_msg_event event = {.kind = kind, .policy_generation = generation, .reason = reason};
    struct og_buf out;

    og_buf_init(&out, OG_MAX_FRAME_BYTES);
    if (og_proto_encode(OG_MSG_EVENT, 0, &event, &out) == 0)
        for (size_t i = 0; i < MAX_PEERS; i++)
            if (fake.peers[i] >= 0)
                (void)send(fake.peers[i], out.bytes, out.n_bytes, MSG_NOSIGNAL);
    og_buf_release(&out);
}

static struct og_client_error error;
static const struct og_client_session *session;
static struct og_policy_set *set;
static uint64_t generation;

static struct og_client *connect_client(void)
{
    struct og_msg_hello hello = {.product = "test", .target = "shop", .token = "secret"};
    struct og_client *client = NULL;

    error = (struct og_client_error){0};
    return og_client_open(fake.path, &hello, &client, &error) == 0 ? client : NULL;
}

static int begin(struct og_client *client)
{
    return og_client_begin(client, &session, &set, &generation, &error);
}

static int intend(struct og_client *client, enum og_ack ack)
{
    struct og_msg_intent intent = {.ack = ack, .kind = "SELECT"};
    char id[13];

    if (og_client_statement_id(client, id, &error) < 0)
        return -1;
    intent.statement = id;
    return og_client_intent(client, &intent, &error);
}

static int count_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = 0;

    while (folder && readdir(folder))
        n++;
    if (folder)
        (void)closedir(folder);
    return n;
}

static void test_session(void)
{
    struct og_client *client = connect_client();
    char id[13], want[13];

    tap_ok(client != NULL && begin(client) == 0, "a_session_opens");
    tap_ok(session->chain->n_members == 2 && !session->chain->members[0].is_person &&
               session->chain->members[1].is_person && session->chain->members[1].n_names == 2 &&
               strcmp(session->chain->members[1].display, "alice") == 0 &&
               strcmp(session->chain->members[0].names[1], "uid:1000") == 0,
           "members_come_from_the_welcome");
    tap_ok(session->ack_read == OG_ACK_ACCEPTED && session->ack_write == OG_ACK_DURABLE,
           "an_unknown_ack_word_is_the_strictest");
    tap_ok(session->n_target_labels == 1 && strcmp(session->target_labels[0], "env:test") == 0,
           "labels_come_from_the_welcome");
    tap_ok(set != NULL && og_policy_set_count(set) == 1, "the_policy_set_is_put_together");
    for (int i = 0; i < 3; i++)
        tap_ok(og_client_statement_id(client, id, &error) == 0, "a_number_is_given");
    og_id_format(OG_ID_STATEMENT, 102, want);
    tap_str(id, want, "numbers_come_from_the_block");
    tap_ok(og_client_statement_id(client, id, &error) == 0, "a_used_up_block_is_followed_by_another");
    og_id_format(OG_ID_STATEMENT, 5000, want);
    tap_str(id, want, "and_the_next_number_is_the_new_block_s");
    tap_ok(og_client_close(client) == NULL, "closes");
}

static void test_policy_is_shared(void)
{
    struct og_client *a = connect_client(), *b = connect_client();
    struct og_policy_set *set_a;
    int n_gets = fake.n_policy_gets;

    (void)begin(a);
    set_a = set;
    (void)begin(b);
    tap_ok(set != NULL && set == set_a && fake.n_policy_gets == n_gets,
           "connections_share_one_parsed_set");
    fake.generation++;
    push_event("policy", fake.generation, "");
    pause_ms(20);
    tap_ok(begin(a) == 0 && generation == fake.generation && fake.n_policy_gets == n_gets + 1,
           "a_new_generation_is_fetched_at_the_next_statement");
    tap_ok(set == set_a, "the_same_bytes_are_not_parsed_again");
    fake.mode = MODE_NO_POLICY;
    fake.generation++;
    push_event("policy", fake.generation, "");
    pause_ms(20);
    tap_ok(begin(a) == 0 && set == NULL, "no_good_set_is_no_set");
    fake.mode = MODE_BAD_POLICY;
    fake.generation++;
    push_event("policy", fake.generation, "");
    pause_ms(20);
    tap_ok(begin(a) < 0 && error.code == OG_ERR_UNREACHABLE, "parts_out_of_order_are_refused");
    fake.mode = MODE_GOOD;
    tap_ok(begin(a) == 0 && set != NULL, "and_the_session_goes_on_when_they_are_right");
    (void)og_client_close(a);
    (void)og_client_close(b);
}

static void test_intents(void)
{
    struct og_client *client = connect_client();
    struct og_msg_outcome outcome = {.statement = "q-0000000001", .sqlstate = "00000"};
    int n_intents = fake.n_intents;

    tap_ok(intend(client, OG_ACK_ACCEPTED) == 0, "accepted");
    tap_ok(intend(client, OG_ACK_WRITTEN) == 0 && fake.n_intents == n_intents + 2, "written");
    tap_ok(intend(client, OG_ACK_DURABLE) == 0 && fake.n_intents == n_intents + 3, "durable");
    fake.mode = MODE_SLOW;
    tap_ok(intend(client, OG_ACK_DURABLE) == 0, "durable_and_slow");
    fake.mode = MODE_GOOD;
    og_client_outcome(client, &outcome);
    og_client_note(client, "commit", "");
    for (int i = 0; i < 100; i++)
        (void)intend(client, OG_ACK_ACCEPTED);
    tap_ok(intend(client, OG_ACK_DURABLE) == 0 && fake.n_outcomes == 1,
           "many_accepted_then_durable");
    tap_ok(!og_client_is_lost(client), "nothing_is_lost");
    (void)og_client_close(client);
}

static void test_pushed_acks(void)
{
    struct og_client *client = connect_client();

    fake.n_intents = 0;
    fake.mode = MODE_PUSHED;
    tap_ok(intend(client, OG_ACK_ACCEPTED) == 0 && intend(client, OG_ACK_DURABLE) == 0,
           "an_ack_by_statement_covers_its_intent");
    fake.mode = MODE_GOOD;
    (void)og_client_close(client);
}

static void test_refusals(void)
{
    struct og_client *client = connect_client();

    fake.mode = MODE_REFUSES;
    tap_ok(intend(client, OG_ACK_ACCEPTED) == 0, "accepted_does_not_wait");
    pause_ms(50);
    tap_ok(og_client_is_lost(client), "after_a_late_refusal_no_row_goes_out");
    tap_ok(begin(client) < 0 && error.code == OG_ERR_LIMIT, "the_next_statement_tells");
    tap_ok(begin(client) == 0 && !og_client_is_lost(client), "the_one_after_runs");
    tap_ok(intend(client, OG_ACK_DURABLE) < 0 && error.code == OG_ERR_LIMIT &&
               error.retry_after_s == 7 &&
               strcmp(error.text, "too many statements; wait\nretry_after=7") == 0,
           "a_refused_intent_says_why");
    tap_ok(intend(client, OG_ACK_ACCEPTED) < 0, "after_a_refusal_accepted_waits_too");
    fake.mode = MODE_GOOD;
    tap_ok(intend(client, OG_ACK_ACCEPTED) == 0, "until_a_record_is_written_again");
    (void)og_client_close(client);
    fake.mode = MODE_NO_WELCOME;
    tap_ok(connect_client() == NULL && error.code == OG_ERR_IDENTITY, "a_refused_hello_says_why");
    fake.mode = MODE_OLD_PEER;
    tap_ok(connect_client() == NULL && error.code == OG_ERR_UNREACHABLE, "an_unknown_version");
    fake.mode = MODE_GOOD;
}

static void test_bad_frames(void)
{
    static const struct {
        enum mode mode;
        const char *name;
    } cases[] = {{MODE_TRUNCATED, "truncated"},
                 {MODE_OVERSIZED, "oversized"},
                 {MODE_GARBAGE, "garbage"},
                 {MODE_CLOSES, "closed"}};

    for (size_t i = 0; i < OG_COUNT(cases); i++) {
        struct og_client *client = connect_client();
        uint64_t epoch = og_client_epoch(client);
        int64_t started = now_ms();

        fake.mode = cases[i].mode;
        tap_ok(intend(client, OG_ACK_DURABLE) < 0 && error.code == OG_ERR_UNREACHABLE &&
                   strstr(error.text, fake.path) && now_ms() - started < 1000,
               "%s_fails_the_intent_at_once", cases[i].name);
        tap_ok(og_client_is_lost(client), "%s_loses_the_session", cases[i].name);
        tap_ok(intend(client, OG_ACK_ACCEPTED) < 0, "%s_lets_nothing_run", cases[i].name);
        fake.mode = MODE_GOOD;
        tap_ok(begin(client) == 0 && og_client_epoch(client) == epoch + 1 &&
                   intend(client, OG_ACK_DURABLE) == 0,
               "%s_then_a_new_session", cases[i].name);
        (void)og_client_close(client);
    }
}

static void test_restart(void)
{
    struct og_client *client = connect_client();
    int n_hellos = fake.n_hellos;

    stop_fake();
    pause_ms(5);
    tap_ok(og_client_is_lost(client), "a_stopped_guardfs_is_noticed_between_rows");
    start_fake();
    tap_ok(begin(client) == 0 && set != NULL && fake.n_hellos == n_hellos + 1,
           "sessions_go_on_when_it_is_back");
    tap_ok(intend(client, OG_ACK_DURABLE) == 0, "and_record_again");
    (void)og_client_close(client);
}

static void test_unreachable(void)
{
    struct og_client *client = connect_client();
    int64_t started;

    stop_fake();
    tap_ok(connect_client() == NULL && error.code == OG_ERR_UNREACHABLE &&
               strstr(error.text, "guardctl status"),
           "nobody_there_is_an_error_with_a_next_step");
    started = now_ms();
    tap_ok(begin(client) < 0 && error.code == OG_ERR_UNREACHABLE &&
               now_ms() - started <= OG_GUARD_DEADLINE_MS + 500,
           "a_statement_without_guardfs_fails_within_the_deadline");
    start_fake();
    tap_ok(begin(client) == 0, "and_runs_when_it_is_back");
    fake.mode = MODE_SILENT;
    started = now_ms();
    tap_ok(intend(client, OG_ACK_DURABLE) < 0 && error.code == OG_ERR_UNREACHABLE &&
               now_ms() - started >= OG_GUARD_DEADLINE_MS &&
               now_ms() - started <= OG_GUARD_DEADLINE_MS + 500,
           "silence_ends_at_the_deadline");
    fake.mode = MODE_GOOD;
    (void)og_client_close(client);
}

static void test_full_queue(void)
{
    struct og_client *client = connect_client();
    int64_t started = now_ms();
    int n = 0;

    fake.mode = MODE_DEAF;
    pause_ms(50);
    for (; n < 100000; n++) {
        struct og_msg_intent intent = {.ack = OG_ACK_ACCEPTED, .statement = "q-0000000001",
                                       .text = "SELECT 1"};

        if (og_client_intent(client, &intent, &error) < 0)
            break;
    }
    tap_ok(n > 0 && n < 100000 && error.code == OG_ERR_UNREACHABLE &&
               now_ms() - started >= OG_GUARD_DEADLINE_MS,
           "a_full_queue_refuses_at_the_deadline");
    tap_note("%d intents fitted", n);
    fake.mode = MODE_GOOD;
    (void)og_client_close(client);
}

struct waiter {
    struct og_client *client;
    volatile bool is_cancelled;
    struct og_client_answer answer;
    struct og_client_error error;
    int r;
};

static void *wait_for_answer(void *context)
{
    struct waiter *waiter = context;

    waiter->r = og_client_wait(waiter->client, "r-0000000001", 3000, &waiter->is_cancelled,
                               &waiter->answer, &waiter->error);
    return NULL;
}

static void test_approval(void)
{
    struct og_client *client = connect_client();
    struct og_msg_request request = {.statement = "q-0000000001", .text = "DELETE"};
    struct waiter waiter = {.client = client};
    struct og_client_answer answer = {.text = NULL};
    pthread_t thread;
    int64_t started;
    int n_ok = 0;

    tap_ok(og_client_request(client, &request, &answer, &error) == 0 &&
               strcmp(answer.state, "pending") == 0 &&
               strcmp(answer.request, "r-0000000001") == 0,
           "a_request_is_made");
    fake.answer_after_ms = 400;
    started = now_ms();
    (void)pthread_create(&thread, NULL, wait_for_answer, &waiter);
    pause_ms(50);
    for (int i = 0; i < 20; i++)
        n_ok += intend(client, OG_ACK_DURABLE) == 0;
    tap_ok(n_ok == 20 && now_ms() - started < 350, "a_wait_does_not_hold_up_other_statements");
    (void)pthread_join(thread, NULL);
    tap_ok(waiter.r == 0 && strcmp(waiter.answer.state, "approved") == 0 &&
               strcmp(waiter.answer.answered_by, "carol") == 0,
           "the_answer_reaches_who_waits");
    fake.answer_after_ms = 60000;
    (void)pthread_create(&thread, NULL, wait_for_answer, &waiter);
    pause_ms(50);
    started = now_ms();
    waiter.is_cancelled = true;
    (void)pthread_join(thread, NULL);
    tap_ok(waiter.r == 0 && strcmp(waiter.answer.state, "pending") == 0 &&
               now_ms() - started < 200,
           "a_cancelled_wait_ends_soon_and_is_pending");
    waiter.is_cancelled = false;
    (void)pthread_create(&thread, NULL, wait_for_answer, &waiter);
    pause_ms(50);
    push_event("kill", 0, "maintenance");
    (void)pthread_join(thread, NULL);
    tap_ok(waiter.r < 0 && waiter.error.code == OG_ERR_DENIED &&
               strstr(waiter.error.text, "maintenance"),
           "a_killed_session_ends_its_waits");
    tap_ok(begin(client) < 0 && intend(client, OG_ACK_ACCEPTED) < 0 && og_client_is_lost(client),
           "and_runs_nothing_any_more");
    (void)og_client_close(client);
}

static void test_fork(void)
{
    struct og_client *client = connect_client();
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        bool is_refused = begin(client) < 0 && error.code == OG_ERR_UNREACHABLE &&
                          strstr(error.text, "fork") && intend(client, OG_ACK_ACCEPTED) < 0 &&
                          og_client_is_lost(client);

        (void)og_client_close(client);
        client = connect_client();
        _exit(is_refused && client && intend(client, OG_ACK_DURABLE) == 0 ? 0 : 1);
    }
    (void)waitpid(child, &status, 0);
    tap_ok(status == 0, "a_child_is_refused_its_parent_s_session_and_may_open_its_own");
    tap_ok(begin(client) == 0 && intend(client, OG_ACK_DURABLE) == 0,
           "the_parent_s_session_is_unharmed_by_the_child_s_close");
    (void)og_client_close(client);
}

#define N_THREADS 6

static void *write_many(void *context)
{
    uintptr_t n_ok = 0;

    for (int i = 0; i < 200; i++) {
        struct og_msg_intent intent = {.ack = i % 3 == 0 ? OG_ACK_ACCEPTED : OG_ACK_DURABLE};
        struct og_client_error why;
        char id[13];

        if (og_client_statement_id(context, id, &why) < 0)
            continue;
        intent.statement = id;
        n_ok += og_client_intent(context, &intent, &why) == 0;
    }
    return (void *)n_ok;
}

static void test_threads(void)
{
    struct og_client *client = connect_client();
    pthread_t threads[N_THREADS];
    uintptr_t n_ok = 0;

    for (size_t i = 0; i < N_THREADS; i++)
        (void)pthread_create(&threads[i], NULL, write_many, client);
    for (size_t i = 0; i < N_THREADS; i++) {
        void *n;

        (void)pthread_join(threads[i], &n);
        n_ok += (uintptr_t)n;
    }
    tap_ok(n_ok == N_THREADS * 200, "threads_of_one_connection_record_side_by_side");
    (void)og_client_close(client);
}

int main(void)
{
    char folder[] = "/tmp/og-client-XXXXXX";
    int n_files;

    if (!mkdtemp(folder))
        return 1;
    (void)snprintf(fake.path, sizeof(fake.path), "%s/guard.sock", folder);
    og_buf_init(&fake.out, OG_MAX_FRAME_BYTES);
    fake.generation = 1;
    start_fake();
    n_files = count_files();
    test_session();
    test_policy_is_shared();
    test_intents();
    test_pushed_acks();
    test_refusals();
    test_bad_frames();
    test_restart();
    test_approval();
    test_fork();
    test_threads();
    test_unreachable();
    test_full_queue();
    pause_ms(50);
    tap_ok(count_files() == n_files, "no_descriptor_is_left_open");
    stop_fake();
    og_buf_release(&fake.out);
    (void)rmdir(folder);
    return tap_done();
}

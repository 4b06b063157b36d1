/* SPDX-License-Identifier: MIT */
/* Hello and welcome; opening again after a loss. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver/client_parts.h"

#define NS_PER_MS 1000000LL
#define MAX_SESSION_BYTES (1024u * 1024u)
/* Between the names of one chain member in a welcome. */
#define NAME_SEPARATOR '\x1f'

void og_client_error_from(const struct og_msg_refused *refused, struct og_client_error *error)
{
    char retry[32] = "";

    *error = (struct og_client_error){
        .code = refused->error > OG_ERR_NONE && refused->error < OG_ERR_COUNT
                    ? (enum og_err)refused->error
                    : OG_ERR_REFUSED,
        .retry_after_s = refused->retry_after_s,
        .use_broker = refused->use_broker != 0,
    };
    if (refused->retry_after_s)
        (void)snprintf(retry, sizeof(retry), "\nretry_after=%u", (unsigned)refused->retry_after_s);
    (void)snprintf(error->text, sizeof(error->text), "%.300s%s%.150s%s",
                   refused->reason[0] ? refused->reason : "refused by guardfs",
                   refused->instead[0] ? "; " : "", refused->instead, retry);
}

void og_session_release(struct og_session_slot *slot)
{
    og_arena_release(&slot->arena);
    free(slot);
}

/* Unknown words read as the strictest. */
static enum og_ack ack_from_word(const char *word)
{
    if (strcmp(word, "accepted") == 0)
        return OG_ACK_ACCEPTED;
    return strcmp(word, "written") == 0 ? OG_ACK_WRITTEN : OG_ACK_DURABLE;
}

static const char *name_of_kind(const struct og_principal *member, const char *prefix)
{
    for (size_t i = 0; i < member->n_names; i++)
        if (strncmp(member->names[i], prefix, strlen(prefix)) == 0)
            return member->names[i];
    return NULL;
}

/* The one name that texts use: the person, else the agent, else the uid. */
static const char *display_of(const struct og_principal *member)
{
    static const char *const prefixes[] = {"user:", "agent:", "uid:"};

    for (size_t i = 0; i < OG_COUNT(prefixes); i++) {
        const char *name = name_of_kind(member, prefixes[i]);

        if (name)
            return name[0] == 'u' && name[1] == 'i' ? name : name + strlen(prefixes[i]);
    }
    return member->n_names ? member->names[0] : "nobody";
}

/* "person", then the names. Returns false when it is neither a person nor an agent. */
static bool fill_member(struct og_arena *arena, const char *item, struct og_principal *out)
{
    char *text = og_arena_strdup(arena, item), *at = text;
    size_t n_parts = 1;
    const char **names;

    for (const char *c = item; *c; c++)
        n_parts += *c == NAME_SEPARATOR;
    names = og_arena_array(arena, n_parts, sizeof(*names));
    if (!text || !names)
        return false;
    at = strchr(text, NAME_SEPARATOR);
    while (at) {
        *at++ = '\0';
        names[out->n_names++] = at;
        at = strchr(at, NAME_SEPARATOR);
    }
    out->names = names;
    out->is_person = strcmp(text, "person") == 0;
    out->display = display_of(out);
    return out->is_person || strcmp(text, "agent") == 0;
}

static bool fill_chain(struct og_session_slot *slot, const struct og_msg_welcome *welcome)
{
    size_t n = welcome->members.n_items;
    struct og_principal *members = og_arena_array(&slot->arena, n + 1, sizeof(*members));

    if (!members || n == 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!fill_member(&slot->arena, welcome->members.items[i], &members[i]))
            return false;
    if (n == 1 && welcome->display[0])
        members[0].display = og_arena_strdup(&slot->arena, welcome->display);
    slot->chain = (struct og_principal_chain){
        .members = members,
        .n_members = n,
        .evidence = og_evidence_from_word(welcome->evidence),
    };
    if (slot->chain.evidence >= OG_EVIDENCE_COUNT)
        slot->chain.evidence = OG_EVIDENCE_ASSERTED;
    return true;
}

static bool fill_session(struct og_session_slot *slot, const struct og_msg_welcome *welcome)
{
    size_t n_labels = welcome->target_labels.n_items;
    const char **labels = og_arena_array(&slot->arena, n_labels + 1, sizeof(*labels));

    if (!labels || !fill_chain(slot, welcome))
        return false;
    for (size_t i = 0; i < n_labels; i++)
        labels[i] = og_arena_strdup(&slot->arena, welcome->target_labels.items[i]);
    slot->session = (struct og_client_session){
        .id = og_arena_strdup(&slot->arena, welcome->session),
        .chain = &slot->chain,
        .target_labels = labels,
        .n_target_labels = n_labels,
        .ack_read = ack_from_word(welcome->ack_read),
        .ack_write = ack_from_word(welcome->ack_write),
        .is_read_only = welcome->is_read_only != 0,
    };
    slot->statement_base = welcome->statement_base;
    slot->statement_count = welcome->statement_count;
    slot->policy_generation = welcome->policy_generation;
    return !og_arena_is_failed(&slot->arena);
}

struct welcome {
    struct og_session_slot *slot;
    bool is_good;
};

static bool take_welcome(void *context, const struct og_msg *msg)
{
    struct welcome *welcome = context;

    welcome->is_good = msg->kind == OG_MSG_WELCOME &&
                       msg->as.welcome.version >= OG_PROTO_VERSION_MIN &&
                       msg->as.welcome.version <= OG_PROTO_VERSION &&
                       fill_session(welcome->slot, &msg->as.welcome);
    return true;
}

static void adopt(struct og_client *client, struct og_session_slot *slot)
{
    slot->next = client->slots;
    client->slots = slot;
    client->next_statement = slot->statement_base;
    client->last_statement = slot->statement_base + slot->statement_count;
    client->announced_generation = slot->policy_generation;
    client->has_policy = false;
    client->has_late_error = false;
    client->is_in_session = true;
}

int og_session_open(struct og_client *client, int64_t deadline_ns, bool *is_final,
                    struct og_client_error *error)
{
    struct welcome welcome = {.slot = calloc(1, sizeof(*welcome.slot))};
    struct og_wire_wait wait = {.take = take_welcome, .context = &welcome};
    int r;

    *is_final = false;
    if (!welcome.slot)
        return og_wire_unreachable(client, "out of memory", error);
    og_arena_init(&welcome.slot->arena, MAX_SESSION_BYTES);
    r = og_wire_connect(client, deadline_ns, error);
    if (r == 0)
        r = og_wire_send_frame(client, client->hello.bytes, client->hello.n_bytes, &wait,
                               deadline_ns, error);
    if (r == 0)
        r = og_wire_await(client, &wait, deadline_ns, NULL, error);
    *is_final = r < 0 && (wait.is_refused || client->is_killed);
    if (r == 0 && !welcome.is_good) {
        r = og_wire_unreachable(client, "it speaks another version of the protocol", error);
        *is_final = true;
    }
    if (r < 0) {
        og_wire_close(client);
        og_session_release(welcome.slot);
        return r;
    }
    adopt(client, welcome.slot);
    return 0;
}

static void sleep_unlocked(struct og_client *client, int64_t ns)
{
    struct timespec time = {.tv_sec = ns / 1000000000LL, .tv_nsec = ns % 1000000000LL};

    (void)pthread_mutex_unlock(&client->lock);
    (void)nanosleep(&time, NULL);
    (void)pthread_mutex_lock(&client->lock);
}

int og_session_reopen(struct og_client *client, int64_t deadline_ns,
                      struct og_client_error *error)
{
    int64_t pause_ns = 20 * NS_PER_MS;

    for (;;) {
        bool is_final;
        int r = og_session_open(client, deadline_ns, &is_final, error);

        if (r == 0 || is_final || og_wire_now_ns() + pause_ns >= deadline_ns)
            return r;
        sleep_unlocked(client, pause_ns);
        if (pause_ns < 640 * NS_PER_MS)
            pause_ns *= 2;
    }
}

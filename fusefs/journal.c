/* SPDX-License-Identifier: MIT */
/* What goes into the ledger, and the group commit: all records of a round are written by one flush and
 * made durable by one sync, and only then are their intents acknowledged. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fusefs/server_parts.h"
#include "fusefs/undo_store.h"

#define ANCHOR_MS 1000
/* record.c cuts lines at the ceiling; room for it to see that it must. */
#define LINE_BYTES (2u * OG_MAX_RECORD_BYTES)

/* One ledger, one thread: one line is made at a time. */
static struct og_buf line;

static void count(struct og_daemon *daemon, int r)
{
    if (r == 0)
        daemon->counters.records++;
    else
        daemon->counters.record_errors++;
}

static void refuse_from(struct og_daemon *daemon, uint64_t sequence, int error);

static int append_line(struct og_daemon *daemon)
{
    struct og_ledger_head head;
    int r = og_buf_is_failed(&line)
                ? -ENOMEM
                : og_ledger_append(daemon->ledger, og_buf_str(&line), line.n_bytes);

    count(daemon, r);
    /* An append that tried to write may have lost what was queued: its numbers come again, and must
     * not acknowledge the intents that had them first. */
    if (r < 0) {
        og_ledger_next(daemon->ledger, &head);
        refuse_from(daemon, head.sequence, r);
    }
    return r;
}

int og_daemon_event(struct og_daemon *daemon, const struct og_record_who *who, const char *record,
                    const char *what, const char *correlation, const char *message,
                    const struct og_record_pair *pairs, size_t n_pairs)
{
    const struct og_record_who self = {.display = "guardfs",
                                       .evidence = "peer",
                                       .uid = geteuid(),
                                       .gid = getegid(),
                                       .pid = getpid(),
                                       .login_uid = UINT32_MAX,
                                       .reported_by = "guardfs"};
    struct og_ledger_head head;

    if (!who)
        who = &self;
    if (line.max_bytes == 0)
        og_buf_init(&line, LINE_BYTES);
    og_buf_clear(&line);
    og_ledger_next(daemon->ledger, &head);
    og_record_line_event(&head, who, record, what, correlation, message, pairs, n_pairs, &line);
    return append_line(daemon);
}

int og_journal_intent(struct og_connection *connection, uint32_t correlation,
                      const struct og_msg_intent *intent)
{
    struct og_daemon *daemon = connection->daemon;
    struct og_unacked *unacked = calloc(1, sizeof(*unacked));
    struct og_ledger_head head;
    char hmac[65];
    int r;

    if (!unacked)
        return -ENOMEM;
    r = og_ledger_keyed(daemon->ledger, intent->text_sha256.bytes, intent->text_sha256.n_bytes,
                        hmac);
    if (r == 0) {
        og_buf_clear(&line);
        og_ledger_next(daemon->ledger, &head);
        og_record_line_intent(&head, &connection->session->who, intent, hmac, &line);
        r = append_line(daemon);
    }
    if (r != 0) {
        free(unacked);
        return r;
    }
    unacked->sequence = head.sequence;
    unacked->correlation = correlation;
    unacked->ack = intent->ack;
    (void)snprintf(unacked->statement, sizeof(unacked->statement), "%s", intent->statement);
    *connection->unacked_end = unacked;
    connection->unacked_end = &unacked->next;
    return 0;
}

int og_journal_outcome(struct og_connection *connection, const struct og_msg_outcome *outcome)
{
    struct og_ledger_head head;

    og_buf_clear(&line);
    og_ledger_next(connection->daemon->ledger, &head);
    og_record_line_outcome(&head, &connection->session->who, outcome, &line);
    return append_line(connection->daemon);
}

void og_journal_refuse(struct og_connection *connection, uint32_t correlation, int error)
{
    char reason[256];

    (void)snprintf(reason, sizeof(reason), "the ledger cannot be written: %s",
                   strerror(error < 0 ? -error : error));
    og_connection_refuse(connection, correlation, OG_ERR_UNREACHABLE, reason,
                         error == -ENOSPC || error == -EDQUOT
                             ? "free space under guardfs' state folder"
                             : "ask who runs guardfs to see to its state folder");
}

/* Acknowledges the intents up to a sequence, with one ACK; those that asked for durable count only up
 * to durable. */
static void acknowledge(struct og_connection *connection, uint64_t written, uint64_t durable)
{
    struct og_unacked *last = NULL;

    while (connection->unacked) {
        struct og_unacked *first = connection->unacked;

        if (first->sequence > written ||
            (first->ack >= OG_ACK_DURABLE && first->sequence > durable))
            break;
        connection->unacked = first->next;
        free(last);
        last = first;
    }
    if (!connection->unacked)
        connection->unacked_end = &connection->unacked;
    if (last) {
        struct og_msg_ack ack = {.sequence = last->sequence, .statement = last->statement};

        og_connection_send(connection, OG_MSG_ACK, last->correlation, &ack);
    }
    free(last);
}

static void refuse_from(struct og_daemon *daemon, uint64_t sequence, int error)
{
    for (struct og_connection *c = og_server_connections(daemon); c; c = c->next) {
        struct og_unacked **at = &c->unacked;

        while (*at && (*at)->sequence < sequence)
            at = &(*at)->next;
        c->unacked_end = at;
        while (*at) {
            struct og_unacked *lost = *at;

            *at = lost->next;
            og_journal_refuse(c, lost->correlation, error);
            free(lost);
        }
    }
}

static void refuse_rest(struct og_connection *connection, int error)
{
    while (connection->unacked) {
        struct og_unacked *first = connection->unacked;

        connection->unacked = first->next;
        og_journal_refuse(connection, first->correlation, error);
        free(first);
    }
    connection->unacked_end = &connection->unacked;
}

static bool wants_durable(struct og_daemon *daemon, uint64_t written)
{
    for (struct og_connection *c = og_server_connections(daemon); c; c = c->next)
        for (const struct og_unacked *u = c->unacked; u; u = u->next)
            if (u->ack >= OG_ACK_DURABLE && u->sequence <= written)
                return true;
    return false;
}

static void commit(void *context)
{
    struct og_daemon *daemon = context;
    int flushed = og_ledger_flush(daemon->ledger), synced = 0;
    uint64_t written = og_ledger_written(daemon->ledger), durable;

    if (flushed < 0)
        daemon->counters.record_errors++;
    /* A number that failed is given again: what was promised under it must not count. */
    if (flushed < 0 && og_ledger_failed_from(daemon->ledger) <= written)
        written = og_ledger_failed_from(daemon->ledger) - 1;
    if (wants_durable(daemon, written))
        synced = og_ledger_sync(daemon->ledger);
    durable = synced == 0 ? og_ledger_durable(daemon->ledger) : 0;
    for (struct og_connection *c = og_server_connections(daemon); c; c = c->next) {
        acknowledge(c, written, durable);
        if (c->unacked)
            refuse_rest(c, flushed < 0 ? flushed : synced < 0 ? synced : -EIO);
    }
}

int og_daemon_commit(struct og_daemon *daemon)
{
    int r = og_ledger_flush(daemon->ledger);

    if (r < 0) {
        daemon->counters.record_errors++;
        refuse_from(daemon, og_ledger_failed_from(daemon->ledger), r);
        return r;
    }
    return og_ledger_sync(daemon->ledger); /* intents are acknowledged at the round's end */
}

static void each_second(void *context)
{
    struct og_daemon *daemon = context;
    int error = og_ledger_error(daemon->ledger);
    int r;

    if (error) {
        char from[24];
        struct og_record_pair pair = {"from_sequence", from};

        (void)snprintf(from, sizeof(from), "%" PRIu64, og_ledger_failed_from(daemon->ledger));
        (void)og_daemon_event(daemon, NULL, "daemon", "note", "",
                              "the ledger can be written again; records from this sequence on were "
                              "refused meanwhile",
                              &pair, 1);
    } else {
        r = og_ledger_anchor(daemon->ledger, ANCHOR_MS);
        if (r < 0)
            daemon->counters.record_errors++;
    }
    og_session_sweep(daemon, og_now_unix_ms());
    og_undo_store_sweep(daemon->undo, og_now_unix_ms());
    /* Without memory for a timer there are no anchors: stop rather than go on unsigned. */
    if (!og_loop_after(daemon->loop, ANCHOR_MS, each_second, daemon))
        og_loop_stop(daemon->loop);
}

int og_journal_open(struct og_daemon *daemon)
{
    int r = og_loop_at_round_end(daemon->loop, commit, daemon);

    if (line.max_bytes == 0)
        og_buf_init(&line, LINE_BYTES);
    if (r == 0 && !og_loop_after(daemon->loop, ANCHOR_MS, each_second, daemon))
        r = -ENOMEM;
    return r;
}

void og_journal_close(struct og_daemon *daemon)
{
    commit(daemon);
    (void)og_ledger_anchor(daemon->ledger, 0);
    og_buf_release(&line);
}

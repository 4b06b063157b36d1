/* SPDX-License-Identifier: MIT */
/* undo_serve.c - undo sets on the socket: kept before their write is committed, told of what became of it,
 * handed out to whoever takes them back. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/limits.h"
#include "fusefs/server_parts.h"
#include "fusefs/undo_store.h"

#define PART_BYTES (64u * 1024u)
#define MAX_REPORT_BYTES (64u * 1024u)

bool og_undo_may_see(struct og_daemon *daemon, const struct og_undo_kept *kept, uint32_t uid)
{
    static const char *const roles[] = {"auditor", "approver", "admin"};

    if (uid == kept->uid || uid == 0 || uid == geteuid())
        return true;
    for (size_t i = 0; i < OG_COUNT(roles); i++)
        if (og_config_uid_has_role(daemon->config, uid, roles[i]))
            return true;
    return false;
}

static void event(struct og_daemon *daemon, const struct og_session *session,
                  const struct og_undo_kept *kept, const char *what, const char *message)
{
    char rows[24], bytes[24];
    struct og_record_pair pairs[] = {
        {"undo", kept->id},         {"statement", kept->statement}, {"rows", rows},
        {"bytes", bytes},           {"summary", kept->summary},
        {"state", og_undo_state_word(kept->state)},
        {"partly", kept->partly},   {"takes_back", kept->takes_back},
        {"taken_back_by", kept->taken_back_by}};

    (void)snprintf(rows, sizeof(rows), "%" PRIu64, kept->n_rows);
    (void)snprintf(bytes, sizeof(bytes), "%" PRIu64, kept->n_bytes);
    (void)og_daemon_event(daemon, session ? &session->who : NULL, "undo", what, kept->id, message,
                          pairs, OG_COUNT(pairs));
}

/* ---- keeping ---- */

static void refuse(struct og_connection *connection, uint32_t correlation, int r)
{
    char reason[160];

    connection->upload = og_undo_upload_drop(connection->upload);
    (void)snprintf(reason, sizeof(reason), "the undo set cannot be kept: %s", strerror(-r));
    og_connection_refuse(connection, correlation, OG_ERR_UNREACHABLE, reason,
                         r == -ENOSPC || r == -EDQUOT ? "free space under guardfs' state folder"
                                                      : "ask who runs guardfs to see to its state "
                                                        "folder");
}

static char *copy(const char *text)
{
    return strdup(text ? text : "");
}

static char *join_lines(const struct og_list *list)
{
    struct og_buf text;

    og_buf_init(&text, MAX_REPORT_BYTES);
    for (size_t i = 0; i < list->n_items && i < 100; i++)
        og_buf_printf(&text, "%.200s\n", list->items[i]);
    return og_buf_take(&text);
}

static struct og_undo_kept *begin_kept(struct og_connection *connection,
                                       const struct og_msg_undo_put *put)
{
    struct og_undo_kept *kept = calloc(1, sizeof(*kept));
    const struct og_session *session = connection->session;
    uint64_t number;

    if (!kept || og_daemon_take_numbers(connection->daemon, OG_ID_UNDO, 1, &number) < 0) {
        free(kept);
        return NULL;
    }
    og_id_format(OG_ID_UNDO, number, kept->id);
    (void)snprintf(kept->statement, sizeof(kept->statement), "%.12s", put->statement);
    (void)snprintf(kept->session, sizeof(kept->session), "%.12s", session->id);
    kept->uid = session->peer.uid;
    kept->created_ms = og_now_unix_ms();
    kept->principal = copy(session->who.display);
    kept->target = copy(session->who.target);
    kept->dsn = copy(session->who.dsn);
    kept->database = copy(session->who.database);
    kept->report = copy("");
    kept->policy = copy(put->policy);
    if (kept->principal && kept->target && kept->dsn && kept->database && kept->report && kept->policy)
        return kept;
    free(kept->principal);
    free(kept->target);
    free(kept->dsn);
    free(kept->database);
    free(kept->report);
    free(kept->policy);
    free(kept);
    return NULL;
}

/* What comes with the last part. Returns: 0; -ENOMEM. */
static int fill_kept(struct og_connection *connection, struct og_undo_kept *kept,
                     const struct og_msg_undo_put *put)
{
    kept->n_rows = put->n_rows;
    kept->expires_ms = kept->created_ms + (int64_t)(put->keep_s < INT32_MAX ? put->keep_s : INT32_MAX) * 1000;
    kept->summary = copy(put->summary);
    kept->partly = join_lines(&put->partly);
    kept->connection = connection;
    if (og_id_is_valid(OG_ID_UNDO, put->takes_back))
        (void)snprintf(kept->takes_back, sizeof(kept->takes_back), "%s", put->takes_back);
    return kept->summary && kept->partly ? 0 : -ENOMEM;
}

void og_undo_handle_put(struct og_connection *connection, const struct og_msg *msg)
{
    const struct og_msg_undo_put *put = &msg->as.undo_put;
    struct og_msg_undo_kept answer = {.undo = ""};
    struct og_undo_kept *kept;
    int r = 0;

    if (put->part == 0) {
        connection->upload = og_undo_upload_drop(connection->upload);
        connection->upload_error = 0;
        kept = begin_kept(connection, put);
        r = kept ? og_undo_upload_begin(connection->daemon->undo, kept, &connection->upload) : -ENOMEM;
    }
    if (r == 0 && !connection->upload)
        r = connection->upload_error ? connection->upload_error : -EPROTO;
    if (r == 0)
        r = og_undo_upload_put(connection->upload, put->bytes.bytes, put->bytes.n_bytes, put->is_last);
    if (r == 0 && put->is_last)
        r = fill_kept(connection, og_undo_upload_kept(connection->upload), put);
    if (r < 0 && !put->is_last) { /* only the last one is waited for */
        connection->upload = og_undo_upload_drop(connection->upload);
        connection->upload_error = r;
        return;
    }
    if (r < 0) {
        refuse(connection, msg->correlation, r);
        return;
    }
    if (!put->is_last)
        return;
    r = og_undo_upload_finish(connection->upload, &kept);
    connection->upload = NULL;
    if (r < 0) {
        refuse(connection, msg->correlation, r);
        return;
    }
    event(connection->daemon, connection->session, kept, "kept", "an undo set was kept");
    answer.undo = kept->id;
    og_connection_send(connection, OG_MSG_UNDO_KEPT, msg->correlation, &answer);
}

/* ---- what became of it ---- */

static bool set_state(struct og_undo_kept *kept, const struct og_connection *connection,
                      const char *word)
{
    static const struct {
        const char *word;
        enum og_undo_state state;
        bool is_of_write;
    } rows[] = {{"committed", OG_UNDO_COMMITTED, true},
                {"rolled-back", OG_UNDO_ROLLED_BACK, true},
                {"unclear", OG_UNDO_UNCLEAR, true},
                {"undone", OG_UNDO_UNDONE, false},
                {"partly-undone", OG_UNDO_PARTLY_UNDONE, false},
                {"never-was", OG_UNDO_ROLLED_BACK, false}};

    for (size_t i = 0; i < OG_COUNT(rows); i++) {
        if (strcmp(rows[i].word, word) != 0)
            continue;
        if (kept->state == OG_UNDO_FORGOTTEN ||
            (rows[i].is_of_write &&
             (kept->connection != connection || kept->state != OG_UNDO_OPEN)))
            return false;
        kept->state = rows[i].state;
        if (rows[i].is_of_write)
            kept->connection = NULL;
        return true;
    }
    return strcmp(word, "conflict") == 0 || strcmp(word, "checked") == 0;
}

void og_undo_handle_end(struct og_connection *connection, const struct og_msg *msg)
{
    const struct og_msg_undo_end *end = &msg->as.undo_end;
    struct og_undo_kept *kept = og_id_is_valid(OG_ID_UNDO, end->undo)
                                    ? og_undo_store_find(connection->daemon->undo, end->undo)
                                    : NULL;
    char *report = NULL;

    if (!kept || !og_undo_may_see(connection->daemon, kept, connection->session->peer.uid) ||
        strcmp(kept->target, connection->session->who.target) != 0 ||
        !set_state(kept, connection, end->state)) {
        og_server_record_refused(connection, "word of an undo set that is not this session's");
        return;
    }
    if (end->report.n_bytes && end->report.n_bytes <= MAX_REPORT_BYTES)
        report = strndup((const char *)end->report.bytes, end->report.n_bytes);
    if (report) {
        free(kept->report);
        kept->report = report;
    }
    if (og_id_is_valid(OG_ID_UNDO, end->by))
        (void)snprintf(kept->taken_back_by, sizeof(kept->taken_back_by), "%s", end->by);
    if (og_undo_store_note(connection->daemon->undo, kept) < 0)
        connection->daemon->counters.record_errors++;
    event(connection->daemon, connection->session, kept, end->state, "word of an undo set");
}

void og_undo_connection_gone(struct og_connection *connection)
{
    connection->upload = og_undo_upload_drop(connection->upload);
    og_buf_wipe(&connection->undo_bytes);
    connection->undo_asked[0] = '\0';
    for (struct og_undo_kept *kept = og_undo_store_first(connection->daemon->undo); kept;
         kept = kept->next) {
        if (kept->connection != connection)
            continue;
        kept->connection = NULL;
        kept->state = OG_UNDO_UNCLEAR;
        if (og_undo_store_save(connection->daemon->undo, kept) < 0)
            connection->daemon->counters.record_errors++;
        event(connection->daemon, NULL, kept, "unclear",
              "the client ended before it told whether the write was committed");
    }
}

/* ---- handing out ---- */

static int fetch(struct og_connection *connection, const struct og_undo_kept *kept)
{
    int r;

    og_buf_wipe(&connection->undo_bytes);
    og_buf_init(&connection->undo_bytes, OG_MAX_UNDO_BYTES);
    r = og_undo_store_read(connection->daemon->undo, kept, &connection->undo_bytes);
    (void)snprintf(connection->undo_asked, sizeof(connection->undo_asked), "%s",
                   r == 0 ? kept->id : "");
    if (r == 0)
        event(connection->daemon, connection->session, kept, "handed out",
              "an undo set was handed out to be taken back");
    return r;
}

void og_undo_handle_get(struct og_connection *connection, const struct og_msg *msg)
{
    const struct og_msg_undo_get *get = &msg->as.undo_get;
    struct og_undo_kept *kept = og_id_is_valid(OG_ID_UNDO, get->undo)
                                    ? og_undo_store_find(connection->daemon->undo, get->undo)
                                    : NULL;
    struct og_msg_undo_part part = {.undo = get->undo, .offset = get->offset};
    const struct og_buf *bytes = &connection->undo_bytes;
    size_t left;

    if (!kept || !og_undo_may_see(connection->daemon, kept, connection->session->peer.uid) ||
        strcmp(kept->target, connection->session->who.target) != 0) {
        og_connection_refuse(connection, msg->correlation, OG_ERR_REFUSED,
                             "there is no such undo set of yours for this target",
                             "see undo/ in guardfs' mount, or `guardctl ls undo`");
        return;
    }
    if (kept->state == OG_UNDO_FORGOTTEN || kept->state == OG_UNDO_ROLLED_BACK) {
        og_connection_refuse(connection, msg->correlation, OG_ERR_REFUSED,
                             kept->state == OG_UNDO_FORGOTTEN
                                 ? "the undo set was forgotten: its key is deleted"
                                 : "its write was rolled back: there is nothing to take back",
                             "");
        return;
    }
    if (strcmp(connection->undo_asked, kept->id) != 0 && fetch(connection, kept) < 0) {
        og_connection_refuse(connection, msg->correlation, OG_ERR_REFUSED,
                             "the undo set cannot be read: its key or its bytes are not what was sealed",
                             "restore guardfs' state folder from a copy");
        return;
    }
    left = get->offset < bytes->n_bytes ? bytes->n_bytes - (size_t)get->offset : 0;
    part.state = og_undo_state_word(kept->state);
    part.size = bytes->n_bytes;
    part.bytes = (struct og_bytes){(const uint8_t *)og_buf_str(bytes) + (bytes->n_bytes - left),
                                   left < PART_BYTES ? left : PART_BYTES};
    og_connection_send(connection, OG_MSG_UNDO_PART, msg->correlation, &part);
    if (part.bytes.n_bytes == left) {
        og_buf_wipe(&connection->undo_bytes);
        connection->undo_asked[0] = '\0';
    }
}

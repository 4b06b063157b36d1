/* SPDX-License-Identifier: MIT */
/* undo_run.c - taking an undo set back over the credentials that guardfs holds: a worker of its own says
 * `odbcguard undo u-...` as whoever saved the file, so that the policies decide it and the ledger has it
 * like any other write. guardfs itself never speaks to the database. */
#define _GNU_SOURCE 1
#include <config.h> /* the build's, not fusefs/config.h */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/decide.h"
#include "fusefs/broker.h"
#include "fusefs/undo_store.h"

#define MAX_ANSWER_BYTES (60u * 1024u)

struct undo_run {
    struct og_daemon *daemon;
    char id[OG_ID_BYTES];
    int link, cancel;
    struct og_buf answer;
};

bool og_undo_can_run(const struct og_daemon *daemon, const struct og_undo_kept *kept)
{
    return daemon->vault_fd >= 0 && og_config_connect(daemon->config, kept->target) != NULL;
}

static void set_report(struct og_undo_kept *kept, const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        return;
    free(kept->report);
    kept->report = copy;
}

/* What the set itself was told stays: the conflicts, row by row. Else why it never came to that. */
static void note_answer(struct undo_run *run, struct og_undo_kept *kept)
{
    const char *text = og_buf_str(&run->answer);
    bool is_done = strncmp(text, "done\n", 5) == 0;
    struct og_buf report;

    kept->is_running = false;
    if (strcmp(kept->report, OG_UNDO_UNDER_WAY) != 0)
        return;
    og_buf_init(&report, MAX_ANSWER_BYTES + 256);
    if (is_done)
        og_buf_append_str(&report, text + 5);
    else if (strncmp(text, "not done\n", 9) == 0)
        og_buf_printf(&report, "it was not taken back: %s", text + 9);
    else
        og_buf_append_str(&report, "its worker ended before it told what came of it: the rows say, see "
                                   "guardctl undo --check\n");
    set_report(kept, og_buf_str(&report));
    og_buf_release(&report);
    if (og_undo_store_save(run->daemon->undo, kept) < 0)
        run->daemon->counters.record_errors++;
}

static void finish(struct undo_run *run)
{
    struct og_undo_kept *kept = og_undo_store_find(run->daemon->undo, run->id);

    if (kept)
        note_answer(run, kept);
    og_loop_remove(run->daemon->loop, run->link);
    (void)close(run->link);
    (void)close(run->cancel);
    og_buf_wipe(&run->answer);
    free(run);
}

static void ready(void *context, uint32_t events OG_UNUSED)
{
    struct undo_run *run = context;
    char bytes[4096];
    ssize_t n = recv(run->link, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n > 0)
        og_buf_append(&run->answer, bytes, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        finish(run);
}

static struct undo_run *new_run(struct og_daemon *daemon, const struct og_undo_kept *kept)
{
    struct undo_run *run = calloc(1, sizeof(*run));

    if (!run)
        return NULL;
    run->daemon = daemon;
    memcpy(run->id, kept->id, sizeof(run->id));
    og_buf_init(&run->answer, MAX_ANSWER_BYTES);
    return run;
}

int og_undo_run(struct og_daemon *daemon, struct og_undo_kept *kept, uint32_t uid, const char *rows,
                const char **why)
{
    const struct og_msg_broker ask = {
        .version_min = OG_PROTO_VERSION_MIN, .version_max = OG_PROTO_VERSION,
        .product = "odbcguard " PACKAGE_VERSION, .target = kept->target, .dsn = kept->dsn,
        .app = "undo/apply", .purpose = "", .ticket = "", .token = "", .traceparent = ""};
    struct undo_run *run;
    char statement[320];
    int r;

    *why = "it is being taken back already";
    if (kept->is_running)
        return -EBUSY;
    *why = "memory is short";
    run = new_run(daemon, kept);
    if (!run)
        return -ENOMEM;
    (void)snprintf(statement, sizeof(statement), "odbcguard undo %s%s%s", kept->id,
                   *rows ? " rows " : "", rows);
    r = og_broker_run(daemon, uid, &ask, statement, &run->link, &run->cancel, why);
    if (r == 0) {
        r = og_loop_add(daemon->loop, run->link, EPOLLIN, ready, run);
        if (r < 0) { /* the worker ends with its descriptors */
            (void)close(run->link);
            (void)close(run->cancel);
        }
    }
    if (r < 0) {
        free(run);
        return r;
    }
    kept->is_running = true;
    set_report(kept, OG_UNDO_UNDER_WAY);
    return 0;
}

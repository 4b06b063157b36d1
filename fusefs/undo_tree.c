/* SPDX-License-Identifier: MIT */
/* undo_tree.c - undo/ in the mount: what each set is, its rows, and where it is taken back. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/decide.h"
#include "common/limits.h"
#include "common/undo.h"
#include "fusefs/tree_parts.h"
#include "fusefs/undo_store.h"

#define MAX_ARENA_BYTES (512u * 1024u * 1024u)
/* Sets that the folder lists, the newest; older ones are found by name. */
#define MAX_LISTED 2000u

void list_undo(struct og_daemon *daemon, const struct og_found *found OG_UNUSED, uint32_t uid,
               og_node_visit *visit, void *context)
{
    size_t n = 0;

    for (const struct og_undo_kept *kept = og_undo_store_first(daemon->undo); kept && n < MAX_LISTED;
         kept = kept->next)
        if (og_undo_may_see(daemon, kept, uid)) {
            visit(context, kept->id);
            n++;
        }
}

void list_undo_set(struct og_daemon *daemon OG_UNUSED, const struct og_found *found,
                   uint32_t uid OG_UNUSED, og_node_visit *visit, void *context)
{
    static const char *const names[] = {"summary", "before.jsonl", "undo.sql", "conflicts", "apply"};

    for (size_t i = 0; i < (found->undo->state == OG_UNDO_FORGOTTEN ? 1 : OG_COUNT(names)); i++)
        visit(context, names[i]);
}

/* ---- who sees what ---- */

/* Values are shown as a SELECT of the reader's own would show them: not at all where the policies allow
 * none. */
struct reader {
    struct og_arena arena;
    struct og_principal_chain chain;
    struct og_target target;
    struct og_decide_input input;
    bool is_blind; /* who reads cannot be told: everything is masked */
    const struct og_undo_table *table; /* that hidden is about */
    const bool *hidden;                /* one per column; NULL: all of them */
};

static void open_reader(struct og_daemon *daemon, const struct og_undo_kept *kept, uint32_t uid,
                        enum og_dialect dialect, struct reader *out)
{
    const struct og_peer peer = {.uid = uid, .gid = uid, .exe = "", .cmd_line = "", .cgroup = ""};
    size_t n_labels;

    memset(out, 0, sizeof(*out));
    og_arena_init(&out->arena, 64u * 1024u * 1024u);
    out->is_blind = og_peer_chain(&peer, daemon->config, &out->arena, &out->chain) < 0;
    out->target.name = kept->target;
    out->target.labels = og_config_labels(daemon->config, kept->target, &n_labels);
    out->target.n_labels = n_labels;
    out->target.dialect = dialect;
    out->input = (struct og_decide_input){.set = og_policy_store_set(daemon->policies),
                                          .chain = &out->chain,
                                          .target = &out->target};
    out->is_blind = out->is_blind || !out->input.set;
}

static void select_all(const struct og_undo_table *table, struct og_facts *facts)
{
    const struct og_object object = {.kind = OG_OBJECT_TABLE,
                                     .schema = table->schema,
                                     .name = table->name,
                                     .id = table->id,
                                     .is_temporary = strcmp(table->schema, "temp") == 0};
    size_t at = og_facts_object(facts, &object);

    facts->kind = "SELECT";
    facts->returns_rows = true;
    og_facts_effect(facts, OG_EFFECT_SELECT, at);
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct og_fact_column column = {
            .object = at, .name = table->columns[i].name, .number = (int32_t)i,
            .type = OG_UNDO_CLASS(table->columns[i].flags)};
        struct og_fact_source source = {og_facts_column(facts, &column), true};
        const struct og_fact_result result = {.label = table->columns[i].name, .sources = &source,
                                              .n_sources = 1, .type = column.type};

        og_facts_result(facts, &result);
    }
}

static const bool *decide(struct reader *reader, const struct og_undo_table *table)
{
    bool *hidden = og_arena_array(&reader->arena, table->n_columns + 1, sizeof(*hidden));
    struct og_facts facts;
    struct og_verdict verdict;

    og_facts_init(&facts, &reader->arena, reader->target.dialect);
    select_all(table, &facts);
    reader->input.facts = &facts;
    reader->input.now_unix_s = (int64_t)time(NULL);
    if (!hidden || og_arena_is_failed(&reader->arena) ||
        og_decide(&reader->input, &reader->arena, &verdict) < 0 ||
        verdict.kind != OG_VERDICT_ALLOW || verdict.n_masks != table->n_columns)
        return NULL;
    for (size_t i = 0; i < table->n_columns; i++)
        hidden[i] = og_mask_is_plan(&verdict.masks[i]);
    return hidden;
}

static bool is_hidden(void *context, const struct og_undo_table *table,
                      const struct og_undo_column *column)
{
    struct reader *reader = context;

    if (reader->is_blind)
        return true;
    if (reader->table != table) {
        reader->table = table;
        reader->hidden = decide(reader, table);
    }
    return !reader->hidden || reader->hidden[column - table->columns];
}

/* ---- the set itself ---- */

struct opened {
    struct og_buf bytes;
    struct og_arena arena;
    struct og_undo_set set;
    struct reader reader;
};

static void close_set(struct opened *opened)
{
    og_buf_wipe(&opened->bytes);
    og_arena_release(&opened->arena);
    og_arena_release(&opened->reader.arena);
}

static int open_set(struct og_daemon *daemon, const struct og_undo_kept *kept, uint32_t uid,
                    struct opened *out)
{
    int r;

    memset(out, 0, sizeof(*out));
    og_buf_init(&out->bytes, OG_MAX_UNDO_BYTES);
    og_arena_init(&out->arena, MAX_ARENA_BYTES);
    r = og_undo_store_read(daemon->undo, kept, &out->bytes);
    if (r == 0)
        r = og_undo_read(out->bytes.bytes, out->bytes.n_bytes, &out->arena, &out->set) == 0 ? 0
                                                                                           : -EIO;
    if (r < 0) {
        close_set(out);
        return r == -ENOKEY ? -ENODATA : r;
    }
    open_reader(daemon, kept, uid, out->set.dialect, &out->reader);
    return 0;
}

/* Values as they were: that somebody looked is in the ledger. */
static void record_look(struct og_daemon *daemon, const struct og_found *found, uint32_t uid)
{
    char by[OG_CONFIG_NAME_BYTES];
    struct og_record_pair pairs[] = {{"path", found->path}, {"by", by}};

    og_config_name(daemon->config, uid, by);
    (void)og_daemon_event(daemon, NULL, "undo", "read", found->undo->id,
                          "rows of an undo set were read", pairs, OG_COUNT(pairs));
}

int text_undo_before(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                     struct og_buf *out)
{
    struct opened opened;
    int r = open_set(daemon, found->undo, uid, &opened);

    if (r < 0)
        return r;
    record_look(daemon, found, uid);
    og_undo_render_before(&opened.set, is_hidden, &opened.reader, out);
    close_set(&opened);
    return 0;
}

int text_undo_sql(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                  struct og_buf *out)
{
    struct opened opened;
    int r = open_set(daemon, found->undo, uid, &opened);

    if (r < 0)
        return r;
    og_undo_render_sql(&opened.set, found->undo->id, is_hidden, &opened.reader, out);
    close_set(&opened);
    return 0;
}

/* ---- words about it ---- */

static void put_time(struct og_buf *out, const char *key, int64_t unix_ms)
{
    time_t s = (time_t)(unix_ms / 1000);
    char text[40];
    struct tm tm;

    if (unix_ms > 0 && unix_ms < INT64_C(253402300800000) && gmtime_r(&s, &tm) &&
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
        og_buf_printf(out, "%s: %s\n", key, text);
}

static const char *state_text(enum og_undo_state state)
{
    static const char *const texts[OG_UNDO_STATE_COUNT] = {
        [OG_UNDO_OPEN] = "the write is not committed yet",
        [OG_UNDO_COMMITTED] = "the write was committed",
        [OG_UNDO_ROLLED_BACK] = "the write was rolled back: there is nothing to take back",
        [OG_UNDO_UNCLEAR] = "nobody told whether the write was committed: `guardctl undo --check` finds out",
        [OG_UNDO_UNDONE] = "the write was taken back",
        [OG_UNDO_PARTLY_UNDONE] = "some rows were taken back",
        [OG_UNDO_FORGOTTEN] = "the key is deleted: nobody can read or take it back any more",
    };

    return (unsigned)state < OG_UNDO_STATE_COUNT ? texts[state] : "";
}

int text_undo_summary(struct og_daemon *daemon OG_UNUSED, const struct og_found *found,
                      uint32_t uid OG_UNUSED, struct og_buf *out)
{
    const struct og_undo_kept *kept = found->undo;
    const char *line = kept->partly;

    og_buf_printf(out, "undo: %s\nstate: %s (%s)\nchanged: %s\nrows: %" PRIu64 "\n", kept->id,
                  og_undo_state_word(kept->state), state_text(kept->state), kept->summary,
                  kept->n_rows);
    og_buf_printf(out, "whole: %s\n", *line ? "no" : "yes");
    while (*line) {
        int n = (int)strcspn(line, "\n");

        og_buf_printf(out, "not-in-here: %.*s\n", n, line);
        line += n + (line[n] == '\n');
    }
    og_buf_printf(out, "statement: %s\nsession: %s\nprincipal: %s\ntarget: %s\n", kept->statement,
                  kept->session, kept->principal, kept->target);
    if (*kept->dsn)
        og_buf_printf(out, "dsn: %s\n", kept->dsn);
    og_buf_printf(out, "policy: %s\n", kept->policy);
    put_time(out, "taken", kept->created_ms);
    put_time(out, "kept-until", kept->expires_ms);
    og_buf_printf(out, "bytes: %" PRIu64 "\n", kept->n_bytes);
    if (*kept->takes_back)
        og_buf_printf(out, "takes-back: %s\n", kept->takes_back);
    if (*kept->taken_back_by)
        og_buf_printf(out, "taken-back-by: %s\n", kept->taken_back_by);
    return 0;
}

int text_undo_conflicts(struct og_daemon *daemon OG_UNUSED, const struct og_found *found,
                        uint32_t uid OG_UNUSED, struct og_buf *out)
{
    const struct og_undo_kept *kept = found->undo;

    if (kept->is_running) /* what came of it counts once its worker is gone: then apply takes the next */
        og_buf_append_str(out, OG_UNDO_UNDER_WAY);
    else if (*kept->report)
        og_buf_append_str(out, kept->report);
    else
        og_buf_printf(out, "not looked at yet: guardctl undo --check %s\n", kept->id);
    return 0;
}

/* ---- apply ---- */

static void put_command(struct og_buf *out, const struct og_undo_kept *kept, const char *rows)
{
    og_buf_printf(out, "guardctl undo%s%s%s%s %s", *kept->dsn ? " --dsn " : " --dsn DSN", kept->dsn,
                  *rows ? " --rows " : "", rows, kept->id);
}

int text_undo_apply(struct og_daemon *daemon, const struct og_found *found, uint32_t uid OG_UNUSED,
                    struct og_buf *out)
{
    if (og_undo_can_run(daemon, found->undo)) {
        og_buf_append_str(out,
                          "copy undo.sql here, or some of its row lines: they are taken back as you, "
                          "and what came of it stands in conflicts and summary. The same over a "
                          "connection of your own:\n");
        put_command(out, found->undo, "");
        og_buf_append_char(out, '\n');
        return 0;
    }
    og_buf_append_str(out, "guardfs holds no credentials of this target, so it is taken back over your own "
                           "guarded data source:\n");
    put_command(out, found->undo, "");
    og_buf_append_char(out, '\n');
    return 0;
}

static int may_apply(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                     const char **why)
{
    *why = "this undo set is not yours";
    return og_undo_may_see(daemon, found->undo, uid) ? 0 : -EACCES;
}

/* A row line as it was generated, by the number at its end. Returns: 0; -EINVAL. */
static int take_line(const struct opened *opened, const char *line, size_t n_bytes, bool *picked)
{
    static const char mark[] = "; -- row ";
    const char *at = memmem(line, n_bytes, mark, sizeof(mark) - 1), *last = NULL;
    struct og_buf expected;
    size_t number = 0;
    int r = -EINVAL;

    for (; at; at = memmem(at + 1, n_bytes - (size_t)(at + 1 - line), mark, sizeof(mark) - 1))
        last = at + sizeof(mark) - 1;
    for (; last && last < line + n_bytes && *last >= '0' && *last <= '9' && number < 100000000; last++)
        number = number * 10 + (size_t)(*last - '0');
    if (!last || last != line + n_bytes || number < 1 || number > opened->set.n_rows)
        return r;
    og_buf_init(&expected, 4u * 1024u * 1024u);
    og_undo_render_row(&opened->set, number - 1, is_hidden, (void *)(uintptr_t)&opened->reader,
                       &expected);
    if (!og_buf_is_failed(&expected) && expected.n_bytes == n_bytes &&
        memcmp(expected.bytes, line, n_bytes) == 0) {
        picked[number - 1] = true;
        r = 0;
    }
    og_buf_release(&expected);
    return r;
}

/* "1,3-5" of what was picked; "" for all. */
static void put_picked(const bool *picked, size_t n, struct og_buf *out)
{
    size_t n_picked = 0;

    for (size_t i = 0; i < n; i++)
        n_picked += picked[i];
    for (size_t i = 0; i < n && n_picked < n; i++) {
        size_t last = i;

        if (!picked[i])
            continue;
        while (last + 1 < n && picked[last + 1])
            last++;
        og_buf_printf(out, last > i ? "%s%zu-%zu" : "%s%zu", out->n_bytes ? "," : "", i + 1, last + 1);
        i = last;
    }
}

static int read_lines(const struct opened *opened, const char *text, size_t n_bytes, bool *picked,
                      const char **why)
{
    const char *end = text + n_bytes;
    size_t n = 0;

    while (text < end) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        size_t n_line = (size_t)((line_end ? line_end : end) - text);

        if (n_line && (n_line < 2 || memcmp(text, "--", 2) != 0)) {
            *why = "a line is not one of undo.sql's: copy that file, or keep some of its row lines as they "
                   "are";
            if (take_line(opened, text, n_line, picked) < 0)
                return -EINVAL;
            n++;
        }
        text += n_line + (line_end != NULL);
    }
    *why = "there is no row line in it: copy undo.sql, or some of its row lines";
    return n ? 0 : -EINVAL;
}

/* Without credentials here: who has them runs the command. */
static int refuse_apply(const struct og_undo_kept *kept, const char *rows, const char **why)
{
    static char command[512];
    struct og_buf line;

    og_buf_init(&line, sizeof(command) - 1);
    og_buf_append_str(&line, "guardfs holds no credentials of this target: run ");
    put_command(&line, kept, rows);
    (void)snprintf(command, sizeof(command), "%s", og_buf_str(&line));
    og_buf_release(&line);
    *why = command;
    return -EPERM;
}

static int save_apply(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                      const char *text, size_t n_bytes, const char **why)
{
    struct opened opened;
    struct og_buf rows;
    bool *picked;
    int r = open_set(daemon, found->undo, uid, &opened);

    *why = r == -ENODATA ? "this undo set was forgotten" : "the undo set cannot be read";
    if (r < 0)
        return r;
    og_buf_init(&rows, 200);
    picked = calloc(opened.set.n_rows + 1, sizeof(*picked));
    r = picked ? read_lines(&opened, text, n_bytes, picked, why) : -ENOMEM;
    if (r == 0) {
        put_picked(picked, opened.set.n_rows, &rows);
        if (!og_undo_can_run(daemon, found->undo)) {
            r = refuse_apply(found->undo, og_buf_is_failed(&rows) ? "ROWS" : og_buf_str(&rows), why);
        } else if (og_buf_is_failed(&rows)) {
            *why = "these row lines are too scattered to be taken back at once: take fewer, or all of them";
            r = -E2BIG;
        } else {
            r = og_undo_run(daemon, og_undo_store_find(daemon->undo, found->undo->id), uid,
                            og_buf_str(&rows), why);
        }
    }
    free(picked);
    og_buf_release(&rows);
    close_set(&opened);
    return r;
}

const struct og_node_writer og_writer_undo_apply[1] = {{may_apply, save_apply}};

/* ---- forgetting ---- */

int og_undo_tree_forget(struct og_daemon *daemon, const char *id, uint32_t uid)
{
    struct og_undo_kept *kept = og_undo_store_find(daemon->undo, id);
    char by[OG_CONFIG_NAME_BYTES];
    struct og_record_pair pairs[] = {{"undo", id}, {"by", by}};
    int r;

    if (!kept)
        return -ENOENT;
    if (!og_tree_is_admin(daemon, uid))
        return -EACCES;
    if (kept->state == OG_UNDO_OPEN)
        return -EBUSY;
    r = og_undo_store_forget(daemon->undo, kept);
    if (r < 0)
        return r;
    og_config_name(daemon->config, uid, by);
    (void)og_daemon_event(daemon, NULL, "undo", "forgotten", id, "an undo set's key was deleted", pairs,
                          OG_COUNT(pairs));
    return 0;
}

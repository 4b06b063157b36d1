/* SPDX-License-Identifier: MIT */
/* The texts of requests and sessions. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fusefs/json.h"
#include "fusefs/ledger_view.h"
#include "fusefs/reel.h"
#include "fusefs/request_file.h"
#include "fusefs/tree_parts.h"

/* Of a long session the beginning is shown; guardctl replay shows all. */
#define MAX_CAST_SOURCE_BYTES (1u * 1024u * 1024u)
#define CAST_IDLE_S 2u

#define TEXT(name)                                                                        \
    int name(struct og_daemon *daemon OG_UNUSED, const struct og_found *found OG_UNUSED,  \
             uint32_t uid OG_UNUSED, struct og_buf *out)

/* ---- requests ---- */

/* Who answered finds what they saved, as editors expect; everybody else decides for themselves, from a
 * file that is undecided. */
TEXT(text_request)
{
    const struct og_request *r = found->request;

    og_buf_append_str(out, og_tree_is_last_answer(r, uid) ? r->answered_text : r->text);
    return 0;
}

static void put_answers(const struct og_request *r, struct og_buf *out)
{
    og_buf_printf(out, "# state: %s\n", og_request_state_word(r->state));
    for (size_t i = 0; i < r->n_answers; i++) {
        time_t seconds = (time_t)(r->answers[i].unix_ms / 1000);
        char when[32] = "";
        struct tm day;

        if (gmtime_r(&seconds, &day))
            (void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &day);
        og_buf_printf(out, "# %s: %s at %s\n", r->answers[i].decision, r->answers[i].person, when);
    }
}

TEXT(text_answered)
{
    const struct og_request *r = found->request;

    og_request_file_answered(r, out);
    put_answers(r, out);
    return 0;
}

TEXT(text_sql)
{
    const struct og_request *r = found->request;

    og_buf_printf(out, "%s\n", r->amended_sql ? r->amended_sql : r->sql);
    return 0;
}

TEXT(text_state)
{
    og_buf_printf(out, "%s\n", og_request_state_word(found->request->state));
    return 0;
}

TEXT(text_digest)
{
    og_buf_printf(out, "%s\n", found->request->digest);
    return 0;
}

TEXT(text_last_error)
{
    if (*found->request->error)
        og_buf_printf(out, "%s\n", found->request->error);
    return 0;
}

/* The lines of the request that say what the statement would do. */
TEXT(text_plan)
{
    static const char *const keys[] = {"reason-asked:", "rules:",     "reported-by:", "effects:",
                                       "columns:",      "functions:", "settings:",    "rehearsal:"};
    const char *line = found->request->text, *feed;
    bool is_shown = false;

    for (; (feed = strchr(line, '\n')) && strncmp(line, "decision:", 9) != 0; line = feed + 1) {
        if (line[0] != ' ')
            is_shown = false;
        for (size_t i = 0; line[0] != ' ' && !is_shown && i < OG_COUNT(keys); i++)
            is_shown = strncmp(line, keys[i], strlen(keys[i])) == 0;
        if (is_shown)
            og_buf_append(out, line, (size_t)(feed - line) + 1);
    }
    return 0;
}

static void put_event(struct og_buf *out, int64_t unix_ms, const char *what, const char *by,
                      const char *reason)
{
    struct og_json json;

    og_json_init(&json, out);
    og_json_open(&json, NULL, '{');
    og_json_integer(&json, "time", unix_ms);
    og_json_text(&json, "what", what);
    og_json_text(&json, "by", by);
    og_json_text(&json, "reason", reason);
    og_json_close(&json, '}');
    og_buf_append_char(out, '\n');
}

TEXT(text_history)
{
    const struct og_request *r = found->request;

    put_event(out, r->created_ms, "asked", r->requester_display, r->reason_asked);
    for (size_t i = 0; i < r->n_answers; i++)
        put_event(out, r->answers[i].unix_ms, r->answers[i].decision, r->answers[i].person,
                  r->answers[i].reason);
    if (r->state != OG_REQUEST_PENDING)
        put_event(out, r->decided_ms, og_request_state_word(r->state), "guardfs", "");
    return 0;
}

/* ---- sessions ---- */

TEXT(text_session)
{
    const struct og_session *s = found->session;
    struct og_json json;

    og_json_init(&json, out);
    og_json_open(&json, NULL, '{');
    og_json_text(&json, "session", s->id);
    og_json_text(&json, "state", s->state);
    og_json_bool(&json, "read_only", s->is_read_only);
    og_json_text(&json, "principal", s->who.display);
    og_json_text(&json, "evidence", s->who.evidence);
    og_json_text(&json, "target", s->who.target);
    og_json_text(&json, "dsn", s->who.dsn);
    og_json_text(&json, "placement", s->who.placement);
    og_json_text(&json, "app_asserted", s->who.app);
    og_json_text(&json, "purpose_asserted", s->who.purpose);
    og_json_text(&json, "exe", s->peer.exe);
    og_json_text(&json, "cmd_line", s->peer.cmd_line);
    og_json_number(&json, "uid", s->peer.uid);
    og_json_integer(&json, "pid", s->peer.pid);
    og_json_integer(&json, "opened_unix_ms", s->opened_ms);
    og_json_integer(&json, "ended_unix_ms", s->ended_ms);
    og_json_number(&json, "statements", s->n_statements);
    og_json_number(&json, "denied", s->n_denied);
    og_json_number(&json, "rows", s->n_rows);
    og_json_number(&json, "masked_cells", s->n_masked_cells);
    og_json_close(&json, '}');
    og_buf_append_char(out, '\n');
    return 0;
}

TEXT(text_session_state)
{
    og_buf_printf(out, "%s\n", found->session->state);
    return 0;
}


TEXT(text_session_user)
{
    og_buf_printf(out, "%s\n", found->session->who.display);
    return 0;
}

TEXT(text_session_agent)
{
    const char *agent = og_config_agent(daemon->config, found->session->peer.uid);

    og_buf_printf(out, "%s\n", agent ? agent : "");
    return 0;
}

TEXT(text_session_dsn)
{
    og_buf_printf(out, "%s\n", found->session->who.dsn ? found->session->who.dsn : "");
    return 0;
}

/* A view's whole lines, one by one. */
static int take_lines(const struct og_view *view, struct og_reel *reel)
{
    struct og_buf text;
    int r;

    og_buf_init(&text, MAX_CAST_SOURCE_BYTES);
    r = og_view_read(view, 0, og_view_bytes(view) < MAX_CAST_SOURCE_BYTES ? og_view_bytes(view)
                                                                         : MAX_CAST_SOURCE_BYTES,
                     &text);
    for (const char *line = text.bytes, *feed; r == 0 && line && (feed = strchr(line, '\n'));
         line = feed + 1)
        og_reel_take(reel, line, (size_t)(feed - line));
    og_buf_release(&text);
    return r;
}

TEXT(text_session_cast)
{
    struct og_reel *reel = og_reel_new(found->session->id);
    struct og_view *view;
    int r = reel ? og_tree_view(daemon, found, uid, &view) : -ENOMEM;

    if (r == 0)
        r = take_lines(view, reel);
    if (r == 0)
        r = og_reel_cast(reel, CAST_IDLE_S, out);
    og_reel_free(reel);
    return r;
}

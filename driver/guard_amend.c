/* SPDX-License-Identifier: MIT */
#include "driver/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf.h"

/* Approvers may think again while a client waits, but not for ever. */
#define MAX_ROUNDS 40u

void og_amend_init(struct og_guard_amend *amend)
{
    *amend = (struct og_guard_amend){.is_due = false};
    og_buf_init(&amend->text, OG_MAX_REQUEST_BYTES);
    og_buf_init(&amend->on_text, OG_MAX_REQUEST_BYTES);
    og_buf_init(&amend->columns, 64u * 1024u);
}

void og_amend_release(struct og_guard_amend *amend)
{
    og_buf_release(&amend->text);
    og_buf_release(&amend->on_text);
    og_buf_release(&amend->columns);
    free(amend->sent);
    amend->sent = NULL;
}

void og_amend_forget(struct og_guard_stmt *stmt)
{
    struct og_guard_amend *amend = &stmt->amend;

    amend->is_due = amend->is_on = amend->is_measuring = false;
    amend->n_rounds = 0;
    free(amend->sent);
    amend->sent = NULL;
}

/* Has a text in place, prepared where what was sent is. */
static SQLRETURN put(struct og_guard_stmt *stmt, const void *text, SQLINTEGER n_units)
{
    const struct og_guard_amend *amend = &stmt->amend;

    og_measure_reset(stmt);
    stmt->grant[0] = '\0';
    if (amend->was_prepared)
        return og_run_prepare(stmt, text, n_units, amend->is_wide);
    return og_guard_text_take(stmt, text, n_units, amend->is_wide);
}

SQLRETURN og_amend_restore(struct og_guard_stmt *stmt)
{
    struct og_guard_amend *amend = &stmt->amend;
    SQLRETURN code = SQL_SUCCESS;

    if (amend->is_on)
        code = put(stmt, amend->sent, amend->n_sent);
    og_amend_forget(stmt);
    return SQL_SUCCEEDED(code) ? SQL_SUCCESS : SQL_ERROR;
}

bool og_amend_is_due(struct og_guard_stmt *stmt, const struct og_client_answer *answer)
{
    struct og_guard_amend *amend = &stmt->amend;
    bool is_measuring = strcmp(answer->state, "amended") == 0;

    if (stmt->text.is_unmask) /* which rows are shown is the requester's to name */
        return false;
    amend->is_due = amend->text.n_bytes > 0 && amend->n_rounds < MAX_ROUNDS &&
                    (is_measuring || !amend->is_on ||
                     strcmp(og_buf_str(&amend->text), og_buf_str(&amend->on_text)) != 0);
    if (!amend->is_due)
        return false;
    amend->is_measuring = is_measuring;
    amend->revision = answer->revision;
    (void)snprintf(amend->request, sizeof(amend->request), "%s", answer->request);
    (void)snprintf(amend->by, sizeof(amend->by), "%s", answer->amended_by);
    og_diag_add(&stmt->object.diag, OG_ERR_ANSWERED, false,
                "[approval] the approver changed this statement (request %s), and it cannot be run in "
                "the place of this one: run it by itself", answer->request);
    return true;
}

/* ---- putting it in place ---- */

static void list_columns(const struct og_guard_stmt *stmt, struct og_buf *out)
{
    og_buf_clear(out);
    og_buf_printf(out, "%d\n", (int)stmt->facts.returns_rows);
    for (size_t i = 0; i < stmt->facts.n_results; i++)
        og_buf_printf(out, "%s %d\n", stmt->facts.results[i].label,
                      (int)stmt->facts.results[i].type);
}

/* Keeps what the application sent. Returns whether it could. */
static bool keep_sent(struct og_guard_stmt *stmt)
{
    struct og_guard_amend *amend = &stmt->amend;
    const struct og_guard_text *text = &stmt->text;
    size_t n_bytes = (size_t)text->n_sent * (text->is_wide ? sizeof(SQLWCHAR) : 1u);

    if (amend->is_on)
        return true;
    free(amend->sent);
    amend->sent = malloc(n_bytes + sizeof(SQLWCHAR));
    if (!amend->sent)
        return false;
    memcpy(amend->sent, text->sent, n_bytes);
    memset((char *)amend->sent + n_bytes, 0, sizeof(SQLWCHAR));
    amend->n_sent = text->n_sent;
    amend->is_wide = text->is_wide;
    amend->was_prepared = stmt->is_prepared;
    amend->n_markers = stmt->lex.n_markers;
    list_columns(stmt, &amend->columns);
    return !og_buf_is_failed(&amend->columns);
}

/* The approver's text, in the form that the application uses. */
static SQLRETURN put_text(struct og_guard_stmt *stmt)
{
    const struct og_buf *text = &stmt->amend.on_text;
    SQLRETURN code = SQL_ERROR;
    struct og_buf wide;

    if (!stmt->amend.is_wide)
        return put(stmt, text->bytes, (SQLINTEGER)text->n_bytes);
    og_buf_init(&wide, 2u * OG_MAX_SQL_BYTES);
    if (og_utf8_to_utf16(text->bytes, text->n_bytes, &wide) == 0 && !og_buf_is_failed(&wide))
        code = put(stmt, wide.bytes, (SQLINTEGER)(wide.n_bytes / sizeof(SQLWCHAR)));
    og_buf_release(&wide);
    return code;
}

static bool put_in_place(struct og_guard_stmt *stmt)
{
    struct og_guard_amend *amend = &stmt->amend;

    if (!keep_sent(stmt))
        return false;
    og_diag_clear(&stmt->object.diag);
    stmt->object.shows_below = false;
    og_buf_clear(&amend->on_text);
    og_buf_append(&amend->on_text, amend->text.bytes, amend->text.n_bytes);
    amend->is_on = true;
    amend->n_rounds++;
    if (og_buf_is_failed(&amend->on_text) || !SQL_SUCCEEDED(put_text(stmt)))
        return false;
    if (!og_undo_is_command(stmt))
        return true;
    og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false,
                "[approval] `odbcguard undo` cannot be put in the place of a statement");
    return false;
}

SQLRETURN og_amend_check(struct og_guard_stmt *stmt)
{
    struct og_guard_amend *amend = &stmt->amend;
    struct og_buf columns;
    bool is_same;

    if (!amend->is_on)
        return SQL_SUCCESS;
    og_buf_init(&columns, 64u * 1024u);
    list_columns(stmt, &columns);
    is_same = stmt->lex.n_markers == amend->n_markers && !og_buf_is_failed(&columns) &&
              strcmp(og_buf_str(&columns), og_buf_str(&amend->columns)) == 0;
    og_buf_release(&columns);
    if (is_same)
        return SQL_SUCCESS;
    og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false,
                "[approval] it has other parameters or result columns than the statement that was sent");
    return SQL_ERROR;
}

/* ---- what it does ---- */

/* Why it was not let through. */
static void put_reason(struct og_guard_stmt *stmt, char *out, size_t max_bytes)
{
    const struct og_diag *diag = &stmt->object.diag;
    char sqlstate[6] = "HY000";

    if (diag->n_records) {
        (void)snprintf(out, max_bytes, "%s", diag->records[0].text);
        out[strcspn(out, "\n")] = '\0';
        return;
    }
    og_guard_sqlstate(stmt, sqlstate);
    (void)snprintf(out, max_bytes, "the database fails it with SQLSTATE %s", sqlstate);
}

static bool tell_refused(struct og_guard_stmt *stmt)
{
    struct og_client_answer answer = {.text = NULL};
    struct og_client_error error;
    struct og_msg_request request;
    char reason[512];

    put_reason(stmt, reason, sizeof(reason));
    og_diag_clear(&stmt->object.diag);
    stmt->object.shows_below = false;
    if (SQL_SUCCEEDED(put(stmt, stmt->amend.sent, stmt->amend.n_sent)))
        stmt->amend.is_on = false;
    if (stmt->amend.is_on || og_gate_judge(stmt) != SQL_SUCCESS ||
        og_record_request(stmt, &stmt->verdict_arena, &request) < 0)
        return false;
    request.amends = stmt->amend.request;
    request.revision = stmt->amend.revision;
    request.amend_refused = reason;
    answer.text = &stmt->amend.text;
    if (og_client_statement_id(stmt->dbc->client, stmt->id, &error) == 0 &&
        og_client_request(stmt->dbc->client, &request, &answer, &error) == 0)
        return true;
    og_diag_add(&stmt->object.diag, error.code, false, "%s", error.text);
    return false;
}

bool og_amend_take(struct og_guard_stmt *stmt)
{
    struct og_guard_amend *amend = &stmt->amend;

    if (!amend->is_due && !(amend->is_on && amend->is_measuring))
        return false;
    if (amend->is_due) {
        amend->is_due = false;
        if (put_in_place(stmt))
            return true;
        if (!amend->is_on || !amend->is_measuring)
            return false;
    }
    amend->is_measuring = false;
    return tell_refused(stmt);
}

void og_amend_measured(struct og_guard_stmt *stmt, struct og_msg_request *request)
{
    struct og_guard_amend *amend = &stmt->amend;

    if (!amend->is_on || !amend->is_measuring)
        return;
    request->amends = amend->request;
    request->revision = amend->revision;
    amend->is_measuring = false;
}

SQLRETURN og_amend_note(struct og_guard_stmt *stmt, SQLRETURN code)
{
    if (!stmt->amend.is_on || (!SQL_SUCCEEDED(code) && code != SQL_NO_DATA))
        return code;
    og_diag_add_state(&stmt->object.diag, "01000",
                      "[odbcguard] %s changed this statement before approving it: another one ran in its "
                      "place, see request %s\nrequest=%s amended_by=%s", stmt->amend.by,
                      stmt->amend.request, stmt->amend.request, stmt->amend.by);
    return code == SQL_SUCCESS ? SQL_SUCCESS_WITH_INFO : code;
}

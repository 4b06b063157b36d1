/* SPDX-License-Identifier: MIT */
/* guard_undo_open.c - the undo sets of a transaction that has not ended, and its savepoints: what a
 * ROLLBACK TO takes back is told to guardfs, and on PostgreSQL the rows are as they were at the savepoint. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "driver/guard.h"
#include "driver/guard_undo_pg.h"

#define MAX_MARKS 1000u
#define MAX_NAME_BYTES 130u

struct og_undo_mark {
    struct og_undo_mark *older;
    char name[MAX_NAME_BYTES];
    size_t n_open; /* sets before it */
    struct og_undo_past *past;
};

bool og_undo_remember(struct og_guard_dbc *dbc, const char *id)
{
    char(*open)[13];

    if (dbc->n_undo_open == dbc->max_undo_open) {
        size_t max = dbc->max_undo_open ? 2 * dbc->max_undo_open : 8;

        open = realloc(dbc->undo_open, max * sizeof(*open));
        if (!open)
            return false;
        dbc->undo_open = open;
        dbc->max_undo_open = max;
    }
    memcpy(dbc->undo_open[dbc->n_undo_open++], id, 13);
    return true;
}

static void end_after(struct og_guard_dbc *dbc, size_t n_kept, const char *state)
{
    for (size_t i = n_kept; i < dbc->n_undo_open; i++)
        og_client_undo_end(dbc->client, dbc->undo_open[i], state, "", "");
    if (dbc->n_undo_open > n_kept)
        dbc->n_undo_open = n_kept;
}

static void forget_mark(struct og_guard_dbc *dbc)
{
    struct og_undo_mark *mark = dbc->undo_marks;

    dbc->undo_marks = mark->older;
    dbc->n_undo_marks--;
    mark->past = og_undo_past_free(mark->past);
    free(mark);
}

static void forget_marks(struct og_guard_dbc *dbc)
{
    while (dbc->undo_marks)
        forget_mark(dbc);
}

/* ---- names ---- */

static bool is_back_to(const struct og_guard_stmt *stmt)
{
    for (size_t i = 0; i < stmt->lex.n_tokens; i++)
        if (og_undo_is_word(stmt, i, "TO"))
            return true;
    return false;
}

/* The savepoint that a statement names, as the server compares it. Returns false for none, or too long. */
static bool read_name(const struct og_guard_stmt *stmt, char out[static MAX_NAME_BYTES])
{
    const struct og_token *last = NULL;
    bool is_folded;
    size_t n = 0;

    for (size_t i = 0; i < stmt->lex.n_tokens; i++)
        if (stmt->lex.tokens[i].kind != OG_TOKEN_SPACE && stmt->lex.tokens[i].kind != OG_TOKEN_COMMENT &&
            stmt->text.utf8[stmt->lex.tokens[i].position] != ';')
            last = &stmt->lex.tokens[i];
    if (!last || last->n_bytes >= MAX_NAME_BYTES)
        return false;
    is_folded = last->kind == OG_TOKEN_WORD || stmt->dbc->dialect == OG_DIALECT_SQLITE;
    for (size_t i = 0; i < last->n_bytes; i++) {
        unsigned char c = (unsigned char)stmt->text.utf8[last->position + i];

        if (!strchr("\"`[]'", c))
            out[n++] = (char)(is_folded ? tolower(c) : c);
    }
    out[n] = '\0';
    return n > 0;
}

static struct og_undo_mark *find_mark(const struct og_guard_dbc *dbc, const char *name)
{
    struct og_undo_mark *mark = dbc->undo_marks;

    while (mark && strcmp(mark->name, name) != 0)
        mark = mark->older;
    return mark;
}

/* ---- following ---- */

/* Nothing is known of the sets so far, nor of the rows that the transaction has changed. */
static void lose(struct og_guard_dbc *dbc)
{
    end_after(dbc, 0, "unclear");
    forget_marks(dbc);
    og_undo_pg_lost(dbc);
}

static void set_mark(struct og_guard_stmt *stmt)
{
    struct og_guard_dbc *dbc = stmt->dbc;
    struct og_undo_mark *mark = dbc->n_undo_marks < MAX_MARKS ? calloc(1, sizeof(*mark)) : NULL;

    if (!mark)
        return; /* going back to it loses what is known */
    if (!read_name(stmt, mark->name) ||
        (dbc->undo_past && !(mark->past = og_undo_past_copy(dbc->undo_past)))) {
        free(mark);
        return;
    }
    mark->n_open = dbc->n_undo_open;
    mark->older = dbc->undo_marks;
    dbc->undo_marks = mark;
    dbc->n_undo_marks++;
}

static void go_back(struct og_guard_stmt *stmt)
{
    struct og_guard_dbc *dbc = stmt->dbc;
    char name[MAX_NAME_BYTES];
    const struct og_undo_mark *mark = read_name(stmt, name) ? find_mark(dbc, name) : NULL;

    if (!mark) {
        lose(dbc);
        return;
    }
    while (dbc->undo_marks != mark)
        forget_mark(dbc);
    end_after(dbc, mark->n_open, "rolled-back");
    if (dbc->undo_past)
        og_undo_past_go_back(dbc->undo_past, mark->past);
}

static void release(struct og_guard_stmt *stmt)
{
    struct og_guard_dbc *dbc = stmt->dbc;
    char name[MAX_NAME_BYTES];
    const struct og_undo_mark *mark = read_name(stmt, name) ? find_mark(dbc, name) : NULL;

    while (mark && dbc->undo_marks != mark)
        forget_mark(dbc);
    if (mark)
        forget_mark(dbc);
}

bool og_undo_ends_transaction(const struct og_guard_stmt *stmt)
{
    const char *kind = stmt->facts.kind;

    if (!stmt->facts.is_transaction_control)
        return false;
    if (stmt->dbc->dialect == OG_DIALECT_SQLITE && stmt->dbc->analyser) /* END, RELEASE of the outermost */
        return !og_sqlite_is_in_transaction(stmt->dbc->analyser) && strcmp(kind, "BEGIN") != 0 &&
               strcmp(kind, "SAVEPOINT") != 0;
    return strcmp(kind, "COMMIT") == 0 || strcmp(kind, "ROLLBACK") == 0;
}

void og_undo_follow(struct og_guard_stmt *stmt, bool is_success)
{
    const char *kind = stmt->facts.kind;

    if (!stmt->facts.is_transaction_control)
        return;
    if (og_undo_ends_transaction(stmt))
        og_undo_ended(stmt->dbc, !is_success                        ? "unclear"
                                 : strncmp(kind, "ROLLBACK", 8) == 0 ? "rolled-back"
                                                                     : "committed");
    else if (is_success && strcmp(kind, "SAVEPOINT") == 0)
        set_mark(stmt);
    else if (is_success && strcmp(kind, "RELEASE") == 0)
        release(stmt);
    else if (is_success && strncmp(kind, "ROLLBACK", 8) == 0 && is_back_to(stmt))
        go_back(stmt);
}

void og_undo_ended(struct og_guard_dbc *dbc, const char *state)
{
    end_after(dbc, 0, state);
    forget_marks(dbc);
    og_undo_pg_ended(dbc);
}

void og_undo_forget_open(struct og_guard_dbc *dbc)
{
    free(dbc->undo_open);
    dbc->undo_open = NULL;
    dbc->n_undo_open = dbc->max_undo_open = 0;
    forget_marks(dbc);
    og_undo_pg_ended(dbc);
}

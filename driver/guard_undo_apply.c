/* SPDX-License-Identifier: MIT */
/* guard_undo_apply.c - `odbcguard undo u-... [rows 1,3-5] [check]`: takes an undo set back over the
 * connection that it is said on, as one transaction, decided like any other write, recorded and
 * undoable itself. The text never goes down; the values come sealed from guardfs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/id.h"
#include "common/sqlite_undo.h"
#include "driver/guard.h"
#include "driver/guard_undo_pg.h"

#define MAX_ARENA_BYTES ((size_t)1024 * 1024 * 1024)
#define MAX_REPORT_BYTES (60u * 1024u)

struct og_undo_command {
    char id[13];
    char rows[200]; /* "" for all */
    bool is_check;
    char state[24];
    struct og_buf bytes;
    struct og_arena arena;
    struct og_undo_set set;
    bool *picked;       /* NULL: all */
    size_t *first_column; /* per table: its first column among those of the facts */
    struct og_undo_conflicts conflicts;
};

static SQLRETURN fail(struct og_guard_stmt *stmt, const char *text)
{
    og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false, "[undo] %s", text);
    return SQL_ERROR;
}

/* ---- the text ---- */

/* The next word of a text, cut at white space. Returns its bytes. */
static size_t next_word(const char **at)
{
    *at += strspn(*at, " \t\r\n");
    return strcspn(*at, " \t\r\n");
}

static bool take_word(const char **at, const char *word)
{
    size_t n = next_word(at);

    if (n != strlen(word) || strncasecmp(*at, word, n) != 0)
        return false;
    *at += n;
    return true;
}

bool og_undo_is_command(const struct og_guard_stmt *stmt)
{
    const char *at = stmt->text.utf8;

    return at && take_word(&at, "odbcguard") && take_word(&at, "undo");
}

static bool parse(const char *text, struct og_undo_command *out)
{
    const char *at = text;
    size_t n;

    if (!take_word(&at, "odbcguard") || !take_word(&at, "undo"))
        return false;
    n = next_word(&at);
    if (n != OG_ID_CHARS)
        return false;
    (void)snprintf(out->id, sizeof(out->id), "%.12s", at);
    at += n;
    if (take_word(&at, "rows")) {
        n = next_word(&at);
        if (!n || n >= sizeof(out->rows))
            return false;
        (void)snprintf(out->rows, sizeof(out->rows), "%.*s", (int)n, at);
        at += n;
    }
    out->is_check = take_word(&at, "check");
    return next_word(&at) == 0 && og_id_is_valid(OG_ID_UNDO, out->id);
}

void og_undo_command_free(struct og_guard_stmt *stmt)
{
    struct og_undo_command *command = stmt->undo.command;

    if (!command)
        return;
    og_buf_wipe(&command->bytes);
    og_arena_release(&command->arena);
    free(command->picked);
    free(command->first_column);
    free(command->conflicts.items);
    free(command);
    stmt->undo.command = NULL;
}

const char *og_undo_takes_back(const struct og_guard_stmt *stmt)
{
    return stmt->undo.command ? stmt->undo.command->id : "";
}

/* ---- facts ---- */

static bool is_picked(const struct og_undo_command *command, size_t row)
{
    return !command->picked || command->picked[row];
}

static bool is_masked(const struct og_guard_stmt *stmt, size_t column)
{
    return stmt->verdict.masked_columns && stmt->verdict.masked_columns[column];
}

int og_undo_facts(struct og_guard_stmt *stmt)
{
    struct og_undo_command *command = stmt->undo.command;
    struct og_facts *facts = &stmt->facts;
    const struct og_undo_set *set = &command->set;
    size_t *objects = og_arena_array(facts->arena, set->n_tables + 1, sizeof(*objects));

    facts->kind = "UNDO";
    for (size_t i = 0; objects && i < set->n_tables; i++) {
        const struct og_undo_table *table = &set->tables[i];
        const struct og_object object = {.kind = OG_OBJECT_TABLE,
                                         .schema = table->schema,
                                         .name = table->name,
                                         .id = table->id,
                                         .is_temporary = strcmp(table->schema, "temp") == 0};

        objects[i] = og_facts_object(facts, &object);
        for (size_t k = 0; k < table->n_columns; k++) {
            const struct og_fact_column column = {
                .object = objects[i], .name = table->columns[k].name, .number = (int32_t)k,
                .type = OG_UNDO_CLASS(table->columns[k].flags)};
            size_t at = og_facts_column(facts, &column);

            if (k == 0)
                command->first_column[i] = at;
            og_facts_write(facts, at);
        }
    }
    for (size_t i = 0; objects && i < set->n_rows; i++)
        if (is_picked(command, i))
            og_facts_effect(facts,
                            set->rows[i].change == OG_UNDO_INSERTED  ? OG_EFFECT_DELETE
                            : set->rows[i].change == OG_UNDO_UPDATED ? OG_EFFECT_UPDATE
                                                                     : OG_EFFECT_INSERT,
                            objects[set->rows[i].table]);
    return og_arena_is_failed(facts->arena) ? -ENOMEM : 0;
}

/* ---- the set ---- */

static SQLRETURN fetch(struct og_guard_stmt *stmt)
{
    struct og_undo_command *command = stmt->undo.command;
    const struct og_client_session *session;
    struct og_policy_set *policies;
    struct og_client_error error;
    uint64_t generation;

    if (og_client_begin(stmt->dbc->client, &session, &policies, &generation, &error) < 0 ||
        og_client_undo_get(stmt->dbc->client, command->id, &command->bytes, command->state, &error) <
            0) {
        og_diag_add(&stmt->object.diag, error.code, false, "%s", error.text);
        return SQL_ERROR;
    }
    if (og_undo_read(command->bytes.bytes, command->bytes.n_bytes, &command->arena, &command->set) != 0)
        return fail(stmt, "the undo set cannot be read: it was made by another version");
    if (command->set.dialect != stmt->dbc->dialect)
        return fail(stmt, "the undo set is of another kind of database: use the data source that the write "
                          "was made on");
    command->first_column = calloc(command->set.n_tables + 1, sizeof(*command->first_column));
    if (!command->first_column)
        return fail(stmt, "memory is short");
    if (!command->rows[0])
        return SQL_SUCCESS;
    command->picked = calloc(command->set.n_rows + 1, sizeof(*command->picked));
    if (!command->picked)
        return fail(stmt, "memory is short");
    if (og_undo_pick(command->rows, command->picked, command->set.n_rows) < 0)
        return fail(stmt, "`rows` names rows that are not in the set: their numbers stand at the ends of "
                          "undo.sql's lines, as in rows 1,3-5");
    return SQL_SUCCESS;
}

static SQLRETURN open_command(struct og_guard_stmt *stmt)
{
    struct og_undo_command *command = calloc(1, sizeof(*command));

    if (!command)
        return fail(stmt, "memory is short");
    og_buf_init(&command->bytes, OG_MAX_UNDO_BYTES);
    og_arena_init(&command->arena, MAX_ARENA_BYTES);
    stmt->undo.command = command;
    if (!parse(stmt->text.utf8, command))
        return fail(stmt, "say: odbcguard undo u-... [rows 1,3-5] [check]");
    if (!stmt->dbc->is_autocommit || stmt->dbc->is_in_transaction)
        return fail(stmt, "it runs as a transaction of its own: commit or roll back first, and switch "
                          "autocommit on");
    return fetch(stmt);
}

/* ---- carrying it out ---- */

static bool hides(void *context, const struct og_undo_table *table,
                  const struct og_undo_column *column)
{
    const struct og_guard_stmt *stmt = context;
    const struct og_undo_command *command = stmt->undo.command;

    return is_masked(stmt, command->first_column[table - command->set.tables] +
                               (size_t)(column - table->columns));
}

/* Returns: 0; 1 with conflicts; -errno with why. */
static int apply(struct og_guard_stmt *stmt)
{
    struct og_undo_command *command = stmt->undo.command;

    free(command->conflicts.items);
    command->conflicts = (struct og_undo_conflicts){.items = NULL};
    if (stmt->dbc->dialect == OG_DIALECT_SQLITE)
        return og_sqlite_undo_apply(stmt->dbc->analyser, &command->set, command->picked,
                                    &command->conflicts);
    return og_undo_pg_apply(stmt, &command->set, command->picked, &command->conflicts);
}

static void put_conflicts(struct og_guard_stmt *stmt, struct og_buf *out)
{
    struct og_undo_command *command = stmt->undo.command;
    const struct og_undo_conflicts *conflicts = &command->conflicts;

    for (size_t i = 0; i < conflicts->n_items && out->n_bytes < MAX_REPORT_BYTES - 2048; i++) {
        const struct og_undo_table *table =
            &command->set.tables[command->set.rows[conflicts->items[i].row].table];

        og_buf_printf(out, "row %zu: %.64s.%.64s where ", conflicts->items[i].row + 1, table->schema,
                      table->name);
        og_undo_render_key(&command->set, conflicts->items[i].row, hides, stmt, out);
        og_buf_printf(out, ": %s\n", conflicts->items[i].reason);
    }
    if (out->n_bytes >= MAX_REPORT_BYTES - 2048)
        og_buf_printf(out, "and more: %zu in all\n", conflicts->n_items);
}

/* What the folder's file `conflicts` says from now on, and the state. */
static void report(struct og_guard_stmt *stmt, int r, const char *state)
{
    struct og_undo_command *command = stmt->undo.command;
    struct og_buf text;

    og_buf_init(&text, MAX_REPORT_BYTES);
    if (command->conflicts.is_already)
        og_buf_append_str(&text, "every row is as it was before the write: there is nothing to take back\n");
    else if (r == 1)
        put_conflicts(stmt, &text);
    else if (r < 0)
        og_buf_printf(&text, "it failed: %s\n",
                      command->conflicts.why ? command->conflicts.why : "the database said no");
    else
        og_buf_append_str(&text, command->is_check ? "none: every row is as the write left it\n"
                                                   : "none: it was taken back\n");
    og_client_undo_end(stmt->dbc->client, command->id, state, stmt->undo.id, og_buf_str(&text));
    og_buf_release(&text);
}

static SQLRETURN say_conflicts(struct og_guard_stmt *stmt)
{
    struct og_undo_command *command = stmt->undo.command;
    const struct og_undo_conflicts *conflicts = &command->conflicts;
    struct og_buf text;

    if (conflicts->is_already) {
        og_diag_add_state(&stmt->object.diag, "01000",
                          "[odbcguard] %s: every row is as it was before the write: nothing was to be "
                          "taken back", command->id);
        return SQL_SUCCESS_WITH_INFO;
    }
    og_buf_init(&text, MAX_REPORT_BYTES);
    put_conflicts(stmt, &text);
    og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false,
                "[undo] %s was not taken back: %zu row%s in the way, and nothing was changed. Take back "
                "the other rows alone (rows ...), or settle these first\n%.1500s", command->id,
                conflicts->n_items, conflicts->n_items == 1 ? " stands" : "s stand", og_buf_str(&text));
    og_buf_release(&text);
    return SQL_ERROR;
}

static SQLRETURN carry_out(struct og_guard_stmt *stmt, int *r)
{
    struct og_undo_command *command = stmt->undo.command;
    SQLRETURN code = og_measure_begin(stmt);

    *r = -EIO;
    if (code != SQL_SUCCESS)
        return code;
    (void)pthread_mutex_lock(&stmt->dbc->lock);
    *r = apply(stmt);
    (void)pthread_mutex_unlock(&stmt->dbc->lock);
    /* A look is rolled back too: whatever it locked is free again. */
    code = og_measure_settle(stmt, *r == 0 && !command->is_check ? SQL_SUCCESS : SQL_ERROR);
    return *r == 0 && command->is_check ? SQL_SUCCESS : code;
}

static SQLRETURN tell(struct og_guard_stmt *stmt, int r, SQLRETURN code)
{
    struct og_undo_command *command = stmt->undo.command;

    if (r == 1) {
        report(stmt, r, !command->conflicts.is_already                 ? "conflict"
                        : strcmp(command->state, "unclear") == 0 ? "never-was"
                                                                 : "checked");
        return say_conflicts(stmt);
    }
    if (r < 0) {
        report(stmt, r, "checked");
        return fail(stmt, command->conflicts.why ? command->conflicts.why
                                                 : "the rows could not be taken back");
    }
    if (command->is_check) {
        report(stmt, r, "checked");
        og_diag_add_state(&stmt->object.diag, "01000",
                          "[odbcguard] %s: every row is as the write left it and can be taken back",
                          command->id);
        return SQL_SUCCESS_WITH_INFO;
    }
    if (code != SQL_SUCCESS)
        return code; /* settle has said why */
    report(stmt, r, command->picked ? "partly-undone" : "undone");
    og_diag_add_state(&stmt->object.diag, "01000", "[odbcguard] %s was taken back%s%s", command->id,
                      stmt->undo.id[0] ? "; that can be taken back as " : "", stmt->undo.id);
    return SQL_SUCCESS_WITH_INFO;
}

/* The command is no SQL: as such `u-0QEA...` is no word, and its text would be none. One token is the whole
 * of it, so that approvals are bound to it and the ledger and the request say it. */
static SQLRETURN take_text(struct og_guard_stmt *stmt)
{
    struct og_token *token = og_arena_array(&stmt->facts_arena, 1, sizeof(*token));

    if (!token)
        return fail(stmt, "memory is short");
    *token = (struct og_token){.kind = OG_TOKEN_WORD, .n_bytes = (uint32_t)strlen(stmt->text.utf8)};
    stmt->lex = (struct og_lex){.tokens = token, .n_tokens = 1};
    stmt->text.refusal = NULL;
    return SQL_SUCCESS;
}

static SQLRETURN decide_and_run(struct og_guard_stmt *stmt)
{
    SQLRETURN code;
    int r;

    do {
        stmt->has_facts = false;
        og_arena_reset(&stmt->facts_arena);
        code = take_text(stmt);
        if (code == SQL_SUCCESS)
            code = og_gate_judge(stmt);
        if (code == SQL_SUCCESS)
            code = og_undo_ask(stmt);
        if (code == SQL_SUCCESS && !stmt->undo.command->is_check)
            code = og_gate_pass(stmt);
        if (code != SQL_SUCCESS) {
            og_gate_finish(stmt, SQL_ERROR);
            return code;
        }
        stmt->undo.is_wanted = stmt->undo.is_wanted && !stmt->undo.command->is_check;
        code = carry_out(stmt, &r);
    } while (og_measure_again(stmt));
    if (code == SQL_SUCCESS || r != 0)
        code = tell(stmt, r, code);
    og_gate_finish(stmt, code == SQL_ERROR ? SQL_ERROR : SQL_SUCCESS);
    return code;
}

/* A command has no result, and the real driver would call the question out of sequence. */
static SQLRETURN SQL_API guard_SQLNumResultCols(SQLHSTMT handle, SQLSMALLINT *n)
{
    struct og_guard_stmt *stmt = handle;

    og_guard_enter(&stmt->object);
    if (!stmt->undo.is_done)
        return og_guard_below(stmt, stmt->object.calls->SQLNumResultCols(stmt->object.below, n));
    if (n)
        *n = 0;
    return SQL_SUCCESS;
}

void og_guard_install_undo(struct og_calls *calls)
{
    calls->SQLNumResultCols = guard_SQLNumResultCols;
}

static SQLLEN count_picked(const struct og_undo_command *command)
{
    SQLLEN n = 0;

    for (size_t i = 0; i < command->set.n_rows; i++)
        n += is_picked(command, i);
    return n;
}

SQLRETURN og_undo_run_command(struct og_guard_stmt *stmt)
{
    SQLRETURN code = open_command(stmt);

    if (code == SQL_SUCCESS)
        code = decide_and_run(stmt);
    if (code != SQL_ERROR) {
        stmt->undo.is_done = true;
        stmt->rows.has_row_count = true;
        stmt->rows.row_count = stmt->undo.command->is_check ? 0 : count_picked(stmt->undo.command);
    }
    og_undo_command_free(stmt);
    stmt->has_facts = false; /* they borrow from the set */
    stmt->state = OG_STMT_EMPTY;
    return code;
}

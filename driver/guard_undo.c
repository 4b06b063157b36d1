/* SPDX-License-Identifier: MIT */
#include "driver/guard_undo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/sqlite_undo.h"
#include "driver/guard.h"
#include "driver/guard_undo_pg.h"

/* ---- what is kept ---- */

static bool changes_rows(enum og_effect effect)
{
    return effect == OG_EFFECT_INSERT || effect == OG_EFFECT_UPDATE || effect == OG_EFFECT_DELETE ||
           effect == OG_EFFECT_MERGE || effect == OG_EFFECT_TRUNCATE || effect == OG_EFFECT_COPY ||
           effect == OG_EFFECT_CALL;
}

static bool has_rows(const struct og_object *object)
{
    return object->kind == OG_OBJECT_TABLE || object->kind == OG_OBJECT_MATERIALISED_VIEW ||
           object->kind == OG_OBJECT_SCHEMA || object->kind == OG_OBJECT_DATABASE ||
           object->kind == OG_OBJECT_OTHER;
}

bool og_undo_is_word(const struct og_guard_stmt *stmt, size_t i, const char *word)
{
    const struct og_token *token = i < stmt->lex.n_tokens ? &stmt->lex.tokens[i] : NULL;

    return token && token->kind == OG_TOKEN_WORD && strlen(word) == token->n_bytes &&
           strncasecmp(stmt->text.utf8 + token->position, word, token->n_bytes) == 0;
}

size_t og_undo_next_token(const struct og_guard_stmt *stmt, size_t i)
{
    do {
        i++;
    } while (i < stmt->lex.n_tokens && (stmt->lex.tokens[i].kind == OG_TOKEN_SPACE ||
                                        stmt->lex.tokens[i].kind == OG_TOKEN_COMMENT));
    return i;
}

/* Of ALTER: takes a column or its values away. */
static bool alter_loses(const struct og_guard_stmt *stmt)
{
    static const char *const harmless[] = {"DEFAULT", "NOT", "CONSTRAINT", "IDENTITY", "EXPRESSION"};

    for (size_t i = 0; i < stmt->lex.n_tokens; i++) {
        bool is_harmless = false;

        if (og_undo_is_word(stmt, i, "TYPE"))
            return true;
        if (!og_undo_is_word(stmt, i, "DROP"))
            continue;
        for (size_t k = 0; k < OG_COUNT(harmless); k++)
            is_harmless = is_harmless || og_undo_is_word(stmt, og_undo_next_token(stmt, i), harmless[k]);
        if (!is_harmless)
            return true;
    }
    return false;
}

/* Returns the effect that loses data for good; OG_EFFECT_COUNT. */
static enum og_effect find_loss(const struct og_guard_stmt *stmt)
{
    const struct og_facts *facts = &stmt->facts;

    for (size_t i = 0; i < facts->n_effects; i++) {
        enum og_effect effect = facts->effects[i].effect;
        size_t object = facts->effects[i].object;

        if (object != OG_NO_OBJECT && (facts->objects[object].is_temporary ||
                                       !has_rows(&facts->objects[object])))
            continue;
        if (effect == OG_EFFECT_DROP || (effect == OG_EFFECT_ALTER && alter_loses(stmt)))
            return effect;
    }
    return OG_EFFECT_COUNT;
}

static bool is_a_write(const struct og_facts *facts)
{
    if (facts->is_transaction_control || facts->refusal.what)
        return false;
    for (size_t i = 0; i < facts->n_effects; i++)
        if (changes_rows(facts->effects[i].effect))
            return true;
    /* What is vouched for is what a function gives back, not what it leaves alone: one that is declared
     * STABLE may call one that writes. */
    for (size_t i = 0; facts->dialect == OG_DIALECT_POSTGRESQL && i < facts->n_functions; i++)
        if (!facts->functions[i].is_builtin)
            return true;
    return false;
}

SQLRETURN og_undo_ask(struct og_guard_stmt *stmt)
{
    struct og_guard_undo *undo = &stmt->undo;
    enum og_effect loss;

    undo->is_wanted = false;
    if (!stmt->verdict.undo || stmt->dbc->dialect == OG_DIALECT_NONE)
        return SQL_SUCCESS;
    loss = stmt->verdict.undo == OG_UNDO_REQUIRED ? find_loss(stmt) : OG_EFFECT_COUNT;
    if (loss != OG_EFFECT_COUNT)
        return og_gate_refuse(
            stmt, "undo",
            loss == OG_EFFECT_DROP
                ? "A policy asks for an undo set with every write, and a DROP cannot be taken back. "
                  "Rename the object, or empty it, and let a migration drop it later"
                : "A policy asks for an undo set with every write, and this ALTER loses values that "
                  "cannot be brought back. Add a column, copy the values over, and let a migration drop "
                  "the old one later");
    undo->is_wanted = is_a_write(&stmt->facts);
    return SQL_SUCCESS;
}

/* ---- refusing, or going on without ---- */

static bool is_required(const struct og_guard_stmt *stmt)
{
    return stmt->verdict.undo == OG_UNDO_REQUIRED;
}

/* The write cannot be kept. Returns: SQL_ERROR with a record where that is required. */
static SQLRETURN give_up(struct og_guard_stmt *stmt, const char *why)
{
    if (!is_required(stmt)) {
        char detail[300];

        (void)snprintf(detail, sizeof(detail), "%s: no undo set: %s", stmt->id, why);
        og_client_note(stmt->dbc->client, "undo", detail);
        og_undo_drop(stmt);
        return SQL_SUCCESS;
    }
    og_diag_add(&stmt->object.diag, OG_ERR_DENIED, false,
                "[%s/undo] this write was not made: policy %s wants an undo set with every write, and "
                "none can be kept: %s", stmt->verdict.undo_policy, stmt->verdict.undo_policy, why);
    return SQL_ERROR;
}

static const char *too_large(struct og_guard_stmt *stmt)
{
    const char *text = og_arena_printf(
        &stmt->verdict_arena,
        "the rows that it changes take more than %llu bytes (undo-size): change fewer rows at once",
        (unsigned long long)stmt->verdict.undo_bytes);

    return text ? text : "too many rows are changed at once";
}

/* ---- around the write ---- */

SQLRETURN og_undo_begin(struct og_guard_stmt *stmt)
{
    struct og_guard_undo *undo = &stmt->undo;
    const char *why;
    int r;

    if (!undo->is_wanted)
        return SQL_SUCCESS;
    og_undo_drop(stmt);
    og_undo_writer_init(&undo->writer, (size_t)stmt->verdict.undo_bytes);
    undo->writer.takes_parts = !is_required(stmt);
    undo->is_on = true;
    if (stmt->dbc->dialect == OG_DIALECT_POSTGRESQL) {
        r = og_undo_pg_begin(stmt, &undo->writer, &undo->pg, &why);
        undo->is_on = r == 0;
        return r == 0 ? SQL_SUCCESS : give_up(stmt, *why ? why : too_large(stmt));
    }
    r = og_sqlite_undo_begin(stmt->dbc->analyser, &undo->writer);
    if (r == 0)
        return SQL_SUCCESS;
    undo->is_on = false;
    return give_up(stmt, "this SQLite was built without the preupdate hook, or memory is short");
}

static SQLRETURN send_set(struct og_guard_stmt *stmt)
{
    struct og_guard_undo *undo = &stmt->undo;
    struct og_client_error error;
    struct og_buf summary;
    struct og_client_undo set = {
        .statement = stmt->id,
        .policy = stmt->verdict.undo_policy,
        .takes_back = og_undo_takes_back(stmt),
        .n_rows = undo->writer.n_rows,
        .keep_s = stmt->verdict.undo_keep_s,
        .partly = (const char *const *)undo->writer.partly,
        .n_partly = undo->writer.n_partly,
        .bytes = undo->writer.out.bytes,
        .n_bytes = undo->writer.out.n_bytes,
    };
    int r;

    og_buf_init(&summary, 2048);
    og_undo_summary(&undo->writer, &summary);
    set.summary = og_buf_str(&summary);
    r = og_client_undo_put(stmt->dbc->client, &set, undo->id, &error);
    og_buf_release(&summary);
    if (r == 0) {
        undo->is_kept = true;
        return SQL_SUCCESS;
    }
    undo->id[0] = '\0';
    if (!is_required(stmt))
        return give_up(stmt, error.text);
    og_diag_add(&stmt->object.diag, error.code, false, "%s", error.text);
    return SQL_ERROR;
}

/* PostgreSQL: a question that fails must not take an optional set's write with it. */
static int finish(struct og_guard_stmt *stmt, const char **why)
{
    bool is_careful = !is_required(stmt);
    int r;

    if (stmt->dbc->dialect == OG_DIALECT_SQLITE)
        return og_sqlite_undo_finish(stmt->dbc->analyser, why);
    if (is_careful && !og_helper_run(stmt, "SAVEPOINT odbcguard_undo"))
        is_careful = false;
    r = og_undo_pg_finish(stmt->undo.pg, &stmt->undo.writer, why);
    if (is_careful)
        (void)og_helper_run(stmt, r == 0 ? "RELEASE SAVEPOINT odbcguard_undo"
                                         : "ROLLBACK TO SAVEPOINT odbcguard_undo");
    return r;
}

static void end_capture(struct og_guard_stmt *stmt)
{
    if (stmt->undo.is_on && stmt->dbc->analyser)
        og_sqlite_undo_end(stmt->dbc->analyser);
    stmt->undo.pg = og_undo_pg_free(stmt->undo.pg);
    stmt->undo.is_on = false;
}

SQLRETURN og_undo_keep(struct og_guard_stmt *stmt)
{
    struct og_guard_undo *undo = &stmt->undo;
    const char *why = "";
    SQLRETURN code = SQL_SUCCESS;
    int r;

    if (!undo->is_on)
        return SQL_SUCCESS;
    r = finish(stmt, &why);
    if (r < 0)
        code = give_up(stmt, *why ? why : too_large(stmt));
    else if (undo->writer.n_rows)
        code = send_set(stmt);
    else if (undo->writer.n_partly)
        code = give_up(stmt, undo->writer.partly[0]);
    end_capture(stmt);
    og_undo_writer_release(&undo->writer);
    if (code != SQL_SUCCESS)
        og_undo_pg_lost(stmt->dbc);
    return code;
}

/* ---- how it ended ---- */

void og_undo_settled(struct og_guard_stmt *stmt, bool is_open)
{
    struct og_guard_undo *undo = &stmt->undo;

    if (!is_open)
        og_undo_pg_ended(stmt->dbc);
    if (!undo->is_kept)
        return;
    undo->is_kept = false;
    if (!is_open)
        og_client_undo_end(stmt->dbc->client, undo->id, "committed", "", "");
    else if (!og_undo_remember(stmt->dbc, undo->id))
        og_client_undo_end(stmt->dbc->client, undo->id, "unclear", "", "");
}

void og_undo_drop(struct og_guard_stmt *stmt)
{
    struct og_guard_undo *undo = &stmt->undo;

    if (undo->pg)
        og_undo_pg_taken_back(stmt->dbc);
    if (undo->is_kept)
        og_undo_pg_lost(stmt->dbc);
    end_capture(stmt);
    og_undo_writer_release(&undo->writer);
    if (undo->is_kept)
        og_client_undo_end(stmt->dbc->client, undo->id, "rolled-back", "", "");
    undo->is_kept = false;
    undo->id[0] = '\0';
}

void og_undo_release(struct og_guard_stmt *stmt)
{
    og_undo_writer_release(&stmt->undo.writer);
    og_undo_command_free(stmt);
}

/* SPDX-License-Identifier: MIT */
/* guard_amend.h - an approver's own statement in the place of the one that was sent: it is analysed,
 * decided and rehearsed here as the requester's, told to guardfs, and runs once that is approved
 * (docs/approvals.md). The application gets its result and a warning that says so.
 * guard_run.c's loop asks og_amend_take whether to go round again whenever a statement was not let
 * through.
 * Threads: the caller holds the statement's lock. */
#ifndef OG_DRIVER_GUARD_AMEND_H
#define OG_DRIVER_GUARD_AMEND_H

#include "common/buf.h"
#include "common/proto.h"
#include "driver/odbc.h"

struct og_guard_stmt;
struct og_client_answer;

struct og_guard_amend {
    struct og_buf text;    /* of guardfs' last answer: the approver's statement, or nothing */
    bool is_due;           /* it is to be put in place */
    bool is_on;            /* it is in place: on_text */
    bool is_measuring;     /* guardfs wants to know what it does */
    unsigned n_rounds;     /* of this execution */
    char request[13];
    uint32_t revision;
    char by[128];
    struct og_buf on_text;
    /* What the application sent. */
    void *sent;
    SQLINTEGER n_sent;
    bool is_wide, was_prepared;
    size_t n_markers;
    struct og_buf columns; /* its result's, a line each */
};

void og_amend_init(struct og_guard_amend *amend);
void og_amend_release(struct og_guard_amend *amend);
/* The application has another text now. */
void og_amend_forget(struct og_guard_stmt *stmt);
/* What the application prepared is in place again. Returns: SQL_SUCCESS; SQL_ERROR with a record. */
OG_MUST SQLRETURN og_amend_restore(struct og_guard_stmt *stmt);

/* Whether another statement is to run than the one that is in place; then there is a record, for those
 * who cannot go on. */
bool og_amend_is_due(struct og_guard_stmt *stmt, const struct og_client_answer *answer);
/* After a statement was not let through: puts the approver's in place, or tells guardfs that it cannot
 * run and goes back to what was sent. Returns whether to go round again. */
bool og_amend_take(struct og_guard_stmt *stmt);
/* Whether what is in place has the parameters and result columns of what was sent. */
SQLRETURN og_amend_check(struct og_guard_stmt *stmt);
/* What is asked of guardfs tells it what its approver's statement does, where it wants to know. */
void og_amend_measured(struct og_guard_stmt *stmt, struct og_msg_request *request);
/* Tells the application that another statement ran. Returns the code to hand up. */
SQLRETURN og_amend_note(struct og_guard_stmt *stmt, SQLRETURN code);

#endif

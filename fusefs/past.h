/* SPDX-License-Identifier: MIT */
/* past.h - statements of a ledger as facts again, to be judged by other policies: who acted, on which
 * target, effects, columns and their use, functions. A record knows no types and no keys of columns, and no
 * groups of a principal: those come from guardfs' configuration where one is given.
 * Is not: verification (verify.h). Threads: one run each. */
#ifndef OG_FUSEFS_PAST_H
#define OG_FUSEFS_PAST_H

#include "common/decide.h"
#include "fusefs/config.h"

struct og_past {
    const char *id;      /* q-... */
    const char *summary; /* "SELECT customers" */
    const char *target, *principal, *verdict, *rule; /* rule "policy/id", "" for none */
    bool is_understood;
    struct og_facts facts;
    struct og_principal member;
    struct og_principal_chain chain;
};

/* Calls visit for every statement of a ledger: a file of lines, a folder of days (DIR, DIR/audit), "-" for
 * standard input. config may be NULL. What visit is given lives until it returns; it returns false to stop.
 * Returns: 0; -errno. n_lines, n_bad: lines read, and those that are no record. */
OG_MUST int og_past_each(const char *path, const struct og_config *config,
                      bool (*visit)(void *context, const struct og_past *past), void *context,
                      size_t *n_lines, size_t *n_bad);

#endif

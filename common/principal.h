/* SPDX-License-Identifier: MIT */
/* principal.h - who acts, as a chain of members with the names that policy can match.
 * Filled by guardfs from evidence (fusefs/identity.c), carried to the driver, judged member by
 * member in common/decide.c. Is not: evidence itself. Strings are borrowed from the owner. */
#ifndef OG_COMMON_PRINCIPAL_H
#define OG_COMMON_PRINCIPAL_H

#include "common/base.h"

/* Strength of the evidence behind a principal, weakest first (policy key `evidence`: at least). */
enum og_evidence {
    OG_EVIDENCE_ASSERTED = 0,
    OG_EVIDENCE_PROCESS,
    OG_EVIDENCE_PEER,
    OG_EVIDENCE_TOKEN,
    OG_EVIDENCE_COUNT
};

struct og_principal {
    /* Names with their prefix: "user:alice", "group:dba", "agent:report-bot", "uid:1001",
     * "act-for:alice", "exe:/usr/bin/python3", "cgroup:/...". "*" is never in it. */
    const char *const *names;
    size_t n_names;
    const char *display; /* the one name used in texts: the person, else the agent, else uid:N */
    bool is_person;      /* only where the configuration says so; every other peer is an agent */
};

struct og_principal_chain {
    const struct og_principal *members; /* outermost actor first, the person it acts for last */
    size_t n_members;
    enum og_evidence evidence;
};

const char *og_evidence_word(enum og_evidence evidence);
/* Returns: the level, or OG_EVIDENCE_COUNT. */
enum og_evidence og_evidence_from_word(const char *word);
bool og_principal_has_name(const struct og_principal *principal, const char *name);

#endif

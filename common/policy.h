/* SPDX-License-Identifier: MIT */
/* policy.h - a set of policies as read from policies/<name>.yaml; immutable once parsed.
 * Strict: an unknown key, or one that this build cannot enforce, is an error with line and column.
 * Syntax: docs/policy.md (frozen interface). Threads: a parsed set may be read by many threads;
 * it is counted by reference.
 * Is not: the decision, which is common/decide.h; nor the files, which guardfs watches. */
#ifndef OG_COMMON_POLICY_H
#define OG_COMMON_POLICY_H

#include "common/base.h"
#include "common/buf.h"
#include "common/facts.h"
#include "common/mask.h"

struct og_policy_set;

/* Whether what a write changes is kept, so that it can be taken back. */
enum og_undo_mode {
    OG_UNDO_NONE = 0,
    OG_UNDO_OPTIONAL, /* kept where it can be */
    OG_UNDO_REQUIRED  /* a write whose rows cannot be kept is refused */
};

/* One file of the set. The bytes are borrowed for the duration of the call. */
struct og_policy_file {
    const char *name; /* "agents.yaml": used in messages and as the file's key */
    const char *bytes;
    size_t n_bytes;
};

#define OG_POLICY_E_INVALID 1 /* messages says where and why, one line each: file:line:column: text */

/* Parses and links files into a set. Messages (errors and warnings, a line each, errors first)
 * are appended to messages either way.
 * Returns: 0 and a set with one reference in out; OG_POLICY_E_INVALID; -ENOMEM. */
OG_MUST int og_policy_set_parse(const struct og_policy_file *files, size_t n_files,
                                struct og_buf *messages, struct og_policy_set **out);
struct og_policy_set *og_policy_set_ref(struct og_policy_set *set);
/* NULL-safe, returns NULL. */
struct og_policy_set *og_policy_set_unref(struct og_policy_set *set);

/* Digest over names and bytes of all files: the policy version in records and grants.
 * Returns: 64 hexadecimal characters, borrowed from the set. */
const char *og_policy_set_digest(const struct og_policy_set *set);
/* Whether what a rule says depends on when it is asked. */
bool og_policy_set_watches_time(const struct og_policy_set *set);
size_t og_policy_set_count(const struct og_policy_set *set);

/* Calls visit for every name of a group that a rule or applies-to uses ("group:dba"), so that the
 * owner of the configuration can warn of unknown ones. visit returns false to stop. */
void og_policy_set_each_group(const struct og_policy_set *set,
                              bool (*visit)(void *context, const char *group), void *context);

/* The file names and test cases (`tests:`) for the runner in common/policy_test.h. */
struct og_policy_case {
    const char *policy; /* its policy's name */
    size_t line;
    const char *as;     /* "group:ai-agents", "user:alice" */
    const char *sql;
    const char *expect_verdict; /* allow, deny, approve */
    const char *expect_rule;    /* NULL: any */
    const char *const *masked;  /* labels of result columns that must be masked; exactly these */
    size_t n_masked;
    bool has_masked;            /* the case has the key `masked` */
    const char *schema_file;    /* relative to the policy folder */
    enum og_dialect dialect;
    const char *target;         /* the target the case pretends; see docs/policy.md */
    bool is_measured;           /* `rows`: as if the write had changed so many */
    uint64_t measured_rows;
};
size_t og_policy_set_cases(const struct og_policy_set *set, const struct og_policy_case **out);

#endif

/* SPDX-License-Identifier: MIT */
/* decide.h - (policies, principal, target, facts, time) -> verdict and mask plan. Pure: no clock,
 * no files, no globals; the same function runs in the driver, in a broker worker, in guardctl
 * explain and in policy tests.
 * deny beats approve beats allow, over all policies that apply; what no rule allows is denied; a
 * chain is judged once per member and the least permissive verdict and strictest mask win. */
#ifndef OG_COMMON_DECIDE_H
#define OG_COMMON_DECIDE_H

#include "common/facts.h"
#include "common/mask.h"
#include "common/policy.h"
#include "common/principal.h"

enum og_verdict_kind {
    OG_VERDICT_DENY = 0, /* zero: what was never decided is denied */
    OG_VERDICT_APPROVE,
    OG_VERDICT_ALLOW
};

enum og_placement { OG_PLACEMENT_INLINE = 0, OG_PLACEMENT_BROKER };

struct og_target {
    const char *name;
    const char *const *labels; /* "env:production" */
    size_t n_labels;
    enum og_dialect dialect; /* NONE: no front end; only observing policies let statements pass */
};

struct og_decide_input {
    const struct og_policy_set *set;
    const struct og_principal_chain *chain;
    const struct og_target *target;
    const struct og_facts *facts; /* a refusal in it is a verdict DENY with OG_ERR_REFUSED */
    enum og_placement placement;
    int64_t now_unix_s; /* UTC; rules with `time` are judged by it */
    bool is_measured;   /* the write ran, and was taken back: rules with `rows` are judged too */
    uint64_t measured_rows;
    bool is_unmask; /* the real values of the result's masked columns are asked for */
};

/* One approve rule that must be satisfied. */
struct og_approval_need {
    const char *policy;
    const char *rule;
    const char *group; /* "dba": who may answer */
    uint32_t count;    /* distinct persons */
    uint32_t within_s; /* life of the request; default 1800 */
    uint64_t drift_rows; /* how far what runs may be from what was rehearsed */
    uint32_t drift_percent;
    uint32_t n_sample; /* rows of each table that the request shows */
    const char *say;   /* or NULL */
};

struct og_rule_ref {
    const char *policy;
    const char *rule;
};

/* One limit that holds for a member of the chain. */
enum og_limit_kind {
    OG_LIMIT_CONNECTIONS = 0,
    OG_LIMIT_STATEMENTS,
    OG_LIMIT_REQUESTS,
    OG_LIMIT_ROWS_PER_HOUR,
    OG_LIMIT_ROWS_PER_STATEMENT,
    OG_LIMIT_RUNTIME, /* count: seconds */
    OG_LIMIT_PARALLEL,
    OG_LIMIT_LOOKUPS /* guardfs' own: of one column */
};
struct og_limit {
    enum og_limit_kind kind;
    const char *policy;
    size_t member; /* of the chain */
    uint64_t count;
    uint32_t window_s; /* 0 where it is none of time */
};

/* A masked column that the statement searches by one exact value, which its policies let it. */
struct og_lookup {
    const char *column; /* "public.customers.email" */
    uint64_t per_day;   /* the smallest of the policies' */
};

/* A column with the mask `handle` that the statement compares with one parameter: it may run where that is a
 * handle of the column. */
struct og_handle_use {
    size_t column; /* index into the facts' columns */
    size_t marker; /* 1-based */
    bool is_needed; /* false: its policies let it be searched by a value, too */
};

struct og_verdict {
    enum og_verdict_kind kind;
    uint32_t error; /* enum og_err for a verdict DENY: DENIED (a rule or no rule), REFUSED (not
                     * understood), CONFIG (a mask that does not fit); 0 otherwise */
    const char *policy; /* the one that decided; "" when no rule allowed */
    const char *rule;   /* likewise */
    const char *object; /* "public.payments" or ""; what the decision is about */
    const char *column; /* "email" where a masked column's use is refused, else "" */
    const char *reason; /* "DROP TABLE customers is not allowed here": a sentence without full stop */
    const char *say;    /* the rule's own text, what to do next; or "" */

    const struct og_approval_need *needs; /* kind APPROVE */
    size_t n_needs;
    const struct og_rule_ref *matched; /* every rule that matched, in order, for the ledger */
    size_t n_matched;

    const struct og_mask *masks; /* one per result column of the facts; kind NONE: clear */
    size_t n_masks;
    struct og_mask detect;     /* kind DETECT: what diagnostics are looked through for */
    const bool *masked_columns; /* one per column of the facts: masked for this principal; NULL: unknown */
    bool masks_any;          /* some result column is masked, or looked through (kind DETECT) */
    bool touches_masked;     /* some object of the statement has a column masked for this principal:
                              * its diagnostics are reduced to names */
    bool needs_measure;      /* a rule with `rows` fits but for the count, which is not known yet: the
                              * write is to be counted before it stays */
    uint64_t rows_bound;     /* the smallest of those rules' bounds: more is too many; or the bound of
                              * the rule that decided */
    bool is_over_rows;       /* a rule with `rows` decided */
    uint64_t measured_rows;
    const char *effect;      /* the caller's: what a rehearsal would change, in words; NULL: none */
    uint64_t max_rows;       /* rows that it may hand out; 0: any */
    const char *max_rows_policy;
    uint32_t runtime_s;      /* seconds that it may run; 0: any */
    const char *runtime_policy;
    enum og_undo_mode undo;  /* the strictest of the policies' */
    const char *undo_policy;
    uint64_t undo_bytes;     /* the largest undo set that all of them allow */
    uint32_t undo_keep_s;
    bool is_counted;         /* guardfs counts it against a limit: its word is to be waited for */
    const struct og_lookup *lookups;
    size_t n_lookups;
    const struct og_handle_use *handle_uses;
    size_t n_handle_uses;
    bool is_observed;        /* an observing policy let it pass: would_be is what enforcing gives */
    bool may_run_blind;      /* only observing policies decide here and nothing is masked: whatever the
                              * statement means, it may run */
    bool unmasks;            /* once it is approved, masks of result columns are not applied */
    bool is_data_observed;   /* masks were not applied because data-mode observe says so */
    enum og_verdict_kind would_be;
};

/* Decides. out hangs in arena (strings too, or borrowed from the input's set).
 * Returns: 0; -ENOMEM (out is then a plain DENY, REFUSED). */
OG_MUST int og_decide(const struct og_decide_input *input, struct og_arena *arena,
                      struct og_verdict *out);

/* Limits of enforcing policies, over members and policies; visit returns false to stop. */
void og_decide_each_limit(const struct og_decide_input *input,
                          bool (*visit)(void *context, const struct og_limit *limit),
                          void *context);
/* Fills max_rows, runtime_s and is_counted alone: for what has no facts. */
void og_decide_limits(const struct og_decide_input *input, struct og_verdict *verdict);
/* "statements", "rows"... for texts. */
const char *og_limit_word(enum og_limit_kind kind);
/* Whether everybody of the chain may read each of these tables as a whole: then counts of their rows,
 * and why one cannot be written, tell nothing new. */
bool og_decide_may_read(const struct og_decide_input *input, struct og_arena *arena,
                        const struct og_object *tables, size_t n_tables);
/* Whether policies say that the function changes nothing outside the transaction (vouch: rehearse). */
bool og_decide_may_rehearse(const struct og_decide_input *input, const char *schema,
                            const char *name);
/* How often a day one column may be searched for; 0: not at all. */
uint64_t og_decide_column_lookups(const struct og_decide_input *input, const char *schema,
                                  const char *table, const char *column);

const char *og_verdict_word(enum og_verdict_kind kind);

/* The mask of one base column for the whole chain: for catalog functions and explain.
 * schema may be "". Returns false when the column is clear. */
bool og_decide_column_mask(const struct og_decide_input *input, const char *schema,
                           const char *table, const char *column, struct og_mask *out);

/* Policy data entries whose name is no glob must exist on the target unless `optional: yes`: calls
 * visit once for each such entry that applies to this principal and target, in order, split into
 * its parts (schema NULL for two parts). visit returns false to stop. */
void og_decide_each_required_column(const struct og_decide_input *input,
                                    bool (*visit)(void *context, const char *policy,
                                                  const char *schema, const char *table,
                                                  const char *column),
                                    void *context);

#endif

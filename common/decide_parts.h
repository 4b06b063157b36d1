/* SPDX-License-Identifier: MIT */
/* decide_parts.h - what the files of the decision share: decide.c (verdict), decide_match.c (who and
 * what a rule means), decide_mask.c (plan of masks), decide_text.c (sentences).
 * Is not: an interface for anyone else (that is decide.h). */
#ifndef OG_COMMON_DECIDE_PARTS_H
#define OG_COMMON_DECIDE_PARTS_H

#include "common/decide.h"
#include "common/err.h"
#include "common/policy_parts.h"

/* What one decision is made from; everything is borrowed. */
struct og_decide {
    const struct og_decide_input *input;
    const struct og_facts *facts; /* NULL where only a column is asked for */
    enum og_dialect dialect;
    struct og_arena *arena;       /* NULL likewise */
};

/* How a policy applies. WEAKLY: only by exe: or cgroup: names, which never add a right: the
 * policy's denials and masks count, its allowances, vouching and observation do not. */
enum og_applies { OG_APPLIES_NOT = 0, OG_APPLIES_WEAKLY, OG_APPLIES_FULLY };

/* One thing that the statement does. */
struct og_pair {
    enum og_effect effect;
    const struct og_object *object; /* or NULL */
    bool needs_no_rule;             /* transaction control, harmless setting: only rules that name it */
};

struct og_decide og_decide_start(const struct og_decide_input *input, struct og_arena *arena);
enum og_applies og_decide_applies(const struct og_policy *policy,
                                  const struct og_principal *member,
                                  const struct og_target *target);
/* For the whole chain: the strongest way in which it applies to some member. */
enum og_applies og_decide_applies_to_chain(const struct og_decide *decide,
                                           const struct og_policy *policy);

/* schema "": not known; a pattern with a schema then fits if counts_unknown. parts are the
 * pattern's first n_parts (column patterns carry the column behind the table). */
bool og_decide_name_fits(const struct og_decide *decide, const struct og_name_pattern *pattern,
                         size_t n_parts, const char *schema, const char *name,
                         bool counts_unknown);
bool og_decide_part_fits(const struct og_decide *decide, const struct og_name_pattern *pattern,
                         size_t part, const char *text);
bool og_decide_is_relation(const struct og_object *object);
bool og_decide_function_fits(const struct og_decide *decide, const struct og_name_pattern *patterns,
                             size_t n_patterns, const char *schema, const char *name);
bool og_decide_rule_fits(const struct og_decide *decide, const struct og_rule *rule,
                         const struct og_pair *pair);
/* Whether the rule fits but for `rows`, and nothing was measured yet. */
bool og_decide_rule_measures(const struct og_decide *decide, const struct og_rule *rule,
                             const struct og_pair *pair);

/* Whether a policy masks any column for this chain, or would (is_observing). */
bool og_decide_has_masks(const struct og_decide *decide, bool is_observing);
/* Fills masks, masks_any, touches_masked, is_data_observed; turns the verdict into DENY where a
 * masked column is used, a mask does not fit, or results are not known. */
void og_decide_plan(const struct og_decide *decide, struct og_verdict *verdict);

/* decide_unmask.c: turns the verdict of a statement that asks for real values (input->is_unmask) into
 * APPROVE, or DENY where a policy lets nobody see them. After the plan. */
void og_decide_unmask(const struct og_decide *decide, struct og_verdict *verdict);
/* What refuses by a policy's data is named so in the place of a rule. */
#define OG_RULE_DATA "data"
void og_decide_refuse(struct og_verdict *verdict, enum og_err error, const struct og_policy *policy,
                      const char *object, const char *column, const char *reason, const char *say);
/* NULL: not known. */
const struct og_object *og_decide_object_of(const struct og_facts *facts,
                                            const struct og_fact_column *column);

/* decide_scan.c: plans `detect` for what is not masked anyway. */
void og_decide_scans(const struct og_decide *decide, struct og_verdict *verdict);
bool og_decide_entry_fits(const struct og_decide *decide, const struct og_data_entry *entry,
                          const char *schema, const char *table, const char *column);
/* The type by which a value is masked: the result's own, else that of all its sources. */
enum og_type_class og_decide_result_type(const struct og_facts *facts,
                                         const struct og_fact_result *result);

/* "customers", or with its schema where that is no default one. Arena text, "" for NULL. */
const char *og_decide_object_text(const struct og_decide *decide, const struct og_object *object);
/* "public.customers" for verdicts and records. */
const char *og_decide_object_name(const struct og_decide *decide, const struct og_object *object);
/* "DROP TABLE customers", "UPDATE on payments", "SELECT". */
const char *og_decide_pair_text(const struct og_decide *decide, const struct og_pair *pair);
/* "would change 48,210 rows of payments; rule agents/bulk allows 100". */
const char *og_decide_rows_text(const struct og_decide *decide, const struct og_policy *policy,
                                const struct og_rule *rule, const struct og_pair *pair);
/* "to filter", "in GROUP BY": how a masked column cannot be used. */
const char *og_decide_use_text(enum og_use use);
/* Why the statement is not understood, and where in it that stands. */
const char *og_decide_refusal_text(const struct og_decide *decide);
/* With a capital letter first, as a sentence. */
const char *og_decide_sentence(const struct og_decide *decide, const char *text);

#endif

/* SPDX-License-Identifier: MIT */
/* policy_parts.h - what a parsed policy set is made of: filled by policy_parse*.c, read by decide*.c
 * and nobody else. Everything hangs in the set's arena and never changes after the parse.
 * Is not: an interface for guardfs or the driver (that is policy.h). */
#ifndef OG_COMMON_POLICY_PARTS_H
#define OG_COMMON_POLICY_PARTS_H

#include <stdatomic.h>

#include "common/arena.h"
#include "common/policy.h"
#include "common/principal.h"
#include "common/time_window.h"

struct og_strings {
    const char *const *items;
    size_t n_items;
};

/* A name as policies write it, split at dots outside quotes. Two parts of a column name are
 * table.column in any schema, three are schema.table.column; one part of a table name is a table in
 * any schema, two are schema.table. A part may hold * (which never crosses a dot). */
struct og_name_pattern {
    const char *parts[3]; /* most significant first; quotes taken off */
    bool is_quoted[3];    /* "Name": compared exactly; else as the target folds case */
    bool is_glob[3];
    size_t n_parts;
    const char *text; /* as written, for messages */
    size_t line;
};

/* One entry of `data:`. */
struct og_rule;

struct og_data_entry {
    const struct og_name_pattern *columns;
    size_t n_columns;
    struct og_mask mask;
    bool is_lookup;   /* lookup: {equality: yes}: may be searched by one exact constant */
    uint64_t lookups_per_day;
    bool is_group;    /* group: yes: by stable tokens, which only a broker makes */
    const struct og_rule *unmask; /* by_group, by_count, by_within_s: who may let somebody see the values;
                                   * NULL: nobody */
    bool is_exempt;   /* class: none without a mask: the column is clear for this policy */
    bool is_optional;
    size_t line;
};

/* count 0: no limit. */
struct og_rate {
    uint64_t count;
    uint32_t window_s;
};

/* `limits:`; 0 stands for none. */
struct og_policy_limits {
    struct og_rate connections, statements, requests;
    uint64_t rows_per_statement, rows_per_hour;
    uint32_t runtime_s;
    uint64_t parallel;
};

/* `writes:`; undo_bytes and keep_s are set wherever undo is. */
struct og_policy_writes {
    enum og_undo_mode undo;
    uint64_t undo_bytes; /* the largest undo set */
    uint32_t keep_s;     /* how long it is kept */
};

enum og_action { OG_ACTION_DENY = 0, OG_ACTION_APPROVE, OG_ACTION_ALLOW };

/* `time: {from: "22:00", to: "06:00", days: [mon, tue]}`: UTC, minutes of the day; to before from
 * goes over midnight. */
struct og_rule {
    const char *id;
    uint32_t effects; /* bit per enum og_effect; 0: any */
    const struct og_name_pattern *tables;
    size_t n_tables;
    const struct og_name_pattern *tables_except;
    size_t n_tables_except;
    const struct og_name_pattern *functions;
    size_t n_functions;
    struct og_strings statements; /* command kinds in capitals */
    bool wants_temporary;         /* object: temporary-table */
    bool has_placement;
    uint32_t placement; /* enum og_placement */
    bool has_evidence;
    enum og_evidence evidence; /* at least */
    struct og_time_window time;
    bool has_rows;      /* holds only once a write has been measured */
    uint64_t rows_over; /* more rows than this */
    enum og_action then;
    const char *by_group; /* approve: "dba", without prefix; "" otherwise */
    uint32_t by_count;    /* 1 by default */
    uint32_t by_within_s; /* 1800 by default */
    uint64_t by_drift_rows; /* how far what runs may be from what was rehearsed; 0: not at all */
    uint32_t by_drift_percent;
    uint32_t by_sample; /* rows of each table that the request shows */
    const char *say;      /* "" where there is none */
    size_t line;
};

struct og_policy {
    const char *name;
    const char *file;
    struct og_strings principals; /* "group:ai-agents", "*", "exe:/usr/bin/..." with * allowed */
    struct og_strings targets;    /* names, labels, "*" */
    struct og_strings except;     /* principals */
    bool is_observing;            /* mode: observe */
    bool is_data_observing;       /* data-mode: observe */
    const struct og_data_entry *data;
    size_t n_data;
    const struct og_rule *rules;
    size_t n_rules;
    struct og_policy_limits limits;
    struct og_policy_writes writes;
    struct og_mask detect; /* kind DETECT where the policy says `detect` */
    const struct og_name_pattern *vouched; /* vouch: functions */
    size_t n_vouched;
    const struct og_name_pattern *rehearsed; /* vouch: rehearse */
    size_t n_rehearsed;
    size_t line;
};

struct og_policy_set {
    atomic_uint n_references;
    struct og_arena arena;
    char digest[65];
    const struct og_policy *policies; /* in the order of file names */
    size_t n_policies;
    const struct og_policy_case *cases;
    size_t n_cases;
    struct og_strings groups; /* "group:dba": used by applies-to or by, each once, in order */
};

/* Whether text fits a pattern in which * stands for any run of characters but a dot; exact
 * otherwise. ignores_case: ASCII letters alike. At worst the product of both lengths. */
bool og_pattern_fits(const char *pattern, const char *text, bool ignores_case);

#endif

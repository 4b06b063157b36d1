/* SPDX-License-Identifier: MIT */
/* ctl.h - guardctl's frame: a table of commands, each with its options and its one function.
 * A command says what it takes (struct og_ctl_command) and gets what was given (struct
 * og_ctl_call); parsing, --help and --json are the same for all.
 * Is not: FUSE or ODBC; guardctl speaks to guardfs over its socket (ctl_link.h).
 * Threads: one. Source: man/guardctl.1 is the contract, a test compares it with the tables. */
#ifndef OG_FUSEFS_CTL_H
#define OG_FUSEFS_CTL_H

#include <stdio.h>

#include "common/base.h"

/* Exit codes, as diff and grep have them. */
enum og_ctl_exit { OG_CTL_OK = 0, OG_CTL_NO = 1, OG_CTL_ERROR = 2 };

struct og_ctl_option {
    const char *name;  /* without dashes */
    const char *value; /* name of its value as --help shows it; NULL: takes none */
    const char *text;  /* one line */
};

#define OG_CTL_MAX_OPTIONS 16u
#define OG_CTL_MAX_ARGS 4096u

struct og_ctl_call;

struct og_ctl_command {
    const char *name;      /* "verify", "dsn add" */
    const char *arguments; /* "NAME", "[FILE...]", "" */
    const char *text;      /* one line for the list */
    const char *more;      /* paragraph for --help, or NULL */
    const struct og_ctl_option *options; /* ended by a row without a name; NULL: none of its own */
    size_t min_args, max_args;
    int (*run)(const struct og_ctl_call *call); /* one of enum og_ctl_exit */
};

struct og_ctl_call {
    const struct og_ctl_command *command;
    const char *const *args;
    size_t n_args;
    const char *values[OG_CTL_MAX_OPTIONS]; /* by the option's row; "" for a flag that was given */
    const char *socket_path;
    bool is_json;
    bool has_colour; /* standard output is a terminal that wants it */
};

/* The value of one of the command's own options: NULL when it was not given. */
const char *og_ctl_option(const struct og_ctl_call *call, const char *name);

/* One error on standard error, "guardctl: ..." with a next step after it (or NULL). In JSON mode an
 * object {"error":...,"instead":...} goes to standard output as well. Returns: OG_CTL_ERROR. */
int og_ctl_fail(const struct og_ctl_call *call, const char *instead, const char *format, ...)
    OG_PRINTF(3, 4);

/* Escape sequence for a terminal, or "" without one: og_ctl_paint(call, 'r') ... (call, 0).
 * r red, g green, y yellow, b bold, 0 back to plain. */
const char *og_ctl_paint(const struct og_ctl_call *call, char colour);

/* JSON on standard output: key NULL inside a list. Strings are escaped, never cut. */
void og_ctl_json_open(const char *key, char bracket); /* '{' or '[' */
void og_ctl_json_close(char bracket);                 /* '}' or ']'; the last one ends the line */
void og_ctl_json_text(const char *key, const char *text); /* NULL gives null */
void og_ctl_json_number(const char *key, uint64_t number);
void og_ctl_json_bool(const char *key, bool value);

/* Text from elsewhere for a terminal: control characters as \xNN, so that nothing that a client
 * sent can move the cursor. Line feeds stay when keeps_lines. */
void og_ctl_print_safe(const char *text, size_t n_bytes, bool keeps_lines);

/* A whole file into memory (free()). Returns: 0; -errno; -EFBIG over max_bytes. */
OG_MUST int og_ctl_read_file(const char *path, size_t max_bytes, char **out, size_t *out_n_bytes);

/* The table of all commands, ended by a row without a name. */
extern const struct og_ctl_command og_ctl_commands[];

#define CTL(function, options) \
    extern const struct og_ctl_option options[]; \
    int function(const struct og_ctl_call *call);
CTL(og_ctl_dsn_add, og_ctl_dsn_add_options)
CTL(og_ctl_dsn_list, og_ctl_dsn_file_options)
CTL(og_ctl_dsn_remove, og_ctl_dsn_file_options)
CTL(og_ctl_dsn_check, og_ctl_dsn_check_options)
CTL(og_ctl_explain, og_ctl_explain_options)
CTL(og_ctl_policy_lint, og_ctl_policy_lint_options)
CTL(og_ctl_policy_what_if, og_ctl_policy_what_if_options)
CTL(og_ctl_suggest, og_ctl_suggest_options)
CTL(og_ctl_verify, og_ctl_verify_options)
CTL(og_ctl_report, og_ctl_report_options)
CTL(og_ctl_replay, og_ctl_replay_options)
CTL(og_ctl_approvals_list, og_ctl_approvals_list_options)
CTL(og_ctl_approvals_answer, og_ctl_approvals_answer_options)
CTL(og_ctl_tail, og_ctl_tail_options)
CTL(og_ctl_edit, og_ctl_edit_options)
CTL(og_ctl_undo, og_ctl_undo_options)
#undef CTL
int og_ctl_approvals_show(const struct og_ctl_call *call);
int og_ctl_policy_test(const struct og_ctl_call *call);
int og_ctl_status(const struct og_ctl_call *call);
int og_ctl_cat(const struct og_ctl_call *call);
int og_ctl_ls(const struct og_ctl_call *call);

#endif

/* SPDX-License-Identifier: MIT */
/* guardctl: the admin's tool. The table of commands and how a command line is read. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <config.h> /* the build's, not fusefs/config.h */
#include "fusefs/ctl.h"

#define DEFAULT_SOCKET "/run/odbcguard/guard.sock"

const struct og_ctl_command og_ctl_commands[] = {
    {"dsn add", "NAME --target DSN", "make or change a guarded DSN",
     "Writes the section NAME of an odbc.ini in one step: Driver (the face of odbcguard that has\n"
     "the shape of the target's real driver), GuardTargetDSN and what else was given. A section\n"
     "that is not a guarded one is never touched.",
     og_ctl_dsn_add_options, 1, 1, og_ctl_dsn_add},
    {"dsn list", "", "list guarded DSNs", NULL, og_ctl_dsn_file_options, 0, 0, og_ctl_dsn_list},
    {"dsn remove", "NAME", "remove a guarded DSN",
     "Removes the section NAME; a section that is not a guarded one is never touched.",
     og_ctl_dsn_file_options, 1, 1, og_ctl_dsn_remove},
    {"dsn check", "NAME", "check that a guarded DSN can work",
     "Target, drivers, guardfs and policies, a line each. Exit code 1 when one of them is wrong.",
     og_ctl_dsn_check_options, 1, 1, og_ctl_dsn_check},
    {"explain", "SQL", "what would happen to a statement, and why",
     "Facts, matching rules, the plan of every column, the verdict. Nothing runs. Exit code 0 for\n"
     "allow, 1 for deny and for approve. A SQLite target is opened read-only; for PostgreSQL give\n"
     "its schema as a file of DDL (pg_dump --schema-only), because the live catalog belongs to\n"
     "the driver.",
     og_ctl_explain_options, 1, 1, og_ctl_explain},
    {"verify", "[FILE...]", "check a ledger: sequence, chain and anchors",
     "Exit code 0 when everything holds; 1 with the first bad line when something does not.\n"
     "The same can be seen without guardctl, with sha256sum and openssl: guardctl(1) shows how.",
     og_ctl_verify_options, 0, OG_CTL_MAX_ARGS, og_ctl_verify},
    {"report", "[DIR]", "evidence from a ledger, for people and auditors",
     "Who touched what, what was refused and approved, masked reads, policy changes, access,\n"
     "administration, and which controls of SOC 2, PCI DSS and GDPR that is evidence for; each line\n"
     "with the numbers of its records. Verifies the ledger first: exit code 1 when it does not hold.",
     og_ctl_report_options, 0, 1, og_ctl_report},
    {"replay", "SESSION", "a session once more, from the ledger",
     "What was asked, what was decided and how it ended, with the session's own pauses. On a terminal\n"
     "it plays in its own time; into a file or a pipe it comes at once. --cast prints a recording for\n"
     "asciinema and other players.",
     og_ctl_replay_options, 1, 1, og_ctl_replay},
    {"approvals list", "", "list requests that wait for an answer", NULL,
     og_ctl_approvals_list_options, 0, 0, og_ctl_approvals_list},
    {"approvals show", "ID", "show a request", NULL, NULL, 1, 1, og_ctl_approvals_show},
    {"approvals approve", "ID", "approve a request",
     "Reads the request file, fills in the answer and saves it as an editor would: the answer\n"
     "counts for the text that was read, and from the uid that runs guardctl.",
     og_ctl_approvals_answer_options, 1, 1, og_ctl_approvals_answer},
    {"approvals deny", "ID", "deny a request (with --reason)", NULL,
     og_ctl_approvals_answer_options, 1, 1, og_ctl_approvals_answer},
    {"approvals break-glass", "ID", "answer a request alone in an emergency (with --reason)",
     "Takes the role break-glass, and works for nobody's own request. One person's word stands for all that\n"
     "the rules ask for, for one execution; the ledger has it as critical, and health shows it for a day.",
     og_ctl_approvals_answer_options, 1, 1, og_ctl_approvals_answer},
    {"policy test", "[PATH]", "check policies and run their tests",
     "PATH is a folder of policies or one file; default: the current folder. Exit code 1 when a test\n"
     "fails, 2 when a file is wrong.",
     NULL, 0, 1, og_ctl_policy_test},
    {"policy lint", "[PATH]", "find what in policies does nothing",
     "Of a folder or one file: rules that never decide; with --dsn or --target-schema also tables\n"
     "and columns that the target has not, masks that no column gets, columns that two entries mask\n"
     "differently. Exit code 1 where something was found.",
     og_ctl_policy_lint_options, 0, 1, og_ctl_policy_lint},
    {"policy what-if", "FILE", "which past statements would get another verdict",
     "Judges the statements of a ledger again, by the policy FILE or the policies of the folder\n"
     "FILE. Nothing runs: what was known of each is in its record, but the types of its columns are\n"
     "not. Exit code 1 where any verdict would change.",
     og_ctl_policy_what_if_options, 1, 1, og_ctl_policy_what_if},
    {"suggest", "", "a draft of a policy from what a ledger has seen",
     "Prints a policy that allows the reads that were seen, has the writes approved, denies the rest\n"
     "by name, and masks columns whose names say what they hold: a beginning for a person to edit.",
     og_ctl_suggest_options, 0, 0, og_ctl_suggest},
    {"undo", "ID", "take back what a write changed",
     "Takes the rows of the undo set ID (a folder of undo/) back as one transaction over a guarded DSN\n"
     "of your own: decided by the policies for you, recorded, and kept as an undo set itself. Rows that\n"
     "changed since stand in the way and are told; then nothing is changed. Exit code 1 then.",
     og_ctl_undo_options, 1, 1, og_ctl_undo},
    {"status", "", "state and health of guardfs", "Exit code 1 when health does not say ok.", NULL,
     0, 0, og_ctl_status},
    {"cat", "PATH", "print a file of the tree, without the mount", NULL, NULL, 1, 1, og_ctl_cat},
    {"edit", "PATH", "change a file of the tree in your editor, without the mount",
     "Opens the file in $VISUAL or $EDITOR and saves it as one save, with the same rules and rights as\n"
     "in the mount: an answer to a request, a file of policies/edit, a word for a ctl file. What is\n"
     "refused stays in a file that it names. Exit code 1 where you may not.",
     og_ctl_edit_options, 1, 1, og_ctl_edit},
    {"ls", "[PATH]", "list a folder of the tree, without the mount", NULL, NULL, 0, 1, og_ctl_ls},
    {"tail", "PATH", "print the end of a file of the tree, without the mount", NULL,
     og_ctl_tail_options, 1, 1, og_ctl_tail},
    {.name = NULL},
};

static const struct og_ctl_option common_options[] = {
    {"socket", "PATH", "guardfs' socket (default " DEFAULT_SOCKET ", or $ODBCGUARD_SOCKET)"},
    {"json", NULL, "machine-readable output"},
    {"help", NULL, "this text"},
    {.name = NULL},
};

static void list_commands(FILE *out)
{
    fputs("usage: guardctl COMMAND [OPTION...] [ARGUMENT...]\n\n", out);
    for (const struct og_ctl_command *command = og_ctl_commands; command->name; command++)
        fprintf(out, "  %-18s %s\n", command->name, command->text);
    fputs("\n'guardctl COMMAND --help' tells more; guardctl(1) tells all.\n"
          "Exit codes: 0 yes, 1 no (denied, mismatch, not healthy), 2 usage or error.\n",
          out);
}

static void list_options(FILE *out, const struct og_ctl_option *options)
{
    char left[64];

    for (; options && options->name; options++) {
        (void)snprintf(left, sizeof(left), "--%s%s%s", options->name, options->value ? " " : "",
                       options->value ? options->value : "");
        fprintf(out, "  %-24s %s\n", left, options->text);
    }
}

static void help_command(FILE *out, const struct og_ctl_command *command)
{
    fprintf(out, "usage: guardctl %s [OPTION...]%s%s\n\n%s.\n", command->name,
            *command->arguments ? " " : "", command->arguments, command->text);
    if (command->more)
        fprintf(out, "\n%s\n", command->more);
    fputs("\nOptions:\n", out);
    list_options(out, command->options);
    list_options(out, common_options);
}

/* The command that argv begins with; n_words: how many words its name took. */
static const struct og_ctl_command *find_command(int argc, char **argv, int *n_words)
{
    for (const struct og_ctl_command *command = og_ctl_commands; command->name; command++) {
        const char *space = strchr(command->name, ' ');
        size_t n_first = space ? (size_t)(space - command->name) : strlen(command->name);

        if (strlen(argv[0]) != n_first || strncmp(argv[0], command->name, n_first) != 0)
            continue;
        if (space && (argc < 2 || strcmp(argv[1], space + 1) != 0))
            continue;
        *n_words = space ? 2 : 1;
        return command;
    }
    /* The short form: requests are looked at far more often than answered. */
    if (strcmp(argv[0], "approvals") == 0 && (argc < 2 || argv[1][0] == '-')) {
        char *full[] = {(char[]){"approvals"}, (char[]){"list"}};
        const struct og_ctl_command *command = find_command(2, full, n_words);

        *n_words = 1;
        return command;
    }
    return NULL;
}

static int wrong_command(const char *word)
{
    bool is_group = false;
    size_t n_bytes = strlen(word);

    for (const struct og_ctl_command *command = og_ctl_commands; command->name; command++)
        if (strncmp(command->name, word, n_bytes) == 0 && command->name[n_bytes] == ' ')
            is_group = true;
    if (!is_group) {
        fprintf(stderr, "guardctl: there is no command \"%s\"\nTry 'guardctl help'.\n", word);
        return OG_CTL_ERROR;
    }
    fprintf(stderr, "guardctl: \"%s\" needs one of these after it:\n", word);
    for (const struct og_ctl_command *command = og_ctl_commands; command->name; command++)
        if (strncmp(command->name, word, n_bytes) == 0 && command->name[n_bytes] == ' ')
            fprintf(stderr, "  %-18s %s\n", command->name, command->text);
    return OG_CTL_ERROR;
}

static const struct og_ctl_option *find_option(const struct og_ctl_option *options,
                                               const char *name, size_t n_bytes)
{
    for (; options && options->name; options++)
        if (strlen(options->name) == n_bytes && strncmp(options->name, name, n_bytes) == 0)
            return options;
    return NULL;
}

/* Takes one "--name", "--name=value" or "--name value" at argv[*at].
 * Returns: 0; 1 for --help; 2 after an error was told. */
static int take_option(struct og_ctl_call *call, int argc, char **argv, int *at)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t n_bytes = equals ? (size_t)(equals - name) : strlen(name);
    const struct og_ctl_option *own = find_option(call->command->options, name, n_bytes);
    const struct og_ctl_option *option = own ? own : find_option(common_options, name, n_bytes);
    const char *value = "";

    if (!option)
        return og_ctl_fail(call, "'--help' after the command lists its options",
                           "%s has no option --%.*s", call->command->name, (int)n_bytes, name);
    if (option->value) {
        if (equals)
            value = equals + 1;
        else if (*at + 1 < argc)
            value = argv[++*at];
        else
            return og_ctl_fail(call, NULL, "--%s needs %s after it", option->name, option->value);
    } else if (equals) {
        return og_ctl_fail(call, NULL, "--%s takes no value", option->name);
    }
    if (own)
        call->values[own - call->command->options] = value;
    else if (strcmp(option->name, "socket") == 0)
        call->socket_path = value;
    else if (strcmp(option->name, "json") == 0)
        call->is_json = true;
    else
        return 1;
    return 0;
}

static int run_command(const struct og_ctl_command *command, int argc, char **argv)
{
    const char *args[OG_CTL_MAX_ARGS];
    const char *socket_path = getenv("ODBCGUARD_SOCKET");
    const char *terminal = getenv("TERM");
    struct og_ctl_call call = {
        .command = command,
        .args = args,
        .socket_path = socket_path && *socket_path ? socket_path : DEFAULT_SOCKET,
        .has_colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && terminal &&
                      strcmp(terminal, "dumb") != 0,
    };
    bool is_over = false;

    for (int i = 0; i < argc; i++) {
        int r = 0;

        if (!is_over && strcmp(argv[i], "--") == 0)
            is_over = true;
        else if (!is_over && argv[i][0] == '-' && argv[i][1] == '-')
            r = take_option(&call, argc, argv, &i);
        else if (!is_over && argv[i][0] == '-' && argv[i][1])
            r = strcmp(argv[i], "-h") == 0 ? 1
                                           : og_ctl_fail(&call, "options begin with two dashes",
                                                         "there is no option %s", argv[i]);
        else if (call.n_args < command->max_args && call.n_args < OG_CTL_MAX_ARGS)
            args[call.n_args++] = argv[i];
        else
            r = og_ctl_fail(&call, "put text with spaces in quotes",
                            "\"%s\" is one argument too many for %s", argv[i], command->name);
        if (r == 1)
            help_command(stdout, command);
        if (r)
            return r == 1 ? OG_CTL_OK : r;
    }
    if (call.n_args < command->min_args)
        return og_ctl_fail(&call, "'--help' after the command shows an example", "%s needs %s",
                           command->name, command->arguments);
    return command->run(&call);
}

/* Options that all commands take may also stand before the command: they are moved behind it. */
static void move_options_back(int argc, char **argv)
{
    int n = 1;

    while (n < argc && (strcmp(argv[n], "--json") == 0 ||
                        strncmp(argv[n], "--socket=", 9) == 0 || strcmp(argv[n], "--socket") == 0))
        n += strcmp(argv[n], "--socket") == 0 && n + 1 < argc ? 2 : 1;
    for (int moved = 1; moved < n && n < argc; moved++) {
        char *first = argv[1];

        memmove(argv + 1, argv + 2, (size_t)(argc - 2) * sizeof(*argv));
        argv[argc - 1] = first;
    }
}

int main(int argc, char **argv)
{
    const struct og_ctl_command *command;
    int n_words = 0;

    move_options_back(argc, argv);

    if (argc < 2) {
        list_commands(stderr);
        return OG_CTL_ERROR;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0) {
        list_commands(stdout);
        return OG_CTL_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("guardctl (odbcguard) " PACKAGE_VERSION);
        return OG_CTL_OK;
    }
    command = find_command(argc - 1, argv + 1, &n_words);
    if (!command)
        return wrong_command(argv[1]);
    n_words = run_command(command, argc - 1 - n_words, argv + 1 + n_words);
    /* A full disk or a closed pipe under the output must not read as a yes. */
    if (fflush(stdout) != 0 && n_words == OG_CTL_OK)
        return OG_CTL_ERROR;
    return n_words;
}

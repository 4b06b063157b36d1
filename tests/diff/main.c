/* SPDX-License-Identifier: MIT */
/* The differential test's loop: a script, both arms, their logs; a difference is looked at again with
 * two direct arms (a real driver may not be the same twice), then made short and shown. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/diff/diff.h"
#include "tests/diff/script.h"

struct options options = {.dsn = "diff", .plain_dsn = "plain"};

static struct {
    uint64_t seed;
    uint64_t n_scripts, n_seconds, floor;
    size_t max_steps;
    unsigned max_failures;
    const char *replay, *keep;
    bool is_verbose;
} want = {.seed = 1, .n_scripts = 20, .max_steps = 400, .max_failures = 1, .keep = "/tmp"};

static struct script *script, *trial;
static struct log *direct, *guarded, *again;
static uint64_t n_crashes, n_unstable, n_closed, n_steps_done;
static unsigned n_failures;

static void *shared(size_t n)
{
    void *memory = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    return memory;
}

static uint64_t now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec;
}

/* ---- how often what happened, for the report ---- */

static struct { char text[200]; uint64_t n; } tally[400];

static void count(const char *what, const char *text)
{
    char line[200];

    (void)snprintf(line, sizeof(line), "%s: %.150s", what, text);
    for (size_t i = 0; i < sizeof(tally) / sizeof(tally[0]); i++) {
        if (tally[i].n && strcmp(tally[i].text, line) != 0)
            continue;
        memcpy(tally[i].text, line, sizeof(line));
        tally[i].n++;
        return;
    }
}

/* Drops what belongs to a step and later ones. */
static void cut_log(struct log *log, uint32_t step)
{
    size_t where = 0;
    struct entry_head head;

    while (where + sizeof(head) <= log->n) {
        memcpy(&head, log->bytes + where, sizeof(head));
        if (head.step >= step)
            break;
        where += sizeof(head) + head.n_bytes;
    }
    log->n = where;
}

static void stop_if_broken(const struct log *log, const char *arm)
{
    if (!log->is_broken)
        return;
    printf("not ok 1 - the %s arm could not be set up: %s\n1..1\n", arm, log->at);
    exit(1);
}

/* Runs a script that is there over both arms. Returns: whether they differ; *step: where. */
static bool differs(struct script *s, uint32_t *step, bool is_shown)
{
    int one = arm_run(s, direct, false, 0, 0), two = arm_run(s, guarded, true, 0, 0);

    *step = guarded->step;
    if (one)
        return false; /* the real driver crashes by itself */
    if (two) {
        if (is_shown)
            printf("# the guarded arm ended with signal %d in: %s\n", two, guarded->at);
        return true;
    }
    if (guarded->is_closed) {
        cut_log(direct, guarded->step);
        cut_log(guarded, guarded->step);
    }
    return !log_compare(direct, guarded, step, is_shown);
}

/* Leaves out what is not needed: halves, quarters ... single steps. */
static void shrink(uint64_t seed)
{
    uint32_t step;
    uint16_t op;
    size_t n_tries = 0;

    (void)seed;
    if (!differs(script, &step, false) || step == 0 || step > script->n_steps)
        return;
    script->n_steps = step;
    op = script->steps[step - 1].op;
    for (size_t chunk = script->n_steps / 2; chunk >= 1; chunk /= 2)
        for (size_t from = 0; from + 1 < script->n_steps && n_tries < 400;) {
            size_t n = from + chunk < script->n_steps ? chunk : script->n_steps - 1 - from;

            memcpy(trial, script, sizeof(*trial));
            script_cut(trial, from, n);
            n_tries++;
            if (n && differs(trial, &step, false) && step == trial->n_steps && trial->steps[step - 1].op == op)
                memcpy(script, trial, sizeof(*trial));
            else
                from += chunk;
        }
}

static const char *op_at(uint32_t step)
{
    return step >= 1 && step <= script->n_steps ? ops[script->steps[step - 1].op].name : "the end";
}

/* What does not come back is counted: one of the drivers answers in two ways, if only under load. */
static bool comes_back(uint64_t seed)
{
    uint32_t step;

    for (int i = 0; i < 3; i++)
        if (differs(script, &step, false))
            return true;
    n_unstable++;
    count("seen once, not again", op_at(step));
    printf("# seed %" PRIu64 ": not seen again\n", seed);
    return false;
}

static void report(uint64_t seed)
{
    char path[512];
    uint32_t step;

    if (!comes_back(seed))
        return;
    shrink(seed);
    n_failures++;
    (void)snprintf(path, sizeof(path), "%s/diff-%" PRIu64 ".script", want.keep, seed);
    (void)script_write(script, path, seed);
    printf("# a difference; seed %" PRIu64 ", version %u, %s; %zu steps; again: --replay %s\n", seed,
           script->config.version, script->config.is_wide ? "wide" : "plain", script->n_steps, path);
    if (!differs(script, &step, false))
        puts("# (it does not come back)");
    for (size_t where = 0; where < direct->n;) { /* the calls that lead there */
        struct entry_head head;

        memcpy(&head, direct->bytes + where, sizeof(head));
        if (head.step > step)
            break;
        if (strcmp(head.name, "call") == 0)
            printf("#   %u: [%u] %.*s\n", head.step, script->steps[head.step - 1].slot, (int)head.n_bytes,
                   (const char *)direct->bytes + where + sizeof(head));
        where += sizeof(head) + head.n_bytes;
    }
    (void)differs(script, &step, true);
}

/* The direct arm twice: a real driver that is not the same twice proves nothing. */
static bool is_stable(uint32_t *step)
{
    for (int i = 0; i < 2; i++) {
        if (arm_run(script, direct, false, 0, 0) || arm_run(script, again, false, 0, 0))
            return false;
        if (!log_compare(direct, again, step, false))
            return false;
    }
    return true;
}

static void choose_config(uint64_t *random)
{
    static const unsigned versions[] = {SQL_OV_ODBC3, SQL_OV_ODBC3, SQL_OV_ODBC3, SQL_OV_ODBC2,
                                        SQL_OV_ODBC3_80};

    script->config.version = versions[next_random(random) % 5];
    script->config.is_wide = next_random(random) % 2;
    script->config.is_plain_connect = next_random(random) % 2;
    script->config.is_manual = next_random(random) % 5 == 0;
    if (options.library && options.is_ansi_driver)
        script->config.is_wide = false;
}

/* The arm that makes the script; one that crashes the real driver is cut before that. */
static bool run_direct(uint64_t seed, size_t n_steps)
{
    int code = arm_run(script, direct, false, seed, n_steps);

    stop_if_broken(direct, "direct");
    if (!code)
        return true;
    n_crashes++;
    count("the real driver crashes", op_at(direct->step));
    if (want.is_verbose)
        printf("# the real driver crashes (%d): %s\n", code, direct->at);
    if (direct->step < 1 || direct->step > script->n_steps)
        return false;
    script->n_steps = direct->step - 1;
    return script->n_steps && arm_run(script, direct, false, seed, 0) == 0;
}

static void one_script(uint64_t seed)
{
    uint64_t random = seed;
    uint32_t step = 0;
    int code;

    choose_config(&random);
    if (!run_direct(seed, 20 + next_random(&random) % want.max_steps))
        return;
    code = arm_run(script, guarded, true, seed, 0);
    stop_if_broken(guarded, "guarded");
    n_steps_done += script->n_steps;
    if (guarded->is_closed) {
        n_closed++;
        count("closed", guarded->closed);
        cut_log(direct, guarded->step);
        cut_log(guarded, guarded->step);
    }
    if (!code && log_compare(direct, guarded, &step, false))
        return;
    if (code)
        step = guarded->step;
    puts("# seen:");
    if (code)
        printf("#   the guarded arm ended with signal %d in: %s\n", code, guarded->at);
    else
        (void)log_compare(direct, guarded, &step, true);
    if (!is_stable(&step)) {
        n_unstable++;
        count("the real driver differs from itself", op_at(step));
        return;
    }
    report(seed);
}

static void summary(void)
{
    for (size_t i = 0; i < sizeof(tally) / sizeof(tally[0]) && tally[i].n; i++)
        printf("# %6" PRIu64 " %s\n", tally[i].n, tally[i].text);
    printf("# %" PRIu64 " steps; %" PRIu64 " scripts crash the real driver, %" PRIu64 " it answers in two ways, "
           "%" PRIu64 " end at a closed call\n", n_steps_done, n_crashes, n_unstable, n_closed);
}

static void run_all(void)
{
    uint64_t end = now_s() + want.n_seconds, state = want.seed, i;

    for (i = 0; want.n_seconds ? now_s() < end : i < want.n_scripts; i++) {
        one_script(next_random(&state));
        if (n_failures >= want.max_failures)
            break;
    }
    printf("# seed %" PRIu64 ": %" PRIu64 " scripts\n", want.seed, i);
}

static int replay(void)
{
    uint32_t step;

    if (!script_read(script, want.replay)) {
        fprintf(stderr, "cannot read %s\n", want.replay);
        return 2;
    }
    if (differs(script, &step, true))
        return 1;
    printf("# no difference%s%s\n", guarded->is_closed ? " up to a closed call: " : "", guarded->closed);
    return 0;
}

static const struct option longs[] = {
    {"sqlite", no_argument, NULL, 'l'}, {"direct-ini", required_argument, NULL, 'd'},
    {"guarded-ini", required_argument, NULL, 'g'}, {"database", required_argument, NULL, 'b'},
    {"template", required_argument, NULL, 't'}, {"template-guarded", required_argument, NULL, 'T'},
    {"reset", required_argument, NULL, 'r'}, {"reset-guarded", required_argument, NULL, 'R'},
    {"check", required_argument, NULL, 'c'}, {"library", required_argument, NULL, 'y'},
    {"guard-library", required_argument, NULL, 'Y'}, {"observed", no_argument, NULL, 'o'},
    {"masked", no_argument, NULL, 'm'}, {"ansi-driver", no_argument, NULL, 'a'},
    {"seed", required_argument, NULL, 's'}, {"scripts", required_argument, NULL, 'n'},
    {"seconds", required_argument, NULL, 'S'}, {"steps", required_argument, NULL, 'p'},
    {"floor", required_argument, NULL, 'f'}, {"failures", required_argument, NULL, 'F'},
    {"replay", required_argument, NULL, 'P'}, {"keep", required_argument, NULL, 'k'},
    {"without", required_argument, NULL, 'w'},
    {"verbose", no_argument, NULL, 'v'}, {NULL, 0, NULL, 0}};

static void take_option(int option)
{
    switch (option) {
    case 'l': options.dialect = LITE; break;
    case 'd': options.ini[0] = optarg; break;
    case 'g': options.ini[1] = optarg; break;
    case 'b': options.database = optarg; break;
    case 't': options.template[0] = options.template[1] = optarg; break;
    case 'T': options.template[1] = optarg; break;
    case 'r': options.reset[0] = options.reset[1] = optarg; break;
    case 'R': options.reset[1] = optarg; break;
    case 'c': options.check = optarg; break;
    case 'y': options.library = optarg; break;
    case 'Y': options.guard_library = optarg; break;
    case 'o': options.is_observed = true; break;
    case 'm': options.is_masked = true; break;
    case 'a': options.is_ansi_driver = true; break;
    case 's': want.seed = strtoull(optarg, NULL, 10); break;
    case 'n': want.n_scripts = strtoull(optarg, NULL, 10); break;
    case 'S': want.n_seconds = strtoull(optarg, NULL, 10); break;
    case 'p': want.max_steps = strtoull(optarg, NULL, 10); break;
    case 'f': want.floor = strtoull(optarg, NULL, 10); break;
    case 'F': want.max_failures = (unsigned)strtoul(optarg, NULL, 10); break;
    case 'P': want.replay = optarg; break;
    case 'k': want.keep = optarg; break;
    case 'w': options.without = optarg; break;
    case 'v': want.is_verbose = true; break;
    default: exit(2);
    }
}

int main(int argc, char **argv)
{
    int option;
    unsigned n_missing;

    while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1)
        take_option(option);
    if (want.max_steps > MAX_STEPS - 20)
        want.max_steps = MAX_STEPS - 20;
    script = shared(sizeof(*script));
    trial = shared(sizeof(*trial));
    direct = shared(sizeof(*direct));
    guarded = shared(sizeof(*guarded));
    again = shared(sizeof(*again));
    coverage = shared(sizeof(*coverage) * N_ENTRIES);
    if (want.replay)
        return replay();
    run_all();
    summary();
    cover_print(want.floor);
    n_missing = cover_missing(want.floor, true);
    printf("%sok 1 - no difference\n", n_failures ? "not " : "");
    printf("%sok 2 - every entry point was called %" PRIu64 " times in every state where it is valid\n",
           n_missing ? "not " : "", want.floor);
    puts("1..2");
    return n_failures || n_missing;
}

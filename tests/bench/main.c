/* SPDX-License-Identifier: MIT */
/* odbcbench DIRECT-DSN GUARDED-DSN ROUNDS: a table of times, one line a task, fields by tabs:
 *   task  goal's name  direct p50 us  A/A ratio [q25 q75]  guarded/direct ratio [q25 q75]  rows/s direct, guarded
 *   goal  goal of instructions
 * odbcbench DSN --only TASK N: runs one task N times (under callgrind). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/bench.h"

#define MAX_ROUNDS 400
#define N_ARMS 3 /* direct, guarded, direct again */

static double now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double quantile(const double *values, size_t n, double q)
{
    double sorted[MAX_ROUNDS];
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;

    memcpy(sorted, values, n * sizeof(*values));
    qsort(sorted, n, sizeof(*sorted), compare);
    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

/* The median time of one operation in one round of one arm; -1 on failure. */
static double round_of(struct arm *arm, const struct task *task, long *n_rows)
{
    double times[MAX_ROUNDS];

    for (unsigned i = 0; i < task->n_per_round; i++) {
        double begun = now_us();
        long rows = task->run(arm);

        if (rows < 0)
            return -1;
        *n_rows = rows;
        times[i] = now_us() - begun;
    }
    return quantile(times, task->n_per_round, 0.5);
}

static bool open_arms(struct arm *arms, const struct task *task)
{
    for (int i = 0; i < N_ARMS; i++) {
        long n_rows;

        if (!arm_open(&arms[i]) || !task->set_up(&arms[i]) || round_of(&arms[i], task, &n_rows) < 0)
            return false;
    }
    return true;
}

static void print_ratio(const double *over, const double *under, size_t n)
{
    double ratio[MAX_ROUNDS];

    for (size_t i = 0; i < n; i++)
        ratio[i] = over[i] / under[i];
    printf("\t%.3f\t%.3f\t%.3f", quantile(ratio, n, 0.5), quantile(ratio, n, 0.25), quantile(ratio, n, 0.75));
}

static bool measure(const struct task *task, const char *direct, const char *guarded, size_t rounds)
{
    struct arm arms[N_ARMS] = {{.dsn = direct}, {.dsn = guarded}, {.dsn = direct}};
    static double times[N_ARMS][MAX_ROUNDS];
    long n_rows[N_ARMS] = {0};

    if (!open_arms(arms, task))
        return false;
    for (size_t round = 0; round < rounds; round++)
        for (size_t k = 0; k < N_ARMS; k++) {
            size_t i = (k + round) % N_ARMS;

            times[i][round] = round_of(&arms[i], task, &n_rows[i]);
            if (times[i][round] < 0)
                return false;
        }
    printf("%s\t%s\t%.1f", task->name, task->what, quantile(times[0], rounds, 0.5));
    print_ratio(times[2], times[0], rounds);
    print_ratio(times[1], times[0], rounds);
    printf("\t%.0f\t%.0f\t%.2f\t%.2f\n", (double)n_rows[0] * 1e6 / quantile(times[0], rounds, 0.5),
           (double)n_rows[1] * 1e6 / quantile(times[1], rounds, 0.5), task->goal, task->goal_ir);
    for (int i = 0; i < N_ARMS; i++)
        arm_close(&arms[i]);
    return fflush(stdout) == 0;
}

static int run_only(const char *dsn, const char *name, unsigned n)
{
    for (size_t i = 0; i < n_tasks; i++) {
        struct arm arm = {.dsn = dsn};

        if (strcmp(tasks[i].name, name) != 0)
            continue;
        if (!arm_open(&arm) || !tasks[i].set_up(&arm))
            return 1;
        for (unsigned k = 0; k < n; k++)
            if (tasks[i].run(&arm) < 0)
                return 1;
        arm_close(&arm);
        return 0;
    }
    return 2;
}

int main(int argc, char **argv)
{
    size_t rounds;

    if (argc == 5 && strcmp(argv[2], "--only") == 0)
        return run_only(argv[1], argv[3], (unsigned)strtoul(argv[4], NULL, 10));
    if (argc != 4 && argc != 5) {
        fputs("usage: odbcbench DIRECT-DSN GUARDED-DSN ROUNDS [TASKS-THAT-BEGIN-SO]\n", stderr);
        return 2;
    }
    rounds = strtoul(argv[3], NULL, 10);
    if (rounds < 3 || rounds > MAX_ROUNDS)
        rounds = 41;
    for (size_t i = 0; i < n_tasks; i++)
        if ((argc < 5 || strncmp(tasks[i].name, argv[4], strlen(argv[4])) == 0) &&
            !measure(&tasks[i], argv[1], argv[2], rounds))
            return 1;
    return 0;
}

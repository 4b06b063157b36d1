/* SPDX-License-Identifier: MIT */
/* bench.h - how long the same ODBC calls take over a direct and over a guarded data source.
 * Arms are interleaved in one process: every round runs each arm once, in another order each time; the
 * direct arm takes part twice (A/A), and where it differs from itself by more than 15 % a figure is void.
 * Instructions are counted in another process under callgrind, for one arm and one operation. */
#ifndef OG_TESTS_BENCH_H
#define OG_TESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sql.h>
#include <sqlext.h>

struct arm {
    const char *dsn;
    SQLHENV env;
    SQLHDBC dbc;
    SQLHSTMT stmt; /* prepared, for what is prepared */
    unsigned n;    /* operations so far: makes texts and keys new */
};

struct task {
    const char *name;
    bool (*set_up)(struct arm *arm);
    /* Returns: rows, or -1. */
    long (*run)(struct arm *arm);
    unsigned n_per_round;
    double goal;     /* of the ratio of times; 0: none */
    double goal_ir;  /* of the ratio of instructions */
    const char *what; /* the goal's name */
};

extern const struct task tasks[];
extern const size_t n_tasks;

bool arm_open(struct arm *arm);
void arm_close(struct arm *arm);
/* Says what went wrong on a statement; returns false. */
bool complain(struct arm *arm, SQLHSTMT stmt, const char *what);

#endif

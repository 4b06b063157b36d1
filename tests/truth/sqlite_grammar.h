/* SPDX-License-Identifier: MIT */
/* sqlite_grammar.h - random SQLite statements over one small schema, and the databases that they run
 * on: equal in everything but masked columns.
 * Is not: an analysis; it knows nothing of what is admitted. */
#ifndef OG_TESTS_SQLITE_GRAMMAR_H
#define OG_TESTS_SQLITE_GRAMMAR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

struct og_grammar {
    uint64_t seed;
    struct og_buf *out;
    unsigned depth;
    unsigned n_names;
};

extern const char og_grammar_schema[];
/* Whether the column is masked in the test's policy. */
bool og_grammar_is_masked(const char *table, const char *column);
/* The next number below n; n > 0. */
unsigned og_grammar_below(struct og_grammar *grammar, unsigned n);
/* Appends one statement to out. */
void og_grammar_statement(struct og_grammar *grammar);
/* Rows: what is not masked comes from seed, what is from secret. */
void og_grammar_rows(uint64_t seed, uint64_t secret, struct og_buf *out);

#endif

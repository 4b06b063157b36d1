/* SPDX-License-Identifier: MIT */
/* script.h - scripts as files. */
#ifndef OG_TESTS_DIFF_SCRIPT_H
#define OG_TESTS_DIFF_SCRIPT_H

#include "tests/diff/diff.h"

bool script_write(const struct script *script, const char *path, uint64_t seed);
/* Returns: whether every line could be read. */
bool script_read(struct script *script, const char *path);
void script_cut(struct script *script, size_t from, size_t n);

#endif

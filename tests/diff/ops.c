/* SPDX-License-Identifier: MIT */
#include "tests/diff/ops.h"

#include <string.h>

const struct op ops[] = {
#define OP(name, states, weight, flags) {#name, op_##name, states, weight, flags},
#include "tests/diff/ops.tbl.h"
#undef OP
};
const size_t n_ops = sizeof(ops) / sizeof(ops[0]);

size_t op_find(const char *name)
{
    for (size_t i = 0; i < n_ops; i++)
        if (strcmp(ops[i].name, name) == 0)
            return i;
    return n_ops;
}

/* SPDX-License-Identifier: MIT */
/* ops.h - what the files of operations share. Each operation makes one call (rarely a few), after
 * say(), with its outputs in arm->scratch, leaves the code in arm->code and names the handle whose
 * records belong to it. */
#ifndef OG_TESTS_DIFF_OPS_H
#define OG_TESTS_DIFF_OPS_H

#include "tests/diff/diff.h"

#define OP(name, states, weight, flags) void op_##name(struct arm *arm, const uint32_t *a);
#include "tests/diff/ops.tbl.h"
#undef OP

static inline void on_stmt(struct arm *arm)
{
    arm->diag_type = SQL_HANDLE_STMT;
    arm->diag_handle = arm->slot->handle;
}

static inline void on_dbc(struct arm *arm)
{
    arm->diag_type = SQL_HANDLE_DBC;
    arm->diag_handle = arm->dbc;
}

/* Descriptors that were attached to a statement that goes away. */
void forget_attached(struct arm *arm, struct slot *slot);

/* Places in the scratch memory where small outputs go. */
#define SMALL(arm, i) ((void *)((arm)->scratch + 4096 + (i) * 64))

#endif

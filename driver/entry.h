/* SPDX-License-Identifier: MIT */
/* entry.h - the entry layer: one function per row of entry.tbl.h, called by every face. */
#ifndef OG_DRIVER_ENTRY_H
#define OG_DRIVER_ENTRY_H

#include "common/base.h"
#include "driver/odbc.h"

#define ROW(name, HANDLE, FACES, BODY, GUARD, first, params, args) \
    OG_EXPORT SQLRETURN og_entry_##name params;
#include "driver/entry.tbl.h"
#undef ROW

#endif

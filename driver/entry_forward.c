/* SPDX-License-Identifier: MIT */
/* The entry points that only check their handle and go on to the layer below, from entry.tbl.h. */
#include "driver/entry.h"
#include "driver/handle.h"

#define OG_BODY_OWN(name, HANDLE, first, params, args)
#define OG_BODY_OPEN(name, HANDLE, first, params, args)
#define OG_BODY_FORWARD(name, HANDLE, first, params, args)                              \
    SQLRETURN og_entry_##name params                                                    \
    {                                                                                   \
        struct og_handle *handle = og_handle_enter(first, OG_HANDLE_##HANDLE);          \
        SQLHANDLE below;                                                                \
                                                                                        \
        if (!handle)                                                                    \
            return SQL_INVALID_HANDLE;                                                  \
        if (!handle->calls || !handle->calls->name)                                     \
            return og_handle_leave(handle, og_handle_missing(handle, #name));           \
        below = handle->below;                                                          \
        return og_handle_leave_below(handle, handle->calls->name args);                 \
    }
#define ROW(name, HANDLE, FACES, BODY, GUARD, first, params, args) \
    OG_BODY_##BODY(name, HANDLE, first, params, args)
#include "driver/entry.tbl.h"
#undef ROW

/* SPDX-License-Identifier: MIT */
/* face.h - makes one face of the driver: the SQL... functions that it exports, each a jump into the
 * core library. A face defines OG_FACE_W and OG_FACE_ODBC2 as OG_FACE_YES or OG_FACE_NO and
 * includes this file; nothing else is in it, so that all faces share one core and its state.
 * What a driver manager finds exported decides how it talks to a driver, so a face has exactly the
 * functions of the real drivers it stands for. */
#include "driver/entry.h"

#define OG_FACE_YES(name, first, params, args)                     \
    __attribute__((__visibility__("default"))) SQLRETURN SQL_API name params \
    {                                                              \
        __typeof__(first) below = first;                           \
                                                                   \
        return og_entry_##name args;                               \
    }
#define OG_FACE_NO(name, first, params, args)
#define OG_FACE_BOTH OG_FACE_YES
#define OG_FACE_NONE OG_FACE_NO

#define ROW(name, HANDLE, FACES, BODY, GUARD, first, params, args) \
    OG_FACE_##FACES(name, first, params, args)
#include "driver/entry.tbl.h"
#undef ROW

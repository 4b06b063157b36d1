/* SPDX-License-Identifier: MIT */
/* face.h - makes one face of the driver: the SQL... functions that it exports, each a jump into the
 * core library. A face defines OG_FACE as its letter (entry.tbl.h) and includes this file; nothing
 * else is in it, so that all faces share one core and its state.
 * What a driver manager finds exported decides how it talks to a driver, so a face has exactly the
 * functions of the real driver it stands for. */
#include "driver/entry.h"

/* Which faces have a function: P, A, S, M, T. */
#define OG_IN_ALL   (1, 1, 1, 1, 1)
#define OG_IN_W     (1, 0, 0, 1, 1)
#define OG_IN_ODBC2 (0, 0, 1, 1, 1)
#define OG_IN_PAST  (1, 1, 1, 0, 1)
#define OG_IN_PASM  (1, 1, 1, 1, 0)
#define OG_IN_PAS   (1, 1, 1, 0, 0)
#define OG_IN_PM    (1, 0, 0, 1, 0)
#define OG_IN_MT    (0, 0, 0, 1, 1)
#define OG_IN_P     (1, 0, 0, 0, 0)
#define OG_IN_S     (0, 0, 1, 0, 0)
#define OG_IN_M     (0, 0, 0, 1, 0)

#define OG_PICK_P(p, a, s, m, t) p
#define OG_PICK_A(p, a, s, m, t) a
#define OG_PICK_S(p, a, s, m, t) s
#define OG_PICK_M(p, a, s, m, t) m
#define OG_PICK_T(p, a, s, m, t) t

#define OG_JOIN_NOW(a, b) a##b
#define OG_JOIN(a, b) OG_JOIN_NOW(a, b)
#define OG_APPLY(macro, tuple) macro tuple

#define OG_CALL_OWN(name, args) og_entry_##name args
#define OG_CALL_FORWARD(name, args) og_entry_##name args
#define OG_CALL_OPEN(name, args) og_entry_##name(OG_JOIN(OG_FACE_, OG_FACE), OG_BARE args)

#define OG_EXPORT_0(name, BODY, first, params, args)
#define OG_EXPORT_1(name, BODY, first, params, args)                         \
    __attribute__((__visibility__("default"))) SQLRETURN SQL_API name params \
    {                                                                        \
        __typeof__(first) below = first;                                     \
                                                                             \
        return OG_CALL_##BODY(name, args);                                   \
    }
#define ROW(name, HANDLE, FACES, BODY, GUARD, first, params, args)                          \
    OG_JOIN(OG_EXPORT_, OG_APPLY(OG_JOIN(OG_PICK_, OG_FACE), OG_IN_##FACES))                \
    (name, BODY, first, params, args)
#include "driver/entry.tbl.h"
#undef ROW

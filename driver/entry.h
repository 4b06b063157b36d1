/* SPDX-License-Identifier: MIT */
/* entry.h - the entry layer: one function per row of entry.tbl.h, called by every face. Those that make
 * an environment are told the face first: what an environment says of itself, before any data source
 * is known, is what the real driver of that shape says (face_env.tbl.h). */
#ifndef OG_DRIVER_ENTRY_H
#define OG_DRIVER_ENTRY_H

#include "common/base.h"
#include "driver/odbc.h"

/* The faces, by the letters of entry.tbl.h. */
enum og_face { OG_FACE_P = 0, OG_FACE_A, OG_FACE_S, OG_FACE_M, OG_FACE_T };

#define OG_BARE(...) __VA_ARGS__
#define OG_DECLARE_OWN(name, params) OG_EXPORT SQLRETURN og_entry_##name params;
#define OG_DECLARE_FORWARD(name, params) OG_DECLARE_OWN(name, params)
#define OG_DECLARE_OPEN(name, params) \
    OG_EXPORT SQLRETURN og_entry_##name(enum og_face face, OG_BARE params);
#define ROW(name, HANDLE, FACES, BODY, GUARD, first, params, args) OG_DECLARE_##BODY(name, params)
#include "driver/entry.tbl.h"
#undef ROW

#endif

/* SPDX-License-Identifier: MIT */
/* ctl_face.h - which face of odbcguard has the shape of a real driver. A driver manager decides by
 * what a driver exports, so a face must export what the wrapped driver does: W forms or none, the
 * ODBC 2 set or none, and of those that agree in this the one that differs in the fewest functions. The
 * exports are read from the ELF files; nothing of them is run.
 * Source: odbc(3) "SQLGetFunctions"; docs/decisions/0008-faces.md. */
#ifndef OG_FUSEFS_CTL_FACE_H
#define OG_FUSEFS_CTL_FACE_H

#include <limits.h>

#include "common/base.h"

#define OG_SHAPE_MAX_NAMES 192 /* ODBC has about 120; what is beyond is not compared */
#define OG_SHAPE_NAME_BYTES 32

struct og_shape {
    bool is_driver; /* exports SQLAllocHandle and SQLFetch */
    bool has_wide;  /* SQLDriverConnectW */
    bool has_odbc2; /* SQLAllocEnv */
    bool is_ours;   /* a face of odbcguard itself */
    size_t n_names; /* SQL functions that it exports, sorted */
    char names[OG_SHAPE_MAX_NAMES][OG_SHAPE_NAME_BYTES];
};

#define OG_FACE_E_FORMAT 1 /* not an ELF shared object of this machine */
#define OG_FACE_E_NONE   2 /* no face is there that agrees in W forms and ODBC 2 set */

/* Reads what a shared object exports. Returns: 0; OG_FACE_E_FORMAT; -errno. */
OG_MUST int og_face_shape(const char *path, struct og_shape *out);

/* "W functions, without the ODBC 2 set": for texts. */
const char *og_face_words(const struct og_shape *shape);

/* How many functions one exports and the other does not; the first few of them in words (as
 * many as fit into n_words bytes; words NULL with 0), "" for none. */
size_t og_face_differences(const struct og_shape *face, const struct og_shape *target,
                           char *words, size_t n_words);

/* The installed face nearest to a target's shape.
 * folder: with the faces; NULL: ../driver beside an uninstalled program, else where they are installed.
 * out: its absolute path. Returns: 0; OG_FACE_E_NONE. */
OG_MUST int og_face_choose(const char *folder, const struct og_shape *target,
                           char out[static PATH_MAX]);

/* A driver as odbcinst.ini or a DSN names it (a path, or a file that libltdl finds) -> a path.
 * Returns: whether it was found. */
bool og_face_driver_file(const char *name, char out[static PATH_MAX]);

#endif

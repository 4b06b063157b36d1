/* SPDX-License-Identifier: MIT */
/* ctl_face.h - which face of odbcguard has the shape of a real driver. A driver manager decides by
 * what a driver exports, so a face must export what the wrapped driver does: W forms or none, the
 * ODBC 2 set or none. The exports are read from the ELF file; nothing of it is run.
 * Source: odbc(3) "SQLGetFunctions"; docs/decisions/0009-names-of-the-faces.md. */
#ifndef OG_FUSEFS_CTL_FACE_H
#define OG_FUSEFS_CTL_FACE_H

#include <limits.h>

#include "common/base.h"

struct og_shape {
    bool is_driver; /* exports SQLAllocHandle and SQLFetch */
    bool has_wide;  /* SQLDriverConnectW */
    bool has_odbc2; /* SQLAllocEnv */
    bool is_ours;   /* a face of odbcguard itself */
};

#define OG_FACE_E_FORMAT 1 /* not an ELF shared object of this machine */

/* Reads what a shared object exports. Returns: 0; OG_FACE_E_FORMAT; -errno. */
OG_MUST int og_face_shape(const char *path, struct og_shape *out);

/* File name of the face of that shape, or NULL when this build has none. */
const char *og_face_name(const struct og_shape *shape);
/* "A and W functions, no ODBC 2": for texts. */
const char *og_face_words(const struct og_shape *shape);

/* The folder with the faces: folder if given, else ../driver beside an uninstalled program, else
 * where they are installed. Returns: whether the face is there; its absolute path in out. */
bool og_face_path(const char *folder, const char *name, char out[static PATH_MAX]);

/* A driver as odbcinst.ini or a DSN names it (a path, or a file that libltdl finds) -> a path.
 * Returns: whether it was found. */
bool og_face_driver_file(const char *name, char out[static PATH_MAX]);

#endif

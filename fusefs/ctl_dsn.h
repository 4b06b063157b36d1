/* SPDX-License-Identifier: MIT */
/* ctl_dsn.h - what guardctl's commands know of a DSN: its section, its target, the target's real
 * driver. Shared by dsn add, dsn check and explain. */
#ifndef OG_FUSEFS_CTL_DSN_H
#define OG_FUSEFS_CTL_DSN_H

#include "fusefs/ctl.h"
#include "fusefs/ctl_face.h"
#include "fusefs/ctl_ini.h"

/* A DSN that is not guarded: where it stands and what drives it. */
struct og_dsn_target {
    char name[256];
    char ini_path[PATH_MAX];
    char driver_path[PATH_MAX]; /* of the real driver's file */
    char database[PATH_MAX];    /* Database= of the section, "" without one */
    struct og_shape shape;
};

/* Finds a target DSN (the user's file, then the system's, unless file names one to look in first),
 * its driver's file and shape. Tells its own errors. Returns: OG_CTL_OK; OG_CTL_ERROR. */
OG_MUST int og_dsn_find_target(const struct og_ctl_call *call, const char *file, const char *name,
                               struct og_dsn_target *out);

/* Driver= of a section -> the file that it names: a path, or a section of odbcinst.ini with one.
 * ini_path: the odbcinst.ini that was asked, "" for a path. Returns: whether there is one. */
bool og_dsn_driver_file(const char *driver, char ini_path[static PATH_MAX],
                        char file[static PATH_MAX]);

/* The file that a command works on: --file, or this user's odbc.ini. */
void og_dsn_file(const struct og_ctl_call *call, char out[static PATH_MAX]);

/* Loads the odbc.ini that holds the section, looking in file (may be NULL), the user's and the
 * system's. Returns: 0; -ENOENT; -errno. */
OG_MUST int og_dsn_load(const char *file, const char *section, struct og_ini *out);

/* Whether a section is a guarded DSN. */
bool og_dsn_is_guarded(const struct og_ini *ini, const char *section);

#endif

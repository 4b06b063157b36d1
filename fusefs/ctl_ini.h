/* SPDX-License-Identifier: MIT */
/* ctl_ini.h - unixODBC's ini files: found where unixODBC finds them, read by line, and changed one
 * section at a time in one step (a new file renamed over the old one), everything else kept byte
 * for byte. Is not: a check of what the keys mean. Threads: one.
 * Source: unixODBC 2.3.11, odbcinst/ (ODBCINI, ODBCSYSINI, ODBCINSTINI). */
#ifndef OG_FUSEFS_CTL_INI_H
#define OG_FUSEFS_CTL_INI_H

#include <limits.h>

#include "common/base.h"
#include "common/buf.h"

struct og_ini {
    char path[PATH_MAX];
    char *text; /* whole file, NUL-terminated; "" when there is none. Owned. */
    size_t n_bytes;
    bool exists;
};

#define OG_INI_MAX_BYTES (4u * 1024u * 1024u)

/* Where unixODBC looks for this user's and the system's odbc.ini, and for odbcinst.ini. */
void og_ini_user_path(char out[static PATH_MAX]);
void og_ini_system_path(char out[static PATH_MAX]);
void og_ini_driver_path(char out[static PATH_MAX]);

/* A missing file reads as empty. Returns: 0; -errno. */
OG_MUST int og_ini_load(const char *path, struct og_ini *out);
void og_ini_release(struct og_ini *ini);

bool og_ini_has_section(const struct og_ini *ini, const char *section);
/* Value of a key (both without regard to case), trimmed, into out. Returns: whether it is there
 * and fits. */
bool og_ini_value(const struct og_ini *ini, const char *section, const char *key, char *out,
                  size_t n_out);
/* Calls visit with each section's name, in order. visit returns false to stop. */
void og_ini_each_section(const struct og_ini *ini, bool (*visit)(void *context, const char *name),
                         void *context);

/* Replaces the section by body (its lines without the heading; NULL removes it), or appends it,
 * and puts the new file in place of the old one. Mode and owner stay; a new file is 0600.
 * Returns: 0; -errno, and then the old file is as it was. */
OG_MUST int og_ini_store(const struct og_ini *ini, const char *section, const char *body);

#endif

/* SPDX-License-Identifier: MIT */
/* conf_token.h - the signed token that a connection shows: from the keyword, a file or the environment. What
 * it says is guardfs' to judge (fusefs/token.h). Threads: any. */
#ifndef OG_DRIVER_CONF_TOKEN_H
#define OG_DRIVER_CONF_TOKEN_H

#include "common/base.h"

#define OG_MAX_TOKEN_FILE_BYTES 16384u

/* text: GuardAgentToken. path: GuardAgentTokenFile; with neither, ODBCGUARD_TOKEN_FILE of the environment.
 * Which evidence was meant must be plain: a token that cannot be read is never left out.
 * Returns: the token without blanks around it ("" when none is named), to be wiped and freed; NULL with
 * why. */
char *og_conf_token(const char *text, const char *path, char *why, size_t max_bytes);

#endif

/* SPDX-License-Identifier: MIT */
/* err.h - the errors odbcguard reports, as codes with SQLSTATE and native number.
 * Source: err.tbl.h is the one table; docs/errors.md explains them to users. */
#ifndef OG_COMMON_ERR_H
#define OG_COMMON_ERR_H

#include "common/base.h"

enum og_err {
    OG_ERR_NONE = 0,
#define ERR(name, sqlstate, at_connect, native, text) OG_ERR_##name,
#include "common/err.tbl.h"
#undef ERR
    OG_ERR_COUNT
};

struct og_err_info {
    const char *name;
    const char *sqlstate;            /* five characters, inside a session */
    const char *sqlstate_at_connect; /* five characters, while connecting */
    int32_t native;
    const char *meaning;
};

/* What is known of one code. Returns: a borrowed static row; for OG_ERR_NONE or a code out of
 * range the row of OG_ERR_REFUSED, so that a wrong code can never read as success. */
const struct og_err_info *og_err_info(enum og_err code);

#endif

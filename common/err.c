/* SPDX-License-Identifier: MIT */
#include "common/err.h"

static const struct og_err_info rows[OG_ERR_COUNT] = {
#define ERR(name, sqlstate, at_connect, native, text) \
    [OG_ERR_##name] = {#name, sqlstate, at_connect, native, text},
#include "common/err.tbl.h"
#undef ERR
};

const struct og_err_info *og_err_info(enum og_err code)
{
    if (code <= OG_ERR_NONE || code >= OG_ERR_COUNT)
        return &rows[OG_ERR_REFUSED];
    return &rows[code];
}

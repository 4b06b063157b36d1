/* SPDX-License-Identifier: MIT */
/* conf_target.h - what may reach the real driver from a connection string, a guarded DSN's section or an
 * attribute: allowlists by the driver's file name (target_key.tbl.h, target_attr.tbl.h).
 * conf->driver_path must be known. */
#ifndef OG_DRIVER_CONF_TARGET_H
#define OG_DRIVER_CONF_TARGET_H

#include "driver/conf.h"
#include "driver/conf_string.h"

bool og_conf_may_go_down(const struct og_conf *conf, const char *key);
/* Whether the real driver reads the pair as one value. Not all drivers know braces: SQLite's reads on
 * behind a semicolon within them as the next key. psqlODBC reads braces (dconn_get_attributes,
 * drvconn.c) but takes them off passwords only (decode_or_remove_braces, dlg_specific.c). */
bool og_conf_is_one_value(const struct og_conf *conf, const struct og_pair *pair);
/* Whether the value is one that may reach the real driver: some keys hold options of both kinds.
 * Source: psqlODBC 13.02, dlg_specific.h (bits of CX), dlg_specific.c (unfoldCXAttribute). */
bool og_conf_is_good_value(const struct og_conf *conf, const struct og_pair *pair);
/* Whether the target's connection string has psqlODBC read the cursors that a procedure's answer names. */
bool og_conf_fetches_cursors(const struct og_conf *conf);
/* Whether an application may set this attribute, whose number is outside of what ODBC defines. */
bool og_conf_may_set(const struct og_conf *conf, SQLINTEGER attribute);

#endif

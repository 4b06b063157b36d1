/* SPDX-License-Identifier: MIT */
/* conf.h - what one connection is asked for: the guarded DSN's section, the connection string, the
 * environment; checked against the table of keywords (key.tbl.h) and the real driver's allowlist
 * (target_key.tbl.h). An unknown Guard... key is an error.
 * Memory: all strings are owned by the conf. Threads: built once, then only read. */
#ifndef OG_DRIVER_CONF_H
#define OG_DRIVER_CONF_H

#include "common/base.h"
#include "driver/diag.h"

struct og_conf {
    char *dsn;           /* guarded DSN, "" with none */
    char *target_dsn;    /* exactly one of these two is not "" */
    char *target_driver;
    char *target_name;   /* the name policies match: the target DSN, else the target driver */
    char *driver_path;   /* the real driver's shared object, resolved as the driver manager would */
    char *driver_section; /* odbcinst.ini section of it, "" when Driver= is a path */
    char *target_string; /* connection string for the real driver: DSN= or its own keys, plus what
                          * the allowlist lets through, credentials included. Never logged. */
    bool is_dsn_alone;   /* target_string is the target DSN's name, and a user and password at most */
    char *shown_string;  /* what SQLDriverConnect returns: usable again, without the target's own */
    char *socket_path;
    char *app, *purpose, *ticket, *traceparent, *token;
    bool is_broker;                /* GuardPlacement=broker, or a target that is no data source here */
    bool may_broker;               /* no placement was asked for: guardfs may say that it is broker */
    bool sends_keys;               /* target_string has more than the target's name */
    bool approval_waits;           /* GuardApproval=wait */
    uint32_t approval_timeout_s;
    uint64_t max_rows;             /* 0: none */
    bool is_read_only;
    bool shows_masks;              /* GuardMaskInfo */
    uint32_t threading_level;      /* Threading of our section or [ODBC] in odbcinst.ini; 0-3 */
    char *log_folder;              /* GuardLogPath */
    struct og_call_log *log;       /* GuardLogLevel above 0, else NULL */
};

/* From a connection string (UTF-8). Fills defaults from odbc.ini, odbcinst.ini and environment.
 * Returns: SQL_SUCCESS with a new conf in out; SQL_ERROR with a record in diag (CONFIG). */
OG_MUST SQLRETURN og_conf_from_string(const char *connection_string, struct og_diag *diag,
                                      struct og_conf **out);
/* From SQLConnect's three arguments (UTF-8; user and password may be NULL). */
OG_MUST SQLRETURN og_conf_from_dsn(const char *dsn, const char *user, const char *password,
                                   struct og_diag *diag, struct og_conf **out);
/* The refusal of a key (or of "other keys") for a target whose credentials guardfs holds. SQL_ERROR. */
SQLRETURN og_conf_refuse_key(const char *key, struct og_diag *diag);
/* Wipes and frees; NULL-safe, returns NULL. */
struct og_conf *og_conf_free(struct og_conf *conf);

#endif

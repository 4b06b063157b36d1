/* SPDX-License-Identifier: MIT */
/* config.h - guardfs' configuration file: who is who and what targets are (docs/config.md). Strict
 * YAML: an unknown key is an error with line and column. Without a file everything has defaults: every
 * peer is uid:N, there are no groups and no roles.
 *   user: odbcguard                      # run as, after mounting
 *   people: {alice: [uid:1001]}          # evidence -> person
 *   agents: {report-bot: [uid:1005]}     # a name for an agent's uid
 *   groups: {dba: [user:alice], ai-agents: [agent:report-bot, uid:1007]}
 *   roles: {admin: [group:dba], approver: [group:dba], auditor: [user:carol]}
 *   targets: {shop: {labels: [env:production], require: token,
 *     connect: {driver: /usr/lib/odbc/psqlodbcw.so, keys: {Servername: db, Database: shop, UID: app},
 *               password: {file: /etc/odbcguard/shop.password}, run-as: odbcguard-shop}}}
 *   ledger: {anchors-file: /mnt/other/odbcguard.anchors, keep-days: 400}
 *   approvals: {quiet: {from: "22:00", to: "06:00"}, remind-after: 10m}
 *   issuers: {https://idp.example: {jwks: /etc/odbcguard/idp.jwks, audience: [odbcguard]}} */
#ifndef OG_FUSEFS_CONFIG_H
#define OG_FUSEFS_CONFIG_H

#include "common/base.h"
#include "common/buf.h"
#include "common/principal.h"
#include "common/time_window.h"

struct og_config;

#define OG_CONFIG_E_INVALID 1 /* messages: name:line:column: text, one a line */

/* name: for messages. bytes NULL: the defaults. Returns: 0; E_INVALID; -ENOMEM. */
OG_MUST int og_config_parse(const char *name, const char *bytes, size_t n_bytes,
                            struct og_buf *messages, struct og_config **out);
struct og_config *og_config_free(struct og_config *config);

/* The account to run as; NULL: stay. */
const char *og_config_user(const struct og_config *config);
/* The person (or NULL) and agent name (or NULL) that a uid counts as. Borrowed. */
const char *og_config_person(const struct og_config *config, uint32_t uid);
const char *og_config_agent(const struct og_config *config, uint32_t uid);
/* Who signs tokens: whose keys (a JWKS file), for which audiences, from which uids. */
struct og_config_issuer {
    const char *name; /* as tokens have it in iss */
    const char *jwks; /* path; read again when it changes */
    const char *const *audiences;
    size_t n_audiences;
    const uint32_t *uids; /* where has_uids: a token from any other uid is refused */
    size_t n_uids;
    bool has_uids;
    bool is_once; /* each jti counts once */
    uint32_t skew_s;
};
const struct og_config_issuer *og_config_issuer(const struct og_config *config, const char *name);
const struct og_config_issuer *og_config_issuer_at(const struct og_config *config, size_t i);
/* The person (or NULL) and agent (or NULL) of "token:ISSUER/SUBJECT", and the groups that list it, or list
 * "token-group:ISSUER/GROUP". Borrowed. */
const char *og_config_token_person(const struct og_config *config, const char *token);
const char *og_config_token_agent(const struct og_config *config, const char *token);
size_t og_config_token_groups(const struct og_config *config, const char *token, const char **out,
                              size_t max);
/* Whether a target takes no session without a token. */
bool og_config_requires_token(const struct og_config *config, const char *target);

/* How guardfs itself opens a target, whose credentials it holds. */
struct og_config_key {
    const char *name, *value;
};
struct og_config_connect {
    const char *driver; /* path of the real driver */
    const struct og_config_key *keys; /* of its connection string, without the password */
    size_t n_keys;
    enum og_config_secret {
        OG_CONFIG_NO_SECRET = 0,
        OG_CONFIG_SECRET_FILE,        /* read again for each session */
        OG_CONFIG_SECRET_COMMAND,     /* its first line of output; run again for each session */
        OG_CONFIG_SECRET_ENVIRONMENT, /* of guardfs at its start */
        OG_CONFIG_SECRET_CREDENTIAL   /* systemd's: a file in CREDENTIALS_DIRECTORY */
    } secret;
    const char *const *secret_words; /* path, name, or the command's arguments; ends with NULL */
    const char *run_as;              /* account of the workers; NULL: guardfs' own */
};
/* NULL: the target is opened by its clients. Borrowed. */
const struct og_config_connect *og_config_connect(const struct og_config *config, const char *target);

/* Where the ledger's anchors go beside the state folder, and how long its days are kept. */
struct og_config_ledger {
    const char *anchors_file;           /* NULL: none */
    const char *const *anchors_command; /* path and arguments, ends with NULL; NULL: none */
    uint32_t keep_days;                 /* 0: for ever */
};
const struct og_config_ledger *og_config_ledger(const struct og_config *config);

/* When people are expected to answer requests. */
struct og_config_approvals {
    struct og_time_window quiet; /* no reminders, and requests do not run out */
    uint32_t remind_after_s;     /* 0: never */
};
const struct og_config_approvals *og_config_approvals(const struct og_config *config);
/* When grants of a target may be used; NULL: at any time. Borrowed. */
const struct og_time_window *og_config_window(const struct og_config *config, const char *target);

/* As a principal is named everywhere: "user:alice" where the uid counts as a person, else "uid:1001". */
#define OG_CONFIG_NAME_BYTES 160u
void og_config_name(const struct og_config *config, uint32_t uid,
                    char out[static OG_CONFIG_NAME_BYTES]);
bool og_config_has_group(const struct og_config *config, const char *group);
/* Whether this uid (through its person or agent name, or listed itself) is in the group; groups may
 * list groups (no cycles: an error at parse). */
bool og_config_uid_in_group(const struct og_config *config, uint32_t uid, const char *group);
/* role: admin, approver, auditor, break-glass. uid 0 counts only if listed. */
bool og_config_uid_has_role(const struct og_config *config, uint32_t uid, const char *role);
/* All groups of a uid: names without prefix; at most max. Returns how many. */
size_t og_config_groups(const struct og_config *config, uint32_t uid, const char **out, size_t max);
/* Names of the targets that the configuration lists: the i-th, or NULL past the last. */
const char *og_config_target(const struct og_config *config, size_t i);
bool og_config_has_target(const struct og_config *config, const char *target);
/* Labels of a target; n_out 0 for unknown targets. */
const char *const *og_config_labels(const struct og_config *config, const char *target,
                                    size_t *n_out);

#endif

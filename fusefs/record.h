/* SPDX-License-Identifier: MIT */
/* record.h - builds the ledger's lines: OCSF 1.8.0 class 6005 Datastore Activity with OpenTelemetry
 * names under `unmapped`, one JSON object a line (docs/ledger.md has every field).
 * `unmapped.guard.record` says which: session, intent, outcome, request, answer, policy, daemon, read.
 * Is not: the chain (ledger.h gives the head). Text fields are escaped and cut at sane lengths with
 * `metadata.is_truncated`; a line is never longer than OG_MAX_RECORD_BYTES. */
#ifndef OG_FUSEFS_RECORD_H
#define OG_FUSEFS_RECORD_H

#include "common/buf.h"
#include "common/proto.h"
#include "fusefs/ledger.h"

/* Who and where, as every record says it; NULL strings are left out. */
struct og_record_who {
    const char *session;   /* s-... */
    const char *display;   /* principal */
    const char *evidence;  /* asserted, process, peer, token */
    uint32_t uid, gid;
    int32_t pid;
    const char *exe, *cmd_line, *cgroup;
    uint32_t login_uid;    /* UINT32_MAX: unknown */
    const char *app, *purpose, *ticket, *traceparent; /* asserted */
    const char *dsn, *target, *db_system, *database, *server, *placement;
    const char *driver_name;
    const char *reported_by; /* client (inline) or worker */
};

/* A statement's intent or denial. text_hmac: keyed digest of the exact text (og_ledger_keyed).
 * request: id of the request whose grant it spends, or "". */
void og_record_line_intent(const struct og_ledger_head *head, const struct og_record_who *who,
                           const struct og_msg_intent *intent, const char *text_hmac,
                           struct og_buf *out);
void og_record_line_outcome(const struct og_ledger_head *head, const struct og_record_who *who,
                            const struct og_msg_outcome *outcome, struct og_buf *out);
/* An event of any other kind: record is session|request|answer|policy|daemon|read; what is a short word
 * (open, close, refused, killed, pending, approved, denied, expired, loaded, rejected, start,
 * stop, cut, note);
 * correlation: request id, file path or ""; keys/values: n extra pairs under unmapped.guard. */
struct og_record_pair {
    const char *key;
    const char *value;
};
void og_record_line_event(const struct og_ledger_head *head, const struct og_record_who *who,
                          const char *record, const char *what, const char *correlation,
                          const char *message, const struct og_record_pair *pairs, size_t n_pairs,
                          struct og_buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* msg.tbl.h - every message between a driver (or guardctl) and guardfs: the one description that
 * both ends encode, check and document from (common/proto.h, docs/protocol.md).
 *
 * MSG(NAME, name, number, who sends it, one line): the list of messages.
 * OG_MSG_<NAME>_FIELDS(U32, U64, STR, LIST, BYTES): its fields in wire order.
 * Rules: numbers are never reused; new fields go at the end; a field that an older peer does not
 * send reads as zero, and that must be the safe value. */
#ifndef OG_COMMON_MSG_FIELDS
#define OG_COMMON_MSG_FIELDS

/* A driver opens a session. Everything here is asserted text but for what the socket itself proves. */
#define OG_MSG_HELLO_FIELDS(U32, U64, STR, LIST, BYTES) \
    U32(version_min)   /* oldest protocol this driver speaks */ \
    U32(version_max)                                        \
    U32(is_admin)      /* 1: guardctl, no session is made */ \
    STR(product)       /* "odbcguard 0.1.0" */               \
    STR(flavour)       /* face of the driver */              \
    STR(placement)     /* inline, broker */                  \
    STR(target)        /* name of the target */              \
    STR(dsn)           /* guarded DSN, "" with none */       \
    STR(db_system)     /* postgresql, sqlite, other_sql */   \
    STR(database)      /* database or file as the driver names it */ \
    STR(server)        /* host:port, "" for files */         \
    STR(app)           /* GuardApp */                        \
    STR(purpose)       /* GuardPurpose */                    \
    STR(ticket)        /* GuardTicket */                     \
    STR(token)         /* JWT; this version accepts none */  \
    STR(traceparent)                                         \
    STR(driver_name)   /* of the real driver */              \
    STR(driver_version)

/* The session is open. */
#define OG_MSG_WELCOME_FIELDS(U32, U64, STR, LIST, BYTES) \
    U32(version)                                          \
    STR(session)          /* s-..., "" for guardctl */    \
    STR(display)          /* principal as texts name it */ \
    STR(evidence)         /* asserted, process, peer, token */ \
    LIST(members)         /* one item per chain member: "person|agent", then its names, each \
                           * separated by U+001F */       \
    LIST(target_labels)                                   \
    U64(statement_base)   /* first of a block of statement numbers for this session */ \
    U64(statement_count)                                  \
    U64(policy_generation)                                \
    STR(ack_read)         /* accepted, written, durable */ \
    STR(ack_write)                                        \
    U32(is_read_only)

/* The session, or what was asked, is refused. */
#define OG_MSG_REFUSED_FIELDS(U32, U64, STR, LIST, BYTES) \
    U32(error)        /* enum og_err */                   \
    STR(reason)                                           \
    STR(instead)      /* what to do next */               \
    U32(retry_after_s)                                    \
    U32(use_broker)   /* 1: guardfs holds this target's credentials: ask for a worker instead */

#define OG_MSG_POLICY_GET_FIELDS(U32, U64, STR, LIST, BYTES) U64(generation)

/* One file of the set in force, in parts that fit a frame; the last part of the last file ends it. */
#define OG_MSG_POLICY_FIELDS(U32, U64, STR, LIST, BYTES) \
    U64(generation)                                      \
    U32(file)       /* 0-based */                        \
    U32(n_files)    /* 0: there is no good set: deny all */ \
    U32(part)                                            \
    U32(n_parts)                                         \
    STR(name)                                            \
    BYTES(text)

/* Pushed by guardfs, unasked: policy (a new generation), kill, read-only. */
#define OG_MSG_EVENT_FIELDS(U32, U64, STR, LIST, BYTES) \
    STR(kind)                                           \
    U64(policy_generation)                              \
    STR(reason)

/* A statement is about to run (verdict allow, or approve with a grant), or was denied. */
#define OG_MSG_INTENT_FIELDS(U32, U64, STR, LIST, BYTES)                    \
    STR(statement)      /* q-... */                                         \
    U32(ack)            /* enum og_ack: what the driver waits for */        \
    STR(api)            /* SQLExecute, SQLExecDirect, SQLTables... */       \
    STR(kind)           /* SELECT, UPDATE... */                             \
    STR(summary)        /* "SELECT customers" */                            \
    STR(text)           /* redacted; "" when it was not understood */       \
    U32(is_text_cut)                                                        \
    U64(text_bytes)                                                         \
    BYTES(text_sha256)  /* of the exact bytes; keyed by guardfs before it is written */ \
    U32(n_parameters)                                                       \
    U32(n_parameter_sets)                                                   \
    BYTES(parameters_sha256)                                                \
    LIST(effects)       /* "update table public.payments" */                \
    LIST(columns)       /* "public.customers.email output", "... filter" */ \
    LIST(functions)                                                         \
    LIST(settings)      /* "search_path=public" */                          \
    STR(verdict)        /* allow, deny, approve */                          \
    STR(would_be)       /* with observation: what enforcing would have given */ \
    STR(policy)                                                             \
    STR(rule)                                                               \
    LIST(matched)       /* "agents/no-ddl" */                               \
    STR(object)                                                             \
    STR(reason)                                                             \
    LIST(masked)        /* labels of masked result columns */               \
    STR(grant)          /* request id of the grant it spends, or "" */      \
    BYTES(binding)      /* 32 bytes: what the grant must be bound to */     \
    U64(policy_generation)                                                  \
    U32(is_denied)      /* 1: recorded only, nothing runs */                \
    STR(cursor)         /* ODBC cursor name, or "" */                       \
    LIST(lookups)       /* "lookup public.customers.email": a masked column searched by one value; \
                         * "write public.customers.email": written, so that a duplicate would show */ \
    U32(is_rehearsal)   /* 1: it runs to be measured before anybody is asked, and is taken back */ \
    LIST(unmasked)      /* "public.customers.email": handed out as it is, by the grant */

/* Cumulative: everything up to sequence is acknowledged in the mode it asked for. */
#define OG_MSG_ACK_FIELDS(U32, U64, STR, LIST, BYTES) \
    U64(sequence)                                     \
    STR(statement) /* the last one it covers */

/* How a statement ended. */
#define OG_MSG_OUTCOME_FIELDS(U32, U64, STR, LIST, BYTES) \
    STR(statement)                                        \
    STR(sqlstate)       /* 00000 on success */            \
    U32(is_error)                                         \
    U64(rows)           /* handed out, or changed by a write */ \
    U64(bytes)          /* handed out */                  \
    U64(masked_cells)                                     \
    U64(duration_us)                                      \
    STR(detail)         /* never values */                \
    U64(rows_read)      /* handed out */                  \
    LIST(violated)      /* masked columns written when a constraint failed */ \
    LIST(effect)        /* what it changed where that was counted, as og_measured_to_list has it */ \
    STR(voids)          /* request whose grant is void: what ran was not what was approved; or "" */

/* A statement needs an approval: made, found again, or its grant given. */
#define OG_MSG_REQUEST_FIELDS(U32, U64, STR, LIST, BYTES)                          \
    STR(statement)                                                                 \
    STR(text)          /* canonical, for reading; constants kept */                \
    STR(kind)                                                                      \
    BYTES(text_sha256)                                                             \
    BYTES(binding)     /* SHA-256 over target, tokens, parameters, settings, policy set digest */ \
    LIST(parameters)   /* masked, one per marker: "1: integer 3" */                \
    LIST(effects)                                                                  \
    LIST(columns)                                                                  \
    LIST(functions)                                                                \
    LIST(settings)                                                                 \
    LIST(needs)        /* "policy/rule group count within_s", one per approve rule */ \
    STR(reason)                                                                    \
    STR(say)                                                                       \
    STR(object)                                                                    \
    STR(rehearsal)     /* measured effect, or why there is none */                 \
    STR(reported_by)   /* client (inline) or worker */                             \
    U64(policy_generation)                                                         \
    U32(is_probe)      /* 1: nothing is made, only found; state "none" where nothing is */ \
    U32(is_measured)   /* effect holds what a rehearsal changed */                 \
    LIST(effect)       /* as og_measured_to_list has it */                         \
    U64(drift_rows)    /* how far what runs may be from that */                    \
    U32(drift_percent)                                                             \
    STR(amends)        /* request whose amended statement this is, measured; or "" */ \
    U32(revision)      /* of that request */                                       \
    STR(amend_refused) /* why it cannot run; "": it can */                         \
    BYTES(shape)       /* as binding, without the parameters */

#define OG_MSG_REQUESTED_FIELDS(U32, U64, STR, LIST, BYTES) \
    STR(request)      /* r-... */                           \
    STR(state)        /* pending, approved, denied, expired, void, spent; none, amended */ \
    STR(reason)       /* the approver's, for denied */      \
    STR(answered_by)                                        \
    U64(expires_unix_s)                                     \
    U32(is_measured)  /* the grant is for this effect */    \
    LIST(effect)                                            \
    U64(drift_rows)                                         \
    U32(drift_percent)                                      \
    U32(revision)                                           \
    STR(text)         /* the approver's statement: to be measured (amended), to be run (approved) */ \
    STR(amended_by)                                         \
    U32(has_rows_max) /* the grant is for so many rows at most, whatever was measured */ \
    U64(rows_max)                                           \
    U32(is_shape)     /* the grant is for any parameters: spent by the shape */

/* Wait until the request is no longer pending, at most deadline_ms; answered with REQUESTED. */
#define OG_MSG_WAIT_FIELDS(U32, U64, STR, LIST, BYTES) \
    STR(request)                                       \
    U32(deadline_ms)

/* More statement numbers, please; answered with BLOCK. */
#define OG_MSG_BLOCK_GET_FIELDS(U32, U64, STR, LIST, BYTES) U32(reserved)
#define OG_MSG_BLOCK_FIELDS(U32, U64, STR, LIST, BYTES) U64(statement_base) U64(statement_count)

/* Something of a session that is no statement: begin, commit, rollback, attribute, cancel. */
#define OG_MSG_NOTE_FIELDS(U32, U64, STR, LIST, BYTES) \
    STR(kind)                                          \
    STR(detail)                                        \
    U32(ack)

/* guardctl: read or write a file of the tree without the mount; same rules. */
#define OG_MSG_FILE_GET_FIELDS(U32, U64, STR, LIST, BYTES) STR(path) U64(offset)
#define OG_MSG_FILE_FIELDS(U32, U64, STR, LIST, BYTES) \
    U32(errno_value)                                   \
    STR(reason)                                        \
    U32(is_folder)                                     \
    U64(offset)                                        \
    U64(size)                                          \
    BYTES(text)                                        \
    LIST(names)
#define OG_MSG_FILE_PUT_FIELDS(U32, U64, STR, LIST, BYTES) STR(path) BYTES(text)

/* A driver asks for a worker: guardfs holds the target's credentials. Opens the session; what HELLO says of
 * it comes from here, and nothing that the worker's client says later changes it. */
#define OG_MSG_BROKER_FIELDS(U32, U64, STR, LIST, BYTES) \
    U32(version_min)                                     \
    U32(version_max)                                     \
    STR(product)                                         \
    STR(target)                                          \
    STR(dsn)                                             \
    STR(app)                                             \
    STR(purpose)                                         \
    STR(ticket)                                          \
    STR(token)                                           \
    STR(traceparent)

/* The worker starts: two sockets come with this frame, for its calls and for cancel. */
#define OG_MSG_BROKERED_FIELDS(U32, U64, STR, LIST, BYTES) \
    U32(version)                                           \
    STR(session)
/* A part of an undo set, before its write is committed. After the last part: UNDO_KEPT once it is durable. */
#define OG_MSG_UNDO_PUT_FIELDS(U32, U64, STR, LIST, BYTES)                \
    STR(statement)                                                        \
    U32(part)       /* 0-based, in order */                               \
    U32(is_last)                                                          \
    BYTES(bytes)    /* common/undo.h */                                   \
    STR(summary)    /* "2 rows of main.items updated": with the last */   \
    LIST(partly)    /* what of the write is not in it */                  \
    U64(n_rows)                                                           \
    STR(policy)                                                           \
    U64(keep_s)                                                           \
    STR(takes_back) /* u-... where the write is an undo itself, or "" */

#define OG_MSG_UNDO_KEPT_FIELDS(U32, U64, STR, LIST, BYTES) STR(undo)

/* What became of a set's write, or of taking it back. */
#define OG_MSG_UNDO_END_FIELDS(U32, U64, STR, LIST, BYTES)                         \
    STR(undo)                                                                      \
    STR(state)     /* committed, rolled-back, unclear: of the write;               \
                    * undone, partly-undone, conflict, checked: of taking it back */ \
    STR(by)        /* u-... of the write that took it back, or "" */               \
    BYTES(report)  /* conflicts, a line each */

/* The set itself, to take it back; answered with UNDO_PART until size is reached. */
#define OG_MSG_UNDO_GET_FIELDS(U32, U64, STR, LIST, BYTES) STR(undo) U64(offset)
#define OG_MSG_UNDO_PART_FIELDS(U32, U64, STR, LIST, BYTES) \
    STR(undo)                                               \
    STR(state)                                              \
    U64(size)                                               \
    U64(offset)                                             \
    BYTES(bytes)

#define OG_MSG_BYE_FIELDS(U32, U64, STR, LIST, BYTES) STR(reason)
#endif

/* Included for its rows with MSG defined; included without it for the fields alone. */
#ifdef MSG
MSG(HELLO,       hello,       1, "driver",  "opens a session")
MSG(WELCOME,     welcome,     2, "guardfs", "the session is open")
MSG(REFUSED,     refused,     3, "guardfs", "the session, or what was asked, is refused")
MSG(POLICY_GET,  policy_get,  4, "driver",  "asks for the policy set in force")
MSG(POLICY,      policy,      5, "guardfs", "a part of the policy set")
MSG(EVENT,       event,       6, "guardfs", "something changed: policy, kill, read-only")
MSG(INTENT,      intent,      7, "driver",  "a statement is about to run, or was denied")
MSG(ACK,         ack,         8, "guardfs", "records are acknowledged")
MSG(OUTCOME,     outcome,     9, "driver",  "how a statement ended")
MSG(REQUEST,     request,    10, "driver",  "a statement needs an approval")
MSG(REQUESTED,   requested,  11, "guardfs", "state of a request")
MSG(WAIT,        wait,       12, "driver",  "wait for an answer")
MSG(BLOCK_GET,   block_get,  13, "driver",  "asks for statement numbers")
MSG(BLOCK,       block,      14, "guardfs", "statement numbers")
MSG(NOTE,        note,       15, "driver",  "an event of the session that is no statement")
MSG(FILE_GET,    file_get,   16, "guardctl", "reads a file of the tree")
MSG(FILE,        file,       17, "guardfs", "a file's bytes, or why not")
MSG(FILE_PUT,    file_put,   18, "guardctl", "writes a file of the tree as one save")
MSG(BYE,         bye,        19, "both",    "the session ends in good order")
MSG(BROKER,      broker,     30, "driver",  "asks for a worker of a target that guardfs holds")
MSG(BROKERED,    brokered,   31, "guardfs", "the worker starts; its sockets come with the frame")
MSG(UNDO_PUT,    undo_put,   40, "driver",  "a part of an undo set, before its write is committed")
MSG(UNDO_KEPT,   undo_kept,  41, "guardfs", "the undo set is on disk")
MSG(UNDO_END,    undo_end,   42, "driver",  "what became of an undo set's write, or of taking it back")
MSG(UNDO_GET,    undo_get,   43, "driver",  "asks for an undo set")
MSG(UNDO_PART,   undo_part,  44, "guardfs", "a part of an undo set")
#endif

/* SPDX-License-Identifier: MIT */
/* limits.h - every ceiling of the product in one page, each with its reason.
 * Raising one is a decision about memory or time that someone else can make us spend. */
#ifndef OG_COMMON_LIMITS_H
#define OG_COMMON_LIMITS_H

/* SQL text of one statement. The PostgreSQL parser takes up to 54 bytes of memory per byte. */
#define OG_MAX_SQL_BYTES (1024u * 1024u)
/* Nesting that an analysis follows before it refuses; walkers keep an explicit stack. */
#define OG_MAX_SQL_DEPTH 4000u
/* Memory one analysis may use for its facts. */
#define OG_MAX_FACTS_BYTES (16u * 1024u * 1024u)
/* Result columns of one statement: PostgreSQL stops at 1664, SQLite at 2000 (32767 if rebuilt). */
#define OG_MAX_RESULT_COLUMNS 4096u
/* Bound parameters of one statement: PostgreSQL's wire format has 16 bits for the count. */
#define OG_MAX_PARAMETERS 65535u
/* Views inside views. */
#define OG_MAX_VIEW_DEPTH 64u

/* One frame between driver and guardfs: fits a default SOCK_SEQPACKET send buffer. */
#define OG_MAX_FRAME_BYTES (128u * 1024u)
/* Text of one field in a frame, and items of a list field. */
#define OG_MAX_FIELD_BYTES (96u * 1024u)
#define OG_MAX_LIST_ITEMS 4096u

/* One ledger record with its newline (files beyond this are refused by many shippers). */
#define OG_MAX_RECORD_BYTES (64u * 1024u)
/* A request file; an editor's save beyond it is EFBIG. */
#define OG_MAX_REQUEST_BYTES (64u * 1024u)
/* One policy file and the whole set; a table of 100,000 columns still fits. */
#define OG_MAX_POLICY_BYTES (1024u * 1024u)
#define OG_MAX_POLICY_SET_BYTES (8u * 1024u * 1024u)
#define OG_MAX_POLICY_FILES 256u
/* YAML nesting and nodes: aliases and anchors are refused altogether. */
#define OG_MAX_YAML_DEPTH 32u

/* A value that detectors look at; longer ones are refused where a policy says `detect`. */
#define OG_MAX_DETECT_BYTES (1024u * 1024u)
/* A value that a mask reads whole before it is masked. */
#define OG_MAX_MASKED_VALUE_BYTES (64u * 1024u * 1024u)

/* How often one statement is analysed, and a plain read is run, when others change the catalog meanwhile. */
#define OG_MAX_CATALOG_LOOKS 8u

/* Deadline of any one wait on guardfs that is not an approval, milliseconds. */
#define OG_GUARD_DEADLINE_MS 5000

/* What one undo set may hold: the default of a policy's undo-size, and the most that it can say. The driver
 * holds it in memory while the write runs. */
#define OG_DEFAULT_UNDO_BYTES (64u * 1024u * 1024u)
#define OG_MAX_UNDO_BYTES (1024u * 1024u * 1024u)
/* Rows of each table that a request for an approval shows. */
#define OG_DEFAULT_SAMPLE_ROWS 5u
#define OG_MAX_SAMPLE_ROWS 20u

#endif

/* SPDX-License-Identifier: MIT */
/* link.h - the link between a driver in an application's process (remote*.c) and the worker of its session
 * (worker*.c): frames over a stream socket, and what they carry. Both ends check everything: the worker
 * because its client may be hostile, the client because a worker may break.
 * Frame: struct og_link_head, then n_bytes of payload: numbers (8 bytes) and bytes (4 bytes of length, or
 * OG_LINK_NULL for a null pointer, then the bytes), in the order of the call. Little endian, as both ends
 * run on one machine. A second socket carries cancel alone, so that it overtakes the call it is for.
 * Is not: ODBC; it knows no call. Threads: one user at a time per socket. */
#ifndef OG_DRIVER_LINK_H
#define OG_DRIVER_LINK_H

#include "common/base.h"
#include "common/buf.h"
#include "driver/odbc.h"

#define OG_LINK_VERSION 1
#define OG_LINK_MAX_BYTES (64u * 1024u * 1024u) /* of one payload */
#define OG_LINK_MAX_OUT (16u * 1024u * 1024u)   /* of one text or cell that comes back */
#define OG_LINK_MAX_HANDLES 4096u
#define OG_LINK_MAX_NUMBER 2048u /* columns or parameters of one statement */
#define OG_LINK_MAX_ROWS 65536u
#define OG_LINK_NULL UINT32_MAX
#define OG_LINK_DBC 1u /* the connection's handle; statements and descriptors follow */

/* Codes of a reply beside ODBC's own. */
#define OG_LINK_REFUSED 1000 /* not served, or not with these values: HYC00 */

/* What an output holds before the real driver writes it. */
#define OG_LINK_UNWRITTEN ((int64_t)0xa5a5a5a5a5a5a5a5)

enum og_link_call {
    OG_LINK_NONE = 0,
#define CALL(number, function, kind) OG_LINK_CALL_##function = number,
#define OWN(number, word, kind) OG_LINK_OWN_##word = number,
#include "driver/link.tbl.h"
#undef OWN
#undef CALL
    OG_LINK_END
};

struct og_link_head {
    uint32_t n_bytes; /* that follow */
    uint32_t handle;  /* of a call; 0 in a reply */
    int32_t what;     /* enum og_link_call, or the code of a reply */
    uint32_t sequence; /* a reply repeats its call's */
};

/* Presence of the pointers that belong to a buffer. */
#define OG_LINK_HAS_VALUE 1
#define OG_LINK_HAS_LENGTH 2

/* ---- making ---- */
void og_link_put(struct og_buf *out, int64_t number);
void og_link_put_bytes(struct og_buf *out, const void *bytes, size_t n_bytes); /* bytes NULL: null */
/* A text as a caller gave it: its length argument, then its bytes. width: 1 or 2. */
void og_link_put_text(struct og_buf *out, const void *text, int64_t n, size_t width);

/* ---- reading ---- */
struct og_link_reader {
    const uint8_t *at;
    size_t n_left;
    bool is_bad; /* something was missing; all further reads give 0 */
};
int64_t og_link_get(struct og_link_reader *reader);
/* NULL (n 0) for a null pointer and when bad; else into the frame. */
const uint8_t *og_link_get_bytes(struct og_link_reader *reader, size_t *n_bytes);

/* ---- cells ---- */
/* Bytes of one cell of a C type: its own size, or max_bytes where values come in pieces. -1: a type that
 * does not travel, or too large. */
int64_t og_link_cell(SQLSMALLINT c_type, int64_t max_bytes);
/* The C type that SQL_C_DEFAULT stands for, by SQL type. */
SQLSMALLINT og_link_default_type(SQLSMALLINT sql_type);
/* Bytes of a cell that the driver wrote, terminator included. */
size_t og_link_used(SQLSMALLINT c_type, const uint8_t *cell, size_t n_cell, bool has_indicator,
                    int64_t indicator);
bool og_link_is_text(SQLSMALLINT c_type);

/* ---- the socket ---- */
/* Sends a head and its payload; receives a head, and a payload into in (cleared first).
 * deadline_ms: -1 none. Returns: 0; -ECONNRESET, -ETIMEDOUT, -EPROTO, -ENOMEM. */
OG_MUST int og_link_send(int fd, struct og_link_head *head, const struct og_buf *payload, int deadline_ms);
OG_MUST int og_link_receive(int fd, struct og_link_head *head, struct og_buf *in, int deadline_ms);

#endif

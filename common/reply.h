/* SPDX-License-Identifier: MIT */
/* reply.h - the text of an error as a client reads it, for a person and for a model:
 *     [odbcguard][agents/no-ddl] DROP TABLE customers is not allowed here. What to do next.
 *     rule=agents/no-ddl object=main.customers
 * Is not: SQLSTATE and native number (err.h). Holds names, never values. */
#ifndef OG_COMMON_REPLY_H
#define OG_COMMON_REPLY_H

#include "common/buf.h"
#include "common/decide.h"
#include "common/err.h"

/* Appends the text to out, without a line feed at its end. Control characters and others that
 * could change how a line reads (line separators, direction marks) come out as \uXXXX.
 * verdict: NULL where none was reached: the code's own meaning is told then.
 * request: id of the request that waits or was answered, or NULL.
 * retry_after_s: 0 where waiting does not help.
 * A failure of out sticks in it. */
void og_reply_format(enum og_err code, const struct og_verdict *verdict, const char *request,
                     uint32_t retry_after_s, struct og_buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* reply.h - the text of a refusal as clients see it: for a person and for a model.
 *   [odbcguard][policy/rule] What is so. What to do next.
 *   rule=policy/rule object=public.payments column=email request=r-... retry_after=1
 * Never row values or secrets. */
#ifndef OG_COMMON_REPLY_H
#define OG_COMMON_REPLY_H

#include "common/buf.h"
#include "common/decide.h"
#include "common/err.h"

/* Appends the whole text. verdict, request: NULL where there is none; retry_after_s 0: not said.
 * Names in it have control characters escaped. */
void og_reply_format(enum og_err code, const struct og_verdict *verdict, const char *request,
                     uint32_t retry_after_s, struct og_buf *out);

#endif

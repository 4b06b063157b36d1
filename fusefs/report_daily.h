/* SPDX-License-Identifier: MIT */
/* report_daily.h - a report for every day that is over, in STATE/reports/DAY.{html,md,csv,json}; the mount
 * shows them under reports/daily/. A child process of low priority makes them, one at a time, so that a large
 * day does not hold guardfs up. Is not: a verification (guardctl report verifies first). */
#ifndef OG_FUSEFS_REPORT_DAILY_H
#define OG_FUSEFS_REPORT_DAILY_H

#include "common/base.h"

struct og_daemon;

/* Looks now and then, from the loop, whether a closed day lacks its report. Returns: 0; -ENOMEM. */
OG_MUST int og_report_daily_open(struct og_daemon *daemon);
/* The real file behind a name of reports/daily. Returns: 0; -ENOENT. */
OG_MUST int og_report_daily_path(const struct og_daemon *daemon, const char *name, char *out,
                                 size_t max_bytes);
void og_report_daily_list(const struct og_daemon *daemon,
                          void (*visit)(void *context, const char *name), void *context);

#endif

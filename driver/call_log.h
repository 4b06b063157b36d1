/* SPDX-License-Identifier: MIT */
/* call_log.h - the driver's own log (GuardLogLevel, GuardLogPath): which ODBC calls a connection got and
 * what they answered, for whoever looks for a fault of an application or a driver. Names, codes and times;
 * never statements, values, names of data sources or messages. One file for each process,
 * odbcguard-PID.log. Is not: the ledger (guardfs writes that), and nothing is decided by it: a line that
 * cannot be written is counted and the call goes on.
 * Threads: any; a line is one write to a file opened for appending. */
#ifndef OG_DRIVER_CALL_LOG_H
#define OG_DRIVER_CALL_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "driver/odbc.h"

/* Each level holds the ones before it. */
enum og_call_log_level {
    OG_CALL_LOG_OFF = 0,
    OG_CALL_LOG_ERRORS,      /* calls that failed, and the codes of the records that were read */
    OG_CALL_LOG_WARNINGS,    /* calls that answered SQL_SUCCESS_WITH_INFO */
    OG_CALL_LOG_CONNECTIONS, /* connects, disconnects, ends of transactions */
    OG_CALL_LOG_STATEMENTS,  /* what makes the database do something */
    OG_CALL_LOG_CALLS,       /* every call */
    OG_CALL_LOG_STARTS,      /* a line before each call too: the last one before a crash or a hang */
    OG_CALL_LOG_MAX = OG_CALL_LOG_STARTS
};

struct og_call_log;

/* folder must be absolute and exist; the file is made with mode 0600 and is never a link.
 * Returns: 0 and *out (owned by the caller); a negative errno. */
int og_call_log_open(const char *folder, uint32_t level, struct og_call_log **out);
/* NULL-safe. */
void og_call_log_close(struct og_call_log *log);

/* Nanoseconds of the monotonic clock, for og_call_log_end. */
uint64_t og_call_log_now(void);
/* function: as in __func__ of an entry point; handle: what the application holds, shown as a number. */
void og_call_log_begin(struct og_call_log *log, const char *function, const void *handle);
void og_call_log_end(struct og_call_log *log, const char *function, const void *handle,
                     SQLRETURN code, uint64_t started_ns);
/* A diagnostic record that was read: five characters of SQLSTATE and the native number. */
void og_call_log_record(struct og_call_log *log, const void *handle, const char *sqlstate,
                        SQLINTEGER native);

#endif

/* SPDX-License-Identifier: MIT */
/* The driver's own log of calls. See call_log.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base.h"
#include "driver/call_log.h"

#define MAX_LINE_BYTES 256u
#define ENTRY_PREFIX "og_entry_"

struct og_call_log {
    int fd;
    uint32_t level;
    atomic_uint n_lost; /* lines that could not be written since the last one that was */
};

/* What a call is logged at where it succeeds; a name that is not here is logged with every call. The wide
 * form of a name is the same call. */
static const struct {
    const char *name;
    enum og_call_log_level level;
} levels[] = {
    {"SQLBrowseConnect", OG_CALL_LOG_CONNECTIONS},
    {"SQLConnect", OG_CALL_LOG_CONNECTIONS},
    {"SQLDisconnect", OG_CALL_LOG_CONNECTIONS},
    {"SQLDriverConnect", OG_CALL_LOG_CONNECTIONS},
    {"SQLEndTran", OG_CALL_LOG_CONNECTIONS},
    {"SQLTransact", OG_CALL_LOG_CONNECTIONS},
    {"SQLBulkOperations", OG_CALL_LOG_STATEMENTS},
    {"SQLExecDirect", OG_CALL_LOG_STATEMENTS},
    {"SQLExecute", OG_CALL_LOG_STATEMENTS},
    {"SQLMoreResults", OG_CALL_LOG_STATEMENTS},
    {"SQLParamData", OG_CALL_LOG_STATEMENTS},
    {"SQLPrepare", OG_CALL_LOG_STATEMENTS},
    {"SQLSetPos", OG_CALL_LOG_STATEMENTS},
};

static const char *plain_name(const char *function)
{
    size_t n = sizeof(ENTRY_PREFIX) - 1;

    return strncmp(function, ENTRY_PREFIX, n) == 0 ? function + n : function;
}

static enum og_call_log_level level_of(const char *name)
{
    for (size_t i = 0; i < OG_COUNT(levels); i++) {
        size_t n = strlen(levels[i].name);

        if (strncmp(levels[i].name, name, n) == 0 && (!name[n] || strcmp(name + n, "W") == 0))
            return levels[i].level;
    }
    return OG_CALL_LOG_CALLS;
}

static const char *code_name(SQLRETURN code)
{
    static const struct {
        SQLRETURN code;
        const char *name;
    } names[] = {
        {SQL_SUCCESS, "SQL_SUCCESS"},
        {SQL_SUCCESS_WITH_INFO, "SQL_SUCCESS_WITH_INFO"},
        {SQL_NO_DATA, "SQL_NO_DATA"},
        {SQL_ERROR, "SQL_ERROR"},
        {SQL_INVALID_HANDLE, "SQL_INVALID_HANDLE"},
        {SQL_STILL_EXECUTING, "SQL_STILL_EXECUTING"},
        {SQL_NEED_DATA, "SQL_NEED_DATA"},
        {SQL_PARAM_DATA_AVAILABLE, "SQL_PARAM_DATA_AVAILABLE"},
    };

    for (size_t i = 0; i < OG_COUNT(names); i++)
        if (names[i].code == code)
            return names[i].name;
    return "unknown";
}

int og_call_log_open(const char *folder, uint32_t level, struct og_call_log **out)
{
    struct og_call_log *log = calloc(1, sizeof(*log));
    char name[64];
    int dir, r;

    if (!log)
        return -ENOMEM;
    dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        r = -errno;
        free(log);
        return r;
    }
    (void)snprintf(name, sizeof(name), "odbcguard-%ld.log", (long)getpid());
    log->fd = openat(dir, name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
                     S_IRUSR | S_IWUSR);
    r = log->fd < 0 ? -errno : 0;
    (void)close(dir);
    if (r) {
        free(log);
        return r;
    }
    log->level = level;
    *out = log;
    return 0;
}

void og_call_log_close(struct og_call_log *log)
{
    if (!log)
        return;
    (void)close(log->fd);
    free(log);
}

uint64_t og_call_log_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* "2026-01-31T12:00:00.000Z PID TID what": times are UTC. */
__attribute__((__format__(__printf__, 2, 3))) static void put(struct og_call_log *log,
                                                              const char *format, ...)
{
    unsigned n_lost = atomic_exchange(&log->n_lost, 0);
    char line[MAX_LINE_BYTES], stamp[32], what[MAX_LINE_BYTES / 2];
    struct timespec now;
    struct tm utc;
    va_list args;
    int n;

    va_start(args, format);
    (void)vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
    n = snprintf(line, sizeof(line), "%s.%03ldZ %ld %ld %s", stamp, now.tv_nsec / 1000000,
                 (long)getpid(), (long)gettid(), what);
    if (n_lost && n > 0 && (size_t)n < sizeof(line))
        n += snprintf(line + n, sizeof(line) - (size_t)n, " (%u lines lost before)", n_lost);
    if (n <= 0 || (size_t)n >= sizeof(line) - 1)
        n = (int)sizeof(line) - 2;
    line[n++] = '\n';
    if (write(log->fd, line, (size_t)n) != n)
        (void)atomic_fetch_add(&log->n_lost, n_lost + 1);
}

void og_call_log_begin(struct og_call_log *log, const char *function, const void *handle)
{
    if (log->level >= OG_CALL_LOG_STARTS)
        put(log, "%s %p begins", plain_name(function), handle);
}

void og_call_log_end(struct og_call_log *log, const char *function, const void *handle,
                     SQLRETURN code, uint64_t started_ns)
{
    const char *name = plain_name(function);
    enum og_call_log_level level = level_of(name);

    if (code == SQL_ERROR || code == SQL_INVALID_HANDLE)
        level = OG_CALL_LOG_ERRORS;
    else if (code == SQL_SUCCESS_WITH_INFO && level > OG_CALL_LOG_WARNINGS)
        level = OG_CALL_LOG_WARNINGS;
    if (log->level >= level)
        put(log, "%s %p %s %llu us", name, handle, code_name(code),
            (unsigned long long)((og_call_log_now() - started_ns) / 1000u));
}

void og_call_log_record(struct og_call_log *log, const void *handle, const char *sqlstate,
                        SQLINTEGER native)
{
    char state[6] = "?????";

    for (size_t i = 0; i < sizeof(state) - 1 && sqlstate[i]; i++)
        state[i] = sqlstate[i] >= '0' && sqlstate[i] <= 'Z' ? sqlstate[i] : '?';
    if (log->level >= OG_CALL_LOG_ERRORS)
        put(log, "record %p %s %ld", handle, state, (long)native);
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "driver/link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

/* ---- making and reading ---- */

void og_link_put(struct og_buf *out, int64_t number)
{
    og_buf_append(out, &number, sizeof(number));
}

void og_link_put_bytes(struct og_buf *out, const void *bytes, size_t n_bytes)
{
    uint32_t n = bytes ? (uint32_t)n_bytes : OG_LINK_NULL;

    if (n_bytes > OG_LINK_MAX_BYTES) {
        out->is_failed = true;
        return;
    }
    og_buf_append(out, &n, sizeof(n));
    if (bytes)
        og_buf_append(out, bytes, n_bytes);
}

static size_t wide_length(const uint16_t *text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return n;
}

void og_link_put_text(struct og_buf *out, const void *text, int64_t n, size_t width)
{
    size_t n_units = 0;

    if (text && n == SQL_NTS)
        n_units = width == 1 ? strlen(text) : wide_length(text);
    else if (text && n > 0)
        n_units = (size_t)n;
    og_link_put(out, n);
    og_link_put_bytes(out, text, n_units * width);
}

static const uint8_t *take(struct og_link_reader *reader, size_t n)
{
    const uint8_t *at = reader->at;

    if (reader->is_bad || n > reader->n_left) {
        reader->is_bad = true;
        return NULL;
    }
    reader->at += n;
    reader->n_left -= n;
    return at;
}

int64_t og_link_get(struct og_link_reader *reader)
{
    const uint8_t *at = take(reader, sizeof(int64_t));
    int64_t number = 0;

    if (at)
        memcpy(&number, at, sizeof(number));
    return number;
}

const uint8_t *og_link_get_bytes(struct og_link_reader *reader, size_t *n_bytes)
{
    const uint8_t *at = take(reader, sizeof(uint32_t));
    uint32_t n = OG_LINK_NULL;

    *n_bytes = 0;
    if (at)
        memcpy(&n, at, sizeof(n));
    if (n == OG_LINK_NULL)
        return NULL;
    at = take(reader, n);
    *n_bytes = at ? n : 0;
    return at;
}

/* ---- cells ---- */

int64_t og_link_cell(SQLSMALLINT c_type, int64_t max_bytes)
{
    static const struct {
        SQLSMALLINT c_type;
        size_t n;
    } types[] = {
#define CTYPE(code, n, writer, lowest, highest) {code, n},
#include "driver/ctype.tbl.h"
#undef CTYPE
    };

    for (size_t i = 0; i < OG_COUNT(types); i++)
        if (types[i].c_type == c_type)
            return types[i].n ? (int64_t)types[i].n
                              : max_bytes > (int64_t)OG_LINK_MAX_OUT ? -1 : max_bytes;
    return -1;
}

SQLSMALLINT og_link_default_type(SQLSMALLINT sql_type)
{
    switch (sql_type) {
    case SQL_WCHAR:
    case SQL_WVARCHAR:
    case SQL_WLONGVARCHAR:
        return SQL_C_WCHAR;
    case SQL_BINARY:
    case SQL_VARBINARY:
    case SQL_LONGVARBINARY:
        return SQL_C_BINARY;
    case SQL_BIT:
        return SQL_C_BIT;
    case SQL_TINYINT:
        return SQL_C_STINYINT;
    case SQL_SMALLINT:
        return SQL_C_SSHORT;
    case SQL_INTEGER:
        return SQL_C_SLONG;
    case SQL_BIGINT:
        return SQL_C_SBIGINT;
    case SQL_REAL:
        return SQL_C_FLOAT;
    case SQL_FLOAT:
    case SQL_DOUBLE:
        return SQL_C_DOUBLE;
    case SQL_TYPE_DATE:
    case SQL_DATE:
        return SQL_C_TYPE_DATE;
    case SQL_TYPE_TIME:
    case SQL_TIME:
        return SQL_C_TYPE_TIME;
    case SQL_TYPE_TIMESTAMP:
    case SQL_TIMESTAMP:
        return SQL_C_TYPE_TIMESTAMP;
    case SQL_GUID:
        return SQL_C_GUID;
    default: /* SQL_NUMERIC and SQL_DECIMAL too */
        return SQL_C_CHAR;
    }
}

bool og_link_is_text(SQLSMALLINT c_type)
{
    return c_type == SQL_C_CHAR || c_type == SQL_C_WCHAR;
}

size_t og_link_used(SQLSMALLINT c_type, const uint8_t *cell, size_t n_cell, bool has_indicator,
                    int64_t indicator)
{
    size_t width = c_type == SQL_C_WCHAR ? 2 : c_type == SQL_C_CHAR ? 1 : 0, n = 0;

    if (has_indicator && (indicator == SQL_NULL_DATA || indicator == OG_LINK_UNWRITTEN))
        return 0;
    if ((!width && c_type != SQL_C_BINARY) ||
        (has_indicator && (indicator < 0 || (uint64_t)indicator > n_cell)))
        return n_cell;
    if (has_indicator)
        n = (size_t)indicator;
    else if (width) /* text without a length: up to its terminator */
        while (n + width <= n_cell && (cell[n] || cell[n + width - 1]))
            n += width;
    else
        n = n_cell;
    return n + width <= n_cell ? n + width : n_cell;
}

/* ---- the socket ---- */

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for room or bytes. Returns: 0; -ETIMEDOUT; -ECONNRESET. */
static int wait_for(int fd, short event, int64_t end_ms)
{
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = event};
        int64_t left = end_ms < 0 ? -1 : end_ms - now_ms();
        int r = poll(&wait, 1, end_ms < 0 ? -1 : left > 0 ? (int)left : 0);

        if (r > 0)
            return 0;
        if (r == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -ECONNRESET;
    }
}

static int receive(int fd, void *bytes, size_t n, int64_t end_ms)
{
    char *at = bytes;

    while (n) {
        ssize_t moved = recv(fd, at, n, MSG_DONTWAIT);
        int r = 0;

        if (moved < 0 && errno == EINTR)
            continue;
        if (moved < 0 && errno == EAGAIN)
            r = wait_for(fd, POLLIN, end_ms);
        else if (moved <= 0)
            r = -ECONNRESET;
        if (r < 0)
            return r;
        if (moved > 0) {
            at += moved;
            n -= (size_t)moved;
        }
    }
    return 0;
}

int og_link_send(int fd, struct og_link_head *head, const struct og_buf *payload, int deadline_ms)
{
    int64_t end_ms = deadline_ms < 0 ? -1 : now_ms() + deadline_ms;
    size_t n_payload = payload ? payload->n_bytes : 0, n_sent = 0;

    if (payload && og_buf_is_failed(payload))
        return -ENOMEM;
    head->n_bytes = (uint32_t)n_payload;
    while (n_sent < sizeof(*head) + n_payload) {
        bool is_head = n_sent < sizeof(*head);
        struct iovec parts[2] = {
            {(char *)head + (is_head ? n_sent : sizeof(*head)), is_head ? sizeof(*head) - n_sent : 0},
            {n_payload ? payload->bytes + (is_head ? 0 : n_sent - sizeof(*head)) : NULL,
             n_payload - (is_head ? 0 : n_sent - sizeof(*head))}};
        struct msghdr msg = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t moved = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
        int r = 0;

        if (moved >= 0)
            n_sent += (size_t)moved;
        else if (errno == EAGAIN)
            r = wait_for(fd, POLLOUT, end_ms);
        else if (errno != EINTR)
            r = -ECONNRESET;
        if (r < 0)
            return r;
    }
    return 0;
}

int og_link_receive(int fd, struct og_link_head *head, struct og_buf *in, int deadline_ms)
{
    int64_t end_ms = deadline_ms < 0 ? -1 : now_ms() + deadline_ms;
    char part[16384];
    int r = receive(fd, head, sizeof(*head), end_ms);

    og_buf_clear(in);
    if (r == 0 && head->n_bytes > OG_LINK_MAX_BYTES)
        return -EPROTO;
    for (size_t left = head->n_bytes; r == 0 && left;) {
        size_t n = left < sizeof(part) ? left : sizeof(part);

        r = receive(fd, part, n, end_ms); /* memory grows with what came, not with what was said */
        og_buf_append(in, part, n);
        left -= n;
    }
    explicit_bzero(part, head->n_bytes < sizeof(part) ? head->n_bytes : sizeof(part));
    return r == 0 && og_buf_is_failed(in) ? -ENOMEM : r;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "driver/pg_catalog_parts.h"

#define MAX_PARAMETERS 6u
/* A view's query in hexadecimal is the longest field. */
#define MAX_FIELD_BYTES (4u * OG_MAX_SQL_BYTES)

struct query {
    const char *text;
    SQLUSMALLINT n_parameters;
    SQLUSMALLINT n_columns;
};

static const struct query queries[] = {
#define QUERY(name, n_parameters, n_columns, text) {text, n_parameters, n_columns},
#include "driver/pg_catalog_sql.tbl.h"
#undef QUERY
};

#define QUERY(name, n_parameters, n_columns, text) \
    _Static_assert((n_columns) <= OG_PG_MAX_FIELDS, #name " has more columns than a row has room for");
#include "driver/pg_catalog_sql.tbl.h"
#undef QUERY

void og_pg_link_init(struct og_pg_link *link, const struct og_layer *layer)
{
    memset(link, 0, sizeof(*link));
    link->layer = *layer;
    for (size_t i = 0; i < OG_PG_MAX_FIELDS; i++)
        og_buf_init(&link->fields[i], MAX_FIELD_BYTES);
}

void og_pg_link_release(struct og_pg_link *link)
{
    const struct og_calls *calls = link->layer.calls;

    for (size_t i = 0; i < OG_PG_QUERY_COUNT; i++)
        if (link->statements[i])
            (void)calls->SQLFreeHandle(SQL_HANDLE_STMT, link->statements[i]);
    for (size_t i = 0; i < OG_PG_MAX_FIELDS; i++)
        og_buf_release(&link->fields[i]);
    if (link->layer.dbc && calls->SQLDisconnect && !link->is_borrowed)
        (void)calls->SQLDisconnect(link->layer.dbc);
    if (link->layer.close && !link->is_borrowed)
        link->layer.close(&link->layer);
    memset(link, 0, sizeof(*link));
}

/* Keeps the state only: the server's text could quote what was asked. */
static int failed(struct og_pg_link *link, SQLHSTMT statement)
{
    SQLCHAR state[6] = "HY000";
    SQLCHAR text[2];
    SQLINTEGER native = 0;
    SQLSMALLINT n_text = 0;

    if (statement && link->layer.calls->SQLGetDiagRec)
        (void)link->layer.calls->SQLGetDiagRec(SQL_HANDLE_STMT, statement, 1, state, &native, text,
                                               sizeof(text), &n_text);
    state[5] = '\0';
    memcpy(link->sqlstate, state, sizeof(link->sqlstate));
    return -EIO;
}

int og_pg_link_command(struct og_pg_link *link, const char *sql)
{
    const struct og_calls *calls = link->layer.calls;
    SQLHSTMT statement = NULL;
    int r = 0;

    if (!SQL_SUCCEEDED(calls->SQLAllocHandle(SQL_HANDLE_STMT, link->layer.dbc, &statement)))
        return failed(link, NULL);
    if (!SQL_SUCCEEDED(calls->SQLExecDirect(statement, (SQLCHAR *)sql, SQL_NTS)))
        r = failed(link, statement);
    (void)calls->SQLFreeHandle(SQL_HANDLE_STMT, statement);
    return r;
}

static int prepare(struct og_pg_link *link, enum og_pg_query query)
{
    const struct og_calls *calls = link->layer.calls;
    SQLHSTMT statement = NULL;

    if (link->statements[query])
        return 0;
    if (!SQL_SUCCEEDED(calls->SQLAllocHandle(SQL_HANDLE_STMT, link->layer.dbc, &statement)))
        return failed(link, NULL);
    if (!SQL_SUCCEEDED(calls->SQLPrepare(statement, (SQLCHAR *)queries[query].text, SQL_NTS))) {
        int r = failed(link, statement);

        (void)calls->SQLFreeHandle(SQL_HANDLE_STMT, statement);
        return r;
    }
    link->statements[query] = statement;
    return 0;
}

int og_pg_link_ask(struct og_pg_link *link, enum og_pg_query query, const char *const *parameters)
{
    const struct og_calls *calls = link->layer.calls;
    SQLLEN lengths[MAX_PARAMETERS];
    SQLHSTMT statement;
    SQLRETURN code;
    int r = prepare(link, query);

    if (r < 0)
        return r;
    statement = link->statements[query];
    for (SQLUSMALLINT i = 0; i < queries[query].n_parameters; i++) {
        size_t n_bytes = strlen(parameters[i]);

        lengths[i] = (SQLLEN)n_bytes;
        code = calls->SQLBindParameter(statement, (SQLUSMALLINT)(i + 1), SQL_PARAM_INPUT, SQL_C_CHAR,
                                       SQL_LONGVARCHAR, n_bytes ? n_bytes : 1, 0,
                                       (SQLPOINTER)(uintptr_t)parameters[i], lengths[i],
                                       &lengths[i]);
        if (!SQL_SUCCEEDED(code))
            return failed(link, statement);
    }
    code = calls->SQLExecute(statement);
    r = SQL_SUCCEEDED(code) ? 0 : failed(link, statement);
    /* The bound buffers are the caller's and this function's own. */
    (void)calls->SQLFreeStmt(statement, SQL_RESET_PARAMS);
    if (r < 0)
        (void)calls->SQLFreeStmt(statement, SQL_CLOSE);
    return r;
}

/* One whole field, in pieces. It is ASCII without NUL, so that its length needs no indicator. */
static int get_field(struct og_pg_link *link, SQLHSTMT statement, SQLUSMALLINT i)
{
    struct og_buf *field = &link->fields[i];
    char piece[4096];
    SQLLEN length = 0;
    SQLRETURN code;

    og_buf_clear(field);
    link->is_null[i] = false;
    do {
        piece[0] = '\0';
        code = link->layer.calls->SQLGetData(statement, (SQLUSMALLINT)(i + 1), SQL_C_CHAR, piece,
                                             sizeof(piece), &length);
        if (code == SQL_NO_DATA)
            break;
        if (!SQL_SUCCEEDED(code))
            return failed(link, statement);
        if (length == SQL_NULL_DATA) {
            link->is_null[i] = true;
            return 0;
        }
        og_buf_append_str(field, piece);
    } while (code == SQL_SUCCESS_WITH_INFO);
    return og_buf_is_failed(field) ? -ENOMEM : 0;
}

int og_pg_link_fetch(struct og_pg_link *link, enum og_pg_query query)
{
    SQLHSTMT statement = link->statements[query];
    SQLRETURN code = link->layer.calls->SQLFetch(statement);
    int r = 0;

    if (code == SQL_NO_DATA)
        r = OG_PG_LINK_E_END;
    else if (!SQL_SUCCEEDED(code))
        r = failed(link, statement);
    for (SQLUSMALLINT i = 0; r == 0 && i < queries[query].n_columns; i++)
        r = get_field(link, statement, i);
    if (r != 0)
        og_pg_link_close(link, query);
    return r;
}

void og_pg_link_close(struct og_pg_link *link, enum og_pg_query query)
{
    if (link->statements[query])
        (void)link->layer.calls->SQLFreeStmt(link->statements[query], SQL_CLOSE);
}

int og_pg_link_number(const struct og_pg_link *link, size_t field, uint64_t *out)
{
    const char *text = og_buf_str(&link->fields[field]);
    char *end;

    if (link->is_null[field] || text[0] < '0' || text[0] > '9')
        return -EIO;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno || *end ? -EIO : 0;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int og_pg_link_text(const struct og_pg_link *link, size_t field, struct og_arena *arena,
                    const char **out)
{
    const struct og_buf *hex = &link->fields[field];
    char *text;

    *out = NULL;
    if (link->is_null[field])
        return 0;
    if (hex->n_bytes % 2)
        return -EIO;
    text = og_arena_alloc(arena, hex->n_bytes / 2 + 1);
    if (!text)
        return -ENOMEM;
    for (size_t i = 0; i < hex->n_bytes / 2; i++) {
        int high = digit(hex->bytes[2 * i]);
        int low = digit(hex->bytes[2 * i + 1]);

        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return -EIO;
        text[i] = (char)(high * 16 + low);
    }
    *out = text;
    return 0;
}

void og_pg_hex(struct og_buf *out, const char *text)
{
    static const char digits[] = "0123456789abcdef";

    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        og_buf_append_char(out, digits[*c >> 4]);
        og_buf_append_char(out, digits[*c & 15]);
    }
}

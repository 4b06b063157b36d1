/* SPDX-License-Identifier: MIT */
/* capabilities.c - writes down what a driver says of itself: one line for each question, LABEL<tab>ANSWER,
 * with return code, the bytes put (over a pattern, so that what was not touched shows), the length told and
 * the diagnostics. tests/live/test_capabilities.py runs it on a data source and on its guarded twin and
 * compares.
 *     capabilities raw FILE          the driver's own environment, no driver manager between
 *     capabilities connect DSN       connects in every form and ODBC version; ends there
 *     capabilities ask DSN A|W 2|3   everything else, by an ANSI or Unicode application */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base.h"
#include "driver/odbc.h"

#define PATTERN 0x55
#define ROOM 1200

/* ---- writing answers down ---- */

static void put_bytes(const void *bytes, size_t n)
{
    const unsigned char *at = bytes;

    while (n && at[n - 1] == PATTERN)
        n--;
    for (size_t i = 0; i < n; i++)
        printf(at[i] > 32 && at[i] < 127 && at[i] != '%' ? "%c" : "%%%02x", at[i]);
}

static void put_records(SQLSMALLINT type, SQLHANDLE handle)
{
    for (SQLSMALLINT i = 1; i < 20; i++) {
        SQLCHAR state[6] = "", text[1024] = "";
        SQLINTEGER native = 0;
        SQLSMALLINT n = 0;

        if (!SQL_SUCCEEDED(SQLGetDiagRec(type, handle, i, state, &native, text,
                                         (SQLSMALLINT)sizeof(text), &n)))
            return;
        printf(" [%s %d ", state, (int)native);
        put_bytes(text, strlen((char *)text));
        printf(" %d]", n);
    }
}

static void answer(SQLRETURN code, const void *bytes, long n)
{
    printf(" %d ", code);
    put_bytes(bytes, ROOM);
    printf(" %ld", n);
}

static void end(SQLRETURN code, SQLSMALLINT type, SQLHANDLE handle)
{
    if (code != SQL_SUCCESS)
        put_records(type, handle);
    putchar('\n');
}

/* ---- raw: the environment of the driver itself ---- */

struct raw {
    __typeof__(SQLAllocHandle) *alloc;
    __typeof__(SQLFreeHandle) *release;
    __typeof__(SQLSetEnvAttr) *set;
    __typeof__(SQLGetEnvAttr) *get;
    __typeof__(SQLGetDiagRec) *record;
};

static void find(void *library, const char *name, void *out)
{
    void *symbol = dlsym(library, name);

    if (!symbol) {
        printf("%s\tmissing\n", name);
        exit(1);
    }
    memcpy(out, &symbol, sizeof(symbol));
}

static void raw_record(const struct raw *raw, SQLHENV env, SQLRETURN code)
{
    SQLCHAR state[6] = "", text[512] = "";
    SQLINTEGER native = 0;
    SQLSMALLINT n = 0;
    SQLRETURN has = SQL_NO_DATA;

    if (code != SQL_SUCCESS)
        has = raw->record(SQL_HANDLE_ENV, env, 1, state, &native, text, (SQLSMALLINT)sizeof(text), &n);
    printf("%s\n", SQL_SUCCEEDED(has) ? (char *)state : "");
}

static void raw_attribute(const struct raw *raw, SQLINTEGER attribute)
{
    static const intptr_t values[] = {0, 1, 2, 3, 4, 380, -1};
    SQLHENV env = NULL;

    if (raw->alloc(SQL_HANDLE_ENV, NULL, &env) != SQL_SUCCESS)
        exit(1);
    for (size_t i = 0; i <= OG_COUNT(values); i++) {
        unsigned char bytes[ROOM];
        SQLINTEGER n = -9;
        SQLRETURN code;

        memset(bytes, PATTERN, sizeof(bytes));
        code = raw->get(env, attribute, bytes, 4, &n);
        printf("SQLGetEnvAttr %d, %zu set before\t", (int)attribute, i);
        answer(code, bytes, n);
        putchar(' ');
        raw_record(raw, env, code);
        if (i == OG_COUNT(values))
            break;
        printf("SQLSetEnvAttr %d = %d\t", (int)attribute, (int)values[i]);
        code = raw->set(env, attribute, (SQLPOINTER)values[i], 0);
        printf("%d ", code);
        raw_record(raw, env, code);
    }
    (void)raw->release(SQL_HANDLE_ENV, env);
}

static int ask_raw(const char *path)
{
    static const SQLINTEGER attributes[] = {SQL_ATTR_ODBC_VERSION, SQL_ATTR_CONNECTION_POOLING,
                                            SQL_ATTR_CP_MATCH, SQL_ATTR_OUTPUT_NTS, 1, 1064, 65002};
    void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    struct raw raw;

    if (!library) {
        printf("load\t%s\n", dlerror());
        return 1;
    }
    find(library, "SQLAllocHandle", &raw.alloc);
    find(library, "SQLFreeHandle", &raw.release);
    find(library, "SQLSetEnvAttr", &raw.set);
    find(library, "SQLGetEnvAttr", &raw.get);
    find(library, "SQLGetDiagRec", &raw.record);
    for (size_t i = 0; i < OG_COUNT(attributes); i++)
        raw_attribute(&raw, attributes[i]);
    return 0;
}

/* ---- connecting ---- */

static void widen(const char *text, SQLWCHAR *out)
{
    while ((*out++ = (SQLWCHAR)(unsigned char)*text++))
        ;
}

struct session {
    SQLHENV env;
    SQLHDBC dbc;
    bool is_wide;
};

static void open_handles(struct session *session, intptr_t version)
{
    (void)SQLAllocHandle(SQL_HANDLE_ENV, NULL, &session->env);
    (void)SQLSetEnvAttr(session->env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)version, 0);
    (void)SQLAllocHandle(SQL_HANDLE_DBC, session->env, &session->dbc);
}

static SQLRETURN open_session(struct session *session, const char *dsn, bool is_plain)
{
    char text[256];
    SQLWCHAR wide[256];

    (void)snprintf(text, sizeof(text), is_plain ? "%s" : "DSN=%s;", dsn);
    widen(text, wide);
    if (is_plain)
        return session->is_wide ? SQLConnectW(session->dbc, wide, SQL_NTS, NULL, 0, NULL, 0)
                                : SQLConnect(session->dbc, (SQLCHAR *)text, SQL_NTS, NULL, 0, NULL, 0);
    return session->is_wide ? SQLDriverConnectW(session->dbc, NULL, wide, SQL_NTS, NULL, 0, NULL,
                                                SQL_DRIVER_NOPROMPT)
                            : SQLDriverConnect(session->dbc, NULL, (SQLCHAR *)text, SQL_NTS, NULL, 0,
                                               NULL, SQL_DRIVER_NOPROMPT);
}

static void close_session(struct session *session)
{
    (void)SQLDisconnect(session->dbc);
    (void)SQLFreeHandle(SQL_HANDLE_DBC, session->dbc);
    (void)SQLFreeHandle(SQL_HANDLE_ENV, session->env);
}

static void ask_one_info(const struct session *session, SQLUSMALLINT type, SQLSMALLINT max)
{
    unsigned char bytes[ROOM];
    SQLSMALLINT n = -9;
    SQLRETURN code;
    bool has_buffer = max >= 0;

    memset(bytes, PATTERN, sizeof(bytes));
    code = (session->is_wide ? SQLGetInfoW : SQLGetInfo)(session->dbc, type, has_buffer ? bytes : NULL,
                                                         has_buffer ? max : 0, &n);
    printf("SQLGetInfo%s %u in %d\t", session->is_wide ? "W" : "", type, max);
    answer(code, bytes, n);
    end(code, SQL_HANDLE_DBC, session->dbc);
}

/* SQLConnect with users and passwords: none, empty, one that is unknown. */
static void ask_credentials(const char *dsn)
{
    static const char *const users[] = {NULL, "", "nobody_here"};

    for (size_t i = 0; i < OG_COUNT(users) * OG_COUNT(users) * 2; i++) {
        const char *user = users[i / 2 % OG_COUNT(users)], *password = users[i / 2 / OG_COUNT(users)];
        struct session session = {.is_wide = i % 2};
        SQLWCHAR wide[3][64];
        SQLRETURN code;

        open_handles(&session, SQL_OV_ODBC3);
        widen(dsn, wide[0]);
        widen(user ? user : "", wide[1]);
        widen(password ? password : "", wide[2]);
        code = session.is_wide
                   ? SQLConnectW(session.dbc, wide[0], SQL_NTS, user ? wide[1] : NULL, SQL_NTS,
                                 password ? wide[2] : NULL, SQL_NTS)
                   : SQLConnect(session.dbc, (SQLCHAR *)(uintptr_t)dsn, SQL_NTS,
                                (SQLCHAR *)(uintptr_t)user, SQL_NTS, (SQLCHAR *)(uintptr_t)password, SQL_NTS);
        printf("connect SQLConnect%s, user %s, password %s\t%d", session.is_wide ? "W" : "",
               user ? user : "none", password ? password : "none", code);
        end(code, SQL_HANDLE_DBC, session.dbc);
        if (SQL_SUCCEEDED(code))
            ask_one_info(&session, SQL_USER_NAME, 512);
        close_session(&session);
    }
}

static int ask_connect(const char *dsn)
{
    static const intptr_t versions[] = {2, 3, 380};

    ask_credentials(dsn);
    for (size_t i = 0; i < OG_COUNT(versions) * 4; i++) {
        intptr_t version = versions[i / 4];
        struct session session = {.is_wide = i % 2};
        bool is_plain = i / 2 % 2;
        SQLRETURN code;

        open_handles(&session, version);
        code = open_session(&session, dsn, is_plain);
        printf("connect %s%s, version %d\t%d", is_plain ? "SQLConnect" : "SQLDriverConnect",
               session.is_wide ? "W" : "", (int)version, code);
        end(code, SQL_HANDLE_DBC, session.dbc);
        close_session(&session);
    }
    return 0;
}

/* ---- functions ---- */

static void ask_functions(const struct session *session)
{
    SQLUSMALLINT bits[ROOM / 2];
    SQLRETURN code;

    for (unsigned id = 1; id <= 1060; id++) {
        if (id == SQL_API_ODBC3_ALL_FUNCTIONS || (id > 120 && id < 990))
            continue;
        memset(bits, PATTERN, sizeof(bits));
        code = SQLGetFunctions(session->dbc, (SQLUSMALLINT)id, bits);
        printf("SQLGetFunctions %u\t", id);
        answer(code, bits, 0);
        end(code, SQL_HANDLE_DBC, session->dbc);
    }
    for (size_t i = 0; i < 2; i++) {
        SQLUSMALLINT id = i ? SQL_API_ODBC3_ALL_FUNCTIONS : SQL_API_ALL_FUNCTIONS;

        memset(bits, PATTERN, sizeof(bits));
        code = SQLGetFunctions(session->dbc, id, bits);
        printf("SQLGetFunctions all %u\t", id);
        answer(code, bits, 0);
        end(code, SQL_HANDLE_DBC, session->dbc);
    }
}

/* ---- information ---- */

/* Handles, and short buffers for what unixODBC answers itself and smashes its own stack over. */
static bool is_left_out(unsigned type, SQLSMALLINT max)
{
    bool is_managers = type == SQL_DATA_SOURCE_NAME || type == SQL_ODBC_VER || type == SQL_DM_VER ||
                       type == SQL_XOPEN_CLI_YEAR;

    return (is_managers && max >= 0 && max < 512) || type == SQL_DRIVER_HDBC || type == SQL_DRIVER_HENV || type == SQL_DRIVER_HSTMT ||
           type == SQL_DRIVER_HLIB || type == SQL_DRIVER_HDESC;
}

static void ask_info(const struct session *session)
{
    static const struct {
        unsigned first, last;
    } ranges[] = {{0, 200}, {1000, 1060}, {1750, 1750}, {10000, 10030}, {20000, 20002}, {65001, 65003}};
    static const SQLSMALLINT sizes[] = {512, -1, 0, 1, 2, 3, 4, 6, 8, 11};

    for (size_t r = 0; r < OG_COUNT(ranges); r++)
        for (unsigned type = ranges[r].first; type <= ranges[r].last; type++)
            for (size_t i = 0; i < OG_COUNT(sizes); i++)
                if (!is_left_out(type, sizes[i]))
                    ask_one_info(session, (SQLUSMALLINT)type, sizes[i]);
}

/* ---- attributes ---- */

/* Pointers differ from run to run: whether there is one is the answer. */
static bool is_pointer(SQLINTEGER attribute)
{
    return attribute >= SQL_ATTR_APP_ROW_DESC && attribute <= SQL_ATTR_IMP_PARAM_DESC;
}

static void ask_connection_attribute(const struct session *session, SQLINTEGER attribute,
                                     SQLINTEGER max)
{
    unsigned char bytes[ROOM];
    SQLINTEGER n = -9;
    SQLRETURN code;

    memset(bytes, PATTERN, sizeof(bytes));
    code = (session->is_wide ? SQLGetConnectAttrW : SQLGetConnectAttr)(session->dbc, attribute, bytes,
                                                                       max, &n);
    printf("SQLGetConnectAttr%s %d in %d\t", session->is_wide ? "W" : "", (int)attribute, (int)max);
    answer(code, bytes, n);
    end(code, SQL_HANDLE_DBC, session->dbc);
}

static void ask_connection_attributes(const struct session *session)
{
    static const SQLINTEGER others[] = {1204, 1206, 1207, 1209, 10001, 10002, 10014, 30002, 30003, 65535};
    static const SQLINTEGER sizes[] = {512, 8, 3};

    for (size_t i = 0; i < OG_COUNT(sizes); i++) {
        for (SQLINTEGER attribute = 101; attribute < 130; attribute++)
            ask_connection_attribute(session, attribute, sizes[i]);
        for (size_t k = 0; k < OG_COUNT(others); k++)
            ask_connection_attribute(session, others[k], sizes[i]);
    }
}

static void ask_statement_attribute(const struct session *session, SQLHSTMT stmt, SQLINTEGER attribute)
{
    unsigned char bytes[ROOM];
    SQLINTEGER n = -9;
    SQLRETURN code;

    memset(bytes, PATTERN, sizeof(bytes));
    code = (session->is_wide ? SQLGetStmtAttrW : SQLGetStmtAttr)(stmt, attribute, bytes, 64, &n);
    printf("SQLGetStmtAttr%s %d\t", session->is_wide ? "W" : "", (int)attribute);
    if (is_pointer(attribute) && SQL_SUCCEEDED(code))
        memset(bytes, 0, sizeof(SQLPOINTER));
    answer(code, bytes, n);
    end(code, SQL_HANDLE_STMT, stmt);
}

static void ask_descriptor(SQLHSTMT stmt, SQLINTEGER which)
{
    static const SQLSMALLINT fields[] = {SQL_DESC_ALLOC_TYPE,       SQL_DESC_ARRAY_SIZE,
                                         SQL_DESC_ARRAY_STATUS_PTR, SQL_DESC_BIND_OFFSET_PTR,
                                         SQL_DESC_BIND_TYPE,        SQL_DESC_COUNT,
                                         SQL_DESC_ROWS_PROCESSED_PTR};
    SQLHDESC desc = NULL;

    if (!SQL_SUCCEEDED(SQLGetStmtAttr(stmt, which, &desc, SQL_IS_POINTER, NULL)) || !desc) {
        printf("descriptor %d\tnone\n", (int)which);
        return;
    }
    for (size_t i = 0; i < OG_COUNT(fields); i++) {
        unsigned char bytes[ROOM];
        SQLINTEGER n = -9;
        SQLRETURN code;

        memset(bytes, PATTERN, sizeof(bytes));
        code = SQLGetDescField(desc, 0, fields[i], bytes, 64, &n);
        printf("SQLGetDescField %d %d\t", (int)which, fields[i]);
        answer(code, bytes, n);
        end(code, SQL_HANDLE_DESC, desc);
    }
}

static void ask_statement_attributes(const struct session *session)
{
    static const SQLINTEGER others[] = {10010, 10011, 10012, 10013, 10014, 10015, 1204, 1227, 1228, 5000};
    SQLHSTMT stmt = NULL;

    (void)SQLAllocHandle(SQL_HANDLE_STMT, session->dbc, &stmt);
    for (SQLINTEGER attribute = -2; attribute < 32; attribute++)
        ask_statement_attribute(session, stmt, attribute);
    for (size_t i = 0; i < OG_COUNT(others); i++)
        ask_statement_attribute(session, stmt, others[i]);
    for (SQLINTEGER which = SQL_ATTR_APP_ROW_DESC; which <= SQL_ATTR_IMP_PARAM_DESC; which++)
        ask_descriptor(stmt, which);
    (void)SQLFreeHandle(SQL_HANDLE_STMT, stmt);
}

/* ---- types ---- */

static void ask_columns(SQLHSTMT stmt, SQLSMALLINT n_columns, int type)
{
    for (SQLUSMALLINT i = 1; i <= n_columns; i++) {
        SQLCHAR name[128] = "";
        SQLSMALLINT n = -9, sql_type = -9, digits = -9, nullable = -9;
        SQLULEN size = 99999;
        SQLRETURN code = SQLDescribeCol(stmt, i, name, (SQLSMALLINT)sizeof(name), &n, &sql_type, &size,
                                        &digits, &nullable);

        printf("SQLGetTypeInfo %d column %u\t%d %s %d %d %lu %d %d\n", type, i, code, name, n, sql_type,
               (unsigned long)size, digits, nullable);
    }
}

static void ask_rows(SQLHSTMT stmt, SQLSMALLINT n_columns, int type)
{
    SQLRETURN code;

    for (unsigned row = 1; SQL_SUCCEEDED(code = SQLFetch(stmt)) && row < 500; row++) {
        printf("SQLGetTypeInfo %d row %u\t%d", type, row, code);
        for (SQLUSMALLINT i = 1; i <= n_columns; i++) {
            SQLCHAR cell[256] = "";
            SQLLEN n = -9;

            code = SQLGetData(stmt, i, SQL_C_CHAR, cell, (SQLLEN)sizeof(cell), &n);
            printf(" %d:%s:%ld", code, n == SQL_NULL_DATA ? "" : (char *)cell, (long)n);
        }
        putchar('\n');
    }
    printf("SQLGetTypeInfo %d end\t%d\n", type, code);
}

static void ask_types(const struct session *session)
{
    for (int type = -160; type <= 120; type++) {
        SQLHSTMT stmt = NULL;
        SQLSMALLINT n_columns = 0;
        SQLRETURN code;

        if (type < -20 && type != -25 && type > -150)
            continue;
        (void)SQLAllocHandle(SQL_HANDLE_STMT, session->dbc, &stmt);
        code = (session->is_wide ? SQLGetTypeInfoW : SQLGetTypeInfo)(stmt, (SQLSMALLINT)type);
        printf("SQLGetTypeInfo%s %d\t%d", session->is_wide ? "W" : "", type, code);
        end(code, SQL_HANDLE_STMT, stmt);
        if (SQL_SUCCEEDED(code) && SQL_SUCCEEDED(SQLNumResultCols(stmt, &n_columns))) {
            ask_columns(stmt, n_columns, type);
            ask_rows(stmt, n_columns, type);
        }
        (void)SQLFreeHandle(SQL_HANDLE_STMT, stmt);
    }
}

static int ask(const char *dsn, bool is_wide, intptr_t version)
{
    struct session session = {.is_wide = is_wide};
    SQLRETURN code;

    open_handles(&session, version);
    code = open_session(&session, dsn, false);
    printf("connect\t%d", code);
    end(code, SQL_HANDLE_DBC, session.dbc);
    if (!SQL_SUCCEEDED(code))
        return 1;
    ask_functions(&session);
    ask_info(&session);
    ask_connection_attributes(&session);
    ask_statement_attributes(&session);
    ask_types(&session);
    code = SQLDisconnect(session.dbc);
    printf("disconnect\t%d", code);
    end(code, SQL_HANDLE_DBC, session.dbc);
    close_session(&session);
    return 0;
}

int main(int argc, char **argv)
{
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* a real driver may crash in what it is asked */
    if (argc == 3 && strcmp(argv[1], "raw") == 0)
        return ask_raw(argv[2]);
    if (argc == 3 && strcmp(argv[1], "connect") == 0)
        return ask_connect(argv[2]);
    if (argc == 5 && strcmp(argv[1], "ask") == 0)
        return ask(argv[2], argv[3][0] == 'W', strtol(argv[4], NULL, 10));
    fputs("usage: capabilities raw FILE | connect DSN | ask DSN A|W 2|3\n", stderr);
    return 2;
}

/* SPDX-License-Identifier: MIT */
/* The remote's calls that travel as they are, made from link.tbl.h: what each kind of argument is in the
 * function's parameters, in the message, and in the reply. */
#include "driver/remote_parts.h"

/* ---- parameters ---- */
#define PARAM_N(type, name) , type name
#define PARAM_AI(type, text, n) , SQLCHAR *text, type n
#define PARAM_WI(type, text, n) , SQLWCHAR *text, type n
#define PARAM_AO(type, out, max, n) , SQLCHAR *out, type max, type *n
#define PARAM_WO(type, out, max, n) , SQLWCHAR *out, type max, type *n
#define PARAM_BO(type, out, max, n) , SQLPOINTER out, type max, type *n
#define PARAM_P(out) , SQLPOINTER out
#define PARAM_O(type, name) , type *name
#define PARAM_S(name) , SQLCHAR *name
#define PARAM_WS(name) , SQLWCHAR *name

/* ---- the message ---- */
static void put_out(struct og_buf *ask, const void *out, int64_t max, const void *n)
{
    og_link_put(ask, max);
    og_link_put(ask, (out ? OG_LINK_HAS_VALUE : 0) | (n ? OG_LINK_HAS_LENGTH : 0));
}

#define SEND_N(type, name) og_link_put(ask, (int64_t)name);
#define SEND_AI(type, text, n) og_link_put_text(ask, text, n, 1);
#define SEND_WI(type, text, n) og_link_put_text(ask, text, n, 2);
#define SEND_AO(type, out, max, n) put_out(ask, out, max, n);
#define SEND_WO(type, out, max, n) put_out(ask, out, max, n);
#define SEND_BO(type, out, max, n) put_out(ask, out, max, n);
#define SEND_P(out) put_out(ask, out, SQL_MAX_OPTION_STRING_LENGTH, NULL);
#define SEND_O(type, name) put_out(ask, name, 0, NULL);
#define SEND_S(name) put_out(ask, name, 0, NULL);
#define SEND_WS(name) put_out(ask, name, 0, NULL);

/* ---- the reply ---- */
static void take_out(struct og_remote *remote, void *out, int64_t max_bytes, void *n, size_t width)
{
    og_remote_take_bytes(remote, out, max_bytes > 0 ? (size_t)max_bytes : 0);
    og_remote_take(remote, n, width);
}

/* What was asked for: the first number of a message. */
static int64_t first_of(const struct og_buf *ask)
{
    struct og_link_reader reader = {(const uint8_t *)ask->bytes, ask->n_bytes, false};

    return og_link_get(&reader);
}

/* What SQLGetInfo answers with two bytes, whatever its buffer is said to be. */
static bool is_short_info(int64_t type)
{
    static const uint16_t types[] = {
        SQL_MAX_DRIVER_CONNECTIONS, SQL_MAX_CONCURRENT_ACTIVITIES, SQL_CURSOR_COMMIT_BEHAVIOR,
        SQL_CURSOR_ROLLBACK_BEHAVIOR, SQL_TXN_CAPABLE, SQL_IDENTIFIER_CASE, SQL_QUOTED_IDENTIFIER_CASE,
        SQL_NULL_COLLATION, SQL_MAX_COLUMN_NAME_LEN, SQL_MAX_CURSOR_NAME_LEN, SQL_MAX_SCHEMA_NAME_LEN,
        SQL_MAX_PROCEDURE_NAME_LEN, SQL_MAX_CATALOG_NAME_LEN, SQL_MAX_TABLE_NAME_LEN,
        SQL_MAX_IDENTIFIER_LEN, SQL_MAX_COLUMNS_IN_GROUP_BY, SQL_MAX_COLUMNS_IN_INDEX,
        SQL_MAX_COLUMNS_IN_ORDER_BY, SQL_MAX_COLUMNS_IN_SELECT, SQL_MAX_COLUMNS_IN_TABLE,
        SQL_MAX_TABLES_IN_SELECT, SQL_MAX_USER_NAME_LEN, SQL_CONCAT_NULL_BEHAVIOR, SQL_CORRELATION_NAME,
        SQL_NON_NULLABLE_COLUMNS, SQL_CATALOG_LOCATION, SQL_FILE_USAGE, SQL_GROUP_BY,
        SQL_ACTIVE_ENVIRONMENTS};

    for (size_t i = 0; i < OG_COUNT(types); i++)
        if (types[i] == (uint16_t)type)
            return true;
    return false;
}

/* What is no text has eight bytes at most. A hostile worker cannot write more than a caller has: the
 * widths of these values are this side's knowledge. */
static int64_t room(int call, int64_t first, int64_t max_bytes)
{
    bool is_info = call == OG_LINK_CALL_SQLGetInfo || call == OG_LINK_CALL_SQLGetInfoW;
    int64_t least = is_info ? (int64_t)sizeof(SQLUINTEGER) : (int64_t)sizeof(int64_t);

    if (is_info && is_short_info(first))
        return sizeof(SQLUSMALLINT);
    return max_bytes > least ? max_bytes : least;
}

/* ODBC 2's options: a text of at most this, or a number. */
static size_t room_of_option(int64_t option)
{
    return option == SQL_CURRENT_QUALIFIER || option == SQL_OPT_TRACEFILE || option == SQL_TRANSLATE_DLL
               ? SQL_MAX_OPTION_STRING_LENGTH
               : sizeof(SQLULEN);
}

#define TAKE_N(type, name)
#define TAKE_AI(type, text, n)
#define TAKE_WI(type, text, n)
#define TAKE_AO(type, out, max, n) take_out(remote, out, max, n, sizeof(type));
#define TAKE_WO(type, out, max, n) \
    take_out(remote, out, (int64_t)max * (int64_t)sizeof(SQLWCHAR), n, sizeof(type));
#define TAKE_BO(type, out, max, n) take_out(remote, out, room(call, first_of(ask), max), n, sizeof(type));
#define TAKE_P(out) og_remote_take_bytes(remote, out, room_of_option(first_of(ask)));
#define TAKE_O(type, name) og_remote_take(remote, name, sizeof(type));
#define TAKE_S(name) og_remote_take_bytes(remote, name, 6);
#define TAKE_WS(name) og_remote_take_bytes(remote, name, 6 * sizeof(SQLWCHAR));

/* ---- functions ---- */
#define HEAD_DBC SQLHANDLE handle
#define HEAD_STMT SQLHANDLE handle
#define HEAD_DESC SQLHANDLE handle
#define HEAD_ANY SQLSMALLINT handle_type, SQLHANDLE handle

/* Reading records leaves them as they are. */
#define BEGIN_DBC og_remote_begin(object)
#define BEGIN_STMT og_remote_begin(object)
#define BEGIN_DESC og_remote_begin(object)
#define BEGIN_ANY ((void)handle_type, og_remote_begin(object))

#define CALL(number, function, kind)                                          \
    SQLRETURN SQL_API og_far_##function(HEAD_##kind OG_LINK_##function(PARAM_)) \
    {                                                                         \
        struct og_remote_object *object = handle;                             \
        struct og_remote *remote OG_UNUSED = object->remote;                  \
        struct og_buf *ask OG_UNUSED = BEGIN_##kind;                          \
        const int call OG_UNUSED = number;                                    \
        SQLRETURN code;                                                       \
                                                                              \
        OG_LINK_##function(SEND_)                                             \
        code = og_remote_call(object, number);                                \
        OG_LINK_##function(TAKE_)                                             \
        return og_remote_end(object, code);                                   \
    }
#define OWN(number, word, kind)
#include "driver/link.tbl.h"
#undef OWN
#undef CALL

void og_remote_install_calls(struct og_calls *calls)
{
#define CALL(number, function, kind) calls->function = og_far_##function;
#define OWN(number, word, kind)
#include "driver/link.tbl.h"
#undef OWN
#undef CALL
}

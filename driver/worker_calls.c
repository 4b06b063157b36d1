/* SPDX-License-Identifier: MIT */
/* The worker's side of the calls that travel as they are, made from link.tbl.h: what each kind of argument
 * is in the message, for the layer, and in the reply. */
#include "driver/worker_parts.h"

#include <string.h>

#define ROOM_BYTES 64u /* some drivers write behind what they were given */
#define FIRST_FILL 0xa5
#define SECOND_FILL 0x5a

/* ---- arguments ---- */

struct text {
    void *at;
    int64_t units;
};

/* A text with its terminator, and room behind it. */
static struct text get_text(struct og_worker *worker, size_t width)
{
    struct text text = {.units = og_link_get(&worker->ask)};
    size_t n_bytes;
    const uint8_t *bytes = og_link_get_bytes(&worker->ask, &n_bytes);
    bool is_whole = text.units == SQL_NTS || text.units < 0 || (uint64_t)text.units * width == n_bytes;

    if (n_bytes % width || (bytes && !is_whole)) {
        worker->ask.is_bad = true;
        return text;
    }
    if (!bytes)
        return text;
    text.at = og_arena_alloc(&worker->arena, n_bytes + ROOM_BYTES);
    if (text.at)
        memcpy(text.at, bytes, n_bytes);
    else
        worker->ask.is_bad = true;
    return text;
}

struct out {
    uint8_t *at; /* NULL: the client gave no buffer */
    size_t n_bytes, n_written;
    int64_t most, length;
    bool has_length;
    uint8_t fill;
};

/* A buffer of max characters of that width; width 0: bytes of a kind that nobody knows. */
static struct out get_out(struct og_worker *worker, size_t width)
{
    struct out out = {.most = og_link_get(&worker->ask), .length = OG_LINK_UNWRITTEN, .fill = FIRST_FILL};
    int64_t flags = og_link_get(&worker->ask);
    int64_t unit = width ? (int64_t)width : 1;

    if (out.most > (int64_t)OG_LINK_MAX_OUT / unit)
        out.most = (int64_t)OG_LINK_MAX_OUT / unit;
    out.has_length = (flags & OG_LINK_HAS_LENGTH) != 0;
    out.n_bytes = (out.most > 0 ? (size_t)(out.most * unit) : 0) + ROOM_BYTES;
    if (!(flags & OG_LINK_HAS_VALUE))
        return out;
    worker->has_blob = worker->has_blob || !width;
    out.at = og_arena_alloc(&worker->arena, out.n_bytes);
    if (out.at)
        memset(out.at, FIRST_FILL, out.n_bytes);
    else
        worker->ask.is_bad = true;
    return out;
}

/* Bytes up to the last one that is no longer the fill. */
static size_t written(const struct out *out)
{
    size_t n = out->at ? out->n_bytes : 0;

    while (n && out->at[n - 1] == out->fill)
        n--;
    return n;
}

/* What a number may look like is known only by a second call over another fill. */
static void again(struct out *out)
{
    out->n_written = written(out);
    out->fill = SECOND_FILL;
    if (out->at)
        memset(out->at, SECOND_FILL, out->n_bytes);
}

/* Some drivers forget a record once it was read. */
static bool is_once(int call)
{
    return call == OG_LINK_CALL_SQLGetDiagField || call == OG_LINK_CALL_SQLGetDiagFieldW;
}

/* Zeros for an address, as wide as it was. */
static void hide(const struct og_worker *worker, const struct out *out)
{
    if (worker->hides_address && out->at)
        memset(out->at, 0, out->n_written);
}

static void put_out(struct og_worker *worker, struct out *out, bool is_blob, size_t width)
{
    size_t n = written(out);

    if (n < out->n_written)
        n = out->n_written;
    if (is_blob) {
        out->n_written = n;
        hide(worker, out);
    }
    /* Not more than the client's buffer, whatever a driver wrote behind it. */
    if (!is_blob && n > (out->most > 0 ? (size_t)out->most * width : 0))
        n = out->most > 0 ? (size_t)out->most * width : 0;
    og_link_put_bytes(&worker->out, out->at, n);
    og_link_put(&worker->out, out->length);
}

static void put_pointed(struct og_worker *worker, struct out *out)
{
    size_t n = written(out);

    if (out->n_written < n)
        out->n_written = n;
    hide(worker, out);
    og_link_put_bytes(&worker->out, out->at, out->n_written);
}

#define READ_N(type, name) type name = (type)og_link_get(&worker->ask);
#define READ_AI(type, name, n) struct text name = get_text(worker, 1);
#define READ_WI(type, name, n) struct text name = get_text(worker, sizeof(SQLWCHAR));
#define READ_AO(type, name, max, n) struct out name = get_out(worker, 1);
#define READ_WO(type, name, max, n) struct out name = get_out(worker, sizeof(SQLWCHAR));
#define READ_BO(type, name, max, n) struct out name = get_out(worker, 0);
#define READ_P(name) struct out name = get_out(worker, 0);
#define READ_O(type, name) struct out name = get_out(worker, 1);
#define READ_S(name) struct out name = get_out(worker, 1);
#define READ_WS(name) struct out name = get_out(worker, 1);

#define GIVE_N(type, name) , name
#define GIVE_AI(type, name, n) , (SQLCHAR *)name.at, (type)name.units
#define GIVE_WI(type, name, n) , (SQLWCHAR *)name.at, (type)name.units
#define GIVE_OUT(cast, type, name) \
    , (cast)(void *)name.at, (type)name.most, name.has_length ? (type *)(void *)&name.length : NULL
#define GIVE_AO(type, name, max, n) GIVE_OUT(SQLCHAR *, type, name)
#define GIVE_WO(type, name, max, n) GIVE_OUT(SQLWCHAR *, type, name)
#define GIVE_BO(type, name, max, n) GIVE_OUT(SQLPOINTER, type, name)
#define GIVE_P(name) , name.at
#define GIVE_O(type, name) , name.at ? (type *)(void *)&name.length : NULL
#define GIVE_S(name) , (SQLCHAR *)name.at
#define GIVE_WS(name) , (SQLWCHAR *)(void *)name.at

#define AGAIN_N(type, name)
#define AGAIN_AI(type, name, n)
#define AGAIN_WI(type, name, n)
#define AGAIN_AO(type, name, max, n)
#define AGAIN_WO(type, name, max, n)
#define AGAIN_BO(type, name, max, n) again(&name);
#define AGAIN_P(name) again(&name);
#define AGAIN_O(type, name)
#define AGAIN_S(name)
#define AGAIN_WS(name)

#define WRITE_N(type, name)
#define WRITE_AI(type, name, n)
#define WRITE_WI(type, name, n)
#define WRITE_AO(type, name, max, n) put_out(worker, &name, false, 1);
#define WRITE_WO(type, name, max, n) put_out(worker, &name, false, sizeof(SQLWCHAR));
#define WRITE_BO(type, name, max, n) put_out(worker, &name, worker->has_blob, 1);
#define WRITE_P(name) put_pointed(worker, &name);
#define WRITE_O(type, name) og_link_put(&worker->out, name.length);
#define WRITE_S(name) og_link_put_bytes(&worker->out, name.at, written(&name));
#define WRITE_WS(name) og_link_put_bytes(&worker->out, name.at, written(&name));

#define HEAD_DBC(object) (object)->handle
#define HEAD_STMT(object) (object)->handle
#define HEAD_DESC(object) (object)->handle
#define HEAD_ANY(object) (object)->type, (object)->handle

#define CALL(number, function, kind)                                                          \
    static int serve_##function(struct og_worker *worker, struct og_worker_object *object)    \
    {                                                                                         \
        const struct og_calls *calls = worker->layer.calls;                                   \
        SQLRETURN code;                                                                       \
                                                                                              \
        OG_LINK_##function(READ_)                                                             \
        if (worker->ask.is_bad)                                                               \
            return OG_WORKER_BROKEN;                                                          \
        if (!calls->function)                                                                 \
            return OG_LINK_REFUSED;                                                           \
        code = calls->function(HEAD_##kind(object) OG_LINK_##function(GIVE_));                \
        if (worker->has_blob && !is_once(number)) {                                           \
            OG_LINK_##function(AGAIN_)                                                        \
            code = calls->function(HEAD_##kind(object) OG_LINK_##function(GIVE_));            \
        }                                                                                     \
        OG_LINK_##function(WRITE_)                                                            \
        return code;                                                                          \
    }
#define OWN(number, word, kind)
#include "driver/link.tbl.h"
#undef OWN
#undef CALL

/* ---- SQLError: of three handles, the one that is meant ---- */

int og_worker_error(struct og_worker *worker, struct og_worker_object *object)
{
    const struct og_calls *calls = worker->layer.calls;
    bool is_wide = og_link_get(&worker->ask) != 0;
    size_t width = is_wide ? sizeof(SQLWCHAR) : 1;
    struct out text = get_out(worker, width);
    SQLWCHAR state[6] = {0};
    SQLINTEGER native = 0;
    SQLHDBC dbc = object->type == SQL_HANDLE_DBC ? object->handle : NULL;
    SQLHSTMT stmt = object->type == SQL_HANDLE_STMT ? object->handle : NULL;
    SQLSMALLINT n = 0;
    SQLRETURN code;

    if (worker->ask.is_bad)
        return OG_WORKER_BROKEN;
    if ((is_wide ? !calls->SQLErrorW : !calls->SQLError) || (!dbc && !stmt))
        return OG_LINK_REFUSED;
    if (is_wide)
        code = calls->SQLErrorW(NULL, dbc, stmt, state, &native, (SQLWCHAR *)(void *)text.at,
                                (SQLSMALLINT)text.most, &n);
    else
        code = calls->SQLError(NULL, dbc, stmt, (SQLCHAR *)state, &native, text.at, (SQLSMALLINT)text.most,
                               &n);
    text.length = n;
    og_link_put_bytes(&worker->out, state, 6 * width);
    og_link_put(&worker->out, native);
    put_out(worker, &text, false, width);
    return code;
}

/* ---- addresses: none of this process goes over, whoever asks ---- */

static bool is_attribute(int64_t attribute)
{
    return (attribute >= SQL_ATTR_APP_ROW_DESC && attribute <= SQL_ATTR_IMP_PARAM_DESC) ||
           (og_worker_is_address(attribute) && attribute != SQL_ATTR_ROW_BIND_TYPE &&
            attribute != SQL_ATTR_PARAM_BIND_TYPE);
}

static bool is_field(int64_t field)
{
    return field == SQL_DESC_DATA_PTR || field == SQL_DESC_INDICATOR_PTR ||
           field == SQL_DESC_OCTET_LENGTH_PTR || field == SQL_DESC_ARRAY_STATUS_PTR ||
           field == SQL_DESC_BIND_OFFSET_PTR || field == SQL_DESC_ROWS_PROCESSED_PTR;
}

static bool is_info(int64_t type)
{
    return type == SQL_DRIVER_HENV || type == SQL_DRIVER_HDBC || type == SQL_DRIVER_HSTMT ||
           type == SQL_DRIVER_HDESC || type == SQL_DRIVER_HLIB;
}

static bool hides_address(const struct og_worker *worker, int call)
{
    struct og_link_reader ask = worker->ask;
    int64_t first = og_link_get(&ask);

    switch (call) {
    case OG_LINK_CALL_SQLGetStmtAttr:
    case OG_LINK_CALL_SQLGetStmtAttrW:
    case OG_LINK_CALL_SQLGetStmtOption: return is_attribute(first);
    case OG_LINK_CALL_SQLGetDescField:
    case OG_LINK_CALL_SQLGetDescFieldW: return is_field((SQLSMALLINT)og_link_get(&ask));
    case OG_LINK_CALL_SQLGetInfo:
    case OG_LINK_CALL_SQLGetInfoW: return is_info((SQLUSMALLINT)first);
    case OG_LINK_CALL_SQLGetConnectAttr:
    case OG_LINK_CALL_SQLGetConnectAttrW:
    case OG_LINK_CALL_SQLGetConnectOption: return (SQLINTEGER)first == SQL_ATTR_QUIET_MODE;
    default: return false;
    }
}

/* ---- the table ---- */

int og_worker_call(struct og_worker *worker, int call, struct og_worker_object *object)
{
    worker->has_blob = false;
    worker->hides_address = hides_address(worker, call);
    switch (call) {
#define CALL(number, function, kind) \
    case number:                     \
        return serve_##function(worker, object);
#define OWN(number, word, kind)
#include "driver/link.tbl.h"
#undef OWN
#undef CALL
    default:
        return OG_LINK_REFUSED;
    }
}

#define KIND_NONE 'N'
#define KIND_DBC 'D'
#define KIND_STMT 'S'
#define KIND_DESC 'F'
#define KIND_ANY 'A'
#define KIND_CHILD 'C'

char og_worker_kind(int call)
{
    switch (call) {
#define CALL(number, function, kind) \
    case number:                     \
        return KIND_##kind;
#define OWN(number, word, kind) CALL(number, word, kind)
#include "driver/link.tbl.h"
#undef OWN
#undef CALL
    default:
        return 0;
    }
}

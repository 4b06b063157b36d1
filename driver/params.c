/* SPDX-License-Identifier: MIT */
#include "driver/params.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/hash.h"
#include "common/limits.h"
#include "common/utf.h"
#include "driver/cconv.h"
#include "driver/cvalue.h"

#define MAX_SHOWN_SETS 10
/* Whole numbers from here on could be card or phone numbers: only their digits are counted. */
#define MAX_SHOWN_INTEGER 999999

int og_params_bind(struct og_params *params, const struct og_param *param)
{
    for (size_t i = 0; i < params->n_items; i++)
        if (params->items[i].number == param->number) {
            params->items[i] = *param;
            return 0;
        }
    if (params->n_items == params->max_items) {
        size_t max_items = params->max_items ? 2 * params->max_items : 8;
        struct og_param *items;

        if (params->n_items >= OG_MAX_PARAMETERS)
            return -ENOMEM;
        items = reallocarray(params->items, max_items, sizeof(*items));
        if (!items)
            return -ENOMEM;
        params->items = items;
        params->max_items = max_items;
    }
    params->items[params->n_items++] = *param;
    return 0;
}

void og_params_reset(struct og_params *params)
{
    params->n_items = 0;
    params->is_foreign = false;
}

void og_params_release(struct og_params *params)
{
    free(params->items);
    *params = (struct og_params){0};
}

SQLULEN og_params_sets(const struct og_params *params)
{
    return params->n_sets ? params->n_sets : 1;
}

const struct og_param *og_params_find(const struct og_params *params, size_t number)
{
    for (size_t i = 0; i < params->n_items; i++)
        if (params->items[i].number == number)
            return &params->items[i];
    return NULL;
}

static bool has_value(const struct og_param *param)
{
    return param->io_type == SQL_PARAM_INPUT || param->io_type == SQL_PARAM_INPUT_OUTPUT;
}

static SQLSMALLINT concrete_type(const struct og_param *param)
{
    return param->c_type == SQL_C_DEFAULT ? og_cconv_default(param->sql_type, false)
                                          : param->c_type;
}

/* Bytes of one value of a fixed C type, 0 for text and binary, -1 for a type nobody knows. */
static SQLLEN value_size(SQLSMALLINT c_type)
{
    if (c_type == SQL_C_CHAR || c_type == SQL_C_WCHAR || c_type == SQL_C_BINARY)
        return 0;
    if (c_type >= SQL_C_INTERVAL_YEAR && c_type <= SQL_C_INTERVAL_MINUTE_TO_SECOND)
        return (SQLLEN)sizeof(SQL_INTERVAL_STRUCT);
    return og_cconv_fixed_size(c_type) ? og_cconv_fixed_size(c_type) : -1;
}

enum value_kind {
    VALUE_BYTES,
    VALUE_NULL,
    VALUE_DEFAULT,
    VALUE_AT_EXECUTION,
    VALUE_UNREADABLE
};

struct value {
    enum value_kind kind;
    SQLSMALLINT c_type;
    const unsigned char *bytes;
    size_t n_bytes;
};

static size_t terminated_bytes(const unsigned char *bytes, bool is_wide)
{
    size_t n = 0;

    if (!is_wide)
        return strnlen((const char *)bytes, OG_MAX_MASKED_VALUE_BYTES + 1);
    while (n <= OG_MAX_MASKED_VALUE_BYTES && (bytes[n] || bytes[n + 1]))
        n += 2;
    return n;
}

/* Where the value of one set lies and what it is. */
static struct value read_value(const struct og_params *params, const struct og_param *param,
                               SQLULEN set)
{
    struct value value = {.kind = VALUE_UNREADABLE, .c_type = concrete_type(param)};
    SQLLEN size = value_size(value.c_type), indicator = SQL_NTS;
    SQLULEN offset = params->bind_offset ? *params->bind_offset : 0;
    SQLULEN stride = params->bind_type ? params->bind_type
                                       : (SQLULEN)(size > 0 ? size : param->max_bytes);

    if (param->indicator)
        memcpy(&indicator,
               (const char *)param->indicator + offset +
                   set * (params->bind_type ? params->bind_type : sizeof(SQLLEN)),
               sizeof(indicator));
    if (param->indicator && indicator == SQL_NULL_DATA)
        value.kind = VALUE_NULL;
    else if (param->indicator && indicator == SQL_DEFAULT_PARAM)
        value.kind = VALUE_DEFAULT;
    else if (param->indicator &&
             (indicator == SQL_DATA_AT_EXEC || indicator <= SQL_LEN_DATA_AT_EXEC_OFFSET))
        value.kind = VALUE_AT_EXECUTION;
    if (value.kind != VALUE_UNREADABLE || size < 0 || !param->data ||
        (size == 0 && params->bind_type == 0 && set > 0 && param->max_bytes <= 0))
        return value;
    value.bytes = (const unsigned char *)param->data + offset + set * stride;
    if (size > 0)
        value.n_bytes = (size_t)size;
    else if (indicator == SQL_NTS)
        value.n_bytes = terminated_bytes(value.bytes, value.c_type == SQL_C_WCHAR);
    else if (indicator >= 0)
        value.n_bytes = (size_t)indicator;
    else
        return value;
    if (value.n_bytes <= OG_MAX_MASKED_VALUE_BYTES)
        value.kind = VALUE_BYTES;
    return value;
}

static bool is_left_out(const struct og_params *params, SQLULEN set)
{
    return params->operation && params->operation[set] == SQL_PARAM_IGNORE;
}

static const char *unreadable_reason(enum value_kind kind)
{
    if (kind == VALUE_AT_EXECUTION)
        return "a parameter is sent at execution, so its value is not known beforehand; "
               "bind it with its value";
    return "a parameter is bound in a way that cannot be read beforehand; "
           "bind it as text, number, date or binary with its value";
}

static int unreadable(const char *text, const char **why)
{
    *why = text;
    return OG_PARAMS_E_UNREADABLE;
}

int og_params_check(const struct og_params *params, size_t n_markers, const char **why)
{
    if (n_markers == 0)
        return 0;
    if (params->is_foreign)
        return unreadable("parameters are bound through a descriptor; use SQLBindParameter", why);
    for (size_t i = 1; i <= n_markers; i++) {
        const struct og_param *param = og_params_find(params, i);

        if (!param)
            return unreadable("a parameter marker has no value bound to it; "
                              "bind every marker before executing",
                              why);
        for (SQLULEN set = 0; has_value(param) && set < og_params_sets(params); set++) {
            enum value_kind kind;

            if (is_left_out(params, set))
                continue;
            kind = read_value(params, param, set).kind;
            if (kind == VALUE_AT_EXECUTION || kind == VALUE_UNREADABLE)
                return unreadable(unreadable_reason(kind), why);
        }
        if (param->io_type != SQL_PARAM_OUTPUT && !has_value(param))
            return unreadable("a parameter is streamed; bind it with its value", why);
    }
    return 0;
}

/* Each call of the hash costs more than a short value: few parameters gather here and are hashed at once,
 * what does not fit goes on into a running hash. */
struct gathered {
    EVP_MD_CTX *hash; /* NULL: everything is in bytes */
    size_t n_bytes;
    unsigned char bytes[512];
};

static bool hash_gathered(struct gathered *out)
{
    size_t n_bytes = out->n_bytes;

    if (!out->hash) {
        out->hash = EVP_MD_CTX_new();
        if (!out->hash || EVP_DigestInit_ex(out->hash, EVP_sha256(), NULL) != 1)
            return false;
    }
    out->n_bytes = 0;
    return EVP_DigestUpdate(out->hash, out->bytes, n_bytes) == 1;
}

static bool hash_bytes(struct gathered *out, const void *bytes, size_t n_bytes)
{
    if (n_bytes > sizeof(out->bytes) - out->n_bytes && !hash_gathered(out))
        return false;
    if (n_bytes > sizeof(out->bytes))
        return EVP_DigestUpdate(out->hash, bytes, n_bytes) == 1;
    if (n_bytes)
        memcpy(out->bytes + out->n_bytes, bytes, n_bytes);
    out->n_bytes += n_bytes;
    return true;
}

static bool hash_number(struct gathered *out, uint64_t value)
{
    value = htole64(value);
    return hash_bytes(out, &value, sizeof(value));
}

static bool hash_value(struct gathered *out, const struct value *value)
{
    if (!hash_number(out, (uint64_t)value->kind))
        return false;
    if (value->kind != VALUE_BYTES)
        return true;
    return hash_number(out, value->n_bytes) && hash_bytes(out, value->bytes, value->n_bytes);
}

static bool hash_all(struct gathered *hash, const struct og_params *params, size_t n_markers)
{
    SQLULEN n_sets = n_markers ? og_params_sets(params) : 0;
    bool is_ok = hash_number(hash, n_markers) && hash_number(hash, n_sets);

    for (size_t i = 1; i <= n_markers && is_ok; i++) {
        const struct og_param *param = og_params_find(params, i);

        is_ok = hash_number(hash, (uint64_t)param->io_type) &&
                hash_number(hash, (uint64_t)concrete_type(param)) &&
                hash_number(hash, (uint64_t)param->sql_type) &&
                hash_number(hash, param->column_size) &&
                hash_number(hash, (uint64_t)param->scale);
    }
    for (SQLULEN set = 0; set < n_sets && is_ok; set++) {
        is_ok = hash_number(hash, is_left_out(params, set));
        for (size_t i = 1; i <= n_markers && is_ok && !is_left_out(params, set); i++) {
            const struct og_param *param = og_params_find(params, i);
            struct value value = {.kind = VALUE_NULL};

            if (has_value(param))
                value = read_value(params, param, set);
            /* Bytes may have changed since the check: what cannot be read is no digest. */
            is_ok = value.kind <= VALUE_DEFAULT && hash_value(hash, &value);
        }
    }
    return is_ok;
}

static uint8_t nothing[OG_SHA256_BYTES];
static bool has_nothing;

static void digest_nothing(void)
{
    static const unsigned char numbers[16]; /* no markers, no sets */

    has_nothing = og_hash_sha256(numbers, sizeof(numbers), nothing) == 0;
}

/* The same for every statement without parameters, so it is made once. */
static int digest_none(uint8_t out[32])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, digest_nothing);
    memcpy(out, nothing, OG_SHA256_BYTES);
    return has_nothing ? 0 : -ENOMEM;
}

int og_params_digest(const struct og_params *params, size_t n_markers, uint8_t out[32],
                     const char **why)
{
    struct gathered gathered;
    int r = og_params_check(params, n_markers, why);

    if (r != 0 || n_markers == 0)
        return r ? r : digest_none(out);
    gathered.hash = NULL;
    gathered.n_bytes = 0;
    if (!hash_all(&gathered, params, n_markers))
        r = unreadable(unreadable_reason(VALUE_UNREADABLE), why);
    else if (!gathered.hash)
        r = og_hash_sha256(gathered.bytes, gathered.n_bytes, out);
    else if (!hash_gathered(&gathered) || EVP_DigestFinal_ex(gathered.hash, out, NULL) != 1)
        r = -ENOMEM;
    EVP_MD_CTX_free(gathered.hash);
    explicit_bzero(gathered.bytes, sizeof(gathered.bytes));
    return r;
}

bool og_params_is_text(const struct og_params *params, size_t number)
{
    const struct og_param *param = og_params_find(params, number);

    return param && has_value(param) && value_size(concrete_type(param)) == 0;
}

bool og_params_text(const struct og_params *params, size_t number, SQLULEN set, struct og_buf *out,
                    bool *out_is_null)
{
    const struct og_param *param = og_params_find(params, number);
    struct value value;

    *out_is_null = false;
    if (!param || !has_value(param) || is_left_out(params, set))
        return false;
    value = read_value(params, param, set);
    *out_is_null = value.kind == VALUE_NULL;
    return *out_is_null ||
           (value.kind == VALUE_BYTES && og_cvalue_text(value.c_type, value.bytes, 0,
                                                        &(SQLLEN){(SQLLEN)value.n_bytes}, out));
}

/* Names of SQL types for people. */
static const struct {
    SQLSMALLINT type;
    const char *word;
} type_words[] = {
    {SQL_CHAR, "char"},           {SQL_VARCHAR, "varchar"},       {SQL_LONGVARCHAR, "text"},
    {SQL_WCHAR, "char"},          {SQL_WVARCHAR, "varchar"},      {SQL_WLONGVARCHAR, "text"},
    {SQL_DECIMAL, "decimal"},     {SQL_NUMERIC, "numeric"},       {SQL_SMALLINT, "smallint"},
    {SQL_INTEGER, "integer"},     {SQL_BIGINT, "bigint"},         {SQL_TINYINT, "tinyint"},
    {SQL_REAL, "real"},           {SQL_FLOAT, "float"},           {SQL_DOUBLE, "double"},
    {SQL_BIT, "bit"},             {SQL_BINARY, "binary"},         {SQL_VARBINARY, "varbinary"},
    {SQL_LONGVARBINARY, "binary"}, {SQL_TYPE_DATE, "date"},       {SQL_TYPE_TIME, "time"},
    {SQL_TYPE_TIMESTAMP, "timestamp"}, {SQL_DATE, "date"},        {SQL_TIME, "time"},
    {SQL_TIMESTAMP, "timestamp"}, {SQL_GUID, "guid"},
};

static const char *type_word(SQLSMALLINT sql_type)
{
    for (size_t i = 0; i < OG_COUNT(type_words); i++)
        if (type_words[i].type == sql_type)
            return type_words[i].word;
    return "other type";
}

/* The value of an integer C type. */
static bool read_integer(const struct value *value, int64_t *out)
{
    switch (value->c_type) {
    case SQL_C_STINYINT:
    case SQL_C_TINYINT:
        *out = *(const signed char *)value->bytes;
        return true;
    case SQL_C_UTINYINT:
    case SQL_C_BIT:
        *out = *value->bytes;
        return true;
    case SQL_C_SSHORT:
    case SQL_C_SHORT: {
        int16_t v;

        memcpy(&v, value->bytes, sizeof(v));
        *out = v;
        return true;
    }
    case SQL_C_USHORT: {
        uint16_t v;

        memcpy(&v, value->bytes, sizeof(v));
        *out = v;
        return true;
    }
    case SQL_C_SLONG:
    case SQL_C_LONG: {
        int32_t v;

        memcpy(&v, value->bytes, sizeof(v));
        *out = v;
        return true;
    }
    case SQL_C_ULONG: {
        uint32_t v;

        memcpy(&v, value->bytes, sizeof(v));
        *out = v;
        return true;
    }
    case SQL_C_SBIGINT:
    case SQL_C_UBIGINT:
        memcpy(out, value->bytes, sizeof(*out));
        return true;
    default:
        return false;
    }
}

static const char *describe_bytes(struct og_arena *arena, const char *word,
                                  const struct value *value)
{
    const char *text = (const char *)value->bytes;
    int64_t number;

    if (read_integer(value, &number)) {
        if (number >= -MAX_SHOWN_INTEGER && number <= MAX_SHOWN_INTEGER)
            return og_arena_printf(arena, "%s %" PRId64, word, number);
        return og_arena_printf(arena, "%s of more than 6 digits", word);
    }
    if (value->c_type == SQL_C_BINARY)
        return og_arena_printf(arena, "%s, %zu bytes", word, value->n_bytes);
    if (value->c_type == SQL_C_WCHAR)
        return og_arena_printf(arena, "%s, %zu characters", word, value->n_bytes / 2);
    if (value->c_type == SQL_C_CHAR)
        return og_arena_printf(arena, "%s, %zu characters", word,
                               og_utf8_count(text, value->n_bytes));
    return word;
}

static const char *describe_value(struct og_arena *arena, const struct og_params *params,
                                  const struct og_param *param, SQLULEN set)
{
    const char *word = param ? type_word(param->sql_type) : NULL;
    struct value value;

    if (params->is_foreign)
        return "bound through a descriptor, not known";
    if (!param)
        return "not bound";
    if (!has_value(param))
        return og_arena_printf(arena, "%s, output", word);
    value = read_value(params, param, set);
    switch (value.kind) {
    case VALUE_BYTES:
        return describe_bytes(arena, word, &value);
    case VALUE_NULL:
        return "NULL";
    case VALUE_DEFAULT:
        return "DEFAULT";
    case VALUE_AT_EXECUTION:
        return og_arena_printf(arena, "%s, sent at execution", word);
    case VALUE_UNREADABLE:
        break;
    }
    return og_arena_printf(arena, "%s, not readable", word);
}

int og_params_describe(const struct og_params *params, size_t n_markers, struct og_arena *arena,
                       struct og_list *out)
{
    SQLULEN n_sets = og_params_sets(params);
    const char **items = NULL;
    size_t n_items = 0, max_items = 0;
    const char **slot;

    for (SQLULEN set = 0; set < n_sets && set < MAX_SHOWN_SETS && n_markers; set++) {
        for (size_t i = 1; i <= n_markers && n_items < OG_MAX_LIST_ITEMS - 1; i++) {
            const char *text = is_left_out(params, set)
                                   ? "left out"
                                   : describe_value(arena, params, og_params_find(params, i), set);

            slot = og_arena_push(arena, &items, &n_items, &max_items, sizeof(*items));
            if (!slot)
                return -ENOMEM;
            *slot = n_sets == 1 ? og_arena_printf(arena, "%zu: %s", i, text)
                                : og_arena_printf(arena, "set %zu, %zu: %s", (size_t)set + 1, i,
                                                  text);
        }
    }
    if (n_markers && n_sets > MAX_SHOWN_SETS) {
        slot = og_arena_push(arena, &items, &n_items, &max_items, sizeof(*items));
        if (slot)
            *slot = og_arena_printf(arena, "and %zu more sets", (size_t)n_sets - MAX_SHOWN_SETS);
    }
    if (og_arena_is_failed(arena))
        return -ENOMEM;
    *out = (struct og_list){.items = items, .n_items = n_items};
    return 0;
}

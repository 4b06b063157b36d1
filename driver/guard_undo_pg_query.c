/* SPDX-License-Identifier: MIT */
/* guard_undo_pg_query.c - questions to PostgreSQL for undo sets. Names and values travel as hexadecimal of
 * UTF-8 both ways, inside of the text: nothing depends on a locale, and nothing can end a literal. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "driver/guard_undo_pg.h"

#define MAX_SQL_BYTES ((size_t)2 * OG_MAX_UNDO_BYTES)
#define SETTING_SEPARATOR '\n'

const char og_undo_settings_sql[] =
    "pg_catalog.encode(pg_catalog.convert_to(pg_catalog.concat_ws(E'\\n',"
    "pg_catalog.current_setting('TimeZone'),pg_catalog.current_setting('DateStyle'),"
    "pg_catalog.current_setting('IntervalStyle'),pg_catalog.current_setting('bytea_output'),"
    "pg_catalog.current_setting('lc_monetary'),"
    "greatest(pg_catalog.current_setting('extra_float_digits')::pg_catalog.int4,1)::pg_catalog.text"
    "),'UTF8'),'hex')";

static const char *const settings_names[] = {"TimeZone",     "DateStyle",   "IntervalStyle",
                                             "bytea_output", "lc_monetary", "extra_float_digits"};

/* ---- asking ---- */

int og_undo_query_open(struct og_undo_query *query, const struct og_calls *calls, SQLHDBC dbc)
{
    *query = (struct og_undo_query){.calls = calls};
    og_buf_init(&query->sql, MAX_SQL_BYTES);
    og_buf_init(&query->field, MAX_SQL_BYTES);
    if (SQL_SUCCEEDED(calls->SQLAllocHandle(SQL_HANDLE_STMT, dbc, &query->stmt))) {
        (void)calls->SQLSetStmtAttr(query->stmt, SQL_ATTR_NOSCAN,
                                    (SQLPOINTER)(uintptr_t)SQL_NOSCAN_ON, 0);
        return 0;
    }
    query->stmt = NULL;
    return -EIO;
}

void og_undo_query_close(struct og_undo_query *query)
{
    if (query->stmt)
        (void)query->calls->SQLFreeHandle(SQL_HANDLE_STMT, query->stmt);
    query->stmt = NULL;
    og_buf_wipe(&query->sql);
    og_buf_wipe(&query->field);
}

void og_undo_query_begin(struct og_undo_query *query)
{
    og_buf_clear(&query->sql);
}

/* Keeps the state only: the server's text could quote values. */
static int failed(struct og_undo_query *query)
{
    SQLCHAR text[2];
    SQLINTEGER native = 0;
    SQLSMALLINT n = 0;

    memcpy(query->sqlstate, "HY000", 6);
    (void)query->calls->SQLGetDiagRec(SQL_HANDLE_STMT, query->stmt, 1, (SQLCHAR *)query->sqlstate,
                                      &native, text, sizeof(text), &n);
    query->sqlstate[5] = '\0';
    return -EIO;
}

int og_undo_query_run(struct og_undo_query *query)
{
    SQLRETURN code;

    (void)query->calls->SQLFreeStmt(query->stmt, SQL_CLOSE);
    if (og_buf_is_failed(&query->sql))
        return -EIO;
    code = query->calls->SQLExecDirect(query->stmt, (SQLCHAR *)query->sql.bytes, SQL_NTS);
    return SQL_SUCCEEDED(code) || code == SQL_NO_DATA ? 0 : failed(query);
}

int og_undo_query_run_text(struct og_undo_query *query, const char *sql)
{
    og_undo_query_begin(query);
    og_buf_append_str(&query->sql, sql);
    return og_undo_query_run(query);
}

int og_undo_query_next(struct og_undo_query *query)
{
    SQLRETURN code = query->calls->SQLFetch(query->stmt);

    return code == SQL_NO_DATA ? 1 : SQL_SUCCEEDED(code) ? 0 : failed(query);
}

int og_undo_query_field(struct og_undo_query *query, size_t column)
{
    char piece[16384];
    SQLLEN length = 0;
    SQLRETURN code;

    og_buf_clear(&query->field);
    query->is_null = false;
    do {
        piece[0] = '\0';
        code = query->calls->SQLGetData(query->stmt, (SQLUSMALLINT)(column + 1), SQL_C_CHAR, piece,
                                        sizeof(piece), &length);
        if (code == SQL_NO_DATA)
            break;
        if (!SQL_SUCCEEDED(code))
            return failed(query);
        if (length == SQL_NULL_DATA) {
            query->is_null = true;
            return 0;
        }
        og_buf_append_str(&query->field, piece);
    } while (code == SQL_SUCCESS_WITH_INFO);
    return og_buf_is_failed(&query->field) ? -EIO : 0;
}

int og_undo_query_number(struct og_undo_query *query, size_t column, uint64_t *out)
{
    char *end;
    int r = og_undo_query_field(query, column);

    *out = 0;
    if (r < 0 || query->is_null)
        return r;
    *out = strtoull(og_buf_str(&query->field), &end, 10);
    return *end ? -EIO : 0;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int og_undo_query_bytes(struct og_undo_query *query, size_t column, struct og_arena *arena,
                        struct og_undo_value *out)
{
    int r = og_undo_query_field(query, column);
    size_t n = query->field.n_bytes / 2;
    char *bytes;

    *out = (struct og_undo_value){.kind = OG_UNDO_NULL};
    if (r < 0 || query->is_null)
        return r;
    bytes = og_arena_alloc(arena, n + 1);
    if (!bytes)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        int high = digit(query->field.bytes[2 * i]), low = digit(query->field.bytes[2 * i + 1]);

        if (high < 0 || low < 0)
            return -EIO;
        bytes[i] = (char)(high * 16 + low);
    }
    *out = (struct og_undo_value){.kind = OG_UNDO_TEXT, .bytes = bytes, .n_bytes = n};
    return query->field.n_bytes % 2 ? -EIO : 0;
}

int og_undo_query_text(struct og_undo_query *query, size_t column, struct og_arena *arena,
                       const char **out)
{
    struct og_undo_value value;
    int r = og_undo_query_bytes(query, column, arena, &value);

    *out = r == 0 && value.kind == OG_UNDO_TEXT ? value.bytes : "";
    return r;
}

/* ---- writing SQL ---- */

static void put_hex(struct og_buf *out, const void *bytes, size_t n_bytes)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *at = bytes;
    char pair[2];

    for (size_t i = 0; i < n_bytes; i++) {
        pair[0] = digits[at[i] >> 4];
        pair[1] = digits[at[i] & 15];
        og_buf_append(out, pair, 2);
    }
}

void og_undo_put_text(struct og_buf *out, const void *bytes, size_t n_bytes)
{
    og_buf_append_str(out, "pg_catalog.convert_from(pg_catalog.decode('");
    put_hex(out, bytes, n_bytes);
    og_buf_append_str(out, "','hex'),'UTF8')");
}

void og_undo_put_value(struct og_buf *out, const struct og_undo_column *column,
                       const struct og_undo_value *value)
{
    if (value->kind == OG_UNDO_NULL)
        og_buf_append_str(out, "NULL");
    else
        og_undo_put_text(out, value->bytes, value->n_bytes);
    og_buf_printf(out, "::%s", column->type);
}

void og_undo_put_ident(struct og_buf *out, const char *name)
{
    og_buf_append_char(out, '"');
    for (; *name; name++) {
        if (*name == '"')
            og_buf_append_char(out, '"');
        og_buf_append_char(out, *name);
    }
    og_buf_append_char(out, '"');
}

void og_undo_put_name(struct og_buf *out, const struct og_undo_table *table)
{
    og_undo_put_ident(out, table->schema);
    og_buf_append_char(out, '.');
    og_undo_put_ident(out, table->name);
}

void og_undo_put_columns(struct og_buf *out, const struct og_undo_table *table)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        og_buf_append_str(out, i ? "," : "");
        og_buf_append_str(out, "pg_catalog.encode(pg_catalog.convert_to(o.");
        og_undo_put_ident(out, table->columns[i].name);
        og_buf_append_str(out, "::pg_catalog.text,'UTF8'),'hex')");
    }
}

void og_undo_put_key_is(struct og_buf *out, const struct og_undo_table *table,
                        const struct og_undo_value *key)
{
    const char *joint = "";

    for (size_t i = 0; i < table->n_columns; i++) {
        if (!(table->columns[i].flags & OG_UNDO_KEY))
            continue;
        og_buf_append_str(out, joint);
        og_buf_append_str(out, "o.");
        og_undo_put_ident(out, table->columns[i].name);
        og_buf_append_str(out, " = ");
        og_undo_put_value(out, &table->columns[i], &key[i]);
        joint = " AND ";
    }
}

void og_undo_put_where(struct og_buf *out, const struct og_undo_table *table,
                       const struct og_undo_value *key)
{
    og_buf_append_str(out, " WHERE ");
    og_undo_put_key_is(out, table, key);
}

void og_undo_put_is_own(struct og_buf *out, uint64_t first)
{
    const uint64_t low = first & UINT32_MAX;

    /* The server fails on a number that was never given; far more of them than can be given while a
     * statement runs are old ones, gone round. */
    og_buf_printf(out,
                  "CASE WHEN pg_catalog.age(o.xmin) <= pg_catalog.age('%" PRIu64 "'::pg_catalog.xid)"
                  " AND (o.xmin::pg_catalog.text::pg_catalog.int8 - %" PRIu64
                  " + 4294967296) %% 4294967296 < 100000000 THEN pg_catalog.pg_xact_status((%" PRIu64
                  " + (o.xmin::pg_catalog.text::pg_catalog.int8 - %" PRIu64
                  " + 4294967296) %% 4294967296)::pg_catalog.text::pg_catalog.xid8) = 'in progress'"
                  " ELSE false END",
                  low, low, first, low);
}

void og_undo_put_is_older(struct og_buf *out, const char *snapshot)
{
    const uint64_t first = strtoull(snapshot, NULL, 10), low = first & UINT32_MAX;

    /* What is older than the snapshot's oldest is seen by everybody. */
    og_buf_printf(out,
                  "CASE WHEN (o.xmin::pg_catalog.text::pg_catalog.int8 - %" PRIu64
                  " + 4294967296) %% 4294967296 < 100000000 THEN pg_catalog.pg_visible_in_snapshot((%" PRIu64
                  " + (o.xmin::pg_catalog.text::pg_catalog.int8 - %" PRIu64
                  " + 4294967296) %% 4294967296)::pg_catalog.text::pg_catalog.xid8,"
                  "'%s'::pg_catalog.pg_snapshot) ELSE true END",
                  low, first, low, snapshot);
}

void og_undo_put_settings(struct og_buf *out, const char *settings, bool is_local)
{
    og_buf_append_str(out, "SELECT ");
    for (size_t i = 0; i < OG_COUNT(settings_names); i++) {
        size_t n = strcspn(settings, "\n");

        og_buf_printf(out, "%spg_catalog.set_config('%s',", i ? "," : "", settings_names[i]);
        og_undo_put_text(out, settings, n);
        og_buf_append_str(out, is_local ? ",true)" : ",false)");
        settings += n + (settings[n] == SETTING_SEPARATOR);
    }
}

/* ---- tables ---- */

#define HEX(x) "pg_catalog.encode(pg_catalog.convert_to((" x ")::pg_catalog.text,'UTF8'),'hex')"

/* One row per column: the key is the primary key, else a unique index whose columns are never null. */
static const char describe_sql[] =
    "SELECT " HEX("n.nspname") "," HEX("c.relname") ",c.relkind::pg_catalog.text,"
    "pg_catalog.pg_relation_size(c.oid)," HEX("a.attname") ","
    HEX("CASE WHEN tn.nspname = 'pg_catalog' THEN pg_catalog.format_type(a.atttypid,a.atttypmod)"
        " ELSE pg_catalog.quote_ident(tn.nspname)||'.'||pg_catalog.quote_ident(t.typname) END")
    ",(a.attnum = ANY (k.numbers))::pg_catalog.int4,(a.attidentity = 'a')::pg_catalog.int4,"
    "t.typcategory::pg_catalog.text,a.atttypid::pg_catalog.text,"
    "(SELECT count(*) FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal"
    " AND g.tgenabled <> 'D'),"
    "(SELECT count(*) FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid),"
    "(SELECT count(*) FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal"
    " AND g.tgenabled <> 'D' AND g.tgdeferrable AND g.tginitdeferred),"
    "pg_catalog.current_setting('block_size')::pg_catalog.int8"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
    " JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace"
    " LEFT JOIN LATERAL (SELECT (i.indkey::pg_catalog.int2[])[0:i.indnkeyatts-1] AS numbers"
    "  FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid"
    "  AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND NOT EXISTS"
    "  (SELECT 1 FROM pg_catalog.pg_attribute x WHERE x.attrelid = c.oid AND NOT x.attnotnull"
    "   AND x.attnum = ANY ((i.indkey::pg_catalog.int2[])[0:i.indnkeyatts-1]))"
    "  ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1) k ON true"
    " WHERE a.attgenerated = '' AND c.oid = ";

/* The server's own types by their oids, for masks. */
static enum og_type_class class_of(uint64_t oid, const char *category)
{
    static const struct {
        uint64_t oid;
        enum og_type_class type;
    } rows[] = {
        {16, OG_TYPE_BOOLEAN},     {17, OG_TYPE_BINARY},      {20, OG_TYPE_INTEGER},
        {21, OG_TYPE_INTEGER},     {23, OG_TYPE_INTEGER},     {26, OG_TYPE_INTEGER},
        {700, OG_TYPE_NUMERIC},    {701, OG_TYPE_NUMERIC},    {1700, OG_TYPE_NUMERIC},
        {1082, OG_TYPE_DATE},      {1083, OG_TYPE_TIME},      {1266, OG_TYPE_TIME},
        {1114, OG_TYPE_TIMESTAMP}, {1184, OG_TYPE_TIMESTAMP},
    };

    for (size_t i = 0; i < OG_COUNT(rows); i++)
        if (rows[i].oid == oid)
            return rows[i].type;
    return category[0] == 'S' ? OG_TYPE_TEXT : OG_TYPE_OTHER;
}

static int read_column(struct og_undo_query *query, struct og_arena *arena,
                       struct og_undo_column *out)
{
    uint64_t is_key, is_always, type;
    char category[2] = "";
    int r = og_undo_query_text(query, 4, arena, &out->name);

    if (r == 0)
        r = og_undo_query_text(query, 5, arena, &out->type);
    if (r == 0)
        r = og_undo_query_number(query, 6, &is_key);
    if (r == 0)
        r = og_undo_query_number(query, 7, &is_always);
    if (r == 0)
        r = og_undo_query_field(query, 8);
    if (r < 0)
        return r;
    category[0] = og_buf_str(&query->field)[0];
    r = og_undo_query_number(query, 9, &type);
    if (r == 0)
        out->flags = (is_key ? OG_UNDO_KEY : 0) | (is_always ? OG_UNDO_ALWAYS : 0) |
                     OG_UNDO_CLASS_FLAGS(class_of(type, category));
    return r;
}

static int read_table(struct og_undo_query *query, struct og_arena *arena,
                      struct og_undo_pg_table *out, char *kind, uint64_t *n_rules)
{
    uint64_t n_triggers = 0, n_late = 0;
    int r = og_undo_query_text(query, 0, arena, &out->table.schema);

    if (r == 0)
        r = og_undo_query_text(query, 1, arena, &out->table.name);
    if (r == 0)
        r = og_undo_query_field(query, 2);
    *kind = r == 0 ? og_buf_str(&query->field)[0] : 0;
    if (r == 0)
        r = og_undo_query_number(query, 3, &out->n_disk_bytes);
    if (r == 0)
        r = og_undo_query_number(query, 10, &n_triggers);
    if (r == 0)
        r = og_undo_query_number(query, 11, n_rules);
    if (r == 0)
        r = og_undo_query_number(query, 12, &n_late);
    if (r == 0)
        r = og_undo_query_number(query, 13, &out->n_block_bytes);
    out->has_late_triggers = n_late > 0;
    out->has_triggers = n_triggers > 0;
    return r;
}

int og_undo_pg_describe(struct og_undo_query *query, uint64_t oid, struct og_arena *arena,
                        struct og_undo_pg_table *out, const char **why)
{
    struct og_undo_column *columns = NULL;
    size_t n = 0, max = 0, n_keys = 0;
    uint64_t n_rules = 0;
    char kind = 0;
    int r;

    *out = (struct og_undo_pg_table){.table = {.id = oid}};
    *why = "a table cannot be described";
    og_undo_query_begin(query);
    og_buf_printf(&query->sql, "%s%llu ORDER BY a.attnum", describe_sql, (unsigned long long)oid);
    r = og_undo_query_run(query);
    while (r == 0 && (r = og_undo_query_next(query)) == 0) {
        struct og_undo_column *column =
            og_arena_push(arena, &columns, &n, &max, sizeof(*columns));

        r = column ? read_column(query, arena, column) : -ENOMEM;
        if (r == 0)
            r = read_table(query, arena, out, &kind, &n_rules);
        n_keys += r == 0 && (column->flags & OG_UNDO_KEY);
    }
    if (r < 0 || !n)
        return -EIO;
    out->table.columns = columns;
    out->table.n_columns = n;
    *why = kind != 'r' ? "it changes rows of something that is no plain table"
           : n_rules   ? "a table that it changes has rules"
           : !n_keys   ? "a table that it changes has no key (primary, or unique and not null)"
                       : NULL;
    return *why ? -EIO : 0;
}

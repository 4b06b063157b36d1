/* SPDX-License-Identifier: MIT */
/* Operations: what columns, parameters, the catalog and the driver are like. */
#include <stdio.h>
#include <string.h>

#include "tests/diff/ops.h"

static const SQLSMALLINT name_sizes[] = {64, 64, 200, 5, 1, 0, 2};

static unsigned some_column(const struct arm *arm, uint32_t number)
{
    return number % 16 == 15 ? 0 : number % (arm->slot->n_columns + 2) + (number % 8 != 7);
}

void op_describe_col(struct arm *arm, const uint32_t *a)
{
    unsigned column = some_column(arm, a[0]);
    SQLSMALLINT max = name_sizes[a[1] % 7];

    say(arm, "SQLDescribeCol %u, %d bytes", column, max);
    arm->code = CALL(arm, SQLDescribeCol)(arm->slot->handle, (SQLUSMALLINT)column,
                                          a[2] % 8 ? arm->scratch : NULL, max, SMALL(arm, 0), SMALL(arm, 1),
                                          SMALL(arm, 2), SMALL(arm, 3), SMALL(arm, 4));
    tame_text(arm, false, max);
    on_stmt(arm);
}

void op_describe_col_w(struct arm *arm, const uint32_t *a)
{
    unsigned column = some_column(arm, a[0]);
    SQLSMALLINT max = name_sizes[a[1] % 7];

    if (!HAS(arm, SQLDescribeColW))
        return;
    say(arm, "SQLDescribeColW %u, %d characters", column, max);
    arm->code = CALL(arm, SQLDescribeColW)(arm->slot->handle, (SQLUSMALLINT)column,
                                           a[2] % 8 ? (SQLWCHAR *)(void *)arm->scratch : NULL, max,
                                           SMALL(arm, 0), SMALL(arm, 1), SMALL(arm, 2), SMALL(arm, 3),
                                           SMALL(arm, 4));
    tame_text(arm, true, max);
    on_stmt(arm);
}

void op_describe_param(struct arm *arm, const uint32_t *a)
{
    unsigned number = a[0] % 4 + (a[0] % 16 ? 1 : 0);

    say(arm, "SQLDescribeParam %u", number);
    arm->code = CALL(arm, SQLDescribeParam)(arm->slot->handle, (SQLUSMALLINT)number, SMALL(arm, 0),
                                            SMALL(arm, 1), SMALL(arm, 2), SMALL(arm, 3));
    on_stmt(arm);
}

/* ---- column attributes ---- */

static const struct { SQLUSMALLINT field; bool is_text; const char *name; } fields[] = {
    {SQL_DESC_AUTO_UNIQUE_VALUE, false, "AUTO_UNIQUE_VALUE"},
    {SQL_DESC_BASE_COLUMN_NAME, true, "BASE_COLUMN_NAME"},
    {SQL_DESC_BASE_TABLE_NAME, true, "BASE_TABLE_NAME"},
    {SQL_DESC_CASE_SENSITIVE, false, "CASE_SENSITIVE"},
    {SQL_DESC_CATALOG_NAME, true, "CATALOG_NAME"},
    {SQL_DESC_CONCISE_TYPE, false, "CONCISE_TYPE"},
    {SQL_DESC_COUNT, false, "COUNT"},
    {SQL_DESC_DISPLAY_SIZE, false, "DISPLAY_SIZE"},
    {SQL_DESC_FIXED_PREC_SCALE, false, "FIXED_PREC_SCALE"},
    {SQL_DESC_LABEL, true, "LABEL"},
    {SQL_DESC_LENGTH, false, "LENGTH"},
    {SQL_DESC_LITERAL_PREFIX, true, "LITERAL_PREFIX"},
    {SQL_DESC_LITERAL_SUFFIX, true, "LITERAL_SUFFIX"},
    {SQL_DESC_LOCAL_TYPE_NAME, true, "LOCAL_TYPE_NAME"},
    {SQL_DESC_NAME, true, "NAME"},
    {SQL_DESC_NULLABLE, false, "NULLABLE"},
    {SQL_DESC_NUM_PREC_RADIX, false, "NUM_PREC_RADIX"},
    {SQL_DESC_OCTET_LENGTH, false, "OCTET_LENGTH"},
    {SQL_DESC_PRECISION, false, "PRECISION"},
    {SQL_DESC_SCALE, false, "SCALE"},
    {SQL_DESC_SCHEMA_NAME, true, "SCHEMA_NAME"},
    {SQL_DESC_SEARCHABLE, false, "SEARCHABLE"},
    {SQL_DESC_TABLE_NAME, true, "TABLE_NAME"},
    {SQL_DESC_TYPE, false, "TYPE"},
    {SQL_DESC_TYPE_NAME, true, "TYPE_NAME"},
    {SQL_DESC_UNNAMED, false, "UNNAMED"},
    {SQL_DESC_UNSIGNED, false, "UNSIGNED"},
    {SQL_DESC_UPDATABLE, false, "UPDATABLE"},
    {SQL_COLUMN_LENGTH, false, "COLUMN_LENGTH"},
    {SQL_COLUMN_PRECISION, false, "COLUMN_PRECISION"},
    {SQL_COLUMN_SCALE, false, "COLUMN_SCALE"},
    {SQL_COLUMN_NULLABLE, false, "COLUMN_NULLABLE"},
    {SQL_COLUMN_NAME, true, "COLUMN_NAME"},
    {4321, false, "4321 (no such field)"}};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

/* Numbers are asked for without a buffer: the driver manager reads past its own where the driver has no
 * W form. */
/* psqlODBC describes columns otherwise once it was asked for their base tables, which is done before
 * the first masked row. */
static size_t some_field(const struct arm *arm, uint32_t number)
{
    size_t i = number % N_FIELDS;
    bool is_later = options.is_masked && arm->slot->state != ST_PREP && arm->slot->state != ST_OPEN;

    return is_later ? 0 : i;
}

static void column_attribute(struct arm *arm, const uint32_t *a, unsigned form)
{
    static const char *const names[] = {"SQLColAttribute", "SQLColAttributeW", "SQLColAttributes"};
    size_t i = some_field(arm, a[0]);
    unsigned column = some_column(arm, a[1]);
    SQLSMALLINT max = fields[i].is_text ? name_sizes[a[2] % 7] : 0;
    SQLPOINTER text = fields[i].is_text && a[3] % 8 ? arm->scratch : NULL;
    SQLHSTMT h = arm->slot->handle;

    if (form == 1 && max % 2 && options.is_ansi_driver)
        max++;
    say(arm, "%s %u %s, %d bytes", names[form], column, fields[i].name, max);
    if (form == 0)
        arm->code = CALL(arm, SQLColAttribute)(h, (SQLUSMALLINT)column, fields[i].field, text, max,
                                               SMALL(arm, 0), SMALL(arm, 1));
    else if (form == 1)
        arm->code = CALL(arm, SQLColAttributeW)(h, (SQLUSMALLINT)column, fields[i].field, text, max,
                                                SMALL(arm, 0), SMALL(arm, 1));
    else
        arm->code = CALL(arm, SQLColAttributes)(h, (SQLUSMALLINT)column, fields[i].field, text, max,
                                                SMALL(arm, 0), SMALL(arm, 1));
    tame_text(arm, form == 1, max);
    on_stmt(arm);
}

void op_col_attribute(struct arm *arm, const uint32_t *a)
{
    column_attribute(arm, a, 0);
}

void op_col_attribute_w(struct arm *arm, const uint32_t *a)
{
    if (HAS(arm, SQLColAttributeW))
        column_attribute(arm, a, 1);
}

void op_col_attributes(struct arm *arm, const uint32_t *a)
{
    if (HAS(arm, SQLColAttributes))
        column_attribute(arm, a, 2);
}

/* ---- catalog functions ---- */

static const char *const patterns[] = {NULL, "t1", "t%", "t_", "", "none", "T1", "t2", "id", "na%", NULL, NULL};
#define N_PATTERNS 12

struct name { SQLCHAR text[32]; SQLWCHAR wide[32]; SQLCHAR *a; SQLWCHAR *w; SQLSMALLINT n; };

static void take_name(struct name *name, uint32_t number)
{
    const char *pattern = patterns[number % N_PATTERNS];

    memset(name, 0, sizeof(*name));
    if (!pattern)
        return;
    (void)snprintf((char *)name->text, sizeof(name->text), "%s", pattern);
    (void)widen(pattern, name->wide, 32);
    name->a = name->text;
    name->w = name->wide;
    name->n = number % 5 ? SQL_NTS : (SQLSMALLINT)strlen(pattern);
}

#define LISTS 10
static const char *const list_names[LISTS] = {
    "SQLTables", "SQLColumns", "SQLPrimaryKeys", "SQLForeignKeys", "SQLStatistics", "SQLSpecialColumns",
    "SQLProcedures", "SQLProcedureColumns", "SQLTablePrivileges", "SQLColumnPrivileges"};

/* One body for both forms: S is the suffix, P the pointer. */
#define CALL_LISTS(S, P)                                                                                  \
    switch (which) {                                                                                      \
    case 0:                                                                                               \
        return CALL(arm, SQLTables##S)(h, NULL, 0, s.P, s.n, t.P, t.n, NULL, 0);                          \
    case 1:                                                                                               \
        return CALL(arm, SQLColumns##S)(h, NULL, 0, s.P, s.n, t.P, t.n, c.P, c.n);                        \
    case 2:                                                                                               \
        return CALL(arm, SQLPrimaryKeys##S)(h, NULL, 0, NULL, 0, t.P, t.n);                               \
    case 3:                                                                                               \
        return CALL(arm, SQLForeignKeys##S)(h, NULL, 0, NULL, 0, t.P, t.n, NULL, 0, NULL, 0, c.P, c.n);   \
    case 4:                                                                                               \
        return CALL(arm, SQLStatistics##S)(h, NULL, 0, NULL, 0, t.P, t.n, (SQLUSMALLINT)(more % 2),       \
                                           SQL_QUICK);                                                    \
    case 5:                                                                                               \
        return CALL(arm, SQLSpecialColumns##S)(h, (SQLUSMALLINT)(more % 2 ? SQL_BEST_ROWID : SQL_ROWVER), \
                                               NULL, 0, NULL, 0, t.P, t.n, SQL_SCOPE_SESSION,             \
                                               SQL_NULLABLE);                                             \
    case 6:                                                                                               \
        return CALL(arm, SQLProcedures##S)(h, NULL, 0, s.P, s.n, t.P, t.n);                               \
    case 7:                                                                                               \
        return CALL(arm, SQLProcedureColumns##S)(h, NULL, 0, s.P, s.n, t.P, t.n, c.P, c.n);               \
    case 8:                                                                                               \
        return CALL(arm, SQLTablePrivileges##S)(h, NULL, 0, s.P, s.n, t.P, t.n);                          \
    default:                                                                                              \
        return CALL(arm, SQLColumnPrivileges##S)(h, NULL, 0, s.P, s.n, t.P, t.n, c.P, c.n);               \
    }

static SQLRETURN call_list(struct arm *arm, SQLHSTMT h, unsigned which, const uint32_t *a)
{
    struct name s, t, c;
    uint32_t more = a[4];

    take_name(&s, a[1] % 3 ? 0 : a[1]);
    take_name(&t, a[2]);
    take_name(&c, a[3]);
    CALL_LISTS(, a)
}

static SQLRETURN call_list_w(struct arm *arm, SQLHSTMT h, unsigned which, const uint32_t *a)
{
    struct name s, t, c;
    uint32_t more = a[4];

    take_name(&s, a[1] % 3 ? 0 : a[1]);
    take_name(&t, a[2]);
    take_name(&c, a[3]);
    if (options.is_ansi_driver) { /* of an empty text the manager makes what its memory holds */
        s.w = s.text[0] ? s.w : NULL;
        t.w = t.text[0] ? t.w : NULL;
        c.w = c.text[0] ? c.w : NULL;
    }
    CALL_LISTS(W, w)
}

static void list(struct arm *arm, const uint32_t *a, bool is_wide)
{
    static const char *const none = "-";
    struct slot *slot = arm->slot;
    unsigned which = a[0] % LISTS;
    const char *table = patterns[a[2] % N_PATTERNS], *column = patterns[a[3] % N_PATTERNS];

    say(arm, "%s%s table \"%s\" column \"%s\"", list_names[which], is_wide ? "W" : "", table ? table : none,
        column ? column : none);
    slot->is_prepared = false;
    arm->code = is_wide ? call_list_w(arm, slot->handle, which, a) : call_list(arm, slot->handle, which, a);
    on_stmt(arm);
    after_run(arm, slot, arm->code);
}

void op_list(struct arm *arm, const uint32_t *a)
{
    list(arm, a, false);
}

void op_list_w(struct arm *arm, const uint32_t *a)
{
    if (HAS(arm, SQLTablesW))
        list(arm, a, true);
}

void op_type_info(struct arm *arm, const uint32_t *a)
{
    static const SQLSMALLINT types[] = {SQL_ALL_TYPES, SQL_INTEGER, SQL_VARCHAR, SQL_WVARCHAR, SQL_TYPE_DATE,
                                        SQL_DATE, SQL_NUMERIC, SQL_GUID, 4321};
    SQLSMALLINT type = types[a[0] % 9];
    bool is_wide = a[1] % 2 && HAS(arm, SQLGetTypeInfoW);

    say(arm, "SQLGetTypeInfo%s %d", is_wide ? "W" : "", type);
    arm->slot->is_prepared = false;
    arm->code = is_wide ? CALL(arm, SQLGetTypeInfoW)(arm->slot->handle, type)
                        : CALL(arm, SQLGetTypeInfo)(arm->slot->handle, type);
    on_stmt(arm);
    after_run(arm, arm->slot, arm->code);
}

/* ---- the driver ---- */

/* Handles of the driver's own are not compared. */
static SQLUSMALLINT some_info(uint32_t number)
{
    SQLUSMALLINT type = (SQLUSMALLINT)(number % 175);

    if (number % 4 == 0)
        type = (SQLUSMALLINT)(10000 + number % 32);
    if (type == SQL_DRIVER_HDBC || type == SQL_DRIVER_HENV || type == SQL_DRIVER_HSTMT ||
        type == SQL_DRIVER_HDESC || type == SQL_DRIVER_HLIB)
        type = SQL_DRIVER_NAME;
    return type;
}

void op_get_info(struct arm *arm, const uint32_t *a)
{
    static const SQLSMALLINT sizes[] = {256, 256, 1000, 10, 4, 0, 1, 5};
    SQLUSMALLINT type = some_info(a[0]);
    SQLSMALLINT max = sizes[a[1] % 8];

    if (max == 0 && options.dialect == LITE)
        max = 1; /* this driver writes far before a buffer of none */
    say(arm, "SQLGetInfo %d, %d bytes%s", type, max, a[2] % 8 ? "" : " to nowhere");
    arm->code = CALL(arm, SQLGetInfo)(arm->dbc, type, a[2] % 8 ? arm->scratch : NULL, max, SMALL(arm, 0));
    tame_text(arm, false, max);
    on_dbc(arm);
}

void op_get_info_w(struct arm *arm, const uint32_t *a)
{
    static const SQLSMALLINT sizes[] = {256, 256, 1000, 10, 4, 0, 2, 6};
    SQLUSMALLINT type = some_info(a[0]);
    SQLSMALLINT max = sizes[a[1] % 8];

    if (!HAS(arm, SQLGetInfoW))
        return;
    say(arm, "SQLGetInfoW %d, %d bytes%s", type, max, a[2] % 8 ? "" : " to nowhere");
    arm->code = CALL(arm, SQLGetInfoW)(arm->dbc, type, a[2] % 8 ? arm->scratch : NULL, max, SMALL(arm, 0));
    tame_text(arm, true, max);
    on_dbc(arm);
}

void op_get_functions(struct arm *arm, const uint32_t *a)
{
    SQLUSMALLINT id = (SQLUSMALLINT)(a[0] % 4 == 0 ? SQL_API_ODBC3_ALL_FUNCTIONS
                                     : a[0] % 4 == 1 ? SQL_API_ALL_FUNCTIONS : a[1] % 1100);

    say(arm, "SQLGetFunctions %d", id);
    arm->code = CALL(arm, SQLGetFunctions)(arm->dbc, id, (SQLUSMALLINT *)(void *)arm->scratch);
    on_dbc(arm);
}

/* The input has room behind it: a driver writes there. */
static void native_sql(struct arm *arm, const uint32_t *a, bool is_wide)
{
    static const SQLINTEGER sizes[] = {1000, 1000, 200, 10, 1, 0};
    char text[8192] = "";
    SQLWCHAR wide[4096] = {0};
    SQLINTEGER max = sizes[a[2] % 6], n;

    text_make(text_pick(a[0]), a[1], text, 4000);
    n = a[3] % 2 ? SQL_NTS : (SQLINTEGER)strlen(text);
    /* SQLite ODBC writes into its input where the output's room ends: into what the manager made of wide
     * text, which has no such room. */
    if (is_wide && options.dialect == LITE && max > (SQLINTEGER)strlen(text))
        max = (SQLINTEGER)strlen(text);
    say(arm, "SQLNativeSql%s \"%s\" %d", is_wide ? "W" : "", text, max);
    if (is_wide) {
        SQLINTEGER units = (SQLINTEGER)widen(text, wide, 2000);
        arm->code = CALL(arm, SQLNativeSqlW)(arm->dbc, wide, n == SQL_NTS ? n : units,
                                             (SQLWCHAR *)(void *)arm->scratch, max, SMALL(arm, 0));
    } else {
        arm->code = CALL(arm, SQLNativeSql)(arm->dbc, (SQLCHAR *)text, n, arm->scratch, max, SMALL(arm, 0));
    }
    tame_text(arm, is_wide, max);
    on_dbc(arm);
}

void op_native_sql(struct arm *arm, const uint32_t *a)
{
    native_sql(arm, a, false);
}

void op_native_sql_w(struct arm *arm, const uint32_t *a)
{
    if (HAS(arm, SQLNativeSqlW))
        native_sql(arm, a, true);
}

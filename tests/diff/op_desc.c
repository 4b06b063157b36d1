/* SPDX-License-Identifier: MIT */
/* Operations: descriptors, and reading records. */
#include <stdio.h>
#include <string.h>

#include "tests/diff/ops.h"

static const SQLINTEGER roles[] = {SQL_ATTR_APP_ROW_DESC, SQL_ATTR_APP_PARAM_DESC, SQL_ATTR_IMP_ROW_DESC,
                                   SQL_ATTR_IMP_PARAM_DESC};
static const char *const role_names[] = {"ARD", "APD", "IRD", "IPD"};

SQLHDESC desc_of(struct arm *arm, struct slot *slot, SQLINTEGER which)
{
    SQLHDESC desc = NULL;

    (void)CALL(arm, SQLGetStmtAttr)(slot->handle, which, &desc, SQL_IS_POINTER, NULL);
    return desc;
}

static void on_desc(struct arm *arm, SQLHDESC desc)
{
    arm->diag_type = SQL_HANDLE_DESC;
    arm->diag_handle = desc;
}

/* ---- fields ---- */

enum kind { NUMBER, TEXT_FIELD, POINTER };
static const struct { SQLSMALLINT id; enum kind kind; bool is_header; const char *name; } desc_fields[] = {
    {SQL_DESC_COUNT, NUMBER, true, "COUNT"},
    {SQL_DESC_ALLOC_TYPE, NUMBER, true, "ALLOC_TYPE"},
    {SQL_DESC_ARRAY_SIZE, NUMBER, true, "ARRAY_SIZE"},
    {SQL_DESC_BIND_TYPE, NUMBER, true, "BIND_TYPE"},
    {SQL_DESC_ARRAY_STATUS_PTR, POINTER, true, "ARRAY_STATUS_PTR"},
    {SQL_DESC_BIND_OFFSET_PTR, POINTER, true, "BIND_OFFSET_PTR"},
    {SQL_DESC_ROWS_PROCESSED_PTR, POINTER, true, "ROWS_PROCESSED_PTR"},
    {SQL_DESC_TYPE, NUMBER, false, "TYPE"},
    {SQL_DESC_CONCISE_TYPE, NUMBER, false, "CONCISE_TYPE"},
    {SQL_DESC_LENGTH, NUMBER, false, "LENGTH"},
    {SQL_DESC_OCTET_LENGTH, NUMBER, false, "OCTET_LENGTH"},
    {SQL_DESC_PRECISION, NUMBER, false, "PRECISION"},
    {SQL_DESC_SCALE, NUMBER, false, "SCALE"},
    {SQL_DESC_NULLABLE, NUMBER, false, "NULLABLE"},
    {SQL_DESC_UNSIGNED, NUMBER, false, "UNSIGNED"},
    {SQL_DESC_DISPLAY_SIZE, NUMBER, false, "DISPLAY_SIZE"},
    {SQL_DESC_PARAMETER_TYPE, NUMBER, false, "PARAMETER_TYPE"},
    {SQL_DESC_UNNAMED, NUMBER, false, "UNNAMED"},
    {SQL_DESC_UPDATABLE, NUMBER, false, "UPDATABLE"},
    {SQL_DESC_NAME, TEXT_FIELD, false, "NAME"},
    {SQL_DESC_LABEL, TEXT_FIELD, false, "LABEL"},
    {SQL_DESC_TABLE_NAME, TEXT_FIELD, false, "TABLE_NAME"},
    {SQL_DESC_BASE_COLUMN_NAME, TEXT_FIELD, false, "BASE_COLUMN_NAME"},
    {SQL_DESC_TYPE_NAME, TEXT_FIELD, false, "TYPE_NAME"},
    {SQL_DESC_DATA_PTR, POINTER, false, "DATA_PTR"},
    {SQL_DESC_INDICATOR_PTR, POINTER, false, "INDICATOR_PTR"},
    {SQL_DESC_OCTET_LENGTH_PTR, POINTER, false, "OCTET_LENGTH_PTR"},
    {4321, NUMBER, false, "4321 (no such field)"}};
#define N_DESC_FIELDS 28u

static void get_field(struct arm *arm, const uint32_t *a, bool is_wide)
{
    static const SQLINTEGER sizes[] = {64, 64, 200, 6, 2, 0};
    unsigned role = a[0] % 4, i = a[1] % N_DESC_FIELDS;
    SQLSMALLINT record = (SQLSMALLINT)(desc_fields[i].is_header ? 0 : a[2] % 4 + (a[2] % 16 != 15));
    SQLINTEGER max = desc_fields[i].kind == TEXT_FIELD ? sizes[a[3] % 6] : SQL_IS_POINTER;
    SQLHDESC desc = desc_of(arm, arm->slot, roles[role]);
    SQLPOINTER *value = (SQLPOINTER *)(void *)arm->scratch;
    SQLPOINTER before = *value;

    /* psqlODBC answers from memory that it never set where nothing is bound. */
    if (!desc || (options.dialect == PG && role < 2 && record > 0 && !arm->slot->bound[record % 5].type))
        return;
    say(arm, "SQLGetDescField%s %s %d %s", is_wide ? "W" : "", role_names[role], record, desc_fields[i].name);
    arm->code = is_wide ? CALL(arm, SQLGetDescFieldW)(desc, record, desc_fields[i].id, value, max, SMALL(arm, 0))
                        : CALL(arm, SQLGetDescField)(desc, record, desc_fields[i].id, value, max, SMALL(arm, 0));
    if (desc_fields[i].kind == TEXT_FIELD)
        tame_text(arm, is_wide, max);
    if (desc_fields[i].kind == POINTER && *value != before)
        tame_pointer(arm, value);
    on_desc(arm, desc);
}

void op_get_desc_field(struct arm *arm, const uint32_t *a)
{
    get_field(arm, a, false);
}

void op_get_desc_field_w(struct arm *arm, const uint32_t *a)
{
    if (HAS(arm, SQLGetDescFieldW))
        get_field(arm, a, true);
}

static void get_rec(struct arm *arm, const uint32_t *a, bool is_wide)
{
    unsigned role = a[0] % 4;
    SQLSMALLINT record = (SQLSMALLINT)(a[1] % 4 + (a[1] % 16 != 15));
    SQLSMALLINT max = (SQLSMALLINT)(a[2] % 3 ? 64 : 4);
    SQLHDESC desc = desc_of(arm, arm->slot, roles[role]);

    if (!desc || (options.dialect == PG && role < 2 && record > 0 && !arm->slot->bound[record % 5].type))
        return;
    say(arm, "SQLGetDescRec%s %s %d", is_wide ? "W" : "", role_names[role], record);
    arm->code = is_wide ? CALL(arm, SQLGetDescRecW)(desc, record, (SQLWCHAR *)(void *)arm->scratch, max,
                                                    SMALL(arm, 0), SMALL(arm, 1), SMALL(arm, 2), SMALL(arm, 3),
                                                    SMALL(arm, 4), SMALL(arm, 5), SMALL(arm, 6))
                        : CALL(arm, SQLGetDescRec)(desc, record, arm->scratch, max, SMALL(arm, 0),
                                                   SMALL(arm, 1), SMALL(arm, 2), SMALL(arm, 3), SMALL(arm, 4),
                                                   SMALL(arm, 5), SMALL(arm, 6));
    tame_text(arm, is_wide, max);
    on_desc(arm, desc);
}

void op_get_desc_rec(struct arm *arm, const uint32_t *a)
{
    get_rec(arm, a, false);
}

void op_get_desc_rec_w(struct arm *arm, const uint32_t *a)
{
    if (HAS(arm, SQLGetDescRecW))
        get_rec(arm, a, true);
}

/* ---- writing: only what leaves bindings inside our memory ---- */

static void set_field(struct arm *arm, const uint32_t *a, bool is_wide)
{
    static const struct { SQLSMALLINT id; const char *name; unsigned n; SQLLEN values[4]; } all[] = {
        {SQL_DESC_ARRAY_SIZE, "ARRAY_SIZE", 4, {1, 2, 3, 5}},
        {SQL_DESC_BIND_TYPE, "BIND_TYPE", 2, {0, ROW_STRIDE}},
        {SQL_DESC_COUNT, "COUNT", 4, {0, 1, 3, 6}},
        {SQL_DESC_CONCISE_TYPE, "CONCISE_TYPE", 4, {SQL_C_CHAR, SQL_C_SLONG, SQL_C_WCHAR, SQL_C_TYPE_DATE}},
        {SQL_DESC_TYPE, "TYPE", 3, {SQL_C_CHAR, SQL_C_SLONG, SQL_C_DOUBLE}},
        {SQL_DESC_OCTET_LENGTH, "OCTET_LENGTH", 4, {MAX_CELL, 40, 5, 1}},
        {SQL_DESC_LENGTH, "LENGTH", 2, {MAX_CELL, 10}},
        {SQL_DESC_PRECISION, "PRECISION", 2, {10, 4}},
        {SQL_DESC_SCALE, "SCALE", 2, {0, 2}},
        {SQL_DESC_DATA_PTR, "DATA_PTR", 1, {0}},
        {SQL_DESC_DATA_PTR, "DATA_PTR", 1, {0}},
        {SQL_DESC_INDICATOR_PTR, "INDICATOR_PTR", 1, {0}},
        {SQL_DESC_OCTET_LENGTH_PTR, "OCTET_LENGTH_PTR", 1, {0}},
        {SQL_DESC_ARRAY_STATUS_PTR, "ARRAY_STATUS_PTR", 1, {0}}};
    struct slot *slot = arm->slot;
    unsigned i = a[0] % 14, c = a[1] % 4;
    bool is_header = i < 3 || all[i].id == SQL_DESC_ARRAY_STATUS_PTR;
    SQLSMALLINT record = (SQLSMALLINT)(is_header ? 0 : c + 1);
    SQLPOINTER value = (SQLPOINTER)all[i].values[a[2] % all[i].n], shown;
    SQLHDESC desc = desc_of(arm, slot, SQL_ATTR_APP_ROW_DESC);

    /* psqlODBC leaves the type of a column that was never bound as the memory had it. */
    if (!desc || (options.dialect == PG && all[i].id == SQL_DESC_DATA_PTR && !slot->bound[c + 1].type))
        return;
    if (all[i].id == SQL_DESC_DATA_PTR)
        value = a[2] % 4 ? slot->out + COL_AT(c) : NULL;
    else if (all[i].id == SQL_DESC_INDICATOR_PTR || all[i].id == SQL_DESC_OCTET_LENGTH_PTR)
        value = a[2] % 4 ? slot->out + IND_AT(c) : NULL;
    else if (all[i].id == SQL_DESC_ARRAY_STATUS_PTR)
        value = a[2] % 4 ? slot->out + STATUS_AT : NULL;
    shown = value;
    tame_pointer(arm, &shown);
    slot->is_described = true;
    /* What lies behind the count is not bound any more, and psqlODBC sets nothing when it grows again. */
    for (SQLLEN column = all[i].values[a[2] % all[i].n] + 1; i == 2 && column < 5; column++)
        slot->bound[column].type = NULL;
    say(arm, "SQLSetDescField%s ARD %d %s %p", is_wide ? "W" : "", record, all[i].name, shown);
    arm->code = is_wide ? CALL(arm, SQLSetDescFieldW)(desc, record, all[i].id, value, SQL_IS_POINTER)
                        : CALL(arm, SQLSetDescField)(desc, record, all[i].id, value, SQL_IS_POINTER);
    on_desc(arm, desc);
}

void op_set_desc_field(struct arm *arm, const uint32_t *a)
{
    set_field(arm, a, false);
}

void op_set_desc_field_w(struct arm *arm, const uint32_t *a)
{
    if (HAS(arm, SQLSetDescFieldW))
        set_field(arm, a, true);
}

void op_set_desc_rec(struct arm *arm, const uint32_t *a)
{
    struct slot *slot = arm->slot;
    const struct ctype *type = ctype_pick(a[1]);
    unsigned c = a[0] % 4;
    SQLHDESC desc = desc_of(arm, slot, SQL_ATTR_APP_ROW_DESC);
    SQLLEN *length = (SQLLEN *)(void *)(slot->out + IND_AT(c));

    if (!desc)
        return;
    slot->is_described = true;
    say(arm, "SQLSetDescRec ARD %u %s", c + 1, type->name);
    arm->code = CALL(arm, SQLSetDescRec)(desc, (SQLSMALLINT)(c + 1), type->code, 0,
                                         type->n_bytes ? type->n_bytes : 40, 10, 2, slot->out + COL_AT(c),
                                         a[2] % 4 ? length : NULL, a[2] % 4 ? length : NULL);
    on_desc(arm, desc);
}

/* ---- explicit descriptors ---- */

void forget_attached(struct arm *arm, struct slot *slot)
{
    unsigned index = (unsigned)(slot - arm->slots);

    for (unsigned i = 0; i < N_DESCS; i++)
        arm->attached[i] &= ~(3u << (index * 2));
}

void op_copy_desc(struct arm *arm, const uint32_t *a)
{
    SQLHDESC from = desc_of(arm, arm->slot, a[0] % 4 ? SQL_ATTR_APP_ROW_DESC : SQL_ATTR_IMP_ROW_DESC);
    SQLHDESC to = arm->descs[a[1] % N_DESCS];

    if (!from || !to || from == to)
        return;
    say(arm, "SQLCopyDesc from %s to explicit %u", a[0] % 4 ? "ARD" : "IRD", a[1] % N_DESCS);
    for (unsigned i = 0; i < N_SLOTS; i++)
        arm->slots[i].is_described |= arm->attached[a[1] % N_DESCS] != 0;
    arm->code = CALL(arm, SQLCopyDesc)(from, to);
    on_desc(arm, to);
}

void op_alloc_desc(struct arm *arm, const uint32_t *a)
{
    unsigned i = a[0] % N_DESCS;

    if (arm->descs[i])
        return;
    say(arm, "SQLAllocHandle descriptor %u", i);
    arm->code = CALL(arm, SQLAllocHandle)(SQL_HANDLE_DESC, arm->dbc, &arm->descs[i]);
    if (!SQL_SUCCEEDED(arm->code))
        arm->descs[i] = NULL;
    on_dbc(arm);
}

/* Never while it is attached: psqlODBC keeps using it then. */
void op_free_desc(struct arm *arm, const uint32_t *a)
{
    unsigned i = a[0] % N_DESCS;

    if (!arm->descs[i] || arm->attached[i])
        return;
    say(arm, "SQLFreeHandle descriptor %u", i);
    arm->code = CALL(arm, SQLFreeHandle)(SQL_HANDLE_DESC, arm->descs[i]);
    if (SQL_SUCCEEDED(arm->code))
        arm->descs[i] = NULL;
    else
        on_desc(arm, arm->descs[i]);
}

void op_attach_desc(struct arm *arm, const uint32_t *a)
{
    struct slot *slot = arm->slot;
    unsigned i = a[0] % N_DESCS, role = a[1] % 4 == 0, bit = 1u << ((unsigned)(slot - arm->slots) * 2 + role);
    SQLHDESC desc = a[2] % 2 ? arm->descs[i] : SQL_NULL_HDESC;

    if (a[2] % 2 && !desc)
        return;
    say(arm, "SQLSetStmtAttr %s explicit %d", role_names[role], desc ? (int)i : -1);
    slot->is_described = true;
    if (!role)
        memset(slot->bound, 0, sizeof(slot->bound));
    memset(slot->params, 0, role ? sizeof(slot->params) : 0);
    arm->code = CALL(arm, SQLSetStmtAttr)(slot->handle, roles[role], desc, SQL_IS_POINTER);
    on_stmt(arm);
    if (!SQL_SUCCEEDED(arm->code))
        return;
    for (unsigned d = 0; d < N_DESCS; d++)
        arm->attached[d] &= ~bit;
    if (desc)
        arm->attached[i] |= bit;
}

/* ---- records ---- */

/* What the guard does not do and says so. The real drivers read any text as a number, a mask's too. */
static bool is_closed(const unsigned char *state, const unsigned char *text)
{
    static const char own[] = "[odbcguard]", reduced[] = "[odbcguard] the database reported";
    static const char broker[] = "[odbcguard] the broker placement ";
    static const char unfit[] = "the masked value cannot be given as the C type";
    static const char large[] = "the value is out of the range of the C type";
    static const char narrow[] = "[odbcguard] the real driver gives no wide text";

    if (memcmp(state, "HYC00", 5) == 0 || memcmp(state, "S1C00", 5) == 0)
        return memcmp(text, own, sizeof(own) - 1) == 0 && memcmp(text, reduced, sizeof(reduced) - 1) != 0;
    return memcmp(text, unfit, sizeof(unfit) - 1) == 0 || memcmp(text, large, sizeof(large) - 1) == 0 ||
           memcmp(text, narrow, sizeof(narrow) - 1) == 0 ||
           memcmp(text, broker, sizeof(broker) - 1) == 0;
}

static SQLRETURN read_record(struct arm *arm, SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT number,
                             SQLSMALLINT max, bool is_wide)
{
    unsigned char state[16], text[2400];
    SQLINTEGER native = 0x5a5a;
    SQLSMALLINT n = 0x5a5a;
    SQLRETURN code;

    fill(state, sizeof(state));
    fill(text, sizeof(text));
    code = is_wide ? CALL(arm, SQLGetDiagRecW)(type, handle, number, (SQLWCHAR *)(void *)state, &native,
                                               (SQLWCHAR *)(void *)text, max, &n)
                   : CALL(arm, SQLGetDiagRec)(type, handle, number, state, &native, text, max, &n);
    log_number(arm, "record", options.is_masked && code == SQL_SUCCESS_WITH_INFO ? SQL_SUCCESS : code);
    if (code != SQL_SUCCESS && code != SQL_SUCCESS_WITH_INFO)
        return code;
    log_changes(arm, "sqlstate", state, sizeof(state));
    log_number(arm, "native", native);
    /* Where masked data is involved texts are reduced to names, and each record to one. */
    if (!options.is_masked) {
        log_changes(arm, "text", text, sizeof(text));
        log_number(arm, "length", n);
    }
    if (!is_wide && is_closed(state, text)) {
        arm->log->is_closed = arm->code == SQL_ERROR || options.is_masked;
        (void)snprintf(arm->log->closed, sizeof(arm->log->closed), "%.140s", (char *)text);
    }
    return code;
}

void read_records(struct arm *arm, SQLSMALLINT type, SQLHANDLE handle, const uint32_t *a)
{
    static const SQLSMALLINT sizes[] = {512, 512, 600, 512, 60, 512, 2, 1000};
    bool is_wide = a[4] % 3 == 0 && HAS(arm, SQLGetDiagRecW);
    SQLSMALLINT max = sizes[a[3] % 8];

    for (SQLSMALLINT number = 1; number <= (options.is_masked ? 1 : 6); number++)
        if (!SQL_SUCCEEDED(read_record(arm, type, handle, number, max, is_wide)))
            break;
    if (arm->code == SQL_ERROR || a[4] % 2)
        (void)read_record(arm, type, handle, 1, 512, false); /* again, and the whole text */
}

void op_diag_field(struct arm *arm, const uint32_t *a)
{
    static const struct { SQLSMALLINT id; bool is_record; const char *name; } all[] = {
        {SQL_DIAG_NUMBER, false, "NUMBER"}, {SQL_DIAG_RETURNCODE, false, "RETURNCODE"},
        {SQL_DIAG_ROW_COUNT, false, "ROW_COUNT"}, {SQL_DIAG_CURSOR_ROW_COUNT, false, "CURSOR_ROW_COUNT"},
        {SQL_DIAG_DYNAMIC_FUNCTION, false, "DYNAMIC_FUNCTION"},
        {SQL_DIAG_DYNAMIC_FUNCTION_CODE, false, "DYNAMIC_FUNCTION_CODE"},
        {SQL_DIAG_SQLSTATE, true, "SQLSTATE"}, {SQL_DIAG_MESSAGE_TEXT, true, "MESSAGE_TEXT"},
        {SQL_DIAG_NATIVE, true, "NATIVE"}, {SQL_DIAG_CLASS_ORIGIN, true, "CLASS_ORIGIN"},
        {SQL_DIAG_SUBCLASS_ORIGIN, true, "SUBCLASS_ORIGIN"}, {SQL_DIAG_SERVER_NAME, true, "SERVER_NAME"},
        {SQL_DIAG_CONNECTION_NAME, true, "CONNECTION_NAME"}, {SQL_DIAG_ROW_NUMBER, true, "ROW_NUMBER"},
        {SQL_DIAG_COLUMN_NUMBER, true, "COLUMN_NUMBER"}};
    unsigned i = a[0] % 15;
    SQLSMALLINT record = (SQLSMALLINT)(all[i].is_record ? a[1] % (options.is_masked ? 1 : 2) + 1 : 0);
    SQLSMALLINT max = (SQLSMALLINT)(a[2] % 4 ? 256 : 6);
    bool is_wide = a[3] % 2 && HAS(arm, SQLGetDiagFieldW);

    /* Records are the guard's, which knows their origins, rows and columns; texts are reduced to names. */
    if (options.is_masked && (all[i].id == SQL_DIAG_NUMBER || (all[i].is_record && i != 6 && i != 8)))
        return;
    say(arm, "SQLGetDiagField%s %d %s", is_wide ? "W" : "", record, all[i].name);
    arm->code = is_wide ? CALL(arm, SQLGetDiagFieldW)(SQL_HANDLE_STMT, arm->slot->handle, record, all[i].id,
                                                      arm->scratch, max, SMALL(arm, 0))
                        : CALL(arm, SQLGetDiagField)(SQL_HANDLE_STMT, arm->slot->handle, record, all[i].id,
                                                     arm->scratch, max, SMALL(arm, 0));
    /* It converts numbers as if they were texts. */
    tame_text(arm, is_wide, all[i].is_record && all[i].id != SQL_DIAG_NATIVE && i < 13 ? max : 0);
}

/* SQLError hands each record out once. */
void op_old_error(struct arm *arm, const uint32_t *a)
{
    if (!HAS(arm, SQLError))
        return;
    say(arm, "SQLError");
    for (unsigned i = 0; i < (options.is_masked ? 1 : 3); i++) {
        fill(arm->scratch, 1024);
        arm->code = CALL(arm, SQLError)(arm->env, arm->dbc, arm->slot->handle, arm->scratch, SMALL(arm, 0),
                                        arm->scratch + 64, (SQLSMALLINT)(a[0] % 3 ? 512 : 30), SMALL(arm, 1));
        log_number(arm, "record", options.is_masked && arm->code == SQL_SUCCESS_WITH_INFO ? SQL_SUCCESS : arm->code);
        if (options.is_masked) { /* texts are reduced to names */
            arm->code = arm->code == SQL_SUCCESS_WITH_INFO ? SQL_SUCCESS : arm->code;
            fill(arm->scratch + 64, 1024 - 64);
            fill(SMALL(arm, 1), sizeof(SQLSMALLINT));
        }
        log_changes(arm, "error", arm->scratch, 1024);
        if (!SQL_SUCCEEDED(arm->code))
            break;
    }
}

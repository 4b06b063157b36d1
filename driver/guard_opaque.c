/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/utf.h"
#include "driver/guard.h"

/* Of one generation: what a session can act on after it was read. */
#define MAX_ENTRIES 32768u
#define MAX_BYTES (16u * 1024u * 1024u)
#define N_BUCKETS 8192u /* a power of two */
/* Longer values are shown as NULL. */
#define MAX_VALUE_BYTES 8192u

struct entry {
    struct entry *next;
    uint64_t column;
    size_t n_bytes;
    char handle[OG_MASK_HANDLE_CHARS + 1];
    char value[];
};

struct og_opaque_generation {
    size_t n_entries, n_bytes;
    struct entry *buckets[N_BUCKETS];
};

/* ---- the table ---- */

void og_opaque_init(struct og_opaque *opaque)
{
    *opaque = (struct og_opaque){.young = NULL};
    (void)pthread_mutex_init(&opaque->lock, NULL);
}

static void forget_generation(struct og_opaque_generation *generation)
{
    for (size_t i = 0; generation && i < N_BUCKETS; i++)
        while (generation->buckets[i]) {
            struct entry *entry = generation->buckets[i];

            generation->buckets[i] = entry->next;
            explicit_bzero(entry->value, entry->n_bytes);
            free(entry);
        }
    free(generation);
}

void og_opaque_release(struct og_opaque *opaque)
{
    forget_generation(opaque->young);
    forget_generation(opaque->old);
    (void)pthread_mutex_destroy(&opaque->lock);
}

/* The signs of a handle are those of a keyed hash already. */
static size_t bucket_of(const char *handle)
{
    size_t bucket = 0;

    for (size_t i = OG_MASK_HANDLE_CHARS - 8; i < OG_MASK_HANDLE_CHARS; i++)
        bucket = bucket * 33 + (unsigned char)handle[i];
    return bucket & (N_BUCKETS - 1);
}

static const struct entry *find_in(const struct og_opaque_generation *generation, uint64_t column,
                                   const char *handle)
{
    const struct entry *entry = generation ? generation->buckets[bucket_of(handle)] : NULL;

    while (entry && ((column && entry->column != column) ||
                     memcmp(entry->handle, handle, OG_MASK_HANDLE_CHARS) != 0))
        entry = entry->next;
    return entry;
}

static bool make_room(struct og_opaque *opaque, size_t n_bytes)
{
    struct og_opaque_generation *young = opaque->young;

    if (young && young->n_entries < MAX_ENTRIES && young->n_bytes + n_bytes <= MAX_BYTES)
        return true;
    young = calloc(1, sizeof(*young));
    if (!young)
        return false;
    forget_generation(opaque->old);
    opaque->old = opaque->young;
    opaque->young = young;
    return true;
}

static bool add(struct og_opaque *opaque, uint64_t column, const char *handle, const char *value,
                size_t n_bytes)
{
    struct entry *entry;
    size_t bucket = bucket_of(handle);

    if (find_in(opaque->young, column, handle))
        return true;
    if (!make_room(opaque, n_bytes))
        return false;
    entry = malloc(sizeof(*entry) + n_bytes);
    if (!entry)
        return false;
    entry->column = column;
    entry->n_bytes = n_bytes;
    memcpy(entry->handle, handle, OG_MASK_HANDLE_CHARS);
    entry->handle[OG_MASK_HANDLE_CHARS] = '\0';
    memcpy(entry->value, value, n_bytes);
    entry->next = opaque->young->buckets[bucket];
    opaque->young->buckets[bucket] = entry;
    opaque->young->n_entries++;
    opaque->young->n_bytes += n_bytes;
    return true;
}

bool og_opaque_add(struct og_opaque *opaque, uint64_t column, const char *handle, const char *value,
                   size_t n_bytes)
{
    bool is_added;

    if (n_bytes > MAX_VALUE_BYTES || !og_mask_is_handle(handle, strlen(handle)))
        return false;
    (void)pthread_mutex_lock(&opaque->lock);
    is_added = add(opaque, column, handle, value, n_bytes);
    (void)pthread_mutex_unlock(&opaque->lock);
    return is_added;
}

bool og_opaque_find(struct og_opaque *opaque, uint64_t column, const char *handle, size_t n_handle,
                    struct og_buf *out)
{
    const struct entry *entry;

    if (!og_mask_is_handle(handle, n_handle))
        return false;
    (void)pthread_mutex_lock(&opaque->lock);
    entry = find_in(opaque->young, column, handle);
    if (!entry)
        entry = find_in(opaque->old, column, handle);
    if (entry && out)
        og_buf_append(out, entry->value, entry->n_bytes);
    (void)pthread_mutex_unlock(&opaque->lock);
    return entry != NULL;
}

/* ---- which parameters are handles, and may be ---- */

/* A test build gives every handle its value, wherever it stands, and asks for none. */
static bool is_switched_off(void)
{
#ifdef OG_TEST_FAULT
    return strcmp(OG_TEST_FAULT, "handle-place") == 0;
#else
    return false;
#endif
}

static SQLRETURN refuse(struct og_guard_stmt *stmt, size_t marker, const char *why)
{
    return og_gate_refuse(stmt, "masked",
                          og_arena_printf(&stmt->verdict_arena, "Parameter %zu %s", marker, why));
}

/* Where the handle at a marker would go: the column that it is compared with, or written to; SIZE_MAX:
 * anywhere else. */
static size_t place_of(struct og_guard_stmt *stmt, size_t marker)
{
    for (size_t i = 0; i < stmt->verdict.n_handle_uses; i++)
        if (stmt->verdict.handle_uses[i].marker == marker)
            return stmt->verdict.handle_uses[i].column;
    return og_masked_target(stmt, marker);
}

static SQLRETURN take(struct og_guard_stmt *stmt, size_t marker, const struct og_buf *value)
{
    struct og_swapped *swapped = calloc(1, sizeof(*swapped));

    if (swapped)
        swapped->data = calloc(1, value->n_bytes + 1);
    if (!swapped || !swapped->data || og_buf_is_failed(value)) {
        free(swapped ? swapped->data : NULL);
        free(swapped);
        og_diag_add_state(&stmt->object.diag, "HY001", "[odbcguard] memory allocation error");
        return SQL_ERROR;
    }
    memcpy(swapped->data, og_buf_str(value), value->n_bytes);
    swapped->number = (SQLUSMALLINT)marker;
    swapped->n_bytes = (SQLLEN)value->n_bytes;
    swapped->max_bytes = (SQLLEN)value->n_bytes + 1;
    swapped->next = stmt->swapped;
    stmt->swapped = swapped;
    return SQL_SUCCESS;
}

static SQLRETURN judge_handle(struct og_guard_stmt *stmt, size_t marker, const struct og_buf *text)
{
    size_t column = place_of(stmt, marker);
    uint64_t key;
    struct og_buf value;
    SQLRETURN code;

    if (column == SIZE_MAX &&
        !og_opaque_find(&stmt->dbc->opaque, 0, og_buf_str(text), text->n_bytes, NULL))
        return SQL_SUCCESS; /* looks like one, and is nobody's */
    if (column == SIZE_MAX && !is_switched_off())
        return refuse(stmt, marker,
                      "is a handle, and stands where its value would leave its column. A handle can be "
                      "compared (column = ?) with the column that it was read from, or written into it");
    if (og_params_sets(&stmt->params) > 1)
        return refuse(stmt, marker,
                      "is a handle in an array of parameters. Send one set of parameters at a time");
    og_buf_init(&value, MAX_VALUE_BYTES);
    key = is_switched_off() ? 0 : og_issued_column_key(&stmt->facts, column);
    if (og_opaque_find(&stmt->dbc->opaque, key, og_buf_str(text), text->n_bytes, &value))
        code = take(stmt, marker, &value);
    else
        code = refuse(stmt, marker,
                      "is no handle of that column in this session. Read the row again and use what is "
                      "shown then");
    og_buf_wipe(&value);
    return code;
}

static SQLRETURN judge_marker(struct og_guard_stmt *stmt, size_t marker)
{
    SQLRETURN code = SQL_SUCCESS;

    if (!og_params_is_text(&stmt->params, marker)) /* a handle is text */
        return code;
    for (SQLULEN set = 0; set < og_params_sets(&stmt->params) && code == SQL_SUCCESS; set++) {
        struct og_buf text;
        bool is_null = false;

        og_buf_init(&text, OG_MAX_MASKED_VALUE_BYTES);
        if (og_params_text(&stmt->params, marker, set, &text, &is_null) && !is_null &&
            og_mask_is_handle(og_buf_str(&text), text.n_bytes))
            code = judge_handle(stmt, marker, &text);
        og_buf_wipe(&text);
    }
    return code;
}

bool og_opaque_is_taken(const struct og_guard_stmt *stmt, size_t marker)
{
    for (const struct og_swapped *at = stmt->swapped; at; at = at->next)
        if (at->number == marker)
            return true;
    return false;
}

SQLRETURN og_opaque_need(struct og_guard_stmt *stmt)
{
    for (size_t i = 0; i < stmt->verdict.n_handle_uses; i++) {
        const struct og_handle_use *use = &stmt->verdict.handle_uses[i];

        if (use->is_needed && !is_switched_off() && !og_opaque_is_taken(stmt, use->marker))
            return refuse(stmt, use->marker,
                          og_arena_printf(&stmt->verdict_arena,
                                          "is compared with the masked column %s, so it must be a handle "
                                          "that was read from it in this session",
                                          stmt->facts.columns[use->column].name));
    }
    return SQL_SUCCESS;
}

SQLRETURN og_opaque_check(struct og_guard_stmt *stmt)
{
    SQLRETURN code = SQL_SUCCESS;

    og_opaque_restore(stmt);
    if (!stmt->verdict.masked_columns || stmt->verdict.is_data_observed)
        return SQL_SUCCESS;
    for (size_t i = 1; i <= stmt->lex.n_markers && code == SQL_SUCCESS; i++)
        code = judge_marker(stmt, i);
    return code == SQL_SUCCESS ? og_opaque_need(stmt) : code;
}

/* ---- the swap ---- */

/* Text of the application's own kind; wide where only that is lossless. */
static bool is_wide_swap(const struct og_guard_stmt *stmt, const struct og_param *param,
                         const struct og_swapped *swapped)
{
    const char *text = swapped->data;

    if (param->c_type == SQL_C_WCHAR)
        return true;
    for (SQLLEN i = 0; i < swapped->n_bytes; i++)
        if ((unsigned char)text[i] >= 0x80)
            return og_value_is_wide(stmt);
    return false;
}

static bool widen(struct og_swapped *swapped)
{
    struct og_buf wide;
    bool is_done;

    og_buf_init(&wide, 2 * MAX_VALUE_BYTES + 16);
    is_done = og_utf8_to_utf16(swapped->data, (size_t)swapped->n_bytes, &wide) == 0 &&
              !og_buf_is_failed(&wide);
    if (is_done) {
        void *data = calloc(1, wide.n_bytes + sizeof(SQLWCHAR));

        is_done = data != NULL;
        if (data) {
            memcpy(data, og_buf_str(&wide), wide.n_bytes);
            explicit_bzero(swapped->data, (size_t)swapped->n_bytes);
            free(swapped->data);
            swapped->data = data;
            swapped->n_bytes = (SQLLEN)wide.n_bytes;
            swapped->max_bytes = (SQLLEN)(wide.n_bytes + sizeof(SQLWCHAR));
        }
    }
    og_buf_wipe(&wide);
    return is_done;
}

static SQLRETURN bind_below(struct og_guard_stmt *stmt, const struct og_param *param)
{
    return stmt->object.calls->SQLBindParameter(
        stmt->object.below, param->number, param->io_type, param->c_type, param->sql_type,
        param->column_size, param->scale, param->data, param->max_bytes, param->indicator);
}

static SQLRETURN swap(struct og_guard_stmt *stmt, struct og_swapped *swapped)
{
    const struct og_param *own = og_params_find(&stmt->params, swapped->number);
    SQLULEN offset = stmt->params.bind_offset ? *stmt->params.bind_offset : 0;
    struct og_param param;
    bool is_wide;

    if (!own)
        return SQL_ERROR;
    param = *own;
    is_wide = is_wide_swap(stmt, own, swapped);
    if (is_wide && !widen(swapped))
        return SQL_ERROR;
    param.io_type = SQL_PARAM_INPUT;
    param.c_type = is_wide ? SQL_C_WCHAR : SQL_C_CHAR;
    if (param.column_size < (SQLULEN)swapped->n_bytes)
        param.column_size = (SQLULEN)swapped->n_bytes;
    /* The real driver adds the offset to what it is given. */
    param.data = (SQLPOINTER)((uintptr_t)swapped->data - offset);
    param.max_bytes = swapped->max_bytes;
    param.indicator = (SQLLEN *)((uintptr_t)&swapped->n_bytes - offset);
    return bind_below(stmt, &param);
}

SQLRETURN og_opaque_swap(struct og_guard_stmt *stmt)
{
    for (struct og_swapped *at = stmt->swapped; at; at = at->next)
        if (!SQL_SUCCEEDED(swap(stmt, at))) {
            og_diag_add(&stmt->object.diag, OG_ERR_REFUSED, false,
                        "[masked] the value of a handle could not be given to the real driver: bind the "
                        "parameter as text");
            return SQL_ERROR;
        }
    return SQL_SUCCESS;
}

void og_opaque_wipe(struct og_guard_stmt *stmt)
{
    for (struct og_swapped *at = stmt->swapped; at; at = at->next)
        explicit_bzero(at->data, (size_t)at->max_bytes);
}

static void drop(struct og_swapped *swapped)
{
    explicit_bzero(swapped->data, (size_t)swapped->max_bytes);
    free(swapped->data);
    free(swapped);
}

void og_opaque_restore(struct og_guard_stmt *stmt)
{
    while (stmt->swapped) {
        struct og_swapped *first = stmt->swapped;
        const struct og_param *own = og_params_find(&stmt->params, first->number);

        if (own)
            (void)bind_below(stmt, own);
        stmt->swapped = first->next;
        drop(first);
    }
}

void og_opaque_forget(struct og_guard_stmt *stmt, SQLUSMALLINT number)
{
    for (struct og_swapped **at = &stmt->swapped; *at;) {
        struct og_swapped *found = *at;

        if (number && found->number != number) {
            at = &found->next;
            continue;
        }
        *at = found->next;
        drop(found);
    }
}

/* SPDX-License-Identifier: MIT */
/* Memory of the guard where values of masked columns arrive; wiped before it is given back. */
#include <stdlib.h>
#include <string.h>

#include "driver/guard.h"

static void free_shadow(struct og_shadow *shadow)
{
    if (shadow->cells)
        explicit_bzero(shadow->cells, shadow->cell_bytes * shadow->max_cells);
    free(shadow->cells);
    free(shadow->lengths);
    *shadow = (struct og_shadow){.binding = shadow->binding};
}

bool og_shadow_size(struct og_shadow *shadow, size_t n_bytes, size_t n_cells)
{
    if (shadow->cell_bytes >= n_bytes && shadow->max_cells >= n_cells)
        return true;
    free_shadow(shadow);
    shadow->cells = calloc(n_cells, n_bytes);
    shadow->lengths = calloc(n_cells, sizeof(*shadow->lengths));
    if (!shadow->cells || !shadow->lengths) {
        free_shadow(shadow);
        return false;
    }
    shadow->cell_bytes = n_bytes;
    shadow->max_cells = n_cells;
    return true;
}

struct og_shadow *og_shadow_take(struct og_guard_rows *rows, size_t binding, size_t n_bytes,
                                 size_t n_cells)
{
    struct og_shadow *shadow;

    if (rows->n_shadows == rows->max_shadows) {
        size_t more = rows->max_shadows ? rows->max_shadows * 2 : 4;
        struct og_shadow *bigger = reallocarray(rows->shadows, more, sizeof(*bigger));

        if (!bigger)
            return NULL;
        memset(bigger + rows->max_shadows, 0, (more - rows->max_shadows) * sizeof(*bigger));
        rows->shadows = bigger;
        rows->max_shadows = more;
    }
    shadow = &rows->shadows[rows->n_shadows];
    if (!og_shadow_size(shadow, n_bytes, n_cells))
        return NULL;
    shadow->binding = binding;
    rows->n_shadows++;
    return shadow;
}

void og_block_release(struct og_guard_stmt *stmt)
{
    struct og_guard_rows *rows = &stmt->rows;

    for (size_t i = 0; i < rows->max_shadows; i++)
        free_shadow(&rows->shadows[i]);
    free(rows->shadows);
    free(rows->recorded.items);
    free(rows->read.items);
    og_buf_wipe(&rows->text);
    og_buf_wipe(&rows->masked);
    *rows = (struct og_guard_rows){0};
}

void og_block_drop_descriptor(struct og_guard_stmt *stmt)
{
    if (stmt->rows.own_ard)
        (void)stmt->object.calls->SQLFreeHandle(SQL_HANDLE_DESC, stmt->rows.own_ard);
    stmt->rows.own_ard = NULL;
    stmt->rows.own_version = 0;
}

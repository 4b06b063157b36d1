/* SPDX-License-Identifier: MIT */
/* measured.h - what one write did, counted: rows inserted, updated and deleted, table by table,
 * triggers and foreign keys included. A rehearsal is one; what runs under its grant is another, and
 * the two are compared.
 * Is not: the counting, which is the engine's (driver/guard_count.c).
 * Memory: everything hangs in the struct's own arena. */
#ifndef OG_COMMON_MEASURED_H
#define OG_COMMON_MEASURED_H

#include "common/arena.h"
#include "common/buf.h"
#include "common/proto.h"

struct og_measured_table {
    const char *name; /* "public.payments" */
    uint64_t inserted, updated, deleted;
};

struct og_measured {
    struct og_arena arena;
    struct og_measured_table *tables; /* sorted by name, each once; only those that changed */
    size_t n_tables, max_tables;
};

/* How far two measurements may be apart and still count as the same; zero: not at all. Whichever of
 * the two allows more. */
struct og_drift {
    uint64_t rows;
    uint32_t percent;
};

void og_measured_init(struct og_measured *measured);
void og_measured_reset(struct og_measured *measured);
void og_measured_release(struct og_measured *measured);
/* Adds to the figures of that table. A failure shows in og_measured_is_failed. */
void og_measured_add(struct og_measured *measured, const char *name, uint64_t inserted,
                     uint64_t updated, uint64_t deleted);
/* Takes off what was counted earlier; what comes out as nothing is left out. */
void og_measured_subtract(struct og_measured *measured, const struct og_measured *earlier);
bool og_measured_is_failed(const struct og_measured *measured);
uint64_t og_measured_total(const struct og_measured *measured);
uint64_t og_measured_rows(const struct og_measured_table *table);

/* As messages carry it: "3 48210 0 public.payments" (inserted, updated, deleted, table). */
struct og_list og_measured_to_list(const struct og_measured *measured, struct og_arena *arena);
/* Reads it back, replacing what was there. Returns: 0; -EBADMSG; -ENOMEM. */
OG_MUST int og_measured_from_list(struct og_measured *measured, const struct og_list *list);

/* Whether now is the same effect as before: no figure of any table further away than drift allows. */
bool og_measured_is_same(const struct og_measured *before, const struct og_measured *now,
                         const struct og_drift *drift);
/* "48,210 rows of payments and 12 rows of audit_log"; "no rows". Schemas main and public are left out. */
void og_measured_words(const struct og_measured *measured, struct og_buf *out);

/* Digits in groups of three: 48,210. out: 32 bytes; returns the text's begin in it. */
const char *og_measured_digits(uint64_t number, char out[static 32]);

#endif

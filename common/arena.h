/* SPDX-License-Identifier: MIT */
/* arena.h - bump memory with a ceiling, for things that die together (facts, plans, policies).
 * Is not: thread-safe, and nothing in it is freed one by one.
 * Sticky failure: once an allocation fails (ceiling or malloc), every later one fails too and
 * og_arena_is_failed says so; callers may check once at the end, and must not use a NULL. */
#ifndef OG_COMMON_ARENA_H
#define OG_COMMON_ARENA_H

#include <stdarg.h>

#include "common/base.h"

struct og_arena_block;

struct og_arena {
    /* private */
    struct og_arena_block *blocks;
    size_t n_used_bytes;
    size_t max_bytes;
    bool is_failed;
};

/* Prepares an empty arena; allocates nothing. max_bytes: what it may hand out in total. */
void og_arena_init(struct og_arena *arena, size_t max_bytes);
/* Frees everything; the arena is empty and usable again. Accepts a zeroed arena. */
void og_arena_release(struct og_arena *arena);
/* Forgets everything handed out and clears a failure, keeping one block for reuse. */
void og_arena_reset(struct og_arena *arena);

/* What an arena holds at a moment. */
struct og_arena_mark {
    struct og_arena_block *block;
    size_t n_block_bytes, n_used_bytes;
};
struct og_arena_mark og_arena_mark(const struct og_arena *arena);
/* Forgets what was handed out since the mark, and a failure. The arena must not have been reset or
 * released meanwhile. */
void og_arena_rewind(struct og_arena *arena, struct og_arena_mark mark);

/* n_bytes of zeroed memory, aligned for any object; never less than one byte.
 * Returns: memory owned by the arena, or NULL (the failure sticks). */
void *og_arena_alloc(struct og_arena *arena, size_t n_bytes);
/* A zeroed array of n items of size_bytes each; overflow counts as failure. */
void *og_arena_array(struct og_arena *arena, size_t n, size_t size_bytes);
/* Copies with a terminating NUL. text may be NULL only if n_bytes is 0: gives "". */
char *og_arena_strndup(struct og_arena *arena, const char *text, size_t n_bytes);
/* Copy of a C string; NULL stays NULL without failure. */
char *og_arena_strdup(struct og_arena *arena, const char *text);
/* The texts one behind the other, up to a NULL; much cheaper than a format. */
char *og_arena_join(struct og_arena *arena, const char *first, ...) __attribute__((sentinel));
char *og_arena_printf(struct og_arena *arena, const char *format, ...) OG_PRINTF(2, 3);
char *og_arena_vprintf(struct og_arena *arena, const char *format, va_list args);

bool og_arena_is_failed(const struct og_arena *arena);

/* Grows an array that lives in the arena: makes room for one more item and returns its zeroed
 * slot. The array doubles, so the waste is bounded by its own size.
 * items: address of the array pointer; n and capacity are updated; NULL on failure. */
void *og_arena_push(struct og_arena *arena, void *items, size_t *n, size_t *capacity,
                    size_t size_bytes);

#endif

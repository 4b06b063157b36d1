/* SPDX-License-Identifier: MIT */
#include "common/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK_BYTES 4096u
#define ALIGNMENT (_Alignof(max_align_t))

struct og_arena_block {
    struct og_arena_block *next;
    size_t n_bytes;
    size_t n_used;
    max_align_t data[];
};

void og_arena_init(struct og_arena *arena, size_t max_bytes)
{
    *arena = (struct og_arena){.max_bytes = max_bytes};
}

void og_arena_release(struct og_arena *arena)
{
    struct og_arena_block *block = arena->blocks;

    while (block) {
        struct og_arena_block *next = block->next;

        free(block);
        block = next;
    }
    arena->blocks = NULL;
    arena->n_used_bytes = 0;
    arena->is_failed = false;
}

void og_arena_reset(struct og_arena *arena)
{
    struct og_arena_block *keep = arena->blocks;

    if (keep) {
        arena->blocks = keep->next;
        og_arena_release(arena);
        keep->next = NULL;
        keep->n_used = 0;
        arena->blocks = keep;
    }
    arena->n_used_bytes = 0;
    arena->is_failed = false;
}

struct og_arena_mark og_arena_mark(const struct og_arena *arena)
{
    return (struct og_arena_mark){.block = arena->blocks,
                                  .n_block_bytes = arena->blocks ? arena->blocks->n_used : 0,
                                  .n_used_bytes = arena->n_used_bytes};
}

void og_arena_rewind(struct og_arena *arena, struct og_arena_mark mark)
{
    if (!mark.block) {
        og_arena_reset(arena);
        return;
    }
    while (arena->blocks != mark.block) {
        struct og_arena_block *next = arena->blocks->next;

        free(arena->blocks);
        arena->blocks = next;
    }
    mark.block->n_used = mark.n_block_bytes;
    arena->n_used_bytes = mark.n_used_bytes;
    arena->is_failed = false;
}

static struct og_arena_block *add_block(struct og_arena *arena, size_t n_bytes)
{
    size_t size = arena->blocks ? arena->blocks->n_bytes * 2 : FIRST_BLOCK_BYTES;
    struct og_arena_block *block;

    if (size > 256u * 1024u)
        size = 256u * 1024u;
    if (size < n_bytes)
        size = n_bytes;
    block = malloc(sizeof(*block) + size);
    if (!block)
        return NULL;
    block->next = arena->blocks;
    block->n_bytes = size;
    block->n_used = 0;
    arena->blocks = block;
    return block;
}

void *og_arena_alloc(struct og_arena *arena, size_t n_bytes)
{
    struct og_arena_block *block = arena->blocks;
    void *memory;

    if (n_bytes == 0)
        n_bytes = 1;
    if (arena->is_failed || n_bytes > arena->max_bytes ||
        arena->n_used_bytes > arena->max_bytes - n_bytes) {
        arena->is_failed = true;
        return NULL;
    }
    n_bytes = (n_bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (!block || block->n_bytes - block->n_used < n_bytes)
        block = add_block(arena, n_bytes);
    if (!block) {
        arena->is_failed = true;
        return NULL;
    }
    memory = (char *)block->data + block->n_used;
    block->n_used += n_bytes;
    arena->n_used_bytes += n_bytes;
    memset(memory, 0, n_bytes);
    return memory;
}

void *og_arena_array(struct og_arena *arena, size_t n, size_t size_bytes)
{
    size_t n_bytes;

    if (__builtin_mul_overflow(n, size_bytes, &n_bytes)) {
        arena->is_failed = true;
        return NULL;
    }
    return og_arena_alloc(arena, n_bytes);
}

char *og_arena_strndup(struct og_arena *arena, const char *text, size_t n_bytes)
{
    char *copy = n_bytes == SIZE_MAX ? NULL : og_arena_alloc(arena, n_bytes + 1);

    if (!copy) {
        arena->is_failed = true;
        return NULL;
    }
    if (n_bytes)
        memcpy(copy, text, n_bytes);
    return copy;
}

char *og_arena_strdup(struct og_arena *arena, const char *text)
{
    return text ? og_arena_strndup(arena, text, strlen(text)) : NULL;
}

static size_t join_texts(char *out, const char *first, va_list args)
{
    size_t n_bytes = 0;

    for (const char *text = first; text; text = va_arg(args, const char *)) {
        size_t n = strlen(text);

        if (out)
            memcpy(out + n_bytes, text, n);
        n_bytes += n;
    }
    return n_bytes;
}

char *og_arena_join(struct og_arena *arena, const char *first, ...)
{
    va_list args;
    size_t n_bytes;
    char *out;

    va_start(args, first);
    n_bytes = join_texts(NULL, first, args);
    va_end(args);
    out = og_arena_alloc(arena, n_bytes + 1);
    if (!out)
        return NULL;
    va_start(args, first);
    (void)join_texts(out, first, args);
    va_end(args);
    return out;
}

char *og_arena_vprintf(struct og_arena *arena, const char *format, va_list args)
{
    va_list again;
    int n_chars;
    char *text;

    va_copy(again, args);
    n_chars = vsnprintf(NULL, 0, format, again);
    va_end(again);
    text = n_chars < 0 ? NULL : og_arena_alloc(arena, (size_t)n_chars + 1);
    if (!text) {
        arena->is_failed = true;
        return NULL;
    }
    (void)vsnprintf(text, (size_t)n_chars + 1, format, args);
    return text;
}

char *og_arena_printf(struct og_arena *arena, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = og_arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

bool og_arena_is_failed(const struct og_arena *arena)
{
    return arena->is_failed;
}

void *og_arena_push(struct og_arena *arena, void *items, size_t *n, size_t *capacity,
                    size_t size_bytes)
{
    void *array;

    memcpy(&array, items, sizeof(array));
    if (*n == *capacity) {
        size_t more = *capacity ? *capacity * 2 : 8;
        void *bigger = og_arena_array(arena, more, size_bytes);

        if (!bigger)
            return NULL;
        if (*n)
            memcpy(bigger, array, *n * size_bytes);
        memcpy(items, &bigger, sizeof(bigger));
        array = bigger;
        *capacity = more;
    }
    return (char *)array + (*n)++ * size_bytes;
}

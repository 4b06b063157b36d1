/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include "common/arena.h"
#include "common/buf.h"
#include "tests/tap.h"

static void test_arena_alloc_over_its_ceiling_fails_and_stays_failed(void)
{
    struct og_arena arena;

    og_arena_init(&arena, 1000);
    tap_ok(og_arena_alloc(&arena, 900) != NULL, "within the ceiling");
    tap_ok(og_arena_alloc(&arena, 200) == NULL, "over the ceiling");
    tap_ok(og_arena_alloc(&arena, 1) == NULL, "a failure sticks");
    tap_ok(og_arena_is_failed(&arena), "and shows");
    og_arena_reset(&arena);
    tap_ok(og_arena_alloc(&arena, 900) != NULL, "reset gives the room back");
    tap_ok(og_arena_array(&arena, SIZE_MAX, 8) == NULL, "an overflowing array fails");
    og_arena_release(&arena);
}

static void test_arena_rewind_forgets_what_came_after_the_mark(void)
{
    struct og_arena arena;
    struct og_arena_mark empty, mark;
    char *before;
    bool is_kept = true;

    og_arena_init(&arena, 1 << 20);
    empty = og_arena_mark(&arena);
    before = og_arena_strdup(&arena, "before");
    mark = og_arena_mark(&arena);
    for (int i = 0; i < 100; i++) {
        for (int k = 0; k < 20; k++)
            is_kept = is_kept && og_arena_alloc(&arena, 40000);
        og_arena_rewind(&arena, mark);
    }
    tap_ok(is_kept && strcmp(before, "before") == 0, "what is older than the mark stays, the rest gives its room back");
    tap_ok(!og_arena_alloc(&arena, 2u << 20) && og_arena_is_failed(&arena), "a failure after the mark");
    og_arena_rewind(&arena, mark);
    tap_ok(!og_arena_is_failed(&arena) && og_arena_alloc(&arena, 40000), "is forgotten with it");
    og_arena_rewind(&arena, empty);
    tap_ok(og_arena_alloc(&arena, (1u << 20) - 100), "a mark of an empty arena gives everything back");
    og_arena_release(&arena);
}

static void test_arena_join_puts_texts_together(void)
{
    struct og_arena arena;

    og_arena_init(&arena, 100);
    tap_ok(strcmp(og_arena_join(&arena, "a", "", ".", "bc", NULL), "a.bc") == 0, "texts one behind the other");
    tap_ok(!og_arena_join(&arena, "0123456789012345678901234567890123456789", "0123456789012345678901234567890123456789",
                          "0123456789012345678901234567890123456789", NULL) && og_arena_is_failed(&arena),
           "more than the ceiling fails");
    og_arena_release(&arena);
}

static void test_arena_push_many_items_keeps_all(void)
{
    struct og_arena arena;
    int *items = NULL;
    size_t n = 0, capacity = 0;
    bool is_kept = true;

    og_arena_init(&arena, 1 << 20);
    for (int i = 0; i < 1000; i++) {
        int *slot = og_arena_push(&arena, &items, &n, &capacity, sizeof(*items));

        if (slot)
            *slot = i;
    }
    for (int i = 0; i < 1000; i++)
        is_kept = is_kept && items[i] == i;
    tap_ok(n == 1000 && is_kept, "a thousand pushed items are all there");
    og_arena_release(&arena);
}

static void test_buf_over_its_ceiling_keeps_what_fitted(void)
{
    struct og_buf buf;

    og_buf_init(&buf, 8);
    og_buf_append_str(&buf, "12345");
    og_buf_append_str(&buf, "6789");
    tap_ok(og_buf_is_failed(&buf), "the ninth byte fails the buffer");
    tap_str(og_buf_str(&buf), "12345", "what fitted stays");
    og_buf_clear(&buf);
    og_buf_printf(&buf, "%d%s", 42, "abc");
    tap_str(og_buf_str(&buf), "42abc", "usable after clear");
    og_buf_release(&buf);
}

int main(void)
{
    test_arena_alloc_over_its_ceiling_fails_and_stays_failed();
    test_arena_rewind_forgets_what_came_after_the_mark();
    test_arena_join_puts_texts_together();
    test_arena_push_many_items_keeps_all();
    test_buf_over_its_ceiling_keeps_what_fitted();
    return tap_done();
}

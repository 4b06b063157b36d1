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
    test_arena_push_many_items_keeps_all();
    test_buf_over_its_ceiling_keeps_what_fitted();
    return tap_done();
}

/* SPDX-License-Identifier: MIT */
/* Decodes any bytes as a frame. What decodes encodes again, and that frame is a fixed point. */
#include <stdlib.h>
#include <string.h>

#include "common/proto.h"

#define MAX_ARENA_BYTES (4u * 1024u * 1024u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void check_again(const struct og_msg *message)
{
    struct og_buf first, second;
    struct og_arena arena;
    struct og_msg again;

    og_buf_init(&first, OG_MAX_FRAME_BYTES);
    og_buf_init(&second, OG_MAX_FRAME_BYTES);
    og_arena_init(&arena, MAX_ARENA_BYTES);
    require(og_proto_encode(message->kind, message->correlation, &message->as, &first) == 0);
    require(og_proto_decode(first.bytes, first.n_bytes, &arena, &again) == 0);
    require(again.kind == message->kind && again.correlation == message->correlation);
    require(og_proto_encode(again.kind, again.correlation, &again.as, &second) == 0);
    require(first.n_bytes == second.n_bytes &&
            memcmp(first.bytes, second.bytes, first.n_bytes) == 0);
    og_arena_release(&arena);
    og_buf_release(&second);
    og_buf_release(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    uint8_t *frame = malloc(n_bytes + (n_bytes == 0));
    struct og_arena arena;
    struct og_msg message;

    if (!frame)
        return 0;
    if (n_bytes)
        memcpy(frame, data, n_bytes);
    og_arena_init(&arena, MAX_ARENA_BYTES);
    if (og_proto_decode(frame, n_bytes, &arena, &message) == 0) {
        /* A frame with fields left out grows when it is written whole. */
        if (n_bytes < OG_MAX_FRAME_BYTES / 2)
            check_again(&message);
#ifdef OG_FUZZ_PLANTED
        require(message.kind != OG_MSG_REFUSED ||
                (message.as.refused.retry_after_s & 0xff) != 0x2a);
#endif
    }
    og_arena_release(&arena);
    free(frame);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* client_undo.c - undo sets to guardfs and back. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/id.h"
#include "driver/client_parts.h"

#define NS_PER_MS 1000000LL
#define PART_BYTES (64u * 1024u)
/* A set is written to disk and synced: longer than a record takes. */
#define KEEP_DEADLINE_MS 60000LL

struct kept {
    char *out;
    bool is_good;
};

static bool take_kept(void *context, const struct og_msg *msg)
{
    struct kept *kept = context;

    if (msg->kind == OG_MSG_UNDO_KEPT && og_id_is_valid(OG_ID_UNDO, msg->as.undo_kept.undo)) {
        (void)snprintf(kept->out, OG_ID_BYTES, "%s", msg->as.undo_kept.undo);
        kept->is_good = true;
    }
    return true;
}

static int put_parts(struct og_client *client, const struct og_client_undo *undo,
                     struct og_wire_wait *wait, int64_t deadline_ns, struct og_client_error *error)
{
    size_t at = 0;
    int r = 0;

    for (uint32_t part = 0; r == 0; part++) {
        size_t n = undo->n_bytes - at < PART_BYTES ? undo->n_bytes - at : PART_BYTES;
        struct og_msg_undo_put put = {
            .statement = undo->statement,
            .part = part,
            .is_last = at + n == undo->n_bytes,
            .bytes = {(const uint8_t *)undo->bytes + at, n},
            .policy = undo->policy,
            .takes_back = undo->takes_back,
        };

        if (put.is_last) {
            put.summary = undo->summary;
            put.partly = (struct og_list){undo->partly, undo->n_partly};
            put.n_rows = undo->n_rows;
            put.keep_s = undo->keep_s;
        }
        r = og_wire_send(client, OG_MSG_UNDO_PUT, &put, put.is_last ? wait : NULL, deadline_ns, error);
        at += n;
        if (put.is_last)
            break;
    }
    return r;
}

int og_client_undo_put(struct og_client *client, const struct og_client_undo *undo,
                       char out[static 13], struct og_client_error *error)
{
    int64_t deadline_ns = og_wire_now_ns() + KEEP_DEADLINE_MS * NS_PER_MS;
    struct kept kept = {.out = out};
    struct og_wire_wait wait = {.take = take_kept, .context = &kept};
    int r = og_client_enter(client, error);

    if (r < 0)
        return r;
    r = og_wire_check(client, error);
    if (r == 0)
        r = put_parts(client, undo, &wait, deadline_ns, error);
    if (r == 0)
        r = og_wire_await(client, &wait, deadline_ns, NULL, error);
    if (r == 0 && !kept.is_good)
        r = og_wire_unreachable(client, "its answer cannot be read", error);
    og_client_leave(client);
    return r;
}

void og_client_undo_end(struct og_client *client, const char *undo, const char *state,
                        const char *by, const char *report)
{
    struct og_msg_undo_end end = {
        .undo = undo,
        .state = state,
        .by = by,
        .report = {(const uint8_t *)report, strlen(report)},
    };

    og_client_tell(client, OG_MSG_UNDO_END, &end);
}

struct part {
    struct og_buf *out;
    char *state;
    uint64_t size;
    bool is_good;
};

static bool take_part(void *context, const struct og_msg *msg)
{
    const struct og_msg_undo_part *got = &msg->as.undo_part;
    struct part *part = context;

    if (msg->kind != OG_MSG_UNDO_PART || got->offset != part->out->n_bytes || !got->bytes.n_bytes)
        return true;
    (void)snprintf(part->state, 24, "%s", got->state);
    part->size = got->size;
    og_buf_append(part->out, got->bytes.bytes, got->bytes.n_bytes);
    part->is_good = !og_buf_is_failed(part->out);
    return true;
}

int og_client_undo_get(struct og_client *client, const char *undo, struct og_buf *out,
                       char state[static 24], struct og_client_error *error)
{
    struct part part = {.out = out, .state = state, .size = UINT64_MAX};
    int r = og_client_enter(client, error);

    if (r < 0)
        return r;
    r = og_wire_check(client, error);
    while (r == 0 && out->n_bytes < part.size) {
        struct og_wire_wait wait = {.take = take_part, .context = &part};
        struct og_msg_undo_get get = {.undo = undo, .offset = out->n_bytes};
        int64_t deadline_ns = og_wire_now_ns() + OG_GUARD_DEADLINE_MS * NS_PER_MS;

        part.is_good = false;
        r = og_wire_send(client, OG_MSG_UNDO_GET, &get, &wait, deadline_ns, error);
        if (r == 0)
            r = og_wire_await(client, &wait, deadline_ns, NULL, error);
        if (r == 0 && !part.is_good)
            r = og_wire_unreachable(client, "its answer cannot be read", error);
    }
    og_client_leave(client);
    return r;
}

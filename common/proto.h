/* SPDX-License-Identifier: MIT */
/* proto.h - frames between drivers and guardfs over a SOCK_SEQPACKET Unix socket: one packet is one
 * frame. Pure encoding: no socket is touched here.
 *
 * Frame: magic "OG", u8 protocol version, u8 message number, u32 correlation, u16 number of fields,
 * then the fields in the table's order, each a type byte and its value; little endian. A decoder
 * takes what it knows, reads missing fields as zero and skips fields it does not know, so that
 * peers one version apart understand each other. Anything malformed is OG_PROTO_E_FRAME as a whole.
 * correlation: chosen by the asker, repeated in the answer; 0 in what is pushed unasked. */
#ifndef OG_COMMON_PROTO_H
#define OG_COMMON_PROTO_H

#include "common/arena.h"
#include "common/base.h"
#include "common/buf.h"
#include "common/limits.h"

#define OG_PROTO_VERSION 1u
#define OG_PROTO_VERSION_MIN 1u

struct og_list {
    const char *const *items;
    size_t n_items;
};

struct og_bytes {
    const uint8_t *bytes;
    size_t n_bytes;
};

enum og_ack { OG_ACK_ACCEPTED = 0, OG_ACK_WRITTEN = 1, OG_ACK_DURABLE = 2 };

enum og_msg_kind {
    OG_MSG_NONE = 0,
#define MSG(NAME, name, number, sender, text) OG_MSG_##NAME = number,
#include "common/msg.tbl.h"
#undef MSG
};

#define OG_FIELD_U32(name) uint32_t name;
#define OG_FIELD_U64(name) uint64_t name;
#define OG_FIELD_STR(name) const char *name; /* never NULL after decoding; NULL encodes as "" */
#define OG_FIELD_LIST(name) struct og_list name;
#define OG_FIELD_BYTES(name) struct og_bytes name;
#define MSG(NAME, name, number, sender, text)                                              \
    struct og_msg_##name {                                                                 \
        OG_MSG_##NAME##_FIELDS(OG_FIELD_U32, OG_FIELD_U64, OG_FIELD_STR, OG_FIELD_LIST,    \
                               OG_FIELD_BYTES)                                             \
    };
#include "common/msg.tbl.h"
#undef MSG

/* Any decoded message; the member of its kind is valid. Strings and lists hang in the arena. */
struct og_msg {
    enum og_msg_kind kind;
    uint8_t version;
    uint32_t correlation;
    union {
#define MSG(NAME, name, number, sender, text) struct og_msg_##name name;
#include "common/msg.tbl.h"
#undef MSG
    } as;
};

#define OG_PROTO_E_FRAME 1 /* malformed, too large, or a kind nobody knows */

/* Appends one whole frame to out (whose ceiling should be OG_MAX_FRAME_BYTES).
 * body: the struct og_msg_<kind> of that kind.
 * Returns: 0; OG_PROTO_E_FRAME when a field is over its ceiling or the frame does not fit;
 * -ENOMEM. On failure out is as before. */
OG_MUST int og_proto_encode(enum og_msg_kind kind, uint32_t correlation, const void *body,
                            struct og_buf *out);
/* Decodes one frame of exactly n_bytes. Text fields must be UTF-8 without NUL.
 * Returns: 0; OG_PROTO_E_FRAME; -ENOMEM. */
OG_MUST int og_proto_decode(const void *frame, size_t n_bytes, struct og_arena *arena,
                            struct og_msg *out);

/* "intent"; "unknown". */
const char *og_msg_word(enum og_msg_kind kind);

/* Markdown table of all messages and fields, for docs/protocol.md. */
void og_proto_describe(struct og_buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* undo_store.h - the undo sets that guardfs keeps: STATE/undo/u-....meta says what a set is, u-....set
 * is the set itself, sealed with AES-256-GCM under a key of its own in STATE/undo-keys/. Without the key
 * nobody reads the set again: that is how it is forgotten.
 * Is not: the protocol (undo_serve.c) nor the mount (undo_tree.c). One thread. */
#ifndef OG_FUSEFS_UNDO_STORE_H
#define OG_FUSEFS_UNDO_STORE_H

#include "common/buf.h"
#include "common/id.h"
#include "common/proto.h"

struct og_daemon;
struct og_connection;
struct og_undo_store;

enum og_undo_state {
    OG_UNDO_OPEN = 0,    /* kept; its write is not committed yet */
    OG_UNDO_COMMITTED,
    OG_UNDO_ROLLED_BACK, /* the write never was: there is nothing to take back */
    OG_UNDO_UNCLEAR,     /* the client ended before it told */
    OG_UNDO_UNDONE,
    OG_UNDO_PARTLY_UNDONE,
    OG_UNDO_FORGOTTEN,   /* the key is gone */
    OG_UNDO_STATE_COUNT
};
const char *og_undo_state_word(enum og_undo_state state);

struct og_undo_kept {
    struct og_undo_kept *next;    /* newest first */
    struct og_undo_kept *in_slot; /* of the same hash */
    char id[OG_ID_BYTES], statement[OG_ID_BYTES], session[OG_ID_BYTES];
    char takes_back[OG_ID_BYTES], taken_back_by[OG_ID_BYTES]; /* or "" */
    enum og_undo_state state;
    uint32_t uid;
    int64_t created_ms, expires_ms;
    uint64_t n_rows, n_bytes;
    /* owned */
    char *principal, *target, *dsn, *database, *policy, *summary;
    char *partly; /* lines; "" where it is whole */
    char *report; /* of the last check or attempt; "" for none */
    struct og_connection *connection; /* that it is open in */
    bool is_running;                  /* a worker takes it back now */
};

/* Returns: 0; -errno. */
OG_MUST int og_undo_store_open(struct og_daemon *daemon, const char *state_folder,
                               struct og_undo_store **out);
struct og_undo_store *og_undo_store_close(struct og_undo_store *store);

/* Newest first. */
struct og_undo_kept *og_undo_store_first(const struct og_undo_store *store);
struct og_undo_kept *og_undo_store_find(const struct og_undo_store *store, const char *id);

/* A set while its parts arrive. */
struct og_undo_upload;
/* kept: heap, taken over in any case, its id is set. Returns: 0; -errno. */
OG_MUST int og_undo_upload_begin(struct og_undo_store *store, struct og_undo_kept *kept,
                                 struct og_undo_upload **out);
struct og_undo_kept *og_undo_upload_kept(const struct og_undo_upload *upload);
OG_MUST int og_undo_upload_put(struct og_undo_upload *upload, const void *bytes, size_t n_bytes,
                               bool is_last);
/* Everything on disk, listed from now on. Frees upload. Returns: 0 with the set; -errno. */
OG_MUST int og_undo_upload_finish(struct og_undo_upload *upload, struct og_undo_kept **out);
/* Takes everything of it away; NULL-safe, returns NULL. */
struct og_undo_upload *og_undo_upload_drop(struct og_undo_upload *upload);

/* Writes what is known of a set once more. Returns: 0; -errno. */
OG_MUST int og_undo_store_save(struct og_undo_store *store, const struct og_undo_kept *kept);
/* The same where a crash may lose it: the set is unclear then, and a look at the rows settles it. */
OG_MUST int og_undo_store_note(struct og_undo_store *store, const struct og_undo_kept *kept);
/* The set's bytes; out's ceiling should be OG_MAX_UNDO_BYTES. Returns: 0; -ENOKEY when it was forgotten;
 * -EBADMSG when it is not what was sealed; -errno. */
OG_MUST int og_undo_store_read(struct og_undo_store *store, const struct og_undo_kept *kept,
                               struct og_buf *out);
/* Deletes key and set; what is left says that there was one. Returns: 0; -errno. */
OG_MUST int og_undo_store_forget(struct og_undo_store *store, struct og_undo_kept *kept);
/* Forgets what is past its time; removes the names of what was forgotten long ago. */
void og_undo_store_sweep(struct og_undo_store *store, int64_t now_ms);

/* undo_seal.c: parts under one key, in order, the last one marked. */
#define OG_SEAL_KEY_BYTES 32u
#define OG_SEAL_TAG_BYTES 16u
OG_MUST int og_seal_part(const uint8_t key[static OG_SEAL_KEY_BYTES], const char *id, uint64_t part,
                         bool is_last, const void *plain, size_t n_bytes, uint8_t *sealed,
                         uint8_t tag[static OG_SEAL_TAG_BYTES]);
/* Returns: 0; -EBADMSG. */
OG_MUST int og_unseal_part(const uint8_t key[static OG_SEAL_KEY_BYTES], const char *id,
                           uint64_t part, bool is_last, const void *sealed, size_t n_bytes,
                           const uint8_t tag[static OG_SEAL_TAG_BYTES], void *plain);

/* undo_serve.c */
void og_undo_handle_put(struct og_connection *connection, const struct og_msg *msg);
void og_undo_handle_end(struct og_connection *connection, const struct og_msg *msg);
void og_undo_handle_get(struct og_connection *connection, const struct og_msg *msg);
/* Its open sets are unclear from now on. */
void og_undo_connection_gone(struct og_connection *connection);
/* What conflicts says while a worker takes a set back. */
#define OG_UNDO_UNDER_WAY "it is being taken back now\n"
/* undo_run.c: whether guardfs holds the credentials of the set's target. */
bool og_undo_can_run(const struct og_daemon *daemon, const struct og_undo_kept *kept);
/* Has a worker take it back as uid: rows "" for all, else as 1,3-5. It goes on by itself; what came of it
 * stands in the report and the state. Returns: 0; -errno with why (static). */
OG_MUST int og_undo_run(struct og_daemon *daemon, struct og_undo_kept *kept, uint32_t uid, const char *rows,
                        const char **why);
/* Whether a uid may see a set, and take it back. */
bool og_undo_may_see(struct og_daemon *daemon, const struct og_undo_kept *kept, uint32_t uid);

#endif

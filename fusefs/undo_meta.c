/* SPDX-License-Identifier: MIT */
/* undo_meta.c - what is known of each undo set, in memory and as STATE/undo/u-....meta: lines of key=value,
 * with backslashes before what would end a line. No row's values stand there. */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/limits.h"
#include "fusefs/undo_store_parts.h"

#define FORMAT_LINE "odbcguard-undo-meta 1\n"
#define MAX_META_BYTES (512u * 1024u)

void og_undo_kept_free(struct og_undo_kept *kept)
{
    if (!kept)
        return;
    free(kept->principal);
    free(kept->target);
    free(kept->dsn);
    free(kept->database);
    free(kept->policy);
    free(kept->summary);
    free(kept->partly);
    free(kept->report);
    free(kept);
}

/* ---- the list ---- */

static size_t slot_of(const char *id)
{
    uint32_t hash = 2166136261u;

    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 16777619u;
    return hash % OG_UNDO_SLOTS;
}

void og_undo_store_add(struct og_undo_store *store, struct og_undo_kept *kept)
{
    struct og_undo_kept **at = &store->first;
    size_t slot = slot_of(kept->id);

    while (*at && (*at)->created_ms > kept->created_ms)
        at = &(*at)->next;
    kept->next = *at;
    *at = kept;
    kept->in_slot = store->slots[slot];
    store->slots[slot] = kept;
}

static void unlist(struct og_undo_store *store, struct og_undo_kept *kept)
{
    struct og_undo_kept **at = &store->first;

    while (*at && *at != kept)
        at = &(*at)->next;
    if (*at)
        *at = kept->next;
    at = &store->slots[slot_of(kept->id)];
    while (*at && *at != kept)
        at = &(*at)->in_slot;
    if (*at)
        *at = kept->in_slot;
}

void og_undo_store_remove(struct og_undo_store *store, struct og_undo_kept *kept)
{
    char name[32];

    (void)snprintf(name, sizeof(name), "%s.meta", kept->id);
    (void)unlinkat(store->folder_fd, name, 0);
    unlist(store, kept);
    og_undo_kept_free(kept);
}

struct og_undo_kept *og_undo_store_first(const struct og_undo_store *store)
{
    return store->first;
}

struct og_undo_kept *og_undo_store_find(const struct og_undo_store *store, const char *id)
{
    struct og_undo_kept *kept = store->slots[slot_of(id)];

    while (kept && strcmp(kept->id, id) != 0)
        kept = kept->in_slot;
    return kept;
}

/* ---- writing ---- */

static void put(struct og_buf *out, const char *key, const char *text)
{
    og_buf_printf(out, "%s=", key);
    for (; text && *text; text++) {
        if (*text == '\\' || *text == '\n')
            og_buf_printf(out, "\\%c", *text == '\n' ? 'n' : '\\');
        else
            og_buf_append_char(out, *text);
    }
    og_buf_append_char(out, '\n');
}

static void put_number(struct og_buf *out, const char *key, int64_t number)
{
    og_buf_printf(out, "%s=%" PRId64 "\n", key, number);
}

static int write_meta(struct og_undo_store *store, const struct og_undo_kept *kept, bool is_last_word)
{
    struct og_buf text;
    char name[32];
    int r;

    og_buf_init(&text, MAX_META_BYTES);
    og_buf_append_str(&text, FORMAT_LINE);
    put(&text, "state", og_undo_state_word(kept->state));
    put(&text, "statement", kept->statement);
    put(&text, "session", kept->session);
    put(&text, "takes_back", kept->takes_back);
    put(&text, "taken_back_by", kept->taken_back_by);
    put_number(&text, "uid", kept->uid);
    put_number(&text, "created_ms", kept->created_ms);
    put_number(&text, "expires_ms", kept->expires_ms);
    put_number(&text, "n_rows", (int64_t)kept->n_rows);
    put_number(&text, "n_bytes", (int64_t)kept->n_bytes);
    put(&text, "principal", kept->principal);
    put(&text, "target", kept->target);
    put(&text, "dsn", kept->dsn);
    put(&text, "database", kept->database);
    put(&text, "policy", kept->policy);
    put(&text, "summary", kept->summary);
    put(&text, "partly", kept->partly);
    put(&text, "report", kept->report);
    og_buf_append_str(&text, "end\n");
    (void)snprintf(name, sizeof(name), "%s.meta", kept->id);
    r = og_buf_is_failed(&text)
            ? -ENOMEM
            : og_undo_write_file(store->folder_fd, name, text.bytes, text.n_bytes, is_last_word);
    og_buf_release(&text);
    return r;
}

int og_undo_store_save(struct og_undo_store *store, const struct og_undo_kept *kept)
{
    return write_meta(store, kept, true);
}

int og_undo_store_note(struct og_undo_store *store, const struct og_undo_kept *kept)
{
    return write_meta(store, kept, false);
}

/* ---- reading ---- */

static void unescape(char *text)
{
    char *to = text;

    for (; *text; text++) {
        if (*text == '\\' && text[1])
            *to++ = *++text == 'n' ? '\n' : *text;
        else
            *to++ = *text;
    }
    *to = '\0';
}

static void take_id(char out[static OG_ID_BYTES], const char *value)
{
    (void)snprintf(out, OG_ID_BYTES, "%.12s", value);
}

static void take_state(struct og_undo_kept *kept, const char *value)
{
    kept->state = OG_UNDO_UNCLEAR;
    for (size_t i = 0; i < OG_UNDO_STATE_COUNT; i++)
        if (strcmp(value, og_undo_state_word((enum og_undo_state)i)) == 0)
            kept->state = (enum og_undo_state)i;
    if (kept->state == OG_UNDO_OPEN) /* guardfs ended meanwhile: nobody told what became of it */
        kept->state = OG_UNDO_UNCLEAR;
}

static void take_line(struct og_undo_kept *kept, const char *key, char *value)
{
    struct {
        const char *key;
        char **text;
    } texts[] = {{"principal", &kept->principal}, {"target", &kept->target},
                 {"dsn", &kept->dsn},             {"database", &kept->database},
                 {"policy", &kept->policy},       {"summary", &kept->summary},
                 {"partly", &kept->partly},       {"report", &kept->report}};
    struct {
        const char *key;
        char *id;
    } ids[] = {{"statement", kept->statement}, {"session", kept->session},
               {"takes_back", kept->takes_back}, {"taken_back_by", kept->taken_back_by}};
    int64_t number = strtoll(value, NULL, 10);

    unescape(value);
    for (size_t i = 0; i < OG_COUNT(texts); i++)
        if (strcmp(key, texts[i].key) == 0 && !*texts[i].text)
            *texts[i].text = strdup(value);
    for (size_t i = 0; i < OG_COUNT(ids); i++)
        if (strcmp(key, ids[i].key) == 0)
            take_id(ids[i].id, value);
    if (strcmp(key, "state") == 0)
        take_state(kept, value);
    else if (strcmp(key, "uid") == 0)
        kept->uid = (uint32_t)number;
    else if (strcmp(key, "created_ms") == 0)
        kept->created_ms = number;
    else if (strcmp(key, "expires_ms") == 0)
        kept->expires_ms = number;
    else if (strcmp(key, "n_rows") == 0)
        kept->n_rows = (uint64_t)number;
    else if (strcmp(key, "n_bytes") == 0)
        kept->n_bytes = (uint64_t)number;
}

static struct og_undo_kept *parse(const char *id, char *text)
{
    struct og_undo_kept *kept = calloc(1, sizeof(*kept));
    bool is_whole = false;
    char *line, *rest = text;

    if (!kept)
        return NULL;
    take_id(kept->id, id);
    kept->state = OG_UNDO_UNCLEAR;
    while ((line = strsep(&rest, "\n"))) {
        char *equals = strchr(line, '=');

        is_whole = is_whole || strcmp(line, "end") == 0;
        if (!equals)
            continue;
        *equals = '\0';
        take_line(kept, line, equals + 1);
    }
    if (is_whole && kept->principal && kept->target && kept->dsn && kept->database &&
        kept->policy && kept->summary && kept->partly && kept->report)
        return kept;
    og_undo_kept_free(kept);
    return NULL;
}

static struct og_undo_kept *load_one(const struct og_undo_store *store, const char *name)
{
    char id[OG_ID_BYTES], *text = NULL;
    struct og_undo_kept *kept = NULL;
    int fd = openat(store->folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = -1;

    if (fd >= 0) {
        text = malloc(MAX_META_BYTES + 1);
        n = text ? read(fd, text, MAX_META_BYTES) : -1;
        (void)close(fd);
    }
    (void)snprintf(id, sizeof(id), "%.12s", name);
    if (n > 0) {
        text[n] = '\0';
        kept = strncmp(text, FORMAT_LINE, sizeof(FORMAT_LINE) - 1) == 0 ? parse(id, text) : NULL;
    }
    free(text);
    return kept;
}

/* Its description cannot be read: it stays, so that nothing is deleted for that. */
static struct og_undo_kept *broken(const char *name)
{
    struct og_undo_kept *kept = calloc(1, sizeof(*kept));
    char **texts[] = {&kept->principal, &kept->target, &kept->dsn,    &kept->database,
                      &kept->policy,    &kept->partly, &kept->report, &kept->summary};

    if (!kept)
        return NULL;
    (void)snprintf(kept->id, sizeof(kept->id), "%.12s", name);
    kept->state = OG_UNDO_UNCLEAR;
    kept->expires_ms = INT64_MAX;
    for (size_t i = 0; i < OG_COUNT(texts); i++) {
        *texts[i] = strdup(i + 1 < OG_COUNT(texts) ? "" : "its description is broken");
        if (!*texts[i]) {
            og_undo_kept_free(kept);
            return NULL;
        }
    }
    return kept;
}

static bool is_meta(const char *name)
{
    char id[OG_ID_BYTES];

    (void)snprintf(id, sizeof(id), "%.12s", name);
    return og_id_is_valid(OG_ID_UNDO, id) && strcmp(name + OG_ID_CHARS, ".meta") == 0;
}

/* A set or key without a description never was promised to anybody. */
static void clean(struct og_undo_store *store, int folder, const char *suffix)
{
    int fd = dup(folder);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    char id[OG_ID_BYTES];

    if (!stream && fd >= 0)
        (void)close(fd);
    if (stream)
        rewinddir(stream);
    while (stream && (entry = readdir(stream))) {
        (void)snprintf(id, sizeof(id), "%.12s", entry->d_name);
        if (og_id_is_valid(OG_ID_UNDO, id) && strcmp(entry->d_name + OG_ID_CHARS, suffix) == 0 &&
            !og_undo_store_find(store, id))
            (void)unlinkat(folder, entry->d_name, 0);
    }
    if (stream)
        (void)closedir(stream);
}

int og_undo_store_load(struct og_undo_store *store)
{
    int fd = dup(store->folder_fd), r = 0;
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!stream) {
        if (fd >= 0)
            (void)close(fd);
        return -errno;
    }
    while (r == 0 && (entry = readdir(stream))) {
        struct og_undo_kept *kept;

        if (!is_meta(entry->d_name))
            continue;
        kept = load_one(store, entry->d_name);
        if (!kept)
            kept = broken(entry->d_name);
        if (kept)
            og_undo_store_add(store, kept);
        else
            r = -ENOMEM;
    }
    (void)closedir(stream);
    if (r == 0) {
        clean(store, store->folder_fd, ".set");
        clean(store, store->keys_fd, ".key");
    }
    return r;
}

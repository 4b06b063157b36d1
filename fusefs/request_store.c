/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/request_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/hash.h"
#include "common/limits.h"

#define FORMAT_LINE "odbcguard-request 1\n"
#define MAX_FILE_BYTES (8u * OG_MAX_REQUEST_BYTES)

/* ---- writing ---- */

static void put(struct og_buf *out, const char *key, const char *text)
{
    og_buf_printf(out, "%s=", key);
    for (; *text; text++) {
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

static void put_digest(struct og_buf *out, const char *key, const uint8_t digest[static 32])
{
    char hex[65];

    og_hash_hex(digest, hex);
    put(out, key, hex);
}

static void put_measured(struct og_buf *out, const char *prefix, bool is_measured,
                         const struct og_drift *drift, const struct og_list *effect)
{
    char key[16];

    if (is_measured)
        og_buf_printf(out, "%smeasured=%" PRIu64 " %" PRIu32 "\n", prefix, drift->rows,
                      drift->percent);
    (void)snprintf(key, sizeof(key), "%seffect", prefix);
    for (size_t i = 0; i < effect->n_items; i++)
        put(out, key, effect->items[i]);
}

/* What it was asked for, and an approver's own statement. */
static void put_amended(struct og_buf *out, const struct og_request *request)
{
    const struct og_request_asked *asked = &request->asked;

    put_digest(out, "shape", request->shape);
    if (!asked->text)
        return;
    put_digest(out, "asked_binding", asked->binding);
    put_digest(out, "asked_shape", asked->shape);
    put(out, "asked_text", asked->text);
    put_measured(out, "asked_", asked->is_measured, &asked->drift, &asked->effect);
    if (!request->amended_sql)
        return;
    put_number(out, "is_amendment_measured", request->is_amendment_measured);
    put(out, "amended_sql", request->amended_sql);
    put(out, "amended_by", request->amended_by);
}

/* What the grant is good for. */
static void put_grant(struct og_buf *out, const struct og_request *request)
{
    put_number(out, "max_uses", (int64_t)request->max_uses);
    put_number(out, "n_uses", (int64_t)request->n_uses);
    put_number(out, "is_shape", request->is_shape);
    if (request->has_rows_max)
        put_number(out, "rows_max", (int64_t)request->rows_max);
}

static void put_terms(struct og_buf *out, size_t i, const struct og_grant_terms *terms)
{
    if (terms->uses || terms->for_s || terms->has_rows_max || terms->is_shape)
        og_buf_printf(out, "terms=%zu %" PRIu64 " %u %d %" PRIu64 " %d\n", i, terms->uses,
                      terms->for_s, terms->has_rows_max, terms->rows_max, terms->is_shape);
}

static void put_all(struct og_buf *out, const struct og_request *request)
{
    og_buf_append_str(out, FORMAT_LINE);
    put(out, "id", request->id);
    put_number(out, "state", request->state);
    put_number(out, "revision", request->revision);
    put(out, "digest", request->digest);
    put_digest(out, "binding", request->binding);
    put_amended(out, request);
    put_grant(out, request);
    put_number(out, "requester_uid", request->requester_uid);
    put(out, "requester_person", request->requester_person);
    put(out, "requester_display", request->requester_display);
    put(out, "target", request->target);
    put(out, "kind", request->kind);
    put(out, "sql", request->sql);
    put(out, "reason_asked", request->reason_asked);
    put_number(out, "created_ms", request->created_ms);
    put_number(out, "expires_ms", request->expires_ms);
    put_number(out, "decided_ms", request->decided_ms);
    put(out, "text", request->text);
    if (request->answered_text)
        put(out, "answered_text", request->answered_text);
    put_measured(out, "", request->is_measured, &request->drift, &request->effect);
    for (size_t i = 0; i < request->n_needs; i++) {
        const struct og_request_need *need = &request->needs[i];

        og_buf_printf(out, "need=%s %s %s %u\n", need->policy, need->rule, need->group, need->count);
    }
    for (size_t i = 0; i < request->n_answers; i++) {
        const struct og_request_answer *answer = &request->answers[i];

        og_buf_printf(out, "answer=%u %" PRId64 " %s %s ", answer->uid, answer->unix_ms,
                      answer->decision, answer->person);
        for (const char *c = answer->reason; *c; c++)
            og_buf_append_char(out, *c == '\n' ? ' ' : *c);
        og_buf_append_char(out, '\n');
        put_terms(out, i, &answer->terms);
    }
    og_buf_append_str(out, "end\n");
}

static int write_whole(int fd, const char *bytes, size_t n_bytes)
{
    while (n_bytes) {
        ssize_t n = write(fd, bytes, n_bytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        bytes += n;
        n_bytes -= (size_t)n;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

static int open_folder(const char *state_folder)
{
    char path[PATH_MAX];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/requests", state_folder);
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return -errno;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int og_request_store(const char *state_folder, const struct og_request *request)
{
    char temporary[OG_ID_BYTES + 4];
    struct og_buf text;
    int folder = open_folder(state_folder), fd, r = 0;

    if (folder < 0)
        return folder;
    (void)snprintf(temporary, sizeof(temporary), "%s.new", request->id);
    og_buf_init(&text, MAX_FILE_BYTES);
    put_all(&text, request);
    fd = og_buf_is_failed(&text) ? -1
                                 : openat(folder, temporary,
                                          O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        r = og_buf_is_failed(&text) ? -EFBIG : -errno;
    if (r == 0)
        r = write_whole(fd, text.bytes, text.n_bytes);
    if (fd >= 0 && close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && renameat(folder, temporary, folder, request->id) < 0)
        r = -errno;
    if (r == 0 && fsync(folder) < 0)
        r = -errno;
    if (r < 0)
        (void)unlinkat(folder, temporary, 0);
    og_buf_release(&text);
    (void)close(folder);
    return r;
}

void og_request_unstore(const char *state_folder, const struct og_request *request)
{
    int folder = open_folder(state_folder);

    if (folder < 0)
        return;
    (void)unlinkat(folder, request->id, 0);
    (void)close(folder);
}

/* ---- reading ---- */

static const char *unescape(struct og_request *request, const char *text)
{
    char *out = og_arena_strdup(&request->arena, text), *to = out;

    for (const char *from = text; out && *from; from++) {
        if (*from == '\\' && from[1]) {
            from++;
            *to++ = *from == 'n' ? '\n' : *from;
        } else {
            *to++ = *from;
        }
    }
    if (out)
        *to = '\0';
    return out;
}

static int read_digest(const char *hex, uint8_t out[static 32])
{
    if (strlen(hex) != 64)
        return -EBADMSG;
    for (size_t i = 0; i < 32; i++) {
        unsigned byte;

        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            return -EBADMSG;
        out[i] = (uint8_t)byte;
    }
    return 0;
}

static int read_terms(struct og_request *request, const char *text)
{
    struct og_grant_terms terms;
    size_t i;
    int has_rows_max, is_shape;

    if (sscanf(text, "%zu %" SCNu64 " %" SCNu32 " %d %" SCNu64 " %d", &i, &terms.uses, &terms.for_s,
               &has_rows_max, &terms.rows_max, &is_shape) != 6 || i >= request->n_answers)
        return -EBADMSG;
    terms.has_rows_max = has_rows_max != 0;
    terms.is_shape = is_shape != 0;
    request->answers[i].terms = terms;
    return 0;
}

static int read_need(struct og_request *request, const char *text, size_t *n_max)
{
    struct og_request_need *all = (struct og_request_need *)(uintptr_t)request->needs, *need;
    char policy[128], rule[128], group[128];
    unsigned count;

    if (sscanf(text, "%127s %127s %127s %u", policy, rule, group, &count) != 4)
        return -EBADMSG;
    need = og_arena_push(&request->arena, &all, &request->n_needs, n_max, sizeof(*need));
    if (!need)
        return -ENOMEM;
    request->needs = all;
    *need = (struct og_request_need){
        .policy = og_arena_strdup(&request->arena, policy),
        .rule = og_arena_strdup(&request->arena, rule),
        .group = og_arena_strdup(&request->arena, group),
        .count = count,
    };
    return 0;
}

static int read_answer(struct og_request *request, const char *text)
{
    struct og_request_answer *answer = &request->answers[request->n_answers];
    char decision[16], person[256];
    int n_read = 0;

    if (request->n_answers == OG_COUNT(request->answers) ||
        sscanf(text, "%u %" SCNd64 " %15s %255s %n", &answer->uid, &answer->unix_ms, decision,
               person, &n_read) != 4 || !n_read)
        return -EBADMSG;
    answer->decision = og_request_decision(decision);
    if (!answer->decision)
        return -EBADMSG;
    answer->person = og_arena_strdup(&request->arena, person);
    answer->reason = og_arena_strdup(&request->arena, text + n_read);
    request->n_answers++;
    return 0;
}

static int read_effect(struct og_request *request, const char *text, struct og_list *effect,
                       size_t *n_max)
{
    const char **items = (const char **)(uintptr_t)effect->items, **item;

    item = og_arena_push(&request->arena, &items, &effect->n_items, n_max, sizeof(*item));
    if (!item)
        return -ENOMEM;
    effect->items = items;
    *item = unescape(request, text);
    return *item ? 0 : -ENOMEM;
}

/* How many things of the lists there is room for. */
struct room {
    size_t needs, effect, asked_effect;
};

static int read_measured(const char *text, bool *is_measured, struct og_drift *drift)
{
    *is_measured = true;
    return sscanf(text, "%" SCNu64 " %" SCNu32, &drift->rows, &drift->percent) == 2 ? 0 : -EBADMSG;
}

static int read_text_field(struct og_request *request, const char *key, const char *value)
{
    const struct {
        const char *key;
        const char **at;
    } texts[] = {
        {"requester_person", &request->requester_person},
        {"requester_display", &request->requester_display},
        {"target", &request->target},
        {"kind", &request->kind},
        {"sql", &request->sql},
        {"reason_asked", &request->reason_asked},
        {"text", &request->text},
        {"answered_text", &request->answered_text},
        {"amended_sql", &request->amended_sql},
        {"amended_by", &request->amended_by},
        {"asked_text", &request->asked.text},
    };

    for (size_t i = 0; i < OG_COUNT(texts); i++)
        if (strcmp(key, texts[i].key) == 0)
            return (*texts[i].at = unescape(request, value)) ? 0 : -ENOMEM;
    return -ENOENT;
}

static int read_digest_field(struct og_request *request, const char *key, const char *value)
{
    const struct {
        const char *key;
        uint8_t *at;
    } digests[] = {
        {"binding", request->binding},
        {"asked_binding", request->asked.binding},
        {"asked_shape", request->asked.shape},
        {"shape", request->shape},
    };

    for (size_t i = 0; i < OG_COUNT(digests); i++)
        if (strcmp(key, digests[i].key) == 0)
            return read_digest(value, digests[i].at);
    return -ENOENT;
}

static int read_number_field(struct og_request *request, const char *key, const char *value)
{
    int64_t state = request->state, revision = request->revision, uid = request->requester_uid,
            is_amendment_measured = request->is_amendment_measured, is_shape = request->is_shape,
            max_uses = (int64_t)request->max_uses, n_uses = (int64_t)request->n_uses,
            rows_max = -1;
    const struct {
        const char *key;
        int64_t *at;
        int64_t max;
    } numbers[] = {
        {"created_ms", &request->created_ms, INT64_MAX},
        {"expires_ms", &request->expires_ms, INT64_MAX},
        {"decided_ms", &request->decided_ms, INT64_MAX},
        {"state", &state, OG_REQUEST_SPENT},
        {"revision", &revision, UINT32_MAX},
        {"requester_uid", &uid, UINT32_MAX},
        {"is_amendment_measured", &is_amendment_measured, 1},
        {"is_shape", &is_shape, 1},
        {"max_uses", &max_uses, INT64_MAX},
        {"n_uses", &n_uses, INT64_MAX},
        {"rows_max", &rows_max, INT64_MAX},
    };

    for (size_t i = 0; i < OG_COUNT(numbers); i++) {
        if (strcmp(key, numbers[i].key) != 0)
            continue;
        if (sscanf(value, "%" SCNd64, numbers[i].at) != 1 || *numbers[i].at < 0 ||
            *numbers[i].at > numbers[i].max)
            return -EBADMSG;
        request->state = (enum og_request_state)state;
        request->revision = (uint32_t)revision;
        request->requester_uid = (uint32_t)uid;
        request->is_amendment_measured = is_amendment_measured != 0;
        request->is_shape = is_shape != 0;
        request->max_uses = (uint64_t)max_uses;
        request->n_uses = (uint64_t)n_uses;
        request->has_rows_max = request->has_rows_max || rows_max >= 0;
        request->rows_max = rows_max >= 0 ? (uint64_t)rows_max : request->rows_max;
        return 0;
    }
    return -ENOENT;
}

static int read_field(struct og_request *request, const char *key, const char *value,
                      struct room *room)
{
    int r = read_text_field(request, key, value);

    if (r == -ENOENT)
        r = read_digest_field(request, key, value);
    if (r == -ENOENT)
        r = read_number_field(request, key, value);
    if (r != -ENOENT)
        return r;
    if (strcmp(key, "need") == 0)
        return read_need(request, value, &room->needs);
    if (strcmp(key, "effect") == 0)
        return read_effect(request, value, &request->effect, &room->effect);
    if (strcmp(key, "asked_effect") == 0)
        return read_effect(request, value, &request->asked.effect, &room->asked_effect);
    if (strcmp(key, "measured") == 0)
        return read_measured(value, &request->is_measured, &request->drift);
    if (strcmp(key, "asked_measured") == 0)
        return read_measured(value, &request->asked.is_measured, &request->asked.drift);
    if (strcmp(key, "answer") == 0)
        return read_answer(request, value);
    if (strcmp(key, "terms") == 0)
        return read_terms(request, value);
    if (strcmp(key, "id") == 0)
        return og_id_is_valid(OG_ID_REQUEST, value) ? (strcpy(request->id, value), 0) : -EBADMSG;
    if (strcmp(key, "digest") == 0)
        return strlen(value) == 64 ? (strcpy(request->digest, value), 0) : -EBADMSG;
    return -EBADMSG;
}

/* Whether all is there that a request cannot be without; fills in what an earlier version did not know. */
static bool is_whole(struct og_request *request)
{
    static const uint8_t none[32];

    if (memcmp(request->asked.binding, none, sizeof(none)) == 0)
        memcpy(request->asked.binding, request->binding, sizeof(request->binding));
    return request->text && request->requester_person && request->n_needs && request->id[0] &&
           (!request->amended_sql || (request->amended_by && request->asked.text));
}

/* Parses text in place. */
static int parse(struct og_request *request, char *text)
{
    struct room room = {0};
    char *line = text + strlen(FORMAT_LINE), *end;

    if (strncmp(text, FORMAT_LINE, strlen(FORMAT_LINE)) != 0)
        return -EBADMSG;
    for (; (end = strchr(line, '\n')); line = end + 1) {
        char *equals;
        int r;

        *end = '\0';
        if (strcmp(line, "end") == 0)
            return is_whole(request) ? 0 : -EBADMSG;
        equals = strchr(line, '=');
        if (!equals)
            return -EBADMSG;
        *equals = '\0';
        r = read_field(request, line, equals + 1, &room);
        if (r < 0)
            return r;
    }
    return -EBADMSG;
}

static int read_file(int folder, const char *name, struct og_buf *out)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char block[8192];
    ssize_t n;

    if (fd < 0)
        return -errno;
    while ((n = read(fd, block, sizeof(block))) > 0)
        og_buf_append(out, block, (size_t)n);
    (void)close(fd);
    return n < 0 ? -errno : og_buf_is_failed(out) ? -EFBIG : 0;
}

static int load(int folder, const char *name, struct og_request **list)
{
    struct og_request *request = calloc(1, sizeof(*request)), **at = list;
    struct og_buf text;
    int r;

    if (!request)
        return -ENOMEM;
    og_arena_init(&request->arena, 12u * MAX_FILE_BYTES);
    request->error = "";
    request->max_uses = 1; /* where an earlier version stored a grant */
    og_buf_init(&text, MAX_FILE_BYTES);
    r = read_file(folder, name, &text);
    if (r == 0)
        r = text.bytes && memchr(text.bytes, '\0', text.n_bytes) == NULL
                ? parse(request, text.bytes)
                : -EBADMSG;
    if (r == 0 && strcmp(request->id, name) != 0)
        r = -EBADMSG;
    og_buf_release(&text);
    if (r < 0) {
        og_arena_release(&request->arena);
        free(request);
        return r;
    }
    while (*at && (*at)->created_ms > request->created_ms)
        at = &(*at)->next;
    request->next = *at;
    *at = request;
    return 0;
}

int og_request_load_all(const char *state_folder, struct og_request **out, struct og_buf *why)
{
    int folder = open_folder(state_folder), r = 0;
    const struct dirent *entry;
    DIR *stream;

    *out = NULL;
    if (folder < 0)
        return folder;
    stream = fdopendir(folder);
    if (!stream) {
        (void)close(folder);
        return -errno;
    }
    while (r == 0 && (entry = readdir(stream))) {
        if (og_id_is_valid(OG_ID_REQUEST, entry->d_name)) {
            r = load(folder, entry->d_name, out);
            if (r < 0)
                og_buf_printf(why, "the stored request %s cannot be read (%s): restore it from a "
                                   "backup or move it out of the requests folder",
                              entry->d_name, strerror(-r));
        } else if (strstr(entry->d_name, ".new")) {
            (void)unlinkat(folder, entry->d_name, 0);
        }
    }
    (void)closedir(stream);
    return r;
}

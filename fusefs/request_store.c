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

static void put_all(struct og_buf *out, const struct og_request *request)
{
    char hex[2 * sizeof(request->binding) + 1];

    for (size_t i = 0; i < sizeof(request->binding); i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", request->binding[i]);
    og_buf_append_str(out, FORMAT_LINE);
    put(out, "id", request->id);
    put_number(out, "state", request->state);
    put_number(out, "revision", request->revision);
    put(out, "digest", request->digest);
    put(out, "binding", hex);
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
    if (request->is_measured)
        og_buf_printf(out, "measured=%" PRIu64 " %" PRIu32 "\n", request->drift.rows,
                      request->drift.percent);
    for (size_t i = 0; i < request->effect.n_items; i++)
        put(out, "effect", request->effect.items[i]);
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

static int read_binding(struct og_request *request, const char *hex)
{
    if (strlen(hex) != 2 * sizeof(request->binding))
        return -EBADMSG;
    for (size_t i = 0; i < sizeof(request->binding); i++) {
        unsigned byte;

        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            return -EBADMSG;
        request->binding[i] = (uint8_t)byte;
    }
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
    answer->decision = strcmp(decision, "approve") == 0 ? "approve" : "deny";
    answer->person = og_arena_strdup(&request->arena, person);
    answer->reason = og_arena_strdup(&request->arena, text + n_read);
    request->n_answers++;
    return 0;
}

static int read_effect(struct og_request *request, const char *text, size_t *n_max)
{
    const char **items = (const char **)(uintptr_t)request->effect.items, **item;

    item = og_arena_push(&request->arena, &items, &request->effect.n_items, n_max, sizeof(*item));
    if (!item)
        return -ENOMEM;
    request->effect.items = items;
    *item = unescape(request, text);
    return *item ? 0 : -ENOMEM;
}

/* How many things of the lists there is room for. */
struct room {
    size_t needs, effect;
};

static int read_field(struct og_request *request, const char *key, const char *value,
                      struct room *room)
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
    };
    const struct {
        const char *key;
        int64_t *at;
    } times[] = {
        {"created_ms", &request->created_ms},
        {"expires_ms", &request->expires_ms},
        {"decided_ms", &request->decided_ms},
    };

    for (size_t i = 0; i < OG_COUNT(texts); i++)
        if (strcmp(key, texts[i].key) == 0)
            return (*texts[i].at = unescape(request, value)) ? 0 : -ENOMEM;
    for (size_t i = 0; i < OG_COUNT(times); i++)
        if (strcmp(key, times[i].key) == 0)
            return sscanf(value, "%" SCNd64, times[i].at) == 1 ? 0 : -EBADMSG;
    if (strcmp(key, "need") == 0)
        return read_need(request, value, &room->needs);
    if (strcmp(key, "effect") == 0)
        return read_effect(request, value, &room->effect);
    if (strcmp(key, "measured") == 0) {
        request->is_measured = true;
        return sscanf(value, "%" SCNu64 " %" SCNu32, &request->drift.rows,
                      &request->drift.percent) == 2
                   ? 0
                   : -EBADMSG;
    }
    if (strcmp(key, "answer") == 0)
        return read_answer(request, value);
    if (strcmp(key, "binding") == 0)
        return read_binding(request, value);
    if (strcmp(key, "id") == 0)
        return og_id_is_valid(OG_ID_REQUEST, value) ? (strcpy(request->id, value), 0) : -EBADMSG;
    if (strcmp(key, "digest") == 0)
        return strlen(value) == 64 ? (strcpy(request->digest, value), 0) : -EBADMSG;
    if (strcmp(key, "requester_uid") == 0)
        return sscanf(value, "%u", &request->requester_uid) == 1 ? 0 : -EBADMSG;
    if (strcmp(key, "revision") == 0)
        return sscanf(value, "%u", &request->revision) == 1 ? 0 : -EBADMSG;
    if (strcmp(key, "state") == 0) {
        unsigned state;

        if (sscanf(value, "%u", &state) != 1 || state > OG_REQUEST_SPENT)
            return -EBADMSG;
        request->state = state;
        return 0;
    }
    return -EBADMSG;
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
            return request->text && request->requester_person && request->n_needs && request->id[0]
                       ? 0
                       : -EBADMSG;
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
    og_arena_init(&request->arena, 2u * MAX_FILE_BYTES);
    request->error = "";
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

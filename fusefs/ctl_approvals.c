/* SPDX-License-Identifier: MIT */
/* guardctl approvals: requests that wait, read and answered through their files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "common/limits.h"
#include "fusefs/ctl_link.h"

const struct og_ctl_option og_ctl_approvals_list_options[] = {
    {"state", "WORD", "pending (default), approved, denied, expired"},
    {.name = NULL},
};
const struct og_ctl_option og_ctl_approvals_answer_options[] = {
    {"reason", "TEXT", "why; a denial and break-glass need one"},
    {.name = NULL},
};

#define ARENA_BYTES (16u * 1024u * 1024u)
#define SUFFIX ".yaml"

/* The value of a top-level "key: value" line of a request file, into out; "" without one. */
static void take_value(const char *text, const char *key, char *out, size_t n_out)
{
    size_t n_key = strlen(key);

    *out = '\0';
    for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        const char *end = strchr(at, '\n');
        size_t n_line = end ? (size_t)(end - at) : strlen(at);

        if (n_line <= n_key || strncmp(at, key, n_key) != 0 || at[n_key] != ':')
            continue;
        at += n_key + 1;
        n_line -= n_key + 1;
        while (n_line && *at == ' ')
            at++, n_line--;
        (void)snprintf(out, n_out, "%.*s", (int)n_line, at);
        return;
    }
}

static void list_one(const struct og_ctl_call *call, const char *id, const char *text)
{
    static const char *const keys[] = {"user", "principal", "target", "dsn", "rule", "expires"};
    char values[OG_COUNT(keys)][256];

    for (size_t i = 0; i < OG_COUNT(keys); i++)
        take_value(text, keys[i], values[i], sizeof(values[i]));
    if (call->is_json) {
        og_ctl_json_open(NULL, '{');
        og_ctl_json_text("request", id);
        for (size_t i = 0; i < OG_COUNT(keys); i++)
            if (*values[i])
                og_ctl_json_text(keys[i], values[i]);
        og_ctl_json_text("text", text);
        og_ctl_json_close('}');
        return;
    }
    printf("%s%s%s", og_ctl_paint(call, 'b'), id, og_ctl_paint(call, 0));
    for (size_t i = 0; i < OG_COUNT(keys); i++)
        if (*values[i]) {
            fputs("  ", stdout);
            og_ctl_print_safe(values[i], strlen(values[i]), false);
        }
    putchar('\n');
}

static int list_folder(const struct og_ctl_call *call, struct og_ctl_link *link,
                       const char *state, struct og_arena *arena)
{
    struct og_ctl_file folder, file;
    char path[128];
    int r;

    (void)snprintf(path, sizeof(path), "approvals/%s", state);
    r = og_ctl_link_get(call, link, path, 0, arena, &folder);
    if (r)
        return og_ctl_link_tell(call, path, r, folder.reason);
    for (size_t i = 0; i < folder.names.n_items; i++) {
        const char *name = folder.names.items[i];
        char id[OG_ID_BYTES];

        (void)snprintf(id, sizeof(id), "%s", name);
        if (!og_id_is_valid(OG_ID_REQUEST, id) || strcmp(name + OG_ID_CHARS, SUFFIX) != 0)
            continue;
        (void)snprintf(path, sizeof(path), "approvals/%s/%s", state, name);
        r = og_ctl_link_get(call, link, path, 0, arena, &file);
        if (r == 0)
            list_one(call, id, file.text);
        else if (r != ENOENT) /* answered in between: it has moved on */
            return og_ctl_link_tell(call, path, r, file.reason);
        free(file.text);
    }
    return OG_CTL_OK;
}

int og_ctl_approvals_list(const struct og_ctl_call *call)
{
    static const char *const states[] = {"pending", "approved", "denied", "expired"};
    const char *state = og_ctl_option(call, "state");
    struct og_ctl_link link;
    struct og_arena arena;
    size_t i = 0;
    int r;

    for (; state && i < OG_COUNT(states); i++)
        if (strcmp(state, states[i]) == 0)
            break;
    if (i == OG_COUNT(states))
        return og_ctl_fail(call, NULL, "--state is pending, approved, denied or expired, not \"%s\"",
                           state);
    r = og_ctl_link_open(call, &link);
    if (r != OG_CTL_OK)
        return r;
    og_arena_init(&arena, ARENA_BYTES);
    if (call->is_json)
        og_ctl_json_open(NULL, '[');
    r = list_folder(call, &link, states[i], &arena);
    if (call->is_json)
        og_ctl_json_close(']');
    og_arena_release(&arena);
    og_ctl_link_close(&link);
    return r;
}

/* The request's file in the first state that has it. file->text: free().
 * Returns: OG_CTL_OK; OG_CTL_NO; OG_CTL_ERROR. */
static int find_request(const struct og_ctl_call *call, struct og_ctl_link *link, const char *id,
                        struct og_arena *arena, char path[static 64], struct og_ctl_file *file)
{
    static const char *const folders[] = {"pending", "approved", "denied", "expired"};
    int r = ENOENT;

    for (size_t i = 0; i < OG_COUNT(folders) && r == ENOENT; i++) {
        (void)snprintf(path, 64, "approvals/%s/%.12s" SUFFIX, folders[i], id);
        r = og_ctl_link_get(call, link, path, 0, arena, file);
    }
    if (r == ENOENT) {
        (void)og_ctl_fail(call, "'guardctl approvals' lists what waits",
                          "there is no request %s that you may see", id);
        return OG_CTL_NO;
    }
    return r ? og_ctl_link_tell(call, path, r, file->reason) : OG_CTL_OK;
}

static int check_id(const struct og_ctl_call *call)
{
    if (og_id_is_valid(OG_ID_REQUEST, call->args[0]))
        return OG_CTL_OK;
    return og_ctl_fail(call, "'guardctl approvals' lists what waits",
                       "\"%s\" is no request: they look like r-0123456789", call->args[0]);
}

int og_ctl_approvals_show(const struct og_ctl_call *call)
{
    struct og_ctl_file file = {.text = NULL};
    struct og_ctl_link link;
    struct og_arena arena;
    char path[64];
    int r = check_id(call);

    if (r == OG_CTL_OK)
        r = og_ctl_link_open(call, &link);
    if (r != OG_CTL_OK)
        return r;
    og_arena_init(&arena, ARENA_BYTES);
    r = find_request(call, &link, call->args[0], &arena, path, &file);
    if (r == OG_CTL_OK && call->is_json) {
        og_ctl_json_open(NULL, '{');
        og_ctl_json_text("request", call->args[0]);
        og_ctl_json_text("path", path);
        og_ctl_json_text("text", file.text);
        og_ctl_json_close('}');
    } else if (r == OG_CTL_OK) {
        og_ctl_print_safe(file.text, file.n_bytes, true);
    }
    free(file.text);
    og_arena_release(&arena);
    og_ctl_link_close(&link);
    return r;
}

/* A reason as a YAML scalar in double quotes: whatever it holds, it stays on its line. */
static void append_quoted(struct og_buf *out, const char *text)
{
    og_buf_append_char(out, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            og_buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            og_buf_append_char(out, ' ');
        else
            og_buf_append_char(out, (char)c);
    }
    og_buf_append_char(out, '"');
}

/* The file with its answer filled in; nothing else changes. Returns: whether both lines were there. */
static bool fill_in(const char *text, const char *decision, const char *reason,
                    struct og_buf *out)
{
    unsigned n_found = 0;

    while (*text) {
        const char *end = strchr(text, '\n');
        size_t n_line = end ? (size_t)(end - text) + 1 : strlen(text);

        if (strncmp(text, "decision:", 9) == 0) {
            og_buf_printf(out, "decision: %s\n", decision);
            n_found++;
        } else if (strncmp(text, "reason:", 7) == 0) {
            n_found++;
            if (reason) {
                og_buf_append_str(out, "reason: ");
                append_quoted(out, reason);
                og_buf_append_char(out, '\n');
            } else {
                og_buf_append(out, text, n_line);
            }
        } else {
            og_buf_append(out, text, n_line);
        }
        text += n_line;
    }
    return n_found == 2 && !og_buf_is_failed(out);
}

static int save_answer(const struct og_ctl_call *call, struct og_ctl_link *link, const char *path,
                       const struct og_ctl_file *file, const char *decision, const char *reason,
                       struct og_arena *arena)
{
    struct og_buf text;
    const char *why;
    int r;

    og_buf_init(&text, OG_MAX_REQUEST_BYTES);
    if (!fill_in(file->text, decision, reason, &text))
        r = og_ctl_fail(call, "answer it in the mount with an editor",
                        "%s has no lines decision: and reason:", path);
    else {
        r = og_ctl_link_put(call, link, path, text.bytes, text.n_bytes, arena, &why);
        if (r)
            r = og_ctl_link_tell(call, path, r, why);
    }
    og_buf_release(&text);
    return r;
}

/* The words of an answer, by the command that gives it. */
static const struct answer_words {
    const char *command, *decision, *done;
    bool needs_reason;
} answers[] = {{"approvals approve", "approve", "approved", false},
               {"approvals deny", "deny", "denied", true},
               {"approvals break-glass", "break-glass", "approved by break-glass", true}};

static const struct answer_words *words_of(const struct og_ctl_call *call)
{
    size_t i = OG_COUNT(answers) - 1;

    while (i && strcmp(call->command->name, answers[i].command) != 0)
        i--;
    return &answers[i];
}

int og_ctl_approvals_answer(const struct og_ctl_call *call)
{
    const struct answer_words *words = words_of(call);
    const char *reason = og_ctl_option(call, "reason");
    struct og_ctl_file file = {.text = NULL};
    struct og_ctl_link link;
    struct og_arena arena;
    char path[64];
    int r = check_id(call);

    if (r == OG_CTL_OK && words->needs_reason && (!reason || !*reason))
        r = og_ctl_fail(call, "the one who asked reads it: --reason \"use the staging table\"",
                        "%s needs --reason", words->decision);
    if (r == OG_CTL_OK)
        r = og_ctl_link_open(call, &link);
    if (r != OG_CTL_OK)
        return r;
    og_arena_init(&arena, ARENA_BYTES);
    r = find_request(call, &link, call->args[0], &arena, path, &file);
    if (r == OG_CTL_OK && strncmp(path, "approvals/pending/", 18) != 0) {
        (void)og_ctl_fail(call, NULL, "%s was answered before: %s", call->args[0], path);
        r = OG_CTL_NO;
    }
    if (r == OG_CTL_OK)
        r = save_answer(call, &link, path, &file, words->decision, reason, &arena);
    if (r == OG_CTL_OK && call->is_json) {
        og_ctl_json_open(NULL, '{');
        og_ctl_json_text("request", call->args[0]);
        og_ctl_json_text("answer", words->decision);
        og_ctl_json_close('}');
    } else if (r == OG_CTL_OK) {
        printf("%s: %s\n", call->args[0], words->done);
    }
    free(file.text);
    og_arena_release(&arena);
    og_ctl_link_close(&link);
    return r;
}

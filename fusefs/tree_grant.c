/* SPDX-License-Identifier: MIT */
/* approvals/grants: grants in force, a file each. A line of words makes one good for less or takes it back;
 * so does rm. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fusefs/request_file.h"
#include "fusefs/tree_parts.h"

bool og_tree_is_grant(const struct og_found *found)
{
    return found->request && strncmp(found->path, "approvals/grants/", 17) == 0;
}

bool og_request_is_granted(const struct og_request *request)
{
    return request->state == OG_REQUEST_APPROVED && request->expires_ms > og_now_unix_ms();
}

void list_grants(struct og_daemon *daemon, const struct og_found *found OG_UNUSED,
                 uint32_t uid OG_UNUSED, og_node_visit *visit, void *context)
{
    char name[OG_ID_BYTES + 8];

    for (const struct og_request *r = og_approvals_first(daemon->approvals); r; r = r->next) {
        if (!og_request_is_granted(r))
            continue;
        (void)snprintf(name, sizeof(name), "%s.yaml", r->id);
        visit(context, name);
    }
}

/* Beside what it is good for, whose and for what it is. */
int text_grant(struct og_daemon *daemon OG_UNUSED, const struct og_found *found,
               uint32_t uid OG_UNUSED, struct og_buf *out)
{
    const struct og_request *r = found->request;

    og_buf_printf(out, "request: %s\nrequester: %s\ntarget: %s\n", r->id, r->requester_display,
                  r->target);
    for (size_t i = 0; i < r->n_answers; i++)
        og_buf_printf(out, "granted-by: %s\n", r->answers[i].person);
    og_grant_write(r, out);
    return 0;
}

static int may_shorten(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                       const char **why)
{
    return og_approvals_may_shorten(daemon->approvals, found->request, uid, why);
}

static int save_grant(struct og_daemon *daemon, const struct og_found *found, uint32_t uid,
                      const char *text, size_t n_bytes, const char **why)
{
    static char problem[256];
    struct og_grant_terms terms = {0};
    size_t n = n_bytes && text[n_bytes - 1] == '\n' ? n_bytes - 1 : n_bytes;
    char line[300];

    *why = "write one line: revoke [why], or what is less: for: 10m, uses: 3, rows: \"<= 5\"";
    if (n >= sizeof(line) || memchr(text, '\n', n) || memchr(text, '\0', n))
        return -EINVAL;
    memcpy(line, text, n);
    line[n] = '\0';
    if (strcmp(line, "revoke") == 0 || strncmp(line, "revoke ", 7) == 0)
        return og_approvals_shorten(daemon->approvals, found->request, uid, NULL,
                                    line[6] ? line + 7 : "", why);
    if (og_request_file_read_term(line, n, 1, &terms, problem) < 0) {
        *why = problem;
        return -EINVAL;
    }
    return og_approvals_shorten(daemon->approvals, found->request, uid, &terms, line, why);
}

const struct og_node_writer og_writer_grant[1] = {{may_shorten, save_grant}};

int og_tree_revoke(struct og_daemon *daemon, const struct og_found *found, uint32_t uid)
{
    const char *why;

    return og_approvals_shorten(daemon->approvals, found->request, uid, NULL, "", &why);
}

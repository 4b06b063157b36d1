/* SPDX-License-Identifier: MIT */
/* guardctl policy test: parses a policy, or a folder of them, and runs their own tests, as guardfs
 * does before a set takes force. */
#include "fusefs/ctl.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/limits.h"
#include "common/policy_test.h"
#include "fusefs/ctl_policies.h"

/* Where a policy's schema files are: the folder itself, or the folder of the file. To be freed. */
static char *folder_of(const char *path)
{
    char *folder = strdup(path), *slash;
    struct stat info;

    if (!folder || stat(path, &info) < 0 || S_ISDIR(info.st_mode))
        return folder;
    slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    else
        (void)snprintf(folder, strlen(folder) + 1, ".");
    return folder;
}

/* A schema file stands beside its policy; no name leads out of the folder. */
static int read_beside(void *context, const char *name, struct og_buf *out)
{
    const char *folder = context;
    char path[PATH_MAX], *bytes;
    size_t n_bytes;
    int n, r;

    if (!*name || *name == '.' || strchr(name, '/'))
        return -EACCES;
    n = snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= sizeof(path))
        return -ENAMETOOLONG;
    r = og_ctl_read_file(path, OG_MAX_POLICY_BYTES, &bytes, &n_bytes);
    if (r)
        return r;
    og_buf_append(out, bytes, n_bytes);
    free(bytes);
    return 0;
}

static void print(const struct og_ctl_call *call, const struct og_buf *messages, size_t n_passed,
                  size_t n_failed)
{
    if (call->is_json) {
        og_ctl_json_open(NULL, '{');
        og_ctl_json_number("passed", n_passed);
        og_ctl_json_number("failed", n_failed);
        og_ctl_json_text("messages", og_buf_str(messages));
        og_ctl_json_close('}');
        return;
    }
    og_ctl_print_safe(og_buf_str(messages), messages->n_bytes, true);
    printf("%zu passed, %zu failed\n", n_passed, n_failed);
}

int og_ctl_policy_test(const struct og_ctl_call *call)
{
    const char *path = call->n_args ? call->args[0] : ".";
    char *folder = folder_of(path);
    struct og_policy_set *set = NULL;
    struct og_buf messages;
    size_t n_passed = 0, n_failed = 0;
    int r;

    if (!folder)
        return og_ctl_fail(call, NULL, "no memory");
    r = og_ctl_policies_from(call, path, &set);
    if (r != OG_CTL_OK) {
        free(folder);
        return OG_CTL_ERROR;
    }
    og_buf_init(&messages, OG_MAX_POLICY_SET_BYTES);
    r = og_policy_test_run(set, folder, read_beside, folder, &messages,
                           &n_passed, &n_failed);
    if (r < 0) {
        r = og_ctl_fail(call, NULL, "the tests could not run: %s", strerror(-r));
    } else {
        print(call, &messages, n_passed, n_failed);
        r = n_failed ? OG_CTL_NO : OG_CTL_OK;
    }
    og_buf_release(&messages);
    (void)og_policy_set_unref(set);
    free(folder);
    return r;
}

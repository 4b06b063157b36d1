/* SPDX-License-Identifier: MIT */
/* Any bytes as the tail of a saved request file, and as the whole of it: what is accepted has the
 * fixed part as it was and exactly one answer. */
#include <stdlib.h>
#include <string.h>

#include "fusefs/request_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static const char fixed[] = "---\nrequest: r-1\nsql: |2\n  UPDATE t\n  decision: approve\n";
static const char shown[] = "---\nrequest: r-1\nsql: |2\n  UPDATE t\n  decision: approve\n"
                            "decision: pending\nreason:\n...\n";

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static size_t count_answers(const char *text, size_t n_bytes)
{
    size_t n = 0;

    for (size_t i = 0; i + 9 <= n_bytes; i++)
        n += (i == 0 || text[i - 1] == '\n') && memcmp(text + i, "decision:", 9) == 0;
    return n;
}

static void check(const char *text, size_t n_bytes)
{
    struct og_request request = {.text = shown};
    struct og_request_edit edit;

    if (og_request_file_read(&request, text, n_bytes, &edit) != 0) {
        require(edit.problem[0] != '\0');
        return;
    }
    require(n_bytes > strlen(fixed) && memcmp(text, fixed, strlen(fixed)) == 0);
    require(count_answers(text, n_bytes) == 1 && edit.decision);
    require(strlen(edit.reason) < sizeof(edit.reason) && !strchr(edit.reason, '\n'));
#ifdef OG_FUZZ_PLANTED
    require(strcmp(edit.decision, "deny") != 0 || !strchr(edit.reason, 'q'));
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    size_t n_fixed = strlen(fixed);
    char *text = malloc(n_fixed + n_bytes + 1);

    if (!text)
        return 0;
    memcpy(text, fixed, n_fixed);
    if (n_bytes)
        memcpy(text + n_fixed, data, n_bytes);
    check(text, n_fixed + n_bytes);
    if (n_bytes)
        memmove(text, data, n_bytes);
    check(text, n_bytes);
    free(text);
    return 0;
}

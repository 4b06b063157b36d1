/* SPDX-License-Identifier: MIT */
/* Any bytes as the tail of a saved request file, in the place of its statement, and as the whole of it:
 * what is accepted has the fixed part as it was, but for the statement, and exactly one answer. */
#define _GNU_SOURCE 1
#include <stdlib.h>
#include <string.h>

#include "fusefs/request_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

#define BEFORE "---\nrequest: r-1\nsql: |2\n"
#define AFTER "effects:\n  - update t\n"
static const char fixed[] = BEFORE "  UPDATE t\n  decision: approve\n" AFTER;
static const char shown[] = BEFORE "  UPDATE t\n  decision: approve\n" AFTER
                            "decision: pending\nreason:\n...\n";
static const char answer[] = AFTER "decision: pending\nreason:\n...\n";

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

static void check_answer(const char *text, size_t n_bytes, const struct og_request_edit *edit)
{
    require(count_answers(text, n_bytes) == 1 && edit->decision);
    require(strlen(edit->reason) < sizeof(edit->reason) && !strchr(edit->reason, '\n'));
    require(edit->terms.for_s <= 7 * 86400);
}

static void check(const char *text, size_t n_bytes)
{
    struct og_request request = {.text = shown};
    struct og_request_edit edit;

    if (og_request_file_read(&request, text, n_bytes, &edit) != 0) {
        require(edit.problem[0] != '\0' && !edit.sql);
        return;
    }
    check_answer(text, n_bytes, &edit);
    if (edit.sql) {
        require(n_bytes > strlen(BEFORE) && memcmp(text, BEFORE, strlen(BEFORE)) == 0);
        require(edit.sql[0] && strcmp(edit.decision, "deny") != 0 && !edit.terms.uses);
        require(memmem(text, n_bytes, "\n" AFTER "decision:", strlen(AFTER) + 10) != NULL);
    } else {
        require(n_bytes > strlen(fixed) && memcmp(text, fixed, strlen(fixed)) == 0);
    }
    free(edit.sql);
#ifdef OG_FUZZ_PLANTED
    require(strcmp(edit.decision, "deny") != 0 || !strchr(edit.reason, 'q'));
#endif
}

/* Data between two texts. */
static void check_between(const char *before, const uint8_t *data, size_t n_bytes, const char *after)
{
    size_t n_before = strlen(before), n_after = strlen(after);
    char *text = malloc(n_before + n_bytes + n_after + 1);

    if (!text)
        return;
    memcpy(text, before, n_before);
    if (n_bytes)
        memcpy(text + n_before, data, n_bytes);
    memcpy(text + n_before + n_bytes, after, n_after);
    check(text, n_before + n_bytes + n_after);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    check_between(fixed, data, n_bytes, "");
    check_between(BEFORE, data, n_bytes, answer);
    check_between("", data, n_bytes, "");
    return 0;
}

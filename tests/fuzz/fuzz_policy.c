/* SPDX-License-Identifier: MIT */
/* Any bytes as a policy file: parsed, refused with a message, or read in full; never more. */
#include <stdlib.h>
#include <string.h>

#include "common/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static bool see_group(void *context, const char *group)
{
#ifdef OG_FUZZ_PLANTED
    if (strlen(group) > 32) /* as a buffer too short for a group's name */
        abort();
#endif
    *(size_t *)context += strlen(group);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct og_policy_file file = {"fuzz.yaml", (const char *)bytes, n_bytes};
    const struct og_policy_case *cases;
    struct og_policy_set *set = NULL;
    struct og_buf messages;
    size_t n = 0;
    int result;

    og_buf_init(&messages, 1024u * 1024u);
    result = og_policy_set_parse(&file, 1, &messages, &set);
    if ((result == 0) != (set != NULL) || (result == OG_POLICY_E_INVALID && !messages.n_bytes))
        abort();
    if (set) {
        og_policy_set_each_group(set, see_group, &n);
        n += og_policy_set_cases(set, &cases) + strlen(og_policy_set_digest(set));
        if (n < 64)
            abort();
    }
    og_policy_set_unref(set);
    og_buf_release(&messages);
    return 0;
}

/* SPDX-License-Identifier: MIT */
#include "common/principal.h"

#include <string.h>

static const char *const words[OG_EVIDENCE_COUNT] = {
    [OG_EVIDENCE_ASSERTED] = "asserted",
    [OG_EVIDENCE_PROCESS] = "process",
    [OG_EVIDENCE_PEER] = "peer",
    [OG_EVIDENCE_TOKEN] = "token",
};

const char *og_evidence_word(enum og_evidence evidence)
{
    return (unsigned)evidence < OG_EVIDENCE_COUNT ? words[evidence] : "unknown";
}

enum og_evidence og_evidence_from_word(const char *word)
{
    for (int i = 0; i < OG_EVIDENCE_COUNT; i++) {
        if (word && strcmp(word, words[i]) == 0)
            return (enum og_evidence)i;
    }
    return OG_EVIDENCE_COUNT;
}

bool og_principal_has_name(const struct og_principal *principal, const char *name)
{
    for (size_t i = 0; i < principal->n_names; i++) {
        if (strcmp(principal->names[i], name) == 0)
            return true;
    }
    return false;
}

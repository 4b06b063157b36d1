/* SPDX-License-Identifier: MIT */
/* Columns that policies name and that must exist on a target. */
#include "common/decide_parts.h"

#include <string.h>

#define MAX_NAME_BYTES 512

/* The part as the target's catalog has it. PostgreSQL's names are far shorter than the buffer; a
 * longer one goes out as written and is found nowhere. */
static const char *fold_part(const struct og_decide *decide, const struct og_name_pattern *pattern,
                             size_t part, char *buffer)
{
    const char *text = pattern->parts[part];
    size_t n_bytes = strlen(text);

    if (decide->dialect != OG_DIALECT_POSTGRESQL || pattern->is_quoted[part] ||
        n_bytes >= MAX_NAME_BYTES)
        return text;
    for (size_t i = 0; i <= n_bytes; i++)
        buffer[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
    return buffer;
}

void og_decide_each_required_column(const struct og_decide_input *input,
                                    bool (*visit)(void *context, const char *policy,
                                                  const char *schema, const char *table,
                                                  const char *column),
                                    void *context)
{
    struct og_decide decide = og_decide_start(input, NULL);
    char buffers[3][MAX_NAME_BYTES];

    for (size_t i = 0; input->set && i < input->set->n_policies; i++) {
        const struct og_policy *policy = &input->set->policies[i];

        if (og_decide_applies_to_chain(&decide, policy) == OG_APPLIES_NOT)
            continue;
        for (size_t k = 0; k < policy->n_data; k++) {
            const struct og_data_entry *entry = &policy->data[k];

            for (size_t c = 0; !entry->is_optional && c < entry->n_columns; c++) {
                const struct og_name_pattern *pattern = &entry->columns[c];
                const char *parts[3] = {NULL, NULL, NULL};
                size_t n = pattern->n_parts;

                if (n < 2 || n > 3 || pattern->is_glob[0] || pattern->is_glob[1] ||
                    (n == 3 && pattern->is_glob[2]))
                    continue;
                for (size_t p = 0; p < n; p++)
                    parts[3 - n + p] = fold_part(&decide, pattern, p, buffers[p]);
                if (!visit(context, policy->name, parts[0], parts[1], parts[2]))
                    return;
            }
        }
    }
}

/* SPDX-License-Identifier: MIT */
/* Scripts as text, so that a failure can be kept and run again. */
#include "tests/diff/script.h"

#include <stdio.h>
#include <string.h>

bool script_write(const struct script *script, const char *path, uint64_t seed)
{
    FILE *file = fopen(path, "w");

    if (!file)
        return false;
    fprintf(file, "# odbcguard differential test; seed %llu\n", (unsigned long long)seed);
    fprintf(file, "config %u %d %d %d\n", script->config.version, script->config.is_wide,
            script->config.is_plain_connect, script->config.is_manual);
    for (size_t i = 0; i < script->n_steps; i++) {
        const struct step *step = &script->steps[i];

        fprintf(file, "%s %u", ops[step->op].name, step->slot);
        for (size_t k = 0; k < N_ARGS; k++)
            fprintf(file, " %u", step->a[k]);
        fputc('\n', file);
    }
    return fclose(file) == 0;
}

static bool read_step(struct script *script, const char *line)
{
    struct step *step = &script->steps[script->n_steps];
    char name[64];
    unsigned slot, a[N_ARGS];

    if (sscanf(line, "%63s %u %u %u %u %u %u %u", name, &slot, &a[0], &a[1], &a[2], &a[3], &a[4], &a[5]) != 8)
        return false;
    if (op_find(name) == n_ops || slot >= N_SLOTS || script->n_steps == MAX_STEPS)
        return false;
    step->op = (uint16_t)op_find(name);
    step->slot = (uint16_t)slot;
    for (size_t k = 0; k < N_ARGS; k++)
        step->a[k] = a[k];
    script->n_steps++;
    return true;
}

bool script_read(struct script *script, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[512];
    int wide = 0, plain = 0, manual = 0;
    bool is_good = file != NULL;

    script->n_steps = 0;
    while (is_good && fgets(line, sizeof(line), file)) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        if (sscanf(line, "config %u %d %d %d", &script->config.version, &wide, &plain, &manual) == 4) {
            script->config.is_wide = wide != 0;
            script->config.is_plain_connect = plain != 0;
            script->config.is_manual = manual != 0;
        } else {
            is_good = read_step(script, line);
        }
    }
    if (file)
        (void)fclose(file);
    return is_good;
}

void script_cut(struct script *script, size_t from, size_t n)
{
    if (from + n > script->n_steps)
        n = script->n_steps - from;
    memmove(&script->steps[from], &script->steps[from + n],
            (script->n_steps - from - n) * sizeof(script->steps[0]));
    script->n_steps -= n;
}

/* SPDX-License-Identifier: MIT */
/* report_parts.h - what report.c (gathering) and report_render.c (forms) share. */
#ifndef OG_FUSEFS_REPORT_PARTS_H
#define OG_FUSEFS_REPORT_PARTS_H

#include <jansson.h>

#include "fusefs/report.h"

#define OG_REPORT_MAX_COLUMNS 12u

struct og_report_column {
    const char *key, *heading;
};

struct og_report_section {
    const char *name, *title, *text;
    struct og_report_column columns[OG_REPORT_MAX_COLUMNS];
    size_t n_columns;
};

struct og_report_control {
    const char *framework, *control, *asks, *sections, *beyond;
};

struct og_report {
    json_t *sections; /* name -> {key of the line -> line} */
    json_t *open;     /* statement -> lines that its outcome counts for */
    uint64_t n_lines, n_faults, first_sequence, last_sequence;
    int64_t first_ms, last_ms;
    bool is_out_of_memory;
    bool has_verified, is_verified;
    char verified[512], command[512];
};

const struct og_report_section *og_report_sections(size_t *n_out);
const struct og_report_control *og_report_controls(size_t *n_out);
/* "2026-11-24T12:00:00Z" */
void og_report_time(int64_t unix_ms, char out[static 32]);

#endif

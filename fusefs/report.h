/* SPDX-License-Identifier: MIT */
/* report.h - evidence from the ledger: who touched what, what was refused and approved, masked reads, policy
 * changes, access, administration; each line with the numbers of the records it comes from, and a table of
 * controls that the sections are evidence for. Reads ledger files where they lie; knows no guardfs.
 * Forms: JSON (the whole), Markdown, CSV, HTML (one file, no network). Sections are report_section.tbl.h,
 * controls report_control.tbl.h. Threads: one report each. */
#ifndef OG_FUSEFS_REPORT_H
#define OG_FUSEFS_REPORT_H

#include "common/base.h"
#include "common/buf.h"

struct og_report;

enum og_report_form {
    OG_REPORT_MARKDOWN = 0,
    OG_REPORT_CSV,
    OG_REPORT_HTML,
    OG_REPORT_JSON,
    OG_REPORT_FORM_COUNT
};

/* NULL without memory. */
struct og_report *og_report_new(void);
struct og_report *og_report_free(struct og_report *report);
/* One line of the ledger. A line that is no record counts as a fault and is told in the report. */
void og_report_take(struct og_report *report, const char *line, size_t n_bytes);
/* A whole file, line by line. Returns: 0; -errno. */
OG_MUST int og_report_take_file(struct og_report *report, const char *path);
/* Every day from first to last ("" for no bound) of an audit folder. Returns: 0; -ENOENT (no such day);
 * -errno. */
OG_MUST int og_report_take_folder(struct og_report *report, const char *folder, const char *first_day,
                                  const char *last_day);
/* What verification of the same files said; text: one line. */
void og_report_set_verified(struct og_report *report, bool is_good, const char *text,
                            const char *command);
/* out: the text. Returns: 0; -ENOMEM. */
OG_MUST int og_report_render(struct og_report *report, enum og_report_form form, struct og_buf *out);
/* The form of a word ("markdown", "md", "csv", "html", "json"), or OG_REPORT_FORM_COUNT. */
enum og_report_form og_report_form_from_word(const char *word);

#endif

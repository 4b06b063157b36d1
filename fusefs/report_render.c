/* SPDX-License-Identifier: MIT */
/* The forms of a report. One walk over sections and lines; each form says how a heading, a table's head,
 * a row and an end look. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fusefs/report_parts.h"

static const struct og_report_control controls[] = {
#define CONTROL(framework, control, asks, sections, beyond) \
    {framework, control, asks, sections, beyond},
#include "fusefs/report_control.tbl.h"
#undef CONTROL
};

const struct og_report_control *og_report_controls(size_t *n_out)
{
    *n_out = OG_COUNT(controls);
    return controls;
}

/* The table's rows are sections and, after each, its columns. */
struct row {
    bool is_section;
    const char *name, *title, *text;
};

static const struct row rows[] = {
#define SECTION(name, title, text) {true, #name, title, text},
#define COLUMN(key, heading) {false, #key, heading, NULL},
#include "fusefs/report_section.tbl.h"
#undef SECTION
#undef COLUMN
};

const struct og_report_section *og_report_sections(size_t *n_out)
{
    static struct og_report_section sections[OG_COUNT(rows)];
    static size_t n;

    for (size_t i = 0; !n && i < OG_COUNT(rows); i++) {
        struct og_report_section *last = NULL;
        size_t count = 0;

        for (size_t k = 0; k < OG_COUNT(rows); k++) {
            if (rows[k].is_section) {
                last = &sections[count++];
                *last = (struct og_report_section){
                    .name = rows[k].name, .title = rows[k].title, .text = rows[k].text};
            } else if (last && last->n_columns < OG_REPORT_MAX_COLUMNS) {
                last->columns[last->n_columns++] =
                    (struct og_report_column){rows[k].name, rows[k].title};
            }
        }
        n = count;
    }
    *n_out = n;
    return sections;
}

enum og_report_form og_report_form_from_word(const char *word)
{
    static const struct {
        const char *word;
        enum og_report_form form;
    } words[] = {{"markdown", OG_REPORT_MARKDOWN}, {"md", OG_REPORT_MARKDOWN},
                 {"csv", OG_REPORT_CSV},           {"html", OG_REPORT_HTML},
                 {"json", OG_REPORT_JSON}};

    for (size_t i = 0; i < OG_COUNT(words); i++)
        if (strcmp(word, words[i].word) == 0)
            return words[i].form;
    return OG_REPORT_FORM_COUNT;
}

/* ---- cells ---- */

/* What a browser, a Markdown reader or a spreadsheet would take for more than text is taken apart; text in
 * a ledger can come from an attacker. */
static void put_html(struct og_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            og_buf_append_str(out, "&amp;");
        else if (*text == '<')
            og_buf_append_str(out, "&lt;");
        else if (*text == '>')
            og_buf_append_str(out, "&gt;");
        else if (*text == '"')
            og_buf_append_str(out, "&quot;");
        else
            og_buf_append_char(out, *text);
    }
}

static void put_markdown(struct og_buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\`*_{}[]<>#|!", *text))
            og_buf_append_char(out, '\\');
        og_buf_append_char(out, (unsigned char)*text < 0x20 ? ' ' : *text);
    }
}

static void put_csv(struct og_buf *out, const char *text)
{
    og_buf_append_char(out, '"');
    /* A spreadsheet takes these for a formula. */
    if (*text && strchr("=+-@\t\r", *text))
        og_buf_append_char(out, '\'');
    for (; *text; text++) {
        if (*text == '"')
            og_buf_append_char(out, '"');
        og_buf_append_char(out, *text);
    }
    og_buf_append_char(out, '"');
}

struct form {
    void (*cell)(struct og_buf *out, const char *text);
    const char *row_begin, *between, *row_end;
    const char *head_begin, *head_between, *head_end;
    const char *table_end;
};

static const struct form forms[] = {
    [OG_REPORT_MARKDOWN] = {put_markdown, "| ", " | ", " |\n", "| ", " | ", " |\n", "\n"},
    [OG_REPORT_CSV] = {put_csv, "", ",", "\r\n", "", ",", "\r\n", "\r\n"},
    [OG_REPORT_HTML] = {put_html, "<tr><td>", "</td><td>", "</td></tr>\n", "<table><thead><tr><th>",
                        "</th><th>", "</th></tr></thead><tbody>\n", "</tbody></table>\n"},
};

static void put_cell(const struct form *form, struct og_buf *out, const json_t *value)
{
    char number[32];

    if (json_is_integer(value)) {
        (void)snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
        og_buf_append_str(out, number);
    } else {
        form->cell(out, json_is_string(value) ? json_string_value(value) : "");
    }
}

/* ---- tables ---- */

static void put_head(const struct form *form, enum og_report_form kind, struct og_buf *out,
                     const char *const *headings, size_t n)
{
    og_buf_append_str(out, form->head_begin);
    for (size_t i = 0; i < n; i++) {
        if (i)
            og_buf_append_str(out, form->head_between);
        form->cell(out, headings[i]);
    }
    og_buf_append_str(out, form->head_end);
    if (kind != OG_REPORT_MARKDOWN)
        return;
    og_buf_append_char(out, '|');
    for (size_t i = 0; i < n; i++)
        og_buf_append_str(out, "---|");
    og_buf_append_char(out, '\n');
}

static void put_row(const struct form *form, struct og_buf *out, const json_t *line,
                    const struct og_report_section *section)
{
    og_buf_append_str(out, form->row_begin);
    for (size_t i = 0; i < section->n_columns; i++) {
        if (i)
            og_buf_append_str(out, form->between);
        put_cell(form, out, json_object_get(line, section->columns[i].key));
    }
    og_buf_append_str(out, form->row_end);
}

static json_t *lines_of(const struct og_report *report, const struct og_report_section *section)
{
    return strcmp(section->name, "unknown") == 0
               ? report->open
               : json_object_get(report->sections, section->name);
}

static void put_title(enum og_report_form kind, struct og_buf *out, const char *name,
                      const char *title, const char *text)
{
    if (kind == OG_REPORT_MARKDOWN)
        og_buf_printf(out, "## %s\n\n%s\n\n", title, text);
    else if (kind == OG_REPORT_HTML)
        og_buf_printf(out, "<h2 id=\"%s\">%s</h2>\n<p>%s</p>\n", name, title, text);
    else
        og_buf_printf(out, "\"# %s\"\r\n", title);
}

static void put_nothing(enum og_report_form kind, struct og_buf *out)
{
    og_buf_append_str(out, kind == OG_REPORT_HTML       ? "<p class=none>none</p>\n"
                           : kind == OG_REPORT_MARKDOWN ? "none\n\n"
                                                        : "\r\n");
}

static void put_section(const struct og_report *report, enum og_report_form kind,
                        const struct og_report_section *section, struct og_buf *out)
{
    const struct form *form = &forms[kind];
    json_t *lines = lines_of(report, section), *line;
    const char *headings[OG_REPORT_MAX_COLUMNS], *key;

    put_title(kind, out, section->name, section->title, section->text);
    if (!json_object_size(lines)) {
        put_nothing(kind, out);
        return;
    }
    for (size_t i = 0; i < section->n_columns; i++)
        headings[i] = kind == OG_REPORT_CSV ? section->columns[i].key : section->columns[i].heading;
    put_head(form, kind, out, headings, section->n_columns);
    json_object_foreach(lines, key, line) {
        put_row(form, out, line, section);
    }
    og_buf_append_str(out, form->table_end);
}

/* "touched refused" -> "touched 12, refused 0": how much evidence there is. */
static void put_evidence(const struct og_report *report, const struct form *form,
                         const char *sections, struct og_buf *out)
{
    size_t n;
    const struct og_report_section *all = og_report_sections(&n);
    char text[256] = "";

    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(text);

        if (strstr(sections, all[i].name))
            (void)snprintf(text + used, sizeof(text) - used, "%s%s: %zu", used ? ", " : "",
                           all[i].title, json_object_size(lines_of(report, &all[i])));
    }
    form->cell(out, text);
}

static void put_controls(const struct og_report *report, enum og_report_form kind,
                         struct og_buf *out)
{
    static const char *const headings[] = {"framework", "control", "asks for",
                                           "evidence here (lines)", "needs beyond this"};
    const struct form *form = &forms[kind];

    put_title(kind, out, "controls", "Evidence per control",
              "Which sections speak to which control. This is evidence, not conformity: what a control needs "
              "beyond it stands in the last column.");
    put_head(form, kind, out, headings, OG_COUNT(headings));
    for (size_t i = 0; i < OG_COUNT(controls); i++) {
        const char *const cells[] = {controls[i].framework, controls[i].control, controls[i].asks,
                                     NULL, controls[i].beyond};

        og_buf_append_str(out, form->row_begin);
        for (size_t k = 0; k < OG_COUNT(cells); k++) {
            if (k)
                og_buf_append_str(out, form->between);
            if (cells[k])
                form->cell(out, cells[k]);
            else
                put_evidence(report, form, controls[i].sections, out);
        }
        og_buf_append_str(out, form->row_end);
    }
    og_buf_append_str(out, form->table_end);
}

/* ---- the whole ---- */

static const char style[] =
    "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>odbcguard report</title>\n"
    "<meta name=viewport content=\"width=device-width\">\n"
    "<style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;"
    "max-width:75rem;padding:0 1rem}h1{margin-bottom:.2em}h2{margin:2.2em 0 .3em}"
    "table{border-collapse:collapse;width:100%;font-size:14px}th{text-align:left;"
    "border-bottom:2px solid #8888;padding:.3em .6em}td{border-bottom:1px solid #8884;"
    "padding:.3em .6em;overflow-wrap:anywhere;vertical-align:top}.none{opacity:.6}"
    "code{background:#8882;padding:.1em .3em;border-radius:3px}.good{color:#1a7f37}.bad{color:#cf222e}"
    "nav a{margin-right:1em;white-space:nowrap}dl{display:grid;grid-template-columns:max-content 1fr;"
    "gap:.2em 1.2em}dt{opacity:.7}dd{margin:0}</style>\n";

static void put_fact(enum og_report_form kind, struct og_buf *out, const char *name,
                     const char *value)
{
    if (kind == OG_REPORT_HTML) {
        og_buf_printf(out, "<dt>%s</dt><dd>", name);
        put_html(out, value);
        og_buf_append_str(out, "</dd>\n");
    } else if (kind == OG_REPORT_MARKDOWN) {
        og_buf_printf(out, "- %s: ", name);
        put_markdown(out, value);
        og_buf_append_char(out, '\n');
    } else {
        put_csv(out, name);
        og_buf_append_char(out, ',');
        put_csv(out, value);
        og_buf_append_str(out, "\r\n");
    }
}

static void put_facts(const struct og_report *report, enum og_report_form kind, struct og_buf *out)
{
    char first[32], last[32], now[32], text[160];

    og_report_time(report->first_ms, first);
    og_report_time(report->last_ms, last);
    og_report_time((int64_t)time(NULL) * 1000, now);
    (void)snprintf(text, sizeof(text), "%s to %s", first, last);
    put_fact(kind, out, "time", report->n_lines ? text : "no records");
    (void)snprintf(text, sizeof(text), "%" PRIu64 " records, sequence %" PRIu64 " to %" PRIu64,
                   report->n_lines, report->first_sequence, report->last_sequence);
    put_fact(kind, out, "ledger", text);
    if (report->n_faults) {
        (void)snprintf(text, sizeof(text), "%" PRIu64 " lines are no records: verify the ledger",
                       report->n_faults);
        put_fact(kind, out, "faults", text);
    }
    put_fact(kind, out, "verification",
             report->has_verified ? report->verified : "not verified by this report");
    put_fact(kind, out, "to verify", report->command[0] ? report->command : "guardctl verify");
    put_fact(kind, out, "made", now);
}

static void put_navigation(struct og_buf *out)
{
    size_t n;
    const struct og_report_section *sections = og_report_sections(&n);

    og_buf_append_str(out, "<nav>");
    for (size_t i = 0; i < n; i++)
        og_buf_printf(out, "<a href=\"#%s\">%s</a> ", sections[i].name, sections[i].title);
    og_buf_append_str(out, "<a href=\"#controls\">Evidence per control</a></nav>\n");
}

static void render_text(const struct og_report *report, enum og_report_form kind,
                        struct og_buf *out)
{
    size_t n;
    const struct og_report_section *sections = og_report_sections(&n);

    if (kind == OG_REPORT_HTML)
        og_buf_printf(out, "%s<h1>odbcguard report</h1>\n<p class=%s>%s</p>\n<dl>\n", style,
                      !report->has_verified || report->is_verified ? "good" : "bad",
                      report->has_verified && !report->is_verified
                          ? "The ledger does not verify: do not rely on this report."
                          : "");
    else if (kind == OG_REPORT_MARKDOWN)
        og_buf_append_str(out, "# odbcguard report\n\n");
    put_facts(report, kind, out);
    og_buf_append_str(out, kind == OG_REPORT_HTML ? "</dl>\n" : kind == OG_REPORT_CSV ? "\r\n" : "\n");
    if (kind == OG_REPORT_HTML)
        put_navigation(out);
    for (size_t i = 0; i < n; i++)
        put_section(report, kind, &sections[i], out);
    put_controls(report, kind, out);
    if (kind == OG_REPORT_HTML)
        og_buf_append_str(out, "</html>\n");
}

static json_t *json_lines(json_t *lines)
{
    json_t *list = json_array(), *line;
    const char *key;

    json_object_foreach(lines, key, line) {
        json_t *copy = json_copy(line);

        (void)json_object_del(copy, "lines");
        (void)json_object_del(copy, "number");
        (void)json_array_append_new(list, copy);
    }
    return list;
}

static void render_json(const struct og_report *report, struct og_buf *out)
{
    size_t n;
    const struct og_report_section *sections = og_report_sections(&n);
    json_t *whole = json_pack("{s:I, s:I, s:I, s:I, s:b, s:s, s:s}", "records",
                              (json_int_t)report->n_lines, "first_sequence",
                              (json_int_t)report->first_sequence, "last_sequence",
                              (json_int_t)report->last_sequence, "faults",
                              (json_int_t)report->n_faults, "verified", report->is_verified,
                              "verification", report->verified, "verify_command", report->command);
    json_t *mapping = json_array();
    char *text;

    for (size_t i = 0; i < n; i++)
        (void)json_object_set_new(whole, sections[i].name,
                                  json_lines(lines_of(report, &sections[i])));
    for (size_t i = 0; i < OG_COUNT(controls); i++)
        (void)json_array_append_new(
            mapping, json_pack("{s:s, s:s, s:s, s:s, s:s}", "framework", controls[i].framework,
                               "control", controls[i].control, "asks", controls[i].asks, "sections",
                               controls[i].sections, "beyond", controls[i].beyond));
    (void)json_object_set_new(whole, "controls", mapping);
    text = json_dumps(whole, JSON_INDENT(1));
    og_buf_append_str(out, text ? text : "");
    og_buf_append_char(out, '\n');
    if (!text)
        out->is_failed = true;
    free(text);
    json_decref(whole);
}

int og_report_render(struct og_report *report, enum og_report_form form, struct og_buf *out)
{
    if (form == OG_REPORT_JSON)
        render_json(report, out);
    else
        render_text(report, form, out);
    return og_buf_is_failed(out) || report->is_out_of_memory ? -ENOMEM : 0;
}

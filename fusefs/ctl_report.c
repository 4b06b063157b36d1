/* SPDX-License-Identifier: MIT */
/* guardctl report: evidence from a ledger where it lies, without guardfs. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fusefs/chain.h"
#include "fusefs/ctl.h"
#include "fusefs/report.h"
#include "fusefs/verify.h"

const struct og_ctl_option og_ctl_report_options[] = {
    {"state", "DIR", "the ledger of that state folder (DIR/audit)"},
    {"from", "DAY", "first day, as 2026-11-24 (default: the earliest)"},
    {"to", "DAY", "last day (default: the latest)"},
    {"format", "FORM", "markdown (default), html, csv or json"},
    {"no-verify", NULL, "do not verify the ledger first"},
    {.name = NULL},
};

#define NEXT_STEP "give --state DIR, or the folder of a ledger"
#define MAX_OUT_BYTES (1024u * 1024u * 1024u)

static bool is_day(const char *text)
{
    char day[OG_DAY_BYTES];

    return og_day_from_name(text, "", day);
}

/* Says in the report whether what it was made from holds. */
static bool verify(const char *folder, struct og_report *report)
{
    struct og_verify_result result;
    struct og_buf text;
    char command[PATH_MAX + 32];
    bool is_good;

    og_buf_init(&text, 16384);
    is_good = og_verify_folder(folder, NULL, NULL, &result, &text) == 0 && result.is_good;
    (void)snprintf(command, sizeof(command), "guardctl verify %s", folder);
    og_report_set_verified(report, is_good, og_buf_str(&text), command);
    og_buf_release(&text);
    return is_good;
}

static int print(const struct og_ctl_call *call, struct og_report *report,
                 enum og_report_form form)
{
    struct og_buf out;
    int r;

    og_buf_init(&out, MAX_OUT_BYTES);
    r = og_report_render(report, form, &out);
    if (r < 0)
        r = og_ctl_fail(call, "ask for fewer days", "the report does not fit into memory");
    else if (fwrite(out.bytes, 1, out.n_bytes, stdout) != out.n_bytes || fflush(stdout) != 0)
        r = og_ctl_fail(call, NULL, "the report cannot be written: %s", strerror(errno));
    og_buf_release(&out);
    return r;
}

int og_ctl_report(const struct og_ctl_call *call)
{
    const char *state = og_ctl_option(call, "state"), *from = og_ctl_option(call, "from");
    const char *to = og_ctl_option(call, "to"), *word = og_ctl_option(call, "format");
    enum og_report_form form = call->is_json ? OG_REPORT_JSON : OG_REPORT_MARKDOWN;
    char folder[PATH_MAX];
    struct og_report *report;
    bool is_good = true;
    int r;

    if (word)
        form = og_report_form_from_word(word);
    if (form == OG_REPORT_FORM_COUNT)
        return og_ctl_fail(call, "markdown, html, csv or json", "--format %s is not known", word);
    if ((from && !is_day(from)) || (to && !is_day(to)))
        return og_ctl_fail(call, "write days as 2026-11-24", "this is no day");
    if (!state == !call->n_args)
        return og_ctl_fail(call, NEXT_STEP, "which ledger?");
    (void)snprintf(folder, sizeof(folder), state ? "%s/audit" : "%s", state ? state : call->args[0]);
    report = og_report_new();
    if (!report)
        return og_ctl_fail(call, NULL, "memory is short");
    if (!og_ctl_option(call, "no-verify"))
        is_good = verify(folder, report);
    r = og_report_take_folder(report, folder, from ? from : "", to ? to : "");
    if (r == -ENOENT)
        r = og_ctl_fail(call, NEXT_STEP, "%s holds no ledger of these days", folder);
    else if (r < 0)
        r = og_ctl_fail(call, NEXT_STEP, "%s: %s", folder, strerror(-r));
    else
        r = print(call, report, form);
    og_report_free(report);
    return r != OG_CTL_OK ? r : is_good ? OG_CTL_OK : OG_CTL_NO;
}

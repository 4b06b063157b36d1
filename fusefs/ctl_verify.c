/* SPDX-License-Identifier: MIT */
/* guardctl verify: checks a ledger where it lies, without guardfs. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fusefs/ctl.h"
#include "fusefs/verify.h"

const struct og_ctl_option og_ctl_verify_options[] = {
    {"state", "DIR", "check DIR/audit, the ledger of that state folder"},
    {"anchors", "FILE", "also against the anchors in FILE, the second place of the configuration"},
    {"key", "FILE", "with the public key in FILE instead of the folder's anchor.pub.pem"},
    {.name = NULL},
};

#define NEXT_STEP "give --state DIR, a folder of a ledger, or its files"
#define MAX_REPORT_BYTES 16384u

static void show_progress(void *context, const struct og_verify_result *so_far)
{
    (void)context;
    fprintf(stderr, "\r%" PRIu64 " lines, sequence %" PRIu64 " ", so_far->n_lines,
            so_far->first_sequence + so_far->n_lines - 1);
}

static void print_json(const struct og_verify_result *result, const char *report)
{
    og_ctl_json_open(NULL, '{');
    og_ctl_json_bool("ok", result->is_good);
    og_ctl_json_number("files", result->n_files);
    og_ctl_json_number("lines", result->n_lines);
    og_ctl_json_number("first_sequence", result->first_sequence);
    og_ctl_json_number("last_sequence", result->last_sequence);
    og_ctl_json_text("last_sha256", result->last_hash);
    og_ctl_json_number("anchors", result->n_anchors);
    og_ctl_json_number("last_anchored", result->last_anchored);
    og_ctl_json_number("copied_anchors", result->n_copies);
    og_ctl_json_number("last_copied", result->last_copied);
    og_ctl_json_bool("earlier_retired", result->is_retired);
    og_ctl_json_number("first_epoch", result->first_epoch);
    og_ctl_json_number("last_epoch", result->last_epoch);
    if (!result->is_good) {
        og_ctl_json_open("fault", '{');
        og_ctl_json_text("file", result->file);
        og_ctl_json_number("line", result->line);
        og_ctl_json_number("sequence", result->sequence);
        og_ctl_json_text("what", result->what);
        og_ctl_json_close('}');
    }
    og_ctl_json_text("report", report);
    og_ctl_json_close('}');
}

static int tell(const struct og_ctl_call *call, int r, const struct og_verify_result *result,
                struct og_buf *report)
{
    if (call->is_json == false && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (r) {
        if (report->n_bytes)
            report->bytes[report->n_bytes - 1] = '\0'; /* the line's end */
        return og_ctl_fail(call, NEXT_STEP, "%s",
                           report->n_bytes ? report->bytes : strerror(-r));
    }
    if (result->is_good && !result->n_lines)
        return og_ctl_fail(call, NEXT_STEP, "there are no ledger lines to check");
    if (call->is_json) {
        print_json(result, og_buf_str(report));
    } else {
        fputs(og_ctl_paint(call, result->is_good ? 'g' : 'r'), stdout);
        og_ctl_print_safe(og_buf_str(report), report->n_bytes, true);
        fputs(og_ctl_paint(call, 0), stdout);
    }
    return result->is_good ? OG_CTL_OK : OG_CTL_NO;
}

int og_ctl_verify(const struct og_ctl_call *call)
{
    const char *state = og_ctl_option(call, "state");
    const struct og_verify_with with = {.anchors = og_ctl_option(call, "anchors"),
                                        .key = og_ctl_option(call, "key")};
    const char *folder = call->n_args == 1 ? call->args[0] : NULL;
    char audit[4096];
    struct stat info;
    struct og_verify_result result;
    struct og_buf report;
    og_verify_progress *progress =
        !call->is_json && isatty(STDERR_FILENO) ? show_progress : NULL;
    int r;

    if (state && call->n_args)
        return og_ctl_fail(call, NULL, "--state and files exclude each other");
    if (!state && !call->n_args)
        return og_ctl_fail(call, NEXT_STEP, "verify needs to know which ledger to check");
    if (state) {
        if (snprintf(audit, sizeof(audit), "%s/audit", state) >= (int)sizeof(audit))
            return og_ctl_fail(call, NULL, "the name of the state folder is too long");
        folder = audit;
    } else if (folder) {
        if (stat(folder, &info) != 0)
            return og_ctl_fail(call, NEXT_STEP, "%s cannot be read: %s", folder, strerror(errno));
        folder = S_ISDIR(info.st_mode) ? folder : NULL;
    }
    if (!folder && (with.anchors || with.key))
        return og_ctl_fail(call, NULL, "--anchors and --key take a folder, or --state");
    og_buf_init(&report, MAX_REPORT_BYTES);
    if (folder)
        r = og_verify_folder_with(folder, &with, progress, NULL, &result, &report);
    else
        r = og_verify_files(call->args, call->n_args, progress, NULL, &result, &report);
    r = tell(call, r, &result, &report);
    og_buf_release(&report);
    return r;
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fusefs/chain.h"
#include "fusefs/verify_copy.h"

#define PUBLIC_KEY "anchor.pub.pem"
#define PROGRESS_LINES 20000u

struct check {
    struct og_verify_result *out;
    struct og_buf *report;
    og_verify_progress *progress;
    void *context;
    struct og_chain chain;
    const char *last_file; /* where the chain's last line stands; NULL before the first */
    char last_name[64];
    uint64_t last_line;
    EVP_PKEY *key; /* of the folder that is being checked; NULL: there is none */
    const char *key_path; /* a key from elsewhere instead */
    struct og_verify_copy copy;
    uint64_t retired; /* last sequence of the days that a record says were retired */
};

/* Anchors of one day, read beside its lines. */
struct anchors {
    int fd;
    struct og_lines lines;
    struct og_anchor next;
    bool has_next;
    char name[64];
};

/* Ends the check; apart from og_lines_next's outcomes. */
#define FAULT 100

/* Notes the first fault. Returns: FAULT. */
static int fault(struct check *check, const char *file, uint64_t line, uint64_t sequence,
                 const char *what, const char *text)
{
    struct og_verify_result *out = check->out;

    out->is_good = false;
    (void)snprintf(out->file, sizeof(out->file), "%s", file);
    out->line = line;
    out->sequence = sequence;
    out->what = what;
    og_buf_append_str(check->report, file);
    if (line)
        og_buf_printf(check->report, ":%" PRIu64, line);
    if (sequence)
        og_buf_printf(check->report, ": sequence %" PRIu64, sequence);
    og_buf_printf(check->report, ": %s: %s\n", what, text);
    return FAULT;
}

/* Moves to the next anchor and checks it by itself. */
static int next_anchor(struct check *check, struct anchors *anchors)
{
    struct og_verify_result *out = check->out;
    uint64_t before = anchors->next.sequence;
    const char *line;
    size_t n_bytes;
    int r = og_lines_next(&anchors->lines, &line, &n_bytes);
    uint64_t at = anchors->lines.n_read;

    anchors->has_next = false;
    if (r == OG_LINES_E_END || r < 0)
        return r < 0 ? r : 0;
    if (r)
        return fault(check, anchors->name, at + 1, 0, "truncated", "an anchor is not whole");
    if (!og_anchor_parse(line, n_bytes, &anchors->next))
        return fault(check, anchors->name, at, 0, "changed", "this is no anchor");
    if (!check->key)
        return fault(check, anchors->name, at, anchors->next.sequence, "missing",
                     "anchors cannot be checked without " PUBLIC_KEY " beside them");
    if (!og_anchor_is_signed(check->key, &anchors->next))
        return fault(check, anchors->name, at, anchors->next.sequence, "changed",
                     "the anchor's signature does not verify");
    if (anchors->next.sequence <= before)
        return fault(check, anchors->name, at, anchors->next.sequence, "reordered",
                     "an earlier anchor comes later");
    if (anchors->next.epoch < out->last_epoch)
        return fault(check, anchors->name, at, anchors->next.sequence, "anchor",
                     "the epoch falls: an older state folder was restored");
    if (!out->first_epoch)
        out->first_epoch = anchors->next.epoch;
    out->last_epoch = anchors->next.epoch;
    out->n_anchors++;
    anchors->has_next = true;
    return 0;
}

/* Compares anchors that name the chain's last line. */
static int meet_anchors(struct check *check, struct anchors *anchors)
{
    int r = 0;

    while (r == 0 && anchors->has_next && anchors->next.sequence <= check->chain.sequence) {
        /* Written for the day before, right after a restart: its line is in a file not given. */
        if (anchors->next.sequence + 1 == check->out->first_sequence &&
            anchors->next.sequence < check->chain.sequence) {
            r = next_anchor(check, anchors);
            continue;
        }
        if (anchors->next.sequence < check->chain.sequence)
            return fault(check, anchors->name, anchors->lines.n_read, anchors->next.sequence,
                         "anchor", "the line that the anchor names is not in this file");
        if (strcmp(anchors->next.hash, check->chain.hash) != 0)
            return fault(check, check->last_file, check->last_line, check->chain.sequence,
                         "changed", "its SHA-256 is not what its signed anchor says");
        check->out->last_anchored = anchors->next.sequence;
        r = next_anchor(check, anchors);
    }
    return r;
}

static int next_copy(struct check *check)
{
    struct og_verify_copy *copy = &check->copy;
    int r = og_verify_copy_next(copy, check->key);

    if (r == OG_VERIFY_COPY_E_SIGNATURE)
        return fault(check, copy->name, copy->lines.n_read, copy->next.sequence, "changed",
                     "the anchor's signature is not of this ledger's key: the ledger or the key was "
                     "made anew");
    if (r == OG_VERIFY_COPY_E_ORDER)
        return fault(check, copy->name, copy->lines.n_read, copy->next.sequence, "anchor",
                     "sequence or epoch falls: an older state folder was restored");
    return r;
}

/* Compares the chain's last line with what a second place says of it. */
static int meet_copy(struct check *check)
{
    struct og_verify_copy *copy = &check->copy;
    int r = 0;

    while (r == 0 && copy->has_next && copy->next.sequence <= check->chain.sequence) {
        if (copy->next.sequence == check->chain.sequence) {
            if (strcmp(copy->next.hash, check->chain.hash) != 0)
                return fault(check, check->last_file, check->last_line, check->chain.sequence,
                             "changed", "its SHA-256 is not what the anchor in the second place says");
            check->out->n_copies++;
            check->out->last_copied = copy->next.sequence;
        }
        r = next_copy(check);
    }
    return r;
}

/* "last_sequence":"N" of a record that days were retired. A client's text cannot look like it: quotes in it
 * are escaped. */
static void note_retired(struct check *check, const char *line, size_t n_bytes)
{
    static const char what[] = "\"what\":\"retired\"", last[] = "\"last_sequence\":\"";
    const char *at = memmem(line, n_bytes, what, sizeof(what) - 1);
    uint64_t sequence;

    at = at ? memmem(line, n_bytes, last, sizeof(last) - 1) : NULL;
    sequence = at ? strtoull(at + sizeof(last) - 1, NULL, 10) : 0; /* a line ends with a newline */
    if (sequence > check->retired && sequence < check->chain.sequence)
        check->retired = sequence;
}

static int line_fault(struct check *check, const char *name, uint64_t at, uint64_t found,
                      enum og_chain_fault kind)
{
    char text[192];

    switch (kind) {
    case OG_CHAIN_MISSING:
        (void)snprintf(text, sizeof(text), "%" PRIu64 " lines before it are missing (after %" PRIu64
                       ")", found - check->chain.sequence - 1, check->chain.sequence);
        return fault(check, name, at, found, "missing", text);
    case OG_CHAIN_REORDERED:
        (void)snprintf(text, sizeof(text), "it comes after sequence %" PRIu64,
                       check->chain.sequence);
        return fault(check, name, at, found, "reordered", text);
    case OG_CHAIN_CHANGED:
        if (check->last_file) {
            (void)snprintf(text, sizeof(text), "its SHA-256 is not what the next line (%s:%" PRIu64
                           ") says", name, at);
            return fault(check, check->last_file, check->last_line, check->chain.sequence,
                         "changed", text);
        }
        return fault(check, name, at, found, "changed",
                     "the first line of all must have a fingerprint of zeros");
    case OG_CHAIN_GOOD:
    case OG_CHAIN_UNREADABLE:
    default:
        return fault(check, name, at, found, "unreadable",
                     "it is no JSON object with metadata.sequence and a fingerprint of the line "
                     "before it");
    }
}

static int one_line(struct check *check, const char *name, const struct og_lines *lines,
                    const char *line, size_t n_bytes)
{
    struct og_verify_result *out = check->out;
    enum og_chain_fault kind;
    uint64_t found;
    int r = og_chain_add(&check->chain, line, n_bytes, &kind, &found);

    if (r)
        return r;
    if (kind)
        return line_fault(check, name, lines->n_read, found, kind);
    if (!check->last_file || strcmp(check->last_name, name) != 0)
        (void)snprintf(check->last_name, sizeof(check->last_name), "%s", name);
    check->last_file = check->last_name;
    check->last_line = lines->n_read;
    if (!out->first_sequence)
        out->first_sequence = found;
    out->n_lines++;
    out->n_bytes += n_bytes;
    note_retired(check, line, n_bytes);
    r = meet_copy(check);
    if (r)
        return r;
    if (check->progress && out->n_lines % PROGRESS_LINES == 0)
        check->progress(check->context, out);
    return 0;
}

/* The next line; a torn one at the end of a file that is being written may become whole. */
static int patient_next(struct og_lines *lines, const char **line, size_t *n_bytes)
{
    static const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    int r = og_lines_next(lines, line, n_bytes);

    for (int i = 0; i < 5 && r == OG_LINES_E_TORN; i++) {
        (void)nanosleep(&pause, NULL);
        r = og_lines_next(lines, line, n_bytes);
    }
    return r;
}

static int check_lines(struct check *check, int fd, const char *name, struct anchors *anchors)
{
    struct og_lines lines;
    const char *line;
    size_t n_bytes;
    int r = og_lines_open(fd, 0, UINT64_MAX, &lines);

    if (r == 0 && check->chain.is_begun)
        r = meet_anchors(check, anchors);
    while (r == 0) {
        r = patient_next(&lines, &line, &n_bytes);
        if (r == OG_LINES_E_TORN)
            r = fault(check, name, lines.n_read + 1, check->chain.sequence + 1, "truncated",
                      "the last line is not whole");
        else if (r == OG_LINES_E_LONG)
            r = fault(check, name, lines.n_read + 1, check->chain.sequence + 1, "unreadable",
                      "the line is longer than any that guardfs writes");
        else if (r == OG_LINES_E_END)
            break;
        else if (r == 0)
            r = one_line(check, name, &lines, line, n_bytes);
        if (r == 0)
            r = meet_anchors(check, anchors);
    }
    og_lines_close(&lines);
    if (r == OG_LINES_E_END && anchors->has_next)
        return fault(check, name, 0, check->chain.sequence, "truncated",
                     "it ends before the line that its last anchors name");
    return r == OG_LINES_E_END ? 0 : r;
}

/* The size is taken first: lines that an anchor of now names are there by the time they are read. */
static int open_anchors(struct check *check, int folder_fd, const char *day,
                        struct anchors *anchors)
{
    struct stat info;
    int r;

    *anchors = (struct anchors){.fd = -1, .lines.fd = -1};
    (void)snprintf(anchors->name, sizeof(anchors->name), "%.10s.anchors", day);
    anchors->fd = openat(folder_fd, anchors->name, O_RDONLY | O_CLOEXEC);
    if (anchors->fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstat(anchors->fd, &info) != 0)
        return -errno;
    r = og_lines_open(anchors->fd, 0, (uint64_t)info.st_size, &anchors->lines);
    return r ? r : next_anchor(check, anchors);
}

static int check_day(struct check *check, int folder_fd, const char *day)
{
    struct anchors anchors;
    char name[64];
    int fd = -1, r = open_anchors(check, folder_fd, day, &anchors);

    (void)snprintf(name, sizeof(name), "%.10s.jsonl", day);
    if (r == 0) {
        fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            r = errno != ENOENT ? -errno
                                : fault(check, name, 0, 0, "missing",
                                        "its anchors are there, the file is not");
    }
    if (r == 0) {
        r = check_lines(check, fd, name, &anchors);
        check->out->n_files++;
    }
    if (r < 0)
        og_buf_printf(check->report, "%s cannot be read: %s\n", name, strerror(-r));
    if (fd >= 0)
        (void)close(fd);
    og_lines_close(&anchors.lines);
    if (anchors.fd >= 0)
        (void)close(anchors.fd);
    return r;
}

static void load_key(struct check *check, int folder_fd)
{
    int fd = check->key_path ? open(check->key_path, O_RDONLY | O_CLOEXEC)
                             : openat(folder_fd, PUBLIC_KEY, O_RDONLY | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

    EVP_PKEY_free(check->key);
    check->key = file ? PEM_read_PUBKEY(file, NULL, NULL, NULL) : NULL;
    if (check->key && EVP_PKEY_get_id(check->key) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(check->key);
        check->key = NULL;
    }
    if (file)
        (void)fclose(file);
    else if (fd >= 0)
        (void)close(fd);
}

static void begin(struct check *check, og_verify_progress *progress, void *context,
                  struct og_verify_result *out, struct og_buf *report)
{
    *out = (struct og_verify_result){.is_good = true};
    *check = (struct check){
        .out = out, .report = report, .progress = progress, .context = context, .copy.fd = -1};
}

static int finish(struct check *check, int r)
{
    struct og_verify_result *out = check->out;

    EVP_PKEY_free(check->key);
    og_verify_copy_close(&check->copy);
    out->is_retired = check->retired + 1 == out->first_sequence;
    out->last_sequence = check->chain.sequence;
    memcpy(out->last_hash, check->chain.is_begun ? check->chain.hash : OG_CHAIN_ZERO,
           sizeof(out->last_hash));
    if (r) {
        out->is_good = false;
        return r < 0 ? r : 0;
    }
    og_buf_printf(check->report, "good: %" PRIu64 " lines in %" PRIu64 " files, sequence %" PRIu64
                  " to %" PRIu64 ", %" PRIu64 " anchors", out->n_lines, out->n_files,
                  out->first_sequence, out->last_sequence, out->n_anchors);
    if (out->n_anchors)
        og_buf_printf(check->report, ", epoch %" PRIu64 " to %" PRIu64, out->first_epoch,
                      out->last_epoch);
    og_buf_append_char(check->report, '\n');
    if (out->first_sequence > 1)
        og_buf_printf(check->report, "note: it begins at sequence %" PRIu64 "; earlier files are not "
                      "here%s\n", out->first_sequence,
                      out->is_retired ? ", they were retired, as a record says"
                                      : ", and no record here says that they were retired");
    if (check->copy.name)
        og_buf_printf(check->report, "second place: %" PRIu64 " anchors, the last for sequence %" PRIu64
                      "%s\n", out->n_copies, out->last_copied,
                      check->copy.n_skipped ? "; lines there that are no anchors were passed over" : "");
    if (out->last_anchored < out->last_sequence)
        og_buf_printf(check->report, "note: no anchor signs the lines after sequence %" PRIu64
                      "\n", out->last_anchored);
    return 0;
}

/* Both lists in one order, so that anchors without lines are seen as well. */
static int check_days(struct check *check, int folder_fd, const struct og_days *lines,
                      const struct og_days *anchors)
{
    size_t i = 0, j = 0;
    int r = 0;

    while (r == 0 && (i < lines->n_days || j < anchors->n_days)) {
        int order = i == lines->n_days     ? 1
                    : j == anchors->n_days ? -1
                                           : strcmp(lines->days[i], anchors->days[j]);

        r = check_day(check, folder_fd, order <= 0 ? lines->days[i] : anchors->days[j]);
        i += order <= 0;
        j += order >= 0;
    }
    return r;
}

/* Begins with a second place, if there is one. */
static int begin_copy(struct check *check, const char *path)
{
    int r = og_verify_copy_open(&check->copy, path);

    if (r < 0)
        og_buf_printf(check->report, "%s cannot be read: %s\n", path, strerror(-r));
    return r;
}

int og_verify_folder_with(const char *audit_folder, const struct og_verify_with *with,
                          og_verify_progress *progress, void *context,
                          struct og_verify_result *out, struct og_buf *report)
{
    struct og_days lines = {.days = NULL}, anchors = {.days = NULL};
    struct check check;
    int fd = open(audit_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? -errno : 0;

    begin(&check, progress, context, out, report);
    check.key_path = with->key;
    if (begin_copy(&check, with->anchors) < 0) { /* before the days: see verify_copy.h */
        if (fd >= 0)
            (void)close(fd);
        return finish(&check, -ENOENT);
    }
    if (r == 0)
        r = og_days_list(fd, ".jsonl", &lines);
    if (r == 0)
        r = og_days_list(fd, ".anchors", &anchors);
    if (r < 0) {
        og_buf_printf(report, "%s cannot be read: %s\n", audit_folder, strerror(-r));
    } else {
        load_key(&check, fd);
        r = next_copy(&check);
        if (r == 0)
            r = check_days(&check, fd, &lines, &anchors);
        if (r == 0 && check.copy.has_next)
            r = fault(&check, with->anchors, check.copy.lines.n_read, check.copy.next.sequence, "truncated",
                      "the ledger ends before the line that this anchor names");
    }
    free(lines.days);
    free(anchors.days);
    if (fd >= 0)
        (void)close(fd);
    return finish(&check, r);
}

int og_verify_folder(const char *audit_folder, og_verify_progress *progress, void *context,
                     struct og_verify_result *out, struct og_buf *report)
{
    static const struct og_verify_with nothing = {.anchors = NULL};

    return og_verify_folder_with(audit_folder, &nothing, progress, context, out, report);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(base_name(*(const char *const *)a), base_name(*(const char *const *)b));
}

static int check_path(struct check *check, const char *path)
{
    const char *name = base_name(path);
    char folder[4096], day[OG_DAY_BYTES];
    size_t n_folder = (size_t)(name - path);
    int fd, r;

    if (!og_day_from_name(name, ".jsonl", day) || n_folder >= sizeof(folder)) {
        og_buf_printf(check->report, "%s is not named YYYY-MM-DD.jsonl, as ledger files are\n", path);
        return -EINVAL;
    }
    (void)snprintf(folder, sizeof(folder), "%.*s", n_folder ? (int)n_folder : 1,
                   n_folder ? path : ".");
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || faccessat(fd, name, R_OK, 0) != 0) {
        r = -errno;
        og_buf_printf(check->report, "%s cannot be read: %s\n", path, strerror(-r));
    } else {
        load_key(check, fd);
        r = check_day(check, fd, day);
    }
    if (fd >= 0)
        (void)close(fd);
    return r;
}

int og_verify_files(const char *const *paths, size_t n_paths, og_verify_progress *progress,
                    void *context, struct og_verify_result *out, struct og_buf *report)
{
    const char **sorted = calloc(n_paths ? n_paths : 1, sizeof(*sorted));
    struct check check;
    int r = sorted ? 0 : -ENOMEM;

    begin(&check, progress, context, out, report);
    for (size_t i = 0; i < n_paths && r == 0; i++)
        sorted[i] = paths[i];
    if (r == 0 && n_paths)
        qsort(sorted, n_paths, sizeof(*sorted), compare_names);
    for (size_t i = 0; i < n_paths && r == 0; i++)
        r = check_path(&check, sorted[i]);
    free(sorted);
    return finish(&check, r);
}

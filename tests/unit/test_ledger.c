/* SPDX-License-Identifier: MIT */
/* The ledger: chain, days, reopening, torn ends, a disk that refuses, and that verify finds every
 * flipped byte. With two arguments it only makes a ledger of N lines: test_ledger FOLDER N. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/limits.h"
#include "fusefs/chain.h"
#include "fusefs/json.h"
#include "fusefs/ledger.h"
#include "fusefs/record.h"
#include "fusefs/verify.h"
#include "tests/tap.h"

static char state[] = "/tmp/og-ledger-XXXXXX";
static struct og_buf text;

/* The test's clock: nothing in the ledger can be told the time but by the system's. */
static int64_t clock_offset_s;
int clock_gettime(clockid_t id, struct timespec *out)
{
    static int64_t base;

    (void)id;
    if (!base)
        base = (int64_t)time(NULL);
    out->tv_sec = (time_t)(base + clock_offset_s);
    out->tv_nsec = 123 * 1000 * 1000;
    return 0;
}

static struct og_ledger *open_ledger(int *r)
{
    struct og_ledger *ledger = NULL;

    og_buf_clear(&text);
    *r = og_ledger_open(state, &ledger, &text);
    return ledger;
}

static int add(struct og_ledger *ledger, const char *message)
{
    struct og_ledger_head head;
    struct og_record_who who = {.display = "user:alice", .uid = 1001, .login_uid = UINT32_MAX};
    struct og_buf line;
    int r;

    og_buf_init(&line, OG_MAX_RECORD_BYTES);
    og_ledger_next(ledger, &head);
    og_record_line_event(&head, &who, "daemon", "note", "", message, NULL, 0, &line);
    r = og_ledger_append(ledger, line.bytes, line.n_bytes);
    og_buf_release(&line);
    return r;
}

static int add_many(struct og_ledger *ledger, int n)
{
    int r = 0;

    for (int i = 0; i < n && r == 0; i++)
        r = add(ledger, "a line \xC3\xA4 \"quoted\"\n");
    return r;
}

static bool verify(struct og_verify_result *result)
{
    char folder[128];
    int r;

    (void)snprintf(folder, sizeof(folder), "%s/audit", state);
    og_buf_clear(&text);
    r = og_verify_folder(folder, NULL, NULL, result, &text);
    if (r)
        tap_note("verify: %d", r);
    return r == 0 && result->is_good;
}

static void path_of(const char *day, const char *suffix, char out[static 256])
{
    (void)snprintf(out, 256, "%s/audit/%s%s", state, day, suffix);
}

static void clear_state(void)
{
    char command[160];

    (void)snprintf(command, sizeof(command), "rm -rf %s/*", state);
    if (system(command) != 0)
        tap_note("cannot clear %s", state);
    clock_offset_s = 0;
}

static void test_chain(void)
{
    struct og_verify_result result;
    struct og_ledger *ledger, *second;
    char key[65], again[65];
    int r;

    clear_state();
    ledger = open_ledger(&r);
    tap_ok(r == 0, "a_new_state_folder_opens");
    second = open_ledger(&r);
    tap_ok(r == OG_LEDGER_E_BUSY && !second, "a_second_writer_is_busy");
    tap_ok(add_many(ledger, 50) == 0 && og_ledger_written(ledger) == 0, "lines_are_queued");
    tap_ok(og_ledger_flush(ledger) == 0 && og_ledger_written(ledger) == 50 &&
               og_ledger_durable(ledger) == 0, "flush_writes_them");
    tap_ok(og_ledger_sync(ledger) == 0 && og_ledger_durable(ledger) == 50, "sync_makes_durable");
    tap_ok(og_ledger_append(ledger, "{}\n", 3) == -EINVAL, "a_line_for_no_head_is_refused");
    tap_ok(og_ledger_keyed(ledger, "x", 1, key) == 0 && strlen(key) == 64, "keyed_digest");
    clock_offset_s = 86400;
    tap_ok(add_many(ledger, 50) == 0 && og_ledger_flush(ledger) == 0, "the_next_day_is_written");
    clock_offset_s = 10;
    tap_ok(add_many(ledger, 5) == 0 && og_ledger_flush(ledger) == 0, "a_clock_set_back_goes_on");
    tap_ok(og_ledger_epoch(ledger) == 1, "the_first_epoch_is_1");
    og_ledger_close(ledger);
    tap_ok(verify(&result) && result.n_files == 2 && result.last_sequence == 105 &&
               result.last_anchored == 105 && result.n_anchors == 2,
           "it_verifies_over_the_change_of_day");
    clock_offset_s = 86400;
    ledger = open_ledger(&r);
    tap_ok(r == 0 && og_ledger_epoch(ledger) == 2 && og_ledger_written(ledger) == 105,
           "reopening_continues_with_a_new_epoch");
    tap_ok(og_ledger_keyed(ledger, "x", 1, again) == 0 && strcmp(key, again) == 0,
           "the_text_key_stays");
    tap_ok(add_many(ledger, 3) == 0, "and_appends");
    og_ledger_close(ledger);
    tap_ok(verify(&result) && result.last_sequence == 108 && result.last_epoch == 2,
           "and_verifies");
}

static void test_torn(void)
{
    struct og_verify_result result;
    struct og_ledger *ledger;
    char path[256];
    int r, fd;

    ledger = open_ledger(&r);
    path_of(og_ledger_day(ledger), ".jsonl", path);
    og_ledger_close(ledger);
    fd = open(path, O_WRONLY | O_APPEND);
    tap_ok(fd >= 0 && write(fd, "{\"time\":17", 10) == 10, "a_torn_line_is_there");
    (void)close(fd);
    tap_ok(!verify(&result) && result.what && strcmp(result.what, "truncated") == 0,
           "verify_sees_the_torn_line");
    ledger = open_ledger(&r);
    tap_ok(r == 0 && og_ledger_cut_bytes(ledger) == 10, "open_cuts_it_off_and_tells");
    tap_ok(add_many(ledger, 2) == 0, "and_goes_on");
    og_ledger_close(ledger);
    tap_ok(verify(&result), "and_verifies_again");
}

static void test_broken_end(void)
{
    struct og_ledger *ledger;
    char path[256], line[256];
    struct stat info;
    int r, fd;
    char c;

    ledger = open_ledger(&r);
    path_of(og_ledger_day(ledger), ".jsonl", path);
    og_ledger_close(ledger);
    (void)stat(path, &info);
    fd = open(path, O_RDWR);
    (void)pread(fd, &c, 1, info.st_size - 5);
    (void)pwrite(fd, "#", 1, info.st_size - 5);
    ledger = open_ledger(&r);
    tap_ok(r == OG_LEDGER_E_BROKEN && !ledger && text.n_bytes, "a_broken_end_does_not_open");
    (void)pwrite(fd, &c, 1, info.st_size - 5);
    ledger = open_ledger(&r);
    tap_ok(r == 0, "restored_it_opens");
    og_ledger_close(ledger);
    (void)stat(path, &info);
    (void)pread(fd, line, sizeof(line), info.st_size - (off_t)sizeof(line));
    (void)ftruncate(fd, info.st_size - 300); /* into the last line */
    ledger = open_ledger(&r);
    tap_ok(r == OG_LEDGER_E_BROKEN, "an_end_cut_off_behind_an_anchor_does_not_open");
    (void)close(fd);
}

static void test_foreign_hand(void)
{
    struct og_ledger *ledger;
    char path[256];
    int r, fd;

    clear_state();
    ledger = open_ledger(&r);
    r = add_many(ledger, 3) || og_ledger_flush(ledger);
    path_of(og_ledger_day(ledger), ".jsonl", path);
    fd = open(path, O_WRONLY | O_APPEND);
    (void)write(fd, "x\n", 2);
    (void)close(fd);
    tap_ok(r == 0 && add(ledger, "m") == 0 && og_ledger_flush(ledger) == -ESTALE,
           "a_file_that_someone_else_wrote_is_not_gone_on_with");
    tap_ok(add(ledger, "m") < 0, "until_it_is_opened_again");
    og_ledger_close(ledger);
}

static void test_full_disk(void)
{
    struct rlimit before, limit;
    struct og_verify_result result;
    struct og_ledger *ledger;
    int r;

    clear_state();
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)getrlimit(RLIMIT_FSIZE, &before);
    ledger = open_ledger(&r);
    limit = before;
    limit.rlim_cur = 10000;
    (void)setrlimit(RLIMIT_FSIZE, &limit);
    tap_ok(add_many(ledger, 100) == 0 && og_ledger_flush(ledger) == -EFBIG,
           "a_disk_that_refuses_is_told");
    tap_ok(og_ledger_written(ledger) > 0 && og_ledger_written(ledger) < 100 &&
               og_ledger_failed_from(ledger) == og_ledger_written(ledger) + 1,
           "and_from_which_sequence_on");
    tap_ok(add(ledger, "more") == -EFBIG && og_ledger_error(ledger) == -EFBIG,
           "an_append_is_refused_at_once");
    tap_ok(verify(&result) && result.last_sequence == og_ledger_written(ledger),
           "the_file_stays_valid");
    (void)setrlimit(RLIMIT_FSIZE, &before);
    tap_ok(add_many(ledger, 10) == 0 && og_ledger_flush(ledger) == 0 &&
               og_ledger_error(ledger) == 0, "with_room_it_goes_on");
    og_ledger_close(ledger);
    tap_ok(verify(&result), "and_verifies");
    (void)signal(SIGXFSZ, SIG_DFL);
}

/* Flips a byte of a file, verifies, puts it back. Returns whether the flip was found. */
static bool is_flip_found(int fd, off_t at)
{
    struct og_verify_result result;
    unsigned char c, flipped;
    bool is_found;

    if (pread(fd, &c, 1, at) != 1)
        return false;
    flipped = (unsigned char)(c ^ (1u << (at % 7)));
    (void)pwrite(fd, &flipped, 1, at);
    is_found = !verify(&result) && text.n_bytes && result.file[0];
    if (!is_found)
        tap_note("flip of byte %lld (%02x) was not found", (long long)at, c);
    (void)pwrite(fd, &c, 1, at);
    return is_found;
}

static void test_flips(const char *suffix)
{
    struct og_verify_result result;
    struct og_ledger *ledger;
    struct stat info;
    char path[256];
    int r, fd, n_missed = 0;

    clear_state();
    ledger = open_ledger(&r);
    for (int i = 0; i < 5; i++)
        r = r || add_many(ledger, 20) || og_ledger_flush(ledger) || og_ledger_anchor(ledger, 0);
    path_of(og_ledger_day(ledger), suffix, path);
    og_ledger_close(ledger);
    tap_ok(r == 0 && verify(&result) && result.n_anchors == 5, "unchanged_it_verifies");
    fd = open(path, O_RDWR);
    (void)fstat(fd, &info);
    srandom(7);
    for (int i = 0; i < 300; i++)
        n_missed += !is_flip_found(fd, random() % info.st_size);
    /* The last line has no next one: only its anchor speaks for it. */
    for (off_t i = 1; i < 900 && i < info.st_size; i += i < 30 ? 1 : 3)
        n_missed += !is_flip_found(fd, info.st_size - i);
    tap_ok(n_missed == 0, "every_flipped_byte_in_%s_is_found", suffix + 1);
    tap_ok(verify(&result), "put_back_it_verifies");
    (void)close(fd);
}

/* Removes or swaps whole lines with awk-like care: reads all, writes the chosen ones. */
static void rewrite(const char *path, int skip, int swap, int cut)
{
    static char lines[200][2048];
    FILE *file = fopen(path, "r");
    int n = 0;

    while (file && n < 200 && fgets(lines[n], sizeof(lines[n]), file))
        n++;
    if (file)
        (void)fclose(file);
    file = fopen(path, "w");
    for (int i = 0; file && i < n - cut; i++)
        if (i != skip)
            fputs(lines[i == swap ? i + 1 : i == swap + 1 && swap >= 0 ? i - 1 : i], file);
    if (file)
        (void)fclose(file);
}

static void test_lines_moved(void)
{
    static const struct { int skip, swap, cut; const char *what, *name; uint64_t line; } rows[] = {
        {10, -9, 0, "missing", "a_missing_line_is_found", 11},
        {-1, 10, 0, "missing", "swapped_lines_are_found", 11},
        {-1, -9, 3, "truncated", "a_cut_end_is_found_by_its_anchor", 0},
    };

    for (size_t i = 0; i < OG_COUNT(rows); i++) {
        struct og_verify_result result;
        struct og_ledger *ledger;
        char path[256];
        int r;

        clear_state();
        ledger = open_ledger(&r);
        r = add_many(ledger, 40);
        path_of(og_ledger_day(ledger), ".jsonl", path);
        og_ledger_close(ledger);
        clock_offset_s = 0;
        {
            struct og_days days;
            char folder[128];
            int fd;

            (void)snprintf(folder, sizeof(folder), "%s/audit", state);
            fd = open(folder, O_RDONLY | O_DIRECTORY);
            r = r || og_days_list(fd, ".jsonl", &days);
            path_of(days.days[0], ".jsonl", path);
            free(days.days);
            (void)close(fd);
        }
        rewrite(path, rows[i].skip, rows[i].swap, rows[i].cut);
        tap_ok(r == 0 && !verify(&result) && strcmp(result.what, rows[i].what) == 0 &&
                   result.line == rows[i].line, "%s", rows[i].name);
        if (result.is_good || result.line != rows[i].line)
            tap_note("%s", og_buf_str(&text));
    }
}

static void test_restored(void)
{
    struct og_verify_result result;
    struct og_ledger *ledger;
    char command[600];
    int r;

    clear_state();
    ledger = open_ledger(&r);
    r = add_many(ledger, 3);
    og_ledger_close(ledger);
    ledger = open_ledger(&r); /* epoch 2 */
    r = r || add_many(ledger, 3);
    og_ledger_close(ledger);
    (void)snprintf(command, sizeof(command), "rm %s/epoch", state);
    r = r || system(command);
    ledger = open_ledger(&r);
    tap_ok(r == 0 && og_ledger_epoch(ledger) == 3, "a_lost_epoch_goes_on_from_the_anchors");
    og_ledger_close(ledger);
    (void)snprintf(command, sizeof(command), "rm %s/keys/anchor.pem", state);
    r = system(command);
    ledger = open_ledger(&r);
    tap_ok(r == OG_LEDGER_E_BROKEN && !ledger, "a_lost_key_is_not_replaced_silently");
    tap_ok(verify(&result), "the_ledger_still_verifies");
    (void)snprintf(command, sizeof(command), "rm %s/audit/anchor.pub.pem", state);
    r = system(command);
    tap_ok(!verify(&result), "without_the_public_key_anchors_do_not_verify");
    ledger = open_ledger(&r);
    r = r || add_many(ledger, 3);
    og_ledger_close(ledger);
    tap_ok(r == 0 && !verify(&result), "another_key_does_not_verify_old_anchors");
}

/* Writes until it is killed, telling each durable sequence. */
static void write_until_killed(int fd)
{
    struct og_ledger *ledger;
    int r;

    ledger = open_ledger(&r);
    for (int i = 1; r == 0; i++) {
        uint64_t durable;

        r = add_many(ledger, 7) || og_ledger_flush(ledger) || og_ledger_sync(ledger);
        durable = og_ledger_durable(ledger);
        if (r == 0 && write(fd, &durable, sizeof(durable)) != (ssize_t)sizeof(durable))
            r = 1;
        if (r == 0 && i % 5 == 0)
            r = og_ledger_anchor(ledger, 0);
    }
    _exit(1);
}

static void test_killed(void)
{
    struct og_verify_result result;
    struct og_ledger *ledger;
    uint64_t durable = 0, next;
    int pair[2], r, n_bad = 0;
    pid_t child;

    clear_state();
    if (!tap_ok(pipe(pair) == 0, "a_pipe"))
        return;
    child = fork();
    if (child == 0)
        write_until_killed(pair[1]);
    (void)close(pair[1]);
    for (int i = 0; i < 300 && read(pair[0], &next, sizeof(next)) == (ssize_t)sizeof(next); i++) {
        durable = next;
        if (i % 30 == 29 && !verify(&result)) {
            tap_note("%s", og_buf_str(&text));
            n_bad++;
        }
    }
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    while (read(pair[0], &next, sizeof(next)) == (ssize_t)sizeof(next))
        durable = next;
    (void)close(pair[0]);
    tap_ok(n_bad == 0 && durable > 1000, "verify_is_right_while_the_ledger_is_written");
    ledger = open_ledger(&r);
    if (!tap_ok(r == 0 && og_ledger_written(ledger) >= durable,
                "after_a_kill_every_durable_line_is_there"))
        tap_note("%d %s", r, og_buf_str(&text));
    r = r || add_many(ledger, 3);
    og_ledger_close(ledger);
    tap_ok(r == 0 && verify(&result) && result.last_sequence > durable, "and_it_goes_on");
}

/* More than the part of the file that open reads again. */
static void test_large(void)
{
    struct og_verify_result result;
    struct og_ledger *ledger;
    int r;

    clear_state();
    ledger = open_ledger(&r);
    r = r || add_many(ledger, 8000) || og_ledger_flush(ledger);
    og_ledger_close(ledger);
    ledger = open_ledger(&r);
    tap_ok(r == 0 && og_ledger_written(ledger) == 8000, "a_large_file_reopens");
    r = r || add_many(ledger, 10);
    og_ledger_close(ledger);
    tap_ok(r == 0 && verify(&result) && result.n_lines == 8010, "and_verifies");
}

static int make_only(const char *folder, int n)
{
    struct og_ledger *ledger;
    int r;

    og_buf_init(&text, 4096);
    r = og_ledger_open(folder, &ledger, &text);
    if (r) {
        fprintf(stderr, "%s\n", og_buf_str(&text));
        return 1;
    }
    r = add_many(ledger, n / 2) || og_ledger_flush(ledger) || og_ledger_anchor(ledger, 0);
    clock_offset_s = 86400;
    r = r || add_many(ledger, n - n / 2);
    og_ledger_close(ledger);
    og_buf_release(&text);
    return r != 0;
}

int main(int argc, char **argv)
{
    char command[64];

    if (argc == 3)
        return make_only(argv[1], atoi(argv[2]));
    if (!mkdtemp(state))
        return 99;
    og_buf_init(&text, 4096);
    test_chain();
    test_torn();
    test_broken_end();
    test_foreign_hand();
    test_full_disk();
    test_flips(".jsonl");
    test_flips(".anchors");
    test_lines_moved();
    test_restored();
    test_killed();
    test_large();
    og_buf_release(&text);
    (void)snprintf(command, sizeof(command), "rm -rf %s", state);
    if (system(command) != 0)
        tap_note("%s is left", state);
    return tap_done();
}

/* SPDX-License-Identifier: MIT */
/* What an approver saved: the answer, its terms, and a statement that was changed. */
#define _GNU_SOURCE 1
#include "fusefs/request_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "common/utf.h"

#define MAX_FOR_S (7u * 86400u)
#define MAX_USES 1000000u

static int refuse(struct og_request_edit *out, size_t line, const char *format, ...)
    OG_PRINTF(3, 4);

static int refuse(struct og_request_edit *out, size_t line, const char *format, ...)
{
    int n = snprintf(out->problem, sizeof(out->problem), "line %zu: ", line);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(out->problem + n, sizeof(out->problem) - (size_t)n, format, args);
    va_end(args);
    return -EBADMSG;
}

static size_t count_lines(const char *text, size_t n_bytes)
{
    size_t n = 1;

    for (size_t i = 0; i < n_bytes; i++)
        n += text[i] == '\n';
    return n;
}

/* The next line without its end; carriage returns and trailing blanks taken off. */
static size_t next_line(const char **at, const char *end, const char **line)
{
    const char *feed = memchr(*at, '\n', (size_t)(end - *at));
    size_t n;

    *line = *at;
    n = (size_t)((feed ? feed : end) - *at);
    *at = feed ? feed + 1 : end;
    while (n && ((*line)[n - 1] == '\r' || (*line)[n - 1] == ' ' || (*line)[n - 1] == '\t'))
        n--;
    return n;
}

static bool is_word(const char *text, size_t n, const char *word)
{
    return n == strlen(word) && memcmp(text, word, n) == 0;
}

static const char *skip_blanks(const char *text, size_t *n)
{
    while (*n && (*text == ' ' || *text == '\t')) {
        text++;
        (*n)--;
    }
    return text;
}

static int read_decision(const char *line, size_t n, size_t number, struct og_request_edit *out)
{
    static const char *const words[] = {"pending", "approve", "deny", "break-glass"};
    size_t key = strlen("decision:");

    if (n < key || memcmp(line, "decision:", key) != 0)
        return refuse(out, number, "expected \"decision: approve\" or \"decision: deny\"");
    n -= key;
    line = skip_blanks(line + key, &n);
    for (size_t i = 0; i < OG_COUNT(words); i++)
        if (is_word(line, n, words[i])) {
            out->decision = words[i];
            return 0;
        }
    return refuse(out, number, "the decision is not one of: approve, deny, break-glass, pending");
}

static int read_reason(const char *line, size_t n, size_t number, struct og_request_edit *out)
{
    size_t key = strlen("reason:");

    if (n < key || memcmp(line, "reason:", key) != 0)
        return refuse(out, number, "expected \"reason:\" after the decision");
    n -= key;
    line = skip_blanks(line + key, &n);
    if (n >= 2 && (line[0] == '"' || line[0] == '\'') && line[n - 1] == line[0]) {
        line++;
        n -= 2;
    }
    if (n >= sizeof(out->reason))
        return refuse(out, number, "the reason is longer than %zu bytes", sizeof(out->reason) - 1);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            return refuse(out, number, "the reason holds a control character");
    memcpy(out->reason, line, n);
    out->reason[n] = '\0';
    return 0;
}

/* Where the two texts part, as a line number. */
static int differs(const struct og_request *request, const char *text, size_t n_bytes,
                   struct og_request_edit *out)
{
    size_t i = 0;

    while (i < n_bytes && request->text[i] && text[i] == request->text[i])
        i++;
    return refuse(out, count_lines(text, i),
                  "this line must stay as it was; only the statement, the decision and what is below it "
                  "may change");
}

/* ---- terms ---- */

/* The value of a "key: value" line, without quotes; NULL: another key. */
static const char *value_of(const char *line, size_t n, const char *key, char *out, size_t max)
{
    size_t n_key = strlen(key);

    if (n < n_key || memcmp(line, key, n_key) != 0)
        return NULL;
    n -= n_key;
    line = skip_blanks(line + n_key, &n);
    if (n >= 2 && (line[0] == '"' || line[0] == '\'') && line[n - 1] == line[0]) {
        line++;
        n -= 2;
    }
    (void)snprintf(out, max, "%.*s", (int)(n < max ? n : max - 1), line);
    return out;
}

/* Digits up to max, then the rest in *rest. */
static bool read_number(const char *text, uint64_t max, uint64_t *out, const char **rest)
{
    *out = 0;
    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        *out = *out * 10 + (uint64_t)(*text - '0');
        if (*out > max)
            return false;
    }
    *rest = text;
    return true;
}

static bool read_for(const char *text, uint32_t *out)
{
    static const struct {
        const char *unit;
        uint32_t seconds;
    } units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    uint64_t number;
    const char *rest;

    if (!read_number(text, MAX_FOR_S, &number, &rest) || !number)
        return false;
    for (size_t i = 0; i < OG_COUNT(units); i++)
        if (strcmp(rest, units[i].unit) == 0 && number * units[i].seconds <= MAX_FOR_S) {
            *out = (uint32_t)(number * units[i].seconds);
            return true;
        }
    return false;
}

static bool read_rows(const char *text, struct og_grant_terms *out)
{
    const char *rest;

    if (text[0] != '<' || text[1] != '=')
        return false;
    text += 2 + strspn(text + 2, " ");
    out->has_rows_max = true;
    return read_number(text, UINT32_MAX, &out->rows_max, &rest) && !*rest;
}

int og_request_file_read_term(const char *line, size_t n, size_t number, struct og_grant_terms *terms,
                              char problem[static 256])
{
    struct og_request_edit edit = {.decision = ""};
    char text[64];
    const char *rest, *value;
    int r = 0;

    if ((value = value_of(line, n, "for:", text, sizeof(text)))) {
        if (!read_for(value, &terms->for_s))
            r = refuse(&edit, number, "for is a time of up to 7 days, as in for: 2h");
    } else if ((value = value_of(line, n, "uses:", text, sizeof(text)))) {
        if (!read_number(value, MAX_USES, &terms->uses, &rest) || *rest || !terms->uses)
            r = refuse(&edit, number, "uses is a number from 1 to %u", MAX_USES);
    } else if ((value = value_of(line, n, "rows:", text, sizeof(text)))) {
        if (!read_rows(value, terms))
            r = refuse(&edit, number, "rows is a bound, as in rows: \"<= 50\"");
    } else if ((value = value_of(line, n, "parameters:", text, sizeof(text)))) {
        terms->is_shape = strcmp(value, "any") == 0;
        if (!terms->is_shape && strcmp(value, "same") != 0)
            r = refuse(&edit, number, "parameters is same or any");
    } else {
        r = refuse(&edit, number, "expected for:, uses:, rows:, parameters: or the end mark ...");
    }
    if (r)
        (void)snprintf(problem, 256, "%s", edit.problem);
    return r;
}

/* ---- a changed statement ---- */

/* The lines of the block below the key: from begin (its first line) to end. Returns whether it is there. */
static bool find_block(const char *text, size_t n_fixed, const char **begin, const char **end)
{
    static const char key[] = "\nsql: |2\n";
    const char *at = strstr(text, key);

    if (!at || (size_t)(at - text) >= n_fixed)
        return false;
    *begin = at + strlen(key);
    for (at = *begin; *at == ' '; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : at + strlen(at))
        ;
    *end = at;
    return true;
}

/* Takes indented (or empty) lines as the statement. Returns where they end; NULL without memory. */
static const char *take_block(const char *at, const char *end, char **out)
{
    struct og_buf sql;
    const char *line, *next = at;
    size_t n;

    og_buf_init(&sql, OG_MAX_REQUEST_BYTES);
    while (at < end) {
        n = next_line(&next, end, &line);
        if (n && (n < 2 || line[0] != ' ' || line[1] != ' '))
            break;
        og_buf_append(&sql, n ? line + 2 : "", n ? n - 2 : 0);
        og_buf_append_char(&sql, '\n');
        at = next;
    }
    while (sql.n_bytes && sql.bytes[sql.n_bytes - 1] == '\n')
        sql.bytes[--sql.n_bytes] = '\0';
    *out = strdup(og_buf_str(&sql));
    og_buf_release(&sql);
    return *out ? at : NULL;
}

/* Where the statement alone differs: takes it. Returns: where the fixed part ends in text; NULL. */
static const char *read_changed(const struct og_request *request, size_t n_fixed, const char *text,
                                size_t n_bytes, struct og_request_edit *out)
{
    const char *begin, *end, *at;
    size_t n_before, n_after;

    if (!find_block(request->text, n_fixed, &begin, &end))
        return NULL;
    n_before = (size_t)(begin - request->text);
    n_after = (size_t)(request->text + n_fixed - end);
    if (n_bytes < n_before || memcmp(text, request->text, n_before) != 0)
        return NULL;
    at = take_block(text + n_before, text + n_bytes, &out->sql);
    if (at && (size_t)(text + n_bytes - at) >= n_after && memcmp(at, end, n_after) == 0)
        return at + n_after;
    free(out->sql);
    out->sql = NULL;
    return NULL;
}

static bool has_terms(const struct og_grant_terms *terms)
{
    return terms->uses || terms->for_s || terms->has_rows_max || terms->is_shape;
}

static int check_changed(struct og_request_edit *out)
{
    if (!out->sql)
        return 0;
    if (!*out->sql)
        return refuse(out, 1, "the statement is empty: deny the request instead");
    if (strcmp(out->decision, "deny") == 0)
        return refuse(out, 1, "a denial changes nothing else: leave the statement as it was");
    if (has_terms(&out->terms))
        return refuse(out, 1, "a changed statement is measured first: save it alone, then approve");
    return 0;
}

/* ---- the whole ---- */

static int read_tail(const char *at, const char *end, size_t number, struct og_request_edit *out)
{
    const char *line;
    size_t n = next_line(&at, end, &line);
    int r = read_decision(line, n, number, out);

    if (r)
        return r;
    n = next_line(&at, end, &line);
    r = read_reason(line, n, ++number, out);
    for (; r == 0; number++) {
        if (at == end)
            return refuse(out, number + 1, "the end mark ... is missing: the file is not whole");
        n = next_line(&at, end, &line);
        if (is_word(line, n, "..."))
            break;
        r = og_request_file_read_term(line, n, number + 1, &out->terms, out->problem);
    }
    if (r)
        return r;
    if (at != end)
        return refuse(out, number + 2, "there is text after the end mark");
    if (strcmp(out->decision, "approve") != 0 && has_terms(&out->terms))
        return refuse(out, number, "for, uses, rows and parameters go with decision: approve");
    return 0;
}

int og_request_file_read(const struct og_request *request, const char *text, size_t n_bytes,
                         struct og_request_edit *out)
{
    size_t n_fixed = og_request_file_fixed_bytes(request->text);
    const char *tail = text + n_fixed;
    int r;

    memset(out, 0, sizeof(*out));
    if (n_bytes > OG_MAX_REQUEST_BYTES) {
        (void)snprintf(out->problem, sizeof(out->problem), "the file is larger than %u bytes",
                       OG_MAX_REQUEST_BYTES);
        return -EFBIG;
    }
    if (memchr(text, '\0', n_bytes) || og_utf8_valid_prefix(text, n_bytes) != n_bytes)
        return refuse(out, count_lines(text, og_utf8_valid_prefix(text, n_bytes)),
                      "the text is not valid UTF-8");
    if (n_bytes < n_fixed || memcmp(text, request->text, n_fixed) != 0) {
        tail = read_changed(request, n_fixed, text, n_bytes, out);
        if (!tail)
            return differs(request, text, n_bytes, out);
    }
    r = read_tail(tail, text + n_bytes, count_lines(text, (size_t)(tail - text)), out);
    if (r == 0)
        r = check_changed(out);
    if (r) {
        free(out->sql);
        out->sql = NULL;
    }
    return r;
}

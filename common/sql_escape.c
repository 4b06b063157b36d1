/* SPDX-License-Identifier: MIT */
#include "common/sql_escape.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/limits.h"

#define MAX_DEPTH 64u
#define MAX_ARGUMENTS 4u
#define MAX_NAME_BYTES 64u

static const struct function {
    const char *name;
    size_t n_least, n_most;
    const char *postgresql, *sqlite;
} functions[] = {
#define FN(name, n_least, n_most, postgresql, sqlite) {name, n_least, n_most, postgresql, sqlite},
#include "common/sql_escape.tbl.h"
#undef FN
};

struct walk {
    enum og_dialect dialect;
    const struct og_lex *lex;
    const char *text;
    size_t i; /* the next token */
    size_t depth;
    struct og_escape_error *error;
};

static int expand_until(struct walk *walk, const char *stops, struct og_buf *out);

static int fail_at(struct walk *walk, size_t token, const char *what)
{
    const struct og_token *at = &walk->lex->tokens[token];

    /* Behind the last token: the end of the text. */
    if (token < walk->lex->n_tokens)
        walk->error->position = at->position;
    else if (walk->lex->n_tokens)
        walk->error->position = at[-1].position + at[-1].n_bytes;
    walk->error->what = what;
    return OG_ESCAPE_E_TEXT;
}

static const struct og_token *peek(const struct walk *walk)
{
    return walk->i < walk->lex->n_tokens ? &walk->lex->tokens[walk->i] : NULL;
}

static void skip_gap(struct walk *walk)
{
    const struct og_token *token;

    while ((token = peek(walk)) != NULL &&
           (token->kind == OG_TOKEN_SPACE || token->kind == OG_TOKEN_COMMENT))
        walk->i++;
}

/* Whether the next token is this mark: a brace or an operator of one character. */
static bool is_mark(const struct walk *walk, char mark)
{
    const struct og_token *token = peek(walk);

    return token && token->n_bytes == 1 && walk->text[token->position] == mark &&
           (token->kind == OG_TOKEN_BRACE || token->kind == OG_TOKEN_OPERATOR);
}

static bool is_word(const struct walk *walk, const struct og_token *token, const char *word)
{
    return token && token->kind == OG_TOKEN_WORD && token->n_bytes == strlen(word) &&
           strncasecmp(walk->text + token->position, word, token->n_bytes) == 0;
}

/* A space where the end of out and what comes next could run into one token. */
static void set_apart(struct og_buf *out)
{
    char last = out->n_bytes ? out->bytes[out->n_bytes - 1] : ' ';

    if (!strchr(" \t\r\n(,", last))
        og_buf_append_char(out, ' ');
}

static int take_mark(struct walk *walk, char mark, const char *what)
{
    skip_gap(walk);
    if (!is_mark(walk, mark))
        return fail_at(walk, walk->i, what);
    walk->i++;
    return 0;
}

static int number(const char *text, size_t n)
{
    int value = 0;

    for (size_t i = 0; i < n; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

static bool is_form(const char *text, size_t n_bytes, const char *form)
{
    if (n_bytes != strlen(form))
        return false;
    for (size_t i = 0; i < n_bytes; i++) {
        bool is_digit = text[i] >= '0' && text[i] <= '9';
        bool is_hex = is_digit || ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'f');

        if (form[i] == '9' ? !is_digit : form[i] == 'x' ? !is_hex : text[i] != form[i])
            return false;
    }
    return true;
}

static bool is_date(const char *text, size_t n_bytes)
{
    static const int n_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    bool is_leap;

    if (!is_form(text, n_bytes, "9999-99-99"))
        return false;
    year = number(text, 4);
    month = number(text + 5, 2);
    day = number(text + 8, 2);
    is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month >= 1 && month <= 12 && day >= 1 &&
           day <= n_days[month - 1] + (month == 2 && is_leap);
}

static bool is_time(const char *text, size_t n_bytes)
{
    return is_form(text, n_bytes, "99:99:99") && number(text, 2) <= 23 &&
           number(text + 3, 2) <= 59 && number(text + 6, 2) <= 59;
}

static bool is_timestamp(const char *text, size_t n_bytes)
{
    if (n_bytes < 19 || !is_date(text, 10) || text[10] != ' ' || !is_time(text + 11, 8))
        return false;
    if (n_bytes == 19)
        return true;
    return n_bytes > 20 && n_bytes <= 29 && text[19] == '.' &&
           is_form(text + 20, n_bytes - 20, &"999999999"[29 - n_bytes]);
}

static bool is_guid(const char *text, size_t n_bytes)
{
    return is_form(text, n_bytes, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

static bool is_one_character(const char *text, size_t n_bytes)
{
    size_t n = 0;

    /* The doubled quote is one; a backslash depends on the session's settings. */
    if (n_bytes == 2 && text[0] == '\'' && text[1] == '\'')
        return true;
    for (size_t i = 0; i < n_bytes; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n == 1;
}

static const struct literal {
    const char *word;
    bool (*is_good)(const char *text, size_t n_bytes);
    const char *postgresql, *sqlite; /* what stands before the constant; NULL: refused */
    const char *what;
} literals[] = {
    {"d", is_date, "DATE ", "", "a date escape that is not {d 'yyyy-mm-dd'}"},
    {"t", is_time, "TIME ", "", "a time escape that is not {t 'hh:mm:ss'}"},
    {"ts", is_timestamp, "TIMESTAMP ", "",
     "a timestamp escape that is not {ts 'yyyy-mm-dd hh:mm:ss[.f]'}"},
    {"guid", is_guid, "UUID ", NULL, "a GUID escape that is not of its form or not known here"},
    {"escape", is_one_character, "ESCAPE ", "ESCAPE ", "an escape clause that is not {escape 'c'}"},
};

static int expand_literal(struct walk *walk, const struct literal *literal, struct og_buf *out)
{
    bool is_postgresql = walk->dialect == OG_DIALECT_POSTGRESQL;
    const char *prefix = is_postgresql ? literal->postgresql : literal->sqlite;
    const struct og_token *token;
    const char *text;

    skip_gap(walk);
    token = peek(walk);
    if (!token || token->kind != OG_TOKEN_STRING)
        return fail_at(walk, walk->i, literal->what);
    text = walk->text + token->position;
    if (!prefix || token->n_bytes < 2 || text[0] != '\'' ||
        !literal->is_good(text + 1, token->n_bytes - 2))
        return fail_at(walk, walk->i, literal->what);
    walk->i++;
    set_apart(out);
    og_buf_append_str(out, prefix);
    og_buf_append(out, text, token->n_bytes);
    return take_mark(walk, '}', literal->what);
}

/* Reads the arguments behind the opening parenthesis into args, up to behind the closing one. */
static int read_arguments(struct walk *walk, struct og_buf *args, size_t *n_args)
{
    int r;

    *n_args = 0;
    skip_gap(walk);
    if (is_mark(walk, ')')) {
        walk->i++;
        return 0;
    }
    for (;;) {
        if (*n_args == MAX_ARGUMENTS)
            return fail_at(walk, walk->i, "a scalar function with too many arguments");
        skip_gap(walk);
        r = expand_until(walk, ",)", &args[*n_args]);
        if (r != 0)
            return r;
        if (args[*n_args].n_bytes == 0)
            return fail_at(walk, walk->i, "a scalar function with an empty argument");
        ++*n_args;
        if (is_mark(walk, ')')) {
            walk->i++;
            return 0;
        }
        walk->i++;
    }
}

static void fill(const char *form, const struct og_buf *args, size_t n_args, struct og_buf *out)
{
    set_apart(out);
    for (; *form; form++) {
        if (*form != '#') {
            og_buf_append_char(out, *form);
            continue;
        }
        form++;
        for (size_t i = 0; i < n_args; i++) {
            if (*form != '*' && *form != (char)('1' + (int)i))
                continue;
            if (*form == '*' && i > 0)
                og_buf_append_str(out, ", ");
            og_buf_append(out, og_buf_str(&args[i]), args[i].n_bytes);
        }
    }
}

/* The name in lower case, with the word of the first argument behind it where that is a unit.
 * What does not fit is no name that is known. */
static void read_name(struct walk *walk, char name[static MAX_NAME_BYTES])
{
    const struct og_token *token = peek(walk);
    size_t n = strlen(name);

    if (!token || token->kind != OG_TOKEN_WORD || n + 1 + token->n_bytes >= MAX_NAME_BYTES) {
        name[0] = '\0';
        return;
    }
    if (n)
        name[n++] = ' ';
    for (size_t i = 0; i < token->n_bytes; i++) {
        char c = walk->text[token->position + i];

        name[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    name[n] = '\0';
    walk->i++;
}

/* The word of a type as convert's last argument: it moves to the name. */
static void take_type(char name[static MAX_NAME_BYTES], struct og_buf *args, size_t *n_args)
{
    const char *word = *n_args ? og_buf_str(&args[*n_args - 1]) : "";
    size_t n = strlen(name), n_word = strcspn(word, " \t\r\n");

    if (!*word || n + 1 + n_word >= MAX_NAME_BYTES ||
        word[n_word + strspn(word + n_word, " \t\r\n")])
        return;
    name[n++] = ' ';
    for (size_t i = 0; i < n_word; i++)
        name[n++] = word[i] >= 'A' && word[i] <= 'Z' ? (char)(word[i] - 'A' + 'a') : word[i];
    name[n] = '\0';
    --*n_args;
}

/* Returns: the form for so many arguments, or NULL with *is_known when another number would do. */
static const char *find_form(const struct walk *walk, const char *name, size_t n_args,
                             bool *is_known)
{
    *is_known = false;
    for (size_t i = 0; i < OG_COUNT(functions); i++) {
        const char *form = walk->dialect == OG_DIALECT_POSTGRESQL ? functions[i].postgresql
                                                                  : functions[i].sqlite;

        if (!form || strcmp(functions[i].name, name) != 0)
            continue;
        *is_known = true;
        if (n_args >= functions[i].n_least && n_args <= functions[i].n_most)
            return form;
    }
    return NULL;
}

static bool has_name(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; n && i < OG_COUNT(functions); i++)
        if (strncmp(functions[i].name, name, n) == 0 &&
            (functions[i].name[n] == '\0' || functions[i].name[n] == ' '))
            return true;
    return false;
}

/* From behind the name to behind the closing brace. */
static int read_call(struct walk *walk, char name[static MAX_NAME_BYTES], struct og_buf *args,
                     size_t *n_args)
{
    bool is_first_a_word = strncmp(name, "timestamp", 9) == 0;
    int r;

    *n_args = 0;
    skip_gap(walk);
    if (is_mark(walk, '}')) { /* {fn CURRENT_DATE} */
        walk->i++;
        return 0;
    }
    r = take_mark(walk, '(', "a scalar function without parentheses");
    if (r == 0 && is_first_a_word) {
        skip_gap(walk);
        read_name(walk, name);
        r = take_mark(walk, ',', "a unit of time without a comma behind it");
    }
    if (r == 0)
        r = read_arguments(walk, args, n_args);
    if (r == 0)
        r = take_mark(walk, '}', "a scalar function with something behind its parentheses");
    if (r == 0 && strcmp(name, "convert") == 0)
        take_type(name, args, n_args);
    return r;
}

static int expand_function(struct walk *walk, struct og_buf *out)
{
    char name[MAX_NAME_BYTES] = "";
    struct og_buf args[MAX_ARGUMENTS];
    const char *form = NULL;
    size_t n_args, start;
    bool is_known;
    int r;

    skip_gap(walk);
    start = walk->i;
    read_name(walk, name);
    if (!has_name(name))
        return fail_at(walk, start, "a scalar function that is not known here");
    for (size_t i = 0; i < MAX_ARGUMENTS; i++)
        og_buf_init(&args[i], OG_MAX_SQL_BYTES);
    r = read_call(walk, name, args, &n_args);
    if (r == 0) {
        form = find_form(walk, name, n_args, &is_known);
        if (!form)
            r = fail_at(walk, start,
                        is_known ? "a scalar function with another number of arguments"
                                 : "a scalar function that is not known here");
    }
    for (size_t i = 0; i < MAX_ARGUMENTS; i++)
        if (og_buf_is_failed(&args[i]))
            r = -ENOMEM;
    if (r == 0)
        fill(form, args, n_args, out);
    for (size_t i = 0; i < MAX_ARGUMENTS; i++)
        og_buf_wipe(&args[i]);
    return r;
}

/* From behind the opening brace to behind the closing one. */
static int expand_escape(struct walk *walk, struct og_buf *out)
{
    size_t brace = walk->i - 1;
    const struct og_token *word;
    int r;

    skip_gap(walk);
    word = peek(walk);
    if (is_word(walk, word, "call") || (word && word->kind == OG_TOKEN_MARKER))
        return fail_at(walk, brace, "a procedure call");
    for (size_t i = 0; i < OG_COUNT(literals); i++) {
        if (is_word(walk, word, literals[i].word)) {
            walk->i++;
            return expand_literal(walk, &literals[i], out);
        }
    }
    if (is_word(walk, word, "fn")) {
        walk->i++;
        return expand_function(walk, out);
    }
    if (!is_word(walk, word, "oj"))
        return fail_at(walk, brace, "an escape sequence that is not known here");
    walk->i++;
    set_apart(out);
    r = expand_until(walk, "}", out);
    if (r == 0)
        walk->i++;
    return r;
}

/* Copies and expands up to one of the marks in stops that is not inside parentheses or brackets,
 * and stands on it then; stops "" means to the end of the text. */
static int expand_until(struct walk *walk, const char *stops, struct og_buf *out)
{
    const struct og_token *token;
    size_t n_open = 0;
    bool is_after_escape = false;
    int r = 0;

    if (++walk->depth > MAX_DEPTH)
        return fail_at(walk, walk->i, "escape sequences nested too deep");
    while (r == 0 && (token = peek(walk)) != NULL && !og_buf_is_failed(out)) {
        char c = walk->text[token->position];
        bool is_one = token->n_bytes == 1 &&
                      (token->kind == OG_TOKEN_OPERATOR || token->kind == OG_TOKEN_BRACE);

        if (is_one && n_open == 0 && *stops && strchr(stops, c))
            break;
        if (token->kind == OG_TOKEN_BRACE && c == '}')
            return fail_at(walk, walk->i, "a closing brace that closes nothing");
        walk->i++;
        if (token->kind == OG_TOKEN_BRACE) {
            r = expand_escape(walk, out);
            is_after_escape = true;
            continue;
        }
        if (is_one && (c == '(' || c == '['))
            n_open++;
        if (is_one && (c == ')' || c == ']') && n_open > 0)
            n_open--;
        if (is_after_escape && !strchr(" \t\r\n),;", c))
            set_apart(out);
        is_after_escape = false;
        og_buf_append(out, walk->text + token->position, token->n_bytes);
    }
    walk->depth--;
    if (r == 0 && og_buf_is_failed(out))
        return -ENOMEM;
    if (r == 0 && *stops && !token)
        return fail_at(walk, walk->i, "an opening brace that is not closed");
    return r;
}

int og_escape_expand(enum og_dialect dialect, const struct og_lex *lex, const char *text,
                     struct og_buf *out, struct og_escape_error *error)
{
    struct walk walk = {.dialect = dialect, .lex = lex, .text = text, .error = error};

    *error = (struct og_escape_error){0};
    return expand_until(&walk, "", out);
}

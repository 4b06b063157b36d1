/* SPDX-License-Identifier: MIT */
#include "fusefs/ctl_ini.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fusefs/ctl.h"

static const char *system_folder(void)
{
    const char *folder = getenv("ODBCSYSINI");

    return folder && *folder ? folder : "/etc";
}

/* As unixODBC finds it: by the account's home folder, whatever $HOME says. A section written elsewhere
   would be one that no client sees. */
void og_ini_user_path(char out[static PATH_MAX])
{
    const char *path = getenv("ODBCINI");
    const struct passwd *user = NULL;

    if (path && *path) {
        (void)snprintf(out, PATH_MAX, "%s", path);
        return;
    }
    user = getpwuid(getuid());
    (void)snprintf(out, PATH_MAX, "%s/.odbc.ini", user && user->pw_dir ? user->pw_dir : "");
}

void og_ini_system_path(char out[static PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s/odbc.ini", system_folder());
}

void og_ini_driver_path(char out[static PATH_MAX])
{
    const char *name = getenv("ODBCINSTINI");

    if (name && *name == '/')
        (void)snprintf(out, PATH_MAX, "%s", name);
    else
        (void)snprintf(out, PATH_MAX, "%s/%s", system_folder(),
                       name && *name ? name : "odbcinst.ini");
}

int og_ini_load(const char *path, struct og_ini *out)
{
    int r;

    memset(out, 0, sizeof(*out));
    if (strlen(path) >= sizeof(out->path))
        return -ENAMETOOLONG;
    memcpy(out->path, path, strlen(path) + 1);
    r = og_ctl_read_file(path, OG_INI_MAX_BYTES, &out->text, &out->n_bytes);
    out->exists = r == 0;
    if (r == -ENOENT) {
        out->text = calloc(1, 1);
        return out->text ? 0 : -ENOMEM;
    }
    if (r == 0 && memchr(out->text, '\0', out->n_bytes)) {
        og_ini_release(out);
        return -EILSEQ;
    }
    return r;
}

void og_ini_release(struct og_ini *ini)
{
    free(ini->text);
    ini->text = NULL;
    ini->n_bytes = 0;
}

/* A piece of the text, without the white space round it. */
struct span {
    const char *at;
    size_t n_bytes;
};

static struct span trim(const char *at, const char *end)
{
    while (at < end && isspace((unsigned char)*at))
        at++;
    while (end > at && isspace((unsigned char)end[-1]))
        end--;
    return (struct span){at, (size_t)(end - at)};
}

static const char *line_end(const char *at)
{
    const char *end = strchr(at, '\n');

    return end ? end : at + strlen(at);
}

static const char *next_line(const char *end)
{
    return *end ? end + 1 : end;
}

/* The name in a heading "[name]". Returns: whether the line is one. */
static bool is_heading(const char *at, struct span *out)
{
    struct span line = trim(at, line_end(at));
    const char *close;

    if (line.n_bytes < 2 || *line.at != '[')
        return false;
    close = memchr(line.at, ']', line.n_bytes);
    if (!close)
        return false;
    *out = trim(line.at + 1, close);
    return true;
}

static bool is_word(struct span span, const char *word)
{
    return strlen(word) == span.n_bytes && strncasecmp(span.at, word, span.n_bytes) == 0;
}

/* Start of the section's heading line, or NULL; end: start of the next heading or of nothing. */
static const char *find_section(const struct og_ini *ini, const char *section, const char **end)
{
    const char *found = NULL;
    struct span name;

    for (const char *at = ini->text; *at; at = next_line(line_end(at))) {
        if (!is_heading(at, &name))
            continue;
        if (found) {
            *end = at;
            return found;
        }
        if (is_word(name, section))
            found = at;
    }
    *end = ini->text + ini->n_bytes;
    return found;
}

bool og_ini_has_section(const struct og_ini *ini, const char *section)
{
    const char *end;

    return find_section(ini, section, &end) != NULL;
}

bool og_ini_value(const struct og_ini *ini, const char *section, const char *key, char *out,
                  size_t n_out)
{
    const char *end;
    const char *at = find_section(ini, section, &end);

    if (!at)
        return false;
    for (at = next_line(line_end(at)); at < end; at = next_line(line_end(at))) {
        const char *stop = line_end(at);
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        struct span value;

        if (!equals || *trim(at, stop).at == '#' || *trim(at, stop).at == ';')
            continue;
        if (!is_word(trim(at, equals), key))
            continue;
        value = trim(equals + 1, stop);
        if (value.n_bytes >= n_out)
            return false;
        memcpy(out, value.at, value.n_bytes);
        out[value.n_bytes] = '\0';
        return true;
    }
    return false;
}

void og_ini_each_section(const struct og_ini *ini, bool (*visit)(void *context, const char *name),
                         void *context)
{
    char copy[256];
    struct span name;

    for (const char *at = ini->text; *at; at = next_line(line_end(at))) {
        if (!is_heading(at, &name) || name.n_bytes >= sizeof(copy))
            continue;
        memcpy(copy, name.at, name.n_bytes);
        copy[name.n_bytes] = '\0';
        if (!visit(context, copy))
            return;
    }
}

static void build(const struct og_ini *ini, const char *section, const char *body,
                  struct og_buf *out)
{
    const char *end;
    const char *start = find_section(ini, section, &end);
    const char *file_end = ini->text + ini->n_bytes;

    if (!start)
        start = end = file_end;
    og_buf_append(out, ini->text, (size_t)(start - ini->text));
    if (body) {
        if (out->n_bytes && out->bytes[out->n_bytes - 1] != '\n')
            og_buf_append_char(out, '\n');
        if (start == file_end && out->n_bytes > 1 && out->bytes[out->n_bytes - 2] != '\n')
            og_buf_append_char(out, '\n');
        og_buf_printf(out, "[%s]\n%s", section, body);
        if (end < file_end)
            og_buf_append_char(out, '\n');
    }
    og_buf_append(out, end, (size_t)(file_end - end));
}

static int write_whole(int fd, const struct og_buf *text)
{
    size_t n_written = 0;

    while (n_written < text->n_bytes) {
        ssize_t n = write(fd, text->bytes + n_written, text->n_bytes - n_written);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            n_written += (size_t)n;
    }
    return fsync(fd) ? -errno : 0;
}

/* The new text in a file beside the old one, with its mode and owner, then renamed over it. */
static int replace_file(const char *path, const struct og_buf *text)
{
    char temporary[PATH_MAX + 16];
    struct stat old;
    int fd, r;

    (void)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = write_whole(fd, text);
    if (r == 0 && stat(path, &old) == 0) {
        if (fchmod(fd, old.st_mode & 07777))
            r = -errno;
        /* Where root changes someone's file, it stays theirs. */
        if (r == 0 && geteuid() == 0 && fchown(fd, old.st_uid, old.st_gid))
            r = -errno;
    }
    if (close(fd) && r == 0)
        r = -errno;
    if (r == 0 && rename(temporary, path))
        r = -errno;
    if (r)
        (void)unlink(temporary);
    return r;
}

int og_ini_store(const struct og_ini *ini, const char *section, const char *body)
{
    char real[PATH_MAX];
    struct og_buf text;
    int r;

    /* A link to the file stays a link: what it points at is replaced. */
    if (!realpath(ini->path, real))
        memcpy(real, ini->path, sizeof(real));
    og_buf_init(&text, OG_INI_MAX_BYTES);
    build(ini, section, body, &text);
    r = og_buf_is_failed(&text) ? -EFBIG : replace_file(real, &text);
    og_buf_release(&text);
    return r;
}

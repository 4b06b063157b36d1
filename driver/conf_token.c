/* SPDX-License-Identifier: MIT */
#include "driver/conf_token.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLANKS " \t\r\n"

/* Takes blanks off both ends, in place. */
static void trim(char *text)
{
    size_t n_leading = strspn(text, BLANKS), n = strlen(text);

    memmove(text, text + n_leading, n - n_leading + 1);
    for (n = strlen(text); n && strchr(BLANKS, text[n - 1]); n--)
        text[n - 1] = '\0';
}

/* A regular file's whole text, or NULL. */
static char *read_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = calloc(1, OG_MAX_TOKEN_FILE_BYTES + 1);
    struct stat st;
    ssize_t n = -1;

    if (fd >= 0 && text && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        st.st_size <= (off_t)OG_MAX_TOKEN_FILE_BYTES)
        n = read(fd, text, OG_MAX_TOKEN_FILE_BYTES);
    if (fd >= 0)
        (void)close(fd);
    if (n <= 0 || strlen(text) != (size_t)n) {
        free(text);
        return NULL;
    }
    trim(text);
    return text;
}

char *og_conf_token(const char *text, const char *path, char *why, size_t max_bytes)
{
    const char *from_environment = getenv("ODBCGUARD_TOKEN_FILE");
    char *token;

    (void)snprintf(why, max_bytes, "memory is short");
    if (*text && *path) {
        (void)snprintf(why, max_bytes, "GuardAgentToken and GuardAgentTokenFile exclude each other: keep "
                                       "the file");
        return NULL;
    }
    if (!*text && !*path && from_environment)
        path = from_environment;
    if (!*path)
        return strdup(text);
    token = read_file(path);
    if (!token || !*token) {
        (void)snprintf(why, max_bytes,
                       "the token file %s cannot be read, is empty or is too large: GuardAgentTokenFile "
                       "or ODBCGUARD_TOKEN_FILE names it",
                       path);
        free(token);
        return NULL;
    }
    return token;
}

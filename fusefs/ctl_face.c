/* SPDX-License-Identifier: MIT */
#include "fusefs/ctl_face.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <config.h> /* the build's, not fusefs/config.h */

static const char *const faces[] = {
    "libodbcguard.so",         "libodbcguard-ansi.so", "libodbcguard-odbc2.so",
    "libodbcguard-mariadb.so", "libodbcguard-tds.so",
};

const char *og_face_words(const struct og_shape *shape)
{
    if (shape->has_wide)
        return shape->has_odbc2 ? "W functions and the ODBC 2 set"
                                : "W functions, without the ODBC 2 set";
    return shape->has_odbc2 ? "no W functions, with the ODBC 2 set"
                            : "neither W functions nor the ODBC 2 set";
}

/* A file as mapped: every offset is checked against its size before it is followed. */
struct image {
    const unsigned char *bytes;
    size_t n_bytes;
};

static const void *at_offset(const struct image *image, uint64_t offset, uint64_t n_bytes)
{
    if (offset > image->n_bytes || n_bytes > image->n_bytes - offset)
        return NULL;
    return image->bytes + offset;
}

static void note_symbol(const char *name, struct og_shape *out, unsigned *n_base)
{
    /* psqlODBC's mark for its own installer, which no driver manager looks for. */
    if (strncmp(name, "SQL", 3) != 0 || strcmp(name, "SQLDummyOrdinal") == 0)
        return;
    if (strcmp(name, "SQLAllocHandle") == 0 || strcmp(name, "SQLFetch") == 0)
        ++*n_base;
    else if (strcmp(name, "SQLDriverConnectW") == 0)
        out->has_wide = true;
    else if (strcmp(name, "SQLAllocEnv") == 0)
        out->has_odbc2 = true;
    if (out->n_names < OG_SHAPE_MAX_NAMES && strlen(name) < OG_SHAPE_NAME_BYTES)
        memcpy(out->names[out->n_names++], name, strlen(name) + 1);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int read_symbols(const struct image *image, const ElfW(Shdr) *symbols,
                        const ElfW(Shdr) *strings, struct og_shape *out)
{
    size_t n_symbols = symbols->sh_size / sizeof(ElfW(Sym));
    const char *names = at_offset(image, strings->sh_offset, strings->sh_size);
    const ElfW(Sym) *table = at_offset(image, symbols->sh_offset, symbols->sh_size);
    unsigned n_base = 0;

    if (!names || !table || !strings->sh_size || names[strings->sh_size - 1])
        return OG_FACE_E_FORMAT;
    for (size_t i = 0; i < n_symbols; i++) {
        ElfW(Sym) symbol;

        memcpy(&symbol, &table[i], sizeof(symbol));
        if (symbol.st_shndx != SHN_UNDEF && symbol.st_name < strings->sh_size)
            note_symbol(names + symbol.st_name, out, &n_base);
    }
    out->is_driver = n_base >= 2;
    qsort(out->names, out->n_names, sizeof(out->names[0]), compare_names);
    return 0;
}

static int read_image(const struct image *image, struct og_shape *out)
{
    const ElfW(Ehdr) *header = at_offset(image, 0, sizeof(*header));
    const ElfW(Shdr) *sections;

    if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_type != ET_DYN ||
        header->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
        header->e_shentsize != sizeof(*sections) || header->e_shoff % sizeof(void *))
        return OG_FACE_E_FORMAT;
    sections = at_offset(image, header->e_shoff, (uint64_t)header->e_shnum * sizeof(*sections));
    if (!sections)
        return OG_FACE_E_FORMAT;
    for (unsigned i = 0; i < header->e_shnum; i++)
        if (sections[i].sh_type == SHT_DYNSYM && sections[i].sh_link < header->e_shnum)
            return read_symbols(image, &sections[i], &sections[sections[i].sh_link], out);
    return OG_FACE_E_FORMAT;
}

int og_face_shape(const char *path, struct og_shape *out)
{
    struct image image;
    struct stat info;
    void *bytes;
    int fd, r;

    memset(out, 0, sizeof(*out));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &info) || !S_ISREG(info.st_mode) || info.st_size <= 0) {
        (void)close(fd);
        return OG_FACE_E_FORMAT;
    }
    bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    r = bytes == MAP_FAILED ? -errno : 0;
    (void)close(fd);
    if (r)
        return r;
    image = (struct image){.bytes = bytes, .n_bytes = (size_t)info.st_size};
    r = read_image(&image, out);
    (void)munmap(bytes, (size_t)info.st_size);
    for (size_t i = 0; i < OG_COUNT(faces); i++) {
        const char *slash = strrchr(path, '/');

        if (strcmp(slash ? slash + 1 : path, faces[i]) == 0)
            out->is_ours = true;
    }
    return r;
}

static bool is_file(const char *folder, const char *name, char out[static PATH_MAX])
{
    char joined[PATH_MAX];
    int n = snprintf(joined, sizeof(joined), "%s/%s", folder, name);

    return n > 0 && (size_t)n < sizeof(joined) && access(joined, R_OK) == 0 &&
           realpath(joined, out) != NULL;
}

static bool face_path(const char *folder, const char *name, char out[static PATH_MAX])
{
    char program[PATH_MAX], beside[PATH_MAX + 16];
    ssize_t n;

    if (folder)
        return is_file(folder, name, out);
    n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (n > 0) {
        program[n] = '\0';
        (void)snprintf(beside, sizeof(beside), "%s/../driver", dirname(program));
        if (is_file(beside, name, out))
            return true;
    }
    return is_file(OG_DRIVER_FOLDER, name, out);
}

/* Appends one function's name to the words, as many as fit. */
static void say(char *words, size_t n_words, const char *sign, const char *name)
{
    size_t n = n_words ? strlen(words) : 0;

    if (n + strlen(name) + 4 < n_words)
        (void)snprintf(words + n, n_words - n, "%s%s%s", n ? " " : "", sign, name);
}

size_t og_face_differences(const struct og_shape *face, const struct og_shape *target,
                           char *words, size_t n_words)
{
    size_t n = 0, i = 0, k = 0;

    if (n_words)
        *words = '\0';
    while (i < face->n_names || k < target->n_names) {
        int order = i == face->n_names     ? 1
                    : k == target->n_names ? -1
                                           : strcmp(face->names[i], target->names[k]);

        if (order < 0)
            say(words, n_words, "+", face->names[i]);
        else if (order > 0)
            say(words, n_words, "-", target->names[k]);
        n += order != 0;
        i += order <= 0;
        k += order >= 0;
    }
    return n;
}

int og_face_choose(const char *folder, const struct og_shape *target, char out[static PATH_MAX])
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < OG_COUNT(faces); i++) {
        char path[PATH_MAX];
        struct og_shape shape;
        size_t n;

        if (!face_path(folder, faces[i], path) || og_face_shape(path, &shape) != 0 ||
            shape.has_wide != target->has_wide || shape.has_odbc2 != target->has_odbc2)
            continue;
        n = og_face_differences(&shape, target, NULL, 0);
        if (n < best) {
            best = n;
            memcpy(out, path, PATH_MAX);
        }
    }
    return best == SIZE_MAX ? OG_FACE_E_NONE : 0;
}

bool og_face_driver_file(const char *name, char out[static PATH_MAX])
{
    static const char *const patterns[] = {OG_DRIVER_FOLDER "/%s", "/usr/lib/*/odbc/%s",
                                           "/usr/lib/odbc/%s",     "/usr/lib/*/%s",
                                           "/usr/lib/%s",          "/usr/local/lib/%s"};
    char pattern[PATH_MAX];
    bool is_found = false;

    if (strchr(name, '/'))
        return access(name, R_OK) == 0 && realpath(name, out) != NULL;
    if (strpbrk(name, "*?[\\"))
        return false;
    for (size_t i = 0; i < OG_COUNT(patterns) && !is_found; i++) {
        const char *star = strstr(patterns[i], "%s");
        glob_t matches = {.gl_pathc = 0};

        (void)snprintf(pattern, sizeof(pattern), "%.*s%s", (int)(star - patterns[i]),
                       patterns[i], name);
        if (glob(pattern, 0, NULL, &matches) == 0 && matches.gl_pathc)
            is_found = realpath(matches.gl_pathv[0], out) != NULL;
        globfree(&matches);
    }
    return is_found;
}
